"""Tells what values in recorded calls are: numbers, samples, weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from chainrule.host.recognition.structures import is_nested
from chainrule.host.rehearsal.network import Network
from chainrule.host.rehearsal.recording import Contents
from chainrule.support.arrays import is_array


def is_numbers(value: Any) -> bool:
    return is_array(value) or is_nested(value)


def is_plain_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return is_plain_number(value) or (is_array(value) and np.size(value) == 1)


def first_part(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) and result else result


def first_numbers(result: Any) -> list[Any]:
    """A number, or those with which a tuple begins, such as an accuracy and a loss."""
    return list(takewhile(is_number, result if isinstance(result, tuple) else (result,)))


def samples_of(x: Any, inputs: int) -> int:
    s = np.shape(x)
    if len(s) < 2:
        return 1
    return int(s[1] if s[0] == inputs and s[1] != inputs else s[0])


def weights_in(found: Contents, network: Network) -> Iterator[Any]:
    """The arrays with a shape of the weights among those of a value, as objects of that moment."""
    return (entry.leaf for entry in found.values() if frozenset(entry.shape) in network.weights)


def similarity(a: Any, b: Any) -> float:
    """The cosine of the angle between two arrays."""
    a, b = np.ravel(np.asarray(a, float)), np.ravel(np.asarray(b, float))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0


def combines(a: Any, given: Sequence[Any]) -> bool:
    """Whether an array is a sum of multiples of others, as new parameters are of old ones and gradients."""
    columns = np.stack([np.ravel(np.asarray(one, float)) for one in given], axis=1)
    wanted = np.ravel(np.asarray(a, float))
    if not (np.isfinite(columns).all() and np.isfinite(wanted).all() and len(wanted) > columns.shape[1]):
        return False
    rest = wanted - columns @ np.linalg.lstsq(columns, wanted, rcond=None)[0]
    return bool(np.linalg.norm(rest) <= 1e-6 * np.linalg.norm(wanted))


def reduction_of(slopes: np.ndarray, classes: int) -> str:
    """Whether p - y, or (p - y) / N, is the gradient of the loss with respect to logits; empty if that is not clear.

    No entry of p - y is above 1; the one negative entry for each sample says how large they are.
    """
    samples = slopes.size // classes
    if slopes.ndim != 2 or samples < 2 or not np.isfinite(slopes).all():
        return ""
    axes = [axis for axis in (1, 0) if slopes.shape[axis] == classes]
    kept = [axis for axis in axes if np.allclose(slopes.sum(axis=axis), 0) and ((slopes < 0).sum(axis=axis) == 1).all()]
    if not kept:
        return ""
    largest = float(np.abs(slopes).max())
    return "sum" if 1 / samples < largest <= 1 else "mean" if largest <= 1 / samples else ""
