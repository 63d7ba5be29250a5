"""Methods that others rely on: those that must run first, and those that begin a pass."""

from __future__ import annotations

import ast
import dis
import inspect
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from chainrule.host.recognition.settings import source_of


def set_earlier(error: BaseException) -> str:
    """Which attribute is missing, and which method of the same class sets it; empty for any other exception.

    The constructor and the forward pass do not count: chainrule calls them first, so that what they set is there.
    """
    if not isinstance(error, AttributeError) or error.name is None or isinstance(error.obj, type):
        return ""
    for name, method in inspect.getmembers(type(error.obj), inspect.isfunction):
        if name != "__init__" and error.name in attributes_set(method):
            return f"it reads `{error.name}`, which {name} sets"
    return ""


def attributes_set(method: FunctionType) -> set[str]:
    """The names of the attributes that a method assigns."""
    return {str(step.argval) for step in dis.get_instructions(method) if step.opname == "STORE_ATTR"}


@lru_cache(maxsize=256)
def attributes_cleared(code: CodeType) -> frozenset[str]:
    """The names of the attributes that a function sets to zero, or to arrays of zeros."""
    defined = source_of(code)
    found = [] if defined is None else [node for node in ast.walk(defined[1]) if isinstance(node, ast.Assign)]
    targets = [target for node in found if is_zero(node.value) for target in node.targets]
    stored = [target.value if isinstance(target, ast.Subscript) else target for target in targets]
    return frozenset(target.attr for target in stored if isinstance(target, ast.Attribute))


def is_zero(value: ast.expr) -> bool:
    """Whether an expression is 0, a call such as np.zeros(...), or a list of these."""
    if isinstance(value, ast.ListComp):
        return is_zero(value.elt)
    if isinstance(value, ast.Call):
        return getattr(value.func, "attr", getattr(value.func, "id", "")) in ("zeros", "zeros_like")
    return isinstance(value, ast.Constant) and value.value in (0, 0.0)


def begin(thing: Any) -> None:
    """Call the methods of a new object that only set attributes which it lacks, such as counters, to constants."""
    for name, method in inspect.getmembers(type(thing), inspect.isfunction):
        stored = attributes_set(method)
        plain = method.__code__.co_argcount == 1 and stored == set(method.__code__.co_names)
        if plain and not name.startswith("__") and not any(hasattr(thing, attribute) for attribute in stored):
            method(thing)
