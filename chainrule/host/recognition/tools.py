"""The classes for parts of networks: layers, activations, losses, optimizers; and how to call each."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered, Unseen
from chainrule.host.recognition.binding import Known, Unbound, bind, named_values, parameters_of
from chainrule.host.recognition.call_sites import literal_arguments, parameters_said
from chainrule.host.recognition.choices import words_in
from chainrule.host.recognition.learnt import learnt_of
from chainrule.host.recognition.namespaces import Operation, methods_of, own_classes, own_functions, ranked
from chainrule.host.recognition.order_of_calls import begin
from chainrule.host.recognition.quirks import for_style
from chainrule.host.recognition.results import are_probabilities, number_in, samples
from chainrule.host.recognition.slots import Fold, discover
from chainrule.host.recognition.strength import strengths
from chainrule.host.recognition.structures import Path, follow, leaves, shape
from chainrule.host.recognition.vocabulary import is_called, plain, rank, role, size_role
from chainrule.support.arrays import is_array, to_numpy

SCORES = np.log([[0.25, 3.0]])
ACTIVATED = {"relu": np.maximum(SCORES, 0), "softmax": np.array([[0.25, 3.0]]) / 3.25}
WRITTEN = {"relu": "ReLU", "softmax": "Softmax"}
OUTPUTS = ("output", "out", "outputs", "a", "activation", "y", "z")
INPUT_GRADIENTS = ("dinputs", "dinput", "dx", "grad_input", "input_gradient")


Maker = Callable[..., Any]  # a class, or one with its first arguments


class Toolbox:
    """The layer classes of a namespace, by kind.

    combined: softmax and cross-entropy in one.  slope: a class with the backward pass of such a one alone.
    fold: how the weights of a dense layer contain its biases; None if these are arrays of their own.
    """

    def __init__(self, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        classes = own_classes(namespace)
        self.namespace = namespace
        softmaxes = [(name, cls) for name, cls in classes if is_called("classes", "softmax", name)]
        passing = [(name, cls) for name, cls in classes if does(cls, "forward")]
        losing = [(name, cls) for name, cls in classes if does(cls, "forward", "loss")]
        self.relu = pick(passing, "relu", "other_relu") or chosen_by_name(passing, "relu", namespace)
        self.combined = pick([item for item in softmaxes if item in losing], "loss")
        self.softmax = pick(passing, "softmax", "loss") or chosen_by_name(passing, "softmax", namespace)
        self.slope = next((cls for _, cls in reversed(softmaxes) if not does(cls, "forward", "loss")), None)
        self.loss = pick(losing, "cross_entropy", "binary_loss") or pick(losing, "loss", "other_loss")
        if self.loss == self.combined:
            self.loss = None
        if self.loss is None and self.combined is None:
            self.loss = next((cls for _, cls in reversed(classes) if loses(cls)), None)
        self.optimizer = optimizer_of(namespace)
        self.dense: Dense | None = None
        for name, cls in sorted(classes, key=lambda item: not is_called("classes", "dense", item[0])):
            try:
                self.dense = Dense(name, cls, namespace, fold)
                break
            except Exception:
                continue

    @property
    def maker(self) -> Any:
        """The function that makes the parameters of a dense layer, if any."""
        return None if self.dense is None else vars(self.dense.cls).get("__init__")

    def layers(self, sizes: Sequence[int], seed: int, *, softmax: bool) -> list[Any]:
        """Dense layers with ReLU between them, and softmax at the end if wanted.  Raises Unbound.

        Constructors that take a generator share one; those that take a seed get one after another.
        """
        if self.dense is None:
            raise Unbound("the file has no class of a dense layer with weights and a bias")
        made: list[Any] = []
        last, rng = len(sizes) - 2, np.random.default_rng(seed)
        for l, fans in enumerate(pairwise(sizes)):
            made.append(self.dense.make(*fans, "relu" if l < last else "softmax" if softmax else "linear", rng))
            if l < last and not self.dense.activates:
                made.append(make(self.relu, "ReLU"))
        if softmax and not self.dense.activates:
            made.append(make(self.softmax, "softmax"))
        return made


def loses(cls: type) -> bool:
    """Whether the author's calls show that a class without a network computes the loss."""
    methods = [learnt_of(member).operation for member in vars(cls).values()]
    return "loss" in methods and learnt_of(cls).operation != "create"


class Dense:
    """A class of affine layers.  activates: whether its constructor takes the activation as well."""

    def __init__(self, name: str, cls: type, namespace: Mapping[str, Any], fold: Fold | None = None) -> None:
        self.name, self.cls, self.namespace, self.fold = name, cls, namespace, fold
        parameters = [p for p in parameters_of(cls) if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self.activation = next((p for p in parameters if is_activation(p)), None)
        self.activates = self.activation is not None
        self.keywords = self.find_keywords(parameters)

    def find_keywords(self, parameters: Sequence[inspect.Parameter]) -> tuple[str, ...]:
        """Find the parameters for fan-in and fan-out, or the one for both.  Raises Unbound if the class lacks them."""
        sizes = [p for p in parameters if p is not self.activation and not isinstance(p.default, (str, bool, float))]
        by_role = {size_role(p.name): p.name for p in reversed(sizes)}
        tries: list[tuple[str, ...]] = []
        if "inputs" in by_role and "outputs" in by_role:
            tries.append((by_role["inputs"], by_role["outputs"]))
        tries += [(a.name, b.name) for a, b in pairwise(sizes)]
        tries += [(p.name,) for p in sizes[:1] if p.default is p.empty]  # Linear((n_in, n_out))
        for names in tries:
            self.keywords = names
            try:
                made = self.make(4, 6, "relu", np.random.default_rng(0))
                fans = [4, 6] if self.fold is None else self.fold.sizes([4, 6])
                if discover(made, fans, self.fold) is not None:
                    return names
            except Exception:
                continue
        raise Unbound("the sizes of its weights and bias cannot be chosen")

    def make(self, fan_in: int, fan_out: int, activation: str, rng: np.random.Generator) -> Any:
        fans = (fan_in, fan_out) if len(self.keywords) == 2 else ((fan_in, fan_out),)
        keywords: dict[str, Any] = dict(zip(self.keywords, fans, strict=True))
        if self.activation is not None:
            keywords[self.activation.name] = self.spelled(activation)
        others: dict[str, Any] = {"lr": 0.1, "seed": int(rng.integers(2**31)), "rng": rng}
        for p in parameters_of(self.cls):
            if p.name in keywords or p.default is not p.empty or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                continue
            wanted = role(p.name) or ""
            if wanted not in others:
                raise Unbound(p.name)
            keywords[p.name] = others[wanted]
        return self.cls(**keywords, **strengths(parameters_of(self.cls), keywords))

    def spelled(self, activation: str) -> Any:
        """An activation as the constructor takes it: a name, a function, an object, or None."""
        assert self.activation is not None
        if isinstance(self.activation.default, str) or self.activation.annotation in (str, "str"):
            return self.word(activation)
        functions = [f for name, f in own_functions(self.namespace) if plain(name) == activation]
        if functions:
            return functions[-1]
        classes = [
            cls
            for name, cls in own_classes(self.namespace)
            if is_called("classes", activation, name)
            and not is_called("classes", "other_relu", name)
            and not is_called("classes", "loss", name)
        ]
        if classes:
            return classes[-1] if isinstance(self.activation.default, type) else classes[-1]()
        return None if activation == "linear" and self.activation.default is None else self.word(activation)

    def word(self, activation: str) -> str:
        """The code's word for an activation; for ReLU, if it knows none, that of the file's calls for hidden layers."""
        assert self.activation is not None
        said = [
            parameters_said(self.cls, [call]).get(self.activation.name)
            for call in literal_arguments(self.cls.__name__, self.namespace)
        ]
        methods = [member for member in vars(self.cls).values() if inspect.isfunction(member)]
        functions = [*methods, *(function for _, function in own_functions(self.namespace))]
        read = [self.activation.default, *(word for function in functions for word in words_in(function.__code__))]
        words = [word for word in (*said, *read) if isinstance(word, str)]
        same = next((word for word in words if is_called("choices", activation, word)), "")
        if same or activation != "relu":
            return same or activation
        hidden = (word for word in words if is_called("choices", "activation", word))
        return next((word for word in hidden if not is_called("choices", "softmax", word)), activation)


def is_activation(parameter: inspect.Parameter) -> bool:
    return role(parameter.name) == "activation" or plain(parameter.name) in ("act", "activate", "func", "f", "nonlin")


class Head:
    """Softmax and cross-entropy of a namespace: the loss, and the gradient from which backpropagation starts.

    activated: whether the last layer applies softmax itself.
    """

    def __init__(self, tools: Toolbox, *, activated: bool = False) -> None:
        self.tools, self.activated = tools, activated
        self.started = Started()
        loss = tools.combined or tools.loss
        self.object = None if loss is None else self.made(loss)
        self.softmax = make(tools.softmax, "softmax") if tools.softmax and not activated else None
        self.functions = own_functions(tools.namespace)
        self.passed_on: dict[str, Any] = {}  # the results of the last loss by name, for its backward pass
        self.places: dict[type, Path] = {}  # of the input's gradient in what a backward pass returns, or keeps

    def made(self, loss: Maker) -> Any:
        """A loss object; one that is made with the network, in whose place it gets `started`."""
        holding = {p.name: self.started for p in parameters_of(loss) if is_called("classes", "network", p.name)}
        arguments = bind(loss, Known({"lr": 0.1}, holding))
        made = loss(*arguments.arguments, **arguments.keywords)
        begin(made)
        return made

    def losses(self, operation: str) -> Iterator[Operation]:
        """The methods that compute the loss, if `operation` is the loss."""
        if operation == "loss" and self.object is not None:
            for place in ("loss", "forward"):
                for name, method in ranked(place, methods_of(self.object)):
                    yield f"{type(self.object).__name__}.{name}", method

    def probabilities(self, z: Any) -> Any:
        """The output for logits: their softmax, if the code has a separate one for samples in rows, else the logits."""
        if self.softmax is not None:
            return call(self.softmax, "forward", {"x": z})
        found = [] if self.activated else ranked("softmax", self.functions)
        return found[0][1](z) if found and self.tools.combined is None and not in_columns(found[0][1]) else z

    @cached_property
    def takes_logits(self) -> bool:
        """Whether the loss takes logits although its name does not say so."""
        return self.tools.combined is None and is_of_logits(self.object)

    def given(self, z: Any, p: Any) -> Any:
        """The argument of the loss object: logits or probabilities."""
        return z if self.tools.combined is not None or self.takes_logits else p

    def loss(self, z: Any, p: Any, y: Any) -> Any:
        if self.tools.combined is not None:
            return first_number(self.called(("forward", "loss"), {"x": z, "output": z, "y": y}), samples(None, y))
        if self.object is not None:
            given = self.given(z, p)
            return first_number(
                self.called(("loss", "forward"), {"x": given, "output": given, "y": y}), samples(None, y)
            )
        for _, function in (*ranked("loss", self.functions), *ranked("cross_entropy", self.functions)):
            arguments = bind(function, Known({"output": p, "y": y}, order=("output", "y"), as_role={"x": "output"}))
            return first_number(function(*arguments.arguments, **arguments.keywords), samples(None, y))
        raise Unseen("the code has no loss beside the layers")

    def called(self, operations: str | tuple[str, ...], roles: Mapping[str, Any]) -> Any:
        """The result of the loss object, whose named parts its backward pass may take."""
        self.passed_on = {}
        return call(self.object, operations, roles, passed_on=self.passed_on)

    @property
    def begins(self) -> bool:
        """Whether the code computes the gradient from which a backward pass starts."""
        return self.tools.slope is not None or self.goes_back or self.slope_function is not None

    @property
    def goes_back(self) -> bool:
        """Whether the loss object has a backward pass."""
        return self.object is not None and bool(ranked("backward", methods_of(self.object)))

    @property
    def slope_function(self) -> Callable[..., Any] | None:
        """The function that computes this gradient, if any."""
        return next(
            (
                function
                for name, function in self.functions
                if learnt_of(function).operation == "slope"
                or is_called("methods", "gives_the_gradient_of_the_loss", name)
            ),
            None,
        )

    def gradient(self, z: Any, p: Any, y: Any, fallback: Callable[[], Any]) -> Any:
        """The gradient with respect to the last layer's output, by the code or else by `fallback`.

        z, p: logits and probabilities; the same array, if the last layer gives probabilities.
        """
        if self.tools.slope is not None:
            given = {"output": p, "y": y, "output_gradient": p, "x": p}
            return self.back(make(self.tools.slope, "softmax"), given, shape(p))
        self.started.slope = None
        if self.goes_back:
            slope = self.slope_from(z if self.takes_logits else p, y)
            kept = self.kept_probabilities(z) if z is p else None
            if kept is not None and not sums_to_zero(slope):
                of_kept = self.slope_from(kept, y)
                slope = of_kept if sums_to_zero(of_kept) else slope  # it takes what its own softmax gave
            slope = slope if self.started.slope is None else self.started.slope
            apart = z is not p  # else the network ends in softmax, and goes back through its own
            if apart and self.tools.combined is None and self.softmax is not None and not self.takes_logits:
                return self.back(self.softmax, {"output_gradient": slope, "x": slope, "y": y}, shape(z))
            return slope
        function = self.slope_function
        if function is None:
            return fallback()
        as_output = {"x": "output", "output_gradient": "output"}
        arguments = bind(function, Known({"output": p, "y": y}, order=("output", "y"), as_role=as_output))
        return function(*arguments.arguments, **arguments.keywords)

    def slope_from(self, given: Any, y: Any) -> Any:
        """What the backward pass of the loss object gives for an output."""
        roles = {"output": given, "y": y, "output_gradient": given, "x": given}
        return self.back(self.object, roles, shape(given), keep_default=True, named=self.passed_on)

    def kept_probabilities(self, z: Any) -> Any:
        """The probabilities that an object of softmax and cross-entropy in one keeps; None if it keeps none."""
        if self.tools.combined is None:
            return None
        found = (leaf for _, leaf in leaves(self.object) if shape(leaf) == shape(z))
        return next((leaf for leaf in found if are_probabilities(to_numpy(leaf))), None)

    def back(self, thing: Any, roles: Mapping[str, Any], size: tuple[int, ...], **settings: Any) -> Any:
        """The gradient with respect to the input of an object, from its backward pass.

        size: its shape, by which chainrule finds it among other results, or among what the object keeps.  Raises
        NotOffered if several arrays may be it, or none.
        """
        before = {path: id(leaf) for path, leaf in leaves(thing)}
        result = call(thing, "backward", roles, **settings)
        if is_array(result) or (thing is self.object and self.started.slope is not None):
            return result
        source = thing if result is None else result
        if type(thing) not in self.places:
            old = before if result is None else {}
            every = leaves(source)
            fitting = [path for path, leaf in every if shape(leaf) == size and old.get(path) != id(leaf)]
            if len(fitting) != 1:
                raise NotOffered(f"chainrule does not find the input's gradient in {type(thing).__name__}.backward")
            self.places[type(thing)] = fitting[0]
        return follow(source, self.places[type(thing)])


def sums_to_zero(slope: Any) -> bool:
    """Whether the rows of a gradient add up to 0, as those with respect to logits do, or its columns."""
    found = to_numpy(slope)
    return found.ndim == 2 and any(np.allclose(found.sum(axis=axis), 0, atol=1e-6) for axis in (0, 1))


class NotTheNetwork(NotOffered, AttributeError):
    """A loss uses the network with which it is made for more than to start the backward pass."""


class Started:
    """What a loss gets in place of the network whose backward pass it starts.  slope: the gradient that it passes."""

    def __init__(self) -> None:
        self.slope: Any = None

    def backward(self, slope: Any) -> None:
        self.slope = slope

    def __getattr__(self, name: str) -> Any:
        raise NotTheNetwork(f"the loss uses {name} of the network with which it is made")


def in_columns(function: Callable[..., Any]) -> bool:
    """Whether a softmax is one of columns, or of one vector: those sum to 1, and rows do not."""
    try:
        found = to_numpy(function(np.add.outer(SCORES[0], [1.0, -2.0, 0.5]) ** 2))
    except (Exception, SystemExit):
        return False
    return bool(np.allclose(found.sum(axis=0), 1) and not np.allclose(found.sum(axis=1), 1))


@for_style("loss objects after PyTorch, which take logits", otherwise=False)
def is_of_logits(loss: Any) -> bool:
    """Whether a loss of logits is the cross-entropy of their softmax, apart from a factor."""
    scores = np.array([[2.0, -1.0, 0.5], [-3.0, 1.0, 0.25]])
    exact = np.log(np.exp(scores).sum(axis=1)) - scores[:, 0]
    row, one_hot = (1, 3), np.array([1.0, 0.0, 0.0])
    for size, label in (
        (row, np.array([0])),
        (row, one_hot[None]),
        ((3, 1), one_hot[:, None]),
        ((3,), 0),
        ((3,), one_hot),
    ):
        try:
            given = [z.reshape(size) for z in scores]
            found = [call(loss, ("loss", "forward"), {"x": z, "output": z, "y": label}) for z in given]
            ratios = np.array([float(to_numpy(first_number(one, 1)).reshape(())) for one in found]) / exact
        except (Exception, SystemExit):
            continue
        if np.isfinite(ratios).all() and ratios.all() and np.isclose(*ratios):
            return True
    return False


def divides_by_batch(namespace: Mapping[str, Any]) -> bool:
    """Whether the dense layers of a file divide their own gradients by the batch, and the loss therefore does not."""
    x, dout = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]]), np.array([[1.0, -2.0], [3.0, 5.0], [2.0, 0.5]])
    try:
        dense = Toolbox(namespace).dense
        layer = None if dense is None else dense.make(2, 2, "linear", np.random.default_rng(0))
        call(layer, "forward", {"x": x})
        result = call(layer, "backward", {"output_gradient": dout, "x": dout, "lr": dout})  # `eta` may be either
    except (Exception, SystemExit):
        return False
    every = [to_numpy(leaf) for _, leaf in (*leaves(result), *leaves(layer)) if np.size(leaf) == dout.shape[1]]
    return any(np.allclose(leaf.reshape(-1), dout.mean(axis=0)) for leaf in every)


def loss_head(namespace: Mapping[str, Any]) -> Head | None:
    """The loss object, if the namespace has a class for it."""
    try:
        head = Head(Toolbox(namespace))
    except Exception:
        return None
    return head if head.object is not None else None


def does(cls: type, *operations: str) -> bool:
    """Whether a class, or one of its bases, has a method with the name of one of these operations."""
    names = [name for base in cls.__mro__[:-1] for name in vars(base)]
    return any(rank(operation, name) is not None for operation in operations for name in names)


def chosen_by_name(classes: Sequence[tuple[str, type]], wanted: str, namespace: Mapping[str, Any]) -> Maker | None:
    """A class of activations whose constructor takes a name, or functions, with the arguments for the one wanted."""
    functions = {plain(name): function for name, function in own_functions(namespace)}
    slopes = [function for name, function in functions.items() if wanted in name and name != wanted]
    for _, cls in (item for item in classes if is_called("classes", "activation", item[0])):
        for given in ((wanted,), (WRITTEN[wanted],), (functions.get(wanted), *slopes[:1])):
            with contextlib.suppress(Exception):
                if np.allclose(to_numpy(call(cls(*given), "forward", {"x": SCORES})), ACTIVATED[wanted]):
                    return partial(cls, *given)
    return None


def pick(classes: Sequence[tuple[str, type]], kind: str, but: str = "") -> type | None:
    """The last class whose name is one of a kind and not one of another, as later definitions count."""
    named = [(name, cls) for name, cls in classes if is_called("classes", kind, name)]
    found = [cls for name, cls in named if not (but and is_called("classes", but, name))]
    working = [cls for cls in found if callable_without(cls)]
    return (working or found)[-1] if found else None


def optimizer_of(namespace: Mapping[str, Any]) -> type | None:
    """The class of plain gradient descent, or the one that the author's calls show to update; None without one."""
    classes = own_classes(namespace)
    shown = (cls for _, cls in classes if learnt_of(cls).operation == "optimizer")
    return pick(classes, "optimizer", "other_optimizer") or next(shown, None)


def callable_without(cls: type) -> bool:
    try:
        bind(cls, Known({}))
    except Unbound:
        return False
    return True


def make(cls: Maker | None, what: str) -> Any:
    if cls is None:
        raise Unbound(f"the file has no class of a {what} layer")
    return with_rate(cls, 0.1)


def with_rate(cls: Maker, lr: float) -> Any:
    """An object of a class whose constructor takes nothing else than, perhaps, a learning rate."""
    arguments = bind(cls, Known({"lr": lr}))
    return cls(*arguments.arguments, **arguments.keywords)


def first_number(result: Any, n: int) -> Any:
    """The number in a result; of several, the first that does not count samples as an accuracy does."""
    path = number_in(result, n)
    return result if path is None else follow(result, path)


def call(
    thing: Any,
    operations: str | tuple[str, ...],
    roles: Mapping[str, Any],
    *,
    keep_default: bool = False,
    named: Mapping[str, Any] | None = None,
    passed_on: dict[str, Any] | None = None,
) -> Any:
    """Call the method of an object for an operation; if it returns None, take the result that it keeps.

    keep_default: an output gradient that has a default, such as 1, keeps it.  named: values for parameters of these
    names.  passed_on: takes the parts of the result that have names.
    Raises Unbound if the object does not have such a method.
    """
    operations = (operations,) if isinstance(operations, str) else operations
    methods = methods_of(thing)
    found = [(operation, method) for operation in operations for _, method in ranked(operation, methods)]
    if not found:
        raise Unbound(f"{type(thing).__name__} has no {' or '.join(operations)}")
    operation, method = found[0]
    given = {"train_mode": True, **roles}
    if keep_default and any(is_output_gradient(p) and p.default is not p.empty for p in parameters_of(method)):
        given.pop("output_gradient")
    order = [name for name in ("output_gradient", "x", "y", "params", "lr") if name in given]
    arguments = bind(method, Known(given, named or {}, order=order))
    result = method(*arguments.arguments, **arguments.keywords)
    if passed_on is not None:
        passed_on |= named_values(method, result)
    return kept(thing, operation) if result is None else result


def is_output_gradient(parameter: inspect.Parameter) -> bool:
    return role(parameter.name) == "output_gradient"


def kept(thing: Any, operation: str) -> Any:
    """The result that a method left in its object instead of returning it; a whole number counts something else."""
    names = INPUT_GRADIENTS if operation == "backward" else OUTPUTS
    found = (getattr(thing, name) for name in names if hasattr(thing, name))
    return next((value for value in found if not isinstance(value, int)), None)
