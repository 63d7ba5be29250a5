"""What a known mistake is, and the catalogue they are kept in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from chainrule.contract.chapters import CHAPTERS

Change = Callable[..., Any]
Changes = Mapping[str, Change]
Scheme = Callable[[float, float], Any]  # a variance, or several that are mixed up alike


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make, and how to recognise it by its numbers.

    id: stable, words joined by hyphens.  chapter: that it belongs to.  title: it in one
    line.  explanation: what goes wrong and why, for the learner.  clause: the first that it breaks.  mend: what
    to do.  fingerprint: what is computed in place of the right result, as a formula.

    variants: {what is special about it: its changes}: each replaces parts of the right network (`model.Parts`) by
    functions that are called with the part they replace first; the name is empty where there is one only.
    array: what becomes of a right gradient, where the mistake is one of single arrays: called with the gradient, the
    `model.Pass` that it belongs to, its layer and kind; several results in a tuple.  of: which gradients that may be.
    scheme: the variance of weights as a function of (fan_in, fan_out), where it is one of the initialization.

    broken: the clauses that say, by failing, that it is this one, for what shows in no numbers.  suspected: those that
    make it likely.  special: of which other mistake it is a special case, which is named where both explain the same.
    lines: how it is written, and how it should be, for what shows in no numbers.
    """

    id: str
    chapter: str
    title: str
    explanation: str
    clause: str
    mend: str
    fingerprint: str
    variants: Mapping[str, Changes] = field(default_factory=dict, hash=False)
    array: Change | None = None
    of: tuple[str, ...] = ("weights", "biases")
    scheme: Scheme | None = None
    broken: tuple[str, ...] = ()
    suspected: tuple[str, ...] = ()
    special: str | None = None
    lines: tuple[str, str] | None = None


_catalogue: dict[str, Mistake] = {}
_also: list[tuple[str, Sequence[str], Sequence[str]]] = []


def add(
    id: str,
    title: str,
    explanation: str,
    *,
    clause: str,
    mend: str,
    fingerprint: str,
    chapter: str = "",
    variants: Mapping[str, Changes] | None = None,
    array: Change | None = None,
    of: Sequence[str] = ("weights", "biases"),
    scheme: Scheme | None = None,
    broken: str | Sequence[str] = (),
    suspected: str | Sequence[str] = (),
    special: str | None = None,
    lines: tuple[str, str] | None = None,
    **changes: Change | Mapping[str, Change],
) -> None:
    """Add a mistake to the catalogue.

    changes: the parts that it replaces, where there is one variant of it; the variants of one part as {name: change}.
    """
    if id in _catalogue:
        raise ValueError(f"{id}: two mistakes of that name")
    made: dict[str, Changes] = dict(variants or {})
    alone: dict[str, Change] = {}
    for name, change in changes.items():
        if isinstance(change, Mapping):
            made |= {detail: {name: one} for detail, one in change.items()}
        else:
            alone[name] = change
    _catalogue[id] = Mistake(
        id=id,
        chapter=chapter or chapter_of(clause),
        title=title,
        explanation=explanation,
        clause=clause,
        mend=mend,
        fingerprint=fingerprint,
        variants=made | ({"": alone} if alone else {}),
        array=array,
        of=tuple(of),
        scheme=scheme,
        broken=(broken,) if isinstance(broken, str) else tuple(broken),
        suspected=(suspected,) if isinstance(suspected, str) else tuple(suspected),
        special=special,
        lines=lines,
    )


def also(id: str, broken: Sequence[str] = (), suspected: Sequence[str] = ()) -> None:
    """Say which clauses of this chapter name a mistake of another by failing."""
    _also.append((id, broken, suspected))


def chapter_of(clause: str) -> str:
    """The core chapter that a clause's family is checked in."""
    family = clause.partition(".")[0]
    return {"relu": "activations", "network": "shapes"}.get(family, family)


@cache
def mistakes() -> dict[str, Mistake]:
    """{id: mistake}, in the order of the chapters."""
    from chainrule.diagnosis import catalogue

    catalogue.load()
    for id, broken, suspected in _also:
        known = _catalogue[id]
        _catalogue[id] = replace(known, broken=(*known.broken, *broken), suspected=(*known.suspected, *suspected))
    return dict(sorted(_catalogue.items(), key=lambda item: CHAPTERS.index(item[1].chapter)))
