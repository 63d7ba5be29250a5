"""The functions of an MLP, which 02_activations.md to 04_cross_entropy.md and 08_initialization.md derive."""

import numpy as np


def relu(z):
    """Keep positive entries, replace the others by zero.

        relu(z) = max(z, 0)

    z: any shape. Returns the same shape and dtype.
    Clauses: relu.values, relu.idempotence, relu.homogeneity, relu.absolute_value.
    """
    return np.maximum(z, 0)


def log_sum_exp(z):
    """The logarithm of the normalizer of softmax, computed without overflow.

        lse(z)[n] = m + log sum_k exp(z[n, k] - m),  m = max_k z[n, k]

    z: (N, K) logits. Returns (N,).
    Clauses: softmax.log_softmax, softmax.overflow.
    Source: Blanchard, Higham and Higham (2021), algorithm 3.1.
    """
    m = z.max(axis=1)
    return m + np.log(np.exp(z - m[:, None]).sum(axis=1))


def softmax(z):
    """Turn logits into class probabilities.

        p[n, k] = exp(z[n, k] - max_j z[n, j]) / sum_i exp(z[n, i] - max_j z[n, j])

    z: (N, K) logits. Returns (N, K), each row summing to 1.
    Clauses: softmax.normalized, softmax.shift_invariance (why the maximum may be subtracted).
    """
    z = np.asarray(z)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p, y):
    """The mean surprise of the true labels under the predicted probabilities.

        loss = 1/N sum_n -log p[n, y[n]]

    p: (N, K) probabilities, y: (N,) integer labels 0..K-1. Returns a float, in nats; inf where a true label has p = 0.
    Clauses: cross_entropy.values, cross_entropy.zero_probability.
    """
    p, y = np.asarray(p), np.asarray(y)
    with np.errstate(divide="ignore"):
        return float(-np.log(p[np.arange(len(y)), y]).mean())


def xavier(fan_in, fan_out, rng):
    """Draw weights whose variance keeps signals and gradients at their scale (Glorot uniform).

        w[i, j] ~ U(-a, a),  a = sqrt(6 / (fan_in + fan_out)),  so that Var w = a^2/3 = 2 / (fan_in + fan_out)

    rng: numpy.random.Generator. Returns (fan_in, fan_out) float64.
    Clauses: initialization.variance, initialization.distribution.
    Source: Glorot and Bengio (2010), equation 16.
    """
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, size=(fan_in, fan_out))
