"""Arrays of every library: read as NumPy, converted, shown in a report, and written as source."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np


class NotNumbers(TypeError):
    """A value is not an array of numbers.  str(): what was expected, and what was found."""


def to_numpy(value: Any) -> np.ndarray:
    """A copy of `value` as a plain NumPy array of numbers.  Raises NotNumbers if it contains something else.

    value: anything that `numpy.asarray` or DLPack can read, also lists of such arrays.  Subclasses of ndarray become
    ndarray.
    """
    why = ""
    if hasattr(value, "detach"):  # NumPy can read a tensor only if it does not record gradients
        value = value.detach()
    if isinstance(value, (list, tuple)) and any(hasattr(inner, "detach") for inner in value):
        value = [to_numpy(inner) for inner in value]
    for read in (np.array, copy_dlpack) if hasattr(value, "__dlpack__") else (np.array,):
        try:
            array = read(value)
        except Exception as error:
            why = f" ({error})"
            continue
        if array.dtype.kind in "biuf":
            return array
    raise NotNumbers(f"expected numbers, found {describe(value)}{why}")


def copy_dlpack(value: Any) -> np.ndarray:
    return np.array(np.from_dlpack(value))


def joined(*arrays: Any) -> np.ndarray:
    """All entries of arrays and numbers in one vector."""
    return np.concatenate([np.ravel(array) for array in arrays])


def like(value: np.ndarray, template: Any) -> Any:
    """`value` as the same kind of array as `template`: nested lists, or an array of its library and float type.

    Biases may be (out,), (1, out) or (out, 1).  Raises ValueError where the shapes do not agree.
    """
    if isinstance(template, np.ndarray) and value.shape == template.shape:
        return value.astype(template.dtype, copy=False) if template.dtype.kind == "f" else value
    shape = np.shape(template)
    if value.shape != shape and not (value.ndim == 1 and sorted(shape) == sorted((1, value.size))):
        raise ValueError(f"expected shape {value.shape}, found {shape}")
    value = value.reshape(shape)
    if isinstance(template, (list, tuple)):
        return value.tolist()
    dtype = np.asarray(template).dtype
    return value.astype(dtype if dtype.kind == "f" else value.dtype, copy=False)


def is_array(value: Any) -> bool:
    """Whether `value` is an array of any library: NumPy, PyTorch, JAX, CuPy."""
    return isinstance(value, np.ndarray) or (
        hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "__getitem__") and kind(value) != "numpy"
    )


def kind(value: Any) -> str:
    """The library an array belongs to: `numpy`, `torch`, `jax`, `cupy`, or `lists`."""
    if isinstance(value, (list, tuple)):
        return "lists"
    library = type(value).__module__.partition(".")[0]
    return {"torch": "torch", "jax": "jax", "jaxlib": "jax", "cupy": "cupy"}.get(library, "numpy")


def of_kind(array: np.ndarray, library: str, dtype: Any = None) -> Any:
    """A NumPy array as an array of another library, on the CPU if possible.  dtype: the library's own."""
    if library == "lists":
        return array.tolist()
    if library == "numpy":
        return array if dtype is None else array.astype(dtype, copy=False)
    module = importlib.import_module("jax.numpy" if library == "jax" else library)
    made = module.asarray(np.ascontiguousarray(array))
    if dtype is None:
        return made
    return made.to(dtype) if library == "torch" else made.astype(dtype)


def alike(array: np.ndarray, template: Any) -> Any:
    """`array` in the form of `template`: a number, nested lists, or an array of its library, shape and precision.

    Raises ValueError where the template holds another number of entries.
    """
    if not is_array(template) and not isinstance(template, (list, tuple)):
        return float(np.reshape(array, ()))
    shape = np.shape(template) if isinstance(template, (list, tuple)) else tuple(template.shape)
    array = np.array(array).reshape(shape)
    if not is_array(template):
        made = array.tolist()
        return tuple(made) if isinstance(template, tuple) else made
    if isinstance(template, np.ndarray):
        return array.astype(template.dtype if template.dtype.kind == "f" else array.dtype, copy=False)
    return of_kind(array, kind(template), template.dtype)


def flat_bias(bias: np.ndarray) -> np.ndarray:
    """A bias of shape (1, out) or (out, 1) in the shape that specs expect, (out,)."""
    return bias.reshape(-1) if bias.ndim == 2 and 1 in bias.shape else bias


def describe(value: Any) -> str:
    """A value in the words of an error message: its type, and its shape or length."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, {value.dtype}"
    if isinstance(value, (list, tuple, dict)):
        return f"a {type(value).__name__} of length {len(value)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def show(array: np.ndarray, limit: int = 6) -> str:
    """An array on one line; of a long one, only the beginning and the end."""
    return " ".join(np.array2string(array, precision=8, threshold=limit * 4, edgeitems=2, separator=", ").split())


def spaced(array: np.ndarray) -> np.ndarray:
    """A copy whose entries have gaps between them in memory: every second column of a wider array."""
    wider = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wider[..., ::2] = array
    return wider[..., ::2]


STORED: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # ways to store an array
    "stored by columns": np.asfortranarray,
    "with gaps between its entries": spaced,
}


def copied(array: np.ndarray) -> np.ndarray:
    """A copy that is stored in the same way: by rows, by columns, or with gaps."""
    return array.copy(order="K") if array.flags.forc or not array.ndim else spaced(array)


def literal(value: Any) -> str:
    """A value as Python source that evaluates to exactly it, given `import numpy as np`."""
    if isinstance(value, np.random.Generator):
        return "np.random.default_rng(0)"
    if isinstance(value, float) and not np.isfinite(value):
        return f"float('{value}')"
    if not isinstance(value, np.ndarray):
        return repr(value)
    text = " ".join(repr(value.tolist()).split()).replace("nan", "np.nan").replace("inf", "np.inf")
    if value.dtype == np.float64 and value.size:
        return f"np.array({text})"
    body = f"np.array({text}, dtype={value.dtype.name!r})"
    return body if value.size else f"np.zeros({value.shape}, dtype={value.dtype.name!r})"
