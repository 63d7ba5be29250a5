"""Cases of the layers chapter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.mathematics.cases import grid


@dataclass(frozen=True)
class LayerCase:
    """An affine layer's inputs, x (N, d[1], ..., d[k]), w (D, M) and b (M,), and a gradient dout (N, M) by its output,
    all of them on the grid.
    """

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, {self.w.shape[1]} outputs"


def layer_case(shape: tuple[int, ...], outputs: int, seed: int = 0) -> LayerCase:
    """A layer for x of shape (N, d[1], ..., d[k]) with that many outputs."""
    rng = np.random.default_rng([seed, outputs, *shape])
    inputs = int(np.prod(shape[1:]))
    shapes = (shape, (inputs, outputs), (outputs,), (shape[0], outputs))
    return LayerCase(*(grid(rng.normal(size=shape)) for shape in shapes))
