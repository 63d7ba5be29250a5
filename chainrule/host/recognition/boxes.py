"""Classes of the code whose objects hold one number or array, such as Tensor; functions that take such objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Binding
from chainrule.host.recognition.namespaces import own_classes
from chainrule.host.recognition.structures import SIMPLE
from chainrule.support.arrays import is_array

DATA, GRADIENT = ("data", "value", "val"), ("grad", "gradient")


def attribute(box: Any, names: Sequence[str]) -> str | None:
    """The attribute of an object that has one of these names."""
    return next((name for name in names if hasattr(box, name)), None)


def is_box(value: Any) -> bool:
    """Whether an object of the code holds a number or an array."""
    if is_array(value) or isinstance(value, (*SIMPLE, int, float, list, tuple, dict)):
        return False
    held = attribute(value, DATA)
    return held is not None and (is_array(getattr(value, held)) or isinstance(getattr(value, held), (int, float)))


def is_node(value: Any) -> bool:
    """Whether such an object knows its gradient too."""
    return is_box(value) and attribute(value, GRADIENT) is not None


def data_of(box: Any) -> Any:
    """What an object holds."""
    return getattr(box, attribute(box, DATA) or DATA[0])


def box_class(namespace: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    """The class of a namespace that is made of an array and holds it."""
    array = np.ones((2, 3))
    for _, cls in own_classes(namespace):
        try:
            if np.array_equal(data_of(cls(array)), array):
                return cls
        except Exception:
            continue
    return None


def called(function: Callable[..., Any], given: Binding) -> Any:
    """The result of a function of arrays; of one that takes and gives the code's own objects, what these hold."""
    try:
        result = function(*given.arguments, **given.keywords)
    except AttributeError:
        box = box_class(getattr(function, "__globals__", {}))
        if box is None:
            raise
        arguments = [box(value) if is_array(value) else value for value in given.arguments]
        keywords = {name: box(value) if is_array(value) else value for name, value in given.keywords.items()}
        result = function(*arguments, **keywords)
    return data_of(result) if is_box(result) else result
