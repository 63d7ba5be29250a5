"""Property specs: what holds for all inputs that a strategy can draw.

A spec reads `@given(z=logits(), c=shifts())`.  It is checked on stored examples, the same in every run; Hypothesis is
needed only to look for a smaller input where one of them fails, and for --thorough.
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
    """A test of whatever its strategies draw.

    body: the test itself, which takes `impl` and one argument for each strategy.  examples: inputs that every run looks
    at first, written out beside the strategies.
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
        """One stored example: the values that basic strategies drew, in the order in which they drew them."""
        values = iter(stored)
        return {name: strategy.made(lambda _: next(values)) for name, strategy in self.strategies.items()}

    def look(self, impl: Any, **arguments: Any) -> None:
        """Check one input, with the record of calls and the global random generators as at every other."""
        impl.forget()
        impl.cases += 1
        random.seed(0)
        np.random.seed(0)
        self.body(impl=impl, **arguments)


def given(**strategies: Strategy) -> Callable[[Any], Any]:
    """Make a property spec of a test.  Called with `impl`, and `networks` if it takes it, it looks at every input."""

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
    """An input that every run looks at first.  Above `given`."""

    def decorate(test: Any) -> Any:
        test.given = replace(test.given, examples=(arguments, *test.given.examples))
        return test

    return decorate


def property_of(test: Any) -> Any:
    """The Property of a spec's test, or None."""
    return getattr(test, "given", None)
