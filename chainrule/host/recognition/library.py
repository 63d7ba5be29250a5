"""What a library offers beside the class of a network: functions and classes in its other modules."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from chainrule.host.recognition.namespaces import own_classes, own_functions

LARGEST = 40  # how many modules chainrule follows from one file
OWN = str(Path(__file__).parents[2]) + os.sep
ELSEWHERE = ("site-packages", "/lib/python", "<frozen", "<string", OWN)  # in the paths of no project's files


def library_of(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The functions and classes of a file and of the modules that it uses, the file's own first."""
    found: dict[str, Any] = {}
    for space in spaces_of(namespace):
        for name, value in (*own_functions(space), *own_classes(space)):
            found.setdefault(name, value)
    return found


def spaces_of(namespace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The namespace of a file, and those of the modules of its project that it uses, nearest first."""
    name = str(namespace.get("__name__", ""))
    packages = [sys.modules.get(name[:end]) for end, letter in enumerate(name) if letter == "."]
    found: list[Mapping[str, Any]] = [namespace, *(home for one in packages for home in homes_of(one))]
    for space in found:  # grows on the way
        for value in list(space.values()):
            for other in homes_of(value):
                if len(found) < LARGEST and not any(other is known for known in found):
                    found.append(other)
    return found


def homes_of(value: Any) -> Iterator[Mapping[str, Any]]:
    """The namespaces of a module of the project, or of a function or class in one."""
    if isinstance(value, ModuleType):
        if is_of_project(getattr(value, "__file__", None)):
            yield vars(value)
        return
    members = vars(value).values() if inspect.isclass(value) else (value,)
    function = next((member for member in members if isinstance(member, FunctionType)), None)
    if function is not None and is_of_project(function.__code__.co_filename):
        yield function.__globals__


def is_of_project(file: str | None) -> bool:
    return bool(file) and not any(part in str(file) for part in ELSEWHERE)


def functions_and_classes(library: Mapping[str, Any]) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """(functions, classes) of a library, with their names."""
    classes = [(name, value) for name, value in library.items() if inspect.isclass(value)]
    return [(name, value) for name, value in library.items() if not inspect.isclass(value)], classes
