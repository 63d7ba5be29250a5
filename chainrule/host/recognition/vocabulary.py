"""The names that people use for functions and parameters in code written from scratch.

The names are data: a file a kind in `names/`, and one for each extension chapter.  Case and underscores do not count.
`python -m programs.recognised_names --write`, in meta_tests, writes the tables of docs/recognised.md from them.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from chainrule.contract.chapters import EXTENSION_CHAPTERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "names"
NOTHING, NUMBER, LETTERS = "-", "#", "*"
SHORTEST = 3  # the fewest letters of a name without its affix
FURTHER = 1000  # how many positions a name with an affix ranks behind one without

Pattern = tuple[tuple[str, ...], ...]  # the parts of a name, each with its possible words


class NameTable:
    """The names for one operation or role, the likeliest first.  spelled: as people write them; `a > b` joins words."""

    def __init__(self, text: str) -> None:
        self.spelled: list[str] = []
        self.exact: dict[str, int] = {}
        self.patterns: dict[str, list[tuple[int, Pattern]]] = {}  # {first letter: patterns}
        self.positions: dict[str, int | None] = {}  # of names that were asked for
        position = 0
        for line in text.replace("\\\n", " ").strip().splitlines():
            parts = line.split(">")
            for spelled in [line.strip()] if len(parts) > 1 else line.split():
                position += 1
                self.spelled.append(spelled)
                if len(parts) > 1 or LETTERS in spelled:
                    words = [plain(part).split() for part in (parts if len(parts) > 1 else [spelled])]
                    pattern = tuple(map(tuple, words))
                    for letter in beginnings(pattern):
                        self.patterns.setdefault(letter, []).append((position, pattern))
                else:
                    self.exact.setdefault(plain(spelled), position)

    def position(self, name: str) -> int | None:
        """The position of a plain name, from 1, or None."""
        if name not in self.positions:
            self.positions[name] = self.found(name)
        return self.positions[name]

    def found(self, name: str) -> int | None:
        """The position of a name that was not asked for before."""
        possible = heapq.merge(self.patterns.get(name[:1], ()), self.patterns.get(LETTERS, ()))
        first = next((position for position, pattern in possible if fits(pattern, name)), None)
        return min(filter(None, (self.exact.get(name), first)), default=None)


def beginnings(pattern: Pattern) -> set[str]:
    """The letters with which names of a pattern begin; LETTERS alone if any letter may be the first."""
    found: set[str] = set()
    for part in pattern:
        found |= {word[0] for word in part if word != NOTHING}
        if NOTHING not in part:
            break
    return {LETTERS} if found & {LETTERS, NUMBER} else found


def fits(pattern: Pattern, name: str) -> bool:
    """Whether a name consists of one word of every part."""
    if len(pattern) == 1:
        return any(fits_alone(word, name) for word in pattern[0])
    places = {0}
    for part in pattern:
        places = {end for start in places for word in part for end in ends(word, name, start)}
        if not places:
            return False
    return len(name) in places


def fits_alone(word: str, name: str) -> bool:
    letters = word.strip(LETTERS)
    if word.endswith(LETTERS):
        return letters in name if word.startswith(LETTERS) else name.startswith(letters)
    return name.endswith(letters) if word.startswith(LETTERS) else name == letters


def ends(word: str, name: str, start: int) -> Iterable[int]:
    """The places where a word of a pattern may end in a name, if it begins at `start`."""
    if word == NOTHING:
        return (start,)
    if word == NUMBER:
        digits = len(name) - start - len(name[start:].lstrip("0123456789"))
        return range(start + 1, start + digits + 1)
    if LETTERS not in word:
        return (start + len(word),) if name.startswith(word, start) else ()
    letters = word.strip(LETTERS)
    found = [end for end in range(start + len(letters), len(name) + 1) if name.endswith(letters, start, end)]
    if not word.startswith(LETTERS):
        found = found[:1] if name.startswith(letters, start) else []
    return range(found[0], len(name) + 1) if found and word.endswith(LETTERS) else found


@cache
def names(kind: str) -> Mapping[str, NameTable]:
    """{operation or role: its names} of one file, in the file's order."""
    with (FOLDER / f"{kind}.toml").open("rb") as file:
        return {key: NameTable(text) for key, text in tomllib.load(file).items()}


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case, underscores and the marks of a private name."""
    return name.replace("_", "").lower()


@lru_cache(maxsize=4096)
def is_called(kind: str, key: str, name: str) -> bool:
    """Whether the file of a kind lists a name under this key."""
    return names(kind)[key].position(plain(name)) is not None


def likeliest(kind: str, key: str, found: Sequence[str]) -> str | None:
    """The name, among these, that the file of a kind lists first under this key, or None."""
    known = [(at, name) for name in found if (at := names(kind)[key].position(plain(name))) is not None]
    return min(known)[1] if known else None


def labelled(kind: str, found: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    """{key: the likeliest name for it}, each name for one key, those of the first keys first."""
    free, taken = list(found), dict[str, str]()
    for key in keys:
        name = likeliest(kind, key, free)
        if name is not None:
            taken[key] = name
            free.remove(name)
    return taken


@lru_cache(maxsize=4096)
def rank(operation: str, name: str) -> int | None:
    """The position of a name among those of an operation: 0 for the contract's own name, None for others."""
    if plain(name) == plain(operation):
        return 0
    known = names("operations")[operation]
    for further, form in enumerate(name_forms(plain(name))):
        position = known.position(form)
        if position is not None:
            return position + FURTHER * further
    return None


@lru_cache(maxsize=4096)
def name_forms(name: str) -> tuple[str, ...]:
    """A name, and the same without words that only say that it belongs to a network."""
    before, behind = (names("affixes")[key].exact for key in ("before", "behind"))
    shorter = [
        name.removeprefix(word) for word in before if name.startswith(word) and len(name) >= len(word) + SHORTEST
    ]
    shorter += [name.removesuffix(word) for word in behind if name.endswith(word) and len(name) >= len(word) + SHORTEST]
    return (name, *shorter)


@lru_cache(maxsize=4096)
def role(name: str) -> str | None:
    """The role of a parameter of that name, or None."""
    return next((role for role in names("roles") if is_called("roles", role, name)), None)


@lru_cache(maxsize=4096)
def size_role(name: str) -> str | None:
    """The layer sizes that a constructor's parameter of that name takes, or None."""
    return next((size for size in names("sizes") if is_called("sizes", size, name)), None)


@cache
def in_chapters(operation: str) -> tuple[str, ...]:
    """Names from courses for an operation of an extension chapter; an empty result for one of the core."""
    found = (names(chapter).get(operation) for chapter in EXTENSION_CHAPTERS)
    return tuple(spelled for known in found if known is not None for spelled in known.spelled)
