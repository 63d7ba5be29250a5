"""Code is judged by a reading that its own results prove; an unproven reading, or a refused value, is not a failure."""

import textwrap

import pytest

import chainrule
from banks.honest import HONEST, IMPORTS

WRONG = ("failed", "error")


def check(folder, source, **keywords):
    """The outcome of checking a source."""
    path = folder / "net.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return chainrule.check(str(path), **keywords)


def wrong(outcome):
    """The clauses that failed or raised."""
    return [result.id for result in outcome.specs if result.outcome in WRONG]


def result_of(outcome, clause):
    (found,) = (result for result in outcome.specs if result.id == clause)
    return found


def planted(source, old, new):
    assert source.count(old) == 1, old
    return source.replace(old, new)


# Code that checks its arguments

CHECKS = {
    "def step(self, grads, lr):\n": '        if lr <= 0:\n            raise ValueError("the rate must be positive")\n',
    "def fit(self, x, y, *, epochs, batch_size, lr, seed=0):\n": (
        '        assert epochs > 0, "at least one epoch"\n        assert lr > 0, "the rate must be positive"\n'
    ),
    "def relu(z):\n": '    if not z.size:\n        raise ValueError("an empty array")\n',
}


def checking():
    source = HONEST
    for header, lines in CHECKS.items():
        source = planted(source, header, header + lines)
    return source


def test_values_that_the_code_refuses_are_skipped_with_the_reason(tmp_path):
    outcome = check(tmp_path, checking())
    assert outcome.verdict == "pass"
    refused = {result.id: result.message for result in outcome.specs if "the code refuses" in result.message}
    assert refused.keys() == {"training.zero_rate", "relu.empty"}
    assert refused["training.zero_rate"].startswith("the code refuses a rate of zero: step raised ValueError")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("assert epochs > 0", "assert epochs > 1"),  # one epoch is no value at the edge
        ("range(epochs)", "range(epochs + (epochs > 1))"),
        ("if not z.size:\n", "if z.size and z.size < 2:\n"),
        ("rng = np.random.default_rng(seed)\n        for", "rng = np.random.default_rng(0)\n        for"),
    ],
)
def test_code_that_checks_its_arguments_fails_for_its_mistakes(tmp_path, old, new):
    assert check(tmp_path, planted(checking(), old, new)).verdict == "fail"


def test_an_exception_that_no_check_raises_is_an_error(tmp_path):
    outcome = check(tmp_path, planted(HONEST, "w -= lr * g", "w -= 1 / (1 / lr) * g"), chapters="training")
    assert result_of(outcome, "training.zero_rate").outcome == "error"


NO_SINGLE_CLASS = (
    IMPORTS
    + """
class Network:
    def __init__(self, *nodes):
        if nodes[-1] < 2:
            raise ValueError("the last layer needs two nodes")
        self.weights = [np.random.randn(m, n) * np.sqrt(2 / (m + n)) for m, n in zip(nodes, nodes[1:])]
        self.biases = [np.zeros(n) for n in nodes[1:]]

    def forward(self, x):
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            x = np.maximum(x @ w + b, 0)
        z = x @ self.weights[-1] + self.biases[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
"""
)


def test_no_network_of_a_single_class_is_asked_for(tmp_path):
    outcome = check(tmp_path, NO_SINGLE_CLASS, chapters=["golden", "softmax"])
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", [])
    assert result_of(outcome, "golden.softmax").outcome == "passed"


ONE_HOT_BY_SIZE = (
    IMPORTS
    + """
def softmax_loss(x, t):
    y = np.exp(x - x.max(axis=-1, keepdims=True))
    y /= y.sum(axis=-1, keepdims=True)
    if t.size == y.size:
        t = t.argmax(axis=1)
    loss = -np.log(y[np.arange(len(t)), t] + 1e-7).mean()
    y[np.arange(len(t)), t] -= 1
    return loss, y / len(t)
"""
)


def test_a_loss_that_tells_labels_by_their_size_is_not_asked_for_one_class(tmp_path):
    assert wrong(check(tmp_path, ONE_HOT_BY_SIZE, chapters="layers")) == []
    assert wrong(check(tmp_path, planted(ONE_HOT_BY_SIZE, "y / len(t)", "y"), chapters="layers"))
