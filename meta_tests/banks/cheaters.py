"""The bank of cheaters: files that would get a better verdict than their mathematics deserves, and honest ones beside
them that do something of the same look.

Each is the honest network below with something before, after or in place of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass

from banks.honest import FUNCTIONS, HONEST, IMPORTS, NETWORK

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
        "from chainrule.mathematics import comparison\n\ncomparison.assert_close = lambda *a, **k: None\n",
        "chainrule.mathematics.comparison.assert_close",
    ),
    patcher(
        "changes the code of assert_close",
        "import chainrule.mathematics.comparison\n\n\ndef nothing(actual, expected, *, bound, what=''):\n    pass\n\n\n"
        "chainrule.mathematics.comparison.assert_close.__code__ = nothing.__code__\n",
        "chainrule.mathematics.comparison.assert_close",
    ),
    patcher(
        "patches Failure",
        "from chainrule.mathematics.comparison import Failure\n\n\n"
        "def init(self, *a, **k):\n    raise KeyboardInterrupt\n\n\n"
        "Failure.__init__ = init\n",
        "chainrule.mathematics.comparison.Failure.__init__",
    ),
    patcher(
        "replaces given",
        "import hypothesis\n\nhypothesis.given = lambda **k: lambda test: lambda impl: None\n",
        "hypothesis.given",
    ),
    patcher(
        "patches Boundary._call",
        "from chainrule.boundary.boundary import Boundary\n\n"
        "Boundary._call = lambda self, name, names, z, read=None: np.maximum(z, 0)\n",
        "chainrule.boundary.boundary.Boundary._call",
    ),
    patcher(
        "patches SpecResult",
        "from chainrule.running import results\n\n\nclass SpecResult(results.SpecResult):\n    outcome = 'passed'\n\n\n"
        "results.SpecResult = SpecResult\n",
        "chainrule.running.results.SpecResult",
    ),
    patcher(
        "overrides sys.modules",
        "import sys, types\n\nfake = types.ModuleType('chainrule.mathematics.comparison')\n"
        "fake.assert_close = lambda *a, **k: None\n"
        "sys.modules['chainrule.mathematics.comparison'] = fake\n",
        "chainrule.mathematics.comparison",
    ),
    patcher(
        "widens the unit roundoff",
        "from chainrule.mathematics.rounding import UNIT_ROUNDOFF\n\nUNIT_ROUNDOFF['float64'] = 1.0\n",
        "chainrule.mathematics.rounding.UNIT_ROUNDOFF",
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
        "import chainrule.running.run as runner\n"
        "if not hasattr(runner, 'real'):\n"
        "    runner.real = runner.judge\n"
        "    runner.judge = lambda spec, error, *a: runner.real(spec, None, *a)",
        "chainrule.running.run.judge",
    ),
    late_patcher(
        "patches Call",
        "from chainrule.boundary.calls import Call\nCall.reread = lambda self: np.maximum(self.arguments[0], 0)",
        "chainrule.boundary.calls.Call.reread",
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
    "looks for a spec on the stack": "import sys\n\n\ndef tested():\n    frame = sys._getframe()\n    while frame:\n"
    "        if 'spec_tests' in frame.f_globals.get('__name__', ''):\n            return True\n"
    "        frame = frame.f_back\n    return False\n",
    "walks a traceback": "def tested():\n    try:\n        raise ValueError\n    except ValueError as error:\n"
    "        frame = error.__traceback__.tb_frame\n    while frame:\n"
    "        if frame.f_globals['__name__'].startswith('_pytest'):\n            return True\n"
    "        frame = frame.f_back\n    return False\n",
}
WATCHERS = (
    *(Cheater(name, IMPORTS + tested + TESTED, "differs", "relu") for name, tested in WATCHED.items()),
    Cheater(
        "a network that looks at the stack",
        HONEST.replace("delta = delta / len(y)", "delta /= len(y) if tested() else 1")
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
        np.random.random()
        warnings.simplefilter('ignore')
        namedtuple('Pair', 'w b')
        return function(*a, **k)

    return inner
"""
LATE = "    import numpy.polynomial, unittest.mock, json.tool, hypothesis.extra.numpy, chainrule.cli.skeleton\n"
HONEST_FILES = {
    "settings": IMPORTS + SETTINGS + FUNCTIONS.replace("def ", "@logged\ndef ") + NETWORK,
    "imports late": IMPORTS + FUNCTIONS.replace("(z):\n", "(z):\n" + LATE) + NETWORK,
}
