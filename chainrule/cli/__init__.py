"""The command `chainrule`, with a parser for each of its commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chainrule.cli.adapt import ADAPT, run_adapt
from chainrule.cli.check import CHECK, add_check_arguments
from chainrule.cli.completion import SHELLS, run_completion
from chainrule.cli.examples import epilog
from chainrule.cli.explain import run_explain
from chainrule.cli.mistakes import run_mistakes
from chainrule.cli.new import run_new
from chainrule.cli.parsing import (
    INTERRUPTED,
    REPLACED,
    STATUS,
    TARGET,
    UNREAD,
    UNUSABLE,
    Parser,
    Wrapped,
    add_reading_arguments,
    replacing,
    with_targets_first,
)
from chainrule.cli.repro import add_repro
from chainrule.cli.study import add_study
from chainrule.cli.train import add_train
from chainrule.contract.errors import UnusableTarget
from chainrule.support.version import VERSION

DESCRIPTION = "A specification, as executable tests, for neural networks written from scratch."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    for stream in (sys.stdout, sys.stderr):
        replacing(stream)
    parser = make_parser()
    words = sys.argv[1:] if argv is None else argv
    arguments, rest = parser.parse_known_args(with_targets_first(words))
    if rest and arguments.command != "check":
        parser.error(f"{arguments.command} does not know {' '.join(rest)}")
    try:
        return int(arguments.run(arguments, rest))
    except UnusableTarget as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:  # what reads the output has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        foreign = [word for word in words if word.encode(errors=REPLACED).decode() != word]
        if foreign:
            print(f"chainrule: {foreign[0]}: not text in this locale; set PYTHONUTF8=1, or rename it", file=sys.stderr)
            return UNUSABLE
        said = str(error).strip().splitlines() or [""]
        print(f"chainrule: a fault of chainrule's own, {type(error).__name__}: {said[-1]}", file=sys.stderr)
        print("Please report it, with what `python -X dev -m chainrule` and the same arguments print.", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = Parser(prog="chainrule", description=DESCRIPTION, epilog=STATUS, formatter_class=Wrapped)
    parser.add_argument("--version", action="version", version=f"chainrule {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    check = commands.add_parser("check", help="check an implementation", description=CHECK, epilog=STATUS)
    add_check_arguments(check)
    add_study(commands)
    add_repro(commands)
    explain = commands.add_parser("explain", help="show a clause of the mathematics, a known mistake, or a chapter")
    explain.add_argument(
        "id",
        metavar="ID",
        nargs="?",
        help="the id of a clause, such as softmax.shift_invariance, or of a mistake, such as softmax-no-shift, or a "
        "chapter; without an id, all clauses are listed",
    )
    explain.set_defaults(run=run_explain)
    known = commands.add_parser("mistakes", help="list the mistakes that a check knows by name")
    known.add_argument("chapter", metavar="CHAPTER", nargs="*", help="list only the mistakes of these chapters")
    known.set_defaults(run=run_mistakes)
    new = commands.add_parser("new", help="write a skeleton to fill in")
    new.add_argument("file", metavar="FILE", type=Path, help="the file to write; it must not exist yet")
    new.set_defaults(run=run_new)
    adapt = commands.add_parser("adapt", help="draft an adapter for code in another form", description=ADAPT)
    adapt.add_argument("target", metavar="TARGET", help=TARGET)
    adapt.add_argument("--output", metavar="FILE", type=Path, help="the file to write; it must not exist yet")
    add_reading_arguments(adapt)
    adapt.set_defaults(run=run_adapt)
    add_train(commands)
    completion = commands.add_parser("completion", help="print a script with which a shell completes chainrule")
    completion.add_argument("shell", choices=SHELLS, help="the shell that it is for")
    completion.set_defaults(run=lambda arguments, _: run_completion(arguments, make_parser))
    for name, command in commands.choices.items():
        command.epilog = "\n\n".join(filter(None, (epilog(name), command.epilog)))
        command.formatter_class = Wrapped
    return parser
