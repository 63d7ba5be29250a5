"""Property specs: statements about all inputs that a strategy can draw.

A spec reads `@given(z=logits(), c=shifts())`.  It runs on stored examples, the same in every run.  Only --thorough, and
the search for a smaller input after a failure, use Hypothesis.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.specification import points
from chainrule.specification.strategies import Strategy


@dataclass(frozen=True)
class Property:
    """A test for all inputs that its strategies draw.

    body: the test itself, which takes `impl` and one argument for each strategy.  examples: inputs beside the
    strategies, which every run uses first.
    """

    body: Callable[..., None]
    strategies: Mapping[str, Strategy]
    examples: tuple[Mapping[str, Any], ...] = ()

    def inputs(self, chapter: str, clause: str) -> Iterator[Mapping[str, Any]]:
        """The examples, then the stored ones."""
        yield from self.examples
        for stored in points.stored(chapter)[clause]:
            yield self.read(stored)

    def read(self, stored: list[Any]) -> dict[str, Any]:
        """Read a stored example: the values of the basic strategies, in the order of drawing."""
        values = iter(stored)
        return {name: strategy.made(lambda _: next(values)) for name, strategy in self.strategies.items()}

    def look(self, impl: Any, **arguments: Any) -> None:
        """Check one input, with a new record of calls and the same random state as for the others."""
        impl.forget()
        impl.cases += 1
        random.seed(0)
        np.random.seed(0)
        self.body(impl=impl, **arguments)


def given(**strategies: Strategy) -> Callable[[Any], Any]:
    """Make a property spec of a test, which checks every input when called with `impl` (and `networks`)."""

    def decorate(body: Any) -> Any:
        @functools.wraps(body)
        def test(**fixed: Any) -> None:
            found = property_of(test)
            for arguments in found.inputs(test.spec.chapter, test.spec.clause):  # type: ignore[attr-defined]
                found.look(**fixed, **arguments)

        signature = inspect.signature(body)
        rest = [parameter for name, parameter in signature.parameters.items() if name not in strategies]
        test.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        test.given = Property(body, strategies)  # type: ignore[attr-defined]
        return test

    return decorate


def example(**arguments: Any) -> Callable[[Any], Any]:
    """Add an input that every run uses first.  Stands above `given`."""

    def decorate(test: Any) -> Any:
        test.given = replace(test.given, examples=(arguments, *test.given.examples))
        return test

    return decorate


def property_of(test: Any) -> Any:
    """The Property of a spec's test, or None."""
    return getattr(test, "given", None)
