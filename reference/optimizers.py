"""Optimizers: objects that update parameters by gradients, and remember earlier gradients."""

import numpy as np

__all__ = ["SGD", "Adam", "Momentum", "RMSProp"]


class SGD:
    """Gradient descent, with no memory.

        theta = theta - lr g

    lr: the learning rate.
    Clauses: sgd.update, sgd.quadratic.
    """

    def __init__(self, lr):
        self.lr = lr

    def update(self, params, grads):
        """Change the arrays `params` in place by the arrays `grads` of the same shapes.

        Raises ValueError if their numbers differ, or their shapes.
        """
        for theta, g in zip(params, grads, strict=True):
            theta -= self.lr * g


class Momentum:
    """Gradient descent along a decaying sum of the gradients so far (Polyak 1964).

        v = momentum v + g,    theta = theta - lr v

    lr: the learning rate; momentum: what remains of v after an update, in [0, 1).
    Clauses: momentum.plain, momentum.geometric_sum, momentum.update, momentum.quadratic.
    """

    def __init__(self, lr, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def update(self, params, grads):
        """Change the arrays `params` in place by the arrays `grads` of the same shapes.

        Raises ValueError if their numbers differ, or their shapes.
        """
        self.v = zeros(params) if self.v is None else self.v
        for theta, g, v in zip(params, grads, self.v, strict=True):
            v *= self.momentum
            v += g
            theta -= self.lr * v


class RMSProp:
    """Gradient descent in units of the recent size of each gradient (Tieleman and Hinton 2012).

        s = decay s + (1 - decay) g^2,    theta = theta - lr g / (sqrt(s) + eps)

    lr: the learning rate; decay: what remains of s after an update, in [0, 1); eps: keeps the quotient finite.
    Clauses: rmsprop.update, rmsprop.epsilon, rmsprop.stationary.
    """

    def __init__(self, lr, decay=0.99, eps=1e-8):
        self.lr, self.decay, self.eps, self.s = lr, decay, eps, None

    def update(self, params, grads):
        """Change the arrays `params` in place by the arrays `grads` of the same shapes.

        Raises ValueError if their numbers differ, or their shapes.
        """
        self.s = zeros(params) if self.s is None else self.s
        for theta, g, s in zip(params, grads, self.s, strict=True):
            s *= self.decay
            s += (1 - self.decay) * g**2
            theta -= self.lr * g / (np.sqrt(s) + self.eps)


class Adam:
    """Momentum in units of the recent size of each gradient, both corrected for their start (Kingma and Ba 2015).

        m = beta1 m + (1 - beta1) g,    s = beta2 s + (1 - beta2) g^2
        theta = theta - lr m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + eps),    t = 1, 2, ...

    lr: the learning rate; beta1, beta2: what remains of m and s after an update, in [0, 1); eps: keeps the quotient
    finite.
    Clauses: adam.first_step, adam.bias_correction, adam.update, adam.epsilon, adam.scale_invariance.
    """

    def __init__(self, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m, self.s, self.t = None, None, 0

    def update(self, params, grads):
        """Change the arrays `params` in place by the arrays `grads` of the same shapes.

        Raises ValueError if their numbers differ, or their shapes.
        """
        if self.m is None:
            self.m, self.s = zeros(params), zeros(params)
        self.t += 1
        for theta, g, m, s in zip(params, grads, self.m, self.s, strict=True):
            m *= self.beta1
            m += (1 - self.beta1) * g
            s *= self.beta2
            s += (1 - self.beta2) * g**2
            size = np.sqrt(s / (1 - self.beta2**self.t))
            theta -= self.lr * m / (1 - self.beta1**self.t) / (size + self.eps)


def zeros(params):
    """A memory of zeros for each parameter.  Clause: optimizers.parameters."""
    return [np.zeros_like(theta) for theta in params]
