"""Parameters moved one entry at a time, for finite differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moves:
    """A network's parameters, in which each listed entry of one array moves by each step, one at a time.

    group: 0 for the weights, 1 for the biases.  layer: the array's layer.  entries: the indices of the entries.
    """

    weights: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]
    group: int
    layer: int
    entries: Sequence[tuple[int, ...]]
    steps: Sequence[float]

    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """A copy of the parameters before any move."""
        return [array.copy() for array in self.weights], [array.copy() for array in self.biases]

    def parameters(self) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
        """A copy of the parameters after each move, all steps of the first entry first."""
        for index in self.entries:
            for step in self.steps:
                moved = self.start()
                moved[self.group][self.layer][index] += step
                yield moved
