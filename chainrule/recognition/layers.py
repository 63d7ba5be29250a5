"""Networks made of layer objects: wired by a class that takes a list of them, or wired here where nothing does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.arrays import to_numpy
from chainrule.contract import Unseen
from chainrule.recognition.binding import Known, Thunk, Unbound, bind, parameters_of
from chainrule.recognition.forms import PROBES, Form, Held, Operation, methods_of, own_classes, own_functions, ranked
from chainrule.recognition.slots import discover
from chainrule.recognition.structures import leaves
from chainrule.recognition.vocabulary import matches, plain, role, size_role

DENSE = r"\w*(dense|linear|affine|fullyconnected|fc|layer|hidden)\w*"
RELU = r"\w*relu\w*"
NOT_RELU = r"\w*(leaky|prelu|elu6|relu6|gelu|crelu)\w*"
SOFTMAX = r"\w*softmax\w*"
LOSS = r"\w*(loss|crossentropy|criterion|cost|celoss|nll)\w*"
OPTIMIZER = r"\w*(sgd|optimi[sz]er|gradientdescent)\w*"
RESULTS = ("output", "out", "outputs", "a", "activation", "y", "z", "dinputs", "dinput", "dx", "grad_input", "input_gradient")


class Toolbox:
    """The layer classes of a namespace, by what they are."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        classes = own_classes(namespace)
        self.namespace = namespace
        self.relu = pick(classes, RELU, NOT_RELU)
        self.combined = pick([(name, cls) for name, cls in classes if matches(SOFTMAX, name) and matches(LOSS, name)], r".*")
        self.softmax = pick(classes, SOFTMAX, LOSS)
        self.loss = pick(classes, r"\w*(crossentropy|nll|celoss)\w*", r"\w*binary\w*|\w*(^bce).*") or pick(classes, LOSS, r"\w*(mse|squared|binary|l1|l2|mae)\w*")
        if self.loss == self.combined:
            self.loss = None
        self.optimizer = pick(classes, OPTIMIZER, r"\w*(adam|rms|adagrad|momentum)\w*")
        self.dense: Dense | None = None
        for name, cls in sorted(classes, key=lambda item: not matches(DENSE, item[0])):
            try:
                self.dense = Dense(name, cls, namespace)
                break
            except Exception:
                continue

    def layers(self, sizes: Sequence[int], *, softmax: bool) -> list[Any]:
        """Dense layers with ReLU between them, and softmax at the end if it is wanted.  Raises Unbound."""
        if self.dense is None:
            raise Unbound("no class of a dense layer, with weights and a bias, was found")
        made: list[Any] = []
        last = len(sizes) - 2
        for l, fans in enumerate(pairwise(sizes)):
            made.append(self.dense.make(*fans, "relu" if l < last else "softmax" if softmax else "linear"))
            if l < last and not self.dense.activates:
                made.append(make(self.relu, "ReLU"))
        if softmax and not self.dense.activates:
            made.append(make(self.softmax, "softmax"))
        return made


def pick(classes: Sequence[tuple[str, type]], pattern: str, but: str = "") -> type | None:
    """The last class of a name; the last, as later definitions count."""
    found = [cls for name, cls in classes if matches(pattern, name) and not (but and matches(but, name))]
    working = [cls for cls in found if callable_without(cls)]
    return (working or found)[-1] if found else None


def callable_without(cls: type) -> bool:
    try:
        bind(cls, Known({}))
    except Unbound:
        return False
    return True


def make(cls: type | None, what: str) -> Any:
    if cls is None:
        raise Unbound(f"no class of a {what} layer was found")
    return cls(*bind(cls, Known({"lr": 0.1})).arguments)


class Dense:
    """A class of affine layers.  activates: whether its constructor takes the activation as well."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        self.name, self.cls, self.namespace = name, cls, namespace
        parameters = [p for p in parameters_of(cls) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self.activation = next((p for p in parameters if is_activation(p)), None)
        self.activates = self.activation is not None
        self.keywords = self.settle(parameters)

    def settle(self, parameters: Sequence[inspect.Parameter]) -> tuple[str, str]:
        """The names of the parameters for fan-in and fan-out.  Raises Unbound if no two of them are."""
        sizes = [p for p in parameters if p is not self.activation and not isinstance(p.default, (str, bool, float))]
        by_role = {size_role(p.name): p.name for p in reversed(sizes)}
        tries: list[tuple[str, str]] = []
        if "inputs" in by_role and "outputs" in by_role:
            tries.append((by_role["inputs"], by_role["outputs"]))
        tries += [(a.name, b.name) for a, b in pairwise(sizes)]
        for names in tries:
            self.keywords = names
            try:
                if discover(self.make(4, 6, "relu"), (4, 6)) is not None:
                    return names
            except Exception:
                continue
        raise Unbound("no weights and bias of a size that can be chosen")

    def make(self, fan_in: int, fan_out: int, activation: str) -> Any:
        keywords: dict[str, Any] = dict(zip(self.keywords, (fan_in, fan_out), strict=True))
        if self.activation is not None:
            keywords[self.activation.name] = self.spelled(activation)
        for p in parameters_of(self.cls):
            if p.name not in keywords and p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                found = {"lr": 0.1, "seed": 0, "rng": np.random.default_rng(0)}.get(role(p.name) or "")
                if found is None:
                    raise Unbound(p.name)
                keywords[p.name] = found
        return self.cls(**keywords)

    def spelled(self, activation: str) -> Any:
        """An activation as the constructor takes it: a name, a function, an object, or nothing."""
        assert self.activation is not None
        if isinstance(self.activation.default, str) or self.activation.annotation in (str, "str"):
            return activation
        pattern = {"relu": RELU, "softmax": SOFTMAX, "linear": r"linear|identity"}[activation]
        functions = [f for name, f in own_functions(self.namespace) if plain(name) == activation]
        classes = [cls for name, cls in own_classes(self.namespace) if matches(pattern, name) and not matches(NOT_RELU, name) and not matches(LOSS, name)]
        if functions:
            return functions[-1]
        if classes:
            return classes[-1]()
        return None if activation == "linear" and self.activation.default is None else activation


def is_activation(parameter: inspect.Parameter) -> bool:
    return role(parameter.name) == "activation" or plain(parameter.name) in ("act", "activate", "func", "f", "nonlin")


class Head:
    """Softmax and cross-entropy as a namespace has them: the loss, and the gradient that starts backpropagation."""

    def __init__(self, tools: Toolbox) -> None:
        self.tools = tools
        self.object = make(tools.combined or tools.loss, "loss") if tools.combined or tools.loss else None
        self.softmax = make(tools.softmax, "softmax") if tools.softmax else None
        self.functions = own_functions(tools.namespace)

    def losses(self, operation: str) -> Iterator[Operation]:
        """The methods that compute the loss, if that is what is asked for."""
        if operation == "loss" and self.object is not None:
            for place in ("loss", "forward"):
                for name, method in ranked(place, methods_of(self.object)):
                    yield f"{type(self.object).__name__}.{name}", method

    def probabilities(self, z: Any) -> Any:
        """The output for logits: their softmax where the code has one by itself, else the logits."""
        if self.softmax is not None:
            return call(self.softmax, "forward", {"x": z})
        found = ranked("softmax", self.functions)
        return found[0][1](z) if found and self.tools.combined is None else z

    def loss(self, z: Any, p: Any, y: Any) -> Any:
        if self.tools.combined is not None:
            return first_number(call(self.object, "forward", {"x": z, "output": z, "y": y}))
        if self.object is not None:
            return first_number(call(self.object, ("loss", "forward"), {"x": p, "output": p, "y": y}))
        for _, function in (*ranked("loss", self.functions), *ranked("cross_entropy", self.functions)):
            arguments = bind(function, Known({"output": p, "y": y}, order=("output", "y"), as_role={"x": "output"}))
            return first_number(function(*arguments.arguments, **arguments.keywords))
        raise Unseen("there is no loss beside the layers")

    def gradient(self, z: Any, p: Any, y: Any, fallback: Callable[[], Any]) -> Any:
        """The gradient by what the last layer gives."""
        if self.object is not None and any(role_of_method(name) for name, _ in methods_of(self.object)):
            start = {"output": p, "y": y, "output_gradient": p, "x": p}
            if self.tools.combined is not None:
                return call(self.object, "backward", start, required=True)
            slope = call(self.object, "backward", start, required=True)
            if self.softmax is not None:
                return call(self.softmax, "backward", {"output_gradient": slope, "x": slope, "y": y})
            return slope
        slopes = [(name, f) for name, f in self.functions if matches(r".*(loss|cross|ce|softmax).*(grad|prime|deriv|backward).*|d_?(loss|crossentropy).*|(grad|deriv).*(loss|cross).*", name)]
        for _, function in slopes:
            arguments = bind(function, Known({"output": p, "y": y}, order=("output", "y"), as_role={"x": "output", "output_gradient": "output"}))
            return function(*arguments.arguments, **arguments.keywords)
        return fallback()


def role_of_method(name: str) -> bool:
    return bool(ranked("backward", [(name, None)]))


def first_number(result: Any) -> Any:
    return next((leaf for _, leaf in leaves(result) if np.size(to_numpy(leaf)) == 1), result)


def call(thing: Any, operations: str | tuple[str, ...], roles: Mapping[str, Any], *, required: bool = False) -> Any:
    """Call the method of an object that does this; where it returns nothing, take what it keeps."""
    operations = (operations,) if isinstance(operations, str) else operations
    methods = methods_of(thing)
    for operation in operations:
        for name, method in ranked(operation, methods):
            given = dict(roles)
            if required:  # a gradient of 1 that is the default stays
                takes_default = [p for p in parameters_of(method) if role(p.name) == "output_gradient" and p.default is not p.empty]
                if takes_default:
                    given.pop("output_gradient")
            order = [key for key in ("output_gradient", "x", "y", "params", "lr") if key in given]
            arguments = bind(method, Known(given, order=order))
            result = method(*arguments.arguments, **arguments.keywords)
            return kept(thing, operation) if result is None else result
    raise Unbound(f"{type(thing).__name__} has no {' or '.join(operations)}")


def kept(thing: Any, operation: str) -> Any:
    """What a method that returns nothing left in its object."""
    names = RESULTS[:7] if operation != "backward" else RESULTS[7:]
    return next((getattr(thing, name) for name in names if hasattr(thing, name)), None)


class Stack:
    """Layer objects wired here: forwards one after the other, backwards in turn."""

    def __init__(self, layers: list[Any], head: Head) -> None:
        self.layers, self.head = layers, head

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = call(layer, "forward", {"x": x, "train_mode": True})
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
        for layer in reversed(self.layers):
            slope = call(layer, "backward", {"output_gradient": slope, "x": slope, "lr": lr})


    def step(self, lr: float) -> None:
        """One update of every layer, by an optimizer object that takes a layer."""
        optimizer = self.head.tools.optimizer
        if optimizer is None:
            raise Unseen("there is no optimizer beside the layers")
        made = optimizer(*bind(optimizer, Known({"lr": lr})).arguments)
        for layer in self.layers:
            if self.head.tools.dense is not None and isinstance(layer, self.head.tools.dense.cls):
                call(made, "step", {"params": layer, "lr": lr})


class StackForm(Form):
    """Layer classes that nothing in the file wires to a network."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.namespace = namespace
        self.tools = Toolbox(namespace)
        self.head = Head(self.tools)
        self.title = f"layer classes ({self.tools.dense.name if self.tools.dense else 'none'}, ...), wired by chainrule,"
        if discover(self.construct(PROBES[0], 0), PROBES[0]) is None:
            raise Unbound("the layers keep no weights and biases of their sizes")

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        assert self.tools.dense is not None or self.tools.layers(sizes, softmax=False)
        wants_softmax = bool(self.tools.dense and self.tools.dense.activates and self.tools.combined is None)
        return Stack(self.tools.layers(sizes, softmax=wants_softmax), self.head)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        if operation == "backward" and not ranked("backward", methods_of(model.value.layers[0])):
            return
        if operation in ("forward", "loss", "backward") or (operation == "step" and self.tools.optimizer is not None):
            yield operation, getattr(model.value, operation)


class WiredForm(Form):
    """A network class that is given its layers: in a list, or one after the other."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.cls, self.namespace = name, cls, namespace
        self.tools = Toolbox(namespace)
        self.head = Head(self.tools)
        self.title = f"class {name} with layers given to it"
        self.softmax = False
        trouble: Exception | None = None
        for softmax in (False, True) if self.tools.combined else (True, False):
            self.softmax = softmax
            try:
                made = self.construct(PROBES[0], 0)
                if discover(made, PROBES[0]) is not None and self.runs(made):
                    return
            except Exception as error:
                trouble = trouble or error
        raise trouble or Unbound("it keeps no layers")

    def runs(self, made: Any) -> bool:
        """Whether a forward pass of some kind goes through: in rows or in columns."""
        for x in (np.ones((7, PROBES[0][0])), np.ones((PROBES[0][0], 7))):
            for name, method in (*ranked("forward", methods_of(made)), *ranked("predict", methods_of(made))):
                try:
                    arguments = bind(method, Known({"x": x}, order=("x",)))
                    method(*arguments.arguments, **arguments.keywords)
                    return bool(name)
                except Exception:
                    continue
        return False

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        layers = self.tools.layers(sizes, softmax=self.softmax)
        extras = {
            "lr": 0.1, "seed": seed, "optimizer": Thunk(lambda: make(self.tools.optimizer, "optimizer")), "epochs": 1, "batch_size": 4,
        }  # fmt: skip
        listed = [p for p in parameters_of(self.cls) if size_role(p.name) == "sizes" or "layer" in plain(p.name) or "module" in plain(p.name)]
        variadic = next((p for p in parameters_of(self.cls) if p.kind == p.VAR_POSITIONAL), None)
        named: dict[str, Any] = {p.name: self.loss_object() for p in parameters_of(self.cls) if matches(LOSS, p.name)}
        named = {name: value for name, value in named.items() if value is not None}
        if listed and listed[0].kind != listed[0].VAR_POSITIONAL:
            made = self.build(named | {listed[0].name: layers}, extras)
        elif variadic is not None:
            made = self.cls(*layers)
        else:
            made = self.build(named, extras)
            add = next((method for name, method in methods_of(made) if matches(r"add|addlayer|append|push|addmodule", name)), None)
            if add is None:
                raise Unbound("it takes no layers, neither in a list nor by add")
            for layer in layers:
                add(layer)
        self.complete(made, extras)
        return made

    def build(self, named: Mapping[str, Any], extras: Mapping[str, Any]) -> Any:
        arguments = bind(self.cls, Known(extras, named))
        return self.cls(*arguments.arguments, **arguments.keywords)

    def loss_object(self) -> Any:
        return self.head.object

    def complete(self, made: Any, extras: Mapping[str, Any]) -> None:
        """What has to be set before a network of layers can train: its loss, its optimizer."""
        for name, method in methods_of(made):
            if not matches(r"compile|use|set|setloss|setoptimizer|configure|setup|finalize|build|uselosss?", name):
                continue
            wanted = {p.name: self.loss_object() for p in parameters_of(method) if matches(LOSS, p.name)}
            try:
                arguments = bind(method, Known(extras, {k: v for k, v in wanted.items() if v is not None}))
                method(*arguments.arguments, **arguments.keywords)
            except Exception:
                continue

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, methods_of(model.value))
        yield from self.head.losses(operation)
        yield from ranked(operation, own_functions(self.namespace))

    def everything(self, model: Held) -> Iterator[Operation]:
        yield from self.head.losses("loss")
        yield from methods_of(model.value)
