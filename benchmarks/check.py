"""How long a check of the reference takes, and of faulty copies of it, in units of the imports that no check can spare.

    python benchmarks/check.py [--rounds N]

The unit is the processor's time of `import numpy, pytest, hypothesis, rich.console`.  Every command runs in a process
of its own, and all take turns, so that what else the machine does falls on all alike; what is printed are medians.
The first round is not counted: it caches the bytecode.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "reference"
IMPORTS = ("-c", "import numpy, pytest, hypothesis, rich.console")
FAULTS = {  # {name of the copy: (file, what it says, what it says in the copy)}
    "a leaky ReLU": ("functions.py", "np.maximum(z, 0)", "np.maximum(z, 0.01 * z)"),
    "gradients not averaged": ("mlp.py", "delta /= len(y)", "pass"),
    "a step uphill": ("mlp.py", "theta -= lr * g", "theta += lr * g"),
    "a mistake without a name": ("mlp.py", "(inputs[l] > 0)", "(inputs[l] > 0.3 * l)"),
}
AT_MOST, FAILING_AT_MOST = 4.0, 1.5  # units of a clean check; clean checks of a failing one
SLOWEST = 8  # specs that are named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--laps", metavar="TARGET", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.laps:
        print(json.dumps(laps(asked.laps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        targets = {"the reference": "chainrule.reference"}
        targets |= {name: str(faulty_copy(Path(folder), *fault)) for name, fault in FAULTS.items()}
        commands = {"imports": IMPORTS} | {
            name: ("-m", "chainrule", "check", target) for name, target in targets.items()
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(asked.rounds + 1):  # the first of which fills the caches
            for name, command in commands.items():
                seconds = processor_time(command, folder)
                if turn:
                    taken[name].append(seconds)
        report(taken)
        where_the_time_goes(targets, folder)


def faulty_copy(folder: Path, file: str, old: str, new: str) -> Path:
    """The reference as a package of its own, with one fault in it."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / "network"
    shutil.copytree(REFERENCE, copy, ignore=shutil.ignore_patterns("mathematics", "__pycache__"))
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} does not say {old!r} once"
    (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy


def run(command: tuple[str, ...], folder: str) -> str:
    """What a command prints, run on one thread and with cached bytecode."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)
    assert found.returncode == 0 or (found.returncode == 1 and "Traceback" not in found.stderr), found.stderr
    return found.stdout


def processor_time(command: tuple[str, ...], folder: str) -> float:
    """The processor's seconds of a command, the system's part included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(command, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(taken: dict[str, list[float]]) -> None:
    """The ratios, each a median of ratios within a round."""
    print(f"imports: {statistics.median(taken['imports']):.2f} s of the processor's time\n")
    clean = taken["the reference"]
    for name, seconds in taken.items():
        if name == "imports":
            continue
        to_imports = statistics.median(a / b for a, b in zip(seconds, taken["imports"], strict=True))
        to_clean = statistics.median(a / b for a, b in zip(seconds, clean, strict=True))
        failing = name != "the reference"
        goal = f"at most {FAILING_AT_MOST:g} clean checks" if failing else f"at most {AT_MOST:g} imports"
        ratios = f"{to_imports:5.2f} imports, {to_clean:5.2f} clean checks"
        print(f"{name:<24} {statistics.median(seconds):5.2f} s = {ratios}  (goal: {goal})")


def laps(target: str) -> dict[str, dict[str, float]]:
    """The processor's seconds of each part of a check, in this process, of each chapter, and of the slowest specs."""
    marks = [("", time.process_time())]

    def mark(part: str) -> None:
        marks.append((part, time.process_time()))

    from chainrule.cli import check  # noqa: F401  # what the command line needs
    from chainrule.diagnosis.diagnose import diagnose
    from chainrule.reports.text import TextReport  # noqa: F401
    from chainrule.running.limits import Limits
    from chainrule.running.loading import load
    from chainrule.running.run import Run

    mark("imports")
    loaded = load(target)
    mark("loading and inference")
    going, ends = Run(loaded, Limits.asked(False, None, None)), [("", "", time.process_time())]
    going.all(lambda result: ends.append((result.chapter, result.id, time.process_time())))
    mark("specs")
    outcome = going.outcome(going.entries, going.required, from_scratch=False, seconds=0.0)
    mark("once more, unwatched")
    diagnose(loaded.impl, outcome.specs)
    mark("diagnosis")
    parts = {part: after - before for (_, before), (part, after) in itertools.pairwise(marks)}
    chapters: Counter[str] = Counter()
    specs = {}
    for (_, _, before), (chapter, spec, after) in itertools.pairwise(ends):
        chapters[chapter] += after - before
        specs[spec] = after - before
    slowest = dict(sorted(specs.items(), key=lambda item: -item[1])[:SLOWEST])
    return {"parts": parts, "chapters": dict(chapters), "slowest specs": slowest}


def where_the_time_goes(targets: dict[str, str], folder: str) -> None:
    """The parts of one check of each target, in milliseconds."""
    for name, target in targets.items():
        print(f"\n{name}, where the time goes:")
        for title, found in json.loads(run((__file__, "--laps", target), folder)).items():
            spelled = ", ".join(f"{part} {1000 * seconds:.0f} ms" for part, seconds in found.items())
            print(f"  {title}: {spelled}")


if __name__ == "__main__":
    main()
