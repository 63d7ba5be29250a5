"""`chainrule check --watch`: checks anew at every save, and answers keys, until the user quits."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from chainrule.desk import keys
from chainrule.desk.checks import Asked, Message, Process, Reach, Read, Unusable, check, trace
from chainrule.desk.screen import Screen
from chainrule.running.results import Outcome, SpecResult

AGAIN, EXPLAIN, ALL, QUIT = "r", "e", "a", "q"
LONGEST = 5.0  # seconds to wait for a thread at the end
LOST = "the code ended the process in which it was checked; `chainrule check` without --watch shows how"
PAUSE = 0.1  # seconds in which a thread looks whether the desk is closed


class Desk:
    """Holds the running check.  Everything that happens arrives in one queue: saves, keys, messages of the check."""

    def __init__(self, asked: Asked, files: list[Path], console: Console) -> None:
        """files: what to watch before the code is read: TARGET and its adapter."""
        self.asked, self.files = asked, {file.resolve() for file in files}
        self.screen = Screen(console, asked.target, asked.again)
        self.events: queue.Queue[Callable[[], None]] = queue.Queue()
        self.closed, self.rewatch = threading.Event(), threading.Event()
        self.processes: list[Process] = []
        self.threads: list[threading.Thread] = []
        self.reach: Reach | None = None  # of the code as it was when it was last traced

    def run(self) -> None:
        """Check, and check again after every save, until the user quits."""
        interactive = self.screen.console.is_terminal and sys.stdin.isatty()
        with ExitStack() as stack:
            if interactive:
                stack.enter_context(keys.single_keys())
                self.beside(self.read_keys)
            self.beside(self.watch)
            before = signal.signal(signal.SIGINT, lambda *_: self.closed.set())
            stack.callback(signal.signal, signal.SIGINT, before)
            try:
                self.start([])
                while not self.closed.is_set():
                    self.next_event()
            finally:
                self.close()

    def next_event(self) -> None:
        """Wait for something to happen, and answer it.

        Ctrl-C only says that the desk is to close: in the middle of the start of a process it would leave half of one.
        """
        with suppress(queue.Empty):
            self.events.get(timeout=PAUSE)()

    def start(self, saved: list[str]) -> None:
        """Start a check, and end the one before.  saved: what happened to which files."""
        self.stop()
        first = self.reach.touched() if saved and self.reach is not None else set()
        self.screen.begin(saved, first)
        self.follow(Process(check, self.asked, tuple(first)))

    def follow(self, process: Process) -> None:
        """Let the messages of a process arrive."""
        self.processes.append(process)
        self.beside(partial(self.listen, process))

    def beside(self, work: Callable[[], None]) -> None:
        """Do some work in a thread, which `close` waits for."""
        self.threads = [thread for thread in self.threads if thread.is_alive()]
        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()

    def stop(self) -> None:
        """End whatever runs."""
        for process in self.processes:
            process.stop()
        self.processes.clear()

    def listen(self, process: Process) -> None:
        """Pass the messages of a process on to the queue, until its last one, or that it was lost."""
        last: Message | None = None
        while (message := process.receive()) is not None:
            last = message
            self.events.put(partial(self.answer, process, message))
        if process.work is check and not isinstance(last, (Outcome, Unusable)):
            self.events.put(partial(self.answer, process, Unusable(LOST)))

    def answer(self, process: Process, message: Message) -> None:
        """Show a message, unless it is of a check that was ended."""
        if process not in self.processes:
            return
        if isinstance(message, SpecResult):
            self.screen.result(message)
        elif isinstance(message, Read):
            self.see(message.files)
        elif isinstance(message, Unusable):
            self.screen.unusable(message.message)
        elif isinstance(message, Outcome):
            self.screen.finish(message)
            if find_spec("coverage") is not None:
                self.follow(Process(trace, self.asked))
        elif isinstance(message, Reach):
            self.reach = message

    def see(self, files: tuple[str, ...]) -> None:
        """Watch the files that the code consists of, from now on."""
        new = {Path(file).resolve() for file in files} - self.files
        if new:
            self.files |= new
            self.rewatch.set()

    def read_keys(self) -> None:
        """Put what each key asks for into the queue."""
        answers = {
            AGAIN: lambda: self.start([]),
            EXPLAIN: self.screen.explain,
            ALL: self.screen.all,
            QUIT: self.closed.set,
        }
        while not self.closed.is_set():
            wanted = answers.get(keys.pressed(PAUSE).lower())
            if wanted is not None:
                self.events.put(wanted)

    def watch(self) -> None:
        """Put a check into the queue whenever one of the files was saved."""
        while not self.closed.is_set():
            self.rewatch.clear()
            for saved in self.saves():
                self.events.put(partial(self.start, saved))

    def saves(self) -> Iterator[list[str]]:
        """What happened to which files at each save, until other files are to be watched."""
        import watchfiles

        folders = {file.parent for file in self.files}
        changes = watchfiles.watch(
            *folders,
            watch_filter=lambda _, path: Path(path) in self.files,
            stop_event=self.rewatch,
            recursive=False,
            debounce=100,
            step=20,
            rust_timeout=200,
            raise_interrupt=False,
        )
        for found in changes:
            paths = {Path(path) for _, path in found}
            yield sorted(f"{path.name} {'saved' if path.exists() else 'deleted'}" for path in paths)

    def close(self) -> None:
        """End the check and the threads."""
        self.closed.set()
        self.rewatch.set()
        self.screen.quiet()
        self.stop()
        for thread in self.threads:  # none may run while Python ends
            thread.join(LONGEST)
