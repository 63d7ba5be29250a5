"""PyTorch's own BatchNorm1d passes the batchnorm chapter: the same formulas, written by others."""

import numpy as np
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation


def tensor(array):
    return torch.tensor(np.asarray(array, np.float64))


def layer(gamma, beta, eps=1e-5, momentum=0.1, mean=None, variance=None):
    """A layer of PyTorch with these parameters and running statistics."""
    made = torch.nn.BatchNorm1d(len(gamma), eps=eps, momentum=momentum, dtype=torch.float64)
    with torch.no_grad():
        made.weight[:], made.bias[:] = tensor(gamma), tensor(beta)
        if mean is not None:
            made.running_mean[:], made.running_var[:] = tensor(mean), tensor(variance)
    return made


class Adapter(Implementation):
    """PyTorch refuses a single sample in training, for which it is no batch: the batch is then put in twice.

    The mean and the variance are the same, and the gradients of the two copies, with half of dout each, add up.
    """

    def batchnorm_forward(self, x, gamma, beta, eps=1e-5):
        made, inputs = layer(gamma, beta, eps), tensor(x).requires_grad_()
        out = made(torch.cat([inputs, inputs]))[: len(inputs)] if len(inputs) == 1 else made(inputs)
        return out.detach().numpy(), (made, inputs, out)

    def batchnorm_backward(self, dout, cache):
        made, inputs, out = cache
        slopes = torch.autograd.grad(out, [inputs, made.weight, made.bias], tensor(dout), retain_graph=True)
        return tuple(slope.numpy() for slope in slopes)

    def batchnorm_evaluate(self, x, gamma, beta, mean, variance, eps=1e-5):
        return layer(gamma, beta, eps, 0.1, mean, variance).eval()(tensor(x)).detach().numpy()

    def batchnorm_running(self, x, mean, variance, momentum=0.9):
        made = layer(np.ones(len(mean)), np.zeros(len(mean)), 1e-5, momentum, mean, variance)
        made(tensor(x))
        return made.running_mean.numpy(), made.running_var.numpy()


def test_pytorchs_batch_normalization_passes():
    found = api.check(torch.nn, adapter=Adapter, chapters="batchnorm")
    outcomes = {spec.id: spec.outcome for spec in found.specs if spec.outcome != "passed"}
    assert outcomes == {"batchnorm.alternative": "skipped"}
    assert found.verdict == "pass"
    assert found.conventions["batchnorm_momentum"].value == "of the batch"
    assert found.conventions["batchnorm_running_variance"].value == "unbiased"
