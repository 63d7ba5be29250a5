"""Hypothesis strategies for the points at which the specs of functions check."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from chainrule.mathematics.cases import grid


def finite(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of a range, exact in float32 and no subnormals."""
    return st.floats(low, high, width=32, allow_subnormal=False)


@st.composite
def matrices(
    draw: st.DrawFn, rows: tuple[int, int], columns: tuple[int, int], elements: st.SearchStrategy
) -> np.ndarray:
    """A matrix with every entry drawn for itself."""
    n, k = draw(st.integers(*rows)), draw(st.integers(*columns))
    return np.array(draw(st.lists(elements, min_size=n * k, max_size=n * k)), dtype=np.float64).reshape(n, k)


def logits(
    rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0
) -> st.SearchStrategy[np.ndarray]:
    """(N, K) logits between -size and size."""
    return matrices(rows, classes, finite(-size, size))


def shifts(size: float = 32.0) -> st.SearchStrategy[float]:
    """What may be added to every logit of a row."""
    return finite(-size, size)


def arrays(size: float = 1e6) -> st.SearchStrategy[np.ndarray]:
    """Small arrays of one or two dimensions, zeros and negative zeros among their entries."""
    return matrices((1, 3), (1, 4), st.one_of(finite(-size, size), st.sampled_from([0.0, -0.0, 1.0, -1.0])))


@st.composite
def tensors(draw: st.DrawFn) -> np.ndarray:
    """Arrays of one to four axes, some larger than anyone would write out, zeros among their entries."""
    shape = draw(st.sampled_from([(5,), (2, 3, 4), (3, 2, 1, 4), (30, 20)]))
    values = grid(np.random.default_rng(draw(st.integers(0, 99))).normal(scale=4.0, size=shape))
    return np.where(np.abs(values) < 0.5, 0.0, values)


@st.composite
def wide_logits(draw: st.DrawFn, size: float = 16.0) -> np.ndarray:
    """(N, K) logits of more samples and classes than `logits` draws."""
    n, k = draw(st.sampled_from([(2, 12), (40, 6), (70, 12)]))
    return grid(np.random.default_rng(draw(st.integers(0, 99))).uniform(-size, size, (n, k)))


@st.composite
def large_predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """(p, y) as `predictions` draws them, of more samples and classes: more than a byte can count."""
    n, k = draw(st.sampled_from([(8, 12), (100, 6), (300, 12)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    parts = rng.integers(1, 257, (n, k)).astype(np.float64)
    return parts / parts.sum(axis=1, keepdims=True), rng.integers(0, k, n)


@st.composite
def predictions(draw: st.DrawFn, rows: tuple[int, int] = (1, 5)) -> tuple[np.ndarray, np.ndarray]:
    """(p, y): probabilities of at least 2^-12, each row a distribution over its classes, and labels."""
    n, k = draw(st.integers(*rows)), draw(st.integers(2, 5))
    parts = np.array(draw(st.lists(st.integers(1, 256), min_size=n * k, max_size=n * k)), dtype=np.float64).reshape(
        n, k
    )
    y = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return parts / parts.sum(axis=1, keepdims=True), np.array(y)


@st.composite
def scores(
    draw: st.DrawFn, rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0
) -> tuple[np.ndarray, np.ndarray]:
    """(z, y): (N, K) logits between -size and size, and labels."""
    z = draw(logits(rows, classes, size))
    return z, np.array(draw(st.lists(st.integers(0, z.shape[1] - 1), min_size=len(z), max_size=len(z))))
