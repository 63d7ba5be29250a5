"""What people write passes as it is, its conventions found.  What a check says of the mistakes: diagnoses.py."""

from functools import cache
from pathlib import Path

import pytest

from banks import style_bank
from banks.encoded import encoded
from banks.style_bank import FOLDER, STYLES
from chainrule import api
from chainrule.contract.conventions import NATIVE
from chainrule.host.translation import Translated
from chainrule.running.loading import load
from chainrule.running.run import Run

PAIRS = [(style, mistake) for style in STYLES for mistake in style.mistakes]
WAYS = {  # {kind of mistake: words by which their names tell it}
    "1/m missing": ("missing everywhere", "1/m missing in"),
    "1/m twice": ("twice",),
    "bias gradient": ("db",),
    "relu mask": ("mask",),
    "relu derivative": ("relu derivative",),
    "softmax axis": ("softmax over",),
    "softmax shift": ("without the shift",),
    "loss": ("in bits", "loss averaged over", "cost averaged over"),
    "reduction": ("beside",),
    "update sign": ("climb",),
    "update too early": ("before it propagates", "before they propagate"),
    "one-hot": ("one-hot off by one",),
    "transposed": ("transposed",),
    "bias": ("bias not added", "not updated"),
    "memory": ("accumulate", "for ever"),
    "shuffle": ("not shuffled",),
    "last batch": ("batch dropped",),
    "initialization": ("for Xavier", "for He", "for fan-in", "for Glorot"),
}


def expected(style):
    """Every convention as the report should show it."""
    return {key: style.conventions.get(key, native) for key, native in NATIVE.items() if key not in style.unsaid}


def found(outcome, keys):
    """The conventions of these keys that a check reports."""
    return {key: outcome.conventions[key].value for key in keys}


def comparable(conventions):
    """An epsilon is read off a rounded loss: three digits of it count."""
    return {key: f"{float(value):.2e}" if key == "log_epsilon" else value for key, value in conventions.items()}


def checked(style, folder):
    """The outcome of checking a copy.

    Every message to and from the host of each third style is encoded and decoded on the way, so that the code under
    check shares no object with what is above the host.
    """
    if style.needs:
        pytest.importorskip(style.needs)
    loaded = load(str(style.copy(folder)), conventions=style.declared)
    return api.check_loaded(loaded if STYLES.index(style) % 3 else encoded(loaded))


def source(style, mistake):
    return Path(FOLDER, mistake.file or style.file).read_text(encoding="utf-8")


@cache
def files():
    """Every file of the bank that somebody wrote."""
    return {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.suffix in (".py", ".ipynb")}


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.file)
def test_correct_style_passes_with_its_conventions(style, tmp_path):
    outcome = checked(style, tmp_path)
    wrong = {spec.id: f"{spec.outcome}: {spec.message}" for spec in outcome.specs if spec.outcome != "passed"}
    conventions = expected(style)
    assert comparable(found(outcome, conventions)) == comparable(conventions), wrong
    assert outcome.verdict in (("pass", "incomplete") if style.lacks else ("pass",)), wrong


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.file)
def test_every_mistake_is_planted_once_in_code_that_still_compiles(style, tmp_path):
    for number, mistake in enumerate(style.mistakes):
        assert source(style, mistake).count(mistake.old) == 1, mistake.name
        folder = tmp_path / str(number)
        folder.mkdir()
        planted = style.copy(folder, mistake).parents[len(Path(style.file).parts) - 1] / (mistake.file or style.file)
        text = planted.read_text(encoding="utf-8")
        assert text != source(style, mistake), mistake.name
        if planted.suffix == ".py":
            compile(text, str(planted), "exec")


def test_the_bank_is_broad_enough():
    assert len(STYLES) >= 36
    assert all(len(style.mistakes) >= 2 for style in STYLES)
    counts = {
        way: sum(any(word in mistake.name for word in words) for _, mistake in PAIRS) for way, words in WAYS.items()
    }
    assert {way: count for way, count in counts.items() if count < 2} == {}


def test_styles_and_mistakes_are_told_apart():
    assert len({style.file for style in STYLES}) == len(STYLES)
    for style in STYLES:
        assert len({mistake.name for mistake in style.mistakes}) == len(style.mistakes), style.file


def test_every_file_is_in_the_bank():
    folders = {Path(style.file).parts[0] for style in STYLES if len(Path(style.file).parts) > 1}
    indexed = {style.file for style in STYLES}
    assert {file for file in files() if Path(file).parts[0] not in folders} == {
        file for file in indexed if Path(file).parts[0] not in folders
    }
    assert folders == {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert indexed <= files()


def test_conventions_are_those_of_the_contract():
    for style in style_bank.STYLES:
        assert set(style.conventions) <= set(NATIVE), style.file
        assert {key for key, value in style.conventions.items() if NATIVE[key] == value} == set(), style.file


@pytest.mark.parametrize("file", ["zero_grad.py", "column_net.py"])
def test_nothing_is_inferred_inside_a_spec(file, tmp_path, monkeypatch):
    depths, inside, over = [], [], []
    prepare, prepare_depth = Run.prepare, Translated.prepare_depth

    def prepared(run):
        prepare(run)
        over.append(run)

    def prepared_depth(self, sizes):
        depths.append(len(sizes))
        if over:
            inside.extend({len(sizes)} - self.prepared)
        prepare_depth(self, sizes)

    monkeypatch.setattr(Run, "prepare", prepared)
    monkeypatch.setattr(Translated, "prepare_depth", prepared_depth)
    assert checked(next(style for style in STYLES if style.file == file), tmp_path).verdict == "pass"
    assert over
    assert depths
    assert inside == []
