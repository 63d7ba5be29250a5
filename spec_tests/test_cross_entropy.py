"""Chapter cross_entropy: the loss."""

import numpy as np

from chainrule.contract.conventions import LARGEST_LOG_EPSILON
from chainrule.mathematics.cases import GRID
from chainrule.mathematics.comparison import assert_close, assert_finite, assert_that
from chainrule.mathematics.differences import central_difference, difference_step
from chainrule.mathematics.rounding import ELEMENTARY, UNIT_ROUNDOFF, gamma, softmax_bound
from chainrule.reference import cross_entropy, softmax
from chainrule.specification.analysis import cross_entropy_bound as loss_bound
from chainrule.specification.given import given
from chainrule.specification.spec import spec
from chainrule.specification.strategies import divided, integers, large_predictions, lists, predictions, scores
from chainrule.support.arrays import STORED


@spec("cross_entropy.input_kept")
def test_input_kept(impl):
    """cross_entropy leaves probabilities and labels as they were."""
    impl.itself("cross_entropy")
    impl.cross_entropy(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 0]))
    modified = impl.calls[-1].modified
    assert_that(not modified, f"cross_entropy writes into its argument {' and '.join(modified)}")


@spec("cross_entropy.epsilon")
def test_epsilon(impl):
    """An epsilon that guards the logarithm is no larger than 1e-7, so that it distorts no loss that matters."""
    impl.cross_entropy(np.array([[0.0, 1.0]]), np.array([0]))  # at p = 0, exp(-loss) is the epsilon
    epsilon = float(impl.conventions["log_epsilon"].value)
    assert_that(
        epsilon <= LARGEST_LOG_EPSILON * (1 + 1e-5),  # the slack allows for a loss rounded to float32
        f"an epsilon of {epsilon:.3g} is added inside the logarithm, or p is clipped to it: "
        f"at most {LARGEST_LOG_EPSILON:g} is accepted",
    )


@spec("cross_entropy.nonnegative", after="cross_entropy.epsilon")
@given(case=predictions())
def test_nonnegative(impl, case):
    """A loss in nats is never negative, and positive unless every true label is certain."""
    p, y = case
    loss = impl.cross_entropy(p, y)
    assert_that(loss > 0, f"cross_entropy is {loss!r} where no true label is certain", actual=loss)


@spec("cross_entropy.certainty", after="cross_entropy.epsilon")
def test_certainty(impl):
    """The loss of a sure and right prediction is zero."""
    p, y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([0, 2])
    bound = 2 * impl.log_epsilon + impl.probability_error(p)[np.arange(2), y].mean()
    assert_close(impl.cross_entropy(p, y), 0.0, bound=bound, what="the loss of a sure and right prediction")


@spec("cross_entropy.uniform", after="cross_entropy.epsilon")
def test_uniform(impl):
    """The loss of the uniform distribution over K classes is log K."""
    for n, k in [(n, k) for n, k in [(1, 2), (3, 4), (2, 10), (5, 3)] if impl.reaches(k)] or [(1, 2)]:
        p, y = np.full((n, k), 1 / k), np.arange(n) % k
        assert_close(
            impl.cross_entropy(p, y),
            np.log(k),
            bound=loss_bound(impl, p, y),
            what=f"the loss of the uniform p, K = {k}",
        )


@spec("cross_entropy.zero_probability", after="cross_entropy.epsilon")
def test_zero_probability(impl):
    """If the true label has probability 0, the loss is infinite or large, never nan; other zeros do no harm."""
    p, y = np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([0, 1])
    loss = impl.cross_entropy(p, y)
    # Over two rows the largest epsilon that is accepted gives (log 2 - log 1e-7) / 2 = 8.4.
    assert_that(loss > 8, f"cross_entropy is {loss!r} where a true label has p = 0, expected inf or a large number")
    harmless = impl.cross_entropy(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1, 0]))
    assert_finite(harmless, what="the loss of a right prediction beside p = 0")


@spec("cross_entropy.near_one", after="cross_entropy.epsilon")
def test_near_one(impl):
    """Near p = 1 the loss is accurate to rounding: -log(1 - d) is about d, not 0 and not noise."""
    impl.itself("cross_entropy")  # through a network p is rounded, which spoils 1 - p
    u = impl.unit_roundoff
    for d in (u * 2, u * 64, max(2.0**-12, u * 4)):
        p, y = np.array([[1 - d, d]]), np.array([0])
        expected = -np.log1p(-d)
        bound = ELEMENTARY * u * expected + 2 * impl.log_epsilon
        assert_close(impl.cross_entropy(p, y), expected, bound=bound, what=f"the loss at p = 1 - {d:.3g}")


@spec("cross_entropy.additivity", after="cross_entropy.epsilon")
@given(case=divided(predictions(rows=(2, 5))), seed=integers(0, 99))
def test_additivity(impl, case, seed):
    """A batch's loss is the mean of its parts' losses, weighted by their sizes, for any order of samples."""
    (p, y), cut = case
    order = np.random.default_rng(seed).permutation(len(y))
    parts = sum(len(part) * impl.cross_entropy(p[part], y[part]) for part in (order[:cut], order[cut:])) / len(y)
    bound = 2 * loss_bound(impl, p, y)
    assert_close(impl.cross_entropy(p, y), parts, bound=bound, what="the loss of the whole batch")


@spec("cross_entropy.likelier_label", after="cross_entropy.epsilon")
@given(case=predictions(rows=(1, 1)))
def test_likelier_label(impl, case):
    """The larger the probability of the true label, the lower the loss."""
    p, _ = case
    bound = max(loss_bound(impl, p, np.array([k])) for k in range(p.shape[1]))
    losses = [impl.cross_entropy(p, np.array([k])) for k in range(p.shape[1])]
    for i in range(p.shape[1]):
        for j in range(p.shape[1]):
            if np.log(p[0, i]) - np.log(p[0, j]) > 2 * bound:
                assert_that(
                    losses[i] < losses[j],
                    f"label {i} with p = {p[0, i]:.4g} has loss {losses[i]:.4g}, "
                    f"label {j} with p = {p[0, j]:.4g} only {losses[j]:.4g}",
                )


@spec("cross_entropy.kullback_leibler", after="cross_entropy.epsilon")
@given(case=predictions(rows=(1, 1)), counts=lists(integers(1, 4), 5))
def test_kullback_leibler(impl, case, counts):
    """For labels with frequencies q, the loss is the entropy of q plus its divergence from p."""
    p, _ = case
    counts = np.array(counts[: p.shape[1]])
    q = counts / counts.sum()
    y = np.repeat(np.arange(p.shape[1]), counts)
    rows = np.repeat(p, len(y), axis=0)
    entropy, divergence = -(q * np.log(q)).sum(), (q * np.log(q / p[0])).sum()
    bound = (
        loss_bound(impl, rows, y) + gamma(8 * len(q), UNIT_ROUNDOFF["float64"]) * (q * np.abs(np.log(q * p[0]))).sum()
    )
    assert_close(impl.cross_entropy(rows, y), entropy + divergence, bound=bound, what="the loss")


@spec("cross_entropy.label_types", after="cross_entropy.epsilon")
def test_label_types(impl):
    """Labels may be any kind of integer: uint8 as in image files, int32, int64."""
    p = np.array([[0.5, 0.25, 0.25], [0.125, 0.375, 0.5], [0.25, 0.625, 0.125]])
    for dtype in (np.uint8, np.int32, np.int64):
        y = np.array([2, 0, 1], dtype=dtype)
        assert_close(
            impl.cross_entropy(p, y),
            cross_entropy(p, y),
            bound=loss_bound(impl, p, y.astype(int)),
            what=f"the loss with {dtype.__name__} labels",
        )


@spec("cross_entropy.gradient", after=("softmax.jacobian", "cross_entropy.additivity"))
@given(case=scores(rows=(1, 3), size=4.0))
def test_gradient(impl, case):
    """The derivative of the loss by the logits, from central differences, is (p - y) / N with one-hot y."""
    u = impl.unit_roundoff + UNIT_ROUNDOFF["float64"]
    z, y = np.round(case[0] / GRID) * GRID, case[1]
    p = softmax(z)
    expected = (p - np.eye(z.shape[1])[y]) / len(z)
    relative = float((softmax_bound(z, u) / p).max())
    relative += float(impl.probability_error(p).max())
    rounding = relative + gamma(len(z) + ELEMENTARY, u) * float(-np.log(p).min() + 16) + u
    epsilon = 2 * impl.log_epsilon / float(p.min())
    h = difference_step(rounding, 0.1)
    for index in np.ndindex(*z.shape):

        def along(t, at=index):
            moved = z.copy()
            moved[at] += t
            return impl.cross_entropy(impl.softmax(moved), y)

        # The third derivative of log-sum-exp along one logit is at most 1/(6 sqrt 3) < 0.1.
        found = central_difference(along, h, rounding=rounding, curvature=0.1)
        assert_close(found.value, expected[index], bound=found.bound + epsilon, what=f"dloss/dz{list(index)}")


@spec("cross_entropy.values", after=("cross_entropy.epsilon", "cross_entropy.uniform", "cross_entropy.additivity"))
@given(small=predictions(), large=large_predictions())
def test_values(impl, small, large):
    """The loss is the mean over the batch of -log of the true label's probability, for a batch of any size."""
    for p, y in (small, large):  # a failure then shows the small one
        if p.shape[1] > 5 and not impl.reaches(p.shape[1]):
            continue  # the network that replaces cross_entropy has fewer classes
        loss, bound = cross_entropy(p, y), loss_bound(impl, p, y)
        assert_close(impl.cross_entropy(p, y), loss, bound=bound, what="the loss")
        for how, stored in STORED.items() if len(p) > 5 else ():
            assert_close(impl.cross_entropy(stored(p), y), loss, bound=bound, what=f"the loss of an array {how}")
