"""Optimizers under other names and in other forms, with the contract's update(params, grads).

A class may update lists of arrays, dictionaries, one array, or layers; a function takes and returns its memory, or
keeps it in a dictionary.  Which of these it is shows by its first update: the first form in which every parameter
moves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.operation import Operation
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.vocabulary import in_chapters, names, plain, role

Arrays = list[Any]
Way = Callable[[Arrays, Arrays], Arrays]  # of parameters and gradients, the parameters after an update
OTHER_FORM = (TypeError, IndexError, KeyError, AttributeError, ValueError)  # what other code raises for a list
UNBOUNDED = 1e30  # of gradients that code clips
TRIED = ((3, 4), (4,), (4, 5), (5,))  # shapes of the parameters of a first update, no axis of length two
NATIVE = ("params", "grads")


def place(thing: str, name: str) -> int | None:
    """The position of a parameter's name among those for one thing, or None."""
    return names("hyperparameters")[thing].position(plain(name))


def first_called(thing: str, found: Sequence[str]) -> str | None:
    """The name, among these, that is the likeliest for one thing."""
    known = [(position, name) for name in found if (position := place(thing, name)) is not None]
    return min(known)[1] if known else None


class Box:
    """One parameter, or those of a layer, as an object with its gradient."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"chainrule's object for a parameter or a layer has no {name}")

    def zero_grad(self) -> None:
        """Leave the gradient: the next update sets it."""


class Form:
    """How code takes parameters and gradients: what it is passed, and the parameters in what it leaves."""

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        return params, grads

    def read(self, passed: Any, count: int) -> Arrays:
        return list(passed)


class Keyed(Form):
    """Dictionaries with W1, b1, W2, b2, ...  prefix: what the names of gradients begin with."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        if len(params) % 2:  # code counts layers by pairs
            params, grads = [*params, np.zeros(1)], [*grads, np.zeros(1)]
        keys = [f"{'b' if i % 2 else 'W'}{i // 2 + 1}" for i in range(len(params))]
        return dict(zip(keys, params, strict=True)), {self.prefix + key: g for key, g in zip(keys, grads, strict=True)}

    def read(self, passed: Any, count: int) -> Arrays:
        return list(passed.values())[:count]


class Paired(Form):
    """Lists of (W, b)."""

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        if len(params) % 2:
            params, grads = [*params, np.zeros(1)], [*grads, np.zeros(1)]
        return list(zip(params[::2], params[1::2], strict=True)), list(zip(grads[::2], grads[1::2], strict=True))

    def read(self, passed: Any, count: int) -> Arrays:
        return [array for pair in passed for array in pair][:count]


COLLECTIONS = (Form(), Keyed(""), Keyed("d"), Paired())


@dataclass
class Reading:
    """How chainrule reads a class or function as an operation.

    name: its name.  method: that updates; empty for a function.  labels: {parameter: the contract's name of its value}.
    fixed: {parameter: value} of others.  unset: names of the contract for which it has no parameter.
    words: {the contract's name: the key of its value} for a function that takes a dictionary with its hyperparameters.
    listed: the parameter of a constructor that takes all parameters of the network.
    form: the index of the way to update that its first update showed.
    """

    name: str
    found: Any
    method: str
    labels: dict[str, str]
    fixed: dict[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    listed: str = ""
    form: int | None = None


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

    def make(self, operation: Operation, arguments: Sequence[Any]) -> Updating:
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
    if inspect.isclass(found):
        reading.method = update_of(name, found)
        required = [p.name for p in every if p.name in free and p.default is p.empty]
        reading.listed = next((p for p in required if place("params", p) is not None), "")
        if [p for p in required if p != reading.listed]:
            raise NotOffered(f"{name}: chainrule knows no value for its parameter {required[0]}")
        reading.fixed = {p.name: held for p in every if p.name in free and (held := held_at(p)) is not None}
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
        return None
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

    def make(self, *listed: Any) -> Any:
        """An object of the class.  Raises NotOffered or Unseen for a value that it does not take."""
        reading = self.reading
        keywords = self.known() | reading.fixed
        made = reading.found(**({reading.listed: listed[0]} if listed else {}), **keywords)
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
        return {own: self.values[label] for own, label in self.reading.labels.items() if label in self.values}

    def update(self, params: Arrays, grads: Arrays) -> Arrays:
        """Update the arrays in the list, or replace them."""
        self.way = self.way or self.found_way(params, grads)
        params[:] = self.way(params, grads)
        return params

    def found_way(self, params: Arrays, grads: Arrays) -> Way:
        """The way of a first update with these arrays; the first that works, if none has worked before.

        A way is tried with another optimizer than the one that is used then.  Raises NotOffered.
        """
        ways = self.ways()
        if self.reading.form is None and len(ways) == 1 and not self.trying:
            self.reading.form = 0
        if self.reading.form is not None:
            return ways[self.reading.form]()
        trouble: Exception | None = None
        for i, make in enumerate(ways):
            copies = [np.array(p) for p in params]
            try:
                found = make()(copies, [np.array(g) for g in grads])
            except (*OTHER_FORM, NotOffered) as error:
                trouble = trouble or error
                continue
            if is_native(self.reading) or self.certain or moved(params, found):
                self.reading.form = i
                return make()
        if is_native(self.reading) and trouble is not None and not of_the_form(trouble):
            return ways[0]()  # the specs report what it raises
        said = f" ({type(trouble).__name__}: {trouble})" if trouble is not None else ""
        raise NotOffered(f"{self.reading.name}: chainrule found no form in which it updates parameters{said}")

    @property
    def certain(self) -> bool:
        """Whether the arguments alone show the form, so that an update which moves nothing is a mistake."""
        return not inspect.isclass(self.reading.found) and self.takes_config

    @property
    def takes_config(self) -> bool:
        """Whether a function takes the dictionary with its memory and its hyperparameters."""
        return first_called("config", [p.name for p in parameters_of(self.reading.found)]) is not None

    def ways(self) -> list[Callable[[], Way]]:
        """Makers of possible ways to update, the likeliest first."""
        reading = self.reading
        if not inspect.isclass(reading.found):
            if self.takes_config:
                return [self.with_config]
            return [*(partial(self.by_function, form) for form in COLLECTIONS), self.function_by_array]
        taken = [p.name for p in parameters_of(getattr(reading.found, reading.method))[1:]]
        if reading.listed:
            return [self.listed_at_first]
        if len(taken) == 1 and place("layer", taken[0]) is not None:
            return [partial(self.by_layers, False)]
        if len(taken) == 1 and place("layers", taken[0]) is not None:
            return [partial(self.by_layers, True)]
        if len(taken) != 2:
            raise NotOffered(f"{reading.name}.{reading.method}: expected (params, grads), found ({', '.join(taken)})")
        by_collection = [partial(self.by_collection, form) for form in COLLECTIONS]
        single = place("param", taken[0]) is not None and plain(taken[0]) != "params"
        return [self.by_array, *by_collection] if single else [*by_collection, self.by_array]

    # Classes

    def by_collection(self, form: Form) -> Way:
        """update(params, grads), in one of the forms."""
        optimizer = self.make()

        def update(params: Arrays, grads: Arrays) -> Arrays:
            passed, gradients = form.passed(params, grads)
            returned = getattr(optimizer, self.reading.method)(passed, gradients)
            return changed(params, form, passed, returned)

        return update

    def by_array(self) -> Way:
        """update(w, dw): an optimizer for each array."""
        made: list[Any] = []

        def update(params: Arrays, grads: Arrays) -> Arrays:
            made.extend(self.make() for _ in range(len(params) - len(made)))
            each = []
            for optimizer, p, g in zip(made, params, grads, strict=True):
                returned = getattr(optimizer, self.reading.method)(p, g)
                each.append(returned if np.shape(returned) == np.shape(p) and returned is not None else p)
            return each

        return update

    def by_layers(self, together: bool) -> Way:
        """update_params(layer), for one layer after the other or for all together."""
        optimizer, boxes = self.make(), list[Box]()
        method = getattr(optimizer, self.reading.method)
        around = [
            getattr(optimizer, name) if name else lambda: None
            for name in (first_called(thing, dir(optimizer)) for thing in ("before", "after"))
        ]

        def update(params: Arrays, grads: Arrays) -> Arrays:
            odd = len(params) % 2
            ps, gs = ([*arrays, np.zeros(1)] if odd else arrays for arrays in (params, grads))
            boxes.extend(Box() for _ in range(len(ps) // 2 - len(boxes)))
            for box, w, b, dw, db in zip(boxes, ps[::2], ps[1::2], gs[::2], gs[1::2], strict=True):
                set_layer(box, w, b, dw, db)
            around[0]()
            if together:
                method(boxes)
            else:
                for box in boxes:
                    method(box)
            around[1]()
            return [array for box, w, b in zip(boxes, ps[::2], ps[1::2], strict=True) for array in of_layer(box, w, b)][
                : len(params)
            ]

        return update

    def listed_at_first(self) -> Way:
        """A constructor that takes the parameters, and step(): each is an object with data and grad."""
        boxes: list[Box] = []
        optimizer: list[Any] = []

        def update(params: Arrays, grads: Arrays) -> Arrays:
            boxes.extend(Box() for _ in params[len(boxes) :])
            for box, p, g in zip(boxes, params, grads, strict=True):
                vars(box).update(data=p, grad=g)
            if not optimizer:
                optimizer.append(self.make(boxes))
            getattr(optimizer[0], self.reading.method)()
            return [box.data for box in boxes]

        return update

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

    def by_function(self, form: Form | None) -> Way:
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


def changed(params: Arrays, form: Form, passed: Any, returned: Any) -> Arrays:
    """The parameters after an update: those returned in the form in which they were passed, else those passed."""
    if type(returned) is type(passed) and len(returned) == len(passed):
        found = form.read(returned, len(params))
        if [np.shape(p) for p in found] == [np.shape(p) for p in params]:
            return found
    return form.read(passed, len(params))


def of_the_form(error: Exception) -> bool:
    """Whether an exception may come of parameters in a form that the code does not take."""
    if isinstance(error, AttributeError):
        return any(f"'{kind}' object" in str(error) for kind in ("list", "tuple", "dict", "numpy.ndarray"))
    return isinstance(error, (TypeError, IndexError, KeyError))


def moved(before: Arrays, after: Arrays) -> bool:
    """Whether every parameter has kept its shape and changed."""
    return len(before) == len(after) and all(
        np.shape(a) == np.shape(b) and not np.array_equal(a, b) for a, b in zip(before, after, strict=True)
    )


LAYER_NAMES = (("weights", "biases", "dweights", "dbiases"), ("W", "b", "dW", "db"))


def set_layer(box: Box, w: Any, b: Any, dw: Any, db: Any) -> None:
    """Give a layer its parameters and gradients, under each of the usual names."""
    for usual in LAYER_NAMES:
        vars(box).update(zip(usual, (w, b, dw, db), strict=True))


def of_layer(box: Box, w: Any, b: Any) -> tuple[Any, Any]:
    """The parameters that an update left: under the names that it replaced, else as they were passed."""
    found = [(getattr(box, usual[0]), getattr(box, usual[1])) for usual in LAYER_NAMES]
    return next((pair for pair in found if pair[0] is not w or pair[1] is not b), (w, b))
