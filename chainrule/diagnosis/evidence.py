"""The calls that a failing spec made, as questions to be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.diagnosis.actors import Actor, Question
from chainrule.diagnosis.questions import asking, gradient_name, kinds_of
from chainrule.mathematics.cases import Case
from chainrule.running.results import Evidence
from chainrule.specification.analysis import analysis
from chainrule.support.arrays import copied

MOST = 3  # calls of one kind that are asked again
UNLIKE = 2.0**30  # a ratio of errors that only numbers of very different sizes have
FUNCTIONS = ("relu", "softmax", "cross_entropy")


def questions_from(evidence: Evidence, concern: str, impl: Boundary) -> Iterator[Question]:
    """The spec's own last calls of a concern as questions, so that what explains them is what explains the failure."""
    own = [call for call in evidence.calls if call.name == concern]
    for call in own[-MOST:]:
        arguments = call.arguments
        if concern in FUNCTIONS:
            if narrower(arguments, impl):
                continue
            yield Question(
                f"{concern}, as the failing spec calls it",
                asking(concern, *arguments),
                [concern],
                relative=concern != "cross_entropy",
                ordinary=False,
            )
        elif call.parameters is not None and concern in ("forward", "loss", "predict", "backward"):
            weights, biases = call.parameters
            about = f"a batch of {len(arguments[0])}, as the failing spec has it"
            kinds = kinds_of(weights)
            scales, slack = uncertainty(impl, concern, weights, biases, *arguments)

            def ask(
                actor: Actor,
                weights: Any = weights,
                biases: Any = biases,
                given: Any = arguments,
                scales: Any = scales,
            ) -> Sequence[Any]:
                found = getattr(actor, concern)(actor.network(weights, biases), *map(copied, given))
                arrays = [*found[0], *found[1]] if concern == "backward" else [found]
                return [array / scale for array, scale in zip(arrays, scales, strict=True)] if scales else arrays

            if concern == "backward":
                names = [gradient_name(*kind) for kind in kinds]
                yield Question(about, ask, names, kinds, slack, ordinary=False)
            else:
                yield Question(about, ask, [concern], slack=slack, ordinary=False)


def narrower(arguments: Sequence[Any], impl: Boundary) -> bool:
    """Whether an array has fewer digits than the implementation computes with: the result may have as few."""
    arrays = [array for array in map(np.asarray, arguments) if array.dtype.kind == "f"]
    return any(np.finfo(array.dtype).eps / 2 > impl.unit_roundoff for array in arrays)


def uncertainty(
    impl: Boundary,
    concern: str,
    weights: Sequence[np.ndarray],
    biases: Sequence[np.ndarray],
    x: np.ndarray,
    y: np.ndarray | None = None,
) -> tuple[list[float], float]:
    """(what to divide each array by, the error that a correct answer may then carry).

    Of large logits the error is much.  Arrays are divided only if their errors are of very different sizes, by powers
    of two.
    """
    if concern == "predict" or np.ndim(x) != 2:
        return [], 0.0
    labels = np.zeros(len(x), dtype=np.int64) if y is None else y
    case = Case([len(weights[0]), *map(len, biases)], list(weights), list(biases), x, labels)
    exact = analysis(impl, case)
    errors: dict[str, list[Any]] = {
        "forward": [exact.probabilities[1]],
        "loss": [exact.loss[1]],
        "backward": [error for _, error in (*exact.weight_grads, *exact.bias_grads)],
    }
    largest = np.array([float(np.max(error)) for error in errors[concern]])
    if not np.isfinite(largest).all():
        return [], 0.0
    smallest = largest[largest > 0].min(initial=np.inf)
    if largest.max() <= UNLIKE * smallest:
        return [], float(largest.max())
    scales = 2.0 ** np.round(np.log2(np.maximum(largest, smallest) / smallest))
    return scales.tolist(), float((largest / scales).max())
