"""Finds how fit takes data, whether results are sums or means over the batch, and what decides initial weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.inference.labels import alone_note
from chainrule.host.inference.points import AGREE, Point, alignment, flat, ratio, surplus
from chainrule.host.inference.probe import RATE, Probe
from chainrule.host.inference.trying import PROBE_LIMIT, attempt
from chainrule.host.recognition.call_sites import takes_one_of_each
from chainrule.host.recognition.gradients import Contradiction
from chainrule.host.recognition.learnt import VALIDATION_X, VALIDATION_Y, learnt_of
from chainrule.host.recognition.plan import Plan
from chainrule.host.translation import SINGLE
from chainrule.reference import cross_entropy, softmax
from chainrule.support.arrays import to_numpy
from chainrule.support.time_limit import TimedOut, limit

STEP = 0.25  # the learning rate of updates that are compared
TRAINS = 0.9  # with this alignment or a larger one, training follows the gradient of its labels
EPOCHS, SELECTIONS = 6, 4  # of a training that may select parameters by held-out labels, and how many such labels
ONE_ROUNDING = 1e-6  # the largest difference between equal updates of float32 parameters


def find_fit(probe: Probe, point: Point) -> None:
    """Find the layout of samples and labels with which fit trains by the labels."""
    if probe.network is None:
        return
    layout = probe.layout
    main = "rows" if layout.samples in SINGLE else layout.samples
    scores: dict[tuple[str, str], float] = {}
    error: NotOffered | None = None
    for way, form in ways_of_fit(probe, point, main):
        if way not in {tried for tried, _ in scores} and max(scores.values(), default=0.0) > TRAINS:
            break
        layout.ways["fit"], layout.labels["fit"] = way, form
        try:
            with limit(PROBE_LIMIT):
                moved = probe.trained(point)
                if not np.any(moved) and way not in SINGLE:  # the code may drop a batch of all samples
                    moved = probe.trained(point, batch_size=1)
        except NotOffered as raised:
            error = error or raised
            continue
        except TimedOut:
            break
        except (Exception, SystemExit):
            continue
        finally:
            probe.reset(point)
        if np.any(moved):
            seen = 1 if way in SINGLE else len(point.x)
            expected = surplus(softmax(point.logits[:seen]), point.y[:seen])
            scores[way, form] = round(abs(alignment(moved, expected)), 2)
    if not scores:
        layout.ways["fit"], layout.labels["fit"] = main, layout.labels.get("backward", "index")
        probe.close("fit", point, error)
        return
    layout.ways["fit"], layout.labels["fit"] = best = max(scores, key=lambda pair: scores[pair])
    find_updates_one_by_one(probe, point)
    if best[0] != main:
        probe.notes.append(f"fit takes samples in {best[0]}, forward in {main}")


def ways_of_fit(probe: Probe, point: Point, main: str) -> Iterator[tuple[str, str]]:
    """The (layout of samples, form of labels) to try for fit, the likeliest first."""
    other = {"rows": "columns", "columns": "rows"}[main]
    alone = probe.layout.way("backward")
    first = probe.layout.labels.get("backward", "index")
    possible = probe.forms_of_labels("fit", point)
    forms = tuple(form for form in dict.fromkeys((first, "index", "one_hot")) if form in possible)
    for way in (main, "pairs", "pair", other, *((alone,) if alone in SINGLE else ())):
        for form in forms:
            yield way, form


def find_sign(probe: Probe, point: Point) -> None:
    """Find out whether gradients are those of the log likelihood: opposite in sign, and added by every update."""
    plan, grads = probe.plan("backward", point), probe.backward(point)
    if not isinstance(plan, Plan) or plan.how == "update" or grads is None:
        return
    towards = surplus(softmax(point.logits), point.y)
    if alignment(grads[1][-1], towards) < -TRAINS and alignment(lowered_by_a_step(probe, point), towards) > TRAINS:
        probe.layout.ascending = True
        probe.notes.append("gradients have the opposite sign, and updates add them")


def lowered_by_a_step(probe: Probe, point: Point) -> np.ndarray:
    """How far an update along the code's own gradients lowers the last bias; a training, without a step."""

    def stepped_once() -> np.ndarray:
        grads = probe.translated.backward(point.model, point.x, point.y)
        before = to_numpy(probe.translated.parameters(point.model)[1][-1]).copy()
        probe.translated.step(point.model, grads, STEP)
        return before - to_numpy(probe.translated.parameters(point.model)[1][-1])

    moved = attempt(stepped_once)
    probe.reset(point)
    moved = probe.try_training(point) if moved is None else moved
    return np.zeros(point.classes) if moved is None else moved


def find_updates_one_by_one(probe: Probe, point: Point) -> None:
    """Find out whether a fit without a batch size makes one update for every sample.

    It does the same as steps along the gradients of one sample after the other, or as its trainings on one alone.
    """
    plan = probe.plan("fit", point)
    if probe.network is None or not isinstance(plan, Plan) or plan.how != "whole":
        return
    end = attempt(lambda: after_two_samples(probe, point))
    for after in (after_steps, after_trainings) if end is not None else ():
        for order in ((0, 1), (1, 0)):
            found = attempt(partial(after, probe, point, order))
            if found is not None and np.allclose(end, found, rtol=0, atol=ONE_ROUNDING):
                probe.keep_plan("fit", point, replace(plan, how="single"))
                probe.network.one_by_one = True
                probe.reset(point)
                return
    probe.reset(point)


def after_two_samples(probe: Probe, point: Point) -> np.ndarray:
    """The parameters after an epoch on the point's first two samples."""
    probe.reset(point)
    probe.translated.fit(point.model, point.x[:2], point.y[:2], epochs=1, batch_size=2, lr=STEP, seed=0)
    return flat(probe.translated.parameters(point.model))


def after_steps(probe: Probe, point: Point, order: Sequence[int]) -> np.ndarray:
    """The parameters after a step along the gradient of each of these samples in turn."""
    probe.reset(point)
    for i in order:
        grads = probe.translated.backward(point.model, point.x[i : i + 1], point.y[i : i + 1])
        before = probe.translated.parameters(point.model)
        probe.translated.assign(point.model, *[stepped(*pair) for pair in zip(before, grads, strict=True)])
    return flat(probe.translated.parameters(point.model))


def after_trainings(probe: Probe, point: Point, order: Sequence[int]) -> np.ndarray:
    """The parameters after an epoch on each of these samples alone, in turn."""
    probe.reset(point)
    for i in order:
        x, y = point.x[i : i + 1], point.y[i : i + 1]
        probe.translated.fit(point.model, x, y, epochs=1, batch_size=1, lr=STEP, seed=0)
    return flat(probe.translated.parameters(point.model))


def stepped(parameters: Any, grads: Any) -> list[np.ndarray]:
    return [to_numpy(p) - STEP * to_numpy(g) for p, g in zip(parameters, grads, strict=True)]


def find_reduction(probe: Probe, point: Point) -> None:
    """Find out whether doubling the batch doubles loss and gradients (`sum`) or changes nothing (`mean`).

    Only if loss and gradients agree it is a convention; a sum beside a mean is a mistake, or worth a note.
    """
    if probe.layout.way("backward") in SINGLE or "reduction" in probe.declared:
        return
    alone = probe.layout.way("loss") in SINGLE  # a loss of one sample shows nothing of batches
    of_loss = None if alone else ratio(probe.loss(point, point.y), probe.loss(point, point.y, 2))
    grads = probe.backward(point)
    of_grads = ratio_of_gradients(grads, probe.backward(point, 2))
    begins = how_it_begins(probe, point) if of_grads == "mean" else "mean"
    if of_loss == "sum" and begins == "sum" and probe.network is not None:
        probe.network.summed_start = True
        grads = probe.backward(point)
        of_grads = ratio_of_gradients(grads, probe.backward(point, 2))
    if of_loss == of_grads and of_loss in ("sum", "mean"):
        done = {"sum": "double", "mean": "stay as they are"}[of_loss]
        probe.find("reduction", of_loss, f"loss and every gradient {done} when the batch is doubled")
        probe.layout.reduction = of_loss
    elif of_loss is None and of_grads == "sum" and grads is not None and trains_by_the_mean(probe, point, grads):
        how = "every gradient doubles when the batch is doubled, and training divides it by the number of samples"
        probe.find("reduction", "sum", how)
        probe.layout.reduction = "sum"
    elif of_loss is None and of_grads == "sum" and only_updates(probe, point):
        how = (
            "every update doubles when the batch is doubled, and no loss that chainrule can call shows another meaning"
        )
        probe.find("reduction", "sum", how)
        probe.layout.reduction = "sum"
    elif of_loss == "sum" and mostly_sums(probe, point, grads):
        probe.find(
            "reduction", "sum", "the loss, and every gradient that could be compared, doubles when the batch is doubled"
        )
        probe.layout.reduction = "sum"
        probe.notes.append(
            "the loss is a sum over the batch, and some of the gradients are not: chainrule takes these for wrong"
        )
    elif of_loss == "sum" and is_the_sum(probe, point) and loses_one_sample(probe, point):
        probe.layout.ways["loss"] = "column" if probe.layout.samples == "columns" else "row"
        probe.notes.append(alone_note("loss", probe.layout.samples))
    elif of_loss == "sum" and (grads is None or not begins) and is_the_sum(probe, point):
        probe.layout.unproven["loss"] = (
            "the loss is a sum over the batch, and no gradient that chainrule understands shows whether that is meant: "
            "declare reduction=sum if it is"
        )
    elif of_loss and of_grads:
        loss_does = {"sum": "doubles", "mean": "stays as it is"}[of_loss]
        grads_do = {"sum": "double", "mean": "stay as they are", "mixed": "change by different factors"}[of_grads]
        probe.notes.append(
            f"when the batch is doubled the loss {loss_does} while the gradients {grads_do}: both are compared with "
            "the mean"
        )


def how_it_begins(probe: Probe, point: Point) -> str:
    """Whether the author starts a backward pass from the slopes of a `sum` over the batch, or of their `mean`.

    Empty if chainrule makes them and nothing shows what the author means.
    """
    network, plan = probe.network, probe.plan("backward", point)
    if network is None or not network.begun or not isinstance(plan, Plan):
        return "mean"
    trains = isinstance(probe.plan("fit", point), Plan)
    return learnt_of(network.function(plan, point.model)).begins or ("mean" if trains else "")


def is_the_sum(probe: Probe, point: Point) -> bool:
    """Whether the loss is the sum of the samples' losses, and not a multiple of it."""
    own = probe.loss(point, point.y)
    exact = len(point.y) * cross_entropy(softmax(point.logits), point.y)
    return own is not None and bool(np.isclose(own, exact, rtol=AGREE))


def loses_one_sample(probe: Probe, point: Point) -> bool:
    """Whether the author calls the loss of outputs with one sample after the other."""
    network, plan = probe.network, probe.plan("loss", point)
    if network is None or not isinstance(plan, Plan) or "output" not in dict(plan.taken).values():
        return False
    return takes_one_of_each(plan.name.rsplit(".")[-1], network.namespace)


def ratio_of_gradients(once: Any, twice: Any) -> str | None:
    """`sum` or `mean` if every gradient grows so with the batch, else `mixed`; None without gradients."""
    if once is None or twice is None:
        return None
    each = [ratio(a, b) for group in (0, 1) for a, b in zip(once[group], twice[group], strict=True)]
    return each[0] if len(set(each)) == 1 else "mixed"


def mostly_sums(probe: Probe, point: Point, grads: Any) -> bool:
    """Whether, beside a summed loss, more gradients are sums than means."""
    if grads is None:
        return contradicts_itself(probe, point)
    twice = probe.backward(point, 2)
    if twice is None:
        return False
    each = [ratio(a, b) for group in (0, 1) for a, b in zip(grads[group], twice[group], strict=True)]
    return each.count("sum") > 0 and each.count("sum") >= each.count("mean")


def contradicts_itself(probe: Probe, point: Point) -> bool:
    """Whether chainrule computes gradients from updates that do not follow a gradient."""
    try:
        probe.translated.backward(point.model, point.x, point.y)
    except Contradiction:
        return True
    except (Exception, SystemExit):
        return False
    finally:
        probe.reset(point)
    return False


def only_updates(probe: Probe, point: Point) -> bool:
    """Whether only updates show the gradients: a factor of them is then one of the learning rate."""
    plans = {} if probe.network is None else probe.network.plans
    plan = plans.get(("backward", len(point.sizes)))
    return isinstance(plan, Plan) and plan.how == "update"


def trains_by_the_mean(probe: Probe, point: Point, grads: Sequence[Sequence[np.ndarray]]) -> bool:
    """Whether an epoch of one batch steps by the summed gradients divided by the number of samples."""
    moved = probe.try_training(point)
    expected = RATE * np.reshape(grads[1][-1], -1) / len(point.x)
    return moved is not None and np.allclose(moved, expected, rtol=AGREE, atol=AGREE * np.abs(expected).max())


def find_summed_fit(probe: Probe, point: Point) -> None:
    """Find out whether, under `sum`, fit steps by the sum of a batch's gradients or by their mean."""
    if probe.layout.reduction != "sum":
        return
    grads = probe.backward(point)
    probe.reset(point)
    moved = probe.try_training(point)
    if moved is None or grads is None:
        return
    if np.allclose(moved, RATE * len(point.x) * grads[1][-1].reshape(-1), rtol=AGREE):
        probe.raw.summed_fit = True  # type: ignore[attr-defined]  # also on an adapter


def find_selection(probe: Probe, point: Point) -> None:
    """Find out whether fit ends with the parameters that did best on validation data, which are arguments of its own.

    The labels of these data then decide where a training of several epochs ends.
    """
    plan, network = probe.plan("fit", point), probe.network
    validates = {VALIDATION_X, VALIDATION_Y, "validation"}
    if network is None or not isinstance(plan, Plan) or not validates & {source for _, source in plan.taken}:
        return
    ends = []
    for turn in range(SELECTIONS):
        y = np.roll(point.y, turn)
        network.held_out = probe.layout.targets(y, point.classes, "fit") if turn else None
        ends.append(attempt(lambda: trained_for(probe, point, EPOCHS)))
        probe.reset(point)
    network.held_out = None
    if any(end is not None and not np.array_equal(end, ends[0]) for end in ends if ends[0] is not None):
        probe.layout.selects = True
        probe.notes.append("fit ends with the parameters that did best on the validation data that it is given")


def trained_for(probe: Probe, point: Point, epochs: int) -> np.ndarray:
    """The parameters after so many epochs on all samples at once."""
    size = len(point.x)
    probe.translated.fit(point.model, point.x, point.y, epochs=epochs, batch_size=size, lr=STEP, seed=0)
    return flat(probe.translated.parameters(point.model))


def find_seeding(probe: Probe, point: Point) -> None:
    """Find what decides initial weights: an argument of the constructor, NumPy's global generator, or neither."""
    if probe.form is not None and not probe.form.makes_parameters:
        how = "the code has no function that makes the parameters"
        probe.find("seeding", "none", how)
        probe.find("initialization", "any", how)
        return
    if probe.recognised is None or probe.recognised.takes_seed():
        return
    one, again, other = (drawn(probe, point, seed) for seed in (1, 1, 2))
    if one is None or again is None or other is None:
        return
    if not np.array_equal(one, again):
        probe.find("seeding", "none", "two networks made from the same state of the global generator differ")
    elif np.array_equal(one, other):
        probe.find("seeding", "fixed", "every new network has the same weights: the seed is fixed in the code")
    else:
        probe.find("seeding", "global", "seed is not an argument, and the global generator decides the weights")


def drawn(probe: Probe, point: Point, seed: int) -> np.ndarray | None:
    """All initial weights of a new network."""
    made = attempt(lambda: probe.raw.parameters(probe.raw.create(list(point.sizes), seed)))
    return None if made is None else np.concatenate([to_numpy(w).reshape(-1) for w in made[0]])
