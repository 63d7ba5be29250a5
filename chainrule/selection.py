"""Which chapters run on an implementation, and which of them a pass needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.contract import CORE_CHAPTERS, CORE_NAMES, EXTENSION_NAMES, UNCHECKED_NAMES, Implementation


def select(
    implementation: Implementation, chapters: Sequence[str] = (), *, full: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the chapters required, those that run beside them).

    chapters: those named by the user, which are required whatever the implementation offers.  Where none is named, an
    extension chapter runs if any of its names exists; it is required only of code that has no core name at all.
    full: train on Fashion-MNIST as well.
    """
    if chapters:
        return tuple(dict.fromkeys(chapters)), ()
    offered = tuple(
        chapter for chapter, names in EXTENSION_NAMES.items() if any(implementation.offers(name) for name in names)
    )
    if offered and not any(implementation.offers(name) for name in CORE_NAMES):
        return offered, ()
    return CORE_CHAPTERS if full else CORE_CHAPTERS[:-1], offered


def unchecked(target: Any) -> tuple[str, ...]:
    """The functions and classes in the loaded TARGET that a course gives a name to and that no chapter checks yet."""
    return tuple(name for name in UNCHECKED_NAMES if callable(getattr(target, name, None)))
