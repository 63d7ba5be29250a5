"""A run of the specification on a loaded implementation: the specs run one after the other, in this process."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.contract.requirements import select
from chainrule.host.guard.environment import plain_environment
from chainrule.host.inference.trying import PROBE_LIMIT
from chainrule.host.source.printed import silence
from chainrule.mathematics.cases import SIZES, sizes_of
from chainrule.running.digits import coarser
from chainrule.running.limits import Limits, repeated
from chainrule.running.loading import Loaded
from chainrule.running.reading import not_understood, notes_of, nothing_found
from chainrule.running.responsiveness import unresponsive
from chainrule.running.results import Outcome, Results, SpecResult, network_judged
from chainrule.running.verdicts import judge
from chainrule.running.watching import Watch
from chainrule.specification.given import property_of
from chainrule.specification.networks import AT_RANDOM, Networks
from chainrule.specification.registry import Entry, registry, specs_of
from chainrule.specification.sampling import LAYERED
from chainrule.support import time_limit

INTERRUPTED = "the check was interrupted before all specs had run"

Around = Callable[[str], AbstractContextManager[None]]

registry()  # the specs are imported before any TARGET, whose changes to them must show


def call(entry: Entry, impl: Boundary, networks: Networks, *, smallest: bool = False) -> None:
    """Run a spec once, and raise its exception.

    smallest: find the smallest input at which a property fails, and raise its exception there.
    """
    fixed = {name: {"impl": impl, "networks": networks}[name] for name in entry.takes}
    found = property_of(entry.test)
    with undisturbed(impl):
        if smallest or (networks.thorough and found is not None):
            from chainrule.specification import searching  # imports Hypothesis

            if smallest:
                searching.search(found, fixed, searching.EXAMPLES, searching.seed_of(entry.clause))
            else:
                searching.search(found, fixed, AT_RANDOM, networks.seed)
        else:
            entry.test(**fixed)


@contextmanager
def undisturbed(impl: Boundary) -> Iterator[None]:
    """Run a spec in the body, with a new record of calls, and without output, warnings or test variables.

    Restores the global random generators afterwards.
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
    """A run of the specification on an implementation, one step for each spec.

    required: the chapters that a pass needs.  entries: the specs that run.  results: those so far.
    watch: findings while they ran.  interrupted: whether the user ended the run.
    """

    def __init__(
        self,
        loaded: Loaded,
        limits: Limits,
        *,
        chapters: Sequence[str] = (),
        full: bool = False,
        first: Collection[str] = (),
    ) -> None:
        """first: the clauses whose specs run before the others."""
        self.loaded, self.impl, self.limits = loaded, loaded.impl, limits
        self.required, beside = select(loaded.description.offered, chapters, full=full)
        self.entries = tuple(sorted(specs_of(*self.required, *beside), key=lambda entry: entry.clause not in first))
        self.networks = Networks(self.impl, limits.thorough, limits.seed or 0)
        self.results = Results()
        self.watch = Watch(loaded)
        self.interrupted = False

    def prepare(self) -> None:
        """Infer how networks of every usual depth are called, so that nothing is inferred inside a spec."""
        with silence(), plain_environment():
            wanted = [*map(sizes_of, SIZES), *(case.sizes for case in self.networks.unusual())]
            wanted += [sizes for alternatives, _ in LAYERED for sizes in alternatives]
            depths = {len(sizes): sizes for sizes in filter(None, map(self.impl.fits, wanted[::-1]))}
            for depth in sorted(depths):
                self.impl.host.prepare(depths[depth])

    @cached_property
    def unresponsive(self) -> dict[str, str]:
        """{method: what it does for all arguments}, of the unresponsive methods."""
        self.prepare()
        try:
            with silence(), plain_environment(), time_limit.limit(PROBE_LIMIT):
                return unresponsive(self.impl)
        except time_limit.TimedOut:
            return {}  # a spec that calls the hanging method reports it

    def all(self, listener: Callable[[SpecResult], None] | None = None, around: Around | None = None) -> None:
        """Run every spec.  An interrupt ends the run and keeps the results so far, if any.

        listener: called with each result.  around: what the spec of a clause runs in; each spec then asks the code
        itself, and takes over no answer that another got.
        """
        entries = self.entries  # as they are before the code runs, which may change them
        try:
            with self.watch.watching():
                _ = self.unresponsive  # found out here, so that it runs around no spec
                for entry in entries:
                    if around is not None:
                        self.networks.asked.clear()
                    with (around or nullcontext)(entry.clause):
                        result = self.results.add(self.step(entry)[0])
                    if listener is not None:
                        listener(result)
        except KeyboardInterrupt:
            if not self.results.raw:
                raise
            self.interrupted = True

    def step(self, entry: Entry) -> tuple[SpecResult, BaseException | None]:
        """Run one spec.  Returns (its result, its exception)."""
        result, error = self.attempt(entry)
        if self.shrinks(entry, result, error):
            smaller, raised = self.attempt(entry, smallest=True)
            if smaller.outcome == result.outcome and not isinstance(raised, time_limit.TimedOut):
                result, error = smaller, raised  # the search never turns a failure into another outcome
        if error is None:
            self.watch.keep(entry.clause, self.impl.calls)
        return result, error

    def attempt(self, entry: Entry, *, smallest: bool = False) -> tuple[SpecResult, BaseException | None]:
        """Call one spec within its time limit.  Returns (its result, its exception).  smallest: as in `call`."""
        unresponsive, seconds = self.unresponsive, self.limits.seconds(entry.chapter)
        error: BaseException | None = None
        started = time.perf_counter()
        try:
            with time_limit.limit(seconds):
                call(entry, self.impl, self.networks, smallest=smallest)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # the code may raise anything
            error = raised
        took = time.perf_counter() - started
        with silence():  # it may ask the code how its network stands in for a function
            return judge(entry, error, took, seconds, self.loaded, unresponsive), error

    def shrinks(self, entry: Entry, result: SpecResult, error: BaseException | None) -> bool:
        """Whether to find a smaller input: if a property failed on a stored one and the report shows that."""
        if self.limits.thorough or property_of(entry.test) is None:
            return False
        failed = isinstance(error, Exception) and not isinstance(error, SkipTest)
        return failed and self.results.mark(result).outcome != "blocked"

    def outcome(self, entries: Sequence[Entry], required: Sequence[str], from_scratch: bool, seconds: float) -> Outcome:
        """The outcome of the run, still without causes.

        entries, required: their values before anything ran.
        from_scratch: fail if the code imports a framework.
        """
        expected = {entry.clause for entry in entries}
        specs = self.results.settled(expected)
        unfitting = not_understood(self.loaded, specs)
        ended = (INTERRUPTED,) if self.interrupted else ()
        with silence(), plain_environment():
            rounded = coarser(self.impl)
        return Outcome(
            target=self.loaded.target,
            path=str(self.loaded.path),
            sha256=self.loaded.sha256,
            conventions=self.impl.conventions,
            specs=specs,
            required=required,
            not_run=sum(entry.chapter in required and entry.clause not in self.results.raw for entry in entries),
            interrupted=self.interrupted,
            seconds=seconds,
            unchecked=self.loaded.description.unchecked,
            notes=(*notes_of(self.loaded), *rounded, *repeated(self.limits.seed), *ended),
            not_understood=unfitting,
            nothing_found=nothing_found(self.loaded, specs),
            sketch=self.loaded.description.sketch if unfitting and not network_judged(specs) else "",
            frameworks=self.loaded.frameworks,
            from_scratch=from_scratch,
            tampering=(*self.watch.conclude(self.results), *self.results.strange(expected)),
            seed=self.limits.seed,
        )
