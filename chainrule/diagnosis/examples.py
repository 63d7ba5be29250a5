"""Before and after: what a mistake makes of right numbers, on the simplest question that it answers wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule.diagnosis.actors import Question, Reply, answer, answers_agree
from chainrule.diagnosis.concerns import concerns
from chainrule.diagnosis.mistake import Changes, Mistake
from chainrule.diagnosis.model import Parts
from chainrule.diagnosis.questions import Setting, gradient_name, questions_about, round_case

UNIT_ROUNDOFF = 2.0**-53
FANS = (400, 50)


Row = tuple[str, "np.ndarray | None", "np.ndarray | None"]


@dataclass(frozen=True)
class Example:
    """question: what is asked.  rows: (what it is, right, with the mistake); None for what raises."""

    question: str
    rows: Sequence[Row]


def example(mistake: Mistake) -> Example | None:
    """The first of the questions that the mistake answers wrong; None where it shows in no numbers."""
    if mistake.scheme is not None:
        return of_scheme(mistake)
    if mistake.array is not None:
        return of_array(mistake)
    for changes in mistake.variants.values():
        for name, question in simplest_first(mistake, changes):
            right, wrong = answer(question, Parts()), answer(question, Parts(changes))
            if not answers_agree(wrong, right, UNIT_ROUNDOFF, question):
                shown = ", ".join(np.array2string(a, separator=", ", max_line_width=60) for a in question.given)
                return Example(f"{name}({shown})" if shown else question.about, rows(question, right, wrong))
    return None


def simplest_first(mistake: Mistake, changes: Changes) -> Iterator[tuple[str, Question]]:
    """(concern, question) of each concern in whose parts the changes are.

    First come concerns whose own parts they are, and among these the one made of the fewest parts.
    """
    for concern in sorted(concerns().values(), key=lambda concern: (concern.level(mistake), len(concern.parts))):
        if changes.keys() <= concern.parts:
            for question in questions_about(concern.name, Setting()):
                yield concern.name, question


def rows(question: Question, right: Reply, wrong: Reply) -> Sequence[Row]:
    """The answers beside each other, those that differ."""
    labels = [*question.labels, *(f"array {i}" for i in range(len(question.labels), len(right.arrays) or 1))]
    if right.raised or wrong.raised:
        before, after = (None if found.raised else found.arrays[0] for found in (right, wrong))
        return [(labels[0], before, after)]
    differing = [
        (label, a, b)
        for label, a, b in zip(labels, right.arrays, wrong.arrays, strict=False)
        if not np.array_equal(a, b, equal_nan=True)
    ]
    return differing[:2]


def of_scheme(mistake: Mistake) -> Example:
    """Variances of a layer: Xavier's, or where those are the mistake He's."""
    assert mistake.scheme is not None
    fan_in, fan_out = FANS
    wrong = np.reshape(mistake.scheme(fan_in, fan_out), -1)[:1]
    xavier = 2 / (fan_in + fan_out)
    right = np.array([2 / fan_in if wrong[0] == xavier else xavier])
    return Example(f"a layer of fan_in {fan_in} and fan_out {fan_out}", [("variance", right, wrong)])


def of_array(mistake: Mistake) -> Example | None:
    """A gradient of a small network."""
    assert mistake.array is not None
    case, actor = round_case((2, 3, 2), 3), Parts()
    grads = actor.backward(actor.network(case.weights, case.biases), case.x, case.y)
    for kind, l in product(mistake.of, (0, 1)):
        right = grads[0 if kind == "weights" else 1][l]
        found = mistake.array(right, actor.passes[-1], l, kind)
        wrong = found[0] if isinstance(found, tuple) else found
        if not np.array_equal(wrong, right):
            return Example(f"the gradients, {case}", [(gradient_name(kind, l), right, wrong)])
    return None
