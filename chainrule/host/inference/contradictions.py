"""Withdraws readings that the author's own training contradicts: it is right where they come out wrong.

A training runs what the author wrote, as the author calls it.  If its first update is that of the reference, the passes
inside it are right; a reading by which one of them is wrong then calls it in another way.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.inference.points import AGREE, Point, flat
from chainrule.host.inference.probe import RATE, Probe
from chainrule.host.inference.trying import PROBE_LIMIT, attempt
from chainrule.host.recognition.plan import Plan
from chainrule.host.translation import SINGLE
from chainrule.reference import softmax
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

GIVES = {"forward": "outputs", "backward": "gradients", "step": "parameters"}


def find_contradicted(probe: Probe, point: Point) -> None:
    """Leave unproven what comes out wrong as chainrule calls it, and right inside the author's training.

    Both see the same samples: all, or one alone, of which a training that updates after each sample makes one update.
    """
    if probe.network is None or not isinstance(probe.plan("fit", point), Plan) or probe.layout.way("fit") in SINGLE:
        return
    for samples in (len(point.x), 1):
        contradicted_on(probe, point.of_first(samples))


def contradicted_on(probe: Probe, point: Point) -> None:
    """Do this for the samples of a point."""
    wrong = [operation for operation, right in rights(probe, point).items() if right() is False]
    probe.reset(point)
    ran = update_is_right(probe, point) if wrong else None
    if ran is None:
        return
    if "forward" in wrong and gives_logits(probe, point):
        probe.layout.output = "logits"
        wrong.remove("forward")
    for operation in wrong:
        plan = probe.plan(operation, point)
        codes = codes_of(probe, plan, point) if isinstance(plan, Plan) else set()
        if not codes or codes & ran:
            name = plan.name if isinstance(plan, Plan) else operation
            probe.layout.unproven[operation] = (
                f"{name} gives other {GIVES[operation]}, as chainrule calls it, than inside the file's own training, "
                "where they are right: chainrule does not see how it is called"
            )


def rights(probe: Probe, point: Point) -> Mapping[str, Callable[[], bool | None]]:
    """{operation: tells whether it is right as chainrule calls it; None if chainrule cannot call it}."""
    model, translated = point.model, probe.translated
    grads = point.network.backward(point.x, point.y)

    def stepped() -> Any:
        probe.reset(point)
        translated.step(model, grads, RATE)
        return flat(translated.parameters(model))

    wanted = flat(point.parameters) - RATE * flat(grads)
    return {
        "forward": lambda: agrees(lambda: translated.forward(model, point.x), softmax(point.logits)),
        "backward": lambda: agrees(lambda: flat(translated.backward(model, point.x, point.y)), flat(grads)),
        "step": lambda: agrees(stepped, wanted),
    }


def gives_logits(probe: Probe, point: Point) -> bool:
    """Whether forward gives the last layer's z, of which the training then takes the softmax."""
    if probe.layout.output == "logits" or not agrees(
        lambda: probe.translated.forward(point.model, point.x), point.logits
    ):
        return False
    return probe.find("output", "logits", "forward gives the last z, and the file's own training steps by its softmax")


def agrees(ask: Callable[[], Any], right: np.ndarray) -> bool | None:
    """Whether a result is the right one, up to its precision; None if the code does not offer it."""
    try:
        with limit(PROBE_LIMIT):
            found = to_numpy(ask())
    except (NotOffered, NotImplementedError):
        return None
    except (Exception, SystemExit, TimedOut):
        return False
    return found.shape == right.shape and np.allclose(found, right, rtol=AGREE, atol=AGREE * np.abs(right).max())


def update_is_right(probe: Probe, point: Point) -> set[CodeType] | None:
    """The functions that run in an epoch of one batch; None if it does not step as the reference does."""
    with noted() as ran:
        attempt(
            lambda: probe.translated.fit(
                point.model, point.x, point.y, epochs=1, batch_size=len(point.x), lr=RATE, seed=0
            )
        )
    after = attempt(lambda: flat(probe.translated.parameters(point.model)))
    probe.reset(point)
    if after is None:
        return None
    moved, exact = flat(point.parameters) - after, RATE * flat(point.network.backward(point.x, point.y))
    for factor in (1, len(point.x)) if probe.layout.reduction == "sum" else (1,):
        if np.allclose(moved, factor * exact, rtol=AGREE, atol=AGREE * factor * np.abs(exact).max()):
            return ran
    return None


@contextmanager
def noted() -> Iterator[set[CodeType]]:
    """The code of every function of Python that the body calls."""
    ran: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            ran.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield ran
    finally:
        sys.setprofile(before)


def codes_of(probe: Probe, plan: Plan, point: Point) -> set[CodeType]:
    """The code of the author's function that a plan calls; none if chainrule puts the operation together."""
    network = probe.network
    assert network is not None
    found = network.form.author(plan.operation, point.model)
    function = attempt(lambda: network.function(plan, point.model)) if found is None else None
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return set() if code is None else {code}
