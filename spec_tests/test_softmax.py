"""Chapter softmax: from logits to probabilities."""

import numpy as np

from chainrule.boundary.boundary import narrowed
from chainrule.mathematics.cases import GRID
from chainrule.mathematics.comparison import assert_close, assert_shape, assert_that
from chainrule.mathematics.differences import central_difference, difference_step
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, gamma, smallest_normal, softmax_bound
from chainrule.reference import log_sum_exp, softmax
from chainrule.specification.given import example, given
from chainrule.specification.spec import spec
from chainrule.specification.strategies import integers, logits, one_class, sampled_from, shifts, wide_logits
from chainrule.support.arrays import STORED


@spec("softmax.shape")
def test_shape(impl):
    """softmax turns (N, K) logits into (N, K) probabilities, also for a single row or a single class."""
    impl.itself("softmax")
    for shape in [(1, 2), (2, 1), (1, 1), (3, 2), (2, 5), (7, 10)]:
        z = np.linspace(-1, 1, shape[0] * shape[1]).reshape(shape)
        assert_shape(impl.softmax(z), shape, what=f"softmax of shape {shape}")


@spec("softmax.input_kept")
def test_input_kept(impl):
    """softmax does not change the logits."""
    impl.itself("softmax")
    impl.softmax(np.array([[1.0, 2.0], [3.0, -1.0]]))
    assert_that(not impl.calls[-1].modified, "softmax writes into its argument z")


@spec("softmax.range")
@given(z=logits(size=64.0))
def test_range(impl, z):
    """Every probability lies between 0 and 1."""
    p = impl.softmax(z)
    slack = gamma(z.shape[1] + 2, impl.unit_roundoff)  # a quotient of rounded numbers may be just above one
    inside = (p >= 0) & (p <= 1 + slack)
    assert_that(inside.all(), f"softmax has an entry {p[~inside][:1]} outside [0, 1]", actual=p)


@spec("softmax.normalized")
@given(z=logits())
def test_normalized(impl, z):
    """The probabilities of each row sum to one."""
    bound = gamma(2 * z.shape[1] + 4, impl.unit_roundoff) + softmax_bound(z, impl.unit_roundoff).sum(axis=1)
    assert_close(impl.softmax(z).sum(axis=1), np.ones(len(z)), bound=bound, what="the sum of a row of softmax")


@spec("softmax.overflow")
def test_overflow(impl):
    """Large logits, 1e3 and 1e4 of either sign, give probabilities and not nan."""
    for size in (1e3, 1e4):
        for z in (
            [[size, 0.0]],
            [[-size, 0.0]],
            [[size, size, -size]],
            [[-size, -size, -size]],
            [[size, size - 1, 0.0]],
        ):
            z = np.array(z)
            assert_close(
                impl.softmax(z), softmax(z), bound=softmax_bound(z, impl.unit_roundoff), what=f"softmax({z.tolist()})"
            )


@spec("softmax.rows_independent", after="softmax.overflow")
@given(z=logits(rows=(2, 4)), gap=sampled_from([0.0, 30.0, 1000.0]))
def test_rows_independent(impl, z, gap):
    """A row's probabilities depend on that row alone, even if another row's logits are larger by 1000."""
    z = z.copy()
    z[1:] -= gap
    together = impl.softmax(z)
    alone = np.vstack([impl.softmax(row[None]) for row in z])
    assert_close(together, alone, bound=2 * softmax_bound(z, impl.unit_roundoff), what="softmax of rows together")


@spec("softmax.shift_invariance")
@given(z=logits(), c=shifts())
def test_shift_invariance(impl, z, c):
    """Adding the same constant to every logit of a row does not change its probabilities."""
    # z + c is rounded before the implementation computes: to float64, then to the precision of its arithmetic.
    rounding = impl.unit_roundoff * np.abs(z + c)
    bound = softmax_bound(z, impl.unit_roundoff) + softmax_bound(z + c, impl.unit_roundoff, z_error=rounding)
    assert_close(impl.softmax(z + c), impl.softmax(z), bound=bound, what="softmax(z + c)")


@spec("softmax.permutation")
@given(z=logits(classes=(3, 5)), seed=integers(0, 99))
def test_permutation(impl, z, seed):
    """Reordering the classes reorders the probabilities in the same way."""
    order = np.random.default_rng(seed).permutation(z.shape[1])
    permuted = np.ascontiguousarray(z[:, order])
    bound = 2 * softmax_bound(permuted, impl.unit_roundoff)
    assert_close(impl.softmax(permuted), impl.softmax(z)[:, order], bound=bound, what="softmax of permuted logits")


@spec("softmax.monotonicity")
@given(case=one_class(logits(size=8.0)))
def test_monotonicity(impl, case):
    """Raising one logit by 1 raises its own probability and lowers every other one of the row."""
    z, k = case
    raised = z.copy()
    raised[:, k] += 1.0
    change = impl.softmax(raised) - impl.softmax(z)
    # The exact change is at least 0.63 p (1 - p): far above the rounding of two softmaxes unless p is next to 0 or 1.
    noise = softmax_bound(raised, impl.unit_roundoff) + softmax_bound(z, impl.unit_roundoff)
    sign = np.where(np.arange(z.shape[1]) == k, 1.0, -1.0)
    assert_that(
        np.all(sign * change > -noise), f"raising logit {k} moves the probabilities by {change.tolist()}", actual=change
    )
    clear = np.abs(softmax(raised) - softmax(z)) > noise
    assert_that(
        np.all((sign * change > 0)[clear]),
        f"raising logit {k} moves the probabilities by {change.tolist()}",
        actual=change,
    )


@spec("softmax.sigmoid")
@given(z=logits(classes=(2, 2)))
def test_sigmoid(impl, z):
    """With two classes, softmax is the logistic sigmoid of the difference of the logits."""
    d = z[:, 0] - z[:, 1]
    sigmoid = np.where(d >= 0, 1.0, np.exp(-np.abs(d))) / (1.0 + np.exp(-np.abs(d)))
    bound = softmax_bound(z, impl.unit_roundoff + UNIT_ROUNDOFF["float64"])[:, 0]
    assert_close(impl.softmax(z)[:, 0], sigmoid, bound=bound, what="softmax(z)[:, 0]")


@spec("softmax.log_softmax")
@example(z=np.array([[16.0, -16.0], [-16.0, 16.0]]))  # for an unlikely class, all digits of 1 - p cancel
@given(z=logits())
def test_log_softmax(impl, z):
    """log softmax(z) is z - log sum exp z."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    expected = z - log_sum_exp(z)[:, None]
    bound = softmax_bound(z, u) / softmax(z) + ELEMENTARY * u * np.maximum(np.abs(expected), 1.0)
    p = impl.softmax(z)
    normal = softmax(z) > 2 * smallest_normal(u)  # smaller probabilities underflow
    assert_that(
        (p > 0)[normal].all(),
        "softmax gives 0 where the exact probability is representable",
        actual=p,
        expected=np.exp(expected),
    )
    assert_close(np.log(p[normal]), expected[normal], bound=bound[normal], what="log(softmax(z))")


@spec("softmax.jacobian")
@given(case=one_class(logits(rows=(1, 2), classes=(2, 4), size=4.0)))
def test_jacobian(impl, case):
    """The derivative of softmax, from central differences, is diag(p) - p p^T."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    z, k = np.round(case[0] / GRID) * GRID, case[1]
    direction = np.zeros_like(z)
    direction[:, k] = 1.0
    p = softmax(z)
    expected = p * ((np.arange(z.shape[1]) == k) - p[:, [k]])
    # Every third derivative of a probability along one logit is below 1/4 in size (rounding.differences).
    rounding = 2 * float(softmax_bound(z, u).max())
    h = difference_step(rounding, 0.25)
    cache = {t: impl.softmax(z + t * direction) for t in (h, -h, h / 2, -h / 2)}
    for index in np.ndindex(*z.shape):
        found = central_difference(lambda t, at=index: float(cache[t][at]), h, rounding=rounding, curvature=0.25)
        assert_close(found.value, expected[index], bound=found.bound, what=f"dp{list(index)}/dz[., {k}]")


@spec("softmax.underflow")
def test_underflow(impl):
    """A class whose logit is 50 below the largest has its tiny probability to full relative accuracy."""
    for z in ([[0.0, -50.0, -20.0], [3.0, 3.0, -47.0]], [[0.0, -50.0]], [[-50.0, 0.0]]):
        bound = softmax_bound(z, impl.unit_roundoff + UNIT_ROUNDOFF["float64"])
        assert_close(impl.softmax(np.array(z)), softmax(np.array(z)), bound=bound, what=f"softmax({z})")


@spec("softmax.values", after=("softmax.shape", "softmax.normalized", "softmax.overflow"))
@given(small=logits(size=20.0), large=wide_logits(size=20.0))
def test_values(impl, small, large):
    """Each probability is exp(logit) over the sum of exp of the row's logits, for any number of classes."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]

    def check(z, what="softmax(z)"):
        assert_close(impl.softmax(z), softmax(z), bound=softmax_bound(z, u) + smallest_normal(u), what=what)

    for z in (small, large):
        if z.shape[1] > 5 and not impl.reaches(z.shape[1]):
            continue  # the network that replaces softmax has fewer classes
        with narrowed(impl, lambda index, z=z: check(z[index[0] : index[0] + 1])):
            check(z)
    for how, stored in STORED.items():
        if impl.reaches(large.shape[1]):
            check(stored(large), f"softmax of an array {how}")
