"""The layer sizes that an adapter makes are found, and specs about others are left out."""

import pytest

from banks.alone import Alone, OneHidden, fixed
from chainrule.api import check_loaded
from chainrule.contract.conventions import checked_value
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.inference.infer import infer_conventions
from chainrule.running.loading import load


def adapter(create, base=Alone):
    """An adapter with this `create`."""
    return type("Adapter", (base,), {"create": create})()


def one_hidden(self, sizes, seed):
    if len(sizes) != 3:
        raise NotImplementedError("one hidden layer")
    return self.target(sizes, seed)


def unpacked(self, sizes, seed):
    n_in, n_hidden, n_out = sizes
    return self.target([n_in, n_hidden, n_out], seed)


def two_at_most(self, sizes, seed):
    if len(sizes) > 4:
        raise ValueError(f"too deep: {sizes}")
    return self.target(sizes, seed)


def of_digits(self, sizes, seed):
    assert sizes[0] == 784
    assert sizes[-1] == 10
    return unpacked(self, sizes, seed)


def ten_classes(self, sizes, seed):
    return unpacked(self, [*sizes[:-1], 10], seed)


FOUND = [
    (one_hidden, "[*, *, *]"),
    (unpacked, "[*, *, *]"),
    (of_digits, "[784, *, 10]"),
    (ten_classes, "[*, *, 10]"),
    (lambda self, sizes, seed: self.target([784, 30, 10], seed), "[784, 30, 10]"),
    (lambda self, sizes, seed: self.target([784, sizes[1], 10], seed), "[784, *, 10]"),
    (two_at_most, "any"),
    (lambda self, sizes, seed: self.target(sizes, seed), "any"),
    (lambda self, sizes, seed: self.target(sizes[::-1], seed), "any"),  # a mistake, which a spec reports
    (lambda self, sizes, seed: self.target([sizes[0], *sizes[-2::-1][:-1], sizes[-1]], seed), "any"),
]


@pytest.mark.parametrize(("create", "architecture"), FOUND)
def test_the_architecture_of_an_adapter(create, architecture):
    found = infer_conventions(adapter(create), {}).conventions["architecture"]
    assert (found.value, found.source) == (architecture, "default" if architecture == "any" else "inferred")


@pytest.mark.parametrize("made", [OneHidden, fixed([784, None, 10])])
def test_what_an_adapter_says_it_supports_counts(made):
    settled = infer_conventions(made(), {})
    expected = "[*, *, *]" if made is OneHidden else "[784, *, 10]"
    assert settled.conventions["architecture"].value == expected


def test_one_refused_size_is_left_out_and_no_other():
    found = infer_conventions(adapter(two_at_most), {}).implementation
    assert found.supports([4, 6, 5, 3]) is None
    assert found.supports([4, 6, 5, 4, 3]) == "create raised ValueError: too deep: [4, 6, 5, 4, 3]"


def test_what_an_adapter_refuses_altogether_is_left_to_the_specs():
    def never(self, sizes, seed):
        raise ValueError("no")

    for made in (adapter(never), Implementation(None)):
        settled = infer_conventions(made, {})
        assert settled.conventions["architecture"].value == "any"
        assert settled.implementation.supports([4, 6, 3]) is None


ADAPTER = """\
import chainrule
import numpy as np
from chainrule.reference import MLP


class Adapter(chainrule.Implementation):
    def create(self, sizes, seed):
        inputs, hidden, classes = sizes
        net = MLP(sizes, seed=seed)
        net.weights = [SCALE * w for w in net.weights]
        return net

    def parameters(self, net):
        return net.weights, net.biases

    def assign(self, net, weights, biases):
        net.weights, net.biases = [np.array(w) for w in weights], [np.array(b) for b in biases]

    def forward(self, net, x):
        return net.forward(x)

    def loss(self, net, x, y):
        return net.loss(x, y)

    def backward(self, net, x, y):
        weights, biases = net.backward(x, y)
        return weights, [SIGN * b for b in biases]
"""


@pytest.mark.parametrize(
    ("scale", "sign", "failed"),
    [("1.0", "1", set()), ("1.3", "1", {"initialization"}), ("1.0", "-1", {"gradients", "golden"})],
)
def test_the_specs_run_at_the_depth_that_an_adapter_makes(tmp_path, scale, sign, failed):
    file = tmp_path / "adapter.py"
    file.write_text(ADAPTER.replace("SCALE", scale).replace("SIGN", sign))
    loaded = load(str(file), str(file))
    outcome = check_loaded(loaded, chapters=("initialization", "shapes", "gradients", "golden"))
    assert {result.chapter for result in outcome.specs if result.outcome in ("failed", "error")} <= failed
    assert bool(failed) == (outcome.verdict == "fail")
    todo = {result.id for result in outcome.specs if result.outcome == "todo"}
    assert todo == {"network.predict", "network.arguments_kept", "golden.steps"}


@pytest.mark.parametrize(
    "value", [["*", "*", 10], ("*", "*", "10"), "[*, *, 10]", "*,*,10", "['*', '*', 10]", "[ * ,* , 10 ]"]
)
def test_patterns_are_read_however_they_are_written(value):
    assert checked_value("architecture", value) == "[*, *, 10]"


@pytest.mark.parametrize("value", [[784], "[]", ["*", 0], 3, None, "[*, many]", [784, 2.5, 10]])
def test_what_is_not_a_pattern(value):
    with pytest.raises(UnusableTarget, match=r"expected any, or sizes such as \[784, \*, 10\]"):
        checked_value("architecture", value)


def test_patterns_in_every_place(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("def relu(z):\n    return z * (z > 0)\n")

    def read(**options):
        return load(str(file), **options).impl.conventions["architecture"].value

    assert read(conventions={"architecture": "[*, *, *]"}) == "[*, *, *]"
    (tmp_path / "pyproject.toml").write_text('[tool.chainrule.conventions]\narchitecture = [784, "*", 10]\n')
    assert read() == "[784, *, 10]"
    (tmp_path / "pyproject.toml").write_text('[tool.chainrule.conventions]\narchitecture = "[784, *, *]"\n')
    assert read() == "[784, *, *]"
    (tmp_path / "pyproject.toml").write_text("")
    file.write_text(file.read_text() + '\nCHAINRULE = {"architecture": ["*", "*", 10]}\n')
    assert read() == "[*, *, 10]"
    adapter = tmp_path / "adapter.py"
    adapter.write_text(
        "import chainrule\n\nCHAINRULE = {'architecture': ['*', 5, 10]}\n\n\n"
        "class Adapter(chainrule.Implementation):\n    pass\n"
    )
    assert read(adapter=str(adapter)) == "[*, 5, 10]"


DEEP = """
import numpy as np

class Net:
    def __init__(self):
        sizes = [8, 7, 6, 5, 4, 6, 7, 3]
        rng = np.random.default_rng(0)
        self.W = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def forward(self, x):
        for W, b in zip(self.W[:-1], self.b[:-1]):
            x = np.maximum(x @ W + b, 0)
        z = x @ self.W[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
"""


def test_a_network_of_one_depth_beyond_the_usual_ones_is_read(tmp_path):
    (tmp_path / "deep.py").write_text(DEEP, encoding="utf-8")
    loaded = load(str(tmp_path / "deep.py"))
    found = {spec.id: spec.outcome for spec in check_loaded(loaded, chapters=("shapes",)).specs}
    assert found["network.forward"] == "passed"
