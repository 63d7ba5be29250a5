"""Renames what a file defines to names that mean nothing: functions, classes, methods, parameters and attributes."""

import ast
import builtins
import json
import keyword

import numpy as np

KNOWN = frozenset(  # names that a file shares with NumPy and Python, whose attributes it uses
    name
    for thing in (
        np,
        np.random,
        np.linalg,
        np.ndarray,
        np.random.Generator,
        np.random.RandomState,
        list,
        dict,
        str,
        set,
        builtins,
    )
    for name in dir(thing)
)


def nonsense(source):
    """The source with names such as `v17` in place of its own."""
    tree = ast.parse(source)
    names = {name: f"v{number}" for number, name in enumerate(sorted(own_names(tree)))}
    return ast.unparse(Renamer(names).visit(tree))


def nonsense_notebook(text):
    """A notebook whose code cells are one cell with nonsense names."""
    notebook = json.loads(text)
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps(notebook | {"cells": [cell | {"source": nonsense("\n".join(lines))}]})


def own_names(tree):
    """The names of functions, classes, parameters and attributes that the file itself defines."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            fields = [inner.target for inner in node.body if isinstance(inner, ast.AnnAssign)]
            found |= {field.id for field in fields if isinstance(field, ast.Name)}
        if isinstance(node, ast.arguments):
            found |= {
                each.arg for each in (*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg) if each
            }
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    spelled = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {
        name
        for name in found - KNOWN - spelled - {"self", "cls", "CHAINRULE"}
        if not name.startswith("__") and not keyword.iskeyword(name)
    }


class Renamer(ast.NodeTransformer):
    def __init__(self, names):
        self.names = names

    def visit(self, node):
        for field in ("name", "id", "attr", "arg"):
            held = getattr(node, field, None)
            if isinstance(held, str) and not isinstance(node, (ast.alias, ast.ExceptHandler)):
                setattr(node, field, self.names.get(held, held))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self.names.get(name, name) for name in node.names]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)
