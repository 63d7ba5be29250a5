"""Describes, as data, how chainrule reads the code in a host: for reports, notes and lines to paste."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.contract.chapters import FUNCTIONS, UNCHECKED_NAMES
from chainrule.contract.chapters import OPERATIONS as CONTRACT
from chainrule.contract.declarations import NAMES
from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import Implementation
from chainrule.contract.operation import ARRAYS
from chainrule.host.adapters.sketch import sketch
from chainrule.host.protocol import Description, Served
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.structures import spell
from chainrule.host.recognition.vocabulary import names, rank
from chainrule.host.translation import Translated

NETWORK_OPERATIONS = tuple(name for name in names("operations") if name not in FUNCTIONS)
SHOWN = 4  # how many rejected candidates a message lists


def described(implementation: Implementation) -> Description:
    """Describe how chainrule reads an implementation; for an adapter, only which operations it offers."""
    offered = tuple(name for name in CONTRACT if implementation.offers(name) or seen_in_network(name, implementation))
    unchecked = tuple(name for name in UNCHECKED_NAMES if callable(getattr(implementation.target, name, None)))
    raw = recognised_of(implementation)
    if raw is None:
        return Description(offered, unchecked=unchecked)
    plain = isinstance(implementation, Translated) and implementation.layout.native and raw.form is None
    return Description(
        offered,
        recognised=True,
        form="" if raw.form is None else raw.form.title,
        names={name: raw.name(name) for name in NAMES if raw.is_direct(name)} if plain else None,
        served=served(raw),
        refused=tuple(refused(raw.tried)),
        strangers=tuple(strangers(raw.namespace)),
        defined=tuple(name for name, _ in (*own_classes(raw.namespace), *own_functions(raw.namespace))),
        sketch="" if plain and raw.offers("create") else sketch(raw.namespace),
        supplied=() if raw.form is None else raw.counts,
        unchecked=unchecked,
    )


def seen_in_network(name: str, implementation: Implementation) -> bool:
    """Whether networks contain the penalty that an operation computes."""
    return CONTRACT[name].takes[0].kind == ARRAYS and bool(implementation.penalized)


def recognised_of(implementation: Implementation) -> NativeStyle | None:
    """The recognised implementation, in its own conventions; None for an adapter."""
    raw = implementation.raw if isinstance(implementation, Translated) else implementation
    return raw if isinstance(raw, NativeStyle) else None


def refused(tried: Sequence[str]) -> list[str]:
    """The candidates that have names, and why each is not a network."""
    return [attempt for attempt in tried if not attempt.startswith(("layers:", "globals:"))][:SHOWN]


def strangers(namespace: Mapping[str, Any]) -> list[str]:
    """Definitions that look like parts of a network and were not recognised, with their signatures."""
    classes = [describe(name, cls) for name, cls in own_classes(namespace)]
    functions = [
        describe(name, function)
        for name, function in own_functions(namespace)
        if any(rank(operation, name) is not None for operation in NETWORK_OPERATIONS)
    ]
    return [*classes, *functions]


def describe(name: str, thing: Any) -> str:
    """A definition with its signature: `class Net(sizes)`, `forward(W1, b1, X)`."""
    kind = "class " if inspect.isclass(thing) else ""
    try:
        return f"{kind}{name}{inspect.signature(thing)}"
    except (TypeError, ValueError):
        return f"{kind}{name}"


def served(raw: NativeStyle) -> tuple[Served, ...]:
    """The function that computes each operation of the network, for the first depth that chainrule tried."""
    found: dict[str, Served] = {}
    for (operation, _), plan in raw.plans.items():
        if operation not in found and isinstance(plan, Plan):
            proof = PROOFS.get(plan.how if operation == "backward" else operation, "")
            found[operation] = Served(
                operation, signature_of(raw, plan), how(plan), shown(raw, plan), proof, doubted(raw, plan)
            )
        elif operation not in found:
            found[operation] = Served(operation, "", str(plan))
    return tuple(found[name] for name in NETWORK_OPERATIONS if name in found)


def signature_of(raw: NativeStyle, plan: Plan) -> str:
    """The function with its parameters, as its definition writes them."""
    model = raw.sample()
    try:
        return describe(plan.name, raw.function(plan, model)) if isinstance(raw, Recognised) and model else plan.name
    except NotOffered:
        return plan.name


def shown(raw: NativeStyle, plan: Plan) -> str:
    """What showed that a function computes an operation: a declaration, a call of the author's, or its name."""
    if plan.operation in raw.names:
        return "declared"
    learnt = learnt_of(function_of(raw, plan))
    return f"by the author's call, {learnt.where}" if learnt.operation and learnt.where else "by its name"


def doubted(raw: NativeStyle, plan: Plan) -> bool:
    """Whether a name alone showed an operation in a file whose own calls chainrule does not understand."""
    learnt = learnt_of(function_of(raw, plan))
    return plan.operation not in raw.names and not learnt.operation and learnt.unsettled


def function_of(raw: NativeStyle, plan: Plan) -> Any:
    """The function of a plan; None if it is not there."""
    model = raw.sample()
    try:
        return raw.function(plan, model) if isinstance(raw, Recognised) and model else None
    except NotOffered:
        return None


def how(plan: Plan) -> str:
    """How chainrule calls the function to get its answer."""
    given = {parameter: source for parameter, source in plan.taken if parameter != source}
    said = []
    if given:
        said.append(", ".join(f"{parameter} is {WORDS.get(source, source)}" for parameter, source in given.items()))
    if plan.path:
        said.append(f"the answer is {'the network' if plan.inside else 'its result'}{spell(plan.path)}")
    said += [WAYS[plan.how]] if plan.how in WAYS else []
    said += ["called once for each epoch"] if plan.repeated else []
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
# What each search for a function asks of it before it counts.
PROOFS = {
    "forward": "it gives an output for every sample of a batch",
    "loss": "it gives one number, which follows the labels",
    "returned": "its arrays have the shapes of the parameters, and follow the labels",
    "attributes": "its arrays have the shapes of the parameters, and follow the labels",
    "update": "two learning rates give the same gradients, which follow the labels",
    "step": "it moves the parameters by the gradients given to it",
    "fit": "an epoch moves the parameters as the labels say",
    "predict": "it gives a label for every sample",
}
WAYS = {
    "losses": "its probabilities are exp(-loss), of the loss of each sample with each label",
    "kept": "called with labels, as it computes the loss as well",
    "returned": "it returns the gradients",
    "attributes": "it keeps the gradients in the network",
    "update": "it updates the parameters itself: chainrule computes gradients from their change, at two rates",
    "whole": "every epoch is one step on all samples",
    "batches": "in mini-batches",
    "single": "an update for every sample",
}
