"""Forms of networks as strangers write them: each is read, checked, and a mistake in it still fails."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import pytest

from chainrule import api

HEAD = "import numpy as np\n"
SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


@dataclass
class Checked:
    """The outcomes of a check, {spec: its outcome}, and what it says."""

    verdict: str
    outcomes: dict[str, str]
    messages: dict[str, str]
    conventions: dict[str, str] = field(default_factory=dict)

    def wrong(self):
        return {spec: self.messages[spec] for spec, outcome in self.outcomes.items() if outcome in ("failed", "error")}

    def passed(self):
        return {spec for spec, outcome in self.outcomes.items() if outcome == "passed"}


@pytest.fixture
def check(tmp_path):
    """Check a source, with the initialization declared to be `any` unless it is told otherwise."""

    def checked(source, *changes, initialization="any"):
        text = HEAD + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        outcome = api.check(str(path), conventions={"initialization": initialization})
        return Checked(
            outcome.verdict,
            {spec.id: spec.outcome for spec in outcome.specs},
            {spec.id: spec.message for spec in outcome.specs},
            {key: convention.value for key, convention in outcome.conventions.items()},
        )

    return checked


PALINDROME = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * np.sqrt(2 / (n_in + n_out))
        self.b = np.zeros((n_out, 1))
    def forward(self, A):
        return A @ self.W.T + self.b.T

class Net:
    def __init__(self):
        self.layers = [Dense(3, 5), Dense(5, 3)]
    def forward(self, X):
        X = np.maximum(self.layers[0].forward(X), 0)
        Z = self.layers[1].forward(X)
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)
    def loss(self, X, y):
        return -np.mean(np.log(self.forward(X)[np.arange(len(y)), y]))
"""


def test_fixed_sizes_that_read_the_same_backwards(check):
    found = check(PALINDROME)
    assert found.wrong() == {}
    assert found.conventions["architecture"] == "[3, 5, 3]"
    assert found.outcomes["network.forward"] == "passed"
    assert check(PALINDROME, ("np.maximum(self.layers[0].forward(X), 0)", "self.layers[0].forward(X)")).wrong()


NOUTS = """
class Layer:
    def __init__(self, nin, nout):
        self.W = np.random.randn(nin, nout) * np.sqrt(2 / (nin + nout))
        self.b = np.zeros(nout)
    def __call__(self, x):
        return x @ self.W + self.b

class MLP:
    def __init__(self, nin, nouts):
        sizes = [nin] + nouts
        self.layers = [Layer(sizes[i], sizes[i + 1]) for i in range(len(nouts))]
    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = np.maximum(layer(x), 0)
        x = self.layers[-1](x)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
"""
LISTS_OF_SIZES = {  # {the constructor's parameters: all sizes, written with them}
    "nin, nouts": "[nin] + nouts",
    "input_size, layers": "[input_size] + layers",
    "input_dim, layer_sizes, num_classes": "[input_dim, *layer_sizes, num_classes]",
    "layer_sizes, n_classes": "[*layer_sizes, n_classes]",
    "input_size, output_size, hiddens": "[input_size, *hiddens, output_size]",
    "n_in, hidden_sizes": "[n_in, *hidden_sizes]",
}


@pytest.mark.parametrize("parameters", LISTS_OF_SIZES)
def test_a_list_contains_the_sizes_that_no_other_parameter_takes(check, parameters):
    source = NOUTS.replace(
        "nin, nouts):\n        sizes = [nin] + nouts", f"{parameters}):\n        sizes = {LISTS_OF_SIZES[parameters]}"
    )
    source = source.replace("len(nouts)", "len(sizes) - 1")
    found = check(source, initialization="xavier")
    assert found.wrong() == {}
    assert {"network.forward", "initialization.variance"} <= found.passed()
    assert check(source, ("x = np.maximum(layer(x), 0)", "x = layer(x)")).wrong()


LATER = """
class NN:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.zeros((n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.zeros((n_hidden, n_out)), np.zeros(n_out)
    def init_params(self, mode="zeros"):
        for name in ("W1", "W2"):
            m, n = getattr(self, name).shape
            limit = np.sqrt(6 / (m + n)) if mode == "glorot" else 0
            setattr(self, name, np.random.uniform(-limit, limit, (m, n)))
    def forward(self, x):
        z = np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

if __name__ == "__main__":
    model = NN(784, 32, 10)
    model.init_params(mode="glorot")
"""


def test_a_method_that_the_file_calls_after_the_constructor_initializes(check):
    found = check(LATER, initialization="xavier")
    assert found.wrong() == {}
    assert {"initialization.variance", "network.forward"} <= found.passed()


def test_it_is_called_after_a_constructor_that_draws_weights_as_well(check):
    drawn = ("np.zeros((n_in, n_hidden))", "np.random.randn(n_in, n_hidden)")
    assert check(LATER, drawn, initialization="xavier").wrong() == {}


def test_a_later_initialization_may_be_wrong(check):
    wider = ("np.sqrt(6 / (m + n))", "np.sqrt(12 / (m + n))")
    assert "initialization.variance" in check(LATER, wider, initialization="xavier").wrong()
    assert "initialization.variance" in check(LATER, ('(mode="glorot")', "()"), initialization="xavier").wrong()
