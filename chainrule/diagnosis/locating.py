"""The line of each cause: the one whose change makes what failed pass, and nothing fail that passed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from unittest import SkipTest

from chainrule.boundary.errors import Raised
from chainrule.diagnosis import mistakes
from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.concerns import run_by
from chainrule.diagnosis.observing import Observed, observe
from chainrule.diagnosis.pointing import least_unlike, likeness, pointed
from chainrule.diagnosis.priorities import NAMED_BY_CHANGE, OF_SHAPES, likeliest_after, likeliest_edits
from chainrule.diagnosis.questions import questions_about
from chainrule.diagnosis.repair.changing import changed, ran
from chainrule.diagnosis.repair.edit_sites import Code
from chainrule.diagnosis.repair.search import Budget, Repair, search
from chainrule.diagnosis.specs import hold, holds, tests
from chainrule.host.protocol import Function
from chainrule.mathematics.comparison import Failure
from chainrule.running.results import SpecResult
from chainrule.support.source_positions import place

TRIES = 500  # changes that the search for the lines of one check may try
OF_A_SPEC, OF_A_PROOF = 10, 50  # tries that one costs in which a spec is asked, not a few questions; and a proof
ADAPTER = "class Adapter:"  # how the source of an adapter's method begins
# {beginnings of mistakes' ids: what functions that can make them are called, or take}
CALLED = {
    ("mask", "relu", "activation"): r"relu|activ|rectif",
    ("gradient", "carry", "weight-gradient", "bias-gradient", "array"): r"back|grad|deriv|prime|delta",
    ("step",): r"step|update|optim|descen|learn|\b(lr|alpha|eta|rate)\b",
    ("loss",): r"loss|cost|entropy|error|nll|likelihood|log|objective|criterion",
    ("softmax",): r"soft|logsumexp",
}
OF_STRUCTURE = ("forward-relu-on-output", "forward-activation", "relu-missing")  # what the making of layers may decide
MEANT = "; did you mean "  # in what is said of a misspelt name
TELLING = ("golden",)  # the chapter whose few values say that every other operation is as it was


class Locating:
    """Finds lines.  specs: all results of the check."""

    def __init__(self, answers: Answers, specs: Sequence[SpecResult]) -> None:
        self.answers, self.impl, self.specs = answers, answers.impl, specs
        self.host = answers.impl.host

    def locate(self, causes: Sequence[Cause]) -> list[Cause]:
        """Look for the line of each cause, the first one with half of the tries.

        A cause explains what the change of its line mends.
        """
        left, kept, mended = TRIES, [], set()
        for cause in sorted(causes, key=lambda cause: cause.certainty == "unknown"):
            cause.clauses = [clause for clause in cause.clauses if clause not in mended]
            if not cause.clauses:
                continue
            kept.append(cause)
            functions = self.functions(cause) if cause.searched or cause.mistake is not None else []
            if not cause.searched:
                self.point(cause, functions)
                continue
            given = left // 2 if len(causes) > 1 else left
            budget = Budget(given, 1 if cause.checks else OF_A_SPEC, OF_A_PROOF)
            cause.repair = self.repaired(cause, functions, budget, len(causes) == 1)
            if cause.repair is not None and cause.repair.kind == "delete" and MEANT in cause.found:
                cause.repair = None  # the line is not one too many: its name is misspelt
            left -= given - budget.left
            if cause.repair is None:
                if cause.where is None:
                    cause.where, cause.placed = only_statement(functions), "only"
                self.point(cause, functions)
                cause.begins = begun(cause.begins, functions)
                continue
            named = NAMED_BY_CHANGE.get(cause.repair.kind)
            if named is not None:
                cause.mistake, cause.certainty = mistakes()[named], "certain"
                cause.found = f"as it is: {cause.found}"
            if cause.certainty == "partial" or (cause.doubted and cause.rivals):
                cause.mistake, cause.certainty = None, "certain"  # the change explains more than the name
                cause.found = next(r.message for r in self.answers.failing if r.id == cause.clauses[0])
            if cause.certainty == "likely" and not cause.rivals:
                cause.certainty = "certain"  # by itself it was likely, and undoing it mends what failed
            also = self.mended_by(cause.repair, cause)
            mended.update(also)
            cause.clauses += also
        return kept

    def point(self, cause: Cause, functions: Sequence[Function]) -> None:
        """Give a named cause that has no line the one that reads like it."""
        if cause.where is None and cause.mistake is not None:
            cause.where, cause.elsewhere = pointed(cause.mistake.id, functions) or (None, "")
            cause.placed = "reads"
        cause.line = text_at(cause.where, functions)

    def in_chapters(self, clauses: Sequence[str], outcome: str) -> list[str]:
        """The specs with this outcome in the chapters of these clauses, and of those that passed in the telling one."""
        chapters = {tests()[clause].chapter for clause in clauses}
        if outcome == "passed":
            chapters.update(TELLING)
        return [r.id for r in self.specs if r.id in tests() and r.outcome == outcome and r.chapter in chapters]

    def repaired(self, cause: Cause, functions: Sequence[Function], budget: Budget, alone: bool) -> Repair | None:
        """A change with which the first spec that this cause explains passes, and all that passed before.

        alone: whether this cause explains all that failed.
        """
        clauses = [clause for clause in cause.clauses if clause in tests()]
        if not clauses or not functions:
            return None
        # What passed with two mistakes may fail with one: the proof is every answer as the other alone gives it.
        passed = [] if cause.shared else self.in_chapters(clauses, "passed")
        blocked = self.in_chapters(clauses, "blocked") if alone and not cause.shared else []

        def right() -> bool:
            return all(check() for check in cause.checks) if cause.checks else holds(clauses[0], self.impl)

        def proved() -> bool:
            itself = [] if cause.shared else clauses[:1]
            if cause.mistake is None or "create" in cause.concerns or not cause.checks:
                itself = clauses  # one says little: weights have more than a variance, what raised may give anything
            mended = self.hold(itself[:1]) and self.hold(itself[1:], unseen=True, unfinished=True)
            kept = mended and self.hold(passed, few=True)
            return kept and self.hold(blocked, few=True, unseen=True, unfinished=True)

        first = likeliest_edits(cause.mistake.id) if cause.mistake is not None else likeliest_after(cause.found)
        if cause.raised:
            first = (*first, *(kind for kind in OF_SHAPES if kind not in first))
        elif cause.mistake is None and {"fit", "long"} & set(cause.concerns):
            first = (*first, "delete")
        raising = [found for function in functions for found in at(function, cause.where)] if cause.raised else []

        mistake = cause.mistake.id if cause.mistake else ""
        unlike = {function: least_unlike(mistake, function) for function in functions}

        def rank(function: Function, statement: str) -> tuple[bool, int, int]:
            return function.source.startswith(ADAPTER), likeness(mistake, statement), unlike.get(function, 0)

        if raising:
            there = replace(budget, left=budget.left // 3)  # what raises there may come of another line
            budget.left -= there.left
            found = search(raising, self.host, right, there, first, proved)
            budget.left, budget.hung = budget.left + there.left, there.hung
            if found is not None:
                return found
        return search(functions, self.host, right, budget, first, proved, rank)

    def hold(self, clauses: Sequence[str], few: bool = False, unseen: bool = False, unfinished: bool = False) -> bool:
        """Whether specs hold as they are, or with the epsilon that may have been hidden."""
        for clause in clauses:
            if not holds(clause, self.impl, few, unseen, unfinished):
                with self.answers.accepting():
                    if not holds(clause, self.impl, few, unseen, unfinished):
                        return False
        return True

    def mended_by(self, repair: Repair, cause: Cause) -> list[str]:
        """The other failing specs that pass with this change."""
        others = [r.id for r in self.answers.failing if r.id not in cause.clauses and r.id in tests()]
        with changed(self.host, repair.function, repair.source):
            return [clause for clause in others if holds(clause, self.impl, unfinished=True)]

    def functions(self, cause: Cause) -> list[Function]:
        """The functions that run when what failed is asked for, those that run elsewhere as well last.

        An adapter's come behind the author's, to which they lead.
        """
        found = ran(self.host, lambda: self.ask(cause))
        making = ran(self.host, self.make_network) if cause.concerns else ()
        if "create" in cause.concerns:
            found = [function for function in found if function in making] or found
        elif making:
            built = [function for function in found if function in making]
            found = [function for function in found if function not in making] or found
            if cause.mistake is not None and cause.mistake.id.startswith(OF_STRUCTURE):
                found = [*found, *(function for function in built if function not in found)]
        elsewhere: set[Function] = set()
        for other in run_by(cause.concerns):
            if other not in self.answers.failing_concerns:
                questions = questions_about(other, self.answers.setting)[:1]
                elsewhere.update(ran(self.host, partial(observe, self.impl, questions)))
        id = "" if cause.mistake is None else cause.mistake.id
        likely = next((called for beginnings, called in CALLED.items() if id.startswith(beginnings)), "")

        def unlikely(function: Function) -> tuple[bool, bool, bool]:
            named = re.search(likely, f"{function.source.splitlines()[0]} {function.name}", re.IGNORECASE)
            return function.source.startswith(ADAPTER), not named, function in elsewhere

        return sorted(found, key=unlikely)

    def ask(self, cause: Cause) -> None:
        """What failed, once more."""
        if not cause.checks:
            hold([clause for clause in cause.clauses if clause in tests()][:1], self.impl)
        elif "create" in cause.concerns:
            _ = [check() for check in cause.checks]
        else:
            for concern in cause.concerns:
                matcher = self.answers.about(concern)[0]
                observe(self.impl, [matcher.observed[i][0] for i in matcher.wrong[:2]])

    def make_network(self) -> None:
        """What every question begins with."""
        try:
            for case in self.answers.setting.networks[:1]:
                Observed(self.impl).network(case.weights, case.biases)
        except (SkipTest, Raised, Failure):
            return


def at(function: Function, where: str | None) -> Iterator[Function]:
    """The function as if only the line at this place had run, where it is one of its lines."""
    for line in function.lines:
        if place(function.filename, line) == where:
            yield replace(function, lines=(line,))


def begun(where: str | None, functions: Sequence[Function]) -> str | None:
    """Where the likeliest function begins, unless `where` is where one of them does: a class has no place."""
    beginnings = [place(function.filename, function.first_line) for function in functions]
    return where if where in beginnings or not beginnings else beginnings[0]


def text_at(where: str | None, functions: Sequence[Function]) -> str:
    """The line at a place, as it is written; empty where no function that ran has it."""
    for function in functions:
        lines = function.source.split("\n")
        for line in function.lines:
            if place(function.filename, line) == where and 0 <= line - function.begins < len(lines):
                return lines[line - function.begins].strip()
    return ""


def only_statement(functions: Sequence[Function]) -> str | None:
    """The place of the only statement of the only function that runs: there is no other line."""
    if len(functions) != 1:
        return None
    body = Code(functions[0]).node.body
    statements = body if isinstance(body, list) else [body]
    telling = [node for node in statements if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    alone = len(telling) == 1 and not hasattr(telling[0], "body")  # a loop holds others
    return place(functions[0].filename, telling[0].lineno) if alone else None
