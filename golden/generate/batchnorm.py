"""Batch normalization: outputs and gradients, and outputs with running statistics."""

import random

from mpmath import mp

from .numbers import confirm_slope, doubles, dyadic, exact, matrix, vector

BATCHES = ((5, 3, 1e-5), (2, 4, 1e-8), (7, 2, 0.25), (4, 1, 1e-3))  # samples, features, eps
SIZES, SHIFTS = (1.0, 4.0, 0.25, 1.0), (0.0, 3.0, -1.5, 8.0)  # of the features: means and spreads that differ


def batch(samples, features, eps, rng):
    """x, gamma, beta and dout as drawn, the output and the gradients of sum(dout out)."""
    columns = [vector(rng, samples, -2, 2, 256) for _ in range(features)]
    columns = [[x * size + shift for x in column] for column, size, shift in zip(columns, SIZES, SHIFTS, strict=False)]
    x = [list(row) for row in zip(*columns, strict=True)]
    gamma = [dyadic(rng, 0.5, 2, 256) * (-1) ** j for j in range(features)]
    beta, dout = vector(rng, features, -2, 2, 256), matrix(rng, samples, features, -2, 2, 256)
    slopes = exact(dout)
    inputs = exact(x), exact(gamma), exact(beta)
    dx, dgamma, dbeta = gradients(slopes, *inputs[:2], eps)

    def along(x, gamma, beta):
        return mp.fsum(
            d * o
            for ds, os in zip(slopes, output(x, gamma, beta, eps), strict=True)
            for d, o in zip(ds, os, strict=True)
        )

    confirm_slope("batchnorm", along, list(inputs), [dx, dgamma, dbeta])
    return {"x": x, "gamma": gamma, "beta": beta, "dout": dout, "eps": eps} | {
        name: doubles(value)
        for name, value in (
            ("out", output(*inputs, eps)),
            ("dx", dx),
            ("dgamma", dgamma),
            ("dbeta", dbeta),
        )
    }


def output(x, gamma, beta, eps):
    """gamma (x - mean) / sqrt(variance + eps) + beta, by rows."""
    columns = [
        [g * h + b for h in normalized(column, eps)[0]]
        for column, g, b in zip(zip(*x, strict=True), gamma, beta, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def normalized(column, eps):
    """(a feature's normalized entries, the root that they were divided by)"""
    mean = mp.fsum(column) / len(column)
    variance = mp.fsum((x - mean) ** 2 for x in column) / len(column)
    root = mp.sqrt(variance + mp.mpf(eps))
    return [(x - mean) / root for x in column], root


def gradients(dout, x, gamma, eps):
    """(dx, dgamma, dbeta): by the Jacobian of each feature, entry by entry."""
    columns, dgamma, dbeta = [], [], []
    for slopes, column, g in zip(zip(*dout, strict=True), zip(*x, strict=True), gamma, strict=True):
        h, root = normalized(column, eps)
        count = len(column)
        jacobian = [
            [g / root * ((m == n) - (1 + h[m] * h[n]) / mp.mpf(count)) for m in range(count)] for n in range(count)
        ]
        columns.append([mp.fdot(slopes, row) for row in jacobian])
        dgamma.append(mp.fdot(slopes, h))
        dbeta.append(mp.fsum(slopes))
    return [list(row) for row in zip(*columns, strict=True)], dgamma, dbeta


def solve_batchnorm():
    """The content of batchnorm.json."""
    seed = 1
    rng = random.Random(seed)
    return {
        "description": "Batch normalization over the samples: outputs and gradients.",
        "seed": seed,
        "training": [batch(*size, rng) for size in BATCHES],
    }


def cases():
    """{file: what computes its content}"""
    return {"batchnorm.json": solve_batchnorm}
