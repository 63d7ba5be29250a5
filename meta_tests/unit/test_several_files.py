"""A script that imports a training, which imports the network's functions from a third file."""

import pytest

import chainrule

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

MODEL = """
import numpy as np


def make(d=20, h=9, k=4):
    w1, b1 = np.random.randn(h, d) * np.sqrt(2 / (d + h)), np.zeros((h, 1))
    w2, b2 = np.random.randn(k, h) * np.sqrt(2 / (h + k)), np.zeros((k, 1))
    return w1, b1, w2, b2


def forward(w1, b1, w2, b2, X):
    a1 = np.maximum(w1 @ X + b1, 0)
    z2 = w2 @ a1 + b2
    e = np.exp(z2 - z2.max(axis=0))
    return a1, e / e.sum(axis=0)


def one_hot(Y):
    return np.eye(Y.max() + 1)[Y].T


def loss(a2, Y):
    return -np.sum(one_hot(Y) * np.log(a2 + 1e-8)) / Y.size


def backward(w1, b1, w2, b2, a1, a2, X, Y):
    delta = (a2 - one_hot(Y)) / Y.size
    below = w2.T @ delta * (a1 > 0)
    return below @ X.T, below.sum(axis=1, keepdims=True), delta @ a1.T, delta.sum(axis=1, keepdims=True)


def update(w1, b1, w2, b2, dw1, db1, dw2, db2, rate):
    return w1 - rate * dw1, b1 - rate * db1, w2 - rate * dw2, b2 - rate * db2
"""
TRAINING = """
from model import *


def descend(X, Y, rate, iterations):
    w1, b1, w2, b2 = make(X.shape[0], 9, 4)
    for i in range(iterations):
        a1, a2 = forward(w1, b1, w2, b2, X)
        dw1, db1, dw2, db2 = backward(w1, b1, w2, b2, a1, a2, X, Y)
        w1, b1, w2, b2 = update(w1, b1, w2, b2, dw1, db1, dw2, db2, rate)
        if i % 10 == 0:
            print(loss(a2, Y))
    return w1, b1, w2, b2
"""
SCRIPT = """
import numpy as np
from training import descend

X, Y = np.random.rand(20, 80), np.arange(80) % 4
w1, b1, w2, b2 = descend(X, Y, 0.1, 100)
"""


def check(folder, model=MODEL, training=TRAINING):
    for name, content in (("model.py", model), ("training.py", training), ("main.py", SCRIPT)):
        (folder / name).write_text(content, encoding="utf-8")
    return chainrule.check(str(folder / "main.py"))


def wrong(outcome):
    return [result.id for result in outcome.specs if result.outcome in ("failed", "error")]


@pytest.mark.parametrize("bring", ["from model import *", "from model import make, forward, backward, update, loss"])
def test_the_functions_are_found_where_the_training_has_them(tmp_path, bring):
    outcome = check(tmp_path, training=TRAINING.replace("from model import *", bring))
    assert (outcome.verdict, wrong(outcome)) == ("pass", [])
    passed = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert {"network.forward", "gradients.values", "training.full_batch"} <= passed


@pytest.mark.parametrize(("old", "new"), [("(a1 > 0)", "a1"), ("delta.sum(axis=1, keepdims=True)", "delta.sum()")])
def test_mistakes_there_are_found(tmp_path, old, new):
    assert MODEL.count(old) == 1
    assert check(tmp_path, MODEL.replace(old, new)).verdict == "fail"
