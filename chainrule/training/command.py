"""`chainrule train`: the reference on pictures, with its progress.  loop.py trains, plotting.py draws."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from chainrule.training import datasets, storing
from chainrule.training.datasets.published import DATASETS, FASHION_MNIST, Published
from chainrule.training.loop import (
    Data,
    Diverged,
    Epoch,
    Network,
    Training,
    most_confused,
    probabilities,
    train,
)
from chainrule.training.models import MODELS, PLAIN, Model, normalizations
from chainrule.training.outcome import TrainingOutcome
from chainrule.training.settings import Settings

DONE, UNUSABLE, INTERRUPTED = 0, 4, 130  # 130 = 128 + SIGINT, as a shell reports a command ended by Ctrl-C
CHANGEABLE = ("hidden", "epochs", "batch_size", "lr", "seed", "dtype", "validation")  # settings that are options
PAIRS = 5  # how many pairs of confused classes are printed
MOST_IN_A_ROW = 20  # classes, of which a matrix is printed


class Unusable(Exception):
    """The command cannot run; the message says why and what to do."""


Made = Callable[[Sequence[int], int], Network]  # of sizes and a seed


def run(args: argparse.Namespace, made: Made | None = None) -> int:
    """Run `chainrule train`.  Returns the exit status.  made: makes the network to train, by default the reference."""
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        return _train_and_report(args, console, made)
    except (Unusable, Diverged, datasets.DatasetUnavailable) as problem:
        errors.print(f"chainrule train: {problem}", markup=False, soft_wrap=True)
        return UNUSABLE
    except KeyboardInterrupt:
        errors.print("chainrule train: ended by Ctrl-C")
        return INTERRUPTED


def _train_and_report(args: argparse.Namespace, console: Console, made: Made | None) -> int:
    model = _model(args.model, made)
    settings = _settings(args, model)
    save_to = _writable(storing.archive(args.save)) if args.save else None
    draw_to = _drawable(args.plot) if args.plot else None
    data = load(settings, *_dataset(args.data))
    sizes = [data.train_x.shape[1], *settings.hidden, len(data.class_names)]
    network = model.make(sizes, settings.seed, settings.dtype) if made is None else made(sizes, settings.seed)

    _print_plan(console, data, settings, model, network)
    _print_heading(console)
    with _progress(console, settings.epochs, "training") as advance:

        def tell(epoch: Epoch) -> None:
            _print_epoch(console, epoch)
            advance()

        training = train(data, settings, on_epoch=tell, network=network)
    _print_interruption(console, training, "continuing with the present weights")
    outcome = evaluate(data, training)
    if save_to:
        written = _written(lambda: storing.save(training.network, save_to, args.model or PLAIN), save_to)
        console.print(f"\nNetwork saved to {written}", soft_wrap=True)

    linear = baseline = None
    if settings.hidden and not args.no_baseline and not training.interrupted:
        with _progress(console, _linear(settings, model).epochs, "linear baseline") as advance:
            linear = train(data, _linear(settings, model), on_epoch=lambda _: advance())
        _print_interruption(console, linear, "continuing without the linear baseline")
        baseline = None if linear.interrupted else evaluate(data, linear)
    interrupted = training.interrupted or (linear is not None and linear.interrupted)
    _print_accuracies(console, outcome, baseline)
    _print_confusion(console, outcome)
    if draw_to:
        from chainrule.training.plotting import draw

        _written(lambda: draw(outcome, data, draw_to), draw_to)
        console.print(f"\nPicture drawn to {draw_to}", soft_wrap=True)
    return INTERRUPTED if interrupted else DONE


def load(settings: Settings, dataset: Published = FASHION_MNIST, folder: Path | None = None) -> Data:
    """A data set in three parts, pixels scaled to [0, 1]; the last settings.validation training images validate.

    Raises Unusable if no images are left to train on, DatasetUnavailable if the data cannot be loaded.
    """
    found = datasets.load(dataset, folder)
    count = len(found.train_labels) - settings.validation
    if count < 1:
        total = len(found.train_labels)
        raise Unusable(f"--validation: expected fewer than the {total} training images, found {settings.validation}")
    images = datasets.scaled(found.train_images, settings.dtype)
    return Data(
        images[:count],
        found.train_labels[:count],
        images[count:],
        found.train_labels[count:],
        datasets.scaled(found.test_images, settings.dtype),
        found.test_labels,
        dataset.classes,
        dataset.title,
        found.train_images.shape[1:],
    )


def evaluate(data: Data, training: Training) -> TrainingOutcome:
    """Evaluate the network on the test set, once."""
    return TrainingOutcome(training, probabilities(training.network, data.test_x), data.test_y, data.class_names)


def list_models() -> int:
    """Run `chainrule train --list-models`.  Returns the exit status."""
    table = Table.grid(padding=(0, 2))
    for name, model in MODELS.items():
        hidden = "-".join(map(str, model.settings.hidden))
        beside = f"; {model.beside}" if model.beside else ""
        table.add_row(Text(name, "bold"), f"hidden layers {hidden}; {_recipe(model.settings, model)}{beside}")
    Console(highlight=False).print(table)
    return DONE


def _dataset(said: str | None) -> tuple[Published, Path | None]:
    """The data set that --data names, and the folder if it names one instead."""
    if said is None or said in DATASETS:
        return DATASETS[said or FASHION_MNIST.name], None
    folder = Path(said)
    if not folder.exists() and len(folder.parts) == 1:
        raise Unusable(f"--data: expected one of {', '.join(DATASETS)}, or a folder that exists, found {said}")
    return datasets.held_by(folder) or FASHION_MNIST, folder


def _model(name: str | None, made: Made | None) -> Model:
    if name is not None and made is not None:
        raise Unusable("--model names a network of the reference, but TARGET brings its own: leave one of them out")
    if name is not None and name not in MODELS:
        raise Unusable(f"--model: expected one of {', '.join(MODELS)}, found {name}; --list-models describes them")
    return MODELS[name or PLAIN]


def _settings(args: argparse.Namespace, model: Model) -> Settings:
    """The model's settings, with those that the command line changes."""
    given = {name: value for name in CHANGEABLE if (value := getattr(args, name)) is not None}
    try:
        return replace(model.settings, **given)
    except ValueError as error:
        raise Unusable(error) from None


def _linear(settings: Settings, model: Model) -> Settings:
    """How the linear baseline is trained: as the plain model, which has no recipe of its own."""
    if model is MODELS[PLAIN]:
        return replace(settings, hidden=())
    kept = {name: getattr(settings, name) for name in ("seed", "dtype", "validation")}
    return replace(MODELS[PLAIN].settings, hidden=(), **kept)


def _writable(path: Path) -> Path:
    """PATH, if a file can be written there; an existing file keeps its content."""
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror}") from None
    if not existed:
        path.unlink()
    return path


def _drawable(path: Path) -> Path:
    try:
        from chainrule.training.plotting import FORMATS
    except ImportError:
        raise Unusable("--plot needs matplotlib, which is not installed: pip install 'chainrule[plot]'") from None
    path = path if path.suffix else path.with_name(f"{path.name}.png")
    if path.suffix[1:].lower() not in FORMATS:
        raise Unusable(f"--plot: expected a file name ending in one of {', '.join(FORMATS)}, found {path.name}")
    return _writable(path)


def _written(write: Callable[[], object], path: Path) -> object:
    try:
        return write()
    except OSError as error:
        raise Unusable(f"{path} could not be written: {error.strerror or error}") from None


def _print_plan(console: Console, data: Data, settings: Settings, model: Model, network: Network) -> None:
    sizes = network.sizes
    counted = [*network.weights, *network.biases]
    counted += [theta for layer in normalizations(network) for theta in layer.parameters]
    parameters = sum(theta.size for theta in counted)
    beside = f", with {model.beside}" if model.beside else ""
    plan = Table.grid(padding=(0, 3))
    parts = ((data.train_y, "images to train on"), (data.validation_y, "to validate"), (data.test_y, "to test"))
    plan.add_row(data.title, ", ".join(f"{len(labels):,} {purpose}" for labels, purpose in parts))
    plan.add_row("Network", f"{'-'.join(map(str, sizes))}, {parameters:,} parameters, {settings.dtype}{beside}")
    plan.add_row("Training", f"{_recipe(settings, model)}, seed {settings.seed}")
    console.print(plan)


def _recipe(settings: Settings, model: Model) -> str:
    return (
        f"{settings.epochs} epochs of {model.method}, batches of {settings.batch_size}, "
        f"learning rate {settings.lr:g}{model.falls}"
    )


def _print_heading(console: Console) -> None:
    console.print("\nepoch      loss   training accuracy   validation accuracy   seconds", style="bold")


def _print_epoch(console: Console, epoch: Epoch) -> None:
    validation = "-" if epoch.validation_accuracy is None else f"{epoch.validation_accuracy:.2%}"
    accuracies = f"{epoch.training_accuracy:17.2%}   {validation:>19}"
    console.print(f"{epoch.number:5}  {epoch.loss:8.4f}   {accuracies}   {epoch.seconds:7.2f}")


@contextmanager
def _progress(console: Console, epochs: int, task: str) -> Iterator[Callable[[], None]]:
    """A progress bar below the lines, on a terminal only; it disappears at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs,"),
               TimeRemainingColumn(), TextColumn("left"))  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(task, total=epochs)
        yield lambda: progress.advance(bar)


def _print_interruption(console: Console, training: Training, what: str) -> None:
    if training.interrupted:
        console.print(f"Ctrl-C after {len(training.epochs)} epochs: {what}.")


def _print_accuracies(console: Console, outcome: TrainingOutcome, baseline: TrainingOutcome | None) -> None:
    console.print("\nTest accuracy", style="bold")
    sizes = outcome.training.network.sizes
    console.print(f"  {'-'.join(map(str, sizes)):24} {outcome.test_accuracy:7.2%}", style="bold green")
    if baseline is not None:
        console.print(f"  {'linear, no hidden layer':24} {baseline.test_accuracy:7.2%}")
        gain = 100 * (outcome.test_accuracy - baseline.test_accuracy)
        console.print(f"  {'the hidden layers add':24} {gain:+7.2f} points")
    if len(sizes) == 2:
        console.print("  (without a hidden layer, this network is itself the linear baseline)")


def _print_confusion(console: Console, outcome: TrainingOutcome) -> None:
    matrix, names = outcome.confusion, outcome.class_names
    if len(names) <= MOST_IN_A_ROW:
        _print_matrix(console, matrix, names)
    else:
        _print_hardest(console, matrix, names)
    console.print("\nMost confused: A and B (A taken for B, B taken for A)", style="bold")
    for i, j in most_confused(matrix, PAIRS):
        both = matrix[i, j] + matrix[j, i]
        console.print(f"  {both:4}  {names[i]} and {names[j]} ({matrix[i, j]}, {matrix[j, i]})")


def _print_matrix(console: Console, matrix: NDArray[np.int64], names: Sequence[str]) -> None:
    console.print("\nConfusion matrix: rows are true classes, columns the predicted ones", style="bold")
    console.print(" " * 14 + "".join(f"{j:5}" for j in range(len(names))) + "   right")
    for i, row in enumerate(matrix):
        cells = [Text(f"{count:5}", style=_shade(i, j, count, row.sum())) for j, count in enumerate(row)]
        right = f"{row[i] / row.sum():8.1%}" if row.sum() else f"{'-':>8}"
        console.print(Text.assemble(f"{i:2} {names[i]:11}", *cells, right))


def _print_hardest(console: Console, matrix: NDArray[np.int64], names: Sequence[str]) -> None:
    """Print the classes that are least often right, where there are too many for a matrix."""
    right = matrix.diagonal() / np.maximum(matrix.sum(axis=1), 1)
    console.print("\nLeast often right", style="bold")
    for i in np.argsort(right, kind="stable")[:PAIRS]:
        console.print(f"  {right[i]:6.1%}  {names[i]}")


def _shade(i: int, j: int, count: int, total: int) -> str:
    if i == j:
        return "bold green"
    return "red" if count > 0.05 * total else "dim" if count == 0 else ""
