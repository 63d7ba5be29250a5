"""Watches the code while the specs run: what it replaces, what it inspects, and calls to repeat."""

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

KEPT = 3  # how many calls of an operation are kept


class Watch:
    """findings: on what the code replaced or inspected while the specs ran.

    records: {method: inputs for which it was right in its spec}.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.own = loaded.module_name.partition(".")[0]
        self.findings: list[Finding] = []
        self.records: dict[str, list[Any]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Run the specs in the body: load everything on which they rely first, and put replaced objects back after
        them.
        """
        files = [str(file) for file in self.loaded.files]
        try:
            with guarded(self.own) as replaced, listening(files) as looks, kept_out(lambda: files) as exits:
                yield
        finally:
            self.findings += [*replaced, *looks, *exits]

    def keep(self, clause: str, calls: Sequence[Call]) -> None:
        """Keep the last calls of a passed spec, if they will be repeated."""
        for operation in operations():
            if operation.recall is None or clause not in (operation.after[0], operation.golden):
                continue
            inputs = map(operation.recall, [call for call in calls if call.name == operation.method][-KEPT:])
            self.records.setdefault(operation.method, []).extend(found for found in inputs if found is not None)

    def add(self, findings: Sequence[Finding], records: Mapping[str, Sequence[Any]]) -> None:
        """Add the findings of another process."""
        self.findings += findings
        for method, inputs in records.items():
            self.records.setdefault(method, []).extend(inputs)

    def conclude(self, results: Iterable[SpecResult]) -> tuple[Finding, ...]:
        """Repeat calls without a trace of a test, and return all findings, each once.

        results: of the specs that ran.
        """
        outcomes = {result.id: result.outcome for result in results}
        with guarded(self.own) as replaced:
            differing = unwatched(self.loaded.impl, outcomes, self.records, path=str(self.loaded.path))
        return tuple(distinct((*self.loaded.tampering, *self.findings, *replaced, *differing)))
