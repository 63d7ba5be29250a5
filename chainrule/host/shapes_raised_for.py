"""What an exception of the checked code is about: the shapes of arrays, a misspelt name."""

from __future__ import annotations

import builtins
import difflib
import linecache
import re
from types import FrameType

import numpy as np

from chainrule.host.patching.functions import theirs

OF_SHAPES = re.compile(r"shape|broadcast|align|mismatch|dimension")
ALIKE = 0.7  # similarity of a misspelt name to the one that is meant
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


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
    for name in NAME.findall(linecache.getline(frame.f_code.co_filename, line)):
        first, *rest = name.removesuffix(".T").removesuffix(".shape").split(".")
        value = frame.f_locals.get(first)
        for attribute in rest:
            value = getattr(value, "__dict__", {}).get(attribute)
        if isinstance(value, np.ndarray):
            found[".".join((first, *rest))] = value.shape
    told = ", ".join(f"{name} has shape {shape}" for name, shape in found.items())
    return f"{str(error).rstrip()}; there {told}" if told else str(error)


def meant(error: NameError | AttributeError, frame: FrameType) -> str:
    """The name that is like a misspelt one, as a question: `; did you mean 'weights'?`.  Empty if none is."""
    if not isinstance(error.name, str) or isinstance(error, UnboundLocalError):
        return ""
    known = dir(error.obj) if isinstance(error, AttributeError) else [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    near = difflib.get_close_matches(error.name, known, n=1, cutoff=ALIKE)
    return f"; did you mean '{near[0]}'?" if near else ""
