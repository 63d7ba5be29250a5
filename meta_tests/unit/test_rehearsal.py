"""What chainrule learns of a file by running its training on made data, and what that run leaves untouched."""

import json
import os
import random
import socket
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule import api
from chainrule.contract.errors import UnusableTarget
from chainrule.host.guard.memory import bounded_memory
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.recipes import RECIPES
from chainrule.host.rehearsal import recording
from chainrule.host.rehearsal.recording import ROUNDS, Enough, Recorder
from chainrule.host.rehearsal.rehearse import Shown
from chainrule.host.rehearsal.scripts import below, neighbours
from chainrule.host.source import projects
from chainrule.host.source.targets import learn_from_its_training, load_source
from chainrule.running.loading import load

NET = """
import numpy as np

class Q:
    def __init__(self, aa, bb, cc):
        self.p, self.q = np.random.randn(aa, bb) / aa**0.5, np.zeros(bb)
        self.r, self.s = np.random.randn(bb, cc) / bb**0.5, np.zeros(cc)

    def f(self, u):
        self.i = np.maximum(u @ self.p + self.q, 0)
        e = self.i @ self.r + self.s
        e = np.exp(e - e.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def g(self, u, v):
        return -np.log((self.f(u) * TARGETS).sum(axis=1)).mean()

    def h(self, u, v):
        d = (self.f(u) - TARGETS) / len(u)
        m = (d @ self.r.T) * (self.i > 0)
        return [u.T @ m, m.sum(axis=0), self.i.T @ d, d.sum(axis=0)]

    def k(self, dd, ee):
        self.p -= ee * dd[0]
        self.q -= ee * dd[1]
        self.r -= ee * dd[2]
        self.s -= ee * dd[3]

    def l(self, u, v, aa, bb):
        for _ in range(aa):
            self.g(u, v)
            self.k(self.h(u, v), bb)

    def w(self, u):
        return self.f(u).argmax(axis=1)
"""
INDEX, ONE_HOT = NET.replace("TARGETS", "np.eye(10)[v]"), NET.replace("TARGETS", "v")
LOAD = "u, t = np.load('a.npz'), np.load('b.npz')\n"
TRAIN = "o = Q(784, 16, 10)\no.l(u, t, 6, 0.1)\no.w(u)\n"
OPERATIONS = {
    "__init__": "create",
    "f": "forward",
    "g": "loss",
    "h": "backward",
    "k": "step",
    "l": "fit",
    "w": "predict",
}


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


@pytest.fixture
def rehearsed(tmp_path):
    """Writes files, the first of which is loaded and rehearsed.  Returns its module."""
    (tmp_path / "pyproject.toml").touch()

    def rehearsed(source, file="q.py", **beside):
        for name, text in {file.removesuffix(".py"): source, **beside}.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        loaded = load_source(str(tmp_path / file))
        learn_from_its_training(loaded)
        return loaded.module

    return rehearsed


def operations(cls):
    """{method: what the calls show that it computes}."""
    found = {name: learnt_of(member).operation for name, member in vars(cls).items() if callable(member)}
    return {name: operation for name, operation in found.items() if operation}


# What is learnt


PLACES = {
    "module level": LOAD + TRAIN,
    "main guard": "if __name__ == '__main__':\n" + indented(LOAD + TRAIN),
    "a function": "def main():\n" + indented(LOAD + TRAIN) + "main()\n",
    "a function under the guard": "def main():\n" + indented(LOAD + TRAIN) + "if __name__ == '__main__':\n    main()\n",
    "after an early return and what raises": "def main(n):\n    if n < 0:\n        return\n    gone()\n"
    + indented(LOAD + TRAIN)
    + "main(1)\n",
    "before a return of no function": LOAD + TRAIN + "return o\n",
    "beside what yields": "def main(n):\n    gone()\n    def more():\n        yield n\n    [(yield n)]\n"
    + "def go():\n    gone()\n"
    + indented(LOAD + TRAIN)
    + "main(1)\ngo()\n",
    "a loop": LOAD + "for z in (0.1, 0.01):\n" + indented(TRAIN),
    "a try": "try:\n" + indented(LOAD + TRAIN) + "except ValueError:\n    pass\n",
    "arguments": "import argparse\nc = argparse.ArgumentParser()\nc.add_argument('--z', type=float, default=0.1)\n"
    "c = c.parse_args()\n" + LOAD + TRAIN.replace("0.1", "c.z"),
}


@pytest.mark.parametrize("place", PLACES)
def test_names_that_mean_nothing_are_learnt_wherever_the_training_stands(place, rehearsed):
    q = rehearsed(INDEX + PLACES[place]).Q
    assert operations(q) == OPERATIONS
    assert learnt_of(q).roles == {"aa": "inputs", "bb": "hidden", "cc": "outputs"}
    assert learnt_of(q.l).roles == {"u": "x", "v": "y", "aa": "epochs", "bb": "lr"}
    assert learnt_of(q.k).roles == {"dd": "grads", "ee": "lr"}


def test_a_rate_is_found_under_a_name_of_arrays(rehearsed):
    source = INDEX.replace("def k(self, dd, ee):", "def k(self, dd, a):").replace("ee * dd", "a * dd")
    assert learnt_of(rehearsed(source + LOAD + TRAIN).Q.k).roles == {"dd": "grads", "a": "lr"}


SEARCH = """
import numpy as np

def a(s):
    p = {}
    for n, (m, k) in enumerate(zip(s, s[1:])):
        p[f"W{n}"], p[f"b{n}"] = np.random.randn(m, k) / m**0.5, np.zeros(k)
    return p

def f(u, p):
    h = [u]
    for n in range(len(p) // 2):
        u = u @ p[f"W{n}"] + p[f"b{n}"]
        u = np.maximum(u, 0) if n < len(p) // 2 - 1 else np.exp(u) / np.exp(u).sum(1, keepdims=True)
        h.append(u)
    return u, h

def g(A2, v):
    return -(v * np.log(A2)).sum() / len(v)

def h(c, p, v):
    d, q = (c[-1] - v) / len(v), {}
    for n in reversed(range(len(p) // 2)):
        q[f"W{n}"], q[f"b{n}"] = c[n].T @ d, d.sum(0)
        d = d @ p[f"W{n}"].T * (c[n] > 0)
    return q

def k(p, q, z):
    for i in p:
        p[i] -= z * q[i]

u, t = np.load('a.npz'), np.load('b.npz')
t = np.eye(10)[t]
for s in ([784, 16, 12, 10], [784, 18, 14, 10]):
    p = a(s)
    for _ in range(3):
        k(p, h(f(u, p)[1], p, t), 0.1)
p = a([784, 8, 10])
for _ in range(3):
    o, c = f(u, p)
    print(g(o, t))
    k(p, h(c, p, t), 0.1)
"""


def test_calls_for_further_networks_show_what_they_take(rehearsed):
    module = rehearsed(SEARCH)
    assert (learnt_of(module.g).operation, learnt_of(module.g).roles) == ("loss", {"A2": "output", "v": "y"})


def test_what_is_learnt_names_the_line_of_the_call(rehearsed):
    source = INDEX + LOAD + TRAIN
    line = source.splitlines().index("o.l(u, t, 6, 0.1)") + 1
    assert learnt_of(rehearsed(source).Q.l).where.endswith(f"q.py:{line}")


def test_cells_are_a_script(tmp_path):
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": str(number)}
        | {"source": text}
        for number, text in enumerate((INDEX, LOAD, "%matplotlib inline\n" + TRAIN))
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tmp_path / "q.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    loaded = load_source(str(tmp_path / "q.ipynb"))
    learn_from_its_training(loaded)
    assert operations(loaded.module.Q) == OPERATIONS


@pytest.mark.parametrize(("net", "form"), [(INDEX, "index"), (ONE_HOT, "one_hot")])
def test_the_form_of_labels_is_learnt(net, form, rehearsed):
    encode = "t = np.eye(10)[t]\n" if form == "one_hot" else ""
    q = rehearsed(net + LOAD + encode + TRAIN).Q
    assert [learnt_of(method).labels for method in (q.g, q.h, q.l)] == [form] * 3
    assert learnt_of(q.f).labels == ""


def test_labels_that_must_be_one_hot_are_made_so(rehearsed):
    q = rehearsed(ONE_HOT + LOAD + TRAIN).Q  # the file encodes no labels, so that its data must be encoded
    assert learnt_of(q.l).labels == "one_hot"


FUNCTIONS = """
import numpy as np

def a(aa, bb, cc):
    p, q = np.random.randn(aa, bb) / aa**0.5, np.zeros(bb)
    r, s = np.random.randn(bb, cc) / bb**0.5, np.zeros(cc)
    return p, q, r, s

def b(u, p, q, r, s):
    i = np.maximum(u @ p + q, 0)
    e = i @ r + s
    e = np.exp(e - e.max(axis=1, keepdims=True))
    return i, e / e.sum(axis=1, keepdims=True)

def c(u, t, i, v, r):
    d = (v - np.eye(v.shape[1])[t]) / len(u)
    m = (d @ r.T) * (i > 0)
    return u.T @ m, m.sum(axis=0), i.T @ d, d.sum(axis=0)

def d(p, q, r, s, dp, dq, dr, ds, zz):
    return p - zz * dp, q - zz * dq, r - zz * dr, s - zz * ds

def g(v, t):
    return -np.log(v[np.arange(len(t)), t]).mean()

def j(u, t):
    p, q, r, s = a(784, 16, 10)
    for _ in range(6):
        i, v = b(u, p, q, r, s)
        g(v, t)
        dp, dq, dr, ds = c(u, t, i, v, r)
        p, q, r, s = d(p, q, r, s, dp, dq, dr, ds, 0.1)
    return p, q, r, s
"""


def test_what_flows_between_functions_is_learnt(rehearsed):
    f = rehearsed(FUNCTIONS + LOAD + "j(u, t)\n")
    assert {name: learnt_of(getattr(f, name)).operation for name in "abcdgj"} == {
        "a": "init", "b": "forward", "c": "backward", "d": "step", "g": "loss", "j": "fit"
    }  # fmt: skip
    assert learnt_of(f.a).roles == {"aa": "inputs", "bb": "hidden", "cc": "outputs"}
    assert learnt_of(f.b).roles == {"u": "x"} | {name: f"named {name}" for name in "pqrs"}
    assert learnt_of(f.c).roles == {"u": "x", "t": "y", "i": "named i", "v": "output", "r": "named r"}
    assert learnt_of(f.d).roles["zz"] == "lr"
    assert learnt_of(f.g).roles == {"v": "output", "t": "y"}


def test_nothing_is_learnt_of_a_file_that_calls_nothing(rehearsed):
    assert operations(rehearsed(INDEX).Q) == {}


def test_an_update_that_returns_what_it_took_makes_no_network(rehearsed):
    functions = FUNCTIONS[: FUNCTIONS.index("def j(")]
    script = """
def h(u, t, i, v, p, q, r, s):
    dp, dq, dr, ds = c(u, t, i, v, r)
    return p - 0.1 * dp, q - 0.1 * dq, r - 0.1 * dr, s - 0.1 * ds

p, q = np.random.randn(784, 16) / 28, np.zeros(16)
r, s = np.random.randn(16, 10) / 4, np.zeros(10)
for _ in range(6):
    i, v = b(u, p, q, r, s)
    g(v, t)
    p, q, r, s = h(u, t, i, v, p, q, r, s)
"""
    f = rehearsed(functions + LOAD + script)
    assert {name: learnt_of(getattr(f, name)).operation for name in "bcgh"} == {
        "b": "forward", "c": "backward", "g": "loss", "h": "backward"
    }  # fmt: skip
    assert learnt_of(f.h).roles.items() >= {"u": "x", "t": "y", "i": "named i", "v": "output"}.items()


def test_what_is_learnt_counts_more_than_names(rehearsed, tmp_path):
    misnamed = INDEX.replace("def f(", "def backward(").replace("self.f(", "self.backward(")
    rehearsed(misnamed + LOAD + TRAIN)
    found = outcomes(tmp_path / "q.py", "gradients", "training")
    assert set(found.values()) <= {"passed", "skipped"}
    assert found["gradients.weights"] == "passed"


EPOCHS = """
    def l(self, u, v, aa, bb, cc):
        for _ in range(ONE):
            for j in range(0, len(u), OTHER):
                self.k(self.h(u[j : j + OTHER], v[j : j + OTHER]), cc)

    def w("""


@pytest.mark.parametrize(("n", "m"), [("epochs", "batch_size"), ("batch_size", "epochs")])
def test_epochs_are_told_from_the_batch_size_by_their_effect(n, m, rehearsed):
    one, other = ("aa", "bb") if n == "epochs" else ("bb", "aa")
    start, end = INDEX.index("\n    def l("), INDEX.index("\n    def w(") + len("\n    def w(")
    net = INDEX[:start] + EPOCHS.replace("ONE", one).replace("OTHER", other) + INDEX[end:]
    q = rehearsed(net + LOAD + "o = Q(784, 16, 10)\no.l(u, t, 8, 12, 0.1)\n").Q
    assert learnt_of(q.l).roles == {"u": "x", "v": "y", "aa": n, "bb": m, "cc": "lr"}


# Made data


WAYS = {
    "Keras": "from keras.datasets import mnist\n(u, t), (u2, t2) = mnist.load_data()\n"
    "u = u.reshape(len(u), -1) / 255\n",
    "Keras, flat": "import tensorflow as tf\n(u, t), _ = tf.keras.datasets.mnist.load_data()\n"
    "u = u.reshape(-1, 784).astype('float32') / 255\n",
    "pandas": "import pandas as pd\nd = pd.read_csv('a.csv')\nt = d['label'].values\n"
    "u = d.drop('label', axis=1).values / 255\n",
    "pandas, by place": "import pandas as pd\nd = pd.read_csv('a.csv')\n"
    "u, t = d.iloc[:, 1:].values / 255, d.iloc[:, 0].values\n",
    "pandas, as an array": "import pandas as pd\nd = np.array(pd.read_csv('a.csv'))\nnp.random.shuffle(d)\n"
    "t, u = d[:, 0], d[:, 1:] / 255\n",
    "np.load": LOAD,
    "images": LOAD + "u = u.reshape(len(u), u.shape[1] * u.shape[2]) / 255\n",
    "np.load of an archive": "d = np.load('mnist.npz')\nu, t = d['x_train'].reshape(-1, 784) / 255, d['y_train']\n",
    "entries of an archive": "with np.load('a.npz') as d:\n    u = d['images']\n    t = d['labels']\n",
    "a loader that needs the content": "import gzip\ndef load(name):\n    file = gzip.open(name)\n"
    "    head = int.from_bytes(file.read(4), 'big')\n    return np.frombuffer(file.read(head), np.uint8)\n"
    "u, t = load('a.gz')\n",
    "a folder beside it": "import os\ndef main():\n    os.makedirs('results')\n"
    "    return np.load('a.npz'), np.load('b.npz')\n"
    "u, t = main()\n",
    "np.loadtxt": "d = np.loadtxt('a.csv', delimiter=',')\nu, t = d[:, 1:] / 255, d[:, 0].astype(int)\n",
    "open in a function": "import pickle\ndef load():\n    with open('a.pkl', 'rb') as file:\n"
    "        return pickle.load(file)\nu, t = load()\n",
    "gzip in a function": "import gzip\ndef load(name):\n    with gzip.open(name) as file:\n"
    "        return np.frombuffer(file.read(), np.uint8, offset=16)\n"
    "u = load('a.gz').reshape(-1, 784) / 255\nt = load('labels.gz')\n",
    "scikit-learn": "from sklearn.datasets import load_digits\nd = load_digits()\nu, t = d.data / 16, d.target\n",
    "scikit-learn, split": "from sklearn.datasets import fetch_openml\n"
    "from sklearn.model_selection import train_test_split\n"
    "u, t = fetch_openml('mnist_784', return_X_y=True)\nu, u2, t, t2 = train_test_split(u, t)\n",
    "scikit-learn, prepared": "import pandas as pd\nfrom sklearn.preprocessing import LabelEncoder, StandardScaler\n"
    "d = pd.read_csv('a.csv')\nu, t = d.iloc[:, 1:].values, LabelEncoder().fit_transform(d['label'])\n"
    "k = StandardScaler().fit(u)\nu = k.transform(u)\n",
    "a download that fails": "import os\ndef load_digits(path):\n    if not os.path.exists(path):\n"
    "        raise RuntimeError('no such data')\nu, t = load_digits('a.gz')\n",
    "t for targets": "import pickle\ndef load():\n    with open('a.pkl', 'rb') as f:\n        d = pickle.load(f)\n"
    "    return d['x'], d['t'], d['x2'], d['t2']\nx_train, t_train, x_test, t_test = load()\nu, t = x_train, t_train\n",
    "three sets": "import pickle\nd, d2, d3 = pickle.load(open('a.pkl', 'rb'))\nu, t = d[0] / 255, d[1]\n",
    "beside figures": "import matplotlib.pyplot as plt\nfig, axes = plt.subplots(2, 2)\nu, t = np.load('a.npz'), 0\n"
    "for k in axes.flat:\n    k.imshow(u[0])\nt = np.load('b.npz')\n",
    "the author's own": "t = np.arange(60) % 10\nu = np.random.rand(60, 784)\n",
    "cut in two": "d = np.genfromtxt('a.csv')\nheld, d = d[:1000], d[1000:]\n"
    "u, t = d[:, 1:] / 255, d[:, 0].astype(int)\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_data_are_made_for_each_way_to_load_them(way, rehearsed):
    q = rehearsed(INDEX + WAYS[way] + TRAIN).Q
    assert operations(q) == OPERATIONS
    assert learnt_of(q.l).labels == "index"


def test_data_fit_the_network(rehearsed):
    assert (
        operations(rehearsed(INDEX.replace("10", "3") + LOAD + TRAIN.replace("784, 16, 10", "4, 8, 3")).Q) == OPERATIONS
    )


def test_modules_of_the_project_draw_nothing(rehearsed):
    pytest.importorskip("matplotlib")
    drawing = "import sys\nimport matplotlib.pyplot as plt\ndef show(u):\n    plt.plot(u)\nDRAWN = repr(type(plt))\n"
    source = INDEX + "from tools import show, DRAWN\n" + LOAD + "if 'Drawing' in DRAWN:\n" + indented(TRAIN)
    assert operations(rehearsed(source, tools=drawing).Q) == OPERATIONS
    assert "Drawing" not in repr(type(sys.modules.get("matplotlib.pyplot")))


def test_of_a_class_that_is_defined_twice_the_later_counts(rehearsed):
    first = INDEX + LOAD + "o = Q(784, 20, 10)\no.f(u)\n" + NET.replace("TARGETS", "np.eye(10)[v]")
    assert operations(rehearsed(first + TRAIN).Q) == OPERATIONS


def test_a_loss_that_the_training_does_not_use_is_skipped_if_it_is_not_understood(rehearsed, tmp_path):
    unused = INDEX.replace("        self.g(u, v)\n", "").replace("    def g(self", "    def other(self")
    tried = "def cross_entropy(y, p):\n    return -y.T @ np.log(p)\ncross_entropy(np.eye(3)[0], np.full(3, 0.3))\n"
    rehearsed(unused.replace("    def other(self, u, v):", "    def _g(self, u, v):") + tried + LOAD + TRAIN)
    found = outcomes(tmp_path / "q.py", "shapes", "gradients")
    assert found["network.loss"] == "skipped"
    assert found["gradients.values"] == "passed"


PAIRS = """
import random
import numpy as np

class Q:
    def __init__(self, a):
        self.p = [np.random.randn(k, j) / j**0.5 for j, k in zip(a[:-1], a[1:])]
        self.q = [np.random.randn(k, 1) for k in a[1:]]

    def f(self, u):
        for p, q in zip(self.p[:-1], self.q[:-1]):
            u = np.maximum(p @ u + q, 0)
        e = np.exp(self.p[-1] @ u + self.q[-1])
        return e / e.sum()

    def l(self, d, n, m, z):
        for _ in range(n):
            random.shuffle(d)
            for j in range(0, len(d), m):
                self.k(d[j : j + m], z)

    def k(self, d, z):
        for u, t in d:
            da, db = self.h(u, t)
            self.p = [p - z / len(d) * g for p, g in zip(self.p, da)]
            self.q = [q - z / len(d) * g for q, g in zip(self.q, db)]

    def h(self, u, t):
        i = np.maximum(self.p[0] @ u + self.q[0], 0)
        d = self.f(u) - t
        m = self.p[1].T @ d * (i > 0)
        return [m @ u.T, d @ i.T], [m, d]
"""


def test_pairs_of_columns_are_made_as_nielsen_loads_them(rehearsed):
    script = "import mnist_loader\ntr, va, te = mnist_loader.load_data_wrapper()\n"
    script += "o = Q([784, 30, 10])\no.l(tr, 30, 10, 3.0)\n"
    q = rehearsed(PAIRS + script).Q
    found = operations(q)
    assert found.items() >= {"__init__": "create", "f": "forward", "h": "backward"}.items()
    assert learnt_of(q).roles == {"a": "sizes"}
    assert learnt_of(q.h).labels == "one_hot"


# What is refused


def entries(folder):
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


TRACES = {
    "mkdir": "import os\nos.mkdir(HERE + '/made')\n",
    "makedirs": "import os\nos.makedirs(HERE + '/made/too', exist_ok=True)\n",
    "open": "open(HERE + '/made.txt', 'w').write('x')\n",
    "append": "open(HERE + '/there.txt', 'a').write('x')\n",
    "code": "open(HERE + '/made.py', 'w').write('x')\n",
    "descriptor": "import os\nos.open(HERE + '/made.py', os.O_CREAT | os.O_WRONLY)\n",
    "zip": "import zipfile\nzipfile.ZipFile(HERE + '/made.zip', 'w').close()\n",
    "np.save": "np.save(HERE + '/made.npy', np.zeros(3))\n",
    "np.savez": "np.savez(HERE + '/made.npz', np.zeros(3))\n",
    "pickle": "import pickle\nwith open(HERE + '/made.pkl', 'wb') as file:\n    pickle.dump(1, file)\n",
    "remove": "import os\nos.remove(HERE + '/there.txt')\n",
    "rename": "import os\nos.rename(HERE + '/there.txt', HERE + '/made.txt')\n",
    "rmtree": "import shutil\nshutil.rmtree(HERE)\n",
    "copy": "import shutil\nshutil.copy(HERE + '/there.txt', HERE + '/made.txt')\n",
    "pathlib": "import pathlib\npathlib.Path(HERE, 'made.txt').write_text('x')\n",
    "log": "import logging\nlogging.FileHandler(HERE + '/made.log')\n",
    "sqlite": "import sqlite3\nsqlite3.connect(HERE + '/made.db').execute('create table t (c)')\n",
    "os.system": "import os\nos.system('touch ' + HERE + '/made.txt')\n",
    "subprocess": "import subprocess\nsubprocess.run(['touch', HERE + '/made.txt'])\n",
    "fork": "import os\nif os.fork() == 0:\n    os._exit(0)\nopen(HERE + '/made.txt', 'w')\n",
    "a program": "import multiprocessing\np = multiprocessing.Process(target=print)\np.start()\np.join()\n",
    "thread": "import threading\np = threading.Thread(target=lambda: open(HERE + '/made.txt', 'w'))\n"
    "p.start()\np.join()\n",
    "an end": "import os\nos._exit(3)\n",
    "an abort": "import os\nos.abort()\n",
    "in a function": "def save():\n    np.save(HERE + '/made.npy', np.zeros(3))\nsave()\n",
    "in a try": "try:\n    open(HERE + '/made.txt', 'w')\nexcept OSError:\n    open(HERE + '/made.csv', 'w')\n",
}


@pytest.mark.parametrize("trace", TRACES)
def test_a_training_leaves_no_trace_and_goes_on(trace, rehearsed, tmp_path):
    (tmp_path / "there.txt").write_text("there")
    (tmp_path / "q.py").touch()
    here, children = (
        f"HERE = {str(tmp_path)!r}\n",
        set(os.listdir("/proc/self/task")) if sys.platform == "linux" else set(),
    )
    before = entries(tmp_path).keys()
    q = rehearsed(INDEX + here + LOAD + TRACES[trace] + TRAIN).Q
    assert {name for name in entries(tmp_path) if "__pycache__" not in name} == before
    assert (tmp_path / "there.txt").read_text() == "there"
    assert operations(q) == OPERATIONS
    if sys.platform == "linux":
        assert set(os.listdir("/proc/self/task")) == children


def test_nothing_is_sent(rehearsed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        send = f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}))\n"
        q = rehearsed(INDEX + send + LOAD + TRAIN).Q
        with pytest.raises(TimeoutError):
            server.accept()
    assert operations(q) == OPERATIONS


def test_nothing_is_read_but_code(rehearsed, tmp_path):
    (tmp_path / "there.txt").write_text("12")
    (tmp_path / "helper.py").write_text("TWELVE = 12\n")
    read = f"t = np.full(len(t), int(open({str(tmp_path / 'there.txt')!r}).read()))\n"  # not labels of ten classes
    assert operations(rehearsed(INDEX + LOAD + read + TRAIN).Q) == OPERATIONS
    helped = "import helper\nu = u * (helper.TWELVE == 12)\n"
    assert operations(rehearsed(INDEX + LOAD + helped + TRAIN).Q) == OPERATIONS


def test_nothing_is_printed_or_asked(rehearsed, capfd):
    ask = "print('seen')\nimport sys\nsys.stderr.write('seen')\ntry:\n    input('seen')\nexcept EOFError:\n    pass\n"
    assert operations(rehearsed(INDEX + ask + LOAD + TRAIN).Q) == OPERATIONS
    assert capfd.readouterr() == ("", "")


def test_after_a_rehearsal_everything_may_be_done_again(rehearsed, tmp_path):
    rehearsed(INDEX + LOAD + TRAIN)
    (tmp_path / "made.txt").write_text("x")
    assert (tmp_path / "made.txt").read_text() == "x"


def test_other_threads_may_do_what_they_do(rehearsed, tmp_path):
    import threading

    done, wrote = threading.Event(), []

    def write():
        while not done.is_set():
            (tmp_path / "other.txt").write_text("x")
            wrote.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    rehearsed(INDEX + LOAD + "import time\nfor _ in range(3):\n    time.sleep(0.02)\n" + TRAIN)
    done.set()
    thread.join()
    count = len(wrote)
    assert count
    assert not thread.is_alive()


# What stays as it was


def process():
    """What a training may change in this process."""
    return {
        "folder": os.getcwd(),
        "path": list(sys.path),
        "argv": list(sys.argv),
        "environment": dict(os.environ),
        "numpy": str(np.random.get_state()[1].tolist()),
        "random": random.getstate(),
        "errors": np.geterr(),
        "printing": np.get_printoptions(),
        "warnings": list(warnings.filters),
        "recursion": sys.getrecursionlimit(),
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "profile": sys.getprofile(),
    }


def test_the_process_is_as_it_was(rehearsed):
    changes = """
import os, random, sys, warnings
os.chdir('/')
sys.path.append('/nowhere')
sys.argv.append('x')
os.environ['SEEN'] = 'x'
np.random.seed(3)
random.seed(3)
np.seterr(all='ignore')
np.set_printoptions(precision=2)
warnings.filterwarnings('ignore', 'something')
sys.setrecursionlimit(5000)
sys.stdout = None
"""
    before, changes = process(), "if __name__ == '__main__':\n" + indented(changes)
    assert operations(rehearsed(INDEX + changes + LOAD + TRAIN).Q) == OPERATIONS
    assert process() == before


GLOBALS = """
import numpy as np
import counted

P, B = np.full((784, 10), 0.01), np.zeros(10)
SEEN = []

def f(u):
    SEEN.append(1)
    counted.CALLS["f"] = counted.CALLS.get("f", 0) + 1
    e = np.exp(u @ P + B)
    return e / e.sum(axis=1, keepdims=True)

def l(u, t, n, z):
    global B
    for _ in range(n):
        d = (f(u) - np.eye(10)[t]) / len(u)
        P[:] -= z * (u.T @ d)
        B = B - z * d.sum(axis=0)
"""
BESIDE = "import numpy as np\nimport own\nfrom q import *\nimport q\nu, t = np.load('a.npz'), np.load('b.npz')\n"


@pytest.mark.parametrize("beside", [False, True])
def test_the_file_and_its_neighbours_are_as_they_were(beside, rehearsed):
    script = "q.l(u, t, 10, 0.1)\n" if beside else "l(u, t, 10, 0.1)\n"
    files = {"counted": "CALLS = {}\n", "own": "import counted\ncounted.CALLS['own'] = 1\n"}
    beside = {"train": BESIDE + script} if beside else {}
    f = rehearsed(GLOBALS if beside else GLOBALS + LOAD + script, **files, **beside)
    assert (f.P == 0.01).all()
    assert not f.B.any()
    assert f.SEEN == []
    assert f.counted.CALLS == {}
    assert sys.modules["counted"] is f.counted
    assert "own" not in sys.modules


# Loops, and exceptions


ENDLESS = {
    "calls": "o = Q(784, 16, 10)\nwhile True:\n    o.k(o.h(u, t), 0.1)\n",
    "nothing": TRAIN + "while True:\n    pass\n",
    "a bare except": "o = Q(784, 16, 10)\nwhile True:\n    try:\n        o.k(o.h(u, t), 0.1)\n"
    "    except:\n        pass\n",
    "a bare except around nothing": TRAIN + "while True:\n    try:\n        x = int('x')\n    except:\n        pass\n",
    "sleep": TRAIN + "import time\nwhile True:\n    time.sleep(1)\n",
    "waiting": "import time\nbegan = time.monotonic()\ntime.sleep(3)\n"
    "if time.monotonic() - began < 3:\n    " + TRAIN.replace("\n", "\n    ") + "pass\n",
    "in a method": "class R(Q):\n    def m(self, u, t, z):\n        while True:\n            self.k(self.h(u, t), z)\n"
    "R(784, 16, 10).m(u, t, 0.1)\n",
}


@pytest.mark.parametrize("loop", ENDLESS)
def test_a_loop_without_end_is_stopped(loop, rehearsed):
    q = rehearsed(INDEX + LOAD + ENDLESS[loop]).Q  # a loop that nothing stops keeps the test from its end
    assert operations(q).items() >= {"__init__": "create", "f": "forward", "h": "backward", "k": "step"}.items()


def test_steps_are_counted_so_that_a_slow_machine_learns_the_same(rehearsed, monkeypatch):
    """A loop that calls NumPy alone ends by its steps: time is for what takes far longer than so many steps."""
    monkeypatch.setattr(recording, "SECONDS", float("inf"))
    q = rehearsed(INDEX + LOAD + "for _ in range(10**9):\n    np.dot(1.0, 2.0)\n" + TRAIN).Q
    assert operations(q) == OPERATIONS


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells how much memory a process has")
def test_what_asks_for_more_memory_than_there_may_be_is_stopped():
    with bounded_memory(2**26), pytest.raises(MemoryError):
        bytearray(2**28)
    assert len(bytearray(2**28)) == 2**28


@pytest.mark.parametrize("name", ["config", "cfg", "settings", "hyper_parameters"])
def test_settings_are_no_data(name, rehearsed):
    source = f"import yaml\n{name} = yaml.safe_load(open('a.yaml'))\nfor z in {name}['rates']:\n    raise ValueError\n"
    assert operations(rehearsed(INDEX + source + LOAD + TRAIN).Q) == OPERATIONS


def test_a_loop_ends_after_some_rounds(tmp_path):
    source = "def f(u):\n    return u\n\ndef go(u, seen):\n    while True:\n        seen.append(1)\n        f(u)\n"
    namespace, seen = {}, []
    exec(compile(source, str(tmp_path / "loop.py"), "exec"), namespace)
    with pytest.raises(Enough), Recorder([str(tmp_path)]):
        namespace["go"](np.zeros(3), seen)
    assert len(seen) == ROUNDS + 1


RAISES = {
    "before": "raise SystemExit(1)\n" + LOAD + TRAIN,
    "in the data": LOAD + "u = u[:, :5]\n" + TRAIN,
    "in the training": LOAD + "o = Q(784, 16, 10)\no.l(u, t, 20)\n",
    "no such name": "o = Q(*sizes)\no.l(u, t, 20, 0.1)\n",
    "recursion": "def again():\n    again()\nagain()\no = Q(again)\n",
    "an infinite loss": LOAD + "u = u * 1e6\n" + TRAIN,
}
NAMES = {"def f(": "def forward(", "self.f(": "self.forward(", "def l(": "def fit(", "self.i": "self.a1"}
NAMES |= {"def g(": "def loss(", "self.g(": "self.loss(", "def h(": "def backward(", "self.h(": "self.backward("}
NAMES |= {"def k(": "def step(", "self.k(": "self.step(", "def w(": "def predict(", "u, v, aa, bb": "u, v, epochs, lr"}
NAMES |= {"range(aa)": "range(epochs)", ", bb)\n\n    def predict": ", lr)\n\n    def predict", "class Q": "class MLP"}
NAMES |= {"self, aa, bb, cc": "self, n_in, n_hidden, n_out", "(aa, bb) / aa": "(n_in, n_hidden) / n_in"}
NAMES |= {"(bb, cc) / bb": "(n_hidden, n_out) / n_hidden", "zeros(bb)": "zeros(n_hidden)", "zeros(cc)": "zeros(n_out)"}
NAMES |= {"self, dd, ee": "self, grads, lr", "ee * dd": "lr * grads", "self.k(": "self.step("}


def named(source):
    for old, new in NAMES.items():
        source = source.replace(old, new)
    return source


@pytest.mark.once
@pytest.mark.parametrize("raises", RAISES)
def test_a_script_that_raises_leaves_a_check_as_it_was(raises, tmp_path):
    for name, script in (("alone", ""), ("q", RAISES[raises])):
        (tmp_path / f"{name}.py").write_text(named(INDEX + script.replace("Q(", "MLP(")), encoding="utf-8")
    alone, file = (outcomes(tmp_path / f"{name}.py", "gradients", "shapes") for name in ("alone", "q"))
    assert set(alone.values()) <= {"passed", "skipped"}
    assert file == alone


def outcomes(path, *chapters):
    """{spec: outcome} of a file, whatever its initialization."""
    found = api.check(str(path), conventions={"initialization": "any"}, chapters=chapters).specs
    return {spec.id: spec.outcome for spec in found}


@pytest.mark.parametrize("rehearsal", [True, False])
def test_a_file_declares_that_its_training_must_not_run(rehearsal, tmp_path):
    source = f"CHAINRULE = {{'initialization': 'any', 'rehearsal': {rehearsal}}}\n" + INDEX + LOAD + TRAIN
    (tmp_path / "q.py").write_text(source, encoding="utf-8")
    found = outcomes(tmp_path / "q.py", "shapes")
    assert (found["network.output_shape"] == "passed") is rehearsal


# Scripts beside the file


@pytest.mark.parametrize("way", ["from q import Q\n", "import q\nQ = q.Q\n", "from q import *\n"])
def test_a_script_beside_the_file_trains_it(way, rehearsed):
    q = rehearsed(INDEX, train="import numpy as np\n" + way + LOAD + TRAIN).Q
    assert operations(q) == OPERATIONS
    assert learnt_of(q.l).where.startswith("train.py:")


def test_data_of_a_module_that_cannot_load_them_are_made(rehearsed):
    script = "import numpy as np\nfrom q import Q\nfrom d import X, y\n" + TRAIN.replace("u, t", "X, y")
    q = rehearsed(INDEX, train=script.replace("w(u)", "w(X)"), d="X = y = open('gone.csv').read()\n").Q
    assert operations(q) == OPERATIONS


def test_a_function_that_nothing_calls_gets_the_name_of_a_file(rehearsed):
    assert operations(rehearsed(INDEX + "def go(save_path):\n" + indented(LOAD + TRAIN)).Q) == OPERATIONS
    assert operations(rehearsed(INDEX + "def go(z):\n" + indented(LOAD + TRAIN)).Q) == {}


def test_the_script_of_another_file_is_not_run(rehearsed):
    assert operations(rehearsed(INDEX, train="import numpy as np\n" + INDEX + LOAD + TRAIN).Q) == {}


def test_what_trains_itself_needs_no_script(rehearsed):
    q = rehearsed(INDEX + LOAD + TRAIN, train="from q import Q\nimport numpy as np\n" + LOAD + TRAIN).Q
    assert learnt_of(q.l).where.startswith("q.py:")


# Recipes

LAYERS = """
import numpy as np

class R:
    def __init__(self, aa, bb, rng=None):
        draw = np.random if rng is None else rng
        self.p, self.q = draw.normal(size=(aa, bb)) / aa**0.5, np.zeros(bb)

    def f(self, u):
        self.u = u
        return u @ self.p + self.q

    def h(self, m):
        self.dp, self.dq = self.u.T @ m, m.sum(axis=0)
        return m @ self.p.T

class S:
    def f(self, u):
        self.u = u
        return np.maximum(u, 0)

    def h(self, m):
        return m * (self.u > 0)

class Q:
    def __init__(self, *jj):
        self.oo = list(jj)

    def j(self, k):
        self.oo.append(k)

    def f(self, u):
        for k in self.oo:
            u = k.f(u)
        e = np.exp(u - u.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def g(self, u, v):
        return -np.log(self.f(u)[np.arange(len(v)), v]).mean()

    def h(self, u, v):
        m = (self.f(u) - np.eye(len(self.oo[-1].q))[v]) / len(u)
        for k in reversed(self.oo):
            m = k.h(m)

    def l(self, u, v, aa, bb):
        for _ in range(aa):
            self.g(u, v)
            self.h(u, v)
            for k in self.oo:
                if isinstance(k, R):
                    k.p = k.p - bb * k.dp
                    k.q = k.q - bb * k.dq
"""
OF_LIST = LAYERS.replace("*jj", "jj").replace("draw.normal", "draw.normal")
SETTINGS = LAYERS.replace("*jj", "ss").replace("list(jj)", "[R(*pair) if pair else S() for pair in ss.pairs]")
SETTINGS += "class T:\n    def __init__(self, pairs):\n        self.pairs = pairs\n"
CALLED = LAYERS + "    def __call__(self, *zz):\n        return self.f(*zz)\n"
COMPLETED = LAYERS + "    def z(self):\n        self.velocity = [COMPLETION for k in self.oo if isinstance(k, R)]\n"
MADE = {  # {how the author makes the network: (the file, the statements)}
    "layers added": (LAYERS, "o = Q()\no.j(R(784, 16))\no.j(S())\no.j(R(16, 10))\n"),
    "layers as arguments": (LAYERS, "o = Q(R(784, 16), S(), R(16, 10))\n"),
    "a list": (OF_LIST, "o = Q([R(784, 16), S(), R(16, 10)])\n"),
    "a list with a name": (OF_LIST, "k = [R(784, 16), S(), R(16, 10)]\no = Q(k)\n"),
    "settings in an object": (SETTINGS, "o = Q(T([(784, 16), None, (16, 10)]))\n"),
    "equal sizes": (OF_LIST, "o = Q([R(784, 10), S(), R(10, 10), S(), R(10, 10)])\n"),
    "a generator": (OF_LIST, "g = np.random.default_rng(3)\no = Q([R(784, 16, g), S(), R(16, 10, g)])\n"),
    "in a function": (OF_LIST, "def make():\n    return Q([R(784, 16), S(), R(16, 10)])\no = make()\n"),
    "called before it is trained": (CALLED, "o = Q(R(784, 16), S(), R(16, 10))\no(u[:8] / 255)\n"),
    "a further name for layers": (COMPLETED.replace("COMPLETION", "k"), "o = Q(R(784, 16), S(), R(16, 10))\no.z()\n"),
    "velocities": (
        COMPLETED.replace("COMPLETION", "np.zeros_like(k.p)"),
        "o = Q(R(784, 16), S(), R(16, 10))\no.z()\n",
    ),
    "a script beside": (LAYERS, ""),
}


@pytest.mark.parametrize("how", MADE)
def test_a_network_is_made_as_the_author_makes_it(how, rehearsed, tmp_path):
    source, script = MADE[how]
    beside = {"train": "import numpy as np\nfrom q import *\n" + LOAD + MADE["a list"][1] + "o.l(u, t, 6, 0.1)\n"}
    training = LOAD + script + "o.l(u, t, 6, 0.1)\n" if script else ""
    q = rehearsed(source + training, **({} if script else {"train": beside["train"].replace("Q([", "Q(*[")})).Q
    recipe = RECIPES[q]
    assert recipe.sizes == ((784, 10, 10, 10) if how == "equal sizes" else (784, 16, 10))
    sizes = [5, 7, 6, 4] if how == "equal sizes" else [5, 7, 4]
    made = [layer for layer in recipe.make(sizes, 0).oo if hasattr(layer, "p")]
    assert type(recipe.make(sizes, 0)) is q
    assert [step.function for step in recipe.steps].count("z") == ("o.z()" in script)
    assert [layer.p.shape for layer in made] == list(pairwise(sizes))
    if how == "a generator":
        again, other = recipe.make(sizes, 0), recipe.make(sizes, 1)
        assert (again.oo[0].p == made[0].p).all()
        assert (other.oo[0].p != made[0].p).any()
    found = outcomes(tmp_path / "q.py", "gradients", "training")
    assert set(found.values()) <= {"passed", "skipped"}
    assert found["gradients.weights"] == "passed"


@pytest.mark.parametrize("how", MADE)
def test_a_mistake_is_found_in_a_network_made_so(how, rehearsed, tmp_path):
    source, script = MADE[how]
    wrong = source.replace("m.sum(axis=0)", "m.sum(axis=0) / len(m)")
    training = script + "o.l(u, t, 6, 0.1)\n" if script else ""
    rehearsed(
        wrong + LOAD + training,
        train="import numpy as np\nfrom q import *\n" + LOAD + MADE["layers as arguments"][1] + "o.l(u, t, 6, 0.1)\n",
    )
    assert "failed" in outcomes(tmp_path / "q.py", "gradients").values()


def test_a_network_is_saved_when_its_author_saves_it(rehearsed):
    saves = LAYERS + "    def save(self, name):\n        self.name = name\n"
    q = rehearsed(saves + LOAD + "o = Q(R(784, 16), S(), R(16, 10))\no.save('net')\no.l(u, t, 6, 0.1)\n").Q
    assert [step.function for step in RECIPES[q].steps].count("save") == 0


def test_a_network_that_lost_a_layer_is_not_the_authors(rehearsed):
    lost = "o = Q()\no.j(R('gone', 784))\no.j(R(784, 16))\no.j(S())\no.j(R(16, 10))\no.l(u, t, 6, 0.1)\n"
    assert rehearsed(LAYERS + LOAD + lost).Q not in RECIPES


def test_the_declaration_is_true_or_false(tmp_path):
    path = tmp_path / "net.py"
    path.write_text('CHAINRULE = {"rehearsal": "nope"}\n\n\ndef relu(z):\n    return z * (z > 0)\n', encoding="utf-8")
    with pytest.raises(UnusableTarget, match=r"CHAINRULE\['rehearsal'\] should be True or False, found 'nope'"):
        load(str(path))


def test_a_script_sets_no_limits_of_the_process(rehearsed):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    lowers = "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    assert operations(rehearsed(INDEX + lowers + LOAD + TRAIN).Q) == OPERATIONS
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


@pytest.fixture
def learnt_below(tmp_path):
    def learnt_below(imports):
        """The operations that a script in the folder above shows of a file in the folder `one`."""
        (tmp_path / "script.py").write_text(imports + LOAD + TRAIN, encoding="utf-8")
        (tmp_path / "one").mkdir()
        (tmp_path / "one" / "net.py").write_text(INDEX, encoding="utf-8")
        loaded = load_source(str(tmp_path / "one" / "net.py"))
        learn_from_its_training(loaded)
        return operations(loaded.module.Q)

    return learnt_below


def test_scripts_in_the_folder_of_temporary_files_are_not_run(tmp_path, monkeypatch, learnt_below):
    monkeypatch.setattr(projects, "SHARED", {str(tmp_path)})
    assert learnt_below("from one.net import *\n") == {}


def test_a_script_above_names_the_folders_between(learnt_below):
    assert learnt_below("from one.net import *\n") == OPERATIONS


def test_a_script_above_may_mean_another_file_of_that_name(learnt_below):
    assert learnt_below("from net import *\n") == {}


@pytest.mark.parametrize("mark", ["README.md", "requirements.txt"])
def test_a_script_of_the_same_project_means_this_file(tmp_path, learnt_below, mark):
    (tmp_path / mark).write_text("")
    assert learnt_below("import sys\nsys.path.append('one')\nfrom net import *\n") == OPERATIONS


def test_a_folder_above_may_vanish(tmp_path, monkeypatch):
    def vanished(_folder, _pattern):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "glob", vanished)
    assert below(tmp_path) == []


def test_a_network_of_one_output_stands_for_no_classifier():
    one, several = (
        Shown(SimpleNamespace(trains=True, rank=(True, kinds), network=SimpleNamespace(sizes=sizes)), (), {})
        for kinds, sizes in ((9, [2, 5, 1]), (3, [784, 5, 10]))
    )
    assert several.rank > one.rank
    assert several.classifies
    assert not one.classifies


@pytest.mark.parametrize("place", ["net.py", "nets/net.py"])
def test_scripts_of_a_class_stay_with_their_own_networks(tmp_path, place):
    """One folder for each student: a script of one says nothing of another's file of the same name."""
    for student in ("ada", "bo"):
        (tmp_path / student / place).parent.mkdir(parents=True)
        (tmp_path / student / place).write_text("")
        (tmp_path / student / "train.py").write_text("from net import Net")
    folders = [(tmp_path / "ada" / place).parent, tmp_path / "ada", tmp_path]
    found = {file for file, _ in neighbours(tmp_path / "ada" / place, folders)}
    assert tmp_path / "ada" / "train.py" in found
    assert tmp_path / "bo" / "train.py" not in found
