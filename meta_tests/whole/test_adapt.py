"""Drafts of adapters: they run as they are, give the verdict that there is without one, and are to be read."""

import ast
import re
from pathlib import Path

import pytest

import chainrule
from banks.style_bank import STYLES
from chainrule import api
from chainrule.contract.chapters import EXTENSIONS
from chainrule.contract.errors import UnusableTarget
from chainrule.host.adapters.drafting import CORE, NETWORK, draft
from chainrule.host.source.targets import open_target
from chainrule.running.loading import load

BY_FILE = {style.file: style for style in STYLES}
WRITTEN = {  # what takes a few lines in these styles
    "column_net.py": ("forward", "loss"),
    "three_layers.py": ("forward", "loss", "backward"),
    "cs231n_two_layer.py": ("forward", "loss", "backward"),
    "lists_out_in_rows.py": ("forward", "loss", "backward"),
    "kaggle_global_m.py": (),  # a global has to be set before every call
}
COMPARED = (
    *("neural_network_rows.py", "kaggle_global_m.py", "deeplearning_ai.py", "reduction_sum.py", "zero_grad.py"),
    *("hidden_dims_loss_grads.py", "layers_in_network.py", "cs231n_two_layer.py", "nielsen_softmax.py"),
    "pure_python_neurons.py",
)
CHAPTERS = ("activations", "softmax", "shapes", "gradients", "training")
WIDTH = 120


def drafted(file, folder, mistake=None):
    """(the path of a style's copy, the draft of its adapter)."""
    style = BY_FILE[file]
    path = str(style.copy(folder, style.mistakes[0] if mistake else None))
    return path, draft(open_target(path, conventions=style.declared), "the_adapter.py")


def parts(source):
    """({name: value} of the dictionaries of a draft, {name: source} of its methods)."""
    body = ast.parse(source).body
    adapter = next(node for node in body if isinstance(node, ast.ClassDef))
    dictionaries = {node.targets[0].id: ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign)}
    methods = [node for node in adapter.body if isinstance(node, ast.FunctionDef)]
    return dictionaries, {node.name: ast.get_source_segment(source, node) for node in methods}


def outcomes(loaded):
    outcome = api.check_loaded(loaded, chapters=CHAPTERS)
    return outcome.verdict, {spec.id: spec.outcome for spec in outcome.specs}


@pytest.mark.parametrize("file", WRITTEN)
def test_what_takes_a_few_lines_is_written_out(file, tmp_path):
    written = drafted(file, tmp_path)[1]
    assert written.explicit == WRITTEN[file], written.source
    assert set(NETWORK) == {op for op in (*written.explicit, *written.handed_on) if op in NETWORK}
    for name, text in parts(written.source)[1].items():
        assert ("self.found" in text) is (name not in WRITTEN[file]), text


def test_a_draft_states_how_the_file_is_read(tmp_path):
    dictionaries, methods = parts(drafted("column_net.py", tmp_path)[1].source)
    assert dictionaries == {
        "CHAINRULE": {
            "initialization": "any",
            "log_epsilon": "1e-12",
            "architecture": "[*, *, *]",
            "seeding": "global",
        },
        "NAMES": {
            "MLP": "NN",
            "forward": "forward_propagation",
            "loss": "compute_cost",
            "backward": "backward_propagation",
            "step": "update_parameters",
        },
        "CONVENTIONS": {"samples": "columns", "weights": "out_in", "labels": "one_hot"},
    }
    assert methods["forward"].endswith("return model.value.forward_propagation(x.T)[0].T")
    assert "model.value.compute_cost(model.value.forward_propagation(x.T)[0], np.eye(classes)[y].T)" in methods["loss"]
    assert "# weights in .W1, .W2; biases in .b1, .b2" in methods["parameters"]
    assert "X is the inputs, Y is the labels" in methods["fit"]


@pytest.mark.parametrize(("file", "faulty"), [(file, bool(n % 2)) for n, file in enumerate(COMPARED)])  # half are wrong
def test_the_verdict_is_the_same_with_a_draft(file, faulty, tmp_path):
    path, written = drafted(file, tmp_path, faulty)
    adapter = tmp_path / "the_adapter.py"
    adapter.write_text(written.source, encoding="utf-8")
    assert outcomes(load(path, str(adapter))) == outcomes(load(path, conventions=BY_FILE[file].declared))


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.file)
def test_every_draft_loads_and_has_every_operation(style, tmp_path):
    if style.needs:
        pytest.importorskip(style.needs)
    path, written = drafted(style.file, tmp_path)
    inside = written.source.partition('"""\n\n')[2]  # the docstring names the path, however long
    assert max(map(len, inside.splitlines())) <= WIDTH, max(inside.splitlines(), key=len)
    assert {*written.explicit, *written.handed_on, *written.open} == set(CORE)
    for name in CORE:
        assert len(re.findall(rf"^    (?:# )?def {name}\(self", written.source, re.MULTILINE)) == 1, name
    (tmp_path / "the_adapter.py").write_text(written.source, encoding="utf-8")
    load(path, str(tmp_path / "the_adapter.py"))


def test_a_file_in_which_nothing_is_recognised(tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(
        "class Brain:\n    def think(self, thought): return thought\n\n\n"
        "def train_step(X, Y, lr):\n    return X\n\n\ndef helper(a, b=2):\n    return a\n",
        encoding="utf-8",
    )
    written = draft(open_target(str(path)))
    assert (written.explicit, written.handed_on, set(written.open)) == ((), (), set(CORE))
    for definition in ("class Brain()", "train_step(X, Y, lr)", "helper(a, b=2)"):
        assert definition in written.source
    assert "    # def forward(self, model, x):\n    #     (N, D) inputs" in written.source
    assert "the file has train_step(X, Y, lr)" in written.source[written.source.index("# def fit(") :]
    (tmp_path / "odd_adapter.py").write_text(written.source, encoding="utf-8")
    outcome = api.check_loaded(load(str(path), str(tmp_path / "odd_adapter.py")), chapters=("softmax",))
    assert {spec.outcome for spec in outcome.specs} == {"todo"}


def test_the_contracts_own_names():
    written = draft(open_target("chainrule.reference"))
    dictionaries, methods = parts(written.source)
    assert (dictionaries, written.explicit, written.open) == ({}, ("forward", "loss", "backward"), ())
    assert set(EXTENSIONS) <= set(methods)
    assert "return model.forward(x)" in methods["forward"]


def test_what_is_recognised_is_there_for_adapters(tmp_path):
    module = open_target(str(BY_FILE["kaggle_global_m.py"].copy(tmp_path))).host.implementation.target
    found = chainrule.recognised(module, missing=("m",))
    model = found.create([784, 5, 10], 0)
    weights, biases = found.parameters(model)
    assert [w.shape for w in weights] == [(784, 5), (5, 10)]
    x, y = weights[0].T[:3], [0, 9, 4]
    before = found.loss(model, x, y)
    found.step(model, found.backward(model, x, y), 0.01)
    assert found.loss(model, x, y) < before
    found.assign(model, weights, biases)
    assert found.loss(model, x, y) == pytest.approx(before, rel=1e-12)


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")


def test_the_command_writes_a_file_beside(command):
    status, printed, said = command("adapt", "mine.py", "--convention", "initialization=he")
    assert (status, said) == (0, "")
    assert printed.splitlines()[-1] == "chainrule check mine.py --adapter mine_adapter.py"
    written = Path("mine_adapter.py").read_text(encoding="utf-8")
    assert parts(written)[0] == {"CHAINRULE": {"initialization": "he"}}
    assert command("check", "mine.py", "--adapter", "mine_adapter.py", "--chapter", "activations")[0] == 1
    with pytest.raises(UnusableTarget, match="already has an adapter"):
        draft(open_target("mine.py", "mine_adapter.py"))


def test_a_draft_never_takes_the_place_of_a_file(command):
    for output in ([], ["--output", "other.py"]):
        assert command("adapt", "mine.py", *output)[0] == 0
        status, _, said = command("adapt", "mine.py", *output)
        assert (status, "this file exists already and was not changed" in said) == (4, True)
    status, _, said = command("adapt", "mine.py", "--output", "gone/other.py")
    assert (status, "cannot be written" in said) == (4, True)
    assert command("adapt", "gone.py")[0] == 4
