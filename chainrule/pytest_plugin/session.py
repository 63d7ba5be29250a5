"""Runs the specs of a check under pytest, for pytest's own options such as -k, -x, -n and --junitxml."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from chainrule import spec_tests
from chainrule.baseline.baseline import Baseline
from chainrule.contract.errors import UnusableTarget
from chainrule.pytest_plugin.keys import BASELINE, RUN
from chainrule.running.results import SpecResult
from chainrule.running.run import Run

SPECS = Path(spec_tests.__file__).parent
PRINTS_NOTHING = "; options about what pytest prints (-q, -v, -r, --tb) do not apply, as chainrule prints the report"
UNDISTURBED = ("-p", "no:cacheprovider", "--assert=plain", "--rootdir", str(SPECS), "-c", str(SPECS / "pytest.ini"))


class Session:
    """The plugin of one check: it passes on the run and its results, and keeps exceptions inside pytest."""

    def __init__(
        self, run: Run, listener: Callable[[SpecResult], None] | None, baseline: Baseline | None = None
    ) -> None:
        self.run, self.listener, self.baseline, self.internal_error = run, listener, baseline, ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[RUN] = self.run
        config.stash[BASELINE] = self.baseline

    def pytest_runtest_logreport(self, report: Any) -> None:
        if self.listener is not None and hasattr(report, "sent"):
            self.listener(self.run.results.marked[report.clause])

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        self.run.interrupted = excinfo.type is KeyboardInterrupt  # others are pytest's own, as of --stepwise

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.internal_error = str(excrepr)


def run_pytest(
    run: Run,
    options: Sequence[str],
    listener: Callable[[SpecResult], None] | None = None,
    baseline: Baseline | None = None,
) -> None:
    """Run the specs under pytest, with only the plugins that they need, and without its output.

    baseline: what decides which specs pytest's own reports, such as JUnit's, count as failures.
    Raises UnusableTarget for options that pytest refuses, KeyboardInterrupt if it is interrupted before the first
    result.
    """
    plugins = ["-p", "no:terminal", "-p", "chainrule.pytest_plugin"]
    if any(option.startswith(("-n", "--numprocesses", "--dist")) for option in options):
        if find_spec("xdist") is None:
            raise UnusableTarget("-n needs pytest-xdist: pip install 'chainrule[parallel]'")
        plugins += ["-p", "xdist.plugin"]
    files = dict.fromkeys(str(SPECS / f"test_{entry.chapter}.py") for entry in run.entries)
    session, said = Session(run, listener, baseline), io.StringIO()
    with alone(), contextlib.redirect_stderr(said):
        status = pytest.main([*plugins, *UNDISTURBED, *as_options(run), *options, *files], plugins=[session])
    if status == pytest.ExitCode.USAGE_ERROR:
        what = complaint(said.getvalue())
        why = PRINTS_NOTHING if what.startswith("unrecognized arguments") else ""
        raise UnusableTarget(f"pytest refuses its arguments: {what}{why}")
    if status == pytest.ExitCode.INTERRUPTED and not run.results.raw:
        raise KeyboardInterrupt
    if session.internal_error:
        raise RuntimeError(session.internal_error)


def as_options(run: Run) -> list[str]:
    """The options with which another process, such as a worker of pytest-xdist, begins the same run."""
    loaded, limits = run.loaded, run.limits
    chapters = dict.fromkeys(entry.chapter for entry in run.entries)
    return [
        *("--impl", loaded.target),
        *(("--adapter", loaded.adapter) if loaded.adapter else ()),
        *(f"--convention={key}={value}" for key, value in loaded.outside.conventions.items()),
        *(f"--name={key}={value}" for key, value in loaded.outside.names.items()),
        *(("--run-all",) if loaded.run_all else ()),
        *(("--thorough", f"--spec-seed={limits.seed}") if limits.thorough else ()),
        f"--spec-timeout={limits.timeout}",
        *(f"--chapter={chapter}" for chapter in chapters),
    ]


def complaint(said: str) -> str:
    """The error in pytest's usage message."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line.partition("error: ")[2] for line in lines if "error: " in line),
        lines[0].removeprefix("ERROR: ") if lines else "pytest gives no reason",
    )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hide installed plugins and the user's pytest options from the check, and restore the search path."""
    changed = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    kept = (*changed, "PYTEST_CURRENT_TEST")  # an outer pytest sets the last
    before = {name: os.environ.get(name) for name in kept}
    path = list(sys.path)
    os.environ.update(changed)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
