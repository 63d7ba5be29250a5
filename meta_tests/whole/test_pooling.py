"""The pooling chapter on max pooling in many styles, on planted mistakes, and on what is none."""

import subprocess
import sys
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

from banks.planted import in_turn
from banks.pooling import BOOK, CONTRACT, COURSE, KEEPING, LAST, LAYER, PLANTED, STYLES
from chainrule import api, golden
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics.pooling import APART, GAP, OVERLAPPING, SPARSE, UNEVEN, Case, analyse, drawn
from chainrule.mathematics.rounding import UNIT_ROUNDOFF

NAMES = EXTENSION_NAMES["pooling"]
OTHER_FORMS = {  # what the report says of them
    "last": {"pooling_channels": "last"},
    "layer": {"pooling_size": "2", "pooling_stride": "the size"},
    "keeping": {"pooling_channels": "last"},
}
NOT_SEEN = {"layer": {"pooling.stride", "pooling.remainder", "pooling.overlaps"}}


def written(folder, source):
    """A file with this source."""
    path = folder / "mp.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return str(path)


def checked(folder, source):
    """The outcome of a check of this source, for the chapter alone."""
    return api.check(written(folder, source), chapters="pooling")


def changed(source, changes):
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    return source


def outcomes_of(found):
    return {spec.id: f"{spec.outcome}: {spec.message}" for spec in found.specs if spec.outcome != "passed"}


@pytest.mark.parametrize("style", STYLES)
def test_max_pooling_of_many_styles_passes(tmp_path, style):
    found = checked(tmp_path, STYLES[style])
    outcomes = {spec.id: spec.outcome for spec in found.specs if spec.outcome != "passed"}
    assert outcomes == dict.fromkeys(NOT_SEEN.get(style, ()), "skipped")
    assert found.verdict == "pass"
    conventions = {key: one.value for key, one in found.conventions.items() if key.startswith("pooling")}
    assert conventions == OTHER_FORMS.get(style, {})
    assert all(f"{key} {value}" in str(found) for key, value in conventions.items())


RIGHT = {  # {what is special about it: (the code, what changes in it)}
    "a size of its own, and a stride": (
        BOOK,
        {"self, pool_h, pool_w, stride": "self, stride", "= pool_h\n": "= 2\n", "= pool_w\n": "= 2\n"},
    ),
    "a stride of its own": (
        CONTRACT,
        {"size=2, stride=2": "size=2", "    N, C, H, W = x.shape\n": "    N, C, H, W = x.shape\n    stride = 2\n"},
    ),
    "one number for the sides": (
        KEEPING,
        {"pool_size=(2, 2), strides=None": "kernel_size, stride", "= pool_size\n": "= (kernel_size, kernel_size)\n"}
        | {"= strides or pool_size[0]": "= stride"},
    ),
    "a mode": (BOOK, {"stride=2, pad=0": 'stride=2, pad=0, mode="max"'}),
    "square images alone": (LAST, {"n_W = int(1 + (n_W_prev - f) / stride)": "n_W = n_H"}),
    "images and their shape": (LAYER, {"def __init__(self)": "def __init__(self, input_shape)"}),
    "a backward pass with a rate": (LAYER, {"def backward(self, grad)": "def backward(self, grad, learning_rate)"}),
    "a backward pass that is given what the forward pass was": (
        CONTRACT,
        {
            "return out, (x.shape, where, size, stride)": "return out, where",
            "maxpool2d_backward(dout, cache)": "maxpool2d_backward(dout, x, cache, size, stride)",
            "shape, where, size, stride = cache": "shape, where = x.shape, cache",
        },
    ),
    "float32 inside": (
        CONTRACT,
        {
            "out = np.zeros((N, C, H2, W2))": "x = np.asarray(x, np.float32)\n"
            "    out = np.zeros((N, C, H2, W2), np.float32)",
            "dx = np.zeros(shape)": "dx = np.zeros(shape, np.float32)",
        },
    ),
    "another name for the settings": (COURSE, {"max_pool_forward_naive": "max_pool_forward"}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_of_other_kinds_does_not_fail(tmp_path, name):
    found = checked(tmp_path, changed(*RIGHT[name]))
    unseen = ("skipped", "todo", "blocked") if "settings" in name else ("skipped",)
    assert {clause: said for clause, said in outcomes_of(found).items() if not said.startswith(unseen)} == {}
    assert {"pooling.values", "pooling.negative"} <= {spec.id for spec in found.specs if spec.outcome == "passed"}
    assert found.verdict != "fail"


@pytest.mark.parametrize(("style", "old", "new", "name"), **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, style, old, new, name):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]


def test_equal_shares_are_right_and_whole_ones_are_not(tmp_path):
    mask = {"np.unravel_index(np.argmax(x), x.shape)] = 1": "x == np.max(x)] = 1"}
    whole = changed(LAST, mask)
    failed = [spec.id for spec in checked(tmp_path, whole).specs if spec.outcome == "failed"]
    assert failed == ["pooling.ties"]
    assert checked(tmp_path, changed(whole, {"return mask": "return mask / mask.sum()"})).verdict == "pass"


@pytest.mark.parametrize(
    ("style", "old", "new", "raised"),
    [
        ("book", "np.zeros((dout.size, pool_size))", "np.zeros((dout.size, 1))", "out of bounds"),
        ("keeping", "routed = (best", "routed = (bst", "name 'bst' is not defined"),
    ],
)
def test_a_backward_pass_that_raises_is_an_error_of_its_clauses_alone(tmp_path, style, old, new, raised):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert outcomes["pooling.gradient_shape"] == "error"
    assert {outcomes[f"pooling.{clause}"] for clause in ("values", "stride", "negative", "integers")} == {"passed"}
    assert "todo" not in outcomes.values()
    assert raised in found.diagnoses[0].title


@pytest.mark.parametrize("mistake", ["raise ValueError('brave')", "x = x.reshape(n_of, -1)", "x = x.reshape(7, -1)"])
def test_a_forward_pass_that_always_raises_is_an_error(tmp_path, mistake):
    found = checked(tmp_path, changed(CONTRACT, {"    H2 = (H": f"    {mistake}\n    H2 = (H"}))
    assert {spec.id: spec.outcome for spec in found.specs}["pooling.shape"] == "error"
    assert found.verdict == "fail"


def test_code_that_refuses_sizes_has_its_mistakes_named(tmp_path):
    refusing = {"    H2 = (H": "    assert (H - size) % stride == (W - size) % stride == 0\n    H2 = (H"}
    assert checked(tmp_path, changed(CONTRACT, refusing)).verdict == "pass"
    found = checked(tmp_path, changed(CONTRACT, refusing | {"j * stride + l] += dout": "j * stride + l] = dout"}))
    assert (found.diagnoses[0].id, found.diagnoses[0].certainty) == ("pooling-gradient-overwritten", "certain")


@pytest.mark.parametrize(
    "source",
    [
        "def max_pool(image):\n    return image.max()",
        "def pool_forward(x, kind, more):\n    return x",
        "class MaxPool2D:\n    def speak(self): return 'hello'",
        "class Pooling:\n    def __init__(self, n): self.n = n\n    def forward(self, x): return x",
        changed(BOOK, {"np.max(col, axis=1)": "np.mean(col, axis=1)"}),
        changed(LAYER, {"def forward(self, x)": "def forward(self, x, labels)"}),
        "MaxPool = 3",
    ],
)
def test_what_cannot_be_called_as_max_pooling_is_not_offered(source):
    namespace = {"np": np}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(found.offers(name) for name in NAMES)


def test_a_backward_pass_that_needs_more_leaves_the_forward_pass_checked(tmp_path):
    found = checked(tmp_path, changed(LAYER, {"def backward(self, grad)": "def backward(self, grad, optimizer)"}))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert outcomes["pooling.values"] == outcomes["pooling.integers"] == "passed"
    assert outcomes["pooling.routing"] == "todo"
    assert found.verdict == "incomplete"


def test_a_function_of_the_contracts_name_is_offered_in_any_form(tmp_path):
    found = api.check(written(tmp_path, "def maxpool2d_forward(x, kernel, how):\n    return x\n"))
    assert found.verdict == "incomplete"
    assert "expected maxpool2d_forward(x, size=2, stride=2)" in str(found)


def test_the_golden_values_are_those_of_the_mathematics():
    for known in golden.values("pooling")["layers"]:
        exact = analyse(Case(known.x, known.dout, known.size, known.stride), UNIT_ROUNDOFF["float64"])
        for (value, error), right in zip(exact, (known.out, known.dx), strict=True):
            assert (np.abs(value - right) <= error).all()
            assert (error < 1e-13).all()


@pytest.mark.parametrize("layer", [*APART, *OVERLAPPING, *SPARSE, *UNEVEN])
def test_entries_are_further_apart_than_float32_rounds(layer):
    x = drawn(layer).x
    assert np.diff(np.sort(x, axis=None)).min() == GAP
    assert (x.astype(np.float32) == x).all()


def test_the_lines_to_paste_repeat_a_pass(tmp_path):
    cases = [
        (changed(CONTRACT, {"window.max(axis=2)": "window.min(axis=2)"}), "maxpool2d_forward("),
        (changed(KEEPING, {".max(axis=(1, 2))": ".min(axis=(1, 2))"}), "impl.maxpool2d_forward("),
    ]
    for source, call in cases:
        found = checked(tmp_path, source)
        failed = next(spec for spec in found.specs if spec.outcome == "failed")
        assert call in failed.snippet
        again = subprocess.run(
            [sys.executable, "-c", failed.snippet], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert "[[[[" in again.stdout


def test_what_has_none_of_the_names_is_not_asked(monkeypatch):
    def never(*_):
        raise AssertionError("max pooling was looked for")

    monkeypatch.setattr("chainrule.host.recognition.pooling.Function.__init__", never)
    monkeypatch.setattr("chainrule.host.recognition.pooling.Layer.__init__", never)
    namespace = {"shrink": FunctionType((lambda x: x).__code__, {})}
    assert not any(recognise(SimpleNamespace(**namespace), {}).offers(name) for name in NAMES)
