"""The code of a notebook: its code cells as Python, without what only IPython understands."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from chainrule.contract.errors import UnusableTarget
from chainrule.support.source_positions import place, register_cells, within

# Cell magics whose cell is Python all the same; the cells of all others are in another language, or a file's content.
AROUND_PYTHON = frozenset("time timeit capture prun memit mprun lprun snakeviz python python3 py3 px".split())
MAGIC_LINE = re.compile(
    r"""\s*(
        [%!?].*                                     # %matplotlib inline, !pip install, ?help
      | [\w.\[\]'", ]+?=\s*(%\w|!).*                # files = !ls
      | [\w.%*]+\?{1,2}\s*                          # np.zeros?
    )$""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Notebook:
    """statements: of all cells, in order.  notes: which cells were left out, and why."""

    statements: list[ast.stmt]
    notes: list[str]


def read_notebook(path: Path, target: str) -> Notebook:
    """Read and parse a notebook, and make its lines known to chainrule.support.source_positions.

    Raises UnusableTarget for what is no notebook, or none of Python, or has no cell that is valid Python.
    """
    filename, sources = str(path), code_cells(path, target)
    cells, notes = [], []
    for number, source in enumerate(sources, 1):
        cell, magic = without_cell_magic(source)
        if magic:
            notes.append(f"cell {number} was left out: %%{magic}")
        cells.append("\n" * source.count("\n") if magic else without_magic_lines(cell))
    statements, errors = [], []
    for index, start in enumerate(register_cells(filename, cells)):
        try:
            statements += parse(cells[index], filename, start)
        except SyntaxError as error:
            at = within(filename, error.lineno or start)
            notes.append(f"cell {index + 1} was left out: not valid Python ({at}: {error.msg})")
            errors.append(error)
            cells[index] = "\n" * cells[index].count("\n")
    register_cells(filename, cells)  # without those that would keep `inspect` from parsing the rest
    if errors and not statements:
        at = place(filename, errors[0].lineno or 1)
        raise UnusableTarget(f"{target}: no cell is valid Python; at {at}: {errors[0].msg}{python_2(errors[0])}")
    return Notebook(statements, sorted(notes, key=lambda note: int(re.findall(r"\d+", note)[0])))


def code_cells(path: Path, target: str) -> list[str]:
    """The source of every code cell, whichever format the notebook is stored in."""
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # nbformat lets through what reading a damaged file raises, of any type
        said = str(error).strip().partition("\n")[0][:200]
        raise UnusableTarget(f"{target}: not a notebook that can be read: {said or type(error).__name__}") from None
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if str(language).lower() not in ("python", "python3", "python2", "ipython", ""):
        raise UnusableTarget(f"{target}: a notebook of {language}; expected one of Python")
    return cells


def without_cell_magic(source: str) -> tuple[str, str]:
    """A cell with the magics around it made blank, and the magic whose cell is no Python, if it has one."""
    lines = source.split("\n")
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        found = re.match(r"\s*%%(\w+)", line)
        if not found:
            break
        if found[1] not in AROUND_PYTHON:
            return source, found[1]
        lines[index] = ""
    return "\n".join(lines), ""


def without_magic_lines(source: str) -> str:
    """A cell whose magic lines, `%matplotlib inline` and the like, do nothing.

    Only a line at which parsing stops is taken for one, so that a string's lines stay as they are.
    """
    lines = source.split("\n")
    while True:
        try:
            ast.parse("\n".join(lines))
        except (SyntaxError, ValueError) as error:
            line = (getattr(error, "lineno", None) or 0) - 1
            if 0 <= line < len(lines) and MAGIC_LINE.match(lines[line]):
                blank(lines, line)
                continue
        return "\n".join(lines)


def blank(lines: list[str], line: int) -> None:
    """Replace a line, and those that its backslashes continue it with, by ones that do nothing."""
    magic = lines[line]
    lines[line] = magic[: len(magic) - len(magic.lstrip())] + "pass"
    while magic.endswith("\\") and line + 1 < len(lines):
        line += 1
        magic, lines[line] = lines[line], ""


def parse(cell: str, filename: str, start: int) -> list[ast.stmt]:
    """A cell's statements, on the lines that they have in the notebook's code as a whole."""
    try:
        return ast.parse("\n" * (start - 1) + cell, filename).body
    except ValueError as error:  # null bytes, before Python 3.12
        raise SyntaxError(str(error), (filename, start, 0, "")) from None


def python_2(error: SyntaxError) -> str:
    """What to say after a syntax error that Python 2 code gives."""
    leftover = re.search(
        r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
        r"|leading zeros in decimal|invalid (decimal|hexadecimal) literal",
        error.msg or "",
    )
    if leftover or re.search(r"<>|\braise \w+,|`\w+`|\bexcept \w+, \w+:|^\s*print\s+[\"'\w]", error.text or ""):
        return "; it is written in Python 2: convert it to Python 3 first"
    return ""
