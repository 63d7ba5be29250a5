"""Networks without biases, and with biases inside their weights: checked like others, in both directions."""

from __future__ import annotations

import numpy as np
import pytest

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
