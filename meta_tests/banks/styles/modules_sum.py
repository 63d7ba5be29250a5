"""Tiny framework: modules with forward / backward, gradients are summed over the batch."""
import numpy as np


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.weight = rng.normal(scale=1 / np.sqrt(n_in), size=(n_out, n_in))
        self.bias = np.zeros(n_out)
        self.grad_weight = None
        self.grad_bias = None

    def forward(self, x):
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, g):
        self.grad_weight = g.T @ self.x
        self.grad_bias = g.sum(0)
        return g @ self.weight

    def update(self, lr):
        self.weight = self.weight - lr * self.grad_weight
        self.bias = self.bias - lr * self.grad_bias


class Relu:
    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.0)

    def backward(self, g):
        return np.where(self.x > 0, g, 0.0)

    def update(self, lr):
        pass


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


class MultiLayerPerceptron:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = []
        for i in range(len(sizes) - 1):
            self.layers.append(Linear(sizes[i], sizes[i + 1], rng))
            if i < len(sizes) - 2:
                self.layers.append(Relu())

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x                       # logits

    def loss(self, x, y):
        return -log_softmax(self.forward(x))[np.arange(len(y)), y].sum()

    def backward(self, x, y):
        g = np.exp(log_softmax(self.forward(x)))
        g[np.arange(len(y)), y] -= 1
        for layer in reversed(self.layers):
            g = layer.backward(g)

    def update(self, lr):
        for layer in self.layers:
            layer.update(lr)

    def fit(self, x, y, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for batch in np.split(order, range(batch_size, len(x), batch_size)):
                self.backward(x[batch], y[batch])
                self.update(lr)
