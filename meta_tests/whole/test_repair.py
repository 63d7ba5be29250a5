"""The search for the line and for the change that mends it: it works on code, and so depends on the interpreter."""

import importlib.util
from functools import partial

import numpy as np
import pytest

from banks.honest import HONEST, checked, written
from banks.planted import PLANTED
from chainrule import api, spec_tests
from chainrule.contract.implementation import Implementation
from chainrule.diagnosis import mistakes
from chainrule.diagnosis.priorities import PRIORITIES
from chainrule.diagnosis.repair.changing import ran
from chainrule.diagnosis.repair.edits import Editor
from chainrule.diagnosis.repair.search import KINDS, MOST_HUNG, WITH_A_NAME, Budget, search
from chainrule.host.host import InProcess
from chainrule.host.patching.functions import theirs
from chainrule.running import run
from chainrule.running.loading import load

HOST = InProcess(Implementation(None))


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
    assert api.check_loaded(loaded).diagnoses[0].change is not None
    assert {name: getattr(module.MLP, name).__code__ for name in before} == before
    assert path.read_text(encoding="utf-8") == HONEST.replace("delta.sum(axis=0)", "delta.mean(axis=0)")


def test_every_hint_is_of_a_mistake_and_names_kinds_of_edits():
    assert [begin for begin, _ in PRIORITIES if not any(name.startswith(begin) for name in mistakes())] == []
    assert {kind for _, kinds in PRIORITIES for kind in kinds} <= {*KINDS, *WITH_A_NAME}


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
    (found,) = ran(HOST, partial(module.f, 2))
    assert (found.name, found.first_line, found.last_line, found.lines) == ("f", 1, 4, (2, 3))
    assert {edit.line for edit in Editor(found).edits(KINDS)} == {2, 3}


def test_no_seed_is_tried_as_a_size(tmp_path):
    path = tmp_path / "drawn.py"
    path.write_text("def f(n, rng, seed):\n    return rng.normal(size=n) + seed\n", encoding="utf-8")
    module = load_module(path)
    (found,) = ran(HOST, partial(module.f, 2, np.random.default_rng(0), 1))
    assert {edit.text for edit in Editor(found).edits(["near", "name"])} == {"(rng)"}


def test_a_search_ends_with_its_budget(tmp_path):
    budget, text = Budget(5), "def f(x):\n    return x + 1\n"
    found, module = searched(tmp_path, text, lambda f: False, budget=budget)
    assert (found, budget.left, module.f(2)) == (None, 0, 3)
    assert searched(tmp_path, text, lambda f: True, budget=budget)[0] is None


def searched(tmp_path, text, right, *kinds, budget=None):
    """(what a search finds in the function f of a file, its module)."""
    path = tmp_path / "searched.py"
    path.write_text(text, encoding="utf-8")
    module = load_module(path)
    functions = ran(HOST, partial(module.f, 2))
    return search(functions, HOST, lambda: right(module.f), budget or Budget(1000), kinds), module


LOOP = "def f(x):\n    while x < 9:\n        x += 1\n    return x + 1\n"


def test_a_change_that_never_ends_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.diagnosis.repair.search.LONGEST_TRY", 0.2)
    found, module = searched(tmp_path, LOOP, lambda f: f(2) == 9, "operator", "hoist")
    assert found is not None
    assert (found.line, module.f(2)) == (4, 10)


def test_a_search_ends_after_some_changes_that_never_end(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.diagnosis.repair.search.LONGEST_TRY", 0.1)
    budget = Budget(1000)
    found, module = searched(tmp_path, LOOP, lambda f: f(2) == -1, budget=budget)
    assert (found, budget.hung, module.f(2)) == (None, MOST_HUNG, 10)


@pytest.mark.parametrize("error", [IndexError, KeyError, ZeroDivisionError, RecursionError, SyntaxError])
def test_whatever_a_change_raises_ends_its_try_alone(tmp_path, error):
    def right(f):
        if f(2) == 1:  # x - 1, which is tried before x
            raise error("no layers")
        return f(2) == 2

    found, _ = searched(tmp_path, "def f(x):\n    return x + 1\n", right, "operator", "hoist")
    assert found is not None
    assert (found.before, found.after) == ("return x + 1", "return x")


def test_of_two_statements_on_a_line_the_changed_one_is_shown(tmp_path):
    text = "def f(x):\n    p = x + 1; d = x - 1\n    return p * d\n"
    found, _ = searched(tmp_path, text, lambda f: f(2) == 9, "operator")
    assert (found.line, found.before, found.after) == (2, "d = x - 1", "d = x + 1")


@pytest.mark.parametrize(
    ("text", "values", "kind", "line", "before", "after"),
    [
        (
            "def f(x):\n    y = 3\n    y = (x +\n         y)\n    return y\n",
            (-1, 2),
            "operator",
            3,
            "y = x + y",
            "y = x - y",
        ),
        ("def f(x):\n    x += 1\n    # twice\n    x *= 2\n    return x\n", (5, 11), "move", 2, "x += 1", ""),
        ("def f(x):\n    if x > 3:\n        x = 7\n    return x\n", (2, 5), "never", 2, "if x > 3:", ""),
        (
            "def f(x):\n    if x > 3:\n        x = 7\n    elif x > 0:\n        x += 1\n    return x\n",
            (2, 7),
            "never",
            4,
            "if x > 0:",
            "",
        ),
        ("def f(x):\n    n = 5\n    x = x * 2\n    return x\n", (0.8, 2.0), "divide", 3, "x = x * 2", "x = x / n"),
        (
            "f = lambda x: x + 'é'.count('é')\n",
            (1, 4),
            "operator",
            1,
            "f = lambda x: x + 'é'.count('é')",
            "f = lambda x: x - 'é'.count('é')",
        ),
    ],
    ids=["over two lines", "moved", "deleted", "an elif", "a line added", "a lambda"],
)
def test_a_change_is_shown_in_the_words_of_the_file(tmp_path, text, values, kind, line, before, after):
    found, module = searched(tmp_path, text, lambda f: (f(2), f(5)) == values, kind)
    assert (found.kind, found.line, found.before, found.after) == (kind, line, before, after)
    assert (module.f(2), module.f(5)) != values


def test_a_method_and_a_function_inside_another_are_changed(tmp_path):
    text = (
        "class A:\n    one = 0\n    def g(self, x, h):\n        return h(x) + 0\n\n\n"
        "def make(n):\n    def h(x):\n        return x + n\n    return h\n\n\n"
        "h = make(1)\n\n\ndef f(x):\n    return A().g(x, h)\n"
    )
    found, module = searched(tmp_path, text, lambda f: f(2) == 1, "operator")
    assert (found.function.name, found.line, module.f(2)) == ("h", 9, 3)
