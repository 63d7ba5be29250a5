"""The dropout chapter: the cases of its specs, bounds on kept entries, and on how far chance may lead."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, Pair, gamma

FALSE_ALARM = 1e-16  # the probability of one comparison failing by chance
ROUNDINGS = 8  # of 1 - rate, its reciprocal and the product, in whatever order
RATES = (0.25, 0.5, 0.75)  # exact in float32, and so are their differences from 1
SIDE = 256  # of the square in which the drawn entries are compared
LAYOUTS: tuple[tuple[int, ...], ...] = ((SIDE, SIDE), (16, 16, 16, 16))
SHAPES: tuple[tuple[int, ...], ...] = ((1, 3), (5, 1), (3, 4))
FURTHER_SHAPES: tuple[tuple[int, ...], ...] = ((4,), (2, 3, 4), (2, 1, 3, 2))  # where the code takes them
FORMS = {  # {a published form: what it does}, that of the contract first
    "inverted": "training divides what is kept by 1 - rate, evaluation leaves x",
    "classic": "training leaves what is kept, evaluation multiplies by 1 - rate",
}


@dataclass(frozen=True)
class Dropout:
    """A rate of dropping, in one of the published forms, in arithmetic of unit roundoff u."""

    rate: float
    form: str = "inverted"
    u: float = UNIT_ROUNDOFF["float64"]

    @property
    def scale(self) -> float:
        """What a kept entry is multiplied by in training."""
        return 1.0 if self.form == "classic" else 1 / (1 - self.rate)

    @property
    def outside(self) -> float:
        """What every entry is multiplied by outside of training."""
        return 1 - self.rate if self.form == "classic" else 1.0

    def at(self, rate: float) -> Dropout:
        """The same layer with another rate."""
        return replace(self, rate=rate)

    def kept(self, x: np.ndarray) -> Pair:
        """Entries that are kept, and the error that each may carry: rounding.dropout."""
        return self.scale * x, self.error * np.abs(self.scale * x)

    def evaluated(self, x: np.ndarray) -> Pair:
        """The output outside of training, and the error that each entry may carry."""
        return self.outside * x, self.error * np.abs(self.outside * x)

    @property
    def error(self) -> float:
        """The relative error of a multiplication by 1 - rate, or a division: that of a rounded rate is enlarged."""
        return gamma(ROUNDINGS, self.u + UNIT_ROUNDOFF["float64"]) / (1 - self.rate)


def tail(weights: np.ndarray | float, comparisons: int = 1) -> float:
    """How far the sum of weights times kept entries, of ones, may lie from its mean: Hoeffding (1963).

    comparisons: how many sums the probability FALSE_ALARM is for.
    """
    return math.sqrt(math.log(2 * comparisons / FALSE_ALARM) / 2 * float(np.sum(np.square(weights))))


def fraction_tail(n: int) -> float:
    """How far the part of n entries that are dropped may lie from the rate."""
    return tail(np.ones(n)) / n


def entries(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Numbers on the grid of both signs, none of them zero."""
    return grid(np.random.default_rng([seed, *shape]).normal(size=shape))
