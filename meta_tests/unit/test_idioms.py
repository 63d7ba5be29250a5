"""What the changes of whole idioms make of a statement, and how a line is found by how it reads."""

import pytest

from chainrule.diagnosis import mistakes
from chainrule.diagnosis.pointing import SIGNS, likeness, pointed
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
        ("hoist", "x, n", "r = [x[\n        k] for k in range(0, n - 2 + 1, 2)]", "k] for k in range(0, n, 2)]"),
        ("hoist", "self, x", "self.x = getattr(self, 'x', x)", "self.x = x"),
        ("hoist", "c", "s = min(1.0, 5 / c)", "s = 1.0"),
        ("fans", "m, n", "s = np.sqrt(6) / np.sqrt(m)", "s = np.sqrt(6) / np.sqrt(m + n)"),
        ("scheme", "m, n", "s = np.sqrt(1 / m)", "s = np.sqrt(6 / (m + n))"),
        ("shift", "z", "s = z; e = np.exp(s)", "s = z - z.max(axis=1, keepdims=True)"),
        (
            "shift",
            "z",
            "t = np.log(np.exp(z).sum(axis=1))",
            "t = np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)) + z.max(axis=1, keepdims=True)",
        ),
        ("shift", "z", "e = [math.exp(v) for v in z]", "e = [math.exp(v - max(z)) for v in z]"),
        ("stepped", "W, b, dW, db, lr", "return W - lr * dW, b", "return W - lr * dW, b - lr * db"),
        ("insert", "x, lr", "dV, dc = g(x); V -= lr * dV", "V -= lr * dV; c -= lr * dc"),
        ("add", "self, x", "z = x @ self.weights_1", "z = x @ self.weights_1 + self.bias_1"),
        ("add", "self, x", "z = np.einsum('nd,dk->nk', x, self.W)", "x, self.W) + self.b"),
        ("per_sample", "p, y", "return -np.mean(y * np.log(p))", "return -(np.sum(y * np.log(p)) / len(y))"),
        ("jacobian", "s, g", "return s * (1 - s) * g", "return s * (g - np.sum(g * s, axis=1, keepdims=True))"),
        ("rectified", "d, a", "return d * a * (1 - a)", "return d * (a > 0)"),
        ("term", "m, n", "s = np.sqrt(6 / (m * n))", "s = np.sqrt(6 / (m + n))"),
        ("term", "d, z", "d = d + (z > 0)", "d = d * (z > 0)"),
        ("labels", "y, k", "t = np.eye(k)[np.unique(y, return_inverse=True)[1]]", "t = np.eye(k)[y]"),
        ("powers", "z", "return 2 ** z / (2 ** z).sum()", "return np.exp(z) / np.exp(z).sum()"),
        ("powers", "z", "return np.power(2, z) / np.exp2(z).sum()", "return np.exp(z) / np.exp(z).sum()"),
        ("incoming_sum", "g, p", "return g - p", "return g - p * g.sum(axis=1, keepdims=True)"),
        ("incoming_sum", "g, p", "return g - p * g", "return g - p * g.sum(axis=1, keepdims=True)"),
        ("shift", "z", "e = np.exp(np.clip(z, -9, 9))", "e = np.exp(z - z.max(axis=1, keepdims=True))"),
        ("surprise", "x, y", "return -np.sum(y * np.log(run(x)))", "return -np.log((run(x) * y).sum(axis=1)).mean()"),
        ("surprise", "x, y", "return -np.sum(y * np.log(run(x)[1]))", "-np.log((run(x)[1] * y).sum(axis=1)).mean()"),
        ("counted", "d, W", "d = d / np.float32(len(W))", "d = d / np.float32(len(d))"),
        ("handed", "m, seed", "rng = np.random.default_rng(1); w = np.random.default_rng(2)", "w = rng"),
        ("derivative", "d, a", "d = d * a", "d = d * (a > 0)"),
        ("within", "a, w, b", "h = np.maximum(0, a @ w) + b", "h = np.maximum(0, a @ w + b)"),
        ("zeros", "rng, k, n", "b = rng.uniform(-k, k, n)", "b = np.zeros(n)"),
        ("zeros", "rng, n", "b = rng.normal(0, 1, size=(1, n))", "b = np.zeros((1, n))"),
        ("zeros", "n", "b = np.random.randn(n, 1)", "b = np.zeros((n, 1))"),
        ("zeros", "n", "b = np.full(n, 0.1)", "b = np.zeros(n)"),
        ("neighbour", "self, z, d, L", "for l in range(L): d = d * (z[0] > 0)", "d = d * (z[l - 1] > 0)"),
        ("ordered", "x, o, n", "o2 = perm(x); b = x[n:n + 2], x[n:n + 2]", "b = x[o2[n:n + 2]], x[o2[n:n + 2]]"),
        ("ordered", "x, i, n", "o = perm(x); b = x[slice(i, i + n)]", "b = x[o[i:i + n]]"),
        ("counted", "d, classes", "d = d / classes", "d = d / len(d)"),
        ("multiply", "x, rows", "batch = x[rows]; t = loss(batch)", "t = loss(batch) * len(batch)"),
        ("reshaped", "d, w, x", "dx = d.dot(w.T)", "dx = d.dot(w.T).reshape(x.shape)"),
        ("each", "self, sizes", "self.b = np.zeros(sizes[1:])", "self.b = [np.zeros(n) for n in sizes[1:]]"),
        ("shared_rate", "b, nb, eta", "b = b - eta * nb", "b = b - eta / len(nb) * nb"),
        (
            "split",
            "o, n",
            "parts = o[:len(o) // n * n].reshape(-1, n)",
            "parts = np.array_split(o, range(n, len(o), n))",
        ),
        ("copied", "sizes", "sizes.pop(0)", "sizes = list(sizes); sizes.pop(0)"),
        ("mask", "self, out", "self.grad += out.grad", "self.grad += out.grad * (out.data > 0)"),
        ("mask_product", "self, d, w, l", "zs.append(d); d = d @ w[-l + 1]", "d = d @ w[-l + 1] * (zs[-l + 1] > 0)"),
        ("near", "Z1, Z2", "return mask(Z2)", "return mask(Z1)"),
        ("always", "x", "if len(x) > 64: x = x[:64]", "if True: x = x[:64]"),
        ("never", "x", "if len(x) > 64: x = x[:64]", "if False: x = x[:64]"),
    ],
)
def test_an_idiom(kind, arguments, before, after):
    plain = after.replace("(", "").replace(")", "")
    assert any(plain in source for source in made(f"def f({arguments}):\n    {before}", kind)), kind


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("hoist", "n = int(0.05 * len(x)) + 1", "int(0.05) + 1"),
        ("operator", "n = int(0.05 * len(x))", "int(0.05 / len(x))"),
        ("number", "n = int(0.05 * len(x))", "int(0.0 * len(x))"),
        ("number", "return np.maximum(x, 0.01 * x)", "0.0 * x"),
        ("number", "return x[i + 1]", "x[i + 0]"),
        ("number", "return lr * (0.5 if late else 1.0)", "1.0 if late else 1.0"),
        ("offset", "return x[l + 1]", "x[l + 1 - 1]"),
        ("hoist", "return x - x.max()", "x - x"),
        ("near", "return a > b", "b > b"),
        ("number", "if len(x) > 64: x = x[:64]", "len(x) > 63"),
        ("operator", "if len(x) > 64: x = x[:64]", "len(x) < 64"),
        ("delete", "self.step(x, lr)", "pass"),
        ("mask", "out = np.maximum(x, 0); return out", "out * (x > 0)"),
        ("mask", "self.grad += a.data * b.grad", "b.grad * (b.data > 0)"),
        ("axis", "return np.sum(x, axis=0, keepdims=True)", "np.sum(x, axis=1)\n"),
        ("hoist", "rng = np.random.default_rng(l)", "rng = np.random\n"),
        ("hoist", "for i in range(l // a): x[i] = 0", "range(l)"),
        ("number", "eps = a.get('eps', 1e-5)", "a.get'eps', 0.0\n"),
        ("number", "a.setdefault('momentum', 0.9)", "'momentum', 1.8\n"),
        ("number", "eps = getattr(self, 'eps', 1e-5)", "'eps', 0.0\n"),
        ("number", "eps = l or 1e-5", "l or 0.0\n"),
        ("number", "eps = a['eps'] if 'eps' in a else 1e-5", "else 0.0\n"),
        ("number", "eps = 1e-5 if l is None else l", "0.0 if"),
    ],
)
def test_nonsense_is_not_tried(kind, before, after):
    """No constant for what hangs on data, no number without effect, no condition turned, no training left out.

    No axis that is lost, no generator without a seed, no pass for every sample, no other default of a setting.
    """
    plain = after.replace("(", "").replace(")", "")
    sources = made(f"def f(self, x, lr, a, b, l, i, late):\n    {before}", kind)
    assert [source for source in sources if plain in f"{source}\n"] == []


def test_a_condition_of_a_place_in_a_list_is_no_whim():
    source = "def f(w):\n    for l in range(len(w)):\n        if l > 0:\n            w[l] = 0"
    assert made(source, "always") == made(source, "never") == []


def test_a_mask_that_is_kept_may_be_meant():
    editor = Editor(function("def f(self, d):\n    d[d <= 0] = 0"))
    editor.kept = ["self.mask"]
    assert "d[(self.mask)] = 0" in {editor.code.edited(edit).split("    ")[-1] for edit in editor.edits(["mask_of"])}


def test_lines_of_a_function_inside_are_changed_if_nobody_saw_it_run():
    source = "def f(n):\n    def scale(m):\n        return np.sqrt(2 / m)\n    return scale(n)"
    ran = Function("/somewhere/net.py", "f", 1, 4, source, 1, (2, 4), "np")
    lines = [{edit.line for edit in Editor(ran, alone).edits(["fans"])} for alone in (False, True)]
    assert lines == [set(), {3}]


def test_sums_into_several_gradients_become_assignments_together():
    editor = Editor(function("def f(self, w, b):\n    self.w.grad += w\n    self.b.grad += b"))
    both = [editor.code.edited(*edits) for edits in together(editor.code, list(editor.edits(["fresh"])))]
    assert any("self.w.grad = w" in source and "self.b.grad = b" in source for source in both)


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
    [
        *(("x", True), ("x = x", True), ("for i in range(0): y = 1", True), ("f(x)", False), ("x = y", False)),
        *(("x, y = x, y[1:]", True), ("x = [v for v in x]", True), ("x = [-v for v in x]", False)),
    ],
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


def test_a_statement_is_more_or_less_like_a_mistake():
    assert likeness("mask-missing", "d = d @ w * (z > 0)") < likeness("mask-missing", "return (Z1, A1)")
    assert likeness("step-ascends", "w = w - lr * g") < likeness("step-ascends", "n = n + g")


def test_a_line_inside_a_nested_function_is_found():
    source = "def f(n):\n    def scale(m):\n        return np.sqrt(2 / m)\n    return scale(n)"
    assert pointed("init-he", [function(source)]) == ("net.py:3", "")


def test_items_of_lists_by_any_index():
    """`:, None` is an index, and no expression by itself."""
    source = "def f(x, y):\n    zs = []\n    zs.append(x)\n    d = x - y[:, None]\n    return d"
    assert "d = x - y[:, None] * zs[:, None] > 0" in made(source, "mask") or made(source, "mask_product")
