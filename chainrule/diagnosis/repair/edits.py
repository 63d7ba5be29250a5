"""Small changes to a function's tree: the inverse of the mistakes that people make.

Each is one expression or statement in place of another.  The order in which they are tried is that of `search.KINDS`.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chainrule.diagnosis.repair.edit_sites import Code, Edit, EditSite, Moved, Outdented, loads
from chainrule.diagnosis.repair.edit_sites import last_name as called
from chainrule.diagnosis.repair.idioms import MOST_MASKS, Idioms, base_of
from chainrule.diagnosis.repair.idioms import parsed as expression
from chainrule.diagnosis.repair.nonsense import nonsense
from chainrule.host.protocol import Function

SWAPPED_OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
}
SWAPPED_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Gt: (ast.LtE, ast.Lt, ast.GtE),
    ast.GtE: (ast.Gt, ast.Lt, ast.LtE),
    ast.Lt: (ast.GtE, ast.Gt, ast.LtE),
    ast.LtE: (ast.Lt, ast.Gt, ast.GtE),
    ast.Eq: (ast.NotEq, ast.LtE),
    ast.NotEq: (ast.Eq,),
}
SWAPPED_CALLS = {
    "sum": ("mean",), "mean": ("sum",), "max": ("min", "sum"), "min": ("max",), "amax": ("amin",),
    "maximum": ("minimum",), "minimum": ("maximum",), "argmax": ("argmin",), "argmin": ("argmax",), "log2": ("log",),
    "log10": ("log",), "log1p": ("log",), "exp2": ("exp",), "ones": ("zeros",), "ones_like": ("zeros_like",),
    "rand": ("randn",), "random": ("standard_normal",), "abs": ("copy",), "shuffle": ("permutation",),
    "median": ("mean",), "prod": ("sum",), "cumsum": ("sum",),
}  # fmt: skip
REDUCTIONS = ("sum", "mean", "max", "min", "argmax", "amax", "softmax")
WITHOUT_EFFECT = ("copy", "squeeze", "astype", "clip", "round", "reshape")  # on the meaning: methods of arrays
PRODUCTS = ("dot", "matmul", "outer")
COUNTS = re.compile(r"^(n|m|N|M|B|num\w*|n_\w+|batch\w*|count|samples?|size)$")
ROUNDING = ("round", "around", "round_")  # of which no number of digits is right
AXES = ("axis", "dim")
MODULES = frozenset(("self", "np", "numpy", "math", "random", "torch", "jnp", "xp", "cp"))
SEEDS = re.compile(r"(^|[._])(seed|random_state)$")  # as a size or a count one of them would fill the memory
LONGEST_NAME = 30  # of what may be meant by mistake: beyond that it is a computation of its own
RATES = re.compile(r"(^|\.)(lr|learning_rate|learningRate|alpha|eta|rate|step_size)$")
BIASES = (
    (r"weights", "biases"),
    (r"[wW]eights?", "bias"),
    (r"W", "b"),
    (r"\bw", "b"),
    (r"coefs", "intercepts"),
)  # what biases are called where weights have some name
UPDATES = (*BIASES, (r"[bB]ias(es)?", "weight"), (r"bias", "weights"), (r"b", "W"))
RECTIFIES = re.compile(r"def (relu|forward|__call__)\b|\bmaximum\(|\bmax\(0|\bmax\(.*, 0\)")
BACKWARD = re.compile(r"back|grad|deriv|prime", re.IGNORECASE)
STEPS = re.compile(r"^_?(fit|step|update|init|__init__|xavier|softmax)", re.IGNORECASE)
MOST_NAMES, MOST_COUNTS, LONGEST_MOVE = 14, 8, 6


class Editor(Idioms):
    """The edits of one function, on the lines that ran.

    alone: whether those of functions inside are among them: nobody saw which of their lines ran.
    """

    def __init__(self, function: Function, alone: bool = False) -> None:
        self.function, self.code, self.numpy = function, Code(function), function.numpy
        self.sites = list(self.code.sites([*function.lines, *(self.code.inside() if alone else ())]))
        self.names = self.found_names()
        self.counts = self.found_counts()
        self.slices = self.found_slices()
        self.exponents = {ast.unparse(exponent.args[0]) for exponent in exponentials(self.code.node)}
        self.kept: list[str] = []  # what methods of the same class keep
        self.rates = [name for name in [*self.parameters, *self.names] if RATES.search(name)]

    def edits(self, kinds: Sequence[str]) -> Iterator[Edit]:
        """All edits of these kinds, in their order."""
        for kind in kinds:
            make = getattr(self, kind)
            for site in self.sites:
                if isinstance(site.node, (ast.expr, ast.stmt)) and (
                    not isinstance(site.node, ast.expr) or loads(site.node)
                ):
                    for new in make(site):
                        if not nonsense(self.code, site, new):
                            yield self.code.edit(site, kind, new)

    # What there is in the function

    def found_names(self) -> list[str]:
        """Names, attributes and items, as they are written, that are read in the function, on lines that ran first."""
        found: dict[str, None] = {}
        elsewhere = self.code.sites(range(self.code.node.lineno, (self.code.node.end_lineno or 0) + 1))
        for site in [*self.sites, *elsewhere]:
            node = site.node
            is_called = isinstance(site.holder, ast.Call) and site.name == "func"
            if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and loads(node) and not is_called:
                found.setdefault(ast.unparse(node), None)
        return [name for name in found if len(name) < LONGEST_NAME and name not in MODULES and not SEEDS.search(name)]

    def found_counts(self) -> list[str]:
        """Expressions that count something: samples, mostly."""
        found: dict[str, None] = {}
        for site in self.sites:
            node = site.node
            if isinstance(node, ast.Name) and COUNTS.match(node.id):
                found.setdefault(node.id, None)
            elif (
                isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
            ) or (isinstance(node, ast.Call) and ast.unparse(node.func) == "len"):
                found.setdefault(ast.unparse(node), None)
        for argument in [*self.code.node.args.posonlyargs, *self.code.node.args.args][::-1]:
            if argument.arg not in ("self", "cls", "lr", "learning_rate", "rng", "seed"):
                found.setdefault(f"len({argument.arg})", None)
                found.setdefault(f"{argument.arg}.shape[1]", None)
        for name in self.names:
            if name.startswith("self.") and "[" not in name and "(" not in name:
                found.setdefault(f"{name}.shape[0]", None)
        return list(found)[:MOST_COUNTS]

    def found_slices(self) -> list[ast.expr]:
        """What things are indexed by in the function."""
        found = {
            ast.unparse(site.node.slice): site.node.slice for site in self.sites if isinstance(site.node, ast.Subscript)
        }
        for loop in ast.walk(self.code.node):
            if isinstance(loop, ast.For):
                counted = (part for part in ast.walk(loop.target) if isinstance(part, ast.Name))
                found |= {part.id: ast.Name(part.id, ast.Load()) for part in counted if part.id not in found}
        return [node for text, node in found.items() if text not in ("0", "1", "-1", "2")][:MOST_NAMES]

    # The kinds, each a generator of what a site may become

    def operator(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(node, ast.BinOp):
            for other in SWAPPED_OPERATORS.get(type(node.op), ()):
                yield ast.BinOp(node.left, other(), node.right)
            if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
                yield ast.BinOp(node.right, node.op, node.left)
            if isinstance(node.op, ast.FloorDiv):
                negative = ast.BinOp(ast.UnaryOp(ast.USub(), node.left), ast.FloorDiv(), node.right)
                yield ast.UnaryOp(ast.USub(), negative)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1:
            for comparison in SWAPPED_COMPARISONS.get(type(node.ops[0]), ()):
                yield ast.Compare(node.left, [comparison()], node.comparators)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node.operand
        elif isinstance(node, ast.AugAssign):
            for other in SWAPPED_OPERATORS.get(type(node.op), ()):
                yield ast.AugAssign(node.target, other(), node.value)

    def fraction(self, site: EditSite) -> Iterator[Any]:
        """A division that keeps its fraction: `6 // (m + n)` -> `6 / (m + n)`."""
        node = site.node
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            yield ast.BinOp(node.left, ast.Div(), node.right)

    def hoist(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(node, ast.BinOp):
            yield node.left
            yield node.right
            yield from [node.left.left] if isinstance(node.left, ast.BinOp) else []
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and (
                node.func.attr in WITHOUT_EFFECT or not isinstance(node.func.value, ast.Name)
            ):
                yield node.func.value
            yield from node.args[:1]
            yield from node.args[1:] if len(node.args) == 2 or called(node) == "getattr" else []
        elif isinstance(node, ast.Attribute):
            yield from [node.value] if node.attr == "T" else []
        elif isinstance(node, ast.Subscript):
            yield from [node.value] if not isinstance(site.holder, ast.Subscript) else []
            one_hot = isinstance(node.value, ast.Call) and called(node.value) in ("eye", "identity")
            yield from [node.slice] if one_hot else []
        elif isinstance(node, ast.IfExp):
            yield node.body
            yield node.orelse
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.Tuple) and isinstance(site.holder, ast.Return):
            yield from node.elts[:1]

    def axis(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if not (isinstance(node, ast.Call) and called(node) in REDUCTIONS):
            return
        others = [keyword for keyword in node.keywords if keyword.arg not in ("axis", "keepdims", "dim", "keepdim")]
        positional = len(node.args) > (0 if isinstance(node.func, ast.Attribute) and called_on_array(node) else 1)
        if positional:
            return
        kept_now = any(keyword.arg in ("keepdims", "keepdim") for keyword in node.keywords)
        for axis in (0, 1):
            for keep in (kept_now, not kept_now):
                kept = [ast.keyword("keepdims", ast.Constant(True))] if keep else []
                yield ast.Call(node.func, node.args, [*others, ast.keyword("axis", ast.Constant(axis)), *kept])

    def number(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if not isinstance(node, ast.Constant) or isinstance(node.value, str) or node.value is None:
            return
        value = node.value
        if isinstance(site.holder, ast.Call) and called(site.holder) in ROUNDING:
            return
        of_shape = isinstance(site.holder, ast.Subscript) and ast.unparse(site.holder.value).endswith("shape")
        if of_shape or (isinstance(site.holder, ast.keyword) and site.holder.arg in AXES):
            yield from (ast.Constant(axis) for axis in (1, 0) if axis != value and not isinstance(value, bool))
            return
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int):
            for other in dict.fromkeys((*((value + 1,) if value == 0 else ()), value - 1, value + 1, 0, 1, -1, 2, 6)):
                if other != value:
                    yield ast.Constant(other)
        elif isinstance(value, float):
            for real in dict.fromkeys((0.0, 1.0, 2 * value, value / 2, -value, 2.0, 6.0, 3.0, 1e-12)):
                if real != value:
                    yield ast.Constant(real)

    def transpose(self, site: EditSite) -> Iterator[Any]:
        holder = site.holder
        product = (isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.MatMult)) or (
            isinstance(holder, ast.Call) and called(holder) in PRODUCTS and site.name == "args"
        )
        receiver = isinstance(holder, ast.Attribute) and holder.attr in PRODUCTS
        if (product or receiver) and not (isinstance(site.node, ast.Attribute) and site.node.attr == "T"):
            yield ast.Attribute(site.node, "T", ast.Load())
        node = site.node
        if isinstance(node, ast.Call) and called(node) in PRODUCTS and len(node.args) == 2:
            yield ast.Call(node.func, node.args[::-1], node.keywords)
        if site.value and isinstance(node, (ast.BinOp, ast.Call)):
            yield ast.Attribute(node, "T", ast.Load())

    def call(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(node, ast.Attribute):
            for other in SWAPPED_CALLS.get(node.attr, ()):
                yield ast.Attribute(node.value, other, node.ctx)
        elif isinstance(node, ast.Name) and isinstance(site.holder, ast.Call) and site.name == "func":
            for other in SWAPPED_CALLS.get(node.id, ()):
                yield ast.Name(other, ast.Load())

    def scale(self, site: EditSite) -> Iterator[Any]:
        if not ((site.value or is_product(site.node)) and isinstance(site.node, ast.expr)):
            return
        if isinstance(site.node, (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Lambda)):
            return
        for count in self.counts:
            if count != ast.unparse(site.node):
                yield ast.BinOp(site.node, ast.Div(), expression(count))

    def multiply(self, site: EditSite) -> Iterator[Any]:
        if site.value and isinstance(site.node, (ast.BinOp, ast.Call, ast.Name)):
            for count in dict.fromkeys([*self.batch_lengths(), *self.counts]):
                yield ast.BinOp(site.node, ast.Mult(), expression(count))

    def add(self, site: EditSite) -> Iterator[Any]:
        """A bias beside the weights in a product: `a @ W1` -> `a @ W1 + b1`."""
        node = site.node
        if not is_product(node):
            return
        operands = (
            [node.left, node.right] if isinstance(node, ast.BinOp) else [*node.args, getattr(node.func, "value", node)]
        )
        for operand in operands:
            text = ast.unparse(operand).removesuffix(".T")
            for pattern, new in BIASES:
                if re.search(pattern, text):
                    yield ast.BinOp(node, ast.Add(), expression(re.sub(pattern, new, text)))

    def negate(self, site: EditSite) -> Iterator[Any]:
        if site.value and isinstance(site.node, (ast.BinOp, ast.Call, ast.Name)):
            yield ast.UnaryOp(ast.USub(), site.node)

    def root(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if self.numpy and isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield ast.Call(expression(f"{self.numpy}.sqrt"), [node], [])
            if isinstance(node.left, ast.Call) and called(node.left) == "sqrt" and len(node.left.args) == 1:
                yield ast.Call(node.left.func, [ast.BinOp(node.left.args[0], ast.Div(), node.right)], [])

    def near(self, site: EditSite) -> Iterator[Any]:
        """Names that are easily mixed up: they differ in a character."""
        yield from self.renamed(site, lambda unlike: unlike <= 1)

    def name(self, site: EditSite) -> Iterator[Any]:
        yield from self.renamed(site, lambda unlike: unlike > 1)

    def renamed(self, site: EditSite, chosen: Callable[[int], bool]) -> Iterator[ast.expr]:
        """The other names of the function, in the order in which they are like this one."""
        node = site.node
        called_ = isinstance(site.holder, ast.Call) and site.name == "func"
        if called_ or not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
            return
        if isinstance(site.holder, ast.Attribute) and isinstance(node, ast.Name):
            return
        own = ast.unparse(node)
        if own not in self.names:
            return
        names = dict.fromkeys([*self.names, *(name for name in self.parameters if not SEEDS.search(name))])
        others = [other for other in names if other != own and chosen(distance(own, other))]
        for other in sorted(others, key=lambda other: distance(own, other))[:MOST_NAMES]:
            yield expression(other)

    def rate(self, site: EditSite) -> Iterator[Any]:
        """A learning rate before what is subtracted, or for a number that is handed on."""
        holder = site.holder
        if isinstance(site.node, ast.Constant) and isinstance(holder, (ast.Call, ast.keyword, ast.BinOp)):
            yield from map(expression, self.rates)
        subtracted = isinstance(holder, ast.BinOp) and isinstance(holder.op, ast.Sub) and site.name == "right"
        if subtracted or (isinstance(holder, ast.AugAssign) and site.name == "value"):
            for rate in self.rates:
                yield ast.BinOp(expression(rate), ast.Mult(), site.node)

    def shared_rate(self, site: EditSite) -> Iterator[Any]:
        """The rate over the number of samples: `eta * nb` -> `eta / len(batch) * nb`."""
        if isinstance(site.node, ast.Name) and site.node.id in self.rates and isinstance(site.holder, ast.BinOp):
            yield from (ast.BinOp(site.node, ast.Div(), expression(count)) for count in self.counts)

    def offset(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(site.holder, ast.Subscript) and site.name == "slice":
            if isinstance(node, (ast.Name, ast.BinOp)):
                yield from one_off(node)
        elif (
            isinstance(site.holder, ast.Call) and called(site.holder) == "range" and not isinstance(node, ast.Constant)
        ) or (
            isinstance(node, ast.Call)
            and called(node) == "len"
            and (site.value or isinstance(site.holder, ast.Compare))
        ):
            yield from one_off(node)

    def index(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(node, ast.Subscript):
            for other in self.slices:
                if ast.dump(other) != ast.dump(node.slice):
                    yield ast.Subscript(node.value, other, node.ctx)
        elif isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in self.names:
            if isinstance(site.holder, (ast.Attribute, ast.Subscript)):
                return
            for other in self.slices:
                yield ast.Subscript(node, other, ast.Load())

    def mask(self, site: EditSite) -> Iterator[Any]:
        """A mask on a gradient that is handed on as it is."""
        node = site.node
        above = isinstance(node, ast.Attribute) and node.attr == "grad"  # of an engine of nodes
        added = isinstance(site.holder, ast.BinOp) and isinstance(site.holder.op, ast.Add)
        if (isinstance(node, ast.Name) and site.value) or (above and (site.value or added)):
            yield from self.masked(node)

    def mask_product(self, site: EditSite) -> Iterator[Any]:
        """A mask on a gradient that is computed here."""
        if isinstance(site.node, (ast.BinOp, ast.Call)) and (site.value or is_product(site.node)):
            yield from self.masked(site.node)

    def masked(self, node: ast.expr) -> Iterator[Any]:
        rectifies = RECTIFIES.search(self.code.text(self.code.node)) and not BACKWARD.search(self.function.name)
        if rectifies or STEPS.search(self.function.name):
            return  # no gradient on its way down is in there
        for name in self.hidden()[:MOST_MASKS]:
            yield ast.BinOp(node, ast.Mult(), ast.Compare(expression(name), [ast.Gt()], [ast.Constant(0)]))

    def shift(self, site: EditSite) -> Iterator[Any]:
        """The maximum subtracted from what an exponential is taken of; where a statement has it twice, in both."""
        inside = [exponent.args[0] for exponent in exponentials(site.node)]
        holder = site.holder
        of_exp = isinstance(holder, ast.Call) and called(holder) == "exp" and site.name == "args"
        kept = site.value and isinstance(holder, ast.Assign) and ast.unparse(holder.targets[0]) in self.exponents
        if of_exp or kept:
            yield from shifted(site.node)
            loops = [node for node in ast.walk(self.code.node) if isinstance(node, ast.comprehension)]
            for loop in loops:
                if ast.unparse(loop.target) == ast.unparse(site.node):
                    yield expression(f"{ast.unparse(loop.target)} - max({ast.unparse(loop.iter)})")
        elif isinstance(site.node, ast.Call) and called(site.node) == "log" and len(inside) == 1:
            for new in shifted(inside[0]):
                log = copy.deepcopy(site.node)
                exponentials(log)[0].args = [new]
                yield ast.BinOp(log, ast.Add(), new.right)
        elif isinstance(site.node, ast.stmt) and not hasattr(site.node, "body"):
            exponents = [exponent.args[0] for exponent in exponentials(site.node)]
            if len(exponents) > 1 and len({ast.dump(exponent) for exponent in exponents}) == 1:
                for new in shifted(exponents[0]):
                    statement = copy.deepcopy(site.node)
                    for exponent in exponentials(statement):
                        exponent.args = [new]
                    yield statement

    def fresh(self, site: EditSite) -> Iterator[Any]:
        node = site.node
        if isinstance(node, ast.AugAssign):
            read = copy.deepcopy(node.target)
            read.ctx = ast.Load()
            yield ast.Assign([node.target], ast.BinOp(read, node.op, node.value))
            yield ast.Assign([node.target], node.value)
        elif (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], (ast.Name, ast.Attribute, ast.Subscript))
        ):
            yield ast.AugAssign(node.targets[0], ast.Add(), node.value)
        elif isinstance(node, (ast.Name, ast.Attribute)) and site.value:
            yield ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])

    def delete(self, site: EditSite) -> Iterator[Any]:
        if isinstance(site.node, (ast.Assign, ast.AugAssign, ast.Expr, ast.If)) and site.index is not None:
            yield None

    def move(self, site: EditSite) -> Iterator[Any]:
        """A statement changes places with one that follows: the block is replaced as a whole."""
        body = getattr(site.holder, site.name)
        if isinstance(site.node, ast.stmt) and site.index is not None and isinstance(body, list):
            for later in range(site.index + 1, min(site.index + 1 + LONGEST_MOVE, len(body))):
                if not isinstance(body[later], ast.Return):
                    yield Moved(site.index, later)

    def outdent(self, site: EditSite) -> Iterator[Any]:
        """A return behind the loop that it ends in the first pass: behind the innermost, or one further out."""
        node = site.node
        if isinstance(node, ast.Return) and isinstance(site.holder, (ast.For, ast.While)) and site.index:
            loops = (one for one in ast.walk(self.code.node) if isinstance(one, (ast.For, ast.While)))
            around = [one.col_offset for one in loops if one.lineno < node.lineno and one.end_lineno == node.end_lineno]
            yield from map(Outdented, sorted(around, reverse=True))

    def divide(self, site: EditSite) -> Iterator[Any]:
        """A line that divides what was just computed by a number of samples."""
        written = self.written(site)
        target = None if written is None else base_of(written)
        if isinstance(target, (ast.Name, ast.Attribute)):
            name = ast.unparse(target)
            for count in self.counts:
                if count != name:
                    yield [site.node, ast.parse(f"{name} = {name} / {count}").body[0]]

    def insert(self, site: EditSite) -> Iterator[Any]:
        """A line like this one for another parameter: `self.b -= lr * db` beside `self.W -= lr * dW`."""
        node = site.node
        if not isinstance(node, (ast.AugAssign, ast.Assign)) or site.index is None:
            return
        for sibling in self.siblings(ast.unparse(node)):
            try:
                yield [node, ast.parse(sibling).body[0]]
            except SyntaxError:
                continue

    def stepped(self, site: EditSite) -> Iterator[Any]:
        """A step for one of several values: `W - lr * dW, b` -> `W - lr * dW, b - lr * db`."""
        if isinstance(site.holder, (ast.Tuple, ast.List)):
            own = ast.unparse(site.node)
            for other in site.holder.elts:
                if isinstance(other, ast.BinOp) and isinstance(other.op, (ast.Sub, ast.Add)):
                    yield from map(
                        expression, (text for text in self.siblings(ast.unparse(other)) if text.startswith(f"{own} "))
                    )

    def siblings(self, text: str) -> list[str]:
        """The same of other parameters: `W1 -= lr * dW1` for `b1`, `W2`, and for `c` where there is a `dc`."""
        found = [re.sub(pattern, new, text) for pattern, new in UPDATES] + [renumbered(text, by) for by in (1, -1)]
        target = re.match(r"[\w.]+", text)
        own = target[0].rpartition(".")[2] if target else ""
        for name in re.findall(rf"\b\w+{own}\b", text) if own else ():
            before = name.removesuffix(own)
            for other in (other for other in self.assigned if other.startswith(before) and other not in (name, before)):
                moved = re.sub(rf"\b{own}\b", other.removeprefix(before), text)
                found.append(re.sub(rf"\b{name}\b", other, moved))
        return [sibling for sibling in dict.fromkeys(found) if sibling != text]


def one_off(node: ast.expr) -> Iterator[ast.expr]:
    """node + 1 and node - 1; of `i + 1` they are `i + 1 + 1` and `i`."""
    for sign, other in ((ast.Add, ast.Sub), (ast.Sub, ast.Add)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, other) and ast.unparse(node.right) == "1":
            yield node.left
        else:
            yield ast.BinOp(node, sign(), ast.Constant(1))


def exponentials(node: ast.AST) -> list[ast.Call]:
    """The calls of exp in it."""
    return [part for part in ast.walk(node) if isinstance(part, ast.Call) and called(part) == "exp" and part.args]


def shifted(node: ast.expr) -> Iterator[ast.BinOp]:
    """z -> z - z.max(axis=1, keepdims=True), by the other axis, by the maximum of all; for clip(z, ...) too."""
    if isinstance(node, ast.Call) and called(node) in ("clip", "minimum") and node.args:
        yield from shifted(node.args[0])
    for axis in (1, 0, None):
        how = [ast.keyword("axis", ast.Constant(axis)), ast.keyword("keepdims", ast.Constant(True))]
        largest = ast.Call(ast.Attribute(node, "max", ast.Load()), [], [] if axis is None else how)
        yield ast.BinOp(node, ast.Sub(), largest)


def renumbered(text: str, by: int) -> str:
    """W1, dW1 -> W2, dW2"""
    return re.sub(r"\d", lambda found: str(int(found[0]) + by), text)


def called_on_array(node: ast.Call) -> bool:
    """Whether it is `a.sum()`, not `np.sum(a)`."""
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in (
        "np",
        "numpy",
        "jnp",
        "torch",
        "xp",
    )


def is_product(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return isinstance(node, ast.Call) and called(node) in (*PRODUCTS, "einsum", "tensordot")


def distance(one: str, other: str) -> int:
    """How unlike two names are: people mix up those that differ in a digit or a letter."""
    same = sum(a == b for a, b in zip(one, other, strict=False))
    return max(len(one), len(other)) - same
