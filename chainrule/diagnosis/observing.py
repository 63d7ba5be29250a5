"""An implementation as one who is asked: its answers to questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Cache, Handle
from chainrule.boundary.errors import Raised
from chainrule.contract.chapters import OPERATIONS
from chainrule.diagnosis.actors import Question, Reply
from chainrule.mathematics.comparison import Failure

Answered = tuple[Question, Reply]


class Observed:
    """An implementation as an `actors.Actor`, behind its boundary."""

    def __init__(self, impl: Boundary) -> None:
        self.impl = impl
        self.parameters, self.forward, self.loss = impl.parameters, impl.forward, impl.loss
        self.predict, self.backward, self.step = impl.predict, impl.backward, impl.step

    def function(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        if OPERATIONS[name].undoes:
            return self.there_and_back(name, *arguments)[1]
        return arrays_of(getattr(self.impl, name)(*arguments))

    def there_and_back(self, backward: str, dout: np.ndarray, *arguments: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        *found, cache = getattr(self.impl, OPERATIONS[backward].undoes)(*arguments)
        return found, arrays_of(getattr(self.impl, backward)(dout, cache))

    def network(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Handle:
        model = self.impl.create([len(weights[0]), *(len(b) for b in biases)], seed=0)
        self.impl.assign(model, weights, biases)
        return model

    def fit(self, model: Handle, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float) -> Any:
        return self.impl.fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=0)


def arrays_of(found: Any) -> list[Any]:
    """The arrays that a function returned, without its cache."""
    return [one for one in (found if isinstance(found, tuple) else [found]) if not isinstance(one, Cache)]


class InColumns(Observed):
    """The same for functions that take a sample in each column."""

    def function(self, name: str, *arguments: np.ndarray) -> Sequence[Any]:
        return [np.transpose(found) for found in super().function(name, *map(np.transpose, arguments))]


def observe(impl: Boundary, questions: Sequence[Question], actor: Observed | None = None) -> list[Answered]:
    """The implementation's answers, without those that it cannot be asked for.  actor: who asks it."""
    actor, found = actor or Observed(impl), list[Answered]()
    for question in questions:
        try:
            arrays = tuple(np.array(array, np.float64) for array in question.ask(actor))
        except SkipTest:
            continue
        except (Raised, Failure, ValueError, TypeError):
            found.append((question, Reply(raised=True)))
        else:
            found.append((question, Reply(arrays)))
    return found
