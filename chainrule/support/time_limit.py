"""A time limit for the code under check."""

from __future__ import annotations

import ctypes
import linecache
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 4  # times the limit in wall time, for code that waits, or that a busy machine lets wait
REPEAT = 0.5  # seconds between repetitions of TimedOut, for code that catches the first in a bare `except:`

TRY = re.compile(r"\s*try\s*:")


class TimedOut(BaseException):
    """The time limit passed.  A BaseException, so that neither the code under check nor Hypothesis catches it."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TimedOut in the body once it has computed for `seconds`; 0 means no limit.

    Seconds are those of the process's CPU time, so that a busy machine changes no outcome.  Code that waits is
    interrupted after four times as many seconds of wall time.

    In the main thread of a POSIX system an alarm interrupts sleeping and waiting as well; elsewhere only Python code
    is interrupted, between two of its instructions.  A single long call into C ends first in either case.
    """
    if seconds <= 0:
        yield
    elif hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        with alarm(seconds):
            yield
    else:
        with watchdog(seconds):
            yield


class Clock:
    """Tells whether a limit has passed since it was made."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.started, self.computed = seconds, time.monotonic(), time.process_time()

    def passed(self) -> bool:
        waited = time.monotonic() - self.started
        return waited >= PATIENCE * self.seconds or time.process_time() - self.computed >= self.seconds


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    clock, rung = Clock(seconds), False

    def ring(_signal: int, frame: FrameType | None) -> None:
        nonlocal rung
        if clock.passed():
            if rung:  # the code caught the first
                insist(frame)
            rung = True
            raise TimedOut

    before, tracing = signal.signal(signal.SIGALRM, ring), sys.gettrace()
    started = time.monotonic()
    left, repeat = signal.setitimer(signal.ITIMER_REAL, seconds, min(seconds, REPEAT))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(tracing)
        if left:  # restore an alarm that was set before: it rings at its time, or at once if that has passed
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 1e-6), repeat)


def insist(frame: FrameType | None) -> None:
    """Let a loop around a bare `except:` end as well: raise TimedOut again where that `try` does not catch it."""

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        caught = isinstance(sys.exc_info()[1], TimedOut)
        if event == "line" and (caught or TRY.match(linecache.getline(frame.f_code.co_filename, frame.f_lineno))):
            raise TimedOut
        return trace

    while frame is not None:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(lambda *_: None)


@contextmanager
def watchdog(seconds: float) -> Iterator[None]:
    done, clock = threading.Event(), Clock(seconds)
    thread = ctypes.c_ulong(threading.get_ident())

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            if clock.passed():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimedOut))
            wait = min(seconds, REPEAT)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
