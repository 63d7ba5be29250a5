"""Puts back what a rehearsed training changes inside the process: random states, settings, modules of its project."""

from __future__ import annotations

import gc
import random
import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from chainrule.host.guard.snapshot import INSTALLED


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put back afterwards the states of the global generators, and the settings of NumPy, warnings and recursion.

    Garbage is not collected meanwhile: in a process with many objects that would use up the time for the body.
    """
    state, drawn, depth = random.getstate(), np.random.get_state(), sys.getrecursionlimit()
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings(), np.errstate(), np.printoptions():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(state)
        np.random.set_state(drawn)
        sys.setrecursionlimit(depth)
        if collecting:
            gc.enable()


@contextmanager
def imported_anew(names: Collection[str], folders: Collection[Path]) -> Iterator[None]:
    """Let the body import these modules, and others of the folders, anew, and put the present ones back afterwards.

    What is inside a package goes with it: a folder without a file of its own, too, finds its path by the package.
    """
    before = dict(sys.modules)
    for name in before:
        if name in names or any(name.startswith(f"{package}.") for package in names):
            del sys.modules[name]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name not in before and belongs(name, folders)]:
            del sys.modules[name]
        sys.modules.update(before)


def belongs(name: str, folders: Collection[Path]) -> bool:
    """Whether an imported module is a file of a project in these folders, and not an installed library."""
    file = Path(getattr(sys.modules[name], "__file__", None) or "")
    if name.partition(".")[0] in sys.stdlib_module_names or any(folder in file.parts for folder in INSTALLED):
        return False
    return any(file.is_relative_to(folder) for folder in folders)
