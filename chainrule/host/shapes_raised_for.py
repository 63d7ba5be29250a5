"""What an exception of the checked code is about: the shapes of arrays, a misspelt name."""

from __future__ import annotations

import builtins
import difflib
import linecache
import re
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import numpy as np

from chainrule.host.patching.functions import theirs

OF_SHAPES = re.compile(r"shape|broadcast|align|mismatch|dimension")
ASSIGNED = re.compile(r"^[\w.\[\], ]+=(?!=)")  # what a line assigns to: it has the value from before
INDEX = re.compile(r"([A-Za-z_]\w*)? *([+-]? *\d+)?")  # i, -1, i + 1
ALIKE = 0.7  # similarity of a misspelt name to the one that is meant
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\[[\w +-]+\])?")


def shapes_where_raised(error: BaseException) -> str:
    """What an exception says, with the shapes of the arrays on its line, or the name that was probably meant."""
    trace, frames = error.__traceback__, []
    while trace is not None:
        if theirs(trace.tb_frame.f_code.co_filename):
            frames.append(trace)
        trace = trace.tb_next
    if frames and isinstance(error, (NameError, AttributeError)):
        return f"{error}{meant(error, frames[-1].tb_frame)}"
    if not frames or not isinstance(error, ValueError) or not OF_SHAPES.search(str(error)):
        return str(error)
    frame, line = frames[-1].tb_frame, frames[-1].tb_lineno
    found: dict[str, tuple[int, ...]] = {}
    for name in NAME.findall(ASSIGNED.sub("", linecache.getline(frame.f_code.co_filename, line))):
        path, _, index = name.removesuffix("]").partition("[")
        path = path.removesuffix(".T").removesuffix(".shape")
        value = value_of(path, frame)
        if isinstance(value, (list, tuple)) and index:
            path, value = f"{path}[{index}]", item_of(value, index, frame)
        if isinstance(value, np.ndarray):
            found[path] = value.shape
    told = ", ".join(f"{name} has shape {shape}" for name, shape in found.items())
    return f"{str(error).rstrip()}; there {told}" if told else str(error)


def meant(error: NameError | AttributeError, frame: FrameType) -> str:
    """The name that is like a misspelt one, or lacks `self.`: `; did you mean 'weights'?`.  Empty if none is."""
    if not isinstance(error.name, str) or isinstance(error, UnboundLocalError):
        return ""
    itself = frame.f_locals.get("self")
    if isinstance(error, AttributeError) and error.obj is itself and callable(frame.f_globals.get(error.name)):
        return f"; did you mean '{error.name}', without self?"
    if not isinstance(error, AttributeError) and hasattr(itself, error.name):
        return f"; did you mean 'self.{error.name}'?"
    known = dir(error.obj) if isinstance(error, AttributeError) else [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    if isinstance(error, NameError) and error.name in sys.stdlib_module_names:
        return f"; is `import {error.name}` missing?"
    near = difflib.get_close_matches(error.name, known, n=1, cutoff=ALIKE)
    return f"; did you mean '{near[0]}'?" if near else ""


def value_of(path: str, frame: FrameType) -> Any:
    """What a name or an attribute stands for in a frame; None if it does for nothing."""
    first, *rest = path.split(".")
    value = frame.f_locals.get(first)
    for attribute in rest:
        value = getattr(value, "__dict__", {}).get(attribute)
    return value


def item_of(values: Sequence[Any], index: str, frame: FrameType) -> Any:
    """The item of a list at an index as it is written: `i`, `-1`, `i + 1`."""
    counted = INDEX.fullmatch(index)
    base = 0 if counted is None or not counted[1] else frame.f_locals.get(counted[1])
    if counted is None or not isinstance(base, int):
        return None
    place = base + int((counted[2] or "0").replace(" ", ""))
    return values[place] if -len(values) <= place < len(values) else None
