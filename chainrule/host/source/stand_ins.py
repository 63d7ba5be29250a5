"""Stand-ins for modules that are not installed: code can import them; using them raises what is missing."""

from __future__ import annotations

import builtins
import inspect
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NoReturn

# Decorators that change what a function computes, so that the function cannot do without them.
TRANSFORMING = frozenset(
    "vectorize guvectorize stencil reduce grad value_and_grad elementwise_grad jacobian jacfwd jacrev hessian vmap "
    "pmap vjp jvp custom_vjp custom_jvp custom_gradient".split()
)


class NotInstalled(ModuleNotFoundError, NotImplementedError):
    """The code needs a module that is missing.  As a NotImplementedError, it makes a spec `todo`, not failed."""


@dataclass
class Absence:
    """The modules that one file misses.

    notes: sentences for the report.  defining: whether the file is being loaded, when decorators are called.
    """

    notes: list[str] = field(default_factory=list)
    defining: bool = True

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


class Placeholder:
    """Replaces `path`, which is missing.

    Its attributes are placeholders, it can decorate and be derived from; any other use raises NotInstalled.
    """

    __slots__ = ("_absence", "_path", "_reason")

    def __init__(self, path: str, reason: str, absence: Absence) -> None:
        self._path, self._reason, self._absence = path, reason, absence

    def __repr__(self) -> str:
        return f"<{self._path}: {self._reason}>"

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__"):  # protocols, for which NumPy, pickle and inspect look
            raise AttributeError(name)
        return Placeholder(f"{self._path}.{name}", self._reason, self._absence)

    def __call__(self, *arguments: Any, **_keywords: Any) -> Any:
        name = self._path.replace("(...)", "").rpartition(".")[2]
        if not self._absence.defining or name in TRANSFORMING:
            fail(self)
        if len(arguments) == 1 and (inspect.isfunction(arguments[0]) or inspect.isclass(arguments[0])):
            self._absence.note(f"{arguments[0].__qualname__} is used without @{self._path}: {self._reason}")
            return arguments[0]
        return Placeholder(f"{self._path}(...)", self._reason, self._absence)

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        path, reason = self._path, self._reason

        def missing(instance: Any, name: str) -> NoReturn:
            said = f"{type(instance).__name__} has no {name} of its own; {path} is its base, and {reason}"
            raise AttributeError(said) from None

        return (type(path.rpartition(".")[2], (), {"__getattr__": missing}),)

    def __instancecheck__(self, _instance: Any) -> bool:
        return False  # a missing class does not have instances

    def __subclasscheck__(self, _cls: Any) -> bool:
        return False


def fail(placeholder: Placeholder, *_arguments: Any, **_keywords: Any) -> NoReturn:
    raise NotInstalled(f"{placeholder._reason}; {placeholder._path} needs it")


BINARY = "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor".split()
USES = (
    "bool len iter next getitem setitem delitem contains reversed float int complex index round array neg pos abs "
    "invert lt le gt ge enter exit".split()
)
for _name in [*USES, *BINARY, *(f"r{name}" for name in BINARY)]:
    setattr(Placeholder, f"__{_name}__", fail)


class Progress:
    """tqdm without the bar: iterates over its argument."""

    def __init__(self, iterable: Iterable[Any] = (), *_arguments: Any, **_keywords: Any) -> None:
        self.iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)  # type: ignore[arg-type]

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def _nothing(self, *_arguments: Any, **_keywords: Any) -> None:
        pass

    close = refresh = reset = set_description = set_description_str = set_postfix = set_postfix_str = update = _nothing

    @staticmethod
    def write(*_arguments: Any, **_keywords: Any) -> None:
        pass


# Missing modules for which chainrule has a simple substitute.
NAMES: dict[str, Any] = {
    "xrange": range,
    "raw_input": input,
    "unicode": str,
    "old_div": lambda a, b: a // b if isinstance(a, int) and isinstance(b, int) else a / b,
    "tqdm": Progress,
    "tqdm_notebook": Progress,
    "trange": lambda *bounds, **_: Progress(range(*bounds)),
    "cPickle": pickle,
}
COMPATIBILITY = ("six", "past", "future", "__builtin__")  # modules for compatibility between Python 2 and 3


def stand_in(module: str, name: str | None = None) -> Any:
    """A substitute for the missing `module`, or for a name in it; None if chainrule does not have one."""
    top = module.partition(".")[0]
    if name is None:
        return {"tqdm": SimpleNamespace(**NAMES), "cPickle": pickle}.get(top)
    if top in ("tqdm", *COMPATIBILITY):
        return NAMES.get(name, getattr(builtins, name, None))
    return None
