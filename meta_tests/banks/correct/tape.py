"""A network on a tape: every operation leaves a note of how to go back, and the gradients come from reading it."""

import numpy as np

from banks.correct import parts
from banks.correct.network import Network, module


class Variable:
    """A value, what it was made of, and how its gradient goes back to that."""

    def __init__(self, value, made_of=(), back=lambda gradient: ()):
        self.value, self.made_of, self.back = value, made_of, back
        self.gradient = None

    def affine(self, w, b):
        def back(gradient):
            return gradient @ w.value.T, self.value.T @ gradient, gradient.sum(axis=0)

        return Variable(self.value @ w.value + b.value, (self, w, b), back)

    def relu(self):
        return Variable(np.maximum(self.value, 0), (self,), lambda gradient: (gradient * (self.value > 0),))

    def log_softmax(self):
        logarithms = parts.log_softmax_in_one_pass(self.value)

        def back(gradient):
            return (gradient - np.exp(logarithms) * gradient.sum(axis=1, keepdims=True),)

        return Variable(logarithms, (self,), back)

    def mean_of(self, y):
        picked = np.zeros_like(self.value)
        picked[np.arange(len(y)), y] = -1 / len(y)
        return Variable((picked * self.value).sum(), (self,), lambda gradient: (gradient * picked,))

    def order(self):
        """This and all that it was made of, each after what it went into."""
        seen, found = set(), []

        def visit(variable):
            if id(variable) not in seen:
                seen.add(id(variable))
                for part in variable.made_of:
                    visit(part)
                found.append(variable)

        visit(self)
        return found[::-1]

    def read_back(self):
        self.gradient = np.ones_like(self.value)
        for variable in self.order():
            for part, gradient in zip(variable.made_of, variable.back(variable.gradient), strict=True):
                part.gradient = gradient if part.gradient is None else part.gradient + gradient


class OnATape(Network):
    def record(self, x):
        """The log-probabilities, and the variables of the parameters."""
        weights, biases = [Variable(w) for w in self.weights], [Variable(b) for b in self.biases]
        at = Variable(np.asarray(x, float))
        for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
            at = at.affine(w, b)
            at = at.relu() if l < len(weights) - 1 else at.log_softmax()
        return at, weights, biases

    def forward(self, x):
        return np.exp(self.record(x)[0].value)

    def loss(self, x, y):
        return float(self.record(x)[0].mean_of(y).value)

    def backward(self, x, y):
        logarithms, weights, biases = self.record(x)
        logarithms.mean_of(y).read_back()
        return [w.gradient for w in weights], [b.gradient for b in biases]


def on_a_tape():
    return module(OnATape, relu=parts.relu_by_maximum, softmax=parts.softmax_of_log_softmax)
