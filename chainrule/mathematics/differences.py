"""Derivatives by central differences, with the error of each estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.reference import MLP


@dataclass(frozen=True)
class Derivative:
    """A partial derivative found by differences: its value, a bound on its error, and whether it is reliable."""

    value: float
    bound: float
    reliable: bool


def difference_step(rounding: float, curvature: float, kink: float = np.inf) -> float:
    """The power of two at which the truncation error, h^2 curvature / 6, is about the rounding error, rounding / h.

    Powers of two keep theta + h and theta - h exact for the parameters that the specification chooses.  The step stays
    below `kink`, the distance within which f is smooth.
    """
    balance = np.round(np.log2((3 * rounding / max(curvature, 1e-3)) ** (1 / 3)))
    return float(2.0 ** min(balance, np.ceil(np.log2(kink)) - 1 if np.isfinite(kink) else balance))


def central_difference(f: Callable[[float], float], h: float, *, rounding: float, curvature: float) -> Derivative:
    """f'(0) from f at +-h and +-h/2, with the error of that estimate: rounding.differences.

        D(h) = (f(h) - f(-h)) / (2 h) = f'(0) + h^2 f'''/6 + rounding / h

    rounding: at least twice the error of one value of f.  curvature: a bound on |f'''|.  Truncation is estimated from
    the difference of D(h) and D(h/2), which is three quarters of D(h)'s; where that exceeds what the curvature allows,
    f has a kink in between (or does not depend on its argument alone) and the estimate is not reliable.
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
    """For each layer, how far a single weight or bias can move before a ReLU changes side.

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
