"""The places of a function's tree, and one node in another's place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chainrule.host.patching.sources import FunctionNode


@dataclass(frozen=True)
class Edit:
    """kind: one of search.KINDS.  line: where.  holder, name, index: the field that changes, of a node or in its list.
    new: what it becomes; None deletes a statement, a list replaces it by several.
    """

    kind: str
    line: int
    holder: ast.AST
    name: str
    index: int | None
    new: Any

    def apply(self) -> Callable[[], None]:
        """Change the tree; returns what changes it back."""
        before = getattr(self.holder, self.name)
        if self.index is None:
            setattr(self.holder, self.name, self.new)
        else:
            changed = list(before)
            new = self.new if isinstance(self.new, list) else [] if self.new is None else [self.new]
            changed[self.index : self.index + 1] = new
            setattr(self.holder, self.name, changed or [ast.copy_location(ast.Pass(), before[self.index])])
        return lambda: setattr(self.holder, self.name, before)


@dataclass(frozen=True)
class Moved:
    """The statement at `index` of a block goes behind the one at `later`."""

    index: int
    later: int


@dataclass(frozen=True)
class Spot:
    """An expression or statement in its place."""

    node: Any
    holder: ast.AST
    name: str
    index: int | None
    value: bool  # whether it is the whole of what is assigned or returned

    def edit(self, kind: str, new: Any) -> Edit:
        for one in new if isinstance(new, list) else [new]:
            if one is not None:
                place(one, self.node)
        return Edit(kind, self.node.lineno, self.holder, self.name, self.index, new)

    def moved(self, to: Moved) -> Edit:
        """The statement in another place of its block."""
        block = list(getattr(self.holder, self.name))
        block.insert(to.later, block.pop(to.index))
        return Edit("move", self.node.lineno, self.holder, self.name, None, block)


def place(new: ast.AST, old: ast.AST) -> None:
    """Give a new node, and what is new below it, the place of the old one."""
    if not hasattr(new, "lineno"):
        ast.copy_location(new, old)
    ast.fix_missing_locations(new)


def spots(function: FunctionNode, lines: frozenset[int]) -> Iterator[Spot]:
    """Every expression and statement of a function's body on the lines that ran, from the first to the last."""
    bodies: list[tuple[ast.AST, str, int | None, Any]] = (
        [(function, "body", i, statement) for i, statement in enumerate(function.body)]
        if isinstance(function.body, list)
        else [(function, "body", None, function.body)]
    )
    waiting = bodies[::-1]
    while waiting:
        holder, name, index, node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        if (first and any(first <= line <= last for line in lines)) or isinstance(function, ast.Lambda):
            whole = name == "value" and isinstance(holder, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign))
            yield Spot(node, holder, name, index, whole or isinstance(holder, ast.Lambda))
        elif isinstance(node, ast.stmt):
            continue
        below: list[tuple[ast.AST, str, int | None, Any]] = []
        for field_name, value in ast.iter_fields(node):
            if field_name in ("annotation", "returns", "decorator_list", "ctx", "type_comment"):
                continue
            if isinstance(value, list):
                below += [
                    (node, field_name, i, item)
                    for i, item in enumerate(value)
                    if isinstance(item, (ast.expr, ast.stmt, ast.keyword))
                ]
            elif isinstance(value, (ast.expr, ast.keyword)):
                below.append((node, field_name, None, value))
        waiting += below[::-1]


def loads(node: ast.AST) -> bool:
    """Whether an expression is read, not assigned to."""
    return not isinstance(getattr(node, "ctx", ast.Load()), (ast.Store, ast.Del))
