"""Faulty implementations: the reference with one function replaced by a mistake, each naming the clause that must fail.

A fault is called as the function it replaces, with the original before its arguments; its docstring is the mistake as
the learner who made it would put it.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from banks.variants import fresh_reference
from chainrule.contract.chapters import EXTENSION_NAMES, EXTENSIONS


@dataclass(frozen=True)
class Fault:
    """clause: the one that must fail.  replaces: a function of the reference, or `MLP.method`.  mistake: in words.

    first: whether its clause fails before any other, in the order of the specification.
    """

    clause: str
    replaces: str
    name: str
    mistake: str
    code: Callable[..., Any]
    first: bool = False

    @property
    def extension(self) -> str:
        """The extension chapter whose operation it replaces; empty for the core."""
        return EXTENSIONS[self.replaces].chapter if self.replaces in EXTENSIONS else ""

    def module(self) -> ModuleType:
        """The reference with this fault in it."""
        module = fresh_reference()
        owner, _, name = self.replaces.rpartition(".")
        holder = getattr(module, owner) if owner else module
        original = getattr(holder, name)

        @functools.wraps(original)
        def faulty(*arguments: Any, **keywords: Any) -> Any:
            return self.code(original, *arguments, **keywords)

        setattr(holder, name, faulty)
        return module

    def alone(self) -> ModuleType:
        """The fault among nothing but its chapter's functions, if that is an extension; else `module()`."""
        module = self.module()
        if not self.extension:
            return module
        alone = ModuleType(f"{module.__name__}_{self.extension}")
        vars(alone).update({name: getattr(module, name) for name in EXTENSION_NAMES[self.extension]})
        alone.__file__ = module.__file__
        return alone


FAULTS: list[Fault] = []


def fault(clause: str, replaces: str, *, first: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a fault to the bank: it replaces one function, and `clause` has to notice, as the first of all if said so."""

    def add(code: Callable[..., Any]) -> Callable[..., Any]:
        FAULTS.append(Fault(clause, replaces, code.__name__, " ".join((code.__doc__ or "").split()), code, first))
        return code

    return add


for _chapter in pkgutil.iter_modules(__path__):  # each file's faults join the bank
    importlib.import_module(f"{__name__}.{_chapter.name}")
