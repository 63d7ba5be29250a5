"""The statements of a file, as the study of it counts them, against what Python compiles."""

import inspect
import sys
from pathlib import Path

import pytest

from chainrule.host.source.parsing import parse
from chainrule.study.statements import source_lines, statements

STYLES = sorted(Path(__file__).parents[1].joinpath("banks", "styles").rglob("*.py"))


def codes(code):
    yield code
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from codes(constant)


def lines_of_functions(path):
    """The lines that Python runs inside the functions of a file, and not as it defines them."""
    tree = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    functions = [code for code in codes(tree) if code.co_flags & inspect.CO_NEWLOCALS]
    return {line for code in functions for _, _, line in code.co_lines() if line and line != code.co_firstlineno}


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_every_line_of_a_function_that_runs_is_part_of_a_statement(path):
    inside = {line for found in statements(path) if found.inside for line in range(found.first, found.last + 1)}
    decorators = {found.first for found in statements(path) if not found.inside}
    assert lines_of_functions(path) - inside - decorators == set()


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_every_statement_that_counts_has_a_line_that_runs(path):
    ran = lines_of_functions(path)
    without = [s for s in statements(path) if s.inside and not ran & set(range(s.first, s.last + 1))]
    shown = dict(enumerate((text for _, text in source_lines(path)), 1))
    assert [shown[found.first] for found in without] == []


def statements_of(tmp_path, source):
    path = tmp_path / "mine.py"
    path.write_text(source, encoding="utf-8")
    return [(found.first, found.last, found.inside) for found in statements(path)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n", [(1, 1, False)]),
        ("x = (1,\n     2)\n", [(1, 2, False)]),
        ("f = lambda z: z\n", [(1, 1, True)]),
        ("def f(z): return z\n", [(1, 1, False)]),
        ('def f(z):\n    """Text."""\n    return z\n', [(1, 1, False), (3, 3, True)]),
        ("@d\n@e(\n    1)\ndef f(\n    z,\n):\n    return z\n", [(1, 6, False), (7, 7, True)]),
        ("class A:\n  x = 1\n  def f(self):\n    pass\n", [(1, 1, False), (2, 2, False), (3, 3, False), (4, 4, True)]),
        ("def f(z):\n    global x\n    y: int\n    while True:\n        break\n", [(1, 1, False), (5, 5, True)]),
        (
            "def f(z):\n    if z:\n        x = 1\n    elif y:\n        x = 2\n    else:\n        x = 3\n",
            [(1, 1, False), (2, 2, True), (3, 3, True), (4, 4, True), (5, 5, True), (7, 7, True)],
        ),
        (
            "def f(z):\n    try:\n        x = 1\n    except (A,\n  B):\n        x = 2\n    finally:\n        x = 3\n",
            [(1, 1, False), (2, 2, True), (3, 3, True), (4, 5, True), (6, 6, True), (8, 8, True)],
        ),
        (
            "def f(z):\n    match z:\n        case 0:\n            return 1\n        case _:\n            return 2\n",
            [(1, 1, False), (2, 2, True), (3, 3, True), (4, 4, True), (5, 5, True), (6, 6, True)],
        ),
        ("def f(z):\n    if z: return 1\n    return 2\n", [(1, 1, False), (2, 2, True), (3, 3, True)]),
        ("def f(z):\n    x = 1; y = 2\n", [(1, 1, False), (2, 2, True)]),
    ],
)  # fmt: skip
def test_statements(tmp_path, source, expected):
    assert statements_of(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(z):\n    if z:\n        x = 1\n", [(2, 3)]),
        ('def f(z):\n    for x in z:\n        """Text."""\n        y = 1\n', [(2, 4)]),
        ("def f(z):\n    while (z >\n           1):\n        z -= 1\n", [(2, 4)]),
        ("def f(z):\n    if z: x = 1\n", []),
        ("def f(z):\n    while True:\n        return z\n", []),
        ("def f(z):\n    return 1 if z else 2\n", []),
    ],
)
def test_branches(tmp_path, source, expected):
    path = tmp_path / "mine.py"
    path.write_text(source, encoding="utf-8")
    assert [(found.first, found.branch[0]) for found in statements(path) if found.branch] == expected


def test_lines_end_where_python_ends_them(tmp_path):
    path = tmp_path / "mine.py"
    path.write_bytes("# -*- coding: latin-1 -*-\r\nx = '\u00e9\x0c'\rdef f(): pass\n".encode("latin-1"))
    assert source_lines(path) == [("1", "# -*- coding: latin-1 -*-"), ("2", "x = '\u00e9\x0c'"), ("3", "def f(): pass")]
    assert [found.first for found in statements(path)] == [2, 3]
    assert len(parse(path, "mine.py")[0]) == 2


def test_the_oracle_tells_definitions_from_what_runs(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import os\n\n\ndef f():\n    return os\n", encoding="utf-8")
    assert lines_of_functions(path) == {5}, sys.version
