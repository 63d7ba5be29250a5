"""A class whose objects keep the batch, and whose methods take none of it, is read like one whose methods take it."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

HEAD = """
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""
KEEPS = (
    HEAD
    + """

class Net:
    def __init__(self, x, y, rate, units):
        self.x, self.y, self.rate = x, y, rate
        d, k = x.shape[1], y.shape[1]
        self.w1, self.b1 = np.random.randn(d, units) * np.sqrt(2 / (d + units)), np.zeros((1, units))
        self.w2, self.b2 = np.random.randn(units, k) * np.sqrt(2 / (units + k)), np.zeros((1, k))

    def feedforward(self):
        self.a1 = np.maximum(self.x @ self.w1 + self.b1, 0)
        self.a2 = softmax(self.a1 @ self.w2 + self.b2)

    def cost(self):
        return -np.sum(self.y * np.log(self.a2 + 1e-12)) / len(self.y)

    def backprop(self):
        delta = (self.a2 - self.y) / len(self.y)
        below = delta @ self.w2.T * (self.a1 > 0)
        self.w2 -= self.rate * self.a1.T @ delta
        self.b2 -= self.rate * delta.sum(axis=0, keepdims=True)
        self.w1 -= self.rate * self.x.T @ below
        self.b1 -= self.rate * below.sum(axis=0, keepdims=True)
TRAIN

x, y = np.random.rand(60, 12), np.eye(4)[np.arange(60) % 4]
net = Net(x, y, 0.1, 9)
LOOP
"""
)
TRAIN = """
    def train(self):
        for _ in range(30):
            self.feedforward()
            print(self.cost())
            self.backprop()
"""
LOOP = """
for epoch in range(40):
    net.feedforward()
    print(net.cost())
    net.backprop()
"""
AROUND = KEEPS.replace("TRAIN", "").replace("LOOP", LOOP)
INSIDE = KEEPS.replace("TRAIN", TRAIN).replace("LOOP", "net.train()\n")
FIXED = AROUND.replace("rate, units):\n", "rate):\n        units = 9\n").replace("Net(x, y, 0.1, 9)", "Net(x, y, 0.1)")
PRIVATE = AROUND.replace("feedforward", "__pass").replace("net.__pass()", "net._Net__pass()")
MAKES_ONE_HOT = """k = y.max() + 1
        self.x, self.y, self.rate = np.array(x), np.eye(k)[y], rate
        d = x.shape[1]"""
GIVEN = "self.x, self.y, self.rate = x, y, rate\n        d, k = x.shape[1], y.shape[1]"
INDEX = AROUND.replace(GIVEN, MAKES_ONE_HOT).replace("np.eye(4)[np.arange(60) % 4]", "np.arange(60) % 4")
FEEDS = (
    HEAD
    + """

class Net:
    def __init__(self, inputs, hidden, outputs):
        self.w1 = np.random.randn(inputs, hidden) * np.sqrt(2 / (inputs + hidden))
        self.b1 = np.zeros((1, hidden))
        self.w2 = np.random.randn(hidden, outputs) * np.sqrt(2 / (hidden + outputs))
        self.b2 = np.zeros((1, outputs))
        self.held = {"x": None, "y": None}

    def feed(self, batch):
        for name in batch:
            self.held[name] = batch[name].copy()

    def forward(self):
        self.h = np.maximum(self.held["x"] @ self.w1 + self.b1, 0)
        self.p = softmax(self.h @ self.w2 + self.b2)
        return self.p

    def backward(self):
        n = len(self.held["y"])
        delta = (self.p - self.held["y"]) / n
        self.dw2, self.db2 = self.h.T @ delta, delta.sum(axis=0, keepdims=True)
        below = delta @ self.w2.T * (self.h > 0)
        self.dw1, self.db1 = self.held["x"].T @ below, below.sum(axis=0, keepdims=True)

    def update(self, rate=0.01):
        self.w1, self.b1 = self.w1 - rate * self.dw1, self.b1 - rate * self.db1
        self.w2, self.b2 = self.w2 - rate * self.dw2, self.b2 - rate * self.db2

    def loss(self):
        return -np.sum(self.held["y"] * np.log(self.p + 1e-9), axis=1).mean()


if __name__ == "__main__":
    x, y = np.random.rand(80, 12), np.eye(4)[np.arange(80) % 4]
    net = Net(12, 9, 4)
    for step in range(50):
        rows = np.random.choice(80, 16)
        net.feed({"x": x[rows], "y": y[rows]})
        net.forward()
        net.backward()
        net.update(0.05)
        print(net.loss())
"""
)
LAYERS = """
import numpy as np


class Layer:
    def __init__(self, size, last=False):
        self.size, self.last = size, last
        self.W = self.b = None
        self.y = np.zeros(size)

    def compute(self, x):
        self.x, self.z = x, x @ self.W + self.b
        e = np.exp(self.z - self.z.max())
        self.y = e / e.sum() if self.last else np.maximum(self.z, 0)

    def learn(self, delta, rate):
        delta = delta if self.last else delta * (self.z > 0)
        below = self.W @ delta
        self.W -= rate * np.outer(self.x, delta)
        self.b -= rate * delta
        return below


class Net:
    def __init__(self, layers, rate):
        self.layers, self.rate = layers, rate
        for layer, previous in zip(layers[1:], layers):
            layer.W = np.random.randn(previous.size, layer.size) * np.sqrt(2 / (previous.size + layer.size))
            layer.b = np.zeros(layer.size)

    def input(self, entry):
        self.layers[0].y = entry

    def feedforward(self):
        for layer, previous in zip(self.layers[1:], self.layers):
            layer.compute(previous.y)

    def backpropagate(self, target):
        delta = self.layers[-1].y.copy()
        delta[target] -= 1
        for layer in self.layers[:0:-1]:
            delta = layer.learn(delta, self.rate)

    def train(self, xs, ys, epochs):
        for _ in range(epochs):
            for i in np.random.permutation(len(xs)):
                self.input(np.array(xs[i]))
                self.feedforward()
                self.backpropagate(ys[i])


x, y = np.random.rand(60, 5), np.arange(60) % 3
net = Net([Layer(5), Layer(8), Layer(3, last=True)], 0.1)
net.train(x, y, 20)
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def wrong(outcome):
    return [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


SOURCES = {"around": AROUND, "inside": INSIDE, "fixed": FIXED, "private": PRIVATE, "index": INDEX, "feeds": FEEDS}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_right_code_passes(tmp_path, source):
    outcome = check(tmp_path, source)
    assert (outcome.verdict, wrong(outcome)) == ("pass", [])
    found = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert {"network.forward", "gradients.values", "network.loss"} <= found


def test_a_label_may_go_to_the_backward_pass_and_a_sample_into_a_layer(tmp_path):
    outcome = check(tmp_path, LAYERS)
    assert wrong(outcome) == []
    found = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert {"network.forward", "gradients.values", "softmax.normalized"} <= found


@pytest.mark.parametrize(
    ("source", "old", "new", "clause"),
    [
        (AROUND, "(self.a1 > 0)", "self.a1", "gradients.weights"),
        (INSIDE, "delta.sum(axis=0, keepdims=True)", "delta.sum()", "gradients.biases"),
        (FEEDS, "(self.p - self.held", "2 * (self.p - self.held", "gradients.weights"),
        (LAYERS, "delta * (self.z > 0)", "delta", "gradients.dead_units"),
        (FEEDS, "e.sum(axis=1,", "e.sum(axis=0,", "softmax.normalized"),
    ],
)
def test_mistakes_are_found(tmp_path, source, old, new, clause):
    assert source.count(old) == 1
    outcome = check(tmp_path, source.replace(old, new))
    assert outcome.verdict == "fail"
    assert {clause, "gradients.shapes"} & set(wrong(outcome))


def test_places_named_are_in_the_authors_file(tmp_path):
    outcome = check(tmp_path, AROUND.replace("(self.a1 > 0)", "self.a1"))
    places = [result.where for result in outcome.specs if result.where]
    assert places
    assert all("net.py" in place for place in places)
