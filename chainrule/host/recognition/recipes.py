"""Networks made as the author makes them: the recorded calls that made one, again with other layer sizes."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property, partial
from itertools import pairwise
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.host.recognition.binding import FIXED, MIDDLE, Known, Unbound, bind, parameters_of
from chainrule.host.recognition.choices import Choices
from chainrule.host.recognition.fitted_form import FittedForm
from chainrule.host.recognition.forms import PROBES, Held
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.namespaces import Operation, methods_of, ranked
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.sizing import NEVER_SIZES
from chainrule.host.recognition.slots import chain, discover
from chainrule.host.recognition.strength import strength
from chainrule.host.recognition.structures import inside, leaves, shape
from chainrule.host.recognition.tools import Toolbox
from chainrule.host.recognition.vocabulary import is_called, plain, role, size_role
from chainrule.support.arrays import to_numpy


@dataclass(frozen=True)
class Made:
    """The object that a step of a recipe makes, by the step's number."""

    step: int


@dataclass(frozen=True)
class Fresh:
    """A new object of a class without a constructor of its own."""

    cls: type


@dataclass(frozen=True)
class Step:
    """One call of a recipe.

    function: a class or function to call, or the name of a method of what step `owner` made.
    arguments: {parameter: value}, with Made for what other steps made.  spread: the parameter that takes *args.
    keywords: the names of those that **keywords takes.
    """

    function: Any
    arguments: Mapping[str, Any]
    owner: int | None = None
    spread: str = ""
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Row:
    """A NumPy array of objects."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Recipe:
    """How the author makes a network.

    sizes: of its layers.  steps: the calls in order.  network: the number of the step that makes it.
    completes: whether methods are called on it before it is used.  choices: the words of the code for activations.
    losses: {attribute: the word for a loss that a training keeps there}.
    instead: {a class of another activation, or of an adaptive optimizer: that of ReLU, or of plain gradient descent}.
    beside: the classes with which the network is made and trained, by name, of whatever files.
    """

    sizes: tuple[int, ...]
    steps: tuple[Step, ...]
    network: int
    completes: bool = False
    choices: Choices = field(default_factory=Choices)
    losses: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[type, type] = field(default_factory=dict)
    beside: Mapping[str, type] = field(default_factory=dict)

    @cached_property
    def simplified(self) -> Recipe:
        """The recipe with ReLU and plain gradient descent in place of other classes of activations and optimizers."""
        steps = [step_with(step, self.instead) for step in self.steps]
        return replace(self, steps=tuple(steps), instead={})

    @cached_property
    def as_classifier(self) -> tuple[Recipe, ...]:
        """The recipes with ReLU and softmax in place of the author's words; none if it says softmax, or no words."""
        words: list[str] = []

        def note(word: str) -> str:
            words.append(word)
            return word

        for step in self.steps:
            each_word(step.arguments, note)
        found = []
        for new in self.choices.for_a_classifier(words, len(self.sizes) - 1):
            steps = [replace(step, arguments=each_word(step.arguments, new)) for step in self.steps]
            losses = {name: self.choices.loss(word) for name, word in self.losses.items()}
            found.append(replace(self, steps=tuple(steps), losses=losses))
        return tuple(found)

    @property
    def lists_settings(self) -> bool:
        """Whether the network takes a list of dictionaries."""
        lists = (value for value in self.steps[self.network].arguments.values() if isinstance(value, (list, tuple)))
        return any(isinstance(item, dict) for value in lists for item in value)

    @cached_property
    def left_out(self) -> frozenset[int]:
        """The numbers of the steps that make other layers than an MLP has: dropout, normalization, convolutions."""
        made = {n for n, step in enumerate(self.steps) if isinstance(step.function, type)}
        return frozenset(n for n in made if is_left_out(self.steps[n].function.__name__))

    @property
    def without(self) -> tuple[str, ...]:
        """The names of the classes of these layers."""
        return tuple(dict.fromkeys(self.steps[n].function.__name__ for n in sorted(self.left_out)))

    def make(self, sizes: Sequence[int], seed: int) -> Any:
        """A network of other sizes, and as many layers.  Raises the code's exceptions."""
        made: dict[int, Any] = {}
        served = Serving(self, sizes, made, np.random.default_rng(seed))
        for number, step in enumerate(self.steps):
            if self.is_left_out(number):
                continue
            arguments = {name: served.value(value, name) for name, value in step.arguments.items()}
            spread = arguments.pop(step.spread, ())
            function = step.function if step.owner is None else getattr(made[step.owner], mangled(step, made))
            if spread:
                by_name = {name: arguments.pop(name) for name in step.keywords}
                made[number] = function(*arguments.values(), *spread, **by_name)
            else:
                made[number] = function(**arguments)
        for name, word in self.losses.items():
            if getattr(made[self.network], name, None) is None:
                setattr(made[self.network], name, word)
        return made[self.network]

    def is_left_out(self, number: int) -> bool:
        """Whether a step makes a layer that is left out, or only adds one."""
        step = self.steps[number]
        given = [value.step for value in step.arguments.values() if isinstance(value, Made)]
        return (
            number in self.left_out
            or step.owner in self.left_out
            or (step.owner is not None and bool(set(given) & self.left_out))
        )

    @cached_property
    def gives_parameters(self) -> bool:
        """Whether the author makes the weights, and gives them to the network."""
        given = [value for step in self.steps for value in step.arguments.values()]
        arrays = [item for value in given for item in (value if isinstance(value, (list, tuple)) else [value])]
        return any(
            isinstance(item, np.ndarray) and not is_bias(item) and self.layer_of(item, ()) is not None
            for item in arrays
        )

    def layer_of(self, array: np.ndarray, given: Sequence[tuple[int, bool]]) -> int | None:
        """The layer of which an array is the weights or the bias: the first that does not have these yet."""
        bias = is_bias(array)
        for layer, fans in enumerate(pairwise(self.sizes)):
            fits = array.size == fans[1] if bias else array.shape in (fans, fans[::-1])
            if fits and array.dtype.kind == "f" and (layer, bias) not in given:
                return layer
        return None

    @cached_property
    def places(self) -> tuple[int, ...] | None:
        """The layers of the size that each number of the recipe gives, in order; None if that is not clear.

        A layer names its two sizes, in either order, or the network names all, or those behind the inputs, or the
        inputs and outputs before or behind the hidden layers, or these alone.
        """
        found: list[int] = []

        def note(number: int) -> int:
            found.append(number)
            return number

        for number, step in enumerate(self.steps):
            if not self.is_left_out(number):
                for name, value in step.arguments.items():
                    replaced(value, name, note, self.sizes[0])
        last, hidden = range(len(self.sizes) - 1), tuple(range(1, len(self.sizes) - 1))
        orders = (
            tuple(place for l in last for place in (l, l + 1)),
            tuple(place for l in last for place in (l + 1, l)),
            tuple(range(len(self.sizes))),
            tuple(range(1, len(self.sizes))),
            (0, len(self.sizes) - 1, *hidden),
            (*hidden, 0, len(self.sizes) - 1),
            hidden,
        )
        given = [number for number in found if number in self.sizes]
        return next((order for order in orders if given == [self.sizes[place] for place in order]), None)


def mangled(step: Step, made: Mapping[int, Any]) -> str:
    """The name under which a method of a step is found; Python changes that of a private one, `__add`."""
    name = str(step.function)
    if hasattr(made[step.owner or 0], name):
        return name
    classes = (f"_{cls.__name__.lstrip('_')}{name}" for cls in type(made[step.owner or 0]).__mro__)
    return next((found for found in classes if hasattr(made[step.owner or 0], found)), name)


def replaced(value: Any, name: str, number: Callable[[int], int], inputs: int) -> Any:
    """A value of a recipe with other whole numbers, in nested containers and settings as well.

    name: of the parameter or setting that has the value; some names say that it is not a layer size.
    inputs: their number, of which an image has as many in several axes.
    """
    if type(value) is int:
        return value if role(name) in NEVER_SIZES and size_role(name) is None else number(value)
    if type(value) in (list, tuple) and makes_up(value, inputs):
        return type(value)([number(inputs)])  # the axes of an image
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(item, name, number, inputs) for item in value)
    if isinstance(value, dict):
        return {key: replaced(item, str(key), number, inputs) for key, item in value.items()}
    if is_record(value):
        fresh = copy.copy(value)
        vars(fresh).update({key: replaced(item, key, number, inputs) for key, item in vars(value).items()})
        return fresh
    return value


def each_word(value: Any, new: Callable[[str], str]) -> Any:
    """A value of a recipe with other texts, in nested containers as well."""
    if isinstance(value, str):
        return new(value)
    if isinstance(value, (list, tuple)):
        return type(value)(each_word(item, new) for item in value)
    return {key: each_word(item, new) for key, item in value.items()} if isinstance(value, dict) else value


def is_bias(array: np.ndarray) -> bool:
    """Whether an array has one axis, apart from such of one entry."""
    return array.ndim == 1 or (array.ndim == 2 and 1 in array.shape)


def step_with(step: Step, instead: Mapping[type, type]) -> Step:
    """A step of a recipe with other classes; an object of one is made with the arguments that both take."""
    if step.function in instead:
        taken = [parameter.name for parameter in parameters_of(instead[step.function])]
        # without momentum, and decay of the rate
        plainly = {name: strength(name) for name in taken if role(name) == "reg"}
        return Step(instead[step.function], {name: v for name, v in step.arguments.items() if name in taken} | plainly)
    return replace(step, arguments={name: with_classes(value, instead) for name, value in step.arguments.items()})


def with_classes(value: Any, instead: Mapping[type, type]) -> Any:
    """A value of a recipe with other classes, in nested containers as well."""
    if isinstance(value, (list, tuple)):
        return type(value)(with_classes(item, instead) for item in value)
    if isinstance(value, dict):
        return {key: with_classes(item, instead) for key, item in value.items()}
    if isinstance(value, Fresh):
        return Fresh(instead.get(value.cls, value.cls))
    return instead.get(value, value) if isinstance(value, type) else value


def makes_up(axes: Sequence[Any], inputs: int) -> bool:
    """Whether the lengths of several axes multiply to the number of inputs."""
    return len(axes) > 1 and all(type(size) is int for size in axes) and math.prod(axes) == inputs


class Serving:
    """The arguments of one network, with its sizes in place of the author's, and new objects for the recorded ones."""

    def __init__(self, recipe: Recipe, sizes: Sequence[int], made: Mapping[int, Any], rng: np.random.Generator) -> None:
        self.recipe, self.sizes, self.made, self.rng = recipe, sizes, made, rng
        self.turns = None if recipe.places is None else iter(recipe.places)
        self.layers_given: list[tuple[int, bool]] = []  # (layer, whether its bias), of the parameters given so far

    def value(self, value: Any, name: str) -> Any:
        """The value of a parameter of this name."""
        return self.new(held(replaced(value, name, self.number, self.recipe.sizes[0]), name))

    def new(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self.parameter(value)
        if isinstance(value, Made):
            return self.made[value.step]
        if isinstance(value, Fresh):
            return value.cls()
        if isinstance(value, Row):
            row = np.empty(len(value.items), dtype=object)
            row[:] = [self.new(item) for item in value.items]
            return row
        if isinstance(value, (list, tuple)):
            return type(value)(self.new(item) for item in value if not self.is_left_out(item))
        if isinstance(value, dict):
            return {key: self.new(item) for key, item in value.items()}
        if isinstance(value, np.random.Generator):
            return self.rng
        if isinstance(value, np.random.RandomState):
            return np.random.RandomState(self.rng.integers(2**31))
        if is_instance(value) and not callable(value) and not is_record(value):
            raise Unbound(f"an object of {type(value).__name__} that no recorded call makes")
        return value

    def parameter(self, value: np.ndarray) -> np.ndarray:
        """New weights or a new bias in place of those that the author gives; a copy of any other array."""
        layer = self.recipe.layer_of(value, self.layers_given)
        if layer is None:
            return value.copy()
        self.layers_given.append((layer, is_bias(value)))
        old, fans = self.recipe.sizes[layer : layer + 2], self.sizes[layer : layer + 2]
        if is_bias(value):
            return np.zeros([fans[1] if n == old[1] else 1 for n in value.shape])
        return self.rng.normal(size=fans if value.shape == old else fans[::-1]) / math.sqrt(fans[0])

    def is_left_out(self, item: Any) -> bool:
        """Whether an item of a list stands for a layer that is left out."""
        if isinstance(item, dict):
            return any(isinstance(value, str) and is_left_out(value) for value in item.values())
        return isinstance(item, Made) and item.step in self.recipe.left_out

    def number(self, value: int) -> int:
        old = self.recipe.sizes
        if value not in old:
            return value
        if self.turns is not None:
            return self.sizes[next(self.turns)]
        return self.sizes[old.index(value)] if old.count(value) == 1 else value


def is_left_out(name: str) -> bool:
    """Whether a layer of this name only regularizes or normalizes, or stands before the affine layers."""
    return any(is_called("classes", kind, name) for kind in ("dropout", "normalization", "convolution"))


def held(value: Any, name: str) -> Any:
    """A setting as chainrule holds it: without regularization, dropout, early stops and printing; else as it is."""
    found = role(name)
    if found == "patience" and type(value) is int:
        return FIXED[found]
    if found == "reg" and isinstance(value, float):
        if not plain(name).startswith(("lr", "learning", "decay")):
            return strength(name)
        return 1.0 if value > MIDDLE else value  # a factor by which the rate shrinks
    if found == "keep_prob" and isinstance(value, (int, float)):
        return 1.0
    return False if found == "quiet" and isinstance(value, bool) else value


def is_instance(value: Any) -> bool:
    """Whether a value is an object of a class, but not a function, module, array or member of an enum."""
    return hasattr(value, "__dict__") and not isinstance(value, (*NO_INSTANCES, Made, Fresh, Row))


def is_record(value: Any, depth: int = 0) -> bool:
    """Whether a value is an object that holds settings: numbers, names, functions, and containers of these."""
    if not is_instance(value) or callable(value):
        return False
    return depth < DEEPEST and all(is_setting(item, depth + 1) for item in vars(value).values())


def is_setting(value: Any, depth: int) -> bool:
    if isinstance(value, (list, tuple, dict)):
        return depth < DEEPEST and all(
            is_setting(item, depth + 1) for item in (value.values() if isinstance(value, dict) else value)
        )
    simple = isinstance(value, (str, int, float, bool, type(None), Enum))
    return simple or callable(value) or is_record(value, depth)


NO_INSTANCES = (
    type,
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    partial,
    ModuleType,
    np.ndarray,
    Enum,
    np.random.Generator,
    np.random.RandomState,
)
DEEPEST = 4  # containers of settings inside each other
GENERATORS = (np.random.Generator, np.random.RandomState)
RECIPES: WeakKeyDictionary[type | FunctionType, Recipe] = WeakKeyDictionary()


class RecipeForm(FittedForm):
    """A class whose network is made by the author's own steps: layers given to it, methods that complete it."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        self.recipe = RECIPES.get(cls)
        if self.recipe is None:
            raise Unbound("no call of the file makes one")
        self.given = self.recipe
        namespace = {**namespace, **self.given.beside}
        super().__init__(name, cls, namespace)
        without = " and ".join(self.recipe.without)
        instead = self.given.instead if self.recipe is not self.given else {}
        others = " and ".join(f"{new.__name__} in place of {old.__name__}" for old, new in instead.items())
        changes = [*[f"but without {without}"] * bool(without), *[f"with {others}"] * bool(others)]
        self.title = f"class {name} as the file makes it" + "".join(f", {change}" for change in changes)
        self.title += "," * bool(changes)
        self.makes_parameters = not self.recipe.gives_parameters
        self.seeded = any(
            isinstance(value, GENERATORS) for step in self.recipe.steps for value in step.arguments.values()
        )
        with contextlib.suppress(Exception):
            self.optimizer = Toolbox(namespace).optimizer

    def settle_any(self, function: Any) -> None:
        """Find out for which sizes the recipe works, with ReLU and softmax first.

        Raises Unbound, or the code's exception.
        """
        assert self.recipe is not None
        given = self.recipe
        for self.recipe in given.as_classifier:
            with contextlib.suppress(Exception):
                self.settle()
                sizes = self.probe_sizes()
                if self.run_once(self.construct(sizes, 0), sizes[0], sizes[-1]):
                    return
        if given.instead:
            self.recipe, self.pattern = given.simplified, None
            with contextlib.suppress(Exception):
                self.settle()
                sizes = self.probe_sizes()
                if self.run_once(self.construct(sizes, 0), sizes[0]):
                    return
        self.recipe, self.pattern = given, None
        self.settle()

    def settle(self) -> None:
        """Find out for which sizes the recipe works.  Raises Unbound, or the code's exception."""
        assert self.recipe is not None
        depth = len(self.recipe.sizes)
        trouble: Exception | None = None
        for sizes in (*(sizes for sizes in PROBES if len(sizes) == depth), self.recipe.sizes):
            try:
                made = self.construct(sizes, 0)
            except Exception as error:
                trouble = trouble or error
                continue
            found = discover(made, sizes)
            if found is not None:
                self.slots_of[depth - 1] = found
                free = sizes != self.recipe.sizes
                self.pattern = [None] * depth if free else list(chain(made) or sizes)
                return
        raise trouble or Unbound(
            f"the calls that make it give no weights and biases of sizes {list(self.recipe.sizes)}"
        )

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        assert self.recipe is not None
        made = self.recipe.make(list(sizes), seed)
        if not self.has_weights(made, sizes) and not (self.run_once(made, sizes[0]) and self.has_weights(made, sizes)):
            self.fill_by_training(made, sizes)
        self.complete(made)
        return made

    def complete(self, made: Any) -> None:
        """Compile a network, if the calls that make it leave that to those that train it."""
        assert self.recipe is not None
        called = {step.function for step in self.recipe.steps if step.owner == self.recipe.network}
        for name, method in methods_of(made):
            if plain(name) == "compile" and name not in called:
                with contextlib.suppress(Exception):
                    arguments = bind(method, Known({"lr": 0.1}))
                    method(*arguments.arguments, **arguments.keywords)

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        """The functions that may compute an operation; for a loss, first what a loss in the network offers."""
        kept = (one for _, one in inside(model.value) if operation == "loss" and is_instance(one))
        for one in kept:
            for name, method in methods_of(one):
                if learnt_of(method).operation == operation:
                    yield f"{type(one).__name__}.{name}", method
        yield from super().functions(operation, model)

    def run_once(self, made: Any, inputs: int, classes: int = 0) -> bool:
        """Run a forward pass, in which layers that know only their units get their weights.  Returns whether it ran.

        classes: how many probabilities it must give for a sample; 0 for any result.
        """
        for x in (np.ones((2, inputs)), np.ones((inputs, 2))):
            for _, method in ranked("forward", methods_of(made)):
                with contextlib.suppress(Exception):
                    arguments = bind(method, Known({"x": x}, order=("x",)))
                    result = method(*arguments.arguments, **arguments.keywords)
                    if not classes or any(sums_to_one(leaf, classes) for _, leaf in (*leaves(result), *leaves(made))):
                        return True
        return False


def sums_to_one(leaf: Any, classes: int) -> bool:
    """Whether an array is the probabilities of so many classes for two samples."""
    return sorted(shape(leaf)) == sorted((2, classes)) and are_probabilities(to_numpy(leaf))


def recipes_first(classes: Sequence[tuple[str, type]]) -> Iterator[tuple[str, type]]:
    """The classes whose networks the author completes by methods, or makes with words or lists of settings."""
    for name, cls in classes:
        recipe = RECIPES.get(cls)
        if recipe is not None and (recipe.completes or recipe.as_classifier or recipe.lists_settings):
            yield name, cls
