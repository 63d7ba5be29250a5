"""What the changes of whole idioms make of a statement, and how a line is found by how it reads."""

import pytest

from chainrule.diagnosis import mistakes
from chainrule.diagnosis.pointing import SIGNS, pointed
from chainrule.diagnosis.repair.edit_sites import idle, together
from chainrule.diagnosis.repair.edits import Editor
from chainrule.diagnosis.repair.search import KINDS, WITH_A_NAME
from chainrule.host.protocol import Function

pytestmark = pytest.mark.once


def function(source):
    """The function f of a source, of which every line ran."""
    lines = source.count("\n") + 1
    return Function("/somewhere/net.py", "f", 1, lines, source, 1, tuple(range(2, lines + 1)), "np")


def made(source, kind):
    """The sources that the edits of a kind make."""
    editor = Editor(function(source))
    return [editor.code.edited(edit).replace("(", "").replace(")", "") for edit in editor.edits([kind])]


@pytest.mark.parametrize(
    ("kind", "arguments", "before", "after"),
    [
        ("activation", "z", "return np.tanh(z)", "return np.maximum(z, 0)"),
        ("activation", "z", "return max(z, 0)", "return np.maximum(z, 0)"),
        ("relu", "z", "return 1 / (1 + np.exp(-z))", "return np.maximum(z, 0)"),
        ("product", "d, a", "w = np.multiply(d, a.T)", "w = np.dot(d, a.T)"),
        ("product", "d, a", "w = d * a", "w = d @ a"),
        ("turned", "d, a", "w = d.T @ a", "w = a.T @ d"),
        ("turned", "d, a", "w = np.dot(a, d.T)", "w = np.dot(d, a.T)"),
        ("mask", "d, z", "d = d; z = z + 1", "d = d * (z > 0); z = z + 1"),
        ("mask_product", "d, z, w", "d = d @ w; z = z + 1", "d = d @ w * (z > 0); z = z + 1"),
        ("incoming", "d, z", "d = (z > 0) * 1.0", "d = (z > 0) * 1.0 * d"),
        ("number", "x", "n = x.shape[0]", "n = x.shape[1]"),
        ("classes", "p, y", "p = p - np.eye(y.max() + 1)[y]", "p = p - np.eye(p.shape[-1])[y]"),
        ("classes", "p, y", "p = p - np.eye(10)[y]", "p = p - np.eye(p.shape[-1])[y]"),
        ("classes", "p, y", "p = p - np.eye(len(set(y)))[y]", "p = p - np.eye(p.shape[-1])[y]"),
        ("rows", "p, y", "p[:, y] -= 1", "p[np.arange(len(y)), y] -= 1"),
        ("copied", "z", "z[z < 0] = 0", "z = z.copy(); z[z < 0] = 0"),
        ("copied", "z", "z -= z.max()", "z = z.copy(); z -= z.max()"),
        ("symmetric", "a", "w = np.random.uniform(0, a, 3)", "w = np.random.uniform(-a, a, 3)"),
        ("regroup", "m, n", "s = np.sqrt(2 / m + n)", "s = np.sqrt(2 / (m + n))"),
        ("fans", "m, n", "s = np.sqrt(2 / m)", "s = np.sqrt(2 / (m + n))"),
        ("in_place", "w, g", "w = w - 0.1 * g", "w -= 0.1 * g"),
        ("order", "found, g", "found.append(g)", "found.insert(0, g)"),
        ("order", "found, g", "found.insert(0, g)", "found.append(g)"),
        ("stride", "x, y, n", "b = x[i:i + n], y[i:i + n]", "b = x[i * n:(i + 1) * n], y[i * n:(i + 1) * n]"),
        ("stride", "x, n", "i = range(len(x) // n)", "i = range(0, len(x), n)"),
        ("drawn_once", "rng, n", "o = rng.integers(n, size=n)", "o = rng.permutation(n)"),
        ("batch", "x, y, o", "batch = o[:2]; g = grads(x, y)", "g = grads(x[batch], y[batch])"),
        ("handed", "n, seed", "r = np.random.default_rng()", "r = np.random.default_rng(seed)"),
        ("handed", "n, rng", "r = np.random.default_rng(3)", "r = rng"),
        ("counted", "d", "d = d / 32", "d = d / len(d)"),
        ("unused", "x, g", "return x > 0", "return (x > 0) * g"),
        ("log", "z, total", "p = z - total", "p = z - np.log(total)"),
        ("mask_of", "z, d", "d = d * (d > 0) + 0 * z", "d = d * (z > 0) + 0 * z"),
        ("surprise", "p, y", "return -np.sum(y * np.log(p))", "return -np.log(p[np.arange(len(y)), y]).mean()"),
        ("whole_labels", "hot, k", "t = 0.9 * hot + 0.1 / k", "t = hot"),
        ("weights", "self, d, l", "d = d @ self.t[l] + self.W[l]", "d = d @ self.W[l].T + self.W[l]"),
        ("hoist", "x, n", "r = range(0, len(x) - n + 1, n)", "r = range(0, len(x), n)"),
    ],
)
def test_an_idiom(kind, arguments, before, after):
    plain = after.replace("(", "").replace(")", "")
    assert any(plain in source for source in made(f"def f({arguments}):\n    {before}", kind)), kind


def test_no_digits_of_a_rounding_are_tried():
    assert made("def f(w):\n    return w.round(1)", "number") == []


@pytest.mark.parametrize(
    ("source", "kind", "count"),
    [
        ("def f(a, b):\n    a = a.sum(axis=1)\n    b = b.sum(axis=1)\n    return a + b", "axis", 2),
        ("def f(a, b):\n    a = a.sum(axis=1)\n    b = b.mean(axis=1)\n    return a + b", "axis", 0),
    ],
)
def test_statements_alike_are_changed_together(source, kind, count):
    editor = Editor(function(source))
    groups = list(together(editor.code, list(editor.edits([kind]))))
    assert {len(edits) for edits in groups} == ({count} if count else set())
    if count:
        both = editor.code.edited(*groups[0])
        assert both.count("axis=0") == 2
        assert len(both.splitlines()) == len(source.splitlines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x", True), ("x = x", True), ("for i in range(0): y = 1", True), ("f(x)", False), ("x = y", False)],
)
def test_an_idle_statement(text, expected):
    editor = Editor(function(f"def f(x, y):\n    {text}"))
    assert idle(editor.code.node.body[0]) is expected


def test_every_kind_of_edit_is_made():
    assert all(callable(getattr(Editor, kind)) for kind in (*KINDS, *WITH_A_NAME))


def test_every_mistake_reads_like_something_and_no_sign_is_behind_another():
    used = {name: next((begin for begin, _ in SIGNS if name.startswith(begin)), None) for name in mistakes()}
    assert [name for name, begin in used.items() if begin is None] == []
    assert {begin for begin, _ in SIGNS} == set(used.values())


def test_a_line_is_found_by_how_it_reads():
    loss = "def f(p, y):\n    p = np.clip(p, 1e-3, 1)\n    q = np.log(p)\n    return -q[y].mean() * np.log(2)"
    assert pointed("loss-clipped", [function(loss)]) == ("net.py:2", "")
    assert pointed("loss-log-base", [function(loss)]) == ("net.py:3", "line 4")
    assert pointed("predict-threshold", [function("def f(x):\n    x = x + 1")]) is None


def test_a_line_inside_a_nested_function_is_found():
    source = "def f(n):\n    def scale(m):\n        return np.sqrt(2 / m)\n    return scale(n)"
    assert pointed("init-he", [function(source)]) == ("net.py:3", "")
