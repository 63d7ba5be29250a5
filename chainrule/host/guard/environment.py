"""Surroundings in which nothing tells that a test runs, as far as one process can make them so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

HIDDEN_MODULES = frozenset(("pytest", "_pytest", "hypothesis", "_hypothesis_pytestplugin"))


@contextmanager
def nobody_there(path: str) -> Iterator[None]:
    """pytest and Hypothesis are not among the loaded modules, nor is their environment, and no check is running."""
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
    """pytest has set no environment variable."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
