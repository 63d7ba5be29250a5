"""Stores trained networks in .npz archives of layer sizes and parameters, without pickle."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.reference import MLP
from chainrule.training.loop import Network


def archive(path: str | PathLike[str]) -> Path:
    """The path of the archive that `save` writes: PATH, with the suffix .npz."""
    path = Path(path)
    return path if path.name.endswith(".npz") else path.with_name(f"{path.name}.npz")


def save(network: Network, path: str | PathLike[str]) -> Path:
    """Write sizes and parameters to an .npz archive.

    Returns the archive's path.  Raises OSError if the system cannot write it.
    """
    arrays: dict[str, Any] = {f"W{l}": w for l, w in enumerate(network.weights, 1)}
    arrays |= {f"b{l}": b for l, b in enumerate(network.biases, 1)}
    np.savez(archive(path), sizes=network.sizes, **arrays)
    return archive(path)


def load(path: str | PathLike[str]) -> MLP:
    """The network that `save` wrote.

    Raises ValueError if the file does not hold a network, OSError if the system cannot read it.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            network = MLP(arrays["sizes"], dtype=arrays["W1"].dtype)
            for kind, parameters in (("W", network.weights), ("b", network.biases)):
                for l, theta in enumerate(parameters, 1):
                    loaded = arrays[f"{kind}{l}"]
                    if (loaded.shape, loaded.dtype) != (theta.shape, theta.dtype):
                        raise ValueError(f"{kind}{l} has shape {loaded.shape} of {loaded.dtype}")
                    parameters[l - 1] = loaded
    except OSError:
        raise
    except Exception as error:  # a damaged archive raises exceptions of NumPy, zipfile or zlib
        raise ValueError(f"{path}: expected a network that `chainrule train --save` wrote, but {error}") from None
    return network
