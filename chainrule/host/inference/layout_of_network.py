"""Finds how a network lays out weights, arrays and samples, and whether it returns probabilities or logits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.inference.labels import find_labels
from chainrule.host.inference.points import AGREE, BATCH, Point, alignment, are_rows_of_probabilities, surplus
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.trying import attempt
from chainrule.host.recognition.forms import spelled
from chainrule.host.translation import SINGLE, lie, singles
from chainrule.reference import cross_entropy, softmax
from chainrule.support.arrays import kind, to_numpy


def find_point(probe: Probe, sizes: Sequence[int]) -> Point | None:
    """A network of generic parameters, its sizes all different if possible; None if the code does not make one."""
    parameters = None
    model = attempt(lambda: probe.raw.create(list(sizes), 0))
    if model is not None:
        parameters = attempt(lambda: probe.raw.parameters(model))
    if parameters is None:
        return None
    if probe.form is not None and probe.form.pattern is not None:
        probe.find("architecture", spelled(probe.form.pattern), f"{probe.form.title} makes no other networks")
    find_weights(probe, [np.shape(to_numpy(w)) for w in parameters[0]], sizes)
    find_arrays(probe, model, parameters)
    point = Point(model, list(sizes))
    return point if probe.reset(point) else None


def find_weights(probe: Probe, shapes: Sequence[tuple[int, ...]], sizes: Sequence[int]) -> None:
    """Find whether weights are (s[l], s[l+1]) or (s[l+1], s[l]), from the layers whose two sizes differ."""
    fans = list(pairwise(sizes))
    if all(a == b for a, b in fans):
        return
    for value, wanted in (("in_out", fans), ("out_in", [fan[::-1] for fan in fans])):
        if list(shapes) == wanted:
            how = f"a network of sizes {list(sizes)} has weights of shape {shapes[0]}"
            if probe.find("weights", value, how):
                probe.layout.weights = value


def find_square_weights(probe: Probe, point: Point, out: np.ndarray) -> np.ndarray:
    """Find the layout of square weights: the one for which the output is nearer to z = x W + b.

    out: the output of forward.  Returns its output for weights in the layout found.
    """
    found: dict[str, np.ndarray] = {}
    for way in ("in_out", "out_in"):
        probe.layout.weights = way
        probe.reset(point)
        result = attempt(lambda: to_numpy(probe.translated.forward(point.model, point.x)))
        found[way] = out if result is None else result
    near = {way: alignment(result, softmax(point.logits)) for way, result in found.items()}
    probe.layout.weights = "out_in" if near["out_in"] > near["in_out"] else "in_out"
    probe.find("weights", probe.layout.weights, "all layers are square; so read, the output is nearer to z = x W + b")
    probe.reset(point)
    return found[probe.layout.weights]


def find_arrays(probe: Probe, model: Any, parameters: Any) -> None:
    """Find the library of the parameters' arrays, and their type if the code does not take another."""
    network = probe.network
    raw = network.first_parameter(model) if network is not None else parameters[0][0]
    library = kind(raw)
    precision = str(getattr(raw, "dtype", "")).rpartition(".")[2]
    probe.held = precision if precision == "float32" else None
    if library == "numpy" or (library == "lists" and probe.form is None and takes_numpy(probe, model, parameters)):
        return
    held = "nested lists" if library == "lists" else f"{library} arrays"
    if probe.find("arrays", library, f"the weights are {held}"):
        probe.layout.arrays = library
    if library != "lists":
        probe.layout.dtype = raw.dtype
    if network is not None:
        network.arrays, network.dtype = probe.layout.arrays, probe.layout.dtype


def takes_numpy(probe: Probe, model: Any, parameters: Any) -> bool:
    """Whether a network of the native style takes NumPy arrays although its parameters are lists."""
    x = np.ones((BATCH, len(to_numpy(parameters[0][0]))))
    return attempt(lambda: to_numpy(probe.raw.forward(model, x))) is not None


def find_samples(probe: Probe, point: Point) -> np.ndarray | None:
    """Find whether forward takes a batch in rows, in columns, or one sample at a time, and returns it likewise.

    If several functions may be the forward pass, the one with the likeliest name counts.
    Returns the output as rows; None, with a note, if the code does not have a forward pass.
    """
    trouble: list[str] = []
    odd: list[str] = []
    batches, alone = ways_of_samples(probe)
    for candidate in forward_candidates(probe, point):
        if probe.network is not None:
            probe.network.only["forward"] = candidate
        turned = False  # whether the output is turned against the input, which a spec must report
        for way in batches:
            out = probe.forward(point, way, point.x, trouble)
            if out is None:
                continue
            if out.shape == (BATCH, point.classes):
                samples_found(probe, way, point.x)
                return out
            turned = turned or out.shape == (point.classes, BATCH)
            odd.append(odd_shape(out, way, point))
            probe.forget("forward", point)
        for way in () if turned else alone:
            out = one_by_one(probe, point, way, trouble)
            if out is not None:
                samples_found(probe, way, point.x[:1])
                return out
    if odd:
        probe.notes.append(odd[0])
    elif trouble:
        probe.notes.append(f"no forward pass was found: {trouble[0]}")
    return None


def ways_of_samples(probe: Probe) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(layouts to try for a batch, layouts to try for one sample), as far as the declarations allow."""
    declared = probe.declared.get("samples")
    if declared is None:
        return ("rows", "columns"), SINGLE
    return ((), SINGLE) if declared == "single" else ((declared,), ())


def forward_candidates(probe: Probe, point: Point) -> list[str | None]:
    """The names of functions that may be the forward pass; [None] if only one can be."""
    if probe.network is None:
        return [None]
    return [name for name, _ in probe.network.candidates("forward", point.model)] or [None]


def odd_shape(out: np.ndarray, way: str, point: Point) -> str:
    given = (out.T if way == "columns" else out).shape
    return (
        f"forward takes {BATCH} samples in {way}, {np.shape(lie(point.x, way))}, and gives an array of "
        f"shape {given} for {point.classes} classes"
    )


def one_by_one(probe: Probe, point: Point, way: str, trouble: list[str]) -> np.ndarray | None:
    """The outputs for the point's samples, each alone in this layout; None unless all have the right size."""
    outs = []
    for row in singles(point.x):
        outs.append(probe.forward(point, way, row, trouble))
    found = [out for out in outs if out is not None and out.size == point.classes]
    return np.vstack(found) if len(found) == len(outs) else None


def samples_found(probe: Probe, way: str, x: np.ndarray) -> None:
    """Note the layout of samples.  x: samples that forward took in it."""
    taken = f"forward takes an array of shape {np.shape(lie(x, way))}"
    if way in SINGLE:
        probe.find("samples", "single", f"{taken} and no batch")
    else:
        probe.find("samples", way, f"{taken} for {BATCH} samples")
    probe.layout.samples = way
    if probe.network is not None:
        probe.network.samples, probe.network.class_axis = way, 0 if way == "columns" else 1


def one_at_a_time(probe: Probe, point: Point, out: np.ndarray) -> np.ndarray:
    """Detect a forward pass for single samples that accepts a batch only because the arrays happen to fit.

    Gradients then take one sample, and forward returns probabilities only for one.  out: the output of forward.
    Returns its output in the layout found.
    """
    way = probe.layout.way("backward")
    if way not in SINGLE or probe.layout.samples in SINGLE or are_rows_of_probabilities(out):
        return out
    alone = one_by_one(probe, point, way, [])
    if alone is None or not are_rows_of_probabilities(alone):
        return out
    samples_found(probe, way, point.x[:1])
    if probe.layout.way("loss") != way:
        find_labels(probe, "loss", point)
    return alone


def find_logits(probe: Probe, point: Point, out: np.ndarray) -> None:
    """Find out from the code's own loss, or its gradient, whether rows that are not probabilities are logits."""
    p = softmax(out)
    own = [probe.loss(point, y) for y in point.label_sets]
    if all(loss is not None for loss in own):
        ratios = np.array(own) / np.array([cross_entropy(p, y) for y in point.label_sets])
        if any(np.allclose(ratios, c, rtol=AGREE) for c in (1.0, BATCH)):
            probe.find("output", "logits", "loss is the cross-entropy of the softmax of forward's output")
            probe.layout.output = "logits"
        return
    grads = probe.backward(point)
    if grads is not None and abs(alignment(grads[1][-1], surplus(p, point.y))) > 1 - AGREE**2:
        probe.find("output", "logits", "backward takes the softmax of forward's output")
        probe.layout.output = "logits"
    elif grads is None and raises(probe, point):
        how = "forward does not return probabilities; whether they are logits is unknown, as loss and backward raise"
        probe.find("output", "logits", how)
        probe.layout.output = "logits"


def raises(probe: Probe, point: Point) -> bool:
    """Whether the code has gradients, and raises when it computes them."""
    try:
        probe.translated.backward(point.model, point.x, point.y)
    except (NotOffered, NotImplementedError):
        return False
    except (Exception, SystemExit):
        return True
    finally:
        probe.reset(point)
    return False
