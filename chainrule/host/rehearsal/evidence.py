"""Concludes from recorded calls what each function computes and what each of its parameters takes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import returned_names
from chainrule.host.recognition.learnt import NAMED, Learnt
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.slots import chain_of
from chainrule.host.recognition.structures import Attribute, Item, Path, follow, is_nested, label
from chainrule.host.recognition.vocabulary import is_called, role, size_role
from chainrule.host.rehearsal.recording import Call, Contents, Key, changed
from chainrule.support.arrays import is_array
from chainrule.support.source_positions import place

MAKES = ("__init__", "__post_init__")
ALIKE = 0.5  # the cosine from which on new arrays are the old parameters after a step, and not gradients
UPDATES = ("fit", "update", "step")
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
SIMPLE = (str, bool, int, float, type(None))


@dataclass
class Network:
    """The network that a recording shows.

    sizes: of its layers.  weights: how often each shape of weights occurs, without regard to order.
    objects: ids of the objects that hold it.  paths: of its parameters in them.  maker: the function that made it.
    arrays: ids of its parameters, if neither an object holds it nor a function made it.
    """

    sizes: list[int]
    weights: Counter[frozenset[int]]
    objects: set[int] = field(default_factory=set)
    paths: set[Path] = field(default_factory=set)
    maker: Key | None = None
    arrays: set[int] = field(default_factory=set)


def network_in(calls: Sequence[Call]) -> Network | None:
    """The deepest network that any call made, or held; of equally deep ones, the first.

    Layers that several objects hold, one each, make a network that no object holds.
    """
    best: Network | None = None
    owner: type | None = None
    single: dict[int, tuple[list[int], Contents]] = {}
    for call in sorted(calls, key=lambda call: call.finished):
        for value, found in held(call):
            found = without_buffers(found)
            sizes = chain_of([entry.shape for entry in found.values()])
            if sizes is None:
                continue
            if len(sizes) == 2 and hasattr(value, "__dict__"):
                single.setdefault(id(value), (sizes, found))
            if best is None or len(sizes) > len(best.sizes):
                paths = {path for path, entry in found.items() if len(entry.shape) == 2}
                best = Network(sizes, matrices(found), paths=paths, maker=None if value is None else call.key)
                best.arrays = {id(entry.leaf) for entry in found.values()} if value is None else set()
                owner = type(value) if hasattr(value, "__dict__") else None
    if best is not None and len(best.sizes) == 2 and len(single) > 1:
        return joined(
            [sizes for sizes, _ in single.values()], sum((matrices(found) for _, found in single.values()), Counter())
        )
    if best is not None and owner is not None:
        best.objects = {id(value) for call in calls for value, _ in held(call) if type(value) is owner}
    return best


def without_buffers(found: Contents) -> Contents:
    """The arrays without those whose names, or whose zeros beside weights of their shape, say that they are buffers."""
    found = {path: entry for path, entry in found.items() if not is_called("arrays", "not_parameters", label(path))}
    real = {entry.shape for entry in found.values() if not entry.zero}
    return {path: e for path, e in found.items() if not (e.zero and len(e.shape) == 2 and e.shape in real)}


def joined(layers: Sequence[list[int]], weights: Counter[frozenset[int]]) -> Network | None:
    """The network of layers that fit together; None if these do not."""
    if any(a[1] != b[0] for a, b in pairwise(layers)):
        return None
    return Network([layers[0][0], *[sizes[1] for sizes in layers]], weights)


def held(call: Call) -> list[tuple[Any, Contents]]:
    """(value, its arrays) of what a call made: the object that it completed, or its result."""
    found: list[tuple[Any, Contents]] = []
    first = next(iter(call.arguments), None)
    if first is not None and hasattr(call.arguments[first], "__dict__") and call.ended:
        found.append((call.arguments[first], call.after[first]))
    if call.ended and call.name not in MAKES and not is_array(call.result):
        found.append((call.result, call.returned))
    arrays = {(Attribute(name),): before[()] for name, before in call.before.items() if () in before}
    if sum(len(entry.shape) == 2 for entry in arrays.values()) > 2:  # functions that take W1, b1, W2, b2 and a batch
        found += [(None, {path: entry for path, entry in arrays.items() if path != batch}) for batch in arrays]
    return found


def matrices(found: Contents) -> Counter[frozenset[int]]:
    """How often each pair of sizes occurs among the arrays with two axes."""
    return Counter(frozenset(s) for s, *_ in found.values() if len(s) == 2 and 1 not in s)


class Evidence:
    """What the calls of one recording show.

    functions: {key: the loaded function}.
    """

    def __init__(self, calls: Sequence[Call], functions: Mapping[Key, FunctionType]) -> None:
        self.calls, self.functions = calls, functions
        self.network = network_in(calls)
        self.operations: dict[int, str] = {}
        self.parameters = set() if self.network is None else self.parameter_ids()
        self.origins: dict[tuple[Any, ...], list[tuple[Call, Path]]] = {}
        for call in calls:
            for path, entry in call.returned.items():
                self.origins.setdefault(entry[:2], []).append((call, path))
        for _ in range(2 if self.network is not None else 0):  # the second time, with what the other calls compute
            self.operations = {call.number: self.operation(call) for call in calls}

    @property
    def optimizers(self) -> set[type]:
        """The classes, other than the network's, with a method that makes an update."""
        steps = [call for call in self.calls if self.operations.get(call.number) == "step"]
        owners = [next(iter(call.arguments.values()), None) for call in steps]
        return {type(own) for own in owners if hasattr(own, "__dict__") and id(own) not in self.net.objects}

    @cached_property
    def slopes(self) -> set[Key]:
        """The functions that give the gradient of the loss with respect to the output, where backpropagation starts."""
        found: set[Key] = set()
        for call in self.calls:
            if self.operations[call.number] not in ("backward", "update", "step"):
                continue
            for name, value in call.arguments.items():
                origin = self.origin(call, name)
                starts = origin is not None and not self.operations[origin[0].number] and not origin[1]
                if starts and self.net.sizes[-1] in np.shape(value) and not self.is_label(value):
                    found.add(origin[0].key)  # type: ignore[index]
        return found

    @property
    def trains(self) -> bool:
        """Whether the recording saw an update of the network."""
        return bool({*UPDATES, "backward"} & set(self.operations.values()))

    @property
    def rank(self) -> int:
        """How much the recording shows: how many kinds of operations."""
        return len(set(self.operations.values()) - {""})

    # Values

    def is_input(self, value: Any) -> bool:
        s = np.shape(value) if is_numbers(value) else ()
        return len(s) in (1, 2) and self.net.sizes[0] in s

    def is_label(self, value: Any) -> bool:
        return bool(self.form_of_label(value))

    def form_of_label(self, value: Any) -> str:
        """`index` or `one_hot`, if a value can be labels."""
        if not is_numbers(value):
            return ""
        array, k = np.asarray(value), self.net.sizes[-1]
        if not array.size or array.dtype.kind not in "biuf" or array.ndim > 2:
            return ""
        if k in array.shape and set(np.unique(array).tolist()) <= {0, 1}:
            axis = array.ndim - 1 if array.shape[-1] == k else 0
            if (array.sum(axis=axis) == 1).all():
                return "one_hot"
        flat = array.ndim == 1 or 1 in array.shape
        whole = flat and np.array_equal(array, np.round(array)) and array.min() >= 0 and array.max() < k
        return "index" if whole and array.size > 1 else ""

    @property
    def net(self) -> Network:
        assert self.network is not None
        return self.network

    def data(self, call: Call) -> tuple[list[str], list[str]]:
        """(parameters that take inputs, parameters that take labels)."""
        values = {name: value for name, value in call.arguments.items() if not self.is_parameter(call, name)}
        x = [name for name, value in values.items() if self.is_input(value)]
        y = [name for name, value in values.items() if self.is_label(value)]
        sure = [name for name in y if name not in x]
        if sure:
            return [name for name in x if name not in sure], sure
        both = [name for name in y if name in x]
        if len(x) > 1 and both:  # as many inputs as classes: inputs come first
            label = both[-1]
            return [name for name in x if name != label], [label]
        if len(x) == 1 and len(np.shape(call.arguments[x[0]])) == 1:  # one sample, its label a number
            single = [n for n, v in values.items() if self.is_single_label(n, v)]
            return x, single
        return x, []

    def is_single_label(self, name: str, value: Any) -> bool:
        return type(value) is int and 0 <= value < self.net.sizes[-1] and role(name) in (None, "y")

    def is_parameter(self, call: Call, name: str) -> bool:
        """Whether an argument is one array of the network's parameters, or of their gradients."""
        entry, origin = call.before[name].get(()), self.origin(call, name)
        made = origin is not None and self.operations.get(origin[0].number) in ("init", "step", "backward")
        return made or (entry is not None and id(entry.leaf) in self.parameters)

    def parameter_ids(self) -> set[int]:
        """The ids of all arrays that were parameters at some time."""
        found = set(self.net.arrays)
        for call in self.calls:
            if call.key == self.net.maker and not self.net.objects:
                found |= {id(entry.leaf) for entry in call.returned.values() if len(entry.shape) == 2}
            for name, value in call.arguments.items():
                if id(value) in self.net.objects:
                    every = (call.before[name], call.after.get(name, {}))
                    found |= {
                        id(contents[path].leaf) for contents in every for path in self.net.paths & contents.keys()
                    }
        return found

    def origin(self, call: Call, name: str) -> tuple[Call, Path] | None:
        """The last call before this one that returned an argument, and where in its result."""
        entry = call.before[name].get(())
        if entry is None:
            return None
        found = [origin for origin in self.origins.get(entry[:2], []) if origin[0].number < call.number]
        itself = [(maker, path) for maker, path in found if maker.returned[path].leaf is entry.leaf]
        return itself[-1] if itself else found[-1] if len({path for _, path in found}) == 1 else None

    # Operations

    def operation(self, call: Call) -> str:
        """What a call computes; empty if that is not clear."""
        net = self.net
        own = next(iter(call.arguments.values()), None)
        if call.name in MAKES:
            return "create" if id(own) in net.objects else "optimizer" if type(own) in self.optimizers else ""
        if call.key == net.maker and not net.objects:
            return "init"
        x, y = self.data(call)
        if x and y and self.repeats(call) and self.updates_inside(call):
            return "fit"
        if not call.ended:
            return ""
        if self.moves(call):
            if x and y:
                return "fit" if self.repeats(call) else "update"
            return "update" if y or self.takes_output(call) else "step"
        if self.clears(call):
            return "clear"
        if self.gives_gradients(call):
            return "backward"
        if y and is_number(first_part(call.result)):
            return "" if counts(first_part(call.result), call.arguments[y[0]]) else "loss"
        if y or not x or not self.reaches(call):
            return ""
        n = samples_of(call.arguments[x[0]], net.sizes[0])
        if is_numbers(call.result) and np.size(call.result) == n and np.shape(call.result) != (n, net.sizes[-1]):
            array = np.asarray(call.result)
            if np.array_equal(array, np.round(array)):
                return "predict"
        return "forward" if self.outputs(call, n) else ""

    def outputs(self, call: Call, n: int) -> list[Path]:
        """The paths to what may be the network's output for n samples, in a result or in the object."""
        k = self.net.sizes[-1]
        wanted = {(n, k), (k, n)} | ({(k,), (k, 1), (1, k)} if n == 1 else set())
        if call.returned:
            return [path for path, entry in call.returned.items() if entry.shape in wanted]
        first = next(iter(call.arguments), "")
        before, after = call.before.get(first, {}), call.after.get(first, {})
        return [path for path in changed(before, after) if after[path].shape in wanted and path not in self.net.paths]

    def reaches(self, call: Call) -> bool:
        """Whether the network's parameters are among the arguments."""
        if any(id(value) in self.net.objects for value in call.arguments.values()):
            return True
        every: Counter[frozenset[int]] = Counter()
        for found in call.before.values():
            every += matrices(found)
        return covers(every, self.net.weights)

    def moves(self, call: Call) -> bool:
        """Whether a call changes the parameters, in place or by returning new ones."""
        for name in call.arguments:
            before, after = call.before[name], call.after[name]
            if any(id(before[path].leaf) in self.parameters for path in changed(before, after) & before.keys()):
                return True
        return covers(matrices(call.returned), self.net.weights) and self.returns_parameters(call)

    def clears(self, call: Call) -> bool:
        """Whether a call sets arrays shaped like the weights to zero."""
        return any(
            call.after[name][path].zero and frozenset(call.after[name][path].shape) in self.net.weights
            for name, before in call.before.items()
            for path in changed(before, call.after[name]) & before.keys()
        )

    def returns_parameters(self, call: Call) -> bool:
        """Whether the arrays that a call returns are new parameters, near to those of its arguments, and not gradients."""
        given = [
            leaf for name, value in call.arguments.items() for leaf in weights_of(value, call.before[name], self.net)
        ]
        known = {id(leaf) for leaf in given}
        found = list(weights_of(call.result, call.returned, self.net))
        near = [
            max((cosine(new, old) for old in given if np.shape(old) == np.shape(new)), default=0.0) for new in found
        ]
        return max(near, default=0.0) > ALIKE and not all(id(new) in known for new in found)

    def gives_gradients(self, call: Call) -> bool:
        """Whether arrays shaped like the weights are in the result, or appear in the network's object."""
        fresh = {path: entry for path, entry in call.returned.items() if id(entry.leaf) not in self.parameters}
        if covers(matrices(fresh), self.net.weights) and not self.returns_parameters(call):
            return self.reaches(call) or bool(self.data(call)[1])
        return bool(self.gradient_paths(call))

    def gradient_paths(self, call: Call) -> set[Path]:
        """The paths in the network's object to arrays shaped like the weights that a call left there."""
        for name, value in call.arguments.items():
            if id(value) in self.net.objects:
                fresh = changed(call.before[name], call.after[name]) - self.net.paths
                if covers(matrices({path: call.after[name][path] for path in fresh}), self.net.weights):
                    return fresh
        return set()

    def takes_output(self, call: Call) -> bool:
        origins = [self.origin(call, name) for name in call.arguments]
        return any(origin is not None and self.operations.get(origin[0].number) == "forward" for origin in origins)

    def repeats(self, call: Call) -> bool:
        """Whether a call runs a loop in which it calls something that reaches the network."""
        inner = Counter((other.key, other.line) for other in self.calls if other.caller is call and self.touches(other))
        return any(count > 1 for count in inner.values())

    def updates_inside(self, call: Call) -> bool:
        """Whether gradients or updates are computed in a call."""
        made = {self.operations.get(other.number) for other in self.calls if other.inside(call)}
        return bool(made & {"backward", "update", "step"}) or (call.ended and self.moves(call))

    def touches(self, call: Call) -> bool:
        return self.reaches(call) or bool(self.data(call)[1])

    # Conclusions

    def learnt(self) -> dict[Key, Learnt]:
        """{function: what its calls show}."""
        if self.network is None:
            return {}
        found: dict[Key, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.key, []).append(call)
        every = {key: self.of(calls) for key, calls in found.items() if key in self.functions}
        return {key: learnt for key, learnt in every.items() if learnt.operation or learnt.labels}

    def of(self, calls: Sequence[Call]) -> Learnt:
        """What the calls of one function show."""
        said = [self.operations[call.number] for call in calls]
        operation = next((one for one in said if one), "")
        call = next(one for one in calls if self.operations[one.number] == operation)
        if not operation and call.key in self.slopes:
            operation = "backward" if "self" in call.arguments else "slope"
        if operation == "update":
            operation = "fit" if call.caller is None and has_epochs(call) else "backward"
        roles: dict[str, str] = {}
        fixed: dict[str, Any] = {}
        x, y = self.data(call)
        for name, value in self.given(call):
            if isinstance(value, GENERATORS):
                roles[name] = "rng"
            elif name in y:
                roles[name] = "y"
            elif name in x and not self.is_output(call, name):
                roles[name] = "x"
            elif operation == "optimizer":
                if isinstance(value, float) and "lr" not in roles.values() and role(name) is None:
                    roles[name] = "lr"
            elif operation in ("create", "init"):
                self.size_roles(name, value, roles)
            elif is_plain_number(value):
                self.number_roles(call, operation, name, value, roles)
            else:
                self.flow_roles(call, name, value, roles)
            if name not in roles and isinstance(value, SIMPLE):
                fixed[name] = value
        labels = self.form_of_label(call.arguments[y[0]]) if y else ""
        file = call.key[0] if call.caller is None else call.caller.key[0]
        return Learnt(operation, roles, fixed, labels, self.attributes(calls, roles), place(file, call.line))

    def given(self, call: Call) -> list[tuple[str, Any]]:
        """The arguments, without the object of a method."""
        items = list(call.arguments.items())
        is_method = bool(items) and items[0][0] in ("self", "cls")
        return items[1:] if is_method or call.name in MAKES else items

    def is_output(self, call: Call, name: str) -> bool:
        origin = self.origin(call, name)
        return origin is not None and self.operations.get(origin[0].number) == "forward"

    def size_roles(self, name: str, value: Any, roles: dict[str, str]) -> None:
        """The layer sizes that a constructor's argument gives."""
        sizes, taken = self.net.sizes, list(roles.values())
        if isinstance(value, (list, tuple)) and all(type(size) is int for size in value) and value:
            for wanted, part in (("sizes", sizes), ("hiddens", sizes[1:-1])):
                if list(value) == part:
                    roles[name] = wanted
                    return
        if type(value) is int:
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
        """The hyperparameter that a number is, if its name does not say it."""
        known, taken = role(name), set(roles.values())
        if known is not None:
            return
        if (
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
        """The role of an argument by the call whose result it is."""
        if id(value) in self.net.objects:
            roles[name] = "params"
            return
        if type(value) in self.optimizers:
            roles[name] = "optimizer"
            return
        origin = self.origin(call, name) or self.origin_of_object(call, value)
        if origin is None:
            return
        maker, path = origin
        if maker.key in self.slopes and not path:
            roles[name] = "output_gradient"
            return
        made = self.operations.get(maker.number, "")
        whole = {"init": "params", "step": "params", "fit": "params", "backward": "grads", "forward": "cache"}
        if made == "forward" and self.is_array_output(maker, path):
            roles[name] = "output"
        elif made in whole and (not path or not is_numbers(value)):
            roles[name] = whole[made]
        elif made in whole:
            named = self.name_at(maker, path)
            if named:
                roles[name] = NAMED + named

    def is_array_output(self, maker: Call, path: Path) -> bool:
        """Whether a part of a forward pass's result is its output: the last probabilities, or the last that fits."""
        x = self.data(maker)[0]
        found = self.outputs(maker, samples_of(maker.arguments[x[0]], self.net.sizes[0]) if x else 0)
        sure = [
            one for one in found if one in maker.returned and are_probabilities(np.asarray(maker.returned[one].leaf))
        ]
        return bool(found) and path == (sure or found)[-1]

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
        """The name of a part of a result: a key of a dictionary, or the name in the return statement."""
        if isinstance(path[-1], Item) and isinstance(path[-1].key, str):
            return path[-1].key
        names = returned_names(self.functions[maker.key]) or [] if maker.key in self.functions else []
        first = path[0]
        if isinstance(first, Item) and isinstance(first.key, int) and len(path) == 1 and first.key < len(names):
            return names[first.key]
        return ""

    def attributes(self, calls: Sequence[Call], roles: Mapping[str, str]) -> dict[str, str]:
        """{attribute: role} of the object: where gradients appear, and what keeps a hyperparameter of its constructor."""
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


def is_numbers(value: Any) -> bool:
    return is_array(value) or is_nested(value)


def is_plain_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return is_plain_number(value) or (is_array(value) and np.size(value) == 1)


def first_part(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) and result else result


def counts(number: Any, labels: Any) -> bool:
    """Whether a number is a share of the samples, as an accuracy is: whole, or whole in percent, times their number."""
    share = float(np.ravel(np.asarray(number))[0]) * len(np.asarray(labels))
    return 0 <= share and abs(share - round(share)) < 1e-9


def samples_of(x: Any, inputs: int) -> int:
    s = np.shape(x)
    if len(s) < 2:
        return 1
    return int(s[1] if s[0] == inputs and s[1] != inputs else s[0])


def covers(found: Counter[frozenset[int]], wanted: Counter[frozenset[int]]) -> bool:
    return bool(wanted) and all(found[one] >= count for one, count in wanted.items())


def weights_of(value: Any, found: Contents, network: Network) -> Iterator[Any]:
    """The arrays with a shape of the weights inside a value."""
    for path, entry in found.items():
        if frozenset(entry.shape) in network.weights:
            with suppress(LookupError, AttributeError, TypeError):
                yield follow(value, path)


def cosine(a: Any, b: Any) -> float:
    a, b = np.ravel(np.asarray(a, float)), np.ravel(np.asarray(b, float))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0


def has_epochs(call: Call) -> bool:
    """Whether an argument can be a number of epochs."""
    return any(
        type(value) is int and (role(name) in (None, "epochs")) and size_role(name) is None
        for name, value in call.arguments.items()
    )
