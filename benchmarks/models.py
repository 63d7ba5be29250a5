"""What the defaults of `chainrule train` come to: validation and test accuracy of the last epoch, for many seeds.

    python benchmarks/defaults.py [--first 0] [--count 15] [--epochs N] [--batch-size N] [--lr RATE]

The defaults were chosen by the column of the validation images; the test column was looked at once they stood.
"""

import argparse
import statistics
from dataclasses import fields, replace

from chainrule.training.command import load
from chainrule.training.loop import accuracy, train
from chainrule.training.settings import Settings

THRESHOLD = 0.8861


def main():
    defaults = Settings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=15, help="how many seeds")
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--batch-size", type=int, default=defaults.batch_size)
    parser.add_argument("--lr", type=float, default=defaults.lr)
    args = parser.parse_args()
    known = {field.name for field in fields(Settings)}
    settings = replace(defaults, **{name: value for name, value in vars(args).items() if name in known})
    data = load(settings, None)
    tested = []
    for seed in range(args.first, args.first + args.count):
        training = train(data, replace(settings, seed=seed))
        tested.append(accuracy(training.network, data.test_x, data.test_y))
        last = training.epochs[-1]
        seconds = sum(epoch.seconds for epoch in training.epochs)
        print(
            f"seed {seed:3}  loss {last.loss:.4f}  validation {last.validation_accuracy:.4f}  test {tested[-1]:.4f}"
            f"  {seconds:5.1f} s of training",
            flush=True,
        )
    if len(tested) > 1:
        mean, sd = statistics.mean(tested), statistics.stdev(tested)
        print(f"test: mean {mean:.4f}, standard deviation {sd:.4f}, least {min(tested):.4f}")
    print(f"{sum(accuracy < THRESHOLD for accuracy in tested)} of {len(tested)} below {THRESHOLD}")


if __name__ == "__main__":
    main()
