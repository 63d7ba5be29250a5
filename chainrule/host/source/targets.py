"""From a TARGET on the command line to an implementation in its host."""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from chainrule.contract.conventions import Conventions
from chainrule.contract.declarations import NOTHING_DECLARED, Declared, check_names, project_of
from chainrule.contract.errors import UnusableTarget
from chainrule.contract.implementation import Implementation
from chainrule.host.guard.environment import plain_environment
from chainrule.host.guard.exits import kept_out
from chainrule.host.guard.finding import Finding
from chainrule.host.guard.looks import looks_in, own_files
from chainrule.host.guard.snapshot import guarded
from chainrule.host.host import Host, InProcess
from chainrule.host.inference.infer import infer_conventions
from chainrule.host.recognition.graph_forms import TensorForm
from chainrule.host.recognition.layers import StackForm
from chainrule.host.recognition.namespaces import is_layer_name, network_classes, own_classes
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.recognise import recognise
from chainrule.host.recognition.tools import Toolbox
from chainrule.host.rehearsal.rehearse import rehearse
from chainrule.host.source.executing import Execution, Siblings, newer_python, told
from chainrule.host.source.folders import likely_file
from chainrule.host.source.frameworks import FrameworkImport, frameworks_of
from chainrule.host.source.notebooks import python_2
from chainrule.host.source.parsing import parse
from chainrule.host.source.partners import packages_beside, partner_files
from chainrule.host.source.printed import silence
from chainrule.host.source.projects import home, place_in_package, shared
from chainrule.host.source.rule import DEFINITIONS, statements
from chainrule.host.source.stand_ins import Absence, Imports
from chainrule.support.source_positions import last_line, place, within
from chainrule.support.time_limit import TimedOut, limit

NEAR = 0.7  # similarity of a misspelled name to the right one
LOADING_LIMIT = 120.0  # seconds: long enough to import a large framework, too short to train at module level
LOADING: ContextVar[float] = ContextVar("LOADING", default=LOADING_LIMIT)  # the present limit
UNGUARDED = (
    'put code that loads data, trains or asks for input under `if __name__ == "__main__":`, '
    "so that the file can be imported"
)

REHEARSAL = "rehearsal"  # the declaration by which a file says that its training must not run

BROUGHT: dict[str, Path] = {}  # {name of a module that a checked file imported: its folder}


@dataclass(frozen=True)
class Source:
    """A loaded TARGET.

    module: the module with its names.  path: its file.  statements: those of the file.
    notes: sentences on what did not run.  missing: {name: why it
    is missing}, of the globals that its functions read.
    """

    module: ModuleType
    path: Path
    notes: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict, hash=False)
    statements: Sequence[ast.stmt] = ()


@dataclass(frozen=True)
class Opened:
    """An implementation in its host, ready to be checked.

    target, adapter: as the user named them.  module_name: its name in import statements.
    path: the target's file.  sha256: of that file's content.
    conventions: those of the code; reading_notes: findings of inference that no convention expresses.
    notes, missing: as in Source.  outside, run_all: the user's declarations and options.
    loops: where loops stand at module level, which only the script as a whole runs.
    frameworks: imports of machine-learning frameworks.
    live: whether the user passed an object; target is then an expression for it.
    files: the file, and the files of its project that it imports.
    tampering: findings on objects that the code replaced while it loaded, which are put back, and on places that ask
    who calls it.
    """

    target: str
    adapter: str | None
    module_name: str
    path: Path
    sha256: str
    host: Host
    conventions: Conventions
    reading_notes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict, hash=False)
    outside: Declared = NOTHING_DECLARED
    run_all: bool = False
    loops: tuple[str, ...] = ()
    frameworks: tuple[FrameworkImport, ...] = ()
    live: bool = False
    files: tuple[Path, ...] = ()
    tampering: tuple[Finding, ...] = ()


def open_target(
    target: str,
    adapter: str | None = None,
    *,
    conventions: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    run_all: bool = False,
) -> Opened:
    """Open TARGET (a .py file, a notebook, a package folder or a module name) behind its adapter, if any.

    conventions, names: the user's declarations, which count more than those in the file.
    run_all: execute the whole file or notebook, not only its definitions and what they need.
    Raises UnusableTarget: the message says why it cannot be loaded and what to do.
    """
    outside = Declared(dict(conventions or {}), dict(names or {}))
    check_names(outside.names, "names")
    for named in filter(None, (target, adapter)):
        require_readable(named)
    read: list[Path] = []
    own = (place_in_package(Path(target))[0] if Path(target).is_file() else Path(target).name).partition(".")[0]
    with plain_environment(), guarded(own) as replaced, kept_out(lambda: {str(file) for file in read}) as exits:
        loaded = read_target(target, adapter, outside, run_all=run_all)
        read += own_files(loaded.path, loaded.module_name)
    return replace(loaded, files=tuple(read), tampering=(*replaced, *exits, *looks_in(read)))


def require_readable(target: str) -> None:
    """Raise UnusableTarget if the system does not let chainrule read a file or folder that the user names."""
    path = Path(target)
    try:
        if path.is_dir():
            os.scandir(path).close()
            path = path / "__init__.py"
        if path.is_file():
            path.open("rb").close()
    except OSError as error:
        raise UnusableTarget(f"{target}: cannot be read ({error.strerror})") from None


def read_target(target: str, adapter: str | None, outside: Declared, *, run_all: bool) -> Opened:
    """Load TARGET and read it with the user's declarations."""
    source = load_source(target, run_all=run_all)
    module, path, notes = source.module, source.path, source.notes
    asked = outside.over(project_of(path))
    declared = declaration(module, target)
    implementation: Implementation
    if adapter is None:
        rehearsed, unread = declared.get(REHEARSAL, True), list[str]()
        if not isinstance(rehearsed, bool):
            raise UnusableTarget(f"{target}: CHAINRULE['{REHEARSAL}'] should be True or False, found {rehearsed!r}")
        if rehearsed and not run_all:
            unread = learn_from_its_training(source)
        alone, read = recognised_in(module, declared, asked, target, source.missing)
        implementation = alone
        if lacks_parts(alone, vars(module)):
            found, note = with_partners(source, declared, asked, target)
            if found is not None or not alone.offers("create"):
                implementation, notes = found or alone, (*note, *notes)
        if isinstance(alone.form, TensorForm) and alone.form.lacks_parts:
            notes = (*with_library(source, alone.form), *notes)
        declared = read
        if not implementation.offers("create"):
            notes = (*notes, *unread)
        require_named(outside.names, source, target)
    else:
        with forgotten(path):
            adapter_module = load_source(adapter, run_all=True).module
        both = declared | declaration(adapter_module, adapter) | dict(asked.conventions)
        declared = conventions_in(both)
        implementation = make_adapter(adapter_module, adapter, module)
    return Opened(
        target,
        adapter,
        module.__name__,
        path,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        *hosted(implementation, declared),
        notes,
        source.missing,
        outside,
        run_all,
        tuple(loops_in(source.statements, str(path))),
        frameworks_of(path, module.__name__),
    )


def require_named(names: Mapping[str, str], source: Source, target: str) -> None:
    """Raise UnusableTarget for a name that stands nowhere in the code, although the user says that it does."""
    namespace = vars(source.module)
    classes = [value for value in namespace.values() if inspect.isclass(value)]
    known = {*namespace, *(name for cls in classes for name in dir(cls))}
    for name, theirs in names.items():
        if theirs in known:
            continue
        word = re.compile(rb"\b" + re.escape(theirs.encode(errors="replace")) + rb"\b")
        if not any(word.search(file.read_bytes()) for file in own_files(source.path, source.module.__name__)):
            near = difflib.get_close_matches(
                theirs, [word for word in known if not word.startswith("_")], n=1, cutoff=NEAR
            )
            meant = f"; did you mean {near[0]}?" if near else ""
            raise UnusableTarget(f"{target}: {theirs} is missing, which is declared as its {name}{meant}")


def lacks_parts(implementation: NativeStyle, namespace: Mapping[str, Any]) -> bool:
    """Whether a class of the file may be a network, and chainrule recognised none, or only layers of another file."""
    own = namespace.get("__name__")
    if not any(cls.__module__ == own for _, cls in network_classes(namespace)):
        with silence():
            dense = Toolbox(namespace).dense  # a layer, alone in its file
        return dense is not None and dense.cls.__module__ == own and not implementation.offers("create")
    if isinstance(implementation.form, StackForm):
        dense = implementation.form.tools.dense
        return dense is not None and dense.cls.__module__ != own
    return not implementation.offers("create")


def with_partners(
    source: Source, declared: Mapping[str, Any], asked: Declared, target: str
) -> tuple[Implementation | None, tuple[str, ...]]:
    """(the target's class with classes of files beside it, without which it makes no network; a note on them).

    None if they do not help.  A file of layers without a network gets other layers, and no network.
    """
    namespace, groups = vars(source.module), partner_files(source.path, source.statements)
    classes = network_classes(namespace)
    own = next((name for name, cls in classes if cls.__module__ == source.module.__name__), None)
    imported = [value for value in namespace.values() if isinstance(value, ModuleType) and value.__name__ in BROUGHT]
    for modules in (imported, *(map(load_partner, files) for files in groups)):
        brought: dict[str, str] = {}
        for module in filter(None, modules):
            new = {name: cls for name, cls in own_classes(vars(module)) if name not in namespace}
            if own is None:
                new = {name: cls for name, cls in new.items() if is_layer_name(name)}
            namespace |= new
            brought |= dict.fromkeys(new, Path(module.__file__ or "").name)
        asked_for = Declared(asked.conventions, asked.names if own is None else {"MLP": own, **asked.names})
        implementation, _ = recognised_in(source.module, declared, asked_for, target, source.missing)
        if implementation.form is not None and getattr(implementation.form, "name", None) == own:
            beside = ", ".join(f"{name} ({home})" for name, home in brought.items())
            return implementation, (f"the network is made with classes of files beside it: {beside}",)
        for name in brought:
            del namespace[name]
    if not groups:
        return None, ()
    names = ", ".join(dict.fromkeys(file.name for files in groups for file in files))
    return None, (f"chainrule looked in {names} for what the network is made with, and found nothing that fits",)


def with_library(source: Source, form: TensorForm) -> tuple[str, ...]:
    """Give a network of tensors the loss and the optimizer of files beside it.  Returns a note on them."""
    groups = [*partner_files(source.path, source.statements), packages_beside(source.path)]
    files = dict.fromkeys(file for group in groups for file in group)
    here = {str(getattr(module, "__file__", "")): module for module in list(sys.modules.values())}
    found: list[str] = []
    with silence(), contextlib.suppress(Exception):
        modules = [here.get(str(file)) or load_partner(file) for file in files]  # a second Tensor is another class
        found = form.bring([module for module in modules if module is not None])
    if not found:
        return ()
    return (f"what trains the network stands in files beside it: {', '.join(found)}",)


def load_partner(file: Path) -> ModuleType | None:
    """The definitions of a file beside the target; None if it cannot be loaded."""
    with contextlib.suppress(UnusableTarget):
        return load_source(str(file)).module
    return None


def learn_from_its_training(source: Source) -> list[str]:
    """Run the training of a loaded file on made data, in the file's surroundings, and register what it shows.

    Returns sentences on loops that train, but that chainrule does not read.
    """
    _, first, folders = home(source.path)
    near = [folder for folder in folders if not shared(folder)] or [source.path.parent]
    with silence(), importing_from(first, folders), surroundings(source.path):
        return rehearse(source.module, source.statements, source.path, list(BROUGHT), near)


def open_live(
    namespace: Any,
    target: str,
    path: Path,
    sha256: str,
    *,
    declared: Mapping[str, Any] | None = None,
    asked: Declared = NOTHING_DECLARED,
    adapter: type[Implementation] | None = None,
) -> Opened:
    """Open live definitions, such as a session's.

    namespace: an object with the definitions as attributes.  target: an expression for it.  path, sha256: for the
    report.  declared: the definitions' own declarations, as in a CHAINRULE dictionary.  asked: the user's declarations,
    which count more.
    adapter: called with the namespace.
    Raises UnusableTarget.
    """
    check_names(asked.names, "names")
    found = dict(declared or {})
    implementation: Implementation
    with plain_environment(), guarded() as replaced:
        if adapter is None:
            implementation, found = recognised_in(namespace, found, asked, target, ())
        else:
            with running(target):
                implementation = adapter(namespace)
            home = adapter.__module__
            own = getattr(sys.modules.get(home), "CHAINRULE", {}) if home != "__main__" else {}
            found = conventions_in({**found, **own, **asked.conventions})
        host, conventions, doubts = hosted(implementation, found)
    files = (path,) if path.is_file() else ()
    tampering = (*replaced, *looks_in(files))
    return Opened(
        target,
        None,
        target,
        path,
        sha256,
        host,
        conventions,
        doubts,
        outside=asked,
        live=True,
        files=files,
        tampering=tampering,
    )


def recognised_in(
    namespace: Any, declared: Mapping[str, Any], asked: Declared, target: str, missing: Iterable[str]
) -> tuple[NativeStyle, dict[str, Any]]:
    """(the implementation recognised in a namespace, the conventions declared for it)."""
    names = declared.get("names", {})
    check_names(names, f"{target}: CHAINRULE['names']")
    with silence():
        implementation = recognise(namespace, {**names, **asked.names}, missing)
    return implementation, conventions_in({**declared, **asked.conventions})


def conventions_in(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The declarations that are conventions."""
    return {key: value for key, value in declared.items() if key not in ("names", REHEARSAL)}


def hosted(
    implementation: Implementation, declared: Mapping[str, Any]
) -> tuple[InProcess, Conventions, tuple[str, ...]]:
    """(`implementation` in a host, its conventions, notes on findings that no convention expresses)."""
    with silence():
        settled = infer_conventions(implementation, declared)
    return InProcess(settled.implementation), settled.conventions, settled.notes


def load_source(target: str, *, run_all: bool = False) -> Source:
    """Load TARGET: execute the definitions of a file or notebook, or import a package folder or a module.

    Raises UnusableTarget.
    """
    path = Path(target)
    if path.is_dir() and not (path / "__init__.py").is_file():
        likely = likely_file(path, target)
        source = execute(likely, target, run_all)
        note = f"{target} is not a package: chainrule checks {likely.name}, which looks like the network"
        return replace(source, notes=(note, *source.notes))
    if path.is_dir():
        path = path / "__init__.py"
    if path.suffix in (".py", ".ipynb") or path.is_file():
        return execute(path, target, run_all)
    if not all(part.isidentifier() for part in target.split(".")):
        raise UnusableTarget(
            f"{target}: no file or module has this name; expected a .py file, a notebook, a package folder or a module"
        )
    module = import_by_name(target)
    return Source(module, Path(module.__file__ or target).resolve())


def execute(path: Path, target: str, run_all: bool) -> Source:
    """Execute the file as a module; meanwhile its folder comes first in the search path."""
    if not path.is_file():
        raise UnusableTarget(f"{target}: this file does not exist (looked for {path.resolve()})")
    path = path.resolve()
    if path.suffix not in (".py", ".ipynb"):
        raise UnusableTarget(
            f"{target}: not a Python file; expected a .py file, a notebook, a package folder or a module"
        )
    with running(target):
        body, notes = parse(path, target)
        name, first, folders = home(path)
        at_home = partial(importing_from, first, folders)
        imports = Imports(at_home)
        for folder in folders:
            make_way(folder)
        if BROUGHT.pop(name, None):
            sys.modules.pop(name, None)
        before = dict(sys.modules)
        try:
            with at_home(), surroundings(path):
                whole = brought_by_its_package(name, path)
                if whole is not None:
                    return Source(whole, path)
                sys.modules[name] = module = new_module(name, path)
                imports.serve(module)
                return run(module, path, body, notes, run_all, folders, imports)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        finally:
            imports.loading = False
            if name in before:  # restore a module of the same name, on which other code may rely
                sys.modules[name] = before[name]


def loops_in(body: Sequence[ast.stmt], filename: str) -> Iterator[str]:
    """The lines of the outermost loops at module level, as a report names them."""
    end = 0
    for statement in statements(body):
        if isinstance(statement, (ast.For, ast.While)) and statement.lineno > end:
            end = statement.end_lineno or statement.lineno
            yield f"{within(filename, statement.lineno)} to {within(filename, end).removeprefix('line ')}"


def run(
    module: ModuleType,
    path: Path,
    body: list[ast.stmt],
    notes: list[str],
    run_all: bool,
    folders: Sequence[Path],
    imports: Imports,
) -> Source:
    """Execute a module's statements: all of them, or those that the rule selects."""
    package = path.name == "__init__.py"
    if run_all or package:
        code = compile(ast.Module(body, []), str(path), "exec", dont_inherit=True)
        try:
            exec(code, module.__dict__)
            return Source(module, path, tuple(notes), statements=body)
        except Exception as error:
            if run_all or not defines(body):
                raise
            notes.append(f"chainrule ran only the definitions, because importing the whole file raised {told(error)}")
    absence = Absence(notes)
    execution = Execution(module, str(path), body, absence, Siblings(folders, absence, imports), imports)
    execution.run()
    absence.defining = False
    return Source(module, path, tuple(notes), execution.missing(), body)


def defines(body: list[ast.stmt]) -> bool:
    """Whether a package's __init__.py defines or imports anything."""
    return any(isinstance(statement, (*DEFINITIONS, ast.ImportFrom)) for statement in body)


def brought_by_its_package(name: str, path: Path) -> ModuleType | None:
    """The file's module, if the file imports from its own package and importing the package imports the file.

    Loading the file a second time would define its classes twice, as different classes.
    """
    parent, top = name.rpartition(".")[0], name.partition(".")[0]
    if not parent or not imports_from(top, path):
        return None
    before = set(sys.modules)
    try:
        importlib.import_module(parent)
    except (Exception, SystemExit):  # the rule imports it again if the file needs it
        for new in sys.modules.keys() - before:
            if new.partition(".")[0] == top:
                del sys.modules[new]
        return None
    module = sys.modules.get(name)
    return module if module is not None and Path(module.__file__ or "") == path else None


def imports_from(package: str, path: Path) -> bool:
    """Whether a file imports from its own package, by name or relatively."""
    pattern = rf"^\s*(from\s+\.|(from|import)\s+{re.escape(package)}\b)"
    return re.search(pattern.encode(), path.read_bytes(), re.MULTILINE) is not None


def new_module(name: str, path: Path) -> ModuleType:
    """An empty module for the file, with the attributes that an import sets."""
    if path.suffix == ".ipynb":
        module = ModuleType(name)
        module.__file__, module.__package__ = str(path), name.rpartition(".")[0]
        module.__dict__["display"] = lambda *_things, **_options: None  # IPython defines it in every notebook
        return module
    package = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=package)
    assert spec is not None  # holds for every path that ends in .py
    return importlib.util.module_from_spec(spec)


def make_way(folder: Path) -> None:
    """Forget modules of other folders whose names are also those of modules in `folder`."""
    for name, brought_from in list(BROUGHT.items()):
        top = folder / name.partition(".")[0]
        whole = folder.joinpath(*name.split("."))
        if getattr(sys.modules.get(name), "__file__", None) in (f"{whole}.py", str(whole / "__init__.py")):
            continue
        if brought_from != folder and (top.is_dir() or top.with_suffix(".py").is_file()):
            del BROUGHT[name]
            sys.modules.pop(name, None)


def stands_in(folder: Path, name: str) -> bool:
    """Whether a module's file is in `folder`, or below it and not installed there."""
    path = Path(getattr(sys.modules[name], "__file__", None) or "")
    return path.is_relative_to(folder) and "site-packages" not in path.parts


@contextlib.contextmanager
def forgotten(path: Path) -> Iterator[None]:
    """Let an adapter, loaded in the body, import the target's file and its neighbours anew.

    It may have replaced what they lack.  The target's file is executed by the rule, its neighbours whole.
    """
    before = {name: sys.modules.pop(name) for name in BROUGHT if name in sys.modules}
    absence = Absence()
    try:
        with Siblings([path], absence, Imports(contextlib.nullcontext)):
            yield
    finally:
        absence.defining = False
        sys.modules.update(before)


def import_by_name(target: str) -> ModuleType:
    with importable([Path.cwd()]), running(target):
        try:
            return importlib.import_module(target)
        except ModuleNotFoundError as error:
            if error.name and (target == error.name or target.startswith(f"{error.name}.")):
                raise UnusableTarget(
                    f"{target}: no file or module has this name; "
                    "expected a .py file, a notebook, a package folder or a module"
                ) from None
            raise


def make_adapter(adapter_module: ModuleType, adapter: str, target: ModuleType) -> Implementation:
    """Make Adapter(target), with the class in the adapter's file.  Raises UnusableTarget."""
    made = getattr(adapter_module, "Adapter", None)
    if not (inspect.isclass(made) and issubclass(made, Implementation)):
        raise UnusableTarget(
            f"{adapter}: expected a class Adapter that subclasses chainrule.Implementation, "
            f"found {'none' if made is None else repr(made)}"
        )
    with running(adapter):
        return made(target)


def declaration(module: ModuleType, target: str) -> dict[str, Any]:
    """A copy of a file's CHAINRULE dictionary.  Raises UnusableTarget if CHAINRULE is something else."""
    declared = getattr(module, "CHAINRULE", {})
    if not isinstance(declared, Mapping):
        raise UnusableTarget(
            f"{target}: CHAINRULE should be a dictionary such as {{'precision': 'float32'}}, found {declared!r}"
        )
    return dict(declared)


@contextlib.contextmanager
def loading_within(seconds: float | None) -> Iterator[None]:
    """Let what is loaded in the body take so many seconds, 0 for no limit; None changes nothing."""
    token = LOADING.set(LOADING.get() if seconds is None else seconds)
    try:
        yield
    finally:
        LOADING.reset(token)


@contextlib.contextmanager
def running(target: str) -> Iterator[None]:
    """Run a module's statements in the body, silently, and turn exceptions into messages that name the line."""
    try:
        with silence(), limit(LOADING.get()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnusableTarget:
        raise
    except TimedOut:
        raise UnusableTarget(
            f"{target}: still not loaded after {LOADING.get():g} s (--timeout changes that); {UNGUARDED}"
        ) from None
    except SyntaxError as error:
        newer = newer_python(error)
        if newer:
            raise UnusableTarget(f"{target}: line {error.lineno}: {newer}") from None
        if error.filename and error.filename.endswith(".ipynb"):
            raise UnusableTarget(
                f"{target}: not valid Python, {place(error.filename, error.lineno or 1)}: {error.msg}"
            ) from None
        raise UnusableTarget(
            f"{target}: not valid Python{f', line {error.lineno}' if error.lineno else ''}: {error.msg}"
            f"{python_2(error) or f'; correct it so that `python {target}` runs'}"
        ) from None
    except (Exception, SystemExit) as error:
        at, said = last_line(error), textwrap.shorten(str(error), 300).rstrip(".")  # the message on one line
        raise UnusableTarget(
            f"{target}: raised {type(error).__name__} while loading{f' at {at}' if at else ''}: {said}; {UNGUARDED}"
        ) from None


@contextlib.contextmanager
def importing_from(first: Sequence[Path], folders: Sequence[Path]) -> Iterator[None]:
    """Put a file's folders in the search path for the body: its own first, the others last.

    Notes which modules in these folders the body imports.
    """
    before = set(sys.modules)
    try:
        with importable(first, [folder for folder in folders if folder not in first]):
            yield
    finally:
        for brought in sys.modules.keys() - before:
            home = next((folder for folder in folders if stands_in(folder, brought)), None)
            if home is not None:
                BROUGHT[brought] = home


@contextlib.contextmanager
def importable(first: Sequence[Path], last: Sequence[Path] = ()) -> Iterator[None]:
    """Put folders first and last in the search path for the body, and restore the path afterwards."""
    before = list(sys.path)
    sys.path[:] = [*map(str, first), *before, *map(str, last)]
    try:
        yield
    finally:
        sys.path[:] = before


@contextlib.contextmanager
def surroundings(path: Path) -> Iterator[None]:
    """The environment in which code loads: without arguments, and without windows to plot into."""
    argv, folder, backend = sys.argv, os.getcwd(), os.environ.get("MPLBACKEND")
    sys.argv = [str(path)]
    os.environ.setdefault("MPLBACKEND", "Agg")
    if path.suffix == ".ipynb":
        os.chdir(path.parent)
    try:
        yield
    finally:
        sys.argv = argv
        os.chdir(folder)
        if backend is None:
            os.environ.pop("MPLBACKEND", None)
