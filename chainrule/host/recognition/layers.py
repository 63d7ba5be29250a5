"""Networks made of layer objects, combined by a class of the code or by chainrule."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.contract.errors import Unseen
from chainrule.host.recognition.binding import Known, Thunk, Unbound, bind, parameters_of
from chainrule.host.recognition.forms import PROBES, Form, Held
from chainrule.host.recognition.namespaces import Operation, methods_of, own_functions, ranked
from chainrule.host.recognition.recipes import RECIPES, Fresh, Made
from chainrule.host.recognition.sizing import size_values
from chainrule.host.recognition.slots import Fold, discover
from chainrule.host.recognition.structures import shape
from chainrule.host.recognition.tools import Head, Toolbox, call, make, with_rate
from chainrule.host.recognition.vocabulary import is_called, plain, role, size_role


class Stack:
    """Layer objects that chainrule combines: forward one after the other, backward in reverse."""

    def __init__(self, layers: list[Any], head: Head) -> None:
        self.layers = layers
        # Out of reach of the search for parameters: other networks leave arrays in it.
        self.shared: Callable[[], Head] = lambda: head

    @property
    def head(self) -> Head:
        return self.shared()

    def forward(self, x: Any) -> Any:
        self.sizes = []
        for layer in self.layers:
            self.sizes.append(shape(x))
            x = call(layer, "forward", {"x": x})
        self.logits = x
        self.probabilities = self.head.probabilities(x)
        return self.probabilities

    def loss(self, x: Any, y: Any) -> Any:
        self.forward(x)
        return self.head.loss(self.logits, self.probabilities, y)

    def backward(self, x: Any, y: Any, lr: float, output_gradient: Any) -> None:
        self.forward(x)
        if self.head.object is not None:
            self.head.loss(self.logits, self.probabilities, y)
        slope = self.head.gradient(self.logits, self.probabilities, y, lambda: output_gradient)
        for layer, size in zip(reversed(self.layers), reversed(self.sizes), strict=True):
            slope = self.head.back(layer, {"output_gradient": slope, "x": slope, "lr": lr}, size)

    def step(self, lr: float) -> None:
        """One update of every layer, by an optimizer object that takes a layer, or all of them."""
        optimizer, dense = self.head.tools.optimizer, self.head.tools.dense
        if optimizer is None:
            raise Unseen("the code has no optimizer beside the layers")
        made = with_rate(optimizer, lr)
        layers = [layer for layer in self.layers if dense is not None and isinstance(layer, dense.cls)]
        takes = [p.name for _, method in ranked("step", methods_of(made))[:1] for p in parameters_of(method)]
        for given in [layers] if any(takes_layers(name) and name.endswith("s") for name in takes) else layers:
            call(made, "step", {"params": given, "lr": lr})


class StackForm(Form):
    """Layer classes in a file without a network class."""

    def __init__(self, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        super().__init__()
        self.namespace, self.fold = namespace, fold
        self.tools = Toolbox(namespace, fold)
        dense = self.tools.dense
        self.activated = dense is not None and dense.activates and self.tools.combined is None
        self.head, self.holds_head = Head(self.tools, activated=self.activated), True
        self.may_end_in_logits = True
        self.optimizer = self.tools.optimizer
        self.title = (
            f"layer classes ({self.tools.dense.name if self.tools.dense else 'none'}, ...), wired by chainrule,"
        )
        self.maker = self.tools.maker
        if discover(self.construct(PROBES[0], 0), PROBES[0], fold) is None:
            raise Unbound("the layers do not contain weights and biases of their sizes")

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        return Stack(self.tools.layers(sizes, seed, softmax=self.activated), self.head)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        if operation == "backward" and not ranked("backward", methods_of(model.value.layers[0])):
            return
        if operation in ("forward", "loss", "backward") or (operation == "step" and self.tools.optimizer is not None):
            yield operation, getattr(model.value, operation)

    def author(self, operation: str, model: Held) -> Any:
        thing = self.head.object if operation == "loss" else model.value.layers[0]
        found = ranked(operation, methods_of(thing)) or ranked("forward", methods_of(thing))
        return found[0][1] if found else None


class WiredForm(Form):
    """A network class that takes its layers, in a list or one after the other."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        super().__init__()
        self.name, self.cls, self.namespace, self.fold = name, cls, namespace, fold
        self.tools = Toolbox(namespace, fold)
        self.head, self.optimizer = Head(self.tools), self.tools.optimizer
        self.title, self.maker = f"class {name} with layers given to it", self.tools.maker
        self.softmax = False
        trouble: Exception | None = None
        of_logits = self.tools.combined is not None or self.head.takes_logits
        for softmax in (False, True) if of_logits else (True, False):
            self.softmax = softmax
            try:
                made = self.construct(self.probe_sizes(), 0)
                if discover(made, self.probe_sizes(), fold) is not None and self.runs(made):
                    return
            except Exception as error:
                trouble = trouble or error
        raise trouble or Unbound("it does not keep its layers")

    def runs(self, made: Any) -> bool:
        """Whether a forward pass works, in rows or in columns."""
        inputs = self.stored(PROBES[0])[0]
        for x in (np.ones((7, inputs)), np.ones((inputs, 7))):
            for _, method in (*ranked("forward", methods_of(made)), *ranked("predict", methods_of(made))):
                try:
                    arguments = bind(method, Known({"x": x}, order=("x",)))
                    method(*arguments.arguments, **arguments.keywords)
                    return True
                except Exception:
                    continue
        return False

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        layers = self.tools.layers(sizes, seed, softmax=self.softmax)
        extras = {
            "lr": 0.1,
            "seed": seed,
            "optimizer": Thunk(lambda: make(self.tools.optimizer, "optimizer")),
            "epochs": 1,
            "batch_size": 4,
            **size_values(sizes),
        }
        made = self.wire(layers, extras)
        self.complete(made, extras)
        return made

    def wire(self, layers: list[Any], extras: Mapping[str, Any]) -> Any:
        """A network of these layers.  Raises Unbound if the class does not take layers."""
        parameters = parameters_of(self.cls)
        named = self.losses(self.cls)
        listed = [p for p in parameters if size_role(p.name) == "sizes" or takes_layers(p.name)]
        needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        if not listed and len(needed) == 1 and not (role(needed[0].name) or size_role(needed[0].name)):
            listed = needed  # Network(L): what it needs can only be its layers
        if listed and listed[0].kind != listed[0].VAR_POSITIONAL:
            return self.build(named | {listed[0].name: layers}, extras)
        if any(p.kind == p.VAR_POSITIONAL for p in parameters):
            return self.cls(*layers)
        made = self.build(named, extras)
        add = next((method for name, method in methods_of(made) if is_called("methods", "adds_a_layer", name)), None)
        if add is None:
            raise Unbound("it does not take layers, neither in a list nor by add")
        for layer in layers:
            add(layer)
        return made

    def build(self, named: Mapping[str, Any], extras: Mapping[str, Any]) -> Any:
        arguments = bind(self.cls, Known(extras, named))
        return self.cls(*arguments.arguments, **arguments.keywords)

    def losses(self, function: Any) -> dict[str, Any]:
        """{parameter: the loss}, for the parameters of a function that take a loss."""
        if self.head.object is None:
            return {}
        return {p.name: self.head.object for p in parameters_of(function) if is_called("classes", "loss", p.name)}

    def complete(self, made: Any, extras: Mapping[str, Any]) -> None:
        """Set what a network of layers needs before training: its loss and its optimizer."""
        for name, method in methods_of(made):
            if not is_called("methods", "completes_a_network", name):
                continue
            with contextlib.suppress(Exception):
                named = given_by_the_author(self.cls, name) | self.losses(method)
                arguments = bind(method, Known(extras, named))
                method(*arguments.arguments, **arguments.keywords)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, methods_of(model.value))
        yield from self.head.losses(operation)
        yield from ranked(operation, own_functions(self.namespace))

    def everything(self, model: Held) -> Iterator[Operation]:
        yield from self.head.losses("loss")
        yield from methods_of(model.value)


def given_by_the_author(cls: type, method: str) -> dict[str, Any]:
    """{parameter: object} for what the author makes for a method of the network, and chainrule knows no role for."""
    recipe, found = RECIPES.get(cls), dict[str, Any]()
    for step in () if recipe is None else recipe.steps:
        if recipe is not None and step.owner == recipe.network and step.function == method:
            for name, value in step.arguments.items():
                maker = recipe.steps[value.step] if isinstance(value, Made) and role(name) is None else None
                if maker is not None and isinstance(maker.function, type):
                    found[name] = maker.function(**maker.arguments)
                elif isinstance(value, Fresh) and role(name) is None:
                    found[name] = value.cls()
    return found


def takes_layers(name: str) -> bool:
    return "layer" in plain(name) or "module" in plain(name)
