"""Operations to repeat on known or fresh inputs, with the bounds of their specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.boundary.boundary import Boundary
from chainrule.boundary.calls import Call
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import assert_close, assert_each, assert_equal
from chainrule.mathematics.rounding import (
    UNIT_ROUNDOFF,
    Pair,
    errors,
    gamma,
    smallest_normal,
    softmax_bound,
    values,
)
from chainrule.reference import cross_entropy, softmax
from chainrule.specification.analysis import analysis, assert_loss, cross_entropy_bound
from chainrule.specification.networks import Networks
from chainrule.specification.registry import held

Generator = np.random.Generator
WIDEST, DEEPEST = 9, 3  # for a fresh network of free sizes
RATE = 0.25  # the rate of a fresh step: a power of two
DRAWS = 3  # how often to draw a network until the side of every ReLU is certain


@dataclass(frozen=True)
class Anew:
    """How to repeat one operation.

    method: of the boundary.  after: clauses that must have passed; golden: the clause that suffices if none of those
    ran. draw: fresh inputs; None if the implementation cannot take any.  compare: raises Failure if the result is
    wrong. recall: inputs of a recorded call in the spec of the first clause; None if calls cannot be repeated.
    """

    method: str
    after: tuple[str, ...]
    draw: Callable[[Boundary, Generator], Any]
    compare: Callable[[Boundary, Any], None]
    recall: Callable[[Call], Any] | None = None
    golden: str = ""

    def passed(self, outcomes: Mapping[str, str]) -> bool:
        """Whether the operation passed its specs.  outcomes: {clause: outcome}."""
        return all(outcomes.get(clause) == "passed" for clause in self.after) or self.remembered(outcomes)

    def remembered(self, outcomes: Mapping[str, str]) -> bool:
        """Whether only golden values passed."""
        return outcomes.get(self.golden) == "passed" and not any(clause in outcomes for clause in self.after)


def as_passed(call: Call) -> Any:
    """The arguments of a function."""
    return call.arguments


def as_case(call: Call) -> Case | None:
    """The network and the batch of a call; if it has no labels, all are the first class."""
    if call.model_parameters is None:
        return None
    x = call.arguments[1]
    y = call.arguments[2] if len(call.arguments) > 2 else np.zeros(len(x), dtype=int)
    return Case(call.model_sizes, *call.model_parameters, x, y)


def draw_numbers(impl: Boundary, rng: Generator) -> tuple[np.ndarray]:
    """A matrix of numbers of very different sizes and both signs."""
    shape = rng.integers(1, 5, size=2)
    return (single(rng.normal(size=shape) * 2.0 ** rng.integers(-4, 5, size=shape)),)


def compare_relu(impl: Boundary, inputs: tuple[np.ndarray]) -> None:
    (z,) = inputs
    assert_equal(impl.relu(z), np.where(z > 0, z, 0.0), what="relu(z)")


def draw_logits(impl: Boundary, rng: Generator) -> tuple[np.ndarray] | None:
    """(N, K) logits between -16 and 16."""
    classes = int(rng.integers(2, 6))
    if not impl.reaches(classes):
        return None
    return (single(rng.uniform(-16, 16, size=(int(rng.integers(1, 5)), classes))),)


def compare_softmax(impl: Boundary, inputs: tuple[np.ndarray]) -> None:
    (z,) = inputs
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    assert_close(impl.softmax(z), softmax(z), bound=softmax_bound(z, u) + smallest_normal(u), what="softmax(z)")


def draw_predictions(impl: Boundary, rng: Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """(p, y): probabilities of at least 2^-12, and labels."""
    n, classes = int(rng.integers(1, 6)), int(rng.integers(2, 6))
    if not impl.reaches(classes):
        return None
    parts = rng.integers(1, 257, size=(n, classes)).astype(np.float64)
    return parts / parts.sum(axis=1, keepdims=True), rng.integers(0, classes, size=n)


def compare_cross_entropy(impl: Boundary, inputs: tuple[np.ndarray, np.ndarray]) -> None:
    p, y = inputs
    bound = cross_entropy_bound(impl, p, y)
    assert_close(impl.cross_entropy(p, y), cross_entropy(p, y), bound=bound, what="cross_entropy(p, y)")


def draw_network(impl: Boundary, rng: Generator) -> Case | None:
    """A network of possible sizes and a batch, with all pre-activations away from the kink."""
    networks = Networks(impl)
    depths = [int(depth) for depth in rng.permutation(DEEPEST + 1)]
    if impl.architecture.depth is not None:
        depths = [impl.architecture.depth]
    for _ in range(DRAWS):
        for depth in depths:
            wanted = rng.permutation(np.arange(2, max(WIDEST, depth + 3) + 1))[: depth + 2]
            sizes = impl.fits(wanted.tolist())
            if sizes is None:
                continue
            case = networks.at(sizes, int(rng.integers(1, 8)), seed(rng))
            if analysis(impl, case).clear:
                return case
    return None


def compare_forward(impl: Boundary, case: Case) -> None:
    p, error = analysis(impl, case).probabilities
    assert_close(impl.forward(impl.network(case), case.x), p, bound=error, what=f"forward ({case})")


def compare_loss(impl: Boundary, case: Case) -> None:
    exact, found = analysis(impl, case), impl.loss(impl.network(case), case.x, case.y)
    p = exact.probabilities[0][np.arange(len(case.y)), case.y]
    assert_loss(impl, found, exact.loss[0], p, bound=exact.loss[1], what=f"loss ({case})")


def compare_backward(impl: Boundary, case: Case) -> None:
    exact = analysis(impl, case)
    weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
    assert_each(weight_grads, values(exact.weight_grads), errors(exact.weight_grads), what=f"dloss/dW ({case})")
    assert_each(bias_grads, values(exact.bias_grads), errors(exact.bias_grads), what=f"dloss/db ({case})")


def compare_predict(impl: Boundary, case: Case) -> None:
    p, error = analysis(impl, case).probabilities
    top = np.sort(p, axis=1)
    clear = top[:, -1] - top[:, -2] > 2 * error.max(axis=1)
    labels = impl.predict(impl.network(case), case.x)
    assert_equal(np.reshape(labels, -1)[clear], p.argmax(axis=1)[clear], what=f"predict ({case})")


def compare_step(impl: Boundary, case: Case) -> None:
    """Compare a step along the parameters themselves, used as gradients."""
    model = impl.network(case)
    impl.step(model, (case.weights, case.biases), RATE)
    zeros = [np.zeros(theta.shape) for theta in (*case.weights, *case.biases)]
    pairs = list(zip((*case.weights, *case.biases), zeros, strict=True))
    compare_parameters(impl, model, case, pairs, f"after a step of {RATE} ({case})")


def compare_fit(impl: Boundary, case: Case) -> None:
    """Compare one epoch with the whole data as one batch with one step along the gradient of the loss."""
    model, exact = impl.network(case), analysis(impl, case)
    impl.fit(model, case.x, case.y, epochs=1, batch_size=len(case.x), lr=RATE, seed=0)
    pairs = exact.weight_grads + exact.bias_grads
    compare_parameters(impl, model, case, pairs, f"after an epoch at rate {RATE} ({case})")


def compare_parameters(impl: Boundary, model: Any, case: Case, grads: list[Pair], what: str) -> None:
    """Compare parameters after theta - lr g, where lr, the product and the difference are rounded and g has errors."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    weights, biases = impl.parameters(model)
    for l, (found, theta, (g, error)) in enumerate(
        zip((*weights, *biases), (*case.weights, *case.biases), grads, strict=True)
    ):
        expected = theta - RATE * g
        bound = RATE * error + u * np.abs(expected) + gamma(3, u) * np.abs(RATE * g)
        assert_close(found, expected, bound=bound, what=f"parameter array {l} {what}")


def single(numbers: np.ndarray) -> np.ndarray:
    """Numbers rounded to float32, so that lower precision computes at the same point."""
    return numbers.astype(np.float32).astype(np.float64)


def seed(rng: Generator) -> int:
    return int(rng.integers(1, 2**31))


CORE = (
    Anew("relu", ("relu.values",), draw_numbers, compare_relu, as_passed),
    Anew("softmax", ("softmax.values",), draw_logits, compare_softmax, as_passed, "golden.softmax"),
    Anew(
        "cross_entropy",
        ("cross_entropy.values",),
        draw_predictions,
        compare_cross_entropy,
        as_passed,
        "golden.cross_entropy",
    ),
    Anew("forward", ("network.forward",), draw_network, compare_forward, as_case, "golden.forward"),
    Anew("loss", ("network.loss",), draw_network, compare_loss, as_case, "golden.loss"),
    Anew("backward", ("gradients.values",), draw_network, compare_backward, as_case, "golden.gradients"),
    Anew("predict", ("network.predict",), draw_network, compare_predict, as_case),
    Anew("step", ("training.step",), draw_network, compare_step),
    Anew("fit", ("training.full_batch",), draw_network, compare_fit),
)


def operations() -> tuple[Anew, ...]:
    """The operations of the core, then `ASKED_ANEW` in the extension chapters' files."""
    return (*CORE, *(anew for chapter in held("ASKED_ANEW") for anew in chapter))
