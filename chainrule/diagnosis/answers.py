"""What an implementation answers about each concern, beside what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.contract.conventions import LARGEST_LOG_EPSILON, Convention
from chainrule.diagnosis.actors import Question, answers_agree
from chainrule.diagnosis.concerns import concerns, concerns_of
from chainrule.diagnosis.evidence import questions_from
from chainrule.diagnosis.matching import Matcher
from chainrule.diagnosis.mistake import Changes
from chainrule.diagnosis.observing import InColumns, observe
from chainrule.diagnosis.questions import SettingOf, questions_about
from chainrule.running.results import SpecResult

EPSILONS = (1e-16, 1e-15, 1e-14, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7)  # as people write them, those that are accepted


class Answers:
    """The answers of one implementation, asked for when they are needed.  failing: the specs to be explained."""

    def __init__(self, impl: Boundary, failing: Sequence[SpecResult]) -> None:
        self.impl, self.failing = impl, failing
        self.setting = SettingOf(self.impl)
        self.readings: dict[str, list[Matcher]] = {}

    def concerns(self, result: SpecResult) -> tuple[str, ...]:
        """The operations that a failing spec is about; of one that raised, the one that did."""
        if result.outcome == "error" and result.evidence is not None and result.evidence.last in concerns():
            return (result.evidence.last,)
        return concerns_of(result.id)

    @property
    def failing_concerns(self) -> set[str]:
        """The operations that any failing spec is about."""
        return {concern for result in self.failing for concern in self.concerns(result)}

    def about(self, concern: str) -> list[Matcher]:
        """The answers about a concern, once for each reading of what is accepted in them."""
        if concern not in self.readings:
            observed = observe(self.impl, [*self.own_calls(concern), *questions_about(concern, self.setting)])
            accepted = [self.accepted(), *concerns()[concern].readings]
            if "cross_entropy" in concerns()[concern].parts:
                accepted += map(with_epsilon, EPSILONS)
            self.readings[concern] = [Matcher(concern, observed, self.impl.unit_roundoff, base) for base in accepted]
        return self.readings[concern]

    def own_calls(self, concern: str) -> Iterator[Question]:
        """The failing specs' own calls as questions."""
        for result in self.failing:
            if concern in self.concerns(result) and result.evidence is not None:
                yield from questions_from(result.evidence, concern, self.impl)

    def accepted(self) -> Changes:
        """Changes that the conventions accept: under `sum`, a smaller last batch may count less."""
        if not self.impl.summed_fit:
            return {}
        return {
            "batch_gradient": lambda right, model, x, y, batch, size: tuple(
                [g * min(1.0, len(batch) / size) for g in group] for group in right(model, x, y, batch, size)
            )
        }

    def wrong(self, result: SpecResult) -> bool:
        """Whether what a spec is about is wrong on ordinary inputs as well."""
        return any(
            all(matcher.ordinarily_wrong for matcher in self.about(concern)) for concern in self.concerns(result)
        )

    def right_in_columns(self, concern: str) -> bool:
        """Whether every answer of a function is right if its samples are columns, which no network denies."""
        matcher = self.about(concern)[0]
        if self.impl.has_network or self.impl.conventions["samples"].source == "declared":
            return False
        turned = observe(self.impl, [question for question, _ in matcher.observed], InColumns(self.impl))
        return len(turned) == len(matcher.observed) and all(
            answers_agree(found, right, matcher.u, question)
            for (question, found), right in zip(turned, matcher.right, strict=True)
        )

    def now_right(self, concern: str, *but: Changes) -> bool:
        """Whether every question about a concern is answered right, asked anew, in one of the readings.

        but: what remains of other mistakes.
        """
        readings = self.about(concern)
        for i in by_cost(readings[0]):
            question = readings[0].observed[i][0]
            if not question.ordinary and not all(np.isfinite(a).all() for a in readings[0].expected(i).arrays):
                continue  # of log 0 there are several right answers, which the spec that asks for it knows
            again = observe(self.impl, [question])
            readings = [m for m in readings if again and answers_agree(again[0][1], m.expected(i, *but), m.u, question)]
            if not readings:
                return False
        return True

    @contextmanager
    def accepting(self) -> Iterator[None]:
        """Specs allow the largest epsilon in the logarithm: what was wrong may have hidden the one that there is."""
        before = self.impl.conventions
        if before["log_epsilon"].source != "declared":
            self.impl.conventions = before | {"log_epsilon": Convention(f"{LARGEST_LOG_EPSILON:g}", "inferred")}
        try:
            yield
        finally:
            self.impl.conventions = before


def by_cost(matcher: Matcher) -> list[int]:
    """The answers, wrong ones first, and of these those of fewest numbers."""
    size = [sum(np.size(array) for array in right.arrays) for right in matcher.right]
    return sorted(range(len(matcher.observed)), key=lambda i: (i not in matcher.wrong, size[i]))


def with_epsilon(epsilon: float) -> Changes:
    """An epsilon in the logarithm."""

    def cross_entropy(right: Callable[..., float], p: np.ndarray, y: np.ndarray) -> float:
        return right(p + epsilon, y)

    return {"cross_entropy": cross_entropy}
