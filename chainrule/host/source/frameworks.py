"""Finds the machine-learning frameworks that a file imports: such code is not written from scratch."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chainrule.host.source.notebooks import read_notebook
from chainrule.support.source_positions import place

# Libraries that differentiate, define layers or train; a library of arrays alone, such as cupy, does not count.
FRAMEWORKS = frozenset(
    """
    aesara autograd caffe caffe2 chainer cntk equinox fastai flax haiku jax keras keras_core lasagne lightgbm lightning
    micrograd mindspore mxnet optax paddle pytensor pytorch_lightning sklearn skorch tensorflow tf_keras tflearn theano
    thinc tinygrad torch torchvision transformers xgboost
    """.split()
)
OWN = "chainrule"
LARGEST_TREE = 200  # how many files of a project chainrule reads at most


@dataclass(frozen=True)
class FrameworkImport:
    """The import of a framework, with its position and the statement as it is written."""

    name: str
    where: str
    statement: str

    def __str__(self) -> str:
        return f"{self.name} ({self.where}: {self.statement})"


def frameworks_of(path: Path, module_name: str) -> tuple[FrameworkImport, ...]:
    """The first import of each framework, in a file or the files of its project that it imports.

    module_name: the name under which the file is imported.  chainrule only reads the files: an import that fails counts
    too.
    """
    found: dict[str, FrameworkImport] = {}
    top = module_name.partition(".")[0]
    waiting, seen = [(path, module_name)], {path}
    while waiting and len(seen) < LARGEST_TREE:
        file, name = waiting.pop(0)
        for node in imports_in(file):
            for imported in names_of(node, name, file):
                framework = imported.partition(".")[0]
                if (framework in FRAMEWORKS or framework == OWN != top) and not is_local(node, framework, path):
                    where = place(str(file), node.lineno)
                    found.setdefault(framework, FrameworkImport(framework, where, ast.unparse(node)))
                neighbour = file_of(imported, path)
                if neighbour is not None and neighbour not in seen:
                    seen.add(neighbour)
                    waiting.append((neighbour, imported))
    return tuple(found.values())


def imports_in(file: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import statement of a file, also inside functions; an empty list if the file cannot be parsed."""
    try:
        body = (
            read_notebook(file, file.name).statements if file.suffix == ".ipynb" else ast.parse(file.read_bytes()).body
        )
    except Exception:  # an imported file may hold anything; loading reports what is wrong with the target
        return
    for node in ast.walk(ast.Module(body, [])):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def names_of(node: ast.Import | ast.ImportFrom, module_name: str, file: Path) -> list[str]:
    """The modules that a statement may import, by their full names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    parts = module_name.split(".")
    package = parts if file.name == "__init__.py" else parts[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    home = ".".join([*above, *(node.module.split(".") if node.module else [])])
    return [home, *(f"{home}.{alias.name}".lstrip(".") for alias in node.names)]


def is_local(node: ast.Import | ast.ImportFrom, name: str, target: Path) -> bool:
    """Whether the imported module belongs to the target's project and only shares a framework's name."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return True
    return (target.parent / f"{name}.py").is_file() or (target.parent / name / "__init__.py").is_file()


def file_of(module_name: str, target: Path) -> Path | None:
    """The file of a module imported with the target, if it belongs to the target's project."""
    found = getattr(sys.modules.get(module_name), "__file__", None)
    if not found:
        return None
    file = Path(found).resolve()
    homes = [target.parent, *target.parent.parents][:4]
    near = any(home != Path(home.anchor) and file.is_relative_to(home) for home in homes)
    return file if near and file.suffix == ".py" and not {"site-packages", "dist-packages"} & set(file.parts) else None
