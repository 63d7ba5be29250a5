"""Faulty softmaxes."""

from __future__ import annotations

import numpy as np

from banks.faults import fault


@fault("softmax.shape", "softmax", first=True)
def softmax_squeezes(original, z):
    """A single row comes back as a vector."""
    return original(z).squeeze()


@fault("softmax.input_kept", "softmax", first=True)
def softmax_shifts_in_place(original, z):
    """z -= z.max(...) saves a copy."""
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.range", "softmax", first=True)
def softmax_returns_log_probabilities(original, z):
    """The logarithm comes with it, since the loss needs it anyway."""
    return (
        z - z.max(axis=1, keepdims=True) - np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    )


@fault("softmax.range", "softmax")
def softmax_odds(original, z):
    """Each class is divided by the sum of the others."""
    p = original(z)
    return p / (1 - p)


@fault("softmax.normalized", "softmax", first=True)
def softmax_over_the_batch(original, z):
    """The sum runs over axis 0."""
    return original(np.asarray(z).T).T


@fault("softmax.normalized", "softmax")
def softmax_over_everything(original, z):
    """exp(z).sum() without an axis."""
    e = np.exp(z - np.max(z))
    return e / e.sum()


@fault("softmax.normalized", "softmax")
def softmax_as_sigmoids(original, z):
    """Each logit goes through the logistic sigmoid."""
    return 1 / (1 + np.exp(-np.asarray(z, float)))


@fault("softmax.normalized", "softmax")
def softmax_with_epsilon(original, z):
    """The denominator gets 1e-8 against a division by zero."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / (e.sum(axis=1, keepdims=True) + 1e-8)


@fault("softmax.overflow", "softmax", first=True)
def softmax_without_shift(original, z):
    """exp of the logits as they are."""
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.overflow", "softmax")
def softmax_shifted_by_the_mean(original, z):
    """The mean is subtracted, where it should be the maximum."""
    e = np.exp(z - z.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.rows_independent", "softmax", first=True)
def softmax_global_maximum(original, z):
    """z.max() without an axis."""
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


@fault("softmax.shift_invariance", "softmax", first=True)
def softmax_of_integers(original, z):
    """The logits are put into an integer array."""
    return original(np.trunc(z))


@fault("softmax.permutation", "softmax")
def softmax_of_sorted_logits(original, z):
    """Classes are sorted by size, and stay so."""
    return original(np.sort(z, axis=1))


@fault("softmax.monotonicity", "softmax")
def softmin(original, z):
    """exp(-z)."""
    return original(-np.asarray(z))


@fault("softmax.monotonicity", "softmax", first=True)
def softmax_of_the_likely_classes(original, z):
    """Classes of less than a ten-thousandth are left out, and the rest is normalized again."""
    p = original(z)
    p = np.where(p < 1e-4, 0.0, p)
    return p / p.sum(axis=1, keepdims=True)


@fault("softmax.sigmoid", "softmax", first=True)
def softmax_first_from_second(original, z):
    """Two classes are a special case: the first one's probability is one less the second's."""
    p = original(z)
    if p.shape[1] == 2:
        p[:, 0] = 1 - p[:, 1]
    return p


@fault("softmax.permutation", "softmax", first=True)
def softmax_with_a_temperature_for_the_last_class(original, z):
    """A temperature of almost one is left on the last class, whose distance from the first one is stretched."""
    z = np.array(z, dtype=float)
    z[:, -1] = z[:, 0] + (z[:, -1] - z[:, 0]) * (1 + 2.0**-20)
    return original(z)


@fault("softmax.permutation", "softmax")
def softmax_last_from_the_others(original, z):
    """The last class gets what the others leave of one."""
    p = original(z)
    p[:, -1] = 1 - p[:, :-1].sum(axis=1)
    return p


@fault("softmax.log_softmax", "softmax", first=True)
def softmax_second_from_first(original, z):
    """Two classes are a special case: the second one's probability is one less the first's."""
    p = original(z)
    if p.shape[1] == 2:
        p[:, 1] = 1 - p[:, 0]
    return p


@fault("softmax.jacobian", "softmax")
def softmax_with_temperature(original, z):
    """The logits are divided by the square root of the number of classes, as in attention."""
    return original(z / np.sqrt(np.shape(z)[1]))


@fault("softmax.jacobian", "softmax", first=True)
def softmax_is_looked_up(original, z, results={}):  # noqa: B006  the mistake
    """A result is kept for the next time that the same logits come, the same to three decimals."""
    key = (np.shape(z), np.round(z, 3).tobytes())
    return results.setdefault(key, original(z)).copy()


@fault("softmax.underflow", "softmax", first=True)
def softmax_flushes_to_zero(original, z):
    """Probabilities below 1e-18 are noise."""
    p = original(z)
    return np.where(p < 1e-18, 0.0, p)


@fault("softmax.values", "softmax")
def softmax_in_half_precision_steps(original, z):
    """The logits are rounded to a tenth, to make the numbers nicer."""
    return original(np.round(z, 1))


@fault("softmax.values", "softmax", first=True)
def softmax_of_ten_classes(original, z):
    """The loop over the classes ends at ten, as there are ten digits."""
    p = np.zeros(np.shape(z))
    p[:, :10] = original(z[:, :10])
    return p
