"""Specs by themselves, outside of a run: to see whether a change mends what failed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from unittest import SkipTest

from chainrule.boundary.boundary import Boundary
from chainrule.running.run import call
from chainrule.specification.networks import Networks
from chainrule.specification.registry import Entry, registry

NEVER = frozenset({"accuracy"})  # minutes of training


@cache
def tests() -> dict[str, Entry]:
    """{clause: its spec} of every chapter but accuracy."""
    return {clause: entry for clause, entry in registry().items() if entry.chapter not in NEVER}


def holds(clause: str, impl: Boundary) -> bool:
    """Whether a spec passes: with nothing to look at any more it does not."""
    try:
        call(tests()[clause], impl, Networks(impl))
    except (SkipTest, Exception):
        return False
    return True


def hold(clauses: Iterable[str], impl: Boundary) -> bool:
    """Whether all of them do."""
    return all(holds(clause, impl) for clause in clauses)
