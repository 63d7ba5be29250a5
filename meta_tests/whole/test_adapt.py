"""Drafts of adapters: they run as they are, give the verdict that there is without one, and are to be read."""

import ast
import re
from pathlib import Path

import pytest

import chainrule
from banks.style_bank import STYLES
from chainrule.adapters.adapt import CORE, NETWORK, SIGNATURES, WIDTH, draft, same
from chainrule.cli import main
from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.running import run
from chainrule.running.loading import load

BY_FILE = {style.file: style for style in STYLES}
HANDED_ON = {  # what is more than a few lines in these styles, of all that was recognised
    "neural_network_rows.py": (),
    "column_net.py": (),
    "lr_in_constructor.py": (),
    "three_layers.py": (),
    "mnist_hardwired.py": (),
    "hidden_size_only.py": (),
    "sizes_list_float32.py": (),
    "hidden_dims_loss_grads.py": (),
    "kaggle_digits.py": ("fit",),  # it makes new parameters before it trains
    "kaggle_global_m.py": ("fit",),
    "deeplearning_ai.py": ("fit",),
    "functional_params_dict.py": (),
    "cs231n_two_layer.py": (),
    "class_alone.py": (),
    "cache_dict.py": (),
    "loss_and_grads.py": (),
    "fixed_seed.py": (),
}
COMPARED = (
    *("neural_network_rows.py", "kaggle_global_m.py", "deeplearning_ai.py", "reduction_sum.py"),
    *("hidden_dims_loss_grads.py", "layers_in_network.py", "cs231n_two_layer.py", "nielsen_softmax.py"),
    *("sklearn_like.py", "zero_grad.py"),
)
CHAPTERS = ("activations", "softmax", "shapes", "gradients", "training")


def copied(style, folder, mistake=None):
    return str(style.copy(folder, mistake))


def methods(source):
    """{name: its source} of the methods of a draft."""
    adapter = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {
        node.name: ast.get_source_segment(source, node) for node in adapter.body if isinstance(node, ast.FunctionDef)
    }


def outcomes(loaded):
    outcome = run.check(loaded, chapters=CHAPTERS)
    return outcome.verdict, {spec.id: spec.outcome for spec in outcome.specs}


@pytest.mark.parametrize("file", HANDED_ON)
def test_common_styles_are_written_out(file, tmp_path):
    style = BY_FILE[file]
    written = draft(load(copied(style, tmp_path), conventions=style.declared))
    assert written.handed_on == HANDED_ON[file], written.source
    assert set(NETWORK) <= {*written.explicit, *written.handed_on, *written.open}
    for name, text in methods(written.source).items():
        assert ("self.found" in text) is (name == "__init__" or name in HANDED_ON[file])


def test_a_draft_is_in_the_words_of_the_file(tmp_path):
    style = BY_FILE["column_net.py"]
    written = methods(draft(load(copied(style, tmp_path), conventions=style.declared)).source)
    assert "model.forward_propagation(x.T)[0].T" in written["forward"]
    assert "np.eye(model.b2.size)[y].T" in written["loss"]
    assert "self.target.NN(n_x=sizes[0], n_h=sizes[1], n_y=sizes[-1])" in written["create"]
    assert "[model.W1.T, model.W2.T]" in written["parameters"]


def test_a_draft_declares_what_no_adapter_can_translate(tmp_path):
    style = BY_FILE["column_net.py"]
    source = draft(load(copied(style, tmp_path), conventions=style.declared)).source
    declared = next(node.value for node in ast.parse(source).body if isinstance(node, ast.Assign))
    assert ast.literal_eval(declared) == {
        "initialization": "any",
        "log_epsilon": "1e-12",
        "architecture": "[*, *, *]",
        "seeding": "global",
    }


@pytest.mark.parametrize("file", COMPARED)
@pytest.mark.parametrize("faulty", [False, True], ids=["right", "wrong"])
def test_the_verdict_is_the_same_with_a_draft(file, faulty, tmp_path):
    style = BY_FILE[file]
    path = copied(style, tmp_path, style.mistakes[0] if faulty else None)
    alone = load(path, conventions=style.declared)
    adapter = tmp_path / "the_adapter.py"
    adapter.write_text(draft(alone).source, encoding="utf-8")
    assert outcomes(load(path, str(adapter))) == outcomes(alone)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.file)
def test_every_draft_is_readable_python(style, tmp_path):
    if style.needs:
        pytest.importorskip(style.needs)
    written = draft(load(copied(style, tmp_path), conventions=style.declared), "the_adapter.py")
    inside = written.source.partition('"""\n\n')[2]  # the docstring names the path, however long
    assert max(map(len, inside.splitlines())) <= WIDTH + 4, max(inside.splitlines(), key=len)
    assert all(len(text.splitlines()) <= 17 for text in methods(written.source).values())
    for name in CORE:
        assert re.search(rf"^    (# )?def {name}\(self", written.source, re.MULTILINE), name
    file = tmp_path / "the_adapter.py"
    file.write_text(written.source, encoding="utf-8")
    load(str(tmp_path / style.file), str(file))


def test_a_file_in_which_nothing_is_recognised(tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(
        "class Brain:\n    def think(self, thought): return thought\n\n\n"
        "def train_step(X, Y, lr):\n    return X\n\n\ndef helper(a, b=2):\n    return a\n",
        encoding="utf-8",
    )
    written = draft(load(str(path)))
    assert (written.explicit, written.handed_on, set(written.open)) == ((), (), set(CORE))
    for definition in ("class Brain()", "train_step(X, Y, lr)", "helper(a, b=2)"):
        assert definition in written.source
    assert methods(written.source) == {}
    assert "    # def forward(self, model, x):" in written.source
    fit = written.source[written.source.index("# def fit(") :]
    assert "found: train_step(X, Y, lr)" in fit
    file = tmp_path / "odd_adapter.py"
    file.write_text(written.source, encoding="utf-8")
    outcome = run.check(load(str(path), str(file)), chapters=("softmax",))
    assert {spec.outcome for spec in outcome.specs} == {"todo"}


def test_the_contracts_own_names(tmp_path):
    written = draft(load("chainrule.reference"))
    assert written.handed_on == ()
    assert set(written.explicit) == {
        *CORE,
        *(name for name in EXTENSION_NAMES["layers"] if f"def {name}" in written.source),
    }


def test_signatures_are_those_of_the_interface():
    import inspect

    for name, signature in SIGNATURES.items():
        parameters = inspect.signature(getattr(Implementation, name)).parameters.values()
        names = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        only = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        assert ["self", *re.findall(r"\w+", signature.partition("*")[0])] == names
        assert re.findall(r"\w+", signature.partition("*")[2]) == only


def test_what_is_recognised_is_there_for_adapters(tmp_path):
    style = BY_FILE["kaggle_global_m.py"]
    module = load(copied(style, tmp_path)).host.implementation.target
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


def test_gradients_of_an_update_that_comes_too_early():
    from chainrule.host.recognition.gradients import Contradiction

    class Early(chainrule.Implementation):
        def parameters(self, model):
            return [model["w"]], [model["b"]]

        def assign(self, model, weights, biases):
            model["w"], model["b"] = weights[0].copy(), biases[0].copy()

    import numpy as np

    model = {"w": np.ones((2, 2)), "b": np.ones(2)}

    def update(rate):
        model["b"] = model["b"] - rate
        model["w"] = model["w"] - rate * model["b"]

    with pytest.raises(Contradiction, match="updated before"):
        chainrule.gradients_from_update(Early(None), model, update)

    def plain(rate):
        model["w"], model["b"] = model["w"] - rate * 3, model["b"] - rate * 2

    model = {"w": np.ones((2, 2)), "b": np.ones(2)}
    (weights,), (biases,) = chainrule.gradients_from_update(Early(None), model, plain)
    assert (weights == 3).all()
    assert (biases == 2).all()
    assert (model["w"] == 1).all()


def test_results_are_compared_to_the_last_bit():
    assert same((None, [1.0, 2.0]), (None, [1.0, 2.0]))
    assert not same([1.0], [1.0 + 2**-52])
    assert same([1.0], [1.0 + 2**-52], within=1e-6)
    assert not same(("value", 1.0), ("ValueError", "1.0"))
    assert same(("ValueError", "a"), ("ValueError", "b"))
    assert not same([1.0], [[1.0]])


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        try:
            status = main(list(arguments))
        except SystemExit as error:
            status = error.code
        return status, *capsys.readouterr()

    return command


def test_the_command_writes_a_file_beside(command):
    Path("mine.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    status, printed, said = command("adapt", "mine.py")
    assert (status, said) == (0, "")
    assert printed.splitlines()[-1] == "chainrule check mine.py --adapter mine_adapter.py"
    assert "self.target.relu(z)" in Path("mine_adapter.py").read_text(encoding="utf-8")
    assert command("check", "mine.py", "--adapter", "mine_adapter.py", "--chapter", "activations")[0] == 1


def test_a_draft_never_takes_the_place_of_a_file(command):
    Path("mine.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    for output in ([], ["--output", "other.py"]):
        assert command("adapt", "mine.py", *output)[0] == 0
        status, _, said = command("adapt", "mine.py", *output)
        assert status == 4
        assert "exists already, and is left as it is" in said
    status, _, said = command("adapt", "mine.py", "--output", "gone/other.py")
    assert (status, "cannot be written" in said) == (4, True)
    assert command("adapt", "gone.py")[0] == 4


def test_a_draft_follows_what_is_declared(command):
    Path("mine.py").write_text("def squash(z):\n    return abs(z)\n", encoding="utf-8")
    assert command("adapt", "mine.py", "--convention", "initialization=he")[0] == 0
    assert 'CHAINRULE = {"initialization": "he"}' in Path("mine_adapter.py").read_text(encoding="utf-8")


def test_a_target_behind_an_adapter_has_no_draft(tmp_path):
    (tmp_path / "mine.py").write_text("def relu(z):\n    return abs(z)\n", encoding="utf-8")
    (tmp_path / "adapt.py").write_text(draft(load(str(tmp_path / "mine.py"))).source, encoding="utf-8")
    with pytest.raises(UnusableTarget, match="behind an adapter already"):
        draft(load(str(tmp_path / "mine.py"), str(tmp_path / "adapt.py")))
