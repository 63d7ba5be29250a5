"""Finds the functions and classes that a file itself defines, and those with the name of an operation."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeVar

from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.vocabulary import is_called, plain, rank

Operation = tuple[str, Callable[..., Any]]  # a function and its name
Function = TypeVar("Function", bound=Callable[..., Any])


def own_functions(namespace: Mapping[str, Any]) -> tuple[tuple[str, FunctionType], ...]:
    """The functions in a namespace that do not come from a library."""
    functions = tuple((name, value) for name, value in namespace.items() if isinstance(value, FunctionType))
    return written_by_hand(functions, home_of(namespace))


@lru_cache(maxsize=64)
def written_by_hand(functions: tuple[tuple[str, FunctionType], ...], home: str) -> tuple[tuple[str, FunctionType], ...]:
    """The functions among these that do not come from a library."""
    return tuple((name, value) for name, value in functions if is_own(value, home))


def own_classes(namespace: Mapping[str, Any]) -> list[tuple[str, type]]:
    home = home_of(namespace)
    return [(name, value) for name, value in namespace.items() if inspect.isclass(value) and is_own(value, home)]


def names_read(namespace: Mapping[str, Any]) -> set[str]:
    """The names of globals, and of attributes, that the code's own functions and methods read."""
    bases = [base for _, cls in own_classes(namespace) for base in cls.__mro__ if base.__module__ == cls.__module__]
    methods = [method for base in bases for method in vars(base).values()]
    waiting = [getattr(thing, "__code__", None) for thing in [*methods, *dict(own_functions(namespace)).values()]]
    read: set[str] = set()
    while waiting:
        code = waiting.pop()
        if isinstance(code, CodeType):
            read.update(code.co_names)
            waiting += code.co_consts  # functions inside it
    return read


def home_of(namespace: Mapping[str, Any]) -> str:
    """The package or module of a namespace."""
    return str(namespace.get("__name__", "")).partition(".")[0]


def is_own(value: Any, home: str = "") -> bool:
    """Whether a function or class comes neither from Python nor from an installed library other than `home`."""
    if home and str(getattr(value, "__module__", "")).partition(".")[0] == home:
        return True
    code = getattr(value, "__code__", None)
    if code is None and inspect.isclass(value):
        methods = [item for item in vars(value).values() if isinstance(item, FunctionType)]
        code = methods[0].__code__ if methods else None
    if not isinstance(code, CodeType):
        return False
    return not of_a_library(code.co_filename)


def of_a_library(filename: str) -> bool:
    """Whether a file belongs to Python or to an installed library."""
    return "site-packages" in filename or filename.startswith("<frozen") or "/lib/python" in filename


def ranked(operation: str, functions: Sequence[tuple[str, Function]]) -> list[tuple[str, Function]]:
    """The functions that may compute an operation, the likeliest first; of equal ones, the last defined.

    The author's calls count more than names.
    """
    found = []
    for i, (name, function) in enumerate(functions):
        if fits(operation, name, function):
            named = rank(operation, name)
            shown = learnt_of(function).operation == operation
            found.append((not shown, sys.maxsize if named is None else named, -i, name, function))
    return [(name, function) for *_, name, function in sorted(found, key=lambda item: item[:3])]


def fits(operation: str, name: str, function: Any) -> bool:
    """Whether the author's calls, or its name, say that a function computes an operation."""
    shown = learnt_of(function).operation
    updates = operation == "step" and shown == "backward"  # the gradients are computed inside
    return shown == operation or (rank(operation, name) is not None and not updates)


def methods_of(value: Any) -> list[tuple[str, Any]]:
    """The methods of an object, also of its base classes, and functions in its attributes."""
    members: dict[str, Any] = {}
    for cls in reversed(type(value).__mro__[:-1]):
        members |= vars(cls)
    own, kind = value.__dict__ if hasattr(value, "__dict__") else {}, type(value)
    return [
        (unmangled(name, kind.__mro__[:-1]), getattr(value, name))
        for name, member in members.items()
        if isinstance(own.get(name, member), (FunctionType, staticmethod, classmethod))
    ]


@lru_cache(maxsize=4096)
def unmangled(name: str, classes: tuple[type, ...]) -> str:
    """The name of a private method as one of its classes writes it: `__forward` for `_Net__forward`."""
    before = (f"_{base.__name__.lstrip('_')}" for base in classes)
    return next((name.removeprefix(word) for word in before if name.startswith(f"{word}__")), name)


def network_classes(namespace: Mapping[str, Any]) -> list[tuple[str, type]]:
    """Classes that may be networks: by name, then others with a method like a forward pass."""
    classes = own_classes(namespace)

    def place(item: tuple[str, type]) -> tuple[int, int]:
        name = item[0]
        network = is_called("classes", "network", name) and not ends_as_layer(name)
        shown = learnt_of(item[1]).operation == "create"
        return 0 if name == "MLP" or shown else 1 if network else 2, -[n for n, _ in classes].index(name)

    networks = (item for item in classes if acts(item[1]) and (place(item)[0] < 2 or not is_layer_name(item[0])))
    return sorted(networks, key=place)


def ends_as_layer(name: str) -> bool:
    return plain(name).endswith(("layer", "neuron", "loss", "optimizer", "trainer"))


def is_layer_name(name: str) -> bool:
    return is_called("classes", "layer", name)


def acts(cls: type) -> bool:
    """Whether a class makes the network that the author's calls use, or has a method like a forward pass."""
    members = [item for base in cls.__mro__[:-1] for item in vars(base).items()]
    return learnt_of(cls).operation == "create" or any(
        fits(operation, *member) for member in members for operation in ("forward", "predict", "loss", "fit")
    )
