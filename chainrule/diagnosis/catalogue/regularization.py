"""Mistakes in the L2 penalty and its gradient."""

from dataclasses import replace
from functools import partial
from unittest import SkipTest

import numpy as np

from chainrule.boundary.added import added
from chainrule.boundary.errors import NotApplicable, Raised, Todo
from chainrule.contract.chapters.regularization import SAMPLES
from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import part
from chainrule.diagnosis.observing import Observed
from chainrule.mathematics.comparison import Failure
from chainrule.mathematics.regularization import FORMS, factor

of_penalty = partial(add, chapter="regularization", mend="lam / 2 * sum(np.sum(w**2) for w in weights)")
of_gradient = partial(add, chapter="regularization", mend="[lam * w for w in weights]")
of_both = partial(add, chapter="regularization")


@part
def l2_penalty(parts, arrays, lam):
    counted = parts.l2_counted(arrays)
    return parts.l2_scale(lam) * parts.l2_total([parts.l2_layer(w) for w in counted])


@part
def l2_counted(parts, arrays):
    """The arrays whose size counts: the weights; vectors are biases."""
    return [array for array in arrays if np.ndim(array) > 1]


@part
def l2_layer(parts, w):
    """What one layer of weights adds."""
    return np.sum(np.square(w))


@part
def l2_total(parts, layers):
    """What all layers add."""
    return sum(layers)


@part
def l2_scale(parts, lam):
    """What the penalty multiplies the squares by."""
    return lam / 2


@part
def l2_gradient(parts, arrays, lam):
    counted = [id(array) for array in parts.l2_sloped(arrays)]
    count, found = sum(np.ndim(array) > 1 for array in arrays), []
    for array in arrays:
        l = sum(np.ndim(other) > 1 for other in arrays[: len(found) + 1]) - 1
        slope = parts.l2_slope(array, lam, l, count) if id(array) in counted else np.zeros(np.shape(array))
        found.append(slope)
    return found


@part
def l2_sloped(parts, arrays):
    """The arrays that have a gradient: the weights; vectors are biases."""
    return [array for array in arrays if np.ndim(array) > 1]


@part
def l2_slope(parts, w, lam, l, count):
    """The gradient of one array.  l: its layer; count: of layers."""
    return parts.l2_rate(lam) * w


@part
def l2_rate(parts, lam):
    """What the gradient multiplies the weights by."""
    return lam


def every(right, arrays):
    """All arrays, the biases as well."""
    return list(arrays)


ROUND = (
    ("one layer", ((3, 2),), 0.75),
    ("two layers", ((3, 4), (4, 2)), 0.75),
    ("three layers", ((3, 4), (4, 5), (5, 2)), 0.3125),
)
NEARLY = 1e-6  # how far a form's factor may be off: forms differ by far more
LARGE = 48.0  # a strength whose penalty is large beside the loss, of which roundings remain


def round_weights(shapes, biased):
    """Round numbers of both signs; biased: with biases behind each."""
    found = []
    for i, (inputs, outputs) in enumerate(shapes):
        numbers = (np.arange(inputs * outputs) * 5 + i) % 7 - 2.5
        found.append(numbers.reshape(inputs, outputs) / 2)
        found += [np.arange(outputs) - 0.5 + i] if biased else []
    return found


class OfFunctions:
    """The functions of an implementation: what they give for each of the round weights, without biases."""

    def __init__(self, impl):
        self.impl = impl

    def all(self, operation):
        """[(weights, lam, the result)] for those that the function takes; None for a result where it raises."""
        found = []
        for _, shapes, lam in ROUND:
            weights = round_weights(shapes, False)
            try:
                found.append((weights, lam, getattr(self.impl, operation)([w.copy() for w in weights], lam)))
            except (Todo, NotApplicable):
                continue
            except (Raised, Failure):
                found.append((weights, lam, None))
        return found

    def with_biases(self):
        """[(whether the biases change the penalty, whether they have a gradient)] where both can be seen."""
        if not self.impl.host.traits().penalizes_biases:
            return []
        found = []
        for _, shapes, lam in ROUND:
            arrays = round_weights(shapes, True)
            without = [a if np.ndim(a) > 1 else 0 * a for a in arrays]
            try:
                own, other = (self.impl.l2_penalty(given, lam) for given in (arrays, without))
                slopes = self.impl.l2_gradient(arrays, lam)[1::2]
            except (Todo, NotApplicable, Raised, Failure):
                continue
            found.append((own != other, any(np.any(g) for g in slopes)))
        return found


class OfNetworks:
    """The networks of an implementation: what a penalty adds to them."""

    def __init__(self, impl, cases):
        self.impl, self.cases = impl, cases

    def all(self, operation):
        found = []
        for case in (make(case) for case in self.cases for make in (without_biases, with_larger_weights)):
            seen = added(self.impl, case, LARGE)
            result = seen.penalty if operation == "l2_penalty" else (seen.penalty_gradients or [None])[0]
            found += [] if result is None else [(case.weights, LARGE, result)]
        return found

    def with_biases(self):
        found = []
        for case in self.cases:
            seen, without = (added(self.impl, one, LARGE) for one in (case, without_biases(case)))
            if None not in (seen.penalty, without.penalty, seen.penalty_gradients):
                inside = abs(seen.penalty - without.penalty) > NEARLY * abs(seen.penalty)
                found.append((inside, any(np.any(g) for g in seen.penalty_gradients[1])))
        return found


def without_biases(case):
    return replace(case, biases=[np.zeros(b.shape) for b in case.biases])


def with_larger_weights(case):
    """The case without biases, the first layer's weights twice as large."""
    return replace(without_biases(case), weights=[2 * case.weights[0], *case.weights[1:]])


def factor_in(things, operation):
    """What a right result has in place of the contract's 1/2; None if it has no known form."""
    ratios = []
    for weights, lam, found in things.all(operation):
        squares = sum(float(np.sum(w**2)) for w in weights)
        if (
            operation == "l2_gradient"
            and found is not None
            and list(map(np.shape, found)) == list(map(np.shape, weights))
        ):
            ratios += [float(r) for g, w in zip(found, weights, strict=True) for r in np.ravel(g / w) / (2 * lam)]
        else:
            ratios.append(float("nan") if found is None or np.ndim(found) else float(found) / (lam * squares))
    known = [factor(form, SAMPLES) for form in FORMS]
    if isinstance(things, OfNetworks) and ratios and ratios[0] > 0:
        known.append(ratios[0])
    return next((c for c in known if ratios and np.allclose(ratios, c, rtol=NEARLY, atol=0)), None)


class Form:
    """The form that an implementation has: of its penalty if that is right, else of its gradient.

    beside: whether the penalty is right, so that it says which gradient belongs to it.  biased: whether to ask for
    biases; not where both have them, which is right as well.
    """

    def __init__(self, things):
        own, of_gradient = factor_in(things, "l2_penalty"), factor_in(things, "l2_gradient")
        self.beside = own is not None
        self.scale = 0.5 / (own or of_gradient or 0.5)
        shown = things.with_biases()
        self.biased = bool(shown) and not all(both == (True, True) for both in shown)


class Contracts:
    """The form of the contract itself."""

    beside, scale, biased = True, 1.0, True


def asked(operation):
    """Questions about functions and about networks, in the form of the contract.  A right penalty is asked for beside
    a gradient.
    """

    def questions(setting):
        impl = getattr(setting, "impl", None)
        if impl is None:
            yield from of_functions(operation, Contracts)
            return
        functions = OfFunctions(impl)
        if functions.all(operation):
            yield from of_functions(operation, Form(functions))
        if impl.host.traits().penalized:
            cases = setting.made.fixed((1, 0, 2), SAMPLES)
            form = Form(OfNetworks(impl, cases))
            yield from (of_network(operation, form, case) for case in cases)

    return questions


def of_functions(operation, form):
    """Questions about functions."""
    too = operation == "l2_gradient" and form.beside
    for what, shapes, lam in ROUND:
        for biases in (False, True) if form.biased else (False,):
            arrays = round_weights(shapes, biases)

            def ask(actor, arrays=arrays, lam=lam):
                scale = form.scale if isinstance(actor, Observed) else 1.0
                found = actor.function(operation, [a.copy() for a in arrays], lam)[0]
                more = [actor.function("l2_penalty", [a.copy() for a in arrays], lam)[0]] if too else []
                return [scale * np.asarray(a) for a in [*(found if isinstance(found, list) else [found]), *more]]

            own = [f"of array {i}" for i in range(len(arrays))] if operation == "l2_gradient" else ["penalty"]
            about_it = f"{operation} of {what}{' with biases' if biases else ''}, lam = {lam:g}"
            yield Question(about_it, ask, [*own, *(["penalty"] if too else [])], relative=True)


def of_network(operation, form, case):
    """What a penalty adds to a network's loss, or to its gradients."""
    case = case if form.biased else without_biases(case)
    arrays = [array for pair in zip(case.weights, case.biases, strict=True) for array in pair]

    def ask(actor):
        if isinstance(actor, Observed):
            found = added(actor.impl, case, LARGE)
            if found.penalty is None and operation == "l2_penalty":
                raise SkipTest("the network does not show its loss")
            if found.penalty_gradients is None and operation == "l2_gradient":
                raise SkipTest("the network does not show its gradients")
            value, slopes, scale = found.penalty, found.penalty_gradients, form.scale
        else:
            every = actor.l2_gradient(arrays, LARGE)
            value, slopes, scale = actor.l2_penalty(arrays, LARGE), (every[::2], every[1::2]), 1.0
        own = [value] if operation == "l2_penalty" else [*slopes[0], *slopes[1], *([value] if form.beside else [])]
        return [scale * np.asarray(a) for a in own]

    return Question(f"what lam = {LARGE:g} adds to a network of {case}", ask)


PENALTY = {"l2_penalty", "l2_counted", "l2_layer", "l2_total", "l2_scale"}
GRADIENT = {"l2_gradient", "l2_sloped", "l2_slope", "l2_rate"}
concern("l2_penalty", PENALTY, asked("l2_penalty"), own=[frozenset(PENALTY)])
concern("l2_gradient", PENALTY | GRADIENT, asked("l2_gradient"), own=[frozenset(GRADIENT)])
about("regularization", "l2_penalty", "l2_gradient")
about("regularization.penalty", "l2_penalty")
about("regularization.gradient regularization.derivative regularization.decay regularization.ridge", "l2_gradient")


# The penalty

of_penalty(
    "l2-not-squared",
    "the penalty is the norm of the weights, not its square",
    "||W|| is the root of the sum of squares. The penalty is the sum itself: np.linalg.norm(W)**2, or np.sum(W**2).",
    clause="regularization.penalty",
    fingerprint="lam/2 ||W||",
    variants={
        "of each layer": {"l2_layer": lambda right, w: np.sqrt(right(w))},
        "of all layers": {"l2_total": lambda right, layers: np.sqrt(right(layers))},
        "of each layer, lam": {"l2_layer": lambda right, w: 2 * np.sqrt(right(w))},
    },
)
of_both(
    "l2-is-l1",
    "absolute values in place of squares: that is the L1 penalty",
    "The sum of |W| is another penalty, with the gradient lam sign(W), that makes weights zero. L2 has squares, and "
    "the gradient lam W.",
    clause="regularization.penalty",
    mend="np.sum(w**2) in the penalty, lam * w in the gradient",
    fingerprint="lam sum |W|, lam sign(W)",
    variants={
        "penalty, lam/2": {"l2_layer": lambda right, w: np.sum(np.abs(w))},
        "penalty, lam": {"l2_layer": lambda right, w: 2 * np.sum(np.abs(w))},
        "gradient, lam": {"l2_slope": lambda right, w, lam, l, count: right(np.sign(w), lam, l, count)},
        "gradient, lam/2": {"l2_slope": lambda right, w, lam, l, count: right(np.sign(w) / 2, lam, l, count)},
    },
)
of_penalty(
    "l2-mean",
    "the mean of the squares, not their sum",
    "np.mean divides by the number of weights: an entry of a large layer then costs less than one of a small layer, "
    "and the gradient is no longer lam W.",
    clause="regularization.penalty",
    fingerprint="lam/2 mean(W^2)",
    variants={
        "": {"l2_layer": lambda right, w: np.mean(np.square(w))},
        "of the layers": {"l2_total": lambda right, layers: right(layers) / len(layers)},
    },
)
of_penalty(
    "l2-square-of-sum",
    "the sum is squared, not the entries",
    "(sum of W)^2 is not the sum of W^2: weights of different signs cancel in it.",
    clause="regularization.penalty",
    fingerprint="lam/2 (sum W)^2",
    l2_layer=lambda right, w: np.sum(w) ** 2,
)
of_penalty(
    "l2-without-square",
    "the weights are summed and not squared",
    "A sum of W is negative where the weights are: without the square there is nothing to keep them small.",
    clause="regularization.penalty",
    fingerprint="lam/2 sum W",
    l2_layer=lambda right, w: np.sum(w),
)
of_penalty(
    "l2-layer-overwritten",
    "the penalty has one layer only",
    "The loop assigns where it should add: `total = ...` keeps the last layer; a `return` inside the loop the first. "
    "Or a term is missing from the sum.",
    clause="regularization.layers",
    fingerprint="lam/2 ||W[last]||^2, or ||W[0]||^2",
    l2_total={
        "the last": lambda right, layers: layers[-1],
        "the first": lambda right, layers: layers[0],
    },
)
of_penalty(
    "l2-layer-twice",
    "one layer counts in place of another",
    "The sum has the same weights in each of its terms, as a copied term keeps its name: W1 stands where W2 should.",
    clause="regularization.penalty",
    fingerprint="lam/2 (||W[0]||^2 + ||W[0]||^2)",
    l2_total={
        "the first": lambda right, layers: len(layers) * layers[0] if len(layers) > 1 else right(layers),
        "the last": lambda right, layers: len(layers) * layers[-1] if len(layers) > 1 else right(layers),
    },
)
of_both(
    "l2-layer-left-out",
    "one layer is left out",
    "The loop over the layers ends one too early, or begins one too late: range(1, L) stops before L.",
    clause="regularization.layers",
    mend="a loop over all layers: for w in weights",
    fingerprint="the sum without W[last], or without W[0]",
    variants={
        "the last, in the penalty": {"l2_total": lambda right, layers: right(layers[:-1])},
        "the first, in the penalty": {"l2_total": lambda right, layers: right(layers[1:])},
        "the last, in the gradient": {
            "l2_slope": lambda right, w, lam, l, count: right(w, lam, l, count) * (l < count - 1)
        },
        "the first, in the gradient": {"l2_slope": lambda right, w, lam, l, count: right(w, lam, l, count) * (l > 0)},
    },
)
of_both(
    "l2-without-strength",
    "the strength is left out",
    "The sum of the squares, or the weights, are not multiplied by lam: the penalty is the same for every strength.",
    clause="regularization.strength",
    mend="the factor lam, once in the penalty and once in the gradient",
    fingerprint="1/2 sum ||W||^2, or W",
    variants={
        "in the penalty": {"l2_scale": lambda right, lam: 0.5},
        "in the penalty, without 1/2": {"l2_scale": lambda right, lam: 1.0},
        "in the gradient": {"l2_rate": lambda right, lam: 1.0},
        "in the gradient, with 2": {"l2_rate": lambda right, lam: 2.0},
    },
)
of_both(
    "l2-strength-squared",
    "the strength is multiplied in twice",
    "lam is a factor of each square and of their sum, or lam W is squared. It belongs in one place.",
    clause="regularization.strength",
    mend="the factor lam, once",
    fingerprint="lam^2/2 sum ||W||^2, or lam^2 W",
    variants={
        "in the penalty": {"l2_scale": lambda right, lam: lam * right(lam)},
        "in the gradient": {"l2_rate": lambda right, lam: lam * right(lam)},
        "in the gradient, of lam^2/2": {"l2_rate": lambda right, lam: lam * right(lam) / 2},
    },
)
of_both(
    "l2-sign",
    "the penalty is subtracted",
    "A negative penalty rewards large weights, and training makes them grow.",
    clause="regularization.penalty",
    mend="loss + penalty, gradient + lam * w",
    fingerprint="-lam/2 sum ||W||^2, -lam W",
    variants={
        "in the penalty": {"l2_scale": lambda right, lam: -right(lam)},
        "in the gradient": {"l2_rate": lambda right, lam: -right(lam)},
    },
)

# The gradient

of_gradient(
    "l2-gradient-twice",
    "the gradient is twice the slope of the penalty",
    "The derivative of lam/2 W^2 is lam W. 2 lam W belongs to lam W^2, without the 1/2.",
    clause="regularization.derivative",
    fingerprint="2 lam W with lam/2 sum ||W||^2",
    l2_rate=lambda right, lam: 2 * right(lam),
)
of_gradient(
    "l2-gradient-half",
    "the gradient is half the slope of the penalty",
    "The derivative of lam W^2 is 2 lam W, that of lam/2 W^2 is lam W: the 1/2 of the penalty does not return in the "
    "gradient.",
    clause="regularization.derivative",
    fingerprint="lam W with lam sum ||W||^2, or lam/2 W with lam/2 sum ||W||^2",
    l2_rate=lambda right, lam: right(lam) / 2,
)
of_gradient(
    "l2-samples-in-one",
    "the number of samples divides the penalty or its gradient, not both",
    "With lam/(2N) in the penalty the gradient is lam/N W; with lam/2 it is lam W. One N is missing, or one too many.",
    clause="regularization.derivative",
    fingerprint="lam W with lam/(2N) sum ||W||^2, or lam/N W with lam/2 sum ||W||^2",
    l2_rate={
        "missing in the gradient": lambda right, lam: SAMPLES * right(lam),
        "in the gradient alone": lambda right, lam: right(lam) / SAMPLES,
    },
)
of_gradient(
    "l2-gradient-squared",
    "the gradient has the square of the weights",
    "W^2 is the penalty's; its derivative is 2 W, which keeps the sign of each weight.",
    clause="regularization.gradient",
    fingerprint="lam W^2, or lam/2 W^2",
    l2_slope={
        "lam": lambda right, w, lam, l, count: lam * w**2,
        "lam/2": lambda right, w, lam, l, count: lam / 2 * w**2,
    },
)
of_gradient(
    "l2-gradient-constant",
    "every entry of the gradient is the same number",
    "The derivative is by each weight: lam times that weight, not lam, and not the sum of all of them.",
    clause="regularization.gradient",
    fingerprint="lam, or lam sum W",
    l2_slope={
        "lam": lambda right, w, lam, l, count: lam * np.ones(np.shape(w)),
        "lam sum W": lambda right, w, lam, l, count: lam * np.sum(w) * np.ones(np.shape(w)),
        "the penalty": lambda right, w, lam, l, count: lam / 2 * np.sum(w**2) * np.ones(np.shape(w)),
    },
)
of_gradient(
    "l2-gradient-normalized",
    "the gradient is divided by the norm of the weights",
    "W / ||W|| is the derivative of the norm, not of its square.",
    clause="regularization.gradient",
    fingerprint="lam W / ||W||",
    l2_slope={
        "lam": lambda right, w, lam, l, count: lam * w / np.linalg.norm(w),
        "lam/2": lambda right, w, lam, l, count: lam / 2 * w / np.linalg.norm(w),
    },
)
of_gradient(
    "l2-missing-in-gradient",
    "the penalty is in the loss and not in the gradient",
    "Training follows the gradient: without lam W in it the penalty is reported, and the weights grow as before.",
    clause="regularization.derivative",
    mend="dw = dw + lam * w",
    fingerprint="0",
    l2_slope=lambda right, w, lam, l, count: np.zeros(np.shape(w)),
)
of_penalty(
    "l2-missing-in-loss",
    "the penalty is in the gradient and not in the loss",
    "The gradient is then not that of the loss: a gradient check fails, and the loss does not show what is minimized.",
    clause="regularization.penalty",
    mend="loss = loss + lam / 2 * sum(np.sum(w**2) for w in weights)",
    fingerprint="0",
    l2_scale=lambda right, lam: 0.0,
)
of_gradient(
    "l2-gradient-first-only",
    "the gradient has one layer only",
    "The loop over the layers ends in its first round, or adds the penalty to one layer's gradient.",
    clause="regularization.gradient",
    fingerprint="lam W[0], and 0 for the others; or lam W[last]",
    l2_slope={
        "the first": lambda right, w, lam, l, count: right(w, lam, l, count) * (l == 0),
        "the last": lambda right, w, lam, l, count: right(w, lam, l, count) * (l == count - 1),
    },
)
of_both(
    "l2-biases-in-one",
    "the biases are in the penalty or in its gradient, not in both",
    "Both treat the biases alike: mostly they are left out of both.",
    clause="regularization.biases",
    mend="the weights alone, in the penalty and in the gradient",
    fingerprint="lam/2 (sum ||W||^2 + sum ||b||^2) with 0 for the biases, or lam b without them in the penalty",
    variants={
        "in the penalty": {"l2_counted": every},
        "in the gradient": {"l2_sloped": every},
    },
)
of_both(
    "l2-writes-into-weights",
    "the penalty changes the weights",
    "`w *= lam` or `w **= 2` writes into the network's own arrays: every call makes them smaller, or positive.",
    clause="regularization.arguments_kept",
    mend="lam * w and w**2, which make new arrays",
    fingerprint="the weights differ after the call",
    broken="regularization.arguments_kept",
    lines=("w **= 2; total += w.sum()", "total += (w**2).sum()"),
)
