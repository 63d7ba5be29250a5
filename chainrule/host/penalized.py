"""Finds out whether an L2 penalty has an effect in networks whose code takes the strength of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.implementation import Implementation
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.support.arrays import to_numpy

SIZES = ((4, 6, 3), (4, 3), (4, 6, 5, 3), (4, 6, 5, 7, 3))
STRENGTH = 0.5
RATE = 0.125


def penalized(implementation: Implementation, raw: Implementation) -> str:
    """What has the strength of a penalty: the `network`, or operations of it; empty if it has no effect.

    implementation: that of `raw` in the native conventions.
    """
    if not isinstance(raw, NativeStyle):
        return raw.penalized
    if not raw.takes_strength():
        return ""
    fixed = () if raw.form is None else (tuple(raw.form.probe_sizes()),)
    for sizes in (*fixed, *SIZES):
        try:
            if implementation.supports(list(sizes)) is None:
                holds, called = effects(implementation, sizes)
                return "network" if holds else " ".join(raw.called_with_strength()) if called else ""
        except Exception:  # the code's own, of a network that chainrule only tries
            continue
    return ""


def effects(implementation: Implementation, sizes: Sequence[int]) -> tuple[bool, bool]:
    """Whether networks made with a strength have the penalty, and whether networks called with one do."""
    plain, made, called = (answers(implementation, sizes, *at) for at in ((0.0, 0.0), (STRENGTH, 0.0), (0.0, STRENGTH)))
    return differ(plain, made), differ(plain, called)


def answers(implementation: Implementation, sizes: Sequence[int], made: float, called: float) -> list[Any]:
    """A loss, gradients and trained parameters, those that the code gives, of one network.

    made, called: the strengths with which it is made, and called.
    """
    rng = np.random.default_rng(len(sizes))
    weights = [rng.normal(size=shape) for shape in pairwise(sizes)]
    biases = [np.zeros(size) for size in sizes[1:]]
    x, y = rng.normal(size=(6, sizes[0])), np.arange(6) % sizes[-1]

    def flat(parameters: Any) -> np.ndarray:
        return np.concatenate([np.ravel(to_numpy(array)) for group in parameters for array in group])

    def trained(model: Any) -> np.ndarray:
        implementation.fit(model, x.copy(), y.copy(), epochs=1, batch_size=len(x), lr=RATE, seed=0)
        return flat(implementation.parameters(model))

    asking: tuple[Callable[[Any], np.ndarray], ...] = (
        lambda model: to_numpy(implementation.loss(model, x.copy(), y.copy())),
        lambda model: flat(implementation.backward(model, x.copy(), y.copy())),
        trained,
    )
    found: list[Any] = []
    for ask in asking:
        try:
            with np.errstate(all="ignore"):
                implementation.regularize(made)
                model = implementation.create(list(sizes), 0)
                implementation.assign(model, [w.copy() for w in weights], [b.copy() for b in biases])
                implementation.regularize(called)
                found.append(ask(model))
        except Exception:
            found.append(None)
        finally:
            implementation.regularize(0.0)
    return found


def differ(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether an answer that both have is another one."""
    return any(
        a is not None and b is not None and np.shape(a) == np.shape(b) and not np.array_equal(a, b, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )
