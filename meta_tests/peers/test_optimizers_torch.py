"""PyTorch's own optimizers pass the optimizers chapter: the same formulas, written by others."""

import pytest
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation


class Wrapped:
    """One of PyTorch's optimizers on tensors that share their memory with NumPy's arrays."""

    def __init__(self, make):
        self.make, self.params, self.optimizer = make, None, None

    def update(self, params, grads):
        if self.optimizer is None:
            self.params = [torch.nn.Parameter(torch.from_numpy(p)) for p in params]
            self.optimizer = self.make(self.params)
        for tensor, g in zip(self.params, grads, strict=True):
            tensor.grad = torch.from_numpy(g)
        self.optimizer.step()


class Adapter(Implementation):
    """PyTorch's optimizers; foreach: whether it updates all parameters in one call."""

    foreach = False

    def SGD(self, lr):  # noqa: N802
        return Wrapped(lambda params: torch.optim.SGD(params, lr=lr, foreach=self.foreach))

    def Momentum(self, lr, momentum):  # noqa: N802
        return Wrapped(lambda params: torch.optim.SGD(params, lr=lr, momentum=momentum, foreach=self.foreach))

    def RMSProp(self, lr, decay, eps):  # noqa: N802
        return Wrapped(lambda params: torch.optim.RMSprop(params, lr=lr, alpha=decay, eps=eps, foreach=self.foreach))

    def Adam(self, lr, beta1, beta2, eps):  # noqa: N802
        betas = (beta1, beta2)
        return Wrapped(lambda params: torch.optim.Adam(params, lr=lr, betas=betas, eps=eps, foreach=self.foreach))


class ForEach(Adapter):
    foreach = True


@pytest.mark.parametrize("adapter", [Adapter, ForEach])
def test_pytorchs_optimizers_pass(adapter):
    found = api.check(torch.optim, adapter=adapter, chapters="optimizers")
    assert {spec.id: spec.message for spec in found.specs if spec.outcome != "passed"} == {}
    assert found.verdict == "pass"
    assert "momentum" not in found.conventions
