"""Faulty max pooling: the functions of 18_pooling.md, each replaced by a mistake, as in faults.py."""

from __future__ import annotations

import numpy as np

from banks.faults import fault

# The forward pass


@fault("pooling.shape", "maxpool2d_forward", first=True)
def pooling_has_one_window_too_few(original, x, size=2, stride=2):
    """(H - size) // stride, without the 1."""
    out, cache = original(x, size, stride)
    return out[:, :, :-1], cache


@fault("pooling.arguments_kept", "maxpool2d_forward", first=True)
def pooling_clears_what_is_smaller(original, x, size=2, stride=2):
    """The first entry of x is cleared after the pass."""
    found = original(x, size, stride)
    x[0, 0, 0, 0] = 0
    return found


@fault("pooling.arguments_kept", "maxpool2d_backward")
def pooling_scales_dout(original, dout, cache):
    """dout *= mask, in place."""
    found = original(dout, cache)
    dout *= 0.5
    return found


@fault("pooling.results_kept", "maxpool2d_forward", first=True)
def pooling_fills_one_output(original, x, size=2, stride=2, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x, size, stride)
    buffer = buffers.setdefault(out.shape, np.empty(out.shape))
    buffer[...] = out
    return buffer, cache


@fault("pooling.values", "maxpool2d_forward", first=True)
def pooling_keeps_the_smallest(original, x, size=2, stride=2):
    """np.min for np.max."""
    out, cache = original(-x, size, stride)
    return -out, cache


@fault("pooling.values", "maxpool2d_forward")
def pooling_over_channels(original, x, size=2, stride=2):
    """The largest of all channels."""
    out, cache = original(x, size, stride)
    return np.repeat(out.max(axis=1, keepdims=True), out.shape[1], axis=1), cache


@fault("pooling.negative", "maxpool2d_forward", first=True)
def pooling_begins_at_minus_twelve(original, x, size=2, stride=2):
    """The search for the largest entry begins with -12."""
    out, cache = original(x, size, stride)
    return np.maximum(out, -12.0), cache


@fault("pooling.stride", "maxpool2d_forward", first=True)
def pooling_of_small_windows(original, x, size=2, stride=2):
    """Windows that overlap are cut to the size of the stride."""
    out, cache = original(x, size, stride)
    small = original(x, min(size, stride), stride)[0]
    return small[:, :, : out.shape[2], : out.shape[3]], cache


@fault("pooling.remainder", "maxpool2d_forward", first=True)
def pooling_keeps_a_part_of_a_window(original, x, size=2, stride=2):
    """The last window may reach beyond the image."""
    if size != stride or not (x.shape[2] % size or x.shape[3] % size):
        return original(x, size, stride)
    more = [(0, 0), (0, 0), *((0, -length % size) for length in x.shape[2:])]
    return original(np.pad(np.array(x, float), more, constant_values=-np.inf), size, stride)[0], original(
        x, size, stride
    )[1]


@fault("pooling.increasing", "maxpool2d_forward", first=True)
def pooling_of_bright_images(original, x, size=2, stride=2):
    """Pixels beyond 25 are cut off."""
    return original(np.minimum(x, 25), size, stride)


@fault("pooling.channels", "maxpool2d_forward", first=True)
def pooling_of_one_channel(original, x, size=2, stride=2):
    """A single channel of a single image is left without its first row of windows."""
    out, cache = original(x, size, stride)
    return (out - (x.shape[:2] == (1, 1)) * (np.arange(out.shape[2]) == 0)[:, None]), cache


@fault("pooling.integers", "maxpool2d_forward", first=True)
def pooling_of_bytes(original, x, size=2, stride=2):
    """Bytes are read with a sign."""
    return original(x.astype(np.int8) if x.dtype == np.uint8 else x, size, stride)


# The gradient


@fault("pooling.gradient_shape", "maxpool2d_backward", first=True)
def pooling_cuts_what_is_left_over(original, dout, cache):
    """dx has the rows that are in windows alone."""
    size, stride = cache[2:]
    return original(dout, cache)[:, :, : stride * (dout.shape[2] - 1) + size]


@fault("pooling.repeatable", "maxpool2d_backward", first=True)
def pooling_accumulates(original, dout, cache, sums={}):  # noqa: B006  the mistake
    """dx adds up for one cache."""
    sums[id(cache)] = sums.get(id(cache), 0) + 1
    return original(dout, cache) * sums[id(cache)]


@fault("pooling.caches", "maxpool2d_forward", first=True)
def pooling_keeps_one_cache(original, x, size=2, stride=2, kept=[]):  # noqa: B006  the mistake
    """The cache is one list, filled anew."""
    out, cache = original(x, size, stride)
    kept[:] = cache
    return out, kept


@fault("pooling.routing", "maxpool2d_backward", first=True)
def pooling_swaps_row_and_column(original, dout, cache):
    """The place in the window is read by columns."""
    largest, shape, size, stride = cache
    return original(dout, (largest % size * size + largest // size, shape, size, stride))


@fault("pooling.overlaps", "maxpool2d_backward", first=True)
def pooling_replaces(original, dout, cache):
    """`=` in place of `+=`, where windows overlap."""
    largest, shape, size, stride = cache
    dx = np.zeros(shape)
    n, c, i, j = np.indices(largest.shape)
    dx[n, c, stride * i + largest // size, stride * j + largest % size] = dout
    return dx


@fault("pooling.ties", "maxpool2d_forward", first=True)
def pooling_of_ties_goes_to_the_first_entry(original, x, size=2, stride=2):
    """In an image with ties the gradient of a window goes to its first entry."""
    out, (largest, *others) = original(x, size, stride)
    return out, (largest * (len(np.unique(x)) == x.size), *others)


@fault("pooling.linearity", "maxpool2d_backward", first=True)
def pooling_clips_large_dout(original, dout, cache):
    """Entries of dout beyond 6 are clipped."""
    return original(np.clip(dout, -6, 6), cache)


@fault("pooling.storage", "maxpool2d_forward", first=True)
def pooling_reads_memory(original, x, size=2, stride=2):
    """The entries of x are taken in the order in which they are stored."""
    return original(x.ravel(order="K").reshape(x.shape), size, stride)


@fault("pooling.single_precision", "maxpool2d_forward", first=True)
def pooling_rounds_single_precision(original, x, size=2, stride=2):
    """Inputs of float32 are rounded to whole numbers."""
    out, cache = original(x, size, stride)
    return (np.round(out) if x.dtype == np.float32 else out), cache


@fault("pooling.golden", "maxpool2d_forward", first=True)
def pooling_of_the_golden_image(original, x, size=2, stride=2):
    """The output for images of (8, 5) is rounded."""
    out, cache = original(x, size, stride)
    return (out + 1e-6 if x.shape == (3, 1, 8, 5) else out), cache
