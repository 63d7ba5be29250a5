"""The bank of faults: every clause notices the mistake that it is there for."""

from dataclasses import replace

import numpy as np
import pytest

from banks import variants
from banks.faults import FAULTS
from chainrule.specification.registry import registry

NOT_HERE = {"accuracy.fashion_mnist"}  # minutes of training, and the real data
SAMPLE = [
    "relu_in_place",
    "softmax_global_maximum",
    "xavier_positive",
    "gradient_with_the_wrong_sign",
    "momentum",
    "partial_batch_dropped",
]


def named(name):
    return next(fault for fault in FAULTS if fault.name == name)


def assert_caught(fault):
    """The fault's clause fails, and nothing that it builds on failed before it."""
    assert fault.clause in variants.specs(), f"no spec of {fault.clause}"
    results = variants.run_clauses(fault.module(), variants.upstream([fault.clause]))
    others = {clause: result.message for clause, result in results.items() if result.outcome != "passed"}
    assert results[fault.clause].outcome in ("failed", "error"), f"{fault.name} ({fault.mistake}): {others}"


def without_fault(clauses, faults):
    return sorted(set(clauses) - {fault.clause for fault in faults} - NOT_HERE)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=f"{fault.clause}-{fault.name}") for fault in FAULTS])
def test_clause_catches_fault(fault):
    assert_caught(fault)


@pytest.mark.parametrize("name", SAMPLE)
def test_whole_specification_fails_a_fault(name):
    outcome = variants.check(named(name).module())
    assert outcome.verdict == "fail"
    assert {result.id: result.outcome for result in outcome.specs}[named(name).clause] == "failed"


def test_every_clause_has_a_fault():
    assert without_fault(variants.specs(), FAULTS) == []


def test_a_clause_without_a_fault_is_found():
    assert without_fault(["relu.shape", "relu.new"], FAULTS) == ["relu.new"]


def test_faults_are_told_apart_and_explained():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert [fault.name for fault in FAULTS if not fault.mistake] == []


def test_a_deleted_spec_is_noticed(monkeypatch):
    fault = named("softmax_without_shift")
    left = {clause: spec for clause, spec in variants.specs().items() if clause != fault.clause}
    monkeypatch.setattr(variants, "specs", lambda: left)
    with pytest.raises(AssertionError, match=r"no spec of softmax\.overflow"):
        assert_caught(fault)


def test_a_spec_that_checks_nothing_is_noticed(monkeypatch):
    fault = named("softmax_without_shift")
    hollow = replace(variants.specs()[fault.clause], test=lambda impl: impl.softmax(np.zeros((1, 2))))
    monkeypatch.setattr(variants, "specs", lambda: registry() | {fault.clause: hollow})
    with pytest.raises(AssertionError, match="softmax_without_shift"):
        assert_caught(fault)


def test_a_fault_is_seen_by_the_network_as_well():
    module = named("relu_in_place").module()
    assert module.MLP.propagate.__globals__["relu"] is module.relu
    assert variants.fresh_reference().relu is not module.relu


def test_the_reference_passes_what_catches_the_faults():
    outcomes = variants.run_clauses(variants.fresh_reference(), ["relu.values", "softmax.overflow", "training.step"])
    assert {result.outcome for result in outcomes.values()} == {"passed"}


def test_upstream_is_transitive():
    assert "network.forward" in variants.upstream(["training.xor"])
    assert variants.upstream(["relu.values"]) == ["relu.shape", "relu.values"]
