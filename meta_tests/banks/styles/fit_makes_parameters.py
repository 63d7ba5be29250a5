import numpy as np

class SoftmaxMLP:
    def __init__(self, hidden=16, lr=0.1, n_iters=500, random_state=None):
        self.hidden = hidden
        self.lr = lr
        self.n_iters = n_iters
        self.random_state = random_state

    def _softmax(self, z):
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def _forward(self, X):
        self.h = np.maximum(0, X @ self.W1 + self.b1)
        return self._softmax(self.h @ self.W2 + self.b2)

    def _loss(self, p, y):
        return -np.mean(np.log(p[np.arange(len(y)), y] + 1e-12))

    def fit(self, X, y):
        rng = np.random.default_rng(self.random_state)
        n, d = X.shape
        self.classes_ = np.unique(y)
        k = len(self.classes_)
        self.W1 = rng.normal(0, np.sqrt(2 / d), (d, self.hidden))
        self.b1 = np.zeros(self.hidden)
        self.W2 = rng.normal(0, np.sqrt(2 / self.hidden), (self.hidden, k))
        self.b2 = np.zeros(k)
        self.losses = []
        for i in range(self.n_iters):
            p = self._forward(X)
            self.losses.append(self._loss(p, y))
            self._backward(X, y, p)
        return self

    def _backward(self, X, y, p):
        n = len(y)
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        dW2 = self.h.T @ d
        db2 = d.sum(axis=0)
        dh = (d @ self.W2.T) * (self.h > 0)
        dW1 = X.T @ dh
        db1 = dh.sum(axis=0)
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2

    def predict(self, X):
        return np.argmax(self._forward(X), axis=1)
