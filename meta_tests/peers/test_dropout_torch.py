"""PyTorch's own dropout passes the dropout chapter: the same formulas, written by others."""

import pytest
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation


class Adapter(Implementation):
    """The function, seeded from the generator; the gradient by autograd."""

    def dropout_forward(self, x, rate, rng):
        torch.manual_seed(int(rng.integers(2**31)))
        inputs = torch.tensor(x, requires_grad=True)
        out = self.layer(rate).train()(inputs)
        return out.detach().numpy().copy(), (inputs, out)

    def dropout_backward(self, dout, cache):
        inputs, out = cache
        (dx,) = torch.autograd.grad(out, inputs, torch.tensor(dout, dtype=out.dtype), retain_graph=True)
        return dx.numpy()

    def dropout_evaluate(self, x, rate):
        return self.layer(rate).eval()(torch.tensor(x)).numpy()

    def layer(self, rate):
        return torch.nn.Dropout(rate)


class Single(Adapter):
    """The same in float32."""

    def dropout_forward(self, x, rate, rng):
        return super().dropout_forward(x.astype("float32"), rate, rng)


class Feature(Adapter):
    """Whole features are dropped, which is another layer."""

    def layer(self, rate):
        return torch.nn.Dropout1d(rate)


@pytest.mark.parametrize("adapter", [Adapter, Single])
def test_pytorchs_dropout_passes(adapter):
    found = api.check(torch.nn, adapter=adapter, chapters="dropout")
    assert {spec.id: spec.message for spec in found.specs if spec.outcome != "passed"} == {}
    assert found.verdict == "pass"
    assert "dropout" not in found.conventions


def test_pytorchs_dropout_of_features_is_another_layer():
    found = api.check(torch.nn, adapter=Feature, chapters="dropout")
    assert found.failed[0].id == "dropout.independent_entries"
    assert found.diagnoses[0].id == "dropout-mask-of-samples"
