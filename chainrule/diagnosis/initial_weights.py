"""Which initialization it is, from what a network's first weights and biases are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import Raised
from chainrule.diagnosis import Mistake, mistakes
from chainrule.mathematics.comparison import Failure
from chainrule.mathematics.tail_bounds import variance_tail
from chainrule.specification.networks import Networks
from chainrule.specification.sampling import SHAPES, VARIANCES, draws, layers_drawn, reached

Shape = tuple[int, int]

GREAT = 300  # inputs or units of a large layer
QUICK: tuple[Shape, ...] = ((400, 50), (50, 400))  # on which a scheme shows quickly, drawn once each
LAYERS = ((60, 150, 20, 90), (60, 150, 20), (60, 90))  # sizes of networks whose layers are distinguished
NETWORKS = 8
FEWEST_DIGITS = 4  # a weight with no more digits was rounded


def initial_mistakes(impl: Boundary, clause: str) -> Iterator[tuple[Mistake, str]]:
    """(mistake, what was found) for a clause of the initialization that does not hold."""
    try:
        if clause in ("initialization.variance", "initialization.mean"):
            yield from of_weights({shape: draws(impl, Networks(impl), *shape) for shape in reached(impl, SHAPES)}, impl)
        elif clause == "initialization.network_variance":
            yield from of_weights(layers_drawn(impl, Networks(impl)), impl)
        elif clause == "initialization.biases":
            yield from of_biases(impl)
    except (SkipTest, Raised, Failure):
        return


def root_of_all(impl: Boundary) -> tuple[Mistake, str] | None:
    """The mistake that spoils every statistic of the weights at once, and what was found."""
    catalogue, networks = mistakes(), Networks(impl)
    try:
        fan_in, fan_out = reached(impl, [(7, 5), (5, 4)])[0]
        first, second = (np.asarray(impl.xavier(fan_in, fan_out, np.random.default_rng(seed))) for seed in (1, 2))
        if impl.conventions["seeding"].value != "fixed" and np.array_equal(first, second) and first.any():
            by = "init-seed-fixed" if impl.goes_through("xavier") else "init-generator-unused"
            return catalogue[by], "two different generators give the same weights"
        w = np.asarray(impl.parameters(impl.create(networks.first(*LAYERS), seed=5))[0][0])
    except (SkipTest, Raised, Failure):
        return None
    if not np.unique(np.abs(w)).size > 1:
        return None
    for decimals in range(1, FEWEST_DIGITS + 1):
        if np.array_equal(w, np.round(w, decimals)):
            return catalogue["init-rounded"], f"all weights of a new network have {decimals} decimals"
    for turned, parts in ((w, "rows"), (w.T, "columns")):
        if len(np.unique(np.abs(turned), axis=0)) < len(turned):
            return catalogue["init-units-alike"], f"two {parts} of a new network's first weights are the same"
    return None


def quickly_right(impl: Boundary) -> bool:
    """Whether the variance of two layers is the declared scheme's, within chance: before all specs are asked."""
    scheme = VARIANCES.get(impl.conventions["initialization"].value)
    try:
        networks, shapes = Networks(impl), reached(impl, list(QUICK))
        drawn = {(m, n): draws(impl, networks, m, n, entries=1) for m, n in shapes}
    except (SkipTest, Raised, Failure):
        return False
    return fits(drawn, scheme)


def of_weights(drawn: Mapping[Shape, np.ndarray], impl: Boundary) -> Iterator[tuple[Mistake, str]]:
    """The schemes whose variance the weights have on every shape, within chance."""
    declared = impl.conventions["initialization"].value
    catalogue = mistakes()
    if all(w.min() == w.max() for w in drawn.values()):
        yield catalogue["init-zero"], f"every weight is {next(iter(drawn.values())).flat[0]:g}"
        return
    if all(float(w.min()) >= 0 for w in drawn.values()):
        count = sum(w.size for w in drawn.values())
        yield catalogue["init-positive"], f"the smallest of {count} weights is not negative"
        return
    if fits(drawn, VARIANCES.get(declared)):
        return
    yield from list(of_schemes(drawn, declared)) or of_large_layers(drawn, declared)


def of_schemes(drawn: Mapping[Shape, np.ndarray], declared: str) -> Iterator[tuple[Mistake, str]]:
    for mistake in mistakes().values():
        if mistake.scheme is not None and any(fits(drawn, option) for option in options(mistake)):
            shape, w = next(iter(drawn.items()))
            right = VARIANCES[declared](*shape) if declared in VARIANCES else float("nan")
            yield mistake, f"on {shape} the variance is {float((w**2).mean()):.4g}, {declared}'s would be {right:.4g}"


def of_large_layers(drawn: Mapping[Shape, np.ndarray], declared: str) -> Iterator[tuple[Mistake, str]]:
    different = [shape for shape, w in drawn.items() if not fits({shape: w}, VARIANCES.get(declared), len(drawn))]
    if len(different) < len(drawn) and all(max(shape) >= GREAT for shape in different):
        found = (
            f"the variance of {different[0]} is {float((drawn[different[0]] ** 2).mean()):.4g}, of smaller ones right"
        )
        yield mistakes()["init-large-layers"], found


def options(mistake: Mistake) -> list[object]:
    """The schemes that a mistake stands for, each as a function of the fans."""
    assert mistake.scheme is not None
    count = np.size(mistake.scheme(3.0, 5.0))
    scheme = mistake.scheme
    return [lambda fan_in, fan_out, i=i: float(np.reshape(scheme(fan_in, fan_out), -1)[i]) for i in range(count)]


def fits(drawn: Mapping[Shape, np.ndarray], scheme: object, comparisons: int = 0) -> bool:
    """Whether the mean squares are those of a scheme, on every shape.

    comparisons: how many are made in all, if more than these.
    """
    if not callable(scheme):
        return False
    for shape, w in drawn.items():
        variance = scheme(*shape)
        if not variance or abs(float((w**2).mean()) / variance - 1) > variance_tail(w.size, comparisons or len(drawn)):
            return False
    return True


def of_biases(impl: Boundary) -> Iterator[tuple[Mistake, str]]:
    networks = Networks(impl)
    biases: Sequence[np.ndarray] = impl.parameters(impl.create(networks.first((5, 4, 6, 3), (5, 4, 3)), seed=0))[1]
    constant = all(len(np.unique(b)) == 1 for b in biases)
    mistake = mistakes()["init-bias-constant" if constant else "init-bias-random"]
    yield mistake, f"biases[0] of a new network is {np.array2string(biases[0], precision=3, threshold=6)}"
