"""Parameters moved one entry at a time, as finite differences ask for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moves:
    """The parameters of a network, in which each entry of one array moves by each of the steps, one at a time.

    group: 0 for the weights, 1 for the biases.  layer: whose.  entries: their indices.
    """

    weights: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]
    group: int
    layer: int
    entries: Sequence[tuple[int, ...]]
    steps: Sequence[float]

    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The parameters before any move, as arrays of their own."""
        return [array.copy() for array in self.weights], [array.copy() for array in self.biases]

    def parameters(self) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
        """The parameters after each move, all steps of the first entry first; every time as arrays of their own."""
        for index in self.entries:
            for step in self.steps:
                moved = self.start()
                moved[self.group][self.layer][index] += step
                yield moved
