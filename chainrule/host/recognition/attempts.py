"""Finds the function of each operation by trying candidates on a network whose sizes all differ."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import is_dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from chainrule.contract.errors import Missing, NotOffered, Unseen
from chainrule.host.recognition.binding import (
    SCRATCH,
    Unbound,
    bind,
    doubtful,
    named_values,
    parameters_of,
    signature,
    takes_labels,
)
from chainrule.host.recognition.calling import methods_and_functions
from chainrule.host.recognition.forms import Held
from chainrule.host.recognition.gradients import (
    RATES,
    changed,
    changed_throughout,
    gradient_paths,
    lie_transposed,
)
from chainrule.host.recognition.learning import SHAPES_AND_KINDS, Learning, run_with, trainer_of
from chainrule.host.recognition.learnt import learn, learnt_of
from chainrule.host.recognition.library import library_of
from chainrule.host.recognition.namespaces import Operation, fits, methods_of, own_classes
from chainrule.host.recognition.order_of_calls import set_earlier
from chainrule.host.recognition.plan import NotThisWay, Plan, TrainingArguments
from chainrule.host.recognition.results import (
    counts,
    describe_result,
    is_integral,
    likeliest_output,
    number_in,
    output_shapes,
    relative,
    samples,
)
from chainrule.host.recognition.settings import (
    GLOBAL,
    draws_with_replacement,
    ends_by_itself,
    names_reached,
    settings_of,
)
from chainrule.host.recognition.structures import Path, follow, leaves, shape
from chainrule.host.recognition.surroundings import labels_held_out, leave_inputs, normalizes, numbers_kept
from chainrule.host.recognition.through_losses import (
    BY_LOSSES,
    EXACT,
    GUARD,
    form_of_labels,
    some_labels,
    through_losses,
)
from chainrule.host.recognition.trainers import trainings_of_any_kind
from chainrule.host.recognition.updates_beside import updates_beside
from chainrule.host.recognition.vocabulary import is_called, plain, rank, role
from chainrule.host.source.stand_ins import lacking
from chainrule.support.arrays import is_array, to_numpy
from chainrule.support.source_positions import came_of

SMALL_RATE = 2.0**-10  # at which the gradients of a few updates are nearly those of the first
TRACES = {*"open save savez savetxt dump write remove unlink plot scatter show savefig imshow input system".split()}
SHOWN = 4  # how many candidates a message lists
WIDER = {  # {operation: other operations under whose names its function may be found}
    "forward": ("forward", "predict", "loss"),
    "loss": ("loss", "backward"),
    "backward": ("backward", "loss", "step", "fit"),
    "fit": ("fit", "step"),
}
FIXED_SIZES = {10, 784}  # classes and inputs on which code for digits may insist; chainrule's networks have others
OPERATIONS_OF_A_NETWORK = ("init", "forward", "loss", "backward", "step", "fit")
DOES = {
    "loss": "loss",
    "step": "separate update step",
    "fit": "training",
    "predict": "prediction of labels",
}


def calls_it_loss(function: Callable[..., Any], result: Any, path: Path) -> bool:
    """Whether a function calls the part of its result at this path the loss, or the cost."""
    number = follow(result, path)
    names = [plain(name) for name, value in named_values(function, result).items() if value is number]
    return any("loss" in name or "cost" in name for name in names)


def takes_rate(function: Callable[..., Any]) -> bool:
    """Whether a function takes a learning rate, as an update does, and no loss."""
    return any(role(parameter.name) == "lr" for parameter in parameters_of(function))


def moved_by(before: Any, after: Any, grads: Any, lr: float) -> bool:
    """Whether parameters are now what a step of gradient descent makes of them."""
    groups = zip(before, after, grads, strict=True)
    return all(
        np.allclose(new, old - lr * np.reshape(gradient, np.shape(old)))
        for group in groups
        for old, new, gradient in zip(*group, strict=True)
    )


def insists_on_a_size(error: Exception | SystemExit, function: Callable[..., Any]) -> bool:
    """Whether shapes do not fit as the code insists on a size, such as ten classes."""
    shapes = {int(number) for number in re.findall(r"\d+", str(error))} if isinstance(error, ValueError) else set()
    owner = getattr(function, "__self__", None)
    return any(setting.value in shapes & FIXED_SIZES for setting in settings_of(function, owner, {}))


class Failures:
    """Why each candidate for an operation was rejected.

    tried: a sentence for each candidate whose name fits.  unseen: the first one that cannot be called from outside.
    raised: the exception of the first one of the right name, called with all its arguments.
    left: a sentence on the first update that takes something unknown.
    whole: whether an object contains the parameters.  fitted: whether the name of a candidate fits the operation.
    """

    fitted = False

    def __init__(self, operation: str, *, whole: bool = False) -> None:
        self.operation, self.whole = operation, whole
        self.tried: list[str] = []
        self.unseen: Unseen | None = None
        self.raised: Exception | None = None
        self.left = ""

    def note(self, name: str, function: Callable[..., Any], error: Exception | SystemExit) -> None:
        """Note why a function was rejected."""
        if self.operation == "loss" and not fits("loss", name, function) and rank("backward", name) is not None:
            return  # only some backward passes return the loss as well
        if self.operation == "loss" and learnt_of(function).idle:
            self.unseen = self.unseen or Unseen(f"{name} is not understood, and the training does not use it")
            return
        promised = self.operation in ("forward", "backward") or fits(self.operation, name, function)
        if self.operation == "predict" and not promised:
            return
        self.fitted = self.fitted or fits(self.operation, name, function)
        if isinstance(error, Unbound):
            unknown = f"chainrule knows no value for its parameter {error}"
            if promised and self.operation == "step":  # a step takes only gradients and a rate
                self.left = self.left or f"{name} was found but not understood: {unknown}"
            elif promised:
                self.tried.append(f"{name}: {unknown}")
        elif isinstance(error, NotThisWay):
            self.tried += [f"{name}: {error}"] if promised else []
        elif isinstance(error, Unseen):
            self.unseen = self.unseen or error
        elif isinstance(error, NotOffered):
            self.tried.append(f"{name}: {error}")
        elif getattr(error, "guessed", False):
            self.tried.append(f"with guessed arguments, {came_of(name, error)}")
        elif lacking(error) is not None:
            self.tried.append(f"{name} cannot run here: {lacking(error)}")
        elif isinstance(error, NotImplementedError):
            self.tried.append(f"{name} is not implemented")
        elif self.operation == "fit" and isinstance(error, TypeError) and "os.PathLike" in str(error):
            self.unseen = self.unseen or Unseen(f"{name} reads its data from a file")
        elif self.operation == "fit" and isinstance(error, FileNotFoundError):
            made = str(error.filename).startswith(SCRATCH.name)
            why = "reads its data from a file" if made else f"uses {error.filename}, which is absent here"
            self.unseen = self.unseen or Unseen(f"{name} {why}")
        elif self.operation == "step" and set_earlier(error):
            self.unseen = self.unseen or Unseen(f"{name} cannot be called by itself: {set_earlier(error)}")
        else:
            self.tried.append(came_of(name, error))
            read = self.called_so(name, function) and not doubtful(function, whole=self.whole)
            read = read and not (learnt_of(function).succeeds or insists_on_a_size(error, function))
            if self.operation in ("backward", "loss") and read:
                self.raised = self.raised or (error if isinstance(error, Exception) else None)

    def called_so(self, name: str, function: Callable[..., Any]) -> bool:
        """Whether a function fits the operation; a loss may return gradients as well."""
        as_loss = self.operation == "backward" and fits("loss", name, function) and not self.fitted
        return as_loss or fits(self.operation, name, function)

    def verdict(self, title: str, elsewhere: str) -> Exception:
        """The exception if no candidate fits.  title: of the form.  elsewhere: where else the code computes it."""
        if self.unseen is not None:
            return self.unseen
        if not self.tried and self.operation == "loss" and elsewhere:
            return NotOffered(elsewhere)
        if not self.tried and self.operation in DOES:
            found = f"chainrule found no {DOES[self.operation]} that it could call in {title.rstrip(',')}"
            return Unseen(elsewhere or found)
        if not self.tried:
            return Missing(f"{self.operation} is missing: {title} has nothing of such a name")
        if self.raised is not None:
            return self.raised
        return NotOffered(f"{self.operation} was not understood; tried {'; '.join(self.tried[:SHOWN])}")


class Attempts(Learning):
    """Finds the function of each operation on first use, and remembers it."""

    def plan(self, operation: str, model: Held, *arguments: Any) -> Plan:
        """How to call `operation` for networks of this depth, found on first use.  Raises NotOffered."""
        key = (operation, len(model.sizes))
        if key not in self.plans:
            try:
                self.plans[key] = self.resolve(
                    operation, model, *arguments
                )  # labels in another form may cause failures
            except NotOffered:
                raise
            except Exception:
                if operation not in self.closed:
                    raise
                self.plans[key] = self.closed[operation]  # an exception of a call that is not understood shows nothing
        found = self.plans[key]
        if isinstance(found, NotOffered):
            raise type(found)(str(found))
        return found

    def resolve(self, operation: str, model: Held, *arguments: Any) -> Plan:
        """Try every candidate.  Raises NotOffered, with every reason, or the code's exception."""
        failures = Failures(operation, whole=self.form.handed(model) is None)
        if self.only.get(operation) == BY_LOSSES:
            return self.forward_by_losses(model, *arguments)
        for name, function in self.candidates(operation, model):
            if self.only.get(operation) in (None, name):
                found = self.attempt(operation, name, function, model, arguments, failures)
                if found is not None:
                    return found
        updating = self.plans.get(("backward", len(model.sizes)))
        if operation == "fit" and isinstance(updating, Plan) and updating.how == "update" and arguments[1] is not None:
            return Plan("fit", updating.name, how="update", repeated=True)
        trainer = getattr(self.form, "trainer", "")
        if operation == "backward" and trainer and failures.raised is None and not failures.fitted:
            raise Unseen(f"{self.form.title} computes gradients inside {trainer} alone")
        raise failures.verdict(self.form.title, failures.left or self.elsewhere(operation, model))

    def elsewhere(self, operation: str, model: Held) -> str:
        """A sentence on code that computes an operation in a way that chainrule does not call; else empty."""
        if operation == "loss":
            losses = [(name, cls) for name, cls in library_of(self.namespace).items() if inspect.isclass(cls)]
            named = [name for name, cls in losses if is_called("classes", "cross_entropy", name)]
            return f"{named[0]} was found but not understood: chainrule does not see how it is called" if named else ""
        updating = self.plans.get(("backward", len(model.sizes)))
        if operation not in ("fit", "step") or not isinstance(updating, Plan):
            return ""
        if operation == "step":
            updates = [name for name, _ in self.form.functions("backward", model) if rank("step", name) is not None]
            updates = [updating.name] if updating.how == "update" else updates
            return f"{updates[0]} computes the gradients itself: the code has no separate step" if updates else ""
        trainer = getattr(self.form, "trainer", "")
        if trainer:
            return f"{trainer} makes new parameters at every call, so that no training starts from given ones"
        method = updating.name.rsplit(".")[-1]
        for name, function in trainings_of_any_kind(self.namespace, model.value):
            if method in names_reached(function, None):
                taken = {role(parameter.name) for parameter in signature(function)}
                why = "it takes no inputs and labels" if not {"x", "y"} <= taken else "chainrule does not see its data"
                why = f"chainrule does not make a {name.split('.')[0]}" if "." in name else why
                return f"{name} was found but not understood: {why}"
        where = learnt_of(self.function(updating, model)).where
        return f"the training is written out where {where} stands, and no function does it" if where else ""

    def attempt(
        self,
        operation: str,
        name: str,
        function: Callable[..., Any],
        model: Held,
        arguments: Sequence[Any],
        failures: Failures,
    ) -> Plan | None:
        """The plan, if the candidate fits; else restore the parameters and note the failure."""
        attempts: dict[str, Callable[..., Plan]] = {
            "forward": self.try_forward,
            "loss": self.try_loss,
            "backward": self.try_backward,
            "step": self.try_step,
            "fit": self.try_fit,
            "predict": self.try_predict,
        }
        before = self.parameters(model) if operation in ("backward", "fit", "step", "loss", "predict") else None
        kept = dict(getattr(model.value, "__dict__", {}))
        try:
            return attempts[operation](name, function, model, *arguments)
        except (Exception, SystemExit) as error:
            failures.note(name, function, error)
        if kept:  # an initialization, tried by mistake, makes other layers
            vars(model.value).clear()
            vars(model.value).update(kept)
        if before is not None:
            with contextlib.suppress(Exception):
                self.restore(model, before)
        return None

    def candidates(self, operation: str, model: Held) -> Iterator[Operation]:
        """The functions that may compute an operation, the likeliest first; only the declared one, if any."""
        if operation in self.names:
            found = [pair for pair in methods_and_functions(self.form, model) if pair[0] == self.names[operation]]
            if not found:
                raise NotOffered(f"{self.names[operation]} is missing")
            yield from found
            return
        seen: set[int] = set()
        places = WIDER.get(operation, (operation,))
        named: Iterator[tuple[str, Callable[..., Any]]] = chain.from_iterable(
            self.form.functions(place, model) for place in places
        )
        if operation == "fit":  # a training that the author calls, before a method that makes one of its updates
            updates = [one for one in self.form.functions("backward", model) if rank("step", one[0]) is not None]
            named = iter(sorted((*named, *updates), key=lambda item: learnt_of(item[1]).operation != "fit"))
        if operation == "step":
            named = chain(named, updates_beside(self.form, model, self.namespace))
        labelled = list(self.with_labels(model)) if operation in ("loss", "backward") else []
        first, last = (labelled, []) if operation == "loss" else ([], labelled)
        for name, function in chain(first, named, last, self.unnamed(operation, model)):
            identity = id(getattr(function, "__func__", function))
            if identity not in seen:
                seen.add(identity)
                yield name, function

    def with_labels(self, model: Held) -> Iterator[Operation]:
        """Methods called forward(x, t), which compute the loss: on what they keep, a backward pass relies.

        So do functions of which the author's calls show that they return loss and gradients.
        """
        for name, function in self.form.everything(model):
            if learnt_of(function).loses and learnt_of(function).operation == "backward":
                yield name, function
        for name, function in self.form.functions("forward", model):
            own = getattr(function, "__self__", None) is model.value
            if own and plain(name).startswith("forward") and takes_labels(function):
                yield name, function

    def unnamed(self, operation: str, model: Held) -> Iterator[Operation]:
        """Functions of any name that may be the forward pass, if neither names nor the author's calls tell it.

        Of any name but those of other operations, functions may be the prediction.  None that writes or draws is tried.
        """
        if operation not in ("forward", "predict") or any(True for _ in self.form.functions(operation, model)):
            return
        others = ("loss",) if operation == "forward" else OPERATIONS_OF_A_NETWORK
        for name, function in self.form.everything(model):
            if learnt_of(function).operation or any(rank(other, name) is not None for other in others):
                continue
            if TRACES & {*getattr(getattr(function, "__code__", None), "co_names", ())}:
                continue
            if operation == "forward" or any(role(parameter.name) == "x" for parameter in signature(function)):
                yield name, function

    # The attempts.  Each returns the plan or raises Unbound, NotThisWay, Unseen, or the code's exception.

    def try_forward(self, name: str, function: Callable[..., Any], model: Held, x: Any) -> Plan:
        if not self.reaches(function, model):
            raise NotThisWay("it does not take the parameters")
        arguments = bind(function, self.passing(function, model, x))
        if "x" not in arguments.taken.values():
            raise NotThisWay("it takes no inputs")
        result = function(*arguments.arguments, **arguments.keywords)
        wanted = output_shapes(model.sizes, x)
        inside = result is None or not any(True for _ in leaves(result))
        source = model.value if inside else result
        outputs = [path for path, leaf in leaves(source) if shape(leaf) in wanted]
        if not self.means("forward", name, function) and rank("predict", name) is None:
            outputs = [path for path in outputs if not is_integral(follow(source, path))]  # labels or masks, else
        if not outputs:
            shapes = " or ".join(map(str, wanted))
            raise NotThisWay(f"expected an array of shape {shapes}, found {describe_result(result)}")
        path = likeliest_output(outputs, source, result, named_values(function, result))
        return Plan("forward", name, relative(path, source), taken=tuple(arguments.taken.items()), inside=inside)

    def forward_by_losses(self, model: Held, x: Any) -> Plan:
        """The plan for reading the output from losses, or from what the network keeps when it computes one.

        Raises NotOffered if losses do not show it.
        """
        inputs, classes = model.sizes[0], model.sizes[-1]
        before = self.parameters(model)
        for name, function in self.candidates("loss", model):
            if self.reaches(function, model) and not (rank("loss", name) is None and takes_rate(function)):
                with contextlib.suppress(NotOffered):
                    loss = partial(self.loss_with, function, model)
                    form = form_of_labels(loss, to_numpy(x), inputs, classes)
                    found = through_losses(loss, form, to_numpy(x), inputs, classes)
                    loss(to_numpy(x).copy(), some_labels(form, np.size(x) // inputs, classes))
                    if changed(before, self.parameters(model)):
                        self.restore(model, before)
                        continue
                    same = [path for path, leaf in leaves(model.value) if is_near(to_numpy(leaf), found)]
                    if same:
                        return Plan(
                            "forward", name, relative(same[-1], model.value), how="kept", inside=True, form=form
                        )
                    exact = np.allclose(found.sum(axis=found.shape.index(classes)), 1, rtol=0, atol=EXACT)
                    if exact:
                        return Plan("forward", name, how="losses", form=form)
        raise NotOffered("forward is missing: no function gives the output, and none gives losses that show it")

    def try_loss(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Plan:
        if learnt_of(function).idle and learnt_of(function).unsettled:
            raise Unseen(f"{name} is a function that the training does not call")
        shown = self.means("loss", name, function) or learnt_of(function).loses
        gives_gradients = rank("backward", name) is not None and not shown
        if is_called("methods", "is_not_the_loss", name) and not (name.lower().startswith("loss") or gives_gradients):
            raise NotThisWay("its name says something else")
        if rank("loss", name) is None and takes_rate(function):  # a cost may take an alpha of its penalty
            raise NotThisWay("it takes a learning rate, as an update does")
        if y is not None:
            self.before_loss(function, model, x)
        as_output = not self.reaches(function, model)
        arguments = bind(function, self.known(model, x=x, y=y, as_output=as_output))
        if y is not None and "y" not in arguments.taken.values():
            raise NotThisWay("it takes no labels")
        before = self.parameters(model)
        result = run_with(function, arguments)
        if rank("loss", name) is None and changed(before, self.parameters(model)):
            raise NotThisWay("it changes the parameters")
        n = 1 if y is None else samples(x, y)
        path = number_in(result, n)
        if path is None or len(path) > 1:
            raise NotThisWay(f"expected a number, found {describe_result(result)}")
        if rank("loss", name) is None and counts(to_numpy(follow(result, path)), n):
            raise NotThisWay("its result is a share of the samples, as an accuracy is")
        if gives_gradients and not calls_it_loss(function, result, path):
            raise NotThisWay("it returns a number beside gradients that it does not call the loss")
        plan = Plan("loss", name, path, taken=tuple(arguments.taken.items()))
        whole = replace(plan, how="whole")
        unseen = [p for p, taken in plan.taken if taken == "output" and p not in learnt_of(function).roles]
        several = n > 1 and unseen and isinstance(model.forwarded, list) and self.arrays == "numpy"
        turned = several and not self.is_of_the_batch(plan, function, model, x, y)
        return whole if turned and self.is_of_the_batch(whole, function, model, x, y) else plan

    def is_of_the_batch(self, plan: Plan, function: Callable[..., Any], model: Held, x: Any, y: Any) -> bool:
        """Whether a loss is the same for a batch in reverse order, as that of one sample is not."""
        found = []
        for step in (1, -1):
            axis = (slice(None),) * (self.samples == "columns")
            batch = {"x": to_numpy(x)[(*axis, slice(None, None, step))], "y": to_numpy(y)}
            flat = batch["y"].ndim == 1
            batch["y"] = batch["y"][slice(None, None, step) if flat else (*axis, slice(None, None, step))]
            try:
                found.append(float(self.call(plan, model, function, **batch)))
            except Exception:
                return False
        return bool(np.isclose(found[0], found[1]))

    def try_backward(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Plan:
        """The plan for a backward pass.  One of inputs without labels may rely on another method that takes these."""
        known = self.known_backward(Plan("backward", name), model, x, y, RATES[1], function)
        try:
            taken = {*bind(function, known).taken.values()}
        except Unbound:
            taken = set()
        without = not {"y", "output_gradient"} & taken
        try:
            plan = self.found_backward(name, function, model, x, y)
        except SHAPES_AND_KINDS as error:
            if without and "x" in taken:
                raise NotThisWay(f"it takes no labels, and {came_of(name, error)}") from None
            raise
        if without and plan.how != "update" and not self.depends_on_labels(plan, model, x, y):
            raise NotThisWay("its gradients do not depend on the labels, so that something else has to run before it")
        return plan

    def depends_on_labels(self, plan: Plan, model: Held, x: Any, y: Any) -> bool:
        """Whether a backward pass that does not take labels knows those of a batch otherwise."""
        labels = to_numpy(y)
        others = np.roll(labels, 1, axis=-1)
        if np.array_equal(others, labels):  # one sample, or several of one class
            others = (labels + 1) % model.sizes[-1]
        try:
            return changed(self.run_backward(plan, model, x, y), self.run_backward(plan, model, x, others))
        except SHAPES_AND_KINDS:
            return True

    def found_backward(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Plan:
        slots = self.slots(model)
        before = slots.read(model.value)
        self.before_backward(function, model, x, y)
        names = self.form.slot_names(slots)
        self.clear(model, gradient_paths(model.value, slots, model.value, {}, names=names, inside=True) or ())
        result = self.call_backward(Plan("backward", name), model, x, y, RATES[1], function)
        after = slots.read(model.value)
        updated = changed(before, after)
        called = named_values(function, result)
        paths = gradient_paths(result, slots, model.value, called, names=names)
        gives = self.means("backward", name, function) or self.means("loss", name, function)  # else new parameters
        if paths is not None and not updated and gives:
            turned = lie_transposed(result, slots, model.value, paths[0]) and self.trains_itself(model)
            return Plan("backward", name, paths=paths, how="returned", turned=turned)
        if not (updated and changed_throughout(before, after)) and not self.means("fit", name, function):
            paths = gradient_paths(model.value, slots, model.value, {}, names=names, inside=True)
            if paths is not None:
                self.restore(model, before)
                if not any(np.any(to_numpy(follow(model.value, path))) for path in paths[0]):
                    raise NotThisWay("the gradients of weights that the network keeps stay zero")
                turned = lie_transposed(model.value, slots, model.value, paths[0]) and self.trains_itself(model)
                return Plan("backward", name, paths=paths, how="attributes", inside=True, turned=turned)
        for source, how in ((result, "returned"), (model.value, "attributes")):
            inside = how == "attributes"
            called = {} if inside else named_values(function, result)
            paths = gradient_paths(source, slots, model.value, called, names=names, inside=inside, turned=True)
            if paths is not None and not updated and gives and self.trains_itself(model):
                return Plan("backward", name, paths=paths, how=how, inside=inside, turned=True)
        if updated or self.returned_parameters(model, result, function) is not None:
            self.restore(model, before)
            if draws_with_replacement(function, model.value, even_in_passes=True):
                raise Unseen(f"{name} draws its batches with replacement: its updates do not show a batch's gradients")
            self.recovery_rate = RATES[0]
            plan = Plan("backward", name, how="update")
            self.settle_rate(plan, model, x, y, function)
            return plan
        found = describe_result(result)
        raise NotThisWay(f"neither its result ({found}) nor the network has gradients shaped like the parameters")

    def trains_itself(self, model: Held) -> bool:
        """Whether the author's training of the network was seen to run: its updates take the gradients as they lie."""
        updates = ((learnt_of(function).operation, function) for _, function in self.form.everything(model))
        return any(shown in ("fit", "step") and learnt_of(function).succeeds for shown, function in updates)

    def settle_rate(self, plan: Plan, model: Held, x: Any, y: Any, function: Callable[..., Any]) -> None:
        """Find the learning rate of an update among the numbers that it contains, if nothing else sets it.

        Raises NotThisWay for an update whose rate chainrule cannot set.
        """
        if self.depends_on_the_rate(plan, model, x, y):
            return
        for setting in settings_of(function, model.value, {}):
            if type(setting.value) is float:
                self.settings["lr"] = setting
                if self.depends_on_the_rate(plan, model, x, y):
                    return
        self.settings.pop("lr", None)
        raise NotThisWay("it makes updates at a learning rate that chainrule cannot set")

    def depends_on_the_rate(self, plan: Plan, model: Held, x: Any, y: Any) -> bool:
        """Whether any parameter moves in proportion to the learning rate that chainrule asks for."""
        slow, fast = ([*weights, *biases] for weights, biases in self.updates(plan, model, x, y))
        return any(np.any(a) and np.allclose(a, b) for a, b in zip(slow, fast, strict=True))

    def try_step(self, name: str, function: Callable[..., Any], model: Held, grads: Any, lr: float) -> Plan:
        backward = self.plans.get(("backward", len(model.sizes)))
        if not isinstance(backward, Plan):
            raise NotThisWay("chainrule knows no gradients to pass to it")
        if backward.how == "update":
            raise Unseen(f"{backward.name} updates the parameters itself: the code has no separate step")
        before, none = self.parameters(model), [[np.zeros_like(g) for g in map(to_numpy, group)] for group in grads]
        for plan in (Plan("step", name), Plan("step", name, how="scaled")):
            ends = []
            try:
                for given in (none, grads):
                    self.run_step(plan, model, given, lr, function)
                    ends.append(self.parameters(model))
                    self.restore(model, before)
            except NotThisWay:
                if self.find_rate_of_step(plan, function, model, grads, lr):
                    break
                if plan.how == "scaled":
                    raise
                continue
            if not changed(before, ends[1]):
                raise NotThisWay("it changes no parameter")
            if not changed(*ends):
                raise NotThisWay("it changes the parameters, whatever the gradients")
            if plan.how == "scaled" and not moved_by(before, ends[1], grads, lr):
                raise NotThisWay("it takes no learning rate")
            break
        return plan

    def find_rate_of_step(self, plan: Plan, function: Callable[..., Any], model: Held, grads: Any, lr: float) -> bool:
        """Find the number of the file that is the rate of a step, by its effect; False if none is."""
        before = self.parameters(model)
        settings = [one for one in settings_of(function, model.value, {}) if type(one.value) is float]
        for setting in sorted(settings, key=lambda one: one.kind != GLOBAL or role(one.name) != "lr"):
            self.rate_of_step = setting
            self.run_step(plan, model, grads, lr, function)
            moved = moved_by(before, self.parameters(model), grads, lr)
            self.restore(model, before)
            if moved:
                return True
        self.rate_of_step = None
        return False

    def try_fit(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Plan:
        for parameter in parameters_of(function):
            if role(parameter.name) == "loader":
                raise Unseen(f"{name} takes batches from a loader: the caller chooses the samples and their order")
            if role(parameter.name) is None and named_type(parameter) in self.kinds_of_data(model):
                raise Unseen(f"{name} takes its data in a {named_type(parameter)}, which chainrule does not make")
        before = self.parameters(model)
        training = TrainingArguments(x, y, epochs=1, batch_size=1, lr=0.25, seed=0)
        training = replace(training, batch_size=training.samples)
        taken = self.fit_arguments(model, training, function).taken
        counted = next((parameter for parameter, found in taken.items() if found == "epochs"), None)
        if counted is not None and ends_by_itself(function, counted):
            raise Unseen(f"{name} does not read {counted}: it trains until a condition of its own holds")
        data = [name for name, found in taken.items() if found in ("x", "y")]
        if not any(map(role, data)) and "y" not in taken.values() and getattr(function, "__self__", None) is None:
            raise Unseen(f"{name} takes no inputs and labels: it trains on data that it finds itself")
        plan = self.fit_site(name, function, model, taken, pairs=y is None)
        try:
            self.run_fit(plan, model, training, function)
        except (ValueError, IndexError):  # it may compare held-out labels, which it reads as globals, with classes
            if self.numbers_held_out or not labels_held_out(function) or np.ndim(y) != 2:
                raise
            self.numbers_held_out = True
            self.restore(model, before)
            self.run_fit(plan, model, training, function)
        if not changed(before, self.parameters(model)) and plan.how == "batches":  # the code may drop the only batch
            self.run_fit(plan, model, replace(training, batch_size=1), function)
        if not changed(before, self.parameters(model)) and counted is not None:
            self.run_fit(plan, model, replace(training, lr=SMALL_RATE), function)  # it may keep the best network
            if not changed(before, self.parameters(model)):  # one epoch may be none, and two be one
                self.run_fit(plan, model, replace(training, lr=SMALL_RATE, epochs=2), function)
        if not changed(before, self.parameters(model)):
            if not self.reaches(function, model) and self.makes_its_own(function):
                raise Unseen(f"{name} trains a network that it makes itself, and gives it to nobody")
            raise NotThisWay("it changes no parameter")
        if normalizes(model.value):
            leave_inputs(model.value)
            raise Unseen(f"{name} normalizes inputs by their own mean and deviation")
        told = {"lr", "epochs"} & {*taken.values(), *self.settings}
        if not told and self.overwrites(plan, model, training, function):
            raise Unseen(f"{name} makes new parameters, whatever they were before")
        self.restore(model, before)
        return self.told_apart(plan, model, training, function)

    def makes_its_own(self, function: Callable[..., Any]) -> bool:
        """Whether a function makes a network, by the name of what makes one."""
        return getattr(self.form, "name", None) in names_reached(function, None)

    def overwrites(self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any]) -> bool:
        """Whether what a function leaves does not depend on the parameters before."""
        first = self.parameters(model)
        self.restore(model, [[2 * array + 1 for array in group] for group in first])
        self.run_fit(plan, model, training, function)
        return not changed(first, self.parameters(model))

    def kinds_of_data(self, model: Held) -> set[str]:
        """The file's dataclasses, other than the network's."""
        classes = own_classes(self.namespace)
        return {name for name, cls in classes if not isinstance(model.value, cls) and is_dataclass(cls)}

    def told_apart(self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any]) -> Plan:
        """Tell the number of epochs from the batch size, if names do not: read rightly, one epoch moves less.

        It does so at a small rate: steps along summed gradients may lead anywhere at a larger one.
        """
        learnt = learnt_of(function)
        unnamed = {found: name for name, found in learnt.roles.items() if found in ("epochs", "batch_size")}
        if len(unnamed) < 2 or training.samples < 2:
            return plan
        training = replace(training, lr=SMALL_RATE)
        first = self.distance(plan, model, training, function)
        exchanged = {unnamed["epochs"]: "batch_size", unnamed["batch_size"]: "epochs"}
        learn(function, replace(learnt, roles={**learnt.roles, **exchanged}))
        if self.distance(plan, model, training, function) < first:
            taken = self.fit_arguments(model, training, function).taken
            return self.fit_site(plan.name, function, model, taken, pairs=False)
        learn(function, learnt)
        return plan

    def distance(self, plan: Plan, model: Held, training: TrainingArguments, function: Callable[..., Any]) -> float:
        """How far a training moves the parameters, which afterwards have their old values."""
        before = self.parameters(model)
        self.run_fit(plan, model, training, function)
        after = self.parameters(model)
        self.restore(model, before)
        return sum(
            float(np.abs(a - b).sum())
            for old, new in zip(before, after, strict=True)
            for a, b in zip(old, new, strict=True)
        )

    def fit_site(
        self, name: str, function: Callable[..., Any], model: Held, taken: dict[str, str], *, pairs: bool
    ) -> Plan:
        """How a function with these arguments trains.

        pairs: whether inputs and labels come in one argument.
        """
        roles = {*taken.values(), *self.settings}
        if not {"x", "y", "output", "params"} & roles and {"epochs", "lr"} <= roles:
            raise Unseen(f"{name} trains on data that it does not take as arguments")
        if not {"x", "y"} <= roles and not (pairs and "x" in roles):
            what = "pairs of inputs and labels" if pairs else "inputs and labels"
            raise NotThisWay(f"it takes no {what}")
        has_batches = "batch_size" in roles or self.goes_by(function, model, "batch_size")
        repeated = "epochs" not in roles and not self.goes_by(function, model, "epochs")
        counted = next((parameter for parameter, found in taken.items() if found == "epochs"), "epochs")
        if has_batches and "iter" in plain(counted):
            raise Unseen(f"{name} draws batches {counted} times: it does not train in epochs")
        if has_batches and draws_with_replacement(function, model.value):
            raise Unseen(f"{name} draws its batches with replacement: some samples come twice in an epoch, some never")
        how = "batches" if has_batches else "single" if self.one_by_one else "whole"
        return Plan("fit", name, taken=tuple(taken.items()), how=how, repeated=repeated)

    def goes_by(self, function: Callable[..., Any], model: Held, wanted: str) -> bool:
        """Whether a training goes by a number that its object keeps, unless only other trainings read it."""
        for holder in trainer_of(function, model):
            if numbers_kept(holder, wanted) & names_reached(function, holder):
                return True
        own, plainly = names_reached(function, model.value), getattr(function, "__func__", function)
        trainings = (method for name, method in methods_of(model.value) if fits("fit", name, method))
        others = (method for method in trainings if getattr(method, "__func__", method) is not plainly)
        read = set[str]().union(*(names_reached(method, model.value) for method in others))
        return any(name in own or name not in read for name in numbers_kept(model.value, wanted))

    def try_predict(self, name: str, function: Callable[..., Any], model: Held, x: Any) -> Plan:
        if not parameters_of(function) and not hasattr(function, "__self__"):
            raise Unseen(f"{name} takes no inputs: it is a script of its own")
        as_output = not self.reaches(function, model)
        arguments = bind(function, self.known(model, x=x, as_output=as_output))
        if "x" not in arguments.taken.values():
            self.before(model, x)
            arguments = bind(function, self.known(model, x=x, as_output=as_output))
        result = function(*arguments.arguments, **arguments.keywords)
        wanted = output_shapes(model.sizes, x)
        named = fits("predict", name, function)
        if not named and (as_output or shape(result) in wanted or not are_labels(result, model.sizes[-1])):
            raise NotThisWay("neither its name nor its result says that it gives labels")
        counts = {size for found in wanted for size in found} - {model.sizes[-1]} or {max(wanted[0][0], 1)}
        for path, leaf in leaves(result):
            if len(path) <= 1 and np.size(to_numpy(leaf)) in counts and is_integral(leaf):
                return Plan("predict", name, path, taken=tuple(arguments.taken.items()))
        if shape(result) in wanted:
            raise Unseen(f"{name} gives probabilities; no function gives labels")
        if self.is_over_samples(result, model, x):
            return Plan("predict", name, taken=tuple(arguments.taken.items()))
        raise NotThisWay(f"expected integer labels, found {describe_result(result)}")

    def is_over_samples(self, result: Any, model: Held, x: Any) -> bool:
        """Whether a result is, for each class, the sample with most of it: an argmax over the wrong axis."""
        output = to_numpy(self.output(model, x))
        axis = list(output.shape).index(model.sizes[-1]) if model.sizes[-1] in output.shape else 0
        return output.ndim == 2 and np.array_equal(to_numpy(result), output.argmax(axis=1 - axis))


def are_labels(result: Any, classes: int) -> bool:
    """Whether a result is one whole number for each of several samples, all of them below the number of classes."""
    return (
        is_array(result)
        and np.ndim(result) == 1
        and is_integral(result)
        and bool(np.isin(result, range(classes)).all())
    )


def named_type(parameter: inspect.Parameter) -> str:
    """The name in a parameter's annotation."""
    return str(getattr(parameter.annotation, "__name__", parameter.annotation))


def is_near(found: np.ndarray, output: np.ndarray) -> bool:
    """Whether an array is the output that losses show, but for a guard of the logarithm."""
    return found.shape == output.shape and np.allclose(found, output, rtol=0, atol=2 * GUARD)
