"""Networks of nodes that know their gradients, as engines of automatic differentiation have them: Value, Tensor.

chainrule passes numbers and arrays to them and reads numbers and arrays.  Where the file has no loss, a backward pass
starts from the sum of the outputs, each times its exact gradient (p - y) / N, which is a constant: its gradients are
those of the cross-entropy, whatever operations the engine offers beside sums and products.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.recognition.binding import Known, Unbound, bind
from chainrule.host.recognition.boxes import DATA, GRADIENT, attribute, data_of, is_node
from chainrule.host.recognition.namespaces import methods_of, ranked
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.structures import SIMPLE, inside
from chainrule.support.arrays import is_array, joined

RECURSION = 4_000  # deep enough for a graph of single numbers behind 784 inputs, and far from the end of the stack


def groups(value: Any, seen: set[int]) -> Iterator[Any]:
    """The nodes in an object, in the order in which it holds them; nodes of one list together."""
    if id(value) in seen or isinstance(value, SIMPLE) or is_array(value):
        return
    seen.add(id(value))
    if is_node(value):
        yield value
    elif isinstance(value, (list, tuple)) and value and all(map(is_node, value)):
        yield list(value)
    else:
        items = value if isinstance(value, (list, tuple)) else [item for _, item in inside(value)]
        for item in items:
            yield from groups(item, seen)


class Graph:
    """A network of nodes, called with arrays: rows of samples in, rows of outputs out.

    kind: the class of the nodes.
    """

    kind: Any

    def __init__(self, network: Any) -> None:
        passes = [*ranked("forward", methods_of(network)), *ranked("predict", methods_of(network))]
        self.call = next((method for _, method in passes), None)
        if self.call is None:
            raise Unbound("it has no forward pass")

    def outputs(self, *ways: Any) -> Any:
        """The output nodes for inputs, given in the first of these ways that the network takes."""
        for x in ways[:-1]:
            with contextlib.suppress(Exception):
                return self.applied(x)
        return self.applied(ways[-1])

    def applied(self, x: Any) -> Any:
        arguments = bind(self.call, Known({"x": x}, order=("x",)))
        return self.call(*arguments.arguments, **arguments.keywords)  # type: ignore[misc]


class ScalarGraph(Graph):
    """A network whose parameters are nodes of single numbers.  weights: an array (out, in) for each layer."""

    def __init__(self, network: Any, sizes: Sequence[int]) -> None:
        super().__init__(network)
        layers = layers_of(list(groups(network, set())), sizes)
        nodes = [node for rows, bias in layers for group in (*rows, bias) for node in group]
        self.nodes: Callable[[], list[Any]] = lambda: nodes  # hidden from the search for parameters
        self.kind = type(nodes[0])
        self.data, self.gradient = str(attribute(nodes[0], DATA)), str(attribute(nodes[0], GRADIENT))
        self.weights = [np.array([[data_of(node) for node in row] for row in rows], float) for rows, _ in layers]
        self.biases = [np.array([data_of(node) for node in bias], float) for _, bias in layers]
        self.written = self.present()

    def present(self) -> np.ndarray:
        """The present values of the parameters, in the order of their nodes."""
        return joined(*(array for pair in zip(self.weights, self.biases, strict=True) for array in pair))

    def nodes_for(self, sample: np.ndarray) -> list[Any]:
        """The output nodes for one sample."""
        numbers = sample.tolist()
        found = self.outputs([self.kind(number) for number in numbers], numbers)
        return list(found) if isinstance(found, (list, tuple)) else [found]

    def write(self) -> None:
        """Write the present values of the parameters into their nodes."""
        values, nodes = self.present(), self.nodes()
        for i in np.flatnonzero(values != self.written):
            setattr(nodes[i], self.data, float(values[i]))
        self.written = values

    def forward(self, x: Any) -> Any:
        self.write()
        return np.array([[data_of(node) for node in self.nodes_for(row)] for row in np.asarray(x, float)])

    def backward(self, x: Any, y: Any) -> Any:
        """The mean over the samples of the gradients of the cross-entropy: {`dW` and `db`: an array for each layer}."""
        self.write()
        total = np.zeros(len(self.nodes()))
        for row, label in zip(np.asarray(x, float), np.asarray(y).astype(int), strict=True):
            for node in self.nodes():
                setattr(node, self.gradient, 0.0)
            outputs = self.nodes_for(row)
            slopes = output_slopes(np.array([[data_of(node) for node in outputs]], float), label[None])[0]
            first, *rest = (node * float(slope) for node, slope in zip(outputs, slopes, strict=True))
            start = sum(rest, first)
            with deep_recursion():
                backward_of(start)()
            total += [float(getattr(node, self.gradient)) for node in self.nodes()]
        shapes = [array.shape for pair in zip(self.weights, self.biases, strict=True) for array in pair]
        ends = np.cumsum([0, *map(math.prod, shapes)])
        means = [np.reshape(total[a:b] / len(x), size) for (a, b), size in zip(pairwise(ends), shapes, strict=True)]
        return {"dW": means[::2], "db": means[1::2]}


def layers_of(found: Sequence[Any], sizes: Sequence[int]) -> list[tuple[list[list[Any]], list[Any]]]:
    """(rows of weights, biases) of every layer among groups of nodes.  Raises Unbound if they do not fit the sizes."""
    rows, singles = [group for group in found if isinstance(group, list)], [g for g in found if not isinstance(g, list)]
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        weights, rows = rows[:fan_out], rows[fan_out:]
        if singles:
            bias, singles = singles[:fan_out], singles[fan_out:]
        else:
            bias, rows = (rows[0] if rows else []), rows[1:]
        if [len(row) for row in weights] != [fan_in] * fan_out or len(bias) != fan_out:
            raise Unbound(f"its objects do not contain weights and biases of sizes {list(sizes)}")
        layers.append((weights, bias))
    return layers


def output_slopes(output: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of each sample's cross-entropy by the outputs: logits, or probabilities if they are."""
    one_hot = np.eye(output.shape[1])[y]
    if all(are_probabilities(row) for row in output):
        return -one_hot / output
    e = np.exp(output - output.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - one_hot


def backward_of(node: Any) -> Any:
    """The method that walks the graph back.  Raises NotOffered."""
    found = sorted(ranked("backward", methods_of(node)), key=lambda method: method[0].startswith("_"))
    if not found:
        raise NotOffered(f"backward is missing: class {type(node).__name__} has nothing of such a name")
    return found[0][1]


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Let the walk over a deep graph be recursive."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
