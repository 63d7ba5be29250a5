"""How fast the reference trains, beside PyTorch and scikit-learn doing the same work on the same processor.

    python benchmarks/bench.py [--quick]

Needs torch, scikit-learn and threadpoolctl.  One epoch of Fashion-MNIST in float32, the same network, batch size, fixed
learning rate and number of threads for all; the contestants take turns, so that what else the machine does falls on all
alike, and every ratio is a median of ratios within a turn.
"""

from __future__ import annotations

import argparse
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

from chainrule import datasets
from chainrule.reference import MLP
from chainrule.training import Settings, accuracy, load

GOAL = 0.88  # the test accuracy whose time is measured
Contestant = Callable[[int], None]  # trains one epoch; the number is that of the turn


def reference(x, y, sizes, batch_size, lr) -> Contestant:
    network = MLP(sizes, dtype=np.float32)
    return lambda turn: network.fit(x, y, epochs=1, batch_size=batch_size, lr=lr, seed=turn)


def pytorch(x, y, sizes, batch_size, lr) -> Contestant:
    """Eager PyTorch as one would write it for speed: the data in one tensor, no loader, the fused optimizer."""
    layers = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
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
    return lambda turn: network.partial_fit(x, y, classes)


def products(x, y, sizes, batch_size, lr) -> Contestant:
    """The matrix products of forward and backward pass alone, into arrays made beforehand: the floor under the rest."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape, dtype=np.float32) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
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


def seconds_to_goal(settings: Settings, seed: int) -> tuple[float, int] | None:
    """Seconds of training, and epochs, until the test accuracy after an epoch first reaches GOAL; None if it does not."""
    data = load(settings)
    network = MLP([data.train_x.shape[1], *settings.hidden, len(data.class_names)], seed, dtype=np.dtype(settings.dtype))
    spent = 0.0
    for epoch in range(settings.epochs):
        started = time.perf_counter()
        network.fit(data.train_x, data.train_y, epochs=1, batch_size=settings.batch_size, lr=settings.lr, seed=(seed, epoch))
        spent += time.perf_counter() - started
        if accuracy(network, data.test_x, data.test_y) >= GOAL:
            return spent, epoch + 1
    return None
