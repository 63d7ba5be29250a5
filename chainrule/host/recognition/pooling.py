"""Max pooling under other names and in other forms, with the contract's passes.

A function may take size and stride in a dictionary, or as two lengths, or have its own; a class is made anew for every
question.  Where the channels are shows by a first pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from typing import Any

import numpy as np

from chainrule.contract.chapters import EXTENSION_NAMES, OPERATIONS
from chainrule.contract.errors import NotOffered, Unseen
from chainrule.contract.operation import Operation
from chainrule.host.recognition.batchnorm import BROKEN
from chainrule.host.recognition.binding import parameters_of
from chainrule.host.recognition.images import (
    FIRST,
    LAST,
    ImageForm,
    ImageLayers,
    first_called,
    kept_under,
    labelled,
    own_parameters,
    quietly,
    turned,
    turned_back,
    words_of,
    written_back,
)
from chainrule.support.arrays import describe, is_array

POOLING = "pooling"  # the chapter
FORWARD, BACKWARD = (OPERATIONS[name] for name in EXTENSION_NAMES[POOLING])
COURSES = (FORWARD.name, "max_pool_forward_naive")  # names whose images have their channels first, as those below
SIDES, PAIR = ("side",), ("rows", "columns")
FRAMES = ((2, 3, 12, 18), (2, 3, 12, 12))  # of images in a first pass: of any sides, and square
OWN_SIDES, OWN_STRIDES = (2, 3), (0, 1, 2)  # a layer's own, the likeliest first; the stride 0 is the size
SAID_OF_MAX = "max"


@dataclass(frozen=True)
class Asked:
    """What a pass is asked for."""

    x: Any
    size: int = 2
    stride: int = 2

    @property
    def out_shape(self) -> tuple[int, ...]:
        return (*np.shape(self.x)[:2], *((length - self.size) // self.stride + 1 for length in np.shape(self.x)[2:]))


@dataclass(frozen=True)
class Passed:
    """The cache of a pass: what it was asked for, and what the code returned beside the output."""

    asked: Asked
    cache: Any


class Form:
    """How the code pools.

    chosen: which of `size` and `stride` a caller can choose.  side, stride: the layer's own.  axes: of its images.
    square: whether images must be.
    """

    native = False
    strict = False  # whether images with channels first have sides of any length
    axes = FIRST
    square = False
    side, stride = 2, 0

    def __init__(self, name: str, taken: Mapping[str, str], keys: Mapping[str, str]) -> None:
        self.name, self.taken, self.keys = name, taken, keys
        there = {*taken, *keys}
        sized = "side" in there or {*PAIR} <= there
        self.chosen = {thing for thing, is_there in (("size", sized), ("stride", "stride" in there)) if is_there}

    def out_of(self, asked: Asked) -> tuple[Any, Any]:
        """(the output as the code has it, what its backward pass needs)"""
        raise NotImplementedError

    def values(self, asked: Asked) -> dict[str, Any]:
        """{thing: value} for what the code takes beside x."""
        size, stride = asked.size, asked.stride
        return {"side": size, "rows": size, "columns": size, "stride": stride, "kind": SAID_OF_MAX}

    def config(self, asked: Asked) -> dict[str, Any]:
        """The dictionary of settings."""
        values = self.values(asked)
        return {key: values[thing] for thing, key in self.keys.items()}

    def find(self) -> None:
        """Find out by first passes where the channels are, and which size and stride the code has itself.

        Raises NotOffered.
        """
        for (square, frame), axes in product(enumerate(FRAMES), (FIRST, LAST)):
            if square and self.strict and axes == FIRST:
                continue
            self.square, self.axes = bool(square), axes
            x = np.random.default_rng(frame).permutation(int(np.prod(frame))).reshape(frame) / 8 - 20.0
            for side, stride in self.own():
                self.side, self.stride = side, stride
                if self.fits(Asked(x, side, stride or side)):
                    return
        self.square, self.axes, self.side, self.stride = False, FIRST, 2, 0
        raise NotOffered(f"{self.name}: chainrule found no order of axes for which the output has the right shape")

    def own(self) -> list[tuple[int, int]]:
        """The sizes and strides that the code may have; those of a first pass where they can be chosen."""
        sides = (3,) if "size" in self.chosen else OWN_SIDES
        strides = (2,) if "stride" in self.chosen else OWN_STRIDES
        return list(product(sides, strides))

    def fits(self, asked: Asked) -> bool:
        """Whether the output has the right shape."""
        found = quietly(partial(self.out_of, asked))
        out = None if found is None else quietly(partial(turned_back, found[0], self.axes))
        return out is not None and np.shape(out) == asked.out_shape

    def require(self, asked: Asked) -> None:
        """Raise Unseen for what the code cannot be asked for."""
        if "size" not in self.chosen and asked.size != self.side:
            raise Unseen(f"{self.name} takes no size: its own cannot be chosen")
        if "stride" not in self.chosen and asked.stride != (self.stride or asked.size):
            raise Unseen(f"{self.name} takes no stride: its own cannot be chosen")
        if self.square and np.shape(asked.x)[2] != np.shape(asked.x)[3]:
            raise Unseen(f"{self.name} takes square images alone")

    def run(self, asked: Asked) -> tuple[Any, Passed]:
        """(out, cache) of a pass.  Raises Unseen."""
        self.require(asked)
        out, cache = self.out_of(asked)
        out = out if self.axes == FIRST else turned_back(out, self.axes)
        return out, Passed(replace(asked, x=np.array(asked.x)), cache)

    def slope(self, found: Any) -> Any:
        """dx as the contract has it."""
        dx = found[0] if isinstance(found, (tuple, list)) and len(found) == 1 else found
        return dx if self.axes == FIRST else turned_back(dx, self.axes)

    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]:
        """(key, value, how it was found) for what differs from the contract."""
        shown = "a first pass gives an output of the right shape"
        found = [("pooling_channels", "last", shown)] if self.axes != FIRST else []
        found += [("pooling_sides", "square images", shown)] if self.square else []
        found += [("pooling_size", str(self.side), shown)] if "size" not in self.chosen else []
        own = str(self.stride or "the size")
        return (*found, *([("pooling_stride", own, shown)] if "stride" not in self.chosen else []))


class Function(Form):
    """A function of x, with size and stride as arguments, in a dictionary, or of its own.

    backward: the function for the backward pass, or None.
    """

    def __init__(self, name: str, function: Any, backward: Any) -> None:
        self.function, self.backward = function, backward
        every = own_parameters(function)
        taken = things_in([p.name for p in every], ("x", "config"))
        unknown = [p.name for p in every if p.name not in taken.values() and p.default is p.empty]
        if "x" not in taken or unknown:
            told = ", ".join(p.name for p in every)
            raise NotOffered(f"{name}: expected {name}({FORWARD.native_signature}), found {name}({told})")
        keys = things_in(words_of(function), ()) if "config" in taken else {}
        super().__init__(name, taken, {thing: key for thing, key in keys.items() if thing != "kind"})
        self.strict = name in COURSES and self.chosen == {"size", "stride"}
        try:
            self.find()
        except NotOffered:
            if not self.strict:
                raise
        require_largest(self)
        order = [p.name for p in every] == [taken.get(thing) for thing in ("x", "side", "stride")]
        pair = backward is None or len(own_parameters(backward)) == 2
        self.native = order and pair and self.axes == FIRST and not self.square

    @property
    def goes_back(self) -> bool:
        return self.backward is not None

    def place(self, operation: Operation) -> Any:
        return self.function

    def out_of(self, asked: Asked) -> tuple[Any, Any]:
        x = turned(asked.x, self.axes)
        values = {**self.values(asked), "x": x, "config": self.config(asked)}
        returned = self.function(**{name: values[thing] for thing, name in self.taken.items()})
        written_back(x, self.axes, asked.x)
        if isinstance(returned, (tuple, list)) and len(returned) == 2:
            return returned[0], returned[1]
        if is_array(returned):
            return returned, None
        raise NotOffered(f"{self.name}: expected (out, cache), found {describe(returned)}")

    def back(self, dout: Any, passed: Passed) -> Any:
        every = own_parameters(self.backward)
        taken = things_in([p.name for p in every], ("dout", "cache", "x", "config"))
        slopes = turned(dout, self.axes)
        unknown = [p.name for p in every if p.name not in taken.values() and p.default is p.empty]
        if len(every) == 2 and "cache" not in taken:
            found = self.backward(slopes, passed.cache)
        elif unknown or "dout" not in taken:
            told = ", ".join(p.name for p in every)
            raise NotOffered(f"{self.backward.__name__}: expected (dout, cache), found ({told})")
        else:
            asked = passed.asked
            values = {**self.values(asked), "dout": slopes, "cache": passed.cache, "x": turned(asked.x, self.axes)}
            values["config"] = self.config(asked)
            found = self.backward(**{name: values[thing] for thing, name in taken.items()})
        written_back(slopes, self.axes, dout)
        return self.slope(found)


class Layer(Form):
    """A class; an object is made for every question."""

    def __init__(self, name: str, cls: type) -> None:
        self.cls = cls
        every = own_parameters(cls)
        taken = things_in([p.name for p in every], ("shape", "name"))
        unknown = [p.name for p in every if p.name not in taken.values() and p.default is p.empty]
        if unknown:
            raise NotOffered(f"{name}: chainrule knows no value for its parameter {unknown[0]}")
        methods = [method for method in dir(cls) if not method.startswith("_") or method == "__call__"]
        self.forward, self.backward = first_called("forward", methods), first_called("backward", methods)
        if self.forward is None:
            raise NotOffered(f"{name}: expected an object with forward(x)")
        more = [p.name for p in own_parameters(getattr(cls, self.forward), 2) if p.default is p.empty]
        if more or len(parameters_of(getattr(cls, self.forward))) < 2:
            raise NotOffered(f"{name}.{self.forward}: expected it to take x alone")
        after = own_parameters(getattr(cls, self.backward), 2) if self.backward else []
        self.rates = {p.name: 1.0 for p in after if first_called("rate", [p.name])}
        if any(p.default is p.empty and p.name not in self.rates for p in after):
            self.backward = None
        super().__init__(name, taken, {})
        default = next((p.default for p in every if p.name == taken.get("side")), None)
        self.as_pair = isinstance(default, tuple)
        for as_pair in (self.as_pair, not self.as_pair) if "side" in taken else (False,):
            self.as_pair = as_pair
            try:
                self.find()
                break
            except NotOffered:
                if as_pair != isinstance(default, tuple) or "side" not in taken:
                    raise
        require_largest(self)

    def place(self, operation: Operation) -> Any:
        method = self.backward if operation.undoes else self.forward
        return getattr(self.cls, method) if method else self.cls

    def make(self, asked: Asked) -> Any:
        """An object for this size and stride."""
        values = self.values(asked) | {"name": "pool"}
        values["shape"] = tuple(np.shape(asked.x)[axis] for axis in self.axes[1:])
        if self.as_pair:
            values["side"] = (asked.size, asked.size)
        needed = {p.name for p in own_parameters(self.cls) if p.default is p.empty}
        worded = ("name",)
        given = {n: values[thing] for thing, n in self.taken.items() if thing not in worded or n in needed}
        return self.cls(**given)

    def asked_of(self, made: Any, x: Any) -> Any:
        """The output of an object."""
        out = getattr(made, str(self.forward))(x)
        out = out[0] if isinstance(out, tuple) else out
        return kept_under(made, "output", self.name) if out is None else out

    def out_of(self, asked: Asked) -> tuple[Any, Any]:
        x = turned(asked.x, self.axes)
        out = self.asked_of(self.make(asked), x)
        written_back(x, self.axes, asked.x)
        return out, None

    def back(self, dout: Any, passed: Passed) -> Any:
        made = self.make(passed.asked)
        self.asked_of(made, np.array(turned(passed.asked.x, self.axes)))
        slopes = turned(dout, self.axes)
        found = getattr(made, str(self.backward))(slopes, **self.rates)
        written_back(slopes, self.axes, dout)
        return self.slope(kept_under(made, "slope", self.name) if found is None else found)

    @cached_property
    def goes_back(self) -> bool:
        """Whether a backward pass gives a gradient, or raises by a mistake of its own."""
        if self.backward is None:
            return False
        size = 2 if "size" in self.chosen else self.side
        asked = Asked(np.arange(2.0 * 3 * 12 * 12).reshape(2, 3, 12, 12), size, self.stride or size)
        try:
            out, passed = self.run(asked)
            self.back(np.ones(np.shape(out)), passed)
        except BROKEN:
            return True
        except (NotOffered, Exception):  # the code's own, for want of what a caller provides
            return False
        return True


def things_in(names: Sequence[str], first: Sequence[str]) -> dict[str, str]:
    """{thing: the name for it} of what a pooling layer takes: one side, or rows and columns."""
    taken = labelled(names, (*first, "stride", *PAIR, "kind"))
    if {*PAIR} <= taken.keys():
        return taken
    return labelled(names, (*first, "stride", *SIDES, "kind"))


def require_largest(form: Function | Layer) -> None:
    """Raise NotOffered if a layer whose name does not say that it keeps the largest entries gives means."""
    if SAID_OF_MAX in form.name.lower():
        return
    size = 2 if "size" in form.chosen else form.side
    x = np.arange(2.0 * 3 * 12 * 12).reshape(2, 3, 12, 12)
    out, _ = form.run(Asked(x, size, form.stride or size))
    if not np.isin(np.asarray(out), x).all():
        raise NotOffered(f"{form.name}: its outputs are not entries of the images, so that it is not max pooling")


class Pools(ImageLayers):
    """The max pooling of a namespace, read once."""

    forward, backward = FORWARD, BACKWARD

    def read(self, name: str, found: Any) -> ImageForm:
        if inspect.isclass(found):
            return Layer(name, found)
        return Function(name, found, self.function(BACKWARD))

    def asked(self, *arguments: Any) -> Asked:
        return Asked(*arguments)
