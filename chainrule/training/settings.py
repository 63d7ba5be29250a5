"""The hyperparameters of `chainrule train`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Settings:
    """The hyperparameters of one training.  Raises ValueError, naming the option, for a value that cannot be used.

    The defaults, of the plain model, were chosen by accuracy on validation images, never on the test set;
    benchmarks/models.py measures their accuracy.  At this rate the network finally fits its training images, and the
    noise of SGD vanishes with their gradients, so that the last epoch is as good as any; at a rate of 0.5 the loss
    still jumps at the end.  The batch size divides the number of images, which avoids a noisy last step on a few
    images.
    """

    hidden: tuple[int, ...] = (256, 128)
    epochs: int = 60
    batch_size: int = 200
    lr: float = 0.3
    seed: int = 0
    dtype: str = "float32"
    validation: int = 5_000

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", tuple(self.hidden))
        _require(
            "--hidden", "sizes of at least 1", " ".join(map(str, self.hidden)), all(size >= 1 for size in self.hidden)
        )
        _require("--epochs", "a number of at least 0", self.epochs, self.epochs >= 0)
        _require("--batch-size", "a number of at least 1", self.batch_size, self.batch_size >= 1)
        _require("--lr", "a positive, finite number", self.lr, 0 < self.lr < np.inf)
        _require("--seed", "a number of at least 0", self.seed, self.seed >= 0)
        _require("--dtype", "float32 or float64", self.dtype, self.dtype in ("float32", "float64"))
        _require("--validation", "a number of at least 0", self.validation, self.validation >= 0)


def _require(option: str, expected: str, found: object, holds: bool) -> None:
    if not holds:
        raise ValueError(f"{option}: expected {expected}, found {found}")
