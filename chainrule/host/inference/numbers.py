"""Finds the numbers of a training that no argument has: its epochs, its learning rate, its batch size.

A number counts as one of these only by its effect: set to two values, it makes the updates that they should make.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from chainrule.host.inference.points import Point, flat
from chainrule.host.inference.probe import RATE, Probe
from chainrule.host.inference.training import find_fit
from chainrule.host.inference.trying import attempt
from chainrule.host.recognition.binding import Unbound
from chainrule.host.recognition.plan import Plan, TrainingArguments
from chainrule.host.recognition.settings import Setting, settings_of
from chainrule.host.translation import SINGLE
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

SAME = 1e-4  # the largest relative difference between two updates along one gradient, also in float32
PASSES = 50  # how many passes over the data are counted
LONG = 500  # a number of passes that would take too long
SOON = 0.5  # seconds within which a training of one epoch on few samples returns
LONGEST = 5.0  # seconds that chainrule looks for one number
MANY = 1031  # samples, more than the batch sizes that people write into their code
NAMES = {"epochs": "the number of epochs", "lr": "the learning rate", "batch_size": "the batch size"}


class Course:
    """Trainings from a point's parameters on some samples, compared with steps along the code's own gradient."""

    def __init__(self, probe: Probe, point: Point, x: np.ndarray, y: np.ndarray) -> None:
        self.probe, self.point, self.x, self.y = probe, point, x, y

    def moved(self, epochs: int = 1, batch_size: int = 0, lr: float = RATE) -> np.ndarray | None:
        """How far a training lowers all parameters, in one vector; None if it raises, or does not return in time."""
        probe, point = self.probe, self.point
        probe.reset(point)
        size = batch_size or len(self.x)

        def train() -> np.ndarray:
            x, y = self.x.copy(), self.y.copy()
            probe.translated.fit(point.model, x, y, epochs=epochs, batch_size=size, lr=lr, seed=0)
            return start_of(point) - flat(probe.translated.parameters(point.model))

        try:
            return attempt(train)
        except TimedOut:
            return None
        finally:
            probe.reset(point)

    def steps(self, rate: float, count: int) -> Iterator[np.ndarray]:
        """How far 1, 2, ... steps along the gradient lower all parameters."""
        weights, biases = self.point.copies()
        for _ in range(count):
            for group, slopes in zip((weights, biases), self.gradients(weights, biases), strict=True):
                for array, slope in zip(group, slopes, strict=True):
                    array -= rate * slope
            yield start_of(self.point) - flat((weights, biases))

    def gradients(self, weights: list[np.ndarray], biases: list[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        """The code's own gradients at some parameters, else those of the mathematics."""
        probe, point = self.probe, self.point
        copies = [w.copy() for w in weights], [b.copy() for b in biases]

        def own() -> Sequence[Sequence[np.ndarray]]:
            probe.translated.assign(point.model, *copies)
            groups = zip(probe.translated.backward(point.model, self.x, self.y), (weights, biases), strict=True)
            return [[to_numpy(g).reshape(array.shape) for g, array in zip(*both, strict=True)] for both in groups]

        found = attempt(own)
        if found is not None:
            return found
        point.network.weights, point.network.biases = copies
        return point.network.backward(self.x, self.y)

    def rate(self, lr: float = RATE) -> float | None:
        """The rate of the single step that an epoch on one batch makes; None if it makes something else."""
        moved = self.moved(lr=lr)
        return None if moved is None else self.rate_of(moved)

    def rate_of(self, moved: np.ndarray) -> float | None:
        """The rate of the single step that moved all parameters so far; None if more than one did."""
        gradient = next(self.steps(1.0, 1))
        if not gradient.any():
            return None
        rate = float(moved @ gradient / (gradient @ gradient))
        return rate if rate and alike(moved, rate * gradient) else None

    def follows(self, wanted: int, **keywords: float) -> bool:
        """Whether a training makes so many steps, all at the rate of the first."""
        rate = self.rate() if wanted > 1 or "lr" not in keywords else keywords["lr"]
        moved = self.moved(**keywords)  # type: ignore[arg-type]
        if rate is None or moved is None:
            return False
        *_, expected = self.steps(rate, wanted)
        return alike(moved, expected)


def start_of(point: Point) -> np.ndarray:
    return flat(point.parameters)


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.isfinite(a).all() and np.abs(a - b).max() <= SAME * np.abs(b).max())


def find_numbers(probe: Probe, point: Point) -> None:
    """Find the numbers that the training contains, and do not judge it if one of them is not found.

    Trainings on copies of one sample show them, so that a mistake in the order of the samples does not hide them.
    """
    if probe.network is None or probe.layout.way("fit") in SINGLE:
        return
    if not isinstance(probe.plan("fit", point), Plan):
        find_larger_batches(probe, point)
    for find in (find_epochs, find_rate, find_batches):
        plan = probe.plan("fit", point)
        if not isinstance(plan, Plan) or plan.how not in ("whole", "batches"):
            return
        why = find(probe, point, plan)
        if why:
            probe.layout.unproven["fit"] = f"{plan.name} {why}, and chainrule cannot set that"
            return


def find_larger_batches(probe: Probe, point: Point) -> None:
    """Find the batch size of a training that makes no update on fewer samples."""
    network, few = probe.network, repeated(probe, point, 7)
    function, taken = training_of(probe, point)
    if network is None or function is None:
        return
    for setting in possible(function, point, taken, "batch_size"):
        network.settings["batch_size"] = setting
        probe.forget("fit", point)
        find_fit(probe, point)
        plan = probe.plan("fit", point)
        if isinstance(plan, Plan) and cuts_into_batches(few):
            return say(probe, plan, setting, "batch_size")
        del network.settings["batch_size"]
    probe.forget("fit", point)  # what went wrong with other numbers is not why the training is not understood
    find_fit(probe, point)


def find_epochs(probe: Probe, point: Point, plan: Plan) -> str:
    once = repeated(probe, point, 2)
    settings = probe.network.settings if probe.network is not None else {}
    if "epochs" in settings:  # as `shorten` found
        if not makes_passes(once):
            return "makes many passes over the data in one call"
        say(probe, plan, settings["epochs"], "epochs")
    elif plan.repeated and once.rate() is None and not found(probe, point, plan, "epochs", lambda: makes_passes(once)):
        moved, steps = once.moved(), enumerate(once.steps(RATE, PASSES), 1)
        count = next((k for k, expected in steps if moved is not None and alike(moved, expected)), 0)
        return f"makes {count} passes over the data in one call" if count else ""
    return ""


def find_rate(probe: Probe, point: Point, plan: Plan) -> str:
    once = repeated(probe, point, 2)
    if probe.network is not None and "lr" in probe.network.settings:  # as the search for gradients found
        say(probe, plan, probe.network.settings["lr"], "lr")
        return ""
    if "lr" in dict(plan.taken).values():
        return ""
    if not fixed(once):
        return "has a learning rate that chainrule does not find" if hides_rate(probe, point, plan, once) else ""
    if found(probe, point, plan, "lr", lambda: steps_at_the_rate(once)):
        return ""
    return f"has a learning rate of {once.rate():.3g}"


def find_batches(probe: Probe, point: Point, plan: Plan) -> str:
    few, many = repeated(probe, point, 7), repeated(probe, point, MANY)
    moved = many.moved() if plan.how == "whole" and few.rate() is not None else None
    if moved is None or many.rate_of(moved) is not None:
        return ""
    if found(probe, point, plan, "batch_size", lambda: cuts_into_batches(few)):
        return ""
    return f"makes several steps on {MANY} samples"


def repeated(probe: Probe, point: Point, times: int) -> Course:
    """Trainings on copies of one sample, of which all batches have the same gradient."""
    return Course(probe, point, np.repeat(point.x[:1], times, axis=0), np.repeat(point.y[:1], times))


def fixed(course: Course) -> bool:
    """Whether a training has a rate that does not depend on the one that chainrule asks for."""
    rate, half = course.rate(), course.rate(RATE / 2)
    return rate is not None and half is not None and abs(rate - half) <= SAME * abs(rate)


def hides_rate(probe: Probe, point: Point, plan: Plan, course: Course) -> bool:
    """Whether a training moves as far at any rate that chainrule asks for, and contains no number for it."""
    network = probe.network
    assert network is not None
    if possible(network.function(plan, point.model), point, dict(plan.taken), "lr"):
        return False
    moved, half = course.moved(), course.moved(lr=RATE / 2)
    return moved is not None and half is not None and bool(np.any(moved)) and alike(half, moved)


def makes_passes(course: Course) -> bool:
    return course.rate() is not None and all(course.follows(epochs, epochs=epochs) for epochs in (2, 3))


def steps_at_the_rate(course: Course) -> bool:
    return all(course.follows(1, lr=lr) for lr in (RATE, RATE / 2))


def cuts_into_batches(course: Course) -> bool:
    """Whether 7 samples make 3 and 4 batches of 3 and 2, or 2 and 3 without the last."""
    return any(
        all(course.follows(count, batch_size=size) for size, count in zip((3, 2), counts, strict=True))
        for counts in ((3, 4), (2, 3))
    )


def found(probe: Probe, point: Point, plan: Plan, role: str, shows: Callable[[], bool]) -> bool:
    """Find the number in the training that has this role by its effect, the largest first, and say so."""
    network = probe.network
    assert network is not None
    started = time.monotonic()
    for setting in possible(network.function(plan, point.model), point, dict(plan.taken), role):
        network.settings[role] = setting
        probe.forget("fit", point)
        if shows():
            say(probe, plan, setting, role)
            return True
        del network.settings[role]
        if time.monotonic() - started > LONGEST:
            break
    probe.keep_plan("fit", point, plan)
    return False


def say(probe: Probe, plan: Plan, setting: Setting, role: str) -> None:
    probe.notes.append(f"{setting} is {NAMES[role]} of {plan.name}: chainrule sets it for every training")


def possible(function: Any, point: Point, taken: dict[str, str], role: str) -> list[Setting]:
    """The numbers that may have a role, the largest first."""
    every = settings_of(function, point.model.value, taken)
    kind = float if role == "lr" else int
    return sorted((one for one in every if type(one.value) is kind), key=lambda one: -one.value)


def shorten(probe: Probe, point: Point) -> None:
    """Shorten a training without a parameter for its epochs if it takes long: 20,000 passes, for example.

    The number that makes it short counts as that of its epochs until `find_numbers` has seen its effect.
    """
    network, (function, taken) = probe.network, training_of(probe, point)
    if network is None or function is None or "epochs" in taken.values():
        return
    long = [setting for setting in possible(function, point, taken, "epochs") if setting.value >= LONG]
    if not long or not takes_long(probe, point):
        return
    for network.settings["epochs"] in long:
        if not takes_long(probe, point):
            return
    network.settings.clear()


def training_of(probe: Probe, point: Point) -> tuple[Any, dict[str, str]]:
    """The likeliest function that trains, if any, and {parameter: the role of its value}."""
    network, training = probe.network, TrainingArguments(point.x, point.y, 1, len(point.x), RATE, 0)
    if network is None:
        return None, {}
    for _, function in network.candidates("fit", point.model):
        with suppress(Unbound):
            taken = network.fit_arguments(point.model, training, function).taken
            if {"x", "y"} <= set(taken.values()):
                return function, taken
    return None, {}


def takes_long(probe: Probe, point: Point) -> bool:
    """Whether a training on few samples does not return soon, with one form of the labels or the other."""
    layout = probe.layout
    before = dict(layout.ways), dict(layout.labels)
    try:
        for layout.labels["fit"] in ("index", "one_hot"):
            with suppress(Exception, SystemExit), limit(SOON):
                probe.trained(point)
    except TimedOut:
        return True
    finally:
        layout.ways, layout.labels = before
        probe.forget("fit", point)
        probe.reset(point)
    return False
