"""How fast the reference trains, beside PyTorch and scikit-learn doing the same work on the same processor.

    python benchmarks/training.py [--quick]

Needs torch, scikit-learn and threadpoolctl.  One epoch of Fashion-MNIST in float32, the same network, batch size, fixed
learning rate and number of threads for all; the contestants take turns, so that what else the machine does falls on all
alike, and every ratio is a median of ratios within a turn.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import sklearn
import threadpoolctl
import torch
from sklearn.neural_network import MLPClassifier

from chainrule.reference import MLP
from chainrule.training.command import load
from chainrule.training.loop import Data, accuracy
from chainrule.training.settings import Settings

GOAL = 0.88  # the test accuracy whose time is measured
Contestant = Callable[[int], None]  # trains one epoch; the number is that of the turn


def reference(x, y, sizes, batch_size, lr) -> Contestant:
    network = MLP(sizes, dtype=np.float32)
    return lambda turn: network.fit(x, y, epochs=1, batch_size=batch_size, lr=lr, seed=turn)


def pytorch(x, y, sizes, batch_size, lr) -> Contestant:
    """Eager PyTorch as one would write it for speed: the data in one tensor, no loader, the fused optimizer."""
    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=lr, fused=True)
    images, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))

    def epoch(turn):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(turn))
        total = torch.zeros(())
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            total += len(batch) * loss.detach()

    return epoch


def scikit_learn(x, y, sizes, batch_size, lr) -> Contestant:
    network = MLPClassifier(
        sizes[1:-1], solver="sgd", learning_rate_init=lr, momentum=0, nesterovs_momentum=False, alpha=0,
        batch_size=batch_size, random_state=0,
    )  # fmt: skip
    classes = np.unique(y)
    return lambda turn: network.partial_fit(x, y, classes=classes)


def products(x, y, sizes, batch_size, lr) -> Contestant:
    """The matrix products of forward and backward pass alone, into arrays made beforehand: the floor under the rest."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape, dtype=np.float32) for shape in itertools.pairwise(sizes)]
    grads = [np.empty_like(w) for w in weights]
    outputs = [rng.standard_normal((batch_size, size), dtype=np.float32) for size in sizes]

    def epoch(turn):
        for start in range(0, len(x), batch_size):
            inputs = x[start : start + batch_size]
            n = len(inputs)
            for w, out in zip(weights, outputs[1:], strict=True):
                np.matmul(inputs, w, out=out[:n])
                inputs = out[:n]
            for l in reversed(range(len(weights))):
                below = outputs[l][:n] if l > 0 else x[start : start + n]
                np.matmul(below.T, outputs[l + 1][:n], out=grads[l])
                if l > 0:
                    np.matmul(outputs[l + 1][:n], weights[l].T, out=below)
                    below *= 0.001  # keeps the numbers finite: products of infinities would be timed otherwise

    return epoch


def seconds(contestants: dict[str, Contestant], turns: int) -> dict[str, list[float]]:
    """Seconds per epoch of every contestant in every turn, after one epoch each that does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(turns + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            started = time.perf_counter()
            contestants[name](turn)
            if turn > 0:
                times[name].append(time.perf_counter() - started)
    return times


def seconds_to_goal(data: Data, settings: Settings, seed: int) -> tuple[float, int] | None:
    """Seconds of training, and epochs, until the test accuracy after an epoch first reaches GOAL; None if never."""
    mean = data.train_x.mean(axis=0)
    x, test_x = data.train_x - mean, data.test_x - mean
    network = MLP([x.shape[1], *settings.hidden, len(data.class_names)], seed, dtype=np.dtype(settings.dtype))
    spent = 0.0
    for epoch in range(settings.epochs):
        started = time.perf_counter()
        network.fit(x, data.train_y, epochs=1, batch_size=settings.batch_size, lr=settings.lr, seed=(seed, epoch))
        spent += time.perf_counter() - started
        if accuracy(network, test_x, data.test_y) >= GOAL:
            return spent, epoch + 1
    return None


def report(settings: Settings, turns: int, seeds: int, threads: int) -> None:
    data = load(settings)
    x = data.train_x - data.train_x.mean(axis=0)  # what `chainrule train` trains on
    sizes = [x.shape[1], *settings.hidden, len(data.class_names)]
    makers = {
        "chainrule": reference,
        "PyTorch": pytorch,
        "scikit-learn": scikit_learn,
        "matrix products alone": products,
    }
    contestants = {
        name: make(x, data.train_y, sizes, settings.batch_size, settings.lr) for name, make in makers.items()
    }

    name = "-".join(map(str, sizes))
    versions = f"NumPy {np.__version__}, PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}"
    print(f"{name}, {len(x):,} images, batches of {settings.batch_size}, float32, {threads} threads")
    print(f"{versions}, {platform.machine()}\n")
    times = seconds(contestants, turns)
    ours = times["chainrule"]
    print(f"Seconds per epoch, median of {turns} turns (fastest to slowest)")
    for name, theirs in times.items():
        spread = f"({min(theirs):.3f} to {max(theirs):.3f})"
        print(f"  {name:22} {statistics.median(theirs):6.3f}   {spread}   {verdict(name, ours, theirs)}")

    print(f"\nThe reference to {GOAL:.0%} of the test images right, as `chainrule train` trains it")
    for seed in range(seeds):
        found = seconds_to_goal(data, settings, seed)
        told = f"{found[0]:.1f} s of training, {found[1]} epochs" if found else f"not in {settings.epochs} epochs"
        print(f"  seed {seed}: {told}")


def verdict(name: str, ours: list[float], theirs: list[float]) -> str:
    """Which is faster, by what factor: the median of the ratios within a turn."""
    if name == "chainrule":
        return ""
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    if name == "matrix products alone":
        return f"chainrule takes {1 / ratio:.2f} times as long"
    return f"chainrule is {ratio:.2f} times as fast" if ratio >= 1 else f"{name} is {1 / ratio:.2f} times as fast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 turns and one seed instead of 11 and 3")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for every contestant (default: all cores)")
    parser.add_argument("--batch-size", type=int, default=Settings().batch_size)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with threadpoolctl.threadpool_limits(args.threads):
        report(Settings(batch_size=args.batch_size), 3 if args.quick else 11, 1 if args.quick else 3, args.threads)


if __name__ == "__main__":
    main()
