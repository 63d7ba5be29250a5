"""Tells methods that must run after another method, which chainrule did not call, from methods that are wrong."""

from __future__ import annotations

import dis
import inspect
from types import FunctionType


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
