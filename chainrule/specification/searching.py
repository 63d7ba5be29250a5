"""Hypothesis' search for an input that breaks a property spec, and for the smallest one that does.

Nothing here is loaded by a run in which every spec passes.
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

EXAMPLES = 25  # that are stored for each property, and among which a smaller one is looked for


def search(found: Property, fixed: Mapping[str, Any], examples: int, seed: int) -> None:
    """Check a property on so many drawn inputs, and raise what the smallest raises that breaks it.

    fixed: `impl`, and `networks` if the spec takes it.
    """

    def look(drawn: tuple[list[Any], dict[str, Any]]) -> None:
        found.look(**fixed, **drawn[1])

    for arguments in found.examples:
        found.look(**fixed, **arguments)
    run(look, found, (Phase.generate, Phase.shrink), examples, seed)


def draws(found: Property, clause: str) -> list[list[Any]]:
    """The examples that are stored for a property: of each, what its basic strategies drew."""
    stored: list[list[Any]] = []
    run(lambda drawn: stored.append(drawn[0]), found, (Phase.generate,), EXAMPLES, seed_of(clause))
    return stored


def seed_of(clause: str) -> int:
    """What decides the stored examples of a property: always the same, whatever becomes of its test."""
    return zlib.crc32(clause.encode())


def run(look: Callable[[Any], None], found: Property, phases: tuple[Phase, ...], examples: int, seed: int) -> None:
    """Let Hypothesis draw inputs, and call `look` on each: (what the basic strategies drew, the arguments made of it).

    phases: of Hypothesis.  seed: what decides the inputs.
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
    """(what the basic strategies of a property drew, in that order, the arguments made of it)."""
    stored: list[Any] = []

    def noted(strategy: Basic) -> Any:
        stored.append(draw(in_hypothesis(strategy)))
        return stored[-1]

    return stored, {name: strategy.made(noted) for name, strategy in found.strategies.items()}


def in_hypothesis(strategy: Basic) -> st.SearchStrategy[Any]:
    """The strategy of Hypothesis that a basic one names."""
    arguments = [in_hypothesis(given) if isinstance(given, Basic) else given for given in strategy.arguments]
    return getattr(st, strategy.name)(*arguments, **strategy.keywords)


@contextmanager
def nothing_stored() -> Iterator[None]:
    """What Hypothesis keeps for itself goes to a temporary folder, not to the user's."""
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
