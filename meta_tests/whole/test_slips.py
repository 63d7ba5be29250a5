"""What passes at usual sizes, in usual storage and with usual numbers fails all the same, and has its name."""

import pytest

from banks.honest import HONEST, checked, written
from banks.slips import SLIPS
from banks.style_bank import STYLES
from chainrule import api
from chainrule.host.inference.precision import infer_precision
from chainrule.running.loading import load
from chainrule.specification.networks import LARGE, MOST, SQUARE, Networks, cost


@pytest.mark.parametrize(
    ("old", "new", "name", "chapter"), SLIPS, ids=[f"{place}-{slip[2]}" for place, slip in enumerate(SLIPS)]
)
def test_it_fails_and_has_its_name(tmp_path, old, new, name, chapter):
    path, _ = written(tmp_path, old, new)
    outcome = checked(path, chapter)
    assert outcome.verdict == "fail"
    assert outcome.diagnoses[0].id == name, outcome.diagnoses[0]


def test_a_network_of_any_sizes_is_looked_at_in_every_way():
    cases = list(Networks(load("chainrule.reference").impl).unusual())
    assert len(cases) == len(SQUARE) + len(LARGE)
    assert {len(case.sizes) for case in cases} >= {3, 4, 5, 9}
    assert max(len(case.x) for case in cases) > 1000
    assert max(case.sizes[-1] for case in cases) > 256
    assert {max(case.sizes[0] for case in cases), max(case.sizes[1] for case in cases)} == {1030}
    assert all(cost(case.sizes, len(case.x)) <= MOST for case in cases)


@pytest.mark.parametrize(("file", "number"), [("mnist_hardwired.py", 0), ("three_layers.py", 6), ("class_alone.py", 7)])
def test_networks_that_fix_sizes_are_looked_at_where_they_can_be(tmp_path, file, number):
    style = next(style for style in STYLES if style.file == file)
    impl = load(str(style.copy(tmp_path)), conventions=style.declared).impl
    cases = list(Networks(impl).unusual())
    assert len(cases) == number
    assert all(impl.fits(case.sizes) == tuple(case.sizes) for case in cases)


def test_gradients_of_seven_digits_are_no_precision(tmp_path):
    path, _ = written(tmp_path, "        return dW, db", "        return [g.astype(np.float32) for g in dW], db")
    assert infer_precision(load(str(path)).host.implementation)[0] == "float64"


def in_float32(text):
    text = text.replace("dtype=float)", "dtype=np.float32)").replace("@ w + b", "@ w.astype(np.float32) + b")
    return text.replace("@ self.weights[-1] +", "@ self.weights[-1].astype(np.float32) +")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (str, False),
        (in_float32, True),
        (
            lambda text: in_float32(text).replace(
                "(-a, a, (fan_in, fan_out))", "(-a, a, (fan_in, fan_out)).astype('f')"
            ),
            False,
        ),
    ],
    ids=["float64", "float64 computed in float32", "float32"],
)
def test_a_network_of_float64_that_computes_in_float32_is_told(tmp_path, change, said):
    path = tmp_path / "net.py"
    path.write_text(change(HONEST), encoding="utf-8")
    outcome = checked(path, "softmax")
    assert outcome.conventions["precision"].value == ("float64" if change is str else "float32")
    assert any("the digits of float64" in note for note in outcome.notes) is said


def test_a_pass_says_what_it_does_not_cover(tmp_path):
    path, _ = written(tmp_path)
    assert checked(path).reservations == []
    linear = api.check_loaded(load(str(path), conventions={"architecture": "[*, *]", "seeding": "none"}))
    assert linear.verdict == "pass"
    declared, logistic, skipped = linear.reservations
    assert declared == "seeding none as declared"
    assert logistic == "for logistic regression, without hidden layers"
    assert skipped.endswith("required specs were not looked at")
