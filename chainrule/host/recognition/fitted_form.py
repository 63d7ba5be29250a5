"""A class whose objects get parameters only from data: in training, or in an initialization that takes a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Known, Unbound, bind
from chainrule.host.recognition.forms import ClassForm, Held
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.slots import Fold, keeps_matrices
from chainrule.host.recognition.surroundings import keeps_number, roles_kept, set_attributes

STILL = (0.0, 5e-324)  # learning rates at which training leaves the initial parameters as they are
LAYOUTS: tuple[Callable[[Any, Any, int], tuple[Any, Any]], ...] = (
    lambda x, y, k: (x, y),
    lambda x, y, k: (x, np.eye(k)[y]),
    lambda x, y, k: (x.T, np.eye(k)[y].T),
    lambda x, y, k: (x.T, y),
    lambda x, y, k: (x, y[:, None]),
)


class FittedForm(ClassForm):
    """A class whose training makes the parameters, with sizes that it takes from the data.

    chainrule makes a network by training for one epoch at a learning rate of zero.  Training that makes new parameters
    at every call cannot start from given ones, and is not called again.
    """

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        self.trainer = ""
        super().__init__(name, cls, namespace, fold)
        if self.trainer:
            self.title = f"class {name}, whose {self.trainer} makes new parameters at every call,"

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        made = super().made(sizes, seed)
        if not self.initializer and not self.fill_by_training(made, sizes):
            raise Unbound("no training gives its objects weights and biases")
        return made

    def fill_by_training(self, made: Any, sizes: Sequence[int]) -> bool:
        """Give an object its parameters by a training that changes none.  Returns whether it has some.

        What a training leaves beside the matrices that an object had before is not a bias.
        """
        if keeps_matrices(made, sizes):
            return False
        for name, method in ranked("fit", methods_of(made)):
            if self.trainer in ("", name) and self.fill(made, method, sizes):
                self.trainer = name
                return True
        return False

    def initialize(self, made: Any, method: Any, sizes: Sequence[int], seed: int) -> None:
        super().initialize(made, method, sizes, seed)
        if not self.has_weights(made, sizes):
            self.call_with_data(made, method, sizes, {})

    def fill(self, made: Any, method: Any, sizes: Sequence[int]) -> bool:
        """Train without a change, so that an object has parameters now.  Returns whether it has."""
        kept = roles_kept(made)
        for lr in STILL:
            set_attributes(made, {"lr": lr, "epochs": 1})
            if self.call_with_data(made, method, sizes, {"lr": lr, "epochs": 1}):
                set_attributes(made, kept)
                return True
        set_attributes(made, kept)
        return False

    def call_with_data(self, made: Any, method: Any, sizes: Sequence[int], roles: Mapping[str, Any]) -> bool:
        """Call a method with a batch of every usual layout, until the object has parameters.  Returns whether it has.

        A training whose number of epochs is unknown is not called.
        """
        classes = sizes[-1]
        y = np.arange(3 * classes) % classes
        x = np.random.default_rng(0).normal(size=(len(y), sizes[0]))
        for layout in LAYOUTS:
            inputs, labels = layout(x, y, classes)
            try:
                given = bind(method, Known({"x": inputs, "y": labels, **roles}, order=("x", "y", *roles)))
                if not roles or "epochs" in given.taken.values() or keeps_number(made, "epochs"):
                    method(*given.arguments, **given.keywords)
            except Exception:
                continue
            if self.has_weights(made, sizes):
                return True
        return False

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from (found for found in super().functions(operation, model) if found[0] != self.trainer)

    def everything(self, model: Held) -> Iterator[Operation]:
        yield from (found for found in super().everything(model) if found[0] != self.trainer)
