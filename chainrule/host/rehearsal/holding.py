"""Makes methods with arguments for a class whose objects keep the batch, and whose methods take none of it.

`net = Net(x, y)` with `net.feedforward()` and `net.backprop()` becomes a class of layer sizes whose added methods take
a batch, put it where the objects keep it, and run the author's.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.host.recognition.learnt import Learnt, learn
from chainrule.host.recognition.results import are_probabilities
from chainrule.host.recognition.structures import Attribute, Path, follow, label
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.host.rehearsal.evidence import Evidence
from chainrule.host.rehearsal.network import MAKES
from chainrule.host.rehearsal.recording import Call, Contents, Key, changed
from chainrule.host.rehearsal.values import is_number, is_plain_number, samples_of
from chainrule.support.arrays import is_array
from chainrule.support.source_positions import place

ADDED = "_of_a_batch"  # ends the name of an added method


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
        elif evidence.moves(call) or evidence.gradient_paths(call):
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


def class_taking(held: Holding, evidence: Evidence, functions: Mapping[Key, FunctionType]) -> tuple[type, type] | None:
    """(the author's class, one with the added methods), with what chainrule learnt of these; None if it is unknown."""
    first = held.calls["forward"]
    function = functions.get(first.key)
    cls = None if function is None else function.__globals__.get(type(own_of(first)).__name__)
    if not isinstance(cls, type) or not all(call.key in functions for call in held.calls.values()):
        return None
    members: dict[str, Any] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    members |= {name: vars(cls)[name] for name in MAKES if name in vars(cls)}
    for operation, call in held.calls.items():
        members[call.name.strip("_") + ADDED] = method(held, functions, cls, operation, call)
    if held.maker is not None:
        members |= maker(held, evidence, cls)
    return cls, type(cls.__name__, (cls,), members)


def method(held: Holding, functions: Mapping[Key, FunctionType], cls: type, operation: str, call: Call) -> FunctionType:
    """A method that puts a batch where the object keeps it, runs the forward pass, and then the method called."""
    numbers = {name: value for name, value in list(call.arguments.items())[1:] if role(name) != "lr"}
    rated = [name for name in list(call.arguments)[1:] if role(name) == "lr"]
    first = held.calls["forward"]
    passes, does = functions[first.key], functions[call.key]
    given = dict(list(first.arguments.items())[1:])

    def run(self: Any, x: Any, y: Any = None, **rates: Any) -> Any:
        put(self, held.x, x)
        if held.y is not None and y is not None:
            put(self, held.y, y)
        result = passes(self, **given)
        if operation != "forward":
            labels = {held.label: int(np.ravel(y)[0])} if held.label else {}
            return does(self, **{**numbers, **labels}, **rates)
        return result if held.output is None else follow(self, held.output)

    taken = ["x"] if operation == "forward" else ["x", "y", *rated]
    found = at_line(
        call, f"lambda self, {', '.join(taken)}: run(self, {', '.join(f'{one}={one}' for one in taken)})", run, cls
    )
    roles = {"x": "x", "y": "y", **dict.fromkeys(rated, "lr")}
    roles = {name: wanted for name, wanted in roles.items() if name in taken}
    learn(found, Learnt(operation, roles, labels=held.form, where=place(call.file, call.line), alone=held.alone))
    return found


def maker(held: Holding, evidence: Evidence, cls: type) -> dict[str, FunctionType]:
    """A constructor of layer sizes in place of one of data; empty if the author's takes no data."""
    call = held.maker
    assert call is not None
    x = next((name for name, value in evidence.given(call) if is_like(value, leaf_at(call, held.x))), "")
    forms = {name: evidence.form_of_label(value) for name, value in evidence.given(call) if name != x}
    y = next((name for name, form in forms.items() if form), "")
    held.makes = bool(x and y)
    if not held.makes:
        return {}
    sizes, hidden = evidence.net.sizes, dict[str, str]()
    for name, value in evidence.given(call):
        if name not in (x, y) and type(value) is int and value in sizes[1:-1] and role(name) not in ("epochs", "seed"):
            hidden[name] = "hidden"
    rest = {name: value for name, value in evidence.given(call) if name not in (x, y, *hidden)}
    in_rows = np.shape(call.arguments[x])[-1] == sizes[0]

    def run(self: Any, **numbers: int) -> None:
        d, k = numbers.pop(x), numbers.pop(y)
        batch = np.zeros((k, d) if in_rows else (d, k))
        labels = np.eye(k) if forms[y] == "one_hot" else np.arange(k)
        cls.__init__(self, **{x: batch, y: labels}, **rest, **numbers)  # type: ignore[misc]
        for path in (held.x, held.y or held.x):  # a batch beside the weights looks like weights of a further layer
            put(self, path, None)

    taken = [x, *hidden, y]
    made = at_line(
        call, f"lambda self, {', '.join(taken)}: run(self, {', '.join(f'{one}={one}' for one in taken)})", run, cls
    )
    learn(made, Learnt("create", {x: "inputs", **hidden, y: "outputs"}, where=place(call.file, call.line)))
    return {"__init__": made}


def is_like(value: Any, kept: Any) -> bool:
    """Whether an object keeps an argument, or an equal array in its place."""
    return value is kept or (is_array(value) and np.shape(value) == np.shape(kept) and np.array_equal(value, kept))


def leaf_at(call: Call, path: Path | None) -> Any:
    """What the object of a constructor kept at this path when it was made."""
    found = call.after.get(next(iter(call.arguments)), {}) if path is not None else {}
    return found[path].leaf if path in found else None


def at_line(call: Call, source: str, run: Any, cls: type) -> FunctionType:
    """A function whose only line is the first of the author's method."""
    tree, (file, name, line) = ast.parse(source, mode="eval"), call.key
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
    made: FunctionType = eval(compile(tree, file, "eval"), {"run": run, "__name__": cls.__module__})
    made.__name__ = name if name in MAKES else name.strip("_") + ADDED
    made.__qualname__ = f"{cls.__qualname__}.{made.__name__}"
    return made


def put(owner: Any, path: Path, value: Any) -> None:
    """Set what an object keeps at this path, and leave what it kept there as it is."""
    parent, last = follow(owner, path[:-1]), path[-1]
    if isinstance(last, Attribute):
        setattr(parent, last.name, value)
    else:
        parent[last.key] = value
