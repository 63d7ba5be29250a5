"""Finds where a file stands: its package, its project, and the folders above it."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

PROJECT_MARKS = (".git", "pyproject.toml", "setup.py")
LOOSE_MARKS = ("README", "README.md", "README.rst", "README.txt", "LICENSE", "requirements.txt", "setup.cfg")
SHARED = {os.path.expanduser("~"), tempfile.gettempdir(), os.sep}  # of many projects: their scripts are not the file's
SOURCES = "src"  # the folder in which a project may keep its packages
HIGHEST = 3  # folders above the file's that count as its project, if nothing marks the project's root


def place_in_package(path: Path) -> tuple[str, Path]:
    """The name under which a file is imported, and the folder that must be in the search path."""
    if path.suffix == ".ipynb":
        return path.stem, path.parent
    dots = re.findall(rb"^[ \t]*from[ \t]+(\.+)", path.read_bytes(), re.MULTILINE)
    depth, folder, name = max(map(len, dots), default=0), path.parent, path.stem
    if path.name == "__init__.py":
        depth, folder, name = depth - 1, path.parent.parent, path.parent.name
    while (depth > 0 or (folder / "__init__.py").is_file()) and folder.parent != folder:
        folder, name, depth = folder.parent, f"{folder.name}.{name}", depth - 1
    return name, folder


def home(path: Path) -> tuple[str, list[Path], list[Path]]:
    """(the name under which a file is imported, the folders that come first in the search path, all its folders)."""
    name, root = place_in_package(path)
    first = [root] if path.name == "__init__.py" else list(dict.fromkeys([path.parent, root]))
    if names_modules_of(name.partition(".")[0], path):  # and not from a module of the same name beside the file
        first.reverse()
    above = [*first, *ancestors(path.parent)]
    sources = [folder / SOURCES for folder in above if (folder / SOURCES).is_dir()]
    return name, first, list(dict.fromkeys([*above, *sources]))


def names_modules_of(package: str, path: Path) -> bool:
    """Whether a file imports modules of its own package by the package's name."""
    with contextlib.suppress(OSError):
        return bool(re.search(rf"^\s*(from|import)\s+{re.escape(package)}\.", path.read_text("utf-8", "ignore"), re.M))
    return False


def ancestors(folder: Path) -> list[Path]:
    """The folders above this one, up to the root of the project."""
    found = [folder]
    while len(found) <= HIGHEST and folder.parent != folder:
        if any((folder / mark).exists() for mark in PROJECT_MARKS):
            break
        folder = folder.parent
        found.append(folder)
    return found[1:]


def is_marked(folder: Path) -> bool:
    """Whether a folder looks like a project's, also one that was downloaded without its history."""
    return any((folder / mark).exists() for mark in (*PROJECT_MARKS, *LOOSE_MARKS))


def shared(folder: Path) -> bool:
    """Whether a folder holds many projects, as a home folder does."""
    return str(folder) in SHARED


def listed(folder: Path, *patterns: str) -> list[Path]:
    """What a folder holds; nothing of one that may not be read, or that another program removes meanwhile."""
    with contextlib.suppress(OSError):
        return [place for pattern in patterns for place in folder.glob(pattern)]
    return []
