"""What is special about the inputs at which a spec fails that has passed at the usual ones before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis.actors import Actor, Question, Reply, answer, answers_agree
from chainrule.diagnosis.model import Parts
from chainrule.diagnosis.observing import observe
from chainrule.running.results import AskedCall, SpecResult
from chainrule.support.arrays import copied

# Specs that look at usual inputs first, or build on specs that do.
USUAL_FIRST = (
    "relu.values",
    "softmax.values",
    "cross_entropy.values",
    "network.forward",
    "network.loss",
    "network.predict",
    "network.integer_inputs",
    "network.layouts",
    "gradients.values",
)
# Mistakes in how numbers are stored: in the model of the catalogue an array of the same numbers is the same array.
UNSEEN_IN_NUMBERS = ("storage-order", "forward-integers", "inputs-of-float32")
BEYOND_USUAL = (
    "batch-beyond-a-limit",
    "layers-beyond-a-limit",
    "classes-beyond-a-limit",
    "layers-of-great-width",
    "layers-of-one-width",
)
ALIKE = 1e-4  # the relative difference of results in float32 and float64
MOST_SAMPLES, MOST_CLASSES, MOST_LAYERS, WIDEST = 32, 12, 5, 500  # of the usual networks, and of images


def mistake_of_place(result: SpecResult, impl: Boundary) -> str:
    """The id of the mistake that shows where a spec fails; empty if it fails at usual inputs."""
    if result.outcome != "failed" or result.id not in USUAL_FIRST or result.evidence is None:
        return ""
    calls = [call for call in result.evidence.calls if call.name == result.evidence.last]
    if not calls or not isinstance(calls[-1].arguments[0], np.ndarray):
        return ""
    name = mistake_of_storage(calls[-1])
    if name:
        return name if depends_on_storage(impl, calls[-1]) else ""
    return mistake_of_sizes(calls[-1])


def proven(result: SpecResult, impl: Boundary) -> bool:
    """Whether numbers show the mistake: other storage gives others, or a part of the batch the right ones.

    Of sizes nothing else can be asked of the same network.
    """
    name = mistake_of_place(result, impl)
    if name != "batch-beyond-a-limit":
        return name in UNSEEN_IN_NUMBERS
    assert result.evidence is not None
    call = [call for call in result.evidence.calls if call.name == result.evidence.last][-1]
    question = asked(call, [np.asarray(argument)[:MOST_SAMPLES] for argument in call.arguments])
    found = observe(impl, [question])
    return bool(found) and answers_agree(found[0][1], answer(question, Parts({})), impl.unit_roundoff, question)


def mistake_of_storage(call: AskedCall) -> str:
    """The id of the mistake that a call shows if it is right for plain arrays of the same numbers."""
    x = call.arguments[0]
    if not x.flags.c_contiguous:
        return "storage-order"
    if call.parameters is None:
        return ""
    return "forward-integers" if x.dtype.kind in "iu" else "inputs-of-float32" if x.dtype == np.float32 else ""


def depends_on_storage(impl: Boundary, call: AskedCall) -> bool:
    """Whether a call gives other results, by more than a rounding, for the same numbers as plain arrays."""

    plain = [np.array(a, np.int64 if a.dtype.kind in "iu" and i else np.float64, order="C") for i, a in indexed(call)]
    found = observe(impl, [asked(call, [a for _, a in indexed(call)]), asked(call, plain)])
    (first, second) = (reply for _, reply in found) if len(found) == 2 else (Reply(), Reply())
    if first.raised or second.raised:
        return first.raised and not second.raised
    same = (
        a.shape == b.shape and np.allclose(a, b, rtol=ALIKE, atol=ALIKE * np.abs(b).max(initial=0.0), equal_nan=True)
        for a, b in zip(first.arrays, second.arrays, strict=True)
    )
    return not all(same)


def asked(call: AskedCall, arguments: Sequence[np.ndarray]) -> Question:
    """A call with these arguments, as a question."""

    def answers(actor: Actor) -> Sequence[Any]:
        network = [] if call.parameters is None else [actor.network(*call.parameters)]
        given = [*network, *map(copied, arguments)]
        found = getattr(actor, call.name)(*given) if network else actor.function(call.name, *given)
        return [*found[0], *found[1]] if call.name == "backward" else [found] if network else found

    return Question(call.name, answers)


def indexed(call: AskedCall) -> list[tuple[int, np.ndarray]]:
    """The arguments of a call with their positions, all as arrays."""
    return [(i, np.asarray(argument)) for i, argument in enumerate(call.arguments)]


def mistake_of_sizes(call: AskedCall) -> str:
    """The id of the mistake that shows in networks and batches of these sizes, if all usual calls are right."""
    if call.parameters is None:
        return ""
    x, (weights, _) = call.arguments[0], call.parameters
    sizes = [len(weights[0]), *(w.shape[1] for w in weights)]
    if len(x) > MOST_SAMPLES:
        return "batch-beyond-a-limit"
    if len(weights) > MOST_LAYERS:
        return "layers-beyond-a-limit"
    if sizes[-1] > MOST_CLASSES:
        return "classes-beyond-a-limit"
    if max(sizes) > WIDEST:
        return "layers-of-great-width"
    return "layers-of-one-width" if any(m == n for m, n in pairwise(sizes)) else ""
