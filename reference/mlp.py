"""A multilayer perceptron: ReLU hidden layers, softmax output, cross-entropy, mini-batch SGD. NumPy alone.

Symbols are those of 01_notation.md: N samples, layer sizes s[0..L]; z[l] = a[l-1] W[l] + b[l]; a[l] = relu(z[l]);
p = softmax(z[L]).
"""

import numpy as np

from .arguments import check_training, checked_dtype, checked_inputs, checked_labels, checked_sizes
from .functions import log_sum_exp, relu, softmax, xavier


class MLP:
    """A network of layer sizes `sizes` = (s[0], ..., s[L]); two sizes make multinomial logistic regression.

    sizes: at least two positive integers. seed: an integer that decides every weight. dtype: float64 or float32, the
    precision of parameters and arithmetic. Raises ValueError for sizes that do not make a network, and for another
    dtype. `weights` and `biases` are lists of L arrays, (s[l], s[l+1]) and (s[l+1],), and may be assigned.
    Clauses: initialization.sizes, initialization.biases, initialization.seed, network.assignable.
    """

    def __init__(self, sizes, seed=0, *, dtype=np.float64):
        self.sizes, self.dtype = checked_sizes(sizes), checked_dtype(dtype)
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

        The logits give the logarithm of softmax directly, so that it cannot underflow.
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

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0, callback=lambda epoch, loss: None):
        """Train in place by mini-batch SGD; every epoch visits every sample once, in a new random order.

        x: (N, s[0]); y: (N,) labels; lr: a number, or a function epoch -> number with epochs counted from 0;
        seed: decides every order; callback(epoch, loss): called after each epoch.
        Returns each epoch's mean loss over its samples, measured at the moment of each visit.
        Raises ValueError for data or settings that do not fit.
        Clauses: training.every_sample, training.fresh_order, schedules.training.
        """
        x, y = self._inputs(x), self._labels(x, y)
        check_training(len(x), epochs, batch_size)
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
            callback(epoch, history[-1])
        return history

    def _gradients(self, inputs, logits, y):
        """Backpropagation from the logits down; a[l] > 0 exactly where z[l] > 0.

        Clauses: gradients.weights, gradients.biases.
        """
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
        return checked_inputs(x, self.sizes[0], self.dtype)

    def _labels(self, x, y):
        return checked_labels(y, len(x), self.sizes[-1])


def _mean_cross_entropy(logits, y):
    return float((log_sum_exp(logits) - logits[np.arange(len(y)), y]).mean())
