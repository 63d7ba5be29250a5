import numpy as np


class MLPClassifier:
    """Multi-layer perceptron classifier with the interface of scikit-learn.

    Parameters
    ----------
    hidden_layer_sizes : tuple, default=(100,)
    learning_rate_init : float, default=0.001
    max_iter : int, default=200
        Number of epochs.
    batch_size : int, default=32
    warm_start : bool, default=False
        When True, fit goes on from the present coefficients.
    random_state : int, default=None
    """

    def __init__(self, hidden_layer_sizes=(100,), learning_rate_init=0.001, max_iter=200, batch_size=32,
                 warm_start=False, random_state=None):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.warm_start = warm_start
        self.random_state = random_state

    def _initialize(self, n_features, n_classes):
        self._rng = np.random.RandomState(self.random_state)
        layer_units = [n_features, *self.hidden_layer_sizes, n_classes]
        self.coefs_ = []
        self.intercepts_ = []
        for fan_in, fan_out in zip(layer_units[:-1], layer_units[1:]):
            bound = np.sqrt(6.0 / (fan_in + fan_out))
            self.coefs_.append(self._rng.uniform(-bound, bound, (fan_in, fan_out)))
            self.intercepts_.append(np.zeros(fan_out))

    def _forward_pass(self, X):
        activations = [X]
        for i in range(len(self.coefs_)):
            z = activations[i] @ self.coefs_[i] + self.intercepts_[i]
            if i + 1 != len(self.coefs_):
                activations.append(np.maximum(z, 0))
            else:
                z = z - z.max(axis=1, keepdims=True)
                np.exp(z, out=z)
                activations.append(z / z.sum(axis=1, keepdims=True))
        return activations

    def _backprop(self, X, y):
        n_samples = X.shape[0]
        activations = self._forward_pass(X)
        y_prob = activations[-1]
        loss = -np.log(y_prob[np.arange(n_samples), y]).mean()

        delta = y_prob.copy()
        delta[np.arange(n_samples), y] -= 1
        coef_grads = [None] * len(self.coefs_)
        intercept_grads = [None] * len(self.coefs_)
        for i in range(len(self.coefs_) - 1, -1, -1):
            coef_grads[i] = activations[i].T @ delta / n_samples
            intercept_grads[i] = delta.mean(axis=0)
            if i > 0:
                delta = delta @ self.coefs_[i].T
                delta[activations[i] == 0] = 0
        return loss, coef_grads, intercept_grads

    def fit(self, X, y):
        X = np.asarray(X, dtype=float)
        y = np.asarray(y)
        if not (self.warm_start and hasattr(self, "coefs_")):
            self.classes_ = np.unique(y)
            self._initialize(X.shape[1], len(self.classes_))
        y = np.searchsorted(self.classes_, y)

        self.loss_curve_ = []
        for _ in range(self.max_iter):
            order = self._rng.permutation(len(X))
            accumulated_loss = 0.0
            for start in range(0, len(X), self.batch_size):
                batch = order[start:start + self.batch_size]
                loss, coef_grads, intercept_grads = self._backprop(X[batch], y[batch])
                accumulated_loss += loss * len(batch)
                for i in range(len(self.coefs_)):
                    self.coefs_[i] -= self.learning_rate_init * coef_grads[i]
                    self.intercepts_[i] -= self.learning_rate_init * intercept_grads[i]
            self.loss_curve_.append(accumulated_loss / len(X))
        return self

    def predict_proba(self, X):
        return self._forward_pass(np.asarray(X, dtype=float))[-1]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def score(self, X, y):
        return np.mean(self.predict(X) == y)
