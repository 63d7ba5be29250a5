"""The functions of the checked code that ran, as data, and another body for one of them.

A function that runs is named by its file, name and first line; what replaces its body is source text.
"""

from __future__ import annotations
import __future__

import ast
import gc
import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
LARGEST_FILE = 5000  # lines
# What a `from __future__` leaves in a code object, and the compiler needs to be told again.
COMPILER_FLAGS = sum(getattr(__future__, name).compiler_flag for name in ("annotations", "division", "generator_stop"))


@dataclass(frozen=True)
class Function:
    """A function of the checked code that ran.

    name, first_line, last_line: of its definition in `filename`.  source: the text of the statement around it, that of
    its method in a class of one method; begins: the line of the file at which that text begins.  lines: those that ran.
    numpy: what the file calls NumPy, empty if it has no name for it.
    """

    filename: str
    name: str
    first_line: int
    last_line: int
    source: str = field(compare=False)
    begins: int = field(compare=False)
    lines: frozenset[int] = field(compare=False)
    numpy: str = field(compare=False)

    @property
    def key(self) -> tuple[str, int]:
        """What tells its code object from others of the file."""
        return self.name, self.first_line

    def overlaps(self, other: Function) -> bool:
        """Whether one of the two contains the other."""
        return (
            self.filename == other.filename
            and self.first_line <= other.last_line
            and other.first_line <= self.last_line
        )


class Functions:
    """The functions that ran so far; each keeps its own code but while it is `changed`."""

    def __init__(self) -> None:
        self.living: dict[Function, FunctionType] = {}

    def ran(self, action: Callable[[], Any]) -> list[Function]:
        """The functions that an action runs and whose source is at hand, in the order in which they are first called.

        An exception of the action's ends it quietly.
        """
        codes = traced(action)
        living = [thing for thing in gc.get_referrers(*codes) if isinstance(thing, FunctionType)] if codes else []
        by_code = {thing.__code__: thing for thing in living}
        found = []
        for code, lines in codes.items():
            function = described(by_code[code], lines) if code in by_code else None
            if function is not None:
                self.living[function] = by_code[code]
                found.append(function)
        return found

    @contextmanager
    def changed(self, function: Function, source: str) -> Iterator[None]:
        """Run a function, and those around and inside it, with the code of `source`; afterwards with their own.

        source: what stands in place of `function.source`, its lines where they are.  Raises SyntaxError or ValueError
        where it cannot stand in for them.
        """
        flags = self.living[function].__code__.co_flags & COMPILER_FLAGS
        text = "\n" * (function.begins - 1) + source
        codes = codes_in(compile(text, function.filename, "exec", flags=flags, dont_inherit=True))
        concerned = {self.living[one]: one.key for one in self.living if one.overlaps(function)}
        kept = [(one, one.__code__, key) for one, key in concerned.items()]
        try:
            for one, own, key in kept:
                new = codes.get(key)
                if new is None or new.co_freevars != own.co_freevars:
                    raise ValueError(f"{own.co_name}: its code cannot be replaced")
                one.__code__ = new
            yield
        finally:
            for one, own, _ in kept:
                one.__code__ = own


def traced(action: Callable[[], Any]) -> dict[CodeType, set[int]]:
    """Which code of theirs ran in an action, and which of its lines.  An exception of the action's ends it quietly."""
    found: dict[CodeType, set[int]] = {}

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        code = frame.f_code
        if not theirs(code.co_filename):
            return None
        lines = found.setdefault(code, set())
        if event == "line":
            lines.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except Exception:
        pass
    finally:
        sys.settrace(before)
    return found


@cache
def theirs(filename: str) -> bool:
    """Whether a file belongs to the checked code: it is no library, and nothing of chainrule's."""
    if filename.startswith("<"):
        return filename.startswith("<ipython")
    path = Path(filename)
    library = path.is_relative_to(Path(sys.base_prefix) / "lib") or {"site-packages", "dist-packages"} & set(path.parts)
    return not library and not any(own in path.parents for own in own_folders())


@cache
def own_folders() -> tuple[Path, ...]:
    """The folders of chainrule: in a checkout those of the specs and of the reference stand beside the others."""
    names = ("chainrule", "chainrule.spec_tests", "chainrule.reference")
    specs = [found for found in map(find_spec, names) if found is not None]
    return tuple(Path(folder) for spec in specs for folder in spec.submodule_search_locations or ())


def described(function: FunctionType, lines: set[int]) -> Function | None:
    """A function as data, or None where its source is out of reach, or does not tell it from another."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename))
    tree = tree_of(text)
    defined = definition(tree, code) if tree is not None else None
    if defined is None:
        return None
    statement, node = defined
    begins, source = around(text, statement, node)
    return Function(
        code.co_filename,
        code.co_name,
        code.co_firstlineno,
        node.end_lineno or node.lineno,
        source,
        begins,
        frozenset(lines),
        next((name for name, value in function.__globals__.items() if value is numpy), ""),
    )


@cache
def tree_of(text: str) -> ast.Module | None:
    """The tree of a file's text, or None where that is empty, too long, or not Python."""
    if not text or text.count("\n") > LARGEST_FILE:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def definition(tree: ast.Module, code: CodeType) -> tuple[ast.stmt, FunctionNode] | None:
    """(the statement at the top, the definition) of a code object, found by its name and first line."""
    for statement in tree.body:
        last = statement.end_lineno or statement.lineno
        if first_line(statement) <= code.co_firstlineno <= last:
            for node in ast.walk(statement):
                if isinstance(node, FunctionNode) and (name_of(node), first_line(node)) == (
                    code.co_name,
                    code.co_firstlineno,
                ):
                    return statement, node
    return None


def around(text: str, statement: ast.stmt, node: FunctionNode) -> tuple[int, str]:
    """(first line, text) of the statement around a function; of a class no more than it takes to compile one method."""
    within, header = statement, ""
    if isinstance(statement, ast.ClassDef):
        for method in statement.body:
            if isinstance(method, ast.FunctionDef) and node in ast.walk(method):
                within, header = method, f"class {statement.name}:\n"
    lines = text.split("\n")[first_line(within) - 1 : within.end_lineno]
    return first_line(within) - bool(header), header + "\n".join(lines)


def first_line(node: ast.stmt | FunctionNode) -> int:
    """Where a definition begins, its decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def name_of(node: FunctionNode) -> str:
    return getattr(node, "name", "<lambda>")


def codes_in(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """{(name, first line): code} of every function inside."""
    found: dict[tuple[str, int], CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.setdefault((constant.co_name, constant.co_firstlineno), constant)
            found.update(codes_in(constant))
    return found
