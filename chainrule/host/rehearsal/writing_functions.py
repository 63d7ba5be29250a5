"""Compiles functions from an author's own statements, at the lines at which they stand in the file."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

GIVEN = "given_"  # before the name of a value that a function keeps


def compiled(
    name: str,
    arguments: Sequence[str],
    statements: Sequence[ast.stmt],
    *,
    before: Sequence[str],
    after: Sequence[str],
    kept: Mapping[str, Any],
    namespace: dict[str, Any],
    file: str,
) -> FunctionType:
    """A function of statements between lines of chainrule's own, before and after.

    kept: {name: value} that the function keeps.  namespace: its globals.  Raises SyntaxError for statements that
    cannot stand alone, as a `break` cannot.
    """
    line = statements[0].lineno if statements else 1
    ahead, behind = (at_line(ast.parse("\n".join(lines)).body, line) for lines in (before, after))
    inner = ast.parse(f"def {name}({', '.join(arguments)}): pass").body[0]
    outer = ast.parse(f"def made({', '.join(kept)}):\n    return {name}").body[0]
    assert isinstance(inner, ast.FunctionDef)
    assert isinstance(outer, ast.FunctionDef)
    at_line([inner, outer], line)
    inner.body = [*ahead, *(copy.deepcopy(statement) for statement in statements), *behind]
    outer.body.insert(0, inner)
    code = compile(ast.fix_missing_locations(ast.Module([outer], [])), file, "exec", dont_inherit=True)
    scope: dict[str, Any] = {}
    exec(code, namespace, scope)
    found: FunctionType = scope["made"](**kept)
    return found


def at_line(statements: list[ast.stmt], line: int) -> list[ast.stmt]:
    """The statements, all at one line."""
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno = node.end_lineno = line
    return statements


class Replacing(ast.NodeTransformer):
    """Puts names in the places of expressions.  names: {expression, as it is spelled: name}."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            name = self.names.get(ast.unparse(node)) if self.names else None
            if name is not None:
                return ast.copy_location(ast.Name(name, ast.Load()), node)
        return super().visit(node)


def replaced(statements: Sequence[ast.stmt], names: Mapping[str, str]) -> list[ast.stmt]:
    """Copies of statements with names in the places of expressions."""
    return [Replacing(names).visit(copy.deepcopy(statement)) for statement in statements]
