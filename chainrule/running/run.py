"""One check, from a loaded implementation to an Outcome: the specs run under pytest, in this process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from chainrule import spec_tests
from chainrule.contract.chapters import CHAPTERS
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.requirements import select
from chainrule.diagnosis.diagnose import diagnose
from chainrule.host.guard.snapshot import guarded
from chainrule.running.expected import specs_in, strange_results
from chainrule.running.limits import exploration_seed, repeated
from chainrule.running.loading import Loaded
from chainrule.running.pytest_plugin import LOADED, RECORDER, hooks
from chainrule.running.pytest_plugin.recorder import Recorder
from chainrule.running.reading import not_understood, notes_of
from chainrule.running.results import Outcome, SpecResult, settle
from chainrule.running.watch import WATCH, Watch

SPECS = Path(spec_tests.__file__).parent
LOADED_BEFORE = (hooks,)  # what judges is there before any TARGET, which must not change it unseen
UNDISTURBED = ("-p", "no:cacheprovider", "--assert=plain", "--rootdir", str(SPECS), "-c", str(SPECS / "pytest.ini"))


class Session:
    """The plugin of this one run: hands the loaded implementation over, and keeps what goes wrong inside pytest."""

    def __init__(self, loaded: Loaded, recorder: Recorder) -> None:
        self.loaded, self.recorder, self.watch = loaded, recorder, Watch(loaded)
        self.internal_error = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[LOADED], config.stash[RECORDER], config.stash[WATCH] = self.loaded, self.recorder, self.watch

    def pytest_internalerror(self, excrepr: Any) -> None:
        self.internal_error = str(excrepr)


def check(
    loaded: Loaded,
    *,
    chapters: Sequence[str] = (),
    full: bool = False,
    thorough: bool = False,
    seed: int | None = None,
    timeout: float | None = None,
    from_scratch: bool = False,
    pytest_arguments: Sequence[str] = (),
    listener: Callable[[SpecResult], None] | None = None,
) -> Outcome:
    """Run the specification on `loaded`.

    chapters: those required; if empty, what `selection.select` finds.  full: train on Fashion-MNIST as well.
    thorough: explore at random.  seed: what decides the cases of a thorough run; fresh by default.
    timeout: seconds per spec.  from_scratch: an imported framework fails the check.
    pytest_arguments: handed on to pytest.  listener: called with every result as it arrives.
    Raises UnusableTarget for a seed that is none or not of a thorough run, and where pytest refuses its arguments or
    finds nothing to run.
    """
    seed = exploration_seed(thorough, seed)
    read = loaded.description
    required, beside = select(read.offered, chapters, full=full)
    running = [*required, *beside]
    full = full or "accuracy" in required
    recorder = Recorder(listener)
    session = Session(loaded, recorder)
    arguments = [*UNDISTURBED, "--impl", loaded.target, *(["--adapter", loaded.adapter] if loaded.adapter else [])]
    arguments += [flag for flag, wanted in (("--full", full), ("--thorough", thorough)) if wanted]
    arguments += ["--spec-seed", str(seed)] if seed is not None else []
    arguments += ["--spec-timeout", str(timeout)] if timeout is not None else []
    arguments += [f"--chapter={chapter}" for chapter in running]
    arguments += asked_for(loaded)
    started = time.perf_counter()
    run_pytest([*arguments, *pytest_arguments, *map(str, map(spec_file, running))], session)
    if not recorder.results:
        raise UnusableTarget("no spec was run: check what -k, -m or --deselect leave over")
    expected = {clause for chapter in running for clause in specs_of(chapter)}
    strange = strange_results(recorder.results, expected, recorder.contradicted)
    settled = settle(result for clause, result in recorder.results.items() if clause in expected)
    with guarded():  # what the code does when it is asked again stays no more than what it did before
        specs, said = diagnose(loaded, settled, time.perf_counter() - started)
    return Outcome(
        target=loaded.target,
        path=str(loaded.path),
        sha256=loaded.sha256,
        conventions=loaded.impl.conventions,
        specs=specs,
        required=required,
        not_run=sum(clause not in recorder.results for chapter in required for clause in specs_of(chapter)),
        seconds=time.perf_counter() - started,
        unchecked=read.unchecked,
        notes=(*notes_of(loaded), *repeated(seed), *said),
        not_understood=not_understood(loaded, specs),
        frameworks=loaded.frameworks,
        from_scratch=from_scratch,
        tampering=(*session.watch.findings, *strange),
        seed=seed,
    )


def asked_for(loaded: Loaded) -> list[str]:
    """The options by which another process loads the same: pytest-xdist's workers do."""
    conventions = [f"--convention={key}={value}" for key, value in loaded.outside.conventions.items()]
    names = [f"--name={key}={value}" for key, value in loaded.outside.names.items()]
    return [*conventions, *names, *(["--run-all"] if loaded.run_all else [])]


def spec_file(chapter: str) -> Path:
    """The file of a chapter's specs.  Raises UnusableTarget for a chapter that does not exist."""
    path = SPECS / f"test_{chapter}.py"
    if not path.is_file():
        raise UnusableTarget(f"--chapter {chapter}: there is no such chapter; there are: {', '.join(CHAPTERS)}")
    return path


def specs_of(chapter: str) -> tuple[str, ...]:
    """The clauses of a chapter's specs: what of them was deselected, or lost with a process, is missing."""
    return specs_in(spec_file(chapter))


def specs_written(chapter: str) -> int:
    """How many specs a chapter holds."""
    return len(specs_of(chapter))


def run_pytest(arguments: list[str], session: Session) -> None:
    """Run pytest with only the plugins that the specification needs, and none of what it would print.

    Raises UnusableTarget for arguments that it refuses, KeyboardInterrupt if it was interrupted.
    """
    plugins = ["-p", "no:terminal", "-p", "chainrule.running.pytest_plugin"]
    if any(argument.startswith(("-n", "--numprocesses", "--dist")) for argument in arguments):
        if find_spec("xdist") is None:
            raise UnusableTarget("-n needs pytest-xdist: pip install 'chainrule[parallel]'")
        plugins += ["-p", "xdist.plugin"]
    said = io.StringIO()
    with alone(), contextlib.redirect_stderr(said):
        status = pytest.main([*plugins, *arguments], plugins=[session])
    if status == pytest.ExitCode.USAGE_ERROR:
        raise UnusableTarget(f"pytest refuses its arguments: {complaint(said.getvalue())}")
    if status == pytest.ExitCode.INTERRUPTED and not session.recorder.results:
        raise KeyboardInterrupt
    if session.internal_error:
        raise RuntimeError(session.internal_error)


def complaint(said: str) -> str:
    """What pytest complains of, out of its usage message."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line.partition("error: ")[2] for line in lines if "error: " in line),
        lines[0].removeprefix("ERROR: ") if lines else "no reason given",
    )


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """No plugin that happens to be installed, and none of the user's standing options for pytest, changes what a check
    does; and the folders that pytest puts on the search path do not stay there.
    """
    changed = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "PYTEST_PLUGINS": "",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(
            Path(tempfile.gettempdir(), "chainrule-hypothesis")
        ),  # not the user's folder
    }
    kept = (*changed, "PYTEST_CURRENT_TEST")  # the last is of a pytest that runs around this one
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
