"""The results of a check: one for every spec, and the verdict."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.contract.architecture import Architecture
from chainrule.contract.chapters import CORE_CHAPTERS
from chainrule.contract.conventions import Convention
from chainrule.host.guard.finding import RESULTS, Finding
from chainrule.host.source.frameworks import FrameworkImport
from chainrule.specification.registry import chapter_place
from chainrule.support.version import VERSION

if TYPE_CHECKING:
    from chainrule.baseline.gate import Gate
    from chainrule.running.pictures import Picture

OUTCOMES = ("passed", "failed", "blocked", "todo", "error", "skipped")
RAISED = ("failed", "error")
NOT_PASSED = (*RAISED, "blocked")
OF_NETWORKS = ("shapes", "gradients", "training")  # chapters about the network as a whole
INSIDE = ("activations", "cross_entropy")  # chapters about functions that a network may contain
HARD_TO_REACH = ("softmax", "initialization", "golden", "accuracy")  # by networks of fixed sizes
WAIVERS = (("initialization", "any"), ("seeding", "none"), ("seeding", "fixed"), ("precision", "float32"))
UNJUDGED = "blocked: "  # begins the message of a spec that is blocked without another spec, and does not block others


UNNAMED = "unnamed"  # the id of a diagnosis outside the catalogue
CERTAINTIES = ("certain", "likely", "partial", "unknown")
VAGUE = CERTAINTIES[2:]
CHOICES = {"initialization.variance", "initialization.network_variance"}  # a network learns with other variances, too


PLACED = {"reads": "by how it reads", "begins": "where the function begins"}  # what is said of such places


@dataclass(frozen=True)
class Diagnosis:
    """A named mistake.

    id: in the catalogue of mistakes (`chainrule explain ID`), or `unnamed`.  where: `file:line`, or None.  placed: how
    that was found: `tried`, a change of this line mends; `raised`, this line raised; `only`, there is no other;
    `reads`, it reads like the mistake, and no change of it was tried that mends; `begins`, only the function is known.
    certainty: `certain`, only this mistake gives the numbers, to rounding, or the spec is about just this mistake;
    `likely`, other mistakes give the same; `partial`, it explains some of the numbers; `unknown`, no known mistake
    does.
    found: the evidence, in numbers.  mend: the correction, in words.  change: a line as it is and as it should be, if
    chainrule tried this change and everything passed.  explains: the clauses that fail because of it.
    line: the text of the line at `where`, if chainrule found no change of it.
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
    placed: str = ""
    line: str = ""

    @property
    def is_choice(self) -> bool:
        """Whether it may be meant: another scheme of initialization."""
        return bool(self.explains) and set(self.explains) <= CHOICES

    @property
    def position(self) -> str:
        """The place as a report shows it, with how it was found if nothing proves it."""
        return f"{self.where} ({PLACED[self.placed]})" if self.where and self.placed in PLACED else self.where or ""


@dataclass(frozen=True)
class AskedCall:
    """A call that a failing spec made, as data.

    name: the method.  arguments: without the network.  parameters: (weights, biases) that the spec had assigned; None
    for a function, or a network with its initial parameters.
    """

    name: str
    arguments: tuple[Any, ...]
    parameters: tuple[list[np.ndarray], list[np.ndarray]] | None


@dataclass(frozen=True)
class Evidence:
    """What a failing spec observed, for the diagnosis.

    last: the method that it called last.  calls: its last calls that are small enough to repeat.  timed_out: whether
    the spec exceeded its time limit.
    """

    last: str | None
    calls: tuple[AskedCall, ...]
    timed_out: bool


@dataclass(frozen=True)
class SpecResult:
    """The outcome of one spec.

    equation: in LaTeX; formula: the same in the notation of arrays.  message: what was found.  after: the specs on
    which it builds.  line: of the spec in its file.
    where: `file:line` of the code under test.  expected, actual: the numbers, as text.  snippet: lines that repeat the
    failure.
    through: the functions that the network replaced.  cases: how many examples, and random networks and seeds, the spec
    used.  measured: a figure that it reached.  confusion: how many samples of each class were predicted as each.
    evidence: its observations, if it failed; not part of a report.
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
    measured: str = ""
    confusion: tuple[tuple[int, ...], ...] | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    evidence: Evidence | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check.  target: as the user named it; path, sha256: its file and that file's digest.

    required: the chapters that a pass needs.  not_run: how many of their specs did not run, because of pytest's
    options, a lost process or an interrupt.  interrupted: whether the user ended the run.
    unchecked: recognised names in the target for which chainrule has no chapter yet.
    notes: sentences on how chainrule loaded and read the code.  not_understood: what chainrule looked for, what it
    found instead, and the command to run next; empty if it understood the code.  nothing_found: what the file holds
    instead of anything to check.  sketch: lines that would make code fit in which chainrule recognised no network.
    frameworks: the frameworks that the target imports; from_scratch: whether these fail the check.
    tampering: evidence that the code did not answer honestly (docs/honesty.md).
    gate: the comparison with a baseline, if there is one.  pictures: for a page, and not part of the JSON report.
    seed: decides the cases of a thorough run, so that `--thorough --seed` repeats it; None for other runs.
    """

    target: str
    path: str
    sha256: str
    conventions: Mapping[str, Convention]
    specs: Sequence[SpecResult]
    required: Sequence[str] = CORE_CHAPTERS[:-1]
    not_run: int = 0
    interrupted: bool = False
    seconds: float = 0.0
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_understood: str = ""
    nothing_found: str = ""
    sketch: str = ""
    frameworks: tuple[FrameworkImport, ...] = ()
    from_scratch: bool = False
    tampering: tuple[Finding, ...] = ()
    seed: int | None = None
    gate: Gate | None = None
    pictures: tuple[Picture, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the gate is green; without a gate, whether the verdict is `pass`."""
        return self.verdict == "pass" if self.gate is None else self.gate.green

    @property
    def unaccepted(self) -> set[str]:
        """The clauses whose specs keep the check from being accepted: under a gate, those that differ from it."""
        if self.gate is not None:
            return {difference.clause for difference in (*self.gate.regressions, *self.gate.stale)}
        return {
            result.id
            for result in self.specs
            if result.outcome in RAISED or (result.chapter in self.required and result.outcome in ("todo", "blocked"))
        }

    @property
    def verdict(self) -> str:
        """`pass`, `fail` or `incomplete`.

        `fail`: a spec failed or raised, a forbidden framework is imported, or the code tampered with the check.
        `incomplete`: the run was interrupted, a required spec is todo, blocked or did not run, or a required chapter
        ran and none of its specs passed.
        A chapter may be skipped as a whole in two cases: if its function exists only inside the network, whose
        forward pass then shows ReLU and whose gradients show cross-entropy; and, except for the chapters about the
        network itself (shapes, gradients, training), under an `architecture` of fixed sizes, which may exclude all
        networks that the chapter needs.
        """
        found = {result.outcome for result in self.specs}
        tampered = any(finding.fails for finding in self.tampering)
        if found & {"failed", "error"} or (self.from_scratch and self.frameworks) or tampered:
            return "fail"
        required = {result.outcome for result in self.specs if result.chapter in self.required}
        open_ = self.interrupted or self.not_run or required & {"todo", "blocked"}
        if open_ or "passed" not in required or self.unseen_chapters:
            return "incomplete"
        return "pass"

    @property
    def reservations(self) -> list[str]:
        """What a pass does not cover: what is declared, networks with hidden layers, many specs that were skipped."""
        if self.verdict != "pass":
            return []
        found = [
            f"{key} {known.value} as declared"
            for key, known in self.conventions.items()
            if known.source == "declared" and (key, known.value) in WAIVERS
        ]
        architecture = self.conventions.get("architecture")
        if architecture is not None and Architecture.parse(architecture.value).depth == 0:
            found.append("for logistic regression, without hidden layers")
        required = [result.outcome for result in self.specs if result.chapter in self.required]
        if 10 * required.count("skipped") > len(required):
            found.append(f"{required.count('skipped')} of {len(required)} required specs were not looked at")
        return found

    @property
    def unread(self) -> bool:
        """Whether chainrule found nothing to check, or understood none of it, so that every spec is todo."""
        reason = self.not_understood or self.nothing_found
        return bool(reason) and all(result.outcome == "todo" for result in self.specs)

    @property
    def unseen_chapters(self) -> list[str]:
        """The required chapters that were skipped as a whole, for a reason that the verdict does not accept."""
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
        """The object of the JSON report."""
        return {
            "schema": 1,
            "chainrule": VERSION,
            "target": self.target,
            "path": self.path,
            "sha256": self.sha256,
            "verdict": self.verdict,
            "reservations": self.reservations,
            "required": list(self.required),
            "not_run": self.not_run,
            "unchecked": list(self.unchecked),
            "seconds": round(self.seconds, 3),
            "conventions": {key: asdict(convention) for key, convention in self.conventions.items()},
            "notes": list(self.notes),
            "not_understood": self.not_understood,
            "nothing_found": self.nothing_found,
            "sketch": self.sketch,
            "frameworks": [asdict(framework) for framework in self.frameworks],
            "from_scratch": self.from_scratch,
            "tampering": [finding.to_dict() for finding in self.tampering],
            "seed": self.seed,
            "specs": [spec_object(result) for result in self.specs],
            "diagnoses": [diagnosis_object(diagnosis) for diagnosis in self.diagnoses],
            "gate": None if self.gate is None else self.gate.to_dict(),
        }

    def to_json(self) -> str:
        """The JSON report, as text."""
        return json.dumps(self.to_dict(), indent=2)


class Results:
    """The results of one run, as they arrive.

    contradicted: clauses with two different results, of which the worse counts.
    """

    def __init__(self) -> None:
        self.raw: dict[str, SpecResult] = {}  # {clause: its result}, before marking the blocked ones
        self.marked: dict[str, SpecResult] = {}
        self.contradicted: set[str] = set()

    def __iter__(self) -> Iterator[SpecResult]:
        return iter(self.marked.values())

    def add(self, result: SpecResult) -> SpecResult:
        """Add a result.  Returns it, marked as `blocked` if an earlier result blocks it."""
        earlier = self.raw.get(result.id)
        if earlier is not None and earlier.outcome != result.outcome:
            self.contradicted.add(result.id)
            result = earlier if result.outcome == "passed" else result
        self.raw[result.id] = result
        self.marked[result.id] = self.mark(result)
        return self.marked[result.id]

    def mark(self, result: SpecResult) -> SpecResult:
        """The result, marked as `blocked` if the results so far block it."""
        return blocked(result, self.marked)

    def settled(self, expected: Collection[str]) -> list[SpecResult]:
        """The results of the expected specs, in the order of the specification."""
        return in_order(result for result in self.raw.values() if result.id in expected)

    def strange(self, expected: Collection[str]) -> tuple[Finding, ...]:
        """Findings on the set of results.  expected: the clauses that had to run."""
        unknown = sorted(set(self.raw) - set(expected))
        stranger = "was reported, but is not a spec of the chapters that ran"
        twice = "was reported twice with different results: the worse one counts"
        return (
            *(Finding(RESULTS, clause, None, stranger) for clause in unknown),
            *(Finding(RESULTS, clause, None, twice) for clause in sorted(self.contradicted)),
        )


def network_judged(specs: Iterable[SpecResult]) -> bool:
    """Whether any spec about the network as a whole was judged."""
    return any(result.outcome not in ("todo", "skipped") for result in specs if result.chapter in OF_NETWORKS)


def surest_first(specs: Iterable[SpecResult]) -> list[Diagnosis]:
    """The distinct diagnoses of some results: the certain ones first, each group in the specs' order.

    A choice of initialization comes after the mistakes that stop a network from learning.
    """
    distinct = dict.fromkeys(diagnosis for result in specs for diagnosis in result.diagnoses)
    return sorted(
        distinct,
        key=lambda found: (found.certainty in VAGUE, found.is_choice, CERTAINTIES.index(found.certainty)),
    )


def spec_object(result: SpecResult) -> dict[str, Any]:
    fields = asdict(replace(result, evidence=None))
    del fields["evidence"]
    return fields | {
        "after": list(result.after),
        "seconds": round(result.seconds, 4),
        "diagnoses": [diagnosis_object(diagnosis) for diagnosis in result.diagnoses],
    }


def diagnosis_object(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis as a JSON object, with lists instead of tuples."""
    change = None if diagnosis.change is None else list(diagnosis.change)
    return asdict(diagnosis) | {"change": change, "explains": list(diagnosis.explains)}


def blocked(result: SpecResult, before: Mapping[str, SpecResult]) -> SpecResult:
    """`result`, as `blocked` if neither it nor a spec on which it builds, directly or not, passed.

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
            waiting = [*upstream.after, *waiting]  # a skipped spec blocks nothing, but a spec on which it builds may
            continue
        if upstream is None or upstream.outcome not in NOT_PASSED or upstream.message.startswith(UNJUDGED):
            continue
        if not depends(result, upstream):
            continue
        message = upstream.message if upstream.outcome == "blocked" else f"blocked by {clause}, which did not pass"
        return replace(result, outcome="blocked", message=message, snippet=None, diagnoses=())
    return result


def depends(result: SpecResult, upstream: SpecResult) -> bool:
    """Whether a spec depends on one before it.

    Where the network replaced a function, specs about the network itself do not depend on those of the function.
    """
    return not upstream.through or bool(result.through)


def in_order(results: Iterable[SpecResult]) -> list[SpecResult]:
    """Results in the order of the specification, with blocked ones marked, whatever the order of their arrival."""
    given = {result.id: result for result in results}
    settled: dict[str, SpecResult] = {}

    def visit(clause: str) -> None:
        if clause in given and clause not in settled:
            for upstream in given[clause].after:
                if upstream in given and depends(given[clause], given[upstream]):
                    visit(upstream)
            settled[clause] = blocked(given[clause], settled)

    for clause in given:
        visit(clause)
    return sorted(settled.values(), key=lambda result: (chapter_place(result.chapter), result.line))
