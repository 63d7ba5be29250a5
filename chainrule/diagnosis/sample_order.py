"""Which samples training visits, and from where it begins, where that can be told from the parameters."""

from __future__ import annotations

from itertools import chain
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.diagnosis.model import Gradients
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks
from chainrule.specification.sampling import units, visits

SAMPLES = 5
PAIRS = 6  # samples that batches of two divide
MANY, TENTH = 130, 10  # samples and batches
STILL = 2.0**-40  # a rate at which nothing moves by much
FAR = 1e-3  # more than any parameter moves at a rate of STILL


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


def visits_again(impl: Boundary) -> bool:
    """Whether batches of an epoch, all of them or all but one, have samples in common."""
    return visited(impl, [2, 2, 2]) is False and visited(impl, [2, 2]) is False


def visits_all(impl: Boundary) -> bool:
    """Whether an epoch visits each of many samples once; a hundredth of them is more than one."""
    return visited(impl, [MANY // TENTH] * TENTH, MANY) is True


def visited(impl: Boundary, sizes: list[int], samples: int = PAIRS) -> bool | None:
    """Whether an epoch begins with disjoint batches of these sizes; None if that is not seen."""
    try:
        visits(impl, Networks(impl), samples, sizes[0], 1, 0, sizes)
    except Failure:
        return False
    except (SkipTest, Raised):
        return None
    return True


def takes_all(impl: Boundary) -> bool:
    """Whether every update of an epoch moves all samples, by one amount, although batches are smaller."""
    try:
        case = units(Networks(impl), PAIRS)
        model = impl.network(case)
        impl.fit(model, case.x, case.y, epochs=1, batch_size=2, lr=0.25, seed=0)
        rows = impl.parameters(model)[0][0][:PAIRS]
    except (SkipTest, Raised, Failure):
        return False
    return bool(np.allclose(rows, rows[0], rtol=1e-6, atol=0) and rows.any())


def begins_anew(impl: Boundary) -> bool:
    """Whether training forgets the parameters: at a rate of almost nothing they move far.

    If they move as far at another rate, it is the rate that training ignores.
    """

    def trained(rate: float) -> Gradients:
        model = impl.network(case)
        impl.fit(model, case.x, case.y, epochs=1, batch_size=SAMPLES, lr=rate, seed=0)
        return impl.parameters(model)

    try:
        case = Networks(impl).case(1, SAMPLES)
        after = trained(STILL)
        return unlike(after, (case.weights, case.biases)) and unlike(after, trained(0.5))
    except (SkipTest, Raised, Failure):
        return False


def unlike(first: Gradients, second: Gradients) -> bool:
    """Whether parameters are of other shapes, or far from each other."""
    pairs = zip(chain(*first), chain(*second), strict=False)
    return any(a.shape != b.shape or np.abs(a - b).max() > FAR for a, b in pairs)
