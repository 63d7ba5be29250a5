"""The parts of a network, each written in the ways that are all correct: correct_bank puts them together."""

import math

import numpy as np

# ReLU


def relu_by_mask(z):
    return z * (z > 0)


def relu_by_maximum(z):
    return np.maximum(0.0, z)


def relu_by_clip(z):
    return np.clip(z, 0, None)


def relu_with_slope_one_at_zero(z):
    return np.where(z >= 0, z, 0.0)


def relu_by_assignment(z):
    a = np.array(z)
    a[a < 0] = 0
    return a


# Its slope, from the pre-activation and the activation


def slope_zero(z, a):
    return z > 0


def slope_one(z, a):
    return (z >= 0).astype(a.dtype)


def slope_half(z, a):
    return np.heaviside(z, 0.5).astype(a.dtype)


def slope_of_activation(z, a):
    return np.sign(a)


def slope_by_quotient(z, a):
    return np.where(a > 0, a / np.where(a > 0, z, 1), 0)


# Softmax


def softmax_shifted(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax_by_logarithm(z):
    m = z.max(axis=1, keepdims=True)
    return np.exp(z - (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))))


def softmax_by_logaddexp(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


def softmax_in_one_pass(z):
    """Maximum and sum in one sweep over the classes: the sum is rescaled whenever the maximum grows."""
    m, total = z[:, 0].copy(), np.ones_like(z[:, 0])
    for k in range(1, z.shape[1]):
        larger = np.maximum(m, z[:, k])
        total = total * np.exp(m - larger) + np.exp(z[:, k] - larger)
        m = larger
    return np.exp(z - m[:, None]) / total[:, None]


def log_softmax_in_one_pass(z):
    m, total = z[:, 0].copy(), np.ones_like(z[:, 0])
    for k in range(1, z.shape[1]):
        larger = np.maximum(m, z[:, k])
        total = total * np.exp(m - larger) + np.exp(z[:, k] - larger)
        m = larger
    return z - (m + np.log(total))[:, None]


def softmax_of_log_softmax(z):
    return np.exp(log_softmax_in_one_pass(z))


def softmax_by_differences(z):
    """Without a maximum: 1 / sum_j exp(z_j - z_k), whose infinite sums are probabilities of zero."""
    with np.errstate(over="ignore"):
        return 1 / np.exp(z[:, None, :] - z[:, :, None]).sum(axis=2)


def softmax_unshifted_where_safe(z):
    """The maximum is subtracted from those rows alone whose exponentials might overflow."""
    large = np.abs(z).max(axis=1, keepdims=True) > 60
    e = np.exp(z - np.where(large, z.max(axis=1, keepdims=True), 0))
    return e / e.sum(axis=1, keepdims=True)


def softmax_in_base_two(z):
    e = np.exp2((z - z.max(axis=1, keepdims=True)) * np.asarray(np.log2(np.e), z.dtype))
    return e / e.sum(axis=1, keepdims=True)


def softmax_by_reciprocal(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e * (1 / e[:, ::-1].sum(axis=1, keepdims=True))


def softmax_in_python(z):
    rows = []
    for row in z.tolist():
        exponentials = [math.exp(value - max(row)) for value in row]
        total = math.fsum(exponentials)
        rows.append([value / total for value in exponentials])
    return np.array(rows).reshape(z.shape)


# Cross-entropy


def cross_entropy_plain(p, y):
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(p[np.arange(len(y)), y])))


def cross_entropy_with_epsilon(p, y):
    return -np.log(p[range(len(y)), y] + 1e-12).mean()


def cross_entropy_with_large_epsilon(p, y):
    return float(np.mean(-np.log(p[np.arange(len(y)), y] + 1e-7)))


def cross_entropy_clipped(p, y):
    one_hot = np.eye(p.shape[1])[y]
    return -(one_hot * np.log(np.clip(p, 1e-7, 1.0))).sum() / len(p)


def cross_entropy_clipped_on_both_sides(p, y):
    return -np.log(np.take_along_axis(np.clip(p, 1e-7, 1 - 1e-7), np.asarray(y, int)[:, None], axis=1)).mean()


def cross_entropy_floored(p, y):
    return -sum(math.log(max(float(row[label]), 1e-300)) for row, label in zip(p, y, strict=True)) / len(p)


def cross_entropy_by_fsum(p, y):
    return math.fsum(math.inf if row[k] == 0 else -math.log(row[k]) for row, k in zip(p, y, strict=True)) / len(y)


def cross_entropy_of_a_product(p, y):
    """Surprises add where probabilities multiply; the logarithm is that of each, from the last to the first."""
    surprises = -np.log(np.einsum("nk,nk->n", p, np.eye(p.shape[1])[y]) + 1e-12)
    total = 0.0
    for surprise in surprises[::-1]:
        total += surprise
    return total * (1 / len(y))


# The error of the logits, by probabilities and labels, before the mean


def error_by_one_hot(p, y):
    return p - (np.asarray(y)[:, None] == np.arange(p.shape[1]))


def error_by_subtraction(p, y):
    delta = p.copy()
    delta[np.arange(len(y)), y] -= 1
    return delta


def error_by_jacobian(p, y):
    """Sample by sample, the slope of -log(p + epsilon) through diag(p) - p p^T."""
    rows = []
    for row, label in zip(p, y, strict=True):
        jacobian = np.diagflat(row) - np.outer(row, row)
        slope = np.zeros_like(row)
        slope[label] = -1 / (row[label] + 1e-12)
        rows.append(jacobian.T @ slope)
    return np.array(rows)


# Xavier


def glorot_normal(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / (fan_in + fan_out))


def glorot_uniform(fan_in, fan_out, rng):
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))


def glorot_uniform_in_single_precision(fan_in, fan_out, rng):
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return (2 * rng.random((fan_in, fan_out), dtype=np.float32) - 1) * limit


def glorot_truncated(fan_in, fan_out, rng):
    """Beyond two deviations a number is drawn again; what that takes from the deviation is given back."""
    w = rng.standard_normal((fan_in, fan_out))
    while (np.abs(w) > 2).any():
        w = np.where(np.abs(w) > 2, rng.standard_normal(w.shape), w)
    return w * np.sqrt(2 / (fan_in + fan_out)) / 0.87962566103423978


def glorot_one_by_one(fan_in, fan_out, rng):
    deviation = math.sqrt(2 / (fan_in + fan_out))
    return np.array([[rng.normal(0, deviation) for _ in range(fan_out)] for _ in range(fan_in)])


def glorot_transposed(fan_in, fan_out, rng):
    return rng.normal(scale=(2 / (fan_in + fan_out)) ** 0.5, size=(fan_out, fan_in)).T


# Matrix products


def product_by_einsum(a, b):
    return np.einsum("ni,ij->nj", a, b)


def product_reversed(a, b):
    """A sum of outer products, from the last to the first."""
    total = np.zeros((len(a), b.shape[1]), dtype=np.result_type(a, b))
    for i in reversed(range(len(b))):
        total = total + a[:, i, None] * b[i]
    return total


def product_pairwise(a, b):
    """Halves of the sum, and halves of those."""
    if len(b) <= 1:
        return np.asarray(a * b if len(b) else np.zeros((len(a), b.shape[1])))
    middle = len(b) // 2
    return product_pairwise(a[:, :middle], b[:middle]) + product_pairwise(a[:, middle:], b[middle:])


def product_exactly_summed(a, b):
    return np.array([[math.fsum(row * column) for column in b.T] for row in a]).reshape(len(a), b.shape[1])


def product_compensated(a, b):
    """Kahan's sum, which carries along what rounding took from it."""
    total = np.zeros((len(a), b.shape[1]))
    lost = np.zeros_like(total)
    for i in range(len(b)):
        term = a[:, i, None] * b[i] - lost
        larger = total + term
        lost = (larger - total) - term
        total = larger
    return total


def product_of_transposes(a, b):
    return np.asfortranarray(np.dot(b.T, a.T)).T


def product_by_samples(a, b):
    return np.array([row @ b for row in a]).reshape(len(a), b.shape[1])


def product_in_blocks(a, b):
    """Three rows at a time, as where memory is short."""
    return np.concatenate([a[start : start + 3] @ b for start in range(0, len(a), 3)])


# Orders of the samples, one for each epoch


def orders_by_shuffle(n, epochs, seed):
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = np.arange(n)
        rng.shuffle(order)
        yield order


def orders_shuffled_on(n, epochs, seed):
    """One order, shuffled further in each epoch: as if the data were shuffled in place, in copies."""
    rng, order = np.random.RandomState(seed % 2**32), np.arange(n)
    for _ in range(epochs):
        order = order[rng.permutation(n)]
        yield order


def orders_by_sorting(n, epochs, seed):
    rng = np.random.default_rng(seed)
    return (rng.random(n).argsort() for _ in range(epochs))


def orders_without_replacement(n, epochs, seed):
    rng = np.random.default_rng(seed)
    return (rng.choice(n, size=n, replace=False) for _ in range(epochs))


def orders_of_own_generators(n, epochs, seed):
    return (np.random.default_rng([seed, epoch]).permutation(n) for epoch in range(epochs))


def orders_of_python(n, epochs, seed):
    import random

    rng = random.Random(seed)
    return (rng.sample(range(n), n) for _ in range(epochs))


# Batches of an order


def batches_by_split(order, size):
    return np.array_split(order, range(size, len(order), size))


def batches_by_slices(order, size):
    return [order[start : start + size] for start in range(0, len(order), size)]


def batches_by_count(order, size):
    """As many batches as it takes, the last one as long as what is left."""
    count = -(-len(order) // size)
    return [order[k * size : min((k + 1) * size, len(order))] for k in range(count)]


def batches_popped(order, size):
    left, batches = list(order), []
    while left:
        batches.append(left[:size])
        del left[:size]
    return batches
