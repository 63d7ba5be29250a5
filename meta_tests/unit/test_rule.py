"""Which statements of a file run, and what is said of those that do not (docs/loading.md)."""

import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.boundary.errors import Raised, Todo
from chainrule.contract.errors import UnusableTarget
from chainrule.host.source import executing
from chainrule.host.source.stand_ins import NotInstalled, Placeholder
from chainrule.host.source.targets import load_source
from chainrule.running.loading import load


@pytest.fixture(autouse=True)
def finders():
    """Each test leaves nothing in the way of imports."""
    before = list(sys.meta_path)
    yield
    assert sys.meta_path == before
    assert not [name for name, module in sys.modules.items() if isinstance(module, Placeholder)]


@pytest.fixture
def write(tmp_path):
    """Writes a file of the project in `tmp_path` and returns its path as text."""
    (tmp_path / "pyproject.toml").touch()

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def run(write):
    """Loads a file with this content."""
    return lambda content, **options: load_source(write("mine.py", content), **options)


SCRIPT = """\
import numpy as np
import pandas as pd
import matplotlib_of_nobody.pyplot as plt
from os import path

EPOCHS = 10
RATE, (ALPHA, BETA) = 0.1, (1, 2)
LAYERS = [784] + [2**k for k in range(3)]
np.random.seed(1)
start = np.random.rand()
frame = pd.read_csv("train.csv")
data = np.array(frame)
m, n = data.shape
np.random.shuffle(data)
X_train = data[1:n].T / 255.0


def init(n_in, n_out):
    return np.random.rand(n_out, n_in) - 0.5


def forward(x, W=None):
    return (W if W is not None else params) @ x


def cost(x):
    return forward(x).sum() / m


def scaled(x):
    return SCALE * x, RATIO, EPOCHS, held


params = init(3, 2)
unused = init(3, 2)
losses = []
for epoch in range(EPOCHS):
    losses.append(cost(X_train))
    leftover = 1
print("trained", losses)
plt.plot(losses)
plt.show()
assert losses, "nothing trained"
del RATE

if __name__ == "__main__":
    seen = 3
    RATIO = 0.5
    SCALE, EPOCHS = 0.5, 20
    held = open("train.csv")
else:
    imported = 3
"""


def test_a_script_that_loads_trains_and_plots(run):
    source = run(SCRIPT)
    found = vars(source.module)
    assert (found["EPOCHS"], found["RATE"], found["BETA"], found["LAYERS"]) == (10, 0.1, 2, [784, 1, 2, 4])
    assert found["start"] == np.random.RandomState(1).rand()
    assert found["params"].shape == (2, 3)  # forward reads it
    assert found["forward"](np.eye(3), W=np.eye(3)).tolist() == np.eye(3).tolist()
    assert found["losses"] == []
    assert (found["imported"], found["RATIO"]) == (3, 0.5)
    absent = {"frame", "data", "m", "n", "X_train", "unused", "epoch", "leftover", "seen"}
    assert not absent & found.keys()
    assert source.missing == {
        "m": "m is read by cost (line 27) and defined by `m, n = data.shape` (line 13), which did not run",
        "SCALE": "SCALE is read by scaled (line 31) and defined by "
        "`SCALE, EPOCHS = 0.5, 20` (line 49), which did not run",
        "held": "held is read by scaled (line 31) and defined by "
        '`held = open("train.csv")` (line 50), which did not run',
    }
    assert "matplotlib_of_nobody is not installed: what needs it does not run" in source.notes
    vars(source.module)["m"] = 4  # as a check may supply it
    assert found["cost"](np.ones(3)) == pytest.approx(found["params"].sum() / 4)


def test_all_of_it_runs_if_asked_to(run):
    source = run("log = []\nfor i in range(3):\n    log.append(i)\n", run_all=True)
    assert (source.module.log, source.notes, source.missing) == ([0, 1, 2], (), {})
    assert run("log = []\nfor i in range(3):\n    log.append(i)\n").module.log == []


PREAMBLE = """\
import collections, copy, functools, itertools, math, os, pickle, random, re, subprocess, sys, time
from math import sqrt
from numpy.random import randn
import numpy as np
from pathlib import Path
"""

CONSTANT_LIKE = """\
3 | -3.5 + 2j | "a" "b" | f"{1 + 1}" | None | [1, *range(3)] | {"a": 1, **{}} | {1, 2} | (1, 2)[0] | "abc"[::2]
1 if 2 > 1 else 0 | not True or 3 | [i * j for i in range(3) for j in range(i)] | {k: v for k, v in [(1, 2)]}
sum(i for i in range(9)) | max([1, 2], key=lambda i: -i) | sqrt(2) | math.pi | math.sqrt(2) | randn(2, 3) | np.pi
np.array([[1.0, 2], [3, 4]]).T.reshape(-1).astype("float32") | np.random.default_rng(0).normal(size=3) | np.eye(2)
np.random.RandomState(3).rand() | np.linspace(0, 1, 5)[1:] @ np.ones(4) | random.random() | np.eye(2).dot(np.ones(2))
functools.partial(max, 1) | collections.namedtuple("Point", "x y") | copy.deepcopy([1]) | itertools.count(1)
lambda x: undefined(x) | np.vectorize(lambda x: open(x)) | os.path.join("a", "b") | Path(__file__).parent
re.compile("a") | os.environ.get("HOME") | len(sys.argv) | (y := 3) | ", ".join(str(i) for i in range(3))
np.float32 | np.maximum | time.time() | {**{"a": 1}, "b": [2]} | [*"ab"] | -np.ones(3)
"""
OTHER = """\
open("f") | input() | print(3) | np.load("f.npy") | np.loadtxt("f.txt") | np.genfromtxt("f") | np.fromfile("f")
eval("3") | exec("3") | __import__("json") | pickle.load(3) | Path("f").read_text() | [open(f) for f in "a"]
subprocess.run(["ls"]) | os.system("ls") | os.listdir() | os.makedirs("a") | sys.exit() | time.sleep(9) | undefined
[undefined(i) for i in range(3)] | np.zeros(undefined) | undefined.shape | (lambda: 3)() | train() | function()
Net() | net.step() | {"a": np.load("f.npy")}["a"] | np.array([1]).tofile("f") | np.memmap("f") | Path(".").mkdir()
sorted("ab", key=open("f").index) | exit() | help() | [f() for f in [open]] | max([1, 2], key=open("f").index)
"""
DEFINITIONS = """
def function():
    return 3

def train():
    return 3

class Net:
    def step(self):
        return 3

net = Net()

def reader():
    return net
"""


def split(table):
    return [entry.strip() for line in table.splitlines() for entry in line.split(" | ")]


@pytest.mark.parametrize("value", split(CONSTANT_LIKE))
def test_a_constant_like_value_runs(run, value):
    source = run(f"{PREAMBLE}{DEFINITIONS}value = {value}\n")
    assert "value" in vars(source.module)
    assert source.notes == ()


@pytest.mark.parametrize("value", split(OTHER))
def test_another_value_does_not(run, value):
    source = run(f"{PREAMBLE}{DEFINITIONS}value = {value}\n")
    assert "value" not in vars(source.module)
    assert source.notes == ()


@pytest.mark.parametrize(
    ("statement", "runs"),
    [
        ("needed = function()", True),
        ("needed = Net()", True),
        ("needed = [Net(), function()]", True),
        ("needed, other = function(), 4", True),
        ("needed = helper = function()", True),
        ("helper = function()\nneeded = helper + 1", True),
        ("needed = []\nneeded.append(function())", True),
        ("needed = {}\nneeded['a'] = Net().step()", True),
        ("needed: int = function()", True),
        ("needed = Careful()", True),
        ("needed = undefined()", False),
        ("needed = function(undefined)", False),
        ("needed = Net().train()", False),
        ("needed = trains()", False),
        ("needed = works()", False),
        ("needed = works_deep_down()", False),
        ("needed = Trainer()", True),
        ("needed = Trainer().train()", False),
        ("needed = reads()", False),
        ("needed = Reader()", False),
        ("needed = absent_library.zeros(3)", False),
        ("needed = open('mine.py')", False),
        ("not_needed = function()", False),
        ("for needed in [function()]: pass", False),
        ("with open(__file__) as needed: pass", False),
    ],
)
def test_what_a_function_reads_is_made_if_nothing_is_trained_or_read_for_it(run, statement, runs):
    source = run(f"""{DEFINITIONS}
import absent_library

class Careful:
    def __init__(self):
        self.rate = function()
    def save(self):
        open("f", "w")

class Reader:
    def __init__(self):
        self.prepare()
    def prepare(self):
        self.data = open(__file__).readlines()

def trains():
    return Net().fit(3)

def works():
    return Net().fit(3)

def works_deep_down():
    print("working")
    return [works()]

class Trainer:
    def train(self):
        return open(__file__)

def reads():
    with open(__file__) as file:
        return file.readline()

{statement}

class User:
    def use(self):
        def inner():
            return needed
        return inner()
""")
    name = "not_needed" if "not_needed" in statement else "needed"
    assert (name in vars(source.module)) is runs
    assert not [note for note in source.notes if "did not run" in note]  # it was not even tried
    if name == "needed":
        assert ("needed" in source.missing) is not runs


@pytest.mark.parametrize(
    ("statement", "runs"),
    [
        ("relu = traced(lambda z: z)", True),
        ("def relu(z): return z\n\nrelu = traced(relu)", True),
        ("relu = traced(function)", False),
        ("relu = traced(relu)", False),
        ("relu = train(lambda z: z)", False),
    ],
)
def test_a_function_wrapped_by_hand_is_a_definition(run, statement, runs):
    module = run(f"{DEFINITIONS}\ndef traced(f):\n    return lambda *a: (f(*a), 'traced')\n\n{statement}\n").module
    assert ("relu" in vars(module) and module.relu(3) == (3, "traced")) is runs


def test_a_list_is_not_left_half_made(run):
    source = run(f"{DEFINITIONS}\nlayers = []\nlayers.append(Net())\nlayers.append(3)\nlayers.append(train())\n")
    assert [type(layer) for layer in source.module.layers] == [source.module.Net, int]


@pytest.mark.parametrize(
    "use",
    [
        "def f(x=function()): return helper",
        "def f(x=helper): return x",
        "f = lambda: helper",
        "@decorate(helper)\ndef f(): return 3",
        "class Mine(helper.__class__): pass",
        "class Mine:\n    size = helper",
        "class Mine:\n    def f(self): return [helper for _ in range(2)]",
        "async def f(): return helper",
        "if True:\n    def f(): return helper",
        "def f():\n    class Inner:\n        size = helper\n    return Inner",
        "def f():\n    global helper\n    helper += 1",
    ],
)
def test_what_counts_as_needing_a_name(run, use):
    assert "helper" in vars(
        run(f"{DEFINITIONS}\ndef decorate(x):\n    return lambda f: f\n\nhelper = function()\n{use}\n").module
    )


@pytest.mark.parametrize(
    "use",
    [
        "def f(helper): return helper",
        "def f():\n    helper = 3\n    return helper",
        "def f():\n    import helper\n    return helper.x",
        "def f():\n    for helper in (): pass\n    return helper",
        "def f(x):\n    try: pass\n    except KeyError as helper: return helper",
        "def f(x: helper) -> helper: pass",
        "class Mine:\n    helper = 3\n    size = helper",
        "f = lambda helper: helper",
        "def f(*helper): return lambda: helper",
        "def f(x): return x.helper",
    ],
)
def test_a_name_of_a_functions_own_is_not_needed(run, use):
    source = run(f"{DEFINITIONS}\nhelper = function()\n{use}\n")
    assert "helper" not in vars(source.module)
    assert source.missing == {}


def test_seeds_search_paths_and_patches_run(run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "my_far_helpers.py").write_text("three = 3\n", encoding="utf-8")
    source = run("""\
import os, sys
import numpy as np
import random
np.random.seed(4)
random.seed(4)
drawn = np.random.rand()
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "elsewhere"))
from my_far_helpers import three

class Net:
    pass

def fit(self):
    return three

Net.fit = fit
Net.rate = 0.5
setattr(Net, "predict", fit)
Net.make = staticmethod(lambda: Net())
np.nothing = 3
sys.argv[0] = "changed"
""")
    assert source.module.drawn == np.random.RandomState(4).rand()
    net = source.module.Net.make()
    assert (net.fit(), net.predict(), net.rate) == (3, 3, 0.5)
    assert not hasattr(np, "nothing")
    assert sys.argv[0] != "changed"


def test_branches_and_attempts(run):
    source = run("""\
from typing import TYPE_CHECKING
import os
if TYPE_CHECKING:
    import only_for_type_checkers
    typed = 1
try:
    import a_fast_array_library as xp
    fast = True
except ImportError:
    import numpy as xp
    fast = False
else:
    fast = None
finally:
    done = True
if fast:
    def kind(): return "fast"
elif fast is None:
    def kind(): return "none"
else:
    print("slow")
    def kind(): return "slow"
if unknown():
    def first(): return 1
else:
    def first(): return 2
if unknown():
    def second(): return 1
with unknown():
    def third(): return 3
try:
    size = 1 / 0
    after = 1
except (KeyError, ZeroDivisionError) as error:
    size = 7
try:
    import needed_library
except ModuleNotFoundError:
    print("pip install needed_library")
while True:
    pass
""")
    found = vars(source.module)
    assert "typed" not in found
    assert found["xp"] is np
    assert (found["fast"], found["done"], found["kind"](), found["first"](), found["second"]()) == (
        False,
        True,
        "slow",
        2,
        1,
    )
    assert (found["third"](), found["size"]) == (3, 7)
    assert "after" not in found
    with pytest.raises(NotInstalled, match=r"^needed_library is not installed; needed_library\.zeros needs it$"):
        found["needed_library"].zeros(3)


def test_what_fails_is_noted_and_stops_nothing_else(run):
    source = run("""\
size = 1 / 0
twice = 2 * size
other = 3

def fails():
    raise ValueError("no luck")

class Broken:
    x = fails()

class Net:
    def size(self):
        return size + Broken().x

def default(x=size):
    return other

class Derived(Unknown):
    pass
""")
    assert source.notes == (
        "line 1: size = 1 / 0 did not run: ZeroDivisionError: division by zero",
        "line 8: class Broken could not be defined: ValueError: no luck",
    )
    found = vars(source.module)
    assert "twice" not in found
    assert found["default"]() == 3
    assert found["Derived"]().__class__.__name__ == "Derived"
    assert source.missing["size"] == (
        "size is read by Net.size (line 13) and defined by `size = 1 / 0` (line 1), which did not run: "
        "ZeroDivisionError: division by zero"
    )
    assert source.missing["Unknown"] == "Unknown is read by a definition (line 18) and defined nowhere in the file"


def test_a_definition_that_fails_is_told(run):
    source = run("def relu(z):\n    return z\n\n\nclass MLP:\n    sizes = 1 / 0\n")
    assert source.module.relu(3) == 3
    assert source.notes == ("line 5: class MLP could not be defined: ZeroDivisionError: division by zero",)
    assert source.missing == {"MLP": "MLP (line 5) could not be defined: ZeroDivisionError: division by zero"}
    loaded = load(str(source.path))
    assert (loaded.notes, loaded.missing) == (source.notes, source.missing)


def test_a_global_that_a_function_sets(run):
    source = run("def prepare():\n    global m\n    m = 3\n\n\ndef cost():\n    return 1 / m\n")
    assert source.missing == {"m": "m is read by cost (line 7) and set by prepare (line 2), which has not been called"}


def test_one_assignment_may_not_take_for_ever(run, monkeypatch):
    monkeypatch.setattr(executing, "STATEMENT_LIMIT", 0.05)
    source = run("""\
def slow():
    while True:
        pass

needed = slow()

def user():
    return needed
""")
    assert source.notes == ("line 5: needed = slow() did not end within 0.05 s",)
    assert source.missing["needed"].endswith("which did not run: it takes too long")


def test_the_last_of_several_definitions_counts(run):
    source = run(
        "def f():\n    return first\n\n\ndef f():\n    return 2\n\n\nclass A:\n    x = 1\n\n\nclass A:\n    x = 2\n"
    )
    assert (source.module.f(), source.module.A.x, source.missing) == (2, 2, {})


def test_annotations_and_dataclasses(run):
    source = run("""\
from __future__ import annotations
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple
import torch_of_nobody as torch

@dataclass
class Layer:
    size: int
    weights: torch.Tensor = None
    names: list = field(default_factory=list)
    count: ClassVar[int] = 0

class Pair(NamedTuple):
    left: torch.Tensor
    right: Optional[np.ndarray] = None

def forward(x: torch.Tensor | None, y: "Undefined") -> pd.DataFrame:
    return x
""")
    assert source.module.Layer(3).names == []
    assert source.module.Pair(1).right is None
    assert source.module.forward(1, 2) == 1


def test_arguments_of_the_command_line_have_their_defaults(run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["chainrule", "check", "--rate", "x"])
    source = run("""\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.5)
args = parser.parse_args()

def step():
    return args.rate
""")
    assert source.module.step() == 0.5


MISSING = """\
import functools
import nobodys_frames as pd
import nobodys_learner.datasets.mnist
from nobodys_learner.layers import Dense, relu as fast
from nobodys_helpers import *
from numba_of_nobody import njit, vectorize
import numpy as np
import numpy.nothing_of_this_name as nothing
from numpy import zeros, a_name_that_numpy_lacks
from tqdm_of_nobody import tqdm
from past.builtins import xrange


@njit
def double(x):
    return 2 * x


@njit(cache=True, signature=nobodys_learner.float64)
def triple(x):
    return 3 * x


@functools.partial(nobodys_learner.jit, static_argnums=0)
def square(x):
    return x * x


class Net(Dense):
    @nobodys_learner.function
    def forward(self, x):
        return Dense(x)

    def count(self):
        return sum(xrange(4))


@vectorize(["float64"])
def scalar(x):
    return max(x, 0)


def read():
    return pd.read_csv("x.csv")


def check(x):
    return isinstance(x, pd.DataFrame)
"""


def test_missing_imports(run):
    source = run(MISSING)
    module = source.module
    assert module.square(3) == 9
    assert (module.double(2), module.triple(2), module.Net().count(), module.check(3)) == (4, 6, 6, False)
    assert module.zeros is np.zeros
    assert "scalar" not in vars(module)  # numba's vectorize would make another function of it
    for use in (
        module.read,
        lambda: module.Net().forward(3),
        lambda: module.fast + 1,
        lambda: np.ones(3) @ module.fast,
        lambda: np.asarray(module.pd),
        lambda: list(module.pd.rows),
        lambda: module.pd["column"],
        lambda: bool(module.pd),
        lambda: module.nothing.f(),
        lambda: module.a_name_that_numpy_lacks(),
        lambda: module.nobodys_learner.datasets.mnist.load_data(),
    ):
        with pytest.raises(NotInstalled, match=r"; .* needs it$"):
            use()
    assert [note for note in source.notes if note.startswith("nobodys_frames")] == [
        "nobodys_frames is not installed: what needs it does not run"
    ]
    for note in (
        "nobodys_learner is not installed: what needs it does not run",
        "nobodys_helpers is not installed: what needs it does not run",
        "numpy has no a_name_that_numpy_lacks: what needs it does not run",
        "numpy.nothing_of_this_name is not there: what needs it does not run",
        "double is used without @numba_of_nobody.njit: numba_of_nobody is not installed",
        "Net.forward is used without @nobodys_learner.function: nobodys_learner is not installed",
    ):
        assert source.notes.count(note) == 1
    assert not [name for name in sys.modules if "nobody" in name]


def test_what_needs_a_missing_import_is_todo_not_wrong(write):
    loaded = load(write("mine.py", "import nobodys_arrays as xp\n\n\ndef relu(z):\n    return xp.maximum(z, 0)\n"))
    with pytest.raises(Exception, match=r"relu cannot run here: nobodys_arrays .*maximum needs it"):
        loaded.impl.relu(np.zeros((1, 1)))


INSIDE = """\
import numpy as np


def relu(z):
    import nobodys_plots.pyplot as plt
    from nobodys_logs import note

    if z.size < 0:
        plt.plot(note(z))
    return np.maximum(z, 0)


class Net:
    def draw(self, z):
        from nobodys_plots import pyplot

        return pyplot.plot(z)


def guarded(z):
    try:
        import nobodys_arrays as xp
    except ImportError:
        import numpy as xp
    return xp.abs(z)
"""


def test_a_missing_module_inside_a_function_is_replaced_as_at_module_level(run):
    source = run(INSIDE)
    assert source.module.relu(np.array([-1, 2])).tolist() == [0, 2]
    assert source.module.guarded(-1) == 1
    with pytest.raises(NotInstalled, match=r"nobodys_plots is not installed; nobodys_plots\.pyplot\.plot needs it"):
        source.module.Net().draw(1)
    assert sorted(source.notes) == [
        "nobodys_logs is not installed: what needs it does not run",
        "nobodys_plots is not installed: what needs it does not run",
    ]
    assert not [name for name in sys.modules if "nobody" in name]


def test_what_raises_because_a_module_is_missing_is_todo(write):
    write("helper.py", "def act(z):\n    import nobodys_arrays\n    return nobodys_arrays.abs(z)\n")
    source = "import helper\n\n\ndef relu(z):\n    return helper.act(z)\n"
    with pytest.raises(Todo, match="relu cannot run here: nobodys_arrays is not installed"):
        load(write("mine.py", source)).impl.relu(np.zeros((1, 1)))


@pytest.mark.parametrize("run_all", [False, True])
def test_a_neighbour_is_importable_from_inside_a_function(write, run_all):
    write("neighbour.py", "def act(z):\n    return z * (z > 0)\n")
    source = "def relu(z):\n    from neighbour import act\n\n    return act(z)\n"
    impl = load(write("mine.py", source), run_all=run_all).impl
    assert impl.relu(np.array([[-1.0, 2.0]])).tolist() == [[0, 2]]
    write("other/neighbour.py", "def act(z):\n    return abs(z)\n")
    other = load(write("other/mine.py", source), run_all=run_all).impl
    assert other.relu(np.array([[-1.0, 2.0]])).tolist() == [[1, 2]]
    assert str(Path(write("mine.py", source)).parent) not in sys.path


@pytest.fixture
def without(monkeypatch):
    """Makes libraries missing, whether they are installed or not."""

    class Finder:
        def find_spec(self, name, *_arguments):
            if name.partition(".")[0] in self.names:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    def without(*names):
        Finder.names = names
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])

    return without


ALIKE = [
    "import cupy as np",
    "import cupy\nnp = cupy",
    "from cupy import *\nimport cupy as np",
    "import jax.numpy as np",
    "from jax import grad, numpy as np",
    "import jax\nnp = jax.numpy",
    "import jax.numpy\nnp = jax.numpy",
    "import autograd.numpy as np\nfrom autograd import grad",
    "from autograd import numpy as np",
    "import dpnp as np",
]


@pytest.mark.parametrize("statement", ALIKE)
def test_numpy_does_the_work_of_a_missing_library_with_its_names(write, without, statement):
    without("cupy", "jax", "autograd", "dpnp")
    top = statement.split()[1].partition(".")[0]
    for source in (
        statement + "\nrng = np.random.RandomState(0)\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n",
        "def relu(z):\n"
        + statement.replace("from cupy import *", "pass").replace("\n", "\n    ").join(["    ", "\n"])
        + "    return np.maximum(z, 0)\n",
    ):
        loaded = load(write("mine.py", source))
        assert loaded.impl.relu(np.array([[-1.0, 2.0]])).tolist() == [[0, 2]]
        assert any(note.startswith(f"{top} is not installed: NumPy does the work of {top}") for note in loaded.notes)


def test_names_from_a_library_like_numpy(run, without):
    without("cupy", "jax")
    module = run("""\
from cupy import exp, RawKernel, asnumpy
from jax.numpy.linalg import norm
import cupy as cp

def kept(x):
    return cp.asnumpy(x), cp.get_array_module(x), asnumpy(exp(x)), norm(x)

def kernel():
    return RawKernel("", "")
""").module
    x, xp, e, length = module.kept(np.zeros(2))
    assert (x.tolist(), xp, e.tolist(), length) == ([0, 0], np, [1, 1], 0)
    with pytest.raises(NotInstalled, match=r"cupy is not installed; cupy\.RawKernel needs it"):
        module.kernel()


def test_arrays_of_another_library_are_todo_not_wrong(write, without):
    without("cupy", "jax")
    for name, method in (("cupy", "get()"), ("jax.numpy", "at[0].set(0)")):
        source = f"import {name} as np\n\n\ndef relu(z):\n    return np.maximum(z, 0).{method}\n"
        with pytest.raises(Todo, match=rf"relu cannot run here: it uses \.{method[:2]}"):
            load(write("mine.py", source)).impl.relu(np.zeros((1, 1)))
    misspelt = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0).gte()\n"
    with pytest.raises(Raised, match="has no attribute 'gte'"):
        load(write("mine.py", misspelt)).impl.relu(np.zeros((1, 1)))


def test_a_handler_that_knows_another_way_keeps_it(run, without):
    without("cupy")
    module = run("""\
try:
    import cupy as cp
    there = True
except ImportError:
    there = False

def on_the_gpu(x):
    return isinstance(x, cp.ndarray)
""").module
    assert module.on_the_gpu(np.zeros(2)) is False


def test_a_progress_bar_does_not_stop_training(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)  # as if it were not installed
    source = run("""\
from tqdm import tqdm, trange
import tqdm as bars
from tqdm.notebook import tqdm as inside

def fit(epochs):
    total = 0
    with tqdm(total=3) as bar:
        bar.update(1)
    for epoch in tqdm(range(epochs), desc="epoch"):
        total += epoch
    for epoch in trange(epochs):
        total += epoch
    progress = bars.tqdm(range(epochs))
    for epoch in progress:
        progress.set_description(f"{epoch}")
    return total + len(inside([1]))
""")
    assert source.module.fit(4) == 13


def test_python_2s_range_is_at_hand(run):
    source = run("def total(n):\n    return sum(i for i in xrange(n))\n")
    assert source.module.total(4) == 6
    assert (source.notes, source.missing) == (("xrange exists only in Python 2: chainrule uses range instead",), {})


LAYERS = "import numpy as np\n\n\ndef relu(z):\n    return np.maximum(z, 0)\n"


def test_the_layout_of_a_course(write):
    write("cs_course/__init__.py", "")
    built = "try:\n    from .im2col_cython import im2col\nexcept ImportError:\n    print('build it')\n"
    write("cs_course/layers.py", f"{built}{LAYERS}")
    write("cs_course/data_utils.py", "import nobodys_frames as pd\n\n\ndef load():\n    return pd.read_csv('x')\n")
    write("cs_course/classifiers/__init__.py", "from .fc_net import *\n")
    target = write(
        "cs_course/classifiers/fc_net.py",
        "from ..layers import *\nfrom cs_course.data_utils import load\nfrom .nowhere import gone\n\n\n"
        "class Net:\n    def forward(self, x):\n        return relu(x)\n",
    )
    source = load_source(target)
    assert source.module.__name__ == "cs_course.classifiers.fc_net"
    assert source.module.Net().forward(-3) == 0
    with pytest.raises(NotInstalled, match=r"^nobodys_frames is not installed; nobodys_frames\.read_csv needs it$"):
        source.module.load()
    assert "cs_course.classifiers.nowhere is not there: what needs it does not run" in source.notes
    assert not [name for name in sys.modules if "nobody" in name]


def test_a_file_that_its_package_brings_in_is_there_once(write):
    write("my_nets/__init__.py", "from .net import Net\nfrom .use import Deep\n")
    write("my_nets/use.py", "from .net import Net\n\n\nclass Deep(Net):\n    pass\n")
    write("my_nets/base.py", "class Base:\n    pass\n")
    source = load_source(write("my_nets/net.py", "from .base import Base\n\n\nclass Net(Base):\n    pass\n"))
    assert source.notes == ()
    assert issubclass(sys.modules["my_nets.use"].Deep, source.module.Net)


def test_relative_imports_without_a_package(write):
    write("loose/layers.py", LAYERS)
    assert load_source(write("loose/net.py", "from .layers import relu\n")).module.relu(-1) == 0


def test_the_folders_above_are_searched_last_up_to_the_projects_root(write, tmp_path):
    write("my_top_helpers.py", LAYERS)
    write("colorsys.py", "raise RuntimeError('the wrong one')\n")
    deep = write("a/b/net.py", "import colorsys\nfrom my_top_helpers import relu\n")
    module = load_source(deep).module
    assert module.relu(-1) == 0
    assert module.colorsys.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
    (tmp_path / "a" / ".git").mkdir()
    del sys.modules["my_top_helpers"]
    assert isinstance(load_source(deep).module.relu, Placeholder)


def test_a_neighbour_that_cannot_be_imported_is_executed_by_the_rule(write):
    write("neighbour.py", f"data = open('no_such_file.csv').read()\nm = len(data)\n{LAYERS}")
    source = load_source(write("net.py", "from neighbour import relu\nfrom neighbour import *\n"))
    assert source.module.relu(-1) == 0
    assert [note.split("Error")[0] for note in source.notes] == [
        "of neighbour only the definitions run, because importing it raised FileNotFound"
    ]


def test_a_neighbour_in_python_2_is_read(write):
    write("neighbour.py", "print 'hello'\n")
    source = load_source(write("net.py", f"from neighbour import gone\n{LAYERS}"))
    assert source.module.relu(-1) == 0
    assert source.notes[0].startswith("neighbour has no gone")


def test_a_package_whose_own_file_is_in_python_2(write):
    write("old_pack/__init__.py", "print 'hello'\n")
    write("old_pack/layers.py", LAYERS)
    assert load_source(write("net.py", "from old_pack.layers import relu\n")).module.relu(-1) == 0


def test_an_installed_library_is_no_neighbour(write, tmp_path, monkeypatch):
    write("venv/site-packages/my_library.py", f"{LAYERS}\nraise ValueError('not today')\n")
    monkeypatch.syspath_prepend(tmp_path / "venv" / "site-packages")
    source = load_source(write("net.py", "from my_library import relu\n"))
    assert isinstance(source.module.relu, Placeholder)
    assert source.notes[0].startswith("my_library could not be imported (ValueError: not today)")


def test_a_file_that_takes_the_name_of_a_library_computes_no_more_than_others(write):
    module = load_source(write("random.py", f"{DEFINITIONS}\nvalue = function()\n")).module
    assert module.__name__ == "random"
    assert "value" not in vars(module)


@pytest.mark.parametrize("run_all", [False, True])
def test_warnings_are_no_matter(run, run_all):
    content = "import warnings\n\n\nclass Net:\n    warnings.warn('old')\n    pattern = '\\d'\n"
    assert run(content, run_all=run_all).module.Net.pattern == "\\d"


def test_a_package_that_cannot_be_imported_whole_is_executed_by_the_rule(write, tmp_path):
    write("my_pack/layers.py", LAYERS)
    write("my_pack/__init__.py", "import nobodys_frames\nfrom .layers import relu\ndata = open('no_such_file')\n")
    source = load_source(str(tmp_path / "my_pack"))
    assert source.module.relu(-1) == 0
    with pytest.raises(UnusableTarget, match="nobodys_frames"):
        load_source(str(tmp_path / "my_pack"), run_all=True)


def test_the_file_stays_as_it_is(write):
    target = Path(write("mine.py", SCRIPT))
    before = target.stat()
    load_source(str(target))
    assert (target.read_text(encoding="utf-8"), target.stat().st_mtime_ns) == (SCRIPT, before.st_mtime_ns)
