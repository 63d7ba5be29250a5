"""Collects the results of the specs in the reporting process, whichever process they ran in."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from chainrule.baseline.baseline import Baseline
from chainrule.baseline.gate import Gate, compare, differences
from chainrule.host.guard.finding import Finding
from chainrule.running.results import NOT_PASSED, SpecResult, surest_first
from chainrule.running.run import Run

SENT = "chainrule_watch"  # the key under which a worker process sends its findings


class Recorder:
    """Adds each result to the run, and marks blocked specs, and those that the baseline lists, in pytest's reports."""

    def __init__(self, run: Run, baseline: Baseline | None = None) -> None:
        self.run, self.baseline = run, baseline

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        if not hasattr(report, "sent"):
            return
        result = self.run.results.add(pickle.loads(report.sent))
        if result.outcome in ("blocked", "todo", "skipped"):
            report.outcome = "skipped"
            report.longrepr = (report.location[0], report.location[1] or 0, f"{result.outcome}: {result.message}")
        if self.baseline is not None:
            self.gate(self.baseline, report, result)

    def gate(self, baseline: Baseline, report: Any, result: SpecResult) -> None:
        """Make a report a failure where the result is other than expected, and no failure where it is as expected."""
        (difference,) = differences(baseline, [result], self.run.required) or (None,)
        if difference is None and result.outcome in ("failed", "error"):
            report.outcome, report.wasxfail = "skipped", baseline.expected[result.id].reason or "in the baseline"
        elif difference is not None and report.outcome != "failed":
            advice = "" if difference.clause not in baseline.expected else "; stale: --update-baseline rewrites it"
            report.outcome, report.longrepr = "failed", f"{difference} by {baseline.path.name}{advice}"

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        if not hasattr(report, "sent") or report.outcome != "skipped" or hasattr(report, "wasxfail"):
            return None
        outcome = self.run.results.marked[report.clause].outcome
        return outcome, outcome[0], outcome.upper()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Receive the findings of a worker process of pytest-xdist that has ended."""
        sent = getattr(node, "workeroutput", {}).get(SENT)
        if sent is not None:
            self.run.watch.add(*pickle.loads(sent))


class Reporter:
    """Reports at the end of plain pytest: evidence of dishonesty, mistakes, and the exit status."""

    def __init__(self, run: Run, baseline: Baseline | None) -> None:
        self.run, self.baseline = run, baseline
        self.findings: tuple[Finding, ...] = ()
        self.compared: Gate | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Make pytest's exit status 1 if a required spec is todo or blocked, or the gate is red."""
        self.findings = self.run.watch.conclude(self.run.results)
        specs = self.run.results.settled(self.run.results.raw)
        required = [result.outcome for result in specs if result.chapter in self.run.required]
        wrong = any(outcome in ("todo", *NOT_PASSED) for outcome in required)
        if self.baseline is not None:
            self.compared = compare(self.baseline, specs, self.run.required)
            wrong = not self.compared.green
        if session.exitstatus == pytest.ExitCode.OK and (wrong or any(finding.fails for finding in self.findings)):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the mistakes behind the failures, each once."""
        for finding in self.findings:
            said = "tampering" if finding.fails else "noticed"
            terminalreporter.write_line(f"{said}: {finding}", red=finding.fails)
        if self.compared is not None:
            terminalreporter.write_line(f"gate: {self.compared}", red=not self.compared.green)
        specs = self.run.results.settled(self.run.results.raw)
        if not any(result.outcome in ("failed", "error") for result in specs):
            return
        from chainrule.diagnosis.diagnose import diagnose  # of no use, and not loaded, where nothing failed

        specs, _ = diagnose(self.run.loaded.impl, specs)
        terminalreporter.section("causes")
        for found in surest_first(specs):
            where = f"{found.position}: " if found.where else ""
            terminalreporter.write_line(f"{where}{found.title} ({found.certainty}, {found.id})")
            terminalreporter.write_line(f"    {found.mend}" if found.mend else f"    {found.found}")
            terminalreporter.write_line(f"    explains {', '.join(found.explains)}")
