"""Finds the precision of the arithmetic by its effect, whatever the type of the resulting arrays.

Arithmetic with p digits cannot tell an argument from one that differs beyond them: almost all results are the same to
the last bit, while a larger change shows.  No mistake in a formula has this effect.  Rounding to a number of decimals
comes near it, but a relative change of large numbers then shows, and in floating point it does not.  So the probe tries
each argument in large numbers too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.architecture import Architecture
from chainrule.contract.chapters import PRECISION
from chainrule.contract.implementation import Implementation
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

TIME_LIMIT = 1.0  # seconds for each of softmax, relu and network
DEEPEST = 4


# For float32.  Each result has some ten roundings, and each lets the change through with probability INVISIBLE / u =
# 2^-12.
INVISIBLE = 2.0**-36  # a relative change that shows in hardly any result
VISIBLE = 2.0**-16  # a relative change that shows in most results
LARGE = 2.0**26  # large numbers, far from overflow, in which a rounding to decimals does not hide INVISIBLE

EXACT = 1e-9  # a relative error of gradients in float64, also of those computed from updates

MOST, FEW = 0.8, 0.2  # of the results

Stage = Callable[[Sequence[np.ndarray]], np.ndarray]


def infer_precision(implementation: Implementation, architecture: str = "any") -> tuple[str | None, str]:
    """(the coarsest precision of a stage, how that stage shows it); (None, why) if no stage returned results.

    The stages: softmax; the forward pass, loss and gradients of a network.  If the forward pass is coarser than loss
    and gradients, which use it, the code rounded its output; if loss, gradients or softmax are coarser than the forward
    pass, or relu than softmax, it rounded these.  These are mistakes, which the specs report, and not a precision of
    the arithmetic.
    """
    rng = np.random.default_rng(20)
    z = rng.normal(size=(5, 3))
    found: dict[str, str | None] = {}
    with suppress(TimedOut), limit(TIME_LIMIT):
        found["softmax"] = coarseness(lambda a: read(implementation.softmax(a[0])), [z], shifted)
    relu = None
    with suppress(TimedOut), limit(TIME_LIMIT):
        relu = coarseness(lambda a: read(implementation.relu(a[0])), [np.abs(z) + 0.5], multiplied)
    if found.get("softmax") != "float64" or relu in ("float64", None):
        with suppress(TimedOut), limit(TIME_LIMIT):
            found |= of_network(implementation, architecture, rng)
    if not any(found.values()):
        with suppress(TimedOut), limit(TIME_LIMIT):
            for stage in PRECISION:
                function, (first, *rest) = getattr(implementation, stage.operation), stage.arguments

                def look(
                    a: Sequence[np.ndarray], part: int = stage.part, ask: Any = function, given: Any = rest
                ) -> Any:
                    return read(ask(a[0], *given)[part])

                found[stage.operation] = coarseness(look, [first], CHANGES[stage.change])
    told = {stage: name for stage, name in found.items() if name is not None}
    if not told:
        return None, "neither softmax nor a network returned results"
    if told.get("forward") == "float64":
        told = {stage: name for stage, name in told.items() if stage in ("forward", "shares")}
    elif {told[stage] for stage in ("loss", "gradients") if stage in told} == {"float64"}:
        told.pop("forward", None)
    coarse = next((stage for stage, name in told.items() if name == "float32"), None)
    if coarse is None:
        return "float64", "a change in the last digits of float64 shows in the results"
    if coarse == "shares":
        return "float32", "the gradients of 7 samples, and not of 8, are their mean to the digits of float32"
    return "float32", f"{coarse}: a change of its arguments beyond the digits of float32 does not show in its results"


def of_network(implementation: Implementation, architecture: str, rng: np.random.Generator) -> dict[str, str | None]:
    """{stage: its precision, or None if it raises} for a network of random parameters."""
    pattern = Architecture.parse(architecture)
    fitted = (pattern.fit((3, *[5] * depth, 3)) for depth in (1, 0, *range(2, DEEPEST + 1)))
    sizes = next((list(s) for s in fitted if s and implementation.supports(list(s)) is None), None)
    if sizes is None:
        return {}
    layers = list(pairwise(sizes))
    weights = [rng.normal(size=fans) / np.sqrt(fans[0]) for fans in layers]
    biases = [0.5 + rng.uniform(size=fan_out) for _, fan_out in layers]
    x, y = rng.normal(size=(5, sizes[0])), np.arange(5) % min(sizes[-1], 3)

    def network(arguments: Sequence[np.ndarray]) -> Any:
        model = implementation.create(list(sizes), 0)
        implementation.assign(model, [w.copy() for w in arguments[1:]], [b.copy() for b in biases])
        return model

    def forward(arguments: Sequence[np.ndarray]) -> np.ndarray:
        return read(implementation.forward(network(arguments), arguments[0].copy()))

    def loss(arguments: Sequence[np.ndarray]) -> np.ndarray:
        model = network(arguments)
        singles = [(arguments[0][[i]], y[[i]]) for i in range(len(y))]
        return np.array([float(read(implementation.loss(model, *single)).reshape(())) for single in singles])

    def gradients(arguments: Sequence[np.ndarray]) -> np.ndarray:
        grads = implementation.backward(network(arguments), arguments[0].copy(), y.copy())
        return np.concatenate([read(array).reshape(-1) for array in grads[0]])

    stages: dict[str, Stage] = {"forward": forward, "loss": loss, "gradients": gradients}
    if getattr(implementation, "recovery_rate", None) is not None:
        del stages["gradients"]  # computed from an update, where the parameters' digits hide those of the gradients
    found = {name: coarseness(stage, [x, *weights], rescaled) for name, stage in stages.items()}
    samples, labels = rng.normal(size=(8, sizes[0])), np.arange(8) % min(sizes[-1], 3)

    def of_batch(*which: int) -> np.ndarray:
        chosen = list(which)
        grads = implementation.backward(network([x, *weights]), samples[chosen].copy(), labels[chosen].copy())
        return np.concatenate([read(array).reshape(-1) for array in grads[0]])

    def rounds_all() -> bool:
        """Whether the last layer's bias gradients of one sample are rounded: then not only the shares are."""
        last = read(implementation.backward(network([x, *weights]), samples[:1].copy(), labels[:1].copy())[1][-1])
        return np.array_equal(last, last.astype(np.float32))

    with suppress(Exception, SystemExit):
        if found.get("gradients") != "float32" and rounds_shares(of_batch) and not rounds_all():
            found["shares"] = "float32"
    return found


def rounds_shares(of_batch: Callable[..., np.ndarray]) -> bool:
    """Whether gradients are float64 but for 1 / N in float32, as of labels in float32 that are divided by N.

    1 / 8 is exact in float32, and 1 / 7 is not.  of_batch: the gradients of a batch of these samples.
    """
    singles = [of_batch(i) for i in range(8)]

    def distance(n: int) -> float:
        mean = np.mean(singles[:n], axis=0)
        return float(np.abs(of_batch(*range(n)) - mean).max() / np.abs(mean).max())

    return distance(8) < EXACT < distance(7) < 2.0**-23


def shifted(arguments: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """The logits, shifted to large numbers."""
    return [[arguments[0] + LARGE]]


def multiplied(arguments: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """The argument, multiplied to large numbers."""
    return [[arguments[0] * LARGE]]


CHANGES = {"shifted": shifted, "multiplied": multiplied}


def rescaled(arguments: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """The same network with large inputs, with large weights, and with large logits."""
    x, first, *rest = arguments
    last = [*arguments[:-1], arguments[-1] + LARGE]
    return [[x * LARGE, first / LARGE, *rest], [x / LARGE, first * LARGE, *rest], last]


def coarseness(
    stage: Stage,
    arguments: Sequence[np.ndarray],
    in_large_numbers: Callable[[Sequence[np.ndarray]], list[list[np.ndarray]]],
) -> str | None:
    """The coarsest precision in which a stage sees one of its arguments; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            base = stage(arguments)
            if in_decimals(base):
                return "float64"
            for which in range(len(arguments)):
                if blind(stage, arguments, which, base) and all(
                    blind(stage, larger, which, stage(larger), look=False) for larger in in_large_numbers(arguments)
                ):
                    return "float32"
            return "float64" if np.isfinite(base).all() else None
    except (Exception, SystemExit):
        return None


def blind(stage: Stage, arguments: Sequence[np.ndarray], which: int, base: np.ndarray, look: bool = True) -> bool:
    """Whether most results keep their values under an INVISIBLE change of one argument and not under a VISIBLE one."""

    def unchanged(size: float) -> float:
        moved = [a.copy() for a in arguments]
        moved[which] *= 1 + size * np.random.default_rng(5).choice([-1.0, 1.0], size=moved[which].shape)
        alive = base != 0  # results behind a dead unit never change
        return float(np.mean((stage(moved) == base)[alive])) if alive.any() else 0.0

    return unchanged(INVISIBLE) > MOST and (not look or unchanged(VISIBLE) < FEW)


def in_decimals(results: np.ndarray) -> bool:
    """Whether all results are rounded to a few decimals; unrounded binary fractions have more."""
    return bool((np.abs(results - np.round(results, 8)) <= 1e-15).all())


def read(value: Any) -> np.ndarray:
    return np.asarray(to_numpy(value), np.float64)
