"""L2 penalties and their gradients under other names and in other forms, as functions of a list of weights.

A function may take a list, a dictionary with W1, b1, ..., pairs, or a single matrix; the number of samples, by which
it divides; the outputs and labels of a cost to which it adds the penalty; or the arguments of a backward pass.  A class
may take the strength, and weights in its methods.  Which of these it is shows when it is tried.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.chapters.regularization import SAMPLES
from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import NUMBER, Operation
from chainrule.host.recognition.binding import Unbound, is_number, parameters_of
from chainrule.host.recognition.namespaces import own_classes, own_functions, ranked
from chainrule.host.recognition.optimizer_forms import first_called, place
from chainrule.host.recognition.vocabulary import names, plain, role
from chainrule.support.arrays import to_numpy

Arrays = list[Any]
Way = Callable[[Arrays, float], Any]  # of weights and a strength, the penalty or its gradients
TRIED = ((3, 4), (4, 5), (5, 6), (6, 3))  # shapes of weights, those of a network; the first two, three and one as well
COUNTS = (2, 3, 4, 1)  # of layers
NUMBERED = ("w", "weight", "weights", "theta")  # names of one layer's weights, with a number
OF_SQUARES = ("l2", "ridge", "weightdecay", "weightpenalty")  # of which a name says which penalty it is
NEARLY = 2.0**-24  # 1 - p of outputs whose cross-entropy is next to nothing


@dataclass
class Reading:
    """How chainrule calls a function, or a method, for an operation.

    way: computes the result.  layers: the numbers of weights that it takes; empty for any.  biased: whether it takes
    biases with the weights.  native: whether it has the arguments of the contract.
    """

    name: str
    way: Way
    layers: tuple[int, ...] = ()
    biased: bool = False
    native: bool = False


class Penalties:
    """The penalties of a namespace, each read once."""

    def __init__(self, namespace: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
        self.namespace, self.name_of = namespace, name_of
        self.readings: dict[tuple[Any, ...], Reading | NotOffered] = {}
        self.offered: dict[str, Operation] = {}
        self.present: dict[tuple[str, ...], list[str]] = {}  # {(operation, *all names): those that are called so}

    def offers(self, operation: Operation) -> bool:
        """Whether the code has a function or class for the operation that chainrule can call."""
        try:
            self.reading(operation)
        except NotOffered:
            return False
        self.offered[operation.name] = operation
        return True

    @property
    def takes_biases(self) -> bool:
        """Whether all that is offered takes biases with the weights."""
        return bool(self.offered) and all(self.reading(operation).biased for operation in self.offered.values())

    def call(self, operation: Operation, weights: Sequence[Any], lam: float) -> Any:
        """The result for these weights; vectors behind a matrix are biases where the code takes these.

        Raises Missing, NotOffered, and Unseen for weights that the code does not take.
        """
        reading, given = self.reading(operation), list(weights)
        matrices = sum(np.ndim(w) > 1 for w in given)
        if reading.layers and matrices not in reading.layers:
            raise Unseen(f"{reading.name} takes the weights of {' or '.join(map(str, reading.layers))} layers only")
        return reading.way(given, lam)

    def reading(self, operation: Operation) -> Reading:
        """How the operation is read.  Raises Missing or NotOffered."""
        present = self.called(operation)
        if not present:
            raise Missing(f"{operation.name} is missing")
        key = operation.name, *(id(self.namespace[name]) for name in present)
        if key not in self.readings:
            self.readings[key] = self.first(operation, present)
        known = self.readings[key]
        if isinstance(known, NotOffered):
            raise known
        return known

    def where(self, operation: Operation) -> str | None:
        """The position of the function or class."""
        return source_line(self.namespace[self.reading(operation).name])

    def called(self, operation: Operation) -> list[str]:
        """The functions and classes with a name of the operation, a declared one first, then the likeliest."""
        key = operation.name, *self.namespace
        if key not in self.present:
            self.present[key] = self.likeliest(operation)
        return self.present[key]

    def likeliest(self, operation: Operation) -> list[str]:
        own = self.name_of(operation.name)
        own_names = [name for name, _ in (*own_functions(self.namespace), *own_classes(self.namespace))]
        ranks = {name: names(operation.chapter)[operation.name].position(plain(name)) for name in own_names}
        found = sorted((position, name) for name, position in ranks.items() if position is not None)
        return list(
            dict.fromkeys([*([own] if callable(self.namespace.get(own)) else []), *(name for _, name in found)])
        )

    def first(self, operation: Operation, present: Sequence[str]) -> Reading | NotOffered:
        """The first of these functions and classes that can be called."""
        trouble: NotOffered | None = None
        for name in present:
            try:
                return read(name, self.namespace[name], operation, self.namespace)
            except (NotOffered, Unbound) as error:
                trouble = trouble or NotOffered(f"{name}: {error}")
        return trouble or NotOffered(f"{operation.name}: chainrule found no way to call it")


def read(name: str, found: Any, operation: Operation, namespace: Mapping[str, Any]) -> Reading:
    """Read a function or a class.  Raises NotOffered or Unbound."""
    wanted = operation.gives[0].kind == NUMBER
    taken = [p.name for p in parameters_of(found)]
    if not inspect.isclass(found) and plain(name) == plain(operation.name) and taken == list(operation.labels):
        return Reading(name, found, native=True)
    ways = of_class(found, wanted) if inspect.isclass(found) else of_function(found, wanted, namespace)
    tried = [(biased, way, try_out(way, wanted)) for biased, way in ways]
    surely = any(word in plain(name) for word in OF_SQUARES)
    for shaped in (True, False) if surely else (True,):  # the specs say what is wrong with other shapes
        counts = [one.fine if shaped else one.plainly for *_, one in tried]
        best = max(range(len(tried)), key=lambda i: len(counts[i]), default=None)
        if best is not None and counts[best]:
            biased, way, one = tried[best]
            if not (surely or one.grows):
                raise NotOffered("its result does not grow as a penalty of squares does")
            return Reading(name, way, () if len(counts[best]) == len(COUNTS) else counts[best], biased)
    trouble = next((one.trouble for *_, one in tried if one.trouble), "")
    raise NotOffered(f"chainrule found no form of weights that it takes{f' ({trouble})' if trouble else ''}")


@dataclass(frozen=True)
class Tried:
    """For how many layers a way gives what it should, for how many numbers, and what it raised first.

    grows: whether twice the weights have four times the penalty, or twice the gradient.
    """

    fine: tuple[int, ...]
    plainly: tuple[int, ...]
    trouble: str
    grows: bool


def try_out(way: Way, number: bool) -> Tried:
    """Try a way.  Code for a fixed number of layers may take more, and leave them out."""
    fine, plainly, reached, grown, trouble = [], [], [], [], ""
    for count in COUNTS:
        weights = [np.full(shape, 0.5) + 0.125 * i for i, shape in enumerate(TRIED[:count])]
        try:
            with np.errstate(all="ignore"):
                found, again = way(weights, 0.5), way([*weights[:-1], 2 * weights[-1]], 0.5)
                twice = way([2 * w for w in weights], 0.5)
            each = [[to_numpy(r)] if number else [to_numpy(a) for a in r] for r in (found, again, twice)]
        except Exception as error:  # the code's own, for arguments that chainrule only tries
            trouble = trouble or f"{type(error).__name__}: {error}"
            continue
        arrays, others, larger = each
        if number and not arrays[0].any():
            trouble = trouble or "it gives 0 for arrays, and may take something else"
            continue
        if arrays[0].size == 1 if number else [a.shape for a in arrays] == [w.shape for w in weights]:
            fine.append(count)
            reached += [count] if not np.array_equal(arrays[-1], others[-1]) else []
            grown.append(all(np.allclose(b, (4 if number else 2) * a) for a, b in zip(arrays, larger, strict=True)))
        elif not number and len(arrays) == len(weights):
            plainly.append(count)
    fixed = len(reached) == 1 and reached[0] == min(fine) > 1  # fewer raise, more are left out
    return Tried(tuple(reached if fixed else sorted(fine)), tuple(sorted(plainly)), trouble, all(grown))


# Functions


def of_function(function: Any, number: bool, namespace: Mapping[str, Any]) -> Iterator[tuple[bool, Way]]:
    """The ways to call a function, the likeliest first, and whether each takes biases.  Raises NotOffered.

    number: whether the penalty is wanted, not its gradient, of a function that returns both.
    """
    parameters = [p for p in parameters_of(function) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    free = [p.name for p in parameters]
    lam = first_called("strength", free) or first_called("lam", [n for n in free if place("param", n) is None])
    if lam is None:
        raise NotOffered("found no parameter for the strength")
    free.remove(lam)
    numbered = [n for n in free if plain(n).rstrip("0123456789") in NUMBERED and plain(n)[-1].isdigit()]
    weights = None if numbered else next((n for n in free if is_weights(n)), None)
    free = [n for n in free if n not in (weights, *numbered)]
    grads = next((n for n in free if role(n) == "grads" or place("grads", n) or place("grad", n)), None)
    samples = next((n for n in free if role(n) == "samples" or place("samples", n) is not None), None)
    fixed: dict[str, Any] = {} if samples is None else {samples: SAMPLES}
    other = [p for p in parameters if p.name in free and p.name not in (samples, grads)]
    fixed |= {
        p.name: 0.0 for p in other if is_number(p.default) and role(p.name) == "reg"
    }  # as of an L1 penalty beside
    rest = [p.name for p in other if p.default is p.empty]
    roles = {n: role(n) for n in rest}

    def called(passed: Any, strength: float, **others: Any) -> Any:
        given = dict(zip(numbered, passed, strict=True)) if numbered else {weights or "": passed}
        found = function(**{**given, lam: strength, **fixed, **others})
        both = isinstance(found, tuple) and len(found) == 2 and np.ndim(found[0]) == 0 and not is_number(found[1])
        return found[0 if number else 1] if both else found

    if numbered and not rest and grads is None:
        yield False, partial(collected, called, Listed(), None)
    elif weights is not None and not rest:
        yield from in_collections(called, weights, grads)
    elif weights is not None and set(roles.values()) == {"output", "y"}:
        outputs = np.where(np.eye(SAMPLES) == 1, 1 - NEARLY, NEARLY)
        for labels in (np.eye(SAMPLES), np.arange(SAMPLES)):
            given = {n: outputs if found == "output" else labels for n, found in roles.items()}

            def added(passed: Any, strength: float, given: Any = given, **others: Any) -> Any:
                return number_in(called(passed, strength, **given)) - number_in(called(passed, 0.0, **given))

            yield from in_collections(added, weights, None)
    elif set(roles.values()) == {"x", "y", "cache"}:
        for _, forward in ranked("forward", own_functions(namespace)):
            yield True, partial(through_backward, function, forward, lam, roles)
    else:
        unknown = next((n for n in rest if roles[n] not in ("x", "y", "cache", "output")), "")
        raise NotOffered(f"chainrule knows no value for its parameter {unknown or ', '.join(rest) or 'of weights'}")


def is_weights(name: str) -> bool:
    """Whether a parameter takes weights, by its name."""
    return role(name) == "params" or (role(name) != "x" and bool(place("params", name) or place("param", name)))


def number_in(found: Any) -> float:
    """A loss, also of a function that returns gradients beside it."""
    return float(to_numpy(found[0] if isinstance(found, tuple) else found).reshape(()))


def in_collections(called: Callable[..., Any], weights: str, grads: str | None) -> Iterator[tuple[bool, Way]]:
    """Ways to pass weights: in a list, a dictionary, pairs or objects, or one matrix after the other."""
    every = [(form.biased, partial(collected, called, form, grads)) for form in FORMS]
    alone = [(False, partial(one_by_one, called, grads, flat)) for flat in (False, True)]
    single = place("param", weights) is not None and place("params", weights) is None
    yield from [*alone[:1], *every, *alone[1:]] if single else [*every, *alone]


class Listed:
    """A list of weights."""

    biased = False

    def passed(self, arrays: Arrays) -> Any:
        return list(arrays)

    def read(self, found: Any, arrays: Arrays) -> Any:
        return found


class Keyed:
    """Dictionaries with W1, b1, W2, b2, ...; paired: whether biases are among them."""

    def __init__(self, biased: bool) -> None:
        self.biased = biased

    def passed(self, arrays: Arrays) -> Any:
        found: dict[str, Any] = {}
        for l, (w, b) in enumerate(layers_of(arrays, self.biased), 1):
            found |= {f"W{l}": w, f"b{l}": b} if self.biased else {f"W{l}": w}
        return found

    def read(self, found: Any, arrays: Arrays) -> Any:
        if not isinstance(found, dict):
            return found
        keys = [f"{'b' if np.ndim(a) < 2 else 'W'}" for a in arrays]
        counts = np.cumsum([key == "W" for key in keys])
        own = [f"{key}{l}" for key, l in zip(keys, counts, strict=True)]
        return [gradient(found, key, a) for key, a in zip(own, arrays, strict=True)]


class Paired:
    """A list with (W, b) of each layer, or a dictionary or an object in place of a pair.  kind: of these."""

    biased = True

    def __init__(self, kind: Callable[..., Any]) -> None:
        self.kind = kind

    def passed(self, arrays: Arrays) -> Any:
        return [self.kind(w, b) for w, b in layers_of(arrays, True)]

    def read(self, found: Any, arrays: Arrays) -> Any:
        if not isinstance(found, (list, tuple)):
            return found
        each = [pair if isinstance(pair, (list, tuple)) else (pair, 0.0) for pair in found]
        return [
            to_numpy(part).reshape(np.shape(a)) if np.ndim(part) else np.zeros(np.shape(a)) + part
            for pair, group in zip(each, grouped(arrays), strict=True)
            for part, a in zip(pair, group, strict=False)
        ]


def layers_of(arrays: Arrays, biased: bool) -> list[tuple[Any, Any]]:
    """(W, b) of every layer, with zeros for b that is not given.  Raises Unseen for what dense layers do not have."""
    if any(np.ndim(group[0]) != 2 for group in grouped(arrays)):
        raise Unseen("the code takes weights of two axes only")
    return [(g[0], g[1] if len(g) > 1 else np.zeros(np.shape(g[0])[1])) for g in grouped(arrays)]


def grouped(arrays: Arrays) -> list[Arrays]:
    """Every matrix with the vector behind it, if there is one."""
    found: list[Arrays] = []
    for array in arrays:
        if np.ndim(array) == 1 and found and len(found[-1]) == 1:
            found[-1].append(array)
        else:
            found.append([array])
    return found


def gradient(found: Mapping[str, Any], key: str, array: Any) -> Any:
    """The gradient of W1 among those of a dictionary, as dW1 or W1; zeros for biases without one."""
    for name in (f"d{key}", key, f"grad_{key}"):
        if name in found:
            return to_numpy(found[name]).reshape(np.shape(array)) if key[0] == "b" else found[name]
    if key[0] == "b":
        return np.zeros(np.shape(array))
    raise NotOffered(f"its result has no entry d{key}")


class Box:
    """A layer as an object, with its parameters under the usual names."""

    def __init__(self, w: Any, b: Any) -> None:
        self.W = self.w = self.weights = self.weight = w
        self.b = self.bias = self.biases = b


FORMS = (
    Listed(),
    Keyed(True),
    Keyed(False),
    Paired(lambda w, b: (w, b)),
    Paired(lambda w, b: {"W": w, "b": b}),
    Paired(Box),
)


def collected(called: Callable[..., Any], form: Any, grads: str | None, weights: Arrays, lam: float) -> Any:
    """The result for all weights together.  grads: the parameter for gradients to which the penalty's are added."""
    passed = form.passed(weights)
    if grads is None:
        return form.read(called(passed, lam), weights)
    zeros = form.passed([np.zeros(np.shape(w)) for w in weights])
    if isinstance(zeros, dict):
        zeros = zeros | {f"d{key}": np.zeros(np.shape(value)) for key, value in zeros.items()}
    returned = called(passed, lam, **{grads: zeros})
    return form.read(zeros if returned is None else returned, weights)


def one_by_one(called: Callable[..., Any], grads: str | None, flat: bool, weights: Arrays, lam: float) -> Any:
    """The result for one array of weights after the other: the sum of numbers, or a list of arrays."""
    found = []
    for w in weights:
        others = {} if grads is None else {grads: np.zeros(np.shape(w))}
        result = called(np.ravel(w) if flat else w, lam, **others)
        result = next(iter(others.values()), None) if result is None else result
        found.append(to_numpy(result))
    if all(array.size == 1 for array in found) and any(np.size(w) > 1 for w in weights):
        return sum(float(array.reshape(())) for array in found)
    return [a.reshape(np.shape(w)) if a.size == np.size(w) else a for a, w in zip(found, weights, strict=True)]


def through_backward(
    function: Any, forward: Any, lam: str, roles: Mapping[str, str | None], weights: Arrays, strength: float
) -> Any:
    """What the strength adds to the gradients of a backward pass, whose own are zero: the labels are the outputs.

    Weights are (outputs, inputs), and samples are columns.
    """
    layers = [(np.transpose(w), np.reshape(b, (-1, 1))) for w, b in layers_of(weights, True)]
    if any(np.shape(one[0])[0] != np.shape(other[0])[1] for one, other in pairwise(layers)):
        raise Unseen("the code takes weights of a network only")
    parameters = {
        f"{key}{l}": array for l, layer in enumerate(layers, 1) for key, array in zip("Wb", layer, strict=True)
    }
    x = np.zeros((layers[0][0].shape[1], SAMPLES))
    outputs, cache = forward(x, parameters)
    values = {"x": x, "y": to_numpy(outputs).copy(), "cache": cache}
    given = {name: values[found or ""] for name, found in roles.items()}
    with_it, without = (function(**given, **{lam: at}) for at in (strength, 0.0))
    found = []
    for l, group in enumerate(grouped(weights), 1):
        for key, array in zip("Wb", group, strict=False):
            added = to_numpy(with_it[f"d{key}{l}"]) - to_numpy(without[f"d{key}{l}"])
            found.append(added.T if key == "W" else added.reshape(np.shape(array)))
    return found


# Classes


def of_class(cls: Any, number: bool) -> Iterator[tuple[bool, Way]]:
    """The ways to call a class that takes the strength, and weights in a method.  Raises NotOffered."""
    parameters = parameters_of(cls)
    free = [p.name for p in parameters]
    lam = first_called("strength", free) or first_called("lam", free)
    needed = [p.name for p in parameters if p.default is p.empty and p.name != lam]
    if lam is None or needed:
        raise NotOffered("found no constructor that takes the strength alone")
    methods = [n for n in dir(cls) if callable(getattr(cls, n)) and (n == "__call__" or not n.startswith("__"))]
    method = first_called("penalizes" if number else "penalty_gradient", methods)
    taken = [p.name for p in parameters_of(getattr(cls, method))[1:]] if method else []
    if method is None or len(taken) != 1 or not is_weights(taken[0]):
        raise NotOffered(f"found no method that takes weights and returns the {'penalty' if number else 'gradient'}")

    def called(passed: Any, strength: float) -> Any:
        return getattr(cls(**{lam: strength}), method)(passed)

    yield from in_collections(called, taken[0], None)
