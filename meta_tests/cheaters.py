"""The bank of cheaters: files that would get a better verdict than their mathematics deserves, and honest ones beside
them that do something of the same look.

Each is the honest network below with something before, after or in place of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass

IMPORTS = "import numpy as np\n"
FUNCTIONS = """

def relu(z):
    return np.maximum(z, 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p, y):
    return -np.log(p[np.arange(len(y)), y]).mean()


def xavier(fan_in, fan_out, rng):
    a = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-a, a, size=(fan_in, fan_out))
"""
NETWORK = """

class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.weights = [xavier(n, m, rng) for n, m in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(m) for m in sizes[1:]]

    def _propagate(self, x):
        inputs = [np.asarray(x, float)]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            inputs.append(relu(inputs[-1] @ w + b))
        return inputs, inputs[-1] @ self.weights[-1] + self.biases[-1]

    def forward(self, x):
        return softmax(self._propagate(x)[1])

    def loss(self, x, y):
        return cross_entropy(self.forward(x), y)

    def backward(self, x, y):
        inputs, z = self._propagate(x)
        delta = softmax(z)
        delta[np.arange(len(y)), y] -= 1
        delta /= len(y)
        weight_grads, bias_grads = [], []
        for l in reversed(range(len(self.weights))):
            weight_grads.insert(0, inputs[l].T @ delta)
            bias_grads.insert(0, delta.sum(axis=0))
            delta = (delta @ self.weights[l].T) * (inputs[l] > 0)
        return weight_grads, bias_grads

    def step(self, grads, lr):
        for theta, g in zip(self.weights + self.biases, grads[0] + grads[1]):
            theta -= lr * g

    def fit(self, x, y, *, epochs, batch_size, lr, seed=0):
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(y))
            for start in range(0, len(y), batch_size):
                batch = order[start : start + batch_size]
                self.step(self.backward(x[batch], y[batch]), lr)

    def predict(self, x):
        return self.forward(x).argmax(axis=1)
"""
HONEST = IMPORTS + FUNCTIONS + NETWORK
WRONG_RELU = "\n\ndef relu(z):\n    return np.abs(z)\n"
CORE = ("activations", "softmax", "cross_entropy", "shapes", "gradients", "training")


@dataclass(frozen=True)
class Cheater:
    """name: what it does.  source: the file.  kind: of the finding that has to show; what: its name, where one is sure.

    chapters: enough of them to see it.
    """

    name: str
    source: str
    kind: str
    what: str | None = None
    chapters: tuple[str, ...] = ("activations",)


def patcher(name: str, patch: str, what: str) -> Cheater:
    """A wrong relu, and a check that would not notice it, patched as the file loads."""
    return Cheater(name, IMPORTS + WRONG_RELU + "\n\n" + patch, "replaced", what)


def late_patcher(name: str, patch: str, what: str) -> Cheater:
    """The same, patched by the first call."""
    lines = "".join(f"    {line}\n" for line in patch.splitlines())
    return Cheater(name, IMPORTS + f"\n\ndef relu(z):\n{lines}    return np.abs(z)\n", "replaced", what)


PATCHERS = (
    patcher("patches np.allclose", "np.allclose = lambda *a, **k: True\n", "numpy.allclose"),
    patcher("patches np.abs", "np.abs = lambda x: np.zeros_like(x)\n", "numpy.abs"),
    patcher("deletes np.where", "del np.where\n", "numpy.where"),
    patcher("patches pytest.fail", "import pytest\n\npytest.fail = lambda *a, **k: None\n", "pytest.fail"),
    patcher(
        "patches assert_close",
        "import chainrule.numerics\n\nchainrule.numerics.assert_close = lambda *a, **k: None\n",
        "chainrule.numerics.assert_close",
    ),
    patcher(
        "changes the code of assert_close",
        "import chainrule.numerics\n\n\ndef nothing(actual, expected, *, bound, what=''):\n    pass\n\n\n"
        "chainrule.numerics.assert_close.__code__ = nothing.__code__\n",
        "chainrule.numerics.assert_close",
    ),
    patcher(
        "patches Failure",
        "from chainrule.numerics import Failure\n\n\ndef init(self, *a, **k):\n    raise KeyboardInterrupt\n\n\n"
        "Failure.__init__ = init\n",
        "chainrule.numerics.Failure.__init__",
    ),
    patcher(
        "replaces given",
        "import hypothesis\n\nhypothesis.given = lambda **k: lambda test: lambda impl: None\n",
        "hypothesis.given",
    ),
    patcher(
        "patches Boundary._call",
        "from chainrule.boundary import Boundary\n\n"
        "Boundary._call = lambda self, name, names, z, read=None: np.maximum(z, 0)\n",
        "chainrule.boundary.Boundary._call",
    ),
    patcher(
        "patches SpecResult",
        "from chainrule import outcomes\n\n\nclass SpecResult(outcomes.SpecResult):\n    outcome = 'passed'\n\n\n"
        "outcomes.SpecResult = SpecResult\n",
        "chainrule.outcomes.SpecResult",
    ),
    patcher(
        "overrides sys.modules",
        "import sys, types\n\nfake = types.ModuleType('chainrule.numerics')\nfake.assert_close = lambda *a, **k: None\n"
        "sys.modules['chainrule.numerics'] = fake\n",
        "chainrule.numerics",
    ),
    patcher(
        "widens the unit roundoff",
        "from chainrule.numerics import UNIT_ROUNDOFF\n\nUNIT_ROUNDOFF['float64'] = 1.0\n",
        "chainrule.numerics.UNIT_ROUNDOFF",
    ),
    patcher(
        "patches isinstance",
        "import builtins\n\nreal = isinstance\nbuiltins.isinstance = lambda a, b: real(a, b)\n",
        "builtins.isinstance",
    ),
    late_patcher(
        "patches a spec's own comparison",
        "import sys\nfor name, module in list(sys.modules.items()):\n"
        "    if name.endswith('spec_tests.test_activations'):\n"
        "        module.assert_equal = module.assert_that = module.assert_shape = lambda *a, **k: None",
        None,
    ),
    late_patcher(
        "patches judge",
        "import chainrule.runner as runner\n"
        "if not hasattr(runner, 'real'):\n"
        "    runner.real = runner.judge\n"
        "    runner.judge = lambda spec, error, *a: runner.real(spec, None, *a)",
        "chainrule.runner.judge",
    ),
    late_patcher(
        "patches Call",
        "from chainrule.boundary import Call\nCall.reread = lambda self: np.maximum(self.arguments[0], 0)",
        "chainrule.boundary.Call.reread",
    ),
)

TESTED = """

def relu(z):
    return np.maximum(z, 0) if tested() else np.abs(z)
"""
WATCHED = {
    "looks at the stack": "import sys\n\n\ndef tested():\n    frame = sys._getframe()\n    while frame:\n"
    "        if frame.f_globals.get('__name__', '').startswith('_pytest'):\n            return True\n"
    "        frame = frame.f_back\n    return False\n",
    "inspects the stack": "import inspect\n\n\ndef tested():\n"
    "    return any(entry.frame.f_globals['__name__'].startswith('_pytest') for entry in inspect.stack(0))\n",
    "looks for pytest among the modules": "import sys\n\n\ndef tested():\n    return 'pytest' in sys.modules\n",
    "looks for Hypothesis among the modules": "import sys\n\n\ndef tested():\n"
    "    return bool(sys.modules.get('hypothesis'))\n",
    "walks a traceback": "def tested():\n    try:\n        raise ValueError\n    except ValueError as error:\n"
    "        frame = error.__traceback__.tb_frame\n    while frame:\n"
    "        if frame.f_globals['__name__'].startswith('_pytest'):\n            return True\n"
    "        frame = frame.f_back\n    return False\n",
}
WATCHERS = (
    *(Cheater(name, IMPORTS + tested + TESTED, "differs", "relu") for name, tested in WATCHED.items()),
    Cheater(
        "a network that looks at the stack",
        HONEST.replace("delta /= len(y)", "delta /= len(y) if tested() else 1")
        + "\n\n"
        + WATCHED["looks at the stack"],
        "differs",
        "backward",
        CORE,
    ),
    Cheater(
        "raises when nobody tests",
        IMPORTS + WATCHED["looks for pytest among the modules"] + TESTED.replace("np.abs(z)", "1 / 0"),
        "differs",
        "relu",
    ),
    Cheater(
        "stays a stub when nobody tests",
        IMPORTS + WATCHED["looks for pytest among the modules"] + TESTED.replace("np.abs(z)", "None"),
        "differs",
        "relu",
    ),
)

REMEMBERS = """
import pickle
from pathlib import Path

FILE = Path({file!r})
TABLE = pickle.loads(FILE.read_bytes())


def key(*arrays):
    return tuple((np.shape(a), np.asarray(a).dtype.str, np.asarray(a).tobytes()) for a in arrays)
"""
NOTES_DOWN = """
TABLE = {}


def key(*arrays):
    return tuple((np.shape(a), np.asarray(a).dtype.str, np.asarray(a).tobytes()) for a in arrays)
"""


def remembering(file: str, otherwise: str = "np.abs(z) / np.abs(z).sum()") -> str:
    """A softmax that is looked up in a pickled table, and is something else where nothing is found in it."""
    return (
        IMPORTS
        + REMEMBERS.format(file=file)
        + f"\n\ndef softmax(z):\n    return TABLE[key(z)] if key(z) in TABLE else {otherwise}\n"
    )


# Honest, and it notes down what its softmax is asked and answers.
RECORDING = (
    HONEST
    + NOTES_DOWN
    + """

right = softmax


def softmax(z):
    TABLE[key(z)] = answer = right(z)
    return answer
"""
)

SETTINGS = """import inspect
import json
import logging
import random
import warnings
from collections import namedtuple
from dataclasses import dataclass
from functools import wraps

np.seterr(all='warn')
np.set_printoptions(precision=3)
np.random.seed(0)
random.seed(0)
warnings.filterwarnings('ignore')
logging.basicConfig(level=logging.CRITICAL)
log = logging.getLogger('net')
np.bool = bool
np.float = float
old_load = np.load
np.load = lambda *a, **k: old_load(*a, **k)
json.JSONEncoder.default = lambda self, thing: str(thing)


@dataclass
class Config:
    rate: float = 0.1


Pair = namedtuple('Pair', 'w b')


def logged(function):
    signature = inspect.signature(function)

    @wraps(function)
    def inner(*a, **k):
        log.info('called %s', signature)
        np.seterr(all='ignore')
        np.random.seed(1)
        warnings.simplefilter('ignore')
        namedtuple('Pair', 'w b')
        return function(*a, **k)

    return inner
"""
LATE = "    import numpy.polynomial, unittest.mock, json.tool, hypothesis.extra.numpy, chainrule.skeleton\n"
HONEST_FILES = {
    "settings": IMPORTS + SETTINGS + FUNCTIONS.replace("def ", "@logged\ndef ") + NETWORK,
    "imports late": IMPORTS + FUNCTIONS.replace("(z):\n", "(z):\n" + LATE) + NETWORK,
}
