"""Keeps the results of the specs in the process that reports, whichever process they ran in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chainrule.contract.requirements import select
from chainrule.running.pytest_plugin import LOADED
from chainrule.running.results import NOT_PASSED, SpecResult, blocked, settle, surest_first


class Recorder:
    """Keeps the results, in the process that reports; marks what is blocked; decides pytest's exit status.

    listener: called with every result as it arrives.
    """

    def __init__(self, listener: Callable[[SpecResult], None] | None = None) -> None:
        self.results: dict[str, SpecResult] = {}
        self.contradicted: set[str] = set()  # clauses that were reported twice, and not alike
        self.listener = listener

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fields = getattr(report, "chainrule", None)
        if fields is None:
            return
        result = blocked(SpecResult(**fields | {"after": tuple(fields["after"])}), self.results)
        earlier = self.results.get(result.id)
        if earlier is not None and earlier.outcome != result.outcome:
            self.contradicted.add(result.id)
            result = earlier if result.outcome == "passed" else result
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

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Under plain pytest: the mistakes behind what failed, each once."""
        if not any(result.outcome in ("failed", "error") for result in self.results.values()):
            return
        from chainrule.diagnosis.diagnose import diagnose  # of no use, and not loaded, where nothing failed

        seconds = sum(result.seconds for result in self.results.values())
        specs, _ = diagnose(config.stash[LOADED], settle(self.results.values()), seconds)
        terminalreporter.section("causes")
        for found in surest_first(specs):
            where = f"{found.where}: " if found.where else ""
            terminalreporter.write_line(f"{where}{found.title} ({found.certainty}, {found.id})")
            terminalreporter.write_line(f"    {found.mend}" if found.mend else f"    {found.found}")
            terminalreporter.write_line(f"    explains {', '.join(found.explains)}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What is todo or blocked is not passed, where it is required: pytest's status says so too."""
        option = session.config.option
        required, _ = select(session.config.stash[LOADED].description.offered, option.chapter, full=option.full)
        if session.exitstatus == pytest.ExitCode.OK and any(
            result.outcome in ("todo", *NOT_PASSED) for result in self.results.values() if result.chapter in required
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
