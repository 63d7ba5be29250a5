"""Calls the code's functions for gradients, update steps and training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import cached_property
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.contract.errors import NotOffered, Unseen
from chainrule.host.recognition.adoption import returned_by_name, returned_whole, written
from chainrule.host.recognition.binding import Binding, Known, Thunk, bind, named_values, parameters_of
from chainrule.host.recognition.calling import Calling, compares
from chainrule.host.recognition.forms import Held
from chainrule.host.recognition.gradients import RATES, changed, check_agreement, gradients_alone, per_rate
from chainrule.host.recognition.learnt import VALIDATION_Y, learnt_of
from chainrule.host.recognition.namespaces import methods_of, own_classes, own_functions
from chainrule.host.recognition.order_of_calls import attributes_cleared
from chainrule.host.recognition.plan import NotThisWay, Plan, TrainingArguments
from chainrule.host.recognition.results import history, samples
from chainrule.host.recognition.settings import Setting, settled
from chainrule.host.recognition.sizing import size_values
from chainrule.host.recognition.structures import Attribute, Path, follow, put
from chainrule.host.recognition.surroundings import (
    held_out,
    initialization_stands,
    roles_kept,
    seed_generators,
    seeded,
    set_attributes,
)
from chainrule.host.recognition.updates_beside import Beside
from chainrule.host.recognition.vocabulary import is_called, role
from chainrule.support.arrays import to_numpy

SHAPES_AND_KINDS = (TypeError, ValueError, LookupError, AttributeError)  # what a wrong argument can raise
OUTPUT_GRADIENT = "output_gradient"  # the role of the gradient of the loss with respect to the output


class Learning(Calling):
    """Runs backward passes, updates and trainings, however they pass gradients and parameters.

    summed_fit: whether fit steps by the rate times the summed gradients of a batch.
    one_by_one: whether fit makes an update for every sample.
    numbers_held_out: whether fit reads the numbers of classes as held-out labels, although it takes one-hot ones.
    rate_of_step: the number of the file that is the learning rate of a step, if no argument is.
    across: whether a backward pass takes samples in rows, and forward in columns, or the reverse.
    recovery_rate: the learning rate at which chainrule computes gradients from updates; None if the code returns them.
    """

    summed_fit = False
    one_by_one = False
    numbers_held_out = False
    rate_of_step: Setting | None = None
    across = False
    recovery_rate: float | None = None

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """{role: the number in the training that has it}, for roles that no argument has."""
        return {}

    def run_backward(self, plan: Plan, model: Held, x: Any, y: Any) -> Any:
        if plan.how == "update":
            return self.recovered(plan, model, x, y)
        self.before_backward(self.function(plan, model), model, x, y)
        clearing = self.clearing(model)
        if clearing is not None:
            clearing()
        elif plan.how == "attributes" and self.cleared_elsewhere(model, plan):
            self.clear(model, plan.paths)
        result = self.call_backward(plan, model, x, y, 1.0)
        source = result if plan.how == "returned" else model.value
        weights, biases = ([to_numpy(follow(source, path)) for path in group] for group in plan.paths)
        weights = [gradient.T for gradient in weights] if plan.turned else weights
        return self.slots(model).parts(weights, biases)

    def before_backward(self, function: Callable[..., Any], model: Held, x: Any, y: Any = None) -> None:
        """Run the forward pass on whose results a backward pass relies.

        A method that takes inputs and labels may run it itself.  Where one pass takes samples in rows and the other in
        columns, each gets what it takes.
        """
        try:
            self.before(model, x.T if self.across else x, y)
        except Exception:
            taken = {role(parameter.name) for parameter in parameters_of(function)}
            if not (self.reaches(function, model) and {"x", "y"} <= taken):
                raise

    def clear(self, model: Held, groups: Sequence[Sequence[Path]]) -> None:
        """Set the arrays at these places in a network to zero."""
        for path in (path for group in groups for path in group):
            with suppress(AttributeError, LookupError):  # before its first backward pass a network may have none
                model.value = put(model.value, path, np.zeros_like(to_numpy(follow(model.value, path))))

    def clearing(self, model: Held) -> Callable[[], Any] | None:
        """The network's method that sets gradients to zero, if the author calls it and not only in backward passes."""
        others = (cls for _, cls in own_classes(self.namespace) if not isinstance(model.value, cls))
        beside = [item for cls in others for item in vars(cls).items()]  # such as an update that begins with it
        users = [
            *own_functions(self.namespace),
            *(item for cls in type(model.value).__mro__[:-1] for item in vars(cls).items()),
        ]
        users = [*beside, *(item for item in users if not self.means("backward", *item))]
        names = {
            read
            for name, function in users
            if not clears(name, function)
            for read in getattr(getattr(function, "__code__", None), "co_names", ())
        }
        for name, method in methods_of(model.value):
            if clears(name, method) and (name in names or learnt_of(method).operation == "clear"):
                return method if not parameters_of(method) else None
        return None

    def cleared_elsewhere(self, model: Held, plan: Plan) -> bool:
        """Whether gradients add up until an optimizer, or a method such as an update, clears them."""
        classes = [cls for _, cls in own_classes(self.namespace)]
        clearing = [cls for cls in classes if any(clears(name, member) for name, member in vars(cls).items())]
        if clearing and not isinstance(model.value, tuple(clearing)):
            return True
        names = {step.name for group in plan.paths for path in group for step in path if isinstance(step, Attribute)}
        methods = [item for cls in classes for item in vars(cls).items() if isinstance(item[1], FunctionType)]
        return any(
            attributes_cleared(function.__code__) & names
            and name not in ("__init__", plan.name)
            and not clears(name, function)
            for name, function in (*methods, *own_functions(self.namespace))
        )

    def call_backward(
        self, plan: Plan, model: Held, x: Any, y: Any, rate: float, function: Callable[..., Any] | None = None
    ) -> Any:
        """Call the function that computes gradients, or updates at this rate.  Returns its result."""
        function = function or self.function(plan, model)
        set_attributes(model.value, {"lr": rate})
        known = self.known_backward(plan, model, x, y, rate, function)
        if starts_with_one(function):  # backward(dout=1): it starts from the loss itself
            known = without_output_gradient(known)
        arguments = bind(function, known)
        if not {"y", "output_gradient"} & set(arguments.taken.values()):
            if not self.means("backward", plan.name, function):
                raise NotThisWay("it takes no labels")
            forward = self.plan("forward", model, x)
            if not compares(self.function(forward, model)):
                self.loss(model, x, y)  # it starts from the loss computed last
        once = TrainingArguments(x, y, epochs=1, batch_size=samples(x, y), lr=rate, seed=0)
        with initialization_stands(self.form, model), self.settled(once):
            return run_with(function, arguments)

    def known_backward(
        self, plan: Plan, model: Held, x: Any, y: Any, rate: float, function: Callable[..., Any]
    ) -> Known:
        """The values for a backward pass, or for a training that runs its own forward pass."""
        n = samples(x, y)
        gradient = Thunk(lambda: self.output_gradient(model, x, y, function))
        known = self.known(model, x=x, y=y, lr=rate, epochs=1, batch_size=n, output_gradient=gradient, seed=0)
        if not self.means("fit", plan.name, function) or self.means("backward", plan.name, function):
            if self.means("step", plan.name, function) and not self.means("backward", plan.name, function):
                return without_output_gradient(known)  # update(grads): its gradients are those of the parameters
            # Before a backward pass there are no gradients but that of the output: backward(delta).
            if takes_one_unknown(function):  # it is not the number of inputs, as in backward(d)
                sizes = size_values(model.sizes)
                roles = {name: value for name, value in known.roles.items() if name not in sizes}
                known = replace(known, roles=roles, order=(OUTPUT_GRADIENT, *known.order))
            return replace(known, as_role={**known.as_role, "grads": OUTPUT_GRADIENT})
        set_attributes(model.value, {"epochs": 1, "batch_size": n})
        given = {name: value for name, value in known.roles.items() if name not in ("output", "cache")}
        return Known(given, self.form.named(model), known.order, layers=known.layers)

    def recovered(self, plan: Plan, model: Held, x: Any, y: Any) -> Any:
        """Compute gradients from the change of the parameters in one update, at two rates.

        Raises Contradiction if the two rates do not give the same gradients.
        """
        before = self.slots(model).read(model.value)
        found = self.updates(plan, model, x, y)
        check_agreement(plan.name, found[0][0], found[1][0], before[0])
        return tuple(found[0])

    def updates(self, plan: Plan, model: Held, x: Any, y: Any) -> list[list[list[np.ndarray]]]:
        """The change of the parameters in one update, divided by the rate, for each of two rates."""
        slots = self.slots(model)
        before, live = slots.read(model.value), slots.live(model.value)
        found = []
        for rate in RATES:
            function = self.function(plan, model)
            self.before_backward(function, model, x, y)
            result = self.call_backward(plan, model, x, y, rate, function)
            after = self.returned_parameters(model, result, function) or slots.read(model.value)
            found.append(per_rate(before, after, rate))
            model.value = slots.write(slots.shaped_as(model.value, live), *before)
        return found

    # Steps

    def run_step(
        self, plan: Plan, model: Held, grads: Any, lr: float, function: Callable[..., Any] | None = None
    ) -> None:
        """Make an update with these gradients in place of those of a backward pass."""
        backward = self.plans["backward", len(model.sizes)]
        assert isinstance(backward, Plan)
        function = function or self.function(plan, model)
        x, y = self.dummy(model)
        producer = self.function(backward, model)
        self.before_backward(producer, model, x)
        set_attributes(model.value, {"lr": lr})
        result = self.call_backward(backward, model, x, y, lr)
        attributes = getattr(model.value, "__dict__", {}).values()
        kept = any(value is result for value in attributes)  # where an update may read it
        source = model.value if backward.how != "returned" else result if kept else copy.deepcopy(result)
        paths = (path for group in backward.paths for path in group)
        scale = lr if plan.how == "scaled" else 1.0
        for path, gradient in zip(paths, self.slots(model).whole(grads[0], grads[1], one=0.0), strict=True):
            turned = backward.turned and path in backward.paths[0]
            try:
                source = put(source, path, scale * (np.asarray(gradient).T if turned else np.asarray(gradient)))
            except ValueError:  # gradients of other shapes than the parameters, which the specs of gradients report
                raise NotOffered(f"{backward.name}'s gradients cannot be replaced by a step's") from None
        named = self.named(model)
        roles: dict[str, Any] = {"lr": lr, "samples": samples(x, y), "params": self.params(model)}
        if backward.how == "returned":
            named = named | named_values(producer, source)
            roles["grads"] = gradients_alone(source, backward.paths)
        order = ("grads", "lr") if self.form.handed(model) is None else ("params", "grads", "lr")
        arguments = bind(function, Known(roles, named, order, layers=len(model.sizes) - 1))
        fixed = {} if self.rate_of_step is None else {self.rate_of_step: lr}
        rated = fixed or "lr" in {*arguments.taken.values(), *roles_kept(model.value)}
        if not rated and plan.how != "scaled":
            raise NotThisWay("it takes no learning rate")
        with settled(fixed):
            result = function(*arguments.arguments, **arguments.keywords)
        self.adopt(model, result, function)

    def dummy(self, model: Held) -> tuple[Any, Any]:
        """A batch for which backward works: the one on which it was tried."""
        assert self.batch is not None
        return self.batch(model.sizes)

    # Parameters that are returned

    def adopt(self, model: Held, result: Any, function: Callable[..., Any]) -> bool:
        """Assign parameters that a function returned instead of changing them in place.  Returns whether it did."""
        handed = self.form.handed(model)
        if handed is None or result is None:
            return False
        slots = self.slots(model)
        whole = returned_whole(result, handed, slots)
        if whole is not None:
            model.value = whole[0]
            return True
        named = returned_by_name(function, result, self.form.named(model), slots)
        if named is not None:
            model.value = written(handed, slots, named)
        return named is not None

    def adopt_in_place(self, model: Held, given: Binding) -> bool:
        """Assign the copy of the parameters that a training took and changed in place.  Returns whether it took one."""
        handed = self.form.handed(model)
        for value in (*given.arguments, *given.keywords.values()) if handed is not None else ():
            if type(value) is type(handed) and value is not handed and returned_whole(value, handed, self.slots(model)):
                model.value = value
                return True
        return False

    def adopt_initial(self, model: Held, before: Any, given: Any) -> None:
        """Assign what an initialization gave to a training, if this changed it in place."""
        if given is not None and changed(self.slots(model).read(before), self.slots(model).read(given)):
            model.value = given

    def returned_parameters(self, model: Held, result: Any, function: Callable[..., Any]) -> Any:
        """The (weights, biases) that a function returned; None if it did not return parameters."""
        handed = self.form.handed(model)
        if handed is None or result is None:
            return None
        slots = self.slots(model)
        whole = returned_whole(result, handed, slots)
        if whole is not None:
            return whole[1]
        return returned_by_name(function, result, self.form.named(model), slots)

    # Training

    def run_fit(
        self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any] | None = None
    ) -> list[float] | None:
        """Train.  Returns the loss of every epoch, if the code does.  Raises Unseen for batches that the code cannot
        use.
        """
        if plan.how == "single" and training.batch_size > 1 and training.samples > 1:
            raise Unseen(f"{plan.name} makes an update for every sample and does not use batches")
        if plan.how in ("whole", "update") and training.batch_size < training.samples:
            raise Unseen(f"{plan.name} takes no batch size: every epoch is one step along the gradient of all samples")
        function = function or self.function(plan, model)
        if plan.how == "update":
            for _ in range(training.epochs):
                self.before_backward(function, model, training.x, training.y)
                result = self.call_backward(plan, model, training.x, training.y, training.lr, function)
                self.adopt(model, result, function)
            return None
        return self.train(plan, model, training, function)

    def train(
        self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any]
    ) -> list[float] | None:
        if training.y is not None:
            self.tell_samples(model, training.x)
        arguments = self.fit_arguments(model, training, function)
        kept = {"lr": training.lr, "epochs": training.epochs}
        for holder in (model.value, *trainer_of(function, model)):
            set_attributes(holder, kept | {"batch_size": training.batch_size, "seed": training.seed})
            seed_generators(holder, training.seed)
        with seeded(training.seed), self.settled(training):
            for _ in range(training.epochs if plan.repeated else 1):
                if plan.repeated:
                    arguments = self.fit_arguments(model, training, function)
                held = held_out(function, training.x, training.y, numbers=self.numbers_held_out)
                with initialization_stands(self.form, model) as given, held:
                    before = copy.deepcopy(given)
                    result = function(*arguments.arguments, **arguments.keywords)
                if not (self.adopt(model, result, function) or self.adopt_in_place(model, arguments)):
                    self.adopt_initial(model, before, given)
        return None if plan.repeated else history(result, training.epochs, named_values(function, result))

    def settled(self, training: TrainingArguments) -> AbstractContextManager[None]:
        """Set the numbers that a training contains to those of its arguments."""
        return settled({setting: getattr(training, role) for role, setting in self.settings.items()})

    def fit_arguments(self, model: Held, training: TrainingArguments, function: Callable[..., Any]) -> Binding:
        roles: dict[str, Any] = {} if training.y is None else {"y": training.y}
        roles |= size_values(model.sizes)
        roles |= {
            "x": training.x,
            "sizes": list(model.sizes),
            "following": list(model.sizes[1:]),
            "epochs": training.epochs,
            "batch_size": training.batch_size,
            "lr": training.lr,
            "seed": training.seed,
            "rng": np.random.default_rng(training.seed),
        }
        if self.held_out is not None:
            roles[VALIDATION_Y] = self.held_out
        beside = Beside(self.form, model, self.namespace)
        if beside.optimizer is not None:
            roles["optimizer"] = Thunk(lambda: beside.make(training.lr))
        handed = self.form.handed(model)
        roles["params"] = model.value if handed is None else copy.deepcopy(handed)
        order, layers = ("x", "y", "epochs", "lr"), len(model.sizes) - 1
        return bind(function, Known(roles, self.form.named(model), order, layers=layers))


def trainer_of(function: Callable[..., Any], model: Held) -> list[Any]:
    """The object beside the network whose method a training is; an empty list for others."""
    owner = getattr(function, "__self__", None)
    return [] if owner is None or owner is model.value else [owner]


def without_output_gradient(known: Known) -> Known:
    return replace(known, roles={name: value for name, value in known.roles.items() if name != OUTPUT_GRADIENT})


def run_with(function: Callable[..., Any], arguments: Binding) -> Any:
    """The result of a function.  An exception that may be due to guessed arguments gets an attribute `guessed`."""
    try:
        return function(*arguments.arguments, **arguments.keywords)
    except SHAPES_AND_KINDS as error:
        vars(error)["guessed"] = arguments.guessed
        raise


def takes_one_unknown(function: Callable[..., Any]) -> bool:
    """Whether a function takes a single argument, of which neither its name nor the author's calls say what it is."""
    taken = [p for p in parameters_of(function) if p.kind == p.POSITIONAL_OR_KEYWORD]
    return len(taken) == 1 and role(taken[0].name) is None and taken[0].name not in learnt_of(function).roles


def starts_with_one(function: Callable[..., Any]) -> bool:
    """Whether a backward pass takes the gradient of the loss with respect to itself, 1 if nothing else is said."""
    given = [parameter for parameter in parameters_of(function) if role(parameter.name) == OUTPUT_GRADIENT]
    return len(given) == 1 and given[0].default in (1, 1.0)


def clears(name: str, method: Any) -> bool:
    """Whether a method sets gradients to zero."""
    return is_called("methods", "clears_gradients", name) or learnt_of(method).operation == "clear"
