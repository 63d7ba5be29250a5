"""What the commands share: the parser, the exit statuses, how TARGET is read, files that must not exist yet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from chainrule.contract.errors import UnusableTarget

PASS, FAIL, UNUSABLE, INTERRUPTED = 0, 1, 4, 130
TARGET = "a .py file, a notebook (.ipynb), a package folder or a module name"
STATUS = "Exit status: 0 the verdict is `pass`; 1 it is `fail` or `incomplete`; 4 the command or TARGET is unusable."


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints end with the contract's exit status."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"chainrule: {message}\n{self.format_usage()}")


def add_reading_arguments(command: argparse.ArgumentParser) -> None:
    """How TARGET is read: what is declared of it, and what of it is executed."""
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
        help="what the file calls a name of the contract, such as MLP=NeuralNetwork or backward=backprop; may be "
        "given several times",
    )
    command.add_argument(
        "--run-all", action="store_true", help="execute all of the file or notebook, its training and plotting included"
    )


def write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet.  Raises UnusableTarget."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UnusableTarget(f"{path}: exists already, and is left as it is; name a new file") from None
    except OSError as error:
        raise UnusableTarget(f"{path}: cannot be written ({error.strerror})") from None
