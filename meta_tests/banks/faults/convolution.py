"""Faulty convolution: the functions of 17_convolution.md, each replaced by a mistake, as in faults.py."""

from __future__ import annotations

import numpy as np

from banks.faults import fault

# The forward pass


@fault("convolution.shape", "conv2d_forward", first=True)
def convolution_has_one_place_too_few(original, x, w, b, stride=1, pad=0):
    """(H + 2 pad - HH) // stride, without the 1."""
    out, cache = original(x, w, b, stride, pad)
    return out[:, :, :-1], cache


@fault("convolution.shape", "conv2d_forward")
def convolution_drops_axes(original, x, w, b, stride=1, pad=0):
    """squeeze() takes away the axis of a single filter."""
    out, cache = original(x, w, b, stride, pad)
    return out.squeeze(), cache


@fault("convolution.arguments_kept", "conv2d_forward", first=True)
def convolution_adds_the_bias_to_the_filters(original, x, w, b, stride=1, pad=0):
    """w += 0 b, in place: here it doubles the first entry."""
    found = original(x, np.array(w), b, stride, pad)
    w[0, 0, 0, 0] *= 2
    return found


@fault("convolution.arguments_kept", "conv2d_backward")
def convolution_scales_dout(original, dout, cache):
    """dout /= N, in place."""
    found = original(dout, cache)
    dout /= 2
    return found


@fault("convolution.results_kept", "conv2d_forward", first=True)
def convolution_fills_one_output(original, x, w, b, stride=1, pad=0, buffers={}):  # noqa: B006  the mistake
    """The output array is allocated once for each shape."""
    out, cache = original(x, w, b, stride, pad)
    buffer = buffers.setdefault(out.shape, np.empty(out.shape))
    buffer[...] = out
    return buffer, cache


@fault("convolution.columns", "conv2d_forward", first=True)
def convolution_turns_the_filter(original, x, w, b, stride=1, pad=0):
    """A convolution as mathematics has it."""
    return original(x, w[:, :, ::-1, ::-1], b, stride, pad)


@fault("convolution.columns", "conv2d_forward")
def convolution_of_the_first_channel(original, x, w, b, stride=1, pad=0):
    """Only the first channel counts."""
    return original(x * (np.arange(x.shape[1]) == 0)[:, None, None], w, b, stride, pad)


@fault("convolution.one_by_one", "conv2d_forward", first=True)
def convolution_without_bias(original, x, w, b, stride=1, pad=0):
    """The bias is not added."""
    return original(x, w, 0 * b, stride, pad)


@fault("convolution.full_size", "conv2d_forward", first=True)
def convolution_of_a_single_place(original, x, w, b, stride=1, pad=0):
    """An output of a single place is made for a filter of the wrong order."""
    out, cache = original(x, w, b, stride, pad)
    return (original(x, w[:, :, ::-1], b, stride, pad)[0] if out.shape[2:] == (1, 1) else out), cache


@fault("convolution.values", "conv2d_forward", first=True)
def convolution_of_many_images_is_clipped(original, x, w, b, stride=1, pad=0):
    """The outputs of a batch of seven saturate."""
    out, cache = original(x, w, b, stride, pad)
    return (np.clip(out, -6, 6) if len(x) == 7 else out), cache


@fault("convolution.stride", "conv2d_forward", first=True)
def convolution_of_neighbours(original, x, w, b, stride=1, pad=0):
    """The windows begin at i, not at stride i."""
    (out, cache), (dense, _) = original(x, w, b, stride, pad), original(x, w, b, 1, pad)
    return dense[:, :, : out.shape[2], : out.shape[3]], cache


@fault("convolution.padding", "conv2d_forward", first=True)
def convolution_repeats_the_edge(original, x, w, b, stride=1, pad=0):
    """The padding is a copy of the outermost pixels."""
    around = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    return original(around, w, b, stride, 0)[0], original(x, w, b, stride, pad)[1]


@fault("convolution.linear_in_images", "conv2d_forward", first=True)
def convolution_of_bright_images(original, x, w, b, stride=1, pad=0):
    """Pixels beyond 6 are cut off."""
    return original(np.clip(x, -6, 6), w, b, stride, pad)


@fault("convolution.linear_in_filters", "conv2d_forward", first=True)
def convolution_of_large_filters(original, x, w, b, stride=1, pad=0):
    """Weights beyond 6 are cut off."""
    return original(x, np.clip(w, -6, 6), b, stride, pad)


@fault("convolution.translation", "conv2d_forward", first=True)
def convolution_skips_images_that_begin_dark(original, x, w, b, stride=1, pad=0):
    """Of three images, the first row of output is missing if the first pixel is darker than the last."""
    out, cache = original(x, w, b, stride, pad)
    if x.shape == (3, 1, 4, 5) and x[0, 0, 0, 0] > x[0, 0, -1, -1] and pad == 0:
        out = out.copy()
        out[:, :, 0] = 0
        out[:, :, 1] = 0
    return out, cache


@fault("convolution.samples", "conv2d_forward", first=True)
def convolution_of_one_image(original, x, w, b, stride=1, pad=0):
    """A single image of two channels is turned around."""
    return original(x[:, ::-1] if x.shape == (1, 2, 5, 6) else x, w, b, stride, pad)


@fault("convolution.integers", "conv2d_forward", first=True)
def convolution_into_integers(original, x, w, b, stride=1, pad=0):
    """The output has the dtype of x."""
    out, cache = original(x, w, b, stride, pad)
    return out.astype(x.dtype), cache


# The gradients


@fault("convolution.gradient_shapes", "conv2d_backward", first=True)
def convolution_takes_no_padding_off(original, dout, cache):
    """dx[:, :, pad:-pad, pad:-pad], which is empty for pad = 0."""
    dx, dw, db = original(dout, cache)
    return (dx if cache[4] else dx[:, :, 0:-0, 0:-0]), dw, db


@fault("convolution.repeatable", "conv2d_backward", first=True)
def convolution_accumulates(original, dout, cache, sums={}):  # noqa: B006  the mistake
    """dw adds up for one cache."""
    dx, dw, db = original(dout, cache)
    sums[id(cache)] = sums.get(id(cache), 0) + 1
    return dx, dw * sums[id(cache)], db


@fault("convolution.caches", "conv2d_forward", first=True)
def convolution_keeps_one_cache(original, x, w, b, stride=1, pad=0, kept=[]):  # noqa: B006  the mistake
    """The cache is one list, filled anew."""
    out, cache = original(x, w, b, stride, pad)
    kept[:] = cache
    return out, kept


@fault("convolution.bias_gradient", "conv2d_backward", first=True)
def convolution_averages_db(original, dout, cache):
    """db is a mean over the images."""
    dx, dw, db = original(dout, cache)
    return dx, dw, db / len(dout)


@fault("convolution.weight_gradient", "conv2d_backward", first=True)
def convolution_dw_of_the_last_image(original, dout, cache):
    """`=` in place of `+=`: only the last image counts."""
    dx, _, db = original(dout, cache)
    return dx, original(dout * (np.arange(len(dout)) == len(dout) - 1)[:, None, None, None], cache)[1], db


@fault("convolution.input_gradient", "conv2d_backward", first=True)
def convolution_dx_without_overlaps(original, dout, cache):
    """The filter is turned around on the way back."""
    columns, shape, w, stride, pad = cache
    _, dw, db = original(dout, cache)
    return original(dout, (columns, shape, w[:, :, ::-1, ::-1], stride, pad))[0], dw, db


@fault("convolution.linearity", "conv2d_backward", first=True)
def convolution_clips_large_dout(original, dout, cache):
    """Entries of dout beyond 6 are clipped."""
    return original(np.clip(dout, -6, 6), cache)


@fault("convolution.storage", "conv2d_forward", first=True)
def convolution_reads_memory(original, x, w, b, stride=1, pad=0):
    """The entries of x are taken in the order in which they are stored."""
    return original(x.ravel(order="K").reshape(x.shape), w, b, stride, pad)


@fault("convolution.single_precision", "conv2d_forward", first=True)
def convolution_in_half_precision(original, x, w, b, stride=1, pad=0):
    """Inputs of float32 are rounded to float16."""
    out, cache = original(x, w, b, stride, pad)
    return (out.astype(np.float16) if x.dtype == np.float32 else out), cache


@fault("convolution.golden", "conv2d_forward", first=True)
def convolution_of_wide_filters(original, x, w, b, stride=1, pad=0):
    """The output of filters of (3, 2) is rounded."""
    out, cache = original(x, w, b, stride, pad)
    return (out + 1e-6 if w.shape == (4, 3, 3, 2) else out), cache
