"""The boundary: all that passes between a spec and an implementation, copied, recorded, and read as plain NumPy."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any
from unittest import SkipTest  # pytest and Hypothesis both know it: no failure, no search for a smaller one

import numpy as np

from chainrule.boundary import standing_in
from chainrule.boundary.calls import RUNNING, Cache, Call, Handle, copied, same
from chainrule.boundary.errors import Absent, Hung, NotApplicable, Raised, Todo
from chainrule.boundary.reading import (
    read_array,
    read_float,
    read_forward,
    read_gradients,
    read_history,
    read_loss,
    read_parameters,
)
from chainrule.contract.architecture import Architecture
from chainrule.contract.conventions import LARGEST_LOG_EPSILON, Conventions
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import Implementation
from chainrule.mathematics.comparison import Failure
from chainrule.mathematics.identity import DEEPEST, layer_sizes, passing_sizes, surprises
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, softmax_log_error
from chainrule.support.arrays import NotNumbers

REMEMBERED_CALLS = 64


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
        sizes = next(filter(None, (self.fits((3, *[4] * depth, 2)) for depth in range(DEEPEST + 1))), None)
        if sizes is None:
            return False
        try:
            return self.create(sizes, seed=0) is not None
        except (SkipTest, Raised, Failure):
            return False

    def goes_through(self, name: str) -> bool:
        """Whether a function, softmax, cross_entropy or xavier, is not there and a network stands in for it."""
        if name not in self.tried:
            arguments = standing_in.TRIALS[name]()
            with suppress(SkipTest, Raised, Failure):
                self._call(name, [""] * len(arguments), *arguments)
        return name in self.absent and self.has_network

    def reaches(self, classes: int) -> bool:
        """Whether softmax and cross_entropy can be had for this number of classes."""
        seen = self.goes_through("softmax") or self.goes_through("cross_entropy")
        return not seen or passing_sizes(self.fits, classes) is not None

    def reaches_layer(self, fan_in: int, fan_out: int) -> bool:
        """Whether weights of this shape can be had, from xavier or as a new network's first ones."""
        return not self.goes_through("xavier") or layer_sizes(self.fits, fan_in, fan_out) is not None

    def itself(self, name: str) -> None:
        """Raises NotApplicable where a network stands in for a function, and the spec says nothing of a network."""
        if self.goes_through(name):
            raise NotApplicable(f"{name}: no function of that name, and this is asked of the function alone")

    def probability_error(self, p: np.ndarray) -> np.ndarray:
        """How far the logarithms of the probabilities that cross_entropy works on may lie from those of p, (N, K).

        Zero if it is given p itself.  Through a network they come out of its softmax of log p: math.md 11.8.
        """
        p = np.asarray(p, np.float64)
        if not self.goes_through("cross_entropy"):
            return np.zeros(p.shape)
        u = self.unit_roundoff + 9 * UNIT_ROUNDOFF["float64"]
        logits = np.where(p > 0, surprises(p), 0.0)
        off = softmax_log_error(logits, self.unit_roundoff, z_error=u * np.abs(logits))
        return off + np.abs(np.log(p.sum(axis=1, keepdims=True))) + 4 * p.shape[1] * UNIT_ROUNDOFF["float64"]

    def gradient_error(self, theta: np.ndarray, g: np.ndarray) -> np.ndarray:
        """What is lost where gradients are read off an update, (theta - theta') / r: math.md 11.9.  Zero elsewhere."""
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
        return getattr(standing_in, name)(self, *arguments)

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
