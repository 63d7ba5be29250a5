"""The line of each cause: the one whose change makes what failed pass, and nothing fail that passed."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial
from types import CodeType
from unittest import SkipTest

from chainrule.boundary.errors import Raised
from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.concerns import RUNS
from chainrule.diagnosis.observing import Observed, observe
from chainrule.diagnosis.priorities import hints
from chainrule.diagnosis.questions import cases, probes_of
from chainrule.diagnosis.repair.search import Budget, Repair, held, search
from chainrule.diagnosis.specs import hold, holds, tests
from chainrule.host.patching.sources import Ran, functions_of, traced
from chainrule.mathematics.comparison import Failure
from chainrule.running.results import SpecResult
from chainrule.support.source_positions import place

ELSEWHERE = 0.4  # seconds of the specs of other chapters that are asked of a change


class Locating:
    """Finds lines.  specs: all results of the check.  seconds: that the search may take."""

    def __init__(self, answers: Answers, specs: Sequence[SpecResult], seconds: float) -> None:
        self.answers, self.impl, self.specs, self.seconds = answers, answers.impl, specs, seconds

    def locate(self, causes: Sequence[Cause]) -> list[Cause]:
        """Look for the line of each cause, the first one with half of the time; what a line mends it explains."""
        left, kept, mended = self.seconds, [], set()
        for cause in sorted(causes, key=lambda cause: cause.certainty == "unknown"):
            cause.clauses = [clause for clause in cause.clauses if clause not in mended]
            if not cause.clauses:
                continue
            if not cause.searched:
                kept.append(cause)
                continue
            ran = self.functions(cause)
            budget = Budget(left / 2 if len(causes) > 1 else left)
            cause.repair = self.repaired(cause, ran, budget, len(causes) == 1)
            left -= budget.spent
            kept.append(cause)
            if cause.repair is None:
                cause.where = cause.where or only_statement(ran)
                continue
            if cause.certainty == "likely" and not cause.rivals:
                cause.certainty = "certain"  # by itself it was likely, and undoing it mends what failed
            also = self.mended_by(cause.repair, cause, ran)
            mended.update(also)
            cause.clauses += also
        return kept

    def to_keep(self, clauses: Sequence[str], alone: bool) -> list[str]:
        """What has to pass with a change: of the chapters concerned all that passed, of the others the quickest; and
        where nothing else is wrong also what was blocked in these chapters.
        """
        chapters = {tests()[clause].chapter for clause in clauses}
        known = [r for r in self.specs if r.id in tests()]
        near = [r.id for r in known if r.chapter in chapters and r.outcome == "passed"]
        blocked = [r.id for r in known if r.chapter in chapters and r.outcome == "blocked"] if alone else []
        far, spent = [], 0.0
        for result in sorted(known, key=lambda result: result.seconds):
            if result.outcome == "passed" and result.chapter not in chapters and spent + result.seconds < ELSEWHERE:
                far.append(result.id)
                spent += result.seconds
        return [*near, *blocked, *far]

    def repaired(self, cause: Cause, ran: Sequence[Ran], budget: Budget, alone: bool) -> Repair | None:
        """A change with which the first spec that this cause explains passes, and all that passed before.

        alone: whether this cause explains all that failed.
        """
        clauses = [clause for clause in cause.clauses if clause in tests()]
        if not clauses or not ran:
            return None
        # What passed with two mistakes may fail with one: the proof is every answer as the other alone gives it.
        passed = [] if cause.shared else self.to_keep(clauses, alone)

        def right() -> bool:
            self.answers.plain = True
            return all(check() for check in cause.checks) if cause.checks else holds(clauses[0], self.impl)

        def proved() -> bool:
            # Beside an epsilon that was not found while the loss was wrong, the spec's own bounds are too narrow.
            itself = clauses[:1] if self.answers.plain and cause.checks and not cause.shared else []
            if (cause.mistake is None and not cause.checks) or "create" in cause.subjects:
                itself = clauses  # one says little: weights have more than a variance, what raised may give anything
            return hold([*itself, *passed], self.impl)

        first = hints(cause.mistake.id) if cause.mistake is not None else ()
        return search(ran, right, budget, first, proved)

    def mended_by(self, repair: Repair, cause: Cause, ran: Sequence[Ran]) -> list[str]:
        """The other failing specs that pass with this change."""
        others = [r.id for r in self.answers.failing if r.id not in cause.clauses and r.id in tests()]
        with held(repair, ran):
            return [clause for clause in others if holds(clause, self.impl)]

    def functions(self, cause: Cause) -> list[Ran]:
        """The functions that run when what failed is asked for, those that run elsewhere as well last."""
        codes = traced(lambda: self.ask(cause))
        if "create" not in cause.subjects and cause.subjects:
            for code in traced(self.make_network):
                codes.pop(code, None)
        elsewhere: set[CodeType] = set()
        for other in {other for subject in cause.subjects for other in RUNS.get(subject, ())}:
            if other not in self.answers.failing_subjects:
                probes = probes_of(other, self.answers.networks)[:1]
                elsewhere |= set(traced(partial(observe, self.impl, probes)))
        return sorted(functions_of(codes), key=lambda one: one.function.__code__ in elsewhere)

    def ask(self, cause: Cause) -> None:
        """What failed, once more."""
        if not cause.checks:
            hold([clause for clause in cause.clauses if clause in tests()][:1], self.impl)
        elif "create" in cause.subjects:
            _ = [check() for check in cause.checks]
        else:
            for subject in cause.subjects:
                matcher = self.answers.about(subject)[0]
                observe(self.impl, [matcher.observed[i][0] for i in matcher.wrong[:2]])

    def make_network(self) -> None:
        """What every question begins with."""
        try:
            for case in cases(self.answers.networks)[:1]:
                Observed(self.impl).network(case.weights, case.biases)
        except (SkipTest, Raised, Failure):
            return


def only_statement(ran: Sequence[Ran]) -> str | None:
    """The place of the only statement of the only function that runs: there is no other line."""
    if len(ran) != 1:
        return None
    body = ran[0].node.body
    statements = body if isinstance(body, list) else [body]
    telling = [node for node in statements if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    return place(ran[0].filename, telling[0].lineno) if len(telling) == 1 else None
