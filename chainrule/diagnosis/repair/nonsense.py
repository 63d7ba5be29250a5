"""Changes that no teacher would offer, though with one of them the numbers may come out right."""

from __future__ import annotations

import ast
import re
from typing import Any

from chainrule.diagnosis.repair.edit_sites import Code, EditSite, last_name

TURNED: list[set[type]] = [{one, other} for one in (ast.Gt, ast.GtE) for other in (ast.Lt, ast.LtE)]
INDEX = (-1, 0, 1, 2)  # what a place in a list is compared with, or moved by
WHOLE_NUMBERS = ("int", "round", "floor", "ceil")
PRECISIONS = ("float", "float16", "float32", "float64")  # in which a number is written
DEFAULTS = {"get": 1, "setdefault": 1, "pop": 1, "getattr": 2}  # calls, and which of their arguments is a default
TRAINING = re.compile(r"(step|update|backward|backprop|train|fit|descent)\w*\(|\b(lr|learning_rate|alpha|eta)\b")


def nonsense(code: Code, site: EditSite, new: Any) -> bool:
    """Whether a change discards what a value depends on, makes a condition constant, or leaves training out."""
    if new is None:
        return leaves_training_out(code, site.node)
    whole = isinstance(new, ast.Constant) and isinstance(new.value, bool) and site.name == "test"  # an idiom of its own
    if whole or not isinstance(new, ast.expr):
        return False
    return (
        discards(site, new)
        or is_default(site)
        or neutral(site, new)
        or alike(site, new)
        or loses_shape(site, new)
        or unseeded(new)
        or every_sample(site, new)
        or (id(site.node) in code.conditions and decides(site, new))
    )


def leaves_training_out(code: Code, statement: ast.stmt) -> bool:
    """Whether no other statement of the function trains, or updates."""
    simple = [node for node in ast.walk(code.node) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    trains = [node for node in simple if TRAINING.search(ast.unparse(node))]
    return trains == [statement]


def discards(site: EditSite, new: ast.expr) -> bool:
    """Whether a constant takes the place of a variable, or all of a whole number: `int(0.05 * n)` -> `int(0.05)`."""
    whole = isinstance(site.holder, ast.Call) and getattr(site.holder.func, "id", "") in WHOLE_NUMBERS
    if not isinstance(new, ast.Constant):
        return isinstance(new, ast.BinOp) and (
            (isinstance(new.left, ast.Constant) and isinstance(new.right, ast.Constant))
            or (isinstance(new.right, ast.Constant) and ends_in_number(new.left))
            or (whole and isinstance(new.op, (ast.Mult, ast.Div)))
        )
    limited = isinstance(site.node, ast.Call) and last_name(site.node) in ("min", "max", "minimum", "maximum")
    if whole or isinstance(site.holder, ast.IfExp) or (limited and new.value == 1):
        return whole
    return any(isinstance(part, ast.Name) for part in ast.walk(site.node))


def is_default(site: EditSite) -> bool:
    """Whether a setting has this number where the caller gives none: `get("eps", 1e-5)`, `eps or 1e-5`.

    Whole numbers are left out: they may be where a count begins.
    """
    holder = site.holder
    if not (isinstance(site.node, ast.Constant) and isinstance(site.node.value, float)):
        return False
    if isinstance(holder, ast.Call):
        return site.name == "args" and DEFAULTS.get(last_name(holder)) == site.index
    if isinstance(holder, ast.BoolOp):
        return isinstance(holder.op, ast.Or)
    asks = holder.test if isinstance(holder, ast.IfExp) else None
    return isinstance(asks, ast.Compare) and isinstance(asks.ops[0], (ast.Is, ast.IsNot, ast.In, ast.NotIn))


def ends_in_number(node: ast.expr) -> bool:
    """Whether a number is added or subtracted already: `l + 1`."""
    shifts = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    return shifts and isinstance(node.right, ast.Constant)  # type: ignore[attr-defined]


def neutral(site: EditSite, new: ast.expr) -> bool:
    """Whether a number has no effect where it stands, or is all that has: `i + 0`, `1.0 * x`, `0 * x`, `x ** 1`."""
    holder = site.holder
    if isinstance(holder, ast.Call) and last_name(holder) in PRECISIONS and isinstance(new, ast.Constant):
        return new.value in (0, 1)
    if not (isinstance(holder, ast.BinOp) and isinstance(new, ast.Constant)):
        return False
    if new.value == 0:
        return site.name == "right" or not isinstance(holder.op, ast.Sub)
    first = site.name == "left" and isinstance(holder.op, (ast.Div, ast.Sub, ast.Add, ast.Pow, ast.FloorDiv, ast.Mod))
    return new.value == 1 and not first and not isinstance(holder.op, (ast.Add, ast.Sub))


def alike(site: EditSite, new: ast.expr) -> bool:
    """Whether both sides are the same then: `x - x`, `n > n`, `1.0 if late else 1.0`."""
    holder, beside = site.holder, []
    if isinstance(holder, ast.BinOp) and not isinstance(holder.op, (ast.Add, ast.Mult, ast.MatMult, ast.Pow)):
        beside = [holder.right if site.name == "left" else holder.left]
    elif isinstance(holder, ast.Compare):
        beside = holder.comparators if site.name == "left" else [holder.left]
    elif isinstance(holder, ast.IfExp) and site.name != "test":
        beside = [holder.orelse if site.name == "body" else holder.body]
    return any(ast.dump(other) == ast.dump(new) for other in beside)


def loses_shape(site: EditSite, new: ast.expr) -> bool:
    """Whether another axis is reduced and not kept any more, where the author kept one: an update then spreads."""
    before, after = given_by_name(site.node), given_by_name(new)
    return "keepdims" in before and "keepdims" not in after and before.get("axis") != after.get("axis")


def given_by_name(node: ast.AST) -> dict[str | None, str]:
    """{name: text} of the arguments by name."""
    return {part.arg: ast.unparse(part.value) for part in ast.walk(node) if isinstance(part, ast.keyword)}


def unseeded(new: ast.expr) -> bool:
    """Whether NumPy's global generator takes the place of one with a seed: `rng = np.random`."""
    return isinstance(new, ast.Attribute) and ast.unparse(new) in ("np.random", "numpy.random")


def every_sample(site: EditSite, new: ast.expr) -> bool:
    """Whether a number of batches becomes that of all samples, after which batches are empty: `n // size` -> `n`."""
    node = site.node
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv) and ast.dump(node.left) == ast.dump(new)


def decides(site: EditSite, new: ast.expr) -> bool:
    """Whether a part of a condition becomes another number than a place in a list, or is turned around."""
    if isinstance(new, ast.Constant) and not isinstance(new.value, bool):
        return not (new.value in INDEX and getattr(site.node, "value", None) in INDEX)
    if isinstance(new, ast.Compare) and isinstance(site.node, ast.Compare):
        number = new.comparators[0]
        turned = {type(new.ops[0]), type(site.node.ops[0])} in TURNED
        return turned and isinstance(number, ast.Constant) and number.value not in INDEX
    return False
