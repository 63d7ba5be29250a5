"""From a TARGET on the command line to an Implementation behind its boundary."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import io
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from chainrule.boundary import Boundary, last_line
from chainrule.contract import Implementation, UnusableTarget
from chainrule.conventions import settle
from chainrule.recognition.recognise import recognise
from chainrule.timeouts import TimedOut, limit

LOADING_LIMIT = 120.0  # seconds: importing a large framework is slow, training at module level is slower
UNGUARDED = 'keep what loads data, trains or asks under `if __name__ == "__main__":`, so that the file can be imported'

BROUGHT: dict[str, Path] = {}  # modules that checked files brought in, and the folder each came from


@dataclass(frozen=True)
class Loaded:
    """An implementation ready to be checked.

    target, adapter: as they were named.  module_name: what an import statement calls it.
    path: the file it resolved to.  sha256: of that file's content.
    """

    target: str
    adapter: str | None
    module_name: str
    path: Path
    sha256: str
    impl: Boundary


def load(
    target: str,
    adapter: str | None = None,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
) -> Loaded:
    """Load TARGET (a .py file, a package folder or a module name), behind its adapter if one is given.

    conventions, names: declared by whoever checks, and stronger than what the file declares.
    Raises UnusableTarget: the message says why it cannot be loaded and what to do.
    """
    module = load_module(target)
    path = Path(module.__file__ or target).resolve()
    declared = declaration(module, target)
    outside = dict(conventions or {}) | ({"names": dict(names)} if names else {})
    declared |= outside
    if adapter is None:
        names = declared.pop("names", {})
        if not isinstance(names, Mapping):
            raise UnusableTarget(f"{target}: CHAINRULE['names'] should map names to names, found {names!r}")
        with silence():
            implementation: Implementation = recognise(module, dict(names))
    else:
        adapter_module = load_module(adapter)
        declared = {key: value for key, value in declared.items() if key != "names"}
        declared |= declaration(adapter_module, adapter)
        declared |= {key: value for key, value in outside.items() if key != "names"}
        implementation = make_adapter(adapter_module, adapter, module)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Loaded(target, adapter, module.__name__, path, digest, behind_boundary(implementation, declared))


def behind_boundary(implementation: Implementation, declared: Mapping[str, Any]) -> Boundary:
    """`implementation` behind the boundary, its conventions settled."""
    with silence():
        settled = settle(implementation, declared)
        return Boundary(settled.implementation, settled.conventions, settled.notes)


def load_module(target: str) -> ModuleType:
    """Execute a file, or import a package folder or a module by name.  What it prints is kept out of the way."""
    path = Path(target)
    if path.suffix == ".ipynb":
        raise UnusableTarget(
            f"{target}: notebooks cannot be read yet; export with `jupyter nbconvert --to script`, check the .py file"
        )
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            raise UnusableTarget(f"{target}: a folder without __init__.py is no package; name a file in it instead")
        path = path / "__init__.py"
    if path.suffix == ".py" or path.is_file():
        return execute(path, target)
    if not all(part.isidentifier() for part in target.split(".")):
        raise UnusableTarget(
            f"{target}: no such file, and no module's name; expected a .py file, a package folder or a module"
        )
    return import_by_name(target)


def execute(path: Path, target: str) -> ModuleType:
    """Execute the file as a module of its own; its folder is importable meanwhile, and first."""
    if not path.is_file():
        raise UnusableTarget(f"{target}: no such file (looked for {path.resolve()})")
    path = path.resolve()
    package = path.name == "__init__.py"
    name = path.parent.name if package else path.stem
    folder = path.parent.parent if package else path.parent
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)] if package else None
    )
    if spec is None or spec.loader is None:
        raise UnusableTarget(f"{target}: not a Python file; expected a .py file, a package folder or a module")
    module = importlib.util.module_from_spec(spec)
    make_way(folder)
    before = dict(sys.modules)
    sys.modules[name] = module
    try:
        with importable(folder), running(target):
            spec.loader.exec_module(module)
    except UnusableTarget:
        sys.modules.pop(name, None)
        raise
    finally:
        if name in before:  # never shadow a module of the same name that something else relies on
            sys.modules[name] = before[name]
        BROUGHT.update({name: folder for name in sys.modules.keys() - before.keys() if stands_in(folder, name)})
    return module


def make_way(folder: Path) -> None:
    """Forget what files of other folders brought in under a name that `folder` has a module of its own for."""
    for name, home in list(BROUGHT.items()):
        top = folder / name.partition(".")[0]
        if home != folder and (top.is_dir() or top.with_suffix(".py").is_file()):
            del BROUGHT[name]
            sys.modules.pop(name, None)


def stands_in(folder: Path, name: str) -> bool:
    """Whether a module's file is in `folder`, or below it and not installed there."""
    path = Path(getattr(sys.modules[name], "__file__", None) or "")
    return path.is_relative_to(folder) and "site-packages" not in path.parts


def import_by_name(target: str) -> ModuleType:
    with importable(Path.cwd()), running(target):
        try:
            return importlib.import_module(target)
        except ModuleNotFoundError as error:
            if error.name and (target == error.name or target.startswith(f"{error.name}.")):
                raise UnusableTarget(
                    f"{target}: no such file and no such module; expected a .py file, a package folder or a module"
                ) from None
            raise


def make_adapter(adapter_module: ModuleType, adapter: str, target: ModuleType) -> Implementation:
    """Adapter(target), from the adapter's file.  Raises UnusableTarget."""
    made = getattr(adapter_module, "Adapter", None)
    if not (inspect.isclass(made) and issubclass(made, Implementation)):
        raise UnusableTarget(
            f"{adapter}: expected a class Adapter that subclasses chainrule.Implementation, "
            f"found {'none' if made is None else repr(made)}"
        )
    with running(adapter):
        return made(target)


def declaration(module: ModuleType, target: str) -> dict[str, Any]:
    """The CHAINRULE dictionary of a file, a copy.  Raises UnusableTarget if it is no dictionary."""
    declared = getattr(module, "CHAINRULE", {})
    if not isinstance(declared, Mapping):
        raise UnusableTarget(
            f"{target}: CHAINRULE should be a dictionary such as {{'precision': 'float32'}}, found {declared!r}"
        )
    return dict(declared)


@contextlib.contextmanager
def running(target: str) -> Iterator[None]:
    """Somebody's module level runs: silently, and whatever it raises becomes a message that names the line."""
    try:
        with silence(), limit(LOADING_LIMIT):
            yield
    except UnusableTarget:
        raise
    except TimedOut:
        raise UnusableTarget(f"{target}: still not loaded after {LOADING_LIMIT:g} s; {UNGUARDED}") from None
    except SyntaxError as error:
        raise UnusableTarget(
            f"{target}: not valid Python{f', line {error.lineno}' if error.lineno else ''}: {error.msg}; "
            f"mend it so that `python {target}` runs"
        ) from None
    except (Exception, SystemExit) as error:
        at, said = last_line(error), textwrap.shorten(str(error), 300)  # on one line, whatever it says
        raise UnusableTarget(
            f"{target}: raised {type(error).__name__} while loading{f' at {at}' if at else ''}: {said}; {UNGUARDED}"
        ) from None


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing is printed, and whoever asks finds nobody there."""
    stdin, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdin = stdin


@contextlib.contextmanager
def importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
