"""Finds the files beside a target that hold what its classes are used with: layers, losses, optimizers.

chainrule looks at the files that use the target first, then at those that define what it names in annotations, then at
those of its package.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from chainrule.host.recognition.vocabulary import is_called
from chainrule.host.source.projects import listed
from chainrule.host.source.rule import statements

LARGEST = 200_000  # bytes of a file that chainrule reads
MOST = 40  # files of a folder


def partner_files(path: Path, body: Sequence[ast.stmt]) -> list[list[Path]]:
    """The groups of files beside `path` that may hold what its classes need, the likeliest first.

    body: the statements of `path`.
    """
    classes = {statement.name for statement in statements(body) if isinstance(statement, ast.ClassDef)}
    wanted = set(annotated(body)) - classes
    using, defining, packaged = [], [], []
    in_package = (path.parent / "__init__.py").is_file()
    above = path.parent.parent if in_package and (path.parent.parent / "__init__.py").is_file() else None
    files = [*sorted(listed(path.parent, "*.py"))[:MOST], *(sorted(listed(above, "*.py"))[:MOST] if above else ())]
    for file in files:
        try:
            if file == path or file.stat().st_size > LARGEST:
                continue
            nodes = list(ast.walk(ast.parse(file.read_bytes())))
        except (SyntaxError, ValueError, OSError):  # OSError: it may not be read, or an editor keeps a lock there
            continue
        read = {node.id for node in nodes if isinstance(node, ast.Name)}
        read |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        if any(imports(node, path.stem) for node in nodes) and classes & read:
            using.append(file)
        elif wanted & {node.name for node in nodes if isinstance(node, ast.ClassDef)}:
            defining.append(file)
        elif in_package and any(isinstance(node, ast.ClassDef) for node in nodes):
            packaged.append(file)
    groups = [*([file] for file in using), defining, [*defining, *packaged]]
    return [group for place, group in enumerate(groups) if group and group not in groups[:place]]


def packages_beside(path: Path) -> list[Path]:
    """The `__init__.py` of packages beside those of a file whose names say that they hold losses or optimizers."""
    found: list[Path] = []
    for folder in list(path.parents)[1:]:
        found += [file for file in sorted(listed(folder, "*/__init__.py")) if trains(file.parent.name)]
        if not (folder / "__init__.py").is_file():
            break
    return found[:MOST]


def trains(name: str) -> bool:
    return is_called("engines", "trains", name)


def annotated(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names in the annotations of parameters, also in quotes: Layer for `layers: "list[Layer]"`."""
    for node in ast.walk(ast.Module(list(body), [])):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield from re.findall(r"[A-Z]\w*", ast.unparse(node.annotation))


def imports(node: ast.AST, module: str) -> bool:
    """Whether a node imports a module of this name, or something from it."""
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").rpartition(".")[2] == module or module in {alias.name for alias in node.names}
    return isinstance(node, ast.Import) and module in {alias.name.rpartition(".")[2] for alias in node.names}
