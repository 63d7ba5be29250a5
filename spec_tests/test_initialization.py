"""Chapter initialization: Xavier weights, zero biases, and the seed that decides them.

Each of the statistical specs fails a correct implementation with probability 1e-10 at most, by the tail bounds of
chainrule.mathematics.tail_bounds, which 08_initialization.md derives.
"""

import math
from itertools import combinations, pairwise

import numpy as np

from chainrule.boundary.errors import NotApplicable
from chainrule.mathematics.comparison import assert_equal, assert_shape, assert_that
from chainrule.mathematics.tail_bounds import distribution_tail, mean_tail, product_tail, variance_tail
from chainrule.specification.sampling import SHAPES, after_step, draws, layers_drawn, reached, scheme
from chainrule.specification.spec import spec

SEEDED = (6, 5, 4)  # the sizes of networks with different seeds
NETWORKS = 4  # networks with different seeds, all pairs of which are compared


def check_variance(drawn, comparisons, name, variance, what):
    """Compare each shape's mean square with the scheme's variance.

    drawn: {shape: weights}.  comparisons: how many the spec makes in all.
    """
    for shape, w in drawn.items():
        found, tail = float((w**2).mean()), variance_tail(w.size, comparisons)
        ratio = found / variance(*shape)
        assert_that(
            abs(ratio - 1) <= tail,
            f"{what} {shape}: the variance is {found:.4g}, {ratio:.3g} times the {variance(*shape):.4g} of {name} "
            f"(allowed: 1 +- {tail:.2g})",
            expected=variance(*shape),
            actual=found,
        )


@spec("initialization.shape")
def test_shape(impl):
    """xavier(fan_in, fan_out, rng) has the shape (fan_in, fan_out)."""
    impl.itself("xavier")
    for fan_in, fan_out in [(3, 5), (5, 3), (1, 4), (4, 1)]:
        weights = impl.xavier(fan_in, fan_out, np.random.default_rng(0))
        assert_shape(weights, (fan_in, fan_out), what=f"xavier({fan_in}, {fan_out}, rng)")


@spec("initialization.variance", after="initialization.shape")
def test_variance(impl, networks):
    """The weights' variance is 2 / (fan_in + fan_out), in wide, narrow, large and small layers."""
    name, variance = scheme(impl, networks)
    drawn = {shape: draws(impl, networks, *shape) for shape in reached(impl, SHAPES)}
    check_variance(drawn, len(drawn), name, variance, "xavier")


@spec("initialization.mean", after="initialization.shape")
def test_mean(impl, networks):
    """The weights' mean is zero."""
    _, variance = scheme(impl, networks)
    shapes = reached(impl, SHAPES)
    for shape in shapes:
        w = draws(impl, networks, *shape)
        spread = math.sqrt(max(variance(*shape), float((w**2).mean())))
        tail = spread * mean_tail(w.size, len(shapes))
        assert_that(
            abs(w.mean()) <= tail,
            f"xavier{shape}: the mean is {w.mean():.4g}, expected 0 +- {tail:.2g}",
            expected=0.0,
            actual=w.mean(),
        )


@spec("initialization.distribution", after=("initialization.variance", "initialization.mean"))
def test_distribution(impl, networks):
    """The weights have a uniform distribution, or a normal one (possibly cut off at two standard deviations)."""
    _, variance = scheme(impl, networks)
    shape = reached(impl, [(50, 400), (400, 50), (784, 64)])[0]
    w = np.sort(draws(impl, networks, *shape).reshape(-1)) / math.sqrt(variance(*shape))
    n = w.size
    normal = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in w])
    uniform = np.clip(0.5 + w / (2 * math.sqrt(3)), 0, 1)
    # A normal distribution truncated at two sigma has a standard deviation of 0.8796 sigma; here it is rescaled to 1.
    edge = 0.5 * math.erfc(2 / math.sqrt(2))
    scaled = np.array([0.5 * (1 + math.erf(value * 0.87962566103423978 / math.sqrt(2))) for value in w])
    truncated = np.clip((scaled - edge) / (1 - 2 * edge), 0, 1)
    tail = distribution_tail(n, 1) + 1 / n
    steps = np.arange(1, n + 1) / n
    distances = {
        name: float(np.abs(steps - cdf).max())
        for name, cdf in [("uniform", uniform), ("normal", normal), ("truncated", truncated)]
    }
    assert_that(
        min(distances.values()) <= tail,
        f"the distribution of xavier{shape} is neither uniform nor normal: its distribution function is off by "
        f"{distances['uniform']:.3g} from the one and {distances['normal']:.3g} from the other, allowed {tail:.2g}",
    )


@spec("initialization.independence", after="initialization.shape")
def test_independence(impl, networks):
    """Columns, rows and layers neither repeat each other nor are correlated."""
    fan_in, fan_out = reached(impl, [(400, 30), (784, 30)])[0]
    w = draws(impl, networks, fan_in, fan_out, entries=2 * fan_in * fan_out)
    families = {f"columns of xavier({fan_in}, {fan_out}, rng)": w[0].T}
    if impl.reaches_layer(30, 400):
        families["rows of xavier(30, 400, rng)"] = draws(impl, networks, 30, 400, entries=12_000)[0]
    assert_uncorrelated(impl, families | {"successive layers drawn from one generator": w.reshape(len(w), -1)})


def seeded(impl):
    """Raise NotApplicable if the weights do not depend on a seed that a spec can set."""
    if impl.conventions["seeding"].value == "none":
        raise NotApplicable("neither a seed nor NumPy's global generator decides the weights")


def assert_uncorrelated(impl, families):
    """Within each family, vectors differ and are not correlated beyond chance (under `any`, they only differ).

    families: {what the vectors are: the vectors as rows}.
    """
    compared = {what: vectors for what, vectors in families.items() if len(vectors) > 1}
    tail = product_tail(max(1, sum(math.comb(len(vectors), 2) for vectors in compared.values())))
    for what, vectors in compared.items():
        assert_family_uncorrelated(impl, vectors, what, tail)


def assert_family_uncorrelated(impl, vectors, what, tail):
    """The same for one family, whose products may not exceed `tail`."""
    if impl.conventions["initialization"].value == "any":
        if not vectors.any() and impl.fits((4, 5, 3)) is None:
            raise NotApplicable("without a hidden layer the loss is convex, so zero weights are a valid start")
        assert_that(len(np.unique(vectors, axis=0)) == len(vectors), f"two of the {what} are the same")
        return
    scale = np.sqrt((vectors**2) @ (vectors**2).T)
    assert_that((np.diagonal(scale) > 0).all(), f"one of the {what} is zero")
    r = np.abs(vectors @ vectors.T) / np.where(scale > 0, scale, 1.0)
    np.fill_diagonal(r, 0.0)
    i, j = np.unravel_index(int(r.argmax()), r.shape)
    assert_that(
        r.max() <= tail,
        f"{what} {min(i, j)} and {max(i, j)} have a product of {r.max():.3g} standard deviations, allowed {tail:.2g}",
    )


@spec("initialization.generator", after="initialization.shape")
def test_generator(impl):
    """The generator decides the weights: the same state gives the same weights, and drawing changes the state."""
    impl.itself("xavier")
    rng, twin = np.random.default_rng(7), np.random.default_rng(7)
    first, second = impl.xavier(6, 4, rng), impl.xavier(6, 4, rng)
    assert_equal(impl.xavier(6, 4, twin), first, what="xavier from a generator in the same state")
    assert_that(
        not np.array_equal(first, second, equal_nan=True), "xavier draws the same weights twice from one generator"
    )


@spec("initialization.sizes")
def test_sizes(impl, networks):
    """A network of sizes s[0..L] has L weights (s[l], s[l+1]) and L biases (s[l+1],)."""
    usual = ((4, 3), (2, 3, 2), (5, 7, 6, 4), (3, 8, 5, 7, 2), (6, 2, 5, 3, 7, 4))
    for sizes in networks.all(*usual, (5, 5, 5, 5), (7, 5, 6, 3, 8, 4, 9, 2, 3)):
        weights, biases = impl.parameters(impl.create(sizes, seed=0))
        for name, found in (("weights", weights), ("biases", biases)):
            assert_that(
                len(found) == len(sizes) - 1, f"MLP({list(sizes)}) has {len(found)} {name}, expected {len(sizes) - 1}"
            )
        for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
            assert_shape(w, (sizes[l], sizes[l + 1]), what=f"weights[{l}] of MLP({list(sizes)})")
            assert_shape(b, (sizes[l + 1],), what=f"biases[{l}] of MLP({list(sizes)})")


@spec("initialization.biases")
def test_biases(impl, networks):
    """Every bias of a new network is zero."""
    scheme(impl, networks)
    if impl.host.traits().biases == "none":
        raise NotApplicable("the network has no biases")
    wide = impl.fits((3, 1030, 4, 260)) or impl.fits((3, 1030, 2))
    inside = impl.host.traits().biases == "inside"
    for sizes in filter(None, (networks.first((5, 4, 6, 3), (5, 4, 3)), wide)):
        for seed in (0, 5):
            biases = impl.parameters(impl.create(sizes, seed=seed))[1]
            if inside and any(len(np.unique(b)) > 1 for b in biases):
                raise NotApplicable("the weights contain the biases, which are drawn with them")
            for l, b in enumerate(biases):
                assert_equal(b, np.zeros_like(b), what=f"biases[{l}] of a new network")


@spec("initialization.network_variance", after="initialization.sizes")
def test_network_variance(impl, networks):
    """Every layer of a new network has weights of mean zero, with the variance for its fan-in and fan-out."""
    name, variance = scheme(impl, networks)
    layers = layers_drawn(impl, networks)
    comparisons = 2 * len(layers)  # a variance and a mean each
    check_variance(layers, comparisons, name, variance, "a new network's layer")
    for shape, w in layers.items():
        tail = math.sqrt(variance(*shape)) * mean_tail(w.size, comparisons)
        assert_that(
            abs(w.mean()) <= tail,
            f"a new network's layer {shape}: the mean is {w.mean():.4g}, expected 0 +- {tail:.2g}",
        )


@spec("initialization.layers_differ", after="initialization.sizes")
def test_layers_differ(impl, networks):
    """The layers of a network are drawn independently, and so are their columns."""
    (seed,) = networks.seeds([3])
    weights, _ = impl.parameters(impl.create(networks.first((32, 32, 32, 32), (32, 32, 32)), seed=seed))
    alike = [w for w in weights if w.shape == weights[-1].shape]
    families = {"layers of a new network": np.stack([w.reshape(-1) for w in alike]).astype(float)}
    sizes = networks.first((300, 12, 300, 8), (300, 12, 8), (300, 12))
    tall = [w for w in impl.parameters(impl.create(sizes, seed=seed))[0] if w.shape[0] >= w.shape[1] > 1]
    for l, w in enumerate(tall):
        families[f"columns of the layer {l} of the shape {w.shape}"] = w.T.astype(float)
    if len(alike) < 2 and not tall:
        raise impl.no_network("with layers or columns to compare")
    assert_uncorrelated(impl, families)


@spec("initialization.seed", after="initialization.sizes")
def test_seed(impl, networks):
    """The seed decides every parameter of a new network, whatever the state of NumPy's global generator."""
    seeded(impl)
    sizes, (seed,) = networks.first(SEEDED, (6, 4)), networks.seeds([11])
    state = np.random.get_state()
    try:
        np.random.seed(1)
        first = impl.parameters(impl.create(sizes, seed=seed))
        np.random.seed(2)
        second = impl.parameters(impl.create(sizes, seed=seed))
    finally:
        np.random.set_state(state)
    for l, (a, b) in enumerate(zip(first[0] + first[1], second[0] + second[1], strict=True)):
        assert_equal(b, a, what=f"parameter array {l} of a second network with the same seed")


@spec("initialization.seeds_differ", after="initialization.seed")
def test_seeds_differ(impl, networks):
    """Different seeds give different weights, in every layer."""
    seeded(impl)
    if impl.conventions["seeding"].value == "fixed":
        raise NotApplicable("the weights come from a seed fixed in the code")
    sizes = networks.first(SEEDED, (6, 4))
    weights = {seed: impl.parameters(impl.create(sizes, seed=seed))[0] for seed in networks.seeds(range(NETWORKS))}
    for one, other in combinations(weights, 2):
        for l, (a, b) in enumerate(zip(weights[one], weights[other], strict=True)):
            assert_that(
                not np.array_equal(a, b, equal_nan=True), f"weights[{l}] are the same for the seeds {one} and {other}"
            )


@spec("initialization.fresh", after="initialization.sizes")
def test_fresh(impl, networks):
    """A new network shares parameters with no other one, nor do its layers: changing one leaves the others alone."""
    sizes = networks.first((4, 3, 2), (4, 2))
    first = impl.create(sizes, seed=0)
    before = impl.parameters(first)
    second = impl.create(sizes, seed=1)
    layers = list(enumerate(pairwise(sizes), 2))
    impl.assign(
        second, [np.full(fans, float(l)) for l, fans in layers], [np.full(fans[1], l + 2.0) for l, fans in layers]
    )
    assert_same(before, impl.parameters(first), "of one network after another was changed")
    twin = impl.create(sizes, seed=0)
    alike = all(map(np.array_equal, before[0], impl.parameters(twin)[0]))
    ones = [np.ones(fans) for _, fans in layers], [np.ones(fans[1]) for _, fans in layers]
    if after_step(impl, twin, ones, 0.5) is not None:
        assert_same(before, impl.parameters(first), "of one network after a step of another with the same seed")
        if alike:
            made = impl.parameters(impl.create(sizes, seed=0))
            assert_same(before, made, "of a new network after a step of an earlier one with the same seed")
    square = impl.fits((4, 6, 6, 6, 3)) or impl.fits((5, 5, 5))
    moved = [] if square is None else [moved_biases(impl, square, l) for l in range(len(square) - 1)]
    for (l, by_l), (m, by_m) in combinations(enumerate(moved), 2):
        assert_that(not (m in by_l and l in by_m), f"biases[{l}] and biases[{m}] of a new network are one array")


def moved_biases(impl, sizes, l):
    """The layers whose biases a step changes that has a gradient for the biases of layer l alone."""
    model = impl.create(sizes, seed=0)
    before = impl.parameters(model)[1]
    layers = list(enumerate(pairwise(sizes)))
    grads = [np.zeros(fans) for _, fans in layers], [np.full(fans[1], float(m == l)) for m, fans in layers]
    after = after_step(impl, model, grads, 0.5)
    return [] if after is None else [m for m, b in enumerate(after[1]) if not np.array_equal(b, before[m])]


def assert_same(before, after, what):
    """Check that weights and biases are what they were."""
    for l, (a, b) in enumerate(zip(before[0] + before[1], after[0] + after[1], strict=True)):
        assert_equal(b, a, what=f"parameter array {l} {what}")
