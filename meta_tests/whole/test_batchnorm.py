"""The batchnorm chapter on batch normalization in many styles, on planted mistakes, and on what is none."""

import subprocess
import sys
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

from banks.batchnorm import CONTRACT, COURSE, LAYER, PLAIN, PLANTED, STYLES
from banks.planted import in_turn
from chainrule import api, golden
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics.batchnorm import FORMS, LARGE, SMALL, Averages, Case, analyse, drawn, evaluated
from chainrule.mathematics.rounding import UNIT_ROUNDOFF
from chainrule.running.loading import load_any
from chainrule.spec_tests import test_batchnorm as spec_tests
from chainrule.specification.networks import Networks

OTHER_FORMS = {  # what the report says of them
    "columns": {
        "batchnorm_samples": "columns",
        "batchnorm_momentum": "of the batch",
        "batchnorm_running_variance": "unbiased",
    },
    "upright": {"batchnorm_samples": "columns"},
    "module": {"batchnorm_momentum": "of the batch"},
}
RUNNING = {"batchnorm.running", "batchnorm.running_limit"}
EVALUATION = {"batchnorm.evaluation", "batchnorm.evaluation_by_samples", "batchnorm.evaluation_keeps"}
NOT_SEEN = {  # beside the second backward pass, which the course has alone
    "book": {"batchnorm.golden"},
    "plain": {"batchnorm.golden", *RUNNING, *EVALUATION},
    "upright": {*RUNNING, *EVALUATION},
}
NAMES = EXTENSION_NAMES["batchnorm"]


def written(folder, source):
    """A file with this source."""
    path = folder / "bn.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return str(path)


def checked(folder, source):
    """The outcome of a check of this source, for the chapter alone."""
    return api.check(written(folder, source), chapters="batchnorm")


def outcomes_of(found):
    return {spec.id: f"{spec.outcome}: {spec.message}" for spec in found.specs if spec.outcome != "passed"}


def changed(source, changes):
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize("style", STYLES)
def test_batch_normalization_of_many_styles_passes(tmp_path, style):
    found = checked(tmp_path, STYLES[style])
    unseen = NOT_SEEN.get(style, set()) | ({"batchnorm.alternative"} if style != "course" else set())
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert {clause: outcome for clause, outcome in outcomes.items() if outcome != "passed"} == dict.fromkeys(
        unseen, "skipped"
    )
    assert found.verdict == "pass"
    conventions = {key: one.value for key, one in found.conventions.items() if key.startswith("batchnorm")}
    assert conventions == OTHER_FORMS.get(style, {})
    assert all(f"{key} {value}" in str(found) for key, value in conventions.items())


RIGHT = {  # {what is special about it: (the code, what changes in it)}
    "gamma and beta as parameters with gradients": (
        LAYER,
        {
            "self.gamma = np.ones(num_features)": "self.gamma = Parameter(np.ones((1, num_features)))",
            "self.beta = np.zeros(num_features)": "self.beta = Parameter(np.zeros((1, num_features)))",
            "self.gamma * self.x_hat + self.beta": "self.gamma.data * self.x_hat + self.beta.data",
            "self.dgamma =": "self.gamma.grad =",
            "self.dbeta =": "self.beta.grad =",
            "dout * self.gamma": "dout * self.gamma.data",
            "class BatchNorm:": "class Parameter:\n    def __init__(self, data):\n"
            "        self.data, self.grad = data, None\n\n\nclass BatchNorm:",
        },
    ),
    "gradients under names of their own": (LAYER, {"self.dgamma": "self.first", "self.dbeta": "self.second"}),
    "made in the first pass": (
        LAYER,
        {
            "self, num_features, eps": "self, eps",
            "        self.gamma = np.ones(num_features)\n": "        self.gamma = None\n",
            "        self.beta = np.zeros(num_features)\n": "",
            "        self.running_mean = np.zeros(num_features)\n": "",
            "        self.running_var = np.ones(num_features)\n": "",
            "        if training:\n": "        if self.gamma is None:\n            D = x.shape[1]\n"
            "            self.gamma, self.beta = np.ones(D), np.zeros(D)\n"
            "            self.running_mean, self.running_var = np.zeros(D), np.ones(D)\n        if training:\n",
        },
    ),
    "a flag for evaluation": (
        LAYER,
        {"training=True": "inference=False", "if training:": "if not inference:"},
    ),
    "a word for the mode": (LAYER, {"training=True": 'mode="train"', "if training:": 'if mode == "train":'}),
    "a mode that is no word": (LAYER, {"training=True": "mode=True", "if training:": "if mode:"}),
    "evaluation in a method of its own": (
        LAYER,
        {
            ", training=True": "",
            "if training:": "if True:",
            "    def backward": "    def predict(self, x):\n"
            "        return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + self.eps) + self.beta\n\n"
            "    def backward",
        },
    ),
    "eps given to each pass, and kept": (
        LAYER,
        {
            "num_features, eps=1e-5, momentum": "num_features, momentum",
            "        self.eps = eps\n": "",
            "x, training=True):": "x, training=True, epsilon=1e-10):\n        self.epsilon = epsilon",
            "var + self.eps": "var + epsilon",
        },
    ),
    "eps and momentum that each pass needs": (
        LAYER,
        {
            "num_features, eps=1e-5, momentum=0.9": "num_features",
            "        self.eps = eps\n        self.momentum = momentum\n": "",
            "x, training=True": "x, eps, momentum, training=True",
            "self.eps": "eps",
            "self.momentum": "momentum",
        },
    ),
    "eps given to the training pass, and not to the evaluation": (
        LAYER,
        {
            "num_features, eps=1e-5, momentum": "num_features, momentum",
            "        self.eps = eps\n": "",
            ", training=True": ", eps=1e-8",
            "if training:": "if True:",
            "self.eps": "eps",
            "    def backward": "    def predict(self, x):\n"
            "        return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + 1e-8) + self.beta\n\n"
            "    def backward",
        },
    ),
    "running statistics called as those of a batch": (
        LAYER,
        {"self.running_mean": "self.mean", "self.running_var": "self.var"},
    ),
    "a mode in a base class": (
        LAYER,
        {
            ", training=True": "",
            "if training:": "if not self.testing_phase:",
            "class BatchNorm:\n": "class Base:\n    testing_phase = False\n\n\nclass BatchNorm(Base):\n",
        },
    ),
    "statistics of a batch beside running ones whose names are unknown": (
        LAYER,
        {
            "self.running_mean": "self.hither",
            "self.running_var": "self.thither",
            "        self.std = ": "        self.mean, self.var = mean, var\n        self.std = ",
        },
    ),
    "the letters of a course for every array": (
        LAYER,
        {
            "self.gamma": "self.BW",
            "self.beta": "self.Bb",
            "self.running_mean": "self.running_M",
            "self.running_var": "self.running_V",
            "self.dgamma": "self.dLdBW",
            "self.dbeta": "self.dLdBb",
            "training=True": "eval=False",
            "if training:": "if not eval:",
        },
    ),
    "passes that take whatever else a network hands them": (
        LAYER,
        {
            "training=True": "is_training, *args, **kwargs",
            "if training": "if is_training",
            "dout):": "dout, is_first_layer, **kw):",
        },
    ),
    "an eps of no effect": (
        LAYER,
        {"eps=1e-5, momentum": "momentum", "self.eps = eps": "self.eps = 1e-5", "var + self.eps": "var + 1e-8"},
    ),
    "parameters that its backward pass updates by a rate": (
        LAYER,
        {
            "def backward(self, dout):": "def backward(self, dout, learning_rate):",
            "self.dgamma = np.sum(dout * self.x_hat, axis=0)": "dgamma = np.sum(dout * self.x_hat, axis=0)",
            "self.dbeta = np.sum(dout, axis=0)": "dbeta = np.sum(dout, axis=0)",
            "        return dx_hat / self.std": "        self.gamma -= learning_rate * dgamma\n"
            "        self.beta -= learning_rate * dbeta\n        return dx_hat / self.std",
        },
    ),
    "a mode of the class": (
        LAYER,
        {
            ", training=True": "",
            "if training:": "if self.training:",
            "class BatchNorm:\n": "class BatchNorm:\n    training = True\n",
        },
    ),
    "training alone": (LAYER, {", training=True": "", "if training:": "if True:"}),
    "its own momentum": (
        LAYER,
        {", momentum=0.9": "", "        self.momentum = momentum\n": "", "self.momentum": "0.95"},
    ),
    "its own eps and no mode": (PLAIN, {"1e-8": "1e-3"}),
    "float32 inside": (
        CONTRACT,
        {
            "    mean = x.mean(axis=0)\n    variance": "    x = np.asarray(x, np.float32)\n"
            "    gamma, beta, eps = np.float32(gamma), np.float32(beta), np.float32(eps)\n"
            "    mean = x.mean(axis=0)\n    variance",
            "    h, gamma, root = cache\n": "    h, gamma, root = cache\n    dout = np.float32(dout)\n",
            "    return gamma * (x - mean)": "    x, mean, variance = map(np.float32, (x, mean, variance))\n"
            "    return np.float32(gamma) * (x - mean)",
            "sqrt(variance + eps) + beta": "sqrt(variance + np.float32(eps)) + np.float32(beta)",
        },
    ),
    "the second backward pass not written": (
        COURSE,
        {
            "cache\n    N = dout.shape[0]\n": "cache\n    return None, None, None\n",
        },
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_of_other_kinds_does_not_fail(tmp_path, name):
    found = checked(tmp_path, changed(*RIGHT[name]))
    assert {c: o for c, o in outcomes_of(found).items() if not o.startswith(("skipped", "todo"))} == {}
    alternative = {"batchnorm.alternative"} if "second" in name else set()
    assert {spec.id for spec in found.specs if spec.outcome == "todo"} == alternative
    assert sum(spec.outcome == "passed" for spec in found.specs) >= 23


@pytest.mark.parametrize(
    "name",
    [
        "BN",
        "BatchNormal",
        "Batch_norm_Layer",
        "Batch_Norm",
        "batch_norm1d",
        "batch_norm_layer",
        "BatchNorm_1D",
        "BN_layer",
    ],
)
def test_a_layer_is_read_under_many_names(name):
    namespace = {"np": np}
    exec(changed(LAYER, {"BatchNorm": name}), namespace)
    assert recognise(SimpleNamespace(**namespace), {}).offers("batchnorm_evaluate")


@pytest.mark.parametrize(("style", "old", "new", "name"), **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, style, old, new, name):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]


@pytest.mark.parametrize(
    ("style", "old", "new", "raised"),
    [
        ("layer", "np.sum(dout * self.x_hat, axis=0)", "np.sum(dout * self.inp, axis=0)", "no attribute 'inp'"),
        ("book", "dxn = self.gamma * dout", "dxn = gamma * dout", "name 'gamma' is not defined"),
        ("columns", "dbeta = np.sum(dZ, axis=1, keepdims=True)", "dbeta = np.sum(dZ, axis=1)", "broadcast"),
        ("keeping", "self.scale * (d -", "self.scale[2] * (d -", "out of bounds"),
        ("contract", "h, gamma, root = cache", "h, gamma = cache", "too many values"),
        ("arguments", "scale = gamma /", "scale = gama /", "name 'gama' is not defined"),
    ],
)
def test_a_backward_pass_that_raises_is_an_error_of_its_clauses_alone(tmp_path, style, old, new, raised):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert outcomes["batchnorm.gradient_shapes"] == "error"
    assert {outcomes[clause] for clause in ("batchnorm.values", "batchnorm.running", "batchnorm.evaluation")} == {
        "passed"
    }
    assert "todo" not in outcomes.values()
    assert raised in found.diagnoses[0].title


@pytest.mark.parametrize(
    "changes",
    [
        {"np.sum(dout, axis=0)\n": "np.sum(dout, axis=0)\n        self.optimizer.update(self)\n"},
        {"np.sum(dout, axis=0)\n": "np.sum(dout, axis=0)\n        self.steps['beta'] += 1\n"},
        {"self, dout": "self, dout, order", "n = dout.shape[0]": "n = dout[order].shape"},
    ],
)
def test_a_backward_pass_that_needs_what_chainrule_does_not_set_up_is_not_judged(tmp_path, changes):
    prepares = (
        "    def prepare(self, optimizer):\n        self.optimizer, self.steps = optimizer, {}\n\n    def backward"
    )
    found = checked(tmp_path, changed(LAYER, {**changes, "    def backward": prepares}))
    assert found.verdict == "incomplete"
    assert {spec.outcome for spec in found.specs} == {"todo"}


def test_both_backward_passes_of_the_course_are_asked(tmp_path):
    source = changed(COURSE, {"N * dout - dbeta - xhat * dgamma": "N * dout - dbeta"})
    found = checked(tmp_path, source)
    assert [spec.id for spec in found.specs if spec.outcome == "failed"] == ["batchnorm.alternative"]


@pytest.mark.parametrize(
    "source",
    [
        "def batch_norm(x):\n    return (x - x.mean()) / x.std()",
        "def batchnorm(data, column):\n    return data[column]",
        "class BatchNorm:\n    def __init__(self, channels, height, width): self.gamma = np.ones(channels)\n"
        "    def forward(self, x): return x\n    def backward(self, d): return d",
        "class BatchNorm:\n    def speak(self): return 'hello'",
        "class BatchNormalization:\n    def forward(self, x): return x\n    def backward(self, d): return d",
        "class BN:\n    def __init__(self, n): self.gamma, self.beta = np.ones(n), np.zeros(n)\n"
        "    def forward(self, x): return x.sum()\n    def backward(self, d): return d",
        "BatchNorm = 3",
    ],
)
def test_what_cannot_be_called_as_batch_normalization_is_not_offered(source):
    namespace = {"np": np}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(found.offers(name) for name in NAMES)


def test_a_function_of_the_contracts_name_is_offered_in_any_form(tmp_path):
    found = api.check(written(tmp_path, "def batchnorm_forward(x, gamma, kind):\n    return x\n"))
    assert found.verdict == "incomplete"
    assert "expected batchnorm_forward(x, gamma, beta, eps=1e-05)" in str(found)


def test_what_evaluates_unless_told_otherwise_by_an_unknown_name_is_not_judged(tmp_path):
    found = checked(tmp_path, changed(LAYER, {"training=True": "learn=False", "if training:": "if learn:"}))
    assert found.verdict == "incomplete"
    assert "chainrule found nothing that says whether it trains or evaluates" in str(found)


def test_other_normalizations_are_left_alone(tmp_path):
    others = (
        "def layernorm_forward(x, gamma, beta, ln_param): raise ZeroDivisionError\n"
        "def spatial_batchnorm_forward(x, gamma, beta, bn_param): raise ZeroDivisionError\n"
    )
    found = checked(tmp_path, COURSE + others)
    assert found.verdict == "pass"
    assert "recognised, not checked yet: layernorm_forward, spatial_batchnorm_forward" in str(found)


def test_the_golden_values_are_those_of_the_mathematics():
    for known in golden.values("batchnorm")["training"]:
        exact = analyse(Case(known.x, known.gamma, known.beta, known.dout, known.eps), UNIT_ROUNDOFF["float64"])
        for (value, error), right in zip(
            (exact.out, *exact.gradients), (known.out, known.dx, known.dgamma, known.dbeta), strict=True
        ):
            assert (np.abs(value - right) <= error).all()
            assert (error < 1e-9).all()


def test_forms_of_averages_differ_by_far_more_than_their_errors():
    x, old = drawn(5, 3, SMALL).x, spec_tests.old_statistics(3)
    found = [Averages(form, 0.75).after(x, old, 2.0**-24) for form in FORMS]
    for i, one in enumerate(found):
        for other in found[:i]:
            assert any((np.abs(a - b) > 100 * (e + f)).any() for (a, e), (b, f) in zip(one, other, strict=True))


@pytest.mark.parametrize("eps", [1e-12, 1e-8, 1e-5, 1e-3])
def test_an_own_epsilon_is_measured(tmp_path, eps):
    loaded = load_any(written(tmp_path, PLAIN.replace("1e-8", repr(eps))))
    setting = spec_tests.setting_of(loaded.impl, Networks(loaded.impl))
    assert setting.own_epsilon == pytest.approx(eps, rel=1e-12)


def test_the_bound_on_the_third_derivative_holds():
    case = drawn(4, 2, LARGE)
    h = 2.0**-6
    bound = spec_tests.curvature(case, case.x.var(axis=0))

    def f(index, t):
        moved = case.moved(0, index, t)
        return (case.dout * analyse(moved, UNIT_ROUNDOFF["float64"]).out[0]).sum()

    for index in np.ndindex(*case.x.shape):
        third = (f(index, 2 * h) - 2 * f(index, h) + 2 * f(index, -h) - f(index, -2 * h)) / (2 * h**3)
        assert 0 < abs(third) < bound


def test_without_a_safe_variance_there_is_no_bound():
    case = Case(np.full((4, 1), 3.0), np.ones(1), np.zeros(1), np.ones((4, 1)), 1e-20)
    exact = analyse(case, UNIT_ROUNDOFF["float32"])
    assert (exact.out[1] > 1e300).all()
    assert (exact.dx[1] > 1e300).all()
    _, error = evaluated(case, np.zeros(1), np.ones(1), UNIT_ROUNDOFF["float32"])
    assert np.isfinite(error).all()


def test_the_lines_to_paste_repeat_a_pass(tmp_path):
    for source, call in ((CONTRACT, "batchnorm_forward("), (LAYER, "impl.batchnorm_forward(")):
        changes = (
            {"gamma * h + beta, (": "gamma * h, ("}
            if source is CONTRACT
            else {" * self.x_hat + self.beta": " * self.x_hat"}
        )
        found = checked(tmp_path, changed(source, changes))
        failed = next(spec for spec in found.specs if spec.outcome == "failed")
        assert call in failed.snippet
        again = subprocess.run(
            [sys.executable, "-c", failed.snippet], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert "array" in again.stdout


def test_a_core_network_beside_batch_normalization_is_checked_with_it(tmp_path):
    source = "from chainrule.reference import MLP, cross_entropy, relu, softmax, xavier\n" + LAYER
    found = api.check(written(tmp_path, source))
    assert found.verdict == "pass"
    assert {spec.chapter for spec in found.specs} >= {"gradients", "batchnorm"}


NETWORK = """def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class MLP:
    def __init__(self, sizes, seed=0, use_batchnorm=True):
        rng = np.random.default_rng(seed)
        self.use_batchnorm = use_batchnorm
        fans = list(zip(sizes[:-1], sizes[1:]))
        self.weights = [rng.normal(0, np.sqrt(2 / (a + b)), (a, b)) for a, b in fans]
        self.biases = [np.zeros(b) for _, b in fans]

    def run(self, x):
        acts, kept = [np.asarray(x, float)], []
        for l, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = acts[-1] @ w + b
            if l == len(self.weights) - 1:
                return acts, kept, softmax(z)
            if self.use_batchnorm:
                root = np.sqrt(z.var(axis=0) + 1e-5)
                z = (z - z.mean(axis=0)) / root
                kept.append((z, root))
            acts.append(relu(z))

    def forward(self, x):
        return self.run(x)[2]

    def loss(self, x, y):
        return -np.mean(np.log(self.forward(x)[np.arange(len(y)), y]))

    def backward(self, x, y):
        acts, kept, d = self.run(x)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dW, db = [], []
        for l in reversed(range(len(self.weights))):
            dW.insert(0, acts[l].T @ d)
            db.insert(0, d.sum(axis=0))
            d = (d @ self.weights[l].T) * (acts[l] > 0)
            if self.use_batchnorm and l:
                h, root = kept[l - 1]
                d = (d - d.mean(axis=0) - h * (d * h).mean(axis=0)) / root
        return dW, db
"""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "class MLP": "class Brain",
            "(self, sizes, seed=0, use": "(self, layer_sizes, use",
            "default_rng(seed)": "default_rng()",
            "sizes[:-1], sizes[1:]": "layer_sizes[:-1], layer_sizes[1:]",
        },
        {"use_batchnorm=True": "batch_norm=True", "= use_batchnorm": "= batch_norm"},
    ],
)
def test_a_network_with_batch_normalization_inside_is_checked_without_it_and_says_so(tmp_path, changes):
    found = api.check(written(tmp_path, changed(NETWORK, changes)), chapters=("shapes", "gradients"))
    assert found.verdict == "pass"
    name = "batch_norm" if "= use_batchnorm" in changes else "use_batchnorm"
    (note,) = [note for note in found.notes if "batch normalization" in note]
    assert note == f"{name} is False: chainrule checks the network without batch normalization"


def test_a_network_whose_batch_normalization_is_off_by_default_has_no_note(tmp_path):
    source = changed(NETWORK, {"use_batchnorm=True": "use_batchnorm=False"})
    found = api.check(written(tmp_path, source), chapters="shapes")
    assert found.verdict == "pass"
    assert not any("batch normalization" in note for note in found.notes)


def test_what_has_none_of_the_names_is_not_asked(monkeypatch):
    def never(*_):
        raise AssertionError("batch normalization was looked for")

    monkeypatch.setattr("chainrule.host.recognition.batchnorm.Function.__init__", never)
    monkeypatch.setattr("chainrule.host.recognition.batchnorm.Layer.__init__", never)
    namespace = {"normalize": FunctionType((lambda x: x).__code__, {})}
    assert not any(recognise(SimpleNamespace(**namespace), {}).offers(name) for name in NAMES)
