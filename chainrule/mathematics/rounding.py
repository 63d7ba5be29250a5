"""Rounding-error bounds, from which every tolerance comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.reference import MLP, log_sum_exp, softmax

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24}
SMALLEST_NORMAL = {"float64": 2.0**-1022, "float32": 2.0**-126}
Pair = tuple[np.ndarray, np.ndarray]  # a value and the error it may carry
Errors = tuple[list[np.ndarray], list[np.ndarray]]  # of the weights, of the biases
# Roundings counted for one elementary function (exp, log): libraries promise at most 4 units in the last place.
ELEMENTARY = 8
LARGEST_EXPONENT = 50.0  # a larger bound than exp(50) has no meaning


def gamma(n: float, u: float) -> float:
    """The relative error of n roundings in sequence, n u / (1 - n u): Higham (2002), lemma 3.1."""
    return n * u / (1 - n * u)


def softmax_bound(z: Any, u: float, *, z_error: Any = 0.0) -> np.ndarray:
    """How far computed probabilities may lie from softmax(z), for logits off by up to z_error: rounding.softmax.

    It holds for the three usual routes: shifted by the maximum, unshifted, and the exponential of the log-softmax.
    A probability that underflows is off by at most the smallest normal number.
    z: (N, K).  Returns (N, K).
    """
    exponent = softmax_log_error(z, u, z_error=z_error)
    return softmax(np.asarray(z, np.float64)) * np.expm1(np.minimum(exponent, LARGEST_EXPONENT)) + smallest_normal(u)


def softmax_log_error(z: Any, u: float, *, z_error: Any = 0.0) -> np.ndarray:
    """How far the logarithms of computed probabilities may be off, without underflow: t of rounding.softmax."""
    z = np.asarray(z, np.float64)
    classes = z.shape[1]
    size = np.abs(z).max(axis=1, keepdims=True) + (z.max(axis=1, keepdims=True) - z)
    shift = np.broadcast_to(z_error, z.shape).max(axis=1, keepdims=True)
    roundings = classes + 2 * ELEMENTARY + (ELEMENTARY + 3) * np.log(classes)
    return gamma(roundings, u) + 2 * u * size + 2 * shift


def smallest_normal(u: float) -> float:
    """The smallest normal number of arithmetic with unit roundoff about u."""
    name = "float32" if u > 2.0**-40 else "float64"
    return SMALLEST_NORMAL[name]


@dataclass(frozen=True)
class Analysis:
    """A network's exact quantities, layer by layer, and a bound on the error of each.

    Every pair is (value, error), of one shape.  weight_grads and bias_grads are lists of such pairs.
    clear: whether every hidden pre-activation lies further from zero than its error, so that the ReLU's mask is
    certain.
    """

    logits: Pair
    probabilities: Pair
    loss: tuple[float, float]
    weight_grads: list[Pair]
    bias_grads: list[Pair]
    clear: bool


def product(left: Pair, right: Pair, u: float, extra: int = 2) -> Pair:
    """(a b, its error): gamma(n) |a| |b| for n terms in any order, and the factors' own errors: rounding.products."""
    (a, da), (b, db) = left, right
    size = (np.abs(a) + da) @ (np.abs(b) + db)
    return a @ b, gamma(a.shape[1] + extra, u) * size + da @ (np.abs(b) + db) + np.abs(a) @ db


@np.errstate(invalid="ignore")  # an infinite error times a zero: see or_infinite
def analyse(
    network: MLP,
    x: np.ndarray,
    y: np.ndarray,
    u: float,
    log_epsilon: float = 0.0,
    parameter_errors: Errors | None = None,
) -> Analysis:
    """Run the reference and a running error bound beside it, for arithmetic of unit roundoff u: rounding.network.

    The reference itself computes in float64, so its own roundings are added to u.  log_epsilon: the epsilon inside the
    implementation's logarithm.  It moves -log p, and its gradient, by at most epsilon / p; the bound allows twice that,
    as p + epsilon is rounded.
    parameter_errors: (of the weights, of the biases), errors that the implementation's parameters may already have;
    zero by default.
    """
    u = u + UNIT_ROUNDOFF["float64"]
    y = np.asarray(y, np.int64)
    weight_errors, bias_errors = parameter_errors or no_errors(network)
    exact = list(zip(network.weights, weight_errors, strict=True))
    clear = True
    layer_inputs = [(np.asarray(x, np.float64), np.zeros(np.shape(x)))]
    for l, (weight, b) in enumerate(zip(exact, network.biases, strict=True)):
        z, dz = affine(layer_inputs[-1], weight, (b, bias_errors[l]), u)
        if l < len(exact) - 1:
            clear = clear and bool((np.abs(z) > dz).all())
            layer_inputs.append((np.maximum(z, 0), dz))
    loss, (delta, ddelta) = mean_cross_entropy((z, dz), y, u, log_epsilon)
    weight_grads: list[Pair] = []
    bias_grads: list[Pair] = []
    for l in reversed(range(len(exact))):
        a, da = layer_inputs[l]
        weight_grads.insert(0, product((a.T, da.T), (delta, ddelta), u, extra=6))
        bias_grads.insert(0, batch_sum((delta, ddelta), u, extra=6))
        if l > 0:
            w, dw = exact[l]
            delta, ddelta = product((delta, ddelta), (w.T, dw.T), u)
            delta, ddelta = delta * (a > 0), ddelta * (a > 0)
    p, dp = softmax(z), softmax_bound(z, u, z_error=dz)
    weight_grads, bias_grads = ([(g, or_infinite(error)) for g, error in pairs] for pairs in (weight_grads, bias_grads))
    return Analysis((z, or_infinite(dz)), (p, or_infinite(dp)), loss, weight_grads, bias_grads, clear)


def or_infinite(error: np.ndarray) -> np.ndarray:
    """An error bound, infinite where it is nan: the product of an infinite error and a zero."""
    return np.where(np.isnan(error), np.inf, error)


def affine(x: Pair, w: Pair, b: Pair, u: float) -> Pair:
    """(x w + b, its error): rounding.network, step 1."""
    (z, dz), (shift, dshift) = product(x, w, u), b
    return z + shift, dz + u * (np.abs(z) + 2 * np.abs(shift)) + dshift


def batch_sum(a: Pair, u: float, extra: int = 2) -> Pair:
    """(the sum of the rows of a, its error): rounding.products."""
    value, error = a
    return value.sum(axis=0), gamma(len(value) + extra, u) * np.abs(value).sum(axis=0) + error.sum(axis=0)


def mean_cross_entropy(
    logits: Pair, y: np.ndarray, u: float, log_epsilon: float = 0.0
) -> tuple[tuple[float, float], Pair]:
    """The loss of logits and its gradient by them, ((value, error), (value, error)): rounding.network, steps 3 and 4.

    logits: (N, K) each.  u, log_epsilon: as in `analyse`.
    """
    z, dz = logits
    rows = np.arange(len(y))
    p, dp = softmax(z), softmax_bound(z, u, z_error=dz)
    surprise = log_sum_exp(z) - z[rows, y]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.nan_to_num(dp[rows, y] / p[rows, y], nan=np.inf, posinf=np.inf)  # log 0 has no error bound
        distortion = np.nan_to_num(2 * log_epsilon / p[rows, y], posinf=np.inf)
    loss_errors = relative + distortion + (ELEMENTARY + len(y) + 2) * u * surprise
    delta = (p - np.eye(p.shape[1])[y]) / len(y)
    clipped = log_epsilon / len(y)  # a p that is clipped to [epsilon, 1 - epsilon] may be the p of the gradient too
    ddelta = dp / len(y) + (np.minimum(distortion, 1.0)[:, None] + 4 * u) * np.abs(delta) + clipped
    return (float(surprise.mean()), float(loss_errors.mean())), (delta, ddelta)


def exactly(array: np.ndarray) -> Pair:
    """An array with an error of zero."""
    return array, np.zeros(np.shape(array))


def no_errors(network: MLP) -> Errors:
    """Errors of zero, for parameters that are exact."""
    return [np.zeros_like(w) for w in network.weights], [np.zeros_like(b) for b in network.biases]


def step_errors(network: MLP, exact: Analysis, lr: float, u: float, before: Errors) -> Errors:
    """The errors of theta' = theta - lr g, for theta with errors `before` and g as in `exact`: rounding.steps.

    network: the reference, before the step.
    """
    u = u + UNIT_ROUNDOFF["float64"]

    def after(thetas: list[np.ndarray], grads: list[Pair], off: list[np.ndarray]) -> list[np.ndarray]:
        return [
            d + lr * dg + u * (np.abs(theta - lr * g) + 3 * lr * np.abs(g))
            for theta, (g, dg), d in zip(thetas, grads, off, strict=True)
        ]

    return (
        after(network.weights, exact.weight_grads, before[0]),
        after(network.biases, exact.bias_grads, before[1]),
    )


def values(pairs: Sequence[Pair]) -> list[np.ndarray]:
    """The values of (value, error) pairs."""
    return [value for value, _ in pairs]


def errors(pairs: Sequence[Pair]) -> list[np.ndarray]:
    """The errors of (value, error) pairs."""
    return [error for _, error in pairs]
