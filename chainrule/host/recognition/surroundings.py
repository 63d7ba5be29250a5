"""The state of the code around a call: hyperparameters and generators in its objects, NumPy's global generator, and an
initialization that would come between.
"""

from __future__ import annotations

import contextlib
import copy
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.forms import ClassForm, Form, Held
from chainrule.host.recognition.function_forms import FunctionForm
from chainrule.host.recognition.vocabulary import role
from chainrule.support.arrays import is_array


def owners(network: Any) -> list[Any]:
    """An object, and the objects that it keeps, in attributes and in lists: an optimizer, layers."""
    if not hasattr(network, "__dict__"):
        return []
    kept = list(vars(network).values())
    inner = [item for item in kept if is_object(item) and not callable(item)]
    listed = [item for items in kept if isinstance(items, (list, tuple)) for item in items if is_object(item)]
    return [network, *inner, *listed]


def is_object(value: Any) -> bool:
    return hasattr(value, "__dict__") and not is_array(value)


def set_attributes(network: Any, values: Mapping[str, Any], names: Sequence[str] | None = None) -> None:
    """Set the hyperparameters that an object, or its optimizer, keeps as numbers.

    values: {role: value}.  names: the only attributes that may be set, if not all.
    """
    if names == ():
        return
    for owner in owners(network):
        for name, old in list(vars(owner).items()):
            wanted = role(name)
            if wanted is None or wanted not in values or (names is not None and name not in names):
                continue
            if isinstance(old, (int, float)) and not isinstance(old, bool):
                setattr(owner, name, values[wanted])


def keeps_number(network: Any, wanted: str) -> bool:
    """Whether an object has a number for this role among its attributes."""
    kept = vars(network).items() if hasattr(network, "__dict__") else ()
    return any(role(name) == wanted and isinstance(value, (int, float)) for name, value in kept)


def seed_generators(network: Any, seed: int) -> None:
    """A network that keeps a generator of its own draws from it: it is put into the state of the seed."""
    for owner in owners(network):
        for value in list(vars(owner).values()):
            if isinstance(value, np.random.Generator):
                value.bit_generator.state = type(value.bit_generator)(seed).state
            elif isinstance(value, (np.random.RandomState, random.Random)):
                value.seed(seed)


def told_samples(form: Form) -> tuple[str, ...]:
    """The attributes in which an object keeps a number of samples that its constructor was given."""
    sizing = form.sizing
    if sizing is None:
        return ()
    return tuple(p.name for p in sizing.parameters if sizing.roles[p.name] == "other" and role(p.name) == "samples")


@contextlib.contextmanager
def initialization_stands(form: Form, model: Held) -> Iterator[None]:
    """While code trains that would initialize first, its initialization gives the present parameters."""
    if isinstance(form, FunctionForm):
        namespace = form.init.__globals__
        old = namespace.get(form.name)
        value = copy.deepcopy(model.value)
        namespace[form.name] = lambda *_arguments, **_keywords: value
        try:
            yield
        finally:
            namespace[form.name] = old
    elif isinstance(form, ClassForm) and form.initializer and hasattr(model.value, "__dict__"):
        attributes = vars(model.value)
        attributes[form.initializer] = lambda *_arguments, **_keywords: None
        try:
            yield
        finally:
            attributes.pop(form.initializer, None)
    else:
        yield


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global generators decided by a seed, and put back afterwards; code that seeds them itself is not heard."""
    with generators_kept():
        seed_everything(seed)
        yield


def seed_everything(seed: int) -> None:
    """Decide what the global generators, NumPy's, Python's and PyTorch's, draw from here on."""
    np.random.seed(seed)
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


@contextlib.contextmanager
def generators_kept() -> Iterator[None]:
    """The global generators as they were, afterwards."""
    state, own = np.random.get_state(), random.getstate()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch_state = torch.get_rng_state()
    try:
        yield
    finally:
        np.random.set_state(state)
        random.setstate(own)
        if torch is not None:
            torch.set_rng_state(torch_state)
