"""A network whose layers and loss are in other files is checked with them, or the report says what was tried."""

import ast

import pytest

from chainrule.api import check_loaded
from chainrule.host.source.partners import partner_files
from chainrule.running.loading import load

pytestmark = pytest.mark.once  # whole checks, the same on every interpreter

NETWORK = """\
class Sequential:
    def __init__(self, layers: "list[Layer]", loss_fn: "Loss"):
        self.layers, self.loss_fn = layers, loss_fn

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
"""
LAYERS = """\
import numpy as np


class Layer:
    pass


class Dense(Layer):
    def __init__(self, n_in, n_out):
        bound = np.sqrt(6 / (n_in + n_out))
        self.W, self.b = np.random.uniform(-bound, bound, (n_in, n_out)), np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.W.T


class ReLU(Layer):
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask
"""
LOSSES = """\
import numpy as np


class Loss:
    pass


class SoftmaxCrossEntropy(Loss):
    def forward(self, z, y):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p, self.y = e / e.sum(axis=1, keepdims=True), y
        return -np.mean(np.log(self.p[np.arange(len(y)), y]))

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(self.y)), self.y] -= 1
        return d / len(self.y)
"""
TRAIN = """\
import numpy as np
from layers import Dense, ReLU
from losses import SoftmaxCrossEntropy
from network import Sequential

X, y = np.load("x.npy"), np.load("y.npy")
net = Sequential([Dense(784, 64), ReLU(), Dense(64, 10)], SoftmaxCrossEntropy())
for epoch in range(10):
    loss = net.loss_fn.forward(net.forward(X), y)
    net.backward(net.loss_fn.backward())
    for layer in net.layers:
        if hasattr(layer, "W"):
            layer.W -= 0.1 * layer.dW
            layer.b -= 0.1 * layer.db
"""
PLAIN = NETWORK.replace(': "list[Layer]"', "").replace(': "Loss"', "")
HALF = "from layers import *\nimport losses\n" + PLAIN
MODULES = "import layers as parts\nimport losses\n" + PLAIN
FOLDERS = {
    "annotations": {"network.py": NETWORK, "layers.py": LAYERS, "losses.py": LOSSES},
    "a script": {"network.py": PLAIN, "layers.py": LAYERS, "losses.py": LOSSES, "train.py": TRAIN},
    "a package": {"__init__.py": "", "network.py": PLAIN, "layers.py": LAYERS, "losses.py": LOSSES},
    "modules": {"network.py": MODULES, "layers.py": LAYERS, "losses.py": LOSSES},
    "a module": {
        "network.py": HALF,
        "layers.py": LAYERS,
        "losses.py": LOSSES,
    },
    "one file": {"network.py": NETWORK, "parts.py": LAYERS + LOSSES.replace("import numpy as np\n", "")},
}


@pytest.fixture
def opened(tmp_path):
    """Loads network.py from a folder with these files."""

    def opened(files):
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        (tmp_path / "pyproject.toml").touch()
        return load(str(tmp_path / "network.py"))

    return opened


def broken(loaded):
    outcome = check_loaded(loaded, chapters=("gradients",))
    assert "passed" in {result.outcome for result in outcome.specs}
    return {result.id for result in outcome.specs if result.outcome in ("failed", "error")}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_network_is_made_with_the_classes_of_files_beside_it(opened, kind):
    loaded = opened(FOLDERS[kind])
    assert loaded.description.form.startswith("class Sequential ")
    noted = any("the network is made with classes of files beside it: " in note for note in loaded.notes)
    assert noted or kind == "a script"  # whose own calls show how the network is made
    assert broken(loaded) == set()


@pytest.mark.parametrize("kind", ["annotations", "a script"])
def test_a_mistake_beside_the_network_is_found(opened, kind):
    files = {name: source.replace("return grad * self.mask", "return grad") for name, source in FOLDERS[kind].items()}
    assert broken(opened(files))


def test_what_does_not_fit_is_left_alone_and_named(opened):
    strange = "class Layer:\n    def __init__(self, neurons, wiring):\n        self.neurons = neurons\n"
    strange += NETWORK.replace("Sequential", "MLP") + LAYERS.replace(
        "Layer", "Schicht"
    )  # another network is not this one
    loaded = opened({"network.py": NETWORK, "brain.py": strange, "other.py": LAYERS.replace("Layer", "Schicht")})
    assert loaded.description.form == ""
    assert "chainrule looked in brain.py for what the network is made with, and found nothing that fits" in loaded.notes
    assert "Layer" not in loaded.description.defined


def test_a_file_that_is_complete_stays_alone(opened):
    whole = LAYERS + LOSSES.replace("import numpy as np\n", "") + NETWORK
    loaded = opened({"network.py": whole, "layers.py": LAYERS.replace("return x @ self.W", "return 2 * x @ self.W")})
    assert not any("beside" in note for note in loaded.notes)
    assert broken(loaded) == set()


def test_a_layer_alone_in_its_file_is_put_together_with_those_beside_it(tmp_path):
    dense, relu = LAYERS.split("\n\nclass ReLU(Layer):")
    files = {"__init__.py": "", "dense.py": dense, "relu.py": f"class ReLU:{relu}", "losses.py": LOSSES}
    for name, content in {**files, "network.py": NETWORK.replace("reversed(self.layers)", "self.layers")}.items():
        (tmp_path / name).write_text(content)
    loaded = load(str(tmp_path / "dense.py"))
    assert loaded.description.form.startswith("layer classes")  # the network beside it is another matter
    assert broken(loaded) == set()
    (tmp_path / "dense.py").write_text(dense.replace("grad.sum(axis=0)", "grad.mean(axis=0)"))
    assert broken(load(str(tmp_path / "dense.py")))


def test_locks_of_editors_and_files_that_vanish_are_passed_over(tmp_path):
    place = tmp_path / "network.py"
    place.write_text(NETWORK)
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "folder.py").mkdir()
    try:
        (tmp_path / ".#network.py").symlink_to("author@desk.4711")
    except OSError:
        pytest.skip("no symbolic links here")
    assert partner_files(place, ast.parse(NETWORK).body) == [[tmp_path / "layers.py"]]
