"""Draws the stored examples of the property specs: `python -m chainrule.specification.points --write | --check`.

Other versions of Hypothesis draw other examples: pyproject.toml names the version that drew these.
"""

from __future__ import annotations

import argparse
import json
import sys

from hypothesis.internal.conjecture import providers

from chainrule.specification.given import property_of
from chainrule.specification.points import path
from chainrule.specification.registry import chapters, specs_of
from chainrule.specification.searching import draws


def text_of(chapter: str) -> str:
    """The content of a chapter's file, with a line for each example; empty for a chapter without property specs."""
    drawn = {
        entry.clause: draws(property_of(entry.test), entry.clause)
        for entry in specs_of(chapter)
        if property_of(entry.test) is not None
    }
    blocks = [f'"{clause}": [\n' + ",\n".join(map(json.dumps, examples)) + "\n]" for clause, examples in drawn.items()]
    return "{\n" + ",\n".join(blocks) + "\n}\n" if blocks else ""


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw the stored examples of the property specs.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write them")
    what.add_argument("--check", action="store_true", help="compare them with the stored ones")
    arguments = parser.parse_args()
    # Hypothesis also tries numbers from loaded modules, which would make every run different.
    vars(providers)["_get_local_constants"] = vars(providers)["Constants"]
    different = []
    for chapter in chapters():
        text, file = text_of(chapter), path(chapter)
        if text == (file.read_text(encoding="utf-8") if file.is_file() else ""):
            continue
        different.append(file.name)
        if arguments.write:
            file.write_text(text, encoding="utf-8", newline="\n") if text else file.unlink()
    if not different:
        print("the stored examples are those that Hypothesis draws")
    else:
        print(f"{'written' if arguments.write else 'not those that Hypothesis draws'}: {', '.join(different)}")
    return int(arguments.check and bool(different))


if __name__ == "__main__":
    sys.exit(main())
