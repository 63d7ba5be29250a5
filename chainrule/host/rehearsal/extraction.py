"""Makes functions of a training that stands as a loop, each with what chainrule learnt of it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.learnt import Learnt, learn
from chainrule.host.recognition.namespaces import own_functions
from chainrule.host.recognition.vocabulary import role
from chainrule.host.rehearsal.dependence import latest, names_in, pruned, uses
from chainrule.host.rehearsal.global_data import taking
from chainrule.host.rehearsal.loop_data import Data, find_data
from chainrule.host.rehearsal.loop_network import RATE, LoopNetwork, NotRead
from chainrule.host.rehearsal.loops import Loop
from chainrule.host.rehearsal.writing_functions import replaced
from chainrule.support.source_positions import place

BATCH, EPOCHS = "samples_of_a_batch", "epochs_of_the_loop"  # arguments of a training
PROBED = 7  # samples
OTHERS = (4, 6, 5, 7, 8)  # layer sizes that all differ


def functions_of_loop(network: LoopNetwork) -> dict[str, FunctionType]:
    """{name: function} of all that a loop does.  Raises NotRead."""
    data, start = network.data, network.start
    forward, backward = network.forward_function(), network.backward_function()
    last = len(network.sizes) - 1
    every = [start.layers, {key: l for key, l in start.layers.items() if l < last}]
    every.append({key: l for key, l in start.layers.items() if 0 < l < last})
    layers = next((layers for layers in every if resizes(network, layers, forward, backward)), {})
    sizes = {f"size_{l}": "inputs" if l == 0 else "outputs" if l == last else "hidden" for l in layers.values()}
    loss = network.find_loss()
    if network.gradients and loss is None:
        raise NotRead("nothing shows the factor of the gradients that its optimizer uses")
    roles = {data.x: "x", data.y: "y", RATE: "lr"}
    training, its_data = training_of(network)
    of_training = {its_data.x: "x", its_data.y: "y", RATE: "lr", BATCH: "batch_size", EPOCHS: "epochs"}
    found = {
        "init": (start.function(layers), sizes),
        "forward": (forward, roles),
        "loss": (loss, roles),
        "backward": (backward, roles),
        "fit": (training, of_training),
    }
    where, alone = place(network.file, network.loop.line), data.axis is None
    network.hold(network.loaded)
    made = functions_outside(network)
    for operation, (proven, taken) in found.items():
        if proven is not None:
            name = proven.__name__
            made[name] = FunctionType(proven.__code__, network.loaded, name, closure=proven.__closure__)
            learn(made[name], Learnt(operation, taken, labels=data.form, where=where, alone=alone))
    return made


def functions_outside(network: LoopNetwork) -> dict[str, FunctionType]:
    """{name: a function that takes the parameters}, of those that read them from globals and that the loop leaves out.

    A prediction after the training reads them, itself or through the forward pass that it calls.
    """
    inside = set().union(*(names_in(one) for one in network.loop.nest))
    found = {}
    for name, function in own_functions(network.loaded):
        read = [parameter for parameter in network.parameters if parameter in network.read_by.get(name, ())]
        if read and name not in inside:
            found[name] = taking(function, read)
    return found


def resizes(network: LoopNetwork, layers: Mapping[str, int], forward: FunctionType, backward: FunctionType) -> bool:
    """Whether the functions work with other sizes of these layers.  layers: {name of a number: the layer}."""
    free = sorted(set(layers.values()))
    sizes = [OTHERS[i] if i in free and i < len(OTHERS) else size for i, size in enumerate(network.sizes)]
    try:
        made = network.start.function(layers)(*(sizes[i] for i in free))
        given = {**made, **network.data.made(sizes[0], sizes[-1], PROBED), RATE: 0.1}
        output = network.run(forward, copy.deepcopy(given))
        network.run(backward, given)
    except Exception:
        return False
    return bool(sizes[-1] in np.shape(output))


def training_of(network: LoopNetwork) -> tuple[FunctionType | None, Data]:
    """(a function of all the loops, or None if they are not clear; its data)."""
    found = Epochs(network.loop, network.data.samples)
    if found.batch is None or found.outer is None or network.gradients:
        return None, network.data
    loop, read_by = network.loop, network.read_by
    statements = pruned([found.outer], network.parameters, read_by)
    read = set().union(*(uses(one, read_by).reads for one in statements)) - set(network.parameters)
    inside = set().union(*(uses(one, read_by).binds for one in statements))
    earlier = set().union(*(uses(one, read_by).affects for one in loop.before)) | {*loop.arguments}
    values = {name: loop.start.get(name) for name in read if name not in inside or name in earlier}
    data = find_data(values, network.sizes)
    if data is None:
        return None, network.data
    data = replace(data, classes=network.data.classes)
    computed = {name for name, value in values.items() if type(value) is int} - {found.batch}
    prepared = latest(loop.before, computed, read_by, loop.start.keys() - computed)
    counted = [one for one in prepared if uses(one, read_by).reads & {data.x, data.y, found.batch, *computed}]
    names = {found.batch: BATCH, **dict.fromkeys(network.rates, RATE)}
    arguments = [data.x, *network.parameters, RATE, BATCH, EPOCHS]
    try:
        function = network.written("training", replaced([*counted, *statements], names), arguments, "", data)
    except SyntaxError:
        return None, network.data
    return (function if trains(network, function, data) else None), data


def trains(network: LoopNetwork, function: FunctionType, data: Data) -> bool:
    """Whether a training on a few samples, in batches, changes the parameters and keeps them finite."""
    given: dict[str, Any] = {name: network.batch[name].copy() for name in network.parameters}
    few = data.made(data.inputs, data.classes, PROBED)
    try:
        network.run(function, {**given, **few, RATE: 1e-3, BATCH: 3, EPOCHS: 1})
    except Exception:
        return False
    changed = [name for name, array in given.items() if not np.array_equal(array, network.batch[name])]
    return bool(changed) and all(np.isfinite(array).all() for array in given.values())


class Epochs:
    """How the loops around a body count epochs and make batches.

    outer: the outermost loop, for a number of epochs that is an argument.  batch: how the size of a batch is spelled.
    Each is None if it is not clear.
    """

    def __init__(self, loop: Loop, samples: int) -> None:
        self.outer: ast.For | None = None
        self.batch: str | None = None
        loops = [one for one in loop.nest if isinstance(one, ast.For)]
        if len(loops) < 2 or len(loops) < len(loop.nest):
            return
        self.outer = for_epochs(loops[0])
        steps = [call.args[2] for one in loops[1:] for call in ranges(one.iter) if len(call.args) == 3]
        numbers = {name: value for name, value in loop.start.items() if type(value) is int}
        named = sorted(name for name in numbers if role(name) == "batch_size")
        equal = sorted(name for name, value in numbers.items() if value == samples)
        self.batch = next(iter([*map(ast.unparse, steps), *named, *equal]), None)


def for_epochs(loop: ast.For) -> ast.For | None:
    """The loop for a number of epochs that is an argument; None if it does not run over a range."""
    found = list(ranges(loop.iter))
    if len(found) != 1 or len(found[0].args) > 2:
        return None
    first = found[0].args[0] if len(found[0].args) == 2 else ast.Constant(0)
    stop = ast.BinOp(first, ast.Add(), ast.Name(EPOCHS, ast.Load()))
    every = ast.Call(ast.Name("range", ast.Load()), [first, stop], [])
    fields: Mapping[str, Any] = {**dict(ast.iter_fields(loop)), "iter": ast.copy_location(every, loop.iter)}
    return ast.copy_location(ast.For(**fields), loop)


def ranges(node: ast.expr) -> list[ast.Call]:
    """The calls of range in an expression."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)]
    return [one for one in calls if one.func.id in ("range", "xrange", "trange") and one.args]  # type: ignore[attr-defined]
