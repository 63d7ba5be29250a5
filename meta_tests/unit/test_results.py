"""The verdict over all results, and what is blocked by what."""

import itertools
import json
from dataclasses import replace

import pytest

from chainrule.contract.chapters import CHAPTERS
from chainrule.contract.conventions import Convention
from chainrule.running.results import UNJUDGED, Diagnosis, Outcome, SpecResult, in_order

SLIP = Diagnosis("sign", "the sign is wrong", "it should be minus", "mlp.py:3")
OTHER = Diagnosis("scale", "the mean is missing", "divide by N", None)


def result(clause, outcome="passed", after=(), chapter="softmax", **fields):
    return SpecResult(clause, chapter, f"What {clause} says.", outcome, after=tuple(after), **fields)


def outcome(*results, **fields):
    return Outcome("mlp.py", "/mlp.py", "0" * 64, {"samples": Convention("rows", "default")}, results, **fields)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["passed"], "pass"),
        (["passed", "skipped"], "pass"),
        (["passed", "todo"], "incomplete"),
        (["passed", "blocked"], "incomplete"),
        (["passed", "failed"], "fail"),
        (["passed", "error"], "fail"),
        (["todo", "failed", "blocked"], "fail"),
        (["todo"], "incomplete"),
        (["skipped"], "incomplete"),  # a skip is not a pass
        ([], "incomplete"),
    ],
)
def test_verdict(outcomes, verdict):
    assert outcome(*(result(f"c.{i}", kind) for i, kind in enumerate(outcomes))).verdict == verdict


def test_what_was_skipped_is_looked_through():
    first = result("first", "failed")
    second = result("second", "skipped", ["first"])
    third = result("third", "failed", ["second"])
    assert [entry.outcome for entry in in_order([third, second, first])] == ["failed", "skipped", "blocked"]


ANY, SIZES = Convention("any", "default"), Convention("[784, 10, 10]", "inferred")


@pytest.mark.parametrize(
    ("chapter", "architecture", "verdict"),
    [
        ("activations", ANY, "pass"),
        ("cross_entropy", ANY, "pass"),
        ("gradients", ANY, "incomplete"),
        ("golden", ANY, "incomplete"),
        ("initialization", ANY, "incomplete"),
        ("golden", SIZES, "pass"),
        ("initialization", SIZES, "pass"),
        ("gradients", SIZES, "incomplete"),
        ("shapes", SIZES, "incomplete"),
        ("training", SIZES, "incomplete"),
    ],
)
def test_a_required_chapter_of_skips_alone_needs_a_reason(chapter, architecture, verdict):
    results = result("a.one"), result("b.one", "skipped", chapter=chapter), result("b.two", "skipped", chapter=chapter)
    whole = Outcome("mlp.py", "/mlp.py", "0" * 64, {"architecture": architecture}, results)
    assert whole.verdict == verdict


def test_what_the_network_stood_in_for_does_not_block_what_is_asked_of_it():
    first = result("first", "failed", through="softmax")
    second = result("second", "failed", ["first"], through="softmax")
    third = result("third", "failed", ["second"])
    assert [entry.outcome for entry in in_order([first, second, third])] == ["failed", "blocked", "failed"]


def test_a_failure_counts_in_a_chapter_that_is_not_required():
    passed = result("a.one", chapter="activations")
    assert outcome(passed, result("x.one", "failed", chapter="extra"), required=("activations",)).verdict == "fail"


@pytest.mark.parametrize("kind", ["todo", "blocked", "skipped"])
def test_what_is_missing_in_a_chapter_that_is_not_required_is_no_matter(kind):
    passed = result("a.one", chapter="activations")
    assert outcome(passed, result("x.one", kind, chapter="extra"), required=("activations",)).verdict == "pass"


def test_passes_in_other_chapters_are_no_pass():
    assert outcome(result("x.one", chapter="extra"), required=("activations",)).verdict == "incomplete"


def test_what_was_not_run_is_not_passed():
    assert outcome(result("a.one"), not_run=1).verdict == "incomplete"


CHAIN = [
    result("first", "failed", message="wrong"),
    result("second", "failed", ["first"]),
    result("third", "error", ["absent", "second"]),
    result("fourth", "passed", ["third"]),
    result("fifth", "todo", ["first"]),
    result("sixth", "skipped", ["first"]),
    result("seventh", "failed", ["fourth"], message="wrong too"),
]


@pytest.mark.parametrize("order", itertools.islice(itertools.permutations(range(7)), 0, None, 97))
def test_one_mistake_is_reported_once_in_whatever_order(order):
    found = {entry.id: (entry.outcome, entry.message) for entry in in_order(CHAIN[i] for i in order)}
    assert found == {
        "first": ("failed", "wrong"),
        "second": ("blocked", "blocked by first, which did not pass"),
        "third": ("blocked", "blocked by first, which did not pass"),
        "fourth": ("passed", ""),
        "fifth": ("todo", ""),
        "sixth": ("skipped", ""),
        "seventh": ("failed", "wrong too"),
    }


def test_what_is_blocked_carries_no_diagnosis():
    first = result("first", "failed")
    second = result("second", "failed", ["first"], diagnoses=(SLIP,), snippet="print(1)")
    [_, blocked] = in_order([first, second])
    assert (blocked.outcome, blocked.diagnoses, blocked.snippet) == ("blocked", (), None)


def test_what_is_blocked_by_no_other_spec_blocks_none():
    first = result("first", "blocked", message=f"{UNJUDGED}relu returns the same for all arguments")
    second = result("second", "failed", ["first"], message="wrong")
    assert [entry.outcome for entry in in_order([first, second])] == ["blocked", "failed"]


@pytest.mark.parametrize("kind", ["todo", "skipped", "passed"])
def test_what_is_missing_blocks_nothing(kind):
    assert in_order([result("first", kind), result("second", "failed", ["first"])])[1].outcome == "failed"


def test_results_stand_in_the_order_of_the_specification():
    given = [result(f"{chapter}.{line}", chapter=chapter, line=line) for line in (9, 2) for chapter in CHAPTERS]
    extra = result("extra.1", chapter="extra", line=1)
    settled = in_order([extra, *reversed(given)])
    assert [entry.chapter for entry in settled] == [c for chapter in CHAPTERS for c in [chapter] * 2] + ["extra"]
    assert [entry.line for entry in settled[:-1]] == [2, 9] * len(CHAPTERS)


def test_diagnoses_are_distinct_and_in_order():
    whole = outcome(
        result("a", "failed", diagnoses=(OTHER,)),
        result("b", "failed", diagnoses=(SLIP, OTHER)),
    )
    assert whole.diagnoses == [OTHER, SLIP]


def test_a_choice_of_initialization_comes_after_what_stops_learning():
    choice = replace(SLIP, explains=("initialization.variance", "initialization.network_variance"))
    likely, unknown = (replace(OTHER, certainty=certainty, explains=("b",)) for certainty in ("likely", "unknown"))
    whole = outcome(
        result("a", "failed", diagnoses=(choice,)),
        result("b", "failed", diagnoses=(unknown, likely)),
    )
    assert whole.diagnoses == [likely, choice, unknown]


def test_json_is_the_outcome():
    whole = outcome(
        result("a", "failed", ["z"], message="λ is nan", seconds=0.123456, diagnoses=(SLIP,)),
        not_run=2,
    )
    written = json.loads(whole.to_json())
    assert (written["schema"], written["verdict"], written["not_run"]) == (1, "fail", 2)
    assert written["conventions"] == {"samples": {"value": "rows", "source": "default", "how": ""}}
    [spec] = written["specs"]
    assert (spec["message"], spec["after"], spec["seconds"]) == ("λ is nan", ["z"], 0.1235)
    assert spec["diagnoses"] == written["diagnoses"] == [vars(SLIP) | {"explains": []}]
