"""The thread through the house: mathematics, specs and reference cite the same clauses, each of them both ways."""

import re
from collections import Counter

import pytest

from banks import variants
from chainrule.contract.chapters import CHAPTERS
from chainrule.mathematics.clauses import HEADING, clauses
from chainrule.specification.spec import Spec

CITATION = re.compile(r"\bClauses?: ([^\"]+?)(?=\n\s*(?:Source|\"\"\")|\Z)")
CLAUSE_ID = re.compile(r"\b[a-z_]+\.[a-z_]+\b")


def loose_ends(stated, tested):
    """Clauses without a spec, and specs without a clause."""
    return sorted(set(stated) ^ set(tested))


def cycles(after):
    """Clauses that build on themselves, directly or not."""

    def reached(clause):
        seen, waiting = set(), list(after[clause])
        while waiting:
            upstream = waiting.pop()
            if upstream not in seen:
                seen.add(upstream)
                waiting += after.get(upstream, ())
        return seen

    return sorted(clause for clause in after if clause in reached(clause))


def sentences(title):
    """How many sentences a title is: full stops, colons and semicolons inside one do not count."""
    return len(re.findall(r"[.!?](?=\s+[A-Z]|$)", title))


def cited(source):
    """The clauses that a file's docstrings name after `Clause:` or `Clauses:`."""
    return [clause for citation in CITATION.findall(source) for clause in CLAUSE_ID.findall(citation)]


def test_every_clause_has_a_spec_and_every_spec_a_clause():
    assert loose_ends(clauses(), variants.specs()) == []


def test_loose_ends_are_found_either_way():
    assert loose_ends(["a.b", "a.c"], ["a.c"]) == ["a.b"]
    assert loose_ends(["a.c"], ["a.b", "a.c"]) == ["a.b"]


def test_ids_and_numbers_of_clauses_are_unique():
    source = (variants.FOLDER / "math.md").read_text(encoding="utf-8")
    for key in ("id", "number"):
        count = Counter(heading[key] for heading in HEADING.finditer(source))
        assert [value for value, times in count.items() if times > 1] == []


@pytest.mark.parametrize("clause", clauses().values(), ids=clauses())
def test_every_clause_is_complete(clause):
    assert clause.title
    assert clause.equation
    assert clause.formula
    assert clause.why


@pytest.mark.parametrize("clause", variants.specs())
def test_every_spec_is_complete(clause):
    spec = variants.specs()[clause].spec
    assert isinstance(spec, Spec)
    assert spec.chapter in CHAPTERS
    assert sentences(spec.title) == 1
    assert spec.title.endswith(".")
    assert set(spec.after) <= set(variants.specs())
    assert len(set(spec.after)) == len(spec.after)


def test_sentences_are_counted():
    assert sentences("A step is theta - lr g, for 1.5 of 2 layers: nothing else.") == 1
    assert sentences("One thing holds. Another does too.") == 2
    assert sentences("No end") == 0


def test_no_spec_builds_on_itself():
    assert cycles({clause: entry.spec.after for clause, entry in variants.specs().items()}) == []


def test_a_circle_is_found():
    assert cycles({"a": ("b",), "b": ("c",), "c": ("b",), "d": ("a",)}) == ["b", "c"]


def test_a_spec_builds_on_no_later_chapter():
    place = {chapter: place for place, chapter in enumerate(CHAPTERS)}
    late = [
        (clause, upstream)
        for clause, entry in variants.specs().items()
        for upstream in entry.spec.after
        if place[variants.specs()[upstream].chapter] > place[entry.chapter]
    ]
    assert [pair for pair in late if pair[0] != "golden.steps"] == []  # the one that joins gradients and steps


@pytest.mark.parametrize("path", sorted(variants.FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_the_reference_cites_clauses_that_exist(path):
    citations = cited(path.read_text(encoding="utf-8"))
    assert [clause for clause in citations if clause not in clauses()] == []
    assert citations or path.name == "__init__.py"


def test_citations_are_read():
    assert cited('"""Text.\n    Clauses: relu.values, no.such_clause (why).\n    Source: a.b\n    """') == [
        "relu.values",
        "no.such_clause",
    ]
