"""Small data in place of what a script would load: images or rows, their labels, tables and pairs of both."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from chainrule.host.recognition.vocabulary import plain, role

OF_A_LOADER = 32  # samples of a batch
TRAINING, TESTING = ("train", "tr"), ("test", "val", "dev", "valid", "te")


@dataclass(frozen=True)
class Kind:
    """What made data look like.

    inputs: entries of a sample.  classes: their number.  samples: their number.  one_hot: whether labels are one-hot
    vectors.  images: whether a sample is a square.  pairs: whether a set is a list of (column, one-hot column).
    tables: whether inputs and labels that have one name are columns of a table.  last: whether its last are the labels.
    """

    inputs: int = 784
    classes: int = 10
    samples: int = 96
    one_hot: bool = False
    images: bool = False
    pairs: bool = False
    tables: bool = True
    last: bool = False

    def x(self) -> np.ndarray:
        """Inputs between 0 and 255, as of images."""
        found = np.random.default_rng(17).integers(0, 256, (self.samples, self.inputs)).astype(float)
        return squares(found) if self.images else found

    def y(self) -> np.ndarray:
        labels = np.random.default_rng(18).permutation(np.arange(self.samples) % self.classes)
        return np.eye(self.classes)[labels] if self.one_hot else labels

    def table(self) -> Table:
        """Labels in the first column, or in several if they are one-hot, and inputs behind them; or the reverse."""
        labels = replace(self, images=False).y()
        rows = Kind(self.inputs, self.classes, self.samples).x()
        table = np.column_stack([rows, labels] if self.last else [labels, rows]).astype(int).view(Table)
        width = self.classes if self.one_hot else 1
        table.width = -width if self.last else width
        return table

    def batches(self) -> Batches:
        """The batches of a loader: images of one channel, and their labels."""
        x, y = squares(Kind(self.inputs, self.classes, self.samples).x() / 255), self.y()
        x = x[:, None] if x.ndim == 3 else x
        starts = range(0, self.samples, OF_A_LOADER)
        return Batches((x[i : i + OF_A_LOADER].view(Batch), y[i : i + OF_A_LOADER].view(Batch)) for i in starts)

    def both(self) -> Any:
        """A set of samples: inputs and labels."""
        if not self.pairs:
            return self.x(), self.y()
        rows = Kind(self.inputs, self.classes, self.samples).x() / 255
        labels = np.eye(self.classes)[Kind(self.inputs, self.classes, self.samples).y()]
        return Pairs((x[:, None], y[:, None]) for x, y in zip(rows, labels, strict=True))


def squares(rows: np.ndarray) -> np.ndarray:
    """Rows as images, if that many pixels make a square."""
    side = round(rows.shape[1] ** 0.5)
    return rows.reshape(-1, side, side) if side * side == rows.shape[1] else rows


SETTINGS = ("config", "cfg", "conf", "settings", "args", "opt", "hparam", "hyper", "logger")  # no data, by their names


class Absent:
    """What a rehearsal does without, such as a module that draws, and everything that comes from it.

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
    """Labels as one-hot vectors, as Keras makes them."""
    if not isinstance(labels, (np.ndarray, list)):
        return ABSENT
    whole = np.asarray(labels, int).ravel()
    return np.eye(num_classes or int(whole.max()) + 1)[whole]


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


DONE_HERE = {  # of modules that are absent
    "shuffle": shuffled,
    "train_test_split": parted,
    "to_categorical": one_hot,
    "StandardScaler": Scaler,
    "MinMaxScaler": Scaler,
    "LabelEncoder": Encoder,
    "OneHotEncoder": OneHotEncoder,
    "LabelBinarizer": OneHotEncoder,
}


class NotLoaded(AttributeError):
    """Code asks made data for something that only loaded data have."""


class Table(np.ndarray):
    """A table of numbers with the ways to read one that pandas, scikit-learn and NumPy's archives have.

    width: how many columns the labels take; negative if these are the last ones.
    """

    width = 1

    def __array_finalize__(self, origin: Any) -> None:
        self.width = getattr(origin, "width", 1)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.inputs if role_of(key) == "x" or plain(key) in ("data", "images") else self.labels
        if isinstance(key, (list, tuple)) and key and all(isinstance(name, str) for name in key):
            return self.inputs
        return super().__getitem__(key)

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

    def to_numpy(self, *_arguments: Any, **_keywords: Any) -> np.ndarray:
        return np.asarray(self)

    def drop(self, *_arguments: Any, **_keywords: Any) -> Table:
        return self.inputs

    def pop(self, *_arguments: Any) -> Table:
        return self.labels

    def _itself(self, *_arguments: Any, **_keywords: Any) -> Table:
        return self

    head = sample = dropna = reset_index = describe = info = _itself


def made_for(shape: Any, kind: Kind, turn: int = 0) -> Any:
    """Data for the targets of an assignment, as `targets_of` spells them; None for those of a `with`.

    turn: for how many other targets data were made before.  Of names that say nothing the first takes a table, the next
    its labels.
    """
    if shape is None or (isinstance(shape, str) and plain(shape).startswith(SETTINGS)):
        return ABSENT
    if isinstance(shape, str):
        return kind.y() if role_of(shape) is None and turn % 2 else single(shape, kind)
    flat = [name for name in shape if isinstance(name, str)]
    if len(flat) < len(shape):  # (x, y), (x, y), as Keras gives images
        kind = replace(kind, images=not kind.images)
        return tuple(
            kind.both() if isinstance(part, tuple) and len(part) == 2 else made_for(part, kind) for part in shape
        )
    roles = [role_of(name) for name in flat]
    if "loader" in roles:
        return tuple(single(name, kind) for name in flat)
    if roles == ["x", None]:
        return kind.both() if not kind.pairs else (kind.both(), kind.y())
    if len(flat) == 2 and roles[0] == roles[1]:
        return kind.both() if not kind.pairs else (kind.both(), kind.both())
    if len(flat) == 4 and not {"x", "y"} <= set(roles):
        return kind.x(), kind.x(), kind.y(), kind.y()
    if kind.pairs and "y" not in roles:
        return tuple(kind.both() for _ in flat)
    apart = replace(kind, tables=kind.tables and "y" not in roles)
    return tuple(single(name, apart) for name in flat)


def single(name: str, kind: Kind) -> Any:
    found = role_of(name)
    if found == "y":
        return kind.y()
    if found == "loader":
        return kind.batches()
    if kind.pairs:
        return kind.both()
    words = plain(name)
    if found == "x" and not any(word in words for word in ("data", "df", "set", "train")):
        return kind.x()
    if words.startswith(("x", "image", "feature")):
        return kind.x()
    return kind.table() if kind.tables else kind.x()


class Pairs(list[Any]):
    """A set of pairs of a column and its one-hot label, under every name of a set of samples."""

    def __getattr__(self, name: str) -> Pairs:
        if name.startswith("__") or role_of(name) not in ("x", "validation"):
            raise NotLoaded(f"made data have no {name}")
        return self


def role_of(name: str) -> str | None:
    words, parts = plain(name), name.lower().split("_")
    if ("x" in parts) != ("y" in parts):
        return "x" if "x" in parts else "y"
    if words.startswith(("y", "label", "target", "tar")) or words.endswith(("y", "labels", "label", "targets")):
        return "y"
    return role(name)


def targets_of(targets: Sequence[ast.expr]) -> Any:
    """The names that an assignment binds: a name, or a tuple of names and tuples."""
    return spelled(targets[0])


def spelled(target: ast.expr) -> Any:
    if isinstance(target, (ast.Tuple, ast.List)):
        return tuple(spelled(element) for element in target.elts)
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else "data"
