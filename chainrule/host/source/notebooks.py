"""Reads the code cells of a notebook as Python, without IPython's own syntax."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from chainrule.contract.errors import UnusableTarget
from chainrule.host.source.newer_python import needs
from chainrule.host.source.rule import DEFINITIONS
from chainrule.support.source_positions import place, register_cells, within

# Cell magics whose cell is Python; the cells of all others are in another language, or are a file's content.
AROUND_PYTHON = frozenset("time timeit capture prun memit mprun lprun snakeviz python python3 py3 px".split())
MOST_WRONG = 8  # how many statements of a cell may not be valid
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
    """The code of a notebook: the statements of all cells in order, and notes on the cells left out."""

    statements: list[ast.stmt]
    notes: list[str]


def read_notebook(path: Path, target: str) -> Notebook:
    """Read and parse a notebook, and register its lines with chainrule.support.source_positions.

    Raises UnusableTarget if the file is not a notebook, is in another language, or has no valid Python cell.
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
            wrong = needs(cells[index]) or f"not valid Python ({at}: {error.msg})"
            errors.append(error)
            cells[index], lines = without_what_is_wrong(cells[index])
            found = parse(cells[index], filename, start)
            notes.append(f"cell {index + 1} was left out{f' in {lines}' if found else ''}: {wrong}")
            statements += found
    register_cells(filename, cells)  # without the invalid cells, so that `inspect` can parse the rest
    if errors and not statements:
        at = place(filename, errors[0].lineno or 1)
        raise UnusableTarget(f"{target}: no cell is valid Python; at {at}: {errors[0].msg}{python_2(errors[0])}")
    return Notebook(statements, sorted(notes, key=lambda note: int(re.findall(r"\d+", note)[0])))


def code_cells(path: Path, target: str) -> list[str]:
    """The source of every code cell, for every version of the notebook format."""
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8-sig"), as_version=4)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # for a damaged file, nbformat raises exceptions of any type
        said = str(error).strip().partition("\n")[0][:200]
        raise UnusableTarget(f"{target}: this notebook cannot be read: {said or type(error).__name__}") from None
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    named_otherwise = str(language).lower() not in ("python", "python3", "python2", "ipython", "")
    if named_otherwise and not any(map(defines, cells)):  # what a notebook says of its language is sometimes wrong
        raise UnusableTarget(f"{target}: expected a notebook in Python, found one in {language}")
    return cells


def defines(cell: str) -> bool:
    """Whether a cell is Python that defines a function or a class."""
    try:
        tree = ast.parse(without_magic_lines(cell))
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, DEFINITIONS) for node in tree.body)


def without_cell_magic(source: str) -> tuple[str, str]:
    """A cell with its cell magics blanked, and the magic that makes it other than Python, if any."""
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
    """A cell with its magic lines, such as `%matplotlib inline`, blanked.

    Only a line at which parsing fails counts as magic, so that lines inside a string stay.
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


def without_what_is_wrong(cell: str) -> tuple[str, str]:
    """A cell with the outermost statements that are not valid blanked, and where they stood.

    Nothing is left of a cell in which one blanked statement after the other does not help.
    """
    lines, blanked = cell.split("\n"), []
    for _ in range(MOST_WRONG):
        try:
            ast.parse("\n".join(lines))
        except (SyntaxError, ValueError) as error:
            at = min(getattr(error, "lineno", None) or 1, len(lines)) - 1
            begins = [
                l for l, line in enumerate(lines) if line.strip() and not line[0].isspace() and line[0] not in ")]}"
            ]
            first = max((l for l in begins if l <= at), default=0)
            while first - 1 in begins and lines[first - 1].startswith("@"):
                first -= 1
            end = min((l for l in begins if l > at), default=len(lines))
            lines[first:end] = [""] * (end - first)
            blanked.append(f"line {first + 1}" if end == first + 1 else f"lines {first + 1} to {end}")
        else:
            return "\n".join(lines), " and ".join(blanked)
    return "\n" * cell.count("\n"), ""


def blank(lines: list[str], line: int) -> None:
    """Replace a line, and the lines that continue it after a backslash, by `pass`."""
    magic = lines[line]
    lines[line] = magic[: len(magic) - len(magic.lstrip())] + "pass"
    while magic.endswith("\\") and line + 1 < len(lines):
        line += 1
        magic, lines[line] = lines[line], ""


def parse(cell: str, filename: str, start: int) -> list[ast.stmt]:
    """A cell's statements, with their line numbers in the whole notebook's code."""
    try:
        return ast.parse("\n" * (start - 1) + cell, filename).body
    except ValueError as error:  # before Python 3.12, null bytes raise ValueError
        raise SyntaxError(str(error), (filename, start, 0, "")) from None


def python_2(error: SyntaxError) -> str:
    """The advice for a syntax error that Python 2 code causes; else ""."""
    leftover = re.search(
        r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
        r"|leading zeros in decimal|invalid (decimal|hexadecimal) literal",
        error.msg or "",
    )
    if leftover or re.search(r"<>|\braise \w+,|`\w+`|\bexcept \w+, \w+:|^\s*print\s+[\"'\w]", error.text or ""):
        return "; it is written in Python 2: convert it to Python 3 first"
    return ""
