"""Runs the specs in this process: each pytest item is one spec of the run.

A pytest plugin that chainrule.pytest_plugin registers only beside `--impl`.
"""

from __future__ import annotations

import pickle
from argparse import Namespace
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chainrule.baseline.baseline import Baseline
from chainrule.boundary.boundary import Boundary
from chainrule.contract.declarations import pairs
from chainrule.contract.errors import UnusableTarget
from chainrule.pytest_plugin.keys import RUN
from chainrule.pytest_plugin.recorder import SENT
from chainrule.running.limits import Limits
from chainrule.running.loading import load
from chainrule.running.results import SpecResult
from chainrule.running.run import Run
from chainrule.specification.networks import Networks
from chainrule.specification.registry import registry
from chainrule.specification.spec import spec_of


def run_of(option: Namespace) -> Run:
    """The run that pytest's options describe."""
    try:
        limits = Limits.asked(option.thorough, option.spec_seed, option.spec_timeout)
    except UnusableTarget as error:
        raise pytest.UsageError(str(error).replace("--seed", "--spec-seed")) from None
    if option.thorough:
        from chainrule.specification import searching  # noqa: F401  # before TARGET, whose changes to it must show
    try:
        loaded = load(
            option.impl,
            option.adapter,
            conventions=pairs("--convention", option.convention),
            names=pairs("--name", option.name),
            run_all=option.run_all,
        )
        return Run(loaded, limits, chapters=option.chapter, full=option.full)
    except UnusableTarget as error:
        raise pytest.UsageError(str(error)) from None


def baseline_of(option: Namespace) -> Baseline | None:
    """The baseline that pytest's options name, if any."""
    try:
        return None if option.baseline is None else Baseline.read(Path(option.baseline))
    except UnusableTarget as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def impl(request: pytest.FixtureRequest) -> Boundary:
    """The implementation under test, behind its boundary."""
    return request.config.stash[RUN].impl


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest) -> Networks:
    """The network cases of this run."""
    return request.config.stash[RUN].networks


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Runner(config.stash[RUN]), "chainrule-runner")


def pytest_report_header(config: pytest.Config) -> str | None:
    """The options that repeat a random run."""
    return f"chainrule: --thorough --spec-seed {config.option.spec_seed}" if config.option.thorough else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect specs outside the run, and put the others in its order, after the user's own tests."""
    place = {entry.clause: place for place, entry in enumerate(config.stash[RUN].entries)}
    left_out = [item for item in items if spec_of(item) and spec_of(item).clause not in place]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: place[spec_of(item).clause] if spec_of(item) else -1)


class Runner:
    """The hooks around all specs and around each of them."""

    def __init__(self, run: Run) -> None:
        self.run, self.around = run, ExitStack()
        self.result: SpecResult | None = None  # the result of the spec that has just run

    def pytest_collection_finish(self) -> None:
        self.around.enter_context(self.run.watch.watching())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.around.close()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[SENT] = pickle.dumps((self.run.watch.findings, self.run.watch.records))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run the spec in the way of every run, in place of the function that pytest found."""
        spec = spec_of(pyfuncitem)
        if spec is None:
            return None
        self.result, error = self.run.step(registry()[spec.clause])
        if error is not None:
            raise error
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        result, self.result = self.result, None
        if result is None:
            return report
        report.clause, report.sent = result.id, pickle.dumps(result)  # for a worker process to send
        if result.outcome in ("failed", "error"):
            report.outcome = "failed"
            if not getattr(item.config.option, "fulltrace", False):
                report.longrepr = text_of(result)
        elif result.outcome != "passed":
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, result.message)
        return report


def text_of(result: SpecResult) -> str:
    """The text of a failure under plain pytest: sentence, equation, finding, and lines that repeat it."""
    lines = [f"{result.id}: {result.title}", f"  {result.formula}", "", result.message]
    return "\n".join([*lines, *(["", result.snippet] if result.snippet else [])])
