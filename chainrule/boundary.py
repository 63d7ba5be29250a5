"""The boundary: all that passes between a spec and an implementation, copied, recorded, and read as plain NumPy.

A spec calls the boundary as it would call the implementation.  Arguments go in as copies, so that code which writes
into them spoils no other check; results come out as base NumPy arrays and floats; what the code raises, and results of
the wrong kind, become the outcomes of the contract.  Nothing else of the tool touches an implementation, so that one
may later live in a process of its own.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import SkipTest  # pytest and Hypothesis both know it: no failure, no search for a smaller one

import numpy as np

from chainrule import through
from chainrule.architecture import Architecture
from chainrule.arrays import NotNumbers, describe, flat_bias, to_numpy
from chainrule.contract import Implementation, Missing, Model, NotOffered, Unseen
from chainrule.conventions import LARGEST_LOG_EPSILON, Conventions
from chainrule.numerics import UNIT_ROUNDOFF, Failure, softmax_log_error
from chainrule.places import place

REMEMBERED_CALLS = 64
DEEPEST = 6  # how far into what a cache holds one looks for arrays
RUNNING = object()  # what a call has returned so far


class NotApplicable(SkipTest):
    """A spec asks for something that this implementation is free not to show.  Its outcome is `skipped`."""


class Todo(SkipTest):
    """A spec cannot run, because what it needs is missing, is a stub, or has another form."""


class Absent(Todo):
    """There is no such name."""


class Hung(SkipTest):
    """A method that did not return in time before is not called again."""


class Raised(Exception):
    """The implementation raised.  str(): the exception's own type and message; where: `file:line` of its last line
    there.
    """

    def __init__(self, name: str, error: BaseException) -> None:
        found = getattr(error, "found_by_chainrule", False)  # and not raised by the code
        super().__init__(str(error) if found else f"{name} raised {type(error).__name__}: {error}")
        self.where = last_line(error)


@dataclass
class Call:
    """One call across the boundary.

    name: the method.  arguments, keywords: as the spec gave them.  modified: which arguments the code wrote into.
    raw: what it returned, as it is; read: how to read that again.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    modified: list[str] = field(default_factory=list)
    raw: Any = RUNNING
    read: Callable[[Any], Any] = lambda raw: raw
    started: float = field(default_factory=time.perf_counter)
    model_sizes: Sequence[int] = ()
    model_parameters: tuple[list[np.ndarray], list[np.ndarray]] | None = None

    def reread(self) -> Any:
        """The result as it stands now: different from before if a later call wrote into it."""
        return self.read(self.raw)


@dataclass
class Handle:
    """A model as the specs hold it: the implementation's own, and what the suite last put into it."""

    model: Model
    sizes: Sequence[int]
    parameters: tuple[list[np.ndarray], list[np.ndarray]] | None = None


@dataclass(frozen=True)
class Cache:
    """What a forward pass keeps for its backward pass, as the specs hold it: opaque, and never copied.

    name, arguments: the call that made it.  contents: its arrays as they were then.
    """

    value: Any
    name: str
    arguments: tuple[Any, ...]
    contents: dict[str, tuple[Any, ...]]

    def kept(self) -> bool:
        """Whether every array in it is still there and still the same, to the byte."""
        now = contents(self.value)
        return all(now.get(place) == content for place, content in self.contents.items())


class Boundary:
    """`implementation` seen through the boundary, with the conventions that hold for it."""

    def __init__(self, implementation: Implementation, conventions: Conventions, notes: Sequence[str] = ()) -> None:
        self.implementation = implementation
        self.conventions = conventions
        self.notes = tuple(notes)  # what was found that no convention can hold
        self.calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)
        self.called: set[str] = set()
        self.hung: dict[str, str] = {}
        self.tried: set[str] = set()
        self.absent: set[str] = set()
        self.cases = 0  # the examples and random networks that a spec looked at, since it began
        self.seen_through: set[str] = set()  # the functions that the network stood in for, since a spec began
        self._fits: dict[tuple[int, ...], tuple[int, ...] | None] = {}

    @property
    def unit_roundoff(self) -> float:
        """u of the precision the implementation computes in: 2^-53 for float64, 2^-24 for float32."""
        return UNIT_ROUNDOFF[self.conventions["precision"].value]

    @property
    def half(self) -> bool:
        """Whether the arithmetic is in half precision, whose few digits and narrow range some specs must spare."""
        return self.conventions["precision"].value == "float16"

    @property
    def spacing(self) -> float:
        """The grid on which the specification's parameters and inputs lie: exact in the precision of the arithmetic."""
        return 2.0**-5 if self.half else 2.0**-10

    def exact(self, values: np.ndarray, largest: float = 2.0**15) -> np.ndarray:
        """The values, or where half precision holds no such numbers, the nearest that it does, up to `largest`."""
        if not self.half:
            return values
        return np.clip(values, -largest, largest).astype(np.float16).astype(np.float64)

    @property
    def log_epsilon(self) -> float:
        """The epsilon inside the logarithm that widens bounds: what was found, up to the largest that is accepted."""
        return min(float(self.conventions["log_epsilon"].value), LARGEST_LOG_EPSILON)

    @property
    def summed_fit(self) -> bool:
        """Whether fit's step is lr / batch_size times the sum over a batch, so that a smaller last one counts less."""
        return bool(getattr(self.implementation, "summed_fit", False))

    @property
    def fit_takes_seed(self) -> bool:
        """Whether what trains is given a seed; where it is not, one may be fixed in the code."""
        return bool(getattr(self.implementation, "fit_takes_seed", True))

    @cached_property
    def architecture(self) -> Architecture:
        """The sizes of the networks that the implementation makes."""
        return Architecture.parse(self.conventions["architecture"].value)

    def fits(self, sizes: Sequence[int]) -> tuple[int, ...] | None:
        """The wanted sizes, fixed ones put in their places; None if the implementation makes no such network."""
        wanted = tuple(int(size) for size in sizes)
        if wanted not in self._fits:
            fitted = self.architecture.fit(wanted)
            self._fits[wanted] = None if fitted is None or self.supports(fitted) is not None else fitted
        return self._fits[wanted]

    def no_network(self, which: str) -> NotApplicable:
        """What a spec raises that finds no network to look at."""
        kept = "" if self.architecture.pattern is None else f"the architecture is {self.architecture}: "
        return NotApplicable(f"{kept}no network {which} to look at")

    @cached_property
    def has_network(self) -> bool:
        """Whether networks can be made, so that one can stand in for functions that are not there."""
        sizes = next(filter(None, (self.fits((3, *[4] * depth, 2)) for depth in range(through.DEEPEST + 1))), None)
        if sizes is None:
            return False
        try:
            return self.create(sizes, seed=0) is not None
        except (SkipTest, Raised, Failure):
            return False

    def goes_through(self, name: str) -> bool:
        """Whether a function, softmax, cross_entropy or xavier, is not there and a network stands in for it."""
        if name not in self.tried:
            arguments = through.TRIALS[name]()
            with suppress(SkipTest, Raised, Failure):
                self._call(name, [""] * len(arguments), *arguments)
        return name in self.absent and self.has_network

    def reaches(self, classes: int) -> bool:
        """Whether softmax and cross_entropy can be had for this number of classes."""
        seen = self.goes_through("softmax") or self.goes_through("cross_entropy")
        return not seen or through.passing_sizes(self.fits, classes) is not None

    def reaches_layer(self, fan_in: int, fan_out: int) -> bool:
        """Whether weights of this shape can be had, from xavier or as a new network's first ones."""
        return not self.goes_through("xavier") or through.layer_sizes(self.fits, fan_in, fan_out) is not None

    def itself(self, name: str) -> None:
        """Raises NotApplicable where a network stands in for a function, and the spec says nothing of a network."""
        if self.goes_through(name):
            raise NotApplicable(f"{name}: no function of that name, and this is asked of the function alone")

    def probability_error(self, p: np.ndarray) -> np.ndarray:
        """How far the logarithms of the probabilities that cross_entropy works on may lie from those of p, (N, K).

        Zero if it is given p itself.  Through a network they come out of its softmax of log p:
        rounding.through_the_network.
        """
        p = np.asarray(p, np.float64)
        if not self.goes_through("cross_entropy"):
            return np.zeros(p.shape)
        u = self.unit_roundoff + 9 * UNIT_ROUNDOFF["float64"]
        logits = np.where(p > 0, through.surprises(p), 0.0)
        off = softmax_log_error(logits, self.unit_roundoff, z_error=u * np.abs(logits))
        return off + np.abs(np.log(p.sum(axis=1, keepdims=True))) + 4 * p.shape[1] * UNIT_ROUNDOFF["float64"]

    def gradient_error(self, theta: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The error of gradients read off an update, (theta - theta') / r: rounding.updates.  Zero elsewhere."""
        rate = getattr(self.implementation, "recovery_rate", None)
        if rate is None:
            return np.zeros(np.shape(theta))
        u = self.unit_roundoff + UNIT_ROUNDOFF["float64"]
        return u * (2 * np.abs(theta) + 4 * abs(rate) * np.abs(g)) / abs(rate)

    def relu(self, z: np.ndarray) -> np.ndarray:
        try:
            return self._call("relu", ["z"], z, read=read_array)
        except Absent:
            if not self.has_network:
                raise
            message = "relu: no function of that name; the network's own is checked by network.forward"
            raise NotApplicable(message) from None

    def softmax(self, z: np.ndarray) -> np.ndarray:
        return self._function("softmax", ["z"], z, read=read_array)

    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> float:
        return self._function("cross_entropy", ["p", "y"], p, y, read=read_float)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
        return self._function("xavier", ["fan_in", "fan_out", "rng"], fan_in, fan_out, rng, read=read_array)

    def _function(self, name: str, names: list[str], *arguments: Any, read: Callable[[Any], Any]) -> Any:
        """Call a function, or where there is none, see it through a network."""
        if name not in self.absent:
            try:
                return self._call(name, names, *arguments, read=read)
            except Absent:
                if not self.has_network:
                    raise
        if not self.has_network:
            raise Absent(f"{name} is missing")
        self.seen_through.add(name)
        return getattr(through, name)(self, *arguments)

    def create(self, sizes: Sequence[int], seed: int) -> Handle:
        model = self._call("create", ["sizes", "seed"], list(sizes), seed)
        return Handle(model, list(sizes))

    def parameters(self, model: Handle) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return self._call("parameters", ["model"], model, read=read_parameters)

    def assign(self, model: Handle, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        self._call("assign", ["model", "weights", "biases"], model, weights, biases, read=None)
        model.parameters = ([np.array(w) for w in weights], [np.array(b) for b in biases])

    def forward(self, model: Handle, x: np.ndarray) -> np.ndarray:
        return self._call("forward", ["model", "x"], model, x, read=read_array)

    def loss(self, model: Handle, x: np.ndarray, y: np.ndarray) -> float:
        return self._call("loss", ["model", "x", "y"], model, x, y, read=read_float)

    def own_loss(self, model: Handle, x: np.ndarray, y: np.ndarray) -> float:
        """The network's loss, or where nobody outside can see it, the cross-entropy of its probabilities."""
        try:
            return self.loss(model, x, y)
        except NotApplicable:
            p = np.asarray(self.forward(model, x), np.float64)
            with np.errstate(all="ignore"):
                return float(-np.log(p[np.arange(len(y)), y]).mean())

    def classify(self, model: Handle, x: np.ndarray) -> np.ndarray:
        """What the network predicts, or where it says nothing, its likeliest classes."""
        try:
            return self.predict(model, x)
        except NotApplicable:
            return self.forward(model, x).argmax(axis=1)

    def backward(self, model: Handle, x: np.ndarray, y: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        return self._call("backward", ["model", "x", "y"], model, x, y, read=read_parameters)

    def step(self, model: Handle, grads: tuple[list[np.ndarray], list[np.ndarray]], lr: float) -> None:
        self._call("step", ["model", "grads", "lr"], model, grads, lr, read=None)

    def fit(
        self, model: Handle, x: np.ndarray, y: np.ndarray, *, epochs: int, batch_size: int, lr: float, seed: int
    ) -> list[float] | None:
        keywords = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed}
        return self._call("fit", ["model", "x", "y"], model, x, y, read=read_history, **keywords)

    def predict(self, model: Handle, x: np.ndarray) -> np.ndarray:
        return self._call("predict", ["model", "x"], model, x, read=read_array)

    def affine_forward(self, x: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Cache]:
        return self._call("affine_forward", ["x", "w", "b"], x, w, b, read=read_forward("affine_forward", x, w, b))

    def affine_backward(self, dout: np.ndarray, cache: Cache) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._call("affine_backward", ["dout", "cache"], dout, cache, read=read_gradients)

    def relu_forward(self, x: np.ndarray) -> tuple[np.ndarray, Cache]:
        return self._call("relu_forward", ["x"], x, read=read_forward("relu_forward", x))

    def relu_backward(self, dout: np.ndarray, cache: Cache) -> np.ndarray:
        return self._call("relu_backward", ["dout", "cache"], dout, cache, read=read_array)

    def softmax_loss(self, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        return self._call("softmax_loss", ["x", "y"], x, y, read=read_loss)

    def supports(self, sizes: Sequence[int]) -> str | None:
        """None if the implementation makes networks of these sizes, else the reason why it does not."""
        return self.implementation.supports(list(sizes))

    def hang(self, limit: float) -> str:
        """Say what did not end in time; a method that took most of it by itself is not called again."""
        message = f"not finished after {limit:g} s"
        if self.calls and self.calls[-1].raw is RUNNING:
            call = self.calls[-1]
            message = f"{call.name} did not return within {limit:g} s"
            if time.perf_counter() - call.started > limit / 2:
                self.hung[call.name] = message
        return message

    def forget(self) -> None:
        """Begin an example: the calls recorded are those made from here on."""
        self.calls.clear()

    def _call(
        self,
        name: str,
        names: list[str],
        *arguments: Any,
        read: Callable[[Any], Any] | None = lambda raw: raw,
        **keywords: Any,
    ) -> Any:
        if name in self.hung:
            raise Hung(self.hung[name])
        call = Call(name, arguments, keywords, read=read or (lambda raw: None))
        handle = arguments[0] if arguments and isinstance(arguments[0], Handle) else None
        if handle is not None:
            call.model_sizes, call.model_parameters = handle.sizes, handle.parameters
        self.calls.append(call)
        self.called.add(name)
        self.tried.add(name)
        passed = tuple(copied(argument) for argument in arguments)
        try:
            with np.errstate(all="ignore"):
                call.raw = getattr(self.implementation, name)(*passed, **keywords)
        except Unseen as error:
            raise NotApplicable(str(error)) from None
        except Missing as error:
            self.calls.pop()
            self.called.discard(name)
            self.absent.add(name)
            raise Absent(str(error)) from None
        except NotOffered as error:
            raise Todo(str(error)) from None
        except NotNumbers as error:
            raise Failure(f"{name} returns something else: {error}") from None
        except NotImplementedError as error:
            raise Todo(f"{name} is not implemented{f': {error}' if str(error) else ''}") from None
        except (Exception, SystemExit) as error:
            raise Raised(name, error) from error
        if call.raw is None and read not in (None, read_history):
            raise Todo(f"{name} returns None: a stub")
        call.modified = [
            label
            for label, before, after in zip(
                names, arguments, passed, strict=False
            )  # none are named where one only tries
            if not isinstance(before, (Handle, np.random.Generator)) and not same(before, after)
        ]
        try:
            return call.reread()
        except TypeError as error:
            raise Failure(f"{name} returns something else: {error}") from None


@contextmanager
def narrowed(impl: Boundary, again: Callable[[tuple[int, ...]], None]) -> Iterator[None]:
    """Where the comparison inside fails, try a smaller one, so that a failure shows the smallest input that has it.

    again: the same comparison for the entry that was furthest off, by its index.
    """
    try:
        yield
    except Failure as failure:
        if failure.index:
            kept = list(impl.calls)
            impl.forget()  # the lines to paste are those of the smaller one
            again(failure.index)
            impl.calls.extend(kept)
        raise


def copied(argument: Any) -> Any:
    """Arrays, and lists of them, as fresh copies; the rest, and models, as the implementation knows them."""
    if isinstance(argument, Handle):
        return argument.model
    if isinstance(argument, Cache):
        return argument.value
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, (list, tuple)):
        return type(argument)(copied(item) for item in argument)
    return argument


def same(before: Any, after: Any) -> bool:
    """Whether a copy that went to the implementation came back as it was, to the byte."""
    if isinstance(before, Cache):
        return before.kept()
    if isinstance(before, np.ndarray):
        return before.shape == np.shape(after) and before.tobytes() == after.tobytes()
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(same, before, after))
    return bool(before == after)


def read_array(raw: Any) -> np.ndarray:
    return to_numpy(raw)


def read_float(raw: Any) -> float:
    array = to_numpy(raw)
    if array.size != 1:
        raise TypeError(f"expected one number, found {describe(array)}")
    return float(array.reshape(()))


def read_parameters(raw: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if not (
        isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(group, (list, tuple)) for group in raw)
    ):
        raise TypeError(f"expected (weights, biases), two lists of arrays, found {describe(raw)}")
    return [to_numpy(w) for w in raw[0]], [flat_bias(to_numpy(b)) for b in raw[1]]


def read_forward(name: str, *arguments: Any) -> Callable[[Any], tuple[np.ndarray, Cache]]:
    """Reads (out, cache) of a layer's forward pass; name, arguments: of the call that is read."""

    def read(raw: Any) -> tuple[np.ndarray, Cache]:
        out, cache = parts(name, raw, "out", "cache")
        return to_numpy(out), Cache(cache, name, arguments, contents(cache))

    return read


def read_gradients(raw: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(dx, dw, db) of an affine layer; db as a vector, like every bias."""
    dx, dw, db = map(to_numpy, parts("affine_backward", raw, "dx", "dw", "db"))
    return dx, dw, flat_bias(db)


def read_loss(raw: Any) -> tuple[float, np.ndarray]:
    loss, dx = parts("softmax_loss", raw, "loss", "dx")
    return read_float(loss), to_numpy(dx)


def parts(function: str, raw: Any, *names: str) -> Sequence[Any]:
    """A tuple of as many parts as there are names.  Raises TypeError for anything else, Todo where a part is None."""
    if not (isinstance(raw, (list, tuple)) and len(raw) == len(names)):
        raise TypeError(f"expected ({', '.join(names)}), found {describe(raw)}")
    missing = [name for name, part in zip(names, raw, strict=True) if part is None and name != "cache"]
    if missing:
        raise Todo(f"{function} returns None for {' and '.join(missing)}: a stub")
    return raw


def contents(value: Any, place: str = "", above: tuple[int, ...] = ()) -> dict[str, tuple[Any, ...]]:
    """Every array, and list of numbers, inside tuples, lists, dictionaries and objects: {place: its content}.

    Single numbers are left out: to count the calls, or to set a flag, harms nobody.  above: what `value` is inside of.
    """
    if isinstance(value, np.ndarray) or hasattr(value, "__dlpack__"):
        try:
            array = to_numpy(value)
        except TypeError:  # out of reach, or no numbers
            return {}
        return {place: (array.shape, array.dtype.str, array.tobytes())} if array.ndim else {}
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, (int, float)) for item in value):
        return {place: tuple(map(repr, value))}
    if id(value) in above or len(above) > DEEPEST or isinstance(value, ModuleType) or callable(value):
        return {}
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    else:
        items = list(getattr(value, "__dict__", {}).items())
    return {
        found: content
        for key, item in items
        for found, content in contents(item, f"{place}/{key!r}", (*above, id(value))).items()
    }


def read_history(raw: Any) -> list[float] | None:
    """The losses that fit may return; anything else, such as the network itself, is no history."""
    if not isinstance(raw, (list, tuple, np.ndarray)):
        return None
    try:
        return [float(value) for value in to_numpy(raw).reshape(-1)]
    except TypeError:
        return None


def last_line(error: BaseException) -> str | None:
    """The place (chainrule.places) of the deepest frame outside installed packages and this tool: the user's line."""
    own = Path(__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        library = path.is_relative_to(Path(sys.base_prefix) / "lib") or "site-packages" in path.parts
        if not library and own not in path.parents and not frame.filename.startswith("<"):
            return place(frame.filename, frame.lineno or 1)
    return None
