"""Finds the form of labels: integers or one-hot vectors, for one sample or several at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.inference.points import Point, alignment, follows, surplus
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.trying import PROBE_LIMIT, attempt
from chainrule.host.recognition.gradients import Contradiction
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.plan import Plan
from chainrule.host.translation import ACROSS, SINGLE, Layout
from chainrule.reference import cross_entropy, softmax
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import limit

DIGITS = 10  # classes that a data set has at least, for the size of its batches
FORMS = ("index", "one_hot")
PROVEN = 0.9  # a loss of one sample that follows the labels as closely is one
NEVER = 1e-9  # a probability that does not count


def find_labels(probe: Probe, operation: str, point: Point) -> None:
    """Find whether labels are integers or one-hot vectors: the form that the code takes, or that its result follows.

    Returned gradients decide before gradients computed from an update, which may take the other form.
    """
    layout, shown = probe.layout, probe.forms_of_labels(operation, point)
    error: NotOffered | None = None
    contradicting: tuple[str, str, Plan] | None = None
    # The form that the author's calls show comes first; in a rehearsal, made labels may have had another one.
    others = [form for form in FORMS if form not in shown] if "labels" not in probe.declared else []
    for way, forms in ((way, forms) for forms in (shown, others) for way in ways_of_labels(probe, operation)):
        fitting: dict[str, tuple[bool, float]] = {}
        plans: dict[str, Plan] = {}
        for form in forms:
            if way == ACROSS and form == "index":
                continue
            layout.ways[operation], layout.labels[operation] = way, form
            turn(probe, operation, way)
            try:
                with limit(PROBE_LIMIT):
                    follows_labels = round(result_follows(probe, operation, point), 3)
                plan = probe.plan(operation, point)
                if way == "rows" != layout.samples and not trains_in_rows(probe, plan, point):
                    continue
                if isinstance(plan, Plan):
                    plans[form] = plan
                fitting[form] = (not (isinstance(plan, Plan) and plan.how == "update"), follows_labels)
            except NotOffered as raised:
                error = error or raised
            except (Exception, SystemExit) as raised:
                plan = probe.plan(operation, point)
                if operation == "backward" and isinstance(plan, Plan):
                    if isinstance(raised, Contradiction):
                        contradicting = contradicting or (way, form, plan)
                    probe.forget(operation, point)  # in another form, the code may return its gradients
                continue
            finally:
                probe.reset(point)  # an inconsistent update leaves the parameters changed
                if plans and operation == "backward":
                    probe.forget(operation, point)
        alone = operation == "loss" and way in SINGLE and layout.samples not in SINGLE
        if alone and max((follows_labels for _, follows_labels in fitting.values()), default=0.0) < PROVEN:
            error = error or NotOffered("loss was not understood: it takes no batch, and does not follow single labels")
            continue
        if fitting:
            chosen = max(fitting, key=lambda form: (fitting[form], form == "index"))
            layout.labels[operation] = chosen
            if chosen in plans:
                probe.keep_plan(operation, point, plans[chosen])
            if layout.samples in SINGLE and way not in (*SINGLE, "pairs"):
                probe.notes.append(f"{operation} takes a batch in {way}, forward one sample at a time")
            elif way not in (layout.samples, "pairs"):
                note = alone_note(operation, layout.samples) if way in SINGLE else other_note(operation, way, layout)
                probe.notes.append(note)
            return
    if contradicting is not None:  # which is wrong, in whatever form of labels it ran
        layout.ways[operation], layout.labels[operation], plan = contradicting
        return probe.keep_plan(operation, point, plan)
    del layout.ways[operation]
    turn(probe, operation, "")
    if "labels" not in probe.declared:
        del layout.labels[operation]
    probe.close(operation, point, error)


def turn(probe: Probe, operation: str, way: str) -> None:
    """Tell the network whether its backward pass takes samples in rows, although forward takes columns."""
    if operation == "backward" and probe.network is not None:
        probe.network.across = way == "rows" != probe.layout.samples and probe.layout.samples not in SINGLE


def trains_in_rows(probe: Probe, plan: Any, point: Point) -> bool:
    """Whether a function that updates is a training, or the author's calls of it were seen to work.

    A backward pass that raises for columns, as one that forgets to transpose them, may work for rows by mistake.
    """
    if probe.layout.samples in SINGLE:
        return True
    if probe.network is None or not isinstance(plan, Plan) or plan.how != "update":
        return False
    function = probe.network.function(plan, point.model)
    return probe.network.means("fit", plan.name, function) or learnt_of(function).succeeds


def look_at_labels_across(probe: Probe, point: Point) -> None:
    """Take one-hot labels in rows beside samples in columns for a convention only if loss and gradients agree in it.

    If only one takes them so, and the author's calls of it were not seen to work, it is wrong, and the specs say so.
    """
    ways = probe.layout.ways
    for operation, other in (("loss", "backward"), ("backward", "loss")):
        plan = probe.plan(operation, point)
        if ways.get(operation) != ACROSS or ways.get(other) in (None, ACROSS, "rows") or probe.network is None:
            continue
        if not (isinstance(plan, Plan) and learnt_of(probe.network.function(plan, point.model)).succeeds):
            note = other_note(operation, ACROSS, probe.layout)
            probe.notes = [told for told in probe.notes if told != note]
            ways[operation] = probe.layout.samples
            probe.forget(operation, point)


def other_note(operation: str, way: str, layout: Layout) -> str:
    if way == ACROSS:
        return f"{operation} takes one-hot labels in rows, and samples in {layout.samples}"
    return f"{operation} takes samples in {way}, forward in {layout.samples}"


def ways_of_labels(probe: Probe, operation: str) -> list[str]:
    """The layouts of samples to try together with labels."""
    samples = probe.layout.samples
    if samples == "columns":
        return [samples, ACROSS, *(("rows",) if operation == "backward" else ()), "column", "vector", "row"]
    if samples not in SINGLE:
        return [samples, "column", "vector", "row"]
    return [samples, *(["pairs"] if operation == "loss" else []), "rows", "columns"]


def result_follows(probe: Probe, operation: str, point: Point) -> float:
    """How closely results follow the labels, from 0 to 1, apart from scale and sign."""
    p = softmax(point.logits)
    if operation == "loss":
        own = np.array([float(probe.translated.loss(point.model, point.x, y)) for y in point.label_sets])
        return follows(own, np.array([cross_entropy(p, y) for y in point.label_sets]))
    weight_grads, bias_grads = probe.translated.backward(point.model, point.x, point.y)
    # Either result may be wrong; one with the right direction suffices to tell the form of the labels.
    exact = point.network.backward(point.x, point.y)[0][-1]
    weights, biases = to_numpy(weight_grads[-1]), to_numpy(bias_grads[-1])
    return max(abs(alignment(biases, surplus(p, point.y))), abs(alignment(weights, exact)))


def look_at_single_gradients(probe: Probe, point: Point) -> None:
    """Take gradients of one sample at a time for a convention only if the code's training works with them.

    Beside a forward pass and a loss for batches, and without such a training, a backward pass that raises for a batch
    is wrong: the specs call it with batches, and report what it raises.
    """
    layout = probe.layout
    alone = layout.way("backward") in SINGLE and not {layout.samples, layout.way("loss")} & set(SINGLE)
    if not alone or "loss" not in layout.ways or probe.try_training(point) is not None:
        return
    layout.ways["backward"] = layout.samples
    probe.notes = [note for note in probe.notes if note != alone_note("backward", layout.samples)]
    probe.notes.append("backward works for one sample and raises for a batch, which forward and loss take")


def alone_note(operation: str, samples: str) -> str:
    return f"{operation} takes one sample at a time, forward takes a batch in {samples}"


def name_labels(probe: Probe) -> None:
    """Set the convention to the form that gradients take, and note operations that take another."""
    forms = probe.layout.labels
    if not forms or "labels" in probe.declared:
        return
    value = forms.get("backward") or next(iter(forms.values()))
    others = [f"{name} takes {form}" for name, form in forms.items() if form != value]
    by = "backward" if "backward" in forms else next(iter(forms))
    probe.find("labels", value, "; ".join([f"{by} takes {value}", *others]))
    for operation in ("loss", "backward"):
        forms.setdefault(operation, value)  # an operation without evidence most likely takes the same form
    probe.notes += [f"{other} labels, backward {value}" for other in others]


def find_counted_labels(probe: Probe, point: Point) -> None:
    """Find out whether the code takes the number of classes from the labels, as in np.eye(y.max() + 1)[y].

    In mini-batches that is a mistake, which the specs find.  It is harmless in code that trains only on the whole data,
    or calls its training with batches so large that every class occurs.  In the native style `fit` takes batches.
    """
    if probe.recognised is None or probe.layout.labels.get("backward") != "index":
        return
    if probe.network is None and callable(getattr(point.model, "fit", None)):
        return
    plan = probe.plan("fit", point)
    if isinstance(plan, Plan) and plan.how == "batches" and not has_large_batches(probe, plan, point):
        return
    lacking = np.minimum(point.y, point.classes - 2)
    fails = attempt(lambda: probe.translated.backward(point.model, point.x, lacking)) is None
    probe.reset(point)
    if fails and probe.backward(point) is not None:
        probe.layout.counts_labels = True
        probe.notes.append("the code takes the number of classes from the labels: a batch must include the last class")
    probe.reset(point)


def has_large_batches(probe: Probe, plan: Plan, point: Point) -> bool:
    """Whether batches of the size with which the author calls a training contain every class of balanced data."""
    if probe.network is None:
        return False
    given = learnt_of(probe.network.function(plan, point.model)).fixed
    sizes = [given[parameter] for parameter, found in plan.taken if found == "batch_size" and parameter in given]
    k = max(point.classes, DIGITS)
    return any(type(size) is int and k * (1 - 1 / k) ** size < NEVER for size in sizes)
