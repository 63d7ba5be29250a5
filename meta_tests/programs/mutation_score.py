"""How many mutants of the reference does the specification notice?

`nox -s mutation`, or `python -m programs.mutation_score` in meta_tests/.

Every mutant is run in a process of its own, as an implementation like any other: the oracles stay as they are.  What
survives is given to the reference's own tests, in a copy of the checkout.  What survives these as well has to be listed
in mutants.toml, with the reason.  The exit status is 1 if a survivor is not listed, or if a listed mutant was killed or
does not exist.  Needs a system with fork.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from banks import variants
from chainrule.contract.chapters import EXTENSION_CHAPTERS
from programs import forked, mutants
from programs.mutants import Mutant

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
LISTED = Path(__file__).with_name("mutants.toml")
OWN_TESTS = "meta_tests/unit/test_reference.py"
COPIED = ("chainrule", "golden", "reference", "spec_tests")
NATIVE = {  # the reference declares what it is: what a mutant turns into is not taken for another convention
    "samples": "rows",
    "weights": "in_out",
    "labels": "index",
    "reduction": "mean",
    "output": "probabilities",
    "precision": "float64",
    "initialization": "xavier",
    "seeding": "argument",
}
NETWORK = ("initialization", "shapes", "gradients", "golden", "training")
CONCERNED = {  # the chapters that call what a file holds; of functions.py all of them
    "mlp.py": NETWORK,
    "arguments.py": NETWORK,
    **{f"{chapter}.py": (chapter,) for chapter in EXTENSION_CHAPTERS},
}
SPEC_TIMEOUT = 10.0  # seconds; the slowest spec takes a tenth of it on the reference
PROCESS_TIMEOUT = 120.0  # for what no time limit inside the process ends


@dataclass(frozen=True)
class Fate:
    """What became of a mutant.  killed: by the specification; by: the first spec that failed, or what else ended it."""

    killed: bool
    by: str


@dataclass(frozen=True)
class Listed:
    """A mutant that may live.  kind: `equivalent`, or `outside` what the contract says."""

    key: tuple[str, ...]
    kind: str
    reason: str


def listed(path: Path = LISTED) -> list[Listed]:
    """The mutants that may live."""
    with path.open("rb") as file:
        groups = tomllib.load(file)["group"]
    return [Listed(tuple(key), group["kind"], group["reason"]) for group in groups for key in group["mutants"]]


def fate(mutant: Mutant) -> Fate:
    """Run the specification on a mutant, up to the first spec that fails."""
    from chainrule import api

    try:
        variant = variants.fresh_reference({mutant.file: mutant.source})
    except Exception as error:
        return Fate(True, f"import: {type(error).__name__}")
    chapters = CONCERNED.get(mutant.file, ())
    outcome = api.check_loaded(
        variants.loaded(variant, NATIVE), chapters=chapters, timeout=SPEC_TIMEOUT, pytest_arguments=["-x"]
    )
    failed = [result.id for result in outcome.specs if result.outcome in ("failed", "error")]
    return Fate(outcome.verdict != "pass", failed[0] if failed else outcome.verdict)


def fates(todo: Iterable[Mutant], jobs: int) -> Iterator[tuple[Mutant, Fate]]:
    """Every mutant with what became of it, `jobs` of them at a time."""
    for mutant, found in forked.each(fate, todo, jobs, PROCESS_TIMEOUT):
        yield mutant, Fate(True, str(found)) if isinstance(found, forked.Lost) else found


def killed_by_own_tests(mutant: Mutant) -> bool:
    """Whether the reference's own tests notice a mutant, in a copy of what they need."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        for folder in COPIED:
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)  # where pytest is told that a warning is an error
        (copy / OWN_TESTS).parent.mkdir(parents=True)
        shutil.copy(ROOT / OWN_TESTS, copy / OWN_TESTS)
        (copy / "reference" / mutant.file).write_text(mutant.source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", OWN_TESTS]
        quick = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment = os.environ | {"PYTHONPATH": name} | quick
        try:
            done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=PROCESS_TIMEOUT)
        except subprocess.TimeoutExpired:
            return True
        return done.returncode != 0


@dataclass(frozen=True)
class Score:
    """The mutants by what became of them.

    by_specification: {mutant: its fate}.  by_own_tests: noticed by the reference's own tests alone.  living:
    by neither.
    """

    by_specification: dict[Mutant, Fate]
    by_own_tests: Sequence[Mutant]
    living: Sequence[Mutant]

    def living_of(self, kind: str, may_live: Sequence[Listed]) -> list[Mutant]:
        keys = {entry.key for entry in may_live if entry.kind == kind}
        return [mutant for mutant in self.living if mutant.key in keys]

    def unexplained(self, may_live: Sequence[Listed]) -> list[Mutant]:
        keys = {entry.key for entry in may_live}
        return [mutant for mutant in self.living if mutant.key not in keys]

    def stale(self, may_live: Sequence[Listed]) -> list[Listed]:
        """What is listed and does not live: it was killed, or is no mutant any more."""
        keys = {mutant.key for mutant in self.living}
        return [entry for entry in may_live if entry.key not in keys]


def measure(todo: Sequence[Mutant], jobs: int, say: Callable[[str], None]) -> Score:
    """Run the specification on all of these mutants, and the reference's own tests on what survives."""
    by_specification, survivors = {}, []
    for number, (mutant, found) in enumerate(fates(todo, jobs), 1):
        if found.killed:
            by_specification[mutant] = found
        else:
            survivors.append(mutant)
            say(f"survives the specification: {mutant}")
        if number % 50 == 0:
            say(f"{number} of {len(todo)} mutants, {len(survivors)} survive the specification")
    own = dict(forked.each(killed_by_own_tests, survivors, jobs, 2 * PROCESS_TIMEOUT))
    return Score(by_specification, *([mutant for mutant in survivors if bool(own[mutant]) is k] for k in (True, False)))


def report(score: Score, may_live: Sequence[Listed]) -> str:
    """The figures, the first specs that noticed, and what lives."""
    equivalent, outside = (score.living_of(kind, may_live) for kind in ("equivalent", "outside"))
    unexplained, stale = score.unexplained(may_live), score.stale(may_live)
    killed = len(score.by_specification)
    first = Counter(found.by for found in score.by_specification.values())
    subject = killed + len(unexplained)
    lines = [
        f"mutants                                        {killed + len(score.by_own_tests) + len(score.living)}",
        f"noticed by the specification                   {killed}",
        f"noticed by the reference's own tests alone     {len(score.by_own_tests)}",
        f"equivalent, listed with the reason             {len(equivalent)}",
        f"outside the contract, listed with the reason   {len(outside)}",
        f"unexplained                                    {len(unexplained)}",
        f"mutation score of the specification            {killed / subject:.1%} = {killed} / {subject}",
        "",
        "first to fail: " + ", ".join(f"{by} {times}" for by, times in first.most_common()),
    ]
    for title, found in (
        ("noticed by the reference's own tests alone", score.by_own_tests),
        ("listed, but killed or no mutant any more", [f"{' | '.join(entry.key)}" for entry in stale]),
        ("unexplained", unexplained),
    ):
        lines += ["", f"{title}:", *(f"  {mutant}" for mutant in found)] if found else []
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every mutant and its fate")
    arguments = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    assert variants.check(variants.fresh_reference(), declared=NATIVE).verdict == "pass"  # and all is imported by then
    gc.freeze()  # what is there before the forks need not be looked through after each
    score = measure(mutants.mutants(variants.FOLDER), arguments.jobs, lambda text: print(text, flush=True))
    may_live = listed()
    print(report(score, may_live))
    if arguments.json:
        arguments.json.write_text(json.dumps(data(score), indent=1), encoding="utf-8")
    return 1 if score.unexplained(may_live) or score.stale(may_live) else 0


def data(score: Score) -> list[dict[str, str]]:
    """Every mutant with its fate, without its source."""
    fates_of = {mutant: found.by for mutant, found in score.by_specification.items()}
    fates_of |= dict.fromkeys(score.by_own_tests, "own tests") | dict.fromkeys(score.living, "lives")
    return [{k: v for k, v in asdict(mutant).items() if k != "source"} | {"by": by} for mutant, by in fates_of.items()]


if __name__ == "__main__":
    sys.exit(main())
