"""Records which functions of some files run, with which arguments and results, and what they change."""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np
import numpy.ma  # whose import would use up the steps of a script that needs it first, as np.unique does

import chainrule.host
from chainrule.host.recognition.namespaces import of_a_library
from chainrule.host.recognition.structures import Path, is_nested, leaves, shape
from chainrule.support.arrays import is_array

ROUNDS = 40  # how often a loop may call before the recording has seen enough of it
KEPT = 3  # how many calls of a function that takes arrays, by the same caller, the record keeps
MADE = 64  # how many objects of a class, and how many calls without arrays, or by the script itself
STEPS = 60_000  # how many calls and returns of any function, NumPy's among them, all statements of a file may take
SECONDS = (
    1.2  # of this thread's CPU time for them: far more than so many steps take, so that a slow machine learns the same
)
SHARE = 0.7  # of both that one statement may take: a training leaves some for what uses the trained network
DEEPEST_KEPT = 64  # calls inside each other
DEEPEST_COPIED = 4  # containers of arguments inside each other
HOST = os.path.dirname(chainrule.host.__file__ or "")  # chainrule's own functions that serve a rehearsal

Key = tuple[str, str, int]  # of a function: its file, name and first line
Contents = dict[Path, "Held"]


class Held(NamedTuple):
    """An array at one moment.  leaf: the object itself, which lives on, so that its id stays its own.

    content: a hash of its bytes.  zero: whether all its numbers are zero.
    """

    shape: tuple[int, ...]
    content: int
    zero: bool
    leaf: Any

    def same(self, other: Held) -> bool:
        """Whether two arrays have the same content."""
        return self[:2] == other[:2]


class Enough(BaseException):
    """The recording has seen enough.  A BaseException, so that the recorded code does not catch it."""


@dataclass
class Call:
    """One call of a function.

    arguments: {parameter: value}, with what *args holds by its name, and what **keywords holds by their own names.
    before, after: the arrays in each argument when the function began and ended.  finished: the place among the calls
    in the order in which they ended.
    given: the arguments with copies of lists and dictionaries, as they were.  spread: the parameter that takes *args.
    keywords: the names of the arguments that **keywords takes.
    caller: the call from which it came, None for the script.  file, line: where that calls.
    function: the function, if it has this name in its module.
    read, left: {global: an array that the function reads} when it began, and what stood there when it ended.
    globals: those of them that count among the arguments.
    """

    key: Key
    arguments: dict[str, Any]
    before: dict[str, Contents]
    caller: Call | None
    file: str
    line: int
    number: int
    after: dict[str, Contents] = field(default_factory=dict)
    result: Any = None
    returned: Contents = field(default_factory=dict)
    finished: int = sys.maxsize
    given: dict[str, Any] = field(default_factory=dict)
    spread: str = ""
    keywords: frozenset[str] = frozenset()
    function: Any = None
    read: dict[str, Contents] = field(default_factory=dict)
    left: dict[str, Contents] = field(default_factory=dict)
    globals: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.finished < sys.maxsize

    @property
    def name(self) -> str:
        return self.key[1]

    def inside(self, other: Call) -> bool:
        """Whether this call was made, directly or not, by the other."""
        call = self.caller
        while call is not None:
            if call is other:
                return True
            call = call.caller
        return False


def key_of(code: CodeType) -> Key:
    return code.co_filename, code.co_name, code.co_firstlineno


def contents(value: Any) -> Contents:
    """Every array inside a value, by its path."""
    found: Contents = {}
    for path, leaf in leaves(value):
        if not isinstance(leaf, (int, float, np.number)):
            try:
                array = np.asarray(leaf)
                found[path] = Held(shape(leaf), hash(array.tobytes()), not array.any(), leaf)
            except Exception:
                continue
    return found


class Recorder:
    """Records the calls of the functions of a project while its `with` block runs.

    folders: those of its files.  after the block, calls: in the order in which they began.
    Raises Enough in the block once a loop has repeated itself, or the time is over.
    """

    def __init__(self, folders: Collection[str]) -> None:
        self.folders = tuple(folders)
        self.known: dict[str, bool] = {}  # {file: whether its functions are recorded}
        self.calls: list[Call] = []
        self.running: list[tuple[FrameType, Call | None]] = []
        self.by_frame: dict[int, Call] = {}  # {id of a frame: the last call that had it}
        self.counts: dict[tuple[int, int], int] = {}
        self.kept: dict[tuple[Key, Key | None], int] = {}
        self.steps = self.begun = 0
        self.started = self.used = 0.0
        self.importing = False  # whether modules are imported now, which does not count as training

    def __enter__(self) -> Recorder:
        self.started, self.begun = time.thread_time(), self.steps
        sys.setprofile(self.note)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        self.used += 0.0 if self.importing else time.thread_time() - self.started
        self.running.clear()
        self.counts.clear()

    @property
    def late(self) -> bool:
        """Whether a statement has used its share of the steps or the time, or the file all of them."""
        taken = 0.0 if self.importing else time.thread_time() - self.started
        return taken > SHARE * SECONDS or self.used + taken > SECONDS or self.steps - self.begun > SHARE * STEPS

    @property
    def over(self) -> bool:
        """Whether the steps or the time for a file are over."""
        return self.used > SECONDS or self.steps > STEPS

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        own = self.records(frame.f_code.co_filename)
        self.steps += own or not (self.importing or frame.f_code.co_filename.startswith(HOST))
        if event in ("call", "return") and own:
            if event == "call":
                self.begin(frame)
            else:
                self.end(frame, argument)
        if self.over or (self.steps % 16 == 0 and self.late):
            self.stop()

    def records(self, filename: str) -> bool:
        """Whether the functions of a file are recorded."""
        found = self.known.get(filename)
        if found is None:
            found = filename.startswith(self.folders) and not of_a_library(filename) and not filename.startswith(HOST)
            self.known[filename] = found
        return found

    def unwound(self, error: BaseException) -> None:
        """Note that an exception ended the calls through which it went: nothing shows what they compute."""
        trace = error.__traceback__
        while trace is not None:
            call = self.by_frame.get(id(trace.tb_frame))
            if call is not None and call.key == key_of(trace.tb_frame.f_code):
                call.finished = sys.maxsize
            trace = trace.tb_next

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Record nothing, and count neither steps nor time, in the body."""
        sys.setprofile(None)
        begun = time.thread_time()
        yield
        self.started += time.thread_time() - begun
        sys.setprofile(self.note)

    def stop(self) -> None:
        sys.setprofile(None)
        raise Enough

    def begin(self, frame: FrameType) -> None:
        code = frame.f_code
        if code.co_name.startswith("<") or not code.co_flags & inspect.CO_OPTIMIZED:
            return  # a lambda, a comprehension, the module, the body of a class
        caller = self.running[-1][1] if self.running else None
        above = frame.f_back
        site = (id(above), -1 if above is None else above.f_lineno)
        values = given(frame)
        if any(is_data(value) for value in values.values()):
            self.counts[site] = self.counts.get(site, 0) + 1
            if self.counts[site] > ROUNDS:
                self.stop()
        pair = key_of(code), None if caller is None else caller.key
        self.kept[pair] = self.kept.get(pair, 0) + 1
        takes_data = any(is_array(value) or is_nested(value) for value in values.values())
        most = KEPT if takes_data and caller is not None and code.co_name != "__init__" else MADE
        unseen = bool(self.running) and caller is None  # inside a call that is not kept
        if unseen or self.kept[pair] > most or len(self.running) > DEEPEST_KEPT:
            self.running.append((frame, None))
            return
        before = {name: contents(value) for name, value in values.items()}
        file = code.co_filename if above is None else above.f_code.co_filename
        call = Call(pair[0], values, before, caller, file, site[1], len(self.calls))
        call.function = frame.f_globals.get(code.co_name)
        call.read = globals_read(frame)
        call.given = {name: copied(value) for name, value in values.items()}
        count = code.co_argcount + code.co_kwonlyargcount
        call.spread = code.co_varnames[count] if code.co_flags & inspect.CO_VARARGS else ""
        call.keywords = frozenset(name for name in values if name not in code.co_varnames[: count + 1])
        self.calls.append(call)
        self.running.append((frame, call))
        self.by_frame[id(frame)] = call

    def end(self, frame: FrameType, result: Any) -> None:
        for name in [site for site in self.counts if site[0] == id(frame)]:
            del self.counts[name]
        while self.running and self.running[-1][0] is not frame and frame in (entry[0] for entry in self.running):
            self.running.pop()
        if not self.running or self.running[-1][0] is not frame:
            return
        call = self.running.pop()[1]
        if call is None:
            return
        after = {name: contents(value) for name, value in call.arguments.items()}
        call.left = globals_read(frame)
        call.returned = contents(result)
        call.result, call.after, call.finished = result, after, self.steps  # at last: a time limit may end this


def globals_read(frame: FrameType) -> dict[str, Contents]:
    """{name: the array} of the global arrays whose names occur in a function."""
    values = ((name, frame.f_globals.get(name)) for name in names_in(frame.f_code))
    return {name: contents(value) for name, value in values if is_array(value)}


@lru_cache(maxsize=1024)
def names_in(code: CodeType) -> tuple[str, ...]:
    """The names of globals and attributes in a function, and in what it defines."""
    inner = (names_in(const) for const in code.co_consts if isinstance(const, CodeType))
    return tuple(dict.fromkeys((*code.co_names, *(name for names in inner for name in names))))


def given(frame: FrameType) -> dict[str, Any]:
    """The arguments with which a function was called, those of **keywords by their own names."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    found = {name: values[name] for name in code.co_varnames[:count] if name in values}
    return found | values.get(code.co_varnames[count], {}) if code.co_flags & inspect.CO_VARKEYWORDS else found


def copied(value: Any, depth: int = 0) -> Any:
    """A copy of nested lists and dictionaries, with the same objects in them."""
    if depth < DEEPEST_COPIED and type(value) in (list, tuple):
        return type(value)(copied(item, depth + 1) for item in value)
    if depth < DEEPEST_COPIED and type(value) is dict:
        return {key: copied(item, depth + 1) for key, item in value.items()}
    return value


def is_data(value: Any) -> bool:
    """Whether a value is an array, or an object or container that may hold some: not a number or text."""
    return not isinstance(value, (int, float, str, bool, type(None)))


def changed(before: Contents, after: Contents) -> set[Path]:
    """The paths at which arrays appeared or have another content."""
    return {path for path, found in after.items() if path not in before or not before[path].same(found)}
