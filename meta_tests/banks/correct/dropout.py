"""Correct dropout: other draws of the mask, other orders of the same products, the classic form, other precision."""

from types import SimpleNamespace

import numpy as np

from chainrule import reference


def binomial(x, rate, rng):
    """0 and 1 by a binomial distribution, and a division of the product."""
    kept = rng.binomial(1, 1 - rate, size=np.shape(x))
    return x * kept / (1 - rate), (kept, rate)


def binomial_backward(dout, cache):
    kept, rate = cache
    return kept * (dout / (1 - rate))


def chosen(x, rate, rng):
    """Truth values by `choice`, and a reciprocal that is assigned to what is kept."""
    dropped = rng.choice([True, False], size=np.shape(x), p=[rate, 1 - rate])
    out = np.array(x) * (1.0 / (1.0 - rate))
    out[dropped] = 0
    return out, {"dropped": dropped, "scale": 1.0 / (1.0 - rate)}


def chosen_backward(dout, cache):
    dx = np.array(dout) * cache["scale"]
    dx[cache["dropped"]] = 0
    return dx


def single(x, rate, rng):
    """Uniform numbers of float32, and a mask of float32."""
    mask = (rng.random(np.shape(x), dtype=np.float32) >= rate).astype(np.float32) / np.float32(1 - rate)
    return np.asarray(x, np.float32) * mask, mask


def single_backward(dout, cache):
    return np.asarray(dout, np.float32) * cache


def classic(x, rate, rng):
    """The form of the first paper, whose factor is in evaluation."""
    kept = rng.uniform(size=np.shape(x)) > rate
    return np.where(kept, x, 0.0), kept


def classic_backward(dout, cache):
    return np.where(cache, dout, 0.0)


def matrices(x, rate, rng):
    """Matrices alone."""
    n, d = x.shape
    mask = np.array([[0.0 if rng.random() < rate else 1 / (1 - rate) for _ in range(d)] for _ in range(n)])
    return np.multiply(x, mask), [mask]


def matrices_backward(dout, cache):
    return np.multiply(dout, cache[0])


CORE = ("relu", "softmax", "cross_entropy", "xavier", "MLP")


def beside_the_core(forward, backward, evaluate=lambda x, rate: np.array(x)):
    """The core of the reference with another dropout."""
    core = {name: getattr(reference, name) for name in CORE}
    return SimpleNamespace(**core, dropout_forward=forward, dropout_backward=backward, dropout_evaluate=evaluate)


VARIANTS = {
    "dropout by a binomial distribution": lambda: beside_the_core(binomial, binomial_backward),
    "dropout by choice": lambda: beside_the_core(chosen, chosen_backward),
    "dropout in float32": lambda: beside_the_core(single, single_backward),
    "classic dropout": lambda: beside_the_core(classic, classic_backward, lambda x, rate: (1 - rate) * x),
    "dropout of matrices": lambda: beside_the_core(matrices, matrices_backward),
}
