"""Strategies, which describe how to draw the inputs of a property spec.

Hypothesis draws inputs from a strategy when it searches.  Reading stored examples with a strategy does not need
Hypothesis.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.mathematics.cases import grid

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Basic:
    """A strategy of Hypothesis by name, such as `integers`, and its arguments.  JSON can store its values."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def made(self, draw: Draw) -> Any:
        """The value that `draw` draws."""
        return draw(self)


@dataclass(frozen=True)
class Composite:
    """A strategy that makes its value from those of other strategies.

    make: called with a function that draws from a strategy, and the arguments.
    """

    make: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def made(self, draw: Draw) -> Any:
        """The value made from basic strategies' values, which `draw` draws."""
        return self.make(lambda strategy: strategy.made(draw), *self.arguments, **self.keywords)


Strategy = Basic | Composite
Draw = Callable[[Basic], Any]


def basic(name: str, *arguments: Any, **keywords: Any) -> Basic:
    return Basic(name, arguments, keywords)


def composite(make: Callable[..., Any]) -> Callable[..., Composite]:
    """Turn a function whose first argument draws into a function that returns a composite strategy."""

    @functools.wraps(make)
    def strategy(*arguments: Any, **keywords: Any) -> Composite:
        return Composite(make, arguments, keywords)

    return strategy


def integers(low: int, high: int) -> Basic:
    """Whole numbers of a range, both ends included."""
    return basic("integers", low, high)


def sampled_from(values: Sequence[Any]) -> Basic:
    """One of the given values."""
    return basic("sampled_from", values)


def lists(elements: Basic, size: int) -> Basic:
    """Lists of `size` elements."""
    return basic("lists", elements, min_size=size, max_size=size)


def finite(low: float, high: float) -> Basic:
    """Numbers of a range, exact in float32 and not subnormal."""
    return basic("floats", low, high, width=32, allow_subnormal=False)


@composite
def matrices(draw: Any, rows: tuple[int, int], columns: tuple[int, int], elements: Basic) -> np.ndarray:
    """A matrix with every entry drawn separately."""
    n, k = draw(integers(*rows)), draw(integers(*columns))
    return np.array(draw(lists(elements, n * k)), dtype=np.float64).reshape(n, k)


def logits(rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0) -> Composite:
    """(N, K) logits between -size and size."""
    return matrices(rows, classes, finite(-size, size))


def shifts(size: float = 32.0) -> Basic:
    """Constants to add to every logit of a row."""
    return finite(-size, size)


def arrays(size: float = 1e6) -> Composite:
    """Small arrays of one or two dimensions, zeros and negative zeros among their entries."""
    return matrices((1, 3), (1, 4), basic("one_of", finite(-size, size), sampled_from([0.0, -0.0, 1.0, -1.0])))


@composite
def tensors(draw: Any) -> np.ndarray:
    """Arrays of one to four axes, some of them large, zeros among their entries."""
    shape = draw(sampled_from([(5,), (2, 3, 4), (3, 2, 1, 4), (30, 20)]))
    values = grid(np.random.default_rng(draw(integers(0, 99))).normal(scale=4.0, size=shape))
    return np.where(np.abs(values) < 0.5, 0.0, values)


@composite
def wide_logits(draw: Any, size: float = 16.0) -> np.ndarray:
    """(N, K) logits of more samples and classes than `logits` draws."""
    n, k = draw(sampled_from([(2, 12), (40, 6), (70, 12)]))
    return grid(np.random.default_rng(draw(integers(0, 99))).uniform(-size, size, (n, k)))


@composite
def large_predictions(draw: Any) -> Arrays:
    """(p, y) like those of `predictions`, with more samples than a byte can count."""
    n, k = draw(sampled_from([(8, 12), (100, 6), (300, 12)]))
    rng = np.random.default_rng(draw(integers(0, 99)))
    parts = rng.integers(1, 257, (n, k)).astype(np.float64)
    return parts / parts.sum(axis=1, keepdims=True), rng.integers(0, k, n)


@composite
def predictions(draw: Any, rows: tuple[int, int] = (1, 5)) -> Arrays:
    """(p, y): probabilities of at least 2^-12, each row a distribution over its classes, and labels."""
    n, k = draw(integers(*rows)), draw(integers(2, 5))
    parts = np.array(draw(lists(integers(1, 256), n * k)), dtype=np.float64).reshape(n, k)
    y = draw(lists(integers(0, k - 1), n))
    return parts / parts.sum(axis=1, keepdims=True), np.array(y)


@composite
def scores(draw: Any, rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0) -> Arrays:
    """(z, y): (N, K) logits between -size and size, and labels."""
    z = draw(logits(rows, classes, size))
    return z, np.array(draw(lists(integers(0, z.shape[1] - 1), len(z))))


@composite
def one_class(draw: Any, logits: Composite) -> tuple[np.ndarray, int]:
    """(z, k): logits, and one of their classes."""
    z = draw(logits)
    return z, draw(integers(0, z.shape[1] - 1))


@composite
def divided(draw: Any, batches: Composite) -> tuple[Arrays, int]:
    """(batch, n): a batch with its labels, and the number of samples in the first of two parts."""
    batch = draw(batches)
    return batch, draw(integers(1, len(batch[1]) - 1))
