"""Trainings that stand as loops: each is read, checked, and a mistake in it still fails."""

import ast
import textwrap

import numpy as np
import pytest

import chainrule
from chainrule.host.recognition.learnt import Learnt, learn
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.rehearsal.dependence import Body, latest, pruned
from chainrule.host.source.python_2 import parse_file
from chainrule.host.source.targets import learn_from_its_training, load_source

WHOLE = """
import numpy as np

X = np.load("x.npy") / 255
Y = np.load("y.npy")
n, d = X.shape
h, k = 20, 10
eta = 0.1
T = np.zeros((n, k))
T[np.arange(n), Y] = 1

A = np.random.randn(d, h) / np.sqrt(d)
a = np.zeros((1, h))
B = np.random.randn(h, k) / np.sqrt(h)
b = np.zeros((1, k))

for t in range(300):
    u = X @ A + a
    v = np.maximum(u, 0)
    w = v @ B + b
    e = np.exp(w - w.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    cost = -np.sum(T * np.log(p + 1e-12)) / n
    if t % 50 == 0:
        print(t, cost)
    g = (p - T) / n
    dB = v.T @ g
    db = g.sum(axis=0, keepdims=True)
    s = (g @ B.T) * (u > 0)
    dA = X.T @ s
    da = s.sum(axis=0, keepdims=True)
    A -= eta * dA
    a -= eta * da
    B -= eta * dB
    b -= eta * db

print(np.mean(p.argmax(axis=1) == Y))
"""
COLUMNS = """
import numpy as np

def relu(z):
    return np.maximum(z, 0)

def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)

data = np.load("data.npz")
train_x, train_y = data["x"].T / 255, data["y"]
test_x, test_y = data["x_test"].T / 255, data["y_test"]

W1 = np.random.randn(16, 784) * np.sqrt(1 / 784)
b1 = np.zeros((16, 1))
W2 = np.random.randn(10, 16) * np.sqrt(1 / 16)
b2 = np.zeros((10, 1))

rate, decay = 0.05, 1e-4
size = 32
losses = []
for epoch in range(20):
    order = np.random.permutation(train_x.shape[1])
    for begin in range(0, train_x.shape[1], size):
        batch = order[begin : begin + size]
        x, y = train_x[:, batch], train_y[batch]
        m = x.shape[1]
        a1 = relu(W1 @ x + b1)
        a2 = softmax(W2 @ a1 + b2)
        losses.append(-np.log(a2[y, np.arange(m)]).mean())
        d2 = a2
        d2[y, np.arange(m)] -= 1
        d2 = d2 / m
        d1 = (W2.T @ d2) * (a1 > 0)
        W2 = W2 - rate * (d2 @ a1.T + decay * W2)
        b2 = b2 - rate * d2.sum(axis=1, keepdims=True)
        W1 = W1 - rate * (d1 @ x.T + decay * W1)
        b1 = b1 - rate * d1.sum(axis=1, keepdims=True)
    print(epoch, np.mean(softmax(W2 @ relu(W1 @ test_x + b1) + b2).argmax(axis=0) == test_y))
"""
INSIDE = """
import numpy as np

def build(X, y, units, passes=2000):
    n = len(X)
    W1 = np.random.randn(2, units) / np.sqrt(2)
    b1 = np.zeros(units)
    W2 = np.random.randn(units, 3) / np.sqrt(units)
    b2 = np.zeros(3)
    for i in range(passes):
        z1 = X.dot(W1) + b1
        a1 = np.maximum(0, z1)
        scores = np.exp(a1.dot(W2) + b2)
        probs = scores / scores.sum(axis=1, keepdims=True)
        delta = probs
        delta[range(n), y] -= 1
        delta /= n
        dW2 = a1.T.dot(delta)
        db2 = delta.sum(axis=0)
        back = delta.dot(W2.T)
        back[z1 <= 0] = 0
        dW1 = X.T.dot(back)
        db1 = back.sum(axis=0)
        W1 += -0.01 * dW1
        b1 += -0.01 * db1
        W2 += -0.01 * dW2
        b2 += -0.01 * db2
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}

if __name__ == "__main__":
    points, labels = make_data()
    model = build(points, labels, 6)
"""
GLOBALS = """
import numpy as np

def both(x, y):
    out = np.zeros((len(y), 10))
    out[range(len(y)), y] = 1
    inner = np.maximum(x @ first, 0)
    scores = inner @ second
    top = scores.max(axis=1, keepdims=True)
    logged = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
    slope = (np.exp(logged) - out) / len(y)
    back = (slope @ second.T) * (inner > 0)
    return scores, x.T @ back, inner.T @ slope

images, digits = np.load("images.npy"), np.load("digits.npy")
first = np.random.randn(784, 16) / 28
second = np.random.randn(16, 10) / 4
for i in range(1000):
    chosen = np.random.randint(0, len(images), size=32)
    X, Y = images[chosen].reshape(-1, 784) / 255, digits[chosen]
    scores, g1, g2 = both(X, Y)
    first = first - 0.01 * g1
    second = second - 0.01 * g2
"""
ALONE = """
import numpy as np

images, labels = np.load("images.npy") / 255, np.eye(10)[np.load("labels.npy")]
w1 = np.random.uniform(-0.05, 0.05, (20, 784))
w2 = np.random.uniform(-0.5, 0.5, (10, 20))
b1 = np.zeros((20, 1))
b2 = np.zeros((10, 1))
for epoch in range(3):
    for img, l in zip(images, labels):
        img.shape += (1,)
        l.shape += (1,)
        z = b1 + w1 @ img
        h = np.maximum(z, 0)
        s = b2 + w2 @ h
        e = np.exp(s - s.max())
        o = e / e.sum()
        cost = -np.log(o[l == 1]).sum()
        d = o - l
        inner = w2.T @ d * (z > 0)
        w2 += -0.01 * d @ h.T
        b2 += -0.01 * d
        w1 += -0.01 * inner @ img.T
        b1 += -0.01 * inner
"""
MOMENTUM = WHOLE.replace("for t in", "velocity = 0\nfor t in").replace(
    "    A -= eta * dA", "    velocity = 0.9 * velocity - eta * dA\n    A += velocity"
)
DROPOUT = WHOLE.replace("v = np.maximum(u, 0)", "v = np.maximum(u, 0) * (np.random.rand(*u.shape) < 0.5)")

UPDATES = WHOLE[WHOLE.index("    A -= eta") : WHOLE.index("\nprint(np.mean")]
NAMES = ("A", "a", "B", "b")
VELOCITIES = WHOLE.replace(
    UPDATES, "".join(f"    m{n} = momentum * m{n} - eta * d{n}\n    {n} += m{n}\n" for n in NAMES)
)
VELOCITIES = VELOCITIES.replace(
    "for t in", "momentum = 0.9\n" + "".join(f"m{n} = np.zeros_like({n})\n" for n in NAMES) + "for t in"
)
UNIT = WHOLE.replace("eta * ", "")
HELPER = WHOLE.replace(UPDATES, "".join(f"    {n} = sgd({n}, d{n})\n" for n in NAMES)).replace(
    "for t in", "def sgd(w, dw, lr=0.05):\n    return w - lr * dw\n\nfor t in"
)
NUMBERS = WHOLE.replace("-np.sum(T * np.log(p + 1e-12)) / n", "-np.log(p[np.arange(n), Y]).mean()")
SINGLE = WHOLE.replace("T = np.zeros((n, k))", "T = np.zeros((n, k), np.float32)").replace(
    "g = (p - T) / n", "g = p / n - T / np.float32(n)"
)


def check(folder, source, *changes):
    """The outcome of checking a source with some changes."""
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    path = folder / "net.py"
    path.write_text(source, encoding="utf-8")
    return chainrule.check(str(path), conventions={"initialization": "any"})


def wrong(outcome):
    return {result.id for result in outcome.specs if result.outcome in ("failed", "error")}


def todo(outcome, *chapters):
    return {result.id for result in outcome.specs if result.outcome == "todo" and result.chapter in chapters}


@pytest.mark.once
@pytest.mark.parametrize(
    "source", [WHOLE, COLUMNS, GLOBALS, ALONE, VELOCITIES, UNIT, HELPER, NUMBERS, SINGLE], ids=lambda _: ""
)
def test_a_loop_is_read_and_passes(tmp_path, source):
    outcome = check(tmp_path, source)
    assert (outcome.verdict, wrong(outcome)) == ("pass", set()), outcome.to_dict()["tampering"]
    assert not todo(outcome, "shapes", "gradients", "golden", "training")


@pytest.mark.once
def test_a_loop_in_a_function_is_read_and_the_mistake_in_its_softmax_is_found(tmp_path):
    outcome = check(tmp_path, INSIDE)
    assert outcome.diagnoses[0].id == "softmax-no-shift"
    assert wrong(outcome) <= {"softmax.overflow", "network.large_logits", "gradients.saturated", "golden.forward"}
    assert not todo(outcome, "shapes", "gradients", "golden", "training")


MISTAKES = {
    "no mask": (WHOLE, "s = (g @ B.T) * (u > 0)", "s = g @ B.T"),
    "no ReLU": (WHOLE, "v = np.maximum(u, 0)", "v = u"),
    "softmax over the samples": (WHOLE, "p = e / e.sum(axis=1, keepdims=True)", "p = e / e.sum(axis=0)"),
    "bias of the mean": (WHOLE, "db = g.sum(axis=0, keepdims=True)", "db = g.mean(axis=0, keepdims=True)"),
    "bias not updated": (WHOLE, "    a -= eta * da\n", ""),
    "bias not added": (WHOLE, "w = v @ B + b", "w = v @ B"),
    "bias not added beside velocities": (VELOCITIES, "w = v @ B + b", "w = v @ B"),
    "no mask beside velocities": (VELOCITIES, "s = (g @ B.T) * (u > 0)", "s = g @ B.T"),
    "half a gradient in a helper": (HELPER, "return w - lr * dw", "return w - lr * dw / (1 + (len(w) == 1))"),
    "no mask beside a helper": (HELPER, "s = (g @ B.T) * (u > 0)", "s = g @ B.T"),
    "no mask beside float32": (SINGLE, "s = (g @ B.T) * (u > 0)", "s = g @ B.T"),
    "uphill": (WHOLE, "B -= eta * dB", "B += eta * dB"),
    "updated too early": (COLUMNS, "        d1 = (W2", "        W2 = W2 - rate * d2 @ a1.T\n        d1 = (W2"),
    "half of a batch": (COLUMNS, "d2 = d2 / m", "d2 = d2 / (2 * m)"),
    "last batch dropped": (
        COLUMNS,
        "range(0, train_x.shape[1], size)",
        "range(0, train_x.shape[1] - train_x.shape[1] % size, size)",
    ),
    "labels shuffled otherwise": (COLUMNS, "train_y[batch]", "train_y[begin : begin + size]"),
    "updated too early, one by one": (ALONE, "        inner =", "        w2 += -0.01 * d @ h.T\n        inner ="),
    "activations before the ReLU": (INSIDE, "dW2 = a1.T.dot(delta)", "dW2 = z1.T.dot(delta)"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_loop_fails(tmp_path, name):
    source, old, new = MISTAKES[name]
    outcome = check(tmp_path, source.replace("scores = np.exp(a1.dot(W2) + b2)", SHIFTED), (old, new))
    assert outcome.verdict == "fail"


SHIFTED = (
    "scores = a1.dot(W2) + b2\n        scores = np.exp(scores - scores.max(axis=1, keepdims=True))"  # INSIDE, mended
)


@pytest.mark.once
def test_an_update_without_a_rate_is_not_judged_unless_it_follows_the_gradient(tmp_path):
    outcome = check(tmp_path, UNIT, ("s = (g @ B.T) * (u > 0)", "s = g @ B.T"))
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", set())


@pytest.mark.once
def test_a_function_that_a_loop_does_not_call_is_not_judged(tmp_path):
    outcome = check(tmp_path, WHOLE.replace("import numpy as np", "import numpy as np\n" + UNUSED))
    assert (outcome.verdict, wrong(outcome)) == ("pass", set())


UNUSED = """
def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()

def cross_entropy(p, labels):
    return -(np.log(p) * (labels[:, None] == np.arange(10))).sum(axis=1).mean()
"""


@pytest.mark.once
def test_a_loop_that_draws_random_numbers_is_not_judged(tmp_path):
    outcome = check(tmp_path, DROPOUT)
    assert (outcome.verdict, wrong(outcome)) == ("incomplete", set())
    reason = "updates weights, and chainrule does not read it as a network: its forward pass draws random numbers"
    assert any(reason in note for note in outcome.notes), outcome.notes


@pytest.mark.once
def test_of_an_optimizer_in_a_loop_only_the_gradients_are_judged(tmp_path):
    outcome = check(tmp_path, MOMENTUM)
    assert not wrong(outcome) | todo(outcome, "gradients")
    assert {result.outcome for result in outcome.specs if result.chapter == "training"} == {"skipped"}
    outcome = check(tmp_path, MOMENTUM, ("dA = X.T @ s", "dA = X.T @ (g @ B.T)"))
    assert outcome.verdict == "fail"


def extracted(tmp_path, source):
    path = tmp_path / "net.py"
    path.write_text(source, encoding="utf-8")
    loaded = load_source(str(path))
    learn_from_its_training(loaded)
    return {name.partition("_line_")[0]: value for name, value in vars(loaded.module).items() if "_line_" in name}


def test_the_functions_of_a_loop(tmp_path):
    found = extracted(tmp_path, WHOLE)
    assert found.keys() == {"initial", "forward", "loss", "update"}
    made = found["initial"](4, 6, 3)
    assert {name: array.shape for name, array in made.items()} == {"A": (4, 6), "a": (1, 6), "B": (6, 3), "b": (1, 3)}
    x, labels = np.random.default_rng(0).normal(size=(7, 4)), np.eye(3)[[0, 1, 2, 0, 1, 2, 0]]
    p = found["forward"](x, **made)
    assert p.shape == (7, 3)
    assert found["loss"](x, labels, **made) == pytest.approx(-np.log((p * labels).sum(axis=1)).mean())
    before = {name: array.copy() for name, array in made.items()}
    found["update"](x, labels, **made, rate_of_the_loop=0.1)
    np.testing.assert_allclose(before["b"] - made["b"], 0.1 * (p - labels).mean(axis=0, keepdims=True))


def test_the_training_of_loops_takes_epochs_and_batches(tmp_path):
    found = extracted(tmp_path, COLUMNS)
    made = found["initial"](4, 6, 3)
    x, y = np.random.default_rng(0).normal(size=(4, 11)), np.arange(11) % 3
    for epochs, batch in ((1, 11), (2, 4)):
        found["training"](x, y, **made, rate_of_the_loop=0.1, samples_of_a_batch=batch, epochs_of_the_loop=epochs)
    p = found["forward"](x, **made)
    assert np.isfinite(p).all()
    assert found["loss"](x, y, **made) == pytest.approx(-np.log(p[y, np.arange(11)]).mean())


def statements(text):
    return ast.parse(textwrap.dedent(text)).body


def test_what_a_name_needs():
    body = Body(
        statements(
            """
            x = data[i]
            z = x @ W
            p = soft(z)
            print(p)
            q = p
            q[y] -= 1
            loss = log(p)
            W -= rate * (x.T @ q)
            """
        ),
        ["W"],
        {},
    )
    assert body.network == [False, True, True, True, True, True, True, True]
    kept, given = body.needed(["p"], 2)
    assert (kept, given - {"soft"}) == ([1, 2], {"x", "W"})
    kept, given = body.needed(["loss"], 6, ["W"])
    assert (kept, given - {"soft", "log"}) == ([1, 2, 4, 5, 6], {"x", "W", "y"})
    kept, given = body.needed(["W"], 7)
    assert (kept, given - {"soft"}) == ([1, 2, 4, 5, 7], {"x", "W", "y", "rate"})


def test_the_last_values_of_names():
    text = "a = load()\na = draw(3)\nb = a + 1\nc = 2\nb[0] = c"
    assert [ast.unparse(one) for one in latest(statements(text), ["b"], {}, ["c"])] == [
        "a = draw(3)",
        "b = a + 1",
        "b[0] = c",
    ]


def test_loops_without_what_only_reports():
    text = """
    for i in range(9):
        for j in range(n):
            g = slope(W, x[j])
            W = W - rate * g
            if j % 5 == 0:
                print(j)
        history.append(score(W))
    """
    (kept,) = pruned(statements(text), ["W"], {})
    assert ast.unparse(kept) == "\n".join(
        [
            "for i in range(9):",
            "    for j in range(n):",
            "        g = slope(W, x[j])",
            "        W = W - rate * g",
        ]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('print "a"\n', "print('a')"),
        ('for i in x:\n\tprint "%d: %f" % (i, x[i])  # seen\n', "for i in x:\n    print('%d: %f' % (i, x[i]))"),
        ('print "{0} {1}".format(\n    a, b)\nprint\n', "print('{0} {1}'.format(a, b))\nprint()"),
        ("try:\n    f()\nexcept ValueError, e:\n    print e\n", "try:\n    f()\nexcept ValueError as e:\n    print(e)"),
        ("%matplotlib inline\nx = 1\n", "pass\nx = 1"),
    ],
)
def test_files_of_python_2_and_exported_notebooks(tmp_path, text, expected):
    path = tmp_path / "old.py"
    path.write_text(text, encoding="utf-8")
    body, notes = parse_file(path)
    assert "\n".join(map(ast.unparse, body)) == expected
    assert len(notes) == 1


def test_an_initialization_that_takes_a_batch_gets_one_of_the_wanted_sizes():
    def build(X, y, h):
        k = len(np.unique(y))
        return np.zeros((X.shape[1], h)), np.zeros(h), np.zeros((h, k)), np.zeros(k)

    learn(build, Learnt("init", {"X": "x", "y": "y", "h": "hidden"}, labels="index"))
    arguments, keywords = SizeArguments(build).arguments([4, 6, 3], 0)
    assert [array.shape for array in build(*arguments, **keywords)] == [(4, 6), (6,), (6, 3), (3,)]
