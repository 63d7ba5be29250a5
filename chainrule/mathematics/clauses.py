"""The clauses of the mathematics by id, read from chainrule.reference's folder `mathematics`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

NAME = r"[a-z_]+\.[a-z_]+"
HEADING = re.compile(rf"^## (?P<tick>`?)(?P<id>{NAME})(?P=tick): (?P<title>.+)$", re.MULTILINE)
NEXT_HEADING = re.compile(r"^##? ", re.MULTILINE)
EQUATION = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
FORMULA = re.compile(r"^    (\S.*)$", re.MULTILINE)
SHARED = re.compile(r"`(hygiene\.[a-z_]+)`")


@dataclass(frozen=True)
class Clause:
    """A statement of the mathematics.

    file: its chapter, such as 03_softmax.md.  equation: in LaTeX.  formula: the same in the notation of arrays, for a
    terminal.  text: the whole clause, in Markdown.  why: the text without equation and formula, with the sections of
    hygiene.md that it cites.
    """

    id: str
    file: str
    title: str
    equation: str
    formula: str
    text: str
    why: str

    @property
    def chapter(self) -> str:
        """The chapter whose file it stands in."""
        return self.file.removesuffix(".md").partition("_")[2]


def chapters() -> dict[str, str]:
    """{file name: text} of every file of the mathematics; the numbered ones come first, in order."""
    folder = files("chainrule.reference").joinpath("mathematics")
    found = sorted((path for path in folder.iterdir() if path.name.endswith(".md")), key=lambda path: path.name)
    return {path.name: path.read_text(encoding="utf-8") for path in found}


@lru_cache(maxsize=1)
def sections() -> dict[str, str]:
    """{name: text} of every named section that is not a clause, such as rounding.softmax."""
    return {
        heading["id"]: text for source in chapters().values() for heading, text in named(source) if not heading["tick"]
    }


@lru_cache(maxsize=1)
def clauses() -> dict[str, Clause]:
    """Every clause, in the order of the files."""
    return {
        heading["id"]: read(heading, text, file)
        for file, source in chapters().items()
        for heading, text in named(source)
        if heading["tick"]
    }


def named(source: str) -> list[tuple[re.Match[str], str]]:
    """The headings with an id or a name, each with the text up to the next heading."""
    found = []
    for heading in HEADING.finditer(source):
        end = NEXT_HEADING.search(source, heading.end())
        found.append((heading, source[heading.end() : end.start() if end else len(source)].strip()))
    return found


def read(heading: re.Match[str], text: str, file: str) -> Clause:
    """A clause from its heading and the text below it."""
    equation, formula = EQUATION.search(text), FORMULA.search(text)
    own = EQUATION.sub("", FORMULA.sub("", text, count=1), count=1).strip()
    shared = [sections()[name] for name in dict.fromkeys(SHARED.findall(own))]
    return Clause(
        heading["id"],
        file,
        heading["title"].strip(),
        " ".join(equation[1].split()) if equation else "",
        formula[1].strip() if formula else "",
        text,
        "\n\n".join([own, *shared]),
    )
