"""Whether a network computes with fewer digits than its parameters have."""

from __future__ import annotations

from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks

COARSER = (
    "the weights of a new network have the digits of float64, and what it computes has those of float32: somewhere the "
    "numbers are rounded on the way, and the bounds of this check are float32's"
)


def coarser(impl: Boundary) -> tuple[str, ...]:
    """The note on a network of float64 that was found to compute in float32; none where that is declared."""
    precision = impl.conventions["precision"]
    if precision.value != "float32" or precision.source == "declared" or not impl.has_network:
        return ()
    try:
        weights, _ = impl.parameters(impl.create(Networks(impl).first(), seed=0))
    except (SkipTest, Raised, Failure):
        return ()
    finer = any(not np.array_equal(w, np.asarray(w, np.float32)) for w in weights)
    return (COARSER,) if finer else ()
