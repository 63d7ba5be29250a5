"""Mistakes in max pooling: its windows, what is kept of them, and where the gradient goes."""

from functools import partial

import numpy as np

from chainrule.boundary.errors import NotApplicable, Raised
from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add, also
from chainrule.diagnosis.model import part
from chainrule.mathematics.convolution import output_length
from chainrule.mathematics.pooling import APART, OVERLAPPING, SPARSE, UNEVEN, drawn

OUT = "out[n, c, i, j] = x[n, c, s * i : s * i + size, s * j : s * j + size].max()"
SIZE = "(H - size) // stride + 1 rows, and (W - size) // stride + 1 columns"
DX = "dx[n, c, s * i + k, s * j + l] += dout[n, c, i, j], with (k, l) the place of the largest entry in the window"
forward = partial(add, chapter="pooling", mend=OUT)
backward = partial(add, chapter="pooling", mend=DX)


@part
def maxpool2d_forward(parts, x, size=2, stride=2):
    lengths = parts.mp_size(x.shape[2:], size, stride)
    return parts.mp_kept(parts.mp_windows(x, size, lengths, stride))


@part
def mp_size(parts, lengths, size, stride):
    """(H', W') for images of these lengths."""
    return tuple(output_length(length, size, stride, 0) for length in lengths)


@part
def mp_windows(parts, x, size, lengths, stride):
    """All windows, (N, C, size, size, H', W')."""
    return windows_at(x, (size, size), lengths, (stride, stride))


def windows_at(x, sides, lengths, steps):
    """The windows that begin at multiples of a step for the rows, and one for the columns."""
    rows, columns = (
        np.arange(side)[:, None] + step * np.arange(count)
        for side, count, step in zip(sides, lengths, steps, strict=True)
    )
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]


@part
def mp_kept(parts, windows):
    """What is kept of each window."""
    return windows.max(axis=(2, 3))


@part
def maxpool2d_backward(parts, dout, x, size=2, stride=2):
    return parts.mp_dx(parts.mp_routed(dout, x, size, stride), dout, x)


@part
def mp_routed(parts, dout, x, size, stride):
    """Each dout at the largest entry of its window."""
    return routed(dout, x, size, (stride, stride))


@part
def mp_dx(parts, dx, dout, x):
    """What the backward pass returns."""
    return dx


def largest(window):
    """1 at the largest entry of each window (N, C, size, size), and 0 elsewhere."""
    flat = window.reshape(*window.shape[:2], -1)
    return (np.arange(flat.shape[2]) == flat.argmax(axis=2)[..., None]).reshape(window.shape).astype(float)


def routed(dout, x, size, steps, weights=largest, replace=False):
    """dout times the weights of its window's entries, added up, or put in place of what is there."""
    found = np.zeros(x.shape)
    for i, j in np.ndindex(*dout.shape[2:]):
        top, left = steps[0] * i, steps[1] * j
        place = (..., slice(top, top + size), slice(left, left + size))
        share = weights(x[place])
        values = share * dout[:, :, i, j, None, None]
        found[place] = np.where(share != 0, values, found[place]) if replace else found[place] + values
    return found


ASKED = (*APART[:2], OVERLAPPING[0], OVERLAPPING[1], SPARSE[0], UNEVEN[0], *(kind[-1] for kind in (APART, OVERLAPPING)))


def asked(name, label):
    """Questions about one function, for several sizes and strides."""

    def questions(_setting):
        for layer in ASKED:
            case = drawn(layer, seed=7)

            def ask(actor, case=case):
                copies = [np.array(case.x)] if name == "maxpool2d_forward" else [np.array(case.dout), np.array(case.x)]
                try:
                    return actor.function(name, *copies, case.size, case.stride)
                except Raised as error:
                    if error.refused or ("reshape" in str(error) and not case.tiled):
                        raise NotApplicable(f"the code refuses this case: {error}") from None
                    raise

            yield Question(f"{name}, {case}", ask, [label])

    return questions


concern(
    "maxpool2d_forward",
    ("mp_size", "mp_windows", "mp_kept", "maxpool2d_forward"),
    asked("maxpool2d_forward", "out"),
    stages=[(frozenset({"mp_size", "mp_windows"}), frozenset({"mp_kept"}))],
)
concern(
    "maxpool2d_backward",
    ("mp_routed", "mp_dx"),
    asked("maxpool2d_backward", "dx"),
    runs=["maxpool2d_forward"],
    stages=[(frozenset({"mp_routed"}), frozenset({"mp_dx"}))],
)
about("pooling", "maxpool2d_forward", "maxpool2d_backward")

# What is kept

forward(
    "pooling-average",
    "the mean of each window is kept",
    "That is average pooling. Max pooling keeps the largest entry.",
    clause="pooling.values",
    fingerprint="mean of the window, or its sum",
    mp_kept={
        "the mean": lambda right, windows: windows.mean(axis=(2, 3)),
        "the sum": lambda right, windows: windows.sum(axis=(2, 3)),
        "the median": lambda right, windows: np.median(windows, axis=(2, 3)),
    },
)
forward(
    "pooling-smallest",
    "the smallest entry of each window is kept",
    "np.min, np.argmin or `<` in place of np.max, np.argmax or `>`.",
    clause="pooling.values",
    fingerprint="min of the window",
    mp_kept={
        "": lambda right, windows: windows.min(axis=(2, 3)),
        "with its sign changed": lambda right, windows: (-windows).max(axis=(2, 3)),
    },
)
forward(
    "pooling-magnitude",
    "the entry of the largest magnitude is kept",
    "-5 is smaller than 1: the sign belongs to the comparison.",
    clause="pooling.values",
    fingerprint="max of |x|, or the x of the largest |x|",
    mp_kept={
        "its magnitude": lambda right, windows: np.abs(windows).max(axis=(2, 3)),
        "itself": lambda right, windows: np.where(
            windows.max(axis=(2, 3)) >= -windows.min(axis=(2, 3)), windows.max(axis=(2, 3)), windows.min(axis=(2, 3))
        ),
    },
)
forward(
    "pooling-from-zero",
    "the search for the largest entry begins with zero",
    "A window of negative entries then gives 0. Begin with minus infinity, or with the first entry; padding that is to "
    "have no effect is minus infinity, too.",
    clause="pooling.values",
    mend="largest = -np.inf, or np.max(window)",
    fingerprint="max(0, max of the window)",
    mp_kept=lambda right, windows: np.maximum(right(windows), 0.0),
)
forward(
    "pooling-part-of-the-window",
    "a part of each window is left out",
    "A range or a slice ends too early.",
    clause="pooling.values",
    fingerprint="the largest without the last row, or the first entry alone",
    mp_kept={
        "the last row and column": lambda right, windows: windows[:, :, :-1, :-1].max(axis=(2, 3)),
        "the last row": lambda right, windows: windows[:, :, :-1].max(axis=(2, 3)),
        "the last column": lambda right, windows: windows[:, :, :, :-1].max(axis=(2, 3)),
        "all but the last entry": lambda right, windows: windows[:, :, -1, -1],
        "all but the first row": lambda right, windows: windows[:, :, 0].max(axis=2),
        "all but the first column": lambda right, windows: windows[:, :, :, 0].max(axis=2),
    },
)
forward(
    "pooling-over-channels",
    "the largest is taken over channels or images as well",
    "Each channel of each image is pooled by itself: axis=(2, 3) of the windows, not all of them.",
    clause="pooling.values",
    fingerprint="out[n, c] = the largest over all c, or over all n",
    mp_kept={
        "over channels": lambda right, windows: over(right(windows), 1),
        "over images": lambda right, windows: over(right(windows), 0),
        "over both": lambda right, windows: over(over(right(windows), 0), 1),
    },
)


def over(out, axis):
    """The largest along an axis, for each of its places."""
    return np.repeat(out.max(axis=axis, keepdims=True), out.shape[axis], axis=axis)


forward(
    "pooling-one-channel",
    "one channel, or one image, is used for all",
    "The index c, or n, is missing.",
    clause="pooling.values",
    fingerprint="out[n, c] = out[n, 0], or out[0, c]",
    mp_kept={
        f"the {which} {what}": lambda right, windows, axis=axis, at=at: np.repeat(
            np.take(right(windows), [at], axis=axis), windows.shape[axis], axis=axis
        )
        for what, axis in (("channel", 1), ("image", 0))
        for which, at in (("first", 0), ("last", -1))
    },
)
forward(
    "pooling-output-reshaped",
    "the output is reshaped where its axes should be turned",
    "Columns of windows have images, channels and places in an order of their own. reshape keeps the order of the "
    "numbers; transpose turns axes.",
    clause="pooling.values",
    mend="out.reshape(H', W', N, C).transpose(2, 3, 0, 1), in the order in which the columns are",
    fingerprint="(N, H', W', C) or (H', W', N, C) numbers reshaped to (N, C, H', W')",
    mp_kept={
        name: lambda right, windows, axes=axes: (out := right(windows)).transpose(axes).reshape(out.shape)
        for name, axes in {
            "(N, H', W', C)": (0, 2, 3, 1),
            "(H', W', N, C)": (2, 3, 0, 1),
            "(C, N, H', W')": (1, 0, 2, 3),
            "(N, C, W', H')": (0, 1, 3, 2),
        }.items()
    },
)

# Sizes and strides

forward(
    "pooling-size",
    "the output has one row or column too few, or too many",
    "The windows begin at 0, s, 2 s, ..., up to H - size: (H - size) // s of them, and the first one.",
    clause="pooling.shape",
    mend=SIZE,
    fingerprint="(H - size) // s places, without the 1",
    mp_size={
        "too few": lambda right, lengths, size, stride: tuple(n - 1 for n in right(lengths, size, stride)),
        "too few rows": lambda right, lengths, size, stride: tuple(np.subtract(right(lengths, size, stride), (1, 0))),
        "too few columns": lambda right, lengths, size, stride: tuple(
            np.subtract(right(lengths, size, stride), (0, 1))
        ),
    },
)
forward(
    "pooling-size-by-division",
    "the output has H // stride rows, or H // size",
    "That is right for windows side by side alone. In general there is a window at 0, s, 2 s, ..., up to H - size.",
    clause="pooling.shape",
    mend=SIZE,
    fingerprint="H // s rows, or H // size",
    variants={
        name: {
            "mp_size": lambda right, lengths, size, stride, by=by: tuple(n // by(size, stride) for n in lengths),
            "mp_windows": lambda right, x, size, lengths, stride: right(beyond(x, size), size, lengths, stride),
        }
        for name, by in {"stride": lambda size, stride: stride, "size": lambda size, stride: size}.items()
    },
)
forward(
    "pooling-size-rounded",
    "a last window that reaches beyond the image is kept",
    "What is left over at the end belongs to no window: the quotient is rounded down.",
    clause="pooling.remainder",
    mend=SIZE,
    fingerprint="ceil((H - size) / s) + 1 rows, the last of smaller windows",
    mp_size=lambda right, lengths, size, stride: tuple(-(-(n - size) // stride) + 1 for n in lengths),
    mp_windows=lambda right, x, size, lengths, stride: right(beyond(x, stride), size, lengths, stride),
)
forward(
    "pooling-sides-mixed",
    "the sizes of rows and columns are mixed up",
    "H' comes from H, and W' from W: one of them for both is right for square images alone.",
    clause="pooling.shape",
    mend=SIZE,
    fingerprint="(W - size) // s + 1 rows",
    mp_size={
        "swapped": lambda right, lengths, size, stride: right(lengths, size, stride)[::-1],
        "of the rows": lambda right, lengths, size, stride: right(lengths, size, stride)[:1] * 2,
        "of the columns": lambda right, lengths, size, stride: right(lengths, size, stride)[1:] * 2,
    },
)
forward(
    "pooling-stride-ignored",
    "the windows move by their size, or by one, and not by the stride",
    "Size and stride are often equal, and then one may stand for the other. In general windows overlap, or have gaps.",
    clause="pooling.stride",
    fingerprint="the output of stride = size, or of stride = 1",
    variants={
        name: {
            "mp_size": lambda right, lengths, size, stride, by=by: right(lengths, size, by(size)),
            "mp_windows": lambda right, x, size, lengths, stride, by=by: right(x, size, lengths, by(size)),
        }
        for name, by in {"the size": lambda size: size, "one": lambda size: 1}.items()
    },
)
forward(
    "pooling-size-ignored",
    "the windows have the stride for their size",
    "The stride says where a window begins, the size how far it reaches.",
    clause="pooling.stride",
    fingerprint="x[s i : s i + s, s j : s j + s].max()",
    mp_windows=lambda right, x, size, lengths, stride: right(beyond(x, stride), stride, lengths, stride),
)


def beyond(x, more):
    """Images with more rows and columns behind, whose entries are never the largest."""
    return np.pad(x, ((0, 0), (0, 0), (0, more), (0, more)), constant_values=-np.inf)


forward(
    "pooling-windows-not-strided",
    "the windows begin at i, not at i times the stride",
    "The size of the output knows the stride, the windows do not.",
    clause="pooling.values",
    fingerprint="x[i : i + size, j : j + size].max() for a stride of 2",
    mp_windows={
        "both ways": lambda right, x, size, lengths, stride: windows_at(x, (size, size), lengths, (1, 1)),
        "the rows": lambda right, x, size, lengths, stride: windows_at(x, (size, size), lengths, (1, stride)),
        "the columns": lambda right, x, size, lengths, stride: windows_at(x, (size, size), lengths, (stride, 1)),
        "i times the size": lambda right, x, size, lengths, stride: windows_at(
            beyond(x, size),
            (size, size),
            lengths,
            (size, size),
        ),
    },
)

# What shows in no numbers

forward(
    "pooling-integers",
    "whole numbers are pooled to other numbers",
    "Bytes have no minus infinity, and -1 as a byte is 255.",
    clause="pooling.integers",
    fingerprint="another output for x of uint8 than for the same numbers as floats",
    broken="pooling.integers",
    lines=("np.full(shape, -np.inf).astype(x.dtype)", "np.full(shape, -np.inf)"),
)
forward(
    "pooling-storage",
    "arrays stored in another order are read wrong",
    "as_strided with strides for an array that is stored by rows, or ravel(order='K'), reads other entries of an array "
    "that is stored in another way.",
    clause="pooling.storage",
    fingerprint="np.asfortranarray(x) gives another output than x",
    broken="pooling.storage",
    lines=(
        "np.lib.stride_tricks.as_strided(x, shape, strides_by_hand)",
        "np.lib.stride_tricks.sliding_window_view(x, ...)",
    ),
)
forward(
    "pooling-arguments-changed",
    "max pooling writes into its argument or its cache",
    "A window is a view of the image: what is written into it is written into the image.",
    clause="pooling.arguments_kept",
    fingerprint="after the call x, dout or an array in the cache has changed",
    broken="pooling.arguments_kept",
    lines=("window[window < window.max()] = 0", "mask = window == window.max()"),
)

# The gradient

backward(
    "pooling-ties-all",
    "each of several largest entries gets the whole gradient",
    "A mask `window == window.max()` is true for all of them. One may get it (np.argmax), or they share it: "
    "mask / mask.sum(). In images that come out of a ReLU, windows of zeros are common.",
    clause="pooling.ties",
    mend="np.argmax of the window, or mask / mask.sum()",
    fingerprint="dx of a window of k equal entries sums to k dout",
    broken="pooling.ties",
    lines=("dx[window] += (x[window] == out) * dout", "dx[window][argmax] += dout"),
)
backward(
    "pooling-gradient-everywhere",
    "all entries of a window get a gradient",
    "Only the largest entry moves the output. Equal shares belong to average pooling.",
    clause="pooling.routing",
    fingerprint="dx[window] = dout, or dout / size^2",
    mp_routed={
        "whole": lambda right, dout, x, size, stride: routed(dout, x, size, (stride, stride), np.ones_like),
        "in equal shares": lambda right, dout, x, size, stride: routed(
            dout, x, size, (stride, stride), lambda window: np.full(window.shape, 1 / window[0, 0].size)
        ),
        "to all but the largest": lambda right, dout, x, size, stride: routed(
            dout, x, size, (stride, stride), lambda window: 1 - largest(window)
        ),
    },
)
backward(
    "pooling-gradient-elsewhere",
    "the gradient goes to another entry than the largest",
    "The place of the largest entry in the window is row `index // size`, column `index % size`, counted from where "
    "the window begins.",
    clause="pooling.routing",
    fingerprint="dout at the smallest entry, at the first, or at row and column swapped",
    mp_routed={
        name: lambda right, dout, x, size, stride, of=of: routed(dout, x, size, (stride, stride), of)
        for name, of in {
            "the smallest": lambda window: largest(-window),
            "the largest magnitude": lambda window: largest(np.abs(window)),
            "row and column swapped": lambda window: largest(window).transpose(0, 1, 3, 2),
            "the first": lambda window: np.broadcast_to(first_of(window.shape[2]), window.shape),
            "counted from the end": lambda window: largest(window)[:, :, ::-1, ::-1],
        }.items()
    },
)


def first_of(size):
    """A window that is 1 in its first entry."""
    found = np.zeros((size, size))
    found[0, 0] = 1.0
    return found


backward(
    "pooling-gradient-overwritten",
    "windows that overlap replace each other in dx",
    "An entry may be the largest of several windows, and their gradients add up: `+=`, not `=`.",
    clause="pooling.overlaps",
    fingerprint="dx of the last window that kept the entry",
    mp_routed={
        "at the largest entries": lambda right, dout, x, size, stride: routed(
            dout, x, size, (stride, stride), replace=True
        ),
        "in the whole window": lambda right, dout, x, size, stride: overwritten(dout, x, size, stride),
        "place by place": lambda right, dout, x, size, stride: replaced(dout, x, size, stride),
    },
)


def overwritten(dout, x, size, stride):
    """Each window of dx is the mask times dout, whatever was there."""
    found = np.zeros(x.shape)
    for i, j in np.ndindex(*dout.shape[2:]):
        place = (..., slice(stride * i, stride * i + size), slice(stride * j, stride * j + size))
        found[place] = largest(x[place]) * dout[:, :, i, j, None, None]
    return found


def replaced(dout, x, size, stride):
    """For each place in the window, dout of the windows that kept it, whatever was there."""
    found, (high, wide) = np.zeros(x.shape), dout.shape[2:]
    windows = windows_at(x, (size, size), (high, wide), (stride, stride))
    kept = windows.reshape(*x.shape[:2], size * size, high, wide).argmax(axis=2)
    for k, l in np.ndindex(size, size):
        rows, columns = slice(k, k + stride * high, stride), slice(l, l + stride * wide, stride)
        found[:, :, rows, columns] = (kept == k * size + l) * dout
    return found


backward(
    "pooling-gradient-of-neighbours",
    "the windows of the backward pass begin elsewhere",
    "The windows of the backward pass are those of the forward pass: they begin at stride i.",
    clause="pooling.routing",
    fingerprint="dout at the largest entry of x[i : i + size, j : j + size]",
    mp_routed={
        name: lambda right, dout, x, size, stride, steps=steps: routed(dout, x, size, steps(size, stride))
        for name, steps in {
            "at i": lambda size, stride: (1, 1),
            "at size times i": lambda size, stride: (size, size),
            "at i, in rows": lambda size, stride: (1, stride),
            "at j, in columns": lambda size, stride: (stride, 1),
        }.items()
    },
)
backward(
    "pooling-gradient-in-part",
    "dx is that of a part of the windows, channels or images",
    "Every dout goes somewhere. `=` in place of `+=`, or a loop that ends too early, loses some.",
    clause="pooling.routing",
    fingerprint="dx of the last image, channel or window alone",
    mp_routed={
        name: lambda right, dout, x, size, stride, only=only: right(dout * only(dout.shape), x, size, stride)
        for name, only in {
            "the last image": lambda shape: last_of(shape, 0),
            "the first image": lambda shape: last_of(shape, 0)[::-1],
            "the last channel": lambda shape: last_of(shape, 1),
            "the first channel": lambda shape: last_of(shape, 1)[:, ::-1],
            "the last window": lambda shape: last_of(shape, 2) * last_of(shape, 3),
            "all but the last row": lambda shape: 1 - last_of(shape, 2),
            "all but the last column": lambda shape: 1 - last_of(shape, 3),
        }.items()
    },
)


def last_of(shape, axis):
    """1 at the last place along an axis, and 0 before it."""
    found = np.zeros(shape)
    found[(slice(None),) * axis + (-1,)] = 1.0
    return found


backward(
    "pooling-gradient-times-input",
    "the gradient contains the entry that was kept",
    "The derivative of the largest entry by itself is 1: dout goes there as it is.",
    clause="pooling.routing",
    fingerprint="dx = x where it was kept, dout x, or 1",
    mp_routed={
        "dout times it": lambda right, dout, x, size, stride: right(dout, x, size, stride) * x,
        "it alone": lambda right, dout, x, size, stride: (right(np.ones(dout.shape), x, size, stride) != 0) * x,
        "1 in place of dout": lambda right, dout, x, size, stride: right(np.ones(dout.shape), x, size, stride),
    },
)
backward(
    "pooling-gradient-scaled",
    "dx has a factor that does not belong to it",
    "The derivative is 1, and the 1/N of a mean loss is in dout already.",
    clause="pooling.routing",
    fingerprint="dx / N, -dx, 2 dx",
    mp_dx={
        name: lambda right, dx, dout, x, f=f: dx * f(dout)
        for name, f in {
            "1/N": lambda dout: 1 / len(dout),
            "N": len,
            "-1": lambda dout: -1.0,
            "2": lambda dout: 2.0,
            "1/2": lambda dout: 0.5,
            "1/4": lambda dout: 0.25,
            "0": lambda dout: 0.0,
        }.items()
    },
)

also("cache-stale", broken=["pooling.caches"])
also("gradient-buffers-reused", broken=["pooling.results_kept"])
also("layer-gradients-accumulate", broken=["pooling.repeatable"])
