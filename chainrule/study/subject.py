"""What a study is about: the folders to trace, and the files that belong to TARGET."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from chainrule.host.source.projects import ancestors, home, shared
from chainrule.host.source.targets import importable
from chainrule.study.tracing import Trace

OWN = (  # in a checkout each has a folder of its own
    "chainrule",
    "chainrule.spec_tests",
    "chainrule.reference",
    "chainrule.golden",
)


@dataclass(frozen=True)
class Subject:
    """target: what to load.  folders: where its files may be; left_out: folders in them that hold other code.

    copied: (a folder, its original), if the target is a copy.
    """

    target: str
    folders: tuple[Path, ...]
    left_out: tuple[Path, ...]
    copied: tuple[Path, Path] | None = None

    def original(self, path: Path) -> Path:
        """The file of which this one is a copy, or the file itself."""
        if self.copied is None or not path.is_relative_to(self.copied[0]):
            return path
        return self.copied[1] / path.relative_to(self.copied[0])


@contextmanager
def subject_of(target: str, adapter: str | None) -> Iterator[Subject]:
    """The subject of a study of TARGET.

    A package of chainrule itself is studied as a copy: chainrule computes with it too, which must not count.
    """
    file = file_of(target)
    beside = () if adapter is None else folders_of(Path(adapter))
    if file is None:
        yield Subject(target, (Path.cwd(), *beside), own_folders())
    elif file.parent in own_folders():
        with TemporaryDirectory() as folder:
            copy = Path(folder).resolve() / file.parent.name
            shutil.copytree(file.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
            loaded = copy if file.name == "__init__.py" else copy / file.name
            yield Subject(str(loaded), (copy, *beside), (), (copy, file.parent))
    else:
        yield Subject(target, tuple(dict.fromkeys((*folders_of(file), *beside))), own_folders())


@cache
def own_folders() -> tuple[Path, ...]:
    """The folders of chainrule."""
    found = [find_spec(name) for name in OWN]
    return tuple(Path(spec.origin).resolve().parent for spec in found if spec is not None and spec.origin)


def file_of(target: str) -> Path | None:
    """The file that loading TARGET begins with, as far as its name tells."""
    path = Path(target)
    if path.is_dir():
        return (path / "__init__.py").resolve()
    if path.exists() or path.suffix in (".py", ".ipynb"):
        return path.resolve()
    try:
        with importable([Path.cwd()]):
            spec = find_spec(target)
    except (ImportError, ValueError, AttributeError):
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin).resolve()


def folders_of(file: Path) -> tuple[Path, ...]:
    """The folders of a file's project, without those that many projects share."""
    around = home(file.resolve())[2] if file.is_file() else ancestors(file.resolve().parent)
    return file.resolve().parent, *(folder for folder in around if not shared(folder))


def files_of(traces: Mapping[Path, Trace], own: Collection[Path], path: Path) -> dict[Path, Trace]:
    """What ran of the code, of the target's file first.

    That is of its package, of the files that it imports, and of every other file that a clause reaches.
    own: the files that it imports.  path: the target's file.
    """
    package = path.parent if path.name == "__init__.py" else None
    chosen = [
        file
        for file, trace in traces.items()
        if file in own or any(trace.lines.values()) or (package is not None and file.is_relative_to(package))
    ]
    return {file: traces[file] for file in sorted(chosen, key=lambda file: (file != path, str(file)))}
