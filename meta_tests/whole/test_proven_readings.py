"""Code is judged by a reading that its own results prove; an unproven reading, or a refused value, is not a failure."""

import textwrap

import numpy as np
import pytest

import chainrule
from banks.honest import HONEST, IMPORTS
from chainrule.host.inference.points import Point

WRONG = ("failed", "error")


def check(folder, source, **keywords):
    """The outcome of checking a source."""
    path = folder / "net.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return chainrule.check(str(path), **keywords)


def wrong(outcome):
    """The clauses that failed or raised."""
    return [result.id for result in outcome.specs if result.outcome in WRONG]


def result_of(outcome, clause):
    (found,) = (result for result in outcome.specs if result.id == clause)
    return found


def planted(source, old, new):
    assert source.count(old) == 1, old
    return source.replace(old, new)


# Code that checks its arguments

CHECKS = {
    "def step(self, grads, lr):\n": '        if lr <= 0:\n            raise ValueError("the rate must be positive")\n',
    "def fit(self, x, y, *, epochs, batch_size, lr, seed=0):\n": (
        '        assert epochs > 0, "at least one epoch"\n        assert lr > 0, "the rate must be positive"\n'
    ),
    "def relu(z):\n": '    if not z.size:\n        raise ValueError("an empty array")\n',
}


def checking():
    source = HONEST
    for header, lines in CHECKS.items():
        source = planted(source, header, header + lines)
    return source


def test_values_that_the_code_refuses_are_skipped_with_the_reason(tmp_path):
    outcome = check(tmp_path, checking())
    assert outcome.verdict == "pass"
    refused = {result.id: result.message for result in outcome.specs if "the code refuses" in result.message}
    assert refused.keys() == {"training.zero_rate", "relu.empty"}
    assert refused["training.zero_rate"].startswith("the code refuses a rate of zero: step raised ValueError")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert epochs > 0", "assert epochs > 1"),  # one epoch is no value at the edge
        ("range(epochs)", "range(epochs + (epochs > 1))"),
        ("if not z.size:\n", "if z.size and z.size < 2:\n"),
        ("rng = np.random.default_rng(seed)\n        for", "rng = np.random.default_rng(0)\n        for"),
    ],
)
def test_code_that_checks_its_arguments_fails_for_its_mistakes(tmp_path, old, new):
    assert check(tmp_path, planted(checking(), old, new)).verdict == "fail"


def test_an_exception_that_no_check_raises_is_an_error(tmp_path):
    outcome = check(tmp_path, planted(HONEST, "w -= lr * g", "w -= 1 / (1 / lr) * g"), chapters="training")
    assert result_of(outcome, "training.zero_rate").outcome == "error"


NO_SINGLE_CLASS = (
    IMPORTS
    + """
class Network:
    def __init__(self, *nodes):
        if nodes[-1] < 2:
            raise ValueError("the last layer needs two nodes")
        self.weights = [np.random.randn(m, n) * np.sqrt(2 / (m + n)) for m, n in zip(nodes, nodes[1:])]
        self.biases = [np.zeros(n) for n in nodes[1:]]

    def forward(self, x):
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            x = np.maximum(x @ w + b, 0)
        z = x @ self.weights[-1] + self.biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
"""
)


def test_no_network_of_a_single_class_is_asked_for(tmp_path):
    outcome = check(tmp_path, NO_SINGLE_CLASS, chapters=["golden", "softmax"])
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    assert result_of(outcome, "golden.softmax").outcome == "passed"


ONE_HOT_BY_SIZE = (
    IMPORTS
    + """
def softmax_loss(x, t):
    y = np.exp(x - x.max(axis=-1, keepdims=True))
    y /= y.sum(axis=-1, keepdims=True)
    if t.size == y.size:
        t = t.argmax(axis=1)
    loss = -np.log(y[np.arange(len(t)), t] + 1e-7).mean()
    y[np.arange(len(t)), t] -= 1
    return loss, y / len(t)
"""
)


def test_a_loss_that_tells_labels_by_their_size_is_not_asked_for_one_class(tmp_path):
    assert wrong(check(tmp_path, ONE_HOT_BY_SIZE, chapters="layers")) == []
    assert wrong(check(tmp_path, planted(ONE_HOT_BY_SIZE, "y / len(t)", "y"), chapters="layers"))


# The layout of samples

LINEAR_LAYERS = (
    IMPORTS
    + """
class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in) * np.sqrt(2 / (n_in + n_out))
        self.b = np.zeros((n_out, 1))

    def forward(self, X):
        self.X = X
        return self.W @ X + self.b

    def backward(self, dZ):
        self.dW = dZ @ self.X.T
        self.db = dZ.sum(axis=1, keepdims=True)
        return self.W.T @ dZ


class ReLU:
    def forward(self, X):
        self.X = X
        return np.maximum(0, X)

    def backward(self, dA):
        return dA * (self.X > 0)


class Sequential:
    def __init__(self, *modules):
        self.modules = list(modules)

    def forward(self, X):
        for m in self.modules:
            X = m.forward(X)
        return X

    def backward(self, delta):
        for m in self.modules[::-1]:
            delta = m.backward(delta)
"""
)
IN_ROWS = [
    ("randn(n_out, n_in)", "randn(n_in, n_out)"),
    ("(n_out, 1)", "n_out"),
    ("self.W @ X", "X @ self.W"),
    ("dZ @ self.X.T", "self.X.T @ dZ"),
    ("dZ.sum(axis=1, keepdims=True)", "dZ.sum(axis=0)"),
    ("self.W.T @ dZ", "dZ @ self.W.T"),
]


def linear_layers(rows):
    source = LINEAR_LAYERS
    for old, new in IN_ROWS if rows else ():
        source = planted(source, old, new)
    return source


@pytest.mark.parametrize("rows", [True, False])
def test_an_output_gradient_lies_as_the_output_does_for_any_number_of_samples(tmp_path, rows):
    outcome = check(tmp_path, linear_layers(rows), chapters=["gradients", "shapes"])
    assert wrong(outcome) == []
    assert result_of(outcome, "gradients.additivity").outcome == "passed"
    assert outcome.conventions["samples"].value == ("rows" if rows else "columns")


@pytest.mark.parametrize("rows", [True, False])
def test_a_wrong_gradient_of_layers_fails_in_both_layouts(tmp_path, rows):
    source = planted(linear_layers(rows), "* (self.X > 0)", "* (self.X > -1)")
    assert check(tmp_path, source, chapters=["gradients", "shapes"]).verdict == "fail"


TURNED = (
    IMPORTS
    + """
class Network:
    def __init__(self, sizes):
        d, h, k = sizes
        self.params = {
            "W1": np.random.randn(h, d) * np.sqrt(2 / (d + h)), "b1": np.zeros((h, 1)),
            "W2": np.random.randn(k, h) * np.sqrt(2 / (h + k)), "b2": np.zeros((k, 1)),
        }

    def feed_forward(self, x):
        p, self.x = self.params, x
        self.z1 = p["W1"] @ x.T + p["b1"]
        self.a1 = np.maximum(self.z1, 0)
        z2 = p["W2"] @ self.a1 + p["b2"]
        e = np.exp(z2 - z2.max(axis=0))
        return e / e.sum(axis=0)

    def cross_entropy_loss(self, y, output):
        return -np.log((y.T * output).sum(axis=0)).mean()

    def back_propagate(self, y, output):
        n = y.shape[0]
        dz2 = (output - y.T) / n
        dz1 = (self.params["W2"].T @ dz2) * (self.z1 > 0)
        return {"W1": dz1 @ self.x, "b1": dz1.sum(axis=1, keepdims=True),
                "W2": dz2 @ self.a1.T, "b2": dz2.sum(axis=1, keepdims=True)}
"""
)


def test_an_output_turned_against_its_input_is_read_so_if_the_loss_takes_it_so(tmp_path):
    outcome = check(tmp_path, TURNED)
    assert wrong(outcome) == []
    assert {"network.forward", "cross_entropy.uniform", "gradients.values"} <= {
        result.id for result in outcome.specs if result.outcome == "passed"
    }
    assert outcome.conventions["weights"].value == "out_in"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(self.z1 > 0)", "(self.z1 > -9)"),
        ("(axis=0)).mean()", "(axis=0)).sum()"),
        ("z2.max(axis=0)", "z2.max(axis=1)"),
    ],
)
def test_mistakes_beside_a_turned_output_are_found(tmp_path, old, new):
    source = TURNED.replace("z2 - z2.max(axis=0)", "z2") if "max" in old else planted(TURNED, old, new)
    assert check(tmp_path, source).verdict == "fail"


def test_an_output_turned_against_its_input_that_no_loss_takes_is_one_failure(tmp_path):
    loss = TURNED[TURNED.index("    def cross_entropy_loss") : TURNED.index("    def back_propagate")]
    outcome = check(tmp_path, TURNED.replace(loss, ""))
    assert wrong(outcome) == ["network.output_shape"]
    assert [found.id for found in outcome.diagnoses] == ["forward-shape"]


def test_a_wrong_initialization_beside_a_turned_output_is_still_found(tmp_path):
    outcome = check(tmp_path, planted(TURNED, "(2 / (d + h))", "(8 / (d + h))"), chapters="initialization")
    assert "initialization.variance" in wrong(outcome)


BINARY = (
    IMPORTS
    + """
def initialize_parameters(n_x, n_h, n_y):
    W1 = np.random.randn(n_h, n_x) * 0.01
    b1 = np.zeros((n_h, 1))
    W2 = np.random.randn(n_y, n_h) * 0.01
    b2 = np.zeros((n_y, 1))
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def softmax(Z):
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    assert A2.shape == (1, X.shape[1])
    return A2
"""
)


def test_nothing_is_judged_by_a_network_whose_forward_pass_is_not_understood(tmp_path):
    outcome = check(tmp_path, planted(BINARY, "np.exp(-(parameters", "np.exp(2 - (missing.parameters"))
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    assert "declare samples=columns" in result_of(outcome, "softmax.normalized").message
    said = result_of(outcome, "initialization.sizes").message
    assert said.startswith("no forward pass was understood: of samples in rows forward_propagation raised ValueError")
    assert "in columns it raised NameError" in said


def test_a_network_with_one_output_for_two_classes_is_called_so(tmp_path):
    outcome = check(tmp_path, BINARY)
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    said = result_of(outcome, "network.forward").message
    assert said.startswith("the network has one output, the probability of one of two classes")


@pytest.mark.parametrize("unfinished", ["    raise NotImplementedError\n", "    pass\n"])
def test_an_initialization_is_judged_beside_a_forward_pass_that_is_not_written(tmp_path, unfinished):
    source = BINARY[: BINARY.index("    A1 = ")] + unfinished
    outcome = check(tmp_path, source, chapters="initialization")
    assert wrong(outcome) == ["initialization.variance", "initialization.network_variance"]
    assert outcome.conventions["weights"].value == "out_in"


UNNAMED = (
    IMPORTS
    + """
def init_params():
    return np.random.randn(12, 20) * np.sqrt(2 / 32), np.zeros((12, 1)), np.random.randn(4, 12) * 0.35, np.zeros((4, 1))


def softmax(Z):
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


def forward_prop(W1, b1, W2, b2, X):
    Z1 = W1.dot(X) + b1
    A1 = np.maximum(Z1, 0)
    return Z1, A1, softmax(W2.dot(A1) + b2)


def backward_prop(Z1, A1, A2, W2, X, Y):
    m = X.shape[1]
    dZ2 = (A2 - np.eye(4)[Y].T) / m
    dZ1 = W2.T.dot(dZ2) * (Z1 > 0)
    return dZ1.dot(X.T), dZ1.sum(axis=1, keepdims=True), dZ2.dot(A1.T), dZ2.sum(axis=1, keepdims=True)
"""
)
ANY = {"initialization": "any"}


def test_parameters_and_gradients_without_names_are_found_by_shape_and_order(tmp_path):
    outcome = check(tmp_path, UNNAMED, conventions=ANY)
    assert wrong(outcome) == []
    assert result_of(outcome, "gradients.values").outcome == "passed"


@pytest.mark.parametrize(("old", "new"), [("E.sum(axis=0,", "E.sum(axis=1,"), ("(A2 - ", "(A2 - 2 * "), (" + b1", "")])
def test_mistakes_beside_results_without_names_are_found(tmp_path, old, new):
    assert check(tmp_path, planted(UNNAMED, old, new), conventions=ANY).verdict == "fail"


# Logits

LOGITS = (
    IMPORTS
    + """
def log_softmax(x):
    m = x.max(axis=-1, keepdims=True)
    return x - m - np.log(np.exp(x - m).sum(axis=-1, keepdims=True))


def nll(logp, target):
    return -logp[range(target.shape[0]), target].mean()


class Model:
    def __init__(self, n_in, nh, n_out):
        self.w1 = np.random.randn(n_in, nh) * np.sqrt(2 / (n_in + nh))
        self.b1 = np.zeros(nh)
        self.w2 = np.random.randn(nh, n_out) * np.sqrt(2 / (nh + n_out))
        self.b2 = np.zeros(n_out)

    def __call__(self, x):
        return np.maximum(x @ self.w1 + self.b1, 0) @ self.w2 + self.b2
"""
)


def without(source, *names):
    """A source without these functions."""
    parts = source.split("\n\n\n")
    return "\n\n\n".join(
        part for part in parts if not any(part.lstrip("\n").startswith(f"def {name}(") for name in names)
    )


def test_a_loss_of_log_probabilities_is_given_the_log_softmax_of_the_logits(tmp_path):
    outcome = check(tmp_path, LOGITS)
    assert wrong(outcome) == []
    assert outcome.conventions["output"].value == "logits"
    assert result_of(outcome, "network.loss").outcome == "passed"


@pytest.mark.parametrize(
    ("old", "new"), [("].mean()", "].sum() / 7"), (" + self.b1", ""), ("logp[range", "2 * logp[range")]
)
def test_a_wrong_loss_or_forward_pass_beside_log_softmax_fails(tmp_path, old, new):
    assert check(tmp_path, planted(LOGITS, old, new)).verdict == "fail"


def test_exact_logits_with_no_loss_in_the_file_are_logits(tmp_path):
    outcome = check(tmp_path, without(LOGITS, "log_softmax", "nll").replace("import", "\nimport", 1))
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    assert outcome.conventions["output"].value == "logits"


@pytest.mark.parametrize(
    ("old", "new"),
    [(" + self.b2", ""), ("np.maximum(x @ self.w1 + self.b1, 0)", "np.maximum(x @ self.w1 + self.b1, -1)")],
)
def test_inexact_logits_fail(tmp_path, old, new):
    source = planted(without(LOGITS, "log_softmax", "nll"), old, new)
    assert check(tmp_path, source).verdict == "fail"


# Gradients of single samples


def elementwise(source):
    """A source whose gradients of the weights are right for one sample and raise for others."""
    return planted(source, "dW.insert(0, acts[l].T @ delta)", "dW.insert(0, acts[l].T * delta)")


def test_gradients_that_raise_for_every_batch_are_no_convention(tmp_path):
    outcome = check(tmp_path, elementwise(HONEST), chapters=["gradients", "shapes"])
    assert outcome.verdict == "fail"
    assert "could not be broadcast" in result_of(outcome, "gradients.shapes").message
    assert outcome.diagnoses[0].where == f"net.py:{HONEST[: HONEST.index('acts[l].T')].count(chr(10)) + 1}"


# The numbers of a training

BATCHED = (
    IMPORTS
    + """
EPOCHS, LEARNING_RATE, BATCH_SIZE = 20, 0.05, 64


def batches(X, y, size=32):
    order = np.random.permutation(len(X))
    for i in range(0, len(X), size):
        yield X[order[i:i + size]], y[order[i:i + size]]


class Net:
    def __init__(self, n_in, n_h, n_out):
        self.W1 = np.random.randn(n_in, n_h) * np.sqrt(2 / (n_in + n_h))
        self.b1 = np.zeros(n_h)
        self.W2 = np.random.randn(n_h, n_out) * np.sqrt(2 / (n_h + n_out))
        self.b2 = np.zeros(n_out)

    def forward(self, X):
        self.a = np.maximum(X @ self.W1 + self.b1, 0)
        z = self.a @ self.W2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return -np.log(self.forward(X)[np.arange(len(X)), y]).mean()

    def backward(self, X, y):
        d = self.forward(X)
        d[np.arange(len(X)), y] -= 1
        d /= len(X)
        dh = d @ self.W2.T * (self.a > 0)
        return X.T @ dh, dh.sum(axis=0), self.a.T @ d, d.sum(axis=0)

    def step(self, grads, lr):
        for name, gradient in zip(("W1", "b1", "W2", "b2"), grads):
            getattr(self, name)[...] -= lr * gradient

    def train(self, X, y, epochs, lr):
        for _ in range(epochs):
            order = np.random.permutation(len(X))
            for i in range(0, len(X), 128):
                k = order[i:i + 128]
                self.step(self.backward(X[k], y[k]), lr)
"""
)
LOOP = BATCHED[BATCHED.index("            order = ") :]
WITH_A_HELPER = """            for Xb, yb in batches(X, y):
                self.step(self.backward(Xb, yb), lr)
"""
HIDDEN = {  # what is set: (how the source is changed, what the note begins with)
    "a literal": ((), ["the number 128 in train is the batch size"]),
    "a global": ((("128", "BATCH_SIZE"),), ["BATCH_SIZE = 64 is the batch size"]),
    "a helper's default": (((LOOP, WITH_A_HELPER),), ["size = 32 is the batch size"]),
    "epochs": (
        (("y, epochs, lr)", "y, lr)"), ("range(epochs)", "range(30)")),
        ["the number 30 in train is the number of epochs", "the number 128 in train is the batch size"],
    ),
    "many epochs": (
        (("y, epochs, lr)", "y, lr, cycles=20000)"), ("range(epochs)", "range(cycles)")),
        ["cycles = 20000 is the number of epochs", "the number 128 in train is the batch size"],
    ),
    "a rate": (
        (("y, epochs, lr)", "y, epochs)"), ("y[k]), lr)", "y[k]), 0.05)")),
        ["the number 0.05 in train is the learning rate", "the number 128 in train is the batch size"],
    ),
    "everything": (
        (("y, epochs, lr)", "y)"), ("range(epochs)", "range(EPOCHS)"), ("y[k]), lr)", "y[k]), LEARNING_RATE)")),
        ["EPOCHS = 20 is the number of epochs", "LEARNING_RATE = 0.05 is the learning rate"],
    ),
}


def hidden(name):
    source = BATCHED
    for old, new in HIDDEN[name][0]:
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize("name", HIDDEN)
def test_a_number_that_a_training_contains_is_set(tmp_path, name):
    outcome = check(tmp_path, hidden(name), chapters="training")
    assert wrong(outcome) == []
    assert result_of(outcome, "training.every_sample").outcome == "passed"
    for beginning in HIDDEN[name][1]:
        assert [note for note in outcome.notes if note.startswith(beginning)]


@pytest.mark.parametrize(
    ("name", "old", "new", "clause"),
    [
        (
            "a literal",
            "np.random.permutation(len(X))\n            for",
            "np.arange(len(X))\n            for",
            "fresh_order",
        ),
        ("a literal", "order[i:i + 128]", "order[i:i + 64]", "every_sample"),
        ("a literal", "y[k])", "y[i:i + 128])", "labels"),
        ("a global", "y[k])", "y[i:i + BATCH_SIZE])", "labels"),
        ("a helper's default", "y[order[i:i + size]]", "y[i:i + size]", "labels"),
        ("a rate", "lr * gradient", "lr * gradient / 2", "step"),
        ("everything", "y[k])", "y[i:i + 128])", "labels"),
    ],
)
def test_a_mistake_beside_a_number_that_is_set_is_found(tmp_path, name, old, new, clause):
    outcome = check(tmp_path, hidden(name).replace(old, new), chapters=["training", "gradients"])
    assert f"training.{clause}" in wrong(outcome)


def test_a_training_that_makes_no_update_on_few_samples_is_seen(tmp_path):
    dropping = "for k in np.split(order[: len(X) // 128 * 128], len(X) // 128 or 1):\n"
    lines = ("for i in range(0, len(X), 128):\n                k = order[i:i + 128]\n", dropping)
    outcome = check(tmp_path, planted(BATCHED, *lines), chapters="training")
    assert wrong(outcome) == ["training.last_batch"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("range(epochs)", "range(30)"), ("y[k]), lr)", "y[k]), 0.05)")],
    ids=["epochs", "rate"],
)
def test_an_argument_that_a_training_ignores_is_a_mistake(tmp_path, old, new):
    assert check(tmp_path, BATCHED.replace(old, new), chapters="training").verdict == "fail"


def test_a_training_whose_passes_cannot_be_set_is_not_judged(tmp_path):
    source = hidden("epochs").replace("range(30)", "range(len('thirty epochs'))")
    outcome = check(tmp_path, source, chapters="training")
    assert wrong(outcome) == []
    assert result_of(outcome, "training.epochs").outcome == "todo"
    assert "train makes 13 passes over the data in one call" in result_of(outcome, "training.epochs").message


# Functions

TENSOR = (
    IMPORTS
    + """
class Tensor:
    def __init__(self, pool, slot, requires_grad=True):
        self.data, self.requires_grad = pool[slot], requires_grad


def relu(a):
    return Tensor([np.maximum(a.data if a.requires_grad else 0, 0)], 0, a.requires_grad)
"""
)


def test_a_function_of_the_codes_own_objects_is_not_called_wrong(tmp_path):
    outcome = check(tmp_path, TENSOR, chapters="activations")
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    said = "relu takes Tensor objects, with `requires_grad`, and not arrays"
    assert result_of(outcome, "relu.values").message == said


def test_an_attribute_that_nothing_has_is_an_error(tmp_path):
    outcome = check(tmp_path, IMPORTS + "\n\ndef relu(a):\n    return a.maximum(0)\n", chapters="activations")
    assert "relu.shape" in wrong(outcome)


def test_a_function_of_a_library_that_is_missing_is_not_called_wrong(tmp_path):
    source = "import paddle\n\n\ndef relu(a):\n    return a.clip_min(0)\n"
    outcome = check(tmp_path, source, chapters="activations")
    assert result_of(outcome, "relu.values").message == "relu takes arrays of paddle, which is not installed"


def test_a_softmax_that_is_constant_for_single_rows_alone_fails_for_its_mistake(tmp_path):
    source = planted(HONEST, "e.sum(axis=1, keepdims=True)", "e.sum(axis=0)")
    outcome = check(tmp_path, source, chapters="softmax")
    assert not [result for result in outcome.specs if "the same for all arguments" in result.message]
    assert [found.id for found in outcome.diagnoses] == ["softmax-over-batch"]


def test_global_arrays_without_functions_are_not_judged_by_their_seed(tmp_path):
    source = (
        IMPORTS
        + """
np.random.seed(0)
W1 = np.random.randn(8, 16) * np.sqrt(2 / 24)
b1 = np.zeros((8, 1))
W2 = np.random.randn(3, 8) * np.sqrt(2 / 11)
b2 = np.zeros((3, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""
    )
    assert wrong(check(tmp_path, source, conventions=ANY)) == []


LAYERS = (
    IMPORTS
    + """
class Linear:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out) * np.sqrt(2 / (n_in + n_out)), np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


class BCELoss:
    def forward(self, predicted, target):
        return -np.mean(target * np.log(predicted) + (1 - target) * np.log(1 - predicted))
"""
)


def test_layers_that_chainrule_puts_together_end_in_logits_where_no_softmax_is(tmp_path):
    outcome = check(tmp_path, LAYERS, conventions=ANY)
    assert (wrong(outcome), outcome.conventions["output"].value) == ([], "logits")
    assert result_of(outcome, "gradients.values").outcome == "passed"


@pytest.mark.parametrize(
    ("old", "new"), [("self.x.T @ grad", "2 * self.x.T @ grad"), (" + self.b", ""), ("x > 0", "x > 1")]
)
def test_mistakes_in_such_layers_are_found(tmp_path, old, new):
    assert wrong(check(tmp_path, planted(LAYERS, old, new), conventions=ANY))


def test_losses_of_the_samples_are_not_called_a_wrong_mean(tmp_path):
    source = IMPORTS + "\n\ndef cross_entropy(p, y):\n    return -np.log(p[np.arange(len(y)), y])\n"
    outcome = check(tmp_path, source, chapters="cross_entropy")
    assert wrong(outcome) == []
    said = "cross_entropy gives a loss for every sample: the mean over the batch is asked for"
    assert result_of(outcome, "cross_entropy.uniform").message == said


# Functions that a script uses where chainrule does not see how

OF_A_SCRIPT = (
    IMPORTS
    + """
def error(p, t):
    return (p - t) / len(p)

def cross_entropy(p, t):
    return LOSS

def learn(net, batches):
    for x, t in batches:
        p = net.out(x)
        print(cross_entropy(p, t))
        net.back(error(p, t))
"""
)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ("-np.sum(t * np.log(p))", "right for one sample and not the mean"),
        ("(p - t) / len(p)", "gives the gradient of the loss"),
        ("p - t", "gives the gradient of the loss"),
    ],
)
def test_a_loss_is_not_judged_where_nothing_shows_how_it_is_called(tmp_path, loss, said):
    outcome = check(tmp_path, OF_A_SCRIPT.replace("LOSS", loss), chapters="cross_entropy")
    assert {result.outcome for result in outcome.specs} == {"todo"}
    assert any(said in result.message for result in outcome.specs)


@pytest.mark.parametrize("loss", ["-np.sum(t * np.log(p + 1e-3)) / len(p)", "-np.mean(t * np.log(p))"])
def test_a_wrong_loss_there_is_still_found(tmp_path, loss):
    assert check(tmp_path, OF_A_SCRIPT.replace("LOSS", loss), chapters="cross_entropy").verdict == "fail"


OF_BATCHES = """

class Net:
    def __init__(self, sizes):
        self.weights = [np.random.randn(m, n) for m, n in zip(sizes, sizes[1:])]
        self.biases = [np.zeros(n) for n in sizes[1:]]
    def forward(self, x):
        out = np.empty((600, len(self.biases[-1])))
        for w, b in zip(self.weights, self.biases):
            x = np.maximum(x @ w + b, 0)
        out[...] = x / x.sum(axis=1, keepdims=True)
        return out
"""


def test_a_summed_loss_beside_a_forward_pass_that_is_not_understood_is_not_judged(tmp_path):
    source = OF_A_SCRIPT.partition("def learn")[0].replace("LOSS", "-np.sum(t * np.log(p))") + OF_BATCHES
    assert wrong(check(tmp_path, source, chapters="cross_entropy")) == []


def test_a_summed_loss_that_nothing_uses_fails(tmp_path):
    alone = OF_A_SCRIPT.partition("def learn")[0].replace("LOSS", "-np.sum(t * np.log(p))")
    assert check(tmp_path, alone, chapters="cross_entropy").verdict == "fail"


# Other networks


@pytest.mark.parametrize("units", ["np.tanh(z)", "1 / (1 + np.exp(-z))", "np.maximum(z, 0)"])
def test_a_network_with_other_outputs_is_one_failure_and_called_another_network(tmp_path, units):
    source = NO_SINGLE_CLASS.partition("        e = np.exp")[0] + f"        return {units}\n"
    source = source.replace("x = np.maximum(x @ w + b, 0)", "x = np.tanh(x @ w + b)")
    outcome = check(tmp_path, source)
    assert wrong(outcome) == ["network.forward"]
    assert [(found.id, found.certainty) for found in outcome.diagnoses] == [("forward-other-network", "certain")]


# Trainings with more than one rate

TWO_RATES = HONEST.replace("batch_size, lr, seed=0", "batch_size, lr1, lr2, seed=0").replace(
    "            order = rng",
    "            lr = lr2 if (self.predict(x) == y).mean() > 0.4 else lr1\n            order = rng",
)


def test_a_rate_for_the_first_epochs_and_one_for_the_last_are_the_same_rate(tmp_path):
    assert check(tmp_path, TWO_RATES, chapters="training").verdict == "pass"


def test_two_rates_that_are_added_are_found(tmp_path):
    added = planted(TWO_RATES, "self.backward(x[batch], y[batch]), lr)", "self.backward(x[batch], y[batch]), lr + lr1)")
    assert wrong(check(tmp_path, added, chapters="training"))


def test_a_training_that_writes_into_its_labels_is_a_mistake_and_no_fault_of_the_check(tmp_path):
    own = planted(HONEST, "class MLP:", "class Net:").replace("batch_size, lr, seed=0", "batch_size, lr")
    own = planted(own, "rng = np.random.default_rng(seed)\n        for", "rng = np.random\n        for")
    outcome = check(tmp_path, own + "        y += 1\n", chapters="training")
    assert "training.arguments_kept" in wrong(outcome)


def test_a_probe_goes_on_with_the_batch_that_it_began_with():
    point = Point(None, [4, 6, 5, 3])
    x, y = point.x.copy(), point.y.copy()
    point.x += 1
    point.y += 1
    point.restore()
    assert np.array_equal(point.x, x)
    assert np.array_equal(point.y, y)
