"""The stored examples of the property specs, {clause: examples}: a file for each chapter.

An example is the list of its basic strategies' values, in the order of drawing.  JSON stores each number exactly.
`python -m chainrule.specification.points --write` draws them.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def stored(chapter: str) -> dict[str, list[list[Any]]]:
    """{clause: its examples} of a chapter."""
    return json.loads(path(chapter).read_bytes())


def path(chapter: str) -> Path:
    """The file of a chapter's examples."""
    return FOLDER / f"{chapter}.json"
