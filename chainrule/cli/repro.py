"""`chainrule repro`: the lines that repeat what a clause found wrong."""

from __future__ import annotations

import argparse
import difflib
import shlex
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.cli.parsing import (
    FAIL,
    PASS,
    TARGET,
    Parser,
    add_adapter_argument,
    add_reading_arguments,
    load_asked,
    reading_options,
    write_new,
)
from chainrule.contract.errors import UnusableTarget

if TYPE_CHECKING:
    from chainrule.running.results import SpecResult

NEAR = 0.8  # similarity of a misspelled id to the right one
WIDTH = 98  # characters of a line of comment
DESCRIPTION = """Print lines of Python that repeat the call with which TARGET breaks a clause, and the result that it
should have: to run, to step through, to send to somebody.
"""
EPILOG = """Exit status: 0 the lines are printed; 1 TARGET does not break the clause, or its arrays are too large;
4 the command or TARGET is unusable."""


def add_repro(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `chainrule repro` to the command line."""
    repro = commands.add_parser(
        "repro", help="print lines that repeat a failure", description=DESCRIPTION, epilog=EPILOG
    )
    repro.add_argument("target", metavar="TARGET", help=TARGET)
    repro.add_argument("clause", metavar="CLAUSE", help="the id of a clause, such as softmax.overflow")
    add_adapter_argument(repro)
    add_reading_arguments(repro)
    repro.add_argument("--output", metavar="FILE", type=Path, help="the file to write; it must not exist yet")
    repro.set_defaults(run=run_repro)


def run_repro(arguments: argparse.Namespace, _rest: list[str]) -> int:
    """Print the snippet of a clause, or write it to a file."""
    from chainrule.mathematics.clauses import clauses
    from chainrule.running.limits import Limits
    from chainrule.running.results import RAISED
    from chainrule.running.run import Run

    target, clause = arguments.target, arguments.clause
    if clause not in clauses():
        near = difflib.get_close_matches(clause, clauses(), n=1, cutoff=NEAR)
        hint = f"did you mean {near[0]}?" if near else "`chainrule explain` lists all"
        raise UnusableTarget(f"{clause}: not a clause; {hint}")
    loaded = load_asked(target, arguments)
    run = Run(loaded, Limits.asked(thorough=False, seed=None, timeout=None))
    run.all()
    if run.interrupted:
        raise KeyboardInterrupt
    outcome = run.outcome(run.entries, run.required, False, 0.0)
    found = next((result for result in outcome.specs if result.id == clause), None)
    if found is None or found.outcome not in RAISED:
        print(f"chainrule: {not_broken(arguments, found, outcome.specs)}", file=sys.stderr)
        return FAIL
    if found.snippet is None:
        print(f"chainrule: {clause} failed, but its arrays are too large to print: {found.message}", file=sys.stderr)
        return FAIL
    again = command_for(arguments, clause)
    told = [line for said in (f"{clause}: {found.title}", found.message) for line in textwrap.wrap(said, WIDTH)]
    text = "\n".join([*(f"# {line}" for line in (again, *told)), found.snippet, ""])
    if arguments.output is None:
        print(text, end="")
    else:
        write_new(arguments.output, text)
    return PASS


def command_for(arguments: argparse.Namespace, clause: str) -> str:
    """The command that prints the lines of a clause, with the options of this one."""
    return shlex.join(["chainrule", "repro", arguments.target, clause, *reading_options(arguments)])


def not_broken(arguments: argparse.Namespace, found: SpecResult | None, specs: Sequence[SpecResult]) -> str:
    """Why there is nothing to repeat.  found: the result of the clause that was asked for, if its spec ran."""
    from chainrule.running.results import RAISED, UNJUDGED

    clause = arguments.clause
    if found is None or found.outcome != "blocked":
        said = f"it is {found.outcome}" if found else "it did not run"
        return f"{arguments.target} does not break {clause}: {said}"
    by = next((result.id for result in specs if result.outcome in RAISED and f" {result.id}, " in found.message), None)
    way_on = f"; first mend that: {command_for(arguments, by)}" if by else ""
    return f"{clause} is not checked: {found.message.removeprefix(UNJUDGED)}{way_on}"
