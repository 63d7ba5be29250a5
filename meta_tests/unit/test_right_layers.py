"""Right code whose settings, losses and gradients stand where chainrule once looked for something else."""

import textwrap

import pytest

from chainrule import api

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

SOFTMAX = """
import numpy as np

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""
ESTIMATOR = """
class Classifier:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.W = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def forward(self, X):
        self.acts = [X]
        for l, (W, b) in enumerate(zip(self.W, self.b)):
            z = self.acts[-1] @ W + b
            self.acts.append(np.maximum(z, 0) if l + 1 < len(self.W) else softmax(z))
        return self.acts[-1]

    def loss(self, X, y):
        return {loss}

    def gradients(self, X, y):
        delta = self.forward(X).copy()
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        dW, db = [], []
        for l in reversed(range(len(self.W))):
            dW.insert(0, self.acts[l].T @ delta)
            db.insert(0, delta.sum(axis=0))
            delta = (delta @ self.W[l].T) * (self.acts[l] > 0)
        return dW, db

    def fit(self, X, y, X_val=None, y_val=None, epochs=10, batch_size=32, lr=0.1, seed=0):
        if epochs <= 0:
            raise ValueError("epochs: at least one")
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(X))
            for i in range(0, len(X), batch_size):
                rows = order[i:i + batch_size]
                dW, db = self.gradients(X[rows], y[rows])
                for l in range(len(self.W)):
                    self.W[l] -= lr * dW[l]
                    self.b[l] -= lr * db[l]
"""
PICKED = "-np.log(self.forward(X)[np.arange(len(y)), y]).mean()"
LAYERS = """
class Dense:
    def __init__(self, n_in, n_out):
        self.weights = np.random.randn(n_in, n_out) * np.sqrt(2 / (n_in + n_out))
        self.biases = np.zeros((1, n_out))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T

class ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)
    def backward(self, dvalues):
        self.dinputs = dvalues * (self.inputs > 0)
"""
ONE_OF_BOTH = """
class SoftmaxCrossEntropy:
    def forward(self, y_true, inputs):
        self.output = softmax(inputs)
        return -np.log(self.output[range(len(y_true)), y_true]).mean()
    def backward(self, y_true, y_pred):
        self.dinputs = y_pred.copy()
        self.dinputs[range(len(y_true)), y_true] -= 1
        self.dinputs /= len(y_true)

class GradientDescent:
    def __init__(self, decay=0.0, learning_rate=1.0):
        self.rate, self.decay, self.t = learning_rate, decay, 0
    def update_params(self, layer):
        if self.decay:
            self.rate /= 1 + self.decay * self.t
        layer.weights -= self.rate * layer.dweights
        layer.biases -= self.rate * layer.dbiases
"""
TWO_FORMS = """
class Softmax:
    def forward(self, inputs):
        self.output = softmax(inputs)

class CrossEntropy:
    def calculate(self, output, y):
        return np.mean(self.forward(output, y))
    def forward(self, y_pred, y_true):
        y_pred = np.clip(y_pred, 1e-7, 1 - 1e-7)
        if len(y_true.shape) == 1:
            picked = y_pred[range(len(y_pred)), y_true]
        elif len(y_true.shape) == 2:
            picked = np.sum(y_pred * y_true, axis=1)
        return -np.log(picked)
"""
BY_A_WORD = """
class Linear:
    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out
        self.weights, self.bias = np.zeros((n_in, n_out)), np.zeros((1, n_out))
    def reset(self, scheme="zero"):
        if scheme == "glorot":
            limit = np.sqrt(6 / (self.n_in + self.n_out))
            self.weights = np.random.uniform(-limit, limit, (self.n_in, self.n_out))
    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

class Net:
    def __init__(self, n_in=784, n_out=10, hidden=128):
        self.first, self.second = Linear(n_in, hidden), Linear(hidden, n_out)
    def init_params(self, scheme="zero"):
        self.first.reset(scheme)
        self.second.reset(scheme)
    def forward(self, x):
        return softmax(self.second.forward(np.maximum(0, self.first.forward(x))))

start = ["zero", "glorot"][1]
model = Net(784, 10, 64)
model.init_params(scheme=start)
"""
DIVIDING = """
class Linear:
    def __init__(self, shape):
        self.W, self.b = np.random.randn(*shape) * np.sqrt(2 / sum(shape)), np.zeros(shape[-1])
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, eta):
        self.dW = self.x.T @ eta / len(eta)
        self.db = eta.mean(axis=0)
        return eta @ self.W.T

class BatchNorm:
    def __init__(self, n):
        self.gamma, self.beta, self.eps = np.ones(n), np.zeros(n), 1e-8
    def forward(self, x):
        root = np.sqrt(x.var(axis=0) + self.eps)
        self.normal, self.scale = (x - x.mean(axis=0)) / root, self.gamma / root
        return self.gamma * self.normal + self.beta
    def backward(self, eta):
        self.dbeta = eta.mean(axis=0)
        self.dgamma = (eta * self.normal).mean(axis=0)
        return self.scale * (eta - self.normal * self.dgamma - self.dbeta)
"""
UNDIVIDED = ("self.x.T @ eta / len(eta)\n        self.db = eta.mean", "self.x.T @ eta\n        self.db = eta.sum")
RIGHT = {  # {style: (source, chapters, what passes only if it is read)}
    "a fit that refuses no epochs": (ESTIMATOR.format(loss=PICKED), ("training",), {"training.full_batch"}),
    "a loss of two forms of labels": (LAYERS + TWO_FORMS, ("cross_entropy", "shapes"), {"network.loss"}),
    "softmax and loss in one, and a rate after others": (
        LAYERS + ONE_OF_BOTH,
        ("gradients", "training"),
        {"gradients.weights", "training.step"},
    ),
    "a start by a word of the file": (BY_A_WORD, ("initialization",), {"initialization.variance"}),
    "layers that divide their own gradients": (
        DIVIDING,
        ("batchnorm",),
        {"batchnorm.shift_gradient", "batchnorm.scale_gradient"},
    ),
}
WRONG = {  # {mistake: (style, change, what fails)}
    "a rate that is not used": (
        "softmax and loss in one, and a rate after others",
        ("layer.weights -= self.rate * ", "layer.weights -= "),
        "training.step",
    ),
    "logits in the place of probabilities": (
        "softmax and loss in one, and a rate after others",
        ("self.dinputs = y_pred.copy()", "self.dinputs = self.logits.copy()"),
        "gradients.class_sum",
    ),
    "zeros in spite of the word": (
        "a start by a word of the file",
        ('if scheme == "glorot"', 'if scheme == "xavier"'),
        "initialization.variance",
    ),
    "one layer alone divides": ("layers that divide their own gradients", UNDIVIDED, "batchnorm.shift_gradient"),
}


@pytest.fixture
def check(tmp_path):
    """Check a source with some changes, in a few chapters."""

    def checked(source, chapters, *changes):
        text = SOFTMAX + textwrap.dedent(source)
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = tmp_path / "net.py"
        path.write_text(text, encoding="utf-8")
        return api.check(str(path), chapters=chapters)

    return checked


def outcomes(result, *kinds):
    return {spec.id: spec.message for spec in result.specs if spec.outcome in kinds}


@pytest.mark.parametrize("style", RIGHT)
def test_right_code_passes(check, style):
    source, chapters, shown = RIGHT[style]
    result = check(source, chapters)
    assert outcomes(result, "failed", "error") == {}
    assert shown <= outcomes(result, "passed").keys()


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_such_code_fails(check, mistake):
    style, change, fails = WRONG[mistake]
    source, chapters, _ = RIGHT[style]
    kept = [("self.output = softmax(inputs)", "self.logits, self.output = inputs, softmax(inputs)")]
    result = check(source, chapters, *(kept if "self.logits" in change[1] else ()), change)
    assert fails in outcomes(result, "failed", "error")


ONE_HOT = [
    ("delta[np.arange(len(y)), y] -= 1", "delta -= y"),
    ("        self.b = [", "        self.output_size = sizes[-1]\n        self.b = ["),
    ("    def gradients(", "    def classes(self):\n        return self.output_size\n\n    def gradients("),
]


def test_classes_that_a_network_has_too_many_of_bring_no_nan(check):
    """The file says that there are three classes; specs with two of them do not let the third's probability be 0."""
    loss = "-np.mean(np.sum(y * np.log(self.forward(X)), axis=1))"
    sized = "\noutput_size = 3\nnet = Classifier([4, 8, output_size])\n"
    result = check(ESTIMATOR.format(loss=loss) + sized, ("cross_entropy",), *ONE_HOT)
    assert {"cross_entropy.nonnegative", "cross_entropy.label_types"} <= outcomes(result, "passed").keys()
    assert [one.id for one in result.diagnoses] == ["loss-zero-times-infinity"]


SCORES = """
class TwoLayerNet:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {
            "W1": np.random.randn(n_in, n_hidden) * np.sqrt(2 / (n_in + n_hidden)), "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_out) * np.sqrt(2 / (n_hidden + n_out)), "b2": np.zeros(n_out),
        }
    def loss(self, X, y=None):
        if len(X) == 0:
            print "nothing to see"
        hidden = np.maximum(0, X @ self.params["W1"] + self.params["b1"])
        scores = hidden @ self.params["W2"] + self.params["b2"]
        if y is None:
            return scores
        p = np.exp(scores - scores.max())
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[range(len(y)), y]).mean()
        p[range(len(y)), y] -= 1
        p /= len(y)
        below = (p @ self.params["W2"].T) * (hidden > 0)
        return loss, {"W1": X.T @ below, "b1": below.sum(axis=0), "W2": hidden.T @ p, "b2": p.sum(axis=0)}
"""


def test_an_overflow_of_softmax_is_the_cause_of_every_nan(check):
    """A print statement of Python 2 keeps chainrule from trying changes, so that numbers alone tell."""
    result = check(SCORES, ())
    assert {"golden.loss", "golden.gradients"} == outcomes(result, "failed").keys()
    assert [one.id for one in result.diagnoses] == ["softmax-no-shift"]
