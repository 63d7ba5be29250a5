"""What code asks to have done when Python ends could end it with another exit status than the check's."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.host.guard.finding import LOOKS, Finding
from chainrule.support.source_positions import place


@contextmanager
def kept_out(files: Callable[[], Collection[str]]) -> Iterator[list[Finding]]:
    """Functions of the code under test that the body registers with atexit are taken off the list again, and told.

    files: called after the body, the files whose functions are meant; those of libraries stay.
    """
    register, seen = atexit.register, []

    def registering(function: Any, *arguments: Any, **keywords: Any) -> Any:
        seen.append(function)
        return register(function, *arguments, **keywords)

    findings: list[Finding] = []
    setattr(atexit, "register", registering)  # noqa: B010
    try:
        yield findings
    finally:
        setattr(atexit, "register", register)  # noqa: B010
        own = files() if seen else ()
        for function in seen:
            code = getattr(function, "__code__", None)
            if code is not None and code.co_filename in own:
                atexit.unregister(function)
                where = place(code.co_filename, code.co_firstlineno)
                findings.append(Finding(LOOKS, code.co_name, where, "was to run when Python ends, and will not"))
