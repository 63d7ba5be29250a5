"""Finds how a network lays out weights, arrays and samples, and whether it returns probabilities or logits."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.inference.labels import find_labels, result_follows
from chainrule.host.inference.points import AGREE, Point, alignment, are_rows_of_probabilities, surplus
from chainrule.host.inference.probe import Probe
from chainrule.host.inference.trying import attempt
from chainrule.host.recognition.forms import spelled
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.through_losses import BY_LOSSES
from chainrule.host.recognition.vocabulary import is_called
from chainrule.host.translation import SINGLE, lie, singles
from chainrule.reference import cross_entropy, softmax
from chainrule.support.arrays import kind, to_numpy

ONE_OUTPUT = (
    "the network has one output, the probability of one of two classes: chainrule checks networks with an output for "
    "each class"
)
TAKES = 0.99  # with this cosine or a larger one, a loss takes the output as it lies
UNEVEN = 8.0  # by so much is each sample of a batch larger than the one before
MISSING, UNWRITTEN = "forward is missing", ("is not implemented", "found None")  # of code that is not finished


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
    if probe.sizes is not None and probe.sizes.architecture().pattern is not None:
        probe.find("architecture", str(probe.sizes.architecture()), "the adapter's create makes no other networks")
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
    every = [raw] if network is None else network.own_arrays(model)
    probe.held = "float32" if any(str(getattr(array, "dtype", "")).endswith("float32") for array in every) else None
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
    x = np.ones((7, len(to_numpy(parameters[0][0]))))
    return attempt(lambda: to_numpy(probe.raw.forward(model, x))) is not None


def find_samples(probe: Probe, point: Point) -> np.ndarray | None:
    """Find whether forward takes a batch in rows, in columns, or one sample at a time, and returns it likewise.

    If several functions may be the forward pass, the one with the likeliest name counts.  If the output of each is
    turned against its input, everything else is called with the output as it is, and `find_turned` judges it.
    Returns the output as rows; None, with the reason in `probe.unproven`, if no forward pass is understood.
    """
    trouble: dict[str | None, dict[str, str]] = {}
    turned: tuple[str | None, str, np.ndarray] | None = None
    batches, alone = ways_of_samples(probe)
    for candidate in forward_candidates(probe, point):
        choose_forward(probe, point, candidate)
        failed = trouble.setdefault(candidate, {})
        for way in batches:
            out = probe.forward(point, way, point.x, failed)
            if out is None:
                continue
            if out.shape == (len(point.x), point.classes):
                if takes_one_alone(probe, point, out):
                    break
                if point.classes == 1 and ((out > 0) & (out < 1)).all():
                    probe.unproven = ONE_OUTPUT
                    probe.notes.append(ONE_OUTPUT)
                    return None
                samples_found(probe, way, point.x)
                return out
            failed[way] = odd_shape(out, way, point)
            if out.shape == (point.classes, len(point.x)):
                turned = turned or (candidate, way, out.T)
            probe.forget("forward", point)
        for way in () if turned else alone:
            if way == "row" and loss_wants_a_batch(probe, point):
                continue
            out = one_by_one(probe, point, way, failed)
            if out is not None:
                samples_found(probe, way, point.x[:1])
                return out
    if turned is not None:
        candidate, way, out = turned
        choose_forward(probe, point, candidate)
        samples_found(probe, way, point.x, turned=True)
        probe.notes.append(trouble[candidate][way])
        return out
    candidate, failed = next(((c, f) for c, f in trouble.items() if f), (None, {}))
    choose_forward(probe, point, None)
    said = not_understood(candidate or "forward", failed)
    if gives_one_probability(probe, point):
        said = ONE_OUTPUT
    if failed and not any(text.endswith(UNWRITTEN) or text.startswith(MISSING) for text in failed.values()):
        probe.unproven = said
    probe.notes.append(said)
    return None


def loss_wants_a_batch(probe: Probe, point: Point) -> bool:
    """Whether a native loss takes one row and an array of its label, and raises for the label alone.

    A forward pass that raises for more rows is then wrong.
    """
    loss = getattr(point.model, "loss", None)
    if probe.network is not None or probe.recognised is None or not callable(loss):
        return False
    row, label = point.x[:1], point.y[:1]
    return attempt(lambda: loss(row, label)) is not None and attempt(lambda: loss(row, int(label[0]))) is None


def takes_one_alone(probe: Probe, point: Point, out: np.ndarray) -> bool:
    """Whether the author gives one sample at a time, and a batch has other outputs than its samples.

    out: its output for the point's samples in a batch.  Samples of very different sizes show what a softmax that
    subtracts the maximum of all its entries makes of a batch.
    """
    network, plan = probe.network, probe.plan("forward", point)
    if network is None or not isinstance(plan, Plan) or not learnt_of(network.function(plan, point.model)).alone:
        return False
    uneven = copy.copy(point)
    uneven.x = point.x * UNEVEN ** np.arange(len(point.x))[:, None]
    far = (probe.forward(point, way, uneven.x, {}) for way in ("rows", "columns"))
    for at, together in ((point, out), (uneven, next((found for found in far if found is not None), None))):
        if together is None:
            continue
        alone = (one_by_one(probe, at, way, {}) for way in SINGLE)
        if any(found is not None and not np.allclose(found, together, rtol=AGREE, atol=AGREE) for found in alone):
            return True
    return False


def gives_one_probability(probe: Probe, point: Point) -> bool:
    """Whether a network with one unit at its output gives one number between 0 and 1 for every sample."""
    if probe.network is None:
        return False
    sizes = [*point.sizes[:-1], 1]
    single = attempt(lambda: Point(probe.raw.create(list(sizes), 0), sizes))
    for way in ("rows", "columns") if single is not None else ():
        choose_forward(probe, point, None)
        out = probe.forward(single, way, point.x, {})
        if out is not None and out.size == len(point.x) and ((out > 0) & (out < 1)).all():
            return True
    return False


def choose_forward(probe: Probe, point: Point, candidate: str | None) -> None:
    """Take this function for the forward pass; None for any."""
    if probe.network is not None:
        probe.network.only["forward"] = candidate
        probe.forget("forward", point)


def not_understood(name: str, failed: Mapping[str, str]) -> str:
    """Why chainrule cannot call a forward pass.  failed: {layout: what happened}."""
    told = {way: failed[way].removeprefix(f"{name} ") for way in ("rows", "columns") if way in failed}
    if len(set(told.values())) == 2:
        return (
            f"no forward pass was understood: of samples in rows {name} {told['rows']}; in columns it {told['columns']}"
        )
    return f"no forward pass was understood: {next(iter(failed.values()), name + ' is missing')}"


def ways_of_samples(probe: Probe) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(layouts to try for a batch, layouts to try for one sample), as far as the declarations allow."""
    declared = probe.declared.get("samples")
    if declared is None:
        return ("rows", "columns"), SINGLE
    return ((), SINGLE) if declared == "single" else ((declared,), ())


def forward_candidates(probe: Probe, point: Point) -> list[str | None]:
    """The names of functions that may be the forward pass, BY_LOSSES after them; [None] for any."""
    if probe.network is None:
        return [None]
    named = [name for name, _ in probe.network.candidates("forward", point.model)]
    return [*named, BY_LOSSES]


def odd_shape(out: np.ndarray, way: str, point: Point) -> str:
    given = (out.T if way == "columns" else out).shape
    return (
        f"forward takes {len(point.x)} samples in {way}, {np.shape(lie(point.x, way))}, and gives an array of "
        f"shape {given} for {point.classes} classes"
    )


def one_by_one(probe: Probe, point: Point, way: str, trouble: dict[str, str]) -> np.ndarray | None:
    """The outputs for the point's samples, each alone in this layout; None unless all have the right size."""
    outs = []
    for row in singles(point.x):
        outs.append(probe.forward(point, way, row, trouble))
    found = [out for out in outs if out is not None and out.size == point.classes]
    return np.vstack(found) if len(found) == len(outs) else None


def samples_found(probe: Probe, way: str, x: np.ndarray, *, turned: bool = False) -> None:
    """Note the layout of samples.  x: samples that forward took in it.  turned: whether its output lies otherwise."""
    taken = f"forward takes an array of shape {np.shape(lie(x, way))}"
    if way in SINGLE:
        probe.find("samples", "single", f"{taken} and no batch")
    else:
        probe.find("samples", way, f"{taken} for {len(x)} samples")
    probe.layout.samples = way
    if probe.network is not None:
        probe.network.samples, probe.network.class_axis = way, int((way == "columns") == turned)


def find_turned(probe: Probe, point: Point) -> None:
    """Take an output that is turned against its input for a convention if the code's loss takes it so.

    If nothing of the code does, a spec reports the output's shape.
    """
    network, plan = probe.network, probe.plan("loss", point)
    if network is None or not isinstance(plan, Plan) or network.class_axis == int(network.samples != "columns"):
        return
    takes_it = {"output", *point.model.named} & {source for _, source in plan.taken}
    if probe.layout.samples not in SINGLE and takes_it and result_follows(probe, "loss", point) > TAKES:
        probe.layout.turned = True


def one_at_a_time(probe: Probe, point: Point, out: np.ndarray) -> np.ndarray:
    """Detect a forward pass for single samples that accepts a batch only because the arrays happen to fit.

    Gradients then take one sample, and forward returns probabilities only for one.  out: the output of forward.
    Returns its output in the layout found.
    """
    way = probe.layout.way("backward")
    if way not in SINGLE or probe.layout.samples in SINGLE or are_rows_of_probabilities(out):
        return out
    for single in dict.fromkeys((way, *SINGLE)):
        alone = one_by_one(probe, point, single, {})
        if alone is not None and are_rows_of_probabilities(alone):
            samples_found(probe, single, point.x[:1])
            if probe.layout.way("loss") != single:
                find_labels(probe, "loss", point)
            return alone
    return out


def find_logits(probe: Probe, point: Point, out: np.ndarray) -> None:
    """Find out from the code's own loss, or its gradient, whether rows that are not probabilities are logits."""
    how = shows_logits(probe, point, out)
    if how:
        probe.find("output", "logits", how)
        probe.layout.output = "logits"


def shows_logits(probe: Probe, point: Point, out: np.ndarray) -> str:
    """How the code shows that forward's output are logits; empty if it does not."""
    if probe.form is not None and probe.form.without_loss:
        return "forward does not return probabilities; softmax and loss, which the code does not have, are chainrule's"
    p = softmax(out)
    own = loss_is_that_of(probe, point, p)
    if own:
        return "loss is the cross-entropy of the softmax of forward's output"
    if own is False and is_right_with(probe, point, p, "log_softmax"):
        return "loss is the cross-entropy of the softmax of forward's output, if it is given their logarithms"
    if own is False and is_right_with(probe, point, p, "softmax"):
        return "loss is the cross-entropy of forward's output once it went through the code's softmax"
    if (
        probe.form is not None
        and probe.form.may_end_in_logits
        and np.allclose(out, point.logits, rtol=AGREE, atol=AGREE)
    ):
        return "the layers, as chainrule puts them together, end with the last z"
    if own is False:
        return ""
    grads = probe.backward(point)
    if grads is not None:
        follows = abs(alignment(grads[1][-1], surplus(p, point.y))) > 1 - AGREE**2
        return "backward takes the softmax of forward's output" if follows else ""
    if probe.network is None and raises(probe, point):
        return "forward does not return probabilities; whether they are logits is unknown, as loss and backward raise"
    if probe.network is not None and np.allclose(out, point.logits, rtol=AGREE, atol=AGREE):
        return "forward gives the last layer's z, and the code has neither loss nor gradients that take anything else"
    return ""


def loss_is_that_of(probe: Probe, point: Point, p: np.ndarray) -> bool | None:
    """Whether the code's own loss is the cross-entropy of these probabilities; None if it has no loss."""
    own = [probe.loss(point, y) for y in point.label_sets]
    if any(loss is None for loss in own):
        return None
    ratios = np.array(own) / np.array([cross_entropy(p, y) for y in point.label_sets])
    return any(np.allclose(ratios, c, rtol=AGREE) for c in (1.0, len(point.x)))


def is_right_with(probe: Probe, point: Point, p: np.ndarray, between: str) -> bool:
    """Whether the loss is right if the output first goes through softmax, or its logarithm, and no gradients object.

    The logarithm needs a loss that is called that of log-probabilities, softmax a function of this name in the code.
    """
    plan = probe.plan("loss", point)
    if probe.network is None or not isinstance(plan, Plan) or "output" not in dict(plan.taken).values():
        return False
    if between == "log_softmax":
        possible = is_of_log_probabilities(plan)
    else:
        possible = bool(probe.network.lone_functions("softmax"))
    if not possible:
        return False
    probe.network.between = between
    grads = probe.backward(point)
    agrees = grads is None or abs(alignment(grads[1][-1], surplus(p, point.y))) > 1 - AGREE**2
    if agrees and loss_is_that_of(probe, point, p):
        return True
    probe.network.between = ""
    return False


def is_of_log_probabilities(plan: Plan) -> bool:
    """Whether a loss is called that of log-probabilities, as `nll(logp, target)` is."""
    return is_called("methods", "is_a_negative_log_likelihood", plan.name) or any(
        is_called("arrays", "log_probabilities", parameter) for parameter, _ in plan.taken
    )


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
