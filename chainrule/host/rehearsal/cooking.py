"""Writes the recipe of a network from recorded calls: the objects that went into it, and the calls on them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

from chainrule.host.recognition.recipes import Fresh, Made, Recipe, Step
from chainrule.host.recognition.vocabulary import is_called
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.recording import Call, key_of

USES = ("fit", "forward", "update", "backward", "step", "loss", "predict")


def recipe_of(evidence: Evidence, namespace: Mapping[str, Any]) -> tuple[type, Recipe] | None:
    """(the class of the network, how the author makes one); None if no object holds the network.

    namespace: the loaded file, whose classes and functions take the places of those recorded.
    """
    network = evidence.network
    if network is None or not network.objects:
        return None
    calls = before_use(evidence)
    owners = [next(iter(call.arguments.values())) for call in calls]
    first = next((n for n, call in enumerate(calls) if call.name in MAKES and id(owners[n]) in network.objects), None)
    if first is None:
        return None
    numbers = {id(owner): n for n, owner in reversed(list(enumerate(owners))) if calls[n].name in MAKES}
    needed = reachable(first, calls, owners, numbers)
    order = [n for n in range(len(calls)) if n in needed]
    places = {n: place for place, n in enumerate(order)}
    loaded = {key_of(value.__code__): value for value in namespace.values() if isinstance(value, FunctionType)}

    def current(value: Any) -> Any:
        if id(value) in numbers and numbers[id(value)] in places:
            return Made(places[numbers[id(value)]])
        if hasattr(value, "__dict__") and type(value).__init__ is object.__init__ and not callable(value):
            return Fresh(class_now(type(value), namespace))
        if isinstance(value, (list, tuple)):
            return type(value)(map(current, value)) if type(value) in (list, tuple) else value
        if type(value) is dict:
            return {key: current(item) for key, item in value.items()}
        if isinstance(value, FunctionType):
            return loaded.get(key_of(value.__code__), value)
        return class_now(value, namespace) if isinstance(value, type) else value

    steps = []
    for n in order:
        call, owner = calls[n], owners[n]
        spread = call.spread
        arguments = {name: current(value) for name, value in list(call.given.items())[1:]}
        if call.name in MAKES:
            steps.append(Step(class_now(type(owner), namespace), arguments, None, spread))
        else:
            steps.append(Step(call.name, arguments, places[numbers[id(owner)]], spread))
    cls = class_now(type(owners[first]), namespace)
    named = ("adds_a_layer", "completes_a_network")
    completes = any(
        step.owner == places[first] and not any(is_called("methods", kind, str(step.function)) for kind in named)
        for step in steps
    )
    return cls, Recipe(tuple(network.sizes), tuple(steps), places[first], completes)


def before_use(evidence: Evidence) -> list[Call]:
    """The calls of constructors and methods before the network is used, without those inside each other."""
    found: list[Call] = []
    for call in evidence.calls:
        if evidence.operations[call.number] in USES:
            break
        owner = next(iter(call.arguments.values()), None)
        is_method = next(iter(call.arguments), "") == "self" and hasattr(owner, "__dict__")
        if is_method and call.ended and not any(call.inside(other) for other in found):
            found.append(call)
    return found


def reachable(first: int, calls: Sequence[Call], owners: Sequence[Any], numbers: Mapping[int, int]) -> set[int]:
    """The numbers of the calls that made the network and what went into it, and of those on these objects."""
    needed: set[int] = {first}
    while True:
        more = set(needed)
        made = {id(owners[n]) for n in needed}
        for n, call in enumerate(calls):
            if n in needed or id(owners[n]) in made:
                more.add(n)
                more |= {numbers[one] for one in objects_in(list(call.given.values())[1:]) if one in numbers}
        if more == needed:
            return needed
        needed = more


def objects_in(value: Any) -> set[int]:
    """The ids of the objects in nested lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple)):
        return set().union(*map(objects_in, value)) if value else set()
    if isinstance(value, dict):
        return objects_in(list(value.values()))
    return {id(value)}


def class_now(cls: type, namespace: Mapping[str, Any]) -> Any:
    """The class of the same name in the loaded file, or in its module; any other class stays itself."""
    for found in (namespace.get(cls.__name__), getattr(sys.modules.get(cls.__module__), cls.__name__, None)):
        if inspect.isclass(found) and found.__qualname__ == cls.__qualname__:
            return found
    return cls
