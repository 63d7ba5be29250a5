"""Tables of made data, which answer as those of pandas, scikit-learn and NumPy's archives do."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.host.recognition.vocabulary import plain, role


class NotLoaded(AttributeError):
    """Code asks made data for something that only loaded data have."""


def are_names(key: Any) -> bool:
    """Whether an index is a list of the names of columns."""
    return isinstance(key, (list, tuple)) and bool(key) and all(isinstance(name, str) for name in key)


class Table(np.ndarray):
    """A table of numbers with the ways to read one that pandas, scikit-learn and NumPy's archives have.

    width: how many columns the labels take; negative if these are the last ones.
    whole: whether it is the table as it was made, and no part of it.
    """

    width, whole = 1, False

    def __array_finalize__(self, origin: Any) -> None:
        self.width = getattr(origin, "width", 1)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.inputs if role_of(key) == "x" or plain(key) in ("data", "images") else self.labels
        return self.inputs if are_names(key) else super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Columns that a script writes by their names, such as scaled ones, stay as they are."""
        if not (isinstance(key, str) or are_names(key)):
            super().__setitem__(key, value)

    def __getattr__(self, name: str) -> Table:
        """What an object that loads data keeps under this name.  Raises AttributeError if the name says nothing."""
        found = None if name.startswith("__") else role_of(name)
        if found not in ("x", "y", "validation"):
            raise NotLoaded(f"made data have no {name}")
        return self.labels if found == "y" else self.inputs

    @property
    def labels(self) -> Table:
        columns = slice(self.width) if self.width > 0 else slice(self.width, None)
        found = np.asarray(self)[:, columns].astype(int)
        return (found[:, 0] if abs(self.width) == 1 else found).view(Table)

    @property
    def inputs(self) -> Table:
        columns = slice(self.width, None) if self.width > 0 else slice(self.width)
        return np.asarray(self)[:, columns].view(Table)

    @property
    def images(self) -> np.ndarray:
        return squares(np.asarray(self.inputs))

    target = label = labels
    data = inputs  # type: ignore[assignment]

    @property
    def values(self) -> Table:
        return self

    iloc = loc = values

    @property
    def columns(self) -> list[str]:
        return ["label", *(f"pixel{i}" for i in range(self.shape[1] - 1))]

    def reshape(self, *lengths: Any, **settings: Any) -> Any:
        """The same numbers in another shape; a number of samples that only loaded data have becomes the table's."""
        try:
            return super().reshape(*lengths, **settings)
        except ValueError:
            shape = lengths[0] if isinstance(lengths[0], (tuple, list)) else lengths
            return super().reshape(-1, *shape[1:], **settings)

    def to_numpy(self, *_arguments: Any, **_keywords: Any) -> np.ndarray:
        return np.asarray(self)

    toarray = to_numpy

    def drop(self, *_arguments: Any, **_keywords: Any) -> Table:
        return self.inputs

    def pop(self, *_arguments: Any) -> Table:
        return self.labels

    def _itself(self, *_arguments: Any, **_keywords: Any) -> Table:
        return self

    head = sample = dropna = reset_index = describe = info = _itself


class Batch(np.ndarray):
    """An array with the ways of a tensor, or of a sparse array, to become one."""

    def numpy(self) -> np.ndarray:
        return np.asarray(self)

    toarray = todense = numpy

    def view(self, *shape: Any) -> Any:  # type: ignore[override]
        return self.reshape(shape) if all(isinstance(length, int) for length in shape) else super().view(*shape)


class Batches(list[Any]):
    """What a loader gives: batches of images and their labels."""

    @property
    def dataset(self) -> list[Any]:
        return [sample for batch in self for sample in zip(*batch, strict=True)]


def squares(rows: np.ndarray) -> np.ndarray:
    """Rows as images, if that many pixels make a square."""
    side = round(rows.shape[1] ** 0.5)
    return rows.reshape(-1, side, side) if side * side == rows.shape[1] else rows


def role_of(name: str) -> str | None:
    words, parts = plain(name), name.lower().split("_")
    if ("x" in parts) != bool({"y", "t"} & set(parts)):
        return "x" if "x" in parts else "y"
    if (
        "lbl" in parts
        or words.startswith(("y", "label", "target", "tar"))
        or words.endswith(("y", "labels", "label", "targets"))
    ):
        return "y"
    return role(name)
