"""Finds all conventions of an implementation, in an order in which each search relies on those before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.contract.errors import NotOffered, Unseen
from chainrule.host.inference.contradictions import find_contradicted
from chainrule.host.inference.functions import find_functions
from chainrule.host.inference.labels import (
    find_counted_labels,
    find_labels,
    look_at_labels_across,
    look_at_single_gradients,
    name_labels,
)
from chainrule.host.inference.layout_of_network import (
    find_logits,
    find_point,
    find_samples,
    find_square_weights,
    find_turned,
    one_at_a_time,
)
from chainrule.host.inference.numbers import find_numbers, shorten
from chainrule.host.inference.points import Point, are_rows_of_probabilities
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.training import (
    find_fit,
    find_reduction,
    find_seeding,
    find_selection,
    find_sign,
    find_summed_fit,
)
from chainrule.host.inference.trying import PROBE_LIMIT, attempt, attempting
from chainrule.host.recognition.binding import parameters_of
from chainrule.host.recognition.call_sites import counts_from_one
from chainrule.host.recognition.forms import PROBES
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.vocabulary import is_called
from chainrule.host.translation import SINGLE
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut

NATIVE_SIZES = [4, 6, 5, 3]
MANY_CLASSES = 10  # as in data sets of digits and clothes
TELLING = ("backward", "loss", "fit")  # operations that fail if the code fixes another number of classes
EIGHTH = 0.125  # a learning rate whose products are exact


def find_conventions(probe: Probe) -> None:
    """Find all conventions; stop at a call that does not return."""
    try:
        sizes = probe_sizes(probe)
        point = find_point(probe, sizes)
        if point is not None:
            search_network(probe, point)
            search_ten_classes(probe, point)
        else:
            probe.unproven = f"no network was understood: chainrule cannot set the parameters of one of sizes {sizes}"
        if probe.form is not None and probe.form.unseen:
            probe.layout.unseen["forward"] = probe.form.unseen
        if probe.network is not None and probe.unproven:
            probe.layout.unproven["create"] = probe.unproven
        find_functions(probe)
    except TimedOut:
        probe.notes.append(f"a call did not return within {PROBE_LIMIT:g} s, so no further convention was inferred")


def probe_sizes(probe: Probe) -> Sequence[int]:
    """Layer sizes of a network that the code makes."""
    if probe.form is not None:
        return probe.form.probe_sizes()
    return NATIVE_SIZES if probe.sizes is None else probe.sizes.probe


def search_network(probe: Probe, point: Point) -> None:
    """Find the conventions for samples, output, labels, reduction and seeding."""
    if probe.network is not None:
        probe.network.batch = probe.batch
    out = find_samples(probe, point)
    if out is None:
        if probe.network is not None:  # only its initialization is judged, if anything: `find_conventions`
            return find_seeding(probe, point)
        # A network in the native style that does not work says nothing about conventions.
        if probe.found.pop("weights", None) is not None and "weights" not in probe.declared:
            probe.layout.weights = "in_out"
        return
    if "weights" not in probe.found and "weights" not in probe.declared:
        out = find_square_weights(probe, point, out)
    shorten(probe, point)
    if probe.network is not None and counts_from_one(probe.network.namespace):
        probe.layout.first_label = 1
        probe.notes.append("labels count from 1")
    for operation in ("backward", "loss"):
        find_labels(probe, operation, point)
    look_at_labels_across(probe, point)
    out = one_at_a_time(probe, point, out)
    find_turned(probe, point)
    if are_rows_of_probabilities(out):
        probe.find("output", "probabilities", "every row that forward gives is positive and sums to 1")
    name_labels(probe)
    if "output" not in probe.found and "output" not in probe.declared:
        find_logits(probe, point, out)
    find_fit(probe, point)
    find_sign(probe, point)
    find_numbers(probe, point)
    look_at_single_gradients(probe, point)
    find_reduction(probe, point)
    find_summed_fit(probe, point)
    find_counted_labels(probe, point)
    find_seeding(probe, point)
    find_remaining(probe, point)
    find_selection(probe, point)
    find_contradicted(probe, point)


@for_style("networks for digits, with ten classes written into the loss", otherwise=None)
def search_ten_classes(probe: Probe, point: Point) -> None:
    """Use ten classes if an operation works only with ten, because the code contains this number."""
    form, recognised = probe.form, probe.network
    if form is None or recognised is None or form.pattern is None or form.pattern[-1] is not None:
        return
    refused = [probe.plan(operation, point) for operation in TELLING]
    if not any(isinstance(plan, NotOffered) and not isinstance(plan, Unseen) for plan in refused):
        return
    before = dict(recognised.plans)
    recognised.plans.clear()
    form.pattern[-1] = MANY_CLASSES
    trial = Probe(recognised, probe.declared)
    again = find_point(trial, form.probe_sizes())
    if again is not None:
        search_network(trial, again)
        if count_plans(trial, again) > sum(isinstance(plan, Plan) for plan in refused):
            vars(probe.layout).update(vars(trial.layout))  # the layout that `translated` shares
            probe.found = trial.found
            probe.notes = [*trial.notes, "the code works with ten classes only"]
            probe.unproven = trial.unproven
            return
    form.pattern[-1] = None
    recognised.plans.clear()
    recognised.plans.update(before)


def count_plans(probe: Probe, point: Point) -> int:
    """How many of the TELLING operations work."""
    return sum(isinstance(probe.plan(operation, point), Plan) for operation in TELLING)


def find_remaining(probe: Probe, point: Point) -> None:
    """Find predict and step, too, at this point."""
    if probe.network is None:
        return
    ways = probe.layout.ways
    alone = SINGLE if predicts_one_sample(probe.network, point) else ()
    for way in dict.fromkeys((probe.layout.way("forward"), "rows", "columns", *alone)):
        ways["predict"] = way
        labels = attempt(lambda: to_numpy(probe.translated.predict(point.model, point.x)))
        if labels is not None and labels.size == len(point.x):
            break
    else:
        del ways["predict"]
    attempt(lambda: probe.translated.step(point.model, point.copies(), EIGHTH))
    probe.reset(point)


def predicts_one_sample(network: Recognised, point: Point) -> bool:
    """Whether the author's calls, or the name of a parameter, say that predict takes one sample and no batch."""
    function = next((function for _, function in network.candidates("predict", point.model)), None)
    if function is None or learnt_of(function).alone:
        return function is not None
    named = any(is_called("arrays", "one_sample", parameter.name) for parameter in parameters_of(function))
    return named and not learnt_of(function).operation


def prepare(probe: Probe, sizes: Sequence[int]) -> None:
    """Find the operations of networks of another depth, on generic data, before a spec calls them."""
    if probe.form is None:
        return
    probes = (fitted for fitted in map(probe.form.fitted, PROBES) if fitted is not None)
    fitted = next((fitted for fitted in probes if len(fitted) == len(sizes)), probe.form.fitted(list(sizes)))
    if fitted is None:
        return
    with np.errstate(all="ignore"), attempting():
        point = Point(probe.raw.create(list(fitted), 0), list(fitted))
        probe.reset(point)
        attempt(lambda: probe.translated.forward(point.model, point.x))
        probe.loss(point, point.y)
        probe.backward(point)
        find_remaining(probe, point)
        attempt(lambda: probe.trained(point))
