# Two-hidden-layer network that never forms softmax in the forward pass:
# it works with log-probabilities (log-sum-exp).
import numpy as np


def logsumexp(z):
    m = np.max(z, axis=-1, keepdims=True)
    return m + np.log(np.sum(np.exp(z - m), axis=-1, keepdims=True))


def log_softmax(z):
    return z - logsumexp(z)


def relu(z):
    return z * (z > 0)


def init_params(n_in, n_h1, n_h2, n_out, rng):
    def he(a, b):
        return rng.normal(0.0, np.sqrt(2.0 / a), size=(a, b))
    return {
        "W1": he(n_in, n_h1), "b1": np.zeros(n_h1),
        "W2": he(n_h1, n_h2), "b2": np.zeros(n_h2),
        "W3": he(n_h2, n_out), "b3": np.zeros(n_out),
    }


def forward(params, X):
    z1 = X @ params["W1"] + params["b1"]
    h1 = relu(z1)
    z2 = h1 @ params["W2"] + params["b2"]
    h2 = relu(z2)
    scores = h2 @ params["W3"] + params["b3"]
    logp = log_softmax(scores)
    return logp, (X, z1, h1, z2, h2)


def nll(logp, y):
    return -logp[np.arange(y.shape[0]), y].mean()


def backward(params, logp, cache, y):
    X, z1, h1, z2, h2 = cache
    n = X.shape[0]
    dscores = np.exp(logp)
    dscores[np.arange(n), y] -= 1.0
    dscores /= n
    grads = {}
    grads["W3"] = h2.T @ dscores
    grads["b3"] = dscores.sum(axis=0)
    dh2 = dscores @ params["W3"].T
    dz2 = dh2 * (z2 > 0)
    grads["W2"] = h1.T @ dz2
    grads["b2"] = dz2.sum(axis=0)
    dh1 = dz2 @ params["W2"].T
    dz1 = dh1 * (z1 > 0)
    grads["W1"] = X.T @ dz1
    grads["b1"] = dz1.sum(axis=0)
    return grads


def sgd(params, grads, lr):
    for name in params:
        params[name] = params[name] - lr * grads[name]
    return params


def train(X, y, n_classes, hidden=(20, 10), lr=0.1, epochs=60, batch_size=20, seed=0):
    rng = np.random.default_rng(seed)
    params = init_params(X.shape[1], hidden[0], hidden[1], n_classes, rng)
    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            pick = order[start:start + batch_size]
            logp, cache = forward(params, X[pick])
            grads = backward(params, logp, cache, y[pick])
            params = sgd(params, grads, lr)
        losses.append(nll(forward(params, X)[0], y))
    return params, losses


def predict(params, X):
    return np.argmax(forward(params, X)[0], axis=1)


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    y = rng.integers(0, 4, 400)
    X = rng.standard_normal((400, 6)) + 2.5 * np.eye(4, 6)[y]
    params, losses = train(X, y, 4)
    print(losses[0], losses[-1], np.mean(predict(params, X) == y))
