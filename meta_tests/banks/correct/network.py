"""A network put together of correct parts, and modules that hold one: what correct_bank varies."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from banks.correct import parts


class Network:
    """An MLP with the choices that learners make differently as attributes, and methods to override."""

    dtype = np.dtype(np.float64)
    relu = staticmethod(parts.relu_by_mask)
    slope = staticmethod(parts.slope_of_activation)
    softmax = staticmethod(parts.softmax_by_logarithm)
    cross_entropy = staticmethod(parts.cross_entropy_with_epsilon)
    error = staticmethod(parts.error_by_one_hot)
    xavier = staticmethod(parts.glorot_normal)
    product = staticmethod(np.dot)
    back_product = staticmethod(parts.product_by_einsum)
    orders = staticmethod(parts.orders_by_shuffle)
    batches = staticmethod(parts.batches_by_split)

    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [np.asarray(self.xavier(*fans, rng), self.dtype) for fans in pairwise(sizes)]
        self.biases = [np.zeros(size, self.dtype) for size in sizes[1:]]

    def affine(self, l, a):
        return self.product(a, self.weights[l]) + np.reshape(self.biases[l], (1, -1))

    def activations(self, x):
        a = [np.asarray(x, dtype=self.dtype)]
        for l in range(len(self.weights)):
            z = self.affine(l, a[-1])
            a.append(self.softmax(z) if l == len(self.weights) - 1 else self.relu(z))
        return a

    def forward(self, x):
        return self.activations(x)[-1]

    def predict(self, x):
        return np.argmax(self.forward(x), axis=-1)

    def loss(self, x, y):
        return self.cross_entropy(self.forward(x), y)

    def backward(self, x, y):
        a = self.activations(x)
        delta = np.asarray(self.error(a[-1], y), self.dtype)
        grads = []
        for l in range(len(self.weights) - 1, -1, -1):
            grads.append(self.layer_gradients(l, a[l], delta))
            if l:
                slope = self.slope(self.affine(l - 1, a[l - 1]), a[l])
                delta = self.back_product(delta, np.asarray(self.weights[l]).T) * slope
        return [w for w, _ in reversed(grads)], [b for _, b in reversed(grads)]

    def layer_gradients(self, l, a, delta):
        return self.back_product(a.T, delta) / len(a), delta.mean(axis=0).reshape(np.shape(self.biases[l]))

    def step(self, grads, lr):
        self.weights = [w - lr * g for w, g in zip(self.weights, grads[0], strict=True)]
        self.biases = [b - lr * g for b, g in zip(self.biases, grads[1], strict=True)]

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        for order in self.orders(len(x), epochs, seed):
            for batch in self.batches(order, batch_size):
                self.step(self.backward(x[batch], y[batch]), lr)


def module(network=Network, **changes):
    """A namespace with the contract's names, as a module would have them, whose functions are the network's own.

    changes: attributes of the network, such as softmax=..., and so of the module where it has such a name.
    """
    variant = type(network.__name__, (network,), {name: as_attribute(value) for name, value in changes.items()})
    functions = {name: getattr(variant, name) for name in ("relu", "softmax", "cross_entropy", "xavier")}
    return SimpleNamespace(**functions, MLP=variant)


def as_attribute(value):
    return staticmethod(value) if callable(value) and not isinstance(value, type) else value


def functions(**changes):
    """A namespace with the contract's names, each of which may be replaced for itself."""
    return SimpleNamespace(**vars(module()) | {"MLP": Network} | changes)
