"""Optimizers under other names and in other forms, with the contract's update(params, grads).

A class may update lists of arrays, dictionaries, one array, layers, or a network; a function takes and returns its
memory, or keeps it in a dictionary.  Which of these it is shows by its first update: the first form in which every
parameter moves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import Operation
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.optimizer_forms import (
    COLLECTIONS,
    Arrays,
    Collection,
    EachArray,
    Form,
    Unit,
    changed,
    first_called,
    forms,
    named_in_annotations,
    place,
    roles_of,
    thing_called,
)
from chainrule.host.recognition.vocabulary import in_chapters, plain, role
from chainrule.support.source_positions import last_line

Way = Callable[[Arrays, Arrays], Arrays]  # of parameters and gradients, the parameters after an update
Maker = Callable[["Updating"], Way]  # for one optimizer
OTHER_FORM = (
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    ValueError,
    ArithmeticError,
)  # what other code raises for a list
UNBOUNDED = 1e30  # of gradients that code clips
TRIED = ((3, 4), (4,), (4, 5), (5,))  # shapes of the parameters of a first update, no axis of length two
NATIVE = ("params", "grads")
POSITIONAL = (NATIVE, ("param", "grad"))  # the roles that parameters of any name have
BETAS = ("beta1", "beta2")
GRADIENTS = ("dweights", "dbiases")  # that a method may take or leave
LISTED = ("params", "grads", "layers", "layer", "model")  # what a constructor may take


@dataclass
class Reading:
    """How chainrule reads a class or function as an operation.

    name: its name.  method: that updates; empty for a function.  labels: {parameter: the contract's name of its value}.
    fixed: {parameter: value} of others.  unset: names of the contract for which it has no parameter.
    words: {the contract's name: the key of its value} for a function that takes a dictionary with its hyperparameters.
    listed: the parameters of a constructor that takes parameters, layers or a network.
    both: the parameter of a constructor that takes beta1 and beta2 together.
    form: the way to update that its first update showed.
    """

    name: str
    found: Any
    method: str
    labels: dict[str, str]
    fixed: dict[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    both: str = ""
    form: Maker | None = None


@dataclass(frozen=True)
class Around:
    """Methods that are called beside the one that updates: at first with what the form shows, before it, and after."""

    at_first: str
    before: str
    after: str


class Optimizers:
    """The optimizers of a namespace, each read once."""

    def __init__(self, namespace: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
        self.namespace, self.name_of = namespace, name_of
        self.readings: dict[tuple[str, int], Reading | NotOffered] = {}

    def offers(self, operation: Operation) -> bool:
        """Whether the code has a class or function for the operation that chainrule can call."""
        try:
            return self.reading(operation) is not None
        except NotOffered:
            return False

    def reading(self, operation: Operation) -> Reading:
        """How the operation is read.  Raises NotOffered."""
        name = self.name_of(operation.name)
        if name not in self.namespace:
            name = self.in_file_called(operation) or name
        if name not in self.namespace:
            raise Missing(f"{name} is missing")
        found = self.namespace[name]
        key = operation.name, id(found)
        if key not in self.readings:
            try:
                reading = read(name, found, operation)
                if not is_native(reading):
                    try_out(reading, operation)
                self.readings[key] = reading
            except NotOffered as error:
                self.readings[key] = error
            except (Unbound, Exception) as error:  # the code's own, in an update that chainrule only tries
                self.readings[key] = NotOffered(f"{name}: {type(error).__name__}: {error}")
        known = self.readings[key]
        if isinstance(known, NotOffered):
            raise known
        return known

    def where(self, operation: Operation) -> str | None:
        """The position of the code behind an operation, or None."""
        return source_line(self.namespace.get(self.name_of(operation.name)))

    def in_file_called(self, operation: Operation) -> str | None:
        """The function that updates, in a file whose name says the operation, as adam.py does; else None."""
        stem = Path(str(self.namespace.get("__file__") or "")).stem.lstrip("0123456789-_. ")
        called = {plain(name) for name in in_chapters(operation.name)}
        if plain(stem.replace("-", "_")) not in called:
            return None
        return first_called("updates", [name for name, thing in self.namespace.items() if inspect.isfunction(thing)])

    def call(self, operation: Operation, *arguments: Any) -> Updating:
        """An optimizer with these arguments.  Raises NotOffered, Unseen."""
        return Updating(self.reading(operation), dict(zip(operation.labels, arguments, strict=False)))


def read(name: str, found: Any, operation: Operation) -> Reading:
    """Read a class or function by the names of its parameters.  Raises NotOffered."""
    if not callable(found):
        raise NotOffered(f"{name}: expected a class or function")
    every = parameters_of(found)
    shown = [p.name for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    free, labels = list(shown), {}
    other = any(name in in_chapters(one) for one in EXTENSION_NAMES[operation.chapter] if one != operation.name)
    for label in operation.labels:
        own = first_called(label, free)
        if own is not None and not (other and label not in ("lr", own)):  # of `SGD` only `momentum` says momentum
            labels[own] = label
            free.remove(own)
    missing = [label for label in operation.labels if label not in labels.values()]
    reading = Reading(name, found, "", labels)
    both = first_called("betas", free)
    if both is not None and {*BETAS} <= {*missing}:
        reading.both = both
        free.remove(both)
        missing = [label for label in missing if label not in BETAS]
    if inspect.isclass(found):
        reading.method = update_of(name, found)
        required = [p.name for p in every if p.name in free and p.default is p.empty]
        reading.listed = tuple(p for p in required if thing_called(p, LISTED) is not None)
        reading.fixed = {p.name: held for p in every if p.name in free and (held := held_at(p)) is not None}
        unknown = [p for p in required if p not in (*reading.listed, *reading.fixed)]
        if unknown:
            raise NotOffered(f"{name}: chainrule knows no value for its parameter {unknown[0]}")
    elif first_called("config", free) is not None:
        reading.words = words_in(found, operation)
        missing = [label for label in missing if label not in reading.words]
    if not reading.method and missing not in ([], ["eps"]):
        raise NotOffered(f"{name}: chainrule found no parameter for {missing[0]}")
    reading.unset = tuple(missing)
    return reading


def held_at(parameter: inspect.Parameter) -> Any:
    """The value at which a parameter leaves the rule as it is, without penalty, decay of the rate or clipping."""
    if parameter.default is parameter.empty:
        return 0.0 if role(parameter.name) == "reg" else None
    if isinstance(parameter.default, (int, float)) and place("unbounded", parameter.name) is not None:
        return UNBOUNDED
    if place("off", parameter.name) is not None:
        return False
    return 0.0 if role(parameter.name) == "reg" else None


def words_in(function: Any, operation: Operation) -> dict[str, str]:
    """{the contract's name: the key of a configuration} that a function reads, by the strings in its code."""
    strings = [text for text in function.__code__.co_consts if isinstance(text, str)]
    found = {label: first_called(label, strings) for label in operation.labels}
    return {label: word for label, word in found.items() if word is not None}


def update_of(name: str, cls: type) -> str:
    """The method of a class that updates.  Raises NotOffered."""
    method = first_called("updates", [m for m in dir(cls) if m == "__call__" or not m.startswith("_")])
    if method is None or not callable(getattr(cls, method)):
        raise NotOffered(f"{name}: expected an object with update(params, grads), found no method that updates")
    return method


def is_native(reading: Reading) -> bool:
    """Whether a class has the contract's update(params, grads), whatever it raises."""
    if reading.method != "update" or reading.listed or reading.unset:
        return False
    taken = [p.name for p in parameters_of(reading.found.update)[1:]]
    return len(taken) == 2 and taken == [*NATIVE] and all(own == label for own, label in reading.labels.items())


def try_out(reading: Reading, operation: Operation) -> None:
    """Let an optimizer make its first update.  Raises NotOffered unless every parameter moves."""
    params = [np.full(shape, 0.5) for shape in TRIED]
    values = dict.fromkeys(operation.labels, 0.5)
    with np.errstate(all="ignore"):
        Updating(reading, values, trying=True).update(params, [np.full(shape, 0.25) for shape in TRIED])


class Updating:
    """An optimizer of the code with the contract's update(params, grads): in place on lists of arrays.

    values: {the contract's name: value}; the code's own defaults count for others.  trying: whether it is a trial.
    """

    def __init__(self, reading: Reading, values: Mapping[str, Any], trying: bool = False) -> None:
        self.reading, self.values, self.trying = reading, values, trying
        self.way: Way | None = None
        if inspect.isclass(reading.found):
            if not reading.listed:
                self.make()  # so that what it raises is raised here
        elif reading.unset:
            self.without_epsilon()

    def without_epsilon(self) -> None:
        """Raise Unseen if a value of eps is wanted and the code takes none."""
        if "eps" in self.values and not self.trying:
            raise Unseen(f"{self.reading.name} takes no eps: its own cannot be chosen")

    def make(self, **listed: Any) -> Any:
        """An object of the class.  Raises NotOffered or Unseen for a value that it does not take."""
        reading = self.reading
        made = reading.found(**self.known(), **reading.fixed, **listed)
        for label in reading.unset:
            own = first_called(label, [key for key, value in vars(made).items() if isinstance(value, float)])
            if own is None and label == "eps":
                self.without_epsilon()
            elif own is None:
                raise NotOffered(f"{reading.name}: chainrule found no parameter for {label}")
            elif label in self.values:
                setattr(made, own, self.values[label])
        return made

    def known(self) -> dict[str, Any]:
        """{parameter: value} of those that have a value."""
        known = {own: self.values[label] for own, label in self.reading.labels.items() if label in self.values}
        if self.reading.both and {*BETAS} <= {*self.values}:
            known[self.reading.both] = tuple(self.values[label] for label in BETAS)
        return known

    def update(self, params: Arrays, grads: Arrays) -> Arrays:
        """Update the arrays in the list, or replace them."""
        self.way = self.way or self.found_way(params, grads)
        params[:] = self.way(params, grads)
        return params

    def found_way(self, params: Arrays, grads: Arrays) -> Way:
        """The way of a first update with these arrays; the first that works, if none has worked before.

        A way is tried with another optimizer than the one that is used then.  Raises NotOffered.
        """
        if self.reading.form is not None:
            return self.reading.form(self)
        ways = self.ways()
        if len(ways) == 1 and not self.trying:
            self.reading.form = ways[0]
            return ways[0](self)
        troubles: list[Exception] = []
        first: Maker | None = None  # of those that move every parameter, to what is not a number
        for make in ways:
            copies = [np.array(p) for p in params]
            try:
                found = make(self)(copies, [np.array(g) for g in grads])
            except (*OTHER_FORM, NotOffered) as error:
                troubles.append(error)
                continue
            if is_native(self.reading) or self.certain or (moved(params, found) and all_finite(found)):
                self.reading.form = make
                return make(self)
            if first is None and moved(params, found):
                first = make
        if first is not None:
            self.reading.form = first
            return first(self)
        if is_native(self.reading) and troubles and not of_the_form(troubles[0]):
            return ways[0](self)  # the specs report what it raises
        furthest = max(troubles, key=line_of, default=None)
        said = f"{type(furthest).__name__}: {furthest}" if furthest else "its update leaves them where they are"
        raise NotOffered(f"{self.reading.name}: chainrule found no form in which it updates parameters ({said})")

    @property
    def certain(self) -> bool:
        """Whether the arguments alone show the form, so that an update which moves nothing is a mistake."""
        return not inspect.isclass(self.reading.found) and self.takes_config

    @property
    def takes_config(self) -> bool:
        """Whether a function takes the dictionary with its memory and its hyperparameters."""
        return first_called("config", [p.name for p in parameters_of(self.reading.found)]) is not None

    def ways(self) -> list[Maker]:
        """Makers of possible ways to update, the likeliest first."""
        reading = self.reading
        if not inspect.isclass(reading.found):
            if self.takes_config:
                return [Updating.with_config]
            return [*(partial(Updating.by_function, form=form) for form in COLLECTIONS), Updating.function_by_array]
        found = [way for make in self.forms() for way in self.ways_of(make)]
        if not found:
            taken = [p.name for p in parameters_of(getattr(reading.found, reading.method))[1:]]
            made_with = f" of {reading.name}({', '.join(reading.listed)})" if reading.listed else ""
            raise NotOffered(
                f"{reading.name}.{reading.method}: expected (params, grads), found ({', '.join(taken)}){made_with}"
            )
        return found

    # Classes

    def forms(self) -> list[Callable[[], Form]]:
        """Makers of the forms in which a class may update, the likeliest first."""
        cls = self.reading.found
        beside = named_in_annotations([getattr(cls, name, None) for name in ("__init__", self.reading.method)])
        every = forms(strings_in(cls), bool(self.reading.listed), beside)
        taken = [p.name for p in parameters_of(getattr(cls, self.reading.method))[1:]]
        if taken and place("param", taken[0]) is not None and plain(taken[0]) != "params":
            every.sort(key=lambda make: make is not EachArray)
        return every

    def ways_of(self, make: Callable[[], Form]) -> list[Maker]:
        """The ways to update in one form: with one optimizer for all, or with one for each array or layer."""
        reading, form = self.reading, make()
        own, listed = self.roles_of_method(form), roles_of(reading.listed, form.roles)
        taken = {*(own or {}).values(), *(listed or {}).values()}
        if own is None or listed is None or not taken & {*form.needed}:
            return []
        one = form.is_one or "key" in taken or "index" in taken
        alone = [True] if isinstance(form, EachArray) and not one else [False] if one else [False, True]
        if listed and not form.is_one:
            alone = [True]
        methods = dir(reading.found)
        before, after = (first_called(thing, methods) or "" for thing in ("before", "after"))
        around = [Around("", before, after)]
        counts = first_called(
            "counts", [m for m in methods if place("counts", m) is not None and self.takes_nothing(m)]
        )
        if counts is not None and not before and not after:
            around = [Around("", "", counts), Around("", counts, "")]
        at_first = first_called("prepares", methods)
        if at_first is not None and self.roles_of_method(form, at_first):
            around += [replace(calls, at_first=at_first) for calls in around]
        return [
            partial(Updating.by_call, make=make, separate=separate, around=calls)
            for separate in alone
            for calls in around
        ]

    def takes_nothing(self, method: str) -> bool:
        """Whether a method that is not the one that updates is called without arguments."""
        found = getattr(self.reading.found, method)
        return method != self.reading.method and callable(found) and not parameters_of(found)[1:]

    def by_call(self, make: Callable[[], Form], separate: bool, around: Around) -> Way:
        """Calls of the method that updates, for what the form shows.  separate: an optimizer for each of its units."""
        form, made = make(), list[Any]()
        listed = roles_of([*self.reading.listed], form.roles) or {}
        own = self.roles_of_method(form) or {}
        prepared = (around.at_first and self.roles_of_method(form, around.at_first)) or {}
        count = [0]

        def given(unit: Unit, names: Mapping[str, str]) -> dict[str, Any]:
            every = {**unit, "count": count[0]}
            return {name: every[role] for name, role in names.items()}

        def update(params: Arrays, grads: Arrays) -> Arrays:
            units = form.units(params, grads)
            count[0] += 1
            for unit in units[len(made) :] if separate else units[: not made]:
                made.append(self.make(**given(unit, listed)))
                if around.at_first:
                    getattr(made[-1], around.at_first)(**given(unit, prepared))
            for optimizer in made if around.before else []:
                getattr(optimizer, around.before)()
            returned = []
            for i, unit in enumerate(units):
                method = getattr(made[i if separate else 0], self.reading.method)
                returned.append(method(**given(unit, own)))
            for optimizer in made if around.after else []:
                getattr(optimizer, around.after)()
            return form.after(params, returned)

        return update

    def roles_of_method(self, form: Form, method: str = "") -> dict[str, str] | None:
        """{parameter: role} of the method that updates, or of another; None if it takes what the form does not show."""
        taken = parameters_of(getattr(self.reading.found, method or self.reading.method))[1:]
        taken = [p for p in taken if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        required = [p.name for p in taken if p.default is p.empty]
        found = roles_of(required, (*form.roles, "count"))
        if found is None and len(taken) == len(required) == 2 and form.roles[:2] in POSITIONAL:
            return dict(zip(required, form.roles, strict=False))  # whatever they are called
        if found is not None:
            free = [role for role in form.roles if role in GRADIENTS and role not in found.values()]
            for name in (p.name for p in taken if p.name not in required):
                role = thing_called(name, tuple(free))
                if role is not None:
                    found[name] = role
                    free.remove(role)
        return found

    # Functions

    def with_config(self) -> Way:
        """f(w, dw, config) -> (w, config), the memory of each parameter in its own dictionary."""
        words = self.reading.words
        configs: list[Any] = []

        def update(params: Arrays, grads: Arrays) -> Arrays:
            new = {words[label]: value for label, value in self.values.items() if label in words}
            configs.extend(dict(new) for _ in range(len(params) - len(configs)))
            after = []
            for i, (p, g) in enumerate(zip(params, grads, strict=True)):
                found, configs[i] = self.reading.found(p, g, configs[i])
                after.append(found)
            return after

        return update

    def function_by_array(self) -> Way:
        """f(w, dw, ...), with the memory of each array passed and returned."""
        each: list[Way] = []

        def update(params: Arrays, grads: Arrays) -> Arrays:
            each.extend(self.by_function(None) for _ in range(len(params) - len(each)))
            return [one([p], [g])[0] for one, p, g in zip(each, params, grads, strict=True)]

        return update

    def by_function(self, form: Collection | None) -> Way:
        """f(params, grads, memories, ...) -> params, or (params, memories), as collections or a single array."""
        function, count = self.reading.found, [0]
        memories: dict[str, Any] = {}
        taken = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        own = [p.name for p in taken if p.name not in self.reading.labels]
        first = first_called("params" if form else "param", own)
        second = first_called("grads" if form else "grad", [name for name in own if name != first])
        kept = [name for name in own if name not in (first, second) and place("state", name) is not None]
        counted = [name for name in own if name not in (first, second, *kept) and place("count", name) is not None]
        known = {first, second, *kept, *counted, *self.reading.labels}
        if first is None or second is None:
            raise NotOffered(f"{self.reading.name}: expected parameters and gradients, found ({', '.join(own)})")
        unknown = [p.name for p in taken if p.name not in known and p.default is p.empty]
        if unknown:
            raise NotOffered(f"{self.reading.name}: chainrule knows no value for its parameter {unknown[0]}")

        def update(params: Arrays, grads: Arrays) -> Arrays:
            passed, gradients = form.passed(params, grads) if form else (params[0], grads[0])
            if not memories:
                for name in kept:
                    zeros = [np.zeros(np.shape(g)) for g in grads]
                    memories[name] = form.passed(zeros, zeros)[1] if form else zeros[0]
            count[0] += 1
            keywords = self.known() | {first: passed, second: gradients, **memories, **dict.fromkeys(counted, count[0])}
            returned = function(**keywords)
            if isinstance(returned, tuple) and len(returned) > len(kept):
                memories.update(zip(kept, returned[1:], strict=False))
                returned = returned[0]
            if form is None:
                return [returned if returned is not None else passed]
            return changed(params, form, passed, returned)

        return update


def of_the_form(error: Exception) -> bool:
    """Whether an exception may come of parameters in a form that the code does not take."""
    if isinstance(error, AttributeError):
        return any(f"'{kind}' object" in str(error) for kind in ("list", "tuple", "dict", "numpy.ndarray"))
    return isinstance(error, (TypeError, IndexError, KeyError))


def all_finite(found: Arrays) -> bool:
    """Whether all numbers are finite."""
    return all(np.isfinite(array).all() for array in found)


def strings_in(cls: type) -> list[str]:
    """The strings in the code of a class and those that it inherits from."""
    codes = [method.__code__ for one in cls.__mro__ for method in vars(one).values() if inspect.isfunction(method)]
    constants = [
        one for code in codes for item in code.co_consts for one in (item if isinstance(item, tuple) else [item])
    ]
    return [text for text in constants if isinstance(text, str)]


def line_of(error: Exception) -> int:
    """The line that the code reached before it raised; 0 for what chainrule raised."""
    return int((last_line(error) or "0").rpartition(":")[2])


def moved(before: Arrays, after: Arrays) -> bool:
    """Whether every parameter has kept its shape and changed."""
    return len(before) == len(after) and all(
        np.shape(a) == np.shape(b) and not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
    )
