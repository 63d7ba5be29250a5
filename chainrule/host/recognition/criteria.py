"""Finds the loss that a library of tensors offers, and how it is called.

A loss may take logits, probabilities or their logarithms, labels in four forms, a batch or one sample.  The reading
counts under which it is the cross-entropy, and its gradient that of the cross-entropy; else the first one that works.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Known, Unbound, bind
from chainrule.host.recognition.library import functions_and_classes
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.tensors import AGREE, SAMPLES, Criterion, TensorGraph, begin, number_in
from chainrule.host.recognition.vocabulary import is_called, plain
from chainrule.reference import cross_entropy, softmax

VALUE, GRADIENT = 1, 2  # what agrees with mathematics


def find_criterion(graph: TensorGraph, library: Mapping[str, Any]) -> Criterion | None:
    """The loss of a library for a network whose way is known; None if it has none that works."""
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((SAMPLES, graph.sizes()[0])), np.arange(SAMPLES) % graph.sizes()[-1]
    best: tuple[int, Criterion] | None = None
    for criterion, usual in readings(graph, library):
        agreement = agrees(graph, criterion, x, y)
        if agreement is None:  # it may take one sample
            criterion = replace(criterion, alone=True)
            agreement = agrees(graph, criterion, x[:1], y[:1]) or None
        if agreement is not None and (agreement or usual) and (best is None or agreement > best[0]):
            best = agreement, criterion
        if best is not None and best[0] == VALUE + GRADIENT:
            break
    return None if best is None else best[1]


def readings(graph: TensorGraph, library: Mapping[str, Any]) -> Iterator[tuple[Criterion, bool]]:
    """(criterion, whether its name says that it is called so) for every way to call every loss of a library."""
    logarithm, probabilities = list(passes("log_softmax", library, graph)), list(passes("softmax", library, graph))
    for name, function in losses(graph, library):
        likelihood = is_called("methods", "is_a_negative_log_likelihood", name) and bool(logarithm)
        ways = [
            (None, not likelihood),
            *((way, likelihood) for way in logarithm),
            *((way, False) for way in probabilities),
        ]
        for between, usual in ways:
            for one_hot in (False, True):
                for boxed in (False, True):
                    named = usual and is_called("classes", "cross_entropy", name)
                    yield Criterion(name, function, between, one_hot, boxed), named


def losses(graph: TensorGraph, library: Mapping[str, Any]) -> Iterator[Operation]:
    """The losses of a library: objects of its classes, its functions, methods of its tensors."""
    functions, classes = functions_and_classes(library)
    kept = [(name, cls) for name, cls in classes if is_called("classes", "loss", name) and is_entropy(name)]
    for name, cls in kept:
        with contextlib.suppress(Exception):
            arguments = bind(cls, Known({"outputs": graph.sizes()[-1]}))
            made = cls(*arguments.arguments, **arguments.keywords)
            for place in ("loss", "forward"):
                for _, method in ranked(place, methods_of(made))[:1]:
                    yield name, method
    for name, function in functions:
        if is_called("classes", "cross_entropy", name) and is_entropy(name):
            yield name, function
    for name, _ in methods_of(graph.parameters()[0][0]):
        if is_called("classes", "cross_entropy", name) and is_entropy(name):
            yield name, partial(by_method, name)


def is_entropy(name: str) -> bool:
    """Whether a loss's name does not say that it is a binary one, or another."""
    return not is_called("classes", "other_loss", name)


def by_method(name: str, output: Any, y: Any) -> Any:
    """The loss as a method of the output."""
    return getattr(output, name)(y)


def passes(wanted: str, library: Mapping[str, Any], graph: TensorGraph) -> Iterator[Callable[[Any], Any]]:
    """What computes softmax, or its logarithm, of tensors: an object of a class, a function, a method."""
    functions, classes = functions_and_classes(library)
    for name, cls in classes:
        if plain(name) == plain(wanted):
            with contextlib.suppress(Exception):
                made = cls(*bind(cls, Known({})).arguments)
                _, method = ranked("forward", methods_of(made))[0]
                yield partial(over_classes, method)
    for name, function in functions:
        if plain(name) == plain(wanted):
            yield partial(over_classes, function)
    for name, _ in methods_of(graph.parameters()[0][0]):
        if plain(name) == plain(wanted):
            yield partial(method_over_classes, name)


def over_classes(function: Callable[..., Any], output: Any) -> Any:
    """The result of a function of an output, which may take the axis of the classes."""
    try:
        arguments = bind(function, Known({"x": output, "output": output}, order=("x",)))
    except Unbound:
        return function(output, -1)
    return function(*arguments.arguments, **arguments.keywords)


def method_over_classes(name: str, output: Any) -> Any:
    """The result of a method of an output, which may take the axis of the classes."""
    try:
        return getattr(output, name)()
    except TypeError:
        return getattr(output, name)(-1)


def agrees(graph: TensorGraph, criterion: Criterion, x: np.ndarray, y: np.ndarray) -> int | None:
    """Whether the loss is the cross-entropy, or its sum, and so its gradient; None if it raises or gives none."""
    try:
        out = graph.forward(x)
        p = out if all(are_probabilities(row) for row in out) else softmax(out)
        node = criterion.node(graph, x, y)
        value = number_in(node)
        graph.clear()
        way = graph.way()
        assert way is not None
        begin(node, way.box)
        gradient = graph.gradients()["db"][-1].reshape(-1)
    except Exception:
        return None
    if not (np.isfinite(value) and np.isfinite(gradient).all() and gradient.any()):
        return None
    exact, slope = float(cross_entropy(p, y)), (p - np.eye(graph.sizes()[-1])[y]).mean(axis=0)
    for factor in (1, len(x)):
        if np.isclose(value, factor * exact, rtol=AGREE):
            close = np.allclose(gradient, factor * slope, rtol=AGREE, atol=AGREE)
            return VALUE + GRADIENT * close
    return 0
