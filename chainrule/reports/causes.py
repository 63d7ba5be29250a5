"""Prints causes and failures for a terminal: the line and its change first, then what shows it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.diagnosis.exceptions import in_short
from chainrule.running.results import UNNAMED, Diagnosis, Outcome, SpecResult

Fact = tuple[str, Text]  # a name, and what is said of it
FAILED = {"failed": "bold red", "error": "bold red"}
SURE = {"certain": "Cause (certain)", "likely": "Likely cause", "partial": "Partly", "unknown": "Unknown"}
NAMES = 8  # columns of the names of facts
INDENT = 4  # spaces before a line of a snippet
BESIDE = 0.5  # the share of a line that a place may take beside a title
SNIPPET = 6  # lines of a snippet that the report prints; `chainrule repro` prints longer ones


def print_cause(console: Console, cause: Diagnosis, outcome: Outcome, again: Sequence[str]) -> None:
    """Print a mistake with its place, correction and evidence, then the first spec that it broke.

    again: as in `print_failure`.
    """
    head = Table.grid(expand=True, padding=(0, 2))
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    named = Text.assemble((f"{SURE[cause.certainty]}: ", FAILED["failed"]), (cause.title, "bold"))
    beside = len(cause.position) <= console.width * BESIDE
    head.add_row(named, Text(cause.position if beside else "", "bold"))
    console.print(head)
    body: list[Fact] = [] if beside else [("At", Text(cause.position, "bold"))]
    if cause.change is not None:
        before, after = cause.change
        body.append(("Line", code(before)))
        body.append(("Tried", code(after, "green") if after else Text(cause.mend)))
        if after and in_words(cause):
            body.append(("", Text(cause.mend)))
    else:
        if cause.line:
            body.append(("Line", code(cause.line)))
        if cause.mend:
            body.append(("Mend it", Text(cause.mend)))
    body.append(("Why", Text(cause.explanation)))
    if cause.found and in_short(cause.found) != cause.title:
        body.append(("Evidence", Text(in_short(cause.found))))
    first, *others = [result for result in outcome.specs if result.id in cause.explains]
    if others:
        body.append(("Explains", Text(f"{len(others) + 1} specs: {first.id}, {', '.join(r.id for r in others)}")))
    if cause.id != UNNAMED:
        body.append(("More", code(f"chainrule explain {cause.id}", "dim")))
    print_facts(console, body, indent=2)
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
    beside = len(where) <= console.width * BESIDE
    head.add_row(Text(result.id, FAILED[result.outcome]), Text(result.title), Text(where if beside else "", "dim"))
    console.print(Padding(head, (0, 0, 0, indent)))
    body = [] if beside else [("At", Text(where, "dim"))]
    body.append(("Equation", Text(result.formula)))
    body.append(("Error" if result.outcome == "error" else "Found", Text(in_short(result.message))))
    if result.expected is not None and result.expected.startswith("["):
        body.append(("Expected", Text(result.expected)))
    if result.actual is not None and result.actual.startswith("["):
        body.append(("Actual", Text(result.actual)))
    lines = (result.snippet or "").splitlines()
    body.append(("More", code(f"chainrule explain {result.id}", "dim")))
    print_facts(console, body, indent=indent + 2)
    if again and (len(lines) > SNIPPET or any(len(line) > console.width - INDENT for line in lines)):
        target, *options = again
        lines = [shlex.join(["chainrule", "repro", target, result.id, *options])]
    if lines:
        console.print(Padding(Text("Try it", "dim"), (0, 0, 0, indent + 2)))
    for line in lines:
        console.print(Text(" " * INDENT + line), soft_wrap=True)  # in one piece, to be pasted


def code(text: str, style: str = "") -> Text:
    """A text that `print_facts` prints in one piece, to be pasted."""
    return Text(text, style, no_wrap=True)


def print_facts(console: Console, facts: Sequence[Fact], *, indent: int = 0, width: int = NAMES) -> None:
    """Print a name and a text in each row, as a table in which words wrap, and code does not.

    width: of the names.
    """
    for one_piece, rows in groupby(facts, key=lambda fact: bool(fact[1].no_wrap)):
        if one_piece:
            for name, said in rows:
                shown = Text.assemble(" " * indent, (f"{name:<{width}}", "dim"), "  ", said)
                console.print(shown, soft_wrap=True)
        else:
            table = Table.grid(padding=(0, 2))
            table.add_column(style="dim", no_wrap=True)
            table.add_column(overflow="fold")
            for name, said in rows:
                table.add_row(name.ljust(width), said)  # a column's own width counts its padding before rich 14.3
            console.print(Padding(table, (0, 0, 0, indent)))


def in_words(cause: Diagnosis) -> bool:
    """Whether a change is more than its line: one that is added, or one that is made in several lines."""
    return cause.mend.startswith(("with the line", "and so"))


def mending(cause: Diagnosis) -> list[Text]:
    """What mends a mistake, a row each: the line as it should be, and words.  Empty if nothing is known to."""
    after = cause.change[1] if cause.change else ""
    rows = [code(after)] if after and not cause.mend.startswith("with the line") else []
    return [*rows, *([Text(cause.mend)] if cause.mend and (not rows or in_words(cause)) else [])]
