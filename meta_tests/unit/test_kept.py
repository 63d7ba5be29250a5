"""Functions that take what the network's object keeps, such as its dictionary of parameters, are given it."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks

SOURCE = """
import numpy as np


class MLP:
    def __init__(self, inputs=64, hidden=32, classes=10):
        self.params = {
            "W1": np.random.randn(inputs, hidden) * np.sqrt(2 / (inputs + hidden)),
            "b1": np.zeros(hidden),
            "W2": np.random.randn(hidden, classes) * np.sqrt(2 / (hidden + classes)),
            "b2": np.zeros(classes),
        }

    def forward(self, x):
        a = np.maximum(x @ self.params["W1"] + self.params["b1"], 0)
        z = a @ self.params["W2"] + self.params["b2"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True), (x, a)

    def backward(self, p, t, cache, penalty=0.0):
        x, a = cache
        delta = (p - t) / len(t)
        below = delta @ self.params["W2"].T * (a > 0)
        return {
            "W2": a.T @ delta + penalty * self.params["W2"],
            "b2": delta.sum(axis=0),
            "W1": x.T @ below + penalty * self.params["W1"],
            "b1": below.sum(axis=0),
        }


def loss(p, t, params, lamda):
    weights = np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2)
    return -np.sum(t * np.log(p + 1e-8)) / len(t) + 0.5 * lamda * weights


def sgd(params, grads, lr):
    for name in params:
        params[name] -= lr * grads[name]
    return params


def train(model, x, t, x_val, t_val, lr=0.1, batch_size=16, epochs=20, lamda=0.001, lr_decay=0.95):
    for epoch in range(epochs):
        order = np.random.permutation(len(x))
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            p, cache = model.forward(x[rows])
            grads = model.backward(p, t[rows], cache, lamda)
            model.params = sgd(model.params, grads, lr)
        p, _ = model.forward(x_val)
        print(loss(p, t_val, model.params, lamda))
        lr *= lr_decay


if __name__ == "__main__":
    x, t = np.random.rand(80, 64), np.eye(10)[np.random.randint(0, 10, 80)]
    train(MLP(64, 32, 10), x, t, x[:20], t[:20], lr=0.05, batch_size=16, epochs=3)
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def wrong(outcome):
    return [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


OTHER_DECAY = {"lr *= lr_decay": "lr = lr / (1 + lr_decay * (epoch + 1))", "lr_decay=0.95": "lr_decay=0.01"}
OTHER_NAME = {
    "p, t, params, lamda": "p, t, held, lamda",
    'sum(params["W1"]': 'sum(held["W1"]',
    'sum(params["W2"]': 'sum(held["W2"]',
}


@pytest.mark.parametrize("changes", [{}, OTHER_DECAY, OTHER_NAME])
def test_a_loss_and_a_step_take_the_dictionary_that_the_network_keeps(tmp_path, changes):
    source = SOURCE
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    outcome = check(tmp_path, source)
    assert (outcome.verdict, wrong(outcome)) == ("pass", [])


@pytest.mark.parametrize(
    ("old", "new"), [("p + 1e-8)) / len(t)", "p + 1e-8))"), ("params[name] -= lr", "params[name] += lr")]
)
def test_their_mistakes_are_found(tmp_path, old, new):
    assert SOURCE.count(old) == 1
    assert check(tmp_path, SOURCE.replace(old, new)).verdict == "fail"


def test_a_loss_that_took_the_object_for_its_parameters_shows_nothing(tmp_path):
    uncalled = SOURCE.replace("        print(loss(p, t_val, model.params, lamda))\n", "").partition("if __name__")[0]
    assert wrong(check(tmp_path, uncalled)) == []
