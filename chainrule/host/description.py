"""How a file was read, in words: what is to be said of it beside its conventions, and what was not understood."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.contract.errors import NotOffered
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.recognised import FUNCTIONS, Recognised
from chainrule.host.recognition.sites import Site
from chainrule.host.recognition.structures import spell
from chainrule.host.recognition.vocabulary import OPERATIONS, rank
from chainrule.host.translation import Translated

if TYPE_CHECKING:
    from chainrule.host.source.targets import Loaded
    from chainrule.running.results import SpecResult

NETWORK_OPERATIONS = tuple(name for name in OPERATIONS if name not in FUNCTIONS)
NOT_INSTALLED = re.compile(r"(\S+) is not installed: what needs it does not run")
NOT_UNDERSTOOD = " was not understood; tried "
MISSING = re.compile(r"(\w+) is missing: (.* has nothing of such a name)")
SHOWN = 4  # attempts, and definitions, that a message lists
LOOKED_FOR = "a network: a class, or functions, with weights and a bias for every layer and a forward pass"


def recognised_of(loaded: Loaded) -> Recognised | None:
    """What was recognised in a target, in its own conventions; None behind an adapter."""
    implementation = loaded.impl.implementation
    raw = implementation.raw if isinstance(implementation, Translated) else implementation
    return raw if isinstance(raw, Recognised) else None


def notes_of(loaded: Loaded) -> tuple[str, ...]:
    """What there is to say of how the code was read, and of what of it did not run: the weightiest first."""
    raw = recognised_of(loaded)
    supplied = raw.counts if raw is not None and raw.form is not None else ()
    absent = [found[1] for found in map(NOT_INSTALLED.fullmatch, loaded.notes) if found]
    notes = [
        f"{name} is defined by nothing that ran: it is given the number of samples before every call"
        for name in supplied
    ]
    if absent:
        are = "are" if len(absent) > 1 else "is"
        notes.append(
            f"{', '.join(absent)} {are} not installed: what needs {'them' if len(absent) > 1 else 'it'} did not run"
        )
    notes += [note for note in loaded.notes if not NOT_INSTALLED.fullmatch(note)]
    notes += [why for name, why in loaded.missing.items() if name not in supplied]
    return (*loaded.impl.notes, *notes)


def not_understood(loaded: Loaded, specs: Sequence[SpecResult]) -> str:
    """What was looked for, what was found instead, and the command that goes on from there, in three lines.

    Empty where everything was understood, or where there is nothing yet that could have been.
    """
    raw = recognised_of(loaded)
    if raw is None or not any(result.outcome == "todo" for result in specs):
        return ""
    if raw.form is not None:
        troubles = operations_not_understood(specs)
        if not troubles:
            return ""
        looked_for = f"{' and '.join(troubles)} of {raw.form.title}"
        found = [f"{operation}: {why}" for operation, why in troubles.items()]
    else:
        others = strangers(raw.namespace)
        if raw.offers("create") or not others:
            return ""
        looked_for, found = LOOKED_FOR, [*refused(raw.tried), *others][: 2 * SHOWN]
    way_on = (
        "pass globals(), or the file's path to `chainrule adapt`" if loaded.live else f"chainrule adapt {loaded.target}"
    )
    return "\n".join([f"looked for {looked_for}", f"found {'; '.join(found)}", way_on])


def operations_not_understood(specs: Sequence[SpecResult]) -> dict[str, str]:
    """{operation: what was tried for it and why each is not it}."""
    found: dict[str, str] = {}
    for result in specs:
        operation, tried, why = result.message.partition(NOT_UNDERSTOOD)
        missing = MISSING.match(result.message)
        if result.outcome == "todo" and tried:
            found.setdefault(operation, why)
        elif result.outcome == "todo" and missing:
            found.setdefault(missing[1], missing[2])
    return {"forward": found["forward"]} if "forward" in found else found  # all else builds on it


def refused(tried: Sequence[str]) -> list[str]:
    """The candidates by name, and why each is no network; the general attempts say nothing that these do not."""
    return [attempt for attempt in tried if not attempt.startswith(("layers:", "globals:"))][:SHOWN]


def strangers(namespace: Mapping[str, Any]) -> list[str]:
    """The definitions that look like a network's and were not recognised, with their signatures."""
    classes = [describe(name, cls) for name, cls in own_classes(namespace)]
    functions = [
        describe(name, function)
        for name, function in own_functions(namespace)
        if any(rank(operation, name) is not None for operation in NETWORK_OPERATIONS)
    ]
    return [*classes, *functions]


def describe(name: str, thing: Any) -> str:
    """`class Net(sizes)`, `forward(W1, b1, X)`."""
    kind = "class " if inspect.isclass(thing) else ""
    try:
        return f"{kind}{name}{inspect.signature(thing)}"
    except (TypeError, ValueError):
        return f"{kind}{name}"


@dataclass(frozen=True)
class Served:
    """operation: of the contract.  by: the function that does it, as it is called, or empty.  how: in words."""

    operation: str
    by: str
    how: str


def served(raw: Recognised) -> list[Served]:
    """Which function serves each operation of the network, in networks of the first depth that was looked at."""
    found: dict[str, Served] = {}
    for (operation, _), site in raw.sites.items():
        if operation not in found and isinstance(site, Site):
            found[operation] = Served(operation, signature_of(raw, site), how(site))
        elif operation not in found:
            found[operation] = Served(operation, "", str(site))
    return [found[name] for name in NETWORK_OPERATIONS if name in found]


def signature_of(raw: Recognised, site: Site) -> str:
    """The function with its parameters, as it is defined."""
    model = raw.sample()
    try:
        return describe(site.name, raw.function(site, model)) if model is not None else site.name
    except NotOffered:
        return site.name


def how(site: Site) -> str:
    """How the answer is had of the function."""
    given = {parameter: source for parameter, source in site.taken if parameter != source}
    said = []
    if given:
        said.append(", ".join(f"{parameter} is {WORDS.get(source, source)}" for parameter, source in given.items()))
    if site.path:
        said.append(f"the answer is {'the network' if site.inside else 'its result'}{spell(site.path)}")
    said += [WAYS[site.how]] if site.how in WAYS else []
    said += ["called once for each epoch"] if site.repeated else []
    return "; ".join(said)


WORDS = {
    "x": "the inputs",
    "y": "the labels",
    "lr": "the learning rate",
    "output": "the network's output",
    "params": "the parameters",
    "cache": "what the forward pass returned",
    "grads": "the gradients",
    "epochs": "the number of epochs",
    "batch_size": "the batch size",
    "samples": "the number of samples",
    "seed": "the seed",
    "rng": "a generator",
    "sizes": "the layer sizes",
    "reg": "no regularization",
    "quiet": "off",
}
WAYS = {
    "returned": "it returns the gradients",
    "attributes": "it keeps the gradients in the network",
    "update": "it updates at once: gradients are read off the change of the parameters, at two rates",
    "whole": "every epoch is one step on all samples",
    "batches": "in mini-batches",
    "single": "an update for every sample",
}
