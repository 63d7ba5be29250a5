"""Finds where a file calls its own functions and classes from outside, with arguments that are literals."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.vocabulary import role

Literals = tuple[list[Any], dict[str, Any]]  # arguments, keywords


def literal_arguments(name: str, namespace: Mapping[str, Any], *, words: bool = False) -> list[Literals]:
    """The arguments of every call of a function, class or method of this name, if they all are literals.

    Calls of an object's methods by the object itself do not count.
    words: whether calls outside of functions come first, in which globals that are strings count as literals.
    """
    found = []
    for filename in files(namespace):
        source = "".join(linecache.getlines(filename))
        scripted = [(node, namespace) for node in outside(source) if isinstance(node, ast.Call)] if words else []
        for call, known in (*scripted, *((call, {}) for call in calls(source))):
            if called(call) == name:
                try:
                    found.append(literals(call, known))
                except ValueError:
                    continue
    return found


def parameters_said(function: Any, said: Sequence[Literals]) -> dict[str, Any]:
    """{parameter: value} of the first of these calls that a function takes."""
    for arguments, keywords in said:
        try:
            return dict(inspect.signature(function).bind(*arguments, **keywords).arguments)
        except (TypeError, ValueError):
            continue
    return {}


def always_given(name: str, parameter: str, place: int, namespace: Mapping[str, Any]) -> bool:
    """Whether every call of a function gives this parameter, whose default then says nothing.  place: among all."""
    sources = ("".join(linecache.getlines(file)) for file in files(namespace))
    every = [call for source in sources for call in calls(source) if called(call) == name]
    return bool(every) and all(
        len(call.args) > place or parameter in {keyword.arg for keyword in call.keywords} for call in every
    )


def gets_an_array(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether a script gives a function a new array of several numbers, or a name for one."""
    for nodes in (outside("".join(linecache.getlines(file))) for file in files(namespace)):
        kept = assigned(nodes)
        for call in (node for node in nodes if isinstance(node, ast.Call) and called(node) == name and node.args):
            given = call.args[0]
            values = kept.get(given.id, []) if isinstance(given, ast.Name) else [given]
            if len(values) == 1 and makes_array(values[0]):
                return True
    return False


def makes_array(node: ast.AST | None) -> bool:
    """Whether it is `np.linspace(-1, 1)`, `np.arange(3)` or `np.array([1, 2])`."""
    if not isinstance(node, ast.Call):
        return False
    listed = bool(node.args) and isinstance(node.args[0], (ast.List, ast.Tuple))
    return called(node) in ("linspace", "arange") or (called(node) in ("array", "asarray") and listed)


def literals(call: ast.Call, words: Mapping[str, Any]) -> Literals:
    """The arguments of a call.  Raises ValueError if one is not a literal, nor the name of a string in `words`."""

    def value(node: ast.expr) -> Any:
        named = words.get(node.id) if isinstance(node, ast.Name) else None
        return named if isinstance(named, str) else ast.literal_eval(node)

    return [value(one) for one in call.args], {str(keyword.arg): value(keyword.value) for keyword in call.keywords}


def called(call: ast.Call) -> str:
    """The last name of what is called: `fit` in model.fit(x); nothing for self.fit(x)."""
    function = call.func
    if isinstance(function, ast.Attribute):
        own = isinstance(function.value, ast.Name) and function.value.id == "self"
        return "" if own else function.attr
    return function.id if isinstance(function, ast.Name) else ""


def files(namespace: Mapping[str, Any]) -> list[str]:
    """The files in which the functions and classes of a namespace stand."""
    methods = [item for _, cls in own_classes(namespace) for item in vars(cls).values() if inspect.isfunction(item)]
    functions = [*(function for _, function in own_functions(namespace)), *methods]
    return list(dict.fromkeys(function.__code__.co_filename for function in functions))


def takes_one_of_each(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether every call of a function takes what a loop over zip() binds, as one sample and its label."""
    every = [call for file in files(namespace) for call in calls_in_loops("".join(linecache.getlines(file)), name)]
    return bool(every) and all(every)


def takes_a_row(name: str, namespace: Mapping[str, Any]) -> bool:
    """Whether every call of a function takes one row of an array, or a vector: `softmax(scores[i])`."""
    every = [
        node
        for file in files(namespace)
        for node in ast.walk(parsed("".join(linecache.getlines(file))))
        if isinstance(node, ast.Call) and last_name(node) == name
    ]
    return bool(every) and all(len(call.args) == 1 and is_a_row(call.args[0]) for call in every)


def is_a_row(node: ast.expr) -> bool:
    """Whether it is `a[i]` or `a[i, :]`, for a name or a number i; or `a.reshape(-1, 1)`, a vector."""
    if isinstance(node, ast.Call) and last_name(node) == "reshape":
        return [ast.unparse(one) for one in node.args] in (["-1", "1"], ["(-1, 1)"], ["-1"])
    if not isinstance(node, ast.Subscript):
        return False
    first, *others = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    whole = all(isinstance(one, ast.Slice) and one.lower is one.upper is None for one in others)
    return whole and isinstance(first, (ast.Name, ast.Constant)) and not isinstance(getattr(first, "value", 0), str)


@lru_cache(maxsize=16)
def parsed(source: str) -> ast.Module:
    """A source's syntax tree; an empty one if Python cannot read it."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


@lru_cache(maxsize=16)
def calls_in_loops(source: str, name: str) -> tuple[bool, ...]:
    """For each call of a function of this name, whether it takes only names that a loop over zip() binds."""
    tree = parsed(source)
    bound: dict[ast.Call, set[str]] = {}
    for node in ast.walk(tree):
        loops = node.generators if isinstance(node, (ast.ListComp, ast.GeneratorExp)) else [node]
        zips = [one for one in loops if isinstance(one, (ast.For, ast.comprehension)) and is_zip(one.iter)]
        found = {part.id for one in zips for part in ast.walk(one.target) if isinstance(part, ast.Name)}
        for inner in ast.walk(node) if found else ():
            if isinstance(inner, ast.Call):
                bound[inner] = bound.get(inner, set()) | found
    every = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and last_name(node) == name]
    return tuple(
        bool(call.args) and all(isinstance(one, ast.Name) and one.id in bound.get(call, ()) for one in call.args)
        for call in every
    )


def is_zip(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and last_name(node) == "zip"


def last_name(call: ast.Call) -> str:
    """The last name of what is called, also of a method that an object calls on itself."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def counts_from_one(namespace: Mapping[str, Any]) -> bool:
    """Whether a file takes 1 from labels, and adds 1 to predictions: to the place of the largest output."""
    taken = added = False
    for file in files(namespace):
        for node in sums("".join(linecache.getlines(file))):
            named = getattr(node.left, "id", getattr(node.left, "attr", ""))
            predicted = "pred" in named or (isinstance(node.left, ast.Call) and called(node.left) == "argmax")
            taken = taken or (isinstance(node.op, ast.Sub) and role(named) == "y")
            added = added or (isinstance(node.op, ast.Add) and predicted)
    return taken and added


@lru_cache(maxsize=16)
def sums(source: str) -> tuple[ast.BinOp, ...]:
    """All sums and differences with 1 in a source; none if Python cannot read it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    found = (node for node in ast.walk(tree) if isinstance(node, ast.BinOp))
    return tuple(node for node in found if isinstance(node.right, ast.Constant) and node.right.value == 1)


@lru_cache(maxsize=16)
def calls(source: str) -> tuple[ast.Call, ...]:
    """All calls in a source; none if Python cannot read it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Call))


@lru_cache(maxsize=16)
def outside(source: str) -> tuple[ast.AST, ...]:
    """The nodes of a source that stand in no function and no class; none if Python cannot read it."""
    try:
        waiting: list[ast.AST] = [*ast.parse(source).body]
    except (SyntaxError, ValueError):
        return ()
    found = []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            found.append(node)
            waiting += ast.iter_child_nodes(node)
    return tuple(found)


def assigned(nodes: Sequence[ast.AST]) -> dict[str, list[ast.expr | None]]:
    """{name: all that is assigned to it, with None for what a loop counts}."""
    values = {id(node.targets[0]): node.value for node in nodes if isinstance(node, ast.Assign)}
    found: dict[str, list[ast.expr | None]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(values.get(id(node)))
    return found
