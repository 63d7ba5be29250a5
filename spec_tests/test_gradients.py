"""Chapter gradients: backpropagation, compared with differences of the implementation's loss and with the reference."""

from contextlib import suppress

import numpy as np

from chainrule.boundary.errors import NotApplicable
from chainrule.contract.moves import Moves
from chainrule.mathematics.cases import RESCALED, Case, image, rescaled
from chainrule.mathematics.comparison import (
    assert_close,
    assert_each,
    assert_equal,
    assert_finite,
    assert_shape,
    assert_that,
)
from chainrule.mathematics.differences import central_difference, difference_step, kink_distance, step_curvature
from chainrule.mathematics.identity import passing_parameters, passing_sizes
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, errors, gamma, values
from chainrule.specification.analysis import analysis, stored_otherwise
from chainrule.specification.spec import spec

FORWARD = ("network.forward", "network.loss", "network.missing_class")
IDENTITIES = (
    "gradients.shapes",
    "gradients.repeatable",
    "gradients.memoryless",
    "gradients.additivity",
    "gradients.class_sum",
    "gradients.dead_units",
)
DROPPED = 0.25  # the share of entries that may lie too near a kink for a difference


AT_RANDOM = 100  # networks with `--thorough`: each needs four losses for every parameter
MOST = 100  # entries compared of one array; of a larger one, so many in all its rows and columns


def clear_of_kinks(impl):
    """The margin that finite differences need: their step, about the cube root of u, times a sensitivity."""
    return 2.0**-9 if impl.unit_roundoff == UNIT_ROUNDOFF["float64"] else 2.0**-2


def entries(shape):
    """The indices of an array; of a large one, a fixed choice from all rows and columns."""
    everything = list(np.ndindex(*shape))
    if len(everything) <= MOST:
        return everything
    spread = np.random.default_rng(shape).permutation(len(everything))
    # Moving by one column and some rows at a time visits each column, and rows from the first to the last.
    rows = np.unique(np.linspace(0, shape[0] - 1, MOST // 2).astype(int))
    ladder = [(int(row), *(i % size for size in shape[1:])) for i, row in enumerate(rows)]
    return list(dict.fromkeys([*ladder, *(everything[i] for i in spread[: MOST - len(ladder)])]))


def check_differences(impl, case, group):
    """Compare every entry of one group of gradients (0 weights, 1 biases) with central differences of loss."""
    model = impl.network(case)
    grads = impl.backward(model, case.x, case.y)[group]
    exact = analysis(impl, case)
    plain = analysis(impl, case, log_epsilon=0.0)  # an epsilon shifts losses without adding noise
    pairs = (exact.weight_grads, exact.bias_grads)[group]
    parameters = (case.weights, case.biases)
    what = ("dloss/dW", "dloss/db")[group]
    dropped = total = 0
    smooth = zip(step_curvature(case.reference, case.x), kink_distance(case.reference, case.x), strict=True)
    for l, (curvature, kink) in enumerate(smooth):
        rounding = 2 * plain.loss[1]  # twice, as the loss near the point may be a little larger than at it
        h = difference_step(rounding, curvature, kink)
        assert_shape(grads[l], parameters[group][l].shape, what=f"{what}[{l}]")
        moves = Moves(case.weights, case.biases, group, l, entries(grads[l].shape), (h, -h, h / 2, -h / 2))
        for index, losses in zip(moves.entries, impl.losses(model, case.x, case.y, moves), strict=True):
            loss = dict(zip(moves.steps, map(float, losses), strict=True))
            found = central_difference(loss.__getitem__, h, rounding=rounding, curvature=curvature)
            total += 1
            if not found.reliable:
                dropped += 1
                continue
            bound = found.bound + pairs[l][1][index]
            if not abs(grads[l][index] - found.value) <= bound:
                impl.backward(model, case.x, case.y)  # so that the lines to paste show this call
                assert_close(grads[l][index], found.value, bound=bound, what=f"{what}[{l}]{list(index)} ({case})")
    assert_that(
        dropped <= DROPPED * total,
        f"the differences of loss at two step sizes disagree on {dropped} of {total} entries of {what} ({case}): "
        "loss is not the smooth function of the parameters that the mathematics expects here",
    )


@spec("gradients.shapes", after="network.assignable")
def test_shapes(impl, networks):
    """backward returns (weight_grads, bias_grads), one array a layer, each of its parameter's shape."""
    for case in networks(batches=(1, 7)):
        for name, grads, parameters in zip(
            ("weight_grads", "bias_grads"),
            impl.backward(impl.network(case), case.x, case.y),
            (case.weights, case.biases),
            strict=True,
        ):
            assert_that(
                len(grads) == len(parameters), f"{name} has {len(grads)} arrays, expected {len(parameters)} ({case})"
            )
            for l, (grad, parameter) in enumerate(zip(grads, parameters, strict=True)):
                assert_shape(grad, parameter.shape, what=f"{name}[{l}] ({case})")


@spec("gradients.repeatable", after="gradients.shapes")
def test_repeatable(impl, networks):
    """The same call twice gives the same gradients: backward neither accumulates nor uses up anything."""
    for case in networks(depths=(0, 1, 2), batches=(1, 7)):
        model, exact = impl.network(case), analysis(impl, case)
        first, second = (impl.backward(model, case.x, case.y) for _ in range(2))
        assert_each(second[0], first[0], [2 * e for e in errors(exact.weight_grads)], what="dloss/dW, called again")
        assert_each(second[1], first[1], [2 * e for e in errors(exact.bias_grads)], what="dloss/db, called again")


@spec("gradients.memoryless", after="gradients.repeatable")
def test_memoryless(impl, networks):
    """backward(x, y) depends on x, y and the parameters alone, not on the batch before."""
    for case in networks.each((0, 1, 2), 7):
        other = networks.at(case.sizes, 2, seed=5)
        model, exact = impl.network(case), analysis(impl, case)
        before = impl.backward(model, case.x, case.y)
        impl.forward(model, other.x)
        with suppress(NotApplicable):
            impl.loss(model, other.x, other.y)
        impl.backward(model, other.x, other.y)
        impl.forward(model, other.x)
        after = impl.backward(model, case.x, case.y)
        assert_each(
            after[0], before[0], [2 * e for e in errors(exact.weight_grads)], what="dloss/dW, after another batch"
        )
        assert_each(
            after[1], before[1], [2 * e for e in errors(exact.bias_grads)], what="dloss/db, after another batch"
        )
        changed = Case(case.sizes, other.weights, other.biases, case.x, case.y)
        fresh = impl.backward(impl.network(changed), case.x, case.y)
        impl.assign(model, other.weights, other.biases)
        present, exact = impl.backward(model, case.x, case.y), analysis(impl, changed)
        for name, a, b, pairs in zip(
            ("dloss/dW", "dloss/db"), present, fresh, (exact.weight_grads, exact.bias_grads), strict=True
        ):
            assert_each(a, b, [2 * e for e in errors(pairs)], what=f"{name}, after other parameters")


@spec("gradients.survive", after="gradients.shapes")
def test_survive(impl, networks):
    """Returned gradients stay unchanged when backward is called again."""
    for case in networks.each((0, 2), 7):
        other = networks.at(case.sizes, 7, seed=5)
        model = impl.network(case)
        first = impl.backward(model, case.x, case.y)
        call = impl.calls[-1]
        for later in (model, impl.network(other)):
            impl.backward(later, other.x, other.y)
            for name, earlier, now in zip(("weight_grads", "bias_grads"), first, call.reread(), strict=True):
                for l, (a, b) in enumerate(zip(earlier, now, strict=True)):
                    if not np.array_equal(a, b, equal_nan=True):
                        assert_equal(b, a, what=f"{name}[{l}] of an earlier call, after a later one")


@spec("gradients.additivity", after=(*FORWARD, "gradients.shapes", "gradients.memoryless"))
def test_additivity(impl, networks):
    """A batch's gradient is the mean of its samples' gradients; doubling the batch does not change it."""
    for case in networks(batches=(2, 7)):
        model, n = impl.network(case), len(case.x)
        singles = [Case(case.sizes, case.weights, case.biases, case.x[i : i + 1], case.y[i : i + 1]) for i in range(n)]
        exact, parts = analysis(impl, case), [analysis(impl, single) for single in singles]
        alone = [impl.backward(model, single.x, single.y) for single in singles]
        doubled = impl.backward(model, np.vstack([case.x, case.x]), np.concatenate([case.y, case.y]))
        whole = impl.backward(model, case.x, case.y)
        for group, name in enumerate(("dloss/dW", "dloss/db")):
            pairs = (exact.weight_grads, exact.bias_grads)[group]
            for l in range(len(pairs)):
                mean = np.mean([grads[group][l] for grads in alone], axis=0, dtype=np.float64)
                part = np.mean([errors((a.weight_grads, a.bias_grads)[group])[l] for a in parts], axis=0)
                # A wrong gradient may be additive and larger than the right one, so the bound counts its own size as
                # well.
                size = max(np.abs(grads[group][l]).max() for grads in (whole, doubled, *alone))
                own = gamma(1000, impl.unit_roundoff) * size
                bound = pairs[l][1] + part + gamma(n + 1, UNIT_ROUNDOFF["float64"]) * np.abs(mean) + own
                assert_close(whole[group][l], mean, bound=bound, what=f"{name}[{l}] of a batch of {n}")
                assert_close(
                    doubled[group][l],
                    whole[group][l],
                    bound=4 * pairs[l][1] + own,
                    what=f"{name}[{l}] of the batch twice over",
                )


@spec("gradients.class_sum", after=(*FORWARD, "gradients.shapes"))
def test_class_sum(impl, networks):
    """The last layer's gradients sum to zero over the classes, as adding a constant to all logits changes nothing."""
    for case in networks(batches=(1, 7)):
        exact = analysis(impl, case)
        weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
        bias_bound, weight_bound = exact.bias_grads[-1][1].sum(), exact.weight_grads[-1][1].sum(axis=1)
        assert_close(
            bias_grads[-1].sum(), 0.0, bound=bias_bound, what=f"the sum of dloss/db of the last layer ({case})"
        )
        zeros = np.zeros(len(weight_bound))
        assert_close(
            weight_grads[-1].sum(axis=1),
            zeros,
            bound=weight_bound,
            what=f"the row sums of dloss/dW of the last layer ({case})",
        )


@spec("gradients.dead_units", after=(*FORWARD, "gradients.shapes"))
def test_dead_units(impl, networks):
    """A hidden unit that is off for the whole batch has zero gradients, into it and out of it."""
    for case in networks.each((1, 2, 3), 7):
        for layer in range(len(case.sizes) - 2):
            biases = [b.copy() for b in case.biases]
            unit = 1 % case.sizes[layer + 1]
            biases[layer][unit] = -1024.0
            dead = Case(case.sizes, case.weights, biases, case.x, case.y)
            weight_grads, bias_grads = impl.backward(impl.network(dead), case.x, case.y)
            zeros = np.zeros
            assert_equal(
                weight_grads[layer][:, unit], zeros(case.sizes[layer]), what=f"dloss/dW[{layer}] into a dead unit"
            )
            assert_equal(bias_grads[layer][unit], 0.0, what=f"dloss/db[{layer}] of a dead unit")
            assert_equal(
                weight_grads[layer + 1][unit],
                zeros(case.sizes[layer + 2]),
                what=f"dloss/dW[{layer + 1}] out of a dead unit",
            )


@spec("gradients.weights", after=(*FORWARD, *IDENTITIES))
def test_weights(impl, networks):
    """In every layer, each weight's gradient is the slope of the implementation's own loss along that weight."""
    for case in networks(batches=(7,), margin=clear_of_kinks(impl), at_random=AT_RANDOM):
        check_differences(impl, case, 0)


@spec("gradients.biases", after=(*FORWARD, *IDENTITIES))
def test_biases(impl, networks):
    """In every layer, each bias's gradient is the slope of the implementation's own loss along that bias."""
    for case in networks(batches=(1, 2, 7), margin=clear_of_kinks(impl), at_random=AT_RANDOM):
        check_differences(impl, case, 1)


@spec("gradients.saturated", after=("gradients.weights", "gradients.biases", "network.missing_class"))
def test_saturated(impl):
    """At probabilities of 0 and 1 the gradient is still p - y: zero if right, one if wrong, never nan."""
    sizes = passing_sizes(impl.fits, 3)
    if sizes is None:
        raise impl.no_network("whose logits can be set to 3 given numbers")
    weights, biases = passing_parameters(sizes, 3, -1000.0)
    z = 1000.0 * np.eye(2, 3) - 1000.0 * np.eye(2, 3, k=2)  # p is one-hot to exp(-1000): zero in any precision
    x = np.zeros((2, sizes[0]))
    x[:, :3] = z
    classes = sizes[-1]
    inputs = np.maximum(np.hstack([z, -z]), 0.0) if len(sizes) > 2 else z  # of the last layer
    for y in ([0, 1], [1, 2], [2, 0]):
        case = Case(sizes, weights, biases, x, np.array(y))
        weight_grads, bias_grads = impl.backward(impl.network(case), x, case.y)
        what = f"at saturated probabilities, labels {y}"
        assert_finite(weight_grads[-1], what=f"dloss/dW[{len(weights) - 1}] {what}")
        delta = (np.eye(2, classes) - np.eye(classes)[y]) / 2
        # The exact derivative of -log(p + epsilon) is 0 at p = 0, so with an accepted epsilon 0 is right as well.
        # A p that is clipped to [epsilon, 1 - epsilon] may be the p of the gradient.
        slack = 8 * impl.unit_roundoff + impl.log_epsilon / 2 + np.abs(delta) * (impl.log_epsilon > 0)
        expected = np.zeros(weights[-1].shape)
        expected[: inputs.shape[1]] = inputs.T @ delta
        bound = impl.gradient_error(weights[-1], expected)
        bound[: inputs.shape[1]] += np.abs(inputs).T @ slack
        assert_close(weight_grads[-1], expected, bound=bound, what=f"dloss/dW[{len(weights) - 1}] {what}")
        bound = slack.sum(axis=0) + impl.gradient_error(biases[-1], delta.sum(axis=0))
        assert_close(bias_grads[-1], delta.sum(axis=0), bound=bound, what=f"dloss/db[{len(weights) - 1}] {what}")


@spec("gradients.euler", after=("gradients.weights", "gradients.biases"))
def test_euler(impl, networks):
    """For each hidden unit, the sum of w dloss/dw over its incoming weights and bias equals that over the outgoing."""
    for case in networks(depths=(1, 2, 3, 4), batches=(1, 7)):
        exact = analysis(impl, case)
        weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
        for l in range(len(case.sizes) - 2):
            coming = (case.weights[l] * weight_grads[l]).sum(axis=0) + case.biases[l] * bias_grads[l]
            going = (case.weights[l + 1] * weight_grads[l + 1]).sum(axis=1)
            bound = (np.abs(case.weights[l]) * exact.weight_grads[l][1]).sum(axis=0)
            bound += np.abs(case.biases[l]) * exact.bias_grads[l][1]
            bound += (np.abs(case.weights[l + 1]) * exact.weight_grads[l + 1][1]).sum(axis=1)
            assert_close(coming, going, bound=bound, what=f"sum of w dloss/dw into the units of layer {l + 1} ({case})")


@spec("gradients.values", after=("gradients.weights", "gradients.biases", "gradients.euler"))
def test_values(impl, networks):
    """The gradients agree with the independent reference, at any size, and for inputs however stored."""
    images = [image(case, np.uint8) for case in networks.each((1, 2), 7, seed=4)]
    every = (*networks(batches=(1, 2, 7)), networks.case(2, 64), *images, *networks.unusual())
    compared = [check_values(impl, case, analysis(impl, case), f"{case}: ") for case in every]
    for case in networks.each((1, 2), 7, seed=6):
        for how, stored, exact in stored_otherwise(impl, case):
            compared.append(check_values(impl, stored, exact, f"for an array {how}, "))
    if not any(compared):
        raise NotApplicable("in networks of its sizes some ReLU may always lie at its kink")


def check_values(impl, case, exact, where):
    """Compare the gradients of a case's batch with those of the reference.

    Where a ReLU may lie at its kink, as of an image, either slope is right, and nothing is compared.
    """
    if exact.clear:
        weight_grads, bias_grads = impl.backward(impl.network(case), case.x, case.y)
        assert_each(weight_grads, values(exact.weight_grads), errors(exact.weight_grads), what=f"{where}dloss/dW")
        assert_each(bias_grads, values(exact.bias_grads), errors(exact.bias_grads), what=f"{where}dloss/db")
    return exact.clear


@spec("gradients.rescaling", after=("gradients.values", "network.rescaling"))
def test_rescaling(impl, networks):
    """Scaling a unit's incoming weights by c > 0 and the outgoing by 1 / c scales their gradients by 1 / c and c."""
    powers = RESCALED[impl.conventions["precision"].value]
    scaled = [(power, rescaled(case, power)) for case in networks.each((0, 1, 2), 7) for power in powers]
    compared = [check_values(impl, case, analysis(impl, case), f"with inputs of 2^{power}, ") for power, case in scaled]
    if not any(compared):
        raise NotApplicable("the precision is too coarse to tell on which side of its kink a ReLU lies")
