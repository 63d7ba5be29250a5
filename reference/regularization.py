"""The L2 penalty: large weights cost something."""

import numpy as np

__all__ = ["l2_gradient", "l2_penalty"]


def l2_penalty(weights, lam):
    """What the weights cost, to be added to the loss.

        penalty = lam / 2 * (sum of the squares of all entries of all weights)

    weights: arrays of any shapes, without the biases; lam: the strength, not negative.  Returns a number.
    Clauses: regularization.penalty, regularization.layers, regularization.homogeneous, regularization.strength.
    """
    return lam / 2 * sum(np.sum(np.square(w)) for w in weights)


def l2_gradient(weights, lam):
    """The gradient of the penalty with respect to each of the weights, to be added to that of the loss.

        dpenalty / dW[l] = lam W[l]

    weights, lam: as for l2_penalty.  Returns a list of arrays, shaped like the weights.
    Clauses: regularization.gradient, regularization.derivative, regularization.shapes.
    """
    return [lam * w for w in weights]
