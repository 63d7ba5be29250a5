"""The pytest plugin: gives the specs their implementation, and turns what happens to them into the contract's outcomes.

`pytest --pyargs chainrule.spec_tests --impl TARGET` runs the specification under plain pytest.  Without `--impl` the plugin
adds one option to pytest and does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from chainrule.contract import UnusableTarget
from chainrule.outcomes import NOT_PASSED, SpecResult, blocked, chapter_place

if TYPE_CHECKING:
    from chainrule.loading import Loaded

DEFAULT_TIMEOUT = 60.0
ACCURACY_TIMEOUT = 900.0
LOADED = pytest.StashKey["Loaded"]()
RECORDER = pytest.StashKey["Recorder"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("chainrule").addoption("--impl", metavar="TARGET", help="run chainrule.spec_tests on this implementation")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """The other options exist only beside `--impl`, so that they clash with nobody's else."""
    if early_config.known_args_namespace.impl is None:
        return
    group = parser.getgroup("chainrule")
    group.addoption("--adapter", metavar="FILE", help="the file with the Adapter for TARGET")
    group.addoption("--full", action="store_true", help="train on Fashion-MNIST as well")
    group.addoption("--thorough", action="store_true", help="explore at random, with many more examples")
    group.addoption("--spec-timeout", type=float, default=DEFAULT_TIMEOUT, metavar="SECONDS", help="per spec; 0 for none")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.impl is None:
        return
    if LOADED not in config.stash:
        from chainrule.loading import load

        try:
            config.stash[LOADED] = load(config.option.impl, getattr(config.option, "adapter", None))
        except UnusableTarget as error:
            raise pytest.UsageError(str(error)) from None
    if config.stash.get(RECORDER, None) is None:
        config.stash[RECORDER] = Recorder()
    explore(config)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(config.stash[RECORDER], "chainrule-recorder")
    config.pluginmanager.register(Runner(config), "chainrule-runner")
    config.pluginmanager.import_plugin("chainrule.fixtures")


def explore(config: pytest.Config) -> None:
    """How Hypothesis searches: the same examples every time, or thousands at random with `--thorough`."""
    from hypothesis import HealthCheck, Phase, settings

    thorough = config.option.thorough
    settings.register_profile(
        "chainrule",
        max_examples=1000 if thorough else 25,
        derandomize=not thorough,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    settings.load_profile("chainrule")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The chapters in the contract's order; the accuracy chapter only with `--full`."""
    specs = [item for item in items if spec_of(item)]
    if specs and config.option.impl is None:
        raise pytest.UsageError("chainrule.spec_tests: which implementation? Name it: --impl TARGET")
    if not specs:
        return
    left_out = [item for item in specs if spec_of(item).chapter == "accuracy" and not config.option.full]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: chapter_place(spec_of(item).chapter) if spec_of(item) else -1)


def spec_of(item: pytest.Item) -> Any:
    """The Spec of a test item, or None."""
    return getattr(getattr(item, "obj", None), "spec", None)


class Recorder:
    """Keeps the results, in the process that reports; marks what is blocked; decides pytest's exit status.

    listener: called with every result as it arrives.
    """

    def __init__(self, listener: Callable[[SpecResult], None] | None = None) -> None:
        self.results: dict[str, SpecResult] = {}
        self.listener = listener
        self.deselected = 0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected += sum(spec_of(item) is not None and spec_of(item).chapter != "accuracy" for item in items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fields = getattr(report, "chainrule", None)
        if fields is None:
            return
        result = blocked(SpecResult(**fields | {"after": tuple(fields["after"])}), self.results)
        self.results[result.id] = result
        if result.outcome in ("blocked", "todo", "skipped"):
            report.outcome = "skipped"
            report.longrepr = (report.location[0], report.location[1] or 0, f"{result.outcome}: {result.message}")
        if self.listener:
            self.listener(result)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        fields = getattr(report, "chainrule", None)
        if fields is None or report.outcome != "skipped":
            return None
        outcome = self.results[fields["id"]].outcome
        return outcome, outcome[0], outcome.upper()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What is todo or blocked is not passed: pytest's status says so too."""
        if session.exitstatus == pytest.ExitCode.OK and any(
            result.outcome in ("todo", *NOT_PASSED) for result in self.results.values()
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


class Runner:
    """Runs the specs in this process: the fixtures they use, their time limit, and what became of them."""

    def __init__(self, config: pytest.Config) -> None:
        self.loaded = config.stash[LOADED]
        self.timeout = getattr(config.option, "spec_timeout", DEFAULT_TIMEOUT)
        self.thorough = config.option.thorough
        self.unresponsive: dict[str, str] | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        from chainrule import timeouts

        spec = spec_of(item)
        if spec is None:
            return (yield)
        if self.unresponsive is None:
            self.probe()
        self.begin(item)
        with timeouts.limit(self.limit(spec)):
            return (yield)

    def limit(self, spec: Any) -> float:
        """Seconds a spec may take; training on the real data is given longer."""
        return max(self.timeout, ACCURACY_TIMEOUT) if spec.chapter == "accuracy" and self.timeout else self.timeout

    def probe(self) -> None:
        from chainrule import timeouts
        from chainrule.responsiveness import unresponsive

        self.unresponsive = {}
        try:
            with timeouts.limit(self.timeout):
                self.unresponsive = unresponsive(self.loaded.impl)
        except timeouts.TimedOut:
            self.loaded.impl.hang(self.timeout)

    def begin(self, item: pytest.Item) -> None:
        """The record of calls starts anew: with the spec, and with each of Hypothesis's examples."""
        impl = self.loaded.impl
        impl.forget()
        impl.called.clear()
        handle = getattr(item.obj, "hypothesis", None)
        if handle is None or hasattr(handle.inner_test, "forgets"):
            return
        test = handle.inner_test

        def example(*arguments: Any, **keywords: Any) -> Any:
            impl.forget()
            return test(*arguments, **keywords)

        example.forgets = True  # type: ignore[attr-defined]
        handle.inner_test = example

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        error = call.excinfo.value if call.excinfo else None  # before pytest makes its own kind of skip of it
        report = yield
        spec = spec_of(item)
        if spec is None or (call.when != "call" and not (call.when == "setup" and call.excinfo)):
            return report
        from chainrule.verdicts import judge

        result = judge(spec, error, call.duration, self.limit(spec), self.loaded, self.unresponsive or {})
        report.chainrule = asdict(result) | {"line": item.location[1] or 0}
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
