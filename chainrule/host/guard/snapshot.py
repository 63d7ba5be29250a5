"""What a check relies on is, after somebody's code has run, what it was before: compared by identity, and put back.

New attributes, such as modules that are loaded late, and settings that lie inside an object, such as those of
np.seterr, are no replacement: only a name that meant one thing before and means another now is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.guard.finding import REPLACED, Finding
from chainrule.support.source_positions import place

OWN = frozenset(("chainrule", "spec_tests", "reference", "golden"))  # the last three as pytest calls a checkout's rooms
RELIED_UPON = OWN | frozenset(
    """
    _pytest ast builtins contextlib dataclasses functools hashlib hypothesis inspect itertools json math numpy pluggy
    pytest unittest
    """.split()
)
CONSTANTS = ("math", "numpy")  # whose numbers count as well: other libraries keep counters among theirs
# What code replaces for reasons of its own, and no check looks at.
HARMLESS = frozenset(
    """
    builtins._ builtins.exit builtins.input builtins.print builtins.quit inspect.getargspec
    json.encoder.JSONEncoder.default numpy.bool numpy.load
    """.split()
)
KEPT_BY_CHAINRULE = {"BROUGHT", "CELLS"}  # dictionaries that loading itself fills
METHODS = (FunctionType, property, classmethod, staticmethod)
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
    """What is loaded now of what a check relies on."""
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
    """Put back what was replaced since, and say what it was, each replacement once."""
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
        if not same(content, copy):
            replaced(name, content, GONE)
            content.clear()
            content.update(copy)
    return list(found.values())


def counts(module: str, attribute: str, value: Any) -> bool:
    """Whether a check relies on what an attribute was: functions, classes and modules, and all that is chainrule's."""
    if attribute.startswith("__") or f"{module}.{attribute}" in HARMLESS:
        return False
    top = module.partition(".")[0]
    if top in OWN:
        return attribute not in KEPT_BY_CHAINRULE
    return callable(value) or isinstance(value, ModuleType) or (top in CONSTANTS and isinstance(value, (int, float)))


def known(name: str, function: FunctionType) -> list[tuple[str, FunctionType, Any, Any, Any]]:
    """What makes a function what it is; of a property spec, the test inside it as well."""
    checked = property_of(function)
    functions = [function] if checked is None else [function, checked.body]
    return [(name, each, each.__code__, each.__defaults__, property_of(each)) for each in functions]


def property_of(function: FunctionType) -> Any:
    """The property that the function of a spec checks on drawn inputs; None of any other function."""
    return getattr(function, "given", None)


def same(now: dict[Any, Any], before: dict[Any, Any]) -> bool:
    return now.keys() == before.keys() and all(now[key] is value for key, value in before.items())


def place_of_replacement(new: Any) -> str | None:
    """Where what stands there now was written, if it is written in Python."""
    code = getattr(getattr(new, "func", new), "__code__", None)
    if code is None and isinstance(new, type):
        code = next((value.__code__ for value in vars(new).values() if isinstance(value, FunctionType)), None)
    return place(code.co_filename, code.co_firstlineno) if code is not None else None


def explanation(new: Any) -> str:
    done = "was deleted or changed" if new is GONE else "was replaced"
    return f"{done} while the code under test ran: a check relies on it"


@contextmanager
def guarded() -> Iterator[list[Finding]]:
    """Yields a list that holds, after the body, what was replaced in it; all of that is put back."""
    findings: list[Finding] = []
    before = take()
    try:
        yield findings
    finally:
        findings += restore(before)
        forget_specs(before)


def forget_specs(before: Snapshot) -> None:
    """Spec files that the body brought in, and may have changed, are imported anew when they run."""
    for name in [name for name in sys.modules if "spec_tests." in name and name not in before.modules]:
        if name.partition(".")[0] in OWN:
            del sys.modules[name]
