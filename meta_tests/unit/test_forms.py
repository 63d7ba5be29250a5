"""Forms of networks as strangers write them: each is read, checked, and a mistake in it still fails."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from banks import style_bank
from chainrule.running.limits import Limits
from chainrule.running.loading import load
from chainrule.running.run import Run

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

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

    def checked(source, *changes, initialization="any", chapters=()):
        text = HEAD + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / f"net{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        run = Run(
            load(str(path), conventions={"initialization": initialization}),
            Limits.asked(False, None, None),
            chapters=chapters,
        )
        run.all(None)
        outcome = run.outcome(run.entries, run.required, False, 0.0)
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


DENSE = """
class Dense:
    def __init__(self, in_features, out_features):
        self.W, self.b = np.random.randn(in_features, out_features) / np.sqrt(in_features), np.zeros((1, out_features))
    def forward(self, x):
        self.input = x
        return x @ self.W + self.b
    def backward(self, grad):
        self.dW, self.db = self.input.T @ grad, grad.sum(axis=0, keepdims=True)
        return grad @ self.W.T
"""
BY_NAME = (
    DENSE
    + """
class Activation:
    def __init__(self, name):
        self.name = name
    def forward(self, x):
        if self.name == "relu":
            self.output = np.maximum(0, x)
        else:
            e = np.exp(x - x.max(axis=1, keepdims=True))
            self.output = e / e.sum(axis=1, keepdims=True)
        return self.output

class Network:
    def __init__(self):
        self.layers = []
    def add(self, layer):
        self.layers.append(layer)
    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x
"""
)
BY_FUNCTION = (
    DENSE
    + """
def relu(x):
    return np.maximum(x, 0)
def relu_prime(x):
    return (x > 0) * 1.0
class ActivationLayer:
    def __init__(self, activation, activation_prime):
        self.activation, self.activation_prime = activation, activation_prime
    def forward(self, x):
        self.input = x
        return self.activation(x)
    def backward(self, grad):
        return self.activation_prime(self.input) * grad
"""
    + SOFTMAX
    + """
def loss(p, y):
    return -np.mean(np.log(p[np.arange(len(y)), y]))
"""
)


def test_one_class_for_all_activations(check):
    found = check(BY_NAME)
    assert found.wrong() == {}
    assert "network.forward" in found.passed()
    assert "network.forward" in check(BY_NAME, ("x @ self.W + self.b", "x @ self.W")).wrong()


def test_activations_given_as_functions(check):
    found = check(BY_FUNCTION)
    assert found.wrong() == {}
    assert {"network.forward", "gradients.weights"} <= found.passed()
    assert check(BY_FUNCTION, ("self.activation_prime(self.input) * grad", "grad")).wrong()


HOLDING = (
    DENSE
    + """
class ReLU:
    def forward(self, X):
        self.input = X
        return np.where(X < 0, 0, X)
    def backward(self, grads):
        return np.where(self.input < 0, 0, grads)

class MultiCrossEntropyLoss:
    def __init__(self, model=None):
        self.model = model
    def forward(self, predicts, labels):
        p = np.exp(predicts - predicts.max(axis=1, keepdims=True))
        self.p, self.labels = p / p.sum(axis=1, keepdims=True), labels
        return -np.log(self.p[np.arange(len(labels)), labels]).mean()
    def backward(self):
        grad = self.p.copy()
        grad[np.arange(len(grad)), self.labels] -= 1
        self.model.backward(grad / len(grad))
"""
)


def test_a_loss_that_is_made_with_the_network_starts_its_backward_pass(check):
    found = check(HOLDING)
    assert found.wrong() == {}
    assert {"network.loss", "gradients.weights"} <= found.passed()
    assert check(HOLDING, ("grad / len(grad)", "grad")).wrong()
    more = ("grad / len(grad)", "grad / len(grad) + self.model.decay")
    assert check(HOLDING, more).wrong() == {}


NNFS = """
class DenseLayer:
    def __init__(self, n_inputs, n_neurons):
        self.weights = np.random.randn(n_inputs, n_neurons) * np.sqrt(2 / (n_inputs + n_neurons))
        self.biases = np.zeros((1, n_neurons))
    def forward(self, inputs, _training):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T

class ActivationReLU:
    def forward(self, inputs, _training):
        self.inputs, self.output = inputs, np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.inputs > 0)

class ActivationSoftmax:
    def forward(self, inputs, _training):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)

class CategoricalCrossentropyLoss:
    def calculate(self, output, y):
        return np.mean(-np.log(output[range(len(y)), y]))

class SoftmaxClassifier:
    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] -= 1
        self.dinputs /= len(dvalues)
"""


@pytest.mark.parametrize("name", ["SoftmaxClassifier", "ActivationSoftmaxLossCategoricalCrossentropy"])
def test_a_backward_pass_of_softmax_and_loss_in_a_class_of_its_own(check, name):
    source = NNFS.replace("SoftmaxClassifier", name)
    found = check(source)
    assert found.wrong() == {}
    assert {"network.loss", "gradients.weights"} <= found.passed()
    assert check(source, ("self.dinputs /= len(dvalues)", "pass")).wrong()


FITTED = (
    """
class SoftmaxMLP:
    def __init__(self, hidden=16, lr=0.1, n_iters=20000):
        self.hidden, self.lr, self.n_iters = hidden, lr, n_iters
    def forward(self, X):
        self.h = np.maximum(0, X @ self.W1 + self.b1)
        return softmax(self.h @ self.W2 + self.b2)
    def fit(self, X, y):
        d, k = X.shape[1], len(np.unique(y))
        self.W1, self.b1 = np.random.normal(0, np.sqrt(2 / (d + self.hidden)), (d, self.hidden)), np.zeros(self.hidden)
        self.W2, self.b2 = np.random.normal(0, np.sqrt(2 / (self.hidden + k)), (self.hidden, k)), np.zeros(k)
        for i in range(self.n_iters):
            self.backward(X, y)
        return self
    def backward(self, X, y):
        d = self.forward(X)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dh = (d @ self.W2.T) * (self.h > 0)
        self.W1 -= self.lr * (X.T @ dh)
        self.b1 -= self.lr * dh.sum(axis=0)
        self.W2 -= self.lr * (self.h.T @ d)
        self.b2 -= self.lr * d.sum(axis=0)
    def predict(self, X):
        return np.argmax(self.forward(X), axis=1)
"""
    + SOFTMAX
)
ARGUMENTS = (
    ("lr=0.1, n_iters=20000", "seed=0"),
    ("self, X, y):\n        d, k", "self, X, y, epochs=20000):\n        d, k"),
    ("self.hidden, self.lr, self.n_iters = hidden, lr, n_iters", "self.hidden, self.lr = hidden, 0.1"),
    ("self.n_iters", "epochs"),
)
ONE_HOT = (("len(np.unique(y))", "y.shape[1]"), ("d[np.arange(len(y)), y] -= 1", "d -= y"))
BY_DATA = (
    (
        "d, k = X",
        """self._initialize(X, y)
        for i in range(self.n_iters):
            self.backward(X, y)
    def _initialize(self, X, y):
        d, k = X""",
    ),
    (
        """np.zeros(k)
        for i in range(self.n_iters):
            self.backward(X, y)
        return self""",
        "np.zeros(k)",
    ),
)


@pytest.mark.parametrize("changes", [(), ARGUMENTS, ONE_HOT, BY_DATA], ids=["plain", "arguments", "one-hot", "by data"])
def test_parameters_that_only_training_makes(check, changes):
    found = check(FITTED, *changes, initialization="xavier")
    assert found.wrong() == {}
    assert {
        "initialization.variance",
        "initialization.biases",
        "network.forward",
        "gradients.weights",
        "network.predict",
    } <= found.passed()
    wrong = check(
        FITTED, *changes, (" * (self.h > 0)", ""), ("np.sqrt(2 / (d + self.hidden))", "1.0"), initialization="xavier"
    ).wrong()
    assert "initialization.variance" in wrong
    assert any(spec.startswith("gradients.") for spec in wrong)


def test_a_training_that_starts_anew_is_not_judged_by_given_parameters(check):
    inline = (("def backward(self", "def one(self"), ("self.backward(", "self.one("))
    found = check(FITTED, *inline)
    assert found.wrong() == {}
    assert "network.forward" in found.passed()
    assert {outcome for spec, outcome in found.outcomes.items() if spec.startswith("training.")} <= {"skipped", "todo"}


BIASLESS = (
    """
class Net:
    def __init__(self, sizes):
        self.W = [np.random.randn(m, n) * np.sqrt(2 / (m + n)) for m, n in zip(sizes, sizes[1:])]
    def forward(self, x):
        self.a = [x]
        for w in self.W[:-1]:
            self.a.append(np.maximum(self.a[-1] @ w, 0))
        return softmax(self.a[-1] @ self.W[-1])
    def loss(self, x, y):
        return -np.mean(np.log(self.forward(x)[np.arange(len(y)), y]))
    def backward(self, x, y):
        d = self.forward(x)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dW = []
        for w, a in zip(self.W[::-1], self.a[::-1]):
            dW.insert(0, a.T @ d)
            d = (d @ w.T) * (a > 0)
        return dW
    def train(self, x, y, epochs, batch_size, lr):
        for _ in range(epochs):
            order = np.random.permutation(len(y))
            for i in range(0, len(y), batch_size):
                part = order[i : i + batch_size]
                for w, dw in zip(self.W, self.backward(x[part], y[part])):
                    w -= lr * dw
"""
    + SOFTMAX
)
FIXED_DEPTH = (
    (
        "def __init__(self, sizes):",
        """def __init__(self, n_in, n_hidden, n_out):
        sizes = [n_in, n_hidden, n_out]""",
    ),
)
FUNCTIONS = """
def init_params(layer_dims):
    parameters = {}
    for l in range(1, len(layer_dims)):
        n, m = layer_dims[l], layer_dims[l - 1]
        parameters["W" + str(l)] = np.random.randn(n, m) * np.sqrt(2 / (n + m))
    return parameters
def forward(X, parameters):
    A, cache = X, [X]
    L = len(parameters)
    for l in range(1, L):
        A = np.maximum(parameters["W" + str(l)] @ A, 0)
        cache.append(A)
    Z = parameters["W" + str(L)] @ A
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True), cache
def compute_loss(AL, Y):
    return -np.sum(Y * np.log(AL + 1e-12)) / Y.shape[1]
def backward(AL, Y, parameters, cache):
    grads, d = {}, (AL - Y) / Y.shape[1]
    for l in reversed(range(1, len(parameters) + 1)):
        grads["dW" + str(l)] = d @ cache[l - 1].T
        d = (parameters["W" + str(l)].T @ d) * (cache[l - 1] > 0)
    return grads
def update_parameters(parameters, grads, learning_rate):
    for l in range(1, len(parameters) + 1):
        parameters["W" + str(l)] -= learning_rate * grads["dW" + str(l)]
    return parameters
"""


def test_a_network_without_biases_of_any_depth(check):
    found = check(BIASLESS, initialization="xavier")
    assert found.wrong() == {}
    assert {"network.forward", "gradients.weights", "initialization.variance", "training.fresh_order"} <= found.passed()
    assert (found.outcomes["initialization.biases"], found.messages["initialization.biases"]) == (
        "skipped",
        "the network has no biases",
    )


def test_a_network_without_biases_of_one_depth(check):
    found = check(BIASLESS, *FIXED_DEPTH)
    assert found.wrong() == {}
    assert {"network.forward", "gradients.weights", "training.full_batch"} <= found.passed()
    assert "no biases" in found.messages["training.fresh_order"]


def test_functions_around_weights_without_biases(check):
    found = check(FUNCTIONS)
    assert found.wrong() == {}
    assert {"network.forward", "network.loss", "gradients.weights", "training.step"} <= found.passed()


@pytest.mark.parametrize(
    ("source", "changes", "chapter"),
    [
        (BIASLESS, [("d /= len(y)", "pass")], "gradients"),
        (BIASLESS, [("(d @ w.T) * (a > 0)", "d @ w.T")], "gradients"),
        (BIASLESS, [("order[i : i + batch_size]", "np.arange(i, min(i + batch_size, len(y)))")], "training"),
        (BIASLESS, [*FIXED_DEPTH, ("w -= lr * dw", "w -= 2 * lr * dw")], "training"),
        (BIASLESS, [("np.sqrt(2 / (m + n))", "np.sqrt(2 / m)")], "initialization"),
        (BIASLESS, [("self.a = [x]", "x *= 0.5; self.a = [x]")], "network"),
        (FUNCTIONS, [(" * (cache[l - 1] > 0)", "")], "gradients"),
        (FUNCTIONS, [("-= learning_rate *", "-=")], "training"),
    ],
)
def test_mistakes_in_networks_without_biases(check, source, changes, chapter):
    assert chapter in {spec.partition(".")[0] for spec in check(source, *changes, initialization="xavier").wrong()}


INSIDE = (
    """
def extended(a):
    return np.hstack([a, np.ones((len(a), 1))])
class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1 = np.random.randn(n_in + 1, n_hidden) / np.sqrt(n_in)
        self.W2 = np.random.randn(n_hidden + 1, n_out) / np.sqrt(n_hidden)
    def forward(self, X):
        self.a0 = extended(X)
        self.z1 = self.a0 @ self.W1
        self.a1 = extended(np.maximum(self.z1, 0))
        return softmax(self.a1 @ self.W2)
    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(y)), y]).mean()
    def backward(self, X, y):
        d = self.forward(X)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        d1 = (d @ self.W2[:-1].T) * (self.z1 > 0)
        return self.a0.T @ d1, self.a1.T @ d
    def train(self, X, y, epochs=1000, batch_size=32, lr=0.1):
        for epoch in range(epochs):
            order = np.random.permutation(len(y))
            for i in range(0, len(y), batch_size):
                part = order[i : i + batch_size]
                dW1, dW2 = self.backward(X[part], y[part])
                self.W1 -= lr * dW1
                self.W2 -= lr * dW2
"""
    + SOFTMAX
)
FIRST = (("[a, np.ones((len(a), 1))]", "[np.ones((len(a), 1)), a]"), ("self.W2[:-1].T", "self.W2[1:].T"))


@pytest.mark.parametrize("changes", [(), FIRST], ids=["last row", "first row"])
def test_biases_inside_the_weights(check, changes):
    found = check(INSIDE, *changes, initialization="xavier")
    assert found.wrong().keys() <= {"initialization.variance", "initialization.network_variance"}  # it draws otherwise
    assert {"network.forward", "gradients.biases", "training.fresh_order"} <= found.passed()
    assert "contain the biases" in found.messages["initialization.biases"]
    assert check(INSIDE, *changes, (" * (self.z1 > 0)", "")).wrong()
    constant = check(INSIDE, *changes, ("return self.a0.T @ d1", "return (self.a0 * (self.a0 != 1)).T @ d1"))
    assert any("dloss/db" in message for message in constant.wrong().values())


BOXED = """
class Tensor:
    def __init__(self, data, requires_grad=True):
        self.data, self.requires_grad, self.parents = np.asarray(data, dtype=float), requires_grad, ()
def relu(a):
    out = Tensor(np.maximum(a.data if a.requires_grad else a.data.copy(), 0), a.requires_grad)
    out.parents = (a,)
    return out
"""


def test_functions_of_a_class_that_holds_an_array(check):
    found = check(BOXED)
    assert found.wrong() == {}
    assert "relu.values" in found.passed()
    assert check(BOXED, ("np.maximum(a.data if", "np.maximum(-a.data if")).wrong()
    raising = check(BOXED, ("a.requires_grad)", "a.requires_gradient)"))
    assert (raising.wrong(), raising.verdict) == (
        {},
        "incomplete",
    )  # what boxes raise may come of a call of chainrule's


ENGINE = Path(style_bank.FOLDER, "micrograd_engine.py").read_text(encoding="utf-8")


def test_scalar_engines_in_another_file(check, tmp_path):
    engine, network = ENGINE.split("class Module:")
    (tmp_path / "engine_of_values.py").write_text(engine, encoding="utf-8")
    found = check(f"import random\nfrom engine_of_values import Value\nclass Module:{network}", chapters=("shapes",))
    assert found.wrong() == {}
    assert "network.forward" in found.passed()


def test_an_engine_without_a_backward_pass_has_no_gradients(check):
    engine, rest = ENGINE.split("    def backward(self):")
    found = check(engine + "    def __radd__" + rest.split("    def __radd__")[1], chapters=("shapes", "gradients"))
    assert found.wrong() == {}
    assert "network.forward" in found.passed()
    assert found.outcomes["gradients.weights"] == "todo"


BY_HAND = (
    """
class Linear:
    def __init__(self, input_dim, output_dim):
        self.w = np.random.randn(input_dim, output_dim) * np.sqrt(2 / (input_dim + output_dim))
        self.b = np.zeros(output_dim)
    def forward(self, input):
        self.input = input
        return input @ self.w + self.b
    def backward(self, gradient):
        self.w_grad, self.b_grad = self.input.T @ gradient, gradient.sum(axis=0)
        return gradient @ self.w.T

class Relu:
    def forward(self, input):
        self.mask = input > 0
        return input * self.mask
    def backward(self, gradient):
        return gradient * self.mask

class SoftmaxCrossEntropy:
    def loss(self, predicted, actual):
        return -np.sum(np.log(softmax(predicted) + 1e-30) * actual)
    def gradient(self, predicted, actual):
        return softmax(predicted) - actual
"""
    + SOFTMAX
)


def test_a_loss_with_a_gradient_instead_of_passes(check):
    found = check(BY_HAND, chapters=("shapes", "gradients"))
    assert found.wrong() == {}
    assert {"network.loss", "gradients.values"} <= found.passed()
    assert check(BY_HAND, ("return softmax(predicted) - actual", "return predicted - actual")).wrong()


CONFIGURED = (
    """
class Net:
    def __init__(self, config):
        self.config = config
        self.W1 = np.random.randn(config.input_size, config.hidden_size) * np.sqrt(2 / config.input_size)
        self.b1 = np.zeros(config.hidden_size)
        self.W2 = np.random.randn(config.hidden_size, config.num_classes) * config.scale
        self.b2 = np.zeros(config.num_classes)
    def forward(self, x):
        return softmax(np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2)
"""
    + SOFTMAX
)
CLASS = """
class Config:
    input_size: int = 784
    def __init__(self):
        self.input_size, self.hidden_size, self.num_classes, self.scale = 784, 64, 10, 0.1
"""


@pytest.mark.parametrize("kind", ["object", "dictionary", "get"])
def test_sizes_in_a_configuration(check, kind):
    source = CONFIGURED + ("\nconfig = {'hidden_size': 64, 'scale': 0.1}\n" if kind == "dictionary" else CLASS)
    if kind == "dictionary":
        source = re.sub(r"config\.(\w+)", r"config['\1']", source)
    if kind == "get":
        source = re.sub(r"config\.hidden_size", "config.get('hidden_size', 64)", source.replace(CLASS, ""))
        source = source.replace("config.scale", "config.get('scale', 0.1)")
        source = re.sub(r"config\.(\w+)(?!\w*\()", r"config['\1']", source)
    found = check(source, chapters=("shapes",))
    assert found.wrong() == {}
    assert "network.forward" in found.passed()
    assert found.conventions["architecture"] == "[*, *, *]"
    assert check(source, (" + self.b1", ""), chapters=("shapes",)).wrong()


FIXED_RATE = (
    SOFTMAX
    + """
def forward(X, W1, b1, W2, b2):
    a1 = np.maximum(X @ W1 + b1, 0)
    return softmax(a1 @ W2 + b2), a1

def backward(X, y, y_pred, hidden, W1, b1, W2, b2):
    learning_rate = 0.01
    d2 = y_pred.copy()
    d2[range(len(X)), y] -= 1
    d2 /= len(X)
    d1 = (d2 @ W2.T) * (hidden > 0)
    W2 -= learning_rate * hidden.T @ d2
    b2 -= learning_rate * d2.sum(axis=0, keepdims=True)
    W1 -= learning_rate * X.T @ d1
    b1 -= learning_rate * d1.sum(axis=0, keepdims=True)
    return W1, b1, W2, b2

W1, b1 = np.random.randn(4, 5) * 0.5, np.zeros((1, 5))
W2, b2 = np.random.randn(5, 3) * 0.5, np.zeros((1, 3))
X = np.random.randn(30, 4)
y = np.arange(30) % 3
for _ in range(5):
    y_pred, hidden = forward(X, W1, b1, W2, b2)
    W1, b1, W2, b2 = backward(X, y, y_pred, hidden, W1, b1, W2, b2)
"""
)


def test_an_update_with_a_rate_of_its_own(check):
    found = check(FIXED_RATE)
    assert (found.verdict, found.wrong()) == ("pass", {})
    assert {"gradients.weights", "training.full_batch"} <= found.passed()


@pytest.mark.parametrize(
    "change",
    [("(hidden > 0)", "1"), ("    d1 = (d2 @ W2.T)", "    W2 -= learning_rate * hidden.T @ d2\n    d1 = (d2 @ W2.T)")],
)
def test_a_mistake_in_an_update_with_a_rate_of_its_own(check, change):
    assert check(FIXED_RATE, change, chapters=("gradients",)).verdict == "fail"


ASCENDING = (
    """
def init_params(n_x, n_h, n_y):
    return np.random.randn(n_x, n_h) * 0.4, np.zeros(n_h), np.random.randn(n_h, n_y) * 0.4, np.zeros(n_y)

def forward(X, W1, b1, W2, b2):
    A1 = np.maximum(X @ W1 + b1, 0)
    return A1, softmax(A1 @ W2 + b2)

def backward(X, Y, A1, A2, W2):
    d2 = (np.eye(A2.shape[1])[Y] - A2) / len(X)
    d1 = (d2 @ W2.T) * (A1 > 0)
    dW2, db2 = A1.T @ d2, d2.sum(axis=0)
    dW1, db1 = X.T @ d1, d1.sum(axis=0)
    return dW1, db1, dW2, db2

def update(W1, b1, W2, b2, dW1, db1, dW2, db2, lr):
    return W1 + lr * dW1, b1 + lr * db1, W2 + lr * dW2, b2 + lr * db2
"""
    + SOFTMAX
)


def test_gradients_that_updates_add(check):
    found = check(ASCENDING)
    assert found.wrong() == {}
    assert {"gradients.weights", "training.step"} <= found.passed()


@pytest.mark.parametrize("change", [("W1 + lr", "W1 - lr"), ("b2 + lr * db2", "b2"), ("[Y] - A2)", "[Y] - 2 * A2)")])
def test_mistakes_beside_gradients_that_updates_add(check, change):
    assert check(ASCENDING, change).verdict == "fail"


def test_gradients_of_the_wrong_sign_that_updates_subtract(check):
    wrong = check(re.sub(r"(\w\d) \+ lr", r"\1 - lr", ASCENDING)).wrong()
    assert "gradients.weights" in wrong


STARTED = (
    """
class Net:
    def __init__(self, sizes):
        d, h, k = sizes
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)
    def forward(self, x):
        self.x, self.a = x, np.maximum(x @ self.W1 + self.b1, 0)
        return softmax(self.a @ self.W2 + self.b2)
    def backward(self, y, output):
        d2 = (output - np.eye(output.shape[1])[y]) / len(y)
        d1 = (d2 @ self.W2.T) * (self.a > 0)
        self.grads = {"W1": self.x.T @ d1, "b1": d1.sum(axis=0), "W2": self.a.T @ d2, "b2": d2.sum(axis=0)}
        return self.grads
    def update(self, lr):
        if self.method == "sgd":
            for name in self.grads:
                setattr(self, name, getattr(self, name) - lr * self.grads[name])
    def train(self, x, y, epochs=5, batch_size=8, lr=0.1, method="sgd"):
        self.method = method
        for _ in range(epochs):
            order = np.random.permutation(len(x))
            for i in range(0, len(x), batch_size):
                part = order[i : i + batch_size]
                self.backward(y[part], self.forward(x[part]))
                self.update(lr)
"""
    + SOFTMAX
)


def test_a_step_that_needs_what_training_sets_is_not_called_by_itself(check):
    found = check(STARTED, chapters=("training",))
    assert found.wrong() == {}
    assert found.outcomes["training.step"] == "skipped"
    assert "it reads `method`, which train sets" in found.messages["training.step"]
    assert check(STARTED, ("- lr * self", "+ lr * self"), chapters=("training",)).wrong()


LOSSES = (
    """
class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)
    def loss(self, X, y=None):
        hidden = np.maximum(X @ self.W1 + self.b1, 0)
        p = softmax(hidden @ self.W2 + self.b2)
        if y is None:
            return p.argmax(axis=1)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        p[np.arange(len(y)), y] -= 1
        delta = p / len(y)
        grads = {"W2": hidden.T @ delta, "b2": delta.sum(axis=0)}
        delta = (delta @ self.W2.T) * (hidden > 0)
        grads |= {"W1": X.T @ delta, "b1": delta.sum(axis=0)}
        return loss, grads
    def train(self, X, y, num_epochs=5, batch_size=10, lr=0.1):
        for _ in range(num_epochs * (len(X) // batch_size)):
            part = np.random.choice(len(X), batch_size, replace=True)
            _, grads = self.loss(X[part], y[part])
            for name in grads:
                setattr(self, name, getattr(self, name) - lr * grads[name])
"""
    + SOFTMAX
)
KEPT = (
    """
class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)
    def forward(self, X, y):
        self.X, self.y, self.hidden = X, y, np.maximum(X @ self.W1 + self.b1, 0)
        self.probs = softmax(self.hidden @ self.W2 + self.b2)
        return -np.log(self.probs[np.arange(len(y)), y] + 1e-9).mean(), np.mean(self.probs.argmax(axis=1) == y)
    def backward(self):
        delta = (self.probs - np.eye(self.probs.shape[1])[self.y]) / len(self.y)
        self.dW2, self.db2 = self.hidden.T @ delta, delta.sum(axis=0)
        delta = (delta @ self.W2.T) * (self.hidden > 0)
        self.dW1, self.db1 = self.X.T @ delta, delta.sum(axis=0)
    def step(self, lr):
        for name in ("W1", "b1", "W2", "b2"):
            setattr(self, name, getattr(self, name) - lr * getattr(self, "d" + name))
"""
    + SOFTMAX
)


def test_an_output_that_only_losses_show(check):
    found = check(LOSSES)
    assert (found.verdict, found.wrong()) == ("incomplete", {})
    assert {"network.forward", "network.large_logits", "gradients.weights", "golden.forward"} <= found.passed()
    assert "draws its batches with replacement" in found.messages["training.full_batch"]


def test_an_output_that_a_network_keeps_when_it_computes_the_loss(check):
    found = check(KEPT)
    assert found.wrong() == {}
    assert {"network.forward", "network.loss", "gradients.weights", "training.step"} <= found.passed()
    assert found.conventions["log_epsilon"] == "1e-09"


@pytest.mark.parametrize("source", [LOSSES, KEPT])
@pytest.mark.parametrize(
    "change", [("W1 + self.b1, 0", "W1, 0"), ("> 0)", "> -9)"), ("e.sum(axis=1, keepdims=True)", "e.sum()")]
)
def test_mistakes_behind_losses(check, source, change):
    assert check(source, change).verdict == "fail"


NAMED_LAYERS = """
def init_params(layer_dims):
    params = {}
    for l in range(1, len(layer_dims)):
        params[f"W{l}"] = np.random.randn(layer_dims[l], layer_dims[l - 1]) * 0.4
        params[f"b{l}"] = np.zeros((layer_dims[l], 1))
    return params

def forward(X, params, activations):
    A = X
    cache = {"A0": X}
    for l in range(1, len(params) // 2 + 1):
        Z = params[f"W{l}"] @ A + params[f"b{l}"]
        if activations[l - 1] == "relu":
            A = np.maximum(Z, 0)
        elif activations[l - 1] == "softmax":
            A = np.exp(Z - Z.max(axis=0))
            A = A / A.sum(axis=0)
        cache[f"Z{l}"], cache[f"A{l}"] = Z, A
    return A, cache

def backward(features, Y, params, cache, activations):
    L, grads = len(params) // 2, {}
    d = cache[f"A{L}"] - np.eye(cache[f"A{L}"].shape[0])[:, Y]
    for l in range(L, 0, -1):
        if activations[l - 1] == "relu":
            d = d * (cache[f"Z{l}"] > 0)
        grads[f"dW{l}"] = d @ cache[f"A{l - 1}"].T / features.shape[1]
        grads[f"db{l}"] = d.mean(axis=1, keepdims=True)
        d = params[f"W{l}"].T @ d
    return grads

def train(X, Y, layers, activations, iterations, rate, tolerance):
    params = init_params([X.shape[0]] + layers)
    for _ in range(iterations):
        A, cache = forward(X, params, activations)
        if (A * np.eye(A.shape[0])[:, Y]).sum() < tolerance:
            break
        grads = backward(X, Y, params, cache, activations)
        for name in params:
            params[name] = params[name] - rate * grads["d" + name]
    return params

def predict(X, params, activations):
    return forward(X, params, activations)[0].argmax(axis=0)

X, Y = np.random.rand(784, 60), np.arange(60) % 10
train(X, Y, [32, 16, 10], ["relu", "relu", "softmax"], 20, 0.1, 0.01)
"""


def test_a_list_with_a_name_for_each_layer(check):
    found = check(NAMED_LAYERS)
    assert (found.verdict, found.wrong()) == ("pass", {})
    assert {"network.forward", "gradients.weights", "network.predict", "training.full_batch"} <= found.passed()


NAMED_IN_A_CLASS = """
class Net:
    def __init__(self, nodes, activations):
        assert len(nodes) == len(activations) + 1
        self.names = activations
        self.weights = [np.random.randn(m, n) * 0.4 for m, n in zip(nodes, nodes[1:])]
        self.biases = [np.zeros(n) for n in nodes[1:]]
    def forward(self, x):
        for w, b, name in zip(self.weights, self.biases, self.names):
            x = x @ w + b
            if name == "softmax":
                x = np.exp(x - x.max(axis=1, keepdims=True))
                x = x / x.sum(axis=1, keepdims=True)
            else:
                x = np.maximum(x, 0.1 * x if name == "leaky" else 0)
        return x

activations = ["relu", "leaky"]
for name in activations:
    Net([784, 16, 12, 10], [name, name, "softmax"]).forward(np.random.rand(60, 784))
"""


def test_a_list_of_names_that_a_call_shows_counts_more_than_a_global_of_its_name(check):
    found = check(NAMED_IN_A_CLASS, chapters=("shapes",))
    assert "network.forward" in found.passed()
    assert not found.wrong()


@pytest.mark.parametrize("change", [('(cache[f"Z{l}"] > 0)', "1"), ("- rate * grads", "- 2 * rate * grads")])
def test_mistakes_beside_a_list_with_a_name_for_each_layer(check, change):
    assert check(NAMED_LAYERS, change).verdict == "fail"


ONE_STEP = (
    """
class Net:
    def __init__(self, d=784, hidden=32, k=10):
        self.W1, self.b1 = np.random.randn(d, hidden) * 0.1, np.zeros(hidden)
        self.W2, self.b2 = np.random.randn(hidden, k) * 0.1, np.zeros(k)
    def forward(self, x):
        z1 = x @ self.W1 + self.b1
        a1 = np.maximum(z1, 0)
        return z1, a1, a1 @ self.W2 + self.b2
    def train_one(self, x, label, lr=0.01):
        z1, a1, z2 = self.forward(x)
        delta = softmax(z2)
        delta[np.arange(len(x)), label] -= 1
        delta /= len(x)
        before = (delta @ self.W2.T) * (z1 > 0)
        self.W2 -= lr * a1.T @ delta
        self.b2 -= lr * delta.sum(axis=0)
        self.W1 -= lr * x.T @ before
        self.b1 -= lr * before.sum(axis=0)
def cross_entropy(probs, labels):
    return -np.log(probs[np.arange(len(labels)), labels]).mean()
"""
    + SOFTMAX
)
LOADER = """
    def gradients(self):
        return [self.grad_W_xh, self.grad_b_xh, self.grad_W_hy, self.grad_b_hy]
    def backward(self, X, Y):
        delta = (self.forward(X) - np.eye(len(self.b_hy))[Y]) / len(X)
        self.grad_W_hy, self.grad_b_hy = self.a.T @ delta, delta.sum(axis=0)
        delta = (delta @ self.W_hy.T) * (self.a > 0)
        self.grad_W_xh, self.grad_b_xh = X.T @ delta, delta.sum(axis=0)
    def train(self, train_loader, epochs=3, lr=0.1):
        for _ in range(epochs):
            for inputs, targets in train_loader:
                self.backward(inputs, targets)
                self.W_xh -= lr * self.grad_W_xh
"""
STORED = (
    """
class Net:
    def __init__(self, d, h, k):
        self.W_xh, self.b_xh = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W_hy, self.b_hy = np.random.randn(h, k) * 0.4, np.zeros(k)
        self.grad_W_xh = self.grad_b_xh = self.grad_W_hy = self.grad_b_hy = 0
    def forward(self, X):
        self.a = np.maximum(X @ self.W_xh + self.b_xh, 0)
        return softmax(self.a @ self.W_hy + self.b_hy)
"""
    + LOADER
    + SOFTMAX
)


def test_a_method_that_trains_on_one_batch(check):
    found = check(ONE_STEP)
    assert (found.verdict, found.wrong()) == ("pass", {})
    assert {"gradients.weights", "network.loss", "training.full_batch"} <= found.passed()
    assert check(ONE_STEP, ("(z1 > 0)", "1")).verdict == "fail"


def test_a_training_on_an_object_with_the_data_is_said(check):
    record = "from dataclasses import dataclass\n@dataclass\nclass Split:\n    x: np.ndarray\n    y: np.ndarray\n"
    net = STORED.replace("train_loader, epochs", "split: Split, epochs").replace(
        "in train_loader", "in [(split.x, split.y)]"
    )
    found = check(record + net, chapters=("training",))
    assert found.wrong() == {}
    assert found.messages["training.full_batch"] == "train takes its data in a Split, which chainrule does not make"


def test_gradients_that_a_method_hands_out_are_those_of_the_backward_pass(check):
    found = check(STORED)
    assert found.wrong() == {}
    assert {"gradients.weights", "gradients.shapes"} <= found.passed()
    assert "takes batches from a loader" in found.messages["training.full_batch"]
    assert check(STORED, ("(self.a > 0)", "1")).verdict == "fail"


CHOSEN = (
    """
class Net:
    def __init__(self, d, h, k, activation="sigmoid"):
        self.activation = activation
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)
    def forward(self, x):
        z = np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2
        if self.activation == "sigmoid":
            return 1 / (1 + np.exp(-z))
        if self.activation != "softmax":
            raise ValueError("sigmoid or softmax")
        return softmax(z)
"""
    + SOFTMAX
    + """
net = Net(784, 30, 10, activation="softmax")
net.forward(np.random.rand(50, 784))
"""
)


def test_softmax_that_the_author_chooses_counts_more_than_a_default(check):
    found = check(CHOSEN, chapters=("shapes",))
    assert found.wrong() == {}
    assert "network.forward" in found.passed()


COUNTED = """
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

def one_hot(Y):
    found = np.zeros((Y.max() + 1, Y.size))
    found[Y, np.arange(Y.size)] = 1
    return found

def init_params(hidden=32):
    return np.random.randn(hidden, 784) * 0.05, np.zeros((hidden, 1)), np.random.randn(10, hidden), np.zeros((10, 1))

def forward_prop(W1, b1, W2, b2, X):
    A1 = np.maximum(W1 @ X + b1, 0)
    return A1, softmax(W2 @ A1 + b2)

def back_prop(A1, A2, W2, X, Y):
    d2 = (A2 - one_hot(Y)) / Y.size
    d1 = (W2.T @ d2) * (A1 > 0)
    return d1 @ X.T, d1.sum(axis=1, keepdims=True), d2 @ A1.T, d2.sum(axis=1, keepdims=True)

def cross_entropy(A2, Y):
    return -np.sum(one_hot(Y) * np.log(A2 + 1e-12)) / Y.size

def gradient_descent(X, Y, epochs, alpha, batch_size):
    W1, b1, W2, b2 = init_params()
    for _ in range(epochs):
        order = np.random.permutation(Y.size)
        for i in range(0, Y.size, batch_size):
            part = order[i : i + batch_size]
            A1, A2 = forward_prop(W1, b1, W2, b2, X[:, part])
            dW1, db1, dW2, db2 = back_prop(A1, A2, W2, X[:, part], Y[part])
            W1, b1 = W1 - alpha * dW1, b1 - alpha * db1
            W2, b2 = W2 - alpha * dW2, b2 - alpha * db2
    return W1, b1, W2, b2

X, Y = np.load("x.npz"), np.load("y.npz")
gradient_descent(X.T / 255, Y, 10, 0.1, BATCH)
"""


def test_classes_counted_in_large_batches_are_no_mistake(check):
    found = check(COUNTED.replace("BATCH", "1024"), chapters=("cross_entropy", "gradients"))
    assert found.wrong() == {}
    assert "gradients.weights" in found.passed()
    assert found.conventions["log_epsilon"] == "1e-12"


def test_classes_counted_in_small_batches_are_a_mistake(check):
    assert check(COUNTED.replace("BATCH", "32"), chapters=("cross_entropy", "gradients")).verdict == "fail"


EPOCH = """
def softmax_loss(Z, y):
    return np.mean(np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(y)), y])

def nn_epoch(X, y, W1, W2, lr=0.1, batch=100):
    for i in range(0, len(X), batch):
        x, t = X[i : i + batch], y[i : i + batch]
        Z1 = np.maximum(x @ W1, 0)
        G2 = np.exp(Z1 @ W2 - (Z1 @ W2).max(axis=1, keepdims=True))
        G2 = G2 / G2.sum(axis=1, keepdims=True) - np.eye(W2.shape[1])[t]
        G1 = (G2 @ W2.T) * (Z1 > 0)
        W1 -= lr * x.T @ G1 / len(x)
        W2 -= lr * Z1.T @ G2 / len(x)
"""


def test_a_network_inside_a_training(check):
    found = check(EPOCH)
    assert found.wrong() == {}
    assert {"gradients.weights", "gradients.values", "network.loss", "training.full_batch"} <= found.passed()
    assert found.outcomes["network.forward"] == "skipped"
    assert found.messages["network.forward"] == "the code computes the output only inside nn_epoch"


@pytest.mark.parametrize(
    "change",
    [("(Z1 > 0)", "(Z1 > -9)"), ("- np.eye", "- 0.5 * np.eye"), ("W1 -= lr", "W1 -= 2 * lr"), ("- Z[np", "- 2 * Z[np")],
)
def test_mistakes_in_a_network_inside_a_training(check, change):
    assert check(EPOCH, change).verdict == "fail"


def test_weights_that_are_updated_too_early_inside_a_training(check):
    late = "        W2 -= lr * Z1.T @ G2 / len(x)\n"
    early = (late, ""), ("        G1 =", late + "        G1 =")
    found = check(EPOCH, *early, chapters=("gradients",))
    assert "before the error is propagated back through it" in next(iter(found.wrong().values()))


EACH = (
    """
class Net:
    def __init__(self, sizes):
        pairs = list(zip(sizes[:-1], sizes[1:]))
        self.weights = [np.random.randn(m, n) * 0.4 for n, m in pairs]
        self.biases = [np.random.randn(m) * 0.4 for _, m in pairs]
    def forward(self, x):
        activations = [x]
        for w, b in zip(self.weights, self.biases):
            x = x @ w.T + b
            last = len(activations) == len(self.weights)
            x = softmax(x) if last else np.maximum(x, 0)
            activations.append(x)
        return activations
    def backprop(self, x, y):
        a = self.forward(x)
        delta, dw, db = a[-1] - y, [], []
        for i in range(len(self.weights) - 1, -1, -1):
            dw.insert(0, delta[:, :, None] @ a[i][:, None, :])
            db.insert(0, delta)
            delta = (delta @ self.weights[i]) * (a[i] > 0)
        return -(y * np.log(a[-1])).sum(axis=1), dw, db
"""
    + SOFTMAX
)


def test_gradients_of_every_sample_are_not_understood_at_any_depth(check):
    found = check(EACH, chapters=("shapes", "gradients"))
    assert (found.verdict, found.wrong()) == ("incomplete", {})
    assert "network.forward" in found.passed()
    assert "backward was not understood" in found.messages["gradients.memoryless"]


FACTS = (
    """
class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(d, h) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(h, k) * 0.4, np.zeros(k)
    def forward(self, x):
        return softmax(np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2)
    def compute_loss(self, pred, fact):
        return -np.log((fact * pred).sum(axis=1)).mean()
"""
    + SOFTMAX
)


def test_what_takes_the_output_takes_labels_before_inputs(check):
    found = check(FACTS, chapters=("shapes", "cross_entropy"))
    assert found.wrong() == {}
    assert "network.loss" in found.passed()
    assert check(FACTS, ("np.log((", "np.log2(("), chapters=("cross_entropy",)).verdict == "fail"


ONE_ROW = (
    SOFTMAX
    + """
def relu(z):
    return np.array([max(value, 0.0) for value in z.sum(axis=tuple(range(1, z.ndim)))])

class Net:
    def __init__(self, d, h, k):
        self.W1, self.b1 = np.random.randn(h, d) * 0.4, np.zeros(h)
        self.W2, self.b2 = np.random.randn(k, h) * 0.4, np.zeros(k)
    def forward(self, x):
        return softmax((self.W2 @ relu(self.W1 @ x + self.b1) + self.b2)[None])[0]

net = Net(784, 30, 10)
for image in np.random.rand(8, 784):
    net.forward(image)
"""
)


def test_a_relu_of_one_row_is_given_one_row(check):
    found = check(ONE_ROW, chapters=("activations", "shapes"))
    assert found.wrong() == {}
    assert {"relu.values", "relu.shape", "network.forward"} <= found.passed()
    assert "relu.values" in check(ONE_ROW, ("max(value, 0.0)", "max(value, -9.0)"), chapters=("activations",)).wrong()


LISTS = (
    SOFTMAX
    + """
def params(n_x, hidden_sizes, n_y):
    sizes = [n_x, *hidden_sizes, n_y]
    weights, biases = [], []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        weights.append(np.random.randn(fan_in, fan_out) * (2 / fan_in) ** 0.5)
        biases.append(np.zeros((1, fan_out)))
    return weights, biases

def activation(Z, kind):
    if kind == "relu":
        return np.maximum(0, Z)
    if kind == "tanh":
        return np.tanh(Z)

def slope(Z, kind):
    if kind == "relu":
        return (Z > 0).astype(float)
    if kind == "tanh":
        return 1 - np.tanh(Z) ** 2

def forward_prop(Ws, bs, X, act):
    Zs, As = [], [X]
    for W, b in zip(Ws[:-1], bs[:-1]):
        Zs.append(As[-1] @ W + b)
        As.append(activation(Zs[-1], act))
    ZL = As[-1] @ Ws[-1] + bs[-1]
    return Zs, As[1:], ZL, softmax(ZL)

def backward_prop(Zs, As, ZL, AL, Ws, X, y, act):
    dZ = (AL - np.eye(AL.shape[1])[y]) / len(y)
    dWs, dbs = [], []
    for l in reversed(range(len(Ws))):
        dWs.insert(0, (As[l - 1] if l else X).T @ dZ)
        dbs.insert(0, dZ.sum(axis=0, keepdims=True))
        if l:
            dZ = (dZ @ Ws[l].T) * slope(Zs[l - 1], act)
    return dWs, dbs

def update_params(Ws, bs, dWs, dbs, alpha):
    for i in range(len(Ws)):
        Ws[i] = Ws[i] - alpha * dWs[i]
        bs[i] = bs[i] - alpha * dbs[i]
    return Ws, bs

def compute_loss(AL, y):
    return -np.log(AL[np.arange(len(y)), y]).mean()

def predict(Ws, bs, X, act):
    return forward_prop(Ws, bs, X, act)[3].argmax(axis=1)

def fit(X, y, n_h, n_layers, iters, alpha, act):
    Ws, bs = params(X.shape[1], [n_h] * n_layers, 10)
    for _ in range(iters):
        Zs, As, ZL, AL = forward_prop(Ws, bs, X, act)
        compute_loss(AL, y)
        dWs, dbs = backward_prop(Zs, As, ZL, AL, Ws, X, y, act)
        Ws, bs = update_params(Ws, bs, dWs, dbs, alpha)
    return Ws, bs

X, y = np.load("x.npy"), np.load("y.npy")
fit(X, y, n_h=16, n_layers=2, iters=20, alpha=0.1, act="tanh")
"""
)


def test_lists_of_weights_and_lists_of_biases(check):
    found = check(LISTS)
    assert found.wrong() == {}
    assert {"network.predict", "gradients.weights", "training.step", "training.overfit"} <= found.passed()


TRIED = (  # a search of sizes, whose trainings return nothing but how good they are
    ("def fit(X, y, n_h", "def run_trial(X_tr, y_tr, X_v, y_v, n_h"),
    ("params(X.shape[1], [n_h] * n_layers, 10)", "params(X_tr.shape[1], [n_h] * n_layers, 10)"),
    ("forward_prop(Ws, bs, X, act)\n        compute_loss(AL, y)", "forward_prop(Ws, bs, X_tr, act)"),
    ("Ws, X, y, act)\n        Ws, bs = update", "Ws, X_tr, y_tr, act)\n        Ws, bs = update"),
    ("    return Ws, bs\n\nX, y", "    return (predict(Ws, bs, X_v, act) == y_v).mean()\n\nX, y"),
    ("fit(X, y, n_h=16", "run_trial(X[:50000], y[:50000], X[50000:], y[50000:], n_h=16"),
)


def test_a_training_that_keeps_no_parameters(check):
    found = check(LISTS, *TRIED)
    assert found.wrong() == {}
    assert "training.overfit" in found.passed()
    assert check(LISTS, *TRIED, ("range(iters)", "range(iters + 1)")).verdict == "fail"


@pytest.mark.parametrize(
    "change",
    [
        ("(dZ @ Ws[l].T) * slope", "(dZ @ Ws[l].T) + slope"),
        ("bs[i] - alpha * dbs[i]", "bs[i] - alpha * dbs[0].mean()"),
        ("dZ.sum(axis=0", "dZ.mean(axis=0"),
        ("bs[-1]\n    return Zs", "0 * bs[-1]\n    return Zs"),
    ],
)
def test_mistakes_in_lists_of_weights_and_of_biases(check, change):
    assert check(LISTS, change).verdict == "fail"


STACK = """
class Dense:
    def __init__(self, n_in, n_out, weight_regularizer_l2=0.0):
        self.W, self.b = np.random.randn(n_in, n_out) * (2 / n_in) ** 0.5, np.zeros((1, n_out))
        self.weight_regularizer_l2 = weight_regularizer_l2

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        self.dW = self.x.T @ d + 2 * self.weight_regularizer_l2 * self.W
        self.db = d.sum(axis=0, keepdims=True)
        return d @ self.W.T

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on

class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, d):
        return d

class CrossEntropy:
    def forward(self, p, y):
        return -np.log(p[np.arange(len(y)), y])

    def calculate(self, p, y):
        return self.forward(p, y).mean(), 0.0

    def backward(self, p, y):
        return (p - np.eye(p.shape[1])[y]) / len(y)

    def __call__(self, p, y):
        return self.calculate(p, y)

class Accuracy:
    def calculate(self, p, y):
        return (p.argmax(axis=1) == y).mean()

class Optimizer_SGD:
    def __init__(self, learning_rate=1.0, momentum=0.9):
        self.learning_rate, self.current_learning_rate = learning_rate, learning_rate
        self.momentum = momentum

    def update_params(self, layer):
        layer.vW = self.momentum * getattr(layer, "vW", 0.0) - self.current_learning_rate * layer.dW
        layer.vb = self.momentum * getattr(layer, "vb", 0.0) - self.current_learning_rate * layer.db
        layer.W += layer.vW
        layer.b += layer.vb

class Optimizer_Adam:
    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999):
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2

    def update_params(self, layer):
        layer.t = getattr(layer, "t", 0) + 1
        for name in ("W", "b"):
            d = getattr(layer, "d" + name)
            m = self.beta_1 * getattr(layer, "m" + name, 0.0) + (1 - self.beta_1) * d
            v = self.beta_2 * getattr(layer, "v" + name, 0.0) + (1 - self.beta_2) * d * d
            setattr(layer, "m" + name, m)
            setattr(layer, "v" + name, v)
            m, v = m / (1 - self.beta_1**layer.t), v / (1 - self.beta_2**layer.t)
            setattr(layer, name, getattr(layer, name) - self.learning_rate * m / (np.sqrt(v) + 1e-7))

class Model:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)
        return self

    def set(self, loss, optimizer, accuracy):
        self.loss, self.optimizer, self.accuracy = loss, optimizer, accuracy
        return self

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def predict_classes(self, x):
        return self.forward(x).argmax(axis=1)

    def train(self, X, y, epochs=1, batch_size=1):
        for _ in range(epochs):
            order = np.random.permutation(len(X))
            for i in range(0, len(X), batch_size):
                xb, yb = X[order[i:i + batch_size]], y[order[i:i + batch_size]]
                p = self.forward(xb)
                self.loss.calculate(p, yb)
                self.accuracy.calculate(p, yb)
                self.backward(self.loss.backward(p, yb))
                for layer in self.layers:
                    if hasattr(layer, "W"):
                        self.optimizer.update_params(layer)

model = Model()
model.add(Dense(784, 32, weight_regularizer_l2=5e-4)).add(ReLU())
model.add(Dense(32, 10)).add(Softmax())
model.set(loss=CrossEntropy(), optimizer=Optimizer_Adam(learning_rate=0.002), accuracy=Accuracy())
from data_of_digits import X, y
model.train(X, y, epochs=15, batch_size=32)
"""


def test_a_library_is_checked_with_its_plain_optimizer(check):
    found = check(STACK)
    assert found.wrong() == {}
    assert {"gradients.weights", "training.full_batch", "training.batch_size"} <= found.passed()


@pytest.mark.parametrize(
    "change",
    [
        ("layer.W += layer.vW", "layer.W -= layer.vW"),
        ("d.sum(axis=0, keepdims=True)\n", "d.mean(axis=0, keepdims=True)\n"),
        ("[y]) / len(y)", "[y]) / 2"),
        ("        return d\n", "        return self.p * (1 - self.p) * d\n"),
    ],
)
def test_mistakes_in_a_library_beside_an_adaptive_optimizer(check, change):
    assert check(STACK, change).verdict == "fail"


ONE_DEPTH = (
    SOFTMAX
    + """
def initialize(layer_dims):
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = np.random.randn(layer_dims[l - 1], layer_dims[l]) * (2 / layer_dims[l - 1]) ** 0.5
        parameters[f"b{l}"] = np.zeros(layer_dims[l])
    return parameters

def forward(X, parameters):
    A1 = np.maximum(X @ parameters["W1"] + parameters["b1"], 0)
    A2 = np.maximum(A1 @ parameters["W2"] + parameters["b2"], 0)
    A3 = softmax(A2 @ parameters["W3"] + parameters["b3"])
    return A3, {"A1": A1, "A2": A2, "A3": A3}

def loss(A3, Y):
    return -np.log(A3[np.arange(len(Y)), Y]).mean()

def backward(parameters, cache, X, Y):
    dZ3 = (cache["A3"] - np.eye(cache["A3"].shape[1])[Y]) / len(Y)
    dZ2 = (dZ3 @ parameters["W3"].T) * (cache["A2"] > 0)
    dZ1 = (dZ2 @ parameters["W2"].T) * (cache["A1"] > 0)
    return {
        "dW1": X.T @ dZ1, "db1": dZ1.sum(axis=0),
        "dW2": cache["A1"].T @ dZ2, "db2": dZ2.sum(axis=0),
        "dW3": cache["A2"].T @ dZ3, "db3": dZ3.sum(axis=0),
    }

def update(parameters, grads, lr):
    return {name: value - lr * grads["d" + name] for name, value in parameters.items()}

def predict():
    data = np.loadtxt("digits.csv")
    X, Y = data[:, 1:] / 255, data[:, 0].astype(int)
    parameters = initialize([X.shape[1], 20, 12, len(np.unique(Y))])
    for _ in range(100):
        A3, cache = forward(X, parameters)
        parameters = update(parameters, backward(parameters, cache, X, Y), 0.1)
        print(loss(A3, Y))

predict()
"""
)


def test_a_forward_pass_of_one_depth_beside_an_initialization_of_any(check):
    found = check(ONE_DEPTH)
    assert found.conventions["architecture"] == "[*, *, *, *]"
    assert found.wrong() == {}
    assert {"gradients.weights", "training.step"} <= found.passed()
    assert found.outcomes["network.predict"] == "skipped"


@pytest.mark.parametrize("change", [('(cache["A2"] > 0)', '(cache["A1"].sum() > 0)'), ("dZ1.sum", "dZ1.mean")])
def test_mistakes_in_a_network_of_one_depth(check, change):
    assert check(ONE_DEPTH, change).verdict == "fail"


def test_a_loss_that_calls_the_output_by_its_place_in_a_smaller_network(check):
    deep = ONE_DEPTH.replace("def loss(A3, Y):\n    return -np.log(A3[", "def loss(A2, Y):\n    return -np.log(A2[")
    found = check(deep.replace("        print(loss(A3, Y))\n", ""))
    assert found.wrong() == {}
    assert "network.loss" in found.passed()


COMPARES = (
    SOFTMAX
    + """
class Net:
    def __init__(self, n_in, n_hidden, n_out, lr=0.1, reg=1e-4):
        self.W1, self.b1 = np.random.normal(0, (2 / n_in) ** 0.5, (n_in, n_hidden)), np.zeros(n_hidden)
        self.W2, self.b2 = np.random.normal(0, (2 / n_hidden) ** 0.5, (n_hidden, n_out)), np.zeros(n_out)
        self.lr, self.reg, self.errors = lr, reg, []

    def forward(self, x, target):
        self.z1 = x @ self.W1 + self.b1
        self.a1 = np.maximum(self.z1, 0)
        self.a2 = softmax(self.a1 @ self.W2 + self.b2)
        self.error = self.a2 - target

    def backpropagation(self, x):
        dW2 = self.a1.T @ self.error + self.reg * self.W2
        dh = (self.error @ self.W2.T) * (self.z1 > 0)
        dW1 = x.T @ dh + self.reg * self.W1
        self.W2 = self.W2 - self.lr * dW2
        self.b2 = self.b2 - self.lr * self.error.sum(axis=0)
        self.W1 = self.W1 - self.lr * dW1
        self.b1 = self.b1 - self.lr * dh.sum(axis=0)

    def train(self, X, Y, epochs):
        for _ in range(epochs):
            for i in np.random.permutation(len(X)):
                self.forward(X[i].reshape(1, -1), Y[i].reshape(1, -1))
                self.backpropagation(X[i].reshape(1, -1))
            self.forward(X, Y)
            self.errors.append((self.error**2).mean())

X, y = np.load("x.npy"), np.load("y.npy")
Y = np.eye(10)[y]
Net(784, 32, 10).train(X, Y, 20)
"""
)


def test_a_forward_pass_that_takes_labels_for_the_backward_pass(check):
    found = check(COMPARES)
    assert found.wrong() == {}
    assert {"network.forward", "gradients.values"} <= found.passed()


@pytest.mark.parametrize(
    "change",
    [("self.a2 - target", "target - self.a2"), ("* (self.z1 > 0)", "* (self.a2.max() > 0)"), ("dh.sum", "dh.mean")],
)
def test_mistakes_beside_a_forward_pass_that_takes_labels(check, change):
    assert check(COMPARES, change).verdict == "fail"
