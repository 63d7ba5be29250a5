"""Which chapters run on an implementation, and which of them a pass needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chainrule.contract.chapters import CORE_CHAPTERS, CORE_NAMES, EXTENSION_NAMES


def select(
    offered: Collection[str], chapters: Sequence[str] = (), *, full: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the chapters required, those that run beside them).

    offered: the operations that the code defines.
    chapters: those that the user names; they are required, whatever the code offers.  If the user names no chapter, an
    extension chapter runs if the code defines one of its names.  It is required only of code without any core name.
    full: train on Fashion-MNIST as well.
    """
    if chapters:
        return tuple(dict.fromkeys(chapters)), ()
    there = set(offered)
    extensions = tuple(chapter for chapter, names in EXTENSION_NAMES.items() if not there.isdisjoint(names))
    if extensions and there.isdisjoint(CORE_NAMES):
        return extensions, ()
    return CORE_CHAPTERS if full else CORE_CHAPTERS[:-1], extensions
