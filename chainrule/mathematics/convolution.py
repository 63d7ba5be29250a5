"""The convolution chapter: the cases of its specs, and their exact values with error bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, Pair, gamma

FAST = 256  # roundings counted for a product by the fast Fourier transform: rounding.convolution


class Sizes(NamedTuple):
    """The sizes of a layer: N images with C channels, (H, W), and F filters of (HH, WW)."""

    samples: int
    channels: int
    height: int
    width: int
    filters: int
    rows: int
    columns: int


# The channels, filters and lengths of a layer all differ, so that a mix-up of two of them shows.
WIDE, TALL, LONG, SHORT = (
    *(Sizes(7, 2, 6, 8, 5, 3, 4), Sizes(1, 3, 7, 5, 2, 4, 1)),
    *(Sizes(2, 3, 9, 8, 4, 2, 5), Sizes(3, 2, 5, 6, 1, 3, 4)),
)
SMALL = Sizes(1, 2, 4, 6, 3, 1, 5)  # its arrays fit on a page
SINGLE = Sizes(3, 1, 4, 5, 1, 2, 3)  # one channel and one filter
SQUARE = Sizes(2, 2, 5, 5, 4, 3, 3)  # for code that takes no others
Geometry = tuple[Sizes, int, int]  # sizes, stride and padding
PLAIN: tuple[Geometry, ...] = ((SMALL, 1, 0), (WIDE, 1, 0), (TALL, 1, 0), (SINGLE, 1, 0), (SQUARE, 1, 0))
STRIDED: tuple[Geometry, ...] = ((SMALL, 2, 0), (LONG, 2, 0), (TALL, 3, 0), (WIDE, 2, 0), (SQUARE, 2, 0))
PADDED: tuple[Geometry, ...] = (
    (SMALL, 1, 3),
    (SHORT, 1, 1),
    (TALL, 1, 2),
    (LONG, 2, 1),
    (SHORT, 3, 2),
    (SQUARE, 1, 1),
    (SQUARE, 2, 1),
)
ONE_BY_ONE: tuple[Geometry, ...] = ((Sizes(2, 3, 2, 4, 5, 1, 1), 1, 0), (Sizes(1, 2, 4, 4, 3, 1, 1), 1, 0))
FULL_SIZE: tuple[Geometry, ...] = ((Sizes(1, 2, 3, 4, 5, 3, 4), 1, 0), (Sizes(2, 1, 3, 3, 4, 3, 3), 1, 0))
USUAL: tuple[Geometry, ...] = ((SMALL, 1, 0), (SHORT, 1, 0), (LONG, 2, 1), (TALL, 1, 2), (SQUARE, 1, 1), (SQUARE, 1, 0))


def output_length(length: int, window: int, stride: int, pad: int) -> int:
    """How many windows fit along an axis: convolution.shape."""
    return (length + 2 * pad - window) // stride + 1


@dataclass(frozen=True)
class Case:
    """A layer's x (N, C, H, W), w (F, C, HH, WW) and b (F,), its stride and padding, and dout (N, F, H', W')."""

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray
    stride: int = 1
    pad: int = 0

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, w of shape {self.w.shape}, stride {self.stride}, pad {self.pad}"

    @property
    def inputs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
        return self.x, self.w, self.b, self.stride, self.pad

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        """(N, F, H', W')"""
        high, wide = (
            output_length(length, window, self.stride, self.pad)
            for length, window in zip(self.x.shape[2:], self.w.shape[2:], strict=True)
        )
        return len(self.x), len(self.w), high, wide

    def probing_inputs(self) -> Case:
        """The layer without bias, for images that are 1 in a single entry: one for each entry of an image."""
        count = self.x[0].size
        return replace(self, x=np.eye(count).reshape(count, *self.x.shape[1:]), b=np.zeros(len(self.b)))

    def probing_filters(self) -> Case:
        """The layer with filters that are 1 in a single entry, one for each entry of a filter, and without bias."""
        count = self.w[0].size
        return replace(self, w=np.eye(count).reshape(count, *self.w.shape[1:]), b=np.zeros(count))


def drawn(geometry: Geometry, seed: int = 0) -> Case:
    """A random case on the grid."""
    sizes, stride, pad = geometry
    rng = np.random.default_rng([seed, *sizes, stride, pad])
    x, w, b = (
        grid(rng.normal(size=shape))
        for shape in (
            (sizes.samples, sizes.channels, sizes.height, sizes.width),
            (sizes.filters, sizes.channels, sizes.rows, sizes.columns),
            sizes.filters,
        )
    )
    case = Case(x, w, b, b, stride, pad)
    return replace(case, dout=grid(rng.normal(size=case.output_shape)))


def windows(case: Case, x: np.ndarray) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
    """(k, l, where the entries lie that w[:, :, k, l] multiplies) in padded images."""
    *_, high, wide = case.output_shape
    for k, l in np.ndindex(*case.w.shape[2:]):
        rows, columns = slice(k, k + case.stride * high, case.stride), slice(l, l + case.stride * wide, case.stride)
        yield k, l, (slice(None), slice(None), rows, columns)


def padded(case: Case) -> np.ndarray:
    """x with zeros around it."""
    p = case.pad
    return np.pad(np.asarray(case.x, np.float64), ((0, 0), (0, 0), (p, p), (p, p)))


def output(case: Case) -> np.ndarray:
    """The sums of products as they stand, plus the bias."""
    x, out = padded(case), np.zeros(case.output_shape) + np.reshape(case.b, (-1, 1, 1))
    for k, l, place in windows(case, x):
        out += np.einsum("nchw,fc->nfhw", x[place], case.w[:, :, k, l])
    return out


@dataclass(frozen=True)
class Analysis:
    """What a layer makes of a case, each quantity with the error that it may carry."""

    out: Pair
    dx: Pair
    dw: Pair
    db: Pair

    @property
    def gradients(self) -> tuple[Pair, Pair, Pair]:
        return self.dx, self.dw, self.db


def analyse(case: Case, u: float) -> Analysis:
    """Exact values of a case and error bounds for arithmetic of unit roundoff u: rounding.convolution."""
    u = u + UNIT_ROUNDOFF["float64"]
    x = padded(case)
    dx, dw = np.zeros(x.shape), np.zeros(case.w.shape)
    for k, l, place in windows(case, x):
        dx[place] += np.einsum("nfhw,fc->nchw", case.dout, case.w[:, :, k, l])
        dw[:, :, k, l] = np.einsum("nfhw,nchw->fc", case.dout, x[place])
    p, (height, width) = case.pad, case.x.shape[2:]
    filters, (rows, columns) = len(case.w), case.w.shape[2:]
    sums = np.abs(case.dout).sum(axis=(0, 2, 3))
    dx_bound = relative(filters * rows * columns, u) * np.outer(length(case.dout, 0), size(case.w, 1))
    dw_bound = relative(case.dout[:, 0].size, u) * np.outer(sums, length(case.x, 1))
    return Analysis(
        (output(case), output_error(case, u)),
        (dx[:, :, p : p + height, p : p + width], spread(dx_bound, case.x.shape)),
        (dw, spread(dw_bound, case.w.shape)),
        (case.dout.sum(axis=(0, 2, 3)), gamma(case.dout[:, 0].size + 8, u) * sums),
    )


def output_error(case: Case, u: float) -> np.ndarray:
    """How far a computed output may be off."""
    products = np.outer(length(case.x, 0), size(case.w, 0)) + np.abs(case.b)
    return spread(relative(case.w[0].size, u) * products, case.output_shape)


def relative(terms: int, u: float) -> float:
    """The error of a sum of so many products, in units of the sizes of its factors."""
    return gamma(terms + FAST, u)


def length(array: np.ndarray, axis: int) -> np.ndarray:
    """The root of the sum of squares of each slice along an axis."""
    others = tuple(i for i in range(array.ndim) if i != axis)
    return np.sqrt((np.asarray(array, np.float64) ** 2).sum(axis=others))


def size(array: np.ndarray, axis: int) -> np.ndarray:
    """The sum of magnitudes of each slice along an axis."""
    return np.abs(array).sum(axis=tuple(i for i in range(array.ndim) if i != axis))


def spread(bound: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A bound for each pair of the first two axes, for all entries of a shape."""
    return np.broadcast_to(bound[:, :, None, None], shape).copy()
