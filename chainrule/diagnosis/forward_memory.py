"""Whether what a network computes depends on chance, or on the batches before, as far as its output tells."""

from __future__ import annotations

from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks

SEED, SAMPLES = 3, 7


def unsteady(impl: Boundary) -> str:
    """The mistake that makes one batch get several outputs, by its id; an empty text if it does not."""
    networks = Networks(impl)
    case, before = networks.case(2, SAMPLES, SEED), networks.case(2, SAMPLES, SEED + 1)
    try:
        fresh, used = impl.network(case), impl.network(case)
        alone = impl.forward(fresh, case.x)
        if not np.allclose(alone, impl.forward(fresh, case.x)):
            return "forward-dropout"
        impl.forward(used, before.x)
        return "" if np.allclose(alone, impl.forward(used, case.x)) else "forward-stale"
    except (SkipTest, Raised, Failure):
        return ""
