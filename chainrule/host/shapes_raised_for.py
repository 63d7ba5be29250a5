"""The arrays whose shapes an exception of the checked code is about."""

from __future__ import annotations

import linecache
import re

import numpy as np

from chainrule.host.patching.functions import theirs

OF_SHAPES = re.compile(r"shape|broadcast|align|mismatch|dimension")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def shapes_where_raised(error: BaseException) -> str:
    """What an exception says; if it is about shapes, also those of the arrays on its line."""
    trace, frames = error.__traceback__, []
    while trace is not None:
        if theirs(trace.tb_frame.f_code.co_filename):
            frames.append(trace)
        trace = trace.tb_next
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
