"""Chapter layers: affine, ReLU and softmax-with-loss as functions, each with its backward pass."""

import math

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import NotApplicable, Raised
from chainrule.contract.conventions import LARGEST_LOG_EPSILON
from chainrule.mathematics.cases import GRID, grid
from chainrule.mathematics.comparison import (
    assert_close,
    assert_each,
    assert_equal,
    assert_finite,
    assert_shape,
    assert_that,
)
from chainrule.mathematics.differences import central_difference, difference_step
from chainrule.mathematics.layers import affine_output, analyse_affine, layer_case
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, analyse, errors, exactly, gamma, mean_cross_entropy, values
from chainrule.reference import softmax
from chainrule.specification.asked_anew import Anew, as_passed, single
from chainrule.specification.given import given
from chainrule.specification.networks import AT_RANDOM
from chainrule.specification.spec import spec
from chainrule.specification.strategies import divided, scores, shifts
from chainrule.support.arrays import joined

# All sizes differ.  Batches of one, one output, one input and axes of length one show whether code drops an axis.
AFFINE = (((1, 3), 2), ((5, 4), 3), ((4, 2), 1), ((3, 1), 4), ((2, 3, 5), 4), ((3, 2, 1, 4), 5), ((1, 2, 3, 2), 7))
RELU = ((4,), (1, 3), (5, 1), (3, 4), (2, 3, 4), (2, 1, 3, 2))
DIFFERENCED = 100  # layers with `--thorough`: each needs two outputs for every entry
AFFINE_GRADIENTS = ("dx", "dw", "db")
AFFINE_SLOPES = ("affine.input_gradient", "affine.weight_gradient", "affine.bias_gradient")


def affine_cases(networks, at_random=AT_RANDOM):
    """An affine layer of every shape that the code takes; with `--thorough`, many random ones as well."""
    taken = [(shape, outputs) for shape, outputs in AFFINE if len(shape) == 2 or takes_axes(networks)]
    yield from (layer_case(shape, outputs) for shape, outputs in taken)
    for seed in networks.trials([], at_random):
        yield layer_case(*taken[seed % len(taken)], seed)


def takes_axes(networks):
    """Whether affine_forward takes samples with several axes, which the contract leaves to the code."""

    def takes(shape, outputs):
        case = layer_case(shape, outputs)
        try:
            networks.impl.affine_forward(case.x, case.w, case.b)
        except Raised:
            return False
        return True

    several = [(shape, outputs) for shape, outputs in AFFINE if len(shape) > 2]
    return networks.once("axes of affine_forward", lambda: any(takes(*layer) for layer in several))


def relu_cases(networks):
    """(shape, seed) for inputs of every shape; with `--thorough`, many random ones as well."""
    yield from ((shape, 0) for shape in RELU)
    yield from ((RELU[seed % len(RELU)], seed) for seed in networks.trials([]))


def relu_case(shape, seed=0):
    """(x, dout): the entries of x alternate in sign, at least 2^-2 from the kink; those of dout have either sign."""
    rng = np.random.default_rng([seed, *shape])
    sign = np.where(np.arange(np.prod(shape)).reshape(shape) % 2 == 0, 1, -1)
    x = sign * (GRID + np.abs(grid(rng.normal(size=shape)))) + sign * 0.25
    return x, grid(rng.normal(size=shape))


def analysis(impl, case):
    """The affine layer's exact values, with the error each may carry in the implementation's precision."""
    return analyse_affine(case.x, case.w, case.b, case.dout, impl.unit_roundoff)


def affine_gradients(impl, case):
    """(dx, dw, db) by a forward pass and its backward pass."""
    _, cache = impl.affine_forward(case.x, case.w, case.b)
    return impl.affine_backward(case.dout, cache)


def relu_gradient(impl, x, dout):
    """dx by a forward pass and its backward pass."""
    _, cache = impl.relu_forward(x)
    return impl.relu_backward(dout, cache)


def loss_analysis(impl, z, y, z_error=0.0):
    """((loss, error), (dx, error)) of logits that are off by up to z_error."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    return mean_cross_entropy((z, np.broadcast_to(z_error, z.shape)), y, u, impl.log_epsilon)


def same_gradients(found, expected, exact, what):
    """Compare two results of the same calculation, each of which may have its own rounding errors."""
    for name, a, b, (_, error) in zip(AFFINE_GRADIENTS, found, expected, exact.gradients, strict=True):
        assert_close(a, b, bound=2 * error, what=f"{name} {what}")


# The affine layer


@spec("affine.shape")
def test_affine_shape(impl, networks):
    """affine_forward turns N samples of D entries into (N, M)."""
    for case in affine_cases(networks):
        if case.x.ndim > 2:
            continue
        out, _ = impl.affine_forward(case.x, case.w, case.b)
        assert_shape(out, (len(case.x), case.w.shape[1]), what=f"out ({case})")


@spec("affine.arguments_kept", after="affine.flattening")
def test_affine_arguments_kept(impl, networks):
    """affine_forward does not change x, w and b; affine_backward does not change dout and the arrays in the cache."""
    case = layer_case((2, 3, 5) if takes_axes(networks) else (2, 5), 4)
    affine_gradients(impl, case)
    for call in list(impl.calls)[-2:]:
        assert_that(not call.modified, f"{call.name} writes into its argument {' and '.join(call.modified)}")


@spec("affine.results_kept", after="affine.shape")
def test_affine_results_kept(impl):
    """Results of affine_forward and affine_backward stay unchanged when these are called again."""
    case, other = layer_case((5, 4), 3), layer_case((5, 4), 3, seed=1)
    out, cache = impl.affine_forward(case.x, case.w, case.b)
    forward = impl.calls[-1]
    gradients = impl.affine_backward(case.dout, cache)
    backward = impl.calls[-1]
    affine_gradients(impl, other)
    assert_equal(forward.reread()[0], out, what="out of an earlier call, after a later one")
    for name, earlier, now in zip(AFFINE_GRADIENTS, gradients, backward.reread(), strict=True):
        assert_equal(now, earlier, what=f"{name} of an earlier call, after a later one")


@spec("affine.flattening", after="affine.shape")
def test_affine_flattening(impl, networks):
    """A sample with several axes counts as a row of its entries, the last axis running fastest."""
    if not takes_axes(networks):
        raise NotApplicable("affine_forward takes each sample as a row, and raises for samples with several axes")
    for case in affine_cases(networks):
        flat, _ = impl.affine_forward(case.x.reshape(len(case.x), -1), case.w, case.b)
        out, _ = impl.affine_forward(case.x, case.w, case.b)
        assert_close(out, flat, bound=2 * analysis(impl, case).out[1], what=f"out ({case})")


@spec("affine.values", after=("affine.shape", "affine.flattening"))
def test_affine_values(impl, networks):
    """The output is x w + b, one row for each sample."""
    for case in affine_cases(networks):
        for scale in (1.0, 1.1):  # on the grid, where little is rounded, and off the grid
            x, w, b = scale * case.x, scale * case.w, scale * case.b
            out, error = analyse_affine(x, w, b, case.dout, impl.unit_roundoff).out
            assert_close(impl.affine_forward(x, w, b)[0], out, bound=error, what=f"out ({case})")


@spec("affine.gradient_shapes", after="affine.flattening")
def test_affine_gradient_shapes(impl, networks):
    """dx has the shape of x, with all its axes, dw that of w and db that of b."""
    for case in affine_cases(networks):
        for name, gradient, of in zip(
            AFFINE_GRADIENTS, affine_gradients(impl, case), (case.x, case.w, case.b), strict=True
        ):
            assert_shape(gradient, of.shape, what=f"{name} ({case})")


@spec("affine.repeatable", after="affine.gradient_shapes")
def test_affine_repeatable(impl, networks):
    """Calling affine_backward twice with the same cache gives the same gradients."""
    for case in affine_cases(networks):
        _, cache = impl.affine_forward(case.x, case.w, case.b)
        first, second = impl.affine_backward(case.dout, cache), impl.affine_backward(case.dout, cache)
        same_gradients(second, first, analysis(impl, case), f"from the same cache again ({case})")


@spec("affine.caches", after="affine.repeatable")
def test_affine_caches(impl, networks):
    """Each forward pass has its own cache: a later one does not change the gradients from an earlier cache."""
    case = layer_case((5, 4), 3)
    expected = affine_gradients(impl, case)
    for other in (layer_case((5, 4), 3, seed=1), layer_case((2, 3, 5) if takes_axes(networks) else (2, 5), 4)):
        _, cache = impl.affine_forward(case.x, case.w, case.b)
        _, later = impl.affine_forward(other.x, other.w, other.b)
        impl.affine_backward(other.dout, later)
        found = impl.affine_backward(case.dout, cache)
        same_gradients(found, expected, analysis(impl, case), "from a cache made before another forward pass")


def check_affine_differences(impl, networks, which):
    """Compare one gradient (0 dx, 1 dw, 2 db), every entry, with differences of sum(dout out): rounding.layers."""
    h = 1.0  # the output is affine in each input, so a large step is exact and leaves the least rounding
    own = UNIT_ROUNDOFF["float64"]
    for case in affine_cases(networks, DIFFERENCED):
        inputs = [case.x, case.w, case.b]
        slopes, bounds = np.zeros(inputs[which].shape), np.zeros(inputs[which].shape)
        for index in np.ndindex(*inputs[which].shape):
            outs = []
            for step in (h, -h):
                moved = [array.copy() for array in inputs]
                moved[which][index] += step
                outs.append(impl.affine_forward(*moved)[0])
                error = affine_output(*moved, impl.unit_roundoff)[1]
                bounds[index] += (np.abs(case.dout) * error).sum() / (2 * h)
            products = case.dout * (outs[0].astype(float) - outs[1])
            slopes[index] = products.sum() / (2 * h)
            bounds[index] += gamma(products.size + 2, own) * np.abs(products).sum() / (2 * h)
        gradient = affine_gradients(impl, case)[which]
        bounds += analysis(impl, case).gradients[which][1]
        assert_close(gradient, slopes, bound=bounds, what=f"{AFFINE_GRADIENTS[which]} ({case})")


@spec("affine.input_gradient", after=("affine.values", "affine.repeatable"))
def test_affine_input_gradient(impl, networks):
    """dx, which is dout w^T, is the slope of sum(dout out) along x, for the implementation's own out."""
    check_affine_differences(impl, networks, 0)


@spec("affine.weight_gradient", after=("affine.values", "affine.repeatable"))
def test_affine_weight_gradient(impl, networks):
    """dw, which is x^T dout, is the slope of sum(dout out) along w, for the implementation's own out."""
    check_affine_differences(impl, networks, 1)


@spec("affine.bias_gradient", after=("affine.values", "affine.repeatable"))
def test_affine_bias_gradient(impl, networks):
    """db, the sum of dout's rows, is the slope of sum(dout out) along b, for the implementation's own out."""
    check_affine_differences(impl, networks, 2)


@spec("affine.linearity", after=AFFINE_SLOPES)
def test_affine_linearity(impl, networks):
    """The gradients are linear in dout: for 2 dout - other, they are twice those for dout minus those for other."""
    for case in affine_cases(networks):
        other = layer_case(case.x.shape, case.w.shape[1], seed=1).dout
        _, cache = impl.affine_forward(case.x, case.w, case.b)
        one, two = impl.affine_backward(case.dout, cache), impl.affine_backward(other, cache)
        both = impl.affine_backward(2 * case.dout - other, cache)
        exact = [
            analyse_affine(case.x, case.w, case.b, dout, impl.unit_roundoff).gradients
            for dout in (case.dout, other, 2 * case.dout - other)
        ]
        for i, name in enumerate(AFFINE_GRADIENTS):
            # A wrong gradient may be linear and larger than the right one, so the bound counts its own size as well.
            own = gamma(1000, impl.unit_roundoff) * max(np.abs(gradients[i]).max() for gradients in (one, two, both))
            bound = 2 * exact[0][i][1] + exact[1][i][1] + exact[2][i][1] + own
            assert_close(both[i], 2 * one[i] - two[i], bound=bound, what=f"{name} of 2 dout - other ({case})")


@spec("affine.golden", after=("affine.values", *AFFINE_SLOPES))
def test_affine_golden(impl, networks):
    """affine_forward and affine_backward agree with 50-digit arithmetic."""
    for case in golden.values("layers")["affine"]:
        if case.x.ndim > 2 and not takes_axes(networks):
            continue
        exact = analyse_affine(case.x, case.w, case.b, case.dout, impl.unit_roundoff)
        out, cache = impl.affine_forward(case.x, case.w, case.b)
        assert_close(out, case.out, bound=exact.out[1], what=f"out (x of shape {case.x.shape})")
        found = impl.affine_backward(case.dout, cache)
        expected = (case.dx, case.dw, case.db)
        for name, gradient, e, (_, error) in zip(AFFINE_GRADIENTS, found, expected, exact.gradients, strict=True):
            assert_close(gradient, e, bound=error, what=f"{name} (x of shape {case.x.shape})")


# The ReLU layer


@spec("relu_layer.shape")
def test_relu_shape(impl, networks):
    """relu_forward and relu_backward keep the shape, for any number of axes."""
    for shape, seed in relu_cases(networks):
        x, dout = relu_case(shape, seed)
        out, cache = impl.relu_forward(x)
        assert_shape(out, shape, what=f"out of x of shape {shape}")
        assert_shape(impl.relu_backward(dout, cache), shape, what=f"dx of x of shape {shape}")


@spec("relu_layer.arguments_kept")
def test_relu_arguments_kept(impl):
    """relu_forward does not change x; relu_backward does not change dout and the arrays in the cache."""
    relu_gradient(impl, *relu_case((3, 4)))
    for call in list(impl.calls)[-2:]:
        assert_that(not call.modified, f"{call.name} writes into its argument {' and '.join(call.modified)}")


@spec("relu_layer.results_kept", after="relu_layer.shape")
def test_relu_results_kept(impl):
    """Results of relu_forward and relu_backward stay unchanged when these are called again."""
    x, dout = relu_case((3, 4))
    out, cache = impl.relu_forward(x)
    forward = impl.calls[-1]
    dx = impl.relu_backward(dout, cache)
    backward = impl.calls[-1]
    relu_gradient(impl, *relu_case((3, 4), seed=1))
    assert_equal(forward.reread()[0], out, what="out of an earlier call, after a later one")
    assert_equal(backward.reread(), dx, what="dx of an earlier call, after a later one")


@spec("relu_layer.values", after="relu_layer.shape")
def test_relu_values(impl, networks):
    """The output is max(x, 0), entry by entry."""
    for shape, seed in relu_cases(networks):
        x, _ = relu_case(shape, seed)
        assert_equal(impl.relu_forward(x)[0], np.where(x > 0, x, 0.0), what=f"out of x of shape {shape}")


@spec("relu_layer.repeatable", after="relu_layer.shape")
def test_relu_repeatable(impl, networks):
    """Calling relu_backward twice with the same cache gives the same gradient."""
    for shape, seed in relu_cases(networks):
        x, dout = relu_case(shape, seed)
        _, cache = impl.relu_forward(x)
        first = impl.relu_backward(dout, cache)
        assert_equal(impl.relu_backward(dout, cache), first, what="dx from the same cache again")


@spec("relu_layer.caches", after="relu_layer.repeatable")
def test_relu_caches(impl):
    """Each forward pass has its own cache: a later one does not change the gradient from an earlier cache."""
    x, dout = relu_case((3, 4))
    expected = relu_gradient(impl, x, dout)
    for other, other_dout in ((-x, dout), relu_case((2, 3, 4))):
        _, cache = impl.relu_forward(x)
        _, later = impl.relu_forward(other)
        impl.relu_backward(other_dout, later)
        found = impl.relu_backward(dout, cache)
        assert_equal(found, expected, what="dx from a cache made before another forward pass")


@spec("relu_layer.gradient", after=("relu_layer.values", "relu_layer.repeatable"))
def test_relu_gradient(impl, networks):
    """dx is the slope of sum(dout out) along every entry of x, for the implementation's own out."""
    h = 2.0**-3  # every entry of x is at least 2^-2 from the kink, and the output is linear on either side
    for shape, seed in relu_cases(networks):
        x, dout = relu_case(shape, seed)
        slopes = np.zeros(shape)
        for index in np.ndindex(*shape):
            step = np.zeros(shape)
            step[index] = h
            # Nothing is rounded: all numbers are multiples of 2^-10 below 2^4, and one term of the sum remains.
            products = dout * (impl.relu_forward(x + step)[0].astype(float) - impl.relu_forward(x - step)[0])
            slopes[index] = products.sum() / (2 * h)
        bound = gamma(4, impl.unit_roundoff) * np.abs(dout)
        assert_close(relu_gradient(impl, x, dout), slopes, bound=bound, what=f"dx, x of shape {shape}")


@spec("relu_layer.linearity", after="relu_layer.gradient")
def test_relu_linearity(impl, networks):
    """The gradient is linear in dout: for 2 dout - other, it is twice that for dout minus that for other."""
    for shape, seed in relu_cases(networks):
        (x, dout), (_, other) = relu_case(shape, seed), relu_case(shape, seed + 1)
        _, cache = impl.relu_forward(x)
        one, two = impl.relu_backward(dout, cache), impl.relu_backward(other, cache)
        both = impl.relu_backward(2 * dout - other, cache)
        # One or two roundings for each of the three numbers, if the code multiplies or divides by the mask.
        size = 2 * np.abs(one) + np.abs(two) + np.abs(both)
        bound = gamma(4, impl.unit_roundoff) * size
        assert_close(both, 2 * one - two, bound=bound, what=f"dx of 2 dout - other, x of shape {shape}")


@spec("relu_layer.golden", after=("relu_layer.values", "relu_layer.gradient"))
def test_relu_golden(impl):
    """relu_forward and relu_backward give the golden values."""
    for case in golden.values("layers")["relu"]:
        out, cache = impl.relu_forward(case.x)
        assert_equal(out, case.out, what=f"out (x of shape {case.x.shape})")
        bound = gamma(4, impl.unit_roundoff) * np.abs(case.dout)
        assert_close(impl.relu_backward(case.dout, cache), case.dx, bound=bound, what=f"dx (x of shape {case.x.shape})")


# The softmax and its loss


@spec("softmax_loss.shape")
def test_softmax_loss_shape(impl):
    """softmax_loss returns one number, and a gradient of the shape of the logits."""
    # With one class, much code cannot tell integer labels from one-hot vectors, and there is nothing to classify.
    for n, k in ((1, 2), (3, 2), (2, 5), (7, 10)):
        _, dx = impl.softmax_loss(np.linspace(-1, 1, n * k).reshape(n, k), np.arange(n) % k)
        assert_shape(dx, (n, k), what=f"dx of logits of shape {(n, k)}")


@spec("softmax_loss.arguments_kept")
def test_softmax_loss_arguments_kept(impl):
    """softmax_loss does not change logits and labels."""
    impl.softmax_loss(np.array([[1.0, 2.0, 0.5], [3.0, -1.0, 2.0]]), np.array([2, 0]))
    modified = impl.calls[-1].modified
    assert_that(not modified, f"softmax_loss writes into its argument {' and '.join(modified)}")


@spec("softmax_loss.results_kept", after="softmax_loss.shape")
def test_softmax_loss_results_kept(impl):
    """A gradient that softmax_loss returned stays unchanged when softmax_loss is called again."""
    z, y = np.array([[1.0, 2.0, 0.5], [3.0, -1.0, 2.0]]), np.array([2, 0])
    _, dx = impl.softmax_loss(z, y)
    call = impl.calls[-1]
    impl.softmax_loss(-z, y)
    assert_equal(call.reread()[1], dx, what="dx of an earlier call, after a later one")


@spec("softmax_loss.epsilon")
def test_softmax_loss_epsilon(impl):
    """An epsilon that guards the logarithm is no larger than 1e-7, so that it distorts no loss that matters."""
    loss, _ = impl.softmax_loss(np.array([[1000.0, -1000.0]]), np.array([1]))  # p is 0: epsilon is exp(-loss)
    epsilon = math.exp(-max(loss, 0.0))
    assert_that(
        not epsilon > LARGEST_LOG_EPSILON * (1 + 1e-5),  # the slack allows for a loss rounded to float32
        f"an epsilon of {epsilon:.3g} is added inside the logarithm, or p is clipped to it: "
        f"at most {LARGEST_LOG_EPSILON:g} is accepted",
        actual=loss,
    )


@spec("softmax_loss.saturated", after=("softmax_loss.shape", "softmax_loss.epsilon"))
def test_softmax_loss_saturated(impl):
    """With logits of 1e3 and 1e4 the gradient is still p - y; the loss is 0, large or infinite, but never nan."""
    for size in (1e3, 1e4):
        z = np.array([[size, 0.0, -size], [0.0, -size, size - 1], [-size, -2 * size, -3 * size]])
        for y in (np.array([0, 2, 0]), np.array([1, 1, 2])):
            loss, dx = impl.softmax_loss(z, y)
            (_, loss_error), (expected, error) = loss_analysis(impl, z, y)
            # The exact derivative of -log(p + epsilon) is 0 at p = 0, so with an accepted epsilon 0 is right as well.
            assert_close(dx, expected, bound=error, what=f"dx at {z.tolist()}, labels {y.tolist()}")
            if y[0] == 0:
                bound = loss_error + 2 * impl.log_epsilon
                assert_close(loss, 0.0, bound=bound, what=f"the loss of sure and right logits of {size:g}")
            else:
                # All three labels have p = 0; with the largest accepted epsilon the loss is -log 1e-7 = 16.1.
                assert_that(loss > 15, f"the loss of sure and wrong logits is {loss!r}, expected inf or a large number")


@spec("softmax_loss.uniform", after=("softmax_loss.shape", "softmax_loss.epsilon"))
def test_softmax_loss_uniform(impl):
    """The loss of equal logits is log K, whatever their size."""
    for n, k, level in ((1, 2, 0.0), (3, 4, -2.0), (2, 10, 5.0), (5, 3, 0.0)):
        z, y = np.full((n, k), level), np.arange(n) % k
        (_, error), _ = loss_analysis(impl, z, y)
        assert_close(impl.softmax_loss(z, y)[0], np.log(k), bound=error, what=f"the loss of {k} equal logits")


@spec("softmax_loss.label_types", after=("softmax_loss.shape", "softmax_loss.epsilon"))
def test_softmax_loss_label_types(impl):
    """Labels may be any kind of integer: uint8 as in image files, int32, int64."""
    z, y = np.array([[0.5, 2.0, -1.0], [1.0, 0.0, 0.25], [-2.0, 0.5, 0.75]]), np.array([2, 0, 1])
    z, y = np.tile(z, (30, 1)), np.tile(y, 30)  # 270 samples: more than a byte can count
    (loss, loss_error), (dx, error) = loss_analysis(impl, z, y)
    for dtype in (np.uint8, np.int32, np.int64):
        found, gradient = impl.softmax_loss(z, y.astype(dtype))
        assert_close(found, loss, bound=loss_error, what=f"the loss with {dtype.__name__} labels")
        assert_close(gradient, dx, bound=error, what=f"dx with {dtype.__name__} labels")


@spec("softmax_loss.missing_class", after=("softmax_loss.shape", "softmax_loss.epsilon"))
def test_softmax_loss_missing_class(impl):
    """A batch may lack the last class, or all classes but one, and is then a batch like any other."""
    z = grid(np.random.default_rng(0).normal(size=(4, 3)))
    for y in (np.array([0, 1, 1, 0]), np.zeros(4, dtype=int)):
        (loss, loss_error), (dx, error) = loss_analysis(impl, z, y)
        found, gradient = impl.softmax_loss(z, y)
        assert_close(found, loss, bound=loss_error, what=f"the loss with labels {y.tolist()}")
        assert_close(gradient, dx, bound=error, what=f"dx with labels {y.tolist()}")


@spec("softmax_loss.shift_invariance", after=("softmax_loss.shape", "softmax_loss.epsilon"))
@given(case=scores(), c=shifts())
def test_softmax_loss_shift_invariance(impl, case, c):
    """Adding the same constant to every logit does not change loss and gradient."""
    z, y = case
    # z + c is rounded before the implementation computes: to float64, then to the precision of its arithmetic.
    rounding = impl.unit_roundoff * np.abs(z + c)
    (_, loss_error), (_, error) = loss_analysis(impl, z, y)
    (_, moved_loss_error), (_, moved_error) = loss_analysis(impl, z + c, y, rounding)
    (loss, dx), (moved_loss, moved_dx) = impl.softmax_loss(z, y), impl.softmax_loss(z + c, y)
    assert_close(moved_loss, loss, bound=loss_error + moved_loss_error, what="the loss of x + c")
    assert_close(moved_dx, dx, bound=error + moved_error, what="dx of x + c")


@spec("softmax_loss.additivity", after=("softmax_loss.shape", "softmax_loss.epsilon"))
@given(case=divided(scores(rows=(2, 5))))
def test_softmax_loss_additivity(impl, case):
    """A batch's loss and gradient are the means of its parts' losses and gradients, weighted by their sizes."""
    (z, y), cut = case
    n = len(y)
    loss, dx = impl.softmax_loss(z, y)
    (_, loss_error), (_, error) = loss_analysis(impl, z, y)
    parts = [(len(part), part, impl.softmax_loss(z[part], y[part])) for part in (np.arange(cut), np.arange(cut, n))]
    part_errors = [(size, *loss_analysis(impl, z[part], y[part])) for size, part, _ in parts]
    mean = sum(size * part_loss for size, _, (part_loss, _) in parts) / n
    own = gamma(4, UNIT_ROUNDOFF["float64"]) * abs(mean)
    bound = loss_error + sum(size * part[1] for size, part, _ in part_errors) / n + own
    assert_close(loss, mean, bound=bound, what="the loss of the whole batch")
    together = np.vstack([size / n * part_dx for size, _, (_, part_dx) in parts])
    bound = error + np.vstack([size / n * part[1] for size, _, part in part_errors])
    bound = bound + gamma(4, UNIT_ROUNDOFF["float64"]) * np.abs(together)
    assert_close(dx, together, bound=bound, what="dx of the whole batch")


@spec("softmax_loss.class_sum", after=("softmax_loss.shape", "softmax_loss.epsilon"))
@given(case=scores())
def test_softmax_loss_class_sum(impl, case):
    """The gradient sums to zero over the classes of every sample."""
    z, y = case
    _, (exact, error) = loss_analysis(impl, z, y)
    _, dx = impl.softmax_loss(z, y)
    bound = error.sum(axis=1) + gamma(z.shape[1], UNIT_ROUNDOFF["float64"]) * np.abs(exact).sum(axis=1)
    assert_close(dx.sum(axis=1, dtype=np.float64), np.zeros(len(z)), bound=bound, what="the row sums of dx")


@spec(
    "softmax_loss.values",
    after=("softmax_loss.epsilon", "softmax_loss.saturated", "softmax_loss.uniform", "softmax_loss.additivity"),
)
@given(case=scores())
def test_softmax_loss_values(impl, case):
    """The loss is the mean over the batch of log-sum-exp of the logits minus the true label's."""
    z, y = case
    (loss, error), _ = loss_analysis(impl, z, y)
    assert_close(impl.softmax_loss(z, y)[0], loss, bound=error, what="the loss")


@spec("softmax_loss.gradient", after=("softmax_loss.values", "softmax_loss.class_sum"))
@given(case=scores(rows=(1, 3), size=4.0))
def test_softmax_loss_gradient(impl, case):
    """dx is the slope of the implementation's own loss along every logit: (p - y) / N with one-hot y."""
    z, y = case
    z = np.round(z / GRID) * GRID
    _, (_, error) = loss_analysis(impl, z, y)
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    (_, plain), _ = mean_cross_entropy(exactly(z), y, u)  # an epsilon shifts losses without adding noise
    rounding = 2 * plain  # twice, as the loss near the point may be a little larger than at it
    h = difference_step(rounding, 0.1)
    slopes, bounds = np.zeros(z.shape), np.zeros(z.shape)
    for index in np.ndindex(*z.shape):

        def along(t, at=index):
            moved = z.copy()
            moved[at] += t
            return impl.softmax_loss(moved, y)[0]

        # The third derivative of log-sum-exp along one logit is at most 1/(6 sqrt 3) < 0.1.
        found = central_difference(along, h, rounding=rounding, curvature=0.1)
        slopes[index], bounds[index] = found.value, found.bound
    epsilon = 2 * impl.log_epsilon / float(softmax(z).min())
    assert_close(impl.softmax_loss(z, y)[1], slopes, bound=bounds + error + epsilon, what="dx")


@spec("softmax_loss.golden", after=("softmax_loss.values", "softmax_loss.gradient"))
def test_softmax_loss_golden(impl):
    """softmax_loss agrees with 50-digit arithmetic, with logits up to 1e4."""
    tiny = float(np.finfo(impl.conventions["precision"].value).tiny)
    for case in golden.values("layers")["softmax_loss"]:
        rounded = impl.unit_roundoff * np.abs(case.x)
        (_, loss_error), (_, error) = loss_analysis(impl, case.x, case.y, rounded)
        loss, dx = impl.softmax_loss(case.x, case.y)
        what = f"logits up to {np.abs(case.x).max():g}, {case.x.shape[1]} classes"
        if case.probabilities[np.arange(len(case.y)), case.y].min() > max(tiny, 1e4 * impl.log_epsilon):
            assert_close(loss, case.loss, bound=loss_error, what=f"the loss ({what})")
        else:
            assert_finite(np.minimum(loss, 1e308), what=f"the loss ({what})")  # inf and a large number pass, not nan
        assert_close(dx, case.dx, bound=error, what=f"dx ({what})")


# All of them together


def through_the_layers(impl, case):
    """(loss, dx, weight_grads, bias_grads) of a network case, forwards and backwards through the three layers."""
    a, caches = case.x, []
    for l, (w, b) in enumerate(zip(case.weights, case.biases, strict=True)):
        a, affine_cache = impl.affine_forward(a, w, b)
        relu_cache = None
        if l < len(case.weights) - 1:
            a, relu_cache = impl.relu_forward(a)
        caches.append((affine_cache, relu_cache))
    loss, dout = impl.softmax_loss(a, case.y)
    weight_grads, bias_grads = [], []
    for affine_cache, relu_cache in reversed(caches):
        if relu_cache is not None:
            dout = impl.relu_backward(dout, relu_cache)
        dout, dw, db = impl.affine_backward(dout, affine_cache)
        weight_grads.insert(0, dw)
        bias_grads.insert(0, db)
    return loss, dout, weight_grads, bias_grads


COMPOSED = (
    *("affine.values", *AFFINE_SLOPES, "affine.caches"),
    *("relu_layer.values", "relu_layer.gradient", "relu_layer.caches", "softmax_loss.values", "softmax_loss.gradient"),
)


@spec("layers.composition", after=COMPOSED)
def test_layers_composition(impl, networks):
    """Together the layers are a network of any depth: they give its loss, and backward its gradients."""
    for case in networks(batches=(1, 7)):
        exact = analyse(case.reference, case.x, case.y, impl.unit_roundoff, impl.log_epsilon)
        loss, _, weight_grads, bias_grads = through_the_layers(impl, case)
        assert_close(loss, exact.loss[0], bound=exact.loss[1], what=f"the loss ({case})")
        assert_each(weight_grads, values(exact.weight_grads), errors(exact.weight_grads), what=f"dw ({case})")
        assert_each(bias_grads, values(exact.bias_grads), errors(exact.bias_grads), what=f"db ({case})")


# The same operations on other inputs, for repeated calls outside a test


def draw_scores(_impl, rng):
    """(z, y): logits between -4 and 4, and labels."""
    n, classes = rng.integers(1, 5), int(rng.integers(2, 6))
    return single(rng.uniform(-4, 4, size=(n, classes))), rng.integers(0, classes, size=n)


def compare_softmax_loss(impl, inputs):
    z, y = inputs
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    (loss, loss_error), (dx, error) = mean_cross_entropy(exactly(z), y, u, impl.log_epsilon)
    found, gradient = impl.softmax_loss(z, y)
    assert_close(found, loss, bound=loss_error, what="the loss of softmax_loss")
    assert_close(gradient, dx, bound=error, what="dx of softmax_loss")


def draw_layer(_impl, rng):
    """An affine layer for x with two axes."""
    n, inputs, outputs = map(int, rng.integers(1, 7, size=3))
    return layer_case((n, inputs), outputs, seed=int(rng.integers(1, 2**31)))


def compare_affine(impl, case):
    exact = analyse_affine(case.x, case.w, case.b, case.dout, impl.unit_roundoff)
    out, cache = impl.affine_forward(case.x, case.w, case.b)
    assert_close(out, exact.out[0], bound=exact.out[1], what="out of affine_forward")
    found = impl.affine_backward(case.dout, cache)
    for name, gradient, (value, error) in zip(("dx", "dw", "db"), found, exact.gradients, strict=True):
        assert_close(gradient, value, bound=error, what=f"{name} of affine_backward")


def compare_relu_layer(impl, case):
    x, dout = case.x, layer_case(case.x.shape, 1, seed=1).x
    out, cache = impl.relu_forward(x)
    assert_equal(out, np.maximum(x, 0), what="out of relu_forward")
    bound = gamma(4, impl.unit_roundoff) * np.abs(dout)
    assert_close(impl.relu_backward(dout, cache), dout * (x > 0), bound=bound, what="dx of relu_backward")


AFFINE_SPECS = ("affine.values", "affine.input_gradient", "affine.weight_gradient", "affine.bias_gradient")
RELU_LAYER = ("relu_layer.values", "relu_layer.gradient")
SOFTMAX_LOSS = ("softmax_loss.values", "softmax_loss.gradient")
ASKED_ANEW = (
    Anew("affine_forward", AFFINE_SPECS, draw_layer, compare_affine),
    Anew("relu_forward", RELU_LAYER, draw_layer, compare_relu_layer),
    Anew("softmax_loss", SOFTMAX_LOSS, draw_scores, compare_softmax_loss, as_passed),
)

LAYER = np.array([[1.0, 2.0], [5.0, 3.0]])  # used as inputs, weights and gradients of a layer
TRIALS = {  # {operation: two results that differ in every entry if the operation uses its arguments}
    "affine_forward": lambda impl: [impl.affine_forward(x, LAYER, LAYER[0])[0] for x in (LAYER, LAYER + 1)],
    "affine_backward": lambda impl: [
        joined(*impl.affine_backward(dout, impl.affine_forward(LAYER, LAYER, LAYER[0])[1]))
        for dout in (LAYER, LAYER + 1)
    ],
    "relu_forward": lambda impl: [impl.relu_forward(x)[0] for x in (LAYER, LAYER + 1)],
    "relu_backward": lambda impl: [
        impl.relu_backward(dout, impl.relu_forward(LAYER)[1]) for dout in (LAYER, LAYER + 1)
    ],
    "softmax_loss": lambda impl: [joined(*impl.softmax_loss(x, np.array([0, 1]))) for x in (LAYER, LAYER[::-1].copy())],
}
