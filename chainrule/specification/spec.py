"""What makes a test a spec: the clause it proves, and the specs it builds on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spec:
    """clause: its id.  chapter: the file it stands in.  title: the sentence a learner reads when it fails.

    after: clauses without which this one says nothing new; where one of them does not pass and neither does this spec,
    it is `blocked`, so that one mistake is reported once.
    """

    clause: str
    chapter: str
    title: str
    after: tuple[str, ...]


def spec(clause: str, *, after: str | Sequence[str] = ()) -> Callable[[Any], Any]:
    """Mark a test as the spec of a clause.  Outermost, above `given`."""

    def mark(test: Any) -> Any:
        chapter = test.__module__.rpartition(".")[2].removeprefix("test_")
        title = " ".join(test.__doc__.split())
        test.spec = Spec(clause, chapter, title, (after,) if isinstance(after, str) else tuple(after))
        return test

    return mark


def spec_of(item: Any) -> Any:
    """The Spec of a pytest item, or None."""
    return getattr(getattr(item, "obj", None), "spec", None)
