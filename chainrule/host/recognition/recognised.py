"""A network of some form as an Implementation, in the code's own conventions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from chainrule.contract.errors import NotOffered
from chainrule.contract.implementation import source_line
from chainrule.host.recognition.attempts import Attempts
from chainrule.host.recognition.forms import Held, spelled
from chainrule.host.recognition.namespaces import Operation
from chainrule.host.recognition.native_style import of_probabilities, stands_alone
from chainrule.host.recognition.plan import Plan, TrainingArguments
from chainrule.host.recognition.structures import follow
from chainrule.host.recognition.surroundings import leave_inputs, seeded
from chainrule.host.recognition.vocabulary import rank, role


class Recognised(Attempts):
    """The functions of a namespace, and a network of some form."""

    def supports(self, sizes: Sequence[int]) -> str | None:
        if self.form.fitted(sizes) != list(sizes):
            return f"{self.form.title} makes networks of sizes {spelled(self.form.pattern)} only"
        if self.form.slots(len(sizes) - 1) is None:
            return f"{self.form.title} makes no network of {len(sizes) - 1} layers"
        return self.form.refuses(sizes)

    def create(self, sizes: Sequence[int], seed: int) -> Held:
        with seeded(seed):
            model = self.form.create(sizes, seed)
        leave_inputs(model.value)
        if self.form.slots(len(sizes) - 1) is None:
            raise NotOffered(f"{self.form.title}: chainrule found no weights and biases of sizes {list(sizes)} in it")
        return model

    def parameters(self, model: Held) -> Any:
        return self.slots(model).read(model.value)

    def assign(self, model: Held, weights: Any, biases: Any) -> None:
        slots = self.slots(model)
        try:
            model.value = slots.write(model.value, weights, biases)
        except ValueError as error:
            raise NotOffered(f"{slots.weights[0]}: values cannot be assigned ({error})") from None

    def forward(self, model: Held, x: Any) -> Any:
        return self.run_forward(self.plan("forward", model, x), model, x)

    def loss(self, model: Held, x: Any, y: Any) -> Any:
        plan = self.plan("loss", model, x, y)
        if y is not None:
            self.before_loss(self.function(plan, model), model, x)
        return self.call(plan, model, x=x, y=y)

    def backward(self, model: Held, x: Any, y: Any) -> Any:
        return self.run_backward(self.plan("backward", model, x, y), model, x, y)

    def step(self, model: Held, grads: Any, lr: float) -> None:
        self.run_step(self.plan("step", model, grads, lr), model, grads, lr)

    def fit(self, model: Held, x: Any, y: Any, **given: Any) -> Any:
        return self.run_fit(self.plan("fit", model, x, y), model, TrainingArguments(x, y, **given))

    def predict(self, model: Held, x: Any) -> Any:
        plan = self.plan("predict", model, x)
        if "x" not in dict(plan.taken).values():
            self.before(model, x)
        return self.call(plan, model, x=x)

    def first_parameter(self, model: Held) -> Any:
        """The first layer's weights, in the code's own kind of array."""
        return follow(model.value, self.slots(model).weights[0].path)

    def own_arrays(self, model: Held) -> list[Any]:
        """The parameters in the code's own kinds of arrays."""
        return self.slots(model).live(model.value)

    def takes_seed(self) -> bool:
        """Whether the function that makes networks takes a seed or a generator."""
        sizing = self.form.sizing
        shown = set() if sizing is None else {sizing.role_of(parameter) for parameter in sizing.parameters}
        return self.form.seeded or bool({"seed", "rng"} & shown)

    @property
    def fit_takes_seed(self) -> bool:
        """Whether the training function takes a seed or a generator, as an argument or from its object."""
        plans = [plan for (operation, _), plan in self.plans.items() if operation == "fit" and isinstance(plan, Plan)]
        if not plans:
            return True
        model = self.sample()
        kept = vars(model.value) if model is not None and hasattr(model.value, "__dict__") else ()
        return any({"seed", "rng"} & {*dict(plan.taken).values(), *map(role, kept)} for plan in plans)

    def lone_methods(self, operation: str) -> list[Operation]:
        model = self.sample()
        if model is None:
            return []
        return [
            (name, function)
            for name, function in self.form.functions(operation, model)
            if rank(operation, name) is not None
            and stands_alone(operation, function)
            and of_probabilities(operation, name, function)
        ]

    def author_of(self, name: str) -> Any:
        plans = (plan for (operation, _), plan in self.plans.items() if operation == name and isinstance(plan, Plan))
        plan, model = next(plans, None), self.sample()
        return None if plan is None or model is None else self.function(plan, model)

    def sample(self) -> Held | None:
        return self._sample

    @cached_property
    def _sample(self) -> Held | None:
        try:
            return self.create(self.form.probe_sizes(), 0)
        except Exception:
            return None

    def offers(self, name: str) -> bool:
        return name == "create" or super().offers(name)

    def where(self, name: str) -> str | None:
        if name == "create":
            return source_line(self.form.maker)
        plans = [plan for (operation, _), plan in self.plans.items() if operation == name and isinstance(plan, Plan)]
        model = self.sample()
        if plans and model is not None:
            found = self.form.author(name, model) or self.function(plans[0], model)
            return source_line(getattr(found, "author", found))
        return super().where(name)
