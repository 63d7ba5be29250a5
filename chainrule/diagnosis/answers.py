"""What an implementation answers about each subject, beside what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from chainrule.diagnosis.actors import Probe, agree
from chainrule.diagnosis.concerns import ORDER, subjects_of
from chainrule.diagnosis.evidence import probes_from
from chainrule.diagnosis.matching import Matcher
from chainrule.diagnosis.mistake import Changes
from chainrule.diagnosis.observing import observe
from chainrule.diagnosis.questions import probes_of
from chainrule.running.loading import Loaded
from chainrule.running.results import SpecResult
from chainrule.specification.networks import Networks

EPSILONS = (1e-16, 1e-15, 1e-14, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7)  # as people write them, those that are accepted
WITH_LOGARITHM = ("cross_entropy", "loss", "softmax_loss")


class Answers:
    """The answers of one implementation, asked for when they are needed.  failing: the specs to be explained."""

    def __init__(self, loaded: Loaded, failing: Sequence[SpecResult]) -> None:
        self.loaded, self.impl, self.failing = loaded, loaded.impl, failing
        self.networks = Networks(self.impl)
        self.readings: dict[str, list[Matcher]] = {}
        self.plain = True  # whether the last answers that were right were so without an epsilon

    def subjects(self, result: SpecResult) -> tuple[str, ...]:
        """The operations that a failing spec is about; of one that raised, the one that did."""
        if result.outcome == "error" and result.evidence is not None and result.evidence.last in ORDER:
            return (result.evidence.last,)
        return subjects_of(result.id)

    @property
    def failing_subjects(self) -> set[str]:
        """The operations that any failing spec is about."""
        return {subject for result in self.failing for subject in self.subjects(result)}

    def about(self, subject: str) -> list[Matcher]:
        """The answers about a subject, once for each reading of what is accepted in them."""
        if subject not in self.readings:
            observed = observe(self.impl, [*self.own_calls(subject), *probes_of(subject, self.networks)])
            accepted = [self.accepted()]
            if subject in WITH_LOGARITHM:
                accepted += map(with_epsilon, EPSILONS)
            self.readings[subject] = [Matcher(subject, observed, self.impl.unit_roundoff, base) for base in accepted]
        return self.readings[subject]

    def own_calls(self, subject: str) -> Iterator[Probe]:
        """The failing specs' own calls as questions."""
        for result in self.failing:
            if subject in self.subjects(result) and result.evidence is not None:
                yield from probes_from(result.evidence, subject, self.impl)

    def accepted(self) -> Changes:
        """What is no mistake by the conventions: under `sum`, a smaller last batch may count less."""
        if not self.impl.summed_fit:
            return {}
        return {
            "batch_gradient": lambda right, model, x, y, batch, size: tuple(
                [g * min(1.0, len(batch) / size) for g in group] for group in right(model, x, y, batch, size)
            )
        }

    def wrong(self, result: SpecResult) -> bool:
        """Whether what a spec is about is wrong on ordinary inputs as well."""
        return any(all(matcher.wrong for matcher in self.about(subject)) for subject in self.subjects(result))

    def now_right(self, subject: str, *but: Changes) -> bool:
        """Whether every question about a subject is answered right, asked anew, in one of the readings.

        but: what remains of other mistakes.
        """
        readings = self.about(subject)
        for i in by_cost(readings[0]):
            probe = readings[0].observed[i][0]
            again = observe(self.impl, [probe])
            readings = [m for m in readings if again and agree(again[0][1], m.expected(i, *but), m.u, probe)]
            if not readings:
                return False
        self.plain = readings[0].base is self.about(subject)[0].base
        return True


def by_cost(matcher: Matcher) -> list[int]:
    """The answers, wrong ones first, and of these those of fewest numbers."""
    size = [sum(np.size(array) for array in right.arrays) for right in matcher.right]
    return sorted(range(len(matcher.observed)), key=lambda i: (i not in matcher.wrong, size[i]))


def with_epsilon(epsilon: float) -> Changes:
    """An epsilon in the logarithm."""

    def cross_entropy(right: Callable[..., float], p: np.ndarray, y: np.ndarray) -> float:
        return right(p + epsilon, y)

    return {"cross_entropy": cross_entropy}
