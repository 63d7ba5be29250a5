"""Work on many things, each in a process of its own that begins with everything imported.  Needs a system with fork."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

T = TypeVar("T")


class Lost(Exception):
    """A process that did not answer: `timeout` or `crash`."""


def each(task: Callable[[T], Any], things: Iterable[T], jobs: int, limit: float) -> Iterator[tuple[T, Any]]:
    """Every thing with what the task makes of it, or a Lost, in the order in which they are done.

    jobs: how many processes at a time.  limit: seconds that one may take.
    """
    fork = multiprocessing.get_context("fork")
    waiting, running = list(things), {}
    while waiting or running:
        while waiting and len(running) < jobs:
            thing = waiting.pop(0)
            ours, theirs = fork.Pipe(duplex=False)
            process = fork.Process(target=answer, args=(theirs, task, thing))
            process.start()
            theirs.close()
            running[process.sentinel] = process, ours, thing, time.monotonic()
        wait(list(running), timeout=1.0)
        for sentinel, (process, pipe, thing, started) in list(running.items()):
            late = time.monotonic() - started > limit
            if late:
                process.kill()
            if late or not process.is_alive():
                process.join()
                del running[sentinel]
                yield thing, received(pipe, late)


def answer(pipe: Connection, task: Callable[[T], Any], thing: T) -> None:
    """In the process: what it prints is not wanted."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    pipe.send(task(thing))


def received(pipe: Connection, late: bool) -> Any:
    try:
        return pipe.recv() if pipe.poll() else Lost("timeout" if late else "crash")
    except EOFError:
        return Lost("timeout" if late else "crash")
