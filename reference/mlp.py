"""A multilayer perceptron: ReLU hidden layers, softmax output, cross-entropy, mini-batch SGD. NumPy alone.

Symbols are those of 01_notation.md: N samples, layer sizes s[0..L]; z[l] = a[l-1] W[l] + b[l]; a[l] = relu(z[l]);
p = softmax(z[L]).
"""

import numpy as np

from .functions import log_sum_exp, relu, softmax, xavier


class MLP:
    """A network of layer sizes `sizes` = (s[0], ..., s[L]); two sizes make multinomial logistic regression.

    sizes: at least two positive integers. seed: an integer, decides every weight. dtype: float64 or float32, the
    precision of parameters and arithmetic. Raises ValueError for sizes that are no network, and for another dtype.
    `weights` and `biases` are lists of L arrays, (s[l], s[l+1]) and (s[l+1],), and may be assigned.
    """

    def __init__(self, sizes, seed=0, *, dtype=np.float64):
        self.sizes = [int(size) for size in sizes]
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes: expected at least two positive layer sizes such as [784, 9, 10], found {sizes!r}")
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype: expected float64 or float32, found {self.dtype}")
        rng = np.random.default_rng(seed)
        layers = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        self.weights = [xavier(fan_in, fan_out, rng).astype(self.dtype) for fan_in, fan_out in layers]
        self.biases = [np.zeros(fan_out, self.dtype) for _, fan_out in layers]

    def forward(self, x):
        """Class probabilities of every row: x (N, s[0]) -> p (N, s[L]).  Clause: network.forward."""
        return softmax(self.propagate(self._inputs(x))[1])

    def propagate(self, x):
        """Run the batch through the layers: x (N, s[0]) -> the inputs of every layer and the logits.

            z[l] = a[l-1] W[l] + b[l],  a[l] = relu(z[l]),  a[0] = x

        Returns ([a[0], ..., a[L-1]], z[L]).  Clause: network.forward.
        """
        inputs = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            inputs.append(relu(inputs[-1] @ w + b))
        return inputs, inputs[-1] @ self.weights[-1] + self.biases[-1]

    def predict(self, x):
        """The likeliest class of every row: x (N, s[0]) -> (N,) integers.  Clause: network.predict."""
        return self.propagate(self._inputs(x))[1].argmax(axis=1)

    def loss(self, x, y):
        """Mean cross-entropy of the batch in nats, a float.

            loss = 1/N sum_n (lse(z[L][n]) - z[L][n, y[n]])

        The logarithm of the softmax is taken before anything can underflow.
        Clauses: network.loss, softmax.log_softmax.
        """
        x, y = self._inputs(x), self._labels(x, y)
        return _mean_cross_entropy(self.propagate(x)[1], y)

    def backward(self, x, y):
        """Gradients of `loss(x, y)`: (weight_grads, bias_grads), shaped like the parameters.

            d[L] = (p - onehot(y)) / N,  d[l] = (d[l+1] W[l+1]^T) * (z[l] > 0),
            dloss/dW[l] = a[l-1]^T d[l],  dloss/db[l] = sum_n d[l][n]

        Clauses: gradients.weights, gradients.biases, cross_entropy.gradient.
        """
        x, y = self._inputs(x), self._labels(x, y)
        return self._gradients(*self.propagate(x), y)

    def step(self, grads, lr):
        """One gradient-descent update in place, theta <- theta - lr g.  Clause: training.step."""
        for parameters, gradients in zip((self.weights, self.biases), grads, strict=True):
            for theta, g in zip(parameters, gradients, strict=True):
                theta -= lr * g

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0, callback=None):
        """Train in place by mini-batch SGD; every epoch visits every sample once, in an order of its own.

        x: (N, s[0]); y: (N,) labels; lr: a number, or a function epoch -> number with epochs counted from 0;
        seed: decides every order; callback(epoch, loss): called after each epoch.
        Returns the mean loss of each epoch over its samples, each at the moment it was visited.
        Raises ValueError for data or settings that do not fit.  Clauses: training.every_sample, training.fresh_order.
        """
        x, y = self._inputs(x), self._labels(x, y)
        if epochs < 0 or batch_size < 1:
            raise ValueError(f"fit: expected epochs >= 0 and batch_size >= 1, found {epochs} and {batch_size}")
        if len(x) == 0:
            raise ValueError("x: expected at least one sample to train on, found none")
        rng = np.random.default_rng(seed)
        history = []
        for epoch in range(epochs):
            rate = lr(epoch) if callable(lr) else lr
            order = rng.permutation(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                hidden, logits = self.propagate(x[batch])
                total += len(batch) * _mean_cross_entropy(logits, y[batch])
                self.step(self._gradients(hidden, logits, y[batch]), rate)
            history.append(total / len(x))
            if callback is not None:
                callback(epoch, history[-1])
        return history

    def save(self, path):
        """Write sizes and parameters to an .npz archive, without pickle.  Returns the path NumPy wrote to."""
        path = str(path) if str(path).endswith(".npz") else f"{path}.npz"
        weights = {f"W{l}": w for l, w in enumerate(self.weights, 1)}
        biases = {f"b{l}": b for l, b in enumerate(self.biases, 1)}
        np.savez(path, sizes=self.sizes, **weights, **biases)
        return path

    @classmethod
    def load(cls, path):
        """The network that `save` wrote.  Raises ValueError if the file holds none, OSError if it can't be read."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                network = cls(arrays["sizes"], dtype=arrays["W1"].dtype)
                for kind, parameters in (("W", network.weights), ("b", network.biases)):
                    for l, theta in enumerate(parameters, 1):
                        loaded = arrays[f"{kind}{l}"]
                        if (loaded.shape, loaded.dtype) != (theta.shape, theta.dtype):
                            raise ValueError(f"{kind}{l} has shape {loaded.shape} of {loaded.dtype}")
                        parameters[l - 1] = loaded
        except OSError:
            raise
        except Exception as error:  # a spoiled archive fails in NumPy's, zipfile's or zlib's own way
            raise ValueError(f"{path}: expected a network written by MLP.save, but {error}") from None
        return network

    def _gradients(self, inputs, logits, y):
        """Backpropagation from the logits down; a[l] > 0 exactly where z[l] > 0."""
        delta = softmax(logits)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        weight_grads, bias_grads = [], []
        for l in reversed(range(len(self.weights))):
            weight_grads.insert(0, inputs[l].T @ delta)
            bias_grads.insert(0, delta.sum(axis=0))
            if l > 0:
                delta = (delta @ self.weights[l].T) * (inputs[l] > 0)
        return weight_grads, bias_grads

    def _inputs(self, x):
        x = np.asarray(x, dtype=self.dtype)
        if x.ndim != 2 or x.shape[1] != self.sizes[0]:
            raise ValueError(f"x: expected shape (N, {self.sizes[0]}), found {x.shape}")
        return x

    def _labels(self, x, y):
        y = np.asarray(y)
        if y.shape != (len(x),) or not np.issubdtype(y.dtype, np.integer):
            raise ValueError(f"y: expected {len(x)} integer labels, found shape {y.shape} of {y.dtype}")
        if len(y) and not 0 <= y.min() <= y.max() < self.sizes[-1]:
            raise ValueError(f"y: expected labels 0 to {self.sizes[-1] - 1}, found {y.min()} to {y.max()}")
        return y


def _mean_cross_entropy(logits, y):
    return float((log_sum_exp(logits) - logits[np.arange(len(y)), y]).mean())
