"""A script whose own function loads images and labels, with the numbers of samples of the real data, is rehearsed."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks

SOURCE = """
import numpy as np
import cupy as cp


def load(path, labels=False):
    with open(path, "rb") as f:
        data = np.frombuffer(f.read(), dtype=np.uint8, offset=8 if labels else 16)
        return data


X_train = load("./train-images-idx3-ubyte")
Y_train = load("./train-labels-idx1-ubyte", True)
X_train, Y_train = cp.asarray(X_train), cp.asarray(Y_train)
X_train = X_train.reshape(60000, 784).astype(cp.float64) / 255.0
Y_train = cp.identity(10)[Y_train]


def relu(x):
    return cp.maximum(0, x)


def softmax(z):
    e = cp.exp(z - cp.max(z, axis=1, keepdims=True))
    return e / cp.sum(e, axis=1, keepdims=True)


limit = cp.sqrt(6 / (784 + 16))
w1, b1 = cp.random.uniform(-limit, limit, size=(784, 16)), cp.zeros((1, 16))
limit = cp.sqrt(6 / (16 + 10))
w2, b2 = cp.random.uniform(-limit, limit, size=(16, 10)), cp.zeros((1, 10))
lr, batch_size = 0.05, 32
for epoch in range(20):
    order = cp.random.permutation(len(X_train))
    X_train, Y_train = X_train[order], Y_train[order]
    for j in range(0, len(X_train), batch_size):
        X, Y = X_train[j : j + batch_size], Y_train[j : j + batch_size]
        z1 = X @ w1 + b1
        a1 = relu(z1)
        a2 = softmax(a1 @ w2 + b2)
        cost = -cp.mean(cp.sum(Y * cp.log(a2 + 1e-12), axis=1))
        delta2 = (a2 - Y) / len(X)
        delta1 = delta2 @ w2.T * (z1 > 0)
        w2 -= lr * a1.T @ delta2
        b2 -= lr * delta2.sum(axis=0, keepdims=True)
        w1 -= lr * X.T @ delta1
        b1 -= lr * delta1.sum(axis=0, keepdims=True)
"""


def check(folder, source):
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path))


def test_it_is_read_with_numpy_in_the_place_of_cupy(tmp_path):
    outcome = check(tmp_path, SOURCE)
    wrong = [result.id for result in outcome.specs if result.outcome in ("failed", "error")]
    assert (outcome.verdict, wrong) == ("pass", [])
    assert {"gradients.values", "network.forward"} <= {r.id for r in outcome.specs if r.outcome == "passed"}


@pytest.mark.parametrize(("old", "new"), [("(z1 > 0)", "z1"), ("cp.max(z, axis=1, keepdims=True)", "0")])
def test_mistakes_are_found(tmp_path, old, new):
    assert SOURCE.count(old) == 1
    assert check(tmp_path, SOURCE.replace(old, new)).verdict == "fail"


EARLY = """

def cross_entropy(y_i, p_i):
    return -np.sum(y_i * np.log(p_i + 1e-15))


p0 = softmax(relu(X_train[0].reshape(1, 784) @ w1 + b1) @ w2 + b2)
loss = cross_entropy(Y_train[0], p0)
lr, batch_size"""


def test_a_loss_of_one_sample_in_an_early_cell_is_not_judged_on_a_batch(tmp_path):
    outcome = check(tmp_path, SOURCE.replace("\nlr, batch_size", EARLY, 1))
    assert [result.id for result in outcome.specs if result.outcome in ("failed", "error")] == []
