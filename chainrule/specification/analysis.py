"""A case's exact values, with the errors that the implementation may have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import assert_close, assert_finite
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, Analysis, Errors, analyse, gamma
from chainrule.reference import MLP
from chainrule.support.arrays import STORED


def analysis(impl: Boundary, case: Case, *, log_epsilon: float | None = None) -> Analysis:
    """A case's exact values, each with the error that it may carry in the implementation's precision.

    log_epsilon: the epsilon inside the logarithm; by default the one found.
    """
    epsilon = impl.log_epsilon if log_epsilon is None else log_epsilon
    key = impl.unit_roundoff, epsilon, impl.host.traits().recovery_rate
    if key not in case.analyses:  # specs share a case and its analyses
        case.analyses[key] = analysis_of(impl, case.reference, case, log_epsilon=epsilon)
    return case.analyses[key]


def analysis_of(
    impl: Boundary, network: MLP, case: Case, off: Errors | None = None, *, log_epsilon: float | None = None
) -> Analysis:
    """The exact values for a case's batch and a network of other parameters, whose errors are `off`."""
    epsilon = impl.log_epsilon if log_epsilon is None else log_epsilon
    exact = analyse(network, case.x, case.y, impl.unit_roundoff, epsilon, off)
    if impl.host.traits().recovery_rate is None:
        return exact
    return replace(
        exact,
        weight_grads=[
            (g, error + impl.gradient_error(theta, g))
            for theta, (g, error) in zip(network.weights, exact.weight_grads, strict=True)
        ],
        bias_grads=[
            (g, error + impl.gradient_error(theta, g))
            for theta, (g, error) in zip(network.biases, exact.bias_grads, strict=True)
        ],
    )


def stored_otherwise(impl: Boundary, case: Case) -> Iterator[tuple[str, Case, Analysis]]:
    """A case with its inputs stored in other ways, each with how, and with its analysis.

    Code may compute in the precision of its inputs.
    """
    exact, single = analysis(impl, case), max(impl.unit_roundoff, UNIT_ROUNDOFF["float32"])
    coarse = analyse(case.reference, case.x, case.y, single, impl.log_epsilon)
    for how, stored in STORED.items():
        yield how, Case(case.sizes, case.weights, case.biases, stored(case.x), case.y), exact
    yield "of float32", Case(case.sizes, case.weights, case.biases, case.x.astype(np.float32), case.y), coarse


def cross_entropy_bound(impl: Boundary, p: np.ndarray, y: np.ndarray) -> float:
    """The error of a cross-entropy: by rounding p, -log p and the mean, and by an accepted epsilon.

    p: (N, K); y: (N,).  rounding.cross_entropy and cross_entropy.epsilon.
    """
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    true = p[np.arange(len(y)), y]
    surprise = -np.log(true)
    input_rounding = 0.0 if impl.unit_roundoff == UNIT_ROUNDOFF["float64"] else u
    passed_on = impl.probability_error(p)[np.arange(len(y)), y]
    each = ELEMENTARY * u * surprise + gamma(len(y) + 2, u) * surprise + input_rounding + 2 * impl.log_epsilon / true
    return float((each + passed_on).mean())


def distinguishable(impl: Boundary, p: np.ndarray) -> bool:
    """Whether an accepted epsilon and the precision of the arithmetic tell all these probabilities from zero.

    p: (N,), of the true labels.  Where they do not, a loss of inf is as right as a large one.
    """
    tiny = float(np.finfo(impl.conventions["precision"].value).tiny)
    return bool(p.min() > max(tiny, 1e4 * impl.log_epsilon))


def assert_loss(impl: Boundary, found: float, expected: float, p: np.ndarray, *, bound: float, what: str) -> None:
    """Raise Failure unless a loss is right, or inf or any number where its labels' probabilities p (N,) vanish."""
    if distinguishable(impl, p):
        assert_close(found, expected, bound=bound, what=what)
    else:
        assert_finite(np.minimum(found, np.finfo(np.float64).max), what=what)  # nan does not pass
