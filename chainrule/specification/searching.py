"""Searches with Hypothesis for the smallest input that breaks a property spec.

A run in which every spec passes does not import this module.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from chainrule.specification.given import Property
from chainrule.specification.strategies import Basic

EXAMPLES = 25  # how many examples are stored for each property, and how many a search draws


def search(found: Property, fixed: Mapping[str, Any], examples: int, seed: int) -> None:
    """Check a property on drawn inputs, and raise the failure of the smallest one that breaks it.

    fixed: `impl`, and `networks` if the spec takes it.
    """

    def look(drawn: tuple[list[Any], dict[str, Any]]) -> None:
        found.look(**fixed, **drawn[1])

    for arguments in found.examples:
        found.look(**fixed, **arguments)
    run(look, found, (Phase.generate, Phase.shrink), examples, seed)


def draws(found: Property, clause: str) -> list[list[Any]]:
    """Draw the examples to store for a property: lists of the basic strategies' values."""
    stored: list[list[Any]] = []
    run(lambda drawn: stored.append(drawn[0]), found, (Phase.generate,), EXAMPLES, seed_of(clause))
    return stored


def seed_of(clause: str) -> int:
    """The seed of a property's stored examples, which depends only on its clause."""
    return zlib.crc32(clause.encode())


def run(look: Callable[[Any], None], found: Property, phases: tuple[Phase, ...], examples: int, seed: int) -> None:
    """Let Hypothesis draw inputs, and call `look` with (the basic strategies' values, the arguments made of them).

    phases: of Hypothesis.  seed: decides the inputs.
    """

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    @hypothesis.given(inputs(found))
    def test(drawn: Any) -> None:
        look(drawn)

    with nothing_stored():
        test()


@st.composite
def inputs(draw: st.DrawFn, found: Property) -> tuple[list[Any], dict[str, Any]]:
    """(the values of a property's basic strategies in order, the arguments made of them)."""
    stored: list[Any] = []

    def noted(strategy: Basic) -> Any:
        stored.append(draw(in_hypothesis(strategy)))
        return stored[-1]

    return stored, {name: strategy.made(noted) for name, strategy in found.strategies.items()}


def in_hypothesis(strategy: Basic) -> st.SearchStrategy[Any]:
    """Hypothesis's strategy for a basic one."""
    arguments = [in_hypothesis(given) if isinstance(given, Basic) else given for given in strategy.arguments]
    return getattr(st, strategy.name)(*arguments, **strategy.keywords)


@contextmanager
def nothing_stored() -> Iterator[None]:
    """Let Hypothesis store its files in a temporary folder during the body."""
    name = "HYPOTHESIS_STORAGE_DIRECTORY"
    before = os.environ.get(name)
    os.environ[name] = str(Path(tempfile.gettempdir(), "chainrule-hypothesis"))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
