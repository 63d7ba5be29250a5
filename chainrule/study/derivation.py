"""The derivation as HTML, its equations as MathML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from chainrule.mathematics.clauses import HEADING, NAME, chapters
from chainrule.study.tracing import missing

try:
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
except ImportError as error:
    raise missing(str(error.name).partition(".")[0]) from None

ANY_HEADING = re.compile(r"^(#{1,2}) (.+)$", re.MULTILINE)
NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # which HTML does without
PARTIAL = "\N{PARTIAL DIFFERENTIAL}"  # a sign to the converter, but without the space of one
FUNCTION = re.compile(r"[A-Za-z]{2,}")
CITED = re.compile(rf"<code>({NAME})</code>")


@dataclass(frozen=True)
class Section:
    """A part of a file of the mathematics: a heading, and the text up to the next one, as HTML.

    name: the id of a clause, or the name of a section such as rounding.softmax; empty for others.
    level: of its heading.
    """

    name: str
    level: int
    heading: str
    body: str


def sections(file: str) -> Iterator[Section]:
    """The sections of a file of the mathematics in their order."""
    source, markdown = chapters()[file], renderer()
    found = list(ANY_HEADING.finditer(source))
    for heading, following in zip(found, [*found[1:], None], strict=True):
        text = source[heading.end() : following.start() if following else len(source)]
        named = HEADING.match(heading[0])
        title = named["title"] if named else heading[2]
        yield Section(
            named["id"] if named else "", len(heading[1]), markdown.renderInline(title), markdown.render(text).strip()
        )


def renderer() -> MarkdownIt:
    """Markdown to HTML, with equations between dollars."""

    def equation(latex: str, options: Mapping[str, bool]) -> str:
        return mathml(latex, "block" if options["display_mode"] else "inline")

    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=equation)


def mathml(latex: str, display: str = "inline") -> str:
    """An equation as MathML, the names of functions in one piece and with space around them.

    The converter sets the letters of a name as so many variables, and no space.
    """
    tree = ElementTree.fromstring(convert(latex.strip(), display=display).replace(NAMESPACE, ""))
    for parent in tree.iter():
        letters = [child.text or "" for child in parent if child.get("mathvariant") == "normal"]
        if parent.tag == "mrow" and len(letters) == len(parent) > 1:
            parent[:], parent.tag, parent.text = [], "mi", "".join(letters)
    for parent in tree.iter():
        if parent.tag == "mrow":
            parent[:] = list(spaced(list(parent)))
    return ElementTree.tostring(tree, encoding="unicode")


def spaced(row: Sequence[Element]) -> Iterator[Element]:
    """A row with a thin space beside the name of a function, where no bracket or sign stands."""
    for item, following in zip(row, [*row[1:], None], strict=True):
        yield item
        if following is None or following.tag == "mo" or (item.tag == "mo" and item.text != PARTIAL):
            continue
        if any(part.tag == "mi" and FUNCTION.fullmatch(part.text or "") for part in (item, following)):
            yield Element("mspace", width="0.17em")


def with_links(html: str, known: Mapping[str, str]) -> str:
    """HTML with a link to each clause or section that it names.  known: {name: its anchor}."""

    def link(found: re.Match[str]) -> str:
        anchor = known.get(found[1])
        return found[0] if anchor is None else f'<a href="#{escape(anchor)}">{found[0]}</a>'

    return CITED.sub(link, html)
