"""Rehearses the training of a loaded file and registers what its calls show."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.guard.undisturbed import imported_anew, undisturbed
from chainrule.host.recognition.learnt import learn, learnt_of
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.recipes import RECIPES
from chainrule.host.rehearsal.cooking import recipe_of
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.made_data import Kind
from chainrule.host.rehearsal.recording import Key, key_of
from chainrule.host.rehearsal.script import Stage, opened
from chainrule.host.source.executing import Siblings
from chainrule.host.source.rule import DEFINITIONS
from chainrule.host.source.stand_ins import Absence, Imports

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
MOST = 12_000  # samples of made data, for code that cuts some off


def rehearse(module: ModuleType, body: Sequence[ast.stmt], path: Path, brought: Collection[str] = ()) -> None:
    """Run the training of a file on made data and register what it shows of the functions.

    A file that trains nothing may have a script beside it, which imports and trains it.
    brought: the names of the modules of its project, which stay as they are: the training imports others.
    """
    functions = functions_of(vars(module))
    if not functions:
        return
    best: Evidence | None = None
    started = time.process_time()
    folders = (path.parent, path.parent.parent)
    siblings = Siblings(folders, Absence(defining=False), Imports(nullcontext))
    for statements, place in scripts(module, body, path):
        stage = Stage(module, statements, place, {str(path.parent), str(place.parent)})
        with undisturbed(), imported_anew(brought, folders), siblings:
            evidence = shown(stage, statements, functions)
        if best is None or evidence.rank > best.rank:
            best = evidence
        if best.trains or time.process_time() - started > LONGEST:
            break
    if best is None:
        return
    for key, learnt in best.learnt().items():
        learn(functions[key], learnt)
    if best.network is None:
        for function in functions.values():
            learn(function, replace(learnt_of(function), unsettled=True))
    with suppress(RecursionError):  # settings that contain themselves
        found = recipe_of(best, vars(module))
        if found is not None:
            RECIPES[found[0]] = found[1]


def scripts(module: ModuleType, body: Sequence[ast.stmt], path: Path) -> Iterator[tuple[Sequence[ast.stmt], Path]]:
    """(statements, path) of the file, if they train anything, else of the files beside it that import it."""
    if any(acts_on(statement, vars(module)) for statement in opened(body)):
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


def shown(stage: Stage, body: Sequence[ast.stmt], functions: Mapping[Key, FunctionType]) -> Evidence:
    """The evidence of the kind of made data with which a script shows most."""
    started = time.process_time()
    first = Kind(samples=samples_for(body))
    best = Evidence(stage.rehearse(first), functions)
    for kind in other_kinds(first, best):
        if best.trains or not stage.made or time.process_time() - started > LONGEST:
            break
        evidence = Evidence(stage.rehearse(kind), functions)
        if evidence.rank > best.rank:
            best = evidence
    return best


def other_kinds(kind: Kind, evidence: Evidence) -> list[Kind]:
    """The kinds of made data to try after the first, fitted to the network that it showed."""
    network, found = evidence.network, []
    if network is not None and (network.sizes[0], network.sizes[-1]) != (kind.inputs, kind.classes):
        kind = replace(kind, inputs=network.sizes[0], classes=network.sizes[-1])
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
