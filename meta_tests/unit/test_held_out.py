"""A training that tries its network on held-out data, globals that are not loaded here, is called with some."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

SOURCE = """
import numpy as np
import pandas as pd

inputs, hidden, classes = 20, 9, 4


def load():
    table = np.array(pd.read_csv("digits.csv"))
    return table[50:, 1:].T / 255, table[50:, 0], table[:50, 1:].T / 255, table[:50, 0]


def make():
    W1 = np.random.randn(hidden, inputs) * np.sqrt(2 / (inputs + hidden))
    W2 = np.random.randn(classes, hidden) * np.sqrt(2 / (hidden + classes))
    return W1, np.zeros((hidden, 1)), W2, np.zeros((classes, 1))


def forward(W1, b1, W2, b2, X):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    E = np.exp(Z2 - Z2.max(axis=0))
    return Z1, A1, E / E.sum(axis=0)


def backward(Z1, A1, A2, W2, X, Y):
    dZ2 = (A2 - np.eye(classes)[Y].T) / Y.size
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    return dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True), dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True)


def descend(X, Y, alpha, iterations):
    W1, b1, W2, b2 = make()
    for i in range(iterations):
        Z1, A1, A2 = forward(W1, b1, W2, b2, X)
        dW1, db1, dW2, db2 = backward(Z1, A1, A2, W2, X, Y)
        W1, b1, W2, b2 = W1 - alpha * dW1, b1 - alpha * db1, W2 - alpha * dW2, b2 - alpha * db2
        if i % 50 == 0:
            print(np.mean(forward(W1, b1, W2, b2, X_dev)[2].argmax(axis=0) == Y_dev))
    return W1, b1, W2, b2


if __name__ == "__main__":
    X_train, Y_train, X_dev, Y_dev = load()
    descend(X_train, Y_train, 0.1, 500)
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def test_such_a_training_is_checked(tmp_path):
    outcome = check(tmp_path, SOURCE)
    assert [result.id for result in outcome.specs if result.outcome in ("failed", "error")] == []
    passed = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert {"training.full_batch", "training.epochs"} <= passed


@pytest.mark.parametrize(("old", "new"), [("b1 - alpha * db1", "b1 - db1"), ("W2 - alpha * dW2", "W2 + alpha * dW2")])
def test_its_mistakes_are_found(tmp_path, old, new):
    assert SOURCE.count(old) == 1
    outcome = check(tmp_path, SOURCE.replace(old, new))
    assert "training.full_batch" in [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


def test_a_training_that_saves_into_a_folder_that_is_absent_is_skipped_with_the_reason(tmp_path):
    saves = "    np.savez('models/net', W1=W1)\n    return W1, b1, W2, b2\n\n\nif __name__"
    outcome = check(tmp_path, SOURCE.replace("    return W1, b1, W2, b2\n\n\nif __name__", saves))
    (found,) = (result for result in outcome.specs if result.id == "training.full_batch")
    assert found.outcome == "skipped"
    assert "models/net" in found.message
