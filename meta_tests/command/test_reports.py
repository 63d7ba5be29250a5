"""What a report says of how a file was read, of what was not understood, and of what is declared and imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.contract.conventions import NATIVE
from chainrule.contract.declarations import NAMES, Declared, project_of
from chainrule.contract.errors import UnusableTarget
from chainrule.host.source.frameworks import frameworks_of
from chainrule.reference import MLP
from chainrule.reports.text import NOTES, SKIPS, listed
from chainrule.running.loading import load
from chainrule.support.source_positions import came_of, place_of

pytestmark = pytest.mark.once

RELU = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
COLUMNS = Path(__file__).parents[1] / "banks" / "styles" / "column_net.py"
KAGGLE = Path(__file__).parents[1] / "banks" / "styles" / "kaggle_global_m.py"
ACTIVATIONS = ("--chapter", "activations")


@pytest.fixture(autouse=True)
def surroundings(terminal):
    terminal(200)
    Path("mine.py").write_text(RELU, encoding="utf-8")


@pytest.fixture
def as_json(command):
    return lambda *arguments: json.loads(command("check", *arguments, "--format", "json")[1])


# How the file is read


def test_conventions_that_are_not_native_are_in_the_header(command):
    _, printed, _ = command("check", COLUMNS, *ACTIVATIONS, "--convention", "precision=float64")
    line = next(line for line in printed.splitlines() if line.startswith("conventions  "))
    for said in ("samples columns (inferred)", "labels one_hot (inferred)", "precision float64 (declared)"):
        assert said in line
    for native in ("reduction", "output", "arrays"):
        assert native not in line
    assert "network      class NN\n" in printed


def test_every_convention_is_explained(command):
    status, printed, _ = command("check", COLUMNS, *ACTIVATIONS, "--explain-conventions")
    assert status == 0
    before = printed.partition("\nchainrule ")[0]
    loaded = load(str(COLUMNS))
    assert loaded.impl.conventions.keys() == NATIVE.keys()
    for key, convention in loaded.impl.conventions.items():
        row = next(line for line in before.splitlines() if line.strip().startswith(f"{key} "))
        assert convention.value in row
        assert convention.source in row
        assert convention.how in row
    for said in ("forward_propagation(X)", "compute_cost(A2, Y)", "it returns the gradients", "result[0]"):
        assert said in before


def test_conventions_are_explained_beside_a_json_report(command):
    status, printed, said = command("check", "mine.py", *ACTIVATIONS, "--explain-conventions", "--format", "json")
    assert (status, json.loads(printed)["verdict"]) == (0, "pass")
    assert "samples" in said


def test_json_says_how_conventions_were_found_and_the_notes(as_json):
    written = as_json(KAGGLE, *ACTIVATIONS)
    assert written["conventions"]["samples"] == {
        "value": "columns",
        "source": "inferred",
        "how": load(str(KAGGLE)).impl.conventions["samples"].how,
    }
    notes = " ".join(written["notes"])
    assert "the code that ran does not define m: chainrule sets it to the number of samples before every call" in notes
    assert "pandas is not installed: what needs it did not run" in notes or "pandas" not in notes


def test_notes_beyond_the_first_are_counted(command):
    imports = "".join(f"with open('gone{i}') as f{i}:\n    import gone{i}.a as g{i}\n" for i in range(2))
    body = "".join(f"def f{i}():\n    return missing{i}\n\n\nmissing{i} = open('gone')\n" for i in range(NOTES + 3))
    Path("many.py").write_text(imports + RELU + body, encoding="utf-8")
    _, printed, _ = command("check", "many.py", *ACTIVATIONS)
    notes = printed.partition("\nnotes  how chainrule reads the file\n")[2].partition("\n\n")[0]
    assert notes.count("is read by") + notes.count("not installed") == NOTES
    assert "more: --explain-conventions" in notes
    assert "gone0, gone1 are not installed: what needs them did not run" in " ".join(notes.split())


def test_of_many_skips_for_one_reason_the_families_are_told():
    few = [f"softmax.s{i}" for i in range(SKIPS)]
    assert listed(few, "skipped") == ", ".join(few)
    assert listed([*few, "network.loss"], "skipped") == f"{SKIPS + 1} specs (softmax.*, network.loss)"
    assert "softmax.s0" in listed([*few, "network.loss"], "todo")


# What was not understood


ODD = """
class Brain:
    def __init__(self, wiring):
        self.axons = wiring["a"]

    def forward(self, thought):
        return thought
"""
HALF = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.random.randn(n_in, n_hidden), np.zeros(n_hidden)
        self.W2, self.b2 = np.random.randn(n_hidden, n_out), np.zeros(n_out)

    def forward(self, X, astrology):
        return X @ self.W1
"""


@pytest.mark.parametrize(
    ("source", "looked_for", "found"),
    [
        (ODD, "looked for a network: a class, or functions,", "Brain"),
        (HALF, "looked for forward of class Net", "astrology"),
    ],
)
def test_what_is_not_understood_is_one_message(command, as_json, source, looked_for, found):
    Path("odd.py").write_text(source, encoding="utf-8")
    status, printed, _ = command("check", "odd.py")
    assert status == 1
    assert printed.count("not understood  ") == 1
    assert printed.count("chainrule adapt odd.py") == 1
    message = printed[printed.index("not understood  ") :].partition("\n\n")[0]
    assert looked_for in message
    assert found in message
    assert as_json("odd.py")["not_understood"].splitlines()[-1] == "chainrule adapt odd.py"


SCRIPT = """
import numpy as np

W1, b1 = np.random.randn(4, 6), np.zeros(6)
W2, b2 = np.random.randn(6, 3), np.zeros(3)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for epoch in range(3):
    for x in np.eye(4):
        W2 -= sigmoid(x @ W1 + b1)[:, None] * b2
if __name__ == "__main__":
    while True:
        print(W1)
"""


def test_what_is_not_understood_is_said_before_anything_else(command, as_json):
    Path("odd.py").write_text(ODD, encoding="utf-8")
    printed = command("check", "odd.py")[1]
    lines = printed.splitlines()
    assert lines.index(next(line for line in lines if line.startswith("not understood"))) <= 4
    assert "nothing was checked" in lines[-1]
    assert "MLP is missing" not in printed  # 98 specs that are todo say nothing
    found = as_json("odd.py")
    assert (found["verdict"], {spec["outcome"] for spec in found["specs"]}) == ("incomplete", {"todo"})
    compile(found["sketch"], "sketch", "exec")
    for line in ("return self.target.Brain(wiring)", "return net.forward(thought)"):
        assert f"        {line}" in found["sketch"].splitlines()
        assert f"            {line}" in printed
    Path("half.py").write_text(HALF, encoding="utf-8")
    printed = command("check", "half.py")[1]
    assert printed.index("not understood") < printed.index("activations  ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "self.W = wiring.nothing",
            "Brain raised AttributeError at odd.py:5: 'list' object has no attribute",
        ),
        ("self.W = [1] * wiring", "Brain raised TypeError at odd.py:5: can't multiply sequence by non-int"),
    ],
)
def test_an_exception_of_the_code_has_its_place(as_json, body, said):
    source = f"class Brain:\n\n\n    def __init__(self, layer_sizes):\n        wiring = layer_sizes; {body}\n"
    Path("odd.py").write_text(source + "\n    def forward(self, x):\n        return x\n", encoding="utf-8")
    assert said in as_json("odd.py")["not_understood"]


def test_an_exception_of_chainrules_own_making_is_not_shown():
    with pytest.raises(AttributeError) as caught:
        MLP.nothing  # noqa: B018
    assert came_of("Net", caught.value).startswith("Net raised AttributeError at test_reports.py:")
    with pytest.raises(AttributeError) as caught:
        load("mine.py").impl.nothing  # noqa: B018
    inner = caught.value.with_traceback(caught.value.__traceback__.tb_next)  # without the frame of this file
    assert came_of("Net", inner) == "Net: chainrule found no call that fits"
    error = TypeError("Net.__init__() missing 1 required positional argument: 'x'")
    assert came_of("Net", error) == f"Net: chainrule found no call that fits ({error})"


def test_no_place_is_in_chainrules_own_files():
    assert place_of(load) is None
    assert place_of(MLP) is not None or "site-packages" in str(Path(load.__code__.co_filename))
    assert place_of(raises_nothing).startswith("test_reports.py:")


def raises_nothing():
    pass


def test_a_script_without_functions_is_told_what_to_do_with_its_loops(command, as_json):
    Path("script.py").write_text(SCRIPT, encoding="utf-8")
    found = as_json("script.py")
    assert {spec["outcome"] for spec in found["specs"]} == {"todo"}
    assert "loops at module level, which nothing can call (line 12 to 14, line 16 to 17)" in found["not_understood"]
    assert found["sketch"].startswith("class MLP:")
    compile(found["sketch"], "sketch", "exec")
    printed = command("check", "script.py")[1]
    assert "\nnot understood  " in printed
    assert "def fit(self, x, y, *, epochs, batch_size, lr, seed=0):  # the loop" in printed


def test_arrays_that_no_function_reads_are_not_a_network(as_json):
    source = SCRIPT.partition("for epoch")[0] + "\n\ndef forward(x):\n    return sigmoid(x @ W1 + b1) @ W2 + b2\n"
    Path("globals.py").write_text(source, encoding="utf-8")
    Path("unread.py").write_text(source.replace("return sigmoid(x @ W1 + b1) @ W2 + b2", "return x"), encoding="utf-8")
    assert load("globals.py").description.form == "functions around global arrays"
    assert load("unread.py").description.form == ""


def test_nothing_found_is_said_once(command, as_json):
    Path("helper.py").write_text("def one_hot(y):\n    return y\n", encoding="utf-8")
    said = "helper.py defines one_hot, and nothing under a name that chainrule knows; chainrule new FILE writes"
    assert f"\nnothing found  {said}" in command("check", "helper.py")[1]
    assert said in as_json("helper.py")["nothing_found"]
    command("check", "helper.py", "--format", "html", "--output", "report.html")
    assert said in Path("report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", ["", RELU, "def one_hot(y):\n    return y\n"], ids=["empty", "begun", "helper"])
def test_what_is_not_written_yet_is_not_misunderstood(command, source):
    Path("mine.py").write_text(source, encoding="utf-8")
    assert "not understood" not in command("check", "mine.py")[1]


def test_a_skeleton_is_not_misunderstood(command):
    command("new", "skeleton.py")
    assert "not understood" not in command("check", "skeleton.py")[1]


# What is declared


def test_several_conventions_and_names(as_json):
    Path("mine.py").write_text(RELU.replace("relu", "rectify"), encoding="utf-8")
    declared = ["--convention", "initialization=he", "--convention", "samples=columns", "--convention", "samples=rows"]
    found = as_json("mine.py", *ACTIVATIONS, *declared)["conventions"]
    assert {key: found[key]["value"] for key in ("initialization", "samples")} == {
        "initialization": "he",
        "samples": "rows",
    }
    assert found["samples"]["source"] == "declared"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--convention", "samples"], "--convention samples: expected KEY=VALUE, such as samples=columns"),
        (["--convention", "=rows"], "--convention =rows: expected KEY=VALUE"),
        (["--convention", "samples="], "--convention samples=: expected KEY=VALUE"),
        (["--convention", "sample=rows"], "not a convention"),
        (["--convention", "samples=diagonal"], "expected rows or columns"),
        (["--name", "MLP"], "--name MLP: expected KEY=VALUE, such as MLP=NeuralNetwork"),
        (["--name", "forwrad=fp"], "'forwrad' is not a name of the contract; expected one of relu, softmax"),
    ],
)
def test_declarations_that_are_none(command, arguments, message):
    status, _, said = command("check", "mine.py", *arguments)
    assert status == 4
    assert message in said


def test_who_declares_is_stronger(as_json):
    """The command line beats pyproject.toml, that beats the file's own dictionary, and that beats what is found."""

    def initialization(*arguments):
        return as_json("inner/mine.py", *ACTIVATIONS, *arguments)["conventions"]["initialization"]

    Path("inner").mkdir()
    Path("inner/mine.py").write_text(RELU, encoding="utf-8")
    assert initialization()["source"] != "declared"
    Path("inner/mine.py").write_text("CHAINRULE = {'initialization': 'lecun'}\n" + RELU, encoding="utf-8")
    assert initialization()["value"] == "lecun"
    Path("pyproject.toml").write_text('[tool.chainrule.conventions]\ninitialization = "he"\n', encoding="utf-8")
    assert initialization()["value"] == "he"
    assert initialization("--convention", "initialization=any")["value"] == "any"
    Path("inner/pyproject.toml").write_text("[project]\n", encoding="utf-8")  # the nearest counts, and it alone
    assert initialization()["value"] == "lecun"


def test_what_a_project_declares(tmp_path):
    Path("pyproject.toml").write_text(
        '[tool.chainrule.conventions]\nlog_epsilon = 1e-12\narchitecture = [784, 10, 10]\nsamples = "columns"\n'
        '[tool.chainrule.names]\nMLP = "NeuralNetwork"\n',
        encoding="utf-8",
    )
    declared = project_of(tmp_path / "mine.py")
    assert declared.conventions == {"log_epsilon": 1e-12, "architecture": [784, 10, 10], "samples": "columns"}
    assert declared.names == {"MLP": "NeuralNetwork"}
    impl = load("mine.py").impl
    assert impl.conventions["architecture"].value == "[784, 10, 10]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.chainrule.conventions\n", "not valid TOML"),
        ("[tool.chainrule]\nconventions = 3\n", r"expected \[tool.chainrule.conventions\] to be a table"),
        ("[tool.chainrule.convention]\n", "found 'convention'"),
        ('[tool.chainrule.conventions]\nsample = "rows"\n', "not a convention"),
        ("[tool.chainrule.conventions]\nsamples = 3\n", "expected rows or columns"),
        ("[tool.chainrule.names]\nMLP = 3\n", "MLP should be mapped to the name that the file uses, found 3"),
        ('[tool.chainrule.names]\nNet = "MLP"\n', "'Net' is not a name of the contract"),
        (b"\xff\xfe[tool]", "not valid TOML"),
    ],
)
def test_a_project_that_declares_what_cannot_be(tmp_path, command, text, message):
    Path("pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnusableTarget, match=message) as raised:
        project_of(tmp_path / "mine.py")
    assert str(raised.value).startswith(str(tmp_path / "pyproject.toml"))
    assert command("check", "mine.py")[0] == 4


def test_declarations_over_each_other():
    weak, strong = Declared({"a": 1, "b": 1}, {"MLP": "A"}), Declared({"b": 2}, {"relu": "r"})
    assert strong.over(weak) == Declared({"a": 1, "b": 2}, {"MLP": "A", "relu": "r"})
    assert {"MLP", "weights", "forward", "softmax_loss"} <= set(NAMES)


def test_workers_are_told_what_is_declared(as_json):
    pytest.importorskip("xdist")
    Path("mine.py").write_text(RELU + "\n\nassert False\n", encoding="utf-8")
    declared = ["--convention", "precision=float32", "-n", "2"]
    one, many = (as_json("mine.py", *ACTIVATIONS, *arguments) for arguments in (declared[:2], declared))
    assert [spec["outcome"] for spec in one["specs"]] == [spec["outcome"] for spec in many["specs"]]


def test_all_of_a_file_runs_if_that_is_asked_for(command):
    Path("whole.py").write_text(RELU + "\n\nprint('ran')\nopen('ran.txt', 'w').close()\n", encoding="utf-8")
    assert command("check", "whole.py", *ACTIVATIONS)[0] == 0
    assert not Path("ran.txt").exists()
    assert command("check", "whole.py", *ACTIVATIONS, "--run-all")[0] == 0
    assert Path("ran.txt").exists()


def test_the_lines_to_paste_declare_the_same(as_json):
    Path("mine.py").write_text(RELU.replace("np.maximum(z, 0)", "np.abs(z)"), encoding="utf-8")
    Path("adapt.py").write_text(
        "import chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu(self, z):\n        return self.target.relu(z)\n",
        encoding="utf-8",
    )
    written = as_json("mine.py", "--adapter", "adapt.py", *ACTIVATIONS, "--convention", "samples=rows", "--run-all")
    snippets = {spec["snippet"].splitlines()[2] for spec in written["specs"] if spec["outcome"] == "failed"}
    options = "adapter='adapt.py', conventions={'samples': 'rows'}, run_all=True"
    assert snippets == {f"impl = chainrule.load('mine.py', {options})"}


# What is imported


def test_frameworks_are_reported_and_fail_where_they_must_not_be(command, as_json):
    Path("mine.py").write_text("def late():\n    from torch import nn\n\n\n" + RELU, encoding="utf-8")
    status, printed, _ = command("check", "mine.py", *ACTIVATIONS)
    assert status == 0
    assert "not scratch  torch (mine.py:2: from torch import nn)\n" in printed
    status, printed, _ = command("check", "mine.py", *ACTIVATIONS, "--from-scratch")
    assert status == 1
    assert "\nfail  9 passed; imports torch  " in printed
    written = as_json("mine.py", *ACTIVATIONS, "--from-scratch")
    assert written["verdict"] == "fail"
    assert written["frameworks"] == [{"name": "torch", "where": "mine.py:2", "statement": "from torch import nn"}]
    assert "torch" in command("check", "mine.py", *ACTIVATIONS, "--from-scratch", "--format", "html")[1]


def test_from_scratch_is_a_pass(command, as_json):
    assert command("check", "mine.py", *ACTIVATIONS, "--from-scratch")[0] == 0
    assert as_json("mine.py", *ACTIVATIONS)["frameworks"] == []


def test_what_is_imported_by_way_of_neighbours_counts(command):
    Path("borrowed_layers.py").write_text(
        "import numpy as np\nimport keras.layers as kl\nimport cupy\n", encoding="utf-8"
    )
    Path("mine.py").write_text("from borrowed_layers import np\n" + RELU, encoding="utf-8")
    assert "keras (borrowed_layers.py:2: import keras.layers as kl)" in command("check", "mine.py", *ACTIVATIONS)[1]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import jax.numpy as jnp, numpy\nfrom sklearn.datasets import load_digits\n", ["jax", "sklearn"]),
        ("import chainrule.reference\n", ["chainrule"]),
        ("import cupy, numba, scipy, pandas, matplotlib\nfrom . import torch\nimport torchless\n", []),
        ("import torch\nimport torch.nn\n", ["torch"]),
        ("torch = 'import torch'\n", []),
    ],
)
def test_what_is_a_framework(tmp_path, source, names):
    path = tmp_path / "some.py"
    path.write_text(source, encoding="utf-8")
    assert [found.name for found in frameworks_of(path, "some")] == names


def test_a_module_of_ones_own_is_no_framework_by_its_name(tmp_path):
    (tmp_path / "autograd.py").write_text("import numpy\n", encoding="utf-8")
    path = tmp_path / "some.py"
    path.write_text("from autograd import Tensor\n", encoding="utf-8")
    assert frameworks_of(path, "some") == ()


def test_chainrule_may_import_itself(command):
    assert command("check", "chainrule.reference", *ACTIVATIONS, "--from-scratch")[0] == 0


def test_a_page(command):
    status, printed, said = command("check", "mine.py", *ACTIVATIONS, "--format", "html", "--output", "report.html")
    assert (status, printed, said) == (0, "", "")
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_lines_to_paste_show_what_is_left_of_an_argument(as_json):
    Path("inplace.py").write_text("def relu(z):\n    z[z < 0] = 0\n    return z\n", encoding="utf-8")
    (kept,) = [spec for spec in as_json("inplace.py")["specs"] if spec["id"] == "relu.input_kept"]
    *_, call, shown = kept["snippet"].splitlines()
    assert call == "relu(z)"
    printed = subprocess.run([sys.executable, "-c", kept["snippet"]], capture_output=True, text=True, check=True)
    assert shown == "print(z)  # should still be np.array([[-1.0, 2.0]])"
    assert printed.stdout == "[[0. 2.]]\n"


def test_no_network_is_looked_for_beside_an_extension_alone(as_json):
    Path("rates.py").write_text(
        "class constant:\n    def __init__(self, lr):\n        self.lr = lr\n", encoding="utf-8"
    )
    written = as_json("rates.py")
    assert {spec["chapter"] for spec in written["specs"]} == {"schedules"}
    assert written["not_understood"] == ""
    messages = {spec["message"] for spec in written["specs"]}
    assert any("constant has no method that tells the rate" in message for message in messages), messages
