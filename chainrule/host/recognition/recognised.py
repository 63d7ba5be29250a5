"""Somebody's code as an Implementation, in its own conventions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from chainrule.contract.chapters import NETWORK_METHODS
from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import source_line
from chainrule.host.recognition.attempts import Attempts
from chainrule.host.recognition.binding import Binding, Blank, Known, Unbound, bind, parameters_of
from chainrule.host.recognition.forms import Held, spelled
from chainrule.host.recognition.namespaces import Operation, own_functions, ranked
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.results import first_fitting
from chainrule.host.recognition.sites import Site, Training
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.structures import follow, shape
from chainrule.host.recognition.surroundings import generators_kept, seed_everything, seeded
from chainrule.host.recognition.vocabulary import in_chapters, is_called, plain, rank, role
from chainrule.support.arrays import to_numpy

FUNCTIONS = ("relu", "softmax", "cross_entropy", "xavier")
ARGUMENTS = {"relu": 1, "softmax": 1, "cross_entropy": 2}  # that the contract's own names take
# What relu and softmax may call what they take.
IN_PLACE_OF_X = tuple((wanted, "x") for wanted in ("output", "output_gradient", "y", "params", "cache"))


class Recognised(Attempts):
    """The functions of a namespace, and a network of some form, as an Implementation in the code's own conventions."""

    def name(self, name: str) -> str:
        """The name that the code uses for a name of the contract: the declared one, or what courses call it."""
        known = () if name in self.names else in_chapters(name)
        return next((other for other in known if other in self.namespace), super().name(name))

    # The network

    def supports(self, sizes: Sequence[int]) -> str | None:
        if self.form is None:
            return None
        if self.form.fitted(sizes) != list(sizes):
            return f"{self.form.title} makes networks of sizes {spelled(self.form.pattern)} only"
        if self.form.slots(len(sizes) - 1) is None:
            return f"{self.form.title} makes no network of {len(sizes) - 1} layers"
        return None

    def create(self, sizes: Sequence[int], seed: int) -> Held:
        if self.form is None:
            return super().create(sizes, seed)
        with seeded(seed):
            model = self.form.create(sizes, seed)
        if self.form.slots(len(sizes) - 1) is None:
            raise NotOffered(f"{self.form.title}: no weights and biases of sizes {list(sizes)} were found in it")
        return model

    def parameters(self, model: Held) -> Any:
        if self.form is None:
            return super().parameters(model)
        return self.slots(model).read(model.value)

    def assign(self, model: Held, weights: Any, biases: Any) -> None:
        if self.form is None:
            return super().assign(model, weights, biases)
        slots = self.slots(model)
        try:
            model.value = slots.write(model.value, weights, biases)
        except ValueError as error:
            raise NotOffered(f"{slots.weights[0]}: values cannot be assigned ({error})") from None

    def forward(self, model: Held, x: Any) -> Any:
        if self.form is None:
            return super().forward(model, x)
        return self.run_forward(self.site("forward", model, x), model, x)

    def loss(self, model: Held, x: Any, y: Any) -> Any:
        if self.form is None:
            return super().loss(model, x, y)
        site = self.site("loss", model, x, y)
        if y is not None:
            self.before_loss(self.function(site, model), model, x)
        return self.call(site, model, x=x, y=y)

    def backward(self, model: Held, x: Any, y: Any) -> Any:
        if self.form is None:
            return super().backward(model, x, y)
        return self.run_backward(self.site("backward", model, x, y), model, x, y)

    def step(self, model: Held, grads: Any, lr: float) -> None:
        if self.form is None:
            return super().step(model, grads, lr)
        self.run_step(self.site("step", model, grads, lr), model, grads, lr)

    def fit(self, model: Held, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        if self.form is None:
            return super().fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
        return self.run_fit(self.site("fit", model, x, y), model, Training(x, y, epochs, batch_size, lr, seed))

    def predict(self, model: Held, x: Any) -> Any:
        if self.form is None:
            return super().predict(model, x)
        site = self.site("predict", model, x)
        if "x" not in dict(site.taken).values():
            self.before(model, x)
        return self.call(site, model, x=x)

    def call(self, site: Site, model: Held, **roles: Any) -> Any:
        """Call the function of a site with the arguments of its operation; a function that does not reach the
        parameters is given the network's output.
        """
        function = self.function(site, model)
        arguments = bind(function, self.known(model, **roles, as_output=not self.reaches(function, model)))
        return follow(function(*arguments.arguments, **arguments.keywords), site.path)

    def first_parameter(self, model: Held) -> Any:
        """The first layer's weights, as the code holds them."""
        return follow(model.value, self.slots(model).weights[0].path)

    def takes_seed(self) -> bool:
        """Whether a seed, or a generator, is an argument of what makes networks."""
        if self.form is None:
            return True
        sizing = self.form.sizing
        return sizing is not None and any(role(p.name) in ("seed", "rng") for p in sizing.parameters)

    @property
    def fit_takes_seed(self) -> bool:
        """Whether what trains takes a seed or a generator, as an argument or from its object."""
        sites = [site for (operation, _), site in self.sites.items() if operation == "fit" and isinstance(site, Site)]
        if self.form is None or not sites:
            return True
        model = self.sample()
        kept = vars(model.value) if model is not None and hasattr(model.value, "__dict__") else ()
        return any({"seed", "rng"} & {*dict(site.taken).values(), *map(role, kept)} for site in sites)

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
        model = self.sample()
        if self.form is None or model is None:
            return []
        return [
            (name, function)
            for name, function in self.form.functions(operation, model)
            if rank(operation, name) is not None
            and stands_alone(operation, function)
            and of_probabilities(operation, name, function)
        ]

    def sample(self) -> Held | None:
        """A network whose methods may be called by themselves."""
        return self._sample

    @cached_property
    def _sample(self) -> Held | None:
        if self.form is None:
            return None
        try:
            return self.create(self.form.probe_sizes(), 0)
        except Exception:
            return None

    # What there is

    def offers(self, name: str) -> bool:
        if name == "create":
            return self.form is not None or super().offers(name)
        return super().offers(name) or bool(name in FUNCTIONS and ranked(name, own_functions(self.namespace)))

    def where(self, name: str) -> str | None:
        if self.form is None and name in (*NETWORK_METHODS, "create", "parameters", "assign"):
            return super().where(name)
        if name == "create":
            return source_line(self.own_form.maker)
        sites = [site for (operation, _), site in self.sites.items() if operation == name and isinstance(site, Site)]
        model = self.sample()
        if sites and model is not None:
            return source_line(self.function(sites[0], model))
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
