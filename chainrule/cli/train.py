"""`chainrule train`: train the reference on Fashion-MNIST."""

from __future__ import annotations

import argparse

from chainrule.cli.parsing import Parser


def add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    """`chainrule train` is imported only when it is called for: checking needs none of it."""
    from chainrule.training import command

    train = commands.add_parser(
        "train",
        help="train the reference on Fashion-MNIST",
        description=command.DESCRIPTION,
        epilog=command.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(train)
    train.set_defaults(run=lambda arguments, _rest: command.run(arguments))
