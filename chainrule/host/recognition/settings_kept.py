"""The settings that a network keeps in one attribute: its rate, epochs and batch size in a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.host.recognition.vocabulary import role

NUMBERS = (int, float, np.integer, np.floating)
VALUES = (str, *NUMBERS, type(None))


def settings_kept(network: Any) -> dict[str, Any]:
    """{attribute: value} of an object's settings: dictionaries, named tuples, and objects that hold only values."""
    kept = vars(network).items() if hasattr(network, "__dict__") else ()
    return {name: value for name, value in kept if isinstance(value, dict) or is_named(value) or is_record(value)}


def is_named(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def items_of(settings: Any) -> dict[str, Any]:
    """{name: value} of what settings contain."""
    if isinstance(settings, dict):
        return {name: value for name, value in settings.items() if isinstance(name, str)}
    if is_named(settings):
        return dict(settings._asdict())
    slots = [name for cls in type(settings).__mro__ for name in vars(cls).get("__slots__", ()) if name[0] != "_"]
    return getattr(settings, "__dict__", {}) | {name: getattr(settings, name, None) for name in slots}


def set_settings(network: Any, attribute: str, settings: Any, values: Mapping[str, Any]) -> None:
    """Set the hyperparameters among an object's settings.  values: {role: value}."""
    numbers = {name: role(name) for name, old in items_of(settings).items() if is_hyperparameter(old)}
    found = {name: values[wanted] for name, wanted in numbers.items() if wanted is not None and wanted in values}
    if isinstance(settings, dict):
        settings.update(found)
    elif is_named(settings) and found:
        setattr(network, attribute, settings._replace(**found))
    else:
        for name, value in found.items():
            object.__setattr__(settings, name, value)


def is_record(value: Any) -> bool:
    """Whether a value is an object of a class that holds only numbers, words, and lists of these."""
    if isinstance(value, (type, *VALUES, list, tuple)) or callable(value) or hasattr(value, "shape"):
        return False
    held = items_of(value).values()
    return bool(held) and all(isinstance(item, VALUES) or is_list_of_values(item) for item in held)


def is_list_of_values(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, VALUES) for item in value)


def is_hyperparameter(value: Any) -> bool:
    return isinstance(value, NUMBERS) and not isinstance(value, bool)
