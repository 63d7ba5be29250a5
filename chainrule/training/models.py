"""The models of `chainrule train`: a network of the reference each, and the recipe that trains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isqrt
from typing import Any

import numpy as np

from chainrule.reference import composed
from chainrule.reference.optimizers import Adam, Momentum
from chainrule.reference.schedules import cosine
from chainrule.training.loop import Array, Centred, Network
from chainrule.training.settings import Settings


class Annealed(composed.Classifier):
    """A network of layers whose rate falls to 0 along half a wave."""

    def fit(self, x: Array, y: Any, **settings: Any) -> Any:
        """Train in place; the arguments are those of `chainrule.reference.MLP.fit`."""
        rate = cosine(settings.pop("lr"), settings["epochs"])
        return super().fit(x, y, lr=rate, **settings)  # type: ignore[no-untyped-call]


class Layered(Annealed, composed.MLP):
    """A multilayer perceptron with such a rate."""

    def centre(self, mean: Array) -> None:
        """Take inputs from now on as they are, after a training on inputs less this mean."""
        self.biases[0] -= mean @ self.weights[0]


class Convolutional(Annealed, composed.CNN):
    """A convolutional network with such a rate."""

    def centre(self, mean: Array) -> None:
        """Take inputs from now on as they are, after a training on inputs less this mean."""
        self.images.mean += mean


def normalizations(network: Network) -> list[composed.BatchNorm]:
    """The network's layers that normalize, from the first to the last."""
    layers = network.layers if isinstance(network, composed.Network) else ()
    return [layer for layer in layers if isinstance(layer, composed.BatchNorm)]


def plain(sizes: Sequence[int], seed: int, dtype: str) -> Network:
    return Centred(sizes, seed, dtype=np.dtype(dtype))  # type: ignore[no-untyped-call]


def layered(sizes: Sequence[int], seed: int, dtype: str, **kept: Any) -> Network:
    return Layered(sizes, seed, dtype=np.dtype(dtype), **kept)  # type: ignore[no-untyped-call]


def convolutional(sizes: Sequence[int], seed: int, dtype: str, **kept: Any) -> Network:
    channels = 3 if isqrt(sizes[0] // 3) ** 2 * 3 == sizes[0] else 1  # colours, of a square picture
    shape = (channels, *2 * [isqrt(sizes[0] // channels)])
    return Convolutional(sizes, seed, shape=shape, dtype=np.dtype(dtype), **kept)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Model:
    """A network and its recipe.

    settings: its hyperparameters, chosen on validation images.  method: how it trains, in words; falls: what its rate
    does.  beside: what it has beside the plain network.  make: makes one of sizes, a seed and a dtype.
    """

    settings: Settings
    method: str = "Adam"
    falls: str = ", falling to 0 along half a wave"
    beside: str = ""
    make: Callable[[Sequence[int], int, str], Network] = field(default=partial(layered, optimizer=Adam))


PLAIN = "mlp"
momentum = partial(Momentum, momentum=0.9)
MODELS: Mapping[str, Model] = {
    PLAIN: Model(Settings(), "SGD", "", "", plain),
    "mlp-adam": Model(Settings(epochs=20, lr=0.001)),
    "mlp-l2": Model(
        Settings(hidden=(512, 256), epochs=30, lr=0.05),
        "SGD with momentum 0.9",
        beside="an L2 penalty of 0.001",
        make=partial(layered, optimizer=momentum, lam=0.001),
    ),
    "mlp-dropout": Model(
        Settings(hidden=(512, 256), epochs=40, lr=0.001),
        beside="dropout at 0.3",
        make=partial(layered, optimizer=Adam, rate=0.3),
    ),
    "mlp-batchnorm": Model(
        Settings(hidden=(512, 256), epochs=40, lr=0.1),
        "SGD with momentum 0.9",
        beside="batch norm, and dropout at 0.2",
        make=partial(layered, optimizer=momentum, normalized=True, rate=0.2),
    ),
    "cnn": Model(
        Settings(hidden=(128,), epochs=10, batch_size=100, lr=0.001),
        beside="convolutions of 16 and 32 filters of 3 x 3 before them, each with max pooling, and dropout at 0.3",
        make=partial(convolutional, optimizer=Adam, filters=(16, 32), rate=0.3),
    ),
}
