"""Cases: networks of given parameters, each with a batch, on which the specs check an implementation."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.mathematics.rounding import Analysis
from chainrule.reference import MLP

GRID = 2.0**-10
MARGIN = 2.0**-9  # the least distance of a hidden pre-activation from the kink at zero
# All sizes of a network differ from each other and from the batch sizes, so that every mix-up of axes shows.
SIZES = {0: (4, 3), 1: (3, 5, 2), 2: (4, 6, 5, 3), 3: (5, 8, 4, 6, 3), 4: (6, 4, 9, 5, 8, 3)}
SMALLEST = (2, 3, 2)
NARROW = ((3, 1, 2), (1, 4, 2))  # a layer of one unit, and a single input: an axis of length 1 must not disappear
# Powers of two for the size of inputs, {precision: powers}: squares of weights, as of a penalty, do not overflow.
RESCALED = {"float64": (-40, 40), "float32": (-28, 28)}


@dataclass(frozen=True)
class Case:
    """A network of given parameters, and a batch: x (N, s[0]), y (N,)."""

    sizes: Sequence[int]
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray

    def network(self) -> MLP:
        """The reference network with copies of these parameters, which a spec may train or change."""
        return reference(self.sizes, self.weights, self.biases)

    @cached_property
    def analyses(self) -> dict[Hashable, Analysis]:
        """The exact values and their errors: {(unit roundoff, epsilon): an analysis}."""
        return {}

    @cached_property
    def reference(self) -> MLP:
        """The reference network with these parameters, shared between specs, which must not change it."""
        network = self.network()
        for parameters in (*network.weights, *network.biases):
            parameters.flags.writeable = False
        return network

    def __str__(self) -> str:
        return f"sizes {list(self.sizes)}, a batch of {len(self.x)}"


def reference(sizes: Sequence[int], weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> MLP:
    """The reference network with copies of these parameters."""
    network = MLP(sizes)
    network.weights, network.biases = [w.copy() for w in weights], [b.copy() for b in biases]
    return network


@lru_cache(maxsize=256)
def network_case(sizes: tuple[int, ...], n: int, seed: int = 0, margin: float = MARGIN) -> Case:
    """Parameters and a batch on the grid, with every hidden pre-activation at least `margin` from the kink at zero.

    Labels run through all classes if n allows, and the last class always occurs.  If a unit comes too near its kink,
    its bias moves by the smallest sufficient amount.
    """
    rng = np.random.default_rng([seed, n, *sizes])
    x = grid(rng.normal(size=(n, sizes[0])))
    a, weights, biases = x, [], []
    for fan_in, fan_out in pairwise(sizes):
        weights.append(grid(rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))))
        b = grid(rng.normal(scale=0.5, size=fan_out))
        z = a @ weights[-1]
        biases.append(b + np.array([clearance(z[:, j] + b[j], margin) for j in range(fan_out)]))
        a = np.maximum(z + biases[-1], 0)
    biases[-1] = b  # logits have no kink
    return Case(sizes, weights, biases, x, rng.permutation((sizes[-1] - 1 - np.arange(n)) % sizes[-1]))


def clearance(z: np.ndarray, margin: float) -> float:
    """The smallest shift on the grid that takes every entry at least `margin` away from zero."""
    unit = max(np.ceil(margin / GRID), 1.0) * GRID / 2
    steps = 0
    while True:
        for shift in (steps * unit, -steps * unit):
            if np.abs(z + shift).min() >= margin:
                return float(shift)
        steps += 1


def grid(values: np.ndarray) -> np.ndarray:
    """Values rounded to multiples of 2^-10, but never to zero."""
    rounded = np.round(values / GRID) * GRID
    return np.where(rounded == 0, GRID, rounded)


def sizes_of(depth: int) -> tuple[int, ...]:
    """Layer sizes, all different, of a network with `depth` hidden layers."""
    return SIZES.get(depth) or (5, *range(6, 6 + depth), 3)


def image(case: Case, dtype: type[np.integer[Any]]) -> Case:
    """A case with bytes as inputs, first weights scaled to fit them, and labels of the same type."""
    pixels = np.random.default_rng(case.sizes).integers(0, 256, size=case.x.shape).astype(dtype)
    labels = case.y.astype(dtype) if case.sizes[-1] <= np.iinfo(dtype).max else case.y
    return Case(case.sizes, [case.weights[0] * 2.0**-8, *case.weights[1:]], case.biases, pixels, labels)


def rescaled(case: Case, power: int) -> Case:
    """The case with inputs of 2^power times the size, the first hidden layer of 2^-power times, and so on in turn.

    Weights and biases are scaled to fit, so that the logits stay as they are: network.rescaling.
    """
    scale = [2.0 ** (power if l % 2 == 0 else -power) for l in range(len(case.weights))] + [1.0]
    weights = [w * (after / before) for w, (before, after) in zip(case.weights, pairwise(scale), strict=True)]
    biases = [b * after for b, after in zip(case.biases, scale[1:], strict=True)]
    return Case(case.sizes, weights, biases, case.x * scale[0], case.y)
