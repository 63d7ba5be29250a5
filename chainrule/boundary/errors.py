"""How a call across the boundary may end, other than with a result."""

from __future__ import annotations

from unittest import SkipTest  # pytest and Hypothesis both know it: no failure, no search for a smaller one


class NotApplicable(SkipTest):
    """A spec asks for something that this implementation is free not to show.  Its outcome is `skipped`."""


class Todo(SkipTest):
    """A spec cannot run, because what it needs is missing, is a stub, or has another form."""


class Absent(Todo):
    """There is no such name."""


class Hung(SkipTest):
    """A method that did not return in time before is not called again."""


class Raised(Exception):
    """The implementation raised.  str(): the exception's own type and message; where: `file:line` of its last line
    there.
    """

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where
