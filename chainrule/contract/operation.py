"""An operation of the contract, as data: its name, arguments, results and chapter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Kinds of arguments: what chainrule passes.
ARRAY, LABELS, MODEL, PARAMETERS, CACHE = "array", "labels", "model", "parameters", "cache"
NUMBER, SIZE, SIZES, SEED, GENERATOR = "number", "size", "sizes", "seed", "generator"
# Kinds of results beside those of arguments: how chainrule reads a result.
HISTORY, NOTHING, BIAS, FUNCTION, OPTIMIZER = "history", "nothing", "bias", "function", "optimizer"
ARRAYS = "arrays"  # a list of them, as an argument or a result

REQUIRED = object()  # the default of an argument that must be passed


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
class ResultPart:
    """One part of a result: its name in the contract and its kind."""

    name: str
    kind: str = ARRAY


@dataclass(frozen=True)
class Operation:
    """A function or method of the contract that an implementation may offer.

    takes, gives: arguments and results, in order.  meaning: shapes and values, in words.  chapter: the specification's.
    of_network: whether it is a method of the network; its first argument is then the model.
    spelled: its name in code of the native style, if that differs (`MLP` for `create`).
    undoes: the forward pass to which this backward pass belongs.  changes: whether it changes the network.
    """

    name: str
    takes: tuple[Argument, ...]
    gives: tuple[ResultPart, ...]
    meaning: str
    chapter: str
    of_network: bool = False
    spelled: str = ""
    undoes: str = ""
    changes: bool = False

    @property
    def native_name(self) -> str:
        """Its name in code of the native style."""
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
        """The arguments as code of the native style takes them: a network's methods without the model."""
        return self._signature([a for a in self.takes if a.kind != MODEL], defaults=True)

    @staticmethod
    def _signature(arguments: tuple[Argument, ...] | list[Argument], defaults: bool) -> str:
        written = [str(a) if defaults else a.name for a in arguments if not a.keyword]
        keywords = [str(a) if defaults else a.name for a in arguments if a.keyword]
        return ", ".join([*written, *(["*", *keywords] if keywords else [])])


@dataclass(frozen=True)
class Stage:
    """A call that shows in which precision, or with which epsilon, an extension's operation computes.

    arguments: of the call; the first one is an array, which the probe changes a little.  part: the result to compare.
    change: how the first argument may change so that the results stay comparable, `multiplied` or `shifted`.
    """

    operation: str
    arguments: tuple[np.ndarray, ...]
    part: int
    change: str = ""


def arrays(*names: str) -> tuple[Argument, ...]:
    """Arguments of these names, each of them an array."""
    return tuple(Argument(name, ARRAY) for name in names)


def parts(*names: str) -> tuple[ResultPart, ...]:
    """Results of these names, each of them an array, but for the opaque `cache`."""
    return tuple(ResultPart(name, CACHE if name == "cache" else ARRAY) for name in names)
