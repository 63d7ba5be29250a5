"""A network of the code under check, as the training on Fashion-MNIST takes the reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Parameters
from chainrule.boundary.errors import Raised, Todo
from chainrule.contract.errors import UnusableTarget
from chainrule.host.source.printed import silence
from chainrule.mathematics.comparison import Failure

MEASURED = 5000  # samples of which the loss is measured after an epoch, for a fit that returns no history


class Trainable:
    """A network behind the boundary, with the methods of the reference that a training calls.

    sizes: the wanted ones, with those that the code fixes.  Raises UnusableTarget if it makes no such network.
    """

    def __init__(self, impl: Boundary, wanted: Sequence[int], seed: int) -> None:
        sizes = impl.fits(wanted)
        if sizes is None or (sizes[0], sizes[-1]) != (wanted[0], wanted[-1]):
            reason = impl.supports(list(wanted)) or f"its sizes are {impl.architecture}"
            raise UnusableTarget(f"the code makes no network of sizes {'-'.join(map(str, wanted))}: {reason}")
        self.impl, self.sizes, self.mean = impl, sizes, np.zeros(sizes[0])
        with calling():
            self.model = impl.create(sizes, seed)

    @property
    def parameters(self) -> Parameters:
        """The weights and the biases, as they are now."""
        return self.impl.parameters(self.model)

    @property
    def weights(self) -> list[np.ndarray]:
        return self.parameters[0]

    @property
    def biases(self) -> list[np.ndarray]:
        """The biases of a network that takes inputs as they are: (x - m) W + b = x W + (b - m W)."""
        weights, (first, *others) = self.parameters
        return [first - self.mean @ weights[0], *others]

    def fit(
        self,
        x: np.ndarray,
        y: np.ndarray,
        *,
        epochs: int,
        batch_size: int,
        lr: float,
        seed: int,
        callback: Callable[[int, float], None],
    ) -> None:
        """Train for an epoch at a time, and call callback(its number, its loss) after each."""
        labels = y.astype(np.int64)
        for epoch in range(epochs):
            setting = {"epochs": 1, "batch_size": batch_size, "lr": lr, "seed": seed + epoch}
            with calling():
                history = self.impl.fit(self.model, x, labels, **setting)
                loss = history[-1] if history else self.impl.own_loss(self.model, x[:MEASURED], labels[:MEASURED])
            callback(epoch, float(loss))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Probabilities (N, K) of inputs (N, D)."""
        with calling():
            return self.impl.forward(self.model, x - self.mean)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Labels (N,) of inputs (N, D)."""
        with calling():
            return self.impl.classify(self.model, x - self.mean)

    def centre(self, mean: np.ndarray) -> None:
        """Take inputs from now on as they are, and subtract the mean on which the network was trained."""
        self.mean = mean


def trainable(impl: Boundary, wanted: Sequence[int], seed: int) -> Trainable:
    """A network of the code.  Raises UnusableTarget, which says what is missing."""
    with silence():
        found = impl.has_network
    if not found:
        raise UnusableTarget("chainrule found no network to train in the code; chainrule check says what to do")
    return Trainable(impl, wanted, seed)


@contextmanager
def calling() -> Iterator[None]:
    """Call the code in the body without its output.  Raises UnusableTarget for what it raises or does not offer."""
    try:
        with silence():
            yield
    except (Todo, SkipTest, Failure) as error:
        raise UnusableTarget(f"{error}; chainrule check says more") from None
    except Raised as error:
        place = f" at {error.where}" if error.where else ""
        raise UnusableTarget(f"{error}{place}; chainrule check says more") from None
