"""Rehearses the training of a loaded file and registers what its calls show."""

from __future__ import annotations

import ast
import copy
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.guard.undisturbed import imported_anew, undisturbed
from chainrule.host.recognition.learnt import learn, learnt_of
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.recipes import RECIPES
from chainrule.host.rehearsal.cooking import recipe_of
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.extraction import functions_of_loop
from chainrule.host.rehearsal.loop_network import LoopNetwork, NotRead
from chainrule.host.rehearsal.loops import Loop, loops_in
from chainrule.host.rehearsal.made_data import Kind
from chainrule.host.rehearsal.recording import Key, key_of
from chainrule.host.rehearsal.script import Stage, opened
from chainrule.host.source.executing import Siblings
from chainrule.host.source.rule import DEFINITIONS
from chainrule.host.source.scopes import names
from chainrule.host.source.stand_ins import Absence, Imports
from chainrule.support.source_positions import place as position

FEWEST = 160  # samples of made data
NEIGHBOURS = 40  # how many files of a folder are looked at
LARGEST = 200_000  # bytes of a script
OTHERS: tuple[dict[str, bool], ...] = (
    {"one_hot": True},
    {"images": True},
    {"one_hot": True, "images": True},
    {"tables": False},
    {"pairs": True},
)
LONGEST = 0.6  # seconds after which no further kind of data is tried
SCRIPTS = 5  # times as long, after which no further script is tried
MORE = 2000  # samples of made data, for code that makes batches of many
MOST = 12_000  # samples of made data, for code that cuts some off


def rehearse(module: ModuleType, body: Sequence[ast.stmt], path: Path, brought: Collection[str] = ()) -> list[str]:
    """Run the training of a file on made data and register what it shows of the functions.

    A file that trains nothing may have a script beside it, which imports and trains it.
    Returns sentences on loops that train, but that chainrule does not read as the training of a network.
    brought: the names of the modules of its project, which stay as they are: the training imports others.
    """
    functions = functions_of(vars(module))
    best: Shown | None = None
    sizes: list[int] = []  # of a network that stands in a loop
    unread: list[str] = []
    started = time.process_time()
    folders = (path.parent, path.parent.parent)
    siblings = Siblings(folders, Absence(defining=False), Imports(nullcontext))
    for statements, place in scripts(module, body, path):
        stage = Stage(module, statements, place, {str(path.parent), str(place.parent)})
        with undisturbed(), imported_anew(brought, folders), siblings:
            found = shown(stage, statements, functions)
            if not found.evidence.trains:
                sizes, unread = extract(found, module, statements, place)
        if best is None or found.rank > best.rank:
            best = found
        if found.evidence.trains or sizes or time.process_time() - started > SCRIPTS * LONGEST:
            break
    if best is None:
        return []
    evidence = best.evidence
    network = evidence.network
    if not sizes or network is None or network.sizes == sizes:  # else the calls were misread
        for key, learnt in evidence.learnt().items():
            learn(functions[key], learnt)
    if network is None and not sizes:
        for function in functions.values():
            learn(function, replace(learnt_of(function), unsettled=True))
    with suppress(RecursionError):  # settings that contain themselves
        recipe = recipe_of(evidence, vars(module))
        if recipe is not None:
            RECIPES[recipe[0]] = recipe[1]
    return unread


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
    def rank(self) -> tuple[bool, int]:
        """How much the rehearsal shows: an update counts more than how many kinds of operations there are."""
        return self.trains, self.evidence.rank


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


def scripts(module: ModuleType, body: Sequence[ast.stmt], path: Path) -> Iterator[tuple[Sequence[ast.stmt], Path]]:
    """(statements, path) of the file, if they train anything, else of the files beside it that import it."""
    if loops_in(opened(body)) or any(acts_on(statement, vars(module)) for statement in opened(body)):
        yield body, path
        return
    pattern = re.compile(rf"^\s*(from|import)\s.*\b{re.escape(path.stem)}\b", re.MULTILINE)
    for folder in (path.parent, path.parent.parent):
        for beside in sorted(folder.glob("*.py"))[:NEIGHBOURS]:
            if beside == path or beside.stat().st_size > LARGEST:
                continue
            with suppress(SyntaxError, ValueError, OSError):
                text = beside.read_text(encoding="utf-8")
                if pattern.search(text):
                    yield ast.parse(text, str(beside)).body, beside


def shown(stage: Stage, body: Sequence[ast.stmt], functions: Mapping[Key, FunctionType]) -> Shown:
    """What a script shows with the kind of made data with which it shows most."""
    first = Kind(samples=samples_for(body))
    best = once(stage, first, functions)
    started = time.process_time()  # without the time that the first imports took
    for kind in other_kinds(first, best, stage):
        if best.trains or not stage.made or time.process_time() - started > LONGEST:
            break
        found = once(stage, kind, functions)
        if found.rank > best.rank:
            best = found
    return best


def once(stage: Stage, kind: Kind, functions: Mapping[Key, FunctionType]) -> Shown:
    calls = stage.rehearse(kind)
    return Shown(
        Evidence(calls, functions), tuple(copy.copy(loop) for loop in stage.loops if loop.trains), stage.left()
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
        found.append(replace(kind, samples=MORE))
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


def acts_on(statement: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement of a script calls a function or class of the file."""
    if isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
        return False
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    own = {name for name, _ in (*own_functions(namespace), *own_classes(namespace))}
    return bool(names & own)


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
