"""Looks for false alarms: every correct variant of the bank under `--thorough`, in a table.

    python -m programs.alarms [--processes N] [--seed N] [NAME ...]

A row is a variant: how many of its specs passed, how many examples, networks and seeds at random they looked at, what
did not pass, and the seed that repeats the run.  Exit status 1 if anything did not pass.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from banks import variants
from banks.correct import CORRECT
from chainrule.running.limits import exploration_seed

ROW = "| {:<38} | {:>5} | {:>7} | {:>8} | {:>10} | {:>7} |"
NO_HISTORY = "skipped: fit returns no history"


@dataclass(frozen=True)
class Row:
    """What a thorough check of one variant found.  failures: {clause: what it said}, of whatever did not pass."""

    name: str
    passed: int
    cases: int
    failures: dict[str, str]
    seed: int
    seconds: float

    def __str__(self):
        return ROW.format(self.name, self.passed, self.cases, len(self.failures), self.seed, f"{self.seconds:.0f} s")


def thorough(name, seed=None, matching=""):
    """A Row for the variant of that name.  matching: pytest's -k, for a part of the specification."""
    seed, started = exploration_seed(True, seed), time.perf_counter()
    outcome = variants.check(CORRECT[name](), timeout=None, thorough=True, seed=seed, matching=matching)
    failures = {clause: said for clause, said in variants.not_passed(outcome).items() if said != NO_HISTORY}
    passed = sum(result.outcome == "passed" for result in outcome.specs)
    cases = sum(result.cases for result in outcome.specs)
    return Row(name, passed, cases, failures, seed, time.perf_counter() - started)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of variants; all of them by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, help="for all of them; a fresh one each by default")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - CORRECT.keys()
    if unknown:
        parser.error(f"no variant is called {', '.join(sorted(unknown))}; there are: {', '.join(CORRECT)}")
    names = arguments.names or list(CORRECT)
    print(ROW.format("variant", "specs", "cases", "failures", "seed", "time"))
    print(ROW.format("-" * 38, "----:", "------:", "-------:", "---------:", "------:"))
    rows = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for row in pool.map(thorough, names, [arguments.seed] * len(names)):
            print(row, flush=True)
            for clause, said in row.failures.items():
                print(f"    {clause}: {said}", file=sys.stderr, flush=True)
            rows.append(row)
    failures = sum(len(row.failures) for row in rows)
    print(f"\n{len(rows)} variants, {sum(row.cases for row in rows)} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
