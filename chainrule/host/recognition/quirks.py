"""Readings that only one style of code needs: a list that names the style of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Quirk:
    """A function that reads code of one style.

    style: the code that needs it, in words.  otherwise: the function's result for other code.
    """

    function: Callable[..., Any]
    style: str
    otherwise: Any


QUIRKS: list[Quirk] = []


def for_style(style: str, otherwise: Any) -> Callable[[Function], Function]:
    """Add a function to the list of quirks."""

    def listed(function: Function) -> Function:
        QUIRKS.append(Quirk(function, style, otherwise))
        return function

    return listed
