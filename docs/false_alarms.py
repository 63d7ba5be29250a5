"""Computes the tables in false_alarms.md: `python docs/false_alarms.py` writes them anew.

Of the specs that compare a statistic with a tail bound, the probability is computed backwards: the specs run on the
reference, every tail that they allow is noted with the number of weights it is for, and the theorem is solved for the
probability at that very tail.  The others are counted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

from chainrule.mathematics import dropout as masks
from chainrule.mathematics import tail_bounds
from chainrule.running.loading import load
from chainrule.spec_tests import test_dropout as dropout
from chainrule.spec_tests import test_initialization as initialization
from chainrule.spec_tests import test_training as training
from chainrule.specification.networks import Networks

PAGE = Path(__file__).with_suffix(".md")
BEGIN, END = "<!-- {}: python docs/false_alarms.py -->", "<!-- end of {} -->"
LIMIT = 1e-9  # each spec's probability lies below it
SAME_NUMBER = 2.0**-20  # two numbers drawn in single precision are the same with less
OVERFIT_TRIED = 6000  # orders in which the reference got to the goal, every time: benchmarks/overfit_orders.py
DOUBT = 1e-9  # the probability that so many successes were luck

WITHOUT_CHANCE = {  # specs that see something drawn, and hold whatever is drawn
    "initialization.shape": "only the shape is looked at",
    "initialization.sizes": "only the shapes are looked at",
    "initialization.biases": "biases are not drawn",
    "initialization.seed": "the same draws are made again",
    "initialization.fresh": "the weights are compared with themselves",
    "training.arguments_kept": "only the arguments are looked at",
    "training.zero_rate": "at a rate of zero no batch moves anything",
    "training.full_batch": "a batch of the whole data has one order, up to rounding (rounding.products)",
    "training.steep_gradients": "full batches",
    "training.many_samples": "full batches",
    "training.not_a_number": "nan stays nan in every batch",
    "training.many_epochs": "copies of one sample",
    "training.rising_loss": "full batches",
    "training.many_batches": "copies of one sample",
    "training.continues": "full batches",
    "training.epochs": "full batches",
    "training.batch_size": "copies of one sample: every batch is like every other",
    "training.every_sample": "the order is read off the weights, whatever it is",
    "training.last_batch": "as every_sample",
    "training.labels": "the sign shows the label at any place in the order",
    "training.history": "copies of one sample",
    "training.convex": "full batches",
    "training.xor": "full batches, from one start",
    "golden.steps": "steps, or full batches, with given gradients",
    "dropout.shape": "only the shapes are looked at",
    "dropout.arguments_kept": "only the arguments are looked at",
    "dropout.results_kept": "results are compared with themselves",
    "dropout.zero_rate": "nothing is dropped",
    "dropout.entries": "an entry is one of two numbers, whatever is drawn",
    "dropout.fresh": "two masks of 65536 entries are the same with probability 2^-65536",
    "dropout.generator": "the same draws are made again; others are the same with probability 2^-65536",
    "dropout.same_mask": "the mask is that of the output",
    "dropout.linearity": "the mask is that of the output",
    "dropout.caches": "the mask is that of the output",
    "dropout.evaluation": "nothing is drawn",
    "dropout.single_precision": "the mask is that of the output",
    "dropout.golden": "the mask is that of the output",
}
MEASURED = {"accuracy.fashion_mnist"}  # known from experience, with no bound below 1e-9


@dataclass(frozen=True)
class Row:
    """A statistical spec.  comparisons: how many may fail by chance.  probability: that any of them does, at most."""

    clause: str
    statistic: str
    theorem: str
    comparisons: int
    probability: float

    def __str__(self) -> str:
        cells = (f"`{self.clause}`", self.statistic, self.theorem, str(self.comparisons), written(self.probability))
        return f"| {' | '.join(cells)} |"


def written(probability: float) -> str:
    """Two digits, rounded up."""
    exponent = math.floor(math.log10(probability)) - 1
    digits = math.ceil(probability / 10.0**exponent - 1e-6)  # what rounding adds to a whole number counts for nothing
    return f"{digits * 10.0**exponent:.1e}"


# Each theorem, solved for the probability of a tail: of a mean, a mean square, a distribution function, a product.


def sub_gaussian(n: int, tail: float) -> float:
    return 2 * math.exp(-n * tail**2 / 2)


def laurent_massart(n: int, tail: float) -> float:
    root = (math.sqrt(1 + 2 * tail) - 1) / 2  # of x/n, where 2 sqrt(x/n) + 2 x/n is the tail
    return 2 * math.exp(-n * root**2)


def massart(n: int, tail: float) -> float:
    return 2 * math.exp(-2 * n * tail**2)


def hoeffding(pairs: int, tail: float) -> float:
    return pairs * 2 * math.exp(-(tail**2) / 2)


SOLVED: dict[str, Callable[[int, float], float]] = {
    "mean_tail": sub_gaussian,
    "variance_tail": laurent_massart,
    "distribution_tail": massart,
    "product_tail": hoeffding,
}
STATISTICS = {  # {spec: (what is compared, by which theorem)}
    "initialization.variance": ("mean square of each shape", "Laurent and Massart; Bernstein"),
    "initialization.mean": ("mean of each shape", "sub-Gaussian, Chernoff"),
    "initialization.distribution": ("distribution function", "Dvoretzky, Kiefer, Wolfowitz; Massart"),
    "initialization.independence": ("products of columns, rows, layers", "Hoeffding"),
    "initialization.network_variance": ("mean square and mean of each layer", "as the first two"),
    "initialization.layers_differ": ("products of layers, columns", "Hoeffding"),
}


MASKED = {  # {spec of dropout: what is compared, by Hoeffding's bound}
    "dropout.rate": "part of entries that is dropped",
    "dropout.mean": "mean of the output",
    "dropout.independent_entries": "products of rows, and of columns",
    "dropout.independent_of_input": "sums with the input's sign and size",
    "dropout.zero_inputs": "part of gradients that is dropped",
}


def allowed() -> dict[str, list[tuple[str, int, float]]]:
    """{spec: (name of the tail, what it is for so many of, the tail) of each comparison}, noted on the reference."""
    impl = load("chainrule.reference").impl
    networks, noted = Networks(impl), defaultdict(list)

    def noting(clause: str, name: str) -> Callable[..., float]:
        original = getattr(tail_bounds, name)

        def tail(*arguments: int) -> float:
            found = original(*arguments)
            noted[clause].append((name, arguments[0], found))  # n; of products, the pairs
            return found

        return tail

    for test in vars(initialization).values():
        clause = getattr(getattr(test, "spec", None), "clause", None)
        if clause in STATISTICS:
            with mock.patch.multiple(initialization, **{name: noting(clause, name) for name in SOLVED}):
                test(impl, networks)
    return dict(noted)


def bounded() -> list[Row]:
    """The specs whose probability a tail bound gives."""
    rows = []
    for clause, comparisons in allowed().items():
        count = sum(n if name == "product_tail" else 1 for name, n, _ in comparisons)
        probability = sum(SOLVED[name](n, tail) for name, n, tail in comparisons)
        rows.append(Row(clause, *STATISTICS[clause], count, probability))
    return rows


def masked() -> list[Row]:
    """The specs of dropout whose probability Hoeffding's bound gives, solved for it at each tail."""
    impl, original = load("chainrule.reference").impl, masks.tail
    networks, rows = Networks(impl), []
    for test in vars(dropout).values():
        clause = getattr(getattr(test, "spec", None), "clause", None)
        if clause in MASKED:
            noted: list[tuple[int, float]] = []

            def tail(weights: Any, comparisons: int = 1, noted: list[tuple[int, float]] = noted) -> float:
                found = original(weights, comparisons)
                noted.append((comparisons, hoeffding(comparisons, 2 * found / math.sqrt(float((weights**2).sum())))))
                return found

            with mock.patch.object(masks, "tail", tail), mock.patch.object(dropout, "tail", tail):
                test(impl, networks)
            count, probability = (sum(each) for each in zip(*noted, strict=True))
            rows.append(Row(clause, MASKED[clause], "Hoeffding", int(count), probability))
    return rows


def counted() -> list[Row]:
    """The specs whose probability is a quotient of numbers of ways, or of numbers that coincide."""
    entries = min(math.prod(fans) for fans in pairwise(initialization.SEEDED))
    compared = math.comb(initialization.NETWORKS, 2) * (len(initialization.SEEDED) - 1)
    order = 2 * training.SHUFFLED / math.factorial(training.SHUFFLED)
    once = 2 * training.SHUFFLED_ONCE / math.factorial(training.SHUFFLED_ONCE)
    whole, rest = divmod(training.SEEDED, training.SEEDED_BATCH)
    ways = math.factorial(training.SEEDED) / (math.factorial(training.SEEDED_BATCH) ** whole * math.factorial(rest))
    again = ways ** -(training.SEEDED_EPOCHS * training.OTHER_SEEDS)
    missed = (math.log(1 / DOUBT) / OVERFIT_TRIED) ** training.OVERFIT_ORDERS
    parts = training.CUT // training.CUT_SIZE
    cuts = math.factorial(training.CUT) / (math.factorial(training.CUT_SIZE) ** parts * math.factorial(parts))
    alike, how = "two layers are the same", "counted"
    return [
        Row("initialization.generator", alike, how, 1, SAME_NUMBER**entries),
        Row("initialization.seeds_differ", alike, how, compared, compared * SAME_NUMBER**entries),
        Row("training.fresh_order", "all orders are rotations", how, 2, 2 * order**training.ORDERS),
        Row("training.fresh_order", "the same, of code with one fixed seed", how, 2, 2 * once),
        Row("training.fresh_batches", "two epochs have the same batches", how, 1, 1 / cuts),
        Row("training.seed", "all seeds give one training", how, 1, again),
        Row("training.overfit", "no order leads to the goal", "measured, see below", 1, missed),
    ]


def rows() -> list[Row]:
    """All statistical specs but the one on real data."""
    return [*bounded(), *masked(), *counted()]


def total(found: list[Row]) -> float:
    """That any spec of one check fails by chance, at most; of the two rows of a spec the worse counts."""
    worst: dict[str, float] = {}
    for row in found:
        worst[row.clause] = max(row.probability, worst.get(row.clause, 0.0))
    return sum(worst.values())


def probabilities() -> str:
    """The table of what may fail by chance."""
    found = rows()
    return "\n".join(
        [
            "| spec | what chance may spoil | by | comparisons | probability, at most |",
            "|---|---|---|---|---|",
            *map(str, found),
            f"| all of them | | union bound | | {written(total(found))} |",
        ]
    )


def reasons() -> str:
    """The table of what sees something drawn and cannot fail by chance."""
    rows = [f"| `{clause}` | {why} |" for clause, why in WITHOUT_CHANCE.items()]
    return "\n".join(["| spec | why its verdict does not depend on chance |", "|---|---|", *rows])


def with_tables(page: str) -> str:
    """A page with its tables computed anew."""
    for name, table in (("probabilities", probabilities()), ("reasons", reasons())):
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
