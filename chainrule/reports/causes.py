"""Prints causes and failures for a terminal: the line and its change first, then what shows it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.diagnosis.exceptions import in_short
from chainrule.running.results import UNNAMED, Diagnosis, Outcome, SpecResult

FAILED = {"failed": "bold red", "error": "bold red"}
SURE = {"certain": "Cause (certain)", "likely": "Likely cause", "partial": "Partly", "unknown": "Unknown"}
INDENT = 4  # spaces before a line of a snippet
SNIPPET = 6  # lines of a snippet that the report prints; `chainrule repro` prints longer ones


def print_cause(console: Console, cause: Diagnosis, outcome: Outcome, again: Sequence[str]) -> None:
    """Print a mistake with its place, correction and evidence, then the first spec that it broke.

    again: as in `print_failure`.
    """
    head = Table.grid(expand=True, padding=(0, 2))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    named = Text.assemble((f"{SURE[cause.certainty]}: ", FAILED["failed"]), (cause.title, "bold"))
    head.add_row(named, Text(cause.position, "bold"))
    console.print(head)
    body = facts()
    if cause.change is not None:
        before, after = cause.change
        body.add_row("Line", Text(before))
        body.add_row("Tried", Text(after, "green") if after else Text(cause.mend))
        if after and in_words(cause):
            body.add_row("", Text(cause.mend))
    else:
        if cause.line:
            body.add_row("Line", Text(cause.line))
        if cause.mend:
            body.add_row("Mend it", Text(cause.mend))
    body.add_row("Why", Text(cause.explanation))
    if cause.found and in_short(cause.found) != cause.title:
        body.add_row("Evidence", Text(in_short(cause.found)))
    first, *others = [result for result in outcome.specs if result.id in cause.explains]
    if others:
        body.add_row("Explains", Text(f"{len(others) + 1} specs: {first.id}, {', '.join(r.id for r in others)}"))
    if cause.id != UNNAMED:
        body.add_row("More", Text(f"chainrule explain {cause.id}", "dim"))
    console.print(Padding(body, (0, 0, 0, 2)))
    print_failure(console, first, again, indent=2)


def print_failure(console: Console, result: SpecResult, again: Sequence[str], *, indent: int = 0) -> None:
    """Print a failure: the clause, its sentence and equation, what was found, and lines to paste.

    again: TARGET and the options with which `chainrule repro` reads it, and prints lines that are too long for the
    report; empty to print all here.
    """
    head = Table.grid(expand=True, padding=(0, 2))
    head.add_column(no_wrap=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    where = "" if indent else result.where or ""  # the cause above names the place
    head.add_row(Text(result.id, FAILED[result.outcome]), Text(result.title), Text(where, "dim"))
    console.print(Padding(head, (0, 0, 0, indent)))
    body = facts()
    body.add_row("Equation", Text(result.formula))
    body.add_row("Error" if result.outcome == "error" else "Found", Text(in_short(result.message)))
    if result.expected is not None and result.expected.startswith("["):
        body.add_row("Expected", Text(result.expected))
    if result.actual is not None and result.actual.startswith("["):
        body.add_row("Actual", Text(result.actual))
    lines = (result.snippet or "").splitlines()
    body.add_row("More", Text(f"chainrule explain {result.id}", "dim"))
    console.print(Padding(body, (0, 0, 0, indent + 2)))
    if again and (len(lines) > SNIPPET or any(len(line) > console.width - INDENT for line in lines)):
        target, *options = again
        lines = [shlex.join(["chainrule", "repro", target, result.id, *options])]
    if lines:
        console.print(Padding(Text("Try it", "dim"), (0, 0, 0, indent + 2)))
    for line in lines:
        console.print(Text(" " * INDENT + line), soft_wrap=True)  # in one piece, to be pasted


def facts() -> Table:
    """A table with a name and a text in each row."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def in_words(cause: Diagnosis) -> bool:
    """Whether a change is more than its line: one that is added, or one that is made in several lines."""
    return cause.mend.startswith(("with the line", "and so"))


def mending(cause: Diagnosis) -> str:
    """What mends a mistake, in a row: the line as it should be, or words."""
    after = cause.change[1] if cause.change else ""
    if cause.mend.startswith("and so"):
        return f"`{after}`, {cause.mend}"
    return after if after and not in_words(cause) else cause.mend
