"""The pytest plugin around the specs of one run: no variable tells that a test runs, calls are kept to be repeated, and
what the run relies on is compared before and after it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from chainrule.host.guard import snapshot
from chainrule.host.guard.audit import listening
from chainrule.host.guard.environment import plain_environment
from chainrule.host.guard.exits import kept_out
from chainrule.host.guard.finding import Finding, distinct
from chainrule.running.pytest_plugin import RECORDER
from chainrule.running.unwatched import unwatched
from chainrule.specification.asked_anew import OPERATIONS
from chainrule.specification.spec import spec_of

if TYPE_CHECKING:
    from chainrule.running.loading import Loaded

WATCH: pytest.StashKey[Watch] = pytest.StashKey()
KEPT = 3  # calls of an operation that are kept
SENT = "chainrule_tampering"  # under which a worker process sends its findings


class Watch:
    """findings: what was replaced, or asked for, while the specs ran.  records: {method: inputs of passed specs}."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.findings: list[Finding] = []
        self.records: dict[str, list[Any]] = {}
        self.around = ExitStack()
        self.lists: list[list[Finding]] = []

    def pytest_collection_finish(self) -> None:
        """All that a spec calls is loaded by now, and nothing of the code under test has been called yet."""
        files = [str(file) for file in self.loaded.files]
        for context in (snapshot.guarded(), listening(files), kept_out(lambda: files)):
            self.lists.append(self.around.enter_context(context))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compare, and in the process that reports repeat calls where no test is to be seen."""
        self.around.close()
        self.findings += [finding for found in self.lists for finding in found]
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[SENT] = [asdict(finding) for finding in self.findings]
            return
        results = config.stash[RECORDER].results.values()
        outcomes = {result.id: result.outcome for result in results}
        with snapshot.guarded() as replaced:
            differing = unwatched(self.loaded.impl, outcomes, self.records, path=str(self.loaded.path))
        self.findings = distinct((*self.loaded.tampering, *self.findings, *replaced, *differing))
        if any(finding.fails for finding in self.findings) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker process of pytest-xdist has ended, and sends what it found."""
        sent = getattr(node, "workeroutput", {}).get(SENT, [])
        self.findings += [Finding(**finding) for finding in sent]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for finding in self.findings:
            said = "tampering" if finding.fails else "noticed"
            terminalreporter.write_line(f"{said}: {finding}", red=finding.fails)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        """pytest has named the test in the environment by now."""
        with plain_environment():
            result = yield
        self.keep(pyfuncitem)
        return result

    def keep(self, item: pytest.Function) -> None:
        """Keep the last calls of a spec that has passed, where it is the one whose calls are repeated."""
        spec = spec_of(item)
        for operation in OPERATIONS:
            if spec is None or operation.recall is None or spec.clause not in (operation.after[0], operation.golden):
                continue
            calls = [call for call in self.loaded.impl.calls if call.name == operation.method]
            inputs = map(operation.recall, calls[-KEPT:])
            self.records.setdefault(operation.method, []).extend(found for found in inputs if found is not None)
