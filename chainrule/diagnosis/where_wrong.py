"""What is special about the inputs at which a spec fails that has passed at the usual ones before."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chainrule.running.results import AskedCall, SpecResult

# Specs that look at usual inputs first, or build on specs that do.
USUAL_FIRST = (
    "relu.values",
    "softmax.values",
    "cross_entropy.values",
    "network.forward",
    "network.loss",
    "network.predict",
    "network.integer_inputs",
    "network.layouts",
    "gradients.values",
)
# Mistakes in how numbers are stored: in the model of the catalogue an array of the same numbers is the same array.
UNSEEN_IN_NUMBERS = ("storage-order", "forward-integers", "inputs-of-float32")
BEYOND_USUAL = (
    "batch-beyond-a-limit",
    "layers-beyond-a-limit",
    "classes-beyond-a-limit",
    "layers-of-great-width",
    "layers-of-one-width",
)
MOST_SAMPLES, MOST_CLASSES, MOST_LAYERS, WIDEST = 32, 12, 5, 500  # of the usual networks, and of images


def mistake_of_place(result: SpecResult) -> str:
    """The id of the mistake that shows where a spec fails; empty if it fails at usual inputs."""
    if result.outcome != "failed" or result.id not in USUAL_FIRST or result.evidence is None:
        return ""
    calls = [call for call in result.evidence.calls if call.name == result.evidence.last]
    return mistake_of(calls[-1]) if calls else ""


def mistake_of(call: AskedCall) -> str:
    """The id of the mistake that shows in calls such as this one, if all usual calls are right."""
    x = call.arguments[0]
    if not isinstance(x, np.ndarray):
        return ""
    if not x.flags.c_contiguous:
        return "storage-order"
    if call.parameters is None:
        return ""
    if x.dtype.kind in "iu":
        return "forward-integers"
    if x.dtype == np.float32:
        return "inputs-of-float32"
    weights, _ = call.parameters
    sizes = [len(weights[0]), *(w.shape[1] for w in weights)]
    if len(x) > MOST_SAMPLES:
        return "batch-beyond-a-limit"
    if len(weights) > MOST_LAYERS:
        return "layers-beyond-a-limit"
    if sizes[-1] > MOST_CLASSES:
        return "classes-beyond-a-limit"
    if max(sizes) > WIDEST:
        return "layers-of-great-width"
    return "layers-of-one-width" if any(m == n for m, n in pairwise(sizes)) else ""
