"""Writes the recipe of a network from recorded calls: the objects that went into it, and the calls on them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.choices import choices_of
from chainrule.host.recognition.namespaces import own_classes
from chainrule.host.recognition.recipes import Fresh, Made, Recipe, Row, Step, each_word, is_instance
from chainrule.host.recognition.tools import pick
from chainrule.host.recognition.vocabulary import is_called, plain
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.recording import Call, key_of
from chainrule.host.rehearsal.substitutes import ABSENT
from chainrule.host.source.rule import acts
from chainrule.support.arrays import is_array

USES = ("fit", "forward", "update", "backward", "step", "loss", "predict")


def recipe_of(evidence: Evidence, namespace: Mapping[str, Any]) -> tuple[type, Recipe] | None:
    """(the class of the network, how the author makes one); None if no object holds the network.

    namespace: the loaded file, whose classes and functions take the places of those recorded.
    """
    network = evidence.network
    if network is None or not network.objects:
        return None
    kitchen = Kitchen(evidence, namespace)
    holder = next((one for one in (network.holder, *network.objects) if one in kitchen.makers), None)
    found = None if holder is None else kitchen.recipe(holder, network.sizes)
    incomplete = found is None or any(lacks(step.arguments) for step in found[1].steps)
    return None if incomplete or kitchen.lost_a_part(holder) else found


def lacks(value: Any) -> bool:
    """Whether what is absent in a rehearsal is in nested containers."""
    if isinstance(value, Mapping):
        return any(map(lacks, value.values()))
    return any(map(lacks, value)) if isinstance(value, (list, tuple)) else value is ABSENT


class Kitchen:
    """The recorded calls, by what they made.

    makers: {id of an object or array: the call that made it}.  end: the number of the call that uses the network first.
    """

    def __init__(self, evidence: Evidence, namespace: Mapping[str, Any]) -> None:
        self.namespace, self.functions = namespace, evidence.functions
        self.calls, self.operations = evidence.calls, evidence.operations
        self.used: dict[int, int] = {}  # {id of an object: the number of the first call that uses it}
        for call in self.calls:
            if self.operations[call.number] in USES:
                for value in call.arguments.values():
                    self.used.setdefault(id(value), call.number)
        self.makers: dict[int, Call] = {}
        for call in self.calls:
            if call.ended and is_array(call.result) and (is_of_object(call) or callable(call.function)):
                self.makers.setdefault(id(call.result), call)
        for call in self.calls:
            if call.name in MAKES and call.ended and call.arguments:
                self.makers.setdefault(id(owner_of(call)), call)
        self.end = sys.maxsize
        self.needed: dict[int, Call] = {}
        self.places: dict[int, int] = {}  # {number of a call: that of its step}

    def recipe(self, holder: int, sizes: Sequence[int]) -> tuple[type, Recipe] | None:
        """The class of the object with this id, and how it is made; None if another call makes it inside."""
        self.end = self.used.get(holder, sys.maxsize)
        self.need(self.makers[holder])
        order = [call for _, call in sorted(self.needed.items()) if not any(map(call.inside, self.needed.values()))]
        self.places = {call.number: place for place, call in enumerate(order)}
        if self.makers[holder].number not in self.places:
            return None
        steps = [self.step(call) for call in order]
        first = self.places[self.makers[holder].number]
        named = ("adds_a_layer", "completes_a_network")
        completes = any(
            step.owner == first
            and not (any(is_called("methods", kind, str(step.function)) for kind in named) and gives_usual(step, steps))
            for step in steps
        )
        cls = class_now(type(owner_of(self.makers[holder])), self.namespace)
        choices = choices_of(self.functions.values())
        steps = [replace(step, arguments=each_word(step.arguments, choices.optimizer)) for step in steps]
        losses = {
            name: value
            for name, value in vars(owner_of(self.makers[holder])).items()
            if isinstance(value, str) and is_called("choices", "loss", value)
        }
        instead = {found: new for found in classes_in(steps) if (new := simpler(found)) is not None}
        return cls, Recipe(tuple(sizes), tuple(steps), first, completes, choices, losses, instead, self.beside(steps))

    def beside(self, steps: Sequence[Step]) -> dict[str, type]:
        """The classes of losses and optimizers with which the author trains, and those of which the network is made."""
        used = [type(owner_of(call)) for call in self.calls if self.trains_with(call)]
        plain = [new for cls in used if (new := simpler(cls)) is not None]
        return {cls.__name__: class_now(cls, self.namespace) for cls in (*used, *plain, *classes_in(list(steps)))}

    def trains_with(self, call: Call) -> bool:
        """Whether a call computes the loss by the method of an object, or makes an optimizer."""
        return is_of_object(call) and self.operations[call.number] in ("loss", "optimizer")

    def lost_a_part(self, holder: int | None) -> bool:
        """Whether a part such as those of the network, before its first use, was not made: its statement raised."""
        made = [call for call in self.needed.values() if call.name in MAKES and id(owner_of(call)) != holder]
        parts = {type(owner_of(call)) for call in made}
        lost = (call for call in self.calls if call.name in MAKES and not call.ended and call.number < self.end)
        return any(type(owner_of(call)) in parts for call in lost)

    def need(self, call: Call) -> None:
        """Note a call, those that made its arguments, and those of methods on the object that it makes."""
        if call.number in self.needed:
            return
        self.needed[call.number] = call
        is_method = is_of_object(call)
        for one in objects_in(list(call.given.values())[is_method:]):
            if one in self.makers:
                self.need(self.makers[one])
        if not is_method:
            return
        owner = id(owner_of(call))
        if owner in self.makers:
            self.need(self.makers[owner])
        if call.name in MAKES:
            for other in self.calls:
                on_it = is_of_object(other) and id(owner_of(other)) == owner and other.ended
                if (
                    on_it
                    and self.is_before_use(other)
                    and not any(map(other.inside, self.needed.values()))
                    and not takes_data(other)
                    and not acts(other.name)
                ):
                    self.need(other)

    def is_before_use(self, call: Call) -> bool:
        """Whether a method is called before its object and the network are used, and not by what uses them.

        A method of the object that takes data uses it.
        """
        above: Call | None = call
        while above is not None and self.operations[above.number] not in USES:
            above = above.caller
            if above is not None and is_of_object(above) and owner_of(above) is owner_of(call) and takes_data(above):
                return False
        return above is None and call.number < min(self.end, self.used.get(id(owner_of(call)), sys.maxsize))

    def step(self, call: Call) -> Step:
        given = list(call.given.items())[is_of_object(call) :]
        arguments = {name: self.current(value) for name, value in given}
        if call.name in MAKES:
            return Step(class_now(type(owner_of(call)), self.namespace), arguments, None, call.spread, call.keywords)
        if is_of_object(call):
            made = self.makers[id(owner_of(call))]
            return Step(call.name, arguments, self.places[made.number], call.spread, call.keywords)
        return Step(call.function, arguments, None, call.spread, call.keywords)

    def current(self, value: Any) -> Any:
        """A recorded argument for a step: what another step makes, or a value with the loaded classes and functions."""
        maker = self.makers.get(id(value))
        if maker is not None and maker.number in self.places:
            return Made(self.places[maker.number])
        if is_instance(value) and type(value).__init__ is object.__init__:
            return Fresh(class_now(type(value), self.namespace))
        if type(value) in (list, tuple):
            return type(value)(map(self.current, value))
        if type(value) is dict:
            return {key: self.current(item) for key, item in value.items()}
        if isinstance(value, np.ndarray) and value.dtype == object:
            return Row(tuple(map(self.current, value.ravel())))
        if isinstance(value, Enum):
            return getattr(class_now(type(value), self.namespace), value.name, value)
        if isinstance(value, FunctionType):
            return self.functions.get(key_of(value.__code__), value)
        return class_now(value, self.namespace) if isinstance(value, type) else value


def gives_usual(step: Step, steps: Sequence[Step]) -> bool:
    """Whether a method gives a network nothing but layers, a loss and an optimizer."""
    made = [steps[value.step].function if isinstance(value, Made) else value for value in step.arguments.values()]
    found = [one.cls if isinstance(one, Fresh) else one for one in made]
    names = [cls.__name__ for cls in found if isinstance(cls, type)]
    return not any(is_called("classes", "metric", name) for name in names)


def classes_in(value: Any) -> Iterator[type]:
    """The classes in the steps of a recipe, and in their arguments."""
    if isinstance(value, Step):
        yield from classes_in([value.function, *value.arguments.values()])
    elif isinstance(value, Fresh):
        yield value.cls
    elif isinstance(value, type):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from classes_in(item)
    elif isinstance(value, dict):
        yield from classes_in(list(value.values()))


def simpler(cls: type) -> type | None:
    """The class of ReLU in the file of another activation, or of plain descent in that of an adaptive optimizer."""
    if is_called("classes", "loss", cls.__name__):
        return None
    namespace = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    for method in vars(cls).values():
        namespace = namespace or getattr(method, "__globals__", {})
    classes = own_classes(namespace)
    if is_called("classes", "other_activation", cls.__name__):
        return pick(classes, "relu", "other_relu")
    if is_called("classes", "other_optimizer", cls.__name__):
        return pick([item for item in classes if not is_abstract(item[1])], "optimizer", "other_optimizer")
    return None


def is_abstract(cls: type) -> bool:
    """Whether the name of a class says no more than that others inherit from it."""
    return plain(cls.__name__).removeprefix("base").removeprefix("abstract") in ("optimizer", "optimiser")


def takes_data(call: Call) -> bool:
    """Whether a method gets arrays, as those get that compute, and not those that put a network together."""
    given = [value for name, value in call.arguments.items() if call.before[name] and value is not owner_of(call)]
    return any(is_array(value) or not hasattr(value, "__dict__") for value in given)


def owner_of(call: Call) -> Any:
    return next(iter(call.arguments.values()))


def is_of_object(call: Call) -> bool:
    """Whether a call is one of a method, with its object as the first argument."""
    return next(iter(call.arguments), "") == "self" and hasattr(owner_of(call), "__dict__")


def objects_in(value: Any) -> Iterator[int]:
    """The ids of the objects and arrays in nested lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
        for item in value:
            yield from objects_in(item)
    elif isinstance(value, dict):
        yield from objects_in(list(value.values()))
    else:
        yield id(value)


def class_now(cls: type, namespace: Mapping[str, Any]) -> Any:
    """The class of the same name in the loaded file, or in its module; any other class stays itself."""
    for found in (namespace.get(cls.__name__), getattr(sys.modules.get(cls.__module__), cls.__name__, None)):
        if inspect.isclass(found) and found.__qualname__ == cls.__qualname__:
            return found
    return cls
