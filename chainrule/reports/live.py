"""The live line of a terminal, in characters that its encoding has."""

from __future__ import annotations

from rich.console import Console
from rich.spinner import SPINNERS
from rich.status import Status

SPINNER, PLAIN = "dots", "line"  # the latter is of ASCII


def live_line(console: Console, said: str) -> Status:
    """A line with a spinner, which is not started yet."""
    try:
        "".join(SPINNERS[SPINNER]["frames"]).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return console.status(said, spinner=PLAIN)
    return console.status(said, spinner=SPINNER)
