"""Finds the conventions of functions outside the network: the network's, unless a function shows others."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from chainrule.host.inference.points import AGREE, are_rows_of_probabilities, follows, labels_of
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.trying import attempt, attempt_array
from chainrule.host.recognition.binding import parameters_of, takes_axis
from chainrule.host.recognition.call_sites import always_given, gets_an_array, takes_a_row, takes_one_of_each
from chainrule.host.recognition.graph_forms import TensorForm
from chainrule.host.recognition.learnt import NOTHING, Learnt, learnt_of
from chainrule.host.recognition.namespaces import names_read, own_classes
from chainrule.host.recognition.vocabulary import role
from chainrule.host.translation import SINGLE, TURNED
from chainrule.reference import cross_entropy, softmax
from chainrule.support.arrays import to_numpy

UNSEEN = "chainrule calls it, and chainrule does not see how the script calls it"
GRADIENT = "gives the gradient of the loss, p less the labels, not the loss"
FOLLOWS = 0.99  # with this cosine or a larger one, losses follow the labels


def find_functions(probe: Probe) -> None:
    find_library(probe)
    find_relu(probe)
    find_softmax(probe)
    find_cross_entropy(probe)
    find_xavier(probe)


def find_library(probe: Probe) -> None:
    """Find out whether functions take NumPy arrays although the network's parameters are of another library."""
    if probe.layout.arrays == "numpy":
        return
    z = np.array([[1.0, -2.0, 0.5], [3.0, -1.0, 2.0]])

    def takes(given: Any) -> bool:
        tried = (attempt(partial(probe.raw.relu, given)), attempt(partial(probe.raw.softmax, given)))
        return any(result is not None for result in tried)

    if not takes(probe.layout.cast(z)) and takes(z.copy()):
        probe.layout.numpy_functions = True
        probe.notes.append("functions outside the network take NumPy arrays")


def find_relu(probe: Probe) -> None:
    """Find out whether relu takes arrays, rows or single numbers.

    A relu that the author gives one row at a time is not judged by what it does to several.
    """
    z = np.array([[1.0, -2.0, 0.5], [3.0, -1.0, 2.0]])
    for way, told in (("rows", ""), ("entries", "one number"), ("vector", "one row")):
        probe.layout.ways["relu"] = way
        found = attempt(lambda: to_numpy(probe.translated.relu(z)))
        if found is None:
            continue  # a relu that raises may take rows or numbers; one that returns another shape is wrong
        if not told and found.shape != z.shape and shown_of(probe, "relu").alone:
            continue
        if (found.shape != z.shape or found.dtype.kind not in "fiu") and is_used_unseen(probe, "relu"):
            continue
        if way == "entries" and probe.recognised is not None and gets_an_array("relu", probe.recognised.namespace):
            del probe.layout.ways["relu"]  # the author gives it arrays, for which it raises
            return
        if told and found.shape == z.shape:
            probe.notes.append(f"relu takes {told} at a time")
        return
    del probe.layout.ways["relu"]
    if is_used_unseen(probe, "relu") or takes_an_object(probe, "relu"):
        probe.layout.unproven["relu"] = f"relu gives no array of its argument's shape however {UNSEEN}"


def find_softmax(probe: Probe) -> None:
    """Find another layout for softmax than the network's only if the network's output shows that softmax is right.

    Beside a network that is not understood, nothing shows whether a softmax of columns is right.
    """
    z = np.random.default_rng(3).normal(size=(5, 3))
    main = probe.layout.samples
    normalized: dict[str, bool] = {}
    for way in dict.fromkeys((main, "rows", "columns", "vector")):
        probe.layout.ways["softmax"] = way
        out = attempt(lambda: to_numpy(probe.translated.softmax(z)))
        if out is not None and out.shape == z.shape:
            normalized[way] = are_rows_of_probabilities(out)
    probe.layout.ways.pop("softmax", None)
    if not normalized and (is_used_unseen(probe, "softmax") or takes_an_object(probe, "softmax")):
        probe.layout.unproven["softmax"] = f"softmax raises however {UNSEEN}"
    if normalized.get(main) or "samples" in probe.declared:
        return
    right = [way for way, sums in normalized.items() if sums]
    if right and axis_is_given(probe, "softmax"):
        probe.layout.ways["softmax"] = right[0]
        return
    proven = probe.found.get("output", ("", ""))[0] == "probabilities"
    unseen = bool(probe.unproven) and probe.network is not None
    used = is_used_unseen(probe, "softmax")
    if used and normalized.get("vector") and not normalized.get("columns"):
        probe.layout.unproven["softmax"] = (
            "softmax is right for one sample, and no network that chainrule understands shows whether it gets a batch"
        )
    if (unseen or used) and normalized.get("columns"):
        probe.layout.unproven["softmax"] = (
            "softmax normalizes columns, and no network that chainrule understands shows whether samples are columns: "
            "declare samples=columns if they are"
        )
    shown = shown_of(probe, "softmax")
    alone = shown.alone or (not shown.operation and takes_a_row_of(probe, "softmax"))
    unsettled = shown.unsettled and (shown.idle or not proven)
    if unsettled and not alone and any(normalized.values()):
        fitting = ", ".join(way for way, right in normalized.items() if right)
        said = f"softmax is right for samples as {fitting}"
        if shown.idle:
            probe.layout.unseen["softmax"] = f"{said}, and the training does not call it"
        probe.layout.unproven.setdefault("softmax", f"{said}, and chainrule does not see how the script calls it")
    found = [] if probe.recognised is None else probe.recognised.lone_functions("softmax")
    if found and takes_axis(found[0][1]) and normalized.get("rows"):  # chainrule tells it the last axis
        probe.layout.ways["softmax"] = "rows"
        return
    ways = {"vector": True} if alone and normalized.get("vector") else normalized
    other = next((way for way, right in ways.items() if right and (proven or way in SINGLE)), None)
    if other is not None and (proven or list(normalized) == [other] or (alone and other in SINGLE)):
        probe.layout.ways["softmax"] = other
        probe.notes.append(f"softmax takes samples as {other}, forward as {main}")


def is_used_unseen(probe: Probe, operation: str) -> bool:
    """Whether code of a file in which chainrule finds no network uses a function, in conventions of its own."""
    recognised = probe.recognised
    if recognised is None or probe.network is not None or recognised.offers("create"):
        return False
    found = recognised.lone_functions(operation)
    return bool(found) and found[0][0] in names_read(recognised.namespace)


def takes_a_row_of(probe: Probe, operation: str) -> bool:
    """Whether every call of the code gives a function one row of an array."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions(operation)
    return probe.recognised is not None and bool(found) and takes_a_row(found[0][0], probe.recognised.namespace)


def axis_is_given(probe: Probe, operation: str) -> bool:
    """Whether the code gives a function the axis of the classes in every call, whatever its default."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions(operation)
    if probe.recognised is None or not found:
        return False
    named = [(i, p) for i, p in enumerate(parameters_of(found[0][1])) if role(p.name) == "axis"]
    return any(always_given(found[0][0], p.name, i, probe.recognised.namespace) for i, p in named)


def takes_an_object(probe: Probe, operation: str) -> bool:
    """Whether a function's first parameter is annotated with a class of the code, such as a tensor."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions(operation)
    parameters = parameters_of(found[0][1]) if found else []
    if not parameters:
        return False
    annotation, space = parameters[0].annotation, getattr(found[0][1], "__globals__", {})
    named = space.get(annotation) if isinstance(annotation, str) else annotation
    return any(cls is named for _, cls in own_classes({"named": named}))


def is_used(probe: Probe, operation: str) -> bool:
    """Whether code of the file uses a function outside the network, or the author's calls show it."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions(operation)
    if probe.recognised is None or not found:
        return False
    return bool(learnt_of(found[0][1]).roles) or found[0][0] in names_read(probe.recognised.namespace)


def shown_of(probe: Probe, operation: str) -> Learnt:
    """What the author's calls show of a function outside the network."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions(operation)
    return learnt_of(found[0][1]) if found else NOTHING


def find_cross_entropy(probe: Probe) -> None:
    """Find the conventions of cross_entropy; where one for single samples stands beside one for batches, of this."""
    every = [] if probe.recognised is None else probe.recognised.lone_functions("cross_entropy")
    read_cross_entropy(probe)
    p, y = softmax(np.random.default_rng(4).normal(size=(7, 3))), labels_of(7, 3)
    if not right_for_one_alone(probe, p, y) or takes_one_sample(probe, p, y) or len(every) < 2:
        return
    first, before = every.pop(0), copy.deepcopy(probe.layout)
    notes = list(probe.notes)
    read_cross_entropy(probe)
    if not is_the_mean(probe, p, y):
        every.insert(0, first)
        vars(probe.layout).update(vars(before))
        probe.notes[:] = notes


def takes_one_sample(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy is right for one sample at a time, and the author calls it so; then say so."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions("cross_entropy")
    if probe.recognised is None or not found or not takes_one_of_each(found[0][0], probe.recognised.namespace):
        return False
    layout = probe.layout
    usual = layout.ways["cross_entropy"]
    for layout.ways["cross_entropy"] in ("column", "vector") if usual == "columns" else ("vector", "row"):
        if is_the_mean(probe, p, y):
            probe.notes.append("cross_entropy takes one sample at a time, as the loop that calls it does")
            return True
    layout.ways["cross_entropy"] = usual
    return False


def read_cross_entropy(probe: Probe) -> None:
    """Find the layout of probabilities and labels that the result of cross_entropy follows."""
    layout = probe.layout
    p, y = softmax(np.random.default_rng(4).normal(size=(7, 3))), labels_of(7, 3)
    sets = [y, (y + 1) % 3, np.array([2, 2, 0, 1, 2, 0, 0])]
    exact = np.array([cross_entropy(p, y) for y in sets])
    scores: dict[tuple[str, str], float] = {}
    for way, form in ways_of_cross_entropy(probe):
        if way not in {tried for tried, _ in scores} and max(scores.values(), default=0.0) > FOLLOWS:
            break
        layout.ways["cross_entropy"], layout.labels["cross_entropy"] = way, form
        own = attempt(lambda: np.array([float(probe.translated.cross_entropy(p, y)) for y in sets]))
        if own is not None:
            scores[way, form] = round(follows(own, exact), 3)
    usual = layout.samples, layout.labels.get("loss", "index")
    if max(scores.values(), default=0.0) <= FOLLOWS:  # in no layout does it follow the loss: it is the network's
        scores = {pair: score for pair, score in scores.items() if pair[0] == layout.samples} or scores
    way, form = max(scores, key=lambda pair: scores[pair], default=usual)
    layout.ways["cross_entropy"], layout.labels["cross_entropy"] = way, form
    trouble = trouble_with_cross_entropy(probe, p, y, called=bool(scores))
    if trouble:
        layout.unproven["cross_entropy"] = f"cross_entropy {trouble}"
    if not scores and isinstance(probe.form, TensorForm):
        layout.unseen["cross_entropy"] = "cross_entropy takes objects of the engine, and network.loss checks the loss"
    if trouble == GRADIENT and probe.network is not None:
        layout.unseen["cross_entropy"] = f"cross_entropy {trouble}"
    if trouble and shown_of(probe, "cross_entropy").idle:
        layout.unseen["cross_entropy"] = "the training does not call cross_entropy, and chainrule does not see how to"
    if way not in (layout.samples, TURNED) and "samples" in probe.found:
        probe.notes.append(f"cross_entropy takes samples as {way}, forward as {layout.samples}")


def trouble_with_cross_entropy(probe: Probe, p: np.ndarray, y: np.ndarray, *, called: bool) -> str:
    """Why the reading of cross_entropy is not proven; empty if it is, or if nothing shows another.

    called: whether any reading gave a number.
    """
    without_forward = bool(probe.unproven) and probe.network is not None
    shown = shown_of(probe, "cross_entropy")
    unseen = without_forward or shown.unsettled or is_used_unseen(probe, "cross_entropy")
    unseen = unseen or takes_an_object(probe, "cross_entropy")
    if not called and gives_the_gradient(probe, p, y):
        return GRADIENT
    if not called and is_used(probe, "cross_entropy") and gives_entries(probe, p, y):
        return "gives a number for every class of every sample, not one loss"
    if unseen and not called:
        return f"raises however {UNSEEN}"
    if unseen and right_for_one_alone(probe, p, y):
        return (
            "is right for one sample and not the mean over a batch, and chainrule does not see how the script calls it"
        )
    if called and is_right_in_columns_alone(probe, p, y):
        return "is right for samples in columns and not in rows, and nothing that is understood shows which it gets"
    if "output" not in probe.found and is_binary(probe, p, y):
        return "is the binary cross-entropy, and no network that is understood shows that it gets several classes"
    if "output" not in probe.found and takes_logits(probe, y):
        return "takes logits, and no network that chainrule understands gives them to it"
    return ""


def is_right_in_columns_alone(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy is right for samples in columns, wrong in rows, and neither network nor softmax decides."""
    ways = probe.layout.ways
    told = {"samples", "output"} & {*probe.found, *probe.declared} or gives_rows(probe)
    chosen = ways["cross_entropy"]
    if told or chosen != "rows" or is_the_mean(probe, p, y):
        return False
    ways["cross_entropy"] = "columns"
    right = is_the_mean(probe, p, y)
    ways["cross_entropy"] = chosen
    return right


def gives_rows(probe: Probe) -> bool:
    """Whether the code's softmax makes rows that sum to 1."""
    z = np.random.default_rng(6).normal(size=(7, 3))
    rows = attempt(lambda: to_numpy(probe.raw.softmax(z.copy())))
    return rows is not None and rows.shape == z.shape and np.allclose(rows.sum(axis=1), 1)


def is_binary(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy is that of every entry with its complement, as a mean over samples or entries."""
    own = attempt(lambda: float(probe.translated.cross_entropy(p, y)))
    hot = np.eye(p.shape[1])[y]
    exact = -np.sum(hot * np.log(p) + (1 - hot) * np.log(1 - p)) / len(y)
    return own is not None and bool(np.isclose(own, (exact, exact / p.shape[1]), rtol=AGREE).any())


def takes_logits(probe: Probe, y: np.ndarray) -> bool:
    """Whether cross_entropy is right for logits, as a mean or a sum, and its parameters do not say `p` and `y`."""
    found = [] if probe.recognised is None else probe.recognised.lone_functions("cross_entropy")
    if not found or [p.name for p in parameters_of(found[0][1])] == ["p", "y"]:
        return False
    z = np.random.default_rng(5).normal(size=(len(y), 3))
    exact = cross_entropy(softmax(z), y)
    ways, labels = probe.layout.ways, probe.layout.labels
    chosen = ways["cross_entropy"], labels["cross_entropy"]
    for ways["cross_entropy"], labels["cross_entropy"] in ways_of_cross_entropy(probe):
        own = attempt(lambda: float(probe.translated.cross_entropy(z, y)))
        if own is not None and np.isclose(own, (exact, len(y) * exact), rtol=AGREE).any():
            break
    else:
        own = None
    ways["cross_entropy"], labels["cross_entropy"] = chosen
    return own is not None


def right_for_one_alone(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy is right for one sample, and another number than the mean for a batch."""
    return is_the_mean(probe, p[:1], y[:1]) and not is_the_mean(probe, p, y)


def is_the_mean(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy is the mean of the samples' losses."""
    own = attempt(lambda: float(probe.translated.cross_entropy(p, y)))
    return own is not None and bool(np.isclose(own, cross_entropy(p, y), rtol=AGREE))


def gives_the_gradient(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether a function called cross_entropy computes p - y of one-hot labels y, or a multiple of it."""
    target = np.eye(p.shape[1])[y]
    for given, labels, slope in ((p, target, p - target), (p, y, p - target), (p.T, target.T, (p - target).T)):
        own = attempt_array(partial(probe.raw.cross_entropy, given.copy(), labels.copy()))
        if own is not None and own.shape == slope.shape and abs(follows(own.ravel(), slope.ravel())) > 1 - AGREE:
            return True
    return False


def gives_entries(probe: Probe, p: np.ndarray, y: np.ndarray) -> bool:
    """Whether cross_entropy gives an array like the probabilities, whose mean or sum its callers take."""
    target = np.eye(p.shape[1])[y]
    every = (
        (given, attempt_array(partial(probe.raw.cross_entropy, given, labels)))
        for given, labels in (
            (p, target),
            (p.T, target.T),
        )
    )
    return any(own is not None and own.shape == given.shape for given, own in every)


def ways_of_cross_entropy(probe: Probe) -> Iterator[tuple[str, str]]:
    """The (layout of samples, form of labels) to try, the network's first; only those declared, if any are."""
    main, first = probe.layout.samples, probe.layout.labels.get("loss", "index")
    ways = ((TURNED,) if probe.layout.turned else ()) + (main,)
    for way in ways if "samples" in probe.declared else dict.fromkeys((*ways, "rows", "columns", "vector")):
        for form in (first,) if "labels" in probe.declared else dict.fromkeys((first, "one_hot", "index")):
            yield way, form


def find_xavier(probe: Probe) -> None:
    """Find the layout of xavier's weights: the network's, or another one if the network shows its own."""
    found = attempt(lambda: to_numpy(probe.raw.xavier(5, 3, np.random.default_rng(0))))
    if found is None or found.shape not in ((5, 3), (3, 5)) or "weights" not in probe.found:
        return
    way = "in_out" if found.shape == (5, 3) else "out_in"
    if way != probe.layout.weights and "weights" not in probe.declared:
        probe.layout.xavier = way
        probe.notes.append(f"xavier gives weights as {way}, networks have them as {probe.layout.weights}")
