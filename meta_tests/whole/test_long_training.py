"""What shows only in long trainings, on many samples, or where the loss rises."""

import math

import numpy as np
import pytest

import chainrule
from banks.honest import HONEST, checked
from chainrule.mathematics.cases import network_case
from chainrule.specification.long_training import (
    LARGEST_LOSS,
    SMALL_LOSS,
    at_odds,
    copies,
    patient_rate,
    restless_rate,
    steepened,
)
from chainrule.specification.networks import Networks
from chainrule.specification.sampling import visits

EPOCH = "        for _ in range(epochs):\n"
UPDATE = "                self.step(self.backward(x[batch], y[batch]), lr)\n"
ORDER = "            order = rng.permutation(len(x))\n"
BEGIN = "        rng = np.random.default_rng(seed)\n        for _"
GRADIENTS = "                dW, db = self.backward(x[batch], y[batch])\n"

# {what fit does: (how it is written, the clause that notices, the mistake's name)}
SLIPS = {
    "the norm of all gradients is at most 5": (
        (
            UPDATE,
            GRADIENTS + "                norm = np.sqrt(sum((g ** 2).sum() for g in dW + db))\n"
            "                scale = min(1.0, 5 / (norm + 1e-12))\n"
            "                self.step(([g * scale for g in dW], [g * scale for g in db]), lr)\n",
        ),
        "steep_gradients",
        "fit-clips-gradients",
    ),
    "entries are clipped at 100": (
        (
            UPDATE,
            GRADIENTS + "                dW, db = ([np.clip(g, -100, 100) for g in group] for group in (dW, db))\n"
            "                self.step((dW, db), lr)\n",
        ),
        "steep_gradients",
        "fit-clips-gradients",
    ),
    "the last tenth is held out": (
        (BEGIN, "        x, y = x[: len(x) - len(x) // 10], y[: len(y) - len(y) // 10]\n" + BEGIN),
        "many_samples",
        "fit-holds-out",
    ),
    "one per cent at random is held out": (
        (
            BEGIN,
            "        kept = np.random.default_rng(1).permutation(len(x))[len(x) // 100 :]\n"
            "        x, y = x[kept], y[kept]\n" + BEGIN,
        ),
        "many_samples",
        None,
    ),
    "rows with nan are dropped": (
        (BEGIN, "        whole = ~np.isnan(x).any(axis=1)\n        x, y = x[whole], y[whole]\n" + BEGIN),
        "not_a_number",
        "fit-hides-nan",
    ),
    "nan counts as zero": ((BEGIN, "        x = np.nan_to_num(x)\n" + BEGIN), "not_a_number", "fit-hides-nan"),
    "the rate falls by a tenth every ten epochs": (
        (UPDATE, UPDATE.replace("lr)", "lr * 0.9 ** (_ // 10))")),
        "many_epochs",
        "fit-rate-drops",
    ),
    "the rate halves after five epochs": (
        (UPDATE, UPDATE.replace("lr)", "lr * (0.5 if _ >= 5 else 1.0))")),
        "many_epochs",
        "fit-rate-drops",
    ),
    "momentum from the fourth epoch on": (
        (
            UPDATE,
            GRADIENTS + "                if _ >= 3:\n"
            "                    self.v = [0.9 * v + g for v, g in zip(getattr(self, 'v', [0.0] * 99), dW + db)]\n"
            "                    dW, db = self.v[: len(dW)], self.v[len(dW) :]\n"
            "                self.step((dW, db), lr)\n",
        ),
        "many_epochs",
        "fit-momentum-later",
    ),
    "weights decay from the sixth epoch on": (
        (UPDATE, UPDATE + "                self.weights = [w - lr * 1e-4 * (_ > 4) * w for w in self.weights]\n"),
        "many_epochs",
        None,
    ),
    "labels are smoothed from the eleventh epoch on": (
        (UPDATE, UPDATE + "                self.biases[-1] -= 1e-3 * lr * (_ > 9) * (1 / len(self.biases[-1]) - 1)\n"),
        "many_epochs",
        None,
    ),
    "training stops below a loss of 0.01": (
        (UPDATE, UPDATE + "            if self.loss(x, y) < 0.01:\n                break\n"),
        "many_epochs",
        "fit-stops-early",
    ),
    "training stops when the loss hardly falls": (
        (
            UPDATE,
            UPDATE + "            self.losses = [*getattr(self, 'losses', []), self.loss(x, y)]\n"
            "            if len(self.losses) > 10 and self.losses[-10] - self.losses[-1] < 1e-4:\n"
            "                break\n",
        ),
        "many_epochs",
        "fit-stops-early",
    ),
    "training stops after five epochs without progress": (
        (
            UPDATE,
            UPDATE + "            seen = seen + [self.loss(x, y)] if _ else [self.loss(x, y)]\n"
            "            if len(seen) - 1 - np.argmin(seen) >= 5:\n                break\n",
        ),
        "rising_loss",
        "fit-stops-early",
    ),
    "a step that raises the loss is taken back": (
        (
            UPDATE,
            "                before, kept = self.loss(x, y), [w.copy() for w in self.weights]\n"
            + UPDATE
            + "                if self.loss(x, y) > before:\n                    self.weights = kept\n",
        ),
        "steep_gradients",
        None,
    ),
    "an epoch has a hundred batches at most": (
        (UPDATE, UPDATE + "                if start // batch_size == 99:\n                    break\n"),
        "many_batches",
        "fit-caps-batches",
    ),
    "the order is drawn in the first two epochs": (
        (ORDER, "            order = rng.permutation(len(x)) if _ < 2 else order\n"),
        "fresh_batches",
        "fit-same-batches",
    ),
    "only the batches are shuffled": (
        (
            ORDER,
            "            parts = [range(i, min(i + batch_size, len(x))) for i in range(0, len(x), batch_size)]\n"
            "            order = np.concatenate([parts[i] for i in rng.permutation(len(parts))])\n",
        ),
        "fresh_batches",
        "fit-same-batches",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_what_slipped_through_small_trainings(name, tmp_path):
    (old, new), clause, mistake = SLIPS[name]
    assert HONEST.count(old) == 1
    path = tmp_path / "net.py"
    path.write_text(HONEST.replace(old, new), encoding="utf-8")
    outcome = checked(path, "training")
    first, *_ = [result.id for result in outcome.specs if result.outcome in ("failed", "error")]
    assert first == f"training.{clause}"
    if mistake is not None:
        assert outcome.diagnoses[0].id == mistake


# The data of these trainings

CASES = [network_case(sizes, 1, seed) for sizes in ((4, 3), (3, 5, 2), (4, 6, 5, 3), (784, 5, 10)) for seed in (0, 1)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_long_training_ends_with_a_small_loss_that_still_falls(case):
    case = copies(case, 2)
    lr, network = patient_rate(case, 60), case.network()
    found = []
    for _ in range(61):
        found.append(network.loss(case.x, case.y))
        network.step(network.backward(case.x, case.y), lr)
    assert SMALL_LOSS <= found[60] < found[59] < 0.02


def test_the_loss_rises_above_its_start_and_stays_there():
    tried = [(case, restless_rate(at_odds(case), 26)) for case in CASES]
    assert sum(lr is not None for _, lr in tried) > len(CASES) / 2
    for case, lr in tried:
        if lr is not None:
            case = at_odds(case)
            network, losses = case.network(), []
            for _ in range(27):
                losses.append(network.loss(case.x, case.y))
                network.step(network.backward(case.x, case.y), lr)
            assert losses[0] < min(losses[1:])
            assert max(losses) < LARGEST_LOSS
            assert math.log2(lr).is_integer()


def test_steep_gradients_are_those_of_the_same_activations():
    case = network_case((3, 5, 2), 7)
    steep = steepened(case, 2.0**12)
    (first, last), _ = case.network().backward(case.x, case.y)
    (found, unchanged), _ = steep.network().backward(steep.x, steep.y)
    np.testing.assert_array_equal(found, first * 2.0**12)
    np.testing.assert_array_equal(unchanged, last)


def test_the_batches_of_late_epochs_are_read_off():
    impl = chainrule.load("chainrule.reference")
    found = visits(impl, Networks(impl), 21, 3, 12, 1)
    assert sorted(sample for batch in found for sample in batch) == list(range(21))
    assert {len(batch) for batch in found} == {3}


FIT = "    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):\n"
SWITCHES = {  # {an early stop that a parameter of fit decides: (its parameter, what ends an epoch)}
    "patience": (
        "patience=1",
        "            seen = seen + [self.loss(x, y)] if _ else [self.loss(x, y)]\n"
        "            if len(seen) - 1 - np.argmin(seen) >= patience:\n                break\n",
    ),
    "n_iter_no_change and tol": (
        "n_iter_no_change=2, tol=1e-4",
        "            seen = seen + [self.loss(x, y)] if _ else [self.loss(x, y)]\n"
        "            if len(seen) > n_iter_no_change and seen[-n_iter_no_change - 1] - seen[-1] < tol:\n"
        "                break\n",
    ),
    "early_stopping": (
        "early_stopping=True",
        "            if early_stopping and self.loss(x, y) < 0.02:\n                break\n",
    ),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_an_early_stop_that_a_parameter_decides_is_switched_off(name, tmp_path):
    parameter, ends = SWITCHES[name]
    path = tmp_path / "net.py"
    source = HONEST.replace(FIT, f"    def train(self, x, y, n_epochs, batch_size, rate, {parameter}, seed=0):\n")
    source = source.replace("range(epochs)", "range(n_epochs)").replace(UPDATE, UPDATE.replace("lr)", "rate)") + ends)
    path.write_text(source, encoding="utf-8")
    outcome = checked(path, "training")
    assert [result.message for result in outcome.specs if result.outcome in ("failed", "error")] == []
    assert "training.rising_loss" in [result.id for result in outcome.specs if result.outcome == "passed"]


FLOORS = {  # {what ends an epoch: whether it raises rates to a smallest one}
    "            lr = max(0.95 * lr, 1e-5) if lr < 1e-5 else lr\n": "passed",
    "            if lr < 1e-4:\n                lr = 1e-4\n": "passed",
    "            lr = lr or 1e-5\n": "failed",
    "            self.weights[0] *= 0.999\n": "failed",
}


@pytest.mark.parametrize("ends", FLOORS)
def test_a_smallest_rate_is_not_a_rate_of_zero_replaced(ends, tmp_path):
    path = tmp_path / "net.py"
    path.write_text(HONEST.replace(UPDATE, UPDATE + ends), encoding="utf-8")
    found = {result.id: result.outcome for result in checked(path, "training").specs}
    assert found["training.zero_rate"] == FLOORS[ends]
