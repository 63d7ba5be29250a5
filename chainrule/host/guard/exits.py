"""Functions registered with atexit, which could end Python with another exit status than the check's."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.host.guard.finding import LOOKS, Finding
from chainrule.support.source_positions import place


@contextmanager
def kept_out(files: Callable[[], Collection[str]]) -> Iterator[list[Finding]]:
    """Unregister what the code under check registers with atexit in the body, and yield a list of findings.

    files: called after the body, returns the files of the code under check; functions of libraries stay registered.
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
                findings.append(
                    Finding(LOOKS, code.co_name, where, "was to run when Python ends; chainrule removed it")
                )
