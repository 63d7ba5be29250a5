"""Networks that the author assembles in steps: layers of other files, late ones, words for activations."""

import pytest

from chainrule import api

LAYERS = """
import numpy as np

class Dense:
    def __init__(self, fan_in, fan_out):
        self.w, self.b = np.random.randn(fan_in, fan_out) / fan_in**0.5, np.zeros(fan_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, d):
        self.dw, self.db = self.x.T @ d, d.sum(axis=0)
        return d @ self.w.T

class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, d):
        return d * (self.x > 0)

class Dropout:
    def __init__(self, p):
        self.p = p

    def forward(self, x):
        self.mask = (np.random.rand(*x.shape) > self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, d):
        return d * self.mask
"""

NET = """
import numpy as np

class Net:
    def __init__(self, layers=()):
        self.layers = list(layers)

    def add(self, layer):
        self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, y):
        return -np.log(self.forward(x)[np.arange(len(y)), y]).mean()

    def backward(self, x, y):
        p = self.forward(x)
        p[np.arange(len(y)), y] -= 1
        d = p / len(y)
        for layer in reversed(self.layers):
            d = layer.backward(d)

    def fit(self, x, y, epochs, lr):
        for _ in range(epochs):
            self.loss(x, y)
            self.backward(x, y)
            for layer in self.layers:
                if hasattr(layer, "w"):
                    layer.w -= lr * layer.dw
                    layer.b -= lr * layer.db
"""

START = "import numpy as np\nfrom net import Net\nfrom layers import *\n"
DATA = "x, y = np.load('x.npy'), np.load('y.npy')\n"
ADDED = "net = Net()\nnet.add(Dense(784, 16))\nnet.add(ReLU())\nnet.add(Dense(16, 10))\n"
FIT = "net.fit(x, y, 3, 0.1)\n"


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


MAIN = "def main():\n" + indented(DATA + ADDED + FIT)
GUARD = "if __name__ == '__main__':\n    main()\n"
RAISES = "def main():\n" + indented("z = np.zeros(3).reshape(7)\n" + DATA + ADDED + FIT)
LATE = NET.replace(
    "self.layers.append(layer)",
    "self.size = layer.initial(getattr(self, 'size', 784))\n        self.layers.append(layer)",
)
LATE_LAYERS = (
    LAYERS.replace("class ReLU:\n", "class ReLU:\n    def initial(self, fan_in):\n        return fan_in\n\n")
    .replace("fan_in, fan_out):", "units):\n        self.units = units\n\n    def initial(self, fan_in):", 1)
    .replace("        self.w, self.b", "        fan_out = self.units\n        self.w, self.b", 1)
    .replace("np.zeros(fan_out)\n", "np.zeros(fan_out)\n        return fan_out\n", 1)
)
BORN_LATE = (
    LAYERS.replace("fan_in, fan_out):", "units):\n        self.units, self.w = units, None\n")
    .replace("        self.w, self.b = np", "    def start(self, fan_in, fan_out):\n        self.w, self.b = np", 1)
    .replace("return x @", "if self.w is None:\n            self.start(x.shape[1], self.units)\n        return x @")
)
# Python files of a project, with what is checked in net.py
PROJECTS = {
    "a script beside": {"net.py": NET, "layers.py": LAYERS, "train.py": START + DATA + ADDED + FIT},
    "a script two folders above": {
        "a/b/net.py": NET,
        "layers.py": LAYERS,
        "train.py": START.replace("from net", "from a.b.net") + MAIN + GUARD,
    },
    "a script in a folder of examples": {"net.py": NET, "layers.py": LAYERS, "examples/train.py": START + MAIN + GUARD},
    "a function that nothing calls": {"net.py": NET, "layers.py": LAYERS, "train.py": START + MAIN},
    "after a line that raises": {"net.py": NET, "layers.py": LAYERS, "train.py": START + RAISES + GUARD},
    "by way of another file": {
        "net.py": NET,
        "layers.py": LAYERS,
        "trainer.py": START
        + "class Trainer:\n    def __init__(self):\n"
        + indented(indented(ADDED + "self.net = net")),
        "train.py": "import numpy as np\nfrom trainer import Trainer\n" + DATA + "Trainer().net.fit(x, y, 3, 0.1)\n",
    },
    "an object that loads": {
        "net.py": NET,
        "layers.py": LAYERS,
        "train.py": START + "d = np.load('a.npy')\n" + ADDED + "net.fit(d.train_images, d.train_labels, 3, 0.1)\n",
    },
    "a set that is unpacked": {
        "net.py": NET,
        "layers.py": LAYERS,
        "train.py": START + "d = np.load('a.npy')\nx, y = d.train_set\n" + ADDED + FIT,
    },
    "dropout": {
        "net.py": NET,
        "layers.py": LAYERS,
        "train.py": START + DATA + ADDED.replace("net.add(ReLU())\n", "net.add(ReLU())\nnet.add(Dropout(0.5))\n") + FIT,
    },
    "an array of layers": {
        "net.py": NET,
        "layers.py": LAYERS,
        "train.py": START + DATA + "net = Net(np.array([Dense(784, 16), ReLU(), Dense(16, 10)]))\n" + FIT,
    },
    "arrays that a function makes": {
        "net.py": NET,
        "layers.py": LAYERS.replace("fan_in, fan_out):", "w, b):").replace(
            "np.random.randn(fan_in, fan_out) / fan_in**0.5, np.zeros(fan_out)", "w, b"
        ),
        "train.py": START
        + "def draw(n, m):\n    return np.random.randn(n, m) / n**0.5\n\ndef zeros(m):\n    return np.zeros(m)\n"
        + DATA
        + ADDED.replace("784, 16", "draw(784, 16), zeros(16)").replace("16, 10))", "draw(16, 10), zeros(10)))")
        + FIT,
    },
    "layers that learn their inputs when added": {
        "net.py": LATE,
        "layers.py": LATE_LAYERS,
        "train.py": START + DATA + ADDED.replace("784, ", "").replace("16, 10", "10") + FIT,
    },
    "layers that learn their inputs from data": {
        "net.py": NET,
        "layers.py": BORN_LATE,
        "train.py": START + DATA + ADDED.replace("784, ", "").replace("16, 10", "10") + FIT,
    },
    "private methods": {
        "net.py": NET.replace("def forward", "def __forward")
        .replace("self.forward", "self.__forward")
        .replace("def backward", "def __backward")
        .replace("self.backward", "self.__backward"),
        "layers.py": LAYERS,
        "train.py": START + DATA + ADDED + FIT,
    },
}


def written(files, folder):
    """Write the files of a project.  Returns the one to check."""
    (folder / "pyproject.toml").touch()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def outcomes(path, *chapters):
    found = api.check(str(path), conventions={"initialization": "any"}, chapters=chapters).specs
    return {spec.id: spec.outcome for spec in found}


@pytest.mark.once
@pytest.mark.parametrize("how", PROJECTS)
def test_a_network_is_read_however_it_is_assembled(how, tmp_path):
    found = outcomes(written(PROJECTS[how], tmp_path), "shapes", "gradients")
    assert set(found.values()) <= {"passed", "skipped"}
    assert found["gradients.weights"] == "passed"


@pytest.mark.once
@pytest.mark.parametrize("how", PROJECTS)
def test_a_mistake_is_found_however_it_is_assembled(how, tmp_path):
    wrong = {name: text.replace("d.sum(axis=0)", "d.mean(axis=0)") for name, text in PROJECTS[how].items()}
    assert "failed" in outcomes(written(wrong, tmp_path), "gradients").values()


# The loss in the forward pass

WITH_LABELS = """
import numpy as np

class Criterion:
    def forward(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.probs, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.log(self.probs[np.arange(len(y)), y]).mean()

    def backward(self):
        d = self.probs.copy()
        d[np.arange(len(d)), self.y] -= 1
        return d / len(d)

class MLP:
    def __init__(self, inputs, hidden, outputs):
        self.W1, self.b1 = np.random.randn(inputs, hidden) / inputs**0.5, np.zeros(hidden)
        self.W2, self.b2 = np.random.randn(hidden, outputs) / hidden**0.5, np.zeros(outputs)
        self.criterion = Criterion()

    def forward(self, x, y):
        self.x, self.a = x, np.maximum(x @ self.W1 + self.b1, 0)
        loss = self.criterion.forward(self.a @ self.W2 + self.b2, y)
        accuracy = (self.criterion.probs.argmax(axis=1) == y).mean()
        return loss, accuracy

    def backward(self):
        d = self.criterion.backward()
        self.dW2, self.db2 = self.a.T @ d, d.sum(axis=0)
        m = (d @ self.W2.T) * (self.a > 0)
        self.dW1, self.db1 = self.x.T @ m, m.sum(axis=0)

    def step(self, learning_rate):
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - learning_rate * getattr(self, "d" + name))
"""
TRAINED = """
x, y = np.load("x.npy"), np.load("y.npy")
net = MLP(784, 16, 10)
for _ in range(3):
    loss, accuracy = net.forward(x, y)
    net.backward()
    net.step(0.1)
"""


@pytest.mark.once
@pytest.mark.parametrize("training", ["", TRAINED], ids=["alone", "trained"])
def test_a_forward_pass_may_take_labels_and_return_the_loss(training, tmp_path):
    found = outcomes(written({"net.py": WITH_LABELS + training}, tmp_path))
    assert set(found.values()) <= {"passed", "skipped"}
    assert {found[spec] for spec in ("network.forward", "network.loss", "gradients.weights")} == {"passed"}
    wrong = WITH_LABELS.replace("* (self.a > 0)", "* self.a")
    assert "failed" in outcomes(written({"net.py": wrong + training}, tmp_path), "gradients").values()


# Words for activations and losses

WORDS = """
import numpy as np

class Net:
    def __init__(self, sizes, activations):
        self.activations, self.cost = activations, None
        self.W = [np.random.randn(a, b) / a**0.5 for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def forward(self, x):
        self.zs, self.xs = [], [x]
        for w, b, name in zip(self.W, self.b, self.activations):
            z = x @ w + b
            if name == "relu":
                x = np.maximum(z, 0)
            elif name == "sigmoid":
                x = 1 / (1 + np.exp(-z))
            elif name == "softmax":
                e = np.exp(z - z.max(axis=1, keepdims=True))
                x = e / e.sum(axis=1, keepdims=True)
            self.zs.append(z)
            self.xs.append(x)
        return x

    def loss(self, p, y):
        if self.cost == "bce":
            return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
        if self.cost == "cce":
            return -(y * np.log(p + 1e-12)).sum(axis=1).mean()
        raise ValueError("unknown cost")

    def backward(self, x, y):
        d = (self.forward(x) - y) / len(y)
        grads = []
        for l in reversed(range(len(self.W))):
            grads.append((self.xs[l].T @ d, d.sum(axis=0)))
            if l:
                d = d @ self.W[l].T
                d = d * (self.zs[l - 1] > 0) if self.activations[l - 1] == "relu" else d * self.xs[l] * (1 - self.xs[l])
        return grads[::-1]

    def fit(self, x, y, epochs, lr, cost=None):
        self.cost = cost
        for _ in range(epochs):
            self.loss(self.forward(x), y)
            for l, (dw, db) in enumerate(self.backward(x, y)):
                self.W[l] -= lr * dw
                self.b[l] -= lr * db
"""
XOR = """
x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
net = Net([2, 5, 1], ["sigmoid", "sigmoid"])
net.fit(x, y, 100, 0.5, cost="bce")
net.forward(x)
"""


@pytest.mark.once
def test_a_network_that_knows_more_than_its_script_uses_is_checked_as_a_classifier(tmp_path):
    found = outcomes(written({"net.py": WORDS + XOR}, tmp_path), "cross_entropy", "shapes", "gradients")
    assert set(found.values()) <= {"passed", "skipped"}
    assert {found[spec] for spec in ("network.forward", "network.loss", "gradients.weights")} == {"passed"}
    wrong = WORDS.replace("d * (self.zs[l - 1] > 0)", "d * (self.zs[l] > 0).any()")
    assert "failed" in outcomes(written({"net.py": wrong + XOR}, tmp_path), "gradients").values()


# The rate outside the step

OUTSIDE = NET.replace(NET[NET.index("    def backward") : NET.index("    def fit")], "").replace(
    """    def fit(self, x, y, epochs, lr):
        for _ in range(epochs):
            self.loss(x, y)
            self.backward(x, y)
            for layer in self.layers:
                if hasattr(layer, "w"):
                    layer.w -= lr * layer.dw
                    layer.b -= lr * layer.db
""",
    """    def gradient(self, x, y):
        d = (self.forward(x) - np.eye(self.forward(x).shape[1])[y]) / len(y)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return [g for layer in self.layers if hasattr(layer, "w") for g in (layer.dw, layer.db)]

    def descend(self, grads):
        arrays = [a for layer in self.layers if hasattr(layer, "w") for a in (layer.w, layer.b)]
        for array, g in zip(arrays, grads):
            array -= g

    def keep(self, x, y):
        self.data = x, y

    def train(self, lr, epochs):
        x, y = self.data
        for _ in range(epochs):
            self.loss(x, y)
            self.descend([lr * g for g in self.gradient(x, y)])
""",
)


@pytest.mark.once
def test_a_step_may_take_gradients_that_the_rate_has_multiplied(tmp_path):
    files = {
        "net.py": OUTSIDE,
        "layers.py": LAYERS,
        "train.py": START + DATA + ADDED + "net.keep(x, y)\nnet.train(0.1, 3)\n",
    }
    found = outcomes(written(files, tmp_path))
    assert set(found.values()) <= {"passed", "skipped"}
    wrong = files | {"layers.py": LAYERS.replace("d.sum(axis=0)", "d.mean(axis=0)")}
    assert "failed" in outcomes(written(wrong, tmp_path), "gradients").values()


# A training that returns the loss

STEPPED = """
import numpy as np

class Criterion:
    def get_loss(self, scores, labels):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        d = p.copy()
        d[np.arange(len(d)), labels] -= 1
        return -np.log(p[np.arange(len(p)), labels]).mean(), d / len(d)

class Net:
    def __init__(self, lr):
        self.layers, self.lr, self.criterion = [], lr, Criterion()

    def add(self, layer):
        self.layers.append(layer)

    def predict(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def train(self, x, y):
        loss, d = self.criterion.get_loss(self.predict(x), y)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        for layer in self.layers:
            if hasattr(layer, "w"):
                layer.w -= self.lr * layer.dw
                layer.b -= self.lr * layer.db
        return loss
"""


@pytest.mark.once
def test_a_training_that_returns_the_loss_is_not_the_loss(tmp_path):
    script = START + DATA + ADDED.replace("Net()", "Net(0.1)") + "for _ in range(3):\n    net.train(x, y)\n"
    files = {"net.py": STEPPED, "layers.py": LAYERS, "train.py": script}
    found = outcomes(written(files, tmp_path), "shapes", "gradients")
    assert set(found.values()) <= {"passed", "skipped"}
    assert found["gradients.biases"] == "passed"


TESTS = """
import numpy as np
from net import Net

def test_shapes():
    x, y = np.random.randn(10, 4), np.eye(3)[np.random.randint(0, 3, 10)]
    net = Net([4, 5, 3], ["relu", "sigmoid"])
    assert net.forward(x).shape == (10, 3)
    assert len(net.backward(x, y)) == 2
"""


@pytest.mark.once
def test_words_of_a_test_do_not_make_another_network_of_a_classifier(tmp_path):
    definitions = WORDS[: WORDS.index("    def fit")].replace("activations, None", "activations, 'cce'")
    found = outcomes(written({"net.py": definitions, "test_net.py": TESTS}, tmp_path), "shapes", "gradients")
    assert set(found.values()) <= {"passed", "skipped"}
    assert {found[spec] for spec in ("network.forward", "gradients.weights")} == {"passed"}
