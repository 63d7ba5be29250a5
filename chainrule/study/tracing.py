"""Notes which lines of the code run for which clause, by coverage.py with a context for each clause."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chainrule.contract.errors import UnusableTarget

INSTALL = "pip install 'chainrule[study]'"
LOADING = "loading"  # the context of what runs outside the specs, as the code loads and chainrule reads it
ANY_CLAUSE = r"\."  # an id contains a dot, and the other context does not
INSTALLED = ("*/site-packages/*", "*/dist-packages/*")
SPECIAL = re.compile(r"[\[\]{}*?]")
SILENT = ["trace-changed", "no-data-collected", "no-ctracer"]  # warnings of coverage.py that say nothing of TARGET


@dataclass(frozen=True)
class Trace:
    """What ran of one file.

    lines: {line: the clauses for which it ran}, of the lines that ran at all.  arcs: pairs of lines that ran one after
    the other for any clause; a negative number stands for the end of a function.
    """

    lines: Mapping[int, frozenset[str]]
    arcs: frozenset[tuple[int, int]]


class Tracer:
    """Traces what runs in some folders.  Raises UnusableTarget if coverage.py is not installed."""

    def __init__(self, folders: Sequence[Path], left_out: Sequence[Path] = ()) -> None:
        try:
            from coverage import Coverage
        except ImportError:
            raise missing("coverage.py") from None
        within_installed = any("-packages" in part for folder in folders for part in folder.parts)
        self.coverage = Coverage(
            data_file=None,
            config_file=False,
            branch=True,
            include=[*map(everything_in, folders)],
            omit=[*(() if within_installed else INSTALLED), *map(everything_in, left_out)],
        )
        self.coverage.set_option("run:core", "ctrace")  # sys.monitoring tells no contexts apart
        self.coverage.set_option("run:disable_warnings", SILENT)

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Trace the body, or what of it comes before `stop`."""
        self.coverage.start()
        try:
            self.coverage.switch_context(LOADING)
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """End the tracing."""
        self.coverage.stop()

    @contextmanager
    def around(self, clause: str) -> Iterator[None]:
        """Trace the body for a clause."""
        self.coverage.switch_context(clause)
        try:
            yield
        finally:
            self.coverage.switch_context(LOADING)

    def traces(self) -> dict[Path, Trace]:
        """{file: what ran of it}."""
        data, found = self.coverage.get_data(), {}
        for name in sorted(data.measured_files()):
            data.set_query_contexts(None)
            lines = {line: clauses_in(contexts) for line, contexts in data.contexts_by_lineno(name).items() if line > 0}
            data.set_query_contexts([ANY_CLAUSE])
            found[Path(name)] = Trace(lines, frozenset(data.arcs(name) or ()))
        return found


def everything_in(folder: Path) -> str:
    """The pattern of all files in a folder, whatever signs its name contains."""
    return f"{SPECIAL.sub('?', str(folder))}/*"


def clauses_in(contexts: Collection[str]) -> frozenset[str]:
    return frozenset(contexts) - {LOADING, ""}


def missing(what: str) -> UnusableTarget:
    """The message for a library that only the study needs."""
    return UnusableTarget(f"study needs {what}, which is not installed: {INSTALL}")
