"""Variants of the reference to run the specification on, and the means to run any part of it in this process."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from chainrule import reference
from chainrule.boundary.boundary import Boundary
from chainrule.contract.chapters import EXTENSION_CHAPTERS
from chainrule.contract.implementation import Implementation
from chainrule.host.native import Native
from chainrule.host.source.targets import hosted
from chainrule.running import run
from chainrule.running.limits import Limits
from chainrule.running.loading import Loaded
from chainrule.running.results import Outcome, SpecResult
from chainrule.specification.registry import Entry, registry

FOLDER = Path(reference.__file__).parent
FILES = ("mlp.py", *(f"{chapter}.py" for chapter in EXTENSION_CHAPTERS), "functions.py", "arguments.py")
SERIAL = itertools.count()


@cache
def compiled(name: str) -> Any:
    path = FOLDER / name
    return compile(path.read_text(encoding="utf-8"), str(path), "exec")


def fresh_reference(changed: Mapping[str, str] | None = None) -> ModuleType:
    """The reference as one new module: what is replaced in it, such as `softmax`, is what its MLP uses as well.

    changed: {file: text} where another text stands in for one of the reference's files.
    """
    module = ModuleType(f"reference_variant_{next(SERIAL)}")
    module.__package__ = "chainrule.reference"
    module.__file__ = str(FOLDER / "mlp.py")
    sys.modules[module.__name__] = module  # where `inspect` looks for a class's source
    # In this order: the first ones import from the last ones, and the module's own take their place.
    for name in FILES:
        exec(changed[name] if changed and name in changed else compiled(name), module.__dict__)
    return module


def specs() -> dict[str, Entry]:
    """{clause: its spec} of every chapter."""
    return registry()


def upstream(clauses: Iterable[str]) -> list[str]:
    """The clauses with all that they build on, directly or not, in the order of the specification."""
    wanted: set[str] = set()
    waiting = list(clauses)
    while waiting:
        clause = waiting.pop()
        if clause not in wanted:
            wanted.add(clause)
            waiting += specs()[clause].spec.after
    return [clause for clause in specs() if clause in wanted]


def loaded(variant: Any, declared: dict[str, Any] | None = None) -> Loaded:
    """A module, or an Implementation, ready to be checked."""
    implementation = variant if isinstance(variant, Implementation) else Native(variant)
    name = getattr(variant, "__name__", type(variant).__name__)
    path = FOLDER / "mlp.py"
    host, conventions, doubts = hosted(implementation, declared or {})
    return Loaded(
        target=name,
        adapter=None,
        module_name=name,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        host=host,
        conventions=conventions,
        reading_notes=doubts,
        impl=Boundary(host, conventions, doubts),
    )


def run_clauses(variant: Any, clauses: Collection[str], *, timeout: float = 20.0) -> dict[str, SpecResult]:
    """{clause: its result} of these clauses' specs alone, run on a module or an Implementation."""
    part = run.Run(loaded(variant), Limits.asked(False, None, timeout))
    part.entries = tuple(specs()[clause] for clause in clauses)
    part.all()
    return {result.id: result for result in part.results.settled(clauses)}


def check(
    variant: Any,
    *,
    timeout: float | None = 20.0,
    declared: dict[str, Any] | None = None,
    thorough: bool = False,
    seed: int | None = None,
    matching: str = "",
) -> Outcome:
    """The whole specification, extension chapters where their names exist, run on a module or an Implementation.

    matching: an expression for pytest's -k, for a part of it.
    """
    selected = ("-k", matching) if matching else ()
    return run.check(
        loaded(variant, declared), timeout=timeout, thorough=thorough, seed=seed, pytest_arguments=selected
    )


def not_passed(outcome: Outcome) -> dict[str, str]:
    """{clause: outcome and message} of what did not pass: what a test shows when it fails."""
    return {result.id: f"{result.outcome}: {result.message}" for result in outcome.specs if result.outcome != "passed"}
