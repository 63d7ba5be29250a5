"""Changes by whole idioms: what a teacher would write in the place of one wrong expression or statement."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import Any

from chainrule.diagnosis.repair.edit_sites import Code, EditSite, last_name, loads
from chainrule.diagnosis.repair.nonsense import INDEX, PRECISIONS

ACTIVATIONS = re.compile(r"^(tanh|sigmoid|expit|logistic|softplus|elu|selu|swish|silu|gelu|leaky_?relu|abs|absolute)$")
BATCHES = re.compile(r"batch|idx|ind|ids|sel|rows|perm|order|chosen", re.IGNORECASE)
COUNTED_CLASSES = re.compile(  # what reads the number of classes off labels
    r"^((np\.|numpy\.)?(a?max)\(\w+\)|\w+\.max\(\)|int\(.*max.*\)) \+ 1$"
    r"|^len\((set|(np|numpy)\.unique)\(\w+\)\)$"
)
GRADIENTS = re.compile(r"d|g|grad|err|up", re.IGNORECASE)
HIDDEN = re.compile(r"(^|\.)_?(z|a|h|x|pre|hidden|act|out|layer|in|cache)", re.IGNORECASE)  # what masks are made of
WEIGHTS = re.compile(r"\.(weights?|w|ws)$", re.IGNORECASE)
SIZES_ALONE = ("randn", "rand", "random", "random_sample", "standard_normal")  # draws whose arguments are sizes
DRAWN = (*SIZES_ALONE, "normal", "uniform", "full", "ones")
CHANGES_A_LIST = ("pop", "append", "remove", "insert", "sort", "reverse", "extend", "clear")
MOST_MASKS = 12


class Idioms:
    """Edits of one function.

    names: what it reads.  kept: what methods of the same class keep.  counts: what counts something in it.  slices:
    what it indexes by.  numpy: its file's name for NumPy, or empty.
    """

    code: Code
    names: list[str]
    kept: list[str]
    counts: list[str]
    slices: list[ast.expr]
    numpy: str

    @property
    def parameters(self) -> list[str]:
        """The function's own, without the object of a method."""
        found = self.code.node.args
        names = [argument.arg for argument in (*found.posonlyargs, *found.args, *found.kwonlyargs)]
        return [name for name in names if name not in ("self", "cls")]

    def always(self, site: EditSite) -> Iterator[Any]:
        """What stands under a condition, without it; not where the condition is one of a place in a loop."""
        if self.condition(site):
            yield ast.Constant(True)

    def never(self, site: EditSite) -> Iterator[Any]:
        """Nothing in the place of a condition and what stands under it."""
        if self.condition(site) and not site.holder.orelse:  # type: ignore[attr-defined]
            yield ast.Constant(False)

    def otherwise(self, site: EditSite) -> Iterator[Any]:
        """What stands under `else`, without the condition."""
        if self.condition(site) and site.holder.orelse:  # type: ignore[attr-defined]
            yield ast.Constant(False)

    def condition(self, site: EditSite) -> bool:
        if not (isinstance(site.holder, ast.If) and site.name == "test") or "isinstance" in ast.unparse(site.node):
            return False
        nodes = list(ast.walk(self.code.node))
        targets = [node.target for node in nodes if isinstance(node, (ast.For, ast.comprehension))]
        places = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
        counted, placed, read = (
            {part.id for node in found for part in ast.walk(node) if isinstance(part, ast.Name)}
            for found in (targets, places, [site.node])
        )
        large = any(isinstance(part, ast.Constant) and part.value not in INDEX for part in ast.walk(site.node))
        return large or not counted & placed & read

    def activation(self, site: EditSite) -> Iterator[Any]:
        """ReLU in the place of another activation, or of Python's own max."""
        node = site.node
        if not self.numpy:
            return
        if isinstance(node, ast.Call) and node.args:
            other = ACTIVATIONS.match(last_name(node)) and len(node.args) == 1
            if other or (isinstance(node.func, ast.Name) and node.func.id == "max" and len(node.args) == 2):
                yield self.relu_of(node.args[0])

    def relu(self, site: EditSite) -> Iterator[Any]:
        """ReLU for all that a function of one argument returns."""
        whole = isinstance(site.holder, ast.Return) and len(self.parameters) == 1
        if self.numpy and whole and isinstance(site.node, ast.expr):
            yield self.relu_of(ast.Name(self.parameters[0], ast.Load()))

    @property
    def assigned(self) -> list[str]:
        """The function's own names."""
        stored = (node for node in ast.walk(self.code.node) if isinstance(node, ast.Name) and not loads(node))
        return list(dict.fromkeys(node.id for node in stored))

    def hidden(self) -> list[str]:
        """What a mask may be of, the likeliest first."""
        values = [f"{name.removesuffix('.grad')}.data" for name in self.names if name.endswith(".grad")]
        found = dict.fromkeys([*values, *self.names, *self.kept, *self.assigned, *self.of_lists()])
        return sorted(found, key=lambda name: not HIDDEN.search(name) and name not in values)

    def of_lists(self) -> Iterator[str]:
        """Items of the lists that are filled here, by what things are indexed with: `zs[-l]`, `zs[-l + 1]`."""
        calls = [part.func for part in ast.walk(self.code.node) if isinstance(part, ast.Call)]
        filled = [ast.unparse(f.value) for f in calls if isinstance(f, ast.Attribute) and f.attr == "append"]
        for name in dict.fromkeys(filled):
            yield from (f"{name}[{index_text(place)}]" for place in self.slices)

    def incoming(self, site: EditSite) -> Iterator[Any]:
        """The gradient from above before a mask: `d = z > 0` -> `d = (z > 0) * above`."""
        if site.value and any(isinstance(part, ast.Compare) for part in ast.walk(site.node)):
            for name in [*self.parameters, *self.assigned]:
                if GRADIENTS.match(name):
                    yield ast.BinOp(site.node, ast.Mult(), ast.Name(name, ast.Load()))

    def relu_of(self, z: ast.expr) -> ast.expr:
        return ast.Call(parsed(f"{self.numpy}.maximum"), [z, ast.Constant(0)], [])

    def term(self, site: EditSite) -> Iterator[Any]:
        """A factor for a term, or a term for a factor: `g + (z > 0)` -> `g * (z > 0)`, `m * n` -> `m + n`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            yield ast.BinOp(node.left, ast.Mult(), node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            yield ast.BinOp(node.left, ast.Add(), node.right)

    def product(self, site: EditSite) -> Iterator[Any]:
        """A product of matrices for one of their entries: `np.multiply(a, b)` -> `np.dot(a, b)`, `a * b` -> `a @ b`."""
        node = site.node
        if isinstance(node, ast.Call) and last_name(node) == "multiply" and isinstance(node.func, ast.Attribute):
            yield ast.Call(ast.Attribute(node.func.value, "dot", ast.Load()), node.args, node.keywords)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            yield ast.BinOp(node.left, ast.MatMult(), node.right)

    def turned(self, site: EditSite) -> Iterator[Any]:
        """The transposed product: `d.T @ a` -> `a.T @ d`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield ast.BinOp(transposed(node.right), ast.MatMult(), transposed(node.left))
        elif isinstance(node, ast.Call) and last_name(node) in ("dot", "matmul") and len(node.args) == 2:
            yield ast.Call(node.func, [transposed(node.args[1]), transposed(node.args[0])], node.keywords)

    def classes(self, site: EditSite) -> Iterator[Any]:
        """A number of classes that neither the labels nor a constant decide: `y.max() + 1` -> `p.shape[-1]`."""
        node = site.node
        text = ast.unparse(node) if isinstance(node, (ast.BinOp, ast.Call)) else ""
        written = isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1
        if COUNTED_CLASSES.match(text) or (written and isinstance(site.holder, (ast.Call, ast.Tuple))):
            for name in self.names:
                if name not in text:
                    base = name.partition("[")[0]
                    yield from (parsed(f"{base}{of}") for of in (".shape[-1]", "[-1].shape[-1]", ".shape[0]"))

    def labels(self, site: EditSite) -> Iterator[Any]:
        """The labels for their places among those of the batch: `np.unique(y, return_inverse=True)[1]` -> `y`."""
        node = site.node
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call) and last_name(node.value) == "unique":
            yield from node.value.args[:1]
        elif isinstance(node, ast.Call) and last_name(node) == "searchsorted":
            yield from node.args[1:2]

    def rows(self, site: EditSite) -> Iterator[Any]:
        """An entry of each row for whole columns, or for the largest: `p[:, y]` -> `p[np.arange(len(y)), y]`."""
        node = site.node
        if (
            self.numpy
            and isinstance(node, ast.Call)
            and last_name(node) in ("max", "amax")
            and len(self.parameters) == 2
        ):
            p, y = self.parameters
            yield parsed(f"{p}[{self.numpy}.arange(len({y})), {y}]")
        if (
            self.numpy
            and isinstance(node, ast.Tuple)
            and isinstance(site.holder, ast.Subscript)
            and len(node.elts) == 2
        ):
            first, second = node.elts
            if isinstance(first, ast.Slice) and isinstance(second, ast.Name):
                yield ast.Tuple([parsed(f"{self.numpy}.arange(len({second.id}))"), second], ast.Load())

    def copied(self, site: EditSite) -> Iterator[Any]:
        """A copy of an argument before a statement that writes into it."""
        node = site.node
        if isinstance(node, ast.Expr) and site.index is not None and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and called.attr in CHANGES_A_LIST:
                name = ast.unparse(called.value)
                if name in self.parameters:
                    yield ast.parse(f"{name} = list({name})").body[0], node
        target = self.written(site)
        if target is not None and isinstance(target, ast.Subscript | ast.Name):
            inside = isinstance(target, ast.Subscript) or isinstance(node, ast.AugAssign)
            array = base_of(target)
            if inside and isinstance(array, ast.Name) and array.id in self.parameters:
                yield ast.parse(f"{array.id} = {array.id}.copy()").body[0], node

    def written(self, site: EditSite) -> ast.expr | None:
        """What a statement of a block writes to."""
        node = site.node
        if not isinstance(node, (ast.AugAssign, ast.Assign)) or site.index is None:
            return None
        return node.target if isinstance(node, ast.AugAssign) else node.targets[0]

    def symmetric(self, site: EditSite) -> Iterator[Any]:
        """A range about zero: `uniform(0, a)` -> `uniform(-a, a)`."""
        node = site.node
        if isinstance(node, ast.Call) and last_name(node) == "uniform" and len(node.args) > 1:
            low, high, *rest = node.args
            if isinstance(low, ast.Constant):
                yield ast.Call(node.func, [ast.UnaryOp(ast.USub(), high), high, *rest], node.keywords)

    def regroup(self, site: EditSite) -> Iterator[Any]:
        """Parentheses around a denominator or a sum: `a / b + c` -> `a / (b + c)`, `a - b / n` -> `(a - b) / n`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Div):
            yield ast.BinOp(node.left.left, ast.Div(), ast.BinOp(node.left.right, node.op, node.right))
        added = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
        if added and isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Div):
            yield ast.BinOp(ast.BinOp(node.left, node.op, node.right.left), ast.Div(), node.right.right)

    def fans(self, site: EditSite) -> Iterator[Any]:
        """Both sizes of a layer in a denominator: `2 / m` -> `2 / (m + n)`."""
        holder = site.holder
        divided = isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.Div) and site.name == "right"
        if isinstance(site.node, ast.Name) and (
            divided or (isinstance(holder, ast.Call) and last_name(holder) == "sqrt")
        ):
            handed = [node.arg for node in ast.walk(self.code.node) if isinstance(node, ast.arg)]
            for other in dict.fromkeys([*self.parameters, *self.assigned, *handed]):
                if other != site.node.id:
                    yield ast.BinOp(site.node, ast.Add(), ast.Name(other, ast.Load()))

    def in_place(self, site: EditSite) -> Iterator[Any]:
        """An update of the array itself, and not of its name or of nothing: `w = w - lr * g` -> `w -= lr * g`."""
        node = site.node
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp):
            updated = copy.deepcopy(node.value.left)
            if isinstance(updated, (ast.Name, ast.Attribute, ast.Subscript)):
                updated.ctx = ast.Store()
                yield ast.AugAssign(updated, node.value.op, node.value.right)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp):
            target = node.targets[0]
            if isinstance(target, ast.Name) and ast.unparse(node.value.left) == target.id:
                yield ast.AugAssign(target, node.value.op, node.value.right)

    def batch_lengths(self) -> list[str]:
        """How many samples each batch has, by what batches are called here: `len(rows)`."""
        return [f"len({name})" for name in self.assigned if BATCHES.search(name) and not name.endswith("size")]

    def order(self, site: EditSite) -> Iterator[Any]:
        """The other end of a list: `found.append(g)` -> `found.insert(0, g)`, and back; or all turned at the end."""
        node = site.node
        results = node.elts if isinstance(node, ast.Tuple) and isinstance(site.holder, ast.Return) else []
        if results and all(isinstance(part, ast.Name) for part in results):
            yield ast.Tuple([parsed(f"{ast.unparse(part)}[::-1]") for part in results], ast.Load())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method, here = node.func.attr, node.func.value
            if method == "append":
                yield ast.Call(ast.Attribute(here, "insert", ast.Load()), [ast.Constant(0), *node.args], [])
            elif method == "insert" and len(node.args) == 2:
                yield ast.Call(ast.Attribute(here, "append", ast.Load()), node.args[1:], [])

    def stride(self, site: EditSite) -> Iterator[Any]:
        """Batches one behind the other: `x[i : i + n]` -> `x[i * n : (i + 1) * n]`, or i in steps of n."""
        node = site.node
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            statement = copy.deepcopy(node)
            counted = [part for part in ast.walk(statement) if isinstance(part, ast.Slice) and is_window(part)]
            for part in counted:
                i, size = ast.unparse(part.lower), ast.unparse(part.upper.right)  # type: ignore[arg-type, union-attr]
                part.lower, part.upper = parsed(f"{i} * {size}"), parsed(f"({i} + 1) * {size}")
            if counted:
                yield statement
        elif isinstance(node, ast.Call) and last_name(node) == "range" and len(node.args) == 1:
            count = node.args[0]
            if isinstance(count, ast.BinOp) and isinstance(count.op, ast.FloorDiv):
                yield ast.Call(node.func, [ast.Constant(0), count.left, count.right], [])

    def neighbour(self, site: EditSite) -> Iterator[Any]:
        """The item of this layer, or of the one below or above, by the variable of the loop: `zs[0]` -> `zs[l - 1]`."""
        node = site.node
        if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Constant, ast.Name, ast.BinOp)):
            loops = [loop.target for loop in ast.walk(self.code.node) if isinstance(loop, ast.For)]
            for name in dict.fromkeys(target.id for target in loops if isinstance(target, ast.Name)):
                for place in (f"{name} - 1", name, f"{name} + 1"):
                    if place != ast.unparse(node.slice):
                        yield ast.Subscript(node.value, parsed(place), node.ctx)

    def ordered(self, site: EditSite) -> Iterator[Any]:
        """The samples in the order that was drawn and is not used: `x[i : i + n]` -> `x[order[i : i + n]]`."""
        node = site.node
        if not isinstance(node, ast.stmt) or hasattr(node, "body"):
            return
        read = {part.id for part in ast.walk(self.code.node) if isinstance(part, ast.Name) and loads(part)}
        for name in self.assigned:
            if name not in read:
                statement = InOrder(name).visit(copy.deepcopy(node))
                if ast.dump(statement) != ast.dump(node):
                    yield statement

    def drawn_once(self, site: EditSite) -> Iterator[Any]:
        """An order of the samples for a draw of them: `rng.integers(n, size=n)` -> `rng.permutation(n)`."""
        node = site.node
        if isinstance(node, ast.Call) and last_name(node) in ("integers", "randint", "choice") and node.args:
            generator = getattr(node.func, "value", None)
            if generator is not None:
                yield ast.Call(ast.Attribute(generator, "permutation", ast.Load()), node.args[:1], [])

    def handed(self, site: EditSite) -> Iterator[Any]:
        """The generator that was handed in for one made here, or the seed for the one that is made."""
        node = site.node
        if isinstance(node, ast.Call) and last_name(node) in ("default_rng", "RandomState", "Generator", "seed"):
            for name in [*self.parameters, *self.assigned]:
                if re.search(r"rng|generator|random_state", name):
                    yield ast.Name(name, ast.Load())
                elif "seed" in name:
                    yield ast.Call(node.func, [ast.Name(name, ast.Load())], [])
        elif self.numpy and isinstance(node, ast.Attribute) and ast.unparse(node) == f"{self.numpy}.random":
            own = [*self.parameters, *self.assigned]
            yield from (ast.Name(name, ast.Load()) for name in own if "rng" in name or "gen" in name)

    def filled(self, site: EditSite) -> Iterator[Any]:
        """An entry of a list for the list itself: `dW = a.T @ d` -> `dW[l] = a.T @ d`, in a loop over l."""
        node, loop = site.node, site.holder
        if isinstance(node, ast.Assign) and isinstance(loop, ast.For) and isinstance(loop.target, ast.Name):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id in self.lists():
                entry = ast.Subscript(target, ast.Name(loop.target.id, ast.Load()), ast.Store())
                yield ast.Assign([entry], node.value)

    def lists(self) -> set[str]:
        """The names to which a list is assigned, also as `[None] * L`."""
        found = set()
        for node in ast.walk(self.code.node):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value.left if isinstance(node.value, ast.BinOp) else node.value
                if isinstance(value, (ast.List, ast.ListComp)):
                    found.add(node.targets[0].id)
        return found

    def surprise(self, site: EditSite) -> Iterator[Any]:
        """The cross-entropy for all that a function of probabilities and labels returns."""
        if not (self.numpy and isinstance(site.holder, ast.Return) and isinstance(site.node, ast.expr)):
            return
        whole = [part for part in ast.walk(site.node) if isinstance(part, ast.Call)]
        logs = [part.args[0] for part in whole if last_name(part).startswith("log") and part.args]
        for p in dict.fromkeys(part for log in logs for part in self.arrays_in(log)):
            for y in self.parameters:
                if p != y:
                    yield parsed(f"-{self.numpy}.log({p}[{self.numpy}.arange(len({y})), {y}]).mean()")
                    yield from (parsed(f"-{self.numpy}.log(({p} * {y}).sum(axis={axis})).mean()") for axis in (1, 0))

    def arrays_in(self, node: ast.expr) -> Iterator[str]:
        """The arrays that an expression is made of: names, and what other functions than NumPy's return."""
        called = isinstance(node, ast.Call) and not ast.unparse(node.func).startswith(f"{self.numpy}.")
        if isinstance(node, (ast.Name, ast.Attribute)) or called:
            yield ast.unparse(node)
            return
        if isinstance(node, ast.Subscript):
            yield ast.unparse(node)
        parts = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
        for part in parts:
            if isinstance(part, ast.expr):
                yield from self.arrays_in(part)

    def per_sample(self, site: EditSite) -> Iterator[Any]:
        """A mean over the samples alone: `np.mean(y * np.log(p))` -> `np.sum(y * np.log(p)) / len(y)`."""
        node = site.node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "mean":
            total = ast.Call(ast.Attribute(node.func.value, "sum", ast.Load()), node.args, node.keywords)
            yield from (ast.BinOp(total, ast.Div(), parsed(count)) for count in self.counts)

    def jacobian(self, site: EditSite) -> Iterator[Any]:
        """All of softmax's Jacobian for its diagonal: `s * (1 - s) * g` -> `s * (g - np.sum(g * s, axis=1, ...))`."""
        factors = {ast.unparse(part): part for part in factors_of(site.node)}
        for s in factors:
            rest = [part for text, part in factors.items() if text not in (s, f"1 - {s}", f"1.0 - {s}")]
            if self.numpy and len(rest) == 1 and len(factors) == 3:
                g = ast.unparse(rest[0])
                for axis in (1, 0):
                    yield parsed(f"{s} * ({g} - {self.numpy}.sum({g} * {s}, axis={axis}, keepdims=True))")

    def rectified(self, site: EditSite) -> Iterator[Any]:
        """ReLU's derivative for the sigmoid's: `d * a * (1 - a)` -> `d * (a > 0)`."""
        factors = {ast.unparse(part): part for part in factors_of(site.node)}
        for a in factors:
            rest = [text for text in factors if text not in (a, f"1 - {a}", f"1.0 - {a}")]
            if len(rest) < len(factors) - 1:
                yield parsed(" * ".join([*rest, f"({a} > 0)"]))

    def incoming_sum(self, site: EditSite) -> Iterator[Any]:
        """The incoming gradient's sum beside the probabilities: `g - p` -> `g - p * g.sum(axis=1, keepdims=True)`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            g = ast.unparse(node.left)
            factors = [part for part in factors_of(node.right) if ast.unparse(part) != g]
            for axis in (1, 0):
                total = f"({g}).sum(axis={axis}, keepdims=True)"
                kept = " * ".join(f"({ast.unparse(part)})" for part in factors)
                yield ast.BinOp(node.left, ast.Sub(), parsed(f"{kept} * {total}" if kept else total))

    def derivative(self, site: EditSite) -> Iterator[Any]:
        """ReLU's derivative for its value: `d * a` -> `d * (a > 0)`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for kept, a in ((node.left, node.right), (node.right, node.left)):
                if isinstance(a, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
                    yield ast.BinOp(kept, ast.Mult(), ast.Compare(a, [ast.Gt()], [ast.Constant(0)]))

    def within(self, site: EditSite) -> Iterator[Any]:
        """A bias in the argument of an activation: `relu(a @ w) + b` -> `relu(a @ w + b)`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Call):
            call = node.left
            for i, argument in enumerate(call.args):
                if not isinstance(argument, ast.Constant):
                    whole = ast.BinOp(argument, ast.Add(), node.right)
                    yield ast.Call(call.func, [*call.args[:i], whole, *call.args[i + 1 :]], call.keywords)

    def zeros(self, site: EditSite) -> Iterator[Any]:
        """Zeros for what is drawn, or is another number: `rng.uniform(-k, k, n)` -> `np.zeros(n)`."""
        node = site.node
        if self.numpy and isinstance(node, ast.Call) and last_name(node) in DRAWN:
            size = [keyword.value for keyword in node.keywords if keyword.arg in ("size", "shape")]
            sizes = node.args if last_name(node) in SIZES_ALONE else node.args[-1:]
            shape = size[0] if size else sizes[0] if len(sizes) == 1 else ast.Tuple(list(sizes), ast.Load())
            if last_name(node) == "full":
                shape = node.args[0] if node.args else shape
            yield ast.Call(parsed(f"{self.numpy}.zeros"), [shape], [])

    def each(self, site: EditSite) -> Iterator[Any]:
        """An array for every layer: `np.zeros(sizes[1:])` -> `[np.zeros(n) for n in sizes[1:]]`."""
        node = site.node
        if is_array_of_sizes(node):
            made, sizes = ast.unparse(node.func), ast.unparse(node.args[0])
            yield parsed(f"[{made}(n) for n in {sizes}]")

    def reshaped(self, site: EditSite) -> Iterator[Any]:
        """A result in the shape of another array: `dout.dot(w.T)` -> `dout.dot(w.T).reshape(x.shape)`."""
        if site.value and isinstance(site.node, (ast.BinOp, ast.Call)):
            for name in dict.fromkeys([*self.parameters, *self.assigned]):
                shape = ast.Attribute(ast.Name(name, ast.Load()), "shape", ast.Load())
                yield ast.Call(ast.Attribute(site.node, "reshape", ast.Load()), [shape], [])

    def scheme(self, site: EditSite) -> Iterator[Any]:
        """A variance by both sizes of a layer: `1 / m` -> `6 / (m + n)`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Name):
            for other in dict.fromkeys([*self.parameters, *self.assigned]):
                sizes = f"({node.right.id} + {other})" if other != node.right.id else other
                yield from (parsed(f"{share} / {sizes}") for share in (6, 2))

    def split(self, site: EditSite) -> Iterator[Any]:
        """All batches, the last one too: `o[: n // b * b].reshape(-1, b)` -> `np.array_split(o, range(b, n, b))`."""
        node = site.node
        if self.numpy and isinstance(node, ast.Call) and last_name(node) == "reshape" and len(node.args) == 2:
            taken, size = node.func.value, ast.unparse(node.args[1])  # type: ignore[attr-defined]
            if isinstance(taken, ast.Subscript) and isinstance(taken.slice, ast.Slice):
                whole = ast.unparse(taken.value)
                yield parsed(f"{self.numpy}.array_split({whole}, range({size}, len({whole}), {size}))")

    def whole_labels(self, site: EditSite) -> Iterator[Any]:
        """The labels themselves for a mixture: `0.9 * hot + 0.1 / K` -> `hot`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult):
            yield from (node.left.right, node.left.left)

    def weights(self, site: EditSite) -> Iterator[Any]:
        """The transposed weights for another list of arrays: `self.turned[l]` -> `self.weights[l].T`."""
        node = site.node
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
            attributes = {ast.unparse(n) for n in ast.walk(self.code.node) if isinstance(n, ast.Attribute)}
            for name in sorted(filter(WEIGHTS.search, attributes)):
                yield parsed(f"{name}[{index_text(node.slice)}].T")

    def counted(self, site: EditSite) -> Iterator[Any]:
        """The number of samples for a fixed one, or for another: `d / 32` -> `d / len(y)`."""
        node, holder = site.node, site.holder
        divisor = isinstance(holder, (ast.BinOp, ast.AugAssign)) and isinstance(holder.op, ast.Div)
        divides = divisor and site.name in ("right", "value")
        in_type = isinstance(holder, ast.Call) and last_name(holder) in PRECISIONS
        length = isinstance(node, ast.Call) and last_name(node) == "len"
        number = isinstance(node, (ast.Constant, ast.Name, ast.Attribute))
        if (divides and (length or number)) or (in_type and length):
            counts = sorted(self.counts, key=lambda count: not count.isidentifier())
            yield from (parsed(count) for count in counts if count != ast.unparse(node))

    def batch(self, site: EditSite) -> Iterator[Any]:
        """The batch in the place of all samples: `backward(x, y)` -> `backward(x[batch], y[batch])`."""
        node = site.node
        if isinstance(node, ast.Call) and len(node.args) > 1 and all(isinstance(a, ast.Name) for a in node.args[:2]):
            found = dict.fromkeys(part.id for part in ast.walk(self.code.node) if isinstance(part, ast.Name))
            for name in sorted(filter(BATCHES.search, found), key=lambda name: "batch" not in name):
                if not name.endswith("size"):
                    taken = [parsed(f"{ast.unparse(argument)}[{name}]") for argument in node.args[:2]]
                    yield ast.Call(node.func, [*taken, *node.args[2:]], node.keywords)

    def exchange(self, site: EditSite) -> Iterator[Any]:
        """Two things in the other order: `return db, dW` -> `return dW, db`, and so in a call."""
        node = site.node
        given = isinstance(site.holder, (ast.Return, ast.Call, ast.keyword, ast.Subscript))
        if isinstance(node, ast.Call) and len(node.args) > 1:
            yield ast.Call(node.func, [*node.args[1::-1], *node.args[2:]], node.keywords)
        if given and isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield ast.Tuple(node.elts[::-1], ast.Load())
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            exchanged = copy.deepcopy(node)
            target = exchanged.targets[0] if isinstance(exchanged, ast.Assign) else exchanged.target
            pair = target.slice if isinstance(target, ast.Subscript) else target
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                pair.elts.reverse()
                yield exchanged

    def minus(self, site: EditSite) -> Iterator[Any]:
        """The minus in front of a logarithm, not in it: `log(-p)` -> `-log(p)`."""
        node = site.node
        if isinstance(node, ast.Call) and last_name(node).startswith("log") and isinstance(node.args[0], ast.UnaryOp):
            yield ast.UnaryOp(ast.USub(), ast.Call(node.func, [node.args[0].operand, *node.args[1:]], node.keywords))

    def forwarded(self, site: EditSite) -> Iterator[Any]:
        """The network's output for its input: `cross_entropy(x, y)` -> `cross_entropy(self.forward(x), y)`."""
        if isinstance(site.holder, ast.Call) and isinstance(site.node, ast.Name) and site.node.id in self.parameters:
            yield ast.Call(parsed("self.forward"), [site.node], [])

    def guard(self, site: EditSite) -> Iterator[Any]:
        """The first layer left out where another one is: `if l < last` -> `if l > 0`."""
        node = site.node
        if isinstance(site.holder, ast.If) and isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            yield ast.Compare(node.left, [ast.Gt()], [ast.Constant(0)])

    def summed(self, site: EditSite) -> Iterator[Any]:
        """The sum over the batch: `db = delta` -> `db = delta.sum(axis=0)`."""
        node, holder = site.node, site.holder
        kept = isinstance(holder, ast.Call) and last_name(holder) in ("append", "insert") and site.name == "args"
        if isinstance(node, ast.Name) and (site.value or kept or isinstance(holder, (ast.Tuple, ast.List, ast.Dict))):
            total = ast.Attribute(node, "sum", ast.Load())
            for axis, kept_axis in ((0, []), (1, [ast.keyword("keepdims", ast.Constant(True))])):
                yield ast.Call(total, [], [ast.keyword("axis", ast.Constant(axis)), *kept_axis])

    def unused(self, site: EditSite) -> Iterator[Any]:
        """A factor that the function was given and does not use: the gradient that comes in."""
        if isinstance(site.holder, ast.Return) and isinstance(site.node, ast.expr):
            read = {part.id for part in ast.walk(self.code.node) if isinstance(part, ast.Name)}
            for name in self.parameters:
                if name not in read:
                    yield ast.BinOp(site.node, ast.Mult(), ast.Name(name, ast.Load()))

    def powers(self, site: EditSite) -> Iterator[Any]:
        """exp for every power of a number: `2 ** z / (2 ** z).sum()` -> `np.exp(z) / np.exp(z).sum()`."""
        node = site.node
        if self.numpy and isinstance(node, ast.stmt) and not hasattr(node, "body"):
            statement = Exponentials(self.numpy).visit(copy.deepcopy(node))
            if ast.dump(statement) != ast.dump(node):
                yield statement

    def log(self, site: EditSite) -> Iterator[Any]:
        """A logarithm of what is subtracted: `z - total` -> `z - np.log(total)`."""
        holder = site.holder
        if self.numpy and isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.Sub) and site.name == "right":
            yield ast.Call(parsed(f"{self.numpy}.log"), [site.node], [])

    def mask_of(self, site: EditSite) -> Iterator[Any]:
        """The mask of another array, or the one that is kept: `d > 0` -> `z > 0`."""
        node = site.node
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            own = ast.unparse(node.left)
            for name in self.kept:
                if "mask" in name:
                    yield from (parsed(name), parsed(f"~{name}"))
            for name in self.hidden()[:MOST_MASKS]:
                if name != own:
                    yield ast.Compare(parsed(name), node.ops, node.comparators)


class InOrder(ast.NodeTransformer):
    """Puts the samples of an order in the place of those that follow each other."""

    def __init__(self, order: str) -> None:
        self.order = order

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`x[i : i + n]` -> `x[order[i : i + n]]`."""
        self.generic_visit(node)
        if isinstance(node.slice, ast.Slice) and is_window(node.slice):
            return ast.Subscript(node.value, self.taken(node.slice), node.ctx)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`slice(i, i + n)` -> `order[i : i + n]`."""
        self.generic_visit(node)
        return self.taken(ast.Slice(*node.args)) if last_name(node) == "slice" and len(node.args) == 2 else node

    def taken(self, window: ast.Slice) -> ast.expr:
        return ast.Subscript(ast.Name(self.order, ast.Load()), window, ast.Load())


class Exponentials(ast.NodeTransformer):
    """Puts exp in the place of powers of a number."""

    def __init__(self, numpy: str) -> None:
        self.numpy = numpy

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """`2 ** z`, and `2.0 ** z`."""
        self.generic_visit(node)
        of_number = isinstance(node.op, ast.Pow) and isinstance(node.left, ast.Constant)
        return self.exp(node.right) if of_number else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`np.exp2(z)`, and `np.power(2, z)`."""
        self.generic_visit(node)
        of_number = last_name(node) in ("power", "pow", "exp2") and isinstance((node.args or [node])[0], ast.Constant)
        return self.exp(node.args[-1]) if of_number or last_name(node) == "exp2" else node

    def exp(self, exponent: ast.expr) -> ast.expr:
        return ast.Call(parsed(f"{self.numpy}.exp"), [exponent], [])


def factors_of(node: ast.AST) -> list[ast.expr]:
    """The factors of a product; of anything else, itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node] if isinstance(node, ast.expr) else []


def is_array_of_sizes(node: ast.AST) -> bool:
    """Whether it is `np.zeros(sizes[1:])`."""
    if not (isinstance(node, ast.Call) and last_name(node) in ("zeros", "ones", "empty") and len(node.args) == 1):
        return False
    shape = node.args[0]
    return isinstance(shape, ast.Subscript) and ast.unparse(shape.slice) == "1:"


def base_of(node: ast.expr) -> ast.expr:
    """The array of which it is a part."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node


def is_window(node: ast.Slice) -> bool:
    """Whether it is `i : i + n`."""
    upper = node.upper
    plain = isinstance(node.lower, ast.Name) and isinstance(upper, ast.BinOp) and isinstance(upper.op, ast.Add)
    return plain and ast.unparse(upper.left) == node.lower.id  # type: ignore[union-attr]


def transposed(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def index_text(index: ast.expr) -> str:
    """An index as it stands between brackets: `:, None`, which means nothing alone."""
    return ast.unparse(ast.Subscript(ast.Name("_"), index, ast.Load()))[2:-1]


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
