"""The search for a change that mends: which one, and in which line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from chainrule.diagnosis.repair.changing import changed
from chainrule.diagnosis.repair.edit_sites import Code, Edit, first_line_of, idle, together
from chainrule.diagnosis.repair.edits import Editor
from chainrule.host.host import Host
from chainrule.host.protocol import Function
from chainrule.support.time_limit import TimedOut, limit

CONDITIONS = ("always", "never", "otherwise")
KINDS = (
    *CONDITIONS, "operator", "call", "axis", "activation", "hoist", "transpose", "turned", "product", "number",
    "regroup", "scale", "mask", "mask_product", "mask_of", "shift", "add", "near", "index", "rows", "rate", "in_place",
    "order", "log", "unused", "fans", "symmetric", "stride", "drawn_once", "batch", "handed", "counted", "name",
    "classes", "offset", "summed", "minus", "exchange", "guard", "filled", "fresh", "copied", "negate", "multiply",
    "root", "divide", "stepped", "per_sample", "split", "move", "delete", "insert",
)  # fmt: skip
# Kinds that would mend anything, for mistakes that are known.
WITH_A_NAME = (
    "relu", "surprise", "forwarded", "whole_labels", "weights", "incoming", "jacobian", "each", "reshaped", "scheme",
    "rectified", "shared_rate", "term", "labels", "powers", "incoming_sum", "neighbour", "ordered", "derivative",
    "within", "zeros",
)  # fmt: skip
FIRST = ("outdent", "fraction")  # kinds that hardly any function has a place for, and that are it where one has
# Kinds that leave no statement, or another one, in the place of one.
WHOLE = ("delete", "move", "copied", "outdent", *CONDITIONS)
ADDED = ("insert", "divide")  # kinds that put a line after another
# A change may make a loop that does not end: seconds after which a try is given up, and a proof; far more than either
# takes, so that no slow machine gets another answer.
LONGEST_TRY, LONGEST_PROOF = 2.0, 60.0
MOST_HUNG = 2  # tries given up so, after which the search is


@dataclass(frozen=True)
class Repair:
    """A change with which everything that was asked is right.

    line: where.  before, after: the statement's first line, as it is and as it would be.  kind: of the edit.
    function: which function it is in.  source: the text that stands in place of that function's.
    likewise: (line, before, after) of the other statements that are changed with it.
    """

    line: int
    before: str
    after: str
    kind: str
    function: Function
    source: str
    likewise: tuple[tuple[int, str, str], ...] = ()


@dataclass
class Budget:
    """How many changes a search may still try.

    each, proof: how many of them one try costs, and the proof of one.  hung: how many tries did not end in time.
    """

    left: int
    each: int = 1
    proof: int = 1
    hung: int = 0

    @property
    def spent(self) -> bool:
        return self.left <= 0 or self.hung >= MOST_HUNG


def search(
    functions: Sequence[Function],
    host: Host,
    right: Callable[[], bool],
    budget: Budget,
    first: Sequence[str] = (),
    proved: Callable[[], bool] = lambda: True,
    rank: Callable[[Function, str], Any] = lambda function, statement: 0,
) -> Repair | None:
    """The first edit of the functions that ran with which `right` holds, or None if none within the budget does.

    proved: asked where `right` holds, and may take longer.  first: kinds of edits that are likelier than the others.
    rank: of a statement among those that a kind of edit changes, the first to be tried first.
    """
    likeliest = [*CONDITIONS, *FIRST, *first]
    kinds = [*likeliest, *(kind for kind in KINDS if kind not in likeliest)]
    editors = [Editor(function, alone=sum(map(function.overlaps, functions)) == 1) for function in functions]
    for editor in editors:
        editor.kept = [name for other in editors if other.code.owner == editor.code.owner for name in other.code.kept()]
    tried: set[tuple[Function, str]] = set()
    for kind in kinds:
        for editor, edits in sorted(possible(editors, kind), key=lambda one: rank(one[0].function, read(*one))):
            source = editor.code.edited(*edits)
            if (editor.function, source) in tried:
                continue
            if budget.spent:
                return None
            tried.add((editor.function, source))
            budget.left -= budget.each
            if mends(changed(host, editor.function, source), right, LONGEST_TRY, budget):
                if kind not in WHOLE and any(idle(editor.code.after(edit)) for edit in edits):
                    continue
                budget.left -= budget.proof
                if mends(changed(host, editor.function, source), proved, LONGEST_PROOF, budget):
                    return described(editor, edits, source)
    return None


def possible(editors: Sequence[Editor], kind: str) -> Iterator[tuple[Editor, tuple[Edit, ...]]]:
    """The changes of a kind, function by function: single edits, then those that go together."""
    for editor in editors:
        single = list(editor.edits([kind]))
        yield from ((editor, edits) for edits in [*((edit,) for edit in single), *together(editor.code, single)])


def read(editor: Editor, edits: Sequence[Edit]) -> str:
    """The statement that is changed, as it reads."""
    return first_line_of(editor.code.statement(edits[0].node))


def mends(change: AbstractContextManager[None], right: Callable[[], bool], longest: float, budget: Budget) -> bool:
    """Whether something holds while a change stands; not where the change makes it raise, or hang."""
    try:
        with limit(longest), change:
            return right()
    except TimedOut:
        budget.hung += 1
    except Exception:
        pass
    return False


def described(editor: Editor, edits: Sequence[Edit], source: str) -> Repair:
    """The edits in the words of the file: each statement before and after."""
    (line, before, after), *others = sorted(in_words(editor.code, edit) for edit in edits)
    return Repair(line, before, after, edits[0].kind, editor.function, source, tuple(others))


def in_words(code: Code, edit: Edit) -> tuple[int, str, str]:
    """The line of an edit, and its statement before and after."""
    statement = code.statement(edit.node)
    if edit.kind in ("delete", "move", "outdent", *CONDITIONS):
        after = ""
    elif edit.kind in ADDED:
        after = edit.text.removeprefix("; ")
    elif edit.kind == "copied":
        after = edit.text + first_line_of(statement)
    elif (shown := code.in_its_line(edit, statement)) is not None:
        return edit.line, *shown
    else:
        after = first_line_of(code.after(edit))
    line = statement.lineno if edit.kind in ("move", "delete", "outdent", *ADDED) else edit.line
    return line, first_line_of(statement), after
