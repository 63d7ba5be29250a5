"""An implementation as one who is asked: its answers to questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Handle
from chainrule.boundary.errors import Raised
from chainrule.diagnosis.actors import Answer, Probe
from chainrule.diagnosis.model import Gradients
from chainrule.mathematics.comparison import Failure


class Observed:
    """An implementation as an actor: `probes.Actor`, behind its boundary."""

    def __init__(self, impl: Boundary) -> None:
        self.impl = impl

    def relu(self, z: np.ndarray) -> Any:
        return self.impl.relu(z)

    def softmax(self, z: np.ndarray) -> Any:
        return self.impl.softmax(z)

    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> Any:
        return self.impl.cross_entropy(p, y)

    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Handle:
        model = self.impl.create([len(weights[0]), *(len(b) for b in biases)], seed=0)
        self.impl.assign(model, weights, biases)
        return model

    def parameters(self, model: Handle) -> Gradients:
        return self.impl.parameters(model)

    def forward(self, model: Handle, x: np.ndarray) -> Any:
        return self.impl.forward(model, x)

    def loss(self, model: Handle, x: np.ndarray, y: np.ndarray) -> Any:
        return self.impl.loss(model, x, y)

    def predict(self, model: Handle, x: np.ndarray) -> Any:
        return self.impl.predict(model, x)

    def backward(self, model: Handle, x: np.ndarray, y: np.ndarray) -> Gradients:
        return self.impl.backward(model, x, y)

    def step(self, model: Handle, grads: Gradients, lr: float) -> None:
        self.impl.step(model, grads, lr)

    def fit(self, model: Handle, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float) -> Any:
        return self.impl.fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=0)

    def layer(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        impl = self.impl
        if name.endswith("_backward"):
            dout, *rest = arguments
            _, cache = getattr(impl, name.replace("backward", "forward"))(*rest)
            found = getattr(impl, name)(dout, cache)
            return found if isinstance(found, tuple) else [found]
        found = getattr(impl, name)(*arguments)
        return list(found) if name == "softmax_loss" else [found[0]]


def observe(impl: Boundary, probes: Sequence[Probe]) -> list[tuple[Probe, Answer]]:
    """The implementation's answers, without those that it cannot be asked for."""
    actor, found = Observed(impl), []
    for probe in probes:
        try:
            arrays = tuple(np.array(array, np.float64) for array in probe.ask(actor))
        except SkipTest:
            continue
        except (Raised, Failure, ValueError, TypeError):
            found.append((probe, Answer(raised=True)))
        else:
            found.append((probe, Answer(arrays)))
    return found
