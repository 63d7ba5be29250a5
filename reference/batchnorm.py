"""Batch normalization: each feature gets mean beta and size gamma over the batch (16_batchnorm.md).

Training normalizes by the statistics of the batch, evaluation by running averages of them.
"""

import numpy as np

__all__ = [
    "batchnorm_backward",
    "batchnorm_backward_alt",
    "batchnorm_evaluate",
    "batchnorm_forward",
    "batchnorm_running",
]


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Normalize every feature over the batch, then scale and shift it.

        out = gamma h + beta,  h = (x - mean) / sqrt(variance + eps),  mean and variance of each column of x

    x: (N, D); gamma, beta: (D,). Returns out (N, D), and the cache.
    Clauses: batchnorm.values, batchnorm.mean, batchnorm.variance, batchnorm.epsilon.
    """
    x = np.asarray(x)
    root = np.sqrt(x.var(axis=0) + eps)
    h = (x - x.mean(axis=0)) / root
    return gamma * h + beta, (h, gamma, root)


def batchnorm_backward(dout, cache):
    """The gradients with respect to x, gamma and beta.

        dx = gamma / sqrt(variance + eps) (dout - mean(dout) - h mean(dout h))
        dgamma = sum_n dout[n] h[n],  dbeta = sum_n dout[n]

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,).
    Clauses: batchnorm.input_gradient, batchnorm.scale_gradient, batchnorm.shift_gradient.
    """
    dout, (h, gamma, root) = np.asarray(dout), cache
    along = dout * h
    dx = gamma / root * (dout - dout.mean(axis=0) - h * along.mean(axis=0))
    return dx, along.sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    """The same gradients, a step of the forward pass at a time.

        dh = dout gamma,  dvariance = -1/2 sum_n dh h / (variance + eps),  dmean = -sum_n dh / sqrt(variance + eps)
        dx = dh / sqrt(variance + eps) + 2 (x - mean) dvariance / N + dmean / N

    dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,).
    Clause: batchnorm.alternative.
    """
    dout, (h, gamma, root) = np.asarray(dout), cache
    dh = dout * gamma
    dvariance = -(dh * h).sum(axis=0) / (2 * root**2)
    dmean = -dh.sum(axis=0) / root
    dx = dh / root + (2 * h * root * dvariance + dmean) / len(dout)
    return dx, (dout * h).sum(axis=0), dout.sum(axis=0)


def batchnorm_evaluate(x, gamma, beta, mean, variance, eps=1e-5):
    """Normalize by given statistics: each sample by itself.

        out = gamma (x - mean) / sqrt(variance + eps) + beta

    x: (N, D); gamma, beta, mean, variance: (D,). Returns (N, D).
    Clauses: batchnorm.evaluation, batchnorm.evaluation_by_samples.
    """
    x, variance = np.asarray(x), np.asarray(variance)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def batchnorm_running(x, mean, variance, momentum=0.9):
    """The running statistics after one more batch.

        mean = momentum mean + (1 - momentum) mean of x,  variance likewise

    x: (N, D); mean, variance: (D,), those before. Returns mean, variance.
    Clauses: batchnorm.running, batchnorm.running_limit.
    """
    x = np.asarray(x)
    return (
        momentum * np.asarray(mean) + (1 - momentum) * x.mean(axis=0),
        momentum * np.asarray(variance) + (1 - momentum) * x.var(axis=0),
    )
