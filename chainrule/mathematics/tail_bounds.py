"""How far a statistic of random numbers may lie from what it estimates: 08_initialization.md derives each bound.

A spec that draws at random fails a correct implementation with probability FALSE_ALARM at most.  Its comparisons have
equal shares of this probability.  docs/false_alarms.md lists the probabilities.
"""

from __future__ import annotations

import math

FALSE_ALARM = 1e-10


def exponent(comparisons: int) -> float:
    """The x at which 2 exp(-x), the bound of both tails together, is one comparison's share of FALSE_ALARM."""
    return math.log(2 * comparisons / FALSE_ALARM)


def mean_tail(n: int, comparisons: int) -> float:
    """How far the mean of n weights may lie from zero, in standard deviations of a weight: sub-Gaussian tails."""
    return math.sqrt(2 * exponent(comparisons) / n)


def variance_tail(n: int, comparisons: int) -> float:
    """How far the mean square of n weights may lie from the variance, relative to it.

    Laurent and Massart (2000) for normal weights; Bernstein's bound for the other two distributions is smaller.
    """
    x = exponent(comparisons)
    return 2 * math.sqrt(x / n) + 2 * x / n


def distribution_tail(n: int, comparisons: int) -> float:
    """How far the distribution function of n weights, a step higher after each, may lie from the true one.

    Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990).
    """
    return math.sqrt(exponent(comparisons) / (2 * n))


def product_tail(comparisons: int) -> float:
    """How large the inner product of independent vectors a and b may be, in units of sqrt(sum a^2 b^2).

    Hoeffding (1963), for signs that are fair coins.
    """
    return math.sqrt(2 * exponent(comparisons))
