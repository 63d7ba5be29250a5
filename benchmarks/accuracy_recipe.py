"""How surely a correct implementation passes the chapter `accuracy`: the recipe, trained again from many seeds.

    python benchmarks/accuracy_recipe.py [--first 0] [--count 24] [--validate]

The recipe was chosen by accuracy on the last 10,000 training images (--validate trains on the other 50,000).  Of every
four seeds, two start from normal instead of uniform Xavier weights and two compute in float32 instead of float64.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time

import numpy as np

from chainrule.reference import MLP
from chainrule.spec_tests.test_accuracy import BATCH_SIZE, GOAL, PHASES, SIZES
from chainrule.training.datasets import fashion_mnist, scaled


def images(dtype, validate):
    """Training and evaluation images, centred on the mean training image, and their labels."""
    fashion = fashion_mnist()
    x, y = scaled(fashion.train_images, dtype), fashion.train_labels.astype(np.int64)
    if validate:
        train, test = (x[:50_000], y[:50_000]), (x[50_000:], y[50_000:])
    else:
        train, test = (x, y), (scaled(fashion.test_images, dtype), fashion.test_labels)
    mean = train[0].mean(axis=0)
    return train[0] - mean, train[1], test[0] - mean, test[1]


def network(seed, dtype, normal):
    """The reference, or the same with Glorot's weights drawn from the normal distribution."""
    model = MLP(SIZES, seed, dtype=dtype)
    if normal:
        rng = np.random.default_rng(seed)
        for w in model.weights:
            w[:] = rng.normal(scale=math.sqrt(2 / sum(w.shape)), size=w.shape)
    return model


def one(seed, dtype, normal, data):
    """(accuracy, seconds of training and evaluation)."""
    x, y, test_x, test_y = data
    started = time.perf_counter()
    model = network(seed, dtype, normal)
    for phase, (epochs, lr) in enumerate(PHASES):
        model.fit(x, y, epochs=epochs, batch_size=BATCH_SIZE, lr=lr, seed=2 * seed + phase)
    return float(np.mean(model.predict(test_x) == test_y)), time.perf_counter() - started


def summary(accuracies):
    mean, sd = statistics.mean(accuracies), statistics.stdev(accuracies)
    margin = (mean - GOAL) / sd
    failed = sum(accuracy <= GOAL for accuracy in accuracies)
    return (
        f"{len(accuracies)} seeds: mean {mean:.4f}, standard deviation {sd:.4f}, least {min(accuracies):.4f}\n"
        f"{failed} at or below {GOAL}; the mean lies {margin:.1f} standard deviations above it, "
        f"a normal tail of {math.erfc(margin / math.sqrt(2)) / 2:.0e}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=24, help="how many seeds")
    parser.add_argument("--validate", action="store_true", help="on held-out training images instead of the test set")
    args = parser.parse_args()
    data = {dtype: images(dtype, args.validate) for dtype in ("float64", "float32")}
    accuracies = []
    for seed in range(args.first, args.first + args.count):
        dtype, normal = ("float64", "float32")[seed // 2 % 2], seed % 2 == 1
        accuracy, seconds = one(seed, dtype, normal, data[dtype])
        accuracies.append(accuracy)
        print(
            f"seed {seed:3}  {'normal' if normal else 'uniform':7}  {dtype}  {accuracy:.4f}  {seconds:5.1f} s",
            flush=True,
        )
    if len(accuracies) > 1:
        print(summary(accuracies))


if __name__ == "__main__":
    main()
