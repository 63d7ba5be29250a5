"""The search for the line and for the change that mends it: it works on code, and so depends on the interpreter."""

import ast
import importlib.util

import numpy as np
import pytest
from honest import HONEST, checked, written

from chainrule.diagnosis import mistakes
from chainrule.diagnosis.priorities import HINTS
from chainrule.diagnosis.repair.edits import Editor
from chainrule.diagnosis.repair.search import KINDS, Budget, search
from chainrule.host.patching.sources import functions_of, theirs, traced
from chainrule.host.source.targets import load
from chainrule.running import run

pytestmark = pytest.mark.usefixtures("patience")

PLANTED = [  # (what is replaced, by what, the name, chapters to run; the line reported must be the planted one)
    ("np.maximum(z, 0)", "np.where(z > 0, z, 0.1 * z)", "relu-leaky", "activations"),
    ("z - z.max(axis=1, keepdims=True)", "z", "softmax-no-shift", "softmax"),
    ("z - z.max(axis=1, keepdims=True)", "z - z.max()", "softmax-global-maximum", "softmax"),
    ("e.sum(axis=1, keepdims=True)", "e.sum()", "softmax-over-everything", "softmax"),
    ("np.log(p[", "np.log2(p[", "loss-log-base", "cross_entropy"),
    ("-np.mean(np.log", "-np.sum(np.log", "loss-summed", "cross_entropy"),
    ("p[np.arange(len(y)), y]))", "p[np.arange(len(y)), y - 1]))", "loss-of-wrong-class", "cross_entropy"),
    ("np.sqrt(6 / (fan_in", "np.sqrt(3 / (fan_in", "init-half-variance", "initialization"),
    ("np.sqrt(6 / (fan_in + fan_out))", "6 / (fan_in + fan_out)", "init-limit-without-root", "initialization"),
    ("    delta = delta / len(y)\n", "    delta = delta\n", "gradient-not-averaged", "gradients"),
    ("delta.sum(axis=0)", "delta.mean(axis=0)", "array-averaged-twice", "gradients"),
    ("(acts[l] > 0)", "(acts[l] >= 0)", "mask-missing", "gradients"),
    ("self.weights[l].T", "np.abs(self.weights[l]).T", "carry-absolute", "gradients"),
    ("w -= lr * g", "w += lr * g", "step-ascends-in-part", "training"),
    ("x[batch], y[batch]", "x[batch], y[start : start + batch_size]", "fit-labels-not-shuffled", "training"),
    (
        "range(0, len(x), batch_size)",
        "range(0, len(x) - batch_size + 1, batch_size)",
        "fit-last-batch-dropped",
        "training",
    ),
]


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
    module = loaded.impl.implementation.target
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
    assert not theirs(str(run.SPECS / "test_softmax.py"))
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
