"""Before and after: what a mistake makes of right numbers, on the smallest input that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from chainrule.diagnosis.actors import MADE_OF, Actor, Answer, Mistaken, Probe, agree, answer, asking, asking_layer
from chainrule.diagnosis.mistake import Changes, Mistake
from chainrule.diagnosis.model import Model

UNIT_ROUNDOFF = 2.0**-53
FANS = (400, 50)


Row = tuple[str, "np.ndarray | None", "np.ndarray | None"]


@dataclass(frozen=True)
class Example:
    """question: what is asked.  rows: (what it is, right, with the mistake); None for what raises."""

    question: str
    rows: Sequence[Row]


def example(mistake: Mistake) -> Example | None:
    """The first of the small questions that the mistake answers wrong; None where it shows in no numbers."""
    if mistake.scheme is not None:
        return of_scheme(mistake)
    if mistake.array is not None:
        return of_array(mistake)
    for changes in mistake.variants.values():
        for probe in questions(changes):
            right, wrong = answer(probe, Mistaken()), answer(probe, Mistaken(changes))
            if not agree(wrong, right, UNIT_ROUNDOFF, probe):
                return Example(probe.about, rows(probe, right, wrong))
    return None


def rows(probe: Probe, right: Answer, wrong: Answer) -> Sequence[Row]:
    """The answers beside each other, those that differ."""
    if right.raised or wrong.raised:
        first = probe.labels[0] if probe.labels else ""
        before, after = (None if found.raised else found.arrays[0] for found in (right, wrong))
        return [(first, before, after)]
    pairs = list(zip(right.arrays, wrong.arrays, strict=False))
    labels = [*probe.labels, *(f"array {i}" for i in range(len(probe.labels), len(pairs)))]
    one = [
        (label, a, b)
        for label, (a, b) in zip(labels, pairs, strict=False)
        if a.shape != b.shape or not np.array_equal(a, b, equal_nan=True)
    ]
    return one[:2]


def of_scheme(mistake: Mistake) -> Example:
    """Variances of a layer: Xavier's, or where those are the mistake He's."""
    assert mistake.scheme is not None
    fan_in, fan_out = FANS
    wrong = np.reshape(mistake.scheme(fan_in, fan_out), -1)[:1]
    xavier = 2 / (fan_in + fan_out)
    right = np.array([2 / fan_in if wrong[0] == xavier else xavier])
    return Example(f"a layer of fan_in {fan_in} and fan_out {fan_out}", [("variance", right, wrong)])


def of_array(mistake: Mistake) -> Example | None:
    """A gradient of a small network."""
    assert mistake.array is not None
    model, x, y = network(3)
    actor = Mistaken()
    grads = actor.backward(model, x, y)
    for kind, l in product(mistake.of, (0, 1)):
        right = grads[0 if kind == "weights" else 1][l]
        found = mistake.array(right, actor.passes[-1], l, kind)
        wrong = found[0] if isinstance(found, tuple) else found
        if np.shape(wrong) != right.shape or not np.array_equal(wrong, right):
            name = "dloss/dW" if kind == "weights" else "dloss/db"
            return Example("a network of sizes [2, 3, 2], three samples", [(f"{name}[{l}]", right, wrong)])
    return None


def network(n: int, sizes: tuple[int, int, int] = (2, 3, 2)) -> tuple[Model, np.ndarray, np.ndarray]:
    """A small network with round numbers in it, and a batch."""
    rng = np.random.default_rng(0)
    inputs, hidden, classes = sizes
    weights = [rng.normal(size=(inputs, hidden)).round(1), rng.normal(size=(hidden, classes)).round(1)]
    biases = [rng.normal(size=hidden).round(1), rng.normal(size=classes).round(1)]
    return Model.of(weights, biases), rng.normal(size=(n, inputs)).round(1), np.arange(n)[::-1] % classes


def questions(changes: Changes) -> Iterator[Probe]:
    """Small questions about the subjects that these changes are of, the simplest first."""
    for subject, parts in MADE_OF.items():
        if changes.keys() <= parts:
            yield from SMALL[subject]() if subject in SMALL else ()


def functions(name: str, inputs: Sequence[tuple[Any, ...]]) -> Iterator[Probe]:
    for given in inputs:
        arguments = [np.asarray(value) for value in given]
        shown = ", ".join(np.array2string(value, separator=", ", max_line_width=60) for value in arguments)
        yield Probe(f"{name}({shown})", asking(name, *arguments), [name], relative=True)


def relu_questions() -> Iterator[Probe]:
    yield from functions("relu", [([[-2.0, 0.5], [3.0, -0.25]],), ([[0.001, 30.0]],), ([[1e-9, 300.0]],), ([[1e308]],)])


def softmax_questions() -> Iterator[Probe]:
    for z in (
        [[1.0, 2.0, 0.0]],
        [[1.0, 2.5], [0.0, 4.0]],
        [[1000.0, 0.0]],
        [[3.0, -50.0]],
        [[4000.0, 0.0, -1.0]],
        [[1e3, 2e3], [-2e3, -3e3]],
    ):
        yield from functions("softmax", [(z,)])


def cross_entropy_questions() -> Iterator[Probe]:
    for p, y in (
        ([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], [0, 1]),
        ([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]], [0, 1, 1]),
        ([[1.0, 0.0]], [0]),
        ([[0.0, 1.0]], [0]),
        ([[1e-6, 1 - 1e-6]], [0]),
        ([[1 - 1e-9, 1e-9]], [0]),
    ):
        yield from functions("cross_entropy", [(p, y)])


def asked_of_network(subject: str) -> Iterator[Probe]:
    for n, sizes in ((3, (2, 3, 2)), (1, (2, 3, 2)), (3, (3, 3, 3))):
        model, x, y = network(n, sizes)

        def ask(actor: Actor, model: Model = model, x: np.ndarray = x, y: np.ndarray = y) -> Sequence[Any]:
            made = actor.network(model.weights, model.biases)
            if subject == "backward":
                found = actor.backward(made, x, y)
                return [*found[0], *found[1]]
            return [getattr(actor, subject)(made, x, *([y] if subject == "loss" else []))]

        labels = ["dloss/dW[0]", "dloss/dW[1]", "dloss/db[0]", "dloss/db[1]"] if subject == "backward" else [subject]
        yield Probe(f"{subject} of a network of sizes {list(sizes)}, {n} sample{'s' * (n > 1)}", ask, labels)


def step_questions() -> Iterator[Probe]:
    model, _, _ = network(3)
    for steps in (1, 2):

        def ask(actor: Actor, steps: int = steps) -> Sequence[Any]:
            made = actor.network(model.weights, model.biases)
            for _ in range(steps):
                actor.step(made, ([w + 0.5 for w in model.weights], [b - 0.5 for b in model.biases]), 0.5)
            weights, biases = actor.parameters(made)
            return [*weights, *biases]

        labels = ["weights[0]", "weights[1]", "biases[0]", "biases[1]"]
        yield Probe(f"the parameters after {steps} step{'s' * (steps > 1)} of rate 0.5", ask, labels)


def fit_questions() -> Iterator[Probe]:
    model, x, y = network(3)
    for n, size, epochs in ((3, 3, 1), (6, 2, 1), (7, 3, 1), (6, 6, 3), (6, 6, 0)):
        data = (x, y) if n == 3 else (np.repeat(x[:1], n, axis=0), np.repeat(y[:1], n))

        def ask(actor: Actor, data: Any = data, size: int = size, epochs: int = epochs) -> Sequence[Any]:
            made = actor.network(model.weights, model.biases)
            actor.fit(made, *data, epochs=epochs, batch_size=size, lr=0.5)
            weights, biases = actor.parameters(made)
            return [*weights, *biases]

        equal = "" if n == 3 else " equal"
        labels = ["weights[0]", "weights[1]", "biases[0]", "biases[1]"]
        yield Probe(f"the parameters after {epochs} epoch(s) of {n}{equal} samples in batches of {size}", ask, labels)

    def twice(actor: Actor) -> Sequence[Any]:
        made = actor.network(model.weights, model.biases)
        for _ in range(2):
            actor.fit(made, x, y, epochs=1, batch_size=3, lr=0.5)
        return list(actor.parameters(made)[0])

    yield Probe("the weights after two calls of fit", twice, ["weights[0]", "weights[1]"])


def history_questions() -> Iterator[Probe]:
    model, x, y = network(3)
    data = np.repeat(x[:1], 6, axis=0), np.repeat(y[:1], 6)
    yield Probe(
        "the history of 2 epochs of 6 samples in batches of 2",
        lambda actor: [actor.fit(actor.network(model.weights, model.biases), *data, epochs=2, batch_size=2, lr=0.5)],
        ["history"],
    )


def layer_questions(name: str, *labels: str) -> Iterator[Probe]:
    rng = np.random.default_rng(1)
    for shape, outputs in (((3, 2), 2), ((2, 2, 2), 3), ((2, 2), 2)):
        x, w = rng.normal(size=shape).round(1), rng.normal(size=(int(np.prod(shape[1:])), outputs)).round(1)
        b, dout = rng.normal(size=outputs).round(1), rng.normal(size=(shape[0], outputs)).round(1)
        given: dict[str, tuple[np.ndarray, ...]] = {
            "affine_forward": (x, w, b),
            "affine_backward": (dout, x, w, b),
            "relu_backward": (np.resize(dout, shape), x),
            "softmax_loss": (dout, np.arange(shape[0]) % outputs),
        }
        yield Probe(f"{name} of {shape[0]} samples", asking_layer(name, *given[name]), labels)


SMALL: dict[str, Callable[[], Iterator[Probe]]] = {
    "relu": relu_questions,
    "softmax": softmax_questions,
    "cross_entropy": cross_entropy_questions,
    **{name: partial(asked_of_network, name) for name in ("forward", "loss", "predict", "backward")},
    "step": step_questions,
    "fit": fit_questions,
    "history": history_questions,
    "affine_forward": lambda: layer_questions("affine_forward", "out"),
    "affine_backward": lambda: layer_questions("affine_backward", "dx", "dw", "db"),
    "relu_backward": lambda: layer_questions("relu_backward", "dx"),
    "softmax_loss": lambda: layer_questions("softmax_loss", "loss", "dx"),
}
