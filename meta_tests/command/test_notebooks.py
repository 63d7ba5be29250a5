"""Notebooks: their code cells are executed by the rule of scripts, and every place is a cell and a line."""

import inspect
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import nbformat
import numpy as np
import pytest

from chainrule import api
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import source_line
from chainrule.host.source.targets import load_source
from chainrule.running.loading import load
from chainrule.support.source_positions import last_line

new = nbformat.v4


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of these code cells, a text cell before each, and returns its path as text."""

    def write(*cells, name="net.ipynb", **metadata):
        made = new.new_notebook(metadata=metadata)
        for cell in cells:
            made.cells += [new.new_markdown_cell("# Title"), new.new_code_cell(cell)]
        path = tmp_path / name
        nbformat.write(made, path)
        return str(path)

    return write


KAGGLE = [
    "# This Python 3 environment comes with many helpful analytics libraries installed\n"
    "import numpy as np\nimport nobodys_frames as pd\nfrom matplotlib_of_nobody import pyplot as plt\n"
    "%matplotlib inline\n!pip install -q seaborn\nimport os\n"
    "for dirname, _, names in os.walk('/kaggle/input'):\n    print(names)",
    "data = pd.read_csv('/kaggle/input/digit-recognizer/train.csv')\ndata.head()",
    "data = np.array(data)\nm, n = data.shape\nnp.random.shuffle(data)\n\ndata_dev = data[0:1000].T\n"
    "Y_dev = data_dev[0]\nX_train = data[1000:m].T[1:n] / 255.",
    "%%bash\nls -la $HOME",
    """
def init_params():
    W1 = np.random.rand(10, 784) - 0.5
    b1 = np.random.rand(10, 1) - 0.5
    return W1, b1

def ReLU(Z):
    return np.maximum(Z, 0)

def one_hot(Y):
    out = np.zeros((Y.size, Y.max() + 1))
    out[np.arange(Y.size), Y] = 1
    return out.T

def backward_prop(A, X, Y):
    dZ = A - one_hot(Y)
    return 1 / m * dZ.dot(X.T)
""",
    "%%time\nW1, b1 = gradient_descent(X_train, Y_train, 0.10, 500)",
    "plt.gray()\nplt.imshow(X_train[:, 0].reshape(28, 28))\nReLU?\n?ReLU\ntest = !ls",
]


def test_a_notebook_as_kaggle_has_thousands(notebook):
    target = notebook(*KAGGLE)
    before = Path(target).read_bytes()
    loaded = load(target)
    source = load_source(target)
    assert source.notes == (
        "cell 4 was left out: %%bash",
        "nobodys_frames is not installed: what needs it does not run",
        "matplotlib_of_nobody is not installed: what needs it does not run",
    )
    assert source.missing == {
        "m": "m is read by backward_prop (cell 5:17) and defined by `m, n = data.shape` (cell 3:2), which did not run"
    }
    assert (loaded.module_name, loaded.path.name, loaded.missing) == ("net", "net.ipynb", source.missing)
    module = source.module
    assert module.ReLU(np.array([-1, 2])).tolist() == [0, 2]
    assert module.init_params()[0].shape == (10, 784)
    assert not {"data", "m", "W1", "names", "test"} & vars(module).keys()
    vars(module)["m"] = 2
    assert module.backward_prop(np.ones((2, 2)), np.eye(2), np.array([0, 1])).tolist() == [[0, 0.5], [0.5, 0]]
    assert Path(target).read_bytes() == before


NET = [
    "import numpy as np",
    "rate = 0.1",
    "\n\nclass Net:\n    def __init__(self):\n        self.w = rate\n\n"
    "    def forward(self, x):\n        return x / self.missing",
    "\ndef fit(self):\n    return 1 / 0\n\nNet.fit = fit",
    "def relu(z):\n    # of the first cells\n    return z",
    "class Net(Net):\n    def predict(self, x):\n        return self.fit()",
    "%%capture out\n%%time\n\ndef relu(z):\n    return np.maximum(z, 0)",
    "softmax = lambda z: z + undefined_name",
]


def test_places_are_cells_and_lines(notebook):
    module = load_source(notebook(*NET)).module
    for call, expected in (
        (lambda: module.Net().forward(3), "net.ipynb:cell 3:8"),
        (lambda: module.Net().predict(3), "net.ipynb:cell 4:3"),
        (lambda: module.softmax(3), "net.ipynb:cell 8:1"),
    ):
        with pytest.raises((AttributeError, ZeroDivisionError, NameError)) as caught:
            call()
        assert last_line(caught.value) == expected
    assert source_line(module.relu) == "net.ipynb:cell 7:4"
    assert source_line(module.Net) == "net.ipynb:cell 6:1"
    assert source_line(module.Net.fit) == "net.ipynb:cell 4:2"
    assert source_line(module.Net.__mro__[1]) == "net.ipynb:cell 3:3"
    assert source_line(np.linalg.norm) is not None


def test_sources_and_tracebacks_are_the_cells(notebook):
    module = load_source(notebook(*NET)).module
    assert inspect.getsource(module.relu) == "def relu(z):\n    return np.maximum(z, 0)\n"
    assert "of the first" not in inspect.getsource(module.relu)
    assert inspect.getsource(module.Net.__mro__[1].forward).endswith("return x / self.missing\n")
    with pytest.raises(ZeroDivisionError) as caught:
        module.Net().predict(3)
    told = "".join(traceback.format_exception(caught.value))
    assert "    return 1 / 0\n" in told


def test_the_source_of_a_class(notebook):
    module = load_source(notebook("x = 1\n\n", "class Net:\n    def forward(self):\n        return 1")).module
    assert inspect.getsource(module.Net) == "class Net:\n    def forward(self):\n        return 1\n"


def test_a_cell_that_is_no_python_hides_no_source(notebook):
    module = load_source(notebook("x = = 1", "class Net:\n    x = 1")).module
    assert inspect.getsource(module.Net) == "class Net:\n    x = 1\n"
    assert source_line(module.Net) == "net.ipynb:cell 2:1"


def test_notebooks_of_one_name_in_two_folders_are_two(notebook, tmp_path):
    for folder in ("ada", "bob", "ada"):
        (tmp_path / folder).mkdir(exist_ok=True)
        module = load_source(notebook(f"class Net:\n    {folder} = 1", name=f"{folder}/net.ipynb")).module
        assert folder in inspect.getsource(module.Net)


def test_an_error_while_loading_names_the_cell(notebook):
    with pytest.raises(
        UnusableTarget, match=r"ZeroDivisionError while loading at net\.ipynb:cell 2:3: division by zero"
    ):
        load_source(notebook("x = 1", "\nclass Net:\n    x = 1 / 0"))
    with pytest.raises(UnusableTarget, match=r"raised KeyError while loading at net\.ipynb:cell 2:2: 'gone'; put code"):
        load_source(notebook("x = 1", "y = 2\nz = {}['gone']"), run_all=True)


def test_everything_runs_if_asked_to(notebook):
    target = notebook("%matplotlib inline\nlog = []", "%%bash\nls", "%%time\nfor i in range(3):\n    log.append(i)")
    source = load_source(target, run_all=True)
    assert source.module.log == [0, 1, 2]
    assert source.notes == ("cell 2 was left out: %%bash",)
    assert load_source(target).module.log == []


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nx = 3",
        "x = 3\n%timeit x + 1",
        "  \n%%time\nx = 3",
        "%%capture\n%%time\nx = 3",
        "%%timeit -n 1\nx = 3",
        "!pip install a \\\n    b\nx = 3",
        "x = 3\nif x:\n    !pip install a",
        "x = 3\nfor i in x:\n    %time f(i)\n    print(i)",
        "x = 3\nx?",
        "x = 3\nx.real??",
        "?x\nx = 3",
        "x = 3\nfiles = !ls *.csv\nfiles[0]",
        "x = 3\nresult = %timeit -o x + 1",
        "x = 3\n%cd 'it is (not) closed\n!echo \"{x\nprint(x)",
        "import os\nos.environ['a']\nx = 3\nawait x",
        "x = 3\ndisplay(x)",
        "x = 10 \\\n  % 7",
        "x = (10\n% 7)",
    ],
)
def test_what_only_ipython_understands_is_left_out(notebook, cell):
    source = load_source(notebook(cell))
    assert (source.module.x, source.notes) == (3, ())


def test_a_string_is_no_magic(notebook):
    cell = 'text = """\n%matplotlib inline\n!ls\nx?\n"""\n%matplotlib inline'
    assert load_source(notebook(cell)).module.text == "\n%matplotlib inline\n!ls\nx?\n"


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ("%%writefile net.py\nx = 1", "cell 2 was left out: %%writefile"),
        ("\n%%html\n<b>x = 1</b>", "cell 2 was left out: %%html"),
        ("print 'hello'", "cell 2 was left out: not valid Python (cell 2:1: Missing parentheses in call"),
        (
            "z = 1\nprint 'hello'",
            "cell 2 was left out in line 2: not valid Python (cell 2:2: Missing parentheses in call",
        ),
        ("z = 1\n@staticmethod\ndef g(z):\n    return z`\n\nw = 2", "cell 2 was left out in lines 2 to 5: not valid"),
        ("\n\nx = = 1", "cell 2 was left out: not valid Python (cell 2:3: invalid syntax)"),
    ],
)
def test_a_cell_that_is_no_python_is_left_out(notebook, cell, note):
    source = load_source(notebook("def f():\n    return x", cell, "y = 3"))
    assert len(source.notes) == 1
    assert source.notes[0].startswith(note)
    assert source.module.y == 3
    assert source.missing["x"] == "x is read by f (cell 1:2) and defined nowhere in the file"


def test_the_rest_of_a_cell_counts_beside_what_is_no_python(notebook):
    module = load_source(notebook("a = 1\ndef f(z):\n    return (z`\n    z = )\n\nb = 2\nc = = 3\nd = 4")).module
    assert (module.a, module.b, module.d) == (1, 2, 4)
    assert not hasattr(module, "f")


def test_a_notebook_runs_in_its_own_folder(notebook, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    target = notebook("import os\nhere = os.path.abspath('.')\nfrom helpers_of_it import x")
    (tmp_path / "helpers_of_it.py").write_text("x = 3\n", encoding="utf-8")
    module = load_source(target).module
    assert (module.here, module.x) == (os.path.realpath(tmp_path), 3)
    assert Path.cwd() == (tmp_path / "elsewhere").resolve()


def test_older_formats_are_read(tmp_path):
    cells = [nbformat.v3.new_code_cell("def f():\n    return 3"), nbformat.v3.new_text_cell("markdown", "text")]
    old = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=cells)])
    path = tmp_path / "old.ipynb"
    path.write_text(nbformat.v3.writes_json(old), encoding="utf-8")
    assert load_source(str(path)).module.f() == 3


def test_a_mark_of_byte_order_is_no_obstacle(notebook):
    target = Path(notebook("def f():\n    return 3"))
    target.write_bytes(b"\xef\xbb\xbf" + target.read_bytes())
    assert load_source(str(target)).module.f() == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "net.ipynb: this notebook cannot be read: "),
        ("{}", "net.ipynb: this notebook cannot be read: "),
        ("[1, 2]", "net.ipynb: this notebook cannot be read: "),
        ("def f(): pass", "net.ipynb: this notebook cannot be read: "),
    ],
)
def test_what_is_no_notebook(tmp_path, content, message):
    path = tmp_path / "net.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableTarget, match=re.escape(message)) as caught:
        load(str(path))
    assert len(str(caught.value).splitlines()) == 1


def test_a_failure_in_a_notebook_names_its_cell_and_can_be_repeated(notebook, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))  # the run of pytest inside extends it
    target = notebook("import numpy as np\ndata = np.load('gone.npy')", "\ndef relu(z):\n    return np.abs(z)")
    failed = [
        spec
        for spec in api.check_loaded(load(target), chapters=["activations"]).specs
        if spec.outcome == "failed" and spec.snippet
    ]
    assert {spec.where for spec in failed} == {"net.ipynb:cell 2:2"}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for spec in failed:
        subprocess.run([sys.executable, "-c", spec.snippet], env=environment, capture_output=True, check=True)


def test_a_notebook_of_another_language(notebook):
    with pytest.raises(UnusableTarget, match="expected a notebook in Python, found one in R"):
        load_source(notebook("x <- 3", kernelspec={"language": "R", "name": "ir", "display_name": "R"}))


def test_a_notebook_of_python_under_the_name_of_another_language(notebook):
    target = notebook("def relu(z):\n    return z", kernelspec={"language": "octave", "name": "x", "display_name": "x"})
    assert load_source(target).module.relu(3) == 3


def test_a_notebook_of_python_2(notebook):
    with pytest.raises(UnusableTarget, match=r"no cell is valid Python; at net\.ipynb:cell 1:1: .*written in Python 2"):
        load_source(notebook("print 'x'", "print 'y'"))


def test_an_empty_notebook_offers_nothing(notebook):
    assert load_source(notebook()).missing == {}


def test_a_file_costs_no_notebook_library(tmp_path):
    (tmp_path / "mine.py").touch()
    program = "import sys, chainrule; chainrule.load('mine.py'); print('nbformat' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ran.stdout == "False\n"
