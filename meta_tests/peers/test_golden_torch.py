"""PyTorch's autograd against the golden values: two programs that share nothing but the mathematics.

The bounds are a running error analysis: beside every array stands an array that bounds its error, entry by entry, and
every operation says how the errors of its operands and its own rounding combine. With u = 2^-53 and
gamma(n) = n u / (1 - n u):

    a sum of n products, in any order and with or without fused multiply-add, is off by gamma(n) times the sum of the
    products' absolute values (Higham 2002, section 3.1, equation 3.5);
    ReLU moves no two numbers apart, and passes an error on unchanged where the sign is certain;
    exp, log and log1p are taken to be right to 4 u (glibc and SLEEF state about 1 ulp = 2 u);
    log-sum-exp changes by no more than its logits do (its gradient is the softmax, which sums to 1).

A golden value is the nearest double of the exact one: an error of u times its size, which every comparison adds.
"""

import dataclasses
import math

import numpy as np
import pytest
import torch

from chainrule import golden

U = 2.0**-53
TINY = np.finfo(np.float64).tiny  # what underflow, gradual or to 0, can take away


def gamma(n):
    return n * U / (1 - n * U)


@dataclasses.dataclass
class Approximate:
    """An exact array and a bound on the error of its computed counterpart."""

    value: np.ndarray
    error: np.ndarray

    @property
    def size(self):
        """No computed entry is larger than this."""
        return abs(self.value) + self.error

    @property
    def T(self):  # noqa: N802  NumPy's name
        return Approximate(self.value.T, self.error.T)


def exactly(array):
    return Approximate(array, np.zeros_like(array))


def product(a, b, plus=None):
    """a @ b, or a @ b + plus"""
    value, error = a.value @ b.value, a.error @ b.size + abs(a.value) @ b.error
    terms, count = a.size @ b.size, a.value.shape[1]
    if plus is not None:
        value, error, terms, count = value + plus.value, error + plus.error, terms + plus.size, count + 1
    # `value` itself was computed here in doubles: its rounding counts as much again.
    return Approximate(value, error + 2 * gamma(count) * terms + TINY)


def batch_sum(a):
    error = a.error.sum(axis=0) + 2 * gamma(len(a.value)) * a.size.sum(axis=0)
    return Approximate(a.value.sum(axis=0), error)


def masked(a, mask):
    return Approximate(a.value * mask, a.error * mask)


def relu(z):
    assert (z.error < abs(z.value)).all(), "a pre-activation so near the kink that rounding decides"
    return masked(z, z.value > 0)


def log_softmax_error(z):
    """The logits' error for z and again for log-sum-exp; then the shift by the maximum, K exps and their sum, log, and
    two subtractions, of numbers no larger than twice the largest logit and log K."""
    largest = z.size.max(axis=1, keepdims=True)
    classes = z.value.shape[1]
    return 2 * z.error.max(axis=1, keepdims=True) + U * (4 * largest + 4 * math.log(classes)) + gamma(classes + 8)


def softmax(z, p):
    """exp of the logarithm: an absolute error d there is a relative error of e^d - 1 here, and exp adds its own."""
    return Approximate(p, p * (np.expm1(log_softmax_error(z)) + 8 * U) + TINY)


def mean_loss_error(z):
    """The mean of N log-softmaxes, each no larger than twice the largest logit and log K."""
    n, classes = z.value.shape
    return log_softmax_error(z).mean() + gamma(n + 1) * (2 * z.size.max() + math.log(classes))


def logit_gradient(p, y):
    """(p - onehot(y)) / N: a subtraction and a division"""
    value = p.value.copy()
    value[np.arange(len(y)), y] -= 1
    return Approximate(value / len(y), (p.error + gamma(4) * (abs(value) + 1)) / len(y) + TINY)


def softmax_values(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def descended(parameters, grads, lr):
    """theta - lr g: a product and a subtraction, and as much again for `value`"""
    return [
        Approximate(t.value - lr * g.value, t.error + lr * g.error + 4 * U * (t.size + lr * g.size))
        for t, g in zip(parameters, grads, strict=True)
    ]


def bounds(case, weights, biases):
    """The error bounds of one pass through the network: {quantity: bound or list of bounds}, and the gradients."""
    inputs, masks = [exactly(case.x)], []
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        z = product(inputs[-1], w, b)
        inputs.append(relu(z))
        masks.append(z.value > 0)
    logits = product(inputs[-1], weights[-1], biases[-1])
    p = softmax(logits, softmax_values(logits.value))
    p.error += p.error  # `value` was computed here, by the same formula
    delta = logit_gradient(p, case.y)
    weight_grads, bias_grads = [], []
    for layer in reversed(range(len(weights))):
        weight_grads.insert(0, product(inputs[layer].T, delta))
        bias_grads.insert(0, batch_sum(delta))
        if layer > 0:
            delta = masked(product(delta, weights[layer].T), masks[layer - 1])
    errors = {
        "hidden": [a.error for a in inputs[1:]],
        "logits": logits.error,
        "probabilities": p.error,
        "loss": mean_loss_error(logits),
        "weight_grads": [g.error for g in weight_grads],
        "bias_grads": [g.error for g in bias_grads],
    }
    return errors, weight_grads, bias_grads


def all_bounds(case):
    """Those of the first pass, of every loss on the way down, and of the parameters at its end."""
    weights, biases = [exactly(w) for w in case.weights], [exactly(b) for b in case.biases]
    first, weight_grads, bias_grads = bounds(case, weights, biases)
    losses = [first["loss"]]
    for _ in range(case.steps):
        weights, biases = descended(weights, weight_grads, case.lr), descended(biases, bias_grads, case.lr)
        errors, weight_grads, bias_grads = bounds(case, weights, biases)
        losses.append(errors["loss"])
    return first | {
        "losses": np.array(losses),
        "stepped_weights": [w.error for w in weights],
        "stepped_biases": [b.error for b in biases],
    }


def run_torch(case):
    """What PyTorch makes of the case, in float64 on the CPU, under the same names."""
    weights = [torch.tensor(w, requires_grad=True) for w in case.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in case.biases]
    x, y = torch.tensor(case.x), torch.tensor(case.y)
    optimizer = torch.optim.SGD(weights + biases, lr=case.lr)
    outputs, losses = {}, []
    for step in range(case.steps + 1):
        hidden, a = [], x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            a = torch.relu(a @ w + b)
            hidden.append(a)
        logits = a @ weights[-1] + biases[-1]
        loss = torch.nn.functional.cross_entropy(logits, y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            outputs = {
                "hidden": [to_numpy(h) for h in hidden],
                "logits": to_numpy(logits),
                "probabilities": to_numpy(torch.softmax(logits, dim=1)),
                "loss": loss.item(),
                "weight_grads": [to_numpy(w.grad) for w in weights],
                "bias_grads": [to_numpy(b.grad) for b in biases],
            }
        if step < case.steps:
            optimizer.step()
    return outputs | {
        "losses": np.array(losses),
        "stepped_weights": [to_numpy(w) for w in weights],
        "stepped_biases": [to_numpy(b) for b in biases],
    }


def to_numpy(tensor):
    return tensor.detach().numpy().copy()


def as_list(value):
    return value if isinstance(value, list) else [np.asarray(value)]


def comparisons(case, quantity, found, bound):
    """(difference, bound) of every array of a quantity, the golden value's own rounding included."""
    expected = as_list(getattr(case, quantity))
    for e, f, b in zip(expected, as_list(found), as_list(bound), strict=True):
        assert e.shape == f.shape
        yield abs(f - e), b + U * abs(e) + TINY


@pytest.fixture(scope="module", params=golden.names())
def case(request):
    return golden.load(request.param)


@pytest.fixture(scope="module")
def bound(case):
    return all_bounds(case)


@pytest.fixture(scope="module")
def found(case):
    return run_torch(case)


QUANTITIES = [
    "hidden", "logits", "probabilities", "loss", "weight_grads", "bias_grads",
    "losses", "stepped_weights", "stepped_biases",
]  # fmt: skip


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_torch_agrees(case, bound, found, quantity):
    for difference, allowed in comparisons(case, quantity, found[quantity], bound[quantity]):
        assert (difference <= allowed).all(), f"{quantity} of {case.name}: off by {(difference / allowed).max()} bounds"


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_bounds_are_tight_enough_to_mean_something(case, bound, quantity):
    """At least half of the digits of a double are compared, after the last step too: no other error can hide."""
    for values, allowed in zip(as_list(getattr(case, quantity)), as_list(bound[quantity]), strict=True):
        assert np.max(allowed) <= math.sqrt(U) * np.max(abs(values))


# The functions by themselves


@pytest.mark.parametrize(("z", "p"), golden.functions().softmax)
def test_torch_softmax_agrees(z, p):
    found = to_numpy(torch.softmax(torch.tensor(z), dim=1))
    assert (abs(found - p) <= softmax(exactly(z), p).error + U * p).all()


@pytest.mark.parametrize(("z", "value"), golden.functions().log_sum_exp)
def test_torch_log_sum_exp_agrees(z, value):
    """It is a part of log-softmax, so that one's bound holds, taken row by row."""
    found = to_numpy(torch.logsumexp(torch.tensor(z), dim=1))
    assert (abs(found - value) <= log_softmax_error(exactly(z))[:, 0] + U * abs(value)).all()


@pytest.mark.parametrize(("p", "y", "value"), golden.functions().cross_entropy)
def test_torch_cross_entropy_agrees(p, y, value):
    """Every term is positive and right to 4 u, so the mean of N has a relative error of gamma(N + 5) at the most."""
    found = torch.nn.functional.nll_loss(torch.log(torch.tensor(p)), torch.tensor(y)).item()
    assert abs(found - value) <= (gamma(len(y) + 5) + U) * value


# The layers by themselves


def backward(output, dout, *inputs):
    """The gradients of sum(dout output) by the inputs, by autograd."""
    return [to_numpy(gradient) for gradient in torch.autograd.grad(output, inputs, torch.as_tensor(dout))]


@pytest.mark.parametrize("case", golden.values("layers")["affine"], ids=lambda case: str(case.x.shape))
def test_torch_affine_layer_agrees(case):
    x, w, b = (torch.tensor(array, requires_grad=True) for array in (case.x, case.w, case.b))
    out = torch.nn.functional.linear(x.flatten(1), w.T, b)
    rows, dout = exactly(case.x.reshape(len(case.x), -1)), exactly(case.dout)
    errors = (
        product(rows, exactly(case.w), exactly(case.b)).error,
        product(dout, exactly(case.w.T)).error.reshape(case.x.shape),
        product(rows.T, dout).error,
        batch_sum(dout).error,
    )
    found = (to_numpy(out), *backward(out, case.dout, x, w, b))
    for f, expected, error in zip(found, (case.out, case.dx, case.dw, case.db), errors, strict=True):
        assert f.shape == expected.shape
        assert (abs(f - expected) <= error + U * abs(expected)).all()


@pytest.mark.parametrize("case", golden.values("layers")["relu"], ids=lambda case: str(case.x.shape))
def test_torch_relu_layer_agrees(case):
    x = torch.tensor(case.x, requires_grad=True)
    out = torch.relu(x)
    assert (to_numpy(out) == case.out).all()
    assert (backward(out, case.dout, x)[0] == case.dx).all()


@pytest.mark.parametrize(
    "case", golden.values("layers")["softmax_loss"], ids=lambda case: f"{case.x.shape[1]}-{case.loss:.3g}"
)
def test_torch_softmax_loss_agrees(case):
    x = torch.tensor(case.x, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(x, torch.tensor(case.y))
    z = exactly(case.x)
    assert abs(loss.item() - case.loss) <= mean_loss_error(z) + U * case.loss
    error = logit_gradient(softmax(z, case.probabilities), case.y).error
    [dx] = backward(loss, torch.ones((), dtype=torch.float64), x)
    assert (abs(dx - case.dx) <= error + U * abs(case.dx)).all()
    assert (abs(to_numpy(torch.softmax(x, dim=1)) - case.probabilities) <= softmax(z, case.probabilities).error).all()
