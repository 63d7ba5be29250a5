"""Stand-ins for modules that are not installed: code can import them; using them raises what is missing."""

from __future__ import annotations

import builtins
import importlib
import inspect
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

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
# {module: an installed one that has the same names}.
ALIKE = {
    **dict.fromkeys(("cupy", "cupynumeric", "cunumeric", "clpy", "dpnp", "jax.numpy", "autograd.numpy"), "numpy"),
    **dict.fromkeys(("legate.numpy", "minpy.numpy", "mxnet.np", "mxnet.numpy", "ulab.numpy"), "numpy"),
    "tensorflow.experimental.numpy": "numpy",
    **dict.fromkeys(("cupyx.scipy", "jax.scipy", "autograd.scipy"), "scipy"),
}
OF_CUPY: dict[str, Any] = {"asnumpy": np.asarray, "get_array_module": lambda *_arrays: np}
FOREIGN = frozenset(
    "at get block_until_ready toDlpack".split()
)  # attributes of these libraries' arrays, not of NumPy's


class Substitute(ModuleType):
    """Replaces a missing module by `names` and those of a module `alike`; its other names are placeholders.

    told: what does the module's work, in words.
    """

    def __init__(self, missing: Placeholder, told: str, names: Mapping[str, Any], alike: Any = None) -> None:
        super().__init__(missing._path)
        vars(self).update(names)
        self.told, self.missing, self.alike = told, missing, alike

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.alike, name, None)
        return getattr(self.missing, name) if found is None else found


def substitute(module: str, reason: str, absence: Absence) -> Substitute | Placeholder:
    """What replaces a missing module.  reason: why it is missing, for the exceptions of its placeholders."""
    missing, top = Placeholder(module, reason, absence), module.partition(".")[0]
    known = next((name for name in ALIKE if f"{module}.".startswith(f"{name}.")), None)
    if known is not None:
        try:
            alike = importlib.import_module(ALIKE[known] + module.removeprefix(known))
        except ImportError:
            return missing
        worker = {"numpy": "NumPy", "scipy": "SciPy"}[ALIKE[known]]
        return Substitute(missing, f"{worker} does the work of {module}", OF_CUPY, alike)
    if top == "cPickle":
        return Substitute(missing, "chainrule uses pickle instead", {}, pickle)
    if top == "tqdm":
        return Substitute(missing, "chainrule uses a simple substitute for tqdm", NAMES)
    if top in COMPATIBILITY:
        return Substitute(missing, f"chainrule uses a simple substitute for {top}", NAMES, builtins)
    inner = [name for name in ALIKE if name.startswith(f"{module}.")]
    if not inner:
        return missing
    parts = {name.split(".")[module.count(".") + 1]: substitute(name, reason, absence) for name in inner}
    told = f"NumPy does the work of {inner[0]}, and what needs other parts of {module} does not run"
    return Substitute(missing, told, parts)


@dataclass
class Imports:
    """The `__import__` of a checked file, so that its functions import later as the file does while it loads.

    home: makes the file's folders importable in its body.  absent: {missing module: what replaces it}.
    """

    home: Callable[[], AbstractContextManager[None]]
    absent: dict[str, Substitute | Placeholder] = field(default_factory=dict)
    loading: bool = True

    def serve(self, module: ModuleType) -> None:
        """Let the module's imports come here; its functions keep that."""
        vars(module)["__builtins__"] = vars(builtins) | {"__import__": self}

    def __call__(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        try:
            return builtins.__import__(name, *arguments, **keywords)
        except ModuleNotFoundError:
            if self.loading:
                raise
        named = arguments[2] if len(arguments) > 2 else keywords.get("fromlist")
        wanted = name if named else name.partition(".")[0]
        if wanted in self.absent:
            return self.absent[wanted]
        with self.home():
            return builtins.__import__(name, *arguments, **keywords)


def lacking(error: BaseException) -> str | None:
    """What the code needs and cannot have here, if its exception says so: a module, or arrays of another library."""
    if isinstance(error, NotInstalled):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed"
    if isinstance(error, AttributeError) and isinstance(error.obj, np.ndarray) and error.name in FOREIGN:
        return f"it uses .{error.name}, which arrays of other libraries have and NumPy's do not"
    return None
