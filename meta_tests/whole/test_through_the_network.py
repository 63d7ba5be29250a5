"""Classes alone, networks of fixed sizes, and networks that keep something to themselves: right ones pass, each with
what cannot be seen skipped, and wrong ones fail in the right chapter.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import chainrule
from banks import variants
from banks.alone import Alone, OneHidden, fixed
from banks.correct.network import Network
from banks.correct.parts import softmax_by_logarithm
from chainrule import reference
from chainrule.api import check_loaded
from chainrule.boundary.boundary import Boundary
from chainrule.contract.conventions import Convention
from chainrule.contract.errors import Unseen
from chainrule.host.host import InProcess
from chainrule.host.inference.arithmetic import infer_log_epsilon
from chainrule.host.inference.precision import infer_precision


def hiding(*names, base=Alone):
    """A class of networks that keep these methods to themselves."""

    def hide(name):
        def hidden(self, *arguments, **keywords):
            raise Unseen(f"{name} is inside the training loop")

        return hidden

    return type("Hiding", (base,), {name: hide(name) for name in names})


class FullBatch(Alone):
    """Knows the whole data only."""

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        if batch_size < len(x):
            raise Unseen("it trains on the whole data at once")
        for _ in range(epochs):
            model.step(model.backward(x, y), lr)


class OneByOne(Alone):
    """Visits the samples one by one, and knows no batches."""

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        if batch_size > 1:
            raise Unseen("it updates after every sample")
        super().fit(model, x, y, epochs=epochs, batch_size=1, lr=lr, seed=seed)


class UpdatesAtOnce(hiding("step")):
    """Gradients are what backward has changed, over the rate."""

    recovery_rate = 2.0**-10  # so small that what the difference loses exceeds the other bounds

    def backward(self, model, x, y):
        before = [w.copy() for w in model.weights], [b.copy() for b in model.biases]
        model.step(model.backward(x, y), self.recovery_rate)
        after = model.weights, model.biases
        self.assign(model, *before)
        return tuple(
            [(old - new) / self.recovery_rate for old, new in zip(*groups, strict=True)]
            for groups in zip(before, after, strict=True)
        )


class Summed(Alone):
    """Trains by lr times the sum over the batch; the translator divides lr by the batch size."""

    summed_fit = True

    def fit(self, model, x, y, *, epochs, batch_size, lr, seed):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                grads = model.backward(x[batch], y[batch])
                model.step([[g * len(batch) for g in group] for group in grads], lr / batch_size)


def outcome_of(implementation, **conventions):
    """The whole core specification, with conventions as they would be found or declared."""
    ready = variants.loaded(implementation)
    architecture = conventions.get("architecture", "any")
    found = {
        "precision": infer_precision(implementation, architecture)[0],
        "log_epsilon": infer_log_epsilon(implementation, architecture),
    }
    settled = dict(ready.impl.conventions)
    settled |= {key: Convention(value, "inferred") for key, value in found.items() if value is not None}
    settled |= {key: Convention(value, "declared") for key, value in conventions.items()}
    return check_loaded(replace(ready, impl=Boundary(InProcess(implementation), settled)), timeout=60.0)


WITH_HIDDEN = "[*, *, *]"
FIXED, FREE = "[784, 10, 10]", "[784, *, 10]"

RIGHT = {
    "class alone": (Alone, {}),
    "one hidden layer": (OneHidden, {"architecture": WITH_HIDDEN}),
    "one hidden layer, not told": (OneHidden, {}),
    "fixed sizes": (fixed((784, 10, 10)), {"architecture": FIXED}),
    "free hidden size": (fixed((784, None, 10)), {"architecture": FREE}),
    "three hidden layers": (type("Three", (Alone,), {"depths": 3}), {"architecture": "[*, *, *, *, *]"}),
    "no loss": (hiding("loss"), {}),
    "no loss, no predict, no step": (hiding("loss", "predict", "step", base=OneHidden), {}),
    "full batches": (FullBatch, {}),
    "full batches, one hidden layer": (type("Full", (FullBatch,), {"depths": 1}), {"architecture": WITH_HIDDEN}),
    "one by one": (OneByOne, {}),
    "updates at once": (UpdatesAtOnce, {}),
    "summed training": (Summed, {}),
    "summed training, one hidden layer": (type("SummedOne", (Summed,), {"depths": 1}), {}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    made, conventions = RIGHT[name]
    outcome = outcome_of(made(), **conventions)
    found = variants.not_passed(outcome)
    assert {kind: said for kind, said in found.items() if not said.startswith("skipped")} == {}
    assert outcome.verdict == "pass"


class NoShift(Network):
    def activations(self, x):
        a = super().activations(x)
        z = a[-2] @ self.weights[-1] + self.biases[-1]
        a[-1] = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return a


class WrongSign(Network):
    def backward(self, x, y):
        return tuple([-g for g in group] for group in super().backward(x, y))


class Summing(Network):
    """The gradient lacks its 1/N."""

    def backward(self, x, y):
        return tuple([g * len(y) for g in group] for group in super().backward(x, y))


class LogOfTen(Network):
    def loss(self, x, y):
        return super().loss(x, y) / np.log(10)


class HeInstead(Network):
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [rng.normal(size=fans) * np.sqrt(2 / fans[0]) for fans in pairwise(sizes)]
        self.biases = [np.zeros(size) for size in sizes[1:]]


class UpdatedFirst(Network):
    """The second layer's weights are updated before the error goes back through them."""

    def backward(self, x, y):
        weight_grads, bias_grads = super().backward(x, y)
        kept, self.weights[-1] = self.weights[-1], self.weights[-1] - 0.125 * weight_grads[-1]
        moved = super().backward(x, y)
        self.weights[-1] = kept
        return [*moved[0][:-1], weight_grads[-1]], [*moved[1][:-1], bias_grads[-1]]


class Unshuffled(Network):
    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        for _ in range(epochs):
            for start in range(0, len(x), batch_size):
                batch = slice(start, start + batch_size)
                self.step(self.backward(x[batch], y[batch]), lr)


class LeavesOut(Network):
    """What is left over when the batch size does not divide N is not trained on."""

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for start in range(0, len(x) - batch_size + 1 if batch_size <= len(x) else 1, batch_size):
                batch = order[start : start + batch_size]
                self.step(self.backward(x[batch], y[batch]), lr)


class WithReplacement(Network):
    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            for start in range(0, len(x), batch_size):
                size = min(batch_size, len(x) - start)
                batch = rng.integers(0, len(x), size=size) if size < len(x) else np.arange(size)
                self.step(self.backward(x[batch], y[batch]), lr)


class LabelsStay(Network):
    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        order = np.random.default_rng(seed + 1).permutation(len(x))
        super().fit(x[order] if batch_size < len(x) else x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)


class ScaledLast(Network):
    """Not the smaller last batch's own mean: a sum over the batch size."""

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch_size):
                batch = order[start : start + batch_size]
                share = len(batch) / min(batch_size, len(x))
                self.step(self.backward(x[batch], y[batch]), lr * share)


class Linear(Network):
    """No ReLU between the layers."""

    def activations(self, x):
        a = [np.asarray(x, dtype=float)]
        for w, b in zip(self.weights, self.biases, strict=True):
            z = a[-1] @ w + b
            a.append(softmax_by_logarithm(z) if len(a) == len(self.weights) else z)
        return a


MISTAKES = {
    "no shift": (NoShift, "softmax.overflow"),
    "no relu": (Linear, "network.forward"),
    "wrong sign": (WrongSign, "gradients.weights"),
    "no mean": (Summing, "gradients."),
    "updated before going back": (UpdatedFirst, "gradients."),
    "He": (HeInstead, "initialization.network_variance"),
    "unshuffled": (Unshuffled, "training."),
    "leaves out": (LeavesOut, "training.last_batch"),
    "with replacement": (WithReplacement, "training.every_sample"),
    "labels stay": (LabelsStay, "training.labels"),
    "last batch too small": (ScaledLast, "training.last_batch"),
}
PLACES = {
    "class alone": (Alone, {}),
    "one hidden layer": (OneHidden, {"architecture": WITH_HIDDEN}),
    "fixed sizes": (fixed((784, 10, 10)), {"architecture": FIXED}),
    "free hidden size": (fixed((784, None, 10)), {"architecture": FREE}),
    "no loss": (hiding("loss"), {}),
}


THROUGHOUT = ("class alone", "fixed sizes")  # elsewhere a few mistakes will do
FEW = ("no relu", "no mean", "updated before going back", "with replacement")


@pytest.mark.parametrize(
    ("place", "mistake"),
    [(place, mistake) for place in PLACES for mistake in (MISTAKES if place in THROUGHOUT else FEW)],
)
def test_a_mistake_fails_in_the_right_chapter(place, mistake):
    made, conventions = PLACES[place]
    network, clause = MISTAKES[mistake]
    outcome = outcome_of(made(network), **conventions)
    failed = {result.id: result.message for result in outcome.specs if result.outcome in ("failed", "error")}
    assert any(found.startswith(clause) for found in failed), variants.not_passed(outcome)
    assert {found.partition(".")[0] for found in failed} <= {
        clause.partition(".")[0],
        *(("network", "golden", "gradients") if clause.startswith(("softmax", "network")) else ()),
        *(("softmax", "cross_entropy") if clause.startswith("network") else ()),
    }, failed
    assert outcome.verdict == "fail"


class RoundsInside(Network):
    """float64 arrays everywhere, but the layers see their weights through float32."""

    def activations(self, x):
        kept = self.weights
        self.weights = [np.asarray(w, np.float32).astype(float) for w in kept]
        try:
            return super().activations(x)
        finally:
            self.weights = kept


def test_single_precision_is_told_by_its_effect():
    assert infer_precision(Alone(RoundsInside)) == (
        "float32",
        "forward: a change of its arguments beyond the digits of float32 does not show in its results",
    )
    outcome = outcome_of(Alone(RoundsInside))
    assert {k: v for k, v in variants.not_passed(outcome).items() if not v.startswith("skipped")} == {}
    assert outcome.verdict == "pass"


@pytest.mark.parametrize("decimals", [2, 3, 4, 6, 8])
def test_a_rounding_to_decimals_is_no_precision(decimals):
    class Output(Network):
        def forward(self, x):
            return np.round(super().forward(x), decimals)

    class Inputs(Network):
        def activations(self, x):
            return super().activations(np.round(x, decimals))

    for network in (Output, Inputs):
        assert infer_precision(Alone(network))[0] == "float64"


def drawn_by(generator):
    """A class whose weights come from a generator that no seed of ours decides."""

    class Drawn(Network):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, int(generator().integers(2**31)))

        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            super().fit(x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=int(generator().integers(2**31)))

    return Drawn


NOWHERE = np.random.default_rng(11)


@pytest.mark.parametrize(
    ("seeding", "generator"), [("fixed", lambda: np.random.default_rng(42)), ("none", lambda: NOWHERE)]
)
def test_weights_that_no_seed_decides(seeding, generator):
    outcome = outcome_of(Alone(drawn_by(generator)), seeding=seeding)
    found = variants.not_passed(outcome)
    assert {kind: said for kind, said in found.items() if not said.startswith("skipped")} == {}
    assert "initialization.seeds_differ" in found
    assert ("initialization.seed" in found) == (seeding == "none")
    assert ("training.every_sample" in found) is False
    assert outcome.verdict == "pass"


def test_he_is_found_where_every_network_is_the_same():
    class Fixed(HeInstead):
        def __init__(self, sizes, seed=0):
            super().__init__(sizes, 42)

    outcome = outcome_of(Alone(Fixed), seeding="fixed")
    failed = {result.id for result in outcome.specs if result.outcome == "failed"}
    assert "initialization.network_variance" in failed


def test_gradients_unseen_are_no_pass():
    outcome = outcome_of(hiding("backward")())
    assert {result.outcome for result in outcome.specs if result.chapter == "gradients"} == {"skipped"}
    assert outcome.verdict == "incomplete"


def test_functions_alone_are_incomplete():
    class Functions(chainrule.Implementation):
        relu, softmax = staticmethod(reference.relu), staticmethod(reference.softmax)
        cross_entropy, xavier = staticmethod(reference.cross_entropy), staticmethod(reference.xavier)

    outcome = outcome_of(Functions(None))
    assert outcome.verdict == "incomplete"


def test_a_stub_is_not_seen_through_the_network():
    class Stub(Alone):
        def softmax(self, z):
            raise NotImplementedError

    outcome = outcome_of(Stub())
    assert {result.outcome for result in outcome.specs if result.chapter == "softmax"} == {"todo"}


def test_results_say_what_was_seen_through_the_network():
    outcome = outcome_of(Alone())
    told = {result.id: (result.through, result.message) for result in outcome.specs}
    assert told["softmax.values"] == ("softmax", "softmax seen through the network")
    assert told["network.forward"] == ("", "")
