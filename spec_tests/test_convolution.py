"""Chapter convolution: filters that slide over images, with strides and padding, and the gradients of the layer."""

from dataclasses import dataclass, replace

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import NotApplicable, Raised, Todo, unless_refused
from chainrule.mathematics.cases import grid
from chainrule.mathematics.comparison import assert_close, assert_equal, assert_shape, assert_that
from chainrule.mathematics.convolution import (
    FULL_SIZE,
    ONE_BY_ONE,
    PADDED,
    PLAIN,
    SQUARE,
    STRIDED,
    USUAL,
    Case,
    Sizes,
    analyse,
    drawn,
    output_error,
)
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, gamma
from chainrule.specification.asked_anew import Anew, single
from chainrule.specification.spec import spec
from chainrule.support.arrays import joined

OWN = UNIT_ROUNDOFF["float64"]  # of what the specs compute themselves
GRADIENTS = ("dx", "dw", "db")
OTHERWISE = ((SQUARE, 1, 1), (SQUARE, 2, 0), (SQUARE, 2, 1))  # for code whose stride or padding is its own
AT_RANDOM = 100  # random cases with `--thorough`


@dataclass(frozen=True)
class Setting:
    """The sizes, strides and paddings that the code takes, and the unit roundoff of its arithmetic."""

    geometries: frozenset
    u: float

    def analyse(self, case):
        """The exact values with their bounds."""
        return analyse(case, self.u)


def setting_of(impl, networks):
    """What the code can be asked for, found once in a run."""
    return networks.once("how convolution is asked", lambda: found_setting(impl))


def found_setting(impl):
    for key, value, how in impl.host.traits().extensions:
        if key.startswith("convolution"):
            impl.learn(key, value, how)
    known = {*PLAIN, *STRIDED, *PADDED, *ONE_BY_ONE, *FULL_SIZE, *USUAL, *OTHERWISE}
    possible = frozenset(geometry for geometry in known if takes(impl, drawn(geometry)))
    if not possible:
        forward(impl, drawn(USUAL[0]))  # raises what the code does
    usual = next((geometry for geometry in (*USUAL, *OTHERWISE) if geometry in possible), None)
    fine = usual is None or resolves(impl, drawn(usual))
    return Setting(possible, impl.unit_roundoff if fine else UNIT_ROUNDOFF["float32"])


def takes(impl, case):
    """Whether the code takes these sizes, this stride and this padding: it may have its own, or refuse some."""
    try:
        forward(impl, case)
    except NotApplicable:
        return False
    except Raised as error:
        return not error.refused
    return True


def forward(impl, case):
    """(out, cache)"""
    return impl.conv2d_forward(*case.inputs)


def backward(impl, case):
    """(dx, dw, db) by a forward pass and its backward pass."""
    _, cache = forward(impl, case)
    return impl.conv2d_backward(case.dout, cache)


def resolves(impl, case):
    """Whether a change of 2^-40 in b changes the output, and one in dout the gradients, as in float64."""
    moved = replace(case, b=case.b + 2.0**-40, dout=case.dout + 2.0**-40)
    try:
        (one, cache), (other, _) = forward(impl, case), forward(impl, moved)
        if one.shape != other.shape or (one == other).all():
            return one.shape != other.shape
        return not (impl.conv2d_backward(case.dout, cache)[2] == impl.conv2d_backward(moved.dout, cache)[2]).all()
    except (Raised, Todo):  # the clauses that follow show it
        return True


def cases(impl, networks, geometries, seed=0, otherwise=()):
    """(the setting, a case of each geometry that the code can be asked for, or of one of the others)

    With `--thorough` many random ones as well.
    """
    setting = setting_of(impl, networks)
    asked = [geometry for geometry in geometries if geometry in setting.geometries]
    asked = asked or [geometry for geometry in otherwise if geometry in setting.geometries][:1]
    if not asked:
        raise NotApplicable("the code takes none of the strides, paddings and sizes that this spec asks for")
    yield from ((setting, drawn(geometry, seed)) for geometry in asked)
    everything = {*geometries, *USUAL, *PADDED} <= setting.geometries and otherwise
    for trial in networks.trials([], AT_RANDOM if everything else 0):
        yield setting, drawn(at_random(np.random.default_rng(trial)), trial)


def at_random(rng):
    """Small sizes, a stride and a padding."""
    n, c, f, rows, columns = (int(size) for size in rng.integers(1, 5, size=5))
    pad, (down, across) = int(rng.integers(0, 3)), rng.integers(0, 5, size=2).tolist()
    sizes = Sizes(n, c, max(1, rows + down - 2 * pad), max(1, columns + across - 2 * pad), f, rows, columns)
    return sizes, int(rng.integers(1, 4)), pad


def one_case(impl, networks, seed=0):
    """(the setting, one case)"""
    return next(cases(impl, networks, USUAL, seed, OTHERWISE))


def same_output(found, expected, bound, what):
    """Compare two results of the same calculation, each of which may have its own rounding errors."""
    assert_close(found, expected, bound=2 * bound, what=what)


def same_gradients(found, expected, exact, what):
    """Compare two results of the same backward pass, each of which may have its own rounding errors."""
    for name, a, b, (_, error) in zip(GRADIENTS, found, expected, exact.gradients, strict=True):
        assert_close(a, b, bound=2 * error, what=f"{name} {what}")


def right_gradients(found, exact, what):
    """The gradients are the exact ones, to rounding."""
    for name, gradient, (value, error) in zip(GRADIENTS, found, exact.gradients, strict=True):
        assert_close(gradient, value, bound=error, what=f"{name} ({what})")


SHAPE = "convolution.shape"


@spec(SHAPE)
def test_shape(impl, networks):
    """The output has the shape (N, F, H', W'): an entry for each place of a filter in the padded image."""
    for _, case in cases(impl, networks, (*PLAIN, *STRIDED, *PADDED), otherwise=OTHERWISE):
        assert_shape(forward(impl, case)[0], case.output_shape, what=f"out ({case})")


@spec("convolution.arguments_kept", after=SHAPE)
def test_arguments_kept(impl, networks):
    """A forward pass does not change x, w and b; a backward pass does not change dout and the cache."""
    for _, case in cases(impl, networks, USUAL, seed=2, otherwise=OTHERWISE):
        backward(impl, case)
        for call in list(impl.calls)[-2:]:
            assert_that(not call.modified, f"{call.name} writes into its argument {' and '.join(call.modified)}")


@spec("convolution.results_kept", after=SHAPE)
def test_results_kept(impl, networks):
    """Results of the forward and the backward pass stay unchanged when these are called again."""
    (_, case), (_, other) = one_case(impl, networks, seed=2), one_case(impl, networks, seed=3)
    out, cache = forward(impl, case)
    first = impl.calls[-1]
    gradients = impl.conv2d_backward(case.dout, cache)
    second = impl.calls[-1]
    backward(impl, other)
    assert_equal(first.reread()[0], out, what="out of an earlier call, after a later one")
    for name, earlier, now in zip(GRADIENTS, gradients, second.reread(), strict=True):
        assert_equal(now, earlier, what=f"{name} of an earlier call, after a later one")


@spec("convolution.columns", after=SHAPE)
def test_columns(impl, networks):
    """A filter that is 1 in one entry, and 0 elsewhere, picks that entry of each window, at its place."""
    for setting, case in cases(impl, networks, PLAIN, otherwise=OTHERWISE):
        picks = case.probing_filters()
        bound = output_error(picks, setting.u + OWN)
        assert_close(
            forward(impl, picks)[0], columns(picks), bound=bound, what=f"out for filters of a single 1 ({case})"
        )


def columns(case):
    """The windows of the padded images, each as a column of its entries: (N, C HH WW, H', W')."""
    padded = np.pad(case.x, [(0, 0), (0, 0), *[(case.pad, case.pad)] * 2])
    (count, _, high, wide), (rows, across), found = case.output_shape, case.w.shape[2:], {}
    for i, j in np.ndindex(high, wide):
        top, left = case.stride * i, case.stride * j
        found[i, j] = padded[:, :, top : top + rows, left : left + across].reshape(count, -1)
    return np.stack([np.stack([found[i, j] for j in range(wide)], axis=-1) for i in range(high)], axis=-2)


@spec("convolution.one_by_one", after=SHAPE)
def test_one_by_one(impl, networks):
    """A filter of one pixel multiplies the channels of each pixel by a matrix, and adds the bias."""
    for setting, case in cases(impl, networks, ONE_BY_ONE):
        pixels = case.x.transpose(0, 2, 3, 1) @ case.w[:, :, 0, 0].T + case.b
        bound = output_error(case, setting.u + OWN)
        assert_close(forward(impl, case)[0], pixels.transpose(0, 3, 1, 2), bound=bound, what=f"out ({case})")


@spec("convolution.full_size", after=SHAPE)
def test_full_size(impl, networks):
    """Filters as large as the image are an affine layer: the entries of an image times those of each filter."""
    for setting, case in cases(impl, networks, FULL_SIZE):
        rows = case.x.reshape(len(case.x), -1) @ case.w.reshape(len(case.w), -1).T + case.b
        bound = output_error(case, setting.u + OWN)
        assert_close(forward(impl, case)[0], rows[:, :, None, None], bound=bound, what=f"out ({case})")


VALUES = "convolution.values"


@spec(VALUES, after=(SHAPE, "convolution.columns", "convolution.one_by_one", "convolution.full_size"))
def test_values(impl, networks):
    """Each output is the sum of a filter's products with a window, over all channels, plus the filter's bias."""
    for setting, case in cases(impl, networks, PLAIN, otherwise=OTHERWISE):
        out, error = setting.analyse(case).out
        assert_close(forward(impl, case)[0], out, bound=error, what=f"out ({case})")


@spec("convolution.stride", after=VALUES)
def test_stride(impl, networks):
    """With stride s the output is every s-th row and column of that with stride 1."""
    for setting, case in cases(impl, networks, STRIDED):
        every, s = replace(case, stride=1), case.stride
        dense, _ = forward(impl, every)
        bound = output_error(case, setting.u + OWN)
        same_output(forward(impl, case)[0], dense[:, :, ::s, ::s], bound, f"out ({case}) beside that with stride 1")


@spec("convolution.padding", after=VALUES)
def test_padding(impl, networks):
    """Padding p is the same as p rows and columns of zeros on every side of the image, with padding 0."""
    for setting, case in cases(impl, networks, PADDED):
        around = np.pad(case.x, [(0, 0), (0, 0), *[(case.pad, case.pad)] * 2])
        expected, _ = forward(impl, replace(case, x=around, pad=0))
        bound = output_error(case, setting.u + OWN)
        same_output(
            forward(impl, case)[0], expected, bound, f"out ({case}) beside that of an image with zeros around it"
        )


READY = (VALUES, "convolution.stride", "convolution.padding")


@spec("convolution.linear_in_images", after=READY)
def test_linear_in_images(impl, networks):
    """Without a bias the output is linear in x: for 4 x - y it is four times that of x minus that of y."""
    check_linear(impl, networks, "x", lambda case, x: replace(case, x=x))


@spec("convolution.linear_in_filters", after=READY)
def test_linear_in_filters(impl, networks):
    """Without a bias the output is linear in w: for 4 w - v it is four times that of w minus that of v."""
    check_linear(impl, networks, "w", lambda case, w: replace(case, w=w))


def check_linear(impl, networks, name, put):
    """Compare the output for four times an array minus another with that of the two arrays."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        case = replace(case, b=0 * case.b)
        one = getattr(case, name)
        other = grid(np.random.default_rng([4, *one.shape]).normal(size=one.shape))
        parts = [put(case, array) for array in (one, other, 4 * one - other)]
        a, b, both = (forward(impl, part)[0] for part in parts)
        errors = [output_error(part, setting.u + OWN) for part in parts]
        bound = 4 * errors[0] + errors[1] + errors[2] + 2 * OWN * (4 * np.abs(a) + np.abs(b))
        assert_close(both, 4.0 * a - b, bound=bound, what=f"out for 4 {name} minus another ({case})")


@spec("convolution.translation", after=READY)
def test_translation(impl, networks):
    """An image that is moved by a pixel gives an output that is moved by a pixel."""
    for setting, case in cases(impl, networks, PLAIN, seed=5):
        out, _ = forward(impl, case)
        bound = 2 * output_error(case, setting.u + OWN)
        for axis in (2, 3):
            moved = replace(case, x=np.roll(case.x, 1, axis=axis))
            inside = (slice(None),) * axis
            expected, found = out[(*inside, slice(None, -1))], forward(impl, moved)[0][(*inside, slice(1, None))]
            along = "down" if axis == 2 else "to the right"
            limit = bound[(*inside, slice(1, None))]
            assert_close(found, expected, bound=limit, what=f"out of an image moved {along} by one ({case})")


@spec("convolution.samples", after=READY)
def test_samples(impl, networks):
    """Each image is convolved by itself: alone it gives the same output."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        out, bound = forward(impl, case)[0], output_error(case, setting.u)
        for n in range(len(case.x)):
            alone, _ = forward(impl, replace(case, x=case.x[[n]]))
            same_output(alone, out[[n]], bound[[n]], f"out of image {n} alone ({case})")


@spec("convolution.integers", after=READY)
def test_integers(impl, networks):
    """Images of whole numbers stored as integers, as they are loaded, give the output of the same numbers."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        x = np.random.default_rng(7).integers(0, 256, size=case.x.shape)
        exact = setting.analyse(replace(case, x=x.astype(float)))
        for kind in (np.uint8, np.int64):
            with unless_refused("integers"):
                found, _ = forward(impl, replace(case, x=x.astype(kind)))
            name = np.dtype(kind).name
            assert_close(found, exact.out[0], bound=exact.out[1], what=f"out for x of {name} ({case})")


@spec("convolution.gradient_shapes", after=SHAPE)
def test_gradient_shapes(impl, networks):
    """dx, dw and db have the shapes of x, w and b, for padding 0 and others."""
    for _, case in cases(impl, networks, (*USUAL, *PADDED, *STRIDED), otherwise=OTHERWISE):
        for name, gradient, array in zip(GRADIENTS, backward(impl, case), case.inputs[:3], strict=True):
            assert_shape(gradient, array.shape, what=f"{name} ({case})")


SHAPES = "convolution.gradient_shapes"


@spec("convolution.repeatable", after=SHAPES)
def test_repeatable(impl, networks):
    """Two backward passes with the same cache give the same gradients."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        _, cache = forward(impl, case)
        first, second = impl.conv2d_backward(case.dout, cache), impl.conv2d_backward(case.dout, cache)
        same_gradients(second, first, setting.analyse(case), f"from the same cache again ({case})")


@spec("convolution.caches", after="convolution.repeatable")
def test_caches(impl, networks):
    """Each forward pass has its own cache: a later one does not change the gradients from an earlier cache."""
    (setting, case), (_, other) = one_case(impl, networks, seed=2), one_case(impl, networks, seed=3)
    expected = backward(impl, case)
    (_, cache), (_, later) = forward(impl, case), forward(impl, other)
    impl.conv2d_backward(other.dout, later)
    found = impl.conv2d_backward(case.dout, cache)
    same_gradients(found, expected, setting.analyse(case), "from a cache made before another forward pass")


BACK = (*READY, "convolution.repeatable")


@spec("convolution.bias_gradient", after=BACK)
def test_bias_gradient(impl, networks):
    """db is the sum of dout over images, rows and columns: a bias is in all of its filter's output."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        value, error = setting.analyse(case).db
        assert_close(backward(impl, case)[2], value, bound=error, what=f"db ({case})")


@spec("convolution.weight_gradient", after=BACK)
def test_weight_gradient(impl, networks):
    """dw is the adjoint in w: its entries are the products of dout with the outputs of filters of a single 1."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        picks = case.probing_filters()
        outs = forward(impl, picks)[0].astype(float)
        slopes = np.einsum("nfij,nkij->fk", case.dout, outs).reshape(case.w.shape)
        size = np.einsum("nfij,nkij->fk", np.abs(case.dout), output_error(picks, setting.u + OWN))
        own = gamma(case.dout[:, 0].size + 4, OWN) * np.einsum("nfij,nkij->fk", np.abs(case.dout), np.abs(outs))
        bound = setting.analyse(case).dw[1] + (size + own).reshape(case.w.shape)
        assert_close(backward(impl, case)[1], slopes, bound=bound, what=f"dw ({case})")


@spec("convolution.input_gradient", after=BACK)
def test_input_gradient(impl, networks):
    """dx is the adjoint in x: its entries are the products of dout with the outputs of images of a single 1."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        images = case.probing_inputs()
        outs = forward(impl, images)[0].astype(float)
        slopes = np.einsum("nfij,kfij->nk", case.dout, outs).reshape(case.x.shape)
        size = np.einsum("nfij,kfij->nk", np.abs(case.dout), output_error(images, setting.u + OWN))
        own = gamma(case.dout[0].size + 4, OWN) * np.einsum("nfij,kfij->nk", np.abs(case.dout), np.abs(outs))
        bound = setting.analyse(case).dx[1] + (size + own).reshape(case.x.shape)
        assert_close(backward(impl, case)[0], slopes, bound=bound, what=f"dx ({case})")


SLOPES = ("convolution.bias_gradient", "convolution.weight_gradient", "convolution.input_gradient")


@spec("convolution.linearity", after=SLOPES)
def test_linearity(impl, networks):
    """The gradients are linear in dout: for 4 dout - other, four times those for dout minus those for other."""
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        other = grid(np.random.default_rng([6, *case.dout.shape]).normal(size=case.dout.shape))
        douts = (case.dout, other, 4 * case.dout - other)
        _, cache = forward(impl, case)
        one, two, both = (impl.conv2d_backward(dout, cache) for dout in douts)
        exact = [setting.analyse(replace(case, dout=dout)).gradients for dout in douts]
        for i, name in enumerate(GRADIENTS):
            own = 2 * OWN * (4 * np.abs(one[i]) + np.abs(two[i]))
            bound = 4 * exact[0][i][1] + exact[1][i][1] + exact[2][i][1] + own
            assert_close(both[i], 4.0 * one[i] - two[i], bound=bound, what=f"{name} of 4 dout - other ({case})")


@spec("convolution.storage", after=(*READY, *SLOPES))
def test_storage(impl, networks):
    """Arrays that are stored in another order, or with gaps, give the same output and gradients."""
    ways = {"by columns": np.asfortranarray, "with gaps": with_gaps, "channels last": channels_last}
    for setting, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        exact = setting.analyse(case)
        for stored, way in ways.items():
            turned = replace(case, x=way(case.x), w=way(case.w), dout=way(case.dout))
            what = f"{case}, arrays stored {stored}"
            out, cache = forward(impl, turned)
            assert_close(out, exact.out[0], bound=exact.out[1], what=f"out ({what})")
            right_gradients(impl.conv2d_backward(turned.dout, cache), exact, what)


def with_gaps(array):
    """The array as every second entry of a wider one."""
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan)
    wide[..., ::2] = array
    return wide[..., ::2]


def channels_last(array):
    """The array as a view of one whose second axis is the last."""
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@spec("convolution.single_precision", after=(*READY, *SLOPES))
def test_single_precision(impl, networks):
    """Inputs of float32 give outputs and gradients to float32's rounding."""
    for _, case in cases(impl, networks, USUAL, otherwise=OTHERWISE):
        narrow = replace(case, **{name: getattr(case, name).astype(np.float32) for name in ("x", "w", "b", "dout")})
        exact = analyse(case, UNIT_ROUNDOFF["float32"])
        out, cache = forward(impl, narrow)
        assert_close(out, exact.out[0], bound=exact.out[1], what=f"float32 out ({case})")
        right_gradients(impl.conv2d_backward(narrow.dout, cache), exact, f"float32, {case}")


@spec("convolution.golden", after=(*READY, *SLOPES))
def test_golden(impl, networks):
    """Outputs and gradients agree with 50-digit arithmetic."""
    setting, asked = setting_of(impl, networks), 0
    for known in golden.values("convolution")["layers"]:
        case = Case(known.x, known.w, known.b, known.dout, known.stride, known.pad)
        if not takes(impl, case):
            continue
        asked, (out, cache) = asked + 1, forward(impl, case)
        exact = setting.analyse(case)
        assert_close(out, known.out, bound=exact.out[1], what=f"out ({case})")
        found, expected = impl.conv2d_backward(case.dout, cache), (known.dx, known.dw, known.db)
        for name, gradient, e, (_, error) in zip(GRADIENTS, found, expected, exact.gradients, strict=True):
            assert_close(gradient, e, bound=error, what=f"{name} ({case})")
    if not asked:
        raise NotApplicable("the golden values are for other strides, paddings and sizes than the code's own")


# The same operations on other inputs, for repeated calls outside a test


def draw_images(impl, rng):
    """A case that the code can be asked for; None if it takes none of those at random."""
    case = drawn(at_random(rng), int(rng.integers(1, 2**31)))
    return replace(case, x=single(case.x)) if takes(impl, case) else None


def compare_images(impl, case):
    exact = found_setting(impl).analyse(case)
    out, cache = forward(impl, case)
    assert_close(out, exact.out[0], bound=exact.out[1], what="out of conv2d_forward")
    right_gradients(impl.conv2d_backward(case.dout, cache), exact, "conv2d_backward")


ASKED_ANEW = (Anew("conv2d_forward", (*READY, *SLOPES), draw_images, compare_images),)

TRIED = drawn((SQUARE, 1, 1))
TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "conv2d_forward": lambda impl: [forward(impl, replace(TRIED, x=x))[0] for x in (TRIED.x, TRIED.x**2)],
    "conv2d_backward": lambda impl: [
        joined(*backward(impl, replace(TRIED, dout=dout))) for dout in (TRIED.dout, TRIED.dout**2)
    ],
}
