"""What a learner reads of a mistake made while filling in the skeleton: what it is, where, and what to change."""

import pytest

from banks.honest import checked
from banks.learners import LEARNERS, UNWRITTEN, filled


def planted(folder, last, changes):
    """The file with a mistake in it."""
    text = filled(last)
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "my_mlp.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_skeleton_can_be_filled_in_rightly(tmp_path):
    assert checked(planted(tmp_path, "predict", {})).verdict == "pass"


@pytest.mark.parametrize(
    ("last", "chapter", "changes", "cause", "text"), LEARNERS, ids=[f"{c[3]} {c[4].strip()}" for c in LEARNERS]
)
def test_the_first_cause_is_the_mistake_at_its_line(tmp_path, last, chapter, changes, cause, text):
    """cause: the name in the catalogue, or a part of the title.  text: a part of the line."""
    path = planted(tmp_path, last, changes)
    outcome = checked(path, chapter)
    assert outcome.verdict == "fail"
    first = outcome.diagnoses[0]
    assert cause in (first.id, first.title) or (first.id == "unnamed" and cause in first.title)
    place = int(first.where.removeprefix("my_mlp.py:"))
    line = path.read_text(encoding="utf-8").splitlines()[place - 1]
    assert text in line
    assert not line.lstrip().startswith(("def ", "class "))
    assert first.change is not None or first.line == line.strip()
    assert first.mend or first.explanation


@pytest.mark.parametrize(("last", "changes", "said"), UNWRITTEN, ids=[c[0] for c in UNWRITTEN])
def test_what_is_not_finished_says_what_is_missing(tmp_path, last, changes, said):
    outcome = checked(planted(tmp_path, last, changes))
    assert outcome.verdict == "incomplete"
    assert any(said in result.message for result in outcome.specs if result.outcome == "todo")
