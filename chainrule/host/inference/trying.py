"""Calls a probe within a time limit.  The specs will report what goes wrong here.

A call that does not return in time ends the search (TimedOut passes through): it would hang the next time, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

PROBE_LIMIT = 2.0  # seconds


def attempt(probe: Callable[[], Any]) -> Any:
    """The result of a probe; None if it raises."""
    try:
        with limit(PROBE_LIMIT):
            return probe()
    except (Exception, SystemExit):
        return None


def attempt_array(probe: Callable[[], Any]) -> np.ndarray | None:
    """The result of a probe as an array; None if it raises."""
    try:
        with np.errstate(all="ignore"), limit(PROBE_LIMIT):
            return to_numpy(probe())
    except (Exception, SystemExit, TimedOut):
        return None


@contextlib.contextmanager
def attempting() -> Iterator[None]:
    """Run the body and suppress its exceptions."""
    with contextlib.suppress(Exception, SystemExit, TimedOut), limit(PROBE_LIMIT):
        yield
