"""Networks whose parameters are nodes of arrays: what they take, how their gradients are computed, their own loss.

Several ways are possible: inputs as one tensor or as a list of columns, tensors that record gradients or do not, a
backward pass that starts from 1 or from a given gradient.  The way counts that gives the last layer's biases the
gradient that mathematics gives them, whatever comes before.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.recognition.binding import Known, Unbound, bind, parameters_of
from chainrule.host.recognition.boxes import (
    DATA,
    GRADIENT,
    Box,
    attribute,
    bases_of,
    boxes,
    data_attribute,
    data_of,
    gradient_of,
    is_box,
    is_node,
    kept_gradient,
)
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.nodes import Graph, backward_of, deep_recursion, output_slopes
from chainrule.host.recognition.slots import Slots, discover, step_name
from chainrule.host.recognition.structures import NOT_ENTERED, SIMPLE, Item, follow, inside
from chainrule.host.recognition.vocabulary import is_called
from chainrule.support.arrays import is_array, to_numpy

AGREE = 1e-3  # how far a gradient or a loss of float32 may be from the exact one
SAMPLES = 5


@dataclass(frozen=True)
class Way:
    """How a network of tensors is called.

    box: makes a tensor of an array.  columns: whether a batch is a list of one column for each sample.
    bare: whether it makes a tensor of the inputs itself.
    start: begins the backward pass at the outputs, with their gradient; None if no way leaves gradients.
    """

    box: Box
    columns: bool
    start: Callable[[Box, Sequence[Any], np.ndarray], None] | None = None
    bare: bool = False

    def inputs(self, x: np.ndarray) -> Any:
        """What the network takes for inputs in rows."""
        if self.columns:
            return [self.box(row[:, None]) for row in x]
        return x.copy() if self.bare else self.box(x)


@dataclass(frozen=True)
class Criterion:
    """The code's own loss.

    name: of its function.  function: takes outputs and labels.  between: what the outputs go through first, or None.
    one_hot, boxed: the form of the labels.  alone: whether it takes one sample.
    """

    name: str
    function: Callable[..., Any]
    between: Callable[[Any], Any] | None
    one_hot: bool
    boxed: bool
    alone: bool = False

    def node(self, graph: TensorGraph, x: np.ndarray, y: np.ndarray) -> Any:
        """The loss of a batch, from which a backward pass begins."""
        way = graph.way()
        assert way is not None
        outputs: Any = graph.outputs(x)
        outputs = outputs if way.columns else outputs[0]
        labels: Any = np.eye(graph.sizes()[-1])[y.astype(int)] if self.one_hot else y.astype(int)
        outputs = outputs if self.between is None else self.between(outputs)
        arguments = bind(
            self.function,
            Known(
                {"output": outputs, "y": way.box(labels) if self.boxed else labels},
                order=("output", "y"),
                as_role={"x": "output", "output_gradient": "output"},
            ),
        )
        return self.function(*arguments.arguments, **arguments.keywords)


class TensorGraph(Graph):
    """A network whose parameters are nodes of arrays.

    held: {name: node} of its parameters.  network: the code's own object.  sizes: of its layers.
    way: how it is called; None while chainrule tries ways.  criterion: its own loss, if any.
    optimizer: the class of its updates, if any.  slots: the places of its parameters.
    """

    def __init__(self, network: Any, sizes: Sequence[int]) -> None:
        super().__init__(network)
        self.held = dict(named_nodes(network, set()))
        if not self.held:
            raise Unbound("its objects contain no nodes that know their gradients")
        self.sizes: Callable[[], Sequence[int]] = lambda: sizes
        self.network: Callable[[], Any] = lambda: network  # hidden from the search for parameters, like what follows
        self.way: Callable[[], Way | None] = lambda: None
        self.criterion: Callable[[], Criterion | None] = lambda: None
        self.optimizer: Callable[[], Any] = lambda: None
        self.slots: Callable[[], Slots | None] = lambda: discover(self, sizes)
        widen(list(self.held.values()))
        fresh = [copy.deepcopy(kept_gradient(node)) for node in self.held.values()]
        self.fresh: Callable[[], list[Any]] = lambda: fresh

    def takes_arrays(self, inputs: int) -> bool:
        """Whether the forward pass turns arrays into arrays, although the parameters are nodes."""
        for x in (np.ones((2, inputs)), np.ones((inputs, 2)), np.ones(inputs)):
            with contextlib.suppress(Exception):
                return is_array(self.applied(x))
        return False

    def parameters(self) -> tuple[list[Any], list[Any]]:
        """The nodes of the weights and of the biases, first layer first."""
        slots = self.slots()
        if slots is None:
            raise NotOffered(f"its objects do not contain weights and biases of sizes {list(self.sizes())}")
        weights, biases = ([follow(self, slot.path[:-1]) for slot in part] for part in (slots.weights, slots.biases))
        return weights, biases

    def outputs(self, x: np.ndarray) -> list[Any]:
        """The output nodes for inputs in rows: one for the batch, or one for each sample."""
        way = self.way()
        assert way is not None
        x = x if x.dtype.kind == "f" else x.astype(float)
        found = self.applied(way.inputs(x))
        found = found[0] if isinstance(found, tuple) else found
        return found if isinstance(found, list) else [found]

    def forward(self, x: Any) -> Any:
        return rows_of(self.outputs(np.asarray(x)), len(x))

    def own(self, operation: str) -> list[Operation]:
        """The methods of the network for an operation, by their names."""
        return ranked(operation, methods_of(getattr(self.call, "__self__", None)))

    def predict(self, x: Any) -> Any:
        """What the network's own prediction gives for inputs in rows."""
        _, method = self.own("predict")[0]
        arguments = bind(method, Known({"x": x}, order=("x",)))
        return method(*arguments.arguments, **arguments.keywords)

    def loss(self, x: Any, y: Any) -> float:
        """The loss, by the code's own function."""
        criterion = self.criterion()
        assert criterion is not None
        batches = singles(x, y) if criterion.alone else [(x, y)]
        return float(np.mean([number_in(criterion.node(self, np.asarray(a), np.asarray(b))) for a, b in batches]))

    def backward(self, x: Any, y: Any) -> dict[str, list[np.ndarray]]:
        """{`dW` and `db`: the gradients of each layer}: of the code's own loss, else of the mean cross-entropy."""
        x, y, criterion = np.asarray(x), np.asarray(y).astype(int), self.criterion()
        self.clear()
        if criterion is None:
            outputs = self.outputs(x)
            self.start(outputs, output_slopes(rows_of(outputs, len(x)), y) / len(x))
            return self.gradients()
        batches = singles(x, y) if criterion.alone else [(x, y)]
        for inputs, labels in batches:
            begin(criterion.node(self, inputs, labels), self.way().box)  # type: ignore[union-attr]
        return self.gradients(len(batches))

    def start(self, outputs: Sequence[Any], slopes: np.ndarray) -> None:
        """Begin the backward pass at the outputs, whose gradients are given.  Raises NotOffered."""
        way = self.way()
        assert way is not None
        if way.start is None:
            backward_of(outputs[0])
            raise NotOffered("no way to begin the backward pass leaves gradients in the parameters")
        with deep_recursion():
            way.start(way.box, outputs, slopes)

    def clear(self) -> None:
        """Give every parameter the gradient that it had when the network was new."""
        for node, fresh in zip(self.held.values(), self.fresh(), strict=True):
            try:
                setattr(node, attribute(node, GRADIENT) or GRADIENT[0], copy.deepcopy(fresh))
            except AttributeError:
                for name, method in methods_of(node):
                    if is_called("engines", "sets_gradients_to_zero", name) and not parameters_of(method):
                        method()

    def gradients(self, share: int = 1) -> dict[str, list[np.ndarray]]:
        """{`dW` and `db`: the present gradients of each layer}; zeros where the backward pass left none."""
        found = []
        for part in self.parameters():
            given = [(gradient_of(node), to_numpy(data_of(node))) for node in part]
            found.append([np.zeros_like(data) if g is None else to_numpy(g) / share for g, data in given])
        return {"dW": found[0], "db": found[1]}

    def step(self, grads: Any, lr: float) -> None:
        """One update with these gradients, {`dW` and `db`: of each layer}, by the code's own optimizer."""
        self.clear()
        for nodes, arrays in zip(self.parameters(), (grads["dW"], grads["db"]), strict=True):
            for node, array in zip(nodes, arrays, strict=True):
                self.start([node], np.asarray(array))  # the gradient of the sum of its entries times these
        optimizer, given = self.optimizer(), listed(self.network()) or list(self.held.values())
        known = Known({"params": given, "lr": lr}, order=("params", "lr"))
        arguments = bind(optimizer, known)
        made = optimizer(*arguments.arguments, **arguments.keywords)
        for name, method in methods_of(made):
            if is_called("methods", "completes_a_network", name) and len(parameters_needed(method)) == 1:
                method(self.network())
        _, method = ranked("step", methods_of(made))[0]
        arguments = bind(method, known)
        method(*arguments.arguments, **arguments.keywords)


def named_nodes(value: Any, seen: set[int], name: str = "") -> Iterator[tuple[str, Any]]:
    """(name, node) of every node in an object, in the order in which it holds them, each once."""
    if id(value) in seen or is_array(value) or isinstance(value, (*SIMPLE, *NOT_ENTERED)):
        return
    seen.add(id(value))
    if is_node(value):
        yield name, value
        return
    items = [(Item(i), item) for i, item in enumerate(value)] if isinstance(value, (list, tuple)) else inside(value)
    for step, item in sorted(items, key=lambda item: step_name(item[0]).startswith("_")):  # `weight`, not `_parameters`
        yield from named_nodes(item, seen, f"{name} {step_name(step)}".strip())


def widen(nodes: Sequence[Any]) -> None:
    """Give parameters of several precisions the widest of them, in which the code computes with them all."""
    arrays = [data_of(node) for node in nodes]
    widest = np.result_type(*[array.dtype for array in arrays if isinstance(array, np.ndarray)] or [float])
    for node, array in zip(nodes, arrays, strict=True):
        if isinstance(array, np.ndarray) and array.dtype != widest:
            with contextlib.suppress(AttributeError):
                setattr(node, data_attribute(node) or DATA[0], array.astype(widest))


def listed(network: Any) -> list[Any]:
    """The parameters as the network itself lists them, for an optimizer; empty if it does not."""
    for name, method in methods_of(network):
        if is_called("engines", "gives_parameters", name) and not parameters_needed(method):
            return list(method() or ())
    attributes = vars(network) if hasattr(network, "__dict__") else {}
    kept = (v for name, v in attributes.items() if is_called("engines", "gives_parameters", name))
    return next((list(value) for value in kept if isinstance(value, (list, tuple))), [])


def parameters_needed(function: Any) -> list[Any]:
    """The parameters of a function that have no default."""
    return [
        p for p in parameters_of(function) if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]


def rows_of(outputs: Sequence[Any], n: int) -> np.ndarray:
    """What output nodes hold, in rows of samples."""
    arrays = [to_numpy(data_of(node)) for node in outputs]
    return arrays[0] if len(arrays) == 1 and n != 1 else np.vstack([array.reshape(1, -1) for array in arrays])


def singles(x: Any, y: Any) -> list[tuple[Any, Any]]:
    """Every sample with its label, as a batch of one."""
    return [(x[i : i + 1], y[i : i + 1]) for i in range(len(x))]


def number_in(node: Any) -> float:
    """The number that a loss holds."""
    return float(to_numpy(data_of(node) if is_box(node) else node).reshape(()))


# How a backward pass begins at the outputs with given gradients


def by_product(box: Box, outputs: Sequence[Any], slopes: np.ndarray) -> None:
    """From the sum of all outputs, each times its gradient."""
    total, *rest = [summed(node * box(part)) for node, part in parted(outputs, slopes)]
    for one in rest:
        total = total + one
    begin(total, box)


def by_entries(box: Box, outputs: Sequence[Any], slopes: np.ndarray) -> None:
    """From the entries of the outputs, each times its gradient, as a backward pass adds what begins at them."""
    for node, part in parted(outputs, slopes):
        begin(node * box(part), box)


def by_argument(_box: Box, outputs: Sequence[Any], slopes: np.ndarray) -> None:
    """From the outputs, whose backward pass takes an array."""
    for node, part in parted(outputs, slopes):
        backward_of(node)(part)


def by_boxed_argument(box: Box, outputs: Sequence[Any], slopes: np.ndarray) -> None:
    """From the outputs, whose backward pass takes a tensor."""
    for node, part in parted(outputs, slopes):
        backward_of(node)(box(part))


STARTS = (by_product, by_entries, by_argument, by_boxed_argument)


def parted(outputs: Sequence[Any], slopes: np.ndarray) -> list[tuple[Any, np.ndarray]]:
    """(node, the gradient that belongs to it) for each output node."""
    parts = [slopes] if len(outputs) == 1 else list(slopes)
    return [(node, part.reshape(np.shape(to_numpy(data_of(node))))) for node, part in zip(outputs, parts, strict=True)]


def summed(node: Any) -> Any:
    """The sum of all entries of a tensor."""
    try:
        return node.sum()
    except TypeError:  # sum(axis)
        while np.ndim(to_numpy(data_of(node))):
            node = node.sum(0)
        return node


def begin(node: Any, box: Box) -> None:
    """Begin the backward pass at a loss."""
    method = backward_of(node)
    with deep_recursion():
        if not parameters_needed(method):
            method()
            return
        ones = np.ones_like(to_numpy(data_of(node)))
        try:
            method(box(ones))
        except (TypeError, AttributeError):
            method(ones)


# Which way counts


def settle(graph: TensorGraph, classes: Sequence[Any]) -> Way:
    """The way to call a network of tensors.  classes: of the code, which may make its tensors.  Raises Unbound."""
    rng = np.random.default_rng(0)
    randomize(graph, rng)
    x, slopes = rng.standard_normal((SAMPLES, graph.sizes()[0])), rng.standard_normal((SAMPLES, graph.sizes()[-1]))
    own = bases_of(graph.parameters()[0][0])
    found: Way | None = None
    moved: Way | None = None
    trouble: Exception | None = None
    for box in boxes([*own, *(cls for cls in classes if cls not in own)]):
        for columns, bare in ((False, False), (True, False), (False, True)):
            way = Way(box, columns, bare=bare)
            try:
                with use(graph, way):
                    if graph.forward(x).shape != slopes.shape:
                        raise Unbound("its forward pass does not give one output for each class")
            except Exception as error:
                trouble = trouble or error
                continue
            found = found or way
            for start in STARTS:
                started = replace(way, start=start)
                shown = last_biases(graph, started, x, slopes)
                if shown is not None and np.allclose(shown, slopes.sum(axis=0), rtol=AGREE, atol=AGREE):
                    return started
                if shown is not None and shown.any():
                    moved = moved or started
    if found is None:
        raise trouble or Unbound("no class of the code makes tensors of arrays")
    return moved or found


def last_biases(graph: TensorGraph, way: Way, x: np.ndarray, slopes: np.ndarray) -> np.ndarray | None:
    """The gradient of the last layer's biases if outputs have these gradients; None if this raises."""
    try:
        with use(graph, way):
            graph.clear()
            graph.start(graph.outputs(x), slopes)
            return graph.gradients()["db"][-1].reshape(-1)
    except Exception:
        return None


@contextlib.contextmanager
def use(graph: TensorGraph, way: Way) -> Iterator[None]:
    """Call a network in this way for a while."""
    before = graph.way
    graph.way = lambda: way
    try:
        yield
    finally:
        graph.way = before


def randomize(graph: TensorGraph, rng: np.random.Generator) -> None:
    """Give a network generic parameters."""
    slots = graph.slots()
    if slots is None:
        raise Unbound(f"its objects do not contain weights and biases of sizes {list(graph.sizes())}")
    drawn = [[rng.standard_normal(np.shape(array)) for array in part] for part in slots.read(graph)]
    slots.write(graph, *drawn)
