"""The clauses of math.md, by id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

HEADING = re.compile(r"^### (?P<number>\d+\.\d+) `(?P<id>[a-z_]+\.[a-z_]+)`: (?P<title>.+)$", re.MULTILINE)
SECTION = re.compile(r"^## ", re.MULTILINE)
EQUATION = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
FORMULA = re.compile(r"^    (\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Clause:
    """A statement of the mathematics.

    number: its place in math.md.  equation: LaTeX.  formula: the same in the notation of arrays, for a terminal.
    text: the whole clause, in Markdown; why: what is left of it without equation and formula.
    """

    id: str
    number: str
    title: str
    equation: str
    formula: str
    text: str
    why: str


@lru_cache(maxsize=1)
def clauses() -> dict[str, Clause]:
    """Every clause, in the order of math.md."""
    source = files("chainrule.reference").joinpath("math.md").read_text(encoding="utf-8")
    headings = list(HEADING.finditer(source))
    ends = [heading.start() for heading in headings[1:]] + [len(source)]
    found = [read(heading, source[heading.end() : end]) for heading, end in zip(headings, ends, strict=True)]
    return {clause.id: clause for clause in found}


def read(heading: re.Match[str], body: str) -> Clause:
    """A clause from its heading and what stands below it, up to the next heading of either level."""
    section = SECTION.search(body)
    text = body[: section.start() if section else len(body)].strip()
    equation, formula = EQUATION.search(text), FORMULA.search(text)
    return Clause(
        heading["id"],
        heading["number"],
        heading["title"].strip(),
        " ".join(equation[1].split()) if equation else "",
        formula[1].strip() if formula else "",
        text,
        EQUATION.sub("", FORMULA.sub("", text, count=1), count=1).strip(),
    )
