"""PyTorch's own conv2d passes the convolution chapter: the same formulas, written by others."""

import numpy as np
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation


class Adapter(Implementation):
    def conv2d_forward(self, x, w, b, stride=1, pad=0):
        inputs = [torch.tensor(np.asarray(array, np.float64), requires_grad=True) for array in (x, w, b)]
        out = torch.nn.functional.conv2d(*inputs, stride=stride, padding=pad)
        return out.detach().numpy(), (inputs, out)

    def conv2d_backward(self, dout, cache):
        inputs, out = cache
        slopes = torch.autograd.grad(out, inputs, torch.tensor(np.asarray(dout, np.float64)), retain_graph=True)
        return tuple(slope.numpy() for slope in slopes)


def test_pytorchs_convolution_passes():
    found = api.check(torch.nn, adapter=Adapter, chapters="convolution")
    assert {spec.id: spec.message for spec in found.specs if spec.outcome != "passed"} == {}
    assert found.verdict == "pass"
