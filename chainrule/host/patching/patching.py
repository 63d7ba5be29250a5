"""Running functions with another body, for a moment."""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType

from chainrule.host.patching.sources import Ran

# What a `from __future__` leaves in a code object, and the compiler needs to be told again.
COMPILER_FLAGS = sum(getattr(__future__, name).compiler_flag for name in ("annotations", "division", "generator_stop"))


@contextmanager
def patched(ran: Sequence[Ran], edited: Ran) -> Iterator[None]:
    """A function, and those inside it, run with the code that its tree now says; afterwards with their own.

    Raises SyntaxError or ValueError where the tree says nothing that can stand in for them.
    """
    flags = edited.function.__code__.co_flags & COMPILER_FLAGS
    module = ast.Module([smallest(edited)], [])
    codes = codes_in(compile(module, edited.filename, "exec", flags=flags, dont_inherit=True))
    inside = set(map(id, ast.walk(edited.node)))
    around = [
        one for one in ran if one.statement is edited.statement and id(edited.node) in map(id, ast.walk(one.node))
    ]
    concerned = [*around, *(one for one in ran if id(one.node) in inside and one is not edited)]
    kept = [(one.function, one.function.__code__) for one in concerned]
    try:
        for function, own in kept:
            new = codes.get((own.co_name, own.co_firstlineno))
            if new is None or new.co_freevars != own.co_freevars:
                raise ValueError(f"{own.co_name}: its code cannot be replaced")
            function.__code__ = new
        yield
    finally:
        for function, own in kept:
            function.__code__ = own


def smallest(edited: Ran) -> ast.stmt:
    """The statement with the function in it; of a class, the part that it takes to compile one method."""
    statement = edited.statement
    if isinstance(statement, ast.ClassDef):
        for method in statement.body:
            if isinstance(method, ast.FunctionDef) and id(edited.node) in map(id, ast.walk(method)):
                alone = ast.ClassDef(statement.name, [], [], [method], [])
                if sys.version_info >= (3, 12):
                    alone.type_params = []
                return ast.fix_missing_locations(ast.copy_location(alone, statement))
    return statement


def codes_in(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """{(name, first line): code} of every function inside."""
    found: dict[tuple[str, int], CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.setdefault((constant.co_name, constant.co_firstlineno), constant)
            found.update(codes_in(constant))
    return found
