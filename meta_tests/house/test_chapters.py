"""An extension chapter is a file in each of nine rooms, and no line anywhere else."""

import ast
import shutil
from pathlib import Path

import pytest

from chainrule.contract.chapters import EXTENSION_CHAPTERS, EXTENSION_NAMES

ROOT = Path(__file__).resolve().parents[2]
PLACES = (  # of a chapter's files; two of a room make one place
    ("chainrule/contract/chapters/{}.py",),
    ("reference/mathematics/[0-9][0-9]_{}.md",),
    ("reference/{}.py",),
    ("golden/generate/{}.py", "golden/data/{}.json"),
    ("chainrule/mathematics/{}.py",),
    ("spec_tests/test_{}.py",),
    ("chainrule/diagnosis/catalogue/{}.py",),
    ("chainrule/host/recognition/names/{}.toml",),
    ("meta_tests/banks/faults/{}.py", "meta_tests/banks/correct/{}.py"),
)
SEARCHED = ("chainrule", "reference", "golden", "spec_tests")
USERS = ("reference/composed/", "chainrule/training/models.py")  # networks that are put together from the chapters


def missing(chapter, root=ROOT):
    """The files that a chapter lacks."""
    patterns = [pattern.format(chapter) for place in PLACES for pattern in place]
    return [pattern for pattern in patterns if not list(root.glob(pattern))]


def elsewhere(chapter, root=ROOT):
    """The places, file:line, outside a chapter's own files that name one of its operations."""
    own = {path for place in PLACES for pattern in place for path in root.glob(pattern.format(chapter))}
    files = {path: path.relative_to(root).as_posix() for folder in SEARCHED for path in (root / folder).rglob("*.py")}
    return [
        f"{name}:{line}"
        for path, name in sorted(files.items())
        if path not in own and not name.startswith(USERS)
        for line in lines_that_name(EXTENSION_NAMES[chapter], path.read_text(encoding="utf-8"))
    ]


def lines_that_name(operations, source):
    """The lines of code on which one of the operations is an identifier that is called or reached, or a string."""
    for node in ast.walk(ast.parse(source)):
        named = (
            node.attr if isinstance(node, ast.Attribute)
            else node.name if isinstance(node, (ast.FunctionDef, ast.alias))
            else node.value if isinstance(node, ast.Constant)
            else getattr(node.func, "id", None) if isinstance(node, ast.Call)
            else None
        )  # fmt: skip
        if isinstance(named, str) and named in operations:
            yield node.lineno


def test_there_are_extension_chapters():
    assert {"layers", "schedules"} <= set(EXTENSION_CHAPTERS)
    assert all(EXTENSION_NAMES[chapter] for chapter in EXTENSION_CHAPTERS)


@pytest.mark.parametrize("chapter", EXTENSION_CHAPTERS)
def test_a_chapter_has_a_file_in_each_room(chapter):
    assert missing(chapter) == []


@pytest.mark.parametrize("chapter", EXTENSION_CHAPTERS)
def test_no_other_place_names_a_chapters_operations(chapter):
    assert elsewhere(chapter) == []


def test_a_chapter_that_lacks_a_file_is_found(tmp_path):
    for folder in (*SEARCHED, "meta_tests/banks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "styles"))
    assert missing("schedules", tmp_path) == []
    (tmp_path / "spec_tests" / "test_schedules.py").unlink()
    (tmp_path / "golden" / "data" / "schedules.json").unlink()
    assert missing("schedules", tmp_path) == ["golden/data/schedules.json", "spec_tests/test_schedules.py"]


def test_a_tenth_place_is_found(tmp_path):
    (tmp_path / "chainrule").mkdir()
    source = 'import numpy as np\n\nNAMES = ("relu", "step_decay")\n\n\ndef f(impl):\n    return impl.cosine(0.1, 3)\n'
    (tmp_path / "chainrule" / "tenth.py").write_text(source, encoding="utf-8")
    assert elsewhere("schedules", tmp_path) == ["chainrule/tenth.py:3", "chainrule/tenth.py:7"]
