"""Columns-major (Fortran-ordered) weights, properties, logging and asserts."""
import logging

import numpy as np

log = logging.getLogger(__name__)


class ReluClassifier:
    def __init__(self, n_features, n_hidden, n_classes, *, learning_rate=0.1, random_state=0):
        self._rng = np.random.RandomState(random_state)
        self._lr = learning_rate
        self._W = [
            np.asfortranarray(self._rng.randn(n_features, n_hidden) * np.sqrt(2 / n_features)),
            np.asfortranarray(self._rng.randn(n_hidden, n_classes) * np.sqrt(2 / n_hidden)),
        ]
        self._b = [np.zeros(n_hidden), np.zeros(n_classes)]
        log.debug("created a network %d-%d-%d", n_features, n_hidden, n_classes)

    @property
    def W1(self):
        return self._W[0]

    @property
    def W2(self):
        return self._W[1]

    @property
    def b1(self):
        return self._b[0]

    @property
    def b2(self):
        return self._b[1]

    @property
    def learning_rate(self):
        return self._lr

    @learning_rate.setter
    def learning_rate(self, value):
        if value <= 0:
            raise ValueError("learning_rate must be positive")
        self._lr = value

    @property
    def n_parameters(self):
        return sum(w.size for w in self._W) + sum(b.size for b in self._b)

    def forward(self, X):
        assert X.ndim == 2, "X must be (n_samples, n_features)"
        assert X.shape[1] == self.W1.shape[0], (X.shape, self.W1.shape)
        self._X = np.asfortranarray(X)
        self._Z1 = self._X @ self.W1 + self.b1
        self._H = np.where(self._Z1 > 0, self._Z1, 0)
        S = self._H @ self.W2 + self.b2
        S -= S.max(axis=1, keepdims=True)
        np.exp(S, out=S)
        S /= S.sum(axis=1, keepdims=True)
        self._P = S
        assert np.allclose(self._P.sum(axis=1), 1.0)
        return self._P

    def loss(self, X, y):
        P = self.forward(X)
        return -np.log(P[np.arange(len(y)), y] + 1e-12).mean()

    def backward(self, y):
        n = len(y)
        assert n == len(self._P)
        D = np.array(self._P, order="F")
        D[np.arange(n), y] -= 1
        D /= n
        dW2 = self._H.T @ D
        db2 = D.sum(axis=0)
        D1 = (D @ self.W2.T) * (self._Z1 > 0)
        dW1 = self._X.T @ D1
        db1 = D1.sum(axis=0)
        assert dW1.shape == self.W1.shape and dW2.shape == self.W2.shape
        return [dW1, dW2], [db1, db2]

    def partial_fit(self, X, y):
        self.forward(X)
        dW, db = self.backward(y)
        for k in (0, 1):
            self._W[k] -= self._lr * dW[k]
            self._b[k] -= self._lr * db[k]

    def fit(self, X, y, n_epochs=30, batch_size=32):
        for epoch in range(n_epochs):
            order = self._rng.permutation(len(X))
            for chunk in np.array_split(order, int(np.ceil(len(X) / batch_size))):
                self.partial_fit(X[chunk], y[chunk])
            log.info("epoch %d loss %.4f", epoch, self.loss(X, y))
        return self

    def predict(self, X):
        return self.forward(X).argmax(axis=1)

    def score(self, X, y):
        return float((self.predict(X) == y).mean())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    rs = np.random.RandomState(1)
    y = rs.randint(0, 3, 300)
    X = rs.randn(300, 4) + 2 * np.eye(3, 4)[y]
    clf = ReluClassifier(4, 16, 3).fit(X, y)
    print(clf.score(X, y))
