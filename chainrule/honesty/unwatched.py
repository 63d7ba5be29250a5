"""The same calls once more, and others on fresh inputs, in a thread of their own where no test is to be seen.

What passed its specs and is wrong here was right only for being watched, or only on the inputs that it knew.
"""

from __future__ import annotations

import contextvars
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary import Boundary, Raised, Todo
from chainrule.honesty.finding import DIFFERS, FRESH, Finding
from chainrule.honesty.operations import Operation, to_repeat
from chainrule.loading import silence
from chainrule.numerics import Failure
from chainrule.timeouts import TimedOut, limit

BUDGET = 0.03  # seconds after which no further round begins; the first one is always made whole
ROUNDS = 8
PATIENCE = 20.0  # seconds for all of it: what ran in the specs is quickly done once more
HIDDEN_MODULES = frozenset(("pytest", "_pytest", "hypothesis", "_hypothesis_pytestplugin"))
HIDDEN_VARIABLES = ("PYTEST_", "HYPOTHESIS_")

Records = Mapping[str, Sequence[Any]]  # {method: inputs on which it was right in its specs}


def unwatched(
    impl: Boundary, passed: Iterable[str], records: Records, *, path: str = "", seed: int | None = None
) -> list[Finding]:
    """What differs, at most one finding an operation.

    passed: the clauses whose specs passed; others are not repeated.  path: shown as the program that runs.
    seed: of the fresh inputs, the system's choice by default.
    """
    operations = to_repeat(passed)
    if not operations:
        return []
    number = secrets.randbits(32) if seed is None else seed
    trial = Trial(impl, operations, records, number)
    with silence(), nobody_there(path):
        context = contextvars.copy_context()  # NumPy's and decimal's settings are the thread's own
        thread = threading.Thread(target=context.run, args=(trial.run,), daemon=True)
        thread.start()
        thread.join(2 * PATIENCE)
    if thread.is_alive():
        trial.note(trial.current, DIFFERS, "does not return")
    return list(trial.findings.values())


class Trial:
    """findings: {method: what differs}, after run().  current: the method that is being tried."""

    def __init__(self, impl: Boundary, operations: Sequence[Operation], records: Records, seed: int) -> None:
        self.impl, self.operations, self.records, self.seed = impl, operations, records, seed
        self.rng = np.random.default_rng(seed)
        self.findings: dict[str, Finding] = {}
        self.current = ""

    def run(self) -> None:
        started = time.perf_counter()
        with suppress(TimedOut), limit(PATIENCE):
            for place in range(ROUNDS):
                for operation in self.operations:
                    self.current = operation.method
                    self.repeat(operation, place)
                    self.vary(operation)
                if time.perf_counter() - started > BUDGET:
                    break
            return
        self.note(self.current, DIFFERS, "does not return")

    def repeat(self, operation: Operation, place: int) -> None:
        """On inputs of its specs, where it was right."""
        for inputs in self.records.get(operation.method, ())[place : place + 1]:
            wrong = self.wrong(operation, inputs, answered=True)
            if wrong:
                self.note(operation.method, DIFFERS, wrong)

    def vary(self, operation: Operation) -> None:
        """On inputs that nobody could know."""
        inputs = operation.draw(self.impl, self.rng)
        wrong = None if inputs is None else self.wrong(operation, inputs, answered=False)
        if wrong:
            self.note(operation.method, FRESH, wrong)

    def wrong(self, operation: Operation, inputs: Any, *, answered: bool) -> str | None:
        """What is wrong; nothing where the implementation is free not to show it, and did not before (`answered`)."""
        try:
            operation.compare(self.impl, inputs)
        except (Failure, Raised, Todo) as error:
            return str(error)
        except SkipTest as error:
            return str(error) if answered else None
        return None

    def note(self, method: str, kind: str, wrong: str) -> None:
        words = {
            DIFFERS: "passed its specs, and differs on their own inputs when no test is watching",
            FRESH: f"is right on the specification's inputs, and wrong on fresh ones (seed {self.seed})",
        }
        where = self.impl.implementation.where(method)
        self.findings.setdefault(method, Finding(kind, method, where, f"{words[kind]}: {wrong}"))


@contextmanager
def nobody_there(path: str) -> Iterator[None]:
    """pytest and Hypothesis are not among the loaded modules, nor is their environment, and no check is running."""
    modules: dict[str, ModuleType] = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in HIDDEN_MODULES
    }
    argv = sys.argv
    for name in modules:
        del sys.modules[name]
    sys.argv = [path]
    try:
        with plain_environment():
            yield
    finally:
        sys.argv = argv
        for name in [name for name in sys.modules if name.partition(".")[0] in HIDDEN_MODULES]:
            del sys.modules[name]
        sys.modules.update(modules)


@contextmanager
def plain_environment(prefixes: tuple[str, ...] = HIDDEN_VARIABLES) -> Iterator[None]:
    """No environment variable of these prefixes is set."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
