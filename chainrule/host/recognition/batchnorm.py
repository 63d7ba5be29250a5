"""Batch normalization under other names and in other forms, with the contract's passes.

A function may take its settings in a dictionary, or its running statistics as arguments; a class keeps gamma and beta,
its statistics and a mode.  A reading counts if a first pass gives results of the right shapes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES, OPERATIONS
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import Operation
from chainrule.host.recognition import vocabulary
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.namespaces import home_of, is_own
from chainrule.host.recognition.tools import divides_by_batch
from chainrule.host.recognition.vocabulary import is_called, likeliest, names, plain
from chainrule.support.arrays import describe, is_array, to_numpy

BATCHNORM = "batchnorm"  # the chapter
first_called, labelled = partial(likeliest, "normalization"), partial(vocabulary.labelled, "normalization")
FORWARD, BACKWARD, ALTERNATIVE, EVALUATION, RUNNING = (OPERATIONS[name] for name in EXTENSION_NAMES[BATCHNORM])
Statistics = tuple[Any, Any]
FEATURES = 3  # of a first pass
ARRAYS = ("x", "gamma", "beta")
SETTINGS = ("config", "mean", "variance", "momentum", "eps", "training", "evaluating", "mode")
FLAGS = ("training", "evaluating", "mode")
BROKEN = (NameError, ValueError, IndexError)  # what a pass raises by a mistake of its own
CHOSEN = {"eps": 1e-5, "momentum": 0.9}  # settings that a caller may choose, and what a pass gets that needs one


def batch(samples: int, features: int) -> np.ndarray:
    """A batch for a pass that only prepares, or shows the form."""
    return np.random.default_rng([samples, features]).normal(0.5, 2.0, size=(samples, features))


def words_of(function: Any) -> list[str]:
    """The strings in the code of a function."""
    return [text for text in function.__code__.co_consts if isinstance(text, str)]


def words_of_members(cls: type) -> list[str]:
    """The strings in the code of a class's methods and properties."""
    members = [member for base in cls.__mro__[:-1] for member in vars(base).values()]
    functions = [getattr(member, "fget", member) for member in members]
    return [word for one in functions if inspect.isfunction(one) for word in words_of(one)]


def flagged(thing: str, training: bool, words: Sequence[str]) -> Any:
    """The value of a flag: a truth value, or the word that the code has for a mode."""
    known = first_called("training_word", words), first_called("evaluation_word", words)
    if thing == "mode" and any(known):
        return (known[0] or "train") if training else (known[1] or "test")
    return not training if thing == "evaluating" else training


@dataclass
class Passed:
    """What a pass returned: its output, the cache for its backward pass, and the running statistics after it."""

    out: Any
    cache: Any = None
    statistics: Statistics | None = None


@dataclass
class Asked:
    """What a pass is asked for: its arrays, its mode, and the settings that are chosen."""

    x: Any
    gamma: Any
    beta: Any
    training: bool = True
    eps: float | None = None
    momentum: float | None = None
    statistics: Statistics | None = None


class Form:
    """How the code normalizes.  chooses: the settings that a caller can choose; evaluates: whether it has that mode."""

    chooses: frozenset[str] = frozenset()
    averages = False
    evaluates = False

    def run(self, asked: Asked) -> Passed:
        raise NotImplementedError


class Function(Form):
    """A function of x, gamma and beta, with a dictionary of settings or running statistics among its arguments.

    backward: the function for the backward pass, or None.  columns: whether samples are columns.
    """

    def __init__(self, name: str, function: Any, backward: Any) -> None:
        self.name, self.function, self.backward, self.words = name, function, backward, words_of(function)
        self.columns = False
        every = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self.taken = labelled([p.name for p in every], (*ARRAYS, *SETTINGS))
        lacking = [thing for thing in ARRAYS if thing not in self.taken]
        unknown = [p.name for p in every if p.name not in self.taken.values() and p.default is p.empty]
        if lacking or unknown:
            told = ", ".join(p.name for p in every)
            raise NotOffered(f"{name}: expected {name}(x, gamma, beta, eps=1e-05), found {name}({told})")
        things = SETTINGS[1:5] + (("mode",) if first_called("mode", self.words) else FLAGS)
        self.keys = labelled(self.words, things) if "config" in self.taken else {}
        there = {*self.taken, *self.keys}
        self.chooses = frozenset(there & {"eps", "momentum"})
        self.averages = {"mean", "variance"} <= there
        self.evaluates = self.averages and any(flag in there for flag in FLAGS)
        self.columns = not self.fits(columns=False) and self.fits(columns=True)
        order = [p.name for p in every][: len(ARRAYS)] == [self.taken[thing] for thing in ARRAYS]
        self.native = order and self.taken.keys() == {*ARRAYS, "eps"} and not self.columns
        if not self.native and "config" not in self.taken and name != FORWARD.name:
            shaped_or_broken(self, name)
        if self.averages and not self.evaluates:
            require_mode(self, name)

    def fits(self, columns: bool) -> bool:
        """Whether a pass, and one back, give results of the right shapes, for samples in rows or in columns."""
        self.columns = columns
        try:
            shaped(self, self.name)
            return True
        except (NotOffered, Exception):  # the code's own, in a pass that chainrule only tries
            return False

    def run(self, asked: Asked) -> Passed:
        features = np.shape(asked.x)[1]
        centre, variance = map(self.upright, asked.statistics or (np.zeros(features), np.ones(features)))
        values = {"eps": asked.eps, "momentum": asked.momentum, "mean": centre, "variance": variance}
        values |= {flag: flagged(flag, asked.training, self.words) for flag in FLAGS}
        settings = {self.keys[thing]: value for thing, value in values.items() if thing in self.keys}
        settings = {key: value for key, value in settings.items() if value is not None}
        values |= {"gamma": self.upright(asked.gamma), "beta": self.upright(asked.beta), "config": settings}
        values["x"] = asked.x.T if self.columns else asked.x
        given = {name: values[thing] for thing, name in self.taken.items() if values[thing] is not None}
        returned = self.function(**given)
        statistics: list[Any] = [None, None]
        if "config" in self.taken:
            statistics = [settings.get(self.keys.get(thing, "")) for thing in ("mean", "variance")]
            out, cache = self.pair(returned)
        elif self.averages and isinstance(returned, tuple) and len(returned) > 2:
            out, cache, statistics = returned[0], returned[1] if len(returned) > 3 else None, list(returned[-2:])
        elif self.averages:  # changed in place
            out, cache = self.pair(returned) if isinstance(returned, tuple) else (returned, None)
            statistics = [centre, variance]
        else:
            out, cache = self.pair(returned)
        known = not any(array is None for array in statistics)
        kept = (np.ravel(statistics[0]), np.ravel(statistics[1])) if known else None
        if self.columns:
            return Passed(to_numpy(out).T, Turned(cache), kept)
        return Passed(out, cache, kept)

    def upright(self, vector: Any) -> Any:
        """A vector of features as the function takes it."""
        return np.reshape(vector, (-1, 1)) if self.columns else vector

    def pair(self, returned: Any) -> tuple[Any, Any]:
        """(out, cache), as the function returned them.  Raises NotOffered."""
        if not (isinstance(returned, (tuple, list)) and len(returned) == 2):
            raise NotOffered(f"{self.name}: expected (out, cache), found {describe(returned)}")
        return returned[0], returned[1]

    def lacks_setup(self, error: Exception) -> bool:
        """Whether an error may be one for want of what a caller provides."""
        return not isinstance(error, BROKEN) or len(parameters_of(self.backward)) != 2

    def back(self, dout: Any, cache: Any) -> tuple[Any, Any, Any]:
        """(dx, dgamma, dbeta) of a pass.  Raises NotOffered."""
        return gradients(self.backward, dout, cache)


@dataclass(frozen=True)
class Turned:
    """The cache of a function that takes samples in columns."""

    cache: Any


def gradients(backward: Any, dout: Any, cache: Any) -> tuple[Any, Any, Any]:
    """(dx, dgamma, dbeta) of a function, whichever way samples lie.  Raises NotOffered."""
    turned = isinstance(cache, Turned)
    found = backward(dout.T if turned else dout, cache.cache if turned else cache)
    if not (isinstance(found, (tuple, list)) and len(found) == 3):
        raise NotOffered(f"{backward.__name__}: expected (dx, dgamma, dbeta), found {describe(found)}")
    return to_numpy(found[0]).T if turned else found[0], found[1], found[2]


@dataclass(frozen=True)
class Place:
    """An array inside an object: what holds it, under which name, and the words on the way there."""

    words: tuple[str, ...]
    holder: Any
    key: Any

    @property
    def value(self) -> Any:
        return self.holder[self.key] if isinstance(self.holder, dict) else getattr(self.holder, self.key)

    def set(self, array: Any) -> None:
        """Put an array there, in the shape of the one before."""
        new = np.array(array).reshape(np.shape(self.value))
        if isinstance(self.holder, dict):
            self.holder[self.key] = new
        else:
            setattr(self.holder, self.key, new)

    @property
    def name(self) -> str:
        """What the array is called: the last word that says so, after a `d` for a gradient."""
        own = [word.rpartition("__")[2] if word.startswith("_") else word for word in self.words]
        slope = any(is_called("normalization", "slopes", word) for word in own)
        telling = [w for w in own if not any(is_called("normalization", thing, w) for thing in ("slopes", "holds"))]
        return ("d" if slope else "") + (telling or own)[-1]


def places(thing: Any, size: int) -> Iterator[Place]:
    """The arrays of so many numbers in an object, in its dictionaries, and in the objects that it holds."""
    for key, value in list(vars(thing).items()):
        if is_array(value):
            if np.size(value) == size:
                yield Place((key,), thing, key)
        elif isinstance(value, dict):
            yield from (
                Place((key, str(inner)), value, inner)
                for inner, array in value.items()
                if is_array(array) and np.size(array) == size
            )
        elif hasattr(value, "__dict__") and not callable(value) and not inspect.ismodule(value):
            yield from (
                Place((key, inner), value, inner)
                for inner, array in vars(value).items()
                if is_array(array) and np.size(array) == size
            )


def places_of(thing: str, found: Sequence[Place]) -> list[Place]:
    """The places of one thing, the likeliest first."""
    known = names("normalization")[thing]
    ranked = [(at, i) for i, place in enumerate(found) if (at := known.position(plain(place.name))) is not None]
    return [found[i] for _, i in sorted(ranked)]


def place_of(thing: str, found: Sequence[Place]) -> Place | None:
    """The likeliest place of one thing."""
    return next(iter(places_of(thing, found)), None)


class Layer(Form):
    """A class whose objects keep gamma, beta and running statistics."""

    def __init__(self, name: str, cls: type) -> None:
        self.name, self.cls, self.columns = name, cls, False
        every = [p for p in parameters_of(cls) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self.taken = labelled([p.name for p in every], ("gamma", "beta", "count", "momentum", "eps"))
        unknown = [p.name for p in every if p.name not in self.taken.values() and p.default is p.empty]
        if unknown:
            raise NotOffered(f"{name}: chainrule knows no value for its parameter {unknown[0]}")
        methods = [method for method in dir(cls) if not method.startswith("_") or method == "__call__"]
        forward, backward = first_called("forward", methods), first_called("backward", methods)
        if forward is None or backward is None:
            raise NotOffered(f"{name}: expected an object with forward(x) and backward(dout)")
        self.forward, self.backward = forward, backward
        self.alone = first_called("evaluation", methods)  # a method of evaluation alone
        self.switches = [first_called(thing, methods) for thing in ("trains", "evaluates")]
        taken = [p for p in parameters_of(getattr(cls, forward))[1:] if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        if not taken:
            raise NotOffered(f"{name}.{forward}: expected it to take x")
        of_pass = labelled([p.name for p in taken[1:]], (*FLAGS, *CHOSEN))
        self.flags = {thing: name for thing, name in of_pass.items() if thing in FLAGS}
        self.of_pass = {thing: name for thing, name in of_pass.items() if thing in CHOSEN}
        self.needed = {p.name for p in taken[1:] if p.default is p.empty}
        unknown = [name for name in self.needed if name not in of_pass.values()]
        if unknown:
            raise NotOffered(f"{name}.{forward}: chainrule knows no value for its parameter {unknown[0]}")
        self.rates = {
            p.name: 1.0 for p in parameters_of(getattr(cls, backward))[2:] if is_called("normalization", "rate", p.name)
        }
        self.lowest = {
            p.name: False
            for p in parameters_of(getattr(cls, backward))[2:]
            if is_called("normalization", "first", p.name)
        }
        self.words = [*words_of(getattr(cls, forward)), *words_of_members(cls)]
        self.attributes: dict[str, str] = {}
        made = self.oriented()
        for thing in CHOSEN:
            own = self.number(made, thing)
            if own is not None and not {thing} & {*self.taken, *self.of_pass} and self.heeds(own):
                self.attributes[thing] = own
        apart = [] if self.alone is None else [p.name for p in parameters_of(getattr(cls, self.alone))[1:]]
        self.of_evaluation = labelled(apart, tuple(CHOSEN))
        both = self.of_pass if self.alone is None else self.of_pass.keys() & self.of_evaluation.keys()
        self.chooses = frozenset(CHOSEN) & {*self.taken, *both, *self.attributes}
        switched = bool(self.flags) or self.attribute(made) is not None or None not in self.switches
        modes = switched or self.alone is not None
        self.running = [self.averaged(made, thing, modes) for thing in ("mean", "variance")]
        self.averages = None not in self.running
        self.evaluates = self.averages and modes
        shaped_or_broken(self, name)
        if self.averages and not switched:
            require_mode(self, name)

    def lacks_setup(self, error: Exception) -> bool:
        """Whether an error may be one for want of what another method, or a caller, provides."""
        own = parameters_of(getattr(self.cls, self.backward))[2:]
        own = [p for p in own if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        if any(p.name not in (*self.rates, *self.lowest) for p in own):
            return True
        if not isinstance(error, AttributeError):
            return not isinstance(error, BROKEN)
        methods = [getattr(self.cls, name) for name in dir(self.cls) if name != self.backward]
        named = {word for method in methods if hasattr(method, "__code__") for word in method.__code__.co_names}
        return not isinstance(error.obj, self.cls) or error.name in named

    def oriented(self) -> Any:
        """An object after a first pass.  Finds out by it whether samples are rows or columns.  Raises NotOffered."""
        trouble: Exception | None = None
        for columns in (False, True):
            self.columns = columns
            try:
                made = self.prepared(FEATURES, None, None)
            except (NotOffered, Exception) as error:  # the code's own, for samples in the other axis
                trouble = trouble or error
                continue
            gamma, beta = (self.lasting(made, thing) for thing in ("gamma", "beta"))
            if gamma is None or beta is None:
                trouble = trouble or NotOffered(f"{self.name}: chainrule found no gamma and beta in the object")
            elif columns or np.shape(gamma.value) != (FEATURES, 1):
                self.learnt = {"gamma": gamma.words, "beta": beta.words}
                return made
        raise NotOffered(f"{self.name}: {trouble}")

    def averaged(self, made: Any, thing: str, modes: bool) -> tuple[str, ...] | None:
        """The words on the way to a running statistic.

        Its name shows it; or evaluation uses what is called as a batch's.
        """
        found = list(places(made, FEATURES))
        place = place_of(thing, found)
        for other in places_of(f"kept_{thing}", found) if place is None and modes else ():
            outs, before = [], np.array(other.value)
            for more in (1, 2):
                other.set(before + more)
                outs.append(np.array(self.pass_of(made, batch(FEATURES + 1, FEATURES), training=False)))
            other.set(before)
            if not np.array_equal(outs[0], outs[1]):
                return other.words
        return None if place is None else place.words

    def lasting(self, made: Any, thing: str) -> Place | None:
        """The likeliest place of a parameter, which keeps what is put there: a pass computes others of that name."""
        for place in places_of(thing, list(places(made, FEATURES))):
            before = np.array(place.value)
            place.set(before + 1)
            self.pass_of(made, batch(FEATURES + 2, FEATURES), training=True)
            kept = np.array_equal(place.value, before + 1)
            place.set(before)
            if kept:
                return place
        return None

    def prepared(self, features: int, eps: float | None, momentum: float | None) -> Any:
        """An object that has seen another batch."""
        made = self.make(features, eps, momentum)
        self.pass_of(made, batch(FEATURES + 2, features), training=True)
        return made

    def make(self, features: int, eps: float | None, momentum: float | None) -> Any:
        """An object for so many features."""
        upright = (features, 1) if self.columns else (features,)
        chosen = {"eps": eps, "momentum": momentum, "gamma": np.ones(upright), "beta": np.zeros(upright)}
        given = {
            self.taken[thing]: value for thing, value in chosen.items() if thing in self.taken and value is not None
        }
        if "count" not in self.taken:
            made = self.cls(**given)
        else:
            word = self.taken["count"]
            shaped = "shape" in plain(word)
            made = self.cls(**given, **{word: upright if shaped else features})
        for thing, own in self.attributes.items():
            if chosen[thing] is not None:
                setattr(made, own, chosen[thing])
        return made

    def heeds(self, own: str) -> bool:
        """Whether the number in an attribute matters to two passes: not if it is unused, or the passes write it."""
        shown = []
        for value in (0.25, 0.5):
            made = self.make(FEATURES, None, None)
            setattr(made, own, value)
            outs = [self.pass_of(made, batch(FEATURES + more, FEATURES), training=True) for more in (1, 2)]
            kept = [place.value for place in places(made, FEATURES)]
            shown.append(np.concatenate([np.ravel(array) for array in (*outs, *kept)]))
        return not np.array_equal(shown[0], shown[1], equal_nan=True)

    def number(self, made: Any, thing: str) -> str | None:
        """The attribute with a number of that name."""
        return first_called(thing, [key for key, value in vars(made).items() if isinstance(value, float)])

    def attribute(self, made: Any) -> tuple[str, str] | None:
        """(the kind of flag, its attribute), if the object keeps its mode."""
        both = [*(vars(base) for base in self.cls.__mro__[-2::-1]), vars(made)]
        kept = {key: value for attributes in both for key, value in attributes.items()}
        found = [key for key, value in kept.items() if isinstance(value, (bool, str))]
        return next(((thing, name) for thing in FLAGS if (name := first_called(thing, found))), None)

    def settings(self, method: str, asked: Asked | None) -> dict[str, float]:
        """The settings that a method takes, by their names: those chosen, and what it needs of the others."""
        chosen = {} if asked is None else {"eps": asked.eps, "momentum": asked.momentum}
        taken = self.of_pass if method == self.forward else self.of_evaluation
        needed = {name: CHOSEN[thing] for thing, name in taken.items() if name in self.needed}
        return needed | {name: value for thing, name in taken.items() if (value := chosen.get(thing)) is not None}

    def pass_of(self, made: Any, x: Any, training: bool, asked: Asked | None = None) -> Any:
        """The output of a pass, (N, D)."""
        method, flags = self.forward, {name: flagged(t, training, self.words) for t, name in self.flags.items()}
        attribute = self.attribute(made)
        if not flags and attribute is not None:
            setattr(made, attribute[1], flagged(attribute[0], training, self.words))
        elif not flags and None not in self.switches:
            getattr(made, str(self.switches[0 if training else 1]))()
        elif not flags and not training and self.alone is not None:
            method = self.alone
        out = getattr(made, method)(x.T if self.columns else x, **flags, **self.settings(method, asked))
        out = out[0] if isinstance(out, tuple) else out
        out = self.kept(made, "output") if out is None else out
        return to_numpy(out).T if self.columns else out

    def kept(self, made: Any, thing: str) -> Any:
        """The array that a method left in an attribute.  Raises NotOffered."""
        name = first_called(thing, [key for key, value in vars(made).items() if is_array(value)])
        if name is None:
            raise NotOffered(f"{self.name}: chainrule found no {thing} of a pass, neither returned nor kept")
        return getattr(made, name)

    def set_up(self, asked: Asked) -> tuple[Any, list[Place | None]]:
        """(an object with these arrays and settings, the places of its running statistics)."""
        features = np.shape(asked.x)[1]
        made = self.prepared(features, asked.eps, asked.momentum)
        found = list(places(made, features))
        for thing, array in (("gamma", asked.gamma), ("beta", asked.beta)):
            next(place for place in found if place.words == self.learnt[thing]).set(array)
        running = [next((place for place in found if place.words == words), None) for words in self.running]
        for place, array in zip(running, asked.statistics or (np.zeros(features), np.ones(features)), strict=True):
            if place is not None:
                place.set(array)
        return made, running

    def run(self, asked: Asked) -> Passed:
        made, running = self.set_up(asked)
        out = self.pass_of(made, asked.x, asked.training, asked)
        after = [np.array(place.value).reshape(-1) for place in running if place is not None]
        return Passed(out, Again(self, asked), (after[0], after[1]) if len(after) == 2 else None)

    def back(self, dout: Any, cache: Any) -> tuple[Any, Any, Any]:
        """(dx, dgamma, dbeta) of a pass, which is made anew."""
        asked = cache.asked
        made, running = self.set_up(asked)
        self.pass_of(made, np.array(asked.x), True, asked)
        features = np.shape(asked.x)[1]
        before = {place.words: np.array(place.value) for place in places(made, features)}
        found = getattr(made, self.backward)(dout.T if self.columns else dout, **self.rates, **self.lowest)
        if isinstance(found, tuple) and len(found) == 3:
            dx, *slopes = found
        else:
            dx = self.kept(made, "slope") if found is None else found[0] if isinstance(found, tuple) else found
            slopes = self.left(made, before, dout, running)
        return to_numpy(dx).T if self.columns else dx, slopes[0], slopes[1]

    def left(self, made: Any, before: Mapping[Any, Any], dout: Any, running: Sequence[Place | None]) -> list[Any]:
        """dgamma and dbeta, as a backward pass left them.  Raises NotOffered.

        Their names show them; else the changes of gamma and beta, if it updates them by a rate; else they are the two
        arrays that changed, and the sum of dout is that of beta.
        """
        found = [place for place in places(made, np.shape(dout)[1]) if place not in running]
        named = [place_of("dgamma", found), place_of("dbeta", found)]
        if None not in named:
            return [place.value for place in named if place is not None]
        if self.rates:
            now = {place.words: place.value for place in found}
            return [before[self.learnt[thing]] - now[self.learnt[thing]] for thing in ("gamma", "beta")]
        new = [p for p in found if not np.array_equal(before.get(p.words, np.nan), p.value, equal_nan=True)]
        if len(new) != 2:
            raise NotOffered(f"{self.name}: chainrule found no gradients of gamma and beta after {self.backward}")
        total = np.sum(dout, axis=0)
        new.sort(key=lambda place: bool(np.allclose(np.reshape(place.value, -1), total)))
        return [place.value for place in new]


class Again:
    """The cache of an object's pass: how to make that pass again, and go back."""

    def __init__(self, layer: Layer, asked: Asked) -> None:
        self.layer = layer
        self.asked = Asked(np.array(asked.x), np.array(asked.gamma), np.array(asked.beta), eps=asked.eps)

    def __call__(self, dout: Any) -> tuple[Any, Any, Any]:
        return self.layer.back(dout, self)


def require_mode(form: Function | Layer, name: str) -> None:
    """Raise NotOffered if a training pass uses running statistics: chainrule has then not found what sets the mode."""
    x, ones = batch(FEATURES + 1, FEATURES), np.ones(FEATURES)
    with np.errstate(all="ignore"):
        outs = [form.run(Asked(x, ones, ones, statistics=(k * ones, k * ones))).out for k in (2.0, 8.0)]
    if not np.array_equal(*outs):
        raise NotOffered(f"{name}: chainrule found nothing that says whether it trains or evaluates")


def shaped(form: Function | Layer, name: str) -> None:
    """Make a first pass, and one back.  Raises NotOffered unless the results have the right shapes."""
    x, ones = batch(FEATURES + 1, FEATURES), np.ones(FEATURES)
    with np.errstate(all="ignore"):
        passed = form.run(Asked(x, 2 * ones, 0 * ones))
        if np.shape(passed.out) != x.shape:
            raise NotOffered(f"{name}: expected an output of the shape of x, found {np.shape(passed.out)}")
        dx, *slopes = form.back(x, passed.cache)
        if np.shape(dx) != x.shape or any(np.size(slope) != FEATURES for slope in slopes):
            raise NotOffered(f"{name}: expected gradients of the shapes of x, gamma and beta")


def shaped_or_broken(form: Function | Layer, name: str) -> None:
    """As shaped, but for a backward pass that raises by a mistake of its own, which its clauses then show.

    The forward pass is right then.
    """
    try:
        shaped(form, name)
    except (NotOffered, Unbound):
        raise
    except Exception as error:
        x, ones = batch(FEATURES + 1, FEATURES), np.ones(FEATURES)
        out = np.asarray(form.run(Asked(x, 2 * ones, 0 * ones)).out)
        normal = out.shape == x.shape and np.allclose(
            [out.mean(axis=0), out.std(axis=0)], [0 * ones, 2 * ones], atol=0.1
        )
        if not normal or form.lacks_setup(error):
            raise


class Normalizations:
    """The batch normalization of a namespace, read once."""

    def __init__(self, namespace: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
        self.namespace, self.name_of = namespace, name_of
        self.forms: dict[int, Form | NotOffered] = {}

    @cached_property
    def divides(self) -> bool:
        """Whether layers divide their own gradients by the batch, as the dense layers beside them do."""
        return divides_by_batch(self.namespace)

    def thing(self, operation: Operation) -> Any:
        """The function or class for an operation.  Raises Missing."""
        name = self.name_of(operation.name)
        found = self.namespace.get(name)
        if not callable(found) or not is_own(found, home_of(self.namespace)):
            raise Missing(f"{name} is missing")
        return found

    def form(self) -> Form:
        """How the code normalizes.  Raises NotOffered."""
        found, name = self.thing(FORWARD), self.name_of(FORWARD.name)
        if id(found) not in self.forms:
            try:
                back = self.function(BACKWARD)
                layer = inspect.isclass(found)
                self.forms[id(found)] = Layer(name, found) if layer else Function(name, found, back)
            except NotOffered as error:
                self.forms[id(found)] = error
            except (Unbound, Exception) as error:  # the code's own, in a pass that chainrule only tries
                self.forms[id(found)] = NotOffered(f"{name}: {type(error).__name__}: {error}")
        known = self.forms[id(found)]
        if isinstance(known, NotOffered):
            raise known
        return known

    def function(self, operation: Operation) -> Any:
        """The function of the code for an operation, or None."""
        try:
            found = self.thing(operation)
        except Missing:
            return None
        return None if inspect.isclass(found) else found

    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]:
        """(key, value, how it was found) for samples in columns."""
        forms = [form for form in self.forms.values() if isinstance(form, (Function, Layer))]
        shown = "gamma, or its gradient, has a number for each row"
        return (("batchnorm_samples", "columns", shown),) if any(form.columns for form in forms) else ()

    def direct(self, operation: Operation) -> bool:
        """Whether a function of the code takes an operation's arguments as they are."""
        if self.function(operation) is None:
            return False
        if operation in (EVALUATION, RUNNING):
            return True
        try:
            form = self.form()
        except NotOffered:
            return False
        return isinstance(form, Function) and form.native

    def offers(self, operation: Operation) -> bool:
        """Whether chainrule can ask the code for an operation; a function of the contract's name counts in any form."""
        if self.name_of(operation.name) == operation.name and self.function(operation) is not None:
            return True
        try:
            form = self.form()
        except NotOffered:
            return False
        if operation.undoes:
            one = isinstance(form, Layer) and operation is BACKWARD
            return one or self.function(operation) is not None
        return {EVALUATION: form.evaluates, RUNNING: form.averages}.get(operation, True)

    def call(self, operation: Operation, *arguments: Any) -> Any:
        """The result of an operation.  Raises NotOffered; Unseen for a setting that a caller cannot choose."""
        if operation.undoes:
            dout, cache = arguments
            if operation is BACKWARD and isinstance(cache, Again):
                dx, *slopes = cache(dout)
                return (dx, *(len(dout) * slope for slope in slopes)) if self.divides else (dx, *slopes)
            return gradients(self.thing(operation), dout, cache)
        form = self.form()
        given = dict(zip(operation.labels, arguments, strict=False))
        if operation is EVALUATION and not form.evaluates:
            raise Missing("the code has no evaluation mode")
        if operation is RUNNING and not form.averages:
            raise Missing("the code keeps no running statistics")
        for setting in ("eps", "momentum"):
            if setting in given and setting not in form.chooses:
                raise Unseen(f"{self.name_of(FORWARD.name)} takes no {setting}: its own cannot be chosen")
        if operation is FORWARD:
            passed = form.run(Asked(given["x"], given["gamma"], given["beta"], eps=given.get("eps")))
            return passed.out, passed.cache
        statistics = given["mean"], given["variance"]
        return (self.averaged if operation is RUNNING else self.evaluated)(form, given, statistics)

    def averaged(self, form: Form, given: Mapping[str, Any], statistics: Statistics) -> Statistics:
        """The running statistics after a training pass.  Raises NotOffered."""
        ones, copies = np.ones(len(statistics[0])), tuple(np.array(array) for array in statistics)
        asked = Asked(given["x"], ones, 0 * ones, momentum=given.get("momentum"), statistics=(copies[0], copies[1]))
        after = form.run(asked).statistics
        if after is None:
            raise NotOffered("chainrule found no running statistics after a training pass")
        return after

    def evaluated(self, form: Form, given: Mapping[str, Any], statistics: Statistics) -> Any:
        """The output of evaluation.  Statistics that it changed are written into the arrays given."""
        copies = tuple(np.array(array) for array in statistics)
        arrays = (given["x"], given["gamma"], given["beta"])
        asked = Asked(*arrays, training=False, eps=given.get("eps"), statistics=(copies[0], copies[1]))
        passed = form.run(asked)
        for array, now in zip(statistics, passed.statistics or (), strict=False):
            if not np.array_equal(array, np.reshape(now, -1), equal_nan=True):
                array[...] = np.reshape(now, -1)
        return passed.out

    def where(self, operation: Operation) -> str | None:
        """The position of the code behind an operation, or None."""
        for one in (operation, FORWARD):
            try:
                return source_line(self.thing(one))
            except NotOffered:
                continue
        return None
