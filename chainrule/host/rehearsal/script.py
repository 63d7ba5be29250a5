"""Runs a whole file once, with made data where it would load some, and nothing printed, drawn, written or sent."""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections import ChainMap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from chainrule.host.guard.memory import bounded_memory
from chainrule.host.guard.refusing import GATE, Refused, refusing
from chainrule.host.recognition.vocabulary import plain
from chainrule.host.rehearsal.loops import NOTE, ROUNDS, loops_in, watched, with_notes
from chainrule.host.rehearsal.made_data import FEWEST, MOST, Kind, made_for, targets_of
from chainrule.host.rehearsal.recording import Call, Enough, Recorder
from chainrule.host.rehearsal.substitutes import ABSENT, DONE_HERE, DRAWING, DRAWN_WITH, drawing_nothing, drawings
from chainrule.host.rehearsal.tables import NotLoaded, Table, role_of
from chainrule.host.source.rule import DEFINITIONS, main_guard, words
from chainrule.host.source.stand_ins import NotInstalled, Placeholder, Substitute
from chainrule.support.time_limit import TimedOut, limit

LONGEST = 2.0  # seconds for all statements of a file
NO_DATA = "__no_data__"  # a name that is never defined
GET = "__data_for__"  # the name under which the transformed code finds the function that gets data
WITHOUT_DATA = (Refused, NotInstalled, ModuleNotFoundError, FileNotFoundError, NameError, SystemExit, NotLoaded)


# Modules that load, prepare or draw data, or report on a training; a rehearsal does without them.
DONE_WITHOUT = frozenset(
    """
    IPython PIL bokeh cv2 datasets gdown google idx2numpy imageio ipywidgets kaggle keras kagglehub matplotlib mlxtend
    mnist nnfs openml pandas plotly polars pyplot requests scikitplot seaborn skimage sklearn tensorboard
    tensorboardX tensorflow torchvision urllib wandb wget
    """.split()
)
LOADS = re.compile(
    r"(load|read|fetch|download|import|open|get_\w*(data|set|mnist|images|labels))"
)  # names of functions
# Functions that write, make, move or fetch files and folders: alone in a statement, they do nothing if refused.
WRITES = frozenset(
    """
    chdir copy copyfile dump download extract extractall makedirs mkdir move putenv remove rename rmdir rmtree save
    save_model savefig savetxt savez savez_compressed setdefault system to_csv to_json to_pickle unlink urlretrieve
    write_text
    """.split()
)
REFUSED = "__refused__"  # the name under which it finds the exception for what a rehearsal refuses
DRAWS = re.compile(r"(^|\.|_)(plot|draw|visuali[sz]e|show|imshow|summary|summari[sz]e)", re.IGNORECASE)
IMPORTS_OF = (ast.Import, ast.ImportFrom)
GONE = ("int", "float", "bool", "object", "str", "complex")  # which NumPy had until 1.24, beside Python's own
IMPORTS = "__import_for__"  # the name under which the transformed code finds the function that stands in for a module


class Loading(ast.NodeTransformer):
    """Makes assignments from calls get made data where the call cannot load any, and imports never fail.

    A statement that asks for what is refused, such as a new folder, does nothing.
    largest: the largest place in the data that the file names, beyond what made data have.  Places are brought near.
    """

    def __init__(self, largest: int = 0) -> None:
        self.largest = largest

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> Any:
        if isinstance(node, ast.Import) and len(node.names) > 1:
            apart = [ast.copy_location(ast.Import([alias]), node) for alias in node.names]
            return ast.copy_location(ast.If(ast.Constant(True), [self.visit_Import(one) for one in apart], []), node)
        if any(alias.name == "*" for alias in node.names) or getattr(node, "module", "") == "__future__":
            return node
        bound = [(alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names]
        level = getattr(node, "level", 0)
        tops = {(getattr(node, "module", None) or name).partition(".")[0] for _, name in bound}
        absent: list[ast.stmt] = [
            ast.Assign(
                [ast.Name(name, ast.Store())],
                ast.Call(ast.Name(IMPORTS, ast.Load()), [ast.Constant("" if tops <= DRAWN_WITH else path)], []),
            )
            for name, path in bound
        ]
        names = [name for name, _ in bound if role_of(name) in ("x", "y")]
        if isinstance(node, ast.ImportFrom) and {"x", "y"} <= set(map(role_of, names)):
            absent.append(with_data(names))
        made: list[ast.stmt] = [ast.copy_location(one, node) for one in absent]
        if tops <= DONE_WITHOUT and not level:
            return ast.If(ast.Constant(True), made, [])
        handlers = [ast.ExceptHandler(ast.Name("ImportError", ast.Load()), None, made)]
        if len(absent) > len(bound):  # a module that loads data fails in its own way
            handlers.append(ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, made))
        return ast.Try([node], handlers, [], [])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return self.visit_Import(node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        read = any(isinstance(inner, (ast.Call, ast.Attribute)) for inner in ast.walk(node.value)) or is_entry(
            node.value
        )
        plainly = not any(
            isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)) for inner in ast.walk(node.value)
        )
        if read and plainly and not isinstance(node.targets[0], ast.Subscript):
            thunk = ast.Lambda(ast.arguments([], [], None, [], [], None, []), node.value)
            shape = ast.Constant(targets_of(node.targets))
            loads = ast.Constant(called_to_load(node.value))
            node.value = ast.Call(ast.Name(GET, ast.Load()), [thunk, shape, loads], [])
        self.generic_visit(node.value)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """A call that stands alone and draws does nothing, nor does one that writes if that is refused."""
        self.generic_visit(node)
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if called is None:
            return node
        if DRAWS.search(ast.unparse(called)):
            return ast.copy_location(ast.Pass(), node)
        if getattr(called, "attr", getattr(called, "id", "")) not in WRITES:
            return node
        handler = ast.ExceptHandler(ast.Name(REFUSED, ast.Load()), None, [ast.Pass()])
        return ast.Try([node], [handler], [], [])

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        of_numpy = isinstance(node.value, ast.Name) and node.value.id in ("np", "numpy")
        return ast.copy_location(ast.Name(node.attr, node.ctx), node) if of_numpy and node.attr in GONE else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Indices such as `data[:50000]`, which all keep their order among the samples of made data."""
        self.generic_visit(node)
        for place in places_in(node) if self.largest else ():
            if place.value > MOST:
                place.value = place.value * FEWEST // (2 * self.largest)
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        for item in node.items:
            if isinstance(item.context_expr, ast.Call):
                thunk = ast.Lambda(ast.arguments([], [], None, [], [], None, []), item.context_expr)
                item.context_expr = ast.Call(ast.Name(GET, ast.Load()), [thunk, ast.Constant(None)], [])
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        return with_notes(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        return with_notes(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        for inner in node.body:
            if isinstance(inner, DEFINITIONS):
                self.generic_visit(inner)
        return node


def with_data(names: Sequence[str]) -> ast.Assign:
    """The assignment of made data to names that a module would have given."""
    targets = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
    nothing = ast.Lambda(ast.arguments([], [], None, [], [], None, []), ast.Name(NO_DATA, ast.Load()))
    shape = ast.Constant(targets_of([targets]))
    return ast.Assign([targets], ast.Call(ast.Name(GET, ast.Load()), [nothing, shape], []))


def is_entry(node: ast.expr) -> bool:
    """Whether an expression reads one entry by its name, as of an archive: data["x_train"]."""
    return isinstance(node, ast.Subscript) and isinstance(getattr(node.slice, "value", None), str)


def called_to_load(node: ast.expr) -> bool:
    """Whether an expression is a call of a function whose name says that it loads something."""
    called = node.func if isinstance(node, ast.Call) else None
    return bool(LOADS.match(words(str(getattr(called, "attr", getattr(called, "id", ""))))))


def places_in(node: ast.Subscript) -> Iterator[Any]:
    """The literals of whole numbers that are indices, or bounds of slices, in a subscript."""
    for index in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
        for part in (index.lower, index.upper) if isinstance(index, ast.Slice) else [index]:
            if isinstance(part, ast.Constant) and type(part.value) is int:
                yield part


def farthest(body: Sequence[ast.stmt]) -> int:
    """The largest place in the data that statements name, if made data are not so long; else 0."""
    nodes = (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Subscript))
    places = [place.value for node in nodes for place in places_in(node)]
    return max((place for place in places if place > MOST), default=0)


class Stage:
    """A file whose statements can be run again and again, each time in a namespace of their own.

    module: the file as it was loaded.  folders: those of the project.
    made: the targets of the assignments for which the last rehearsal made data.  steps: how many were recorded.
    loops: that may train a network, with the values that they had.  namespace: of the last rehearsal.
    """

    def __init__(self, module: ModuleType, body: Sequence[ast.stmt], path: Path, folders: Collection[str]) -> None:
        self.loaded, self.path, self.folders = vars(module), str(path), folders
        self.made: list[Any] = []
        self.steps = 0
        self.namespace: dict[str, Any] = {}
        self.loops = loops_in(opened(body))
        watched(self.loops)
        self.farthest = farthest(body)
        self.code = [(self.compiled(one), isinstance(one, IMPORTS_OF)) for one in opened(body) if compiles(one)]

    def compiled(self, statement: ast.stmt) -> CodeType:
        """The code of one statement, which notes what loops do and gets made data."""
        changed = ast.fix_missing_locations(Loading(self.farthest).visit(copy.deepcopy(statement)))
        return compile(ast.Module([changed], []), self.path, "exec", dont_inherit=True)

    def rehearse(self, kind: Kind) -> list[Call]:
        """Run the statements one by one.  Returns the recorded calls."""
        self.made.clear()
        namespace = {name: value for name, value in self.loaded.items() if name[:2] == name[-2:] == "__"}
        self.namespace = namespace
        recorder = Recorder(self.folders)
        for loop in self.loops:
            loop.forget()
        note = partial(self.note, recorder, namespace)
        namespace |= {GET: partial(self.get, kind), IMPORTS: self.stand_in, REFUSED: Refused, NOTE: note}
        with suppress(TimedOut), bounded_memory(), limit(LONGEST), refusing(), drawing_nothing():
            try:
                for code, recorder.importing in self.code:
                    self.run(code, namespace, recorder)
                    if recorder.over:
                        break
            finally:
                sys.setprofile(None)
        self.steps += recorder.steps
        return recorder.calls

    def note(
        self, recorder: Recorder, namespace: dict[str, Any], loop: int, number: int, values: Mapping[str, Any]
    ) -> None:
        """Note the values of names in a loop.  Raises Enough once it has repeated itself, or the time is over."""
        seen = self.loops[loop]
        if seen.idle:
            return
        with recorder.paused():
            seen.note(number, ChainMap(dict(values), namespace))
        if seen.trains and (seen.rounds > ROUNDS or recorder.late):
            recorder.stop()

    def left(self) -> dict[str, Any]:
        """The namespace of the last rehearsal, whose functions from now on note nothing and get no made data."""
        self.namespace.update({GET: lambda compute, *_: compute(), NOTE: lambda *_: None})
        return self.namespace

    def run(self, code: CodeType, namespace: dict[str, Any], recorder: Recorder) -> None:
        try:
            with recorder:
                exec(code, namespace)
        except Enough:
            return
        except (Exception, SystemExit) as error:
            recorder.unwound(error)

    def get(self, kind: Kind, compute: Callable[[], Any], shape: Any, loads: bool = False) -> Any:
        """The value of an expression, or made data where it cannot be loaded.

        A function that fails on what it gets in place of a file's content, or where it may not read, cannot load.
        loads: whether a failure of any kind means that it cannot be loaded.
        """
        before = ABSENT.uses, len(self.made), GATE.refused
        try:
            found = compute()
        except WITHOUT_DATA:
            found = ABSENT
        except Exception as error:
            now = ABSENT.uses, len(self.made), GATE.refused
            if now == before and not (loads or isinstance(getattr(error, "obj", None), Table)):
                raise
            found = ABSENT
        if found is DRAWING:
            return drawings(shape)
        apart = isinstance(found, tuple) and isinstance(shape, tuple) and len(found) == len(shape)
        if apart and any(part is ABSENT for part in found):  # x, y = data.images(), data.labels()
            self.made += [shape] if shape not in self.made else []
            every = zip(found, made_for(shape, kind), strict=True)
            return tuple(made if part is ABSENT else part for part, made in every)
        if isinstance(found, Table) and found.whole and isinstance(shape, str) and asks_for(shape):
            return found.inputs if asks_for(shape) == "x" else found.labels  # x = load(path), of a function that loads
        if found is not ABSENT and not is_unpacked(found, shape):
            return found
        if isinstance(shape, str) and self.is_made(self.namespace.get(shape)):
            raise NotLoaded(f"{shape} stays as the script made it")
        if shape is not None and shape not in self.made:
            self.made.append(shape)
        return made_for(shape, kind, 0 if shape is None else self.made.index(shape))

    def is_made(self, value: Any) -> bool:
        """Whether a value is an object of the project, which a script may replace by one that it loads."""
        code = getattr(type(value).__dict__.get("__init__"), "__code__", None)
        return code is not None and code.co_filename.startswith(tuple(self.folders))

    def stand_in(self, name: str) -> Any:
        """What takes the place of a module or a name in one: the substitute with which the file was loaded.

        name: empty for a module that draws.
        """
        if not name:
            return DRAWING
        if name in DONE_HERE:
            return DONE_HERE[name]
        for known in self.loaded.values():
            if isinstance(known, Substitute) and known.__name__ == name and known.alike is np:
                return known
        found = self.loaded.get(name, ABSENT)
        return ABSENT if isinstance(found, (Placeholder, ModuleType)) else found


def asks_for(name: str) -> str:
    """`x` or `y` if a name says that it is inputs or labels, and not a table of both; else empty."""
    found = role_of(name)
    return found if found == "y" or (found == "x" and plain(name).startswith("x")) else ""


def is_unpacked(value: Any, shape: Any) -> bool:
    """Whether an assignment takes a made table for inputs and labels: `x, y = data.train_set`."""
    return isinstance(value, Table) and isinstance(shape, tuple) and len(value) != len(shape)


def compiles(statement: ast.stmt) -> bool:
    """Whether a statement can stand at module level: one that yields, or returns, cannot."""
    try:
        compile(ast.Module([statement], []), "script", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def opened(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements of a script, those under `if __name__ == "__main__":` among them."""
    found: list[ast.stmt] = []
    for statement in body:
        holds = main_guard(statement.test) if isinstance(statement, ast.If) else None
        if holds is None:
            found.append(statement)
        else:
            assert isinstance(statement, ast.If)
            found += statement.orelse if holds else statement.body
    return found
