"""Networks without biases, and with biases inside their weights: checked like others, in both directions."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from chainrule import api
from chainrule.host.recognition.slots import Fold

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter


def test_a_fold_is_split_and_joined_again():
    weights, biases = [np.ones((3, 2)), np.full((2, 3), 2.0)], [np.array([3.0, 4.0]), np.array([5.0, 6.0, 7.0])]
    for fold in (Fold(), Fold(first=True), Fold(carried=True)):
        arrays = fold.joined(weights, biases, 1.0)
        found = fold.split(arrays)
        for a, b in zip((*found[0], *found[1]), (*weights, *biases), strict=True):
            assert np.array_equal(a, b)
        sizes = fold.sizes(fold.stored([3, 2, 3]))
        assert sizes == [3, 2, 3]
        assert [array.shape for array in arrays] == [fold.shape(3, 2, last=False), fold.shape(2, 3, last=True)]


def test_a_unit_that_passes_the_1_on_replaces_biases():
    rng = np.random.default_rng(0)
    weights, biases = [rng.normal(size=(3, 2)), rng.normal(size=(2, 3))], [rng.normal(size=2), rng.normal(size=3)]
    x = rng.normal(size=(5, 3))
    first, second = Fold(carried=True).joined(weights, biases, 1.0)
    found = np.maximum(np.hstack([x, np.ones((5, 1))]) @ first, 0) @ second
    assert np.allclose(found, np.maximum(x @ weights[0] + biases[0], 0) @ weights[1] + biases[1])


LAYERS = """
import numpy as np


class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.uniform(-1, 1, (n_in{more}, n_out)) * np.sqrt(6 / (n_in + n_out))

    def forward(self, x):
        self.x = {given}
        return self.x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return {back}


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0)

    def backward(self, dout):
        return dout * {slope}


class SoftmaxCrossEntropy:
    def forward(self, z, y):
        shifted = z - z.max(axis=1, keepdims=True)
        self.p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        self.y = y
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(y)), y].mean()

    def backward(self):
        dz = self.p.copy()
        dz[np.arange(len(self.y)), self.y] -= 1
        return dz / len(self.y)
"""
NETWORK = """

class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout
"""
FORMS = {
    "the last row": (" + 1", "np.hstack([x, np.ones((len(x), 1))])", "(dout @ self.W.T)[:, :-1]"),
    "the first row": (" + 1", "np.hstack([np.ones((len(x), 1)), x])", "(dout @ self.W.T)[:, 1:]"),
    "without": ("", "x", "dout @ self.W.T"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("network", ["", NETWORK], ids=["by chainrule", "by a class"])
def test_layers_without_arrays_for_biases(tmp_path, form, network):
    more, given, back = FORMS[form]
    code = partial((LAYERS + network).format, more=more, given=given, back=back)
    file = tmp_path / "layers.py"
    file.write_text(code(slope="self.mask"))
    right = api.check(file)
    assert right.verdict in ("pass", "incomplete"), [spec.id for spec in right.specs if spec.outcome == "failed"]
    assert {"gradients.weights", "network.forward", "network.loss"} <= passed(right)
    file.write_text(code(slope="1"))
    wrong = api.check(file)
    assert "gradients.weights" not in passed(wrong)
    assert wrong.verdict == "fail"


def passed(outcome):
    return {spec.id for spec in outcome.specs if spec.outcome == "passed"}
