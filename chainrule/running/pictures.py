"""What a page shows of an implementation as pictures: its gradients, its initial weights, its training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Handle
from chainrule.host.guard.environment import plain_environment
from chainrule.host.source.printed import silence
from chainrule.reference import MLP
from chainrule.specification.analysis import analysis
from chainrule.specification.networks import Networks
from chainrule.support import time_limit

LONGEST = 5.0  # seconds for a picture: slower code goes without it
DEPTH, BATCH = 2, 7  # of the network whose gradients are shown
WIDE = (120, 80, 10)  # sizes with enough weights for a histogram
BINS = 24
SAMPLES, EPOCHS, BATCH_SIZE, RATE = 60, 12, 10, 0.2  # of the training that is shown
SMALL = (3, 8, 3)  # its sizes
BLOBS = 0.7  # the standard deviation of a class of its data, whose centres lie at 1 from the origin


@dataclass(frozen=True)
class GradientErrors:
    """How far each entry of the gradients is from the right one, in units of its array's largest right entry.

    names: of the arrays, from the first layer.  errors: of each, as the array.
    """

    names: tuple[str, ...]
    errors: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class InitialWeights:
    """A histogram of a new network's first weights, in units of Glorot's standard deviation.

    fan_in, fan_out: of the layer.  edges: (BINS + 1,).  density: (BINS,), which integrates to 1 with what lies outside.
    deviation: the root mean square of all weights.
    """

    fan_in: int
    fan_out: int
    edges: np.ndarray
    density: np.ndarray
    deviation: float


@dataclass(frozen=True)
class Training:
    """The loss before training and after each epoch.  own: the implementation's; right: the reference's.

    Both start from the same parameters and train on the same data at the same rate, each in its own order.
    """

    own: tuple[float, ...]
    right: tuple[float, ...]


Picture = GradientErrors | InitialWeights | Training


def pictures(impl: Boundary) -> tuple[Picture, ...]:
    """Every picture for which the implementation gives the numbers, within LONGEST each."""
    found = (drawn(impl, draw) for draw in (gradient_errors, initial_weights, training))
    return tuple(picture for picture in found if picture is not None)


def drawn(impl: Boundary, draw: Callable[[Boundary], Picture]) -> Picture | None:
    """A picture; None where the code lacks what it shows, or raises: the report says so elsewhere."""
    try:
        with undisturbed(), time_limit.limit(LONGEST):
            return draw(impl)
    except (Exception, time_limit.TimedOut):
        return None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep prints, warnings and draws from the global generator out of what is shown and what follows."""
    state = np.random.get_state()
    try:
        with silence(), plain_environment(), np.errstate(all="ignore"):
            yield
    finally:
        np.random.set_state(state)


def gradient_errors(impl: Boundary) -> GradientErrors:
    case = Networks(impl).case(DEPTH, BATCH)
    exact = analysis(impl, case)
    weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
    layers = range(len(case.weights))
    arrays = [
        (f"{name}[{l}]", np.asarray(own[l], float), right[l][0])
        for l in layers
        for name, own, right in (("dW", weight_grads, exact.weight_grads), ("db", bias_grads, exact.bias_grads))
    ]
    errors = [np.abs(own.reshape(right.shape) - right) / np.abs(right).max() for _, own, right in arrays]
    return GradientErrors(tuple(name for name, _, _ in arrays), tuple(map(np.atleast_2d, errors)))


def initial_weights(impl: Boundary) -> InitialWeights:
    sizes = Networks(impl).first(WIDE)
    weights = np.asarray(impl.parameters(impl.create(sizes, 0))[0][0], float)
    edges = np.linspace(-4, 4, BINS + 1)
    scaled = weights.ravel() / np.sqrt(2 / sum(sizes[:2]))
    counts = np.histogram(scaled, edges)[0]
    deviation = float(np.sqrt(np.mean(scaled**2)))
    return InitialWeights(sizes[0], sizes[1], edges, counts / (scaled.size * np.diff(edges)), deviation)


def training(impl: Boundary) -> Training:
    """The loss of a small network on three blobs, epoch by epoch."""
    sizes = Networks(impl).first(SMALL)
    rng = np.random.default_rng(0)
    y = np.arange(SAMPLES) % sizes[-1]
    centres = rng.standard_normal((sizes[-1], sizes[0]))
    x = centres[y] + BLOBS * rng.standard_normal((SAMPLES, sizes[0]))
    reference = MLP(sizes, seed=0)
    model = impl.create(sizes, 0)
    impl.assign(model, reference.weights, reference.biases)

    def own_fit(seed: int) -> None:
        impl.fit(model, x, y, epochs=1, batch_size=BATCH_SIZE, lr=RATE, seed=seed)

    def right_fit(seed: int) -> None:
        reference.fit(x, y, epochs=1, batch_size=BATCH_SIZE, lr=RATE, seed=seed)

    own, right = (
        losses(loss, fit)
        for loss, fit in (
            (lambda: own_loss(impl, model, x, y), own_fit),
            (lambda: float(reference.loss(x, y)), right_fit),
        )
    )
    return Training(own, right)


def losses(loss: Callable[[], float], fit: Callable[[int], None]) -> tuple[float, ...]:
    """The loss before and after each epoch."""
    found = [loss()]
    for seed in range(EPOCHS):
        fit(seed)
        found.append(loss())
    return tuple(found)


def own_loss(impl: Boundary, model: Handle, x: np.ndarray, y: np.ndarray) -> float:
    return float(impl.loss(model, x, y))
