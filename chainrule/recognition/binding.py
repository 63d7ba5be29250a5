"""Which value each parameter of somebody's function is to be given.

Values come by name (a weight W1, an activation A1 that the forward pass returned) or by role (the inputs, the labels,
the learning rate); what a role's parameter may be called stands in the vocabulary.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.recognition.vocabulary import plain, role, size_role

# What is held fixed so that a network is the plain one: nothing regularized, nothing dropped, nothing printed.
FIXED = {"reg": 0.0, "keep_prob": 1.0, "quiet": False, "activation": "relu", "validation": None, "optimizer": None}
RARELY = 10**6  # for what is printed every so many times
MISSING = object()


class Unbound(Exception):
    """A parameter that nothing is known for.  str(): its name."""


@dataclass
class Known:
    """What can be given to a function.

    named: by name (weights, activations, gradients).  roles: by role; a callable value is called when it is needed.
    order: roles for parameters whose names say nothing, in the order in which they are usually taken.
    as_role: {a role: the role it stands for here}, such as x for the network's output in a loss function.
    """

    roles: Mapping[str, Any]
    named: Mapping[str, Any] = field(default_factory=dict)
    order: Sequence[str] = ()
    as_role: Mapping[str, str] = field(default_factory=dict)

    def by_name(self, name: str) -> Any:
        if name in self.named:
            return self.named[name]
        return next((value for key, value in self.named.items() if plain(key) == plain(name)), MISSING)

    def by_role(self, name: str) -> Any:
        if name in self.as_role:
            return self.as_role[name]
        return name


@dataclass(frozen=True)
class Binding:
    """The arguments for one call, and what was found out on the way.

    taken: {parameter: the role or name of the value it is given}, for those that are given one.
    """

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    taken: dict[str, str]


def parameters_of(function: Any) -> list[inspect.Parameter]:
    """The parameters of a function or class.  Raises Unbound where they cannot be known."""
    try:
        bound = inspect.ismethod(function)
        found = signature(function.__func__ if bound else function)
        return found[1:] if bound else found
    except (TypeError, ValueError):
        raise Unbound("its signature cannot be read") from None


@lru_cache(maxsize=1024)
def signature(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def bind(function: Any, known: Known) -> Binding:
    """Arguments for `function` from what is known.  Raises Unbound for a parameter that nothing is known for."""
    parameters = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    chosen: dict[str, tuple[Any, str]] = {}
    unclear: list[inspect.Parameter] = []
    if y_is_the_output(parameters):
        known = replace(known, as_role={**known.as_role, "y itself": "output"})
    for parameter in parameters:
        found = choose(parameter, known, chosen)
        if found is not None:
            chosen[parameter.name] = found
        elif parameter.default is parameter.empty:
            unclear.append(parameter)
    taken = {source for _, source in chosen.values()}
    waiting = [name for name in known.order if name in known.roles and name not in taken]
    if len(unclear) > len(waiting):
        raise Unbound(unclear[0].name)
    for parameter, name in zip(unclear, waiting, strict=False):
        chosen[parameter.name] = (known.roles[name], name)
    arguments: list[Any] = []
    keywords: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in chosen:
            continue
        value = chosen[parameter.name][0]
        value = value() if isinstance(value, Callable) and not inspect.isclass(value) and is_thunk(value) else value  # type: ignore[arg-type]
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) and not keywords:
            skipped = [p.name for p in parameters[: parameters.index(parameter)] if p.name not in chosen]
            if not skipped:
                arguments.append(value)
                continue
        keywords[parameter.name] = value
    return Binding(tuple(arguments), keywords, {name: source for name, (_, source) in chosen.items()})


def y_is_the_output(parameters: Sequence[inspect.Parameter]) -> bool:
    """Beside labels by another name, such as t or y_true, a plain y is what the network gives."""
    return any(plain(p.name) == "y" for p in parameters) and any(
        plain(p.name) != "y" and role(p.name) == "y" for p in parameters
    )


class Thunk:
    """A value that is computed when somebody takes it."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute

    def __call__(self) -> Any:
        return self.compute()


def is_thunk(value: Any) -> bool:
    return isinstance(value, Thunk)


def choose(parameter: inspect.Parameter, known: Known, chosen: Mapping[str, Any]) -> tuple[Any, str] | None:
    """The value for one parameter and where it is from, or None."""
    named = known.by_name(parameter.name)
    if named is not MISSING:
        return named, parameter.name
    wanted = role(parameter.name)
    if plain(parameter.name) == "y" and "y itself" in known.as_role:
        wanted = "output"
    if "sizes" in known.roles and size_role(parameter.name) == "sizes" and wanted not in ("params", "x", "y"):
        return known.roles["sizes"], "sizes"
    size = size_role(parameter.name)
    if size in ("inputs", "hidden", "hiddens", "outputs") and size in known.roles and wanted is None:
        return known.roles[size], size
    if wanted == "validation" and parameter.default is parameter.empty:
        same = "y" if plain(parameter.name).startswith(("y", "label", "target")) or "label" in parameter.name else "x"
        return (known.roles[same], wanted) if same in known.roles else None
    if wanted is None:
        return None
    wanted = known.as_role.get(wanted, wanted)
    taken = {source for _, source in chosen.values()}
    if wanted in known.roles and wanted not in taken:
        return known.roles[wanted], wanted
    if wanted in FIXED and parameter.default is not parameter.empty:
        return fixed(wanted, parameter)
    if wanted == "quiet" and any(word in plain(parameter.name) for word in ("log", "every", "interval", "freq", "print")):
        return RARELY, wanted
    if wanted in FIXED and wanted != "validation":
        return FIXED[wanted], wanted
    return None


def fixed(wanted: str, parameter: inspect.Parameter) -> tuple[Any, str] | None:
    """A fixed value in place of a default, where it means the same kind of thing: None keeps the default."""
    default = parameter.default
    if wanted == "reg" and isinstance(default, (int, float)) and not isinstance(default, bool):
        return (0.0, wanted) if not plain(parameter.name).startswith(("lrdecay", "learningratedecay", "decay")) else None
    if wanted == "keep_prob" and isinstance(default, (int, float)):
        return 1.0, wanted
    if wanted == "quiet" and isinstance(default, bool):
        return False, wanted
    if wanted == "activation" and isinstance(default, str):
        return ("ReLU" if default[:1].isupper() else "relu"), wanted
    return None


def returned_names(function: Any) -> list[str] | None:
    """The names of what a function returns, in order, if every `return` of it says so: `return Z1, A1` -> [Z1, A1].

    An element that has no name stands as an empty string.
    """
    return names_in_source(function.__func__ if inspect.ismethod(function) else function)


@lru_cache(maxsize=1024)
def names_in_source(function: Any) -> list[str] | None:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    finder = Returns()
    for statement in tree.body[0].body if isinstance(tree.body[0], (ast.FunctionDef, ast.AsyncFunctionDef)) else []:
        finder.visit(statement)
    return max(finder.found, key=len, default=None)


class Returns(ast.NodeVisitor):
    """Collects the return statements of a function, and not those of functions inside it."""

    def __init__(self) -> None:
        self.found: list[list[str]] = []

    def visit_FunctionDef(self, node: Any) -> None:
        pass

    visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        elements = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else [node.value]
        self.found.append([name_of(element) for element in elements])


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ""


def named_values(function: Any, result: Any) -> dict[str, Any]:
    """What a function returned, by name: from its return statement, and from the keys of dictionaries in it."""
    names = returned_names(function) or []
    values: dict[str, Any] = {}
    elements = list(result) if isinstance(result, (tuple, list)) and len(names) > 1 else [result]
    if len(elements) == len(names):
        values |= {name: element for name, element in zip(names, elements, strict=True) if name}
    for element in elements if isinstance(result, (tuple, list)) and len(result) < 8 else [result]:
        if isinstance(element, dict):
            values |= {key: value for key, value in element.items() if isinstance(key, str)}
    if isinstance(result, tuple):
        for element in result:
            if isinstance(element, dict):
                values |= {key: value for key, value in element.items() if isinstance(key, str)}
    return values


def plain_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
