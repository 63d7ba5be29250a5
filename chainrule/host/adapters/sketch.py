"""About ten lines that would make code fit in which chainrule recognises no network: the begin of an adapter."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from chainrule.host.recognition.namespaces import network_classes, own_classes, own_functions, ranked
from chainrule.host.recognition.vocabulary import rank

ADAPTER = """\
import chainrule


class Adapter(chainrule.Implementation):
    def create(self, sizes, seed):  # layer sizes [D, ..., K]
        return {create}
    def parameters(self, net):  # two lists of arrays, (s[l], s[l+1]) and (s[l+1],)
        return [...], [...]
    def assign(self, net, weights, biases):  # puts copies of such lists into net
        ...
    def forward(self, net, x):  # (N, D) -> (N, K) probabilities
        return {forward}
    def loss(self, net, x, y):  # the mean cross-entropy of labels 0..K-1
        return {loss}
    def backward(self, net, x, y):  # its gradients, shaped like `parameters`
        return {backward}"""
NATIVE = """\
class MLP:
    def __init__(self, sizes, seed=0):  # the lines that make the arrays
        self.weights, self.biases = [...], [...]
    def forward(self, x):  # (N, D) -> (N, K) probabilities
        ...
    def loss(self, x, y):  # the mean cross-entropy of labels 0..K-1
        ...
    def backward(self, x, y):  # its gradients: (weight_grads, bias_grads)
        ...
    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):  # the loop
        ..."""


def sketch(namespace: Mapping[str, Any]) -> str:
    """An adapter that calls what has fitting names; for code without any, a class to fill in."""
    classes = [*network_classes(namespace), *own_classes(namespace)]
    functions = own_functions(namespace)
    methods: list[tuple[str, Any]] = []
    create = "..."
    if classes:
        name, cls = classes[0]
        create = call(f"self.target.{name}", cls)
        methods = inspect.getmembers(cls, inspect.isfunction)
    for name, function in functions:
        if create == "..." and rank("init", name) is not None:
            create = call(f"self.target.{name}", function)
    calls = {}
    for operation in ("forward", "loss", "backward"):
        of_class, alone = ranked(operation, methods), ranked(operation, functions)
        if of_class:
            calls[operation] = call(f"net.{of_class[0][0]}", of_class[0][1], bound=True)
        else:
            calls[operation] = call(f"self.target.{alone[0][0]}", alone[0][1]) if alone else "..."
    if create == "..." and set(calls.values()) == {"..."}:
        return NATIVE
    return ADAPTER.format(create=create, **calls)


def call(name: str, function: Any, bound: bool = False) -> str:
    """A call of a function with the names of its parameters.  bound: leave out the first, self."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[int(bound) :]
    except (TypeError, ValueError):
        return f"{name}(...)"
    return f"{name}({', '.join(p.name for p in parameters if p.default is p.empty)})"
