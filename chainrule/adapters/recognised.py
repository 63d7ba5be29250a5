"""What chainrule recognises in code, for adapters to fall back on: `self.found = chainrule.recognised(target)`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.contract.declarations import Declared
from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import Implementation
from chainrule.contract.operation import Operation
from chainrule.host.inference.infer import settle
from chainrule.host.recognition.forms import PROBES, Held
from chainrule.host.recognition.gradients import RATES, Contradiction
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.source.targets import recognised_in, silence
from chainrule.host.translation import Translated


def recognised(
    target: Any,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    missing: Iterable[str] = (),
) -> Found:
    """The implementation that chainrule recognises in a loaded TARGET, in the native conventions.

    target: a module, or another object with the definitions as attributes.  conventions, names: declared.  missing:
    globals that the code reads and nothing defines; one that can only be the number of samples is supplied.
    Models are the code's own: an object of its class, or the parameters that its functions hand around, a tuple of
    them as a list.
    """
    own = dict(getattr(target, "CHAINRULE", None) or {})
    asked = Declared(dict(conventions or {}), dict(names or {}))
    raw, declared = recognised_in(target, own, asked, getattr(target, "__name__", "target"), missing)
    with silence():
        settled = settle(raw, declared)
    assert isinstance(settled.implementation, Translated)
    return Found(settled.implementation)


class Found(Implementation):
    """`translated` with models as the code itself has them, whoever made them."""

    def __init__(self, translated: Translated) -> None:
        super().__init__(translated.target)
        self.translated = translated
        raw = translated.raw
        self.raw = raw if isinstance(raw, Recognised) else None
        self.form = self.raw.form if self.raw is not None else None
        self.handed_in_tuples = False

    def create(self, sizes: Sequence[int], seed: int) -> Any:
        made = self.translated.create(sizes, seed)
        if not isinstance(made, Held):
            return made
        self.handed_in_tuples = isinstance(made.value, tuple)
        return list(made.value) if self.handed_in_tuples else made.value

    def held(self, model: Any) -> Any:
        """A model as the recognised form holds it."""
        if self.form is None or self.raw is None:
            return model
        tuples = isinstance(model, list) and self.hands_tuples()
        held = Held(tuple(model) if tuples else model, self.sizes(tuple(model) if tuples else model))
        if self.translated.prepare is not None and len(held.sizes) not in self.translated.prepared:
            self.translated.prepared.add(len(held.sizes))
            self.translated.prepare(held.sizes)
        return held

    def hands_tuples(self) -> bool:
        if not self.handed_in_tuples and self.form is not None:
            sample = self.raw.sample() if self.raw is not None else None
            self.handed_in_tuples = sample is not None and isinstance(sample.value, tuple)
        return self.handed_in_tuples

    def sizes(self, value: Any) -> list[int]:
        """The layer sizes of a network, read off its weights.  Raises NotOffered where it holds none."""
        assert self.form is not None
        for depth in sorted({len(probe) - 1 for probe in PROBES} | {len(self.form.pattern or ()) - 1}, reverse=True):
            slots = self.form.slots(depth) if depth > 0 else None
            if slots is None:
                continue
            try:
                weights = [self.translated.turned(w) for w in slots.read(value)[0]]
            except (LookupError, AttributeError, TypeError):
                continue
            return [*(int(w.shape[0]) for w in weights), int(weights[-1].shape[1])]
        raise NotOffered(f"{self.form.title}: no weights and biases were found in {type(value).__name__}")

    def with_held(self, model: Any, run: Callable[[Any], Any]) -> Any:
        """Run something on a model; what it changes shows in the model."""
        held = self.held(model)
        result = run(held)
        if isinstance(held, Held) and held.value is not model:
            if isinstance(model, list):
                model[:] = held.value
            elif isinstance(model, dict):
                model.update(held.value)
        return result

    def parameters(self, model: Any) -> Any:
        return self.translated.parameters(self.held(model))

    def assign(self, model: Any, weights: Any, biases: Any) -> None:
        self.with_held(model, lambda held: self.translated.assign(held, weights, biases))

    def forward(self, model: Any, x: Any) -> Any:
        return self.translated.forward(self.held(model), x)

    def loss(self, model: Any, x: Any, y: Any) -> Any:
        return self.translated.loss(self.held(model), x, y)

    def backward(self, model: Any, x: Any, y: Any) -> Any:
        return self.with_held(model, lambda held: self.translated.backward(held, x, y))

    def step(self, model: Any, grads: Any, lr: float) -> None:
        self.with_held(model, lambda held: self.translated.step(held, grads, lr))

    def fit(self, model: Any, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        def train(held: Any) -> Any:
            return self.translated.fit(held, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)

        return self.with_held(model, train)

    def predict(self, model: Any, x: Any) -> Any:
        return self.translated.predict(self.held(model), x)

    def supports(self, sizes: Sequence[int]) -> str | None:
        return self.translated.supports(sizes)

    def offers(self, name: str) -> bool:
        return self.translated.offers(name)

    def where(self, name: str) -> str | None:
        return self.translated.where(name)

    # The functions, and those of the extension chapters, are the translation's own.

    def relu(self, z: Any) -> Any:
        return self.translated.relu(z)

    def softmax(self, z: Any) -> Any:
        return self.translated.softmax(z)

    def cross_entropy(self, p: Any, y: Any) -> Any:
        return self.translated.cross_entropy(p, y)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        return self.translated.xavier(fan_in, fan_out, rng)

    def extension(self, operation: Operation, *arguments: Any) -> Any:
        return getattr(self.translated, operation.name)(*arguments)

    @property
    def summed_fit(self) -> bool:
        """Whether fit moves by the rate times the sum of a batch's gradients."""
        return self.translated.summed_fit

    @property
    def fit_takes_seed(self) -> bool:
        """Whether what trains is given a seed."""
        return self.translated.fit_takes_seed

    @property
    def recovery_rate(self) -> float | None:
        """The learning rate at which gradients are read off updates, None where they are given."""
        return self.translated.recovery_rate


def gradients_from_update(implementation: Implementation, model: Any, update: Callable[[float], Any]) -> Any:
    """Gradients of code that only updates: how far `update(rate)` moves every parameter, divided by the rate.

    implementation: whose `parameters` and `assign` read and restore the model.  Returns (weight_grads, bias_grads).
    The update is made at two rates.  Raises Contradiction where they disagree: then a parameter is updated before the
    error is propagated back through it, and there is no gradient to be had.
    """
    before = [[np.array(array) for array in group] for group in implementation.parameters(model)]
    found = []
    for rate in RATES:
        update(rate)
        after = implementation.parameters(model)
        found.append(
            [
                [(np.asarray(a) - np.asarray(b)) / rate for a, b in zip(*groups, strict=True)]
                for groups in zip(before, after, strict=True)
            ]
        )
        implementation.assign(model, *before)
    for layer, (coarse, fine) in enumerate(zip(found[0][0], found[1][0], strict=True)):
        old = before[0][layer]
        size = np.abs(coarse).max() + np.abs(fine).max() + np.abs(old).max()
        u = np.finfo(old.dtype if old.dtype.kind == "f" else float).eps
        apart = np.abs(coarse - fine).max()
        if not apart <= 1e4 * u * size:
            raise Contradiction(
                f"the update of weights[{layer}] divided by the learning rate should not depend on the rate; at rates "
                f"{RATES[0]:g} and {RATES[1]:g} it differs by {apart:.3g}: a parameter is updated before the error is "
                "propagated back through it"
            )
    return found[0]


def seed_everything(seed: int) -> None:
    """Decide what the global generators, NumPy's and Python's, draw from here on."""
    np.random.seed(seed)
    random.seed(seed)
