"""Is every clause needed?  Each has a fault that it is the only one, or the first, to notice.

`nox -s strength`, or `python -m programs.strength`, runs the whole specification on every fault of the bank and prints
the table; the exit status is 1 if a clause catches nothing first, or if a fault says that its clause does and that is
not so.  Needs a system with fork.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from banks import variants
from banks.faults import FAULTS, Fault
from chainrule.specification.registry import chapter_place

NOT_HERE = {"accuracy.fashion_mnist"}  # minutes of training, and the real data
LIMIT = 300.0  # seconds a whole check may take


def in_order() -> list[str]:
    """All clauses in the order of the specification: of the chapters, and of the specs in their files."""
    return sorted(variants.specs(), key=lambda clause: chapter_place(variants.specs()[clause].chapter))


def up_to(fault: Fault) -> list[str]:
    """The clauses that are checked before the fault's own, and that one."""
    clauses = in_order()
    clauses = clauses[: clauses.index(fault.clause) + 1]
    return [clause for clause in clauses if fault.extension in ("", variants.specs()[clause].chapter)]


def failing(fault: Fault) -> list[str]:
    """The clauses that fail where the whole specification is run on a fault, in its order.  Blocked is not failed.

    The fault declares the reference's precision, so that one in single precision is not read as float32.
    """
    outcome = variants.check(fault.alone(), declared={"precision": "float64"})
    return [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


def assert_first(fault: Fault) -> None:
    """Run the specification as far as the fault's own clause, which is to fail, and none before it."""
    results = variants.run_clauses(fault.alone(), up_to(fault))
    failed = {clause: result.message for clause, result in results.items() if result.outcome in ("failed", "error")}
    assert list(failed) == [fault.clause], f"{fault.name}: expected {fault.clause} to fail first, found {failed}"


def without_a_first(clauses: Iterable[str], found: Mapping[str, Sequence[str]]) -> list[str]:
    """The clauses that fail first for no fault.  found: {fault: the clauses that fail}."""
    first = {failed[0] for failed in found.values() if failed}
    return [clause for clause in clauses if clause not in first | NOT_HERE]


def untrue(faults: Iterable[Fault], found: Mapping[str, Sequence[str]]) -> list[Fault]:
    """The faults of which it is said that their clause fails first, and it does not."""
    return [fault for fault in faults if fault.first and found[fault.name][:1] != [fault.clause]]


def table(clauses: Iterable[str], found: Mapping[str, Sequence[str]]) -> str:
    """For each clause how many faults it is the only one to notice, how many more the first, and how many at all."""
    lines = ["alone first  all  clause"]
    for clause in clauses:
        alone = sum(list(failed) == [clause] for failed in found.values())
        first = sum(failed[:1] == [clause] for failed in found.values())
        lines.append(f"{alone:5} {first - alone:5} {sum(clause in failed for failed in found.values()):4}  {clause}")
    return "\n".join(lines)


def main() -> int:
    from programs import forked

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the clauses that fail for every fault")
    arguments = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    assert variants.check(variants.fresh_reference()).verdict == "pass"  # and everything is imported before the forks
    found = {}
    for fault, failed in forked.each(failing, FAULTS, arguments.jobs, LIMIT):
        found[fault.name] = [str(failed)] if isinstance(failed, forked.Lost) else failed
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    missing, wrong = without_a_first(in_order(), found), untrue(FAULTS, found)
    print(table(in_order(), found))
    print(f"\n{len(found)} faults, {sum(map(bool, found.values()))} noticed, ", end="")
    print(f"{sum(len(failed) == 1 for failed in found.values())} by one clause alone")
    print(f"clauses that catch nothing first, apart from {', '.join(NOT_HERE)}: {', '.join(missing) or 'none'}")
    for fault in wrong:
        print(f"{fault.name}: {fault.clause} is said to fail first, found {found[fault.name]}")
    return 1 if missing or wrong or not all(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
