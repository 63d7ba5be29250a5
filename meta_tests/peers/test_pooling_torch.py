"""PyTorch's own max_pool2d passes the pooling chapter: the same formulas, written by others."""

import numpy as np
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation


class Adapter(Implementation):
    def maxpool2d_forward(self, x, size=2, stride=2):
        images = torch.tensor(np.asarray(x, np.float64), requires_grad=True)
        out = torch.nn.functional.max_pool2d(images, size, stride)
        return out.detach().numpy(), (images, out)

    def maxpool2d_backward(self, dout, cache):
        images, out = cache
        (slope,) = torch.autograd.grad(out, images, torch.tensor(np.asarray(dout, np.float64)), retain_graph=True)
        return slope.numpy()


def test_pytorchs_max_pooling_passes():
    found = api.check(torch.nn, adapter=Adapter, chapters="pooling")
    assert {spec.id: spec.message for spec in found.specs if spec.outcome != "passed"} == {}
    assert found.verdict == "pass"
