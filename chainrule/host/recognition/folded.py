"""Networks without arrays of their own for biases: with biases inside the weights, or without biases.

A network without biases computes what one with biases does if one input is always 1 and one unit of every hidden layer
passes it on: the weights of the 1 are the biases, and so are their gradients (slots.Fold).  chainrule checks it so.
Only new networks have exactly the wanted sizes, as these decide the initial weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.contract.errors import Unseen
from chainrule.host.recognition.forms import Held
from chainrule.host.recognition.plan import Plan, TrainingArguments
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.slots import Fold
from chainrule.host.recognition.surroundings import seeded
from chainrule.support.arrays import to_numpy

FOLDS = (Fold(), Fold(first=True), Fold(carried=True))
WITHOUT = (
    "the network has no biases: chainrule checks it with an input that is always 1 and a unit of every hidden layer "
    "that passes it on, whose weights stand for biases"
)
SEVERAL = "the network has no biases: chainrule follows its training for one update, not for several"


class Folded(Recognised):
    """A network whose weights contain the biases."""

    @property
    def biases(self) -> str:
        """Where the code keeps biases: `inside` the weights; or `none`."""
        return "none" if self.carried else "inside"

    def depends_on_biases(self) -> bool:
        """Whether the output for inputs of zero depends on what should be the biases of the first layer."""
        sizes = self.form.stored(self.form.probe_sizes())
        x = np.zeros((11, sizes[0]))
        if self.carried:
            x[:, -1] = 1.0
        for inputs in (x, x.T):
            try:
                first, second = (self.output_with(shift, inputs) for shift in (1.0, 2.0))
            except Exception:
                self.plans.clear()
                continue
            self.plans.clear()
            return first.shape == second.shape and not np.allclose(first, second)
        return False

    def output_with(self, shift: float, inputs: np.ndarray) -> np.ndarray:
        """The output of a network whose first biases are random numbers times `shift`."""
        model, rng = self.create(self.form.probe_sizes(), 0), np.random.default_rng(0)
        weights, biases = ([rng.normal(size=array.shape) for array in group] for group in self.parameters(model))
        self.assign(model, weights, [shift * biases[0], *(0.0 * b for b in biases[1:])])
        return to_numpy(self.forward(model, inputs.copy()))

    @property
    def carried(self) -> bool:
        """Whether the code's networks have no biases: inputs then have one more feature, which is always 1."""
        return self.form.fold is not None and self.form.fold.carried

    def dummy(self, model: Held) -> tuple[Any, Any]:
        assert self.batch is not None
        assert self.form.fold is not None
        return self.batch(self.form.fold.sizes(model.sizes))

    # Networks without biases

    def create(self, sizes: Sequence[int], seed: int) -> Held:
        model = super().create(sizes, seed)
        if self.carried:
            with seeded(seed):
                made = self.form.made(sizes, seed)
            weights = [slot.read(made) for slot in self.slots(model).weights]
            model.drawn = weights, [np.zeros(size) for size in sizes[1:]]
        return model

    def parameters(self, model: Held) -> Any:
        return super().parameters(model) if model.drawn is None else model.drawn

    def assign(self, model: Held, weights: Any, biases: Any) -> None:
        model.drawn = None
        super().assign(model, weights, biases)

    def function(self, plan: Plan, model: Held) -> Any:
        if model.drawn is not None:
            self.assign(model, *model.drawn)
        return super().function(plan, model)

    def run_fit(
        self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any] | None = None
    ) -> list[float] | None:
        """Train.  Raises Unseen for several updates, after which the units that pass the 1 on no longer do so.

        A training without a batch size may make one for every sample.
        """
        updates = training.epochs * -(-training.samples // training.batch_size)
        several = updates != 1 and len(model.sizes) > 2
        if self.carried and (several or plan.how not in ("batches", "update")):
            raise Unseen(SEVERAL)
        self.restore(model, self.parameters(model))  # after an earlier update
        return super().run_fit(plan, model, training, function)
