"""chainrule.golden: exact outputs for inputs from fixed seeds, as data. README.md says how they were computed.

Symbols: N samples, K classes, layer sizes s[0..L]; z[l] = a[l-1] W[l] + b[l], a[l] = relu(z[l]), p = softmax(z[L]).
"""

import copy
import functools
import hashlib
import importlib.resources
import json
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

__all__ = [
    "Functions",
    "GoldenNetwork",
    "functions",
    "load",
    "names",
    "values",
]

FOLDER = importlib.resources.files(__name__) / "data"
NETWORKS = "networks/"  # the folder of the network cases, as SHA256SUMS writes it


@dataclass(frozen=True)
class GoldenNetwork:
    """A network, a batch, and the values that follow. Arrays are float64, `y` is int64; the caller may change them.

    sizes             (s[0], ..., s[L])
    lr, steps         the learning rate, and the number of gradient-descent steps, each on the whole batch
    weights, biases   L arrays each, (s[l], s[l+1]) and (s[l+1],)
    x, y              (N, s[0]) inputs and (N,) labels 0..K-1
    hidden            L-1 arrays, (N, s[l]): the activations of the hidden layers, after their ReLU
    logits            (N, K)
    probabilities     (N, K)
    loss              the mean cross-entropy of the batch, in nats
    weight_grads, bias_grads         gradients of `loss`, shaped like `weights` and `biases`
    losses            (steps + 1,): the loss before each step and after the last
    stepped_weights, stepped_biases  the parameters after `steps` steps of theta <- theta - lr g
    """

    name: str
    description: str
    seed: int
    sizes: tuple[int, ...]
    lr: float
    steps: int
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    x: np.ndarray
    y: np.ndarray
    hidden: list[np.ndarray]
    logits: np.ndarray
    probabilities: np.ndarray
    loss: float
    weight_grads: list[np.ndarray]
    bias_grads: list[np.ndarray]
    losses: np.ndarray
    stepped_weights: list[np.ndarray]
    stepped_biases: list[np.ndarray]


@dataclass(frozen=True)
class GoldenFunctions:
    """Inputs and outputs of the functions. Arrays are float64, labels int64; the caller may change them.

    softmax           pairs (z, p), both (N, K)
    log_sum_exp       pairs (z, value), (N, K) and (N,)
    cross_entropy     triples (p, y, value): (N, K) probabilities, (N,) labels, and their mean cross-entropy, a float
    """

    softmax: list[tuple[np.ndarray, np.ndarray]]
    log_sum_exp: list[tuple[np.ndarray, np.ndarray]]
    cross_entropy: list[tuple[np.ndarray, np.ndarray, float]]


def names():
    """The names of the networks, from the fewest parameters to the most."""
    found = [file for file in _checksums() if file.startswith(NETWORKS)]
    return [file.removeprefix(NETWORKS).removesuffix(".json") for file in found]


def load(name):
    """The GoldenNetwork called `name`.

    Raises ValueError if no network has that name, or if its file is not the one SHA256SUMS describes; OSError if the
    file is missing.
    """
    if name not in names():
        raise ValueError(f"golden: expected one of {', '.join(names())}, found {name!r}")
    return copy.deepcopy(_network(name))


def functions():
    """The GoldenFunctions.  Raises ValueError if functions.json is not the file SHA256SUMS describes."""
    found = values("functions")
    return GoldenFunctions(
        softmax=[(pair.z, pair.p) for pair in found["softmax"]],
        log_sum_exp=[(pair.z, pair.value) for pair in found["log_sum_exp"]],
        cross_entropy=[(batch.p, batch.y, batch.value) for batch in found["cross_entropy"]],
    )


def values(chapter):
    """The cases of a chapter's file, {kind: a list of cases}; each has its arrays and numbers as attributes.

    chapter: such as "layers".  Lists of integers become int64 arrays, all others float64.
    Raises ValueError if no file has that name, or if it is not the one SHA256SUMS describes.
    """
    known = [file.removesuffix(".json") for file in _checksums() if "/" not in file]
    if chapter not in known:
        raise ValueError(f"golden: expected one of {', '.join(known)}, found {chapter!r}")
    return copy.deepcopy(_values(chapter))


@functools.cache
def _network(name):
    content = _verified(f"{NETWORKS}{name}.json")
    per_layer = ("weights", "biases", "hidden", "weight_grads", "bias_grads", "stepped_weights", "stepped_biases")
    arrays = {key: [_array(item) for item in content[key]] for key in per_layer}
    arrays |= {key: _array(content[key]) for key in ("x", "y", "logits", "probabilities", "losses")}
    return GoldenNetwork(**content | arrays | {"sizes": tuple(content["sizes"])})


@functools.cache
def _values(chapter):
    kinds = {kind: cases for kind, cases in _verified(f"{chapter}.json").items() if isinstance(cases, list)}
    return {
        kind: [
            SimpleNamespace(**{k: _array(v) if isinstance(v, list) else v for k, v in case.items()}) for case in cases
        ]
        for kind, cases in kinds.items()
    }


def _array(values):
    array = np.array(values)
    return array.astype(np.int64 if array.dtype.kind == "i" else np.float64)


def _verified(file):
    """The content of a golden file. Raises ValueError if its bytes are not those that the generator wrote."""
    data, expected = FOLDER.joinpath(*file.split("/")).read_bytes(), _checksums()[file]
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ValueError(
            f"golden/data/{file} is corrupted: expected SHA-256 {expected}, found {found}. "
            "Reinstall chainrule, or write it anew with python golden/generate"
        )
    return json.loads(data)


@functools.cache
def _checksums():
    """{file: SHA-256} in the order of SHA256SUMS"""
    lines = (FOLDER / "SHA256SUMS").read_text("ascii").splitlines()
    return {file: digest for digest, file in map(str.split, lines)}
