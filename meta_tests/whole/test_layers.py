"""The layers chapter on correct layers in many styles, on what is no layer at all, and the rule when it runs."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule
from banks import variants
from chainrule import reference
from chainrule.cli import main
from chainrule.contract.chapters import CORE_CHAPTERS, CORE_NAMES, EXTENSION_NAMES, UNCHECKED_NAMES
from chainrule.contract.implementation import Implementation
from chainrule.contract.requirements import select
from chainrule.host.description import described
from chainrule.host.host import contents_of as contents
from chainrule.host.native import Native
from chainrule.mathematics.layers import analyse_affine
from chainrule.mathematics.rounding import UNIT_ROUNDOFF
from chainrule.running.loading import load
from chainrule.specification.registry import specs_of

NAMES = EXTENSION_NAMES["layers"]
LAYERS = [clause for clause, entry in variants.specs().items() if entry.chapter == "layers"]
COURSE = """import numpy as np


def affine_forward(x, w, b):
    rows = x.reshape(x.shape[0], -1)
    return rows.dot(w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    return np.dot(dout, w.T).reshape(x.shape), np.dot(x.reshape(len(x), -1).T, dout), np.sum(dout, axis=0)


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def softmax_loss(x, y):
    p = np.exp(x - np.max(x, axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(x.shape[0])
    with np.errstate(divide="ignore"):
        loss = -np.mean(np.log(p[rows, y]))
    p[rows, y] -= 1
    return loss, p / x.shape[0]
"""


def course(**changes):
    """The functions as a course's students write them, in one pass each."""
    module = {}
    exec(COURSE, module)
    return SimpleNamespace(**{name: module[name] for name in NAMES} | changes)


# Correct layers


def by_einsum():
    """Sums in Einstein's notation, caches as dictionaries, log-sum-exp for the loss."""

    def affine_forward(x, w, b):
        flat = np.reshape(x, (x.shape[0], w.shape[0]))
        return np.einsum("ni,ij->nj", flat, w) + b[None, :], {"flat": flat, "w": w, "shape": x.shape}

    def affine_backward(dout, cache):
        dx = np.einsum("nj,ij->ni", dout, cache["w"]).reshape(cache["shape"])
        return dx, np.einsum("ni,nj->ij", cache["flat"], dout), np.einsum("nj->j", dout)

    def relu_forward(x):
        mask = (x > 0).astype(float)
        return x * mask, {"mask": mask}

    def relu_backward(dout, cache):
        return np.multiply(dout, cache["mask"])

    def softmax_loss(x, y):
        m = x.max(axis=1, keepdims=True)
        lse = m + np.log(np.exp(x - m).sum(axis=1, keepdims=True))
        labels = (np.asarray(y)[:, None] == np.arange(x.shape[1])).astype(float)
        return ((lse - x) * labels).sum() / len(x), (np.exp(x - lse) - labels) / len(x)

    return SimpleNamespace(
        affine_forward=affine_forward,
        affine_backward=affine_backward,
        relu_forward=relu_forward,
        relu_backward=relu_backward,
        softmax_loss=softmax_loss,
    )


def in_plain_python():
    """Loops over nested lists, which are also what is returned and what is kept; sums from the last term on."""
    from math import exp, log

    def flattened(x):
        return [entry for item in x for entry in flattened(item)] if isinstance(x, list) else [x]

    def unflattened(flat, like):
        return [unflattened(flat, item) for item in like] if isinstance(like, list) else flat.pop(0)

    def affine_forward(x, w, b):
        x, w = x.tolist(), w.tolist()
        rows = [flattened(sample) for sample in x]
        columns = range(len(b))
        out = [
            [sum(row[i] * w[i][j] for i in reversed(range(len(row)))) + float(b[j]) for j in columns] for row in rows
        ]
        return out, [x, rows, w]

    def affine_backward(dout, cache):
        (x, rows, w), dout = cache, dout.tolist()
        samples, inputs, outputs = range(len(rows)), range(len(w)), range(len(w[0]))
        dx = [[sum(d[j] * w[i][j] for j in reversed(outputs)) for i in inputs] for d in dout]
        dw = [[sum(rows[n][i] * dout[n][j] for n in reversed(samples)) for j in outputs] for i in inputs]
        return unflattened(flattened(dx), x), dw, [sum(d[j] for d in reversed(dout)) for j in outputs]

    def relu_forward(x):
        x = x.tolist()
        return unflattened([entry if entry > 0 else 0.0 for entry in flattened(x)], x), x

    def relu_backward(dout, cache):
        pairs = zip(flattened(dout.tolist()), flattened(cache), strict=True)
        return unflattened([d if entry > 0 else 0.0 for d, entry in pairs], cache)

    def softmax_loss(x, y):
        losses, dx = [], []
        for row, label in zip(x.tolist(), y.tolist(), strict=True):
            e = [exp(entry - max(row)) for entry in row]
            losses.append(log(sum(e)) + max(row) - row[label])
            dx.append([(value / sum(e) - (k == label)) / len(x) for k, value in enumerate(e)])
        return sum(losses) / len(losses), dx

    return SimpleNamespace(
        affine_forward=affine_forward,
        affine_backward=affine_backward,
        relu_forward=relu_forward,
        relu_backward=relu_backward,
        softmax_loss=softmax_loss,
    )


class Kept:
    """A cache that is an object, counts how often it is used, and computes its mask when it is first asked for it."""

    def __init__(self, **arrays):
        self.__dict__.update(arrays)
        self.uses = 0


def with_objects():
    """Caches are objects with a memory of their own; every sample is an outer product; db is a row."""

    def affine_forward(x, w, b):
        return np.array([sample.ravel() @ w for sample in x]) + b, Kept(x=x, w=w)

    def affine_backward(dout, cache):
        cache.uses += 1
        dw = np.zeros(cache.w.shape)
        for sample, d in zip(cache.x, dout, strict=True):
            dw += np.outer(sample, d)
        return (cache.w @ dout.T).T.reshape(cache.x.shape), dw, dout.sum(axis=0, keepdims=True)

    def relu_forward(x):
        return (x + np.abs(x)) / 2, Kept(x=x)

    def relu_backward(dout, cache):
        cache.uses += 1
        if not hasattr(cache, "mask"):
            cache.mask = (1 + np.sign(cache.x)) / 2
        return cache.mask * dout

    return course(
        affine_forward=affine_forward,
        affine_backward=affine_backward,
        relu_forward=relu_forward,
        relu_backward=relu_backward,
    )


def single_precision():
    def single(a):
        return np.asarray(a, np.float32)

    double = course()
    return course(
        affine_forward=lambda x, w, b: double.affine_forward(single(x), single(w), single(b)),
        affine_backward=lambda dout, cache: double.affine_backward(single(dout), cache),
        relu_forward=lambda x: double.relu_forward(single(x)),
        relu_backward=lambda dout, cache: double.relu_backward(single(dout), cache),
        softmax_loss=lambda x, y: double.softmax_loss(single(x), y),
    )


def with_an_epsilon(epsilon):
    def softmax_loss(x, y):
        _, dx = course().softmax_loss(x, y)
        p = np.exp(x - x.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(y)), y] + epsilon).mean(), dx

    return course(softmax_loss=softmax_loss)


def with_the_epsilon_differentiated():
    """-log(p + epsilon), and its own gradient, which is p / (p + epsilon) times that of -log p."""
    epsilon = 1e-8

    def softmax_loss(x, y):
        rows = np.arange(len(y))
        p = np.exp(x - x.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        true = p[rows, y].copy()
        dx = p
        dx[rows, y] -= 1
        return -np.log(true + epsilon).mean(), dx * (true / (true + epsilon))[:, None] / len(y)

    return course(softmax_loss=softmax_loss)


class Columns(chainrule.Implementation):
    """An adapter for layers whose samples are columns and whose weights are (out, in)."""

    def affine_forward(self, x, w, b):
        columns = np.reshape(x, (len(x), -1)).T
        return (np.transpose(w) @ columns + np.reshape(b, (-1, 1))).T, (np.shape(x), columns, np.transpose(w))

    def affine_backward(self, dout, cache):
        shape, columns, w = cache
        d = np.transpose(dout)
        return (w.T @ d).T.reshape(shape), (d @ columns.T).T, d.sum(axis=1, keepdims=True)

    def relu_forward(self, x):
        return np.clip(x, 0, None), np.asarray(x) > 0

    def relu_backward(self, dout, cache):
        return np.where(cache, dout, 0.0)

    def softmax_loss(self, x, y):
        return reference.softmax_loss(x, y)


CORRECT = {
    "the reference": lambda: SimpleNamespace(**{name: getattr(reference, name) for name in NAMES}),
    "a course's": course,
    "einsum, dictionaries": by_einsum,
    "plain Python": in_plain_python,
    "objects, db as a row": with_objects,
    "float32": single_precision,
    "a small epsilon": lambda: with_an_epsilon(1e-12),
    "a large epsilon": lambda: with_an_epsilon(1e-7),
    "an epsilon, differentiated": with_the_epsilon_differentiated,
    "an adapter": lambda: Columns(None),
}


@pytest.mark.parametrize("make", CORRECT.values(), ids=CORRECT)
def test_correct_layers_pass(make):
    outcome = variants.check(make())
    assert variants.not_passed(outcome) == {}
    assert (outcome.verdict, outcome.required, len(outcome.specs)) == ("pass", ("layers",), len(LAYERS))


@pytest.mark.parametrize("name", ["affine_forward", "softmax_loss"])
def test_precision_is_found_in_one_layer_alone(name):
    alone = SimpleNamespace(**{name: getattr(single_precision(), name)})
    conventions = variants.loaded(alone).impl.conventions
    assert (conventions["precision"].value, conventions["precision"].source) == ("float32", "inferred")


# Bounds


@pytest.mark.parametrize(("dtype", "meaning"), [(np.float64, 1e-13), (np.float32, 1e-4)])
@pytest.mark.parametrize("shape", [(1, 3), (5, 4), (2, 3, 5), (7, 60)])
def test_affine_bounds_hold_and_mean_something(shape, dtype, meaning):
    """Exact values by rational arithmetic; rounding of inputs that are not exact in the format is allowed for."""
    rng = np.random.default_rng(shape)
    x, w, b, dout = (rng.normal(size=s) for s in (shape, (int(np.prod(shape[1:])), 4), (4,), (shape[0], 4)))
    exact = analyse_affine(x, w, b, dout, UNIT_ROUNDOFF[np.dtype(dtype).name])
    rational = np.vectorize(Fraction, otypes=[object])
    out, cache = reference.affine_forward(rational(x), rational(w), rational(b))
    true = (out, *reference.affine_backward(rational(dout), cache))
    out, cache = reference.affine_forward(x.astype(dtype), w.astype(dtype), b.astype(dtype))
    computed = (out, *reference.affine_backward(dout.astype(dtype), cache))
    for a, e, (value, error) in zip(computed, true, (exact.out, *exact.gradients), strict=True):
        assert (abs(rational(a) - e) <= rational(error)).all()
        assert np.max(error) < meaning * np.max(np.abs(value))


# What is no layer


def found(outcome):
    return {result.id: (result.outcome, result.message) for result in outcome.specs}


MISMATCHES = {
    "softmax_loss returns the loss alone": (
        {"softmax_loss": lambda x, y: 0.5},
        "softmax_loss",
        "softmax_loss: expected (loss, dx), found float 0.5",
    ),
    "affine_forward returns the output alone": (
        {"affine_forward": lambda x, w, b: np.zeros((2, 2))},
        "affine",
        "affine_forward: expected (out, cache), found an array of shape (2, 2), float64",
    ),
    "affine_backward returns two": (
        {"affine_backward": lambda dout, cache: (dout, dout)},
        "affine.gradient_shapes",
        "affine_backward: expected (dx, dw, db), found a tuple of length 2",
    ),
    "relu_forward is a whole layer": (
        {"relu_forward": lambda x, w, b: x},
        "relu_layer",
        "relu_forward: expected relu_forward(x), found relu_forward(x, w, b) (missing a required argument: 'w')",
    ),
    "relu_backward returns more": (
        {"relu_backward": lambda dout, cache: (dout, None)},
        "relu_layer.gradient",
        "relu_backward: expected dx, an array, found a tuple of length 2",
    ),
    "a linear classifier's softmax_loss": (
        {"softmax_loss": lambda W, X, y, reg: (0.5, W)},
        "softmax_loss",
        "softmax_loss: expected softmax_loss(x, y), found softmax_loss(W, X, y, reg) "
        "(missing a required argument: 'y')",
    ),
    "a stub": (
        {"relu_forward": lambda x: None},
        "relu_layer",
        "relu_forward returns None: a stub, or its `return` is missing",
    ),
    "a stub with a cache": (
        {"relu_forward": lambda x: (None, x)},
        "relu_layer",
        "relu_forward returns None for out: a stub",
    ),
    "a stub with a part": (
        {"affine_backward": lambda dout, cache: (dout, None, None)},
        "affine.bias_gradient",
        "affine_backward returns None for dw and db: a stub",
    ),
}


@pytest.mark.parametrize(("changes", "clauses", "message"), MISMATCHES.values(), ids=MISMATCHES)
def test_another_form_is_todo_with_what_was_found(changes, clauses, message):
    outcome = variants.check(course(**changes))
    assert outcome.verdict == "incomplete"
    concerned = {clause: told for clause, told in found(outcome).items() if f"{clause}.".startswith(f"{clauses}.")}
    assert concerned
    assert set(concerned.values()) == {("todo", message)}
    assert {kind for kind, _ in found(outcome).values()} == {"passed", "todo"}


def test_a_missing_function_is_todo():
    functions = course()
    del functions.affine_backward
    outcome = variants.check(functions)
    assert found(outcome)["affine.weight_gradient"] == ("todo", "affine_backward is missing")
    assert found(outcome)["affine.values"] == ("passed", "")
    assert (outcome.required, outcome.verdict) == (("layers",), "incomplete")


def constants(entry):
    """Right shapes, and the same number everywhere."""

    def like(*arrays):
        return tuple(np.full(np.shape(array), entry) for array in arrays)

    return SimpleNamespace(
        affine_forward=lambda x, w, b: (np.full((len(x), len(b)), entry), (x, w, b)),
        affine_backward=lambda dout, cache: like(*cache),
        relu_forward=lambda x: (*like(x), x),
        relu_backward=lambda dout, cache: like(cache)[0],
        softmax_loss=lambda x, y: (entry, *like(x)),
    )


# Specs that ask for shapes, for what is left alone and for what stays.
NOT_NUMERIC = {"shape", "gradient_shapes", "arguments_kept", "results_kept", "caches", "repeatable", "flattening"}


@pytest.mark.parametrize("entry", [0.0, 1.0, np.inf, np.nan])
def test_constants_pass_no_numeric_spec(entry):
    outcome = variants.check(constants(entry))
    passed = {result.id for result in outcome.specs if result.outcome == "passed"}
    assert {clause for clause in passed if clause.partition(".")[2] not in NOT_NUMERIC} == set()
    assert outcome.verdict == "fail"


def test_strange_results_fail_and_break_nothing():
    strange = course(affine_forward=lambda x, w, b: ("0.5", None), softmax_loss=lambda x, y: (object(), []))
    outcome = variants.check(strange)
    assert found(outcome)["affine.shape"][0] == found(outcome)["softmax_loss.shape"][0] == "failed"
    assert len(outcome.specs) == len(LAYERS)


# Caches


def test_a_cache_is_read_to_its_depths():
    array = np.arange(3.0)
    inner = Kept(array=array)
    inner.itself = inner
    before = contents(({"a": [inner, 1.0, "text"]}, [1, 2.5], np.float64(3), len))
    assert len(before) > 1
    assert contents(({"a": [inner, 1.0, "text"]}, [1, 2.5], np.float64(3), len)) == before
    array[1] = -0.0
    after = contents(({"a": [inner, 1.0, "text"]}, [1, 2.0], np.float64(3), len))
    assert {place for place in before if before[place] != after[place]} == set(before)


def test_what_cannot_be_read_in_a_cache_is_left_alone():
    class OutOfReach:
        def __dlpack__(self):
            raise BufferError("elsewhere")

    assert contents((OutOfReach(), np, np.array(["text"]), print, None, "text")) == {}


@pytest.mark.parametrize("over", [0, 1])
def test_layers_that_take_matrices_alone_are_checked_with_matrices(over):
    def affine_forward(x, w, b):
        return x @ w + b, (x, w)

    def affine_backward(dout, cache):
        return dout @ cache[1].T, cache[0].T @ dout, dout.sum(axis=0) * (1 + over * (len(dout) == 5))

    outcome = variants.check(course(affine_forward=affine_forward, affine_backward=affine_backward))
    wrong = [clause for clause, (kind, _) in found(outcome).items() if kind in ("failed", "error")]
    assert wrong == (["affine.bias_gradient"] if over else [])
    assert found(outcome)["affine.flattening"][0] == "skipped"


@pytest.mark.parametrize("kind", [tuple, list, lambda arrays: dict(enumerate(arrays)), lambda a: Kept(x=a[0], w=a[1])])
def test_what_the_backward_pass_writes_into_its_cache_is_noticed(kind):
    def affine_forward(x, w, b):
        return course().affine_forward(x, w, b)[0], kind([x, w])

    def affine_backward(dout, cache):
        arrays = list(vars(cache).values())[:2] if isinstance(cache, Kept) else [cache[0], cache[1]]
        gradients = course().affine_backward(dout, (*arrays, None))
        arrays[1] *= 0.5
        return gradients

    outcome = variants.check(course(affine_forward=affine_forward, affine_backward=affine_backward))
    message = "affine_backward writes into its argument cache"
    assert found(outcome)["affine.arguments_kept"] == ("failed", message)


# Which chapters run


@pytest.mark.parametrize(
    ("names", "chapters", "full", "expected"),
    [
        ((), (), False, (CORE_CHAPTERS[:-1], ())),
        ((), (), True, (CORE_CHAPTERS, ())),
        (("MLP",), (), False, (CORE_CHAPTERS[:-1], ())),
        (("softmax_loss",), (), False, (("layers",), ())),
        (("softmax_loss",), (), True, (("layers",), ())),
        (("softmax_loss", "relu"), (), False, (CORE_CHAPTERS[:-1], ("layers",))),
        (("softmax_loss", "MLP"), (), True, (CORE_CHAPTERS, ("layers",))),
        (("softmax_loss", "MLP"), ("softmax", "softmax"), False, (("softmax",), ())),
        (("MLP",), ("layers",), False, (("layers",), ())),
        (("softmax_loss",), ("layers", "shapes"), False, (("layers", "shapes"), ())),
    ],
)
def test_which_chapters_are_required_and_which_run_beside(names, chapters, full, expected):
    target = SimpleNamespace(**{name: (lambda: None) for name in names}, xavier="no function")
    assert select(described(Native(target)).offered, chapters, full=full) == expected


def test_an_adapter_offers_what_it_overrides():
    assert [name for name in (*NAMES, *CORE_NAMES) if Columns(None).offers(name)] == list(NAMES)
    assert not any(Implementation(None).offers(name) for name in (*NAMES, *CORE_NAMES))


def test_names_of_the_contract_may_be_mapped():
    assert Native(SimpleNamespace(ReLU_f=len), {"relu_forward": "ReLU_f"}).offers("relu_forward")
    assert Native(SimpleNamespace(Network=len), {"MLP": "Network"}).offers("create")


def test_the_core_and_layers_together():
    both = {**vars(variants.fresh_reference()), **vars(course())}
    right = variants.check(SimpleNamespace(**both))
    assert (right.verdict, right.required, right.not_run) == ("pass", CORE_CHAPTERS[:-1], 0)
    assert sum(result.chapter == "layers" for result in right.specs) == len(LAYERS)
    wrong = variants.check(SimpleNamespace(**both | {"relu_backward": lambda dout, cache: dout}))
    assert wrong.verdict == "fail"
    del both["relu_backward"], both["affine_forward"]
    fewer = variants.check(SimpleNamespace(**both))
    assert {result.outcome for result in fewer.specs if result.chapter == "layers"} == {"passed", "todo"}
    assert fewer.verdict == "pass"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of its own with a course's layers in it, right and wrong."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    files = {
        "layers.py": COURSE
        + "\n\ndef svm_loss(x, y):\n    pass\n\n\ndef layernorm_forward(x, gamma, beta, ln_param):\n    pass\n",
        "wrong.py": COURSE.replace("np.sum(dout, axis=0)", "np.mean(dout, axis=0)"),
        "partial.py": COURSE.partition("def relu_forward")[0],
        "relu.py": "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n",
        "both.py": "from relu import relu\nfrom partial import affine_forward\n",
    }
    for name, content in files.items():
        Path(name).write_text(content, encoding="utf-8")
    return tmp_path


def checked(capsys, *arguments):
    """(exit status, what was printed) of `chainrule check`."""
    status = main(["check", *arguments])
    return status, capsys.readouterr().out


def test_layers_alone_pass(folder, capsys):
    status, printed = checked(capsys, "layers.py")
    assert status == 0
    assert printed.splitlines()[3:] == [
        f"layers           {len(LAYERS)} passed",
        "",
        "recognised, not checked yet: layernorm_forward, svm_loss",
        "",
        printed.splitlines()[-1],
    ]
    assert printed.splitlines()[-1].startswith(f"pass  {len(LAYERS)} passed  ")


def test_what_is_not_checked_is_in_the_json(folder, capsys):
    written = json.loads(checked(capsys, "layers.py", "--format", "json")[1])
    assert (written["required"], written["unchecked"]) == (["layers"], ["layernorm_forward", "svm_loss"])
    assert json.loads(checked(capsys, "wrong.py", "--format", "json")[1])["unchecked"] == []


def test_unchecked_names_are_no_names_of_a_chapter():
    assert len(set(UNCHECKED_NAMES)) == len(UNCHECKED_NAMES)
    assert not set(UNCHECKED_NAMES) & {name for names in EXTENSION_NAMES.values() for name in names}
    assert described(Native(SimpleNamespace(svm_loss=len, Adam=1, relu=len))).unchecked == ("svm_loss",)


def test_a_chapter_named_is_required_though_nothing_is_there(folder, capsys):
    status, printed = checked(capsys, "relu.py", "--chapter", "layers")
    assert status == 1
    assert f"\nincomplete  {len(LAYERS)} todo  " in printed
    status, printed = checked(capsys, "relu.py", "--chapter", "activations")
    assert status == 0
    assert "layers" not in printed


def test_an_extension_that_is_not_there_is_not_mentioned(folder, capsys):
    assert "\nlayers" not in checked(capsys, "relu.py")[1]


def test_the_lines_to_paste_make_the_cache(folder, capsys):
    written = json.loads(checked(capsys, "wrong.py", "--format", "json")[1])
    [failed] = [spec for spec in written["specs"] if spec["outcome"] == "failed"]
    assert failed["id"] == "affine.bias_gradient"
    assert "from wrong import affine_forward, affine_backward" in failed["snippet"]
    again = subprocess.run([sys.executable, "-c", failed["snippet"]], capture_output=True, text=True, check=True)
    assert again.stdout.startswith("[-0.04238281 ")  # db alone, which is wrong


def test_the_lines_to_paste_make_the_cache_behind_an_adapter(folder, capsys):
    Path("adapt.py").write_text(
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu_forward(self, x):\n        return self.target.relu_forward(x)\n\n"
        "    def relu_backward(self, dout, cache):\n        return dout * (cache > 0) * 1.5\n",
        encoding="utf-8",
    )
    written = json.loads(checked(capsys, "layers.py", "--adapter", "adapt.py", "--format", "json")[1])
    [failed] = [spec for spec in written["specs"] if spec["outcome"] == "failed"]
    assert failed["id"] == "relu_layer.gradient"
    assert "out, cache = impl.relu_forward(" in failed["snippet"]
    subprocess.run([sys.executable, "-c", failed["snippet"]], capture_output=True, text=True, check=True)


def test_specs_that_run_beside_are_not_counted_as_left_out(folder, capsys):
    written = json.loads(checked(capsys, "both.py", "-k", "activations or affine", "--format", "json")[1])
    assert {spec["chapter"] for spec in written["specs"]} == {"activations", "layers"}
    left_out = len(specs_of(*(chapter for chapter in CORE_CHAPTERS[:-1] if chapter != "activations")))
    assert written["not_run"] == left_out


# Under plain pytest


def plainly(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_plain_pytest_on_layers_alone(folder):
    status, printed = plainly(folder, "chainrule.spec_tests", "--impl", "layers.py")
    assert status == 0, printed
    assert f"{len(LAYERS)} passed" in printed
    status, printed = plainly(folder, "chainrule.spec_tests", "--impl", "wrong.py")
    assert status == 1
    assert "1 failed" in printed


def test_plain_pytest_leaves_an_extension_out_that_is_not_there(folder):
    both = ("chainrule.spec_tests.test_activations", "chainrule.spec_tests.test_layers")
    status, printed = plainly(folder, *both, "--impl", "relu.py")
    assert status == 0, printed
    assert f"9 passed, {len(LAYERS)} deselected" in printed
    assert plainly(folder, *both, "--impl", "relu.py", "--chapter", "layers")[0] == 1


def test_plain_pytest_forgives_what_is_missing_beside_the_core(folder):
    both = ("chainrule.spec_tests.test_activations", "chainrule.spec_tests.test_layers")
    status, printed = plainly(folder, *both, "--impl", "both.py")
    assert status == 0, printed
    assert " todo" in printed
    assert plainly(folder, *both, "--impl", "partial.py")[0] == 1


def test_workers_make_the_same_choice(folder, capsys):
    pytest.importorskip("xdist")
    status, printed = checked(capsys, "relu.py", "--chapter", "layers", "-n", "2")
    assert (status, f"{len(LAYERS)} todo" in printed) == (1, True)
    assert checked(capsys, "layers.py", "-n", "2")[0] == 0


def test_a_layer_file_is_loaded_like_any_other(folder):
    assert load("layers.py").host.implementation.where("relu_backward") == "layers.py:18"
