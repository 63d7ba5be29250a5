"""Parameters and gradients in the forms in which optimizers take them.

A form says what one call of an update is passed, by the role of each argument, and reads the parameters in what the
call leaves or returns.  Objects in place of layers, parameters and networks know an array by every usual name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from types import MethodType
from typing import Any

import numpy as np

from chainrule.host.recognition.vocabulary import likeliest, names, plain

Arrays = list[Any]
Unit = dict[str, Any]  # {role: the argument} of one call
LAYER = ("weights", "biases", "dweights", "dbiases")
OF_AN_ARRAY = ("shape", "size", "ndim", "dtype")


@lru_cache(maxsize=4096)
def place(thing: str, name: str) -> int | None:
    """The position of a parameter's name among those for one thing, or None."""
    return names("hyperparameters")[thing].position(plain(name))


first_called = partial(likeliest, "hyperparameters")


@lru_cache(maxsize=4096)
def thing_called(name: str, things: tuple[str, ...]) -> str | None:
    """The first of some things for which a name is usual, or None."""
    return next((thing for thing in things if place(thing, name) is not None), None)


def roles_of(taken: Sequence[str], roles: Sequence[str]) -> dict[str, str] | None:
    """{parameter: its role}, each role once; None if a name says none of these roles."""
    found: dict[str, str] = {}
    for name in taken:
        free = [(position, role) for role in roles if role not in found.values() and (position := place(role, name))]
        if not free:
            return None
        found[name] = min(free)[1]
    return found


def in_pairs(arrays: Arrays) -> list[tuple[Any, Any]]:
    """Weights and biases of each layer; an odd array has zeros beside it, as code counts arrays by pairs."""
    every = [*arrays, np.zeros(1)] if len(arrays) % 2 else arrays
    return list(zip(every[::2], every[1::2], strict=True))


class Listed(list[Any]):
    """A list that code may also call: `net.parameters` and `net.parameters()`."""

    def __call__(self) -> Listed:
        return self


class Box:
    """A layer, a parameter or a network in place of the code's own, with an array under every usual name.

    things: {what the names in hyperparameters.toml stand for: its value}.
    classes: the code's own, whose methods it has.
    """

    def __init__(self, classes: Sequence[type] = (), **things: Any) -> None:
        vars(self).update(_things=things, _classes=classes)

    def __getattr__(self, name: str) -> Any:
        things = vars(self)["_things"]
        thing = thing_called(name, tuple(things))
        if thing is not None:
            return things[thing]
        if name in OF_AN_ARRAY and "value" in things:
            return getattr(things["value"], name)
        if place("trained", name) is not None:
            return always
        if place("numpy", name) is not None:
            return np
        for cls in vars(self)["_classes"]:
            if inspect.isfunction(own := inspect.getattr_static(cls, name, None)):
                return MethodType(own, self)
        raise AttributeError(f"chainrule's object for a parameter or a layer has no {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        things = vars(self)["_things"]
        thing = thing_called(name, tuple(things))
        if thing is not None:
            things[thing] = value
        else:
            vars(self)[name] = value

    def zero_grad(self) -> None:
        """Leave the gradient: the next update sets it."""


def always() -> bool:
    """True as a value and as a call: `layer.trainable`, `layer.has_parameters()`."""
    return True


# Collections of all parameters


class Collection:
    """How code takes parameters and gradients: what it is passed, and the parameters in what it leaves."""

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        return params, grads

    def read(self, passed: Any, count: int) -> Arrays:
        return list(passed)


class Keyed(Collection):
    """Dictionaries with W1, b1, W2, b2, ...  prefix: what the names of gradients begin with."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        pairs = list(zip(in_pairs(params), in_pairs(grads), strict=True))
        own, gradients = {}, {}
        for i, (arrays, others) in enumerate(pairs, 1):
            for letter, array, gradient in zip("Wb", arrays, others, strict=True):
                own[f"{letter}{i}"], gradients[f"{self.prefix}{letter}{i}"] = array, gradient
        return own, gradients

    def read(self, passed: Any, count: int) -> Arrays:
        return list(passed.values())[:count]


class Paired(Collection):
    """Lists of (W, b)."""

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        return in_pairs(params), in_pairs(grads)

    def read(self, passed: Any, count: int) -> Arrays:
        return [array for pair in passed for array in pair][:count]


class Rows(Collection):
    """Lists of dictionaries, one a layer.  keys, gradients: the names of weights and biases in either."""

    def __init__(self, keys: Sequence[str], gradients: Sequence[str]) -> None:
        self.keys, self.gradients = keys, gradients

    def passed(self, params: Arrays, grads: Arrays) -> tuple[Any, Any]:
        return (
            [dict(zip(self.keys, pair, strict=True)) for pair in in_pairs(params)],
            [dict(zip(self.gradients, pair, strict=True)) for pair in in_pairs(grads)],
        )

    def read(self, passed: Any, count: int) -> Arrays:
        return [row[key] for row in passed for key in self.keys][:count]


COLLECTIONS = (Collection(), Keyed(""), Keyed("d"), Paired())


def changed(params: Arrays, form: Collection, passed: Any, returned: Any) -> Arrays:
    """The parameters after an update: those returned in the form in which they were passed, else those passed."""
    if type(returned) is type(passed) and len(returned) == len(passed):
        found = form.read(returned, len(params))
        if [np.shape(p) for p in found] == [np.shape(p) for p in params]:
            return found
    return form.read(passed, len(params))


# Layers


class Layer:
    """A layer with its arrays as attributes.  classes: the code's own, whose methods it has."""

    def __init__(self, classes: Sequence[type] = ()) -> None:
        self.layer: Any = None
        self.classes = classes

    def show(self, w: Any, b: Any, dw: Any, db: Any) -> None:
        """Give the layer its parameters and gradients, the layer itself the same in every update."""
        things = dict(zip(LAYER, (w, b, dw, db), strict=True))
        if self.layer is None:
            self.layer = Box(self.classes, **things)
        else:
            vars(self.layer)["_things"].update(things)

    def read(self) -> tuple[Any, Any]:
        things = vars(self.layer)["_things"]
        return things["weights"], things["biases"]


class Dictionary(Layer):
    """A layer that is a dictionary.  keys: of weights, biases and their gradients."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__()
        self.keys = keys

    def show(self, w: Any, b: Any, dw: Any, db: Any) -> None:
        self.layer = self.layer if self.layer is not None else {}
        self.layer.update(zip(self.keys, (w, b, dw, db), strict=True))

    def read(self) -> tuple[Any, Any]:
        return self.layer[self.keys[0]], self.layer[self.keys[1]]


class WithCollections(Layer):
    """A layer with its parameters and its gradients in two dictionaries, or two lists."""

    def __init__(self, keys: Sequence[Any], listed: bool = False) -> None:
        super().__init__()
        self.keys, self.listed = keys, listed

    def show(self, w: Any, b: Any, dw: Any, db: Any) -> None:
        if self.layer is None:
            made: list[Any] = [[None, None], [None, None]] if self.listed else [{}, {}]
            self.layer = Box(params=made[0], grads=made[1])
        things = vars(self.layer)["_things"]
        for held, keys, pair in (("params", self.keys[:2], (w, b)), ("grads", self.keys[2:], (dw, db))):
            for key, array in zip(keys, pair, strict=True):
                things[held][key] = array

    def read(self) -> tuple[Any, Any]:
        params = vars(self.layer)["_things"]["params"]
        return params[self.keys[0]], params[self.keys[1]]


# What one call is passed


class Form:
    """What the calls of one update are passed, and the parameters that they leave.

    roles: of the arguments in a unit, as hyperparameters.toml names them.  needed: roles of which code has to take one.
    """

    roles: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    is_one = False  # whether one call takes all

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        raise NotImplementedError

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        raise NotImplementedError


class Whole(Form):
    """All parameters and all gradients.  held: whether the code keeps both between updates."""

    roles = ("params", "grads")
    needed = ("grads",)
    is_one = True

    def __init__(self, collection: Collection, held: bool) -> None:
        self.collection, self.held = collection, held
        self.passed: tuple[Any, Any] | None = None

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        if self.passed is None or not self.held:
            if self.held:
                params, grads = ([np.array(array) for array in arrays] for arrays in (params, grads))
            self.passed = self.collection.passed(params, grads)
        else:
            own, gradients = self.collection.passed(params, grads)
            for held, new in zip(self.passed, (own, gradients), strict=True):
                self.refill(held, new)
        return [dict(zip(self.roles, self.passed, strict=True))]

    def refill(self, held: Any, new: Any) -> None:
        """Write new numbers into the arrays that the code keeps."""
        for old, numbers in zip(flat(held), flat(new), strict=True):
            np.copyto(old, numbers)

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        assert self.passed is not None
        found = changed(params, self.collection, self.passed[0], returned[0])
        return [np.array(array) for array in found] if self.held else found


def flat(arrays: Any) -> Arrays:
    """The arrays in lists and dictionaries."""
    if isinstance(arrays, dict):
        arrays = list(arrays.values())
    return [one for item in arrays for one in flat(item)] if isinstance(arrays, (list, tuple)) else [arrays]


class EachArray(Form):
    """One array after the other."""

    roles = ("param", "grad", "key", "index")
    needed = ("grad",)

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        self.passed = list(params)
        keys = [f"{'b' if i % 2 else 'W'}{i // 2 + 1}" for i in range(len(params))]
        return [
            dict(zip(self.roles, unit, strict=True)) for unit in zip(params, grads, keys, range(len(keys)), strict=True)
        ]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        return [
            found if found is not None and np.shape(found) == np.shape(p) else p
            for found, p in zip(returned, self.passed, strict=True)
        ]


class EachPair(Form):
    """The weights and the biases of one layer after the other, as arrays."""

    roles = (*LAYER, "key", "index")
    needed = ("dbiases",)

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        self.pairs = in_pairs(params)
        return [
            dict(zip(LAYER, (*own, *gradients), strict=True), key=f"layer{i}", index=i)
            for i, (own, gradients) in enumerate(zip(self.pairs, in_pairs(grads), strict=True))
        ]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        found = [like_pair(one, pair) for one, pair in zip(returned, self.pairs, strict=True)]
        return [array for pair in found for array in pair][: len(params)]


class Parallel(Form):
    """A list for each of weights, biases and their gradients."""

    roles = LAYER
    needed = ("dbiases",)
    is_one = True

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        self.lists = [list(arrays) for pairs in map(in_pairs, (params, grads)) for arrays in zip(*pairs, strict=True)]
        return [dict(zip(LAYER, self.lists, strict=True))]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        weights, biases = self.lists[:2]
        if isinstance(returned[0], tuple) and [len(one) for one in returned[0]] == [len(weights), len(biases)]:
            weights, biases = returned[0]
        return [array for pair in zip(weights, biases, strict=True) for array in pair][: len(params)]


def like_pair(returned: Any, pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """The weights and biases that a call returned, in these shapes; else those that it was passed."""
    if isinstance(returned, (tuple, list)) and [np.shape(one) for one in returned] == [np.shape(one) for one in pair]:
        return returned[0], returned[1]
    return pair


class Layers(Form):
    """Objects in place of layers.  kind: makes one.  together: whether one call takes them all."""

    def __init__(self, kind: Callable[[], Layer], together: bool) -> None:
        self.kind, self.together, self.is_one = kind, together, together
        self.layers: list[Layer] = []
        self.roles = ("layers", "params", "model") if together else ("layer", "dweights", "dbiases", "key", "index")
        self.needed = self.roles[:3] if together else self.roles[:1]

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        pairs = list(zip(in_pairs(params), in_pairs(grads), strict=True))
        self.layers.extend(self.kind() for _ in pairs[len(self.layers) :])
        for layer, (own, gradients) in zip(self.layers, pairs, strict=True):
            layer.show(*own, *gradients)
        shown = Listed(layer.layer for layer in self.layers)
        if self.together:
            return [{"layers": shown, "params": shown, "model": Box(layers=shown)}]
        return [
            {"layer": layer, "dweights": dw, "dbiases": db, "key": f"layer{i}", "index": i}
            for i, (layer, (_, (dw, db))) in enumerate(zip(shown, pairs, strict=True))
        ]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        return [array for layer in self.layers for array in layer.read()][: len(params)]


class Objects(Form):
    """Objects in place of parameters, all in one call."""

    roles = needed = ("params", "model")
    is_one = True

    def __init__(self, classes: Sequence[type] = ()) -> None:
        self.boxes = Listed()
        self.classes = classes

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        self.boxes.extend(Box(self.classes, value=None, grad=None) for _ in params[len(self.boxes) :])
        for box, p, g in zip(self.boxes, params, grads, strict=True):
            vars(box)["_things"].update(value=p, grad=g)
        return [{"params": self.boxes, "model": Box(params=self.boxes)}]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        return [vars(box)["_things"]["value"] for box in self.boxes]


class Model(Form):
    """A network with all parameters and all gradients."""

    roles = needed = ("model",)
    is_one = True

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.model = Box(params=None, grads=None)

    def units(self, params: Arrays, grads: Arrays) -> list[Unit]:
        own, gradients = self.collection.passed(list(params), grads)
        vars(self.model)["_things"].update(params=own, grads=gradients)
        return [{"model": self.model}]

    def after(self, params: Arrays, returned: list[Any]) -> Arrays:
        return self.collection.read(vars(self.model)["_things"]["params"], len(params))


def named_in_annotations(functions: Sequence[Any]) -> list[type]:
    """The classes of the code that annotations of these functions name, as `Layer` in `layers: List[Layer]`."""
    found: dict[type, None] = {}
    for function in functions:
        own = getattr(function, "__globals__", {})
        for annotation in getattr(function, "__annotations__", {}).values():
            text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
            classes = [own.get(word) for word in re.findall(r"\w+", text)]
            found.update((cls, None) for cls in classes if isinstance(cls, type) and cls.__module__ != "builtins")
    return list(found)


def forms(strings: Sequence[str], held: bool, classes: Sequence[type]) -> list[Callable[[], Form]]:
    """Makers of all forms, the likeliest first.

    strings: those in the code, which say the keys of its dictionaries.  held: whether it keeps what it is made with.
    classes: its own, whose methods the objects in place of layers and parameters have.
    """
    own = [first_called(thing, strings) or usual for thing, usual in (("weights", "W"), ("biases", "b"))]
    keys = own + [first_called(f"d{thing}", strings) or f"d{key}" for thing, key in zip(LAYER, own, strict=False)]
    collections = [*COLLECTIONS, Rows(keys[:2], keys[:2]), Rows(keys[:2], keys[2:])]
    kinds: list[Callable[[], Layer]] = [
        lambda: Layer(classes),
        lambda: WithCollections([*keys[:2], *keys[:2]]),
        lambda: WithCollections(keys),
        lambda: WithCollections([0, 1, 0, 1], listed=True),
        lambda: Dictionary(keys),
    ]
    return [
        *(lambda one=one: Whole(one, held) for one in collections),
        EachArray,
        Parallel,
        EachPair,
        *(lambda kind=kind, together=together: Layers(kind, together) for together in (False, True) for kind in kinds),
        lambda: Objects(classes),
        *(lambda one=one: Model(one) for one in collections),
    ]
