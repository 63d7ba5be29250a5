"""How a call across the boundary may end, other than with a result."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from unittest import SkipTest  # pytest and Hypothesis both know it: no failure, no search for a smaller one

from chainrule.support.source_positions import place


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

    def __init__(self, name: str, error: BaseException) -> None:
        found = getattr(error, "found_by_chainrule", False)  # and not raised by the code
        super().__init__(str(error) if found else f"{name} raised {type(error).__name__}: {error}")
        self.where = last_line(error)


def last_line(error: BaseException) -> str | None:
    """The position of the deepest frame outside installed packages and chainrule: the line of the learner's code."""
    own = Path(__file__).parents[1]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        library = path.is_relative_to(Path(sys.base_prefix) / "lib") or "site-packages" in path.parts
        if not library and own not in path.parents and not frame.filename.startswith("<"):
            return place(frame.filename, frame.lineno or 1)
    return None
