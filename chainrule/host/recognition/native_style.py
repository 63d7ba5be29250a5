"""The functions of a namespace, under any name, and a network in the native style."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any, cast

import numpy as np

from chainrule.contract.chapters import EXTENSIONS, FUNCTIONS, OPERATIONS
from chainrule.contract.errors import Missing, NotOffered
from chainrule.contract.implementation import source_line
from chainrule.contract.operation import GENERATOR
from chainrule.contract.operation import Operation as ContractOperation
from chainrule.host.native import Native
from chainrule.host.recognition.batchnorm import BATCHNORM, Normalizations
from chainrule.host.recognition.binding import (
    Binding,
    Blank,
    Known,
    Unbound,
    bind,
    parameters_of,
    switched_off,
    takes_axis,
)
from chainrule.host.recognition.convolution import CONVOLUTION, Convolutions
from chainrule.host.recognition.dropout import DropoutLayers
from chainrule.host.recognition.forms import Form, Held
from chainrule.host.recognition.namespaces import Operation, own_classes, own_functions, ranked
from chainrule.host.recognition.optimizers import Optimizers
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.pooling import POOLING, Pools
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.regularization import OF_SQUARES, Penalties
from chainrule.host.recognition.results import first_fitting
from chainrule.host.recognition.schedules import SCHEDULES, Schedules
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.strength import is_strength, set_strength, strength_is_set, strengths
from chainrule.host.recognition.structures import shape
from chainrule.host.recognition.surroundings import generators_kept, seed_everything
from chainrule.host.recognition.vocabulary import in_chapters, is_called, plain, role
from chainrule.support.arrays import to_numpy

# Names for the argument of relu and softmax, and for the probabilities of cross_entropy.
IN_PLACE_OF_X = tuple((wanted, "x") for wanted in ("output", "output_gradient", "y", "params", "cache", "activation"))
REGULARIZATION = "regularization"
READERS: dict[str, Callable[..., Any]] = {  # {extension chapter: what reads its operations in a namespace}
    "optimizers": Optimizers,
    "dropout": DropoutLayers,
    BATCHNORM: Normalizations,
    CONVOLUTION: Convolutions,
    POOLING: Pools,
    REGULARIZATION: Penalties,
    SCHEDULES: Schedules,
}
DIRECT = (BATCHNORM, CONVOLUTION, POOLING)  # chapters whose functions may take the contract's arguments as they are
IN_PLACE_OF_OUTPUT = tuple((wanted, "output") for wanted in ("x", "activation"))
STRENGTHENED = ("loss", "backward", "step", "fit")  # operations whose functions may take the strength of a penalty


class NativeStyle(Native):
    """The functions of a namespace, and its network in the native style, if any.

    form: of a network in another style; None here.
    tried: other candidates for the network, and why each was rejected.
    counts: undefined globals for the number of samples, which chainrule sets before every call.
    plans: {(operation, number of layer sizes): how to call it, or why that is impossible}.
    closed: {operation: why chainrule does not know how to call it for the networks with which it tried}.
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
        self.plans: dict[tuple[str, int], Plan | NotOffered] = {}
        self.closed: dict[str, NotOffered] = {}
        self.understood: set[str] = set()  # operations of extension chapters that have given a result

    def name(self, name: str) -> str:
        """The code's name for a name of the contract: the declared one, or one from courses."""
        known = () if name in self.names else in_chapters(name)
        return next((other for other in known if other in self.namespace), super().name(name))

    def close(self, operation: str, layers: int, error: NotOffered) -> None:
        """Remember that an operation cannot be called for networks with so many layer sizes."""
        self.closed[operation] = error
        self.plans.setdefault((operation, layers), error)

    def forget(self, operation: str, layers: int) -> None:
        """Forget how to call an operation, so that chainrule searches again."""
        self.plans.pop((operation, layers), None)

    def create(self, sizes: Sequence[int], seed: int) -> Any:
        off = normalizing(self.namespace.get(self.name("MLP")))
        if not off:
            return super().create(sizes, seed)
        return self._call(self.target, "MLP", list(sizes), seed=seed, **dict.fromkeys(off, False))

    @property
    def switched_off(self) -> tuple[str, ...]:
        """What chainrule switches off in the code's networks, a sentence each."""
        makers = [thing for _, thing in (*own_classes(self.namespace), *own_functions(self.namespace))]
        found = next(filter(None, map(normalizing, makers)), [])
        said = f"{' and '.join(found)} is False: chainrule checks the network without batch normalization"
        return (said,) if found else ()

    def takes_seed(self) -> bool:
        """Whether the function that makes networks takes a seed or a generator."""
        return True

    @property
    def fit_takes_seed(self) -> bool:
        """Whether the training function takes a seed or a generator, as an argument or from its object."""
        return True

    def fit(self, model: Any, x: Any, y: Any, **given: Any) -> Any:
        function = self._find(model, "fit")
        off = switched_off(function, list(given)) if callable(function) else {}
        return self._call(model, "fit", x, y, **given, **off)

    # Functions outside the network

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
        binding = bound(name, function, ("output", "y"), IN_PLACE_OF_OUTPUT).filled({"output": p, "y": y})
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
        """Draw `count` weights.  Before each draw, seed the global generators, from rng if the function takes no
        generator.
        """
        name, function = self.lone("xavier")
        generators = {p.name: rng for p in SizeArguments(function).parameters if role(p.name) == "rng"}
        sizing, found = SizeArguments(function, known=generators), []
        needed = [p.name for p in sizing.parameters if p.default is p.empty and p.name not in generators]
        with generators_kept():
            for i in range(count):
                if len(needed) == 1:  # both sizes in a list, as for all layers of a network
                    seed_everything(0 if generators else int(rng.integers(2**31)))
                    made = function(**{needed[0]: [fan_in, fan_out]}, **generators)
                    found.append(made[0] if isinstance(made, (list, tuple)) and len(made) == 1 else made)
                    continue
                if i == 0 or sizing.free:  # each call needs a new list of sizes
                    try:
                        arguments, keywords = sizing.arguments([fan_in, fan_out], 0)
                    except Unbound as error:
                        message = f"{name}: expected xavier(fan_in, fan_out, rng), found a parameter {error}"
                        raise NotOffered(message) from None
                seed_everything(0 if generators else int(rng.integers(2**31)))
                found.append(function(*arguments, **keywords))
        return found

    def lone(self, operation: str) -> Operation:
        """The function of that name, or a method that does not use its network.  Raises Missing."""
        found = self.lone_functions(operation)
        if not found:
            raise Missing(f"{operation} is missing")
        return found[0]

    def lone_functions(self, operation: str) -> list[Operation]:
        """All candidates for a function, the likeliest first.  An empty list for a declared name, or if the contract's
        own name takes other arguments, which the native style reports.
        """
        functions = own_functions(self.namespace)
        known = self._lone.get(operation)
        if known is None or known[0] is not functions:
            known = self._lone[operation] = functions, self.find_lone(operation, functions)
        return known[1]

    def find_lone(self, operation: str, functions: Sequence[Operation]) -> list[Operation]:
        """The function among these functions and the network's methods."""
        own = dict(functions).get(self.name(operation))
        if operation in self.names or not (own is None or takes(own, arguments_of(operation)) or takes_axis(own)):
            return []
        found = [pair for pair in ranked(operation, functions) if of_probabilities(operation, *pair)]
        return found or self.lone_methods(operation)

    @cached_property
    def _lone(self) -> dict[str, tuple[Sequence[Operation], list[Operation]]]:
        """{operation: (all functions at that time, the candidates)}."""
        return {}

    def lone_methods(self, operation: str) -> list[Operation]:
        """The methods that do not use their network."""
        return []

    def sample(self) -> Held | None:
        """A network for calling methods that do not use it."""
        return None

    def extension(self, operation: ContractOperation, *arguments: Any) -> Any:
        """The result of an extension chapter's function; of an optimizer's, an object with update(params, grads)."""
        reader = self.readers.get(operation.chapter)
        if reader is None or (operation.chapter in DIRECT and reader.direct(operation)):
            return self.as_it_stands(operation, *arguments)
        return reader.call(operation, *arguments)

    def as_it_stands(self, operation: ContractOperation, *arguments: Any) -> Any:
        """The result of a function with the name of an operation.

        One whose parameters have other names may be something else: raises NotOffered if it raises before it has given
        any result.
        """
        name = self.name(operation.name)
        try:
            result = super().extension(operation, *arguments)
        except (NotOffered, NotImplementedError):
            raise
        except Exception as error:
            taken = [plain(p.name) for p in parameters_of(self.namespace[name])]
            if operation.name in self.understood or taken == [plain(label) for label in operation.labels]:
                raise
            wanted, raised = ", ".join(operation.labels), f"{type(error).__name__}: {error}"
            raise NotOffered(
                f"{name} was found but not understood: called as {name}({wanted}) it raised {raised}"
            ) from None
        self.understood.add(operation.name)
        return result

    @cached_property
    def readers(self) -> dict[str, Any]:
        """{extension chapter: what reads its operations in the namespace}; a chapter without is called as it is."""
        named: dict[Any, Any] = {DropoutLayers: self.spellings}  # it looks for all names that an operation may have
        return {chapter: reader(self.namespace, named.get(reader, self.name)) for chapter, reader in READERS.items()}

    def is_direct(self, name: str) -> bool:
        """Whether the code takes the arguments of an operation as they are, so that others can call it."""
        operation = EXTENSIONS.get(name)
        if operation is None or operation.chapter not in DIRECT:
            return True
        return bool(self.readers[operation.chapter].direct(operation))

    @property
    def penalizes_biases(self) -> bool:
        """Whether the functions of a penalty take all parameters."""
        return bool(self.readers[REGULARIZATION].takes_biases)

    def regularize(self, lam: float) -> None:
        set_strength(lam)

    def called_with_strength(self) -> list[str]:
        """The operations of the network whose functions take the strength of an L2 penalty."""
        return [name for name in STRENGTHENED if takes_one(self.author_of(name))]

    def author_of(self, name: str) -> Any:
        """The function that computes an operation of the network; None if that is unknown."""
        return getattr(self.namespace.get(self.name("MLP")), self.name(name), None)

    def takes_strength(self) -> bool:
        """Whether a parameter of the code is called as the strength of an L2 penalty is."""
        return bool(self.strengths_named())

    def says_which_penalty(self) -> bool:
        """Whether the name of a strength says that it is one of squares."""
        return any(word in plain(name) for name in self.strengths_named() for word in OF_SQUARES)

    def strengths_named(self) -> list[str]:
        """The parameters of the code that are called as the strength of an L2 penalty is."""
        things = [thing for name, thing in (*own_classes(self.namespace), *own_functions(self.namespace))]
        methods = [method for thing in things if inspect.isclass(thing) for method in vars(thing).values()]
        codes = (getattr(thing, "__code__", None) for thing in (*things, *methods))
        return [name for code in codes if code for name in code.co_varnames[: parameters_in(code)] if is_strength(name)]

    def _call(self, owner: Any, name: str, *arguments: Any, **keywords: Any) -> Any:
        function = self._find(owner, name)
        taken = strengths(parameters_of(function), keywords) if strength_is_set() else {}
        return super()._call(owner, name, *arguments, **keywords, **taken)

    def spellings(self, name: str) -> tuple[str, ...]:
        """The names that the code may use for a name of the contract: the declared one, or those from courses."""
        return (self.names[name],) if name in self.names else in_chapters(name)

    @property
    def extension_conventions(self) -> tuple[tuple[str, str, str], ...]:
        """The conventions of extension chapters that reading found by their effect: (key, value, how)."""
        return tuple(one for reader in self.readers.values() for one in getattr(reader, "conventions", ()))

    def offers(self, name: str) -> bool:
        reader = self.readers.get(OPERATIONS[name].chapter)
        if reader is not None:
            return bool(reader.offers(OPERATIONS[name]))
        return super().offers(name) or bool(name in FUNCTIONS and ranked(name, own_functions(self.namespace)))

    def where(self, name: str) -> str | None:
        if name not in OPERATIONS:
            return None
        try:
            reader = self.readers.get(OPERATIONS[name].chapter)
            if reader is not None:
                return cast("str | None", reader.where(OPERATIONS[name]))
            found = self.lone_functions(name) if name in FUNCTIONS else []
            return source_line(found[0][1]) if found else super().where(name)
        except NotOffered:
            return None


def normalizing(maker: Any) -> list[str]:
    """The parameters of a class or function that switch batch normalization on, as they do by default."""
    try:
        every = parameters_of(maker) if callable(maker) else []
    except Unbound:
        return []
    return [p.name for p in every if p.default is True and role(p.name) == "batch_normalization"]


def takes_one(function: Any) -> bool:
    """Whether a function has a parameter for the strength of an L2 penalty."""
    try:
        return callable(function) and any(is_strength(p.name) for p in parameters_of(function))
    except Unbound:
        return False


def parameters_in(code: CodeType) -> int:
    """How many of a code's variables are its parameters."""
    return code.co_argcount + code.co_kwonlyargcount


def arguments_of(operation: str) -> int | None:
    """How many arguments the contract gives an operation; None if one is a generator, which code may take or not."""
    kinds = [argument.kind for argument in OPERATIONS[operation].takes]
    return None if GENERATOR in kinds else len(kinds)


def takes(function: Callable[..., Any], arguments: int | None) -> bool:
    """Whether a function can be called with so many arguments.

    arguments: None for any number.
    """
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
    """Whether a cross-entropy takes probabilities, and not logits or log-probabilities.

    The name of its argument decides; for a negative log-likelihood, which takes either, its result.
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
    """Whether the loss of a probability of 1/2 is -1/2: the function then takes log-probabilities."""
    for label in (np.array([0]), np.array([[1.0, 0.0]])):
        try:
            if float(to_numpy(function(np.array([[0.5, 0.5]]), label)).reshape(())) == -0.5:
                return True
        except (Exception, SystemExit):
            continue
    return False


def stands_alone(operation: str, function: Callable[..., Any]) -> bool:
    """Whether a method does not use its object: a cross-entropy of probabilities, not of inputs."""
    try:
        roles = [role(p.name) for p in parameters_of(function)]
    except Unbound:
        return False
    return operation != "cross_entropy" or ("output" in roles and "x" not in roles)


def alone(name: str, function: Callable[..., Any], z: Any) -> Any:
    """The result of a function of one array."""
    binding, wanted = bound(name, function, ("x",), IN_PLACE_OF_X).filled({"x": z}), shape(z)
    return first_fitting(function, binding, lambda found: not wanted or shape(found) == wanted)


@lru_cache(maxsize=64)
def bound(
    name: str, function: Callable[..., Any], order: tuple[str, ...], as_role: tuple[tuple[str, str], ...]
) -> Binding:
    """Arguments for a function outside the network, with blanks for the roles in `order`.

    Raises NotOffered, with its name, for a parameter without a known value.
    """
    try:
        return bind(function, Known({wanted: Blank(wanted) for wanted in order}, order=order, as_role=dict(as_role)))
    except Unbound as error:
        raise NotOffered(f"{name}: chainrule knows no value for its parameter {error}") from None
