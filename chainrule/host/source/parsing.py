"""Parses a file or a notebook."""

from __future__ import annotations

import ast
from pathlib import Path

from chainrule.host.source.notebooks import Notebook, read_notebook
from chainrule.host.source.python_2 import parse_file


def parse(path: Path, target: str) -> tuple[list[ast.stmt], list[str]]:
    """The statements of a file or notebook, and notes on a notebook's cells.  Raises SyntaxError."""
    if path.suffix == ".ipynb":
        notebook: Notebook = read_notebook(path, target)
        return notebook.statements, notebook.notes
    return parse_file(path)
