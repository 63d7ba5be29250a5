"""The batchnorm chapter: the cases of its specs, their exact values with error bounds, and the forms of averages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.optimizers import plus, quotient, root
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, Pair, batch_sum, exactly, gamma

# Samples and features of the cases: all different, one feature, two samples, and more features than samples.
SIZES = ((5, 3), (7, 2), (4, 1), (2, 4), (3, 6))
SMALL, LARGE = 2.0**-17, 0.5  # eps as small as usual, and as large as a variance; exact in float32
KEPT = 0.375  # momentum; not what remains of 1 in units of it
FORMS = {  # {(what momentum multiplies, the running variance): what the code does}, that of the contract first
    ("old", "biased"): "momentum old + (1 - momentum) batch, the variance over N",
    ("old", "unbiased"): "momentum old + (1 - momentum) batch, the variance over N - 1",
    ("new", "biased"): "(1 - momentum) old + momentum batch, the variance over N",
    ("new", "unbiased"): "(1 - momentum) old + momentum batch, the variance over N - 1",
}
MEASURED = 2.0**8  # roundings in an eps, or a momentum, that was measured
TINY = 2.0**-30  # a deviation whose square is below every eps that code adds


@dataclass(frozen=True)
class Case:
    """A batch to normalize: x and dout (N, D), gamma and beta (D,), and eps, off by up to eps_error."""

    x: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    dout: np.ndarray
    eps: float
    eps_error: float = 0.0

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, eps {self.eps:.3g}"

    @property
    def inputs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.x, self.gamma, self.beta

    def moved(self, which: int, index: tuple[int, ...], step: float) -> Case:
        """The case with one entry of x, gamma or beta moved by a step."""
        x, scale, shift = (array.copy() for array in self.inputs)
        (x, scale, shift)[which][index] += step
        return Case(x, scale, shift, self.dout, self.eps, self.eps_error)


@dataclass(frozen=True)
class Analysis:
    """What batch normalization makes of a case, each quantity with the error that it may carry.

    variance is that of each feature; normalized is (x - mean) / root, and root is sqrt(variance + eps).
    """

    variance: Pair
    root: Pair
    normalized: Pair
    out: Pair
    dx: Pair
    dgamma: Pair
    dbeta: Pair

    @property
    def gradients(self) -> tuple[Pair, Pair, Pair]:
        return self.dx, self.dgamma, self.dbeta


def drawn(samples: int, features: int, eps: float, seed: int = 0) -> Case:
    """A random case on the grid: features of several means and sizes, gamma of both signs and not near zero."""
    rng = np.random.default_rng([seed, samples, features])
    sizes, means = rng.uniform(0.5, 2.0, size=features), rng.uniform(-2.0, 2.0, size=features)
    spread = rng.permuted(np.linspace(-1.5, 1.5, samples)[:, None] + rng.normal(0, 0.25, (samples, features)), axis=0)
    scale = rng.uniform(0.5, 2.0, size=features) * np.where(np.arange(features) % 2, -1.0, 1.0)
    return Case(
        grid(means + sizes * spread),
        grid(scale),
        grid(rng.normal(size=features)),
        grid(rng.normal(size=(samples, features))),
        eps,
    )


def times(a: Pair, b: Pair, u: float) -> Pair:
    """The product with its error."""
    (x, dx), (y, dy) = a, b
    return x * y, np.abs(x) * dy + dx * (np.abs(y) + dy) + u * np.abs(x * y)


def mean(a: Pair, u: float) -> Pair:
    """The mean over the samples with its error: rounding.products."""
    total, error = batch_sum(a, u, extra=3)
    return total / len(a[0]), error / len(a[0])


def moments(x: np.ndarray, u: float) -> tuple[Pair, Pair, Pair]:
    """(the mean, the deviations from it, the variance) of each feature: rounding.batchnorm."""
    centre, off = mean(exactly(x), u)
    deviation = x - centre, off + gamma(6, u) * (np.abs(x) + np.abs(centre))
    variance, spread = mean(times(deviation, deviation, u), u)
    in_one_pass = gamma(len(x) + 6, u) * ((x**2).mean(axis=0) + centre**2)
    return (centre, off), deviation, (variance, spread + in_one_pass)


def root_of(variance: Pair, eps: Pair, u: float) -> Pair:
    """sqrt(variance + eps) with its error; a power of -1/2 counts as an elementary function."""
    value, error = root(plus(variance, eps, u), u)
    return value, error + ELEMENTARY * u * value


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # of errors that are infinite
def analyse(case: Case, u: float) -> Analysis:
    """Exact values of a case and error bounds for arithmetic of unit roundoff u: rounding.batchnorm."""
    u = u + UNIT_ROUNDOFF["float64"]
    _, deviation, variance = moments(case.x, u)
    divisor = root_of(variance, (np.array(case.eps), np.array(case.eps_error + u * case.eps)), u)
    normalized = quotient(deviation, divisor, u)
    dout = exactly(case.dout)
    return Analysis(
        variance,
        divisor,
        normalized,
        scaled(normalized, case, u),
        input_gradient(case, deviation, divisor, normalized, u),
        batch_sum(times(dout, normalized, u), u, extra=4),
        batch_sum(dout, u),
    )


def scaled(normalized: Pair, case: Case, u: float) -> Pair:
    """gamma h + beta with its error."""
    value, error = times(exactly(case.gamma), normalized, u)
    return value + case.beta, error + gamma(4, u) * (np.abs(value) + np.abs(case.beta))


def input_gradient(case: Case, deviation: Pair, divisor: Pair, normalized: Pair, u: float) -> Pair:
    """dx with its error, whatever the order in which it is computed: rounding.batchnorm."""
    (h, dh), (r, dr) = normalized, divisor
    p = case.dout * case.gamma, gamma(3, u) * np.abs(case.dout * case.gamma)
    (b, db), (c, dc) = mean(p, u), mean(times(p, normalized, u), u)
    along = np.abs(p[0] * h).mean(axis=0)  # an upper bound of |c|
    size = np.abs(p[0]) + np.abs(p[0]).mean(axis=0) + np.abs(h) * along
    off = p[1] + db + (np.abs(h) + dh) * dc + along * dh + size * (gamma(40, u) + 3 * dr / (r - dr))
    off = off / r + along * deviation[1].max(axis=0) / r**2
    return (p[0] - b - h * c) / r, np.where((dr < r) & np.isfinite(off), off, np.inf)


def evaluated(case: Case, centre: np.ndarray, variance: np.ndarray, u: float) -> Pair:
    """The output with given statistics, and its error."""
    u = u + UNIT_ROUNDOFF["float64"]
    deviation = case.x - centre, gamma(6, u) * (np.abs(case.x) + np.abs(centre))
    eps = np.array(case.eps), np.array(case.eps_error + u * case.eps)
    return scaled(quotient(deviation, root_of((variance, u * variance), eps, u), u), case, u)


@dataclass(frozen=True)
class Averages:
    """How code keeps running statistics: its form, and its momentum, off by up to `error`."""

    form: tuple[str, str]
    momentum: float
    error: float = 0.0

    @property
    def kept(self) -> float:
        """The part of the old statistics that remains."""
        return self.momentum if self.form[0] == "old" else 1 - self.momentum

    def after(self, x: np.ndarray, old: tuple[np.ndarray, np.ndarray], u: float) -> tuple[Pair, Pair]:
        """The running mean and variance after a batch, with their errors: rounding.batchnorm."""
        u = u + UNIT_ROUNDOFF["float64"]
        centre, _, (variance, error) = moments(x, u)
        times_n = len(x) / (len(x) - 1) if self.form[1] == "unbiased" else 1.0
        return self.mixed(old[0], centre, u), self.mixed(old[1], (variance * times_n, error * times_n), u)

    def mixed(self, old: np.ndarray, new: Pair, u: float) -> Pair:
        value, error = new
        off = (gamma(8, u) + self.error) * (np.abs(old) + np.abs(value)) + error
        return self.kept * old + (1 - self.kept) * value, off


def own_epsilon(found: np.ndarray, size: float) -> float:
    """The eps that explains how deviations of a size were normalized, or 0."""
    with np.errstate(divide="ignore"):
        eps = float(size**2 * (1 / np.abs(found).max() ** 2 - 1))
    return eps if 0 <= eps < np.inf else 0.0


def largest_step(variance: np.ndarray, eps: float, samples: int) -> float:
    """How far an entry of x may move while variance + eps stays above half of what it is: rounding.batchnorm."""
    return float(np.sqrt((variance + eps).min() * samples) / 4)


def curvature(case: Case, variance: np.ndarray) -> float:
    """A bound on the third derivative of sum(dout out) along an entry of x, for such steps: rounding.batchnorm."""
    weight = np.abs(case.dout * case.gamma).mean(axis=0)
    return float((36 * weight * (2 / (variance + case.eps)) ** 1.5).max())


def usual(eps: float = SMALL, seed: int = 0) -> Iterator[Case]:
    """A case of each size."""
    return (drawn(samples, features, eps, seed) for samples, features in SIZES)
