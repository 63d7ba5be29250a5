"""Updates by objects beside the network: SGD(lr).step(model.layers), SGD(model.params, lr).step(), layer.update(lr).

What the author gives an optimizer shows in the author's own calls; the name of a parameter counts where nothing calls.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chainrule.host.recognition.binding import Known, bind, parameters_of
from chainrule.host.recognition.call_sites import calls, files, last_name
from chainrule.host.recognition.forms import Form, Held
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.structures import follow
from chainrule.host.recognition.tools import optimizer_of
from chainrule.host.recognition.vocabulary import is_called, plain, role
from chainrule.support.arrays import is_array

GIVES_PARAMETERS = ("parameters", "params", "getparameters", "getparams", "trainableparameters")


def updates_beside(form: Form, model: Held, namespace: Mapping[str, Any]) -> Iterator[Operation]:
    """(name, function of a learning rate, and gradients if it takes them) of updates that the network does not make."""
    beside = Beside(form, model, namespace)
    layers, cls = beside.layers, beside.optimizer
    if cls is not None and not isinstance(model.value, cls):
        for name, _ in ranked("step", [(name, member) for name, member in members(cls) if callable(member)]):
            yield f"{cls.__name__}.{name}", beside.by_optimizer(cls, name)
    for name, _ in ranked("step", methods_of(layers[0])) if layers else ():
        yield f"{type(layers[0]).__name__}.{name}", by_layers(name, layers)


def members(cls: type) -> list[tuple[str, Any]]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        found |= vars(base)
    return list(found.items())


def layers_of(form: Form, model: Held) -> list[Any]:
    """The objects in which a network keeps the parameters of each layer; an empty list without such."""
    slots = form.slots(len(model.sizes) - 1)
    found = []
    for slot in () if slots is None else slots.weights:
        held = [follow(model.value, slot.path[:end]) for end in range(1, len(slot.path))]
        objects = [one for one in held if hasattr(one, "__dict__") and not is_array(one)]
        found += [one for one in objects if ranked("forward", methods_of(one))][:1] or objects[-1:]
    return found if slots is not None and len(found) == len(slots.weights) else []


def by_layers(name: str, layers: Sequence[Any]) -> Callable[..., None]:
    """An update of each layer by its own method, in the order of the layers."""

    def step(lr: float) -> None:
        for layer in layers:
            method = getattr(layer, name)
            arguments = bind(method, Known({"lr": lr}))
            method(*arguments.arguments, **arguments.keywords)

    return written_as(getattr(type(layers[0]), name), step)


def written_as(author: Any, step: Callable[..., None]) -> Callable[..., None]:
    """A function of chainrule's that calls the author's, whose place stands in reports."""
    vars(step)["author"] = author
    return step


class Beside:
    """A network with the optimizer beside it.

    layers: its objects of layers.  optimizer: the class; None if the code has none.
    """

    def __init__(self, form: Form, model: Held, namespace: Mapping[str, Any]) -> None:
        self.network, self.layers = model.value, layers_of(form, model)
        self.namespace: Mapping[str, Any] = getattr(form, "namespace", namespace)  # that of a recipe has more classes
        self.optimizer = form.optimizer or optimizer_of(self.namespace)

    def make(self, lr: float) -> Any:
        """A new optimizer with this learning rate, as the author makes one."""
        cls = self.optimizer
        assert cls is not None
        arguments = bind(cls, Known({"lr": lr}, self.given(cls, cls.__name__)))
        return cls(*arguments.arguments, **arguments.keywords)

    def by_optimizer(self, cls: type, name: str) -> Callable[..., None]:
        """An update by a new optimizer, as the author calls one."""

        def run(lr: float, roles: Mapping[str, Any]) -> None:
            method = getattr(self.make(lr), name)
            taken = self.given(method, name)
            single = next((own for own, value in taken.items() if value is self.layers and is_of_one(own)), "")
            for known in [{**taken, single: one} for one in self.layers] if single else [taken]:
                arguments = bind(method, Known({"lr": lr, **roles}, known))
                method(*arguments.arguments, **arguments.keywords)

        def step(lr: float) -> None:
            run(lr, {})

        def step_along(grads: Any, lr: float) -> None:
            run(lr, {"grads": grads})

        along = any(role(parameter.name) == "grads" for parameter in parameters_of(getattr(cls, name)))
        return written_as(getattr(cls, name), step_along if along else step)

    def given(self, function: Any, name: str) -> dict[str, Any]:
        """{parameter: value} for what a constructor or method takes of the network: it, its layers or parameters."""
        found: dict[str, Any] = {}
        parameters = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        shown = said(name, [p.name for p in parameters], self.namespace)
        for parameter in parameters:
            own = parameter.name
            part = part_of(self.network, shown[own]) if own in shown else None
            if part is not None:
                found[own] = part
            elif is_of_layers(own):
                found[own] = self.layers
            elif role(own) == "params" and parameter.default is parameter.empty:
                found[own] = self.network if is_called("classes", "network", own) else parameters_in(self.network)
        return found


def said(name: str, parameters: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, ast.expr]:
    """{parameter: the expression that the author gives it} in the first call of a function of this name."""
    for file in files(namespace):
        for call in calls("".join(linecache.getlines(file))):
            if last_name(call) == name and len(call.args) <= len(parameters):
                by_name = {str(one.arg): one.value for one in call.keywords}
                return dict(zip(parameters, call.args, strict=False)) | by_name
    return {}


def part_of(network: Any, expression: ast.expr) -> Any:
    """What `model.layers`, `model.parameters()` or `self.model.params` is of a network; None for anything else."""
    of_call = isinstance(expression, ast.Call) and not expression.args and not expression.keywords
    named = expression.func if isinstance(expression, ast.Call) and of_call else expression
    if not isinstance(named, ast.Attribute) or is_called("classes", "network", named.attr):
        return None
    found = getattr(network, named.attr, None)
    return found() if of_call and callable(found) else None if of_call else found


def parameters_in(network: Any) -> Any:
    """The parameters that a network lists itself, or the network."""
    named = [name for name in dir(network) if plain(name) in GIVES_PARAMETERS]
    found = getattr(network, named[0]) if named else network
    return found() if callable(found) and named else found


def is_of_layers(name: str) -> bool:
    return "layer" in plain(name)


def is_of_one(name: str) -> bool:
    """Whether a parameter takes one layer, and not a list of them."""
    return is_of_layers(name) and not plain(name).endswith("s")
