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
LARGEST_LOG_EPSILON = 1e-7


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
    """The narrowest floating-point format that holds every probability of a generic batch exactly.

    A format of fewer digits holds a generic real number with probability below 2^-29, so fifteen of them
    show what the arithmetic ends in, whatever kind of array carries them.
    """
    rng = np.random.default_rng(20)
    z = rng.normal(size=(5, 3))
    for probe in (
        lambda: implementation.softmax(z),
        lambda: new_network_output(implementation, rng.normal(size=(5, 2))),
    ):
        p = attempt(probe)
        if p is None or p.shape != z.shape or len(np.unique(p)) < p.size:
            continue
        for precision in ("float16", "float32"):
            with np.errstate(all="ignore"):
                if np.array_equal(p.astype(precision).astype(np.float64), p.astype(np.float64)):
                    return precision
        return "float64"
    return None


def infer_log_epsilon(implementation: Implementation) -> str | None:
    """The epsilon inside the logarithm, from the loss of a true label whose probability is 0: exp(-loss).

    An infinite loss, or one that could not come from an epsilon at all, means none.
    """
    losses = attempt(lambda: implementation.cross_entropy(np.array([[0.0, 1.0, 0.0]]), np.array([0])))
    if losses is None or losses.size != 1:
        return None
    loss = float(losses.reshape(()))
    if math.isnan(loss) or loss <= 0:
        return None
    epsilon = math.exp(-loss)
    return f"{epsilon:.3g}" if epsilon >= 2.0**-1022 else "0"


def new_network_output(implementation: Implementation, x: np.ndarray) -> Any:
    return implementation.forward(implementation.create([2, 4, 3], 0), x)


def attempt(probe: Any) -> np.ndarray | None:
    """What a probe finds, or None: whatever goes wrong here, the specs will say."""
    try:
        with np.errstate(all="ignore"):
            return to_numpy(probe())
    except (Exception, SystemExit):
        return None
