"""Batch normalization, written in several correct ways: each variant is a module with the chapter's five names."""

import math
from types import SimpleNamespace

import numpy as np


def folded():
    """Scale and shift in one, the variance in one pass, gradients by einsum, caches in dictionaries."""

    def batchnorm_forward(x, gamma, beta, eps=1e-5):
        n = len(x)
        mean = np.einsum("nd->d", x) / n
        variance = np.einsum("nd,nd->d", x * 1.0, x) / n - mean * mean
        scale = gamma * np.power(variance + eps, -0.5)
        cache = {"x": np.array(x), "mean": mean, "inverse": (variance + eps) ** -0.5, "gamma": np.array(gamma)}
        return x * scale + (beta - mean * scale), cache

    def batchnorm_backward(dout, cache):
        n, inverse = len(dout), cache["inverse"]
        h = (cache["x"] - cache["mean"]) * inverse
        dgamma, dbeta = np.einsum("nd,nd->d", dout, h), np.einsum("nd->d", dout)
        return (n * dout - dbeta - h * dgamma) * (cache["gamma"] * inverse / n), dgamma, dbeta

    def batchnorm_evaluate(x, gamma, beta, mean, variance, eps=1e-5):
        scale = gamma * (variance + eps) ** -0.5
        return x * scale + (beta - mean * scale)

    def batchnorm_running(x, mean, variance, momentum=0.9):
        rate = 1 - momentum
        return mean + rate * (x.mean(0) - mean), variance + rate * (x.var(0, ddof=1) - variance)

    batchnorm_backward_alt = batchnorm_backward
    return SimpleNamespace(**locals())


def by_features():
    """A feature at a time, sums by fsum, the cache a closure, the matrix of dh / dx, momentum of the new statistics."""

    def moments(column):
        mean = math.fsum(column) / len(column)
        return mean, math.fsum((value - mean) ** 2 for value in column) / len(column)

    def batchnorm_forward(x, gamma, beta, eps=1e-5):
        out, each = np.empty(np.shape(x)), []
        for j, column in enumerate(np.transpose(x).tolist()):
            mean, variance = moments(column)
            root = math.sqrt(variance + eps)
            h = [(value - mean) / root for value in column]
            out[:, j] = [float(gamma[j]) * value + float(beta[j]) for value in h]
            each.append((np.array(h), float(gamma[j]), root))

        def back(dout):
            dx, dgamma, dbeta = np.empty(np.shape(dout)), [], []
            for j, (h, g, root) in enumerate(each):
                n, d = len(h), np.asarray(dout, float)[:, j]
                dx[:, j] = g / root * (np.eye(n) - (1 + np.outer(h, h)) / n) @ d
                dgamma.append(math.fsum(d * h))
                dbeta.append(math.fsum(d))
            return dx, np.array([dgamma]), np.array([dbeta])

        return out, back

    def batchnorm_backward(dout, cache):
        return cache(dout)

    def batchnorm_evaluate(x, gamma, beta, mean, variance, eps=1e-5):
        return np.array([beta + gamma * ((sample - mean) / np.sqrt(variance + eps)) for sample in np.asarray(x)])

    def batchnorm_running(x, mean, variance, momentum=0.1):
        found = np.array([moments(column) for column in np.transpose(x).tolist()]).T
        return (1 - momentum) * mean + momentum * found[0], (1 - momentum) * variance + momentum * found[1]

    batchnorm_backward_alt = batchnorm_backward
    return SimpleNamespace(**locals())


def in_single_precision():
    """Whatever comes in is rounded to float32; gradients a step at a time."""

    def narrow(*arrays):
        return [np.asarray(array, np.float32) for array in arrays]

    def batchnorm_forward(x, gamma, beta, eps=1e-5):
        x, gamma, beta = narrow(x, gamma, beta)
        mean = np.mean(x, axis=0, keepdims=True)
        deviation = x - mean
        variance = np.mean(deviation**2, axis=0, keepdims=True)
        root = np.sqrt(variance + np.float32(eps))
        return gamma * (deviation / root) + beta, (deviation, gamma, root)

    def batchnorm_backward(dout, cache):
        (dout,) = narrow(dout)
        deviation, gamma, root = cache
        n = np.float32(len(dout))
        dh = dout * gamma
        dvariance = np.sum(dh * deviation, axis=0, keepdims=True) * np.float32(-0.5) * root**-3
        dmean = np.sum(-dh / root, axis=0, keepdims=True) + dvariance * np.mean(-2 * deviation, axis=0, keepdims=True)
        dx = dh / root + dvariance * 2 * deviation / n + dmean / n
        return dx, np.sum(dout * deviation / root, axis=0, keepdims=True), np.sum(dout, axis=0, keepdims=True)

    def batchnorm_evaluate(x, gamma, beta, mean, variance, eps=1e-5):
        x, gamma, beta, mean, variance = narrow(x, gamma, beta, mean, variance)
        return gamma * (x - mean) / np.sqrt(variance + np.float32(eps)) + beta

    def batchnorm_running(x, mean, variance, momentum=0.9):
        x, mean, variance = narrow(x, mean, variance)
        m = np.float32(momentum)
        return m * mean + (1 - m) * x.mean(axis=0), m * variance + (1 - m) * x.var(axis=0)

    batchnorm_backward_alt = batchnorm_backward
    return SimpleNamespace(**locals())


VARIANTS = {
    "batch normalization folded": folded,
    "batch normalization by features": by_features,
    "batch normalization in float32": in_single_precision,
}
