"""The tables of names in docs/recognised.md, from chainrule's data: `python -m programs.recognised_names --write`.

Without `--write` the program prints the page as it should be; the exit status is 1 if the page is out of date.
"""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path

from chainrule.host.recognition.vocabulary import names, rank, role, size_role

PAGE = Path(__file__).parents[2] / "docs" / "recognised.md"
HEADINGS = {"operations": "operation", "roles": "role", "sizes": "sizes"}
SHOWN = 8  # names of one thing
HELD = {
    "reg": "0",
    "keep_prob": "1",
    "quiet": "off",
    "batch_normalization": "off",
    "activation": "ReLU",
    "tolerance": "0",
}  # what recognition gives such a parameter
TABLE = r"(?<=<!-- {kind}: from the names, by a program -->\n).*?(?=\n<!-- end -->)"


def examples(kind: str, key: str) -> list[str]:
    """The first names that are taken for one thing; of a line that joins words, three at most."""
    found: list[str] = []
    for spelled in names(kind)[key].spelled:
        parts = [part.split()[:3] for part in spelled.split(">")]
        choices = itertools.product(*reversed(parts))  # the first part varies first
        joined = ["_".join(word for word in reversed(words) if word != "-") for words in choices]
        found += [name for name in joined if name not in found and is_taken(kind, key, name)][:3]
    return found[:SHOWN]


def is_taken(kind: str, key: str, name: str) -> bool:
    if kind == "operations":
        return name.isidentifier() and rank(key, name) is not None
    return name.isidentifier() and (role(name) if kind == "roles" else size_role(name)) == key


def table(kind: str) -> str:
    """The table of one kind of names, as Markdown."""
    lines = [f"| {HEADINGS[kind]} | names, for example |", "|---|---|"]
    for key in names(kind):
        held = f": held at {HELD[key]}" if kind == "roles" and key in HELD else ""
        lines.append(f"| `{key}` | {', '.join(f'`{name}`' for name in examples(kind, key))}{held} |")
    return "\n".join(lines)


def page() -> str:
    """The page with its tables as the names have them now."""
    text = PAGE.read_text(encoding="utf-8")
    for kind in HEADINGS:
        text = re.sub(TABLE.format(kind=kind), lambda _, kind=kind: table(kind), text, count=1, flags=re.DOTALL)
    return text


def main() -> int:
    new = page()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(new, encoding="utf-8", newline="\n")
        return 0
    print(new)
    return int(new != PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
