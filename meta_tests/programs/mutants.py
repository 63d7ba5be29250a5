"""The mutants of the reference: its modules, each with one small change.

Changes of operators, comparisons, numbers and keywords are cosmic-ray's, those of array code numpy_mutations.py's.
What does not compile is no mutant, nor is what compiles to the same, and of several ways to the same text one counts.
Bit operators in place of arithmetic are left out: on floating-point numbers they only raise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from chainrule.contract.chapters import EXTENSION_CHAPTERS
from programs import numpy_mutations

MODULES = ("functions.py", "mlp.py", *(f"{chapter}.py" for chapter in EXTENSION_CHAPTERS), "arguments.py")
LEFT_OUT = ("Shift", "Bit", "_Invert")


@dataclass(frozen=True)
class Mutant:
    """file: a module of the reference.  function: where in it, such as MLP.fit.  operator: the kind of change.

    before, after: the lines it changes, without their indentation.  source: the whole module, changed.
    """

    file: str
    function: str
    operator: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is known by, wherever in its file it comes to stand."""
        return self.file, self.function, self.before, self.after

    def __str__(self) -> str:
        return f"{self.file} {self.function}: {self.before}  ->  {self.after}  ({self.operator})"


def mutants(folder: Path) -> list[Mutant]:
    """Every mutant of the modules in this folder."""
    return [mutant for file in MODULES for mutant in mutants_of(file, (folder / file).read_text(encoding="utf-8"))]


def mutants_of(file: str, text: str) -> Iterator[Mutant]:
    seen = {meaning(text)}
    for operator, source in changed(text):
        try:
            changed_meaning = meaning(source)
        except SyntaxError:
            continue
        if changed_meaning in seen:
            continue
        seen.add(changed_meaning)
        line, before, after = difference(text, source)
        yield Mutant(file, function_at(text, line), operator, before, after, source)


def meaning(text: str) -> str:
    """A module's tree as text: what a comment or a pair of parentheses does not change."""
    compile(text, "mutant", "exec")
    return ast.dump(ast.parse(text))


def changed(text: str) -> Iterator[tuple[str, str]]:
    """(kind of change, changed text)."""
    for edit in numpy_mutations.edits(text):
        yield edit.operator, edit.apply(text)
    yield from by_cosmic_ray(text)


def by_cosmic_ray(text: str) -> Iterator[tuple[str, str]]:
    """All that cosmic-ray's operators make of a module, but for those that need to be told names of variables."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or any(part in name for part in LEFT_OUT):
            continue
        for occurrence in count():
            source = mutate_code(text, operator(), occurrence)
            if source is None:
                break
            yield name.partition("/")[2], source


def difference(text: str, source: str) -> tuple[int, str, str]:
    """(number of the first line that differs, the lines there were, the lines there are)."""
    old, new = text.splitlines(), source.splitlines()
    first = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    last = next(i for i, (a, b) in enumerate(zip(old[::-1], new[::-1], strict=False)) if a != b)
    return first + 1, joined(old[first : len(old) - last]), joined(new[first : len(new) - last])


def joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def function_at(text: str, line: int) -> str:
    """The function, or method with its class, that a line stands in; `<module>` outside all."""
    names: list[str] = []
    nodes: list[ast.stmt] = ast.parse(text).body
    while inside := [
        node
        for node in nodes
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.lineno <= line <= (node.end_lineno or 0)
    ]:
        names.append(inside[0].name)
        nodes = inside[0].body
    return ".".join(names) or "<module>"
