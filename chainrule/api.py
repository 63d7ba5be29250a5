"""Runs a complete check, from loading the code to naming the causes of its failures."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.contract.conventions import Convention
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.guard.snapshot import guarded
from chainrule.host.source.session_definitions import as_it_was, chapters_of
from chainrule.host.source.targets import loading_within
from chainrule.running.limits import Limits
from chainrule.running.loading import Loaded, load_any
from chainrule.running.results import RAISED, Diagnosis, Outcome, SpecResult
from chainrule.running.run import Around, Run

if TYPE_CHECKING:
    from chainrule.baseline.baseline import Baseline

WIDTH = 100  # columns of the report as text


def check(
    target: Any,
    *,
    adapter: str | type[Implementation] | None = None,
    chapters: str | Sequence[str] = (),
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    full: bool = False,
    thorough: bool = False,
    seed: int | None = None,
    timeout: float | None = None,
    from_scratch: bool = False,
    run_all: bool = False,
    baseline: str | os.PathLike[str] | None = None,
) -> Result:
    """Check an implementation against the mathematics, and return the result.  Nothing is printed.

    target: a path or a module name, as on the command line; or live definitions: a module, `globals()` or another
    dictionary, a class (an object stands for its class), a function, or a list of classes and functions.  A single
    function requires the chapter about it, everything else all core chapters.
    adapter: a class Adapter; for a path, the file of one.  baseline: the file of one, which decides whether the result
    is true.  The other arguments are the command's options.

    Raises UnusableTarget if chainrule cannot load the target or the baseline, or does not know a chapter or convention,
    and TypeError for a target of another kind.  The check changes neither the definitions nor the global random
    generators.
    """
    from chainrule.specification.registry import require

    expected = None
    if baseline is not None:
        from chainrule.baseline.baseline import Baseline

        expected = Baseline.read(Path(baseline))
    asked_chapters = (chapters,) if isinstance(chapters, str) else tuple(chapters)
    require(asked_chapters)
    if thorough:
        from chainrule.specification import searching  # noqa: F401  # before TARGET, whose changes to it must show
    with as_it_was(target):
        with loading_within(timeout):
            loaded = load_any(target, adapter, conventions, names, run_all)
        outcome = check_loaded(
            loaded,
            chapters=asked_chapters or chapters_of(target, names or {}),
            full=full,
            thorough=thorough,
            seed=seed,
            timeout=timeout,
            from_scratch=from_scratch,
            baseline=expected,
        )
    return Result(outcome, loaded)


def check_loaded(
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
    diagnosing: Callable[[], None] | None = None,
    baseline: Baseline | None = None,
    first: Collection[str] = (),
    around: Around | None = None,
) -> Outcome:
    """Run the specification on `loaded`, and name the causes of the failures.

    chapters: those required; if empty, what `requirements.select` finds.  full: train on Fashion-MNIST as well.
    thorough: explore at random.  seed: decides the cases of a thorough run; a fresh one by default.
    timeout: seconds per spec.  from_scratch: fail if the code imports a framework.
    pytest_arguments: options for pytest, which then runs the specs.  listener: called with each result.
    diagnosing: called before causes are looked for.  baseline: what the gate expects.
    first: the clauses whose specs run before the others.  around: as in `Run.all`, where pytest runs no specs.
    Raises UnusableTarget for an invalid seed, a seed without `thorough`, an unknown chapter, and if pytest refuses its
    arguments or finds no spec to run.
    """
    run = Run(loaded, Limits.asked(thorough, seed, timeout), chapters=chapters, full=full, first=first)
    entries, required, started = run.entries, run.required, time.perf_counter()
    if pytest_arguments:
        from chainrule.pytest_plugin.session import run_pytest

        run_pytest(run, pytest_arguments, listener, baseline)
    else:
        run.all(listener, around)
    if not run.results.raw:
        raise UnusableTarget("no spec was run: check what -k, -m or --deselect leave over")
    outcome = run.outcome(entries, required, from_scratch, time.perf_counter() - started)
    if baseline is not None:
        from chainrule.baseline.gate import judge

        outcome = replace(outcome, gate=judge(baseline, outcome))
    if not any(result.outcome in RAISED and result.id in outcome.unaccepted for result in outcome.specs):
        return outcome
    if diagnosing is not None:
        diagnosing()
    from chainrule.diagnosis.diagnose import diagnose  # imported only if a spec failed that was not expected to

    try:
        with guarded():  # diagnosis calls the code again, which must not replace anything either
            specs, notes = diagnose(loaded.impl, outcome.specs)
    except KeyboardInterrupt:
        return replace(outcome, interrupted=True)
    seconds = time.perf_counter() - started
    return replace(outcome, specs=specs, notes=(*outcome.notes, *notes), seconds=seconds)


def illustrated(loaded: Loaded, outcome: Outcome) -> Outcome:
    """The outcome with the pictures that a page shows, for which the code is called again."""
    from chainrule.running.pictures import pictures

    with guarded():
        return replace(outcome, pictures=pictures(loaded.impl))


@dataclass(frozen=True)
class Result:
    """The result of a check.  Jupyter shows it as HTML, everything else as text.

    outcome: the result as data.  loaded: the target and how chainrule reads it.
    """

    outcome: Outcome
    loaded: Loaded

    @property
    def verdict(self) -> str:
        """`pass`, `fail` or `incomplete`."""
        return self.outcome.verdict

    @property
    def specs(self) -> Sequence[SpecResult]:
        """The result of every spec, in the order of the specification."""
        return self.outcome.specs

    @property
    def failed(self) -> list[SpecResult]:
        """The specs that failed or raised."""
        return [result for result in self.specs if result.outcome in ("failed", "error")]

    @property
    def conventions(self) -> Mapping[str, Convention]:
        """Every convention, with its source and how chainrule found it."""
        return self.outcome.conventions

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """The distinct diagnoses, the likeliest cause first."""
        return self.outcome.diagnoses

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how chainrule read the code."""
        return self.outcome.notes

    def to_dict(self) -> dict[str, Any]:
        """The object that `chainrule check --format json` writes."""
        return self.outcome.to_dict()

    def to_json(self) -> str:
        """The JSON report, as text."""
        return self.outcome.to_json()

    def to_html(self) -> str:
        """The report as an HTML page, with pictures of gradients, initial weights and training."""
        from chainrule.reports.html import page

        return page(self._illustrated)

    def __bool__(self) -> bool:
        """Whether the verdict is `pass`, or the gate green: `assert chainrule.check(MLP)` fails for anything else."""
        return self.outcome.accepted

    def _repr_html_(self) -> str:
        from chainrule.reports.html import fragment

        return fragment(self._illustrated)

    @cached_property
    def _illustrated(self) -> Outcome:
        return illustrated(self.loaded, self.outcome)

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    @cached_property
    def _text(self) -> str:
        """The report as the command prints it."""
        from rich.console import Console

        from chainrule.reports.text import TextReport

        stream = io.StringIO()
        report = TextReport(Console(file=stream, width=WIDTH, force_jupyter=False, force_terminal=False, no_color=True))
        report.begin(self.loaded)
        report.finish(self.outcome)
        return stream.getvalue().rstrip()
