"""The statements of a file: their lines, whether they stand in a function, and where they branch."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chainrule.host.source.notebooks import code_cells
from chainrule.host.source.parsing import parse
from chainrule.support.function_nodes import first_line
from chainrule.support.source_positions import within

SILENT = (ast.Global, ast.Nonlocal)  # statements that Python compiles to nothing
BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")  # the fields that hold statements, in their order
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CONDITIONS = (ast.If, ast.While)
LOOPS = (ast.For, ast.AsyncFor)
Node = ast.stmt | ast.ExceptHandler | ast.match_case


@dataclass(frozen=True)
class Statement:
    """A statement, or the head of a compound one, from its first to its last line.

    inside: whether it is part of a function, so that a call can run it.  refuses: whether it raises an exception.
    branch: the first line of what it decides on, and what to say if that is never entered, and if it always is; None
    for a statement that decides nothing.
    """

    first: int
    last: int
    inside: bool
    refuses: bool = False
    branch: tuple[int, str, str] | None = None


def statements(path: Path) -> list[Statement]:
    """The statements of a file or notebook in their order, as chainrule reads it."""
    found: list[Statement] = []
    for statement in walked(parse(path, path.name)[0], inside=False):
        if not found or statement.first > found[-1].last:  # a body on the line of its head belongs to the head
            found.append(statement)
    return found


def walked(body: Sequence[Node], inside: bool) -> Iterator[Statement]:
    """The statements of a body and of all bodies in them, from the top down."""
    for node in body:
        if not does_nothing(node):
            yield head(node, inside)
        for block in BLOCKS:
            yield from walked(getattr(node, block, ()), inside or isinstance(node, FUNCTIONS))


def does_nothing(node: Node) -> bool:
    """Whether Python runs nothing for a statement: a docstring, a declaration, a `while True`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.While):
        return isinstance(node.test, ast.Constant)
    return isinstance(node, SILENT) or (isinstance(node, ast.AnnAssign) and node.value is None)


def head(node: Node, inside: bool) -> Statement:
    """A statement without the bodies in it."""
    first = line_of(node)
    inner = [line_of(part) for block in BLOCKS for part in getattr(node, block, ())]
    last = max(first, min(inner) - 1) if inner else getattr(node, "end_lineno", None) or first
    holds_function = not inner and any(isinstance(part, ast.Lambda) for part in ast.walk(node))
    return Statement(first, last, inside or holds_function, isinstance(node, ast.Raise), branch(node, first))


def line_of(node: Node) -> int:
    """Where a statement, a handler of exceptions or a case begins."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    return node.lineno if isinstance(node, ast.ExceptHandler) else first_line(node)


def branch(node: Node, first: int) -> tuple[int, str, str] | None:
    """What a condition or a loop decides on; None for other statements, and where that stands on the same line."""
    if not isinstance(node, (*CONDITIONS, *LOOPS)):
        return None
    target = next((line_of(part) for part in node.body if not does_nothing(part)), first)
    if target == first or does_nothing(node):
        return None
    if isinstance(node, LOOPS):
        return target, "the loop never ran", "the loop never came to its end"
    return target, "the condition was never true", "the condition was never false"


def source_lines(path: Path) -> list[tuple[str, str]]:
    """(place, text) of every line: the place is a line's number, or `cell 3:12` in a notebook."""
    text = "\n".join(code_cells(path, path.name)) if path.suffix == ".ipynb" else decoded(path.read_bytes())
    lines = text.removesuffix("\n").split("\n")
    return [(within(str(path), number).removeprefix("line "), line) for number, line in enumerate(lines, 1)]


def decoded(source: bytes) -> str:
    """A file's text in the encoding that it declares, and with the ends of lines as Python counts them."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        text = source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = source.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
