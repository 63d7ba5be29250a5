"""The study as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.study.join import REACHED, UNREACHED, Study, Total, ranges


def print_study(console: Console, study: Study) -> None:
    """Print totals by chapter and by file, then what no clause reaches and what no line serves."""
    console.print(Text.assemble((study.outcome.target, "bold"), f"  {study.outcome.verdict}"))
    if study.not_found:
        console.print(Text(study.not_found))
    for table in (chapters(study), files(study)):
        console.print(Padding(table, (1, 0, 0, 0), expand=False))
    never = [f"{file.name}:{line.place}  {line.never}" for file in study.files for line in file.lines if line.never]
    listed(console, "ways that no clause takes", never)
    alone = [clause for clause in study.clauses if not clause.served]
    reasons = groupby(alone, key=lambda clause: (clause.outcome, clause.message))
    listed(
        console,
        "clauses that no line serves",
        [
            f"{outcome}  {', '.join(clause.id for clause in group)}{f': {message}' if message else ''}"
            for (outcome, message), group in reasons
        ],
    )
    console.print(
        f"\n{told(study.passed)} clauses passed; of what ran, right or wrong:\n"
        f"{told(study.lines)} lines reached, {told(study.served)} clauses served",
        highlight=False,
    )


def listed(console: Console, heading: str, items: Sequence[str]) -> None:
    """Print a heading and the items under it, if there are any."""
    if items:
        console.print(Text(f"\n{heading}", "bold"))
    for item in items:
        console.print(Padding(Text(item), (0, 0, 0, 2), expand=False))


def told(total: Total) -> str:
    return f"{total.some} of {total.all}"


def chapters(study: Study) -> Table:
    table = Table("chapter", "passed", "clauses served", "lines reached", box=None, padding=(0, 2, 0, 0))
    for chapter, (served, lines) in study.chapters().items():
        passed = sum(clause.outcome == "passed" for clause in study.clauses if clause.chapter == chapter)
        table.add_row(chapter, told(Total(passed, served.all)), told(served), str(lines.some))
    return table


def files(study: Study) -> Table:
    """A row for each file: how many of its lines are reached, and which are not."""
    table = Table("file", "lines reached", "not reached", box=None, padding=(0, 2, 0, 0))
    for file in study.files:
        reached = sum(line.kind == REACHED for line in file.counted)
        missed = [number for number, line in enumerate(file.lines) if line.kind == UNREACHED]
        places = ", ".join(place for _, place in ranges(file, missed))
        table.add_row(file.name, told(Total(reached, len(file.counted))), places)
    return table
