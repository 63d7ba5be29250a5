"""Tells functions of other arrays than NumPy's, which raise for these, from functions that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.namespaces import own_classes
from chainrule.host.source.stand_ins import Placeholder

LIBRARIES = ("torch", "jax", "tensorflow", "cupy", "mxnet", "autograd", "paddle")


def takes_other_arrays(error: BaseException, namespace: Mapping[str, Any]) -> str:
    """What a function of this namespace takes instead of arrays, if its exception shows that; else an empty text."""
    absent = {repr(value)[1:].partition(":")[0].partition(".")[0] for value in namespace.values() if is_absent(value)}
    missing = next((name for name in LIBRARIES if name in absent), "")
    if missing and isinstance(error, (AttributeError, TypeError)):
        return f"takes arrays of {missing}, which is not installed"
    if not isinstance(error, AttributeError) or not isinstance(error.obj, np.ndarray):
        return ""
    owner = next((name for name, cls in own_classes(namespace) if error.name in attributes(cls)), "")
    return f"takes {owner} objects, with `{error.name}`, and not arrays" if owner else ""


def is_absent(value: Any) -> bool:
    return type(value) is Placeholder


def attributes(cls: type) -> set[str]:
    """The names that a class defines, and those that its methods use."""
    own = vars(cls)
    used = {name for method in own.values() if isinstance(method, FunctionType) for name in method.__code__.co_names}
    return {*own, *used}
