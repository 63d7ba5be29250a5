"""What the desk shows of a check: what it mended and broke, the verdict, and the next step."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from chainrule.contract.chapters import CORE_CHAPTERS
from chainrule.desk.changes import broken, mended, written
from chainrule.diagnosis import mistakes
from chainrule.mathematics.clauses import clauses
from chainrule.reports.clause import print_clause
from chainrule.reports.mistake import print_mistake
from chainrule.reports.terminal import live_line
from chainrule.reports.text import STYLES, TextReport, listed, next_result, told
from chainrule.running.results import UNNAMED, Outcome, SpecResult

KEYS = "r rerun   e explain   a all   q quit"


class Screen:
    """Prints to `console`, and keeps the last outcome to compare the next one with."""

    def __init__(self, console: Console, target: str, again: Sequence[str] = ()) -> None:
        self.console, self.target, self.again = console, target, again
        self.outcome: Outcome | None = None
        self.message = ""  # why the file cannot be checked, if it cannot
        self.counts: Counter[str] = Counter()
        self.first: Collection[str] = ()
        self.status = live_line(console, "starting") if console.is_terminal else None

    def begin(self, saved: Sequence[str], first: Collection[str]) -> None:
        """A check has started.  saved: what happened to which files.  first: the clauses whose specs run first."""
        self.counts.clear()
        self.first = first
        self.quiet()
        said = ", ".join(saved) or self.target
        self.console.print()
        self.console.rule(f"{time.strftime('%H:%M:%S')}  {escape(said)}", align="left", style="dim")
        if self.status is not None:
            self.status.update("reading")
            self.status.start()

    def result(self, result: SpecResult) -> None:
        """Count a result in the live line; after the last that the change can reach, print their counts."""
        self.counts[result.outcome] += 1
        if self.status is not None:
            self.status.update(f"{told(self.counts)}  [dim]at {result.id}[/]")
        if sum(self.counts.values()) == len(self.first):
            self.console.print(f"{told(self.counts)}  [dim]where the change can be seen[/]", highlight=False)

    def unusable(self, message: str) -> None:
        """The file cannot be checked: a line that says why."""
        self.quiet()
        self.message = message
        self.console.print(Text.assemble(("unusable ", STYLES["failed"]), message), highlight=False)
        self.keys()

    def finish(self, outcome: Outcome) -> None:
        """Print what the change mended, added and broke, the verdict, and the next step."""
        self.quiet()
        self.message = ""
        if self.outcome is not None:
            changes = Table.grid(padding=(0, 2))
            for name, style, found in (
                ("mended", STYLES["passed"], mended(self.outcome, outcome)),
                ("new", STYLES["passed"], written(self.outcome, outcome)),
                ("broke", STYLES["failed"], broken(self.outcome, outcome)),
            ):
                if found:
                    changes.add_row(Text(name, style), Text(listed(found, name)))
            if changes.row_count:
                self.console.print(changes, highlight=False)
        self.outcome = outcome
        TextReport(self.console).verdict(outcome)
        self.step(outcome)
        self.keys()

    def step(self, outcome: Outcome) -> None:
        """Print the sentence and the equation of the spec that the report names as the next."""
        following = next_result(outcome)
        if following is not None:
            table = Table.grid(padding=(0, 2))
            table.add_row("    ", Text(following.title))
            table.add_row("    ", Text(following.formula, "dim"))
            self.console.print(table, highlight=False)
        elif outcome.verdict == "pass" and set(CORE_CHAPTERS[:-1]) <= set(outcome.required):
            self.console.print("[dim]      every clause holds[/]")

    def explain(self) -> None:
        """Print the first cause's mistake; without a cause, the clause that the report names as the next."""
        if self.message:
            self.unusable(self.message)
            return
        known, catalogue = clauses(), mistakes()
        causes = [] if self.outcome is None else self.outcome.diagnoses
        if causes and causes[0].id != UNNAMED:
            mistake = catalogue[causes[0].id]
            print_mistake(self.console, mistake, known[mistake.clause])
        elif self.outcome is not None and (following := next_result(self.outcome)) is not None:
            clause = following.id
            print_clause(self.console, known[clause], [m for m in catalogue.values() if m.clause == clause])
        else:
            self.console.print("[dim]nothing to explain[/]")
        self.keys()

    def all(self) -> None:
        """Print the whole report."""
        if self.message:
            self.unusable(self.message)
            return
        if self.outcome is not None:
            TextReport(self.console, self.again).finish(self.outcome)
        self.keys()

    def keys(self) -> None:
        if self.console.is_terminal:
            self.console.print(f"[dim]{KEYS}[/]", highlight=False)

    def quiet(self) -> None:
        """Remove the live line."""
        if self.status is not None:
            self.status.stop()
