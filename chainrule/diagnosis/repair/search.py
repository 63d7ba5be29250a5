"""The search for a change that mends: which one, and in which line."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chainrule.diagnosis.repair.edit_sites import Edit
from chainrule.diagnosis.repair.edits import Editor
from chainrule.host.patching.patching import patched
from chainrule.host.patching.sources import Ran
from chainrule.support.time_limit import TimedOut, limit

KINDS = (
    "operator", "call", "axis", "hoist", "transpose", "constant", "scale", "mask", "shift", "add", "near", "index",
    "rate", "name", "offset", "fresh", "negate", "multiply", "root", "divide", "move", "delete", "insert",
)  # fmt: skip
ADDED = ("insert", "divide")  # kinds that put a line after another
LONGEST_TRY = 2.0  # seconds: an edit may make a loop that does not end
LONGEST_PROOF = 20.0  # of one with which all that was asked is right


@dataclass(frozen=True)
class Repair:
    """A change with which everything that was asked is right.

    filename, line: where.  before, after: the line, or statement, as it is and as it would be.  kind: of the edit.
    function: the name of the function it is in.  edit, inside: the change itself, and where it is made.
    """

    filename: str
    line: int
    before: str
    after: str
    kind: str
    function: str
    edit: Edit
    inside: Ran


class Budget:
    """How much of the processor a search may still take, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.begun = time.process_time()
        self.seconds = seconds
        self.tries = 0

    @property
    def left(self) -> bool:
        return self.spent < self.seconds

    @property
    def spent(self) -> float:
        return time.process_time() - self.begun


def search(
    ran: Sequence[Ran],
    right: Callable[[], bool],
    budget: Budget,
    first: Sequence[str] = (),
    proved: Callable[[], bool] = lambda: True,
) -> Repair | None:
    """The first edit of the functions with which `right` holds, or None if there is none within the budget.

    proved: asked where `right` holds, and may take longer.  first: kinds of edits that are likelier than the others.
    """
    kinds = [*first, *(kind for kind in KINDS if kind not in first)]
    editors = [(one, Editor(one.node, one.lines, one.numpy)) for one in ran]
    for kind in kinds:
        for one, editor in editors:
            for edit in editor.edits([kind]):
                if not budget.left:
                    return None
                budget.tries += 1
                if mends(edit, one, ran, right, LONGEST_TRY) and mends(edit, one, ran, proved, LONGEST_PROOF):
                    return described(edit, one)
    return None


def mends(edit: Edit, one: Ran, ran: Sequence[Ran], right: Callable[[], bool], longest: float) -> bool:
    """Whether something holds, within so many seconds, while the edit stands."""
    undo = edit.apply()
    try:
        with limit(longest), patched(ran, one):
            return right()
    except (SyntaxError, ValueError, TypeError, RecursionError, TimedOut):
        return False
    finally:
        undo()


@contextmanager
def held(repair: Repair, ran: Sequence[Ran]) -> Iterator[None]:
    """A change that was found stands, for a moment."""
    undo = repair.edit.apply()
    try:
        with patched(ran, repair.inside):
            yield
    finally:
        undo()


def described(edit: Edit, one: Ran) -> Repair:
    """The edit in the words of the file: its statement before and after."""
    statement = statement_of(one.node, edit)
    before = ast.unparse(statement) if statement is not None else ""
    undo = edit.apply()
    try:
        after = after_edit(edit, statement)
    finally:
        undo()
    name = getattr(one.node, "name", "<lambda>")
    line = statement.lineno if edit.kind in ("move", "delete", *ADDED) and statement is not None else edit.line
    return Repair(one.filename, line, first_line(before), after, edit.kind, name, edit, one)


def after_edit(edit: Edit, statement: ast.AST | None) -> str:
    """The statement as it reads while the edit stands."""
    if edit.kind == "delete":
        return ""
    if edit.kind in ADDED:
        return first_line(ast.unparse(edit.new[1]))
    if edit.kind == "move":
        return ""
    if isinstance(edit.new, ast.stmt):
        return first_line(ast.unparse(edit.new))
    return first_line(ast.unparse(statement)) if statement is not None else ast.unparse(edit.new)


def statement_of(function: ast.AST, edit: Edit) -> ast.stmt | None:
    """The smallest statement that holds what the edit changes."""
    around = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and node is not function and node.lineno <= edit.line <= end_of(node)
    ]
    return min(around, key=lambda node: end_of(node) - node.lineno, default=None)


def end_of(node: ast.stmt) -> int:
    """The last line of a statement."""
    return node.end_lineno or node.lineno


def first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
