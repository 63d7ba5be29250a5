"""The pictures of a page, as SVG: each says in words, too, what it shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from chainrule.running.pictures import GradientErrors, InitialWeights, Picture, Training
from chainrule.training.datasets.published import FASHION_MNIST

WIDTH, HEIGHT = 340, 150
LEFT, BOTTOM = 34, 22  # margins for the numbers at the axes
CELL, GAP, MOST_CELLS = 13, 12, 24
ROUNDING, WRONG = -12.0, 0.0  # decimal logarithms: errors at most that large are rounding, that large all wrong
STEPS = ("rounding", "", "", "wrong")  # the shades of an error, and what the first and the last mean


def figure(picture: Picture) -> str:
    """A picture with its caption."""
    if isinstance(picture, GradientErrors):
        return framed("Errors of the gradients", gradient_words(picture), heat_map(picture))
    if isinstance(picture, InitialWeights):
        return framed("Initial weights", initial_words(picture), histogram(picture))
    return framed("Loss by epoch", training_words(picture), curves(picture))


def framed(title: str, words: str, svg: str) -> str:
    return f"<figure><figcaption><strong>{title}.</strong> {escape(words)}</figcaption>{svg}</figure>"


def image(width: float, height: float, parts: Iterable[str], words: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg>"
    )


def text(x: float, y: float, said: str, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(said)}</text>'


def gradient_words(picture: GradientErrors) -> str:
    wrong = [
        f"{name} (off by up to {number(float(errors.max()))} of its largest entry)"
        for name, errors in zip(picture.names, picture.errors, strict=True)
        if shade(float(errors.max())) > 0
    ]
    return f"Not right: {', '.join(wrong)}." if wrong else "Every entry of every layer is right, to rounding."


def heat_map(picture: GradientErrors) -> str:
    """A square for each entry of each array, the darker the further off; a cross marks those that are wrong."""
    parts, x, height = [], 0.0, 0.0
    for name, errors in zip(picture.names, picture.errors, strict=True):
        shown = errors[:MOST_CELLS, :MOST_CELLS]
        parts.append(text(x, 11, name))
        for row, column in np.ndindex(*shown.shape):
            parts.append(cell(x + CELL * column, 18 + CELL * row, shade(float(shown[row, column]))))
        x += max(CELL * shown.shape[1], 40) + GAP
        height = max(height, 18.0 + CELL * shown.shape[0])
    for place, meaning in enumerate(STEPS):
        at = 26 * place
        parts.append(cell(at, height + 14, place))
        parts.append(text(at, height + 40, meaning, "start" if not place else "middle"))
    return image(max(x, 150), height + 46, parts, gradient_words(picture))


def cell(x: float, y: float, step: int) -> str:
    square = f'<rect class="heat{step}" x="{x:g}" y="{y:g}" width="{CELL - 1}" height="{CELL - 1}"/>'
    if not step:
        return square
    end = CELL - 4
    return f'{square}<path class="mark" d="M{x + 3:g} {y + 3:g}l{end - 3} {end - 3}m0 {3 - end}l{3 - end} {end - 3}"/>'


def shade(error: float) -> int:
    """Which of STEPS an error is, on a logarithmic scale."""
    if not math.isfinite(error):
        return len(STEPS) - 1
    exponent = math.log10(max(error, 1e-300))
    if exponent <= ROUNDING:
        return 0
    return min(1 + int((len(STEPS) - 1) * (exponent - ROUNDING) / (WRONG - ROUNDING)), len(STEPS) - 1)


def initial_words(picture: InitialWeights) -> str:
    inside = float(np.diff(picture.edges) @ picture.density)
    layer = f"{picture.fan_in} inputs, {picture.fan_out} units"
    said = f"{layer}; the standard deviation is {number(picture.deviation)} times Glorot's"
    return said + ("." if inside > 0.999 else f", and {1 - inside:.1%} of the weights lie beyond four of Glorot's.")


def histogram(picture: InitialWeights) -> str:
    """Bars for the weights, and lines for the two distributions of Glorot's variance, uniform and normal."""
    edges, limit = picture.edges, math.sqrt(3)
    grid = np.linspace(edges[0], edges[-1], 97)
    normal = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    uniform = np.where(np.abs(grid) <= limit, 1 / (2 * limit), 0.0)
    top = 1.1 * max(float(picture.density.max()), float(normal.max()))

    def at(x: float, y: float) -> tuple[float, float]:
        return plotted((x - edges[0]) / (edges[-1] - edges[0]), y / top)

    bars = []
    for left, right, height in zip(edges[:-1], edges[1:], picture.density, strict=True):
        (x, y), (end, base) = at(left, float(height)), at(right, 0.0)
        bars.append(
            f'<rect class="weights" x="{x:.1f}" y="{y:.1f}" width="{end - x - 1:.1f}" height="{base - y:.1f}"/>'
        )
    lines = [
        line("right", [at(float(x), float(y)) for x, y in zip(grid, normal, strict=True)]),
        line("right dashed", [at(float(x), float(y)) for x, y in zip(grid, uniform, strict=True)]),
    ]
    ticks = [text(at(x, 0)[0], HEIGHT - 6, f"{x:g}", "middle") for x in (-4, -2, 0, 2, 4)]
    legend = [text(LEFT, 12, "bars: the weights; line: normal; dashes: uniform")]
    return image(WIDTH, HEIGHT, [*bars, *lines, *ticks, *legend], initial_words(picture))


def training_words(picture: Training) -> str:
    return (
        f"From {number(picture.own[0])} to {number(picture.own[-1])} in {len(picture.own) - 1} epochs on three blobs; "
        f"the reference, from the same weights, to {number(picture.right[-1])}."
    )


def curves(picture: Training) -> str:
    """The loss after each epoch: a line for the code, dashes for the reference."""
    finite = [loss for loss in (*picture.own, *picture.right) if math.isfinite(loss)] or [1.0]
    top = min(max(finite), 4 * max(picture.right)) or 1.0
    last = len(picture.own) - 1

    def points(losses: Sequence[float]) -> list[tuple[float, float]]:
        return [
            plotted(epoch / last, min(loss, top) / top / 1.08)
            for epoch, loss in enumerate(losses)
            if math.isfinite(loss)
        ]

    ticks = [text(plotted(epoch / last, 0)[0], HEIGHT - 6, str(epoch), "middle") for epoch in (0, last // 2, last)]
    ticks += [text(LEFT - 4, plotted(0, share / 1.08)[1] + 4, number(share * top), "end") for share in (0.0, 0.5, 1.0)]
    legend = [text(LEFT + 60, 12, "line: this code; dashes: the reference")]
    return image(
        WIDTH,
        HEIGHT,
        [line("own", points(picture.own)), line("right dashed", points(picture.right)), *ticks, *legend],
        training_words(picture),
    )


def confusion(counts: Sequence[Sequence[int]]) -> str:
    """How many test images of each class were predicted as each, as a table; the darker, the more were confused."""
    total, right = sum(map(sum, counts)), sum(row[place] for place, row in enumerate(counts))
    worst = max(count for i, row in enumerate(counts) for j, count in enumerate(row) if i != j) or 1
    head = "".join(f"<th scope='col'>{place}</th>" for place in range(len(counts)))
    rows = []
    for i, row in enumerate(counts):
        kinds = ["diagonal" if i == j else confused(count / worst) for j, count in enumerate(row)]
        cells = "".join(f'<td class="{kind}">{count}</td>' for kind, count in zip(kinds, row, strict=True))
        rows.append(f"<tr><th scope='row'>{escape(FASHION_MNIST.classes[i])} {i}</th>{cells}</tr>")
    words = f"{right / total:.2%} of {total:,} test images are right. Rows: the class; columns: what was predicted."
    return framed("Fashion-MNIST", words, f'<table class="confusion"><tr><td></td>{head}</tr>{"".join(rows)}</table>')


def confused(share: float) -> str:
    """The shade of a number of confused images, as a share of the largest."""
    return f"heat{min(int(3 * share + 0.5), 2)}" if share > 0.05 else ""


def plotted(x: float, y: float) -> tuple[float, float]:
    """The place in the image of a point in the unit square."""
    return LEFT + x * (WIDTH - LEFT - 8), (HEIGHT - BOTTOM) - y * (HEIGHT - BOTTOM - 16)


def line(kind: str, points: Iterable[tuple[float, float]]) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def number(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else str(value)
