"""The baseline: a TOML file with a line for each spec that is not expected to pass."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from chainrule.contract.declarations import table, toml_of
from chainrule.contract.errors import UnusableTarget
from chainrule.running.results import OUTCOMES, SpecResult
from chainrule.specification.registry import registry
from chainrule.support.version import VERSION

SCHEMA = 1
EXPECTED = tuple(outcome for outcome in OUTCOMES if outcome != "passed")
KEYS = {"outcome", "reason"}


@dataclass(frozen=True)
class Expected:
    """What a spec does that is not expected to pass.  outcome: one of EXPECTED.  reason: in the user's words."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True)
class Baseline:
    """path: its file.  version: of the chainrule that wrote it.  expected: {clause: what its spec does}."""

    path: Path
    version: Version
    expected: Mapping[str, Expected]

    @classmethod
    def empty(cls, path: Path) -> Baseline:
        """A baseline that expects every spec to pass."""
        return cls(path, Version(VERSION), {})

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline in a file.  Raises UnusableTarget, which says what is wrong with it and what to do."""
        if not os.path.exists(path):
            raise UnusableTarget(f"--baseline {path}: no such file; add --update-baseline to write it")
        content = toml_of(path)
        if content.get("schema") != SCHEMA:
            raise UnusableTarget(f"{path}: expected schema = {SCHEMA}, found {content.get('schema')!r}")
        version = version_in(path, content.get("chainrule"))
        lines = table(path, "expected", content.get("expected", {}))
        return cls(path, version, {clause: expected_in(path, clause, line) for clause, line in lines.items()})

    def renewed(self, specs: Iterable[SpecResult]) -> Baseline:
        """The baseline that expects these results, with the reasons of this one; lines about other specs stay."""
        lines = dict(self.expected)
        for result in specs:
            before = lines.pop(result.id, Expected(""))
            if result.outcome != "passed":
                lines[result.id] = Expected(result.outcome, before.reason)
        return Baseline(self.path, Version(VERSION), lines)

    def told_since(self, before: Baseline) -> str:
        """How many lines another baseline had not, had with another outcome, has alone, and has too."""
        old, new = before.expected, self.expected
        changed = {clause for clause in old.keys() & new.keys() if old[clause] != new[clause]}
        counts = {
            "added": new.keys() - old.keys(),
            "changed": changed,
            "removed": old.keys() - new.keys(),
            "kept": (old.keys() & new.keys()) - changed,
        }
        told = ", ".join(f"{len(clauses)} {kind}" for kind, clauses in counts.items() if clauses)
        return told or "none"

    def line_of(self, clause: str) -> int | None:
        """The number of a clause's line in the file; None if it has none."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        return next((place for place, text in enumerate(lines, 1) if quoted(clause) in text.partition("=")[0]), None)

    def text(self) -> str:
        """The file, with one line a spec, sorted by id."""
        head = [f"schema = {SCHEMA}", f"chainrule = {quoted(str(self.version))}", "[expected]"]
        return "\n".join([*head, *(line(clause, self.expected[clause]) for clause in sorted(self.expected)), ""])


def line(clause: str, expected: Expected) -> str:
    """The line about a spec."""
    reason = f", reason = {quoted(expected.reason)}" if expected.reason else ""
    return f"{quoted(clause)} = {{ outcome = {quoted(expected.outcome)}{reason} }}"


def quoted(text: str) -> str:
    """A text as a basic string of TOML, which is one of JSON except for the character 127."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def version_in(path: Path, found: Any) -> Version:
    """The version that a file names as its writer's.  Raises UnusableTarget if it is not a version, or a newer one."""
    try:
        version = Version(found)
    except (InvalidVersion, TypeError):
        raise UnusableTarget(
            f'{path}: expected the version that wrote it, such as chainrule = "{VERSION}", found {found!r}'
        ) from None
    if version > Version(VERSION):
        raise UnusableTarget(f"{path}: written by chainrule {version}, and this is {VERSION}; install the newer one")
    return version


def expected_in(path: Path, clause: str, found: Any) -> Expected:
    """A line of the table `expected`.  Raises UnusableTarget for an unknown id, outcome or key."""
    if clause not in registry():
        near = difflib.get_close_matches(clause, registry(), n=1)
        meant = f"did you mean {near[0]}?" if near else "`chainrule explain` lists all"
        raise UnusableTarget(f"{path}: {clause!r} is not the id of a clause; {meant}")
    keys = table(path, f'expected."{clause}"', found)
    if keys.keys() - KEYS or keys.get("outcome") not in EXPECTED or not isinstance(keys.get("reason", ""), str):
        raise UnusableTarget(
            f'{path}: {clause}: expected {{ outcome = "{EXPECTED[0]}" }}, with one of {", ".join(EXPECTED)} '
            f"and perhaps a reason, found {found!r}"
        )
    return Expected(keys["outcome"], keys.get("reason", ""))
