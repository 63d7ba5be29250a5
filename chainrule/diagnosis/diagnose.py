"""From the results of a check to its causes: each mistake once, with the specs that it explains."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.locating import Locating
from chainrule.diagnosis.naming import Naming
from chainrule.diagnosis.repair.search import ADDED, CONDITIONS, Repair
from chainrule.host.source.printed import silence
from chainrule.running.results import UNNAMED, Diagnosis, SpecResult
from chainrule.support.source_positions import place, within
from chainrule.support.time_limit import TimedOut, limit

LONGEST = 120.0  # seconds for all of it, many times what it takes: for code that hangs where it is asked again
STANDS_IN = {"cross_entropy": "loss", "softmax": "forward", "history": "fit"}  # where there is no function of that name


def diagnose(impl: Boundary, specs: Sequence[SpecResult]) -> tuple[list[SpecResult], tuple[str, ...]]:
    """(the results, each failed one with what explains it; notes on what went wrong here)."""
    failing = [result for result in specs if result.outcome in ("failed", "error")]
    if not failing:
        return list(specs), ()
    answers = Answers(impl, failing)
    causes: list[Cause] = []
    notes: tuple[str, ...] = ()
    try:
        with silence(), np.errstate(all="ignore"), limit(LONGEST):
            causes = Naming(answers).causes()
            causes = Locating(answers, specs).locate(causes)
    except TimedOut:
        notes = (f"the search for causes was given up after {LONGEST:g} s",)
    except Exception as error:  # a verdict is worth having without its causes
        if sys.flags.dev_mode:
            raise
        notes = (f"the search for causes failed, by a fault of chainrule's own ({type(error).__name__}: {error})",)
    by_clause: dict[str, list[Diagnosis]] = {}
    doubted = {one.operation for one in impl.host.description().served if one.doubted} if causes else set()
    for cause in causes:
        found = doubting(described(cause, impl), [name for name in cause.concerns if name in doubted])
        for clause in cause.clauses:
            by_clause.setdefault(clause, []).append(found)
    return [replace(result, diagnoses=tuple(by_clause.get(result.id, ()))) for result in specs], notes


def described(cause: Cause, impl: Boundary) -> Diagnosis:
    """The diagnosis as a report shows it."""
    repair, mistake = cause.repair, cause.mistake
    title, explanation = without_name(cause) if mistake is None else (mistake.title, mistake.explanation)
    found_by_change = mistake is None and not cause.explanation and repair is not None
    where, placed = place_of(cause, impl)
    return Diagnosis(
        UNNAMED if mistake is None else mistake.id,
        title,
        explanation + unsure(cause, placed),
        where,
        "certain" if found_by_change else cause.certainty,
        cause.found,
        changed(cause) or (mistake.mend if mistake is not None else ""),
        None if repair is None else (repair.before, repair.after),
        tuple(cause.clauses),
        placed,
        cause.line,
    )


def doubting(found: Diagnosis, operations: Sequence[str]) -> Diagnosis:
    """The diagnosis, which is not certain where chainrule may have misread one of these operations."""
    if found.certainty != "certain" or not operations:
        return found
    said = (
        f" (chainrule found {' and '.join(operations)} by name alone, and understood no call of it in the file: if the "
        "code is right as its author calls it, chainrule misread it.)"
    )
    return replace(found, certainty="likely", explanation=found.explanation + said)


def place_of(cause: Cause, impl: Boundary) -> tuple[str | None, str]:
    """(`file:line`, how it was found)."""
    if cause.repair is not None:
        return place(cause.repair.function.filename, cause.repair.line), "tried"
    if cause.where is not None:
        return cause.where, cause.placed
    names = [name for concern in cause.concerns for name in (concern, STANDS_IN.get(concern, concern))]
    where = next(filter(None, [cause.begins, *map(impl.host.where, names)]), None)
    return where, "" if where is None else "begins"


def unsure(cause: Cause, placed: str) -> str:
    """What has to be said of a place that nothing proves, or that is not where the code raised."""
    if placed == "tried" and cause.repair is not None and cause.raised:
        mended = place(cause.repair.function.filename, cause.repair.line)
        return f" (It is raised at {cause.where}.)" if cause.where not in (None, mended) else ""
    if placed == "reads":
        also = f", as {cause.elsewhere} does" if cause.elsewhere else ""
        return f" (The line named reads like it{also}; chainrule found no change of it that mends.)"
    if placed == "begins":
        return " (The function begins at the line named; chainrule did not find which of its lines is wrong.)"
    return ""


def without_name(cause: Cause) -> tuple[str, str]:
    """(title, explanation) of what is in no catalogue."""
    if cause.explanation:
        return cause.title.rstrip("."), cause.explanation
    if cause.repair is None:
        title = f"no known mistake gives these numbers; what should hold: {cause.title.rstrip('.')}"
        return title, "No mistake in the catalogue explains what was found."
    return changed_title(cause.repair), (
        "No mistake in the catalogue has this name, but with one line changed what failed here passes, and nothing "
        "that passed fails."
    )


def changed(cause: Cause) -> str:
    """What to change, in words; nothing where there is no change that mends."""
    repair = cause.repair
    then = "what is left wrong is the other mistake's" if cause.shared else "the specs pass"
    if repair is None:
        return ""
    if repair.likewise:
        lines = [f"`{after}` in {within(repair.function.filename, line)}" for line, _, after in repair.likewise]
        return f"and so {' and '.join(lines)}: then {then}"
    if repair.kind in CONDITIONS:
        what = {"never": " and what stands under it", "otherwise": ": what stands under its `else`, every time"}
        return f"without `{repair.before}`{what.get(repair.kind, ': what stands under it, every time')}: then {then}"
    if repair.kind == "delete":
        return f"without the line `{repair.before}` {then}"
    if repair.kind in ADDED:
        return f"with the line `{repair.after}` after `{repair.before}` {then}"
    if repair.kind == "move":
        return f"with the line `{repair.before}` further down in its block {then}"
    if repair.kind == "outdent":
        return f"with the line `{repair.before}` behind the loop, as far to the left as its `for`, {then}"
    return f"with `{repair.after}` in place of `{repair.before}` {then}"


def changed_title(repair: Repair) -> str:
    """The change as a title."""
    what = {
        "delete": "should not be there",
        **dict.fromkeys(CONDITIONS, "decides what should not depend on it"),
        **dict.fromkeys(ADDED, "lacks a line after it"),
        "move": "comes too early",
    }
    if repair.kind in what:
        return f"`{repair.before}` in {repair.function.name} {what[repair.kind]}"
    return f"`{repair.before}` in {repair.function.name} should be `{repair.after}`"
