"""Exact inputs, multiple-precision numbers, the doubles nearest to them, and nested lists of either."""

import math
import random

from mpmath import mp

# Inputs: exact doubles, drawn from the seed


def below(rng, n):
    """An integer 0..n-1.  `randrange` would be shorter, but its sequence may change between Python versions."""
    return int(rng.random() * n)


def dyadic(rng, low, high, denominator):
    """A multiple of 1/denominator in [low, high]."""
    first, last = math.ceil(low * denominator), math.floor(high * denominator)
    return (first + below(rng, last - first + 1)) / denominator


def vector(rng, size, low, high, denominator):
    return [dyadic(rng, low, high, denominator) for _ in range(size)]


def matrix(rng, rows, columns, low, high, denominator):
    return [vector(rng, columns, low, high, denominator) for _ in range(rows)]


# Multiple precision, and back


def exact(tree):
    """Doubles, or nested lists of them, as multiple-precision numbers."""
    return [exact(item) for item in tree] if isinstance(tree, list) else mp.mpf(tree)


def nearest(value):
    """The double nearest to a multiple-precision number, ties to even.

    Python rounds a quotient of integers once; `float(value)` rounds subnormal numbers twice.
    """
    mantissa, exponent = mp.frexp(value)
    integer, exponent = int(mp.ldexp(mantissa, mp.prec)), exponent - mp.prec
    return float(integer << exponent) if exponent >= 0 else integer / (1 << -exponent)


def doubles(tree):
    return [doubles(item) for item in tree] if isinstance(tree, list) else nearest(tree)


# Nested lists


def flat(tree):
    return [leaf for item in tree for leaf in flat(item)] if isinstance(tree, list) else [tree]


def shaped(flat_list, shape):
    """A flat list as nested lists of this shape, the last axis running fastest."""
    if len(shape) == 1:
        return flat_list
    size = len(flat_list) // shape[0]
    return [shaped(flat_list[i : i + size], shape[1:]) for i in range(0, len(flat_list), size)]


def like(line, item):
    """A flat list in the form of a vector or a matrix."""
    return shaped(line, (len(item), len(item[0]))) if isinstance(item[0], list) else line


def moved(theta, g, rate):
    """theta - rate g, over nested lists of the same form"""
    if isinstance(theta, list):
        return [moved(t, d, rate) for t, d in zip(theta, g, strict=True)]
    return theta - rate * g


# Conditions for writing a case


class Unsuitable(ValueError):
    """The seed's case does not fit its description; choose another seed."""


def require(condition, name, message):
    if not condition:
        raise Unsuitable(f"{name}: {message}; choose another seed")


def confirm_slope(name, f, point, gradients):
    """Compare gradients with a central difference of f along a random direction, which does not use the chain rule.

    f: a function of the arrays in `point`.  gradients: its gradients by them, in the same order.
    With h = 1e-15 the truncation error is of order h^2 = 1e-30 and the rounding error, at 50 digits, of order
    1e-50 / h = 1e-35, times the third derivative and the value of f; 1e-20 leaves room for both at the largest logits.
    """
    rng, h = random.Random(0), mp.mpf(10) ** -15
    direction = exact([[dyadic(rng, -1, 1, 64) for _ in flat(item)] for item in point])
    values = []
    for rate in (-h, h):
        lines = [moved(flat(item), along, rate) for item, along in zip(point, direction, strict=True)]
        values.append(f(*(like(line, item) for line, item in zip(lines, point, strict=True))))
    slope = mp.fdot(flat(gradients), flat(direction))
    difference = (values[0] - values[1]) / (2 * h)
    if abs(difference - slope) > mp.mpf(10) ** -20 * max(1, abs(slope)):
        raise ArithmeticError(f"{name}: the gradient gives the slope {slope}, a central difference {difference}")
