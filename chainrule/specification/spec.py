"""Makes a test a spec, with the clause that it proves and the specs on which it builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FIRST = "0.1.0"  # the version of chainrule with the first specs


@dataclass(frozen=True)
class Spec:
    """clause: its id.  chapter: its file.  title: the sentence that a learner reads when it fails.

    after: clauses on which this one builds.  If neither one of them nor this spec passes, this spec is `blocked`, so
    that one mistake is reported once.  since: the first version of chainrule that has it.
    """

    clause: str
    chapter: str
    title: str
    after: tuple[str, ...]
    since: str


def spec(clause: str, *, after: str | Sequence[str] = (), since: str = FIRST) -> Callable[[Any], Any]:
    """Mark a test as the spec of a clause.  Outermost, above `given`."""

    def mark(test: Any) -> Any:
        chapter = test.__module__.rpartition(".")[2].removeprefix("test_")
        title = " ".join(test.__doc__.split())
        test.spec = Spec(clause, chapter, title, (after,) if isinstance(after, str) else tuple(after), since)
        return test

    return mark


def spec_of(item: Any) -> Any:
    """The Spec of a pytest item, or None."""
    return getattr(getattr(item, "obj", None), "spec", None)
