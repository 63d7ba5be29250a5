"""chainrule: a specification, as executable tests, for neural networks written from scratch.

chainrule.check             checks a file, or classes, functions and globals() of a session
chainrule.Implementation    what an adapter subclasses: the interface through which the specs see a network
chainrule.recognised        what chainrule recognises in code, for an adapter to fall back on
chainrule.load              an implementation behind its boundary, as the specs call it
chainrule.training.datasets  Fashion-MNIST
chainrule.reference         a small MLP in NumPy, and the mathematics it implements
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.support.version import VERSION as __version__

if TYPE_CHECKING:
    from chainrule.adapters.recognised import recognised
    from chainrule.api import Result, check
    from chainrule.boundary.boundary import Boundary
    from chainrule.contract.errors import Unseen, UnusableTarget
    from chainrule.contract.implementation import Implementation

# In a checkout the other rooms stand beside this folder instead of in it: `python -m chainrule` finds them there.
_CHECKOUT = Path(__file__).resolve().parent.parent
if (_CHECKOUT / "reference" / "mathematics").is_dir():
    __path__.append(str(_CHECKOUT))

__all__ = [
    "Implementation",
    "Result",
    "Unseen",
    "UnusableTarget",
    "__version__",
    "check",
    "load",
    "recognised",
]

_HOMES = {
    "Implementation": "chainrule.contract.implementation",
    "Result": "chainrule.api",
    "Unseen": "chainrule.contract.errors",
    "UnusableTarget": "chainrule.contract.errors",
    "check": "chainrule.api",
    "recognised": "chainrule.adapters.recognised",
}


def load(target: Any, adapter: Any = None, **options: Any) -> Boundary:
    """The implementation in TARGET (whatever `chainrule.check` takes) as the specs see it.

    adapter, and conventions, names, run_all among the options: as `chainrule.check` takes them.
    Returns a boundary with the methods of `Implementation`, which take and return NumPy arrays.
    Raises UnusableTarget if it cannot be loaded.
    """
    from chainrule.running.loading import load_any

    return load_any(target, adapter, **options).impl


def __getattr__(name: str) -> Any:
    """Import on demand: the pytest plugin loads this package in every pytest run, and should cost next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
