"""Python source that does what a recognised implementation does: explicit, in the native conventions, a few lines each.

Calls are written by binding names of expressions where chainrule.host.recognition binds values.  What is written here
is a proposal: chainrule.adapters.adapt runs it beside the recognised implementation and keeps it where both agree.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MethodType
from typing import Any

import numpy as np

from chainrule.contract.chapters import NETWORK_METHODS
from chainrule.host.recognition.binding import Known, bind, returned_names
from chainrule.host.recognition.forms import ClassForm, Held
from chainrule.host.recognition.function_forms import FunctionForm
from chainrule.host.recognition.namespaces import methods_of
from chainrule.host.recognition.recognised import FUNCTIONS, Recognised
from chainrule.host.recognition.sites import Site
from chainrule.host.recognition.sizing import SizeArguments
from chainrule.host.recognition.slots import Slot
from chainrule.host.recognition.structures import Attribute, Item, Path, follow, shape
from chainrule.host.recognition.structures import spell as spell_path
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.host.translation import Layout, Translated

Body = list[str]  # the lines of a method
LAST = (  # of lists with an entry for every layer
    (r"list\((.*)\)", r"\1[-1]"),
    (r"\[(\w+)(\S*) for \1 in ([\w.]+)\]", r"\3[-1]\2"),
    (r"\[(.*)\{l\}(.*) for l in range\(1, depth \+ 1\)\]", r"\1{depth}\2"),
)
LONG = 96  # characters of two lists beyond which each has a line of its own


def spell(path: Path) -> str:
    """A path as source, in double quotes."""
    return spell_path(path).replace("'", '"')


class Involved(Exception):
    """Not to be said in a few lines."""


class Source(str):
    """An expression, where a value would stand."""


def literal(value: Any) -> str:
    return str(value) if isinstance(value, Source) else repr(value)


class Drafting:
    """Proposes bodies for the operations of what was recognised.

    translated: the recognised implementation.  model: one of its networks, of generic parameters, that has been run.
    """

    def __init__(self, translated: Translated, model: Held | None) -> None:
        assert isinstance(translated.raw, Recognised)
        self.raw: Recognised = translated.raw
        self.layout: Layout = translated.layout
        self.form, self.model = self.raw.form, model

    def bodies(self, operation: str) -> Iterable[Body]:
        """Proposals, the shortest first; none where it is too involved."""
        if self.layout.arrays != "numpy":
            return
        try:
            if operation in FUNCTIONS:
                yield from getattr(self, operation)()
            elif self.form is None:
                yield from self.native(operation)
            elif self.model is not None:
                yield from getattr(self, operation)()
        except (Involved, LookupError, AttributeError, TypeError, ValueError, AssertionError):
            return
        except Exception as error:
            if type(error).__name__ not in ("Unbound", "NotOffered", "Missing", "Unseen"):
                raise
            return

    # The contract's own names

    def native(self, operation: str) -> Iterable[Body]:
        name = self.raw.name
        weights, biases = f"model.{name('weights')}", f"model.{name('biases')}"
        arguments = {"forward": "x", "loss": "x, y", "backward": "x, y", "step": "grads, lr", "predict": "x"}
        if operation == "create":
            yield [f"return self.target.{name('MLP')}(list(sizes), seed=seed)"]
        elif operation == "parameters":
            yield [f"return {weights}, {biases}"]
        elif operation == "assign":
            yield [
                f"for old, new in zip([*{weights}, *{biases}], [*weights, *biases], strict=True):",
                "    old[...] = new",
            ]
            yield [f"{weights}[:] = weights", f"{biases}[:] = biases"]
            yield [f"{weights} = list(weights)", f"{biases} = list(biases)"]
        elif operation == "fit":
            yield [f"return model.{name('fit')}(x, y, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed)"]
        elif operation in NETWORK_METHODS:
            yield [f"return model.{name(operation)}({arguments[operation]})"]

    # Functions by themselves

    def relu(self) -> Iterable[Body]:
        if self.layout.way("relu") in ("rows", "columns"):
            yield from self.parts(self.alone("relu", "z"), "")

    def softmax(self) -> Iterable[Body]:
        turn = self.turn(self.layout.way("softmax"))
        yield from self.parts(self.alone("softmax", f"z{turn}"), turn)

    def cross_entropy(self) -> Iterable[Body]:
        function, spelling = self.lone("cross_entropy")
        turn = self.turn(self.layout.way("cross_entropy"))
        y = self.labels("cross_entropy", "p.shape[1]")
        known = Known({"output": Source(f"p{turn}"), "y": Source(y)}, order=("output", "y"), as_role={"x": "output"})
        yield from self.parts(self.call(function, spelling, known), self.averaged)

    def xavier(self) -> Iterable[Body]:
        function, spelling = self.lone("xavier")
        sizing = SizeArguments(function)
        turned = ".T" if (self.layout.xavier or self.layout.weights) == "out_in" else ""
        call = self.sized(sizing, spelling, ["fan_in", "fan_out"], "0", "rng")
        if any(role(p.name) == "rng" for p in sizing.parameters):
            yield [f"return {call}{turned}"]
            return
        yield ["np.random.seed(rng.integers(2**31))  # the global generator decides", f"return {call}{turned}"]

    def alone(self, operation: str, argument: str) -> str:
        function, spelling = self.lone(operation)
        others = ("output", "output_gradient", "y", "params", "cache")
        known = Known({"x": Source(argument)}, order=("x",), as_role=dict.fromkeys(others, "x"))
        return self.call(function, spelling, known)

    def lone(self, operation: str) -> tuple[Any, str]:
        name, function = self.raw.lone(operation)
        if self.raw.namespace.get(name) is function:
            return function, f"self.target.{name}"
        if isinstance(self.form, ClassForm) and name in dir(self.form.cls):
            return function, f"self.target.{self.form.name}.{name}"
        raise Involved

    def parts(self, call: str, suffix: str) -> Iterable[Body]:
        """The result, or the first or last part of it."""
        yield [f"return {call}{suffix}"]
        yield [f"return {call}[0]{suffix}"]
        yield [f"return {call}[-1]{suffix}"]

    # Conventions

    def turn(self, way: str) -> str:
        if way not in ("rows", "columns"):
            raise Involved
        return ".T" if way == "columns" else ""

    def labels(self, operation: str, classes: str) -> str:
        """The labels y as the code takes them."""
        turn = self.turn(self.layout.way(operation))
        return f"np.eye({classes})[y]{turn}" if self.layout.labels.get(operation, "index") == "one_hot" else "y"

    @property
    def averaged(self) -> str:
        return " / len(y)" if self.layout.reduction == "sum" else ""

    @property
    def classes(self) -> str:
        """How many there are: the size of the last bias."""
        biases = self.bias_list("")
        if self.fixed:
            return f"{biases[1:-1].split(', ')[-1]}.size"
        for pattern, last in LAST:
            if re.fullmatch(pattern, biases):
                return re.sub(pattern, last, biases) + ".size"
        return f"{biases}[-1].size"

    def data(self, operation: str) -> dict[str, Any]:
        """x and y as an operation of the code takes them."""
        x = Source(f"x{self.turn(self.layout.way(operation))}")
        return {"x": x, "y": Source(self.labels(operation, self.classes))}

    # The network

    @property
    def held(self) -> Held:
        assert self.model is not None
        return self.model

    @property
    def fixed(self) -> bool:
        assert self.form is not None
        return self.form.pattern is not None

    @property
    def turned(self) -> str:
        return ".T" if self.layout.weights == "out_in" else ""

    def create(self) -> Iterable[Body]:
        assert isinstance(self.form, (ClassForm, FunctionForm))
        seeding = [] if self.raw.takes_seed() else ["np.random.seed(seed)"]
        sizing: SizeArguments = self.form.sizing
        call = self.sized(sizing, f"self.target.{self.form.name}", None, "seed")
        if isinstance(self.form, FunctionForm):
            call = f"list({call})" if isinstance(self.held.value, tuple) else call
            lines = [f"return {call}"]
        elif self.form.initializer:
            method = getattr(self.held.value, self.form.initializer)
            later = self.sized(SizeArguments(method), f"model.{self.form.initializer}", None, "seed")
            lines = [f"model = {call}", later, "return model"]
        else:
            lines = [f"return {call}"]
        yield [*seeding, *lines]
        yield ["np.random.seed(seed)", "random.seed(seed)", *lines]

    def sized(
        self, sizing: SizeArguments, spelling: str, sizes: Sequence[str] | None, seed: str, generator: str = ""
    ) -> str:
        """A call of what is given layer sizes: made with numbers that stand for each, and read back.

        generator: an expression for one, where there is one already.
        """
        count = len(self.held.sizes) if sizes is None else len(sizes)
        marks = [10007 + i for i in range(count)]
        arguments, keywords = sizing.arguments(marks, 20011)
        names = sizes or [f"sizes[{i}]" for i in range(count - 1)] + ["sizes[-1]"]
        known = dict(zip(marks, names, strict=True)) | {20011: seed}

        def spelled(value: Any) -> str:
            kind = type(value).__name__
            if isinstance(value, (list, tuple)) and list(value) == marks:
                return f"{kind}(sizes)"
            if isinstance(value, (list, tuple)) and list(value) == marks[1:-1] and sizing.free:
                return f"{kind}(sizes[1:-1])"
            if isinstance(value, np.random.Generator):
                return generator or f"np.random.default_rng({seed})"
            if isinstance(value, np.random.RandomState):
                return f"np.random.RandomState({seed})"
            return (
                known.get(value, repr(value)) if isinstance(value, int) and not isinstance(value, bool) else repr(value)
            )

        given = ["*sizes"] if arguments == marks and sizing.variadic else [spelled(value) for value in arguments]
        return f"{spelling}({', '.join([*given, *(f'{name}={spelled(value)}' for name, value in keywords.items())])})"

    def weight_list(self, suffix: str) -> str:
        return self.listed("model", [self.path_of(slot) for slot in self.slots.weights], suffix)

    def bias_list(self, suffix: str) -> str:
        return self.listed("model", [self.path_of(slot) for slot in self.slots.biases], suffix)

    @property
    def slots(self) -> Any:
        found = self.raw.slots(self.held)
        assert found is not None
        return found

    def path_of(self, slot: Slot) -> Path:
        if slot.rest is not None:
            raise Involved
        return slot.path

    def flat(self, paths: Sequence[Path], source: Any) -> str:
        return ".ravel()" if any(len(shape(follow(source, path))) == 2 for path in paths) else ""

    def parameters(self) -> Iterable[Body]:
        flat = self.flat([slot.path for slot in self.slots.biases], self.held.value)
        lines = both("weights", "biases", self.weight_list(self.turned), self.bias_list(flat))
        yield self.with_depth(self.with_unpacked(lines), own=True)

    def assign(self) -> Iterable[Body]:
        flat = self.flat([slot.path for slot in self.slots.biases], self.held.value)
        new = "new.reshape(old.shape)" if flat else "new"
        if self.fixed:
            lines = [f"model{spell(s.path)}[...] = weights[{i}]{self.turned}" for i, s in enumerate(self.slots.weights)]
            for i, slot in enumerate(self.slots.biases):
                shaped = f".reshape(model{spell(slot.path)}.shape)" if flat else ""
                lines.append(f"model{spell(slot.path)}[...] = biases[{i}]{shaped}")
            yield lines
            return
        yield self.with_depth(
            [
                f"for old, new in zip({iterated(self.weight_list(''))}, weights, strict=True):",
                f"    old[...] = new{self.turned}",
                f"for old, new in zip({iterated(self.bias_list(''))}, biases, strict=True):",
                f"    old[...] = {new}",
            ],
            own=True,
        )

    def listed(self, root: str, paths: Sequence[Path], suffix: str) -> str:
        """A list of what stands at these paths, one for each layer."""
        if self.fixed:
            return f"[{', '.join(f'{root}{spell(path)}{suffix}' for path in paths)}]"
        places = {i for path in paths for i, step in enumerate(path) if step != paths[0][i]}
        if len(places) != 1 or len(paths) < 2:
            raise Involved
        place = places.pop()
        before, after = f"{root}{spell(paths[0][:place])}", paths[0][place + 1 :]
        keys = [step.name if isinstance(step, Attribute) else step.key for step in (path[place] for path in paths)]
        if all(isinstance(key, int) for key in keys):
            return self.of_items(before, keys, after, suffix)
        stem = re.sub(r"\d+$", "", str(keys[0]))
        first = int(str(keys[0])[len(stem) :])
        if keys != [f"{stem}{first + i}" for i in range(len(keys))]:
            raise Involved
        layers = f"for l in range({first}, depth{f' + {first}' if first else ''})"
        named = f'f"{stem}{{l}}"'
        if isinstance(paths[0][place], Attribute):
            return f"[getattr({before}, {named}){spell(after)}{suffix} {layers}]"
        return f"[{before}[{named}]{spell(after)}{suffix} {layers}]"

    def of_items(self, before: str, keys: Sequence[Any], after: Path, suffix: str) -> str:
        name = "layer" if after else "array"
        if list(keys) == list(range(len(keys))) and not after and not suffix:
            return f"list({before})"
        if list(keys) == list(range(len(keys))):
            return f"[{name}{spell(after)}{suffix} for {name} in {before}]"
        if list(keys) == list(range(len(keys)))[::-1]:
            return f"[{name}{spell(after)}{suffix} for {name} in {before}[::-1]]"
        if not after or list(keys) != sorted(keys):
            raise Involved
        step = after[0]
        has = f'hasattr(layer, "{step.name}")' if isinstance(step, Attribute) else f'"{step.key}" in layer'
        return f"[layer{spell(after)}{suffix} for layer in {before} if {has}]"

    def with_depth(self, lines: Body, *, own: bool = False) -> Body:
        """Where the number of layers is asked for, say it: by the names of the parameters, or by those read."""
        if not any(re.search(r"\bdepth\b", line) for line in lines):
            return lines
        path = self.slots.weights[0].path
        stem = re.sub(r"\d+$", "", path[-1].name if isinstance(path[-1], Attribute) else str(path[-1].key))
        holder = f"model{spell(path[:-1])}"
        holder = f"vars({holder})" if isinstance(path[-1], Attribute) else holder
        count = f'sum(name.startswith("{stem}") for name in {holder})'
        return [f"depth = {count if own else 'len(self.parameters(model)[0])'}", *lines]

    # What functions are given

    def named(self) -> dict[str, Any]:
        """Parameters by the names under which functions take them."""
        assert self.form is not None
        own = self.form.named(self.held)
        if not isinstance(self.form, FunctionForm):
            return own
        if isinstance(self.held.value, dict):
            return {key: Source(f'model["{key}"]') if key in self.held.value else value for key, value in own.items()}
        return {name: Source(name) if name in self.form.names else value for name, value in own.items()}

    def with_unpacked(self, lines: Body) -> Body:
        """Where parameters are called by name, take them out of the tuple they come in."""
        names = self.form.names if isinstance(self.form, FunctionForm) else []
        if not names or isinstance(self.held.value, dict) or not any(uses(lines, name) for name in names if name):
            return lines
        if len(names) != len(self.held.value):
            raise Involved
        taken = [name if name and uses(lines, name) else "_" for name in names]
        return [f"{', '.join(taken)} = model", *lines]

    def call(self, function: Any, spelling: str, known: Known) -> str:
        found = bind(function, known)
        if any(
            not isinstance(value, (Source, int, float, str, bool, type(None)))
            for value in [*found.arguments, *found.keywords.values()]
        ):
            raise Involved
        keywords = [f"{name}={literal(value)}" for name, value in found.keywords.items()]
        if (
            isinstance(function, MethodType)
            and spelling.startswith("self.target.")
            and not isinstance(function.__self__, type)
        ):
            return f"{spelling}({', '.join(['None', *map(literal, found.arguments), *keywords])})"  # it needs no object
        return f"{spelling}({', '.join([*map(literal, found.arguments), *keywords])})"

    def spelling(self, site: Site) -> tuple[Any, str]:
        """The function of a site, and an expression for it."""
        function = self.raw.function(site, self.held)
        if self.raw.namespace.get(site.name) is function:
            return function, f"self.target.{site.name}"
        if any(name == site.name for name, _ in methods_of(self.held.value)):
            return function, f"model.{site.name}"
        raise Involved

    def site(self, operation: str) -> Site:
        found = self.raw.sites.get((operation, len(self.held.sizes)))
        if not isinstance(found, Site):
            raise Involved
        return found

    def known(self, roles: Mapping[str, Any], trace: Trace | None, *, as_output: bool = False) -> Known:
        """As Recognised.known has it, with expressions for values."""
        assert self.form is not None
        found, named = dict(roles), self.named()
        found["params"] = Source("model")
        if trace is not None:
            found.setdefault("output", Source(trace.output))
            found.setdefault("cache", Source(trace.cache))
            named |= {name: Source(spelled) for name, spelled in trace.named.items()}
        if "y" in roles:
            found.setdefault("samples", Source("len(y)"))
        named = {
            name: value for name, value in named.items() if role(name) not in ("x", "y") or role(name) not in roles
        }
        order = [name for name in ("x", "y") if name in roles]
        if as_output:
            found.pop("x", None)
            order = ["output", *[name for name in order if name != "x"]]
        return Known(found, named, order, {"x": "output"} if as_output else {})

    def counted(self) -> Body:
        """Tell the code how many samples there are, where it wants to know from outside."""
        return [f"self.target.{name} = len(x)" for name in self.raw.counts]

    def trace(self, x: str) -> Trace:
        """The forward pass, with names for what it returns."""
        site = self.site("forward")
        function, spelling = self.spelling(site)
        call = self.call(function, spelling, self.known({"x": Source(x)}, None))
        result = self.held.forwarded
        if site.inside:
            return Trace(call, call, f"model{spell(site.path)}", "model", {})
        names = returned_names(function) or []
        if (
            isinstance(result, tuple)
            and len(names) == len(result)
            and all(map(str.isidentifier, names))
            and len(set(names)) == len(names)
        ):
            named = {name: name for name in names}
            for name, element in zip(names, result, strict=True):
                if isinstance(element, dict):
                    named = {key: f'{name}["{key}"]' for key in element if isinstance(key, str)} | named
            step = site.path[0]
            assert isinstance(step, Item)
            output = f"{names[step.key]}{spell(site.path[1:])}"
            others = [name for i, name in enumerate(names) if i != step.key % len(names)]
            cache = others[0] if len(names) == 2 else f"({', '.join(names)})"
            return Trace(call, f"{', '.join(names)} = {call}", output, cache, named)
        if not site.path:
            return Trace(
                call,
                f"output = {call}",
                "output",
                "output",
                {names[0]: "output"} if len(names) == 1 and names[0] else {},
            )
        named = {}
        if isinstance(result, dict):
            named = {key: f'forwarded["{key}"]' for key in result if isinstance(key, str)}
        cache = "forwarded"
        if isinstance(result, tuple) and len(result) == 2 and site.path[0] in (Item(0), Item(1)):
            cache = f"forwarded[{1 - site.path[0].key}]"
            for i, element in enumerate(result):
                if isinstance(element, dict):
                    named |= {key: f'forwarded[{i}]["{key}"]' for key in element if isinstance(key, str)}
        return Trace(call, f"forwarded = {call}", f"forwarded{spell(site.path)}", cache, named)

    # The operations

    def forward(self) -> Iterable[Body]:
        way = self.layout.way("forward")
        site, trace = self.site("forward"), self.trace(f"x{self.turn(way)}")
        turn = self.turn(way)
        answer = f"{trace.call}{spell(site.path)}{turn}"
        if site.inside:
            lines = [trace.call, f"return {self.probabilities(trace.output + turn)}"]
        else:
            lines = [f"return {self.probabilities(answer)}"]
        yield [*self.counted(), *self.with_unpacked(lines)]

    def probabilities(self, answer: str) -> str:
        return f"reference.softmax({answer})" if self.layout.output == "logits" else answer

    def loss(self) -> Iterable[Body]:
        site, data = self.site("loss"), self.data("loss")
        function, spelling = self.spelling(site)
        trace = self.trace(str(data["x"]))
        as_output = not self.raw.reaches(function, self.held)
        call = self.call(function, spelling, self.known(data, trace, as_output=as_output))
        yield from self.after_forward([f"return {call}{spell(site.path)}{self.averaged}"], trace)

    def after_forward(self, lines: Body, trace: Trace) -> Iterable[Body]:
        """The lines alone where they need no forward pass, and after one."""
        if not any(uses(lines, word) for word in trace.words):
            yield [*self.counted(), *self.with_depth(self.with_unpacked(lines))]
        used = any(uses(lines, word) for word in trace.words)
        first = trace.statement if used else trace.call
        yield [*self.counted(), *self.with_depth(self.with_unpacked([first, *lines]))]

    def predict(self) -> Iterable[Body]:
        site = self.site("predict")
        turn = self.turn(self.layout.way("predict"))
        function, spelling = self.spelling(site)
        trace = self.trace(f"x{turn}")
        as_output = not self.raw.reaches(function, self.held)
        call = self.call(function, spelling, self.known({"x": Source(f"x{turn}")}, trace, as_output=as_output))
        for suffix in ("", ".ravel()", ".reshape(-1)"):
            yield from self.after_forward([f"return {call}{spell(site.path)}{suffix}"], trace)

    def backward(self) -> Iterable[Body]:
        site, data = self.site("backward"), self.data("backward")
        function, spelling = self.spelling(site)
        trace = self.trace(str(data["x"]))
        trains = rank("fit", site.name) is not None and rank("backward", site.name) is None
        rate = "rate" if site.how == "update" else "1.0"
        roles = data | {"lr": Source(rate), "epochs": Source("1"), "batch_size": Source("len(y)"), "seed": Source("0")}
        roles["output_gradient"] = Source(f"({trace.output} - {self.encoded(data)}) / len(y)")
        known = self.known(roles, None if trains else trace)
        call = self.call(function, spelling, known)
        given = bind(function, known).taken.values()
        kept = [] if "lr" in given else self.kept({"lr": rate})
        kept += self.kept({"epochs": "1", "batch_size": "len(y)"}) if trains else []
        if site.how == "update":
            yield from self.updates(call, kept, trace)
        elif site.how == "attributes":
            lines = self.gradients(site, "model", self.held.value, ".copy()")  # later calls may write into them
            yield from self.after_forward([*kept, call, *lines], trace)
        else:
            yield from self.returned(site, function, call, data, trace, kept)

    def encoded(self, data: Mapping[str, Any]) -> str:
        """The labels as the output has them."""
        if "np.eye" in data["y"]:
            return str(data["y"])
        return f"np.eye({self.classes})[y]{self.turn(self.layout.way('backward'))}"

    def updates(self, call: str, kept: Body, trace: Trace) -> Iterable[Body]:
        """Gradients read off what an update changes."""
        found = "chainrule.gradients_from_update(self, model, update)"
        tail = [f"return {found}"]
        if self.averaged:
            tail = [
                f"weight_grads, bias_grads = {found}",
                "return [g / len(y) for g in weight_grads], [g / len(y) for g in bias_grads]",
            ]
        for statement in self.adopting(call):
            for lines in self.after_forward([*kept, statement], trace):
                yield ["def update(rate):", *(f"    {line}" for line in lines), "", *tail]

    def adopting(self, call: str) -> list[str]:
        """Statements that keep the parameters which a function returns, the plain call first."""
        assert self.form is not None
        value = self.form.handed(self.held)
        if value is None:
            return [call]
        keep = f"model.update({call})" if isinstance(value, dict) else f"model[:] = {call}"
        return [call, keep, keep[:-1] + "[0])" if keep.endswith("))") else f"{keep}[0]"]

    def returned(
        self, site: Site, function: Any, call: str, data: Mapping[str, Any], trace: Trace, kept: Body
    ) -> Iterable[Body]:
        """Gradients from what a backward pass returns."""
        result = self.backward_result(site)
        names = returned_names(function) or []
        group = [path for paths in site.paths for path in paths]
        direct = isinstance(result, tuple) and len(names) == len(result) and all(map(str.isidentifier, names))
        if direct and len(set(names)) == len(names) and all(isinstance(path[0], Item) for path in group):
            roots = {path[0]: names[key_of(path[0])] for path in group}
            used = [name if name in roots.values() else "_" for name in names]
            lines = [*kept, f"{', '.join(used)} = {call}", *self.gradients_named(site, result, roots)]
        else:
            lines = [*kept, f"grads = {call}", *self.gradients(site, "grads", result)]
        yield from self.after_forward(lines, trace)

    def backward_result(self, site: Site) -> Any:
        x, y = self.raw.dummy(self.held)
        self.raw.before(self.held, x)
        return self.raw.call_backward(site, self.held, x, y, 1.0)

    def gradients(self, site: Site, root: str, source: Any, suffix: str = "") -> Body:
        flat = self.flat(site.paths[1], source)
        weights, biases = site.paths
        return self.pair(self.listed(root, weights, self.turned + suffix), self.listed(root, biases, flat + suffix))

    def gradients_named(self, site: Site, result: Any, roots: Mapping[Any, str]) -> Body:
        """The same, of a tuple whose parts have names."""
        flat = self.flat(site.paths[1], result)
        lists = []
        for paths, suffix in zip(site.paths, (self.turned, flat), strict=True):
            first = {path[0] for path in paths}
            if len(first) == 1:
                lists.append(self.listed(roots[paths[0][0]], [path[1:] for path in paths], suffix))
            elif self.fixed:
                lists.append(f"[{', '.join(f'{roots[path[0]]}{spell(path[1:])}{suffix}' for path in paths)}]")
            else:
                raise Involved
        return self.pair(*lists)

    def pair(self, weights: str, biases: str) -> Body:
        if self.layout.reduction == "sum":
            return [
                f"weight_grads = {weights}",
                f"bias_grads = {biases}",
                "return [g / len(y) for g in weight_grads], [g / len(y) for g in bias_grads]",
            ]
        return both("weight_grads", "bias_grads", weights, biases)

    def kept(self, values: Mapping[str, str]) -> Body:
        """Hyperparameters that an object keeps."""
        if not hasattr(self.held.value, "__dict__"):
            return []
        return [
            f"model.{name} = {values[found]}"
            for name, old in vars(self.held.value).items()
            for found in (role(name) or "",)
            if found in values and isinstance(old, (int, float)) and not isinstance(old, bool)
        ]

    def step(self) -> Iterable[Body]:
        site, backward = self.site("step"), self.site("backward")
        function, spelling = self.spelling(site)
        flat = self.flat([slot.path for slot in self.slots.biases], self.held.value)
        roles: dict[str, Any] = {"lr": Source("lr")}
        named, lines = self.named(), []
        if backward.how == "returned":
            result = self.backward_result(backward)
            producer = self.raw.function(backward, self.held)
            names = returned_names(producer) or []
            parts = (
                dict(zip(names, enumerate(result), strict=True))
                if isinstance(result, tuple) and len(names) == len(result) > 1
                else {}
            )
            for name, (i, element) in parts.items():
                self.try_name(named, name, element, (Item(i),), backward, flat)
            for prefix, element in [((), result), *(((Item(i),), e) for i, e in parts.values())]:
                if isinstance(element, dict):
                    for key, inner in element.items():
                        self.try_name(named, str(key), inner, (*prefix, Item(key)), backward, flat)
            if len(names) == 1 and not parts:
                self.try_name(named, names[0], result, (), backward, flat)
            firsts = {path[0] for group in backward.paths for path in group if path}
            shared = tuple(firsts) if isinstance(result, tuple) and len(result) > 1 and len(firsts) == 1 else ()
            with contextlib.suppress(Involved):
                roles["grads"] = Source(self.structure(follow(result, shared), shared, backward, flat))
        else:
            if not self.fixed:
                raise Involved
            for group, paths in enumerate(backward.paths):
                for i, path in enumerate(paths):
                    lines.append(f"model{spell(path)} = {self.gradient(group, i, flat)}")
        roles["params"] = Source("model")
        known = Known(roles, named, ("params", "grads", "lr"))
        call = self.call(function, spelling, known)
        long = next(
            (source for source in {**named, **roles}.values() if len(str(source)) > LONG // 2 and str(source) in call),
            "",
        )
        if isinstance(long, Source) and long.startswith("{"):  # a dictionary on lines of its own
            call = call.replace(long, "named")
            first, *more = re.split(r"(?<=\}) \| (?=\{)", long)
            lines += [f"named = {first}", *(f"named |= {part}" for part in more)]
        kept = self.kept({"lr": "lr"})
        for statement in self.adopting(call):
            for before in dict.fromkeys(((), tuple(kept))):
                yield self.with_unpacked([*before, *lines, statement])

    def try_name(self, named: dict[str, Any], name: str, element: Any, at: Path, site: Site, flat: str) -> None:
        try:
            named[name] = Source(self.structure(element, at, site, flat))
        except Involved:
            return

    def gradient(self, group: int, layer: int, flat: str) -> str:
        if group == 0:
            return f"grads[0][{layer}]{self.turned}"
        slot = self.slots.biases[layer]
        like = f"model{spell(slot.path)}.shape"
        return f"grads[1][{layer}]{f'.reshape({like})' if flat else ''}"

    def structure(self, element: Any, at: Path, site: Site, flat: str) -> str:
        """An expression for what a backward pass returned, with the given gradients in it."""
        wanted = {path: (group, i) for group, paths in enumerate(site.paths) for i, path in enumerate(paths)}
        if at in wanted:
            if not self.fixed:
                raise Involved
            return self.gradient(*wanted[at], flat)
        inner = {path: place for path, place in wanted.items() if path[: len(at)] == at}
        if not inner:
            raise Involved
        if isinstance(element, (list, tuple)) and not self.fixed:
            return self.free_list(at, site, flat)
        if isinstance(element, dict):
            if not self.fixed:
                return self.free_dict(at, site, flat)
            keys = {key: (*at, Item(key)) for key in element}
            items = [
                f"{key!r}: {self.structure(element[key], path, site, flat)}"
                for key, path in keys.items()
                if any(p[: len(path)] == path for p in inner)
            ]
            return f"{{{', '.join(items)}}}".replace("'", '"')
        if isinstance(element, (list, tuple)):
            items = [self.structure(item, (*at, Item(i)), site, flat) for i, item in enumerate(element)]
            return f"[{', '.join(items)}]" if isinstance(element, list) else f"({', '.join(items)},)"
        raise Involved

    def free_list(self, at: Path, site: Site, flat: str) -> str:
        """A list with an entry for every layer."""
        for group, paths in enumerate(site.paths):
            if list(paths) == [(*at, Item(i)) for i in range(len(paths))]:
                if group == 0:
                    return f"[g{self.turned} for g in grads[0]]" if self.turned else "list(grads[0])"
                return (
                    "[g.reshape(b.shape) for g, b in zip(grads[1], " + self.bias_list("") + ")]"
                    if flat
                    else "list(grads[1])"
                )
        one = [[path[len(at) : len(at) + 1] for path in paths] for paths in site.paths]
        count = len(site.paths[0])
        if one[0] == one[1] == [(Item(i),) for i in range(count)] and len(site.paths[0][0]) == len(at) + 2:
            keys = [paths[0][-1] for paths in site.paths]
            w = f"w{self.turned}"
            b = "b" if not flat else "b.reshape(-1, 1)" if self.layout.weights == "out_in" else "b.reshape(1, -1)"
            if all(isinstance(key, Item) and isinstance(key.key, str) for key in keys):
                entries = f'"{key_of(keys[0])}": {w}, "{key_of(keys[1])}": {b}'
                return f"[{{{entries}}} for w, b in zip(*grads, strict=True)]"
            if [key.key for key in keys if isinstance(key, Item)] == [0, 1]:
                return f"[({w}, {b}) for w, b in zip(*grads, strict=True)]"
        raise Involved

    def free_dict(self, at: Path, site: Site, flat: str) -> str:
        """A dictionary with numbered entries for every layer."""
        parts = []
        for group, paths in enumerate(site.paths):
            keys = [key_of(path[-1]) for path in paths if len(path) == len(at) + 1]
            stem = re.sub(r"\d+$", "", str(keys[0]))
            first = int(str(keys[0])[len(stem) :])
            if keys != [f"{stem}{first + i}" for i in range(len(paths))]:
                raise Involved
            entry = (
                f"g{self.turned}"
                if group == 0
                else "g"
                if not flat
                else "g.reshape(-1, 1)"
                if self.layout.weights == "out_in"
                else "g.reshape(1, -1)"
            )
            parts.append(f'{{f"{stem}{{l}}": {entry} for l, g in enumerate(grads[{group}], {first})}}')
        return " | ".join(parts)

    def fit(self) -> Iterable[Body]:
        assert self.form is not None
        site, data = self.site("fit"), self.data("fit")
        function, spelling = self.spelling(site)
        roles = data | {name: Source(name) for name in ("epochs", "batch_size", "lr", "seed")}
        roles |= {"rng": Source("np.random.default_rng(seed)"), "sizes": Source("self.sizes(model)")}
        roles["params"] = Source("model")
        known = Known(roles, self.named(), ("x", "y", "epochs", "lr"))
        call = self.call(function, spelling, known)
        given = set(bind(function, known).taken.values())
        lines: Body = []
        if site.how == "single":
            lines += refusal(
                "batch_size > 1 and len(y) > 1", f"{site.name} makes an update for every sample: it has no batches"
            )
        if site.how == "whole":
            every = "every epoch is one step along the gradient of all samples"
            lines += refusal("batch_size < len(y)", f"{site.name} takes no batch size: {every}")
        values = {"lr": "lr", "epochs": "epochs", "batch_size": "batch_size", "seed": "seed"}
        lines += self.kept({name: value for name, value in values.items() if name not in given})
        seeding = [] if {"seed", "rng"} & given else ["np.random.seed(seed)"]
        generator = [
            f"model.{name} = np.random.default_rng(seed)"
            for name, value in (vars(self.held.value).items() if hasattr(self.held.value, "__dict__") else ())
            if isinstance(value, np.random.Generator)
        ]
        for statement in self.adopting(call):
            loop = ["for _ in range(epochs):", f"    {statement}"] if site.repeated else [statement]
            answers = [loop]
            if not site.repeated and statement == call:
                answers = [[f"return {call}"], [f"return {call}[-1]"], [f"return {call}[0]"], loop]
            for answer in answers:
                for seeds in (generator or seeding, *([[*generator, *seeding]] if generator else [])):
                    yield [*self.counted(), *self.with_depth(self.with_unpacked([*lines, *seeds, *answer]))]


def refusal(condition: str, why: str) -> Body:
    return [f"if {condition}:", f'    raise chainrule.Unseen("{why}")']


def key_of(step: Attribute | Item) -> Any:
    if isinstance(step, Attribute):
        raise Involved
    return step.key


def iterated(items: str) -> str:
    """A list as it stands behind `in`."""
    return re.sub(r"^list\(([\w.]+)\)$", r"\1", items)


def both(first: str, second: str, weights: str, biases: str) -> Body:
    """Return two lists: in one line, or where that is too long with a name for each."""
    if len(weights) + len(biases) < LONG:
        return [f"return {weights}, {biases}"]
    return [f"{first} = {weights}", f"{second} = {biases}", f"return {first}, {second}"]


class Trace:
    """A forward pass in source.

    call: it alone; statement: it, with names for what it returns.  output, cache: expressions for those.  named: of
    what it returned, by name.
    """

    def __init__(self, call: str, statement: str, output: str, cache: str, named: Mapping[str, str]) -> None:
        self.call, self.statement, self.output, self.cache, self.named = call, statement, output, cache, dict(named)

    @property
    def words(self) -> set[str]:
        """The variables that the statement makes."""
        made = self.statement.partition(" = ")[0] if self.statement != self.call else ""
        return set(re.findall(r"\w+", made))


def uses(lines: Sequence[str], name: str) -> bool:
    return any(re.search(rf"(?<![\w.\"'])\b{re.escape(name)}\b(?!=[^=])", line) for line in lines)
