"""How the author calls functions decides what they mean: right files in which names and shapes alone mislead."""

import textwrap

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

HIDDEN_BY_WORD = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def cross_entropy_with_logits(z, t):
    return -np.log(softmax(z)[np.arange(len(t)), t.flatten()]).mean()

def slope_of_logits(z, t):
    p = softmax(z)
    p[np.arange(len(t)), t.flatten()] -= 1
    return p

class DenseLayer:
    def __init__(self, in_dim, out_dim, activation=None):
        self.activation = activation
        self.w = np.random.randn(out_dim, in_dim) * np.sqrt(2 / (in_dim + out_dim))
        self.b = np.zeros((1, out_dim))

    def forward(self, x):
        self.x = x
        self.y = x @ self.w.T + self.b
        if self.activation == "WORD":
            self.y = FORMULA
        return self.y

    def backward(self, dy):
        if self.activation == "WORD":
            dy = SLOPE * dy
        self.dw, self.db = dy.T @ self.x, dy.sum(axis=0, keepdims=True)
        return dy @ self.w

    def update(self, lr):
        self.w -= lr * self.dw
        self.b -= lr * self.db

layers = []

def build():
    layers.append(DenseLayer(784, 32, activation="WORD"))
    layers.append(DenseLayer(32, 10))
"""


def with_word(word, formula, slope):
    text = HIDDEN_BY_WORD.replace("WORD", word)
    return text.replace("FORMULA", formula).replace("SLOPE", slope)


SIGMOID = with_word("sigmoid", "1 / (1 + np.exp(-self.y))", "self.y * (1 - self.y)")
RELU = with_word("ReLU", "np.maximum(self.y, 0)", "(self.y > 0)")

ONE_COLUMN = """
class Network:
    def __init__(self, sizes):
        self.W = [np.random.randn(a, b) * np.sqrt(2 / (a + b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros((b, 1)) for b in sizes[1:]]

    def crossentropy(self, y_true, y_hat):
        return -np.sum(y_true * np.log(y_hat + 1e-12))

    def score(self, labels, probs):
        return sum(self.crossentropy(y, p) for y, p in zip(labels, probs)) / len(labels)

    def forward(self, x):
        self.a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(W.T @ self.a[-1] + b, 0))
        z = self.W[-1].T @ self.a[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=0))
        self.a.append(e / e.sum(axis=0))
        return self.a[-1]

    def backward(self, x, y_true):
        d = (self.forward(x) - y_true) / x.shape[1]
        dW, db = [], []
        for i in reversed(range(len(self.W))):
            dW.insert(0, self.a[i] @ d.T)
            db.insert(0, d.sum(axis=1, keepdims=True))
            d = (self.W[i] @ d) * (self.a[i] > 0)
        return dW, db
"""

STANDARDIZING = """
class Network:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.W = [rng.normal(size=(a, b)) * np.sqrt(2 / (a + b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    @staticmethod
    def standardize(dataset):
        return (dataset - np.mean(dataset)) / np.std(dataset)

    def forward(self, x):
        self.a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(self.a[-1] @ W + b, 0))
        z = self.a[-1] @ self.W[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def fit(self, X, y, epochs=10, batch_size=1, learning_rate=0.1):
        X = self.standardize(X)
        for _ in range(epochs):
            order = np.random.permutation(len(X))
            for i in range(0, len(X), batch_size):
                chosen = order[i : i + batch_size]
                d = self.forward(X[chosen])
                d[np.arange(len(chosen)), y[chosen]] -= 1
                d /= len(chosen)
                for l in reversed(range(len(self.W))):
                    dW, db = self.a[l].T @ d, d.sum(axis=0)
                    d = (d @ self.W[l].T) * (self.a[l] > 0)
                    self.W[l] -= learning_rate * dW
                    self.b[l] -= learning_rate * db
        return self
"""
BEFORE_THE_UPDATE = (
    "                    d = (d @ self.W[l].T) * (self.a[l] > 0)\n                    self.W[l] -= learning_rate * dW\n"
)
AFTER_THE_UPDATE = "".join(reversed(BEFORE_THE_UPDATE.splitlines(keepends=True)))


@pytest.fixture
def check(tmp_path):
    """Check chapters of a source with some changes, with the initialization declared to be `any`."""

    def checked(source, *changes, chapters):
        text = "import numpy as np\n" + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        return api.check(str(path), chapters=chapters, conventions={"initialization": "any"})

    return checked


def wrong(outcome):
    return {spec.id for spec in outcome.specs if spec.outcome in ("failed", "error")}


def passed(outcome):
    return {spec.id for spec in outcome.specs if spec.outcome == "passed"}


RIGHT = {
    "a word for ReLU": (RELU, {"gradients.values", "network.forward"}),
    "a loss of one column": (ONE_COLUMN, {"gradients.values", "cross_entropy.uniform", "network.loss"}),
    "a training that standardizes": (STANDARDIZING, {"gradients.values", "training.epochs", "gradients.repeatable"}),
}
CHAPTERS = ["cross_entropy", "shapes", "gradients", "training"]


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_is_read_as_its_author_calls_it(check, name):
    source, expected = RIGHT[name]
    outcome = check(source, chapters=CHAPTERS)
    assert not wrong(outcome)
    assert expected <= passed(outcome)


WRONG = {
    "a word for ReLU": (RELU, ("(self.y > 0)", "(self.y > 1)"), "gradients."),
    "a loss of one column": (
        ONE_COLUMN,
        ("keepdims=True))\n            d =", "keepdims=True) * 2)\n            d ="),
        "gra",
    ),
    "a training that standardizes": (STANDARDIZING, (BEFORE_THE_UPDATE, AFTER_THE_UPDATE), "gradients."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_such_code_still_fails(check, name):
    source, change, chapter = WRONG[name]
    assert any(clause.startswith(chapter) for clause in wrong(check(source, change, chapters=CHAPTERS)))


def test_layers_are_wired_with_the_activation_that_the_file_gives_them(check):
    outcome = check(SIGMOID, chapters="shapes")
    assert {diagnosis.id for diagnosis in outcome.diagnoses} == {"activation-sigmoid"}


MOMENTUM_WITH_A_HISTORY = (
    ("        X = self.standardize(X)\n", "        history, v = [], [np.zeros_like(w) for w in self.W]\n"),
    ("            order =", "            losses = []\n            order ="),
    (
        "d[np.arange(len(chosen)), y[chosen]] -= 1",
        "losses.append(-np.log(d[range(len(d)), y[chosen]]).mean()); d[range(len(d)), y[chosen]] -= 1",
    ),
    ("self.W[l] -= learning_rate * dW", "v[l] = 0.9 * v[l] + dW; self.W[l] -= learning_rate * v[l]"),
    ("        return self\n", "            history.append(np.mean(losses))\n        return history\n"),
)


def test_a_history_under_momentum_is_not_a_second_mistake(check):
    outcome = check(STANDARDIZING, *MOMENTUM_WITH_A_HISTORY, chapters="training")
    assert "training.epochs" in wrong(outcome)
    assert "training.history" in {spec.id for spec in outcome.specs if spec.outcome == "blocked"}


# A loss that gets what the last layer gave before the softmax

LOGITS_TO_THE_LOSS = """
class Dense:
    def __init__(self, a, b):
        self.W, self.b = np.random.randn(a, b) * np.sqrt(2 / (a + b)), np.zeros((1, b))

    def forward(self, x):
        self.x = x
        self.output = x @ self.W + self.b
        return self.output

    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(axis=0, keepdims=True)
        return d @ self.W.T

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on

class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

class SoftmaxCrossEntropy:
    def forward(self, scores, targets):
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return -np.log(np.clip(self.p, 1e-7, 1)[np.arange(len(targets)), targets]).mean()

    def backward(self, targets):
        d = self.p.copy()
        d[np.arange(len(d)), targets] -= 1
        return d / len(d)

class Network:
    def __init__(self):
        self.layers, self.loss_fn = [], SoftmaxCrossEntropy()

    def add(self, layer, activation):
        self.layers.append((layer, activation))

    def forward(self, X):
        for layer, activation in self.layers:
            X = activation.forward(layer.forward(X))
        return X

    def backward(self, targets):
        d = self.loss_fn.backward(targets)
        for i in reversed(range(len(self.layers))):
            layer, activation = self.layers[i]
            d = layer.backward(activation.backward(d) if i < len(self.layers) - 1 else d)

    def compute_loss(self, output, targets):
        return self.loss_fn.forward(output, targets)

    def train(self, X, y, epochs=10, lr=0.1):
        for _ in range(epochs):
            output = self.forward(X)
            last, _ = self.layers[-1]
            loss = self.compute_loss(last.output, y)
            self.backward(y)
            for layer, _ in self.layers:
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db

if __name__ == "__main__":
    X = np.random.randn(60, 20)
    model = Network()
    model.add(Dense(20, 8), ReLU())
    model.add(Dense(8, 3), Softmax())
    model.train(X, X[:, :3].argmax(axis=1))
"""


def test_a_loss_gets_what_the_training_gives_it(check):
    outcome = check(LOGITS_TO_THE_LOSS, chapters=["shapes", "gradients"])
    assert not wrong(outcome)
    assert {"network.loss", "gradients.values"} <= passed(outcome)


def test_a_training_that_gives_a_loss_of_logits_probabilities(check):
    outcome = check(LOGITS_TO_THE_LOSS, ("last.output, y", "output, y"), chapters=["shapes", "gradients"])
    assert "network.loss" in wrong(outcome)


# The activation of the outputs by a word with another default

BY_WORDS = """
class Activation:
    def __init__(self, name):
        self.name = name

    def forward(self, x):
        self.x = x
        if self.name == "relu":
            return np.maximum(x, 0)
        if self.name == "softmax":
            e = np.exp(x - x.max(axis=1, keepdims=True))
            self.p = e / e.sum(axis=1, keepdims=True)
            return self.p
        return 1 / (1 + np.exp(-x))

    def backward(self, d):
        if self.name == "relu":
            return d * (self.x > 0)
        return self.p * (d - (d * self.p).sum(axis=1, keepdims=True))

class Loss:
    kinds = {"bce": "binary", "cce": "categorical"}

    def __init__(self, name):
        self.name = self.kinds[name]

    def value(self, p, y):
        other = (1 - y) * np.log(1 - p) if self.name == "binary" else 0
        return -(y * np.log(p) + other).sum(axis=1).mean()

    def slope(self, p, y):
        return -y / p / len(y)

class Net:
    def __init__(self, inputs, hidden, outputs, hidden_activation="sigmoid", output_activation="sigmoid", loss="bce"):
        sizes = [inputs, *hidden, outputs]
        words = [hidden_activation] * len(hidden) + [output_activation]
        self.W = [np.random.randn(a, b) * np.sqrt(2 / (a + b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros((1, b)) for b in sizes[1:]]
        self.activations, self.loss_of = [Activation(word) for word in words], Loss(loss)

    def forward(self, x):
        self.inputs = []
        for W, b, activation in zip(self.W, self.b, self.activations):
            self.inputs.append(x)
            x = activation.forward(x @ W + b)
        return x

    def loss(self, x, y):
        return self.loss_of.value(self.forward(x), y)

    def backward(self, x, y):
        p = self.forward(x)
        d, dW, db = self.loss_of.slope(p, y), [], []
        for W, x, activation in zip(self.W[::-1], self.inputs[::-1], self.activations[::-1]):
            d = activation.backward(d)
            dW.insert(0, x.T @ d)
            db.insert(0, d.sum(axis=0, keepdims=True))
            d = d @ W.T
        return dW, db
"""


def test_outputs_by_a_word_get_that_of_a_classifier(check):
    outcome = check(BY_WORDS, chapters=["shapes", "gradients"])
    assert not wrong(outcome) - {"network.large_logits", "gradients.saturated"}  # its logarithm has no guard
    assert {"network.forward", "network.loss", "gradients.values"} <= passed(outcome)


# Gradients that an update of another class clears

CLEARED_BY_AN_OPTIMIZER = """
class Module:
    def __init__(self, sizes):
        self.W = [np.random.randn(a, b) * np.sqrt(2 / (a + b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros((1, b)) for b in sizes[1:]]
        self.dW, self.db = [np.zeros_like(W) for W in self.W], [np.zeros_like(b) for b in self.b]

    def zero_grad(self):
        for gradient in (*self.dW, *self.db):
            gradient.fill(0)

    def forward(self, x):
        self.a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(self.a[-1] @ W + b, 0))
        z = self.a[-1] @ self.W[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, y, p):
        d = (p - y) / len(y)
        for i in reversed(range(len(self.W))):
            self.dW[i] += self.a[i].T @ d
            self.db[i] += d.sum(axis=0, keepdims=True)
            d = (d @ self.W[i].T) * (self.a[i] > 0)

    def update_parameters(self, lr):
        for p, g in zip((*self.W, *self.b), (*self.dW, *self.db)):
            p -= lr * g

class Optim:
    def __init__(self, net, lr):
        self.net, self.lr = net, lr

    def step(self, x, y):
        self.net.zero_grad()
        self.net.backward(y, self.net.forward(x))
        self.net.update_parameters(self.lr)

if __name__ == "__main__":
    X = np.random.randn(60, 20)
    optimizer = Optim(Module([20, 8, 3]), 0.1)
    for _ in range(5):
        optimizer.step(X, np.eye(3)[X[:, :3].argmax(axis=1)])
"""


def test_gradients_that_an_update_of_another_class_clears(check):
    outcome = check(CLEARED_BY_AN_OPTIMIZER, chapters="gradients")
    assert not wrong(outcome)
    assert {"gradients.values", "gradients.repeatable"} <= passed(outcome)


def test_gradients_that_nothing_clears(check):
    outcome = check(CLEARED_BY_AN_OPTIMIZER, ("        self.net.zero_grad()\n", ""), chapters="gradients")
    assert "gradients.repeatable" in wrong(outcome)


# Functions that the file alone does not explain

SCALARS = """
class Scalar:
    def __init__(self, data):
        self.data, self.grad = data, 0

    def __add__(self, other):
        return Scalar(self.data + other.data)

    def __truediv__(self, other):
        return Scalar(self.data / other.data)

    def exp(self):
        return Scalar(np.exp(self.data))

    def backward(self):
        self.grad = 1

def softmax(rows):
    found = []
    for i in range(len(rows)):
        e = [rows[i][j].exp() for j in range(len(rows[0]))]
        found.append([one / sum(e[1:], e[0]) for one in e])
    return found
"""
BINARY = """
def log_loss(y_pred, y_true, eps=1e-8):
    y_pred = np.clip(y_pred, eps, 1 - eps)
    return -np.mean(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))
"""


@pytest.mark.parametrize(
    ("source", "chapter", "sentence"),
    [
        (SCALARS, "softmax", "softmax takes objects of the code's own"),
        (BINARY, "cross_entropy", "cross_entropy is the binary cross-entropy"),
    ],
    ids=["lists of scalars", "a binary loss"],
)
def test_what_is_not_understood_is_not_judged(check, source, chapter, sentence):
    outcome = check(source, chapters=chapter)
    assert not wrong(outcome)
    assert any(spec.message.startswith(sentence) for spec in outcome.specs if spec.outcome == "todo")


# Networks by their constructors and by functions that make them

METHODS = """
    def forward(self, x):
        self.a = [x]
        for W, b in self.layers[:-1]:
            self.a.append(np.maximum(self.a[-1] @ W + b, 0))
        W, b = self.layers[-1]
        z = self.a[-1] @ W + b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, x, y):
        d = self.forward(x).copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        self.dW, self.db = [], []
        for (W, _), a in zip(self.layers[::-1], self.a[::-1]):
            self.dW.insert(0, a.T @ d)
            self.db.insert(0, d.sum(axis=0))
            d = (d @ W.T) * (a > 0)
        return self.dW, self.db
"""
LAYER = "(np.random.randn(a, b) * np.sqrt(2 / (a + b)), np.zeros(b))"
OF_SEVERAL = f"""
class Net:
    def __init__(self, *n, seed=0):
        self.layers = [{LAYER} for a, b in zip(n, n[1:])]
"""
OF_A_COUNT = f"""
class MLP:
    def __init__(self, n_inputs, n_hidden, n_outputs, n_layers=2):
        n = [n_inputs] + [n_hidden] * n_layers + [n_outputs]
        self.layers = [{LAYER} for a, b in zip(n, n[1:])]
"""
BY_A_FUNCTION = f"""
class Net:
    def __init__(self, inputs):
        self.width, self.layers = inputs, []

    def add(self, units):
        a, b = self.width, units
        self.layers.append({LAYER})
        self.width = units
        return self
"""
FUNCTION = """
def usual_network(n_features, n_classes):
    return Net(n_features).add(24).add(12).add(n_classes)
"""
MADE = {
    "a constructor of any number of sizes": OF_SEVERAL + METHODS,
    "a constructor of a number of layers": OF_A_COUNT + METHODS,
    "a function that nothing calls": BY_A_FUNCTION + METHODS + FUNCTION,
}


@pytest.mark.parametrize("name", MADE)
def test_a_network_is_made_as_its_maker_takes_sizes(check, name):
    outcome = check(MADE[name], chapters="gradients")
    assert not wrong(outcome)
    assert "gradients.values" in passed(outcome)
