"""Trains the reference on labelled images and measures its accuracy.  command.py prints the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.reference import MLP
from chainrule.training.settings import Settings

Array = NDArray[np.floating]
Labels = NDArray[np.integer]
ROWS_AT_ONCE = 1000  # so many rows of activations fit into the processor's cache


@dataclass(frozen=True)
class Data:
    """Labelled inputs in three parts, x (N, D) in [0, 1] and y (N,); validation may be empty.

    title: what the data set is called.  image_shape: of the picture in a row of x, (H, W) or (C, H, W).
    """

    train_x: Array
    train_y: Labels
    validation_x: Array
    validation_y: Labels
    test_x: Array
    test_y: Labels
    class_names: tuple[str, ...]
    title: str
    image_shape: tuple[int, ...]


@dataclass(frozen=True)
class Epoch:
    """One epoch: its mean loss in nats, then both accuracies, and the seconds of its training."""

    number: int
    loss: float
    training_accuracy: float
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Training:
    """A trained network and its epochs; `interrupted` if Ctrl-C ended the training early."""

    network: Network
    epochs: tuple[Epoch, ...]
    interrupted: bool


class Diverged(ArithmeticError):
    """The loss is no longer a finite number, so the weights are useless."""


class Network(Protocol):
    """What is trained: the reference, or anything with these methods of `chainrule.reference.MLP`."""

    @property
    def sizes(self) -> Sequence[int]: ...
    @property
    def weights(self) -> list[Array]: ...
    @property
    def biases(self) -> list[Array]: ...

    def fit(
        self,
        x: Array,
        y: Labels,
        *,
        epochs: int,
        batch_size: int,
        lr: float,
        seed: int,
        callback: Callable[[int, float], None],
    ) -> object: ...
    def forward(self, x: Array) -> Array: ...
    def predict(self, x: Array) -> Labels: ...
    def centre(self, mean: Array) -> None:
        """Take inputs from now on as they are, after a training on inputs less this mean."""


class Centred(MLP):
    """The reference, which takes the mean of its inputs into its first bias: (x - m) W + b = x W + (b - m W)."""

    def centre(self, mean: Array) -> None:
        self.biases[0] = self.biases[0] - mean @ self.weights[0]


def train(
    data: Data,
    settings: Settings,
    on_epoch: Callable[[Epoch], None] | None = None,
    network: Network | None = None,
) -> Training:
    """Train a network of settings.hidden on the training part; the last epoch's weights are the result.

    The network is trained on x - m, m the mean training image, which makes the loss as steep in one direction as in
    another (LeCun, Bottou, Orr and Müller, *Efficient BackProp* (1998), 4.3). Afterwards it takes x itself.
    network: what to train in place of the reference.
    on_epoch: called after each epoch.  A KeyboardInterrupt ends the training and keeps the weights of that moment.
    Raises Diverged when an epoch's loss is nan or inf.
    """
    mean = data.train_x.mean(axis=0)
    train_x, validation_x = data.train_x - mean, data.validation_x - mean
    if network is None:
        sizes = [len(mean), *settings.hidden, len(data.class_names)]
        network = Centred(sizes, settings.seed, dtype=np.dtype(settings.dtype))  # type: ignore[no-untyped-call]
    epochs: list[Epoch] = []
    started = time.perf_counter()

    def end_epoch(index: int, loss: float) -> None:
        nonlocal started
        seconds = time.perf_counter() - started
        validation = accuracy(network, validation_x, data.validation_y) if len(validation_x) else None
        epochs.append(Epoch(index + 1, loss, accuracy(network, train_x, data.train_y), validation, seconds))
        if on_epoch is not None:
            on_epoch(epochs[-1])
        if not np.isfinite(loss):
            raise Diverged(
                f"the loss of epoch {index + 1} is {loss}: training diverged; try a smaller --lr than {settings.lr:g}"
            )
        started = time.perf_counter()

    interrupted = False
    try:
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # the loss reports a divergence once; NumPy would warn at every product
            network.fit(
                train_x,
                data.train_y,
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                lr=settings.lr,
                seed=settings.seed,
                callback=end_epoch,
            )
    except KeyboardInterrupt:
        interrupted = True
    network.centre(mean)
    return Training(network, tuple(epochs), interrupted)


def probabilities(network: Network, x: Array) -> Array:
    """The network's class probabilities, (N, D) -> (N, K), computed in slices of rows."""
    slices = [network.forward(x[start : start + ROWS_AT_ONCE]) for start in range(0, len(x), ROWS_AT_ONCE)]
    return np.concatenate(slices)


def accuracy(network: Network, x: Array, y: Labels) -> float:
    """The fraction of rows whose likeliest class is the true one."""
    slices = [slice(start, start + ROWS_AT_ONCE) for start in range(0, len(x), ROWS_AT_ONCE)]
    return float(sum(np.count_nonzero(network.predict(x[rows]) == y[rows]) for rows in slices) / len(x))


def confusion_matrix(y: Labels, predicted: Labels, classes: int) -> NDArray[np.int64]:
    """Count (true class, predicted class): entry [i, j] counts samples of class i predicted as class j."""
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (y, predicted), 1)
    return matrix


def most_confused(matrix: NDArray[np.int64], count: int) -> list[tuple[int, int]]:
    """The `count` pairs of classes confused most often, both directions together, the worst first.

    Each pair (i, j) has matrix[i, j] >= matrix[j, i]; pairs never confused are left out, ties keep the classes' order.
    """
    classes = len(matrix)
    pairs = [(i, j) if matrix[i, j] >= matrix[j, i] else (j, i) for i in range(classes) for j in range(i + 1, classes)]
    confused = [(i, j) for i, j in pairs if matrix[i, j] > 0]
    return sorted(confused, key=lambda pair: -(matrix[pair] + matrix[pair[::-1]]))[:count]
