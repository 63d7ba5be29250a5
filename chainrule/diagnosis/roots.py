"""Causes of many clauses that fail together: what shows each, and which clauses it explains, as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis import mistakes
from chainrule.diagnosis.answers import Answers
from chainrule.diagnosis.cause import Cause
from chainrule.diagnosis.initial_weights import root_of_all
from chainrule.diagnosis.made import biases_in_one_array
from chainrule.diagnosis.sample_order import begins_anew, takes_all, visits_again
from chainrule.running.results import SpecResult

Shown = tuple[str, str]  # the id of a mistake, and what was found
RESTS_ON_ANSWERS = ("shapes", "gradients", "golden", "training")  # chapters that ask networks
# What fails because weights are alike, or not centred, and says nothing of its own.
UNCENTRED = tuple(f"initialization.{name}" for name in ("mean", "network_variance", "independence", "layers_differ"))
UNDECIDED = ("initialization.generator", "initialization.seeds_differ")
FOLLOWS = {"init-positive": UNCENTRED, "init-zero": (*UNCENTRED, *UNDECIDED)}  # {mistake: what follows from it}
# What fails where weights are drawn, but not one by one: a statistic of them says nothing more.
OF_DRAWING = (*UNCENTRED, *UNDECIDED, *(f"initialization.{name}" for name in ("variance", "distribution")))
EVERY_SAMPLE = "training.every_sample"
OF_BATCHES = (
    EVERY_SAMPLE,
    *(
        f"training.{name}"
        for name in (
            *("seed", "last_batch", "fresh_order", "fresh_batches", "labels", "many_samples"),
            *("many_batches", "batch_size"),
        )
    ),
)


@dataclass(frozen=True)
class Root:
    """A cause of many clauses.

    shown: (mistake, what was found) of an implementation whose failing specs these are; None where it is another.
    clauses, chapters: what it explains of what fails.  calling: of these, the specs that call this operation alone.
    concern: where to look for it.
    """

    shown: Callable[[Boundary, Sequence[SpecResult]], Shown | None]
    clauses: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    calling: str = ""
    concern: str = "fit"
    certainty: str = "certain"

    def explains(self, result: SpecResult) -> bool:
        """Whether a failing spec is one of those that it explains."""
        among = result.id in self.clauses or result.chapter in self.chapters
        return among and (not self.calling or self.calling in called_by(result))


def called_by(result: SpecResult) -> set[str]:
    """The operations that a failing spec called."""
    return set() if result.evidence is None else {result.evidence.last or "", *(c.name for c in result.evidence.calls)}


def of_biases(impl: Boundary, failing: Sequence[SpecResult]) -> Shown | None:
    found = "what makes a network calls for an array of shape sizes[1:], and stores it as the biases"
    return ("init-biases-in-one-array", found) if biases_in_one_array(impl) else None


def of_drawing(impl: Boundary, failing: Sequence[SpecResult]) -> Shown | None:
    found = root_of_all(impl)
    return None if found is None else (found[0].id, found[1])


def of_beginning(impl: Boundary, failing: Sequence[SpecResult]) -> Shown | None:
    found = "at a rate of almost nothing the parameters are far from where they were"
    return ("fit-begins-again", found) if begins_anew(impl) else None


def of_batches(impl: Boundary, failing: Sequence[SpecResult]) -> Shown | None:
    if takes_all(impl):
        return "fit-whole-set", "after an epoch in batches of two every sample has moved as far as every other"
    apart = next((result for result in failing if result.id == EVERY_SAMPLE), None)
    return ("fit-with-replacement", apart.message) if apart is not None and visits_again(impl) else None


ROOTS = (
    Root(of_biases, chapters=RESTS_ON_ANSWERS, concern="create", certainty="likely"),
    Root(of_drawing, clauses=OF_DRAWING, concern="create"),
    Root(of_beginning, chapters=("training",), calling="fit"),
    Root(of_batches, clauses=OF_BATCHES),
)


class Roots:
    """The roots of what fails in one implementation, each looked for when a spec fails that it would explain."""

    def __init__(self, answers: Answers) -> None:
        self.impl, self.failing = answers.impl, answers.failing
        self.shown: dict[Root, Shown | None] = {}

    def of(self, result: SpecResult) -> Cause | None:
        """The one cause of a spec and of others, if it is one of those."""
        for root in ROOTS:
            if root.explains(result):
                if root not in self.shown:
                    self.shown[root] = root.shown(self.impl, self.failing)
                shown = self.shown[root]
                if shown is not None:
                    every = [other.id for other in self.failing if root.explains(other)]
                    return Cause(mistakes()[shown[0]], root.certainty, shown[1], every, (root.concern,))
        return None
