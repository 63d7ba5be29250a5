"""Finds the file of a folder that most likely contains the network, by the names that it defines."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

from chainrule.contract.errors import UnusableTarget
from chainrule.host.recognition.vocabulary import names, rank
from chainrule.host.source.notebooks import read_notebook
from chainrule.host.source.rule import DEFINITIONS, statements

OPERATIONS = tuple(names("operations"))
FEWEST = 2  # operations that a file defines if it may be a network's
LISTED = 4  # how many files a message names
TESTS = ("test_", "conftest", "setup", "__init__", "__main__")


def likely_file(folder: Path, target: str) -> Path:
    """The one file that defines the most operations of a network.

    Raises UnusableTarget if no file defines any, or several as many; the message names them.
    """
    files = sorted([*folder.glob("*.py"), *folder.glob("*.ipynb")])
    counts = {file: len(defined_operations(file)) for file in files if not file.name.startswith(TESTS)}
    most = max(counts.values(), default=0)
    likely = [file for file in counts if counts[file] == most >= FEWEST]
    if len(likely) == 1:
        return likely[0]
    named = [str(Path(target) / file.name) for file in likely or counts]
    if not named:
        raise UnusableTarget(f"{target}: this folder is not a package (it has no __init__.py) and has no Python file")
    raise UnusableTarget(
        f"{target}: this folder is not a package (it has no __init__.py); name its files instead:\n"
        f"chainrule check {' '.join(named[:LISTED])}{' ...' if named[LISTED:] else ''}"
    )


def defined_operations(file: Path) -> set[str]:
    """The operations for which a file defines a function or method with a usual name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = file.suffix == ".ipynb"
            body = read_notebook(file, file.name).statements if notebook else ast.parse(file.read_bytes()).body
    except Exception:  # a file that is wrong is not the likely one
        return set()
    found = {statement.name for statement in statements(body) if isinstance(statement, DEFINITIONS)}
    for statement in statements(body):
        if isinstance(statement, ast.ClassDef):
            found |= {inner.name for inner in statement.body if isinstance(inner, DEFINITIONS)}
    return {operation for operation in OPERATIONS for name in found if rank(operation, name) is not None}
