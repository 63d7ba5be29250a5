"""Notices while the code runs that it inspects its callers, however that is written.

Python reports such calls to an audit hook.  A process cannot remove a hook, so the first check adds one for all;
between checks it returns at once.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from chainrule.host.guard.finding import LOOKS, Finding
from chainrule.host.guard.looks import REACH, STACK
from chainrule.support.source_positions import place

EVENTS = {
    "sys._getframe": STACK,
    "sys._current_frames": STACK,
    "gc.get_objects": REACH,
    "gc.get_referrers": REACH,
    "sys.settrace": REACH,
    "sys.setprofile": REACH,
    "sys.addaudithook": REACH,
    "object.__setattr__": REACH,
    "ctypes.dlsym": REACH,
    "ctypes.cdata": REACH,
}
BETWEEN = ("inspect", "traceback")  # modules whose functions inspect the stack for their caller
FURTHEST = 4  # how many frames of these modules chainrule skips


class Listener:
    """The audit hook.  files: those of the code under check, while a check runs; seen: {(place, what): a finding}."""

    def __init__(self) -> None:
        self.installed = self.busy = False
        self.files: Collection[str] = ()
        self.seen: dict[tuple[str, str], Finding] = {}

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.files or self.busy or event not in EVENTS:
            return
        if event == "object.__setattr__" and not changes_code(arguments):
            return
        self.busy = True
        try:
            frame = asking(sys._getframe(1))
            if frame is not None and frame.f_code.co_filename in self.files:
                where = place(frame.f_code.co_filename, frame.f_lineno)
                self.seen.setdefault((where, EVENTS[event]), Finding(LOOKS, event, where, EVENTS[event]))
        finally:
            self.busy = False


LISTENER = Listener()


def asking(frame: FrameType | None) -> FrameType | None:
    """The frame that made the reported call, behind the frames of BETWEEN."""
    for _ in range(FURTHEST):
        if frame is None or frame.f_globals.get("__name__") not in BETWEEN:
            break
        frame = frame.f_back
    return frame


def changes_code(arguments: tuple[Any, ...]) -> bool:
    """Whether the code of a function is being replaced."""
    return len(arguments) > 2 and isinstance(arguments[0], FunctionType) and isinstance(arguments[2], CodeType)


@contextmanager
def listening(files: Collection[str]) -> Iterator[list[Finding]]:
    """Yields a list, which after the body holds a finding for each such call of code in these files."""
    if not LISTENER.installed:
        sys.addaudithook(LISTENER)
        LISTENER.installed = True
    before, LISTENER.files, LISTENER.seen = (LISTENER.files, LISTENER.seen), frozenset(files), {}
    findings: list[Finding] = []
    try:
        yield findings
    finally:
        findings += LISTENER.seen.values()
        LISTENER.files, LISTENER.seen = before
