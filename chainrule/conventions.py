"""The conventions of an implementation: what holds by default, what its author declares, and what probing finds.

A declaration beats an inference.  An inference rests on an effect that no mistake can have; where there is none, the
native value stands and the specs decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.architecture import Architecture
from chainrule.arrays import to_numpy
from chainrule.contract import Implementation, UnusableTarget
from chainrule.precision import infer_precision
from chainrule.through import passing_parameters, passing_sizes
from chainrule.timeouts import TimedOut, limit

NATIVE = {
    "samples": "rows",
    "weights": "in_out",
    "labels": "index",
    "reduction": "mean",
    "output": "probabilities",
    "precision": "float64",
    "initialization": "xavier",
    "seeding": "argument",
    "log_epsilon": "0",
    "architecture": "any",
}
SUPPORTED = {key: (value,) for key, value in NATIVE.items()} | {
    "precision": ("float64", "float32", "float16"),
    "initialization": ("xavier", "he", "lecun", "any"),
}
PROBE_LIMIT = 2.0  # seconds
LARGEST_LOG_EPSILON = 1e-7  # accepted
LARGEST_PLAUSIBLE = 1e-2  # beyond this a loss at p = 0 is no logarithm of p + epsilon


@dataclass(frozen=True)
class Convention:
    """A key's value and its source: "default", "inferred" or "declared"."""

    value: str
    source: str


Conventions = dict[str, Convention]


def settle(implementation: Implementation, declared: Mapping[str, Any]) -> Conventions:
    """The conventions that hold: the native ones, then what probing finds, then what is declared.

    Raises UnusableTarget for a declaration that is no convention or that this version cannot follow.
    """
    conventions = {key: Convention(value, "default") for key, value in NATIVE.items()}
    architecture = str(declared.get("architecture", "any"))
    precision, _ = infer_precision(implementation, architecture)
    found = {"precision": precision, "log_epsilon": infer_log_epsilon(implementation, architecture)}
    conventions |= {key: Convention(value, "inferred") for key, value in found.items() if value is not None}
    return conventions | {key: Convention(check(key, value), "declared") for key, value in declared.items()}


def check(key: str, value: Any) -> str:
    """A declared value as the text it stands for.  Raises UnusableTarget."""
    if key not in NATIVE:
        raise UnusableTarget(f"CHAINRULE declares {key!r}, which is no convention; there are: {', '.join(NATIVE)}")
    if key == "log_epsilon":
        try:
            return str(float(value))
        except (TypeError, ValueError):
            raise UnusableTarget(f"CHAINRULE declares log_epsilon {value!r}; expected a number such as 1e-12") from None
    if value not in SUPPORTED[key]:
        raise UnusableTarget(
            f"CHAINRULE declares {key} {value!r}; this version follows {' or '.join(SUPPORTED[key])}: "
            "write an adapter (--adapter FILE) that translates"
        )
    return str(value)


def infer_log_epsilon(implementation: Implementation, architecture: str = "any") -> str | None:
    """The larger epsilon inside the logarithms of the function and of the network's loss.

    architecture: as the convention's value has it.

    It is exp(-loss) where the true label has probability 0.  An infinite loss means none; one so small that it could
    come from no epsilon is left to the specs.
    """

    def of_network() -> float:
        sizes = passing_sizes(fits, 2)
        if sizes is None:
            raise LookupError("no network passes two logits on")
        network = implementation.create(list(sizes), 0)
        implementation.assign(network, *passing_parameters(sizes, 2, -1000.0))
        x = np.zeros((1, sizes[0]))
        x[0, :2] = [1000.0, -1000.0]
        return implementation.loss(network, x, np.array([1]))

    def fits(wanted: Sequence[int]) -> tuple[int, ...] | None:
        fitted = Architecture.parse(architecture).fit(wanted)
        return None if fitted is None or implementation.supports(list(fitted)) is not None else fitted

    probes = (lambda: implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([0])), of_network)
    losses = [float(loss.reshape(())) for loss in map(attempt, probes) if loss is not None and loss.size == 1]
    if not losses:
        return None
    epsilons = [math.exp(-loss) for loss in losses if loss > 0]  # a nan is not above 0
    found = max((epsilon for epsilon in epsilons if 2.0**-1022 <= epsilon <= LARGEST_PLAUSIBLE), default=0.0)
    return f"{found:.6g}"


def attempt(probe: Any) -> np.ndarray | None:
    """What a probe finds, or None: whatever goes wrong here, the specs will say."""
    try:
        with np.errstate(all="ignore"), limit(PROBE_LIMIT):
            return to_numpy(probe())
    except (Exception, SystemExit, TimedOut):
        return None
