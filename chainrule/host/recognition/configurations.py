"""Constructors that read their layer sizes from a configuration: an object with attributes, or a dictionary."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.host.recognition.namespaces import own_classes
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.vocabulary import plain

METHODS = ("get", "items", "keys", "values", "copy", "pop", "setdefault", "update")


class Settings(dict[str, Any]):
    """A dictionary whose items are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class ConfiguredSizes(SizeArguments):
    """Layer sizes that a constructor reads from one of its parameters.

    parameter: its name.  keys: {key: its default, or Parameter.empty}.
    """

    def __init__(self, function: Any, parameter: str, keys: Mapping[str, Any]) -> None:
        super().__init__(function)
        self.parameter, self.defaults = parameter, {k: v for k, v in keys.items() if v is not inspect.Parameter.empty}

        def read() -> None: ...

        kind = inspect.Parameter.KEYWORD_ONLY
        signature = inspect.Signature([inspect.Parameter(key, kind, default=keys[key]) for key in keys])
        read.__signature__ = signature  # type: ignore[attr-defined]
        self.inner = SizeArguments(read)
        self.roles = {**dict.fromkeys((p.name for p in self.parameters), "other"), **self.inner.roles}
        self.free, self.single = self.inner.free, self.inner.single

    def arguments(self, sizes: Sequence[int], seed: int) -> tuple[list[Any], dict[str, Any]]:
        _, keywords = self.inner.arguments(sizes, seed)
        self.known[self.parameter] = Settings(self.defaults | keywords)
        return super().arguments(sizes, seed)


def configured(function: Any, namespace: Mapping[str, Any]) -> Iterator[SizeArguments]:
    """The way in which a class or function reads sizes from a configuration, if it does."""
    for parameter in SizeArguments(function).parameters:
        keys = keys_read(function, parameter.name)
        if keys:
            given = defaults(parameter.name, namespace)
            found = ConfiguredSizes(function, parameter.name, {key: given.get(key, own) for key, own in keys.items()})
            if found.inner.gives_sizes:
                yield found


def keys_read(function: Any, parameter: str) -> dict[str, Any]:
    """{key: its default, if any} of what the source reads from a parameter: p["key"], p.key, p.get("key", 3)."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, Any] = {}
    for name in (parameter, *merged(tree, parameter)):
        for node in ast.walk(tree):
            key, default = key_of(node, name)
            if isinstance(key, str) and key.isidentifier() and key not in METHODS:
                found.setdefault(key, default)
    return found


def merged(tree: ast.AST, parameter: str) -> list[str]:
    """The names of what is put together with a configuration: self.cfg = {**DEFAULT, **config}."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
    spread = [(node, value) for node in assigned for value in unpacked(node.value)]
    return [
        last_name(node.targets[0])
        for node, value in spread
        if any(isinstance(part, ast.Name) and part.id == parameter for part in ast.walk(value))
    ]


def unpacked(written: ast.expr) -> list[ast.expr]:
    """What a dictionary takes over with `**`."""
    assert isinstance(written, ast.Dict)
    return [value for key, value in zip(written.keys, written.values, strict=True) if key is None]


def key_of(node: ast.AST, parameter: str) -> tuple[Any, Any]:
    """(the key that an expression reads from a parameter, its default); (None, Parameter.empty) for others."""
    default: Any = inspect.Parameter.empty
    if isinstance(node, ast.Subscript) and last_name(node.value) == parameter:
        return getattr(node.slice, "value", None), default
    if isinstance(node, ast.Attribute) and last_name(node.value) == parameter:
        return node.attr, default
    if not isinstance(node, ast.Call):
        return None, default
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "get" and last_name(function.value) == parameter:
        key, default = ([getattr(argument, "value", None) for argument in node.args] + [None, None])[:2]
        return key, default
    return None, default


def last_name(node: ast.expr) -> str:
    """`config` in config and in self.config."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def defaults(parameter: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration in the file: a global of the parameter's name, or the defaults of its class."""
    for name, value in namespace.items():
        if plain(name) == plain(parameter) and not inspect.isclass(value):
            return dict(value) if isinstance(value, dict) else dict(getattr(value, "__dict__", {}))
    for name, cls in own_classes(namespace):
        if plain(parameter) in plain(name):
            try:
                return dict(vars(cls()))
            except Exception:
                continue
    return {}
