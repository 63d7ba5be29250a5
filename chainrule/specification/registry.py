"""The table of all specs, by chapter and in order."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from chainrule.contract.chapters import CHAPTERS, EXTENSION_CHAPTERS
from chainrule.contract.errors import UnusableTarget
from chainrule.specification.spec import Spec

SPECS = "chainrule.spec_tests"  # a package with a file for each chapter


@dataclass(frozen=True)
class Entry:
    """A spec to run.  test: the function, called with the arguments that `takes` names.

    line: of the test in its chapter's file.
    """

    spec: Spec
    test: Any
    takes: tuple[str, ...]
    line: int

    @property
    def clause(self) -> str:
        return self.spec.clause

    @property
    def chapter(self) -> str:
        return self.spec.chapter


@cache
def registry() -> dict[str, Entry]:
    """{clause: its spec} for all chapters, in the order of the specification."""
    found: dict[str, Entry] = {}
    names = [info.name for info in iter_modules(import_module(SPECS).__path__) if info.name.startswith("test_")]
    for name in sorted(names, key=lambda name: chapter_place(name.removeprefix("test_"))):
        for test in vars(import_module(f"{SPECS}.{name}")).values():
            spec = getattr(test, "spec", None)
            if isinstance(spec, Spec):
                if spec.clause in found:
                    raise ValueError(f"two specs of {spec.clause}")
                line = inspect.unwrap(test).__code__.co_firstlineno
                found[spec.clause] = Entry(spec, test, tuple(inspect.signature(test).parameters), line)
    return found


def held(name: str) -> list[Any]:
    """The values of a name, such as `TRIALS`, in the files of the extension chapters that define it, in order."""
    files = [import_module(f"{SPECS}.test_{chapter}") for chapter in EXTENSION_CHAPTERS]
    return [getattr(file, name) for file in files if hasattr(file, name)]


def chapters() -> tuple[str, ...]:
    """The chapters with specs: the names of their files."""
    return tuple(dict.fromkeys(entry.chapter for entry in registry().values()))


def specs_of(*wanted: str) -> list[Entry]:
    """The specs of some chapters, in the order of the specification.  Raises UnusableTarget for any other name."""
    require(wanted)
    return [entry for entry in registry().values() if entry.chapter in wanted]


def require(wanted: Iterable[str]) -> None:
    """Raise UnusableTarget for a name that is not a chapter's."""
    for chapter in wanted:
        if chapter not in chapters():
            raise UnusableTarget(f"--chapter {chapter}: not a chapter; expected one of {', '.join(CHAPTERS)}")


def chapter_place(chapter: str) -> int:
    """The position of a chapter in the contract; a chapter outside the contract comes last."""
    return CHAPTERS.index(chapter) if chapter in CHAPTERS else len(CHAPTERS)
