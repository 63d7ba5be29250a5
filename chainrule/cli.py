"""The command `chainrule`: check, explain, mistakes, new, adapt, train."""

from __future__ import annotations

import argparse
import difflib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from chainrule.contract import CORE_CHAPTERS, EXTENSION_CHAPTERS, UnusableTarget
from chainrule.version import VERSION

PASS, FAIL, UNUSABLE, INTERRUPTED = 0, 1, 4, 130
LONGEST_TIMEOUT = 1e6  # seconds: what every system's timers can count
TARGET = "a .py file, a notebook (.ipynb), a package folder or a module name"
DESCRIPTION = "A specification, as executable tests, for neural networks written from scratch."
CHECK = """Check an implementation against the mathematics.

TARGET is a .py file, a notebook, a package folder or a module name; of a file or notebook only the definitions run, and
what they need.  Conventions and names are found by themselves; those declared here are stronger than those of
[tool.chainrule.conventions] and [tool.chainrule.names] in the nearest pyproject.toml above TARGET, those than the
file's own CHAINRULE dictionary, and all of them than what is found.

Options that chainrule does not know are handed on to pytest:
-k EXPRESSION, -x, --junitxml FILE, -n PROCESSES (with chainrule[parallel]), ...
"""
ADAPT = (
    "Write a draft of an adapter, with all that is recognised in TARGET filled in and the rest as comments.  The draft "
    "runs as it is: `chainrule check TARGET --adapter DRAFT`."
)
STATUS = "Exit status: 0 the verdict is `pass`; 1 it is `fail` or `incomplete`; 4 the command or TARGET is unusable."


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints end with the contract's exit status."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"chainrule: {message}\n{self.format_usage()}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "check":
        parser.error(f"{arguments.command} takes no {' '.join(rest)}")
    try:
        return int(arguments.run(arguments, rest))
    except UnusableTarget as error:
        print(f"chainrule: {error}", file=sys.stderr)
        return UNUSABLE
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        said = str(error).strip().splitlines() or [""]
        print(f"chainrule: a fault of chainrule's own, {type(error).__name__}: {said[-1]}", file=sys.stderr)
        print("Please report it, with what `python -X dev -m chainrule` and the same arguments print.", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = Parser(prog="chainrule", description=DESCRIPTION, epilog=STATUS)
    parser.add_argument("--version", action="version", version=f"chainrule {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    raw = argparse.RawDescriptionHelpFormatter
    check = commands.add_parser(
        "check", help="check an implementation", description=CHECK, epilog=STATUS, formatter_class=raw
    )
    add_check_arguments(check)
    explain = commands.add_parser("explain", help="show a clause of the mathematics, or a known mistake")
    explain.add_argument(
        "id",
        metavar="ID",
        nargs="?",
        help="a clause's id, such as softmax.shift_invariance, or a mistake's, such as softmax-no-shift; "
        "none lists the clauses",
    )
    explain.set_defaults(run=run_explain)
    known = commands.add_parser("mistakes", help="list the mistakes that a check knows by name")
    known.add_argument("chapter", metavar="CHAPTER", nargs="*", help="of these chapters only")
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
    return parser


def add_check_arguments(check: argparse.ArgumentParser) -> None:
    check.add_argument("target", metavar="TARGET", help=TARGET)
    check.add_argument(
        "--adapter", metavar="FILE", help="a file whose class Adapter subclasses chainrule.Implementation"
    )
    check.add_argument(
        "--chapter",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help=f"require these chapters only: {', '.join(CORE_CHAPTERS)}; {', '.join(EXTENSION_CHAPTERS)}, which runs "
        "anyway where its names exist",
    )
    check.add_argument(
        "--full", action="store_true", help="train on Fashion-MNIST as well, to over 88 %% test accuracy"
    )
    add_reading_arguments(check)
    check.add_argument(
        "--explain-conventions", action="store_true", help="show first how the file is read, and how that was found"
    )
    check.add_argument(
        "--from-scratch", action="store_true", help="fail if an ML framework, or chainrule itself, is imported"
    )
    check.add_argument("--thorough", action="store_true", help="explore at random, with many more examples")
    check.add_argument("--seed", type=int, metavar="N", help="repeat the --thorough run that reported N")
    check.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="for each spec (default 60; 600 with --thorough; 0: none)"
    )
    check.add_argument(
        "--format", choices=("text", "json", "html"), default="text", help="how to report (default text)"
    )
    check.add_argument("--output", metavar="FILE", type=Path, help="write the report to a file")
    check.set_defaults(run=run_check)


def add_reading_arguments(command: argparse.ArgumentParser) -> None:
    """How TARGET is read: what is declared of it, and what of it is executed."""
    command.add_argument(
        "--convention",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="declare a convention, such as samples=columns or initialization=he; may be given several times",
    )
    command.add_argument(
        "--name",
        metavar="NAME=THEIRS",
        action="append",
        default=[],
        help="what the file calls a name of the contract, such as MLP=NeuralNetwork or backward=backprop; may be "
        "given several times",
    )
    command.add_argument(
        "--run-all", action="store_true", help="execute all of the file or notebook, its training and plotting included"
    )


def run_check(arguments: argparse.Namespace, rest: list[str]) -> int:
    from rich.console import Console

    from chainrule.loading import load
    from chainrule.options import pairs
    from chainrule.reports.conventions import print_conventions
    from chainrule.reports.html import page
    from chainrule.reports.text import TextReport
    from chainrule.run import check, spec_file

    for chapter in arguments.chapter:
        spec_file(chapter)
    if arguments.timeout is not None and not 0 <= arguments.timeout <= LONGEST_TIMEOUT:
        raise UnusableTarget(
            f"--timeout {arguments.timeout:g}: expected seconds, at most {LONGEST_TIMEOUT:g}, or 0 for no limit"
        )
    if arguments.full or "accuracy" in arguments.chapter:
        require_data()
    if arguments.output is not None:
        require_writable(arguments.output)
    stream = sys.stdout if arguments.output is None else io.StringIO()
    console = Console(file=stream, width=None if arguments.output is None else 100)
    report = TextReport(console)
    told = arguments.format == "text"
    loaded = load(
        arguments.target,
        arguments.adapter,
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )
    if arguments.explain_conventions:
        print_conventions(console if told else Console(stderr=True), loaded)
    if told:
        report.begin(loaded)
    try:
        outcome = check(
            loaded,
            chapters=arguments.chapter,
            full=arguments.full,
            thorough=arguments.thorough,
            seed=arguments.seed,
            timeout=arguments.timeout,
            from_scratch=arguments.from_scratch,
            pytest_arguments=rest,
            listener=report if told else None,
        )
    finally:
        report.stop()
    if told:
        report.finish(outcome)
    else:
        print(outcome.to_json() if arguments.format == "json" else page(outcome), file=stream)
    if isinstance(stream, io.StringIO):
        arguments.output.write_text(stream.getvalue(), encoding="utf-8", newline="\n")
    return PASS if outcome.verdict == "pass" else FAIL


def require_data() -> None:
    """Bring Fashion-MNIST here before anything runs.  Raises UnusableTarget with every way to get it."""
    from chainrule.datasets import DatasetUnavailable, fashion_mnist

    try:
        fashion_mnist()
    except DatasetUnavailable as error:
        raise UnusableTarget(str(error)) from None


def run_explain(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from rich.console import Console

    from chainrule.clauses import clauses
    from chainrule.diagnosis import mistakes
    from chainrule.reports.clause import print_clause, print_index
    from chainrule.reports.mistake import print_mistake

    known, catalogue = clauses(), mistakes()
    console = Console()
    if arguments.id is None:
        print_index(console, known.values())
    elif arguments.id in known:
        print_clause(console, known[arguments.id], [m for m in catalogue.values() if m.clause == arguments.id])
    elif arguments.id in catalogue:
        print_mistake(console, catalogue[arguments.id], known[catalogue[arguments.id].clause])
    else:
        near = difflib.get_close_matches(arguments.id, [*known, *catalogue], n=3, cutoff=0.4)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else "`chainrule explain` and `chainrule mistakes` list them"
        )
        raise UnusableTarget(f"{arguments.id}: there is no such clause or mistake; {hint}")
    return PASS


def run_mistakes(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from rich.console import Console

    from chainrule.diagnosis import mistakes
    from chainrule.reports.mistake import print_catalogue

    chapters = dict.fromkeys(mistake.chapter for mistake in mistakes().values())
    for chapter in arguments.chapter:
        if chapter not in chapters:
            raise UnusableTarget(f"{chapter}: no mistakes of such a chapter; there are: {', '.join(chapters)}")
    print_catalogue(Console(), [m for m in mistakes().values() if m.chapter in (arguments.chapter or chapters)])
    return PASS


def run_new(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.skeleton import SKELETON

    path: Path = arguments.file
    if path.suffix != ".py":
        raise UnusableTarget(f"{path}: expected the name of a Python file, such as my_mlp.py")
    write_new(path, SKELETON)
    print(f"{path}: fill it in, and run `chainrule check {path}` as often as you like")
    return PASS


def run_adapt(arguments: argparse.Namespace, _rest: list[str]) -> int:
    from chainrule.adapt import draft
    from chainrule.loading import load
    from chainrule.options import pairs

    path: Path = arguments.output or Path(f"{Path(arguments.target).stem.replace('.', '_')}_adapter.py")
    if path.exists():
        raise UnusableTarget(f"{path}: exists already, and is left as it is; name a new file with --output")
    loaded = load(
        arguments.target,
        conventions=pairs("--convention", arguments.convention),
        names=pairs("--name", arguments.name),
        run_all=arguments.run_all,
    )
    written = draft(loaded, str(path))
    write_new(path, written.source)
    print(f"{path}: {written.summary}\nchainrule check {arguments.target} --adapter {path}")
    return PASS


def write_new(path: Path, text: str) -> None:
    """Write a file that must not exist yet.  Raises UnusableTarget."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UnusableTarget(f"{path}: exists already, and is left as it is; name a new file") from None
    except OSError as error:
        raise UnusableTarget(f"{path}: cannot be written ({error.strerror})") from None


def add_train(commands: argparse._SubParsersAction[Parser]) -> None:
    """`chainrule train` is imported only when it is called for: checking needs none of it."""
    from chainrule import train_command

    train = commands.add_parser(
        "train",
        help="train the reference on Fashion-MNIST",
        description=train_command.DESCRIPTION,
        epilog=train_command.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train_command.add_arguments(train)
    train.set_defaults(run=lambda arguments, _rest: train_command.run(arguments))


def require_writable(path: Path) -> None:
    """Fail before anything runs if the report could not be written; a report that is there already stays until then."""
    existed = path.exists()
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise UnusableTarget(f"--output {path}: cannot be written ({error.strerror})") from None
    if not existed:
        path.unlink()
