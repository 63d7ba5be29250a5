"""A library whose network another file makes and trains is checked as that file uses it."""

import json

import pytest

from chainrule import api

NETWORK = """\
import numpy as np


class Network:
    def __init__(self, layers=None):
        self.layers, self.loss, self.solver = [], None, None
        for layer in layers or []:
            self.add(layer)

    def add(self, layer):
        layer.build(self.layers[-1].units if self.layers else None)
        self.layers.append(layer)

    def compile(self, loss, solver):
        self.loss, self.solver = loss, solver

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def train(self, x, y, epochs=10, batch_size=32, drop_remainder=True):
        n = len(x) // batch_size * batch_size if drop_remainder and batch_size < len(x) else len(x)
        for _ in range(epochs):
            order = np.random.permutation(len(x))[:n]
            for start in range(0, n, batch_size):
                rows = order[start : start + batch_size]
                self.loss.forward(y[rows], self.forward(x[rows]))
                self.backward(self.loss.backward())
                for layer in self.layers:
                    self.solver.update(layer)
"""
LAYERS = """\
import numpy as np


class Layer:
    def __init__(self, units=None, **settings):
        self.units, self.inputs = units, settings.get("input_shape", (None,))[0]

    def build(self, units):
        self.units = self.units or units


class Dense(Layer):
    def build(self, units):
        fans = (units or self.inputs, self.units)
        self.W, self.b = np.random.normal(size=fans) * np.sqrt(2 / fans[0]), np.zeros(self.units)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.W.T


class ReLU(Layer):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class LeakyReLU(ReLU):
    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        self.mask = np.where(x > 0, 1, self.slope)
        return x * self.mask


class Softmax(Layer):
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, grad):
        return self.p * (grad - (grad * self.p).sum(axis=1, keepdims=True))
"""
TRAINING = """\
import numpy as np


class CrossEntropy:
    def forward(self, y, p):
        self.y, self.p = y, np.clip(p, 1e-8, 1.0)
        return -np.sum(y * np.log(self.p)) / len(y)

    def backward(self):
        return -self.y / self.p / len(self.y)


class SGD:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = np.float32(learning_rate)

    def update(self, layer):
        if hasattr(layer, "W"):
            layer.W = layer.W - self.learning_rate * layer.dW
            layer.b = layer.b - self.learning_rate * layer.db


class Adam(SGD):
    def update(self, layer):
        if hasattr(layer, "W"):
            layer.W = layer.W - self.learning_rate * np.sign(layer.dW)
            layer.b = layer.b - self.learning_rate * np.sign(layer.db)
"""
IMPORTS = """\
import joblib
import numpy as np
from sklearn.datasets import fetch_openml
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from layers import Dense, LeakyReLU, ReLU, Softmax
from network import Network
from training import SGD, Adam, CrossEntropy

X, y = fetch_openml("mnist_784", return_X_y=True)
X, Y = StandardScaler().fit_transform(X), OneHotEncoder().fit_transform(y.reshape(-1, 1)).toarray()
"""
ADDS = """
net = Network()
net.add(Dense(64, input_shape=(784,)))
net.add(ReLU())
net.add(Dense(10))
net.add(Softmax())
net.compile(loss=CrossEntropy(), solver=SGD(learning_rate=0.1))
net.train(X, Y, epochs=20)
"""
LISTS = """
net = Network([Dense(64, input_shape=(784,)), LeakyReLU(0.1), Dense(10), Softmax()])
net.compile(CrossEntropy(), Adam(0.001))
try:
    net = joblib.load("net.joblib")
except Exception:
    net.train(X, Y, epochs=20)
"""
LOOPS = """
net = Network([Dense(64, input_shape=(784,)), ReLU(), Dense(10), Softmax()])
criterion, solver = CrossEntropy(), SGD(0.1)
for epoch in range(20):
    loss = criterion.forward(Y, net.forward(X))
    net.backward(criterion.backward())
    for layer in net.layers:
        solver.update(layer)
"""
SCRIPTS = {"adds": ADDS, "lists": LISTS, "loops": LOOPS}
PLACES = ("train.py", "demos/train.ipynb", "experiments/mnist/train.py")
MISTAKES = {
    "the bias's gradient": (LAYERS, "grad.sum(axis=0)", "grad.mean(axis=0)"),
    "the softmax's slope": (LAYERS, "self.p * (grad - (grad * self.p).sum(axis=1, keepdims=True))", "grad * self.p"),
    "the loss's slope": (TRAINING, "-self.y / self.p / len(self.y)", "-self.y / self.p"),
}


def outcome(folder, script, place="train.py", layers=LAYERS, training=TRAINING, chapters=()):
    """The outcome for network.py in a folder, which a script at this place trains."""
    (folder / "pyproject.toml").touch()
    network = NETWORK if "net.train" in script else NETWORK.partition("    def train")[0]
    for name, source in (("network", network), ("layers", layers), ("training", training)):
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    file = folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": IMPORTS + script}]
    notebook = {"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells}
    file.write_text(json.dumps(notebook) if file.suffix == ".ipynb" else IMPORTS + script, encoding="utf-8")
    return api.check(str(folder / "network.py"), conventions={"initialization": "any"}, chapters=chapters)


def found(outcome):
    return {spec.outcome for spec in outcome.specs if spec.chapter in ("shapes", "gradients", "golden", "training")}


@pytest.mark.once
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_library_is_checked_as_a_script_uses_it(script, tmp_path):
    checked = outcome(tmp_path, SCRIPTS[script])
    assert found(checked) == {"passed", "skipped"}, [(spec.id, spec.message) for spec in checked.specs]
    passed = {spec.id for spec in checked.specs if spec.outcome == "passed"}
    assert {"gradients.weights", "golden.gradients", "network.loss"} <= passed
    assert ("training.every_sample" in passed) is (script != "loops")


@pytest.mark.once
@pytest.mark.parametrize("place", PLACES[1:])
def test_the_script_may_be_a_notebook_or_in_a_folder_of_the_project(place, tmp_path):
    assert found(outcome(tmp_path, ADDS, place, chapters=("gradients",))) == {"passed"}


@pytest.mark.once
@pytest.mark.parametrize(("script", "mistake"), zip(SCRIPTS, MISTAKES, strict=True))
def test_a_mistake_in_a_library_is_found(script, mistake, tmp_path):
    source, right, wrong = MISTAKES[mistake]
    assert right in source
    sources = {"layers" if source is LAYERS else "training": source.replace(right, wrong)}
    assert "failed" in found(outcome(tmp_path, SCRIPTS[script], chapters=("gradients",), **sources))


@pytest.mark.once
def test_what_takes_the_place_of_an_activation_or_an_optimizer_is_named(tmp_path):
    checked = outcome(tmp_path, LISTS, chapters=("shapes",))
    assert "ReLU in place of LeakyReLU and SGD in place of Adam" in str(checked.to_dict())


# One class, whose training makes the network, and takes its settings by keywords

ESTIMATOR = """\
import numpy as np


class Net:
    def __init__(self, hidden, rate=0.1):
        self.hidden, self.rate, self.weights, self.biases = hidden, rate, None, None

    def start(self, x, y):
        sizes = [x.shape[1], *self.hidden, len(np.unique(y))]
        weights = [np.random.normal(size=fans) / np.sqrt(fans[0]) for fans in zip(sizes[:-1], sizes[1:])]
        return weights, [np.zeros(units) for units in sizes[1:]]

    def fit(self, x, y, **settings):
        if self.weights is None:
            self.weights, self.biases = self.start(x, y)
        self.run(x, np.eye(len(self.biases[-1]))[y], **settings)

    def run(self, x, y, epochs):
        for _ in range(epochs):
            self.step(*self.slopes(self.outputs(x), y))

    def outputs(self, x):
        found = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            found.append(np.maximum(found[-1] @ w + b, 0))
        z = found[-1] @ self.weights[-1] + self.biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return [*found, e / e.sum(axis=1, keepdims=True)]

    def slopes(self, found, y):
        delta, of_weights, of_biases = (found[-1] - y) / len(y), [], []
        for l in reversed(range(len(self.weights))):
            of_weights.append(found[l].T @ delta)
            of_biases.append(delta.sum(axis=0))
            delta = (delta @ self.weights[l].T) * (found[l] > 0)
        return of_weights[::-1], of_biases[::-1]

    def step(self, of_weights, of_biases):
        for l in range(len(self.weights)):
            self.weights[l] = self.weights[l] - self.rate * of_weights[l]
            self.biases[l] = self.biases[l] - self.rate * of_biases[l]

    def predict(self, x):
        return self.outputs(x)[-1].argmax(axis=1)
"""
USE = """\
import numpy as np
from net import Net
from sklearn.model_selection import train_test_split

data = np.loadtxt("wine.csv", delimiter=",")
X, X_test, y, y_test = train_test_split(data[:, :-1] / 255, data[:, -1].astype(int))
net = Net((64,))
net.fit(X, y, epochs=100)
print((net.predict(X_test) == y_test).mean())
"""


@pytest.mark.once
@pytest.mark.parametrize("wrong", ["", "delta.sum()"])
def test_a_training_that_takes_its_settings_by_keywords_makes_the_network(wrong, tmp_path):
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "net.py").write_text(ESTIMATOR.replace("delta.sum(axis=0)", wrong or "delta.sum(axis=0)"))
    (tmp_path / "wine.py").write_text(USE)
    checked = api.check(str(tmp_path / "net.py"), conventions={"initialization": "any"})
    outcomes = {spec.id: spec.outcome for spec in checked.specs}
    assert (outcomes["gradients.weights"], outcomes["gradients.biases"]) != ("todo", "todo")
    assert ({"failed", "error"} & found(checked) != set()) is bool(wrong), outcomes


KEEPING = """\
import numpy as np

class Dense:
    def __init__(self, inputs, units):
        self.W, self.b = np.random.randn(inputs, units), np.zeros((1, units))

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad):
        return grad * (self.x > 0)

class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, grad):
        return self.p * (grad - (grad * self.p).sum(axis=1, keepdims=True))

class CrossEntropy:
    def calculate(self, p, y):
        self.p, self.y = np.clip(p, 1e-7, 1 - 1e-7), y
        return -np.log(self.p[np.arange(len(y)), y]).mean()

    def backward(self):
        return -np.eye(self.p.shape[1])[self.y] / self.p / len(self.y)

class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad
"""
OF_FOUR = """\
import numpy as np
from net import CrossEntropy, Dense, ReLU, Sequential, Softmax

X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
net, loss = Sequential([Dense(2, 4), ReLU(), Dense(4, 2), Softmax()]), CrossEntropy()
for epoch in range(100):
    print(loss.calculate(net.forward(X), y))
    net.backward(loss.backward())
    for layer in net.layers:
        if hasattr(layer, "dW"):
            layer.W -= 0.1 * layer.dW
            layer.b -= 0.1 * layer.db
"""


@pytest.mark.once
@pytest.mark.parametrize("wrong", ["", "mask"])
def test_a_gradient_that_looks_like_inputs_begins_the_backward_pass(wrong, tmp_path):
    """As many samples as hidden units, as many classes as inputs: what a loss gives has the shape of inputs."""
    text = KEEPING.replace("self.x > 0", "self.x > -9") if wrong else KEEPING
    (tmp_path / "net.py").write_text(text)
    (tmp_path / "train.py").write_text(OF_FOUR)
    (tmp_path / "pyproject.toml").touch()
    checked = api.check(str(tmp_path / "net.py"), conventions={"initialization": "any"}, chapters=["gradients"])
    outcomes = {spec.outcome for spec in checked.specs if spec.id in ("gradients.weights", "gradients.dead_units")}
    assert outcomes == {"passed"} if not wrong else "failed" in outcomes
