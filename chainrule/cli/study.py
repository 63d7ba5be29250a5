"""`chainrule study`: equation, line and test side by side."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from chainrule.cli.check import LONGEST_TIMEOUT, require_data
from chainrule.cli.parsing import (
    FAIL,
    INTERRUPTED,
    PASS,
    REPLACED,
    TARGET,
    Parser,
    add_adapter_argument,
    add_reading_arguments,
    replacing,
    require_writable,
)
from chainrule.contract.errors import UnusableTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.running.results import SpecResult
    from chainrule.study.join import Study

WIDTH = 100  # columns of the tables in a file
FORMATS = {".html": "html", ".htm": "html", ".json": "json"}
DESCRIPTION = """Run the specification on TARGET, and join the clauses of the derivation, the lines of TARGET that each
clause's spec runs, and the outcomes: as one HTML page to read, as a table, or as JSON.

    chainrule study my_mlp.py --output study.html
"""
EPILOG = """Exit status: 0 the study is made; 1 fewer lines are reached than --fail-under asks for; 4 the command or
TARGET is unusable; 130 Ctrl-C ended it.  The verdict on TARGET is `chainrule check`'s."""


def add_study(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `chainrule study` to the command line."""
    study = commands.add_parser(
        "study",
        help="show the derivation, the code that runs for it and the outcomes side by side",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    study.add_argument("target", metavar="TARGET", help=TARGET)
    add_adapter_argument(study)
    study.add_argument(
        "--chapter", metavar="NAME", nargs="+", action="extend", default=[], help="study these chapters only"
    )
    add_reading_arguments(study)
    study.add_argument("--timeout", type=float, metavar="SECONDS", help="limit for a spec (default 180; 0: none)")
    study.add_argument("--format", choices=("html", "text", "json"), help="default: by the name of --output, else text")
    study.add_argument("--output", metavar="FILE", type=Path, help="write the study to a file")
    study.add_argument(
        "--fail-under",
        type=float,
        metavar="PERCENT",
        help="exit with status 1 if the clauses reach fewer of the lines that count",
    )
    study.set_defaults(run=run_study)


def run_study(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.reports.terminal import console_of, live_line

    require_usable(arguments)
    output: Path | None = arguments.output
    form = arguments.format or FORMATS.get(output.suffix.lower() if output else "", "text")
    if form == "html":
        import chainrule.study.page  # noqa: F401  # before the run, as it says what is not installed
    status = live_line(console_of(sys.stderr), "loading")
    if sys.stderr.isatty():
        status.start()
    try:
        study = study_of(arguments, lambda result: status.update(f"{result.chapter}  {result.id}"))
    finally:
        status.stop()
    if output is None:
        if form == "html":
            replacing(sys.stdout, "utf-8")
        write(study, form, sys.stdout)
    else:
        with output.open("w", encoding="utf-8", errors=REPLACED, newline="\n") as file:
            write(study, form, file, width=WIDTH)
    if study.outcome.interrupted:
        print("chainrule: interrupted; the study holds what had run", file=sys.stderr)
        return INTERRUPTED
    reached = study.lines.percent
    if arguments.fail_under is not None and reached < arguments.fail_under:
        asked = f"--fail-under asks for {arguments.fail_under:g} %"
        print(f"chainrule: the clauses reach {reached:.1f} % of the lines; {asked}", file=sys.stderr)
        return FAIL
    return PASS


def require_usable(arguments: argparse.Namespace) -> None:
    """Raise UnusableTarget for options that no study can follow."""
    from chainrule.specification.registry import require

    require(arguments.chapter)
    if arguments.fail_under is not None and not 0 <= arguments.fail_under <= 100:
        raise UnusableTarget(f"--fail-under {arguments.fail_under:g}: expected a percentage, from 0 to 100")
    if arguments.timeout is not None and not 0 <= arguments.timeout <= LONGEST_TIMEOUT:
        raise UnusableTarget(f"--timeout {arguments.timeout:g}: expected seconds, from 0 to {LONGEST_TIMEOUT:g}")
    if "accuracy" in arguments.chapter:
        require_data()
    if arguments.output is not None:
        require_writable(arguments.output, "--output")


def write(study: Study, form: str, file: IO[str], width: int | None = None) -> None:
    """Write a study as a page, as JSON, or as tables of this width."""
    if form == "text":
        from chainrule.reports.terminal import console_of
        from chainrule.study.table import print_study

        print_study(console_of(file, width), study)
    elif form == "json":
        print(json.dumps(study.to_dict(), indent=1), file=file)
    else:
        from chainrule.study.page import page

        print(page(study), file=file)


def study_of(arguments: argparse.Namespace, listener: Callable[[SpecResult], None]) -> Study:
    """Run the specification on TARGET, traced, and join what ran with the derivation and the outcomes.

    listener: called with each result.
    """
    from chainrule.contract.declarations import pairs
    from chainrule.study.join import join
    from chainrule.study.traced import traced

    outcome, traces = traced(
        arguments.target,
        arguments.adapter,
        timeout=arguments.timeout,
        options={"chapters": arguments.chapter, "listener": listener},
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )
    return join(outcome, traces)
