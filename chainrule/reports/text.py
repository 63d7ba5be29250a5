"""The report for a terminal: progress, a line for each chapter, and every mistake with its correction."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from chainrule.contract.chapters import CORE_CHAPTERS
from chainrule.contract.conventions import NATIVE
from chainrule.diagnosis.exceptions import in_short
from chainrule.reports.causes import FAILED, SURE, Fact, code, mending, print_cause, print_facts, print_failure
from chainrule.reports.terminal import live_line
from chainrule.running.limits import repeated
from chainrule.running.loading import Loaded
from chainrule.running.reading import NOT_UNDERSTOOD, next_step, notes_of
from chainrule.running.results import (
    OUTCOMES,
    RAISED,
    UNJUDGED,
    Outcome,
    SpecResult,
    network_judged,
)
from chainrule.support.version import VERSION

if TYPE_CHECKING:
    from chainrule.baseline.gate import Gate

STYLES = {
    "passed": "green",
    **FAILED,
    "blocked": "yellow",
    "todo": "cyan",
    "skipped": "dim",
}
VERDICTS = {"pass": "bold green", "fail": "bold red", "incomplete": "bold yellow"}
GATES = {"green": "bold green", "red": "bold red"}
SHOWN = 12  # how many failures the report prints in full; it lists the rest
NUMBERS = re.compile(r"\d+")
NOTES = 6  # how many notes the report prints; it counts the rest
SKIPS = 3  # up to so many specs skipped for one reason are named, of others SHOWN; of more, the families


class TextReport:
    """Prints to `console`: call `begin`, then the object itself with each result, then `finish`.

    again: TARGET and the options with which `chainrule repro` reads it as this check does; empty for live definitions,
    whose snippets the report then prints whole.
    """

    def __init__(self, console: Console, again: Sequence[str] = ()) -> None:
        self.console = console
        self.again = again
        self.counts: Counter[str] = Counter()
        self.status: Status | None = None
        self.noted: tuple[str, ...] = ()

    def begin(self, loaded: Loaded) -> None:
        """Print the header: the file, and how chainrule reads it."""
        out = self.console
        out.print(
            f"[bold]chainrule {VERSION}[/]  {escape(shortest(loaded.path))}  [dim]sha256 {loaded.sha256[:12]}[/]",
            highlight=False,
            soft_wrap=True,
        )
        shown = [
            f"{key} {escape(convention.value)} ({convention.source})"
            for key, convention in loaded.impl.conventions.items()
            if convention.source == "declared" or convention.value != NATIVE.get(key)
        ]
        out.print(f"[dim]conventions[/]  {', '.join(shown or ['native'])}", highlight=False)
        if loaded.description.form:
            out.print(f"[dim]network[/]      {escape(loaded.description.form)}", highlight=False)
        if loaded.adapter:
            out.print(f"[dim]adapter[/]      {escape(loaded.adapter)}", highlight=False, soft_wrap=True)
        for framework in loaded.frameworks:
            out.print(f"[dim]not scratch[/]  {escape(str(framework))}", highlight=False)
        self.noted = notes_of(loaded)
        out.print()
        if out.is_terminal:
            self.status = live_line(out, "starting")
            self.status.start()

    def __call__(self, result: SpecResult) -> None:
        """Count a result in the live line."""
        self.counts[result.outcome] += 1
        if self.status:
            self.status.update(f"{told(self.counts)}  [dim]at {result.id}[/]")

    def diagnosing(self) -> None:
        """Say in the live line that all specs have run, and causes are looked for."""
        if self.status:
            self.status.update(f"{told(self.counts)}  [dim]looking for causes[/]")

    def stop(self) -> None:
        """Remove the live line."""
        if self.status:
            self.status.stop()
            self.status = None

    def finish(self, outcome: Outcome, printed: int = 0) -> None:
        """Print a line for each chapter, the failures and the verdict.  printed: how many lines the code printed."""
        self.stop()
        first = not network_judged(outcome.specs)
        if outcome.not_understood and first:
            self.not_understood(outcome)
            self.console.print()
        elif outcome.unaccepted and not outcome.unread:
            self.console.print(f"{judged(outcome)}\n", highlight=False)
        if outcome.nothing_found:
            self.console.print(f"[{STYLES['todo']}]nothing found[/]  {escape(outcome.nothing_found)}", highlight=False)
        if not outcome.unread:
            self.results(outcome)
        if outcome.not_understood and not first:
            self.console.print()
            self.not_understood(outcome)
        self.tampering(outcome)
        if printed:
            lines = f"{printed} line{'s' * (printed > 1)}"
            self.console.print(f"\n[dim]printed  {lines} by the code; --show-prints shows what[/]", highlight=False)
        self.verdict(outcome)

    def results(self, outcome: Outcome) -> None:
        """Print a line for each chapter, the causes, the failures, and what was not checked."""
        for chapter in dict.fromkeys(result.chapter for result in outcome.specs):
            results = [result for result in outcome.specs if result.chapter == chapter]
            reached = dict.fromkeys(result.measured for result in results if result.measured)
            measured = "".join(f"  {figure}" for figure in reached)
            counts = Counter(result.outcome for result in results)
            self.console.print(f"{chapter:<16} {told(counts)}{escape(measured)}", highlight=False)
        causes = [cause for cause in outcome.diagnoses if outcome.unaccepted.intersection(cause.explains)]
        for cause in causes[:SHOWN]:
            self.console.print()
            print_cause(self.console, cause, outcome, self.again)
        if len(causes) > SHOWN:
            self.console.print(f"\nand {len(causes) - SHOWN} more causes: {', '.join(c.title for c in causes[SHOWN:])}")
        explained = {clause for cause in causes for clause in cause.explains}
        wrong = [r for r in outcome.specs if r.outcome in RAISED and r.id in outcome.unaccepted - explained]
        for result in wrong[:SHOWN]:
            self.console.print()
            print_failure(self.console, result, self.again)
        if len(wrong) > SHOWN:
            self.console.print(
                f"\nand {len(wrong) - SHOWN} more: {', '.join(result.id for result in wrong[SHOWN:])}", highlight=False
            )
        self.notes()
        for note in outcome.notes:
            if note not in (*self.noted, *repeated(outcome.seed)):  # notes since then; the verdict line names the seed
                self.console.print(Padding(Text(note, "yellow"), (1, 0, 0, 0)))
        self.rest(outcome, "blocked", "not checked, because specs on which they build did not pass")
        self.todo(outcome)
        self.rest(outcome, "skipped", "not applicable")
        if outcome.unchecked:
            self.console.print(
                f"\n[dim]recognised, not checked yet:[/] {', '.join(outcome.unchecked)}", highlight=False
            )

    def notes(self) -> None:
        """Print the first notes on how chainrule reads the file, and the number of the others."""
        rest = self.noted[NOTES:]
        rows = [*self.noted[:NOTES], *([f"and {len(rest)} more: --explain-conventions"] if rest else [])]
        if rows:
            self.console.print("\n[dim]notes  how chainrule reads the file[/]", highlight=False)
        for note in rows:
            self.console.print(Padding(Text(in_short(note)), (0, 0, 0, 2)))

    def tampering(self, outcome: Outcome) -> None:
        """Print the evidence that the code did not answer honestly, a line for each finding."""
        for place, finding in enumerate(outcome.tampering):
            style = STYLES["failed"] if finding.fails else "dim"
            text = Text.assemble(("tampering  " if finding.fails else "noticed    ", style), str(finding))
            self.console.print(*([] if place else [""]), text, sep="\n", highlight=False)

    def rest(self, outcome: Outcome, kind: str, why: str) -> None:
        """Print the specs that neither passed nor failed, grouped by their message."""
        groups: dict[str, list[str]] = {}
        for result in outcome.specs:
            if result.outcome == kind:
                groups.setdefault(result.message, []).append(result.id)
        if not groups:
            return
        self.console.print(f"\n[{STYLES[kind]}]{kind}[/]  [dim]{why}[/]", highlight=False)
        for message, ids in groups.items():
            said = message.removeprefix(UNJUDGED).removeprefix("blocked ")
            self.console.print(Padding(Text(f"{said}: {listed(ids, kind)}"), (0, 0, 0, 2)), highlight=False)

    def todo(self, outcome: Outcome) -> None:
        """Print for each chapter with something to do what is missing, or not understood."""
        reasons: dict[str, dict[str, list[str]]] = {}
        for result in outcome.specs:
            if result.outcome == "todo":
                said = result.message.removeprefix(UNJUDGED)
                if outcome.not_understood and NOT_UNDERSTOOD in said:
                    said = said.partition(NOT_UNDERSTOOD)[0] + " was not understood"
                alike = reasons.setdefault(result.chapter, {}).setdefault(NUMBERS.sub("", said), [])
                alike += [said] if said not in alike else []
        if not reasons:
            return
        self.console.print(f"\n[{STYLES['todo']}]todo[/]  [dim]nothing to check yet[/]", highlight=False)
        table = Table.grid(padding=(0, 2))
        for chapter, messages in reasons.items():
            said_of_it = (
                first + (f", and {len(others)} alike" if others else "") for first, *others in messages.values()
            )
            table.add_row(Text(chapter), Text("; ".join(said_of_it)))
        self.console.print(Padding(table, (0, 0, 0, 2)), highlight=False)

    def not_understood(self, outcome: Outcome) -> None:
        """Print what chainrule looked for, what it found instead, and the lines that would make it fit."""
        looked_for, found, way_on = outcome.not_understood.split("\n")
        self.console.print(f"[{STYLES['todo']}]not understood[/]  {escape(looked_for)}", highlight=False)
        self.console.print(Padding(Text(found), (0, 0, 0, 2)))
        self.console.print(
            Padding(Text.assemble(f"{next_step(way_on, bool(outcome.sketch))}: ", (way_on, "bold")), (0, 0, 0, 2))
        )
        if outcome.sketch:
            self.console.print(Padding(Text(outcome.sketch, "dim"), (1, 0, 0, 4)))

    def verdict(self, outcome: Outcome) -> None:
        """Print the verdict line: pass  99 passed  2.4 s."""
        left_out = f"; [{STYLES['failed']}]interrupted[/]" if outcome.interrupted else ""
        left_out += f"; {outcome.not_run} not run" if outcome.not_run else ""
        again = "" if outcome.seed is None else f"; again: --thorough --seed {outcome.seed}"
        seconds = f"[dim]{outcome.seconds:.1f} s{again}[/]"
        if outcome.from_scratch and outcome.frameworks:
            names = ", ".join(framework.name for framework in outcome.frameworks)
            left_out += f"; [{STYLES['failed']}]imports {escape(names)}[/]"
        left_out += "".join(f"; {escape(reservation)}" for reservation in outcome.reservations)
        self.console.print(f"\n{judged(outcome)}{left_out}  {seconds}", highlight=False)
        if outcome.gate is not None:
            self.gate(outcome.gate)
        self.way_on(outcome)

    def gate(self, gate: Gate) -> None:
        """Print whether exactly what the baseline says happened, and each spec that differs."""
        self.console.print(f"[{GATES[gate.state]}]gate {gate.state}[/]  {escape(gate.told)}", highlight=False)
        table = Table.grid(padding=(0, 2))
        blocked = [difference.clause for difference in gate.regressions if difference.found == "blocked"]
        named = [difference for difference in gate.regressions if difference.clause not in blocked]
        for kind, found in (("regression", named), ("stale", gate.stale), ("not run", gate.missing)):
            for difference in found[:SHOWN]:
                table.add_row(Text(kind, STYLES["failed"]), Text(str(difference)))
            if found[SHOWN:]:
                table.add_row("", Text(f"and {len(found) - SHOWN} more"))
        if blocked:
            table.add_row(Text("blocked", STYLES["blocked"]), Text(listed(blocked, "blocked")))
        if gate.stale:
            table.add_row("", Text(f"--update-baseline rewrites {gate.baseline.path}, if that is right"))
        if gate.new:
            table.add_row(Text("new", "dim"), Text(f"since {gate.baseline.version}: {listed(gate.new, 'new')}"))
        for outcome, clauses in gate.expected.items():
            said = [f"{clause}{told_why(gate, clause)}" for clause in clauses]
            table.add_row(Text("expected", "dim"), Text(f"{outcome}: {listed(said, outcome)}"))
        if table.row_count:
            self.console.print(Padding(table, (0, 0, 0, 2)), highlight=False)

    def way_on(self, outcome: Outcome) -> None:
        """Print the first cause, what mends it, and where to go on."""
        facts: list[Fact] = []
        causes = [cause for cause in outcome.diagnoses if outcome.unaccepted.intersection(cause.explains)]
        if causes:
            cause = causes[0]
            place = f"  {cause.position}" if cause.where else ""
            facts.append(("first", Text(f"{SURE[cause.certainty].lower()}: {cause.title}{place}")))
            mend = mending(cause)
            why = cause.explanation if cause.certainty != "unknown" else cause.found.partition(";")[0]
            facts += zip(("mend", ""), mend, strict=False) if mend else [("why", Text(why))]
        words, command = next_step_of(outcome)
        if words and not outcome.unread:
            whole = f"{words} {command}"
            if len("first  ") + len(whole) <= self.console.width:
                facts.append(("next", Text(whole.rstrip())))
            else:
                facts += [("next", Text(words)), ("", code(command))][: 2 if command else 1]
        print_facts(self.console, facts, width=max((len(name) for name, _ in facts), default=0))


def shortest(path: Path) -> str:
    """A path from where the command runs, if that is shorter."""
    try:
        return min(str(path), os.path.relpath(path), key=len)
    except ValueError:  # on another drive of Windows
        return str(path)


def judged(outcome: Outcome) -> str:
    """The verdict and the counts: pass  99 passed."""
    counts = Counter(result.outcome for result in outcome.specs)
    all_told = "nothing was checked" if outcome.unread else told(counts)
    return f"[{VERDICTS[outcome.verdict]}]{outcome.verdict}[/]  {all_told}"


def told_why(gate: Gate, clause: str) -> str:
    """The reason that the baseline gives for a clause, in brackets."""
    reason = gate.baseline.expected[clause].reason
    return f" ({reason})" if reason else ""


def next_step_of(outcome: Outcome) -> tuple[str, str]:
    """(where to go on: the first spec that failed, else what is not written yet; the command that explains it).

    Both are empty after the last chapter.
    """
    result = next_result(outcome)
    if result is not None:
        why = f" {result.message.removeprefix(UNJUDGED)};" if result.outcome == "todo" else ""
        return f"{result.chapter}:{why}", f"chainrule explain {result.id}"
    whole = set(outcome.required) == set(CORE_CHAPTERS[:-1])
    return ("accuracy: --full trains on Fashion-MNIST as well" if outcome.verdict == "pass" and whole else "", "")


def next_result(outcome: Outcome) -> SpecResult | None:
    """The first spec of the first cause, else the first that failed, or has nothing to check yet."""
    first = [clause for cause in outcome.diagnoses for clause in cause.explains]
    specs = sorted(outcome.specs, key=lambda result: first.index(result.id) if result.id in first else len(first))
    left = [result for result in specs if result.id in outcome.unaccepted]
    failed = [result for result in left if result.outcome in RAISED]
    return next(iter([*failed, *(result for result in left if result.outcome == "todo")]), None)


def listed(ids: Sequence[str], kind: str) -> str:
    """The ids of specs; of many, only their number and families."""
    if len(ids) <= (SKIPS if kind == "skipped" else SHOWN):
        return ", ".join(ids)
    families: dict[str, list[str]] = {}
    for name in ids:
        families.setdefault(name.partition(".")[0], []).append(name)
    return f"{len(ids)} specs ({', '.join(f'{name}.*' if of[1:] else of[0] for name, of in families.items())})"


def told(counts: Counter[str]) -> str:
    """The counts in words: 9 passed, 1 failed."""
    return ", ".join(f"[{STYLES[kind]}]{counts[kind]} {kind}[/]" for kind in OUTCOMES if counts[kind])
