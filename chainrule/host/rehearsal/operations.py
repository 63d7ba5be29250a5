"""Concludes from what recorded calls take, return and change which operation each computes."""

from __future__ import annotations

import inspect
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.results import are_probabilities, counts
from chainrule.host.recognition.structures import Path
from chainrule.host.recognition.vocabulary import is_called, role
from chainrule.host.rehearsal.network import MAKES, Network, covers, matrices, network_in
from chainrule.host.rehearsal.recording import Call, Key, changed
from chainrule.host.rehearsal.values import (
    combines,
    first_numbers,
    first_part,
    is_number,
    is_numbers,
    samples_of,
    similarity,
    weights_in,
)
from chainrule.support.arrays import is_array

ALIKE = 0.5  # the similarity from which on new arrays are the old parameters after a step, and not gradients
UPDATES = ("fit", "update", "step")


class Operations:
    """The operations of the calls in one recording.

    network: the one that the calls show, if any.  operations: {number of a call: what it computes}.
    """

    def __init__(self, calls: Sequence[Call], functions: Mapping[Key, FunctionType]) -> None:
        self.calls, self.functions = calls, functions
        self.network = network_in(calls)
        self.operations: dict[int, str] = {}
        self.parameters = set() if self.network is None else self.parameter_ids()
        self.origins: dict[tuple[Any, ...], list[tuple[Call, Path]]] = {}
        for call in sorted(calls, key=lambda call: call.finished):
            given = {} if kept_by_its_object(call) else call.before
            taken = {(id(entry.leaf), entry.content) for before in given.values() for entry in before.values()}
            for path, entry in call.returned.items():
                if (id(entry.leaf), entry.content) not in taken:  # what only went through, such as inputs in a cache
                    self.origins.setdefault(entry[:2], []).append((call, path))
        for _ in range(2 if self.network is not None else 0):  # the second time, with what the other calls compute
            self.operations = {call.number: self.operation(call) for call in calls}
            self.parameters |= self.renewed_ids()

    @property
    def net(self) -> Network:
        assert self.network is not None
        return self.network

    def is_input(self, value: Any) -> bool:
        s = np.shape(value) if is_numbers(value) else ()
        images = len(s) in (3, 4) and math.prod(s[1:]) == self.net.sizes[0]
        return images or (len(s) in (1, 2) and self.net.sizes[0] in s)

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

    def data(self, call: Call) -> tuple[list[str], list[str]]:
        """(parameters that take inputs, parameters that take labels)."""
        values = {name: value for name, value in call.arguments.items() if not self.is_made(call, name)}
        x = [name for name, value in values.items() if self.is_input(value)]
        y = [name for name, value in values.items() if self.is_label(value)]
        sure = [name for name in y if name not in x]
        if len(sure) > 1:  # sure probabilities look like one-hot labels; whole numbers, or the name, tell labels
            whole = [name for name in sure if np.asarray(values[name]).dtype.kind in "biu"]
            sure = whole or [name for name in sure if role(name) == "y"] or sure
        if sure:
            return [name for name in x if name not in sure], sure
        both = [name for name in y if name in x]
        if both and (len(x) > 1 or self.takes_output(call)):  # as many inputs as classes: inputs come first
            label = both[-1]
            return [name for name in x if name != label], [label]
        if len(x) == 1 and len(np.shape(call.arguments[x[0]])) == 1:  # one sample, its label a number
            single = [n for n, v in values.items() if self.is_single_label(n, v)]
            return x, single
        return x, []

    def is_made(self, call: Call, name: str) -> bool:
        """Whether the network makes an argument: parameters, gradients, or its output, which may look like labels."""
        entry, origin = call.before[name].get(()), self.origin(call, name)
        output = origin is not None and self.computed_by(origin[0]) == "forward"
        return output or self.is_parameter(call, name) or (entry is not None and entry.zero and len(entry.shape) == 2)

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
        taken = [(name, id(call.arguments[name])) for call in self.calls for name in call.globals]
        named = {name for name, array in taken if array in found}
        return found | {array for name, array in taken if name in named}

    def renewed_ids(self) -> set[int]:
        """The ids of the arrays that updates return in the place of the weights."""
        steps = [call for call in self.calls if self.operations[call.number] == "step"]
        whole = [call.returned for call in steps if matrices(call.returned) == self.net.weights]
        return {id(leaf) for returned in whole for leaf in weights_in(returned, self.net)}

    def origin(self, call: Call, name: str) -> tuple[Call, Path] | None:
        """The call that was the last to return an argument before this one, and where in its result."""
        entry = call.before[name].get(())
        if entry is None:
            return None
        found = [
            origin
            for origin in self.origins.get(entry[:2], [])
            if origin[0].number < call.number and not call.inside(origin[0])
        ]
        itself = [(maker, path) for maker, path in found if maker.returned[path].leaf is entry.leaf]
        if itself:  # of nested calls, the outermost
            return max(itself, key=lambda origin: origin[0].finished)
        return found[-1] if len({path for _, path in found}) == 1 else None

    @property
    def trains(self) -> bool:
        """Whether the recording saw an update of the network."""
        return bool({*UPDATES, "backward"} & set(self.operations.values()))

    @property
    def rank(self) -> tuple[bool, int]:
        """How much the recording shows: whether the network is plain, and how many kinds of operations."""
        return self.network is not None and self.network.plain, len(set(self.operations.values()) - {""})

    @property
    def is_enough(self) -> bool:
        """Whether no other script, and no other data, can be expected to show more."""
        return self.trains and self.network is not None and self.network.plain

    @property
    def optimizers(self) -> set[type]:
        """The classes, other than the network's, with a method that makes an update."""
        steps = [call for call in self.calls if self.operations.get(call.number) == "step"]
        owners = [next(iter(call.arguments.values()), None) for call in steps]
        return {type(own) for own in owners if hasattr(own, "__dict__") and id(own) not in self.net.objects}

    @cached_property
    def slopes(self) -> set[Key]:
        """The functions that give the gradient of the loss with respect to the output, where backpropagation starts.

        They return it alone, or beside the loss.
        """
        found: set[Key] = set()
        for call in self.calls:
            if self.operations[call.number] not in ("backward", "update", "step"):
                continue
            for name, value in call.arguments.items():
                origin = self.origin(call, name)
                if origin is None or name in call.globals or not self.is_slope(value) or self.passes_forward(origin[0]):
                    continue
                made = self.operations[origin[0].number]
                if (not made and not origin[1]) or (made == "loss" and len(origin[1]) == 1):
                    found.add(origin[0].key)
        return found

    def passes_forward(self, call: Call) -> bool:
        """Whether a method of the network takes arrays, none of them its output or shaped like its result."""
        given = [before[()].shape for before in call.before.values() if () in before]
        of_network = any(id(value) in self.net.objects for value in call.arguments.values())
        kept = is_array(call.result) and np.shape(call.result) in given
        return of_network and bool(given) and not kept and not self.takes_output(call)

    def is_slope(self, value: Any) -> bool:
        """Whether a value can be the gradient of the loss with respect to the output."""
        fits = is_numbers(value) and self.net.sizes[-1] in np.shape(value) and not self.is_label(value)
        return fits and not are_probabilities(np.asarray(value))

    def operation(self, call: Call) -> str:
        """What a call computes; empty if that is not clear."""
        net = self.net
        own = next(iter(call.arguments.values()), None)
        if self.yields(call):
            return ""
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
            weights = [name for name in x if frozenset(np.shape(call.arguments[name])) in self.net.weights]
            if y or len(x) > len(weights) or self.takes_output(call):
                return "update"
            return "step" if self.follows_data(call) and not reads_a_file(call) else ""
        if self.clears(call):
            return "clear"
        if self.gives_gradients(call) and self.follows_data(call):
            return "backward"
        if y and is_number(first_part(call.result)):
            labels = call.arguments[y[0]]
            n = np.size(labels) // (self.net.sizes[-1] if self.form_of_label(labels) == "one_hot" else 1)
            return "" if all(counts(number, n) for number in first_numbers(call.result)) else "loss"
        if y or not x or not self.reaches(call):
            return ""
        n = samples_of(call.arguments[x[0]], net.sizes[0])
        if is_numbers(call.result) and np.size(call.result) == n and np.shape(call.result) != (n, net.sizes[-1]):
            array = np.asarray(call.result)
            if np.array_equal(array, np.round(array)):
                return "predict"
        return "forward" if self.outputs(call, n) else ""

    def yields(self, call: Call) -> bool:
        """Whether a function is a generator, such as one of batches."""
        function = self.functions.get(call.key)
        return function is not None and inspect.isgeneratorfunction(function)

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

    def follows_data(self, call: Call) -> bool:
        """Whether a call takes arrays, or comes after one that took inputs: before these there are no gradients."""
        earlier = (other for other in self.calls[: call.number] if not call.inside(other))
        return any(() in before for before in call.before.values()) or any(self.data(other)[0] for other in earlier)

    def clears(self, call: Call) -> bool:
        """Whether a call that takes no arrays, and returns nothing, sets arrays shaped like the weights to zero."""
        if call.result is not None or any(() in before for before in call.before.values()):
            return False
        return any(
            call.after[name][path].zero and frozenset(call.after[name][path].shape) in self.net.weights
            for name, before in call.before.items()
            for path in changed(before, call.after[name]) & before.keys()
        )

    def returns_parameters(self, call: Call) -> bool:
        """Whether a call returns new parameters, near to those of its arguments, and not gradients."""
        given = [leaf for name in call.arguments for leaf in weights_in(call.before[name], self.net)]
        known = {id(leaf) for leaf in given}
        for new in weights_in(call.returned, self.net):
            if id(new) in known or any(np.array_equal(new, old) for old in given):
                continue  # as of a copy
            alike = [old for old in given if np.shape(old) == np.shape(new)]
            if any(similarity(new, old) > ALIKE for old in alike) or (len(alike) > 1 and combines(new, alike)):
                return True
        return False

    def gives_gradients(self, call: Call) -> bool:
        """Whether arrays shaped like the weights are in the result, or appear in the network's object."""
        if not self.follows_data(call) or self.computes_outputs_alone(call):
            return False
        given = {entry[:2] for found in call.before.values() for entry in found.values()}  # as of a step of zero
        fresh = {
            path: entry
            for path, entry in call.returned.items()
            if id(entry.leaf) not in self.parameters and entry[:2] not in given
        }
        if any(len(entry.shape) == 2 and self.form_of_label(entry.leaf) == "one_hot" for entry in fresh.values()):
            return False  # a batch
        if (
            id(call.result) not in self.net.objects
            and covers(matrices(fresh), self.net.weights)
            and not self.returns_parameters(call)
        ):
            return self.reaches(call) or bool(self.data(call)[1])
        return bool(self.gradient_paths(call))

    def computes_outputs_alone(self, call: Call) -> bool:
        """Whether a call takes inputs without labels, and as many samples as a layer has units.

        What it computes has the shapes of weights.
        """
        x, y = self.data(call)
        origin = self.origin(call, x[0]) if x else None
        if not x or y or (origin is not None and self.saw_output(origin[0])):
            return False
        n = samples_of(call.arguments[x[0]], self.net.sizes[0])
        return n in self.net.sizes and bool(self.outputs(call, n))

    def saw_output(self, call: Call) -> bool:
        """Whether a call, or an earlier one of the same object, took the network's output, as a loss does."""
        owner = next(iter(call.arguments.values()), None)
        before = (other for other in self.calls[: call.number] if next(iter(other.arguments.values()), None) is owner)
        return self.takes_output(call) or (hasattr(owner, "__dict__") and any(map(self.takes_output, before)))

    def gradient_paths(self, call: Call) -> set[Path]:
        """The paths in the network's object to arrays shaped like the weights that a call left there.

        The parameters themselves under a further name, what the call was given, and zeros alone, as velocities begin,
        are not gradients.
        """
        known = self.parameters | {id(value) for value in call.arguments.values()}
        for name, value in call.arguments.items():
            if id(value) in self.net.objects:
                fresh = changed(call.before[name], call.after[name]) - self.net.paths
                fresh = {path for path in fresh if id(call.after[name][path].leaf) not in known}
                begun = all(call.after[name][path].zero for path in fresh)
                if not begun and covers(matrices({path: call.after[name][path] for path in fresh}), self.net.weights):
                    return fresh
        return set()

    def takes_output(self, call: Call) -> bool:
        origins = [self.origin(call, name) for name in call.arguments]
        return any(origin is not None and self.computed_by(origin[0]) == "forward" for origin in origins)

    def computed_by(self, call: Call) -> str:
        """What a call computes, or what its function does for the network that the recording shows.

        A script may make other networks, too, such as those of a search for the best sizes.
        """
        return self.operations.get(call.number) or self.usual(other for other in self.calls if other.key == call.key)

    def usual(self, calls: Iterable[Call]) -> str:
        """What most calls of one function compute: in some, arrays have by chance the shapes of weights."""
        said = Counter(filter(None, (self.operations.get(call.number, "") for call in calls)))
        return said.most_common(1)[0][0] if said else ""

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


def kept_by_its_object(call: Call) -> bool:
    """Whether a call of a method without arguments returns an array that its object keeps, as of a loss's gradient."""
    return list(call.arguments) == ["self"] and is_array(call.result)


def reads_a_file(call: Call) -> bool:
    """Whether a call takes the name of a file, as one does that loads parameters."""
    given = call.arguments.items()
    return any(isinstance(value, (str, os.PathLike)) and is_called("arrays", "files", name) for name, value in given)
