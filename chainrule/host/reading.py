"""Reads what the code under check returns as data: a function for each kind of result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.contract.operation import ARRAY, ARRAYS, BIAS, CACHE, HISTORY, NUMBER, PARAMETERS, Operation
from chainrule.support.arrays import describe, flat_bias, to_numpy


def read_number(raw: Any) -> float:
    array = to_numpy(raw)
    if array.size != 1:
        raise TypeError(f"expected one number, found {describe(array)}")
    return float(array.reshape(()))


def read_bias(raw: Any) -> np.ndarray:
    """A bias as a vector."""
    return flat_bias(to_numpy(raw))


def read_parameters(raw: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if not (
        isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(group, (list, tuple)) for group in raw)
    ):
        pair = isinstance(raw, (list, tuple)) and len(raw) == 2
        found = f"({describe(raw[0])}, {describe(raw[1])})" if pair else describe(raw)
        raise TypeError(f"expected two lists of arrays, of the weights and of the biases, found {found}")
    for name, group in zip(("weights", "biases"), raw, strict=True):
        for l, entry in enumerate(group):
            if entry is None:
                raise TypeError(f"None where an array is expected, for {name}[{l}]: no line fills this entry")
    return [to_numpy(w) for w in raw[0]], [flat_bias(to_numpy(b)) for b in raw[1]]


def read_history(raw: Any) -> list[float] | None:
    """The losses that fit returned, as a list; None if it returned anything else, such as the network."""
    if not isinstance(raw, (list, tuple, np.ndarray)):
        return None
    try:
        return [float(value) for value in to_numpy(raw).reshape(-1)]
    except TypeError:
        return None


def parts(operation: Operation, raw: Any) -> Sequence[Any]:
    """The parts of a result.  Raises TypeError for anything else, NotOffered if a part is None."""
    names = [part.name for part in operation.gives]
    if not (isinstance(raw, (list, tuple)) and len(raw) == len(names)):
        raise TypeError(f"expected ({', '.join(names)}), found {describe(raw)}")
    missing = [
        part.name for part, piece in zip(operation.gives, raw, strict=True) if piece is None and part.kind != CACHE
    ]
    if missing:
        raise NotOffered(f"{operation.name} returns None for {' and '.join(missing)}: a stub")
    return raw


def read_arrays(raw: Any) -> list[np.ndarray]:
    if not isinstance(raw, (list, tuple)):
        raise TypeError(f"expected a list of arrays, found {describe(raw)}")
    return [to_numpy(array) for array in raw]


READERS: dict[str, Callable[[Any], Any]] = {
    ARRAY: to_numpy,
    ARRAYS: read_arrays,
    BIAS: read_bias,
    NUMBER: read_number,
    PARAMETERS: read_parameters,
    HISTORY: read_history,
}
