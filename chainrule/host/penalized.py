"""Finds out whether an L2 penalty has an effect in networks whose code takes the strength of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.implementation import Implementation
from chainrule.host.inference.trying import attempt
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.surroundings import generators_kept
from chainrule.host.source.printed import silence
from chainrule.support.arrays import joined, to_numpy
from chainrule.support.time_limit import TimedOut

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
        found = quietly(partial(effects, implementation, sizes))
        if found is None:
            continue
        holds, called = found
        other = quietly(partial(is_of_absolute_values, implementation, sizes, holds)) if any(found) else False
        if other and not raw.says_which_penalty():
            return ""
        return "network" if holds else " ".join(raw.called_with_strength()) if called else ""
    return ""


def quietly(ask: Callable[[], Any]) -> Any:
    """What the code answers; None if it raises, or does not end."""
    with suppress(TimedOut), silence(), generators_kept(), np.errstate(all="ignore"):
        return attempt(ask)
    return None


def effects(implementation: Implementation, sizes: Sequence[int]) -> tuple[bool, bool] | None:
    """Whether networks made with a strength have the penalty, and whether networks called with one do.

    None if the code makes no networks of these sizes.  Training is tried only where loss and gradients show nothing.
    """
    if implementation.supports(list(sizes)) is not None:
        return None
    found = False, False
    for asking in (LOSS_AND_GRADIENTS, TRAINING):
        plain, made, called = (
            [ask(implementation, sizes, *strengths) for ask in asking]
            for strengths in ((0.0, 0.0), (STRENGTH, 0.0), (0.0, STRENGTH))
        )
        found = differ(plain, made), differ(plain, called)
        if any(found):
            break
    return found


def is_of_absolute_values(implementation: Implementation, sizes: Sequence[int], held: bool) -> bool:
    """Whether twice the weights have twice the penalty, and the same gradient of it: L1, and a penalty of its own."""
    strengths = (STRENGTH, 0.0) if held else (0.0, STRENGTH)
    shown = []
    for ask, growth in ((loss, 2.0), (gradients, 1.0)):
        (plain, more), (larger, most) = (
            [ask(implementation, sizes, *at, scale) for at in ((0.0, 0.0), strengths)] for scale in (1.0, 2.0)
        )
        if not any(answer is None for answer in (plain, more, larger, most)) and not np.array_equal(plain, more):
            shown.append(np.allclose(most - larger, growth * (more - plain), rtol=1e-6, atol=1e-9))
    return bool(shown) and all(shown)


def of_network(ask: Callable[[Implementation, Any, np.ndarray, np.ndarray], Any]) -> Callable[..., Any]:
    """An answer about a network that is made with one strength, and called with another; None if the code raises."""

    def answer(
        implementation: Implementation, sizes: Sequence[int], made: float, called: float, scale: float = 1.0
    ) -> Any:
        rng = np.random.default_rng(len(sizes))
        weights = [scale * rng.normal(size=shape) for shape in pairwise(sizes)]
        x, y = rng.normal(size=(6, sizes[0])), np.arange(6) % sizes[-1]
        try:
            implementation.regularize(made)
            model = implementation.create(list(sizes), 0)
            implementation.assign(model, weights, [np.zeros(size) for size in sizes[1:]])
            implementation.regularize(called)
            return ask(implementation, model, x, y)
        except Exception:  # the code's own, of a network that chainrule only tries
            return None
        finally:
            implementation.regularize(0.0)

    return answer


@of_network
def loss(implementation: Implementation, model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return to_numpy(implementation.loss(model, x, y))


@of_network
def gradients(implementation: Implementation, model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return flat(implementation.backward(model, x, y))


@of_network
def trained(implementation: Implementation, model: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    implementation.fit(model, x, y, epochs=1, batch_size=len(x), lr=RATE, seed=0)
    return flat(implementation.parameters(model))


LOSS_AND_GRADIENTS, TRAINING = (loss, gradients), (trained,)


def flat(parameters: Any) -> np.ndarray:
    """All parameters, or gradients, in one vector."""
    return joined(*(to_numpy(array) for group in parameters for array in group))


def differ(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether an answer that both have is another one."""
    return any(
        a is not None and b is not None and np.shape(a) == np.shape(b) and not np.array_equal(a, b, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )
