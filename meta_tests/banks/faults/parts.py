"""Parts of faulty networks that several chapters' faults are made of."""

from __future__ import annotations


def backpropagate(self, inputs, delta, mask=None, weights=None):
    """The reference's backward pass from a given delta of the logits, with parts to replace."""
    weights = weights or self.weights
    mask = mask or (lambda l, a: a > 0)
    weight_grads, bias_grads = [], []
    for l in reversed(range(len(weights))):
        weight_grads.insert(0, inputs[l].T @ delta)
        bias_grads.insert(0, delta.sum(axis=0))
        if l > 0:
            delta = (delta @ weights[l].T) * mask(l, inputs[l])
    return weight_grads, bias_grads
