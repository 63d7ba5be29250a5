"""The output of a network that shows only losses: p[n, k] = exp(-loss of sample n with label k)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.contract.errors import NotOffered, Unseen

BY_LOSSES = "the loss"  # what stands in place of the name of a forward pass
EXACT = 1e-11  # how far the probabilities of a sample may be from a sum of 1
GUARD = 1e-7  # the largest number that a loss may add to a probability before it takes the logarithm
FORMS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "index": lambda labels, _classes: labels,
    "one_hot": lambda labels, classes: np.eye(classes)[labels],
    "columns": lambda labels, classes: np.eye(classes)[:, labels],
}
Loss = Callable[[np.ndarray, np.ndarray], float]  # of samples and their labels


def form_of_labels(loss: Loss, x: np.ndarray, inputs: int, classes: int) -> str:
    """The form of labels with which the losses of samples x give probabilities, but for a guard of the logarithm.

    Raises NotOffered if no form does.
    """
    for form in FORMS:
        try:
            p = through_losses(loss, form, x, inputs, classes)
        except (NotOffered, Unseen):
            raise
        except Exception:
            continue
        if np.allclose(p.sum(axis=0 if lies_in_columns(x, inputs) else 1), 1, rtol=0, atol=classes * GUARD):
            return form
    raise NotOffered("the losses of a sample are not the logarithms of probabilities")


def through_losses(loss: Loss, form: str, x: np.ndarray, inputs: int, classes: int) -> np.ndarray:
    """The output for samples x, which lies as they do.  inputs: the features of a sample.

    Raises Unseen for losses that are not numbers.
    """
    columns = lies_in_columns(x, inputs)
    samples = [x[:, [n]] for n in range(x.shape[1])] if columns else [x[[n]] for n in range(len(x))]
    labels = [FORMS[form](np.array([k]), classes) for k in range(classes)]
    losses = np.array([[loss(sample.copy(), label.copy()) for label in labels] for sample in samples], dtype=float)
    if np.isnan(losses).any():
        raise Unseen("the output is read from losses, and a loss is not a number")
    p = np.exp(-losses.reshape(-1, classes))
    return p.T if columns else p


def lies_in_columns(x: np.ndarray, inputs: int) -> bool:
    return x.shape[1] != inputs


def some_labels(form: str, n: int, classes: int) -> np.ndarray:
    """Labels for n samples, the last class among them."""
    return FORMS[form]((classes - 1 - np.arange(n)) % classes, classes)
