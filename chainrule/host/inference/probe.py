"""The findings of inference so far, and an implementation's operations called accordingly."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import Implementation
from chainrule.host.inference.points import Point, batch_for, labels_of
from chainrule.host.inference.sizes import Sizes
from chainrule.host.inference.trying import PROBE_LIMIT, attempt
from chainrule.host.native import Native
from chainrule.host.recognition.folded import WITHOUT, Folded
from chainrule.host.recognition.forms import Form
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.translation import SINGLE, Layout, Translated
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import limit

NOT_UNDERSTOOD = "forward was not understood; tried "
LABELLED = ("loss", "backward", "fit", "cross_entropy")  # operations that take labels
RATE = 0.0625  # learning rate of probes: a power of two, whose products are exact


class Probe:
    """An implementation whose conventions chainrule is inferring.

    recognised: the implementation, unless it is an adapter; network: the same, unless its network is native; form: of
    that network.
    sizes: those of the networks that an adapter makes.
    declared: {key: value}.  layout: the findings, for Translated; translated: the implementation in that layout.
    found: {key: (value, how)}.  notes: further sentences for the report.
    held: the precision of the parameters, if it is below float64.
    unproven: why no forward pass is understood; empty if one is.
    """

    def __init__(self, raw: Implementation, declared: Mapping[str, str]) -> None:
        self.raw, self.declared = raw, declared
        self.recognised = raw if isinstance(raw, NativeStyle) else None
        self.network = raw if isinstance(raw, Recognised) else None
        self.form: Form | None = self.network.form if self.network is not None else None
        adapted = not isinstance(raw, Native)
        self.sizes = Sizes(raw, declared.get("architecture", "any")) if adapted else None
        samples = declared.get("samples", "rows")
        self.layout = Layout(
            samples="vector" if samples == "single" else samples,
            weights=declared.get("weights", "in_out"),
            reduction=declared.get("reduction", "mean"),
            output=declared.get("output", "probabilities"),
            arrays=declared.get("arrays", "numpy"),
        )
        if "labels" in declared:
            self.layout.labels = dict.fromkeys(LABELLED, declared["labels"])
        if isinstance(raw, Folded) and raw.carried:
            self.layout.extended = True
        self.translated = Translated(raw, self.layout)
        self.found: dict[str, tuple[str, str]] = {}
        self.notes: list[str] = [WITHOUT] if self.layout.extended else []
        self.held: str | None = None
        self.unproven = ""

    def find(self, key: str, value: str, how: str) -> bool:
        """Note a finding.  Returns whether it counts, which a different declaration prevents."""
        self.found[key] = (value, how)
        return key not in self.declared

    def forms_of_labels(self, operation: str, point: Point) -> list[str]:
        """The forms of labels that an operation may take: the declared one, that of the author's calls, or both."""
        if "labels" in self.declared:
            return [self.declared["labels"]]
        found: list[Any] = []
        if self.network is not None:
            with contextlib.suppress(NotOffered):
                found = [function for _, function in self.network.candidates(operation, point.model)][:1]
        shown = learnt_of(found[0]).labels if found else ""
        return [shown] if shown else ["index", "one_hot"]

    def plan(self, operation: str, point: Point) -> Plan | NotOffered | None:
        """How to call an operation, or the reason why chainrule cannot; None if that is still unknown."""
        return None if self.recognised is None else self.recognised.plans.get((operation, len(point.sizes)))

    def close(self, operation: str, point: Point, error: NotOffered | None) -> None:
        """Remember that chainrule cannot call an operation, and why."""
        if self.recognised is not None and error is not None:
            self.recognised.close(operation, len(point.sizes), error)

    def forget(self, operation: str, point: Point) -> None:
        """Forget how to call an operation, so that chainrule searches again."""
        if self.recognised is not None:
            self.recognised.forget(operation, len(point.sizes))

    def keep_plan(self, operation: str, point: Point, plan: Plan) -> None:
        """Set how chainrule calls an operation from now on."""
        if self.network is not None:
            self.network.plans[operation, len(point.sizes)] = plan
            if operation == "backward" and plan.how != "update":
                self.network.recovery_rate = None

    def batch(self, sizes: Sequence[int]) -> tuple[Any, Any]:
        """Inputs and labels for a network of these sizes, in the code's conventions."""
        way = self.layout.way("backward")
        n = 1 if way in SINGLE else batch_for(sizes)
        x, y = np.random.default_rng(5).normal(size=(n, sizes[0])), labels_of(n, sizes[-1])
        return self.layout.inputs(x, way), self.layout.targets(y, sizes[-1], "backward")

    # Operations at a point

    def reset(self, point: Point) -> bool:
        """Assign the point's parameters again, and restore its batch.  Returns whether that succeeded."""
        point.restore()

        def assigned() -> bool:
            self.translated.assign(point.model, *point.copies())
            return True

        return attempt(assigned) is not None

    def forward(self, point: Point, way: str, x: np.ndarray, trouble: dict[str, str]) -> np.ndarray | None:
        """The output of forward for x, as rows; None if it fails, with the reason added to `trouble`."""
        try:
            with limit(PROBE_LIMIT):
                return self.layout.outputs(self.raw.forward(point.model, self.layout.inputs(x, way)), way)
        except (Exception, SystemExit) as error:
            said = str(error) if isinstance(error, NotOffered) else f"forward raised {type(error).__name__}: {error}"
            trouble[way] = said.removeprefix(NOT_UNDERSTOOD)
            return None

    def loss(self, point: Point, y: np.ndarray, times: int = 1) -> float | None:
        """The loss of the point's batch, repeated `times` times, with these labels."""
        x, y = np.tile(point.x, (times, 1)), np.tile(y, times)
        return attempt(lambda: float(self.translated.loss(point.model, x, y)))

    def backward(self, point: Point, times: int = 1) -> list[list[np.ndarray]] | None:
        """(weight_grads, bias_grads) on the point's batch, repeated `times` times."""
        x, y = np.tile(point.x, (times, 1)), np.tile(point.y, times)
        grads = attempt(lambda: self.translated.backward(point.model, x, y))
        return None if grads is None else attempt(lambda: [[to_numpy(g) for g in group] for group in grads])

    def trained(self, point: Point, batch_size: int = 0) -> np.ndarray:
        """How far an epoch moves the last bias.  batch_size: all samples by default."""
        before = to_numpy(self.translated.parameters(point.model)[1][-1]).copy()
        size = 1 if self.layout.way("fit") in SINGLE else len(point.x)
        x, y = point.x[:size], point.y[:size]
        self.translated.fit(point.model, x, y, epochs=1, batch_size=batch_size or size, lr=RATE, seed=0)
        return before - to_numpy(self.translated.parameters(point.model)[1][-1])

    def try_training(self, point: Point) -> np.ndarray | None:
        """`trained`, or None if it fails, with the point's parameters assigned again."""
        moved = attempt(lambda: self.trained(point))
        self.reset(point)
        return moved
