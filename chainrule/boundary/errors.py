"""The exceptions by which a call across the boundary ends without a result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import SkipTest  # pytest and Hypothesis take it for a skip and not for a failure


class NotApplicable(SkipTest):
    """The spec needs something that an implementation need not show.  Its outcome is `skipped`."""


class Todo(SkipTest):
    """The spec needs something that is missing, is a stub, or has another form."""


class Absent(Todo):
    """The implementation does not define this name."""


class Hung(SkipTest):
    """The method did not return in time before, so chainrule does not call it again."""


class Raised(Exception):
    """The implementation raised.  str(): the exception's type and message; where: `file:line` in the learner's code.

    refused: whether the code itself checks its arguments and refuses them.
    """

    def __init__(self, message: str, where: str | None = None, refused: bool = False) -> None:
        super().__init__(message)
        self.where, self.refused = where, refused


@contextmanager
def unless_refused(what: str) -> Iterator[None]:
    """Run the body; raise NotApplicable if the code refuses `what`, a value at the edge that it need not take."""
    try:
        yield
    except Raised as error:
        if not error.refused:
            raise
        raise NotApplicable(f"the code refuses {what}: {error}") from None
