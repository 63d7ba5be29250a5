"""Forms of networks of nodes that know their gradients: a class, layers that a class takes, layers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Unbound
from chainrule.host.recognition.boxes import data_of, is_node
from chainrule.host.recognition.criteria import find_criterion
from chainrule.host.recognition.forms import ClassForm, Form, Held
from chainrule.host.recognition.layers import WiredForm
from chainrule.host.recognition.library import functions_and_classes, library_of
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.nodes import ScalarGraph, backward_of, groups
from chainrule.host.recognition.tensors import Criterion, TensorGraph, Way, listed, settle
from chainrule.host.recognition.tools import Toolbox, call
from chainrule.host.recognition.vocabulary import is_called, plain
from chainrule.support.arrays import is_array, to_numpy

DEEPEST, LARGEST = 4, 20_000  # sizes and weights of a network of single numbers, whose graph Python walks node by node
NARROW = (4, 1, 3)


def own_methods(cls: type) -> list[Operation]:
    """The methods that a class and its bases define."""
    return [item for base in reversed(cls.__mro__[:-1]) for item in vars(base).items() if callable(item[1])]


def optimizers(library: Mapping[str, Any]) -> list[type]:
    """The classes of plain gradient descent in a library."""
    named = [item for item in functions_and_classes(library)[1] if is_called("classes", "optimizer", item[0])]
    return [cls for name, cls in named if not is_called("classes", "other_optimizer", name)]


def moves(graph: TensorGraph, optimizer: type) -> bool:
    """Whether an optimizer changes the parameters of a network."""
    graph.optimizer = lambda: optimizer
    before = [to_numpy(data_of(node)) for node in graph.held.values()]
    ones = [[np.ones_like(to_numpy(data_of(node))) for node in part] for part in graph.parameters()]
    try:
        graph.step({"dW": ones[0], "db": ones[1]}, 0.5)
    except Exception:
        return False
    return not all(np.array_equal(a, to_numpy(data_of(b))) for a, b in zip(before, graph.held.values(), strict=True))


class TensorForm(Form):
    """A form whose networks are of tensors, or of single numbers.

    way: how they are called, once it is known.  criterion: the code's own loss.  updates: the class of its optimizer.
    """

    namespace: Mapping[str, Any]
    way: Way | None = None
    criterion: Criterion | None = None
    updates: Any = None

    def equip(self, graph: Any, library: Mapping[str, Any]) -> None:
        """Find out how networks of tensors are called, with what loss and optimizer.  Raises Unbound."""
        self.way = settle(graph, [cls for _, cls in functions_and_classes(library)[1]])
        self.prepare(graph)
        self.criterion = find_criterion(graph, library)
        if self.way.start is not None:
            self.updates = next((cls for cls in optimizers(library) if moves(graph, cls)), None)
        self.without_loss, self.may_end_in_logits = self.criterion is None, True

    def prepare(self, graph: TensorGraph) -> TensorGraph:
        """The same network, to be called as is known by now."""
        way, criterion, updates = self.way, self.criterion, self.updates
        graph.way, graph.criterion, graph.optimizer = lambda: way, lambda: criterion, lambda: updates
        if way is not None:  # before, its sizes all differ
            graph.slots = lambda: self.slots(len(graph.sizes()) - 1)
        return graph

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        offered = {"loss": self.criterion is not None, "step": self.updates is not None}
        if operation in ("forward", "backward") or offered.get(operation):
            yield operation, getattr(model.value, operation)
        elif operation == "predict" and self.own(operation, model):
            yield operation, model.value.predict
        elif operation == "fit":
            yield from self.own(operation, model)

    def own(self, operation: str, model: Held) -> Sequence[Operation]:
        """The network's own methods for an operation, if it takes arrays."""
        return model.value.own(operation) if self.way is not None and self.way.bare else ()

    def everything(self, model: Held) -> Iterator[Operation]:
        return iter(())

    def author(self, operation: str, model: Held) -> Any:
        if operation == "forward":
            return model.value.call
        if operation == "loss" and self.criterion is not None:
            return self.criterion.function
        if operation in ("predict", "fit"):
            return next((method for _, method in self.own(operation, model)), None)
        if operation == "step" and self.updates is not None:
            return next((method for _, method in ranked("step", own_methods(self.updates))), None)
        graph = model.value
        return backward_of(graph.parameters()[0][0] if isinstance(graph, TensorGraph) else graph.nodes()[0])

    @property
    def lacks_parts(self) -> bool:
        """Whether chainrule found no loss, or no optimizer, for networks of tensors."""
        return self.way is not None and (self.criterion is None or self.updates is None)

    def bring(self, modules: Sequence[ModuleType]) -> list[str]:
        """Look for the loss and the optimizer in other modules as well.  Returns the names of what was found there."""
        had_loss, had_optimizer = self.criterion is not None, self.updates is not None
        brought = {module.__name__: module for module in modules}
        self.equip(self.construct(self.probe_sizes(), 0), library_of({**self.namespace, **brought}))
        loss = [] if had_loss or self.criterion is None else [self.criterion.name]
        return loss + ([] if had_optimizer or self.updates is None else [self.updates.__name__])


class GraphForm(TensorForm, ClassForm):
    """A class whose objects hold their parameters in nodes that know their gradients."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        super().__init__(name, cls, namespace)
        self.title, self.head = f"class {name} of nodes with gradients", None
        self.without_loss = True
        graph = self.construct(self.probe_sizes(), 0)
        self.single = isinstance(graph, ScalarGraph)
        if not self.single:
            if graph.takes_arrays(self.probe_sizes()[0]):
                raise Unbound("its forward pass takes and returns arrays")
            self.equip(graph, library_of(namespace))
        self.runs_narrow = self.runs(NARROW)

    def runs(self, sizes: Sequence[int]) -> bool:
        """Whether a network of these sizes, or of those that the code fixes, has a forward pass."""
        fitted = self.fitted(sizes)
        try:
            return fitted is not None and bool(self.construct(fitted, 0).forward(np.ones((2, fitted[0]))).size)
        except Exception:
            return False

    def refuses(self, sizes: Sequence[int]) -> str | None:
        if self.single and (len(sizes) > DEEPEST or sum(a * b for a, b in pairwise(sizes)) > LARGEST):
            return f"{self.title}: a larger graph of single numbers takes too long"
        if 1 in sizes[1:-1] and not self.runs_narrow:
            return f"{self.title}: a layer of one unit does not pass on a list, and the next layer takes a list"
        return None

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        arguments, keywords = self.sizing.arguments(sizes, seed)
        network = self.cls(*arguments, **keywords)
        first = next(groups(network, set()), None)
        if first is None:
            raise Unbound("its objects contain no nodes that know their gradients")
        single = first[0] if isinstance(first, list) else first
        if is_array(data_of(single)):
            return self.prepare(TensorGraph(network, sizes))
        return ScalarGraph(network, sizes)


class WiredGraphForm(TensorForm, WiredForm):
    """A network class that takes layers of tensors."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        self.library = library_of(namespace)
        super().__init__(name, cls, self.library)
        self.holds_head = True
        self.title += ", none of them ReLU" if self.pattern else ""

    def probe_sizes(self) -> list[int]:
        self.pattern = self.pattern or with_relu(self.tools, self.library)
        return super().probe_sizes()

    def runs(self, made: Any) -> bool:
        self.equip(made, self.library)
        return True

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        if self.softmax:
            raise Unbound("the loss applies softmax")
        return self.prepare(TensorGraph(super().construct(sizes, seed), sizes))


class StackGraphForm(TensorForm):
    """Layer classes of tensors in a file without a network class."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.namespace, self.library = namespace, library_of(namespace)
        self.tools = Toolbox(self.library)
        self.maker = self.tools.maker
        self.pattern = with_relu(self.tools, self.library)
        name = self.tools.dense.name if self.tools.dense else "none"
        without = ", without ReLU" if self.pattern else ""
        self.title = f"layer classes of tensors ({name}, ...){without}, wired by chainrule,"
        self.equip(self.construct(self.probe_sizes(), 0), self.library)

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        return self.prepare(TensorGraph(Chain(self.tools.layers(sizes, seed, softmax=False)), sizes))


class Chain:
    """Layers of tensors, one after the other."""

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x) if callable(layer) else call(layer, "forward", {"x": x})
        return x

    def parameters(self) -> list[Any]:
        """The parameters as the layers list them."""
        return [node for layer in self.layers for node in listed(layer)]

    params = parameters


class Applied:
    """A function of tensors as a layer."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x)


def with_relu(tools: Toolbox, library: Mapping[str, Any]) -> list[int | None] | None:
    """Let tools make ReLU layers of a function or method of tensors, where the code has no class.

    Returns the pattern of layer sizes: without ReLU networks have no hidden layer.
    """
    if tools.relu is not None or tools.dense is None:
        return None
    functions = [function for name, function in functions_and_classes(library)[0] if plain(name) == "relu"]
    node = next(groups(tools.dense.make(2, 3, "relu", np.random.default_rng(0)), set()), None)
    if functions:
        tools.relu = partial(Applied, functions[0])
    elif is_node(node) and ranked("relu", methods_of(node)):
        tools.relu = partial(Applied, lambda x: ranked("relu", methods_of(x))[0][1]())
    else:
        return [None, None]
    return None
