"""Checks a network's arguments: an error names the argument, what was expected and what was found."""

import numpy as np


def checked_sizes(sizes):
    """The layer sizes as a list of integers.  Clause: initialization.sizes."""
    found = [int(size) for size in sizes]
    if len(found) < 2 or min(found) < 1:
        raise ValueError(f"sizes: expected at least two positive layer sizes such as [784, 9, 10], found {sizes!r}")
    return found


def checked_dtype(dtype):
    """The precision, float64 or float32, as a NumPy dtype."""
    found = np.dtype(dtype)
    if found not in (np.float64, np.float32):
        raise ValueError(f"dtype: expected float64 or float32, found {found}")
    return found


def checked_inputs(x, size, dtype):
    """The inputs (N, size) as an array of this dtype.  Clause: network.integer_inputs."""
    x = np.asarray(x, dtype=dtype)
    if x.ndim != 2 or x.shape[1] != size:
        raise ValueError(f"x: expected shape (N, {size}), found {x.shape}")
    return x


def checked_labels(y, samples, classes):
    """The labels (samples,), from 0 to classes - 1, as an array of integers.  Clause: cross_entropy.label_types."""
    y = np.asarray(y)
    if y.shape != (samples,) or not np.issubdtype(y.dtype, np.integer):
        raise ValueError(f"y: expected {samples} integer labels, found shape {y.shape} of {y.dtype}")
    if len(y) and not 0 <= y.min() <= y.max() < classes:
        raise ValueError(f"y: expected labels 0 to {classes - 1}, found {y.min()} to {y.max()}")
    return y


def check_training(samples, epochs, batch_size):
    """Raise ValueError for settings that train nothing.  Clauses: training.epochs, training.batch_size."""
    if epochs < 0 or batch_size < 1:
        raise ValueError(f"fit: expected epochs >= 0 and batch_size >= 1, found {epochs} and {batch_size}")
    if samples == 0:
        raise ValueError("x: expected at least one sample to train on, found none")
