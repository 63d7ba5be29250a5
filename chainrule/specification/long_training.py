"""Long trainings: each is compared with the reference at its last step, from where the step before it arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import NotApplicable
from chainrule.mathematics.cases import Case, reference
from chainrule.mathematics.comparison import assert_close
from chainrule.mathematics.rounding import values
from chainrule.specification.analysis import analysis_of
from chainrule.specification.sampling import step_bound

Parameters = tuple[list[np.ndarray], list[np.ndarray]]
RATES = [2.0**-k for k in range(16)]  # powers of two: a product with them is exact
SMALL_LOSS = 2.0**-16  # where a long training ends: below the usual thresholds of an early stop
LARGEST_LOSS = 64.0  # of a training that climbs: exp(-64) is far from underflow in every precision but float16


def copies(case: Case, n: int) -> Case:
    """The case with n copies of its first sample: every batch of one size has the same gradient, in any order."""
    return Case(case.sizes, case.weights, case.biases, np.repeat(case.x[:1], n, axis=0), np.repeat(case.y[:1], n))


def at_odds(case: Case) -> Case:
    """The case with two copies of its first sample, labelled with the two classes that it takes for the likeliest."""
    labels = np.resize(np.argsort(case.reference.forward(case.x[:1])[0])[-2:], 2)  # one class alone comes twice
    return Case(case.sizes, case.weights, case.biases, np.repeat(case.x[:1], 2, axis=0), labels)


def steepened(case: Case, factor: float) -> Case:
    """The same activations from inputs `factor` times as large: the first weights' gradient grows with them."""
    first, *others = case.weights
    return Case(case.sizes, [first / factor, *others], case.biases, case.x * factor, case.y)


def patient_rate(case: Case, steps: int) -> float:
    """The largest rate at which so many steps of the reference do not lower the loss below SMALL_LOSS."""
    for lr in RATES:
        network = case.network()
        for _ in range(steps):
            network.step(network.backward(case.x, case.y), lr)
        if network.loss(case.x, case.y) >= SMALL_LOSS:
            break
    return lr


def restless_rate(case: Case, steps: int) -> float | None:
    """The smallest rate at which no step of the reference leads below the loss of the start; None without one."""
    for lr in [*RATES[::-1], *(1 / rate for rate in RATES[1:])]:
        network = case.network()
        start = network.loss(case.x, case.y)
        for _ in range(steps):
            network.step(network.backward(case.x, case.y), lr)
            if not start < network.loss(case.x, case.y) < LARGEST_LOSS:
                break
        else:
            return lr
    return None


def trained(impl: Boundary, case: Case, steps: int, train: Callable[[Any, int], object]) -> Parameters:
    """The parameters after so many steps."""
    model = impl.network(case)
    train(model, steps)
    return impl.parameters(model)


def compare_last_step(
    impl: Boundary, case: Case, lr: float, steps: int, train: Callable[[Any, int], object], what: str
) -> None:
    """Compare the last step of a training on a batch with the reference's from where that step began.

    train: takes a network of the case's parameters and a number of steps.
    """
    before, after = (trained(impl, case, count, train) for count in (steps - 1, steps))
    network = reference(case.sizes, *([array.astype(float) for array in group] for group in before))
    exact = analysis_of(impl, network, Case(case.sizes, network.weights, network.biases, case.x, case.y))
    if not exact.clear:
        raise NotApplicable("a pre-activation came too near its kink to tell on which side of it the arithmetic is")
    gradients = exact.weight_grads + exact.bias_grads
    network.step(network.backward(case.x, case.y), lr)
    expected = [*network.weights, *network.biases]
    for l, (found, theta, g, (_, error)) in enumerate(
        zip([*after[0], *after[1]], expected, values(gradients), gradients, strict=True)
    ):
        assert_close(
            found, theta, bound=lr * error + step_bound(impl, theta, lr * g), what=f"parameter array {l} {what}"
        )
