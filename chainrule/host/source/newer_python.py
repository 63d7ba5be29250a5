"""Finds out which newer version of Python a file needs, if the running one cannot parse it.

chainrule rewrites each newer form as an older one.  If the whole file then parses, it needs the version of these forms.
The rewritten file is only parsed and never runs.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Mapping

BRACKETS = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"  # with brackets inside, as in [T: list[int]]
WITHOUT_DEFAULT = BRACKETS.replace(r"[^\[\]]|", r"[^\[\]=]|")
STRING = re.compile(r"(?:(?<!\w)([rbufRBUF]{1,2}))?('''|\"\"\"|'|\")")
Rewriting = Callable[[str], str]


def rewriting(pattern: str, replacement: str) -> Rewriting:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda source: compiled.sub(replacement, source)


def type_parameters(brackets: str) -> Rewriting:
    return rewriting(rf"^(\s*(?:async\s+def|def|class)\s+\w+)\s*{brackets}(?=\s*[(:])", r"\1")


def type_statements(brackets: str) -> Rewriting:
    return rewriting(rf"^(\s*)type\s+(\w+)\s*{brackets}\s*=(?!=)", r"\1\2 =")


def without_f_strings(source: str) -> str:
    """The source with an empty string for every f-string, and at its end, in brackets, what these evaluate."""
    reader = FStrings(source)
    try:
        plain = reader.code(0, "")[0]
    except IndexError:  # a string or a replacement field does not end
        return source
    return "\n".join([plain, *(f"({expression}\n)" for expression in reader.expressions)])


class FStrings:
    """Reads f-strings as Python 3.12 does (PEP 701).  expressions: those in their replacement fields.

    Every method takes a place in the text and returns the place behind what it has read; IndexError if that is not
    closed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.expressions: list[str] = []

    def code(self, at: int, until: str) -> tuple[str, int]:
        """(code without f-strings, the place of the first character of `until` outside brackets, or the end)."""
        read: list[str] = []
        depth = 0
        while at < len(self.text):
            here = self.text[at]
            if not depth and here in until and self.text[at : at + 2] != "!=":
                return "".join(read), at
            string, comment = STRING.match(self.text, at), re.compile(r"#.*").match(self.text, at)
            if string is not None:
                evaluated = "f" in (string[1] or "").lower()
                end = self.string(string.end(), string[2], fields=evaluated)
                read.append('""' if evaluated else self.text[at:end])
                at = end
            else:
                end = comment.end() if comment else at + 1
                depth += (here in "([{") - (here in ")]}")
                read.append(self.text[at:end])
                at = end
        if until:
            raise IndexError
        return "".join(read), at

    def string(self, at: int, quote: str, *, fields: bool) -> int:
        """Read a string to its closing quote.  fields: whether it has replacement fields."""
        while not self.text.startswith(quote, at):
            here = self.text[at]
            if here == "\n" and len(quote) == 1:
                raise IndexError
            if here == "\\" or (fields and self.text[at : at + 2] in ("{{", "}}")):
                at += 2
            else:
                at = self.field(at + 1) if fields and here == "{" else at + 1
        return at + len(quote)

    def field(self, at: int) -> int:
        """Read a replacement field to its closing bracket, with its conversion and its format."""
        expression, at = self.code(at, "!:}")
        expression = re.sub(r"(?<![=!<>])=\s*$", "", expression)  # f"{x=}"
        if not expression.strip():
            raise IndexError
        self.expressions.append(expression)
        if self.text[at] == "!":
            at = self.code(at + 1, ":}")[1]
        if self.text[at] == ":":
            at += 1
            while self.text[at] != "}":
                at = self.field(at + 1) if self.text[at] == "{" else at + 1
        return at + 1


# {version: {form: how to write it in older Python}}.
NEWER: Mapping[tuple[int, int], Mapping[str, Rewriting]] = {
    (3, 11): {
        "except*": rewriting(r"^(\s*except)\s*\*", r"\1 "),
        "a starred index": rewriting(r"(?<=[\w\])])\[((?:[^\[\]\n]*,)?\s*)\*(?=\w)", r"[\1"),
        "a starred annotation": rewriting(r"(\*\w+\s*:\s*)\*", r"\1"),
    },
    (3, 12): {
        "an f-string": without_f_strings,
        "type": type_statements(f"(?:{WITHOUT_DEFAULT})?"),
        "type parameters": type_parameters(WITHOUT_DEFAULT),
    },
    (3, 13): {
        "a default in type": type_statements(BRACKETS),
        "a default of type parameters": type_parameters(BRACKETS),
    },
    (3, 14): {
        "except without brackets": rewriting(r"^(\s*except)\s+([A-Z][\w.]*(?:\s*,\s*[A-Z][\w.]*)+)\s*:", r"\1 (\2):"),
        "a template string": rewriting(r"\b(?:[tT][rR]?|[rR][tT])(?=[\"'])", "f"),
    },
    (3, 15): {
        "lazy import": rewriting(r"^(\s*)lazy\s+(?=import\b|from\b)", r"\1"),
        "unpacking in a comprehension": rewriting(r"([\[({])\s*\*\*?(?=[^\[\](){}\n]*\bfor\b)", r"\1"),
    },
}


def needs(source: str) -> str:
    """What in a source needs a newer Python, in words; empty if nothing does or no version parses it."""
    known: dict[str, Rewriting] = {}
    if parses(source, known):
        return ""
    for version, rewritings in NEWER.items():
        if version > sys.version_info[:2]:
            known = {**rewritings, **known}  # the newest first: a template string becomes an f-string
            if parses(source, known):
                needed = [f for f in rewritings if not parses(source, {k: how for k, how in known.items() if k != f})]
                running = ".".join(map(str, sys.version_info[:2]))
                forms = f"{' and '.join(needed) or 'its syntax'}"
                return f"{forms} needs Python {version[0]}.{version[1]} or newer, and this is Python {running}"
    return ""


def parses(source: str, rewritings: Mapping[str, Rewriting]) -> bool:
    """Whether the source, rewritten, is valid Python here."""
    for rewrite in rewritings.values():
        source = rewrite(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True
