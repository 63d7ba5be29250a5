"""Dropout: a layer that drops entries at random in training, and passes all of them outside of it (15_dropout.md)."""

import numpy as np

__all__ = ["dropout_backward", "dropout_evaluate", "dropout_forward"]


def dropout_forward(x, rate, rng):
    """Drop each entry with probability `rate`, and enlarge the others, so that the mean stays (Srivastava et al. 2014).

        out = m x,    m = 0 with probability rate, else 1 / (1 - rate)

    x: of any shape; rate: in [0, 1); rng: the generator that draws the mask. Returns out, of x's shape, and the cache.
    Clauses: dropout.entries, dropout.rate, dropout.mean, dropout.zero_rate.
    """
    x = np.asarray(x)
    mask = ((rng.random(x.shape) >= rate) / (1 - rate)).astype(np.result_type(x, np.float32))
    return x * mask, mask


def dropout_backward(dout, cache):
    """Multiply the gradient by the mask of the forward pass: dout -> dx, both of x's shape.

        dx = m dout

    Clauses: dropout.same_mask, dropout.linearity.
    """
    return dout * cache


def dropout_evaluate(x, rate):
    """The layer outside of training, where nothing is dropped and nothing enlarged: x, whatever the rate.

    Clause: dropout.evaluation.
    """
    return x
