"""How to call an operation: its function, and the place of the answer in the result or the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.host.recognition.results import samples
from chainrule.host.recognition.structures import Path


class NotThisWay(Exception):
    """A candidate does not compute the operation.  str(): why."""


@dataclass(frozen=True)
class Plan:
    """How to call an operation.

    operation: its name.  name: of the function.  path: to the answer in the function's result, or in the network.
    paths: to the gradients, of the weights and of the biases.
    taken: {parameter: the role or name of its value}.
    how: for a forward pass, `losses` if its output is read from losses, `kept` if the network keeps it when it computes
    a loss; for a loss, `whole` if it takes all that the forward pass returns; for gradients, `returned`,
    `attributes` or `update`; for training, `batches`, `whole` (the data in one step), `single` (one sample a step) or
    `update` (by a function that makes one update).
    """

    operation: str
    name: str
    path: Path = ()
    paths: tuple[tuple[Path, ...], ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    how: str = ""
    inside: bool = False  # whether path starts from the network instead of from the result
    repeated: bool = False  # whether one call trains for one epoch
    turned: bool = False  # whether gradients of weights lie transposed, as the code's own update takes them
    form: str = ""  # of the labels that a loss takes through which the output is read

    def __str__(self) -> str:
        arguments = ", ".join(parameter for parameter, _ in self.taken)
        return f"{self.name}({arguments})"


@dataclass(frozen=True)
class TrainingArguments:
    """The arguments of fit.  x: inputs and y: labels, in the code's own conventions; y is None if x has both."""

    x: Any
    y: Any
    epochs: int
    batch_size: int
    lr: float
    seed: int

    @property
    def samples(self) -> int:
        if self.y is not None:
            return samples(self.x, self.y)
        return samples(*self.x) if isinstance(self.x, tuple) else len(self.x)
