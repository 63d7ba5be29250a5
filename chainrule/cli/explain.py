"""`chainrule explain`: show a clause of the mathematics, a known mistake, or those of a chapter."""

from __future__ import annotations

import argparse
import difflib

from chainrule.cli.parsing import PASS
from chainrule.contract.chapters import CHAPTERS
from chainrule.contract.errors import UnusableTarget


def run_explain(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.diagnosis import mistakes
    from chainrule.mathematics.clauses import clauses
    from chainrule.reports.clause import print_clause, print_index
    from chainrule.reports.mistake import print_catalogue, print_mistake
    from chainrule.reports.terminal import console_of

    known, catalogue = clauses(), mistakes()
    console = console_of()
    if arguments.id is None:
        print_index(console, known.values())
    elif arguments.id in known:
        print_clause(console, known[arguments.id], [m for m in catalogue.values() if m.clause == arguments.id])
    elif arguments.id in catalogue:
        print_mistake(console, catalogue[arguments.id], known[catalogue[arguments.id].clause])
    elif arguments.id in CHAPTERS:
        print_index(console, [clause for clause in known.values() if clause.chapter == arguments.id])
        broken = [mistake for mistake in catalogue.values() if mistake.chapter == arguments.id]
        if broken:
            print_catalogue(console, broken)
    else:
        near = difflib.get_close_matches(arguments.id, [*known, *catalogue], n=3, cutoff=0.4)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else "`chainrule explain` and `chainrule mistakes` list them"
        )
        raise UnusableTarget(f"{arguments.id}: not a chapter, and not the id of a clause or of a mistake; {hint}")
    return PASS
