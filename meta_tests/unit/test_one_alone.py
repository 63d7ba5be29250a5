"""A network that its author gives one sample at a time, and functions that the author gives to others."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

SOURCE = """
import numpy as np
import digits


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def cross_entropy(p, y, deriv=False):
    if deriv:
        return p - y
    return -y * np.log(p + 1e-9)


def squared(p, y, deriv=False):
    if deriv:
        return 2 * (p - y)
    return (p - y) ** 2


class Dense:
    def __init__(self, inputs, units, last=False):
        self.last = last
        self.x = np.zeros((inputs, 1))
        self.W = np.random.randn(units, inputs) * np.sqrt(2 / (inputs + units))
        self.b = np.zeros((units, 1))
        self.z = np.zeros((units, 1))
        self.dW, self.db = np.zeros((units, inputs)), np.zeros((units, 1))

    def feed(self, x):
        self.x = x
        self.z = self.W @ x + self.b
        return softmax(self.z) if self.last else np.maximum(self.z, 0)


class Network:
    def __init__(self, layers):
        self.layers = layers

    def feed(self, x):
        for layer in self.layers:
            x = layer.feed(x)
        self.out = x
        return x

    def backprop(self, y, loss_f, lr):
        delta = loss_f(self.out, y, deriv=True)
        for layer in reversed(self.layers):
            if not layer.last:
                delta = delta * (layer.z > 0)
            layer.dW, layer.db = delta @ layer.x.T, delta
            delta = layer.W.T @ delta
        for layer in self.layers:
            layer.W -= lr * layer.dW
            layer.b -= lr * layer.db

    def fit(self, xs, ys, epochs=5, loss_f=squared, lr=0.01):
        for _ in range(epochs):
            for x, y in zip(xs, ys):
                self.feed(x)
                self.backprop(y, loss_f, lr)
                print(np.sum(loss_f(self.out, y)))


x_train, y_train = digits.train_images(), digits.train_labels()
x_train = np.array([x.reshape((784, 1)) for x in x_train]) / 255.0
y_train = np.array([np.eye(10)[[int(y)]].T for y in y_train])
network = Network([Dense(784, 16), Dense(16, 10, last=True)])
network.fit(x_train, y_train, epochs=2, loss_f=cross_entropy, lr=0.01)
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def wrong(outcome):
    return [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


def passed(outcome):
    return {result.id for result in outcome.specs if result.outcome == "passed"}


def test_a_softmax_of_one_sample_and_a_loss_of_entries_are_no_mistakes(tmp_path):
    outcome = check(tmp_path, SOURCE)
    assert wrong(outcome) == []
    assert {"gradients.values", "network.forward", "softmax.normalized"} <= passed(outcome)
    assert outcome.conventions["samples"].value == "single"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("delta = delta * (layer.z > 0)", "delta = delta * (layer.x.max() > 0)"),
        ("return p - y\n", "return p - 0.5 * y\n"),
        ("self.z = self.W @ x + self.b", "self.z = self.W @ x"),
    ],
)
def test_mistakes_on_single_samples_are_found(tmp_path, old, new):
    assert SOURCE.count(old) == 1
    assert check(tmp_path, SOURCE.replace(old, new)).verdict == "fail"


LOSS_OBJECT = """
import numpy as np


class Loss:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.sum(y * np.log(p + 1e-12), axis=1).mean()

    def backward(self):
        return (self.p - self.y) / len(self.p)


class Linear:
    def __init__(self, fan_in, fan_out):
        self.W = np.random.normal(0, (2 / (fan_in + fan_out)) ** 0.5, (fan_in, fan_out))
        self.b = np.zeros((1, fan_out))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T


class Net:
    def __init__(self, sizes):
        self.layers = [Linear(m, n) for m, n in zip(sizes, sizes[1:])]

    def forward(self, x):
        self.zs = []
        for layer in self.layers[:-1]:
            self.zs.append(layer.forward(x))
            x = np.maximum(self.zs[-1], 0)
        z = self.layers[-1].forward(x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, grad):
        grad = self.layers[-1].backward(grad)
        for layer, z in zip(self.layers[-2::-1], self.zs[::-1]):
            grad = layer.backward(grad * (z > 0))


def train(net, criterion, x, y, lr, epochs, batch_size):
    for _ in range(epochs):
        order = np.random.permutation(len(x))
        for i in range(0, len(x), batch_size):
            batch = order[i : i + batch_size]
            criterion.forward(net.forward(x[batch]), y[batch])
            net.backward(criterion.backward())
            for layer in net.layers:
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db


if __name__ == "__main__":
    x, y = np.random.rand(40, 6), np.eye(3)[np.random.randint(0, 3, 40)]
    train(Net([6, 8, 3]), Loss(), x, y, lr=0.1, epochs=5, batch_size=8)
"""


def test_a_training_that_takes_a_loss_object_gets_one(tmp_path):
    outcome = check(tmp_path, LOSS_OBJECT)
    assert (outcome.verdict, wrong(outcome)) == ("pass", [])
    assert {"training.batch_size", "training.full_batch"} <= passed(outcome)


def test_a_mistake_in_such_a_training_is_found(tmp_path):
    assert LOSS_OBJECT.count("layer.b -= lr") == 1
    outcome = check(tmp_path, LOSS_OBJECT.replace("layer.b -= lr", "layer.b -= 2 * lr"))
    assert "training.full_batch" in wrong(outcome)
