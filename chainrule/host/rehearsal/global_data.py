"""Makes functions with arguments of those that read data or parameters from globals, such as X_train or W1."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.learnt import Learnt, learn
from chainrule.host.recognition.vocabulary import role
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.holding import ADDED, at_line
from chainrule.host.rehearsal.recording import Call, Contents, Key, key_of
from chainrule.support.arrays import is_array

Read = dict[str, tuple[Contents, Contents]]  # {global: what it was when a call began, and when it ended}


def with_globals(evidence: Evidence) -> Evidence:
    """The evidence of calls that also took the global arrays which their functions read, if it shows more.

    The same as before if a forward pass takes its inputs and its parameters, or if an object holds the network.  If
    the loaded file has all parameters, and they alone are read so, a form of its own reads the code.
    """
    network = evidence.network
    if network is not None and (network.objects or "forward" in evidence.operations.values()):
        return evidence
    read = all_read(evidence.calls)
    for call in evidence.calls:
        took(call, read[call.number])
    found = Evidence(evidence.calls, evidence.functions)
    shows = found.network is not None and found.rank > evidence.rank
    if shows and any(lacks(found, call) for call in found.calls):
        return found
    for call in evidence.calls:
        for name in call.globals:
            for kept in (call.arguments, call.given, call.before, call.after):
                kept.pop(name, None)
        call.globals.clear()
    return evidence


def all_read(calls: Sequence[Call]) -> dict[int, Read]:
    """{number of a call: the arrays that its function, or one that it calls, reads from globals}."""
    found: dict[int, Read] = {}
    for call in reversed(calls):
        own = {name: (held, call.left.get(name, held)) for name, held in call.read.items()}
        found[call.number] = {**found.get(call.number, {}), **own}
        if call.caller is not None:
            above = found.setdefault(call.caller.number, {})
            for name, (before, after) in found[call.number].items():
                above[name] = before, above[name][1] if name in above else after
    return found


def took(call: Call, read: Read) -> None:
    """Note in a call that it took these arrays, too, those of the training first."""
    for name in sorted(read, key=lambda name: role(name) not in ("x", "y")):
        if name not in call.arguments:
            before, after = read[name]
            call.arguments[name] = call.given[name] = before[()].leaf
            call.before[name], call.after[name] = before, after
            call.globals.append(name)


def functions_with_arguments(evidence: Evidence, functions: Mapping[Key, FunctionType]) -> dict[str, FunctionType]:
    """{name: a function with arguments}, of the author's functions that read what they compute with from globals."""
    found: dict[str, FunctionType] = {}
    inner = {call.key for call in evidence.calls if call.caller is not None}
    trained = {call.key for call in evidence.calls if is_trained_with(evidence, call)}
    for key, learnt in evidence.learnt().items():
        call = next((call for call in evidence.calls if call.key == key and call.globals), None)
        if learnt.operation and call is not None and key in functions:
            if learnt.operation == "forward" and trained and key not in trained:
                learnt = replace(learnt, operation="")  # another one, such as for labels
            names = [name for name in call.globals if learnt.roles.get(name) or is_used(evidence, call, name)]
            made = taking(functions[key], names)
            learn(made, learnt)
            learn(functions[key], Learnt(idle=True, where=learnt.where))
            found[made.__name__ + (ADDED if key in inner else "")] = made
    return found


def lacks(evidence: Evidence, call: Call) -> bool:
    """Whether a call reads a batch from globals, and not only held-out data, or parameters that the file lacks."""
    space = evidence.functions[call.key].__globals__ if call.key in evidence.functions else {}
    of_batch = evidence.operations.get(call.number) in ("forward", "loss", "backward")
    data = {name for group in evidence.data(call) for name in group} if of_batch else set()
    return any(
        name in data or not is_array(space.get(name))
        for name in call.globals
        if name in data or is_used(evidence, call, name)
    )


def is_trained_with(evidence: Evidence, call: Call) -> bool:
    """Whether a call is a forward pass of a training."""
    above = "" if call.caller is None else evidence.operations.get(call.caller.number, "")
    return evidence.operations.get(call.number) == "forward" and above in ("fit", "update")


def is_used(evidence: Evidence, call: Call, name: str) -> bool:
    """Whether a global is a parameter of the network."""
    return id(call.arguments[name]) in evidence.parameters


def taking(function: FunctionType, names: Sequence[str]) -> FunctionType:
    """A function with further parameters, whose values it puts into these globals while the author's runs."""
    space = function.__globals__

    def run(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        before = {name: space[name] for name in names if name in space}
        put = {name: named.pop(name) for name in names if name in named}
        space.update(put)
        try:
            return function(*given, **named)
        finally:
            for name, value in put.items():
                keep(value, space.get(name))
            for name in names:
                space.pop(name, None)
            space.update(before)

    made = at_line(key_of(function.__code__), "lambda *given, **named: run(given, named)", run, function.__module__)
    own = list(inspect.signature(function).parameters.values())
    further = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    made.__signature__ = inspect.Signature([*own, *further])  # type: ignore[attr-defined]
    made.__wrapped__ = function  # type: ignore[attr-defined]
    made.__name__ = made.__qualname__ = function.__name__
    return made


def keep(given: Any, now: Any) -> None:
    """Write into an array what a function has put into its place."""
    if now is not given and is_array(given) and np.shape(now) == np.shape(given):
        given[...] = now
