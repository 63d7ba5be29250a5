"""Messages to the host: which functions of the checked code run, and one of them changed for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.host.host import Host
from chainrule.host.protocol import Function


def ran(host: Host, action: Callable[[], Any]) -> Sequence[Function]:
    """The functions that an action runs.  An exception of the action's ends it quietly."""
    host.trace()
    try:
        action()
    except Exception:
        pass
    finally:
        found = host.traced()
    return found


@contextmanager
def changed(host: Host, function: Function, source: str) -> Iterator[None]:
    """A function runs with another source.  Raises ValueError where that cannot stand in for its own."""
    refused = host.change(function, source)
    if refused is not None:
        raise ValueError(refused)
    try:
        yield
    finally:
        host.restore()
