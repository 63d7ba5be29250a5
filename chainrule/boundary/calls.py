"""Calls across the boundary, and the handles and caches that specs hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.host.protocol import Reference

Parameters = tuple[list[np.ndarray], list[np.ndarray]]


@dataclass
class Call:
    """One call across the boundary.

    name: the operation.  arguments, keywords: as the spec passed them.  modified: the arguments that the code wrote
    into.
    applied: the last arguments of the function, or of the optimizer's update, that the call returned.
    many: whether it is a batch of calls.  ended: whether the code returned or raised.
    number: the host's number for the result; 0 without a result.
    model_sizes, model_parameters: sizes and parameters of the network, as the spec last set them.
    read_again: returns the result of a call as it is now.
    look_again: returns the names of the arguments that the code has written into by now.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    read_again: Callable[[Call], Any]
    look_again: Callable[[int], tuple[str, ...]]
    modified: tuple[str, ...] = ()
    ended: bool = False
    many: bool = False
    applied: tuple[Any, ...] = ()
    number: int = 0
    started: float = field(default_factory=time.perf_counter)
    model_sizes: Sequence[int] = ()
    model_parameters: Parameters | None = None

    def reread(self) -> Any:
        """The result as it is now; it has changed if a later call wrote into it."""
        return self.read_again(self)

    def modified_later(self) -> tuple[str, ...]:
        """The names of its arguments that the code has written into by now."""
        return self.look_again(self.number)


@dataclass(eq=False)
class Handle:
    """A network as the specs hold it: the host's reference, and the parameters that a spec assigned last."""

    reference: Reference
    sizes: Sequence[int]
    parameters: Parameters | None = None


@dataclass(frozen=True, eq=False)
class Optimizer:
    """An optimizer of the code under check.

    update(params, grads, ...): updates copies of the arrays `params` by each of the gradients in turn, lists of arrays
    as well, and returns the parameters after every update.
    """

    update: Callable[..., list[list[np.ndarray]]]


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the code under check, of numbers; as an argument it is passed on as it is.

    apply: calls it.
    """

    reference: Reference
    apply: Callable[..., float]

    def __call__(self, *arguments: float) -> float:
        return self.apply(*arguments)


@dataclass(frozen=True, eq=False)
class Cache:
    """The cache that a forward pass returns for its backward pass.  name, arguments: the call that made it."""

    reference: Reference
    name: str
    arguments: tuple[Any, ...]


def sent(argument: Any) -> Any:
    """An argument in the form in which the host takes it."""
    if isinstance(argument, (Handle, Cache, Function)):
        return argument.reference
    if isinstance(argument, (list, tuple)):
        return type(argument)(sent(item) for item in argument)
    return argument
