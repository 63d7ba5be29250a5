"""The state of the code around a call: hyperparameters, random generators, and initializations."""

from __future__ import annotations

import builtins
import contextlib
import copy
import inspect
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import is_of_labels, parameters_of
from chainrule.host.recognition.forms import ClassForm, Form, Held
from chainrule.host.recognition.function_forms import FunctionForm
from chainrule.host.recognition.learnt import attributes_of
from chainrule.host.recognition.namespaces import fits, methods_of, own_functions
from chainrule.host.recognition.settings import names_reached
from chainrule.host.recognition.settings_kept import NUMBERS, is_hyperparameter, items_of, set_settings, settings_kept
from chainrule.host.recognition.vocabulary import is_called, role
from chainrule.support.arrays import is_array, to_numpy

KEEPING: list[bool] = []  # an item while a body of `generators_kept` runs
NEARLY = 0.3  # how far from 1 a deviation may be that is taken of one less, or with a constant that avoids 0


def owners(network: Any) -> list[Any]:
    """An object, and the objects in its attributes and lists, such as an optimizer or layers."""
    if not hasattr(network, "__dict__"):
        return []
    kept = list(vars(network).values())
    inner = [item for item in kept if is_object(item) and not isinstance(item, (type, FunctionType, MethodType))]
    listed = [item for items in kept if isinstance(items, (list, tuple)) for item in items if is_object(item)]
    return [network, *inner, *listed]


def is_object(value: Any) -> bool:
    return hasattr(value, "__dict__") and not is_array(value)


def set_attributes(network: Any, values: Mapping[str, Any], names: Sequence[str] | None = None) -> None:
    """Set the hyperparameters that are numbers in attributes of an object or its optimizer.

    values: {role: value}.  names: the attributes that may be set; all by default.
    """
    if names == ():
        return
    for owner in owners(network):
        shown = attributes_of(type(owner))
        for name, old in list(vars(owner).items()):
            wanted = shown.get(name) or role(name)
            if wanted is None or wanted not in values or (names is not None and name not in names):
                continue
            if is_hyperparameter(old):
                object.__setattr__(owner, name, values[wanted])  # also that of a frozen dataclass
    if names is None:
        for name, settings in settings_kept(network).items():
            set_settings(network, name, settings, values)


def keeps_number(network: Any, wanted: str) -> bool:
    """Whether an attribute of an object is a number with this role."""
    return bool(numbers_kept(network, wanted))


def numbers_kept(network: Any, wanted: str) -> set[str]:
    """The attributes of an object, and the names in its settings, that are numbers with this role."""
    kept = dict(vars(network)) if hasattr(network, "__dict__") else {}
    for settings in settings_kept(network).values():
        kept = items_of(settings) | kept
    shown = attributes_of(type(network))
    numbers = (name for name, value in kept.items() if isinstance(value, NUMBERS))
    return {name for name in numbers if (shown.get(name) or role(name)) == wanted}


def roles_kept(network: Any) -> dict[str, Any]:
    """{role: value} of the numbers that an object or its optimizer keeps."""
    found: dict[str, Any] = {}
    for owner in reversed(owners(network)):
        shown = attributes_of(type(owner))
        kept = [(shown.get(name) or role(name), value) for name, value in vars(owner).items()]
        for settings in settings_kept(owner).values():
            kept += [(role(name), value) for name, value in items_of(settings).items()]
        found |= {wanted: value for wanted, value in kept if wanted and isinstance(value, NUMBERS)}
    return found


def moments_of(network: Any) -> dict[str, float]:
    """{attribute: 0 or 1} of the means and deviations by which an object normalizes inputs, learnt or not yet."""
    found: dict[str, float] = {}
    for name, value in getattr(network, "__dict__", {}).items():
        if value is None or is_array(value):
            if is_called("arrays", "means", name):
                found[name] = 0.0
            elif is_called("arrays", "deviations", name):
                found[name] = 1.0
    return found


def normalizes(network: Any) -> bool:
    """Whether an object has learnt means and deviations by which it normalizes inputs."""
    return any(is_array(vars(network)[name]) for name in moments_of(network))


def leave_inputs(network: Any) -> None:
    """Let an object take inputs as they are, whatever it learnt of others, and let its training leave them so."""
    for name, neutral in moments_of(network).items():
        setattr(network, name, neutral)
    kind: type = type(network)
    for name in standardizers(kind):
        setattr(network, name, unchanged)


def unchanged(x: Any) -> Any:
    return x


@lru_cache(maxsize=64)
def standardizers(cls: type) -> tuple[str, ...]:
    """The methods by which only the training of a class gives its inputs the mean 0 and the deviation 1."""
    functions = inspect.getmembers(cls, inspect.isfunction)
    plain = not any("__new__" in vars(base) for base in cls.__mro__[:-1])
    if not (plain and any("std" in one.__code__.co_names for _, one in functions)):
        return ()
    bare: Any = object.__new__(cls)
    methods = dict(methods_of(bare))
    used: dict[bool, set[str]] = {True: set(), False: set()}  # by the training, and by others
    for name, method in methods.items():
        others = any(fits(operation, name, method) for operation in ("forward", "predict", "loss", "backward"))
        if others or fits("fit", name, method):
            used[not others] |= names_reached(method, bare)
    found = methods.keys() & used[True] - used[False]
    return tuple(name for name in found if standardizes(methods[name]))


def standardizes(method: Any) -> bool:
    """Whether a method of one array returns it with the mean 0 and the deviation 1, of all or of each feature."""
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    if code is None or "std" not in code.co_names or len(parameters_of(method)) != 1:
        return False
    x = np.array([[1.0, 4.0, -2.0], [3.0, -1.0, 0.5], [0.0, 2.0, 8.0], [-5.0, 1.5, 1.0]])
    with contextlib.suppress(Exception):
        found = to_numpy(method(x.copy()))
        return found.shape == x.shape and any(
            np.allclose(found.mean(axis=axis), 0) and np.allclose(found.std(axis=axis), 1, rtol=NEARLY)
            for axis in (None, 0)
        )
    return False


def seed_generators(network: Any, seed: int) -> None:
    """Set the generators that a network keeps to the state of the seed."""
    for owner in owners(network):
        seed_each(list(vars(owner).values()), seed)


def seed_each(values: Sequence[Any], seed: int) -> None:
    """Set the generators among values to the state of the seed."""
    for value in values:
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = type(value.bit_generator)(seed).state
        elif isinstance(value, (np.random.RandomState, random.Random)):
            value.seed(seed)


def told_samples(form: Form) -> tuple[str, ...]:
    """The attributes with the number of samples that the constructor took."""
    sizing = form.sizing
    if sizing is None:
        return ()
    return tuple(p.name for p in sizing.parameters if sizing.roles[p.name] == "other" and role(p.name) == "samples")


@contextlib.contextmanager
def initialization_stands(form: Form, model: Held) -> Iterator[Any]:
    """Make the code's initialization return the present parameters, for a training that initializes first.

    Gives what a function returns so, in which a training may change them; None for a method.
    """
    if isinstance(form, FunctionForm):
        value = copy.deepcopy(model.value)
        places = [(form.init.__globals__, form.name, form.init.__globals__.get(form.name))]
        places += [(space, name, it) for space in spaces(form) for name, it in space.items() if it is form.init]
        for space, name, _ in places:
            space[name] = lambda *_arguments, **_keywords: value
        try:
            yield value
        finally:
            for space, name, old in reversed(places):
                space[name] = old
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
def held_out(function: Any, x: Any, y: Any, *, numbers: bool) -> Iterator[None]:
    """Give a training held-out data, if it reads them as globals that are not loaded here.

    numbers: whether it compares their labels with the numbers of classes, although it takes one-hot ones.
    """
    space = getattr(getattr(function, "__func__", function), "__globals__", {})
    labels = classes_of(to_numpy(y)) if numbers else y
    found = {name: labels if is_of_labels(name) else y if role(name) == "y" else x for name in absent_data(function)}
    space.update(found)
    try:
        yield
    finally:
        for name in found:
            space.pop(name, None)


def absent_data(function: Any) -> list[str]:
    """The globals that a training reads as data and that are not loaded here."""
    plain = getattr(function, "__func__", function)
    space = getattr(plain, "__globals__", {})
    names = getattr(getattr(plain, "__code__", None), "co_names", ())
    absent = [name for name in names if name not in space and not hasattr(builtins, name)]  # as ValueError is
    return [name for name in absent if role(name) in ("x", "y", "validation")]


def labels_held_out(function: Any) -> bool:
    """Whether a training reads labels as a global that is not loaded here."""
    return any(map(is_of_labels, absent_data(function)))


def classes_of(one_hot: np.ndarray) -> np.ndarray:
    """The numbers of the classes of one-hot labels in rows, or in columns."""
    return one_hot.argmax(axis=1 if (one_hot.sum(axis=1) == 1).all() else 0)


def spaces(form: FunctionForm) -> list[dict[str, Any]]:
    """The globals of all files whose functions the code uses: each may import the initialization."""
    every = [form.init, *dict(own_functions(form.namespace)).values()]
    return list({id(function.__globals__): function.__globals__ for function in every}.values())


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators for the body, ignore the code's own seeding, and restore them afterwards."""
    with generators_kept():
        seed_everything(seed)
        yield


def seed_everything(seed: int) -> None:
    """Seed the global generators of NumPy, Python and PyTorch."""
    np.random.seed(seed)
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


@contextlib.contextmanager
def generators_kept() -> Iterator[None]:
    """Restore the global generators after the body; inside another such body, its end does."""
    if KEEPING:
        yield
        return
    state, own = np.random.get_state(), random.getstate()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch_state = torch.get_rng_state()
    KEEPING.append(True)
    try:
        yield
    finally:
        KEEPING.pop()
        np.random.set_state(state)
        random.setstate(own)
        if torch is not None:
            torch.set_rng_state(torch_state)
