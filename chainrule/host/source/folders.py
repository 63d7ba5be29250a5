"""Finds the file of a folder that most likely contains the network, by the names that it defines."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from pathlib import Path

from chainrule.contract.errors import UnusableTarget
from chainrule.host.recognition.namespaces import ends_as_layer
from chainrule.host.recognition.vocabulary import is_called, names, rank
from chainrule.host.source.notebooks import read_notebook
from chainrule.host.source.rule import DEFINITIONS, statements

OPERATIONS = tuple(names("operations"))
FEWEST = 2  # operations that a file defines if it may be a network's
LISTED = 4  # how many files a message names
TESTS = ("test_", "conftest", "setup", "__init__", "__main__")


def likely_file(folder: Path, target: str) -> Path:
    """The one file that defines the most operations of a network, if possible in a class called one.

    Raises UnusableTarget if no file defines any, or several as many; the message names them.
    """
    files = sorted([*folder.glob("*.py"), *folder.glob("*.ipynb")])
    counts = {file: operations_in(file) for file in files if not file.name.startswith(TESTS)}
    most = max(counts.values(), default=(0, 0))
    likely = [file for file in counts if counts[file] == most and sum(most) >= FEWEST]
    if len(likely) == 1:
        return likely[0]
    named = [str(Path(target) / file.name) for file in likely or counts]
    if not named:
        raise UnusableTarget(f"{target}: this folder is not a package (it has no __init__.py) and has no Python file")
    raise UnusableTarget(
        f"{target}: this folder is not a package (it has no __init__.py); name its files instead:\n"
        f"chainrule check {' '.join(named[:LISTED])}{' ...' if named[LISTED:] else ''}"
    )


def operations_in(file: Path) -> tuple[int, int]:
    """How many operations the best class of a network in a file defines, and how many the whole file does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = file.suffix == ".ipynb"
            body = read_notebook(file, file.name).statements if notebook else ast.parse(file.read_bytes()).body
    except Exception:  # a file that is wrong is not the likely one
        return 0, 0
    every = [statement for statement in statements(body) if isinstance(statement, DEFINITIONS)]
    methods = {one: defined_in(one.body) for one in every if isinstance(one, ast.ClassDef)}
    networks = [len(operations(found)) for one, found in methods.items() if is_network(one.name)]
    best = max((count for count in networks if count >= FEWEST), default=0)
    return best, len(operations({one.name for one in every}.union(*methods.values())))


def is_network(name: str) -> bool:
    """Whether the name of a class says that it is a network, and neither a layer nor a loss."""
    return is_called("classes", "network", name) and not (ends_as_layer(name) or is_called("classes", "loss", name))


def defined_in(body: Sequence[ast.stmt]) -> set[str]:
    return {statement.name for statement in body if isinstance(statement, DEFINITIONS)}


def operations(found: set[str]) -> set[str]:
    """The operations for which one of these names is a usual one."""
    return {operation for operation in OPERATIONS for name in found if rank(operation, name) is not None}
