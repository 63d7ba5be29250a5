"""Two-layer MLP with plain functions and a dict of parameters.

Samples are rows.  Labels are integers.
"""
import numpy as np


def init_params(n_in, n_hidden, n_out, seed=0):
    """Xavier (Glorot) uniform initialization, zero biases."""
    rng = np.random.RandomState(seed)
    lim1 = np.sqrt(6.0 / (n_in + n_hidden))
    lim2 = np.sqrt(6.0 / (n_hidden + n_out))
    params = {
        "W1": rng.uniform(-lim1, lim1, size=(n_in, n_hidden)),
        "b1": np.zeros(n_hidden),
        "W2": rng.uniform(-lim2, lim2, size=(n_hidden, n_out)),
        "b2": np.zeros(n_out),
    }
    return params


def relu(z):
    return np.maximum(0, z)


def softmax(z):
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    return e / e.sum(axis=1, keepdims=True)


def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    a1 = relu(z1)
    z2 = a1 @ params["W2"] + params["b2"]
    probs = softmax(z2)
    cache = {"X": X, "z1": z1, "a1": a1, "probs": probs}
    return probs, cache


def cross_entropy(probs, y):
    n = y.shape[0]
    return -np.mean(np.log(probs[np.arange(n), y] + 1e-12))


def backward(params, cache, y):
    X, z1, a1 = cache["X"], cache["z1"], cache["a1"]
    n = X.shape[0]
    dz2 = cache["probs"].copy()
    dz2[np.arange(n), y] -= 1
    dz2 /= n
    grads = {}
    grads["W2"] = a1.T @ dz2
    grads["b2"] = dz2.sum(axis=0)
    da1 = dz2 @ params["W2"].T
    dz1 = da1 * (z1 > 0)
    grads["W1"] = X.T @ dz1
    grads["b1"] = dz1.sum(axis=0)
    return grads


def sgd_update(params, grads, lr):
    for k in params:
        params[k] -= lr * grads[k]


def accuracy(params, X, y):
    probs, _ = forward(params, X)
    return np.mean(probs.argmax(axis=1) == y)


def train(params, X, y, lr=0.1, epochs=20, batch_size=32, seed=1):
    rng = np.random.RandomState(seed)
    n = X.shape[0]
    losses = []
    for epoch in range(epochs):
        order = rng.permutation(n)
        total = 0.0
        for start in range(0, n, batch_size):
            idx = order[start:start + batch_size]
            xb, yb = X[idx], y[idx]
            probs, cache = forward(params, xb)
            total += cross_entropy(probs, yb) * len(idx)
            grads = backward(params, cache, yb)
            sgd_update(params, grads, lr)
        losses.append(total / n)
        print("epoch %d loss %.4f acc %.3f" % (epoch + 1, losses[-1], accuracy(params, X, y)))
    return losses


if __name__ == "__main__":
    rng = np.random.RandomState(42)
    centers = rng.randn(3, 4) * 2
    y = rng.randint(0, 3, size=300)
    X = centers[y] + rng.randn(300, 4)
    params = init_params(4, 16, 3)
    train(params, X, y)
