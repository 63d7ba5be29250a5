"""Convolution under other names and in other forms, with the contract's passes.

A function may take stride and padding in a dictionary, or have its own; a class keeps its filters, and is made anew for
every question.  Where the channels are shows by a first pass.
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
from chainrule.host.recognition.batchnorm import BROKEN, Place, places
from chainrule.host.recognition.binding import parameters_of
from chainrule.host.recognition.images import (
    FIRST,
    LAYOUTS,
    ImageLayers,
    Layout,
    Moves,
    first_called,
    is_spelled,
    kept_under,
    labelled,
    number,
    own_parameters,
    quietly,
    turned,
    turned_back,
    words_of,
    written_back,
)
from chainrule.support.arrays import describe, is_array

CONVOLUTION = "convolution"  # the chapter
FORWARD, BACKWARD = (OPERATIONS[name] for name in EXTENSION_NAMES[CONVOLUTION])
ARRAYS, SETTINGS = ("x", "w", "b"), ("stride", "pad")
COURSES = (FORWARD.name, "conv_forward_naive")  # names whose filters and images have any sides, channels first
BIASES = ((-1,), (1, 1, 1, -1), (-1, 1), (1, -1), (1, -1, 1, 1), (-1, 1, 1))  # shapes, the likeliest first
FRAMES = (  # N, C, H, W, F, HH, WW of a first pass: any sides, square filters, and square images as well
    (2, 3, 10, 9, 5, 4, 6),
    (2, 4, 8, 9, 5, 3, 3),
    (2, 4, 7, 7, 5, 3, 3),
)
LONGER = 4  # rows and columns of a second one


@dataclass(frozen=True)
class Asked:
    """What a pass is asked for."""

    x: Any
    w: Any
    b: Any
    stride: int = 1
    pad: int = 0

    @property
    def sides(self) -> tuple[int, ...]:
        return np.shape(self.w)[2:]

    @property
    def out_shape(self) -> tuple[int, ...]:
        size = (
            (length + 2 * self.pad - side) // self.stride + 1
            for length, side in zip(np.shape(self.x)[2:], self.sides, strict=True)
        )
        return (len(self.x), len(self.w), *size)


def framed(frame: Sequence[int], longer: int = 0) -> Asked:
    """A first pass of these sizes."""
    n, c, high, wide, f, rows, columns = frame
    rng = np.random.default_rng(frame)
    shapes = (n, c, high + longer, wide + longer), (f, c, rows, columns), (f,)
    x, w, b = (rng.normal(size=shape) for shape in shapes)
    return Asked(x, w, b)


@dataclass(frozen=True)
class Passed:
    """The cache of a pass: what it was asked for, and what the code returned beside the output."""

    asked: Asked
    cache: Any


class Form:
    """How the code convolves.

    layout: the axes of its images and filters.  bias: the shape of its bias.  sides: whether filters and images may
    have sides of any length: `any`, `square filters` or `squares`.  flipped: whether filters are turned around.
    """

    name: str
    moves: Moves
    layout = LAYOUTS[0]
    bias: tuple[int, ...] = BIASES[0]
    sides = "any"
    flipped = False
    native = False
    strict = False  # whether filters and images with channels first have sides of any length
    layouts: Sequence[Layout] = LAYOUTS
    biases: Sequence[tuple[int, ...]] = BIASES

    def out_of(self, asked: Asked, settings: Mapping[str, Any]) -> tuple[Any, Any]:
        """(the output as the code has it, what its backward pass needs)"""
        raise NotImplementedError

    def find(self) -> None:
        """Find out by first passes how the arrays lie, and which stride and padding the code has itself.

        Raises NotOffered.
        """
        for sides, frame in zip(("any", "square filters", "squares"), FRAMES, strict=True):
            for layout, bias in product(self.layouts[self.strict and frame != FRAMES[0] :], self.biases):
                self.sides, self.layout, self.bias = sides, layout, bias
                if self.fits(frame):
                    return
        self.sides, self.layout, self.bias = "any", LAYOUTS[0], BIASES[0]
        raise NotOffered(f"{self.name}: chainrule found no order of axes for which the output has the right shape")

    def fits(self, frame: Sequence[int]) -> bool:
        """Whether the output has the right shape, for some stride and padding of the code's own."""
        for asked in (framed(frame), framed(frame, LONGER)):
            out = quietly(partial(self.raw, asked))
            if out is None:
                return False
            possible = [
                (stride, pad)
                for stride, pad in self.moves.own()
                if np.shape(out) == replace(asked, stride=stride, pad=number(pad, asked.sides[0])).out_shape
            ]
            if not possible:
                return False
            self.moves.stride, self.moves.pad = possible[0]
        return True

    def raw(self, asked: Asked) -> Any:
        """The output of a first pass, whatever the code's own stride and padding are."""
        settings = {"stride": 1, "pad": "valid" if self.moves.spelled else 0}
        out, _ = self.out_of(asked, {key: settings[key] for key in self.moves.chosen})
        return turned_back(out, self.layout.images)

    def run(self, asked: Asked) -> tuple[Any, Passed]:
        """(out, cache) of a pass.  Raises Unseen for what the code cannot be asked for."""
        rows, columns = asked.sides
        if self.sides != "any" and rows != columns:
            raise Unseen(f"{self.name} takes square filters alone")
        if self.sides == "squares" and np.shape(asked.x)[2] != np.shape(asked.x)[3]:
            raise Unseen(f"{self.name} takes square images alone")
        settings = self.moves.values(asked.sides, asked.stride, asked.pad)
        out, cache = self.out_of(asked, settings)
        out = out if self.layout.images == FIRST else turned_back(out, self.layout.images)
        return out, Passed(
            Asked(np.array(asked.x), np.array(asked.w), np.array(asked.b), asked.stride, asked.pad), cache
        )

    def filters(self, w: Any) -> Any:
        """Filters of the contract as the code takes them."""
        return turned(w[:, :, ::-1, ::-1] if self.flipped else w, self.layout.filters)

    def filters_back(self, dw: Any) -> Any:
        """A gradient by the code's filters as the contract has it."""
        found = dw if self.layout.filters == FIRST else turned_back(dw, self.layout.filters)
        return np.asarray(found)[:, :, ::-1, ::-1] if self.flipped else found

    def slopes(self, found: Any) -> tuple[Any, Any, Any]:
        """(dx, dw, db) of a backward pass.  Raises NotOffered."""
        if not (isinstance(found, (tuple, list)) and len(found) == 3):
            raise NotOffered(f"{self.name}: expected (dx, dw, db), found {describe(found)}")
        dx, dw, db = found
        dx = dx if self.layout.images == FIRST else turned_back(dx, self.layout.images)
        return dx, self.filters_back(dw), db if np.ndim(db) < 2 else np.reshape(db, -1)

    def back(self, dout: Any, passed: Passed) -> tuple[Any, Any, Any]:
        """(dx, dw, db) of a pass.  Raises NotOffered."""
        raise NotImplementedError

    @property
    def goes_back(self) -> bool:
        """Whether chainrule can ask for a backward pass."""
        raise NotImplementedError

    def place(self, operation: Operation) -> Any:
        """What computes an operation."""
        raise NotImplementedError

    @property
    def conventions(self) -> tuple[tuple[str, str, str], ...]:
        """(key, value, how it was found) for what differs from the contract."""
        shown = "a first pass gives an output of the right shape"
        found = [("convolution_channels", "last", shown)] if self.layout.last else []
        found += [("convolution_sides", self.sides, shown)] if self.sides != "any" else []
        if self.flipped:
            found.append(("convolution_filters", "turned around", "a filter of a single 1 picks the opposite entry"))
        own = [key for key in SETTINGS if key not in self.moves.chosen]
        return (*found, *((f"convolution_{key}", str(getattr(self.moves, key)), shown) for key in own))


class Function(Form):
    """A function of x, w and b, with stride and padding as arguments, in a dictionary, or of its own.

    backward: the function for the backward pass, or None.
    """

    def __init__(self, name: str, function: Any, backward: Any) -> None:
        self.name, self.function, self.backward = name, function, backward
        every = own_parameters(function)
        self.taken = labelled([p.name for p in every], (*ARRAYS, "config", *SETTINGS))
        lacking = [thing for thing in ARRAYS if thing not in self.taken]
        unknown = [p.name for p in every if p.name not in self.taken.values() and p.default is p.empty]
        if lacking or unknown:
            told = ", ".join(p.name for p in every)
            raise NotOffered(f"{name}: expected {name}({FORWARD.native_signature}), found {name}({told})")
        config = "config" in self.taken
        self.keys = (
            dict(zip(SETTINGS, SETTINGS, strict=True)) | labelled(words_of(function), SETTINGS) if config else {}
        )
        chosen = frozenset(key for key in SETTINGS if key in (*self.taken, *self.keys))
        spelled = "pad" in self.taken and is_spelled(function, self.taken["pad"])
        self.moves, self.strict = Moves(name, chosen, spelled), name in COURSES and chosen == {*SETTINGS}
        try:
            self.find()
        except NotOffered:
            if not self.strict:
                raise
        order = [p.name for p in every] == [self.taken.get(thing) for thing in (*ARRAYS, *SETTINGS)]
        self.native = order and self.layout == LAYOUTS[0] and self.bias == BIASES[0] and self.sides == "any"
        pair = backward is None or len(own_parameters(backward)) == 2
        self.native = self.native and not spelled and pair

    def out_of(self, asked: Asked, settings: Mapping[str, Any]) -> tuple[Any, Any]:
        x, w, b = turned(asked.x, self.layout.images), self.filters(asked.w), np.reshape(asked.b, self.bias)
        values = {"x": x, "w": w, "b": b, **settings}
        if "config" in self.taken:
            values["config"] = {self.keys[key]: value for key, value in settings.items()}
        returned = self.function(**{name: values[thing] for thing, name in self.taken.items() if thing in values})
        written_back(x, self.layout.images, asked.x)
        written_back(w, self.layout.filters, asked.w)
        if isinstance(returned, (tuple, list)) and len(returned) == 2:
            return returned[0], returned[1]
        if is_array(returned):
            return returned, None
        raise NotOffered(f"{self.name}: expected (out, cache), found {describe(returned)}")

    @property
    def goes_back(self) -> bool:
        return self.backward is not None

    def place(self, operation: Operation) -> Any:
        return self.function

    def back(self, dout: Any, passed: Passed) -> tuple[Any, Any, Any]:
        every = own_parameters(self.backward)
        taken = labelled([p.name for p in every], ("dout", "cache", *ARRAYS, "config", *SETTINGS))
        slopes, asked = turned(dout, self.layout.images), passed.asked
        if len(every) == 2:
            found = self.backward(slopes, passed.cache)
        else:
            unknown = [p.name for p in every if p.name not in taken.values() and p.default is p.empty]
            if unknown:
                raise NotOffered(f"{self.backward.__name__}: expected (dout, cache), found a parameter {unknown[0]}")
            values = {"dout": slopes, "cache": passed.cache, "x": turned(asked.x, self.layout.images)}
            values |= {"w": self.filters(asked.w), "b": np.reshape(asked.b, self.bias)}
            settings = self.moves.values(asked.sides, asked.stride, asked.pad)
            values |= {**settings, "config": {self.keys.get(key, key): value for key, value in settings.items()}}
            found = self.backward(**{name: values[thing] for thing, name in taken.items() if thing in values})
        written_back(slopes, self.layout.images, dout)
        return self.slopes(found)


class Layer(Form):
    """A class whose objects keep filters and biases; an object is made for every question."""

    def __init__(self, name: str, cls: type) -> None:
        self.name, self.cls = name, cls
        every = own_parameters(cls)
        things = ("w", "b") if {p.name for p in every} & {"W", "w"} else ()
        things = (
            *things,
            "stride",
            "pad",
            "shape",
            "channels",
            "filters",
            "rows",
            "columns",
            "side",
            "activation",
            "name",
        )
        self.taken = labelled([p.name for p in every], things)
        if "rows" not in self.taken or "columns" not in self.taken:
            others = tuple(thing for thing in things if thing not in ("rows", "columns"))
            self.taken = labelled([p.name for p in every], others)
        unknown = [p.name for p in every if p.name not in self.taken.values() and p.default is p.empty]
        if unknown:
            raise NotOffered(f"{name}: chainrule knows no value for its parameter {unknown[0]}")
        methods = [method for method in dir(cls) if not method.startswith("_") or method == "__call__"]
        self.forward, self.backward = first_called("forward", methods), first_called("backward", methods)
        if self.forward is None:
            raise NotOffered(f"{name}: expected an object with forward(x)")
        more = [p.name for p in own_parameters(getattr(cls, self.forward), 2) if p.default is p.empty]
        if more or len(parameters_of(getattr(cls, self.forward))) < 2:
            raise NotOffered(f"{name}.{self.forward}: expected it to take x alone")
        self.rates = {}
        if self.backward is not None:
            after = own_parameters(getattr(cls, self.backward), 2)
            self.rates = {p.name: 1.0 for p in after if first_called("rate", [p.name])}
            if any(p.default is p.empty and p.name not in self.rates for p in after):
                self.backward = None
        spelled = "pad" in self.taken and is_spelled(vars(cls).get("__init__", cls), self.taken["pad"])
        self.moves = Moves(name, frozenset(key for key in SETTINGS if key in self.taken), spelled)
        self.as_pair = False
        self.layouts = LAYOUTS[:2] if "w" not in self.taken else LAYOUTS
        self.biases = BIASES[:1] if "b" not in self.taken else BIASES
        self.find_form()
        self.check()

    def find_form(self) -> None:
        """As find, for one number and for a pair as the sides of a filter.  Raises NotOffered."""
        refused: NotOffered | None = None
        for as_pair in (True, False) if "side" in self.taken else (False,):
            self.as_pair = as_pair
            try:
                return self.find()
            except NotOffered as error:
                refused = refused or error
        assert refused is not None
        raise refused

    def check(self) -> None:
        """Find out whether the filters are turned around.  Raises NotOffered if the layer is not linear."""
        asked = framed(FRAMES[2])
        none = replace(asked, b=0 * asked.b)
        there, opposite = self.raw(none), self.raw(replace(none, x=-none.x))
        if not np.allclose(there, -opposite, rtol=1e-3, atol=1e-3):
            raise NotOffered(f"{self.name}: chainrule reads no convolution with an activation, or other memory, inside")
        one = np.zeros(np.shape(asked.w))
        one[:, :, 0, 0] = 1.0
        self.flipped = True
        around = self.raw(replace(none, w=one))
        self.flipped = False
        self.flipped = self.turns(around, self.raw(replace(none, w=one)), none.x.sum(axis=1))

    def turns(self, around: np.ndarray, straight: np.ndarray, image: np.ndarray) -> bool:
        """Whether the layer turns filters around: those that pick the first entry then pick the last one."""
        own = Asked(image[:, None], np.zeros((1, 1, 3, 3)), np.zeros(1), self.moves.stride, number(self.moves.pad, 3))
        pad = own.pad
        padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
        *_, high, wide = own.out_shape
        first = padded[:, : own.stride * high : own.stride, : own.stride * wide : own.stride]

        def near(out: np.ndarray) -> bool:
            return out[:, 0].shape == first.shape and bool(np.allclose(out[:, 0], first, rtol=1e-3, atol=1e-3))

        return near(around) and not near(straight)

    def make(self, asked: Asked, settings: Mapping[str, Any]) -> Any:
        """An object for these sizes, with its own filters unless it takes them."""
        _, channels, high, wide = np.shape(asked.x)
        rows, columns = asked.sides
        if "side" in self.taken and not self.as_pair and rows != columns:
            raise Unseen(f"{self.name} takes square filters alone")
        values = {
            **settings,
            "w": self.filters(asked.w),
            "b": np.array(np.reshape(asked.b, self.bias)),
            "channels": channels,
            "filters": len(asked.w),
            "rows": rows,
            "columns": columns,
            "side": (rows, columns) if self.as_pair else rows,
            "shape": (high, wide, channels) if self.layout.last else (channels, high, wide),
        }
        needed = {p.name for p in own_parameters(self.cls) if p.default is p.empty}
        given = {name: values[thing] for thing, name in self.taken.items() if thing in values}
        words = {"activation": None, "name": "conv"}
        given |= {name: words[thing] for thing, name in self.taken.items() if thing in words and name in needed}
        return self.cls(**given)

    def set_up(self, asked: Asked, settings: Mapping[str, Any]) -> tuple[Any, Place | None, Place | None]:
        """(an object with these filters and biases, their places; None for those that it was given)"""
        made = self.make(asked, settings)
        if "w" in self.taken:
            return made, None, None
        w, b = self.parameters(made, asked)
        if w is None or b is None:  # made in the first pass
            self.asked_of(made, np.array(turned(asked.x, self.layout.images)))
            w, b = self.parameters(made, asked)
        if w is None or b is None:
            raise NotOffered(f"{self.name}: chainrule found no filters and biases in the object")
        self.layout = Layout(self.layout.images, axes_of(np.shape(w.value), np.shape(asked.w)))
        w.set(self.filters(asked.w))
        b.set(asked.b)
        return made, w, b

    def parameters(self, made: Any, asked: Asked) -> tuple[Place | None, Place | None]:
        """The places of the filters and the biases."""
        w = likeliest_place("w", [p for p in places(made, np.size(asked.w)) if np.ndim(p.value) == 4])
        return w, likeliest_place("b", list(places(made, np.size(asked.b))))

    def asked_of(self, made: Any, x: Any) -> Any:
        """The output of an object."""
        out = getattr(made, str(self.forward))(x)
        out = out[0] if isinstance(out, tuple) else out
        return kept_under(made, "output", self.name) if out is None else out

    def out_of(self, asked: Asked, settings: Mapping[str, Any]) -> tuple[Any, Any]:
        made, *_ = self.set_up(asked, settings)
        x = turned(asked.x, self.layout.images)
        out = self.asked_of(made, x)
        written_back(x, self.layout.images, asked.x)
        return out, None

    def back(self, dout: Any, passed: Passed) -> tuple[Any, Any, Any]:
        asked = passed.asked
        made, w, b = self.set_up(asked, self.moves.values(asked.sides, asked.stride, asked.pad))
        self.asked_of(made, np.array(turned(asked.x, self.layout.images)))
        before = None if w is None or b is None else (np.array(w.value), np.array(b.value))
        slopes = turned(dout, self.layout.images)
        found = getattr(made, str(self.backward))(slopes, **self.rates)
        written_back(slopes, self.layout.images, dout)
        if isinstance(found, tuple) and len(found) == 3:
            return self.slopes(found)
        dx = kept_under(made, "slope", self.name) if found is None else found[0] if isinstance(found, tuple) else found
        if self.rates and before is not None and w is not None and b is not None:
            return self.slopes((dx, before[0] - w.value, before[1] - b.value))
        dw = likeliest_place("dw", [p for p in places(made, np.size(asked.w)) if np.ndim(p.value) == 4])
        db = likeliest_place("db", list(places(made, np.size(asked.b))))
        if dw is None or db is None:
            raise NotOffered(f"{self.name}: chainrule found no gradients of filters and biases after {self.backward}")
        return self.slopes((dx, dw.value, db.value))

    def place(self, operation: Operation) -> Any:
        method = self.backward if operation.undoes else self.forward
        return getattr(self.cls, method) if method else self.cls

    @cached_property
    def goes_back(self) -> bool:
        """Whether a backward pass gives gradients, or raises by a mistake of its own."""
        if self.backward is None:
            return False
        asked = replace(framed(FRAMES[2]), stride=self.moves.stride, pad=number(self.moves.pad, 3))
        try:
            out, passed = self.run(asked)
            self.back(np.ones(np.shape(out)), passed)
        except BROKEN:
            return True
        except (NotOffered, Exception):  # the code's own, for want of what a caller provides
            return False
        return True


def axes_of(found: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
    """The order of the contract's axes in filters of the code's, by their lengths.  Raises NotOffered."""
    for layout in LAYOUTS:
        if tuple(wanted[axis] for axis in layout.filters) == tuple(found):
            return layout.filters
    raise NotOffered(f"chainrule knows no order of axes for filters of shape {tuple(found)}")


def likeliest_place(thing: str, found: Sequence[Place]) -> Place | None:
    """The likeliest place of one thing."""
    name = first_called(thing, [place.name for place in found])
    return next((place for place in found if place.name == name), None)


class Convolutions(ImageLayers):
    """The convolution of a namespace, read once."""

    forward, backward = FORWARD, BACKWARD

    def read(self, name: str, found: Any) -> Form:
        if inspect.isclass(found):
            return Layer(name, found)
        return Function(name, found, self.function(BACKWARD))

    def asked(self, *arguments: Any) -> Asked:
        return Asked(*arguments)
