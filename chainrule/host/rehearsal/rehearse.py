"""Rehearses the training of a loaded file and registers what its calls show."""

from __future__ import annotations

import ast
import copy
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.guard.undisturbed import imported_anew, undisturbed
from chainrule.host.recognition.choices import Choices, choices_of, chosen
from chainrule.host.recognition.learnt import learn, learnt_of
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.recipes import RECIPES
from chainrule.host.rehearsal.cooking import recipe_of
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.extraction import functions_of_loop
from chainrule.host.rehearsal.global_data import functions_with_arguments, with_globals
from chainrule.host.rehearsal.holding import class_taking, holding
from chainrule.host.rehearsal.loop_network import LoopNetwork, NotRead
from chainrule.host.rehearsal.loops import Loop
from chainrule.host.rehearsal.made_data import FEWEST, MORE, MOST, Kind
from chainrule.host.rehearsal.passing_on import functions_of_methods
from chainrule.host.rehearsal.recording import STEPS, Key, key_of
from chainrule.host.rehearsal.script import Stage
from chainrule.host.rehearsal.scripts import scripts
from chainrule.host.source.executing import Siblings
from chainrule.host.source.scopes import names
from chainrule.host.source.stand_ins import Absence, Imports
from chainrule.support.source_positions import place as position

OTHERS: tuple[dict[str, bool], ...] = (
    {"one_hot": True},
    {"images": True},
    {"one_hot": True, "images": True},
    {"tables": False},
    {"pairs": True},
)
LONGEST = 3.0  # seconds after which nothing further is tried, on a machine however slow
MOST_STEPS = 2 * STEPS  # recorded steps of a script after which no further kind of data is tried
ALL_STEPS = 3 * MOST_STEPS  # the same for all scripts


def rehearse(
    module: ModuleType,
    body: Sequence[ast.stmt],
    path: Path,
    brought: Collection[str] = (),
    folders: Sequence[Path] = (),
) -> list[str]:
    """Run the training of a file on made data and register what it shows of the functions.

    A file that trains nothing may have a script near it, which imports and trains it.
    Returns sentences on loops that train, but that chainrule does not read as the training of a network.
    brought: the names of the modules of its project, which stay as they are: the training imports others.
    folders: that of the file and those of its project above it.
    """
    functions = functions_of(vars(module))
    for name in brought:
        functions = functions_of(vars(sys.modules[name])) | functions if name in sys.modules else functions
    best: Shown | None = None
    sizes: list[int] = []  # of a network that stands in a loop
    unread: list[str] = []
    started, steps = time.thread_time(), 0
    folders = folders or [path.parent, path.parent.parent]
    siblings = Siblings(folders, Absence(defining=False), Imports(nullcontext))
    for statements, place in scripts(module, body, path, folders):
        stage = Stage(module, statements, place, {str(folders[-1])})
        with undisturbed(), imported_anew(brought, folders), siblings:
            found = shown(stage, statements, functions)
            if not found.evidence.trains:
                sizes, unread = extract(found, module, statements, place)
        if best is None or found.rank > best.rank:
            best = found
        steps += stage.steps
        patience = LONGEST if best.classifies else 2 * LONGEST  # of a network of one output nothing else is learnt
        late = steps > ALL_STEPS or time.thread_time() - started > patience
        if (found.evidence.is_enough and found.classifies) or sizes or late:
            break
    if best is None:
        return []
    register(best.evidence, module, functions, sizes)
    return unread


def register(
    evidence: Evidence, module: ModuleType, functions: Mapping[Key, FunctionType], sizes: Sequence[int]
) -> None:
    """Register what the calls show of the functions, and how the author makes the network.

    sizes: of a network that stands in a loop; if the calls show another, they were misread.
    """
    found, network = None, evidence.network
    words = choices_of(functions.values())
    held = None if sizes else holding(evidence)
    taking = None if held is None else class_taking(held, evidence, functions, words)
    if taking is not None:
        vars(module)[taking[0].__name__] = taking[1]
    with suppress(RecursionError):  # settings that contain themselves
        found = recipe_of(evidence, vars(module)) if held is None or not held.makes else None
    if found is not None:
        RECIPES[found[0]] = found[1]
        vars(module).setdefault(found[0].__name__, found[0])
    choices = found[1].choices if found is not None and found[1].as_classifier else Choices()
    classifies = network is None or network.sizes[-1] > 1
    if network is not None and classifies and not (sizes or network.objects):
        alone = functions_of_methods(evidence, functions, words)
        vars(module).update(functions_with_arguments(evidence, functions) | alone)
    misread = bool(sizes) and network is not None and network.sizes != sizes
    for key, learnt in evidence.learnt().items() if not misread else ():
        if not (classifies or learnt.start is not None or learnt.operation == "fit"):
            continue  # of a network with one output, labels look like outputs
        fixed = {name: chosen(name, value, choices, words) for name, value in learnt.fixed.items()}
        learn(evidence.functions[key], replace(learnt, fixed=fixed))
    if network is not None and not network.objects and not misread:
        vars(module).update(functions_beside(evidence, vars(module)))
    used = used_by_loop(vars(module), functions) if sizes and network is None else evidence.used
    for key, function in functions.items():
        if network is None and not sizes:
            learn(function, replace(learnt_of(function), unsettled=True))
        elif key not in used and (sizes or evidence.trains):
            learn(function, replace(learnt_of(function), unsettled=network is None, idle=True))


def used_by_loop(namespace: Mapping[str, Any], functions: Mapping[Key, FunctionType]) -> set[Key]:
    """The functions that the statements of a loop call, directly or not.

    A script may try a loss on one sample before its loop: that says nothing of the training.
    """
    known = {function.__name__: (key, function) for key, function in functions.items()}
    waiting = [made for name, made in own_functions(namespace) if learnt_of(made).operation and name not in known]
    used: set[Key] = set()
    while waiting:
        for name in waiting.pop().__code__.co_names:
            if name in known and known[name][0] not in used:
                used.add(known[name][0])
                waiting.append(known[name][1])
    return used


def functions_beside(evidence: Evidence, namespace: Mapping[str, Any]) -> dict[str, FunctionType]:
    """The functions of other files that a training reaches through what the file imports from them."""
    found: dict[str, FunctionType] = {}
    files = {key[0] for key, learnt in evidence.learnt().items() if learnt.operation}
    for (file, name, _), function in evidence.functions.items():
        if file in files and name not in namespace and function.__globals__.get(name) is function:
            found[name] = function
    return found


@dataclass(frozen=True)
class Shown:
    """What a rehearsal shows: the evidence of its calls, the loops that changed arrays, and its namespace."""

    evidence: Evidence
    loops: tuple[Loop, ...]
    namespace: dict[str, Any]

    @property
    def trains(self) -> bool:
        """Whether the rehearsal saw an update of a network."""
        return self.evidence.trains or bool(self.loops)

    @property
    def classifies(self) -> bool:
        """Whether the network has more than one output: one that answers yes or no stands for no other."""
        return self.evidence.network is None or self.evidence.network.sizes[-1] > 1

    @property
    def rank(self) -> tuple[bool, bool, tuple[bool, int]]:
        """How much the rehearsal shows: an update counts more than how many kinds of operations there are."""
        return self.trains and self.classifies, self.trains, self.evidence.rank


def extract(found: Shown, module: ModuleType, body: Sequence[ast.stmt], path: Path) -> tuple[list[int], list[str]]:
    """Add the functions of the last training loop that chainrule can read to the module.

    What proves the reading runs in the namespace of the rehearsal.
    Returns its layer sizes, and sentences on loops that are not read.
    """
    read_by, unread = globals_read(body), []
    for loop in found.loops:
        where = position(str(path), loop.line)
        try:
            network = LoopNetwork(loop, found.namespace, vars(module), str(path), read_by)
            vars(module).update(functions_of_loop(network))
        except NotRead as reason:
            unread.append(f"the loop at {where} updates weights, and chainrule does not read it as a network: {reason}")
        except Exception:  # the author's statements may raise anything
            unread.append(f"the loop at {where} updates weights, and chainrule cannot run its statements alone")
        else:
            return network.sizes, []
    return [], unread


def globals_read(body: Sequence[ast.stmt]) -> dict[str, set[str]]:
    """{function: the globals that it reads, also through other functions of the file}."""
    found = {one.name: {read.name for read in names(one).later} for one in body if isinstance(one, ast.FunctionDef)}
    for _ in found:
        found = {name: read.union(*(found.get(other, ()) for other in read)) for name, read in found.items()}
    return found


def shown(stage: Stage, body: Sequence[ast.stmt], functions: Mapping[Key, FunctionType]) -> Shown:
    """What a script shows with the kind of made data with which it shows most."""
    first = Kind(samples=samples_for(body), last=reads_last_column(body))
    best = once(stage, first, functions)
    started = time.thread_time()  # without the time that the first imports took
    for kind in other_kinds(first, best, stage):
        late = stage.steps > MOST_STEPS or time.thread_time() - started > LONGEST
        if best.trains or not stage.made or late:
            break
        found = once(stage, kind, functions)
        if found.rank > best.rank:
            best = found
    return best


def once(stage: Stage, kind: Kind, functions: Mapping[Key, FunctionType]) -> Shown:
    calls = stage.rehearse(kind)
    beside = {type(value).__name__: type(value) for call in calls for value in list(call.arguments.values())[:1]}
    return Shown(
        with_globals(Evidence(calls, {**functions_of(beside), **functions})),
        tuple(copy.copy(loop) for loop in stage.loops if loop.trains),
        stage.left(),
    )


def other_kinds(kind: Kind, first: Shown, stage: Stage) -> list[Kind]:
    """The kinds of made data to try after the first, fitted to the network that it showed."""
    network, found = first.evidence.network, []
    updated = next((loop.sizes for loop in stage.loops if len(loop.sizes) > 2), [])
    sizes = updated or ([] if network is None else network.sizes)
    if sizes and (sizes[0], sizes[-1]) != (kind.inputs, kind.classes):
        kind = replace(kind, inputs=sizes[0], classes=sizes[-1])
        found.append(kind)
    if stage.loops and not any(loop.rounds for loop in stage.loops):  # as of batches larger than all data
        kind = replace(kind, samples=MORE)
        found.append(kind)
    return [*found, *(replace(kind, **other) for other in OTHERS)]


def samples_for(body: Sequence[ast.stmt]) -> int:
    """More samples than the file cuts off in slices such as `data[1000:]`."""
    cuts = [
        node.lower.value
        for statement in body
        for node in ast.walk(statement)
        if isinstance(node, ast.Slice) and isinstance(node.lower, ast.Constant) and isinstance(node.lower.value, int)
    ]
    return FEWEST + max((cut for cut in cuts if cut <= MOST), default=0)


def reads_last_column(body: Sequence[ast.stmt]) -> bool:
    """Whether a script takes the last column of a table alone, as that of the labels: data[:, -1]."""
    slices = [node.slice for one in body for node in ast.walk(one) if isinstance(node, ast.Subscript)]
    return any(isinstance(one, ast.Tuple) and len(one.elts) == 2 and ast.unparse(one.elts[1]) == "-1" for one in slices)


def functions_of(namespace: Mapping[str, Any]) -> dict[Key, FunctionType]:
    """{key: function} of the functions and methods that the file defines or imports from its project."""
    found = {key_of(function.__code__): function for _, function in own_functions(namespace)}
    for _, cls in own_classes(namespace):
        for base in cls.__mro__[:-1]:
            for member in vars(base).values():
                function = getattr(member, "__func__", member)
                if isinstance(function, FunctionType):
                    found[key_of(function.__code__)] = function
    return found
