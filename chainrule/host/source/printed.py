"""What the code under check prints: kept out of the report, counted, and shown where somebody asks for it."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TextIO


class Printed(io.StringIO):
    """A stream that counts the lines written to it and keeps none.  shown: a stream that gets them as well."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0
        self.shown: TextIO | None = None

    def write(self, text: str) -> int:
        self.lines += str(text).count("\n")
        if self.shown is not None:
            self.shown.write(text)
        return len(text)


PRINTED = Printed()


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep what the body prints out of the report, and let its input() raise EOFError."""
    stdin, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(PRINTED), contextlib.redirect_stderr(PRINTED):
            yield
    finally:
        sys.stdin = stdin
