"""The exact values of a case beside the errors that the implementation under test may make of them."""

from __future__ import annotations

from dataclasses import replace

from chainrule.boundary import Boundary
from chainrule.numerics import Analysis, Errors, analyse
from chainrule.reference import MLP
from chainrule.strategies import Case


def analysis(impl: Boundary, case: Case, *, log_epsilon: float | None = None) -> Analysis:
    """A case's exact values with the error each may carry in the implementation's precision.

    log_epsilon: the epsilon inside its logarithm, what was found by default.
    """
    return analysis_of(impl, case.reference, case, log_epsilon=log_epsilon)


def analysis_of(
    impl: Boundary, network: MLP, case: Case, off: Errors | None = None, *, log_epsilon: float | None = None
) -> Analysis:
    """The same for the batch of a case and a network of other parameters, which may be off by `off`."""
    epsilon = impl.log_epsilon if log_epsilon is None else log_epsilon
    exact = analyse(network, case.x, case.y, impl.unit_roundoff, epsilon, off)
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
