"""Functions that an implementation does not offer, seen through a network that it makes.

A network whose layers pass their inputs on makes logits of them: the identity without a hidden layer, and with hidden
layers relu(z) - relu(-z) = z, which rounds nothing.  Classes that a fixed size has beyond those wanted are given logits
so low that their probabilities underflow.  rounding.through_the_network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainrule.boundary import Boundary, Handle

LOWEST = -1e4  # the logit that stands for log 0: its exponential is 0 in every precision
BELOW = 1e3  # how far the logits of classes that nobody asked for lie below the others

DEEPEST = 8

Fits = Callable[[Sequence[int]], "tuple[int, ...] | None"]
Parameters = tuple[list[np.ndarray], list[np.ndarray]]


TRIALS: dict[str, Callable[[], tuple[object, ...]]] = {  # arguments that show whether a function is there
    "softmax": lambda: (np.zeros((1, 2)),),
    "cross_entropy": lambda: (np.full((1, 2), 0.5), np.zeros(1, dtype=int)),
    "xavier": lambda: (2, 3, np.random.default_rng(0)),
}


def passing_sizes(fits: Fits, classes: int) -> tuple[int, ...] | None:
    """The sizes of a network that can pass on that many logits, with as few hidden layers as there can be; or None."""
    for depth in range(DEEPEST + 1):
        sizes = fits((classes, *[2 * classes] * depth, classes))
        if sizes and min(sizes[0], sizes[-1]) >= classes and all(size >= 2 * classes for size in sizes[1:-1]):
            return sizes
    return None


def passing_parameters(sizes: Sequence[int], classes: int, lowest: float = 0.0) -> Parameters:
    """Parameters with which the first `classes` logits are the first inputs; the further ones lie below `lowest`."""
    weights = [np.zeros(fans) for fans in pairwise(sizes)]
    biases = [np.zeros(size) for size in sizes[1:]]
    eye, last = np.eye(classes), len(weights) - 1
    if last == 0:
        weights[0][:classes, :classes] = eye
    else:
        weights[0][:classes, : 2 * classes] = np.hstack([eye, -eye])
        for w in weights[1:-1]:
            w[: 2 * classes, : 2 * classes] = np.eye(2 * classes)
        weights[-1][: 2 * classes, :classes] = np.vstack([eye, -eye])
    biases[-1][classes:] = lowest - BELOW
    return weights, biases


def layer_sizes(fits: Fits, fan_in: int, fan_out: int) -> tuple[int, ...] | None:
    """The sizes of a network whose first layer is (fan_in, fan_out), or None."""
    for depth in range(DEEPEST + 1):
        sizes = fits((fan_in, fan_out, *[3] * depth))
        if sizes and sizes[:2] == (fan_in, fan_out):
            return sizes
    return None


def surprises(p: np.ndarray) -> np.ndarray:
    """log p, with the lowest logit for the logarithm of zero."""
    with np.errstate(divide="ignore"):
        return np.where(p > 0, np.log(p), LOWEST)


def softmax(impl: Boundary, z: np.ndarray) -> np.ndarray:
    """The probabilities that a network which passes z on gives to its classes."""
    model, x = passing(impl, z)
    p = impl.forward(model, x)
    return p[:, : z.shape[1]] if p.ndim == 2 else p


def cross_entropy(impl: Boundary, p: np.ndarray, y: np.ndarray) -> float:
    """The loss of a network whose logits are log p."""
    model, x = passing(impl, surprises(np.asarray(p, np.float64)))
    return impl.loss(model, x, y)


def xavier(impl: Boundary, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """The first weights of a new network, by a seed drawn from rng."""
    sizes = layer_sizes(impl.fits, fan_in, fan_out)
    if sizes is None:
        raise impl.no_network(f"whose first layer is ({fan_in}, {fan_out})")
    return impl.parameters(impl.create(sizes, seed=int(rng.integers(2**31))))[0][0]


def passing(impl: Boundary, z: np.ndarray) -> tuple[Handle, np.ndarray]:
    """A network that passes z on, and its inputs.  Raises NotApplicable if the implementation makes none."""
    classes = z.shape[1]
    sizes = passing_sizes(impl.fits, classes)
    if sizes is None:
        raise impl.no_network(f"that can pass on {classes} logits")
    x = np.zeros((len(z), sizes[0]))
    x[:, :classes] = z
    model = impl.create(sizes, seed=0)
    impl.assign(model, *passing_parameters(sizes, classes, float(z.min(initial=0.0))))
    return model, x
