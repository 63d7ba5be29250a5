"""Networks made of functions, which pass parameters to each other or read them from globals."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Known, Unbound, bind, parameters_of, part, returned_names
from chainrule.host.recognition.forms import Form, Held, SizedForm
from chainrule.host.recognition.namespaces import Operation, names_read, own_functions, ranked
from chainrule.host.recognition.slots import Fold, Slots, chain, discover
from chainrule.host.recognition.structures import Item, shape
from chainrule.host.recognition.vocabulary import is_called, plain
from chainrule.support.arrays import is_array


class FunctionForm(SizedForm):
    """Functions that pass the parameters to each other: as single arrays, in a dictionary, in lists."""

    def __init__(self, name: str, init: FunctionType, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        super().__init__(namespace, fold)
        self.name, self.init, self.maker = name, init, init
        self.title = f"functions around {name}"
        self.names = returned_names(init) or []
        if self.is_read_from_globals():
            raise Unbound("the forward pass reads what it returns from globals")
        self.settle_any(init)
        self.name_by_place()
        self.lists = self.named_lists()

    def is_read_from_globals(self) -> bool:
        """Whether the likeliest forward pass reads arrays of the names that the initialization returns."""
        passes = ranked("forward", own_functions(self.namespace))
        read = getattr(passes[0][1], "__code__", None) if passes and len(self.names) > 1 else None
        return read is not None and all(self.names) and {*self.names} <= {*read.co_names} & {*self.namespace}

    def name_by_place(self) -> None:
        """Name arrays that are returned as expressions W1, b1, W2, ..., as functions call their parameters."""
        for slots in filter(None, self.slots_of.values()):
            groups = (("W", slots.weights), ("b", slots.biases))
            places = {slot.path: f"{letter}{l}" for letter, group in groups for l, slot in enumerate(group, 1)}
            found = {path[0].key: name for path, name in places.items() if len(path) == 1 and isinstance(path[0], Item)}
            if found.keys() == set(range(len(self.names))):
                self.names = [name or found[i] for i, name in enumerate(self.names)]

    def named_lists(self) -> dict[str, int]:
        """{name: place in the result} of the lists of all weights and all biases, if these have no names.

        The names are those of parameters of the file's functions, and what the author's calls show calls them.
        """
        found: dict[str, int] = {}
        for slots in filter(None, self.slots_of.values()):
            kinds = {"weights": slots.weights, "biases": slots.biases}
            firsts = {kind: {slot.path[:-1] for slot in group} for kind, group in kinds.items()}
            places = {kind: next(iter(paths)) for kind, paths in firsts.items() if len(paths) == 1}
            if any(self.names) or len(places) < 2 or any(len(path) != 1 for path in places.values()):
                continue
            taken = {p.name for _, function in own_functions(self.namespace) for p in parameters_of(function)}
            for kind, (step,) in places.items():
                called = {name for name in taken if is_called("arrays", kind, name) and "size" not in name}
                if isinstance(step, Item):
                    found |= dict.fromkeys((*called, part(self.init, step.key)), step.key)
        return found

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        arguments, keywords = self.sizing.arguments(sizes, seed)
        return self.init(*arguments, **keywords)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, own_functions(self.namespace))

    def everything(self, model: Held) -> Iterator[Operation]:
        yield from own_functions(self.namespace)

    def named(self, model: Held) -> dict[str, Any]:
        value, known = model.value, dict(self.sizing.known)
        if isinstance(value, dict):
            return known | {key: item for key, item in value.items() if isinstance(key, str)}
        if isinstance(value, (tuple, list)) and self.lists:
            return known | {name: value[place] for name, place in self.lists.items()}
        if isinstance(value, (tuple, list)) and len(self.names) == len(value) > 1:
            return known | {name: item for name, item in zip(self.names, value, strict=True) if name}
        return known

    def handed(self, model: Held) -> Any:
        return model.value

    def slot_names(self, slots: Slots) -> list[str]:
        """The names in `return W1, b1, W2, b2`."""
        named = super().slot_names(slots)
        keys = [
            slot.path[0].key if isinstance(slot.path[0], Item) else None for slot in (*slots.weights, *slots.biases)
        ]
        if len(self.names) == len(keys) and set(keys) == set(range(len(keys))):
            return [self.names[key] for key in keys if isinstance(key, int)]
        return named


class SignatureForm(Form):
    """Functions that take parameters by name, W1, b1, W2, b2, in a file without a function that makes them.

    Networks get random parameters, which say nothing about the code's initialization.
    """

    makes_parameters = False

    def __init__(self, name: str, function: FunctionType, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.namespace = name, namespace
        self.title = f"functions around {name}"
        found = [p.name for p in parameters_of(function)]
        self.layers = [(w, b) for w in found for b in found if is_pair(w, b)]
        if not self.layers:
            raise Unbound("it takes no weights and biases by name")
        self.pattern = [None] * (len(self.layers) + 1)
        sizes = self.probe_sizes()
        for self.turned, self.bias in ((False, "row"), (False, "flat"), (True, "column")):
            if self.runs(function, sizes):
                return
        raise Unbound("it takes no batch with any usual shapes of weights and biases")

    def runs(self, function: FunctionType, sizes: Sequence[int]) -> bool:
        """Whether a forward pass works with parameters of these shapes."""
        x = np.ones((sizes[0], 11) if self.turned else (11, sizes[0]))
        try:
            arguments = bind(function, Known({"x": x}, self.construct(sizes, 0), order=("x",)))
            function(*arguments.arguments, **arguments.keywords)
        except Exception:
            return False
        return True

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        rng, made = np.random.default_rng(seed), {}
        for (w, b), fan_in, fan_out in zip(self.layers, sizes[:-1], sizes[1:], strict=True):
            weights = rng.normal(size=(fan_in, fan_out)) / np.sqrt(fan_in)
            made[w] = weights.T.copy() if self.turned else weights
            made[b] = np.zeros({"row": (1, fan_out), "flat": (fan_out,), "column": (fan_out, 1)}[self.bias])
        return made

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, own_functions(self.namespace))

    def everything(self, model: Held) -> Iterator[Operation]:
        yield from own_functions(self.namespace)

    def handed(self, model: Held) -> Any:
        return model.value

    def named(self, model: Held) -> dict[str, Any]:
        return dict(model.value)


def is_pair(w: str, b: str) -> bool:
    """Whether two names are those of the weights and the bias of one layer: W1 and b1, weights_2 and bias_2."""
    stem, number = re.fullmatch(r"(\D*)(\d*)", plain(w)), re.fullmatch(r"(\D*)(\d*)", plain(b))
    return (
        stem is not None
        and number is not None
        and (stem[1], number[1]) in (("w", "b"), ("weights", "biases"), ("weights", "bias"), ("weight", "bias"))
        and stem[2] == number[2]
    )


class GlobalForm(Form):
    """Functions that read their parameters from the module's own globals."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__()
        self.namespace = namespace
        self.title = "functions around global arrays"
        read = names_read(namespace)
        self.state = {name: value for name, value in namespace.items() if name in read and is_parameter(name, value)}
        fixed = chain(self.state)
        if fixed is None:
            raise Unbound("no global weights and biases that fit together")
        self.slots_of[len(fixed) - 1] = discover(self.state, fixed)
        self.pattern = list(fixed)
        self.installed: GlobalArrays | None = None  # the network whose arrays the globals are now

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        return GlobalArrays(copy.deepcopy(self.state), self)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        if self.installed is not model.value:
            if self.installed is not None:
                self.installed.keep()
            self.namespace.update(model.value)
            self.installed = model.value
        yield from ranked(operation, own_functions(self.namespace))


class GlobalArrays(dict[str, Any]):
    """The parameters of a network in globals.  While they are installed, `w1 = w1 - lr * dw1` gives it new ones."""

    def __init__(self, arrays: Mapping[str, Any], form: GlobalForm) -> None:
        super().__init__(arrays)
        self.form = form

    def keep(self) -> None:
        """Take the arrays that the globals are now, if this network's are installed."""
        if self.form.installed is self:
            self.update({name: self.form.namespace[name] for name in self})

    def __getitem__(self, name: str) -> Any:
        self.keep()
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if self.form.installed is self:
            self.form.namespace[name] = value

    def __deepcopy__(self, memo: Any) -> GlobalArrays:
        self.keep()
        return GlobalArrays(copy.deepcopy(dict(self), memo), self.form)


def is_parameter(name: str, value: Any) -> bool:
    return not name.startswith("_") and is_array(value) and len(shape(value)) in (1, 2)
