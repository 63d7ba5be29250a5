"""Finds gradients in results, in attributes, and in changes of the parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.learnt import attributes_of
from chainrule.host.recognition.slots import Slot, Slots, is_vector, step_name
from chainrule.host.recognition.structures import Item, Path, follow, label, leaves, shape
from chainrule.host.recognition.vocabulary import is_called, plain

RATES = (2.0**10, 2.0**-3)  # learning rates at which updates show gradients; powers of two, whose products are exact
ROUNDED_TOGETHER = 1e4  # how far two recovered gradients may differ, in roundings of an update's size
BEFORE_A_NAME = ("gradients", "gradient", "grads", "grad", "deltas", "delta", "nabla", "derivative", "dl", "d")
BEHIND_A_NAME = ("gradients", "gradient", "grads", "grad", "deltas", "delta")
SHORT = {"weight": "w", "weights": "w", "bias": "b", "biases": "b", "kernel": "w"}

Leaves = Sequence[tuple[Path, Any]]
Arrays = Sequence[np.ndarray]
Parameters = Sequence[Arrays]  # all weights, all biases


class Contradiction(Exception):
    """The code's gradients or updates contradict each other.  str(): how."""

    found_by_chainrule = True


def gradient_paths(
    source: Any,
    slots: Slots,
    value: Any,
    found_names: Mapping[str, Any],
    *,
    names: Sequence[str],
    inside: bool = False,
    turned: bool = False,
) -> tuple[tuple[Path, ...], tuple[Path, ...]] | None:
    """The paths in `source` to the gradients of all weights and biases, by name, else by shape.

    value: the network.  names: of its parameters, weights first.  found_names: {name: value} in `source`.
    inside: whether `source` is the network itself, in which only the name makes an array a gradient.
    turned: whether to look for gradients of weights that lie transposed.
    """
    found = [(path, leaf) for path, leaf in leaves(source)]
    if inside:
        own = {id(follow(value, path)) for path in slots.paths()}  # which a second list of the layers leads to as well
        shown = {name for name, wanted in attributes_of(type(value)).items() if wanted == "gradient"}
        marked = {f"g{plain(name)}" for name in names}  # gw_1 for w_1
        found = [(path, leaf) for path, leaf in found if id(leaf) not in own]
        found = [one for one in found if is_called_gradient(one[0], shown) or plain(label(one[0])) in marked]
    titles = {id(part): name for name, part in found_names.items()}
    taken: list[Path] = []
    count = len(slots.weights)
    for place, (slot, name) in enumerate(zip((*slots.weights, *slots.biases), names, strict=True)):
        wanted = slot.read(value).shape
        wanted = wanted[::-1] if turned and place < count else wanted
        path = by_name(found, slot, name, wanted, titles, taken)
        if place >= count and path is None and len(taken[place - count]) > 1:  # beside that of the layer's weights
            home = taken[place - count][:-1]
            path = by_shape([(other, leaf) for other, leaf in found if other[:-1] == home], wanted, taken)
        path = path or by_shape(found, wanted, taken)
        if path is None:
            return None
        taken.append(path)
    paths = tuple(taken[:count]), tuple(taken[count:])
    return None if turned and not lie_transposed(source, slots, value, paths[0]) else paths


def lie_transposed(source: Any, slots: Slots, value: Any, paths: Sequence[Path]) -> bool:
    """Whether what stands at these places has the shapes of the transposed weights, and not those of the weights."""
    pairs = [
        (shape(follow(source, path)), slot.read(value).shape) for slot, path in zip(slots.weights, paths, strict=True)
    ]
    return all(found == own[::-1] for found, own in pairs) and any(found != own for found, own in pairs)


def is_gradient(name: str) -> bool:
    return is_called("arrays", "gradients", name) or (plain(name)[:1] == "d" and len(plain(name)) > 1)


def is_called_gradient(path: Path, shown: Collection[str]) -> bool:
    """Whether a name on the path to an array, or the author's calls, say that it is a gradient."""
    return is_gradient(label(path)) or any(is_gradient(step_name(step)) or step_name(step) in shown for step in path)


def by_name(
    found: Leaves, slot: Slot, name: str, wanted: tuple[int, ...], titles: Mapping[int, str], taken: Sequence[Path]
) -> Path | None:
    """The leaf with the parameter's name, with or without the mark of a gradient, at a like place.

    wanted: the parameter's shape.  A number is not the gradient of weights, but may be kept in its place before.
    """
    fitting = []
    for path, leaf in found:
        title = titles.get(id(leaf)) or label(path)
        if (
            path not in taken
            and not title.isdigit()
            and (stem(title) == stem(name) or plain(title) == f"g{plain(name)}")
            and (shape(leaf) or is_vector(wanted))
        ):
            fitting.append(path)
    if len(fitting) > 1:  # of layers[0].dW and layers[1].dW, the one on the same path
        beside = [path for path in fitting if path[:-1] == slot.path[:-1]]
        fitting = beside or [path for path in fitting if indices(path) == indices(slot.path)]
    return fitting[0] if fitting else None


def indices(path: Path) -> list[Any]:
    return [step.key for step in path if isinstance(step, Item)]


def stem(name: str) -> str:
    """A name without the mark of a gradient: dW1, grad_W1, W1_grad and delta_w1 -> w1."""
    name = plain(name)
    for mark in BEFORE_A_NAME:
        if name.startswith(mark) and len(name) > len(mark):
            name = name[len(mark) :]
            break
    for mark in BEHIND_A_NAME:
        name = name.removesuffix(mark)
    return SHORT.get(name, name)


def by_shape(found: Leaves, wanted: tuple[int, ...], taken: Sequence[Path]) -> Path | None:
    """The likeliest leaf of that shape: one with the name of a gradient, else the first.  A bias's gradient may have an
    axis more or less.
    """
    similar = {wanted}
    if len(wanted) == 1 or 1 in wanted:
        size = max(wanted)
        similar |= {(size,), (1, size), (size, 1)}
    free = [(path, shape(leaf)) for path, leaf in found if path not in taken]
    exact = [path for path, found_shape in free if found_shape == wanted]
    fitting = exact or [path for path, found_shape in free if found_shape in similar]
    marked = [path for path in fitting if is_gradient(label(path))]
    return next(iter(marked or fitting), None)


def gradients_alone(result: Any, groups: Sequence[Sequence[Path]]) -> Any:
    """A function's result without a loss or other values beside the gradients."""
    firsts = {path[0] for group in groups for path in group if path}
    if isinstance(result, tuple) and len(result) > 1 and len(firsts) == 1:
        return follow(result, (*firsts,))
    return result


def changed(before: Parameters, after: Parameters) -> bool:
    """Whether any of the parameters differs."""
    pairs = zip([*before[0], *before[1]], [*after[0], *after[1]], strict=True)
    return not all(np.array_equal(a, b) for a, b in pairs)


def changed_throughout(before: Parameters, after: Parameters) -> bool:
    """Whether every array of the parameters has changed, as after an update."""
    pairs = zip((*before[0], *before[1]), (*after[0], *after[1]), strict=True)
    return not any(np.array_equal(a, b) for a, b in pairs)


def per_rate(before: Parameters, after: Parameters, rate: float) -> list[list[np.ndarray]]:
    """The decrease of the parameters in an update, divided by the learning rate: the gradients."""
    return [[(a - b) / rate for a, b in zip(*group, strict=True)] for group in zip(before, after, strict=True)]


def check_agreement(name: str, coarse: Arrays, fine: Arrays, weights: Arrays) -> None:
    """Raise Contradiction unless the updates of the weights at both RATES follow the same gradient.

    name: of the function that made the updates.
    """
    for layer, (a, b, held) in enumerate(zip(coarse, fine, weights, strict=True)):
        if a.shape != b.shape or np.isnan(a).any() or np.isnan(b).any():  # which the specs report
            continue
        size = np.abs(a).max() + np.abs(b).max() + np.abs(held).max()
        u = np.finfo(held.dtype if held.dtype.kind == "f" else float).eps
        apart = np.abs(a - b).max()
        if not apart <= ROUNDED_TOGETHER * u * size:
            raise Contradiction(
                f"{name}: the update of weights[{layer}] divided by the learning rate should not depend on the rate; "
                f"at rates {RATES[0]:g} and {RATES[1]:g} it differs by {apart:.3g}: "
                "a parameter is updated before the error is propagated back through it"
            )
