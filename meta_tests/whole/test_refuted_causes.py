"""A cause explains what is wrong and what is right, and a change that is offered gives right numbers."""

import pytest

from banks.honest import HONEST, checked, written
from chainrule import api
from chainrule.running.loading import load


def file(folder, text):
    path = folder / "net.py"
    path.write_text("import numpy as np\n\n\n" + text, encoding="utf-8")
    return path


def line_of(path, text):
    return 1 + next(i for i, line in enumerate(path.read_text(encoding="utf-8").splitlines()) if text in line)


def test_right_gradients_refute_a_mistake_of_all_layers(tmp_path):
    """Only the bias of a layer of one unit loses its axis: nothing is summed over the units of the others."""
    path, line = written(tmp_path, "return dW, db", "return dW, [np.squeeze(b) for b in db]")
    (found,) = checked(path, "gradients").diagnoses
    assert (found.id, found.where) == ("gradient-shapes", f"net.py:{line}")
    assert found.change[1] == "return (dW, [b for b in db])"


COLUMNS = """def softmax(Z):
    E = np.exp(Z - np.max(Z, axis=0, keepdims=True))
    return E / np.sum(E, axis=0, keepdims=True)
"""


def test_a_function_that_is_right_in_columns_may_be_right(tmp_path):
    path = file(tmp_path, COLUMNS)
    (found,) = checked(path).diagnoses
    assert (found.id, found.certainty) == ("softmax-over-batch", "likely")
    assert "--convention samples=columns" in found.found
    declared = api.check_loaded(load(str(path), conventions={"samples": "columns"}))
    assert declared.diagnoses == []


def test_the_columns_of_a_network_of_rows_are_wrong(tmp_path):
    path, line = written(tmp_path, "e.sum(axis=1, keepdims=True)", "e.sum(axis=0)")
    first = checked(path, "softmax").diagnoses[0]
    assert (first.id, first.certainty, first.where) == ("softmax-over-batch", "certain", f"net.py:{line}")


HIDDEN = """class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.w1 = np.random.randn(n_in, n_hidden) * np.sqrt(2 / (n_in + n_hidden))
        self.b1 = np.zeros(n_hidden)
        self.w2 = np.random.randn(n_hidden, n_out) * np.sqrt(2 / (n_hidden + n_out))
        self.b2 = np.zeros(n_out)

    def forward(self, x):
        self.z1 = x @ self.w1 + self.b1
        self.h1 = np.maximum(self.z1, 0)
        z = self.h1 @ self.w2 + self.b2
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, y):
        return -np.mean(np.log(self.forward(x)[np.arange(len(y)), y]))

"""
RETURNED = """    def backward(self, x, y):
        n = len(y)
        d = self.forward(x)
        d[np.arange(n), y] -= 1
        dw2, db2 = self.h1.T @ d / n, d.sum(axis=0) / n
        dh = d @ self.w2.T / n
        dz = dh * (self.z1 > 0)
        dw1 = x.T @ dh / n
        db1 = dz.sum(axis=0) / n
        return dw1, db1, dw2, db2
"""
UPDATED = """    def backward(self, x, y, lr):
        d2 = self.forward(x)
        d2[np.arange(len(y)), y] -= 1
        d2 /= len(y)
        d1 = (d2 @ self.w2.T) * (self.z1 > 0)
        self.w2 = self.w2 - lr * self.h1.T @ d2
        self.b2 = self.b2 - lr * np.sum(d2, axis=1, keepdims=True)
        self.w1 = self.w1 - lr * x.T @ d1
        self.b1 = self.b1 - lr * np.sum(d1, axis=1, keepdims=True)
"""


def test_two_mistakes_of_one_layer_have_a_line_each(tmp_path):
    path = file(tmp_path, HIDDEN + RETURNED)
    found = {one.id: (one.where, one.change) for one in checked(path).diagnoses}
    assert found == {
        "weight-gradient-unmasked": (f"net.py:{line_of(path, 'dw1 =')}", ("dw1 = x.T @ dh / n", "dw1 = x.T @ dz / n")),
        "array-averaged-twice": (f"net.py:{line_of(path, 'dh =')}", ("dh = d @ self.w2.T / n", "dh = d @ self.w2.T")),
    }


def test_an_update_that_spreads_a_bias_is_undone_and_mended_in_both_lines(tmp_path):
    path = file(tmp_path, HIDDEN + UPDATED)
    (found,) = checked(path).diagnoses
    assert (found.id, found.where) == ("bias-gradient-over-units", f"net.py:{line_of(path, 'self.b2 = self.b2')}")
    assert found.change[1] == "self.b2 = self.b2 - lr * np.sum(d2, axis=0, keepdims=True)"
    assert f"axis=0, keepdims=True)` in line {line_of(path, 'self.b1 = self.b1')}" in found.mend
    path.write_text(
        path.read_text(encoding="utf-8").replace("d2, axis=1", "d2, axis=0").replace("d1, axis=1", "d1, axis=0")
    )
    assert checked(path).diagnoses == []


@pytest.mark.parametrize(
    ("old", "new", "after", "told"),
    [
        ("acts[l].T @ delta", "np.multiply(acts[l].T, delta)", "np.dot(acts[l].T, delta)", "delta has shape (7, 3)"),
        (
            "delta[np.arange(len(y)), y] -= 1",
            "delta = delta - np.eye(10)[y]",
            "np.eye(delta.shape[-1])[y]",
            "delta has shape (7, ",
        ),
        ("np.maximum(z, 0)", "max(z, 0)", "np.maximum(z, 0)", "truth value"),
    ],
    ids=["an elementwise product", "ten classes", "Python's max"],
)
def test_what_raises_is_mended_by_what_gives_right_numbers(tmp_path, old, new, after, told):
    path, line = written(tmp_path, old, new)
    (found,) = checked(path).diagnoses
    assert found.where == f"net.py:{line}"
    assert after in found.change[1]
    assert told in found.found


def test_a_change_need_not_mend_what_does_not_apply(tmp_path):
    """fit returns no history: the spec of histories, blocked before, has nothing to look at with the change."""
    path, line = written(tmp_path, "acts[l].T @ delta", "delta.T @ acts[l]")
    outcome = checked(path)
    assert "blocked" in [result.outcome for result in outcome.specs if result.id == "training.history"]
    (found,) = outcome.diagnoses
    assert (found.where, found.change[1]) == (f"net.py:{line}", "dW.insert(0, acts[l].T @ delta)")


def test_samples_that_are_never_drawn_are_not_torn_from_their_labels(tmp_path):
    drawn = "rng.choice(len(x), len(x))"
    outcome = checked(written(tmp_path, "rng.permutation(len(x))", drawn)[0], "training")
    assert {result.id: result.outcome for result in outcome.specs}["training.labels"] == "passed"
    assert [one.id for one in outcome.diagnoses] == ["fit-with-replacement"]


def test_a_wrong_loss_says_nothing_of_inputs_that_are_integers(tmp_path):
    path, _ = written(tmp_path, "-np.mean(np.log(p[", "-2 * np.mean(np.log(p[")
    outcome = checked(path, "cross_entropy", "shapes")
    assert {result.id: result.outcome for result in outcome.specs}["network.integer_inputs"] == "blocked"


def test_weights_that_all_generators_give_alike_have_one_cause(tmp_path):
    path, _ = written(tmp_path, "rng.uniform(-a, a,", "np.random.default_rng(3).uniform(-a, a,")
    (found,) = checked(path, "initialization").diagnoses
    assert found.id == "init-generator-unused"
    assert {"initialization.generator", "initialization.layers_differ"} <= set(found.explains)


def test_a_copy_of_the_first_weights_has_a_name(tmp_path):
    made = "self.biases = [np.zeros(n) for n in sizes[1:]]"
    path, _ = written(tmp_path, made, f"{made}\n        self.turned = [w.T.copy() for w in self.weights]")
    path.write_text(path.read_text(encoding="utf-8").replace("self.weights[l].T", "self.turned[l]"), encoding="utf-8")
    (found,) = checked(path, "shapes", "gradients").diagnoses
    line = line_of(path, "self.turned[l]")
    assert (found.id, found.certainty, found.where) == ("parameters-copied", "certain", f"net.py:{line}")
    assert "self.weights[l].T" in found.change[1]


def test_a_forward_pass_that_is_right_uses_no_copy(tmp_path):
    loss = "-np.mean(np.log(p[np.arange(len(y)), y]))"
    path, _ = written(tmp_path, loss, "-np.sum(y[:, None] * np.log(p)) / len(y)")
    assert [found.id for found in checked(path).diagnoses] == ["loss-label-as-number"]


def test_a_missing_axis_of_softmax_is_no_network_for_single_samples(tmp_path):
    path, line = written(tmp_path, "e.sum(axis=1, keepdims=True)", "e.sum(axis=1)")
    outcome = checked(path)
    assert outcome.conventions["samples"].value == "rows"
    (found,) = outcome.diagnoses
    assert (found.id, found.where) == ("softmax-shape", f"net.py:{line}")
    assert found.change[1] == "return e / e.sum(axis=1, keepdims=True)"


ADAPTED = (
    HONEST
    + """

import chainrule


class Adapter(chainrule.Implementation):
    def create(self, sizes, seed):
        return MLP(sizes, seed)

    def parameters(self, net):
        return net.weights, net.biases

    def assign(self, net, weights, biases):
        net.weights, net.biases = [np.array(w) for w in weights], [np.array(b) for b in biases]

    def forward(self, net, x):
        return net.forward(x)

    def loss(self, net, x, y):
        return net.loss(x, y)

    def backward(self, net, x, y):
        return net.backward(x, y)
"""
)


def test_behind_an_adapter_the_line_is_the_author_s(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(
        ADAPTED.replace(
            "delta[np.arange(len(y)), y] -= 1", "delta -= 0.9 * np.eye(delta.shape[1])[y] + 0.1 / delta.shape[1]"
        )
    )
    found = api.check_loaded(load(str(path), adapter=str(path)), chapters=("gradients",)).diagnoses[0]
    assert (found.id, found.where) == ("gradient-label-smoothing", f"net.py:{line_of(path, '0.9')}")


WITH_SIZE = """def relu(z):
    return np.maximum(0, z)


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def initialize(n, h, v, seed=1):
    rng = np.random.default_rng(seed)
    W1 = rng.normal(0, np.sqrt(2 / (n + h)), (h, n))
    W2 = rng.normal(0, np.sqrt(2 / (h + v)), (v, h))
    return W1, W2, np.zeros((h, 1)), np.zeros((v, 1))


def forward_prop(x, W1, W2, b1, b2):
    hidden = relu(W1 @ x + b1)
    return softmax(W2 @ hidden + b2), hidden


def compute_cost(y, yhat, batch_size):
    return -np.sum(y * np.log(yhat + 1e-12)) / batch_size


def back_prop(x, yhat, y, hidden, W1, W2, b1, b2, batch_size):
    l1 = (W2.T @ (yhat - y)) * (hidden > 0)
    grad_W1 = l1 @ x.T / batch_size
    grad_W2 = (yhat - y) @ hidden.T / batch_size
    grad_b1 = np.sum(l1, axis=1, keepdims=True) / batch_size
    grad_b2 = np.sum(yhat - y, axis=1, keepdims=True) / batch_size
    return grad_W1, grad_W2, grad_b1, grad_b2
"""


def test_a_loss_may_be_told_how_many_samples_there_are(tmp_path):
    outcome = checked(file(tmp_path, WITH_SIZE))
    assert outcome.diagnoses == []
    assert {result.id: result.outcome for result in outcome.specs}["network.loss"] == "passed"


def test_an_argmax_over_the_samples_is_no_memory(tmp_path):
    path = file(tmp_path, HIDDEN + "    def predict(self, x):\n        return self.forward(x).argmax(axis=0)\n")
    found = checked(path, "shapes").diagnoses[0]
    assert (found.id, found.certainty, found.where) == (
        "predict-over-batch",
        "certain",
        f"net.py:{line_of(path, 'axis=0)')}",
    )


FIXED = """def init_params():
    W1 = np.random.randn(10, 784) * np.sqrt(1 / 784)
    W2 = np.random.randn(10, 10) * np.sqrt(1 / 10)
    return W1, np.zeros((10, 1)), W2, np.zeros((10, 1))


def forward_prop(W1, b1, W2, b2, X):
    A1 = np.maximum(W1 @ X + b1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    return E / E.sum(axis=0)
"""


def test_a_scheme_that_fits_every_layer_is_no_limit_on_sizes(tmp_path):
    """1 / fan_in is Xavier's variance as well where a layer has as many inputs as units."""
    first = checked(file(tmp_path, FIXED), "initialization").diagnoses[0]
    assert (first.id, first.certainty) == ("init-lecun", "certain")


def test_of_two_mistakes_the_one_that_fails_first_comes_first(tmp_path):
    path = file(tmp_path, "def softmax(z):\n    e = np.exp(z)\n    return e / np.sum(e, axis=0, keepdims=True)\n")
    first, second = checked(path, "softmax").diagnoses
    assert [found.id for found in (first, second)] == ["softmax-over-batch", "softmax-no-shift"]
    assert first.found.endswith(f" together with another mistake ({second.title}), to rounding")
