"""Finds the value for each parameter of a function of the code.

Values come by name (a weight W1, an activation A1 that the forward pass returned) or by role (the inputs, the labels,
the learning rate); the vocabulary lists the names for each role.
"""

from __future__ import annotations

import ast
import copy
import inspect
import os
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any

from chainrule.host.recognition.learnt import NAMED, NOTHING, VALIDATION_X, VALIDATION_Y, Learnt, PerLayer, learnt_of
from chainrule.host.recognition.strength import strength
from chainrule.host.recognition.structures import shape
from chainrule.host.recognition.vocabulary import is_called, plain, role, size_role
from chainrule.support.arrays import is_array

RARELY = 10**6  # for a parameter such as print_every, or the patience with a loss that does not fall
# Fixed values that switch off regularization, dropout, an early end of the training, printing, and leaving out samples.
FIXED = {
    "reg": 0.0,
    "tolerance": 0.0,
    "patience": RARELY,
    "left_out": 0.0,
    "kept_part": 1.0,
    "keep_prob": 1.0,
    "quiet": False,
    "drop_last": False,
    "normalization": False,
    "batch_normalization": False,
    "activation": "relu",
    "validation": None,
    "optimizer": None,
    "text": "",
}
CLASSES = -1  # the axis of the classes, for a function that takes it
COMPUTED = ("output", "output_gradient", "cache", "grads")
DATA = ("x", "y", *COMPUTED)
NOW_AND_THEN = ("log", "every", "interval", "freq", "print")
SMALLEST_RATE = 1e-4  # a smaller epsilon is not a learning rate
MANY = 8  # longer lists contain layers or samples
MIDDLE = 0.5  # of factors by which a learning rate shrinks, and rates at which it does
MISSING = object()
COUNTER = count()
SCRATCH = TemporaryDirectory(prefix="chainrule-")  # for functions that save what they trained


class Unbound(Exception):
    """chainrule does not know a value for a parameter.  str(): its name."""


@dataclass(frozen=True)
class Thunk:
    """A value that is computed on use."""

    compute: Callable[[], Any]


@dataclass(frozen=True)
class Blank:
    """A placeholder, by role, for a value in a binding that serves many calls.

    upright: whether it takes labels in one column.
    """

    role: str
    upright: bool = False


@dataclass
class Known:
    """The values that a function can take.

    named: by name (weights, activations, gradients).  roles: by role; a Thunk is computed when it is needed.
    order: roles for parameters with unknown names, in the usual order of arguments.
    as_role: {a role: the role it stands for here}, such as x for the network's output in a loss function.
    layers: how many layers the network has; 0 if there is no network.
    """

    roles: Mapping[str, Any]
    named: Mapping[str, Any] = field(default_factory=dict)
    order: Sequence[str] = ()
    as_role: Mapping[str, str] = field(default_factory=dict)
    layers: int = 0

    def by_name(self, name: str) -> Any:
        if name in self.named:
            return self.named[name]
        return next((value for key, value in self.named.items() if plain(key) == plain(name)), MISSING)


LISTED = ("sizes", "hiddens", "following")  # roles of lists of layer sizes


@dataclass(frozen=True)
class Binding:
    """The arguments for one call, and where they came from.

    taken: {parameter: the role or name of its value}.  guessed: whether only its place tells what some parameter takes.
    """

    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    taken: dict[str, str]
    guessed: bool = False

    def filled(self, values: Mapping[str, Any]) -> Binding:
        """The same binding with values in its blanks."""

        def value(argument: Any) -> Any:
            if not isinstance(argument, Blank):
                return argument
            return in_a_column(values[argument.role]) if argument.upright else values[argument.role]

        keywords = {name: value(argument) for name, argument in self.keywords.items()}
        return replace(self, arguments=tuple(map(value, self.arguments)), keywords=keywords)


def parameters_of(function: Any) -> list[inspect.Parameter]:
    """The parameters of a function or class.  Raises Unbound if Python cannot read its signature."""
    try:
        bound = inspect.ismethod(function)
        found = signature(function.__func__ if bound else function)
        return found[1:] if bound else found
    except (TypeError, ValueError):
        raise Unbound("its signature cannot be read") from None


@lru_cache(maxsize=1024)
def signature(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def bind(function: Any, known: Known) -> Binding:
    """Arguments for `function` from the known values.  Raises Unbound for a parameter without one."""
    every = parameters_of(function)
    parameters = [p for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    parameters = [p for p in parameters if not is_another_network(p, function, known)]
    if any(p.kind == p.VAR_KEYWORD for p in every):
        names = sorted(learnt_of(function).keywords)
        parameters += [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names]
    if y_is_the_output(parameters):
        known = replace(known, as_role={**known.as_role, "y itself": "output"})
    learnt = learnt_of(function)
    chosen = choose_all(parameters, known, learnt)
    arguments: list[Any] = []
    keywords: dict[str, Any] = {}
    by_place = True  # until a parameter keeps its default
    for parameter in parameters:
        if parameter.name not in chosen:
            by_place = False
            continue
        value, source = chosen[parameter.name]
        if source == "reg" and parameter.default is parameter.empty and is_factor(function, parameter.name):
            value = 1.0
        if (
            source == "output"
            and parameter.name not in learnt.roles
            and is_called("arrays", "probabilities", parameter.name)
        ):
            value = known.roles.get("probabilities", value)
        value = value.compute() if isinstance(value, Thunk) else value
        if by_place and parameter.kind != parameter.KEYWORD_ONLY:
            arguments.append(value)
        else:
            keywords[parameter.name] = value
    taken = {name: source for name, (_, source) in chosen.items()}
    guessed = any(is_guess(parameter, taken, known, learnt) for parameter in parameters)
    return Binding(tuple(arguments), keywords, taken, guessed)


def is_guess(parameter: inspect.Parameter, taken: Mapping[str, str], known: Known, learnt: Learnt) -> bool:
    """Whether a parameter takes its value only because this is the next one in the usual order."""
    name, source = parameter.name, taken.get(parameter.name)
    return source in known.order and name not in learnt.roles and role(name) is None and size_role(name) is None


def is_another_network(parameter: inspect.Parameter, function: Any, known: Known) -> bool:
    """Whether a method of a network may take other parameters than its object's, as `forward(x, params=None)` does."""
    own = getattr(function, "__self__", None)
    others = own is not None and known.roles.get("params") is own and parameter.default is None
    return others and role(parameter.name) == "params"


def choose_all(
    parameters: Sequence[inspect.Parameter], known: Known, learnt: Learnt = NOTHING
) -> dict[str, tuple[Any, str]]:
    """{parameter: (its value, the origin of the value)}, without parameters that keep their default.

    Parameters with unknown names take, in turn, the usual values that are not used yet.  Raises Unbound if these do not
    suffice.
    """
    chosen: dict[str, tuple[Any, str]] = {}
    unclear: list[inspect.Parameter] = []
    for parameter in parameters:
        found = witnessed(parameter, known, chosen, learnt) or choose(parameter, known, chosen)
        if found is not None:
            chosen[parameter.name] = found
        elif parameter.default is None and isinstance(learnt.fixed.get(parameter.name), str):
            chosen[parameter.name] = learnt.fixed[parameter.name], "the author's value"  # the name of a loss
        elif is_made_of_code(learnt.fixed.get(parameter.name)):
            chosen[parameter.name] = copy.deepcopy(learnt.fixed[parameter.name]), "the author's value"
        elif isinstance(parameter.default, str) and is_called("choices", "optimizer", parameter.default):
            if parameter.name in learnt.fixed:  # the code's word for gradient descent, if it has one
                chosen[parameter.name] = learnt.fixed[parameter.name], "the author's value"
        elif parameter.default is parameter.empty:
            if parameter.name in learnt.fixed:
                chosen[parameter.name] = learnt.fixed[parameter.name], "the author's value"
            else:
                unclear.append(parameter)
    taken = {source for _, source in chosen.values()}
    waiting = [name for name in known.order if name in known.roles and name not in taken]
    if "output" in taken:  # what takes the network's output compares it with labels, and not with inputs
        waiting.sort(key=lambda name: name == "x")
    if len(unclear) > len(waiting):
        raise Unbound(unclear[0].name)
    for parameter, name in zip(unclear, waiting, strict=False):
        chosen[parameter.name] = (known.roles[name], name)
    return chosen


def is_made_of_code(value: Any) -> bool:
    """Whether a value is a function, or an object of a class of the code, such as a loss."""
    return isinstance(value, FunctionType) or hasattr(value, "__dict__")


def witnessed(
    parameter: inspect.Parameter, known: Known, chosen: Mapping[str, Any], learnt: Learnt
) -> tuple[Any, str] | None:
    """The value that the author's calls give one parameter, and its origin; None if they do not show it."""
    source = learnt.roles.get(parameter.name, "")
    given = learnt.fixed.get(parameter.name)
    if isinstance(given, PerLayer):
        return given.of(known.layers or len(given.values)), "the author's value"
    chooses = role(parameter.name) == "activation" and isinstance(given, (str, list))
    counts = size_role(parameter.name) in LISTED and type(given) is int  # the number of layers, and not their sizes
    if parameter.default is parameter.empty and (chooses or counts):
        return given, "the author's value"
    if source.startswith(NAMED):
        name = source.removeprefix(NAMED)
        value = known.by_name(name)
        alone = any(isinstance(one, Blank) for one in known.roles.values())  # a function outside the network
        if value is MISSING and known.by_name(parameter.name) is MISSING and not alone:
            raise Unbound(parameter.name)  # a value that only the author's own calls pass on
        return None if value is MISSING else (value, name)
    validates = {VALIDATION_X: "x", VALIDATION_Y: "y"}
    if source in validates and parameter.default is parameter.empty and validates[source] in known.roles:
        return known.roles.get(source, known.roles[validates[source]]), source
    if source == "reg":
        return strength(parameter.name), source
    wanted = known.as_role.get(source, source)
    if wanted in known.roles and wanted not in {taken for _, taken in chosen.values()}:
        return in_a_column(known.roles[wanted]) if learnt.upright and wanted == "y" else known.roles[wanted], wanted
    return None


def in_a_column(labels: Any) -> Any:
    """Labels that are whole numbers as an array of shape (N, 1), or the placeholder for such."""
    if isinstance(labels, Blank):
        return replace(labels, upright=True)
    return labels.reshape(-1, 1) if is_array(labels) and len(labels.shape) == 1 else labels


def takes_labels(function: Any) -> bool:
    """Whether a function takes inputs and labels, by the author's calls or its parameters' names, and needs both."""
    shown = learnt_of(function).roles
    needed = [parameter.name for parameter in parameters_of(function) if parameter.default is parameter.empty]
    return {"x", "y"} <= {shown.get(name) or role(name) for name in needed}


def takes_axis(function: Any) -> bool:
    """Whether a function needs to be told the axis of the classes."""
    return any(role(p.name) == "axis" and p.default is p.empty for p in parameters_of(function))


def doubtful(function: Any, *, whole: bool = False) -> bool:
    """Whether chainrule may have misread a parameter of a function that computes, so that an exception shows nothing.

    It took a number of units for what may be an array, or kept a default of None in place of something unknown, or of
    data other than inputs and labels, which every call gets, or it took the network's object for its weights.

    whole: whether an object contains the parameters; methods always belong to one.
    """
    learnt = learnt_of(function)
    for parameter in parameters_of(function):
        if parameter.name in learnt.roles:
            continue
        found = role(parameter.name)
        taken = found == "params" and not is_called("classes", "network", parameter.name)
        if taken and (whole or inspect.ismethod(function)):
            return True
        unknown = found is None and (size_role(parameter.name) is not None or parameter.default is None)
        if unknown or (found in COMPUTED and parameter.default is None):
            return True
    return False


def y_is_the_output(parameters: Sequence[inspect.Parameter]) -> bool:
    """If the labels have another name, such as t or y_true, a plain y means the network's output."""
    return any(plain(p.name) == "y" for p in parameters) and any(
        plain(p.name) != "y" and role(p.name) == "y" and size_role(p.name) is None for p in parameters
    )


def choose(parameter: inspect.Parameter, known: Known, chosen: Mapping[str, Any]) -> tuple[Any, str] | None:
    """The value for one parameter and its origin, or None.

    By its own name first, then as a layer size, then by its role, and last a fixed value.
    """
    named = known.by_name(parameter.name)
    if named is not MISSING and not is_hidden(parameter, named, known):
        return named, parameter.name
    wanted = role(parameter.name)
    if len(plain(parameter.name)) == 1 and is_number(parameter.default):  # m=0.9 is not the number of samples
        return None
    if plain(parameter.name) == "y" and "y itself" in known.as_role:
        wanted = "output"
    if wanted == "axis":
        return (CLASSES, wanted) if parameter.default is parameter.empty else None
    counts = wanted == "y" and "y" in {source for _, source in chosen.values()}  # train(x, y, classes)
    size = choose_size(parameter, None if counts else wanted, known)
    if size is not None:
        return size
    if wanted == "validation" and parameter.default is parameter.empty:
        same, own = ("y", VALIDATION_Y) if is_of_labels(parameter.name) else ("x", VALIDATION_X)
        return (known.roles.get(own, known.roles[same]), wanted) if same in known.roles else None
    if wanted == "activation" and parameter.default is parameter.empty and "cache" in known.roles:
        wanted = "cache"  # of a layer's results, not the name of a function
    if wanted == "rate_or_guard":  # 0.01 is a learning rate, 1e-8 keeps a denominator from zero
        wanted = "lr" if "lr" in known.roles and not is_tiny(parameter.default) else None
    if wanted == "grads" and "grads" not in known.roles and "output_gradient" in known.roles:
        wanted = "output_gradient"  # backward(delta)
    if wanted is None:
        to_write = parameter.default is parameter.empty and is_called("arrays", "files", parameter.name)
        return (scratch_file(parameter.name), "file") if to_write else None
    if wanted != "activation" or parameter.default is parameter.empty:  # activation="relu" names a function
        wanted = known.as_role.get(wanted, wanted)
    again = [name for name, (_, source) in chosen.items() if source == wanted]
    if wanted in known.roles and (not again or (wanted == "lr" and is_numbered_alike(parameter.name, again))):
        return known.roles[wanted], wanted
    return choose_fixed(parameter, wanted)


def scratch_file(name: str) -> str:
    """The path of a file that does not exist, in a folder that goes with this process."""
    return os.path.join(SCRATCH.name, name)


def is_hidden(parameter: inspect.Parameter, named: Any, known: Known) -> bool:
    """Whether a loss calls the output A2, which is a hidden layer's in deeper networks."""
    if role(parameter.name) != "output" or known.as_role.get("x") != "output":
        return False
    output = known.roles.get("output")
    output = output.compute() if isinstance(output, Thunk) else output
    return is_array(named) and (shape(named) != shape(output) or has_later(parameter.name, known.named))


def has_later(name: str, others: Iterable[str]) -> bool:
    """Whether one of the other names is this one with a larger number: A3 comes after A2."""
    stem = plain(name).rstrip("0123456789")
    numbers = [other.removeprefix(stem) for other in map(plain, others) if other.startswith(stem)]
    own = plain(name).removeprefix(stem)
    return own.isdecimal() and any(number.isdecimal() and int(number) > int(own) for number in numbers)


def is_numbered_alike(name: str, others: Sequence[str]) -> bool:
    """Whether a name is one of others with another number: learning_rate1 and learning_rate2."""
    return {plain(name).rstrip("0123456789")} == {plain(other).rstrip("0123456789") for other in others}


def choose_size(parameter: inspect.Parameter, wanted: str | None, known: Known) -> tuple[Any, str] | None:
    """Layer sizes, for a function that makes a network itself.  wanted: the parameter's other role."""
    size = size_role(parameter.name)
    if size == "hidden" and isinstance(parameter.default, (tuple, list)):
        size = "hiddens"
    if size is None or size not in known.roles:
        return None
    fits = wanted not in ("params", "x", "y") if size == "sizes" else wanted is None
    value = known.roles[size]
    return (tuple(value) if isinstance(parameter.default, tuple) else value, size) if fits else None


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_tiny(value: Any) -> bool:
    return is_number(value) and value < SMALLEST_RATE


def is_of_labels(name: str) -> bool:
    """Whether a parameter for validation data takes its labels, and not its inputs."""
    return plain(name).startswith(("y", "label", "target")) or "label" in name


def choose_fixed(parameter: inspect.Parameter, wanted: str) -> tuple[Any, str] | None:
    """The fixed value for a role without a known value, or None."""
    if wanted not in FIXED:
        return None
    if parameter.default is not parameter.empty:
        return in_place_of_default(parameter, wanted)
    if wanted == "quiet" and any(word in plain(parameter.name) for word in NOW_AND_THEN):
        return RARELY, wanted
    if wanted == "text":  # such as the name of a layer, under which its parameters may lie
        return f"{parameter.name}{next(COUNTER)}", wanted
    if wanted == "reg":
        return strength(parameter.name), wanted
    return (FIXED[wanted], wanted) if wanted not in ("validation", "normalization") else None


def in_place_of_default(parameter: inspect.Parameter, wanted: str) -> tuple[Any, str] | None:
    """A fixed value, if it has the same kind as the default; None to keep the default."""
    default = parameter.default
    if wanted == "reg" and is_number(default):
        name = plain(parameter.name)
        if name.startswith(("lrdecay", "learningratedecay")):  # a factor near 1, or a rate of decay near 0
            return (1.0 if default > MIDDLE else 0.0), wanted
        return None if name.startswith("decay") else (strength(parameter.name), wanted)
    if wanted == "tolerance" and is_number(default):
        return 0.0, wanted
    if wanted == "patience" and is_number(default):
        return RARELY, wanted
    if wanted in ("left_out", "kept_part") and isinstance(default, float):
        return FIXED[wanted], wanted
    if wanted == "keep_prob" and isinstance(default, (int, float)):
        return 1.0, wanted
    if wanted in ("quiet", "drop_last", "normalization", "batch_normalization") and isinstance(default, bool):
        return False, wanted
    if wanted == "activation" and isinstance(default, str):
        return ("ReLU" if default[:1].isupper() else "relu"), wanted
    return None


def switched(name: str, value: Any) -> Any:
    """The author's value of an argument, without regularization, dropout or printing."""
    found = choose_fixed(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value), role(name) or "")
    return value if found is None else found[0]


def switched_off(function: Any, given: Sequence[str]) -> dict[str, Any]:
    """{parameter: fixed value} of a function's parameters with defaults, without those that it is given."""
    fixed = [(p, role(p.name)) for p in parameters_of(function) if p.default is not p.empty and p.name not in given]
    found = [(p.name, choose_fixed(p, wanted)) for p, wanted in fixed if wanted is not None]
    return {name: chosen[0] for name, chosen in found if chosen is not None}


def returned_names(function: Any) -> list[str] | None:
    """The names of a function's results in order, if all its `return` statements agree: `return Z1, A1` -> [Z1, A1].

    An element without a name is an empty string.
    """
    return names_in_source(function.__func__ if inspect.ismethod(function) else function)


@lru_cache(maxsize=1024)
def is_factor(function: Any, name: str) -> bool:
    """Whether a function multiplies by a parameter again and again: `lr *= decay`, `lr = lr * decay`, `decay**t`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return False

    def is_it(node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == name

    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult) and is_it(node.value):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and is_it(node.left):
            return True
        found = node.value if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(found, ast.BinOp) and isinstance(found.op, ast.Mult):
            kept = ast.unparse(node.targets[0])
            if (is_it(found.left) and ast.unparse(found.right) == kept) or (
                is_it(found.right) and ast.unparse(found.left) == kept
            ):
                return True
    return False


@lru_cache(maxsize=1024)
def names_in_source(function: Any) -> list[str] | None:
    try:
        plain = inspect.unwrap(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(plain)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    finder, defined = Returns(), tree.body[0]
    if not isinstance(defined, (ast.FunctionDef, ast.AsyncFunctionDef)) or defined.name != plain.__code__.co_name:
        return None  # Python takes the definition above a line, which may be another
    for statement in defined.body:
        finder.visit(statement)
    return max(finder.found, key=len, default=None)


class Returns(ast.NodeVisitor):
    """Collects the return statements of a function, without those of inner functions."""

    def __init__(self) -> None:
        self.found: list[list[str]] = []

    def visit_FunctionDef(self, node: Any) -> None:
        pass

    def visit_AsyncFunctionDef(self, node: Any) -> None:
        pass

    def visit_Lambda(self, node: Any) -> None:
        pass

    def visit_ClassDef(self, node: Any) -> None:
        pass

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        elements = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else [node.value]
        self.found.append([name_of(element) for element in elements])


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return name_of(node.value)
    return ""


def named_values(function: Any, result: Any) -> dict[str, Any]:
    """{name: value} of a function's results, from its return statement and from the keys of dictionaries.

    What has no name in the return statement is called by the function and its place.
    """
    names = returned_names(function) or []
    values: dict[str, Any] = {}
    elements = list(result) if isinstance(result, (tuple, list)) and len(names) > 1 else [result]
    if len(elements) == len(names):
        values |= {name: element for name, element in zip(names, elements, strict=True) if name}
    if isinstance(result, tuple):
        elements = list(result)
        named = len(elements) == len(names)
        values |= {part(function, i): e for i, e in enumerate(elements) if not (named and names[i])}
    elif isinstance(result, list) and len(result) >= MANY:
        elements = []
    for element in elements:
        if isinstance(element, dict):
            values |= {key: value for key, value in element.items() if isinstance(key, str)}
    return values


def part(function: Any, place: int) -> str:
    """The name of a part of a function's result that has none in its return statement.  function: or its name."""
    return f"{getattr(function, '__name__', function)}[{place}]"
