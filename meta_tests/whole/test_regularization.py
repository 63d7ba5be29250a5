"""The regularization chapter on penalties in many styles, inside networks, and on planted mistakes."""

import subprocess
import sys
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from banks.planted import in_turn
from banks.regularization import LEFT_ALONE, NETWORKS, PLANTED, STYLES, WITHOUT
from chainrule import api, golden
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics.regularization import FORMS, STRENGTHS, drawn, factor, gradients, penalty, ridge
from chainrule.running.loading import load

EVERY = STYLES | NETWORKS
FORM = {  # what the report says of other forms
    "matrices": {"l2_factor": "whole"},
    "dictionaries": {"l2_factor": "half_mean"},
    "everything": {"l2_biases": "included"},
    "course": {"l2_factor": "half_mean"},
    "two layers": {"l2_factor": "whole"},
    "columns": {"l2_factor": "half_mean"},
    "layers": {"l2_factor": "whole"},
    "functions": {"l2_factor": "half_mean"},
    "a factor of its own": {"l2_factor": "0.3"},
    "wired": {"l2_factor": "whole"},
    "biases too": {"l2_biases": "included"},
}
OF_FUNCTIONS = {"regularization.no_strength", "regularization.single_precision", "regularization.ridge"}
OF_LOSSES = {"regularization.penalty", "regularization.derivative", "regularization.biases"}
NOT_SEEN = dict.fromkeys(NETWORKS, OF_FUNCTIONS) | {
    "course": {"regularization.layers", "regularization.ridge", "regularization.golden"},
    "decay": OF_FUNCTIONS | OF_LOSSES,
    "optimizer": OF_FUNCTIONS | OF_LOSSES,
    "wired": OF_FUNCTIONS | OF_LOSSES | {"regularization.decay"},
}


def checked(folder, source, **options):
    """The outcome of a check of this source, for the chapter alone."""
    path = folder / "penalized.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return api.check(str(path), **{"chapters": "regularization", **options})


@pytest.mark.parametrize("style", EVERY)
def test_penalties_of_many_styles_pass(tmp_path, style):
    found = checked(tmp_path, EVERY[style])
    assert {spec.id: spec.message for spec in found.specs if spec.outcome not in ("passed", "skipped")} == {}
    assert {spec.id for spec in found.specs if spec.outcome == "skipped"} == NOT_SEEN.get(style, set())
    assert found.verdict == "pass"
    told = {key: convention.value for key, convention in found.conventions.items() if key.startswith("l2_")}
    assert told == FORM.get(style, {})
    assert all(f"{key} {value}" in str(found) for key, value in told.items())


@pytest.mark.parametrize("case", **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, case):
    style, old, new, name = case
    assert old in EVERY[style]
    found = checked(tmp_path, EVERY[style].replace(old, new))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]


def test_the_planted_mistakes_are_many():
    assert len({name for *_, name in PLANTED}) >= 12
    assert len({style for style, *_ in PLANTED}) >= 5


@pytest.mark.parametrize("source", LEFT_ALONE)
def test_what_is_no_penalty_that_can_be_called_is_not_offered(source):
    namespace = {"np": np}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(found.offers(name) for name in ("l2_penalty", "l2_gradient"))


@pytest.mark.parametrize("source", WITHOUT)
def test_a_network_without_a_penalty_is_not_asked_for_one(tmp_path, source):
    path = tmp_path / "network.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    assert not {"l2_penalty", "l2_gradient"} & set(load(str(path)).description.offered)


def test_a_network_is_penalized_only_while_it_is_asked_to_be(tmp_path):
    path = tmp_path / "network.py"
    path.write_text(f"import numpy as np\n{NETWORKS['two layers']}", encoding="utf-8")
    impl = load(str(path)).impl
    x, y = np.ones((2, 3)), np.array([0, 1])
    model = impl.create([3, 4, 2], 0)
    impl.assign(model, [np.ones((3, 4)), np.ones((4, 2))], [np.zeros(4), np.zeros(2)])
    plain = impl.loss(model, x, y)
    with impl.regularized(0.5):
        assert impl.loss(model, x, y) == pytest.approx(plain + 0.5 * 20)
    assert impl.loss(model, x, y) == plain
    with pytest.raises(ZeroDivisionError), impl.regularized(0.5):
        raise ZeroDivisionError
    assert impl.loss(model, x, y) == plain


def test_a_penalty_beside_a_core_network_is_checked_with_it(tmp_path):
    found = checked(tmp_path, NETWORKS["native"], chapters=())
    assert {
        spec.outcome
        for spec in found.specs
        if spec.id in ("regularization.penalty", "regularization.gradient", "regularization.decay")
    } == {"passed"}
    assert {spec.outcome for spec in found.specs if spec.chapter in ("shapes", "gradients")} == {"passed"}


OF_LAYERS = """
import numpy as np

def l2_regularization(layers, lam=0.001):
    cost = 0.0
    for layer in layers:
        if hasattr(layer, "W"):
            cost += 0.5 * lam * np.sum(layer.W * layer.W)
    return cost
"""


def test_a_penalty_of_layers_is_not_given_arrays(tmp_path):
    (tmp_path / "penalty.py").write_text(OF_LAYERS, encoding="utf-8")
    found = {spec.id: spec.outcome for spec in api.check(str(tmp_path / "penalty.py"), chapters="regularization").specs}
    assert found["regularization.penalty"] == "passed"
    assert set(found.values()) == {"passed", "todo"}


def test_every_published_form_has_golden_values():
    cases = golden.values("regularization")["l2"]
    assert list(dict.fromkeys(case.form for case in cases)) == list(FORMS)
    for case in cases:
        weights = [case.first, case.second]
        value, error = penalty(weights, case.lam, case.form, 7, 2.0**-53)
        assert abs(value - case.penalty) <= error < 1e-11
        for g, right in zip(
            gradients(weights, case.lam, case.form, 7, 2.0**-53),
            [case.first_gradient, case.second_gradient],
            strict=True,
        ):
            assert (np.abs(g[0] - right) <= g[1]).all()


def test_forms_differ_by_far_more_than_their_errors():
    weights = [drawn(((3, 4), (4, 2)))[0]]
    found = [penalty(weights, STRENGTHS[0], form, 7, 2.0**-24) for form in FORMS]
    assert all(abs(a - b) > 100 * (error + off) for (a, error), (b, off) in combinations(found, 2))
    assert [factor(form, 7) for form in FORMS] == [1 / 2, 1, 1 / 14, 1 / 7]


def test_the_weights_of_ridge_regression_have_no_slope():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    w = ridge(x, y, 0.25)
    np.testing.assert_allclose(x.T @ (x @ w - y) / 6 + 0.25 * w, 0, atol=1e-15)


def test_the_lines_to_paste_repeat_a_penalty(tmp_path):
    found = checked(tmp_path, STYLES["lists"].replace("w ** 2", "w ** 4"))
    (failed,) = [spec for spec in found.specs if spec.id == "regularization.homogeneous"]
    assert failed.outcome == "failed"
    again = subprocess.run(
        [sys.executable, "-c", failed.snippet], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert float(again.stdout.splitlines()[-1]) > 0


def test_gradients_in_float32_are_held_to_float32(tmp_path):
    found = checked(tmp_path, STYLES["lists"].replace("lam * w)", "lam * w.astype(np.float32))"))
    assert found.failed == []


def test_a_gradient_of_integers_may_raise_and_may_not_truncate(tmp_path):
    raising = STYLES["lists"].replace(
        "grads.append(lam * w)", "g = np.zeros_like(w)\n        g += lam * w\n        grads.append(g)"
    )
    assert checked(tmp_path, raising).verdict == "pass"
    cut = raising.replace("g += lam * w", "g[...] = lam * w")
    assert [spec.id for spec in checked(tmp_path, cut).failed] == ["regularization.single_precision"]
