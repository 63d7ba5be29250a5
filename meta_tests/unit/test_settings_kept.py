"""Rate, epochs and batch size are found in whatever a network keeps its settings in, or the training is not judged."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from chainrule import api
from chainrule.host.recognition.configurations import Settings, keys_read
from chainrule.host.recognition.surroundings import numbers_kept, roles_kept, set_attributes

pytestmark = pytest.mark.once


class Plain:
    def __init__(self):
        self.lr, self.epochs, self.batch_size, self.sizes = 0.1, 15, 32, (4, 6, 3)


@dataclass(frozen=True)
class Frozen:
    lr: float = 0.1
    epochs: int = 15
    batch_size: int = 32
    name: str = "mlp"


@dataclass(slots=True)
class Slotted:
    lr: float = 0.1
    epochs: int = 15
    batch_size: int = 32


class Named(NamedTuple):
    lr: float = 0.1
    epochs: int = 15
    batch_size: int = 32


NUMBERS = {"lr": 0.1, "epochs": 15, "batch_size": 32}
KINDS = [Plain, Frozen, Slotted, Named, lambda: dict(NUMBERS), lambda: Settings(NUMBERS)]


@pytest.mark.parametrize("kind", KINDS)
def test_settings_of_every_kind_are_found_and_set(kind):
    network = SimpleNamespace(config=kind(), W=[np.ones((4, 6))], cache={"A1": np.ones(3)})
    assert all(numbers_kept(network, wanted) == {wanted} for wanted in NUMBERS)
    wanted = {"lr": 0.5, "epochs": 2, "batch_size": 7}
    set_attributes(network, wanted)
    assert {role: value for role, value in roles_kept(network).items() if role in wanted} == wanted


def merges(self, config=None):
    self.cfg = {**DEFAULT, **(config or {})}
    return self.cfg["layers"], self.cfg.get("seed", 3)


def reads(self, config):
    self.config = config
    return config.layers, self.config["seed"]


def leaves_alone(self, config=None):
    self.table = {"config": config}
    return self.table["layers"]


DEFAULT = {"layers": [4, 3], "seed": 0}


@pytest.mark.parametrize(
    ("function", "keys"), [(merges, {"layers", "seed"}), (reads, {"layers", "seed"}), (leaves_alone, set())]
)
def test_keys_are_read_from_a_configuration_and_from_what_it_is_merged_into(function, keys):
    assert set(keys_read(function, "config")) == keys


SOURCE = """
import numpy as np

class Config:
    def __init__(self, lr=0.1, epochs=15):
        self.lr, self.epochs = lr, epochs

SETTINGS = Config()

class Net:
    def __init__(self, sizes):
        self.W = [np.random.randn(a, b) * np.sqrt(2 / (a + b)) for a, b in zip(sizes, sizes[1:])]
        self.b = [np.zeros(b) for b in sizes[1:]]

    def forward(self, x):
        self.a = [x]
        for w, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.maximum(self.a[-1] @ w + b, 0))
        z = self.a[-1] @ self.W[-1] + self.b[-1]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def backward(self, x, y):
        d = self.forward(x)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        gw, gb = [], []
        for h, w in zip(self.a[::-1], self.W[::-1]):
            gw.insert(0, h.T @ d)
            gb.insert(0, d.sum(axis=0))
            d = (d @ w.T) * (h > 0)
        return gw, gb

    def train(self, x, y):
        for _ in range(SETTINGS.epochs):
            gw, gb = self.backward(x, y)
            for l in range(len(self.W)):
                self.W[l] -= SETTINGS.lr * gw[l]
                self.b[l] -= SETTINGS.lr * gb[l]
"""


def test_a_training_whose_rate_is_not_found_is_not_judged(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(SOURCE, encoding="utf-8")
    found = api.check(str(path), chapters=("training",))
    outcomes = {spec.id: spec.outcome for spec in found.specs}
    assert not {"failed", "error"} & set(outcomes.values())
    assert outcomes["training.zero_rate"] == "todo"
