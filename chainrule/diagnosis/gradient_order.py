"""Whether the gradients come last layer first, as their shapes show it."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks

SEED, SAMPLES = 3, 7
ALL_DIFFERENT = ((6, 5, 4, 3), (5, 4, 3))  # sizes of layers; no array of one has the shape of another's


def come_reversed(impl: Boundary) -> bool:
    """Whether a list of gradients has the shapes of the parameters from the last to the first."""
    networks = Networks(impl)
    try:
        case = networks.at(networks.first(*ALL_DIFFERENT), SAMPLES, SEED)
        given = impl.backward(impl.network(case), case.x, case.y)
    except (SkipTest, Raised, Failure, StopIteration):
        return False
    pairs = [(shapes(found), shapes(right)) for found, right in zip(given, (case.weights, case.biases), strict=True)]
    turned = [found == right[::-1] != right for found, right in pairs]
    return any(turned) and all(
        is_turned or found == right for is_turned, (found, right) in zip(turned, pairs, strict=True)
    )


def shapes(arrays: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    return [np.shape(array) for array in arrays]
