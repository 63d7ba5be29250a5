"""Correct network classes with no function beside them, of any sizes or of fixed ones."""

import numpy as np

import chainrule
from banks.correct.network import Network


class Alone(chainrule.Implementation):
    """A network class and nothing beside it; what differs between networks is overridden."""

    depths = None  # of hidden layers; any

    def __init__(self, network=Network):
        super().__init__(network)

    def supports(self, sizes):
        return None if self.depths in (None, len(sizes) - 2) else f"only {self.depths} hidden layers"

    def create(self, sizes, seed):
        return self.target(sizes, seed)

    def parameters(self, model):
        return model.weights, model.biases

    def assign(self, model, weights, biases):
        model.weights, model.biases = [np.array(w) for w in weights], [np.array(b) for b in biases]

    def forward(self, model, x):
        return model.forward(x)

    def loss(self, model, x, y):
        return model.loss(x, y)

    def backward(self, model, x, y):
        return model.backward(x, y)

    def step(self, model, grads, lr):
        model.step(grads, lr)

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        return model.fit(x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)

    def predict(self, model, x):
        return model.predict(x)


class OneHidden(Alone):
    depths = 1


def fixed(pattern):
    """A class whose networks have the sizes of a pattern, None where they are free."""

    class Fixed(Alone):
        def supports(self, sizes):
            same = len(sizes) == len(pattern) and all(p in (None, s) for p, s in zip(pattern, sizes, strict=True))
            return None if same else f"only {pattern}"

    return Fixed
