"""The sizes that an implementation's networks have, and the cases that fit them."""

import numpy as np
import pytest

from banks.alone import Alone, fixed
from chainrule.boundary.boundary import Boundary
from chainrule.boundary.errors import NotApplicable
from chainrule.contract.architecture import Architecture
from chainrule.contract.conventions import NATIVE, Convention
from chainrule.host.host import InProcess
from chainrule.mathematics.cases import NARROW, SIZES, SMALLEST
from chainrule.mathematics.identity import passing_parameters, passing_sizes
from chainrule.spec_tests.test_accuracy import calibrated
from chainrule.specification.networks import Networks


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("any", None),
        ("[784, 10, 10]", (784, 10, 10)),
        ("[784, *, 10]", (784, None, 10)),
        ("[784, '*', 10]", (784, None, 10)),
        ("(4, 3)", (4, 3)),
    ],
)
def test_parse(text, pattern):
    assert Architecture.parse(text).pattern == pattern


@pytest.mark.parametrize("text", ["", "[]", "[784]", "[784, many, 10]", "[784, 0, 10]", "[-1, 2]"])
def test_what_is_no_architecture(text):
    with pytest.raises(ValueError, match=r"expected|invalid"):
        Architecture.parse(text)


def test_fit():
    free = Architecture.parse("[784, *, 10]")
    assert free.fit((3, 5, 2)) == (784, 5, 10)
    assert free.fit((3, 2)) is None
    assert str(free) == "[784, *, 10]"
    assert Architecture().fit([3, 2]) == (3, 2)


def networks(text, made=Alone):
    conventions = {key: Convention(value, "default") for key, value in NATIVE.items()}
    return Networks(Boundary(InProcess(made()), conventions | {"architecture": Convention(text, "declared")}))


def test_every_case_there_is_where_any_size_is_possible():
    sizes = [(case.sizes, len(case.x)) for case in networks("any")()]
    assert sizes == [(s, 1) for s in (SMALLEST, *NARROW)] + [(s, n) for s in SIZES.values() for n in (1, 2, 7)]


def test_cases_are_made_to_fit_once_each():
    sizes = [(case.sizes, len(case.x)) for case in networks("[784, 10, 10]")()]
    assert sizes == [((784, 10, 10), n) for n in (1, 2, 7)]


def test_what_is_not_told_is_asked_for():
    with pytest.raises(NotApplicable, match="no network of any size"):
        list(networks("any", fixed((4, None, 3)))(batches=(2,)))
    assert networks("[4, *, 3]", fixed((4, None, 3))).case(0, 7).sizes == (4, 5, 3)


def test_a_linear_network_is_no_substitute():
    with pytest.raises(
        NotApplicable, match=r"the architecture is \[4, 3\]: the implementation makes no network with hidden"
    ):
        list(networks("[4, 3]")(depths=(1, 2)))
    with pytest.raises(NotApplicable, match="no network without a hidden layer"):
        networks("[*, *, *]").exactly(0, 7)


def test_a_deeper_network_than_any_other_is_looked_at():
    assert len(networks("[*, *, *, *, *, *, *]").case(1, 2).sizes) == 7


@pytest.mark.parametrize("text", ["any", "[*, *, *]", "[*, *, *, *]", "[784, 10, 10]"])
def test_logits_are_passed_on_exactly(text):
    z = np.random.default_rng(0).normal(size=(4, 3)) * [[1e-3], [1.0], [1e4], [1e6]]
    sizes = passing_sizes(networks(text).impl.fits, 3)
    weights, biases = passing_parameters(sizes, 3, z.min())
    a = np.zeros((4, sizes[0]))
    a[:, :3] = z
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        a = np.maximum(a @ w + b, 0)
    logits = a @ weights[-1] + biases[-1]
    assert np.array_equal(logits[:, :3], z)
    assert (logits[:, 3:] <= z.min() - 80).all()


def test_too_narrow_a_network_passes_nothing_on():
    assert passing_sizes(networks("[784, 5, 10]").impl.fits, 3) is None


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("any", (784, 128, 64, 10)), ("[784, *, 10]", (784, 128, 10)), ("[784, 100, *]", (784, 100, 10))],
)
def test_accuracy_is_asked_of_sizes_that_it_was_calibrated_for(text, sizes):
    assert calibrated(networks(text).impl) == sizes


@pytest.mark.parametrize("text", ["[784, 10, 10]", "[*, *]", "[4, *, 3]"])
def test_accuracy_is_not_asked_of_others(text):
    with pytest.raises(NotApplicable, match="as the goal needs"):
        calibrated(networks(text).impl)
