"""Calls the code's functions: their arguments, and the forward pass on whose results other calls rely."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered
from chainrule.host.recognition.binding import Known, Thunk, Unbound, bind, named_values
from chainrule.host.recognition.forms import Form, Held
from chainrule.host.recognition.function_forms import GlobalForm
from chainrule.host.recognition.learnt import KEPT, Start, learnt_of
from chainrule.host.recognition.namespaces import Operation, fits
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.results import are_probabilities, samples
from chainrule.host.recognition.sizing import size_values
from chainrule.host.recognition.slots import Slots
from chainrule.host.recognition.structures import follow, shape
from chainrule.host.recognition.surroundings import owners, set_attributes, told_samples
from chainrule.host.recognition.through_losses import some_labels, through_losses
from chainrule.host.recognition.updates_beside import updates_beside
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.support.arrays import of_kind, to_numpy

EVERY = {"x": 0, "y": 0, "output": 0, "params": 0, "cache": 0, "lr": 0}  # roles that any function may take


class Calling(NativeStyle):
    """The functions of a namespace, and a network of some form, in the code's own conventions.

    arrays: the library whose arrays the code takes, dtype: their type.
    samples: the layout of a batch that goes into the network; class_axis: of the classes in what comes out of it.
    between: what the code applies to the output before it goes into the loss: `softmax`, `log_softmax` or nothing.
    only: {operation: the one function that may be it}.
    batch: returns inputs and labels for a network of given layer sizes.
    methods, plain: {(class, name of a plan): the method, or the function}, of those that were looked for before.
    begun: whether a backward pass started from (p - y) / N of chainrule's making.
    summed_start: whether it is to start from p - y.
    held_out: the labels that a training gets as those of validation data; None for those of the training data.
    """

    form: Form

    def __init__(
        self,
        target: Any,
        namespace: Mapping[str, Any],
        form: Form,
        names: Mapping[str, str] | None = None,
        tried: tuple[str, ...] = (),
        counts: Sequence[str] = (),
    ) -> None:
        super().__init__(target, namespace, names, tried, counts)
        self.form = form
        self.only: dict[str, str | None] = {}
        self.batch: Callable[[Sequence[int]], tuple[Any, Any]] | None = None
        self.methods: dict[tuple[type, str], FunctionType] = {}
        self.plain: dict[tuple[type, str], FunctionType] = {}
        self.arrays = "numpy"
        self.dtype: Any = None
        self.samples, self.class_axis, self.between = "rows", 1, ""
        self.begun = self.summed_start = False
        self.held_out: Any = None

    def plan(self, operation: str, model: Held, *arguments: Any) -> Plan:
        """How to call `operation` for networks of this depth, found on first use.  Raises NotOffered."""
        raise NotImplementedError

    def slots(self, model: Held) -> Slots:
        """The places of a network's parameters."""
        found = self.form.slots(len(model.sizes) - 1)
        assert found is not None
        return found

    def restore(self, model: Held, parameters: Any) -> None:
        model.value = self.slots(model).write(model.value, *parameters)

    def params(self, model: Held) -> Any:
        """All parameters as functions take them in one argument; for an object, the object itself."""
        handed = self.form.handed(model)
        return model.value if handed is None else handed

    def function(self, plan: Plan, model: Held) -> Callable[..., Any]:
        """The function of a plan.  It is looked for once in each class: there may be many, and many calls."""
        key, own_values = (type(model.value), plan.name), getattr(model.value, "__dict__", {})
        known = self.methods.get(key)
        if known is not None and known.__name__ not in own_values:
            return MethodType(known, model.value)
        plain = self.plain.get(key)
        if plain is not None and plain == self.namespace.get(plan.name) and plan.name not in own_values:
            return plain
        beside = updates_beside(self.form, model, self.namespace) if plan.operation == "step" else ()
        for name, function in chain(methods_and_functions(self.form, model), beside):
            if name == plan.name:
                own = hasattr(model.value, "__dict__") and getattr(function, "__self__", None) is model.value
                method = getattr(function, "__func__", None)
                if own and isinstance(method, FunctionType):
                    self.methods[key] = method
                lone = self.namespace.get(name) is function and not isinstance(self.form, GlobalForm)
                if lone and isinstance(
                    function, FunctionType
                ):  # the other form sets the globals of a network meanwhile
                    self.plain[key] = function
                return function
        raise NotOffered(f"{plan.name} is missing")

    # What functions can be given

    def known(self, model: Held, *, as_output: bool = False, passing: bool = False, **roles: Any) -> Known:
        """The values for functions: the operation's arguments, the parameters, and results of the forward pass.

        passing: whether it is the forward pass.  as_output: whether x means the network's output, as in a loss that
        does not reach the parameters.
        """
        roles = {name: value for name, value in roles.items() if value is not None}
        found = dict(roles)
        if "x" in roles and not passing:
            found.setdefault("output", Thunk(lambda: self.output(model, roles["x"])))
            found["probabilities"] = Thunk(lambda: self.as_probabilities(model, roles["x"]))
            found["logits"] = Thunk(lambda: self.as_logits(model, roles["x"]))
        found["params"] = self.params(model)
        if model.forwarded is not None:
            found.setdefault("cache", remainder(model))
        if "y" in roles:
            found.setdefault("samples", samples(roles.get("x"), roles["y"]))
        found |= size_values(model.sizes)
        order: list[str] = [name for name in ("x", "y") if name in roles]
        if as_output:
            found.pop("x", None)
            if "samples" in found:  # a loss of outputs sees one batch, whose size some call so
                found.setdefault("batch_size", found["samples"])
            order = ["output", *[name for name in order if name != "x"]]
        passed_on = {} if passing else model.named  # a forward pass has no memory
        named, as_role = self.named(model) | passed_on, {"x": "output"} if as_output else {}
        return Known(found, named, order, as_role, len(model.sizes) - 1)

    def named(self, model: Held) -> dict[str, Any]:
        """The parameters, and what the network's object keeps, by the names under which functions take them."""
        kept = getattr(model.value, "__dict__", {})
        return {KEPT + name: value for name, value in kept.items()} | self.form.named(model)

    def means(self, operation: str, name: str, function: Callable[..., Any]) -> bool:
        """Whether a declaration, the author's calls, or its name say that a function computes an operation."""
        return self.names.get(operation) == name or fits(operation, name, function)

    def reaches(self, function: Callable[..., Any], model: Held) -> bool:
        """Whether a function reaches the parameters, as a method that reads its object, or by its arguments."""
        own = getattr(function, "__self__", None) is model.value and reads_its_object(function)
        if own or isinstance(self.form, GlobalForm):
            return True
        names = self.form.named(model)
        try:
            taken = bind(function, Known(EVERY, self.named(model), ("x", "y"))).taken
        except Unbound:
            return False
        return "params" in taken.values() or bool(names.keys() & {*taken, *taken.values()})

    def tell_samples(self, model: Held, x: Any) -> None:
        """Set the globals that the code reads as the number of samples."""
        n = samples_in(x, model.sizes[0])
        for name in self.counts:
            self.namespace[name] = n  # type: ignore[index]
        set_attributes(model.value, {"samples": n}, told_samples(self.form))

    # The forward pass

    def before(self, model: Held, x: Any, y: Any = None) -> None:
        """Run the forward pass, on whose results other calls rely.  y: for one that takes labels, too."""
        self.tell_samples(model, x)
        plan = self.plan("forward", model, x)
        if plan.how != "losses":  # of which nothing keeps anything for other calls
            self.run_forward(plan, model, x, y)

    def passing(self, function: Callable[..., Any], model: Held, x: Any, y: Any = None) -> Known:
        """The values for a forward pass, with labels if it takes some besides, for its backward pass."""
        if not compares(function):
            return self.known(model, passing=True, x=x)
        n, k = np.size(x) // model.sizes[0], model.sizes[-1]
        labels = some_labels(learnt_of(function).labels, n, k) if y is None else y
        return self.known(model, passing=True, x=x, y=labels)

    def before_loss(self, function: Callable[..., Any], model: Held, x: Any) -> None:
        """Run the forward pass before a loss, unless a method runs it itself.

        A method that takes a batch, although forward takes one sample, runs the forward pass itself.
        """
        try:
            self.before(model, x)
        except Exception:
            if not self.reaches(function, model):
                raise

    def run_forward(self, plan: Plan, model: Held, x: Any, y: Any = None) -> Any:
        self.tell_samples(model, x)
        function = self.function(plan, model)
        if plan.how in ("losses", "kept"):
            return self.shown_by_losses(plan, function, model, x)
        arguments = bind(function, self.passing(function, model, x, y))
        model.forwarded = function(*arguments.arguments, **arguments.keywords)
        passed_on = named_values(function, model.forwarded)
        model.named = {name: value for name, value in passed_on.items() if role(name) not in ("x", "y")}
        model.output = follow(model.value if plan.inside else model.forwarded, plan.path)
        return model.output

    def shown_by_losses(self, plan: Plan, function: Callable[..., Any], model: Held, x: Any) -> Any:
        """The output for x by losses, or as the network keeps it when it computes one."""
        inputs, classes = model.sizes[0], model.sizes[-1]
        loss = partial(self.loss_with, function, model)
        if plan.how == "losses":
            model.output = through_losses(loss, plan.form, to_numpy(x), inputs, classes)
        else:
            loss(x, some_labels(plan.form, np.size(x) // inputs, classes))
            model.output = follow(model.value, plan.path)
        return model.output

    def call(self, plan: Plan, model: Held, function: Callable[..., Any] | None = None, **roles: Any) -> Any:
        """Call the function of a plan with the arguments of its operation.

        A function that does not reach the parameters takes the network's output, or all that a forward pass returns.
        """
        function = function or self.function(plan, model)
        if plan.how == "whole":
            roles["output"] = Thunk(lambda: self.returned(model, roles["x"]))
        arguments = bind(function, self.known(model, **roles, as_output=not self.reaches(function, model)))
        return follow(function(*arguments.arguments, **arguments.keywords), plan.path)

    def loss_with(self, function: Callable[..., Any], model: Held, x: Any, y: Any) -> float:
        """The loss of samples with labels."""
        self.tell_samples(model, x)
        arguments = bind(function, self.known(model, passing=True, x=x, y=y))
        result = function(*arguments.arguments, **arguments.keywords)
        return float(to_numpy(result[0] if isinstance(result, (tuple, list)) else result).reshape(()))

    def output(self, model: Held, x: Any) -> Any:
        """What functions take for the network's output."""
        self.run_forward(self.plan("forward", model, x), model, x)
        if not self.between:
            return model.output
        p = self.probabilities(model)
        return of_kind(np.log(p) if self.between == "log_softmax" else p, self.arrays, self.dtype)

    def as_probabilities(self, model: Held, x: Any) -> Any:
        """What functions take for the network's output if their names for it say that it is probabilities."""
        output = self.output(model, x)
        if self.between or are_probabilities(to_numpy(output)):
            return output
        return of_kind(self.probabilities(model), self.arrays, self.dtype)

    def as_logits(self, model: Held, x: Any) -> Any:
        """Logits of which the softmax is the network's output, for a loss that gets those of the network."""
        output = self.output(model, x)
        if not are_probabilities(to_numpy(output)):
            return output
        with np.errstate(divide="ignore"):
            return of_kind(np.log(self.probabilities(model)), self.arrays, self.dtype)

    def returned(self, model: Held, x: Any) -> Any:
        """The whole result of the forward pass."""
        self.run_forward(self.plan("forward", model, x), model, x)
        return model.forwarded

    def probabilities(self, model: Held) -> np.ndarray:
        """The last output as probabilities: the softmax of logits, if softmax and loss are outside the network."""
        output = to_numpy(model.output)
        if are_probabilities(output):
            return output
        axis = self.axis_of_classes(output, model.sizes[-1])
        e = np.exp(output - output.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)

    def axis_of_classes(self, output: np.ndarray, classes: int) -> int:
        """The axis of the classes in an output, by the network's layout, or by the shape for one sample."""
        if output.ndim < 2 or output.shape == (classes, 1):
            return 0
        return 1 if output.shape == (1, classes) else self.class_axis

    def output_gradient(self, model: Held, x: Any, y: Any, function: Any = None) -> Any:
        """The gradient from which a backward pass starts: the author's, that of the loss object, else (p - y) / N.

        function: the backward pass.
        """
        shown = learnt_of(function).start
        beside = self.form.head.object if self.form.head is not None and shown is not None and shown.sure else None
        slope = None if shown is None else found_start(shown, model.value, beside)
        if shown is not None and callable(slope):
            values = {"y": y, "output": self.output(model, x)}
            return slope(**{name: values[v] if isinstance(v, str) else v[0] for name, v in shown.arguments.items()})
        head = self.form.head
        if head is not None and head.object is not None and not self.form.holds_head:
            p = of_kind(self.probabilities(model), self.arrays, self.dtype)
            head.loss(model.output, p, y)
            z = p if are_probabilities(to_numpy(model.output)) else model.output
            return head.gradient(z, p, y, lambda: self.mean_surplus(model, x, y))
        beside = self.gradient_beside_loss(model, x, y)
        return self.mean_surplus(model, x, y) if beside is None else beside

    def gradient_beside_loss(self, model: Held, x: Any, y: Any) -> Any:
        """The gradient that a loss returns beside its number, if the author's backward pass starts from it."""
        for _, function in self.form.functions("loss", model):
            if learnt_of(function).slope and not self.reaches(function, model):
                arguments = bind(function, self.known(model, x=x, y=y, as_output=True))
                result = function(*arguments.arguments, **arguments.keywords)
                parts = [part for part in result if shape(part) == shape(model.output)]
                return next((part for part in parts if not are_probabilities(to_numpy(part))), None)
        return None

    def mean_surplus(self, model: Held, x: Any, y: Any) -> Any:
        """(p - y) / N, or p - y for a backward pass of a summed loss."""
        head = self.form.head
        self.begun = self.begun or head is None or not (self.form.holds_head and head.begins)
        p, one_hot, k = self.probabilities(model), to_numpy(y), model.sizes[-1]
        if one_hot.ndim == 1 and p.ndim == 2:
            one_hot = np.eye(k)[one_hot.astype(int)].reshape(-1, k)
        elif self.samples == "columns":
            one_hot = one_hot.T
        if p.ndim == 2 and self.axis_of_classes(p, k) == 0:
            one_hot = one_hot.T
        n = 1 if self.summed_start else samples(x, y)
        return of_kind((p - one_hot.reshape(p.shape)) / n, self.arrays, self.dtype)


def compares(function: Callable[..., Any]) -> bool:
    """Whether a method called like a forward pass takes labels besides, and keeps what is wrong with its output."""
    learnt = learnt_of(function)
    name = str(getattr(function, "__name__", ""))
    return {"x", "y"} <= set(learnt.roles.values()) and not learnt.operation and rank("forward", name) is not None


def found_start(shown: Start, network: Any, beside: Any) -> Any:
    """The function of a slope, or its method on the network, its parts or its loss; None if absent."""
    if not shown.owner:
        return shown.function
    every = (*owners(network), beside)
    holders = (owner for owner in every if shown.owner in {cls.__name__ for cls in type(owner).__mro__})
    return next((getattr(holder, shown.function, None) for holder in holders), None)


def methods_and_functions(form: Form, model: Held) -> Iterator[Operation]:
    """All methods and functions of a form, methods first."""
    for operation in ("forward", "predict", "loss", "backward", "step", "fit"):
        yield from form.functions(operation, model)
    yield from form.everything(model)


def remainder(model: Held) -> Any:
    """The cache: the forward pass's result without its output, or the whole result if it is only the output."""
    result = model.forwarded
    if isinstance(result, tuple) and len(result) == 2:
        others = [item for item in result if item is not model.output]
        return others[0] if len(others) == 1 else result
    return result


def samples_in(x: Any, inputs: int) -> int:
    """The number of samples in a batch, whose other axis has the length `inputs`."""
    size = shape(x)
    if len(size) < 2:
        return 1
    return size[1] if size[0] == inputs and size[1] != inputs else size[0]


def reads_its_object(method: Callable[..., Any]) -> bool:
    """Whether a method reads the object that it belongs to; true if its code is not known."""
    code = getattr(method, "__code__", None)
    return code is None or not code.co_varnames or reads_its_first(code)


@lru_cache(maxsize=1024)
def reads_its_first(code: CodeType) -> bool:
    """Whether a function's code reads its first parameter."""
    first = code.co_varnames[0]
    values = (one.argval for one in dis.get_instructions(code) if one.opname.startswith(("LOAD", "STORE")))
    read = {name for value in values for name in (value if isinstance(value, tuple) else (value,))}
    return first in read or first in code.co_cellvars
