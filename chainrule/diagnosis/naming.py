"""The name of a mistake: by the numbers, else by what a clause says when it fails, else none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property, partial

from chainrule.diagnosis import Mistake, mistakes
from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.concerns import concerns as all_concerns
from chainrule.diagnosis.concerns import run_by
from chainrule.diagnosis.differences_in_words import difference_in_words, ratio_of
from chainrule.diagnosis.earlier_batches import of_first_weights, remembers, stale, unsteady
from chainrule.diagnosis.exceptions import in_short, meaning
from chainrule.diagnosis.gradient_order import come_reversed
from chainrule.diagnosis.initial_weights import initial_mistakes, quickly_right
from chainrule.diagnosis.matching import Match, Matcher
from chainrule.diagnosis.mistake import Changes
from chainrule.diagnosis.roots import FOLLOWS, RESTS_ON_ANSWERS, Roots
from chainrule.diagnosis.sample_order import not_shuffled, visits_again, visits_all
from chainrule.diagnosis.where_wrong import BEYOND_USUAL, UNSEEN_IN_NUMBERS, mistake_of_place, proven
from chainrule.running.results import SpecResult

UNREADABLE = " returns something else: "
UPDATED_TOO_EARLY = "a parameter is updated before the error is propagated back through it"
OVERFLOW = "OverflowError: math range error"  # of Python's exp
COLUMNS = (
    ". As a function of columns it is right: if your samples are columns, say so with --convention samples=columns"
)
MADE_BY = {"initialization": ("create",)}  # where what a clause is about comes from, if no operation computes it
SHAPES = ("relu-shape", "softmax-shape", "forward-shape", "gradient-shapes")  # after which no numbers are compared
REMEMBERS = "network.present_parameters"  # what follows from remembered answers says nothing of its own
OF_ORDER = ("training.seed", "training.fresh_order")  # specs that fail because of the order of the samples alone


class Naming:
    """Names the causes of failing specs."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.impl, self.failing = answers, answers.impl, answers.failing
        self.roots = Roots(answers)

    def causes(self) -> list[Cause]:
        """What explains the failures, each once, in the order of the specification."""
        found: list[Cause] = []
        explained: set[str] = set()
        for result in sorted(self.failing, key=lambda result: not self.shows_memory(result)):
            if result.id in explained:
                continue
            for cause in self.causes_of(result, [c.mistake for c in found]):
                same = next((c for c in found if c.mistake is not None and c.mistake is cause.mistake), None)
                if same is None:
                    found.append(cause)
                else:
                    same.clauses += [clause for clause in cause.clauses if clause not in same.clauses]
                explained.update(cause.clauses)
        return self.founded(found)

    def founded(self, causes: list[Cause]) -> list[Cause]:
        """Give a failure that nothing explains to the named cause below it, which has to be mended first.

        So with one that only unusual sizes would explain, where what it builds on is wrong at every size.
        """
        named = [cause for cause in causes if cause.mistake is not None]
        sure = [cause for cause in named if cause.certainty in ("certain", "likely")]
        kept = []
        for cause in causes:
            below = run_by(cause.concerns) | self.seen_through(cause)
            undefined = all(" is nan" in result.message for result in self.results(cause))
            possible = named if all(map(ends_in_nan, self.results(cause))) else sure
            misshapen = set(cause.concerns) if cause.mistake is None else set()
            foundation = next(
                (
                    other
                    for other in possible
                    if other is not cause
                    and (
                        (below | (misshapen if other.mistake and other.mistake.id in SHAPES else set()))
                        & set(other.concerns)
                        or (undefined and self.undefined_too(other, cause))
                    )
                ),
                None,
            )
            follows = cause.mistake is None and (cause.certainty == "unknown" or cause.raised)
            unusual = self.beyond_usual(cause) and cause.certainty == "likely"
            surely = foundation is not None and foundation.certainty == "certain"
            overflow = self.overflow_behind(cause, named) if undefined else None
            foundation = overflow or foundation
            if foundation is not None and (follows or (unusual and surely) or overflow is not None):
                foundation.clauses += [clause for clause in cause.clauses if clause not in foundation.clauses]
            else:
                kept.append(cause)
        return kept

    def overflow_behind(self, cause: Cause, named: Sequence[Cause]) -> Cause | None:
        """The overflow of a softmax, another cause, that makes everything behind it nan where it does so itself."""
        overflows = (other for other in named if other.mistake is not None and other.mistake.id == "softmax-no-shift")
        shown = (other for other in overflows if all(" is nan" in result.message for result in self.results(other)))
        return next((other for other in shown if other is not cause and "backward" in cause.concerns), None)

    def undefined_too(self, other: Cause, cause: Cause) -> bool:
        """Whether another cause is of the same operations, where they give nan."""
        shown = all(" is nan" in result.message for result in self.results(other))
        return shown and bool({*other.concerns} & {*cause.concerns})

    def seen_through(self, cause: Cause) -> set[str]:
        """The operations whose results a spec sees beside those that it is about.

        They are the network's, where all that failed was seen through it, all of the loss where a training ends in a
        loss of nan, and the cross-entropy in the loss of a network.
        """
        results = self.results(cause)
        if all(result.message.startswith("predict") for result in results):
            return {"predict"}
        if all(map(ends_in_nan, results)):
            return {"forward", "loss", "softmax", "cross_entropy"}
        if all(result.through for result in results):
            return {"forward", "loss", "softmax"}
        return {"cross_entropy"} if "loss" in cause.concerns else set()

    def results(self, cause: Cause) -> list[SpecResult]:
        """The failing specs that a cause explains."""
        return [result for result in self.failing if result.id in cause.clauses]

    def causes_of(self, result: SpecResult, known: Sequence[Mistake | None] = ()) -> list[Cause]:
        """What explains one failing spec, and the others that it explains.

        known: the mistakes that explain the specs before it.
        """
        endless = self.never_ends(result)
        if endless is not None:
            return [endless]
        root = self.roots.of(result) or self.unreadable(result)
        if root is not None:
            return [root]
        if mistake_of_place(result, self.impl) in UNSEEN_IN_NUMBERS:
            return self.by_place(result)
        matched = self.by_numbers(result, known)
        if matched and matched[0].certainty != "partial":
            return matched
        named = self.by_place(result) or self.by_clause(result, known)
        if matched and not (named and (named[0].certainty == "certain" or self.beyond_usual(named[0]))):
            return matched
        return named or self.of_a_copy(result) or [self.unnamed(result)]

    def by_numbers(self, result: SpecResult, known: Sequence[Mistake | None] = ()) -> list[Cause]:
        """Mistakes that give the numbers which the operations of this spec give; of equals, one that is known."""
        for concern in self.answers.concerns(result):
            readings = self.answers.about(concern)
            if not all(matcher.wrong for matcher in readings):
                continue  # in the right reading the numbers are right; in another one they speak for nothing
            for matcher in readings:
                found = [match for match in matcher.matches() if not self.torn(match)]
                if found:
                    found.sort(key=lambda match: not (match.complete and match.mistakes[0] in known))
                    return self.from_matches(result, concern, matcher, found)
        return []

    def torn(self, match: Match) -> bool:
        """Whether the samples that training visits are others than those that it would visit with the mistake."""
        if {"fit-last-batch-dropped", "fit-first-batch-missing"} & {*match.ids}:
            return self.visits_again
        return "fit-holds-out" in match.ids and self.visits_all

    @cached_property
    def visits_all(self) -> bool:
        """Whether every sample is visited once."""
        return visits_all(self.impl)

    @cached_property
    def visits_again(self) -> bool:
        """Whether batches of one epoch have samples in common."""
        return visits_again(self.impl)

    def from_matches(self, result: SpecResult, concern: str, matcher: Matcher, found: list[Match]) -> list[Cause]:
        """The best match as a cause for each mistake in it; likely, and not certain, where others are as good."""
        best = found[0]
        rivals = [
            match
            for match in found[1:]
            if (len(match.ids), matcher.level(match), match.explained)
            == (len(best.ids), matcher.level(best), best.explained)
        ]
        certainty = "partial" if not best.complete else "likely" if rivals or best.doubted else "certain"
        same = [other.id for other in self.failing if concern in self.answers.concerns(other)]
        also = f"; {' or '.join(rival.mistakes[0].title for rival in rivals)} would give the same" if rivals else ""
        alone = len(best.mistakes) == 1
        ratio = ratio_of(matcher) if alone else ""
        also += f". On {ratio}" if ratio else ""
        turned = concern == "softmax" and self.answers.right_in_columns(concern)
        if turned:
            certainty, also = "likely", also + COLUMNS
        place = {other.id: i for i, other in enumerate(self.failing)}
        members = zip(best.mistakes, best.details, beside(best), strict=True)
        return [
            Cause(
                mistake,
                certainty,
                f"{f'{detail}: ' if detail else ''}{speaking_for(best, mistake)}{also}",
                same if best.complete else [result.id],
                (concern,),
                rivals=bool(rivals) or turned,
                checks=[partial(self.answers.now_right, concern, *others)] if alone or others else [],
                shared=bool(others),
                searched=alone or bool(others),
                doubted=best.doubted,
            )
            for mistake, detail, others in sorted(members, key=lambda one: place.get(one[0].clause, len(place)))
        ]

    def by_place(self, result: SpecResult) -> list[Cause]:
        """The mistake that shows only at inputs such as those at which a spec fails, if the usual ones pass."""
        name = mistake_of_place(result, self.impl)
        if not name:
            return []
        same = [other.id for other in self.failing if mistake_of_place(other, self.impl) == name]
        certainty = "certain" if proven(result, self.impl) else "likely"
        return [Cause(mistakes()[name], certainty, result.message, same, self.answers.concerns(result))]

    def beyond_usual(self, cause: Cause) -> bool:
        """Whether a cause is one of networks or batches of unusual sizes: partial matches explain none of them."""
        return cause.mistake is not None and cause.mistake.id in BEYOND_USUAL

    def by_clause(self, result: SpecResult, known: Sequence[Mistake | None] = ()) -> list[Cause]:
        """Mistakes that a clause names by failing; of several, one that is known."""
        if UPDATED_TOO_EARLY in result.message:
            early, checks = mistakes()["carry-updated-weights"], [lambda: self.answers.now_right("backward")]
            return [Cause(early, "likely", result.message, [result.id], ("backward",), checks=checks)]
        if result.id == "softmax.overflow" and not result.through and result.message.endswith(OVERFLOW):
            return [self.overflows(result)]
        if result.id == "network.missing_class" and result.outcome == "error" and not self.answers.wrong(result):
            return [self.lacks_a_class(result)]
        if result.outcome == "error":
            return [self.cache_is_stale(result)] if self.used_up(result) and self.stale else []
        if result.id == "gradients.shapes" and come_reversed(self.impl):
            return [Cause(mistakes()["gradients-reversed"], "certain", result.message, [result.id], ("backward",))]
        if result.id == "initialization.sizes" and result.message.startswith("biases["):
            return [Cause(mistakes()["init-bias-shape"], "certain", result.message, [result.id], ("create",))]
        if result.message.startswith("the constructor changes"):
            return [Cause(mistakes()["sizes-consumed"], "certain", result.message, [result.id], ("create",))]
        if self.shows_memory(result):
            return [self.remembered(result)]
        if result.id in OF_ORDER and not_shuffled(self.impl):
            both = [other.id for other in self.failing if other.id in OF_ORDER]
            return [Cause(mistakes()["fit-not-shuffled"], "certain", result.message, both, ("fit",))]
        if (result.id == REMEMBERS or "forward" in self.answers.concerns(result)) and self.unsteady:
            mistake = mistakes()[self.unsteady]
            certainty = "certain" if mistake.id == "forward-stale" else "likely"
            return [Cause(mistake, certainty, result.message, self.by_forward(), ("forward",))]
        initial = sorted(initial_mistakes(self.impl, result.id), key=lambda one: one[0] not in known)
        if initial:
            mistake, found = initial[0]
            certainty = "certain" if len(initial) == 1 or mistake in known else "likely"
            checks = [lambda: quickly_right(self.impl)] if result.id == "initialization.variance" else []
            follow = [other.id for other in self.failing if other.id in FOLLOWS.get(mistake.id, ())]
            clauses = list(dict.fromkeys([result.id, *follow]))
            return [Cause(mistake, certainty, found, clauses, ("create",), rivals=len(initial) > 1, checks=checks)]
        concerns = self.answers.concerns(result) or MADE_BY.get(result.id.partition(".")[0], ())
        for mistake in mistakes().values():
            if result.id in mistake.broken and not self.denied(mistake):
                sand = self.trained_on_sand(result)
                certainty = "likely" if sand else "certain"
                moved = result.id == "network.arguments_kept" and result.message.startswith("parameter")
                follow = [other.id for other in self.failing if moved and other.id == "network.memoryless"]
                every = [result.id, *follow]
                checks = self.checks(concerns)
                return [Cause(mistake, certainty, result.message, every, concerns, rivals=sand, checks=checks)]
        if self.answers.wrong(result) or ends_in_nan(result):
            return []  # a clause about extremes, or of training, says nothing of its own where inputs come out wrong
        if result.message.startswith("predict") and self.together(["network.predict"]):
            return []  # training is seen through predictions
        place = mistake_of_place(result, self.impl)
        refuted = {*UNSEEN_IN_NUMBERS} - {place}  # the same numbers in plain arrays are as wrong
        suspected = [m for m in mistakes().values() if result.id in m.suspected and m.id not in refuted]
        return [Cause(mistake, "likely", result.message, [result.id], concerns) for mistake in suspected[:1]]

    def of_a_copy(self, result: SpecResult) -> list[Cause]:
        """The cause of numbers that are those of the weights which a network was made with."""
        for concern in self.answers.concerns(result):
            known = concern in ("forward", "backward")
            wrong = known and all(matcher.ordinarily_wrong for matcher in self.answers.about(concern))
            if wrong and of_first_weights(self.impl, concern):
                every = [other.id for other in self.failing if concern in self.answers.concerns(other)]
                found = "with the weights of a new network, and other biases, everything is right"
                checks = [partial(self.answers.now_right, concern)]
                return [Cause(mistakes()["parameters-copied"], "certain", found, every, (concern,), checks=checks)]
        return []

    def denied(self, mistake: Mistake) -> bool:
        """Whether another clause fails that the mistake leaves as it is."""
        return mistake.id == "init-network-other-scheme" and bool(self.together(["initialization.variance"]))

    def together(self, clauses: Sequence[str]) -> list[str]:
        """Those of the clauses that fail."""
        return [other.id for other in self.failing if other.id in clauses]

    @cached_property
    def unsteady(self) -> str:
        """The mistake that makes one batch get several outputs, if any."""
        return unsteady(self.impl)

    def shows_memory(self, result: SpecResult) -> bool:
        """Whether a failing spec shows that answers are kept: an answer may be wrong for another reason."""
        if result.id != REMEMBERS or self.unsteady:
            return False
        asked = re.match("(forward|predict) with (the|other) parameters", result.message)
        return asked is None or self.remembers[asked[1]]

    @cached_property
    def remembers(self) -> dict[str, bool]:
        """Whether a batch that was given before gets what other parameters made of it, by what is asked."""
        return {name: remembers(self.impl, name) for name in ("forward", "predict")}

    @cached_property
    def stale(self) -> bool:
        """Whether a batch before it decides what gradients a batch gets."""
        return not self.unsteady and stale(self.impl)

    def lacks_a_class(self, result: SpecResult) -> Cause:
        """The cause of exceptions that only come where a class does not occur in the batch."""
        concerns = self.answers.concerns(result)
        every = [other.id for other in self.failing if other.outcome == "error" and other.where == result.where]
        checks = [partial(self.answers.now_right, concern) for concern in concerns]
        return Cause(mistakes()["loss-one-hot-classes"], "certain", result.message, every, concerns, checks=checks)

    def overflows(self, result: SpecResult) -> Cause:
        """The cause of an overflow of Python's exp in softmax: it raises, and only for exponents above 0."""
        every = [other.id for other in self.failing if other.where == result.where]
        return Cause(mistakes()["softmax-no-shift"], "certain", result.message, every, self.answers.concerns(result))

    def remembered(self, result: SpecResult) -> Cause:
        """What an answer belongs to that is not that of the present parameters."""
        if result.message.startswith("the probabilities of one network"):
            return Cause(mistakes()["results-shared"], "certain", result.message, [result.id], ("forward",))
        name = "parameters-copied" if "after a step" in result.message else "forward-remembered"
        every = [other.id for other in self.failing if other.chapter in RESTS_ON_ANSWERS]
        searched = name != "forward-remembered"  # a change of one line makes no memory right
        return Cause(mistakes()[name], "certain", result.message, every, ("forward",), searched=searched)

    def used_up(self, result: SpecResult) -> bool:
        """Whether a spec ends in an exception of a backward pass, or of a training."""
        last = "" if result.evidence is None else result.evidence.last
        return result.outcome == "error" and last in ("backward", "fit")

    def cache_is_stale(self, result: SpecResult) -> Cause:
        """The cause of exceptions that only come after another batch; training, which has many, shows nothing else."""
        every = [other.id for other in self.failing if self.used_up(other) or other.chapter == "training"]
        return Cause(mistakes()["cache-stale"], "certain", result.message, every, ("backward",))

    def by_forward(self) -> list[str]:
        """The failing specs of what the forward pass computes, and of what is computed from it."""
        about = {"forward", "backward", "fit"}
        return [r.id for r in self.failing if r.id == REMEMBERS or about & {*self.answers.concerns(r)}]

    def trained_on_sand(self, result: SpecResult) -> bool:
        """Whether training fails beside the network or its gradients: it may fail because of them."""
        return result.chapter == "training" and any(r.chapter in ("shapes", "gradients") for r in self.failing)

    def never_ends(self, result: SpecResult) -> Cause | None:
        """Code that did not return in time: nothing is asked of it again."""
        if result.evidence is None or not result.evidence.timed_out:
            return None
        name, _, _ = result.message.partition(" did not return")
        title = f"{name} does not return" if name != result.message else "the spec does not end in time"
        explanation = (
            "A loop that never ends, or a computation that is far too slow. Nothing else can be said before it returns."
        )
        clauses = [other.id for other in self.failing if other.message == result.message]
        return Cause(
            None,
            "certain",
            result.message,
            clauses,
            title=title,
            where=result.where,
            placed="raised",
            explanation=explanation,
            searched=False,
        )

    def checks(self, concerns: Sequence[str]) -> list[Callable[[], bool]]:
        """Whether the answers about operations that give wrong ones are right."""
        wrong = [c for c in concerns if c in all_concerns() and any(matcher.wrong for matcher in self.answers.about(c))]
        return [partial(self.answers.now_right, concern) for concern in wrong]

    def raises(self, result: SpecResult) -> Cause:
        """Code that raises, in its own words."""
        here = [other.id for other in self.failing if other.outcome == "error" and other.where == result.where]
        clauses = here if result.where else [result.id]
        concerns = self.answers.concerns(result)
        return Cause(
            None,
            "certain",
            result.message,
            clauses,
            concerns,
            title=in_short(result.message),
            where=result.where,
            placed="raised",
            checks=self.checks(concerns),
            explanation=meaning(result.message),
            raised=True,
        )

    def unreadable(self, result: SpecResult) -> Cause | None:
        """A result of another form than the one asked for: nothing else is said of the specs that get it."""
        name, sign, _ = result.message.partition(UNREADABLE)
        if not sign:
            return None
        every = [other.id for other in self.failing if other.message.startswith(f"{name}{sign}")]
        concerns = (name,) if name in all_concerns() else self.answers.concerns(result)
        explanation = f"{name} is read as its docstring in `chainrule new` describes it, and this is something else."
        return Cause(
            None,
            "certain",
            result.message,
            every,
            concerns,
            title=result.message,
            checks=self.checks(concerns),
            explanation=explanation,
        )

    def unnamed(self, result: SpecResult) -> Cause:
        """How numbers that nothing explains differ from the right ones."""
        if result.outcome == "error":
            return self.raises(result)
        concerns = self.answers.concerns(result)
        words = next(filter(None, (difference_in_words(self.answers.about(concern)[0]) for concern in concerns)), "")
        same = [
            other.id
            for other in self.failing
            if words and self.answers.concerns(other) == concerns and not self.by_clause(other)
        ]
        found = words or result.message
        checks = [partial(self.answers.now_right, concern) for concern in concerns] if words else []
        return Cause(
            None,
            "unknown",
            found,
            same or [result.id],
            concerns,
            title=result.title,
            begins=result.where,
            checks=checks,
        )


def ends_in_nan(result: SpecResult) -> bool:
    """Whether a training ends in a loss of nan, which says something of the loss, and nothing of the training."""
    return result.chapter == "training" and " is nan" in result.message


def beside(match: Match) -> list[tuple[Changes, ...]]:
    """For each mistake of a match, what the other one changes; nothing without another, or for one of arrays."""
    return [match.changes[:i] + match.changes[i + 1 :] for i in range(len(match.mistakes))]


def speaking_for(match: Match, mistake: Mistake) -> str:
    """On 6 of 6 inputs the numbers are those of N g, to rounding."""
    inputs = "input that comes" if match.wrong == 1 else "inputs that come"
    others = [other for other in match.mistakes if other is not mistake]
    beside = "".join(f" together with another mistake ({other.title})" for other in others)
    return (
        f"on {match.explained} of {match.wrong} {inputs} out wrong, the numbers are those of {mistake.fingerprint}"
        f"{beside}, to rounding"
    )
