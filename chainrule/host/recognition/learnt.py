"""What the author's own calls show about functions: what each computes, and what each of its parameters takes.

Evidence counts more than names.  It belongs to a function, so the register goes by the functions themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

VALIDATION_X, VALIDATION_Y = "validation inputs", "validation labels"  # roles of what a training takes besides
NAMED = "named "  # before the name of one parameter or result, in place of a role
KEPT = "the network's "  # before the name of an attribute of the network's object, in place of that of a result


@dataclass(frozen=True)
class PerLayer:
    """What the author gives for each layer of a network, such as activations, by name or as functions."""

    values: tuple[Any, ...]

    def of(self, layers: int) -> list[Any]:
        """The same for a network with so many layers: the author's first for hidden layers, the last one at last."""
        return list(self.values) if layers == len(self.values) else [*self.values[:1] * (layers - 1), self.values[-1]]


@dataclass(frozen=True)
class Start:
    """The author's call for the gradient of the loss with respect to the output, where a backward pass begins.

    function: the function, or the name of a method of the class `owner`.
    arguments: {parameter: `output`, `y`, or (the author's value,)}.  sure: whether the calls show that it is the
    network's output, and not what a loss made of it.
    """

    function: Any
    owner: str
    arguments: Mapping[str, Any]
    sure: bool = False


@dataclass(frozen=True)
class Learnt:
    """What calls of one function show.

    operation: what it computes; empty if the calls do not show it.  `create` for the constructor of a network.
    roles: {parameter: role, or NAMED and a name}.  fixed: {parameter: the value the author gives it}; PerLayer for a
    list of names, one for each layer.
    labels: the form of the labels it takes, `index` or `one_hot`; empty if it takes none.
    attributes: {attribute: role}, of the object to which it belongs.
    loses: whether its result begins with a number, as loss and gradients do.
    where: `file:line` of a call.  alone: whether every call gave it one sample, and no batch.
    unsettled: whether a script uses it with a network that chainrule does not see, so that its conventions are unknown.
    idle: whether a script trains a network and leaves it uncalled.
    slope: whether a part of its result is the gradient from which a backward pass starts.
    start: how its output gradient is computed; None if the calls do not show it.
    keywords: the names of what the author passes through **keywords.
    succeeds: whether one of the calls ended without an exception.
    upright: whether its labels are whole numbers in one column, of shape (N, 1).
    begins: whether the author starts it from the slopes of a `sum` over the batch, or of a `mean`; empty if unknown.
    """

    operation: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    labels: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    alone: bool = False
    unsettled: bool = False
    idle: bool = False
    loses: bool = False
    slope: bool = False
    start: Start | None = None
    keywords: frozenset[str] = frozenset()
    succeeds: bool = False
    upright: bool = False
    begins: str = ""


NOTHING = Learnt()
REGISTER: WeakKeyDictionary[FunctionType, Learnt] = WeakKeyDictionary()


def learnt_of(function: Any) -> Learnt:
    """What the author's calls show about a function, a method, or the constructor of a class."""
    if isinstance(function, type):
        function = vars(function).get("__init__")
    plain = getattr(function, "__func__", function)
    return REGISTER.get(plain, NOTHING) if isinstance(plain, FunctionType) else NOTHING


def learn(function: Any, learnt: Learnt) -> None:
    """Register what calls show about a function or method."""
    REGISTER[getattr(function, "__func__", function)] = learnt


def attributes_of(cls: type) -> dict[str, str]:
    """{attribute: role} of the objects of a class, as far as the author's calls show it."""
    found: dict[str, str] = {}
    for base in cls.__mro__[:-1]:
        for member in vars(base).values():
            found |= learnt_of(member).attributes
    return found
