"""A gradient of probabilities that the loss has clipped is right within the epsilon, and a bound is never nan."""

import numpy as np
import pytest

import chainrule
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, analyse
from chainrule.reference import MLP

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

SOURCE = """
import numpy as np


class Linear:
    def __init__(self, fan_in, fan_out):
        self.W = np.random.normal(0, (2 / (fan_in + fan_out)) ** 0.5, (fan_in, fan_out))
        self.b = np.zeros((1, fan_out))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T


class Net:
    def __init__(self, sizes):
        self.layers = [Linear(m, n) for m, n in zip(sizes, sizes[1:])]

    def forward(self, x):
        self.z = []
        for layer in self.layers[:-1]:
            self.z.append(layer.forward(x))
            x = np.maximum(self.z[-1], 0)
        z = self.layers[-1].forward(x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, grad):
        grad = self.layers[-1].backward(grad)
        for layer, z in zip(self.layers[-2::-1], self.z[::-1]):
            grad = layer.backward(grad * (z > 0))


class Loss:
    def forward(self, p, y):
        self.p, self.y = np.clip(p, EPSILON, 1 - EPSILON), y
        return -np.sum(y * np.log(self.p), axis=1).mean()

    def backward(self):
        return (self.p - self.y) / len(self.p)


def train(net, loss, x, y, lr, epochs, batch_size):
    for _ in range(epochs):
        order = np.random.permutation(len(x))
        for i in range(0, len(x), batch_size):
            batch = order[i : i + batch_size]
            value = loss.forward(net.forward(x[batch]), y[batch])
            net.backward(loss.backward())
            for layer in net.layers:
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db


if __name__ == "__main__":
    x = np.random.rand(40, 6)
    y = np.eye(3)[np.random.randint(0, 3, 40)]
    train(Net([6, 8, 3]), Loss(), x, y, lr=0.1, epochs=5, batch_size=8)
"""


def check(folder, source, epsilon="1e-12"):
    path = folder / "net.py"
    path.write_text(source.replace("EPSILON", epsilon), encoding="utf-8")
    return chainrule.check(str(path))


@pytest.mark.parametrize("epsilon", ["1e-12", "1e-9"])
def test_the_gradient_of_clipped_probabilities_is_right(tmp_path, epsilon):
    outcome = check(tmp_path, SOURCE, epsilon)
    assert [r.id for r in outcome.specs if r.outcome in ("failed", "error")] == []
    passed = {r.id for r in outcome.specs if r.outcome == "passed"}
    assert {"gradients.saturated", "gradients.values", "golden.gradients"} <= passed


def test_a_gradient_that_vanishes_at_certainty_by_another_mistake_is_found(tmp_path):
    wrong = SOURCE.replace("return (self.p - self.y) / len(self.p)", "return (self.p - self.y) * self.p / len(self.p)")
    assert check(tmp_path, wrong).verdict == "fail"


def test_an_error_bound_is_infinite_where_nothing_is_known():
    network = MLP([2, 3, 2])
    off = [np.full_like(w, np.inf) for w in network.weights], [np.full_like(b, np.inf) for b in network.biases]
    exact = analyse(network, np.array([[0.0, 1.0]]), np.array([1]), UNIT_ROUNDOFF["float64"], parameter_errors=off)
    errors = [error for _, error in exact.weight_grads + exact.bias_grads + [exact.logits, exact.probabilities]]
    assert not exact.clear
    assert not any(np.isnan(error).any() for error in errors)
