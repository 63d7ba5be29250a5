"""How an operation is done: by which function, and where in its result or in the network the answer stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.host.recognition.results import samples
from chainrule.host.recognition.structures import Path


class NotThisWay(Exception):
    """A candidate for an operation turns out not to be it.  str(): why."""


@dataclass(frozen=True)
class Site:
    """How an operation is done.

    operation: what.  name: of the function.  path: where in its result, or else in the network, the answer stands.
    paths: of the gradients, those of the weights and those of the biases.
    taken: what its parameters are given.
    how: for gradients, `returned`, `attributes` or `update`; for training, `batches`, `whole` (the data in one step),
    `single` (one sample a step) or `update` (by a function that makes one update).
    """

    operation: str
    name: str
    path: Path = ()
    paths: tuple[tuple[Path, ...], ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    how: str = ""
    inside: bool = False  # whether path starts from the network instead of from the result
    repeated: bool = False  # whether one call trains for one epoch

    def __str__(self) -> str:
        arguments = ", ".join(parameter for parameter, _ in self.taken)
        return f"{self.name}({arguments})"


@dataclass(frozen=True)
class Training:
    """What fit is asked for.  x: inputs and y: labels, in the code's own conventions; y is None where x has both."""

    x: Any
    y: Any
    epochs: int
    batch_size: int
    lr: float
    seed: int

    @property
    def samples(self) -> int:
        return len(self.x) if self.y is None else samples(self.x, self.y)
