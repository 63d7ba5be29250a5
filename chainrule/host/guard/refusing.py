"""Refuses, while a training is rehearsed, to read data, to write, to start programs and to use the network.

Python reports each of these to an audit hook, which raises an exception in the code that asks.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth", ".zip", ".toml", ".cfg")  # files that imports read
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ACTS = frozenset(
    """
    os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.kill os.putenv os.unsetenv os.chdir
    os.mkdir os.remove os.rename os.rmdir os.link os.symlink os.truncate os.chmod os.chown os.utime
    shutil.copyfile shutil.copymode shutil.copystat shutil.copytree shutil.make_archive shutil.move shutil.rmtree
    shutil.unpack_archive shutil.chown subprocess.Popen pty.spawn socket.connect socket.bind socket.getaddrinfo
    socket.gethostbyname urllib.Request http.client.connect ftplib.connect smtplib.connect webbrowser.open
    sqlite3.connect tempfile.mkstemp tempfile.mkdtemp winreg.CreateKey msvcrt.open_osfhandle resource.setrlimit
    resource.prlimit
    """.split()
)


ENDS = ("_exit", "abort")  # functions of os that end the process at once


class Refused(FileNotFoundError):
    """chainrule refused what the code asked for."""


class Gate:
    """The audit hook.  closed: the thread that rehearses, to which it applies; None between rehearsals.

    refused: how often it refused something.
    """

    def __init__(self) -> None:
        self.installed = False
        self.closed: int | None = None
        self.refused = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.closed is None or self.closed != threading.get_ident():
            return
        self.refused += event in ACTS or (event == "open" and not is_code(*arguments))
        if event in ACTS:
            raise Refused(f"{event} while chainrule rehearses the training")
        if event == "open" and not is_code(*arguments):
            raise Refused(f"{arguments[0]}: chainrule reads and writes no data while it rehearses the training")


GATE = Gate()


def is_code(path: Any, mode: str | None, flags: int) -> bool:
    """Whether a file is opened as an import opens it: to read code."""
    if isinstance(path, int):
        return path <= 2
    writes = bool(flags & WRITING) or not set(mode or "r") <= set("rbt")
    return not writes and os.fsdecode(path).endswith(CODE)


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse in the body whatever leaves a trace outside the process, starts a thread, or reads anything but code.

    An end of the process, which no audit hook hears of, is refused too.

    In the body, time.sleep returns at once.
    """
    if not GATE.installed:
        sys.addaudithook(GATE)
        GATE.installed = True
    begin, sleep = threading.Thread.start, time.sleep
    ends = {name: getattr(os, name) for name in ENDS}

    def start(self: threading.Thread) -> None:
        if GATE.closed == threading.get_ident():
            raise Refused("a thread would outlast the rehearsal of the training")
        begin(self)

    def hurry(seconds: Any) -> None:
        if GATE.closed != threading.get_ident():
            sleep(seconds)

    def ending(name: str, *arguments: Any) -> Any:
        if GATE.closed == threading.get_ident():
            raise Refused(f"os.{name} while chainrule rehearses the training")
        return ends[name](*arguments)

    for name in ENDS:
        setattr(os, name, partial(ending, name))
    threading.Thread.start, time.sleep = start, hurry  # type: ignore[method-assign]
    GATE.closed = threading.get_ident()
    try:
        yield
    finally:
        GATE.closed = None
        threading.Thread.start, time.sleep = begin, sleep  # type: ignore[method-assign]
        for name, end in ends.items():
            setattr(os, name, end)
