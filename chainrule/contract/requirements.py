"""Which chapters run on an implementation, and which of them a pass needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chainrule.contract.chapters import CORE_CHAPTERS, CORE_NAMES, EXTENSION_NAMES


def select(
    offered: Collection[str], chapters: Sequence[str] = (), *, full: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the chapters required, those that run beside them).

    offered: the operations that the code has something for.
    chapters: those named by the user, which are required whatever the code offers.  Where none is named, an
    extension chapter runs if any of its names exists; it is required only of code that has no core name at all.
    full: train on Fashion-MNIST as well.
    """
    if chapters:
        return tuple(dict.fromkeys(chapters)), ()
    there = set(offered)
    extensions = tuple(chapter for chapter, names in EXTENSION_NAMES.items() if not there.isdisjoint(names))
    if extensions and there.isdisjoint(CORE_NAMES):
        return extensions, ()
    return CORE_CHAPTERS if full else CORE_CHAPTERS[:-1], extensions
