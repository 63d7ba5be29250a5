"""What a pyproject.toml declares about a project's files: `[tool.chainrule.conventions]`, `[tool.chainrule.names]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainrule.contract.chapters import OPERATIONS
from chainrule.contract.conventions import checked_value
from chainrule.contract.errors import UnusableTarget

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

UNNAMED = ("parameters", "assign")  # operations that are attributes in code of the native style
ATTRIBUTES = ("weights", "biases")
NAMES = (*(operation.native_name for name, operation in OPERATIONS.items() if name not in UNNAMED), *ATTRIBUTES)


@dataclass(frozen=True)
class Declared:
    """Declarations from outside a file.  conventions: {key: value}; names: {contract's name: the file's name}."""

    conventions: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: Declared) -> Declared:
        """Both declarations together; where they differ, this one counts."""
        return Declared({**other.conventions, **self.conventions}, {**other.names, **self.names})


NOTHING_DECLARED = Declared()


def project_of(path: Path) -> Declared:
    """The declarations of the nearest pyproject.toml above a file.  Raises UnusableTarget, naming it."""
    file = next((folder / "pyproject.toml" for folder in path.parents if (folder / "pyproject.toml").is_file()), None)
    if file is None:
        return Declared()
    tool = toml_of(file).get("tool", {})
    own = table(file, "tool.chainrule", tool.get("chainrule", {}) if isinstance(tool, dict) else {})
    unknown = [key for key in own if key not in ("conventions", "names")]
    if unknown:
        raise UnusableTarget(f"{file}: tool.chainrule holds conventions and names, found {unknown[0]!r}")
    conventions = table(file, "tool.chainrule.conventions", own.get("conventions", {}))
    names = table(file, "tool.chainrule.names", own.get("names", {}))
    for key, value in conventions.items():
        try:
            checked_value(key, value)
        except UnusableTarget as error:
            raise UnusableTarget(f"{file}: {error}") from None
    check_names(names, f"{file}: tool.chainrule.names")
    return Declared(conventions, names)


def toml_of(file: Path) -> dict[str, Any]:
    """The content of a TOML file.  Raises UnusableTarget, naming it."""
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise UnusableTarget(f"{file}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnusableTarget(f"{file}: not valid TOML: {error}") from None


def table(file: Path, name: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise UnusableTarget(f"{file}: expected [{name}] to be a table of KEY = VALUE, found {found!r}")
    return found


def check_names(names: Any, where: str) -> None:
    """Raises UnusableTarget unless every key is a name of the contract and every value a name."""
    if not isinstance(names, Mapping):
        raise UnusableTarget(f"{where} should map names to names, found {names!r}")
    for name, theirs in names.items():
        if name not in NAMES:
            raise UnusableTarget(f"{where}: {name!r} is not a name of the contract; expected one of {', '.join(NAMES)}")
        if not isinstance(theirs, str) or not theirs:
            raise UnusableTarget(f"{where}: {name} should be mapped to the name that the file uses, found {theirs!r}")


EXAMPLES = {"--convention": "samples=columns", "--name": "MLP=NeuralNetwork"}  # for the options that take KEY=VALUE


def pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a dictionary; if a key is given twice, the last counts.  Raises UnusableTarget."""
    found = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not (key.strip() and equals and value.strip()):
            raise UnusableTarget(f"{option} {pair}: expected KEY=VALUE, such as {EXAMPLES[option]}")
        found[key.strip()] = value.strip()
    return found
