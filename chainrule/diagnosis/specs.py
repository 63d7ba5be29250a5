"""Specs by themselves, outside of a test run: to see whether a change mends what failed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any
from unittest import SkipTest

import numpy as np
from hypothesis import HealthCheck, Phase, settings

from chainrule.boundary.boundary import Boundary
from chainrule.contract.chapters import CHAPTERS
from chainrule.specification.networks import Networks
from chainrule.specification.spec import Spec

EXAMPLES = 10
# Nothing is shrunk: only whether a spec passes is asked.
QUICK = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
NEVER = frozenset({"accuracy"})  # minutes of training


@cache
def tests() -> dict[str, tuple[Spec, Any]]:
    """{clause: (its spec, the test function)} of every chapter but accuracy."""
    found = {}
    for chapter in CHAPTERS:
        if chapter in NEVER:
            continue
        try:
            module = importlib.import_module(f"chainrule.spec_tests.test_{chapter}")
        except ModuleNotFoundError:  # a chapter of the contract that has no specs yet
            continue
        for test in vars(module).values():
            if isinstance(getattr(test, "spec", None), Spec):
                found[test.spec.clause] = test.spec, test
    return found


def holds(clause: str, impl: Boundary) -> bool:
    """Whether a spec passes: with nothing to look at any more it does not."""
    _, test = tests()[clause]
    impl.forget()
    impl.called.clear()
    impl.seen_through.clear()
    given: dict[str, Any] = {"impl": impl}
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", test)
    body = getattr(inner, "body", inner)  # what a run has put around it tells no parameters
    if "networks" in inspect.signature(inspect.unwrap(body)).parameters:
        given["networks"] = Networks(impl)
    kept = getattr(test, "_hypothesis_internal_use_settings", None)
    if kept is not None:
        test._hypothesis_internal_use_settings = QUICK
    try:
        with np.errstate(all="ignore"):
            test(**given)
    except (SkipTest, Exception):
        return False
    finally:
        if kept is not None:
            test._hypothesis_internal_use_settings = kept
    return True


def hold(clauses: Iterable[str], impl: Boundary) -> bool:
    """Whether all of them do."""
    return all(holds(clause, impl) for clause in clauses)
