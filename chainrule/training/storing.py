"""Stores trained networks in .npz archives of layer sizes and parameters, without pickle."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.reference import composed
from chainrule.training.loop import Array, Network
from chainrule.training.models import MODELS, PLAIN, normalizations


def archive(path: str | PathLike[str]) -> Path:
    """The path of the archive that `save` writes: PATH, with the suffix .npz."""
    path = Path(path)
    return path if path.name.endswith(".npz") else path.with_name(f"{path.name}.npz")


def save(network: Network, path: str | PathLike[str], model: str = PLAIN) -> Path:
    """Write sizes, parameters, running statistics and the mean image to an .npz archive.

    model: its name among the models.  Returns the archive's path.  Raises OSError if the system cannot write it.
    """
    kept: dict[str, Any] = {
        f"{kind}{l}": array for kind, arrays in arrays_of(network).items() for l, array in enumerate(arrays, 1)
    }
    np.savez(archive(path), sizes=network.sizes, model=model, **kept)
    return archive(path)


def arrays_of(network: Network) -> dict[str, list[Array]]:
    """{a letter or name: the arrays of this kind, from the first layer to the last}."""
    layers = normalizations(network)
    return {
        "W": network.weights,
        "b": network.biases,
        "gamma": [layer.parameters[0] for layer in layers],
        "beta": [layer.parameters[1] for layer in layers],
        "mean": [layer.mean for layer in layers],
        "variance": [layer.variance for layer in layers],
        "image": [network.images.mean] if isinstance(network, composed.CNN) else [],
    }


def load(path: str | PathLike[str]) -> Network:
    """The network that `save` wrote.

    Raises ValueError if the file does not hold a network, OSError if the system cannot read it.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            model = str(arrays["model"]) if "model" in arrays else PLAIN  # which the first archives did not name
            network = MODELS[model].make(arrays["sizes"], 0, str(arrays["W1"].dtype))
            for kind, kept in arrays_of(network).items():
                for l, theta in enumerate(kept, 1):
                    loaded = arrays[f"{kind}{l}"]
                    if (loaded.shape, loaded.dtype) != (theta.shape, theta.dtype):
                        raise ValueError(f"{kind}{l} has shape {loaded.shape} of {loaded.dtype}")
                    theta[...] = loaded
    except OSError:
        raise
    except Exception as problem:  # a damaged archive raises exceptions of NumPy, zipfile or zlib
        error = "it holds objects, which are not read" if "allow_pickle" in str(problem) else problem
        raise ValueError(f"{path}: expected a network that `chainrule train --save` wrote, but {error}") from None
    return network
