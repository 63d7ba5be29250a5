"""The forms in which a network comes: a class, functions that hand parameters around, and objects for layers.

A form makes networks and finds the functions that work on them; what those functions take and return is found out by
chainrule.recognition.recognised.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from chainrule.recognition.binding import Known, Unbound, bind, parameters_of, returned_names
from chainrule.recognition.slots import Slots, chain, discover
from chainrule.recognition.structures import Item, shape
from chainrule.recognition.vocabulary import LAYER_CLASSES, NETWORK_CLASSES, matches, plain, rank, role, size_role

PROBES = ((4, 6, 5, 3), (4, 6, 3), (4, 6, 5, 7, 3), (4, 3), (4, 6, 5, 7, 8, 3))  # the depths that are tried, in turn
Operation = tuple[str, Callable[..., Any]]


@dataclass
class Held:
    """A network as a form makes it.  value: the object, or the parameters that are handed around.

    named: what the last forward pass returned, by name.  forwarded: all that it returned.
    """

    value: Any
    sizes: list[int]
    named: dict[str, Any] = field(default_factory=dict)
    forwarded: Any = None
    output: Any = None


class Form:
    """What every form answers.

    title: what it is, for a report.  slots: where the parameters of a network of some depth are.
    """

    title = ""

    def __init__(self) -> None:
        self.slots_of: dict[int, Slots | None] = {}
        self.pattern: list[int | None] | None = None  # a fixed depth, and the sizes that are fixed
        self.head: Any = None  # softmax and loss as objects of their own

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        """A new network.  Raises whatever the code raises, and Unbound."""
        raise NotImplementedError

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        """The functions that may do this, the likeliest first."""
        raise NotImplementedError

    def everything(self, model: Held) -> Iterator[Operation]:
        """All functions and methods, whatever their names."""
        return iter(())

    def named(self, model: Held) -> dict[str, Any]:
        """Parameters by the names under which functions take them."""
        return {}

    def slot_names(self, slots: Slots) -> list[str]:
        """What the parameters are called, weights first."""
        return [slot.name for slot in (*slots.weights, *slots.biases)]

    def handed(self, model: Held) -> Any:
        """All parameters, as functions take them in one argument; None where they take none."""
        return None

    def create(self, sizes: Sequence[int], seed: int) -> Held:
        return Held(self.construct(sizes, seed), list(sizes))

    def slots(self, depth: int) -> Slots | None:
        """The slots of networks of this many layers, found in one whose sizes all differ."""
        if depth not in self.slots_of:
            probe = next(sizes for sizes in PROBES if len(sizes) == depth + 1) if depth < 6 else ()
            self.slots_of[depth] = self.find_slots(self.fitted(probe))
        return self.slots_of[depth]

    def find_slots(self, sizes: Sequence[int] | None) -> Slots | None:
        if sizes is None:
            return None
        try:
            return discover(self.construct(sizes, 0), sizes)
        except Exception:
            return None

    def fitted(self, sizes: Sequence[int]) -> list[int] | None:
        """The sizes, with those that are fixed in their place; None for another depth."""
        if self.pattern is None:
            return list(sizes)
        if len(sizes) != len(self.pattern):
            return None
        return [size if fixed is None else fixed for size, fixed in zip(sizes, self.pattern, strict=True)]

    def probe_sizes(self) -> list[int]:
        """Sizes of a network to try things on."""
        fitted = (self.fitted(sizes) for sizes in PROBES)
        return next(sizes for sizes in fitted if sizes is not None)


def own_functions(namespace: Mapping[str, Any]) -> list[tuple[str, FunctionType]]:
    """The functions in a namespace that were written by hand: no library's."""
    return [(name, value) for name, value in namespace.items() if isinstance(value, FunctionType) and is_own(value)]


def own_classes(namespace: Mapping[str, Any]) -> list[tuple[str, type]]:
    return [(name, value) for name, value in namespace.items() if inspect.isclass(value) and is_own(value)]


def is_own(value: Any) -> bool:
    """Whether a function or class is neither Python's nor an installed library's."""
    code = getattr(value, "__code__", None)
    if code is None and inspect.isclass(value):
        methods = [item for item in vars(value).values() if isinstance(item, FunctionType)]
        code = methods[0].__code__ if methods else None
    if code is None:
        return False
    name = code.co_filename
    return "site-packages" not in name and not name.startswith("<frozen") and "/lib/python" not in name


def ranked(operation: str, functions: Sequence[tuple[str, Any]]) -> list[Operation]:
    """Those whose names say that they do it, the contract's own name first; of equal ones the last defined, as the
    last cell of a notebook counts.
    """
    places = [(rank(operation, name), -i, name, function) for i, (name, function) in enumerate(functions)]
    return [(name, function) for _, _, name, function in sorted((p for p in places if p[0] is not None), key=lambda p: p[:2])]


class SizeArguments:
    """How the layer sizes go into the parameters of a constructor.

    pattern: None where any depth is possible, else one entry a layer: None for a size that is free.
    """

    def __init__(self, function: Any, hidden: str = "as named", known: Mapping[str, Any] | None = None) -> None:
        self.known = dict(known or {})
        self.parameters = [
            p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self"
        ]
        self.roles = {p.name: self.role_of(p) for p in self.parameters}
        self.variadic = [p for p in parameters_of(function) if p.kind == p.VAR_POSITIONAL and size_role(p.name) == "sizes"]
        if numbered(self.parameters):
            self.roles |= dict.fromkeys((p.name for p in numbered(self.parameters)), "hidden")
            self.roles[numbered(self.parameters)[0].name] = "inputs"
            self.roles[numbered(self.parameters)[-1].name] = "outputs"
        hiddens = [name for name, found in self.roles.items() if found in ("hidden", "hiddens")]
        if "sizes" in self.roles.values():
            self.roles = {name: found if found in ("sizes", "other") else "other" for name, found in self.roles.items()}
        elif len(hiddens) == 1:
            listed = self.is_list(hiddens[0]) if hidden == "as named" else hidden == "list"
            self.roles[hiddens[0]] = "hiddens" if listed else "hidden"
        self.free = bool(self.variadic) or bool({"sizes", "hiddens"} & set(self.roles.values()))
        self.hidden = sum(found == "hidden" for found in self.roles.values())

    def role_of(self, parameter: inspect.Parameter) -> str:
        if isinstance(parameter.default, (str, bool, float)) or parameter.default is None and role(parameter.name) in (
            "seed", "rng", "activation", "optimizer", "reg", "lr",
        ):  # fmt: skip
            return "other"
        if role(parameter.name) in ("lr", "epochs", "batch_size", "seed", "rng", "reg", "quiet", "activation"):
            if size_role(parameter.name) is None or isinstance(parameter.default, (int, float)):
                return "other"
        return size_role(parameter.name) or "other"

    def is_list(self, name: str) -> bool:
        default = next(p.default for p in self.parameters if p.name == name)
        return isinstance(default, (list, tuple)) or (not isinstance(default, int) and plain(name).endswith(("s", "list")))

    @property
    def gives_sizes(self) -> bool:
        return self.free or bool({"inputs", "hidden", "outputs"} & set(self.roles.values()))

    def arguments(self, sizes: Sequence[int], seed: int, *, listed: bool = True) -> tuple[list[Any], dict[str, Any]]:
        """Arguments for a network of these sizes.  Raises Unbound for a parameter that nothing is known for."""
        hidden = list(sizes[1:-1])
        keywords: dict[str, Any] = {}
        for parameter in self.parameters:
            found = self.value(parameter, sizes, hidden, seed)
            if found is not None:
                keywords[parameter.name] = found[0]
            elif parameter.default is parameter.empty:
                raise Unbound(parameter.name)
        if self.variadic:
            return list(sizes), {name: value for name, value in keywords.items()}
        positional = [p.name for p in self.parameters if p.kind == p.POSITIONAL_ONLY]
        return [keywords.pop(name) for name in positional], keywords

    def value(self, parameter: inspect.Parameter, sizes: Sequence[int], hidden: list[int], seed: int) -> tuple[Any] | None:
        found = self.roles[parameter.name]
        if parameter.name in self.known:
            return (self.known[parameter.name],)
        if found == "sizes":
            if isinstance(parameter.default, tuple):
                return (tuple(sizes),)
            return (list(sizes),)
        if found == "hiddens":
            return (tuple(sizes[1:-1]) if isinstance(parameter.default, tuple) else list(sizes[1:-1]),)
        if found == "inputs":
            return (sizes[0],)
        if found == "outputs":
            return (sizes[-1],)
        if found == "hidden" and hidden:
            return (hidden.pop(0),)
        return self.other(parameter, seed)

    def other(self, parameter: inspect.Parameter, seed: int) -> tuple[Any] | None:
        """What is no size: the seed, and hyperparameters that have no default."""
        found, default = role(parameter.name), parameter.default
        if found == "seed":
            return (seed,)
        if found == "rng":
            old = isinstance(default, np.random.RandomState)
            return (np.random.RandomState(seed) if old else np.random.default_rng(seed),)
        if found == "reg" and isinstance(default, float) and default > 0 and not plain(parameter.name).startswith(("lr", "learning", "decay")):
            return (0.0,)
        if found == "keep_prob" and isinstance(default, (int, float)):
            return (1.0,)
        if found == "quiet" and isinstance(default, bool):
            return (False,)
        if found == "activation" and isinstance(default, str):
            return ("ReLU" if default[:1].isupper() else "relu",) if default.lower() != "relu" else None
        if plain(parameter.name) == "warmstart":
            return (True,)  # scikit-learn's word for going on from the present weights
        if default is not parameter.empty:
            return None
        return {
            "lr": (0.1,), "epochs": (1,), "batch_size": (4,), "reg": (0.0,), "keep_prob": (1.0,), "quiet": (False,),
            "activation": ("relu",), "validation": (None,), "samples": (1,),
        }.get(found or "")  # fmt: skip

    def fit_depth(self, sizes: Sequence[int]) -> bool:
        return self.free or not self.gives_sizes or self.hidden in (0, len(sizes) - 2)


def numbered(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    """Sizes that are told apart by a number only: n0, n1, n2."""
    found = [p for p in parameters if p.default is p.empty or isinstance(p.default, int)]
    stems = {p.name.rstrip("0123456789") for p in found if p.name[-1].isdigit()}
    same = [p for p in found if p.name[-1].isdigit() and p.name.rstrip("0123456789") in stems]
    return same if len(stems) == 1 and len(same) >= 3 and len(same) == len(found) else []


def sizings(function: Any, namespace: Mapping[str, Any]) -> Iterator[SizeArguments]:
    """The ways in which sizes may go into a constructor: as its parameters' names say, and otherwise; then globals of
    the same names.
    """
    first = SizeArguments(function)
    yield first
    if {"hidden", "hiddens"} & set(first.roles.values()):
        yield from (SizeArguments(function, "number"), SizeArguments(function, "list"))
    values = {plain(name): value for name, value in namespace.items() if isinstance(value, (list, tuple, dict, int))}
    known = {p.name: values[plain(p.name)] for p in first.parameters if plain(p.name) in values}
    if known:
        yield SizeArguments(function, known=known)


class ClassForm(Form):
    """A class whose objects hold their parameters: in attributes, lists, dictionaries or layer objects."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.cls, self.namespace = name, cls, namespace
        self.title = f"class {name}"
        self.initializer: str | None = None
        self.settle_any(cls)
        self.head = loss_head(namespace)

    def settle_any(self, function: Any) -> None:
        """Find out how sizes are given.  Raises what the first way raised, if none does."""
        trouble: Exception | None = None
        for sizing in sizings(function, self.namespace):
            self.sizing = sizing
            try:
                return self.settle()
            except Exception as error:
                trouble = trouble or error
        raise trouble or Unbound("its sizes cannot be chosen")

    def settle(self) -> None:
        """Find out at which sizes networks are made.  Raises Unbound, or what the code raises, if at none."""
        trouble: Exception | None = None
        for sizes in PROBES:
            if not self.sizing.fit_depth(sizes):
                continue
            try:
                value = self.construct(sizes, 0)
            except Exception as error:
                trouble = trouble or error
                continue
            found = discover(value, sizes)
            if found is not None:
                self.slots_of[len(sizes) - 1] = found
                self.pattern = None if self.sizing.free else [None] * len(sizes)
                return
            fixed = chain(value)
            if fixed is not None and (not self.sizing.free or self.sizing.known):
                self.slots_of[len(fixed) - 1] = discover(value, fixed)
                self.pattern = self.fixed_pattern(fixed)
                return
            trouble = trouble or Unbound(f"no weights and biases of sizes {list(sizes)} in its objects")
        raise trouble or Unbound("its sizes cannot be chosen")

    def fixed_pattern(self, fixed: Sequence[int]) -> list[int | None]:
        """Which of the sizes are free: those that can be chosen one at a time, as a network made so shows."""
        pattern: list[int | None] = list(fixed)
        for place, size in enumerate(fixed):
            other = [*fixed[:place], size + 1, *fixed[place + 1 :]]
            try:
                free = chain(self.construct(other, 0)) == other
            except Exception:
                free = False
            if free:
                pattern[place] = None
        return pattern

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        arguments, keywords = self.sizing.arguments(sizes, seed)
        made = self.cls(*arguments, **keywords)
        if self.initializer is None:
            for name, method in ranked("init", methods_of(made)):
                if discover(made, sizes) is None and chain(made) is None:
                    self.initialize(made, method, sizes, seed)
                    self.initializer = name
        elif self.initializer:
            self.initialize(made, getattr(made, self.initializer), sizes, seed)
        if self.initializer and self.knows_classes and not hasattr(made, "classes_"):
            made.classes_ = np.arange(sizes[-1])
        return made

    @cached_property
    def knows_classes(self) -> bool:
        """Whether its methods read the attribute in which scikit-learn's classifiers keep the labels they have seen."""
        return any("classes_" in method.__code__.co_names for _, method in inspect.getmembers(self.cls, inspect.isfunction))

    def initialize(self, made: Any, method: Any, sizes: Sequence[int], seed: int) -> None:
        """Call what a class keeps for later, so that its objects have parameters now."""
        try:
            arguments, keywords = SizeArguments(method).arguments(sizes, seed)
            method(*arguments, **keywords)
        except Exception:
            return

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, methods_of(model.value))
        yield from ranked(operation, own_functions(self.namespace))
        if self.head is not None:
            yield from self.head.losses(operation)

    def everything(self, model: Held) -> Iterator[Operation]:
        if self.head is not None:
            yield from self.head.losses("loss")
        yield from methods_of(model.value)
        yield from own_functions(self.namespace)


def loss_head(namespace: Mapping[str, Any]) -> Any:
    """The loss as an object beside the network, if the namespace has a class of one."""
    from chainrule.recognition.layers import Head, Toolbox

    try:
        head = Head(Toolbox(namespace))
    except Exception:
        return None
    return head if head.object is not None else None


def methods_of(value: Any) -> list[tuple[str, Any]]:
    """The methods of an object, of its base classes too, and functions that it keeps as attributes."""
    names = list(dict.fromkeys(name for cls in reversed(type(value).__mro__[:-1]) for name in vars(cls)))
    found = []
    for name in names:
        raw = inspect.getattr_static(value, name, None)
        if isinstance(raw, (FunctionType, staticmethod, classmethod)):
            found.append((name, getattr(value, name)))
    return found


class FunctionForm(Form):
    """Functions that hand the parameters around: as single arrays, in a dictionary, in lists."""

    def __init__(self, name: str, init: FunctionType, namespace: Mapping[str, Any]) -> None:
        super().__init__()
        self.name, self.init, self.namespace = name, init, namespace
        self.title = f"functions around {name}"
        self.names = returned_names(init) or []
        self.settle_any(init)

    settle_any = ClassForm.settle_any
    settle = ClassForm.settle
    fixed_pattern = ClassForm.fixed_pattern

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
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
        if isinstance(value, (tuple, list)) and len(self.names) == len(value) > 1:
            return known | {name: item for name, item in zip(self.names, value, strict=True) if name}
        return known

    def handed(self, model: Held) -> Any:
        return model.value

    def slot_names(self, slots: Slots) -> list[str]:
        """As `return W1, b1, W2, b2` names them."""
        named = super().slot_names(slots)
        keys = [slot.path[0].key if isinstance(slot.path[0], Item) else None for slot in (*slots.weights, *slots.biases)]
        if len(self.names) == len(keys) and set(keys) == set(range(len(keys))):
            return [self.names[key] for key in keys if isinstance(key, int)]
        return named


class SignatureForm(Form):
    """Functions that take their parameters by name, W1, b1, W2, b2, where nothing outside a script makes them.

    Networks get random parameters, which say nothing about how the code would initialize them.
    """

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
        """Whether a forward pass goes through with parameters of these shapes."""
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
        self.state = {name: value for name, value in namespace.items() if is_parameter(name, value)}
        fixed = chain(self.state)
        if fixed is None:
            raise Unbound("no global weights and biases that fit together")
        self.slots_of[len(fixed) - 1] = discover(self.state, fixed)
        self.pattern = list(fixed)

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        return copy.deepcopy(self.state)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        self.namespace.update(model.value)
        yield from ranked(operation, own_functions(self.namespace))


def is_parameter(name: str, value: Any) -> bool:
    from chainrule.recognition.structures import is_array

    return not name.startswith("_") and is_array(value) and len(shape(value)) in (1, 2)


def network_classes(namespace: Mapping[str, Any]) -> list[tuple[str, type]]:
    """Classes that may be networks: by name, then any other that has something like a forward pass."""
    classes = own_classes(namespace)

    def place(item: tuple[str, type]) -> tuple[int, int]:
        name, cls = item
        named = 0 if name == "MLP" else 1 if matches(NETWORK_CLASSES, name) and not ends_as_layer(name) else 2
        return named, -[n for n, _ in classes].index(name)

    networks = (item for item in classes if acts(item[1]) and (place(item)[0] < 2 or not is_layer_name(item[0])))
    return sorted(networks, key=place)


def ends_as_layer(name: str) -> bool:
    return plain(name).endswith(("layer", "neuron", "loss", "optimizer", "trainer"))


def is_layer_name(name: str) -> bool:
    return matches(LAYER_CLASSES, name)


def acts(cls: type) -> bool:
    names = [name for base in cls.__mro__[:-1] for name in vars(base)]
    return any(rank(operation, name) is not None for name in names for operation in ("forward", "predict", "loss", "fit"))


def bound_to(function: Any, owner: Any) -> bool:
    return isinstance(function, MethodType) and function.__self__ is owner
