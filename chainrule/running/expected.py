"""Which specs a chapter holds, read from its file: a run has to have answered each of them once."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.host.guard.finding import RESULTS, Finding

if TYPE_CHECKING:
    from chainrule.running.results import SpecResult


@lru_cache(maxsize=32)
def specs_in(file: Path) -> tuple[str, ...]:
    """The clauses of a spec file's tests, in its order."""
    found = []
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef):
            found += [clause for clause in map(clause_of, node.decorator_list) if clause]
    return tuple(found)


def clause_of(decorator: ast.expr) -> str | None:
    """The clause of `@spec("softmax.shape", ...)`; None for another decorator."""
    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "spec":
        return str(ast.literal_eval(decorator.args[0]))
    return None


def strange_results(
    results: Collection[str], expected: Iterable[str], contradicted: Iterable[str]
) -> tuple[Finding, ...]:
    """What is wrong with the set of results.

    results: clauses, as reported.  expected: the clauses of all chapters that ran.  contradicted: those that were
    reported twice, and not alike.
    """
    unknown = sorted(set(results) - set(expected))
    stranger = "was reported, and is no spec of the chapters that ran"
    twice = "was reported twice, and not alike: what did not pass counts"
    return (
        *(Finding(RESULTS, clause, None, stranger) for clause in unknown),
        *(Finding(RESULTS, clause, None, twice) for clause in sorted(contradicted)),
    )


def uncalled(result: SpecResult, called: Collection[str]) -> SpecResult:
    """A spec that passed without a call of the implementation has shown nothing: its outcome is `error`."""
    if result.outcome != "passed" or called:
        return result
    return replace(result, outcome="error", message="ran without calling the implementation, and so shows nothing")
