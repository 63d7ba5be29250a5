"""Every variant of the bank passes, and would not if its part were wrong."""

import numpy as np
import pytest

from banks import variants
from banks.correct import CORRECT, EVERYWHERE, forms, layers, parts
from banks.correct.network import Network, module
from banks.correct.tape import OnATape
from programs import alarms


@pytest.mark.parametrize("name", [name for name in CORRECT if name not in EVERYWHERE])
def test_correct_variant_passes(name):
    outcome = variants.check(CORRECT[name]())
    found = variants.not_passed(outcome)
    assert found.pop("training.history", alarms.NO_HISTORY) == alarms.NO_HISTORY
    assert found == {}
    assert outcome.verdict == "pass"


def test_the_bank_is_broad_enough():
    assert len(CORRECT) >= 60
    assert set(EVERYWHERE) < set(CORRECT)


def wrong_layers():
    module = layers.closures()
    correct = module.affine_forward
    module.affine_forward = lambda x, w, b: correct(x, w, 2 * b)
    return module


class LosesTheLastSample(forms.Padded):
    def layer_gradients(self, l, a, delta):
        return super().layer_gradients(l, a, np.vstack([delta[:-1], 0 * delta[-1:]]))


class WrongTape(OnATape):
    def record(self, x):
        logarithms, weights, biases = super().record(x)
        first, *_ = [part for part in logarithms.order() if not part.made_of and part not in (*weights, *biases)]
        first.value = np.array(first.value) * 2  # the inputs are overwritten before the tape is read
        return logarithms, weights, biases


def only_first(order, size):
    return parts.batches_by_slices(order, size)[:1]


def error_forgetting_a_class(p, y):
    delta = parts.error_by_jacobian(p, y)
    delta[:, 0] = 0
    return delta


def with_replacement(n, epochs, seed):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, n, n) for _ in range(epochs))


def unstable(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def loss_in_another_unit(p, y):
    return parts.cross_entropy_by_fsum(p, y) * 1.001


def weights_too_large(fan_in, fan_out, rng):
    return 1.1 * parts.glorot_truncated(fan_in, fan_out, rng)


def product_without_a_term(a, b):
    return parts.product_compensated(a[:, 1:], b[1:])


WRONG = {  # {the part that is wrong: (the variant, the first clause that it breaks)}
    "slope": (lambda: module(slope=lambda z, a: np.ones_like(a)), "gradients.dead_units"),
    "softmax": (lambda: module(softmax=unstable), "softmax.overflow"),
    "loss": (lambda: module(cross_entropy=loss_in_another_unit), "cross_entropy.uniform"),
    "error": (lambda: module(error=error_forgetting_a_class), "gradients.class_sum"),
    "xavier": (lambda: module(xavier=weights_too_large), "initialization.variance"),
    "sum": (lambda: module(product=product_without_a_term), "network.forward"),
    "back sum": (lambda: module(back_product=product_without_a_term), "gradients.additivity"),
    "batches": (lambda: module(batches=only_first), "training.batch_size"),
    "orders": (lambda: module(orders=with_replacement), "training.full_batch"),
    "padding": (lambda: module(LosesTheLastSample), "gradients.additivity"),
    "tape": (lambda: module(WrongTape), "gradients.weights"),
    "layers": (wrong_layers, "affine.values"),
}


@pytest.mark.parametrize(("make", "clause"), WRONG.values(), ids=WRONG)
def test_a_variant_with_a_wrong_part_is_caught(make, clause):
    results = variants.run_clauses(make(), variants.upstream([clause]))
    found = {name: result.message for name, result in results.items() if result.outcome == "failed"}
    assert clause in found, {name: result.outcome for name, result in results.items() if result.outcome != "passed"}


def test_single_precision_is_single_throughout():
    variant = CORRECT["float32, in one pass, from the last"]()
    network = variant.MLP([3, 4, 2], seed=0)
    x, y = np.ones((5, 3)), np.zeros(5, dtype=int)
    weight_grads, bias_grads = network.backward(x, y)
    arrays = [network.forward(x), *weight_grads, *bias_grads, variant.softmax(x)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_alarms_counts_what_was_looked_at():
    row = alarms.thorough("the reference", seed=3, matching="test_activations and idempotence or network_variance")
    assert (row.passed, row.cases, row.failures, row.seed) == (2, 1000, {}, 3)
    assert str(row).startswith("| the reference ")


def test_alarms_reports_a_failure(monkeypatch):
    monkeypatch.setitem(CORRECT, "wrong", lambda: module(Network, relu=lambda z: np.maximum(z, 0.001)))
    row = alarms.thorough("wrong", matching="test_activations and values")
    assert list(row.failures) == ["relu.values"]
    assert row.passed == 0
