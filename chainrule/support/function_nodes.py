"""Function definitions in a syntax tree."""

import ast

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def first_line(node: ast.stmt | FunctionNode) -> int:
    """Where a definition begins, its decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def name_of(node: FunctionNode) -> str:
    """The name that the code object of a definition has."""
    return getattr(node, "name", "<lambda>")
