"""The pages of the documentation that are written from the code: commands, conventions, clauses, mistakes."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from chainrule.cli import make_parser
from chainrule.contract.chapters import CHAPTERS
from chainrule.contract.conventions import NATIVE, SUPPORTED
from chainrule.diagnosis import mistakes
from chainrule.mathematics.clauses import HEADING, NAME, chapters, clauses, sections

ROOT = Path(__file__).parents[1]
WIDTH = "88"  # columns of the help texts
CITED = re.compile(rf"`({NAME})`")
OUTSIDE = re.compile(r"\[(?P<text>[^\]]*)\]\(\.\./(?P<path>[^)#]+)(?P<anchor>#[^)]*)?\)")
MATHEMATICS, INTRODUCTION = "reference/mathematics/", "README.md"


def write(folder: Path) -> None:
    """Write all pages into a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "mathematics").mkdir(parents=True)
    for name, text in chapters().items():
        if name != INTRODUCTION:
            (folder / "mathematics" / name).write_text(mathematics(text), encoding="utf-8")
    for name, lines in (
        ("mathematics/index", contents()),
        ("commands", commands()),
        ("conventions", conventions()),
        ("mistakes", known_mistakes()),
    ):
        (folder / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def mathematics(text: str) -> str:
    """A chapter, with an anchor at each clause, and a link wherever one is cited."""
    targets = clauses().keys() | sections().keys()
    parts = []
    for line in text.splitlines():
        heading = HEADING.match(line)
        if heading:
            parts.append(f"({anchor(heading['id'])})=")
            parts.append(line)
        elif line.startswith(("    ", "#")):
            parts.append(line)
        else:
            parts.append(CITED.sub(lambda found: link(found[1]) if found[1] in targets else found[0], line))
    return "\n".join(parts) + "\n"


def anchor(name: str) -> str:
    """What a page calls a clause or a section of the mathematics."""
    return f"clause-{name}"


def link(name: str) -> str:
    return f"[`{name}`](#{anchor(name)})"


def contents() -> Iterator[str]:
    """The mathematics' own introduction, and the chapters in order."""
    yield mathematics(chapters()[INTRODUCTION])
    files = (name.removesuffix(".md") for name in chapters() if name != INTRODUCTION)
    yield from ("```{toctree}", ":maxdepth: 1", "", *files, "```")


def commands() -> Iterator[str]:
    """The help of each command, as it prints it."""
    os.environ["COLUMNS"] = WIDTH
    parser = make_parser()
    yield "# Commands"
    yield from ("", "```text", parser.format_help().rstrip(), "```")
    (subparsers,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in subparsers.choices.items():
        yield from ("", f"## chainrule {name}", "", "```text", command.format_help().rstrip(), "```")


def conventions() -> Iterator[str]:
    """The values of each convention, the native one first."""
    yield "# Conventions"
    yield ""
    yield (
        "People write the same mathematics differently. chainrule finds by trying which convention a file follows; "
        "`--convention KEY=VALUE`, `[tool.chainrule.conventions]` in pyproject.toml or the file's dictionary "
        "`CHAINRULE` declare one."
    )
    yield from ("", "| key | native | also |", "| --- | --- | --- |")
    for key, native in NATIVE.items():
        others = [value for value in SUPPORTED.get(key, ()) if value != native]
        yield f"| `{key}` | `{native}` | {', '.join(f'`{value}`' for value in others) or 'a value of its own'} |"


def known_mistakes() -> Iterator[str]:
    """Every mistake of the catalogue, by chapter."""
    known = mistakes().values()
    yield "# Mistakes that a check knows by name"
    yield from ("", f"{len(known)} mistakes. `chainrule explain ID` shows one with its fingerprint and an example.")
    for chapter in CHAPTERS:
        of = [mistake for mistake in known if mistake.chapter == chapter]
        if of:
            yield from ("", f"## {chapter}", "")
        for mistake in of:
            yield from (f"`{mistake.id}`", f": **{plain(mistake.title)}.** {plain(mistake.explanation)}", "")
            yield f"  Breaks {link(mistake.clause)}." + (f" Mend: `{mistake.mend}`" if mistake.mend else "")
            yield ""


def plain(text: str) -> str:
    """A sentence in which Markdown finds no marks."""
    return re.sub(r"([\\`*_\[\]<>|$])", r"\\\1", " ".join(text.split()))


def relink(app: object, name: str, source: list[str]) -> None:
    """Make links out of this folder lead to the mathematics' pages, or be the path of a file of the repository."""
    source[0] = OUTSIDE.sub(inside, source[0])


def inside(found: re.Match[str]) -> str:
    path = found["path"]
    if not (ROOT / path).exists():
        raise FileNotFoundError(f"a page of docs links to {path}, which does not exist")
    if path.startswith(MATHEMATICS):
        return f"[{found['text']}](generated/mathematics/{path.removeprefix(MATHEMATICS)}{found['anchor'] or ''})"
    if path == MATHEMATICS.rstrip("/"):
        return f"[{found['text']}](generated/mathematics/index.md)"
    return f"`{path}`"
