"""Tests of the golden values: their reader, their generator, and that each case is what its description says."""

import ast
import dataclasses
import hashlib
import itertools
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule import golden
from chainrule.golden import generate
from chainrule.golden.generate import functions, layers, network, numbers

pytestmark = pytest.mark.once


def solve_one_hidden():
    return network.solve(next(recipe for recipe in network.RECIPES if recipe.name == "one_hidden"))


@pytest.fixture
def own_copy(tmp_path, monkeypatch):
    """A copy of the golden folder that a test may spoil, read in place of the real one."""
    folder = tmp_path / "golden"
    shutil.copytree(generate.FOLDER, folder)
    monkeypatch.setattr(golden, "FOLDER", folder)
    caches = (golden._network, golden._values, golden._checksums)
    for cached in caches:
        cached.cache_clear()
    yield folder
    for cached in caches:
        cached.cache_clear()


def committed():
    """The files as they stand, in the form of `generate.texts`."""
    names = [*golden._checksums(), "SHA256SUMS"]
    return {name: (generate.FOLDER / name).read_bytes().decode() for name in names}


# The reader


def test_names_run_from_the_smallest_network_to_the_largest():
    cases = [golden.load(name) for name in golden.names()]
    parameters = [sum(array.size for array in case.weights + case.biases) for case in cases]
    assert golden.names() == [recipe.name for recipe in network.RECIPES]
    assert parameters == sorted(parameters)


@pytest.mark.parametrize("name", golden.names())
def test_shapes_and_dtypes(name):
    case = golden.load(name)
    n, s = len(case.x), case.sizes
    layers = list(itertools.pairwise(s))
    for arrays in (case.weights, case.weight_grads, case.stepped_weights):
        assert [array.shape for array in arrays] == layers
    for arrays in (case.biases, case.bias_grads, case.stepped_biases):
        assert [array.shape for array in arrays] == [(fan_out,) for _, fan_out in layers]
    assert [array.shape for array in case.hidden] == [(n, size) for size in s[1:-1]]
    assert case.x.shape == (n, s[0])
    assert case.logits.shape == case.probabilities.shape == (n, s[-1])
    assert case.losses.shape == (case.steps + 1,)
    assert case.losses[0] == case.loss
    assert case.y.shape == (n,)
    assert case.y.dtype == np.int64
    assert 0 <= case.y.min() <= case.y.max() < s[-1]
    per_layer = (case.weights, case.biases, case.hidden, case.weight_grads, case.bias_grads)
    stepped = (case.stepped_weights, case.stepped_biases)
    arrays = [*itertools.chain(*per_layer, *stepped), case.x, case.logits, case.probabilities, case.losses]
    assert all(array.dtype == np.float64 and np.isfinite(array).all() for array in arrays)


def test_what_a_caller_does_to_a_case_stays_with_the_caller():
    golden.load("two_hidden").weights[0][:] = 0
    assert golden.load("two_hidden").weights[0].all()
    golden.functions().softmax[0][0][:] = 7
    assert golden.functions().softmax[0][0][0, 0] == 0


def test_a_case_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        golden.load("smallest").loss = 0.0


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match=r"expected one of smallest, .*image, found 'largest'"):
        golden.load("largest")


def test_functions_is_no_network():
    with pytest.raises(ValueError, match="found 'functions'"):
        golden.load("functions")


def test_any_chapter_is_read_as_arrays():
    first = golden.values("layers")["softmax_loss"][0]
    assert (first.x.dtype, first.y.dtype, type(first.loss)) == (np.float64, np.int64, float)
    first.x[:] = 7
    assert not golden.values("layers")["softmax_loss"][0].x[0].any()
    with pytest.raises(ValueError, match=r"expected one of .*functions, .*layers.*, found 'smallest'"):
        golden.values("smallest")


def test_checksums_are_those_of_the_files():
    for line in (generate.FOLDER / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((generate.FOLDER / name).read_bytes()).hexdigest() == digest


def test_a_changed_digit_is_noticed(own_copy):
    path = own_copy / "networks" / "one_hidden.json"
    path.write_bytes(path.read_bytes().replace(b"0.4317541122460881", b"0.4317541122460882", 1))
    with pytest.raises(
        ValueError, match=r"golden/data/networks/one_hidden\.json is corrupted: expected SHA-256 \w+, found \w+\."
    ):
        golden.load("one_hidden")
    assert golden.load("no_hidden").name == "no_hidden"


def test_changed_line_endings_are_noticed(own_copy):
    path = own_copy / "functions.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ValueError, match=r"golden/data/functions\.json is corrupted"):
        golden.functions()


# The generator


PROGRAM = sorted(Path(generate.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", PROGRAM, ids=lambda path: path.name)
def test_generator_imports_mpmath_and_the_standard_library_alone(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported |= {node.module for node in froms if node.level == 0}
    own = {node.module for node in froms if node.level}
    assert {node.level for node in froms} <= {0, 1}
    assert own <= {path.stem for path in PROGRAM}
    outside = {name.split(".")[0] for name in imported} - sys.stdlib_module_names
    assert outside <= ({"generate"} if path.name == "__main__.py" else {"mpmath"})
    assert "__import__" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    by_name = [call for call in calls if call.startswith("importlib.")]
    assert by_name == (["importlib.import_module(f'{__name__}.{name}')"] if path.name == "__init__.py" else [])
    assert "importlib" not in imported or by_name


def test_a_chapter_is_a_module_that_the_generator_finds(monkeypatch, tmp_path):
    (tmp_path / "a_chapter.py").write_text("def cases():\n    return {'a_chapter.json': dict}\n")
    monkeypatch.setattr(generate, "__path__", [*generate.__path__, str(tmp_path)])
    name = f"{generate.__name__}.a_chapter"
    found = generate.chapters()
    del sys.modules[name], generate.a_chapter
    assert found[0].__name__ == name
    assert {functions, layers, network} <= set(found)
    assert numbers not in found


def test_the_generator_needs_nothing_but_mpmath():
    folder = Path(generate.__file__).parent
    program = (
        "import sys; sys.modules['numpy'] = None; import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    for target in (folder, folder / "__main__.py"):
        done = subprocess.run([sys.executable, "-c", program, target, "--help"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Compute the golden values" in done.stdout


@pytest.mark.parametrize(
    ("file", "solution"),
    [pytest.param(*case, id=case[0]) for chapter in generate.chapters() for case in chapter.cases().items()],
)
def test_generator_gives_the_committed_bytes(file, solution):
    text = generate.as_text(generate.assured(solution)) + "\n"
    assert text == committed()[file]


def test_every_file_is_one_of_the_generator():
    assert list(golden._checksums()) == [file for chapter in generate.chapters() for file in chapter.cases()]


def test_a_wrong_gradient_of_a_layer_is_refused(monkeypatch):
    right = layers.logit_gradient

    def with_the_label_forgotten(z, label):
        return layers.softmax(z) if len(z) == 3 else right(z, label)

    monkeypatch.setattr(layers, "logit_gradient", with_the_label_forgotten)
    with pytest.raises(ArithmeticError, match=r"softmax_loss: the gradient gives the slope .* a central difference"):
        generate.assured(layers.solve_layers)


def test_a_wrong_gradient_of_the_affine_layer_is_refused(monkeypatch):
    right = layers.affine
    monkeypatch.setattr(layers, "affine", lambda a, w, b: right(a, w, [2 * bias for bias in b]))
    with pytest.raises(ArithmeticError, match=r"affine: the gradient gives the slope .* a central difference"):
        generate.assured(layers.solve_layers)


def test_check_names_what_differs(own_copy):
    files = committed()
    assert generate.check(own_copy, files) == []
    path = own_copy / "networks" / "one_hidden.json"
    path.write_bytes(path.read_bytes().replace(b'"lr": 0.5', b'"lr": 0.25'))
    (own_copy / "networks" / "smallest.json").unlink()
    (own_copy / "stray.json").write_text("{}")
    differs, missing, stray = sorted(generate.check(own_copy, files))
    assert missing.endswith("smallest.json: missing")
    assert differs.endswith("one_hidden.json: differs from the generator's output, first at line 6")
    assert stray.endswith("stray.json: the generator does not write this file")


def test_command_writes_and_compares(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(network, "RECIPES", network.RECIPES[:2])
    target = ["--output", str(tmp_path / "new")]
    assert generate.main([*target, "--check"]) == 1
    assert generate.main(target) == 0
    assert generate.main([*target, "--check"]) == 0
    (tmp_path / "new" / "networks" / "smallest.json").write_bytes(b"{}\n")
    capsys.readouterr()
    assert generate.main([*target, "--check"]) == 1
    assert "smallest.json: differs" in capsys.readouterr().out


def test_wrong_backpropagation_is_refused(monkeypatch):
    right = network.gradients

    def with_a_doubled_entry(problem, hidden, logits):
        weight_grads, bias_grads = right(problem, hidden, logits)
        bias_grads[-1][0] *= 2
        return weight_grads, bias_grads

    monkeypatch.setattr(network, "gradients", with_a_doubled_entry)
    with pytest.raises(ArithmeticError, match="central difference"):
        generate.assured(solve_one_hidden)


def test_a_seed_at_a_kink_is_refused(monkeypatch):
    monkeypatch.setattr(network, "KINK_MARGIN", 1.0)
    with pytest.raises(numbers.Unsuitable, match=r"one_hidden: a pre-activation is .* choose another seed"):
        generate.assured(solve_one_hidden)


def test_too_few_digits_are_refused(monkeypatch):
    monkeypatch.setattr(generate, "DIGITS", 15)
    monkeypatch.setattr(network, "confirm_gradients", lambda *_: None)
    with pytest.raises(numbers.Unsuitable, match="15 digits are too few"):
        generate.assured(solve_one_hidden)


@pytest.mark.parametrize(
    ("exact", "double"),
    [
        ((1 << 53) + 1, 2.0**53),  # a tie goes to the even neighbour
        ((1 << 53) + 3, 2.0**53 + 4),
        (numbers.mp.mpf(-0.5), -0.5),
        (0, 0.0),
        (numbers.mp.mpf(2) ** -1075, 0.0),
        # Rounded to 53 bits first, this becomes a tie and then 2^-1073; it lies below the tie, next to 2^-1074.
        (numbers.mp.ldexp((3 << 60) - 1, -1135), 2.0**-1074),
    ],
)
def test_nearest_rounds_once_to_even(exact, double):
    with numbers.mp.workdps(50):
        assert numbers.nearest(numbers.mp.mpf(exact)) == double


# The data


@pytest.mark.parametrize("name", golden.names())
def test_probabilities_sum_to_one(name):
    """Each is the nearest double, off by u p at most, u = 2^-53; together that is u, and fsum rounds once more."""
    for row in golden.load(name).probabilities:
        assert abs(math.fsum(row) - 1) <= 2 * 2.0**-53


def test_function_probabilities_sum_to_one():
    for z, p in golden.functions().softmax:
        assert z.shape == p.shape
        assert all(abs(math.fsum(row) - 1) <= 2 * 2.0**-53 for row in p)


def test_functions_cover_the_hard_points():
    found = golden.functions()
    assert [z.shape[1] for z, _ in found.softmax] == list(functions.CLASSES)
    assert {1e-8, 30.0, -30.0, 700.0, -700.0, 1e3, -1e3, 1e4, -1e4} <= set(found.softmax[1][0].ravel())
    assert all(value.shape == z.shape[:1] for z, value in found.log_sum_exp)
    points = {p[0, y[0]] for p, y, _ in found.cross_entropy if len(p) == 1}
    assert {1.0, 1 - 2.0**-30, 1 - 2.0**-52, 1e-300} <= points
    assert all(math.fsum(row) == 1 for p, _, _ in found.cross_entropy for row in p)
    assert all(y.dtype == np.int64 and len(y) == len(p) for p, y, _ in found.cross_entropy)


def test_layers_have_consistent_shapes():
    layers = golden.values("layers")
    for case in layers["affine"]:
        assert case.dx.shape == case.x.shape
        assert case.dw.shape == case.w.shape == (case.x[0].size, len(case.b))
        assert case.db.shape == case.b.shape
        assert case.out.shape == case.dout.shape == (len(case.x), len(case.b))
    for case in layers["relu"]:
        assert case.x.shape == case.out.shape == case.dout.shape == case.dx.shape
        assert {2.0**-100, -(2.0**-100), 2.0**100, -(2.0**100)} <= set(case.x.ravel())
    for case in layers["softmax_loss"]:
        assert case.dx.shape == case.x.shape == case.probabilities.shape
        assert (case.y.dtype, case.y.shape) == (np.int64, case.x.shape[:1])
    assert {case.x.ndim for case in layers["affine"]} == {2, 3, 4}
    assert max(case.loss for case in layers["softmax_loss"]) > 1000


def test_large_logits_are_large():
    case = golden.load("large_logits")
    own = case.probabilities[np.arange(len(case.y)), case.y]
    assert 800 < abs(case.logits).max() < 4000
    assert {0.0, 1.0} <= set(own)
    assert case.loss > 100


def test_dead_units_are_dead():
    case = golden.load("dead_units")
    first, second = case.hidden
    dead = ~first.any(axis=0)
    assert list(np.flatnonzero(dead)) == list(network.DEAD)
    assert (~second.any(axis=1)).sum() == 1
    assert second.any(axis=0).all()
    assert not case.weight_grads[0][:, dead].any()
    assert not case.bias_grads[0][dead].any()
    assert (case.stepped_weights[0][:, dead] == case.weights[0][:, dead]).all()


def test_missing_class_is_missing():
    case = golden.load("missing_class")
    assert case.y.max() < case.sizes[-1] - 1


def test_image_is_sparse_and_not_negative():
    case = golden.load("image")
    assert 0 <= case.x.min() <= case.x.max() < 1
    assert (case.x == 0).mean() > 0.7


def test_provenance_names_every_case_with_its_seed():
    rows = [
        line
        for line in (generate.FOLDER.parent / "README.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    listed = {cells[1].strip(" `"): cells[2:5] for cells in (row.split("|") for row in rows)}
    assert list(listed) == [
        *golden.names(),
        "functions",
        "dropout",
        "layers",
        "batchnorm",
        "convolution",
        "pooling",
        "optimizers",
        "regularization",
    ]
    for name in golden.names():
        case = golden.load(name)
        assert [cell.strip() for cell in listed[name]] == [
            "-".join(map(str, case.sizes)), str(len(case.x)), str(case.seed)
        ]  # fmt: skip
