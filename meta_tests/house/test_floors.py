"""Imports run down, in no circle, and every module stands in a room."""

import ast

import pytest

from programs import house

LOOSE = ["chainrule.__main__", "chainrule.api"]  # the ways in, beside the command's room


def test_imports_run_down():
    assert house.upward(house.modules()) == []


def test_there_is_no_circle():
    assert house.circles(house.modules()) == []


def test_every_module_stands_in_a_room():
    rooms = house.modules()
    assert house.loose(rooms) == LOOSE
    assert {module.room for module in rooms.values()} - {"chainrule"} == set(house.FLOOR)


def test_an_import_that_runs_up_is_found():
    rooms = house.modules()
    low = house.Module("chainrule.support.new", "support", 1, {"chainrule.running.run": 3})
    expected = "chainrule.support.new:3 imports chainrule.running.run, which stands no lower"
    assert house.upward({**rooms, low.name: low}) == [expected]


def test_a_client_that_looks_into_its_host_is_found():
    rooms = house.modules()
    client = house.Module("chainrule.boundary.new", "boundary", 1, {"chainrule.host.native": 5})
    (found,) = house.upward({**rooms, client.name: client})
    assert found.startswith("chainrule.boundary.new:5 imports chainrule.host.native; of host it may see")


@pytest.mark.parametrize("members", [["a", "b"], ["a", "b", "c"]])
def test_a_circle_is_found(members):
    ring = {
        name: house.Module(name, "support", 1, {members[(place + 1) % len(members)]: 1})
        for place, name in enumerate(members)
    }
    outside = {"d": house.Module("d", "support", 1, {"a": 1})}
    assert [sorted(circle) for circle in house.circles(ring | outside)] == [members]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import chainrule.api", ["chainrule.api"]),
        ("from chainrule.support import arrays", ["chainrule.support.arrays"]),
        ("def f():\n    from chainrule import api", ["chainrule.api"]),
        ("from . import files\nfrom .files import x", ["chainrule.room.files", "chainrule.room.files.x"]),
        ("if TYPE_CHECKING:\n    import chainrule.api", []),
    ],
)
def test_what_a_module_imports(source, expected):
    path = house.ROOT / "chainrule" / "room" / "mine.py"
    assert [name for name, _ in house.imported(house.ast.parse(source), "chainrule.room.mine", path)] == expected


def test_only_the_host_reaches_what_it_holds():
    """The implementation in a host, and what was recognised in it, are live objects."""
    live = {"implementation", "raw", "living", "kept"}
    found = [
        f"{path.relative_to(house.ROOT)}:{node.lineno}"
        for path in house.sources()
        if "host" not in path.relative_to(house.ROOT).parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in live and "host" in ast.unparse(node.value)
    ]
    assert found == []
