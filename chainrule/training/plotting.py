"""The picture of `chainrule train --plot`: loss, accuracy, confusion matrix, and misclassified images.

Needs matplotlib, the extra `plot`.  Colours are those of Wong, *Points of view: Color blindness* (2011).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chainrule.training.loop import Data
    from chainrule.training.outcome import TrainingOutcome

FORMATS = tuple(sorted(FigureCanvasBase.get_supported_filetypes()))
BLUE, VERMILION = "#0072B2", "#D55E00"
ROWS, COLUMNS = 3, 6  # of the misclassified images
MOST_NAMED = 20  # classes, beyond which names and counts have no room in the confusion matrix


def draw(outcome: TrainingOutcome, data: Data, path: Path) -> None:
    """Write the picture of OUTCOME to PATH, in the format its suffix names.  Raises OSError if it can't be written.

    data: what it was measured on.
    """
    figure = Figure(figsize=(14, 9), layout="constrained")
    sizes = "-".join(map(str, outcome.training.network.sizes))
    figure.suptitle(f"{data.title}, network {sizes}: {outcome.test_accuracy:.2%} of the test images right", fontsize=15)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.15))  # matplotlib declares one figure
    left, right = halves
    loss, accuracy = left.subplots(2, 1, sharex=True)
    _draw_loss(loss, outcome)
    _draw_accuracy(accuracy, outcome)
    filters = outcome.training.network.weights[0]
    heights = (1.35, 1) if filters.ndim == 2 else (1.35, 1, 0.4)
    above, below, *last = right.subfigures(len(heights), 1, height_ratios=heights)
    _draw_confusion(above.subplots(), outcome)
    _draw_mistakes(below, outcome, data)
    for figure_of_filters in last:
        _draw_filters(figure_of_filters, filters)
    figure.savefig(path, dpi=120)


def _draw_loss(axes: Axes, outcome: TrainingOutcome) -> None:
    epochs = outcome.training.epochs
    axes.plot([epoch.number for epoch in epochs], [epoch.loss for epoch in epochs], color=BLUE, marker=".")
    axes.set(title="Mean training loss of each epoch", ylabel="cross-entropy (nats)", ylim=(0, None))
    axes.grid(alpha=0.3)


def _draw_accuracy(axes: Axes, outcome: TrainingOutcome) -> None:
    epochs = outcome.training.epochs
    numbers = [epoch.number for epoch in epochs]
    axes.plot(numbers, [100 * epoch.training_accuracy for epoch in epochs], color=BLUE, marker=".", label="training")
    validated = [
        (epoch.number, 100 * epoch.validation_accuracy) for epoch in epochs if epoch.validation_accuracy is not None
    ]
    if validated:
        axes.plot(*zip(*validated, strict=True), color=VERMILION, marker=".", label="validation")
    axes.axhline(100 * outcome.test_accuracy, color="black", linestyle="--", linewidth=1, label="test, at the end")
    axes.set(title="Accuracy after each epoch", xlabel="epoch", ylabel="right (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="best")


def _draw_confusion(axes: Axes, outcome: TrainingOutcome) -> None:
    matrix, names = outcome.confusion, outcome.class_names
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    few = len(names) <= MOST_NAMED
    for (i, j), count in np.ndenumerate(matrix):
        if count and few:
            axes.text(
                j, i, f"{count}", ha="center", va="center", fontsize=8, color="white" if share[i, j] > 0.5 else "black"
            )
    if few:
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), names)
    axes.set(title="Confusion matrix of the test images", xlabel="predicted class", ylabel="true class")


def _draw_mistakes(figure: SubFigure, outcome: TrainingOutcome, data: Data) -> None:
    wrong = most_certain_mistakes(outcome, ROWS * COLUMNS)
    figure.suptitle("The surest mistakes: true class \N{RIGHTWARDS ARROW} predicted class", fontsize=12)
    for axes in figure.subplots(ROWS, COLUMNS).flat:
        axes.set_axis_off()
    for axes, n in zip(figure.axes, wrong, strict=False):
        picture = data.test_x[n].reshape(data.image_shape)
        axes.imshow(picture if picture.ndim == 2 else np.moveaxis(picture, 0, -1), cmap="gray_r")
        names = outcome.class_names
        axes.set_title(f"{names[outcome.test_y[n]]}\n\N{RIGHTWARDS ARROW} {names[outcome.predicted[n]]}", fontsize=8)


def _draw_filters(figure: SubFigure, filters: NDArray[np.floating]) -> None:
    """Draw the filters (F, C, HH, WW) of the first convolution, from the least to the largest weight of all."""
    figure.suptitle("The filters of the first convolution: dark is negative, light positive", fontsize=12)
    most = np.abs(filters).max()
    for axes, one in zip(figure.subplots(2, -(-len(filters) // 2)).flat, filters, strict=False):
        axes.set_axis_off()
        shown = one[0] if len(one) != 3 else np.moveaxis((one / most + 1) / 2, 0, -1)
        axes.imshow(shown, cmap="gray", vmin=-most, vmax=most)


def most_certain_mistakes(outcome: TrainingOutcome, count: int) -> NDArray[np.intp]:
    """The indices of the COUNT misclassified test samples with the highest probability for the wrong class."""
    wrong = np.flatnonzero(outcome.predicted != outcome.test_y)
    certainty = outcome.test_probabilities[wrong, outcome.predicted[wrong]]
    return wrong[np.argsort(-certainty, kind="stable")][:count]
