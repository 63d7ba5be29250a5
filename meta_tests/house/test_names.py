"""The names that recognition knows are plain data, and docs/recognised.md shows them as they are."""

import re
from pathlib import Path

import pytest

from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.conventions import NATIVE
from chainrule.host.recognition import vocabulary
from chainrule.host.recognition.recognise import recognise
from chainrule.host.recognition.vocabulary import FOLDER, is_called, names
from programs.recognised_names import HEADINGS, PAGE, examples, page

FILES = sorted(FOLDER.glob("*.toml"))


def test_the_page_shows_the_names_as_they_are():
    assert page() == PAGE.read_text(encoding="utf-8"), "python -m programs.recognised_names --write"


def test_every_convention_is_on_the_page():
    rows = {line.split("|")[1].strip(" `") for line in page().splitlines() if line.startswith("| `")}
    assert set(NATIVE) <= rows


@pytest.mark.parametrize("kind", HEADINGS)
def test_the_page_has_examples_of_everything(kind):
    assert [key for key in names(kind) if not examples(kind, key)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_names_are_no_regular_expressions(file):
    for key, known in names(file.stem).items():
        for spelled in known.spelled:
            assert re.fullmatch(r"[\w*#> -]+", spelled), (key, spelled)
            assert all(part.split() for part in spelled.split(">")), (key, spelled)


@pytest.mark.parametrize("chapter", EXTENSION_NAMES)
def test_every_operation_of_a_chapter_has_names(chapter):
    assert set(names(chapter)) == set(EXTENSION_NAMES[chapter])


def test_what_courses_call_an_operation_of_a_chapter_is_recognised(tmp_path, monkeypatch):
    for file in FILES:
        tmp_path.joinpath(file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "layers.toml").write_text('affine_forward = "affine_forward fc_forward"\n', encoding="utf-8")
    monkeypatch.setattr(vocabulary, "FOLDER", Path(tmp_path))
    names.cache_clear()
    vocabulary.in_chapters.cache_clear()
    try:
        found = recognise({"fc_forward": lambda x, w, b: (x @ w + b, None)}, {})
        assert found.name("affine_forward") == "fc_forward"
        assert found.name("relu_forward") == "relu_forward"
    finally:
        names.cache_clear()
        vocabulary.in_chapters.cache_clear()


@pytest.mark.parametrize(
    ("kind", "key", "names_of_it", "others"),
    [
        ("classes", "relu", ("ReLU", "MyReLU"), ("Rectifier",)),
        ("arrays", "gradients", ("dW1", "grad_W12", "weight_deltas3", "nabla_b"), ("W1", "b")),
        ("arrays", "weights", ("W1", "kernel2", "syn0"), ("bias", "b12")),
        (
            "methods",
            "gives_the_gradient_of_the_loss",
            ("loss_prime", "d_cross_entropy", "grad_of_loss"),
            ("loss", "grad"),
        ),
        ("sizes", "hidden", ("n_hidden1", "hidden_layer_2_size", "h128"), ("hidden_sizes_of", "n12")),
    ],
)
def test_words_parts_and_numbers_make_names(kind, key, names_of_it, others):
    assert all(is_called(kind, key, name) for name in names_of_it)
    assert not any(is_called(kind, key, name) for name in others)
