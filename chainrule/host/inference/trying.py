"""Trying something, within a time limit: whatever goes wrong here, the specs will say.

What does not return in time ends the search (TimedOut goes through): it would not return the next time either.
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
    """What a probe finds, or None."""
    try:
        with limit(PROBE_LIMIT):
            return probe()
    except (Exception, SystemExit):
        return None


def attempt_array(probe: Callable[[], Any]) -> np.ndarray | None:
    """What a probe finds, as an array, or None."""
    try:
        with np.errstate(all="ignore"), limit(PROBE_LIMIT):
            return to_numpy(probe())
    except (Exception, SystemExit, TimedOut):
        return None


@contextlib.contextmanager
def attempting() -> Iterator[None]:
    """A block that is left where something goes wrong."""
    with contextlib.suppress(Exception, SystemExit, TimedOut), limit(PROBE_LIMIT):
        yield
