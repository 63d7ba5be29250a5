"""What the commands share: the parser, the exit statuses, options for reading TARGET, writing new files."""

from __future__ import annotations

import argparse
import io
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from chainrule.contract.chapters import CHAPTERS
from chainrule.contract.errors import UnusableTarget

if TYPE_CHECKING:
    from chainrule.running.loading import Loaded

PASS, FAIL, UNUSABLE, INTERRUPTED, UNREAD = 0, 1, 4, 130, 141
REPLACED = "replace"  # what an encoding lacks, such as the bytes of a file's name in another one
TARGET = "a .py file, a notebook (.ipynb), a package folder or a module name"
STATUS = (
    "Exit status: 0 the verdict is `pass` (with --baseline: the gate is green);\n1 it is not; "
    "4 the command or TARGET is unusable; 130 Ctrl-C ended it."
)


def replacing(stream: TextIO, encoding: str | None = None) -> None:
    """Let a stream replace the characters that its encoding lacks.  encoding: another one, from now on."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=encoding, errors=REPLACED)


class Wrapped(argparse.RawDescriptionHelpFormatter):
    """Wraps the paragraphs of a description to the terminal, except those with indented lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(
            paragraph if "\n  " in f"\n{paragraph}" else textwrap.fill(paragraph, width)
            for paragraph in textwrap.dedent(text).strip().split("\n\n")
        )


class Parser(argparse.ArgumentParser):
    """An argument parser that exits with the contract's status on an error."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"chainrule: {message}\n{self.format_usage()}")


def with_targets_first(words: Sequence[str]) -> list[str]:
    """The words of a command line, with the files behind `--chapter`, which would take them, in front of it.

    The name of a chapter is the chapter, although a folder may be called so.
    """
    found: list[str] = []
    start: int | None = None  # of the last --chapter, while only its values follow
    for word in words:
        if word.startswith("-"):
            start = len(found) if word == "--chapter" else None
        is_path = Path(word).suffix in (".py", ".ipynb") or os.path.isdir(word)
        if start is not None and is_path and word not in CHAPTERS:
            found.insert(start, word)
            start += 1
        else:
            found.append(word)
    return found


def add_reading_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options that say how to read TARGET: conventions, names, and which of its code runs."""
    command.add_argument(
        "--convention",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="declare a convention, such as samples=columns or initialization=he; may be given several times",
    )
    command.add_argument(
        "--name",
        metavar="NAME=THEIRS",
        action="append",
        default=[],
        help="the name that the file uses for one of the contract's, such as MLP=NeuralNetwork or backward=backprop; "
        "may be given several times",
    )
    command.add_argument(
        "--run-all", action="store_true", help="run the whole file or notebook, training and plotting included"
    )


def add_adapter_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--adapter", metavar="FILE", help="a file whose class Adapter subclasses chainrule.Implementation"
    )


def reading_options(arguments: argparse.Namespace) -> list[str]:
    """The options of a command line that say how to read TARGET, for another command."""
    given = [("--adapter", name) for name in (arguments.adapter,) if name]
    given += [("--convention", pair) for pair in arguments.convention]
    given += [("--name", pair) for pair in arguments.name]
    return [*(word for pair in given for word in pair), *(["--run-all"] if arguments.run_all else [])]


def load_asked(target: str, arguments: argparse.Namespace) -> Loaded:
    """Load a TARGET as the options of a command line say.  Raises UnusableTarget."""
    from chainrule.contract.declarations import pairs
    from chainrule.running.loading import load

    return load(
        target,
        arguments.adapter,
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )


def write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet.  Raises UnusableTarget."""
    try:
        with path.open("x", encoding="utf-8", errors=REPLACED, newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UnusableTarget(f"{path}: this file exists already and was not changed; name a new file") from None
    except OSError as error:
        raise UnusableTarget(f"{path}: cannot be written ({error.strerror})") from None


def write(path: Path, text: str) -> None:
    """Write a file anew, alike on every system."""
    path.write_text(text, encoding="utf-8", errors=REPLACED, newline="\n")


def require_writable(path: Path, option: str) -> None:
    """Raise UnusableTarget if a file cannot be written; an existing one stays until the new one is written."""
    existed = os.path.exists(path)
    if existed and path.suffix in (".py", ".ipynb"):
        raise UnusableTarget(f"{option} {path}: this file holds code, which would be lost; name another file")
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise UnusableTarget(f"{option} {path}: cannot be written ({error.strerror})") from None
    if not existed:
        path.unlink()
