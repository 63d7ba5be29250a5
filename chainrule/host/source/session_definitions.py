"""Opens live definitions from a session: modules, dictionaries, classes and functions."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import random
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSIONS, FUNCTIONS, OPERATIONS
from chainrule.contract.declarations import Declared
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.recognition.namespaces import is_own
from chainrule.host.source.targets import Opened, hosted, open_live, open_target

EXPECTED = (
    "expected a path or module name, a module, globals(), a class, a function, a list of classes and functions, or a "
    "chainrule.Implementation"
)


def open_any(
    target: Any,
    adapter: str | type[Implementation] | None = None,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    run_all: bool = False,
) -> Opened:
    """Open a target of any kind.  Raises UnusableTarget, or TypeError for a value that is not a target."""
    if isinstance(target, (str, PathLike)):
        if adapter is not None and not isinstance(adapter, (str, PathLike)):
            raise TypeError(f"adapter: expected an adapter's file beside a path, found {adapter!r}")
        file = None if adapter is None else fspath(adapter)
        return open_target(fspath(target), file, conventions=conventions, names=names, run_all=run_all)
    asked = Declared(dict(conventions or {}), dict(names or {}))
    if adapter is not None and not (inspect.isclass(adapter) and issubclass(adapter, Implementation)):
        raise TypeError(
            f"adapter: expected a subclass of chainrule.Implementation beside definitions, found {adapter!r}"
        )
    if isinstance(target, Implementation):
        return open_implementation(target, asked)
    definitions, spelling = definitions_of(target)
    path, digest = origin(target, definitions)
    declared = definitions.get("CHAINRULE", {})
    if not isinstance(declared, Mapping):
        raise UnusableTarget(f"CHAINRULE should be a dictionary such as {{'precision': 'float32'}}, found {declared!r}")
    return open_live(Definitions(definitions), spelling, path, digest, declared=declared, asked=asked, adapter=adapter)


def open_implementation(implementation: Implementation, asked: Declared) -> Opened:
    """Open an adapter object."""
    if asked.names:
        raise UnusableTarget("names: an Implementation already has the contract's names; leave `names` out")
    cls = type(implementation)
    path, digest = origin(cls, {cls.__name__: cls})
    inside = hosted(implementation, asked.conventions)
    return Opened(cls.__name__, None, cls.__module__, path, digest, *inside, outside=asked, live=True)


class Definitions:
    """A dictionary of definitions with its entries as attributes; setting an attribute changes the dictionary."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        object.__setattr__(self, "_definitions", definitions)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return object.__getattribute__(self, "_definitions")

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_definitions")[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        object.__getattribute__(self, "_definitions")[name] = value


def definitions_of(target: Any) -> tuple[dict[str, Any], str]:
    """({name: definition} of a target, an expression for the target).  Raises TypeError."""
    if isinstance(target, ModuleType):
        return vars(target), target.__name__
    if isinstance(target, dict):
        return target, "globals()" if "__name__" in target else spelled(target)
    if isinstance(target, (list, tuple)):
        found: dict[str, Any] = {}
        for item in target:
            if not (inspect.isclass(item) or isinstance(item, FunctionType)):
                raise TypeError(f"expected a list of classes and functions, found {item!r} in it")
            found |= definitions_of(item)[0]
        return found, f"[{', '.join(found)}]"
    if isinstance(target, FunctionType):
        if not target.__name__.isidentifier():
            raise TypeError("a lambda does not have a name: pass it with one, as in {'relu': lambda z: ...}")
        return {target.__name__: target}, target.__name__
    cls = target if inspect.isclass(target) else type(target)
    if cls.__module__ == "builtins" or (cls is not target and not is_own(cls)):
        raise TypeError(f"{EXPECTED}; found {target!r:.80}")
    return {cls.__name__: cls}, cls.__name__


def spelled(definitions: Mapping[str, Any]) -> str:
    """An expression for a dictionary of definitions."""
    names = {name: getattr(thing, "__name__", "") for name, thing in definitions.items() if callable(thing)}
    entries = [f"{name!r}: {own if own.isidentifier() else '...'}" for name, own in names.items()]
    return f"{{{', '.join(entries)}}}"


def chapters_of(target: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """The chapter about a function that is checked alone; an empty tuple for other targets."""
    if not isinstance(target, FunctionType):
        return ()
    contracts = [name for name, theirs in names.items() if theirs == target.__name__] or [target.__name__]
    return tuple(OPERATIONS[name].chapter for name in contracts if name in (*FUNCTIONS, *EXTENSIONS))


def origin(target: Any, definitions: Mapping[str, Any]) -> tuple[Path, str]:
    """(the file that contains the definitions, or `session`; a digest of that file, or of their sources)."""
    file = getattr(target, "__file__", None)
    if not isinstance(file, str):
        try:
            file = (
                inspect.getsourcefile(target if callable(target) else type(target))
                if not isinstance(target, dict)
                else None
            )
        except (TypeError, OSError):
            file = None
    path = Path(file) if file else Path("session")
    if path.suffix == ".py" and path.is_file() and "ipykernel" not in str(path):
        return path.resolve(), hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for name in sorted(definitions):
        if inspect.isclass(definitions[name]) or isinstance(definitions[name], FunctionType):
            with contextlib.suppress(TypeError, OSError):
                digest.update(inspect.getsource(definitions[name]).encode())
    return Path("session"), digest.hexdigest()


@contextlib.contextmanager
def as_it_was(target: Any) -> Iterator[None]:
    """Restore the names in a namespace, and the random generators, after the body."""
    namespace = vars(target) if isinstance(target, ModuleType) else target if isinstance(target, dict) else None
    before = None if namespace is None else dict(namespace)
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        if namespace is not None and before is not None:
            for name in namespace.keys() - before.keys():
                del namespace[name]
            namespace.update(before)
