"""Says what is switched off inside a network while its core is checked."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import Implementation
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.surroundings import owners
from chainrule.host.recognition.vocabulary import is_called, plain, role

DROPOUT = "the network has dropout inside, which is switched off: the core is checked without it"


def notes_on(raw: Implementation) -> list[str]:
    """A sentence if the network drops entries in training, as parameters, attributes or layers of its own say."""
    model = raw.sample() if isinstance(raw, Recognised) else None
    if model is None or not isinstance(raw, Recognised):
        return []
    named = [name for owner in owners(model.value) for name in vars(owner)]
    for plan in raw.plans.values():
        with suppress(NotOffered, Unbound):
            named += [p.name for p in parameters_of(raw.function(plan, model))] if isinstance(plan, Plan) else []
    layers = any(is_layer(owner) for owner in owners(model.value))
    return [DROPOUT] if layers or any(map(is_probability, named)) else []


def is_probability(name: str) -> bool:
    """Whether a name is that of a probability with which entries are kept or dropped."""
    return role(name) == "keep_prob" or (role(name) == "reg" and "drop" in plain(name))


def is_layer(value: Any) -> bool:
    """Whether an object is a layer of dropout, by the name of its class."""
    return is_called("classes", "dropout", type(value).__name__)
