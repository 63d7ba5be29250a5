"""Mutations that array code needs and general tools do not make: axes, reductions, transposes, casts, in-place updates.

Each is one edit of the source: a piece of its text, from one position to another, replaced.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

OTHER_NAMES = {
    "maximum": "minimum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "mean": "sum",
    "sum": "mean",
    "exp": "expm1",
    "log": "log1p",
    "sqrt": "square",
    "zeros": "ones",
    "arange": "ones_like",
    "uniform": "normal",
    "float64": "float32",
    "float32": "float64",
    "permutation": "choice",
    "reversed": "list",
    "weights": "biases",
    "biases": "weights",
}
OTHER_UPDATES = {ast.Add: "-=", ast.Sub: "+=", ast.Mult: "/=", ast.Div: "*="}
SIGNS = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}


@dataclass(frozen=True)
class Edit:
    """operator: what kind of mutation.  start, end: offsets into the source.  text: what stands there instead."""

    operator: str
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]


class Source:
    """A module's text with its tree, and the text of any node.  ASCII, so that columns are offsets."""

    def __init__(self, text: str) -> None:
        if not text.isascii():
            raise ValueError("expected a module in ASCII, found other characters")
        self.text, self.tree = text, ast.parse(text)
        self.lines = [0, *accumulate(map(len, text.splitlines(keepends=True)))]

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.lines[node.lineno - 1] + node.col_offset
        return start, self.lines[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]


def edits(text: str) -> list[Edit]:
    """Every mutation of this module."""
    source = Source(text)
    rules = (renamed, axes, products, updates, calls, arguments, statements, pairs)
    return [edit for node in nodes(source.tree) for rule in rules for edit in rule(source, node)]


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """A tree's nodes, but for the parts of f-strings, whose places older Pythons do not tell."""
    yield tree
    if not isinstance(tree, ast.JoinedStr):
        for child in ast.iter_child_nodes(tree):
            yield from nodes(child)


def renamed(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A function, or the other list of parameters, by its opposite: np.maximum -> np.minimum, .mean -> .sum."""
    if isinstance(node, ast.Attribute) and node.attr in OTHER_NAMES:
        end = source.span(node)[1]
        yield Edit("name", end - len(node.attr), end, OTHER_NAMES[node.attr])
    elif isinstance(node, ast.Name) and node.id in OTHER_NAMES:
        yield Edit("name", *source.span(node), OTHER_NAMES[node.id])


def axes(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The other axis, or all of them."""
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield Edit("axis", *source.span(node.value), str(1 - node.value.value))
        yield Edit("axis", *source.span(node.value), "None")


def products(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A matrix product by the entrywise one, or with its factors exchanged; a transpose left out."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        left, right = source.of(node.left), source.of(node.right)
        yield Edit("product", *source.span(node), f"({left}) * ({right})")
        yield Edit("product", *source.span(node), f"({right}) @ ({left})")
        yield Edit("product", *source.span(node), f"({right}).T @ ({left}).T")
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield Edit("transpose", *source.span(node), source.of(node.value))


def updates(source: Source, node: ast.AST) -> Iterator[Edit]:
    """theta -= g by +=, by =, and by an update that makes a new array."""
    if isinstance(node, ast.AugAssign) and type(node.op) in SIGNS:
        target, value, sign = source.of(node.target), source.of(node.value), SIGNS[type(node.op)]
        for text in (
            f"{target} {OTHER_UPDATES[type(node.op)]} {value}",
            f"{target} = {value}",
            f"{target} = {target} {sign[0]} ({value})",
        ):
            yield Edit("update", *source.span(node), text)


def calls(source: Source, node: ast.AST) -> Iterator[Edit]:
    """f(x) by x, and x.f() by x: a step of the computation left out."""
    if not isinstance(node, ast.Call):
        return
    if node.args:
        yield Edit("call", *source.span(node), f"({source.of(node.args[0])})")
    if isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
    ):
        yield Edit("call", *source.span(node), source.of(node.func.value))


def arguments(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A keyword argument left to its default; a generator without its seed."""
    if not isinstance(node, ast.Call):
        return
    for keyword in node.keywords:
        if keyword.arg is None:
            continue
        start, end = source.span(keyword)
        before, after = source.text[:start].rstrip(), source.text[end:]
        if before.endswith(","):
            yield Edit("argument", len(before) - 1, end, "")
        else:
            yield Edit("argument", start, end + 2 * after.startswith(", "), "")
    if source.of(node.func).endswith("default_rng"):
        yield Edit("argument", *source.span(node.args[0]), "")


def statements(source: Source, node: ast.AST) -> Iterator[Edit]:
    """A statement left out."""
    kinds = (ast.Assign, ast.AugAssign, ast.Raise, ast.Expr)
    if isinstance(node, kinds) and not isinstance(getattr(node, "value", None), ast.Constant):
        yield Edit("statement", *source.span(node), "pass")


def pairs(source: Source, node: ast.AST) -> Iterator[Edit]:
    """The members of a pair that is returned or handed on exchanged."""
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        first, second = node.elts
        exchanged = f"{source.of(second)}, {source.of(first)}"
        yield Edit("pair", source.span(first)[0], source.span(second)[1], exchanged)
