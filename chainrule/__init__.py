"""chainrule: a specification, as executable tests, for neural networks written from scratch.

chainrule.check             checks a file, or classes, functions and globals() of a session
chainrule.Implementation    the class that an adapter subclasses: the interface through which the specs call a network
chainrule.recognised        the form that chainrule recognises in code, for an adapter to build on
chainrule.load              loads an implementation and returns its boundary, which the specs call
chainrule.training.datasets  Fashion-MNIST
chainrule.reference         a small MLP in NumPy, and the mathematics it implements
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.support.version import VERSION as __version__

if TYPE_CHECKING:
    from chainrule.api import Result, check
    from chainrule.boundary.boundary import Boundary
    from chainrule.contract.errors import Unseen, UnusableTarget
    from chainrule.contract.implementation import Implementation
    from chainrule.host.adapters.recognised import recognised

# In a checkout, reference, spec_tests and golden stand beside this folder instead of in it.
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
    "recognised": "chainrule.host.adapters.recognised",
}


def load(target: Any, adapter: Any = None, **options: Any) -> Boundary:
    """The implementation in TARGET (whatever `chainrule.check` takes) as the specs see it.

    adapter, and the options conventions, names and run_all: as for `chainrule.check`.
    Returns a boundary with the methods of `Implementation`, which take and return NumPy arrays.
    Raises UnusableTarget if it cannot be loaded.
    """
    from chainrule.running.loading import load_any

    return load_any(target, adapter, **options).impl


def __getattr__(name: str) -> Any:
    """Import a name on demand: every pytest run loads this package with the plugin, so its import must be cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, those that are imported on demand among them."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
