"""Weights with which a network's logits are its inputs: rounding.through_the_network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass


LOWEST = -1e4  # the logit that stands for log 0: its exponential is 0 in every precision
BELOW = 80.0  # how far the logits of superfluous classes lie below the others: their p is below any rounding, not 0
DEEPEST = 8
Fits = Callable[[Sequence[int]], "tuple[int, ...] | None"]
Parameters = tuple[list[np.ndarray], list[np.ndarray]]


def passing_sizes(fits: Fits, classes: int) -> tuple[int, ...] | None:
    """The sizes of a network that can pass on so many logits, with the fewest hidden layers; or None."""
    for depth in range(DEEPEST + 1):
        sizes = fits((classes, *[2 * classes] * depth, classes))
        if sizes and min(sizes[0], sizes[-1]) >= classes and all(size >= 2 * classes for size in sizes[1:-1]):
            return sizes
    return None


def passing_parameters(sizes: Sequence[int], classes: int, lowest: float = 0.0) -> Parameters:
    """Parameters with which the first `classes` logits are the first inputs; the other logits lie below `lowest`."""
    weights = [np.zeros(fans) for fans in pairwise(sizes)]
    biases = [np.zeros(size) for size in sizes[1:]]
    eye, last = np.eye(classes), len(weights) - 1
    if last == 0:
        weights[0][:classes, :classes] = eye
    else:
        weights[0][:classes, : 2 * classes] = np.hstack([eye, -eye])
        for w in weights[1:-1]:
            w[: 2 * classes, : 2 * classes] = np.eye(2 * classes)
        weights[-1][: 2 * classes, :classes] = np.vstack([eye, -eye])
    biases[-1][classes:] = lowest - BELOW
    return weights, biases


def layer_sizes(fits: Fits, fan_in: int, fan_out: int) -> tuple[int, ...] | None:
    """The sizes of a network whose first layer is (fan_in, fan_out), or None."""
    for depth in range(DEEPEST + 1):
        sizes = fits((fan_in, fan_out, *[3] * depth))
        if sizes and sizes[:2] == (fan_in, fan_out):
            return sizes
    return None


def surprises(p: np.ndarray) -> np.ndarray:
    """log p, with the lowest logit for the logarithm of zero."""
    with np.errstate(divide="ignore"):
        return np.where(p > 0, np.log(p), LOWEST)
