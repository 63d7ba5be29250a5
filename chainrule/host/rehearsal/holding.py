"""Makes methods with arguments for a class whose objects keep the batch, and whose methods take none of it.

`net = Net(x, y)` with `net.feedforward()` and `net.backprop()` becomes a class of layer sizes whose added methods take
a batch, put it where the objects keep it, and run the author's.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import switched
from chainrule.host.recognition.choices import Choices, chosen
from chainrule.host.recognition.learnt import Learnt, learn
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.structures import Attribute, Path, follow, label
from chainrule.host.recognition.vocabulary import rank, role, size_role
from chainrule.host.rehearsal.evidence import Evidence, is_list_of_sizes
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.recording import Call, Contents, Key, changed
from chainrule.host.rehearsal.values import is_number, is_plain_number, samples_of
from chainrule.support.arrays import is_array
from chainrule.support.source_positions import place

ADDED = "_of_a_batch"  # ends the name of an added method
CLASSES = "chainrule_classes"  # the attribute with their number, of an object made without data


@dataclass
class Holding:
    """Which calls on one object compute what, and where the object keeps the batch.

    x, y: the paths of inputs and labels; y is None if it keeps none.  output: the path to the network's output, None if
    the forward pass returns it.  form: of the labels.  alone: whether it keeps one sample and no batch.
    label: the parameter of the backward pass that takes the labels, if the object does not keep them.
    calls: {operation: a call of the method that computes it}.  maker: the call that made the object.
    makes: whether its constructor takes the data, and gets one of layer sizes in its place.
    """

    x: Path
    y: Path | None
    output: Path | None
    form: str
    alone: bool = False
    label: str = ""
    calls: dict[str, Call] = field(default_factory=dict)
    maker: Call | None = None
    makes: bool = False


def holding(evidence: Evidence) -> Holding | None:
    """How the network's object keeps its batch, if a forward pass takes no inputs; else None."""
    network, found = evidence.network, None
    taken = "forward" in evidence.operations.values()  # of inputs, by another method
    for call in evidence.calls if network is not None else ():
        if not on_network_alone(evidence, call, within=not taken):
            continue
        if found is None:
            found = forward_of(evidence, call)
        elif not call.ended:
            continue
        elif found.y is None:
            found.label = label_of(evidence, call)
            if found.label and evidence.moves(call):
                found.calls["backward"], found.form = call, "index"
                break
        elif rank("loss", call.name) is not None and is_number(call.result):
            found.calls.setdefault("loss", call)
        elif evidence.moves(call) or evidence.gradient_paths(call) or evidence.gives_gradients(call):
            found.calls.setdefault("backward", call)
    if found is None or "backward" not in found.calls:
        return None
    own = own_of(found.calls["forward"])
    found.maker = next((call for call in evidence.calls if call.name in MAKES and own_of(call) is own), None)
    return found


def own_of(call: Call) -> Any:
    return next(iter(call.arguments.values()), None)


def label_of(evidence: Evidence, call: Call) -> str:
    """The only argument, if it is the class of one sample; else empty."""
    given = list(call.arguments.items())[1:]
    single = len(given) == 1 and isinstance(given[0][1], (int, np.integer)) and role(given[0][0]) in (None, "y")
    return given[0][0] if single and 0 <= given[0][1] < evidence.net.sizes[-1] else ""


def on_network_alone(evidence: Evidence, call: Call, *, within: bool = False) -> bool:
    """Whether a script, or such a method itself, calls a method of the network with nothing but numbers.

    within: whether any other method of the network may call it.
    """
    others = list(call.arguments.values())[1:]
    of_network = id(own_of(call)) in evidence.net.objects and call.name not in MAKES
    caller = call.caller
    inner = caller is not None and id(own_of(caller)) in evidence.net.objects
    outside = within or caller is None or not inner or on_network_alone(evidence, caller)
    return of_network and outside and all(is_plain_number(value) for value in others)


def forward_of(evidence: Evidence, call: Call) -> Holding | None:
    """The holding that one call shows if it is a forward pass of what its object keeps."""
    name = next(iter(call.arguments))
    before, after = call.before[name], call.after.get(name, {})
    if not call.ended or evidence.moves(call):
        return None
    new = changed(before, after)
    kept = before.keys() - evidence.net.paths - new
    data = {path: before[path] for path in before if path in kept and id(before[path].leaf) not in evidence.parameters}
    x = the_one(data, "x", [path for path, entry in data.items() if evidence.is_input(entry.leaf)])
    if x is None:
        return None
    n, k = samples_of(before[x].leaf, evidence.net.sizes[0]), evidence.net.sizes[-1]
    wanted = {(n, k), (k, n)} | ({(k,), (k, 1), (1, k)} if n == 1 else set())
    forms = {path: evidence.form_of_label(entry.leaf) for path, entry in data.items() if path != x}
    y = the_one(data, "y", [path for path, form in forms.items() if form])
    outputs = [path for path in after if path in new and after[path].shape in wanted]
    sure = [path for path in outputs if are_probabilities(np.asarray(after[path].leaf))]
    returns = () in call.returned and call.returned[()].shape in wanted
    if not (outputs or returns):
        return None
    output = None if returns else (sure or outputs)[-1]
    return Holding(x, y, output, forms[y] if y is not None else "", n == 1, calls={"forward": call})


def the_one(data: Contents, wanted: str, paths: Sequence[Path]) -> Path | None:
    """The only path, or the only one whose name says what it is; None if neither."""
    named = [path for path in paths if role(label(path)) == wanted]
    found = paths if len(paths) == 1 else named
    return found[0] if len(found) == 1 else None


def class_taking(
    held: Holding, evidence: Evidence, functions: Mapping[Key, FunctionType], words: Choices
) -> tuple[type, type] | None:
    """(the author's class, one with the added methods), with what chainrule learnt of these; None if it is unknown.

    words: of the code, for ReLU and plain gradient descent.
    """
    first = held.calls["forward"]
    function = functions.get(first.key)
    cls = None if function is None else function.__globals__.get(type(own_of(first)).__name__)
    if not isinstance(cls, type) or not all(call.key in functions for call in held.calls.values()):
        return None
    members: dict[str, Any] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    members |= {name: vars(cls)[name] for name in MAKES if name in vars(cls)}
    for operation, call in held.calls.items():
        members[call.name.strip("_") + ADDED] = method(held, functions, cls, operation, call, evidence.net.sizes)
    if held.maker is not None:
        members |= maker(held, evidence, cls, functions, words)
    return cls, type(cls.__name__, (cls,), members)


def method(
    held: Holding, functions: Mapping[Key, FunctionType], cls: type, operation: str, call: Call, sizes: Sequence[int]
) -> FunctionType:
    """A method that puts a batch where the object keeps it, runs the forward pass, and then the method called.

    sizes: of the author's network.  A forward pass that computes the loss, too, finds labels of the first class.
    """
    numbers = {name: value for name, value in list(call.arguments.items())[1:] if role(name) != "lr"}
    rated = [name for name in list(call.arguments)[1:] if role(name) == "lr"]
    first = held.calls["forward"]
    passes, does = functions[first.key], functions[call.key]
    given = dict(list(first.arguments.items())[1:])
    contents = first.before[next(iter(first.arguments))]
    axis = samples_axis(contents[held.x].shape, sizes[0])
    counts = [name for name, value in vars(own_of(first)).items() if type(value) is int and role(name) == "samples"]

    def run(self: Any, x: Any, y: Any = None, **rates: Any) -> Any:
        put(self, held.x, x)
        n = np.shape(x)[axis] if len(np.shape(x)) == 2 else 1
        for name in counts:
            setattr(self, name, n)
        if held.y is not None and y is None:
            put(self, held.y, some_labels(contents[held.y].shape, n, getattr(self, CLASSES, sizes[-1]), sizes[-1]))
        if held.y is not None and y is not None:
            put(self, held.y, y)
        result = passes(self, **given)
        if operation != "forward":
            labels = {held.label: int(np.ravel(y)[0])} if held.label else {}
            return does(self, **{**numbers, **labels}, **rates)
        return result if held.output is None else follow(self, held.output)

    taken = ["x"] if operation == "forward" else ["x", "y", *rated]
    found = at_line(
        call.key,
        f"lambda self, {', '.join(taken)}: run(self, {', '.join(f'{one}={one}' for one in taken)})",
        run,
        cls.__module__,
    )
    found.__qualname__ = f"{cls.__qualname__}.{found.__name__}"
    roles = {"x": "x", "y": "y", **dict.fromkeys(rated, "lr")}
    roles = {name: wanted for name, wanted in roles.items() if name in taken}
    learn(found, Learnt(operation, roles, labels=held.form, where=place(call.file, call.line), alone=held.alone))
    return found


def maker(
    held: Holding, evidence: Evidence, cls: type, functions: Mapping[Key, FunctionType], words: Choices
) -> dict[str, FunctionType]:
    """A constructor of layer sizes in place of one of data; empty if the author's takes no data."""
    call = held.maker
    assert call is not None
    x = next((name for name, value in evidence.given(call) if is_like(value, leaf_at(call, held.x))), "")
    forms = {name: evidence.form_of_label(value) for name, value in evidence.given(call) if name != x}
    y = next((name for name, form in forms.items() if form), "")
    held.makes = bool(x and y)
    if not held.makes:
        return {}
    hidden = hidden_sizes(evidence, call, (x, y))
    sizes, given = evidence.net.sizes, {**call.arguments, **call.given}  # lists as they were
    held_out = {name: kind_of_data(evidence, value) for name, value in evidence.given(call) if name not in (x, y)}
    held_out = {name: kind for name, kind in held_out.items() if kind}
    counts = [name for name, value in given.items() if type(value) is int and size_role(name) == "outputs"]
    rest = {name: given[name] for name, _ in evidence.given(call) if name not in (x, y, *hidden, *held_out, *counts)}
    rest = {name: switched(name, chosen(name, value, words, words)) for name, value in rest.items()}
    in_rows = np.shape(call.arguments[x])[-1] == sizes[0]
    later = None if call.key == evidence.net.maker else functions_of_object(evidence, functions, call)

    def run(self: Any, **numbers: Any) -> None:
        d, k = numbers.pop(x), numbers.pop(y)
        one_hot, turned = forms[y] == "one_hot", np.shape(call.arguments[y])[-1] != sizes[-1]

        def data(n: int) -> dict[str, np.ndarray]:
            labels = np.arange(n) % k
            hot = np.eye(k)[labels].T if turned else np.eye(k)[labels]
            return {"x": np.zeros((n, d) if in_rows else (d, n)), "y": hot if one_hot else labels}

        first, rest_of_data = data(k), data(3 * k + d)  # which look like no weights
        others = {name: rest_of_data[kind] for name, kind in held_out.items()}
        fixed = copy.deepcopy(rest) | dict.fromkeys(counts, k)
        cls.__init__(self, **{x: first["x"], y: first["y"]}, **others, **fixed, **numbers)  # type: ignore[misc]
        if later is not None:
            later(self)
        setattr(self, CLASSES, k)
        for path in (held.x, held.y or held.x):  # a batch beside the weights looks like weights of a further layer
            put(self, path, None)

    taken = [x, *hidden, y]
    made = at_line(
        call.key,
        f"lambda self, {', '.join(taken)}: run(self, {', '.join(f'{one}={one}' for one in taken)})",
        run,
        cls.__module__,
    )
    made.__qualname__ = f"{cls.__qualname__}.{made.__name__}"
    learn(made, Learnt("create", {x: "inputs", **hidden, y: "outputs"}, where=place(call.file, call.line)))
    return {"__init__": made}


def hidden_sizes(evidence: Evidence, call: Call, data: Sequence[str]) -> dict[str, str]:
    """{parameter of a constructor: `hidden`, or the list of sizes that it takes}."""
    sizes, found = evidence.net.sizes, dict[str, str]()
    for name, value in evidence.given(call):
        value = call.given.get(name, value)
        if name in data:
            continue
        if type(value) is int and value in sizes[1:-1] and role(name) not in ("epochs", "seed"):
            found[name] = "hidden"
        elif is_list_of_sizes(value):
            parts = (("sizes", sizes), ("hiddens", sizes[1:-1]), ("following", sizes[1:]))
            found.update((name, wanted) for wanted, part in parts if part and list(value) == part)
    return found


def kind_of_data(evidence: Evidence, value: Any) -> str:
    """`x` or `y` if an argument is a further set of inputs or labels, also one without samples; else empty."""
    shape, sizes = np.shape(value) if is_array(value) else (), evidence.net.sizes
    if len(shape) == 2 and sizes[0] in shape:
        return "x"
    return "y" if len(shape) in (1, 2) and (sizes[-1] in shape or evidence.is_label(value)) else ""


def samples_axis(shape: tuple[int, ...], inputs: int) -> int:
    """The axis of the samples in inputs."""
    return 1 if len(shape) == 2 and shape[-1] != inputs else 0


def some_labels(shape: tuple[int, ...], n: int, classes: int, known: int) -> np.ndarray:
    """Labels of the first class for n samples, as those of this shape are, which have so many known classes."""
    if len(shape) < 2 or known not in shape:
        return np.zeros((n,) if len(shape) < 2 else (n, 1) if shape[1] == 1 else (1, n), int)
    labels = np.eye(classes)[np.zeros(n, int)]
    return labels if shape[-1] == known else labels.T


def functions_of_object(evidence: Evidence, functions: Mapping[Key, FunctionType], call: Call) -> FunctionType | None:
    """The method without arguments that makes an object's parameters after its constructor."""
    own = own_of(call)
    for other in evidence.calls:
        if other.key == evidence.net.maker and own_of(other) is own and len(other.arguments) == 1:
            return functions.get(other.key)
    return None


def is_like(value: Any, kept: Any) -> bool:
    """Whether an object keeps an argument, or an equal array in its place."""
    return value is kept or (is_array(value) and np.shape(value) == np.shape(kept) and np.array_equal(value, kept))


def leaf_at(call: Call, path: Path | None) -> Any:
    """What the object of a constructor kept at this path when it was made."""
    found = call.after.get(next(iter(call.arguments)), {}) if path is not None else {}
    return found[path].leaf if path in found else None


def at_line(key: Key, source: str, run: Any, module: str) -> FunctionType:
    """A function whose only line is the first of the author's."""
    tree, (file, name, line) = ast.parse(source, mode="eval"), key
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
    made: FunctionType = eval(compile(tree, file, "eval"), {"run": run, "__name__": module})
    made.__name__ = name if name in MAKES else name.strip("_") + ADDED
    return made


def put(owner: Any, path: Path, value: Any) -> None:
    """Set what an object keeps at this path, and leave what it kept there as it is."""
    parent, last = follow(owner, path[:-1]), path[-1]
    if isinstance(last, Attribute):
        setattr(parent, last.name, value)
    else:
        parent[last.key] = value
