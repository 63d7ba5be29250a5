"""The probabilities in docs/false_alarms.md are computed, small enough, and where simulation puts them."""

import functools
import importlib.util
import math
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

from banks import variants
from banks.correct import parts
from chainrule.boundary.boundary import Boundary
from chainrule.host.host import InProcess
from chainrule.host.native import Native
from chainrule.mathematics import tail_bounds
from chainrule.spec_tests import test_golden as golden
from chainrule.spec_tests import test_training as training
from chainrule.specification import sampling
from chainrule.specification.networks import Networks

pytestmark = pytest.mark.once

DOCS = Path(__file__).parents[2] / "docs"
DISTRIBUTIONS = [parts.glorot_uniform, parts.glorot_normal, parts.glorot_truncated]


@functools.cache
def program():
    """docs/false_alarms.py, as a module."""
    spec = importlib.util.spec_from_file_location("false_alarms", DOCS / "false_alarms.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@functools.cache
def rows():
    return program().rows()


def page():
    return (DOCS / "false_alarms.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_program_computes():
    assert program().with_tables(page()) == page(), "run python docs/false_alarms.py"


def test_a_changed_page_is_noticed():
    changed = page().replace("1.2e-10", "1.2e-11")
    assert changed != page()
    assert program().with_tables(changed) == page()


def test_every_probability_is_below_the_limit():
    assert {row.clause: row.probability for row in rows() if not 0 < row.probability < program().LIMIT} == {}
    assert program().total(rows()) < 2e-9  # as 08_initialization.md says


def test_a_spec_with_two_rows_counts_once_and_with_the_worse():
    row = functools.partial(program().Row, "a.b", "", "", 1)
    other = program().Row("a.c", "", "", 1, 4e-10)
    assert program().total([row(1e-10), row(2e-10), other]) == pytest.approx(6e-10)


ROUNDED = [(1e-10, "1.0e-10"), (9.9999999999e-11, "1.0e-10"), (1.21e-10, "1.3e-10"), (0.5, "5.0e-01")]


@pytest.mark.parametrize(("probability", "text"), ROUNDED)
def test_probabilities_are_rounded_up(probability, text):
    assert program().written(probability) == text


def drawing_specs():
    """The clauses whose specs draw weights or masks, or train: those of their chapters, and what calls fit."""
    clauses = [clause for clause in variants.specs() if clause.partition(".")[0] != "accuracy"]
    ready = variants.loaded(variants.fresh_reference())
    found = {clause for clause in clauses if variants.specs()[clause].chapter in ("initialization", "dropout")}
    for clause in clauses:
        spec = variants.specs()[clause].spec
        if spec.chapter in ("training", "golden"):
            ready.impl.called.clear()
            module = training if spec.chapter == "training" else golden
            test = next(test for test in vars(module).values() if getattr(test, "spec", None) is spec)
            test(*(ready.impl, Networks(ready.impl))[: test.__code__.co_argcount])
            if "fit" in ready.impl.called:
                found.add(clause)
    return found


def test_every_spec_that_draws_is_on_the_page():
    listed = {row.clause for row in rows()} | program().WITHOUT_CHANCE.keys()
    assert drawing_specs() - listed == set()
    assert listed - variants.specs().keys() == set()
    assert {clause for clause, entry in variants.specs().items() if entry.chapter == "accuracy"} == program().MEASURED


# The tails


@pytest.mark.parametrize("comparisons", [1, 5, 871])
@pytest.mark.parametrize("n", [20_000, 72_000])
def test_a_tail_is_its_theorem_solved_for_the_share(n, comparisons):
    solved, share = program().SOLVED, tail_bounds.FALSE_ALARM / comparisons
    for name in ("mean_tail", "variance_tail", "distribution_tail"):
        tail = getattr(tail_bounds, name)(*((n, comparisons)))
        assert solved[name](n, tail) == pytest.approx(share, rel=1e-6), name
    assert solved["product_tail"](comparisons, tail_bounds.product_tail(comparisons)) == pytest.approx(
        tail_bounds.FALSE_ALARM
    )


@pytest.mark.parametrize("n", [8, 400, 20_000])
def test_the_exact_chi_squared_distribution_keeps_below_the_bound(n):
    tail = tail_bounds.variance_tail(n, 1)
    with mpmath.workdps(30):
        above = mpmath.gammainc(n / 2, n * (1 + tail) / 2, regularized=True)
        below = mpmath.gammainc(n / 2, 0, n * (1 - tail) / 2, regularized=True) if tail < 1 else 0
    assert 0 < above + below <= tail_bounds.FALSE_ALARM


@pytest.mark.parametrize("n", [400, 20_000])
def test_the_exact_normal_distribution_keeps_below_the_bound(n):
    exact = math.erfc(math.sqrt(n) * tail_bounds.mean_tail(n, 1) / math.sqrt(2))
    assert 0 < exact <= tail_bounds.FALSE_ALARM


@pytest.mark.parametrize("draw", DISTRIBUTIONS)
def test_moments_are_at_most_the_normal_distributions(draw):
    """08_initialization.md: E w^2k <= (2k - 1)!!, which makes all three sub-Gaussian; and the variance of w^2."""
    w = draw(400, 500, np.random.default_rng(0)).reshape(-1) / math.sqrt(2 / 900)
    deviations = 5 / math.sqrt(w.size)
    for k, most, spread in ((1, 1, math.sqrt(2)), (2, 3, math.sqrt(96)), (3, 15, math.sqrt(10170))):
        assert (w ** (2 * k)).mean() <= most + deviations * spread


RUNS = 400
OFTEN = 0.2  # a false alarm that can be seen happening


def statistics(draw, seed):
    """{tail: (the statistic, n or pairs)} of one set of weights, as the specs compute them."""
    w = draw(40, 25, np.random.default_rng(seed)) / math.sqrt(2 / 65)
    n, flat = w.size, np.sort(w.reshape(-1))
    cdf = {
        parts.glorot_uniform: lambda t: np.clip(0.5 + t / (2 * math.sqrt(3)), 0, 1),
        parts.glorot_normal: lambda t: np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in t]),
    }.get(draw)
    a, b = w[:, 0], w[:, 1]
    found = {
        "mean_tail": (abs(flat.mean()), n),
        "variance_tail": (abs((flat**2).mean() - 1), n),
        "product_tail": (abs(a @ b) / math.sqrt((a**2) @ (b**2)), None),
    }
    if cdf is not None:
        found["distribution_tail"] = (np.abs(np.arange(1, n + 1) / n - cdf(flat)).max(), n)
    return found


@pytest.mark.parametrize("draw", DISTRIBUTIONS)
def test_simulated_false_alarms_are_as_rare_as_promised_and_not_much_rarer(draw, monkeypatch):
    """With the same bounds at a probability of 0.2, of 400 sets of weights no more than that share is beyond them.

    More than 110 of 400 would come of 0.2 itself with probability 1e-4.  And a bound ten times too wide would hide
    every mistake: some are beyond half of it.
    """
    monkeypatch.setattr(tail_bounds, "FALSE_ALARM", OFTEN)
    beyond, beyond_half = {}, {}
    for seed in range(RUNS):
        for name, (statistic, n) in statistics(draw, seed).items():
            tail = getattr(tail_bounds, name)(*((1,) if n is None else (n, 1)))
            beyond[name] = beyond.get(name, 0) + (statistic > tail)
            beyond_half[name] = beyond_half.get(name, 0) + (statistic > tail / 2)
    assert all(count <= 110 for count in beyond.values()), beyond
    assert all(count > 0 for count in beyond_half.values()), beyond_half


def test_the_usual_seeds_of_networks_that_stand_in_for_xavier_differ():
    for shape in sampling.SHAPES:
        rng = np.random.default_rng([1, *shape])
        seeds = [int(rng.integers(2**31)) for _ in range(max(1, sampling.ENTRIES // math.prod(shape)))]
        assert len(set(seeds)) == len(seeds), shape


# What is counted


def test_rotations_of_a_shuffle_are_as_many_as_counted():
    n, trials = 5, 20_000
    rng = np.random.default_rng(0)
    turned = training.turns(list(range(n)))
    hits = sum(rng.permutation(n).tolist() in turned for _ in range(trials))
    share = 2 * n / math.factorial(n)
    assert abs(hits / trials - share) < 5 * math.sqrt(share / trials)
    for size in (training.SHUFFLED, training.SHUFFLED_ONCE):
        assert len({tuple(order) for order in training.turns(list(range(size)))}) == 2 * size


def test_trainings_that_agree_are_as_many_as_counted():
    """630 ways to share out seven samples in batches of two; the order inside a batch is none."""
    n, size = training.SEEDED, training.SEEDED_BATCH
    rng, ways = np.random.default_rng(0), set()
    for _ in range(20_000):
        order = rng.permutation(n).tolist()
        ways.add(tuple(frozenset(order[start : start + size]) for start in range(0, n, size)))
    assert len(ways) == 630
    (again,) = [row.probability for row in rows() if row.clause == "training.seed"]
    assert again == pytest.approx(630.0 ** -(training.SEEDED_EPOCHS * training.OTHER_SEEDS))


def test_overfitting_keeps_far_from_its_goal():
    case, settings = training.overfit_case()
    losses = []
    for seed in range(20):
        network = case.network()
        network.fit(case.x, case.y, **settings, seed=seed)
        losses.append(network.loss(case.x, case.y))
    assert min(losses) > 0.002
    assert max(losses) < 0.0026  # training.overfit: between 0.0021 and 0.0025 over 6000 seeds


class Unlucky(variants.fresh_reference().MLP):
    """Learns nothing from the first three seeds it meets, and everything from the next."""

    met = 0

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        if epochs > 100:
            type(self).met += 1
            if type(self).met <= training.OVERFIT_ORDERS - self.patience:
                return []
        return super().fit(x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)

    patience = 1


@pytest.mark.parametrize(("patience", "outcome"), [(1, "passed"), (0, "failed")])
def test_overfit_asks_for_one_order_of_four(patience, outcome):
    module = variants.fresh_reference()
    module.MLP = type("Unlucky", (Unlucky,), {"patience": patience, "met": 0})
    results = variants.run_clauses(module, ["training.overfit"])
    assert results["training.overfit"].outcome == outcome, results["training.overfit"].message
    assert module.MLP.met == training.OVERFIT_ORDERS


@pytest.mark.parametrize("name", ["softmax", "cross_entropy", "xavier"])
def test_a_boundary_can_be_asked_first_whether_a_function_is_there(name):
    native = Native(variants.fresh_reference())
    assert not Boundary(InProcess(native), variants.loaded(variants.fresh_reference()).impl.conventions).goes_through(
        name
    )
