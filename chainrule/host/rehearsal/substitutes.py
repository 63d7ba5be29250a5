"""What stands in a rehearsal for the libraries that load, prepare and draw data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from chainrule.host.rehearsal.tables import Batch, Table


class Absent:
    """What a rehearsal does without, such as a module that loads data, and everything that comes from it.

    uses: how often code used it.
    """

    uses = 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in DONE_HERE:
            return DONE_HERE[name]
        self.uses += 1
        return self

    def __call__(self, *_arguments: Any, **_keywords: Any) -> Any:
        self.uses += 1
        return self

    def __getitem__(self, _key: Any) -> Absent:
        self.uses += 1
        return self

    def __array__(self, *_arguments: Any, **_keywords: Any) -> NoReturn:
        self.uses += 1
        raise TypeError("an array of what is absent")

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Absent:
        return self

    def __exit__(self, *_error: object) -> None:
        return None


ABSENT = Absent()


class Drawing(Absent):
    """A module that draws, and its figures: code gets no data from it, unless it reads an image."""

    def __getattr__(self, name: str) -> Any:
        return ABSENT if name == "imread" else super().__getattr__(name)


DRAWING = Drawing()
DRAWN_WITH = frozenset("bokeh matplotlib plotly pyplot seaborn".split())  # modules that only draw


@contextmanager
def drawing_nothing() -> Iterator[None]:
    """Let modules that the body imports, such as those of a project, draw nothing either."""
    loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in DRAWN_WITH}
    sys.modules.update(dict.fromkeys(loaded, DRAWING))  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.modules.update(loaded)


def drawings(shape: Any) -> Any:
    """What an assignment from a module that draws gets.  shape: its targets, as `targets_of` spells them."""
    return tuple(map(drawings, shape)) if isinstance(shape, tuple) else DRAWING


def shuffled(*arrays: Any, **_settings: Any) -> Any:
    """The samples of all arrays in one random order, as scikit-learn's shuffle gives them."""
    if not all(isinstance(array, (np.ndarray, list)) for array in arrays):
        return ABSENT
    order = np.random.default_rng(19).permutation(len(arrays[0]))
    found = [np.asarray(array)[order] for array in arrays]
    return found[0] if len(found) == 1 else found


def parted(*arrays: Any, **_settings: Any) -> Any:
    """The samples of each array in two parts, as scikit-learn's train_test_split gives them."""
    if not all(isinstance(array, (np.ndarray, list)) for array in arrays):
        return ABSENT
    place = 3 * len(arrays[0]) // 4
    return [part for array in arrays for part in (array[:place], array[place:])]


def one_hot(labels: Any, num_classes: int | None = None, **_settings: Any) -> Any:
    """Labels as one-hot vectors, as Keras and pandas make them."""
    if not isinstance(labels, (np.ndarray, list)):
        return ABSENT
    whole = np.asarray(labels, int).ravel()
    return np.eye(num_classes or int(whole.max()) + 1)[whole].view(Table)


class Scaler:
    """Brings each feature to a mean of 0 and a deviation of 1, as scikit-learn's scalers do in one way or another."""

    def __init__(self, *_arguments: Any, **_settings: Any) -> None:
        self.mean: Any = 0.0
        self.scale: Any = 1.0

    def fit(self, x: Any, _y: Any = None) -> Scaler:
        rows = np.asarray(x, float)
        self.mean, self.scale = rows.mean(axis=0), rows.std(axis=0)
        return self

    def transform(self, x: Any) -> Any:
        return (np.asarray(x, float) - self.mean) / np.where(self.scale, self.scale, 1.0)

    def fit_transform(self, x: Any, y: Any = None) -> Any:
        return self.fit(x, y).transform(x)


class Encoder(Scaler):
    """Turns labels into whole numbers from 0 on, as scikit-learn's encoder does."""

    def fit(self, x: Any, _y: Any = None) -> Encoder:
        self.classes_ = np.unique(np.asarray(x))
        return self

    def transform(self, x: Any) -> Any:
        return np.searchsorted(self.classes_, np.asarray(x))


class OneHotEncoder(Encoder):
    """Turns labels into one-hot vectors, as scikit-learn's encoders and binarizers do."""

    def transform(self, x: Any) -> Any:
        return np.eye(len(self.classes_))[super().transform(x).ravel()].view(Batch)


# Names of what chainrule does in the place of modules that are absent.
DONE_HERE: dict[str, Any] = {
    "shuffle": shuffled,
    "train_test_split": parted,
    "to_categorical": one_hot,
    "get_dummies": one_hot,
    "StandardScaler": Scaler,
    "MinMaxScaler": Scaler,
    "LabelEncoder": Encoder,
    "LabelBinarizer": OneHotEncoder,
    "OneHotEncoder": OneHotEncoder,
}
