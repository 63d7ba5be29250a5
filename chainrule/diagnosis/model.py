"""The mathematics of the reference, taken apart: every part can be replaced by somebody's mistake.

What is right here is reference/mlp.py, written so that a mistake is one function: `Parts(mistake)` is the network of
who made it.  Sizes are small and each call is a few microseconds, so that a whole catalogue can be tried on what an
implementation returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chainrule import reference
from chainrule.diagnosis.mistake import Changes

Gradients = tuple[list[np.ndarray], list[np.ndarray]]

# The parts of each stage of the way.
SOFTMAX = frozenset({"softmax", "shift", "total"})
FORWARD = SOFTMAX | {"relu", "affine", "activation", "output", "features"}
ERROR = frozenset({"one_hot", "error", "average"})  # what the last layer's gradients are made of
BELOW = frozenset({"carried", "slope", "masked", "weight_gradient", "bias_gradient"})
BACKWARD = ERROR | BELOW | {"gradients"}
UPDATE = frozenset({"updated"})
NORMALIZING = (frozenset({"shift"}), frozenset({"total"}))


@dataclass
class Model:
    """A network's parameters, and what a mistake remembers between calls."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    memory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Model:
        """A network with copies of these parameters, in float64."""
        return cls([np.array(w, np.float64) for w in weights], [np.array(b, np.float64) for b in biases])


@dataclass
class Pass:
    """A batch on its way through a network.

    x: (N, D); y: (N,) or None.  inputs: a[0], ..., a[L-1]; z: z[1], ..., z[L], so that `inputs[l]` and `z[l]` belong
    to `weights[l]`.  p: (N, K).  deltas: dloss/dz of each layer, once backward has come there.
    """

    model: Model
    x: np.ndarray
    y: np.ndarray | None
    inputs: list[np.ndarray]
    z: list[np.ndarray]
    p: np.ndarray
    deltas: list[np.ndarray] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.x)

    @property
    def classes(self) -> int:
        return self.model.weights[-1].shape[1]


class Parts:
    """The right network, with what `changes` replace: an `actors.Actor`.

    passes: what the backward passes went through.  A chapter adds its own parts with `part`.
    """

    def __init__(self, *changes: Changes) -> None:
        self.passes: list[Pass] = []
        for change in changes:
            for name, code in change.items():
                setattr(self, name, partial(code, getattr(self, name)))

    # As one who is asked

    def function(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        found = getattr(self, name)(*arguments)
        return found if isinstance(found, tuple) else [found]

    def there_and_back(self, backward: str, dout: np.ndarray, *arguments: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """As a chapter's part for both passes says, whose name is that of the backward pass and `_pass`."""
        out, gradient = getattr(self, f"{backward}_pass")(dout, *arguments)
        return [out], [gradient]

    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Model:
        return Model.of(weights, biases)

    def parameters(self, model: Model) -> Gradients:
        return list(model.weights), list(model.biases)

    # Functions

    def relu(self, z: np.ndarray) -> np.ndarray:
        return np.maximum(z, 0.0)

    def softmax(self, z: np.ndarray) -> np.ndarray:
        e = np.exp(self.shift(z))
        return e / self.total(e)

    def shift(self, z: np.ndarray) -> np.ndarray:
        """What softmax exponentiates: the logits less the largest of their row."""
        return z - z.max(axis=1, keepdims=True)

    def total(self, e: np.ndarray) -> Any:
        """What softmax divides the exponentials by."""
        return e.sum(axis=1, keepdims=True)

    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> float:
        return reference.cross_entropy(p, y)

    # The forward pass

    def affine(self, a: np.ndarray, model: Model, l: int) -> np.ndarray:
        """z[l+1] of layer l, counted from 0."""
        return a @ model.weights[l] + model.biases[l]

    def activation(self, z: np.ndarray, model: Model, l: int) -> np.ndarray:
        """What follows on layer l: ReLU, and after the last one nothing."""
        return self.relu(z) if l < len(model.weights) - 1 else z

    def output(self, z: np.ndarray) -> np.ndarray:
        """Probabilities of the logits."""
        return self.softmax(z)

    def propagate(self, model: Model, x: np.ndarray, y: np.ndarray | None = None) -> Pass:
        a, inputs, zs = self.features(np.asarray(x, np.float64)), [], []
        for l in range(len(model.weights)):
            inputs.append(a)
            zs.append(self.affine(a, model, l))
            a = self.activation(zs[-1], model, l)
        return Pass(model, x, y, inputs, zs, self.output(a))

    def features(self, x: np.ndarray) -> np.ndarray:
        """What the first layer is given."""
        return x

    def forward(self, model: Model, x: np.ndarray) -> np.ndarray:
        return self.propagate(model, x).p

    def loss(self, model: Model, x: np.ndarray, y: np.ndarray) -> float:
        return self.loss_of_logits(self.propagate(model, x).z[-1], y)

    def surprising(self, p: np.ndarray, y: np.ndarray) -> float:
        """The loss that a network makes of its probabilities."""
        return self.cross_entropy(p, y)

    def predict(self, model: Model, x: np.ndarray) -> np.ndarray:
        return self.chosen(self.propagate(model, x))

    def chosen(self, batch: Pass) -> np.ndarray:
        """The labels of a batch."""
        return self.label(batch.p)

    def label(self, p: np.ndarray) -> np.ndarray:
        """The likeliest classes."""
        return p.argmax(axis=1)

    # The backward pass

    def one_hot(self, y: np.ndarray, classes: int) -> np.ndarray:
        return np.eye(classes)[y]

    def error(self, p: np.ndarray, target: np.ndarray, batch: Pass) -> np.ndarray:
        """N dloss/dz of the last layer."""
        return p - target

    def average(self, error: np.ndarray, batch: Pass) -> np.ndarray:
        return error / batch.n

    def carried(self, delta: np.ndarray, batch: Pass, l: int) -> np.ndarray:
        """dloss/da: delta of layer l, sent down through its weights."""
        return delta @ batch.model.weights[l].T

    def slope(self, batch: Pass, l: int, carried: np.ndarray) -> Any:
        """da/dz of hidden layer l, counted from 0."""
        return batch.z[l] > 0

    def masked(self, carried: np.ndarray, slope: Any, batch: Pass) -> np.ndarray:
        """dloss/dz of a hidden layer."""
        return carried * slope

    def weight_gradient(self, batch: Pass, l: int, delta: np.ndarray) -> np.ndarray:
        return batch.inputs[l].T @ delta

    def bias_gradient(self, batch: Pass, l: int, delta: np.ndarray) -> np.ndarray:
        return delta.sum(axis=0)

    def gradients(self, grads: Gradients, batch: Pass) -> Gradients:
        """What backward returns of what it computed."""
        return grads

    def backpropagate(self, model: Model, x: np.ndarray, y: np.ndarray) -> tuple[Gradients, Pass]:
        """(the gradients, the pass that they belong to)."""
        batch = self.propagate(model, x, y)
        delta = self.average(self.error(batch.p, self.one_hot(y, batch.classes), batch), batch)
        weight_grads: list[np.ndarray] = []
        bias_grads: list[np.ndarray] = []
        batch.deltas = [delta] * len(model.weights)
        for l in reversed(range(len(model.weights))):
            batch.deltas[l] = delta
            weight_grads.insert(0, self.weight_gradient(batch, l, delta))
            bias_grads.insert(0, self.bias_gradient(batch, l, delta))
            if l > 0:
                carried = self.carried(delta, batch, l)
                delta = self.masked(carried, self.slope(batch, l - 1, carried), batch)
        return self.gradients((weight_grads, bias_grads), batch), batch

    def backward(self, model: Model, x: np.ndarray, y: np.ndarray) -> Gradients:
        grads, batch = self.backpropagate(model, x, y)
        self.passes.append(batch)
        return grads

    def loss_of_logits(self, z: np.ndarray, y: np.ndarray) -> float:
        """The loss from logits, a network's or a layer's."""
        return self.surprising(self.output(z), y)

    # Training

    def updated(self, theta: np.ndarray, g: np.ndarray, lr: float, model: Model, kind: str, l: int) -> np.ndarray:
        """kind: `weights` or `biases` of layer l."""
        return theta - lr * g

    def step(self, model: Model, grads: Gradients, lr: float) -> None:
        for kind, thetas, gradients in (("weights", model.weights, grads[0]), ("biases", model.biases, grads[1])):
            for l, g in enumerate(gradients):
                thetas[l] = self.updated(thetas[l], g, lr, model, kind, l)

    def batches(self, order: np.ndarray, size: int) -> Iterable[np.ndarray]:
        """The batches of an epoch that visits the samples in this order."""
        return [order[start : start + size] for start in range(0, len(order), size)]

    def batch_gradient(self, model: Model, x: np.ndarray, y: np.ndarray, batch: np.ndarray, size: int) -> Gradients:
        """The gradient of one update.  x, y: all samples; batch: those of this update; size: as asked for."""
        return self.backward(model, x[batch], y[batch])

    def rate(self, lr: float, epoch: int, samples: int, size: int) -> float:
        """The rate of an update, of N samples in batches of that size."""
        return lr

    def epochs(self, epochs: int) -> int:
        """How many are run."""
        return epochs

    def history(self, losses: list[list[float]], samples: int) -> list[float]:
        """What fit returns of the losses of every batch of every epoch."""
        return [float(np.mean(epoch)) if epoch else float("nan") for epoch in losses]

    def begin(self, model: Model) -> None:
        """What happens to the parameters before training."""

    def goes_on(self, model: Model, loss: Callable[[], float]) -> bool:
        """Whether training goes on after an epoch.  loss: of all samples, at that moment."""
        return True

    def end(self, model: Model) -> None:
        """What happens to the parameters after training."""

    def fit(
        self, model: Model, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float
    ) -> list[float]:
        """Train on samples in the order in which they are given: for data whose order does not matter."""
        self.begin(model)
        losses: list[list[float]] = []
        for epoch in range(self.epochs(epochs)):
            losses.append([])
            for batch in self.batches(np.arange(len(x)), batch_size):
                losses[-1].append(self.loss(model, x[batch], y[batch]))
                grads = self.batch_gradient(model, x, y, batch, batch_size)
                self.step(model, grads, self.rate(lr, epoch, len(x), batch_size))
            if not self.goes_on(model, partial(self.loss, model, x, y)):
                break
        self.end(model)
        return self.history(losses, len(x))


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a function of (parts, arguments) to the parts, under its name."""
    setattr(Parts, function.__name__, function)
    return function
