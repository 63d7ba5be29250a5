import numpy as np


class Perceptron3:
    """Nothing but the class: Perceptron3(4, 16, 3)."""

    def __init__(self, *sizes, seed=0):
        self._rng = np.random.default_rng(seed)
        self.weights = []
        self.biases = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            r = np.sqrt(6 / (a + b))
            self.weights.append(self._rng.uniform(-r, r, size=(a, b)))
            self.biases.append(np.zeros(b))

    def __call__(self, x):
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            x = np.maximum(x @ w + b, 0)
        x = x @ self.weights[-1] + self.biases[-1]
        x = np.exp(x - x.max(axis=1, keepdims=True))
        return x / x.sum(axis=1, keepdims=True)

    def loss(self, x, labels):
        return -np.log(self(x)[np.arange(len(labels)), labels]).mean()

    def grad(self, x, labels):
        layers = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            layers.append(np.maximum(layers[-1] @ w + b, 0))
        d = self(x)
        d[np.arange(len(labels)), labels] -= 1
        d /= len(labels)
        grads = []
        for w, layer in zip(reversed(self.weights), reversed(layers)):
            grads.append((layer.T @ d, d.sum(axis=0)))
            d = (d @ w.T) * (layer > 0)
        return grads[::-1]                     # [(dW, db), ...] from the first layer to the last

    def learn(self, x, labels, epochs=100, batch=8, rate=0.1):
        for _ in range(epochs):
            order = self._rng.permutation(len(x))
            for i in range(0, len(x), batch):
                rows = order[i:i + batch]
                for l, (dw, db) in enumerate(self.grad(x[rows], labels[rows])):
                    self.weights[l] -= rate * dw
                    self.biases[l] -= rate * db

    def classify(self, x):
        return self(x).argmax(axis=1)
