"""What a save changed: lines, and outcomes."""

import pytest

from chainrule.desk.changes import broken, changed_lines, mended, written
from chainrule.desk.checks import Reach
from chainrule.running.results import Outcome, SpecResult

BEFORE = "a\nb\nc\nd\n"


def outcome_of(**outcomes):
    specs = [SpecResult(clause, "softmax", "", outcome) for clause, outcome in outcomes.items()]
    return Outcome("net.py", "net.py", "", {}, specs)


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (BEFORE, set()),
        ("a\nB\nc\nd\n", {2}),
        ("a\nb\nd\n", {3}),
        ("a\nb\nnew\nc\nd\n", {2, 3}),  # the lines around it
        ("A\nb\nc\nD\n", {1, 4}),
        ("", {1, 2, 3, 4}),
    ],
)
def test_the_lines_that_a_save_changed(after, lines):
    assert changed_lines(BEFORE, after) == lines


def test_the_clauses_whose_specs_ran_a_changed_line(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(BEFORE, encoding="utf-8")
    lines = {1: frozenset("vwxyz"), 2: frozenset("xy"), 3: frozenset("z")}
    reach = Reach({path: lines}, {path: BEFORE})
    assert reach.touched() == set()
    for after, clauses in (("a\nB\nc\nd\n", "xy"), ("A\nb\nC\nd\n", "z"), ("A\nb\nc\nd\n", ""), ("a\nb\nc\nD\n", "")):
        path.write_text(after, encoding="utf-8")
        assert reach.touched() == set(clauses)


def test_mended_and_broken():
    before = outcome_of(a="passed", b="failed", c="todo", d="passed", e="passed", f="blocked")
    after = outcome_of(a="passed", b="passed", c="passed", d="error", e="blocked", f="todo", g="passed")
    assert mended(before, after) == ["b"]
    assert written(before, after) == ["c", "g"]
    assert broken(before, after) == ["d", "e"]
    assert broken(before, outcome_of(a="todo")) == []
