"""The network cases of a run, with sizes that the implementation can make."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Call
from chainrule.mathematics.cases import MARGIN, NARROW, SMALLEST, Case, network_case, sizes_of

AT_RANDOM = 1000  # how many random networks, or seeds, a spec uses with --thorough, beside the usual ones
Kind = tuple[tuple[tuple[int, ...], int], ...]  # (sizes, batch size) of each alternative, for code that fixes some
# Kinds of networks that the usual cases leave out.  Layers and a batch of one width:
SQUARE: tuple[Kind, ...] = (
    (((5, 5, 5, 5), 5), ((5, 5, 5), 5), ((5, 5), 5)),
    (((4, 6, 6, 6, 3), 6), ((4, 6, 6, 3), 6)),
)
# Many inputs, many units, more classes than a byte counts, many layers, many samples:
LARGE: tuple[Kind, ...] = (
    (((1030, 3, 2), 2), ((1030, 3, 4, 2), 2), ((1030, 2), 2)),
    (((3, 1030, 2), 2), ((3, 1030, 4, 2), 2), ((3, 130, 2), 2), ((3, 130, 4, 2), 2)),
    (((3, 4, 260), 2), ((3, 4, 5, 260), 2), ((3, 260), 2)),
    ((sizes_of(7), 2), (sizes_of(5), 2)),
    (((2, 3, 2), 1100), ((2, 3, 4, 2), 1100), ((2, 2), 1100), ((2, 3, 2), 130), ((2, 3, 4, 2), 130), ((2, 2), 130)),
)
MOST = 150_000  # products of an input and a weight: in a larger network each costs too much time
NUMBERS = {0: "without a hidden layer", 1: "with one hidden layer", 2: "with two hidden layers"}


def keeps_largest(made: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether sizes with those that the code fixes are still as large where the wanted ones are largest."""
    place = wanted.index(max(wanted))
    return made[place] >= wanted[place]


def cost(sizes: Sequence[int], n: int) -> int:
    """How many products of an input and a weight a forward pass of n samples has."""
    return n * sum(fan_in * fan_out for fan_in, fan_out in pairwise(sizes))


@dataclass(frozen=True)
class Remembered:
    """An answer of the implementation, its last call, and the functions that the network replaced."""

    answer: Any
    calls: tuple[Call, ...]
    seen_through: frozenset[str]


@dataclass(frozen=True)
class Networks:
    """The network cases of a run, the smallest first; with `thorough`, followed by many random ones.

    Methods raise NotApplicable if the implementation makes no suitable network.
    """

    impl: Boundary
    thorough: bool = False
    seed: int = 0
    asked: dict[Hashable, Remembered] = field(default_factory=dict, compare=False, repr=False)

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
                yield self.at(fitted, n, 0, margin)
        yield from self.drawn(existing, batches, margin, at_random)

    def wanted(self, depths: Sequence[int], batches: Sequence[int]) -> Iterator[tuple[tuple[int, ...], int]]:
        """(sizes, batch size) of each fixed case, before they are fitted to the implementation."""
        if 1 in depths:
            for sizes in (SMALLEST, *NARROW):
                yield sizes, batches[0]
        for depth in depths:
            for n in batches:
                yield sizes_of(depth), n

    def drawn(self, depths: Sequence[int], batches: Sequence[int], margin: float, count: int) -> Iterator[Case]:
        """With `thorough`, `count` random cases; otherwise an empty list."""
        rng = np.random.default_rng(self.seed)
        for _ in range(count if self.thorough else 0):
            depth, n, seed = int(rng.choice(depths)), int(rng.choice(batches)), int(rng.integers(1, 2**31))
            # All sizes differ, as in the fixed cases, unless the network has more layers than there are sizes.
            sizes = rng.choice(np.arange(2, 10), size=depth + 2, replace=depth + 2 > 8)
            fitted = self.impl.fits(sizes.tolist())
            if fitted:
                self.impl.cases += 1
                yield self.at(fitted, n, seed, margin)

    def once(self, question: Hashable, ask: Callable[[], Any]) -> Any:
        """The result of `ask`, which several specs use: a run calls it once, and it counts for each spec."""
        if question not in self.asked:
            answer = ask()
            self.asked[question] = Remembered(answer, tuple(self.impl.calls)[-1:], frozenset(self.impl.seen_through))
        else:
            known = self.asked[question]
            self.impl.calls.extend(known.calls)
            self.impl.called.update(call.name for call in known.calls)
            self.impl.seen_through.update(known.seen_through)
        return self.asked[question].answer

    def seeds(self, usual: Sequence[int]) -> list[int]:
        """The usual seeds; with `thorough`, as many fresh ones."""
        if not self.thorough:
            return list(usual)
        fresh = np.random.default_rng([self.seed, *usual]).choice(2**31, size=len(usual), replace=False)
        return [int(seed) for seed in fresh]

    def trials(self, usual: Sequence[int], count: int = AT_RANDOM) -> Iterator[int]:
        """The usual seeds, for statements about any seed; with `thorough`, followed by `count` fresh ones."""
        yield from usual
        for seed in self.seeds(range(count)) if self.thorough else ():
            self.impl.cases += 1
            yield seed

    def depths(self, wanted: Sequence[int]) -> list[int]:
        """The wanted numbers of hidden layers that are possible, else the nearest possible one.

        A linear network does not replace one with hidden layers.
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
        """The case with `depth` hidden layers, or the nearest possible number."""
        return self.fixed((depth,), n, seed, margin)[0]

    def each(self, depths: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> Iterator[Case]:
        """A case for each possible number of hidden layers; with `thorough`, followed by random ones."""
        yield from self.fixed(depths, n, seed, margin)
        yield from self.drawn(self.depths(depths), (n,), margin, AT_RANDOM)

    def fixed(self, depths: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> list[Case]:
        """The cases of `each` without the random ones."""
        fitted = [self.impl.fits(sizes_of(depth)) for depth in self.depths(depths)]
        return [self.at(sizes, n, seed, margin) for sizes in fitted if sizes]

    def unusual(self) -> Iterator[Case]:
        """A case of each kind in SQUARE and LARGE of which the implementation makes a network."""
        for kinds, keeps in ((SQUARE, tuple.__eq__), (LARGE, keeps_largest)):
            for kind in kinds:
                fitted = ((self.impl.fits(sizes), sizes, n) for sizes, n in kind)
                made = ((own, n) for own, sizes, n in fitted if own and keeps(own, sizes) and cost(own, n) <= MOST)
                yield from (self.at(*case) for case in islice(made, 1))

    def exactly(self, depth: int, n: int, seed: int = 0) -> Case:
        """The case with exactly `depth` hidden layers."""
        sizes = self.impl.fits(sizes_of(depth))
        if sizes is None:
            raise self.impl.no_network(NUMBERS[depth])
        return self.at(sizes, n, seed)

    def first(self, *wanted: Sequence[int]) -> tuple[int, ...]:
        """The first of the wanted sizes that the implementation makes, else other possible ones."""
        depths = self.depths((1, 0, 2))
        return next(filter(None, map(self.impl.fits, (*wanted, *map(sizes_of, depths)))))

    def all(self, *wanted: Sequence[int]) -> list[tuple[int, ...]]:
        """All wanted sizes that the implementation makes, once each, else other possible ones."""
        return list(dict.fromkeys(filter(None, map(self.impl.fits, wanted)))) or [self.first()]

    def at(self, sizes: Sequence[int], n: int, seed: int = 0, margin: float = MARGIN) -> Case:
        """The case with exactly these sizes."""
        return network_case(tuple(sizes), n, seed, margin)
