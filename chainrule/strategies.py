"""The points and weights at which the specification checks: Hypothesis strategies for functions, cases for networks.

Logits, inputs and parameters are exact in float32, so that an implementation in lower precision sees the same point;
parameters are multiples of 2^-10, so that a finite-difference step away from them is exact as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from chainrule.boundary import Boundary, Handle, NotApplicable
from chainrule.numerics import analyse
from chainrule.reference import MLP

GRID = 2.0**-10
MARGIN = 2.0**-9  # of every hidden pre-activation to the kink at zero
AT_RANDOM = 1000  # networks that a spec looks at with --thorough, or seeds that it tries, beside the usual ones

# All sizes of a network differ, and from the batch sizes, so that no mix-up of axes can pass unseen.
SIZES = {0: (4, 3), 1: (3, 5, 2), 2: (4, 6, 5, 3), 3: (5, 8, 4, 6, 3), 4: (6, 4, 9, 5, 8, 3)}
SMALLEST = (2, 3, 2)
NARROW = ((3, 1, 2), (1, 4, 2))  # a layer of one unit, and a single input: nothing may drop the axis


def finite(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of a range, exact in float32 and no subnormals."""
    return st.floats(low, high, width=32, allow_subnormal=False)


@st.composite
def matrices(
    draw: st.DrawFn, rows: tuple[int, int], columns: tuple[int, int], elements: st.SearchStrategy
) -> np.ndarray:
    """A matrix with every entry drawn for itself."""
    n, k = draw(st.integers(*rows)), draw(st.integers(*columns))
    return np.array(draw(st.lists(elements, min_size=n * k, max_size=n * k)), dtype=np.float64).reshape(n, k)


def logits(
    rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0
) -> st.SearchStrategy[np.ndarray]:
    """(N, K) logits between -size and size."""
    return matrices(rows, classes, finite(-size, size))


def shifts(size: float = 32.0) -> st.SearchStrategy[float]:
    """What may be added to every logit of a row."""
    return finite(-size, size)


def arrays(size: float = 1e6) -> st.SearchStrategy[np.ndarray]:
    """Small arrays of one or two dimensions, zeros and negative zeros among their entries."""
    return matrices((1, 3), (1, 4), st.one_of(finite(-size, size), st.sampled_from([0.0, -0.0, 1.0, -1.0])))


@st.composite
def tensors(draw: st.DrawFn) -> np.ndarray:
    """Arrays of one to four axes, some larger than anyone would write out, zeros among their entries."""
    shape = draw(st.sampled_from([(5,), (2, 3, 4), (3, 2, 1, 4), (30, 20)]))
    values = grid(np.random.default_rng(draw(st.integers(0, 99))).normal(scale=4.0, size=shape))
    return np.where(np.abs(values) < 0.5, 0.0, values)


@st.composite
def wide_logits(draw: st.DrawFn, size: float = 16.0) -> np.ndarray:
    """(N, K) logits of more samples and classes than `logits` draws."""
    n, k = draw(st.sampled_from([(2, 12), (40, 6), (70, 12)]))
    return grid(np.random.default_rng(draw(st.integers(0, 99))).uniform(-size, size, (n, k)))


@st.composite
def large_predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """(p, y) as `predictions` draws them, of more samples and classes: more than a byte can count."""
    n, k = draw(st.sampled_from([(8, 12), (100, 6), (300, 12)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    parts = rng.integers(1, 257, (n, k)).astype(np.float64)
    return parts / parts.sum(axis=1, keepdims=True), rng.integers(0, k, n)


@st.composite
def predictions(draw: st.DrawFn, rows: tuple[int, int] = (1, 5)) -> tuple[np.ndarray, np.ndarray]:
    """(p, y): probabilities of at least 2^-12, each row a distribution over its classes, and labels."""
    n, k = draw(st.integers(*rows)), draw(st.integers(2, 5))
    parts = np.array(draw(st.lists(st.integers(1, 256), min_size=n * k, max_size=n * k)), dtype=np.float64).reshape(
        n, k
    )
    y = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return parts / parts.sum(axis=1, keepdims=True), np.array(y)


@st.composite
def scores(
    draw: st.DrawFn, rows: tuple[int, int] = (1, 4), classes: tuple[int, int] = (2, 5), size: float = 16.0
) -> tuple[np.ndarray, np.ndarray]:
    """(z, y): (N, K) logits between -size and size, and labels."""
    z = draw(logits(rows, classes, size))
    return z, np.array(draw(st.lists(st.integers(0, z.shape[1] - 1), min_size=len(z), max_size=len(z))))


@dataclass(frozen=True)
class Case:
    """A network of given parameters, and a batch: x (N, s[0]), y (N,)."""

    sizes: Sequence[int]
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray

    def network(self) -> MLP:
        """A network of the reference's with copies of these parameters, to train or to change."""
        return reference(self.sizes, self.weights, self.biases)

    @cached_property
    def reference(self) -> MLP:
        """The same to read from alone: specs share a case."""
        network = self.network()
        for parameters in (*network.weights, *network.biases):
            parameters.flags.writeable = False
        return network

    def create(self, impl: Boundary) -> Handle:
        """A network of the implementation's with these parameters."""
        model = impl.create(self.sizes, seed=0)
        impl.assign(model, self.weights, self.biases)
        return model

    def __str__(self) -> str:
        return f"sizes {list(self.sizes)}, a batch of {len(self.x)}"


def reference(sizes: Sequence[int], weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> MLP:
    """The reference network with copies of these parameters."""
    network = MLP(sizes)
    network.weights, network.biases = [w.copy() for w in weights], [b.copy() for b in biases]
    return network


@lru_cache(maxsize=256)
def network_case(sizes: tuple[int, ...], n: int, seed: int = 0, margin: float = MARGIN, spacing: float = GRID) -> Case:
    """Parameters and a batch on the grid, with every hidden pre-activation at least `margin` from the kink at zero.

    Labels run through all classes where n allows, and the last occurs always.  Where a unit comes too near its kink its
    bias is moved, by as little as will do.
    """
    rng = np.random.default_rng([seed, n, *sizes])
    x = grid(rng.normal(size=(n, sizes[0])), spacing)
    a, weights, biases = x, [], []
    for fan_in, fan_out in pairwise(sizes):
        weights.append(grid(rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out)), spacing))
        b = grid(rng.normal(scale=0.5, size=fan_out), spacing)
        z = a @ weights[-1]
        biases.append(b + np.array([clearance(z[:, j] + b[j], margin, spacing) for j in range(fan_out)]))
        a = np.maximum(z + biases[-1], 0)
    biases[-1] = b  # logits have no kink
    return Case(sizes, weights, biases, x, rng.permutation((sizes[-1] - 1 - np.arange(n)) % sizes[-1]))


@dataclass(frozen=True)
class LayerCase:
    """An affine layer's inputs, x (N, d[1], ..., d[k]), w (D, M) and b (M,), and a gradient dout (N, M) by its output,
    all of them on the grid.
    """

    x: np.ndarray
    w: np.ndarray
    b: np.ndarray
    dout: np.ndarray

    def __str__(self) -> str:
        return f"x of shape {self.x.shape}, {self.w.shape[1]} outputs"


def layer_case(shape: tuple[int, ...], outputs: int, seed: int = 0) -> LayerCase:
    """A layer for x of shape (N, d[1], ..., d[k]) with that many outputs."""
    rng = np.random.default_rng([seed, outputs, *shape])
    inputs = int(np.prod(shape[1:]))
    shapes = (shape, (inputs, outputs), (outputs,), (shape[0], outputs))
    return LayerCase(*(grid(rng.normal(size=shape)) for shape in shapes))


def clearance(z: np.ndarray, margin: float, spacing: float = GRID) -> float:
    """The smallest shift, in units of the margin rounded to the grid, that takes every entry `margin` away from
    zero.
    """
    unit = max(np.ceil(margin / spacing), 1.0) * spacing / 2
    steps = 0
    while True:
        for shift in (steps * unit, -steps * unit):
            if np.abs(z + shift).min() >= margin:
                return float(shift)
        steps += 1


def grid(values: np.ndarray, spacing: float = GRID) -> np.ndarray:
    """Rounded to multiples of the spacing, 2^-10, never to zero."""
    rounded = np.round(values / spacing) * spacing
    return np.where(rounded == 0, spacing, rounded)


def sizes_of(depth: int) -> tuple[int, ...]:
    """Sizes, all different, of a network with that many hidden layers."""
    return SIZES.get(depth) or (5, *range(6, 6 + depth), 3)


NUMBERS = {0: "without a hidden layer", 1: "with one hidden layer", 2: "with two hidden layers"}


@dataclass(frozen=True)
class Networks:
    """The network cases of a run, of the sizes that the implementation makes, smallest first; with `thorough`, many
    more at random after the fixed ones.

    What finds no network to look at raises NotApplicable.
    """

    impl: Boundary
    thorough: bool = False
    seed: int = 0

    def __call__(
        self,
        depths: Sequence[int] = (0, 1, 2, 3, 4),
        batches: Sequence[int] = (1, 2, 7),
        margin: float = MARGIN,
        at_random: int = AT_RANDOM,
    ) -> Iterator[Case]:
        """Cases with each number of hidden layers in `depths` and each batch size in `batches`."""
        existing, seen = self.depths(depths), set()
        for sizes, n in self.wanted(existing, batches):
            fitted = self.impl.fits(sizes)
            if fitted and (fitted, n) not in seen:
                seen.add((fitted, n))
                case = self.at(fitted, n, 0, margin)
                if self.certain(case):
                    yield case
        yield from self.drawn(existing, batches, margin, at_random)

    def wanted(self, depths: Sequence[int], batches: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
        """(sizes, batch size) of each fixed case, before the sizes are made to fit."""
        if 1 in depths:
            for sizes in (SMALLEST, *NARROW):
                yield sizes, batches[0]
        for depth in depths:
            for n in batches:
                yield sizes_of(depth), n

    def drawn(self, depths: Sequence[int], batches: Sequence[int], margin: float, count: int) -> Iterator[Case]:
        """With `thorough`, so many cases at random; none otherwise."""
        rng = np.random.default_rng(self.seed)
        for _ in range(count if self.thorough else 0):
            depth, n, seed = int(rng.choice(depths)), int(rng.choice(batches)), int(rng.integers(1, 2**31))
            # All sizes differ, as in the fixed cases, unless there are more layers than sizes to draw from.
            sizes = rng.choice(np.arange(2, 10), size=depth + 2, replace=depth + 2 > 8)
            fitted = self.impl.fits(sizes.tolist())
            if fitted:
                case = self.at(fitted, n, seed, margin)
                if self.certain(case):
                    self.impl.cases += 1
                    yield case

    def seeds(self, usual: Sequence[int]) -> list[int]:
        """As many seeds as the usual ones, which a run takes that repeats itself; with `thorough`, fresh ones."""
        if not self.thorough:
            return list(usual)
        fresh = np.random.default_rng([self.seed, *usual]).choice(2**31, size=len(usual), replace=False)
        return [int(seed) for seed in fresh]

    def trials(self, usual: Sequence[int], count: int = AT_RANDOM) -> Iterator[int]:
        """The usual seeds, for what holds whatever the seed; with `thorough`, `count` fresh ones after them."""
        yield from usual
        for seed in self.seeds(range(count)) if self.thorough else ():
            self.impl.cases += 1
            yield seed

    def depths(self, wanted: Sequence[int]) -> list[int]:
        """Those of the wanted numbers of hidden layers that exist; if none does, the nearest, but a linear network is
        no substitute for one with hidden layers.
        """
        deepest = max(4, *wanted, self.impl.architecture.depth or 0)
        existing = [depth for depth in range(deepest + 1) if self.impl.fits(sizes_of(depth))]
        found = [depth for depth in wanted if depth in existing]
        if found:
            return found
        substitutes = [depth for depth in existing if depth > 0 or 0 in wanted]
        if not substitutes:
            raise self.impl.no_network("with hidden layers" if min(wanted) > 0 else "of any size")
        return [min(substitutes, key=lambda depth: abs(depth - wanted[0]))]

    def case(self, depth: int, n: int, seed: int = 0, margin: float = MARGIN) -> Case:
        """The case with that many hidden layers, or the nearest number that there is."""
        return self.fixed((depth,), n, seed, margin)[0]

    def each(self, depths: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> Iterator[Case]:
        """A case for each of these numbers of hidden layers that there is, or for the nearest; with `thorough`, many
        more at random.
        """
        yield from self.fixed(depths, n, seed, margin)
        yield from self.drawn(self.depths(depths), (n,), margin, AT_RANDOM)

    def fixed(self, depths: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> list[Case]:
        """The same without those at random."""
        fitted = [self.impl.fits(sizes_of(depth)) for depth in self.depths(depths)]
        cases = [self.at(sizes, n, seed, margin) for sizes in fitted if sizes]
        found = [case for case in cases if self.certain(case)]
        if not found:
            precision = self.impl.conventions["precision"].value
            raise NotApplicable(f"in {precision} the sides that the network's ReLUs are on cannot be told")
        return found

    def exactly(self, depth: int, n: int, seed: int = 0) -> Case:
        """The case with that many hidden layers and no other."""
        sizes = self.impl.fits(sizes_of(depth))
        if sizes is None:
            raise self.impl.no_network(NUMBERS[depth])
        return self.at(sizes, n, seed)

    def first(self, *wanted: Sequence[int]) -> tuple[int, ...]:
        """The first of the wanted sizes that fit, or some that exist."""
        depths = self.depths((1, 0, 2))
        return next(filter(None, map(self.impl.fits, (*wanted, *map(sizes_of, depths)))))

    def all(self, *wanted: Sequence[int]) -> list[tuple[int, ...]]:
        """All of the wanted sizes that fit, once each, or some that exist."""
        return list(dict.fromkeys(filter(None, map(self.impl.fits, wanted)))) or [self.first()]

    def at(self, sizes: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> Case:
        """The case of exactly these sizes."""
        if self.impl.half:
            margin = max(margin, 2.0**-2)
        return network_case(tuple(sizes), n, seed, margin, self.impl.spacing)

    def certain(self, case: Case) -> bool:
        """Whether the digits of the arithmetic suffice to know which side of its kink every ReLU is on: in half
        precision not for deep networks.
        """
        return not self.impl.half or analyse(case.reference, case.x, case.y, self.impl.unit_roundoff).clear
