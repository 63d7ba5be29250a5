"""What runs of a file is noted for the clause that it runs for, whatever else traces meanwhile."""

import importlib.util
import runpy
import sys
import textwrap
from types import GeneratorType

import pytest

from chainrule.study.join import StudiedFile, StudiedLine, never_taken, ranges, short_names, studied, weight
from chainrule.study.statements import Statement
from chainrule.study.tracing import Trace, Tracer
from chainrule.support.time_limit import TimedOut, limit

SOURCE = """\
def f(z):
    if z > 0:
        z = 1
    while z > 5:
        pass
    return z


def g():
    while True:
        pass
"""


@pytest.fixture
def traced(tmp_path):
    """(a tracer of the file, its functions), while the tracer traces."""
    path = tmp_path / "mine.py"
    path.write_text(SOURCE, encoding="utf-8")
    tracer = Tracer([tmp_path])
    with tracer.tracing():
        spec = importlib.util.spec_from_file_location("mine", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield tracer, module, path


def test_a_line_belongs_to_the_clauses_for_which_it_ran(traced):
    tracer, mine, path = traced
    mine.f(1)
    with tracer.around("a.b"):
        mine.f(0)
    with tracer.around("a.c"):
        mine.f(0)
    found = tracer.traces()[path].lines
    assert found[2] == found[6] == {"a.b", "a.c"}
    assert found[1] == found[3] == set()
    assert 11 not in found


def test_a_way_that_was_taken_for_no_clause_does_not_count(traced):
    tracer, mine, path = traced
    mine.f(1)
    with tracer.around("a.b"):
        mine.f(0)
    arcs = tracer.traces()[path].arcs
    assert (2, 4) in arcs
    assert (2, 3) not in arcs


def test_tracing_survives_the_time_limit(traced):
    tracer, mine, path = traced
    with tracer.around("a.b"), pytest.raises(TimedOut), limit(0.05):
        mine.g()
    with tracer.around("a.c"), limit(5):
        mine.f(0)
    found = tracer.traces()[path].lines
    assert found[2] == {"a.c"}
    assert found[11] == {"a.b"}


def test_nothing_is_traced_afterwards(traced):
    tracer, mine, path = traced
    tracer.stop()
    mine.f(1)
    assert 3 not in tracer.traces()[path].lines
    assert sys.gettrace() is None or "coverage" in type(sys.gettrace()).__module__  # one of the meta-tests' own


def test_other_folders_are_not_traced(traced, tmp_path):
    tracer, *_ = traced
    with tracer.around("a.b"):
        short_names([tmp_path])
    assert [path.name for path in tracer.traces()] == ["mine.py"]


@pytest.mark.parametrize(
    ("arcs", "expected"),
    [
        ({(2, 3)}, "never false"),
        ({(2, 3), (2, 5)}, ""),
        ({(2, 5)}, "never true"),
        ({(2, 3), (2, -1)}, ""),  # the function ends
        ({(2, 3), (2, -2), (-2, 2)}, "never false"),  # a comprehension in the condition
    ],
)
def test_a_branch_of_which_one_way_was_not_taken(arcs, expected):
    condition = Statement(2, 2, True, branch=(3, "never true", "never false"))
    at = {2: condition, 3: Statement(3, 3, True), 5: Statement(5, 5, True)}
    assert never_taken(condition, Trace({}, frozenset(arcs)), at) == expected


NEVER = [  # (a function of z, the values that it is called with, what is said of its lines)
    ("if z:\n    z = 1\nreturn z", (0, 1), {}),
    ("if z:\n    z = 1\nreturn z", (0,), {2: "the condition was never true"}),
    ("if z:\n    z = 1\nreturn z", (1,), {2: "the condition was never false"}),
    ("if z:\n    pass\n", (1,), {2: "the condition was never false"}),
    ("if z:\n    pass\n", (0, 1), {}),
    ('if z:\n    """Text."""\n    return 1', (0, 1), {}),
    (
        "if z == 0:\n    return 0\nelif z == 1:\n    return 1\nelse:\n    return 2",
        (1, 2),
        {2: "the condition was never true"},
    ),
    ("if (z == 1 or\n        z == 2):\n    z = 0\nreturn z", (1, 2, 3), {}),
    ("if (z == 1 or\n        z == 2):\n    z = 0\nreturn z", (1, 2), {2: "the condition was never false"}),
    ("if any(x == z\n       for x in (1, 2)):\n    z = 0\nreturn z", (1,), {2: "the condition was never false"}),
    ("if any(x == z for x in (1, 2)):\n    z = 0\nreturn z", (3,), {2: "the condition was never true"}),
    ("if [x for x in (1, 2) if x == z]:\n    z = 0\nreturn z", (1,), {2: "the condition was never false"}),
    ("if (lambda x: x)(z):\n    z = 0\nreturn z", (1,), {2: "the condition was never false"}),
    ("while z > 0:\n    z -= 1\nreturn z", (2,), {}),
    ("while z > 0:\n    return 1\nreturn z", (2,), {2: "the condition was never false"}),
    ("while z > 0:\n    if z == 1:\n        break\n    z -= 1", (2,), {2: "the condition was never false"}),
    ("for x in range(z):\n    z += x\nreturn z", (2,), {}),
    ("for x in range(z):\n    z += x\nreturn z", (0,), {2: "the loop never ran"}),
    ("for x in range(z):\n    return x\nreturn z", (2,), {2: "the loop never came to its end"}),
    ("for x in [y for y in range(z)]:\n    z += x", (2,), {}),
    ("for x in range(z):\n    if x:\n        continue\n    z += 1\nreturn z", (2,), {}),
    ("for x in range(z):\n    z += x\nelse:\n    z = 0", (2,), {}),
    ("try:\n    if z:\n        raise ValueError\n    z = 1\nexcept ValueError:\n    z = 2", (0,), {}),
    ("try:\n    if z:\n        z = 3\nfinally:\n    z = 2", (1,), {3: "the condition was never false"}),
    ("with open(__file__):\n    if z:\n        z = 3", (0, 1), {}),
    ("if z:\n    if z > 1:\n        z = 1\nreturn z", (0, 1, 2), {}),
    ("if z:\n    yield 1", (0, 1), {}),
]


@pytest.mark.parametrize(("body", "values", "expected"), NEVER)
def test_ways_that_are_not_taken(tmp_path, body, values, expected):
    path = tmp_path / "mine.py"
    path.write_text(f"def f(z):\n{textwrap.indent(body, '    ')}\n", encoding="utf-8")
    tracer = Tracer([tmp_path])
    with tracer.tracing():
        function = runpy.run_path(str(path))["f"]
        with tracer.around("a.b"):
            for value in values:
                result = function(value)
                _ = list(result) if isinstance(result, GeneratorType) else result
    lines = enumerate(studied(path, tracer.traces()[path], 1), 1)
    assert {number: line.never for number, line in lines if line.never} == expected


def test_a_guard_that_no_clause_sets_off_is_not_a_way_to_take():
    condition = Statement(2, 2, True, branch=(3, "never true", "never false"))
    at = {2: condition, 3: Statement(3, 3, True, refuses=True), 5: Statement(5, 5, True)}
    assert never_taken(condition, Trace({}, frozenset({(2, 5)})), at) == ""


@pytest.mark.parametrize(
    ("reaching", "total", "expected"), [(1, 100, 1.0), (10, 100, 0.5), (100, 100, 0.0), (1, 1, 1.0)]
)
def test_weights(reaching, total, expected):
    assert weight(reaching, total) == expected


def test_lines_in_a_row_are_one_range_of_one_cell():
    places = ["cell 1:1", "cell 1:2", "cell 1:3", "cell 2:1", "cell 2:2"]
    book = StudiedFile("a.ipynb", "a.ipynb", tuple(StudiedLine(place, "") for place in places))
    assert list(ranges(book, [0, 1, 2, 3])) == [(0, "cell 1:1-3"), (3, "cell 2:1")]
    assert list(ranges(book, [0, 2, 3, 4])) == [(0, "cell 1:1"), (2, "cell 1:3"), (3, "cell 2:1-2")]


def test_names_are_as_long_as_they_must_be(tmp_path):
    paths = [tmp_path / "a" / "net.py", tmp_path / "b" / "net.py", tmp_path / "b" / "other.py"]
    assert list(map(short_names(paths).get, paths)) == ["a/net.py", "b/net.py", "other.py"]
