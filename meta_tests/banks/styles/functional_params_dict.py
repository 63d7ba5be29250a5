"""A neural network in pure functions: parameters in, parameters out."""
import numpy as np

EPS = 1e-12


def init_network(n_in, n_hidden, n_out, seed=0):
    rng = np.random.default_rng(seed)
    return {
        'W1': rng.normal(0, np.sqrt(2 / (n_in + n_hidden)), (n_in, n_hidden)),
        'b1': np.zeros((1, n_hidden)),
        'W2': rng.normal(0, np.sqrt(2 / (n_hidden + n_out)), (n_hidden, n_out)),
        'b2': np.zeros((1, n_out)),
    }


def softmax(z):
    z = z - np.max(z, axis=1, keepdims=True)
    return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)


def forward(params, X):
    z1 = X @ params['W1'] + params['b1']
    a1 = np.maximum(z1, 0)
    z2 = a1 @ params['W2'] + params['b2']
    probs = softmax(z2)
    cache = (X, z1, a1, probs)
    return probs, cache


def cross_entropy_loss(probs, Y):
    return -np.mean(np.sum(Y * np.log(probs + EPS), axis=1))


def backward(params, cache, Y):
    X, z1, a1, probs = cache
    m = len(X)
    d2 = (probs - Y) / m
    d1 = d2 @ params['W2'].T
    d1 = d1 * (z1 > 0)
    return {
        'W1': X.T @ d1,
        'b1': d1.sum(axis=0, keepdims=True),
        'W2': a1.T @ d2,
        'b2': d2.sum(axis=0, keepdims=True),
    }


def sgd_step(params, grads, lr):
    return {k: params[k] - lr * grads[k] for k in params}


def train(params, X, Y, epochs=100, batch_size=16, lr=0.1, seed=0):
    rng = np.random.default_rng(seed)
    for epoch in range(epochs):
        idx = rng.permutation(len(X))
        for i in range(0, len(X), batch_size):
            batch = idx[i:i + batch_size]
            probs, cache = forward(params, X[batch])
            params = sgd_step(params, backward(params, cache, Y[batch]), lr)
    return params


def predict(params, X):
    return forward(params, X)[0].argmax(axis=1)


if __name__ == '__main__':
    from sklearn.datasets import load_digits
    digits = load_digits()
    X, Y = digits.data / 16, np.eye(10)[digits.target]
    params = train(init_network(64, 32, 10), X, Y)
    print('accuracy', np.mean(predict(params, X) == digits.target))
