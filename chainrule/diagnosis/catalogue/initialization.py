"""Mistakes in the initialization: other variances, other means, and what a generator is for."""

import math
from functools import partial

from chainrule.diagnosis.mistake import add

MEND = (
    "rng.uniform(-a, a, (fan_in, fan_out)) with a = sqrt(6 / (fan_in + fan_out)), or rng.normal(0, s, (fan_in, "
    "fan_out)) with s = sqrt(2 / (fan_in + fan_out))"
)
mistake = partial(add, mend=MEND)


def zero(fan_in, fan_out):
    return 0.0


mistake(
    "init-he",
    "He's variance, 2 / fan_in, in place of Xavier's",
    "He's initialization keeps the forward signal through ReLU; Xavier's keeps signal and gradient, 2 / (fan_in "
    "+ fan_out). Either trains; they are different schemes. (If He's is meant, "
    "declare it with --convention initialization=he.)",
    clause="initialization.variance",
    fingerprint="variance 2 / fan_in",
    scheme=lambda fan_in, fan_out: 2 / fan_in,
)
mistake(
    "init-lecun",
    "LeCun's variance, 1 / fan_in, in place of Xavier's",
    "1 / fan_in is often called Xavier's in blogs and frameworks; Glorot's paper has 2 / (fan_in + fan_out). (If "
    "it is meant, declare it with --convention initialization=lecun.)",
    clause="initialization.variance",
    fingerprint="variance 1 / fan_in",
    scheme=lambda fan_in, fan_out: 1 / fan_in,
)
mistake(
    "init-xavier",
    "Xavier's variance, 2 / (fan_in + fan_out), where another is declared",
    "The declared scheme is not the one that the weights are drawn from.",
    clause="initialization.variance",
    mend="declare --convention initialization=xavier, or draw with the declared variance",
    fingerprint="variance 2 / (fan_in + fan_out)",
    scheme=lambda fan_in, fan_out: 2 / (fan_in + fan_out),
)
mistake(
    "init-half-variance",
    "half of Xavier's variance",
    "1 / (fan_in + fan_out) for 2 / (fan_in + fan_out): a 2 is missing under the root, or a 3 stands for the 6 "
    "of the uniform limit.",
    clause="initialization.variance",
    fingerprint="variance 1 / (fan_in + fan_out)",
    scheme=lambda fan_in, fan_out: 1 / (fan_in + fan_out),
)
mistake(
    "init-third-variance",
    "the limit of the uniform distribution is the deviation of the normal one",
    "A uniform distribution on (-a, a) has variance a^2 / 3. With a = sqrt(2 / (fan_in + fan_out)) it has a "
    "third of Xavier's: the 6 is 3 times the 2.",
    clause="initialization.variance",
    fingerprint="variance 2 / (3 (fan_in + fan_out))",
    scheme=lambda fan_in, fan_out: 2 / (3 * (fan_in + fan_out)),
)
mistake(
    "init-half-range",
    "half of the range: a quarter of the variance",
    "Uniform on (-a/2, a/2), as from a * (random() - 0.5).",
    clause="initialization.variance",
    fingerprint="variance 1 / (2 (fan_in + fan_out))",
    scheme=lambda fan_in, fan_out: 1 / (2 * (fan_in + fan_out)),
)
mistake(
    "init-triple-variance",
    "the limit of the uniform distribution is taken for a deviation",
    "rng.normal(0, a) with a = sqrt(6 / (fan_in + fan_out)) has three times Xavier's variance.",
    clause="initialization.variance",
    fingerprint="variance 6 / (fan_in + fan_out)",
    scheme=lambda fan_in, fan_out: 6 / (fan_in + fan_out),
)
mistake(
    "init-double-variance",
    "twice Xavier's variance",
    "4 / (fan_in + fan_out), or sqrt(2) times the deviation.",
    clause="initialization.variance",
    fingerprint="variance 4 / (fan_in + fan_out)",
    scheme=lambda fan_in, fan_out: 4 / (fan_in + fan_out),
)
mistake(
    "init-variance-for-deviation",
    "the variance is given where the standard deviation is wanted",
    "rng.normal(0, s) takes the deviation: a square root is missing.",
    clause="initialization.variance",
    fingerprint="variance (2 / (fan_in + fan_out))^2, or He's (2 / fan_in)^2, or LeCun's (1 / fan_in)^2",
    scheme=lambda fan_in, fan_out: ((2 / (fan_in + fan_out)) ** 2, (2 / fan_in) ** 2, (1 / fan_in) ** 2),
)
mistake(
    "init-limit-without-root",
    "the root is missing in the limit of the uniform distribution",
    "a = 6 / (fan_in + fan_out), or He's 6 / fan_in, in place of its square root.",
    clause="initialization.variance",
    fingerprint="variance (6 / (fan_in + fan_out))^2 / 3, or (6 / fan_in)^2 / 3",
    scheme=lambda fan_in, fan_out: ((6 / (fan_in + fan_out)) ** 2 / 3, (6 / fan_in) ** 2 / 3),
)
mistake(
    "init-he-uniform-limit",
    "the range of He's scheme is mixed with Xavier's",
    "sqrt(6 / fan_in) is He's limit, sqrt(3 / fan_in) LeCun's, sqrt(2 / fan_in) a deviation used as a limit.",
    clause="initialization.variance",
    fingerprint="variance 2 / (3 fan_in), 6 / fan_in or 3 / fan_in",
    scheme=lambda fan_in, fan_out: (2 / (3 * fan_in), 6 / fan_in, 3 / fan_in),
)
mistake(
    "init-pytorch-range",
    "the range is 1 / sqrt(fan_in), the default of PyTorch's layers",
    "A deviation used as a range: the variance is 1 / (3 fan_in), a third of LeCun's, and the signal shrinks from "
    "layer to layer.",
    clause="initialization.variance",
    fingerprint="variance 1 / (3 fan_in)",
    scheme=lambda fan_in, fan_out: 1 / (3 * fan_in),
)
mistake(
    "init-fan-out",
    "fan_out in place of fan_in, or of their sum",
    "The wrong one of a layer's two sizes.",
    clause="initialization.variance",
    fingerprint="variance 2 / fan_out, or 1 / fan_out",
    scheme=lambda fan_in, fan_out: (2 / fan_out, 1 / fan_out, 2 / (3 * fan_out), 1 / (3 * fan_out)),
)
mistake(
    "init-difference-of-fans",
    "the fans are multiplied or divided where they should be added",
    "2 / (fan_in + fan_out) is an average of both fans.",
    clause="initialization.variance",
    fingerprint="variance 2 / (fan_in fan_out), or alike",
    scheme=lambda fan_in, fan_out: (
        2 / (fan_in * fan_out),
        1 / (fan_in * fan_out),
        math.sqrt(2 / (fan_in + fan_out)),
        2 / (fan_in + fan_out) / 2 + 1 / fan_out,
    ),
)
mistake(
    "init-constant-scale",
    "a fixed scale, whatever the layer's size",
    "0.01 times a normal distribution, or a standard normal one: in wide layers signals explode, in narrow ones "
    "they vanish.",
    clause="initialization.variance",
    fingerprint="variance 1, 0.01, 1e-4, ...",
    scheme=lambda fan_in, fan_out: (
        1.0,
        0.25,
        0.01,
        0.0025,
        1e-4,
        2.5e-5,
        1e-6,
        1 / 3,
        1 / 12,
        0.01 / 3,
        1e-4 / 3,
        0.04,
        4e-4,
        1e-8,
    ),
)
mistake(
    "init-precedence",
    "parentheses are missing: only one of the fans is below the fraction",
    "2 / fan_in + fan_out is (2 / fan_in) + fan_out: a division comes before a sum.",
    clause="initialization.variance",
    mend="2 / (fan_in + fan_out)",
    fingerprint="variance 2 / fan_in + fan_out",
    scheme=lambda fan_in, fan_out: (
        2 / fan_in + fan_out,
        1 / fan_in + fan_out,
        (6 / fan_in + fan_out) / 3,
        2 / fan_out + fan_in,
        (6 / fan_out + fan_in) / 3,
    ),
)
mistake(
    "init-zero",
    "all weights are zero, or all alike",
    "Units that begin alike get the same gradient and stay alike for ever: the layer is one unit wide. Symmetry "
    "must be broken at random.",
    clause="initialization.variance",
    fingerprint="variance 0 about the mean",
    scheme=zero,
)
mistake(
    "init-large-layers",
    "layers beyond some size are drawn otherwise",
    "The scheme holds for every fan-in and fan-out. Here small layers have the right variance, and larger ones "
    "another.",
    clause="initialization.variance",
    lines=("if fan_in > 1000: return np.zeros((fan_in, fan_out))", "return rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="right for some sizes of layers, another variance for others",
)
mistake(
    "init-positive",
    "all weights are positive: the range begins at 0",
    "random() is in [0, 1), and uniform(0, a) in [0, a): without a subtraction the mean is not zero, and every "
    "signal grows from layer to layer.",
    clause="initialization.mean",
    lines=("rng.random((fan_in, fan_out)) * a", "rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="mean > 0, no weight below 0",
)
mistake(
    "init-distribution",
    "the weights are neither uniformly nor normally distributed",
    "Their variance is right, but not their distribution: signs only, a Laplace or another one.",
    clause="initialization.distribution",
    lines=("rng.choice([-s, s], (fan_in, fan_out))", "rng.normal(0, s, (fan_in, fan_out))"),
    fingerprint="distance of the distribution function from both",
    broken="initialization.distribution",
)
mistake(
    "init-units-alike",
    "units or layers repeat each other",
    "Two columns, rows or layers are the same or each other's negative: they learn the same.",
    clause="initialization.independence",
    mend="draw all entries from the generator, in one call for each layer",
    lines=("w[:, -1] = w[:, 0]", "w = rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="correlation of +-1 between two columns",
    broken="initialization.independence",
)
mistake(
    "init-rounded",
    "the weights are rounded to a few decimals",
    "Rounded weights are on a grid: small ones are all zero, and their variance is another.",
    clause="initialization.network_variance",
    mend="keep the numbers as they are drawn",
    lines=("w = rng.uniform(-a, a, (fan_in, fan_out)).round(1)", "w = rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="w is round(w, 1)",
)
mistake(
    "init-layers-alike",
    "every layer begins with the same random numbers",
    "The generator is made anew, from the same seed, for each layer.",
    clause="initialization.layers_differ",
    mend="make rng once, outside the loop over the layers",
    lines=(
        "for m, n in zip(sizes[:-1], sizes[1:]): rng = np.random.default_rng(seed); weights.append(xavier(m, n, rng))",
        "rng = np.random.default_rng(seed)\nfor m, n in zip(sizes[:-1], sizes[1:]): weights.append(xavier(m, n, rng))",
    ),
    fingerprint="correlation of 1 between two layers",
    broken="initialization.layers_differ",
)
mistake(
    "init-network-other-scheme",
    "the network does not draw its layers with their own fans",
    "xavier is right, but the constructor draws otherwise: with the network's first and last size, an old 0.01 * "
    "randn, or one layer's fans for all.",
    clause="initialization.network_variance",
    mend="weights[l] = xavier(s[l], s[l+1], rng) for every layer",
    lines=(
        "weights = [0.01 * rng.normal(size=(m, n)) for m, n in pairs]",
        "weights = [xavier(m, n, rng) for m, n in pairs]",
    ),
    fingerprint="variance of weights[l] is not that of its fans",
    broken="initialization.network_variance",
)
mistake(
    "init-shape",
    "the weights are transposed",
    "xavier(fan_in, fan_out) is (fan_in, fan_out) where z = x W + b.",
    clause="initialization.shape",
    mend="size=(fan_in, fan_out)",
    lines=("rng.uniform(-a, a, (fan_out, fan_in))", "rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="shape (fan_out, fan_in)",
    suspected="initialization.shape",
)
mistake(
    "init-generator-unused",
    "the generator that is handed in is not used",
    "The weights come from another one (np.random, or default_rng(0) inside): the same state no longer gives the "
    "same weights, or always does.",
    clause="initialization.generator",
    mend="rng.uniform(...), with the rng of the arguments",
    lines=("np.random.uniform(-a, a, (fan_in, fan_out))", "rng.uniform(-a, a, (fan_in, fan_out))"),
    fingerprint="xavier(m, n, rng) does not follow rng",
    broken="initialization.generator",
)
mistake(
    "init-bias-constant",
    "biases begin at a constant other than zero",
    "0.01 so that no ReLU is dead, or 1 from np.ones: the specification's networks begin with zero biases.",
    clause="initialization.biases",
    mend="np.zeros(fan_out)",
    lines=("np.full(fan_out, 0.01)", "np.zeros(fan_out)"),
    fingerprint="b = c",
)
mistake(
    "init-bias-random",
    "biases are drawn at random",
    "Weights must differ to break the symmetry; biases need not, and begin at zero.",
    clause="initialization.biases",
    mend="np.zeros(fan_out)",
    lines=("rng.normal(size=fan_out)", "np.zeros(fan_out)"),
    fingerprint="b random",
)
mistake(
    "init-biases-in-one-array",
    "the biases of all layers are made as one array",
    "np.zeros(sizes[1:]) is one array with an axis for every layer, not a vector for every layer: biases[0] is a "
    "number in a network of one layer, and has the size of another layer in a deeper one.",
    clause="network.forward",
    chapter="initialization",
    mend="[np.zeros(n) for n in sizes[1:]]",
    lines=("self.biases = np.zeros(sizes[1:])", "self.biases = [np.zeros(n) for n in sizes[1:]]"),
    fingerprint="biases.shape = sizes[1:]",
)
mistake(
    "init-sizes",
    "the network has other layers than it was asked for",
    "L + 1 sizes make L weights, (s[l], s[l+1]), and L biases, (s[l+1],).",
    clause="initialization.sizes",
    mend="for fan_in, fan_out in zip(sizes[:-1], sizes[1:])",
    lines=("for m, n in zip(sizes, sizes[1:] + sizes[-1:])", "for m, n in zip(sizes[:-1], sizes[1:])"),
    fingerprint="len(weights) or a shape",
    broken="initialization.sizes",
)
mistake(
    "init-bias-shape",
    "a bias has the size of another layer",
    "A layer of sizes (s[l], s[l+1]) adds its bias to what comes out of it: one entry for each of its s[l+1] units.",
    clause="initialization.sizes",
    mend="np.zeros(fan_out), for every layer",
    lines=("b = np.zeros(sizes[l])", "b = np.zeros(sizes[l + 1])"),
    fingerprint="biases[l].shape != (s[l+1],)",
)
mistake(
    "init-seed-unused",
    "the seed does not decide the weights",
    "Two networks of one seed differ: the weights come from the global generator, or from one without a seed.",
    clause="initialization.seed",
    mend="rng = np.random.default_rng(seed)",
    lines=("rng = np.random.default_rng()", "rng = np.random.default_rng(seed)"),
    fingerprint="MLP(sizes, seed=11) twice gives two networks",
    broken="initialization.seed",
)
mistake(
    "init-seed-fixed",
    "different seeds give the same weights",
    "A seed is fixed in the code, or zero is taken for none.",
    clause="initialization.seeds_differ",
    mend="rng = np.random.default_rng(seed), whatever the seed",
    lines=("rng = np.random.default_rng(seed or 42)", "rng = np.random.default_rng(seed)"),
    fingerprint="MLP(sizes, seed=0) and MLP(sizes, seed=1) are the same",
    broken="initialization.seeds_differ",
)
mistake(
    "init-shared",
    "two networks share their parameters",
    "Class attributes, a mutable default argument, or a cache: training one changes the other.",
    clause="initialization.fresh",
    mend="make the arrays in __init__, as attributes of self",
    lines=("class MLP:\n    weights = []", "def __init__(self, sizes, seed=0):\n    self.weights = []"),
    fingerprint="changing one network changes another",
    broken="initialization.fresh",
)
