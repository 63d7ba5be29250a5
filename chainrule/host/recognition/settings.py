"""Numbers that a training contains instead of taking them as arguments, and how chainrule sets them for a call."""

from __future__ import annotations

import ast
import dis
import linecache
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeGuard

from chainrule.host.patching.functions import COMPILER_FLAGS, around, codes_in, definition, tree_of

DEFAULT, GLOBAL, LITERAL = "default", "global", "literal"
CALLED = 2  # how many calls below a training its numbers may stand


@dataclass(frozen=True)
class Setting:
    """A number that a function contains.

    kind: DEFAULT of the parameter `name`, GLOBAL of that name, or LITERAL, wherever the function has that number.
    value: what the author wrote.
    """

    function: FunctionType
    kind: str
    name: str
    value: float

    def __str__(self) -> str:
        if self.kind == LITERAL:
            return f"the number {self.value!r} in {self.function.__name__}"
        return f"{self.name} = {self.value!r}"


@contextmanager
def settled(values: Mapping[Setting, float]) -> Iterator[None]:
    """Give these numbers other values for the body."""
    functions = {setting.function for setting in values}
    before = [(one, one.__code__, one.__defaults__, dict(one.__kwdefaults__ or {})) for one in functions]
    worlds = [(one.__globals__, setting.name) for setting in values for one in [setting.function]]
    kept = [(world, name, world[name]) for world, name in worlds if name in world]
    try:
        for function in functions:
            own = {setting: value for setting, value in values.items() if setting.function is function}
            literals = tuple((one.value, repr(value)) for one, value in own.items() if one.kind == LITERAL)
            if literals:
                function.__code__ = rewritten(function.__code__, literals)
            defaults = {one.name: value for one, value in own.items() if one.kind == DEFAULT}
            found = defaults_of(function) | defaults
            function.__defaults__ = tuple(found[name] for name in names_with_defaults(function)) or None
            if function.__kwdefaults__:
                function.__kwdefaults__ = {name: found[name] for name in function.__kwdefaults__}
            function.__globals__.update({one.name: value for one, value in own.items() if one.kind == GLOBAL})
        yield
    finally:
        for function, code, plain, keywords in before:
            function.__code__, function.__defaults__, function.__kwdefaults__ = code, plain, keywords or None
        for world, name, value in kept:
            world[name] = value


def names_with_defaults(function: FunctionType) -> tuple[str, ...]:
    """The parameters, without those by keyword alone, that have defaults."""
    count = len(function.__defaults__ or ())
    code = function.__code__
    return code.co_varnames[code.co_argcount - count : code.co_argcount]


def defaults_of(function: FunctionType) -> dict[str, Any]:
    plain = dict(zip(names_with_defaults(function), function.__defaults__ or (), strict=True))
    return plain | (function.__kwdefaults__ or {})


def settings_of(function: Any, owner: Any, taken: dict[str, str]) -> list[Setting]:
    """The numbers in a training and in the functions that it calls, parameters first.

    owner: the object whose methods it may call.  taken: the parameters that get values.
    """
    found: dict[Setting, None] = {}
    for one in called_by(getattr(function, "__func__", function), owner):
        defaults = {name: value for name, value in defaults_of(one).items() if name not in taken}
        world = {name: one.__globals__[name] for name in one.__code__.co_names if name in one.__globals__}
        for kind, values in ((DEFAULT, defaults), (GLOBAL, world)):
            found |= dict.fromkeys(Setting(one, kind, name, v) for name, v in values.items() if is_amount(v))
        found |= dict.fromkeys(literals(one))
    return list(found)


def is_amount(value: Any) -> TypeGuard[float]:
    return type(value) in (int, float) and value > 0


def called_by(function: Any, owner: Any) -> list[FunctionType]:
    """A function and those of the same file that it calls, directly or not."""
    found: dict[FunctionType, None] = {}
    waiting = [function]
    for _ in range(CALLED + 1):
        waiting = [one for one in waiting if isinstance(one, FunctionType) and one not in found]
        found |= dict.fromkeys(waiting)
        names = [(one, name) for one in waiting for name in one.__code__.co_names]
        waiting = [one.__globals__.get(name, getattr(type(owner), name, None)) for one, name in names]
        waiting = [one for one in waiting if getattr(one, "__globals__", None) is function.__globals__]
    return list(found)


def names_reached(function: Any, owner: Any) -> set[str]:
    """The names in a function, and in what it calls, directly or not, of its globals and its object's class."""
    found: set[str] = set()
    done: set[CodeType] = set()
    waiting = [getattr(getattr(function, "__func__", function), "__code__", None)]
    world = getattr(getattr(function, "__func__", function), "__globals__", {})
    while waiting:
        code = waiting.pop()
        if not isinstance(code, CodeType) or code in done:
            continue
        done.add(code)
        found.update(code.co_names)
        called = (world.get(name, getattr(type(owner), name, None)) for name in code.co_names)
        waiting += [*code.co_consts, *(getattr(one, "__code__", None) for one in called)]
    return found


def draws_with_replacement(function: Any, owner: Any, *, even_in_passes: bool = False) -> bool:
    """Whether a training, or what it calls, draws samples by `choice` without replace=False, or by `randint`.

    Draws for each start of a batch, in a loop over range(0, N, batch_size), are meant as a pass over the samples and
    do not count, unless they do `even_in_passes`.
    """
    for one in called_by(getattr(function, "__func__", function), owner):
        defined = source_of(one.__code__)
        if defined is None:
            continue
        passes = [] if even_in_passes else [node for node in ast.walk(defined[1]) if goes_by_batches(node)]
        meant = {id(node) for loop in passes for node in ast.walk(loop)}
        calls = (node for node in ast.walk(defined[1]) if isinstance(node, ast.Call) and id(node) not in meant)
        if any(draws_several(call) for call in calls):
            return True
    return False


def goes_by_batches(loop: ast.AST) -> bool:
    """Whether a loop goes over the starts of batches: for i in range(0, N, batch_size)."""
    return (
        isinstance(loop, ast.For)
        and isinstance(loop.iter, ast.Call)
        and getattr(loop.iter.func, "id", "") == "range"
        and len(loop.iter.args) == len(("start", "stop", "step"))
    )


def ends_by_itself(function: Any, epochs: str) -> bool:
    """Whether a training loops until a condition of its own, and never reads its parameter for the epochs."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    steps = {} if code is None else {step.offset: step for step in dis.get_instructions(code)}
    read = any(epochs in (step.argval if isinstance(step.argval, tuple) else (step.argval,)) for step in steps.values())
    jumps = (step for step in steps.values() if step.opcode in (*dis.hasjrel, *dis.hasjabs))
    loops = (steps[jump.argval].opname for jump in jumps if jump.argval < jump.offset)
    return not read and any(kind != "FOR_ITER" for kind in loops)


def draws_several(call: ast.Call) -> bool:
    """Whether a call draws several numbers of which some may be equal, as np.random.choice(N, batch_size) does."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    replace = given.get("replace", ast.Constant(True))
    name, sized = getattr(call.func, "attr", ""), "size" in given or len(call.args) > 1
    if name == "choice":
        return sized and isinstance(replace, ast.Constant) and bool(replace.value)
    return name == "randint" and ("size" in given or len(call.args) > 2)


def literals(function: FunctionType) -> list[Setting]:
    """The numbers in a function's statements; an empty list if its source is out of reach."""
    defined = source_of(function.__code__)
    return [] if defined is None else [Setting(function, LITERAL, "", value) for value, _ in numbers_in(defined[1])]


def numbers_in(function: Any) -> list[tuple[float, ast.expr]]:
    """The positive numbers in the statements of a function, with their nodes."""
    every = [node for statement in function.body for node in ast.walk(statement)]
    return [(number, node) for node in every if isinstance(node, ast.Constant) and is_amount(number := node.value)]


def source_of(code: CodeType) -> tuple[str, Any, ast.stmt] | None:
    """(text of the file, definition, statement around it) of a function."""
    text = "".join(linecache.getlines(code.co_filename))
    tree = tree_of(text)
    found = definition(tree, code) if tree is not None else None
    if found is None or isinstance(found[1], ast.Lambda):
        return None
    return text, found[1], found[0]


@lru_cache(maxsize=256)
def rewritten(code: CodeType, changes: tuple[tuple[float, str], ...]) -> CodeType:
    """The code of a function with other numbers.  changes: (a number, what replaces it) for each."""
    defined = source_of(code)
    assert defined is not None
    text, node, statement = defined
    begins, source = around(text, statement, node)
    lines = source.split("\n")
    for value, number in sorted(numbers_in(node), key=lambda found: -found[1].col_offset):
        written = next((text for old, text in changes if type(old) is type(value) and old == value), None)
        if written is not None:
            line = lines[number.lineno - begins].encode()
            changed = line[: number.col_offset] + written.encode() + line[number.end_col_offset :]
            lines[number.lineno - begins] = changed.decode()
    whole = "\n" * (begins - 1) + "\n".join(lines)
    made = compile(whole, code.co_filename, "exec", flags=code.co_flags & COMPILER_FLAGS, dont_inherit=True)
    return codes_in(made)[code.co_name, code.co_firstlineno]
