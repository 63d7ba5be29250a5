"""The sizes of the networks that an implementation makes: any, or those of a pattern such as [784, *, 10]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FREE = "*"


@dataclass(frozen=True)
class Architecture:
    """The sizes that an implementation's networks may have.

    pattern: the size of every layer, None for a free one; None as a whole if all networks are possible.
    """

    pattern: tuple[int | None, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> Architecture:
        """Read a convention's value: `any`, `[784, 10, 10]`, `[784, *, 10]`.  Raises ValueError for anything else."""
        if text == "any":
            return cls()
        entries = [entry.strip("'\" ") for entry in text.strip("[]() ").split(",") if entry.strip()]
        sizes = tuple(None if entry == FREE else int(entry) for entry in entries)
        if len(sizes) < 2 or any(size is not None and size < 1 for size in sizes):
            raise ValueError(f"expected `any` or at least two layer sizes such as [784, *, 10], found {text}")
        return cls(sizes)

    @property
    def depth(self) -> int | None:
        """The number of hidden layers; None if it is free."""
        return None if self.pattern is None else len(self.pattern) - 2

    def fit(self, sizes: Sequence[int]) -> tuple[int, ...] | None:
        """The wanted sizes, with the fixed ones in their places; None if no network has this depth."""
        if self.pattern is None:
            return tuple(sizes)
        if len(sizes) != len(self.pattern):
            return None
        return tuple(wanted if fixed is None else fixed for wanted, fixed in zip(sizes, self.pattern, strict=True))

    def __str__(self) -> str:
        if self.pattern is None:
            return "any"
        return f"[{', '.join(FREE if size is None else str(size) for size in self.pattern)}]"
