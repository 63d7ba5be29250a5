"""Settles the conventions of an implementation: native, then inferred, then declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract.conventions import NATIVE, Convention, Conventions, checked_value
from chainrule.contract.implementation import Implementation
from chainrule.host.inference.arithmetic import effects
from chainrule.host.inference.order import find_conventions, prepare
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.switched_off import notes_on
from chainrule.host.translation import Translated


@dataclass(frozen=True)
class Settled:
    """An implementation in the native conventions, its own conventions, and notes on what none of these expresses."""

    implementation: Implementation
    conventions: Conventions
    notes: tuple[str, ...] = ()


def infer_conventions(raw: Implementation, declared: Mapping[str, Any]) -> Settled:
    """Settle the conventions: those declared, else those that probing finds, else the native ones.

    Raises UnusableTarget for a declaration that chainrule does not know or cannot follow.
    """
    told = {key: Convention(checked_value(key, value), "declared") for key, value in declared.items()}
    conventions = {key: Convention(value, "default") for key, value in NATIVE.items()}
    probe = Probe(raw, {key: convention.value for key, convention in told.items()})
    with np.errstate(all="ignore"):
        find_conventions(probe)
    refusal = probe.sizes.refusal if probe.sizes is not None and probe.sizes.working else None
    implementation = Translated(raw, probe.layout, partial(prepare, probe), refusal)
    found = {key: Convention(value, "inferred", how) for key, (value, how) in probe.found.items()}
    pattern = (told.get("architecture") or found.get("architecture") or conventions["architecture"]).value
    for key, (value, how) in effects(implementation, pattern, probe.held).items():
        found[key] = Convention(value, "inferred", how)
    conventions |= found
    notes = [*probe.notes, *notes_on(raw)]
    for key, convention in told.items():
        if key in found and found[key].value != convention.value and key != "log_epsilon":
            notes.append(
                f"{key} is declared to be {convention.value}, but the code shows {found[key].value}: {found[key].how}"
            )
    if raw.offers("create"):
        notes += getattr(raw, "switched_off", ())
    return Settled(implementation, conventions | told, tuple(notes))
