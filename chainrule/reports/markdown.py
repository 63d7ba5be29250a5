"""The report as Markdown: the summary that GitHub shows of a workflow, or a comment."""

from __future__ import annotations

from collections import Counter

from chainrule.reports.problems import problems
from chainrule.running.results import OUTCOMES, Outcome
from chainrule.support.version import VERSION


def summary(*outcomes: Outcome) -> str:
    """The summaries of some checks, one below the other."""
    return "\n\n".join(map(one, outcomes)) + "\n"


def one(outcome: Outcome) -> str:
    """Verdict and gate, the problems, then a table of the chapters."""
    counts = Counter(result.outcome for result in outcome.specs)
    interrupted = f", interrupted, {outcome.not_run} not run" if outcome.interrupted else ""
    headed = outcome.verdict if outcome.gate is None else f"gate {outcome.gate.state}, verdict {outcome.verdict}"
    gate = [] if outcome.gate is None else [f"Gate: **{outcome.gate.state}**, {outcome.gate.told}."]
    found = [
        f"- **{plain(problem.title)}** (`{problem.path}{f':{problem.line}' if problem.line else ''}`)"
        + (f"  \n  {plain(problem.text)}" if problem.text else "")
        for problem in problems(outcome)
    ]
    return "\n\n".join(
        filter(
            None,
            (
                f"### {plain(outcome.target)}: {headed}",
                " ".join([f"{told(counts)}{interrupted} in {outcome.seconds:.1f} s, chainrule {VERSION}.", *gate]),
                "\n".join(found),
                "\n".join(chapters(outcome)),
            ),
        )
    )


def chapters(outcome: Outcome) -> list[str]:
    """A table with a row for each chapter and a column for each outcome that occurred."""
    kinds = [kind for kind in OUTCOMES if any(result.outcome == kind for result in outcome.specs)]
    rows = [f"| chapter | {' | '.join(kinds)} |", f"| --- |{' --: |' * len(kinds)}"]
    for chapter in dict.fromkeys(result.chapter for result in outcome.specs):
        counts = Counter(result.outcome for result in outcome.specs if result.chapter == chapter)
        rows.append(f"| {chapter} | {' | '.join(str(counts[kind] or '') for kind in kinds)} |")
    return rows


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in OUTCOMES if counts[kind])


def plain(text: str) -> str:
    """A text on one line, in which Markdown finds no marks but the backquotes around code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # a backquote that is not closed
        parts = ["\\`".join(parts)]
    return "`".join(part if place % 2 else escaped(part) for place, part in enumerate(parts))


def escaped(text: str) -> str:
    for mark in "*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return text
