"""What is watched while the specs run: what a check relies on, what the code asks for, and calls to be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.boundary.calls import Call
from chainrule.host.guard.audit import listening
from chainrule.host.guard.exits import kept_out
from chainrule.host.guard.finding import Finding, distinct
from chainrule.host.guard.snapshot import guarded
from chainrule.running.loading import Loaded
from chainrule.running.results import SpecResult
from chainrule.running.unwatched import unwatched
from chainrule.specification.asked_anew import operations

KEPT = 3  # calls of an operation that are kept


class Watch:
    """findings: what the code replaced, or asked for, while the specs ran.

    records: {method: inputs on which it was right in its spec}.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.findings: list[Finding] = []
        self.records: dict[str, list[Any]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around the specs: chainrule has loaded all that they call, and has called nothing of the code under test."""
        files = [str(file) for file in self.loaded.files]
        try:
            with guarded() as replaced, listening(files) as looks, kept_out(lambda: files) as exits:
                yield
        finally:
            self.findings += [*replaced, *looks, *exits]

    def keep(self, clause: str, calls: Sequence[Call]) -> None:
        """Keep the last calls of a spec that has passed, if it is the one whose calls are repeated."""
        for operation in operations():
            if operation.recall is None or clause not in (operation.after[0], operation.golden):
                continue
            inputs = map(operation.recall, [call for call in calls if call.name == operation.method][-KEPT:])
            self.records.setdefault(operation.method, []).extend(found for found in inputs if found is not None)

    def add(self, findings: Sequence[Finding], records: Mapping[str, Sequence[Any]]) -> None:
        """Take over what was seen in another process."""
        self.findings += findings
        for method, inputs in records.items():
            self.records.setdefault(method, []).extend(inputs)

    def conclude(self, results: Iterable[SpecResult]) -> tuple[Finding, ...]:
        """Repeat calls where no test is to be seen, and return all that was found, each once.

        results: of the specs that ran.
        """
        outcomes = {result.id: result.outcome for result in results}
        with guarded() as replaced:
            differing = unwatched(self.loaded.impl, outcomes, self.records, path=str(self.loaded.path))
        return tuple(distinct((*self.loaded.tampering, *self.findings, *replaced, *differing)))
