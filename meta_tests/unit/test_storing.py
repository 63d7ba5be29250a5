"""Trained networks in files: what is written is read back bit for bit, and nothing else is read."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from chainrule.reference import MLP
from chainrule.training.models import MODELS
from chainrule.training.storing import load, save

SIZES = [4, 5, 3]


def batch(count=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, SIZES[0])), rng.integers(SIZES[-1], size=count)


def same(first, second):
    """Bit for bit, dtype included."""
    pairs = zip([*first.weights, *first.biases], [*second.weights, *second.biases], strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [[4, 3], SIZES, [4, 5, 2, 6, 3]])
def test_round_trip_is_exact(tmp_path, sizes, dtype):
    network = MLP(sizes, 5, dtype=dtype)
    x, y = batch()
    network.fit(x, y, epochs=1, batch_size=2, lr=0.1)
    loaded = load(save(network, tmp_path / "network.npz"))
    assert loaded.sizes == sizes
    assert loaded.dtype == dtype
    assert same(loaded, network)
    np.testing.assert_array_equal(loaded.forward(x), network.forward(x))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_comes_back(tmp_path, model):
    network = MODELS[model].make([64, 5, 3], 5, "float32")
    x = np.random.default_rng(0).normal(size=(7, 64))
    network.fit(x, np.arange(7) % 3, epochs=1, batch_size=2, lr=0.1)
    network.centre(x.mean(axis=0).astype(np.float32))
    loaded = load(save(network, tmp_path / "network.npz", model))
    np.testing.assert_array_equal(loaded.forward(x), network.forward(x))


def test_archives_that_name_no_model_hold_a_plain_network(tmp_path):
    path = save(MLP(SIZES, 5), tmp_path / "network.npz")
    with np.load(path) as arrays:
        np.savez(path, **{name: array for name, array in arrays.items() if name != "model"})
    assert same(load(path), MLP(SIZES, 5))


def test_save_names_the_file_it_wrote(tmp_path):
    assert save(MLP(SIZES), tmp_path / "network") == tmp_path / "network.npz"
    assert save(MLP(SIZES), str(tmp_path / "other.npz")) == tmp_path / "other.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["network.npz", "other.npz"]


def test_a_loaded_network_trains_on(tmp_path):
    network = MLP(SIZES, 5)
    loaded = load(save(network, tmp_path / "network.npz"))
    for each in (network, loaded):
        each.fit(*batch(), epochs=2, batch_size=2, lr=0.1)
    assert same(network, loaded)


def test_nothing_is_pickled(tmp_path):
    """Every array of the file is plain numbers or letters, so reading it runs no code of the file's."""
    with np.load(save(MLP(SIZES), tmp_path / "network.npz"), allow_pickle=False) as arrays:
        assert {array.dtype.kind for array in arrays.values()} == {"f", "i", "U"}


class Trap:
    """Something whose unpickling leaves a trace."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_loading_runs_no_code_of_the_file(tmp_path):
    path, trace = tmp_path / "network.npz", tmp_path / "trace"
    np.savez(path, sizes=np.array([4, Trap(trace)], dtype=object), W1=np.zeros((4, 3)), b1=np.zeros(3))
    assert_refused(path)
    assert not trace.exists()
    with np.load(path, allow_pickle=True) as arrays:
        assert arrays["sizes"].shape == (2,)
    assert trace.exists()  # the trap does spring where it can


def truncated(whole):
    return whole[: len(whole) // 2]


def flipped(whole):
    middle = whole.index(b"W1.npy") + 200
    return whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]


@pytest.mark.parametrize(
    "spoil", [truncated, flipped, lambda whole: b"", lambda whole: b"junk" * 100, lambda whole: whole[4:]]
)
def test_a_spoiled_file_is_refused(tmp_path, spoil):
    path = save(MLP([40, 30, 3]), tmp_path / "network.npz")
    path.write_bytes(spoil(path.read_bytes()))
    assert_refused(path)


def archive(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    "arrays",
    [
        {"other": np.zeros(3)},
        {"sizes": [4, 3], "W1": np.zeros((4, 3))},
        {"sizes": [4, 3], "b1": np.zeros(3)},
        {"sizes": [4], "W1": np.zeros((4, 3)), "b1": np.zeros(3)},
        {"sizes": 4, "W1": np.zeros((4, 3)), "b1": np.zeros(3)},
        {"sizes": ["a", "b"], "W1": np.zeros((4, 3)), "b1": np.zeros(3)},
        {"sizes": [4, 3], "W1": np.zeros((4, 2)), "b1": np.zeros(3)},
        {"sizes": [4, 3], "W1": np.zeros((4, 3)), "b1": np.zeros(2)},
        {"sizes": [4, 3], "W1": np.zeros((4, 3), dtype="U1"), "b1": np.zeros(3)},
        {"sizes": [4, 3], "W1": np.zeros((4, 3)), "b1": np.zeros(3, dtype="U1")},
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path, arrays):
    assert_refused(archive(tmp_path / "other.npz", **arrays))


def test_a_parameter_of_another_shape_is_named(tmp_path):
    np.savez(tmp_path / "other.npz", sizes=[4, 3], W1=np.zeros((4, 2)), b1=np.zeros(3))
    with pytest.raises(ValueError, match=r"W1 has shape \(4, 2\) of float64"):
        load(tmp_path / "other.npz")


def test_a_bare_array_is_refused(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros((4, 3)))
    assert_refused(tmp_path / "array.npy")


def test_an_archive_without_arrays_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as text:
        text.writestr("sizes", "not an array")
    assert_refused(tmp_path / "text.npz")


def assert_refused(path):
    with pytest.raises(ValueError, match=r"expected a network that `chainrule train --save` wrote") as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(OSError):
        load(tmp_path / "nowhere.npz")
