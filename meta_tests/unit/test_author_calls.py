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
