"""Calls across the boundary, and the handles and caches that specs hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.contract.implementation import Model
from chainrule.support.arrays import to_numpy

DEEPEST = 6  # how far into what a cache holds one looks for arrays
RUNNING = object()  # what a call has returned so far


@dataclass
class Call:
    """One call across the boundary.

    name: the method.  arguments, keywords: as the spec gave them.  modified: which arguments the code wrote into.
    raw: what it returned, as it is; read: how to read that again.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    modified: list[str] = field(default_factory=list)
    raw: Any = RUNNING
    read: Callable[[Any], Any] = lambda raw: raw
    started: float = field(default_factory=time.perf_counter)
    model_sizes: Sequence[int] = ()
    model_parameters: tuple[list[np.ndarray], list[np.ndarray]] | None = None

    def reread(self) -> Any:
        """The result as it stands now: different from before if a later call wrote into it."""
        return self.read(self.raw)


@dataclass
class Handle:
    """A model as the specs hold it: the implementation's own, and what the suite last put into it."""

    model: Model
    sizes: Sequence[int]
    parameters: tuple[list[np.ndarray], list[np.ndarray]] | None = None


@dataclass(frozen=True)
class Cache:
    """What a forward pass keeps for its backward pass, as the specs hold it: opaque, and never copied.

    name, arguments: the call that made it.  contents: its arrays as they were then.
    """

    value: Any
    name: str
    arguments: tuple[Any, ...]
    contents: dict[str, tuple[Any, ...]]

    def kept(self) -> bool:
        """Whether every array in it is still there and still the same, to the byte."""
        now = contents(self.value)
        return all(now.get(place) == content for place, content in self.contents.items())


def copied(argument: Any) -> Any:
    """Arrays, and lists of them, as fresh copies; the rest, and models, as the implementation knows them."""
    if isinstance(argument, Handle):
        return argument.model
    if isinstance(argument, Cache):
        return argument.value
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, (list, tuple)):
        return type(argument)(copied(item) for item in argument)
    return argument


def same(before: Any, after: Any) -> bool:
    """Whether a copy that went to the implementation came back as it was, to the byte."""
    if isinstance(before, Cache):
        return before.kept()
    if isinstance(before, np.ndarray):
        return before.shape == np.shape(after) and before.tobytes() == after.tobytes()
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(same, before, after))
    return bool(before == after)


def contents(value: Any, place: str = "", above: tuple[int, ...] = ()) -> dict[str, tuple[Any, ...]]:
    """Every array, and list of numbers, inside tuples, lists, dictionaries and objects: {place: its content}.

    Single numbers are left out: to count the calls, or to set a flag, harms nobody.  above: what `value` is inside of.
    """
    if isinstance(value, np.ndarray) or hasattr(value, "__dlpack__"):
        try:
            array = to_numpy(value)
        except TypeError:  # out of reach, or no numbers
            return {}
        return {place: (array.shape, array.dtype.str, array.tobytes())} if array.ndim else {}
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (int, float)) for item in value):
        return {place: tuple(map(repr, value))}
    if id(value) in above or len(above) > DEEPEST or isinstance(value, ModuleType) or callable(value):
        return {}
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        items = list(getattr(value, "__dict__", {}).items())
    return {
        found: content
        for key, item in items
        for found, content in contents(item, f"{place}/{key!r}", (*above, id(value))).items()
    }
