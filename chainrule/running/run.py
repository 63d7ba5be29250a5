"""One check, from a loaded implementation to an Outcome: the specs run one after the other, in this process."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.requirements import select
from chainrule.host.guard.environment import plain_environment
from chainrule.host.guard.snapshot import guarded
from chainrule.host.inference.trying import PROBE_LIMIT
from chainrule.host.source.targets import silence
from chainrule.running.limits import Limits, repeated
from chainrule.running.loading import Loaded
from chainrule.running.reading import not_understood, notes_of
from chainrule.running.responsiveness import unresponsive
from chainrule.running.results import Outcome, Results, SpecResult
from chainrule.running.verdicts import judge
from chainrule.running.watching import Watch
from chainrule.specification.given import property_of
from chainrule.specification.networks import AT_RANDOM, Networks
from chainrule.specification.registry import Entry, registry, specs_of
from chainrule.support import time_limit

registry()  # what judges is there before any TARGET, which must not change it unseen


def call(entry: Entry, impl: Boundary, networks: Networks, *, smallest: bool = False) -> None:
    """Run a spec once, and raise what it raises.

    smallest: look for the smallest input at which a property fails, and raise what it raises there.
    """
    fixed = {name: {"impl": impl, "networks": networks}[name] for name in entry.takes}
    found = property_of(entry.test)
    with undisturbed(impl):
        if smallest or (networks.thorough and found is not None):
            from chainrule.specification import searching  # and with it Hypothesis

            if smallest:
                searching.search(found, fixed, searching.EXAMPLES, searching.seed_of(entry.clause))
            else:
                searching.search(found, fixed, AT_RANDOM, networks.seed)
        else:
            entry.test(**fixed)


@contextmanager
def undisturbed(impl: Boundary) -> Iterator[None]:
    """Around a spec: the record of its calls begins, nothing is printed or warned of, and no variable tells of a test.

    The global random generators go on afterwards where they were.
    """
    impl.begin()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with silence(), plain_environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


class Run:
    """One run of the specification on an implementation, a step for each spec.

    required: the chapters that a pass needs.  entries: the specs that run.  results: those so far.
    watch: findings beside the results.
    """

    def __init__(self, loaded: Loaded, limits: Limits, *, chapters: Sequence[str] = (), full: bool = False) -> None:
        self.loaded, self.impl, self.limits = loaded, loaded.impl, limits
        self.required, beside = select(loaded.description.offered, chapters, full=full)
        self.entries = tuple(specs_of(*self.required, *beside))
        self.networks = Networks(self.impl, limits.thorough, limits.seed or 0)
        self.results = Results()
        self.watch = Watch(loaded)

    @cached_property
    def unresponsive(self) -> dict[str, str]:
        """{method: what it does whatever it is given}, of those whose answer stands still."""
        try:
            with silence(), plain_environment(), time_limit.limit(PROBE_LIMIT):
                return unresponsive(self.impl)
        except time_limit.TimedOut:
            return {}  # the spec that calls what does not return will say so

    def all(self, listener: Callable[[SpecResult], None] | None = None) -> None:
        """Run every spec.  An interrupt ends the run with the results so far, if there are any.

        listener: called with every result as it arrives.
        """
        try:
            with self.watch.watching():
                for entry in self.entries:
                    result = self.results.add(self.step(entry)[0])
                    if listener is not None:
                        listener(result)
        except KeyboardInterrupt:
            if not self.results.raw:
                raise

    def step(self, entry: Entry) -> tuple[SpecResult, BaseException | None]:
        """(the result of one spec, what it raised)."""
        result, error = self.attempt(entry)
        if self.shrinks(entry, result, error):
            smaller, raised = self.attempt(entry, smallest=True)
            if smaller.outcome == result.outcome and not isinstance(raised, time_limit.TimedOut):
                result, error = smaller, raised  # nothing that the search does turns a failure into anything else
        if error is None:
            self.watch.keep(entry.clause, self.impl.calls)
        return result, error

    def attempt(self, entry: Entry, *, smallest: bool = False) -> tuple[SpecResult, BaseException | None]:
        """(the result of one spec, what it raised), called once within its time limit.  smallest: as in `call`."""
        unresponsive, seconds = self.unresponsive, self.limits.seconds(entry.chapter)
        error: BaseException | None = None
        started = time.perf_counter()
        try:
            with time_limit.limit(seconds):
                call(entry, self.impl, self.networks, smallest=smallest)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # whatever somebody's code raises
            error = raised
        took = time.perf_counter() - started
        return judge(entry, error, took, seconds, self.loaded, unresponsive), error

    def shrinks(self, entry: Entry, result: SpecResult, error: BaseException | None) -> bool:
        """Whether a smaller input is looked for: if a property failed on a stored one, and the report will show it."""
        if self.limits.thorough or property_of(entry.test) is None:
            return False
        failed = isinstance(error, Exception) and not isinstance(error, SkipTest)
        return failed and self.results.mark(result).outcome != "blocked"

    def outcome(self, entries: Sequence[Entry], required: Sequence[str], from_scratch: bool, seconds: float) -> Outcome:
        """What the run found, with no causes yet.

        entries, required: as they were before anything ran.
        from_scratch: whether an imported framework fails the check.
        """
        expected = {entry.clause for entry in entries}
        specs = self.results.settled(expected)
        return Outcome(
            target=self.loaded.target,
            path=str(self.loaded.path),
            sha256=self.loaded.sha256,
            conventions=self.impl.conventions,
            specs=specs,
            required=required,
            not_run=sum(entry.chapter in required and entry.clause not in self.results.raw for entry in entries),
            seconds=seconds,
            unchecked=self.loaded.description.unchecked,
            notes=(*notes_of(self.loaded), *repeated(self.limits.seed)),
            not_understood=not_understood(self.loaded, specs),
            frameworks=self.loaded.frameworks,
            from_scratch=from_scratch,
            tampering=(*self.watch.conclude(self.results), *self.results.strange(expected)),
            seed=self.limits.seed,
        )


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

    chapters: those required; if empty, what `requirements.select` finds.  full: train on Fashion-MNIST as well.
    thorough: explore at random.  seed: what decides the cases of a thorough run; fresh by default.
    timeout: seconds per spec.  from_scratch: an imported framework fails the check.
    pytest_arguments: options of pytest, which then runs the specs.  listener: called with every result as it arrives.
    Raises UnusableTarget for a seed that is none or not of a thorough run, for what is not a chapter, and where pytest
    refuses its arguments or finds nothing to run.
    """
    run = Run(loaded, Limits.asked(thorough, seed, timeout), chapters=chapters, full=full)
    entries, required, started = run.entries, run.required, time.perf_counter()
    if pytest_arguments:
        from chainrule.running.pytest_plugin.session import run_pytest

        run_pytest(run, pytest_arguments, listener)
    else:
        run.all(listener)
    if not run.results.raw:
        raise UnusableTarget("no spec was run: check what -k, -m or --deselect leave over")
    outcome = run.outcome(entries, required, from_scratch, time.perf_counter() - started)
    if not any(result.outcome in ("failed", "error") for result in outcome.specs):
        return outcome
    from chainrule.diagnosis.diagnose import diagnose  # of no use, and not loaded, where nothing failed

    with guarded():  # what the code does when it is asked again stays no more than what it did before
        specs, notes = diagnose(loaded, outcome.specs, outcome.seconds)
    seconds = time.perf_counter() - started
    return replace(outcome, specs=specs, notes=(*outcome.notes, *notes), seconds=seconds)
