"""The layers chapter: the cases of its specs, and their exact values with error bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.mathematics.cases import grid
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, Pair, affine, batch_sum, exactly, product


@dataclass(frozen=True)
class AffineAnalysis:
    """An affine layer's exact output and gradients, each with the error it may carry.

    The gradients are those of sum(dout out), as `affine_backward` returns them.
    """

    out: Pair
    dx: Pair
    dw: Pair
    db: Pair

    @property
    def gradients(self) -> tuple[Pair, Pair, Pair]:
        return self.dx, self.dw, self.db


def analyse_affine(x: np.ndarray, w: np.ndarray, b: np.ndarray, dout: np.ndarray, u: float) -> AffineAnalysis:
    """Exact values and error bounds of an affine layer in arithmetic of unit roundoff u: rounding.layers.

    x: (N, d[1], ..., d[k]); w: (D, M); b: (M,); dout: (N, M).
    """
    out = affine_output(x, w, b, u)
    u, rows = u + UNIT_ROUNDOFF["float64"], x.reshape(len(x), len(w))
    dx, dx_error = product(exactly(dout), exactly(w.T), u)
    return AffineAnalysis(
        out=out,
        dx=(dx.reshape(x.shape), dx_error.reshape(x.shape)),
        dw=product(exactly(rows.T), exactly(dout), u),
        db=batch_sum(exactly(dout), u),
    )


def affine_output(x: np.ndarray, w: np.ndarray, b: np.ndarray, u: float) -> Pair:
    """The affine layer's output and its error bound."""
    rows = x.reshape(len(x), len(w))
    return affine(exactly(rows), exactly(w), exactly(b), u + UNIT_ROUNDOFF["float64"])


@dataclass(frozen=True)
class LayerCase:
    """An affine layer's inputs, x (N, d[1], ..., d[k]), w (D, M) and b (M,), and a gradient dout (N, M) by its output,
    all on the grid.
    """

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, {self.w.shape[1]} outputs"


def layer_case(shape: tuple[int, ...], outputs: int, seed: int = 0) -> LayerCase:
    """A random layer case: x has this shape (N, d[1], ..., d[k]), the layer has M = `outputs`."""
    rng = np.random.default_rng([seed, outputs, *shape])
    inputs = int(np.prod(shape[1:]))
    shapes = (shape, (inputs, outputs), (outputs,), (shape[0], outputs))
    return LayerCase(*(grid(rng.normal(size=shape)) for shape in shapes))
