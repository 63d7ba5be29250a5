"""Faulty penalties: costs of weights that are not theirs, and gradients that do not belong to them."""

import numpy as np

from banks.faults import fault


@fault("regularization.shapes", "l2_gradient", first=True)
def gradient_in_one_row(original, weights, lam):
    """The gradients are flat, as an optimizer of one long vector takes them."""
    return [g.ravel() for g in original(weights, lam)]


@fault("regularization.arguments_kept", "l2_gradient", first=True)
def gradient_made_in_place(original, weights, lam):
    """*= saves an array, and scales the weights themselves."""
    for w in weights:
        w *= lam
    return [w.copy() for w in weights]


@fault("regularization.no_strength", "l2_penalty", first=True)
def strength_never_zero(original, weights, lam):
    """A strength of zero counts as one of 1e-4, so that there is always some decay."""
    return original(weights, max(lam, 1e-4))


@fault("regularization.layers", "l2_penalty", first=True)
def first_layer_only(original, weights, lam):
    """The return stands in the loop."""
    return original(weights[:1], lam)


@fault("regularization.homogeneous", "l2_penalty", first=True)
def absolute_values(original, weights, lam):
    """np.abs in place of np.square: the L1 penalty."""
    return lam * float(sum(np.abs(w).sum() for w in weights))


@fault("regularization.strength", "l2_penalty", first=True)
def strength_twice(original, weights, lam):
    """lam is a factor of each square, and of their sum."""
    return lam * original(weights, lam)


@fault("regularization.penalty", "l2_penalty", first=True)
def mean_of_squares(original, weights, lam):
    """np.mean in place of np.sum."""
    return lam / 2 * float(sum(np.mean(np.square(w)) for w in weights))


@fault("regularization.gradient", "l2_gradient", first=True)
def gradient_in_another_order(original, weights, lam):
    """The gradients of the last inputs come first."""
    return [g[::-1] for g in original(weights, lam)]


@fault("regularization.derivative", "l2_gradient", first=True)
def gradient_without_half(original, weights, lam):
    """The 2 of the derivative is there, the 1/2 of the penalty is forgotten."""
    return [2 * g for g in original(weights, lam)]


@fault("regularization.biases", "l2_penalty", first=True)
def a_network_of_biases_costs_something(original, weights, lam):
    """Where all weights are zero only biases are left, and they are not for nothing."""
    return original(weights, lam) if any(np.any(w) for w in weights) else lam * len(weights)


@fault("regularization.single_precision", "l2_gradient", first=True)
def gradient_in_half_precision(original, weights, lam):
    """What is single already may as well be half."""
    return [lam * w.astype(np.float16) if w.dtype == np.float32 else lam * w for w in weights]


@fault("regularization.single_precision", "l2_gradient", first=True)
def gradient_of_whole_numbers(original, weights, lam):
    """np.zeros_like of integers takes integers."""
    gradients = [np.zeros_like(w) for w in weights]
    for g, w in zip(gradients, weights, strict=True):
        g[...] = lam * w
    return gradients


@fault("regularization.decay", "l2_gradient", first=True)
def decay_that_spares_small_layers(original, weights, lam):
    """Layers without a large weight have shrunk enough."""
    return [lam * w * (np.abs(w).max() >= 2**-2) for w in weights]


@fault("regularization.ridge", "l2_gradient", first=True)
def single_outputs_are_spared(original, weights, lam):
    """One output looks like a bias, and biases are left out."""
    return [lam * w * (w.ndim < 2 or w.shape[-1] > 1) for w in weights]


@fault("regularization.golden", "l2_penalty", first=True)
def small_strengths_are_nothing(original, weights, lam):
    """A strength below a hundredth counts as zero."""
    return original(weights, lam if lam >= 0.01 else 0.0)
