import numpy as np


class ShallowNet:
    def __init__(self, nx, nh, ny, seed=3):
        np.random.seed(seed)
        self.params = {
            "W1": np.random.randn(nh, nx) * np.sqrt(2 / nx),
            "b1": np.zeros((nh, 1)),
            "W2": np.random.randn(ny, nh) * np.sqrt(2 / nh),
            "b2": np.zeros((ny, 1)),
        }

    def forward(self, X):
        """Returns everything that was computed on the way."""
        cache = {}
        cache["X"] = X
        cache["Z1"] = self.params["W1"] @ X + self.params["b1"]
        cache["A1"] = np.maximum(0, cache["Z1"])
        cache["Z2"] = self.params["W2"] @ cache["A1"] + self.params["b2"]
        e = np.exp(cache["Z2"] - cache["Z2"].max(axis=0))
        cache["A2"] = e / e.sum(axis=0)
        return cache

    def loss(self, X, labels):
        A2 = self.forward(X)["A2"]
        return -np.log(A2[labels, np.arange(labels.size)] + 1e-10).mean()

    def backward(self, cache, labels):
        m = labels.size
        Y = np.eye(self.params["b2"].shape[0])[:, labels]
        dZ2 = (cache["A2"] - Y) / m
        dZ1 = (self.params["W2"].T @ dZ2) * np.where(cache["Z1"] > 0, 1.0, 0.0)
        return {
            "dW1": dZ1 @ cache["X"].T,
            "db1": dZ1.sum(axis=1, keepdims=True),
            "dW2": dZ2 @ cache["A1"].T,
            "db2": dZ2.sum(axis=1, keepdims=True),
        }

    def update(self, grads, lr):
        for key in self.params:
            self.params[key] = self.params[key] - lr * grads["d" + key]

    def train(self, X, labels, steps, lr):
        for step in range(steps):
            self.update(self.backward(self.forward(X), labels), lr)

    def predict(self, X):
        return self.forward(X)["A2"].argmax(axis=0)
