"""Finds loops that train a network, and notes what happens in their first round."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.host.rehearsal.dependence import Uses, names_in, uses
from chainrule.host.source.rule import DEFINITIONS

NOTE = "__note__"  # the name under which the transformed code finds the function that notes its values
FEWEST = 2  # arrays that a training loop updates
LARGEST = 4_000_000  # numbers of an array that is copied: larger ones are data, which a loop leaves as they are
ROUNDS = 5  # after which a loop has shown enough
LOOPS = (ast.For, ast.While)


@dataclass
class Loop:
    """A loop that may train a network.

    nest: it, and the loops around it, the outermost first.  before: the statements before the nest, in the same
    function or at module level.  arguments: of that function.
    start: the values of names when its first round begins.  after: [(a statement's number, the values that it gave)].
    """

    nest: list[ast.stmt]
    before: list[ast.stmt]
    arguments: list[str]
    start: dict[str, Any] = field(default_factory=dict)
    after: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    rounds: int = 0

    @property
    def line(self) -> int:
        return self.nest[0].lineno

    @property
    def body(self) -> list[ast.stmt]:
        return self.nest[-1].body  # type: ignore[attr-defined]

    @cached_property
    def uses(self) -> list[Uses]:
        return [uses(statement, {}) for statement in self.body]

    @cached_property
    def read(self) -> set[str]:
        """The names in the loop and before it."""
        return set().union(*(names_in(statement) for statement in (*self.before, self.nest[0])))

    def forget(self) -> None:
        """Drop what an earlier rehearsal noted."""
        self.start, self.after, self.rounds = {}, [], 0
        vars(self).pop("trained", None)

    def note(self, number: int, values: Mapping[str, Any]) -> None:
        """Note the values of names after a statement of the body, -1 for its beginning, in the first round."""
        if number == -1 and not self.complete:  # an exception may have ended the round before
            earlier = self.start
            self.forget()
            self.start = {name: copied(values[name]) for name in self.read if name in values}
            self.start = self.start if self.sizes else earlier or self.start
        self.rounds += number == -1
        if number >= 0 and self.rounds == 1:
            given = self.uses[number].affects
            self.after.append((number, {name: copied(values[name]) for name in given if name in values}))

    def before_statement(self, number: int, name: str) -> Any:
        """The value of a name before a statement of the body in the first round; None if it had none."""
        found = [values[name] for i, values in self.after if i < number and name in values]
        return found[-1] if found else self.start.get(name)

    @property
    def renewed(self) -> list[str]:
        """The names whose new values depend on their old ones, in the order in which the body reads them."""
        own = set().union(*(one.affects & one.reads for one in self.uses))
        return [name for name in self.order if name in own]

    @cached_property
    def order(self) -> list[str]:
        """The names in the order in which the body reads them."""
        names = (node for statement in self.body for node in ast.walk(statement) if isinstance(node, ast.Name))
        found = sorted(names, key=lambda node: (node.lineno, node.col_offset))
        return list(dict.fromkeys(node.id for node in found))

    @property
    def updated(self) -> list[str]:
        """Those of the renewed names that are arrays of numbers, as parameters are."""
        return [name for name in self.renewed if is_parameter(self.start.get(name)) and self.keeps_shape(name)]

    @property
    def sizes(self) -> list[int]:
        """The layer sizes of the weights among the renewed arrays; empty if none fit together."""
        arrays = [self.start.get(name) for name in self.renewed]
        return sizes_of([array.shape for array in arrays if isinstance(array, np.ndarray)])

    @cached_property
    def trained(self) -> bool:
        """Whether the first round, which is over, changed weights that fit together."""
        return bool(self.sizes) and len(self.updated) > 1 and any(map(self.moves, self.updated))

    @property
    def complete(self) -> bool:
        """Whether the first round came to its end."""
        return self.rounds > 1 or any(number == len(self.body) - 1 for number, _ in self.after)

    @property
    def trains(self) -> bool:
        return self.complete and self.trained

    @property
    def idle(self) -> bool:
        """Whether the first round changed no weights."""
        return self.complete and not self.trained

    def keeps_shape(self, name: str) -> bool:
        return bool(np.shape(self.start[name]) == np.shape(self.before_statement(len(self.body), name)))

    def moves(self, name: str) -> bool:
        return not np.array_equal(self.start[name], self.before_statement(len(self.body), name))


def is_parameter(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim in (1, 2)


def sizes_of(shapes: Sequence[tuple[int, ...]]) -> list[int]:
    """The layer sizes of a network whose weights, in order, have these shapes; empty if they do not fit together.

    Behind the weights there may be arrays of the same shapes, as an optimizer keeps.
    """
    matrices = [shape for shape in shapes if len(shape) == 2 and 1 not in shape]
    for fans in (matrices, [shape[::-1] for shape in matrices]):
        depth = next((i for i, (a, b) in enumerate(pairwise(fans), 1) if a[1] != b[0]), len(fans))
        whole = depth == len(fans) or (depth > 1 and set(fans[depth:]) <= set(fans[:depth]))
        if fans and whole:
            return [fans[0][0], *[fan_out for _, fan_out in fans[:depth]]]
    return []


def copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy() if value.size <= LARGEST else value
    return copy.copy(value) if isinstance(value, (list, dict)) else value


def loops_in(body: Sequence[ast.stmt]) -> list[Loop]:
    """The loops at module level, and in functions, that update several names, the last ones first."""
    found = list(within(body, [], [], []))
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            arguments = [argument.arg for argument in ast.walk(statement.args) if isinstance(argument, ast.arg)]
            found += within(statement.body, [], [], arguments)
    return found[::-1]


def within(
    body: Sequence[ast.stmt], nest: list[ast.stmt], before: list[ast.stmt], arguments: list[str]
) -> Iterator[Loop]:
    """The innermost loops of a block that may train.  nest: those around it.  before: the statements before these."""
    for i, statement in enumerate(body):
        earlier = before if nest else [*before, *body[:i]]
        if isinstance(statement, LOOPS):
            inside = list(within(statement.body, [*nest, statement], earlier, arguments))
            yield from inside
            if not inside and updates(statement.body) >= FEWEST:
                yield Loop([*nest, statement], earlier, arguments)
        elif not isinstance(statement, DEFINITIONS):
            for name in ("body", "orelse", "finalbody"):
                yield from within(getattr(statement, name, None) or [], nest, earlier, arguments)
            for handler in getattr(statement, "handlers", ()):
                yield from within(handler.body, nest, earlier, arguments)


def updates(body: Sequence[ast.stmt]) -> int:
    """How many names get new values that depend on their old ones, inner loops and counters left out."""
    found: set[str] = set()
    for statement in body:
        counts = isinstance(statement, ast.AugAssign) and isinstance(statement.value, ast.Constant)
        if not isinstance(statement, LOOPS) and not counts:
            named = uses(statement, {})
            found |= named.affects & named.reads
    return len(found)


def watched(loops: Sequence[Loop]) -> None:
    """Mark the loops, so that a copy of their statements can be made that notes its values."""
    for number, loop in enumerate(loops):
        loop.nest[-1].number = number  # type: ignore[attr-defined]


def with_notes(node: ast.stmt) -> ast.stmt:
    """A loop that notes the values of names at the beginning of a round, and after each of its statements."""
    number = getattr(node, "number", None)
    if number is None:
        return node
    noted: list[ast.stmt] = [noting(number, -1, node)]
    for i, statement in enumerate(node.body):  # type: ignore[attr-defined]
        noted += [statement, noting(number, i, statement)]
    node.body = noted  # type: ignore[attr-defined]
    return node


def noting(loop: int, number: int, at: ast.stmt) -> ast.stmt:
    values = ast.Call(ast.Name("locals", ast.Load()), [], [])
    call = ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(loop), ast.Constant(number), values], [])
    return ast.copy_location(ast.Expr(call), at)
