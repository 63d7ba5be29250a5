"""`chainrule check`: run the specification on an implementation and report."""

from __future__ import annotations

import argparse
import difflib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.cli.for_ci import (
    add_gate_arguments,
    baseline_of,
    require_beside,
    tell_github,
    updated,
    write_beside,
)
from chainrule.cli.parsing import (
    FAIL,
    INTERRUPTED,
    PASS,
    TARGET,
    UNUSABLE,
    add_adapter_argument,
    add_reading_arguments,
    load_asked,
    reading_options,
    replacing,
    require_writable,
    write,
)
from chainrule.contract.chapters import CORE_CHAPTERS, EXTENSION_CHAPTERS
from chainrule.contract.errors import UnusableTarget

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.baseline.baseline import Baseline
    from chainrule.running.results import Outcome

NEAR = 0.85  # similarity of a misspelled option to the right one; of no option of pytest to one of these
LONGEST_TIMEOUT = 1e6  # seconds: every system's timers can count as many
CHECK = """Check an implementation against the mathematics.

TARGET is a .py file, a notebook, a package folder or a module name.  Of a file or notebook, chainrule runs only the
definitions and what they need.

chainrule finds out by itself in which conventions and under which names the code is written.  Where it should read the
code otherwise, declare a convention or a name: with the options below, in the tables [tool.chainrule.conventions] and
[tool.chainrule.names] of the nearest pyproject.toml above TARGET, or in the file's dictionary CHAINRULE.  The first of
these that declares something counts, and counts more than what chainrule finds.

chainrule passes options that it does not know on to pytest: -k EXPRESSION, -x, --junitxml FILE, -n PROCESSES (with
chainrule[parallel]), ...  Those about what pytest prints, such as -q, -v and --tb, have nothing to act on and are
refused: the report is chainrule's.
"""


def add_check_arguments(check: argparse.ArgumentParser) -> None:
    check.add_argument("targets", metavar="TARGET", nargs="+", help=f"{TARGET}; of several, one after the other")
    add_adapter_argument(check)
    check.add_argument(
        "--chapter",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help=f"require these chapters only: {', '.join(CORE_CHAPTERS)}; {', '.join(EXTENSION_CHAPTERS)}, which run "
        "unasked if the code defines their names",
    )
    check.add_argument(
        "--full", action="store_true", help="also train on Fashion-MNIST; the test accuracy must exceed 88 %%"
    )
    add_reading_arguments(check)
    check.add_argument(
        "--explain-conventions", action="store_true", help="first show how chainrule reads the file, and what showed it"
    )
    check.add_argument(
        "--from-scratch", action="store_true", help="fail if an ML framework, or chainrule itself, is imported"
    )
    check.add_argument("--watch", action="store_true", help="check again at every save; keys say what else to show")
    check.add_argument("--show-prints", action="store_true", help="show what the code prints, on standard error")
    check.add_argument("--thorough", action="store_true", help="draw many more examples at random")
    check.add_argument("--seed", type=int, metavar="N", help="repeat the --thorough run whose report names seed N")
    check.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="limit for a spec (default 60; 600 with --thorough; 0: none), and for loading TARGET (120)",
    )
    check.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="the format of the report (default: text)"
    )
    check.add_argument("--output", metavar="FILE", type=Path, help="write the report to a file")
    add_gate_arguments(check)
    check.set_defaults(run=run_check, options=[option for option in check._option_string_actions if len(option) > 2])


def run_check(arguments: argparse.Namespace, rest: list[str]) -> int:
    from chainrule.reports.terminal import console_of
    from chainrule.specification.registry import require

    require(arguments.chapter)
    require_options(rest, arguments.options)
    if arguments.thorough:
        from chainrule.specification import searching  # noqa: F401  # before TARGET, whose changes to it must show
    if arguments.timeout is not None and not 0 <= arguments.timeout <= LONGEST_TIMEOUT:
        raise UnusableTarget(
            f"--timeout {arguments.timeout:g}: expected seconds, from 0 for no limit to {LONGEST_TIMEOUT:g}"
        )
    if arguments.full or "accuracy" in arguments.chapter:
        require_data()
    if arguments.output is not None:
        require_writable(arguments.output, "--output")
    require_beside(arguments)
    arguments.targets, rest = with_targets(arguments.targets, rest)
    if arguments.watch:
        from chainrule.cli.watch import run_watch

        return run_watch(arguments, rest)
    baseline = baseline_of(arguments)
    stream = sys.stdout if arguments.output is None else io.StringIO()
    console = console_of(stream, width=None if arguments.output is None else 100)
    outcomes, statuses = [], []
    for place, target in enumerate(arguments.targets):
        if place and arguments.format == "text":
            console.print()
        try:
            outcomes.append(check_one(target, arguments, rest, console, baseline))
        except UnusableTarget as error:
            if len(arguments.targets) == 1:
                raise
            print(f"chainrule: {error}", file=sys.stderr)
            statuses.append(UNUSABLE)
        else:
            statuses.append(status_of(outcomes[-1]))
            if outcomes[-1].interrupted:
                break
    if arguments.format == "json":
        objects = [outcome.to_dict() for outcome in outcomes]
        print(json.dumps(objects if len(arguments.targets) > 1 else objects[0], indent=2), file=stream)
    elif arguments.format == "html":
        from chainrule.reports.html import page

        replacing(stream, "utf-8")
        print(page(*outcomes), file=stream)
    if arguments.output is not None and isinstance(stream, io.StringIO):
        write(arguments.output, stream.getvalue())
    write_beside(arguments, outcomes)
    tell_github(outcomes, sys.stdout if stream is sys.stdout and arguments.format == "text" else sys.stderr)
    return max(statuses)


def check_one(
    target: str, arguments: argparse.Namespace, rest: Sequence[str], console: Console, baseline: Baseline | None
) -> Outcome:
    """Check one TARGET, and print its report if that is text.  rest: options for pytest."""
    from chainrule.api import check_loaded, illustrated
    from chainrule.host.source.printed import PRINTED
    from chainrule.host.source.targets import loading_within
    from chainrule.reports.conventions import print_conventions
    from chainrule.reports.terminal import console_of
    from chainrule.reports.text import TextReport

    written = ""
    report = TextReport(console, [target, *reading_options(arguments)])
    told = arguments.format == "text"
    PRINTED.lines, PRINTED.shown = 0, sys.stderr if arguments.show_prints else None
    with loading_within(arguments.timeout):
        loaded = load_asked(target, arguments)
    if arguments.explain_conventions:
        print_conventions(console if told else console_of(sys.stderr), loaded)
    if told:
        report.begin(loaded)
    try:
        outcome = check_loaded(
            loaded,
            chapters=arguments.chapter,
            full=arguments.full,
            thorough=arguments.thorough,
            seed=arguments.seed,
            timeout=arguments.timeout,
            from_scratch=arguments.from_scratch,
            pytest_arguments=rest,
            listener=report if told else None,
            diagnosing=report.diagnosing if told else None,
            baseline=baseline,
        )
        if arguments.format == "html" or arguments.html is not None:
            outcome = illustrated(loaded, outcome)
        if baseline is not None and arguments.update_baseline and not outcome.interrupted:
            outcome, written = updated(outcome, baseline)
    finally:
        report.stop()
    if told:
        report.finish(outcome, printed=0 if arguments.show_prints else PRINTED.lines)
    if written:
        print(written, file=console.file if told else sys.stderr)
    return outcome


def status_of(outcome: Outcome) -> int:
    """The exit status of a check."""
    if outcome.interrupted:
        return INTERRUPTED
    return PASS if outcome.accepted else FAIL


def with_targets(targets: Sequence[str], rest: Sequence[str]) -> tuple[list[str], list[str]]:
    """(all targets, options for pytest), as argparse leaves targets behind an option among those for pytest."""
    more = [
        word
        for before, word in zip(["", *rest], rest, strict=False)
        if not before.startswith("-") and Path(word).suffix in (".py", ".ipynb") and os.path.isfile(word)
    ]
    return [*targets, *more], [word for word in rest if word not in more]


def require_options(rest: Sequence[str], options: Sequence[str]) -> None:
    """Raise UnusableTarget for a misspelled option, before pytest is asked.  rest: what chainrule does not know."""
    for word in (word.partition("=")[0] for word in rest if word.startswith("--")):
        near = difflib.get_close_matches(word, options, n=1, cutoff=NEAR)
        if near:
            raise UnusableTarget(f"{word}: not an option of `chainrule check`; did you mean {near[0]}?")


def require_data() -> None:
    """Load Fashion-MNIST before the check starts.  Raises UnusableTarget, which names every way to get it."""
    from chainrule.training.datasets import DatasetUnavailable, fashion_mnist

    try:
        fashion_mnist()
    except DatasetUnavailable as error:
        raise UnusableTarget(str(error)) from None
