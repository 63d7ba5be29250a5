"""What a check finds: a result for every spec, and the verdict over all of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.contract.chapters import CORE_CHAPTERS
from chainrule.contract.conventions import Convention
from chainrule.host.guard.finding import RESULTS, Finding
from chainrule.host.source.frameworks import FrameworkImport
from chainrule.specification.registry import chapter_place
from chainrule.support.version import VERSION

OUTCOMES = ("passed", "failed", "blocked", "todo", "error", "skipped")
NOT_PASSED = ("failed", "error", "blocked")
INSIDE = ("activations", "cross_entropy")  # chapters whose subject a network may keep inside
HARD_TO_REACH = ("softmax", "initialization", "golden", "accuracy")  # by a network of certain sizes
UNJUDGED = "blocked: "  # begins the message of a spec that is blocked by no other spec, so that it blocks none itself


UNNAMED = "unnamed"  # the id of a diagnosis that the catalogue has no name for
CERTAINTIES = ("certain", "likely", "partial", "unknown")


@dataclass(frozen=True)
class Diagnosis:
    """A mistake by name.

    id: in the catalogue of mistakes (`chainrule explain ID`), or `unnamed`.  where: `file:line`, or None.
    certainty: `certain`, the numbers are those of this mistake and no other, to rounding, or the spec says just that;
    `likely`, others would give the same; `partial`, it explains a part of the numbers; `unknown`, nothing known does.
    found: what speaks for it, in numbers.  mend: what to do.  change: the line that mends it, as it is and as it would
    be, where trying it out made everything right.  explains: the clauses that fail because of it.
    """

    id: str
    title: str
    explanation: str
    where: str | None
    certainty: str = "certain"
    found: str = ""
    mend: str = ""
    change: tuple[str, str] | None = None
    explains: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskedCall:
    """A call that a failing spec made, as data.

    name: the method.  arguments: without the network.  parameters: (weights, biases) that the spec had put into the
    network; None for a function, or a network as it was made.
    """

    name: str
    arguments: tuple[Any, ...]
    parameters: tuple[list[np.ndarray], list[np.ndarray]] | None


@dataclass(frozen=True)
class Evidence:
    """What a failing spec saw, for the diagnosis.

    last: the method that it called last.  calls: the last ones that are small enough to be asked again.  timed_out:
    whether the spec did not end in time.
    """

    last: str | None
    calls: tuple[AskedCall, ...]
    timed_out: bool


@dataclass(frozen=True)
class SpecResult:
    """The outcome of one spec.

    equation: LaTeX; formula: the same in the notation of arrays.  message: what was found.  after: the specs it builds
    on. line: where the spec stands in its file.
    where: `file:line` of the code under test.  expected, actual: the numbers, as text.  snippet: lines that repeat it.
    through: the functions that a network stood in for.  cases: how many examples, and networks and seeds drawn at
    random, it looked at.  evidence: what it saw, if it failed; in no report.
    """

    id: str
    chapter: str
    title: str
    outcome: str
    message: str = ""
    equation: str = ""
    formula: str = ""
    seconds: float = 0.0
    line: int = 0
    after: tuple[str, ...] = ()
    where: str | None = None
    expected: str | None = None
    actual: str | None = None
    snippet: str | None = None
    through: str = ""
    cases: int = 0
    diagnoses: tuple[Diagnosis, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """A whole check.  target: as named; path, sha256: the file it resolved to and that file's digest.

    required: the chapters that a pass needs.  not_run: how many of their specs were left out, by pytest's options or
    because a process was lost.  unchecked: names in the target that are recognised, and have no chapter yet.
    notes: what else there is to say of how the code was read and loaded.  not_understood: what was looked for and not
    found, what was found instead, and the command that goes on from there; empty where there is nothing of the kind.
    frameworks: what the target imports that is not from scratch; from_scratch: whether that fails the check.
    tampering: what speaks against an honest answer: docs/honesty.md.
    seed: what decided the cases of a run at random, so that `--thorough --seed` repeats it; None for any other run.
    """

    target: str
    path: str
    sha256: str
    conventions: Mapping[str, Convention]
    specs: Sequence[SpecResult]
    required: Sequence[str] = CORE_CHAPTERS[:-1]
    not_run: int = 0
    seconds: float = 0.0
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_understood: str = ""
    frameworks: tuple[FrameworkImport, ...] = ()
    from_scratch: bool = False
    tampering: tuple[Finding, ...] = ()
    seed: int | None = None

    @property
    def verdict(self) -> str:
        """`fail` if any spec failed or raised, if a framework is imported that must not be, or if the check was
        tampered with; else `incomplete` if a required one is todo, blocked or was left out, or if a required chapter
        was looked at and nothing in it passed; else `pass`.

        A chapter of which everything is skipped is no matter where the reason is that its subject is seen inside the
        network alone: ReLU by its forward pass, cross-entropy by its gradients.  It is none either, except for the
        chapters of the network itself (shapes, gradients, training), under an `architecture` of certain sizes: it
        may hold no network that shows softmax alone, a certain layer, or a golden value.
        """
        found = {result.outcome for result in self.specs}
        tampered = any(finding.fails for finding in self.tampering)
        if found & {"failed", "error"} or (self.from_scratch and self.frameworks) or tampered:
            return "fail"
        required = {result.outcome for result in self.specs if result.chapter in self.required}
        if self.not_run or required & {"todo", "blocked"} or "passed" not in required or self.unseen_chapters:
            return "incomplete"
        return "pass"

    @property
    def unseen_chapters(self) -> list[str]:
        """The required chapters of which everything was skipped, with no reason that the verdict accepts."""
        architecture = self.conventions.get("architecture")
        fixed = architecture is not None and architecture.value != "any"
        excused = INSIDE + (HARD_TO_REACH if fixed else ())
        passed = {result.chapter for result in self.specs if result.outcome == "passed"}
        looked_at = dict.fromkeys(result.chapter for result in self.specs if result.chapter in self.required)
        return [chapter for chapter in looked_at if chapter not in passed and chapter not in excused]

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """The distinct diagnoses, the surest first, then in the order of the specs that they explain."""
        return surest_first(self.specs)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as the JSON report holds it."""
        return {
            "schema": 1,
            "chainrule": VERSION,
            "target": self.target,
            "path": self.path,
            "sha256": self.sha256,
            "verdict": self.verdict,
            "required": list(self.required),
            "not_run": self.not_run,
            "unchecked": list(self.unchecked),
            "seconds": round(self.seconds, 3),
            "conventions": {key: asdict(convention) for key, convention in self.conventions.items()},
            "notes": list(self.notes),
            "not_understood": self.not_understood,
            "frameworks": [asdict(framework) for framework in self.frameworks],
            "from_scratch": self.from_scratch,
            "tampering": [finding.to_dict() for finding in self.tampering],
            "seed": self.seed,
            "specs": [spec_object(result) for result in self.specs],
            "diagnoses": [diagnosis_object(diagnosis) for diagnosis in self.diagnoses],
        }

    def to_json(self) -> str:
        """The same, as text."""
        return json.dumps(self.to_dict(), indent=2)


class Results:
    """The results of one run, as they arrive.

    contradicted: clauses that were reported twice, and not alike: the worse result counts.
    """

    def __init__(self) -> None:
        self.raw: dict[str, SpecResult] = {}  # what is blocked is not marked in it
        self.marked: dict[str, SpecResult] = {}
        self.contradicted: set[str] = set()

    def __iter__(self) -> Iterator[SpecResult]:
        return iter(self.marked.values())

    def add(self, result: SpecResult) -> SpecResult:
        """Take a result, and return it, marked as `blocked` if one before it shows that it is."""
        earlier = self.raw.get(result.id)
        if earlier is not None and earlier.outcome != result.outcome:
            self.contradicted.add(result.id)
            result = earlier if result.outcome == "passed" else result
        self.raw[result.id] = result
        self.marked[result.id] = self.mark(result)
        return self.marked[result.id]

    def mark(self, result: SpecResult) -> SpecResult:
        """The result, as `blocked` if those so far block it."""
        return blocked(result, self.marked)

    def settled(self, expected: Collection[str]) -> list[SpecResult]:
        """Those of the specs that were to run, in the order of the specification."""
        return in_order(result for result in self.raw.values() if result.id in expected)

    def strange(self, expected: Collection[str]) -> tuple[Finding, ...]:
        """What is wrong with the set of results.  expected: the clauses that were to run."""
        unknown = sorted(set(self.raw) - set(expected))
        stranger = "was reported, and is not a spec of the chapters that ran"
        twice = "was reported twice, and not alike: what did not pass counts"
        return (
            *(Finding(RESULTS, clause, None, stranger) for clause in unknown),
            *(Finding(RESULTS, clause, None, twice) for clause in sorted(self.contradicted)),
        )


def surest_first(specs: Iterable[SpecResult]) -> list[Diagnosis]:
    """The distinct diagnoses of some results: those that are certain, then the others, each in the specs' order."""
    distinct = dict.fromkeys(diagnosis for result in specs for diagnosis in result.diagnoses)
    return sorted(distinct, key=lambda diagnosis: CERTAINTIES.index(diagnosis.certainty))


def spec_object(result: SpecResult) -> dict[str, Any]:
    fields = asdict(replace(result, evidence=None))
    del fields["evidence"]
    return fields | {
        "after": list(result.after),
        "seconds": round(result.seconds, 4),
        "diagnoses": [diagnosis_object(diagnosis) for diagnosis in result.diagnoses],
    }


def diagnosis_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """As JSON has it: lists, and no tuples."""
    change = None if diagnosis.change is None else list(diagnosis.change)
    return asdict(diagnosis) | {"change": change, "explains": list(diagnosis.explains)}


def blocked(result: SpecResult, before: Mapping[str, SpecResult]) -> SpecResult:
    """`result` as `blocked` if it did not pass and a spec it builds on, directly or not, did not either.

    before: the results so far, blocked ones already marked.
    """
    if result.outcome not in NOT_PASSED:
        return result
    waiting, seen = list(result.after), set()
    while waiting:
        clause = waiting.pop(0)
        upstream = before.get(clause)
        if upstream is not None and upstream.outcome == "skipped" and clause not in seen:
            seen.add(clause)
            waiting = [*upstream.after, *waiting]  # what was skipped says nothing; what it builds on may
            continue
        if upstream is None or upstream.outcome not in NOT_PASSED or upstream.message.startswith(UNJUDGED):
            continue
        if upstream.through and not result.through:
            continue  # the network stood in for a function: what is asked of the network itself is judged by itself
        message = upstream.message if upstream.outcome == "blocked" else f"blocked by {clause}, which did not pass"
        return replace(result, outcome="blocked", message=message, snippet=None, diagnoses=())
    return result


def in_order(results: Iterable[SpecResult]) -> list[SpecResult]:
    """Results in the order of the specification, with what is blocked marked so, in whatever order they came."""
    given = {result.id: result for result in results}
    settled: dict[str, SpecResult] = {}

    def visit(clause: str) -> None:
        if clause in given and clause not in settled:
            for upstream in given[clause].after:
                visit(upstream)
            settled[clause] = blocked(given[clause], settled)

    for clause in given:
        visit(clause)
    return sorted(settled.values(), key=lambda result: (chapter_place(result.chapter), result.line))
