"""Compares the objects that a check relies on before and after the code runs, and puts replaced ones back.

Only a name that stands for another object than before counts as replaced.  New attributes, such as modules loaded late,
and settings inside an object, such as those of np.seterr, do not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.guard.finding import REPLACED, Finding
from chainrule.support.source_positions import place

OWN = frozenset(("chainrule", "spec_tests", "reference", "golden"))  # the last three: names in a checkout
RELIED_UPON = OWN | frozenset(
    """
    _pytest ast builtins contextlib dataclasses functools hashlib hypothesis inspect itertools json math numpy pluggy
    pytest unittest
    """.split()
)
CONSTANTS = ("math", "numpy")  # modules whose numbers are compared as well; those of other libraries may be counters
# Names that honest code replaces, and on which checks do not rely.
HARMLESS = frozenset(
    """
    builtins._ builtins.exit builtins.input builtins.print builtins.quit inspect.getargspec
    json.encoder.JSONEncoder.default numpy.bool numpy.load
    """.split()
)
KEPT_BY_CHAINRULE = {"BROUGHT", "CELLS", "PATHS"}  # dictionaries that chainrule fills as it loads and reads code
METHODS = (FunctionType, property, classmethod, staticmethod)
INSTALLED = ("site-packages", "dist-packages")  # folders of installed libraries
GONE = object()


@dataclass
class Snapshot:
    """modules: {name: (module, its attributes)}.  classes: (module's name, class, its attributes).

    functions: (name, function, its code, its defaults, its property), of those written in Python.  contents: (name,
    dictionary, a copy).
    """

    modules: dict[str, tuple[ModuleType, dict[str, Any]]]
    classes: list[tuple[str, type, dict[str, Any]]]
    functions: list[tuple[str, FunctionType, Any, Any, Any]]
    contents: list[tuple[str, dict[Any, Any], dict[Any, Any]]]


def take() -> Snapshot:
    """Record the present objects that a check relies on."""
    found = Snapshot({}, [], [], [])
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top not in RELIED_UPON or not isinstance(module, ModuleType):
            continue
        attributes = dict(vars(module))
        found.modules[name] = (module, attributes)
        for attribute, value in attributes.items():
            kind = type(value)
            if kind is FunctionType and value.__module__ == name:
                found.functions += known(f"{name}.{attribute}", value)
            elif isinstance(value, type) and value.__module__ == name:
                found.classes.append((name, value, dict(vars(value))))
            elif kind is dict and top in OWN and attribute.isupper() and attribute not in KEPT_BY_CHAINRULE:
                found.contents.append((f"{name}.{attribute}", value, dict(value)))
    return found


def restore(before: Snapshot) -> list[Finding]:
    """Put back the replaced objects, and return a finding for each."""
    found: dict[int, Finding] = {}

    def replaced(name: str, old: Any, new: Any) -> None:
        found.setdefault(id(old), Finding(REPLACED, name, place_of_replacement(new), explanation(new)))

    for name, (module, attributes) in before.modules.items():
        if sys.modules.get(name) is not module:
            if name in sys.modules:
                replaced(name, module, sys.modules[name])
            sys.modules[name] = module
        now = vars(module)
        for attribute, value in attributes.items():
            new = now.get(attribute, GONE)
            if new is not value and counts(name, attribute, value):
                replaced(f"{name}.{attribute}", value, new)
                setattr(module, attribute, value)
    for name, cls, attributes in before.classes:
        own = vars(cls)
        for attribute, value in attributes.items():
            new, full = own.get(attribute, GONE), f"{name}.{cls.__qualname__}.{attribute}"
            if new is not value and isinstance(value, METHODS) and full not in HARMLESS:
                replaced(full, value, new)
                with suppress(AttributeError, TypeError):
                    setattr(cls, attribute, value)
    for name, function, code, defaults, checked in before.functions:
        if function.__code__ is not code or function.__defaults__ is not defaults:
            replaced(name, function, function)
            function.__code__, function.__defaults__ = code, defaults
        if property_of(function) is not checked:
            replaced(name, function, property_of(function))
            function.given = checked  # type: ignore[attr-defined]
    for name, content, copy in before.contents:
        if not identical(content, copy):
            replaced(name, content, GONE)
            content.clear()
            content.update(copy)
    return list(found.values())


def counts(module: str, attribute: str, value: Any) -> bool:
    """Whether a check relies on an attribute: on functions, classes and modules, and on everything of chainrule."""
    if attribute.startswith("__") or f"{module}.{attribute}" in HARMLESS:
        return False
    top = module.partition(".")[0]
    if top in OWN:
        return attribute not in KEPT_BY_CHAINRULE
    return callable(value) or isinstance(value, ModuleType) or (top in CONSTANTS and isinstance(value, (int, float)))


def known(name: str, function: FunctionType) -> list[tuple[str, FunctionType, Any, Any, Any]]:
    """The parts of a function that decide what it does, with those of the test inside a property spec."""
    checked = property_of(function)
    functions = [function] if checked is None else [function, checked.body]
    return [(name, each, each.__code__, each.__defaults__, property_of(each)) for each in functions]


def property_of(function: FunctionType) -> Any:
    """The test that a property spec runs on drawn inputs; None for any other function."""
    return getattr(function, "given", None)


def identical(now: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return now.keys() == before.keys() and all(now[key] is value for key, value in before.items())


def place_of_replacement(new: Any) -> str | None:
    """The position of the replacement's source, if it is written in Python."""
    code = getattr(getattr(new, "func", new), "__code__", None)
    if code is None and isinstance(new, type):
        code = next((value.__code__ for value in vars(new).values() if isinstance(value, FunctionType)), None)
    return place(code.co_filename, code.co_firstlineno) if code is not None else None


def explanation(new: Any) -> str:
    done = "was deleted or changed" if new is GONE else "was replaced"
    return f"{done} while the code under check ran, although a check relies on it"


class Libraries:
    """A finder that accepts what an installed library replaces while it is imported: the code did not do that.

    PyTorch, for example, replaces inspect.getfile.  before: the snapshot that takes these replacements over.
    own: the top-level module of the code under check, which does not count as a library even if it is installed.
    """

    def __init__(self, before: Snapshot, own: str) -> None:
        self.before, self.own = before, own
        self.importing = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if self.importing or name.partition(".")[0] == self.own:
            return None
        others = sys.meta_path[sys.meta_path.index(self) + 1 :]
        spec = next(filter(None, (other.find_spec(name, path, target) for other in others)), None)
        if spec is not None and any(folder in (spec.origin or "") for folder in INSTALLED):
            with suppress(AttributeError):  # a loader without attributes of its own
                self.listen(spec.loader)
        return spec

    def listen(self, loader: Any) -> None:
        """Compare before and after the loader executes its module."""
        execute = loader.exec_module

        def listening(module: ModuleType) -> None:
            loader.exec_module = execute  # one loader may serve many modules, and would else listen once for each
            earlier, self.importing = take(), True
            try:
                execute(module)
            finally:
                self.importing = False
                accept(self.before, earlier)

        loader.exec_module = listening


def accept(before: Snapshot, earlier: Snapshot) -> None:
    """Take over into `before` what was replaced since `earlier`."""
    then_of = {id(cls): then for _, cls, then in earlier.classes}
    then_of |= {id(module): then for module, then in earlier.modules.values()}
    for thing, attributes in [*before.modules.values(), *(entry[1:] for entry in before.classes)]:
        now = vars(thing)
        then = then_of.get(id(thing), now)
        attributes |= {name: now[name] for name in attributes.keys() & now.keys() if now[name] is not then.get(name)}


@contextmanager
def guarded(own: str = "") -> Iterator[list[Finding]]:
    """Yields a list, which after the body holds a finding for each replaced object; all are put back.

    own: the top-level module of the code under check.
    """
    findings: list[Finding] = []
    before = take()
    libraries = Libraries(before, own)
    sys.meta_path.insert(0, libraries)
    try:
        yield findings
    finally:
        if libraries in sys.meta_path:
            sys.meta_path.remove(libraries)
        findings += restore(before)
        forget_specs(before)


def forget_specs(before: Snapshot) -> None:
    """Forget the spec files imported in the body, which the code may have changed: the check imports them again."""
    for name in [name for name in sys.modules if "spec_tests." in name and name not in before.modules]:
        if name.partition(".")[0] in OWN:
            del sys.modules[name]
