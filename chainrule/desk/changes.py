"""What a save changed: lines of the files, and outcomes of the specs."""

from __future__ import annotations

import difflib
from pathlib import Path

from chainrule.running.results import NOT_PASSED, Outcome


def mended(before: Outcome, after: Outcome) -> list[str]:
    """The clauses whose specs pass now, and failed or were blocked before."""
    wrong = {result.id for result in before.specs if result.outcome in NOT_PASSED}
    return [result.id for result in after.specs if result.outcome == "passed" and result.id in wrong]


def written(before: Outcome, after: Outcome) -> list[str]:
    """The clauses whose specs pass now, and had nothing to check before."""
    known = {result.id for result in before.specs if result.outcome in ("passed", *NOT_PASSED)}
    return [result.id for result in after.specs if result.outcome == "passed" and result.id not in known]


def broken(before: Outcome, after: Outcome) -> list[str]:
    """The clauses whose specs failed or are blocked now, and passed before."""
    passed = {result.id for result in before.specs if result.outcome == "passed"}
    return [result.id for result in after.specs if result.outcome in NOT_PASSED and result.id in passed]


def text_of(path: Path) -> str:
    """The content of a file; empty while an editor replaces it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def changed_lines(before: str, after: str) -> set[int]:
    """The lines of the text before that a save changed or removed, and those around what it added, from 1."""
    found: set[int] = set()
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for kind, start, end, _, _ in matcher.get_opcodes():
        if kind == "insert":
            found.update((start, start + 1))
        elif kind != "equal":
            found.update(range(start + 1, end + 1))
    return found
