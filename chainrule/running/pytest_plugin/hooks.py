"""Runs the specs in this process: which of them, on what, for how long, and what became of each.

A pytest plugin that chainrule.running.pytest_plugin brings in beside `--impl` only.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import settings

from chainrule.boundary.boundary import Boundary
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.requirements import select
from chainrule.host.guard.environment import plain_environment
from chainrule.host.inference.trying import PROBE_LIMIT
from chainrule.host.source.targets import silence
from chainrule.running.expected import uncalled
from chainrule.running.limits import default_timeout, exploration_seed, prepare, search
from chainrule.running.pytest_plugin import LOADED
from chainrule.running.responsiveness import unresponsive
from chainrule.running.results import SpecResult, chapter_place
from chainrule.running.verdicts import judge
from chainrule.running.watch import WATCH, Watch
from chainrule.specification.networks import Networks
from chainrule.specification.spec import spec_of
from chainrule.support import time_limit

ACCURACY_TIMEOUT = 900.0  # seconds: training on the real data is given longer


def pytest_configure(config: pytest.Config) -> None:
    """Settle the seed of a thorough run, here and so in every process of it, and how Hypothesis searches."""
    option = config.option
    try:
        option.spec_seed = exploration_seed(option.thorough, option.spec_seed)
    except UnusableTarget as error:
        raise pytest.UsageError(str(error).replace("--seed", "--spec-seed")) from None
    settings.register_profile("chainrule", search(option.thorough))
    settings.load_profile("chainrule")
    config.pluginmanager.register(Runner(config), "chainrule-runner")
    config.pluginmanager.register(config.stash.setdefault(WATCH, Watch(config.stash[LOADED])), "chainrule-watch")


@pytest.fixture(scope="session")
def impl(request: pytest.FixtureRequest) -> Boundary:
    """The implementation under test, behind its boundary."""
    return request.config.stash[LOADED].impl


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest, impl: Boundary) -> Networks:
    """The network cases of this run."""
    option = request.config.option
    return Networks(impl, option.thorough, option.spec_seed or 0)


def pytest_report_header(config: pytest.Config) -> str | None:
    """What repeats a run at random."""
    return f"chainrule: --thorough --spec-seed {config.option.spec_seed}" if config.option.thorough else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The chapters in the contract's order; the accuracy chapter only with `--full`, an extension only where the
    implementation has something for it, and any chapter that is named.
    """
    required, beside = select(config.stash[LOADED].description.offered, config.option.chapter, full=config.option.full)
    left_out = [item for item in items if spec_of(item) and spec_of(item).chapter not in (*required, *beside)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: chapter_place(spec_of(item).chapter) if spec_of(item) else -1)


class Runner:
    """The hooks around each spec: its time limit, the record of its calls, and what became of it."""

    def __init__(self, config: pytest.Config) -> None:
        self.loaded = config.stash[LOADED]
        option = config.option
        self.timeout: float = default_timeout(option.thorough) if option.spec_timeout is None else option.spec_timeout
        self.unresponsive: dict[str, str] | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        spec = spec_of(item)
        if spec is None:
            return (yield)
        if self.unresponsive is None:
            self.probe()
        self.begin(item)
        with time_limit.limit(self.limit(spec)):
            return (yield)

    def limit(self, spec: Any) -> float:
        """Seconds a spec may take; training on the real data is given longer."""
        return max(self.timeout, ACCURACY_TIMEOUT) if spec.chapter == "accuracy" and self.timeout else self.timeout

    def probe(self) -> None:
        self.unresponsive = {}
        try:
            with silence(), plain_environment(), time_limit.limit(PROBE_LIMIT):
                self.unresponsive = unresponsive(self.loaded.impl)
        except time_limit.TimedOut:
            pass  # the spec that calls what does not return will say so

    def begin(self, item: Any) -> None:
        """The record of calls starts anew: with the spec, and so it does with each of Hypothesis's examples."""
        impl = self.loaded.impl
        impl.forget()
        impl.called.clear()
        impl.cases = 0
        impl.seen_through.clear()
        if hasattr(item.obj, "hypothesis"):
            prepare(item.obj, item.config.option.spec_seed)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        error = call.excinfo.value if call.excinfo else None  # before pytest makes its own kind of skip of it
        report = yield
        spec = spec_of(item)
        if spec is None or (call.when != "call" and not (call.when == "setup" and call.excinfo)):
            return report
        result = judge(spec, error, call.duration, self.limit(spec), self.loaded, self.unresponsive or {})
        result = uncalled(result, self.loaded.impl.called)
        report.chainrule = asdict(result) | {"line": item.location[1] or 0, "cases": self.loaded.impl.cases}
        if result.outcome in ("failed", "error"):
            report.outcome = "failed"
            if not getattr(item.config.option, "fulltrace", False):
                report.longrepr = text_of(result)
        elif result.outcome in ("todo", "skipped", "blocked"):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, result.message)
        return report


def text_of(result: SpecResult) -> str:
    """A failure as plain pytest shows it: the sentence, the equation, what was found, the lines that repeat it."""
    lines = [f"{result.id}: {result.title}", f"  {result.formula}", "", result.message]
    return "\n".join([*lines, *(["", result.snippet] if result.snippet else [])])
