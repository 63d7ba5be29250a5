"""Finds which parameters of a network's maker take layer sizes, by their names and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.host.recognition.binding import MIDDLE, Unbound, parameters_of
from chainrule.host.recognition.choices import descending, of_the_output
from chainrule.host.recognition.learnt import PerLayer, learnt_of
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.strength import strength
from chainrule.host.recognition.vocabulary import plain, rank, role, size_role

SIZES = ("sizes", "following", "inputs", "hidden", "hiddens", "outputs")
NEVER_SIZES = ("lr", "epochs", "batch_size", "seed", "rng", "reg", "quiet", "activation")
NONE_BY_DEFAULT = ("seed", "rng", "activation", "optimizer", "reg", "lr")
WITHOUT_DEFAULT: dict[str, Any] = {
    "lr": 0.1,
    "epochs": 1,
    "batch_size": 4,
    "reg": 0.0,
    "keep_prob": 1.0,
    "quiet": False,
    "activation": "relu",
    "validation": None,
    "samples": 1,
}

COUNTED = ("layers of weights", "hidden layers")  # roles of a number of layers beside their sizes
COUNTS_LAYERS = ("nlayers", "numlayers", "nhiddenlayers", "numhiddenlayers", "hiddenlayers", "layers", "depth")

LISTS = {  # {role: the sizes that a parameter of this role takes in a list}
    "sizes": slice(None),
    "following": slice(1, None),
    "leading": slice(-1),
    "hiddens": slice(1, -1),
}


class SizeArguments:
    """How the parameters of a constructor take layer sizes.

    hidden: what the only parameter for hidden layers takes: a `list`, a `number`, or what its name says, `as named`.
    listed: the role of a parameter that by its name takes all sizes, beside others that take some of them.

    known: {parameter: its value}.
    roles: {parameter: one of LISTS, `inputs`, `hidden`, `outputs`, or `other`}.
    free: whether any depth is possible.  single: the number of parameters for one hidden layer each.
    """

    def __init__(
        self, function: Any, hidden: str = "as named", known: Mapping[str, Any] | None = None, listed: str = "sizes"
    ) -> None:
        self.known, self.listed, self.learnt = dict(known or {}), listed, learnt_of(function)
        self.function = function
        every = parameters_of(function)
        self.parameters = [p for p in every if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and p.name != "self"]
        alone = all(p.default is not p.empty for p in self.parameters)  # what else would *n take?
        several = [p for p in every if p.kind == p.VAR_POSITIONAL]
        self.variadic = [p for p in several if alone or size_role(p.name) == "sizes"]
        self.roles = self.find_roles(hidden)
        self.free = bool(self.variadic) or bool(LISTS.keys() & set(self.roles.values()))
        self.single = sum(found == "hidden" for found in self.roles.values())

    @cached_property
    def of_output(self) -> dict[str, str]:
        """{parameter: word} for the activation of the outputs, and the loss, in place of other defaults."""
        return of_the_output(self.function, self.parameters)

    def find_roles(self, hidden: str) -> dict[str, str]:
        shown = {name: found for name, found in self.learnt.roles.items() if found in SIZES}
        roles = {p.name: "other" if self.is_data(p) else shown.get(p.name) or role_of(p) for p in self.parameters}
        counted = [] if shown else numbered(self.parameters)
        if counted:
            roles |= dict.fromkeys((p.name for p in counted), "hidden")
            roles[counted[0].name] = "inputs"
            roles[counted[-1].name] = "outputs"
        roles |= self.counts_beside(roles)
        if self.listed != "sizes":
            return {name: self.listed if found in ("sizes", "hiddens") else found for name, found in roles.items()}
        if "sizes" in roles.values():
            return {name: "sizes" if found == "sizes" else "other" for name, found in roles.items()}
        hiddens = [name for name, found in roles.items() if found in ("hidden", "hiddens")]
        if len(hiddens) == 1:
            listed = self.is_list(hiddens[0]) if hidden == "as named" else hidden == "list"
            roles[hiddens[0]] = "hiddens" if listed else "hidden"
        return roles

    def counts_beside(self, roles: Mapping[str, str]) -> dict[str, str]:
        """{parameter: one of COUNTED}, of the numbers of layers that a network takes beside all their sizes."""
        if not {"inputs", "outputs"} <= set(roles.values()) or not {"hidden", "hiddens"} & set(roles.values()):
            return {}
        needed = [p.name for p in self.parameters if p.default is p.empty and plain(p.name) in COUNTS_LAYERS]
        return {name: COUNTED["hidden" in plain(name)] for name in needed if roles[name] not in ("hidden", "hiddens")}

    def is_list(self, name: str) -> bool:
        default = next(p.default for p in self.parameters if p.name == name)
        plural = plain(name).endswith(("s", "list"))
        return isinstance(default, (list, tuple)) or (plural and not isinstance(default, int))

    @property
    def gives_sizes(self) -> bool:
        return self.free or bool({"inputs", "hidden", "outputs"} & set(self.roles.values()))

    def fits_depth(self, sizes: Sequence[int]) -> bool:
        return self.free or not self.gives_sizes or self.single in (0, len(sizes) - 2)

    def arguments(self, sizes: Sequence[int], seed: int) -> tuple[list[Any], dict[str, Any]]:
        """Arguments for a network of these sizes.  Raises Unbound for a parameter without a known value."""
        hidden = list(sizes[1:-1])
        keywords: dict[str, Any] = {}
        for parameter in self.parameters:
            found = self.value(parameter, sizes, hidden, seed)
            if found is not None:
                keywords[parameter.name] = found[0]
            elif parameter.default is parameter.empty:
                if parameter.name not in self.learnt.fixed:
                    raise Unbound(parameter.name)
                keywords[parameter.name] = self.learnt.fixed[parameter.name]
        if self.variadic:
            return list(sizes), keywords
        positional = [p.name for p in self.parameters if p.kind == p.POSITIONAL_ONLY]
        return [keywords.pop(name) for name in positional], keywords

    def value(
        self, parameter: inspect.Parameter, sizes: Sequence[int], hidden: list[int], seed: int
    ) -> tuple[Any] | None:
        """(the value,) for a parameter; None to keep its default.  hidden: the sizes not used yet, taken in turn."""
        found = self.roles[parameter.name]
        if parameter.name in self.known:
            return (self.known[parameter.name],)
        if self.is_data(parameter):
            return (self.data(parameter, sizes),)
        kind = tuple if isinstance(parameter.default, tuple) else list
        if found in LISTS:
            return (kind(sizes[LISTS[found]]),)
        if found == "inputs":
            return (sizes[0],)
        if found == "outputs":
            return (sizes[-1],)
        if found == "hidden" and hidden:
            return (hidden.pop(0),)
        if found in COUNTED:
            return (len(sizes) - 1 - COUNTED.index(found),)
        fixed = self.learnt.fixed.get(parameter.name)
        if isinstance(fixed, PerLayer):
            return (fixed.of(len(sizes) - 1),)
        if is_of_the_output(fixed):
            return (fixed,)
        word = self.of_output.get(parameter.name) or descending(self.function, parameter)
        return (word,) if word else other_value(parameter, seed, self.role_of(parameter))

    def is_data(self, parameter: inspect.Parameter) -> bool:
        """Whether the author gives a parameter inputs or labels, whose shapes show layer sizes."""
        return self.learnt.operation == "init" and self.learnt.roles.get(parameter.name) in ("x", "y")

    def data(self, parameter: inspect.Parameter, sizes: Sequence[int]) -> np.ndarray:
        """A batch that shows layer sizes, whether its samples are rows or columns."""
        if self.learnt.roles[parameter.name] == "x":
            return np.zeros((sizes[0], sizes[0]))
        return np.eye(sizes[-1]) if self.learnt.labels == "one_hot" else np.arange(sizes[-1])

    def role_of(self, parameter: inspect.Parameter) -> str | None:
        """The role of a parameter that is not a size."""
        return self.learnt.roles.get(parameter.name) or role(parameter.name)


def is_of_the_output(value: Any) -> bool:
    """Whether the author's value for a parameter names softmax or cross-entropy, which no default replaces."""
    names = [("softmax", value), ("cross_entropy", value)] if isinstance(value, str) else []
    return any(rank(operation, name) is not None for operation, name in names)


def role_of(parameter: inspect.Parameter) -> str:
    """Which sizes a parameter takes, by its name, or `other`."""
    default, other = parameter.default, role(parameter.name)
    if isinstance(default, (str, bool, float)) or (default is None and other in NONE_BY_DEFAULT):
        return "other"
    found = size_role(parameter.name)
    counts = found == "sizes" and isinstance(default, int)  # as n_layers=2 does
    if found is None or counts or (other in NEVER_SIZES and isinstance(default, int)):
        return "other"
    return found


def other_value(parameter: inspect.Parameter, seed: int, found: str | None) -> tuple[Any] | None:
    """The value of a parameter that is not a size: a seed, or a hyperparameter without a plain default.

    found: its role.
    """
    default = parameter.default
    if found == "seed":
        return (seed,)
    if found == "rng":
        old = isinstance(default, np.random.RandomState)
        return (np.random.RandomState(seed) if old else np.random.default_rng(seed),)
    if strength(parameter.name):
        return (strength(parameter.name),)
    decays = plain(parameter.name).startswith(("lr", "learning", "decay"))
    if found == "reg" and isinstance(default, float) and default > 0 and not decays:
        return (0.0,)
    if found == "reg" and isinstance(default, float) and default > MIDDLE and decays:  # a factor near 1
        return (1.0,)
    if found == "keep_prob" and isinstance(default, (int, float)):
        return (1.0,)
    if found == "left_out" and isinstance(default, float):
        return (0.0,)
    if found in ("quiet", "batch_normalization") and isinstance(default, bool):
        return (False,)
    if found == "activation" and isinstance(default, str):
        return ("ReLU" if default[:1].isupper() else "relu",) if default.lower() != "relu" else None
    if goes_on(parameter):
        return (True,)
    if default is not parameter.empty or found not in WITHOUT_DEFAULT:
        return None
    return (WITHOUT_DEFAULT[found],)


@for_style("estimators after scikit-learn", otherwise=False)
def goes_on(parameter: inspect.Parameter) -> bool:
    """Whether a parameter has scikit-learn's name for training that continues from the present weights."""
    return plain(parameter.name) == "warmstart"


def listed_beside(named: Collection[str]) -> str:
    """Which sizes a list contains beside parameters with these roles."""
    if {"inputs", "outputs"} <= set(named):
        return "hiddens"
    return "following" if "inputs" in named else "leading"


def numbered(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    """Size parameters whose names differ only in a number: n0, n1, n2."""
    found = [p for p in parameters if p.default is p.empty or isinstance(p.default, int)]
    same = [p for p in found if p.name[-1].isdigit()]
    stems = {p.name.rstrip("0123456789") for p in same}
    return same if len(stems) == 1 and len(same) >= 3 and len(same) == len(found) else []


def sizings(function: Any, namespace: Mapping[str, Any]) -> Iterator[SizeArguments]:
    """The ways in which a constructor may take sizes: by its parameters' names, and others; then by globals."""
    first = SizeArguments(function)
    yield first
    named = set(map(role_of, first.parameters))
    if named & {"sizes", "hiddens"} and named & {"inputs", "outputs"}:
        yield SizeArguments(function, listed=listed_beside(named))
    if {"hidden", "hiddens"} & set(first.roles.values()):
        yield from (SizeArguments(function, "number"), SizeArguments(function, "list"))
    counts = [p.name for p in first.parameters if type(p.default) is int and plain(p.name) in COUNTS_LAYERS]
    yield from (SizeArguments(function, known={name: 1}) for name in counts)
    values = {plain(name): value for name, value in namespace.items() if isinstance(value, (list, tuple, dict, int))}
    known = {p.name: values[plain(p.name)] for p in first.parameters if plain(p.name) in values}
    if known:
        yield SizeArguments(function, known=known)


def size_values(sizes: Sequence[int]) -> dict[str, Any]:
    """{role: layer sizes}, for functions that take sizes."""
    hidden = {"hidden": sizes[1], "hiddens": list(sizes[1:-1])} if len(sizes) > 2 else {}
    return {"inputs": sizes[0], "outputs": sizes[-1], **hidden}
