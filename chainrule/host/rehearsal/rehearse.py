"""Rehearses the training of a loaded file and registers what its calls show."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.recognition.learnt import REGISTER
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.made_data import Kind
from chainrule.host.rehearsal.recording import Key, key_of
from chainrule.host.rehearsal.script import Stage, opened
from chainrule.host.source.rule import DEFINITIONS

FEWEST = 96  # samples of made data
LONGEST = 0.25  # seconds after which no further kind of data is tried
MOST = 12_000  # samples of made data, for code that cuts some off


def rehearse(module: ModuleType, body: Sequence[ast.stmt], path: Path) -> None:
    """Run the file's training on made data, if it has one, and register what it shows of the functions."""
    functions = functions_of(vars(module))
    if not functions or not any(acts_on(statement, vars(module)) for statement in opened(body)):
        return
    stage = Stage(module, body, path, {key[0] for key in functions})
    best: Evidence | None = None
    started = time.process_time()
    for kind in kinds(body, lambda: best):
        evidence = Evidence(stage.rehearse(kind), functions)
        if best is None or evidence.rank > best.rank:
            best = evidence
        if evidence.trains or not stage.made or time.process_time() - started > LONGEST:
            break
    assert best is not None
    for key, learnt in best.learnt().items():
        REGISTER[functions[key]] = learnt


def kinds(body: Sequence[ast.stmt], best: Any) -> Iterator[Kind]:
    """The kinds of made data to try, each better fitted to the network that the last ones showed."""
    first = Kind(samples=samples_for(body))
    yield first
    network = best().network
    if network is not None and (network.sizes[0], network.sizes[-1]) != (first.inputs, first.classes):
        first = replace(first, inputs=network.sizes[0], classes=network.sizes[-1])
        yield first
    yield replace(first, one_hot=True)
    yield replace(first, images=True)
    yield replace(first, pairs=True)


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
