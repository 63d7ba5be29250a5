"""Translates between the native conventions and those of an implementation.

A translation never repairs a mistake.  It is a transposition, a one-hot encoding, a division by the number of samples
or a softmax of logits, the same for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.contract.chapters import OPERATIONS
from chainrule.contract.errors import NotOffered, Unseen
from chainrule.contract.implementation import Implementation
from chainrule.contract.moves import Moves
from chainrule.contract.operation import ARRAYS, NUMBER, Operation
from chainrule.host.penalized import penalized
from chainrule.reference import softmax
from chainrule.support.arrays import NotNumbers, describe, flat_bias, of_kind, to_numpy

COUNTED = (
    "the code takes the number of classes from the labels and trains on the whole data: it never sees a batch "
    "without the last class"
)
SINGLE = ("vector", "column", "row")  # shapes of a single sample: (D,), (D, 1), (1, D)
TURNED = "turned"
ACROSS = "across"


@dataclass
class Layout:
    """The layout of the implementation's arrays.

    samples: `rows`, `columns`, or for one sample at a time one of SINGLE.  ways: {operation: its layout of samples},
    for those that differ; `entries` for a function of single numbers, `vector` for one of single rows, `pairs` for one
    that takes a list of (x, y), `pair` for one that takes (inputs, labels) as one argument, `turned` for a loss that
    takes labels as the network does and probabilities as it gives them, `across` for one whose one-hot labels lie
    in rows beside samples in columns.
    turned: whether forward takes samples in rows and gives them in columns, or the reverse.
    ascending: whether gradients are those of the log likelihood, which updates add.
    weights: `in_out`, `out_in`; xavier: the same for that function.  labels: {operation: `index`, `one_hot`}.
    reduction: `mean`, `sum`.  output: `probabilities`, `logits`.
    arrays: the library; dtype: its floating-point type, None for any.
    first_label: the number of the first class, 1 in code that counts classes from there.
    numpy_functions: whether functions take NumPy arrays although networks take others.
    counts_labels: whether the code takes the number of classes from the labels, which must then include the last.
    unproven: {operation: why chainrule does not know how to call it}; what needs it is todo.
    unseen: {operation: why it cannot be seen from outside}; what needs it is skipped.
    selects: whether fit ends with the parameters that were best on validation data that it is given.
    extended: whether inputs get one more feature, which is always 1 and whose weights stand for missing biases.
    """

    samples: str = "rows"
    turned: bool = False
    ascending: bool = False
    ways: dict[str, str] = field(default_factory=dict)
    weights: str = "in_out"
    xavier: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    reduction: str = "mean"
    output: str = "probabilities"
    arrays: str = "numpy"
    dtype: Any = None
    counts_labels: bool = False
    first_label: int = 0
    numpy_functions: bool = False
    unproven: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    selects: bool = False
    extended: bool = False

    @property
    def native(self) -> bool:
        """Whether the layout is the native one, and every reading in it proven."""
        plain = (self.samples, self.weights, self.reduction, self.output, self.arrays)
        return (
            plain == ("rows", "in_out", "mean", "probabilities", "numpy")
            and not (self.turned or self.ascending or self.extended or self.first_label)
            and set(self.ways.values()) <= {"rows"}
            and set(self.labels.values()) <= {"index"}
            and not self.unproven
        )

    @property
    def of_functions(self) -> Layout:
        """The layout for functions outside the network."""
        alone = replace(self, extended=False, turned=False) if self.extended or self.turned else self
        return replace(alone, arrays="numpy", dtype=None, numpy_functions=False) if self.numpy_functions else alone

    def prove(self, operation: str) -> None:
        """Raise NotOffered for an operation whose reading is not proven, or that cannot be seen from outside."""
        if operation in self.unseen:
            raise Unseen(self.unseen[operation])
        if operation in self.unproven:
            raise NotOffered(self.unproven[operation])

    def way(self, operation: str) -> str:
        """The layout of an operation's samples."""
        return self.ways.get(operation, self.samples)

    def inputs(self, x: np.ndarray, way: str) -> Any:
        """Inputs (N, D), or one sample (1, D), as the network takes them.

        Other libraries than NumPy take floating-point numbers, as some do not multiply these with integers.
        """
        if self.extended:
            x = np.hstack([x, np.ones((len(x), 1), x.dtype)])
        if way == TURNED:
            way = "rows" if self.samples == "columns" else "columns"
        way = self.samples if way == ACROSS else way
        return self.cast(lie(x if self.arrays in ("numpy", "lists") else x.astype(np.float64), way))

    def targets(self, y: np.ndarray, classes: int, operation: str, way: str = "") -> Any:
        """N labels as the implementation takes them."""
        way = way or self.way(operation)
        way = self.samples if way == TURNED else "rows" if way == ACROSS else way
        if self.labels.get(operation, "index") == "one_hot":
            return self.cast(lie(np.eye(classes)[y.astype(np.int64)], way))
        y = y + self.first_label if self.first_label else y
        if way in SINGLE and y.size == 1:
            return int(y[0])
        return self.cast(y if self.arrays == "numpy" else y.astype(np.int64))

    def cast(self, array: np.ndarray) -> Any:
        """An array of the implementation's library; NumPy arrays, also of integers, stay as they are."""
        if self.arrays == "numpy":
            return array
        return of_kind(array, self.arrays, self.dtype if array.dtype.kind == "f" else None)

    def outputs(self, raw: Any, way: str) -> np.ndarray:
        """The implementation's output, as (N, K)."""
        array = to_numpy(raw)
        if way in SINGLE:
            return array.reshape(1, -1) if array.ndim < 2 or 1 in array.shape else array
        return array.T if (way == "columns") != self.turned else array


def lie(array: np.ndarray, way: str) -> np.ndarray:
    """Rows of samples in another layout.  A view, so that code which writes into it writes into `array`."""
    if way in ("columns", "column"):
        return array.T
    return array[0] if way == "vector" and len(array) == 1 else array


class Translated(Implementation):
    """An implementation in the native conventions, made from `raw`, which has those of `layout`.

    prepare: called with the layer sizes before the first network of each depth.
    refusal: called with layer sizes, returns why an adapter does not make such a network, or None if it does.
    """

    def __init__(
        self,
        raw: Implementation,
        layout: Layout,
        prepare: Callable[[Sequence[int]], None] | None = None,
        refusal: Callable[[Sequence[int]], str | None] | None = None,
    ) -> None:
        super().__init__(raw.target)
        self.raw, self.layout, self.prepare, self.refusal = raw, layout, prepare, refusal
        self.prepared: set[int] = set()

    @property
    def summed_fit(self) -> bool:
        """Whether fit steps by the rate times the summed gradients of a batch."""
        return bool(getattr(self.raw, "summed_fit", False))

    @property
    def fit_takes_seed(self) -> bool:
        """Whether the training function takes a seed."""
        return bool(getattr(self.raw, "fit_takes_seed", True))

    @property
    def recovery_rate(self) -> float | None:
        """The learning rate at which chainrule computes gradients from updates; None if the code returns them."""
        return getattr(self.raw, "recovery_rate", None)

    @property
    def biases(self) -> str:
        """Where the code keeps biases: in their `own` arrays, `inside` the weights; or `none`."""
        return str(getattr(self.raw, "biases", "own"))

    def supports(self, sizes: Sequence[int]) -> str | None:
        return self.raw.supports(sizes) if self.refusal is None else self.refusal(sizes)

    def where(self, name: str) -> str | None:
        operation = OPERATIONS.get(name)
        if operation is not None and operation.takes[0].kind == ARRAYS and not self.raw.offers(name):
            name = "loss" if operation.gives[0].kind == NUMBER else "backward"
        return self.raw.where(name)

    def offers(self, name: str) -> bool:
        return self.raw.offers(name)

    def regularize(self, lam: float) -> None:
        self.raw.regularize(lam)

    @cached_property
    def penalized(self) -> str:
        """What has the strength of an L2 penalty."""
        return penalized(self, self.raw)

    @property
    def penalizes_biases(self) -> bool:
        """Whether the functions of a penalty take all parameters."""
        return bool(getattr(self.raw, "penalizes_biases", False))

    def extension(self, operation: Operation, *arguments: Any) -> Any:
        """Call a function of an extension chapter, whose conventions are always the native ones."""
        return getattr(self.raw, operation.name)(*arguments)

    def relu(self, z: Any) -> Any:
        self.layout.prove("relu")
        z, layout = np.asarray(z), self.layout.of_functions
        way = layout.way("relu")
        if way in ("entries", "vector") and not z.size:
            self.raw.relu(0.0 if way == "entries" else layout.cast(np.zeros(1)))  # raises if relu is missing
            return np.zeros(z.shape)
        if way == "entries":
            values = [to_numpy(self.raw.relu(float(value))) for value in z.reshape(-1)]
            return np.array(values, dtype=float).reshape(z.shape)
        if way == "vector" and z.ndim:
            found = [to_numpy(self.raw.relu(layout.cast(row))) for row in z.reshape(-1, z.shape[-1])]
            return np.array(found, dtype=float).reshape(z.shape)
        if layout.arrays == "lists" and not z.size:
            self.raw.relu([[0.0]])  # raises if relu is missing
            raise Unseen("an empty list does not have a shape that relu could keep")
        if layout.arrays == "lists" and z.ndim != 2:  # code for lists expects a list of rows
            return to_numpy(self.raw.relu(z.reshape(-1, z.shape[-1]).tolist())).reshape(z.shape)
        raw = self.raw.relu(layout.cast(z))
        # An empty list does not have further axes that relu could keep.
        return np.zeros(z.shape) if isinstance(raw, (list, tuple)) and not raw and z.ndim and not len(z) else raw

    def softmax(self, z: Any) -> Any:
        self.layout.prove("softmax")
        z, layout = np.asarray(z), self.layout.of_functions
        way = layout.way("softmax")
        if way in SINGLE:
            rows = [layout.outputs(self.raw.softmax(layout.inputs(row, way)), way) for row in singles(z)]
            return np.vstack(rows)
        raw = self.raw.softmax(layout.inputs(z, way))
        return None if raw is None else layout.outputs(raw, way)

    def cross_entropy(self, p: Any, y: Any) -> Any:
        self.layout.prove("cross_entropy")
        return Translated(self.raw, self.layout.of_functions).lost_by_itself(p, y)

    def lost_by_itself(self, p: Any, y: Any) -> Any:
        """The loss of probabilities, by the function cross_entropy."""
        p, y = np.asarray(p), np.asarray(y)
        return self.lost("cross_entropy", lambda x, y: self.raw.cross_entropy(x, y), p, y, p.shape[1])

    def lost(self, operation: str, function: Callable[[Any, Any], Any], x: np.ndarray, y: np.ndarray, k: int) -> Any:
        """The mean loss, from the loss of the batch or from the losses of the samples."""
        way = self.layout.way(operation)
        if way == "pairs":
            return function(self.pairs(x, y, k, operation), None)
        if way in SINGLE:
            each = [self.with_labels(operation, function, row, label, k) for row, label in pairs(x, y)]
            return float(np.mean([to_numpy(loss).reshape(()) for loss in each]))
        loss = self.with_labels(operation, function, x, y, k)
        if isinstance(loss, tuple):
            raise NotNumbers(f"expected one number, found {describe(loss)}")
        if np.shape(loss) in ((len(y),), (len(y), 1)) and len(y) > 1:
            raise NotOffered(f"{operation} gives a loss for every sample: the mean over the batch is asked for")
        return loss if self.layout.reduction == "mean" or loss is None else to_numpy(loss) / len(y)

    def pairs(self, x: np.ndarray, y: np.ndarray, k: int, operation: str) -> list[Any]:
        """(sample, label) for every sample, each as forward and backward take one."""
        way = self.layout.samples if self.layout.samples in SINGLE else "column"
        return [
            (self.layout.inputs(row, way), self.layout.targets(label, k, operation, way)) for row, label in pairs(x, y)
        ]

    def with_labels(self, operation: str, function: Callable[[Any, Any], Any], x: Any, y: np.ndarray, k: int) -> Any:
        """Call a function of inputs and labels; if it writes into the encoded labels, y changes as well."""
        if self.layout.counts_labels and y.size and y.max() < k - 1:
            raise Unseen(COUNTED)
        labels = self.layout.targets(y, k, operation)
        before = labels.copy() if isinstance(labels, np.ndarray) and labels is not y else None
        inputs = self.layout.inputs(x, self.layout.way(operation))
        result = function(inputs, labels)
        self.write_back(x, inputs, self.layout.way(operation))
        if before is not None and not np.array_equal(labels, before, equal_nan=True):
            y += 1  # so that the boundary sees that the code wrote into its labels
        return result

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        return self.drawn(self.raw.xavier(fan_in, fan_out, rng))

    def draws(self, fan_in: int, fan_out: int, rng: np.random.Generator, count: int) -> list[Any]:
        return [self.drawn(weights) for weights in self.raw.draws(fan_in, fan_out, rng, count)]

    def drawn(self, weights: Any) -> Any:
        """The weights that xavier gives."""
        turned = (self.layout.xavier or self.layout.weights) == "out_in"
        return to_numpy(weights).T if turned and weights is not None else weights

    def prepare_depth(self, sizes: Sequence[int]) -> None:
        """Find the operations of networks of this depth, unless that was done before."""
        if self.prepare is not None and len(sizes) not in self.prepared:
            self.prepared.add(len(sizes))
            self.prepare(sizes)

    def create(self, sizes: Sequence[int], seed: int) -> Any:
        self.layout.prove("create")
        self.prepare_depth(sizes)  # of a depth that no run prepares
        return self.raw.create(sizes, seed)

    def parameters(self, model: Any) -> Any:
        weights, biases = self.raw.parameters(model)
        return [self.turned(w) for w in weights], [flat_bias(to_numpy(b)) for b in biases]

    def turned(self, weights: Any) -> np.ndarray:
        array = to_numpy(weights)
        return array.T if self.layout.weights == "out_in" and array.ndim == 2 else array

    def assign(self, model: Any, weights: Any, biases: Any) -> None:
        self.raw.assign(model, [self.turned(w) for w in weights], [np.asarray(b) for b in biases])

    def classes(self, model: Any) -> int:
        return int(to_numpy(self.raw.parameters(model)[1][-1]).size)

    def forward(self, model: Any, x: Any) -> Any:
        self.layout.prove("forward")
        x, way = np.asarray(x), self.layout.way("forward")
        if way in SINGLE:
            out = np.vstack([self.forward_raw(model, row, way) for row in singles(x)])
        else:
            inputs = self.layout.inputs(x, way)
            raw = self.raw.forward(model, inputs)
            self.write_back(x, inputs, way)
            if raw is None or (way == "rows" and not self.layout.turned and self.layout.output == "probabilities"):
                return raw
            out = self.layout.outputs(raw, way)
        return softmax(out) if self.layout.output == "logits" else out

    def write_back(self, x: np.ndarray, inputs: Any, way: str) -> None:
        """Write into x what the code wrote into inputs with a further feature, so that the boundary sees it."""
        if self.layout.extended and isinstance(inputs, np.ndarray) and inputs.ndim == 2:
            x[...] = (inputs.T if way == "columns" else inputs)[:, :-1]

    def forward_raw(self, model: Any, x: np.ndarray, way: str) -> np.ndarray:
        """The implementation's output for inputs in this layout, as (N, K)."""
        return self.layout.outputs(self.raw.forward(model, self.layout.inputs(x, way)), way)

    def loss(self, model: Any, x: Any, y: Any) -> Any:
        self.layout.prove("loss")
        x, y = np.asarray(x), np.asarray(y)
        return self.lost("loss", lambda x, y: self.raw.loss(model, x, y), x, y, self.classes(model))

    def losses(self, model: Any, x: Any, y: Any, moves: Moves) -> list[Any]:
        self.layout.prove("loss")
        if self.layout.native and not self.layout.counts_labels:  # there is nothing to translate
            return self.raw.losses(model, x, y, moves)
        return super().losses(model, x, y, moves)

    def backward(self, model: Any, x: Any, y: Any) -> Any:
        self.layout.prove("backward")
        x, y, k = np.asarray(x), np.asarray(y), self.classes(model)

        def raw_gradients(x: Any, y: Any) -> Any:
            return self.raw.backward(model, x, y)

        if self.layout.way("backward") in SINGLE:
            each = [self.with_labels("backward", raw_gradients, row, label, k) for row, label in pairs(x, y)]
            raw = [
                [np.mean([to_numpy(grads[group][l]) for grads in each], axis=0) for l in range(len(each[0][group]))]
                for group in (0, 1)
            ]
        else:
            raw = self.with_labels("backward", raw_gradients, x, y, k)
        plain = self.layout.weights == "in_out" and self.layout.reduction == "mean" and not self.layout.ascending
        if raw is None or plain:
            return raw
        n = (len(y) if self.layout.reduction == "sum" else 1) * (-1 if self.layout.ascending else 1)
        return [self.turned(g) / n for g in raw[0]], [to_numpy(g) / n for g in raw[1]]

    def step(self, model: Any, grads: Any, lr: float) -> None:
        self.layout.prove("step")
        if self.layout.ascending:
            grads = [[-to_numpy(g) for g in group] for group in grads]
        if self.layout.weights == "in_out":
            return self.raw.step(model, grads, lr)
        return self.raw.step(model, ([self.turned(g) for g in grads[0]], list(grads[1])), lr)

    def fit(self, model: Any, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        self.layout.prove("fit")
        if self.layout.selects and epochs > 1:
            raise Unseen("fit ends with the parameters that did best on its validation data, of whichever epoch")
        x, y, k = np.asarray(x), np.asarray(y), self.classes(model)
        rate = lr / batch_size if self.summed_fit else lr

        def train(x: Any, y: Any) -> Any:
            return self.raw.fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=rate, seed=seed)

        if self.layout.way("fit") in SINGLE and len(x) > 1:
            raise Unseen("one call makes an update for one sample: the caller chooses the samples and their order")
        if self.layout.way("fit") == "pairs":
            history = train(self.pairs(x, y, k, "fit"), None)
        elif self.layout.way("fit") == "pair":
            way = self.layout.samples
            history = train((self.layout.inputs(x, way), self.layout.targets(y, k, "fit", way)), None)
        else:
            history = self.with_labels("fit", train, x, y, k)
        return history if self.layout.reduction == "mean" else None

    def predict(self, model: Any, x: Any) -> Any:
        self.layout.prove("predict")
        x, way = np.asarray(x), self.layout.way("predict")
        if way in SINGLE:
            found = [to_numpy(self.raw.predict(model, self.layout.inputs(row, way))) for row in singles(x)]
            return np.array([label.reshape(-1)[0] for label in found])
        labels = self.raw.predict(model, self.layout.inputs(x, way))
        labels = (
            to_numpy(labels) - self.layout.first_label if self.layout.first_label and labels is not None else labels
        )
        if labels is None or way == "rows":
            return labels
        array = to_numpy(labels)
        one = array.ndim == 0 and len(x) == 1  # the label of one sample, as a number
        return array.reshape(-1) if one or (array.ndim == 2 and len(array) == 1) else array


def singles(x: np.ndarray) -> list[np.ndarray]:
    """Every row as a batch of one."""
    return [x[i : i + 1] for i in range(len(x))]


def pairs(x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every row with its label, as batches of one."""
    return [(x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
