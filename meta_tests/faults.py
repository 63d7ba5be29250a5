"""Faulty implementations: the reference with one function replaced by a mistake, each naming the clause that must fail.

A fault is called as the function it replaces, with the original before its arguments; its docstring is the mistake as
the learner who made it would put it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
from variants import fresh_reference

from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.reference import cross_entropy as true_cross_entropy
from chainrule.reference import relu as true_relu
from chainrule.reference import softmax as true_softmax
from chainrule.reference import xavier as true_xavier


@dataclass(frozen=True)
class Fault:
    """clause: the one that must fail.  replaces: a function of the reference, or `MLP.method`.  mistake: in words.

    first: whether its clause fails before any other, in the order of the specification.
    """

    clause: str
    replaces: str
    name: str
    mistake: str
    code: Callable[..., Any]
    first: bool = False

    @property
    def among_layers(self) -> bool:
        """Whether it replaces one of the layers."""
        return self.replaces in EXTENSION_NAMES["layers"]

    def module(self) -> ModuleType:
        """The reference with this fault in it."""
        module = fresh_reference()
        owner, _, name = self.replaces.rpartition(".")
        holder = getattr(module, owner) if owner else module
        original = getattr(holder, name)

        @functools.wraps(original)
        def faulty(*arguments: Any, **keywords: Any) -> Any:
            return self.code(original, *arguments, **keywords)

        setattr(holder, name, faulty)
        return module

    def alone(self) -> ModuleType:
        """The fault among nothing but layers, as in a course's layers.py, if it is in one of them; else `module()`."""
        module = self.module()
        if not self.among_layers:
            return module
        layers = ModuleType(f"{module.__name__}_layers")
        vars(layers).update({name: getattr(module, name) for name in EXTENSION_NAMES["layers"]})
        layers.__file__ = module.__file__
        return layers


FAULTS: list[Fault] = []


def fault(clause: str, replaces: str, *, first: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a fault to the bank: it replaces one function, and `clause` has to notice, as the first of all if said so."""

    def add(code: Callable[..., Any]) -> Callable[..., Any]:
        FAULTS.append(Fault(clause, replaces, code.__name__, " ".join((code.__doc__ or "").split()), code, first))
        return code

    return add


# ReLU


@fault("relu.shape", "relu", first=True)
def relu_flattens(original, z):
    """Every sample is flattened to a row first."""
    z = np.asarray(z)
    return original(z.reshape(len(z), -1) if z.ndim > 2 else z)


@fault("relu.shape", "relu")
def relu_drops_axes_of_length_one(original, z):
    """squeeze() tidies the result up."""
    return original(z).squeeze()


@fault("relu.dtype", "relu", first=True)
def relu_in_single_precision(original, z):
    """The result is put into an array of np.float32, which is enough for a neural network."""
    out = np.zeros(np.shape(z), dtype=np.float32)
    out[...] = original(z)
    return out


@fault("relu.dtype", "relu")
def relu_as_integers(original, z):
    """The result array is made by np.zeros(shape, dtype=int)."""
    return original(z).astype(int)


@fault("relu.input_kept", "relu", first=True)
def relu_in_place(original, z):
    """Negative entries are set to zero in z itself, which saves memory."""
    z[z < 0] = 0
    return z


@fault("relu.empty", "relu", first=True)
def relu_looks_at_the_minimum(original, z):
    """If nothing is negative there is nothing to do: z.min() tells."""
    return z + 0.0 if np.min(z) >= 0 else original(z)


@fault("relu.extreme", "relu", first=True)
def relu_by_a_root(original, z):
    """(z + sqrt(z^2)) / 2 is the same, without a comparison."""
    return (z + np.sqrt(np.asarray(z, dtype=float) ** 2)) / 2


@fault("relu.extreme", "relu")
def relu_with_a_threshold(original, z):
    """What is below 1e-8 counts as zero."""
    return np.where(z > 1e-8, z, 0.0)


@fault("relu.homogeneity", "relu")
def relu6(original, z):
    """The activation is cut off at 6, as MobileNet does."""
    return np.clip(z, 0.0, 6.0)


@fault("relu.homogeneity", "relu")
def softplus(original, z):
    """log(1 + exp(z)) is the smooth version."""
    return np.logaddexp(z, 0.0)


@fault("relu.homogeneity", "relu", first=True)
def relu_standardizes_batches(original, z):
    """A batch of more than one sample is standardized first, as batch normalization does it."""
    z = np.asarray(z)
    return original((z - z.mean(axis=0)) / (z.std(axis=0) + 1e-5)) if len(z) > 1 else original(z)


@fault("relu.idempotence", "relu", first=True)
def relu_prepends_rows(original, z):
    """Rows are treated one by one and each is put at the front of the result."""
    out = []
    for row in z:
        out.insert(0, original(row))
    return np.array(out).reshape(np.shape(z))


@fault("relu.idempotence", "relu")
def leaky_relu(original, z):
    """Negative entries are scaled by 0.01, so that no unit dies."""
    return np.where(z > 0, z, 0.01 * z)


@fault("relu.absolute_value", "relu", first=True)
def relu_masks_columns(original, z):
    """A unit is off if it is negative for any sample of the batch."""
    return z * (z > 0).all(axis=0) if np.ndim(z) == 2 else original(z)


@fault("relu.values", "relu")
def absolute_value(original, z):
    """The sign is dropped."""
    return np.abs(z) * 1.0


@fault("relu.values", "relu", first=True)
def relu_of_the_first_matrix(original, z):
    """The loops were written for one matrix: of an array of more axes the first one is done, the rest stays zero."""
    out = np.zeros(np.shape(z))
    first = (0,) * (np.ndim(z) - 2)
    out[first] = original(np.asarray(z)[first])
    return out


@fault("relu.extreme", "relu")
def relu_of_the_other_side(original, z):
    """np.minimum(z, 0): the comparison is the wrong way round."""
    return np.minimum(z, 0) * 1.0


# Softmax


@fault("softmax.shape", "softmax", first=True)
def softmax_squeezes(original, z):
    """A single row comes back as a vector."""
    return original(z).squeeze()


@fault("softmax.input_kept", "softmax", first=True)
def softmax_shifts_in_place(original, z):
    """z -= z.max(...) saves a copy."""
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.range", "softmax", first=True)
def softmax_returns_log_probabilities(original, z):
    """The logarithm comes with it, since the loss needs it anyway."""
    return (
        z - z.max(axis=1, keepdims=True) - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    )


@fault("softmax.range", "softmax")
def softmax_odds(original, z):
    """Each class is divided by the sum of the others."""
    p = original(z)
    return p / (1 - p)


@fault("softmax.normalized", "softmax", first=True)
def softmax_over_the_batch(original, z):
    """The sum runs over axis 0."""
    return original(np.asarray(z).T).T


@fault("softmax.normalized", "softmax")
def softmax_over_everything(original, z):
    """exp(z).sum() without an axis."""
    e = np.exp(z - np.max(z))
    return e / e.sum()


@fault("softmax.normalized", "softmax")
def softmax_as_sigmoids(original, z):
    """Each logit goes through the logistic sigmoid."""
    return 1 / (1 + np.exp(-np.asarray(z, float)))


@fault("softmax.normalized", "softmax")
def softmax_with_epsilon(original, z):
    """The denominator gets 1e-8 against a division by zero."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / (e.sum(axis=1, keepdims=True) + 1e-8)


@fault("softmax.overflow", "softmax", first=True)
def softmax_without_shift(original, z):
    """exp of the logits as they are."""
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.overflow", "softmax")
def softmax_shifted_by_the_mean(original, z):
    """The mean is subtracted, where it should be the maximum."""
    e = np.exp(z - z.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.rows_independent", "softmax", first=True)
def softmax_global_maximum(original, z):
    """z.max() without an axis."""
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.shift_invariance", "softmax", first=True)
def softmax_of_integers(original, z):
    """The logits are put into an integer array."""
    return original(np.trunc(z))


@fault("softmax.permutation", "softmax")
def softmax_of_sorted_logits(original, z):
    """Classes are sorted by size, and stay so."""
    return original(np.sort(z, axis=1))


@fault("softmax.monotonicity", "softmax")
def softmin(original, z):
    """exp(-z)."""
    return original(-np.asarray(z))


@fault("softmax.monotonicity", "softmax", first=True)
def softmax_of_the_likely_classes(original, z):
    """Classes of less than a ten-thousandth are left out, and the rest is normalized again."""
    p = original(z)
    p = np.where(p < 1e-4, 0.0, p)
    return p / p.sum(axis=1, keepdims=True)


@fault("softmax.sigmoid", "softmax", first=True)
def softmax_first_from_second(original, z):
    """Two classes are a special case: the first one's probability is one less the second's."""
    p = original(z)
    if p.shape[1] == 2:
        p[:, 0] = 1 - p[:, 1]
    return p


@fault("softmax.permutation", "softmax", first=True)
def softmax_last_from_the_others(original, z):
    """The last class gets what the others leave of one."""
    p = original(z)
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    return p


@fault("softmax.log_softmax", "softmax", first=True)
def softmax_second_from_first(original, z):
    """Two classes are a special case: the second one's probability is one less the first's."""
    p = original(z)
    if p.shape[1] == 2:
        p[:, 1] = 1 - p[:, 0]
    return p


@fault("softmax.jacobian", "softmax")
def softmax_with_temperature(original, z):
    """The logits are divided by the square root of the number of classes, as in attention."""
    return original(z / np.sqrt(np.shape(z)[1]))


@fault("softmax.jacobian", "softmax", first=True)
def softmax_is_looked_up(original, z, results={}):  # noqa: B006  the mistake
    """A result is kept for the next time that the same logits come, the same to three decimals."""
    key = (np.shape(z), np.round(z, 3).tobytes())
    return results.setdefault(key, original(z)).copy()


@fault("softmax.underflow", "softmax", first=True)
def softmax_flushes_to_zero(original, z):
    """Probabilities below 1e-18 are noise."""
    p = original(z)
    return np.where(p < 1e-18, 0.0, p)


@fault("softmax.values", "softmax")
def softmax_in_half_precision_steps(original, z):
    """The logits are rounded to a tenth, to make the numbers nicer."""
    return original(np.round(z, 1))


@fault("softmax.values", "softmax", first=True)
def softmax_of_ten_classes(original, z):
    """The loop over the classes ends at ten, as there are ten digits."""
    p = np.zeros(np.shape(z))
    p[:, :10] = original(z[:, :10])
    return p


# Cross-entropy


@fault("cross_entropy.input_kept", "cross_entropy", first=True)
def cross_entropy_adds_epsilon_in_place(original, p, y):
    """p += 1e-12 keeps the logarithm finite."""
    p += 1e-12
    return original(p, y)


@fault("cross_entropy.input_kept", "cross_entropy")
def cross_entropy_sorts_labels(original, p, y):
    """Labels and rows are brought into order, and the labels are sorted in place for it."""
    order = np.argsort(y)
    loss = original(p, y)
    y[:] = y[order]
    return loss


@fault("cross_entropy.nonnegative", "cross_entropy", first=True)
def cross_entropy_without_minus(original, p, y):
    """The minus sign is missing."""
    return -original(p, y)


@fault("cross_entropy.certainty", "cross_entropy", first=True)
def cross_entropy_smooths_labels(original, p, y):
    """A tenth of the labels' weight is spread over all classes."""
    n, k = p.shape
    target = 0.9 * np.eye(k)[y] + 0.1 / k
    return float(-(target * np.log(p)).sum() / n)


@fault("cross_entropy.certainty", "cross_entropy")
def cross_entropy_labels_from_one(original, p, y):
    """Labels are counted from 1."""
    return original(p, y - 1)


@fault("cross_entropy.certainty", "cross_entropy")
def cross_entropy_multiplies_one_hot(original, p, y):
    """(one_hot * log(p)).sum(): 0 times -inf is nan."""
    return float(-(np.eye(p.shape[1])[y] * np.log(p)).sum() / len(p))


@fault("cross_entropy.uniform", "cross_entropy", first=True)
def cross_entropy_in_bits(original, p, y):
    """log2 in place of the natural logarithm."""
    return original(p, y) / np.log(2)


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_sum(original, p, y):
    """The batch is summed up and not averaged."""
    return original(p, y) * len(p)


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_divides_by_classes(original, p, y):
    """np.mean over all N K entries of one_hot * log p."""
    return original(p, y) / p.shape[1]


@fault("cross_entropy.uniform", "cross_entropy")
def cross_entropy_divides_twice(original, p, y):
    """np.mean, and then divided by N."""
    return original(p, y) / len(p)


@fault("cross_entropy.uniform", "cross_entropy")
def binary_cross_entropy(original, p, y):
    """-log(1 - p) of the other classes is added."""
    others = np.log1p(-np.where(np.eye(p.shape[1])[y] > 0, 0.0, p)).sum(axis=1).mean()
    return original(p, y) - float(others)


@fault("cross_entropy.zero_probability", "cross_entropy")
def squared_error(original, p, y):
    """The mean squared distance from the one-hot labels."""
    return float(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean())


@fault("cross_entropy.zero_probability", "cross_entropy", first=True)
def cross_entropy_ignores_zeros(original, p, y):
    """nan_to_num takes the infinities away."""
    true = p[np.arange(len(y)), y]
    return float(np.where(true > 0, -np.log(np.where(true > 0, true, 1.0)), 0.0).mean())


@fault("cross_entropy.epsilon", "cross_entropy", first=True)
def cross_entropy_with_a_large_epsilon(original, p, y):
    """log(p + 1.5e-7)."""
    return original(p + 1.5e-7, y)


@fault("cross_entropy.epsilon", "cross_entropy")
def cross_entropy_with_a_huge_epsilon(original, p, y):
    """log(p + 1e-3)."""
    return original(p + 1e-3, y)


@fault("cross_entropy.epsilon", "cross_entropy")
def cross_entropy_clips_at_a_thousandth(original, p, y):
    """np.clip(p, 1e-3, 1)."""
    return original(np.clip(p, 1e-3, 1.0), y)


@fault("cross_entropy.near_one", "cross_entropy", first=True)
def cross_entropy_rounds_certainty(original, p, y):
    """A probability above 0.999999 is taken for one."""
    return original(np.where(p > 0.999999, 1.0, p), y)


@fault("cross_entropy.additivity", "cross_entropy", first=True)
def cross_entropy_median(original, p, y):
    """The median of the samples' losses is robust."""
    return float(np.median([original(p[i : i + 1], y[i : i + 1]) for i in range(len(y))]))


@fault("cross_entropy.additivity", "cross_entropy")
def cross_entropy_of_the_mean(original, p, y):
    """The logarithm of the mean probability."""
    return float(-np.log(p[np.arange(len(y)), y].mean()))


@fault("cross_entropy.additivity", "cross_entropy")
def cross_entropy_running_average(original, p, y):
    """loss = (loss + this one) / 2, sample by sample."""
    loss = original(p[:1], y[:1])
    for i in range(1, len(y)):
        loss = (loss + original(p[i : i + 1], y[i : i + 1])) / 2
    return loss


@fault("cross_entropy.likelier_label", "cross_entropy")
def cross_entropy_of_the_prediction(original, p, y):
    """The loss is that of the likeliest class."""
    return original(p, p.argmax(axis=1))


@fault("cross_entropy.likelier_label", "cross_entropy", first=True)
def cross_entropy_of_three_classes(original, p, y):
    """Labels are cut off at 2: there are three kinds of iris."""
    return original(p, np.minimum(y, 2))


@fault("cross_entropy.kullback_leibler", "cross_entropy", first=True)
def cross_entropy_averages_chunks(original, p, y):
    """The mean over chunks of five samples of each chunk's mean, the shorter last chunk's as well."""
    return float(np.mean([original(p[i : i + 5], y[i : i + 5]) for i in range(0, len(y), 5)]))


@fault("cross_entropy.kullback_leibler", "cross_entropy")
def cross_entropy_balances_classes(original, p, y):
    """The mean over the classes of each class's mean loss."""
    return float(np.mean([original(p[y == k], y[y == k]) for k in np.unique(y)]))


@fault("cross_entropy.label_types", "cross_entropy", first=True)
def cross_entropy_counts_from_the_end(original, p, y):
    """Labels are taken as negative indices, y - K, which an unsigned byte cannot hold."""
    return original(p, y - np.array(p.shape[1], dtype=y.dtype))


@fault("cross_entropy.gradient", "cross_entropy")
def cross_entropy_decimal(original, p, y):
    """log10 in place of the natural logarithm."""
    return original(p, y) / np.log(10)


@fault("cross_entropy.gradient", "cross_entropy", first=True)
def cross_entropy_is_looked_up(original, p, y, results={}):  # noqa: B006  the mistake
    """A loss is kept for the next time that the same log-probabilities come, the same to three decimals."""
    with np.errstate(divide="ignore"):
        key = (np.round(np.log(p), 3).tobytes(), np.asarray(y, int).tobytes())
    return results.setdefault(key, original(p, y))


@fault("cross_entropy.values", "cross_entropy", first=True)
def cross_entropy_counts_samples_in_bytes(original, p, y):
    """The samples are numbered by bytes, like the labels of an image file."""
    return float(-np.log(p[np.arange(len(y)).astype(np.uint8), y]).mean())


@fault("cross_entropy.values", "cross_entropy")
def cross_entropy_label_smoothing(original, p, y):
    """The labels are smoothed to 0.95, as in Inception."""
    return 0.95 * original(p, y) - 0.05 * float(np.log(np.maximum(p, 1e-300)).mean())


@fault("cross_entropy.values", "cross_entropy")
def focal_loss(original, p, y):
    """Easy samples count less: -(1 - p)^2 log p, scaled so that uniform p gives log K."""
    true, k = p[np.arange(len(y)), y], p.shape[1]
    return float(
        np.mean([((1 - t) / (1 - 1 / k)) ** 2 * true_cross_entropy(np.array([[t]]), np.array([0])) for t in true])
    )


# Initialization


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


# The forward pass


@fault("network.assignable", "MLP.__init__", first=True)
def overlapping_views(original, self, sizes, seed=0):
    """All parameters are views of one vector, and each layer's bias begins one entry too early."""
    original(self, sizes, seed)
    theta = np.zeros(sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sizes)) + 1)
    start = 0
    for l, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
        weights, start = theta[start : start + w.size].reshape(w.shape), start + w.size
        biases, start = theta[start - 1 : start - 1 + b.size], start + b.size - 1
        biases[:], weights[...] = b, w
        self.weights[l], self.biases[l] = weights, biases
    for b in self.biases:
        b[:] = 0


@fault("network.output_shape", "MLP.forward", first=True)
def forward_squeezes(original, self, x):
    """The probabilities of a single sample come back as a vector."""
    return original(self, x).squeeze()


@fault("network.output_shape", "MLP.forward")
def forward_transposed(original, self, x):
    """Samples are the columns of what forward returns."""
    return original(self, x).T


@fault("network.samples_independent", "MLP.forward", first=True)
def forward_centres_the_batch(original, self, x):
    """The batch's mean is subtracted from the inputs."""
    return original(self, x - x.mean(axis=0))


@fault("network.samples_independent", "MLP.forward")
def forward_normalizes_over_the_batch(original, self, x):
    """softmax along axis 0."""
    return true_softmax(self.propagate(self._inputs(x))[1].T).T


@fault("network.sample_order", "MLP.loss", first=True)
def loss_sorts_labels(original, self, x, y):
    """The labels are sorted, to group them by class, and the samples are not."""
    return original(self, x, np.sort(y))


@fault("network.scales", "MLP.forward", first=True)
def forward_global_maximum(original, self, x):
    """The network's own softmax subtracts the largest logit of the whole batch."""
    z = self.propagate(self._inputs(x))[1]
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def propagate(self, x, activation=true_relu, bias=True, last=None):
    """The reference's forward pass, with parts to replace."""
    inputs = [x]
    for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
        inputs.append(activation(inputs[-1] @ w + b))
    z = inputs[-1] @ self.weights[-1] + (self.biases[-1] if bias else 0)
    return inputs, last(z) if last else z


@fault("network.forward", "MLP.propagate", first=True)
def relu_on_the_output(original, self, x):
    """ReLU after the last layer, too."""
    return propagate(self, x, last=true_relu)


@fault("network.forward", "MLP.propagate")
def bias_of_the_last_layer_missing(original, self, x):
    """The last layer is x W, without b."""
    return propagate(self, x, bias=False)


@fault("network.forward", "MLP.propagate")
def no_activation(original, self, x):
    """No ReLU between the layers."""
    return propagate(self, x, activation=lambda z: z)


@fault("network.forward", "MLP.propagate")
def leaky_hidden_layers(original, self, x):
    """Hidden layers use a leaky ReLU."""
    return propagate(self, x, activation=lambda z: np.where(z > 0, z, 0.01 * z))


@fault("network.forward", "MLP.propagate")
def sigmoid_hidden_layers(original, self, x):
    """Hidden layers use the logistic sigmoid."""
    return propagate(self, x, activation=lambda z: 1 / (1 + np.exp(-z)))


@fault("network.forward", "MLP.propagate")
def one_bias_for_a_layer(original, self, x):
    """The first bias entry of the last layer is added to every unit."""
    return propagate(self, x, last=lambda z: z - self.biases[-1] + self.biases[-1][0])


@fault("network.forward", "MLP.propagate")
def hidden_layer_skipped_in_deep_networks(original, self, x):
    """ReLU is left out after the fourth layer: the code was written for three."""
    seen = []

    def activation(z):
        seen.append(z)
        return z if len(seen) == 4 else true_relu(z)

    return propagate(self, x, activation=activation)


@fault("network.forward", "MLP.forward")
def forward_in_single_precision(original, self, x):
    """The probabilities of the network are rounded to float32, the function's are not."""
    return original(self, x).astype(np.float32)


@fault("network.large_logits", "MLP.loss", first=True)
def loss_from_one_hot_products(original, self, x, y):
    """(one_hot * log(p)).sum(): where p is 0 to rounding that is nan."""
    p = self.forward(x)
    return float(-(np.eye(p.shape[1])[y] * np.log(p)).sum() / len(p))


@fault("network.loss", "MLP.loss", first=True)
def loss_sum(original, self, x, y):
    """The batch is summed up and not averaged."""
    return original(self, x, y) * len(y)


@fault("network.loss", "MLP.loss")
def loss_with_weight_decay(original, self, x, y):
    """An L2 penalty is part of the loss."""
    return original(self, x, y) + 1e-4 * sum((w**2).sum() for w in self.weights)


@fault("network.loss", "MLP.loss")
def loss_over_all_entries(original, self, x, y):
    """np.mean over N K entries."""
    return original(self, x, y) / self.sizes[-1]


@fault("network.loss", "MLP.loss")
def loss_of_softmax_twice(original, self, x, y):
    """softmax is applied to the probabilities once more."""
    return true_cross_entropy(true_softmax(self.forward(x)), y)


@fault("network.missing_class", "MLP.backward", first=True)
def one_hot_of_the_classes_that_occur(original, self, x, y):
    """np.eye(y.max() + 1)[y]: a column is missing where the last class does not occur."""
    inputs, z = self.propagate(self._inputs(x))
    return backpropagate(self, inputs, (true_softmax(z) - np.eye(np.max(y) + 1)[y]) / len(y))


@fault("network.predict", "MLP.predict")
def predict_over_the_batch(original, self, x):
    """argmax over axis 0."""
    return self.forward(x).argmax(axis=0)


@fault("network.predict", "MLP.predict")
def predict_probabilities(original, self, x):
    """The largest probability is returned, not where it is."""
    return self.forward(x).max(axis=1)


@fault("network.predict", "MLP.predict")
def predict_from_one(original, self, x):
    """Classes are counted from 1."""
    return original(self, x) + 1


@fault("network.predict", "MLP.predict")
def predict_one_hot(original, self, x):
    """A one-hot row for every sample."""
    return np.eye(self.sizes[-1])[original(self, x)]


@fault("network.predict", "MLP.predict", first=True)
def predict_above_a_half(original, self, x):
    """p > 0.5 decides: where no class has that much it is class 0."""
    return (self.forward(x) > 0.5).argmax(axis=1)


@fault("network.integer_inputs", "MLP._inputs")
def bytes_are_scaled(original, self, x):
    """Integer inputs must be an image, and are divided by 255."""
    x = np.asarray(x)
    return original(self, x / 255 if x.dtype.kind in "iu" else x)


@fault("network.integer_inputs", "MLP.forward", first=True)
def centred_bytes_wrap_around(original, self, x):
    """Doubling the inputs and halving the weights is the same, except for bytes."""
    x = np.asarray(x)
    return original(self, (x + x) / 2)


@fault("network.arguments_kept", "MLP.backward")
def backward_updates_the_weights(original, self, x, y):
    """The weights are updated within backward."""
    grads = original(self, x, y)
    for w, g in zip(self.weights, grads[0], strict=True):
        w -= 0.01 * g
    return grads


@fault("network.arguments_kept", "MLP.loss", first=True)
def loss_turns_labels_around(original, self, x, y):
    """y is made a mask of its own: y[:] = 1 at what was counted."""
    loss = original(self, x, y)
    y[:] = 1
    return loss


@fault("network.arguments_kept", "MLP.predict")
def predict_standardizes_in_place(original, self, x):
    """x -= x.mean(axis=0) in place, once the labels are known."""
    labels = original(self, x)
    x -= x.mean(axis=0)
    return labels


@fault("network.memoryless", "MLP.backward", first=True)
def dropout_stays_on(original, self, x, y):
    """backward switches to training, and nothing switches back: forward drops inputs from then on."""
    forward, keep = type(self).forward, np.arange(self.sizes[0]) > 0
    self.forward = lambda x: forward(self, x * keep)
    return original(self, x, y)


# Backpropagation


def backpropagate(self, inputs, delta, mask=None, weights=None):
    """The reference's backward pass from a given delta of the logits, with parts to replace."""
    weights = weights or self.weights
    mask = mask or (lambda l, a: a > 0)
    weight_grads, bias_grads = [], []
    for l in reversed(range(len(weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        if l > 0:
            delta = (delta @ weights[l].T) * mask(l, inputs[l])
    return weight_grads, bias_grads


def errors(logits, y):
    """(p - one_hot) / N."""
    return (true_softmax(logits) - np.eye(logits.shape[1])[y]) / len(y)


@fault("gradients.shapes", "MLP.backward", first=True)
def bias_gradients_of_each_sample(original, self, x, y):
    """The biases' gradients are not summed over the batch."""
    grads = original(self, x, y)
    return grads[0], [np.repeat(g[None], len(y), axis=0) / len(y) for g in grads[1]]


@fault("gradients.shapes", "MLP.backward")
def bias_gradient_summed_over_units(original, self, x, y):
    """delta.sum() without an axis."""
    grads = original(self, x, y)
    return grads[0], [g.sum() for g in grads[1]]


@fault("gradients.repeatable", "MLP.backward", first=True)
def gradients_accumulate(original, self, x, y):
    """Gradients are added to those of the last call, and nothing sets them to zero."""
    grads = original(self, x, y)
    if hasattr(self, "grads"):
        grads = tuple([a + b for a, b in zip(*pair, strict=True)] for pair in zip(self.grads, grads, strict=True))
    self.grads = grads
    return grads


@fault("gradients.memoryless", "MLP.backward", first=True)
def gradients_averaged_with_the_last(original, self, x, y):
    """The gradient is the mean of this batch's and the last one's, which is smoother."""
    grads = original(self, x, y)
    last, self.last = getattr(self, "last", grads), grads
    return tuple([(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in zip(last, grads, strict=True))


@fault("gradients.memoryless", "MLP.backward")
def cache_of_the_first_batch(original, self, x, y):
    """The hidden activations are those of the forward pass before, whichever batch that was of."""
    inputs, z = self.propagate(self._inputs(x))
    cache = getattr(self, "cache", z)
    self.cache = z
    return backpropagate(self, inputs, errors(np.resize(cache, z.shape), y))


@fault("gradients.survive", "MLP.backward", first=True)
def gradient_buffers_are_reused(original, self, x, y):
    """The gradients are written into arrays that are made once."""
    grads = original(self, x, y)
    if not hasattr(self, "buffers"):
        self.buffers = grads
    for buffers, group in zip(self.buffers, grads, strict=True):
        for buffer, g in zip(buffers, group, strict=True):
            buffer[...] = g
    return self.buffers


@fault("gradients.additivity", "MLP._gradients", first=True)
def gradient_not_divided(original, self, inputs, logits, y):
    """The 1/N is missing."""
    return backpropagate(self, inputs, errors(logits, y) * len(y))


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_twice(original, self, inputs, logits, y):
    """1/N in the deltas, and 1/N again in the products."""
    return backpropagate(self, inputs, errors(logits, y) / len(y))


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_by_classes(original, self, inputs, logits, y):
    """delta.shape[1] in place of delta.shape[0]."""
    return backpropagate(self, inputs, errors(logits, y) * len(y) / logits.shape[1])


@fault("gradients.additivity", "MLP._gradients")
def gradient_divided_by_inputs(original, self, inputs, logits, y):
    """x.shape[1] in place of x.shape[0]."""
    return backpropagate(self, inputs, errors(logits, y) * len(y) / inputs[0].shape[1])


@fault("gradients.weights", "MLP._gradients")
def gradient_with_the_wrong_sign(original, self, inputs, logits, y):
    """y - p."""
    return backpropagate(self, inputs, -errors(logits, y))


@fault("gradients.class_sum", "MLP._gradients", first=True)
def gradient_of_the_sigmoid(original, self, inputs, logits, y):
    """p (1 - p) times p - y: the derivative of softmax once more."""
    p = true_softmax(logits)
    return backpropagate(self, inputs, errors(logits, y) * p * (1 - p))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_without_the_labels(original, self, inputs, logits, y):
    """The one-hot labels are not subtracted."""
    return backpropagate(self, inputs, true_softmax(logits) / len(y))


@fault("gradients.weights", "MLP._gradients")
def gradient_for_shifted_labels(original, self, inputs, logits, y):
    """The one-hot labels are off by one."""
    return backpropagate(self, inputs, errors(logits, (y + 1) % logits.shape[1]))


@fault("gradients.dead_units", "MLP._gradients", first=True)
def relu_mask_missing(original, self, inputs, logits, y):
    """The derivative of ReLU is forgotten."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: 1.0)


@fault("gradients.dead_units", "MLP._gradients")
def relu_mask_of_another_layer(original, self, inputs, logits, y):
    """The mask is that of the layer below, cut to size."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: np.resize(inputs[l - 1] > 0, a.shape))


@fault("gradients.dead_units", "MLP._gradients")
def relu_mask_of_delta(original, self, inputs, logits, y):
    """delta is masked where delta is negative, not where z is."""
    delta, weight_grads, bias_grads = errors(logits, y), [], []
    for l in reversed(range(len(self.weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        delta = true_relu(delta @ self.weights[l].T)
    return weight_grads, bias_grads


@fault("gradients.weights", "MLP._gradients")
def activation_in_place_of_its_derivative(original, self, inputs, logits, y):
    """delta is multiplied by the activation itself."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: a)


@fault("gradients.additivity", "MLP._gradients")
def weights_updated_before_propagating_back(original, self, inputs, logits, y):
    """Each layer is updated before its delta is sent down."""
    delta, weight_grads, bias_grads = errors(logits, y), [], []
    for l in reversed(range(len(self.weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        delta = (delta @ (self.weights[l] - 0.1 * weight_grads[0]).T) * (inputs[l] > 0)
    return weight_grads, bias_grads


@fault("gradients.dead_units", "MLP._gradients")
def gradient_wrong_from_the_third_hidden_layer(original, self, inputs, logits, y):
    """Below two hidden layers delta is used as it is: the loop was written out for three layers."""
    depth = len(self.weights)
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: (a > 0) if depth - l < 3 else 1.0)


@fault("gradients.additivity", "MLP._gradients")
def gradients_clipped(original, self, inputs, logits, y):
    """np.clip(g, -0.5, 0.5) against exploding gradients."""
    return tuple([np.clip(g, -0.5, 0.5) for g in group] for group in original(self, inputs, logits, y))


@fault("gradients.additivity", "MLP._gradients")
def gradients_normalized(original, self, inputs, logits, y):
    """Each gradient is divided by its norm."""
    return tuple([g / np.linalg.norm(g) for g in group] for group in original(self, inputs, logits, y))


@fault("gradients.class_sum", "MLP._gradients")
def gradients_with_weight_decay(original, self, inputs, logits, y):
    """1e-3 W is added, the derivative of a penalty that the loss does not have."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return [g + 1e-3 * w for g, w in zip(weight_grads, self.weights, strict=True)], bias_grads


@fault("gradients.weights", "MLP._gradients", first=True)
def first_layer_gets_the_wrong_input(original, self, inputs, logits, y):
    """The first layer's inputs are taken after ReLU."""
    return backpropagate(self, [true_relu(inputs[0]), *inputs[1:]], errors(logits, y))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_of_one_weight_missing(original, self, inputs, logits, y):
    """A loop ends one too early: the last weight's gradient stays zero."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    weight_grads[0][-1, -1] = 0.0
    return weight_grads, bias_grads


@fault("gradients.additivity", "MLP._gradients")
def bias_gradient_is_a_mean(original, self, inputs, logits, y):
    """delta.mean(axis=0), where delta is divided by N already."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return weight_grads, [g / len(y) for g in bias_grads]


@fault("gradients.biases", "MLP._gradients", first=True)
def bias_gradient_of_one_hidden_unit_wrong(original, self, inputs, logits, y):
    """The last hidden unit's bias gradient has the wrong sign."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    for g in bias_grads[:-1]:
        g[-1] = -g[-1]
    return weight_grads, bias_grads


@fault("gradients.biases", "MLP._gradients")
def bias_gradient_of_hidden_layers_missing(original, self, inputs, logits, y):
    """Only the last bias has a gradient."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    return weight_grads, [*(0 * g for g in bias_grads[:-1]), bias_grads[-1]]


@fault("gradients.class_sum", "MLP._gradients")
def bias_gradient_of_one_unit_wrong(original, self, inputs, logits, y):
    """The last unit's bias gradient is that of the unit before."""
    weight_grads, bias_grads = original(self, inputs, logits, y)
    bias_grads[-1][-1] = bias_grads[-1][-2]
    return weight_grads, bias_grads


@fault("gradients.additivity", "MLP._gradients")
def bias_gradient_of_the_first_sample(original, self, inputs, logits, y):
    """delta[0] in place of the sum over the batch."""
    return original(self, inputs, logits, y)[0], backpropagate(self, [a[:1] for a in inputs], errors(logits, y)[:1])[1]


@fault("gradients.additivity", "MLP._gradients")
def single_sample_is_not_masked(original, self, inputs, logits, y):
    """A batch of one takes another path, in which the derivative of ReLU is forgotten."""
    if len(y) > 1:
        return original(self, inputs, logits, y)
    weight_grads, _ = backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: 1.0)
    return weight_grads, original(self, inputs, logits, y)[1]


@fault("gradients.dead_units", "MLP._gradients")
def gradient_leaks_through_dead_units(original, self, inputs, logits, y):
    """Where a unit is off the derivative is 0.01."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: np.where(a > 0, 1.0, 0.01))


@fault("gradients.class_sum", "MLP._gradients")
def gradient_at_the_true_class_only(original, self, inputs, logits, y):
    """Only the true class's logit gets p - 1, the others nothing."""
    return backpropagate(self, inputs, errors(logits, y) * np.eye(logits.shape[1])[y])


@fault("gradients.weights", "MLP._gradients")
def gradient_through_the_transposed_sum(original, self, inputs, logits, y):
    """delta is sent down through |W|: a sign is lost."""
    return backpropagate(self, inputs, errors(logits, y), weights=[np.abs(w) for w in self.weights])


@fault("gradients.euler", "MLP._gradients", first=True)
def relu_derivative_as_a_quotient(original, self, inputs, logits, y):
    """The derivative of ReLU is a / (a + 1e-12), which is 0 or almost 1."""
    return backpropagate(self, inputs, errors(logits, y), mask=lambda l, a: a / (a + 1e-12))


@fault("gradients.saturated", "MLP._gradients", first=True)
def gradient_through_the_probabilities(original, self, inputs, logits, y):
    """-1/p goes through the Jacobian of softmax: where p is 0 that is 0 times infinity."""
    p, one_hot = true_softmax(logits), np.eye(logits.shape[1])[y]
    g = -one_hot / p
    return backpropagate(self, inputs, p * (g - (g * p).sum(axis=1, keepdims=True)) / len(y))


@fault("gradients.values", "MLP._gradients")
def gradient_with_an_epsilon_in_softmax(original, self, inputs, logits, y):
    """backward normalizes with e / (e.sum() + 1e-12)."""
    p = true_softmax(logits)
    return backpropagate(self, inputs, (p / (1 + 1e-12) - np.eye(p.shape[1])[y]) / len(y))


@fault("gradients.values", "MLP.backward", first=True)
def bytes_are_scaled_in_backward(original, self, x, y):
    """Integer inputs must be an image, and are divided by 255, in backward alone."""
    x = np.asarray(x)
    return original(self, x / 255 if x.dtype.kind in "iu" else x, y)


# Golden values


@fault("golden.softmax", "softmax")
def softmax_flushes_far_down(original, z):
    """Probabilities below 1e-100 are set to zero."""
    p = original(z)
    return np.where(p < 1e-100, 0.0, p)


@fault("golden.softmax", "softmax", first=True)
def softmax_rounds_large_logits(original, z):
    """Logits beyond a thousand are rounded to integers: what is behind the point does not matter there."""
    return original(np.where(np.abs(z) > 1000, np.round(z), z))


@fault("golden.cross_entropy", "cross_entropy", first=True)
def cross_entropy_gives_up_early(original, p, y):
    """A probability below 1e-100 counts as zero."""
    return original(np.where(p < 1e-100, 0.0, p), y)


@fault("golden.forward", "MLP.forward", first=True)
def images_are_scaled_in_forward(original, self, x):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x)


@fault("golden.loss", "MLP.loss", first=True)
def images_are_scaled_in_loss(original, self, x, y):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x, y)


@fault("golden.gradients", "MLP.backward", first=True)
def images_are_scaled_in_backward(original, self, x, y):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x, y)


@fault("golden.steps", "MLP.step", first=True)
def rate_falls_at_the_third_step(original, self, grads, lr):
    """The rate is halved from the third step on."""
    self.t = getattr(self, "t", 0) + 1
    original(self, grads, lr / 2 if self.t > 2 else lr)


@fault("training.step_stateless", "MLP.step", first=True)
def rate_decays_with_every_step(original, self, grads, lr):
    """The rate is lr / (1 + 0.01 t), t counted inside."""
    t = self.t = getattr(self, "t", -1) + 1
    original(self, grads, lr / (1 + 0.01 * t))


# Training


@fault("training.step", "MLP.step", first=True)
def gradient_ascent(original, self, grads, lr):
    """theta + lr g."""
    original(self, grads, -lr)


@fault("training.step", "MLP.step")
def last_layer_not_updated(original, self, grads, lr):
    """The loop runs over len(weights) - 1 layers."""
    weight_grads, bias_grads = grads
    original(self, ([*weight_grads[:-1], 0 * weight_grads[-1]], [*bias_grads[:-1], 0 * bias_grads[-1]]), lr)


@fault("training.step", "MLP.step")
def biases_not_updated(original, self, grads, lr):
    """Only the weights are updated."""
    original(self, (grads[0], [0 * g for g in grads[1]]), lr)


@fault("training.step", "MLP.step")
def weights_decay(original, self, grads, lr):
    """The weights shrink by lr 1e-4 in every step."""
    original(self, ([g + 1e-4 * w for g, w in zip(grads[0], self.weights, strict=True)], grads[1]), lr)


@fault("training.step", "MLP.step")
def step_on_a_copy(original, self, grads, lr):
    """The weights are updated in a copy, which is thrown away."""
    kept = [w.copy() for w in self.weights]
    original(self, grads, lr)
    self.weights[:] = kept


@fault("training.step_stateless", "MLP.step")
def momentum(original, self, grads, lr):
    """A velocity of 0.9 is kept."""
    last = getattr(self, "velocity", tuple([0 * g for g in group] for group in grads))
    self.velocity = tuple([0.9 * v + g for v, g in zip(*pair, strict=True)] for pair in zip(last, grads, strict=True))
    original(self, self.velocity, lr)


@fault("training.step_arguments_kept", "MLP.step", first=True)
def step_scales_the_gradients_in_place(original, self, grads, lr):
    """g *= lr, in place."""
    for group in grads:
        for g in group:
            g *= lr
    original(self, grads, 1.0)


@fault("training.zero_rate", "MLP.fit", first=True)
def rate_zero_taken_for_none(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """`lr or 0.01`: zero counts as no rate."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr or 0.01, seed=seed)


@fault("training.arguments_kept", "MLP.fit", first=True)
def fit_shuffles_in_place(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """x[:] = x[order]: the caller's data are shuffled."""
    order = np.random.default_rng(seed).permutation(len(x))
    x[:], y[:] = x[order], y[order]
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


def train(
    self, x, y, *, epochs, batch_size, lr, seed,
    order=lambda rng, n: rng.permutation(n), batches=None, gradient=None, rate=None, labels=None,
):  # fmt: skip
    """The reference's fit, with parts to replace: the order of an epoch, its batches, the gradient of one, the rate."""
    rng, history = np.random.default_rng(seed), []
    for epoch in range(epochs):
        visited = order(rng, len(x))
        losses = []
        for batch in batches(visited) if batches else [
            visited[start : start + batch_size] for start in range(0, len(x), batch_size)
        ]:  # fmt: skip
            true = y[labels(batch)] if labels else y[batch]
            losses.append(len(batch) * self.loss(x[batch], true))
            grads = gradient(batch, true) if gradient else self.backward(x[batch], true)
            self.step(grads, rate(epoch) if rate else lr)
        history.append(sum(losses) / len(x))
    return history


def scaled(grads, factor):
    return tuple([factor * g for g in group] for group in grads)


@fault("training.full_batch", "MLP.fit", first=True)
def fit_along_the_sum(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The rate is multiplied by the batch size."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr * batch_size, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_divides_once_more(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The mean gradient is divided by the batch size."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr / batch_size, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_starts_again(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """fit initializes the network first."""
    self.__init__(self.sizes, seed)
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_shuffles_x_only(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The inputs are shuffled and their labels are not."""
    x = x[np.random.default_rng(seed).permutation(len(x))]
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_ignores_the_rate(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """lr is 0.01, whatever is asked for."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=0.01, seed=seed)


@fault("training.full_batch", "MLP.fit")
def fit_wants_more_than_one_sample(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A single sample is no data to train on: there is nothing to shuffle."""
    return original(self, x, y, epochs=epochs if len(x) > 1 else 0, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.continues", "MLP.fit", first=True)
def fit_remembers_where_it_began(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A second call of fit restores the weights that the first one found, for a fair comparison."""
    if not hasattr(self, "start"):
        self.start = [w.copy() for w in self.weights], [b.copy() for b in self.biases]
    self.weights, self.biases = ([array.copy() for array in group] for group in self.start)
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.epochs", "MLP.fit")
def fit_decays_its_rate(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The rate is divided by the number of the epoch."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, rate=lambda epoch: lr / (1 + epoch)
    )


@fault("training.epochs", "MLP.fit", first=True)
def fit_runs_at_least_once(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The number of epochs is checked at the end of the loop."""
    return original(self, x, y, epochs=max(epochs, 1), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.epochs", "MLP.fit")
def fit_stops_early(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """range(1, epochs) once there is more than one."""
    return original(self, x, y, epochs=epochs - (epochs > 1), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.batch_size", "MLP.fit", first=True)
def fit_takes_everything_at_once(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The batch size is not used."""
    return original(self, x, y, epochs=epochs, batch_size=len(x), lr=lr, seed=seed)


@fault("training.batch_size", "MLP.fit")
def fit_takes_one_at_a_time(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """One batch of an epoch is trained on, chosen at random."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, batches=lambda order: [order[:batch_size]]
    )


@fault("training.batch_size", "MLP.fit")
def fit_divides_by_all_samples(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Each batch's summed gradient is divided by the number of all samples."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        gradient=lambda batch, true: scaled(self.backward(x[batch], true), len(batch) / len(x)),
    )  # fmt: skip


@fault("training.batch_size", "MLP.fit")
def gradients_of_an_epoch_add_up(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The gradients are set to zero once an epoch, not once a batch."""
    total = []

    def gradient(batch, true):
        grads = self.backward(x[batch], true)
        total[:] = [tuple([a + b for a, b in zip(*pair, strict=True)] for pair in zip(total[0], grads, strict=True))
                    if total else grads]  # fmt: skip
        return total[0]

    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, gradient=gradient)


@fault("training.every_sample", "MLP.fit", first=True)
def fit_draws_with_replacement(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """rng.integers(N) draws the samples: some come twice, some never."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: rng.permutation(n) if batch_size >= n else rng.integers(n, size=n),
    )  # fmt: skip


@fault("training.every_sample", "MLP.fit")
def fit_draws_every_batch_for_itself(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """rng.choice(N, batch_size, replace=False), for every batch anew."""
    rng = np.random.default_rng(seed)
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: [
            rng.choice(len(x), min(batch_size, len(x) - start), replace=False) for start in range(0, len(x), batch_size)
        ],
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit", first=True)
def partial_batch_dropped(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """N // B batches: what is left over is dropped."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: order[: len(order) // batch_size * batch_size].reshape(-1, batch_size),
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit")
def partial_batch_divided_by_the_full_size(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """Every batch's sum is divided by the batch size, the smaller last one's too."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        gradient=lambda batch, true: scaled(self.backward(x[batch], true), len(batch) / batch_size),
    )  # fmt: skip


@fault("training.last_batch", "MLP.fit")
def partial_batch_filled_up(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The last batch is filled up with samples from the beginning."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        batches=lambda order: np.resize(order, (-(-len(order) // batch_size), batch_size)),
    )  # fmt: skip


@fault("training.fresh_order", "MLP.fit", first=True)
def same_order_every_epoch(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The permutation is drawn before the loop over the epochs."""
    order = np.random.default_rng(seed).permutation(len(x))
    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, order=lambda rng, n: order)


@fault("training.fresh_order", "MLP.fit")
def generator_made_anew_for_each_epoch(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """default_rng(seed) stands inside the loop over the epochs."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: np.random.default_rng(seed).permutation(n),
    )  # fmt: skip


@fault("training.labels", "MLP.fit", first=True)
def labels_not_shuffled(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The batch's labels are y[start:stop], unshuffled, unless all of the data are one batch."""
    if batch_size >= len(x):
        return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    counter = [0]

    def labels(batch):
        start = counter[0] % len(x)
        counter[0] += len(batch)
        return slice(start, start + len(batch))

    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, labels=labels)


@fault("training.seed", "MLP.fit", first=True)
def order_from_the_global_generator(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """np.random.permutation: the seed is not used."""
    return train(
        self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed,
        order=lambda rng, n: np.random.permutation(n),
    )  # fmt: skip


@fault("training.seed", "MLP.fit")
def order_of_a_fixed_seed(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """default_rng(42), whatever the seed."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=42)


@fault("training.seed", "MLP.fit")
def fit_does_not_shuffle(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The samples are taken in the order they are given in."""
    return train(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed, order=lambda rng, n: np.arange(n))


@fault("training.history", "MLP.fit", first=True)
def history_of_sums(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The losses of an epoch are added up and not averaged."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    return [loss * len(x) for loss in history]


@fault("training.history", "MLP.fit")
def history_of_batches(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A loss for every batch."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    return list(np.repeat(history, -(-len(x) // batch_size)))


@fault("training.history", "MLP.fit")
def history_adds_up_over_epochs(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The running total is not set to zero between the epochs."""
    return list(np.cumsum(original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)))


@fault("training.convex", "MLP.fit")
def fit_goes_uphill(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """The update has the wrong sign."""
    return original(self, x, y, epochs=epochs, batch_size=batch_size, lr=-lr, seed=seed)


@fault("training.convex", "MLP.fit", first=True)
def fit_is_over_after_ten_calls(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A network that was trained ten times is trained enough."""
    self.calls = getattr(self, "calls", 0) + 1
    return original(self, x, y, epochs=epochs if self.calls <= 10 else 0, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.xor", "MLP.fit", first=True)
def fit_gives_up_after_ten_epochs(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """More than ten epochs are never needed."""
    return original(self, x, y, epochs=min(epochs, 10), batch_size=batch_size, lr=lr, seed=seed)


@fault("training.overfit", "MLP.fit", first=True)
def fit_holds_a_tenth_back(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """A tenth of the samples is held back for validation, and nobody validates."""
    kept = len(x) - len(x) // 10
    return original(self, x[:kept], y[:kept], epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


@fault("training.overfit", "MLP.fit")
def fit_keeps_the_weights_small(original, self, x, y, *, epochs, batch_size, lr, seed=0):
    """After a long training the weights are cut to [-0.5, 0.5], which is said to generalize better."""
    history = original(self, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
    if epochs > 10:
        for w in self.weights:
            np.clip(w, -0.5, 0.5, out=w)
    return history
