"""What an implementation returns, read as plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.boundary.calls import Cache, contents
from chainrule.boundary.errors import Todo
from chainrule.support.arrays import describe, flat_bias, to_numpy


def read_array(raw: Any) -> np.ndarray:
    return to_numpy(raw)


def read_float(raw: Any) -> float:
    array = to_numpy(raw)
    if array.size != 1:
        raise TypeError(f"expected one number, found {describe(array)}")
    return float(array.reshape(()))


def read_parameters(raw: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if not (
        isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(group, (list, tuple)) for group in raw)
    ):
        raise TypeError(f"expected (weights, biases), two lists of arrays, found {describe(raw)}")
    return [to_numpy(w) for w in raw[0]], [flat_bias(to_numpy(b)) for b in raw[1]]


def read_forward(name: str, *arguments: Any) -> Callable[[Any], tuple[np.ndarray, Cache]]:
    """Reads (out, cache) of a layer's forward pass; name, arguments: of the call that is read."""

    def read(raw: Any) -> tuple[np.ndarray, Cache]:
        out, cache = parts(name, raw, "out", "cache")
        return to_numpy(out), Cache(cache, name, arguments, contents(cache))

    return read


def read_gradients(raw: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(dx, dw, db) of an affine layer; db as a vector, like every bias."""
    dx, dw, db = map(to_numpy, parts("affine_backward", raw, "dx", "dw", "db"))
    return dx, dw, flat_bias(db)


def read_loss(raw: Any) -> tuple[float, np.ndarray]:
    loss, dx = parts("softmax_loss", raw, "loss", "dx")
    return read_float(loss), to_numpy(dx)


def parts(function: str, raw: Any, *names: str) -> Sequence[Any]:
    """A tuple of as many parts as there are names.  Raises TypeError for anything else, Todo where a part is None."""
    if not (isinstance(raw, (list, tuple)) and len(raw) == len(names)):
        raise TypeError(f"expected ({', '.join(names)}), found {describe(raw)}")
    missing = [name for name, part in zip(names, raw, strict=True) if part is None and name != "cache"]
    if missing:
        raise Todo(f"{function} returns None for {' and '.join(missing)}: a stub")
    return raw


def read_history(raw: Any) -> list[float] | None:
    """The losses that fit may return; anything else, such as the network itself, is no history."""
    if not isinstance(raw, (list, tuple, np.ndarray)):
        return None
    try:
        return [float(value) for value in to_numpy(raw).reshape(-1)]
    except TypeError:
        return None
