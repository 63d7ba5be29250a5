"""Hides from the code, as far as one process can, that a test is running."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

HIDDEN_MODULES = frozenset(("pytest", "_pytest", "hypothesis", "_hypothesis_pytestplugin"))


@contextmanager
def nobody_there(path: str) -> Iterator[None]:
    """Hide pytest and Hypothesis: their modules, their environment variables and the command line."""
    modules: dict[str, ModuleType] = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in HIDDEN_MODULES
    }
    argv = sys.argv
    for name in modules:
        del sys.modules[name]
    sys.argv = [path]
    try:
        with plain_environment():
            yield
    finally:
        sys.argv = argv
        for name in [name for name in sys.modules if name.partition(".")[0] in HIDDEN_MODULES]:
            del sys.modules[name]
        sys.modules.update(modules)


@contextmanager
def plain_environment() -> Iterator[None]:
    """Remove the environment variables that pytest sets."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
