"""The mutation score: what is changed, what becomes of it, and that nothing of it reaches the checkout."""

import pytest

from banks import variants
from programs import mutants, mutation_score, numpy_mutations
from programs.mutants import Mutant
from programs.mutation_score import Fate, Listed, Score

pytestmark = pytest.mark.once

TEXT = '''def f(z, w, seed=0):
    """Documented."""
    a = np.maximum(z, 0) @ w.T
    a -= z.sum(axis=1, keepdims=True)
    return a, float(np.random.default_rng(seed).uniform())
'''


def lines_after(before):
    """What the line that contains `before` becomes."""
    changed = [(mutants.difference(TEXT, edit.apply(TEXT)), edit) for edit in numpy_mutations.edits(TEXT)]
    return {after for (_, line, after), _ in changed if before in line}


def mutant(before, after, file="functions.py", function="softmax"):
    text = (variants.FOLDER / file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    return Mutant(file, function, "by hand", before, after, text.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("np.maximum", "a = np.minimum(z, 0) @ w.T"),
        ("np.maximum", "a = (z) @ w.T"),
        ("np.maximum", "a = np.maximum(z, 0) @ w"),
        ("np.maximum", "a = (np.maximum(z, 0)) * (w.T)"),
        ("np.maximum", "pass"),
        ("z.sum", "a -= z.mean(axis=1, keepdims=True)"),
        ("z.sum", "a -= z.sum(axis=0, keepdims=True)"),
        ("z.sum", "a -= z.sum(axis=None, keepdims=True)"),
        ("z.sum", "a -= z.sum(axis=1)"),
        ("z.sum", "a -= z.sum(keepdims=True)"),
        ("z.sum", "a += z.sum(axis=1, keepdims=True)"),
        ("z.sum", "a = z.sum(axis=1, keepdims=True)"),
        ("z.sum", "a = a - (z.sum(axis=1, keepdims=True))"),
        ("return", "return float(np.random.default_rng(seed).uniform()), a"),
        ("return", "return a, float(np.random.default_rng().uniform())"),
        ("return", "return a, float(np.random.default_rng(seed).normal())"),
        ("return", "return a, (np.random.default_rng(seed).uniform())"),
    ],
)
def test_array_code_is_mutated(before, after):
    assert after in lines_after(before)


def test_docstrings_are_not_mutated():
    assert lines_after("Documented") == set()


def test_the_parts_of_an_fstring_are_left_alone():
    assert [edit.operator for edit in numpy_mutations.edits('text = f"{np.max(x)}"')] == ["statement"]


def test_a_mutant_knows_its_function_and_its_lines():
    source = TEXT.replace("axis=1", "axis=0")
    assert mutants.difference(TEXT, source) == (
        4,
        "a -= z.sum(axis=1, keepdims=True)",
        "a -= z.sum(axis=0, keepdims=True)",
    )
    assert mutants.function_at(TEXT, 4) == "f"
    assert mutants.function_at("class A:\n    def b(self):\n        pass\n", 3) == "A.b"
    assert mutants.function_at("import x\n", 1) == "<module>"


def test_what_means_the_same_or_nothing_is_no_mutant(monkeypatch):
    same, nothing, twice = TEXT.replace("(z, 0)", "((z), 0)"), TEXT + ")", TEXT.replace("axis=1", "axis=0")
    monkeypatch.setattr(mutants, "changed", lambda text: [("a", same), ("b", nothing), ("c", twice), ("d", twice)])
    assert [found.operator for found in mutants.mutants_of("f.py", TEXT)] == ["c"]


def test_cosmic_ray_mutates_the_rest():
    pytest.importorskip("cosmic_ray")
    found = [mutants.difference(TEXT, source)[2] for _, source in mutants.by_cosmic_ray(TEXT) if source != TEXT]
    assert "def f(z, w, seed= 1):" in found
    assert "a -= z.sum(axis=1, keepdims=False)" in found


def test_the_listed_mutants_are_those_of_lines_that_exist():
    for entry in mutation_score.listed():
        file, _, before, after = entry.key
        assert entry.kind in ("equivalent", "outside")
        assert entry.reason.endswith(".")
        assert before in mutants.joined((variants.FOLDER / file).read_text(encoding="utf-8").splitlines()), entry
        assert after != before


def test_a_mutant_is_run_against_oracles_that_stay():
    killed = mutation_score.fate(mutant("e / e.sum(axis=1, keepdims=True)", "e / e.sum(axis=0, keepdims=True)"))
    assert killed == Fate(True, "softmax.normalized")


def test_a_mutant_that_means_the_same_lives():
    assert not mutation_score.fate(mutant("return np.maximum(z, 0)", "return np.maximum(0, z)", function="relu")).killed


def test_a_mutant_that_cannot_be_imported_is_killed():
    broken = Mutant("functions.py", "<module>", "by hand", "", "", "raise KeyError")
    assert mutation_score.fate(broken) == Fate(True, "import: KeyError")


@pytest.mark.parametrize(("after", "killed"), [("{samples + 1}", True), ("{samples:d}", False)])
def test_the_own_tests_run_on_a_copy(after, killed):
    path = variants.FOLDER / "arguments.py"
    before = path.read_bytes()
    changed = mutant("{samples} integer", f"{after} integer", "arguments.py", "checked_labels")
    assert mutation_score.killed_by_own_tests(changed) is killed
    assert path.read_bytes() == before


ONE, TWO, THREE = (Mutant("f.py", "f", "by hand", "x", after, after) for after in "abc")
LISTED = [Listed(TWO.key, "equivalent", "The same."), Listed(("f.py", "f", "x", "d"), "outside", "Gone.")]
SCORE = Score({ONE: Fate(True, "relu.values")}, [], [TWO, THREE])


def test_survivors_have_to_be_listed_and_the_listed_to_survive():
    assert SCORE.living_of("equivalent", LISTED) == [TWO]
    assert SCORE.unexplained(LISTED) == [THREE]
    assert SCORE.stale(LISTED) == LISTED[1:]
    assert SCORE.unexplained([*LISTED, Listed(THREE.key, "outside", "Not its subject.")]) == []


def test_the_score_counts_what_is_noticed_among_what_could_be():
    said = mutation_score.report(SCORE, LISTED)
    assert "50.0% = 1 / 2" in said
    assert "first to fail: relu.values 1" in said
    assert said.index("no mutant any more:\n  f.py | f | x | d") < said.index("unexplained:\n  f.py f: x  ->  c")
