"""chainrule: a specification, as executable tests, for neural networks written from scratch.

chainrule.Implementation    what an adapter subclasses: the interface through which the specs see a network
chainrule.load              an implementation behind its boundary, as the specs call it
chainrule.datasets          Fashion-MNIST
chainrule.reference         a small MLP in NumPy, and the mathematics it implements
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.version import VERSION as __version__

if TYPE_CHECKING:
    from chainrule.boundary import Boundary
    from chainrule.contract import Implementation, UnusableTarget

# In a checkout the other rooms stand beside this folder instead of in it: `python -m chainrule` finds them there.
_CHECKOUT = Path(__file__).resolve().parent.parent
if (_CHECKOUT / "reference" / "math.md").is_file():
    __path__.append(str(_CHECKOUT))

__all__ = ["Implementation", "UnusableTarget", "__version__", "load"]

_HOMES = {"Implementation": "chainrule.contract", "UnusableTarget": "chainrule.contract"}


def load(target: str, adapter: str | None = None) -> Boundary:
    """The implementation in TARGET (a .py file, a package folder or a module name) as the specs see it.

    Returns a boundary with the methods of `Implementation`, which take and return NumPy arrays.
    Raises UnusableTarget if it cannot be loaded.
    """
    from chainrule.loading import load

    return load(target, adapter).impl


def __getattr__(name: str) -> Any:
    """Import on demand: the pytest plugin loads this package in every pytest run, and should cost next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
