"""The dropout chapter on dropout in many styles, on planted mistakes, and on what is no dropout."""

import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from banks.dropout import COURSE, MASKS, PLANTED, STYLES
from banks.planted import in_turn
from chainrule import api, golden
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.diagnosis import mistakes
from chainrule.host.inference.switched_off import DROPOUT
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics import dropout as mathematics
from chainrule.running.loading import load
from chainrule.spec_tests import test_dropout as spec_tests
from chainrule.specification.networks import Networks

OPERATIONS = EXTENSION_NAMES["dropout"]
OTHER_FORMS = {  # what the report says of them
    "course": {"dropout_p": "keeps"},
    "flags": {"dropout": "classic"},
    **{style: {"dropout_p": "drops"} for style in ("older course", "modes", "forward only", "generators")},
}
NOT_SEEN = {  # where the code has no mode, or does not keep its mask at rate 0
    **{style: {"dropout.evaluation"} for style in ("contract", "masks", "forward only")},
    "modes": {"dropout.zero_rate"},
}
BACKWARD = {f"dropout.{name}" for name in ("same_mask", "zero_inputs", "linearity", "caches", "single_precision")}
CONVENTIONS = ("dropout", "dropout_p", "dropout_seeding")


def checked(folder, source):
    """The outcome of a check of this source, for the chapter alone."""
    path = folder / "drop.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return api.check(str(path), chapters="dropout")


def outcomes(found):
    return {spec.id: spec.outcome for spec in found.specs if spec.outcome != "passed"}


@pytest.mark.parametrize("style", STYLES)
def test_dropout_of_many_styles_passes(tmp_path, style):
    found = checked(tmp_path, STYLES[style])
    lacking = BACKWARD | {"dropout.golden"} if style == "forward only" else set()
    assert outcomes(found) == dict.fromkeys(lacking, "todo") | dict.fromkeys(NOT_SEEN.get(style, ()), "skipped")
    assert found.verdict == ("incomplete" if lacking else "pass")
    conventions = {key: found.conventions[key].value for key in CONVENTIONS if key in found.conventions}
    assert conventions == OTHER_FORMS.get(style, {})
    assert all(f"{key} {value}" in str(found) for key, value in conventions.items())


@pytest.mark.parametrize(("style", "old", "new", "name"), **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, style, old, new, name):
    assert STYLES[style].count(old) >= 1
    found = checked(tmp_path, STYLES[style].replace(old, new))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]
    assert {cause.id for cause in found.diagnoses if cause.certainty == "certain"} <= {name}


def test_every_mistake_of_the_chapter_is_planted():
    assert {mistake.id for mistake in mistakes().values() if mistake.chapter == "dropout"} == {
        name for *_, name in PLANTED
    }


WITHOUT_A_CALL = [
    "dropout = 0.5",
    "class DropoutTrainer: pass",
    "def apply_dropout(model, data): return data",
    "class Dropout:\n    def __init__(self, inputs, outputs): pass\n    def forward(self, x): return x",
    "class Dropout:\n    def __init__(self, p): self.p = p\n    def speak(self): return self.p",
    "class Dropout:\n    def __init__(self, p): self.p = p\n    def forward(self, x): return x.detach()",
    "class Dropout:\n    def __init__(self, p): self.p = p\n    def forward(self, x): return x[0]",
    "def dropout(x, p, tree): return x",
]


@pytest.mark.parametrize("source", WITHOUT_A_CALL)
def test_what_is_no_dropout_that_can_be_called_is_not_offered(source):
    namespace = {}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(map(found.offers, OPERATIONS))


def test_a_stub_of_the_contracts_form_is_todo(tmp_path):
    found = checked(tmp_path, "def dropout_forward(x, rate, rng): pass\ndef dropout_backward(dout, cache): pass\n")
    assert set(outcomes(found).values()) == {"todo"}
    assert found.verdict == "incomplete"


def test_a_core_network_with_dropout_is_checked_with_it():
    assert set(OPERATIONS) <= set(load("chainrule.reference").description.offered)


# Right code at the edges of what the contract says

OWN_GENERATOR = """
def dropout_forward(x, rate):
    mask = (np.random.default_rng().random(x.shape) >= rate) / (1 - rate)
    return x * mask, mask

def dropout_backward(dout, mask):
    return dout * mask
"""
REFUSES = """
class Dropout:
    def __init__(self, prob):
        if not 0 < prob < 1:
            raise ValueError("prob must be in (0, 1)")
        self.prob, self.train_mode = prob, True

    def forward(self, x):
        if not self.train_mode:
            return x
        self.mask = np.random.choice([0, 1], size=x.shape, p=[self.prob, 1 - self.prob])
        return x * self.mask / (1 - self.prob)

    def backward(self, d):
        return d * self.mask / (1 - self.prob)
"""
STATIC = """
class Dropout:
    @staticmethod
    def forward(x, p, mode="train"):
        if mode != "train":
            return x, None
        mask = (np.random.rand(*x.shape) < p) / p
        return x * mask, mask

    @staticmethod
    def backward(dout, cache):
        return dout * cache
"""
SEEDS = """
class Dropout:
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def __call__(self, x, test=False):
        self.m = 1.0 if test else (self.rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.m

    def backprop(self, g, lr=0.1):
        return g * self.m
"""
GLOBAL = """
def dropout(x, p):
    global mask
    mask = (np.random.rand(*x.shape) > p) / (1 - p)
    return x * mask

def dropout_backward(dout):
    return dout * mask
"""
SEEDED = """
def dropout_forward(x, rate, seed=None):
    rng = np.random.default_rng(seed)
    kept = rng.random(x.shape) >= rate
    return np.where(kept, x / (1 - rate), 0.0), (kept, rate)

def dropout_backward(dout, cache):
    return np.where(cache[0], dout / (1 - cache[1]), 0.0)
"""
NAMED = """
class Layer:
    def __init__(self, name):
        self.name, self.cache = name, {}

class Dropout(Layer):
    def __init__(self, name, keep):
        super().__init__(name)
        self._keep = keep

    def forward_propagation(self, A, training, **settings):
        if not training:
            return A
        self.cache["mask"] = np.random.rand(A.shape[0], A.shape[1]) < self._keep
        return A * self.cache["mask"] / self._keep

    def backward_propagation(self, dA, learning_rate, **settings):
        return dA * self.cache["mask"] / self._keep
"""
STACKED = """
class Dropout:
    def __init__(self, rate):
        self.rate, self.masks = rate, []

    def forward(self, x, train=True):
        if not train or self.rate == 0:
            return x
        self.masks.append((np.random.rand(*x.shape) > self.rate).astype(np.float32))
        return x * self.masks[-1] / (1.0 - self.rate)

    def backward(self, grad):
        return grad * self.masks.pop() / (1.0 - self.rate)
"""
SEEDED_LAYER = """
class Dropout:
    def __init__(self, rate, seed=None):
        self.rate, self.seed = rate, seed

    def forward(self, x, training=True):
        if not training or self.rate == 0:
            self.mask = np.ones_like(x)
            return x
        if self.seed is not None:
            np.random.seed(self.seed)
        self.mask = np.random.binomial(1, 1 - self.rate, x.shape) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask
"""
PHASES = """
class BaseLayer:
    def __init__(self):
        self.trainable = False
        self.testing_phase = False

class Dropout(BaseLayer):
    def __init__(self, probability):
        super().__init__()
        self.probability = probability

    def forward(self, x):
        self.mask = np.ones(x.shape)
        if not self.testing_phase:
            self.mask = (np.random.rand(*x.shape) < self.probability) / self.probability
        return x * self.mask

    def backward(self, error_tensor):
        return error_tensor * self.mask
"""
SKIPPED = {"dropout.evaluation": "skipped"}
EDGES = {
    "an optional seed that every pass sets": (SEEDED_LAYER, {}),
    "a phase of testing, beside what the word trainable means": (PHASES, {}),
    "its own generator in every call": (OWN_GENERATOR, SKIPPED | {"dropout.generator": "skipped"}),
    "a rate of zero refused": (REFUSES, {"dropout.zero_rate": "skipped"}),
    "static methods": (STATIC, {}),
    "a generator in the constructor": (SEEDS, {}),
    "a name, and a mask in a dictionary": (NAMED, {}),
    "a stack of masks": (STACKED, {"dropout.zero_rate": "skipped"}),
    "a global mask": (GLOBAL, SKIPPED | dict.fromkeys(BACKWARD | {"dropout.golden"}, "todo")),
    "a global mask, and a probability": (
        GLOBAL.replace("(dout):", "(dout, p):"),
        SKIPPED | dict.fromkeys(BACKWARD | {"dropout.golden"}, "todo"),
    ),
    "a seed in every call": (SEEDED, SKIPPED),
    "matrices alone, in float32": (
        MASKS.replace("D = D < keep_prob", "D = np.float32(D < keep_prob)").replace(
            "A = A * D", "A = np.float32(A) * D"
        ),
        SKIPPED,
    ),
}


@pytest.mark.parametrize(("source", "wanted"), EDGES.values(), ids=EDGES)
def test_right_code_does_not_fail(tmp_path, source, wanted):
    found = checked(tmp_path, source)
    assert outcomes(found) == wanted
    assert found.diagnoses == []


BY_EFFECT = {  # {a mask of cs231n's form, right or wrong: what its p does}
    "(np.random.rand(*x.shape) < p) / p": "keeps",
    "(np.random.rand(*x.shape) < p)": "keeps",
    "(np.random.rand(*x.shape) < p) / (1 - p)": "keeps",
    "(np.random.rand(*x.shape) < 0.5) / p": "keeps",
    "(np.random.randn(*x.shape) < p) / p": "keeps",
    "(np.random.rand(*x.shape) >= p) / (1 - p)": "drops",
    "(np.random.rand(*x.shape) >= p)": "drops",
    "(np.random.rand(*x.shape) >= 0.5) / (1 - p)": "drops",
    "(np.random.randn(*x.shape) >= p) / (1 - p)": "drops",
}


@pytest.mark.parametrize(("mask", "does"), BY_EFFECT.items())
def test_a_probability_is_read_by_its_effect(tmp_path, mask, does):
    path = tmp_path / "drop.py"
    source = COURSE.replace("(np.random.rand(*x.shape) < p) / p", mask)
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    impl = load(str(path)).impl
    spec_tests.forward(impl, np.ones((2, 3)), 0.5)
    found = impl.host.traits().extensions
    assert [value for key, value, _ in found if key == "dropout_p"] == [does]


def test_a_generator_of_the_file_is_left_in_its_state():
    namespace = {"np": np, "__name__": "drop"}
    exec(STYLES["generators"], namespace)
    before = namespace["rng"].bit_generator.state
    found = recognise(namespace, {})
    first, _ = found.dropout_forward(np.ones((2, 3)), 0.5, np.random.default_rng(1))
    again, _ = found.dropout_forward(np.ones((2, 3)), 0.5, np.random.default_rng(1))
    assert np.array_equal(first, again)
    assert namespace["rng"].bit_generator.state == before


def test_names_of_a_course_that_are_not_read_are_said(tmp_path):
    name = "forward_propagation_with_dropout"
    found = checked(tmp_path, f"{STYLES['masks']}\ndef {name}(X, parameters, keep_prob=0.5): return X\n")
    assert f"recognised, not checked yet: {name}" in str(found)


# A network with dropout inside

NETWORK = """
class Net:
    def __init__(self, sizes, keep=1.0):
        self.W = [np.random.randn(a, b) * 0.1 for a, b in zip(sizes[:-1], sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def forward(self, X):
        for W, b in zip(self.W, self.b):
            X = np.maximum(X, 0) if W is not self.W[0] else X
            X = X @ W + b
        e = np.exp(X - X.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, X, y):
        return -np.mean(np.log(self.forward(X)[np.arange(len(y)), y]))
"""
LAYER = STYLES["flags"] + NETWORK.replace("        self.W =", "        self.dropout = Dropout(0.5)\n        self.W =")


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        (NETWORK, False),
        (
            NETWORK.replace("keep=1.0", "keep_prob=0.5").replace(
                "        self.W =", "        self.keep_prob = keep_prob\n        self.W ="
            ),
            True,
        ),
        (NETWORK.replace("forward(self, X)", "forward(self, X, dropout=0.0)"), True),
        (LAYER, True),
    ],
    ids=["none", "an attribute", "a parameter", "a layer"],
)
def test_dropout_inside_a_network_is_said(tmp_path, source, inside):
    path = tmp_path / "net.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    assert (DROPOUT in load(str(path)).impl.notes) is inside


# The oracle


def test_golden_values_are_those_of_the_rule():
    for known in golden.values("dropout")["kept"]:
        rule = mathematics.Dropout(known.rate)
        for found, right in ((known.out, known.x), (known.dx, known.dout)):
            value, error = rule.kept(right)
            assert (np.abs(found - value) <= error).all()
            assert (error < 1e-12 * np.abs(value)).all()


def test_the_forms_differ_by_far_more_than_their_errors():
    inverted, classic = (mathematics.Dropout(0.25, form, u=2.0**-24) for form in mathematics.FORMS)
    assert np.abs(inverted.kept(1.0)[0] - classic.kept(1.0)[0]) > 1e4 * (inverted.error + classic.error)


@pytest.mark.parametrize("rate", mathematics.RATES)
@pytest.mark.parametrize("n", [200, 1000])
def test_the_exact_binomial_distribution_keeps_below_the_bound(n, rate):
    quarters, tail = int(4 * rate), n * mathematics.fraction_tail(n)
    beyond = [k for k in range(n + 1) if abs(k - n * rate) > tail]
    ways = sum(math.comb(n, k) * quarters**k * (4 - quarters) ** (n - k) for k in beyond)
    assert 0 < ways < 4**n // round(1 / mathematics.FALSE_ALARM)


def test_bounds_leave_no_room_for_the_other_probability():
    assert all(abs(1 - 2 * rate) > 10 * mathematics.fraction_tail(65536) for rate in mathematics.RATES if rate != 0.5)


@pytest.mark.parametrize(("cast", "u"), [("x", 2.0**-53), ("np.float32(x)", 2.0**-24)])
def test_arithmetic_of_float32_is_held_to_float32(tmp_path, cast, u):
    path = tmp_path / "drop.py"
    source = STYLES["contract"].replace(
        "out = x * mask", f"out = {cast} * np.float32(mask)" if u > 1e-9 else "out = x * mask"
    )
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    impl = load(str(path)).impl
    assert spec_tests.layer(impl, Networks(impl)).u == u


def test_the_lines_to_paste_repeat_a_pass(tmp_path):
    found = checked(tmp_path, STYLES["contract"].replace("kept / (1 - rate)", "kept"))
    (failed,) = [spec for spec in found.specs if spec.id == "dropout.entries"]
    assert ".dropout_forward(np.array(" in failed.snippet
    again = subprocess.run(
        [sys.executable, "-c", failed.snippet], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert again.stdout.startswith("(array(")
