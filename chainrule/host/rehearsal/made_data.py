"""Small data in place of what a script would load: images or rows, their labels, tables and pairs of both."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.host.recognition.vocabulary import plain
from chainrule.host.rehearsal.substitutes import ABSENT
from chainrule.host.rehearsal.tables import Batch, Batches, NotLoaded, Table, role_of, squares

FEWEST = 160  # samples of made data
MORE = 2000  # the same for code that makes batches of many
MOST = 12_000  # the same for code that cuts some off
OF_A_LOADER = 32  # samples of a batch


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
        table.width, table.whole = -width if self.last else width, True
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


SETTINGS = ("config", "cfg", "conf", "settings", "args", "opt", "hparam", "hyper", "logger")  # no data, by their names


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
    if (kind.pairs or (len(flat) == 3 and not kind.tables)) and "y" not in roles:  # training, validation and test sets
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
    if words.startswith("x") or any(word in words for word in ("image", "feature", "sample", "pixel")):
        return kind.x()
    return kind.table() if kind.tables else kind.x()


class Pairs(list[Any]):
    """A set of pairs of a column and its one-hot label, under every name of a set of samples."""

    def __getattr__(self, name: str) -> Pairs:
        if name.startswith("__") or role_of(name) not in ("x", "validation"):
            raise NotLoaded(f"made data have no {name}")
        return self


def targets_of(targets: Sequence[ast.expr]) -> Any:
    """The names that an assignment binds: a name, or a tuple of names and tuples."""
    return spelled(targets[0])


def spelled(target: ast.expr) -> Any:
    if isinstance(target, (ast.Tuple, ast.List)):
        return tuple(spelled(element) for element in target.elts)
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else "data"
