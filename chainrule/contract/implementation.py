"""The interface through which every spec sees an implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from chainrule.contract.chapters import EXTENSIONS
from chainrule.contract.errors import Missing
from chainrule.contract.moves import Moves
from chainrule.contract.operation import Operation
from chainrule.support.source_positions import place_of

Model = Any  # an opaque handle: only the implementation that made it uses its content
Cache = Any  # what a layer's forward pass keeps for its backward pass; opaque like a model
Parameters = tuple[Sequence[ArrayLike], Sequence[ArrayLike]]


class Implementation:
    """A neural network as the specification sees it.  Subclass it as `Adapter` and override what your code offers.

    Everything is in the native conventions: x is (N, D), y holds N integer labels 0..K-1, weights are (s[l], s[l+1])
    with z = x W + b, losses and gradients are means over the batch.  Arrays are anything `numpy.asarray` accepts.
    A method that is not overridden, or raises NotImplementedError, makes the specs that need it `todo`.
    """

    def __init__(self, target: Any) -> None:
        """target: the loaded TARGET, a module or a live object."""
        self.target = target

    def relu(self, z: ArrayLike) -> ArrayLike:
        """max(z, 0), of any shape."""
        self._not_offered("relu")

    def softmax(self, z: ArrayLike) -> ArrayLike:
        """(N, K) logits -> (N, K) probabilities, each row summing to 1."""
        self._not_offered("softmax")

    def cross_entropy(self, p: ArrayLike, y: ArrayLike) -> float:
        """(N, K) probabilities and (N,) labels -> the mean over the batch of -log p[n, y[n]], in nats."""
        self._not_offered("cross_entropy")

    def xavier(self, fan_in: int, fan_out: int, rng: Generator) -> ArrayLike:
        """(fan_in, fan_out) weights of variance 2 / (fan_in + fan_out), uniform or normal, drawn from `rng`."""
        self._not_offered("xavier")

    def draws(self, fan_in: int, fan_out: int, rng: Generator, count: int) -> list[ArrayLike]:
        """The results of `count` calls of `xavier`, one after the other."""
        return [self.xavier(fan_in, fan_out, rng) for _ in range(count)]

    def create(self, sizes: Sequence[int], seed: int) -> Model:
        """A new network of layer sizes s[0..L]: Xavier weights decided by `seed`, zero biases."""
        self._not_offered("create")

    def parameters(self, model: Model) -> Parameters:
        """The present (weights, biases): lists of L arrays, (s[l], s[l+1]) and (s[l+1],)."""
        self._not_offered("parameters")

    def assign(self, model: Model, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike]) -> None:
        """Replace the parameters, shaped as `parameters` gives them."""
        self._not_offered("assign")

    def forward(self, model: Model, x: ArrayLike) -> ArrayLike:
        """(N, D) inputs -> (N, K) probabilities."""
        self._not_offered("forward")

    def loss(self, model: Model, x: ArrayLike, y: ArrayLike) -> float:
        """The mean cross-entropy of the batch, in nats."""
        self._not_offered("loss")

    def losses(self, model: Model, x: ArrayLike, y: ArrayLike, moves: Moves) -> list[float]:
        """The loss after each of the moves; afterwards the network has the parameters from which they start."""
        found = []
        for weights, biases in moves.parameters():
            self.assign(model, weights, biases)
            found.append(self.loss(model, np.array(x), np.array(y)))
        self.assign(model, *moves.start())
        return found

    def backward(self, model: Model, x: ArrayLike, y: ArrayLike) -> Parameters:
        """Gradients of `loss(model, x, y)`: (weight_grads, bias_grads), shaped like the parameters."""
        self._not_offered("backward")

    def step(self, model: Model, grads: Parameters, lr: float) -> None:
        """One update theta <- theta - lr g of every parameter; `grads` as `backward` returns them."""
        self._not_offered("step")

    def fit(
        self, model: Model, x: ArrayLike, y: ArrayLike, *, epochs: int, batch_size: int, lr: float, seed: int
    ) -> Sequence[float] | None:
        """Train in place by mini-batch SGD from the present parameters; may return the loss of each epoch."""
        self._not_offered("fit")

    def predict(self, model: Model, x: ArrayLike) -> ArrayLike:
        """(N, D) inputs -> (N,) integer labels."""
        self._not_offered("predict")

    def regularize(self, lam: float) -> None:
        """From now on loss, backward, step and fit of all networks contain an L2 penalty of this strength."""

    @property
    def penalized(self) -> str:
        """What has the strength of an L2 penalty: the `network`, or operations, with blanks; empty without one."""
        return "" if type(self).regularize is Implementation.regularize else "network"

    def extension(self, operation: Operation, *arguments: Any) -> Any:
        """The result of an extension chapter's operation, unless the adapter overrides that operation."""
        self._not_offered(operation.name)

    def supports(self, sizes: Sequence[int]) -> str | None:
        """None if `create` makes networks of these sizes, else the reason why not.

        Specs that need networks which it does not make are `skipped`, and not required.
        """
        return None

    def offers(self, name: str) -> bool:
        """Whether the code defines a name of the contract; `create` stands for the network."""
        return getattr(type(self), name) is not getattr(Implementation, name)

    def where(self, name: str) -> str | None:
        """`file:line` of the code behind a method; None if it is unknown."""
        return source_line(getattr(type(self), name, None))

    def _not_offered(self, name: str) -> NoReturn:
        raise Missing(f"{name}: the adapter does not override it")


def extension_method(operation: Operation) -> Any:
    """The method of `Implementation` for an operation of an extension chapter."""

    def method(self: Implementation, *arguments: Any) -> Any:
        return self.extension(operation, *arguments)

    method.__name__, method.__doc__ = operation.name, f"({operation.adapter_signature}): {operation.meaning}."
    return method


for _operation in EXTENSIONS.values():
    setattr(Implementation, _operation.name, extension_method(_operation))


def source_line(function: Any) -> str | None:
    """The position at which a function or class begins; None if Python cannot find its source."""
    return place_of(function)
