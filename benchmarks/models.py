"""What the models of `chainrule train` come to: validation and test accuracy of the last epoch, for several seeds.

    python benchmarks/models.py [MODEL ...] [--first 0] [--count 3] [--epochs N] [--batch-size N] [--lr RATE]

The recipes were chosen by the column of the validation images; the test column was looked at once they stood.  The last
lines are the table of docs/training.md.
"""

import argparse
import statistics
from dataclasses import replace

from chainrule.training.command import load
from chainrule.training.loop import accuracy, train
from chainrule.training.models import MODELS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="by default all")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=3, help="how many seeds")
    for option, kind in (("--epochs", int), ("--batch-size", int), ("--lr", float)):
        parser.add_argument(option, type=kind, help="in place of the recipe's")
    args = parser.parse_args()
    chosen = args.models or list(MODELS)
    unknown = [name for name in chosen if name not in MODELS]
    if unknown:
        parser.error(f"expected models among {', '.join(MODELS)}, found {', '.join(unknown)}")
    changed = {name: getattr(args, name) for name in ("epochs", "batch_size", "lr") if getattr(args, name) is not None}
    seeds = range(args.first, args.first + args.count)
    rows = [row(name, *results(name, seeds, changed)) for name in chosen]
    print("\n| model | " + " | ".join(f"seed {seed}" for seed in seeds) + " | mean | seconds each |")
    print("|---" * (args.count + 3) + "|", *rows, sep="\n")


def results(name, seeds, changed):
    """The test accuracies of a model, one for each seed, and the seconds of its trainings."""
    tested, times = [], []
    for seed in seeds:
        settings = replace(MODELS[name].settings, seed=seed, **changed)
        data = load(settings)
        network = MODELS[name].make([data.train_x.shape[1], *settings.hidden, 10], seed, settings.dtype)
        training = train(data, settings, network=network)
        tested.append(accuracy(network, data.test_x, data.test_y))
        times.append(sum(epoch.seconds for epoch in training.epochs))
        last = training.epochs[-1]
        print(
            f"{name:13}  seed {seed:3}  loss {last.loss:.4f}  training {last.training_accuracy:.4f}  "
            f"validation {last.validation_accuracy:.4f}  test {tested[-1]:.4f}  {times[-1]:5.1f} s",
            flush=True,
        )
    return tested, times


def row(name, tested, times):
    shares = [*tested, statistics.mean(tested)]
    return f"| `{name}` | {' | '.join(f'{share:.2%}' for share in shares)} | {statistics.mean(times):.0f} |"


if __name__ == "__main__":
    main()
