"""The functions that ran while a question was answered, and their source."""

from __future__ import annotations

import ast
import gc
import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy

from chainrule import reference, spec_tests

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# chainrule's own modules: in a checkout the specs and the reference stand beside the others.
OWN = (Path(__file__).parents[2], Path(spec_tests.__file__).parent, Path(reference.__file__).parent)
LARGEST_FILE = 5000  # lines


@dataclass(frozen=True)
class Ran:
    """A function of somebody's that ran.

    function: as it lives.  node: its definition.  statement: the statement of its file, at the top, that it is part of.
    lines: those that ran.
    """

    function: FunctionType
    node: FunctionNode
    statement: ast.stmt
    lines: frozenset[int]

    @property
    def filename(self) -> str:
        return self.function.__code__.co_filename

    @property
    def numpy(self) -> str:
        """What the function's file calls NumPy; empty if it has no name for it."""
        return next((name for name, value in self.function.__globals__.items() if value is numpy), "")


def theirs(filename: str) -> bool:
    """Whether a file is of whoever is checked: no library, nothing of chainrule's."""
    if filename.startswith("<"):
        return filename.startswith("<ipython")
    path = Path(filename)
    library = path.is_relative_to(Path(sys.base_prefix) / "lib") or {"site-packages", "dist-packages"} & set(path.parts)
    return not library and not any(own in path.parents for own in OWN)


def traced(action: Callable[[], Any]) -> dict[CodeType, set[int]]:
    """Which code of theirs ran in an action, and which of its lines.  An exception of the action's ends it quietly."""
    found: dict[CodeType, set[int]] = {}
    known: dict[str, bool] = {}

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in known:
            known[code.co_filename] = theirs(code.co_filename)
        if not known[code.co_filename]:
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


def functions_of(codes: dict[CodeType, set[int]]) -> list[Ran]:
    """The living functions of these codes whose source is at hand, in the order in which they were first called."""
    living = [thing for thing in gc.get_referrers(*codes) if isinstance(thing, FunctionType)] if codes else []
    by_code = {thing.__code__: thing for thing in living}
    trees: dict[str, ast.Module | None] = {}
    found = []
    for code, lines in codes.items():
        if code not in by_code:
            continue
        filename = code.co_filename
        if filename not in trees:
            trees[filename] = tree_of(filename)
        tree = trees[filename]
        place = definition(tree, code) if tree is not None else None
        if place is not None:
            statement, node = place
            found.append(Ran(by_code[code], node, statement, frozenset(lines)))
    return found


def tree_of(filename: str) -> ast.Module | None:
    """The file's tree, or None where its text is out of reach, is none of Python, or is too long."""
    lines = linecache.getlines(filename)
    if not lines or len(lines) > LARGEST_FILE:
        return None
    try:
        return ast.parse("".join(lines), filename)
    except (SyntaxError, ValueError):
        return None


def definition(tree: ast.Module, code: CodeType) -> tuple[ast.stmt, FunctionNode] | None:
    """(the statement at the top, the definition) of a code object, found by its name and first line."""
    for statement in tree.body:
        last = statement.end_lineno or statement.lineno
        if not first_line(statement) <= code.co_firstlineno <= last:
            continue
        for node in ast.walk(statement):
            if not isinstance(node, FunctionNode) or first_line(node) != code.co_firstlineno:
                continue
            if getattr(node, "name", "<lambda>") == code.co_name:
                return statement, node
    return None


def first_line(node: ast.stmt | FunctionNode) -> int:
    """Where a definition begins, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
