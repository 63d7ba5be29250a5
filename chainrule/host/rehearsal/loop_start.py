"""Makes a function of the statements before a training loop that make its parameters, for layers of any sizes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from chainrule.host.rehearsal.dependence import latest, names_in, uses
from chainrule.host.rehearsal.loops import Loop
from chainrule.host.rehearsal.writing_functions import GIVEN, compiled, replaced

OTHER = 3  # by how much a number is changed to see which sizes change with it
SCHEMES = 2  # numbers up to this one stand in the formulas of initializations
PART = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.expr_context)


class Start:
    """The initialization before a loop.

    parameters: {name: value}, in the order of the layers.  places: {name: the layer of each axis, None for an axis of
    length 1}.  names: {name of a number in the file: the layer of whose size it is}.
    Raises ValueError if no statement before the loop makes the parameters, or these raise an exception.
    """

    def __init__(
        self,
        loop: Loop,
        parameters: Mapping[str, np.ndarray],
        sizes: Sequence[int],
        read_by: Mapping[str, set[str]],
        namespace: dict[str, Any],
        file: str,
    ) -> None:
        self.loop, self.parameters, self.sizes = loop, parameters, sizes
        self.read_by, self.namespace, self.file = read_by, namespace, file
        self.places = places_of(parameters, sizes)
        given = {name for name, value in loop.start.items() if self.stays(value)} - set(parameters)
        statements = latest(loop.before, parameters, read_by, given)
        bound = set().union(*(uses(one, read_by).affects for one in statements))
        if not set(parameters) <= bound:
            raise ValueError("no statement before it makes its parameters")
        self.numbers = Numbers(loop.start, namespace, bound)
        self.statements: list[ast.stmt] = [self.numbers.visit(copy.deepcopy(one)) for one in statements]
        self.layers = self.find_layers()
        named = {self.numbers.spelled[key]: l for key, l in self.layers.items()}
        self.names = {spelled: l for spelled, l in named.items() if spelled.isidentifier()}

    def stays(self, value: Any) -> bool:
        """Whether an initialization takes a value as it is: a number, a function, or data."""
        if isinstance(value, (bool, str, int, np.integer, ModuleType)) or callable(value):
            return True
        return isinstance(value, np.ndarray) and any(size != 1 and size not in self.sizes for size in value.shape)

    def find_layers(self) -> dict[str, int]:
        """{name of a number: the layer of whose size it is}."""
        expected = self.shapes({})
        found: dict[str, int] = {}
        for key, old in self.numbers.found.items():
            with suppress(Exception):
                touched = set(self.changed_by(expected, self.shapes({key: old + OTHER})))
                if len(touched) == 1 and None not in touched:
                    found[key] = touched.pop() or 0
        for key in self.numbers.literals - set(found):  # fan-in and fan-out in the scale of the weights
            old = self.numbers.found[key]
            fitting = {l for l in found.values() if self.sizes[l] == old}
            if old > SCHEMES and len(fitting) == 1:
                found[key] = fitting.pop()
        return found

    def changed_by(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[int | None]:
        for name, places in self.places.items():
            yield from (l for l, a, b in zip(places, before[name], after[name], strict=True) if a != b)

    def shapes(self, changed: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        return {name: np.shape(value) for name, value in self.function({}, changed)().items()}

    def function(self, layers: Mapping[str, int], changed: Mapping[str, int] | None = None) -> FunctionType:
        """A function that makes parameters, in a dictionary.

        layers: {name of a number: the layer of whose size it is}, for sizes that are arguments.
        """
        names = {key: f"size_{l}" for key, l in layers.items()}
        statements = replaced(self.statements, names)
        read = set().union(*(uses(one, self.read_by).reads for one in statements))
        kept: dict[str, Any] = {**self.numbers.found, **(changed or {})}
        for name, value in self.loop.start.items():
            own = name in self.namespace and (callable(value) or isinstance(value, ModuleType))
            if name not in self.parameters and not own:
                kept.setdefault(name, value)
        kept = {name: value for name, value in kept.items() if name in read and name not in names}
        items = ", ".join(f"{name!r}: {name}" for name in self.parameters)
        return compiled(
            f"initial_line_{self.loop.line}",
            [f"size_{l}" for l in sorted(set(layers.values()))],
            statements,
            before=[f"{name} = {GIVEN}{name}" for name in kept],
            after=[f"return {{{items}}}"],
            kept={GIVEN + name: value for name, value in kept.items()},
            namespace=self.namespace,
            file=self.file,
        )

    def source(self, layer: int) -> str:
        """An expression for the size of a layer, by the parameters."""
        return next(f"{name}.shape[{places.index(layer)}]" for name, places in self.places.items() if layer in places)


def places_of(parameters: Mapping[str, np.ndarray], sizes: Sequence[int]) -> dict[str, tuple[int | None, ...]]:
    """{parameter: the layer of each axis, None for an axis of length 1}."""
    shapes = {name: value.shape for name, value in parameters.items()}
    matrices = [name for name, shape in shapes.items() if len(shape) == 2 and 1 not in shape]
    in_out = all(shapes[name] == (sizes[l], sizes[l + 1]) for l, name in enumerate(matrices))
    found: dict[str, tuple[int | None, ...]] = {}
    for l, name in enumerate(matrices):
        found[name] = (l, l + 1) if in_out else (l + 1, l)
    for l, name in enumerate((name for name in shapes if name not in matrices), 1):
        found[name] = tuple(l if size > 1 or len(shapes[name]) == 1 else None for size in shapes[name])
    return found


class Numbers(ast.NodeTransformer):
    """Gives a name to every whole number in some statements.

    start: the values of names.  bound: names that the statements themselves bind.
    found: {name: number}.  spelled: {name: how the source spells it}.  literals: the names of literals.
    """

    def __init__(self, start: Mapping[str, Any], namespace: Mapping[str, Any], bound: Collection[str]) -> None:
        self.values, self.bound = {**namespace, **start}, set(bound)
        self.found: dict[str, int] = {}
        self.spelled: dict[str, str] = {}
        self.literals: set[str] = set()

    def visit(self, node: ast.AST) -> Any:
        value = self.number(node) if isinstance(node, ast.expr) else None
        if value is None:
            return super().visit(node)
        spelled, literal = ast.unparse(node), isinstance(node, ast.Constant)
        same = [key for key, one in self.spelled.items() if one == spelled and not literal]
        key = same[0] if same else f"number_{len(self.found)}"
        self.found[key], self.spelled[key] = value, spelled
        self.literals |= {key} if literal else set()
        return ast.copy_location(ast.Name(key, ast.Load()), node)

    def number(self, node: ast.expr) -> int | None:
        """The value of a name, an attribute, an item or a length; None unless it is a positive whole number."""
        is_length = isinstance(node, ast.Call) and ast.unparse(node.func) == "len" and len(node.args) == 1
        inner = node.args[0] if is_length else node  # type: ignore[attr-defined]
        if isinstance(getattr(node, "ctx", None), ast.Store) or names_in(inner) & self.bound:
            return None
        if not all(isinstance(part, PART) for part in ast.walk(inner)):
            return None
        with suppress(Exception):
            value = eval(compile(ast.Expression(node), "", "eval"), dict(self.values))
            if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0:
                return int(value)
        return None
