"""The house as the code draws it: its rooms from the top floor down, their lines, what they import, and circles.

    python -m programs.house

A room is a folder of chainrule/, or one of the folders that stand beside it.  Imports that are needed for types alone
do not count; those inside functions do.  Exit status 1 if an import runs up or a circle exists.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("reference", "golden", "spec_tests")  # inside the name chainrule once installed
# The floors, from the top.  A room imports from floors below its own, and from its own room.
FLOORS = (
    ("__main__",),
    ("cli",),
    ("desk",),
    ("study",),
    ("api",),
    ("reports", "pytest_plugin"),
    ("diagnosis", "baseline"),
    ("running",),
    ("spec_tests",),
    ("specification",),
    ("boundary",),
    ("host",),
    ("mathematics",),
    ("contract",),
    ("support", "training"),
    ("reference", "golden"),
)
FLOOR = {room: len(FLOORS) - place for place, rooms in enumerate(FLOORS) for room in rooms}
# Below the floor of its own room: what a higher floor may not bring in.  The boundary is a host's client.
ONLY = {"boundary": {"host": ("chainrule.host.host", "chainrule.host.protocol")}}


@dataclass(frozen=True)
class Module:
    """name: as it is imported.  room: its folder.  lines: of its file.  imports: {name of a module: the line}."""

    name: str
    room: str
    lines: int
    imports: Mapping[str, int]


def modules() -> dict[str, Module]:
    """Every module of the distribution, by name."""
    files = {dotted(path): path for path in sources()}
    found = {}
    for name, path in files.items():
        text = path.read_text(encoding="utf-8")
        room = name.split(".")[1] if "." in name else "chainrule"
        imports = {
            module: line
            for wanted, line in imported(ast.parse(text), name, path)
            if (module := nearest(wanted, files)) not in (None, name)
        }
        found[name] = Module(name, room, text.count("\n"), imports)
    return found


def sources() -> Iterator[Path]:
    for folder in ("chainrule", *BESIDE):
        yield from sorted((ROOT / folder).rglob("*.py"))


def dotted(path: Path) -> str:
    """What an import statement calls a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "chainrule" else ("chainrule", *parts))


def imported(tree: ast.AST, name: str, path: Path) -> Iterator[tuple[str, int]]:
    """(what is imported, the line), but for types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                own = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
                base = ".".join([*own[: len(own) - node.level + 1], *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        else:
            yield from imported(node, name, path)


def nearest(name: str, files: Mapping[str, Path]) -> str | None:
    """The module that an imported name is, or is in; None for another distribution's."""
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name or None


def upward(house: Mapping[str, Module]) -> list[str]:
    """The imports that run up, or past what a room may see, as `file:line`-like sentences."""
    found = []
    for module in house.values():
        for name, line in module.imports.items():
            target = house[name].room
            if module.room == target or "chainrule" in (module.room, target):
                continue
            allowed = ONLY.get(module.room, {}).get(target)
            if FLOOR[target] >= FLOOR[module.room]:
                found.append(f"{module.name}:{line} imports {name}, which stands no lower")
            elif allowed is not None and name not in allowed:
                found.append(f"{module.name}:{line} imports {name}; of {target} it may see {', '.join(allowed)}")
    return found


def circles(house: Mapping[str, Module]) -> list[list[str]]:
    """Modules that import each other, directly or not: the strongly connected components (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in house[name].imports:
            if target not in index:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], index[target])
        if low[name] == index[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(component)

    for name in house:
        if name not in index:
            visit(name)
    return found


def loose(house: Mapping[str, Module]) -> list[str]:
    """The modules of chainrule/ that stand in no room."""
    return [name for name, module in house.items() if (ROOT / "chainrule" / f"{module.room}.py").is_file()]


def main() -> int:
    house = modules()
    print(f"{'floor':>5}  {'room':<16} {'files':>5} {'lines':>6}  imports")
    for rooms in FLOORS:
        for room in rooms:
            inside = [module for module in house.values() if module.room == room]
            below = {house[name].room for module in inside for name in module.imports} - {room, "chainrule"}
            lines = sum(module.lines for module in inside)
            names = ", ".join(sorted(below, key=lambda target: -FLOOR[target]))
            print(f"{FLOOR[room]:>5}  {room:<16} {len(inside):>5} {lines:>6}  {names}")
    up, round_ = upward(house), circles(house)
    total = sum(module.lines for module in house.values() if module.room not in BESIDE)
    print(f"\n{total} lines in chainrule/, loose modules: {', '.join(loose(house))}")
    print(f"{len(up)} imports run up", *up, sep="\n    ")
    print(f"{len(round_)} circles", *map(" -> ".join, round_), sep="\n    ")
    return 1 if up or round_ else 0


if __name__ == "__main__":
    sys.exit(main())
