"""From the results of a check to its causes: each mistake once, with the specs that it explains."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.locating import Locating
from chainrule.diagnosis.naming import Naming
from chainrule.diagnosis.repair.search import ADDED, Repair
from chainrule.host.source.targets import silence
from chainrule.running.loading import Loaded
from chainrule.running.results import UNNAMED, Diagnosis, SpecResult
from chainrule.support.source_positions import place
from chainrule.support.time_limit import TimedOut, limit

SHARE, LEAST = 0.2, 0.5  # of the time that the check took, or seconds: what the search for lines may take
LONGEST = 30.0  # seconds for all of it: what somebody's code may make of it
STANDS_IN = {"cross_entropy": "loss", "softmax": "forward", "history": "fit"}  # where there is no function of that name


def diagnose(loaded: Loaded, specs: Sequence[SpecResult], seconds: float) -> tuple[list[SpecResult], tuple[str, ...]]:
    """(the results, each failed one with what explains it; notes on what went wrong here).

    seconds: that the check took.
    """
    failing = [result for result in specs if result.outcome in ("failed", "error")]
    if not failing:
        return list(specs), ()
    answers = Answers(loaded, failing)
    causes: list[Cause] = []
    notes: tuple[str, ...] = ()
    try:
        with silence(), np.errstate(all="ignore"), limit(LONGEST):
            causes = Naming(answers).causes()
            causes = Locating(answers, specs, max(LEAST, SHARE * seconds)).locate(causes)
    except TimedOut:
        notes = (f"the search for causes was given up after {LONGEST:g} s",)
    except Exception as error:  # a verdict is worth having without its causes
        if sys.flags.dev_mode:
            raise
        notes = (f"the search for causes failed, by a fault of chainrule's own ({type(error).__name__}: {error})",)
    by_clause: dict[str, list[Diagnosis]] = {}
    for cause in causes:
        found = described(cause, loaded)
        for clause in cause.clauses:
            by_clause.setdefault(clause, []).append(found)
    return [replace(result, diagnoses=tuple(by_clause.get(result.id, ()))) for result in specs], notes


def described(cause: Cause, loaded: Loaded) -> Diagnosis:
    """The diagnosis as a report shows it."""
    repair, mistake = cause.repair, cause.mistake
    where, unsure = place_of(cause, loaded)
    change = None if repair is None else (repair.before, repair.after)
    if mistake is None:
        title, explanation = without_name(cause)
        certainty = cause.certainty if cause.told or repair is None else "certain"
        return Diagnosis(
            UNNAMED,
            title,
            explanation + unsure,
            where,
            certainty,
            cause.found,
            changed(cause),
            change,
            tuple(cause.clauses),
        )
    return Diagnosis(
        mistake.id,
        mistake.title,
        mistake.explanation + unsure,
        where,
        cause.certainty,
        cause.found,
        changed(cause) or mistake.mend,
        change,
        tuple(cause.clauses),
    )


def place_of(cause: Cause, loaded: Loaded) -> tuple[str | None, str]:
    """(`file:line`, what has to be said of it where the line is only that at which a function begins)."""
    if cause.repair is not None:
        return place(cause.repair.filename, cause.repair.line), ""
    if cause.where is not None:
        return cause.where, ""
    names = [name for subject in cause.subjects for name in (subject, STANDS_IN.get(subject, subject))]
    where = cause.begins or next(filter(None, map(loaded.impl.host.where, names)), None)
    said = "" if where is None else " (The function begins at the line named; which line of it this is was not found.)"
    return where, said


def without_name(cause: Cause) -> tuple[str, str]:
    """(title, explanation) of what is in no catalogue."""
    if cause.told:
        return cause.title.rstrip("."), cause.told
    if cause.repair is None:
        told = f"{cause.title.rstrip('.')}: no known mistake gives these numbers"
        return told, "No mistake in the catalogue explains what was found."
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
    if repair.kind == "delete":
        return f"without the line `{repair.before}` {then}"
    if repair.kind in ADDED:
        return f"with the line `{repair.after}` after `{repair.before}` {then}"
    if repair.kind == "move":
        return f"with the line `{repair.before}` further down in its block {then}"
    return f"with `{repair.after}` in place of `{repair.before}` {then}"


def changed_title(repair: Repair) -> str:
    """The change as a title."""
    what = {"delete": "should not be there", **dict.fromkeys(ADDED, "lacks a line after it"), "move": "comes too early"}
    if repair.kind in what:
        return f"`{repair.before}` in {repair.function} {what[repair.kind]}"
    return f"`{repair.before}` in {repair.function} should be `{repair.after}`"
