"""Networks that exist only inside a training: one function takes data and weights, and updates the weights in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Known, Unbound, bind, parameters_of
from chainrule.host.recognition.forms import Held, SizedForm
from chainrule.host.recognition.namespaces import Operation, methods_of, own_functions, ranked
from chainrule.host.recognition.slots import Fold, discover
from chainrule.host.recognition.vocabulary import is_called, plain, role

WEIGHTS = re.compile(r"(w|weights?|theta)\d+")
NEEDED = {"x", "y", "lr"}
SAMPLES = 11  # of the batch on which a training is tried


class Weights:
    """The weights that a training takes, with the forward pass that it must contain: ReLU between layers, logits."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        vars(self).update(arrays)

    def forward(self, x: Any) -> Any:
        """The logits for rows of samples."""
        *hidden, last = vars(self).values()
        for weights in hidden:
            x = np.maximum(x @ weights, 0)
        return x @ last


class EpochForm(SizedForm):
    """A function such as nn_epoch(X, y, W1, W2, lr, batch), in a file without a forward pass.

    chainrule computes the output itself, and checks what the function does to the weights.
    """

    makes_parameters = False

    def __init__(self, name: str, function: FunctionType, namespace: Mapping[str, Any], fold: Fold) -> None:
        super().__init__(namespace, fold)
        found = [parameter.name for parameter in parameters_of(function)]
        self.names = [parameter for parameter in found if WEIGHTS.fullmatch(plain(parameter))]
        if len(self.names) < 2 or not set(map(role, found)) >= NEEDED or not fold.carried:
            raise Unbound("it does not take data, weights of several layers and a learning rate")
        self.name, self.function = name, function
        self.title = f"the network inside {name}"
        self.unseen = f"the code computes the output only inside {name}"
        self.pattern = [None] * (len(self.names) + 1)
        sizes = self.probe_sizes()
        self.slots_of[len(self.names)] = discover(self.construct(sizes, 0), sizes, fold)
        self.try_it(sizes)

    def try_it(self, sizes: Sequence[int]) -> None:
        """Run one update.  Raises Unbound unless it changes all weights, or the code's exception."""
        model, stored = self.create(sizes, 0), self.stored(sizes)
        before = [weights.copy() for weights in vars(model.value).values()]
        x, y = np.random.default_rng(0).normal(size=(SAMPLES, stored[0])), np.arange(SAMPLES) % stored[-1]
        known = Known({"x": x, "y": y, "lr": 0.5, "batch_size": SAMPLES, "epochs": 1}, self.named(model))
        arguments = bind(self.function, known)
        self.function(*arguments.arguments, **arguments.keywords)
        if any(np.array_equal(*pair) for pair in zip(before, vars(model.value).values(), strict=True)):
            raise Unbound("it does not change the weights that it takes")

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        rng = np.random.default_rng(seed)
        fans = zip(self.names, sizes[:-1], sizes[1:], strict=True)
        return Weights({name: rng.normal(size=(n, m)) / np.sqrt(n) for name, n, m in fans})

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, methods_of(model.value))
        if operation in ("backward", "fit"):
            yield self.name, self.function
        elif operation == "loss":
            functions = own_functions(self.namespace)
            yield from ranked(operation, functions)
            yield from (pair for pair in functions if is_called("methods", "is_the_loss_of_logits", pair[0]))

    def named(self, model: Held) -> dict[str, Any]:
        return dict(vars(model.value))
