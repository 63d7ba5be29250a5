"""Finds in the source of the code whether it inspects the call stack, the loaded modules or pytest's environment.

Honest code may do so, to log or to debug, so the report notes it and the check does not fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from chainrule.host.guard.finding import LOOKS, Finding
from chainrule.host.source.frameworks import LARGEST_TREE, file_of, imports_in, names_of
from chainrule.host.source.notebooks import read_notebook
from chainrule.support.source_positions import place

STACK, MODULES, ENVIRONMENT, REACH = (
    "looks at who calls it",
    "asks whether a test framework is loaded",
    "asks whether a test runs",
    "reaches beyond the code itself",
)
CALLS = {
    **dict.fromkeys(("_getframe", "_current_frames", "currentframe", "getouterframes", "walk_stack"), STACK),
    **dict.fromkeys(("extract_stack", "format_stack", "print_stack", "tb_frame", "f_back", "f_globals"), STACK),
    **dict.fromkeys(("get_objects", "get_referrers", "pythonapi", "addaudithook", "settrace", "setprofile"), REACH),
}
OF_MODULE = {
    ("inspect", "stack"): STACK,
    ("inspect", "trace"): STACK,
    ("atexit", "register"): REACH,
    ("os", "_exit"): REACH,
}
WATCHERS = ("pytest", "_pytest", "hypothesis", "chainrule", "unittest", "py.test", "nose")
VARIABLES = ("PYTEST_", "HYPOTHESIS_", "CHAINRULE_")


def looks_in(files: Iterable[Path]) -> list[Finding]:
    """Every place in these files that asks who calls it.  chainrule reads the files and does not run them."""
    findings: list[Finding] = []
    for file in files:
        try:
            notebook = file.suffix == ".ipynb"
            body = read_notebook(file, file.name).statements if notebook else ast.parse(file.read_bytes()).body
        except Exception:  # loading the file reports what is wrong with it
            continue
        seen: dict[tuple[str, str], Finding] = {}
        for node, what, why in asked_in(ast.Module(body, [])):
            where = place(str(file), node.lineno)
            seen.setdefault((where, why), Finding(LOOKS, what, where, why))
        findings += seen.values()
    return findings


def own_files(path: Path, module_name: str) -> list[Path]:
    """The file, and the files of its project that it imports, directly or not.

    module_name: the name under which the file is imported.
    """
    found, waiting = [path], [(path, module_name)]
    while waiting and len(found) < LARGEST_TREE:
        file, name = waiting.pop(0)
        for node in imports_in(file):
            for imported in names_of(node, name, file):
                if of_chainrule(imported) and not of_chainrule(module_name):
                    continue
                neighbour = file_of(imported, path)
                if neighbour is not None and neighbour not in found:
                    found.append(neighbour)
                    waiting.append((neighbour, imported))
    return found


def of_chainrule(module: str) -> bool:
    """Whether a module is of chainrule, of which an adapter in a checkout is a neighbour."""
    return module.partition(".")[0] == "chainrule"


def asked_in(tree: ast.Module) -> Iterator[tuple[ast.expr, str, str]]:
    """(node, its source, what it asks) of every such expression."""
    documentation = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    homes = imported_from(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            why = CALLS.get(node.attr) or OF_MODULE.get((owner, node.attr))
            if why:
                yield node, ast.unparse(node), why
        elif isinstance(node, ast.Name) and node.id in homes:
            yield node, node.id, homes[node.id]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            if node.value.startswith(VARIABLES):
                yield node, repr(node.value), ENVIRONMENT
            elif node.value in CALLS:
                yield node, repr(node.value), CALLS[node.value]
        asked = module_asked_for(node)
        if asked:
            yield node, ast.unparse(node), MODULES  # type: ignore[misc]


def imported_from(tree: ast.Module) -> dict[str, str]:
    """{name: what it asks} of the names that the file imports singly, as in `from sys import _getframe`."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                why = OF_MODULE.get((node.module, alias.name))
                if node.module in ("sys", "inspect", "traceback", "gc", "ctypes", "os"):
                    why = why or CALLS.get(alias.name)
                if why:
                    found[alias.asname or alias.name] = why
    return found


def module_asked_for(node: ast.AST) -> bool:
    """Whether an expression looks for a test framework among the loaded modules."""
    if isinstance(node, ast.Compare):
        return isinstance(node.ops[0], (ast.In, ast.NotIn)) and watcher(node.left) and of_modules(node.comparators[0])
    if isinstance(node, ast.Subscript):
        return watcher(node.slice) and of_modules(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        return watcher(node.args[0]) and of_modules(node.func.value)
    return False


def watcher(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).partition(".")[0] in WATCHERS


def of_modules(node: ast.expr) -> bool:
    """Whether an expression contains sys.modules."""
    return "modules" in (getattr(part, "attr", getattr(part, "id", None)) for part in ast.walk(node))
