"""The expressions and statements of a function, and the text that puts another in the place of one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.host.protocol import Function
from chainrule.support.function_nodes import FunctionNode, first_line, name_of

VARIABLE = re.compile(r"\b(?!(?:T|shape|True|False|None)\b)[A-Za-z_]\w*\b(?![(=])")
PLACE = re.compile(r"\[-?\d+\]")
Position = tuple[int, int]  # a line of the file, from 1, and a column in bytes


@dataclass(frozen=True)
class Edit:
    """Text in place of what stands between two positions.  kind: one of search.KINDS.  node: what it changes."""

    kind: str
    node: Any
    begins: Position
    ends: Position
    text: str

    @property
    def line(self) -> int:
        return int(self.node.lineno)


@dataclass(frozen=True)
class Moved:
    """The statement at `index` of a block goes behind the one at `later`."""

    index: int
    later: int


@dataclass(frozen=True)
class Outdented:
    """The statement begins at this column, behind the loop of which it is the last."""

    column: int


@dataclass(frozen=True)
class EditSite:
    """An expression or statement in a field of its holder, at an index if that is a list."""

    node: Any
    holder: ast.AST
    name: str
    index: int | None
    value: bool  # whether it is the whole of what is assigned or returned


class Code:
    """A function of the checked code, parsed: `tree`, in which it is `node`, with the positions of its file."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.lines = [line.encode() for line in function.source.split("\n")]
        self.tree = self.parsed(function.source)
        self.node: FunctionNode = next(
            node
            for node in ast.walk(self.tree)
            if isinstance(node, FunctionNode) and (name_of(node), first_line(node)) == function.key
        )
        tests = [node.test for node in ast.walk(self.node) if isinstance(node, (ast.If, ast.While))]
        self.conditions = {id(part) for test in tests for part in ast.walk(test)}
        self.statements: dict[int, ast.stmt] = {}

    @property
    def owner(self) -> str:
        """The first line of the class statement around a method; of another function, its own."""
        return self.function.source.split("\n", 1)[0]

    def kept(self) -> list[str]:
        """The attributes that a method assigns to its object, as they are written."""
        assigned = (node for node in ast.walk(self.node) if isinstance(node, ast.Attribute) and not loads(node))
        return list(dict.fromkeys(ast.unparse(node) for node in assigned))

    def of_whole_statements(self, lines: Sequence[int]) -> Iterator[int]:
        """All lines of the statements, or of their heads, that begin on one of these."""
        for node in ast.walk(self.node):
            if isinstance(node, ast.stmt) and node is not self.node:
                body = getattr(node, "body", None)
                span = range(node.lineno, body[0].lineno if body else (node.end_lineno or node.lineno) + 1)
                if any(line in span for line in lines):
                    yield from span

    def inside(self) -> Iterator[int]:
        """The lines of the functions inside."""
        for node in ast.walk(self.node):
            if isinstance(node, ast.FunctionDef) and node is not self.node:
                yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)

    def parsed(self, source: str) -> ast.Module:
        tree = ast.parse(source)
        ast.increment_lineno(tree, self.function.begins - 1)
        return tree

    def sites(self, lines: Sequence[int]) -> Iterator[EditSite]:
        """Every expression and statement of the function's body on these lines, from the first to the last."""
        ran = {*lines, *self.of_whole_statements(lines)}
        waiting = [part for part in below(self.node) if part[1] == "body"][::-1]
        while waiting:
            holder, name, index, node = waiting.pop()
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
            if (first and not ran.isdisjoint(range(first, last + 1))) or isinstance(self.node, ast.Lambda):
                whole = name == "value" and isinstance(holder, (ast.Assign, ast.AugAssign, ast.Return, ast.AnnAssign))
                yield EditSite(node, holder, name, index, whole or isinstance(holder, ast.Lambda))
            elif isinstance(node, ast.stmt):
                continue
            waiting += below(node)[::-1]

    def edit(self, site: EditSite, kind: str, new: Any) -> Edit:
        """The edit that puts `new` in place of a site's node.

        new: an expression, a statement, a list of the statement itself and one after it, a tuple of one before it and
        itself, None to delete it, Moved or Outdented.
        """
        node = site.node
        if isinstance(new, Outdented):
            return Edit(kind, node, (node.lineno, new.column), begin(node), "")
        if isinstance(new, Moved):
            return self.moved(site, new)
        if isinstance(new, list):
            return Edit(kind, node, end(node), end(node), f"; {unparsed(new[1], node)}")
        if isinstance(new, tuple):
            return Edit(kind, node, begin(node), begin(node), f"{unparsed(new[0], node)}; ")
        text = "pass" if new is None else unparsed(new, node)
        missing = node.end_lineno - node.lineno - text.count("\n")  # every line of the file keeps its number
        if isinstance(node, ast.expr):
            text = text if isinstance(new, ast.Slice) else f"({text}{missing * chr(10)})"
        else:
            text = ("else: " if self.text(node).startswith("elif") else "") + text + missing * "\\\n"
        return Edit(kind, node, begin(node), end(node), text)

    def moved(self, site: EditSite, to: Moved) -> Edit:
        """The statement in another place of its block."""
        block = getattr(site.holder, site.name)[to.index : to.later + 1]
        line, column = begin(site.node)
        indentation = self.lines[line - self.function.begins][:column].decode()
        texts = [self.text(node) for node in (*block[1:], block[0])]
        if indentation.strip():
            text = "; ".join(texts)
        else:
            missing = block[-1].end_lineno - line - sum(text.count("\n") + 1 for text in texts) + 1
            text = ("\n" + indentation).join([texts[0] + "\n" * missing, *texts[1:]])
        return Edit("move", site.node, begin(site.node), end(block[-1]), text)

    def text(self, node: Any) -> str:
        """A node as it is written."""
        (first, left), (last, right) = begin(node), end(node)
        lines = self.lines[first - self.function.begins : last - self.function.begins + 1]
        lines[-1] = lines[-1][:right]
        lines[0] = lines[0][left:]
        return b"\n".join(lines).decode()

    def edited(self, *edits: Edit) -> str:
        """The source with these edits in it, of different statements."""
        lines = list(self.lines)
        for edit in sorted(edits, key=lambda edit: edit.begins, reverse=True):
            (first, left), (last, right) = edit.begins, edit.ends
            first, last = first - self.function.begins, last - self.function.begins
            new = lines[first][:left] + edit.text.encode() + lines[last][right:]
            lines[first : last + 1] = new.split(b"\n")
        return b"\n".join(lines).decode()

    def statement(self, node: Any) -> ast.stmt:
        """The smallest statement that holds a node, or that it is."""
        if id(node) not in self.statements:
            around = [
                one
                for one in ast.walk(self.tree)
                if isinstance(one, ast.stmt) and begin(one) <= begin(node) and end(node) <= end(one)
            ]
            self.statements[id(node)] = max(around, key=begin)
        return self.statements[id(node)]

    def in_its_line(self, edit: Edit, statement: ast.stmt) -> tuple[str, str] | None:
        """The one line of a longer statement that an edit changes, before and after, if there is one."""
        first, last = edit.begins[0], edit.ends[0]
        several = statement.end_lineno != statement.lineno and not hasattr(statement, "body")
        if not several or first != last or not isinstance(edit.node, ast.expr):
            return None
        bare = replace(edit, text=ast.unparse(ast.parse(edit.text, mode="eval")))
        shown = bare if self.same(self.edited(bare), self.edited(edit)) else edit
        place = first - self.function.begins
        return self.lines[place].decode().strip(), self.edited(shown).split("\n")[place].strip()

    def same(self, first: str, second: str) -> bool:
        """Whether two sources mean the same."""
        try:
            return ast.dump(ast.parse(first)) == ast.dump(ast.parse(second))
        except SyntaxError:
            return False

    def after(self, edit: Edit) -> ast.stmt:
        """The edited statement, as it reads then."""
        place = begin(self.statement(edit.node))
        return next(
            node
            for node in ast.walk(self.parsed(self.edited(edit)))
            if isinstance(node, ast.stmt) and begin(node) == place
        )


def below(node: ast.AST) -> list[tuple[ast.AST, str, int | None, Any]]:
    """The parts of a node in which an edit may be: (holder, field, index in it, part)."""
    found: list[tuple[ast.AST, str, int | None, Any]] = []
    if isinstance(node, ast.JoinedStr):  # Python 3.11 does not know where its parts stand
        return found
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "ctx", "type_comment"):
            continue
        if isinstance(value, list):
            found += [
                (node, name, i, item)
                for i, item in enumerate(value)
                if isinstance(item, (ast.expr, ast.stmt, ast.keyword, ast.comprehension))
            ]
        elif isinstance(value, (ast.expr, ast.keyword)):
            found.append((node, name, None, value))
    return found


def together(code: Code, edits: Sequence[Edit]) -> Iterator[tuple[Edit, ...]]:
    """Edits of different statements that do the same under other names: `d1.sum(axis=1)`, and `d2.sum(axis=1)`."""
    alike: dict[tuple[str, str], dict[Position, Edit]] = {}
    for edit in edits:
        node, text = edit.node, edit.text
        if isinstance(node, ast.AugAssign) and edit.kind == "fresh":
            target = node.target
            node, text = target, str(text.count(code.text(target)))
        if isinstance(node, (ast.expr, ast.AugAssign, ast.Expr)):
            of_rule = alike.setdefault((nameless(code.text(node)), nameless(text)), {})
            of_rule.setdefault(begin(code.statement(node)), edit)
    yield from (tuple(found.values()) for found in alike.values() if len(found) > 1)


def nameless(text: str) -> str:
    """An expression without the names of its variables, and the places of items: `grads[0]` is like `grads[1]`."""
    return PLACE.sub("[_]", VARIABLE.sub("_", "".join(text.split())))


def unparsed(new: ast.AST, old: ast.AST) -> str:
    """A new node as text."""
    if isinstance(new, ast.stmt) and not hasattr(new, "lineno"):
        ast.copy_location(new, old)
    return ast.unparse(new)


def first_line_of(statement: ast.stmt) -> str:
    return ast.unparse(statement).strip().splitlines()[0]


def last_name(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def begin(node: Any) -> Position:
    return node.lineno, node.col_offset


def end(node: Any) -> Position:
    return node.end_lineno, node.end_col_offset


def idle(statement: ast.stmt) -> bool:
    """Whether a statement does nothing: a value that nobody takes, `x = x`, `x, y = x, z`, or a loop over nothing."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom))
    if isinstance(statement, ast.Assign):
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            return any(ast.unparse(a) == ast.unparse(b) for a, b in zip(target.elts, value.elts, strict=False))
        if isinstance(value, ast.ListComp) and ast.unparse(value.elt) == ast.unparse(value.generators[0].target):
            value = value.generators[0].iter  # the same items
        return ast.unparse(target) == ast.unparse(value)
    return isinstance(statement, ast.For) and ast.unparse(statement.iter) == "range(0)"


def loads(node: ast.AST) -> bool:
    """Whether an expression is read, not assigned to."""
    return not isinstance(getattr(node, "ctx", ast.Load()), (ast.Store, ast.Del))
