"""The functions of a namespace by any name, and a network in the contract's own style."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import source_line
from chainrule.host.native import Native
from chainrule.host.recognition.binding import Binding, Blank, Known, Unbound, bind, parameters_of
from chainrule.host.recognition.forms import Form, Held
from chainrule.host.recognition.namespaces import Operation, own_functions, ranked
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.results import first_fitting
from chainrule.host.recognition.sites import Site
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.structures import shape
from chainrule.host.recognition.surroundings import generators_kept, seed_everything
from chainrule.host.recognition.vocabulary import in_chapters, is_called, plain, role
from chainrule.support.arrays import to_numpy

FUNCTIONS = ("relu", "softmax", "cross_entropy", "xavier")
ARGUMENTS = {"relu": 1, "softmax": 1, "cross_entropy": 2}  # that the contract's own names take
# What relu and softmax may call what they take.
IN_PLACE_OF_X = tuple((wanted, "x") for wanted in ("output", "output_gradient", "y", "params", "cache"))


class NativeStyle(Native):
    """The functions of a namespace, and a network in the contract's own style, if there is one.

    form: of a network in another style; None here.
    tried: what else might have been the network, and why it is not.
    counts: globals that nothing defines and that stand for the number of samples: they are given it before every call.
    sites: {(operation, layer sizes): how it is done there, or why it cannot be called}.
    """

    form: Form | None = None

    def __init__(
        self,
        target: Any,
        namespace: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
        tried: tuple[str, ...] = (),
        counts: Sequence[str] = (),
    ) -> None:
        super().__init__(target, dict(names or {}))
        self.namespace, self.tried, self.counts = namespace, tried, tuple(counts)
        self.sites: dict[tuple[str, int], Site | NotOffered] = {}

    def name(self, name: str) -> str:
        """The name that the code uses for a name of the contract: the declared one, or what courses call it."""
        known = () if name in self.names else in_chapters(name)
        return next((other for other in known if other in self.namespace), super().name(name))

    def close(self, operation: str, layers: int, error: NotOffered) -> None:
        """Remember that an operation cannot be called in networks of this many layer sizes."""
        self.sites.setdefault((operation, layers), error)

    def forget(self, operation: str, layers: int) -> None:
        """Have an operation found anew."""
        self.sites.pop((operation, layers), None)

    def takes_seed(self) -> bool:
        """Whether a seed, or a generator, is an argument of what makes networks."""
        return True

    @property
    def fit_takes_seed(self) -> bool:
        """Whether what trains takes a seed or a generator, as an argument or from its object."""
        return True

    # Functions by themselves

    def relu(self, z: Any) -> Any:
        found = self.lone_functions("relu")
        return alone(*found[0], z) if found else super().relu(z)

    def softmax(self, z: Any) -> Any:
        found = self.lone_functions("softmax")
        return alone(*found[0], z) if found else super().softmax(z)

    def cross_entropy(self, p: Any, y: Any) -> Any:
        found = self.lone_functions("cross_entropy")
        if not found:
            return super().cross_entropy(p, y)
        name, function = found[0]
        binding = bound(name, function, ("output", "y"), (("x", "output"),)).filled({"output": p, "y": y})
        return first_fitting(function, binding, lambda found: to_numpy(found).size == 1)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        if not self.lone_functions("xavier"):
            return super().xavier(fan_in, fan_out, rng)
        return self.drawn(fan_in, fan_out, rng, 1)[0]

    def draws(self, fan_in: int, fan_out: int, rng: np.random.Generator, count: int) -> list[Any]:
        if not self.lone_functions("xavier"):
            return super().draws(fan_in, fan_out, rng, count)
        return self.drawn(fan_in, fan_out, rng, count)

    def drawn(self, fan_in: int, fan_out: int, rng: np.random.Generator, count: int) -> list[Any]:
        """As many draws; before each the global generators are seeded, from rng where the function takes none."""
        name, function = self.lone("xavier")
        generators = {p.name: rng for p in SizeArguments(function).parameters if role(p.name) == "rng"}
        sizing, found = SizeArguments(function, known=generators), []
        with generators_kept():
            for i in range(count):
                if i == 0 or sizing.free:  # a list of sizes is a new one for each call
                    try:
                        arguments, keywords = sizing.arguments([fan_in, fan_out], 0)
                    except Unbound as error:
                        message = f"{name}: expected xavier(fan_in, fan_out, rng), found a parameter {error}"
                        raise NotOffered(message) from None
                seed_everything(0 if generators else int(rng.integers(2**31)))
                found.append(function(*arguments, **keywords))
        return found

    def lone(self, operation: str) -> Operation:
        """The function of that name, or a method of the network that needs nothing of it.  Raises Missing."""
        found = self.lone_functions(operation)
        if not found:
            raise Missing(f"{operation} is missing")
        return found[0]

    def lone_functions(self, operation: str) -> list[Operation]:
        """All that may be it, the likeliest first.  Under a declared name, or where the contract's own name takes other
        arguments, there is none: the native style calls it so, or says what was found.
        """
        functions = own_functions(self.namespace)
        known = self._lone.get(operation)
        if known is None or known[0] is not functions:
            known = self._lone[operation] = functions, self.find_lone(operation, functions)
        return known[1]

    def find_lone(self, operation: str, functions: Sequence[Operation]) -> list[Operation]:
        """The same, of these functions and of the network's methods."""
        own = dict(functions).get(self.name(operation))
        if operation in self.names or (own is not None and not takes(own, ARGUMENTS.get(operation))):
            return []
        found = [pair for pair in ranked(operation, functions) if of_probabilities(operation, *pair)]
        return found or self.lone_methods(operation)

    @cached_property
    def _lone(self) -> dict[str, tuple[Sequence[Operation], list[Operation]]]:
        """{operation: (the functions that there were, those that may be it)}."""
        return {}

    def lone_methods(self, operation: str) -> list[Operation]:
        """The methods of the network that need nothing of it."""
        return []

    def sample(self) -> Held | None:
        """A network whose methods may be called by themselves."""
        return None

    def offers(self, name: str) -> bool:
        return super().offers(name) or bool(name in FUNCTIONS and ranked(name, own_functions(self.namespace)))

    def where(self, name: str) -> str | None:
        try:
            found = self.lone_functions(name) if name in FUNCTIONS else []
            return source_line(found[0][1]) if found else super().where(name)
        except NotOffered:
            return None


def takes(function: Callable[..., Any], arguments: int | None) -> bool:
    """Whether a function can be called with so many arguments; None for any number."""
    if arguments is None:
        return True
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def of_probabilities(operation: str, name: str, function: Callable[..., Any]) -> bool:
    """Whether a cross-entropy is one of probabilities, and not of logits or log-probabilities, by the name of what it
    takes; and for a negative log-likelihood, which takes either, by what it gives.
    """
    if operation != "cross_entropy":
        return True
    try:
        parameters = [plain(p.name) for p in parameters_of(function)]
    except Unbound:
        return True
    if any(
        parameter in ("logits", "scores", "z") or is_called("arrays", "log_probabilities", parameter)
        for parameter in parameters
    ):
        return False
    return not (is_called("methods", "is_a_negative_log_likelihood", name) and adds_up_alone(function))


@for_style("a negative log-likelihood of log-probabilities, by the name of one of probabilities", otherwise=False)
@lru_cache(maxsize=64)
def adds_up_alone(function: Callable[..., Any]) -> bool:
    """Whether the loss of a probability of a half is -1/2: the function takes no logarithm."""
    for label in (np.array([0]), np.array([[1.0, 0.0]])):
        try:
            if float(to_numpy(function(np.array([[0.5, 0.5]]), label)).reshape(())) == -0.5:
                return True
        except (Exception, SystemExit):
            continue
    return False


def stands_alone(operation: str, function: Callable[..., Any]) -> bool:
    """Whether a method needs nothing of its object: a cross-entropy of probabilities, not of inputs."""
    try:
        roles = [role(p.name) for p in parameters_of(function)]
    except Unbound:
        return False
    return operation != "cross_entropy" or ("output" in roles and "x" not in roles)


def alone(name: str, function: Callable[..., Any], z: Any) -> Any:
    """What a function of one array gives, by itself."""
    binding, wanted = bound(name, function, ("x",), IN_PLACE_OF_X).filled({"x": z}), shape(z)
    return first_fitting(function, binding, lambda found: not wanted or shape(found) == wanted)


@lru_cache(maxsize=64)
def bound(
    name: str, function: Callable[..., Any], order: tuple[str, ...], as_role: tuple[tuple[str, str], ...]
) -> Binding:
    """Arguments for a function that stands alone, to be filled with the values of the roles in `order`.

    Raises NotOffered, with its name, for a parameter that nothing is known for.
    """
    try:
        return bind(function, Known({wanted: Blank(wanted) for wanted in order}, order=order, as_role=dict(as_role)))
    except Unbound as error:
        raise NotOffered(f"{name}: nothing is known for its parameter {error}") from None
