"""The pictures of a page: their numbers, and that each says in words what it shows."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from chainrule.api import check
from chainrule.reports.html import page
from chainrule.reports.pictures import STEPS, confusion, figure, shade
from chainrule.running.loading import load
from chainrule.running.pictures import GradientErrors, InitialWeights, Training, pictures
from programs.house import ROOT

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

REFERENCE = (ROOT / "meta_tests/banks/styles/class_alone.py").read_text(encoding="utf-8")
CHANGES = {
    "right": ("", ""),
    "mask": ("(d @ w.T) * (layer > 0)", "d @ w.T"),
    "raises": ("layers = [x]", "raise ValueError"),
    "he": ("np.sqrt(6 / (a + b))", "np.sqrt(6 / a)"),
    "ones": ("self._rng.uniform(-r, r, size=(a, b))", "np.ones((a, b))"),
    "uphill": ("-= rate * dw", "+= rate * dw"),
    "slow": ("for _ in range(epochs):", "while True:"),
}


def drawn(tmp_path, name):
    """{kind: picture} of the network with one change."""
    before, after = CHANGES[name]
    assert before in REFERENCE
    path = tmp_path / "net.py"
    path.write_text(REFERENCE.replace(before, after), encoding="utf-8")
    return {type(picture): picture for picture in pictures(load(str(path)).impl)}


def words(picture):
    return unescape(re.sub("<[^>]*>", "", re.match("<figure>(.*?)</figcaption>", figure(picture))[1]))


def test_a_right_network(tmp_path):
    found = drawn(tmp_path, "right")
    gradients, initial, training = (found[kind] for kind in (GradientErrors, InitialWeights, Training))
    assert gradients.names == ("dW[0]", "db[0]", "dW[1]", "db[1]", "dW[2]", "db[2]")
    assert max(float(errors.max()) for errors in gradients.errors) < 1e-12
    assert words(gradients).endswith("Every entry of every layer is right, to rounding.")
    assert np.isclose(initial.density.sum() * (initial.edges[1] - initial.edges[0]), 1)
    assert "the standard deviation is 1 times Glorot's." in words(initial)
    assert training.own[0] == pytest.approx(training.right[0])
    assert training.own[-1] < 0.6 * training.own[0]


def test_a_missing_mask_is_seen_below_it_alone(tmp_path):
    errors = dict(
        zip(*[getattr(drawn(tmp_path, "mask")[GradientErrors], key) for key in ("names", "errors")], strict=True)
    )
    assert {name for name, of in errors.items() if of.max() > 1e-12} == {"dW[0]", "db[0]", "dW[1]", "db[1]"}


def test_another_variance(tmp_path):
    initial = drawn(tmp_path, "he")[InitialWeights]
    ratio = np.sqrt((initial.fan_in + initial.fan_out) / initial.fan_in)
    assert f"is {ratio:.2g} times Glorot's" in words(initial)


def test_weights_beyond_the_axis_are_told(tmp_path):
    assert "100.0% of the weights lie beyond" in words(drawn(tmp_path, "ones")[InitialWeights])


def test_a_loss_that_rises(tmp_path):
    training = drawn(tmp_path, "uphill")[Training]
    assert training.own[-1] > training.own[0] or not np.isfinite(training.own[-1])
    assert ElementTree.fromstring(re.search("<svg.*</svg>", figure(training))[0]) is not None


def test_what_raises_or_hangs_has_no_picture(tmp_path, monkeypatch):
    assert set(drawn(tmp_path, "raises")) == {InitialWeights}
    monkeypatch.setattr("chainrule.running.pictures.LONGEST", 0.5)
    assert set(drawn(tmp_path, "slow")) == {GradientErrors, InitialWeights}


def test_shades():
    assert [shade(error) for error in (0.0, 1e-16, 1e-9, 1e-3, 1.0, 50.0, np.nan, np.inf)] == [0, 0, 1, 3, 3, 3, 3, 3]
    assert len(STEPS) == 4


def test_every_figure_is_well_formed_and_marks_what_is_wrong(tmp_path):
    for picture in drawn(tmp_path, "mask").values():
        ElementTree.fromstring(figure(picture))
    assert 'class="mark"' in figure(drawn(tmp_path, "mask")[GradientErrors])
    right = figure(drawn(tmp_path, "right")[GradientErrors])
    assert right.count('class="mark"') == len(STEPS) - 1  # those of the legend


def test_a_page_of_a_function_has_none():
    def relu(z):
        return np.maximum(z, 0)

    assert "<figure>" not in check(relu).to_html()


def test_the_confusion_matrix_is_shown(tmp_path):
    counts = np.eye(10, dtype=int) * 900 + 10
    ElementTree.fromstring(confusion(counts.tolist()))
    outcome = check({"relu": lambda z: z}, chapters="activations").outcome
    counted = replace(outcome.specs[0], confusion=tuple(map(tuple, counts.tolist())))
    shown = page(replace(outcome, specs=[counted]))
    assert "91.00% of 10,000 test images are right" in shown
    assert "T-shirt/top" in shown
