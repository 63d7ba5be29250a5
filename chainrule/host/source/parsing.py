"""Parses a file or a notebook."""

from __future__ import annotations

import ast
import codecs
from pathlib import Path

from chainrule.contract.errors import UnusableTarget
from chainrule.host.source.notebooks import Notebook, read_notebook
from chainrule.host.source.python_2 import parse_file


def parse(path: Path, target: str) -> tuple[list[ast.stmt], list[str]]:
    """The statements of a file or notebook, and notes on a notebook's cells.

    Raises SyntaxError, and UnusableTarget for a file in UTF-16, as some consoles write it.
    """
    if path.suffix == ".ipynb":
        notebook: Notebook = read_notebook(path, target)
        return notebook.statements, notebook.notes
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise UnusableTarget(f"{target}: the file is in UTF-16; save it in UTF-8")
    return parse_file(path)
