"""What is asked of an implementation, and of every mistake in the catalogue, so that their answers can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from chainrule.diagnosis.model import Gradients, Model, Parts, Pass

SOFTMAX = frozenset({"softmax", "shift", "total"})
FORWARD = SOFTMAX | {"relu", "affine", "activation", "output", "features"}
BACKWARD = frozenset(
    {"one_hot", "error", "average", "carried", "slope", "weight_gradient", "bias_gradient", "gradients"}
)
UPDATE = frozenset({"updated"})
# The parts that a subject is made of: a mistake in any of them may be the one.
MADE_OF: Mapping[str, frozenset[str]] = {
    "relu": frozenset({"relu"}),
    "softmax": SOFTMAX,
    "cross_entropy": frozenset({"cross_entropy"}),
    "forward": FORWARD,
    "loss": FORWARD | {"cross_entropy", "surprising", "loss", "loss_of_logits"},
    "predict": FORWARD | {"label"},
    "backward": BACKWARD | FORWARD,
    "step": UPDATE,
    "fit": UPDATE | BACKWARD | {"batch_gradient", "batches", "epochs", "rate", "begin"},
    "history": frozenset({"history"}),
    "affine_forward": frozenset({"affine_forward"}),
    "affine_backward": frozenset({"affine_dx", "affine_dw", "affine_db"}),
    "relu_forward": frozenset({"relu"}),
    "relu_backward": frozenset({"relu_dx"}),
    "softmax_loss": frozenset(
        {*SOFTMAX, "cross_entropy", "surprising", "loss_of_logits", "error", "average", "one_hot"}
    ),
}


# Those that are likelier, the likeliest first: a subject's own before those of what it is built on.
OWN: Mapping[str, tuple[frozenset[str], ...]] = {
    "forward": (FORWARD - SOFTMAX - {"relu"},),
    "loss": (frozenset({"surprising", "loss", "loss_of_logits"}), frozenset({"cross_entropy"})),
    "predict": (frozenset({"label"}),),
    "backward": (BACKWARD,),
    "fit": (MADE_OF["fit"] - UPDATE - BACKWARD, UPDATE),
}


class Actor(Protocol):
    """Who answers: an implementation behind its boundary, or the parts with a mistake in them."""

    def relu(self, z: np.ndarray) -> Any: ...
    def softmax(self, z: np.ndarray) -> Any: ...
    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> Any: ...
    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Any: ...
    def parameters(self, model: Any) -> Gradients: ...
    def forward(self, model: Any, x: np.ndarray) -> Any: ...
    def loss(self, model: Any, x: np.ndarray, y: np.ndarray) -> Any: ...
    def predict(self, model: Any, x: np.ndarray) -> Any: ...
    def backward(self, model: Any, x: np.ndarray, y: np.ndarray) -> Gradients: ...
    def step(self, model: Any, grads: Gradients, lr: float) -> None: ...
    def fit(self, model: Any, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float) -> Any: ...
    def layer(self, name: str, *arguments: np.ndarray) -> Sequence[Any]: ...


class Mistaken:
    """The parts, with `changes` in them, as an actor.  passes: what the backward passes went through."""

    def __init__(self, *changes: Mapping[str, Callable[..., Any]]) -> None:
        self.parts = Parts(*changes)
        self.passes: list[Pass] = []

    def relu(self, z: np.ndarray) -> Any:
        return self.parts.relu(z)

    def softmax(self, z: np.ndarray) -> Any:
        return self.parts.softmax(z)

    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> Any:
        return self.parts.cross_entropy(p, y)

    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Model:
        return Model.of(weights, biases)

    def parameters(self, model: Model) -> Gradients:
        return list(model.weights), list(model.biases)

    def forward(self, model: Model, x: np.ndarray) -> Any:
        return self.parts.forward(model, x)

    def loss(self, model: Model, x: np.ndarray, y: np.ndarray) -> Any:
        return self.parts.loss(model, x, y)

    def predict(self, model: Model, x: np.ndarray) -> Any:
        return self.parts.predict(model, x)

    def backward(self, model: Model, x: np.ndarray, y: np.ndarray) -> Gradients:
        grads, batch = self.parts.backpropagate(model, x, y)
        self.passes.append(batch)
        return grads

    def step(self, model: Model, grads: Gradients, lr: float) -> None:
        self.parts.step(model, grads, lr)

    def fit(self, model: Model, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float) -> Any:
        return self.parts.fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=lr)

    def layer(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        """What a layer's function returns, without its cache.  arguments: of a backward pass those of the forward pass
        after dout.
        """
        parts = self.parts
        if name == "affine_forward":
            return [parts.affine_forward(*arguments)]
        if name == "affine_backward":
            dout, x, w, _ = arguments
            return [parts.affine_dx(dout, x, w), parts.affine_dw(dout, x, w), parts.affine_db(dout)]
        if name == "relu_forward":
            return [parts.relu(arguments[0])]
        if name == "relu_backward":
            return [parts.relu_dx(*arguments)]
        z, y = arguments
        return [parts.loss_of_logits(z, y), parts.logit_gradient(z, y)]


@dataclass(frozen=True)
class Probe:
    """One question.

    ask: puts it to an actor and returns arrays.  labels: what each array is.  kinds: for gradients, (`weights` or
    `biases`, layer) of each array.  slack: how far each may be off beyond rounding.  about: the question in words.
    relative: whether every entry has all its digits, not only the largest.
    """

    about: str
    ask: Callable[[Actor], Sequence[Any]]
    labels: Sequence[str] = ()
    kinds: Sequence[tuple[str, int]] = ()
    slack: float = 0.0
    relative: bool = False


def asking(name: str, *arguments: Any) -> Callable[[Actor], Sequence[Any]]:
    """Calls one function of an actor, with copies of the arguments."""
    return lambda actor: [getattr(actor, name)(*map(np.array, arguments))]


def asking_layer(name: str, *arguments: Any) -> Callable[[Actor], Sequence[Any]]:
    """Calls a layer's function, with copies of the arguments."""
    return lambda actor: actor.layer(name, *map(np.array, arguments))


@dataclass(frozen=True)
class Answer:
    """What an actor said: arrays, or that it raised."""

    arrays: tuple[np.ndarray, ...] = ()
    raised: bool = False
    passes: tuple[Pass, ...] = field(default=(), compare=False)


def answer(probe: Probe, actor: Mistaken) -> Answer:
    """What the parts answer; a mistake may raise, as whoever made it would see."""
    actor.passes.clear()
    try:
        with np.errstate(all="ignore"):
            found = tuple(np.asarray(array, np.float64) for array in probe.ask(actor))
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return Answer(raised=True)
    return Answer(found, passes=tuple(actor.passes))


ROUNDINGS = 2.0**9  # sums of at most ten terms through at most five layers, and the cancellation in p - y
CANCELLED = 2.0**4  # an array of entries smaller than this part of the others' may be what is left of larger ones
FEW = 2.0**13  # of a softmax: its exponents go up to some thousands, each with an error of u


def alike(first: np.ndarray, second: np.ndarray, u: float, probe: Probe, beside: float = 0.0) -> bool:
    """Whether two arrays are the same to rounding, and to what the probe allows beside.

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
        rounding = FEW * u * np.abs(second) if probe.relative else ROUNDINGS * u * largest
        near = np.abs(first - second) <= rounding + probe.slack
    return bool((same | (near & finite)).all())


def agree(first: Answer, second: Answer, u: float, probe: Probe) -> bool:
    """Whether two answers are the same to rounding."""
    if first.raised or second.raised:
        return first.raised and second.raised
    beside = size_beside(second)
    return len(first.arrays) == len(second.arrays) and all(
        alike(a, b, u, probe, beside) for a, b in zip(first.arrays, second.arrays, strict=True)
    )


def size_beside(found: Answer) -> float:
    """A part of the largest number of an answer of several arrays: what cancels is zero to its rounding."""
    if len(found.arrays) < 2:
        return 0.0
    largest = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in found.arrays]
    return float(max(largest)) / CANCELLED
