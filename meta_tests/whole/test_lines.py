"""Where a cause is, and what would mend it, in layers, in folded biases and in statements of several lines."""

import pytest

from banks.honest import HONEST, checked, written
from chainrule.diagnosis.earlier_batches import of_first_weights
from chainrule.diagnosis.specs import holds
from chainrule.running.loading import load

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

LAYERS = """import numpy as np


class Dense:
    def __init__(self, m, n, rng):
        self.W = rng.normal(0, np.sqrt(2 / (m + n)), (m, n))
        self.b = np.zeros(n)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T


class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, grad):
        return grad * self.on


class Criterion:
    def forward(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.mean(np.log(self.p[np.arange(len(y)), y]))

    def backward(self):
        g = self.p.copy()
        g[np.arange(len(self.y)), self.y] -= 1
        return g / len(self.y)


class Net:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = []
        for i in range(len(sizes) - 1):
            self.layers.append(Dense(sizes[i], sizes[i + 1], rng))
            if i < len(sizes) - 2:
                self.layers.append(ReLU())
        self.criterion = Criterion()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x, y):
        return self.criterion.forward(self.forward(x), y)

    def backward(self):
        grad = self.criterion.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def step(self, lr):
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db

    def fit(self, x, y, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        history = []
        for _ in range(epochs):
            order = rng.permutation(len(x))
            total = 0.0
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                total += self.loss(x[rows], y[rows]) * len(rows)
                self.backward()
                self.step(lr)
            history.append(total / len(x))
        return history
"""
FOLDED = """import numpy as np


def with_ones(a):
    return np.hstack([a, np.ones((len(a), 1))])


def init_weights(sizes, seed=0):
    rng = np.random.default_rng(seed)
    Ws = []
    for m, n in zip(sizes[:-1], sizes[1:]):
        W = rng.normal(0, np.sqrt(2 / (m + n)), (m + 1, n))
        W[-1] = 0
        Ws.append(W)
    return Ws


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(Ws, X):
    A = [with_ones(X)]
    for W in Ws[:-1]:
        A.append(with_ones(np.maximum(A[-1] @ W, 0)))
    A.append(softmax(A[-1] @ Ws[-1]))
    return A


def loss(Ws, X, y):
    return -np.log(forward(Ws, X)[-1][np.arange(len(y)), y]).mean()
"""
BARE = """import numpy as np


def softmax_loss(Z, y):
    m = Z.max(axis=1)
    return np.mean(m + np.log(np.exp(Z - m[:, None]).sum(axis=1)) - Z[np.arange(Z.shape[0]), y])


def nn_epoch(X, y, W1, W2, lr=0.1, batch=100):
    for i in range(0, X.shape[0], batch):
        xb, yb = X[i : i + batch], y[i : i + batch]
        n = xb.shape[0]
        Z1 = np.maximum(xb @ W1, 0)
        Z2 = Z1 @ W2
        E = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
        G2 = E / E.sum(axis=1, keepdims=True)
        G2[np.arange(n), yb] -= 1
        G1 = (Z1 > 0) * (G2 @ W2.T)
        dW2 = Z1.T @ G2 / n
        dW1 = xb.T @ G1 / n
        W1 -= lr * dW1
        W2 -= lr * dW2
"""


def planted(folder, source, old, new):
    """A file with a change in it, which may be none."""
    assert not old or source.count(old) == 1, old
    path = folder / "net.py"
    path.write_text(source.replace(old, new) if old else source, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("source", "old", "new", "chapter", "name", "after"),
    [
        (LAYERS, "len(sizes) - 2", "len(sizes) - 1", "shapes", "forward-relu-on-output", "if i < len(sizes) - 2:"),
        (
            LAYERS,
            "g / len(self.y)",
            "g",
            "gradients",
            "gradient-not-averaged",
            "return g / len(self.y)",
        ),
        (
            LAYERS,
            " * len(rows)",
            "",
            "training",
            "history-summed",
            "total += self.loss(x[rows], y[rows]) * len(rows)",
        ),
        (
            BARE,
            "dW1 = xb.T @ G1 / n",
            "dW1 = xb.T @ G1 / batch",
            "training",
            "fit-last-batch-full-size",
            "dW1 = xb.T @ G1 / n",
        ),
    ],
    ids=["made in the constructor", "in the criterion", "history", "no biases"],
)
def test_a_mistake_is_mended_where_it_is(tmp_path, source, old, new, chapter, name, after):
    found = checked(planted(tmp_path, source, old, new), chapter).diagnoses
    assert [(one.id, one.change and one.change[1]) for one in found] == [(name, after)]
    assert found[0].certainty == ("likely" if source == BARE else "certain")  # nothing calls the functions of the last


def outcomes(outcome, *clauses):
    return [result.outcome for result in outcome.specs if result.id in clauses]


@pytest.mark.parametrize(
    ("old", "new", "variance", "biases"),
    [
        ("", "", True, True),
        ("(2 / (m + n))", "(2 / (m + 1 + n))", True, True),
        ("        W[-1] = 0\n", "", True, None),
        ("        W[-1] = 0\n", "        W[-1] = 1\n", True, False),
        ("(2 / (m + n))", "(4 / (m + n))", False, True),
    ],
)
def test_biases_inside_the_weights_are_judged_where_the_code_sets_them(tmp_path, old, new, variance, biases):
    """None: the spec says that it does not apply."""
    impl = load(str(planted(tmp_path, FOLDED, old, new))).impl
    assert holds("initialization.variance", impl, few=True) is variance
    applies = biases is not None
    assert holds("initialization.biases", impl, unseen=not applies) is (biases is not False)
    assert holds("initialization.biases", impl) is (biases is True)


def test_a_right_network_without_biases_passes(tmp_path):
    found = checked(planted(tmp_path, BARE, "", ""), "training")
    assert outcomes(found, "training.last_batch") == ["passed"]


def test_what_is_right_for_all_weights_is_no_copy_of_the_first(tmp_path):
    impl = load(str(written(tmp_path)[0])).impl
    assert not of_first_weights(impl, "forward")
    assert not of_first_weights(impl, "backward")


def test_gradients_that_are_nan_twice_have_not_changed(tmp_path):
    path, _ = written(tmp_path, "return dW, db", "return [g * np.nan for g in dW], db")
    assert outcomes(checked(path, "gradients"), "gradients.survive") in (["passed"], ["blocked"])


def test_of_a_statement_of_several_lines_the_changed_one_is_shown(tmp_path):
    whole = "-np.mean(np.log(p[np.arange(len(y)), y]))"
    path, line = written(
        tmp_path, whole, "-np.sum(\n        np.log(\n            p[np.arange(len(y)), y]\n        )\n    )"
    )
    found = checked(path, "cross_entropy").diagnoses[0]
    assert found.change == ("return -np.sum(", "return -np.mean(")
    assert found.where == f"net.py:{line}"


def test_a_scheme_that_is_known_explains_the_small_layers_too(tmp_path):
    fixed = HONEST.replace("    def __init__(self, sizes, seed=0):\n", "    def __init__(self, a, b, c, d, seed=0):\n")
    fixed = fixed.replace(
        "        rng = np.random.default_rng(seed)\n        self.w",
        "        sizes = [a, b, c, d]\n        rng = np.random.default_rng(seed)\n        self.w",
    )
    found = checked(planted(tmp_path, fixed, "rng.uniform(-a, a, (", "rng.normal(0, 1, ("), "initialization")
    assert [one.id for one in found.diagnoses] == ["init-constant-scale"]


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("", "pass"),
        ("print(relu(np.array([1.0, -2.0])))\n", "fail"),
        ("z = np.linspace(-1, 1, 5)\nprint(relu(z))\n", "fail"),
        ("for z in np.linspace(-1, 1, 5):\n    print(relu(z))\n", "pass"),
        ("def all_of(v):\n    return np.array([relu(x) for x in v])\n", "pass"),
    ],
)
def test_pythons_max_takes_one_number_unless_the_script_gives_it_arrays(tmp_path, script, verdict):
    path = planted(tmp_path, f"import numpy as np\n\n\ndef relu(z):\n    return max(z, 0)\n\n\n{script}", "", "")
    assert checked(path, "activations").verdict == verdict
