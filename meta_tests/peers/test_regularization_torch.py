"""PyTorch's weight decay passes the regularization chapter: as functions of weights, and inside a network."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from chainrule import api
from chainrule.contract.implementation import Implementation

SGD = torch.optim.SGD


class Functions(Implementation):
    """The penalty by PyTorch's operations, its gradient by what weight decay makes of a gradient of zeros."""

    def l2_penalty(self, weights, lam):
        return float(lam / 2 * sum(torch.from_numpy(np.asarray(w, float)).square().sum() for w in weights))

    def l2_gradient(self, weights, lam):
        thetas = [torch.nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in weights]
        for theta in thetas:
            theta.grad = torch.zeros_like(theta)
        optimizer = SGD(thetas, lr=1.0, momentum=0.5, weight_decay=lam)
        optimizer.step()
        return [optimizer.state[theta]["momentum_buffer"].numpy() for theta in thetas]  # that of the first step


class ByAutograd(Functions):
    """The gradient by backpropagation through the penalty."""

    def l2_gradient(self, weights, lam):
        thetas = [torch.tensor(w, requires_grad=True, dtype=torch.float64) for w in weights]
        (lam / 2 * sum(theta.square().sum() for theta in thetas)).backward()
        return [theta.grad.numpy() for theta in thetas]


class Network(Implementation):
    """Linear layers and ReLU whose optimizer decays weights, and not biases; the loss leaves the penalty out."""

    lam = 0.0

    def regularize(self, lam):
        self.lam = lam

    def create(self, sizes, seed):
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes)]
        for layer in layers:
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        return layers

    def parameters(self, model):
        return [layer.weight.detach().numpy().T for layer in model], [layer.bias.detach().numpy() for layer in model]

    def assign(self, model, weights, biases):
        with torch.no_grad():
            for layer, w, b in zip(model, weights, biases, strict=True):
                layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(np.transpose(w))))
                layer.bias.copy_(torch.from_numpy(np.array(b)))

    def logits(self, model, x):
        z = torch.from_numpy(np.array(x, np.float64))
        for l, layer in enumerate(model):
            z = layer(torch.relu(z) if l else z)
        return z

    def forward(self, model, x):
        return torch.softmax(self.logits(model, x), dim=1).detach().numpy()

    def error(self, model, x, y):
        return torch.nn.functional.cross_entropy(self.logits(model, x), torch.from_numpy(np.array(y, np.int64)))

    def loss(self, model, x, y):
        return float(self.error(model, x, y))

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        rng = np.random.default_rng(seed)
        weights, biases = [layer.weight for layer in model], [layer.bias for layer in model]
        optimizer = SGD([{"params": weights, "weight_decay": self.lam}, {"params": biases}], lr=lr)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                optimizer.zero_grad()
                self.error(model, x[batch], y[batch]).backward()
                optimizer.step()


class Penalized(Network):
    """The same with the penalty in the loss."""

    def error(self, model, x, y):
        return super().error(model, x, y) + self.lam / 2 * sum(layer.weight.square().sum() for layer in model)

    def backward(self, model, x, y):
        for layer in model:
            layer.zero_grad()
        self.error(model, x, y).backward()
        return [layer.weight.grad.numpy().T for layer in model], [layer.bias.grad.numpy() for layer in model]

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        optimizer = SGD([theta for layer in model for theta in layer.parameters()], lr=lr)
        for _ in range(epochs):
            optimizer.zero_grad()
            self.error(model, x, y).backward()
            optimizer.step()


FUNCTIONS_ONLY = {"regularization.no_strength", "regularization.single_precision", "regularization.ridge"}
OF_LOSSES = {"regularization.penalty", "regularization.derivative", "regularization.biases"}


@pytest.mark.parametrize(
    ("adapter", "skipped"),
    [(Functions, set()), (ByAutograd, set()), (Penalized, FUNCTIONS_ONLY), (Network, FUNCTIONS_ONLY | OF_LOSSES)],
)
def test_pytorchs_weight_decay_passes(adapter, skipped):
    found = api.check(torch.optim, adapter=adapter, chapters="regularization")
    assert {spec.id: spec.message for spec in found.specs if spec.outcome not in ("passed", "skipped")} == {}
    assert {spec.id for spec in found.specs if spec.outcome == "skipped"} == skipped
    assert found.verdict == "pass"
    assert not {"l2_factor", "l2_biases"} & set(found.conventions)
