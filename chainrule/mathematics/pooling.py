"""The pooling chapter: the cases of its specs, and their exact values with error bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.convolution import output_length
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, Pair, gamma

GAP = 2.0**-4  # between the entries of an image, which all differ


class Layer(NamedTuple):
    """N images with C channels, (H, W), and the size and the stride of the windows."""

    samples: int
    channels: int
    height: int
    width: int
    size: int
    stride: int


# Lengths and channels all differ, so that a mix-up of two of them shows; the last ones take square images.
APART = (Layer(1, 2, 4, 6, 2, 2), Layer(3, 2, 9, 6, 3, 3), Layer(2, 3, 4, 8, 2, 2), Layer(2, 3, 4, 4, 2, 2))
UNEVEN = (Layer(1, 2, 5, 7, 2, 2), Layer(2, 3, 8, 7, 3, 3), Layer(2, 3, 5, 5, 2, 2))
OVERLAPPING = (Layer(1, 2, 3, 5, 2, 1), Layer(2, 3, 7, 5, 3, 2), Layer(1, 4, 6, 5, 3, 1), Layer(2, 3, 4, 4, 2, 1))
SPARSE = (Layer(1, 2, 5, 8, 2, 3), Layer(3, 2, 7, 5, 1, 2), Layer(2, 3, 5, 5, 2, 3))


@dataclass(frozen=True)
class Case:
    """A layer's x (N, C, H, W), the size and the stride of its windows, and dout (N, C, H', W')."""

    x: np.ndarray
    dout: np.ndarray
    size: int
    stride: int

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, size {self.size}, stride {self.stride}"

    @property
    def inputs(self) -> tuple[np.ndarray, int, int]:
        return self.x, self.size, self.stride

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(N, C, H', W')"""
        lengths = (output_length(length, self.size, self.stride, 0) for length in self.x.shape[2:])
        return (*self.x.shape[:2], *lengths)

    @property
    def tiled(self) -> bool:
        """Whether the windows lie side by side and cover the image."""
        return self.stride == self.size and not any(length % self.size for length in self.x.shape[2:])

    def windows(self) -> Iterator[tuple[tuple[int, int], tuple[slice, ...]]]:
        """((i, j), where the entries of that window lie)."""
        for i, j in np.ndindex(*self.output_shape[2:]):
            top, left = self.stride * i, self.stride * j
            yield (i, j), (slice(None), slice(None), slice(top, top + self.size), slice(left, left + self.size))


def drawn(layer: Layer, seed: int = 0) -> Case:
    """A random case on the grid, whose entries differ by GAP at least, and are of both signs."""
    rng = np.random.default_rng([seed, *layer])
    shape = layer[:4]
    count = int(np.prod(shape))
    x = GAP * (rng.permutation(count) - count // 2).reshape(shape)
    case = Case(x, x, layer.size, layer.stride)
    return Case(x, grid(rng.normal(size=case.output_shape)), layer.size, layer.stride)


def analyse(case: Case, u: float) -> tuple[Pair, Pair]:
    """(out, dx) with their errors, for a case without ties, in arithmetic of unit roundoff u: rounding.pooling."""
    u = u + UNIT_ROUNDOFF["float64"]
    x = np.asarray(case.x, np.float64)
    out, dx, size = np.empty(case.output_shape), np.zeros(x.shape), np.zeros(x.shape)
    for (i, j), place in case.windows():
        out[:, :, i, j] = x[place].max(axis=(2, 3))
        kept = x[place] == out[:, :, i, j, None, None]
        dx[place] += kept * case.dout[:, :, i, j, None, None]
        size[place] += kept * np.abs(case.dout[:, :, i, j, None, None])
    return (out, u * np.abs(out)), (dx, gamma(case.size**2 + 4, u) * size)
