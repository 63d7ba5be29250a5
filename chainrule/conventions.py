"""The conventions of an implementation: what holds by default, what its author declares, and what probing finds.

A declaration beats an inference.  An inference rests on an effect that no mistake can have: which shapes the code takes
and gives, or two of its results that agree with each other.  Where there is no such effect, or where two contradict
each other, the native value stands and the specs decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract import Implementation, UnusableTarget
from chainrule.probing.effects import effects
from chainrule.probing.probe import Probe
from chainrule.probing.search import prepare, search
from chainrule.translation import Translated

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
    "precision": ("float64", "float32", "float16"),
    "initialization": ("xavier", "he", "lecun", "any"),
    "seeding": ("argument", "global", "fixed", "none"),
    "arrays": ("numpy", "lists", "torch", "jax", "cupy"),
}
LARGEST_LOG_EPSILON = 1e-7  # accepted


@dataclass(frozen=True)
class Convention:
    """A key's value, its source: "default", "inferred" or "declared", and how it was found, in a sentence."""

    value: str
    source: str
    how: str = ""


Conventions = dict[str, Convention]


@dataclass(frozen=True)
class Settled:
    """implementation: in the native conventions.  notes: what probing found that no convention can hold."""

    implementation: Implementation
    conventions: Conventions
    notes: tuple[str, ...] = ()


def settle(raw: Implementation, declared: Mapping[str, Any]) -> Settled:
    """The conventions that hold: the native ones, then what probing finds, then what is declared.

    Raises UnusableTarget for a declaration that is no convention or that this version cannot follow.
    """
    told = {key: Convention(check(key, value), "declared") for key, value in declared.items()}
    conventions = {key: Convention(value, "default") for key, value in NATIVE.items()}
    probe = Probe(raw, {key: convention.value for key, convention in told.items()})
    with np.errstate(all="ignore"):
        search(probe)
    implementation = Translated(raw, probe.layout, partial(prepare, probe))
    found = {key: Convention(value, "inferred", how) for key, (value, how) in probe.found.items()}
    pattern = (told.get("architecture") or found.get("architecture") or conventions["architecture"]).value
    for key, (value, how) in effects(implementation, pattern, probe.held).items():
        found[key] = Convention(value, "inferred", how)
    conventions |= found
    notes = list(probe.notes)
    for key, convention in told.items():
        if key in found and found[key].value != convention.value and key != "log_epsilon":
            notes.append(
                f"{key} is declared to be {convention.value}, but the code shows {found[key].value}: {found[key].how}"
            )
    return Settled(implementation, conventions | told, tuple(notes))


def check(key: str, value: Any) -> str:
    """A declared value as the text it stands for.  Raises UnusableTarget."""
    if key not in NATIVE:
        raise UnusableTarget(f"{key!r} is declared, which is no convention; there are: {', '.join(NATIVE)}")
    if key == "log_epsilon":
        try:
            return str(float(value))
        except (TypeError, ValueError):
            raise UnusableTarget(f"log_epsilon is declared to be {value!r}; expected a number such as 1e-12") from None
    if key == "architecture":
        return check_architecture(value)
    if value not in SUPPORTED[key]:
        raise UnusableTarget(
            f"{key} is declared to be {value!r}; expected {' or '.join(SUPPORTED[key])}: for anything else write an "
            "adapter (--adapter FILE) that translates"
        )
    return str(value)


def check_architecture(value: Any) -> str:
    """`any`, or layer sizes, of which those that are free are stars."""
    if value == "any":
        return "any"
    sizes = value if isinstance(value, (list, tuple)) else str(value).strip("[]() ").split(",")
    spelled_sizes = [str(size).strip() for size in sizes]
    if len(spelled_sizes) < 2 or not all(size == "*" or (size.isdigit() and int(size) > 0) for size in spelled_sizes):
        raise UnusableTarget(f"architecture is declared to be {value!r}; expected any, or sizes such as [784, 10, 10]")
    return f"[{', '.join(spelled_sizes)}]"
