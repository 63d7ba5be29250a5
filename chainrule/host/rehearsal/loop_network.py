"""Reads a training that stands as a loop: which values are parameters, inputs, labels, output, loss and learning rate.

The values that the loop had in a rehearsal tell it.  Running its statements on an ordinary batch proves it.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from chainrule.host.recognition.results import are_probabilities, counts
from chainrule.host.recognition.slots import is_vector
from chainrule.host.recognition.vocabulary import rank, role
from chainrule.host.rehearsal.dependence import Body, uses
from chainrule.host.rehearsal.loop_data import Data, cross_entropies, find_data, form_of_label, numbers_rows
from chainrule.host.rehearsal.loop_start import Start
from chainrule.host.rehearsal.loops import Loop, copied, is_parameter, sizes_of
from chainrule.host.rehearsal.writing_functions import GIVEN, compiled, replaced

HELD = {"reg": 0.0, "keep_prob": 1.0, "quiet": False}  # numbers, by their roles, that chainrule sets
RATE = "rate_of_the_loop"  # the argument in the place of the learning rates
SMALL = 1e-5  # a learning rate
CLOSE = 0.05  # the relative error of what must be proportional
SHIFT = 1e-3  # of a parameter, to see the derivative
REPEATS = 4  # of a forward pass, to see whether it draws random numbers
ENTRIES = 6  # of the parameters, whose derivatives are compared


class NotRead(Exception):
    """A loop that chainrule does not read as the training of a network.  str(): why."""


class LoopNetwork:
    """The network that one loop trains.

    namespace: in which its statements run.  loaded: that of the loaded file, for the functions.
    file: where the loop stands.  read_by: {function: the globals that it reads}.
    Raises NotRead if the loop does not train a network that chainrule can read.
    """

    def __init__(
        self,
        loop: Loop,
        namespace: dict[str, Any],
        loaded: dict[str, Any],
        file: str,
        read_by: Mapping[str, set[str]],
    ) -> None:
        self.loop, self.namespace, self.loaded, self.file, self.read_by = loop, namespace, loaded, file, read_by
        self.unit = False  # whether an update subtracts the gradient itself, at a rate of 1
        self.factor = 0.0  # the slope of the cross-entropy over what the update follows
        self.rates: list[str] = []
        self.parameters = {name: loop.start[name] for name in loop.updated}
        spell_out_rates(loop.nest[0], loaded)
        self.body = Body(loop.body, self.parameters, read_by)
        self.end = len(loop.body) - 1
        self.sizes = sizes_of([value.shape for value in self.parameters.values()])
        if not self.sizes:
            raise NotRead("it does not update weights that fit together")
        needed = self.body.needed(self.parameters, self.end)[1] - set(self.parameters)
        data = find_data({name: self.value(name) for name in needed}, self.sizes)
        if data is None:
            raise NotRead("it is not clear which of its arrays are the inputs and the labels")
        self.data: Data = data
        self.output, self.output_at = self.find_output()
        self.keep_those_of_the_output()
        self.start = self.find_start()
        self.hold(self.namespace)
        if not self.gradients:
            self.rates = self.find_rates()
        if self.is_logits and not self.agrees():
            raise NotRead("none of its arrays holds probabilities that sum to 1")

    def value(self, name: str) -> Any:
        """The value of a name when the statements of the network read it first."""
        return self.loop.before_statement(self.boundary.get(name, 0), name)

    @cached_property
    def boundary(self) -> dict[str, int]:
        return self.body.boundary()

    def defined(self, name: str, value: Any) -> bool:
        """Whether the loaded file defines a function, a class or a module of this name."""
        return name in self.loaded and (callable(value) or isinstance(value, ModuleType))

    # Running the statements as they stand

    @cached_property
    def batch(self) -> dict[str, Any]:
        """Parameters, inputs and labels of ordinary size in place of the loop's, by name."""
        rng = np.random.default_rng(0)
        ordinary = {name: rng.normal(size=a.shape) / np.sqrt(max(a.shape)) for name, a in self.parameters.items()}
        return ordinary | self.data.made(self.data.inputs, self.data.classes, self.data.samples)

    def replay(self, labels: Any) -> list[tuple[int, dict[str, Any]]]:
        """[(a statement's number, the values that it gives)] of the network's statements, on an ordinary batch."""
        scope: dict[str, Any] = {**self.namespace}
        for name in self.boundary:
            value = self.value(name)
            if value is not None and not self.defined(name, value):
                scope[name] = copied(value)
        scope |= copy.deepcopy({**self.batch, self.data.y: labels})
        np.random.seed(0)
        found = []
        for i, statement in enumerate(self.body.statements):
            if self.body.network[i] and not isinstance(statement, ast.Expr):
                self.namespace.update({name: scope[name] for name in self.shared if name in self.batch})
                code = compile(ast.Module([statement], []), self.file, "exec", dont_inherit=True)
                with np.errstate(all="ignore"), suppress(Exception):  # what needs its names raises as well
                    exec(code, scope)
                given = {name: scope[name] for name in self.body.uses[i].affects if name in scope}
                found.append((i, {name: copied(value) for name, value in given.items()}))
        return found

    @cached_property
    def shared(self) -> set[str]:
        """The names that functions of the file read as globals."""
        return set().union(*self.read_by.values())

    @cached_property
    def replayed(self) -> list[tuple[int, dict[str, Any]]]:
        return self.replay(self.batch[self.data.y])

    # The output

    def find_output(self) -> tuple[str, int]:
        """(the name of the output, the statement that computes it): probabilities, else the last that may be logits."""
        n, k = self.data.samples, self.data.classes
        shapes = [(k,), (k, 1), (1, k)] if self.data.axis is None else [(n, k), (k, n)]
        others = dict(self.replay(self.data.labels(k, n, first=1)))
        found = [
            (name, i, np.asarray(value))
            for i, values in self.replayed
            for name, value in values.items()
            if np.shape(value) in shapes and np.asarray(value).dtype.kind == "f"
            if np.array_equal(value, np.asarray(others[i].get(name)), equal_nan=True)  # whatever the labels are
        ]
        sure = [one for one in found if are_probabilities(one[2])]
        self.is_logits = not sure
        if not found:
            raise NotRead("none of its arrays is an output for every sample")
        return sure[0][:2] if sure else found[-1][:2]

    @cached_property
    def output_of_batch(self) -> np.ndarray:
        """The output for the ordinary batch, as probabilities."""
        found = next(np.asarray(values[self.output]) for i, values in self.replayed if i == self.output_at)
        return softmax(found, self.data.classes) if self.is_logits else found

    def keep_those_of_the_output(self) -> None:
        """Keep the updated arrays that the forward pass reads: the others belong to the optimizer."""
        needed = self.body.needed([self.output], self.output_at, self.parameters)[1]
        own = {name for name in self.parameters if name in needed}
        own |= self.forgotten(needed, own) | self.unread(needed, own)
        self.parameters = {name: self.loop.start[name] for name in self.loop.order if name in own}
        del self.batch  # which now contains these parameters
        self.sizes = sizes_of([value.shape for value in self.parameters.values()])
        if self.data.x not in needed or not self.sizes:
            raise NotRead("its forward pass does not read its inputs")
        computed = {
            name for i, depends in enumerate(self.body.network) if depends for name in self.body.uses[i].affects
        }
        state = self.body.needed(self.parameters, self.end)[1] & computed
        others = state - set(self.parameters) - {self.data.x, self.data.y}
        self.gradients = self.find_gradients(others) if others and self.remembers(others) else {}
        forward = self.forward_function()
        first = self.run(forward)
        if not all(np.array_equal(first, self.run(forward), equal_nan=True) for _ in range(REPEATS)):
            raise NotRead("its forward pass draws random numbers")

    def remembers(self, others: Set[str]) -> bool:
        """Whether an update, with momentum and the like held at 0, depends on what it keeps from round to round."""
        kept, _ = self.body.needed(self.parameters, self.end)
        statements = [self.body.statements[i] for i in kept]
        arguments = [self.data.x, *self.parameters, *sorted(others)]
        try:
            function = self.written("update", statements, arguments, "", self.data)
            first, second = (
                self.moved(function, {name: self.value(name) + by for name in others}) for by in (0.0, 1.0)
            )
        except Exception:
            return True
        return not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))

    def find_gradients(self, others: Set[str]) -> dict[str, tuple[str, int]]:
        """{parameter: (the name of its gradient, the statement that computes it)}, before an optimizer uses them.

        others: the names that the optimizer keeps from round to round.
        """
        found: dict[str, tuple[str, int]] = {}
        for parameter, value in self.parameters.items():
            needed, _ = self.body.needed([parameter], self.end)
            for i, values in self.replayed:
                for name, given in values.items():
                    alike = np.shape(given) == value.shape and name not in others | self.parameters.keys()
                    if alike and i in needed and not self.body.needed([name], i)[1] & others:
                        found[parameter] = name, i
        if found.keys() != self.parameters.keys():
            raise NotRead(f"its update keeps {', '.join(sorted(others))} from round to round")
        return found

    def forgotten(self, needed: Set[str], own: Set[str]) -> set[str]:
        """The biases that the forward pass reads and no update changes."""
        vectors = {name for name in needed - own if is_parameter(self.loop.start.get(name))}
        missing = self.sizes_without_bias(own)
        return {name for name in vectors if is_vector(s := self.loop.start[name].shape) and max(s) in missing}

    def unread(self, needed: Set[str], own: Set[str]) -> set[str]:
        """The biases that updates change and the forward pass does not read."""
        missing = self.sizes_without_bias(own)
        vectors = {name for name in self.parameters.keys() - needed if max(self.parameters[name].shape) in missing}
        return {
            name
            for name in vectors
            if is_vector(self.parameters[name].shape)
            and not any(name in self.body.needed([other], self.end)[1] for other in self.parameters if other != name)
        }

    def sizes_without_bias(self, own: Set[str]) -> set[int]:
        """The sizes of layers for which these parameters have no bias."""
        sizes = [size for name in own if is_vector(self.parameters[name].shape) for size in self.parameters[name].shape]
        return set(self.sizes[1:]) - set(sizes)

    def find_start(self) -> Start:
        try:
            return Start(self.loop, self.parameters, self.sizes, self.read_by, self.namespace, self.file)
        except Exception as error:
            raise NotRead(str(error)) from None

    def hold(self, namespace: dict[str, Any]) -> None:
        """Switch off regularization and dropout where the file's own functions and classes keep their strength."""
        for node in (node for statement in self.loop.nest for node in ast.walk(statement)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                owner, held = namespace.get(node.value.id), HELD.get(role(node.attr) or "")
                if held is not None and type(getattr(owner, node.attr, None)) is float:
                    setattr(owner, node.attr, held)
        for name in self.shared & namespace.keys():
            if role(name) in HELD and type(namespace[name]) is float:
                namespace[name] = HELD[str(role(name))]

    # The learning rate

    def find_rates(self) -> list[str]:
        """The learning rates, spelled as in the source: at 0 nothing moves, at twice the rates twice as much does."""
        kept, _ = self.body.needed(self.parameters, self.end)
        updates = [i for i in kept if self.body.uses[i].affects & set(self.parameters)]
        for chosen in [*self.candidates(updates), *self.candidates(kept)]:
            with suppress(Exception):
                if self.scales(chosen):
                    return chosen
        self.unit = True
        if self.agrees() and any(np.isclose(self.factor, one, rtol=CLOSE) for one in (1.0, 1 / self.data.samples)):
            return []
        raise NotRead("chainrule finds no learning rate in its update")

    def candidates(self, statements: Sequence[int]) -> Iterator[list[str]]:
        """Spellings of numbers that may be the learning rates, together, the likeliest first."""
        found = [spelled for i in statements for spelled in self.numbers(self.body.statements[i])]
        unique = list(dict.fromkeys(found))
        likely = [one for one in unique if role(one.rpartition(".")[2]) in ("lr", "rate_or_guard")]
        common = [one for one in unique if found.count(one) >= len(self.parameters)]
        yield from filter(None, [likely, *([one] for one in common), unique])

    def numbers(self, statement: ast.stmt) -> Iterator[str]:
        """The numbers that a statement reads, as it spells them: names, attributes and literals that are fractions."""
        for node in ast.walk(statement):
            if isinstance(node, (ast.Name, ast.Attribute, ast.Constant)):
                value = self.evaluated(node)
                if type(value) in (int, float, np.float64) and not (
                    isinstance(node, ast.Constant) and type(value) is int
                ):
                    yield ast.unparse(node)

    def evaluated(self, node: ast.expr) -> Any:
        """The value of a name, an attribute or a literal when the statements read it."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            value = self.value(node.id)
            return self.namespace.get(node.id) if value is None else value
        return getattr(self.evaluated(node.value), node.attr, None) if isinstance(node, ast.Attribute) else None

    def scales(self, rates: Sequence[str]) -> bool:
        """Whether the change of the parameters is proportional to these numbers together."""
        function = self.update_function(rates)
        none, once, twice = (self.moved(function, {RATE: factor * SMALL}) for factor in (0.0, 1.0, 2.0))
        still = not any(change.any() for change in none) and any(change.any() for change in once)
        return still and all(
            np.allclose(b, 2 * a, rtol=CLOSE, atol=CLOSE * np.abs(a).max()) for a, b in zip(once, twice, strict=True)
        )

    def moved(self, function: FunctionType, others: Mapping[str, Any]) -> list[np.ndarray]:
        """How an update changes the parameters of the ordinary batch.  others: its other arguments, such as a rate."""
        given = {name: self.batch[name].copy() for name in self.parameters}
        self.run(function, {**given, **others})
        return [given[name] - self.batch[name] for name in self.parameters]

    def agrees(self) -> bool:
        """Whether the update follows the gradient of the cross-entropy of the softmax of the output."""
        if self.gradients:
            slopes = list(self.run(self.backward_function()).values())
        else:
            slopes = [-change / SMALL for change in self.moved(self.backward_function(), {RATE: SMALL})]
        forward, rng = self.forward_function(), np.random.default_rng(1)
        ratios = []
        for name, slope in zip(self.parameters, slopes, strict=True):
            for place in rng.permutation(np.flatnonzero(np.abs(slope) > 0))[:ENTRIES]:
                losses = []
                for shift in (SHIFT, -SHIFT):
                    moved = self.batch[name].astype(float)
                    moved.flat[place] += shift
                    output = np.asarray(self.run(forward, {name: moved}))
                    p = softmax(output, self.data.classes) if self.is_logits else output
                    losses.append(cross_entropies(p, self.batch[self.data.y], self.data.classes)[0])
                ratios.append((losses[0] - losses[1]) / (2 * SHIFT) / slope.flat[place])
        self.factor = ratios[0] if ratios else 0.0
        return self.factor > 0 and np.allclose(ratios, ratios[0], rtol=CLOSE)

    # The loss

    def find_loss(self) -> FunctionType | None:
        """The function of the loss: of what equals the cross-entropy, else of what is called so; None if nothing is."""
        wanted = cross_entropies(self.output_of_batch, self.batch[self.data.y], self.data.classes)
        named: FunctionType | None = None
        for expression, last in self.losses():
            for result in (expression, f"-({expression})") if self.ascends else (expression,):
                with suppress(Exception):
                    read = uses(ast.parse(result), {}).reads
                    kept, _ = self.body.needed(read, last, self.parameters)
                    function = self.function("loss", kept, result)
                    value = float(np.ravel(self.run(function))[0])
                    if any(np.isclose(value, one) for one in wanted):
                        return function
                    called = rank("loss", expression.partition("(")[0]) is not None
                    if named is None and called and not self.is_logits and not counts(value, self.data.samples):
                        named = function
        return named

    def losses(self) -> Iterator[tuple[str, int]]:
        """(an expression, the statement up to which it is computed) of what may be the loss."""
        for i, values in self.replayed:
            carried = self.body.uses[i].changes & self.loop.start.keys()
            for name in values.keys() - carried:
                if np.size(values[name]) == 1 and np.asarray(values[name]).dtype.kind == "f":
                    yield name, max(j for j, later in self.replayed if name in later)
        for i, statement in enumerate(self.body.statements):
            if self.body.network[i]:
                yield from ((ast.unparse(part), i - 1) for part in collected(statement))

    @cached_property
    def ascends(self) -> bool:
        """Whether the update adds the gradient of a likelihood instead of subtracting that of a loss."""
        uses_of = zip(self.body.statements, self.body.uses, strict=True)
        updates = [statement for statement, one in uses_of if one.affects & set(self.parameters)]
        adds = all(isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add) for one in updates)
        return adds and not any(isinstance(node, ast.USub) for one in updates for node in ast.walk(one))

    # Functions

    def run(self, function: FunctionType, changed: Mapping[str, Any] | None = None) -> Any:
        """The result of a function on the ordinary batch.  changed: arguments in place of the batch's, not copied."""
        taken = function.__code__.co_varnames[: function.__code__.co_argcount]
        own = {} if changed is None else changed
        if RATE in own:
            np.random.seed(0)  # updates at several rates are compared
        with np.errstate(all="ignore"):
            return function(**{name: own[name] if name in own else copied(self.batch[name]) for name in taken})

    def forward_function(self) -> FunctionType:
        kept, _ = self.body.needed([self.output], self.output_at, self.parameters)
        return self.function("forward", kept, self.output)

    def backward_function(self) -> FunctionType:
        """A function that changes the parameters in place, or returns gradients that an optimizer uses."""
        if not self.gradients:
            return self.update_function(self.rates)
        last = max(i for _, i in self.gradients.values())
        kept, _ = self.body.needed([name for name, _ in self.gradients.values()], last, self.parameters)
        items = ", ".join(f"{'d' + parameter!r}: {name}" for parameter, (name, _) in self.gradients.items())
        return self.function("gradients", kept, f"{{{items}}}")

    def update_function(self, rates: Sequence[str]) -> FunctionType:
        """A function that changes the parameters in place."""
        return self.function("update", self.body.needed(self.parameters, self.end)[0], rates=rates)

    def function(self, title: str, kept: Sequence[int], result: str = "", rates: Sequence[str] = ()) -> FunctionType:
        statements = replaced([self.body.statements[i] for i in kept], dict.fromkeys(rates, RATE))
        scaled = bool(rates) or (self.unit and title == "update")
        arguments = [self.data.x, *self.parameters, *([RATE] if scaled else [])]
        return self.written(title, statements, arguments, result, self.data)

    def written(
        self, title: str, statements: Sequence[ast.stmt], arguments: Sequence[str], result: str, data: Data
    ) -> FunctionType:
        """A function that returns a result, or without one changes the parameters in place.

        arguments: without the labels, which it takes if it needs them; a forward pass gets any.
        """
        every = [*statements, *ast.parse(result).body]
        read = set().union(*(uses(one, self.read_by).reads for one in every))
        before: list[str] = []
        kept: dict[str, Any] = {}
        arguments = list(arguments)
        if title != "forward" and any(name == data.y or self.repeats_labels(name, data) for name in read):
            arguments.insert(1, data.y)
        for name in sorted(read - set(arguments)):
            value = self.value(name)
            if name == data.y:
                kept[GIVEN + "labels"] = any_labels(data)
                before.append(f"{name} = {GIVEN}labels({data.x})")
            elif value is not None and not self.defined(name, value):
                expression = self.expression(name, value, data, data.y in arguments)
                if expression is None:
                    expression = GIVEN + name
                    kept[expression] = HELD[str(role(name))] if is_held(name, value) else value
                before.append(f"{name} = {expression}")
        own = {*arguments, *(line.partition(" = ")[0] for line in before)}
        before += [f"globals()[{name!r}] = {name}" for name in sorted(self.shared & own)]
        after = [f"return {result}"] if result else []
        if not result:
            before += [f"{GIVEN}{name} = {name}" for name in self.parameters]
            after = [f"{GIVEN}{name}[...] = {name}" for name in self.parameters]
        if not result and RATE in arguments and self.unit:
            before += [f"{name} = {name}.copy()" for name in self.parameters]
            after = [f"{GIVEN}{name}[...] += {RATE} * ({name} - {GIVEN}{name})" for name in self.parameters]
        return compiled(
            f"{title}_line_{self.loop.line}",
            arguments,
            statements,
            before=before,
            after=after,
            kept=kept,
            namespace=self.namespace,
            file=self.file,
        )

    def expression(self, name: str, value: Any, data: Data, labelled: bool) -> str | None:
        """How a function computes a name from its arguments: samples counted or numbered, a size, labels as numbers."""
        if data.axis is not None and type(value) is int and value == data.samples:
            return f"{data.x}.shape[{data.axis}]"
        if data.axis is not None and numbers_rows(value, data.samples):
            return f"[*range({data.x}.shape[{data.axis}])]"
        if hasattr(self, "start") and name in self.start.names:
            return self.start.source(self.start.names[name])
        if labelled and self.repeats_labels(name, data):
            return f"{data.y}.argmax({0 if data.across else -1})"
        return None

    def repeats_labels(self, name: str, data: Data) -> bool:
        """Whether a name holds as numbers the labels that the loop has as one-hot vectors, too."""
        if data.form != "one_hot" or name in self.loop.updated:  # an array of zeros looks like labels
            return False
        value = self.value(name)
        return form_of_label(value, data.classes) == "index" and np.size(value) == data.samples


def spell_out_rates(loop: ast.stmt, loaded: Mapping[str, Any]) -> None:
    """Give every call of a function of the file its learning rate as an argument, where it keeps its default."""
    for node in (one for one in ast.walk(loop) if isinstance(one, ast.Call)):
        function = loaded.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if not isinstance(function, FunctionType) or any(isinstance(one, ast.Starred) for one in node.args):
            continue
        given = {keyword.arg for keyword in node.keywords}
        for parameter in list(inspect.signature(function).parameters.values())[len(node.args) :]:
            if role(parameter.name) == "lr" and type(parameter.default) is float and not given & {parameter.name, None}:
                node.keywords.append(ast.keyword(parameter.name, ast.Constant(parameter.default)))
                ast.fix_missing_locations(node)


def is_held(name: str, value: Any) -> bool:
    return role(name) in HELD and isinstance(value, (int, float))


def any_labels(data: Data) -> Callable[[Any], Any]:
    """A function that gives some labels for inputs, to a forward pass that does not use them for its output."""

    def labels(x: Any) -> Any:
        return data.labels(data.classes, 1 if data.axis is None else x.shape[data.axis])

    return labels


def softmax(z: np.ndarray, classes: int) -> np.ndarray:
    axis = -1 if z.shape[-1] == classes else 0
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def collected(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions whose values a statement prints or collects: those inside calls that stand alone."""
    for part in [statement, *getattr(statement, "body", [])]:
        if isinstance(part, ast.Expr):
            computed = (node for node in ast.walk(part) if isinstance(node, (ast.Call, ast.UnaryOp, ast.BinOp)))
            yield from (node for node in computed if node is not part.value)
