"""Positions in source files, as a report names them: `net.py:12`, or `net.ipynb:cell 3:12` in a notebook."""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import traceback
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# A notebook's code cells are compiled as one text, line after line under the notebook's own file name, so that
# `inspect` finds the source of its classes too.  This dictionary holds the line of that text at which each code cell
# begins.
OWN = Path(__file__).parents[1]  # the folder of chainrule's own files
CELLS: dict[str, list[int]] = {}
PATHS: dict[str, set[str]] = {}  # {a file's name: the files of that name in which places were named}


def register_cells(filename: str, cells: Sequence[str]) -> list[int]:
    """Make a notebook's code known to `inspect` and to tracebacks.  Returns the line at which each cell begins.

    cells: the executed source of every code cell.
    """
    starts, line = [], 1
    for cell in cells:
        starts.append(line)
        line += cell.count("\n") + 1
    CELLS[filename] = starts
    text = "\n".join(cells) + "\n"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # None: kept for good
    return starts


def within(filename: str, line: int) -> str:
    """The position inside its file: `line 12`, or `cell 3:12`, the third code cell's line 12."""
    starts = CELLS.get(filename)
    if starts is None:
        return f"line {line}"
    cell = max(bisect_right(starts, line), 1)
    return f"cell {cell}:{line - starts[cell - 1] + 1}"


def place(filename: str, line: int) -> str:
    """A line of a file as a report names it: `net.py:12`, or `net.ipynb:cell 3:12`."""
    PATHS.setdefault(Path(filename).name, set()).add(filename)
    return f"{session_cell(filename) or Path(filename).name}:{within(filename, line).removeprefix('line ')}"


def files_of(where: str) -> tuple[set[Path], int | None]:
    """(the files that a place may mean, the line in them); the line is None in a notebook's cell.

    where: as `place` returns it, with the name of the file alone.
    """
    name, _, line = where.partition(":")
    return set(map(Path, PATHS.get(name, ()))), int(line) if line.isdigit() else None


def session_cell(filename: str) -> str | None:
    """`In [3]` for code typed into IPython or a notebook, with the number that IPython's tracebacks use; else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(filename)
    return None if number is None else f"In [{number}]"


def place_of(thing: Any) -> str | None:
    """The position at which a function or class begins.

    None if it is chainrule's own, or if Python cannot find its source.
    """
    try:
        thing = inspect.unwrap(thing)
        file = inspect.getsourcefile(thing) or ""
        if OWN in Path(file).parents:
            return None
        if inspect.isclass(thing):
            found = last_class_statement(thing)
            if found is not None:
                return place(*found)
        code = getattr(getattr(thing, "__func__", thing), "__code__", None)
        first = inspect.getsourcelines(thing)[1]
        return place(file, first if code is None else code.co_firstlineno)
    except (TypeError, OSError, ValueError):
        return None


def last_class_statement(cls: type) -> tuple[str, int] | None:
    """The file and line of the class statement above the methods of `cls`.

    If a file defines a class twice, as notebooks do, `inspect` finds only the first before Python 3.13.
    """
    codes = [
        function.__code__
        for function in vars(cls).values()
        if inspect.isfunction(function) and function.__qualname__ == f"{cls.__qualname__}.{function.__name__}"
    ]
    if not codes:
        return None
    first = min(codes, key=lambda code: code.co_firstlineno)
    statement = re.compile(rf"\s*class\s+{re.escape(cls.__name__)}\b")
    lines = linecache.getlines(first.co_filename)
    for line in range(min(first.co_firstlineno, len(lines)), 0, -1):
        if statement.match(lines[line - 1]):
            return first.co_filename, line
    return None


def came_of(name: str, error: BaseException) -> str:
    """What a call of the function `name` came to, in words: its exception, or that no call fits.

    An exception that no line of that code raised is of chainrule's making and says nothing about the code.
    """
    at = last_line(error)
    if at is not None:
        return f"{name} raised {type(error).__name__} at {at}: {error}"
    if isinstance(error, TypeError) and re.search(r"\(\) (missing|takes|got)\b", str(error)):
        return f"{name}: chainrule found no call that fits ({error})"
    return f"{name}: chainrule found no call that fits"


def last_line(error: BaseException) -> str | None:
    """The position of the deepest frame in the learner's code, outside installed packages and chainrule."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        library = path.is_relative_to(Path(sys.base_prefix) / "lib") or "site-packages" in path.parts
        if not library and OWN not in path.parents and not frame.filename.startswith("<"):
            return place(frame.filename, frame.lineno or 1)
    return None
