import numpy as np


class FeedForwardNetwork:
    """weights[i] has shape (n_out, n_in), samples are rows: a = relu(x W^T + b)."""

    def __init__(self, layers, random_state=None):
        random = np.random.RandomState(random_state)
        self.weights = [random.normal(0.0, np.sqrt(2.0 / n_in), size=(n_out, n_in))
                        for n_in, n_out in zip(layers, layers[1:])]
        self.biases = [np.zeros(n_out) for n_out in layers[1:]]
        self.random = random

    def predict_proba(self, x):
        return self._activations(x)[-1]

    def _activations(self, x):
        result = [np.asarray(x, dtype=float)]
        last = len(self.weights) - 1
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = result[-1] @ w.T + b
            if i < last:
                result.append(np.clip(z, 0, None))
            else:
                z = z - z.max(axis=1, keepdims=True)
                e = np.exp(z)
                result.append(e / e.sum(axis=1, keepdims=True))
        return result

    def log_loss(self, x, y):
        p = self.predict_proba(x)
        return float(-np.log(p[np.arange(len(y)), y]).mean())

    def compute_gradients(self, x, y):
        a = self._activations(x)
        error = a[-1].copy()
        error[np.arange(len(y)), y] -= 1.0
        error = error / len(y)
        grad_w, grad_b = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            grad_w.insert(0, error.T @ a[i])
            grad_b.insert(0, error.sum(axis=0))
            error = (error @ self.weights[i]) * (a[i] > 0)
        return grad_w, grad_b

    def apply_gradients(self, gradients, learning_rate):
        grad_w, grad_b = gradients
        for i in range(len(self.weights)):
            self.weights[i] -= learning_rate * grad_w[i]
            self.biases[i] -= learning_rate * grad_b[i]

    def train(self, x, y, n_epochs=10, minibatch_size=32, learning_rate=0.1):
        for _ in range(n_epochs):
            indices = np.arange(len(x))
            self.random.shuffle(indices)
            for start in range(0, len(x), minibatch_size):
                chosen = indices[start:start + minibatch_size]
                self.apply_gradients(self.compute_gradients(x[chosen], y[chosen]), learning_rate)

    def predict(self, x):
        return np.argmax(self.predict_proba(x), axis=1)
