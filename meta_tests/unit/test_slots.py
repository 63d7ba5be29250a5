"""Weights and biases are told from the numbers that a network keeps beside them."""

from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.host.recognition.slots import chain, discover, spell

SIZES = (4, 6, 3)  # three sizes, and a last layer of three units
PAIRS = [[np.ones((4, 6)), np.zeros(6)], [np.ones((6, 3)), np.zeros(3)]]
BESIDE = {
    "layer sizes": {"dims": SIZES},
    "a list of layer sizes": {"units": list(SIZES)},
    "an array of layer sizes": {"shape_of": np.array(SIZES)},
    "the numbers of the classes": {"kinds": np.arange(3)},
    "fractions of the classes": {"share": np.full(3, 1 / 3)},
    "rates of the layers": {"rates": (0.1, 0.1, 0.2)},
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kept", BESIDE.values(), ids=BESIDE)
@pytest.mark.parametrize("pair", [list, tuple])
def test_what_is_kept_beside_pairs_of_weights_and_biases_is_not_a_bias(pair, kept, first):
    pairs = {"layers": [pair(layer) for layer in PAIRS]}
    found = discover(SimpleNamespace(**(kept | pairs if first else pairs | kept)), SIZES)
    assert [spell(slot.path) for slot in found.biases] == [".layers[0][1]", ".layers[1][1]"]
    assert [spell(slot.path) for slot in found.weights] == [".layers[0][0]", ".layers[1][0]"]


def test_biases_of_whole_numbers_are_biases_if_all_are_zero():
    value = SimpleNamespace(layers=[[np.ones((4, 6)), [0] * 6], [np.ones((6, 3)), np.zeros(3, int)]])
    assert discover(value, SIZES) is not None
    assert chain(value) == list(SIZES)
