"""From what happened to a spec to its outcome."""

from __future__ import annotations

from dataclasses import replace
from unittest import SkipTest

import numpy as np

from chainrule.boundary.errors import Hung, Raised, Todo
from chainrule.diagnosis.evidence import Evidence
from chainrule.mathematics.clauses import clauses
from chainrule.running.loading import Loaded
from chainrule.running.results import UNJUDGED, SpecResult
from chainrule.running.snippets import snippet
from chainrule.specification.spec import Spec
from chainrule.support.arrays import show
from chainrule.support.time_limit import TimedOut


def judge(
    spec: Spec, error: BaseException | None, seconds: float, limit: float, loaded: Loaded, unresponsive: dict[str, str]
) -> SpecResult:
    """The result of a spec that ended with `error`, or with none, under a time limit of `limit` seconds."""
    impl = loaded.impl
    clause = clauses().get(spec.clause)
    outcome, message = outcome_of(error, limit, loaded)
    still = [unresponsive[name] for name in sorted(impl.called & unresponsive.keys())]
    if outcome == "passed" and still:
        outcome, message = "blocked", f"{UNJUDGED}{still[0]}"
    through = " and ".join(sorted(impl.seen_through))
    if through and outcome in ("passed", "failed", "error"):
        told = f"{through} seen through the network"
        message = f"{message} ({told})" if message else told
    result = SpecResult(
        id=spec.clause,
        chapter=spec.chapter,
        title=spec.title,
        outcome=outcome,
        message=message,
        equation=clause.equation if clause else "",
        formula=clause.formula if clause else "",
        seconds=seconds,
        after=spec.after,
        through=through,
    )
    if outcome not in ("failed", "error"):
        return result
    return with_evidence(result, error, loaded)


def outcome_of(error: BaseException | None, limit: float, loaded: Loaded) -> tuple[str, str]:
    """(outcome, message) of the contract."""
    if error is None:
        return "passed", ""
    if isinstance(error, Todo):
        return "todo", str(error)
    if isinstance(error, Hung):
        return "blocked", f"{UNJUDGED}{error}"
    if isinstance(error, SkipTest):
        return "skipped", str(error)
    if isinstance(error, TimedOut):
        return "error", loaded.impl.hang(limit)
    if isinstance(error, AssertionError):
        return "failed", str(error)
    if isinstance(error, Raised):
        return "error", str(error)
    if type(error).__name__.startswith("Flaky"):
        return "failed", "the same call gives different results when it is repeated"
    return "error", f"{type(error).__name__}: {error}"


def with_evidence(result: SpecResult, error: BaseException | None, loaded: Loaded) -> SpecResult:
    """The numbers, the place in the code and the lines that repeat it."""
    calls = list(loaded.impl.calls)
    if error is not None:
        loaded.evidence[result.id] = Evidence(tuple(calls), error)
    where = error.where if isinstance(error, Raised) else None
    expected, actual = getattr(error, "expected", None), getattr(error, "actual", None)
    return replace(
        result,
        where=where or (loaded.impl.host.where(calls[-1].name) if calls else None),
        expected=None if expected is None else show(np.asarray(expected)),
        actual=None if actual is None else show(np.asarray(actual)),
        snippet=snippet(loaded, calls, error),
    )
