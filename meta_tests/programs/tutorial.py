"""The tutorial as it is executed: `python -m programs.tutorial --write` writes what its commands print anew.

    ```python in=my_mlp.py          a function, which takes the place of the one with its name in the file
    ```python in=my_mlp.py:MLP      a method, which takes the place of the class's
    ```console                      `$ chainrule ...`, and what it prints on 80 columns

Seconds, digests and the folder differ from run to run: `comparable` makes them alike.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

from programs.house import ROOT

PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(r"^```(?P<language>\w+)(?: in=(?P<file>[\w.]+)(?::(?P<cls>\w+))?)?\n(?P<body>.*?)^```$", re.M | re.S)
PROMPT = "$ "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--write", action="store_true", help="write the outputs into the page")
    asked = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        new = executed(text, Path(folder))
    if asked.write:
        PAGE.write_text(new, encoding="utf-8", newline="\n")
    elif comparable(new) != comparable(text):
        sys.exit("docs/tutorial.md shows other outputs; --write writes them anew")


def executed(text: str, folder: Path) -> str:
    """The page, with what its commands print in this folder."""
    parts, end = [], 0
    for block in BLOCK.finditer(text):
        parts.append(text[end : block.start("body")])
        end = block.end("body")
        if block["file"]:
            put(folder / block["file"], block["cls"], block["body"])
        parts.append("".join(answers(block["body"], folder)) if block["language"] == "console" else block["body"])
    return "".join([*parts, text[end:]])


def put(path: Path, cls: str | None, body: str) -> None:
    """Put a function or method in the place of the one with its name."""
    source = path.read_text(encoding="utf-8")
    for new in ast.parse(body).body:
        if not isinstance(new, ast.FunctionDef):
            raise SyntaxError(f"{path.name}: line {new.lineno} of the block is not a function's")
        old = definition(source, cls, new.name)
        lines = source.splitlines(keepends=True)
        text = textwrap.indent(ast.get_source_segment(body, new) or "", " " * old.col_offset)
        source = "".join([*lines[: old.lineno - 1], f"{text}\n", *lines[old.end_lineno :]])
    path.write_text(source, encoding="utf-8")


def definition(source: str, cls: str | None, name: str) -> ast.FunctionDef:
    """The function, or the method of a class, in a source."""
    body = ast.parse(source).body
    if cls is not None:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == cls)
    return next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == name)


def answers(body: str, folder: Path) -> Iterator[str]:
    """The commands of a block, each with what it prints."""
    for line in body.splitlines(keepends=True):
        if line.startswith(PROMPT):
            yield line
            yield printed(line.removeprefix(PROMPT).split(), folder)


def printed(command: list[str], folder: Path) -> str:
    """What a command prints in a terminal of 80 columns without colours, with the status of one that fails."""
    if command[0] == "cat":
        return (folder / command[1]).read_text(encoding="utf-8")
    hidden = ("FORCE_COLOR", "TTY_COMPATIBLE", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
    environment = {key: value for key, value in os.environ.items() if key not in hidden} | {"COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )
    text = (done.stdout + done.stderr).replace(f"{folder.resolve()}{os.sep}", "")
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def comparable(text: str) -> str:
    """The page without what differs from run to run."""
    return re.sub(r"\b\d+\.\d s\b", "0.0 s", re.sub(r"sha256 [0-9a-f]{12}", "sha256 0", text))


if __name__ == "__main__":
    main()
