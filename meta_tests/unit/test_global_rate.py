"""A step whose learning rate is a number of the file is called at other rates."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

SOURCE = """
import numpy as np

LR = 0.01
DECAY = 0.001
inputs, hidden, outputs = 20, 9, 4


def one_hot(y):
    return np.eye(4)[y].T


def make():
    W1 = np.random.randn(hidden, inputs) * np.sqrt(2 / (inputs + hidden))
    W2 = np.random.randn(outputs, hidden) * np.sqrt(2 / (hidden + outputs))
    return W1, np.zeros((hidden, 1)), W2, np.zeros((outputs, 1))


def forward(X, W1, B1, W2, B2):
    Z1 = W1 @ X + B1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + B2
    E = np.exp(Z2 - Z2.max(axis=0, keepdims=True))
    return Z1, A1, Z2, E / E.sum(axis=0, keepdims=True)


def backward(X, Y, Z1, A1, A2, W2):
    m = X.shape[1]
    dZ2 = A2 - Y
    dZ1 = W2.T @ dZ2 * (Z1 > 0)
    return dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m, dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m


def update(W1, B1, W2, B2, dW1, dB1, dW2, dB2, weight_decay, m):
    W1 -= LR * (dW1 + weight_decay / m * W1)
    W2 -= LR * (dW2 + weight_decay / m * W2)
    B1 -= LR * dB1
    B2 -= LR * dB2
    return W1, B1, W2, B2


def cost(Y, A2):
    return -np.sum(Y * np.log(A2 + 1e-8)) / Y.shape[1]


x, y = np.random.rand(20, 64), np.arange(64) % 4
W1, B1, W2, B2 = make()
for epoch in range(20):
    for i in range(0, 64, 16):
        X, Y = x[:, i : i + 16], one_hot(y[i : i + 16])
        Z1, A1, Z2, A2 = forward(X, W1, B1, W2, B2)
        dW1, dB1, dW2, dB2 = backward(X, Y, Z1, A1, A2, W2)
        W1, B1, W2, B2 = update(W1, B1, W2, B2, dW1, dB1, dW2, dB2, DECAY, 16)
    print(cost(one_hot(y), forward(x, W1, B1, W2, B2)[-1]))
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def test_the_rate_of_a_step_is_set(tmp_path):
    outcome = check(tmp_path, SOURCE)
    assert (outcome.verdict, [r.id for r in outcome.specs if r.outcome in ("failed", "error", "todo")]) == ("pass", [])
    assert "training.step" in {r.id for r in outcome.specs if r.outcome == "passed"}


@pytest.mark.parametrize(("old", "new"), [("B1 -= LR * dB1", "B1 -= dB1"), ("W2 -= LR", "W2 += LR")])
def test_a_wrong_step_is_no_pass(tmp_path, old, new):
    assert SOURCE.count(old) == 1
    assert check(tmp_path, SOURCE.replace(old, new)).verdict != "pass"


def test_the_rate_of_a_step_may_be_a_number_in_it(tmp_path):
    inside = SOURCE.replace("LR = 0.01\n", "").replace("    W1 -= LR", "    LR = 0.01\n    W1 -= LR")
    outcome = check(tmp_path, inside)
    assert (outcome.verdict, [r.id for r in outcome.specs if r.outcome in ("failed", "error", "todo")]) == ("pass", [])
    assert "training.step" in {r.id for r in outcome.specs if r.outcome == "passed"}
