"""Every reading that is made for one style of code is needed by that style."""

import sys

import pytest

from banks.style_bank import STYLES
from chainrule.host.recognition.quirks import QUIRKS
from chainrule.host.recognition.tools import loss_head
from chainrule.running.loading import load

TEN_CLASSES = """
import numpy as np

class Network:
    def __init__(self, n_in, n_hidden, n_out, seed=0):
        rng = np.random.default_rng(seed)
        self.W1, self.b1 = rng.normal(size=(n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = rng.normal(size=(n_hidden, n_out)), np.zeros(n_out)

    def forward(self, X):
        self.A1 = np.maximum(X @ self.W1 + self.b1, 0)
        Z = self.A1 @ self.W2 + self.b2
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return -(np.eye(10)[y] * np.log(self.forward(X))).sum() / len(X)

    def backward(self, X, y):
        d = (self.forward(X) - np.eye(10)[y]) / len(X)
        d1 = (d @ self.W2.T) * (self.A1 > 0)
        return {"dW1": X.T @ d1, "db1": d1.sum(axis=0), "dW2": self.A1.T @ d, "db2": d.sum(axis=0)}

    def train(self, X, y, epochs, lr):
        for _ in range(epochs):
            grads = self.backward(X, y)
            for name in ("W1", "b1", "W2", "b2"):
                setattr(self, name, getattr(self, name) - lr * grads["d" + name])
"""
LOG_LIKELIHOOD = "import numpy as np\n\ndef nll(p, y):\n    return -p[np.arange(len(y)), y].mean()\n"
LOSS_OF_LOGITS = """
import numpy as np

class CrossEntropyLoss:
    def forward(self, scores, y):
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y])
"""


def of_style(file, folder):
    return load(str(next(style for style in STYLES if style.file == file).copy(folder))).host.implementation


def written(source, folder):
    (folder / "some.py").write_text(source, encoding="utf-8")
    return load(str(folder / "some.py"))


def takes_logits(folder):
    namespace = {"__name__": "some"}
    exec(compile(LOSS_OF_LOGITS, "some.py", "exec"), namespace)
    return loss_head(namespace).takes_logits


READ = {  # what shows how code of the style is read
    "keeps_classes": lambda folder: sorted(map(str, of_style("sklearn_like.py", folder).raw.plans.values())),
    "goes_on": lambda folder: of_style("sklearn_like.py", folder).create([4, 6, 3], 0).value.warm_start,
    "adds_up_alone": lambda folder: (
        written(LOG_LIKELIHOOD, folder).host.implementation.raw.lone_functions("cross_entropy") == []
    ),
    "is_of_logits": takes_logits,
    "search_ten_classes": lambda folder: written(TEN_CLASSES, folder).impl.conventions["architecture"].value,
}


def test_every_quirk_names_its_style():
    assert {quirk.function.__name__ for quirk in QUIRKS} == set(READ)
    assert all(quirk.style for quirk in QUIRKS)


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.function.__name__)
def test_a_quirk_is_needed_by_its_style(quirk, tmp_path, monkeypatch):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    name = quirk.function.__name__
    found = READ[name](tmp_path / "with")
    monkeypatch.setattr(sys.modules[quirk.function.__module__], name, lambda *_: quirk.otherwise)
    assert READ[name](tmp_path / "without") != found
