"""Joins clauses, the lines of the code that their specs run, and outcomes, as plain data."""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from chainrule.mathematics.clauses import clauses
from chainrule.running.results import Outcome, SpecResult
from chainrule.specification.registry import registry
from chainrule.study.statements import Statement, source_lines, statements
from chainrule.study.tracing import Trace
from chainrule.support.version import VERSION

REACHED, UNREACHED, REFUSAL, LOADED, LEFT_OUT = "reached", "unreached", "refusal", "loaded", "left out"
ABOUT = 0.6  # of the largest weight among a clause's lines: those from here on are what it is about
RULE = (
    "A line weighs for a clause by how few clauses reach it: log(N / n) / log N, where n of N clauses do.  A clause is "
    f"about its lines of at least {100 * ABOUT:.0f} % of its largest weight, and passes through the others."
)


@dataclass(frozen=True)
class StudiedLine:
    """A line of the code.

    place: its number, or `cell 3:12`.  kind: `reached` by a clause; `unreached`, although it is part of a function;
    `refusal`, an exception for what the mathematics does not cover; `loaded`, it ran only as the code was loaded (an
    import, a definition, a constant); `left out`, at module level and never run; empty for a line without code.
    counts: whether a statement begins here that a call can run.  clauses: those that reach it, sorted.
    weight: of the line for each of them.  never: the way of a branch that no clause took, in words.
    """

    place: str
    text: str
    kind: str = ""
    counts: bool = False
    clauses: tuple[str, ...] = ()
    weight: float = 0.0
    never: str = ""


@dataclass(frozen=True)
class StudiedFile:
    """A file of the code.  name: as a reader tells it from the others.  path: where it is."""

    name: str
    path: str
    lines: tuple[StudiedLine, ...]

    @property
    def counted(self) -> list[StudiedLine]:
        """The lines that count: those where a statement begins that a call can run."""
        return [line for line in self.lines if line.counts]


@dataclass(frozen=True)
class Run:
    """A line that a clause runs.  file, line: places in `Study.files` and in the file's lines."""

    file: int
    line: int
    weight: float
    about: bool


@dataclass(frozen=True)
class StudiedClause:
    """A clause with its spec, its outcome and its lines.

    source: of the spec, which begins at `line` of `file`.  runs: the lines of the code that the spec runs.
    """

    id: str
    chapter: str
    title: str
    equation: str
    formula: str
    file: str
    line: int
    source: str
    outcome: str
    message: str
    where: str | None
    runs: tuple[Run, ...]

    @property
    def served(self) -> bool:
        """Whether any line of the code serves it."""
        return bool(self.runs)


@dataclass(frozen=True)
class Total:
    """How many of all."""

    some: int
    all: int

    @property
    def percent(self) -> float:
        """The share in percent; of nothing, 0, so that an empty study covers nothing."""
        return 100 * self.some / self.all if self.all else 0.0


@dataclass(frozen=True)
class Study:
    """The join.  outcome: of the check that ran.  clauses: those whose specs ran, in the order of the derivation."""

    outcome: Outcome
    clauses: tuple[StudiedClause, ...]
    files: tuple[StudiedFile, ...]

    @property
    def not_found(self) -> str:
        """Why chainrule found nothing to study, if it did not."""
        return self.outcome.nothing_found or self.outcome.not_understood.partition("\n")[0]

    @property
    def lines(self) -> Total:
        """The lines that a clause reaches."""
        counted = [line for file in self.files for line in file.counted]
        return Total(sum(line.kind == REACHED for line in counted), len(counted))

    @property
    def served(self) -> Total:
        """The clauses that a line serves."""
        return Total(sum(clause.served for clause in self.clauses), len(self.clauses))

    @property
    def passed(self) -> Total:
        """The clauses whose specs passed."""
        return Total(sum(clause.outcome == "passed" for clause in self.clauses), len(self.clauses))

    def chapters(self) -> dict[str, tuple[Total, Total]]:
        """{chapter: (its clauses that a line serves, the lines that its clauses reach)}."""
        found = {}
        for chapter in dict.fromkeys(clause.chapter for clause in self.clauses):
            own = [clause for clause in self.clauses if clause.chapter == chapter]
            ran = {(run.file, run.line) for clause in own for run in clause.runs}
            counted = sum(self.files[file].lines[line].counts for file, line in ran)
            found[chapter] = Total(sum(clause.served for clause in own), len(own)), Total(counted, self.lines.all)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The object of the JSON report; docs/study.schema.json describes it."""
        return {
            "schema": 1,
            "chainrule": VERSION,
            "target": self.outcome.target,
            "verdict": self.outcome.verdict,
            "rule": RULE,
            "totals": {"lines": asdict(self.lines), "clauses": asdict(self.served)},
            "chapters": [
                {"chapter": chapter, "clauses": asdict(served), "lines": asdict(lines)}
                for chapter, (served, lines) in self.chapters().items()
            ],
            "clauses": [asdict(clause) | {"runs": [asdict(run) for run in clause.runs]} for clause in self.clauses],
            "files": [
                {
                    "name": file.name,
                    "path": file.path,
                    "lines": [asdict(line) | {"clauses": list(line.clauses)} for line in file.lines],
                }
                for file in self.files
            ],
        }


def join(outcome: Outcome, traces: Mapping[Path, Trace]) -> Study:
    """Join an outcome with what ran of each file.  traces: {file: what ran of it}, the target's first."""
    total = len({clause for trace in traces.values() for reached in trace.lines.values() for clause in reached})
    names = short_names(traces)
    found = [StudiedFile(names[path], str(path), tuple(studied(path, traces[path], total))) for path in traces]
    files = tuple(sorted(found, key=partial(place_of, str(next(iter(traces), "")))))
    results = {result.id: result for result in outcome.specs}
    runs = runs_of(files)
    studied_ones = (studied_clause(results[clause], runs.get(clause, ())) for clause in clauses() if clause in results)
    return Study(outcome, tuple(studied_ones), files)


def place_of(target: str, file: StudiedFile) -> tuple[bool, bool, int]:
    """The place of a file among the others: the target's first, then in the order in which clauses reach them.

    Files without lines that count come last.
    """
    reached = {clause for line in file.lines for clause in line.clauses}
    first = next((place for place, clause in enumerate(clauses()) if clause in reached), len(clauses()))
    return not file.counted, file.path != target, first


def studied(path: Path, trace: Trace, total: int) -> Iterator[StudiedLine]:
    """The lines of a file.  total: how many clauses reach any line."""
    own = statements(path)
    at = {line: statement for statement in own for line in range(statement.first, statement.last + 1)}
    ran = {
        statement: [trace.lines[line] for line in range(statement.first, statement.last + 1) if line in trace.lines]
        for statement in own
    }
    for number, (place, text) in enumerate(source_lines(path), 1):
        statement = at.get(number)
        if statement is None or not text.strip():
            yield StudiedLine(place, text)
            continue
        reached = frozenset().union(*ran[statement])
        kind = REACHED if reached else kind_of(statement, loaded=bool(ran[statement]))
        begins = number == statement.first
        never = never_taken(statement, trace, at) if begins and reached else ""
        counts = begins and kind in (REACHED, UNREACHED)
        yield StudiedLine(place, text, kind, counts, tuple(sorted(reached)), weight(len(reached), total), never)


def kind_of(statement: Statement, *, loaded: bool) -> str:
    """The kind of a statement that no clause reaches.  loaded: whether it ran as the code was loaded."""
    if statement.inside:
        return REFUSAL if statement.refuses else UNREACHED
    return LOADED if loaded else LEFT_OUT


def weight(reaching: int, total: int) -> float:
    """How much a line weighs for a clause, between 0 and 1: the more, the fewer of all clauses reach it."""
    if not reaching:
        return 0.0
    return round(math.log(total / reaching) / math.log(total), 4) if total > 1 else 1.0


def never_taken(statement: Statement, trace: Trace, at: Mapping[int, Statement]) -> str:
    """What to say of a branch of which no clause took one way; empty if each way was taken."""
    if statement.branch is None:
        return ""
    target, not_entered, not_passed = statement.branch
    own = range(statement.first, statement.last + 1)
    leads = {end for begin, end in trace.arcs if begin in own and abs(end) not in own}
    entering = {end for end in leads if statement.last < end <= at[target].last}  # a docstring may stand before target
    if not entering:
        return "" if at[target].refuses else not_entered
    return "" if leads - entering else not_passed


def runs_of(files: Sequence[StudiedFile]) -> dict[str, tuple[Run, ...]]:
    """{clause: the lines that it runs}, with the lines that it is about."""
    found: dict[str, list[tuple[int, int, float]]] = {}
    for place, file in enumerate(files):
        for number, line in enumerate(file.lines):
            for clause in line.clauses:
                found.setdefault(clause, []).append((place, number, line.weight))
    return {clause: tuple(told_apart(lines)) for clause, lines in found.items()}


def told_apart(lines: Collection[tuple[int, int, float]]) -> Iterator[Run]:
    least = ABOUT * max(own for *_, own in lines)
    for file, line, own in lines:
        yield Run(file, line, own, own >= least)


def studied_clause(result: SpecResult, runs: Iterable[Run]) -> StudiedClause:
    """A clause of the derivation with its spec, its result and its lines."""
    clause, entry = clauses()[result.id], registry()[result.id]
    test = inspect.unwrap(entry.test)
    return StudiedClause(
        clause.id,
        clause.chapter,
        clause.title,
        clause.equation,
        clause.formula,
        f"spec_tests/{Path(inspect.getsourcefile(test) or '').name}",
        entry.line,
        inspect.getsource(test).rstrip(),
        result.outcome,
        result.message,
        result.where,
        tuple(runs),
    )


def ranges(file: StudiedFile, lines: Iterable[int]) -> Iterator[tuple[int, str]]:
    """(the first line, `38-40`) of every run of lines without a gap, in one cell.

    lines: places in the file's lines, ascending.
    """

    def run_of(pair: tuple[int, int]) -> tuple[int, str]:
        return pair[1] - pair[0], file.lines[pair[1]].place.rpartition(":")[0]

    for _, run in groupby(enumerate(lines), key=run_of):
        numbers = [number for _, number in run]
        first, last = file.lines[numbers[0]].place, file.lines[numbers[-1]].place
        yield numbers[0], first if first == last else f"{first}-{last.rpartition(':')[2]}"


def short_names(paths: Iterable[Path]) -> dict[Path, str]:
    """{path: as many of its last parts as tell it from the others}."""
    found, waiting, length = {}, list(paths), 1
    while waiting:
        names = {path: "/".join(path.parts[-length:]) for path in waiting}
        alone = {path for path in waiting if list(names.values()).count(names[path]) == 1 or length >= len(path.parts)}
        found.update({path: names[path] for path in alone})
        waiting, length = [path for path in waiting if path not in alone], length + 1
    return found
