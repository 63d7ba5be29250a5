"""From the results of a check to its causes: each mistake once, with the specs that it explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from unittest import SkipTest

import numpy as np

from chainrule.boundary import Boundary, Raised
from chainrule.causes.evidence import probes_from
from chainrule.causes.hints import hints
from chainrule.causes.initial import initial_mistakes
from chainrule.causes.known import what_is_known
from chainrule.causes.observing import Observed, cases, observe, probes_of
from chainrule.causes.repair.search import Budget, Repair, held, search
from chainrule.causes.repair.sources import Ran, functions_of, traced
from chainrule.causes.specs import hold, holds, tests
from chainrule.causes.subjects import ORDER, RUNS, subjects_of
from chainrule.causes.visits import not_shuffled
from chainrule.diagnosis import Mistake, mistakes
from chainrule.diagnosis.matching import Match, Matcher
from chainrule.diagnosis.mistake import Changes
from chainrule.diagnosis.probes import agree
from chainrule.loading import Loaded, silence
from chainrule.numerics import Failure
from chainrule.outcomes import Diagnosis, SpecResult
from chainrule.places import place
from chainrule.strategies import Networks
from chainrule.timeouts import TimedOut, limit

SHARE, LEAST = 0.25, 0.5  # of the time that the check took, or seconds: what the search for a line may take
LONGEST = 30.0  # seconds for all of it: what somebody's code may do to it
UNNAMED = "unnamed"
EPSILONS = (1e-16, 1e-15, 1e-14, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7)
UPDATED_TOO_EARLY = "a parameter is updated before the error is propagated back through it"
# Specs that fail because of the order of the samples alone.
OF_ORDER = ("training.seed", "training.fresh_order")


@dataclass
class Cause:
    """mistake: None where none is known.  certainty, found: as in Diagnosis.  clauses: the specs that fail because of it.
    subjects: the operations to look into.  title, where: of a cause without a name.  rivals: whether other mistakes
    explain as much.  checks: what has to hold while a change is tried, beside the specs.
    """

    mistake: Mistake | None
    certainty: str
    found: str
    clauses: list[str]
    subjects: tuple[str, ...] = ()
    title: str = ""
    where: str | None = None
    rivals: bool = False
    repair: Repair | None = None
    checks: list[Callable[[], bool]] = field(default_factory=list)


def diagnose(loaded: Loaded, specs: Sequence[SpecResult], seconds: float) -> list[SpecResult]:
    """The results, each failed one with what explains it.  seconds: that the check took."""
    if not any(result.outcome in ("failed", "error") for result in specs):
        return list(specs)
    kept = loaded.impl.calls.copy()
    try:
        with silence(), np.errstate(all="ignore"), limit(LONGEST):
            causes = Diagnostician(loaded, specs, max(LEAST, SHARE * seconds)).causes()
    except TimedOut:
        causes = []
    finally:
        loaded.impl.calls.clear()
        loaded.impl.calls.extend(kept)
    by_clause: dict[str, list[Diagnosis]] = {}
    for cause in causes:
        diagnosis = described(cause, loaded)
        for clause in cause.clauses:
            by_clause.setdefault(clause, []).append(diagnosis)
    return [replace(result, diagnoses=tuple(by_clause.get(result.id, ()))) for result in specs]


class Diagnostician:
    """One check's failures on their way to causes."""

    def __init__(self, loaded: Loaded, specs: Sequence[SpecResult], seconds: float) -> None:
        self.loaded, self.impl, self.specs, self.seconds = loaded, loaded.impl, specs, seconds
        self.failing = [result for result in specs if result.outcome in ("failed", "error")]
        self.networks = Networks(self.impl)
        self.matchers: dict[str, list[Matcher]] = {}
        self.ran: list[Ran] = []
        self.plain = True

    def causes(self) -> list[Cause]:
        """What explains the failures, in the order of the specification; their lines looked for, the first's longest."""
        found: list[Cause] = []
        explained: set[str] = set()
        for result in self.failing:
            if result.id in explained:
                continue
            for cause in self.causes_of(result):
                same = next((c for c in found if c.mistake is not None and c.mistake is cause.mistake), None)
                if same is None:
                    found.append(cause)
                    same = cause
                same.clauses += [clause for clause in cause.clauses if clause not in same.clauses]
                explained.update(cause.clauses)
        return self.locate(found)

    def causes_of(self, result: SpecResult) -> list[Cause]:
        """What explains one failing spec, and the others that it explains."""
        matched = self.matched(result)
        if matched and matched[0].certainty != "partial":
            return matched
        return self.named_by_clause(result) or matched or [self.unnamed(result)]

    # By the numbers

    def subjects(self, result: SpecResult) -> tuple[str, ...]:
        """The operations that a failing spec is about; of one that raised, the one that did."""
        evidence = self.loaded.evidence.get(result.id)
        if result.outcome == "error" and evidence is not None and evidence.calls:
            name = evidence.calls[-1].name
            return (name,) if name in ORDER else subjects_of(result.id)
        return subjects_of(result.id)

    def matched(self, result: SpecResult) -> list[Cause]:
        """Mistakes that give the numbers which the operations of this spec give."""
        for subject in self.subjects(result):
            for matcher in self.of_subject(subject):
                found = matcher.matches()
                if found:
                    return self.from_matches(result, subject, matcher, found)
        return []

    def from_matches(self, result: SpecResult, subject: str, matcher: Matcher, found: list[Match]) -> list[Cause]:
        best = found[0]
        rivals = [
            match
            for match in found[1:]
            if len(match.ids) == len(best.ids) and matcher.level(match) == matcher.level(best) and match.explained == best.explained
        ]
        certainty = "partial" if not best.complete else "likely" if rivals else "certain"
        clauses = [r.id for r in self.failing if subject in self.subjects(r)] if best.complete else [result.id]
        also = f"; {' or '.join(rival.mistakes[0].title for rival in rivals)} would give the same" if rivals else ""
        several = len(best.mistakes) > 1
        return [
            Cause(
                mistake,
                certainty,
                f"{f'{detail}: ' if detail else ''}{explained_answers(best, matcher, mistake)}{also}",
                list(clauses),
                (subject,),
                rivals=bool(rivals),
                checks=[] if several else [lambda: self.answers_right(subject)],
            )
            for mistake, detail in zip(best.mistakes, best.details, strict=True)
        ]

    def of_subject(self, subject: str) -> list[Matcher]:
        """The implementation's answers about a subject, each beside one reading of what is accepted in them."""
        if subject not in self.matchers:
            probes = [*self.own_calls(subject), *probes_of(subject, self.networks)]
            observed = observe(self.impl, probes)
            bases: list[Changes] = [self.accepted()]
            if subject in ("cross_entropy", "loss", "softmax_loss"):
                bases += [with_epsilon(epsilon) for epsilon in EPSILONS]
            self.matchers[subject] = [Matcher(subject, observed, self.impl.unit_roundoff, base) for base in bases]
        return self.matchers[subject]

    def own_calls(self, subject: str) -> Iterator:  # type: ignore[type-arg]
        """The failing specs' own calls."""
        for result in self.failing:
            if subject in self.subjects(result) and result.id in self.loaded.evidence:
                yield from probes_from(self.loaded.evidence[result.id], subject)

    def accepted(self) -> Changes:
        """What is no mistake by the conventions: under `sum`, a smaller last batch may count less."""
        if not self.impl.summed_fit:
            return {}
        return {
            "batch_gradient": lambda right, model, x, y, batch, size: tuple(
                [g * min(1.0, len(batch) / size) for g in group] for group in right(model, x, y, batch, size)
            )
        }

    def answers_right(self, subject: str) -> bool:
        """Whether every question about a subject is answered right, asked anew, in one of the readings accepted."""
        readings = self.of_subject(subject)
        for i in self.by_cost(readings[0]):
            probe = readings[0].observed[i][0]
            again = observe(self.impl, [probe])
            readings = [m for m in readings if again and agree(again[0][1], m.right[i], m.u, probe)]
            if not readings:
                return False
        self.plain = readings[0].base is self.of_subject(subject)[0].base
        return True

    def by_cost(self, matcher: Matcher) -> list[int]:
        """The answers, wrong ones first, and of these those of fewest numbers."""
        size = [sum(np.size(array) for array in right.arrays) for right in matcher.right]
        return sorted(range(len(matcher.observed)), key=lambda i: (i not in matcher.wrong, size[i]))

    # By what a clause says

    def named_by_clause(self, result: SpecResult) -> list[Cause]:
        """Mistakes that a clause names by failing."""
        if UPDATED_TOO_EARLY in result.message:
            early = mistakes()["carry-updated-weights"]
            return [
                Cause(early, "likely", result.message, [result.id], ("backward",), checks=[lambda: self.answers_right("backward")])
            ]
        if result.id in OF_ORDER and not_shuffled(self.impl):
            others = [r.id for r in self.failing if r.id in OF_ORDER]
            return [Cause(mistakes()["fit-not-shuffled"], "certain", result.message, others, ("fit",))]
        initial = list(initial_mistakes(self.impl, result.id)) if result.outcome == "failed" else []
        if initial:
            certainty = "certain" if len(initial) == 1 else "likely"
            return [Cause(mistake, certainty, found, [result.id], ("create",)) for mistake, found in initial[:1]]
        if result.outcome == "error":
            return []
        for certainty, field_name in (("certain", "broken"), ("likely", "suspected")):
            if field_name == "suspected" and self.values_wrong(result):
                break
            for mistake in mistakes().values():
                if result.id in getattr(mistake, field_name):
                    return [Cause(mistake, certainty, result.message, [result.id], subjects_of(result.id))]
        return []

    def values_wrong(self, result: SpecResult) -> bool:
        """Whether what the spec is about is wrong on ordinary inputs as well: then the clause says nothing of its own."""
        return any(all(matcher.wrong for matcher in self.of_subject(subject)) for subject in self.subjects(result))

    def unnamed(self, result: SpecResult) -> Cause:
        """What is known of numbers that nothing explains."""
        subjects = self.subjects(result)
        known = [what_is_known(self.of_subject(subject)[0]) for subject in subjects]
        found = next(filter(None, known), result.message)
        clauses = [result.id]
        if next(filter(None, known), ""):
            clauses = [r.id for r in self.failing if self.subjects(r) == subjects] or clauses
        return Cause(None, "unknown", found, clauses, subjects, title=result.title, where=result.where)

    # The line

    def locate(self, causes: list[Cause]) -> list[Cause]:
        """Look for the line of each cause, the first one with half of the time; what a line mends is explained by it."""
        left = self.seconds
        kept: list[Cause] = []
        mended: set[str] = set()
        for cause in sorted(causes, key=lambda cause: cause.certainty == "unknown"):
            cause.clauses = [clause for clause in cause.clauses if clause not in mended]
            if not cause.clauses:
                continue
            budget = Budget(left / 2 if len(causes) > 1 else left)
            cause.repair = self.repaired(cause, budget)
            left -= budget.spent
            kept.append(cause)
            if cause.repair is not None:
                if cause.certainty == "likely" and not cause.rivals:
                    cause.certainty = "certain"  # by itself it was likely, and undoing it mends what failed
                also = self.mended_by(cause.repair, cause)
                mended.update(also)
                cause.clauses += [clause for clause in also if clause not in cause.clauses]
        return kept

    def mended_by(self, repair: Repair, cause: Cause) -> list[str]:
        """The other failing specs that pass with this change."""
        others = [r.id for r in self.failing if r.id not in cause.clauses and r.id in tests()]
        with held(repair, self.ran):
            return [clause for clause in others if holds(clause, self.impl)]

    def repaired(self, cause: Cause, budget: Budget) -> Repair | None:
        """A change with which the first spec that this cause explains passes, and all that passed before."""
        clauses = [clause for clause in cause.clauses if clause in tests()]
        if not clauses:
            return None
        chapters = {tests()[clause][0].chapter for clause in clauses}
        passed = [r.id for r in self.specs if r.outcome == "passed" and r.chapter in chapters and r.id in tests()]

        def right() -> bool:
            self.plain = True
            if not all(check() for check in cause.checks):
                return False
            # Beside an epsilon that was not found while the loss was wrong, the spec's own bounds are too narrow.
            return hold([*(clauses[:1] if self.plain else []), *passed], self.impl)

        first = hints(cause.mistake.id) if cause.mistake is not None else ()
        self.ran = self.functions(cause, clauses)
        return search(self.ran, right, budget, first) if self.ran else None

    def functions(self, cause: Cause, clauses: Sequence[str]) -> list[Ran]:
        """The functions that run when the first of the clauses is checked, those that run elsewhere as well last."""

        def act() -> None:
            if cause.checks:
                for subject in cause.subjects:
                    matcher = self.of_subject(subject)[0]
                    observe(self.impl, [matcher.observed[i][0] for i in matcher.wrong[:2]])
            else:
                hold(clauses[:1], self.impl)

        codes = traced(act)
        if "create" not in cause.subjects and cause.subjects:
            for code in traced(self.make_network):
                codes.pop(code, None)
        elsewhere: set[object] = set()
        for subject in cause.subjects:
            for other in RUNS.get(subject, ()):
                if other not in self.failing_subjects:
                    elsewhere |= set(traced(lambda other=other: observe(self.impl, probes_of(other, self.networks)[:1])))
        found = functions_of(codes)
        return sorted(found, key=lambda one: one.function.__code__ in elsewhere)

    def make_network(self) -> None:
        """What every question begins with."""
        try:
            for case in cases(self.networks)[:1]:
                Observed(self.impl).network(case.weights, case.biases)
        except (SkipTest, Raised, Failure):
            return

    @cached_property
    def failing_subjects(self) -> set[str]:
        return {subject for result in self.failing for subject in self.subjects(result)} & set(ORDER)


def with_epsilon(epsilon: float) -> Changes:
    """An epsilon in the logarithm that is accepted."""

    def cross_entropy(right: Callable[..., float], p: np.ndarray, y: np.ndarray) -> float:
        return right(p + epsilon, y)

    return {"cross_entropy": cross_entropy}


def explained_answers(match: Match, matcher: Matcher, mistake: Mistake) -> str:
    """On 6 of 6 inputs the numbers are those of N g, to rounding."""
    total = len(matcher.wrong)
    return (
        f"on {match.explained} of {total} input{'s' if total > 1 else ''} that come out wrong, the numbers are those of "
        f"{mistake.fingerprint}, to rounding"
    )


def described(cause: Cause, loaded: Loaded) -> Diagnosis:
    """The diagnosis as a report shows it."""
    repair = cause.repair
    where = place(repair.filename, repair.line) if repair is not None else cause.where
    impl: Boundary = loaded.impl
    begins = ""
    if where is None:
        stands_in = {"cross_entropy": ("loss",), "softmax": ("forward",), "xavier": ("create",), "history": ("fit",)}
        names = [name for subject in cause.subjects for name in (subject, *stands_in.get(subject, ()))]
        where = next(filter(None, map(impl.implementation.where, names)), None)
        begins = where or ""
    change = (repair.before, repair.after) if repair is not None else None
    if cause.mistake is None:
        title = f"{cause.title.rstrip('.')}: no known mistake gives these numbers" if repair is None else changed_title(repair)
        explanation = "No mistake in the catalogue explains what was found." if repair is None else (
            "No mistake in the catalogue has this name, but with one line changed every spec that failed here passes."
        )
        mend = changed(repair) if repair is not None else ""
        return Diagnosis(UNNAMED, title, explanation, where, "unknown" if repair is None else "certain", cause.found, mend, change, tuple(cause.clauses))
    mistake = cause.mistake
    mend = changed(repair) if repair is not None else mistake.mend
    said = f" (the code begins there; which of its lines it is was not found)" if begins else ""
    return Diagnosis(
        mistake.id, mistake.title, f"{mistake.explanation}{said}", where, cause.certainty, cause.found, mend, change, tuple(cause.clauses)
    )


def changed(repair: Repair) -> str:
    """What to change, in words."""
    if repair.kind == "delete":
        return f"without the line `{repair.before}` the specs pass"
    if repair.kind == "insert":
        return f"with the line `{repair.after}` after `{repair.before}` the specs pass"
    if repair.kind == "move":
        return f"with the line `{repair.before}` further down in its block the specs pass"
    return f"with `{repair.after}` in place of `{repair.before}` the specs pass"


def changed_title(repair: Repair) -> str:
    """The change as a title."""
    words = {"delete": "should not be there", "insert": "is not enough: a line is missing after it", "move": "comes too early"}
    if repair.kind in words:
        return f"`{repair.before}` in {repair.function} {words[repair.kind]}"
    return f"`{repair.before}` in {repair.function} should be `{repair.after}`"
