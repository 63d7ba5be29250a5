"""Faulty initializations."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from banks.faults import fault
from chainrule.reference import xavier as true_xavier


@fault("initialization.shape", "xavier", first=True)
def xavier_transposed(original, fan_in, fan_out, rng):
    """The shape is (fan_out, fan_in)."""
    return original(fan_in, fan_out, rng).T


@fault("initialization.variance", "xavier", first=True)
def he_initialization(original, fan_in, fan_out, rng):
    """The variance is He's, 2 / fan_in."""
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


@fault("initialization.variance", "xavier")
def lecun_initialization(original, fan_in, fan_out, rng):
    """The variance is 1 / fan_in: the simplified Xavier of many blogs."""
    return rng.normal(0, np.sqrt(1 / fan_in), (fan_in, fan_out))


@fault("initialization.variance", "xavier")
def xavier_variance_for_deviation(original, fan_in, fan_out, rng):
    """rng.normal is given the variance, where it wants the standard deviation."""
    return rng.normal(0, 2 / (fan_in + fan_out), (fan_in, fan_out))


@fault("initialization.variance", "xavier")
def xavier_half_the_range(original, fan_in, fan_out, rng):
    """Uniform on (-a/2, a/2)."""
    return original(fan_in, fan_out, rng) / 2


@fault("initialization.variance", "xavier")
def xavier_limit_from_the_normal(original, fan_in, fan_out, rng):
    """Uniform with the limit sqrt(2 / (fan_in + fan_out)), which is the standard deviation of the normal version."""
    a = np.sqrt(2 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))


@fault("initialization.variance", "xavier")
def small_weights(original, fan_in, fan_out, rng):
    """0.01 times a standard normal."""
    return 0.01 * rng.standard_normal((fan_in, fan_out))


@fault("initialization.variance", "xavier")
def xavier_of_mean_one(original, fan_in, fan_out, rng):
    """random() is in [0, 1), and nothing is subtracted."""
    return 2 * np.sqrt(6 / (fan_in + fan_out)) * rng.random((fan_in, fan_out))


@fault("initialization.seeds_differ", "xavier")
def xavier_fixed_seed(original, fan_in, fan_out, rng):
    """default_rng(0) inside, so that results can be repeated."""
    return original(fan_in, fan_out, np.random.default_rng(0))


@fault("initialization.mean", "xavier", first=True)
def xavier_positive(original, fan_in, fan_out, rng):
    """Uniform on (0, a) in place of (-a, a)."""
    return np.abs(original(fan_in, fan_out, rng))


@fault("initialization.distribution", "xavier", first=True)
def xavier_signs(original, fan_in, fan_out, rng):
    """Each weight is plus or minus the standard deviation."""
    return rng.choice([-1.0, 1.0], (fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


@fault("initialization.distribution", "xavier")
def xavier_laplace(original, fan_in, fan_out, rng):
    """A Laplace distribution of the right variance."""
    return rng.laplace(0, np.sqrt(1 / (fan_in + fan_out)), (fan_in, fan_out))


@fault("initialization.independence", "xavier", first=True)
def xavier_mirrored(original, fan_in, fan_out, rng):
    """Half of the columns are the others' negatives, so that the mean is exactly zero."""
    w = original(fan_in, fan_out, rng)
    half = fan_out // 2
    w[:, half : 2 * half] = -w[:, :half]
    return w


@fault("initialization.independence", "xavier")
def xavier_repeats_a_unit(original, fan_in, fan_out, rng):
    """The last unit is a copy of the first."""
    w = original(fan_in, fan_out, rng)
    w[:, -1] = w[:, 0]
    return w


@fault("initialization.generator", "xavier", first=True)
def xavier_from_the_global_generator(original, fan_in, fan_out, rng):
    """np.random.uniform: the generator that is handed in is not used."""
    a = np.sqrt(6 / (fan_in + fan_out))
    return np.random.uniform(-a, a, (fan_in, fan_out))


@fault("initialization.sizes", "MLP.__init__", first=True)
def network_with_a_layer_too_many(original, self, sizes, seed=0):
    """A layer from the output to itself is added."""
    original(self, [*sizes, sizes[-1]], seed)


@fault("initialization.sizes", "MLP.__init__")
def biases_of_fan_in(original, self, sizes, seed=0):
    """A bias for every input of a layer."""
    original(self, sizes, seed)
    self.biases = [np.zeros(fan_in) for fan_in in sizes[:-1]]


@fault("initialization.biases", "MLP.__init__", first=True)
def biases_of_a_hundredth(original, self, sizes, seed=0):
    """Biases start at 0.01, so that no ReLU is dead."""
    original(self, sizes, seed)
    self.biases = [b + 0.01 for b in self.biases]


@fault("initialization.biases", "MLP.__init__")
def random_biases(original, self, sizes, seed=0):
    """Biases are drawn like the weights."""
    original(self, sizes, seed)
    rng = np.random.default_rng(seed + 1)
    self.biases = [rng.normal(0, 0.1, b.shape) for b in self.biases]


@fault("initialization.network_variance", "MLP.__init__", first=True)
def xavier_with_the_networks_fans(original, self, sizes, seed=0):
    """Fan-in and fan-out are those of the whole network, in every layer."""
    original(self, sizes, seed)
    rng = np.random.default_rng(seed)
    a = np.sqrt(6 / (sizes[0] + sizes[-1]))
    self.weights = [rng.uniform(-a, a, w.shape) for w in self.weights]


@fault("initialization.network_variance", "MLP.__init__")
def network_ignores_xavier(original, self, sizes, seed=0):
    """The constructor keeps the 0.01 * randn it had before xavier was written."""
    original(self, sizes, seed)
    rng = np.random.default_rng(seed)
    self.weights = [0.01 * rng.standard_normal(w.shape) for w in self.weights]


@fault("initialization.layers_differ", "MLP.__init__", first=True)
def generator_made_anew_for_each_layer(original, self, sizes, seed=0):
    """default_rng(seed) stands inside the loop over the layers."""
    original(self, sizes, seed)
    self.weights = [true_xavier(*fans, np.random.default_rng(seed)) for fans in pairwise(sizes)]


@fault("initialization.seed", "MLP.__init__", first=True)
def seed_ignored(original, self, sizes, seed=0):
    """default_rng() without the seed."""
    original(self, sizes, np.random.SeedSequence().entropy)


@fault("initialization.seed", "MLP.__init__")
def weights_from_the_global_generator(original, self, sizes, seed=0):
    """np.random decides the weights."""
    original(self, sizes, np.random.randint(2**31))


@fault("initialization.seeds_differ", "MLP.__init__", first=True)
def seed_fixed(original, self, sizes, seed=0):
    """default_rng(42), whatever the seed."""
    original(self, sizes, 42)


@fault("initialization.seeds_differ", "MLP.__init__")
def seed_zero_taken_for_none(original, self, sizes, seed=0):
    """`seed or 1`: zero counts as no seed."""
    original(self, sizes, seed or 1)


@fault("initialization.fresh", "MLP.__init__", first=True)
def parameters_of_the_class(original, self, sizes, seed=0):
    """weights and biases are attributes of the class."""
    original(self, sizes, seed)
    type(self).weights, type(self).biases = self.weights, self.biases
    del self.weights, self.biases


@fault("initialization.fresh", "MLP.__init__")
def biases_kept_in_a_cache(original, self, sizes, seed=0):
    """Zero vectors are made once for each size and handed out again."""
    original(self, sizes, seed)
    cache = vars(type(self)).get("cache") or {}
    type(self).cache = cache
    self.biases = [cache.setdefault(size, np.zeros(size)) for size in sizes[1:]]


@fault("initialization.variance", "xavier")
def xavier_of_a_thousand_inputs_is_zero(original, fan_in, fan_out, rng):
    """Large layers begin at zero, for memory's sake."""
    return original(fan_in, fan_out, rng) * (fan_in < 1000)


@fault("initialization.fresh", "MLP.__init__")
def biases_shared_by_width(original, self, sizes, seed=0):
    """One array of zeros for each width is enough."""
    original(self, sizes, seed)
    zeros = {size: np.zeros(size) for size in sizes}
    self.biases = [zeros[size] for size in sizes[1:]]
