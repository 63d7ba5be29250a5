"""The schedules chapter: the arguments that its specs use, and bounds on the error of a computed rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.mathematics.rounding import ELEMENTARY, gamma

RATES = (0.5, 0.3125, 2.0**-7)  # exact in float32
DROPS = ((0.5, 10), (0.75, 3), (0.125, 1), (1.0, 4))  # (drop, every)
LENGTHS = (10, 7, 60, 1)  # epochs in half a wave


@dataclass(frozen=True)
class Schedule:
    """A schedule to check: the operation, its arguments, and the epochs whose rates are compared."""

    operation: str
    arguments: tuple[float, ...]
    epochs: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(f'{argument:g}' for argument in self.arguments)})"

    def rate(self, epoch: int) -> float:
        """The rate in an epoch, by the formula."""
        lr = self.arguments[0]
        if self.operation == "step_decay":
            return float(lr * self.arguments[1] ** (epoch // self.arguments[2]))
        return lr / 2 * (1 + math.cos(math.pi * epoch / self.arguments[1])) if self.operation == "cosine" else lr

    def error(self, epoch: int, u: float) -> float:
        """How far a rate computed in arithmetic of unit roundoff u may lie from it: rounding.schedules."""
        lr = self.arguments[0]
        if self.operation == "step_decay":
            k, drop = epoch // int(self.arguments[2]), self.arguments[1]
            return gamma(k + ELEMENTARY + 2 + (ELEMENTARY + 1) * abs(k * math.log(drop)), u) * lr * drop**k
        return lr / 2 * gamma(3 * math.pi + ELEMENTARY + 6, u) if self.operation == "cosine" else 0.0

    def times(self, factor: float) -> Schedule:
        """The same schedule with its first rate multiplied by a factor."""
        return Schedule(self.operation, (factor * self.arguments[0], *self.arguments[1:]), self.epochs)


CONSTANT = tuple(Schedule("constant", (lr,), (0, 1, 2, 7, 1000)) for lr in RATES)
STEPS = tuple(
    Schedule("step_decay", (lr, drop, every), tuple(range(3 * every + 2))) for lr in RATES for drop, every in DROPS
)
WAVES = tuple(Schedule("cosine", (lr, total), tuple(range(total + 1))) for lr in RATES for total in LENGTHS)
ALL = (*CONSTANT, *STEPS, *WAVES)
IN_TRAINING = (Schedule("step_decay", (0.5, 0.5, 1), (0, 1, 2)), Schedule("cosine", (0.5, 4), (0, 1, 2)))
