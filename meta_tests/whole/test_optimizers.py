"""The optimizers chapter on optimizers in many styles, on planted mistakes, and on what is no optimizer."""

import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

from banks.optimizers import LISTS, NOTEBOOK, PLANTED, STYLES, VARIABLES
from banks.planted import in_turn
from chainrule import api, golden
from chainrule.contract.chapters import OPERATIONS
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics.optimizers import FORMS, LARGE_EPSILON, RULES, Rule, drawn
from chainrule.running.loading import load, load_any
from chainrule.spec_tests import test_optimizers as spec_tests

OTHER_FORMS = {  # what the report says of them
    "notebook": {"momentum": "average"},
    "book": {"adam_epsilon": "uncorrected"},
    "arrays": {"momentum": "average", "rmsprop_epsilon": "inside"},
    "variables": {"momentum": "average"},
}
NOT_SEEN = {  # where eps cannot be chosen
    "book": {"rmsprop.epsilon", "adam.epsilon", "adam.scale_invariance"},
    "functions": {"rmsprop.epsilon"},
}
CONVENTIONS = ("momentum", "rmsprop_epsilon", "adam_epsilon")


def checked(folder, source):
    """The outcome of a check of this source, for the chapter alone."""
    path = folder / "optim.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return api.check(str(path), chapters="optimizers")


@pytest.mark.parametrize("style", STYLES)
def test_optimizers_of_many_styles_pass(tmp_path, style):
    found = checked(tmp_path, "\n".join(STYLES[style].values()))
    has_momentum = {"SGD", "Momentum"} & {*STYLES[style]}
    offered = {*STYLES[style], *(["Momentum"] if has_momentum else [])}
    lacking = tuple(f"{name.lower()}." for name in RULES if name not in offered)
    outcomes = {spec.id: spec.outcome for spec in found.specs if not (lacking and spec.id.startswith(lacking))}
    assert {clause for clause, outcome in outcomes.items() if outcome != "passed"} == NOT_SEEN.get(style, set())
    assert found.verdict == ("incomplete" if lacking else "pass")
    conventions = {key: found.conventions[key].value for key in CONVENTIONS if key in found.conventions}
    assert conventions == OTHER_FORMS.get(style, {})
    assert sum(bool(spec.measured) for spec in found.specs) == len(conventions)
    assert all(f"{key} {value}" in str(found) for key, value in conventions.items())


BY_FILE = "def update_parameters(" + NOTEBOOK["Adam"].partition("def update_parameters_with_adam(")[2]


@pytest.mark.parametrize(
    ("file", "source", "outcome"),
    [
        ("9-Adam.py", VARIABLES["Adam"], "passed"),
        ("adam.py", BY_FILE, "passed"),
        ("2-adam_optimizer.py", BY_FILE, "passed"),
        ("training.py", BY_FILE, "todo"),
        ("rms_prop.py", BY_FILE, "todo"),
    ],
)
def test_the_name_of_a_file_may_say_which_optimizer_it_holds(tmp_path, file, source, outcome):
    path = tmp_path / file
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    specs = {spec.id: spec.outcome for spec in api.check(str(path), chapters="optimizers").specs}
    assert specs.get("adam.update", "todo") == outcome


OTHER_CALLS = {
    "prepared": """
class SGD:
    def __init__(self, lr, weight_decay):
        self.lr, self.weight_decay = lr, weight_decay

    def compile(self, layers):
        self.zeros = [np.zeros(layer.w.shape) for layer in layers]

    def update(self, layers):
        for zeros, layer in zip(self.zeros, layers):
            layer.w -= self.lr * (layer.dW + zeros)
            layer.b -= self.lr * layer.dB
""",
    "a method of its parameters": """
class Parameter:
    def __init__(self, value):
        self.value, self.grad = value, None

    def move(self, step):
        self.value -= step


class SGD:
    def __init__(self, parameters: list[Parameter], lr):
        self.parameters, self.lr = parameters, lr

    def step(self):
        for parameter in self.parameters:
            parameter.move(self.lr * parameter.grad)
""",
    "a network's parameters": """
class SGD:
    def __init__(self, net, lr):
        self.net, self.lr = net, lr

    def step(self):
        for p in self.net.parameters():
            p.data = p.data - self.lr * p.grad
""",
    "a network's dictionaries": """
class SGD:
    def __init__(self, lr):
        self.lr = lr

    def update(self, model):
        for key in model.params:
            model.params[key] -= self.lr * model.grads[key]
""",
    "lists of a layer": """
class SGD:
    def __init__(self, lr):
        self.lr = lr

    def update_layer(self, layer):
        for p, g in zip(layer.params, layer.grads):
            p -= self.lr * g
""",
    "dictionaries for layers": """
class SGD:
    def __init__(self, lr):
        self.lr = lr

    def update(self, layers):
        for layer in layers:
            layer["weights"] -= self.lr * layer["grad_weights"]
            layer["biases"] -= self.lr * layer["grad_biases"]
""",
    "t is passed": """
class SGD:
    def __init__(self, lr):
        self.lr = lr

    def update(self, w, dw, t):
        return w - self.lr * dw * (t > 0)
""",
}


@pytest.mark.parametrize("form", OTHER_CALLS)
@pytest.mark.parametrize(("factor", "moved"), [(1.0, 0.5), (-1.0, 1.5)])
def test_other_calls_are_read_whatever_their_sign(form, factor, moved):
    optimizer = load_text(OTHER_CALLS[form].replace("self.lr *", f"{factor} * self.lr *")).SGD(0.5)
    params = [np.ones(shape) for shape in ((2, 3), (3,), (3, 4))]
    ((*found,),) = optimizer.update(params, [np.ones(p.shape) for p in params])
    assert [np.unique(p).tolist() for p in found] == [[moved]] * 3
    assert [p.shape for p in found] == [p.shape for p in params]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "class SGD:\n    def __init__(self, lr, tape): pass\n    def step(self): pass",
            "no value for its parameter tape",
        ),
        ("class SGD:\n    def __init__(self, lr): pass\n    def speak(self): pass", "found no method that updates"),
        (
            "class SGD:\n    def __init__(self, lr): pass\n    def update(self, layer): layer.turn()",
            "has no turn",
        ),
        (
            "class SGD:\n    def __init__(self, lr): pass\n    def update(self, layer): pass",
            "its update leaves them where they are",
        ),
        (
            "class SGD:\n    def __init__(self, lr): pass\n    def update(self, a, b, c): pass",
            "expected (params, grads), found (a, b, c)",
        ),
    ],
)
def test_what_stays_unread_says_why(tmp_path, source, reason):
    found = checked(tmp_path, source)
    assert {spec.outcome for spec in found.specs} == {"todo"}
    assert all(reason in spec.message for spec in found.specs if spec.id == "sgd.update")


@pytest.mark.parametrize(("style", "operation", "old", "new", "name"), **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, style, operation, old, new, name):
    source = STYLES[style][operation]
    assert old in source
    found = checked(tmp_path, source.replace(old, new))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]


@pytest.mark.parametrize(
    "source",
    [
        "class SGD:\n    def __init__(self, epochs):\n        self.epochs = epochs\n    def fit(self, X, y): pass",
        "def sgd(X, y, w, epochs=10, lr=0.1):\n    return w",
        "class SGD:\n    def __init__(self, lr): self.lr = lr\n    def update(self, W): return W - self.lr * W.grad",
        "def momentum(m, v):\n    return m * v",
        "class Adam:\n    def speak(self): return 'Eve'",
        "class Adam:\n    def __init__(self, net, lr): self.net = net\n    def step(self): self.net.move()",
        "def adam(params, grads, lr):\n    return params",
        "SGD = 3",
    ],
)
def test_what_is_no_optimizer_that_can_be_called_is_not_offered(source):
    namespace = {}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(found.offers(name) for name in RULES)


def test_a_class_of_the_contracts_names_is_offered_whatever_it_does():
    namespace = {}
    exec(
        "class SGD:\n    def __init__(self, lr): pass\n    def update(self, params, grads): raise NotImplementedError",
        namespace,
    )
    assert recognise(SimpleNamespace(**namespace), {}).offers("SGD")


def test_a_core_network_with_optimizers_is_checked_with_them():
    names = {"SGD", "Momentum", "RMSProp", "Adam"}
    assert {name for name, operation in OPERATIONS.items() if operation.chapter == "optimizers"} == names == set(RULES)
    assert load("chainrule.reference").description.offered[-len(names) :]


@pytest.mark.parametrize("operation", RULES)
def test_every_published_form_has_golden_values(operation):
    known = {case.form: case for case in golden.values("optimizers")[operation]}
    assert list(known) == list(FORMS[operation])
    for form, case in known.items():
        rule = Rule(operation, tuple(map(float, case.arguments)), form)
        after, error = rule.path(case.theta, list(case.gradients))
        assert (np.abs(after - case.updated) <= error + 2.0**-53 * np.abs(after)).all()
        assert (error < 1e-11).all()


def test_forms_differ_by_far_more_than_their_errors():
    theta, gradients = drawn((3,), 2, seed=1)
    for operation, forms in FORMS.items():
        paths = [usual(operation).of(form).path(theta, gradients) for form in forms]
        for (one, error), (other, off) in combinations(paths, 2):
            assert (np.abs(one - other) > 100 * (error + off)).any(), operation


def usual(operation):
    rule = RULES[operation]
    rule = replace(rule, u=2.0**-24)
    return rule if operation in ("SGD", "Momentum") else rule.with_epsilon(LARGE_EPSILON)


@pytest.mark.parametrize("g", [2.0**-24, -(2.0**-25)])
@pytest.mark.parametrize(("style", "operation", "eps"), [("book", "Adam", 1e-7), ("functions", "RMSProp", 1e-8)])
def test_an_own_epsilon_is_measured(style, operation, eps, g):
    impl = load_text(STYLES[style][operation])
    rule = spec_tests.as_computed(impl, RULES[operation])
    assert rule.own_epsilon
    assert rule.eps == pytest.approx(eps, rel=1e-12)
    ((after,),) = spec_tests.made(impl, rule).update([np.zeros(1)], [np.array([g])])
    assert rule.measured(rule.form, -after[0], g).eps == pytest.approx(eps, rel=1e-12)


def load_text(source):
    namespace = {"np": np, "__name__": "optim"}
    exec(source, namespace)
    return load_any([thing for thing in namespace.values() if isinstance(thing, (type, FunctionType))]).impl


@pytest.mark.parametrize(
    "changes", [{}, {"params[i] = params[i] - self.lr * grads[i]": "params[i] -= self.lr * grads[i]"}]
)
def test_updates_in_place_and_new_arrays_in_the_list_are_the_same(changes):
    source = LISTS["SGD"]
    for old, new in changes.items():
        source = source.replace(old, new)
    ((after,), (last,)) = load_text(source).SGD(0.5).update([np.ones(2)], [np.ones(2)], [np.ones(2)])
    assert (after.tolist(), last.tolist()) == ([0.5, 0.5], [0.0, 0.0])


def test_an_optimizer_keeps_the_arrays_that_it_knows_by_identity():
    source = """
class Momentum:
    def __init__(self, lr, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, {}

    def update(self, params, grads):
        for p, g in zip(params, grads):
            self.v[id(p)] = self.momentum * self.v.get(id(p), 0) + g
            p -= self.lr * self.v[id(p)]
"""
    optimizer = load_text(source).Momentum(1.0, 0.5)
    ((first,),) = optimizer.update([np.zeros(1)], [np.ones(1)])
    ((second,),) = optimizer.update([first], [np.ones(1)])
    assert (first, second) == (-1.0, -2.5)


def test_the_lines_to_paste_repeat_an_update(tmp_path):
    found = checked(tmp_path, LISTS["SGD"].replace("- self.lr", "+ self.lr"))
    (failed,) = [spec for spec in found.specs if spec.id == "sgd.update"]
    assert ".SGD(0.125).update([np.array(" in failed.snippet
    again = subprocess.run(
        [sys.executable, "-c", failed.snippet], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert again.stdout.startswith("[array(")
    assert again.stdout.count("[array(") == 1


def test_arithmetic_of_float32_is_held_to_float32():
    source = LISTS["Adam"].replace("enumerate(grads)", "enumerate(np.float32(g) for g in grads)")
    source = source.replace("np.zeros_like(p)", "np.zeros_like(p, np.float32)")
    rule = spec_tests.as_computed(load_text(source), RULES["Adam"])
    assert rule.u == 2.0**-24
    assert spec_tests.as_computed(load_text(LISTS["Adam"]), RULES["Adam"]).u == 2.0**-53


def test_gradients_in_float32_pass(tmp_path):
    found = checked(tmp_path, LISTS["SGD"].replace("grads[i]", "grads[i].astype(np.float32)"))
    assert found.failed == []


def test_a_memory_that_is_never_made_is_an_error(tmp_path):
    found = checked(tmp_path, LISTS["Momentum"].replace("        self.v = None\n", ""))
    assert found.failed[0].outcome == "error"
    assert "'Momentum' object has no attribute 'v'" in found.failed[0].message
