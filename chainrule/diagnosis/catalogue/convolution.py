"""Mistakes in convolution layers: their windows, strides, padding and sums, and their gradients."""

from functools import partial

import numpy as np

from chainrule.boundary.errors import unless_refused
from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add, also
from chainrule.diagnosis.model import part
from chainrule.mathematics.convolution import LONG, SHORT, SINGLE, SQUARE, TALL, drawn, output_length

OUT = "out[n, f, i, j] = (xp[n, :, s * i : s * i + HH, s * j : s * j + WW] * w[f]).sum() + b[f]"
PADDED = "np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))"
SIZE = "(H + 2 * pad - HH) // stride + 1 rows, and (W + 2 * pad - WW) // stride + 1 columns"
CROPPED = "dxp[:, :, pad : pad + H, pad : pad + W]"
DX = f"dxp[n, :, s * i : s * i + HH, s * j : s * j + WW] += dout[n, f, i, j] * w[f], then {CROPPED}"
DW = "dw[f] += dout[n, f, i, j] * xp[n, :, s * i : s * i + HH, s * j : s * j + WW]"
DB = "dout.sum(axis=(0, 2, 3))"
forward = partial(add, chapter="convolution", mend=OUT)
backward = partial(add, chapter="convolution")


@part
def conv2d_forward(parts, x, w, b, stride=1, pad=0):
    xp = parts.cv_padded(x, pad)
    size = parts.cv_size(xp.shape[2:], w.shape[2:], stride)
    windows = parts.cv_windows(xp, w.shape[2:], size, stride)
    return parts.cv_biased(parts.cv_products(windows, parts.cv_filters(w)), b, w.shape)


@part
def cv_padded(parts, x, pad):
    return around(x, pad)


def around(x, pad, after=None, **keywords):
    """Images between so many rows and columns before and after."""
    sides = (pad, pad if after is None else after)
    return np.pad(x, ((0, 0), (0, 0), sides, sides), **keywords)


@part
def cv_size(parts, lengths, sides, stride):
    """(H', W') for padded images and filters of these sizes."""
    return tuple(output_length(length, side, stride, 0) for length, side in zip(lengths, sides, strict=True))


@part
def cv_windows(parts, xp, sides, size, stride):
    """All windows, (N, C, HH, WW, H', W')."""
    return windows_at(xp, sides, size, (stride, stride))


def windows_at(xp, sides, size, steps):
    """The windows that begin at multiples of a step for the rows, and one for the columns."""
    rows, columns = (
        np.arange(side)[:, None] + step * np.arange(count) for side, count, step in zip(sides, size, steps, strict=True)
    )
    return xp[:, :, rows[:, None, :, None], columns[None, :, None, :]]


@part
def cv_filters(parts, w):
    """The filters that meet the windows."""
    return w


@part
def cv_products(parts, windows, w):
    return np.einsum("ncklij,fckl->nfij", windows, w)


@part
def cv_biased(parts, out, b, shape):
    """The output with the bias.  shape: that of w."""
    return out + b[:, None, None]


@part
def conv2d_backward(parts, dout, x, w, b, stride=1, pad=0):
    windows = windows_at(around(x, pad), w.shape[2:], dout.shape[2:], (stride, stride))
    spread = parts.cv_spread(dout, parts.cv_weights(w), (x.shape[2] + 2 * pad, x.shape[3] + 2 * pad), stride)
    dx = parts.cv_cropped(spread, pad, *x.shape[2:])
    return parts.cv_gradients(parts.cv_dx(dx, dout), parts.cv_dw(dout, windows), parts.cv_db(dout))


@part
def cv_gradients(parts, dx, dw, db):
    """What the backward pass returns of what it computed."""
    return dx, dw, db


@part
def cv_weights(parts, w):
    """The filters on the way back."""
    return w


@part
def cv_spread(parts, dout, w, lengths, stride):
    """dx of the padded images."""
    return spread_at(dout, w, lengths, (stride, stride))


def spread_at(dout, w, lengths, steps, replace=False):
    """Each dout times its filter, added to a window of zeros, or put in place of what is there."""
    found = np.zeros((len(dout), w.shape[1], *lengths))
    for i, j in np.ndindex(*dout.shape[2:]):
        top, left = steps[0] * i, steps[1] * j
        place = (..., slice(top, top + w.shape[2]), slice(left, left + w.shape[3]))
        products = np.einsum("nf,fckl->nckl", dout[:, :, i, j], w)
        found[place] = products if replace else found[place] + products
    return found


@part
def cv_cropped(parts, spread, pad, height, width):
    """dx without the padding."""
    return spread[:, :, pad : pad + height, pad : pad + width]


@part
def cv_dx(parts, dx, dout):
    return dx


@part
def cv_dw(parts, dout, windows):
    return np.einsum("nfij,ncklij->fckl", dout, windows)


@part
def cv_db(parts, dout):
    return dout.sum(axis=(0, 2, 3))


ASKED = ((SHORT, 1, 0), (LONG, 2, 1), (SQUARE, 1, 1), (SQUARE, 2, 0), (SQUARE, 1, 0), (TALL, 1, 2), (SINGLE, 1, 0))


def asked(name, *labels):
    """Questions about one function, for several sizes, strides and paddings."""

    def questions(_setting):
        for geometry in ASKED:
            case = drawn(geometry, seed=7)
            arrays = (case.x, case.w, case.b)

            def ask(actor, case=case, arrays=arrays):
                copies = map(np.array, arrays if name == "conv2d_forward" else (case.dout, *arrays))
                with unless_refused("this case"):
                    return actor.function(name, *copies, case.stride, case.pad)

            yield Question(f"{name}, {case}", ask, labels)

    return questions


WINDOWS, SUMS = ("cv_padded", "cv_size", "cv_windows", "cv_filters"), ("cv_products", "cv_biased", "conv2d_forward")
OF_DX = ("cv_weights", "cv_spread", "cv_cropped", "cv_dx")
concern(
    "conv2d_forward",
    (*WINDOWS, *SUMS),
    asked("conv2d_forward", "out"),
    stages=[(frozenset(WINDOWS), frozenset(SUMS))],
)
concern(
    "conv2d_backward",
    (*OF_DX, "cv_dw", "cv_db", "cv_gradients", "conv2d_backward"),
    asked("conv2d_backward", "dx", "dw", "db"),
    runs=["conv2d_forward"],
    stages=[(frozenset(OF_DX), frozenset({"cv_dw", "cv_db"}))],
)
about("convolution", "conv2d_forward", "conv2d_backward")

# Windows and filters

forward(
    "convolution-flipped",
    "the filter is turned around",
    "That is a convolution in the sense of mathematics (scipy.signal.convolve2d, np.convolve). The layer multiplies "
    "the first entry of the filter by the first of the window, which is a cross-correlation.",
    clause="convolution.columns",
    fingerprint="sum x[i + k, j + l] w[HH - 1 - k, WW - 1 - l]",
    mend="scipy.signal.correlate2d in place of convolve2d, or w[:, :, ::-1, ::-1] in it",
    cv_filters={
        "both ways": lambda right, w: w[:, :, ::-1, ::-1],
        "its rows": lambda right, w: w[:, :, ::-1],
        "its columns": lambda right, w: w[:, :, :, ::-1],
        "its channels as well": lambda right, w: w[:, ::-1, ::-1, ::-1],
    },
)
forward(
    "convolution-filter-transposed",
    "rows and columns of the filter are swapped",
    "w[f, c, k, l] belongs to row k and column l of the window.",
    clause="convolution.columns",
    fingerprint="sum x[i + k, j + l] w[l, k]",
    cv_filters=lambda right, w: w.transpose(0, 1, 3, 2),
    cv_size=lambda right, lengths, sides, stride: right(lengths, sides[::-1], stride),
    cv_windows=lambda right, xp, sides, size, stride: right(xp, sides[::-1], size, stride),
)
forward(
    "convolution-filter-reshaped",
    "the filters are reshaped to a matrix of another order",
    "w.reshape(-1, F) takes neighbouring entries of one filter for entries of different filters.",
    clause="convolution.columns",
    fingerprint="w.reshape(C HH WW, F) in place of w.reshape(F, C HH WW).T",
    mend="w.reshape(F, -1) @ columns, or columns @ w.reshape(F, -1).T",
    cv_filters=lambda right, w: w.reshape(-1, len(w)).T.reshape(w.shape),
)
forward(
    "convolution-columns-reshaped",
    "the windows are put into columns in another order than the filters",
    "A column runs through the channels, rows and columns of its window as w[f].ravel() does: channels first.",
    clause="convolution.columns",
    fingerprint="windows in the order (HH, WW, C), filters in the order (C, HH, WW)",
    cv_products={
        "channels last": lambda right, windows, w: right(windows.transpose(0, 2, 3, 1, 4, 5).reshape(windows.shape), w),
        "columns before rows": lambda right, windows, w: right(
            windows.transpose(0, 1, 3, 2, 4, 5).reshape(windows.shape), w
        ),
    },
)
ORDERS = {  # of the axes of an output
    "(F, N, H', W')": (1, 0, 2, 3),
    "(F, H', W', N)": (1, 2, 3, 0),
    "(N, H', W', F)": (0, 2, 3, 1),
    "(H', W', N, F)": (2, 3, 0, 1),
}


def reshaped(out, axes):
    """The numbers of an output whose axes lie in another order, as if they did not."""
    return out.transpose(axes).reshape(out.shape)


forward(
    "convolution-output-reshaped",
    "the output is reshaped where its axes should be turned",
    "The product has the filters in one axis, and images and places in the others. reshape keeps the order of the "
    "numbers; transpose turns axes.",
    clause="convolution.columns",
    fingerprint="(F, N, H', W') numbers reshaped to (N, F, H', W')",
    mend="out.reshape(F, N, H', W').transpose(1, 0, 2, 3)",
    cv_products={
        name: lambda right, windows, w, axes=axes: reshaped(right(windows, w), axes) for name, axes in ORDERS.items()
    },
    cv_biased={
        f"{name} with the bias": lambda right, out, b, shape, axes=axes: reshaped(right(out, b, shape), axes)
        for name, axes in ORDERS.items()
    },
)
forward(
    "convolution-output-transposed",
    "rows and columns of the output are swapped",
    "The first of the two axes of an image counts rows, i; the second columns, j.",
    clause="convolution.shape",
    fingerprint="out[n, f, j, i]",
    cv_products=lambda right, windows, w: right(windows, w).transpose(0, 1, 3, 2),
)
forward(
    "convolution-one-channel",
    "only one channel of the images counts",
    "A filter has weights for every channel, and the sum runs over all of them: `=` in place of `+=` keeps the last.",
    clause="convolution.columns",
    fingerprint="sum over k, l of x[n, 0, i + k, j + l] w[f, 0, k, l], without the sum over c",
    cv_products={
        "the first": lambda right, windows, w: right(windows[:, :1], w[:, :1]),
        "the last": lambda right, windows, w: right(windows[:, -1:], w[:, -1:]),
    },
)
forward(
    "convolution-filter-of-one-channel",
    "one channel's weights are used for all channels",
    "w[f, 0] is used where w[f, c] belongs.",
    clause="convolution.columns",
    fingerprint="sum x[n, c, i + k, j + l] w[f, 0, k, l]",
    cv_products={
        "of the first": lambda right, windows, w: right(windows, np.repeat(w[:, :1], w.shape[1], axis=1)),
        "the images summed": lambda right, windows, w: right(windows.sum(axis=1, keepdims=True), w[:, :1]),
        "the weights summed": lambda right, windows, w: right(windows[:, :1], w.sum(axis=1, keepdims=True)),
    },
)
forward(
    "convolution-channels-reversed",
    "the channels of the filter meet those of the image in another order",
    "Channel c of the image belongs to channel c of the filter.",
    clause="convolution.columns",
    fingerprint="sum x[n, c, i + k, j + l] w[f, C - 1 - c, k, l]",
    cv_filters=lambda right, w: w[:, ::-1],
)
forward(
    "convolution-averaged",
    "the output is a mean where it should be a sum",
    "np.mean for np.sum: the weights already say how much each pixel counts.",
    clause="convolution.columns",
    fingerprint="out / (C HH WW), or out / C",
    cv_products={
        "of all products": lambda right, windows, w: right(windows, w) / w[0].size,
        "over the channels": lambda right, windows, w: right(windows, w) / w.shape[1],
        "over the window": lambda right, windows, w: right(windows, w) / w[0, 0].size,
    },
)
forward(
    "convolution-one-filter",
    "all outputs are those of one filter",
    "The index f is missing: w[0], or the last f of a loop, is used for every filter.",
    clause="convolution.columns",
    fingerprint="out[:, f] = out[:, 0]",
    cv_products={
        "the first": lambda right, windows, w: np.repeat(right(windows, w)[:, :1], len(w), axis=1),
        "the last": lambda right, windows, w: np.repeat(right(windows, w)[:, -1:], len(w), axis=1),
    },
)
forward(
    "convolution-filters-added",
    "the sum is not set to zero for each filter",
    "The sum goes on from one filter, or from one channel's output, to the next.",
    clause="convolution.columns",
    fingerprint="out[:, f] contains out[:, f - 1]",
    cv_products={
        "from filter to filter": lambda right, windows, w: np.cumsum(right(windows, w), axis=1),
        "from column to column": lambda right, windows, w: np.cumsum(right(windows, w), axis=3),
        "from place to place": lambda right, windows, w: np.cumsum(
            (out := right(windows, w)).reshape(*out.shape[:2], -1), axis=2
        ).reshape(out.shape),
    },
)
forward(
    "convolution-one-image",
    "all outputs are those of one image",
    "The index n is missing: x[0] is used for every image.",
    clause="convolution.columns",
    fingerprint="out[n] = out[0]",
    cv_products={
        "the first": lambda right, windows, w: np.repeat(right(windows, w)[:1], len(windows), axis=0),
        "the last": lambda right, windows, w: np.repeat(right(windows, w)[-1:], len(windows), axis=0),
        "their sum": lambda right, windows, w: np.repeat(
            right(windows, w).sum(axis=0, keepdims=True), len(windows), axis=0
        ),
    },
)
forward(
    "convolution-part-of-the-window",
    "a part of each window is left out",
    "`=` in place of `+=` in the loops over the filter keeps its last entry; a range or a slice that ends too early "
    "drops a row or a column.",
    clause="convolution.columns",
    fingerprint="the sum without the last row, or of the last entry alone",
    cv_products={
        "all but the last entry": lambda right, windows, w: right(windows[:, :, -1:, -1:], w[:, :, -1:, -1:]),
        "all but the last row": lambda right, windows, w: right(windows[:, :, -1:], w[:, :, -1:]),
        "all but the last column": lambda right, windows, w: right(windows[:, :, :, -1:], w[:, :, :, -1:]),
        "the last row and column": lambda right, windows, w: right(windows[:, :, :-1, :-1], w[:, :, :-1, :-1]),
        "the last row": lambda right, windows, w: right(windows[:, :, :-1], w[:, :, :-1]),
        "the last column": lambda right, windows, w: right(windows[:, :, :, :-1], w[:, :, :, :-1]),
    },
)

# The bias, and what follows

forward(
    "convolution-bias-missing",
    "the bias is not added",
    "Each output of filter f is the sum plus b[f].",
    clause="convolution.one_by_one",
    fingerprint="out - b[f], or out - 2 b[f]",
    cv_biased={
        "": lambda right, out, b, shape: out,
        "subtracted": lambda right, out, b, shape: out - b[:, None, None],
    },
)
forward(
    "convolution-bias-repeated",
    "the bias is added more than once",
    "It is added inside of the sum, once for each channel or product. It belongs behind the sum.",
    clause="convolution.one_by_one",
    fingerprint="out + C b[f], or + HH WW b[f], or + C HH WW b[f]",
    cv_biased={
        name: lambda right, out, b, shape, f=f: out + (f(*shape[1:]) * b)[:, None, None]
        for name, f in {
            "for each channel": lambda c, rows, columns: c,
            "for each entry of the window": lambda c, rows, columns: rows * columns,
            "for each product": lambda c, rows, columns: c * rows * columns,
            "for each row": lambda c, rows, columns: rows,
            "twice": lambda c, rows, columns: 2,
            "for each channel, and once more": lambda c, rows, columns: c + 1,
            "for each entry of the window, and once more": lambda c, rows, columns: rows * columns + 1,
        }.items()
    },
)
forward(
    "convolution-bias-of-another-filter",
    "the bias is that of another filter, or a sum of them",
    "Filter f has the bias b[f]. `+ b` alone is broadcast along the last axis, the columns.",
    clause="convolution.one_by_one",
    fingerprint="out + b[0], out + sum b, or b along another axis",
    mend="out + b[:, None, None]",
    cv_biased={
        "b[0]": lambda right, out, b, shape: out + b[0],
        "b[-1]": lambda right, out, b, shape: out + b[-1],
        "their sum": lambda right, out, b, shape: out + b.sum(),
        "their mean": lambda right, out, b, shape: out + b.mean(),
        "b along the columns": lambda right, out, b, shape: out + b,
        "b along the rows": lambda right, out, b, shape: out + b[:, None],
        "in reverse": lambda right, out, b, shape: out + b[::-1, None, None],
    },
)
forward(
    "convolution-bias-multiplied",
    "the output is multiplied by the bias",
    "The bias is added.",
    clause="convolution.one_by_one",
    fingerprint="out b[f]",
    cv_biased=lambda right, out, b, shape: out * b[:, None, None],
)
forward(
    "convolution-activation",
    "an activation is applied to the output",
    "The layer is linear but for its bias; a ReLU is a layer of its own.",
    clause="convolution.columns",
    fingerprint="max(out, 0), or tanh or a sigmoid of out",
    cv_biased={
        "relu": lambda right, out, b, shape: np.maximum(right(out, b, shape), 0),
        "sigmoid": lambda right, out, b, shape: 1 / (1 + np.exp(-right(out, b, shape))),
        "tanh": lambda right, out, b, shape: np.tanh(right(out, b, shape)),
    },
)

# Sizes, stride and padding

forward(
    "convolution-size",
    "the output has one row or column too few, or too many",
    "The places are 0, s, 2 s, ..., up to H + 2 pad - HH: (H + 2 pad - HH) // s of them, and the first one.",
    clause="convolution.shape",
    mend=SIZE,
    fingerprint="(H + 2 pad - HH) // s places, without the 1",
    cv_size={
        "too few": lambda right, lengths, sides, stride: tuple(n - 1 for n in right(lengths, sides, stride)),
        "too few rows": lambda right, lengths, sides, stride: tuple(np.subtract(right(lengths, sides, stride), (1, 0))),
        "too few columns": lambda right, lengths, sides, stride: tuple(
            np.subtract(right(lengths, sides, stride), (0, 1))
        ),
        "(H + 2 pad - HH + 1) // s": lambda right, lengths, sides, stride: tuple(
            (length - side + 1) // stride for length, side in zip(lengths, sides, strict=True)
        ),
    },
)
forward(
    "convolution-sides-mixed",
    "the sizes of rows and columns are mixed up",
    "HH belongs to H, and WW to W: one size for both is right for squares alone.",
    clause="convolution.shape",
    mend=SIZE,
    fingerprint="(H + 2 pad - WW) // s + 1 rows, or windows of HH columns",
    cv_size={
        "swapped": lambda right, lengths, sides, stride: right(lengths, sides, stride)[::-1],
        "of the filter": lambda right, lengths, sides, stride: right(lengths, sides[::-1], stride),
        "of the rows": lambda right, lengths, sides, stride: right(lengths, sides, stride)[:1] * 2,
        "of the columns": lambda right, lengths, sides, stride: right(lengths, sides, stride)[1:] * 2,
        "HH for both": lambda right, lengths, sides, stride: right(lengths, sides[:1] * 2, stride),
        "WW for both": lambda right, lengths, sides, stride: right(lengths, sides[1:] * 2, stride),
    },
)
forward(
    "convolution-size-rounded",
    "the size is rounded up, or to the nearest, where the stride does not divide",
    "What is left over at the end belongs to no window: the quotient is rounded down.",
    clause="convolution.shape",
    mend=SIZE,
    fingerprint="ceil((H + 2 pad - HH) / s) + 1",
    variants={
        name: {
            "cv_size": lambda right, lengths, sides, stride, function=function: tuple(
                int(function((length - side) / stride)) + 1 for length, side in zip(lengths, sides, strict=True)
            ),
            "cv_windows": lambda right, xp, sides, size, stride: right(
                np.pad(xp, ((0, 0), (0, 0), (0, stride), (0, stride))), sides, size, stride
            ),
        }
        for name, function in {"up": np.ceil, "to the nearest": np.round}.items()
    },
)
forward(
    "convolution-stride-ignored",
    "the stride is not used",
    "The window moves by the stride from one place to the next.",
    clause="convolution.shape",
    fingerprint="the output of stride 1, along one axis or both",
    variants={
        name: {
            "cv_size": lambda right, lengths, sides, stride, steps=steps: tuple(
                output_length(length, side, step, 0)
                for length, side, step in zip(lengths, sides, steps(stride), strict=True)
            ),
            "cv_windows": lambda right, xp, sides, size, stride, steps=steps: windows_at(
                xp, sides, size, steps(stride)
            ),
        }
        for name, steps in {
            "both ways": lambda stride: (1, 1),
            "the rows": lambda stride: (1, stride),
            "the columns": lambda stride: (stride, 1),
        }.items()
    },
)
forward(
    "convolution-windows-not-strided",
    "the windows begin at i, not at i times the stride",
    "The size of the output knows the stride, the windows do not.",
    clause="convolution.stride",
    fingerprint="sum xp[i + k, j + l] w[k, l] for a stride of 2",
    cv_windows={
        "both ways": lambda right, xp, sides, size, stride: windows_at(xp, sides, size, (1, 1)),
        "the rows": lambda right, xp, sides, size, stride: windows_at(xp, sides, size, (1, stride)),
        "the columns": lambda right, xp, sides, size, stride: windows_at(xp, sides, size, (stride, 1)),
    },
)
forward(
    "convolution-padding-missing",
    "the padding is not used",
    "The rows and columns of zeros go around the image before windows are taken.",
    clause="convolution.shape",
    mend=PADDED,
    fingerprint="the output of pad = 0",
    cv_padded=lambda right, x, pad: x,
)
forward(
    "convolution-padding-one-sided",
    "the padding is on one side of the image",
    "pad rows and columns go on every side: before and behind.",
    clause="convolution.shape",
    mend=PADDED,
    fingerprint="zeros behind the image alone, or before it",
    cv_padded={
        "behind": lambda right, x, pad: around(x, 0, pad),
        "before": lambda right, x, pad: around(x, pad, 0),
        "all of it behind": lambda right, x, pad: around(x, 0, 2 * pad),
        "all of it before": lambda right, x, pad: around(x, 2 * pad, 0),
        "rows alone": lambda right, x, pad: np.pad(x, ((0, 0), (0, 0), (pad, pad), (0, 0))),
        "columns alone": lambda right, x, pad: np.pad(x, ((0, 0), (0, 0), (0, 0), (pad, pad))),
    },
)
forward(
    "convolution-padding-amount",
    "the padding has another width",
    "pad is the number of rows on each side.",
    clause="convolution.shape",
    mend=PADDED,
    fingerprint="2 pad, pad / 2 or pad + 1 rows on each side",
    cv_padded={
        "twice": lambda right, x, pad: right(x, 2 * pad),
        "half": lambda right, x, pad: right(x, pad // 2),
        "one more": lambda right, x, pad: right(x, pad + 1),
        "one less": lambda right, x, pad: right(x, max(pad - 1, 0)),
    },
)
forward(
    "convolution-padding-values",
    "the padding is not zero",
    "np.pad has modes that repeat or mirror the image. The layer adds zeros.",
    clause="convolution.padding",
    mend=PADDED,
    fingerprint="xp with the edge, a mirror image, ones or a mean around x",
    cv_padded={
        **{
            mode: lambda right, x, pad, mode=mode: around(x, pad, mode=mode)
            for mode in ("edge", "reflect", "symmetric", "wrap", "mean")
        },
        "ones": lambda right, x, pad: around(x, pad, constant_values=1.0),
    },
)


# What shows in no numbers

forward(
    "convolution-integers",
    "whole numbers are convolved to whole numbers",
    "An array made by np.zeros_like of integers, or with their dtype, holds integers: fractions are cut off.",
    clause="convolution.integers",
    fingerprint="out rounded towards zero for x of integers",
    broken="convolution.integers",
    lines=("out = np.zeros((N, F, H2, W2), dtype=x.dtype)", "out = np.zeros((N, F, H2, W2))"),
)
forward(
    "convolution-storage",
    "arrays stored in another order are read wrong",
    "as_strided with strides for an array that is stored by rows, or ravel(order='K'), reads other entries of an array "
    "that is stored in another way.",
    clause="convolution.storage",
    fingerprint="np.asfortranarray(x) gives another output than x",
    broken="convolution.storage",
    lines=(
        "np.lib.stride_tricks.as_strided(x, shape, strides_by_hand)",
        "np.lib.stride_tricks.sliding_window_view(x, ...)",
    ),
)
forward(
    "convolution-arguments-changed",
    "convolution writes into its arguments or its cache",
    "A window is a view of the image: `window *= w[f]` changes what the caller, or another layer, still holds.",
    clause="convolution.arguments_kept",
    fingerprint="after the call x, w, dout or an array in the cache has changed",
    broken="convolution.arguments_kept",
    lines=("window *= w[f]", "window * w[f]"),
)

# The gradients

SCALES = {
    "1/N": lambda dout: 1 / len(dout),
    "N": len,
    "-1": lambda dout: -1.0,
    "2": lambda dout: 2.0,
    "0": lambda dout: 0.0,
    "1/(H' W')": lambda dout: 1 / dout[0, 0].size,
    "1/(N H' W')": lambda dout: 1 / dout[:, 0].size,
}
backward(
    "convolution-db-scaled",
    "db is a mean, or has another factor",
    "np.mean for np.sum: the 1/N of a mean loss is in dout already.",
    clause="convolution.bias_gradient",
    mend=DB,
    fingerprint="db / N, db / (N H' W'), -db",
    cv_db={name: lambda right, dout, f=f: right(dout) * f(dout) for name, f in SCALES.items()},
)
backward(
    "convolution-db-in-part",
    "db sums over a part of dout",
    "b[f] is in every output of filter f, of all images, rows and columns. `=` in place of `+=` keeps the last.",
    clause="convolution.bias_gradient",
    mend=DB,
    fingerprint="the sum over one image, or over one place",
    cv_db={
        "the last image": lambda right, dout: right(dout[-1:]),
        "the first image": lambda right, dout: right(dout[:1]),
        "the last place": lambda right, dout: right(dout[:, :, -1:, -1:]),
        "the last row": lambda right, dout: right(dout[:, :, -1:]),
        "the last column": lambda right, dout: right(dout[:, :, :, -1:]),
        "the last place of the last image": lambda right, dout: dout[-1, :, -1, -1],
    },
)
backward(
    "convolution-db-axes",
    "db sums over other axes than images, rows and columns",
    "What is left of dout, (N, F, H', W'), must have one entry for each filter.",
    clause="convolution.gradient_shapes",
    mend=DB,
    fingerprint="dout.sum(axis=0), dout.sum(), dout.sum(axis=(0, 1, 2))",
    cv_db={
        str(axes): lambda right, dout, axes=axes: dout.sum(axis=axes)
        for axes in (0, None, (0, 1), (0, 1, 2), (0, 1, 3), (1, 2, 3), (2, 3), (0, 2), (0, 3))
    },
)
backward(
    "convolution-dw-scaled",
    "dw has a factor that does not belong to it",
    "The gradient is a sum over images and places; the 1/N of a mean loss is in dout already.",
    clause="convolution.weight_gradient",
    mend=DW,
    fingerprint="dw / N, -dw, 2 dw",
    cv_dw={name: lambda right, dout, windows, f=f: right(dout, windows) * f(dout) for name, f in SCALES.items()},
)
backward(
    "convolution-dw-in-part",
    "dw sums over a part of the images or places",
    "A filter is used in every image and at every place. `=` in place of `+=` keeps the last product.",
    clause="convolution.weight_gradient",
    mend=DW,
    fingerprint="dw of the last image, or of the last place",
    cv_dw={
        "the last image": lambda right, dout, windows: right(dout[-1:], windows[-1:]),
        "the first image": lambda right, dout, windows: right(dout[:1], windows[:1]),
        "the last place": lambda right, dout, windows: right(dout[:, :, -1:, -1:], windows[..., -1:, -1:]),
        "the last row": lambda right, dout, windows: right(dout[:, :, -1:], windows[..., -1:, :]),
        "the last column": lambda right, dout, windows: right(dout[..., -1:], windows[..., -1:]),
        "the last place of the last image": lambda right, dout, windows: right(
            dout[-1:, :, -1:, -1:], windows[-1:, ..., -1:, -1:]
        ),
    },
)
backward(
    "convolution-dw-flipped",
    "dw is turned around",
    "The gradient by w correlates the image with dout, as the layer correlates it with w: nothing is turned.",
    clause="convolution.weight_gradient",
    mend=DW,
    fingerprint="dw[:, :, ::-1, ::-1]",
    cv_dw={
        "both ways": lambda right, dout, windows: right(dout, windows)[:, :, ::-1, ::-1],
        "its rows": lambda right, dout, windows: right(dout, windows)[:, :, ::-1],
        "its columns": lambda right, dout, windows: right(dout, windows)[:, :, :, ::-1],
        "transposed": lambda right, dout, windows: right(dout, windows).transpose(0, 1, 3, 2),
    },
)
backward(
    "convolution-dw-reshaped",
    "dw is reshaped where its axes should be turned",
    "(C HH WW, F) numbers are not (F, C, HH, WW): transpose first.",
    clause="convolution.weight_gradient",
    mend="(dout @ columns.T).reshape(w.shape), with the filters in the rows",
    fingerprint="dw.T.reshape(w.shape)",
    cv_dw={
        "(C HH WW, F)": lambda right, dout, windows: (
            (dw := right(dout, windows)).reshape(len(dw), -1).T.reshape(dw.shape)
        ),
        "(HH, WW, C)": lambda right, dout, windows: (
            (dw := right(dout, windows)).transpose(0, 2, 3, 1).reshape(dw.shape)
        ),
        "dout of (N, F) as (F, N)": lambda right, dout, windows: right(
            dout.reshape(dout.shape[1], len(dout), *dout.shape[2:]).transpose(1, 0, 2, 3), windows
        ),
    },
)
backward(
    "convolution-dw-of-neighbours",
    "dw takes its windows at i, not at i times the stride",
    "The windows of the backward pass are those of the forward pass.",
    clause="convolution.weight_gradient",
    mend=DW,
    fingerprint="sum dout[i, j] xp[i + k, j + l] for a stride of 2",
    conv2d_backward={
        name: lambda right, dout, x, w, b, stride=1, pad=0, steps=steps: (
            (found := right(dout, x, w, b, stride, pad))[0],
            np.einsum(
                "nfij,ncklij->fckl", dout, windows_at(around(x, pad), w.shape[2:], dout.shape[2:], steps(stride))
            ),
            found[2],
        )
        for name, steps in {
            "both ways": lambda s: (1, 1),
            "the rows": lambda s: (1, s),
            "the columns": lambda s: (s, 1),
        }.items()
    },
)
backward(
    "convolution-dx-scaled",
    "dx has a factor that does not belong to it",
    "dx is a sum over filters and places; the 1/N of a mean loss is in dout already.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dx / N, -dx, 2 dx",
    cv_dx={name: lambda right, dx, dout, f=f: right(dx, dout) * f(dout) for name, f in SCALES.items()},
)
backward(
    "convolution-dx-flipped",
    "the filter is turned around in dx",
    "dout[i, j] w[k, l] goes to the pixel (s i + k, s j + l). As a correlation with dout it is one with w turned "
    "around: that with w itself gives this.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dx with w[:, :, ::-1, ::-1]",
    cv_weights={
        "both ways": lambda right, w: w[:, :, ::-1, ::-1],
        "its rows": lambda right, w: w[:, :, ::-1],
        "its columns": lambda right, w: w[:, :, :, ::-1],
        "transposed": lambda right, w: w.transpose(0, 1, 3, 2),
    },
)
backward(
    "convolution-dx-overwritten",
    "windows that overlap replace each other in dx",
    "A pixel is in several windows, and their contributions add up: `+=`, not `=`.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dx of the last window that a pixel is in",
    cv_spread={
        "window by window": lambda right, dout, w, lengths, stride: spread_at(
            dout, w, lengths, (stride, stride), replace=True
        ),
        "place by place": lambda right, dout, w, lengths, stride: replaced(dout, w, lengths, stride),
    },
)


def replaced(dout, w, lengths, stride):
    """For each place in the window, the products of dout with the filters' entry there, whatever was there."""
    found, (high, wide) = np.zeros((len(dout), w.shape[1], *lengths)), dout.shape[2:]
    for k, l in np.ndindex(*w.shape[2:]):
        rows, columns = slice(k, k + stride * high, stride), slice(l, l + stride * wide, stride)
        found[:, :, rows, columns] = np.einsum("nfij,fc->ncij", dout, w[:, :, k, l])
    return found


backward(
    "convolution-dx-of-one-filter",
    "dx is that of one filter",
    "A pixel acts on the outputs of all filters: their contributions are added.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dx without the sum over f",
    cv_spread={
        "the first": lambda right, dout, w, lengths, stride: right(dout[:, :1], w[:1], lengths, stride),
        "the last": lambda right, dout, w, lengths, stride: right(dout[:, -1:], w[-1:], lengths, stride),
        "the weights of the first": lambda right, dout, w, lengths, stride: right(
            dout, np.repeat(w[:1], len(w), axis=0), lengths, stride
        ),
    },
)
backward(
    "convolution-dx-channels",
    "the channels of dx are mixed up",
    "Channel c of dx comes from channel c of the filters.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dx[:, c] with w[:, 0], or summed over c",
    cv_weights={
        "of the first": lambda right, w: np.repeat(w[:, :1], w.shape[1], axis=1),
        "summed": lambda right, w: np.repeat(w.sum(axis=1, keepdims=True), w.shape[1], axis=1),
        "reversed": lambda right, w: w[:, ::-1],
        "reshaped": lambda right, w: w.reshape(-1, len(w)).T.reshape(w.shape),
    },
)
backward(
    "convolution-dx-of-neighbours",
    "dx adds to the windows at i, not at i times the stride",
    "The windows of the backward pass are those of the forward pass.",
    clause="convolution.input_gradient",
    mend=DX,
    fingerprint="dout[i, j] w[k, l] added at (i + k, j + l) for a stride of 2",
    cv_spread={
        "both ways": lambda right, dout, w, lengths, stride: spread_at(dout, w, lengths, (1, 1)),
        "the rows": lambda right, dout, w, lengths, stride: spread_at(dout, w, lengths, (1, stride)),
        "the columns": lambda right, dout, w, lengths, stride: spread_at(dout, w, lengths, (stride, 1)),
    },
)
backward(
    "convolution-dx-empty",
    "dx is empty without padding",
    "dx[:, :, pad:-pad, pad:-pad] is empty for pad = 0, as -0 is 0.",
    clause="convolution.gradient_shapes",
    mend=CROPPED,
    fingerprint="an array without rows for pad = 0",
    cv_cropped={
        "rows and columns": lambda right, spread, pad, height, width: spread[:, :, pad:-pad, pad:-pad],
        "rows": lambda right, spread, pad, height, width: right(spread, pad, height, width)[:, :, : None if pad else 0],
    },
)
backward(
    "convolution-dx-padded",
    "dx keeps the padding",
    "dx has the shape of x: the rows and columns of the padding are taken off.",
    clause="convolution.gradient_shapes",
    mend=CROPPED,
    fingerprint="dx of shape (N, C, H + 2 pad, W + 2 pad)",
    cv_cropped=lambda right, spread, pad, height, width: spread,
)
backward(
    "convolution-dx-cut-elsewhere",
    "the padding of dx is taken off on the wrong side",
    "The image begins at row pad and column pad of the padded one.",
    clause="convolution.input_gradient",
    mend=CROPPED,
    fingerprint="dxp[:, :, :H, :W], or dxp[:, :, 2 pad:, 2 pad:]",
    cv_cropped={
        "the first": lambda right, spread, pad, height, width: spread[:, :, :height, :width],
        "the last": lambda right, spread, pad, height, width: spread[:, :, 2 * pad :, 2 * pad :],
    },
)
backward(
    "convolution-gradients-swapped",
    "the gradients are returned in another order",
    "The order is dx, dw, db.",
    clause="convolution.gradient_shapes",
    mend="return dx, dw, db",
    fingerprint="(dw, dx, db), or (dx, db, dw)",
    cv_gradients={
        "dw first": lambda right, dx, dw, db: (dw, dx, db),
        "db before dw": lambda right, dx, dw, db: (dx, db, dw),
        "db first": lambda right, dx, dw, db: (db, dw, dx),
        "dw, db, dx": lambda right, dx, dw, db: (dw, db, dx),
    },
)

also("cache-stale", broken=["convolution.caches"])
also("gradient-buffers-reused", broken=["convolution.results_kept"])
also("layer-gradients-accumulate", broken=["convolution.repeatable"])
