"""Styles that train themselves pass when all their names mean nothing: their own calls say what each function does."""

import re
from importlib.util import find_spec

import pytest

from banks.nonsense import nonsense, nonsense_notebook
from banks.style_bank import STYLES
from chainrule import api
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.rehearsal.rehearse import functions_of
from chainrule.host.source.targets import learn_from_its_training, load_source
from chainrule.running.loading import load

pytestmark = pytest.mark.once

# The styles that train themselves, and the verdict on each where it is not `pass`.
TRAINED = dict.fromkeys(
    """
    columns_three_layers_sum.py einsum_equal_hidden.py functional_params_dict.py functions_in_place.py
    hidden_dims_loss_grads.py hidden_size_only.py iris_assignment.ipynb kaggle_digits.ipynb kaggle_digits.py
    kaggle_fixed_classes.py kaggle_global_m.py layers_in_network.py list_of_dicts.py logprob_losses.py
    lr_in_constructor.py mnist_hardwired.py neural_network_rows.py properties_equal_batches.py pure_python.py
    nnfs_style.py reduction_sum.py saito_two_layer.py sequential_optimizer.py sequential_zero_grad.py torch_manual.py
    """.split(),
    "pass",
)
TRAINED["nnfs_style.py"] = "incomplete"  # its layers are classes, and nothing but a name tells which is ReLU
TRAINED["saito_two_layer.py"] = "incomplete"  # its script calls neither its loss nor a training
FEWEST = 23
AVAILABLE = [style for style in STYLES if style.needs is None or find_spec(style.needs)]
RENAMED = [style for style in AVAILABLE if style.file in TRAINED]


def meaningless(style, folder, mistake=None):
    """A copy of a style whose names mean nothing, with a mistake planted before; those in folders keep their names."""
    path = style.copy(folder, mistake)
    if path.parent == folder:
        text = path.read_text(encoding="utf-8")
        path.write_text(nonsense_notebook(text) if path.suffix == ".ipynb" else nonsense(text), encoding="utf-8")
    return path


def learnt(path):
    """What the functions of a file compute, as far as its own calls show it."""
    source = load_source(str(path))
    learn_from_its_training(source)
    return {learnt_of(function).operation for function in functions_of(vars(source.module)).values()} - {""}


def verdict(style, path):
    return api.check_loaded(load(str(path), conventions=style.declared)).verdict


@pytest.mark.filterwarnings("ignore::Warning")
def test_what_trains_itself_is_found_by_the_rehearsal(tmp_path):
    found = set()
    for number, style in enumerate(AVAILABLE):
        (tmp_path / str(number)).mkdir()
        if learnt(meaningless(style, tmp_path / str(number))):
            found.add(style.file)
    assert found == {style.file for style in RENAMED}


def test_enough_styles_train_themselves():
    assert sum(verdict == "pass" for verdict in TRAINED.values()) >= FEWEST
    assert {style.file for style in STYLES if style.needs} >= TRAINED.keys() - {style.file for style in RENAMED}


@pytest.mark.parametrize("style", RENAMED, ids=lambda style: style.file)
def test_a_style_whose_names_mean_nothing_passes(style, tmp_path):
    assert verdict(style, meaningless(style, tmp_path)) == TRAINED[style.file]


@pytest.mark.parametrize("style", RENAMED[::2], ids=lambda style: style.file)
def test_a_mistake_is_found_whatever_the_names(style, tmp_path):
    mistake = max(style.mistakes, key=lambda mistake: mistake.chapters[0] == "gradients")
    assert verdict(style, meaningless(style, tmp_path, mistake)) == "fail"


def test_the_program_renames_what_a_file_defines_and_nothing_else():
    source = "import numpy as np\nclass Net:\n    def forward(self, x):\n        self.W = np.dot(x, x)\n"
    source += "        return self.W.T\n"
    words = set(re.findall(r"\w+", nonsense(source)))
    assert not words & {"Net", "forward", "x", "W"}
    assert words >= {"numpy", "np", "self", "dot", "T"}
