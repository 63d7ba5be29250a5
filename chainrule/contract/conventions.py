"""The conventions of the contract: their values, and which values a learner may declare."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chainrule.contract.architecture import Architecture
from chainrule.contract.errors import UnusableTarget

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
    "arrays": "numpy",
}
SUPPORTED = {
    "samples": ("rows", "columns", "single"),
    "weights": ("in_out", "out_in"),
    "labels": ("index", "one_hot"),
    "reduction": ("mean", "sum"),
    "output": ("probabilities", "logits"),
    "precision": ("float64", "float32"),
    "initialization": ("xavier", "he", "lecun", "any"),
    "seeding": ("argument", "global", "fixed", "none"),
    "arrays": ("numpy", "lists", "torch", "jax", "cupy"),
}
LARGEST_LOG_EPSILON = 1e-7  # the largest that a check accepts
MOST_LAYERS, MOST_WEIGHTS = 50, 20_000_000  # of an architecture that can be declared


@dataclass(frozen=True)
class Convention:
    """A convention's value, its source ("default", "inferred" or "declared"), and how chainrule found it."""

    value: str
    source: str
    how: str = ""


Conventions = dict[str, Convention]


def checked_value(key: str, value: Any) -> str:
    """A declared value as text.  Raises UnusableTarget if the contract does not have this key or value."""
    if key not in NATIVE:
        raise UnusableTarget(f"{key!r} is declared, but is not a convention; expected one of {', '.join(NATIVE)}")
    if key == "log_epsilon":
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not 0 <= number < 1:
            raise UnusableTarget(
                f"log_epsilon is declared to be {value!r}; expected a number such as 1e-12, from 0 to below 1"
            )
        return str(number)
    if key == "architecture":
        return check_architecture(value)
    if value not in SUPPORTED[key]:
        raise UnusableTarget(
            f"{key} is declared to be {value!r}; expected {' or '.join(SUPPORTED[key])}: for anything else write an "
            "adapter (--adapter FILE) that translates"
        )
    return str(value)


def check_architecture(value: Any) -> str:
    """A declared architecture as text: `any`, or layer sizes with a star for each free one."""
    try:
        architecture = Architecture.parse(value if isinstance(value, str) else ", ".join(map(str, value)))
    except (TypeError, ValueError):
        raise UnusableTarget(
            f"architecture is declared to be {value!r}; expected any, or sizes such as [784, *, 10], where * is free"
        ) from None
    sizes = architecture.pattern or ()
    weights = sum((fan_in or 1) * (fan_out or 1) for fan_in, fan_out in pairwise(sizes))
    if sizes[-1:] == (1,):
        raise UnusableTarget(f"architecture is declared to be {architecture}: a classifier has two classes or more")
    if len(sizes) > MOST_LAYERS or weights > MOST_WEIGHTS:
        raise UnusableTarget(
            f"architecture is declared to be {architecture}: too large to check; expected at most {MOST_LAYERS} sizes "
            f"and {MOST_WEIGHTS:,} weights"
        )
    return str(architecture)
