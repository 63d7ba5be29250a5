"""The functions of the checked code that ran, as data, and another body for one of them.

A function that runs is named by its file, name and first line; what replaces its body is source text.
"""

from __future__ import annotations
import __future__

import ast
import gc
import linecache
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy

from chainrule.host.protocol import Function
from chainrule.support.function_nodes import FunctionNode, first_line, name_of

LARGEST_FILE = 5000  # lines
# What a `from __future__` leaves in a code object, and the compiler needs to be told again.
COMPILER_FLAGS = sum(getattr(__future__, name).compiler_flag for name in ("annotations", "division", "generator_stop"))


class FunctionRegister:
    """The functions that ran so far.  Each keeps its own code, except the one that stands changed."""

    def __init__(self) -> None:
        self.living: dict[Function, FunctionType] = {}
        self.codes: dict[CodeType, set[int]] = {}
        self.kept: list[tuple[FunctionType, CodeType]] = []

    def trace(self) -> None:
        """From here on note which code of theirs runs, and which of its lines."""
        codes = self.codes = {}

        def noted(frame: FrameType, event: str, _argument: Any) -> Any:
            code = frame.f_code
            if not theirs(code.co_filename):
                return None
            lines = codes.setdefault(code, set())
            if event == "line":
                lines.add(frame.f_lineno)
            return noted

        self.before = sys.gettrace()
        sys.settrace(noted)

    def traced(self) -> list[Function]:
        """End the tracing: the functions that ran and whose source is at hand, in the order of their first calls."""
        sys.settrace(self.before)
        codes = self.codes
        living = [thing for thing in gc.get_referrers(*codes) if isinstance(thing, FunctionType)] if codes else []
        by_code = {thing.__code__: thing for thing in living}
        found = []
        for code, lines in codes.items():
            function = described(by_code[code], lines) if code in by_code else None
            if function is not None:
                self.living[function] = by_code[code]
                found.append(function)
        return found

    def change(self, function: Function, source: str) -> None:
        """Give a function, and those around and inside it, the code of `source`, until they are restored.

        source: what stands in place of `function.source`, its lines where they are.  Raises SyntaxError or ValueError
        where it cannot stand in for them.
        """
        flags = self.living[function].__code__.co_flags & COMPILER_FLAGS
        text = "\n" * (function.begins - 1) + source
        codes = codes_in(compile(text, function.filename, "exec", flags=flags, dont_inherit=True))
        for one in {self.living[one]: one for one in self.living if one.overlaps(function)}.values():
            live = self.living[one]
            own, new = live.__code__, codes.get(one.key)
            if new is None or new.co_freevars != own.co_freevars:
                self.restore()
                raise ValueError(f"{one.name}: its code cannot be replaced")
            self.kept.append((live, own))
            live.__code__ = new

    def restore(self) -> None:
        """Give every function its own code back."""
        while self.kept:
            live, own = self.kept.pop()
            live.__code__ = own


@cache
def theirs(filename: str) -> bool:
    """Whether a file belongs to the checked code: it is neither a library's nor chainrule's."""
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
        tuple(sorted(lines)),
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
    """(first line, text) of the statement around a function; of a class, only what one method needs to compile."""
    within, header = statement, ""
    if isinstance(statement, ast.ClassDef):
        for method in statement.body:
            if isinstance(method, ast.FunctionDef) and node in ast.walk(method):
                within, header = method, f"class {statement.name}:\n"
    lines = text.split("\n")[first_line(within) - 1 : within.end_lineno]
    return first_line(within) - bool(header), header + "\n".join(lines)


def codes_in(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """{(name, first line): code} of every function inside."""
    found: dict[tuple[str, int], CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.setdefault((constant.co_name, constant.co_firstlineno), constant)
            found.update(codes_in(constant))
    return found
