"""Finds the scripts that may train a file: its own statements, and those of files near it that import it."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from chainrule.contract.errors import UnusableTarget
from chainrule.host.recognition.namespaces import own_classes, own_functions
from chainrule.host.recognition.vocabulary import is_called, size_role
from chainrule.host.rehearsal.loops import loops_in
from chainrule.host.rehearsal.script import opened
from chainrule.host.source.parsing import parse
from chainrule.host.source.projects import is_marked, listed
from chainrule.host.source.rule import DEFINITIONS

NEIGHBOURS = 40  # how many files of a folder are looked at
LARGEST = {".py": 200_000, ".ipynb": 2_000_000}  # bytes of a script; a notebook keeps its pictures
# Folders of scripts.
SCRIPTS = ("example", "examples", "demo", "demos", "script", "scripts", "run", "runs", "notebook", "notebooks")
MOST_FOLDERS = 20  # of a project: a folder that holds more holds projects
SOME_SIZES: dict[Any, Any] = {"inputs": 20, "outputs": 3}  # of networks that functions make
BEGINS = r"""(?:^\s*|"|\\n)"""  # a line of code, also as a notebook writes it

Script = tuple[Sequence[ast.stmt], Path]  # the statements, and the file in which they stand


def scripts(module: ModuleType, body: Sequence[ast.stmt], path: Path, folders: Collection[Path]) -> Iterator[Script]:
    """The scripts of a file's own, then those that import it, or import what imports it; the nearest first.

    folders: that of the file and those above it, up to the root of its project if something marks it.
    """
    namespace = vars(module)
    if loops_in(opened(body)) or any(acts_on(statement, namespace) for statement in opened(body)):
        yield body, path
    yield from further(body, path, namespace)
    texts = dict(neighbours(path, folders))
    wanted, near = [path], [path]
    for _ in range(2):
        pattern = imports(map(imported_as, wanted))
        found = [file for file, text in texts.items() if file not in near and pattern.search(text)]
        found = [file for file in found if is_of_its_project(file, texts[file], wanted, folders)]
        for file in found:
            with suppress(SyntaxError, ValueError, UnusableTarget):
                statements, _ = parse(file, str(file))
                yield statements, file
                yield from further(statements, file, namespace)
        near += found
        wanted = found
        if not wanted:
            return


def imports(names: Iterable[str]) -> re.Pattern[str]:
    """What a line that imports one of these looks like; a name may be dotted, its last part may follow `import`."""
    dotted = (r"\b[^\"\n]*\b".join(map(re.escape, name.split("."))) for name in names)
    return re.compile(rf"{BEGINS}(from|import)\s[^\"\n]*\b({'|'.join(sorted(dotted))})\b", re.MULTILINE)


def is_of_its_project(file: Path, text: str, wanted: Collection[Path], folders: Collection[Path]) -> bool:
    """Whether a file that imports a name of these files means them.

    It does beside or below one of them, and anywhere in a project whose root is marked.  Elsewhere, as in a folder of
    downloads, it must name the folders that lie between: `from src.network import Network`.
    """
    modules = [one.parent if one.name == "__init__.py" else one.with_suffix("") for one in wanted]
    if any(map(is_marked, folders)) or any(file.is_relative_to(module.parent) for module in modules):
        return True
    above = [(module, folder) for module in modules for folder in module.parents if file.is_relative_to(folder)]
    placed = [".".join(module.relative_to(folder).parts) for module, folder in above]
    return any(imports([name]).search(text) for name in placed if "." in name)


def imported_as(path: Path) -> str:
    """The last part of the name under which other files import this one."""
    return path.parent.name if path.name == "__init__.py" else path.stem


def neighbours(path: Path, folders: Collection[Path]) -> Iterator[tuple[Path, str]]:
    """(file, its text) of the files beside this one, in the folders above, and in their folders of scripts.

    Files of other folders of the project, such as tests and experiments, come last.  A folder with a file or a package
    of the same name belongs to another project: its scripts import that one.
    """
    above = list(dict.fromkeys((path.parent, *folders)))
    places = [place for folder in above for place in (folder, *(folder / name for name in SCRIPTS))]
    places += [place for folder in above for place in below(folder)]
    for place in (place for place in dict.fromkeys(places) if place in above or not has_its_own(place, path)):
        files = listed(place, "*.py", "*.ipynb")
        for file in sorted(files, key=lambda file: (is_test(file.stem), file))[:NEIGHBOURS]:
            with suppress(OSError, ValueError):
                if file != path and file.stat().st_size <= LARGEST[file.suffix]:
                    yield file, file.read_text(encoding="utf-8")


def below(folder: Path) -> list[Path]:
    """The folders in a folder of a project, and those in them; none of a folder that holds many."""
    inside = [place for place in listed(folder, "*/", "*/*/") if place.name.isidentifier()]
    return sorted(inside) if len(inside) <= MOST_FOLDERS else []


def has_its_own(place: Path, path: Path) -> bool:
    """Whether a folder has a file, or a package, of the name of this one."""
    return (place / path.name).exists() or (place / path.parent.name).is_dir()


def is_test(name: str) -> bool:
    """Whether a file has the name of one with tests, which may use the network otherwise than its training does."""
    return name.lower().startswith("test") or name.lower().endswith(("_test", "_tests"))


def further(body: Sequence[ast.stmt], path: Path, namespace: Mapping[str, Any]) -> Iterator[Script]:
    """A script with what it does in functions at module level, where a statement that raises stops no other."""
    functions = {statement.name: statement for statement in body if isinstance(statement, ast.FunctionDef)}
    inlined: list[ast.stmt] = []
    for statement in opened(body):
        call = statement.value if isinstance(statement, ast.Expr) else None
        named = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id
        if named and named in functions and isinstance(call, ast.Call):
            inlined += [*passing(functions[named], call), *functions[named].body]
        else:
            inlined.append(statement)
    if len(inlined) > len(opened(body)):
        apart = [Ending().visit(copy.deepcopy(one)) for one in inlined if not isinstance(one, ast.Return)]
        yield apart, path
    yield from uncalled(body, path, namespace)


class Ending(ast.NodeTransformer):
    """Makes a `return` deep in a statement end this statement, which stands in no function any more."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        ends = ast.Raise(ast.Name("SystemExit", ast.Load()), None)
        return ast.fix_missing_locations(ast.copy_location(ends, node))


def passing(function: ast.FunctionDef, call: ast.Call) -> Iterator[ast.stmt]:
    """Assignments of a call's arguments to the parameters of the function, their defaults first."""
    names = [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]
    defaults = function.args.defaults
    pairs = list(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    pairs += list(zip(names, call.args, strict=False))
    pairs += [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg]
    for name, value in pairs:
        yield ast.fix_missing_locations(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], value), call))


def uncalled(body: Sequence[ast.stmt], path: Path, namespace: Mapping[str, Any]) -> Iterator[Script]:
    """The functions of a script that use the file and are called nowhere, each as a script.

    They need no arguments but the names of files, and the numbers of inputs and outputs of a network that they make.
    """
    read = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    for statement in body:
        if isinstance(statement, ast.FunctionDef) and statement.name not in read and uses(statement, namespace):
            needed = needed_by(statement.args)
            values = {name: "" for name in needed if is_called("arrays", "files", name)}
            values |= {name: SOME_SIZES[size_role(name)] for name in needed if size_role(name) in SOME_SIZES}
            if values.keys() == set(needed):
                names = [ast.keyword(name, ast.Constant(value)) for name, value in values.items()]
                call = ast.Expr(ast.Call(ast.Name(statement.name, ast.Load()), [], names))
                quiet = [other for other in opened(body) if not isinstance(other, ast.Expr)]
                yield [*quiet, ast.fix_missing_locations(ast.copy_location(call, statement))], path


def needed_by(given: ast.arguments) -> list[str]:
    """The parameters without defaults."""
    places = [*given.posonlyargs, *given.args]
    named = [one for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return [one.arg for one in (*places[: len(places) - len(given.defaults)], *named)]


def acts_on(statement: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement of a script calls a function or class of the file."""
    return not isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)) and uses(statement, namespace)


def uses(statement: ast.stmt, namespace: Mapping[str, Any]) -> bool:
    """Whether a function or class of the file occurs in a statement."""
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    own = {name for name, _ in (*own_functions(namespace), *own_classes(namespace))}
    return bool(names & own)
