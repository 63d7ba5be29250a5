"""The terminal to which reports are printed: its width and characters; in a file, no blanks end a line."""

from __future__ import annotations

import re
import sys
from typing import IO, Any

from rich.console import Console
from rich.spinner import Spinner
from rich.status import Status

SPINNER, PLAIN = "dots", "line"  # the latter is of ASCII
LEAST, USUAL = 30, 80  # columns: the least that a report is laid out for, and those of a terminal that has fewer
BLANKS = re.compile(r"[ ]+$", re.MULTILINE)


class Trimmed:
    """A stream whose lines end without blanks.  stream: where it writes them."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        return self.stream.write(BLANKS.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def console_of(stream: IO[str] | None = None, width: int | None = None) -> Console:
    """A console that writes to a stream.  width: its columns; those of the terminal by default."""
    stream = sys.stdout if stream is None else stream
    console = Console(file=stream, width=width)
    if not console.is_terminal:
        console.file = Trimmed(stream)  # type: ignore[assignment]  # Rich asks for these attributes alone
    if console.width < LEAST:
        console.width = USUAL
    return console


def live_line(console: Console, said: str) -> Status:
    """A line with a spinner, which is not started yet."""
    try:
        "".join(Spinner(SPINNER).frames).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return console.status(said, spinner=PLAIN)
    return console.status(said, spinner=SPINNER)
