"""In which order training visits the samples, where that can be told from the parameters."""

from __future__ import annotations

from unittest import SkipTest

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks
from chainrule.specification.sampling import visits

SAMPLES = 5


def not_shuffled(impl: Boundary) -> bool:
    """Whether every epoch visits the samples as they are given, whatever the seed."""
    networks = Networks(impl)
    given = [[i] for i in range(SAMPLES)]
    try:
        return all(
            visits(impl, networks, SAMPLES, 1, epochs, seed) == given for epochs, seed in ((1, 0), (1, 1), (2, 0))
        )
    except (SkipTest, Raised, Failure):
        return False
