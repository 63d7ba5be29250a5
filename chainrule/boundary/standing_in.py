"""Functions that the implementation does not define, computed through its network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainrule.boundary.boundary import Boundary
    from chainrule.boundary.calls import Handle
from chainrule.mathematics.identity import layer_sizes, passing_parameters, passing_sizes, surprises

TRIALS: dict[str, Callable[[], tuple[object, ...]]] = {  # arguments of a call that shows if the function exists
    "softmax": lambda: (np.zeros((1, 2)),),
    "cross_entropy": lambda: (np.full((1, 2), 0.5), np.zeros(1, dtype=int)),
    "xavier": lambda: (2, 3, np.random.default_rng(0)),
}


def softmax(impl: Boundary, z: np.ndarray) -> np.ndarray:
    """The output probabilities of a network whose logits are z."""
    model, x = passing(impl, z)
    p = impl.forward(model, x)
    return p[:, : z.shape[1]] if p.ndim == 2 else p


def cross_entropy(impl: Boundary, p: np.ndarray, y: np.ndarray) -> float:
    """The loss of a network whose logits are log p."""
    model, x = passing(impl, surprises(np.asarray(p, np.float64)))
    return impl.loss(model, x, y)


def xavier(impl: Boundary, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
    """The first weights of a new network, by a seed drawn from rng."""
    return draws(impl, fan_in, fan_out, rng, 1)[0]


def draws(impl: Boundary, fan_in: int, fan_out: int, rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """The first weights of `count` new networks, by seeds drawn from rng."""
    sizes = layer_sizes(impl.fits, fan_in, fan_out)
    if sizes is None:
        raise impl.no_network(f"whose first layer is ({fan_in}, {fan_out})")
    return impl.first_weights(sizes, [int(rng.integers(2**31)) for _ in range(count)])


def keeps_negative_inputs_out(impl: Boundary) -> bool:
    """Whether hidden layers act on negative inputs as ReLU does: then no output depends on how negative they are.

    So tells, whatever softmax and loss do, whether a network can pass on the logits that a spec chooses.
    """
    sizes = passing_sizes(impl.fits, 2)
    if sizes is None or len(sizes) == 2:
        return True
    weights, biases = passing_parameters(sizes, 2)
    weights[0][:, 2:4] = 0.0  # no unit sees the inputs with the other sign
    model = impl.create(sizes, seed=0)
    impl.assign(model, weights, biases)
    x = np.zeros((1, sizes[0]))
    x[0, :2] = -1.0, -2.0
    return bool(np.array_equal(impl.forward(model, x), impl.forward(model, 2 * x)))


def compares_classes(impl: Boundary) -> bool:
    """Whether the output of one class depends on the logit of another, as any softmax makes it.

    Where each unit of the output has its own logit alone, the network is another one, and not one with a wrong softmax.
    """
    both = softmax(impl, np.array([[0.5, 0.25]])), softmax(impl, np.array([[0.5, 2.0]]))
    return not np.array_equal(both[0][0, 0], both[1][0, 0])


def passing(impl: Boundary, z: np.ndarray) -> tuple[Handle, np.ndarray]:
    """A network whose logits are z, and its inputs.  Raises NotApplicable if the implementation cannot make one."""
    classes = z.shape[1]
    sizes = passing_sizes(impl.fits, classes)
    if sizes is None:
        raise impl.no_network(f"whose logits can be set to {classes} given numbers")
    x = np.zeros((len(z), sizes[0]))
    x[:, :classes] = z
    model = impl.create(sizes, seed=0)
    impl.assign(model, *passing_parameters(sizes, classes, float(z.min(initial=0.0))))
    return model, x
