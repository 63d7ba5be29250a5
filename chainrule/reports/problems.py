"""What a check found wrong, as other programs list it: one entry for each cause, at its file and line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chainrule.running.results import RAISED, Outcome
from chainrule.support.source_positions import files_of

APART = 3  # up to so many stale lines of a baseline are problems of their own


@dataclass(frozen=True)
class Problem:
    """id: of a mistake, a clause, or the kind of difference from the baseline.  title: a sentence.  text: the rest.

    path: of the file, from the project's folder.  line: None if it is not known.  clauses: those that do not pass
    because of it.
    """

    id: str
    title: str
    text: str
    path: str
    line: int | None
    clauses: tuple[str, ...] = ()


def problems(outcome: Outcome) -> list[Problem]:
    """Everything that keeps a check from being accepted, causes first.

    Under a baseline that is: regressions, lines of the file that are stale, specs that did not run.
    """
    if outcome.accepted:
        return []
    wanted = outcome.unaccepted
    causes = [
        Problem(cause.id, cause.title, cause.mend or cause.explanation, *location(outcome, cause.where), cause.explains)
        for cause in outcome.diagnoses
        if wanted.intersection(cause.explains)
    ]
    explained = {clause for cause in causes for clause in cause.clauses}
    failures = [
        Problem(result.id, result.title, result.message, *location(outcome, result.where), (result.id,))
        for result in outcome.specs
        if result.outcome in RAISED and result.id in wanted - explained
    ]
    left = ("todo",) if causes or failures else ("todo", "blocked")
    found = [*causes, *failures, *unfinished(outcome, wanted, left), *of_the_file(outcome), *besides(outcome)]
    return found or [Problem(outcome.verdict, f"the verdict is {outcome.verdict}", "", *location(outcome, None))]


def unfinished(outcome: Outcome, wanted: set[str], kinds: tuple[str, ...]) -> Iterator[Problem]:
    """A problem for each chapter with specs that neither passed nor failed.  kinds: the outcomes to list."""
    left = [result for result in outcome.specs if result.id in wanted and result.outcome in kinds]
    for chapter in dict.fromkeys(result.chapter for result in left):
        of = [result for result in left if result.chapter == chapter]
        title = f"{chapter}: {len(of)} specs {' or '.join(dict.fromkeys(result.outcome for result in of))}"
        yield Problem(chapter, title, of[0].message, *location(outcome, None), tuple(result.id for result in of))


def of_the_file(outcome: Outcome) -> Iterator[Problem]:
    """Problems of the baseline: lines that are stale, specs that did not run."""
    if outcome.gate is None:
        return
    baseline, stale, missing = outcome.gate.baseline, outcome.gate.stale, outcome.gate.missing
    for group in [stale] if len(stale) > APART else [(difference,) for difference in stale]:
        title = str(group[0]) if len(group) == 1 else f"{len(group)} lines of {baseline.path.name} are stale"
        others = [str(difference) for difference in group] if len(group) > 1 else []
        advice = "If that is right, --update-baseline rewrites the file"
        text = ". ".join(filter(None, ("; ".join(others), advice)))
        clauses = tuple(difference.clause for difference in group)
        yield Problem("stale", title, text, shown(baseline.path), baseline.line_of(clauses[0]), clauses)
    if missing:
        title = f"{len(missing)} required specs did not run"
        advice = "The gate needs every one: check what -k, -m, -x or --deselect leave over"
        clauses = tuple(difference.clause for difference in missing)
        yield Problem("missing", title, advice, shown(baseline.path), None, clauses)


def besides(outcome: Outcome) -> Iterator[Problem]:
    """What fails a check besides its specs: dishonest code, forbidden imports."""
    for finding in outcome.tampering:
        if finding.fails:
            yield Problem("tampering", str(finding), "", *location(outcome, finding.where))
    for framework in outcome.frameworks if outcome.from_scratch else ():
        yield Problem("from-scratch", f"not from scratch: {framework}", "", *location(outcome, framework.where))


def location(outcome: Outcome, where: str | None) -> tuple[str, int | None]:
    """(path, line) of a place in the code.

    The file under check, and no line, where the place is unknown or could be in two files.
    """
    target = Path(outcome.path)
    files, line = files_of(where) if where else (set(), None)
    inside = [file for file in files if file == target] or [file for file in files if target.parent in file.parents]
    return (shown(inside[0]), line) if len(inside) == 1 else (shown(target), None)


def shown(path: Path) -> str:
    """A path from the folder of the project, which CI names, or in which the command runs."""
    try:
        return Path(os.path.relpath(path, os.environ.get("GITHUB_WORKSPACE") or ".")).as_posix()
    except ValueError:  # on another drive of Windows
        return path.as_posix()
