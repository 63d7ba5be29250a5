import numpy as np


class Classifier:
    def __init__(self, n_inputs, n_hidden, n_classes):
        self.W1 = np.random.normal(size=(n_inputs, n_hidden)) * np.sqrt(2 / (n_inputs + n_hidden))
        self.b1 = np.zeros(n_hidden)
        self.W2 = np.random.normal(size=(n_hidden, n_classes)) * np.sqrt(2 / (n_hidden + n_classes))
        self.b2 = np.zeros(n_classes)

    def predict_proba(self, X):
        hidden = np.maximum(0.0, X @ self.W1 + self.b1)
        scores = hidden @ self.W2 + self.b2
        scores -= scores.max(axis=1, keepdims=True)
        exp_scores = np.exp(scores)
        return exp_scores / exp_scores.sum(axis=1, keepdims=True)

    def loss_and_gradients(self, X, Y):
        """Y: one-hot labels. Returns (loss, (dW1, db1, dW2, db2))."""
        N = len(X)
        z1 = X @ self.W1 + self.b1
        hidden = np.maximum(0.0, z1)
        probs = self.predict_proba(X)
        loss = -(Y * np.log(np.maximum(probs, 1e-16))).sum() / N

        d_scores = (probs - Y) / N
        dW2 = hidden.T @ d_scores
        db2 = d_scores.sum(axis=0)
        d_z1 = d_scores @ self.W2.T
        d_z1[z1 < 0] = 0
        dW1 = X.T @ d_z1
        db1 = d_z1.sum(axis=0)
        return loss, (dW1, db1, dW2, db2)

    def train(self, X, Y, iterations, lr):
        losses = []
        for _ in range(iterations):
            loss, (dW1, db1, dW2, db2) = self.loss_and_gradients(X, Y)
            self.W1 -= lr * dW1
            self.b1 -= lr * db1
            self.W2 -= lr * dW2
            self.b2 -= lr * db2
            losses.append(loss)
        return losses

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)
