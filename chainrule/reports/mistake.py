"""Prints a known mistake on a terminal: its explanation, its fingerprint and an example."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.diagnosis import Mistake
from chainrule.diagnosis.examples import example
from chainrule.mathematics.clauses import Clause
from chainrule.reports.causes import code, print_facts

WITH_IT = "with the mistake"


def print_catalogue(console: Console, mistakes: Sequence[Mistake]) -> None:
    """Print one line for every mistake, by chapter."""
    width = max(len(mistake.id) for mistake in mistakes) + 2
    for chapter, group in groupby(mistakes, key=lambda mistake: mistake.chapter):
        listed = list(group)
        console.print(Text.assemble((f"\n{chapter}", "bold"), (f"  {len(listed)}", "dim")))
        for mistake in listed:
            console.print(Text.assemble((f"  {mistake.id:<{width}}", "cyan"), mistake.title), soft_wrap=True)
    console.print(Text(f"\n{len(mistakes)} mistakes; chainrule explain ID shows one", "dim"))


def print_mistake(console: Console, mistake: Mistake, clause: Clause) -> None:
    """Print a mistake: title, explanation, the clause that it breaks, its correction, fingerprint and example."""
    console.print(Text.assemble((mistake.id, "bold"), f"  {mistake.title}  ", (mistake.chapter, "dim")))
    console.print(Padding(Text(mistake.explanation), (1, 0, 1, 4)))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Breaks", Text.assemble((clause.id, "bold"), f"  {clause.title}"))
    table.add_row("Right", Text(clause.formula))
    table.add_row("Fingerprint", Text(mistake.fingerprint, "bold cyan"))
    variants = [detail for detail in mistake.variants if detail]
    if len(variants) > 1:
        table.add_row("Variants", Text("; ".join(variants)))
    table.add_row("Mend it", Text(mistake.mend))
    console.print(Padding(table, (0, 0, 0, 4)))
    if mistake.lines is not None:
        console.print(Text("\n    Example", "dim"))
        rows = [(WITH_IT, code(mistake.lines[0], "red")), ("right", code(mistake.lines[1], "green"))]
        print_facts(console, rows, indent=4, width=len(WITH_IT))
    shown = example(mistake)
    if shown is None:
        return
    console.print(Text("\n    Example", "dim"))
    before_after = Table.grid(padding=(0, 3))
    before_after.add_row(Text(shown.question), Text("right", "green"), Text(WITH_IT, "red"))
    for label, right, wrong in shown.rows:
        before_after.add_row(Text(label, "dim"), Text(written(right)), Text(written(wrong)))
    console.print(Padding(before_after, (0, 0, 0, 4)))


def written(value: np.ndarray | None) -> str:
    """An array with few digits."""
    if value is None:
        return "raises"
    return np.array2string(np.asarray(value), precision=4, suppress_small=False, max_line_width=46, threshold=40)
