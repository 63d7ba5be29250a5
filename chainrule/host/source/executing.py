"""Executes the statements that rule.py selects of a file, one by one, and notes what it left out."""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import importlib
import importlib.util
import linecache
import sys
import textwrap
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from chainrule.host.source.newer_python import needs
from chainrule.host.source.python_2 import parse_file
from chainrule.host.source.rule import ASSIGNMENTS, DEFINITIONS, TRIES, Rule, main_guard, statements
from chainrule.host.source.scopes import Read, names
from chainrule.host.source.stand_ins import Absence, Imports, Placeholder, Substitute, substitute
from chainrule.support.source_positions import place, within
from chainrule.support.time_limit import TimedOut, limit

STATEMENT_LIMIT = 10.0  # seconds for one assignment: a definition needs nothing that takes longer
LONGEST_QUOTE = 60  # characters of a statement that a message quotes
TYPE_ALIAS: tuple[type[ast.stmt], ...] = (ast.TypeAlias,) if sys.version_info >= (3, 12) else ()  # type: ignore[attr-defined,unused-ignore]


class Execution:
    """Executes selected statements of one file in its module's namespace.

    body: its statements.  after run(), notes: sentences on what was left out; missing: {name: why it is not there}.
    """

    def __init__(
        self,
        module: ModuleType,
        filename: str,
        body: list[ast.stmt],
        absence: Absence,
        siblings: Siblings,
        imports: Imports,
    ) -> None:
        self.filename, self.body = filename, body
        self.namespace = module.__dict__
        self.absence, self.siblings, self.imports = absence, siblings, imports
        self.rule = Rule(body, self.namespace)
        self.readers: dict[str, list[Read]] = {}  # {name: the definitions that read it}, of those executed
        self.failed: dict[ast.stmt, BaseException] = {}
        self.flags = __future__.annotations.compiler_flag  # a broken annotation must not stop its function

    @property
    def defined(self) -> bool:
        """Whether any function or class was defined."""
        return bool(self.readers)

    def run(self) -> None:
        """Execute the file.  If no definition succeeds, raises the exception of the first."""
        for statement in self.body:
            self._statement(statement)
        if "xrange" in self.rule.needed and not self._is_defined("xrange"):
            self.namespace["xrange"] = range
            self.absence.note("xrange exists only in Python 2: chainrule uses range instead")
        self._import_inside()
        lost = [error for statement, error in self.failed.items() if isinstance(statement, DEFINITIONS)]
        if lost and not self.defined:
            raise lost[0]

    def _statement(self, statement: ast.stmt, strict: bool = False) -> None:
        """Execute one statement.  strict: let its exceptions through, for the `try` around it."""
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            self._import(statement, strict)
        elif isinstance(statement, DEFINITIONS):
            self._define(statement, strict)
        elif isinstance(statement, ast.If):
            for chosen in self._branch(statement):
                self._statement(chosen, strict)
            if main_guard(statement.test) is False:
                self._constants(statement.body)
        elif isinstance(statement, TRIES):
            self._try(statement, strict)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for inner in statement.body:
                self._statement(inner, strict)
        elif isinstance(statement, TYPE_ALIAS) or self.rule.runs(statement):
            self._attempt(statement, strict)

    def _execute(self, statement: ast.stmt) -> None:
        code = compile(ast.Module([statement], []), self.filename, "exec", flags=self.flags, dont_inherit=True)
        exec(code, self.namespace)

    def _attempt(self, statement: ast.stmt, strict: bool) -> None:
        """Execute an assignment, and note an exception; statements that do not need its names run all the same."""
        try:
            with limit(STATEMENT_LIMIT):
                self._execute(statement)
        except TimedOut as error:
            self._note(statement, f"{quote(self.filename, statement)} did not end within {STATEMENT_LIMIT:g} s")
            self.failed[statement] = error
        except (Exception, SystemExit) as error:
            if strict:
                raise
            self._note(statement, f"{quote(self.filename, statement)} did not run: {told(error)}")
            self.failed[statement] = error
        else:
            later = self.rule.of(statement).later
            if later:  # the value contains a lambda, which is a definition
                self.readers["".join(sorted(self.rule.of(statement).bound))] = later

    def _define(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, strict: bool) -> None:
        """Define a function or class, even if a default value or a base class is missing."""
        used = self.rule.of(statement)
        absent = {read.name for read in used.now if not self._is_defined(read.name)} - {statement.name}
        borrowed = {name: Placeholder(name, f"{name} is not defined", self.absence) for name in absent}
        self.namespace.update(borrowed)
        try:
            self._execute(statement)
        except (Exception, SystemExit) as error:
            if strict:
                raise
            kind = "class" if isinstance(statement, ast.ClassDef) else "function"
            self._note(statement, f"{kind} {statement.name} could not be defined: {told(error)}")
            self.failed[statement] = error
        else:
            self.rule.defined[statement.name] = statement
            self.readers[statement.name] = [*used.now, *used.later]
        finally:
            for name, placeholder in borrowed.items():
                if self.namespace.get(name) is placeholder:
                    del self.namespace[name]

    def _branch(self, statement: ast.If) -> list[ast.stmt]:
        """The branch to execute.  A condition that cannot be evaluated counts as true if there is no `else`."""
        holds = main_guard(statement.test)
        if holds is None and self.rule.constant_like(statement.test):
            with contextlib.suppress(Exception), limit(STATEMENT_LIMIT):
                test = ast.Expression(statement.test)
                holds = bool(eval(compile(test, self.filename, "eval", dont_inherit=True), self.namespace))
        if holds is None:
            holds = not statement.orelse
        return statement.body if holds else statement.orelse

    def _constants(self, body: list[ast.stmt]) -> None:
        """Execute, of the statements for a script, the constants that functions read and nothing else defines."""
        for statement in body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value and self.rule.needs(statement):
                absent = not any(map(self._is_defined, self.rule.of(statement).bound))
                if absent and self.rule.constant_like(statement.value):
                    self._attempt(statement, strict=False)

    def _try(self, statement: Any, strict: bool) -> None:
        """Execute a `try`, with the rule for each statement in it."""
        try:
            for inner in statement.body:
                self._statement(inner, strict=True)
        except (Exception, SystemExit) as error:
            handler = next((handler for handler in statement.handlers if self._catches(handler, error)), None)
            if handler is None and strict:
                raise
            for inner in handler.body if handler else []:
                self._statement(inner, strict)
            for inner in statement.body:  # the handler did not define the name, so a placeholder takes its place
                self._fill_in(inner, error)
        else:
            for inner in statement.orelse:
                self._statement(inner, strict)
        for inner in statement.finalbody:
            self._statement(inner, strict)

    def _catches(self, handler: ast.ExceptHandler, error: BaseException) -> bool:
        if handler.type is None:
            return True
        try:
            caught = eval(compile(ast.Expression(handler.type), self.filename, "eval"), self.namespace)
            return isinstance(error, caught)
        except Exception:
            return False

    def _fill_in(self, statement: ast.stmt, error: BaseException) -> None:
        """After a `try` that failed, import or define the names that are still missing."""
        if not all(self._is_defined(name) for name in self.rule.of(statement).bound - {"*"}):
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self._import(statement, strict=False, caught=True)
            elif isinstance(statement, DEFINITIONS):
                self._define(statement, strict=False)
            elif isinstance(statement, ASSIGNMENTS):
                self.failed[statement] = error

    def _import(self, statement: ast.Import | ast.ImportFrom, strict: bool, caught: bool = False) -> None:
        """Import every name by itself, so that a missing one does not stop the others.

        caught: whether the statement stands in a `try`, whose handler ran.
        """
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                self.flags |= getattr(__future__, alias.name).compiler_flag
        for alias in statement.names:
            single: ast.stmt = ast.Import([alias])
            if isinstance(statement, ast.ImportFrom):
                single = ast.ImportFrom(statement.module, [alias], statement.level)
            ast.copy_location(single, statement)
            try:
                self._execute(single)
            except (Exception, SystemExit) as error:
                if strict:
                    raise
                self._do_without(single, alias, error, caught)

    def _import_inside(self) -> None:
        """Replace the missing modules that functions import, except those that a `try` in the file does without."""
        found = list(inner_imports(self.body))
        caught = {name.partition(".")[0] for name, in_try in found if in_try}
        for name, _ in found:
            top = name.partition(".")[0]
            if top in caught or name in self.imports.absent or is_there(top):
                continue
            reason = f"{top} is not installed"
            self.imports.absent[name] = found_for_it = substitute(name, reason, self.absence)
            told = found_for_it.told if isinstance(found_for_it, Substitute) else "what needs it does not run"
            self.absence.note(f"{reason}: {told}")

    def _do_without(self, statement: ast.stmt, alias: ast.alias, error: BaseException, caught: bool) -> None:
        """Bind a name after its import failed: to the definitions of a neighbouring file, else to a stand-in."""
        module = self._module_named(statement, alias)
        if not is_absent(error, module) and not self.siblings.active:
            try:
                with self.siblings:
                    self._execute(statement)
            except (Exception, SystemExit) as again:
                error = again
            else:
                self.absence.note(f"of {module} only the definitions run, because importing it raised {told(error)}")
                return
        reason = self._reason(statement, alias, module, error)
        whole, top = isinstance(statement, ast.Import), alias.name.partition(".")[0]
        only_top = whole and not alias.asname and "." in alias.name
        source = substitute(top if only_top else module, reason, self.absence)
        found = source if whole or alias.name == "*" else getattr(source, alias.name)
        if caught and getattr(source, "alike", None) is not None:  # the handler has another way than this library's
            found = Placeholder(module if whole else f"{module}.{alias.name}", reason, self.absence)
        if isinstance(source, Substitute) and not isinstance(found, Placeholder):
            self.absence.note(f"{reason}: {found.told if isinstance(found, Substitute) else source.told}")
        elif not self.siblings.active or is_absent(error, module):  # files often import each other in a circle
            self.absence.note(f"{reason}: what needs it does not run")
        if only_top:
            with contextlib.suppress(Exception):
                found = importlib.import_module(top)
        if alias.name != "*":
            self.namespace[alias.asname or top] = found
        elif isinstance(source, Substitute):
            names_of_all = getattr(source.alike, "__all__", ())
            self.namespace.update({name: getattr(source, name) for name in names_of_all})

    def _module_named(self, statement: ast.stmt, alias: ast.alias) -> str:
        """The absolute name of the module that an import asks for."""
        if isinstance(statement, ast.ImportFrom):
            name = "." * statement.level + (statement.module or "")
            with contextlib.suppress(ImportError):
                return importlib.util.resolve_name(name, self.namespace.get("__package__") or None)
            return name
        return alias.name

    def _reason(self, statement: ast.stmt, alias: ast.alias, module: str, error: BaseException) -> str:
        if is_absent(error, module):
            name = getattr(error, "name", "")
            return f"{name} is not {'there' if '.' in name else 'installed'}"
        if isinstance(error, ImportError) and module in sys.modules and isinstance(statement, ast.ImportFrom):
            return f"{module} has no {alias.name}"
        return f"{module} could not be imported ({told(error)})"

    def _note(self, statement: ast.stmt, sentence: str) -> None:
        self.absence.note(f"{self._place(statement.lineno)}: {sentence}")

    def _place(self, line: int) -> str:
        return place(self.filename, line) if self.siblings.active else within(self.filename, line)

    def _is_defined(self, name: str) -> bool:
        return name in self.namespace or hasattr(builtins, name)

    def missing(self) -> dict[str, str]:
        """{global: why it is missing}, of the names that definitions read, and of the failed definitions."""
        found = {}
        for statement, error in self.failed.items():
            if isinstance(statement, DEFINITIONS) and not self._is_defined(statement.name):
                found[statement.name] = (
                    f"{statement.name} ({self._place(statement.lineno)}) could not be defined: {told(error)}"
                )
        for reads in self.readers.values():
            for read in reads:
                if read.name not in found and not self._is_defined(read.name):
                    reader = f"{read.reader or 'a definition'} ({self._place(read.line)})"
                    found[read.name] = f"{read.name} is read by {reader} and {self._origin(read.name)}"
        return found

    def _origin(self, name: str) -> str:
        """Where a missing name would have come from, in words."""
        for statement in statements(self.body):
            if name in binds(statement):
                why = f": {told(self.failed[statement])}" if statement in self.failed else ""
                where = self._place(statement.lineno)
                return f"defined by `{quote(self.filename, statement)}` ({where}), which did not run{why}"
        for statement in statements(self.body):
            if isinstance(statement, DEFINITIONS):
                for node in ast.walk(statement):
                    if isinstance(node, ast.Global) and name in node.names:
                        return f"set by {statement.name} ({self._place(node.lineno)}), which has not been called"
        return "defined nowhere in the file"


class Siblings:
    """While active, makes imports execute files of the checked file's project by the same rule.

    folders: those of the project.  imports: for their functions, as for those of the checked file.
    """

    def __init__(self, folders: Sequence[Path], absence: Absence, imports: Imports) -> None:
        self.folders, self.absence, self.imports = folders, absence, imports
        self.active = False

    def __enter__(self) -> None:
        self.active = True
        sys.meta_path.insert(0, self)

    def __exit__(self, *_error: object) -> None:
        sys.meta_path.remove(self)
        self.active = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        origin = Path(spec.loader.path)
        if "site-packages" in origin.parts or not any(origin.is_relative_to(folder) for folder in self.folders):
            return None
        spec.loader = SelectiveLoader(spec.loader.name, spec.loader.path, self)
        return spec


class SelectiveLoader(SourceFileLoader):
    """Imports a neighbouring file by the rule, whose work no recording of a training counts."""

    def __init__(self, name: str, path: str, siblings: Siblings) -> None:
        super().__init__(name, path)
        self.siblings = siblings

    def exec_module(self, module: ModuleType) -> None:
        try:
            body, _ = parse_file(Path(self.path))
        except (SyntaxError, ValueError):
            if self.is_package(module.__name__):  # the package's modules may still be usable
                return
            raise
        self.siblings.imports.serve(module)
        recording = sys.getprofile()
        sys.setprofile(None)
        try:
            Execution(module, self.path, body, self.siblings.absence, self.siblings, self.siblings.imports).run()
        finally:
            sys.setprofile(recording)


def inner_imports(body: Sequence[ast.AST], inside: bool = False, in_try: bool = False) -> Iterator[tuple[str, bool]]:
    """(module, whether a `try` catches that it is missing) of the imports inside functions, relative ones left out.

    A plain `import a.b` counts as one of `a`, which is what it binds.
    """
    for node in body:
        if inside and isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], in_try) for alias in node.names)
        elif inside and isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, in_try
        elif isinstance(node, TRIES):
            yield from inner_imports(node.body, inside, in_try or any(map(catches_imports, node.handlers)))
            yield from inner_imports([*node.handlers, *node.orelse, *node.finalbody], inside, in_try)
        else:
            within_function = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            yield from inner_imports(list(ast.iter_child_nodes(node)), within_function, in_try)


def catches_imports(handler: ast.ExceptHandler) -> bool:
    """Whether an exception handler catches that a module is missing."""
    kinds = "Exception" if handler.type is None else ast.unparse(handler.type)
    return any(kind in kinds for kind in ("ImportError", "ModuleNotFoundError", "Exception"))


def is_there(module: str) -> bool:
    """Whether Python finds a top-level module."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
    except ValueError:  # a loaded module that does not say where it comes from
        return True


def is_absent(error: BaseException, module: str) -> bool:
    """Whether Python did not find `module` itself, or a package around it."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return name is not None and (module == name or module.startswith(f"{name}."))


def binds(statement: ast.stmt) -> set[str]:
    """The names that a statement itself assigns, without those in its blocks."""
    if isinstance(statement, DEFINITIONS):
        return {statement.name}
    if isinstance(statement, (ast.For, ast.AsyncFor)):
        return names(statement.target).bound
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return names(*[item.optional_vars for item in statement.items if item.optional_vars]).bound
    if isinstance(statement, (*ASSIGNMENTS, ast.Import, ast.ImportFrom)):
        return names(statement).bound
    return set()


def quote(filename: str, statement: ast.stmt) -> str:
    """A statement's first line, for a message."""
    line = linecache.getline(filename, statement.lineno).rstrip("\n").encode()  # Python counts columns in bytes
    end = statement.end_col_offset if statement.end_lineno == statement.lineno else None
    text = line[statement.col_offset : end].decode(errors="replace")
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 4]} ..."


def told(error: BaseException) -> str:
    if isinstance(error, TimedOut):
        return "it takes too long"
    said = textwrap.shorten(newer_python(error) or str(error), 200)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def newer_python(error: BaseException) -> str:
    """What of a file with a syntax error needs a newer Python, in words; else ""."""
    file = Path((error.filename or "") if isinstance(error, SyntaxError) else "")
    return needs(file.read_text("utf-8", "replace")) if file.suffix == ".py" and file.is_file() else ""
