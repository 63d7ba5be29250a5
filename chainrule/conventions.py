"""The conventions of an implementation: what holds by default, what its author declares, and what probing finds.

A declaration beats an inference.  An inference rests on an effect that no mistake can have; where there is none, the
native value stands and the specs decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays import to_numpy
from chainrule.contract import Implementation, UnusableTarget
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
    "precision": ("float64", "float32"),
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
    found = {"precision": infer_precision(implementation), "log_epsilon": infer_log_epsilon(implementation)}
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


def infer_precision(implementation: Implementation) -> str | None:
    """The coarsest format that holds every number of a generic batch exactly, from softmax, from a new network or from
    the layers' functions.

    A float32 holds a generic float64 with probability 2^-29, so fifteen of them show what the arithmetic ends in,
    whatever kind of array carries them.
    """
    rng = np.random.default_rng(20)
    z, x = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    probes = (
        lambda: implementation.softmax(z),
        lambda: implementation.forward(implementation.create([2, 4, 3], 0), x),
        lambda: part(implementation.affine_forward(x, z[:2], z[0]), 0),
        lambda: part(implementation.softmax_loss(z, np.array([0, 1, 2, 0, 1])), 1),
    )
    results = [p for p in map(attempt, probes) if p is not None and p.shape == z.shape and len(np.unique(p)) == p.size]
    if not results:
        return None
    return "float32" if any(np.array_equal(p, p.astype(np.float32)) for p in results) else "float64"


def infer_log_epsilon(implementation: Implementation) -> str | None:
    """The largest epsilon inside the logarithms of the function, of the network's loss and of softmax_loss.

    It is exp(-loss) where the true label has probability 0.  An infinite loss means none; one so small that it could
    come from no epsilon is left to the specs.
    """

    def of_network() -> float:
        network = implementation.create([2, 2], 0)
        implementation.assign(network, [np.array([[1000.0, -1000.0], [0.0, 0.0]])], [np.zeros(2)])
        return implementation.loss(network, np.array([[1.0, 0.0]]), np.array([1]))

    def of_logits() -> float:
        return part(implementation.softmax_loss(np.array([[1000.0, -1000.0]]), np.array([1])), 0)

    probes = (lambda: implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([0])), of_network, of_logits)
    losses = [float(loss.reshape(())) for loss in map(attempt, probes) if loss is not None and loss.size == 1]
    if not losses:
        return None
    epsilons = [math.exp(-loss) for loss in losses if loss > 0]  # a nan is not above 0
    found = max((epsilon for epsilon in epsilons if 2.0**-1022 <= epsilon <= LARGEST_PLAUSIBLE), default=0.0)
    return f"{found:.6g}"


def part(result: Any, index: int) -> Any:
    """One of the two parts that a layer's function returns; if it returns something else, nothing."""
    return result[index] if isinstance(result, (tuple, list)) and len(result) == 2 else None


def attempt(probe: Any) -> np.ndarray | None:
    """What a probe finds, or None: whatever goes wrong here, the specs will say."""
    try:
        with np.errstate(all="ignore"), limit(PROBE_LIMIT):
            return to_numpy(probe())
    except (Exception, SystemExit, TimedOut):
        return None
