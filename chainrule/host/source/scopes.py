"""Finds which names a statement binds and reads, when it runs and when its functions are called later."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Read:
    """A read of a global name: by which function (`Net.forward`; empty at module level), at which line."""

    name: str
    reader: str
    line: int


@dataclass
class Names:
    """The names that some code binds, changes and reads.

    bound: names bound in its own scope, those of its comprehensions included.  changed: names of objects of which it
    sets an attribute or an item.  now: globals that it reads when it runs.  later: globals that the functions defined
    in it read when they are called.
    """

    bound: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    now: list[Read] = field(default_factory=list)
    later: list[Read] = field(default_factory=list)


def names(*nodes: ast.AST) -> Names:
    """The names of statements or expressions at module level.  Annotations do not count: they are never evaluated."""
    found = Names()
    scope = Scope(nodes)
    found.bound, found.changed = scope.bound, scope.changed
    found.now = [Read(name, "", line) for name, line in scope.reads]
    for node in scope.inner:
        inside(node, "", frozenset(), found, found.now)
    return found


class Scope:
    """One scope's own names; `inner` holds the functions and classes inside it."""

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        self.bound: set[str] = set()
        self.changed: set[str] = set()
        self.declared_global: set[str] = set()
        self.reads: list[tuple[str, int]] = []
        self.inner: list[Function | ast.ClassDef] = []
        stack = list(nodes)[::-1]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    self.reads.append((node.id, node.lineno))
                else:
                    self.bound.add(node.id)
                continue
            if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
                self.changed.add(root(node))
            stack.extend(self._children(node))
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                self.reads.append((node.target.id, node.lineno))

    def _children(self, node: ast.AST) -> list[ast.AST]:
        """The children of a node that belong to this scope."""
        if isinstance(node, FUNCTIONS):
            self.inner.append(node)
            decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
            if not isinstance(node, ast.Lambda):
                self.bound.add(node.name)
            return [*decorators, *node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        if isinstance(node, ast.ClassDef):
            self.inner.append(node)
            self.bound.add(node.name)
            return [*node.bases, *node.keywords, *node.decorator_list]
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Global):
            self.declared_global.update(node.names)
        elif isinstance(node, ast.AnnAssign):
            return [node.target, *([node.value] if node.value else [])]
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            self.bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            self.bound.add(node.rest)
        return children(node)


def children(node: ast.AST) -> list[ast.AST]:
    """The child nodes, the last first.  Faster than ast.iter_child_nodes, which would take most of the time here."""
    below: list[ast.AST] = []
    for name in node._fields[::-1]:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            if not isinstance(value, ast.expr_context):
                below.append(value)
        elif isinstance(value, list):
            below += [item for item in reversed(value) if isinstance(item, ast.AST)]
    return below


def inside(
    node: Function | ast.ClassDef, owner: str, visible: frozenset[str], found: Names, class_reads: list[Read]
) -> None:
    """Collect the globals that a function reads when it is called, or a class when its body runs.

    visible: names of the surrounding functions.  class_reads: the list for reads in a class's body.
    """
    if isinstance(node, ast.ClassDef):
        scope, name = Scope(node.body), f"{owner}{node.name}"
        hidden = visible | scope.bound
        class_reads.extend(Read(read, name, line) for read, line in scope.reads if read not in hidden)
        for inner in scope.inner:
            inside(inner, f"{name}.", visible, found, class_reads)
        return
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    name = f"{owner}{getattr(node, 'name', 'lambda')}"
    scope = Scope(body)
    arguments = node.args
    own = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    own |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
    hidden = visible | frozenset((own | scope.bound) - scope.declared_global)
    found.later.extend(Read(read, name, line) for read, line in scope.reads if read not in hidden)
    for inner in scope.inner:
        inside(inner, f"{name}.", hidden, found, found.later)


def root(node: ast.AST) -> str:
    """The first name in a chain of attributes and items; empty if the chain begins with another expression."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
