"""The forms of a network: their interface, and the commonest form, a class.

A form makes networks and finds the functions that work on them; chainrule.host.recognition.attempts finds out what
those functions take and return.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import Unbound
from chainrule.host.recognition.call_sites import literal_arguments, parameters_said
from chainrule.host.recognition.configurations import configured
from chainrule.host.recognition.namespaces import Operation, methods_of, own_classes, own_functions, ranked
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.sizing import SizeArguments, sizings
from chainrule.host.recognition.slots import Fold, Slots, chain, discover, parameters_in
from chainrule.host.recognition.tools import loss_head
from chainrule.host.recognition.trainers import trainings_beside
from chainrule.host.recognition.vocabulary import size_role

PROBES = ((4, 6, 5, 3), (4, 6, 3), (4, 6, 5, 7, 3), (4, 3), (4, 6, 5, 7, 8, 3))  # layer sizes to try, in turn


@dataclass
class Held:
    """A network as a form makes it.  value: the object, or the parameters that functions pass to each other.

    named: {name: value} of the last forward pass's results.  forwarded: its whole result.
    drawn: the initial parameters, if `value` does not have them yet.
    """

    value: Any
    sizes: list[int]
    named: dict[str, Any] = field(default_factory=dict)
    forwarded: Any = None
    output: Any = None
    drawn: Any = None


class Form:
    """The interface of all forms.

    title: the form in words, for a report.  slots: the places of the parameters, by depth.  maker: the function that
    makes networks, or their layers, if any.  makes_parameters: whether the code does, and not chainrule in its place.
    """

    title = ""
    maker: Any = None
    makes_parameters = True

    def __init__(self) -> None:
        self.slots_of: dict[int, Slots | None] = {}
        self.fold: Fold | None = None  # how weights contain the biases
        self.pattern: list[int | None] | None = None  # the layer sizes if the depth is fixed, None for each free one
        self.head: Any = None  # an object for softmax and loss
        self.holds_head = False  # whether networks call the head themselves
        self.may_end_in_logits = False  # whether what chainrule puts together may end in logits
        self.without_loss = False  # whether chainrule adds softmax and cross-entropy, with which gradients begin
        self.optimizer: type | None = None  # the class of an optimizer outside the network
        self.sizing: SizeArguments | None = None  # how `maker` takes layer sizes
        self.seeded = False  # whether networks get a generator otherwise than through `sizing`
        self.unseen = ""  # why the forward pass, which is chainrule's, is not judged

    def construct(self, sizes: Sequence[int], seed: int) -> Any:
        """A new network.  Raises the code's exceptions, and Unbound."""
        return self.made(self.stored(sizes), seed)

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        """What the code makes for these sizes.  Raises the code's exceptions, and Unbound."""
        raise NotImplementedError

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        """The functions that may compute an operation, the likeliest first."""
        raise NotImplementedError

    def everything(self, model: Held) -> Iterator[Operation]:
        """All functions and methods, of any name."""
        return iter(())

    def author(self, operation: str, model: Held) -> Any:
        """The author's function behind an operation that chainrule puts together; None if the author wrote it."""
        return None

    def named(self, model: Held) -> dict[str, Any]:
        """Parameters by the names under which functions take them."""
        return {}

    def slot_names(self, slots: Slots) -> list[str]:
        """The names of the parameters, weights first."""
        return [slot.name for slot in (*slots.weights, *slots.biases)]

    def handed(self, model: Held) -> Any:
        """All parameters as functions take them in one argument; None if no function does."""
        return None

    def refuses(self, sizes: Sequence[int]) -> str | None:
        """Why the code makes no network of sizes that fit its pattern; None if it does."""
        return None

    def create(self, sizes: Sequence[int], seed: int) -> Held:
        return Held(self.construct(sizes, seed), self.stored(sizes))

    def stored(self, sizes: Sequence[int]) -> list[int]:
        """The layer sizes of the network of the code that stands for one of these sizes."""
        return list(sizes) if self.fold is None else self.fold.stored(sizes)

    def slots(self, depth: int) -> Slots | None:
        """The slots of networks with so many layers, found in one whose sizes all differ."""
        if depth not in self.slots_of:
            deeper = 4, *range(5, 4 + depth), 3
            probe = next((sizes for sizes in PROBES if len(sizes) == depth + 1), deeper)
            self.slots_of[depth] = self.find_slots(self.fitted(probe))
        return self.slots_of[depth]

    def find_slots(self, sizes: Sequence[int] | None) -> Slots | None:
        if sizes is None:
            return None
        try:
            return discover(self.construct(sizes, 0), sizes, self.fold)
        except Exception:
            return None

    def fitted(self, sizes: Sequence[int]) -> list[int] | None:
        """The sizes, with the fixed ones in their places; None if no network has this depth."""
        if self.pattern is None:
            return list(sizes)
        if len(sizes) != len(self.pattern):
            return None
        return [size if fixed is None else fixed for size, fixed in zip(sizes, self.pattern, strict=True)]

    def probe_sizes(self) -> list[int]:
        """Layer sizes of a network for trying functions."""
        depth = 0 if self.pattern is None else len(self.pattern)
        fitted = (self.fitted(sizes) for sizes in (*PROBES, range(4, 4 + depth)))  # the last, for fixed depths beyond
        return next(sizes for sizes in fitted if sizes is not None)


def spelled(pattern: Sequence[int | None] | None) -> str:
    """A pattern as text: [784, *, 10]."""
    return "any" if pattern is None else f"[{', '.join('*' if size is None else str(size) for size in pattern)}]"


class SizedForm(Form):
    """A form whose maker takes layer sizes as arguments, or fixes some of them."""

    sizing: SizeArguments
    name: str  # of the maker

    def __init__(self, namespace: Mapping[str, Any], fold: Fold | None) -> None:
        super().__init__()
        self.namespace, self.fold = namespace, fold

    def settle_any(self, function: Any) -> None:
        """Find out how the maker takes sizes.  If no way works, raises the exception of the first."""
        trouble: Exception | None = None
        for sizing in (*sizings(function, self.namespace), *configured(function, self.namespace)):
            self.sizing = sizing
            try:
                return self.find_sizes()
            except Exception as error:
                trouble = trouble or error
        raise trouble or Unbound("its sizes cannot be chosen")

    def find_sizes(self) -> None:
        """Find out for which sizes the maker works.  If for none, raises Unbound or the code's exception."""
        trouble: Exception | None = None
        for sizes in PROBES:
            if not self.sizing.fits_depth(sizes):
                continue
            try:
                value = self.construct(sizes, 0)
            except Exception as error:
                trouble = trouble or error
                continue
            found, fixed = discover(value, sizes, self.fold), None if self.fold else chain(value)
            repeats = fixed is not None and len(fixed) > len(sizes) and not self.sizing.free  # (d, h, k): d, h, h, k
            if found is not None and not repeats:
                self.slots_of[len(sizes) - 1] = found
                any_depth = self.sizing.free and trouble is None  # `d, h, k = sizes` refuses a list of four
                self.pattern = None if any_depth else [*[None] * (len(sizes) - 1), self.fixed_classes()]
                return
            if fixed is not None and (not self.sizing.free or self.sizing.known):
                self.slots_of[len(fixed) - 1] = discover(value, fixed)
                self.pattern = self.fixed_pattern(fixed)
                return
            if self.fold is not None and self.keeps_classes(value, sizes):
                return
            trouble = trouble or Unbound(f"its objects do not contain weights and biases of sizes {list(sizes)}")
        raise trouble or Unbound("its sizes cannot be chosen")

    def keeps_classes(self, value: Any, sizes: Sequence[int]) -> bool:
        """Whether a network with biases inside its weights fixes its number of classes, and no other size."""
        lengths = sorted({length for _, found in parameters_in(value) for length in found} - {1})
        for classes in lengths:
            found = discover(value, [*sizes[:-1], classes], self.fold)
            if found is not None:
                self.slots_of[len(sizes) - 1] = found
                self.pattern = [*[None] * (len(sizes) - 1), classes]
                return True
        return False

    def fixed_classes(self) -> int | None:
        """The number of classes that functions read from the file, as `np.zeros((len(y), n_classes))` does; or None.

        The maker may take this number as an argument and does not fix it.
        """
        methods = [method for _, cls in own_classes(self.namespace) for method in vars(cls).values()]
        functions = [*(function for _, function in own_functions(self.namespace)), *methods]
        reading = [set(getattr(getattr(function, "__code__", None), "co_names", ())) for function in functions]
        read = set().union(*(names for names in reading if self.name not in names))
        numbers = {name: value for name, value in self.namespace.items() if name in read and type(value) is int}
        return next((value for name, value in numbers.items() if value > 1 and size_role(name) == "outputs"), None)

    def fixed_pattern(self, fixed: Sequence[int]) -> list[int | None]:
        """The pattern of fixed sizes: a size is free if a network with another value of it can be made."""
        pattern: list[int | None] = list(fixed)
        for place, size in enumerate(fixed):
            other = [*fixed[:place], size + 1, *fixed[place + 1 :]]
            try:
                free = chain(self.construct(other, 0)) == other
            except Exception:
                free = False
            if free:
                pattern[place] = None
        return pattern


class ClassForm(SizedForm):
    """A class whose objects hold their parameters: in attributes, lists, dictionaries or layer objects."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        super().__init__(namespace, fold)
        self.name, self.cls, self.maker = name, cls, vars(cls).get("__init__")
        self.title = f"class {name}"
        self.initializer: str | None = None
        self.settle_any(cls)
        self.head = loss_head(namespace)

    def made(self, sizes: Sequence[int], seed: int) -> Any:
        arguments, keywords = self.sizing.arguments(sizes, seed)
        made = self.cls(*arguments, **keywords)
        if self.initializer is None:
            self.find_initializer(made, sizes, seed)
        elif self.initializer:
            self.initialize(made, getattr(made, self.initializer), sizes, seed)
        if self.initializer and keeps_classes(self.cls) and not hasattr(made, "classes_"):
            made.classes_ = np.arange(sizes[-1])
        return made

    def find_initializer(self, made: Any, sizes: Sequence[int], seed: int) -> None:
        """Find the method that initializes a new object, if its constructor does not, or the file calls one on it."""
        methods = [(name, method) for name, method in ranked("init", methods_of(made)) if name != "__init__"]
        complete = self.has_weights(made, sizes)
        for name, method in methods:
            if not complete or self.author_calls(name):
                self.initialize(made, method, sizes, seed)
                if self.has_weights(made, sizes):
                    self.initializer, self.maker = name, method
                    return
        self.initializer = "" if complete else None

    def has_weights(self, made: Any, sizes: Sequence[int]) -> bool:
        """Whether an object contains parameters, and not only zeros in the place of its weights."""
        fixed = chain(made)
        found = discover(made, sizes) or (None if fixed is None else discover(made, fixed))
        found = found or (None if self.fold is None else discover(made, self.fold.sizes(sizes), self.fold))
        return found is not None and any(slot.read(made).any() for slot in found.weights)

    def author_calls(self, name: str) -> bool:
        """Whether the file calls a method of this name on its networks, in one way."""
        return len(literal_arguments(name, self.namespace)) == 1

    def initialize(self, made: Any, method: Any, sizes: Sequence[int], seed: int) -> None:
        """Call a class's separate initialization as the file calls it, so that its objects have parameters now."""
        try:
            said = parameters_said(method, literal_arguments(method.__name__, self.namespace, words=True))
            sizing = SizeArguments(method)
            sizing.known = {name: value for name, value in said.items() if sizing.roles.get(name) == "other"}
            arguments, keywords = sizing.arguments(sizes, seed)
            method(*arguments, **keywords)
        except Exception:
            return

    def functions(self, operation: str, model: Held) -> Iterator[Operation]:
        yield from ranked(operation, methods_of(model.value))
        yield from ranked(operation, own_functions(self.namespace))
        if operation == "fit":
            yield from trainings_beside(model.value, self.namespace)
        if self.head is not None:
            yield from self.head.losses(operation)

    def everything(self, model: Held) -> Iterator[Operation]:
        if self.head is not None:
            yield from self.head.losses("loss")
        yield from methods_of(model.value)
        yield from own_functions(self.namespace)


@for_style("estimators after scikit-learn", otherwise=False)
@lru_cache(maxsize=64)
def keeps_classes(cls: type) -> bool:
    """Whether methods read `classes_`, in which scikit-learn's classifiers keep their labels."""
    return any("classes_" in method.__code__.co_names for _, method in inspect.getmembers(cls, inspect.isfunction))
