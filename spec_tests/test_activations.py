"""Chapter activations: the rectified linear unit."""

import numpy as np

from chainrule.boundary.boundary import narrowed
from chainrule.boundary.errors import unless_refused
from chainrule.mathematics.comparison import assert_equal, assert_shape, assert_that
from chainrule.mathematics.rounding import smallest_normal
from chainrule.specification.given import given
from chainrule.specification.spec import spec
from chainrule.specification.strategies import arrays, finite, tensors
from chainrule.support.arrays import STORED


@spec("relu.shape")
def test_shape(impl):
    """relu keeps the shape of its argument, whatever the number of dimensions."""
    for shape in [(1,), (4,), (2, 3), (1, 5), (5, 1), (2, 3, 4), (2, 1, 3, 2)]:
        assert_shape(
            impl.relu(np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)), shape, what=f"relu of shape {shape}"
        )


@spec("relu.dtype")
def test_dtype(impl):
    """relu returns floating-point numbers at least as precise as its argument: it loses no digits."""
    for dtype in (np.float32, np.float64):
        z = np.array([[-1.5, 1 / 3, 2.0]], dtype=dtype)
        result = impl.relu(z)
        assert_that(result.dtype.kind == "f", f"relu of {z.dtype} returns {result.dtype}, which is not floating point")
        narrowest = min(z.dtype.itemsize, np.dtype(impl.conventions["precision"].value).itemsize)
        assert_that(result.dtype.itemsize >= narrowest, f"relu of {z.dtype} returns {result.dtype}: digits are lost")
    assert_equal(impl.relu(np.array([[-3, 0, 4]])), [[0, 0, 4]], what="relu of integers")


@spec("relu.input_kept")
def test_input_kept(impl):
    """relu leaves its argument as it was."""
    impl.relu(np.array([[-1.0, 2.0]]))
    assert_that(not impl.calls[-1].modified, "relu writes into its argument z")


@spec("relu.empty")
def test_empty(impl):
    """relu of an empty batch is an empty batch of the same shape."""
    for shape in [(0,), (0, 5), (3, 0)]:
        with unless_refused("an empty array"):
            found = impl.relu(np.zeros(shape))
        assert_shape(found, shape, what=f"relu of an empty array of shape {shape}")


@spec("relu.extreme")
def test_extreme(impl):
    """relu is exact at both ends of the floating-point range and next to zero."""
    precision = np.finfo(impl.conventions["precision"].value)
    ends = np.array([float(precision.max / 2), float(precision.tiny), 1.0])
    assert_equal(impl.relu(ends[None]), ends[None], what="relu of positive extremes")
    assert_equal(impl.relu(-ends[None]), np.zeros((1, 3)), what="relu of negative extremes")


@spec("relu.homogeneity")
@given(z=arrays(), c=finite(0.0, 1024.0))
def test_homogeneity(impl, z, c):
    """Scaling by a factor c >= 0 goes through relu unchanged: both sides round the same product."""
    u = impl.unit_roundoff
    assert_that(
        np.all(np.abs(impl.relu(c * z) - c * impl.relu(z)) <= 2 * u * np.abs(c * z) + smallest_normal(u)),
        f"relu(c z) is {impl.relu(c * z)}, c relu(z) is {c * impl.relu(z)} for c = {c}",
    )


@spec("relu.idempotence")
@given(z=arrays())
def test_idempotence(impl, z):
    """Applying relu a second time changes nothing."""
    once = impl.relu(z)
    assert_equal(impl.relu(once), once, what="relu(relu(z))")


@spec("relu.absolute_value")
@given(z=arrays())
def test_absolute_value(impl, z):
    """relu(z) + relu(-z) is |z|: one of the two terms is |z| and the other zero."""
    assert_equal(impl.relu(z) + impl.relu(-z), np.abs(z), what="relu(z) + relu(-z)")


@spec("relu.values", after="relu.shape")
@given(small=arrays(), large=tensors())
def test_values(impl, small, large):
    """relu keeps positive entries and replaces the others by zero, in arrays of any size and number of axes."""

    def check(z):
        assert_equal(impl.relu(z), np.where(z > 0, z, 0.0), what="relu(z)")

    for z in (small, large):
        with narrowed(impl, lambda index, z=z: check(z[index].reshape(1, 1))):
            check(z)
    for how, stored in STORED.items():
        assert_equal(impl.relu(stored(large)), np.where(large > 0, large, 0.0), what=f"relu of an array {how}")
