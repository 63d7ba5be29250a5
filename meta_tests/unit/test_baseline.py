"""The baseline's file, and the gate: exactly what is written there, or red."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.version import Version

from chainrule.baseline.baseline import Baseline, Expected
from chainrule.baseline.gate import judge, renewed
from chainrule.contract.errors import UnusableTarget
from chainrule.host.guard.finding import REPLACED, Finding
from chainrule.running.results import OUTCOMES, Outcome, SpecResult
from chainrule.specification.registry import registry, specs_of
from chainrule.support.version import VERSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CHAPTER = "activations"
CLAUSES = [entry.clause for entry in specs_of(CHAPTER)]
FIRST, SECOND = CLAUSES[:2]
ONE_LINE = """schema = 1
chainrule = "0.1.0"
[expected]
"relu.values" = { outcome = "failed", reason = "leaky, on purpose" }
"""


def outcome_of(changed, *, without=(), beside=(), **fields):
    """A check of one chapter, in which everything passed but what is changed."""
    specs = [SpecResult(c, CHAPTER, "", changed.get(c, "passed")) for c in CLAUSES if c not in without]
    return Outcome("net.py", "net.py", "", {}, [*specs, *beside], required=(CHAPTER,), **fields)


def baseline_of(tmp_path, **expected):
    lines = {clause: Expected(outcome) for clause, outcome in expected.items()}
    return Baseline(tmp_path / "b.toml", Baseline.empty(Path()).version, lines)


def ids(differences):
    return [difference.clause for difference in differences]


def test_a_line_is_read(tmp_path):
    path = tmp_path / "b.toml"
    path.write_text(ONE_LINE, encoding="utf-8")
    baseline = Baseline.read(path)
    assert baseline.expected == {"relu.values": Expected("failed", "leaky, on purpose")}
    assert str(baseline.version) == "0.1.0"
    assert baseline.text() == ONE_LINE
    assert baseline.line_of("relu.values") == 4
    assert baseline.line_of("relu.shape") is None


@pytest.mark.parametrize(
    "reason", ['a "quote" and a \\', "line\nbreak\ttab", "\x7f\x00\u2028", "größer als 0 → ∞", "#"]
)
def test_every_reason_survives_writing(tmp_path, reason):
    baseline = Baseline(tmp_path / "b.toml", Baseline.empty(Path()).version, {FIRST: Expected("todo", reason)})
    baseline.path.write_text(baseline.text(), encoding="utf-8", newline="\n")
    assert Baseline.read(baseline.path).expected[FIRST].reason == reason
    assert tomllib.loads(baseline.text())["expected"][FIRST] == {"outcome": "todo", "reason": reason}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected schema = 1, found None"),
        ("schema = 2", "expected schema = 1, found 2"),
        ("schema = ", "not valid TOML"),
        ("schema = 1", 'expected the version that wrote it, such as chainrule = "0.1.0", found None'),
        ('schema = 1\nchainrule = "new"', "found 'new'"),
        ('schema = 1\nchainrule = "99.0"', "written by chainrule 99.0, and this is"),
        (ONE_LINE.replace("values", "valus"), "'relu.valus' is not the id of a clause; did you mean relu.values?"),
        (ONE_LINE.replace("failed", "passed"), 'relu.values: expected { outcome = "failed" }'),
        (ONE_LINE.replace("reason", "because"), "with one of failed, blocked, todo, error, skipped"),
        (ONE_LINE.replace('"leaky, on purpose"', "1"), "and perhaps a reason"),
        ('schema = 1\nchainrule = "0.1.0"\nexpected = 1', "expected [expected] to be a table"),
        ('schema = 1\nchainrule = "0.1.0"\n[expected]\n"relu.values" = "failed"', "to be a table"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, said):
    path = tmp_path / "b.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableTarget) as raised:
        Baseline.read(path)
    assert str(raised.value).startswith(str(path))
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_no_file_says_how_to_write_one(tmp_path):
    with pytest.raises(UnusableTarget, match="add --update-baseline to write it"):
        Baseline.read(tmp_path / "b.toml")


def test_everything_as_expected_is_green(tmp_path):
    assert judge(baseline_of(tmp_path), outcome_of({})).green
    gate = judge(baseline_of(tmp_path, **{FIRST: "failed"}), outcome_of({FIRST: "failed"}))
    assert (gate.state, gate.as_listed) == ("green", (FIRST,))
    assert gate.told == "1 not passing, as b.toml says"


@pytest.mark.parametrize("outcome", [outcome for outcome in OUTCOMES if outcome != "passed"])
def test_whatever_is_not_listed_and_does_not_pass_is_a_regression(tmp_path, outcome):
    gate = judge(baseline_of(tmp_path), outcome_of({SECOND: outcome}))
    assert (gate.state, ids(gate.regressions), ids(gate.stale)) == ("red", [SECOND], [])
    assert str(gate.regressions[0]) == f"{SECOND}: {outcome}, expected passed"


@pytest.mark.parametrize("outcome", [outcome for outcome in OUTCOMES if outcome != "blocked"])
def test_a_line_with_another_outcome_is_stale(tmp_path, outcome):
    gate = judge(baseline_of(tmp_path, **{SECOND: "blocked"}), outcome_of({SECOND: outcome}))
    assert (gate.state, ids(gate.regressions), ids(gate.stale)) == ("red", [], [SECOND])
    assert gate.as_listed == ()


def test_a_required_spec_that_did_not_run_is_missing(tmp_path):
    gate = judge(baseline_of(tmp_path, **{FIRST: "failed"}), outcome_of({}, without=(FIRST, SECOND)))
    assert (gate.state, ids(gate.missing), gate.stale) == ("red", [FIRST, SECOND], ())


def test_lines_of_other_chapters_do_not_count(tmp_path):
    assert judge(baseline_of(tmp_path, **{"softmax.values": "failed"}), outcome_of({})).green


def test_a_failure_beside_the_required_chapters_counts(tmp_path):
    for outcome, green in (("failed", False), ("error", False), ("todo", True), ("passed", True)):
        beside = [SpecResult("schedules.constant", "schedules", "", outcome)]
        assert judge(baseline_of(tmp_path), outcome_of({}, beside=beside)).green is green


def test_tampering_makes_the_gate_red(tmp_path):
    gate = judge(baseline_of(tmp_path), outcome_of({}, tampering=(Finding(REPLACED, "numpy.sum", None, "is new"),)))
    assert (gate.state, gate.besides) == ("red", ("tampering: numpy.sum is new",))


def test_what_the_files_version_could_not_know_is_new_and_must_pass(tmp_path, monkeypatch):
    newer = replace(registry()[SECOND], spec=replace(registry()[SECOND].spec, since="0.2.0"))
    monkeypatch.setitem(registry(), SECOND, newer)
    gate = judge(baseline_of(tmp_path), outcome_of({}))
    assert (gate.green, gate.new) == (True, (SECOND,))
    assert gate.told == "0 not passing, as b.toml says; 1 new"
    gate = judge(baseline_of(tmp_path), outcome_of({SECOND: "todo"}))
    assert (gate.green, gate.new, ids(gate.regressions)) == (False, (SECOND,), [SECOND])


def test_an_update_expects_what_happened_and_keeps_reasons_and_other_lines(tmp_path):
    lines = {FIRST: Expected("failed", "why"), SECOND: Expected("todo"), "softmax.values": Expected("failed", "other")}
    before = Baseline(tmp_path / "b.toml", Baseline.empty(Path()).version, lines)
    outcome = outcome_of({FIRST: "blocked", CLAUSES[2]: "error"})
    after = renewed(before, outcome)
    assert after.expected == {
        FIRST: Expected("blocked", "why"),
        CLAUSES[2]: Expected("error"),
        "softmax.values": Expected("failed", "other"),
    }
    assert judge(after, outcome).green
    assert after.text().splitlines()[3:] == sorted(after.text().splitlines()[3:])


def test_an_update_forgets_nothing_that_did_not_run(tmp_path):
    before = baseline_of(tmp_path, **{FIRST: "failed"})
    outcome = outcome_of({}, without=(FIRST,))
    after = renewed(before, outcome)
    assert after.expected == before.expected
    assert ids(judge(after, outcome).missing) == [FIRST]


def test_specs_are_of_versions_up_to_this_one():
    assert all(Version(entry.spec.since) <= Version(VERSION) for entry in registry().values())
