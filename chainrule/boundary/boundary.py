"""The boundary copies and records what passes between a spec and an implementation, and reads it as NumPy arrays."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from unittest import SkipTest  # pytest and Hypothesis take it for a skip and not for a failure

import numpy as np

from chainrule.boundary import standing_in
from chainrule.boundary.calls import Cache, Call, Function, Handle, Optimizer, Parameters, sent
from chainrule.boundary.errors import Absent, Hung, NotApplicable, Raised, Todo
from chainrule.contract.architecture import Architecture
from chainrule.contract.chapters import OPERATIONS
from chainrule.contract.conventions import LARGEST_LOG_EPSILON, Convention, Conventions
from chainrule.contract.moves import Moves
from chainrule.contract.operation import FUNCTION, OPTIMIZER
from chainrule.host.host import Host
from chainrule.host.protocol import (
    MISSING,
    OFFERED_OTHERWISE,
    RAISED,
    UNREADABLE,
    UNSEEN,
    VALUE,
    Answer,
    Reference,
)
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import Failure
from chainrule.mathematics.identity import DEEPEST, layer_sizes, passing_sizes, surprises
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, softmax_log_error

ENDINGS = {MISSING: Absent, OFFERED_OTHERWISE: Todo, UNSEEN: NotApplicable, UNREADABLE: Failure}
REMEMBERED_CALLS = 64
Arrays = Sequence[np.ndarray]


class Boundary:
    """The code in a host, seen through the boundary, and its conventions."""

    def __init__(self, host: Host, conventions: Conventions, notes: Sequence[str] = ()) -> None:
        self.host = host
        self.conventions = conventions
        self.notes = tuple(notes)  # findings about the code that no convention expresses
        self.calls: deque[Call] = deque(maxlen=REMEMBERED_CALLS)
        self.called: set[str] = set()
        self.hung: dict[str, str] = {}
        self.tried: set[str] = set()
        self.absent: set[str] = set()
        self.cases = 0  # how many examples and random networks the present spec has used
        self.measured = ""  # what the present spec says where it passes
        self.confusion: np.ndarray | None = None  # what it counted: [true class, predicted class]
        self.seen_through: set[str] = set()  # functions that the network replaced in the present spec
        self._fits: dict[tuple[int, ...], tuple[int, ...] | None] = {}

    @property
    def unit_roundoff(self) -> float:
        """u of the precision the implementation computes in: 2^-53 for float64, 2^-24 for float32."""
        return UNIT_ROUNDOFF[self.conventions["precision"].value]

    @property
    def log_epsilon(self) -> float:
        """The epsilon inside the logarithm that widens the bounds: the one found, but at most the largest accepted."""
        return min(float(self.conventions["log_epsilon"].value), LARGEST_LOG_EPSILON)

    @property
    def summed_fit(self) -> bool:
        """Whether fit steps by lr / batch_size times the summed gradient, so that a smaller last batch counts less."""
        return self.host.traits().summed_fit

    @property
    def fit_takes_seed(self) -> bool:
        """Whether the training function takes a seed; if not, the code may contain a fixed one."""
        return self.host.traits().fit_takes_seed

    @cached_property
    def architecture(self) -> Architecture:
        """The sizes of the networks that the implementation can make."""
        return Architecture.parse(self.conventions["architecture"].value)

    def fits(self, sizes: Sequence[int]) -> tuple[int, ...] | None:
        """The wanted sizes, with those that the code fixes; None if the implementation cannot make such a network."""
        wanted = tuple(int(size) for size in sizes)
        if wanted not in self._fits:
            fitted = self.architecture.fit(wanted)
            self._fits[wanted] = None if fitted is None or self.supports(fitted) is not None else fitted
        return self._fits[wanted]

    def no_network(self, which: str) -> NotApplicable:
        """The exception for a spec that needs a network which the implementation cannot make."""
        kept = "" if self.architecture.pattern is None else f"the architecture is {self.architecture}: "
        return NotApplicable(f"{kept}the implementation makes no network {which}")

    @cached_property
    def has_network(self) -> bool:
        """Whether the implementation makes networks, so that one can replace a missing function."""
        sizes = next(filter(None, (self.fits((3, *[4] * depth, 2)) for depth in range(DEEPEST + 1))), None)
        if sizes is None:
            return False
        try:
            return self.create(sizes, seed=0) is not None
        except (SkipTest, Raised, Failure):
            return False

    def goes_through(self, name: str) -> bool:
        """Whether softmax, cross_entropy or xavier is missing and a network replaces it."""
        if name not in self.tried:
            arguments = standing_in.TRIALS[name]()
            with suppress(SkipTest, Raised, Failure):
                self._call(name, *arguments)
        return name in self.absent and self.has_network

    def reaches(self, classes: int) -> bool:
        """Whether the implementation computes softmax and cross_entropy for this number of classes."""
        seen = self.goes_through("softmax") or self.goes_through("cross_entropy")
        return not seen or passing_sizes(self.fits, classes) is not None

    def reaches_layer(self, fan_in: int, fan_out: int) -> bool:
        """Whether the implementation draws weights of this shape, by xavier or in a new network's first layer."""
        return not self.goes_through("xavier") or layer_sizes(self.fits, fan_in, fan_out) is not None

    def itself(self, name: str) -> None:
        """Raise NotApplicable if a network replaces the function and the spec holds for the function alone."""
        if self.goes_through(name):
            raise NotApplicable(f"{name}: not defined, and this spec checks the function itself")

    def probability_error(self, p: np.ndarray) -> np.ndarray:
        """How far log p may be off in the probabilities that cross_entropy computes with, (N, K).

        Zero if cross_entropy takes p itself.  Through a network, p comes out of the softmax of log p:
        rounding.through_the_network.
        """
        p = np.asarray(p, np.float64)
        if not self.goes_through("cross_entropy"):
            return np.zeros(p.shape)
        u = self.unit_roundoff + 9 * UNIT_ROUNDOFF["float64"]
        logits = np.where(p > 0, surprises(p), 0.0)
        off = softmax_log_error(logits, self.unit_roundoff, z_error=u * np.abs(logits))
        return off + np.abs(np.log(p.sum(axis=1, keepdims=True))) + 4 * p.shape[1] * UNIT_ROUNDOFF["float64"]

    def gradient_error(self, theta: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The error of gradients computed from an update, (theta - theta') / r: rounding.updates.  Zero for others."""
        rate = self.host.traits().recovery_rate
        if rate is None:
            return np.zeros(np.shape(theta))
        u = self.unit_roundoff + UNIT_ROUNDOFF["float64"]
        return u * (2 * np.abs(theta) + 4 * abs(rate) * np.abs(g)) / abs(rate)

    def relu(self, z: np.ndarray) -> np.ndarray:
        try:
            return self._call("relu", z)
        except Absent:
            if not self.has_network:
                raise
            message = "relu: not defined as a function; network.forward checks the ReLU inside the network"
            raise NotApplicable(message) from None

    def softmax(self, z: np.ndarray) -> np.ndarray:
        return self._function("softmax", z)

    def cross_entropy(self, p: np.ndarray, y: np.ndarray) -> float:
        return self._function("cross_entropy", p, y)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> np.ndarray:
        return self._function("xavier", fan_in, fan_out, rng)

    def draws(self, fan_in: int, fan_out: int, rng: np.random.Generator, count: int) -> list[np.ndarray]:
        """The results of `count` calls of xavier, one after the other."""
        if self.goes_through("xavier"):
            return standing_in.draws(self, fan_in, fan_out, rng, count)
        return self._call("xavier", fan_in, fan_out, rng, batch=partial(self.host.draws, count=count))

    def _function(self, name: str, *arguments: Any) -> Any:
        """Call a function; if it is missing, compute it through a network."""
        if name not in self.absent:
            try:
                return self._call(name, *arguments)
            except Absent:
                if not self.has_network:
                    raise
        if not self.has_network:
            raise Absent(f"{name} is missing")
        self.seen_through.add(name)
        return getattr(standing_in, name)(self, *arguments)

    def create(self, sizes: Sequence[int], seed: int) -> Handle:
        handle = Handle(self._call("create", list(sizes), seed), list(sizes))
        weakref.finalize(handle, self.host.release, handle.reference.number)
        return handle

    def first_weights(self, sizes: Sequence[int], seeds: Sequence[int]) -> list[np.ndarray]:
        """The first weights of a new network for each seed."""
        self.called.add("parameters")
        return self._call("create", list(sizes), seeds[0], batch=partial(self.host.first_weights, seeds=seeds))

    def network(self, case: Case) -> Handle:
        """A network of the code under check, with the parameters of a case."""
        model = self.create(case.sizes, seed=0)
        self.assign(model, case.weights, case.biases)
        return model

    def assign(self, model: Handle, weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> None:
        self._call("assign", model, weights, biases)
        model.parameters = ([np.array(w) for w in weights], [np.array(b) for b in biases])

    if TYPE_CHECKING:  # __getattr__ makes these, and the extension chapters' operations, from the contract

        def parameters(self, model: Handle) -> Parameters: ...
        def forward(self, model: Handle, x: np.ndarray) -> np.ndarray: ...
        def loss(self, model: Handle, x: np.ndarray, y: np.ndarray) -> float: ...
        def backward(self, model: Handle, x: np.ndarray, y: np.ndarray) -> Parameters: ...
        def step(self, model: Handle, grads: Parameters, lr: float) -> None: ...
        def fit(self, model: Handle, x: np.ndarray, y: np.ndarray, **keywords: float) -> list[float] | None: ...
        def predict(self, model: Handle, x: np.ndarray) -> np.ndarray: ...

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The operations of the contract as methods."""
        if name not in OPERATIONS:
            raise AttributeError(f"the boundary has no {name!r}, and the contract no operation of that name")
        method = partial(self._call, name)
        setattr(self, name, method)  # Python finds it directly from now on
        return method

    def own_loss(self, model: Handle, x: np.ndarray, y: np.ndarray) -> float:
        """The network's loss; if the code does not show it, the cross-entropy of its probabilities."""
        try:
            return self.loss(model, x, y)
        except NotApplicable:
            p = np.asarray(self.forward(model, x), np.float64)
            with np.errstate(all="ignore"):
                return float(-np.log(p[np.arange(len(y)), y]).mean())

    def losses(self, model: Handle, x: np.ndarray, y: np.ndarray, moves: Moves) -> np.ndarray:
        """The network's own loss after each of the moves: (entries, steps)."""
        try:
            found = self._call("loss", model, x, y, batch=partial(self.host.losses, moves=moves))
        except NotApplicable:
            found = []
            for parameters in moves.parameters():
                self.assign(model, *parameters)
                found.append(self.own_loss(model, x, y))
            self.assign(model, moves.weights, moves.biases)
        return np.reshape(found, (len(moves.entries), len(moves.steps)))

    def classify(self, model: Handle, x: np.ndarray) -> np.ndarray:
        """The network's predicted labels; if the code does not offer predict, its likeliest classes."""
        try:
            return self.predict(model, x)
        except NotApplicable:
            return self.forward(model, x).argmax(axis=1)

    def supports(self, sizes: Sequence[int]) -> str | None:
        """None if the implementation makes networks of these sizes, else the reason why not."""
        return self.host.supports(list(sizes))

    @contextmanager
    def regularized(self, lam: float) -> Iterator[None]:
        """Networks have an L2 penalty of this strength inside, where the code takes one."""
        self.host.regularize(lam)
        try:
            yield
        finally:
            self.host.regularize(0.0)

    def hang(self, limit: float) -> str:
        """Describe what did not end in time.  A method that took most of the time is never called again."""
        message = f"not finished after {limit:g} s"
        if self.calls and not self.calls[-1].ended:
            call = self.calls[-1]
            message = f"{call.name} did not return within {limit:g} s"
            if time.perf_counter() - call.started > limit / 2 and not call.many:
                self.hung[call.name] = message
        return message

    def learn(self, key: str, value: str, how: str) -> None:
        """Add a convention of an extension chapter that a spec found by its effect, for the report."""
        self.conventions[key] = Convention(value, "inferred", how)

    def begin(self) -> None:
        """Begin a spec: clear all records of calls."""
        self.forget()
        self.called.clear()
        self.seen_through.clear()
        self.cases, self.measured, self.confusion = 0, "", None

    def forget(self) -> None:
        """Begin an example: clear the recorded calls."""
        self.calls.clear()

    def _call(
        self, name: str, *arguments: Any, batch: Callable[[list[Any]], Answer] | None = None, **keywords: Any
    ) -> Any:
        """Call an operation.  Raise one of the contract's outcomes if it does not return a result.

        batch: asks the host for many calls at once instead of one.
        """
        if name in self.hung:
            raise Hung(self.hung[name])
        call = Call(name, arguments, keywords, self._reread, self.host.modified_later)
        call.many = batch is not None
        if arguments and isinstance(arguments[0], Handle):
            call.model_sizes, call.model_parameters = arguments[0].sizes, arguments[0].parameters
        self.calls.append(call)
        self.called.add(name)
        self.tried.add(name)
        given = [sent(argument) for argument in arguments]
        chosen = {label: sent(argument) for label, argument in keywords.items()}
        answer = self.host.call(name, given, chosen) if batch is None else batch(given)
        call.ended, call.modified, call.number = True, answer.modified, answer.number
        if answer.kind == MISSING:
            self.calls.pop()
            self.called.discard(name)
            self.absent.add(name)
        return self._result(answer, call)

    def _reread(self, call: Call) -> Any:
        """The result of a call as it is now."""
        return self._result(self.host.reread(call.number), call)

    def _result(self, answer: Answer, call: Call) -> Any:
        """The result in an answer; a cache becomes an object that remembers its call, a function a callable."""
        value = value_of(answer)
        if OPERATIONS[call.name].gives[0].kind == OPTIMIZER:
            update = partial(self._update, call, value)
            weakref.finalize(update, self.host.release, value.number)
            return Optimizer(update)
        if OPERATIONS[call.name].gives[0].kind == FUNCTION:
            function = Function(value, partial(self._apply, call, value))
            weakref.finalize(function, self.host.release, value.number)
            return function
        if isinstance(value, tuple) and value and isinstance(value[-1], Reference):
            cache = Cache(value[-1], call.name, call.arguments)
            weakref.finalize(cache, self.host.release, cache.reference.number)
            return (*value[:-1], cache)
        return value

    def _apply(self, call: Call, function: Reference, *arguments: Any) -> float:
        """Call a function that an earlier call returned."""
        self.calls.append(replace(call, applied=arguments, number=0))
        return float(value_of(self.host.apply(call.name, function, arguments)))

    def _update(self, call: Call, optimizer: Reference, params: Arrays, *grads: Arrays) -> list[list[np.ndarray]]:
        """Update parameters by each of the gradients in turn, with an optimizer that an earlier call returned."""
        applied = replace(call, applied=(params, *grads), number=0)
        self.calls.append(applied)
        distinct = {id(each): list(each) for each in grads}
        place = {key: i for i, key in enumerate(distinct)}
        order = [place[id(each)] for each in grads]
        answer = self.host.update(call.name, optimizer, list(params), list(distinct.values()), order)
        applied.modified = answer.modified
        found: list[list[np.ndarray]] = value_of(answer)
        return found


def value_of(answer: Answer) -> Any:
    """The value of an answer.  Raises one of the contract's outcomes if the call ended without a result."""
    if answer.kind == RAISED:
        raise Raised(answer.message, answer.where, answer.refused)
    if answer.kind != VALUE:
        raise ENDINGS[answer.kind](answer.message)
    return answer.value


@contextmanager
def narrowed(impl: Boundary, again: Callable[[tuple[int, ...]], None]) -> Iterator[None]:
    """If the comparison inside fails, try a smaller input, so that the report shows the smallest one that fails.

    again: makes the same comparison for one entry, given the index of the one that was furthest off.
    """
    try:
        yield
    except Failure as failure:
        if failure.index:
            kept = list(impl.calls)
            impl.forget()  # the report's lines to paste reproduce the smaller input
            again(failure.index)
            impl.calls.extend(kept)
        raise
