"""From a file with a mistake in it to its name, its line and the change that mends it."""

import ast
import json
import re
import subprocess
import sys

import pytest

from banks.honest import HONEST, checked, written
from banks.newcomers import NEWCOMERS
from banks.planted import PLANTED
from banks.style_bank import STYLES
from chainrule import api
from chainrule.diagnosis import specs as by_themselves
from chainrule.diagnosis.concerns import concerns, concerns_of, told_apart
from chainrule.mathematics.clauses import clauses
from chainrule.reports.html import page
from chainrule.running.loading import load
from chainrule.running.results import UNNAMED


def test_a_right_file_has_no_diagnosis(tmp_path):
    outcome = checked(written(tmp_path)[0])
    assert (outcome.verdict, outcome.diagnoses) == ("pass", [])


@pytest.mark.parametrize(("old", "new", "name", "chapter"), PLANTED[::4], ids=[case[2] for case in PLANTED[::4]])
def test_the_change_that_is_shown_mends_the_file(tmp_path, old, new, name, chapter):
    """The reported line in place of the file's own: the chapter passes."""
    path, line = written(tmp_path, old, new)
    before, after = checked(path, chapter).diagnoses[0].change
    lines = path.read_text(encoding="utf-8").splitlines()
    own = lines[line - 1]
    indented = own[: len(own) - len(own.lstrip())]
    assert (
        ast.unparse(ast.parse(own.strip().rstrip(":") + (": pass" if own.endswith(":") else ""))).splitlines()[0]
        == before
    )
    lines[line - 1] = indented + after
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert checked(path, chapter).verdict == "pass"


@pytest.mark.parametrize(
    ("old", "new", "name", "chapter", "line"), NEWCOMERS, ids=[f"{c[2]} {c[4]}" for c in NEWCOMERS]
)
def test_what_newcomers_write_has_one_cause_and_a_line(tmp_path, old, new, name, chapter, line):
    path, _ = written(tmp_path, old, new)
    found = checked(path, chapter).diagnoses
    assert [one.id for one in found] == [name]
    assert found[0].certainty == "certain"
    place = int(found[0].where.removeprefix("net.py:"))
    reported = path.read_text(encoding="utf-8").splitlines()[place - 1]
    assert line in reported
    assert not reported.lstrip().startswith(("def ", "class "))


def test_two_mistakes_are_two_causes(tmp_path):
    path, _ = written(tmp_path, "delta.sum(axis=0)", "delta.sum()")
    path.write_text(path.read_text().replace("z - z.max(axis=1, keepdims=True)", "z"))
    outcome = checked(path)
    assert {found.id for found in outcome.diagnoses} == {"bias-gradient-over-all-entries", "softmax-no-shift"}
    explained = [clause for found in outcome.diagnoses for clause in found.explains]
    failed = [result.id for result in outcome.specs if result.outcome in ("failed", "error")]
    assert sorted(explained) == sorted(failed)


@pytest.mark.parametrize(
    ("shift", "total", "names", "lines"),
    [
        ("z", "e.sum()", {"softmax-no-shift", "softmax-over-everything"}, {6, 7}),
        ("z", "e.sum(axis=0)", {"softmax-no-shift", "softmax-over-batch"}, {6, 7}),
        ("z - z.max()", "e.mean(axis=1, keepdims=True)", {"softmax-global-maximum", "softmax-averaged"}, {6, 7}),
    ],
)
def test_two_mistakes_in_one_function_have_their_names_and_lines(tmp_path, shift, total, names, lines):
    path = tmp_path / "net.py"
    path.write_text(
        f"import numpy as np\n\n\n\ndef softmax(z):\n    e = np.exp({shift})\n    return e / {total}\n",
        encoding="utf-8",
    )
    found = checked(path, "softmax").diagnoses
    assert {(one.id, one.certainty) for one in found} == {(name, "certain") for name in names}
    assert {one.where for one in found} == {f"net.py:{line}" for line in lines}
    mended = path.read_text(encoding="utf-8")
    for one in found:
        assert "the other mistake's" in one.mend
        mended = mended.replace(*one.change)
    path.write_text(mended, encoding="utf-8")
    assert checked(path, "softmax").verdict == "pass"


def test_an_exponential_written_twice_is_shifted_in_both_places(tmp_path):
    path = tmp_path / "net.py"
    line = "return np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)"
    path.write_text(f"import numpy as np\n\n\ndef softmax(z):\n    {line}\n", encoding="utf-8")
    (found,) = checked(path, "softmax").diagnoses
    assert (found.id, found.certainty, found.where) == ("softmax-no-shift", "certain", "net.py:5")
    path.write_text(path.read_text(encoding="utf-8").replace(*found.change), encoding="utf-8")
    assert checked(path, "softmax").verdict == "pass"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('"""A wave."""\n    return np.where(z > 0, np.tanh(np.sin(z)), 0)', "net.py:6"),
        ("e = np.where(z > 0, np.tanh(np.sin(z)), 0)\n    return e.copy()", "net.py:4"),
    ],
)
def test_the_only_statement_is_the_line_and_of_two_neither_is_guessed(tmp_path, body, where):
    path = tmp_path / "net.py"
    path.write_text(f"import numpy as np\n\n\ndef relu(z):\n    {body}\n", encoding="utf-8")
    found = checked(path, "activations").diagnoses[0]
    assert (found.change, found.where) == (None, where)
    assert ("did not find which of its lines is wrong" in found.explanation) is (where == "net.py:4")


def test_what_is_in_no_catalogue_is_said_to_be_unknown(tmp_path):
    path, _ = written(tmp_path, "dW.insert(0, acts[l].T @ delta)", "dW.insert(0, np.cos(31 * acts[l].T @ delta) ** 3)")
    first = checked(path, "gradients").diagnoses[0]
    assert first.id == UNNAMED
    assert first.certainty in ("unknown", "certain")  # certain only of a line that was found to mend
    if first.certainty == "unknown":
        assert first.change is None
        assert "dloss/dW[0] differs in" in first.found


def test_a_mistake_without_a_name_has_a_line_where_a_change_mends_it(tmp_path):
    path, line = written(tmp_path, "acts[l].T @ delta", "acts[l].T @ (delta + 0.125)")
    first = checked(path, "gradients").diagnoses[0]
    assert (first.id, first.where) == (UNNAMED, f"net.py:{line}")
    assert "should be" in first.title


def test_a_fault_of_the_diagnosis_costs_no_verdict(tmp_path, monkeypatch):
    def fails(self):
        raise KeyError("nothing")

    monkeypatch.setattr("chainrule.diagnosis.naming.Naming.causes", fails)
    outcome = checked(written(tmp_path, "(acts[l] > 0)", "(acts[l] >= 0)")[0], "gradients")
    assert (outcome.verdict, outcome.diagnoses) == ("fail", [])
    assert "the search for causes failed, by a fault of chainrule's own (KeyError: 'nothing')" in outcome.notes


def test_every_report_tells_the_cause(tmp_path):
    path, line = written(tmp_path, "(acts[l] > 0)", "(acts[l] >= 0)")
    command = [sys.executable, "-m", "chainrule", "check", str(path), "--chapter", "gradients"]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    told = " ".join(text.split())
    assert "Cause (certain): ReLU's derivative is missing in the backward pass" in told
    assert f"net.py:{line}" in told
    data = json.loads(subprocess.run([*command, "--format", "json"], capture_output=True, check=False).stdout)
    first = data["diagnoses"][0]
    assert {"id", "title", "explanation", "where"} <= set(first)
    assert (first["id"], first["where"]) == ("mask-missing", f"net.py:{line}")
    failed = next(spec for spec in data["specs"] if spec["outcome"] == "failed")
    assert failed["diagnoses"] == [first]
    assert "derivative is missing" in page(checked(path, "gradients"))


def test_plain_pytest_tells_the_cause(tmp_path):
    path, line = written(tmp_path, "(acts[l] > 0)", "(acts[l] >= 0)")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", "chainrule.spec_tests", "--impl"]
    done = subprocess.run([*command, str(path), "--chapter", "gradients"], capture_output=True, text=True, cwd=tmp_path)
    assert f"net.py:{line}: ReLU's derivative is missing in the backward pass (certain, mask-missing)" in done.stdout


def test_every_clause_is_about_known_operations():
    assert {name for name in told_apart() if "." in name} <= set(clauses())
    assert {name for clause in clauses() for name in concerns_of(clause)} <= set(concerns())


def test_code_that_never_returns_is_said_to_and_left_alone(tmp_path):
    path, _ = written(tmp_path, "        dW, db = [], []\n", "        dW, db = [], []\n        while True: pass\n")
    outcome = api.check_loaded(load(str(path)), chapters=["gradients"], timeout=0.5)
    first = outcome.diagnoses[0]
    assert (first.title, first.certainty, first.change) == ("backward does not return", "certain", None)
    assert len(outcome.diagnoses) == 1


def test_code_that_raises_says_so_itself(tmp_path):
    path, _ = written(
        tmp_path, "        dW, db = [], []\n", "        dW, db = [], []\n        raise ValueError('no')\n"
    )
    line = HONEST[: HONEST.index("        dW, db = [], []\n")].count("\n") + 2
    first = checked(path, "gradients").diagnoses[0]
    assert "ValueError: no" in first.title or first.change is not None
    assert first.where == f"net.py:{line}"


def test_a_change_after_which_a_spec_has_nothing_to_look_at_does_not_count(tmp_path):
    """Without its result, forward would be a stub, and what is asked of it `todo`."""
    path, line = written(tmp_path, "acts.append(relu(acts[-1] @ w + b))", "acts.append(relu(acts[-1] @ w - b))")
    first = checked(path, "shapes").diagnoses[0]
    assert (first.id, first.where) == ("forward-bias-subtracted", f"net.py:{line}")
    assert first.change is not None
    assert "+ b" in first.change[1]


def test_specs_can_be_asked_by_themselves_also_after_a_run(tmp_path):
    """Every spec that passed in a run holds when it is asked again."""
    loaded = load(str(written(tmp_path)[0]))
    outcome = api.check_loaded(loaded)
    passed = [result.id for result in outcome.specs if result.outcome == "passed"]
    assert [clause for clause in passed if not by_themselves.holds(clause, loaded.impl)] == []


def pasted(path, clause, chapter):
    """What the lines for a failing spec print."""
    (spec,) = [result for result in checked(path, chapter).specs if result.id == clause]
    done = subprocess.run(
        [sys.executable, "-c", spec.snippet], cwd=path.parent, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_lines_to_paste_ask_twice_where_the_second_answer_is_another(tmp_path):
    path, _ = written(
        tmp_path,
        "        return dW, db\n",
        "        self.n = getattr(self, 'n', 0) + 1\n        return [self.n * g for g in dW], db\n",
    )
    printed = pasted(path, "gradients.repeatable", "gradients")
    first, second = re.split(r"\n(?=\[\[)", printed)
    assert first.startswith("[[")
    assert first != second


def test_the_lines_to_paste_show_the_parameters_after_a_step(tmp_path):
    path, _ = written(tmp_path, "            w -= lr * g\n", "            w -= 2 * lr * g\n")
    printed = pasted(path, "training.step", "training")
    assert printed.count("array(") == 2 * 2  # the weights and the biases of two layers


def test_the_lines_to_paste_show_a_row_among_others_and_by_itself(tmp_path):
    path, _ = written(tmp_path, "z.max(axis=1, keepdims=True)", "z.max()")
    together, alone = pasted(path, "softmax.rows_independent", "softmax").rsplit("[[", 1)
    assert "nan" in together
    assert "nan" not in alone


@pytest.mark.parametrize("clause", ["initialization.variance", "initialization.network_variance"])
def test_the_lines_to_paste_show_a_wrong_variance(tmp_path, clause):
    path, _ = written(tmp_path, "np.sqrt(6 / (fan_in + fan_out))", "1.0")
    assert float(pasted(path, clause, "initialization")) == pytest.approx(1 / 3, rel=0.1)


SEEDED = "        rng = np.random.default_rng(seed)\n        self.weights"


@pytest.mark.parametrize(
    ("seed", "clause", "alike"), [("", "initialization.seed", False), ("5", "initialization.seeds_differ", True)]
)
def test_the_lines_to_paste_show_both_networks(tmp_path, seed, clause, alike):
    path, _ = written(tmp_path, SEEDED, SEEDED.replace("seed", seed))
    shown = pasted(path, clause, "initialization").split("array")
    assert (shown[1] == shown[1 + len(shown) // 2]) is alike


def test_weights_that_are_zero_are_one_cause(tmp_path):
    path, _ = written(tmp_path, "rng.uniform(-a, a, (fan_in, fan_out))", "np.zeros((fan_in, fan_out))")
    outcome = checked(path, "initialization")
    assert [found.id for found in outcome.diagnoses] == ["init-zero"]
    assert len(outcome.diagnoses[0].explains) > 3


def test_an_update_inside_backward_is_no_dropout(tmp_path):
    path, _ = written(
        tmp_path, "        return dW, db\n", "        self.weights[-1] -= 0.1 * dW[-1]\n        return dW, db\n"
    )
    found = {one.id: one for one in checked(path, "shapes").diagnoses}
    assert "network.memoryless" in found["network-arguments-changed"].explains
    assert "forward-dropout" not in found


@pytest.mark.parametrize(
    ("mask", "name", "certainty"),
    [
        ("h *= getattr(self, f'mask{len(acts)}{len(x)}', h > 0)", "forward-stale", "certain"),
        ("h *= np.random.random(h.shape) < 0.9", "forward-dropout", "likely"),
    ],
)
def test_what_another_batch_left_is_told_from_dropout(tmp_path, mask, name, certainty):
    kept = "setattr(self, f'mask{len(acts)}{len(x)}', getattr(self, f'mask{len(acts)}{len(x)}', h > 0))"
    lines = f"h = acts[-1] @ w + b\n            {mask}\n            {kept}\n            acts.append(relu(h))"
    path, _ = written(tmp_path, "acts.append(relu(acts[-1] @ w + b))", lines)
    found = {one.id: one for one in checked(path, "shapes").diagnoses}
    assert found[name].certainty == certainty
    assert {"forward-stale", "forward-dropout"} & set(found) == {name}


def test_an_overflow_of_pure_python_is_that_of_softmax_without_a_shift(tmp_path):
    text = "import math\n\n\ndef softmax(z):\n    e = [math.exp(v) for v in z]\n    return [v / sum(e) for v in e]\n"
    (path := tmp_path / "net.py").write_text(text, encoding="utf-8")
    assert [(one.id, one.certainty) for one in checked(path, "softmax").diagnoses] == [("softmax-no-shift", "certain")]


def test_a_reading_that_explains_all_numbers_leaves_nothing_to_others(tmp_path):
    """The loss is right but for an epsilon of 1e-300, which no call can show once exp overflows."""
    style = next(style for style in STYLES if style.file == "pure_python.py")
    mistake = next(mistake for mistake in style.mistakes if mistake.name == "softmax without the shift")
    outcome = api.check(str(style.copy(tmp_path, mistake)), conventions=style.declared)
    assert "golden.cross_entropy" in {spec.id for spec in outcome.specs if spec.outcome == "failed"}
    assert "loss-ignores-zeros" not in {one.id for one in outcome.diagnoses}


def test_a_batch_that_raises_only_after_another_one_has_one_cause(tmp_path):
    text = SHARED.replace("[relu]", "[ReLU()]").replace("self.x = x", "self.x = getattr(self, 'x', x)")
    (path := tmp_path / "net.py").write_text(text, encoding="utf-8")
    outcome = api.check(str(path), chapters=["shapes", "gradients", "training"])
    assert [(one.id, one.certainty) for one in outcome.diagnoses] == [("cache-stale", "certain")]


SHARED = """
import numpy as np


class Dense:
    def __init__(self, n, m, rng):
        a = np.sqrt(6 / (n + m))
        self.W, self.b = rng.uniform(-a, a, (n, m)), np.zeros(m)
        self.dW, self.db = np.zeros((n, m)), np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW[...], self.db[...] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Network:
    def __init__(self, sizes, seed=0):
        rng, relu, self.layers = np.random.default_rng(seed), ReLU(), []
        for i in range(len(sizes) - 1):
            self.layers += [Dense(sizes[i], sizes[i + 1], rng)] + [relu] * (i < len(sizes) - 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, x, y):
        self.y = y
        return -np.log(self.forward(x)[np.arange(len(y)), y]).mean()

    def backward(self):
        grad = self.p.copy()
        grad[np.arange(len(self.y)), self.y] -= 1
        grad /= len(self.y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
"""


def test_gradients_that_another_pass_left_are_not_those_of_the_loss(tmp_path):
    """One ReLU object stands behind every layer: going back raises, and what it filled before is no gradient."""
    path = tmp_path / "net.py"
    path.write_text(SHARED, encoding="utf-8")
    found = checked(path, "shapes", "gradients").diagnoses
    line = SHARED[: SHARED.index("        return dout * self.mask")].count("\n") + 1
    assert [(one.where, one.certainty) for one in found] == [(f"net.py:{line}", "certain")]
    assert "backward raised ValueError" in found[0].title


LOSS = "-np.mean(np.log(p[np.arange(len(y)), y]))"
HIDDEN = "            acts.append(relu(acts[-1] @ w + b))"


@pytest.mark.parametrize(
    ("changes", "chapters", "name", "after"),
    [
        (
            ((LOSS, "-np.mean(np.log2(p[np.arange(len(y)), y] + 1e-9))"),),
            ("cross_entropy", "shapes"),
            "loss-log-base",
            "np.log(p[",
        ),
        (
            ((LOSS, "-np.mean(np.eye(p.shape[1])[y] * np.log(p + 1e-9))"),),
            ("cross_entropy", "shapes"),
            "loss-averaged-over-classes",
            "/ len(y)",
        ),
        (
            (
                (LOSS, LOSS.replace("y])", "y] + 1e-9)")),
                ("e.sum(axis=1, keepdims=True)", "e.sum(axis=0, keepdims=True)"),
            ),
            ("softmax", "shapes"),
            "softmax-over-batch",
            "e.sum(axis=1, keepdims=True)",
        ),
    ],
    ids=["another base", "another mean", "another axis"],
)
def test_an_epsilon_that_the_mistake_hid_is_no_obstacle_to_a_change(tmp_path, changes, chapters, name, after):
    text = HONEST
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "net.py"
    path.write_text(text, encoding="utf-8")
    first = checked(path, *chapters).diagnoses[0]
    assert (first.id, first.certainty, first.placed) == (name, "certain", "tried")
    assert after in first.change[1]


@pytest.mark.parametrize(
    ("new", "name", "certainty"),
    [
        (
            f"{HIDDEN}\n            acts[-1][:, 512:] *= 2\n            acts[-1][:, 600:] *= 3",
            "layers-of-great-width",
            "likely",
        ),
        (
            f"{HIDDEN}\n            acts[-1][300:] *= 2\n            acts[-1][400:] *= 3",
            "batch-beyond-a-limit",
            "certain",
        ),
    ],
)
def test_a_cause_by_sizes_is_certain_if_numbers_prove_it_and_its_line_only_reads_so(tmp_path, new, name, certainty):
    """A part of the batch comes out right; of a wide network nothing narrower can be asked."""
    path, _ = written(tmp_path, HIDDEN, new)
    outcome = checked(path, "shapes")
    first = outcome.diagnoses[0]
    assert (first.id, first.certainty, first.change, first.placed) == (name, certainty, None, "reads")
    assert f"{first.where} (by how it reads)" in page(outcome)
    assert outcome.to_dict()["diagnoses"][0]["placed"] == "reads"


def test_biases_made_as_one_array_have_a_name(tmp_path):
    path, line = written(tmp_path, "[np.zeros(n) for n in sizes[1:]]", "np.zeros(sizes[1:])")
    (found,) = checked(path).diagnoses
    assert (found.id, found.certainty) == ("init-biases-in-one-array", "likely")
    assert found.where == f"net.py:{line}"


def test_the_line_of_a_class_is_no_place(tmp_path):
    update = "                self.step(self.backward(x[batch], y[batch]), lr)\n"
    decays = "".join(
        f"                self.weights = [w * (1 - 1e-{e} * (_ > 3)) for w in self.weights]\n" for e in (3, 4)
    )
    path, _ = written(tmp_path, update, update + decays)
    places = [int(found.where.removeprefix("net.py:")) for found in checked(path, "training").diagnoses]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert places
    assert not any(lines[place - 1].startswith("class") for place in places)
