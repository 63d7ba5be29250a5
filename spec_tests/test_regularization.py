"""Chapter regularization: the L2 penalty and its gradient, as functions, and inside a network's loss and gradients."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from chainrule import golden
from chainrule.boundary.added import RATE, added, kept, shown, trained
from chainrule.boundary.errors import Absent, NotApplicable, Raised, Todo
from chainrule.contract.chapters.regularization import SAMPLES
from chainrule.mathematics.cases import Case
from chainrule.mathematics.comparison import assert_close, assert_each, assert_equal, assert_shape, assert_that
from chainrule.mathematics.regularization import (
    FORMS,
    NETWORKS,
    OTHERS,
    OTHERWISE,
    STRENGTHS,
    decayed,
    drawn,
    error_of,
    factor,
    gradients,
    penalty,
    ridge,
)
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, gamma
from chainrule.specification.spec import spec

LAM = STRENGTHS[0]
UPDATES = 20


def single(array):
    """An array rounded to float32, so that lower precision computes at the same point."""
    return np.asarray(array, np.float32).astype(np.float64)


@dataclass(frozen=True)
class Functions:
    """The penalty as functions of a list of weights; vectors behind a matrix are biases where the code takes these."""

    impl: Any
    u: float = UNIT_ROUNDOFF["float64"]
    samples: int = SAMPLES
    others: bool = True  # whether the code takes weights of other numbers of axes than two
    whose = "the "

    def offers(self, name):
        try:
            getattr(self.impl, name)(drawn(NETWORKS[0]), LAM)
        except Todo:
            return False
        except NotApplicable:
            pass
        return True

    def cases(self):
        return [drawn(shapes) for shapes in (*NETWORKS, *(OTHERS if self.others else ()))]

    def sparse(self, weights):
        """Of how many entries one is moved: every one of two layers, fewer of others."""
        return 1 if len(weights) == 2 else 4

    def alone(self, weights, l):
        """Weights l without the others."""
        return [weights[l]]

    def assert_kept(self, weights):
        """The last call has not changed its weights."""
        call = self.impl.calls[-1]
        assert_that(not call.modified, f"{call.name} writes into the weights")

    def penalty(self, weights, lam, biases=()):
        """(the penalty, the error that it carries beside its own)."""
        return self.impl.l2_penalty(arranged(weights, biases), lam), 0.0

    def gradient(self, weights, lam, biases=()):
        """(gradients of the weights, and then of the biases; the error that each carries beside its own)."""
        every = arranged(weights, biases)
        found = self.impl.l2_gradient(every, lam)
        assert_that(len(found) == len(every), f"l2_gradient gives {len(found)} arrays for {len(every)} weights")
        step = 2 if len(biases) else 1
        ordered = [*found[::step], *(found[1::2] if len(biases) else ())]
        return ordered, [0.0] * len(every)


@dataclass(frozen=True)
class Network:
    """The penalty inside a network: what it adds to loss and gradients, for a batch of its own."""

    impl: Any
    networks: Any
    samples: int = SAMPLES
    whose = "the network's "

    @property
    def u(self):
        return self.impl.unit_roundoff

    def cases(self):
        return [case.weights for case in self.networks.fixed((1, 0, 2), SAMPLES)]

    def sparse(self, weights):
        return 11

    def alone(self, weights, l):
        """Weights l beside others of zeros."""
        return [w if i == l else np.zeros(w.shape) for i, w in enumerate(weights)]

    def assert_kept(self, weights):
        """A loss and a backward pass with the penalty leave the weights as they are."""
        assert_each(kept(self.impl, self.with_weights(weights), LAM)[0], weights, [0.0] * len(weights), what="weights")

    def with_weights(self, weights, biases=()):
        """A batch for a network of these weights."""
        rng = np.random.default_rng(len(weights))
        x = single(rng.normal(size=(self.samples, len(weights[0]))))
        y = np.arange(len(x)) % weights[-1].shape[1]
        zeros = [np.zeros(w.shape[1]) for w in weights]
        sizes = [len(weights[0]), *(w.shape[1] for w in weights)]
        return Case(sizes, list(weights), list(biases) or zeros, x, y)

    @property
    def holders(self):
        """What has the strength: the network, or its operations."""
        return set(self.impl.host.traits().penalized.split())

    def penalty(self, weights, lam, biases=()):
        found = added(self.impl, self.with_weights(weights, biases), lam)
        if found.penalty is None:
            raise NotApplicable("the network does not show its loss")
        error = gamma(OTHERWISE, self.u) * (2 * abs(found.loss) + abs(found.penalty))
        if abs(found.penalty) <= error and lam and "loss" not in self.holders:
            raise NotApplicable("the loss leaves the penalty out, which is in the gradients alone")
        return found.penalty, error

    def gradient(self, weights, lam, biases=()):
        case = self.with_weights(weights, biases)
        found = added(self.impl, case, lam)
        if found.penalty_gradients is None or not any(np.any(g) for g in found.penalty_gradients[0]):
            slopes, errors = self.by_training(case, lam, found)
            count = len(weights) + len(biases)
            return slopes[:count], errors[:count]
        each = [*found.penalty_gradients[0], *(found.penalty_gradients[1] if len(biases) else ())]
        plain = [*found.gradients[0], *found.gradients[1]]
        thetas = [*case.weights, *case.biases]
        errors = [
            gamma(OTHERWISE, self.u) * (2 * np.abs(p) + np.abs(g))
            + self.impl.gradient_error(theta, p)
            + self.impl.gradient_error(theta, p + g)
            for g, p, theta in zip(each, plain, thetas, strict=False)
        ]
        return each, errors

    def by_training(self, case, lam, found):
        """What training adds to a step, where backward adds nothing: the penalty may be in the update."""
        try:
            moves = training_moves(self.impl, case, lam)
        except (NotApplicable, Todo):
            moves = []
        if any(np.any(np.abs(move) > error) for move, error in moves[: len(case.weights)]):
            self.impl.measured = "the penalty's gradient is added in the update"
            return [move for move, _ in moves], [error for _, error in moves]
        if found.penalty_gradients is None or not self.holders & {"network", "backward", "fit"}:
            raise NotApplicable("what the penalty adds to the gradients cannot be seen")
        if not moves and "backward" not in self.holders:
            raise NotApplicable("backward leaves the penalty out, and training cannot be seen")
        zeros = [*found.penalty_gradients[0], *found.penalty_gradients[1]]
        return zeros, [0.0] * len(zeros)


def training_moves(impl, case, lam):
    """(how far a step with the penalty goes beyond one without it, over the rate; the error), weights first."""
    plain, penalized = ([*w, *b] for w, b in (trained(impl, case, at) for at in (0.0, lam)))
    summed = len(case.x) if impl.conventions["reduction"].value == "sum" and not impl.summed_fit else 1
    return [
        (
            (a.astype(np.float64) - b) / (RATE * summed),
            gamma(OTHERWISE, impl.unit_roundoff) * (np.abs(a) + np.abs(b) + 2 * np.abs(theta)) / RATE,
        )
        for a, b, theta in zip(plain, penalized, [*case.weights, *case.biases], strict=True)
    ]


def arranged(weights, biases):
    """Weights, each followed by its biases if there are any."""
    return [a for pair in zip(weights, biases, strict=True) for a in pair] if len(biases) else list(weights)


def readings(impl, networks):
    """The functions of a penalty, and networks with one inside; where there is neither, what is missing is raised."""
    functions = functions_of(impl)
    found = [functions] if functions is not None else []
    if impl.host.traits().penalized:
        found.append(Network(impl, networks))
    if not found:
        impl.l2_penalty(drawn(NETWORKS[0]), LAM)
    return found


def functions_of(impl):
    """The functions of the penalty, held to the precision in which they compute; None without any."""
    functions, coarse = Functions(impl, others=takes_axes(impl)), []
    for name, ask in (("l2_penalty", functions.penalty), ("l2_gradient", functions.gradient)):
        if functions.offers(name):
            coarse.append(first_of(functions, partial(is_coarse, ask))[1])
    u = UNIT_ROUNDOFF["float32"] if any(coarse) else impl.unit_roundoff
    return replace(functions, u=u) if coarse else None


def takes_axes(impl):
    """Whether the functions take weights of one axis, or of three, which the norm of a matrix does not."""
    try:
        for name, shapes in product(("l2_penalty", "l2_gradient"), OTHERS):
            shown(lambda name=name, shapes=shapes: getattr(impl, name)(drawn(shapes), LAM))
    except Raised:
        return False
    return True


def is_coarse(ask, weights):
    """Whether a change of 2^-40 in the weights does not change a result, as in float64 it does."""
    halves = [np.full(w.shape, 0.5) for w in weights]
    ones, others = (ask([h + off for h in halves], 0.5)[0] for off in (0.0, 2.0**-40))
    pairs = zip(ones, others, strict=True) if isinstance(ones, list) else [(ones, others)]
    return all(np.array_equal(one, other) for one, other in pairs)


def hold(parts, check):
    """Make a check of each part.  If none of them can be checked, raise why the first cannot."""
    refused, done = None, 0
    for part in parts:
        try:
            check(part)
            done += 1
        except (Absent, Todo, NotApplicable) as error:
            refused = refused or error
    if refused is not None and not done:
        raise refused


def of_functions(impl, check):
    """Make a check of the functions.  Raises NotApplicable if the code has none."""
    functions = functions_of(impl)
    if functions is None:
        readings(impl, None)  # raises what is missing, where there is no network with a penalty either
        raise NotApplicable("the penalty is inside the network, and this spec checks functions of weights")
    hold([functions], check)


def weighed(reading, check):
    """Make a check for each list of weights that the code takes."""
    hold(reading.cases(), check)


def first_of(reading, ask):
    """(weights, the answer) for the first list of weights that the code takes."""
    found = []

    def check(weights):
        if not found:
            found.append((weights, ask(weights)))

    weighed(reading, check)
    return found[0]


def form_of(reading):
    """The published form of the penalty; else that of the contract, or of a network its own factor."""
    weights, (found, more) = first_of(reading, lambda weights: reading.penalty(weights, LAM))

    def fits(form):
        value, error = penalty(weights, LAM, form, reading.samples, reading.u)
        return abs(found - value) <= error + more

    return next(filter(fits, FORMS), None) or measured(reading, weights, own_factor)


def own_factor(reading, weights):
    """What a network multiplies lam and the sum of the squares by; 0 if other weights show another factor."""
    one, other = (
        reading.penalty(own, LAM)[0] / penalty(own, LAM, "whole", 1, reading.u)[0]
        for own in (weights, [2 * weights[0], *weights[1:]])
    )
    return one if np.isclose(one, other, rtol=2.0**-20) else 0.0


def own_slope(reading, weights):
    """Half of what a network multiplies lam and the weights by in their gradient; 0 if that has another shape."""
    g, largest = reading.gradient(weights, LAM)[0][0], np.unravel_index(np.abs(weights[0]).argmax(), weights[0].shape)
    return g[largest] / (2 * LAM * weights[0][largest]) if g.shape == weights[0].shape else 0.0


def slope_form_of(reading):
    """The published form whose gradient the code has, as in form_of."""
    weights, (found, more) = first_of(reading, lambda weights: reading.gradient(weights, LAM))

    def fits(form):
        right = gradients(weights, LAM, form, reading.samples, reading.u)
        pairs = list(zip(found, right, more, strict=False))
        same = all(np.shape(g) == np.shape(value) for g, (value, _), _ in pairs)
        return same and all((np.abs(g - value) <= error + off).all() for g, (value, error), off in pairs)

    return next(filter(fits, FORMS), None) or measured(reading, weights, own_slope)


def measured(reading, weights, ask):
    """The form of a network's own factor, with which its strength is chosen; of functions it is the contract's."""
    ratio = ask(reading, weights) if isinstance(reading, Network) else 0.0
    return repr(float(ratio)) if ratio > 0 else "half"


def report(impl, reading, form):
    """Say which form the penalty has, if it is another than the contract's."""
    if form != "half":
        words = FORMS.get(form) or f"{float(form):.6g} lam sum ||W||^2"
        impl.learn("l2_factor", form if form in FORMS else f"{float(form):.6g}", f"{reading.whose}penalty is {words}")
        impl.measured = f"the penalty is {words}"


@spec("regularization.shapes")
def test_shapes(impl, networks):
    """The penalty of any number of weights is one number, and each gradient has the shape of its weights."""

    def check(reading):
        def penalties(weights):
            assert_shape(reading.penalty(weights, LAM)[0], (), what=f"{reading.whose}penalty")

        def slopes(weights):
            for l, (g, w) in enumerate(zip(reading.gradient(weights, LAM)[0], weights, strict=False)):
                assert_shape(g, w.shape, what=f"{reading.whose}gradient of weights {l} of {len(weights)}")

        hold([penalties, slopes], lambda part: weighed(reading, part))

    hold(readings(impl, networks), check)


@spec("regularization.arguments_kept", after="regularization.shapes")
def test_arguments_kept(impl, networks):
    """Neither the penalty nor its gradient changes the weights."""

    def check(reading):
        def penalties(weights):
            reading.penalty(weights, LAM)
            reading.assert_kept(weights)

        def slopes(weights):
            reading.gradient(weights, LAM)
            reading.assert_kept(weights)

        hold([penalties, slopes], lambda part: weighed(reading, part))

    hold(readings(impl, networks), check)


@spec("regularization.no_strength", after="regularization.shapes")
def test_no_strength(impl):
    """With a strength of 0 the penalty and its gradients are 0."""

    def check(functions):
        def each(weights):
            if functions.offers("l2_penalty"):
                assert_equal(functions.penalty(weights, 0.0)[0], 0.0, what="the penalty of strength 0")
            if functions.offers("l2_gradient"):
                for l, g in enumerate(functions.gradient(weights, 0.0)[0]):
                    assert_equal(g, np.zeros(g.shape), what=f"the gradient of weights {l}, of strength 0,")

        weighed(functions, each)

    of_functions(impl, check)


@spec("regularization.layers", after="regularization.shapes")
def test_layers(impl, networks):
    """The penalty of several layers is the sum of theirs, and a gradient does not depend on other layers."""

    def check(reading):
        def penalties(weights):
            whole, more = reading.penalty(weights, LAM)
            parts = [reading.penalty(reading.alone(weights, l), LAM) for l in range(len(weights))]
            bound = error_of(whole, weights, reading.u) + error_of(sum(abs(p) for p, _ in parts), weights, reading.u)
            bound += more + sum(off for _, off in parts)
            what = f"{reading.whose}penalty of {len(weights)} layers"
            assert_close(whole, sum(p for p, _ in parts), bound=bound, what=what)

        def slopes(weights):
            found, more = reading.gradient(weights, LAM)
            for l, (g, off) in enumerate(zip(found, more, strict=False)):
                others = reading.alone(weights, l)
                slope, beside = reading.gradient(others, LAM)
                place = l if len(others) == len(weights) else 0
                bound = 2 * gamma(OTHERWISE, reading.u) * np.maximum(np.abs(slope[place]), np.abs(g))
                what = f"{reading.whose}gradient of weights {l} beside others"
                assert_close(g, slope[place], bound=bound + off + beside[place], what=what)

        hold([penalties, slopes], lambda part: weighed(reading, part))

    hold(readings(impl, networks), check)


@spec("regularization.homogeneous", after="regularization.shapes")
def test_homogeneous(impl, networks):
    """Twice the weights have four times the penalty and twice the gradient, and so has minus twice the weights."""

    def check(reading):
        def penalties(weights):
            for scale in (2.0, -0.5):
                (whole, more), scaled = reading.penalty(weights, LAM), [scale * w for w in weights]
                found, other = reading.penalty(scaled, LAM)
                bound = 2 * error_of(scale**2 * whole, weights, reading.u) + scale**2 * more + other
                what = f"{reading.whose}penalty of {scale:g} times the weights"
                assert_close(found, scale**2 * whole, bound=bound, what=what)

        def slopes(weights):
            for scale in (2.0, -0.5):
                (once, more), scaled = reading.gradient(weights, LAM), [scale * w for w in weights]
                found, other = reading.gradient(scaled, LAM)
                what = f"{reading.whose}gradients for {scale:g} times the weights"
                assert_proportional(reading, (found, other), (once, more), scale, what)

        hold([penalties, slopes], lambda part: weighed(reading, part))

    hold(readings(impl, networks), check)


def assert_proportional(reading, found, once, scale, what):
    """Gradients are so many times others.  found, once: pairs of them and of the errors that they carry beside."""
    pairs = zip(once[0], found[1], once[1], strict=True)
    bounds = [2 * gamma(OTHERWISE, reading.u) * abs(scale) * np.abs(g) + a + abs(scale) * b for g, a, b in pairs]
    assert_each(found[0], [scale * g for g in once[0]], bounds, what=what)


@spec("regularization.strength", after="regularization.shapes")
def test_strength(impl, networks):
    """The penalty and its gradients are proportional to the strength."""

    def check(reading):
        def penalties(weights):
            value, more = reading.penalty(weights, LAM)
            found, other = reading.penalty(weights, 4 * LAM)
            bound = 2 * error_of(4 * value, weights, reading.u) + 4 * more + other
            assert_close(found, 4 * value, bound=bound, what=f"{reading.whose}penalty of 4 times the strength")

        def slopes(weights):
            once, found = (reading.gradient(weights, lam) for lam in (LAM, 4 * LAM))
            assert_proportional(reading, found, once, 4.0, f"{reading.whose}gradients of 4 times the strength")

        hold([penalties, slopes], lambda part: weighed(reading, part))

    hold(readings(impl, networks), check)


@spec("regularization.penalty", after=("regularization.shapes", "regularization.arguments_kept"))
def test_penalty(impl, networks):
    """The penalty is half the strength times the sum of the squares of all weights."""

    def check(reading):
        form = form_of(reading)

        def each(weights):
            for lam in STRENGTHS:
                found, more = reading.penalty(weights, lam)
                right, error = penalty(weights, lam, form, reading.samples, reading.u)
                what = f"{reading.whose}penalty of {len(weights)} layers with strength {lam:g}"
                assert_close(found, right, bound=error + more, what=what)

        weighed(reading, each)
        report(impl, reading, form)

    hold(readings(impl, networks), check)


@spec("regularization.gradient", after=("regularization.shapes", "regularization.arguments_kept"))
def test_gradient(impl, networks):
    """The gradient of the penalty is the strength times the weights."""

    def check(reading):
        form = slope_form_of(reading)

        def each(weights):
            for lam in STRENGTHS:
                found, more = reading.gradient(weights, lam)
                right = gradients(weights, lam, form, reading.samples, reading.u)
                bounds = [error + off for (_, error), off in zip(right, more, strict=False)]
                what = f"{reading.whose}gradients of {len(weights)} layers with strength {lam:g}"
                assert_each(found[: len(weights)], [g for g, _ in right], bounds, what=what)

        weighed(reading, each)
        if form_missing(reading):
            report(impl, reading, form)

    hold(readings(impl, networks), check)


def form_missing(reading):
    """Whether there is no penalty that shows the form."""
    try:
        form_of(reading)
    except (Todo, NotApplicable):
        return True
    return False


@spec("regularization.derivative", after=("regularization.penalty", "regularization.gradient"))
def test_derivative(impl, networks):
    """The gradient is the slope of the implementation's own penalty, which a difference gives exactly."""
    h = 1.0  # the penalty is quadratic: its central difference has no truncation error, however large the step

    def check(reading):
        def each(weights):
            slopes, more = reading.gradient(weights, LAM)
            for l, (w, g, off) in enumerate(zip(weights, slopes, more, strict=False)):
                for index in list(np.ndindex(*w.shape))[:: reading.sparse(weights)]:
                    ends, bound = [], np.broadcast_to(off, w.shape)[index] + gamma(OTHERWISE, reading.u) * abs(g[index])
                    for step in (h, -h):
                        moved = [one.copy() for one in weights]
                        moved[l][index] += step
                        value, beside = reading.penalty(moved, LAM)
                        ends.append(value)
                        bound += (error_of(value, moved, reading.u) + beside) / (2 * h)
                    what = (
                        f"{reading.whose}gradient of weights {l} at {list(index)}, against differences of the penalty,"
                    )
                    assert_close(g[index], (ends[0] - ends[1]) / (2 * h), bound=bound, what=what)

        weighed(reading, each)

    hold(readings(impl, networks), check)


@spec("regularization.biases", after=("regularization.penalty", "regularization.gradient", "regularization.derivative"))
def test_biases(impl, networks):
    """The penalty leaves the biases out, or has them in itself and in its gradient alike."""

    def check(reading):
        if isinstance(reading, Functions) and not impl.host.traits().penalizes_biases:
            hold([nothing_else, nothing_steeper], lambda part: weighed(reading, partial(part, reading)))
            return
        form, included = slope_form_of(reading), []

        def slopes(weights, biases):
            found, more = reading.gradient(weights, LAM, biases)
            own, beside = found[len(weights) :], more[len(weights) :]
            included.append(any(np.any(np.abs(g) > off) for g, off in zip(own, beside, strict=True)))
            pairs = gradients(biases, LAM, form, reading.samples, reading.u)
            right = [g if included[-1] else np.zeros(g.shape) for g, _ in pairs]
            bounds = [error + off for (_, error), off in zip(pairs, beside, strict=True)]
            assert_each(own, right, bounds, what=f"{reading.whose}gradients of the biases")

        def each(weights):
            biases = drawn([w.shape[1:] for w in weights], seed=3)
            slopes(weights, biases)
            inside = [*weights, *(biases if included[-1] else ())]
            right, error = penalty(inside, LAM, form, reading.samples, reading.u)
            found, more = reading.penalty(weights, LAM, biases)
            what = f"{reading.whose}penalty, beside gradients {'' if included[-1] else 'not '}of the biases,"
            assert_close(found, right, bound=error + more, what=what)

        hold([weights for weights in reading.cases() if all(w.ndim == 2 for w in weights)], each)
        if any(included):
            impl.learn("l2_biases", "included", "the penalty has gradients with respect to the biases")
            impl.measured = "the biases are in the penalty"

    hold(readings(impl, networks), check)


def nothing_else(functions, weights):
    """Functions of the weights alone leave the biases out: without weights there is no penalty."""
    zeros = [np.zeros(w.shape) for w in weights]
    assert_equal(functions.penalty(zeros, LAM)[0], 0.0, what="the penalty of weights of zeros")


def nothing_steeper(functions, weights):
    zeros = [np.zeros(w.shape) for w in weights]
    assert_each(functions.gradient(zeros, LAM)[0], zeros, zeros, what="the gradients for weights of zeros")


@spec("regularization.single_precision", after=("regularization.penalty", "regularization.gradient"))
def test_single_precision(impl):
    """Weights of float32 have their penalty to float32's rounding, and weights of integers to that of floats."""

    def check(functions):
        def of_type(weights, kind, u):
            if functions.offers("l2_penalty"):
                form = form_of(functions)
                right, error = penalty(weights, LAM, form, functions.samples, u)
                assert_close(functions.penalty(weights, LAM)[0], right, bound=error, what=f"the penalty of {kind}")
            if functions.offers("l2_gradient"):
                right = gradients(weights, LAM, slope_form_of(functions), functions.samples, u)
                found, bounds = functions.gradient(weights, LAM)[0], [error for _, error in right]
                assert_each(found, [g for g, _ in right], bounds, what=f"the gradients of {kind}")

        def each(weights):
            of_type([w.astype(np.float32) for w in weights], "float32", UNIT_ROUNDOFF["float32"])
            try:
                of_type([np.sign(w).astype(int) * 3 for w in weights], "integers", functions.u)
            except Raised:  # networks do not have integers as weights: code may refuse them, and may not truncate
                return

        weighed(functions, each)

    of_functions(impl, check)


@spec("regularization.decay", after=("regularization.gradient", "regularization.derivative"))
def test_decay(impl, networks):
    """Descending along the penalty alone shrinks the weights by the same factor in each update."""

    def by_functions(functions):
        form = slope_form_of(functions)
        rate = RATE * 2 * factor(form, functions.samples) * LAM

        def each(weights):
            now = list(weights)
            paths = [decayed(w, rate, UPDATES, functions.u) for w in weights]
            for t in range(UPDATES):
                now = [w - RATE * g for w, g in zip(now, functions.gradient(now, LAM)[0], strict=True)]
                right, bounds = [path[t] for path, _ in paths], [error[t] for _, error in paths]
                assert_each(now, right, bounds, what=f"the weights after {t + 1} updates, {form} penalty,")

        weighed(functions, each)

    def by_network(network):
        form = slope_form_of(network)

        def each(weights):
            case = network.with_weights(weights)
            quiet = replace(case, x=np.zeros(case.x.shape))  # the loss then has no gradient by the first weights
            rate = RATE * 2 * factor(form, network.samples) * LAM
            right, bounds = decayed(weights[0], rate, UPDATES, network.u)
            found = trained(impl, quiet, LAM, UPDATES)[0][0]
            if np.array_equal(found, weights[0]) and not network.holders & {"network", "fit"}:
                raise NotApplicable("fit takes no strength")
            what = f"the first weights after {UPDATES} updates on inputs of zeros"
            assert_close(found, right[-1], bound=bounds[-1], what=what)

        weighed(network, each)

    hold(
        readings(impl, networks),
        lambda reading: (by_functions if isinstance(reading, Functions) else by_network)(reading),
    )


@spec("regularization.ridge", after="regularization.decay")
def test_ridge(impl):
    """Least squares with the penalty end in the closed form of ridge regression."""

    def check(functions):
        rng = np.random.default_rng(8)
        x, y = (
            np.linalg.qr(rng.normal(size=(8, 3)))[0] * np.sqrt(8) + 0.125 * rng.normal(size=(8, 3)),
            rng.normal(size=(8, 1)),
        )
        strength = 2 * factor(slope_form_of(functions), functions.samples) * LAM
        right, w = ridge(x, y, strength), np.ones((3, 1))
        curvature = np.linalg.eigvalsh(x.T @ x / 8) + strength
        lr = 1 / curvature[-1]
        left = 1 - lr * curvature[0]  # of the distance, after an update
        updates = int(np.ceil(np.log(functions.u) / np.log(left))) + 1
        for _ in range(updates):
            w = w - lr * (x.T @ (x @ w - y) / 8 + functions.gradient([w], LAM)[0][0])
        size = np.abs(x.T).sum(axis=1).max() * (np.abs(x).max() * np.abs(right).sum() + np.abs(y).max())
        each = gamma(OTHERWISE + 24, functions.u + UNIT_ROUNDOFF["float64"]) * (size + 4 * np.abs(right).max())
        bound = np.linalg.norm(right - 1) * left**updates + 3 * each / (1 - left)
        assert_close(w, right, bound=bound, what=f"the weights after {updates} updates")

    of_functions(impl, check)


@spec("regularization.golden", after=("regularization.penalty", "regularization.gradient"))
def test_golden(impl, networks):
    """The penalty and its gradients agree with golden values computed to 50 digits."""

    def check(reading):
        def penalties(known):
            weights = [known.first, known.second]
            _, error = penalty(weights, known.lam, known.form, reading.samples, reading.u)
            found, more = reading.penalty(weights, known.lam)
            what = f"{reading.whose}penalty with strength {known.lam:g}"
            assert_close(found, known.penalty, bound=error + more, what=what)

        def slopes(known):
            weights, right = [known.first, known.second], [known.first_gradient, known.second_gradient]
            pairs = gradients(weights, known.lam, known.form, reading.samples, reading.u)
            found, more = reading.gradient(weights, known.lam)
            bounds = [error + off for (_, error), off in zip(pairs, more, strict=False)]
            assert_each(found[:2], right, bounds, what=f"{reading.whose}gradients with strength {known.lam:g}")

        def each(part):
            compare, form = part
            own = form(reading)
            hold([known for known in golden.values("regularization")["l2"] if known.form == own], compare)

        hold([(penalties, form_of), (slopes, slope_form_of)], each)

    hold(readings(impl, networks), check)


ONES = [np.ones((3, 4)), np.ones((4, 2))]
TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "l2_penalty": lambda impl: [impl.l2_penalty([scale * w for w in ONES], LAM) for scale in (1.0, 2.0)],
    "l2_gradient": lambda impl: [impl.l2_gradient([scale * w for w in ONES], LAM)[0] for scale in (1.0, 2.0)],
}
