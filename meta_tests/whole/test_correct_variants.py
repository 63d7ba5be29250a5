"""Who is right must pass, however it is written; what is no implementation must pass nothing and break nothing."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from banks import variants
from banks.correct import CORRECT, EVERYWHERE
from banks.correct.network import Network, functions
from banks.correct.parts import softmax_by_logarithm
from chainrule.contract.chapters import CORE_CHAPTERS

# Specs that ask for shapes, for what is left alone and for what agrees with itself: no number has to be right.
NOT_NUMERIC = {
    *("relu.shape", "relu.input_kept", "relu.empty", "softmax.shape", "softmax.input_kept"),
    *("cross_entropy.input_kept", "initialization.shape", "initialization.sizes", "initialization.biases"),
    *(
        "initialization.seed",
        "initialization.fresh",
        "network.assignable",
        "network.output_shape",
        "network.arguments_kept",
    ),
    *("gradients.shapes", "training.step_arguments_kept", "training.arguments_kept"),
}


CORE = [clause for clause, entry in variants.specs().items() if entry.chapter in CORE_CHAPTERS[:-1]]


@pytest.mark.parametrize("name", EVERYWHERE)
def test_correct_variant_passes(name):
    outcome = variants.check(CORRECT[name]())
    found = variants.not_passed(outcome)
    assert found.pop("training.history", "").removeprefix("skipped: ") in ("", "fit returns no history")
    assert found == {}
    assert outcome.verdict == "pass"


HISTORIES = {
    "over samples": lambda before, sizes, after: float(np.average(before, weights=sizes)),
    "over batches": lambda before, sizes, after: float(np.mean(before)),
    "after the epoch": lambda before, sizes, after: after,
}


@pytest.mark.parametrize("history_of", HISTORIES.values(), ids=HISTORIES)
def test_history_may_have_any_of_three_meanings(history_of):
    class WithHistory(Network):
        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            rng, history = np.random.default_rng(seed), []
            for _ in range(epochs):
                batches = np.array_split(rng.permutation(len(x)), range(batch_size, len(x), batch_size))
                before = []
                for batch in batches:
                    before.append(self.loss(x[batch], y[batch]))
                    self.step(self.backward(x[batch], y[batch]), lr)
                history.append(history_of(before, [len(batch) for batch in batches], self.loss(x, y)))
            return history

    results = variants.run_clauses(functions(MLP=WithHistory), ["training.history"])
    assert results["training.history"].outcome == "passed", results["training.history"].message


def outcomes(outcome):
    return {result.outcome for result in outcome.specs}


def test_an_empty_module_is_all_todo():
    outcome = variants.check(SimpleNamespace())
    assert outcomes(outcome) == {"todo"}
    assert outcome.verdict == "incomplete"


def constants(entry, *, probability=None):
    """Right shapes, and the same number everywhere."""

    def filled(shape):
        return np.full(shape, entry)

    def uniform(shape):
        return np.full(shape, 1 / shape[1] if probability == "uniform" else entry)

    class Constant:
        def __init__(self, sizes, seed=0):
            self.sizes = sizes
            self.weights, self.biases = (
                [filled(fans) for fans in pairwise(sizes)],
                [np.zeros(size) for size in sizes[1:]],
            )

        def forward(self, x):
            return uniform((len(x), self.sizes[-1]))

        def loss(self, x, y):
            return float(np.log(self.sizes[-1])) if probability == "uniform" else float(entry)

        def backward(self, x, y):
            return [filled(np.shape(w)) for w in self.weights], [filled(np.shape(b)) for b in self.biases]

        def step(self, grads, lr):
            pass

        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            return [self.loss(x, y)] * epochs

        def predict(self, x):
            return np.zeros(len(x), dtype=int)

    return SimpleNamespace(
        relu=lambda z: filled(np.shape(z)),
        softmax=lambda z: uniform(np.shape(z)),
        cross_entropy=lambda p, y: float(np.log(p.shape[1])) if probability == "uniform" else float(entry),
        xavier=lambda fan_in, fan_out, rng: filled((fan_in, fan_out)),
        MLP=Constant,
    )


CONSTANTS = {
    "zeros": lambda: constants(0.0),
    "ones": lambda: constants(1.0),
    "uniform probabilities": lambda: constants(0.0, probability="uniform"),
    "infinities": lambda: constants(np.inf),
    "nan": lambda: constants(np.nan),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in CONSTANTS.items()])
def test_constants_pass_no_numeric_spec(make):
    outcome = variants.check(make())
    assert {result.id for result in outcome.specs if result.outcome == "passed"} - NOT_NUMERIC == set()
    assert outcome.verdict == "fail"


def test_the_specs_called_not_numeric_exist():
    assert set(variants.specs()) >= NOT_NUMERIC


def everywhere(answer):
    """A module all of whose functions and methods do the same thing."""

    class Network:
        def __init__(self, sizes, seed=0):
            self.weights = [np.zeros(fans) for fans in pairwise(sizes)]
            self.biases = [np.zeros(size) for size in sizes[1:]]

        def forward(self, x):
            return answer()

        def loss(self, x, y):
            return answer()

        def backward(self, x, y):
            return answer()

        def step(self, grads, lr):
            return answer()

        def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
            return answer()

        def predict(self, x):
            return answer()

    return SimpleNamespace(
        relu=lambda z: answer(),
        softmax=lambda z: answer(),
        cross_entropy=lambda p, y: answer(),
        xavier=lambda fan_in, fan_out, rng: answer(),
        MLP=Network,
    )


def raises():
    raise ZeroDivisionError("as it happens")


def leaves():
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "message"),
    [(raises, "ZeroDivisionError: as it happens"), (leaves, "SystemExit: 3")],
    ids=["raises", "exits"],
)
def test_what_raises_is_an_error_of_each_spec(answer, message):
    outcome = variants.check(everywhere(answer))
    found = {result.id: result for result in outcome.specs}
    assert outcome.verdict == "fail"
    assert found["softmax.overflow"].outcome == "error"
    assert message in found["softmax.overflow"].message
    assert len(found) == len(CORE)


STRANGE = {
    "strings": lambda: "0.5",
    "objects": object,
    "empty lists": list,
    "complex numbers": lambda: 1j,
    "dictionaries": dict,
    "classes": lambda: int,
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_strange_results_fail_and_break_nothing(answer):
    outcome = variants.check(everywhere(answer))
    found = {result.id: result for result in outcome.specs}
    assert found["softmax.overflow"].outcome == "failed"
    assert found["network.forward"].outcome in ("failed", "blocked")
    assert outcome.verdict == "fail"
    assert len(found) == len(CORE)


def test_stubs_are_todo():
    outcome = variants.check(everywhere(lambda: None))
    assert {result.id for result in outcome.specs if result.outcome == "passed"} <= NOT_NUMERIC
    assert {result.outcome for result in outcome.specs if result.chapter in ("activations", "softmax")} == {"todo"}


def test_what_is_printed_is_kept_out(capsys):
    def softmax(z):
        print("noise")
        return softmax_by_logarithm(z)

    results = variants.run_clauses(functions(softmax=softmax), ["softmax.overflow"])
    assert results["softmax.overflow"].outcome == "passed"
    assert capsys.readouterr().out == ""


def forever_counting(calls):
    def forever(*arguments, **keywords):
        calls.append(1)
        while True:
            pass

    return forever


@pytest.mark.parametrize(
    ("method", "clause"),
    [("fit", "training.full_batch"), ("forward", "network.output_shape"), ("loss", "network.loss")],
)
def test_what_never_returns_is_called_once(method, clause):
    calls = []
    module = functions(MLP=type("Endless", (Network,), {method: forever_counting(calls)}))
    outcome = variants.check(module, timeout=3.0)
    found = {result.id: result for result in outcome.specs}
    assert found[clause].outcome in ("error", "blocked")
    assert f"{method} did not return within 3 s" in found[clause].message
    assert found["softmax.values"].outcome == "passed"
    assert outcome.verdict == "fail"
    assert len(calls) <= 7  # once by the search, each stage of precision, each other probe, and a spec: no more tries
