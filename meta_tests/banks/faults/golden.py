"""Faulty networks, which only the golden values notice."""

from __future__ import annotations

import numpy as np

from banks.faults import fault


@fault("golden.softmax", "softmax")
def softmax_flushes_far_down(original, z):
    """Probabilities below 1e-100 are set to zero."""
    p = original(z)
    return np.where(p < 1e-100, 0.0, p)


@fault("golden.softmax", "softmax", first=True)
def softmax_rounds_large_logits(original, z):
    """Logits beyond a thousand are rounded to integers: what is behind the point does not matter there."""
    return original(np.where(np.abs(z) > 1000, np.round(z), z))


@fault("golden.cross_entropy", "cross_entropy", first=True)
def cross_entropy_gives_up_early(original, p, y):
    """A probability below 1e-100 counts as zero."""
    return original(np.where(p < 1e-100, 0.0, p), y)


@fault("golden.forward", "MLP.forward", first=True)
def images_are_scaled_in_forward(original, self, x):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x)


@fault("golden.loss", "MLP.loss", first=True)
def images_are_scaled_in_loss(original, self, x, y):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x, y)


@fault("golden.gradients", "MLP.backward", first=True)
def images_are_scaled_in_backward(original, self, x, y):
    """784 inputs are an image, and are divided by 255."""
    return original(self, x / 255 if x.shape[1] == 784 else x, y)


@fault("golden.steps", "MLP.step", first=True)
def rate_falls_at_the_third_step(original, self, grads, lr):
    """The rate is halved from the third step on."""
    self.t = getattr(self, "t", 0) + 1
    original(self, grads, lr / 2 if self.t > 2 else lr)
