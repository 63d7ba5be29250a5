"""Repeats calls, also on fresh inputs, in a thread of their own that shows no trace of a test.

Code that passed its specs and is wrong here is right only when a test runs, or only on known inputs.
"""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised, Todo
from chainrule.host.guard.environment import nobody_there
from chainrule.host.guard.finding import DIFFERS, FRESH, Finding
from chainrule.host.source.printed import silence
from chainrule.mathematics.comparison import Failure
from chainrule.specification.asked_anew import Anew, operations
from chainrule.support.time_limit import TimedOut, limit

BUDGET = 0.03  # seconds after which no further round begins; the first one always completes
ROUNDS = 8
PATIENCE = 20.0  # seconds for all repetitions, which are quick

Records = Mapping[str, Sequence[Any]]  # {method: inputs for which it was right in its specs}


def unwatched(
    impl: Boundary, outcomes: Mapping[str, str], records: Records, *, path: str = "", seed: int | None = None
) -> list[Finding]:
    """Findings on different results, at most one for each operation.

    outcomes: {clause: outcome} of the specs; chainrule repeats only calls of those that passed.  path: sys.argv[0] for
    the code.  seed: of the fresh inputs, random by default.
    """
    passed = [operation for operation in operations() if operation.passed(outcomes)]
    if not passed:
        return []
    number = secrets.randbits(32) if seed is None else seed
    golden = [operation.method for operation in passed if operation.remembered(outcomes)]
    repetition = Repetition(impl, passed, records, number, golden)
    with silence(), nobody_there(path):
        context = contextvars.copy_context()  # settings of NumPy and decimal belong to a thread
        thread = threading.Thread(target=context.run, args=(repetition.start,), daemon=True)
        thread.start()
        thread.join(2 * PATIENCE)
    if repetition.fault is not None:
        raise repetition.fault
    if thread.is_alive():
        repetition.note(repetition.current, DIFFERS, "it does not return")
    return list(repetition.findings.values())


class Repetition:
    """golden: methods of which only golden values passed.  After run(), findings: {method: the difference}.

    current: the method that is running.
    """

    def __init__(
        self, impl: Boundary, operations: Sequence[Anew], records: Records, seed: int, golden: Sequence[str]
    ) -> None:
        self.impl, self.operations, self.records, self.seed, self.golden = impl, operations, records, seed, golden
        self.rng = np.random.default_rng(seed)
        self.findings: dict[str, Finding] = {}
        self.current = ""
        self.fault: BaseException | None = None  # an exception of chainrule itself

    def start(self) -> None:
        try:
            self.run()
        except BaseException as error:
            self.fault = error

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
        self.note(self.current, DIFFERS, "it does not return")

    def repeat(self, operation: Anew, place: int) -> None:
        """Repeat an operation on inputs of its specs, for which it was right."""
        for inputs in self.records.get(operation.method, ())[place : place + 1]:
            wrong = self.wrong(operation, inputs, answered=True)
            if wrong:
                self.note(operation.method, DIFFERS, wrong)

    def vary(self, operation: Anew) -> None:
        """Call an operation on fresh random inputs."""
        inputs = None
        with suppress(SkipTest, Raised, Failure):
            inputs = operation.draw(self.impl, self.rng)
        wrong = None if inputs is None else self.wrong(operation, inputs, answered=False)
        if wrong:
            self.note(operation.method, FRESH, wrong)

    def wrong(self, operation: Anew, inputs: Any, *, answered: bool) -> str | None:
        """A message if the result is wrong; None if it is right, or not shown and was not before (`answered`)."""
        try:
            operation.compare(self.impl, inputs)
        except (Failure, Raised, Todo) as error:
            return str(error)
        except SkipTest as error:
            return str(error) if answered else None
        return None

    def note(self, method: str, kind: str, wrong: str) -> None:
        known = "gives the golden values" if method in self.golden else "is right on the specification's inputs"
        words = {
            DIFFERS: "passed its specs, but returns other results on the same inputs when no test runs",
            FRESH: f"{known}, but is wrong on fresh ones (seed {self.seed})",
        }
        where = self.impl.host.where(method)
        self.findings.setdefault(method, Finding(kind, method, where, f"{words[kind]}: {wrong}"))
