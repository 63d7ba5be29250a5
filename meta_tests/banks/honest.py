"""A right network as a learner writes it, in parts, for the tests that plant something in it."""

from __future__ import annotations

from chainrule import api
from chainrule.running.loading import load

IMPORTS = "import numpy as np\n"
FUNCTIONS = """

def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p, y):
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def xavier(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, (fan_in, fan_out))
"""
NETWORK = """

class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [xavier(m, n, rng) for m, n in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(n) for n in sizes[1:]]

    def run(self, x):
        acts = [np.asarray(x, dtype=float)]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            acts.append(relu(acts[-1] @ w + b))
        return acts, acts[-1] @ self.weights[-1] + self.biases[-1]

    def forward(self, x):
        return softmax(self.run(x)[1])

    def predict(self, x):
        return self.run(x)[1].argmax(axis=1)

    def loss(self, x, y):
        return cross_entropy(self.forward(x), y)

    def backward(self, x, y):
        acts, z = self.run(x)
        delta = softmax(z)
        delta[np.arange(len(y)), y] -= 1
        delta = delta / len(y)
        dW, db = [], []
        for l in reversed(range(len(self.weights))):
            dW.insert(0, acts[l].T @ delta)
            db.insert(0, delta.sum(axis=0))
            if l > 0:
                delta = delta @ self.weights[l].T * (acts[l] > 0)
        return dW, db

    def step(self, grads, lr):
        for w, g in zip(self.weights, grads[0]):
            w -= lr * g
        for b, g in zip(self.biases, grads[1]):
            b -= lr * g

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                self.step(self.backward(x[batch], y[batch]), lr)
"""
HONEST = IMPORTS + FUNCTIONS + NETWORK


def written(folder, old="", new=""):
    """(the file with a mistake planted, the line that it is in)."""
    assert not old or HONEST.count(old) == 1, old
    path = folder / "net.py"
    path.write_text(HONEST.replace(old, new) if old else HONEST, encoding="utf-8")
    return path, HONEST[: HONEST.index(old)].count("\n") + 1 if old else 0


def checked(path, *chapters):
    """The outcome of checking a file."""
    return api.check_loaded(load(str(path)), chapters=chapters)
