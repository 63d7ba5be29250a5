"""A training, and its network's results on the test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.training.loop import (
    Training,
    confusion_matrix,
)


@dataclass(frozen=True)
class TrainingOutcome:
    """A training and its network's results on the test set: the data of the report and the picture."""

    training: Training
    test_probabilities: NDArray[np.floating]
    test_y: NDArray[np.integer]
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.integer]:
        return self.test_probabilities.argmax(axis=1)

    @property
    def test_accuracy(self) -> float:
        return float(np.mean(self.predicted == self.test_y))

    @property
    def confusion(self) -> NDArray[np.int64]:
        return confusion_matrix(self.test_y, self.predicted, len(self.class_names))
