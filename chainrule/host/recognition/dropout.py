"""Dropout under other names and in other forms, with the contract's forward, backward and evaluation.

A function may return its mask, or take its settings in a dictionary; a class keeps its mask, and a mode.  What its
probability means is said by its name, or shown by its effect.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES, OPERATIONS
from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import Operation
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.namespaces import methods_of, ranked
from chainrule.host.recognition.surroundings import generators_kept, seed_each, seed_everything
from chainrule.host.recognition.vocabulary import is_called, likeliest, names, role
from chainrule.support.arrays import describe, is_array, to_numpy

NAMES = EXTENSION_NAMES["dropout"]
BACKWARD = next(name for name in NAMES if OPERATIONS[name].undoes)
FORWARD = OPERATIONS[BACKWARD].undoes
first_called = partial(likeliest, "masking")
PROBABILITIES = ("drops", "keeps", "either")
THINGS = (*PROBABILITIES, "config", "training", "evaluating", "mode", "mask")
TRIED = (64, 64)  # the shape of a first input
TRIED_RATE = 0.25
NEAR = 0.06  # of a part of the entries: nine standard deviations
NEUTRAL = {"lr": 0.0, "text": "dropout"}  # for a learning rate, and the name of a layer
NATIVE = ("x", "rate", "rng")
EFFECTS = {
    "drops": "its probability is that of dropping an entry",
    "keeps": "its probability is that of keeping an entry",
}
UNSEEDED = "one state of NumPy's global generator gives two masks"


def thing_of(name: str) -> str | None:
    """What a parameter or a key of that name is for, or None."""
    named = next((thing for thing in THINGS if is_called("masking", thing, name)), None)
    return named or (role(name) if role(name) in ("rng", "seed", *NEUTRAL) else None)


def words_of(function: Any) -> list[str]:
    """The strings in the code of a function."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return [text for text in getattr(code, "co_consts", ()) if isinstance(text, str)]


def mode_of(function: Any, training: bool) -> Any:
    """The function's word for training or evaluation; True or False if it compares with no word."""
    found = words_of(function)
    on, off = first_called("words_of_training", found), first_called("words_of_evaluation", found)
    if on is None and off is None:
        return training
    return (on or "train") if training else (off or "test")


def taken_by(function: Any) -> list[str]:
    """The names of the parameters of a function or class after `self`."""
    return [p.name for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


@dataclass
class Reading:
    """How chainrule reads a function or class as dropout.

    found: the function or class.  probability: how it takes the rate: `drops` or `keeps`.  effect: whether its effect
    showed so.  seedless: whether nothing that chainrule seeds decides the mask.  made: {rate: an object of the class}.
    """

    name: str
    found: Any
    probability: str = ""
    effect: bool = False
    seedless: bool = False
    made: dict[float, Any] = field(default_factory=dict)
    generator: np.random.Generator = field(default_factory=np.random.default_rng)

    @property
    def is_class(self) -> bool:
        return inspect.isclass(self.found)

    @property
    def is_native(self) -> bool:
        """Whether a function takes the contract's arguments by their names."""
        return not self.is_class and tuple(p.name for p in parameters_of(self.found)) == NATIVE

    def value_of(self, rate: float) -> float:
        """The probability that the code takes for a rate of dropping."""
        return 1 - rate if self.probability == "keeps" else rate

    def find_probability(self) -> None:
        """Read off the names which probability the code takes.  Raises NotOffered if it takes none."""
        functions = [self.found] if not self.is_class else [self.found, getattr(self.found, "forward", None)]
        for function in filter(None, functions):
            shown = taken_by(function)
            if any(is_called("masking", "config", name) for name in shown):
                shown = [*shown, *words_of(function)]
            for kind in PROBABILITIES:
                if first_called(kind, shown) is not None:
                    self.probability = kind
                    return
        raise NotOffered(f"{self.name}: chainrule found no parameter for the rate")

    def arguments(self, function: Any, first: Sequence[Any], known: Mapping[str, Any]) -> dict[str, Any]:
        """{parameter: value} of a call.  first: the values of the first parameters.  known: {thing: value}.

        Raises NotOffered for a parameter without a value.
        """
        parameters = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        given = {p.name: value for p, value in zip(parameters, first, strict=False)}
        for parameter in parameters[len(first) :]:
            thing = thing_of(parameter.name)
            if thing in PROBABILITIES and "rate" in known:
                given[parameter.name] = self.value_of(known["rate"])
            elif thing == "mode" and "training" in known:
                given[parameter.name] = mode_of(function, known["training"])
            elif thing == "training" and "training" in known:
                text = isinstance(parameter.default, str)
                given[parameter.name] = mode_of(function, known["training"]) if text else known["training"]
            elif thing == "evaluating" and "training" in known:
                given[parameter.name] = not known["training"]
            elif thing is not None and thing in known:
                given[parameter.name] = known[thing]
            elif thing in NEUTRAL:
                given[parameter.name] = NEUTRAL[thing]
            elif parameter.default is parameter.empty:
                raise NotOffered(f"{self.name}: chainrule knows no value for its parameter {parameter.name}")
        return given

    # Functions

    def config(self, rate: float, training: bool) -> dict[str, Any]:
        """The settings of a function that takes a dictionary."""
        found = words_of(self.found)
        probability = next(filter(None, (first_called(kind, found) for kind in PROBABILITIES)), "p")
        mode = first_called("mode", found) or first_called("training", found) or "mode"
        return {probability: self.value_of(rate), mode: mode_of(self.found, training)}

    def by_function(self, x: Any, rate: float, rng: np.random.Generator | None, training: bool = True) -> Any:
        known: dict[str, Any] = {"rate": rate, "training": training}
        if any(thing_of(name) == "config" for name in taken_by(self.found)[1:]):
            known["config"] = self.config(rate, training)
        with self.drawing(self.found, rng, [], known):
            return self.found(**self.arguments(self.found, [x], known)), known

    @contextmanager
    def drawing(
        self, function: Any, rng: np.random.Generator | None, kept: Sequence[Any], known: dict[str, Any]
    ) -> Iterator[None]:
        """Let the body draw from rng, in the way that the code allows.

        The generator is passed, or its state goes into the one that an object was made with, or a seed that it draws
        goes to NumPy's global generator and all that the code keeps.  kept: the attributes of an object.  known: takes
        the generator or the seed.
        """
        if rng is None:
            rng = np.random.default_rng(0)
        plain_function = getattr(function, "__func__", function)
        if any(thing_of(name) == "rng" for name in taken_by(function)):
            known["rng"] = rng
            yield
        elif self.made_with_generator:
            self.generator.bit_generator.state = rng.bit_generator.state
            yield
            rng.bit_generator.state = self.generator.bit_generator.state
        else:
            known["seed"] = int(rng.integers(2**31))
            others = list(getattr(plain_function, "__globals__", {}).values())
            with generators_kept(), states_kept(others):
                seed_everything(known["seed"])
                seed_each([*kept, *others], known["seed"])
                yield

    @property
    def takes_generator(self) -> bool:
        """Whether a generator is passed to the code."""
        forward = [] if not self.is_class else [self.method("forward", self.object(TRIED_RATE))]
        return any(thing_of(name) == "rng" for one in (self.found, *forward) for name in taken_by(one))

    @property
    def made_with_generator(self) -> bool:
        """Whether the constructor takes a generator."""
        return self.is_class and any(thing_of(name) == "rng" for name in taken_by(self.found))

    # Classes

    def object(self, rate: float) -> Any:
        """The object for a rate, which is used again for the same rate."""
        if rate not in self.made:
            known = {"rate": rate, "training": True, "rng": self.generator}
            if any(thing_of(p.name) == "seed" and p.default is p.empty for p in parameters_of(self.found)):
                known["seed"] = 0  # one that is optional may be set anew in every pass
            self.made[rate] = self.found(**self.arguments(self.found, [], known))
        return self.made[rate]

    def method(self, operation: str, made: Any) -> Any:
        """The method of an object for `forward` or `backward`.  Raises NotOffered."""
        found = ranked(operation, methods_of(made))
        if not found:
            raise NotOffered(f"{self.name}: expected an object with {operation}, found no such method")
        return found[0][1]

    def by_object(self, x: Any, rate: float, rng: np.random.Generator | None, training: bool = True) -> Any:
        made = self.object(rate)
        set_mode(made, training)
        forward, known = self.method("forward", made), {"rate": rate, "training": training}
        with self.drawing(forward, rng, list(vars(made).values()), known):
            found = forward(**self.arguments(forward, [x], known))
        if found is None:
            found = kept_as("output", made)
        return found, known

    def has_mode(self) -> bool:
        """Whether the code is told whether it trains."""
        function = self.method("forward", self.object(TRIED_RATE)) if self.is_class else self.found
        things = {thing_of(name) for name in taken_by(function)[0 if self.is_class else 1 :]}
        if things & {"config", "training", "evaluating", "mode"}:
            return True
        return self.is_class and set_mode(self.object(TRIED_RATE), True)


@contextmanager
def states_kept(values: Sequence[Any]) -> Iterator[None]:
    """Restore the generators among values after the body, as other functions draw from them too."""
    before = [(value, value.bit_generator.state) for value in values if isinstance(value, np.random.Generator)]
    older = [(value, value.get_state()) for value in values if isinstance(value, np.random.RandomState)]
    try:
        yield
    finally:
        for value, state in before:
            value.bit_generator.state = state
        for one, its in older:
            one.set_state(its)


def set_mode(made: Any, training: bool) -> bool:
    """Let an object train or evaluate, by its methods or an attribute.  Returns whether it has either."""
    if all(callable(getattr(made, name, None)) for name in ("train", "eval")):
        getattr(made, "train" if training else "eval")()
        return True
    for name, value in list(vars(made).items()):
        thing = thing_of(name)
        if thing in ("training", "evaluating") and isinstance(value, bool):
            setattr(made, name, training == (thing == "training"))
            return True
        if thing in ("training", "mode") and isinstance(value, str):
            words = "words_of_training" if training else "words_of_evaluation"
            said = first_called(words, words_of(ranked("forward", methods_of(made))[0][1]))
            setattr(made, name, said or names("masking")[words].spelled[0])
            return True
    return False


def kept_as(thing: str, made: Any) -> Any:
    """The array that an object keeps under a name for its output or its gradient.  Raises NotOffered."""
    own = first_called(thing, [name for name, value in vars(made).items() if is_array(value)])
    if own is None:
        raise NotOffered(f"{type(made).__name__} returns None, and keeps no {thing}")
    return getattr(made, own)


def held(value: Any) -> Any:
    """A copy of an array, and of a dictionary, list or tuple of arrays; anything else itself."""
    if type(value) is dict:
        return {key: held(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(held, value))
    return value.copy() if isinstance(value, np.ndarray) else value


@dataclass
class Passed:
    """What a forward pass leaves for its backward pass.

    cache: what the code returned beside the output.  backward: the backward pass of an object, of dout.
    known: what else the backward pass of a function may take.
    """

    cache: Any
    backward: Callable[[Any], Any] | None
    known: Mapping[str, Any]


class DropoutLayers:
    """The dropout of a namespace, read once."""

    def __init__(self, namespace: Mapping[str, Any], names_of: Callable[[str], Sequence[str]]) -> None:
        """names_of: the names that the code may use for an operation."""
        self.namespace, self.names_of = namespace, names_of
        self.known: Reading | NotOffered | None = None

    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]:
        """What the effect of a pass showed, beside the contract's conventions: (key, value, how)."""
        if not isinstance(self.known, Reading):
            return ()
        kind = self.known.probability
        found = [("dropout_p", kind, EFFECTS[kind])] if self.known.effect else []
        return (*found, ("dropout_seeding", "none", UNSEEDED)) if self.known.seedless else tuple(found)

    def named(self, operation: str) -> list[str]:
        """The names of an operation that the code defines."""
        return [name for name in self.names_of(operation) if callable(self.namespace.get(name))]

    def reading(self) -> Reading:
        """How dropout is read.  Raises Missing, NotOffered."""
        if self.known is None:
            candidates = self.named(FORWARD)
            if not candidates:
                raise Missing(f"{self.names_of(FORWARD)[-1]} is missing")
            refused: NotOffered | None = None
            for name in candidates:
                try:
                    self.known = read(name, self.namespace[name])
                    break
                except NotOffered as error:
                    refused = refused or error
                except (Unbound, Exception, SystemExit) as error:  # the code's own, in a pass that chainrule only tries
                    refused = refused or NotOffered(f"{name}: {type(error).__name__}: {error}")
            self.known = self.known or refused
        if isinstance(self.known, Reading):
            return self.known
        assert self.known is not None
        raise self.known

    def offers(self, operation: Operation) -> bool:
        """Whether the code has something for the operation that chainrule can call."""
        try:
            reading = self.reading()
            if operation.name == FORWARD:
                return True
            if operation.undoes:
                return reading.is_class or bool(self.named(BACKWARD))
            return bool(self.named(operation.name)) or reading.has_mode()
        except (NotOffered, Unbound):
            return False

    def where(self, operation: Operation) -> str | None:
        """`file:line` of what computes the operation."""
        reading = self.reading()
        if not reading.is_class:
            found = self.named(operation.name)
            return source_line(self.namespace[found[0]] if found else reading.found)
        name = "backward" if operation.undoes else "forward"
        return source_line(reading.method(name, reading.object(TRIED_RATE)))

    def call(self, operation: Operation, *arguments: Any) -> Any:
        """The result of an operation.  Raises Missing, NotOffered."""
        reading = self.reading()
        if operation.name == FORWARD:
            return self.forward(reading, *arguments)
        if operation.undoes:
            return self.backward(reading, *arguments)
        if self.named(operation.name):
            return self.namespace[self.named(operation.name)[0]](*arguments)
        if not reading.has_mode():
            raise Missing(f"{reading.name} has no mode for evaluation")
        x, rate = arguments
        return output_of(run(reading, x, rate, None, training=False)[0])[0]

    def forward(self, reading: Reading, x: Any, rate: float, rng: np.random.Generator) -> Any:
        """(out, what the backward pass needs)."""
        raw, known = run(reading, x, rate, rng)
        if raw is None:
            return None
        out, cache = output_of(raw)
        if not reading.is_class:
            return out, Passed(cache, None, known | {"x": x})
        made = reading.object(rate)
        return out, Passed(cache, partial(back, reading, made, held(vars(made)), cache), {})

    def backward(self, reading: Reading, dout: Any, passed: Passed) -> Any:
        """dx, of the pass that left this."""
        if passed.backward is not None:
            return passed.backward(dout)
        found = self.named(BACKWARD)
        if not found:
            raise Missing(f"{BACKWARD} is missing")
        function = self.namespace[found[0]]
        others = [thing_of(name) for name in taken_by(function)[1:]]
        alone = len(others) == 1 and others[0] not in PROBABILITIES
        if not alone and "mask" not in others:
            raise NotOffered(f"{found[0]}: expected (dout, cache), found ({', '.join(taken_by(function))})")
        first = [dout, passed.cache] if alone else [dout]
        known = dict(passed.known) | {"mask": passed.cache}
        return gradient_of(function(**reading.arguments(function, first, known)))


def back(reading: Reading, made: Any, state: Mapping[str, Any], cache: Any, dout: Any) -> Any:
    """dx by an object, whose attributes are those after the forward pass."""
    vars(made).update(held(state))
    backward = reading.method("backward", made)
    found = backward(**reading.arguments(backward, [dout], {"mask": cache}))
    return gradient_of(kept_as("gradient", made) if found is None else found)


def run(
    reading: Reading, x: Any, rate: float, rng: np.random.Generator | None, training: bool = True
) -> tuple[Any, dict[str, Any]]:
    """(what a forward pass returned, the values that it was given)."""
    found: tuple[Any, dict[str, Any]] = (reading.by_object if reading.is_class else reading.by_function)(
        x, rate, rng, training
    )
    return found


def output_of(raw: Any) -> tuple[Any, Any]:
    """(the output, what was returned beside it)."""
    if isinstance(raw, tuple) and raw:
        return raw[0], raw[1] if len(raw) == 2 else raw[1:] or None
    return raw, None


def gradient_of(raw: Any) -> Any:
    """The gradient in what a backward pass returned."""
    return raw[0] if isinstance(raw, tuple) and len(raw) == 1 else raw


def read(name: str, found: Any) -> Reading:
    """Read a function or class by its names, and let it make a first pass.

    Raises NotOffered, or what the code raises; a function of the contract's form may raise.
    """
    reading = Reading(name, found)
    reading.find_probability()
    try:
        shown = tried(reading)
    except Exception:
        if not reading.is_native:
            raise
        return reading
    if reading.probability == "either":
        reading.probability, reading.effect = shown, True
        reading.made.clear()
    if not reading.takes_generator:
        reading.seedless = not np.array_equal(first_pass(reading), first_pass(reading), equal_nan=True)
    return reading


def first_pass(reading: Reading) -> np.ndarray:
    """The output of a pass whose generator is in its first state.  Raises NotOffered if its shape is another."""
    with np.errstate(all="ignore"):
        out = output_of(run(reading, np.ones(TRIED), TRIED_RATE, None)[0])[0]
    if not is_array(out) and not isinstance(out, list):
        raise NotOffered(f"{reading.name}: expected an array, found {describe(out)}")
    array = to_numpy(out)
    if array.shape != TRIED:
        raise NotOffered(f"{reading.name}: expected an array of shape {TRIED}, found {describe(array)}")
    return array


def tried(reading: Reading) -> str:
    """Whether a probability `drops` or `keeps`, by a first pass: how many entries are dropped, else their factor."""
    array = first_pass(reading)
    dropped, factor = float(np.mean(array == 0)), float(np.max(array))
    for right in (TRIED_RATE, 1 - TRIED_RATE):
        if abs(dropped - right) < NEAR or (abs(dropped - 1 + right) >= NEAR and abs(factor * (1 - right) - 1) < NEAR):
            return "drops" if right == TRIED_RATE else "keeps"
    return "drops" if dropped < 1 / 2 else "keeps"
