"""The gate: green where exactly what the baseline says happens, red otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.version import Version

from chainrule.baseline.baseline import Baseline
from chainrule.running.results import Outcome, SpecResult
from chainrule.specification.registry import registry, specs_of


@dataclass(frozen=True)
class Difference:
    """A spec that did other than expected.  expected, found: outcomes; found is empty if the spec did not run."""

    clause: str
    expected: str
    found: str = ""

    def __str__(self) -> str:
        return f"{self.clause}: {self.found or 'did not run'}, expected {self.expected}"


@dataclass(frozen=True)
class Gate:
    """A check, compared with its baseline.

    regressions: specs that do not pass, and are not listed.  stale: listed, with another outcome.  missing: required,
    and did not run.  new: ids that the version which wrote the file did not have; they must pass.
    besides: what makes the gate red besides specs, as sentences.  as_listed: the clauses that do as their line says.
    """

    baseline: Baseline
    regressions: tuple[Difference, ...]
    stale: tuple[Difference, ...]
    missing: tuple[Difference, ...]
    new: tuple[str, ...]
    besides: tuple[str, ...]
    as_listed: tuple[str, ...]

    @property
    def green(self) -> bool:
        return not (self.regressions or self.stale or self.missing or self.besides)

    @property
    def expected(self) -> dict[str, list[str]]:
        """{outcome: the clauses that do as their line says}."""
        groups: dict[str, list[str]] = {}
        for clause in self.as_listed:
            groups.setdefault(self.baseline.expected[clause].outcome, []).append(clause)
        return groups

    @property
    def state(self) -> str:
        return "green" if self.green else "red"

    def __str__(self) -> str:
        return f"{self.state}  {self.told}"

    @property
    def told(self) -> str:
        """How many specs differ in which way; where the gate is green, how many are listed."""
        counts = [
            f"{len(found)} {kind}{'s' * (kind == 'regression' and len(found) > 1)}"
            for kind, found in (("regression", self.regressions), ("stale", self.stale), ("not run", self.missing))
            if found
        ]
        told = (
            ", ".join([*counts, *self.besides])
            or f"{len(self.as_listed)} not passing, as {self.baseline.path.name} says"
        )
        return told + (f"; {len(self.new)} new" if self.new else "")

    def to_dict(self) -> dict[str, Any]:
        """The object of the JSON report."""
        return {
            "state": self.state,
            **{
                kind: [difference.clause for difference in getattr(self, kind)]
                for kind in ("regressions", "stale", "missing")
            },
            "new": list(self.new),
            "besides": list(self.besides),
        }


def judge(baseline: Baseline, outcome: Outcome) -> Gate:
    """Compare a check with its baseline."""
    tampering = [f"tampering: {finding}" for finding in outcome.tampering if finding.fails]
    imports = [f"imports {framework.name}" for framework in outcome.frameworks if outcome.from_scratch]
    gate = compare(baseline, outcome.specs, outcome.required, (*tampering, *imports))
    return replace(gate, missing=(), besides=(*gate.besides, "interrupted")) if outcome.interrupted else gate


def compare(
    baseline: Baseline, specs: Iterable[SpecResult], required: Collection[str], besides: Sequence[str] = ()
) -> Gate:
    """Compare results with a baseline.  required: the chapters that a pass needs."""
    wanted = [entry.clause for entry in specs_of(*required)]
    specs = that_count(baseline, specs, required)
    ran, listed = {result.id for result in specs}, baseline.expected.keys()
    found = differences(baseline, specs, required)
    stale = tuple(difference for difference in found if difference.clause in listed)
    return Gate(
        baseline,
        regressions=tuple(difference for difference in found if difference.clause not in listed),
        stale=stale,
        missing=tuple(Difference(clause, outcome_in(baseline, clause)) for clause in wanted if clause not in ran),
        new=tuple(clause for clause in wanted if Version(registry()[clause].spec.since) > baseline.version),
        besides=tuple(besides),
        as_listed=tuple(sorted((ran & listed) - {difference.clause for difference in stale})),
    )


def differences(baseline: Baseline, specs: Iterable[SpecResult], required: Collection[str]) -> list[Difference]:
    """The results that differ from what a baseline expects."""
    pairs = [(result, outcome_in(baseline, result.id)) for result in that_count(baseline, specs, required)]
    return [Difference(result.id, expected, result.outcome) for result, expected in pairs if result.outcome != expected]


def that_count(baseline: Baseline, specs: Iterable[SpecResult], required: Collection[str]) -> list[SpecResult]:
    """The results that a baseline is about: of required chapters, of its own lines, and whatever failed beside them."""
    return [
        result
        for result in specs
        if result.chapter in required or result.id in baseline.expected or result.outcome in ("failed", "error")
    ]


def outcome_in(baseline: Baseline, clause: str) -> str:
    """What a baseline expects of a spec."""
    return baseline.expected[clause].outcome if clause in baseline.expected else "passed"


def renewed(baseline: Baseline, outcome: Outcome) -> Baseline:
    """The baseline that expects what has just happened."""
    return baseline.renewed(that_count(baseline, outcome.specs, outcome.required))
