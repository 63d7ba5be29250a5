"""Tells which statements of a loop's body the value of a name depends on."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from chainrule.host.source.scopes import FUNCTIONS, root

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
VIEWS = ("T", "reshape", "ravel", "view", "squeeze", "transpose", "swapaxes")  # what shares its numbers with an array


@dataclass
class Uses:
    """The names that a statement reads, binds to new values, and whose values it may change in place."""

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)

    @property
    def affects(self) -> set[str]:
        return self.binds | self.changes


def uses(node: ast.AST, read_by: Mapping[str, Set[str]]) -> Uses:
    """The names of a statement.  read_by: {function: the globals that it reads}."""
    found = Uses()
    collect(node, frozenset(), found, read_by)
    return found


def collect(node: ast.AST, hidden: frozenset[str], found: Uses, read_by: Mapping[str, Set[str]]) -> None:
    if isinstance(node, COMPREHENSIONS):
        hidden |= {name for generator in node.generators for name in names_in(generator.target)}
    elif isinstance(node, FUNCTIONS):
        if not isinstance(node, ast.Lambda):
            found.binds.add(node.name)
        hidden |= {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    elif isinstance(node, ast.Name) and node.id not in hidden:
        if isinstance(node.ctx, ast.Load):
            found.reads |= {node.id} | read_by.get(node.id, set())
        else:
            found.binds.add(node.id)
    elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
        found.changes.add(root(node))
    elif isinstance(node, ast.AugAssign):
        found.changes.add(root(node.target))
        found.reads.add(root(node.target))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        if isinstance(call.func, ast.Attribute):
            values.append(call.func.value)
        if not (isinstance(call.func, ast.Name) and call.func.id == "print"):
            found.changes |= {root(value) for value in values} - {""}
    for child in ast.iter_child_nodes(node):
        collect(child, hidden, found, read_by)


def names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def aliases(statements: Sequence[ast.stmt]) -> list[set[str]]:
    """Groups of names that may stand for the same numbers, as after `delta = probs`."""
    groups: list[set[str]] = []
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and viewed(node.value):
                pair = {node.targets[0].id, viewed(node.value)}
                joined = pair.union(*(group for group in groups if group & pair))
                groups = [*(group for group in groups if not group & pair), joined]
    return groups


def viewed(value: ast.expr) -> str:
    """The name of the array that an expression may be a view of; else empty."""
    while not isinstance(value, ast.Name):
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in VIEWS:
            value = value.func.value
        elif isinstance(value, ast.Subscript) or (isinstance(value, ast.Attribute) and value.attr in VIEWS):
            value = value.value
        else:
            return ""
    return value.id


class Body:
    """The statements of a loop's body, and what depends on what in it.

    network: of every statement, whether it depends on the parameters; the others prepare data.
    """

    def __init__(
        self, statements: Sequence[ast.stmt], parameters: Collection[str], read_by: Mapping[str, Set[str]]
    ) -> None:
        self.statements = statements
        self.uses = [uses(statement, read_by) for statement in statements]
        groups = aliases(statements)
        for found in self.uses:
            found.changes |= {name for group in groups if group & found.changes for name in group}
        self.network: list[bool] = []
        self.network = self.follows(parameters)

    def follows(self, names: Collection[str]) -> list[bool]:
        """Of every statement, whether it depends on parameters or data of these names."""
        reached, found = set(names), []
        for i, statement in enumerate(self.uses):
            depends = bool(statement.reads & reached)
            found.append(depends)
            renewed = statement.binds - statement.changes
            stays = set() if self.network and self.network[i] else set(names)
            reached = reached | statement.affects if depends else reached - (renewed - stays)
        return found

    def needed(self, wanted: Collection[str], last: int, fixed: Collection[str] = ()) -> tuple[list[int], set[str]]:
        """(the statements that compute these names, up to the last; the names that must be given to them).

        What prepares data is not among them, nor what changes the names `fixed`.
        """
        need, given, kept = set(wanted), set[str](), []
        for i in range(last, -1, -1):
            hit = (self.uses[i].affects & need) - set(fixed)
            if hit and not self.network[i]:
                given |= hit
                need -= hit
            elif hit:
                kept.append(i)
                if isinstance(self.statements[i], (ast.Assign, ast.AnnAssign)):
                    need -= self.uses[i].binds - self.uses[i].changes
                need |= self.uses[i].reads
        return kept[::-1], given | need

    def boundary(self) -> dict[str, int]:
        """{name of data that the network's statements read: the first of them}."""
        found: dict[str, int] = {}
        own: set[str] = set()
        for i, statement in enumerate(self.uses):
            if self.network[i]:
                for name in statement.reads - own:
                    found.setdefault(name, i)
                own |= statement.affects
            else:
                own -= statement.binds
        return found


def latest(
    statements: Sequence[ast.stmt],
    wanted: Collection[str],
    read_by: Mapping[str, Set[str]],
    given: Collection[str],
) -> list[ast.stmt]:
    """The statements, run one after the other, that give these names their last values.

    given: names whose values nothing needs to compute.
    """
    need, groups, found = set(wanted) - set(given), aliases(statements), list[ast.stmt]()
    for statement in reversed(statements):
        used = uses(statement, read_by)
        changes = used.changes.union(*(group for group in groups if group & used.changes))
        if (used.binds | changes) & need:
            found.append(statement)
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                need -= used.binds - changes
            need |= used.reads - set(given)
    return found[::-1]


def pruned(statements: Sequence[ast.stmt], wanted: Collection[str], read_by: Mapping[str, Set[str]]) -> list[ast.stmt]:
    """The statements, at any depth of loops and conditions, on which the names may depend."""
    need, groups = set(wanted), aliases(statements)
    found = [uses(part, read_by) for part in flat(statements)]
    while True:
        before = len(need)
        for one in found:
            if one.affects & need:
                need |= one.reads
        need |= {name for group in groups if group & need for name in group}
        for statement in compounds(statements):
            if any(uses(part, read_by).affects & need for part in flat(inner(statement))):
                need |= set().union(*(uses(part, read_by).reads for part in heads(statement)))
        if len(need) == before:
            return list(kept(statements, need, read_by))


def kept(statements: Sequence[ast.stmt], need: set[str], read_by: Mapping[str, Set[str]]) -> Iterator[ast.stmt]:
    for statement in statements:
        if not isinstance(statement, (ast.For, ast.While, ast.If)):
            if isinstance(statement, (ast.Break, ast.Continue)) or uses(statement, read_by).affects & need:
                yield statement
            continue
        parts = {name: list(kept(getattr(statement, name), need, read_by)) for name in ("body", "orelse")}
        if any(parts.values()):
            fields = dict(ast.iter_fields(statement))
            made = type(statement)(**{**fields, **parts, "body": parts["body"] or [ast.Pass()]})
            yield ast.copy_location(made, statement)


def inner(statement: ast.stmt) -> list[ast.stmt]:
    return [*getattr(statement, "body", []), *getattr(statement, "orelse", [])]


def heads(statement: ast.stmt) -> list[ast.AST]:
    """What a loop runs over, or a condition tests."""
    return [
        part for part in (getattr(statement, name, None) for name in ("iter", "test", "target")) if part is not None
    ]


def compounds(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        if isinstance(statement, (ast.For, ast.While, ast.If)):
            yield statement
            yield from compounds(inner(statement))


def flat(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements without loops and conditions, those inside these included."""
    for statement in statements:
        if isinstance(statement, (ast.For, ast.While, ast.If)):
            yield from flat(inner(statement))
        else:
            yield statement
