"""Layers for images, as people write them: which axis holds the channels, and how a layer takes stride and padding."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import Operation
from chainrule.host.recognition import vocabulary
from chainrule.host.recognition.binding import Unbound, parameters_of
from chainrule.host.recognition.namespaces import home_of, is_own
from chainrule.host.recognition.vocabulary import likeliest
from chainrule.support.arrays import is_array, to_numpy

KIND = "images"  # the file of names
first_called, labelled = partial(likeliest, KIND), partial(vocabulary.labelled, KIND)
FIRST, LAST = (0, 1, 2, 3), (0, 2, 3, 1)
SAME = "same"  # a padding that keeps the size of the image
STRIDES, PADS = (1, 2), (0, SAME, 1, 2)  # a layer's own, the likeliest first


class Layout(NamedTuple):
    """The order of the axes in the code's images and filters, in terms of the contract's."""

    images: tuple[int, ...]
    filters: tuple[int, ...]

    @property
    def last(self) -> bool:
        """Whether the channels are the last axis of an image."""
        return self.images != FIRST


LAYOUTS = (  # the likeliest first
    *(Layout(FIRST, FIRST), Layout(LAST, (2, 3, 1, 0)), Layout(LAST, LAST), Layout(LAST, FIRST)),
    Layout(FIRST, (2, 3, 1, 0)),
)


def turned(array: Any, axes: Sequence[int]) -> Any:
    """An array of the contract with its axes as the code has them, stored by rows."""
    return array if tuple(axes) == FIRST else np.ascontiguousarray(np.transpose(array, axes))


def turned_back(array: Any, axes: Sequence[int]) -> np.ndarray:
    """An array of the code's with its axes as the contract has them.  Raises NotOffered."""
    found = to_numpy(array)
    if found.ndim != len(axes):
        raise NotOffered(f"expected an array of {len(axes)} axes, found one of shape {found.shape}")
    return np.transpose(found, np.argsort(axes))


def written_back(passed: Any, axes: Sequence[int], original: Any) -> None:
    """Write what the code has changed in a turned array into the original."""
    if passed is not original and is_array(passed):
        now = turned_back(passed, axes)
        if not np.array_equal(now, original, equal_nan=True):
            original[...] = now


def own_parameters(function: Any, skip: int = 0) -> list[inspect.Parameter]:
    """The parameters of a function or class that have names of their own, after the first ones."""
    return [p for p in parameters_of(function)[skip:] if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def words_of(function: Any) -> list[str]:
    """The strings in the code of a function."""
    code = getattr(function, "__code__", None)
    return [text for text in getattr(code, "co_consts", ()) if isinstance(text, str)]


def kept_under(made: Any, thing: str, name: str) -> Any:
    """The array that a method left in an attribute.  Raises NotOffered."""
    found = first_called(thing, [key for key, value in vars(made).items() if is_array(value)])
    if found is None:
        raise NotOffered(f"{name}: chainrule found no {thing} of a pass, neither returned nor kept")
    return getattr(made, found)


@dataclass
class Moves:
    """How a layer takes its stride and its padding.

    chosen: which of them a caller can choose.  spelled: whether the padding is `same` or `valid`.  stride, pad: the
    layer's own.
    """

    name: str
    chosen: frozenset[str]
    spelled: bool = False
    stride: int = 1
    pad: int | str = 0

    def own(self) -> Iterator[tuple[int, int | str]]:
        """The strides and paddings that the layer may have."""
        for pad in (0,) if "pad" in self.chosen else PADS:
            for stride in (1,) if "stride" in self.chosen else STRIDES:
                yield stride, pad

    def values(self, sides: Sequence[int], stride: int, pad: int) -> dict[str, Any]:
        """{setting: value} for those that can be chosen.  Raises Unseen for others than the layer's own."""
        same = len({*sides}) == 1 and sides[0] % 2 == 1 and pad == (sides[0] - 1) // 2
        if "stride" not in self.chosen and stride != self.stride:
            raise Unseen(f"{self.name} takes no stride: its own cannot be chosen")
        if "pad" not in self.chosen and not (pad == self.pad or (self.pad == SAME and same)):
            raise Unseen(f"{self.name} takes no padding: its own cannot be chosen")
        found: dict[str, Any] = {"stride": stride} if "stride" in self.chosen else {}
        if "pad" not in self.chosen:
            return found
        if not self.spelled:
            return found | {"pad": pad}
        if pad and not (same and stride == 1):
            raise Unseen(f"{self.name} takes no padding but `same` and `valid`")
        return found | {"pad": SAME if pad else "valid"}


def number(size: int | str, side: int) -> int:
    """A padding as a number of rows."""
    return (side - 1) // 2 if isinstance(size, str) else size


def is_spelled(function: Any, parameter: str) -> bool:
    """Whether a parameter takes `same` or `valid`, by its default or by the words in the function."""
    default = next((p.default for p in own_parameters(function) if p.name == parameter), None)
    return isinstance(default, str) or any(word in (SAME, "valid") for word in words_of(function))


def quietly(ask: Callable[[], Any]) -> Any:
    """The result of a pass that chainrule only tries; None if the code raises."""
    try:
        with np.errstate(all="ignore"):
            return ask()
    except (NotOffered, Exception):  # the code's own
        return None


class ImageForm(Protocol):
    """How the code has a layer for images.

    native: whether it is a function that takes the contract's arguments as they are.  goes_back: whether chainrule can
    ask it for its backward pass.
    """

    name: str
    native: bool

    @property
    def goes_back(self) -> bool: ...
    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]: ...
    def run(self, asked: Any) -> Any: ...
    def back(self, dout: Any, passed: Any) -> Any: ...
    def place(self, operation: Operation) -> Any: ...


class ImageLayers:
    """The layer of a chapter in a namespace, read once.  forward, backward: the chapter's operations."""

    forward: Operation
    backward: Operation

    def __init__(self, namespace: Mapping[str, Any], name_of: Callable[[str], str]) -> None:
        self.namespace, self.name_of = namespace, name_of
        self.forms: dict[int, ImageForm | NotOffered] = {}

    def read(self, name: str, found: Any) -> ImageForm:
        """The form of a function or class.  Raises NotOffered, or what the code raises."""
        raise NotImplementedError

    def asked(self, *arguments: Any) -> Any:
        """What a forward pass is asked for."""
        raise NotImplementedError

    def thing(self, operation: Operation) -> Any:
        """The function or class for an operation.  Raises Missing."""
        name = self.name_of(operation.name)
        found = self.namespace.get(name)
        if not callable(found) or not is_own(found, home_of(self.namespace)):
            raise Missing(f"{name} is missing")
        return found

    def function(self, operation: Operation) -> Any:
        """The function of the code for an operation, or None."""
        try:
            found = self.thing(operation)
        except Missing:
            return None
        return None if inspect.isclass(found) else found

    def form(self) -> ImageForm:
        """How the code has the layer.  Raises NotOffered."""
        found, name = self.thing(self.forward), self.name_of(self.forward.name)
        if id(found) not in self.forms:
            try:
                self.forms[id(found)] = self.read(name, found)
            except NotOffered as error:
                self.forms[id(found)] = error
            except (Unbound, Exception) as error:  # the code's own, in a pass that chainrule only tries
                self.forms[id(found)] = NotOffered(f"{name}: {type(error).__name__}: {error}")
        known = self.forms[id(found)]
        if isinstance(known, NotOffered):
            raise known
        return known

    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]:
        """What first passes showed, beside the contract's conventions: (key, value, how)."""
        return tuple(
            one for form in self.forms.values() if not isinstance(form, NotOffered) for one in form.conventions
        )

    def direct(self, operation: Operation) -> bool:
        """Whether a function of the code takes an operation's arguments as they are."""
        try:
            return self.function(operation) is not None and self.form().native
        except NotOffered:
            return False

    def offers(self, operation: Operation) -> bool:
        """Whether chainrule can ask the code for an operation; a function of the contract's name counts in any form."""
        if self.name_of(operation.name) == operation.name and self.function(operation) is not None:
            return True
        try:
            form = self.form()
        except NotOffered:
            return False
        return operation is self.forward or form.goes_back

    def call(self, operation: Operation, *arguments: Any) -> Any:
        """The result of an operation.  Raises NotOffered; Unseen for what a caller cannot choose."""
        form = self.form()
        if not operation.undoes:
            return form.run(self.asked(*arguments))
        if not form.goes_back:
            raise Missing(f"{self.name_of(operation.name)} is missing")
        return form.back(*arguments)

    def where(self, operation: Operation) -> str | None:
        """The position of the code behind an operation."""
        return source_line(self.function(operation) or self.form().place(operation))
