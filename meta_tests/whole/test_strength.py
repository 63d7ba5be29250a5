"""No clause is superfluous: for each there is a fault that it is the first to notice, or the only one.

The bank says of one fault for each clause that its clause fails `first`.  All of these are held to it by
`nox -s strength`, here a sample.
"""

from dataclasses import replace

import pytest

from banks.faults import FAULTS
from programs import strength

SAMPLE = [
    "relu_of_the_first_matrix",
    "softmax_of_ten_classes",
    "cross_entropy_of_three_classes",
    "softmax_rounds_large_logits",
    "softmax_loss_of_two_classes_is_turned_around",
]


def named(name):
    return next(fault for fault in FAULTS if fault.name == name)


def test_every_clause_has_a_fault_that_it_notices_first():
    said = {fault.name: [fault.clause] for fault in FAULTS if fault.first}
    assert strength.without_a_first(strength.in_order(), said) == []


@pytest.mark.parametrize("name", SAMPLE)
def test_the_clause_is_the_first_to_fail(name):
    assert named(name).first
    strength.assert_first(named(name))


def test_a_clause_that_fails_after_another_is_found():
    with pytest.raises(AssertionError, match=r"relu6: expected relu\.homogeneity to fail first, found .*relu\.extreme"):
        strength.assert_first(named("relu6"))


def test_a_clause_that_does_not_fail_is_found():
    with pytest.raises(AssertionError, match=r"expected relu\.shape to fail first, found \{\}"):
        strength.assert_first(replace(named("relu_of_the_first_matrix"), clause="relu.shape"))


def test_a_layer_is_looked_at_among_layers():
    layer, function = named("softmax_loss_is_summed"), named("relu6")
    assert not hasattr(layer.alone(), "MLP")
    assert hasattr(function.alone(), "MLP")
    assert {clause.partition(".")[0] for clause in strength.up_to(layer)} == {"affine", "relu_layer", "softmax_loss"}


def test_the_order_is_that_of_a_check():
    clauses = strength.in_order()
    assert clauses.index("relu.values") < clauses.index("softmax.shape") < clauses.index("initialization.shape")
    assert clauses.index("golden.steps") < clauses.index("training.step") < clauses.index("affine.shape")


def test_clauses_that_catch_nothing_first_are_found():
    found = {"one": ["a.b", "a.c"], "two": ["a.c"], "three": []}
    assert strength.without_a_first(["a.b", "a.c", "a.d"], found) == ["a.d"]


def test_untrue_statements_are_found():
    true, untrue = replace(named("relu6"), first=True), replace(named("softmin"), first=True)
    found = {"relu6": [true.clause, "a.b"], "softmin": ["a.b", untrue.clause]}
    assert strength.untrue([true, untrue], found) == [untrue]


def test_the_table_counts():
    found = {"one": ["a.b"], "two": ["a.b", "a.c"], "three": ["a.c", "a.b"]}
    assert strength.table(["a.b"], found).splitlines()[1].split() == ["1", "1", "3", "a.b"]
