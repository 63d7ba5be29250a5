"""How much training.overfit leaves to chance: the reference, trained as the spec trains it, in very many orders.

    python benchmarks/overfit_orders.py [--first 0] [--count 6000]

Prints the range of the losses, and how many do not reach the goal.
"""

from __future__ import annotations

import argparse

import numpy as np

from chainrule.mathematics.cases import reference
from chainrule.spec_tests.test_training import OVERFIT_LOSS, overfit_case


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=6000, help="how many seeds")
    arguments = parser.parse_args()
    case, settings = overfit_case()
    losses = []
    for seed in range(arguments.first, arguments.first + arguments.count):
        network = reference(case.sizes, case.weights, case.biases)
        network.fit(case.x, case.y, **settings, seed=seed)
        losses.append(network.loss(case.x, case.y))
    missed = sum(loss >= OVERFIT_LOSS for loss in losses)
    spread = f"from {min(losses):.6f} to {max(losses):.6f}, mean {np.mean(losses):.6f}, deviation {np.std(losses):.6f}"
    print(f"{len(losses)} orders: losses {spread}; {missed} of them are not below {OVERFIT_LOSS}")


if __name__ == "__main__":
    main()
