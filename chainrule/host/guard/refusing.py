"""Refuses, while a training is rehearsed, to read data, to write, to start programs and to use the network.

Python reports each of these to an audit hook, which raises an exception in the code that asks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth", ".zip", ".toml", ".cfg")  # files that imports read
ACTS = frozenset(
    """
    os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.kill os.putenv os.unsetenv
    os.mkdir os.remove os.rename os.rmdir os.link os.symlink os.truncate os.chmod os.chown os.utime
    shutil.copyfile shutil.copymode shutil.copystat shutil.copytree shutil.make_archive shutil.move shutil.rmtree
    shutil.unpack_archive shutil.chown subprocess.Popen pty.spawn socket.connect socket.bind socket.getaddrinfo
    socket.gethostbyname urllib.Request http.client.connect ftplib.connect smtplib.connect webbrowser.open
    sqlite3.connect tempfile.mkstemp tempfile.mkdtemp winreg.CreateKey msvcrt.open_osfhandle
    """.split()
)


class Refused(FileNotFoundError):
    """chainrule refused what the code asked for."""


class Gate:
    """The audit hook.  closed: whether a rehearsal runs."""

    def __init__(self) -> None:
        self.installed = self.closed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.closed:
            return
        if event in ACTS:
            raise Refused(f"{event} while chainrule rehearses the training")
        if event == "open" and not is_code(arguments[0]):
            raise Refused(f"{arguments[0]}: chainrule reads and writes no data while it rehearses the training")


GATE = Gate()


def is_code(path: Any) -> bool:
    """Whether a path is one that an import reads."""
    if isinstance(path, int):
        return path <= 2
    return str(os.fsdecode(path) if isinstance(path, bytes) else path).endswith(CODE)


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse in the body whatever leaves a trace outside the process, or reads anything but code."""
    if not GATE.installed:
        sys.addaudithook(GATE)
        GATE.installed = True
    GATE.closed = True
    try:
        yield
    finally:
        GATE.closed = False
