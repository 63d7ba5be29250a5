"""What questions are put with: networks, batches, and how far off an answer may be.

Questions are small, different from each other, and answered in microseconds.  The chapters of the catalogue ask them;
an implementation is asked on networks of the sizes that it makes, a mistake's example is its first wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any
from unittest import SkipTest

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis.actors import Actor, Question
from chainrule.diagnosis.concerns import concerns
from chainrule.mathematics.cases import Case
from chainrule.specification.analysis import analysis
from chainrule.specification.networks import Networks


class Setting:
    """Small networks with round numbers in them, for the examples of mistakes; every answer is right to rounding.

    epsilon: in the logarithm, accepted.  largest: the largest number there is.  through: whether functions are seen
    through a network.  again: whether backward may be asked a second time.
    """

    epsilon = 0.0
    largest = float(np.finfo(np.float64).max)
    through = False
    again = True

    @cached_property
    def networks(self) -> list[Case]:
        return [round_case((2, 3, 2), 3), round_case((2, 3, 2), 1), round_case((3, 3, 3), 3)]

    @cached_property
    def saturated(self) -> list[Case]:
        """Networks whose logits are in the thousands."""
        return []

    @cached_property
    def threes(self) -> list[Case]:
        """Networks with a batch of three."""
        return [round_case((2, 3, 2), 3)]

    @cached_property
    def single(self) -> Case:
        """A network with a batch of one sample."""
        return round_case((2, 3, 2), 1)

    def probability_error(self, p: np.ndarray) -> float:
        """How far the probabilities that reach a loss are off."""
        return 0.0

    def output_error(self, case: Case) -> float:
        """How far the probabilities of a network may be off beyond rounding; of large logits that is many digits."""
        return 0.0

    def loss_error(self, case: Case) -> float:
        """How far an accepted epsilon moves a loss, or an entry of its gradient."""
        return 0.0

    def gradient_error(self, case: Case) -> float:
        """How far a gradient may be off beyond rounding."""
        return 0.0


class SettingOf(Setting):
    """Networks of the sizes that an implementation makes, and the errors that its conventions allow."""

    def __init__(self, impl: Boundary) -> None:
        self.impl, self.made = impl, Networks(impl)
        self.epsilon = impl.log_epsilon
        self.through = bool(impl.goes_through("cross_entropy"))
        self.again = impl.host.traits().recovery_rate is None  # reading off an update moves them
        self.largest = float(np.finfo(impl.conventions["precision"].value).max)

    @cached_property
    def networks(self) -> list[Case]:
        """Networks with different numbers of hidden layers, and batches of several samples and of one.

        In one network all sizes are the same, so that a missing transposition does not raise.
        """
        found: list[Case] = []
        for depth, n in ((1, 5), (0, 5), (2, 7), (1, 1), (3, 5), (4, 2)):
            try:
                of_depth = list(self.made.each((depth,), n, seed=depth))
            except SkipTest:
                continue
            known = [case.sizes for case in found if len(case.x) == n]
            found += [case for case in of_depth if case.sizes not in known]
        square = self.impl.fits((4, 4, 4, 4)) or self.impl.fits((4, 4, 4))
        if square and len(set(square)) == 1:
            found.append(self.made.at(square, 4, seed=1))
        return found

    @cached_property
    def saturated(self) -> list[Case]:
        """Logits of both signs, in batches whose samples differ much in size."""
        found = []
        for case in self.exactly((0, 1), 5, seed=3):
            scale = np.array([4000.0, 1.0, -4000.0, 1000.0, 0.0][: len(case.x)])[:, None]
            weights = [*case.weights[:-1], np.round(case.weights[-1], 1)]
            found.append(Case(case.sizes, weights, case.biases, np.round(case.x * scale, 1), case.y))
        return found

    @cached_property
    def threes(self) -> list[Case]:
        return self.exactly((1, 0, 2), 3, seed=9)

    @cached_property
    def single(self) -> Case:
        return self.made.case(0 if self.impl.fits((4, 3)) else 1, 1, seed=5)

    def exactly(self, depths: Sequence[int], n: int, seed: int) -> list[Case]:
        """Networks with these numbers of hidden layers, those that there are."""
        found = []
        for depth in depths:
            try:
                found.append(self.made.exactly(depth, n, seed))
            except SkipTest:
                continue
        return found

    def probability_error(self, p: np.ndarray) -> float:
        return float(self.impl.probability_error(p).max())

    def output_error(self, case: Case) -> float:
        return float(analysis(self.impl, case).probabilities[1].max())

    def loss_error(self, case: Case) -> float:
        if not self.epsilon:
            return 0.0
        p = case.reference.forward(case.x)[np.arange(len(case.y)), case.y]
        return 4 * self.epsilon / float(p.min()) * max(1.0, float(np.abs(case.x).max()))

    def gradient_error(self, case: Case) -> float:
        return self.loss_error(case) + max(float(self.impl.gradient_error(w, w).max()) for w in case.weights)


def questions_about(name: str, setting: Setting) -> list[Question]:
    """The questions about a concern, none where there is no network to ask."""
    try:
        return list(concerns()[name].questions(setting))
    except SkipTest:
        return []


def round_case(sizes: tuple[int, ...], n: int) -> Case:
    """A network with round numbers in it, and a batch."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=fans).round(1) for fans in pairwise(sizes)]
    biases = [rng.normal(size=size).round(1) for size in sizes[1:]]
    return Case(sizes, weights, biases, rng.normal(size=(n, sizes[0])).round(1), np.arange(n)[::-1] % sizes[-1])


def asking(name: str, *arguments: Any) -> Callable[[Actor], Sequence[Any]]:
    """Calls one function of an actor, with copies of the arguments."""
    return lambda actor: actor.function(name, *map(np.array, arguments))


def of_function(name: str, inputs: Iterable[tuple[Any, ...]], label: str, relative: bool = True) -> Iterator[Question]:
    """A question for each (what it is about, the arguments)."""
    for about, *arguments in inputs:
        given = [np.asarray(argument) for argument in arguments]
        yield Question(about, asking(name, *given), [label], relative=relative, given=given)


def of_network(
    about: str, case: Case, ask: Callable[[Actor, Any, Case], Sequence[Any]], labels: Sequence[str], slack: float = 0.0
) -> Question:
    """A question put to a network with the parameters of a case."""
    return Question(
        f"{about}, {case}",
        lambda actor: ask(actor, actor.network(case.weights, case.biases), case),
        labels,
        slack=slack,
    )


def kinds_of(weights: Sequence[np.ndarray]) -> list[tuple[str, int]]:
    """(`weights` or `biases`, layer) of every array of a network."""
    return [(kind, l) for kind in ("weights", "biases") for l in range(len(weights))]


def gradient_name(kind: str, l: int) -> str:
    return f"{'dloss/dW' if kind == 'weights' else 'dloss/db'}[{l}]"


def parameter_names(case: Case) -> list[str]:
    return [f"{kind}[{l}]" for kind, l in kinds_of(case.weights)]


def everything(actor: Actor, model: Any) -> Sequence[Any]:
    """All parameters of a network."""
    weights, biases = actor.parameters(model)
    return [*weights, *biases]
