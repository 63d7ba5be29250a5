"""Chapter pooling: the largest entry of each window, and where its gradient goes."""

from dataclasses import dataclass, replace

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import NotApplicable, Raised, Todo, unless_refused
from chainrule.mathematics.cases import grid
from chainrule.mathematics.comparison import assert_close, assert_equal, assert_shape, assert_that
from chainrule.mathematics.pooling import APART, GAP, OVERLAPPING, SPARSE, UNEVEN, Case, Layer, analyse, drawn
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, gamma
from chainrule.specification.asked_anew import Anew, single
from chainrule.specification.spec import spec

OWN = UNIT_ROUNDOFF["float64"]  # of what the specs compute themselves
STEP = GAP / 4  # of an entry, so that it stays larger, or smaller, than any other
AT_RANDOM = 100  # random cases with `--thorough`
USUAL = (*APART, *OVERLAPPING, *SPARSE)


@dataclass(frozen=True)
class Setting:
    """The sizes and strides that the code takes, and the unit roundoff of its arithmetic."""

    layers: frozenset
    u: float


def setting_of(impl, networks):
    """What the code can be asked for, found once in a run."""
    return networks.once("how pooling is asked", lambda: found_setting(impl))


def found_setting(impl):
    for key, value, how in impl.host.traits().extensions:
        if key.startswith("pooling"):
            impl.learn(key, value, how)
    possible = frozenset(layer for layer in (*USUAL, *UNEVEN) if takes(impl, drawn(layer)))
    if not possible:
        forward(impl, drawn(USUAL[0]))  # raises what the code does
    usual = next((layer for layer in USUAL if layer in possible), None)
    fine = usual is None or resolves(impl, drawn(usual))
    return Setting(possible, impl.unit_roundoff if fine else UNIT_ROUNDOFF["float32"])


def takes(impl, case):
    """Whether the code takes such images, with this size and stride; it may have its own, or refuse some."""
    try:
        forward(impl, case)
    except NotApplicable:
        return False
    except Raised as error:
        return not (error.refused or ("reshape" in str(error) and not case.tiled))  # windows may be made by reshape
    return True


def resolves(impl, case):
    """Whether a change of 2^-40 in x changes the output, and one in dout the gradient, as in float64."""
    moved = replace(case, x=case.x + 2.0**-40, dout=case.dout + 2.0**-40)
    try:
        (one, cache), (other, _) = forward(impl, case), forward(impl, moved)
        if one.shape != other.shape or not (one != other).any():
            return one.shape != other.shape
        return (impl.maxpool2d_backward(case.dout, cache) != impl.maxpool2d_backward(moved.dout, cache)).any()
    except (Raised, Todo):  # the clauses that follow show it
        return True


def forward(impl, case):
    """(out, cache)"""
    return impl.maxpool2d_forward(*case.inputs)


def backward(impl, case):
    """dx by a forward pass and its backward pass."""
    _, cache = forward(impl, case)
    return impl.maxpool2d_backward(case.dout, cache)


def cases(impl, networks, layers=USUAL, seed=0):
    """(the setting, a case of each layer that the code can be asked for); with `--thorough`, random ones as well."""
    setting = setting_of(impl, networks)
    asked = [layer for layer in layers if layer in setting.layers]
    if not asked:
        raise NotApplicable("the code takes none of the sizes and strides that this spec asks for")
    yield from ((setting, drawn(layer, seed)) for layer in asked)
    everything = {*layers, *USUAL, *UNEVEN} <= setting.layers and layers == USUAL
    for trial in networks.trials([], AT_RANDOM if everything else 0):
        yield setting, drawn(at_random(np.random.default_rng(trial)), trial)


def at_random(rng):
    """A layer of small sizes."""
    n, c, size, stride, down, across = (int(number) for number in rng.integers(1, 4, size=6))
    return Layer(n, c, size + down, size + across, size, stride)


def right_output(impl, setting, case):
    """The output is the exact one."""
    (out, error), _ = analyse(case, setting.u)
    assert_close(forward(impl, case)[0], out, bound=error, what=f"out ({case})")


SHAPE = "pooling.shape"


@spec(SHAPE)
def test_shape(impl, networks):
    """The output has the shape (N, C, H', W'): an entry for each window in each channel."""
    for _, case in cases(impl, networks):
        assert_shape(forward(impl, case)[0], case.output_shape, what=f"out ({case})")


@spec("pooling.arguments_kept", after=SHAPE)
def test_arguments_kept(impl, networks):
    """A forward pass does not change x; a backward pass does not change dout and the cache."""
    for _, case in cases(impl, networks, seed=2):
        backward(impl, case)
        for call in list(impl.calls)[-2:]:
            assert_that(not call.modified, f"{call.name} writes into its argument {' and '.join(call.modified)}")


@spec("pooling.results_kept", after=SHAPE)
def test_results_kept(impl, networks):
    """Results of the forward and the backward pass stay unchanged when these are called again."""
    (_, case), (_, other) = (next(cases(impl, networks, seed=seed)) for seed in (2, 3))
    out, cache = forward(impl, case)
    first = impl.calls[-1]
    dx = impl.maxpool2d_backward(case.dout, cache)
    second = impl.calls[-1]
    backward(impl, other)
    assert_equal(first.reread()[0], out, what="out of an earlier call, after a later one")
    assert_equal(second.reread(), dx, what="dx of an earlier call, after a later one")


VALUES = "pooling.values"


@spec(VALUES, after=SHAPE)
def test_values(impl, networks):
    """Each output is the largest entry of its window, where the windows lie side by side."""
    for setting, case in cases(impl, networks, APART):
        right_output(impl, setting, case)


@spec("pooling.negative", after=VALUES)
def test_negative(impl, networks):
    """The largest of negative entries is negative: neither zero nor the largest magnitude."""
    for setting, case in cases(impl, networks, APART):
        right_output(impl, setting, replace(case, x=case.x - np.abs(case.x).max() - GAP))


@spec("pooling.stride", after=VALUES)
def test_stride(impl, networks):
    """The windows move by the stride, which may be smaller or larger than their size."""
    for setting, case in cases(impl, networks, (*OVERLAPPING, *SPARSE)):
        right_output(impl, setting, case)


@spec("pooling.remainder", after=VALUES)
def test_remainder(impl, networks):
    """Rows and columns that are left over at the end belong to no window."""
    for setting, case in cases(impl, networks, UNEVEN):
        assert_shape(forward(impl, case)[0], case.output_shape, what=f"out ({case})")
        right_output(impl, setting, case)


READY = (VALUES, "pooling.stride")


@spec("pooling.increasing", after=READY)
def test_increasing(impl, networks):
    """An increasing function may be applied before or after: the largest of 8 x + 3 is 8 times that of x, plus 3."""
    for setting, case in cases(impl, networks):
        out, _ = forward(impl, case)
        found, _ = forward(impl, replace(case, x=8 * case.x + 3))
        expected = 8.0 * out + 3
        bound = 2 * setting.u * (8 * np.abs(out) + np.abs(expected))
        assert_close(found, expected, bound=bound, what=f"out for 8 x + 3 ({case})")


@spec("pooling.channels", after=READY)
def test_channels(impl, networks):
    """Each channel of each image is pooled by itself: alone it gives the same output."""
    for _, case in cases(impl, networks):
        out, _ = forward(impl, case)
        for n, c in np.ndindex(*case.x.shape[:2]):
            alone, _ = forward(impl, replace(case, x=case.x[n : n + 1, c : c + 1]))
            what = f"out of channel {c} of image {n} alone ({case})"
            assert_equal(alone, out[n : n + 1, c : c + 1], what=what)


@spec("pooling.integers", after=READY)
def test_integers(impl, networks):
    """Images of whole numbers stored as integers, as they are loaded, are pooled as the same numbers are."""
    for setting, case in cases(impl, networks):
        whole = np.argsort(np.argsort(case.x, axis=None)).reshape(case.x.shape) % 256
        expected = analyse(replace(case, x=whole), setting.u)[0][0]
        for kind in (np.uint8, np.int64):
            with unless_refused("integers"):
                found, _ = forward(impl, replace(case, x=whole.astype(kind)))
            assert_equal(found, expected, what=f"out for x of {np.dtype(kind).name} ({case})")


@spec("pooling.gradient_shape", after=SHAPE)
def test_gradient_shape(impl, networks):
    """dx has the shape of x, also where rows and columns are left over."""
    for _, case in cases(impl, networks, (*USUAL, *UNEVEN)):
        assert_shape(backward(impl, case), case.x.shape, what=f"dx ({case})")


@spec("pooling.repeatable", after="pooling.gradient_shape")
def test_repeatable(impl, networks):
    """Two backward passes with the same cache give the same gradient."""
    for setting, case in cases(impl, networks):
        _, cache = forward(impl, case)
        first, second = impl.maxpool2d_backward(case.dout, cache), impl.maxpool2d_backward(case.dout, cache)
        bound = 2 * analyse(case, setting.u)[1][1]
        assert_close(second, first, bound=bound, what=f"dx from the same cache again ({case})")


@spec("pooling.caches", after="pooling.repeatable")
def test_caches(impl, networks):
    """Each forward pass has its own cache: a later one does not change the gradient from an earlier cache."""
    (setting, case), (_, other) = (next(cases(impl, networks, seed=seed)) for seed in (2, 3))
    expected = backward(impl, case)
    (_, cache), (_, later) = forward(impl, case), forward(impl, other)
    impl.maxpool2d_backward(other.dout, later)
    found, bound = impl.maxpool2d_backward(case.dout, cache), 2 * analyse(case, setting.u)[1][1]
    assert_close(found, expected, bound=bound, what="dx from a cache made before another forward pass")


BACK = (*READY, "pooling.repeatable")


def check_slopes(impl, setting, case):
    """Compare dx with the change of sum(dout out) as each entry of x moves by a step that changes no order."""
    count = case.x[0].size
    moves = STEP * np.eye(count).reshape(count, *case.x.shape[1:])
    slopes = np.empty(case.x.shape)
    for n, x in enumerate(case.x):
        ups, _ = forward(impl, replace(case, x=x + moves))
        downs, _ = forward(impl, replace(case, x=x - moves))
        change = (ups.astype(float) - downs) / (2 * STEP)
        slopes[n] = np.einsum("cij,kcij->k", case.dout[n], change).reshape(x.shape)
    largest = np.abs(case.x).max() + STEP
    size = gamma(case.size**2 + 4, OWN) + 2 * setting.u * largest / STEP
    bound = analyse(case, setting.u)[1][1] + size * np.abs(case.dout).sum()
    assert_close(backward(impl, case), slopes, bound=bound, what=f"dx ({case})")


@spec("pooling.routing", after=BACK)
def test_routing(impl, networks):
    """Each dout goes to the largest entry of its window, and the other entries get zero."""
    for setting, case in cases(impl, networks, (*APART, *SPARSE, *UNEVEN)):
        check_slopes(impl, setting, case)


@spec("pooling.overlaps", after=(*BACK, "pooling.routing"))
def test_overlaps(impl, networks):
    """An entry that is the largest of several windows gets the sum of their dout."""
    for setting, case in cases(impl, networks, OVERLAPPING):
        check_slopes(impl, setting, case)


@spec("pooling.ties", after=(*BACK, "pooling.routing"))
def test_ties(impl, networks):
    """Of several largest entries one gets the dout, or they share it: together they get it once."""
    for _, case in cases(impl, networks, APART):
        x = np.random.default_rng([9, *case.x.shape]).integers(0, 2, size=case.x.shape).astype(float)
        x[:, :, : case.size, : case.size] = 1.0  # a window of equal entries
        tied = replace(case, x=x)
        dx = backward(impl, tied).astype(float)
        for (i, j), place in tied.windows():
            kept = x[place] == x[place].max(axis=(2, 3), keepdims=True)
            dout = tied.dout[:, :, i, j]
            bound = gamma(2 * case.size**2 + 4, impl.unit_roundoff + OWN) * np.abs(dout)
            what = f"of window ({i}, {j}) with equal entries ({tied})"
            assert_close(dx[place].sum(axis=(2, 3)), dout, bound=bound, what=f"the sum of dx {what}")
            others = np.where(kept, 0.0, dx[place])
            assert_equal(others, np.zeros(others.shape), what=f"dx of the smaller entries {what}")
            share = dx[place] * np.sign(dout)[:, :, None, None]
            assert_that((share >= 0).all(), f"dx {what} has both signs", actual=dx[place])


@spec("pooling.linearity", after=("pooling.routing", "pooling.overlaps"))
def test_linearity(impl, networks):
    """The gradient is linear in dout: for 4 dout - other, it is four times that for dout minus that for other."""
    for setting, case in cases(impl, networks):
        other = grid(np.random.default_rng([6, *case.dout.shape]).normal(size=case.dout.shape))
        douts = (case.dout, other, 4 * case.dout - other)
        _, cache = forward(impl, case)
        one, two, both = (impl.maxpool2d_backward(dout, cache) for dout in douts)
        errors = [analyse(replace(case, dout=dout), setting.u)[1][1] for dout in douts]
        bound = 4 * errors[0] + errors[1] + errors[2] + 2 * OWN * (4 * np.abs(one) + np.abs(two))
        assert_close(both, 4.0 * one - two, bound=bound, what=f"dx of 4 dout - other ({case})")


SLOPES = ("pooling.routing", "pooling.overlaps")


@spec("pooling.storage", after=(*READY, *SLOPES))
def test_storage(impl, networks):
    """Arrays that are stored in another order, or with gaps, give the same output and gradient."""
    ways = {"by columns": np.asfortranarray, "with gaps": with_gaps}
    for setting, case in cases(impl, networks):
        (out, error), (dx, off) = analyse(case, setting.u)
        for stored, way in ways.items():
            found, cache = forward(impl, replace(case, x=way(case.x)))
            what = f"({case}, arrays stored {stored})"
            assert_close(found, out, bound=error, what=f"out {what}")
            assert_close(impl.maxpool2d_backward(way(case.dout), cache), dx, bound=off, what=f"dx {what}")


def with_gaps(array):
    """The array as every second entry of a wider one."""
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), 1e9)
    wide[..., ::2] = array
    return wide[..., ::2]


@spec("pooling.single_precision", after=(*READY, *SLOPES))
def test_single_precision(impl, networks):
    """Inputs of float32 give the largest entries themselves, and gradients to float32's rounding."""
    for _, case in cases(impl, networks):
        (out, _), (dx, off) = analyse(case, UNIT_ROUNDOFF["float32"])
        found, cache = forward(impl, replace(case, x=case.x.astype(np.float32)))
        assert_equal(found, out, what=f"float32 out ({case})")
        slopes = impl.maxpool2d_backward(case.dout.astype(np.float32), cache)
        assert_close(slopes, dx, bound=off, what=f"dx (float32, {case})")


@spec("pooling.golden", after=(*READY, *SLOPES))
def test_golden(impl, networks):
    """Outputs and gradients agree with 50-digit arithmetic."""
    setting, asked = setting_of(impl, networks), 0
    for known in golden.values("pooling")["layers"]:
        case = Case(known.x, known.dout, known.size, known.stride)
        if not takes(impl, case):
            continue
        asked, (out, cache) = asked + 1, forward(impl, case)
        (_, error), (_, off) = analyse(case, setting.u)
        assert_close(out, known.out, bound=error, what=f"out ({case})")
        assert_close(impl.maxpool2d_backward(case.dout, cache), known.dx, bound=off, what=f"dx ({case})")
    if not asked:
        raise NotApplicable("the golden values are for other sizes and strides than the code's own")


# The same operations on other inputs, for repeated calls outside a test


def draw_images(impl, rng):
    """A case that the code can be asked for; None if it takes none of those at random."""
    case = drawn(at_random(rng), int(rng.integers(1, 2**31)))
    return replace(case, dout=single(case.dout)) if takes(impl, case) else None


def compare_images(impl, case):
    (out, error), (dx, off) = analyse(case, found_setting(impl).u)
    found, cache = forward(impl, case)
    assert_close(found, out, bound=error, what="out of maxpool2d_forward")
    assert_close(impl.maxpool2d_backward(case.dout, cache), dx, bound=off, what="maxpool2d_backward")


ASKED_ANEW = (Anew("maxpool2d_forward", (*READY, *SLOPES), draw_images, compare_images),)

TRIED = drawn(APART[-1])
TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "maxpool2d_forward": lambda impl: [forward(impl, replace(TRIED, x=x))[0] for x in (TRIED.x, -TRIED.x)],
    "maxpool2d_backward": lambda impl: [
        backward(impl, replace(TRIED, dout=dout)) for dout in (TRIED.dout, TRIED.dout**2)
    ],
}
