"""Samples of an implementation's weights, and of the order in which its training visits the data."""

import math
from collections.abc import Callable
from itertools import islice, pairwise
from unittest import SkipTest

import numpy as np

from chainrule.boundary.errors import NotApplicable, Raised
from chainrule.mathematics.cases import Case, reference
from chainrule.mathematics.comparison import Failure, assert_shape, assert_that
from chainrule.mathematics.identity import DEEPEST
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, errors, gamma, no_errors, step_errors, values
from chainrule.specification.analysis import analysis_of


def step_bound(impl, theta, change):
    """The error of theta - lr g in the implementation's arithmetic, which rounds lr, the product and the difference."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    return u * np.abs(theta) + gamma(3, u) * np.abs(change)


def batch_rate(impl, lr, size, batch_size):
    """The rate at which fit steps along the mean gradient of a batch of this size."""
    return lr * size / batch_size if impl.summed_fit else lr


def descend_once(impl, network, x, y, lr, off):
    """Take one step of the reference; returns the errors of parameters that had the errors `off` before."""
    exact = analysis_of(impl, network, Case(network.sizes, network.weights, network.biases, x, y), off)
    off = step_errors(network, exact, lr, impl.unit_roundoff, off)
    network.step(network.backward(x, y), lr)
    return off


def units(networks, n, classes=2):
    """A network with n unit vectors as inputs: only a visit to sample i moves row i of the first weights.

    Without a hidden layer the network starts from zero.  With hidden layers, the first weights are zero and the
    biases one, so that every hidden unit is on, and hidden unit k stands for class k.
    """
    sizes = networks.first(*((n, *[4] * depth, classes) for depth in range(DEEPEST + 1)))
    if sizes[0] < n or min(sizes[1:]) < classes:
        raise networks.impl.no_network(f"with {n} inputs and {classes} units a layer")
    weights = [np.zeros(fans) for fans in pairwise(sizes)]
    for w in weights[1:]:
        w[:classes, :classes] = np.eye(classes)
    biases = [np.ones(size) for size in sizes[1:]]
    biases[-1] = np.where(np.arange(sizes[-1]) < classes, 0.0, -1000.0)  # classes that do not occur
    return Case(sizes, weights, biases, np.eye(n, sizes[0]), np.zeros(n, dtype=int))


def cuts(n, batch_size):
    """The possible sizes of an epoch's batches."""
    usual = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    equal = [[len(part) for part in np.array_split(np.arange(n), k)] for k in (len(usual), max(n // batch_size, 1))]
    return [usual, *(sizes for sizes in equal if sizes != usual)]


def visits(impl, networks, n, batch_size, epochs, seed, sizes=None):
    """The batches of the last of `epochs` epochs, in order, as lists of samples.  sizes: of batches, if not the usual.

    Only a visit to sample i moves row i of the first weights, by an amount that depends on the other parameters at that
    moment.  All labels are 0, so the other parameters move in one direction and every moment has its own amount.  The
    moved rows therefore show the batches (training.every_sample).
    """
    case = units(networks, n)
    lr = 0.5 if len(case.sizes) == 2 else 0.125  # smaller with hidden layers, so that all units stay on
    if epochs > 2:
        lr /= 2 ** math.ceil(math.log2(epochs))
    before, after = trained_on(impl, case, batch_size, epochs, seed, lr)
    network = reference(case.sizes, *before)
    moved, off, rest, batches = after[0][0], no_errors(network), list(range(n)), []
    for size in sizes or cuts(n, batch_size)[0]:
        rate = batch_rate(impl, lr, size, batch_size)
        expected, bound = moves(impl, network, case, rest, rate / size, off)
        near = np.abs(network.weights[0][rest] - expected - moved[rest]) <= bound
        batch = [i for i, close in zip(rest, near.all(axis=1), strict=True) if close]
        chosen = (batch or rest)[:size]
        later = reference(case.sizes, network.weights, network.biases)
        later_off = descend_once(impl, later, case.x[chosen], case.y[chosen], rate, off)
        others = [i for i in rest if i not in chosen]
        if others:
            follows, wider = moves(impl, later, case, others, rate / size, later_off)
            at = [rest.index(i) for i in others]
            if not (np.abs(follows - expected[at]) > bound[at] + wider).any(axis=1).all():
                precision = impl.conventions["precision"].value
                raise NotApplicable(f"{precision} is too coarse to tell one update of an epoch from the next")
        if len(batch) != size:
            unmoved = [i for i in range(n) if np.array_equal(before[0][0][i], moved[i])]
            never = f"; never visited: {unmoved}" if unmoved else ""
            assert_that(
                False,
                f"epoch {epochs} of fit with {n} samples in batches of {batch_size}: "
                f"update {len(batches) + 1} should be the mean "
                f"gradient of {size} of the samples not yet visited, found {len(batch)} that were moved so{never}",
                actual=moved - before[0][0],
            )
        batches.append(batch)
        network, off, rest = later, later_off, others
    return batches


def moves(impl, network, case, samples, scale, off):
    """How far a visit to a batch lowers its samples' rows of the first weights, and the rows' errors then."""
    batch = Case(case.sizes, network.weights, network.biases, case.x[samples], case.y[samples])
    exact = analysis_of(impl, network, batch, off)
    share = scale * len(samples)  # a row of the mean gradient is its sample's gradient over the batch size
    change = share * values(exact.weight_grads)[0][samples]
    error = share * errors(exact.weight_grads)[0][samples] + off[0][0][samples]
    return change, error + step_bound(impl, network.weights[0][samples] - change, change)


def trained_on(impl, case, batch_size, epochs, seed, lr):
    """The parameters before and after the last of `epochs` epochs on the case's samples."""
    model = impl.network(case)
    states = [(case.weights, case.biases)]

    def go_on(count):
        impl.fit(model, case.x, case.y, epochs=count, batch_size=batch_size, lr=lr, seed=seed)
        weights, biases = impl.parameters(model)
        states.append(([w.astype(float) for w in weights], [b.astype(float) for b in biases]))

    if epochs > 1:
        go_on(epochs - 1)
    if epochs > 1 and repeats(impl, case, batch_size, lr, seed):
        model = impl.network(case)
        go_on(epochs)
    else:  # one further epoch, as a second training would have other orders
        go_on(1)
    return states[-2], states[-1]


def repeats(impl, case, batch_size, lr, seed):
    """Whether a second training with the same seed takes the samples in the same orders.

    Where nothing decides the initial weights, fit may still repeat: by a seed of its own, or as the code has no
    function that makes the weights and chainrule seeds the global generator before each training.  Two random epochs
    of 6 samples have the same batches of 3 with probability 1 / 20, and TRIED of them with 4e-11; smaller batches less.
    """
    if impl.conventions["seeding"].value != "none":
        return True

    def trained():
        model = impl.network(case)
        impl.fit(model, case.x, case.y, epochs=TRIED, batch_size=batch_size, lr=lr, seed=seed)
        return impl.parameters(model)[0][0]

    return np.array_equal(trained(), trained())


TRIED = 8  # epochs of the trainings that `repeats` compares
SHAPES = [(400, 50), (50, 400), (784, 64), (4, 2), (2, 5), (100, 100), (4100, 5), (5, 4100)]
SMALL = (2, 5)  # of these, where one more input makes a difference
ENTRIES = 20_000  # weights drawn of each shape, in as many layers as that takes
VARIANCES: dict[str, Callable[[int, int], float]] = {
    "xavier": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, fan_out: 2 / fan_in,
    "lecun": lambda fan_in, fan_out: 1 / fan_in,
}


def scheme(impl, networks):
    """The declared initialization's variance as a function of the fans."""
    declared = impl.conventions["initialization"].value
    if declared == "any":
        raise NotApplicable("the initialization is declared to be `any`")
    variance = VARIANCES[declared]
    if impl.host.traits().biases == "inside" and counts_bias(impl, networks, variance):
        return declared, lambda fan_in, fan_out: variance(fan_in + 1, fan_out)
    return declared, variance


def counts_bias(impl, networks, variance):
    """Whether the weights of small layers are rather those of layers with one more input, which is the bias."""
    fan_in, fan_out = SMALL if impl.reaches_layer(*SMALL) else reached(impl, SHAPES)[0]
    found = float((draws(impl, networks, fan_in, fan_out) ** 2).mean())
    return abs(found / variance(fan_in + 1, fan_out) - 1) < abs(found / variance(fan_in, fan_out) - 1)


def seeds(impl, count):
    """A seed for each network of a statistic; only one if every new network has the same weights."""
    return range(1 if impl.conventions["seeding"].value == "fixed" else count)


def reached(impl, shapes):
    """The shapes of which the implementation draws weights, by xavier or in a network's first layer."""
    found = [shape for shape in shapes if impl.reaches_layer(*shape)]
    if not found:
        raise impl.no_network(f"whose first layer is {' or '.join(map(str, shapes))}")
    return found


def draws(impl, networks, fan_in, fan_out, entries=ENTRIES):
    """At least `entries` weights, of as many layers as that takes, drawn from one generator."""

    def draw():
        rng = np.random.default_rng([*networks.seeds([1]), fan_in, fan_out])
        layers = max(1, entries // (fan_in * fan_out))
        if impl.goes_through("xavier"):
            layers = len(seeds(impl, layers))
        return impl.draws(fan_in, fan_out, rng, layers)

    found = networks.once(("xavier", fan_in, fan_out, entries), draw)
    for weights in found:
        assert_shape(weights, (fan_in, fan_out), what=f"xavier({fan_in}, {fan_out}, rng)")
    return np.stack(found).astype(np.float64)


# Sizes of networks whose layers are drawn: with all shapes different, with many layers, and with large ones, each with
# the number of networks, and with other sizes for code that fixes its depth.
LAYERED = (
    (((60, 150, 20, 90), (60, 150, 20), (60, 90)), 8),
    (((60, 50, 40, 30, 35, 45, 55, 25), (60, 50, 40, 30, 35, 45)), 8),
    (((1100, 12, 1030), (1100, 12, 1030, 9), (1100, 12)), 2),
)


def layers_drawn(impl, networks):
    """The weights of new networks: {the shape of a layer: the weights of all layers of this shape}."""
    (usual, count), *others = LAYERED
    chosen = [(networks.first(*usual), count)]
    for alternatives, count in others:
        chosen += [(sizes, count) for sizes in islice(filter(None, map(impl.fits, alternatives)), 1)]
    drawn = {}
    for sizes, count in dict.fromkeys(chosen):
        for seed in networks.seeds(seeds(impl, count)):
            for w in impl.parameters(impl.create(sizes, seed=seed))[0]:
                drawn.setdefault(w.shape, []).append(w)
    return {shape: np.stack(weights).astype(np.float64) for shape, weights in drawn.items()}


def after_step(impl, model, grads, lr):
    """The parameters after a step; None if the code shows none, or if the step fails."""
    try:
        impl.step(model, grads, lr)
        return impl.parameters(model)
    except (SkipTest, Raised, Failure):
        return None
