"""Chapter optimizers: parameters that are updated by gradients, with a memory of earlier ones."""

from dataclasses import replace

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import NotApplicable, Raised, Todo
from chainrule.mathematics.comparison import Failure, assert_close, assert_equal, assert_shape, assert_that
from chainrule.mathematics.optimizers import (
    FORMS,
    LARGE_EPSILON,
    MANY,
    RULES,
    SHAPES,
    SMALL,
    UPDATES,
    drawn,
    heavy_ball,
)
from chainrule.mathematics.rounding import UNIT_ROUNDOFF
from chainrule.specification.spec import spec

SHAPES_KEPT = "optimizers.shapes"
KEYS = {"Momentum": "momentum", "RMSProp": "rmsprop_epsilon", "Adam": "adam_epsilon"}  # conventions that are reported


def made(impl, rule):
    """The optimizer of the implementation for a rule."""
    return getattr(impl, rule.operation)(*rule.passed)


def taken(impl, rule):
    """A rule as the code takes it: with its own eps, if that cannot be chosen, and in its precision."""
    try:
        made(impl, rule)
    except NotApplicable as refused:
        rule = replace(rule, own_epsilon=True)
        try:
            made(impl, rule)
        except Raised:  # an adapter that has to be passed an eps
            raise refused from None
    return replace(rule, u=impl.unit_roundoff if resolves(impl, rule) else UNIT_ROUNDOFF["float32"])


def resolves(impl, rule):
    """Whether a change of 2^-40 in a gradient changes the result, as in float64 it does."""
    ones = np.ones((2, 3))
    one, other = (made(impl, rule).update([0 * ones], [ones], [(0.5 + off) * ones])[-1][0] for off in (0.0, 2.0**-40))
    return not np.array_equal(one, other)


def offered(impl):
    """The usual rules of the optimizers that the code offers; where it offers none, what is missing is raised."""
    found, missing = [], None
    for rule in RULES.values():
        try:
            found.append(taken(impl, rule))
        except (Todo, NotApplicable) as error:
            missing = error
    if missing is not None and not found:
        raise missing
    return found


def follows(impl, rule, theta, gradients):
    """Whether the code's updates of one parameter are those of a rule."""
    try:
        assert_path(impl, rule, theta, gradients)
    except (Failure, Raised):
        return False
    return True


def as_computed(impl, rule):
    """A rule in the published form that the code has, else in that of the contract.  Another form is reported."""
    rule, forms = taken(impl, rule), FORMS[rule.operation]
    if len(forms) == 1:
        return rule
    theta, gradients = drawn((3,), 2, seed=1)
    if rule.own_epsilon:
        theta, gradients = np.zeros(3), [SMALL * g for g in gradients]
        ((after,),) = made(impl, rule).update([theta], [gradients[0]])
        probes = {form: rule.measured(form, -after.flat[0], gradients[0][0]) for form in forms} if after.all() else {}
    elif rule.operation == "Momentum":
        probes = {form: rule.of(form) for form in forms}
    else:
        probes = {form: rule.with_epsilon(LARGE_EPSILON).of(form) for form in forms}
    form = next((form for form, probe in probes.items() if follows(impl, probe, theta, gradients)), rule.form)
    if form != rule.form:
        impl.learn(KEYS[rule.operation], form, f"two updates: {forms[form]}")
    return probes.get(form, rule) if rule.own_epsilon else rule.of(form)


def assert_reported(impl, rule):
    """The first updates are those of a rule in the form that the code has.  The report names another form."""
    found = as_computed(impl, rule)
    assert_updates(impl, found)
    if found.form != rule.form:
        impl.measured = f"{rule.operation}: {FORMS[rule.operation][found.form]}"


def choosing_epsilon(impl, rule):
    """A rule in the form that the code has.  Raises NotApplicable if its eps cannot be chosen."""
    made(impl, rule)
    return as_computed(impl, rule)


def assert_path(impl, rule, theta, gradients, every=1):
    """The code's updates of one parameter are those of a rule, each of them or every so many."""
    found = made(impl, rule).update([theta], *([g] for g in gradients))
    right, error = rule.path(theta, gradients)
    for t in range(every - 1, len(gradients), every):
        (now,) = found[t]
        assert_close(now, right[t], bound=error[t], what=f"the parameter after update {t + 1} of {rule}")


def assert_updates(impl, rule):
    """The first updates of parameters of several shapes are those of a rule."""
    for seed, shape in enumerate(((2, 3), (4,))):
        assert_path(impl, rule, *drawn(shape, UPDATES, seed))


@spec("optimizers.objects")
def test_objects(impl):
    """Two optimizers that are used in turn do not know of each other."""
    for rule in offered(impl):
        (a, gradients), (b, others) = drawn((2, 3), UPDATES, seed=4), drawn((2, 3), UPDATES, seed=5)
        alone = made(impl, rule).update([a], *([g] for g in gradients))
        first, second = made(impl, rule), made(impl, rule)
        for t, (g, h) in enumerate(zip(gradients, others, strict=True)):
            ((a,),) = first.update([a], [g])
            ((b,),) = second.update([b], [h])
            what = f"the parameter after {t + 1} updates of {rule}, beside another optimizer,"
            assert_equal(a, alone[t][0], what=what)


@spec("optimizers.shapes", after="optimizers.objects")
def test_shapes(impl):
    """An optimizer updates any number of parameters of any shape, and each keeps its shape."""
    for rule in offered(impl):
        for shapes in SHAPES:
            params, grads = zip(*(drawn(shape, 2, seed=i) for i, shape in enumerate(shapes)), strict=True)
            for found in made(impl, rule).update(list(params), *map(list, zip(*grads, strict=True))):
                assert_that(len(found) == len(shapes), f"{rule}: expected {len(shapes)} parameters, found {len(found)}")
                for i, (array, shape) in enumerate(zip(found, shapes, strict=True)):
                    assert_shape(array, shape, what=f"parameter {i} of {len(shapes)} after an update of {rule}")


@spec("optimizers.gradients_kept", after=SHAPES_KEPT)
def test_gradients_kept(impl):
    """An update leaves the gradients as they were, the first time and later."""
    for rule in offered(impl):
        theta, (g, _) = drawn((2, 3), 2, seed=0)
        grads = [g]
        made(impl, rule).update([theta], grads, grads, grads)
        assert_that(not impl.calls[-1].modified, f"{rule}: update changes the gradients that it is given")


@spec("optimizers.zero_gradient", after=SHAPES_KEPT)
def test_zero_gradient(impl):
    """Gradients of zero, from the start, leave the parameters where they are."""
    for rule in offered(impl):
        theta, _ = drawn((2, 3), 1, seed=0)
        for (found,) in made(impl, rule).update([theta], *[[np.zeros(theta.shape)]] * 3):
            assert_equal(found, theta, what=f"the parameter after an update of {rule} with zeros")


@spec("sgd.update", after=SHAPES_KEPT)
def test_sgd_update(impl):
    """Gradient descent subtracts the rate times the gradient, and remembers nothing."""
    assert_updates(impl, taken(impl, RULES["SGD"]))


def assert_on_parabolas(impl, rule, momentum, weight):
    """On parabolas of several widths the parameter follows the known path."""
    for rate in (0.25, 0.5, 1.0, 1.5):  # lr times the second derivative
        optimizer, theta = made(impl, rule), np.array([1.0])
        path = heavy_ball(rate, momentum, weight, 30, rule.u)
        for t, (right, error) in enumerate(zip(*path, strict=True)):
            ((theta,),) = optimizer.update([theta], [rate / rule.lr * theta])
            what = f"theta after {t + 1} updates of {rule} at lr lambda = {rate}"
            assert_close(theta, [right], bound=error, what=what)


@spec("sgd.quadratic", after="sgd.update")
def test_sgd_quadratic(impl):
    """On a parabola, gradient descent multiplies the distance to the minimum by 1 - lr lambda in each update."""
    assert_on_parabolas(impl, taken(impl, RULES["SGD"]), 0.0, 1.0)


@spec("momentum.plain", after=SHAPES_KEPT)
def test_momentum_plain(impl):
    """With momentum 0 the updates are those of gradient descent."""
    rule = RULES["Momentum"]
    assert_updates(impl, taken(impl, replace(rule, arguments=(rule.lr, 0.0))))


@spec("momentum.geometric_sum", after=(SHAPES_KEPT, "momentum.plain"))
def test_momentum_geometric_sum(impl):
    """Under a constant gradient the velocity is the geometric sum of momentum times the gradient."""
    rule = as_computed(impl, RULES["Momentum"])
    lr, momentum = rule.arguments
    theta, (g,) = drawn((2, 3), 1, seed=2)
    found = made(impl, rule).update([theta], *[[g]] * UPDATES)
    _, error = rule.path(theta, [g] * UPDATES)
    for t, (now,) in enumerate(found, 1):
        sums = sum((1 - momentum**k) / (1 - momentum) for k in range(1, t + 1))
        right = theta - lr * sums * g * (1 - momentum if rule.form == "average" else 1)
        assert_close(now, right, bound=error[t - 1], what=f"the parameter after {t} equal gradients and {rule}")


@spec("momentum.update", after=(SHAPES_KEPT, "momentum.plain", "momentum.geometric_sum"))
def test_momentum_update(impl):
    """Momentum moves the parameters along a decaying sum of the gradients, the latest included."""
    assert_reported(impl, RULES["Momentum"])


@spec("momentum.quadratic", after="momentum.update")
def test_momentum_quadratic(impl):
    """On a parabola, momentum follows a matrix power, whose rate is the root of momentum."""
    rule = as_computed(impl, RULES["Momentum"])
    momentum = rule.arguments[1]
    assert_on_parabolas(impl, rule, momentum, 1 - momentum if rule.form == "average" else 1.0)


@spec("rmsprop.stationary", after=SHAPES_KEPT)
def test_rmsprop_stationary(impl):
    """Under constant gradients, large or small, RMSProp ends in steps of the length of the rate."""
    rule = as_computed(impl, replace(RULES["RMSProp"], arguments=(0.125, 0.5, 2.0**-24)))
    theta, g = np.zeros(4), np.array([2.0, -0.25, 0.03125, -1024.0])
    found = made(impl, rule).update([theta], *[[g]] * 64)
    error = rule.path(theta, [g] * 64)[1][-2:].sum(axis=0)
    size = np.sqrt(g**2 + rule.eps) if rule.form == "inside" else np.abs(g) + rule.eps
    step = found[-2][0] - found[-1][0]
    assert_close(step, rule.lr * g / size, bound=error, what=f"the 64th step of {rule} with equal gradients")


@spec("rmsprop.epsilon", after=(SHAPES_KEPT, "rmsprop.stationary"))
def test_rmsprop_epsilon(impl):
    """The eps of RMSProp is added to the root of the average, or inside the root."""
    rule = RULES["RMSProp"]
    assert_updates(impl, choosing_epsilon(impl, rule.with_epsilon(LARGE_EPSILON)))


@spec("rmsprop.update", after=(SHAPES_KEPT, "rmsprop.stationary", "rmsprop.epsilon"))
def test_rmsprop_update(impl):
    """RMSProp divides the gradient by the root of a decaying average of its squares."""
    assert_reported(impl, RULES["RMSProp"])


@spec("adam.first_step", after=SHAPES_KEPT)
def test_adam_first_step(impl):
    """The first step of Adam is the rate, against the sign of the gradient, whatever its size."""
    rule = as_computed(impl, RULES["Adam"].with_epsilon(2.0**-40))
    theta, g = np.zeros(4), np.array([2.0, -0.25, 0.03125, -1024.0])
    ((found,),) = made(impl, rule).update([theta], [g])
    _, (error,) = rule.path(theta, [g])
    of_epsilon = rule.lr * rule.eps / (1 - rule.arguments[2]) / np.minimum(np.abs(g), g**2)
    assert_close(found, -rule.lr * np.sign(g), bound=error + of_epsilon, what=f"the first step of {rule}")


@spec("adam.bias_correction", after=(SHAPES_KEPT, "adam.first_step"))
def test_adam_bias_correction(impl):
    """Under a constant gradient all steps of Adam are the same."""
    rule = as_computed(impl, replace(RULES["Adam"], arguments=(0.125, 0.375, 0.4375, 2.0**-40)))
    theta, (g,) = drawn((2, 3), 1, seed=2)
    found = made(impl, rule).update([theta], *[[g]] * 40)
    of_epsilon = rule.lr * rule.eps / (1 - rule.arguments[2]) / np.minimum(np.abs(g), g**2)
    _, error = rule.path(theta, [g] * 40)
    for t, (now,) in enumerate(found, 1):
        right, bound = theta - t * rule.lr * np.sign(g), error[t - 1] + t * of_epsilon
        assert_close(now, right, bound=bound, what=f"the parameter after {t} equal gradients and {rule}")


@spec("adam.scale_invariance", after=(SHAPES_KEPT, "adam.first_step", "adam.bias_correction"))
def test_adam_scale_invariance(impl):
    """Gradients in other units, with eps in the same units, give the same updates."""
    rule = choosing_epsilon(impl, RULES["Adam"].with_epsilon(LARGE_EPSILON))
    theta, gradients = drawn((2, 3), UPDATES, seed=3)
    _, error = rule.path(theta, gradients)
    found = made(impl, rule).update([theta], *([g] for g in gradients))
    for scale in (2.0**-7, 2.0**9):
        other = rule.with_epsilon(rule.eps * scale ** (2 if rule.form.endswith("inside") else 1))
        again = made(impl, other).update([theta], *([scale * g] for g in gradients))
        for t, (a, b, off) in enumerate(zip(again, found, error, strict=True), 1):
            what = f"the parameter after {t} updates of Adam with {scale:g} times the gradients and eps"
            assert_close(a[0], b[0], bound=2 * off, what=what)


@spec("adam.epsilon", after=(SHAPES_KEPT, "adam.first_step", "adam.bias_correction"))
def test_adam_epsilon(impl):
    """The eps of Adam is added to the root, inside the root, or before the correction of the root."""
    rule = RULES["Adam"]
    assert_updates(impl, choosing_epsilon(impl, rule.with_epsilon(LARGE_EPSILON)))


@spec("adam.update", after=(SHAPES_KEPT, "adam.first_step", "adam.bias_correction", "adam.epsilon"))
def test_adam_update(impl):
    """Adam divides the corrected average of the gradients by the root of that of their squares."""
    assert_reported(impl, RULES["Adam"])


UPDATED = ("sgd.update", "momentum.update", "rmsprop.update", "adam.update")


@spec("optimizers.parameters", after=(SHAPES_KEPT, *UPDATED))
def test_parameters(impl):
    """What an optimizer makes of a parameter does not depend on the other parameters, nor on their order."""
    for rule in offered(impl):
        several = [drawn(shape, UPDATES, seed) for seed, shape in enumerate(((2, 3), (3,), (3,)))]
        alone = [made(impl, rule).update([theta], *([g] for g in grads)) for theta, grads in several]
        for order in ((0, 1, 2), (2, 0, 1)):
            params, grads = [several[i][0] for i in order], zip(*(several[i][1] for i in order), strict=True)
            for t, found in enumerate(made(impl, rule).update(params, *map(list, grads))):
                for place, i in enumerate(order):
                    what = f"parameter {place} of three after {t + 1} updates of {rule}"
                    assert_equal(found[place], alone[i][t][0], what=what)


@spec("optimizers.many_updates", after=(SHAPES_KEPT, *UPDATED))
def test_many_updates(impl):
    """After a thousand updates the parameters are still those of the rule."""
    for rule in offered(impl):
        assert_path(impl, as_computed(impl, rule), *drawn((3,), MANY, seed=6), every=50)


@spec("optimizers.single_precision", after=(SHAPES_KEPT, *UPDATED))
def test_single_precision(impl):
    """Parameters and gradients of float32 are updated to float32's rounding."""
    for rule in offered(impl):
        theta, gradients = drawn((2, 3), UPDATES, seed=7)
        single = [array.astype(np.float32) for array in (theta, *gradients)]
        found = made(impl, rule).update([single[0]], *([g] for g in single[1:]))
        right, error = replace(as_computed(impl, rule), u=UNIT_ROUNDOFF["float32"]).path(theta, gradients)
        for t, (now,) in enumerate(found):
            assert_close(now, right[t], bound=error[t], what=f"the float32 parameter after update {t + 1} of {rule}")


@spec("optimizers.golden", after=(SHAPES_KEPT, *UPDATED))
def test_golden(impl):
    """Parameters updated with the usual hyperparameters agree with golden values computed to 50 digits."""
    for rule in offered(impl):
        if rule.own_epsilon:
            continue
        form = as_computed(impl, rule).form
        (known,) = (case for case in golden.values("optimizers")[rule.operation] if case.form == form)
        usual = replace(rule, arguments=tuple(map(float, known.arguments)), form=form)
        found = made(impl, usual).update([known.theta], *([g] for g in known.gradients))
        _, error = usual.path(known.theta, known.gradients)
        for t, ((now,), right) in enumerate(zip(found, known.updated, strict=True)):
            assert_close(now, right, bound=error[t], what=f"the parameter after update {t + 1} of {usual}")


TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    name: lambda impl, name=name: [
        getattr(impl, name)(lr, *RULES[name].arguments[1:]).update([np.ones((2, 3))], [np.ones((2, 3))])[0][0]
        for lr in (0.5, 0.25)
    ]
    for name in RULES
}
