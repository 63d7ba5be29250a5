"""The page of a study in a real browser: what lights up, by mouse and by keyboard, on a desktop and on a phone."""

import pytest

from chainrule.cli import main

SOURCE = """\
import numpy as np


def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def dead(z):
    return z + 1
"""
LAYER = """\
from functions import softmax


def softmax_loss(x, y):
    return softmax(x), y
"""
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    folder.joinpath("functions.py").write_text(SOURCE, encoding="utf-8")
    folder.joinpath("layer.py").write_text(LAYER, encoding="utf-8")
    output = folder / "study.html"
    main(["study", str(folder / "layer.py"), "--chapter", "activations", "softmax", "layers", "--output", str(output)])
    return output


def lit(page, kind):
    """The ids of the clauses that are lit as `about` or `passes`."""
    return page.eval_on_selector_all(f".clause.{kind}", "found => found.map(clause => clause.id)")


def lit_lines(page, kind):
    return page.eval_on_selector_all(f".line.{kind}", "found => found.map(line => line.textContent.trim())")


def line(page, text):
    return page.locator(".line", has_text=text).first


def in_sight(page, selector):
    return page.eval_on_selector(
        selector,
        """element => { const pane = element.closest("#mathematics, .source").getBoundingClientRect();
        const own = element.getBoundingClientRect();
        return own.height > 0 && own.top >= pane.top - 1 && own.top < pane.bottom && own.left < pane.right; }""",
    )


@SIZES
def test_a_click_on_a_line_lights_up_its_clauses(opened, study, size):
    page = opened(study, **size)
    page.locator("[role=tab]", has_text="functions.py").click()
    line(page, "e = np.exp").click()
    about, passes = lit(page, "about"), lit(page, "passes")
    assert "softmax.normalized" in about
    assert "softmax_loss.values" in passes
    assert not any(clause.startswith(("relu.", "affine.")) for clause in about + passes)
    assert in_sight(page, f"[id='{about[0]}']")
    assert page.locator("[id='softmax.normalized'] .relation").inner_text() == "about this line"
    assert page.locator("#status").inner_text().startswith(f"{len(about)} clauses are about this line")


@SIZES
def test_a_click_on_a_clause_lights_up_its_lines_in_their_file(opened, study, size):
    page = opened(study, **size)
    page.locator("[id='softmax_loss.values'] h3").click()
    assert [text.split("return")[1] for text in lit_lines(page, "about")] == [" softmax(x), y"]
    assert len(lit_lines(page, "passes")) == 2
    assert page.locator("[role=tab][aria-selected=true]").inner_text().startswith("layer.py")
    assert in_sight(page, ".line.about")
    page.locator("[id='softmax.normalized'] h3").click()
    assert page.locator("[role=tab][aria-selected=true]").inner_text().startswith("functions.py")
    assert in_sight(page, ".source [role=tabpanel]:not([hidden]) .line.about")
    assert page.locator("[role=tab]", has_text="functions.py").locator(".lit").inner_text() == "2 lit"
    assert page.locator("[role=tab]", has_text="layer.py").locator(".lit").inner_text() == ""


def test_the_keyboard_does_all_that_the_mouse_does(opened, study):
    page = opened(study)
    page.locator(".line[data-group][tabindex='0']").focus()
    page.keyboard.press("Enter")
    assert "softmax_loss.values" in lit(page, "about")
    page.keyboard.press("ArrowLeft")
    focused = page.evaluate("document.activeElement.id")
    assert focused == lit(page, "about")[0]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") != focused
    assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"
    assert lit(page, "about") == []
    page.keyboard.press("ArrowRight")
    assert "line" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Escape")
    assert page.locator(".about, .passes, [aria-current]").count() == 0
    page.locator("[role=tab][aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent").startswith("functions.py")
    assert page.locator(".line", has_text="np.maximum").is_visible()


def test_a_link_to_a_line_shows_and_marks_it(opened, study):
    page = opened(study)
    page.locator("[id='softmax.values'] .lines a", has_text="functions.py:9-10").click()
    assert page.locator("[role=tab][aria-selected=true]").inner_text().startswith("functions.py")
    assert page.locator("[aria-current=true]").inner_text().endswith("z.max(axis=1, keepdims=True))")
    assert page.evaluate("document.activeElement.className").startswith("line")
    assert page.locator(".about, .passes").count() == 0


def test_the_tab_key_reaches_the_lines_of_every_file(opened, study):
    page = opened(study)
    page.locator("[role=tab]", has_text="functions.py").click()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").endswith("e = np.exp(z - z.max(axis=1, keepdims=True))")


def test_a_line_that_no_clause_reaches_lights_nothing(opened, study):
    page = opened(study)
    page.locator("[role=tab]", has_text="functions.py").click()
    line(page, "return z + 1").click()
    assert page.locator(".about, .passes").count() == 0
    assert line(page, "return z + 1").locator(".count").get_attribute("title") == "no clause reaches this line"


def test_the_spec_unfolds_without_lighting_anything(opened, study):
    page = opened(study)
    page.locator("[id='softmax.normalized'] summary").click()
    assert page.locator("[id='softmax.normalized'] details pre").is_visible()
    assert page.locator(".about, .passes").count() == 0


def test_the_links_below_lead_to_what_they_name(opened, study):
    page = opened(study)
    page.locator("[role=tab]", has_text="functions.py").click()
    line(page, "e = np.exp").click()
    page.locator("footer a", has_text="softmax.values").first.click()
    assert page.evaluate("document.activeElement.id") == "softmax.values"
    assert in_sight(page, "[id='softmax.values']")
    page.keyboard.press("Enter")
    assert page.locator("footer a").all_inner_texts() == ["functions.py:9-10"]
    page.locator("footer a").click()
    assert page.evaluate("document.activeElement.textContent").endswith("e = np.exp(z - z.max(axis=1, keepdims=True))")
    assert len(lit_lines(page, "about")) == 2


@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_derivation_and_code_are_both_in_sight(opened, study, size, dark):
    page = opened(study, **size, dark=dark)
    left, right = (page.locator(pane).bounding_box() for pane in ("#mathematics", "#code"))
    if size is PHONE:
        assert left["width"] == right["width"] == PHONE["width"]
        assert right["y"] >= left["y"] + left["height"] - 1
    else:
        assert right["x"] >= left["x"] + left["width"] - 1
    assert min(left["height"], right["height"]) > 250
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for summary in page.locator("header summary").all():
        summary.click()
    left, right, footer = (page.locator(pane).bounding_box() for pane in ("#mathematics", "#code", "footer"))
    assert right["y"] + right["height"] <= footer["y"] + 1
    assert footer["y"] + footer["height"] <= size["height"] + 1
    assert size is DESKTOP or left["y"] + left["height"] <= right["y"] + 1
    assert page.locator("[role=tablist]").bounding_box()["y"] >= right["y"]
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark


def test_a_network_of_2000_lines_is_drawn_and_answers(opened, tmp_path):
    body = 2000 * "    z = z * 1\n"
    source = f"{SOURCE}\n\ndef relu(z):\n{body}    return np.maximum(z - 0, 0)\n"
    tmp_path.joinpath("long.py").write_text(source, encoding="utf-8")
    assert source.count("\n") > 2000
    output = tmp_path / "long.html"
    main(["study", str(tmp_path / "long.py"), "--chapter", "activations", "--output", str(output)])
    page = opened(output)
    assert page.locator(".line").count() == source.count("\n")
    line(page, "return np.maximum(z - 0").click()
    assert lit(page, "about") == [f"relu.{name}" for name in ("shape", "dtype", "input_kept", "empty", "extreme",
        "homogeneity", "idempotence", "absolute_value", "values")]  # fmt: skip
