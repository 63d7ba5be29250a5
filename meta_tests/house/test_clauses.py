"""The thread through the house: mathematics, specs and reference cite the same clauses, each of them both ways."""

import re
from collections import Counter

import pytest

from banks import variants
from chainrule.contract.chapters import CHAPTERS
from chainrule.mathematics.clauses import chapters, clauses, named, sections
from chainrule.specification.spec import Spec

CITATION = re.compile(r"\bClauses?: ([^\"]+?)(?=\n\s*Source|\s*\"\"\"|\Z)")
CLAUSE_ID = re.compile(r"\b[a-z_]+\.[a-z_]+\b")
CHAPTER_FILE = re.compile(r"\b(?:\d\d_[a-z_]+|hygiene|rounding)\.md\b")
SECTION_NAME = re.compile(r"(?<![\w.])(?:hygiene|rounding)\.(?!py\b|md\b)[a-z_]+\b(?!\()")


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


def test_ids_and_names_are_unique():
    count = Counter(heading["id"] for source in chapters().values() for heading, _ in named(source))
    assert [name for name, times in count.items() if times > 1] == []


def test_chapters_are_read_in_the_order_of_their_numbers():
    numbered = [file for file in chapters() if file[0].isdigit()]
    assert list(chapters())[: len(numbered)] == numbered
    assert [int(file.split("_")[0]) for file in numbered] == list(range(1, len(numbered) + 1))
    assert list(dict.fromkeys(clause.file for clause in clauses().values())) == numbered[1:]


def test_a_clause_stands_in_the_chapter_of_its_spec():
    chapter = {clause.id: clause.file.removesuffix(".md").split("_", 1)[1] for clause in clauses().values()}
    assert chapter == {clause: entry.chapter for clause, entry in variants.specs().items()}


def test_what_the_mathematics_refers_to_exists():
    families = {name.split(".")[0] for name in (*clauses(), *sections())}
    for file, source in chapters().items():
        names = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", source)) - set(chapters())
        assert {name for name in names if name.split(".")[0] in families} <= {*clauses(), *sections()}, file
        assert set(CHAPTER_FILE.findall(source)) <= {*chapters()}, file


@pytest.mark.parametrize("room", ["chainrule", "docs", "golden", "meta_tests", "reference", "spec_tests"])
def test_what_code_and_documents_refer_to_exists(room):
    for path in (variants.FOLDER.parent / room).rglob("*"):
        if path.suffix in (".py", ".md"):
            text = path.read_text(encoding="utf-8")
            assert set(SECTION_NAME.findall(text)) <= {*sections()}, path
            assert set(CHAPTER_FILE.findall(text)) <= {*chapters()}, path


def test_the_mathematics_refers_to_nothing_by_a_number():
    """A section of a book is another matter: (Higham 2002, section 2.2)."""
    number = re.compile(r"(?<!\d, )\bsections? \d|\b(?:by|in|as) \d+\.\d+\b", re.IGNORECASE)
    for file, source in chapters().items():
        assert number.findall(source) == [], file


def test_a_clause_explains_what_it_shares_with_others():
    clause = clauses()["affine.caches"]
    assert clause.why.startswith("`hygiene.caches` explains why.")
    assert clause.why.endswith(sections()["hygiene.caches"])
    assert sections()["hygiene.caches"] not in clause.text


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


@pytest.mark.parametrize("path", sorted(variants.FOLDER.rglob("*.py")), ids=lambda path: path.name)
def test_the_reference_cites_clauses_that_exist(path):
    citations = cited(path.read_text(encoding="utf-8"))
    assert [clause for clause in citations if clause not in clauses()] == []
    assert citations or path.name == "__init__.py"


def test_citations_are_read():
    assert cited('"""Text.\n    Clauses: relu.values, no.such_clause (why).\n    Source: a.b\n    """') == [
        "relu.values",
        "no.such_clause",
    ]
    assert cited('"""Text.  Clause: relu.shape."""\n"""Clause: relu.dtype.\n"""') == ["relu.shape", "relu.dtype"]
