"""Schedules in other forms: functions of the epoch among other arguments, classes, and static methods.

What a parameter means shows in its name; a function with a parameter of another meaning is not read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import Operation
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.vocabulary import is_called, names, plain

SCHEDULES, RATES = "schedules", "rates"  # the chapter, and the kind of names of its parameters
CHOSEN = ("lr", "drop", "every", "epochs", "epoch", "least")  # what parameters are for
CASES = {"T": "epochs", "t": "epoch"}  # letters that mean two things
OFF = (None, 0, False, "")  # defaults that leave what they are for out

Schedule = Callable[[int], Any]  # from an epoch to its rate


@dataclass(frozen=True)
class Reading:
    """How chainrule calls a function or class.  thing: it.  make: returns a schedule for the operation's arguments."""

    thing: Any
    make: Callable[..., Schedule]


class Schedules:
    """The schedules of a namespace."""

    def __init__(self, namespace: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
        self.namespace, self.name_of = namespace, name_of

    def offers(self, operation: Operation) -> bool:
        """Whether the code has a schedule that chainrule can call."""
        try:
            self.reading(operation)
        except NotOffered:
            return False
        return True

    def call(self, operation: Operation, *arguments: Any) -> Schedule:
        """The schedule for these arguments.  Raises Missing or NotOffered."""
        return self.reading(operation).make(*arguments)

    def where(self, operation: Operation) -> str | None:
        """The position of the function or class."""
        return source_line(self.reading(operation).thing)

    def reading(self, operation: Operation) -> Reading:
        """How the operation is read.  Raises Missing or NotOffered."""
        trouble: NotOffered | None = None
        for name, thing in self.candidates(operation):
            try:
                return read(thing, operation)
            except (NotOffered, Unbound) as error:
                trouble = trouble or NotOffered(f"{name}: {error}")
        raise trouble or Missing(f"{operation.name} is missing")

    def candidates(self, operation: Operation) -> Iterator[tuple[str, Any]]:
        """The functions, classes and static methods that may be the operation, a declared one first."""
        declared, table = self.name_of(operation.name), names(SCHEDULES)
        classes = own_classes(self.namespace)
        every = [(name, thing) for name, thing in (*own_functions(self.namespace), *classes) if name != declared]
        for name, cls in classes:
            if names(RATES)["schedulers"].position(plain(name)) is not None:
                static = [key for key, member in vars(cls).items() if isinstance(member, staticmethod)]
                every += [(key, getattr(cls, key)) for key in static]
        ranked = [(table[operation.name].position(plain(name)), i) for i, (name, _) in enumerate(every)]
        if callable(self.namespace.get(declared)):
            yield declared, self.namespace[declared]
        yield from (every[i] for position, i in sorted((p, i) for p, i in ranked if p is not None))


def read(thing: Any, operation: Operation) -> Reading:
    """Read a function or class.  Raises NotOffered or Unbound."""
    parameters = [p for p in parameters_of(thing) if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if [p.name for p in parameters] == list(operation.labels) and not inspect.isclass(thing):
        return Reading(thing, thing)
    places = chosen(parameters)
    unknown = [p for p in parameters if p.name not in places.values() and p.default not in OFF]
    if len(unknown) == len(parameters) == len(operation.labels) and all(may_be_any(p) for p in unknown):
        places, unknown = dict(zip(operation.labels, (p.name for p in parameters), strict=True)), []
    lacking = [label for label in operation.labels if label not in places]
    if unknown or lacking:
        wrong = f"its parameter {unknown[0].name} is not understood" if unknown else f"it takes no `{lacking[0]}`"
        raise NotOffered(f"{wrong}: expected {operation.name}({', '.join(operation.labels)})")
    return Reading(thing, making(thing, operation, places))


def making(thing: Any, operation: Operation, places: Mapping[str, str]) -> Callable[..., Schedule]:
    """What makes a schedule with a function or class.  places: {what it is for: the parameter}."""

    def make(*arguments: Any) -> Schedule:
        given = {places[label]: value for label, value in zip(operation.labels, arguments, strict=True)}
        if "least" in places:
            given[places["least"]] = 0.0
        if "epoch" in places and not inspect.isclass(thing):
            return lambda epoch: thing(**given, **{places["epoch"]: epoch})
        made = thing(**given)
        return asking(made) if inspect.isclass(thing) else made

    return make


def asking(made: Any) -> Schedule:
    """The method of an object that tells the rate of an epoch.  Raises NotOffered."""
    for name in names(RATES)["asks"].spelled:
        method = getattr(made, name, None)
        if callable(method) and len([p for p in parameters_of(method) if p.default is p.empty]) == 1:
            return method
    raise NotOffered(f"{type(made).__name__} has no method that tells the rate of an epoch")


def chosen(parameters: list[inspect.Parameter]) -> dict[str, str]:
    """{what it is for: the name of a parameter}, the likeliest of each."""
    table, found = names(RATES), dict[str, str]()
    for thing in CHOSEN:
        positions = {
            p.name: table[thing].position(plain(p.name)) for p in parameters if CASES.get(p.name, thing) == thing
        }
        free = [(position, name) for name, position in positions.items() if position and name not in found.values()]
        if free:
            found[thing] = min(free)[1]
    return found


def may_be_any(parameter: inspect.Parameter) -> bool:
    """Whether a parameter's name says nothing: neither a shape, as of `constant(shape)`, nor a value of its own."""
    return parameter.default is parameter.empty and not is_called("arrays", "shapes", parameter.name)
