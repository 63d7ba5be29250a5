"""Writes methods of an adapter from recognition's plan: Python with the calls that recognition makes.

It writes only forward, loss and backward, for code with NumPy arrays whose functions take nothing but the operation's
arguments and the parameters.  An adapter leaves all else to `chainrule.recognised`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.host.recognition.binding import Binding, Known, Unbound, bind
from chainrule.host.recognition.forms import Held
from chainrule.host.recognition.function_forms import GlobalForm
from chainrule.host.recognition.native_style import NativeStyle
from chainrule.host.recognition.plan import Plan
from chainrule.host.recognition.recognised import Recognised
from chainrule.host.recognition.structures import Item, Path, spell
from chainrule.host.recognition.surroundings import told_samples
from chainrule.host.translation import Layout

WRITTEN = ("forward", "loss", "backward")
NETWORK = "model.value"  # the code's object, or the parameters that its functions pass to each other
LONGEST = 108  # characters of a line inside a method


class Involved(Exception):
    """The plan does not fit into a few lines."""


class Expression(str):
    """An expression that replaces its value."""


def quoted(value: Any) -> str:
    """A literal, in double quotes if that needs no escapes; an expression as it is."""
    text = str(value) if isinstance(value, Expression) else repr(value)
    return text if isinstance(value, Expression) or '"' in text or "\\" in text else text.replace("'", '"')


def written(raw: NativeStyle, layout: Layout, model: Held | None, operation: str) -> list[str] | None:
    """The lines of an adapter's method, or None if they are too many.  model: a network of any depth."""
    if operation not in WRITTEN or layout.arrays != "numpy" or layout.counts_labels:
        return None
    if not isinstance(raw, Recognised):
        names = {"forward": "x", "loss": "x, y", "backward": "x, y"}
        return [f"return model.{raw.name(operation)}({names[operation]})"] if layout.native else None
    if model is None or raw.counts or told_samples(raw.form) or isinstance(raw.form, GlobalForm):
        return None
    try:
        lines: list[str] = getattr(Writer(raw, layout, model), operation)()
    except (Involved, Unbound, NotImplementedError, LookupError, AttributeError):
        return None
    return lines if max(map(len, lines)) <= LONGEST else None


class Writer:
    """Writes the operations of a recognised network of the depth of `model`."""

    def __init__(self, raw: Recognised, layout: Layout, model: Held) -> None:
        self.raw, self.layout, self.model = raw, layout, model

    def forward(self) -> list[str]:
        plan, turn = self.plan("forward"), self.turn("forward")
        call, _ = self.call(plan, x=f"x{turn}")
        answer = f"{NETWORK if plan.inside else call}{spelled(plan.path)}{turn}"
        answer = f"reference.softmax({answer})" if self.layout.output == "logits" else answer
        return [*([call] if plan.inside else []), f"return {answer}"]

    def loss(self) -> list[str]:
        plan, turn = self.plan("loss"), self.turn("loss")
        first, output = self.traces(turn)
        labels, y = self.labels("loss", turn)
        call, taken = self.call(plan, x=f"x{turn}", y=y, output=output)
        mean = " / len(y)" if self.layout.reduction == "sum" else ""
        before = [] if {"x", "output"} & set(taken.taken.values()) else first
        return [*labels, *before, f"return {call}{spelled(plan.path)}{mean}"]

    def backward(self) -> list[str]:
        plan, turn = self.plan("backward"), self.turn("backward")
        if plan.how not in ("returned", "attributes") or self.raw.cleared_elsewhere(self.model, plan):
            raise Involved
        first, output = self.traces(turn)
        labels, y = self.labels("backward", turn)
        call, _ = self.call(plan, x=f"x{turn}", y=y, lr="1.0", output=output)
        kept = plan.how == "attributes"
        root, copied = (NETWORK, ".copy()") if kept else ("grads", "")
        weights = self.listed(root, plan.paths[0], (".T" if self.layout.weights == "out_in" else "") + copied)
        biases = self.listed(root, plan.paths[1], copied)
        mean = " / len(y)" if self.layout.reduction == "sum" else ""
        lines = [f"weight_grads = {weights}", f"bias_grads = {biases}"]
        answer = "return [g / len(y) for g in weight_grads], [g / len(y) for g in bias_grads]" if mean else ""
        return [
            *labels,
            *first,
            call if kept else f"grads = {call}",
            *lines,
            answer or "return weight_grads, bias_grads",
        ]

    def plan(self, operation: str) -> Plan:
        found = self.raw.plans.get((operation, len(self.model.sizes)))
        if not isinstance(found, Plan):
            raise Involved
        return found

    def turn(self, operation: str) -> str:
        """The expression that turns rows into an operation's layout of samples."""
        way = self.layout.way(operation)
        if way not in ("rows", "columns"):
            raise Involved
        return ".T" if way == "columns" else ""

    def labels(self, operation: str, turn: str) -> tuple[list[str], str]:
        """(lines that encode the labels, the expression for the encoded labels)."""
        if self.layout.labels.get(operation, "index") == "index":
            return [], "y"
        return ["classes = len(self.parameters(model)[1][-1])"], f"np.eye(classes)[y]{turn}"

    def traces(self, turn: str) -> tuple[list[str], str]:
        """(the line that runs the forward pass before another operation, an expression for its output)."""
        if self.turn("forward") != turn:
            raise Involved
        plan = self.plan("forward")
        call, _ = self.call(plan, x=f"x{turn}")
        return [call], f"{NETWORK if plan.inside else call}{spelled(plan.path)}"

    def call(self, plan: Plan, **roles: str) -> tuple[str, Binding]:
        """(the call that recognition makes, how its arguments are bound)."""
        function = self.raw.function(plan, self.model)
        if self.raw.namespace.get(plan.name) is function:
            name = f"self.target.{plan.name}"
        elif getattr(self.model.value, plan.name, None) == function:
            name = f"{NETWORK}.{plan.name}"
        else:
            raise Involved
        given = {role: Expression(expression) for role, expression in roles.items()}
        given |= {"params": Expression(NETWORK), "samples": Expression("len(x)")}
        order: list[str] = [role for role in ("x", "y") if role in roles]
        as_role = {}
        if plan.operation != "forward" and not self.raw.reaches(function, self.model):
            del given["x"]
            order, as_role = ["output", *order[1:]], {"x": "output"}
        found = bind(function, Known(given, self.named(), order, as_role))
        values = [*map(quoted, found.arguments), *(f"{key}={quoted(value)}" for key, value in found.keywords.items())]
        return f"{name}({', '.join(values)})", found

    def named(self) -> dict[str, Expression]:
        """Parameters by the names under which functions take them, as expressions."""
        value, named = self.model.value, self.raw.form.named(self.model)
        items = list(value.items() if isinstance(value, dict) else enumerate(value) if named else ())
        found = {name: [key for key, item in items if item is array] for name, array in named.items()}
        if not all(found.values()):
            raise Involved
        return {name: Expression(f"{NETWORK}[{quoted(keys[0])}]") for name, keys in found.items()}

    def listed(self, root: str, paths: Sequence[Path], suffix: str) -> str:
        """The expression for a list of the arrays at these paths, one for each layer."""
        if self.raw.form.pattern is not None:
            return f"[{', '.join(f'{root}{spelled(path)}{suffix}' for path in paths)}]"
        place = next((i for i, step in enumerate(paths[0]) if any(path[i] != step for path in paths[1:])), 0)
        before, after = paths[0][:place], paths[0][place + 1 :]
        if list(paths) != [(*before, Item(i), *after) for i in range(len(paths))]:
            raise Involved
        layers = f"{root}{spelled(before)}"
        return f"[layer{spelled(after)}{suffix} for layer in {layers}]" if after or suffix else f"list({layers})"


def spelled(path: Path) -> str:
    """A path as source, in double quotes."""
    return spell(path).replace("'", '"')
