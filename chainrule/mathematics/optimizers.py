"""The optimizers chapter: the rules with their published forms, and bounds on the error of updated parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, Pair, exactly, gamma

PER_UPDATE = 8  # roundings charged to a memory in one update, in whatever order it is computed
FORMS = {  # {operation: {a published form: what it does}}, that of the contract first
    "SGD": {"": ""},
    "Momentum": {"sum": "v = momentum v + g", "average": "v = momentum v + (1 - momentum) g"},
    "RMSProp": {"outside": "sqrt(s) + eps", "inside": "sqrt(s + eps)"},
    "Adam": {
        "outside": "sqrt(s / (1 - beta2^t)) + eps",
        "inside": "sqrt(s / (1 - beta2^t) + eps)",
        "uncorrected": "sqrt(s) + eps, with lr sqrt(1 - beta2^t) / (1 - beta1^t)",
        "uncorrected_inside": "sqrt(s + eps), with lr sqrt(1 - beta2^t) / (1 - beta1^t)",
    },
}
SHAPES: tuple[tuple[tuple[int, ...], ...], ...] = (((2, 3),), ((3,), (3,)), ((4, 2), (2,), (2, 1), (1,)), ((2, 3, 2),))


@dataclass(frozen=True)
class Rule:
    """An optimizer to check: the operation, its arguments, and which of its published forms the code computes.

    own_epsilon: whether the code takes no eps; that of the arguments is then the code's own, as measured.
    u: the unit roundoff of the code's arithmetic.
    """

    operation: str
    arguments: tuple[float, ...]
    form: str = ""
    own_epsilon: bool = False
    u: float = UNIT_ROUNDOFF["float64"]

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(f'{argument:g}' for argument in self.arguments)})"

    @property
    def lr(self) -> float:
        return self.arguments[0]

    @property
    def eps(self) -> float:
        return self.arguments[-1]

    @property
    def epsilon(self) -> Pair:
        """eps with its error: of one that was measured 2^-44 of it, else none."""
        return np.array(self.eps), np.array(self.eps * MEASURED if self.own_epsilon else 0.0)

    @property
    def passed(self) -> tuple[float, ...]:
        """The arguments that the code takes."""
        return self.arguments[:-1] if self.own_epsilon else self.arguments

    def with_epsilon(self, eps: float) -> Rule:
        """The same rule with another eps, unless the code has its own."""
        return self if self.own_epsilon else replace(self, arguments=(*self.arguments[:-1], eps))

    def measured(self, form: str, move: float, g: float) -> Rule:
        """The rule in a form, with the eps that explains how far a first gradient g moved the parameter.

        A first step is lr g / size: the size of g for Adam, sqrt(1 - decay) of it for RMSProp.
        """
        inside, size = form.endswith("inside"), self.lr * g / move
        plain = abs(g) * (1.0 if self.operation == "Adam" else np.sqrt(1 - self.arguments[1]))
        eps = size**2 - plain**2 if inside else size - plain
        if form.startswith("uncorrected"):
            eps *= (1 - self.arguments[2]) ** (1 if inside else 0.5)
        return replace(self, arguments=(*self.arguments[:-1], max(float(eps), 0.0)), form=form)

    def of(self, form: str) -> Rule:
        """The same rule in another published form."""
        return replace(self, form=form)

    def path(self, theta: np.ndarray, gradients: Sequence[np.ndarray]) -> Pair:
        """The parameter after each update, (t, ...), with the error it may carry: rounding.optimizers.

        The unit roundoff of this computation is added to that of the code.
        """
        u = self.u + UNIT_ROUNDOFF["float64"]
        step, off = MOVES[self.operation](self, np.array(gradients, np.float64), u)
        after = np.cumsum([np.asarray(theta, np.float64), *(-self.lr * step)], axis=0)[1:]
        return after, np.cumsum(self.lr * (off + gamma(4, u) * np.abs(step)) + 2 * u * np.abs(after), axis=0)


def decayed(terms: np.ndarray, rate: float, weight: float, u: float) -> Pair:
    """The memory v = rate v + weight a after each term a, (t, ...), with its error.  weight: 1, or 1 - rate."""
    values, errors = np.zeros(terms.shape), np.zeros(terms.shape)
    value = size = error = np.zeros(terms.shape[1:])
    stored = u * rate if weight < 1 else 0.0
    for t, (term, absolute) in enumerate(zip(terms, np.abs(terms), strict=True)):
        before, size = size, rate * size + weight * absolute
        value = rate * value + weight * term
        error = rate * error + gamma(PER_UPDATE, u) * (before + size) + stored * absolute
        values[t], errors[t] = value, error
    return values, errors


def quotient(top: Pair, bottom: Pair, u: float) -> Pair:
    """a / b with its error; infinite where b may be zero."""
    (a, da), (b, db) = top, bottom
    nothing = (a == 0) & (da == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = (da + np.abs(a) * db / b) / np.maximum(b - db, 0) + gamma(2, u) * np.abs(a / b)
        return np.where(nothing, 0.0, a / b), np.where(nothing, 0.0, np.nan_to_num(off, nan=np.inf))


def root(x: Pair, u: float) -> Pair:
    """The square root with its error: |sqrt(x + d) - sqrt(x)| <= |d| / sqrt(x), and at most sqrt(|d|)."""
    value, error = x
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.fmin(error / np.sqrt(value), np.sqrt(error))
    return np.sqrt(value), off + 2 * u * np.sqrt(value)


def plus(a: Pair, b: Pair, u: float) -> Pair:
    """The sum of two numbers that are not negative, with its error."""
    return a[0] + b[0], a[1] + b[1] + 2 * u * (a[0] + b[0])


def size_with(s: Pair, eps: Pair, inside: bool, u: float) -> Pair:
    """sqrt(s) + eps, or sqrt(s + eps), with its error."""
    return root(plus(s, eps, u), u) if inside else plus(root(s, u), eps, u)


def correction(rate: float, like: np.ndarray, u: float) -> Pair:
    """1 - rate^t for each of the updates in `like`, (t, ...), with its error.

    The power has t factors, each rounded when it is stored and multiplied.
    """
    t = np.arange(1, len(like) + 1).reshape(-1, *[1] * (like.ndim - 1))
    roundings = (2 * t + ELEMENTARY) * u
    return 1 - rate**t, roundings / (1 - roundings) * rate**t + u


def plain(rule: Rule, gradients: np.ndarray, u: float) -> Pair:
    """The gradients themselves."""
    return exactly(gradients)


def remembered(rule: Rule, gradients: np.ndarray, u: float) -> Pair:
    """The decaying sum of the gradients, or their decaying average."""
    momentum = rule.arguments[1]
    return decayed(gradients, momentum, 1 - momentum if rule.form == "average" else 1.0, u)


def scaled(rule: Rule, gradients: np.ndarray, u: float) -> Pair:
    """Each gradient in units of the root of the decaying average of its squares."""
    decay, (eps, off) = rule.arguments[1], rule.epsilon
    s = decayed(gradients**2, decay, 1 - decay, u)
    return quotient(exactly(gradients), size_with(s, (eps, off + u * eps), rule.form == "inside", u), u)


def corrected(rule: Rule, gradients: np.ndarray, u: float) -> Pair:
    """The average gradient in units of its size, both divided by 1 - beta^t."""
    (_, beta1, beta2, _), (eps, off) = rule.arguments, rule.epsilon
    inside = rule.form.endswith("inside")
    m = decayed(gradients, beta1, 1 - beta1, u)
    s = decayed(gradients**2, beta2, 1 - beta2, u)
    above, below = correction(beta1, gradients, u), correction(beta2, gradients, u)
    added = eps, off + u * eps
    if rule.form.startswith("uncorrected"):  # the root of the correction divides eps as well
        added = quotient(added, below if inside else root(below, u), u)
    return quotient(quotient(m, above, u), size_with(quotient(s, below, u), added, inside, u), u)


MOVES: dict[str, Callable[[Rule, np.ndarray, float], Pair]] = {
    "SGD": plain,
    "Momentum": remembered,
    "RMSProp": scaled,
    "Adam": corrected,
}


def drawn(shape: tuple[int, ...], count: int, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """(a parameter, gradients of its shape): numbers on the grid, of both signs, no gradient near zero."""
    rng = np.random.default_rng([seed, count, *shape])
    sizes = rng.uniform(0.25, 2.0, size=(count, *shape))
    return grid(rng.normal(size=shape)), list(grid(rng.choice([-1.0, 1.0], size=sizes.shape) * sizes))


# Rates and decays are exact in float32, and so are their differences from 1.
RULES = {
    "SGD": Rule("SGD", (0.125,)),
    "Momentum": Rule("Momentum", (0.125, 0.75), "sum"),
    "RMSProp": Rule("RMSProp", (0.125, 0.75, 2.0**-24), "outside"),
    "Adam": Rule("Adam", (0.125, 0.75, 0.96875, 2.0**-24), "outside"),
}
MEASURED = 2.0**-44  # the relative error of a measured eps
SMALL = 2.0**-24  # as small as usual epsilons
LARGE_EPSILON = 0.25  # as large as the gradients, so that its place shows
UPDATES = 5  # from the start
MANY = 1000


def heavy_ball(rate: float, momentum: float, weight: float, updates: int, u: float) -> Pair:
    """theta[1], theta[2], ... on the parabola rate theta^2 / 2 from 1 at lr = 1, with errors: rounding.optimizers.

    weight: with which the gradient enters v.
    """
    u = u + UNIT_ROUNDOFF["float64"]
    once = np.array([[1 - rate * weight, -momentum], [rate * weight, momentum]])  # of (theta, lr v)
    powers = [np.eye(2)]
    for _ in range(updates):
        powers.append(once @ powers[-1])
    sizes = np.abs(np.array(powers))
    theta, v = sizes[:-1, :, 0].T
    local = gamma(PER_UPDATE, u) * (momentum * v + rate * theta)
    local = np.array([local + 2 * u * (theta + v), local])  # of each update, in theta and lr v
    errors = [(sizes[t - 1 :: -1, 0] * local[:, :t].T).sum() for t in range(1, updates + 1)]
    found = gamma(4 * updates, u) * sizes[1:].max(axis=(1, 2))  # of the powers themselves
    return np.array(powers)[1:, 0, 0], np.array(errors) + found
