"""Judges what happened to a spec: from an exception to an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Cache, Call, Handle
from chainrule.boundary.errors import Hung, Raised, Todo
from chainrule.boundary.standing_in import compares_classes, keeps_negative_inputs_out
from chainrule.mathematics.clauses import clauses
from chainrule.running.loading import Loaded
from chainrule.running.results import UNJUDGED, AskedCall, Evidence, SpecResult
from chainrule.running.snippets import snippet
from chainrule.specification.registry import Entry
from chainrule.support.arrays import show
from chainrule.support.time_limit import TimedOut

OUTPUT_SHAPE = "network.output_shape"  # a softmax seen through the network has the shape of the network's output
FORWARD = "network.forward"
LARGEST = 100_000  # the most entries of a call's arguments for which diagnosis repeats it


def judge(
    entry: Entry,
    error: BaseException | None,
    seconds: float,
    limit: float,
    loaded: Loaded,
    unresponsive: Mapping[str, str],
) -> SpecResult:
    """The result of a spec that ended with `error`, or normally, under a time limit of `limit` seconds.

    unresponsive: {method: what it does for all arguments}.
    """
    impl, spec = loaded.impl, entry.spec
    clause = clauses().get(spec.clause)
    outcome, message = outcome_of(error, limit, loaded)
    still = [unresponsive[name] for name in sorted(impl.called & unresponsive.keys())]
    if outcome == "passed" and still:
        outcome, message = "blocked", f"{UNJUDGED}{still[0]}"
    elif outcome == "passed" and not impl.called:
        outcome, message = "error", "ran without calling the implementation, so it shows nothing"
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
        measured=impl.measured if outcome == "passed" else "",
        confusion=None if impl.confusion is None else tuple(map(tuple, impl.confusion.tolist())),
        equation=clause.equation if clause else "",
        formula=clause.formula if clause else "",
        seconds=seconds,
        line=entry.line,
        after=spec.after + rests_on(impl, outcome),
        through=through,
        cases=impl.cases,
    )
    if outcome not in ("failed", "error"):
        return result
    return with_evidence(result, error, loaded)


def rests_on(impl: Boundary, outcome: str) -> tuple[str, ...]:
    """The specs on which one rests that saw a function through the network.

    A network whose hidden layers are not those of ReLU does not pass on the logits that a spec chooses; one whose
    output units do not see each other's logits has no softmax to judge.
    """
    shape = (OUTPUT_SHAPE,) if "softmax" in impl.seen_through else ()
    if outcome not in ("failed", "error") or not impl.seen_through & {"softmax", "cross_entropy"}:
        return shape
    try:
        passes = keeps_negative_inputs_out(impl) and compares_classes(impl)
    except Exception:
        return shape
    return shape if passes else (*shape, FORWARD)


def outcome_of(error: BaseException | None, limit: float, loaded: Loaded) -> tuple[str, str]:
    """(outcome, message), with the contract's outcomes."""
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
    """Add the numbers, the place in the code, and the lines that repeat the failure."""
    calls = list(loaded.impl.calls)
    where = error.where if isinstance(error, Raised) else None
    expected, actual = getattr(error, "expected", None), getattr(error, "actual", None)
    return replace(
        result,
        where=where or (loaded.impl.host.where(calls[-1].name) if calls else None),
        expected=None if expected is None else show(np.asarray(expected)),
        actual=None if actual is None else show(np.asarray(actual)),
        snippet=snippet(loaded, calls, error),
        evidence=Evidence(
            calls[-1].name if calls else None,
            tuple(map(asked, filter(small, calls))),
            isinstance(error, TimedOut),
        ),
    )


def asked(call: Call) -> AskedCall:
    """A call as data, without its result."""
    arguments = tuple(argument for argument in call.arguments if not isinstance(argument, (Handle, Cache)))
    return AskedCall(call.name, arguments, call.model_parameters)


def small(call: Call) -> bool:
    """Whether a call's arguments are small enough to repeat it for every mistake in the catalogue."""
    arrays = [*call.arguments, *(call.model_parameters[0] if call.model_parameters else [])]
    return sum(np.size(a) for a in arrays if isinstance(a, np.ndarray)) <= LARGEST
