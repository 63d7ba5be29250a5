"""Parameters that a function returns instead of changing them in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import named_values
from chainrule.host.recognition.slots import Slot, Slots
from chainrule.host.recognition.structures import Item, put
from chainrule.support.arrays import to_numpy

Parameters = tuple[list[np.ndarray], list[np.ndarray]]


def returned_whole(result: Any, handed: Any, slots: Slots) -> tuple[Any, Parameters] | None:
    """The result of a function, or the part of it that contains parameters as `handed` does, and their values.

    handed: the parameters as functions take them.
    """
    wanted = slots.read(handed)
    for candidate in (result, *(result if isinstance(result, (tuple, list)) else ())):
        if type(candidate) is not type(handed) or len(candidate) != len(handed):
            continue
        try:
            found = slots.read(candidate)
        except Exception:
            continue
        if [a.shape for a in found[0] + found[1]] == [a.shape for a in wanted[0] + wanted[1]]:
            return candidate, found
    return None


def returned_by_name(
    function: Callable[..., Any], result: Any, own: Mapping[str, Any], slots: Slots
) -> Parameters | None:
    """The parameters among the named results of a function: `return W1, b1, W2, b2, losses`.

    own: the parameters by their names, in order.
    """
    names = named_values(function, result)
    if not own or not all(name in names for name in own):
        return None

    def read(group: Sequence[Slot]) -> list[np.ndarray]:
        return [to_numpy(names[name_of(slot, list(own))]) for slot in group]

    return slots.parts(read(slots.weights), read(slots.biases))


def name_of(slot: Slot, order: Sequence[str]) -> Any:
    """The name of a parameter in a dictionary, or in a tuple whose items have names in this order."""
    first = slot.path[0]
    assert isinstance(first, Item)
    return order[first.key] if isinstance(first.key, int) else first.key


def written(handed: Any, slots: Slots, parameters: Parameters) -> Any:
    """`handed` with these values, or a new object with them."""
    for slot, array in zip((*slots.weights, *slots.biases), slots.whole(*parameters), strict=True):
        handed = put(handed, slot.path, array)
    return handed
