"""The search for the line and for the change that mends it: it works on code, and so depends on the interpreter."""

import ast
import importlib.util

import numpy as np
import pytest

from banks.honest import HONEST, checked, written
from banks.planted import PLANTED
from chainrule import spec_tests
from chainrule.diagnosis import mistakes
from chainrule.diagnosis.priorities import HINTS
from chainrule.diagnosis.repair.edits import Editor
from chainrule.diagnosis.repair.search import KINDS, Budget, search
from chainrule.host.patching.sources import functions_of, theirs, traced
from chainrule.running import run
from chainrule.running.loading import load

pytestmark = pytest.mark.usefixtures("patience")


@pytest.mark.parametrize(("old", "new", "name", "chapter"), PLANTED, ids=[case[2] for case in PLANTED])
def test_a_planted_mistake_is_named_with_its_line(tmp_path, old, new, name, chapter):
    path, line = written(tmp_path, old, new)
    outcome = checked(path, chapter)
    first = outcome.diagnoses[0]
    assert (first.id, first.certainty, first.where) == (name, "certain", f"net.py:{line}"), first
    assert first.explains
    assert first.change is not None


def test_trying_changes_leaves_the_code_as_it_was(tmp_path):
    path, _ = written(tmp_path, "delta.sum(axis=0)", "delta.mean(axis=0)")
    loaded = load(str(path))
    module = loaded.host.implementation.target
    before = {name: getattr(module.MLP, name).__code__ for name in ("run", "backward", "step", "fit")}
    assert run.check(loaded).diagnoses[0].change is not None
    assert {name: getattr(module.MLP, name).__code__ for name in before} == before
    assert path.read_text(encoding="utf-8") == HONEST.replace("delta.sum(axis=0)", "delta.mean(axis=0)")


def test_every_hint_is_of_a_mistake_and_names_kinds_of_edits():
    assert [begin for begin, _ in HINTS if not any(name.startswith(begin) for name in mistakes())] == []
    assert {kind for _, kinds in HINTS for kind in kinds} <= set(KINDS)


def test_code_of_libraries_and_of_chainrule_is_left_alone():
    assert not theirs(np.__file__)
    assert not theirs(run.__file__)
    assert not theirs(spec_tests.__path__[0] + "/test_softmax.py")
    assert not theirs("<string>")
    assert theirs("/somewhere/net.py")


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_the_lines_that_ran_are_changed(tmp_path):
    path = tmp_path / "part.py"
    path.write_text("def f(x):\n    if x > 0:\n        return x + 1\n    return x * 3\n", encoding="utf-8")
    module = load_module(path)
    ran = functions_of(traced(lambda: module.f(2)))
    assert [one.function.__name__ for one in ran] == ["f"]
    assert {edit.line for edit in Editor(ran[0].node, ran[0].lines).edits(KINDS)} == {2, 3}


def test_no_seed_is_tried_as_a_size(tmp_path):
    path = tmp_path / "drawn.py"
    path.write_text("def f(n, rng, seed):\n    return rng.normal(size=n) + seed\n", encoding="utf-8")
    module = load_module(path)
    (ran,) = functions_of(traced(lambda: module.f(2, np.random.default_rng(0), 1)))
    edits = [edit.new for edit in Editor(ran.node, ran.lines).edits(["near", "name"])]
    names = {node.id for node in edits if isinstance(node, ast.Name)}
    assert names == {"rng"}


def test_a_search_ends_with_its_budget(tmp_path):
    path = tmp_path / "never.py"
    path.write_text("def f(x):\n    return x + 1\n", encoding="utf-8")
    module = load_module(path)
    ran = functions_of(traced(lambda: module.f(2)))
    assert search(ran, lambda: False, Budget(0.0)) is None
    assert module.f(2) == 3


def test_a_change_that_never_ends_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.diagnosis.repair.search.LONGEST_TRY", 0.2)
    path = tmp_path / "loop.py"
    path.write_text("def f(x):\n    while x < 9:\n        x = x + 1\n    return x + 1\n", encoding="utf-8")
    module = load_module(path)
    ran = functions_of(traced(lambda: module.f(2)))
    found = search(ran, lambda: module.f(2) == 9, Budget(20.0), ("operator", "hoist"))
    assert found is not None
    assert (found.line, module.f(2)) == (4, 10)
