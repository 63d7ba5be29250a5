"""What is asked of an implementation, and of every mistake in the catalogue, so that their answers can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from chainrule.diagnosis.model import Gradients, Parts, Pass

ROUNDINGS = 2.0**9  # sums of at most ten terms through at most five layers, and the cancellation in p - y
CANCELLED = 2.0**4  # an array of entries smaller than this part of the others' may be what is left of larger ones
FEW = 2.0**13  # of a softmax: its exponents go up to some thousands, each with an error of u


class Actor(Protocol):
    """One who answers: an implementation behind its boundary, or the right network with mistakes in it."""

    def function(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        """The arrays that a function returns, without its cache.

        arguments: of a backward pass those of the forward pass, after dout.
        """

    def there_and_back(self, backward: str, dout: np.ndarray, *arguments: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """The arrays of a forward pass with these arguments, and those of its backward pass of that name."""

    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Any: ...
    def parameters(self, model: Any) -> Gradients: ...
    def forward(self, model: Any, x: np.ndarray) -> Any: ...
    def loss(self, model: Any, x: np.ndarray, y: np.ndarray) -> Any: ...
    def predict(self, model: Any, x: np.ndarray) -> Any: ...
    def backward(self, model: Any, x: np.ndarray, y: np.ndarray) -> Gradients: ...
    def step(self, model: Any, grads: Gradients, lr: float) -> None: ...
    def fit(self, model: Any, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float) -> Any: ...


@dataclass(frozen=True)
class Question:
    """One question.

    about: it in words.  ask: puts it to an actor and returns arrays.  labels: what each array is.  kinds: for
    gradients, (`weights` or `biases`, layer) of each array.  slack: how far each may be off beyond rounding.
    relative: whether every entry has all its digits, not only the largest.  given: the arguments of a function.
    ordinary: whether it is one of chainrule's own about any implementation, and not a failing spec's.
    """

    about: str
    ask: Callable[[Actor], Sequence[Any]]
    labels: Sequence[str] = ()
    kinds: Sequence[tuple[str, int]] = ()
    slack: float = 0.0
    relative: bool = False
    given: Sequence[np.ndarray] = ()
    ordinary: bool = True


@dataclass(frozen=True)
class Reply:
    """What an actor answers: arrays, or that it raised."""

    arrays: tuple[np.ndarray, ...] = ()
    raised: bool = False
    passes: tuple[Pass, ...] = field(default=(), compare=False)


def answer(question: Question, actor: Parts) -> Reply:
    """What the model answers; a mistake in it may raise, as it would in the learner's code."""
    actor.passes.clear()
    try:
        with np.errstate(all="ignore"):
            found = tuple(np.asarray(array, np.float64) for array in question.ask(actor))
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return Reply(raised=True)
    return Reply(found, passes=tuple(actor.passes))


def agree(first: np.ndarray, second: np.ndarray, u: float, question: Question, beside: float = 0.0) -> bool:
    """Whether two arrays are the same to rounding, and to what the question allows beside.

    u: the unit roundoff of the arithmetic.  beside: the size of the numbers that the entries came from, where it may be
    larger than theirs: what cancels keeps its error.
    """
    if first.shape != second.shape:
        return False
    if not first.size:
        return True
    with np.errstate(all="ignore"):
        finite = np.isfinite(second)
        largest = np.abs(second[finite]).max(initial=beside)
        same = (first == second) | (np.isnan(first) & np.isnan(second))
        rounding = FEW * u * np.abs(second) if question.relative else ROUNDINGS * u * largest
        near = np.abs(first - second) <= rounding + question.slack
    return bool((same | (near & finite)).all())


def answers_agree(first: Reply, second: Reply, u: float, question: Question) -> bool:
    """Whether two answers are the same to rounding."""
    if first.raised or second.raised:
        return first.raised and second.raised
    beside = size_beside(second)
    return len(first.arrays) == len(second.arrays) and all(
        agree(a, b, u, question, beside) for a, b in zip(first.arrays, second.arrays, strict=True)
    )


def size_beside(found: Reply) -> float:
    """A part of the largest number of an answer of several arrays: what cancels is zero to its rounding."""
    if len(found.arrays) < 2:
        return 0.0
    largest = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in found.arrays]
    return float(max(largest)) / CANCELLED
