"""Which mistakes in the catalogue give the numbers that an implementation gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations

import numpy as np

from chainrule.diagnosis.actors import Question, Reply, agree, answer, answers_agree, size_beside
from chainrule.diagnosis.concerns import concerns
from chainrule.diagnosis.mistake import Change, Changes, Mistake, mistakes
from chainrule.diagnosis.model import Gradients, Parts, Pass
from chainrule.diagnosis.questions import gradient_name

Counted = tuple[str, int]  # `weights` or `biases`, and a layer, from the first or from the last
Observed = tuple[Question, Reply]  # a question, and what the implementation answered


@dataclass(frozen=True)
class Match:
    """What explains an implementation's numbers.

    mistakes: one, or two that were made together.  details: which variant of each, and which arrays it shows in.
    explained, wrong: on how many of the wrong answers, out of how many, to rounding.  changes: what each of two
    replaces, where that is not single arrays.  refuted: whether right answers show that it was not made.  doubted:
    whether the implementation raised as well, where the mistake alone would not.
    """

    mistakes: tuple[Mistake, ...]
    details: tuple[str, ...]
    explained: int
    wrong: int
    changes: tuple[Changes, ...] = field(default=(), compare=False)
    refuted: bool = False
    doubted: bool = False

    @property
    def complete(self) -> bool:
        """Whether it explains every wrong answer, and the right ones too."""
        return self.explained == self.wrong and not self.refuted

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(mistake.id for mistake in self.mistakes)


@dataclass(frozen=True)
class Candidate:
    """A mistake in one of its variants."""

    mistake: Mistake
    detail: str
    changes: Changes


class Matcher:
    """The answers of an implementation about one concern, and what explains them.

    concern: its name.  u: the unit roundoff of its arithmetic.  base: what is accepted of it, and no
    mistake: an epsilon within bounds.
    """

    def __init__(self, concern: str, observed: Sequence[Observed], u: float, base: Changes | None = None) -> None:
        self.concern, self.u, self.base = concerns()[concern], u, base or {}
        right = Parts(self.base)
        self.right = [answer(question, right) for question, _ in observed]
        self.observed = list(observed)
        self.wrong = [
            i
            for i, ((question, found), expected) in enumerate(zip(self.observed, self.right, strict=True))
            if not answers_agree(found, expected, u, question)
        ]

    def expected(self, i: int, *but: Changes) -> Reply:
        """The right answer to question i, or that with these changes."""
        return answer(self.observed[i][0], Parts(self.base, *but)) if but else self.right[i]

    @property
    def ordinarily_wrong(self) -> bool:
        """Whether an answer is wrong beside those that failing specs asked for."""
        return any(self.observed[i][0].ordinary for i in self.wrong)

    @property
    def numbers(self) -> int:
        """How many of the wrong answers are numbers, and not exceptions: those that can speak for a mistake."""
        return sum(not self.observed[i][1].raised for i in self.wrong)

    def matches(self) -> list[Match]:
        """What explains everything, the simplest first; else what explains a part; else nothing."""
        if not self.numbers:
            return []
        found = [*self.single(), *self.in_arrays()]
        complete = [match for match in found if match.complete] or self.pairs()
        return self.ranked(complete) or self.ranked(self.partial(found))

    def ranked(self, found: Sequence[Match]) -> list[Match]:
        """One match for each set of mistakes: what explains most first, then the fewest, then the concern's own.

        A special case gives way to the general one, and the detail is left out where several variants explain the same.
        """
        details: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for match in found:
            details.setdefault(match.ids, set()).add(match.details)
        first = {match.ids: match for match in reversed(found)}
        each = [
            first[ids] if len(details[ids]) == 1 else replace(first[ids], details=("",) * len(ids)) for ids in details
        ]
        whole = {match.ids[0] for match in each if len(match.ids) == 1}
        each = [match for match in each if not (len(match.ids) == 1 and match.mistakes[0].special in whole)]
        return sorted(each, key=lambda match: (-match.explained, len(match.mistakes), self.level(match)))

    def level(self, match: Match) -> int:
        """0 for mistakes of the concern itself, more for those of what it is built on."""
        return max(self.concern.level(mistake) for mistake in match.mistakes)

    def partial(self, found: Sequence[Match]) -> list[Match]:
        """Those that explain at least half of the wrong answers."""
        return [match for match in found if 2 * match.explained >= match.wrong and match.explained > 1]

    def candidates(self) -> Iterator[Candidate]:
        """The mistakes of the parts that the concern is made of."""
        for mistake in mistakes().values():
            for detail, changes in mistake.variants.items():
                if changes.keys() <= self.concern.parts:
                    yield Candidate(mistake, detail, changes)

    def single(self) -> Iterator[Match]:
        """Mistakes that explain all answers, or some of the wrong ones, and contradict none that is right."""
        for candidate in self.candidates():
            explained = self.explained(candidate.changes)
            if explained:
                doubted = self.raises_otherwise(candidate.changes)
                yield Match((candidate.mistake,), (candidate.detail,), explained, self.numbers, doubted=doubted)

    def raises_otherwise(self, *changes: Changes) -> bool:
        """Whether the implementation raised for ordinary arguments where these changes do not."""
        actor = Parts(self.base, *changes)
        raised = [question for question, found in map(self.observed.__getitem__, self.wrong) if found.raised]
        return any(question.ordinary and not answer(question, actor).raised for question in raised)

    def explained(self, *changes: Changes, complete: bool = False) -> int:
        """How many of the wrong answers these changes give, to rounding; 0 if they spoil one that is right.

        complete: whether fewer than all of them are of no interest.
        """
        actor = Parts(self.base, *changes)
        count = 0
        for i in self.wrong:
            question, found = self.observed[i]
            if found.raised or answers_agree(found, answer(question, actor), self.u, question):
                count += not found.raised
            elif complete or count == 0:
                return 0
        for i, (question, found) in enumerate(self.observed):
            if count and i not in self.wrong and not answers_agree(found, answer(question, actor), self.u, question):
                return 0
        return count

    def pairs(self) -> list[Match]:
        """Two mistakes made together, at different stages of the way."""
        found = []
        for stages in self.concern.stages:
            early, late = ([c for c in self.candidates() if c.changes.keys() <= stage] for stage in stages)
            for one in self.begun(early):
                for other in late:
                    if one.mistake is not other.mistake and self.explained(one.changes, other.changes, complete=True):
                        made, details = (one.mistake, other.mistake), (one.detail, other.detail)
                        changes = (one.changes, other.changes)
                        if self.raises_otherwise(*changes):
                            continue
                        found.append(Match(made, details, self.numbers, self.numbers, changes))
        return found

    def begun(self, early: Sequence[Candidate]) -> list[Candidate]:
        """Those that explain an array already, where later mistakes leave the last layer's gradients alone."""
        if self.concern.name != "backward":
            return list(early)
        found = []
        for candidate in early:
            actor = Parts(self.base, candidate.changes)
            if all(self.last_layer(i, actor) for i in self.wrong[:2]):
                found.append(candidate)
        return found

    def last_layer(self, i: int, actor: Parts) -> bool:
        """Whether the last layer's gradients of answer i are those of the actor."""
        question, found = self.observed[i]
        predicted = answer(question, actor)
        if found.raised:
            return True
        if predicted.raised or len(found.arrays) != len(predicted.arrays):
            return False
        deepest = max(l for _, l in question.kinds)
        return all(
            agree(a, b, self.u, question, size_beside(self.right[i]))
            for (_, l), a, b in zip(question.kinds, found.arrays, predicted.arrays, strict=True)
            if l == deepest
        )

    @property
    def deepest(self) -> int:
        """The last layer that any of the networks has, counted from 0."""
        return max((l for question, _ in self.observed for _, l in question.kinds), default=0)

    # Gradients, array by array

    def in_arrays(self) -> Iterator[Match]:
        """Mistakes of single arrays, alone or below one on the way down."""
        if self.concern.name != "backward":
            return
        yield from self.arrays_of(None)
        for candidate in self.candidates():
            if candidate.changes.keys() <= self.concern.own[0]:
                yield from self.arrays_of(candidate)

    def arrays_of(self, path: Candidate | None) -> Iterator[Match]:
        """What explains the arrays that differ from those computed with `path`, or with everything right."""
        actor = Parts(self.base, path.changes if path else {})
        differing: list[Seen] = []
        fine: list[Seen] = []
        matched = False
        for i, (question, found) in enumerate(self.observed):
            if found.raised:  # shapes that do not fit say that something is wrong, and not what
                continue
            predicted = answer(question, actor)
            if predicted.raised or len(predicted.arrays) != len(found.arrays):
                return
            deepest = max(l for _, l in question.kinds)
            for (kind, l), array, value, right in zip(
                question.kinds, found.arrays, predicted.arrays, self.right[i].arrays, strict=True
            ):
                beside = size_beside(self.right[i])
                same = partial(agree, array, u=self.u, question=question, beside=beside)
                seen = Seen(kind, l, deepest, partial(given_by, same, value, predicted.passes[-1], l, kind))
                if agree(array, value, self.u, question, beside):
                    matched = matched or not agree(value, right, self.u, question, beside)
                    fine.append(seen)
                    continue
                if (path is not None and not matched) or not seen.by:
                    return
                differing.append(seen)
        if not differing or (path is not None and not matched):
            return
        ids = list(dict.fromkeys(id for seen in differing for id in seen.by))
        for count in range(1, 2 if path else 3):
            covers = [
                self.cover(path, chosen, differing, fine)
                for chosen in combinations(ids, count)
                if all(any(id in seen.by for id in chosen) for seen in differing)
            ]
            yield from covers
            if any(match.complete for match in covers):
                return

    def cover(
        self, path: Candidate | None, chosen: Sequence[str], differing: Sequence[Seen], fine: Sequence[Seen]
    ) -> Match:
        """The match of these mistakes of arrays below `path`, which explain the differing ones."""
        named, details, changes, refuted = [], [], [], False
        if path is not None:
            named, details, changes = [path.mistake], [path.detail], [path.changes]
        for id in chosen:
            mistake, shown = mistakes()[id], [seen for seen in differing if id in seen.by]
            ways = [
                way for way in (Seen.from_the_first, Seen.from_the_last) if not contradicted(mistake, shown, fine, way)
            ]
            refuted = refuted or not ways
            named.append(mistake)
            details.append(named_arrays([seen.name for seen in shown], self.deepest))
            kept = set.intersection(*(seen.by[id] for seen in shown))
            if ways and kept:
                changes.append(in_gradients(mistake, min(kept), ways[0], {ways[0](seen) for seen in shown}))
        told = tuple(changes) if len(changes) == len(named) > 1 else ()
        return Match(tuple(named), tuple(details), self.numbers, self.numbers, told, refuted)


@dataclass(frozen=True)
class Seen:
    """A gradient of an answer: `weights` or `biases` of layer l of a network whose last layer is `deepest`.

    given: by which of a mistake's options it would be this array.
    """

    kind: str
    l: int
    deepest: int
    given: Callable[[Mistake], set[int]]

    @cached_property
    def by(self) -> dict[str, set[int]]:
        """{id of a mistake that gives this array: by which of its options}."""
        found = {mistake.id: self.given(mistake) for mistake in array_mistakes(self.kind)}
        return {id: options for id, options in found.items() if options}

    @property
    def name(self) -> str:
        return gradient_name(self.kind, self.l)

    def from_the_first(self) -> Counted:
        return self.kind, self.l

    def from_the_last(self) -> Counted:
        return self.kind, self.l - self.deepest


def given_by(
    same: Callable[[np.ndarray], bool], value: np.ndarray, batch: Pass, l: int, kind: str, mistake: Mistake
) -> set[int]:
    """The options of a mistake that make of a gradient `value` the same array."""
    made = options(mistake, value, batch, l, kind)
    return {i for i, option in enumerate(made) if same(np.asarray(option, np.float64))}


def contradicted(mistake: Mistake, shown: Sequence[Seen], fine: Sequence[Seen], way: Callable[[Seen], Counted]) -> bool:
    """Whether arrays are right that the mistake would have changed.  way: of counting the layers where it shows."""
    places = set(map(way, shown))
    return any(way(seen) in places and not seen.given(mistake) for seen in fine)


def in_gradients(mistake: Mistake, option: int, way: Callable[[Seen], Counted], places: set[Counted]) -> Changes:
    """A mistake of arrays as a change of the gradients in these places."""

    def gradients(right: Change, grads: Gradients, batch: Pass) -> Gradients:
        found = right(grads, batch)
        deepest = len(found[0]) - 1
        made = [
            [
                options(mistake, g, batch, l, kind)[option]
                if way(Seen(kind, l, deepest, lambda _: set())) in places
                else g
                for l, g in enumerate(group)
            ]
            for kind, group in zip(("weights", "biases"), found, strict=True)
        ]
        return made[0], made[1]

    return {"gradients": gradients}


def array_mistakes(kind: str) -> list[Mistake]:
    return [mistake for mistake in mistakes().values() if mistake.array is not None and kind in mistake.of]


def options(mistake: Mistake, value: np.ndarray, batch: object, l: int, kind: str) -> tuple[np.ndarray, ...]:
    """What the mistake may make of a gradient."""
    assert mistake.array is not None
    try:
        with np.errstate(all="ignore"):
            found = mistake.array(value, batch, l, kind)
    except ValueError:  # a gradient whose shape is another mistake's
        return ()
    return found if isinstance(found, tuple) else (found,)


def named_arrays(labels: Sequence[str], deepest: int) -> str:
    """dloss/dW[0], dloss/db[1]; or `every dloss/dW`, where those of all layers are among them."""
    named = []
    for name in ("dloss/dW", "dloss/db"):
        own = sorted({label for label in labels if label.startswith(name)})
        named += [f"every {name}"] if len(own) == deepest + 1 > 1 else own
    return ", ".join(named)
