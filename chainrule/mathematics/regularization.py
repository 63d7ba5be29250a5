"""The regularization chapter: the L2 penalty in its published forms, and bounds on the error of what is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, Pair, gamma

FORMS = {"half": "lam/2 sum ||W||^2", "whole": "lam sum ||W||^2"}
FORMS |= {"half_mean": "lam/(2N) sum ||W||^2, N samples", "mean": "lam/N sum ||W||^2, N samples"}
MEASURED = 8  # times the error, where the factor of a penalty was measured, with an error of its own
OTHERWISE = 16  # roundings beside those of the sum: factors, and divisions by a number of samples
# Weights of networks, (inputs, outputs) of each layer, of one layer and of several, no two axes of one length:
NETWORKS = (((3, 4), (4, 2)), ((3, 4), (4, 5), (5, 2)), ((4, 3),), ((3, 4), (4, 5), (5, 6), (6, 2)))
OTHERS = (((2, 3, 4), (5,)), ((3,),))  # that no network of dense layers has
STRENGTHS = (0.75, 0.015625, 8.0)  # exact in float32
Arrays = Sequence[np.ndarray]


def factor(form: str, samples: int) -> float:
    """What a form multiplies lam and the sum of the squares by.

    form: one of FORMS, or a number that was measured.
    """
    if form not in FORMS:
        return float(form)
    return (0.5 if form.startswith("half") else 1.0) / (samples if form.endswith("mean") else 1)


def penalty(weights: Arrays, lam: float, form: str, samples: int, u: float) -> tuple[float, float]:
    """The penalty with the error that it may carry: rounding.regularization.

    The unit roundoff of this computation is added to that of the code.
    """
    value = factor(form, samples) * lam * float(sum(np.square(np.asarray(w, np.float64)).sum() for w in weights))
    return value, error_of(value, weights, u) * (1 if form in FORMS else MEASURED)


def error_of(value: float, weights: Arrays, u: float) -> float:
    """How far a computed sum of squares of all entries may be off, of this value."""
    return gamma(sum(map(np.size, weights)) + OTHERWISE, u + UNIT_ROUNDOFF["float64"]) * abs(value)


def gradients(weights: Arrays, lam: float, form: str, samples: int, u: float) -> list[Pair]:
    """The gradient with respect to each of the weights, with the error that it may carry: rounding.regularization."""
    found = [2 * factor(form, samples) * lam * np.asarray(w, np.float64) for w in weights]
    times = 1 if form in FORMS else MEASURED
    return [(g, times * gamma(OTHERWISE, u + UNIT_ROUNDOFF["float64"]) * np.abs(g)) for g in found]


def drawn(shapes: Sequence[tuple[int, ...]], seed: int = 0) -> list[np.ndarray]:
    """Weights of these shapes: numbers on the grid, of both signs and of different sizes."""
    rng = np.random.default_rng([seed, *map(len, shapes)])
    return [grid(rng.normal(size=shape)) for shape in shapes]


def decayed(w: np.ndarray, rate: float, updates: int, u: float) -> Pair:
    """(1 - rate)^t w after each of so many updates, (t, ...), with errors.  rate: lr times that of the gradient."""
    u = u + UNIT_ROUNDOFF["float64"]
    path = np.array([(1 - rate) ** t * w for t in range(1, updates + 1)])
    size = np.array([(1 + abs(rate)) ** t * np.abs(w) for t in range(1, updates + 1)])
    counts = np.arange(1, updates + 1).reshape(-1, *[1] * w.ndim)
    return path, gamma(OTHERWISE * updates, u) * size * counts / updates


def ridge(x: np.ndarray, y: np.ndarray, strength: float) -> np.ndarray:
    """The weights that minimize |x w - y|^2 / (2 N) + strength |w|^2 / 2: (x^T x / N + strength I)^-1 x^T y / N."""
    n, d = x.shape
    return np.linalg.solve(x.T @ x / n + strength * np.eye(d), x.T @ y / n)
