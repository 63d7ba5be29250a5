"""Finds a network's weights and biases by their shapes, in a network whose sizes all differ."""

from __future__ import annotations

import dis
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Any

import numpy as np

from chainrule.host.recognition.structures import (
    Attribute,
    Item,
    Path,
    follow,
    label,
    leaves,
    put,
    replace,
    shape,
    spell,
)
from chainrule.host.recognition.vocabulary import is_called
from chainrule.support.arrays import to_numpy


@dataclass(frozen=True)
class Slot:
    """The place of one array: the end of a path.

    For a layer made of neurons, row by row: the end of `rest` in every item of the list at the end of `path`.
    """

    path: Path
    rest: Path | None = None

    def rows(self, value: Any) -> list[Path]:
        assert self.rest is not None
        return [(*self.path, Item(i), *self.rest) for i in range(len(follow(value, self.path)))]

    def read(self, value: Any) -> np.ndarray:
        if self.rest is None:
            return to_numpy(follow(value, self.path))
        return np.array([to_numpy(follow(value, path)) for path in self.rows(value)])

    def write(self, value: Any, array: np.ndarray) -> Any:
        """Write an array at this place.  Returns `value`, or the object that replaces it."""
        if self.rest is None:
            return put(value, self.path, array)
        for path, row in zip(self.rows(value), array, strict=True):
            value = put(value, path, row)
        return value

    def shaped_as(self, value: Any, old: Any) -> Any:
        """Put the array that stood here before back where another shape has taken its place.  Returns `value`."""
        if self.rest is not None or shape(follow(value, self.path)) == shape(old):
            return value
        return replace(value, self.path, old)

    @property
    def name(self) -> str:
        return label(self.path if self.rest is None else self.rest)

    def __str__(self) -> str:
        return spell(self.path) + (f"[...]{spell(self.rest)}" if self.rest is not None else "")


Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Fold:
    """Biases inside the arrays of the weights: one more row, whose input is always 1.

    first: whether that row is the first one; else it is the last.
    carried: whether networks have no biases at all.  A bias is then a weight as well, of an input that is always 1, and
    every hidden layer has one more unit, which passes the 1 on: W' = [[W, 0], [b, 1]].
    """

    first: bool = False
    carried: bool = False

    def shape(self, fan_in: int, fan_out: int, *, last: bool) -> tuple[int, int]:
        """The shape of the array for a layer."""
        return fan_in + 1, fan_out + (self.carried and not last)

    def stored(self, sizes: Sequence[int]) -> list[int]:
        """The layer sizes of the network that stands for one of these sizes."""
        return [*(size + self.carried for size in sizes[:-1]), sizes[-1]]

    def sizes(self, stored: Sequence[int]) -> list[int]:
        """The layer sizes for which such a network stands."""
        return [*(size - self.carried for size in stored[:-1]), stored[-1]]

    def split(self, arrays: Arrays) -> tuple[Arrays, Arrays]:
        """(weights, biases) in these arrays."""
        row, rest = (0, slice(1, None)) if self.first else (-1, slice(-1))
        columns = [slice(-1) if self.carried else slice(None)] * (len(arrays) - 1) + [slice(None)]
        pairs = list(zip(arrays, columns, strict=True))
        return [array[rest, kept] for array, kept in pairs], [array[row, kept] for array, kept in pairs]

    def joined(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], one: float) -> Arrays:
        """The arrays with these weights and biases.  one: the weight by which a unit passes the 1 on."""
        made = []
        for l, (w, b) in enumerate(zip(weights, biases, strict=True)):
            row = np.reshape(b, (1, -1))
            array = np.vstack([row, w] if self.first else [w, row])
            if self.carried and l < len(weights) - 1:
                array = np.hstack([array, np.zeros((len(array), 1))])
                array[-1, -1] = one
            made.append(array)
        return made


@dataclass(frozen=True)
class Slots:
    """The places of all weights and biases, first layer first; orientation: `in_out` or `out_in`.

    fold: how the arrays at the places of the weights contain the biases; None if biases have their own places.
    """

    weights: tuple[Slot, ...]
    biases: tuple[Slot, ...]
    orientation: str
    fold: Fold | None = None

    def read(self, value: Any) -> tuple[Arrays, Arrays]:
        return self.parts([slot.read(value) for slot in self.weights], [slot.read(value) for slot in self.biases])

    def live(self, value: Any) -> list[Any]:
        """The network's own arrays."""
        return [follow(value, slot.path) for slot in (*self.weights, *self.biases)]

    def shaped_as(self, value: Any, live: Sequence[Any]) -> Any:
        """Undo changes of the arrays' shapes.  live: what stood in the places before.  Returns `value`, as `write`."""
        for slot, old in zip((*self.weights, *self.biases), live, strict=True):
            value = slot.shaped_as(value, old)
        return value

    def write(self, value: Any, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> Any:
        for slot, array in zip((*self.weights, *self.biases), self.whole(weights, biases), strict=True):
            value = slot.write(value, array)
        return value

    def parts(self, weights: Arrays, biases: Arrays) -> tuple[Arrays, Arrays]:
        """(weights, biases) in the arrays at the places of the weights, and of the biases."""
        if self.fold is None:
            return weights, biases
        parted = self.fold.split(self.turned(weights))
        return self.turned(parted[0]), parted[1]

    def whole(self, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], one: float = 1.0) -> Arrays:
        """The arrays for all places, weights first.  one: see Fold."""
        if self.fold is None:
            return [*weights, *biases]
        return self.turned(self.fold.joined(self.turned(weights), biases, one))

    def turned(self, weights: Sequence[np.ndarray]) -> Arrays:
        """Weights from this orientation to `in_out`, or back."""
        return [w.T if self.orientation == "out_in" else w for w in map(to_numpy, weights)]

    def paths(self) -> set[Path]:
        return {slot.path for slot in (*self.weights, *self.biases)}


def discover(value: Any, sizes: Sequence[int], fold: Fold | None = None) -> Slots | None:
    """The slots of a network of these sizes; None if a layer lacks weights or bias.

    fold: how the weights contain the biases, for a network whose biases have no places of their own.
    Sizes that read the same backwards fit both orientations: the layers then have the order in which they are stored.
    """
    found = parameters_in(value)
    order = [path for path, _ in found]
    ways = ("in_out", "out_in")
    tried = [slots_of(found, sizes, way) if fold is None else folded(found, sizes, way, fold) for way in ways]
    fitting = [slots for slots in tried if slots is not None]
    return max(fitting, key=lambda slots: in_order(order, slots.weights), default=None)


def keeps_matrices(value: Any, sizes: Sequence[int]) -> bool:
    """Whether an object keeps a matrix for every layer, whether or not it has biases."""
    found = [size for _, size in parameters_in(value)]
    fans = list(pairwise(sizes))
    return any(Counter(found) >= Counter(wanted) for wanted in (fans, [fan[::-1] for fan in fans]))


def parameters_in(value: Any) -> list[tuple[Path, tuple[int, ...]]]:
    """(path, shape) of what may be a parameter, by its name; what the code only sets comes last."""
    found = ((path, shape(leaf)) for path, leaf in leaves(value) if not counts_something(leaf))
    every = [(path, size) for path, size in found if not is_called("arrays", "not_parameters", label(path))]
    return sorted(every, key=lambda one: is_only_set(value, one[0]))


def is_only_set(value: Any, path: Path) -> bool:
    """Whether a path ends in an attribute that its object's methods set, and never read as they read others."""
    last = path[-1] if path else None
    if not isinstance(last, Attribute):
        return False
    read, written = attributes_in(follow(value, path[:-1]).__class__)
    return last.name in written - read and bool(written & read)


@lru_cache(maxsize=256)
def attributes_in(cls: type) -> tuple[frozenset[str], frozenset[str]]:
    """The names of attributes that the methods of a class read, and those that they set."""
    methods = (member for base in cls.__mro__[:-1] for member in vars(base).values())
    codes = [code for member in methods if (code := getattr(member, "__code__", None)) is not None]
    every = [one for code in codes for one in dis.get_instructions(code)]
    read = (one.argval for one in every if one.opname in ("LOAD_ATTR", "LOAD_METHOD"))
    return frozenset(read), frozenset(one.argval for one in every if one.opname == "STORE_ATTR")


def counts_something(leaf: Any) -> bool:
    """Whether a vector contains whole numbers that differ, as layer sizes and the numbers of the classes do."""
    if not is_vector(shape(leaf)):
        return False
    array = to_numpy(leaf)
    return array.dtype.kind in "iu" and array.size > 1 and bool((array != array.flat[0]).any())


def in_order(order: Sequence[Path], weights: Sequence[Slot]) -> bool:
    """Whether the weights are stored in the order of their layers.  order: the paths to all parameters."""
    places = [order.index(slot.path) for slot in weights if slot.path in order]
    return places == sorted(places)


def slots_of(found: Sequence[tuple[Path, tuple[int, ...]]], sizes: Sequence[int], orientation: str) -> Slots | None:
    """The slots among the arrays found, for weights that lie in this orientation."""
    used: set[Path] = set()
    weights, biases = [], []
    for fan_in, fan_out in pairwise(sizes):
        wanted = (fan_in, fan_out) if orientation == "in_out" else (fan_out, fan_in)
        weights.append(find(found, [wanted], "weights", used) or compose(found, fan_in, fan_out, orientation))
        vectors = [(fan_out,), (1, fan_out), (fan_out, 1)]
        beside = weights[-1].path if weights[-1] else ()
        biases.append(
            find(found, vectors, "biases", used, named=True)
            or compose_bias(found, fan_out)
            or find(found, vectors, "biases", used, beside=beside)
        )
    if not (all(weights) and all(biases)):
        return None
    return Slots(tuple(w for w in weights if w), tuple(b for b in biases if b), orientation)


def folded(
    found: Sequence[tuple[Path, tuple[int, ...]]], sizes: Sequence[int], orientation: str, fold: Fold
) -> Slots | None:
    """The slots among the arrays found, for weights that contain the biases; None if an array is called a bias."""
    if any(
        found_shape and is_called("arrays", "biases", step_name(step)) for path, found_shape in found for step in path
    ):
        return None
    used: set[Path] = set()
    weights = []
    for l, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        wanted = fold.shape(fan_in, fan_out, last=l == len(sizes) - 2)
        weights.append(find(found, [wanted if orientation == "in_out" else wanted[::-1]], "weights", used))
    return Slots(tuple(w for w in weights if w), (), orientation, fold) if all(weights) else None


def find(
    found: Sequence[tuple[Path, tuple[int, ...]]],
    shapes: Sequence[tuple[int, ...]],
    like: str,
    used: set[Path],
    *,
    named: bool = False,
    beside: Path = (),
) -> Slot | None:
    """The unused leaf of one of these shapes whose name fits best, then the nearest to the place `beside`.

    named: whether its name must fit.
    """
    fitting = [path for path, found_shape in found if found_shape in shapes and path not in used]
    if named:
        fitting = [path for path in fitting if any(is_called("arrays", like, step_name(step)) for step in path)]
    if not fitting:
        return None
    best = min(
        fitting,
        key=lambda path: (
            not any(is_called("arrays", like, step_name(step)) for step in path),
            -shared(path, beside),
            len(path),
        ),
    )
    used.add(best)
    return Slot(best)


def shared(a: Path, b: Path) -> int:
    """The number of steps with which both paths begin."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))


def step_name(step: Attribute | Item) -> str:
    return step.name if isinstance(step, Attribute) else str(step.key)


def families(found: Sequence[tuple[Path, tuple[int, ...]]], wanted: tuple[int, ...]) -> dict[tuple[Path, Path], int]:
    """{(path to a list, path inside its items): their number} of leaves whose paths differ only in one index.

    An example: layers[0].neurons[j].weights for every j.
    """
    groups: dict[tuple[Path, Path], int] = {}
    for path, found_shape in found:
        for i, step in enumerate(path):
            if found_shape == wanted and isinstance(step, Item) and isinstance(step.key, int):
                key = (path[:i], path[i + 1 :])
                groups[key] = groups.get(key, 0) + 1
    return groups


def compose(found: Sequence[tuple[Path, tuple[int, ...]]], fan_in: int, fan_out: int, orientation: str) -> Slot | None:
    """The place of weights stored neuron by neuron: a row of fan_in numbers for each of fan_out neurons."""
    if orientation == "in_out":
        return None
    return next((Slot(*key) for key, n in families(found, (fan_in,)).items() if n == fan_out and key[1]), None)


def compose_bias(found: Sequence[tuple[Path, tuple[int, ...]]], fan_out: int) -> Slot | None:
    """The place of biases stored neuron by neuron: a number for each."""
    named = [(path, found_shape) for path, found_shape in found if is_called("arrays", "biases", label(path))]
    return next((Slot(*key) for key, n in families(named, ()).items() if n == fan_out and key[1]), None)


def chain(value: Any) -> list[int] | None:
    """The sizes of a network that fixes them: its weights, in order, fit together and each has a bias.

    If they fit together in both orientations, the order of the biases decides.
    """
    shapes = [found_shape for _, found_shape in parameters_in(value)]
    sizes = chain_of(shapes)
    return sizes if sizes is None or not ends_in_one(shapes, sizes) else [*sizes, 1]


def ends_in_one(shapes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> bool:
    """Whether a layer of one unit, whose weights look like a vector, follows on those of these sizes."""
    vectors = [max(found_shape) for found_shape in shapes if is_vector(found_shape)]
    last = sizes[-1]
    edged = any(found_shape in ((last, 1), (1, last)) for found_shape in shapes)
    return edged and 1 in vectors and vectors.count(last) == [*sizes[1:], last].count(last) + list(sizes[1:]).count(1)


def chain_of(shapes: Sequence[tuple[int, ...]]) -> list[int] | None:
    """The sizes of a network whose parameters have these shapes."""
    matrices = [found_shape for found_shape in shapes if len(found_shape) == 2 and 1 not in found_shape]
    vectors = [max(found_shape) for found_shape in shapes if is_vector(found_shape)]
    fitting = []
    for fans in (matrices, [matrix[::-1] for matrix in matrices]):
        if fans and all(a[1] == b[0] for a, b in pairwise(fans)) and all(out in vectors for _, out in fans):
            fitting.append([fans[0][0], *[out for _, out in fans]])
    return max(fitting, key=lambda sizes: follows(sizes[1:], vectors), default=None)


def follows(wanted: Sequence[int], lengths: Sequence[int]) -> bool:
    """Whether these lengths contain the wanted ones in their order."""
    rest = iter(lengths)
    return all(length in rest for length in wanted)


def is_vector(found_shape: tuple[int, ...]) -> bool:
    """Whether a shape is (n,), (1, n) or (n, 1)."""
    return len(found_shape) == 1 or (len(found_shape) == 2 and 1 in found_shape)
