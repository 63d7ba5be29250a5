"""Writes lines to paste that repeat a failing spec's calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from keyword import iskeyword
from pathlib import Path
from unittest import SkipTest

import numpy as np

from chainrule.boundary.calls import Cache, Call
from chainrule.contract.chapters import EXTENSIONS, NETWORK_METHODS, OPERATIONS
from chainrule.contract.chapters import FUNCTIONS as CORE_FUNCTIONS
from chainrule.contract.operation import OPTIMIZER
from chainrule.mathematics.comparison import Failure
from chainrule.running.loading import Loaded
from chainrule.support.arrays import literal

LONGEST_RESULT = 200  # characters
LONGEST = 4000  # characters: longer snippets are useless
ASKING = tuple(name for name in NETWORK_METHODS if not OPERATIONS[name].changes)
FUNCTIONS = (*CORE_FUNCTIONS, *EXTENSIONS)
OF_VARIANCE = re.compile(r"\((\d+), (\d+)\): the variance is .* times the ([\d.e-]+) of")
Names = Mapping[str, str]  # {contract's name: the code's name}


def snippet(loaded: Loaded, calls: Sequence[Call], error: BaseException | None = None) -> str | None:
    """Python that repeats the last call of a spec, or the last two, with the result that the spec expected.

    It repeats two calls if the spec compares them.  error: the exception that ended the spec.  None if there is no
    call, or if its arrays are too large to print.
    """
    told = [call for call in calls if call.name in FUNCTIONS or call.name in NETWORK_METHODS or call.name == "create"]
    if not told:
        return None
    last = told[-1]
    names = names_of(loaded)
    reached = names is None or last.name not in EXTENSIONS or last.name in names
    if makes_optimizer(last) or OPERATIONS[last.name].chapter == "dropout" or not reached:
        names = None
    lines = ["import numpy as np", *(opening(loaded, names, last))]
    variance = of_variance(names, told, str(error))
    if variance:
        return "\n".join([*lines, *variance])
    for call in compared(told):
        lines += repeat(names, call)
    at, *expected = should_give(last, error)
    if at:
        lines[-1] = f"{lines[-1].removesuffix(')')}{at})"
    if is_repeated(told):
        lines.append(lines[-1])
    lines += [f"# should give {told_right}" for told_right in expected]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else None


def compared(told: Sequence[Call]) -> list[Call]:
    """The calls that a spec compares: the last one, and the one before of the same kind.

    For a row by itself that is the call with this row among others.
    """
    last = told[-1]
    if last.name == "create":
        return [call for call in told[-2:] if call.name == "create" and call.arguments[:1] == last.arguments[:1]]
    if last.name not in FUNCTIONS:
        return [last]
    row = last.arguments[0] if last.arguments else None
    if isinstance(row, np.ndarray) and row.ndim == 2 and len(row) == 1:
        for call in reversed(told[:-1]):
            z = call.arguments[0] if call.name == last.name and len(call.arguments) == 1 else None
            if isinstance(z, np.ndarray) and is_among(row, z):
                return [call, last]
    if makes_optimizer(last):
        return [last]
    return [call for call in told[-2:] if call.name == last.name]


def is_among(row: np.ndarray, rows: np.ndarray) -> bool:
    """Whether a row, (1, K), is one of several."""
    return rows.shape[1:] == row.shape[1:] and len(rows) > 1 and bool((rows == row).all(axis=1).any())


def of_variance(names: Names | None, told: Sequence[Call], found: str) -> list[str]:
    """The lines that print the variance of weights, with that which it should have, where a spec found another."""
    match = OF_VARIANCE.search(found)
    if match is None:
        return []
    fans, right = [int(match[1]), int(match[2])], match[3]
    for call in told:
        if call.name == "xavier" and list(call.arguments[:2]) == fans:
            function = names["xavier"] if names else "impl.xavier"
            made = f"{function}({fans[0]}, {fans[1]}, np.random.default_rng(0))"
        elif call.name == "create" and fans in [list(pair) for pair in pairwise(call.arguments[0])]:
            sizes, seed = call.arguments
            at = [list(pair) for pair in pairwise(sizes)].index(fans)
            made = f"{made_network(names, sizes, seed)}[{at}]"
        else:
            continue
        return [f"print(np.var({made}))  # should be about {right}"]
    return []


def made_network(names: Names | None, sizes: object, seed: object) -> str:
    """The weights of a new network, as source."""
    if names is None:
        return f"impl.parameters(impl.create({spell(sizes)}, {seed}))[0]"
    return f"{names['MLP']}({spell(sizes)}, {seed}).{names['weights']}"


def is_repeated(calls: Sequence[Call]) -> bool:
    """Whether the last call repeats the call before it on the same network."""
    if len(calls) < 2 or calls[-1].name not in ASKING:
        return False
    before, last = calls[-2:]
    same = before.name == last.name and before.arguments[:1] == last.arguments[:1]  # the same network
    return same and spell(list(before.arguments[1:])) == spell(list(last.arguments[1:]))


def should_give(call: Call, error: BaseException | None) -> tuple[str, ...]:
    """(the index of one array in a call's result, what a spec expected it to be, as source).

    The index is "" for the whole result, and stands alone if the spec compared something else.
    """
    expected, actual = getattr(error, "expected", None), getattr(error, "actual", None)
    if expected is None or actual is None or not call.number:  # without a number it raised
        return ("",)
    told = literal(np.asarray(expected))
    if len(told) > LONGEST_RESULT:
        return ("",)
    with suppress(TypeError, ValueError, Failure, SkipTest):  # a cache, or nothing
        for at, piece in pieces(call.reread()):
            if np.array_equal(np.asarray(piece, np.float64), np.asarray(actual, np.float64), equal_nan=True):
                return at, told
    return ("",)


def pieces(result: object, at: str = "") -> Iterator[tuple[str, object]]:
    """(index, array) of each array in a result, which is one, or a tuple or list of such results."""
    if isinstance(result, (tuple, list)):
        for place, inner in enumerate(result):
            yield from pieces(inner, f"{at}[{place}]")
    else:
        yield at, result


def names_of(loaded: Loaded) -> Names | None:
    """The code's names, if a snippet can import and call them directly; otherwise it calls them through chainrule."""
    return loaded.description.names if loaded.path.suffix == ".py" else None


def opening(loaded: Loaded, names: Names | None, call: Call) -> list[str]:
    """The lines that import the code under check."""
    if names is None or loaded.live:
        target = loaded.target if loaded.live else repr(loaded.target)
        return ["import chainrule", f"impl = chainrule.load({', '.join([target, *options(loaded)])})"]
    made_by = [argument.name for argument in call.arguments if isinstance(argument, Cache)]
    imported = [names[name] for name in ([*made_by, call.name] if call.name in FUNCTIONS else ["MLP"])]
    path = []
    if loaded.target.endswith(".py") and Path(loaded.target).parent != Path("."):  # a file in another folder
        path = ["import sys", f"sys.path.insert(0, {str(Path(loaded.target).parent)!r})"]
    parts = loaded.module_name.split(".")
    if not all(part.isidentifier() and not iskeyword(part) for part in parts):  # my-mlp.py, raise.py
        module = f"importlib.import_module({loaded.module_name!r})"
        return [*path, "import importlib", *(f"{name} = {module}.{name}" for name in imported)]
    return [*path, f"from {loaded.module_name} import {', '.join(imported)}"]


def options(loaded: Loaded) -> list[str]:
    """The options with which the target was loaded, as keyword arguments."""
    given = {
        "adapter": loaded.adapter,
        "conventions": dict(loaded.outside.conventions),
        "names": dict(loaded.outside.names),
        "run_all": loaded.run_all,
    }
    return [f"{name}={value!r}" for name, value in given.items() if value]


def repeat(names: Names | None, call: Call) -> list[str]:
    """The lines for one call, after the assignments that it needs."""
    keywords = [f"{key}={value!r}" for key, value in call.keywords.items()]
    if call.name in FUNCTIONS or call.name == "create":

        def spelled(name: str, arguments: Sequence[object]) -> str:
            function = names["MLP" if name == "create" else name] if names else f"impl.{name}"
            return f"{function}({', '.join('cache' if isinstance(a, Cache) else spell(a) for a in arguments)})"

        if names and call.modified and not any(isinstance(argument, Cache) for argument in call.arguments):
            return written_into(call, names["MLP" if call.name == "create" else call.name])
        forward = [f"out, cache = {spelled(c.name, c.arguments)}" for c in call.arguments if isinstance(c, Cache)]
        made = spelled(call.name, call.arguments)
        if call.applied:
            applied, update = ", ".join(map(spell, call.applied)), makes_optimizer(call)
            made = f"{made}.update({applied})[-1]" if update else f"{made}({applied})"
        if call.name == "create":
            made = made_network(names, *call.arguments)
        return [*forward, f"print({made})"]
    arguments = ", ".join([spell(value) for value in call.arguments[1:]] + keywords)
    if names is None:
        assign = [f"impl.assign(model, {spell(call.model_parameters)[1:-1]})"] if call.model_parameters else []
        return [
            f"model = impl.create({list(call.model_sizes)}, 0)",
            *assign,
            *shown(call, f"impl.{call.name}(model, {arguments})", "impl.parameters(model)"),
        ]
    lines = [f"network = {names['MLP']}({list(call.model_sizes)}, seed=0)"]
    for attribute, values in zip(("weights", "biases"), call.model_parameters or (), strict=False):
        lines.append(f"network.{names[attribute]} = {spell(values)}")
    parameters = f"network.{names['weights']}, network.{names['biases']}"
    return [*lines, *shown(call, f"network.{names[call.name]}({arguments})", parameters)]


def makes_optimizer(call: Call) -> bool:
    """Whether a call makes an optimizer, which code may update with in many forms: chainrule calls it."""
    return OPERATIONS[call.name].gives[0].kind == OPTIMIZER


def written_into(call: Call, function: str) -> list[str]:
    """The lines that show what a function left of an argument that it wrote into."""
    labels = OPERATIONS[call.name].labels
    given = dict(zip(labels, call.arguments, strict=True))
    arguments = ", ".join(label if label in call.modified else spell(given[label]) for label in labels)
    lines = [f"{label} = {spell(given[label])}" for label in call.modified]
    lines.append(f"{function}({arguments})")
    return [*lines, *(f"print({label})  # should still be {spell(given[label])}" for label in call.modified)]


def shown(call: Call, written: str, parameters: str) -> list[str]:
    """The lines that show a call's result, or the parameters that it changed."""
    changed = [] if call.name in ASKING else [f"print({parameters})"]
    return [written if call.name == "step" else f"print({written})", *changed]


def spell(value: object) -> str:
    """Arrays, and lists and tuples of them, as source."""
    if isinstance(value, (list, tuple)) and any(isinstance(item, (np.ndarray, list)) for item in value):
        inner = ", ".join(spell(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return literal(value)
