"""Finds the output, the cache or the training history in a function's result."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Binding
from chainrule.host.recognition.boxes import called
from chainrule.host.recognition.structures import Item, Path, Step, follow, label, leaves, shape
from chainrule.host.recognition.vocabulary import is_called
from chainrule.support.arrays import describe, is_array, to_numpy

SHOWN = 6  # how many parts of a result a message lists
OTHER_DATA = ("valloss", "validation", "testloss", "devloss")  # how names of losses of held-out data begin
HELD_OUT = ("val", "valid", "test", "dev", "score", "scores")  # words in names of what held-out data give


def samples(x: Any, y: Any) -> int:
    """The number of samples: inputs with one axis are one sample; each one-hot label has a single 1."""
    if x is not None and len(shape(x)) == 1:
        return 1
    found = to_numpy(y)
    if found.ndim < 2:
        return int(found.size) if found.ndim else 1
    return int(found.sum()) or int(found.shape[0])


def output_shapes(sizes: Sequence[int], x: Any) -> list[tuple[int, ...]]:
    """The possible shapes of the output for x, the likeliest first."""
    d, k = sizes[0], sizes[-1]
    if len(shape(x)) == 1:
        return [(k,), (1, k), (k, 1)]
    rows, columns = shape(x)
    if (rows, columns) in ((d, 1), (1, d)):
        return [(k, 1), (1, k), (k,)]
    return [(rows, k), (k, rows)] if columns == d else [(k, columns), (columns, k)]


def likeliest_output(outputs: Sequence[Path], source: Any, result: Any, names: Mapping[str, Any]) -> Path:
    """Choose the output among arrays of the right shape: by probabilities, by name, or by place.

    The place: the first one beside a cache, the last one if the pass returns everything that it computed.
    """
    if len(outputs) == 1:
        return outputs[0]
    sure = [path for path in outputs if are_probabilities(to_numpy(follow(source, path)))]
    if sure:
        return sure[0] if sure[0] == (Item(0),) else sure[-1]
    if isinstance(result, tuple) and outputs[0] == (Item(0),) and not is_array(result[-1]):
        return outputs[0]
    titles = {id(value): name for name, value in names.items()}
    named = [
        path for path in outputs if is_called("arrays", "outputs", titles.get(id(follow(source, path)), label(path)))
    ]
    return (named or list(outputs))[-1]


def are_probabilities(p: np.ndarray) -> bool:
    """Whether numbers are nonnegative and sum to 1 along an axis, to the precision of float16."""
    with np.errstate(all="ignore"):
        sums = [p.sum(axis=axis) for axis in range(p.ndim)]
        return bool((p >= 0).all()) and any(np.allclose(total, 1, atol=1e-3) for total in sums)


def relative(path: Path, source: Any) -> Path:
    """A path for other depths as well, in which items near the end of a list count from the end."""
    steps: list[Step] = []
    for i, step in enumerate(path):
        holder = follow(source, path[:i])
        steps.append(from_the_end(step, len(holder)) if isinstance(holder, list) else step)
    return tuple(steps)


def from_the_end(step: Step, length: int) -> Step:
    """An index from the end for one of the last two items; the first item stays the first."""
    if isinstance(step, Item) and isinstance(step.key, int) and step.key > 0 and step.key >= length - 2:
        return Item(step.key - length)
    return step


def history(result: Any, epochs: int, names: Mapping[str, Any]) -> list[float] | None:
    """The losses that a training returned: a list with one number for each epoch; else None.

    names: {name: value} of its results.  Accuracies, and losses of other data, do not count.
    """
    candidates = [result]
    if isinstance(result, tuple):
        candidates += result
    if isinstance(result, dict):
        candidates += result.values()
    called = {id(value): name.lower() for name, value in names.items()}
    candidates = [one for one in candidates if not is_beside_the_losses(called.get(id(one), ""))]
    losses = [one for one in candidates if any(word in called.get(id(one), "") for word in ("loss", "cost"))]
    for candidate in losses or candidates:
        listed = isinstance(candidate, (list, np.ndarray)) and len(candidate) == epochs
        if listed and all(isinstance(value, (float, np.floating)) for value in candidate):
            return list(candidate)
    return None


def is_beside_the_losses(name: str) -> bool:
    """Whether a list of this name contains accuracies, or what held-out data give."""
    words = re.findall("[a-z]+", name)
    return any("acc" in word or word.startswith(OTHER_DATA) or word in HELD_OUT for word in words)


def counts(number: Any, n: int) -> bool:
    """Whether a number is a share of n samples, as an accuracy is: n times it is whole."""
    share = float(np.ravel(np.asarray(number))[0]) * n
    return 0 <= share < np.inf and abs(share - round(share)) < 1e-9


def number_in(result: Any, n: int) -> Path | None:
    """The path to the number in a result, in a tuple to one that is not a share of n samples."""
    if isinstance(result, tuple):
        numbers = [i for i, part in enumerate(result) if isinstance(part, (float, np.floating))]
        found = next((i for i in numbers if not counts(result[i], n)), numbers[0] if numbers else None)
        if found is not None:
            return (Item(found),)
    return next((path for path, leaf in leaves(result) if np.size(to_numpy(leaf)) == 1), None)


def is_integral(value: Any) -> bool:
    array = to_numpy(value)
    return bool(np.array_equal(array, np.round(array)))


def describe_result(result: Any) -> str:
    if isinstance(result, tuple):
        return f"({', '.join(describe(item) for item in result[:SHOWN])})"
    return describe(result)


def first_fitting(function: Callable[..., Any], arguments: Binding, fits: Callable[[Any], bool]) -> Any:
    """The result of a call, or the first part that fits in a result such as (a, cache)."""
    result = called(function, arguments)
    if not isinstance(result, tuple):
        return result
    return next((part for part in result if (is_array(part) or np.ndim(part) == 0) and fits(part)), result)
