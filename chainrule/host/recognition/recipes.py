"""Networks made as the author makes them: the recorded calls that made one, again with other layer sizes."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule.host.recognition.binding import FIXED, Unbound
from chainrule.host.recognition.forms import PROBES, ClassForm
from chainrule.host.recognition.slots import chain, discover
from chainrule.host.recognition.tools import Toolbox
from chainrule.host.recognition.vocabulary import role


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
    """

    function: Any
    arguments: Mapping[str, Any]
    owner: int | None = None
    spread: str = ""


@dataclass(frozen=True)
class Recipe:
    """How the author makes a network.

    sizes: of its layers.  steps: the calls in order.  network: the number of the step that makes it.
    completes: whether methods are called on it before it is used.
    """

    sizes: tuple[int, ...]
    steps: tuple[Step, ...]
    network: int
    completes: bool = False

    def make(self, sizes: Sequence[int], seed: int) -> Any:
        """A network of other sizes, and as many layers.  Raises the code's exceptions."""
        made: dict[int, Any] = {}
        served = Serving(self, sizes, made, np.random.default_rng(seed))
        for number, step in enumerate(self.steps):
            arguments = {name: served.value(without_penalty(name, value)) for name, value in step.arguments.items()}
            spread = arguments.pop(step.spread, ())
            function = step.function if step.owner is None else getattr(made[step.owner], step.function)
            if spread:
                made[number] = function(*arguments.values(), *spread)
            else:
                made[number] = function(**arguments)
        return made[self.network]

    def places(self) -> tuple[int, ...] | None:
        """The layers of the size that each number of the recipe gives, in order; None if that is not clear.

        A layer names its two sizes, in either order, or the network names all, or those behind the inputs, or the
        inputs and outputs before or behind the hidden layers.
        """
        found = [number for step in self.steps for value in step.arguments.values() for number in numbers_in(value)]
        last, hidden = range(len(self.sizes) - 1), tuple(range(1, len(self.sizes) - 1))
        orders = (
            tuple(place for l in last for place in (l, l + 1)),
            tuple(place for l in last for place in (l + 1, l)),
            tuple(range(len(self.sizes))),
            tuple(range(1, len(self.sizes))),
            (0, len(self.sizes) - 1, *hidden),
            (*hidden, 0, len(self.sizes) - 1),
        )
        given = [number for number in found if number in self.sizes]
        return next((order for order in orders if given == [self.sizes[place] for place in order]), None)


class Serving:
    """The arguments of one network, with its sizes in place of the author's, and new objects for the recorded ones."""

    def __init__(self, recipe: Recipe, sizes: Sequence[int], made: Mapping[int, Any], rng: np.random.Generator) -> None:
        self.recipe, self.sizes, self.made, self.rng = recipe, sizes, made, rng
        places = recipe.places()
        self.turns = None if places is None else iter(places)

    def value(self, value: Any) -> Any:
        if isinstance(value, Made):
            return self.made[value.step]
        if isinstance(value, Fresh):
            return value.cls()
        if isinstance(value, (list, tuple)):
            return type(value)(self.value(item) for item in value)
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if type(value) is int:
            return self.number(value)
        if isinstance(value, np.random.Generator):
            return self.rng
        if isinstance(value, np.random.RandomState):
            return np.random.RandomState(self.rng.integers(2**31))
        if is_record(value):
            fresh = copy.copy(value)
            vars(fresh).update({name: self.value(item) for name, item in vars(value).items()})
            return fresh
        if hasattr(value, "__dict__") and not callable(value) and not isinstance(value, (ModuleType, np.ndarray)):
            raise Unbound(f"an object of {type(value).__name__} that no recorded call makes")
        return value

    def number(self, value: int) -> int:
        old = self.recipe.sizes
        if value not in old:
            return value
        if self.turns is not None:
            return self.sizes[next(self.turns)]
        return self.sizes[old.index(value)] if old.count(value) == 1 else value


def without_penalty(name: str, value: Any) -> Any:
    """The value of a parameter; 0 for the strength of a regularization, which the specs do not know."""
    return FIXED["reg"] if role(name) == "reg" and type(value) is float else value


def numbers_in(value: Any) -> Iterator[int]:
    """The whole numbers inside a value, in the order in which Serving replaces them."""
    if type(value) is int:
        yield value
    elif isinstance(value, (list, tuple, dict)) or is_record(value):
        inner = (
            value if isinstance(value, (list, tuple)) else (value if isinstance(value, dict) else vars(value)).values()
        )
        for item in inner:
            yield from numbers_in(item)


def is_record(value: Any, depth: int = 0) -> bool:
    """Whether a value is an object that holds settings: numbers, names, functions, and containers of these."""
    if not hasattr(value, "__dict__") or callable(value) or isinstance(value, (Made, Fresh, ModuleType, np.ndarray)):
        return False
    return depth < DEEPEST and all(is_setting(item, depth + 1) for item in vars(value).values())


def is_setting(value: Any, depth: int) -> bool:
    if isinstance(value, (list, tuple, dict)):
        return depth < DEEPEST and all(
            is_setting(item, depth + 1) for item in (value.values() if isinstance(value, dict) else value)
        )
    return isinstance(value, (str, int, float, bool, type(None))) or callable(value) or is_record(value, depth)


DEEPEST = 4  # containers of settings inside each other
GENERATORS = (np.random.Generator, np.random.RandomState)
RECIPES: WeakKeyDictionary[type | FunctionType, Recipe] = WeakKeyDictionary()


class RecipeForm(ClassForm):
    """A class whose network is made by the author's own steps: layers given to it, methods that complete it."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any]) -> None:
        self.recipe = RECIPES.get(cls)
        if self.recipe is None:
            raise Unbound("no call of the file makes one")
        super().__init__(name, cls, namespace)
        self.title = f"class {name} as the file makes it"
        self.seeded = any(
            isinstance(value, GENERATORS) for step in self.recipe.steps for value in step.arguments.values()
        )
        with contextlib.suppress(Exception):
            self.optimizer = Toolbox(namespace).optimizer

    def settle_any(self, function: Any) -> None:
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
        return self.recipe.make(list(sizes), seed)


def recipes_first(classes: Sequence[tuple[str, type]]) -> Iterator[tuple[str, type]]:
    """The classes whose networks the author completes by calls of methods before using them."""
    for name, cls in classes:
        recipe = RECIPES.get(cls)
        if recipe is not None and recipe.completes:
            yield name, cls
