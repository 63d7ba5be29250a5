"""What the L2 penalty inside a network adds to its loss, its gradients and its training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Handle, Parameters
from chainrule.boundary.errors import NotApplicable, Todo
from chainrule.mathematics.cases import Case

RATE = 0.125  # of one step of training: a power of two


@dataclass(frozen=True)
class Added:
    """The difference that a penalty makes; None for what the code does not show.

    loss, gradients: those without the penalty.
    """

    penalty: float | None
    penalty_gradients: Parameters | None
    loss: float | None
    gradients: Parameters | None


def added(impl: Boundary, case: Case, lam: float) -> Added:
    """What a penalty of this strength adds for one network and one batch."""

    def asked(strength: float) -> tuple[float | None, Parameters | None]:
        with impl.regularized(strength):
            model = impl.network(case)
            loss = shown(lambda: impl.loss(model, case.x, case.y))
            return loss, shown(lambda: impl.backward(model, case.x, case.y))

    (loss, gradients), (more, steeper) = asked(0.0), asked(lam)
    impl.forget()  # lines to paste would not have the strength
    return Added(
        None if loss is None or more is None else float(more) - float(loss),
        None if gradients is None or steeper is None else less(steeper, gradients),
        loss,
        gradients,
    )


def trained(impl: Boundary, case: Case, lam: float, epochs: int = 1) -> Parameters:
    """The parameters after so many epochs, each one update on the whole batch, with a penalty of this strength.

    Raises NotApplicable if training cannot be seen.
    """
    with impl.regularized(lam):
        model: Handle = impl.network(case)
        impl.fit(model, case.x, case.y, epochs=epochs, batch_size=len(case.x), lr=RATE, seed=0)
        found = impl.parameters(model)
    impl.forget()
    return found


def kept(impl: Boundary, case: Case, lam: float) -> Parameters:
    """The parameters after a loss and a backward pass with a penalty of this strength."""
    with impl.regularized(lam):
        model = impl.network(case)
        shown(lambda: impl.loss(model, case.x, case.y))
        shown(lambda: impl.backward(model, case.x, case.y))
        found = impl.parameters(model)
    impl.forget()
    return found


def shown(ask: Callable[[], Any]) -> Any:
    """What the code gives; None if it does not show it."""
    try:
        return ask()
    except (Todo, NotApplicable):
        return None


def less(one: Parameters, other: Parameters) -> Parameters:
    """The differences, array by array."""
    weights, biases = (
        [np.asarray(a, np.float64) - b for a, b in zip(*groups, strict=True)] for groups in zip(one, other, strict=True)
    )
    return weights, biases
