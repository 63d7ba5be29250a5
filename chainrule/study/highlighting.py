"""Python source as HTML, line by line, with the kinds of its words marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Operator, String

KINDS = (  # the first that fits
    (Comment, "remark"),
    (String, "string"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Function, "defined"),
    (Name.Class, "defined"),
)


def highlighted(lines: Sequence[str]) -> list[str]:
    """Each line as HTML."""
    found, text = [""] * len(lines), "\n".join(lines)
    number = 0
    for token, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        kind = next((name for family, name in KINDS if token in family), "")
        for place, part in enumerate(value.split("\n")):
            number += place > 0
            if part and number < len(found):
                found[number] += f'<span class="{kind}">{escape(part)}</span>' if kind else escape(part)
    return found
