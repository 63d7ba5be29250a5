import numpy as np


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


class MLP:
    """Fully connected net in single precision.

    layer_sizes: e.g. [784, 128, 64, 10]
    """

    def __init__(self, layer_sizes, learning_rate=0.01, seed=None):
        self.rng = np.random.default_rng(seed)
        self.lr = learning_rate
        self.W = []
        self.b = []
        for n_in, n_out in zip(layer_sizes[:-1], layer_sizes[1:]):
            std = np.sqrt(2.0 / (n_in + n_out))    # Glorot
            self.W.append((self.rng.standard_normal((n_in, n_out)) * std).astype(np.float32))
            self.b.append(np.zeros(n_out, dtype=np.float32))

    def forward(self, X):
        a = np.asarray(X, dtype=np.float32)
        self.acts = [a]
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            z = a @ W + b
            a = softmax(z) if i == len(self.W) - 1 else relu(z)
            self.acts.append(a)
        return a

    def loss(self, X, y):
        p = self.forward(X)
        return -np.mean(np.log(p[np.arange(len(y)), y] + np.float32(1e-10)))

    def backward(self, X, y):
        p = self.forward(X)
        n = np.float32(len(y))
        delta = p.copy()
        delta[np.arange(len(y)), y] -= 1
        delta /= n
        dW = [None] * len(self.W)
        db = [None] * len(self.b)
        for i in reversed(range(len(self.W))):
            dW[i] = self.acts[i].T @ delta
            db[i] = delta.sum(axis=0)
            if i > 0:
                delta = (delta @ self.W[i].T) * (self.acts[i] > 0)
        return dW, db

    def step(self, dW, db):
        lr = np.float32(self.lr)
        for i in range(len(self.W)):
            self.W[i] -= lr * dW[i]
            self.b[i] -= lr * db[i]

    def train(self, X, y, epochs=10, batch_size=32):
        n = len(X)
        for epoch in range(epochs):
            perm = self.rng.permutation(n)
            for s in range(0, n, batch_size):
                batch = perm[s:s + batch_size]
                self.step(*self.backward(X[batch], y[batch]))

    def predict(self, X):
        return self.forward(X).argmax(axis=1)
