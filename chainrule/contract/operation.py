"""One operation of the contract, as data: its name, what it takes, what it gives, and the chapter it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Kinds of arguments: what chainrule hands over.
ARRAY, LABELS, MODEL, PARAMETERS, CACHE = "array", "labels", "model", "parameters", "cache"
NUMBER, SIZE, SIZES, SEED, GENERATOR = "number", "size", "sizes", "seed", "generator"
# Kinds of results that are no arguments too: how chainrule reads what comes back.
HISTORY, NOTHING, BIAS, FUNCTION = "history", "nothing", "bias", "function"

REQUIRED = object()  # the default of an argument that has none


@dataclass(frozen=True)
class Argument:
    """One argument: its name in the contract, its kind, whether it is passed by keyword, and its default."""

    name: str
    kind: str
    keyword: bool = False
    default: object = REQUIRED

    def __str__(self) -> str:
        return self.name if self.default is REQUIRED else f"{self.name}={self.default!r}"


@dataclass(frozen=True)
class Result:
    """One part of a result: its name in the contract and its kind."""

    name: str
    kind: str = ARRAY


@dataclass(frozen=True)
class Operation:
    """What an implementation may offer under a name of the contract.

    takes, gives: in order.  meaning: shapes and values, in words.  chapter: of the specification.
    of_network: whether it is a method of the network, whose model is its first argument.
    spelled: the name that code in the native style uses, where it differs (`MLP` for `create`).
    undoes: the forward pass whose gradients a backward pass gives.  changes: whether it changes the network.
    """

    name: str
    takes: tuple[Argument, ...]
    gives: tuple[Result, ...]
    meaning: str
    chapter: str
    of_network: bool = False
    spelled: str = ""
    undoes: str = ""
    changes: bool = False

    @property
    def native_name(self) -> str:
        """The name that code in the native style uses."""
        return self.spelled or self.name

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The names of the positional arguments, in order."""
        return tuple(argument.name for argument in self.takes if not argument.keyword)

    @property
    def adapter_signature(self) -> str:
        """The arguments as an adapter's method takes them after `self`."""
        return self._signature(self.takes, defaults=False)

    @property
    def native_signature(self) -> str:
        """The arguments as code in the native style takes them: methods of a network without the model."""
        return self._signature([a for a in self.takes if a.kind != MODEL], defaults=True)

    @staticmethod
    def _signature(arguments: tuple[Argument, ...] | list[Argument], defaults: bool) -> str:
        written = [str(a) if defaults else a.name for a in arguments if not a.keyword]
        keywords = [str(a) if defaults else a.name for a in arguments if a.keyword]
        return ", ".join([*written, *(["*", *keywords] if keywords else [])])


@dataclass(frozen=True)
class Stage:
    """A call of an operation that shows how an extension computes.

    arguments: of the call; the first one is an array that may be changed a little.  part: which result to look at.
    change: `multiplied` or `shifted`, by which the first argument is changed and the result stays comparable.
    """

    operation: str
    arguments: tuple[np.ndarray, ...]
    part: int
    change: str = ""


def arrays(*names: str) -> tuple[Argument, ...]:
    """Arguments that are arrays, by their names."""
    return tuple(Argument(name, ARRAY) for name in names)


def parts(*names: str) -> tuple[Result, ...]:
    """Results that are arrays, by their names; `cache` is opaque."""
    return tuple(Result(name, CACHE if name == "cache" else ARRAY) for name in names)
