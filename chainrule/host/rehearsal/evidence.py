"""Concludes from recorded calls what each function computes and what each of its parameters takes."""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from inspect import isfunction
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.contract.conventions import LARGEST_LOG_EPSILON
from chainrule.host.recognition.binding import part as part_of
from chainrule.host.recognition.binding import returned_names
from chainrule.host.recognition.learnt import KEPT, NAMED, VALIDATION_X, VALIDATION_Y, Learnt, PerLayer, Start
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.sizing import NEVER_SIZES
from chainrule.host.recognition.slots import is_vector
from chainrule.host.recognition.structures import Attribute, Item, Path, inside
from chainrule.host.recognition.vocabulary import plain, role, size_role
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.operations import UPDATES, Operations
from chainrule.host.rehearsal.recording import Call, Key, key_of
from chainrule.host.rehearsal.values import first_part, is_number, is_numbers, is_plain_number, reduction_of, samples_of
from chainrule.reference import softmax
from chainrule.support.arrays import is_array
from chainrule.support.source_positions import place

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
LARGEST_PENALTY = 0.5  # a larger number beside labels, such as 0.8, is what dropout keeps
NO_PENALTIES = ("clip", "max", "min", "thresh", "eps", "tol", "scale", "temp", "alpha", "slope", "leak")
SIMPLE = (str, bool, int, float, type(None))
PARTED = ("init", "step", "forward", "backward")  # operations whose results may have lists of arrays as parts
ARRAYS = ("x", "y", "output", "output_gradient", "cache", "grads", "params")  # roles that no number has


class Evidence(Operations):
    """What the calls of one recording show of the functions."""

    def learnt(self) -> dict[Key, Learnt]:
        """{function: what its calls show}."""
        found: dict[Key, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.key, []).append(call)
        if self.network is None:
            alone = {key for key, calls in found.items() if key in self.functions and all(map(takes_one_sample, calls))}
            return {key: Learnt(alone=True) for key in alone}
        every = {key: self.of(calls) for key, calls in found.items() if key in self.functions}
        known = {
            key: learnt
            for key, learnt in every.items()
            if learnt.operation or learnt.labels or learnt.alone or learnt.keywords
        }
        return known | self.of_parameters_called_alike(known)

    @property
    def used(self) -> set[Key]:
        """The functions that a script uses.

        Beside a network that it trains, a call with a few numbers of its own only tries a function out.
        """
        if self.network is None:
            return {call.key for call in self.calls}
        return {
            call.key
            for call in self.calls
            if call.caller is not None
            or self.data(call)[0]
            or self.takes_output(call)
            or any(self.is_made(call, name) for name in call.arguments)
        }

    def of_parameters_called_alike(self, known: Mapping[Key, Learnt]) -> dict[Key, Learnt]:
        """What one function takes, by a name that others have too, holds for all functions with such a parameter.

        That is a name for each layer, or, for a function that nothing calls, an activation or some of the network's
        parameters.
        """
        given = [item for learnt in known.values() for item in learnt.fixed.items()]
        shared = {name: value for name, value in given if isinstance(value, PerLayer)}
        named = [item for learnt in known.values() if learnt.operation == "forward" for item in learnt.roles.items()]
        parts = {name: value for name, value in named if value.startswith(NAMED)}
        words = {name: value for name, value in given if isinstance(value, (str, list)) and role(name) == "activation"}
        called = {call.key for call in self.calls}
        found: dict[Key, Learnt] = {}
        for key, function in self.functions.items():
            taken = function.__code__.co_varnames[: function.__code__.co_argcount]
            alike = shared if key in called else words | shared
            lists = {name: alike[name] for name in taken if name in alike}
            own = {name: parts[name] for name in taken if name in parts and key not in called}
            if lists or own:
                learnt = known.get(key, Learnt())
                found[key] = replace(learnt, roles={**own, **learnt.roles}, fixed={**lists, **learnt.fixed})
        return found

    def of(self, calls: Sequence[Call]) -> Learnt:
        """What the calls of one function show."""
        operation = self.usual(calls)
        fitting = [one for one in calls if self.operations[one.number] == operation]
        held = (one for one in fitting if operation == "create" and is_of(one, self.net.holder))
        call = next(held, fitting[0])  # a script may make networks of other sizes, too
        if not operation and call.key in self.slopes:
            operation = "backward" if "self" in call.arguments else "slope"
        if operation == "update":
            operation = "fit" if call.caller is None and has_epochs(call) else "backward"
        roles: dict[str, str] = {}
        fixed: dict[str, Any] = {}
        x, y = self.data(call)
        for name, value in self.given(call):
            if name in call.globals and id(value) in self.parameters:
                continue
            if isinstance(value, GENERATORS):
                roles[name] = "rng"
            elif name in y or (operation == "fit" and y and self.is_label(value)):
                roles[name] = "y" if operation != "fit" or name == y[0] else VALIDATION_Y
            elif name in x and not self.is_output(call, name) and not self.begins_backpropagation(call, name):
                roles[name] = "x" if operation != "fit" or name == x[0] else VALIDATION_X
            elif operation == "optimizer":
                rated = "lr" in (*roles.values(), *map(role, call.arguments))
                if isinstance(value, float) and not rated and role(name) is None:
                    roles[name] = "lr"
            elif operation in ("create", "init") or (operation == "fit" and is_list_of_sizes(value)):
                self.size_roles(name, value, roles)
            elif is_plain_number(value):
                self.number_roles(call, operation, name, value, roles)
            else:
                self.flow_roles(call, name, value, roles)
            if name not in roles and isinstance(value, SIMPLE):
                fixed[name] = value
            elif name not in roles and is_list_of_words(value) and not self.names_each_layer(name, value):
                fixed[name] = list(call.given.get(name, value))  # such as one of hidden layers and one of the last
            elif name not in roles and self.names_layers(value):
                fixed[name] = PerLayer(tuple(map(self.as_defined, value)))
            elif name not in roles and operation in (*UPDATES, "backward", "loss") and self.is_beside(value):
                fixed[name] = self.as_defined(value)
        labels = self.form_of_label(call.arguments[y[0]]) if y and (call.ended or operation == "fit") else ""
        attributes = self.attributes(calls, roles)
        alone = all(takes_one_sample(one, *x[:1]) for one in calls)
        loses = bool(y) and is_number(first_part(call.result))
        slope = operation == "loss" and call.key in self.slopes
        start = next((self.start(call, n) for n in roles if roles[n] == "output_gradient"), None)
        where = place(call.file, call.line)
        keywords = frozenset[str]().union(*(one.keywords for one in calls))
        return Learnt(
            operation,
            roles,
            fixed,
            labels,
            attributes,
            where,
            alone,
            loses=loses,
            slope=slope,
            start=start,
            keywords=keywords,
            succeeds=any(one.ended for one in calls),
            upright=labels == "index" and np.shape(call.arguments[y[0]])[1:] == (1,),
            begins=self.begins(calls, roles) if operation == "backward" else "",
        )

    def begins(self, calls: Sequence[Call], roles: Mapping[str, str]) -> str:
        """Whether backward passes start from the slopes of a `sum` over the batch, or of a `mean`; empty if unknown."""
        given = [(roles.get(name) or role(name), value) for call in calls for name, value in call.arguments.items()]
        slopes = [value for found, value in given if found == "output_gradient" and self.is_slope(value)]
        shown = {reduction_of(np.asarray(value), self.net.sizes[-1]) for value in slopes} - {""}
        return shown.pop() if len(shown) == 1 else ""

    def start(self, call: Call, name: str) -> Start | None:
        """How the author computes the argument from which a backward pass starts; None if that is not clear."""
        origin = self.origin(call, name)
        if origin is None or origin[1]:
            return None
        maker = origin[0]
        arguments: dict[str, Any] = {}
        labels = self.data(maker)[1]
        for parameter, value in self.given(maker):
            if parameter in labels or role(parameter) == "y":
                arguments[parameter] = "y"
            elif self.is_output(maker, parameter) or role(parameter) == "output":
                arguments[parameter] = "output"
            elif isinstance(value, SIMPLE):
                arguments[parameter] = (value,)
            else:
                return None
        owner = next(iter(maker.arguments.items()), ("", None))
        of_object = owner[0] == "self"
        function = maker.name if of_object else self.functions.get(maker.key, maker.function)
        both = {"y", "output"} <= {value for value in arguments.values() if isinstance(value, str)}
        sure = all(self.is_output(maker, name) for name, value in arguments.items() if value == "output")
        return Start(function, type(owner[1]).__name__ if of_object else "", arguments, sure) if both else None

    def given(self, call: Call) -> list[tuple[str, Any]]:
        """The arguments, without the object of a method."""
        items = list(call.arguments.items())
        is_method = bool(items) and items[0][0] in ("self", "cls")
        return items[1:] if is_method or call.name in MAKES else items

    def names_layers(self, value: Any) -> bool:
        """Whether a value is a list of a name, a function or an object without arrays for each layer."""
        several = isinstance(value, (list, tuple)) and len(value) == len(self.net.sizes) - 1
        return several and (
            all(isinstance(name, str) for name in value)
            or all(self.is_beside(one) and not any(is_array(part) for _, part in inside(one)) for one in value)
        )

    def names_each_layer(self, name: str, value: Any) -> bool:
        """Whether a list has a word for each layer, and no function takes its words by fixed places."""
        places = [place for function in self.functions.values() for place in places_read(function, name)]
        return self.names_layers(value) and not (places and all(isinstance(place, ast.Constant) for place in places))

    def as_defined(self, value: Any) -> Any:
        """A function as the file defines it, in place of that of the rehearsal; any other value as it is."""
        return self.functions.get(key_of(value.__code__), value) if isfunction(value) else value

    def is_beside(self, value: Any) -> bool:
        """Whether a value is one of the code's functions, or an object such as a loss, that keeps no network."""
        if isfunction(value):
            return key_of(value.__code__) in self.functions
        methods = [member for member in vars(type(value)).values() if isfunction(member)]
        if is_numbers(value) or not any(key_of(method.__code__) in self.functions for method in methods):
            return False
        kept = {id(value), *map(id, getattr(value, "__dict__", {}).values())}
        return not kept & self.net.objects

    def is_output(self, call: Call, name: str) -> bool:
        origin = self.origin(call, name)
        return origin is not None and self.computed_by(origin[0]) == "forward"

    def begins_backpropagation(self, call: Call, name: str) -> bool:
        """Whether an argument is the gradient of the loss, which looks like inputs if there are as many classes."""
        origin = self.origin(call, name)
        return origin is not None and origin[0].key in self.slopes

    def size_roles(self, name: str, value: Any, roles: dict[str, str]) -> None:
        """The layer sizes that a constructor's argument gives."""
        sizes, taken = self.net.sizes, list(roles.values())
        if is_list_of_sizes(value) and value:
            for wanted, part in (("sizes", sizes), ("hiddens", sizes[1:-1]), ("following", sizes[1:])):
                if list(value) == part:
                    roles[name] = wanted
                    return
        if type(value) is int and not (role(name) in NEVER_SIZES and size_role(name) is None):
            free = {"inputs": sizes[0], "outputs": sizes[-1]}
            for wanted in ("inputs", "outputs"):
                if (
                    wanted not in taken
                    and value == free[wanted]
                    and not (wanted == "outputs" and value in sizes[1:-1] and "hidden" not in taken)
                ):
                    roles[name] = wanted
                    return
            if value in sizes[1:-1]:
                roles[name] = "hidden"
        elif isinstance(value, float) and role(name) is None and "lr" not in taken and not self.rated:
            roles[name] = "lr"

    @property
    def rated(self) -> bool:
        """Whether an update takes a number that can be its learning rate, or none was seen."""
        updates = [call for call in self.calls if self.operations[call.number] in UPDATES]
        return not updates or any(isinstance(value, float) for call in updates for value in call.arguments.values())

    def number_roles(self, call: Call, operation: str, name: str, value: Any, roles: dict[str, str]) -> None:
        """The hyperparameter that a number is, if its name does not say it: a name of arrays says nothing here."""
        taken = set(roles.values())
        if role(name) not in (None, *ARRAYS):
            return
        if self.operations[call.number] in ("backward", "loss"):  # which has no learning rate
            small = isinstance(value, float) and LARGEST_LOG_EPSILON < value < LARGEST_PENALTY
            if small and not any(word in plain(name) for word in NO_PENALTIES):
                roles[name] = "reg"
        elif (
            isinstance(value, float)
            and operation in (*UPDATES, "backward")
            and "lr" not in taken
            and "lr" not in map(role, call.arguments)
        ):
            roles[name] = "lr"
        elif type(value) is int and operation == "fit":
            seen = {
                samples_of(other.arguments[x[0]], self.net.sizes[0])
                for other in self.calls
                if other.inside(call) and (x := self.data(other)[0])
            }
            whole = samples_of(call.arguments[self.data(call)[0][0]], self.net.sizes[0]) if self.data(call)[0] else 0
            size = self.size_given_on(call, value)
            wanted = "batch_size" if value in seen - {whole} else size if size in ("inputs", "outputs") else "epochs"
            if wanted not in taken and wanted not in map(role, call.arguments):
                roles[name] = wanted

    def size_given_on(self, call: Call, value: int) -> str:
        """The layer size that a number is, if a training makes its network itself with it."""
        for other in self.calls:
            if other.inside(call) and self.operations[other.number] in ("create", "init"):
                sizes: dict[str, str] = {}
                for name, given in self.given(other):
                    self.size_roles(name, given, sizes)
                return next((sizes[name] for name, given in self.given(other) if given == value and name in sizes), "")
        return ""

    def flow_roles(self, call: Call, name: str, value: Any, roles: dict[str, str]) -> None:
        """The role of an argument by the object that keeps it, or by the call whose result it is."""
        attribute = self.attribute(value)
        if attribute:
            roles[name] = NAMED + KEPT + attribute
            return
        if self.operations[call.number] == "loss" and self.is_before_softmax(call, value):
            roles[name] = "logits"
            return
        origin = self.origin(call, name) or self.origin_of_object(call, value)
        kept = origin is not None and self.computed_by(origin[0]) == "forward"  # with the parameters that it used
        if id(value) in self.net.objects and not kept:
            roles[name] = "params"
            return
        if type(value) in self.optimizers:
            roles[name] = "optimizer"
            return
        if origin is None:
            return
        maker, path = origin
        if maker.key in self.slopes and (not path or self.is_slope(value)):
            roles[name] = "output_gradient"
            return
        made = self.computed_by(maker)
        part = self.name_of_part(maker, path, value) if path else ""
        if part:
            roles[name] = NAMED + part
            return
        whole = {"init": "params", "step": "params", "fit": "params", "backward": "grads", "forward": "cache"}
        if made == "forward" and self.is_array_output(maker, path):
            roles[name] = "output"
        elif made in whole and (not path or not (is_numbers(value) or shares_a_result(maker))):
            roles[name] = whole[made]
        elif made in whole:
            named = self.name_at(maker, path)
            if named:
                roles[name] = NAMED + named

    def is_before_softmax(self, call: Call, value: Any) -> bool:
        """Whether an array is the logits of which the softmax is the output of an earlier forward pass."""
        if not is_numbers(value) or np.ndim(value) != 2 or self.net.sizes[-1] not in np.shape(value):
            return False
        z = np.asarray(value, float)
        p = softmax(z if z.shape[-1] == self.net.sizes[-1] else z.T)
        before = [one for one in self.calls[: call.number] if self.operations[one.number] == "forward" and one.returned]
        given = (np.asarray(one.returned[path].leaf) for one in before for path in self.outputs(one, len(p)))
        return any(is_either(found, p) for found in given)

    def attribute(self, value: Any) -> str:
        """The network's attribute that is this dictionary or list of its parameters; empty if none is."""
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        weights = [part for part in parts if len(np.shape(part) if is_numbers(part) else ()) == 2]
        if not weights or not all(id(part) in self.parameters for part in weights):
            return ""
        owners = (own for call in self.calls for own in call.arguments.values() if id(own) in self.net.objects)
        kept = (item for own in owners for item in getattr(own, "__dict__", {}).items())
        return next((name for name, found in kept if found is value), "")

    def name_of_part(self, maker: Call, path: Path, value: Any) -> str:
        """The name of a list that is one part of a result, such as all weights beside all biases.

        Parameters have the names that the initialization gives them.
        """
        made = self.computed_by(maker)
        if is_numbers(value) or not isinstance(value, (list, tuple)) or made not in PARTED:
            return ""
        if made == "step":
            maker = next((call for call in self.calls if self.operations[call.number] == "init"), maker)
        groups: dict[Any, set[bool]] = {}
        for found, entry in maker.returned.items():
            groups.setdefault(found[0], set()).add(is_vector(entry.shape))
        own, parted = groups.get(path[0], set()), [kinds for kinds in groups.values() if len(kinds) == 1]
        if made in ("init", "step") and not (len(own) == 1 and any(kinds != own for kinds in parted)):
            return ""
        return self.name_at(maker, path)

    def is_array_output(self, maker: Call, path: Path) -> bool:
        """Whether a part of a forward pass's result is its output: the last probabilities, or the last that fits."""
        x = self.data(maker)[0]
        found = self.outputs(maker, samples_of(maker.arguments[x[0]], self.net.sizes[0]) if x else 0)
        sure = [
            one for one in found if one in maker.returned and are_probabilities(np.asarray(maker.returned[one].leaf))
        ]
        if not found or path not in maker.returned:
            return False
        return maker.returned[path].leaf is maker.returned[(sure or found)[-1]].leaf

    def origin_of_object(self, call: Call, value: Any) -> tuple[Call, Path] | None:
        """The call before this one that returned an object, as its result or as a part of it."""
        for maker in reversed(self.calls[: call.number]):
            if maker.ended and maker.result is value and value is not None:
                return maker, ()
            if maker.ended and isinstance(maker.result, tuple):
                for i, part in enumerate(maker.result):
                    if part is value and not isinstance(value, SIMPLE):
                        return maker, (Item(i),)
        return None

    def name_at(self, maker: Call, path: Path) -> str:
        """The name of a part of a result: a key, the name in the return statement, or its place."""
        if isinstance(path[-1], Item) and isinstance(path[-1].key, str):
            return path[-1].key
        names = returned_names(self.functions[maker.key]) or [] if maker.key in self.functions else []
        first = path[0]
        if isinstance(first, Item) and isinstance(first.key, int) and len(path) == 1:
            known = first.key < len(names) and names[first.key]
            return known or part_of(maker.name, first.key)
        return ""

    def attributes(self, calls: Sequence[Call], roles: Mapping[str, str]) -> dict[str, str]:
        """{attribute: role} of the object: where gradients appear, and what keeps a hyperparameter."""
        found: dict[str, str] = {}
        for call in calls:
            if self.operations[call.number] == "backward":
                for path in self.gradient_paths(call):
                    name = next((step.name for step in reversed(path) if isinstance(step, Attribute)), "")
                    found[name] = "gradient"
            own = next(iter(call.arguments.values()), None)
            if call.name in MAKES and hasattr(own, "__dict__"):
                for parameter, wanted in roles.items():
                    value = call.arguments[parameter]
                    if wanted in ("lr", "epochs", "batch_size", "seed"):
                        found |= {name: wanted for name, kept in vars(own).items() if kept is value}
        return found


def shares_a_result(call: Call) -> bool:
    """Whether a call returns several lists of arrays, such as gradients of the weights and those of the biases."""
    parts = call.result if isinstance(call.result, tuple) else ()
    return sum(isinstance(part, list) and bool(part) and all(map(is_numbers, part)) for part in parts) > 1


def is_list_of_sizes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(type(size) is int for size in value)


def is_of(call: Call, holder: int) -> bool:
    """Whether a call is one of a method of the object with this id."""
    return id(next(iter(call.arguments.values()), None)) == holder


@lru_cache(maxsize=1024)
def places_read(function: FunctionType, name: str) -> tuple[ast.expr, ...]:
    """The places at which a function reads a list of this name, as `activations[0]` of hidden layers."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ()
    read = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    return tuple(node.slice for node in read if getattr(node.value, "id", getattr(node.value, "attr", None)) == name)


def is_list_of_words(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(word, str) for word in value)


def takes_one_sample(call: Call, x: str = "") -> bool:
    """Whether a call's argument x, or else its only array, is one sample: a vector, a row or a column."""
    before = {name: found[()].shape for name, found in call.before.items() if () in found}
    shapes = [before[x]] if x in before else list(before.values())
    return len(shapes) == 1 and sum(size > 1 for size in shapes[0]) == 1


def has_epochs(call: Call) -> bool:
    """Whether an argument can be a number of epochs."""
    return any(
        type(value) is int and (role(name) in (None, "epochs")) and size_role(name) is None
        for name, value in call.arguments.items()
    )


def is_either(found: np.ndarray, p: np.ndarray) -> bool:
    """Whether an array is another one, or its transpose, to rounding."""
    return any(one.shape == p.shape and np.allclose(one, p) for one in (found, found.T))
