"""Networks of generic parameters with generic batches, all sizes different, and comparisons of results."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.reference import MLP
from chainrule.support.arrays import to_numpy

BATCHES = (7, 11, 13, 17, 19, 23)  # samples in a probe: a number that no layer has
AGREE = 1e-3  # relative difference up to which two results agree, in any precision


class Point:
    """A network, generic parameters for it, and a batch, all sizes different.

    label_sets: labels on which losses differ.  network: the reference with these parameters; logits: its output.
    """

    def __init__(self, model: Any, sizes: list[int]) -> None:
        self.model, self.sizes, self.classes = model, sizes, sizes[-1]
        rng = np.random.default_rng(11)
        fans = list(pairwise(sizes))
        self.parameters = (
            [round32(rng.normal(size=pair) / math.sqrt(pair[0])) for pair in fans],
            [round32(rng.normal(scale=0.5, size=out)) for _, out in fans],
        )
        n = batch_for(sizes)
        self.x = round32(rng.normal(size=(n, sizes[0])))
        self.y = labels_of(n, self.classes)
        self.batch = self.x.copy(), self.y.copy()
        shuffled = np.append(rng.permutation(self.y)[1:], self.classes - 1)
        self.label_sets = [np.roll(self.y, 1), self.y, self.y[::-1].copy(), shuffled]
        self.network = MLP(sizes)
        self.network.weights, self.network.biases = self.copies()
        self.logits = self.network.propagate(self.x)[1]

    def of_first(self, samples: int) -> Point:
        """The same network and parameters with the first samples alone."""
        fewer = copy.copy(self)
        fewer.x, fewer.y, fewer.logits = self.x[:samples].copy(), self.y[:samples].copy(), self.logits[:samples]
        fewer.batch = fewer.x.copy(), fewer.y.copy()
        return fewer

    def restore(self) -> None:
        """Make inputs and labels what they were, after code that wrote into them."""
        self.x[...], self.y[...] = self.batch

    def copies(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [w.copy() for w in self.parameters[0]], [b.copy() for b in self.parameters[1]]


def batch_for(sizes: Sequence[int]) -> int:
    """A number of samples that differs from all layer sizes, so that no axis can be mistaken for another."""
    return next((n for n in BATCHES if n not in sizes), BATCHES[0])


def labels_of(n: int, classes: int) -> np.ndarray:
    """Labels from the last class downwards: it must occur, as code may take the number of classes from labels."""
    return (classes - 1 - np.arange(n)) % classes


def round32(values: np.ndarray) -> np.ndarray:
    """Values that are exact in float32."""
    return values.astype(np.float32).astype(np.float64)


def flat(parameters: Any) -> np.ndarray:
    """All parameters in one vector."""
    return np.concatenate([to_numpy(array).reshape(-1) for group in parameters for array in group])


def surplus(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The sum over the samples of p - y: the last bias's gradient, apart from its scale."""
    return (p - np.eye(p.shape[1])[y]).sum(axis=0)


def are_rows_of_probabilities(out: np.ndarray) -> bool:
    return bool((out >= 0).all() and np.allclose(out.sum(axis=1), 1, atol=AGREE))


def alignment(a: Any, b: Any) -> float:
    """The cosine of the angle between two vectors; 0 if their sizes differ or they are not finite."""
    a, b = np.asarray(a, float).reshape(-1), np.asarray(b, float).reshape(-1)
    if a.shape != b.shape or not np.isfinite(a).all():
        return 0.0
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size else 0.0


def follows(own: np.ndarray, exact: np.ndarray) -> float:
    """How closely two vectors vary alike, from 0 to 1, apart from scale, sign and mean."""
    return abs(alignment(own - own.mean(), exact - exact.mean()))


def ratio(once: Any, twice: Any) -> str | None:
    """`sum` if doubling the batch doubles the result, `mean` if it changes nothing, else None."""
    if once is None or twice is None or np.shape(once) != np.shape(twice):
        return None
    once, twice = np.asarray(once, float), np.asarray(twice, float)
    scale = np.abs(once).max() if once.size else 0.0
    if not scale or not np.isfinite(scale):
        return None
    if np.abs(twice - 2 * once).max() <= AGREE * scale:
        return "sum"
    return "mean" if np.abs(twice - once).max() <= AGREE * scale else None
