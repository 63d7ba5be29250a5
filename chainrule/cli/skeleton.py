"""The file that `chainrule new` writes: the contract's names, each with what it must return, not yet implemented."""

SKELETON = '''"""A multilayer perceptron from scratch: ReLU hidden layers, softmax, cross-entropy, mini-batch SGD.

N samples, D inputs, K classes, layer sizes s[0..L].  Fill in one function at a time, from top to bottom, and run

    chainrule check THIS_FILE

after each: the report lists what is not written yet as todo.
"""

import numpy as np


def relu(z):
    """max(z, 0), entry by entry.  z: any shape.  Returns the same shape."""
    raise NotImplementedError


def softmax(z):
    """Turn logits of any size into probabilities.  z: (N, K).  Returns (N, K), each row summing to 1."""
    raise NotImplementedError


def cross_entropy(p, y):
    """The mean over the batch of -log p[n, y[n]].  p: (N, K), y: (N,) integer labels.  Returns a float."""
    raise NotImplementedError


def xavier(fan_in, fan_out, rng):
    """Draw weights of variance 2 / (fan_in + fan_out), uniformly or normally.

    rng: numpy.random.Generator.  Returns (fan_in, fan_out).
    """
    raise NotImplementedError


class MLP:
    """A network: affine layers with ReLU between them and softmax at the end.

    weights: list of L arrays (s[l], s[l+1]), from `xavier`.  biases: list of L arrays (s[l+1],), zero at first.
    """

    def __init__(self, sizes, seed=0):
        """sizes: [s[0], ..., s[L]].  seed: decides every weight; make one generator, np.random.default_rng(seed)."""
        raise NotImplementedError

    def forward(self, x):
        """Probabilities of every class.  x: (N, D).  Returns (N, K)."""
        raise NotImplementedError

    def loss(self, x, y):
        """The mean cross-entropy of the batch, a float.  x: (N, D), y: (N,)."""
        raise NotImplementedError

    def backward(self, x, y):
        """The gradients of `loss(x, y)`: (weight_grads, bias_grads), two lists shaped like weights and biases."""
        raise NotImplementedError

    def step(self, grads, lr):
        """One update of every parameter, theta <- theta - lr g.  grads: as `backward` returns them."""
        raise NotImplementedError

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        """Train by mini-batch SGD: every epoch visits every sample once, in a new random order, batch_size at a time.

        If batch_size does not divide N, the last batch is smaller.  May return the mean loss of each epoch.
        """
        raise NotImplementedError

    def predict(self, x):
        """The likeliest class of every sample.  x: (N, D).  Returns (N,) integers."""
        raise NotImplementedError
'''
