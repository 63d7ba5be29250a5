"""Whether what a network computes depends on chance, on earlier batches, or on the weights that it was made with."""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import Failure
from chainrule.specification.networks import Networks

SEED, SAMPLES, BEFORE = 3, 7, 2


def unsteady(impl: Boundary) -> str:
    """The mistake that makes one batch get several outputs, by its id; an empty text if it does not."""
    networks = Networks(impl)
    try:
        case, before = networks.case(2, SAMPLES, SEED), networks.case(2, SAMPLES, SEED + 1)
        fresh, used = impl.network(case), impl.network(case)
        alone = impl.forward(fresh, case.x)
        if not np.allclose(alone, impl.forward(fresh, case.x)):
            return "forward-dropout"
        impl.forward(used, before.x)
        return "" if np.allclose(alone, impl.forward(used, case.x)) else "forward-stale"
    except (SkipTest, Raised, Failure):
        return ""


def remembers(impl: Boundary, name: str) -> bool:
    """Whether a batch that was given before gets what other parameters made of it.

    What the present parameters make of it shows in a network that gets the batch for the first time, and its samples in
    another order.  name: what the network is asked: `forward` or `predict`.
    """
    networks, ask = Networks(impl), getattr(impl, name)
    try:
        case, other = networks.case(2, SAMPLES, SEED + 2), networks.case(2, SAMPLES, SEED + 3)
        changed = Case(case.sizes, other.weights, other.biases, case.x, case.y)
        model = impl.network(case)
        ask(model, case.x)
        of_another = ask(impl.network(changed), case.x)
        impl.assign(model, changed.weights, changed.biases)
        of_present = ask(model, case.x)
        anew = ask(impl.network(changed), case.x[::-1])[::-1]
    except (SkipTest, Raised, Failure):
        return False
    return not all(np.shape(found) == np.shape(anew) and np.allclose(found, anew) for found in (of_another, of_present))


def stale(impl: Boundary) -> bool:
    """Whether a batch gets other gradients, or an exception, only after a batch of another size."""
    networks = Networks(impl)
    try:
        case, before = networks.case(2, SAMPLES, SEED), networks.case(2, BEFORE, SEED)
        alone = gradients(impl, impl.network(case), case)
        used = impl.network(case)
        gradients(impl, used, before)
    except (SkipTest, Raised, Failure):
        return False
    try:
        after = gradients(impl, used, case)
    except (SkipTest, Raised, Failure):
        return True
    return not all(np.allclose(a, b) for a, b in zip(alone, after, strict=True))


def of_first_weights(impl: Boundary, concern: str) -> bool:
    """Whether `forward` or `backward` is right for the weights of a new network, beside other biases, alone.

    With other weights the same batch must come out wrong: else it is the batch that makes the difference.
    """
    try:
        case = Networks(impl).case(2, SAMPLES, SEED)
        model = impl.create(case.sizes, seed=SEED)
        first = Case(case.sizes, [np.array(w) for w in impl.parameters(model)[0]], case.biases, case.x, case.y)
        return right_for(impl, model, first, concern) and not right_for(impl, model, case, concern)
    except (SkipTest, Raised, Failure):
        return False


def right_for(impl: Boundary, model: Any, case: Case, concern: str) -> bool:
    """Whether `forward` or `backward` is right for the parameters of a case.  Raises what the code raises."""
    impl.assign(model, case.weights, case.biases)
    found = gradients(impl, model, case) if concern == "backward" else [impl.forward(model, case.x)]
    network = case.network()
    weights, biases = network.backward(case.x, case.y)
    exact = [*weights, *biases] if concern == "backward" else [network.forward(case.x)]
    return all(a.shape == b.shape and np.allclose(a, b) for a, b in zip(found, exact, strict=True))


def gradients(impl: Boundary, model: Any, case: Any) -> list[np.ndarray]:
    """All gradients of a batch.  Raises what the code raises."""
    weights, biases = impl.backward(model, case.x, case.y)
    return [*weights, *biases]
