"""Correct optimizers: other orders of the same sums, steps kept in the velocity, parameters returned or replaced."""

import math
from types import SimpleNamespace

import numpy as np

from chainrule import reference


class Descent:
    """Returns new parameters."""

    def __init__(self, lr):
        self.lr = lr

    def update(self, params, grads):
        return [p - np.multiply(g, self.lr) for p, g in zip(params, grads, strict=True)]


class HeavyBall:
    """v = momentum v - lr g, added; memories by position; the items of the list are replaced."""

    def __init__(self, lr, momentum=0.9):
        self.lr, self.momentum, self.steps = lr, momentum, {}

    def update(self, params, grads):
        for i, g in enumerate(grads):
            self.steps[i] = self.momentum * self.steps.get(i, 0) - self.lr * g
            params[i] = params[i] + self.steps[i]


class RootMeanSquare:
    """s + (1 - decay) (g^2 - s), and a reciprocal."""

    def __init__(self, lr, decay=0.99, eps=1e-8):
        self.lr, self.decay, self.eps, self.s = lr, decay, eps, []

    def update(self, params, grads):
        self.s = self.s or [np.zeros(np.shape(p)) for p in params]
        for i, g in enumerate(grads):
            self.s[i] = self.s[i] + (1 - self.decay) * (np.square(g) - self.s[i])
            params[i][...] = params[i] - self.lr * (g * (1 / (np.sqrt(self.s[i]) + self.eps)))


class AdamByPowers:
    """Corrections from running products, and the average by m + (1 - beta) (g - m)."""

    def __init__(self, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.betas, self.eps = lr, (beta1, beta2), eps
        self.powers, self.memories = [1.0, 1.0], {}

    def update(self, params, grads):
        self.powers = [power * beta for power, beta in zip(self.powers, self.betas, strict=True)]
        for key, (p, g) in enumerate(zip(params, grads, strict=True)):
            old = self.memories.get(key, (np.zeros_like(g), np.zeros_like(g)))
            new = [v + (1 - beta) * (a - v) for v, beta, a in zip(old, self.betas, (g, g * g), strict=True)]
            self.memories[key] = new
            m, s = (v / (1 - power) for v, power in zip(new, self.powers, strict=True))
            p -= self.lr * m / (s**0.5 + self.eps)


class AdamFaster:
    """Both corrections in the rate, so that eps is not corrected; each memory made with its parameter's first."""

    def __init__(self, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps, self.t, self.moments = lr, beta1, beta2, eps, 0, {}

    def update(self, params, grads):
        self.t += 1
        rate = self.lr * math.sqrt(1.0 - self.beta2**self.t) / (1.0 - self.beta1**self.t)
        for i, (p, g) in enumerate(zip(params, grads, strict=True)):
            m, s = self.moments.get(i, (0.0, 0.0))
            m = (1 - self.beta1) * g + self.beta1 * m
            s = (1 - self.beta2) * np.square(g) + self.beta2 * s
            self.moments[i] = m, s
            p -= rate * m / (np.sqrt(s) + self.eps)


class Average:
    """v = momentum v + (1 - momentum) g."""

    def __init__(self, lr, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def update(self, params, grads):
        self.v = self.v or [np.zeros_like(p) for p in params]
        for i, g in enumerate(grads):
            self.v[i] = self.momentum * self.v[i] + (1 - self.momentum) * g
            params[i] -= self.lr * self.v[i]


class EpsilonInside:
    """sqrt(s + eps), of RMSProp."""

    def __init__(self, lr, decay=0.99, eps=1e-8):
        self.lr, self.decay, self.eps, self.s = lr, decay, eps, {}

    def update(self, params, grads):
        for i, g in enumerate(grads):
            self.s[i] = self.decay * self.s.get(i, 0) + (1 - self.decay) * g**2
            params[i] -= self.lr * g / np.sqrt(self.s[i] + self.eps)


CORE = ("relu", "softmax", "cross_entropy", "xavier", "MLP")


def beside_the_core(**optimizers):
    """The core of the reference with other optimizers."""
    return SimpleNamespace(**{name: getattr(reference, name) for name in CORE}, **optimizers)


VARIANTS = {
    "optimizers in other orders": lambda: beside_the_core(
        SGD=Descent, Momentum=HeavyBall, RMSProp=RootMeanSquare, Adam=AdamByPowers
    ),
    "optimizers in other forms": lambda: beside_the_core(
        SGD=reference.SGD, Momentum=Average, RMSProp=EpsilonInside, Adam=AdamFaster
    ),
}
