"""Faulty ReLUs."""

from __future__ import annotations

import numpy as np

from banks.faults import fault


@fault("relu.shape", "relu", first=True)
def relu_flattens(original, z):
    """Every sample is flattened to a row first."""
    z = np.asarray(z)
    return original(z.reshape(len(z), -1) if z.ndim > 2 else z)


@fault("relu.shape", "relu")
def relu_drops_axes_of_length_one(original, z):
    """squeeze() tidies the result up."""
    return original(z).squeeze()


@fault("relu.dtype", "relu", first=True)
def relu_in_single_precision(original, z):
    """The result is put into an array of np.float32, which is enough for a neural network."""
    out = np.zeros(np.shape(z), dtype=np.float32)
    out[...] = original(z)
    return out


@fault("relu.dtype", "relu")
def relu_as_integers(original, z):
    """The result array is made by np.zeros(shape, dtype=int)."""
    return original(z).astype(int)


@fault("relu.input_kept", "relu", first=True)
def relu_in_place(original, z):
    """Negative entries are set to zero in z itself, which saves memory."""
    z[z < 0] = 0
    return z


@fault("relu.empty", "relu", first=True)
def relu_looks_at_the_minimum(original, z):
    """If nothing is negative there is nothing to do: z.min() tells."""
    return z + 0.0 if np.min(z) >= 0 else original(z)


@fault("relu.extreme", "relu", first=True)
def relu_by_a_root(original, z):
    """(z + sqrt(z^2)) / 2 is the same, without a comparison."""
    return (z + np.sqrt(np.asarray(z, dtype=float) ** 2)) / 2


@fault("relu.extreme", "relu")
def relu_with_a_threshold(original, z):
    """What is below 1e-8 counts as zero."""
    return np.where(z > 1e-8, z, 0.0)


@fault("relu.homogeneity", "relu")
def relu6(original, z):
    """The activation is cut off at 6, as MobileNet does."""
    return np.clip(z, 0.0, 6.0)


@fault("relu.homogeneity", "relu")
def softplus(original, z):
    """log(1 + exp(z)) is the smooth version."""
    return np.logaddexp(z, 0.0)


@fault("relu.homogeneity", "relu", first=True)
def relu_standardizes_batches(original, z):
    """A batch of more than one sample is standardized first, as batch normalization does it."""
    z = np.asarray(z)
    return original((z - z.mean(axis=0)) / (z.std(axis=0) + 1e-5)) if len(z) > 1 else original(z)


@fault("relu.idempotence", "relu", first=True)
def relu_prepends_rows(original, z):
    """Rows are treated one by one and each is put at the front of the result."""
    out = []
    for row in z:
        out.insert(0, original(row))
    return np.array(out).reshape(np.shape(z))


@fault("relu.idempotence", "relu")
def leaky_relu(original, z):
    """Negative entries are scaled by 0.01, so that no unit dies."""
    return np.where(z > 0, z, 0.01 * z)


@fault("relu.absolute_value", "relu", first=True)
def relu_masks_columns(original, z):
    """A unit is off if it is negative for any sample of the batch."""
    return z * (z > 0).all(axis=0) if np.ndim(z) == 2 else original(z)


@fault("relu.values", "relu")
def absolute_value(original, z):
    """The sign is dropped."""
    return np.abs(z) * 1.0


@fault("relu.values", "relu", first=True)
def relu_of_the_first_matrix(original, z):
    """The loops were written for one matrix: of an array of more axes the first one is done, the rest stays zero."""
    out = np.zeros(np.shape(z))
    first = (0,) * (np.ndim(z) - 2)
    out[first] = original(np.asarray(z)[first])
    return out


@fault("relu.extreme", "relu")
def relu_of_the_other_side(original, z):
    """np.minimum(z, 0): the comparison is the wrong way round."""
    return np.minimum(z, 0) * 1.0
