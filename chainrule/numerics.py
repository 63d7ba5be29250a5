"""Comparison, and where every tolerance comes from.

A bound is a sum of rounding errors that any correct implementation may commit in the precision it computes in, whatever
the order of its sums.  Notation: u is the unit roundoff, gamma(n) = n u / (1 - n u).

Sources: Higham, Accuracy and Stability of Numerical Algorithms (2002): sections 3.1 to 3.5 for sums and products.
Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions (2021): section 4.
The mathematics derives each bound that is used here: rounding.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays import show
from chainrule.reference import MLP, log_sum_exp, softmax

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}
SMALLEST_NORMAL = {"float64": 2.0**-1022, "float32": 2.0**-126, "float16": 2.0**-14}

Pair = tuple[np.ndarray, np.ndarray]  # a value and the error it may carry
Errors = tuple[list[np.ndarray], list[np.ndarray]]  # of the weights, of the biases

# Roundings charged to one elementary function (exp, log): libraries promise at most 4 units in the last place.
ELEMENTARY = 8

NEARLY = 1e-3  # relative to the largest entry: below this, digits were lost; above, it is another number

LARGEST_EXPONENT = 50.0  # an error beyond exp(50) says no more than that nothing is known


class Failure(AssertionError):
    """A comparison that did not hold.  str(): what is wrong, in a sentence; the numbers stand beside it.

    expected, actual, bound: arrays of one shape, or None.  index: the entry that is furthest beyond its bound.
    """

    def __init__(
        self,
        message: str,
        *,
        expected: Any = None,
        actual: Any = None,
        bound: Any = None,
        index: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(message)
        self.expected, self.actual, self.bound, self.index = expected, actual, bound, index


def gamma(n: float, u: float) -> float:
    """The relative error of n roundings in sequence, n u / (1 - n u): Higham (2002), lemma 3.1."""
    return n * u / (1 - n * u)


def assert_close(actual: Any, expected: Any, *, bound: Any, what: str = "the result") -> None:
    """|actual - expected| <= bound in every entry; shapes equal; a nan never passes; equal infinities do."""
    assert_shape(actual, np.shape(expected), what=what)
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    bound = np.broadcast_to(np.asarray(bound, np.float64), actual.shape)
    with np.errstate(invalid="ignore"):
        excess = np.where(actual == expected, -1.0, np.abs(actual - expected) - bound)
    wrong = ~(excess <= 0)
    if not wrong.any():
        return
    ranked = np.where(wrong, np.nan_to_num(np.where(np.isnan(excess), np.inf, excess), posinf=1e300), -np.inf)
    index = tuple(int(i) for i in np.unravel_index(np.argmax(ranked), actual.shape))
    entry = f" at {list(index)}" if index else ""
    off = abs(actual[index] - expected[index])
    by = f"off by {off:.3g}, allowed {bound[index]:.2g}; " if np.isfinite(off) else ""
    raise Failure(
        f"{what}{entry} is {float(actual[index])!r}, expected {float(expected[index])!r} "
        f"({by}{int(wrong.sum())} of {actual.size} {'entry' if actual.size == 1 else 'entries'} wrong)"
        f"{digits_of_agreement(actual, expected, bound)}",
        expected=expected,
        actual=actual,
        bound=bound,
        index=index,
    )


def digits_of_agreement(actual: np.ndarray, expected: np.ndarray, bound: np.ndarray) -> str:
    """Where every entry is nearly right, "; agrees to 9 of 15 digits", relative to the largest expected; else nothing.

    The second number is what the bound would have let pass.
    """
    scale = np.abs(expected).max(initial=0.0)
    off = np.abs(actual - expected).max(initial=0.0)
    with np.errstate(invalid="ignore"):
        nearly = np.abs(actual - expected) <= np.maximum(NEARLY * np.abs(expected), bound)
    if not (nearly.all() and 0 < off <= NEARLY * scale < np.inf):
        return ""
    expected_digits = min(15, int(-np.log10(max(float(bound.max()) / scale, 1e-15))))
    digits = int(-np.log10(off / scale))
    return f"; agrees to {digits} of {expected_digits} digits" if digits < expected_digits else ""


def assert_equal(actual: Any, expected: Any, *, what: str = "the result") -> None:
    """Equal in every entry, exactly: for what involves no rounding."""
    assert_close(actual, expected, bound=0.0, what=what)


def assert_shape(actual: Any, shape: Sequence[int], *, what: str = "the result") -> None:
    """The shape, and nothing but numbers in it."""
    if np.shape(actual) != tuple(shape):
        raise Failure(f"{what} has shape {np.shape(actual)}, expected {tuple(shape)}")


def assert_that(condition: Any, message: str, **numbers: Any) -> None:
    """Raise a Failure that says `message` unless the condition holds; the numbers stand beside it as in Failure."""
    if not condition:
        raise Failure(message, **numbers)


def assert_finite(actual: Any, *, what: str = "the result") -> None:
    """No nan and no infinity."""
    array = np.asarray(actual, np.float64)
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise Failure(f"{what} is {array[index]} at {list(index)}: {show(array)}", actual=array, index=index)


def assert_each(actual: Sequence[Any], expected: Sequence[Any], bounds: Sequence[Any], *, what: str) -> None:
    """assert_close, layer by layer; `what` names the layer's quantity, such as "dloss/dW"."""
    assert_that(
        len(actual) == len(expected),
        f"{what}: expected a list of {len(expected)} arrays, one a layer, found {len(actual)}",
    )
    for layer, (a, e, b) in enumerate(zip(actual, expected, bounds, strict=True)):
        assert_close(a, e, bound=b, what=f"{what}[{layer}]")


def softmax_bound(z: Any, u: float, *, z_error: Any = 0.0) -> np.ndarray:
    """How far computed probabilities may lie from softmax(z), for logits off by up to z_error: rounding.softmax.

    It holds for the three usual routes: shifted by the maximum, unshifted, and the exponential of the log-softmax.
    What underflows is off by at most the smallest normal number.
    z: (N, K).  Returns (N, K).
    """
    exponent = softmax_log_error(z, u, z_error=z_error)
    return softmax(np.asarray(z, np.float64)) * np.expm1(np.minimum(exponent, LARGEST_EXPONENT)) + smallest_normal(u)


def softmax_log_error(z: Any, u: float, *, z_error: Any = 0.0) -> np.ndarray:
    """How far the logarithms of computed probabilities may be off, where none underflows: t of rounding.softmax."""
    z = np.asarray(z, np.float64)
    classes = z.shape[1]
    size = np.abs(z).max(axis=1, keepdims=True) + (z.max(axis=1, keepdims=True) - z)
    shift = np.broadcast_to(z_error, z.shape).max(axis=1, keepdims=True)
    roundings = classes + 2 * ELEMENTARY + (ELEMENTARY + 3) * np.log(classes)
    return gamma(roundings, u) + 2 * u * size + 2 * shift


def smallest_normal(u: float) -> float:
    """The smallest normal number of arithmetic with unit roundoff about u."""
    name = "float16" if u > 2.0**-18 else "float32" if u > 2.0**-40 else "float64"
    return SMALLEST_NORMAL[name]


@dataclass(frozen=True)
class Analysis:
    """The exact-arithmetic quantities of a network and the error each may carry, layer by layer.

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


def analyse(
    network: MLP,
    x: np.ndarray,
    y: np.ndarray,
    u: float,
    log_epsilon: float = 0.0,
    parameter_errors: Errors | None = None,
) -> Analysis:
    """Run the reference and a running error bound beside it, for arithmetic of unit roundoff u: rounding.network.

    The reference itself computes in float64, so its own roundings are added to u.  log_epsilon: an epsilon that the
    implementation keeps inside the logarithm: it moves -log p by at most epsilon / p, and its gradient likewise; twice
    that is allowed, as p + epsilon is rounded.
    parameter_errors: (of the weights, of the biases), what the implementation's may already be off by; none by default.
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
    probabilities = softmax(z), softmax_bound(z, u, z_error=dz)
    return Analysis((z, dz), probabilities, loss, weight_grads, bias_grads, clear)


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
        relative = np.nan_to_num(dp[rows, y] / p[rows, y], nan=np.inf, posinf=np.inf)  # nothing is known of log 0
        distortion = np.nan_to_num(2 * log_epsilon / p[rows, y], posinf=np.inf)
    loss_errors = relative + distortion + (ELEMENTARY + len(y) + 2) * u * surprise
    delta = (p - np.eye(p.shape[1])[y]) / len(y)
    ddelta = dp / len(y) + (np.minimum(distortion, 1.0)[:, None] + 4 * u) * np.abs(delta)
    return (float(surprise.mean()), float(loss_errors.mean())), (delta, ddelta)


@dataclass(frozen=True)
class AffineAnalysis:
    """An affine layer's exact output and gradients, each with the error it may carry.  Gradients are those of
    sum(dout out), as `affine_backward` returns them.
    """

    out: Pair
    dx: Pair
    dw: Pair
    db: Pair

    @property
    def gradients(self) -> tuple[Pair, Pair, Pair]:
        return self.dx, self.dw, self.db


def analyse_affine(x: np.ndarray, w: np.ndarray, b: np.ndarray, dout: np.ndarray, u: float) -> AffineAnalysis:
    """An affine layer in arithmetic of unit roundoff u: rounding.layers.

    x: (N, d[1], ..., d[k]); w: (D, M); b: (M,); dout: (N, M).
    """
    u = u + UNIT_ROUNDOFF["float64"]
    rows = x.reshape(len(x), len(w))
    dx, dx_error = product(exactly(dout), exactly(w.T), u)
    return AffineAnalysis(
        out=affine(exactly(rows), exactly(w), exactly(b), u),
        dx=(dx.reshape(x.shape), dx_error.reshape(x.shape)),
        dw=product(exactly(rows.T), exactly(dout), u),
        db=batch_sum(exactly(dout), u),
    )


def exactly(array: np.ndarray) -> Pair:
    """An array without error."""
    return array, np.zeros(np.shape(array))


def no_errors(network: MLP) -> Errors:
    """The errors of parameters that are exact."""
    return [np.zeros_like(w) for w in network.weights], [np.zeros_like(b) for b in network.biases]


def step_errors(network: MLP, exact: Analysis, lr: float, u: float, before: Errors) -> Errors:
    """The errors of theta' = theta - lr g, where theta was off by `before` and g by what `exact` says: rounding.steps.

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


@dataclass(frozen=True)
class Derivative:
    """A partial derivative found by differences: its value, the bound on its error, and whether it can be relied on."""

    value: float
    bound: float
    reliable: bool


def difference_step(rounding: float, curvature: float, kink: float = np.inf) -> float:
    """The power of two near which truncation h^2 curvature / 6 and rounding `rounding` / h are in balance.

    A power of two, so that theta + h and theta - h are exact for the parameters that the specification chooses; and
    below `kink`, the distance within which f is known to be smooth.
    """
    balance = np.round(np.log2((3 * rounding / max(curvature, 1e-3)) ** (1 / 3)))
    return float(2.0 ** min(balance, np.ceil(np.log2(kink)) - 1 if np.isfinite(kink) else balance))


def central_difference(f: Callable[[float], float], h: float, *, rounding: float, curvature: float) -> Derivative:
    """f'(0) from f at +-h and +-h/2, with the error of that estimate: rounding.differences.

        D(h) = (f(h) - f(-h)) / (2 h) = f'(0) + h^2 f'''/6 + rounding / h

    rounding: at least twice the error of one value of f.  curvature: a bound on |f'''|.  Truncation is estimated from
    the difference of D(h) and D(h/2), which is three quarters of D(h)'s; where that exceeds what the curvature allows,
    f has a kink in between (or is no function of its argument alone) and the estimate is not reliable.
    """
    coarse = (f(h) - f(-h)) / (2 * h)
    fine = (f(h / 2) - f(-h / 2)) / h
    disagreement = abs(coarse - fine)
    allowed = h**2 * curvature / 8 + 3 * rounding / h
    return Derivative(fine, disagreement + 3 * rounding / h, bool(disagreement <= allowed))


def step_curvature(network: MLP, x: np.ndarray) -> list[float]:
    """For each layer, a bound on the third derivative of the loss along any one of its weights or biases.

    Away from kinks the logits are affine in a single parameter, z[n] + t v[n], so that the derivative is the mean over
    n of a third cumulant of v[n], whose size is at most range(v[n])^3 / (6 sqrt 3): rounding.differences.
    """
    inputs, z = network.propagate(np.asarray(x, np.float64))
    sensitivity = np.broadcast_to(np.eye(z.shape[1]), (len(x), z.shape[1], z.shape[1]))  # dz[L] / dz[l], (N, s[l], K)
    bounds: list[float] = []
    for l in reversed(range(len(network.weights))):
        ranges = sensitivity.max(axis=2) - sensitivity.min(axis=2)
        largest = np.maximum(np.abs(inputs[l]).max(axis=1), 1.0)[:, None] * ranges
        bounds.insert(0, float((largest**3).mean(axis=0).max() / (6 * np.sqrt(3))))
        sensitivity = (inputs[l] > 0)[:, :, None] * np.einsum("ij,njk->nik", network.weights[l], sensitivity)
    return bounds


def kink_distance(network: MLP, x: np.ndarray) -> list[float]:
    """For each layer, how far any one of its weights or biases can move before a ReLU of the network changes side.

    As long as none does, every pre-activation moves in proportion: by t a[n, i] dz'[n, k]/dz[n, j] for weight (i, j).
    """
    inputs, _ = network.propagate(np.asarray(x, np.float64))
    hidden = list(zip(network.weights[:-1], network.biases[:-1], strict=True))
    z = [a @ w + b for a, (w, b) in zip(inputs[:-1], hidden, strict=True)]
    distances = []
    for l in range(len(network.weights)):
        reach = np.maximum(np.abs(inputs[l]).max(axis=1), 1.0)
        slope = np.broadcast_to(np.eye(network.weights[l].shape[1]), (len(x), *[network.weights[l].shape[1]] * 2))
        nearest = np.inf
        for m in range(l, len(z)):
            moved = reach[:, None] * np.abs(slope).max(axis=1)
            with np.errstate(divide="ignore"):
                nearest = min(nearest, float((np.abs(z[m]) / moved).min()))
            slope = np.einsum("njk,nk,kq->njq", slope, z[m] > 0, network.weights[m + 1])
        distances.append(nearest)
    return distances
