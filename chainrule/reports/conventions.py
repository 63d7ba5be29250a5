"""Prints how chainrule reads a file: the conventions and the function of each operation."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.host.protocol import Served
from chainrule.running.loading import Loaded
from chainrule.running.reading import notes_of


def print_conventions(console: Console, loaded: Loaded) -> None:
    """Print what `--explain-conventions` shows: the conventions, the network, its operations, and the notes."""
    section(console, "conventions", "value, source, and what showed it")
    rows = [
        (key, convention.value, convention.source, convention.how or UNSHOWN.get(convention.source, ""))
        for key, convention in loaded.impl.conventions.items()
    ]
    console.print(grid(rows, ("", "bold", "dim", "")))
    read = loaded.description
    if read.recognised:
        title = read.form or ("the contract's own names" if "create" in read.offered else "none")
        section(console, "network", title)
        operations = [(found.operation, found.by or "-", story(found)) for found in read.served]
        if operations:
            console.print(grid(operations, ("", "bold", "")))
        if read.refused:
            section(console, "tried", "as the network, and why each is not it")
            for attempt in read.refused:
                item(console, attempt)
    if notes_of(loaded):
        section(console, "notes", "")
        for note in notes_of(loaded):
            item(console, note)
    console.print()


UNSHOWN = {"default": "nothing showed another", "declared": "no probe is asked"}


def story(found: Served) -> str:
    """How chainrule reads an operation: how it calls the function, what showed that, and what proved it."""
    proved = f"proved: {found.proof}" if found.proof else ""
    return "\n".join(filter(None, (found.how, f"found {found.shown}" if found.shown else "", proved)))


def section(console: Console, title: str, told: str) -> None:
    console.print(Text.assemble("\n" if title != "conventions" else "", (title, "bold"), f"  {told}" if told else ""))


def item(console: Console, said: str) -> None:
    console.print(Padding(Text(said), (0, 0, 0, 2)))


def grid(rows: Sequence[tuple[str, ...]], styles: tuple[str, ...]) -> Padding:
    """A table of columns, of which only the last one wraps."""
    table = Table.grid(padding=(0, 2))
    for place, style in enumerate(styles):
        table.add_column(style=style, no_wrap=len(rows[0]) - 1 != place and place != 1, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return Padding(table, (0, 0, 0, 2))
