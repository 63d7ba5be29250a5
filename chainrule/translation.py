"""An implementation in its own conventions, seen in the native ones: what goes in and out is turned, spread or averaged.

Nothing here repairs anything: a translation is a transposition, a one-hot encoding, a division by the number of samples
or a softmax of logits, and it is the same for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.arrays import flat_bias, of_kind, to_numpy
from chainrule.contract import Implementation
from chainrule.reference import softmax

SINGLE = ("vector", "column", "row")  # how one sample at a time may be shaped: (D,), (D, 1), (1, D)


@dataclass
class Layout:
    """How arrays lie on the other side.

    samples: `rows`, `columns`, or for one sample at a time one of SINGLE.  weights: `in_out`, `out_in`.
    labels: {operation: `index`, `one_hot`}.  reduction: `mean`, `sum`.  output: `probabilities`, `logits`.
    arrays: the library; dtype: its floating-point type, None for any.
    functions: {a function whose samples lie otherwise: how}.
    """

    samples: str = "rows"
    weights: str = "in_out"
    labels: dict[str, str] = field(default_factory=dict)
    reduction: str = "mean"
    output: str = "probabilities"
    arrays: str = "numpy"
    dtype: Any = None
    functions: dict[str, str] = field(default_factory=dict)
    training: str = "arrays"  # what fit takes: `arrays`, or `pairs` (x, y) in a list
    training_samples: str | None = None

    @property
    def native(self) -> bool:
        plain = (self.samples, self.weights, self.reduction, self.output, self.arrays, self.training)
        return (
            plain == ("rows", "in_out", "mean", "probabilities", "numpy", "arrays")
            and set(self.labels.values()) <= {"index"}
            and not self.functions
        )

    def inputs(self, x: np.ndarray, samples: str | None = None) -> Any:
        """(N, D) as the other side takes it; one sample, (1, D), where it takes one at a time."""
        return self.cast(lie(np.asarray(x), samples or self.samples))

    def targets(self, y: np.ndarray, classes: int, operation: str, samples: str | None = None) -> Any:
        """N labels as the other side takes them."""
        samples = samples or self.samples
        y = np.asarray(y)
        if self.labels.get(operation, "index") == "one_hot":
            return self.cast(lie(np.eye(classes)[y.astype(np.int64)], samples))
        if samples in SINGLE and y.size == 1:
            return int(y.reshape(()) if y.ndim == 0 else y[0])
        return y.tolist() if self.arrays == "lists" else of_kind(y, self.arrays) if self.arrays != "numpy" else y

    def cast(self, array: np.ndarray) -> Any:
        return of_kind(array, self.arrays, self.dtype if array.dtype.kind == "f" or self.arrays == "torch" else None)

    def outputs(self, raw: Any, n: int, samples: str | None = None) -> np.ndarray:
        """What the other side gives for n samples, as (N, K)."""
        array = to_numpy(raw)
        samples = samples or self.samples
        if samples in SINGLE:
            return array.reshape(1, -1) if array.ndim < 2 or 1 in array.shape else array
        return array.T if samples == "columns" else array


def lie(array: np.ndarray, samples: str) -> np.ndarray:
    """Rows of samples as the layout wants them."""
    if samples == "columns":
        return array.T
    if samples == "vector":
        return array[0] if array.ndim == 2 and len(array) == 1 else array
    if samples == "column":
        return array.T
    return array


class Translated(Implementation):
    """`raw`, an implementation in the conventions of `layout`, in the native ones.

    prepare: called with the layer sizes before the first network of each depth is used.
    """

    def __init__(self, raw: Implementation, layout: Layout, prepare: Callable[[Sequence[int]], None] | None = None) -> None:
        super().__init__(raw.target)
        self.raw, self.layout, self.prepare = raw, layout, prepare
        self.prepared: set[int] = set()
        self.sizes: dict[int, list[int]] = {}

    @property
    def summed_fit(self) -> bool:
        return bool(getattr(self.raw, "summed_fit", False))

    @property
    def recovery_rate(self) -> float | None:
        return getattr(self.raw, "recovery_rate", None)

    def supports(self, sizes: Sequence[int]) -> str | None:
        return self.raw.supports(sizes)

    def where(self, name: str) -> str | None:
        return self.raw.where(name)

    def offers(self, name: str) -> bool:
        return bool(self.raw.offers(name)) if hasattr(self.raw, "offers") else True

    # Functions

    def relu(self, z: Any) -> Any:
        return self.by_entry("relu", np.asarray(z))

    def by_entry(self, name: str, z: np.ndarray) -> Any:
        function = getattr(self.raw, name)
        if self.layout.functions.get(name) == "entries":
            return np.array([to_numpy(function(float(value))) for value in z.reshape(-1)], dtype=float).reshape(z.shape)
        given = self.layout.cast(z)
        return told(z, given, function(given))

    def softmax(self, z: Any) -> Any:
        return self.by_rows("softmax", np.asarray(z))

    def by_rows(self, name: str, z: np.ndarray) -> Any:
        function = getattr(self.raw, name)
        samples = self.layout.functions.get(name, self.layout.samples)
        if samples in SINGLE:
            return np.vstack([self.layout.outputs(function(self.layout.inputs(row[None], samples)), 1, samples) for row in z])
        given = self.layout.inputs(z, samples)
        return told(z, given, self.layout.outputs(function(given), len(z), samples))

    def cross_entropy(self, p: Any, y: Any) -> Any:
        p, y = np.asarray(p), np.asarray(y)
        samples = self.layout.functions.get("cross_entropy", self.layout.samples)
        if samples in SINGLE:
            losses = [self.raw.cross_entropy(self.layout.inputs(p[i : i + 1], samples), self.layout.targets(y[i : i + 1], p.shape[1], "cross_entropy", samples)) for i in range(len(y))]
            return float(np.mean([to_numpy(loss).reshape(()) for loss in losses]))
        given, labels = self.layout.inputs(p, samples), self.layout.targets(y, p.shape[1], "cross_entropy", samples)
        loss = told(p, given, self.raw.cross_entropy(given, labels))
        return self.averaged(loss, len(y))

    def averaged(self, loss: Any, n: int) -> Any:
        return loss if self.layout.reduction == "mean" or loss is None else to_numpy(loss) / n

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        weights = self.raw.xavier(fan_in, fan_out, rng)
        turned = self.layout.functions.get("xavier", self.layout.weights) == "out_in"
        return to_numpy(weights).T if turned and weights is not None else weights

    # The network

    def create(self, sizes: Sequence[int], seed: int) -> Any:
        if self.prepare is not None and len(sizes) not in self.prepared:
            self.prepared.add(len(sizes))
            self.prepare(sizes)
        return self.raw.create(sizes, seed)

    def parameters(self, model: Any) -> Any:
        weights, biases = self.raw.parameters(model)
        return [self.turned(w) for w in weights], [flat_bias(to_numpy(b)) for b in biases]

    def turned(self, weights: Any) -> Any:
        array = to_numpy(weights)
        return array.T if self.layout.weights == "out_in" and array.ndim == 2 else array

    def assign(self, model: Any, weights: Any, biases: Any) -> None:
        turn = self.layout.weights == "out_in"
        self.raw.assign(model, [np.asarray(w).T if turn else np.asarray(w) for w in weights], [np.asarray(b) for b in biases])

    def classes(self, model: Any) -> int:
        return int(len(to_numpy(self.raw.parameters(model)[1][-1]).reshape(-1)))

    def forward(self, model: Any, x: Any) -> Any:
        x = np.asarray(x)
        if self.layout.samples in SINGLE:
            out = np.vstack([self.layout.outputs(self.raw.forward(model, self.layout.inputs(row[None])), 1) for row in x])
        else:
            given = self.layout.inputs(x)
            raw = self.raw.forward(model, given)
            if raw is None:
                return None
            out = told(x, given, self.layout.outputs(raw, len(x)))
            if self.layout.native:
                return raw
        return softmax(out.astype(np.promote_types(out.dtype, np.float32))) if self.layout.output == "logits" else out

    def loss(self, model: Any, x: Any, y: Any) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        classes = self.classes(model)
        if self.layout.samples in SINGLE:
            losses = [self.raw.loss(model, self.layout.inputs(x[i : i + 1]), self.layout.targets(y[i : i + 1], classes, "loss")) for i in range(len(y))]
            return float(np.mean([to_numpy(loss).reshape(()) for loss in losses]))
        given, labels = self.layout.inputs(x), self.layout.targets(y, classes, "loss")
        before = snapshot(labels)
        loss = told(x, given, self.raw.loss(model, given, labels))
        return self.averaged(told(y, labels, loss, before), len(y))

    def backward(self, model: Any, x: Any, y: Any) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        classes = self.classes(model)
        if self.layout.samples in SINGLE:
            each = [self.raw.backward(model, self.layout.inputs(x[i : i + 1]), self.layout.targets(y[i : i + 1], classes, "backward")) for i in range(len(y))]
            mean = [[np.mean([to_numpy(grads[group][l]) for grads in each], axis=0) for l in range(len(each[0][group]))] for group in (0, 1)]
            return [self.turned(g) for g in mean[0]], [flat_bias(g) for g in mean[1]]
        given, labels = self.layout.inputs(x), self.layout.targets(y, classes, "backward")
        before = snapshot(labels)
        raw = self.raw.backward(model, given, labels)
        told(x, given, None)
        told(y, labels, None, before)
        if raw is None or self.layout.native:
            return raw
        n = len(y) if self.layout.reduction == "sum" else 1
        return [self.turned(g) / n if n > 1 else self.turned(g) for g in raw[0]], [to_numpy(g) / n if n > 1 else to_numpy(g) for g in raw[1]]

    def step(self, model: Any, grads: Any, lr: float) -> None:
        if self.layout.native:
            return self.raw.step(model, grads, lr)
        turn = self.layout.weights == "out_in"
        raw = ([np.asarray(g).T if turn else np.asarray(g) for g in grads[0]], [np.asarray(g) for g in grads[1]])
        return self.raw.step(model, raw, lr)

    def fit(self, model: Any, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        x, y = np.asarray(x), np.asarray(y)
        classes = self.classes(model)
        samples = self.layout.training_samples or ("rows" if self.layout.samples in SINGLE else self.layout.samples)
        if self.layout.training == "pairs":
            given: Any = [(self.layout.inputs(x[i : i + 1]), self.layout.targets(y[i : i + 1], classes, "fit")) for i in range(len(y))]
            labels: Any = None
        else:
            given, labels = self.layout.inputs(x, samples), self.layout.targets(y, classes, "fit", samples)
        before = snapshot(labels)
        rate = lr / batch_size if self.summed_fit else lr
        history = self.raw.fit(model, given, labels, epochs=epochs, batch_size=batch_size, lr=rate, seed=seed)
        if self.layout.training != "pairs":
            told(x, given, None, lie(x, samples).copy() if self.layout.arrays == "numpy" else None)
            told(y, labels, None, before)
        return history if self.layout.reduction == "mean" else None

    def predict(self, model: Any, x: Any) -> Any:
        x = np.asarray(x)
        if self.layout.samples in SINGLE:
            return np.array([to_numpy(self.raw.predict(model, self.layout.inputs(row[None]))).reshape(-1)[0] for row in x])
        given = self.layout.inputs(x)
        labels = self.raw.predict(model, given)
        array = None if labels is None else told(x, given, to_numpy(labels))
        return array.reshape(-1) if array is not None and array.ndim == 2 and 1 in array.shape and not self.layout.native else array


def snapshot(given: Any) -> Any:
    return given.copy() if isinstance(given, np.ndarray) else None


def told(argument: np.ndarray, given: Any, result: Any, before: Any = None) -> Any:
    """`result`, after making sure that a change of what was given shows in the argument it was made from: the boundary
    looks there for what the code wrote into.
    """
    if isinstance(given, np.ndarray) and given.base is not argument and given is not argument and before is not None:
        if not np.array_equal(given, before, equal_nan=given.dtype.kind == "f") and argument.size:
            argument += 1
    return result


