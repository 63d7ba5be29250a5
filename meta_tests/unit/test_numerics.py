"""Comparison and its bounds: they hold for correct arithmetic, and leave no room for anything else."""

import mpmath
import numpy as np
import pytest

from chainrule.mathematics.cases import SIZES, network_case
from chainrule.mathematics.comparison import (
    Failure,
    assert_close,
    assert_each,
    assert_equal,
    assert_finite,
    assert_shape,
    assert_that,
)
from chainrule.mathematics.differences import central_difference, difference_step, kink_distance, step_curvature
from chainrule.mathematics.rounding import (
    LARGEST_EXPONENT,
    UNIT_ROUNDOFF,
    analyse,
    errors,
    gamma,
    no_errors,
    product,
    softmax_bound,
    step_errors,
    values,
)
from chainrule.reference import MLP

SINGLE, DOUBLE = UNIT_ROUNDOFF["float32"], UNIT_ROUNDOFF["float64"]
NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("actual", "expected", "bound"),
    [
        (1.0, 1.0, 0.0),
        ([1.0, 2.0], [1.5, 2.0], 0.5),
        ([1.0, 2.0], [1.5, 2.0], [0.5, 0.0]),
        ([INF, -INF], [INF, -INF], 0.0),
        (np.zeros((0, 3)), np.zeros((0, 3)), 0.0),
        ([-0.0], [0.0], 0.0),
        ([5.0], [0.0], INF),
        (np.float32(0.5), 0.5, 0.0),
    ],
)
def test_close(actual, expected, bound):
    assert_close(actual, expected, bound=bound)


@pytest.mark.parametrize(
    ("actual", "expected", "bound", "message"),
    [
        (1.0, 1.5, 0.25, r"the result is 1\.0, expected 1\.5 \(off by 0\.5, allowed 0\.25; 1 of 1 entry wrong\)"),
        ([1.0, 9.0, 4.0], [1.0, 2.0, 3.0], 0.5, r"at \[1\] is 9\.0, expected 2\.0 .* 2 of 3 entries wrong"),
        ([NAN, 9.0], [0.0, 0.0], 0.5, r"at \[0\] is nan, expected 0\.0 \(2 of 2"),
        ([NAN], [NAN], INF, "is nan"),  # a nan never passes
        ([INF], [-INF], 1.0, "is inf, expected -inf"),
        ([INF], [1.0], INF, "is inf, expected 1"),
        ([1.0], [INF], INF, "is 1.0, expected inf"),
        ([[1.0]], [1.0], 1.0, r"has shape \(1, 1\), expected \(1,\)"),
        ([1.0], 1.0, 1.0, r"has shape \(1,\), expected \(\)"),
        (np.zeros((0, 3)), np.zeros((3, 0)), 0.0, "has shape"),
        ([1.0], [1.0 + 2**-52], 0.0, "off by 2.22e-16"),
        ([2.0, 1.0], [1.0, 1.0], [0.5, 5.0], r"at \[0\]"),
        ([3.0, 9.0], [0.0, 0.0], [0.0, 8.0], r"at \[0\]"),  # furthest beyond its bound, not furthest off
    ],
)
def test_not_close(actual, expected, bound, message):
    with pytest.raises(Failure, match=message):
        assert_close(actual, expected, bound=bound)


@pytest.mark.parametrize(
    ("actual", "expected", "bound", "said"),
    [
        ([1 + 1e-9, 2.0], [1.0, 2.0], 1e-15, "; agrees to 9 of 15 digits"),
        ([1 + 1e-5, 2.0], [1.0, 2.0], 1e-7, "; agrees to 5 of 7 digits"),
        ([1.5, 2.0], [1.0, 2.0], 1e-15, ""),  # another number
        ([2e-9, 1.0], [1e-9, 1.0], 1e-15, ""),  # the same, though small beside the largest
        ([NAN, 1.0], [1.0, 1.0], 1e-15, ""),
        ([1.0, 1e-9], [1.0, 0.0], 1e-15, ""),
    ],
)
def test_what_is_merely_less_precise_is_told_by_its_digits(actual, expected, bound, said):
    with pytest.raises(Failure) as caught:
        assert_close(actual, expected, bound=bound)
    assert str(caught.value).partition(" wrong)")[2] == said


def test_a_failure_carries_its_numbers():
    with pytest.raises(Failure, match="softmax") as caught:
        assert_close([1.0, 3.0], [1.0, 2.0], bound=0.5, what="softmax(z)")
    failure = caught.value
    assert (failure.index, failure.actual[1], failure.expected[1], failure.bound[1]) == ((1,), 3.0, 2.0, 0.5)


def test_other_assertions():
    assert_equal([1], [1])
    assert_shape([[1, 2]], [1, 2])
    assert_finite([1.0])
    assert_that(True, "never")
    assert_each([1.0, [2.0]], [1.0, [2.5]], [0.0, 0.5], what="dloss/dW")
    with pytest.raises(Failure, match="exactly so") as caught:
        assert_that(np.False_, "exactly so", actual=3)
    assert caught.value.actual == 3
    with pytest.raises(Failure, match=r"is -inf at \[1, 0\]: \[\[ *1\."):
        assert_finite([[1.0], [-INF]])
    with pytest.raises(Failure, match=r"dloss/dW\[1\] at \[0\] is 2"):
        assert_each([1.0, [2.0]], [1.0, [2.5]], [0.0, 0.25], what="dloss/dW")
    with pytest.raises(Failure, match="expected a list of 2 arrays, one a layer, found 1"):
        assert_each([1.0], [1.0, 2.0], [0.0, 0.0], what="dloss/dW")


def test_gamma_bounds_the_growth_of_n_roundings():
    for n in (1, 10, 1000):
        assert (1 + SINGLE) ** n - 1 <= gamma(n, SINGLE) <= 1.001 * n * SINGLE
        assert 1 - (1 - SINGLE) ** n <= gamma(n, SINGLE)


@pytest.mark.parametrize(
    ("f", "derivative", "curvature"),
    [
        (lambda t: np.sin(0.3 + t), np.cos(0.3), 1.0),
        (lambda t: np.exp(t) / 8, 1 / 8, 0.2),
        (lambda t: 3 * t - 1, 3.0, 0.0),
        (lambda t: t**3, 0.0, 6.0),
        (lambda t: 2.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_central_difference_finds_the_derivative_within_its_bound(f, derivative, curvature, precision):
    rounding = 8 * UNIT_ROUNDOFF[np.dtype(precision).name]
    h = difference_step(rounding, curvature)
    found = central_difference(lambda t: float(precision(f(t))), h, rounding=rounding, curvature=curvature)
    assert found.reliable
    assert abs(found.value - derivative) <= found.bound
    assert found.bound <= 20 * max(curvature, 1e-3) ** (1 / 3) * rounding ** (2 / 3)


@pytest.mark.parametrize("kink", [-0.8, -0.3, 0.3, 0.8])
def test_a_kink_between_the_points_is_not_reliable(kink):
    h = 2.0**-12
    found = central_difference(lambda t: abs(t - kink * h), h, rounding=1e-15, curvature=1.0)
    assert not found.reliable


def test_what_is_no_function_of_its_argument_alone_is_not_reliable():
    answers = iter(np.random.default_rng(0).normal(size=4))
    assert not central_difference(lambda t: next(answers), 2.0**-12, rounding=1e-15, curvature=1.0).reliable


def test_the_step_is_a_power_of_two_in_balance_and_short_of_the_kink():
    for rounding, curvature in ((1e-15, 1.0), (1e-7, 0.25), (1e-15, 0.0)):
        h = difference_step(rounding, curvature)
        assert np.frexp(h)[0] == 0.5
        assert 1 / 3 < h / (3 * rounding / max(curvature, 1e-3)) ** (1 / 3) < 3
        for kink in (h / 16, 0.7 * h, h, 1.5 * h):
            nearer = difference_step(rounding, curvature, kink)
            assert kink / 2 <= nearer < kink or nearer == h < kink


def shifted(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def unshifted(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def exponential_of_log_softmax(z):
    m = z.max(axis=1, keepdims=True)
    return np.exp(z - (m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))))


def summed_backwards(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    total = np.zeros_like(e[:, :1])
    for k in reversed(range(z.shape[1])):
        total = total + e[:, [k]]
    return e * (1 / total)


def softmax_error(route, z):
    """|route(z) - softmax(z)|, the second in forty digits."""
    p = route(z)
    assert p.dtype == z.dtype
    with mpmath.workdps(40):
        rows = [[mpmath.exp(value) for value in row] for row in z.tolist()]
        exact = [[e / mpmath.fsum(row) for e in row] for row in rows]
        return np.array(
            [[float(abs(a - e)) for a, e in zip(*rows, strict=True)] for rows in zip(p.tolist(), exact, strict=True)]
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 4, 16, 60])
@pytest.mark.parametrize("classes", [2, 10])
def test_softmax_bound_holds_by_every_route_and_is_not_vacuous(dtype, size, classes):
    u = UNIT_ROUNDOFF[np.dtype(dtype).name]
    z = np.random.default_rng([size, classes]).uniform(-size, size, size=(20, classes)).astype(dtype)
    bound = softmax_bound(z, u)
    routes = (shifted, unshifted, exponential_of_log_softmax, summed_backwards)
    used = {route.__name__: float((softmax_error(route, z) / bound).max()) for route in routes}
    assert max(used.values()) <= 1, used
    assert max(used.values()) >= 1 / 40, used


def test_softmax_bound_of_logits_that_are_off():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 4)) * 8
    for size in (1e-6, 1e-3, 0.1):
        off = size * rng.choice([-1.0, 1.0], size=z.shape)
        used = np.abs(shifted(z + off) - shifted(z)) / softmax_bound(z, DOUBLE, z_error=size)
        assert 0.2 <= used.max() <= 1


def test_softmax_bound_knows_nothing_rather_than_overflow():
    bound = softmax_bound(np.array([[0.0, 1.0]]), SINGLE, z_error=1e6)
    assert np.isfinite(bound).all()
    assert (bound >= np.exp(LARGEST_EXPONENT) / 4).all()


def test_softmax_bound_lets_what_underflows_be_zero():
    assert softmax_bound(np.array([[0.0, -100.0]]), SINGLE)[0, 1] >= np.exp(-100.0)
    assert softmax_bound(np.array([[0.0, -800.0]]), DOUBLE)[0, 1] >= 2.0**-1022
    assert softmax_bound(np.array([[0.0, -80.0]]), SINGLE)[0, 1] < np.exp(-80.0)


def test_product_bounds_its_error():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 30)), rng.normal(size=(30, 5))
    da, db = 1e-4 * rng.uniform(size=a.shape), 1e-4 * rng.uniform(size=b.shape)
    exact, bound = product((a, da), (b, db), SINGLE)
    off = (a + da * rng.choice([-1, 1], a.shape)) @ (b + db * rng.choice([-1, 1], b.shape))
    assert (np.abs(off - exact) <= bound).all()
    assert (np.abs((a + da * np.sign(b[:, 0])) @ (b[:, 0] + db[:, 0] * np.sign(a[0])) - exact[:, 0]) <= bound[:, 0])[0]
    assert (bound < 2 * (da @ np.abs(b) + np.abs(a) @ db)).all()


def in_single(case):
    network = MLP(case.sizes, dtype=np.float32)
    network.weights = [w.astype(np.float32) for w in case.weights]
    network.biases = [b.astype(np.float32) for b in case.biases]
    return network


def share(actual, pairs):
    """How much of its bound the worst entry uses."""
    used = []
    for a, (e, d) in zip(actual, pairs, strict=True):
        assert (a == e)[d == 0].all()  # behind a dead unit
        used += [0.0, *(np.abs(a - e)[d > 0] / d[d > 0])]
    return float(max(used))


@pytest.mark.parametrize("depth", SIZES)
@pytest.mark.parametrize("n", [1, 7])
def test_analyse_holds_for_single_precision_and_is_not_vacuous(depth, n):
    used = {"probabilities": [], "loss": [], "weights": [], "biases": []}
    for seed in range(8):
        case = network_case(SIZES[depth], n, seed)
        exact, network = analyse(case.reference, case.x, case.y, SINGLE), in_single(case)
        assert exact.clear
        weight_grads, bias_grads = network.backward(case.x, case.y)
        used["probabilities"].append(share([network.forward(case.x)], [exact.probabilities]))
        used["loss"].append(abs(network.loss(case.x, case.y) - exact.loss[0]) / exact.loss[1])
        used["weights"].append(share(weight_grads, exact.weight_grads))
        used["biases"].append(share(bias_grads, exact.bias_grads))
    assert max(map(max, used.values())) <= 1, used
    assert min(map(max, used.values())) >= 1 / 5000, used  # worst case against eight samples: rounding.network


def test_analyse_in_double_precision_leaves_no_room_for_a_mistake():
    for depth in SIZES:
        case = network_case(SIZES[depth], 7)
        exact = analyse(case.reference, case.x, case.y, DOUBLE)
        largest = max(np.abs(g).max() for g in values(exact.weight_grads))
        assert max(d.max() for d in errors(exact.weight_grads)) < 1e-9 * largest
        assert exact.loss[1] < 1e-10


def test_analyse_agrees_with_the_reference():
    case = network_case(SIZES[2], 7)
    exact = analyse(case.reference, case.x, case.y, DOUBLE)
    assert exact.loss[0] == pytest.approx(case.reference.loss(case.x, case.y), rel=1e-12)
    for ours, reference in zip(values(exact.weight_grads), case.reference.backward(case.x, case.y)[0], strict=True):
        assert ours == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize("epsilon", [1e-12, 1e-7])
def test_analyse_allows_for_an_epsilon_in_the_logarithm(epsilon):
    case = network_case(SIZES[1], 7)
    exact = analyse(case.reference, case.x, case.y, DOUBLE, epsilon)
    p = case.reference.forward(case.x)[np.arange(7), case.y]
    moved = abs(-np.log(p + epsilon).mean() - exact.loss[0])
    assert moved <= exact.loss[1] <= 4 * moved + 1e-12
    assert exact.loss[1] > analyse(case.reference, case.x, case.y, DOUBLE).loss[1]


def test_analyse_sees_a_pre_activation_too_close_to_the_kink():
    case = network_case(SIZES[1], 1)
    network = case.network()
    network.biases[0][0] -= (case.x @ network.weights[0] + network.biases[0])[0, 0] - 1e-9
    assert analyse(network, case.x, case.y, DOUBLE).clear
    assert not analyse(network, case.x, case.y, SINGLE).clear


def test_nothing_is_known_of_a_loss_whose_probability_is_zero():
    network = MLP([1, 2])
    network.weights = [np.array([[0.0, 800.0]])]
    assert analyse(network, np.ones((1, 1)), np.array([0]), DOUBLE).loss == (800.0, np.inf)


def test_step_errors_hold_over_several_steps():
    lr = 0.125
    for depth in (0, 2):
        case = network_case(SIZES[depth], 7)
        exact, single, off = case.network(), in_single(case), no_errors(case.reference)
        for _ in range(3):
            analysed = analyse(exact, case.x, case.y, SINGLE, parameter_errors=off)
            off = step_errors(exact, analysed, lr, SINGLE, off)
            exact.step((values(analysed.weight_grads), values(analysed.bias_grads)), lr)
            single.step(single.backward(case.x, case.y), lr)
            used = share(
                single.weights + single.biases, list(zip(exact.weights + exact.biases, off[0] + off[1], strict=True))
            )
            assert 1e-4 < used <= 1


def parameters(network, l):
    """(array, index) of every weight and bias of layer l."""
    return [(array, index) for array in (network.weights[l], network.biases[l]) for index in np.ndindex(*array.shape)]


class Moved:
    """The network with one parameter moved by t."""

    def __init__(self, array, index, t):
        self.array, self.index, self.t = array, index, t

    def __enter__(self):
        self.kept = self.array[self.index]
        self.array[self.index] += self.t

    def __exit__(self, *_):
        self.array[self.index] = self.kept


def mask(network, x):
    return np.concatenate([a > 0 for a in network.propagate(x)[0][1:]], axis=1)


@pytest.mark.parametrize("depth", SIZES)
@pytest.mark.parametrize("n", [1, 7])
def test_step_curvature_bounds_the_third_derivative(depth, n):
    h, rounding = 2.0**-10, 1e-15
    case = network_case(SIZES[depth], n)
    network, bounds = case.network(), step_curvature(case.reference, case.x)
    for l, bound in enumerate(bounds):
        worst = 0.0
        for array, index in parameters(network, l):
            f, masks = {}, []
            for k in (-2, -1, 1, 2):
                with Moved(array, index, k * h):
                    f[k] = network.loss(case.x, case.y)
                    masks.append(mask(network, case.x) if l < depth else 0)
            if all(np.array_equal(masks[0], other) for other in masks):
                worst = max(worst, abs(f[2] - 2 * f[1] + 2 * f[-1] - f[-2]) / (2 * h**3))
        assert bound / 50 <= worst <= 1.01 * bound + 3 * rounding / h**3


@pytest.mark.parametrize("depth", [depth for depth in SIZES if depth > 0])
def test_kink_distance_is_the_nearest_kink(depth):
    case = network_case(SIZES[depth], 2)
    network, before = case.network(), mask(case.reference, case.x)
    distances = kink_distance(network, case.x)
    for l, distance in enumerate(distances[:-1]):
        changes = {}
        for factor in (-1.001, -0.999, 0.999, 1.001):
            changed = False
            for array, index in parameters(network, l):
                with Moved(array, index, factor * distance):
                    changed |= not np.array_equal(mask(network, case.x), before)
            changes[factor] = changed
        assert not changes[-0.999]
        assert not changes[0.999]
        assert changes[1.001] or changes[-1.001]
    assert distances[-1] == np.inf  # logits have no kink
