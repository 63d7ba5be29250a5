"""`chainrule train`: train the reference, or the network of a TARGET, on pictures."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from chainrule.cli.parsing import TARGET, Parser, add_reading_arguments
from chainrule.training.settings import Settings

DESCRIPTION = """\
Train a network on Fashion-MNIST, or other pictures (--data), and show what it
learned: its accuracy beside a linear classifier's, the confusion matrix, and
the classes it confuses most. The network is that of TARGET, with its own fit, or a model of the reference:
plain mini-batch SGD with a fixed learning rate, unless --model names another.

The models' settings were chosen on validation images, never on the test set,
which is looked at once, at the end."""
EPILOG = """\
Ctrl-C ends the training early: the weights of that moment are evaluated, and
saved if --save was given.

Exit status: 0 trained; 4 the command could not be carried out (a message says
why); 130 ended early by Ctrl-C."""


def add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add `chainrule train` to the command line."""
    train = commands.add_parser(
        "train",
        help="train a network on Fashion-MNIST: the reference, or that of TARGET",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    add_arguments(train)
    train.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.training import command  # imported late, as the other commands do not need it or the data sets

    if arguments.list_models:
        return command.list_models()
    if arguments.target is None:
        return command.run(arguments)
    from chainrule.contract.declarations import pairs
    from chainrule.running.loading import load
    from chainrule.running.trainable import trainable

    loaded = load(
        arguments.target,
        arguments.adapter,
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )
    arguments.dtype = loaded.impl.conventions["precision"].value
    return command.run(arguments, partial(trainable, loaded.impl))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `chainrule train` to PARSER.

    An option that a model decides is None if it is not given; its help names the plain model's value.
    """
    defaults = Settings()
    hidden = " ".join(map(str, defaults.hidden))
    add = parser.add_argument
    add("target", metavar="TARGET", nargs="?", help=f"{TARGET}; it stands before --hidden")
    add("--adapter", metavar="FILE", help="a file whose class Adapter subclasses chainrule.Implementation")
    add_reading_arguments(parser)
    add("--model", metavar="NAME", help="the model of the reference to train (mlp); its own settings are the defaults")
    add("--list-models", action="store_true", help="list the models with their recipes, and exit")
    add("--hidden", type=int, nargs="*", metavar="SIZE",
        help=f"sizes of the hidden layers; without a size, a linear classifier (default: {hidden})")  # fmt: skip
    add("--epochs", type=int, metavar="N", help=f"passes over the training images ({defaults.epochs})")
    add("--batch-size", type=int, metavar="N", help=f"images per step ({defaults.batch_size})")
    add("--lr", type=float, metavar="RATE", help=f"learning rate, of every epoch or the first ({defaults.lr})")
    add("--seed", type=int, default=defaults.seed, metavar="N",
        help="decides the initial weights and the order of the images (%(default)s)")  # fmt: skip
    add("--dtype", choices=("float32", "float64"), default=defaults.dtype, help="precision (%(default)s)")
    add("--validation", type=int, default=defaults.validation, metavar="N",
        help="how many of the training images, the last ones, to keep for validation (%(default)s)")  # fmt: skip
    add("--data", metavar="NAME|FOLDER",
        help="fashion-mnist (default), mnist, kmnist, cifar10, cifar100, or a folder with one's files")  # fmt: skip
    add("--no-baseline", action="store_true", help="do not train a linear classifier for comparison")
    add("--save", type=Path, metavar="FILE", help="write the trained network here (.npz)")
    add("--plot", type=Path, metavar="FILE",
        help="draw curves, confusion matrix and mistakes (.png, .svg, .pdf; needs matplotlib)")  # fmt: skip
