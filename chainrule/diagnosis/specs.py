"""Specs by themselves, outside of a run: to see whether a change mends what failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any
from unittest import SkipTest

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import NotApplicable, Todo
from chainrule.mathematics.cases import Case
from chainrule.running.run import call
from chainrule.specification.networks import Networks
from chainrule.specification.registry import Entry, registry

FEW = 3  # networks
NOT_WRITTEN = "is not implemented"  # ends what is said of a function that is not written yet
NEVER = frozenset({"accuracy"})  # minutes of training


@cache
def tests() -> dict[str, Entry]:
    """{clause: its spec} of every chapter but accuracy."""
    return {clause: entry for clause, entry in registry().items() if entry.chapter not in NEVER}


class Few(Networks):
    """The first networks of those that a spec looks at."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Iterator[Case]:
        return islice(super().__call__(*arguments, **keywords), FEW)


def holds(clause: str, impl: Boundary, few: bool = False, unseen: bool = False, unfinished: bool = False) -> bool:
    """Whether a spec passes: with nothing to look at any more it does not.

    few: on its first networks alone.  unseen: whether it holds as well where it does not apply.  unfinished: whether it
    does where it comes as far as a function that is not written yet.
    """
    try:
        call(tests()[clause], impl, (Few if few else Networks)(impl))
    except NotApplicable:
        return unseen
    except Todo as reason:
        return unfinished and str(reason).endswith(NOT_WRITTEN)
    except (SkipTest, Exception):
        return False
    return True


def hold(
    clauses: Iterable[str], impl: Boundary, few: bool = False, unseen: bool = False, unfinished: bool = False
) -> bool:
    """Whether all of them do."""
    return all(holds(clause, impl, few, unseen, unfinished) for clause in clauses)
