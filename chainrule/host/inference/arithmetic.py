"""Finds the precision of the arithmetic, and the epsilon inside its logarithm, by their effects."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract.architecture import Architecture
from chainrule.contract.chapters import LOSS_AT_ZERO
from chainrule.contract.implementation import Implementation
from chainrule.contract.operation import Stage
from chainrule.host.inference.precision import infer_precision
from chainrule.host.inference.trying import attempt_array
from chainrule.mathematics.identity import passing_parameters, passing_sizes
from chainrule.support.arrays import to_numpy

NEARER = 30.0  # logits that do not overflow in any precision, and give a probability of 1e-26
LARGEST_PLAUSIBLE = 1e-2  # a larger epsilon cannot explain the loss at p = 0


def effects(implementation: Implementation, architecture: str, held: str | None) -> dict[str, tuple[str, str]]:
    """Precision and epsilon of the arithmetic.  held: the precision of the parameters, if it is lower."""
    found = {}
    precision, how = infer_precision(implementation, architecture)
    if held is not None and precision in (None, "float64"):  # results cannot have more digits than the parameters
        precision, how = held, f"the parameters are {held}"
    if precision is not None:
        found["precision"] = (precision, how)
    epsilon = infer_log_epsilon(implementation, architecture)
    if epsilon is not None:
        found["log_epsilon"] = (epsilon, "the loss where the true label has probability 0 is -log of it")
    return found


def infer_log_epsilon(implementation: Implementation, architecture: str = "any") -> str | None:
    """The largest epsilon inside the logarithms of cross_entropy, the network's loss and the extensions' losses.

    architecture: the convention's value.

    The epsilon is exp(-loss) where the true label has probability 0, so an infinite loss means an epsilon of 0.  The
    specs judge a loss that is too small for any epsilon.
    """

    def of_network(far: float = 1000.0) -> float:
        sizes = passing_sizes(fits, 2)
        if sizes is None:
            raise LookupError("the implementation makes no network whose logits can be set")
        network = implementation.create(list(sizes), 0)
        implementation.assign(network, *passing_parameters(sizes, 2, -far))
        x = np.zeros((1, sizes[0]))
        x[0, :2] = [far, -far]
        # the last class, whose probability is zero too, for code that counts the classes in the labels
        loss = implementation.loss(network, x, np.array([sizes[-1] - 1]))
        if (
            far > NEARER and np.isnan(to_numpy(loss)).all()
        ):  # a softmax that overflows: its loss may have an epsilon too
            loss = of_network(NEARER)
            return loss if math.exp(-float(to_numpy(loss).reshape(()))) > 2 * math.exp(-2 * NEARER) else math.inf
        return loss

    def fits(wanted: Sequence[int]) -> tuple[int, ...] | None:
        fitted = Architecture.parse(architecture).fit(wanted)
        return None if fitted is None or implementation.supports(list(fitted)) is not None else fitted

    def of_function(label: int) -> float:  # the last class for code that counts the classes in the labels
        return implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([label]))

    def of_extension(stage: Stage) -> float:
        return part(getattr(implementation, stage.operation)(*stage.arguments), stage.part)

    probes: list[Callable[[], Any]] = [partial(of_function, 0), partial(of_function, 2), of_network]
    probes += [partial(of_extension, stage) for stage in LOSS_AT_ZERO]
    losses = [float(loss.reshape(())) for loss in map(attempt_array, probes) if loss is not None and loss.size == 1]
    if not losses:
        return None
    epsilons = [math.exp(-loss) for loss in losses if loss > 0]  # a nan is not above 0
    found = max((epsilon for epsilon in epsilons if 2.0**-1022 <= epsilon <= LARGEST_PLAUSIBLE), default=0.0)
    return f"{found:.6g}"


def part(result: Any, index: int) -> Any:
    """One of the two parts that a layer's function returns; None if it returns something else."""
    return result[index] if isinstance(result, (tuple, list)) and len(result) == 2 else None
