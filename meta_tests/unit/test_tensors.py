"""Libraries of tensors with gradients: their layers, losses and optimizers are read, and a mistake in them fails."""

import textwrap

import pytest

from banks import style_bank
from chainrule.api import check_loaded
from chainrule.running.loading import load

pytestmark = pytest.mark.once  # whole checks of networks, the same on every interpreter

SOURCE = (style_bank.FOLDER / "tensor_autograd.py").read_text(encoding="utf-8")
ENGINE, LAYERS = SOURCE.split("class Linear:")
ENGINE += """
    def log_softmax(self, dim=-1):
        shifted = self.data - self.data.max(axis=dim, keepdims=True)
        out = Tensor(shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)), _children=(self,))

        def _backward():
            self.grad = self.grad + out.grad - np.exp(out.data) * out.grad.sum(axis=dim, keepdims=True)
        out._backward = _backward
        return out
"""
LINEAR = "class Linear:" + LAYERS.split("class MLP:")[0]
MODULES = """
class ReLU:
    def __call__(self, x):
        return x.relu()

class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)
    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
    def parameters(self):
        return [p for l in self.layers if isinstance(l, Linear) for p in (l.weight, l.bias)]
"""
LOSS = """
def nll_loss(logp, target):
    n = target.data.shape[0]
    picked = np.zeros_like(logp.data)
    picked[np.arange(n), target.data.astype(int)] = -1 / n
    return (logp * Tensor(picked)).sum()
"""
OPTIMIZER = """
class SGD:
    def __init__(self, parameters, lr=0.01):
        self.parameters, self.lr = parameters, lr
    def zero_grad(self):
        for p in self.parameters:
            p.grad = np.zeros_like(p.data)
    def step(self):
        for p in self.parameters:
            p.data -= self.lr * p.grad
"""
CHAPTERS = ("golden", "training")


@pytest.fixture
def check(tmp_path):
    """Check a package of tensors through its file of layers.  Changes: (old, new) in any of its files."""

    def checked(*changes, layers=LINEAR + MODULES, chapters=CHAPTERS, data="data"):
        folder = tmp_path / f"grad{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        files = {
            "__init__.py": "from .engine import Tensor\n",
            "engine.py": ENGINE,
            "nn.py": f"import numpy as np\nfrom .engine import Tensor\n{layers}",
            "losses.py": f"import numpy as np\nfrom .engine import Tensor\nclass Unused:\n    pass\n{LOSS}",
            "optim.py": f"import numpy as np\n{OPTIMIZER}",
        }
        for old, new in changes:
            assert sum(text.count(old) for text in files.values()) == 1, old
            files = {name: text.replace(old, new) for name, text in files.items()}
        for name, text in files.items():
            text = text.replace(".data", f".{data}")
            (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        loaded = load(str(folder / "nn.py"), conventions={"initialization": "any"})
        outcome = check_loaded(loaded, chapters=chapters)
        return {spec.id: spec.outcome for spec in outcome.specs}, outcome

    return checked


def wrong(outcomes):
    return {spec for spec, outcome in outcomes.items() if outcome in ("failed", "error")}


def test_layers_loss_and_optimizer_of_a_library_of_tensors(check):
    outcomes, _ = check()
    assert wrong(outcomes) == set()
    assert {outcomes[spec] for spec in ("golden.gradients", "golden.loss", "golden.steps", "training.step")} == {
        "passed"
    }
    assert "todo" not in outcomes.values()


@pytest.mark.parametrize(
    ("change", "specs"),
    [
        pytest.param(("(self.data > 0) * out.grad", "out.grad"), {"golden.gradients"}, id="the mask of ReLU"),
        pytest.param(("picked[np.arange(n), ", "picked[np.arange(n) - 1, "), {"golden.loss"}, id="labels of others"),
        pytest.param(("out.grad - np.exp(out.data)", "out.grad + np.exp(out.data)"), {"golden.gradients"}, id="sign"),
        pytest.param(("-= self.lr * p.grad", "+= self.lr * p.grad"), {"training.step"}, id="ascent"),
        pytest.param(("self.grad + out.grad @ other.data.T", "self.grad"), {"golden.gradients"}, id="no chain"),
    ],
)
def test_mistakes_in_a_library_of_tensors(check, change, specs):
    outcomes, _ = check(change)
    assert wrong(outcomes), outcomes
    assert specs & wrong(outcomes) or any(outcomes.get(spec) == "blocked" for spec in specs)


def test_layers_without_a_container_or_a_class_for_relu(check):
    outcomes, _ = check(layers=LINEAR)
    assert wrong(outcomes) == set()
    assert outcomes["golden.gradients"] == "passed"


COLUMNS = """
class Linear:
    def __init__(self, n_in, n_out):
        self.weight = Tensor(np.random.randn(n_out, n_in) * np.sqrt(2 / n_in), requires_grad=True)
        self.bias = Tensor(np.zeros((n_out, 1)), requires_grad=True)
    def __call__(self, batch):
        return [self.weight @ x + self.bias for x in batch]

class ReLU:
    def __call__(self, batch):
        return [x.relu() for x in batch]
"""


def test_batches_that_are_lists_of_columns(check):
    outcomes, _ = check(layers=COLUMNS)
    assert wrong(outcomes) == set()
    assert outcomes["golden.gradients"] == "passed"
    outcomes, _ = check(layers=COLUMNS.replace("x.relu()", "x"))
    assert wrong(outcomes)


def test_a_library_without_relu_is_checked_without_hidden_layers(check):
    outcomes, outcome = check(("    def relu(self):", "    def squash(self):"), layers=LINEAR)
    assert wrong(outcomes) == set()
    assert outcomes["golden.loss"] == outcomes["training.step"] == "passed"
    assert outcome.conventions["architecture"].value == "[*, *]"


BEGINS = "        self.grad = np.ones_like(self.data)\n"
FRESH = "self.grad = np.zeros_like(self.data)\n        self._prev"
CLEARS = "        for node in topo:\n            node.grad = np.zeros_like(node.data)\n"
WAYS = {
    "a backward pass that takes an array": [
        ("def backward(self):", "def backward(self, grad):"),
        (BEGINS, "        self.grad = grad\n"),
    ],
    "a backward pass that takes a tensor": [
        ("def backward(self):", "def backward(self, grad):"),
        (BEGINS, "        self.grad = grad.data\n"),
    ],
    "no gradient before the backward pass": [
        (FRESH, "self.grad = None\n        self._prev"),
        (BEGINS, CLEARS + BEGINS),
    ],
    "tensors with an item": [
        ("    def relu(self):", "    def item(self):\n        return self.data.item()\n\n    def relu(self):"),
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_other_ways_of_tensors(check, way):
    outcomes, _ = check(*WAYS[way])
    assert wrong(outcomes) == set()
    assert outcomes["golden.gradients"] == "passed"


def test_arrays_under_another_name(check):
    outcomes, _ = check(data="array")
    assert wrong(outcomes) == set()
    assert outcomes["golden.gradients"] == outcomes["training.step"] == "passed"


def test_an_optimizer_that_is_set_up_with_the_network(check):
    takes = "    def __init__(self, parameters, lr=0.01):\n        self.parameters, self.lr = parameters, lr\n"
    given = "    def __init__(self, lr=0.01):\n        self.lr = lr\n"
    given += "    def setup(self, net):\n        self.parameters = net.parameters()\n"
    outcomes, _ = check((takes, given))
    assert wrong(outcomes) == set()
    assert outcomes["training.step"] == "passed"


def test_a_softmax_that_takes_an_axis(check):
    softmax = """
def softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)
"""
    outcomes, _ = check(layers=LINEAR + MODULES + softmax, chapters=("softmax",))
    assert wrong(outcomes) == set()
    assert outcomes["softmax.rows_independent"] == "passed"
    outcomes, _ = check(
        layers=LINEAR + MODULES + softmax.replace("e.sum(axis=axis, keepdims=True)", "e.sum()"), chapters=("softmax",)
    )
    assert wrong(outcomes)


CHECKED = ("shapes", "gradients", *CHAPTERS)
OF_ARRAYS = """
class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [Tensor(rng.normal(0, (2 / (a + b)) ** 0.5, (a, b))) for a, b in zip(sizes, sizes[1:])]
        self.biases = [Tensor(np.zeros(b)) for b in sizes[1:]]
    def logits(self, x):
        h = Tensor(x)
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            h = (h @ w + b).relu()
        return h @ self.weights[-1] + self.biases[-1]
    def fit(self, x, y, epochs=10, batch_size=32, lr=0.1, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for i in range(0, len(x), batch_size):
                rows = order[i:i + batch_size]
                for p in self.weights + self.biases:
                    p.grad = np.zeros_like(p.data)
                self.logits(x[rows]).cross_entropy(y[rows]).backward()
                for p in self.weights + self.biases:
                    p.data = p.data - lr * p.grad
    def predict(self, x):
        return self.logits(x).data.argmax(axis=1)
"""
TENSOR = """
class Tensor:
    def __init__(self, data, parents=(), vjp=None):
        self.data, self.parents, self.vjp, self.grad = np.asarray(data), parents, vjp, None
    def __matmul__(self, other):
        return Tensor(self.data @ other.data, (self, other), lambda g: (g @ other.data.T, self.data.T @ g))
    def __add__(self, other):
        return Tensor(self.data + other.data, (self, other), lambda g: (g, g.sum(axis=0)))
    def relu(self):
        return Tensor(np.maximum(self.data, 0), (self,), lambda g: (g * (self.data > 0),))
    def cross_entropy(self, y):
        z = self.data - self.data.max(axis=1, keepdims=True)
        logp, rows = z - np.log(np.exp(z).sum(axis=1, keepdims=True)), np.arange(len(y))
        d = np.exp(logp)
        d[rows, y] -= 1
        return Tensor(-logp[rows, y].mean(), (self,), lambda g: (g * d / len(y),))
    def backward(self):
        order = []
        def visit(t):
            if t not in order:
                for p in t.parents:
                    visit(p)
                order.append(t)
        visit(self)
        self.grad = np.ones_like(self.data)
        for t in reversed(order):
            for p, g in zip(t.parents, t.vjp(t.grad) if t.vjp else ()):
                p.grad = g if p.grad is None else p.grad + g
"""


@pytest.mark.parametrize(
    ("change", "chapter"),
    [
        pytest.param((), None, id="right"),
        pytest.param(("g.sum(axis=0)", "g.mean(axis=0)"), "gradients", id="the mean of the biases' gradients"),
        pytest.param(("p.data - lr", "p.data + lr"), "training", id="ascent"),
        pytest.param((".argmax(axis=1)", ".argmin(axis=1)"), "network", id="the least likely class"),
    ],
)
def test_a_network_that_makes_tensors_of_its_inputs(tmp_path, change, chapter):
    source = f"import numpy as np\n{TENSOR}{OF_ARRAYS}"
    path = tmp_path / "net.py"
    path.write_text(source.replace(*change) if change else source, encoding="utf-8")
    outcomes = {one.id: one.outcome for one in check_loaded(load(str(path)), chapters=CHECKED).specs}
    if chapter is None:
        assert wrong(outcomes) == set()
        assert outcomes["golden.gradients"] == outcomes["training.overfit"] == outcomes["network.predict"] == "passed"
    else:
        assert chapter in {spec.split(".")[0] for spec in wrong(outcomes)}
