"""Finds functions that return the same for all arguments.

An identity such as "each row sums to one" also holds for some constants.  A spec that calls a function found here
therefore does not pass by an identity alone, so that a file of constants passes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import NotApplicable, Raised, Todo
from chainrule.boundary.standing_in import passing
from chainrule.contract.chapters import OPERATIONS
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks
from chainrule.specification.registry import held
from chainrule.support.arrays import joined

# Of two samples, as a wrong function may return the same for every single one.
ROWS = np.array([[[0.5, 1.0, 3.0], [2.0, 0.5, 4.0]], [[4.0, 2.0, 0.5], [1.0, 3.0, 0.25]]])
UNEVEN = np.array([[0.25, 0.75], [0.75, 0.25]])


def unresponsive(impl: Boundary) -> dict[str, str]:
    """{method: what it does for all arguments} for each method whose result stays the same when it should change.

    A missing function needs no probe, as the network that replaces it is probed.  Each probe passes two inputs whose
    right results differ in every entry by far more than rounding.
    """
    networks = Networks(impl)

    def cases() -> list[Case]:
        return [networks.case(2, 7, seed=seed) for seed in (1, 2)]

    def moved(change: Callable[[Any, Case], Any]) -> tuple[np.ndarray, np.ndarray]:
        """The parameters before and after."""
        case = networks.case(2, 7, seed=1)
        model = impl.network(case)
        before = flat(impl.parameters(model))
        change(model, case)
        return before, flat(impl.parameters(model))

    def fit(model: Any, case: Case) -> None:
        try:
            impl.fit(model, case.x, case.y, epochs=1, batch_size=3, lr=0.5, seed=0)
        except NotApplicable:  # fit trains only on the whole data
            impl.fit(model, case.x, case.y, epochs=1, batch_size=7, lr=0.5, seed=0)

    probes: dict[str, Callable[[], tuple[Any, ...]]] = {
        "relu": lambda: tuple(impl.relu(z) for z in ROWS),
        "softmax": lambda: tuple(impl.softmax(z) for z in ROWS),
        "cross_entropy": lambda: tuple(impl.cross_entropy(UNEVEN, y) for y in (np.array([0, 1]), np.array([1, 0]))),
        "xavier": lambda: tuple(impl.xavier(4, 3, np.random.default_rng(seed)) for seed in (1, 2)),
        "forward": lambda: tuple(impl.forward(impl.network(case), case.x) for case in cases()),
        "loss": lambda: tuple(impl.loss(impl.network(case), case.x, case.y) for case in cases()),
        "backward": lambda: tuple(flat(impl.backward(impl.network(case), case.x, case.y)) for case in cases()),
        "predict": lambda: predictions(impl),
        "step": lambda: moved(lambda model, case: impl.step(model, (case.weights, case.biases), 0.5)),
        "fit": lambda: moved(fit),
    }
    for trials in held("TRIALS"):
        probes |= {name: partial(trial, impl) for name, trial in trials.items()}
    return {name: f"{name} {what_it_does(name)}" for name, probe in probes.items() if stands_still(probe)}


def what_it_does(name: str) -> str:
    """What an unresponsive operation does, in words."""
    return "changes no parameter" if OPERATIONS[name].changes else "returns the same for all arguments"


def stands_still(probe: Callable[[], tuple[Any, ...]]) -> bool:
    try:
        first, second = probe()
    except (Todo, NotApplicable, Raised, Failure):
        return False  # the specs report what is wrong
    return np.shape(first) == np.shape(second) and bool(np.array_equal(first, second, equal_nan=True))


def flat(parameters: tuple[list[np.ndarray], list[np.ndarray]]) -> np.ndarray:
    """All parameters, or gradients, in one vector."""
    return joined(*parameters[0], *parameters[1])


def predictions(impl: Boundary) -> tuple[np.ndarray, np.ndarray]:
    """The predictions of a network that picks the largest of three inputs, at two points."""
    model, x = passing(impl, np.eye(3))
    return impl.predict(model, x), impl.predict(model, x[::-1].copy())
