"""Prints a clause of the mathematics on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from chainrule.diagnosis import Mistake
from chainrule.mathematics.clauses import EQUATION, Clause


def print_clause(console: Console, clause: Clause, mistakes: Sequence[Mistake] = ()) -> None:
    """Print a clause: its statement in the notation of arrays and in LaTeX, its proof, and mistakes that break it."""
    console.print(Text.assemble((clause.id, "bold"), f"  {clause.title}  ", (clause.file, "dim")))
    console.print(Padding(Text(clause.formula, "bold cyan"), (1, 0, 1, 4)))
    console.print(Markdown(EQUATION.sub(lambda found: f"\n```\n{' '.join(found[1].split())}\n```\n", clause.why)))
    if clause.equation:
        console.print(Padding(Text(clause.equation, "dim"), (1, 0, 0, 4)))
    if mistakes:
        console.print(Text("\nKnown mistakes", "dim"))
    for mistake in mistakes:
        console.print(Text.assemble((f"    {mistake.id:<36}", "bold"), mistake.title), soft_wrap=True)


def print_index(console: Console, clauses: Iterable[Clause]) -> None:
    """Print one line for every clause."""
    for clause in clauses:
        console.print(Text.assemble((f"{clause.id:<34}", "bold"), clause.title), soft_wrap=True)
