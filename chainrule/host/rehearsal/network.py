"""Finds the network in recorded calls: its layer sizes, and the objects and arrays that hold it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from chainrule.host.recognition.namespaces import ends_as_layer, is_layer_name
from chainrule.host.recognition.slots import chain_of
from chainrule.host.recognition.structures import Attribute, Path, label
from chainrule.host.recognition.vocabulary import is_called, role
from chainrule.host.rehearsal.recording import Call, Contents, Key
from chainrule.support.arrays import is_array

MAKES = ("__init__", "__post_init__")


@dataclass
class Network:
    """The network that a recording shows.

    sizes: of its layers.  weights: how often each shape of weights occurs, without regard to order.
    objects: ids of the objects that hold it.  holder: that of the object that showed it.
    paths: of its parameters in them.  maker: the function that made it.
    arrays: ids of its parameters, if neither an object holds it nor a function made it.
    plain: whether the object has no parameters with more axes, as convolutions have.
    """

    sizes: list[int]
    weights: Counter[frozenset[int]]
    objects: set[int] = field(default_factory=set)
    paths: set[Path] = field(default_factory=set)
    maker: Key | None = None
    arrays: set[int] = field(default_factory=set)
    holder: int = 0
    plain: bool = True


def network_in(calls: Sequence[Call]) -> Network | None:
    """The deepest network that any call made, or held; of equally deep ones, the first.

    Layers that several objects hold, one each, make a network that no object holds.  If no call made one, the arrays
    are those of the first call that takes enough of them: later ones take gradients as well.  What functions
    return once parameters are in use are updates or gradients, and not a network that they made.
    """
    best: Network | None = None
    source: Call | None = None  # the call whose arguments are the best network, if no call made one
    owner: type | None = None
    single: dict[int, tuple[list[int], Contents]] = {}
    returned: set[int] = set()  # ids of the arrays of the best network
    shown: set[int] = set()  # ids of objects that held a network and nothing else
    passed = {id(value) for call in calls for value in (*call.arguments.values(), call.result) if is_array(value)}
    for call in sorted(calls, key=lambda call: call.finished):
        for value, found in held(call):
            found = without_data(without_buffers(found))
            sizes = sizes_of([entry.shape for entry in found.values()])
            shown |= {id(value)} if sizes is not None else set()
            for known in (passed, None) if hasattr(value, "__dict__") and id(value) not in shown else ():
                if sizes is None:  # its layers may keep what they computed
                    found = without_results(found, samples_in(call), known)
                    sizes = sizes_of([entry.shape for entry in found.values()])
            if sizes is None:
                continue
            if len(sizes) == 2 and hasattr(value, "__dict__"):
                single.setdefault(id(value), (sizes, found))
            if len(sizes) > 2 and is_of_a_layer(value):
                continue  # with what it computed last
            if value is None and best is not None and source is not call:
                continue
            if (
                source is not None
                and call.number > source.number
                and not hasattr(value, "__dict__")
                and value is not None
            ):
                continue
            grows = best is not None and best.holder == id(value) and len(sizes) > len(best.sizes)
            keeps = best is not None and owner is None and hasattr(value, "__dict__") and sizes == best.sizes
            kept = keeps and returned <= {id(entry.leaf) for entry in found.values()}  # what a method of it made
            deeper = best is None or grows or kept or rank(sizes) > rank(best.sizes)
            anew = best is not None and rank(sizes) == rank(best.sizes) and defines_anew(type(value), owner)
            if deeper or anew or (source is not None and value is not None):
                source = call if value is None else None
                paths = {path for path, entry in found.items() if len(entry.shape) == 2}
                best = Network(sizes, matrices(found), paths=paths, maker=None if value is None else call.key)
                best.holder = id(value)
                best.plain = all(len(entry.shape) < 3 for entry in found.values())
                best.arrays = {id(entry.leaf) for entry in found.values()} if value is None else set()
                owner = type(value) if hasattr(value, "__dict__") else None
                returned = {id(entry.leaf) for entry in found.values()}
    if best is not None and len(best.sizes) == 2 and len(single) > 1:
        return joined(
            [sizes for sizes, _ in single.values()], sum((matrices(found) for _, found in single.values()), Counter())
        )
    if best is not None and owner is not None:
        best.objects = {id(value) for call in calls for value, _ in held(call) if type(value) is owner}
    return best


def defines_anew(cls: type, earlier: type | None) -> bool:
    """Whether a class has taken the place of an earlier one of its name, as in a later cell."""
    return earlier is not None and cls is not earlier and cls.__qualname__ == earlier.__qualname__


def is_of_a_layer(value: Any) -> bool:
    """Whether the class of an object has the name of a layer, and not that of a network."""
    name = type(value).__name__
    return is_layer_name(name) and (ends_as_layer(name) or not is_called("classes", "network", name))


def without_buffers(found: Contents) -> Contents:
    """The arrays without those whose names, or whose zeros beside weights of their shape, say that they are buffers."""
    found = {path: entry for path, entry in found.items() if not is_called("arrays", "not_parameters", label(path))}
    found = {path: e for path, e in found.items() if not (e.zero and is_called("arrays", "inputs_kept", label(path)))}
    first = {id(entry.leaf): path for path, entry in reversed(found.items())}  # W and params[0] may be one array
    found = {path: entry for path, entry in found.items() if first[id(entry.leaf)] == path}
    real = {entry.shape for entry in found.values() if not entry.zero}
    return {path: e for path, e in found.items() if not (e.zero and len(e.shape) == 2 and e.shape in real)}


def without_data(found: Contents) -> Contents:
    """The arrays without those called X_train or y, if the others make a network: an object may keep its data.

    Arrays in a list may be outputs of layers, and stay.
    """
    rest = {
        path: entry for path, entry in found.items() if path[1:] or role(label(path)) not in ("x", "y", "validation")
    }
    return rest if sizes_of([entry.shape for entry in rest.values()]) is not None else found


def rank(sizes: Sequence[int]) -> tuple[bool, int]:
    """How a network compares with others: one with a single output may be of a script's first exercise."""
    return len(sizes) > 2 and sizes[-1] > 1, len(sizes)


def samples_in(call: Call) -> set[int]:
    """The sizes that may be the number of samples of a call's arguments."""
    return {value.shape[0] for value in call.arguments.values() if is_array(value) and len(value.shape) == 2}


def without_results(found: Contents, samples: set[int], passed: Collection[int] | None) -> Contents:
    """The arrays without those that have as many rows or columns as samples.

    passed: the ids of the arrays that may be left out, those that calls took or returned; None for all.
    """
    return {
        path: entry
        for path, entry in found.items()
        if not (samples & set(entry.shape) and (passed is None or id(entry.leaf) in passed))
    }


def sizes_of(shapes: Sequence[tuple[int, ...]]) -> list[int] | None:
    """The sizes of a network whose parameters have these shapes; its output may be one number."""
    sizes = chain_of(shapes)
    if sizes is None or not {(1,), (1, 1)} & set(shapes):
        return sizes
    flat = [(sizes[-1], 1), (1, sizes[-1])]
    weights, bias = sum(found in flat for found in shapes), (sizes[-1],) in shapes
    return [*sizes, 1] if weights + bias > 1 else sizes  # a bias of the last hidden layer may be flat, too


def joined(layers: Sequence[list[int]], weights: Counter[frozenset[int]]) -> Network | None:
    """The network of layers that fit together; None if these do not."""
    if any(a[1] != b[0] for a, b in pairwise(layers)):
        return None
    return Network([layers[0][0], *[sizes[1] for sizes in layers]], weights)


def held(call: Call) -> list[tuple[Any, Contents]]:
    """(value, its arrays) of what a call made: the object that it completed, or its result."""
    found: list[tuple[Any, Contents]] = []
    first = next(iter(call.arguments), None)
    if first is not None and hasattr(call.arguments[first], "__dict__") and call.ended:
        found.append((call.arguments[first], call.after[first]))
    if call.ended and call.name not in MAKES and not is_array(call.result):
        found.append((call.result, call.returned))
    arrays: Contents = {(Attribute(name),): before[()] for name, before in call.before.items() if () in before}
    if sum(len(entry.shape) == 2 for entry in arrays.values()) > 2:  # functions that take W1, b1, W2, b2 and a batch
        found += [(None, {path: entry for path, entry in arrays.items() if path != batch}) for batch in arrays]
        flat = [entry for entry in arrays.values() if len(entry.shape) == 1 or 1 in entry.shape]
        if 2 * len(flat) == len(arrays):  # a bias for each: the batch comes by another way
            found.append((None, arrays))
    return found


def matrices(found: Contents) -> Counter[frozenset[int]]:
    """How often each pair of sizes occurs among the arrays with two axes."""
    return Counter(frozenset(s) for s, *_ in found.values() if len(s) == 2 and 1 not in s)


def covers(found: Counter[frozenset[int]], wanted: Counter[frozenset[int]]) -> bool:
    return bool(wanted) and all(found[one] >= count for one, count in wanted.items())
