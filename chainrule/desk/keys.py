"""Single keys from a terminal, without Enter, on every system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    def pressed(seconds: float) -> str:
        """The key that is pressed within some seconds; an empty text if none is."""
        import time

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            time.sleep(0.02)
        return ""

    @contextmanager
    def single_keys() -> Iterator[None]:
        """Leave the terminal as it is: its keys arrive one by one."""
        yield

else:
    import select
    import termios
    import tty

    def pressed(seconds: float) -> str:
        """The key that is pressed within some seconds; an empty text if none is."""
        if select.select([sys.stdin], [], [], seconds)[0]:
            return os.read(sys.stdin.fileno(), 64).decode(errors="ignore")[:1]
        return ""

    @contextmanager
    def single_keys() -> Iterator[None]:
        """Make the terminal pass on each key at once, unprinted, and restore it at the end."""
        before = termios.tcgetattr(sys.stdin)
        try:
            tty.setcbreak(sys.stdin)
            yield
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
