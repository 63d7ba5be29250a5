"""What a check says of every file of the banks, kept and compared.

    python -m programs.verdicts record FILE [--processes N] [--every N] [--names PART ...]
    python -m programs.verdicts compare BEFORE AFTER

record: the verdict, the outcomes that are not `passed`, and the first diagnosis of each style, of each mistake planted
in one, of each correct variant and of each fault, as JSON.  compare: the rows in which two such files differ, and how
often each kind of difference occurs; exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from banks import variants
from banks.correct import CORRECT
from banks.faults import FAULTS
from banks.style_bank import STYLES
from chainrule import api
from chainrule.running.loading import load
from chainrule.running.results import Outcome

PLANTED = " :: "  # between a style and the mistake planted in it
Row = dict[str, Any]


def names() -> list[str]:
    """Every file of the banks that can run here."""
    found = []
    for style in STYLES:
        if style.needs is None or find_spec(style.needs):
            found.append(f"style/{style.file}")
            found += [f"style/{style.file}{PLANTED}{mistake.name}" for mistake in style.mistakes]
    return [*found, *(f"correct/{name}" for name in CORRECT), *(f"fault/{fault.name}" for fault in FAULTS)]


def outcome_of(name: str) -> Outcome:
    """Check one file."""
    kind, _, what = name.partition("/")
    if kind == "fault":
        return variants.check(next(fault for fault in FAULTS if fault.name == what).alone())
    if kind == "correct":
        return variants.check(CORRECT[what]())
    file, _, mistake = what.partition(PLANTED)
    style = next(style for style in STYLES if style.file == file)
    planted = next((found for found in style.mistakes if found.name == mistake), None)
    with tempfile.TemporaryDirectory() as folder:
        return api.check_loaded(load(str(style.copy(Path(folder), planted)), conventions=style.declared))


def row(name: str) -> tuple[str, Row]:
    """(the file's name, what the check says of it and how long it took)."""
    started = time.process_time()
    outcome = outcome_of(name)
    first = outcome.diagnoses[0] if outcome.diagnoses else None
    return name, {
        "verdict": outcome.verdict,
        "outcomes": {result.id: result.outcome for result in outcome.specs if result.outcome != "passed"},
        "first": [first.id, first.certainty, first.where or ""] if first else None,
        "cpu": round(time.process_time() - started, 2),
    }


def differences(before: Mapping[str, Row], after: Mapping[str, Row]) -> dict[str, list[str]]:
    """{file: what differs, a line each}; files that only one of the two has are told as such.

    The line of a diagnosis counts for styles alone: a fault is planted in the reference, whose lines move.
    """
    found = {name: ["only before"] for name in before.keys() - after.keys()}
    found |= {name: ["only after"] for name in after.keys() - before.keys()}
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        lines = [] if old["verdict"] == new["verdict"] else [f"verdict: {old['verdict']} -> {new['verdict']}"]
        for clause in sorted(old["outcomes"].keys() | new["outcomes"].keys()):
            pair = [side["outcomes"].get(clause, "passed") for side in (old, new)]
            lines += [f"outcome: {clause} {pair[0]} -> {pair[1]}"] if pair[0] != pair[1] else []
        for place, part in enumerate(("diagnosis", "certainty", "line")):
            pair = ["none" if side["first"] is None else side["first"][place] for side in (old, new)]
            if pair[0] != pair[1] and (part != "line" or name.startswith("style/")):
                lines.append(f"{part}: {pair[0] or 'none'} -> {pair[1] or 'none'}")
        if lines:
            found[name] = lines
    return dict(sorted(found.items()))


def record(file: Path, processes: int, every: int, parts: Sequence[str]) -> int:
    wanted = [name for name in names() if not parts or any(part in name for part in parts)][::every]
    done: dict[str, Row] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for name, found in pool.map(row, wanted):
            done[name] = found
            print(f"{len(done):>4}/{len(wanted)}  {found['verdict']:<10} {name}", flush=True)
            file.write_text(json.dumps(done, indent=0), encoding="utf-8")
    print(f"{sum(found['cpu'] for found in done.values()):.0f} s of CPU")
    return 0


def compare(before: Path, after: Path) -> int:
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    found = differences(old, new)
    for name, lines in found.items():
        print(name, *lines, sep="\n    ")
    both = old.keys() & new.keys()
    print(
        f"\n{len(both)} files in both, {len(found.keys() & both)} differ; {len(old.keys() ^ new.keys())} in one alone"
    )
    for kind, count in Counter(line.partition(":")[0] for lines in found.values() for line in set(lines)).items():
        print(f"    {kind}: {count}")
    return 1 if found else 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("file", type=Path)
    recording.add_argument("--processes", type=int, default=2)
    recording.add_argument("--every", type=int, default=1)
    recording.add_argument("--names", nargs="*", default=[])
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    asked = parser.parse_args(arguments)
    if asked.command == "compare":
        return compare(asked.before, asked.after)
    return record(asked.file, asked.processes, asked.every, asked.names)


if __name__ == "__main__":
    sys.exit(main())
