"""The rule that selects the module-level statements to run: definitions and what they need (docs/loading.md).

The rule judges a statement by its text and by the present objects of its names, so that it can tell `np.zeros(3)` from
`load(3)`, under whatever name they are imported.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from chainrule.host.source.scopes import Names, names, root
from chainrule.host.source.stand_ins import Placeholder

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
TRIES = (ast.Try, *((ast.TryStar,) if sys.version_info >= (3, 11) else ()))

# Packages whose functions only compute, except for those that the next pattern matches.
COMPUTING = frozenset(
    "builtins math cmath random numpy scipy torch jax jaxlib cupy autograd array collections itertools functools "
    "operator copy re string types typing typing_extensions enum dataclasses fractions decimal statistics numbers abc "
    "time datetime pathlib posixpath ntpath genericpath argparse logging _random _operator _functools _collections "
    "_thread".split()
)
# Names of functions that read or write files, train or plot, in any package.
ACTING = re.compile(
    r"(load|read|save|open|fetch|download|write|dump|train|fit|plot|show|draw|print|mount|unlink|imread|imshow|urlretrieve"
    r"|gradient_descent|genfromtxt|memmap|from_?file|fromregex|to_?file|to_csv|basic_config|popen|subplots|figure"
    r"|(learn|optimi[sz]e|minimi[sz]e|run)(_|$)"
    r"|(main|sleep|system|remove|rmtree|mkdir|rmdir|touch|rename|listdir|scandir|walk|i?glob|rglob|iterdir|exit)$)"
)
ACTING_BUILTINS = frozenset("open input print exec eval compile exit quit help breakpoint __import__".split())
CHANGING_CALLS = frozenset(
    "append extend insert add update setdefault appendleft add_argument add_argument_group set_defaults".split()
)
SEEDING = frozenset({"seed", "manual_seed", "manual_seed_all"})
SEARCH_PATH = frozenset({"append", "extend", "insert"})


def words(name: str) -> str:
    """A name in lower case with its words separated: loadData -> load_data."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().lstrip("_")


def acts(name: str) -> bool:
    """Whether a function's name says that it reads or writes files, trains or plots."""
    return not name.lstrip("_")[:1].isupper() and bool(ACTING.match(words(name)))


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements at module level, including those inside if, try, with and loops."""
    for statement in body:
        yield statement
        if not isinstance(statement, DEFINITIONS):
            for block in ("body", "orelse", "finalbody"):
                yield from statements(getattr(statement, block, []))
            for handler in getattr(statement, "handlers", []):
                yield from statements(handler.body)


def main_guard(test: ast.expr) -> bool | None:
    """The value of `__name__ == "__main__"` in a checked file, False; None for any other condition."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
        return None
    sides = [test.left, test.comparators[0]]
    if not any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides):
        return None
    if not any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides):
        return None
    return isinstance(test.ops[0], (ast.NotEq, ast.IsNot))


class Rule:
    """The rule for one file.

    body: all its statements.  namespace: the module's globals, which change as statements run.
    """

    def __init__(self, body: list[ast.stmt], namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self.defined: dict[str, Definition] = {}  # definitions by the statements that have run
        self.uses: dict[ast.AST, Names] = {}
        self.needed = self._needed(body)

    def of(self, statement: ast.AST) -> Names:
        """The names that a statement binds and reads."""
        if statement not in self.uses:
            self.uses[statement] = names(statement)
        return self.uses[statement]

    def _needed(self, body: list[ast.stmt]) -> set[str]:
        """The globals that definitions read, and the globals from which those are computed."""
        needed: set[str] = set()
        assignments = []
        own = {statement.name for statement in statements(body) if isinstance(statement, DEFINITIONS)}
        for statement in statements(body):
            if isinstance(statement, DEFINITIONS):
                needed.update(read.name for read in (*self.of(statement).now, *self.of(statement).later))
            elif isinstance(statement, ASSIGNMENTS) or changing_call(statement) is not None:
                assignments.append(statement)
                needed.update(read.name for read in self.of(statement).later)
                if decorates(statement, own):
                    needed |= makes(statement, self.of(statement))
        before = -1
        while len(needed) > before:
            before = len(needed)
            for statement in assignments:
                if needed & makes(statement, self.of(statement)):
                    needed.update(read.name for read in self.of(statement).now)
        return needed

    def runs(self, statement: ast.stmt) -> bool:
        """Whether an assignment, or an expression statement, runs now."""
        if isinstance(statement, ASSIGNMENTS):
            if not self._may_change(statement):
                return False
            value = statement.value
            return value is not None and (self.constant_like(value) or self._is_needed(statement))
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call):
            return False
        if seeds(call):
            return self.constant_like(call)
        if searches(call) or patches(call):
            return all(self.constant_like(argument) for argument in arguments(call))
        if changing_call(statement) is None or not self._may_change(statement):
            return False
        return all(self.constant_like(argument) for argument in arguments(call)) or self._is_needed(statement)

    def constant_like(self, value: ast.expr) -> bool:
        """Whether an expression only computes, and all its names are defined."""
        used = names(value)
        return (
            self._are_defined(used)
            and not any(isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)) for node in ast.walk(value))
            and all(self._only_computes(call, used.bound) for call in calls(value))
        )

    def needs(self, statement: ast.stmt) -> bool:
        """Whether a definition reads what a statement assigns, or something computed from it."""
        return bool(self.needed & makes(statement, self.of(statement)))

    def _is_needed(self, statement: ast.stmt) -> bool:
        """Whether a definition needs what a statement assigns, and computing it neither reads files nor trains."""
        if isinstance(statement, ast.Expr):  # a list that exists is completed, too
            parts = arguments(statement.value)  # type: ignore[arg-type]
        elif self.needs(statement):
            parts = [statement.value]  # type: ignore[attr-defined]
        else:
            return False
        return all(
            self._are_defined(names(part)) and all(self._may_be_called(call) for call in calls(part)) for part in parts
        )

    def _are_defined(self, used: Names) -> bool:
        return all(
            read.name in self.namespace or hasattr(builtins, read.name)
            for read in used.now
            if read.name not in used.bound
        )

    def _may_change(self, statement: ast.stmt) -> bool:
        """Whether the objects that a statement changes exist and are not modules, which all code shares."""
        changed = set(makes(statement, self.of(statement)) - self.of(statement).bound)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            changed.add(statement.target.id)
        return all(
            name in self.namespace and not isinstance(self.namespace[name], (ModuleType, Placeholder))
            for name in changed
        )

    def _only_computes(self, call: ast.Call, local: set[str]) -> bool:
        chain = dotted(call.func)
        if chain is None:  # a method of an expression's result; the rule judges that expression by itself
            return isinstance(call.func, ast.Attribute) and not acts(call.func.attr)
        if any(map(acts, chain)):
            return False
        if chain[0] in local:
            return len(chain) > 1
        if len(chain) == 1 and chain[0] in ACTING_BUILTINS:
            return False
        found = self._resolve(chain)
        if found is os.environ:
            return True
        home = home_of(found)
        return (
            not isinstance(found, (Placeholder, ModuleType))
            and home != self.namespace.get("__name__")
            and home.partition(".")[0] in COMPUTING
        )

    def _may_be_called(self, call: ast.Call) -> bool:
        chain = dotted(call.func)
        if chain is None:
            return isinstance(call.func, ast.Attribute) and not acts(call.func.attr)
        if any(map(acts, chain)) or isinstance(self.namespace.get(chain[0]), Placeholder):
            return False
        return len(chain) > 1 or not (chain[0] in ACTING_BUILTINS or self._leads_to_action(chain[0], set()))

    def _leads_to_action(self, name: str, seen: set[str]) -> bool:
        """Whether a function of the file, or the construction of a class, leads to a call that acts, however deep."""
        node = self.defined.get(name)
        if node is None or name in seen:
            return False
        seen.add(name)
        methods: dict[str, ast.AST] = {}
        todo: list[ast.AST] = [node]
        if isinstance(node, ast.ClassDef):
            methods = {child.name: child for child in node.body if isinstance(child, DEFINITIONS[:2])}
            todo = [methods.pop(creator) for creator in CREATORS if creator in methods]
        while todo:
            for call in calls(todo.pop()):
                chain = dotted(call.func) or [call.func.attr if isinstance(call.func, ast.Attribute) else ""]
                alone = len(chain) == 1
                if chain != ["print"] and (acts(chain[-1]) or (alone and chain[0] in ACTING_BUILTINS)):
                    return True
                if alone and self._leads_to_action(chain[0], seen):
                    return True
                if chain[0] == "self" and chain[-1] in methods:
                    todo.append(methods.pop(chain[-1]))
        return False

    def _resolve(self, chain: list[str]) -> Any:
        """The object of a dotted name, or the first object in it that is neither module nor class."""
        found = self.namespace.get(chain[0], getattr(builtins, chain[0], None))
        for attribute in chain[1:]:
            if not isinstance(found, (ModuleType, type)):
                break
            try:
                found = getattr(found, attribute, None)
            except Exception:  # a module that imports its parts on first use may raise anything
                return None
        return found


CREATORS = ("__init__", "__new__", "__post_init__")


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in an expression or a function's body, without those inside a lambda."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, ast.Call):
            yield current
        if not isinstance(current, ast.Lambda):
            stack.extend(ast.iter_child_nodes(current))


def arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def dotted(node: ast.expr) -> list[str] | None:
    """The names in a dotted name, ['np', 'random', 'seed'] for `np.random.seed`; None for other expressions."""
    chain: list[str] = []
    while isinstance(node, ast.Attribute):
        chain.append(node.attr)
        node = node.value
    return [node.id, *chain[::-1]] if isinstance(node, ast.Name) else None


def home_of(thing: Any) -> str:
    """The module that defines a function, a class, or the type of an object."""
    home = getattr(thing, "__module__", None) if callable(thing) else None
    if not isinstance(home, str):
        home = type(getattr(thing, "__self__", thing)).__module__
    return home


def makes(statement: ast.stmt, used: Names) -> set[str]:
    """The globals that an assignment, or a call such as `layers.append(3)`, assigns or changes."""
    changed = changing_call(statement)
    return used.bound | used.changed | ({changed} if changed else set())


def changing_call(statement: ast.stmt) -> str | None:
    """The name of the list, dictionary or set that a call changes: `layers` for `layers.append(3)`."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and function.attr in CHANGING_CALLS:
            return root(function) or None
    return None


def decorates(statement: ast.stmt, own: Collection[str]) -> bool:
    """Whether an assignment works like a decorator: `relu = traced(relu)`, or `relu = traced(lambda z: ...)`.

    own: the functions of the file.
    """
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)):
        return False
    targets = {target.id for target in statement.targets if isinstance(target, ast.Name) and target.id in own}
    return any(
        isinstance(given, ast.Lambda) or (isinstance(given, ast.Name) and given.id in targets)
        for given in statement.value.args
    )


def seeds(call: ast.Call) -> bool:
    """Whether a call sets a seed: np.random.seed(0), random.seed(0), torch.manual_seed(0)."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in SEEDING


def searches(call: ast.Call) -> bool:
    """Whether a call extends the search path: sys.path.append(FOLDER)."""
    chain = dotted(call.func)
    return chain is not None and chain[:2] == ["sys", "path"] and chain[-1] in SEARCH_PATH


def patches(call: ast.Call) -> bool:
    """Whether a call sets an attribute: setattr(Net, "fit", fit)."""
    return isinstance(call.func, ast.Name) and call.func.id == "setattr"
