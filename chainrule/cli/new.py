"""`chainrule new`: write a skeleton to fill in."""

from __future__ import annotations

import argparse
from pathlib import Path

from chainrule.cli.parsing import PASS, write_new
from chainrule.contract.errors import UnusableTarget


def run_new(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.cli.skeleton import SKELETON

    path: Path = arguments.file
    if path.suffix != ".py":
        raise UnusableTarget(f"{path}: expected the name of a Python file, such as my_mlp.py")
    write_new(path, SKELETON)
    print(f"{path}: written; fill in its functions, and run `chainrule check {path}` after each")
    return PASS
