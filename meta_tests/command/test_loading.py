"""From a TARGET to an implementation: what can be loaded, and what is said of what cannot."""

import inspect
import os
import re
import sys

import numpy as np
import pytest

import chainrule
from chainrule.cli import main
from chainrule.contract.errors import UnusableTarget
from chainrule.host.source import targets
from chainrule.host.source.targets import load_source
from chainrule.running.loading import load

RELU = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"
Z = np.array([[-1.0, 2.0]])


@pytest.fixture
def write(tmp_path):
    """Writes a file below the test's folder and returns its path as text."""

    def write(name, content=RELU):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def refused(*arguments, **options):
    """The message with which TARGET is refused: of one or two lines, as the contract demands."""
    with pytest.raises(UnusableTarget) as caught:
        load(*arguments, **options)
    message = str(caught.value)
    assert len(message.splitlines()) <= 2
    return message


def test_a_file(write):
    target = write("my_relu.py")
    loaded = load(target)
    assert (loaded.target, loaded.module_name, loaded.path.name) == (target, "my_relu", "my_relu.py")
    assert len(loaded.sha256) == 64
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]


def test_the_digest_is_of_the_content(write):
    assert load(write("one.py")).sha256 == load(write("two.py")).sha256 != load(write("three.py", RELU + "\n")).sha256


def test_the_public_load(write):
    assert chainrule.load(write("my_relu.py")).relu(Z).tolist() == [[0, 2]]


def test_a_file_with_a_name_that_no_import_statement_can_say(write):
    assert load(write("my-relu 2.py")).module_name == "my-relu 2"


def test_a_package_with_relative_imports(write, tmp_path):
    write("my_net/layers/relu.py")
    write("my_net/layers/__init__.py", "from .relu import relu\n")
    write("my_net/__init__.py", "from .layers import relu\nfrom my_net.layers import relu as again\n")
    loaded = load(str(tmp_path / "my_net"))
    assert (loaded.module_name, loaded.path.name) == ("my_net", "__init__.py")
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]


def test_a_package_counts_before_a_module_of_its_name_in_its_folder(write, tmp_path):
    write("model/relu.py")
    write("model/model.py", "class Model:\n    pass\n")
    write("model/__init__.py", "")
    package = write("model/net.py", "from model.model import Model\nfrom model.relu import relu\n")
    assert load(package).impl.relu(Z).tolist() == [[0, 2]]
    beside = write("model/other.py", "from model import Model\nfrom relu import relu\n")
    assert load(beside).impl.relu(Z).tolist() == [[0, 2]]


def test_a_module_by_name(write, tmp_path, monkeypatch):
    write("a_package/my_module.py")
    write("a_package/__init__.py", "")
    monkeypatch.chdir(tmp_path)
    loaded = load("a_package.my_module")
    for name in ("a_package", "a_package.my_module"):
        del sys.modules[name]
    assert loaded.module_name == "a_package.my_module"
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]


def test_an_installed_package_by_name():
    assert load("chainrule.reference").impl.relu(Z).tolist() == [[0, 2]]


def test_a_sibling_is_importable_while_the_file_loads(write):
    write("folder/my_helpers.py")
    assert load(write("folder/mine.py", "from my_helpers import relu\n")).impl.relu(Z).tolist() == [[0, 2]]


def test_the_folder_of_the_file_comes_first(write, tmp_path, monkeypatch):
    write("elsewhere/my_helpers.py", "raise RuntimeError('the wrong one')\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    write("folder/my_helpers.py")
    load(write("folder/mine.py", "from my_helpers import relu\n"))


def test_files_of_one_name_in_two_folders_are_two_files(write):
    first = load(write("ada/net.py", "from my_layers import relu\n" if write("ada/my_layers.py") else ""))
    write("bob/my_layers.py", "def relu(z):\n    return abs(z)\n")
    second = load(write("bob/net.py", "from my_layers import relu\n"))
    assert first.impl.relu(Z).tolist() == [[0, 2]]
    assert second.impl.relu(Z).tolist() == [[1, 2]]


def test_packages_of_one_name_in_two_folders_are_two_packages(write, tmp_path):
    write("ada/net/layers.py")
    write("ada/net/__init__.py", "from .layers import relu\n")
    write("bob/net/layers.py", "def relu(z):\n    return abs(z)\n")
    write("bob/net/__init__.py", "from .layers import relu\n")
    relus = [load(str(tmp_path / name / "net")).impl.relu(Z).tolist() for name in ("ada", "bob", "ada")]
    assert relus == [[[0, 2]], [[1, 2]], [[0, 2]]]


def test_an_adapter_may_have_helpers_of_the_same_name(write):
    write("code/my_layers.py")
    target = write("code/mine.py", "from my_layers import relu\n")
    write("adapter/my_layers.py", "factor = 3\n")
    adapter = write(
        "adapter/adapt.py",
        "from my_layers import factor\nimport chainrule\n\n\nclass Adapter(chainrule.Implementation):\n"
        "    def relu(self, z):\n        return factor * self.target.relu(z)\n",
    )
    assert load(target, adapter).impl.relu(Z).tolist() == [[0, 6]]


FAKING = """\
import sys
from unittest import mock
import chainrule

sys.modules["nobodys_arrays"] = mock.MagicMock()
sys.path.insert(0, {folder!r})
from {module} import relu


class Adapter(chainrule.Implementation):
    relu = staticmethod(relu)
"""


@pytest.mark.parametrize(
    ("file", "module"),
    [("net.py", "net"), ("course/net.py", "course.net"), ("course/brains/net.py", "course.brains.net")],
)
def test_an_adapter_imports_its_target_anew(write, tmp_path, monkeypatch, file, module):
    if "/" in file:
        write("course/__init__.py", "")
        write("course/brains/__init__.py", "")
    monkeypatch.setitem(sys.modules, "nobodys_arrays", None)
    write("course/brains/helper.py", "import nobodys_arrays\n\n\ndef note(z):\n    nobodys_arrays.note(z)\n")
    source = "import numpy as np\nimport nobodys_arrays\n\n\ndef relu(z):\n    nobodys_arrays.note(z)\n"
    if "brains" in file:
        source = source.replace("import nobodys_arrays", "from . import helper").replace("nobodys_arrays", "helper")
    target = write(file, source + "    return np.maximum(z, 0)\n\n\nwhile True:\n    print('training')\n")
    adapter = write("adapter/adapt.py", FAKING.format(folder=str(tmp_path), module=module))
    assert load(target, adapter).impl.relu(Z).tolist() == [[0, 2]]
    monkeypatch.setitem(sys.modules, "nobodys_arrays", None)
    alone = load(target).impl
    with pytest.raises(Exception, match="nobodys_arrays is not installed"):
        alone.relu(Z)


@pytest.mark.parametrize("name", ["random", "numpy", "pytest", "json"])
def test_a_file_that_takes_the_name_of_a_library_disturbs_nobody(write, name):
    before = sys.modules[name]
    loaded = load(write(f"{name}.py", "def relu(z):\n    return z * (z > 0)\n"))
    assert sys.modules[name] is before
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]


def test_a_sibling_that_takes_the_name_of_a_library_disturbs_nobody(write):
    write("folder/random.py", "raise RuntimeError\n")
    write("folder/numpy.py", "raise RuntimeError\n")
    assert load(write("folder/mine.py")).impl.relu(Z).tolist() == [[0, 2]]


def test_what_did_not_load_leaves_nothing_behind(write):
    target = write("half_loaded.py", "class Net:\n    raise ValueError\n")
    for run_all in (False, True):
        refused(target, run_all=run_all)
        assert "half_loaded" not in sys.modules


def test_what_a_file_prints_is_kept_out(write, capsys):
    says = "import sys\n\n\nclass Loud:\n    print('here')\n    print('there', file=sys.stderr)\n\n\nprint('end')\n"
    for run_all in (False, True):
        load(write("loud.py", says + RELU), run_all=run_all)
    assert capsys.readouterr() == ("", "")


LAYER_THAT_PRINTS = """
import numpy as np

class Dense:
    def __init__(self, n_in, n_out):
        print("made")
        self.W, self.b = np.zeros((n_in, n_out)), np.zeros(n_out)

    def forward(self, x):
        return x @ self.W + self.b
"""


def test_what_a_layer_prints_is_kept_out(write, capsys):
    load(write("loud_layer.py", LAYER_THAT_PRINTS))
    assert capsys.readouterr() == ("", "")


def test_an_empty_file_offers_nothing(write):
    with pytest.raises(Exception, match="relu is missing"):
        load(write("empty.py", "")).impl.relu(Z)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("def relu(z:\n    return z\n", "not valid Python, line 1: "),
        ("def relu(z):\nreturn z\n", "not valid Python, line 2: expected an indented block"),
        (b"cafe = 'caf\xe9'\n", r"not valid Python.*(utf-8|UTF-8).*correct it"),
        (b"x = 1\0\n", "null bytes"),
        ("x = 1\n".encode("utf-16"), "the file is in UTF-16; save it in UTF-8"),
        ("x = 1\nexec 'done'\n", "line 2: Missing parentheses.*written in Python 2: convert it to Python 3 first"),
        ("class Net:\n    rate = 1 / 0\n", r"raised ZeroDivisionError while loading at mine\.py:2: division by zero"),
        ("class Net:\n    exit()\n", r"raised (SystemExit|NameError) while loading at mine\.py:2"),
        ("class Net:\n    input('epochs? ')\n", r"raised EOFError while loading at mine\.py:2"),
        ("class Net:\n    return 3\n", "not valid Python, line 2: 'return' outside function"),
    ],
)
def test_a_file_without_a_single_definition_that_can_be_executed(write, content, message):
    for run_all in (False, True):
        assert re.search(message, refused(write("mine.py", content), run_all=run_all))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "x = 1\n\nraise ValueError('no data')\n",
            r"raised ValueError while loading at mine\.py:3: no data; put code",
        ),
        ("def f():\n    open('gone.npz')\n\n\nf()\n", r"raised FileNotFoundError while loading at mine\.py:2: "),
        ("import a_library_that_nobody_has\n", r"raised ModuleNotFoundError while loading at mine\.py:1: No module"),
        ("import sys\nsys.exit('done')\n", r"raised SystemExit while loading at mine\.py:2: done; put code"),
        ("exit()\n", r"raised (SystemExit|NameError) while loading at mine\.py:1"),
        ("raise RuntimeError('one\\ntwo\\n\\nthree\\n')\n", "one two three; put code"),
        ("raise RuntimeError('long ' * 1000)\n", r"long long \[\.\.\.\]; put code"),
        ("input('epochs? ')\n", r"raised EOFError while loading at mine\.py:1"),
    ],
)
def test_a_file_that_cannot_be_executed_as_a_whole(write, content, message):
    target = write("mine.py", content)
    said = refused(target, run_all=True)
    assert said.startswith(f"{target}: ")
    assert re.search(message, said)
    load(target)  # none of it is a definition, or needed by one


@pytest.mark.parametrize(
    ("content", "options"),
    [("while True:\n    pass\n", {"run_all": True}), ("class Net:\n    while True:\n        pass\n", {})],
)
def test_a_file_that_never_ends(write, content, options):
    with targets.loading_within(0.05):
        said = refused(write("endless.py", content), **options)
    assert "still not loaded after 0.05 s (--timeout changes that); put code" in said


def test_the_time_limit_is_for_loading_too(write):
    target = write("endless.py", "class Net:\n    while True:\n        pass\n")
    with pytest.raises(UnusableTarget, match=r"still not loaded after 0\.05 s"):
        chainrule.check(target, timeout=0.05)
    assert main(["check", target, "--timeout", "0.05"]) == 4


def test_what_runs_as_a_whole_has_no_arguments_and_its_own_search_path(write, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["chainrule", "check", "--format", "json"])
    folder, argv = os.getcwd(), list(sys.argv)
    target = write("mine.py", "import os, sys\narguments = sys.argv[1:]\nos.chdir('/')\nsys.path.append('/nowhere')\n")
    assert load_source(target, run_all=True).module.arguments == []
    assert (os.getcwd(), sys.argv) == (folder, argv)
    assert "/nowhere" not in sys.path


def test_nothing_opens_a_window(write, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    module = load_source(write("mine.py", "import os\nbackend = os.environ['MPLBACKEND']\n"), run_all=True).module
    assert module.backend == "Agg"
    assert "MPLBACKEND" not in os.environ
    monkeypatch.setenv("MPLBACKEND", "svg")
    assert load_source(str(module.__file__), run_all=True).module.backend == "svg"
    assert os.environ["MPLBACKEND"] == "svg"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("gone.py", "gone.py: this file does not exist (looked for "),
        ("gone/", "gone/: no file or module has this name; expected a .py file, a notebook, a package"),
        ("no-module", "no-module: no file or module has this name"),
        ("no_module_of_this_name", "no_module_of_this_name: no file or module has this name; expected"),
        ("chainrule.nothing", "chainrule.nothing: no file or module has this name"),
        ("homework.ipynb", "homework.ipynb: this file does not exist (looked for "),
        ("", "this folder is not a package (it has no __init__.py) and has no Python file"),
        (".", ".: this folder is not a package (it has no __init__.py) and has no Python file"),
        ("notes.txt", "notes.txt: not a Python file; expected a .py file"),
        ("folder", "name its files instead:\nchainrule check folder/mine.py"),
    ],
)
def test_a_target_that_is_none(write, tmp_path, monkeypatch, target, message):
    write("notes.txt", "relu")
    write("folder/mine.py")
    monkeypatch.chdir(tmp_path)
    assert message in refused(target)


def test_a_module_whose_own_import_fails(write, tmp_path, monkeypatch):
    write("needs_more.py", "\nimport a_library_that_nobody_has\n")
    monkeypatch.chdir(tmp_path)
    assert "ModuleNotFoundError while loading at needs_more.py:2" in refused("needs_more")


def test_declarations(write):
    loaded = load(
        write("mine.py", "CHAINRULE = {'precision': 'float32', 'log_epsilon': 1e-9, 'samples': 'rows'}\n" + RELU)
    )
    found = {key: (convention.value, convention.source) for key, convention in loaded.impl.conventions.items()}
    assert found["precision"] == ("float32", "declared")
    assert found["log_epsilon"] == ("1e-09", "declared")
    assert found["samples"] == ("rows", "declared")
    assert found["weights"] == ("in_out", "default")


def test_names_are_mapped(write):
    loaded = load(write("mine.py", "CHAINRULE = {'names': {'relu': 'rectify'}}\n" + RELU.replace("relu", "rectify")))
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]
    assert loaded.host.implementation.where("relu") == "mine.py:5"


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("['rows']", "CHAINRULE should be a dictionary such as {'precision': 'float32'}, found ['rows']"),
        ("{'precison': 'float32'}", "'precison' is declared, but is not a convention; expected one of samples"),
        (
            "{'precision': 'float16'}",
            "precision is declared to be 'float16'; expected float64 or float32: for anything else",
        ),
        ("{'samples': 'diagonal'}", "samples is declared to be 'diagonal'; expected rows or columns or single"),
        ("{'samples': ['rows']}", "samples is declared to be ['rows']"),
        ("{'log_epsilon': 'small'}", "log_epsilon is declared to be 'small'; expected a number such as 1e-12"),
        ("{'log_epsilon': None}", "log_epsilon is declared to be None"),
        ("{'log_epsilon': -1}", "log_epsilon is declared to be -1; expected a number such as 1e-12, from 0 to below 1"),
        ("{'log_epsilon': 1e9}", "log_epsilon is declared to be 1000000000.0"),
        ("{'log_epsilon': 'nan'}", "log_epsilon is declared to be 'nan'"),
        (
            "{'architecture': [100000, 100000, 10]}",
            "too large to check; expected at most 50 sizes and 20,000,000",
        ),
        ("{'architecture': ['*'] * 99}", "too large to check"),
        ("{'architecture': [4, 1]}", "architecture is declared to be [4, 1]: a classifier has two classes or more"),
        ("{'names': 'relu'}", "CHAINRULE['names'] should map names to names, found 'relu'"),
    ],
)
def test_bad_declarations(write, declared, message):
    assert message in refused(write("mine.py", f"CHAINRULE = {declared}\n"))


ADAPTER = """\
import chainrule

CHAINRULE = {"initialization": "he"}


class Adapter(chainrule.Implementation):
    def relu(self, z):
        return self.target.rectify(z)
"""


def test_an_adapter(write):
    target = write("mine.py", "CHAINRULE = {'names': {}, 'precision': 'float32'}\n" + RELU.replace("relu", "rectify"))
    loaded = load(target, write("adapt.py", ADAPTER))
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]
    assert loaded.impl.conventions["initialization"].value == "he"
    assert loaded.impl.conventions["precision"].value == "float32"
    assert loaded.host.implementation.where("relu") == "adapt.py:7"
    with pytest.raises(Exception, match="softmax: the adapter does not override it"):
        loaded.impl.softmax(Z)


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("", "adapt.py: expected a class Adapter that subclasses chainrule.Implementation, found none"),
        ("class Adapter:\n    pass\n", "subclasses chainrule.Implementation, found <class 'adapt.Adapter'>"),
        ("Adapter = 3\n", "subclasses chainrule.Implementation, found 3"),
        (
            ADAPTER + "\n    def __init__(self, target):\n        raise KeyError('weights')\n",
            "raised KeyError while loading at adapt.py:11: 'weights'",
        ),
        (ADAPTER + "\n    def __init__(self):\n        pass\n", "raised TypeError while loading"),
        ("import a_library_that_nobody_has\n", "adapt.py: raised ModuleNotFoundError while loading at adapt.py:1"),
        (ADAPTER.replace("initialization", "initialisation"), "'initialisation' is declared, but is not a convention"),
    ],
)
def test_bad_adapters(write, adapter, message):
    assert message in refused(write("mine.py"), write("adapt.py", adapter))


def test_a_missing_adapter(write):
    assert "gone.py: this file does not exist" in refused(write("mine.py"), "gone.py")


def test_names_on_demand():
    assert chainrule.UnusableTarget is UnusableTarget
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'nothing'"):
        _ = chainrule.nothing


NETWORK = """
import numpy as np


class MLP:
    def __init__(self, sizes, seed=0):
        self.weights = [np.zeros((3, 2))]
        self.biases = [np.zeros(2)]
"""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("relu = 3\n", "relu: expected a function, found int 3"),
        ("def relu(x, w, b):\n    pass\n", r"relu: expected relu\(z\), found relu\(x, w, b\) \(missing a required"),
        ("def relu(z):\n    pass\n", "relu returns None: a stub"),
        ("def relu(z):\n    raise NotImplementedError('tomorrow')\n", "relu is not implemented: tomorrow"),
        ("def relu(z):\n    return 'text'\n", "relu returns something else: expected numbers, found str 'text'"),
    ],
)
def test_a_name_in_another_form_is_told(write, content, message):
    with pytest.raises(Exception, match=message):
        load(write("mine.py", content)).impl.relu(Z)


def test_a_ufunc_tells_no_signature_and_is_called(write):
    impl = load(write("mine.py", "import numpy as np\n\nrelu = np.vectorize(lambda z: max(z, 0.0))\n")).impl
    assert impl.relu(Z).tolist() == [[0, 2]]
    assert load(write("other.py", "import numpy as np\n\nrelu = np.abs\n")).impl.relu(Z).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("self.weights = None", "MLP.weights is None"),
        ("self.weights = np.zeros((1, 3, 2))", r"MLP.weights: expected a list of arrays, found an array of shape"),
        ("del self.biases", "biases is missing"),
        ("self.weights *= 2", "MLP.weights: expected a list of 1 arrays, found 2"),
        ("self.weights = [np.zeros((2, 3))]", r"MLP.weights: expected shape \(3, 2\), found \(2, 3\)"),
    ],
)
def test_parameters_in_another_form_are_told(write, change, message):
    impl = load(write("mine.py", f"{NETWORK}        {change}\n")).impl
    model = impl.create([3, 2], seed=0)
    with pytest.raises(Exception, match=message):
        impl.assign(model, [np.ones((3, 2))], [np.ones(2)])


@pytest.mark.parametrize(
    "weights",
    [
        "self.weights = [np.zeros((3, 2))]",  # in place
        "self.weights = [[[0.0, 0.0]] * 3]",  # by item
        "self.weights = ([[0.0, 0.0]] * 3,)",  # as a new list
        "self.weights = [np.zeros((3, 2))]; self.weights[0].flags.writeable = False",
    ],
)
def test_parameters_are_assigned_in_whichever_way_works(write, weights):
    impl = load(write("mine.py", f"{NETWORK}        {weights}\n")).impl
    model = impl.create([3, 2], seed=0)
    impl.assign(model, [np.full((3, 2), 7.0)], [np.array([8.0, 9.0])])
    weights, biases = impl.parameters(model)
    assert (weights[0] == 7).all()
    assert biases[0].tolist() == [8, 9]


def test_parameters_that_keep_nothing_are_told(write):
    copies = (
        "    weights = property(lambda self: (np.zeros((3, 2)),))\n    biases = property(lambda self: (np.zeros(2),))\n"
    )
    impl = load(
        write(
            "mine.py",
            f"import numpy as np\n\n\nclass MLP:\n    def __init__(self, sizes, seed=0):\n        pass\n\n{copies}",
        )
    ).impl
    with pytest.raises(
        Exception, match=r"MLP\.weights: the network does not keep assigned values, neither in place nor by item nor"
    ):
        impl.assign(impl.create([3, 2], seed=0), [np.ones((3, 2))], [np.ones(2)])


@pytest.mark.parametrize(
    "name", "relu softmax cross_entropy xavier create parameters assign forward loss backward step fit predict".split()
)
def test_an_adapter_that_overrides_nothing_is_todo(name):
    adapter = chainrule.Implementation(None)
    arguments = inspect.signature(getattr(adapter, name)).parameters
    with pytest.raises(NotImplementedError, match=f"^{name}: the adapter does not override it$"):
        getattr(adapter, name)(**dict.fromkeys(arguments))


NET = """\
import numpy as np
from parts import relu


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.W1, self.b1 = np.ones((n_in, n_hidden)), np.zeros(n_hidden)

    def forward(self, x):
        return relu(x @ self.W1 + self.b1)

    def backward(self, x, y):
        pass

    def fit(self, x, y):
        pass
"""


def test_a_folder_that_is_not_a_package_stands_for_the_file_that_looks_like_the_network(write, tmp_path):
    write("code/parts.py")
    write("code/net.py", NET)
    write("code/train.py", "from net import Net\n\nnet = Net(4, 5, 3)\nnet.fit(None, None)\n")
    write("code/broken.py", "def forward(:\n")
    loaded = load(str(tmp_path / "code"))
    assert loaded.path.name == "net.py"
    assert "is not a package: chainrule checks net.py, which looks like the network" in loaded.notes[0]
    assert loaded.impl.relu(Z).tolist() == [[0, 2]]


@pytest.mark.parametrize("start", ["", '"""My network."""\n\n__version__ = "1.0"\n'])
def test_a_package_that_defines_nothing_stands_for_the_file_that_looks_like_the_network(write, tmp_path, start):
    write("code/__init__.py", start)
    write("code/parts.py", "import numpy as np\n")
    write("code/net.py", "from .parts import np\n" + NET)
    loaded = load(str(tmp_path / "code"))
    assert loaded.path.name == "net.py"
    assert "has an __init__.py that defines nothing: chainrule checks net.py" in loaded.notes[0]


LOSS = """
class SoftmaxLoss:
    def forward(self, z, y):
        pass

    def backward(self):
        pass

    def softmax(self, z):
        pass

    def loss(self, p, y):
        pass
"""


def test_a_class_that_is_called_a_network_counts_more_than_operations(write, tmp_path):
    write("code/loss.py", LOSS)
    write(
        "code/net.py",
        "class MLP:\n    def forward(self, x):\n        pass\n\n    def backward(self, d):\n        pass\n",
    )
    assert load(str(tmp_path / "code")).path.name == "net.py"


def test_a_folder_of_several_networks_names_them(write, tmp_path):
    for name in ("one", "two"):
        write(f"code/{name}.py", NET)
    folder = tmp_path / "code"
    assert refused(str(folder)).endswith(f"\nchainrule check {folder / 'one.py'} {folder / 'two.py'}")
    (tmp_path / "none").mkdir()
    assert "has no Python file" in refused(str(tmp_path / "none"))
    write("data/read.py", "def read(file):\n    return file\n")
    assert refused(str(tmp_path / "data")).endswith(f"chainrule check {tmp_path / 'data' / 'read.py'}")
