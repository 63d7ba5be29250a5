"""A check in a process of its own, forked from a warm one that knows no file of the user's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from chainrule.contract.errors import UnusableTarget
from chainrule.desk.changes import changed_lines, text_of
from chainrule.running.results import Outcome, SpecResult

WARM = "chainrule.desk.warm"
LEAST = 19  # the least of a process's priorities


@dataclass(frozen=True)
class Asked:
    """What to check, and how: the options of `chainrule check`, as the API names them.

    again: TARGET and those of the options that say how to read it, as words of a command.
    """

    target: str
    adapter: str | None = None
    conventions: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    run_all: bool = False
    baseline: Path | None = None
    again: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)  # for `check_loaded`


@dataclass(frozen=True)
class Read:
    """The code is read.  files: its own, which to watch."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class Unusable:
    """The code cannot be checked.  message: why, in a line or two."""

    message: str


@dataclass(frozen=True)
class Reach:
    """Which clauses' specs ran each line of the code.  lines: {file: {line: clauses}}.  texts: {file: what it held}."""

    lines: Mapping[Path, Mapping[int, frozenset[str]]]
    texts: Mapping[Path, str]

    def touched(self) -> set[str]:
        """The clauses whose specs ran a line that has changed since; not those that most specs run."""
        found: set[str] = set()
        for file, lines in self.lines.items():
            most = len({clause for of in lines.values() for clause in of}) / 2
            for line in changed_lines(self.texts[file], text_of(file)):
                clauses = lines.get(line, frozenset())
                found |= clauses if len(clauses) <= most else set()
        return found


Message = Read | SpecResult | Outcome | Unusable | Reach


class Process:
    """A running check or trace.  `connection` receives its messages; the last is an Outcome, Unusable or a Reach."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        """work: `check` or `trace`, without its connection."""
        self.work = work
        self.connection, theirs = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
        self.process.start()
        theirs.close()

    def receive(self) -> Message | None:
        """The next message; None after the last, and from a process that was stopped."""
        try:
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            self.connection.close()
            return None
        return message

    def stop(self) -> None:
        """End the check, whatever it does."""
        self.process.kill()
        self.process.join()


def context_of(platform: str) -> Any:
    """How to start processes: from a warm one where the system can fork."""
    if platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([WARM])
    return context


CONTEXT = context_of(sys.platform)


def check(connection: Connection, asked: Asked, first: tuple[str, ...]) -> None:
    """Run the check, and send its messages.  The whole life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the desk stops it
    try:
        connection.send(outcome_of(connection, asked, first))
    except UnusableTarget as error:
        connection.send(Unusable(str(error)))
    except BrokenPipeError:
        pass
    except Exception as error:
        said = (str(error).strip().splitlines() or [""])[-1]
        connection.send(Unusable(f"a fault of chainrule's own, {type(error).__name__}: {said}"))


def trace(connection: Connection, asked: Asked) -> None:
    """Find out which clauses' specs run which lines, when nothing else is to do.  The whole life of a process."""
    from chainrule.study.traced import traced

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(LEAST)
    try:
        _, traces = traced(
            asked.target,
            asked.adapter,
            conventions=asked.conventions,
            names=asked.names,
            run_all=asked.run_all,
            options={"chapters": asked.options.get("chapters", ())},
        )
        lines = {path: found.lines for path, found in traces.items()}
        connection.send(Reach(lines, {path: text_of(path) for path in lines}))
    except Exception:  # a check without this is only in the usual order
        connection.close()


def outcome_of(connection: Connection, asked: Asked, first: tuple[str, ...]) -> Outcome:
    from chainrule.api import check_loaded
    from chainrule.host.source.targets import loading_within
    from chainrule.running.loading import load

    baseline = None
    if asked.baseline is not None:
        from chainrule.baseline.baseline import Baseline

        baseline = Baseline.read(asked.baseline)
    with loading_within(asked.options.get("timeout")):
        loaded = load(
            asked.target, asked.adapter, conventions=asked.conventions, names=asked.names, run_all=asked.run_all
        )
    connection.send(Read(tuple(map(str, loaded.files))))
    return check_loaded(loaded, first=first, listener=connection.send, baseline=baseline, **asked.options)
