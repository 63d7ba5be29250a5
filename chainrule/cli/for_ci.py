"""The gate's options, and what CI shows of a check beside the report."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from chainrule.cli.parsing import REPLACED, require_writable, write
from chainrule.contract.errors import UnusableTarget

if TYPE_CHECKING:
    from chainrule.baseline.baseline import Baseline
    from chainrule.running.results import Outcome


def add_gate_arguments(check: argparse.ArgumentParser) -> None:
    gate = check.add_argument_group("the gate, and what CI shows")
    gate.add_argument(
        "--baseline",
        metavar="FILE",
        type=Path,
        help="what is not expected to pass: exit status 0 where exactly this happens, 1 otherwise",
    )
    gate.add_argument(
        "--update-baseline", action="store_true", help="write what happens now to the baseline; reasons stay"
    )
    for name, (_, what) in BESIDE.items():
        gate.add_argument(f"--{name}", metavar="FILE", type=Path, help=f"also write {what}")


def baseline_of(arguments: argparse.Namespace) -> Baseline | None:
    """The baseline that the options name.  Raises UnusableTarget if it cannot be read, or for several TARGETs."""
    path: Path | None = arguments.baseline
    if path is None:
        if arguments.update_baseline:
            raise UnusableTarget("--update-baseline: name the file to write, with --baseline FILE")
        return None
    from chainrule.baseline.baseline import Baseline

    if len(arguments.targets) > 1:
        raise UnusableTarget(f"--baseline {path}: a baseline is of one TARGET; check each with its own")
    if arguments.update_baseline:
        require_writable(path, "--baseline")
        return Baseline.read(path) if path.exists() else Baseline.empty(path)
    return Baseline.read(path)


def updated(outcome: Outcome, baseline: Baseline) -> tuple[Outcome, str]:
    """(the outcome, with the baseline rewritten and compared anew; what was written, in words)."""
    from chainrule.baseline.gate import judge, renewed

    new = renewed(baseline, outcome)
    write(new.path, new.text())
    return replace(outcome, gate=judge(new, outcome)), f"{new.path} written; lines: {new.told_since(baseline)}"


def as_html(outcomes: Sequence[Outcome]) -> str:
    from chainrule.reports.html import page

    return page(*outcomes)


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    from chainrule.reports.markdown import summary

    return summary(*outcomes)


def as_code_quality(outcomes: Sequence[Outcome]) -> str:
    from chainrule.reports.gitlab import code_quality

    return code_quality(*outcomes)


def as_badge(outcomes: Sequence[Outcome]) -> str:
    from chainrule.reports.badge import badge

    return badge(*outcomes)


BESIDE = {
    "html": (as_html, "the report as an HTML page"),
    "markdown": (as_markdown, "a summary in Markdown, as GitHub Actions shows it unasked"),
    "code-quality": (as_code_quality, "the problems as GitLab's code quality report"),
    "badge": (as_badge, "the verdict as an SVG image"),
}


def require_beside(arguments: argparse.Namespace) -> None:
    """Raise UnusableTarget if one of the files beside the report cannot be written."""
    for name, path in paths_beside(arguments).items():
        require_writable(path, f"--{name}")


def write_beside(arguments: argparse.Namespace, outcomes: Sequence[Outcome]) -> None:
    """Write the files that the options name, beside the report."""
    for name, path in paths_beside(arguments).items() if outcomes else ():
        write(path, BESIDE[name][0](outcomes))


def paths_beside(arguments: argparse.Namespace) -> dict[str, Path]:
    named = {name: getattr(arguments, name.replace("-", "_")) for name in BESIDE}
    return {name: path for name, path in named.items() if path is not None}


def tell_github(outcomes: Sequence[Outcome], stream: TextIO) -> None:
    """Inside GitHub Actions, print annotations of the lines, and add a summary to the workflow's."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from chainrule.reports.github import commands

        for command in (command for outcome in outcomes for command in commands(outcome)):
            print(command, file=stream)
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8", errors=REPLACED) as file:
                file.write(as_markdown(outcomes))
        except OSError as error:  # the verdict counts all the same
            print(f"chainrule: GITHUB_STEP_SUMMARY cannot be written ({error.strerror})", file=sys.stderr)
