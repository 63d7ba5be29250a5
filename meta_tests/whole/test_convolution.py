"""The convolution chapter on convolution in many styles, on planted mistakes, and on what is none."""

import subprocess
import sys
from types import FunctionType, SimpleNamespace

import numpy as np
import pytest

from banks.convolution import BOOK, CONTRACT, COURSE, LAST, LAYER, LAZY, PLANTED, STYLES, TURNED
from banks.planted import in_turn
from chainrule import api, golden
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.host.recognition.recognise import recognise
from chainrule.mathematics.convolution import PADDED, PLAIN, STRIDED, USUAL, Case, analyse, drawn
from chainrule.mathematics.rounding import UNIT_ROUNDOFF

NAMES = EXTENSION_NAMES["convolution"]
OTHER_FORMS = {  # what the report says of them
    "last": {"convolution_channels": "last", "convolution_sides": "square filters"},
    "layer": {"convolution_sides": "square filters"},
    "lazy": {"convolution_channels": "last", "convolution_stride": "1"},
    "turned": {"convolution_filters": "turned around", "convolution_stride": "1", "convolution_pad": "0"},
}
NOT_SEEN = {
    "lazy": {"convolution.stride"},
    "turned": {"convolution.stride", "convolution.padding"},
}


def written(folder, source):
    """A file with this source."""
    path = folder / "cv.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    return str(path)


def checked(folder, source):
    """The outcome of a check of this source, for the chapter alone."""
    return api.check(written(folder, source), chapters="convolution")


def changed(source, changes):
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    return source


def outcomes_of(found):
    return {spec.id: f"{spec.outcome}: {spec.message}" for spec in found.specs if spec.outcome != "passed"}


@pytest.mark.parametrize("style", STYLES)
def test_convolution_of_many_styles_passes(tmp_path, style):
    found = checked(tmp_path, STYLES[style])
    outcomes = {spec.id: spec.outcome for spec in found.specs if spec.outcome != "passed"}
    assert outcomes == dict.fromkeys(NOT_SEEN.get(style, ()), "skipped")
    assert found.verdict == "pass"
    conventions = {key: one.value for key, one in found.conventions.items() if key.startswith("convolution")}
    assert conventions == OTHER_FORMS.get(style, {})
    assert all(f"{key} {value}" in str(found) for key, value in conventions.items())


PARAMETER = """class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None


class Conv2D:"""
RIGHT = {  # {what is special about it: (the code, what changes in it)}
    "filters as parameters with gradients": (
        LAYER,
        {
            "class Conv2D:": PARAMETER,
            'self.params = {\n            "W": ': "self.weight = Parameter(\n            ",
            ' * scale,\n            "b": np.zeros(out_channels),\n        }\n        self.grads = {}': " * scale\n"
            "        )\n        self.bias = Parameter(np.zeros(out_channels))",
            'self.params["W"]': "self.weight.data",
            'self.params["b"]': "self.bias.data",
            'self.grads["W"]': "self.weight.grad",
            'self.grads["b"]': "self.bias.grad",
        },
    ),
    "an input shape and a depth": (
        LAYER,
        {
            "self, in_channels, out_channels, kernel_size=3": "self, input_shape, kernel_size, depth",
            "scale = ": "in_channels, out_channels = input_shape[0], depth\n        scale = ",
        },
    ),
    "a stride of its own": (LAYER, {", stride=1, padding=0": ", padding=0", "= stride, padding": "= 2, padding"}),
    "a padding that keeps the size": (
        LAYER,
        {", stride=1, padding=0": "", "= stride, padding, kernel": "= 1, kernel_size // 2, kernel"},
    ),
    "images that must be square": (
        LAST,
        {
            "(m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape": "m, n_H_prev, _, n_C_prev = A_prev.shape\n"
            "    n_W_prev = n_H_prev"
        },
    ),
    "sizes that the stride must divide": (
        CONTRACT,
        {
            "    H2 = (H": "    assert (H + 2 * pad - HH) % stride == (W + 2 * pad - WW) % stride == 0\n    H2 = (H",
        },
    ),
    "channels last under the contract's names": (
        LAST,
        {
            "conv_forward(A_prev, W, b, hparameters)": "conv2d_forward(A_prev, W, b, stride=1, pad=0)",
            "conv_backward": "conv2d_backward",
            '    stride = hparameters["stride"]\n    pad = hparameters["pad"]\n': "",
            "cache = (A_prev, W, b, hparameters)": "cache = (A_prev, W, b, stride, pad)",
            "(A_prev, W, b, hparameters) = cache": "(A_prev, W, b, stride, pad) = cache",
        },
    ),
    "a backward pass that is given what the forward pass was": (
        CONTRACT,
        {
            "return out, (x, w, b, stride, pad)": "return out, None",
            "conv2d_backward(dout, cache)": "conv2d_backward(dout, x, w, b, stride, pad)",
            "    x, w, b, stride, pad = cache\n": "",
        },
    ),
    "an activation that may be left out": (
        BOOK,
        {
            "stride=1, pad=0):\n        self.W": "stride=1, pad=0, activation=None):\n        self.W",
            "        return out\n\n": "        return out if self.activation is None else self.activation(out)\n\n",
            "        self.W = W\n": "        self.W = W\n        self.activation = activation\n",
        },
    ),
    "float32 inside": (
        CONTRACT,
        {
            "    H2 = (H": "    x, w, b = (np.asarray(array, np.float32) for array in (x, w, b))\n    H2 = (H",
            "np.zeros((N, F, H2, W2))": "np.zeros((N, F, H2, W2), np.float32)",
            "= dout.shape\n": "= dout.shape\n    dout = np.asarray(dout, np.float32)\n",
        },
    ),
    "settings in a dictionary, under another name": (
        COURSE,
        {"conv_forward_naive": "conv_forward", "conv_backward_naive": "conv_backward"},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_code_of_other_kinds_does_not_fail(tmp_path, name):
    found = checked(tmp_path, changed(*RIGHT[name]))
    assert {clause: said for clause, said in outcomes_of(found).items() if not said.startswith("skipped")} == {}
    assert sum(spec.outcome == "passed" for spec in found.specs) >= 18
    assert found.verdict == "pass"


@pytest.mark.parametrize(("style", "old", "new", "name"), **in_turn(PLANTED))
def test_a_planted_mistake_fails_and_has_its_name(tmp_path, style, old, new, name):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    assert found.verdict == "fail"
    assert found.diagnoses[0].id == name, found.diagnoses[0]


@pytest.mark.parametrize(
    ("style", "old", "new", "raised"),
    [
        ("book", "dcol = np.dot(dout, self.col_W.T)", "dcol = np.dot(dout, self.col_W)", "not aligned"),
        ("layer", "dxp[:, :, p : p + h, p : p + w]", "dxp[:, :, q : q + h, q : q + w]", "name 'q' is not defined"),
        ("course", "db = np.zeros_like(b)", "db = np.zeros(0)", "out of bounds"),
    ],
)
def test_a_backward_pass_that_raises_is_an_error_of_its_clauses_alone(tmp_path, style, old, new, raised):
    found = checked(tmp_path, changed(STYLES[style], {old: new}))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert outcomes["convolution.gradient_shapes"] == "error"
    assert {outcomes[f"convolution.{clause}"] for clause in ("values", "stride", "padding", "integers")} == {"passed"}
    assert "todo" not in outcomes.values()
    assert raised in found.diagnoses[0].title


def test_a_forward_pass_that_always_raises_is_an_error(tmp_path):
    found = checked(tmp_path, changed(CONTRACT, {"    H2 = (H": "    raise ValueError('brave')\n    H2 = (H"}))
    assert {spec.id: spec.outcome for spec in found.specs}["convolution.shape"] == "error"
    assert found.verdict == "fail"


def test_code_that_refuses_sizes_has_its_mistakes_named(tmp_path):
    changes = RIGHT["sizes that the stride must divide"][1] | {"w, axes=(1, 0))": "w, axes=(1, 0)) * 2"}
    found = checked(tmp_path, changed(CONTRACT, changes))
    assert (found.diagnoses[0].id, found.diagnoses[0].certainty) == ("convolution-dx-scaled", "certain")


@pytest.mark.parametrize(
    "source",
    [
        "def conv2d(image, kernel):\n    return image",
        "def conv_forward(x, w, b, kind, more):\n    return x",
        "class Conv2D:\n    def speak(self): return 'hello'",
        "class Convolution:\n    def __init__(self, n): self.n = n\n    def forward(self, x): return x",
        "class ConvLayer:\n    def __init__(self, a_graph): pass\n    def forward(self, x): return x",
        changed(LAYER, {"return out + self": "return np.maximum(0, out) + self"}),
        changed(LAYER, {"def forward(self, x)": "def forward(self, x, labels)"}),
        "Conv2D = 3",
    ],
)
def test_what_cannot_be_called_as_convolution_is_not_offered(source):
    namespace = {"np": np}
    exec(source, namespace)
    found = recognise(SimpleNamespace(**namespace), {})
    assert not any(found.offers(name) for name in NAMES)


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        (LAYER, {"def backward(self, dout)": "def backward(self, dout, optimizer)"}),
        (TURNED, {"        self.grad_bias =": "        self.optimizer.update(self)\n        self.grad_bias ="}),
        (LAYER, {'self.grads["W"] =': "self.one =", 'self.grads["b"] =': "self.other ="}),
    ],
)
def test_a_backward_pass_that_needs_more_leaves_the_forward_pass_checked(tmp_path, source, changes):
    found = checked(tmp_path, changed(source, changes))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert outcomes["convolution.values"] == outcomes["convolution.integers"] == "passed"
    assert {outcomes[f"convolution.{name}_gradient"] for name in ("bias", "weight", "input")} == {"todo"}
    assert found.verdict == "incomplete"


def test_a_function_of_the_contracts_name_is_offered_in_any_form(tmp_path):
    found = api.check(written(tmp_path, "def conv2d_forward(x, w):\n    return x\n"))
    assert found.verdict == "incomplete"
    assert "expected conv2d_forward(x, w, b, stride=1, pad=0)" in str(found)


def test_other_layers_for_images_are_left_alone(tmp_path):
    others = "".join(
        f"\n\ndef spatial_{kind}_forward(x, gamma, beta, param):\n    raise ZeroDivisionError\n"
        for kind in ("batchnorm", "groupnorm")
    )
    found = checked(tmp_path, COURSE + others)
    assert found.verdict == "pass"
    assert "recognised, not checked yet: spatial_batchnorm_forward, spatial_groupnorm_forward" in str(found)


def test_the_golden_values_are_those_of_the_mathematics():
    for known in golden.values("convolution")["layers"]:
        exact = analyse(Case(known.x, known.w, known.b, known.dout, known.stride, known.pad), UNIT_ROUNDOFF["float64"])
        for (value, error), right in zip(
            (exact.out, *exact.gradients), (known.out, known.dx, known.dw, known.db), strict=True
        ):
            assert (np.abs(value - right) <= error).all()
            assert (error < 1e-10).all()


@pytest.mark.parametrize("geometry", [*PLAIN, *STRIDED, *PADDED, *USUAL])
def test_mistakes_are_larger_than_the_bounds(geometry):
    """A product that is missing moves an output by far more than float32 rounds."""
    case = drawn(geometry)
    exact = analyse(case, UNIT_ROUNDOFF["float32"])
    assert (exact.out[1] < 1e-2).all()
    assert all((error < 0.1).all() for _, error in exact.gradients)
    assert all(np.abs(array).min() >= 2.0**-10 for array in case.inputs[:3])


def test_the_lines_to_paste_repeat_a_pass(tmp_path):
    bias = {"axes=([1, 2, 3], [1, 2, 3])) + b": "axes=([1, 2, 3], [1, 2, 3]))"}
    cases = [
        (changed(CONTRACT, bias), "conv2d_forward("),
        (changed(LAZY, {" + self.biases\n": "\n"}), "impl.conv2d_forward("),
    ]
    for source, call in cases:
        found = checked(tmp_path, source)
        snippets = [spec.snippet for spec in found.specs if spec.outcome == "failed" and spec.snippet]
        assert snippets
        assert call in snippets[0]
        again = subprocess.run(
            [sys.executable, "-c", snippets[0]], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert "array" in again.stdout


def test_what_has_none_of_the_names_is_not_asked(monkeypatch):
    def never(*_):
        raise AssertionError("convolution was looked for")

    monkeypatch.setattr("chainrule.host.recognition.convolution.Function.__init__", never)
    monkeypatch.setattr("chainrule.host.recognition.convolution.Layer.__init__", never)
    namespace = {"filtered": FunctionType((lambda x: x).__code__, {})}
    assert not any(recognise(SimpleNamespace(**namespace), {}).offers(name) for name in NAMES)
