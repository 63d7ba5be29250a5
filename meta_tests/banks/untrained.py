"""Removes the code that trains: functions and methods that only train, main guards, loops and calls at module level."""

import ast
import json

from chainrule.host.recognition.vocabulary import is_called
from chainrule.host.source.rule import main_guard

LOOPS = (ast.For, ast.While, ast.AsyncFor)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
TRAINING = ("gradient_descent", "sgd", "main", "nn_model", "model", "evaluate", "run")  # beside what `fit` is called


def untrained(source):
    """The source without its training."""
    tree = ast.parse(source)
    trains = {node.name for node in ast.walk(tree) if isinstance(node, FUNCTIONS) and only_trains(node.name)}
    tree.body = [statement for statement in tree.body if not trains_here(statement, trains)]
    for cls in [statement for statement in tree.body if isinstance(statement, ast.ClassDef)]:
        cls.body = [member for member in cls.body if getattr(member, "name", None) not in trains] or [ast.Pass()]
    return ast.unparse(tree)


def untrained_notebook(text):
    """A notebook whose code cells are one cell without the training."""
    notebook = json.loads(text)
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("%", "!"))]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps(notebook | {"cells": [cell | {"source": untrained("\n".join(lines))}]})


def only_trains(name):
    return name.lower() in TRAINING or is_called("operations", "fit", name)


def trains_here(statement, trains):
    """Whether a statement at module level trains, loops or calls something on its own."""
    if isinstance(statement, FUNCTIONS):
        return statement.name in trains
    if isinstance(statement, ast.If) and main_guard(statement.test) is False:
        return True
    alone = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    called = {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    }
    return alone or isinstance(statement, LOOPS) or (isinstance(statement, ast.Assign) and bool(called & trains))
