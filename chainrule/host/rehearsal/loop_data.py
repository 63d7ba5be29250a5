"""The batches of a training loop: which names hold inputs and labels, in which layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.host.recognition.vocabulary import role


@dataclass(frozen=True)
class Data:
    """The batch that a round of a loop takes.

    x, y: the names of inputs and labels.  shape, label_shape: of their values.  inputs, classes: the network's sizes.
    form: of the labels, `index` or `one_hot`.  axis: of the samples in x; None for a single sample.
    """

    x: str
    y: str
    shape: tuple[int, ...]
    label_shape: tuple[int, ...]
    inputs: int
    classes: int
    form: str

    @property
    def axis(self) -> int | None:
        if len(self.shape) == 1 or self.shape == (self.inputs, 1):
            return None
        return 1 if self.shape[0] == self.inputs and self.shape[1] != self.inputs else 0

    @property
    def samples(self) -> int:
        return 1 if self.axis is None else self.shape[self.axis]

    def made(self, inputs: int, classes: int, samples: int) -> dict[str, Any]:
        """Inputs of ordinary size, and their labels, by name, in the layout of the loop's batch."""
        rng = np.random.default_rng(0)
        shape = [
            samples if i == self.axis else inputs if size == self.inputs else size for i, size in enumerate(self.shape)
        ]
        return {self.x: rng.normal(size=shape), self.y: self.labels(classes, samples)}

    def labels(self, classes: int, samples: int, first: int = 0) -> Any:
        """Labels in the layout of the loop's; the first sample has the class `first`."""
        whole = (np.arange(samples) + first) % classes
        if self.form == "one_hot":
            if self.axis is None:
                return np.eye(classes)[first].reshape(
                    [classes if size == self.classes else size for size in self.label_shape]
                )
            rows = np.eye(classes)[whole]
            return rows.T if self.across else rows
        return whole.reshape([samples if size > 1 else 1 for size in self.label_shape]) if self.label_shape else first

    @property
    def across(self) -> bool:
        """Whether one-hot labels are columns."""
        return self.form == "one_hot" and self.label_shape[-1] != self.classes


def find_data(values: Mapping[str, Any], sizes: Sequence[int]) -> Data | None:
    """The inputs and labels among some values, by name; None if they are not clear.

    sizes: of the network's layers.
    """
    d, k = sizes[0], sizes[-1]
    y = [name for name, value in values.items() if form_of_label(value, k) and not numbers_rows(value, len(value))]
    x = [name for name, value in values.items() if name not in y and is_input(value, d)]
    single = [name for name, value in values.items() if isinstance(value, (int, np.integer)) and role(name) == "y"]
    y = y or [name for name in single if 0 <= values[name] < k]
    if len(x) != 1 or not y:
        return None
    y.sort(key=lambda name: form_of_label(values[name], k) != "one_hot")
    form = form_of_label(values[y[0]], k) or "index"
    return Data(x[0], y[0], np.shape(values[x[0]]), np.shape(values[y[0]]), d, k, form)


def is_input(value: Any, inputs: int) -> bool:
    s = np.shape(value) if isinstance(value, np.ndarray) else ()
    return len(s) in (1, 2) and inputs in s


def numbers_rows(value: Any, samples: int) -> bool:
    """Whether an array, or a range, numbers the samples."""
    numbers = isinstance(value, range) or (isinstance(value, np.ndarray) and value.dtype.kind in "iu")
    return numbers and np.array_equal(value, np.arange(samples))


def form_of_label(value: Any, classes: int) -> str:
    """`index` or `one_hot`, if an array can be labels; else empty."""
    if not isinstance(value, np.ndarray) or not value.size or value.dtype.kind not in "iuf" or value.ndim > 2:
        return ""
    if classes in value.shape and set(np.unique(value).tolist()) <= {0, 1}:
        axis = value.ndim - 1 if value.shape[-1] == classes else 0
        if (value.sum(axis=axis) == 1).all():
            return "one_hot"
    whole = (value.ndim == 1 or 1 in value.shape) and np.array_equal(value, np.round(value))
    return "index" if whole and value.size > 1 and value.min() >= 0 and value.max() < classes else ""


def cross_entropies(p: np.ndarray, y: Any, classes: int) -> tuple[float, float]:
    """(mean, sum) of the cross-entropy of probabilities with labels."""
    labels = np.asarray(y)
    if form_of_label(labels, classes) == "one_hot":
        each = -np.log(p.reshape(labels.shape))[labels == 1]
    else:
        rows = p if p.shape[-1] == classes else p.T
        each = -np.log(np.atleast_2d(rows)[np.arange(labels.size), labels.ravel()])
    return float(each.mean()), float(each.sum())
