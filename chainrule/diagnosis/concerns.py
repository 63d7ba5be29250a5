"""What a failing spec is about: the operations whose answers can explain it.  Each chapter names its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.mistake import Changes, Mistake

Stage = frozenset[str]


@dataclass(frozen=True)
class Concern:
    """An operation, or what `fit` returns.

    parts: of the model, in any of which the mistake may be.  questions: about it, in a `questions.Setting`.  own: the
    parts that are likelier, the likeliest first.  runs: the operations that it runs as well: where those are right,
    their functions are not the ones to look into first.  stages: where two mistakes are looked for, (the parts of an
    earlier stage, those of a later one).  readings: changes that make another published form of the operation.
    """

    name: str
    parts: Stage
    questions: Callable[[Any], Iterable[Question]]
    own: tuple[Stage, ...]
    runs: tuple[str, ...]
    stages: tuple[tuple[Stage, Stage], ...]
    readings: tuple[Changes, ...]

    def level(self, mistake: Mistake) -> int:
        """0 for a mistake of the likeliest parts or of single arrays, more for those of what this is built on."""
        if mistake.array is not None:
            return 0
        fitting = (i for i, own in enumerate(self.own) if any(c.keys() <= own for c in mistake.variants.values()))
        return next(fitting, len(self.own))


_concerns: dict[str, Concern] = {}
_about: dict[str, tuple[str, ...]] = {}


def concern(
    name: str,
    parts: Collection[str],
    questions: Callable[[Any], Iterable[Question]],
    own: Sequence[Stage] = (),
    runs: Sequence[str] = (),
    stages: Sequence[tuple[Stage, Stage]] = (),
    readings: Sequence[Changes] = (),
) -> None:
    """Say of an operation how it is asked, and what its answers are made of."""
    _concerns[name] = Concern(
        name, frozenset(parts), questions, tuple(own), tuple(runs), tuple(stages), tuple(readings)
    )


def about(clauses: str, *concerns: str) -> None:
    """Say what clauses are about: one by its id, several (separated by blanks), or all of a family."""
    _about.update(dict.fromkeys(clauses.split(), concerns))


@cache
def concerns() -> dict[str, Concern]:
    """{name: concern} of every chapter."""
    from chainrule.diagnosis import catalogue

    catalogue.load()
    return dict(_concerns)


def run_by(names: Iterable[str]) -> set[str]:
    """The operations that these run as well; nothing for what is not a concern of a chapter, such as `create`."""
    return {other for name in names if name in concerns() for other in concerns()[name].runs}


def concerns_of(clause: str) -> tuple[str, ...]:
    """The concerns of a clause, none where it is about something else than the values of operations."""
    concerns()
    return _about.get(clause, _about.get(clause.partition(".")[0], ()))


def told_apart() -> tuple[str, ...]:
    """The clauses and families of which something is said."""
    concerns()
    return tuple(_about)
