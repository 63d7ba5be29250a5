"""Somebody's code as an Implementation, in its own conventions: what each of its functions takes and gives, found by
trying.

Every operation is tried once for each depth, on a network whose sizes all differ, and done in the same way from then on.
"""

from __future__ import annotations

import contextlib
import copy
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays import describe, is_array, of_kind, to_numpy
from chainrule.contract import Missing, NotOffered, Unseen, source_line
from chainrule.native import NETWORK_METHODS, Native
from chainrule.recognition.binding import Known, Thunk, Unbound, bind, named_values, parameters_of
from chainrule.recognition.forms import Form, Held, Operation, own_functions, ranked
from chainrule.recognition.slots import Slot, Slots
from chainrule.recognition.structures import Attribute, Item, Path, follow, label, leaves, put, shape
from chainrule.recognition.vocabulary import GRADIENTS, NOT_THE_LOSS, matches, plain, rank, role

RATES = (2.0**10, 2.0**-3)  # at which gradients are recovered from updates; powers of two, which round nothing


FUNCTIONS = ("relu", "softmax", "cross_entropy", "xavier")
DOES = {
    "loss": "loss",
    "step": "update step of its own",
    "fit": "training",
    "predict": "prediction of labels",
}


class Contradiction(Exception):
    """What the code does is no consistent gradient or update.  str(): how."""


class NotThisWay(Exception):
    """A candidate for an operation turns out not to be it.  str(): why."""


@dataclass(frozen=True)
class Site:
    """How an operation is done.

    operation: what.  name: of the function.  path: where in its result, or else in the network, the answer stands.
    taken: what its parameters are given.  how: for gradients, `returned`, `attributes` or `update`.
    """

    operation: str
    name: str
    path: Path = ()
    paths: tuple[tuple[Path, ...], ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    how: str = ""
    inside: bool = False  # whether path starts from the network instead of from the result
    repeated: bool = False  # whether one call trains for one epoch

    def __str__(self) -> str:
        arguments = ", ".join(parameter for parameter, _ in self.taken)
        return f"{self.name}({arguments})"


class Recognised(Native):
    """The functions of a namespace, and a network of some form, as an Implementation in the code's own conventions.

    tried: what else might have been the network, and why it is not.
    counts: globals that nothing defines and that stand for the number of samples: they are given it before every call.
    arrays: the library whose arrays the code takes, dtype: their type.
    """

    def __init__(
        self,
        target: Any,
        namespace: Mapping[str, Any],
        form: Form | None,
        names: Mapping[str, str] | None = None,
        tried: tuple[str, ...] = (),
        counts: Sequence[str] = (),
    ) -> None:
        super().__init__(target, dict(names or {}))
        self.counts = tuple(counts)
        self.namespace, self.form, self.tried = namespace, form, tried
        self.only: dict[str, str | None] = {}  # {operation: the one function that may be it}
        self.batch: Callable[[Sequence[int]], tuple[Any, Any]] | None = None
        self.arrays = "numpy"
        self.dtype: Any = None
        self.sites: dict[tuple[str, int], Site | NotOffered] = {}
        self.summed_fit = False
        self.one_by_one = False  # whether fit makes an update for every sample
        self.recovery_rate: float | None = None

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
        if self.slots(model) is None:
            raise NotOffered(f"{self.form.title}: no weights and biases of sizes {list(sizes)} were found in it")
        return model

    def slots(self, model: Held) -> Slots | None:
        assert self.form is not None
        return self.form.slots(len(model.sizes) - 1)

    def parameters(self, model: Held) -> Any:
        if self.form is None:
            return super().parameters(model)
        return self.slots(model).read(model.value)  # type: ignore[union-attr]

    def assign(self, model: Held, weights: Any, biases: Any) -> None:
        if self.form is None:
            return super().assign(model, weights, biases)
        slots = self.slots(model)
        assert slots is not None
        try:
            model.value = slots.write(model.value, weights, biases)
        except ValueError as error:
            raise NotOffered(f"{slots.weights[0]}: values cannot be assigned ({error})") from None

    def forward(self, model: Held, x: Any) -> Any:
        if self.form is None:
            return super().forward(model, x)
        site = self.site("forward", model, x)
        return self.run_forward(site, model, x)

    def run_forward(self, site: Site, model: Held, x: Any) -> Any:
        self.count(model, x)
        function = self.function(site, model)
        arguments = bind(function, self.known(model, passing=True, x=x))
        model.forwarded = function(*arguments.arguments, **arguments.keywords)
        passed_on = named_values(function, model.forwarded)
        model.named = {name: value for name, value in passed_on.items() if role(name) not in ("x", "y")}
        model.output = follow(model.value if site.inside else model.forwarded, site.path)
        return model.output

    def loss(self, model: Held, x: Any, y: Any) -> Any:
        if self.form is None:
            return super().loss(model, x, y)
        site = self.site("loss", model, x, y)
        if y is not None:
            self.before(model, x)
        function = self.function(site, model)
        arguments = bind(function, self.known(model, x=x, y=y, as_output=not self.reaches(function, model)))
        return follow(function(*arguments.arguments, **arguments.keywords), site.path)

    def backward(self, model: Held, x: Any, y: Any) -> Any:
        if self.form is None:
            return super().backward(model, x, y)
        site = self.site("backward", model, x, y)
        if site.how == "update":
            return self.recovered(site, model, x, y)
        self.before(model, x)
        result = self.call_backward(site, model, x, y, 1.0)
        source = result if site.how == "returned" else model.value
        return tuple([to_numpy(follow(source, path)) for path in group] for group in site.paths)

    def step(self, model: Held, grads: Any, lr: float) -> None:
        if self.form is None:
            return super().step(model, grads, lr)
        site = self.site("step", model, grads, lr)
        self.run_step(site, model, grads, lr)

    def fit(self, model: Held, x: Any, y: Any, *, epochs: int, batch_size: int, lr: float, seed: int) -> Any:
        if self.form is None:
            return super().fit(model, x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)
        site = self.site("fit", model, x, y)
        return self.run_fit(site, model, x, y, epochs, batch_size, lr, seed, len(x) if y is None else samples(x, y))

    def predict(self, model: Held, x: Any) -> Any:
        if self.form is None:
            return super().predict(model, x)
        site = self.site("predict", model, x)
        if "x" not in dict(site.taken).values():
            self.before(model, x)
        function = self.function(site, model)
        arguments = bind(function, self.known(model, x=x, as_output=not self.reaches(function, model)))
        return follow(function(*arguments.arguments, **arguments.keywords), site.path)

    # Functions by themselves

    def relu(self, z: Any) -> Any:
        return self.alone("relu", z)

    def softmax(self, z: Any) -> Any:
        return self.alone("softmax", z)

    def cross_entropy(self, p: Any, y: Any) -> Any:
        name, function = self.lone("cross_entropy")
        known = Known({"output": p, "y": y}, order=("output", "y"), as_role={"x": "output"})
        return first(function, bound(name, function, known), lambda found: to_numpy(found).size == 1)

    def xavier(self, fan_in: int, fan_out: int, rng: np.random.Generator) -> Any:
        from chainrule.recognition.forms import SizeArguments

        name, function = self.lone("xavier")
        sizing = SizeArguments(function)
        try:
            arguments, keywords = sizing.arguments([fan_in, fan_out], 0)
        except Unbound as error:
            raise NotOffered(f"{name}: expected xavier(fan_in, fan_out, rng), found a parameter {error}") from None
        keywords |= {p.name: rng for p in sizing.parameters if role(p.name) == "rng"}
        with seeded(int(rng.integers(2**31)) if "rng" not in map(role, keywords) else 0):
            return function(*arguments, **keywords)

    def offers(self, name: str) -> bool:
        if name == "create":
            return self.form is not None or super().offers(name)
        return super().offers(name) or bool(name in FUNCTIONS and ranked(name, own_functions(self.namespace)))

    def alone(self, operation: str, z: Any) -> Any:
        name, function = self.lone(operation)
        known = Known({"x": z}, order=("x",), as_role=dict.fromkeys(("output", "output_gradient", "y", "params", "cache"), "x"))
        wanted = shape(z) if shape(z) else None
        return first(function, bound(name, function, known), lambda found: shape(found) == wanted or wanted is None)

    def lone(self, operation: str) -> Operation:
        """The function of that name in the file, or a method of the network that needs nothing else."""
        found = [pair for pair in ranked(operation, own_functions(self.namespace)) if of_probabilities(*pair, operation)]
        if not found and self.form is not None:
            model = self.sample()
            if model is not None:
                found = [
                    (name, function)
                    for name, function in self.form.functions(operation, model)
                    if rank(operation, name) is not None
                    and stands_alone(operation, function)
                    and of_probabilities(name, function, operation)
                ]
        if not found:
            raise Missing(f"{operation} is missing")
        return found[0]

    def sample(self) -> Held | None:
        """A network whose methods may be called by themselves."""
        if not hasattr(self, "_sample"):
            try:
                self._sample = self.create(self.form.probe_sizes(), 0)  # type: ignore[union-attr]
            except Exception:
                self._sample = None  # type: ignore[assignment]
        return self._sample

    def where(self, name: str) -> str | None:
        sites = [site for (operation, _), site in self.sites.items() if operation == name and isinstance(site, Site)]
        if self.form is None and (name in NETWORK_METHODS or name in ("create", "parameters", "assign")):
            return super().where(name)
        model = self.sample()
        if sites and model is not None and self.form is not None:
            return source_line(self.function(sites[0], model))
        try:
            return source_line(self.lone(name)[1]) if name in FUNCTIONS else None
        except NotOffered:
            return None

    # How an operation is done

    def site(self, operation: str, model: Held, *arguments: Any) -> Site:
        """How `operation` is done for networks of this depth, found on first use.  Raises NotOffered."""
        key = (operation, len(model.sizes))
        if key not in self.sites:
            self.sites[key] = self.resolve(operation, model, *arguments)  # a failure may come of labels in another form
        found = self.sites[key]
        if isinstance(found, NotOffered):
            raise type(found)(str(found))
        return found

    def close(self, operation: str, layers: int, error: NotOffered) -> None:
        """Remember that an operation is not to be had in networks of this many layer sizes."""
        self.sites.setdefault((operation, layers), error)

    def forget(self, operation: str, layers: int) -> None:
        """Have an operation found anew."""
        self.sites.pop((operation, layers), None)

    def resolve(self, operation: str, model: Held, *arguments: Any) -> Site:
        """Try every candidate.  Raises NotOffered, saying which were tried and why each is not it."""
        assert self.form is not None
        tried: list[str] = []
        attempts: Mapping[str, Callable[..., Site]] = {
            "forward": self.try_forward, "loss": self.try_loss, "backward": self.try_backward,
            "step": self.try_step, "fit": self.try_fit, "predict": self.try_predict,
        }  # fmt: skip
        unseen: Unseen | None = None
        raised: Exception | None = None  # by what has the right name and was given all that it asks for
        for name, function in self.candidates(operation, model):
            if self.only.get(operation) not in (None, name):
                continue
            named_so = operation in ("forward", "backward") or rank(operation, name) is not None
            before = self.parameters(model) if operation in ("backward", "fit", "step") else None
            try:
                return attempts[operation](name, function, model, *arguments)
            except Unbound as error:
                if named_so and operation != "step":  # what takes more than gradients and a rate is no step
                    tried.append(f"{name}: nothing is known for its parameter {error}")
            except NotThisWay as error:
                tried += [f"{name}: {error}"] if named_so else []
            except Unseen as error:
                unseen = unseen or error
            except NotOffered as error:
                tried.append(f"{name}: {error}")
            except NotImplementedError:
                tried.append(f"{name} is not implemented")
            except Exception as error:
                tried.append(f"{name} raised {type(error).__name__}: {error}")
                says_so = rank(operation, name) is not None or (operation == "backward" and rank("loss", name) is not None)
                if operation in ("backward", "loss") and says_so:
                    raised = raised or error
            if before is not None:
                with contextlib.suppress(Exception):
                    self.restore_parameters(model, before)
        updating = self.sites.get(("backward", len(model.sizes)))
        if operation == "fit" and isinstance(updating, Site) and updating.how == "update" and arguments[1] is not None:
            return Site("fit", updating.name, how="update", repeated=True)
        if unseen is not None:
            raise unseen
        if not tried and operation in ("loss", "step", "fit", "predict"):
            raise Unseen(f"{self.form.title} has no {DOES[operation]} that could be called from outside")
        if not tried:
            raise Missing(f"{operation} is missing: {self.form.title} has nothing of such a name")
        if raised is not None:
            raise raised
        raise NotOffered(f"{operation} was not understood; tried {'; '.join(tried[:4])}")

    def candidates(self, operation: str, model: Held) -> Iterator[Operation]:
        assert self.form is not None
        if operation in self.names:
            found = [pair for pair in methods_and_functions(self.form, model) if pair[0] == self.names[operation]]
            if not found:
                raise NotOffered(f"{self.names[operation]} is missing")
            yield from found
            return
        seen: set[int] = set()
        wider = {
            "forward": ("forward", "predict", "loss"), "backward": ("backward", "loss", "step", "fit"), "fit": ("fit", "step"),
        }  # fmt: skip
        for place in wider.get(operation, (operation,)):
            for name, function in self.form.functions(place, model):
                if id(getattr(function, "__func__", function)) not in seen and fits(operation, place, name):
                    seen.add(id(getattr(function, "__func__", function)))
                    yield name, function

    def function(self, site: Site, model: Held) -> Callable[..., Any]:
        assert self.form is not None
        for name, function in methods_and_functions(self.form, model):
            if name == site.name:
                return function
        raise NotOffered(f"{site.name} is missing")

    def known(self, model: Held, *, as_output: bool = False, passing: bool = False, **roles: Any) -> Known:
        """What functions can be given: the arguments of the operation, the parameters, what the forward pass left."""
        assert self.form is not None
        roles = {name: value for name, value in roles.items() if value is not None}
        found = dict(roles)
        if "x" in roles and not passing:
            found.setdefault("output", Thunk(lambda: self.output(model, roles["x"])))
        handed = self.form.handed(model)
        found["params"] = model.value if handed is None else handed
        if model.forwarded is not None:
            found.setdefault("cache", remainder(model))
        if "y" in roles:
            found.setdefault("samples", samples(roles.get("x"), roles["y"]))
        found |= {"inputs": model.sizes[0], "outputs": model.sizes[-1]}
        found |= {"hidden": model.sizes[1], "hiddens": list(model.sizes[1:-1])} if len(model.sizes) > 2 else {}
        order = [name for name in ("x", "y") if name in roles]
        if as_output:
            found.pop("x", None)
            order = ["output", *[name for name in order if name != "x"]]
        return Known(found, self.form.named(model) | model.named, order, {"x": "output"} if as_output else {})

    def output(self, model: Held, x: Any) -> Any:
        self.before(model, x)
        return model.output

    def before(self, model: Held, x: Any) -> None:
        """Run the forward pass, on whose traces the rest relies."""
        self.count(model, x)
        site = self.site("forward", model, x)
        self.run_forward(site, model, x)

    def count(self, model: Held, x: Any) -> None:
        """Tell the code how many samples there are, where it wants to know from outside."""
        size = shape(x)
        n = 1 if len(size) < 2 else size[1] if size[0] == model.sizes[0] and size[1] != model.sizes[0] else size[0]
        for name in self.counts:
            self.namespace[name] = n  # type: ignore[index]
        self.set_attributes(model, {"samples": n}, self.told_samples(model))

    def told_samples(self, model: Held) -> tuple[str, ...]:
        """The attributes in which an object keeps a number of samples that its constructor was given."""
        sizing = getattr(self.form, "sizing", None)
        return tuple(p.name for p in getattr(sizing, "parameters", ()) if sizing.roles[p.name] == "other" and role(p.name) == "samples")

    def reaches(self, function: Callable[..., Any], model: Held) -> bool:
        """Whether a function can get at the parameters: as a method, or by taking them."""
        if getattr(function, "__self__", None) is model.value:
            return True
        from chainrule.recognition.forms import GlobalForm

        if isinstance(self.form, GlobalForm):
            return True
        try:
            names = self.form.named(model)  # type: ignore[union-attr]
            taken = bind(function, Known({"x": 0, "y": 0, "output": 0, "params": 0, "cache": 0, "lr": 0}, names)).taken
        except Unbound:
            return False
        return "params" in taken.values() or any(name in names for name in taken)

    # The attempts

    def try_forward(self, name: str, function: Callable[..., Any], model: Held, x: Any) -> Site:
        if not self.reaches(function, model):
            raise NotThisWay("it does not take the parameters")
        arguments = bind(function, self.known(model, passing=True, x=x))
        if "x" not in arguments.taken.values():
            raise NotThisWay("it takes no inputs")
        result = function(*arguments.arguments, **arguments.keywords)
        wanted = self.output_shapes(model, x)
        inside = result is None or not any(True for _ in leaves(result))
        source = model.value if inside else result
        names = named_values(function, result)
        outputs = [path for path, leaf in leaves(source) if shape(leaf) in wanted]
        if not outputs:
            raise NotThisWay(f"expected an array of shape {' or '.join(map(str, wanted))}, found {describe_result(result)}")
        path = likeliest_output(outputs, source, result, names)
        return Site("forward", name, relative(path, source, model), (), tuple(arguments.taken.items()), inside=inside)

    def output_shapes(self, model: Held, x: Any) -> list[tuple[int, ...]]:
        """The shapes in which the output for x may come."""
        d, k = model.sizes[0], model.sizes[-1]
        if len(shape(x)) == 1:
            return [(k,), (1, k), (k, 1)]
        rows, columns = shape(x)
        if (rows, columns) == (d, 1) or (rows, columns) == (1, d):
            return [(k, 1), (1, k), (k,)]
        n = rows if columns == d else columns
        return [(n, k), (k, n)] if columns == d else [(k, n), (n, k)]

    def try_loss(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Site:
        if matches(NOT_THE_LOSS, name) and not name.lower().startswith("loss"):
            raise NotThisWay("its name says something else")
        if y is not None:
            self.before(model, x)
        as_output = not self.reaches(function, model)
        arguments = bind(function, self.known(model, x=x, y=y, as_output=as_output))
        if y is not None and "y" not in arguments.taken.values():
            raise NotThisWay("it takes no labels")
        result = function(*arguments.arguments, **arguments.keywords)
        path = next((path for path, leaf in leaves(result) if np.size(to_numpy(leaf)) == 1), None)
        if path is None or len(path) > 1:
            raise NotThisWay(f"expected a number, found {describe_result(result)}")
        return Site("loss", name, path, (), tuple(arguments.taken.items()))

    def try_backward(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Site:
        slots = self.slots(model)
        assert slots is not None
        before = slots.read(model.value)
        self.before(model, x)
        site = Site("backward", name)
        result = self.call_backward(site, model, x, y, 2.0**-3, function)
        after = slots.read(model.value)
        changed = any(not np.array_equal(a, b) for a, b in zip([*before[0], *before[1]], [*after[0], *after[1]], strict=True))
        paths = gradient_paths(result, slots, model, named_values(function, result), names=self.form.slot_names(slots))
        gives = rank("backward", name) is not None or rank("loss", name) is not None  # the others give new parameters
        if paths is not None and not changed and gives:
            return Site("backward", name, (), paths, how="returned")
        if not changed and rank("fit", name) is None:
            paths = gradient_paths(model.value, slots, model, {}, names=self.form.slot_names(slots), inside=True)
            if paths is not None:
                return Site("backward", name, (), paths, how="attributes", inside=True)
        if not changed and self.adopt(model, result, function, write=False) is not None:
            changed = True  # a function that returns new parameters
        if changed:
            self.restore_parameters(model, before)
            self.recovery_rate = RATES[0]
            return Site("backward", name, how="update")
        raise NotThisWay(f"no gradients shaped like the parameters in what it returns ({describe_result(result)}) or keeps")

    def call_backward(
        self, site: Site, model: Held, x: Any, y: Any, rate: float, function: Callable[..., Any] | None = None
    ) -> Any:
        function = function or self.function(site, model)
        self.set_rate(model, rate)
        known = self.known(model, x=x, y=y, lr=rate, epochs=1, batch_size=samples(x, y), output_gradient=Thunk(lambda: self.output_gradient(model, x, y)), seed=0)
        if rank("fit", site.name) is not None and rank("backward", site.name) is None:
            known = Known({key: value for key, value in known.roles.items() if key not in ("output", "cache")}, self.form.named(model), known.order)  # type: ignore[union-attr]
            self.set_attributes(model, {"epochs": 1, "batch_size": samples(x, y)})
        arguments = bind(function, known)
        if not {"y", "output_gradient"} & set(arguments.taken.values()):
            if rank("backward", site.name) is None:
                raise NotThisWay("it takes no labels")
            self.loss(model, x, y)  # it goes back from the loss that was computed last
        with self.initialization_stands(model):
            return function(*arguments.arguments, **arguments.keywords)

    def output_gradient(self, model: Held, x: Any, y: Any) -> Any:
        """What a backward pass starts from: as an object for the loss gives it, else (p - y) / N."""
        head = self.form.head  # type: ignore[union-attr]
        if head is not None and head.object is not None and type(model.value).__name__ != "Stack":
            p = of_kind(self.probabilities(model), self.arrays, self.dtype)
            head.loss(model.output, p, y)
            return head.gradient(model.output, p, y, lambda: self.surplus(model, x, y))
        return self.surplus(model, x, y)

    def probabilities(self, model: Held) -> np.ndarray:
        """The last output, as probabilities; of logits their softmax, where softmax and loss are beside the network."""
        output = to_numpy(model.output)
        if are_probabilities(output):
            return output
        axis = 0 if output.shape[0] == model.sizes[-1] else output.ndim - 1
        e = np.exp(output - output.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)

    def surplus(self, model: Held, x: Any, y: Any) -> Any:
        """(p - y) / N."""
        output = self.probabilities(model)
        one_hot = to_numpy(y)
        n = samples(x, y)
        if one_hot.ndim == 1 and output.ndim == 2:
            k = model.sizes[-1]
            one_hot = np.eye(k)[one_hot.astype(int)]
            one_hot = one_hot if output.shape == one_hot.shape else one_hot.T
        return of_kind((output - one_hot.reshape(output.shape)) / n, self.arrays, self.dtype)

    def recovered(self, site: Site, model: Held, x: Any, y: Any) -> Any:
        """Gradients from the change of the parameters by one update, at two rates that must agree."""
        slots = self.slots(model)
        assert slots is not None
        before = slots.read(model.value)
        found = []
        for rate in RATES:
            self.before(model, x)
            function = self.function(site, model)
            result = self.call_backward(site, model, x, y, rate, function)
            after = self.adopt(model, result, function, write=False) or slots.read(model.value)
            found.append([[(a - b) / rate for a, b in zip(*groups, strict=True)] for groups in zip(before, after, strict=True)])
            model.value = slots.write(model.value, *before)
        for layer, (coarse, fine) in enumerate(zip(found[0][0], found[1][0], strict=True)):
            if coarse.shape != fine.shape:
                continue
            size = np.abs(coarse).max() + np.abs(fine).max() + np.abs(before[0][layer]).max()
            u = np.finfo(before[0][layer].dtype if before[0][layer].dtype.kind == "f" else float).eps
            if not np.abs(coarse - fine).max() <= 1e4 * u * size:
                raise Contradiction(
                    f"{site.name}: the update of weights[{layer}] divided by the learning rate should not depend on the rate; "
                    f"at rates {RATES[0]:g} and {RATES[1]:g} it differs by {np.abs(coarse - fine).max():.3g}: "
                    "a parameter is updated before the error is propagated back through it"
                )
        return tuple(found[0])

    def try_step(self, name: str, function: Callable[..., Any], model: Held, grads: Any, lr: float) -> Site:
        backward = self.sites.get(("backward", len(model.sizes)))
        if not isinstance(backward, Site):
            raise NotThisWay("no gradients are known that it could be given")
        if backward.how == "update":
            raise Unseen(f"{backward.name} updates the parameters itself: there is no step of its own")
        site = Site("step", name)
        before = self.parameters(model)
        self.run_step(site, model, grads, lr, function)
        after = self.parameters(model)
        if all(np.array_equal(a, b) for a, b in zip([*before[0], *before[1]], [*after[0], *after[1]], strict=True)):
            raise NotThisWay("it changes no parameter")
        self.restore_parameters(model, before)
        return site

    def restore_parameters(self, model: Held, parameters: Any) -> None:
        slots = self.slots(model)
        assert slots is not None
        model.value = slots.write(model.value, *parameters)

    def run_step(self, site: Site, model: Held, grads: Any, lr: float, function: Callable[..., Any] | None = None) -> None:
        backward = self.sites[("backward", len(model.sizes))]
        assert isinstance(backward, Site)
        function = function or self.function(site, model)
        x, y = self.dummy(model)
        self.before(model, x)
        self.set_rate(model, lr)
        producer = self.function(backward, model)
        result = self.call_backward(backward, model, x, y, lr)
        if backward.how == "returned":
            result = copy.deepcopy(result)
        source = result if backward.how == "returned" else model.value
        for paths, group in zip(backward.paths, grads, strict=True):
            for path, gradient in zip(paths, group, strict=True):
                source = put(source, path, np.asarray(gradient))
        named: dict[str, Any] = {}
        roles: dict[str, Any] = {"lr": lr, "samples": samples(x, y)}
        if backward.how == "returned":
            named = named_values(producer, source)
            roles["grads"] = gradients_alone(source, backward.paths)
        handed = self.form.handed(model)  # type: ignore[union-attr]
        roles["params"] = model.value if handed is None else handed
        order = ("grads", "lr") if handed is None else ("params", "grads", "lr")
        known = Known(roles, self.form.named(model) | named, order)  # type: ignore[union-attr]
        arguments = bind(function, known)
        changed = function(*arguments.arguments, **arguments.keywords)
        self.adopt(model, changed, function)

    def dummy(self, model: Held) -> tuple[Any, Any]:
        """A batch that gradients can be had of: the one on which backward was tried."""
        assert self.batch is not None
        return self.batch(model.sizes)

    def first_parameter(self, model: Held) -> Any:
        """The first layer's weights, as the code holds them."""
        slots = self.slots(model)
        return None if slots is None else follow(model.value, slots.weights[0].path)

    def takes_seed(self) -> bool:
        """Whether a seed, or a generator, is an argument of what makes networks."""
        sizing = getattr(self.form, "sizing", None)
        return sizing is None and self.form is None or any(role(p.name) in ("seed", "rng") for p in getattr(sizing, "parameters", ()))

    def adopt(self, model: Held, result: Any, function: Callable[..., Any], *, write: bool = True) -> Any:
        """Take over parameters that a function returned instead of changing them in place.  Returns them, or None."""
        handed = self.form.handed(model) if self.form else None
        if handed is None or result is None:
            return None
        slots = self.slots(model)
        assert slots is not None
        for candidate in (result, *(result if isinstance(result, (tuple, list)) else ())):
            if type(candidate) is not type(handed) or len(candidate) != len(handed):
                continue
            try:
                found = slots.read(candidate)
            except Exception:
                continue
            wanted = slots.read(handed)
            if [a.shape for a in found[0] + found[1]] == [a.shape for a in wanted[0] + wanted[1]]:
                if write:
                    model.value = candidate
                return found
        names = named_values(function, result)
        own = self.form.named(model)  # type: ignore[union-attr]
        if own and all(name in names for name in own):
            held = Held(handed, model.sizes)
            value = handed
            for path_slot in (*slots.weights, *slots.biases):
                key = list(own)[path_slot.path[0].key] if isinstance(path_slot.path[0].key, int) else path_slot.path[0].key  # type: ignore[union-attr]
                value = put(value, path_slot.path, to_numpy(names[key])) if write else value
            if write:
                model.value = value
            order = list(own)
            read = lambda group: [to_numpy(names[order[s.path[0].key] if isinstance(s.path[0].key, int) else s.path[0].key]) for s in group]  # type: ignore[union-attr]  # noqa: E731
            del held
            return read(slots.weights), read(slots.biases)
        return None

    def try_fit(self, name: str, function: Callable[..., Any], model: Held, x: Any, y: Any) -> Site:
        site = Site("fit", name)
        before = self.parameters(model)
        n = len(x) if y is None else samples(x, y)
        arguments = self.fit_arguments(site, model, x, y, 1, n, 0.25, 0, function)
        roles = set(arguments.taken.values())
        if not {"x", "y"} <= roles and (y is not None or "x" not in roles):
            raise NotThisWay("it takes no inputs and labels" if y is not None else "it takes no pairs of inputs and labels")
        has_batches = "batch_size" in roles or self.has_attribute(model, "batch_size")
        repeated = "epochs" not in roles and not self.has_attribute(model, "epochs")
        counted = next((p for p, taken in arguments.taken.items() if taken == "epochs"), "epochs")
        if has_batches and "iter" in plain(counted):
            raise Unseen(f"{name} draws batches {counted} times: it has no epochs that could be looked at")
        site = Site("fit", name, taken=tuple(arguments.taken.items()), how="batches" if has_batches else "single" if self.one_by_one else "whole", repeated=repeated)
        self.run_fit(site, model, x, y, 1, n, 0.25, 0, n, function)
        after = self.parameters(model)
        if all(np.array_equal(a, b) for a, b in zip([*before[0], *before[1]], [*after[0], *after[1]], strict=True)):
            raise NotThisWay("it changes no parameter")
        self.restore_parameters(model, before)
        return site

    def fit_arguments(
        self, site: Site, model: Held, x: Any, y: Any, epochs: int, batch_size: int, lr: float, seed: int, function: Any
    ) -> Any:
        roles: dict[str, Any] = {} if y is None else {"y": y}
        roles |= {"inputs": model.sizes[0], "outputs": model.sizes[-1]}
        roles |= {"hidden": model.sizes[1], "hiddens": list(model.sizes[1:-1])} if len(model.sizes) > 2 else {}
        roles |= {"x": x, "sizes": list(model.sizes), "epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed, "rng": np.random.default_rng(seed)}
        tools = getattr(self.form, "tools", None)
        if tools is not None and tools.optimizer is not None:
            roles["optimizer"] = Thunk(lambda: made_with_rate(tools.optimizer, lr))
        handed = self.form.handed(model)  # type: ignore[union-attr]
        roles["params"] = model.value if handed is None else copy.deepcopy(handed)
        known = Known(roles, self.form.named(model), ("x", "y", "epochs", "lr"))  # type: ignore[union-attr]
        return bind(function, known)

    def run_fit(
        self, site: Site, model: Held, x: Any, y: Any, epochs: int, batch_size: int, lr: float, seed: int, whole: int,
        function: Callable[..., Any] | None = None,
    ) -> Any:  # fmt: skip
        if site.how == "single" and batch_size > 1 and whole > 1:
            raise Unseen(f"{site.name} makes an update for every sample: it has no batches")
        if site.how in ("whole", "update") and batch_size < whole:
            raise Unseen(f"{site.name} takes no batch size: every epoch is one step along the gradient of all samples")
        function = function or self.function(site, model)
        if site.how == "update":
            for _ in range(epochs):
                self.before(model, x)
                self.adopt(model, self.call_backward(site, model, x, y, lr, function), function)
            return None
        if y is not None:
            self.count(model, x)
        arguments = self.fit_arguments(site, model, x, y, epochs, batch_size, lr, seed, function)
        self.set_rate(model, lr)
        self.set_attributes(model, {"epochs": epochs, "batch_size": batch_size, "seed": seed})
        self.seed_generators(model, seed)
        with seeded(seed):
            for _ in range(epochs if site.repeated else 1):
                if site.repeated:
                    arguments = self.fit_arguments(site, model, x, y, epochs, batch_size, lr, seed, function)
                with self.initialization_stands(model):
                    result = function(*arguments.arguments, **arguments.keywords)
                self.adopt(model, result, function)
        return None if site.repeated else history(result, epochs)

    def try_predict(self, name: str, function: Callable[..., Any], model: Held, x: Any) -> Site:
        as_output = not self.reaches(function, model)
        arguments = bind(function, self.known(model, x=x, as_output=as_output))
        if "x" not in arguments.taken.values():
            self.before(model, x)
            arguments = bind(function, self.known(model, x=x, as_output=as_output))
        result = function(*arguments.arguments, **arguments.keywords)
        n = max(self.output_shapes(model, x)[0][0], 1)
        counts = {size for wanted in self.output_shapes(model, x) for size in wanted} - {model.sizes[-1]} or {n}
        for path, leaf in leaves(result):
            if len(path) <= 1 and (np.size(to_numpy(leaf)) in counts) and is_integral(leaf):
                return Site("predict", name, path, (), tuple(arguments.taken.items()))
        if shape(result) in self.output_shapes(model, x):
            raise Unseen(f"{name} gives probabilities; no function gives labels")
        raise NotThisWay(f"expected integer labels, found {describe_result(result)}")

    # The state of the code around a call

    def set_rate(self, model: Held, rate: float) -> None:
        self.set_attributes(model, {"lr": rate})

    def set_attributes(self, model: Held, values: Mapping[str, Any], names: Sequence[str] | None = None) -> None:
        """Hyperparameters that an object keeps, and its optimizer too."""
        for owner in self.owners(model) if names != () else ():
            for name, old in list(vars(owner).items()):
                wanted = role(name)
                if names is not None and name not in names:
                    continue
                if wanted in values and isinstance(old, (int, float)) and not isinstance(old, bool):
                    setattr(owner, name, values[wanted])

    def owners(self, model: Held) -> list[Any]:
        value = model.value
        if not hasattr(value, "__dict__"):
            return []
        inner = [item for item in vars(value).values() if hasattr(item, "__dict__") and not is_array(item) and not callable(item)]
        listed = [item for items in vars(value).values() if isinstance(items, (list, tuple)) for item in items if hasattr(item, "__dict__") and not is_array(item)]
        return [value, *inner, *listed]

    def has_attribute(self, model: Held, wanted: str) -> bool:
        return hasattr(model.value, "__dict__") and any(
            role(name) == wanted and isinstance(value, (int, float)) for name, value in vars(model.value).items()
        )

    def seed_generators(self, model: Held, seed: int) -> None:
        """A network that keeps a generator of its own draws from it: it is put into the state of the seed."""
        for owner in self.owners(model):
            for name, value in list(vars(owner).items()):
                if isinstance(value, np.random.Generator):
                    value.bit_generator.state = type(value.bit_generator)(seed).state
                elif isinstance(value, np.random.RandomState):
                    value.seed(seed)
                elif isinstance(value, random.Random):
                    value.seed(seed)

    @contextlib.contextmanager
    def initialization_stands(self, model: Held) -> Iterator[None]:
        """While code trains that would initialize first, its initialization gives the present parameters."""
        from chainrule.recognition.forms import ClassForm, FunctionForm

        form = self.form
        if isinstance(form, FunctionForm):
            namespace = form.init.__globals__
            old = namespace.get(form.name)
            value = copy.deepcopy(model.value)
            namespace[form.name] = lambda *_arguments, **_keywords: value
            try:
                yield
            finally:
                namespace[form.name] = old
        elif isinstance(form, ClassForm) and form.initializer and hasattr(model.value, "__dict__"):
            vars(model.value)[form.initializer] = lambda *_arguments, **_keywords: None
            try:
                yield
            finally:
                vars(model.value).pop(form.initializer, None)
        else:
            yield


def made_with_rate(cls: type, lr: float) -> Any:
    """An optimizer of this learning rate."""
    arguments = bind(cls, Known({"lr": lr}))
    return cls(*arguments.arguments, **arguments.keywords)


def of_probabilities(_name: str, function: Callable[..., Any], operation: str) -> bool:
    """Whether a cross-entropy is not one of logits, by the name of what it takes."""
    if operation != "cross_entropy":
        return True
    try:
        return not any(plain(p.name) in ("logits", "scores", "z") for p in parameters_of(function))
    except Unbound:
        return True


def stands_alone(operation: str, function: Callable[..., Any]) -> bool:
    """Whether a method needs nothing of its object: a cross-entropy of probabilities, not of inputs."""
    try:
        roles = [role(p.name) for p in parameters_of(function)]
    except Unbound:
        return False
    return operation != "cross_entropy" or ("output" in roles and "x" not in roles)


def methods_and_functions(form: Form, model: Held) -> Iterator[Operation]:
    """All that a form has to call, methods first."""
    for operation in ("forward", "predict", "loss", "backward", "step", "fit"):
        yield from form.functions(operation, model)
    yield from form.everything(model)


def fits(operation: str, place: str, name: str) -> bool:
    """Whether a function found under one operation's names may stand in for another."""
    if operation == place:
        return True
    places = {"forward": ("predict", "loss"), "backward": ("loss", "step", "fit"), "fit": ("step",)}
    return place in places.get(operation, ())


def gradient_paths(
    source: Any,
    slots: Slots,
    model: Held,
    found_names: Mapping[str, Any],
    *,
    names: Sequence[str],
    inside: bool = False,
) -> tuple[tuple[Path, ...], tuple[Path, ...]] | None:
    """Where in `source` the gradient of every parameter stands: by its name, else by its shape."""
    own = slots.paths()
    found = [(path, leaf) for path, leaf in leaves(source) if not (inside and path in own)]
    if inside:
        found = [(path, leaf) for path, leaf in found if is_gradient(label(path)) or any(is_gradient(n) for n in names_on(path))]
    titles = {id(value): name for name, value in found_names.items()}
    taken: list[Path] = []
    for slot, name in zip((*slots.weights, *slots.biases), names, strict=True):
        path = by_name(found, slot, name, titles, taken) or by_shape(found, slot.read(model.value).shape, taken)
        if path is None:
            return None
        taken.append(path)
    count = len(slots.weights)
    return tuple(taken[:count]), tuple(taken[count:])


def is_gradient(name: str) -> bool:
    return matches(GRADIENTS, name) or plain(name)[:1] == "d" and len(plain(name)) > 1


def names_on(path: Path) -> list[str]:
    return [step.name if isinstance(step, Attribute) else str(step.key) for step in path]


def by_name(
    found: Sequence[tuple[Path, Any]], slot: Slot, name: str, titles: Mapping[int, str], taken: Sequence[Path]
) -> Path | None:
    """The leaf called like the parameter, with or without the mark of a gradient, standing where it stands."""
    wanted = stem(name)
    fitting = []
    for path, leaf in found:
        name = titles.get(id(leaf)) or label(path)
        if path not in taken and not name.isdigit() and stem(name) == wanted and (is_array(leaf) or shape(leaf) or np.ndim(leaf) == 0):
            fitting.append(path)
    if len(fitting) > 1:  # layers[0].dW and layers[1].dW: the one on the same way
        near = [path for path in fitting if indices(path) == indices(slot.path)]
        fitting = near or []
    return fitting[0] if fitting else None


def indices(path: Path) -> list[Any]:
    return [step.key for step in path if isinstance(step, Item)]


def stem(name: str) -> str:
    """A name without the mark of a gradient: dW1, grad_W1, W1_grad and delta_w1 -> w1."""
    name = plain(name)
    for mark in ("gradients", "gradient", "grads", "grad", "deltas", "delta", "nabla", "derivative", "dl", "d"):
        if name.startswith(mark) and len(name) > len(mark):
            name = name[len(mark) :]
            break
    for mark in ("gradients", "gradient", "grads", "grad", "deltas", "delta"):
        name = name.removesuffix(mark)
    return {"weight": "w", "weights": "w", "bias": "b", "biases": "b", "kernel": "w"}.get(name, name)


def by_shape(found: Sequence[tuple[Path, Any]], wanted: tuple[int, ...], taken: Sequence[Path]) -> Path | None:
    """The only leaf of that shape; a bias's gradient may have an axis more or less."""
    same = {wanted} | ({(max(wanted),), (1, max(wanted)), (max(wanted), 1)} if len(wanted) == 1 or 1 in wanted else set())
    fitting = [path for path, leaf in found if path not in taken and shape(leaf) in same]
    exact = [path for path, leaf in found if path not in taken and shape(leaf) == wanted]
    marked = [path for path in (exact or fitting) if is_gradient(label(path))]
    return next(iter(marked or exact or fitting), None)


def likeliest_output(outputs: Sequence[Path], source: Any, result: Any, names: Mapping[str, Any]) -> Path:
    """Which of several arrays of the right shape is the output: the one that holds probabilities; else by its name; else
    by its place: first where the rest is a cache, last where a pass returns all it computed.
    """
    if len(outputs) == 1:
        return outputs[0]
    sure = [path for path in outputs if are_probabilities(to_numpy(follow(source, path)))]
    if sure:
        return sure[0] if len(sure[0]) == 1 and sure[0][0] == Item(0) else sure[-1]
    if isinstance(result, tuple) and outputs[0] == (Item(0),) and not is_array(result[-1]):
        return outputs[0]
    titles = {id(value): name for name, value in names.items()}
    named = [path for path in outputs if matches(r"(a|p|prob|y|out|al|pred).*", titles.get(id(follow(source, path)), label(path)))]
    return (named or list(outputs))[-1]


def are_probabilities(p: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        sums = [p.sum(axis=axis) for axis in range(p.ndim)]
        return bool((p >= 0).all()) and any(np.allclose(total, 1, atol=1e-3) for total in sums)


def relative(path: Path, source: Any, model: Held) -> Path:
    """A path meant for other depths as well: items of lists near their end are counted from there."""
    steps: list[Any] = []
    for i, step in enumerate(path):
        holder = follow(source, path[:i])
        if isinstance(step, Item) and isinstance(step.key, int) and isinstance(holder, list) and step.key > 0 and step.key >= len(holder) - 2:
            step = Item(step.key - len(holder))
        steps.append(step)
    return tuple(steps)


def remainder(model: Held) -> Any:
    """What a forward pass returned beside its output: the cache; all of it where there is nothing beside."""
    result = model.forwarded
    if isinstance(result, tuple) and len(result) == 2:
        others = [item for item in result if item is not model.output]
        return others[0] if len(others) == 1 else result
    return result


def gradients_alone(result: Any, groups: Sequence[Sequence[Path]]) -> Any:
    """What a function returned, without a loss or anything else that stands beside the gradients."""
    firsts = {path[0] for group in groups for path in group if path}
    if isinstance(result, tuple) and len(result) > 1 and len(firsts) == 1:
        return follow(result, (*firsts,))
    return result


def samples(x: Any, y: Any) -> int:
    """How many samples there are: inputs without a second axis are one; of one-hot labels each has a single 1."""
    if x is not None and len(shape(x)) == 1:
        return 1
    found = to_numpy(y)
    if found.ndim < 2:
        return int(found.size) if found.ndim else 1
    return int(found.sum()) or int(found.shape[0])


def is_integral(value: Any) -> bool:
    array = to_numpy(value)
    return bool(np.array_equal(array, np.round(array)))


def history(result: Any, epochs: int) -> Any:
    """The losses that a training returned, if it did: a list of as many numbers as there were epochs."""
    candidates = [result, *(result if isinstance(result, tuple) else ()), *(result.values() if isinstance(result, dict) else ())]
    for candidate in candidates:
        if isinstance(candidate, (list, np.ndarray)) and len(candidate) == epochs:
            if all(isinstance(value, (float, np.floating)) for value in candidate):
                return list(candidate)
    return None


def describe_result(result: Any) -> str:
    if isinstance(result, tuple):
        return f"({', '.join(describe(item) for item in result[:6])})"
    return describe(result)


def bound(name: str, function: Callable[..., Any], known: Known) -> Any:
    try:
        return bind(function, known)
    except Unbound as error:
        raise NotOffered(f"{name}: nothing is known for its parameter {error}") from None


def first(function: Callable[..., Any], arguments: Any, fitting: Callable[[Any], bool]) -> Any:
    """The result, or the first part of it that fits where it has several, such as (a, cache)."""
    result = function(*arguments.arguments, **arguments.keywords)
    if isinstance(result, tuple):
        return next((part for part in result if (is_array(part) or np.ndim(part) == 0) and fitting(part)), result)
    return result


def spelled(pattern: Sequence[int | None] | None) -> str:
    """[784, *, 10]"""
    return "any" if pattern is None else f"[{', '.join('*' if size is None else str(size) for size in pattern)}]"


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """The global generators decided by a seed, and put back afterwards; code that seeds them itself is not heard."""
    state, own = np.random.get_state(), random.getstate()
    np.random.seed(seed)
    random.seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch_state = torch.get_rng_state()
        torch.manual_seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
        random.setstate(own)
        if torch is not None:
            torch.set_rng_state(torch_state)

