import numpy as np


def relu(x):
    return x * (x > 0)


def d_relu(x):
    return (x > 0).astype(float)


def softmax(x):
    e = np.exp(x - x.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]


class Network:
    """784 -> h1 -> h2 -> 10 or any other four sizes."""

    def __init__(self, n_in, n_h1, n_h2, n_out, seed=1234):
        rng = np.random.RandomState(seed)

        def xavier(n_i, n_o):
            limit = np.sqrt(6.0 / (n_i + n_o))
            return rng.uniform(-limit, limit, size=(n_i, n_o))

        self.W1, self.b1 = xavier(n_in, n_h1), np.zeros(n_h1)
        self.W2, self.b2 = xavier(n_h1, n_h2), np.zeros(n_h2)
        self.W3, self.b3 = xavier(n_h2, n_out), np.zeros(n_out)

    def feedforward(self, X):
        self.X = X
        self.Z1 = X.dot(self.W1) + self.b1
        self.A1 = relu(self.Z1)
        self.Z2 = self.A1.dot(self.W2) + self.b2
        self.A2 = relu(self.Z2)
        self.Z3 = self.A2.dot(self.W3) + self.b3
        self.A3 = softmax(self.Z3)
        return self.A3

    def cross_entropy(self, X, Y):
        P = self.feedforward(X)
        return -np.mean(np.sum(Y * np.log(P + 1e-15), axis=1))

    def backprop(self, X, Y):
        self.feedforward(X)
        m = Y.shape[0]
        dZ3 = (self.A3 - Y) / m
        dW3 = self.A2.T.dot(dZ3)
        db3 = dZ3.sum(axis=0)
        dZ2 = dZ3.dot(self.W3.T) * d_relu(self.Z2)
        dW2 = self.A1.T.dot(dZ2)
        db2 = dZ2.sum(axis=0)
        dZ1 = dZ2.dot(self.W2.T) * d_relu(self.Z1)
        dW1 = self.X.T.dot(dZ1)
        db1 = dZ1.sum(axis=0)
        return dW1, db1, dW2, db2, dW3, db3

    def update_weights(self, grads, eta):
        dW1, db1, dW2, db2, dW3, db3 = grads
        self.W1 -= eta * dW1
        self.b1 -= eta * db1
        self.W2 -= eta * dW2
        self.b2 -= eta * db2
        self.W3 -= eta * dW3
        self.b3 -= eta * db3

    def train(self, X, Y, epochs=100, eta=0.1):
        for _ in range(epochs):
            self.update_weights(self.backprop(X, Y), eta)

    def predict(self, X):
        return self.feedforward(X).argmax(axis=1)
