"""The strength of an L2 penalty with which networks are made and called: zero, but where a spec asks for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.host.recognition.vocabulary import is_called

_present = [0.0]


def set_strength(lam: float) -> None:
    """Make and call networks with this strength from now on."""
    _present[0] = float(lam)


def strength_is_set() -> bool:
    """Whether the present strength is another than zero."""
    return bool(_present[0])


def strength(parameter: str) -> float:
    """The present strength for a parameter that takes one, by its name; zero for any other regularization."""
    return _present[0] if _present[0] and is_strength(parameter) else 0.0


def is_strength(parameter: str) -> bool:
    """Whether a parameter takes the strength of an L2 penalty, by its name."""
    return is_called("hyperparameters", "strength", parameter)


def strengths(parameters: Sequence[Any], given: Mapping[str, Any]) -> dict[str, float]:
    """{parameter: the present strength} of those that take one and that nothing is given for."""
    return {p.name: strength(p.name) for p in parameters if p.name not in given and strength(p.name)}
