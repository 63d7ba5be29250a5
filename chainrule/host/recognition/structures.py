"""Arrays inside objects, lists, tuples and dictionaries, and paths to read and replace them.

A path is a tuple of steps, each an attribute's name or an item's key.  A path found in a network of one depth holds for
networks of that depth only, but of any sizes.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.support.arrays import alike, is_array

DEEPEST = 5
SIMPLE = (str, bytes, bool, type(None), type, np.random.Generator, np.random.RandomState)
NOT_ENTERED = (types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType, range)


@dataclass(frozen=True)
class Attribute:
    name: str

    def __str__(self) -> str:
        return f".{self.name}"


@dataclass(frozen=True)
class Item:
    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"


Step = Attribute | Item
Path = tuple[Step, ...]


def spell(path: Path) -> str:
    """A path as Python source, to be written after the name of its start."""
    return "".join(map(str, path))


def label(path: Path) -> str:
    """The last name on a path, with an index after it: W1, weights0, dW."""
    names = [step.name if isinstance(step, Attribute) else str(step.key) for step in path]
    while len(names) > 1 and names[-1].lstrip("-").isdigit():
        names[-2:] = [names[-2] + names[-1]]
    return names[-1] if names else ""


def leaves(value: Any, path: Path = (), seen: frozenset[int] = frozenset()) -> Iterator[tuple[Path, Any]]:
    """Every array, nested list of numbers and number in `value`, with its path."""
    if isinstance(value, SIMPLE) or id(value) in seen or len(path) > DEEPEST:
        return
    if is_array(value) or is_nested(value) or isinstance(value, (int, float, np.number)):
        yield path, value
    if is_array(value) or is_nested(value) or isinstance(value, (int, float, np.number, *NOT_ENTERED)):
        return
    seen = seen | {id(value)}
    for step, inner in inside(value):
        yield from leaves(inner, (*path, step), seen)


def inside(value: Any) -> list[tuple[Step, Any]]:
    """The items of a container, or the attributes of an object."""
    if isinstance(value, dict):
        return [(Item(key), inner) for key, inner in value.items()]
    if isinstance(value, (list, tuple)):
        if len(value) > 64 and not any(
            isinstance(inner, (list, tuple, dict)) or is_array(inner) for inner in value[:4]
        ):
            return []  # a list of many numbers counts as one array
        return [(Item(i), inner) for i, inner in enumerate(value)]
    if hasattr(value, "__dict__"):
        return [(Attribute(name), inner) for name, inner in vars(value).items()]
    if hasattr(type(value), "__slots__"):
        names = [name for name in type(value).__slots__ if isinstance(name, str)]
        return [(Attribute(name), getattr(value, name)) for name in names if hasattr(value, name)]
    return []


def is_nested(value: Any) -> bool:
    """Whether `value` is a list of numbers, or a list of such lists of equal length."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    if all(isinstance(inner, (int, float, np.number)) and not isinstance(inner, bool) for inner in value):
        return True
    return (
        all(isinstance(inner, (list, tuple)) and is_nested(inner) for inner in value)
        and len({len(inner) for inner in value}) == 1
        and not isinstance(value[0][0], (list, tuple))
    )


def shape(value: Any) -> tuple[int, ...]:
    """The shape of a leaf."""
    if is_array(value):
        return tuple(int(n) for n in value.shape)
    if isinstance(value, (list, tuple)):
        return (len(value), *shape(value[0]))
    return ()


def follow(value: Any, path: Path) -> Any:
    """The object at the end of a path.  Raises LookupError or AttributeError if the path ends early."""
    for step in path:
        value = getattr(value, step.name) if isinstance(step, Attribute) else value[step.key]
    return value


def replace(value: Any, path: Path, new: Any) -> Any:
    """`value` with `new` at the end of the path, changed in place unless the path goes through a tuple."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(step, Attribute):
        inner = replace(getattr(value, step.name), rest, new)
        if inner is not getattr(value, step.name):
            setattr(value, step.name, inner)
        return value
    inner = replace(value[step.key], rest, new)
    if inner is value[step.key]:
        return value
    if isinstance(value, tuple):
        items = [inner if i == step.key % len(value) else item for i, item in enumerate(value)]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    value[step.key] = inner
    return value


def put(value: Any, path: Path, array: np.ndarray) -> Any:
    """Write an array to the end of a path, as the kind of array found there.

    In place if possible, so that other references to the array see the change, else by replacing it.
    Returns `value`, or the object that replaces it.
    """
    old = follow(value, path)
    new = alike(array, old)
    if write_in_place(old, new):
        return value
    return replace(value, path, new)


def write_in_place(old: Any, new: Any) -> bool:
    """Write the content of `new` into `old`.  Returns whether `old` then has exactly this content."""
    if isinstance(old, list):
        old[:] = new
        return True
    if not is_array(old) or not shape(old) or shape(old) != shape(new):
        return False
    if isinstance(old, np.ndarray) and (old.dtype != new.dtype or not old.flags.writeable):
        return False
    try:
        old[...] = new
    except Exception:  # immutable arrays, and tensors that record gradients
        return False
    return bool(np.array_equal(np.asarray(old), np.asarray(new)))
