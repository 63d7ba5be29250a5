"""How long a save of the reference waits under `--watch` for its first answer, and for all.

    python benchmarks/watch.py [--rounds N]

The file is saved with a comment more, and with a line of the backward pass changed; what is printed are medians of the
wall clock, in seconds and as shares of a whole `chainrule check` of the same folder in a process of its own.
"""

from __future__ import annotations

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console

from chainrule.desk.checks import Asked
from chainrule.desk.desk import Desk
from chainrule.desk.screen import Screen

REFERENCE = Path(__file__).parents[1] / "reference"
LINE, FAULT = "delta /= len(y)", "delta = delta / len(y)"  # the same, written otherwise
LONGEST = 120.0  # seconds to wait for anything
NAMES = {"seen": "the save is seen", "first": "the first spec", "reached": "all that it reaches", "all": "everything"}
GOAL = 0.5  # seconds from a save to the first answer
TRACING = 15.0  # seconds for the trace that follows a check


class Stopwatch(Screen):
    """A screen that notes when something happened."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO()), "reference")
        self.noted: dict[str, float] = {}
        self.done = threading.Event()

    def begin(self, saved, first) -> None:
        self.noted = {"seen": time.perf_counter()}
        super().begin(saved, first)

    def result(self, result) -> None:
        self.noted.setdefault("first", time.perf_counter())
        super().result(result)
        if sum(self.counts.values()) == len(self.first):
            self.noted["reached"] = time.perf_counter()

    def finish(self, outcome) -> None:
        super().finish(outcome)
        self.noted["all"] = time.perf_counter()
        self.done.set()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder).resolve() / "network"
        shutil.copytree(REFERENCE, package, ignore=shutil.ignore_patterns("__pycache__"))
        desk = Desk(Asked(str(package)), list(package.glob("*.py")), Console(file=io.StringIO()))
        desk.screen = watch = Stopwatch()
        threading.Thread(target=desk.run, daemon=True).start()
        wait(watch)
        taken: dict[str, list[float]] = {}
        for _ in range(asked.rounds):
            time.sleep(TRACING)  # after which it is known what each spec runs
            for name, seconds in saved(watch, package / "mlp.py").items():
                taken.setdefault(name, []).append(seconds)
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "chainrule", "check", str(package)], cwd=folder, capture_output=True)
            taken.setdefault("a check from scratch", []).append(time.perf_counter() - started)
        desk.close()
    report({name: statistics.median(of) for name, of in taken.items()})


def wait(watch: Stopwatch) -> None:
    if not watch.done.wait(LONGEST):
        raise SystemExit("no check came to its end")
    watch.done.clear()


def saved(watch: Stopwatch, path: Path) -> dict[str, float]:
    """{what happened: seconds after the save}."""
    source = path.read_text(encoding="utf-8")
    before, after = (LINE, FAULT) if LINE in source else (FAULT, LINE)
    started = time.perf_counter()
    path.write_text(source.replace(before, after), encoding="utf-8")
    wait(watch)
    return {NAMES[key]: moment - started for key, moment in watch.noted.items()}


def report(medians: dict[str, float]) -> None:
    whole = medians["a check from scratch"]
    for name, seconds in medians.items():
        print(f"{name:<24} {seconds:6.2f} s  {seconds / whole:5.2f} of a check from scratch")
    first = medians["the first spec"]
    print(f"\nthe first answer after {first:.2f} s; the goal is {GOAL:g} s on a quiet machine")


if __name__ == "__main__":
    main()
