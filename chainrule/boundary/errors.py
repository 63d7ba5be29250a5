"""The exceptions by which a call across the boundary ends without a result."""

from __future__ import annotations

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
    """The implementation raised.  str(): the exception's type and message; where: `file:line` in the learner's code."""

    def __init__(self, message: str, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where
