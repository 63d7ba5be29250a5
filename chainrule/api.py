"""Checks in a session: `chainrule.check(globals())` in a notebook or at a prompt, on what is defined there."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES
from chainrule.contract.conventions import Convention
from chainrule.contract.declarations import Declared
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.recognition.namespaces import is_own
from chainrule.host.source.targets import Loaded, behind_boundary, load, load_live
from chainrule.running.results import Diagnosis, Outcome, SpecResult

CHAPTER_OF = {"relu": "activations", "softmax": "softmax", "cross_entropy": "cross_entropy", "xavier": "initialization"}
CHAPTER_OF |= {name: chapter for chapter, names in EXTENSION_NAMES.items() for name in names}
EXPECTED = (
    "expected a path or module name, a module, globals(), a class, a function, a list of classes and functions, or a "
    "chainrule.Implementation"
)
WIDTH = 100  # columns of the report as text


def check(
    target: Any,
    *,
    adapter: str | type[Implementation] | None = None,
    chapters: str | Sequence[str] = (),
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    full: bool = False,
    thorough: bool = False,
    seed: int | None = None,
    timeout: float | None = None,
    from_scratch: bool = False,
    run_all: bool = False,
) -> Result:
    """Check an implementation against the mathematics, and return what was found.  Nothing is printed.

    target: a path or the name of a module, as on the command line; or what is there already: a module, `globals()` or
    another dictionary of definitions, a class (an object stands for its class), a function, or a list of classes and
    functions.  Of a single function the chapter about it is required, else all core chapters.
    adapter: a class Adapter; for a path, an adapter's file.  The other arguments are the command's options.

    Raises UnusableTarget where the target cannot be loaded, a chapter or convention is none, or TypeError for a target
    of another kind.  Definitions stay as they are, and so do the global random generators.
    """
    from chainrule.running.run import check as run_check
    from chainrule.running.run import spec_file

    asked_chapters = (chapters,) if isinstance(chapters, str) else tuple(chapters)
    for chapter in asked_chapters:
        spec_file(chapter)
    with as_it_was(target):
        loaded = loaded_from(target, adapter, conventions, names, run_all)
        outcome = run_check(
            loaded,
            chapters=asked_chapters or chapters_of(target, names or {}),
            full=full,
            thorough=thorough,
            seed=seed,
            timeout=timeout,
            from_scratch=from_scratch,
        )
    return Result(outcome, loaded)


@dataclass(frozen=True)
class Result:
    """What a check found.  Jupyter shows it as HTML, everything else as text.

    outcome: the same as data.  loaded: how the target was read.
    """

    outcome: Outcome
    loaded: Loaded

    @property
    def verdict(self) -> str:
        """`pass`, `fail` or `incomplete`."""
        return self.outcome.verdict

    @property
    def specs(self) -> Sequence[SpecResult]:
        """The result of every spec, in the order of the specification."""
        return self.outcome.specs

    @property
    def failed(self) -> list[SpecResult]:
        """The specs that failed or raised."""
        return [result for result in self.specs if result.outcome in ("failed", "error")]

    @property
    def conventions(self) -> Mapping[str, Convention]:
        """Every convention, with its source and how it was found."""
        return self.outcome.conventions

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """The distinct diagnoses."""
        return self.outcome.diagnoses

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of how the code was read."""
        return self.outcome.notes

    def to_dict(self) -> dict[str, Any]:
        """The object that `chainrule check --format json` writes."""
        return self.outcome.to_dict()

    def to_json(self) -> str:
        """The same, as text."""
        return self.outcome.to_json()

    def to_html(self) -> str:
        """The report as a page of its own."""
        from chainrule.reports.html import page

        return page(self.outcome)

    def __bool__(self) -> bool:
        """Whether the verdict is `pass`: `assert chainrule.check(MLP)` fails for anything else."""
        return self.verdict == "pass"

    def _repr_html_(self) -> str:
        from chainrule.reports.html import fragment

        return fragment(self.outcome)

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    @cached_property
    def _text(self) -> str:
        """The report as the command prints it."""
        from rich.console import Console

        from chainrule.reports.text import TextReport

        stream = io.StringIO()
        report = TextReport(Console(file=stream, width=WIDTH, force_jupyter=False, force_terminal=False, no_color=True))
        report.begin(self.loaded)
        report.finish(self.outcome)
        return stream.getvalue().rstrip()


def loaded_from(
    target: Any,
    adapter: str | type[Implementation] | None = None,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    run_all: bool = False,
) -> Loaded:
    """A target of any kind, loaded.  Raises UnusableTarget, or TypeError for what is no target."""
    if isinstance(target, (str, PathLike)):
        if adapter is not None and not isinstance(adapter, (str, PathLike)):
            raise TypeError(f"adapter: expected an adapter's file beside a path, found {adapter!r}")
        file = None if adapter is None else fspath(adapter)
        return load(fspath(target), file, conventions=conventions, names=names, run_all=run_all)
    asked = Declared(dict(conventions or {}), dict(names or {}))
    if adapter is not None and not (inspect.isclass(adapter) and issubclass(adapter, Implementation)):
        raise TypeError(
            f"adapter: expected a subclass of chainrule.Implementation beside definitions, found {adapter!r}"
        )
    if isinstance(target, Implementation):
        return load_implementation(target, asked)
    definitions, spelling = definitions_of(target)
    path, digest = origin(target, definitions)
    declared = definitions.get("CHAINRULE", {})
    if not isinstance(declared, Mapping):
        raise UnusableTarget(f"CHAINRULE should be a dictionary such as {{'precision': 'float32'}}, found {declared!r}")
    return load_live(Definitions(definitions), spelling, path, digest, declared=declared, asked=asked, adapter=adapter)


def load_implementation(implementation: Implementation, asked: Declared) -> Loaded:
    """An adapter that is made already."""
    if asked.names:
        raise UnusableTarget("names are no matter of an Implementation: it has the contract's own")
    cls = type(implementation)
    path, digest = origin(cls, {cls.__name__: cls})
    impl = behind_boundary(implementation, asked.conventions)
    return Loaded(cls.__name__, None, cls.__module__, path, digest, impl, outside=asked, live=True)


class Definitions:
    """A dictionary of definitions with its entries as attributes; what is set is set in the dictionary."""

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
    """(the definitions in a target, by name, an expression for the target).  Raises TypeError."""
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
            raise TypeError("a lambda has no name: pass it with one, such as {'relu': lambda z: ...}")
        return {target.__name__: target}, target.__name__
    cls = target if inspect.isclass(target) else type(target)
    if cls.__module__ == "builtins" or (cls is not target and not is_own(cls)):
        raise TypeError(f"{EXPECTED}; found {target!r:.80}")
    return {cls.__name__: cls}, cls.__name__


def spelled(definitions: Mapping[str, Any]) -> str:
    """A dictionary as it may have been written."""
    names = {name: getattr(thing, "__name__", "") for name, thing in definitions.items() if callable(thing)}
    entries = [f"{name!r}: {own if own.isidentifier() else '...'}" for name, own in names.items()]
    return f"{{{', '.join(entries)}}}"


def chapters_of(target: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """The chapter of a function that is checked alone; none where everything is asked for."""
    if not isinstance(target, FunctionType):
        return ()
    contracts = [name for name, theirs in names.items() if theirs == target.__name__] or [target.__name__]
    return tuple(CHAPTER_OF[name] for name in contracts if name in CHAPTER_OF)


def origin(target: Any, definitions: Mapping[str, Any]) -> tuple[Path, str]:
    """(the file that definitions stand in, or `session`; a digest of that file, or of their sources)."""
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
    """Names in a namespace, random generators and Hypothesis's settings are afterwards what they were before."""
    from hypothesis import settings

    namespace = vars(target) if isinstance(target, ModuleType) else target if isinstance(target, dict) else None
    before = None if namespace is None else dict(namespace)
    numpy_state, python_state = np.random.get_state(), random.getstate()
    settings.register_profile("before chainrule", settings.default)
    try:
        yield
    finally:
        settings.load_profile("before chainrule")
        np.random.set_state(numpy_state)
        random.setstate(python_state)
        if namespace is not None and before is not None:
            for name in namespace.keys() - before.keys():
                del namespace[name]
            namespace.update(before)
