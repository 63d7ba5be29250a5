"""Comparison of an actual with an expected value under a stated bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.support.arrays import show

NEARLY = 1e-3  # relative to the largest entry: a smaller error is a loss of digits, a larger one a wrong number


class Failure(AssertionError):
    """A comparison that failed.  str(): what is wrong, in a sentence; the attributes hold the numbers.

    expected, actual, bound: arrays of one shape, or None.  index: the entry that is furthest beyond its bound.
    """

    def __init__(
        self,
        message: str,
        *,
        expected: Any = None,
        actual: Any = None,
        bound: Any = None,
        index: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(message)
        self.expected, self.actual, self.bound, self.index = expected, actual, bound, index


def assert_close(actual: Any, expected: Any, *, bound: Any, what: str = "the result") -> None:
    """|actual - expected| <= bound in every entry; shapes equal; a nan never passes; equal infinities do."""
    assert_shape(actual, np.shape(expected), what=what)
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    bound = np.broadcast_to(np.asarray(bound, np.float64), actual.shape)
    with np.errstate(invalid="ignore"):
        excess = np.where(actual == expected, -1.0, np.abs(actual - expected) - bound)
    wrong = ~(excess <= 0)
    if not wrong.any():
        return
    ranked = np.where(wrong, np.nan_to_num(np.where(np.isnan(excess), np.inf, excess), posinf=1e300), -np.inf)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(ranked), actual.shape))
    entry = f" at {list(index)}" if index else ""
    off = abs(actual[index] - expected[index])
    by = f"off by {off:.3g}, allowed {bound[index]:.2g}; " if np.isfinite(off) else ""
    raise Failure(
        f"{what}{entry} is {float(actual[index])!r}, expected {float(expected[index])!r} "
        f"({by}{int(wrong.sum())} of {actual.size} {'entry' if actual.size == 1 else 'entries'} wrong)"
        f"{digits_of_agreement(actual, expected, bound)}",
        expected=expected,
        actual=actual,
        bound=bound,
        index=index,
    )


def digits_of_agreement(actual: np.ndarray, expected: np.ndarray, bound: np.ndarray) -> str:
    """ "; agrees to 9 of 15 digits" if every entry is nearly right, relative to the largest expected one; else "".

    The second number is what the bound requires.
    """
    scale = np.abs(expected).max(initial=0.0)
    off = np.abs(actual - expected).max(initial=0.0)
    with np.errstate(invalid="ignore"):
        nearly = np.abs(actual - expected) <= np.maximum(NEARLY * np.abs(expected), bound)
    if not (nearly.all() and 0 < off <= NEARLY * scale < np.inf):
        return ""
    expected_digits = min(15, int(-np.log10(max(float(bound.max()) / scale, 1e-15))))
    digits = int(-np.log10(off / scale))
    return f"; agrees to {digits} of {expected_digits} digits" if digits < expected_digits else ""


def assert_equal(actual: Any, expected: Any, *, what: str = "the result") -> None:
    """Equal in every entry, exactly: for results that are computed without rounding."""
    assert_close(actual, expected, bound=0.0, what=what)


def assert_shape(actual: Any, shape: Sequence[int], *, what: str = "the result") -> None:
    """The array has this shape and contains numbers."""
    if np.shape(actual) != tuple(shape):
        raise Failure(f"{what} has shape {np.shape(actual)}, expected {tuple(shape)}")


def assert_that(condition: Any, message: str, **numbers: Any) -> None:
    """Raise a Failure with this message, and these numbers, unless the condition holds."""
    if not condition:
        raise Failure(message, **numbers)


def assert_finite(actual: Any, *, what: str = "the result") -> None:
    """The array contains neither nan nor infinity."""
    array = np.asarray(actual, np.float64)
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise Failure(f"{what} is {array[index]} at {list(index)}: {show(array)}", actual=array, index=index)


def assert_each(actual: Sequence[Any], expected: Sequence[Any], bounds: Sequence[Any], *, what: str) -> None:
    """assert_close for each layer; `what` names the quantity, such as "dloss/dW"."""
    assert_that(
        len(actual) == len(expected),
        f"{what}: expected a list of {len(expected)} arrays, one a layer, found {len(actual)}",
    )
    for layer, (a, e, b) in enumerate(zip(actual, expected, bounds, strict=True)):
        assert_close(a, e, bound=b, what=f"{what}[{layer}]")
