"""Finds where a file calls its own functions and classes from outside, with arguments that are literals."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from chainrule.host.recognition.namespaces import own_classes, own_functions

Literals = tuple[list[Any], dict[str, Any]]  # arguments, keywords


def literal_arguments(name: str, namespace: Mapping[str, Any]) -> list[Literals]:
    """The arguments of every call of a function, class or method of this name, if they all are literals.

    Calls of an object's methods by the object itself do not count.
    """
    found = []
    for filename in files(namespace):
        for call in calls("".join(linecache.getlines(filename))):
            if called(call) == name:
                try:
                    found.append(literals(call))
                except ValueError:
                    continue
    return found


def parameters_said(function: Any, said: Sequence[Literals]) -> dict[str, Any]:
    """{parameter: value} of the first of these calls that a function takes."""
    for arguments, keywords in said:
        try:
            return dict(inspect.signature(function).bind(*arguments, **keywords).arguments)
        except (TypeError, ValueError):
            continue
    return {}


def literals(call: ast.Call) -> Literals:
    """The arguments of a call.  Raises ValueError if one is not a literal."""
    arguments = [ast.literal_eval(argument) for argument in call.args]
    return arguments, {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}


def called(call: ast.Call) -> str:
    """The last name of what is called: `fit` in model.fit(x); nothing for self.fit(x)."""
    function = call.func
    if isinstance(function, ast.Attribute):
        own = isinstance(function.value, ast.Name) and function.value.id == "self"
        return "" if own else function.attr
    return function.id if isinstance(function, ast.Name) else ""


def files(namespace: Mapping[str, Any]) -> list[str]:
    """The files in which the functions and classes of a namespace stand."""
    methods = [item for _, cls in own_classes(namespace) for item in vars(cls).values() if inspect.isfunction(item)]
    functions = [*(function for _, function in own_functions(namespace)), *methods]
    return list(dict.fromkeys(function.__code__.co_filename for function in functions))


@lru_cache(maxsize=16)
def calls(source: str) -> tuple[ast.Call, ...]:
    """All calls in a source; none if Python cannot read it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Call))
