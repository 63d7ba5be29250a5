"""Chapter dropout: entries that are dropped at random in training, the same ones backwards, and none outside of it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from chainrule import golden
from chainrule.boundary.errors import Absent, NotApplicable, Raised, Todo, unless_refused
from chainrule.mathematics.comparison import Failure, assert_close, assert_equal, assert_shape, assert_that
from chainrule.mathematics.dropout import (
    FORMS,
    FURTHER_SHAPES,
    LAYOUTS,
    RATES,
    SHAPES,
    SIDE,
    Dropout,
    entries,
    fraction_tail,
    tail,
)
from chainrule.mathematics.rounding import UNIT_ROUNDOFF, gamma
from chainrule.specification.spec import spec

SEEDS = 100  # with `--thorough`: each draws 65536 entries
RESOLVED = 1 + 2.0**-40  # what float64 tells from 1, and float32 does not
HALF = 0.5  # the rate at which two masks differ most
TIMES = 3  # backward passes through one cache


def generator(seed=0):
    return np.random.default_rng(seed)


def forward(impl, x, rate, seed=0):
    """(out, cache) of a forward pass with a new generator."""
    return impl.dropout_forward(x, rate, generator(seed))


def layer(impl, networks):
    """The layer as the code computes it: its form and its precision.  Another form is reported."""
    return networks.once("the form of dropout", lambda: as_computed(impl))


def as_computed(impl):
    for form in FORMS:
        for u in (impl.unit_roundoff, UNIT_ROUNDOFF["float32"]):
            found = Dropout(RATES[0], form, u)
            if follows(impl, found):
                if form != next(iter(FORMS)):
                    impl.learn("dropout", form, FORMS[form])
                return found
    return Dropout(RATES[0], u=impl.unit_roundoff)


def follows(impl, rule):
    """Whether kept entries are those of a rule, and of the classic one those outside of training."""
    x = np.full((8, 8), RESOLVED)
    try:
        assert_entries(forward(impl, x, rule.rate)[0], x, rule)
        if rule.form == "classic":
            value, error = rule.evaluated(x)
            assert_close(impl.dropout_evaluate(x, rule.rate), value, bound=error)
    except (Failure, Raised, Absent, TypeError):
        return False
    return True


def takes_axes(impl, networks):
    """Whether the code takes inputs with other numbers of axes than two, which the contract leaves to it."""

    def takes():
        try:
            for shape in FURTHER_SHAPES:
                forward(impl, entries(shape), HALF)
        except Raised:
            return False
        return True

    return networks.once("axes of dropout_forward", takes)


def shapes(impl, networks):
    """The shapes of inputs that the code takes."""
    return (*SHAPES, *(FURTHER_SHAPES if takes_axes(impl, networks) else ()))


def layouts(impl, networks):
    """The shapes of large inputs that the code takes."""
    return LAYOUTS if takes_axes(impl, networks) else LAYOUTS[:1]


def assert_entries(out, x, rule, what="out"):
    """Every entry is zero, or that of the rule."""
    value, error = rule.kept(x)
    dropped = np.asarray(out) == 0
    assert_close(out, np.where(dropped, 0.0, value), bound=error, what=f"{what} at rate {rule.rate:g}")


def assert_masked(dx, dout, kept, rule, what="dx"):
    """dx is dout, enlarged, where the forward pass kept the entry, and zero elsewhere."""
    value, error = rule.kept(dout)
    assert_close(dx, np.where(kept, value, 0.0), bound=error, what=f"{what} at rate {rule.rate:g}")


@spec("dropout.shape")
def test_shape(impl, networks):
    """dropout_forward and dropout_backward keep the shape, for any number of axes that they take."""
    for shape in shapes(impl, networks):
        out, _ = forward(impl, entries(shape), HALF)
        assert_shape(out, shape, what=f"out of x of shape {shape}")
    for shape in shapes(impl, networks):
        _, cache = forward(impl, entries(shape), HALF)
        try:
            dx = impl.dropout_backward(entries(shape, seed=1), cache)
        except Todo:
            return
        assert_shape(dx, shape, what=f"dx of x of shape {shape}")


@spec("dropout.arguments_kept", after="dropout.shape")
def test_arguments_kept(impl):
    """dropout_forward does not change x; dropout_backward does not change dout and the arrays in the cache."""
    _, cache = forward(impl, entries((3, 4)), HALF)
    assert_that(not impl.calls[-1].modified, "dropout_forward writes into its argument x")
    try:
        impl.dropout_backward(entries((3, 4), seed=1), cache)
    except Todo:
        return
    written = impl.calls[-1].modified
    assert_that(not written, f"dropout_backward writes into its argument {' and '.join(written)}")


@spec("dropout.results_kept", after="dropout.shape")
def test_results_kept(impl):
    """Results of dropout_forward and dropout_backward stay unchanged when these are called again."""
    x, dout = entries((3, 4)), entries((3, 4), seed=1)
    out, cache = forward(impl, x, HALF)
    earlier = impl.calls[-1]
    forward(impl, dout, HALF, seed=1)
    assert_equal(earlier.reread()[0], out, what="out of an earlier call, after a later one")
    try:
        dx = impl.dropout_backward(dout, cache)
    except Todo:
        return
    earlier = impl.calls[-1]
    impl.dropout_backward(x, forward(impl, dout, HALF, seed=2)[1])
    assert_equal(earlier.reread(), dx, what="dx of an earlier call, after a later one")


@spec("dropout.zero_rate", after="dropout.shape")
def test_zero_rate(impl, networks):
    """At rate 0 dropout leaves every entry, and every gradient."""
    rule = layer(impl, networks).at(0.0)
    for shape in shapes(impl, networks):
        x, dout = entries(shape), entries(shape, seed=1)
        with unless_refused("a rate of 0"):
            out, cache = forward(impl, x, 0.0)
        value, error = rule.kept(x)
        assert_close(out, value, bound=error, what="out at rate 0")
        try:
            dx = impl.dropout_backward(dout, cache)
        except Todo:
            continue
        except Raised as error:
            raise NotApplicable(f"the code goes no way back at a rate of 0: {error}") from None
        assert_masked(dx, dout, np.True_, rule)


@spec("dropout.entries", after="dropout.shape")
def test_entries(impl, networks):
    """Every entry of the output is 0 or x / (1 - rate)."""
    rule = layer(impl, networks)
    for rate in RATES:
        for shape in (*shapes(impl, networks), (64, 64)):
            x = entries(shape)
            assert_entries(forward(impl, x, rate)[0], x, rule.at(rate))
    if rule.form != "inverted":
        impl.measured = f"dropout: {FORMS[rule.form]}"


def assert_unrelated(kept, rate, what):
    """No two rows of a square of kept entries have more in common than chance allows."""
    if kept.all() or not kept.any():
        return  # dropout.rate asks how many are
    centred = kept - (1 - rate)
    pairs = len(kept) * (len(kept) - 1) // 2
    products = np.abs(np.triu(centred @ centred.T, k=1))
    i, j = map(int, np.unravel_index(np.argmax(products), products.shape))
    same = (kept[i] == kept[j]).mean()
    message = f"{what} {i} and {j} of the mask agree in {same:.0%} of their entries: they are not drawn independently"
    assert_that(products[i, j] <= tail(np.sqrt((centred**2).sum(axis=1).max()), pairs), message)


@spec("dropout.independent_entries", after="dropout.shape")
def test_independent_entries(impl, networks):
    """Every entry has its own draw, whatever row or column it stands in."""
    for shape in layouts(impl, networks):
        for seed in networks.trials([2], SEEDS):
            out, _ = forward(impl, entries(shape), HALF, seed)
            kept = (np.asarray(out) != 0).reshape(SIDE, SIDE).astype(np.float64)
            assert_unrelated(kept, HALF, "rows" if len(shape) == 2 else "parts")
            assert_unrelated(kept.T, HALF, "columns" if len(shape) == 2 else "places")


@spec("dropout.rate", after="dropout.independent_entries")
def test_rate(impl, networks):
    """Each entry is dropped with probability `rate`, and kept with 1 - rate."""
    x = entries((SIDE, SIDE))
    for seed in networks.trials([0], SEEDS):
        for rate in RATES:
            out, _ = forward(impl, x, rate, seed)
            what = f"the part of {x.size} entries that is dropped at rate {rate:g}"
            assert_close(np.mean(out == 0), rate, bound=fraction_tail(x.size), what=what)
    for key, value, how in impl.host.traits().extensions:
        if key.startswith("dropout"):
            impl.learn(key, value, how)
            impl.measured = f"{key} {value}: {how}"


@spec("dropout.mean", after="dropout.shape")
def test_mean(impl, networks):
    """The mean of an output in training is that outside of it."""
    rule, x = layer(impl, networks), np.abs(entries((SIDE, SIDE)))
    for seed in networks.trials([1], SEEDS):
        for rate in RATES:
            out, _ = forward(impl, x, rate, seed)
            right = rule.at(rate).outside * x.mean()
            bound = rule.at(rate).scale * tail(x) / x.size + gamma(x.size, rule.u) * right
            what = f"the mean of {x.size} entries of the output at rate {rate:g}"
            assert_close(out.mean(dtype=np.float64), right, bound=bound, what=what)


@spec("dropout.independent_of_input", after="dropout.rate")
def test_independent_of_input(impl, networks):
    """What is dropped does not depend on the input: neither on its sign nor on its size."""
    x = entries((SIDE, SIDE))
    features = {
        "the sign of x": np.sign(x),
        "the size of x": np.abs(x) - np.abs(x).mean(),
        "x": x,
        "the entry before": np.roll(x, 1),
    }
    for seed in networks.trials([3], SEEDS):
        kept = (forward(impl, x, HALF, seed)[0] != 0) - (1 - HALF)
        for what, feature in features.items():
            found, allowed = abs(float((kept * feature).sum())), tail(feature)
            message = f"what is dropped goes with {what}: a sum of {found:.3g}, by chance at most {allowed:.3g}"
            assert_that(found <= allowed, message)


@spec("dropout.fresh", after="dropout.shape")
def test_fresh(impl):
    """Every forward pass draws a new mask."""
    x, rng = entries((SIDE, SIDE)), generator(4)
    masks = [impl.dropout_forward(x, HALF, rng)[0] != 0 for _ in range(3)]
    for first, second in pairwise(masks):
        assert_that(not np.array_equal(first, second), "two forward passes drop the same entries")


@spec("dropout.generator", after="dropout.fresh")
def test_generator(impl):
    """The generator decides the mask: its state gives the same again, another seed another, and nothing else counts."""
    x, before = entries((SIDE, SIDE)), np.random.get_state()
    try:
        np.random.seed(1)
        first = forward(impl, x, HALF, seed=5)[0] != 0
        if "dropout_seeding" in [key for key, _, _ in impl.host.traits().extensions]:
            raise NotApplicable("neither a generator that is passed nor NumPy's global one decides the mask")
        np.random.seed(2)
        state = np.random.get_state()[1].tolist()
        again = forward(impl, x, HALF, seed=5)[0] != 0
        touched = np.random.get_state()[1].tolist() != state
    finally:
        np.random.set_state(before)
    assert_that(np.array_equal(first, again), "generators in the same state give different masks")
    assert_that(not touched, "dropout_forward draws from NumPy's global generator, or seeds it, beside the one it gets")
    other = forward(impl, x, HALF, seed=6)[0] != 0
    assert_that(not np.array_equal(first, other), "generators of different seeds give the same mask")


@spec("dropout.same_mask", after="dropout.entries")
def test_same_mask(impl, networks):
    """The backward pass multiplies by the mask of the forward pass, dropped entries and factor alike."""
    rule = layer(impl, networks)
    for rate in RATES:
        for shape in (*shapes(impl, networks), (64, 64)):
            x, dout = entries(shape), entries(shape, seed=1)
            out, cache = forward(impl, x, rate)
            assert_masked(impl.dropout_backward(dout, cache), dout, out != 0, rule.at(rate))


@spec("dropout.zero_inputs", after=("dropout.same_mask", "dropout.rate"))
def test_zero_inputs(impl, networks):
    """An input of zero has a mask as well: its gradient passes with probability 1 - rate."""
    rule, dout = layer(impl, networks), entries((SIDE, SIDE), seed=1)
    for rate in RATES:
        for name, x in (("zero", np.zeros(dout.shape)), ("negative", -np.abs(dout))):
            _, cache = forward(impl, x, rate, seed=7)
            dx = impl.dropout_backward(dout, cache)
            assert_entries(dx, dout, rule.at(rate), what=f"dx of inputs that are {name}")
            what = f"the part of the gradients of inputs that are {name} which is dropped at rate {rate:g}"
            assert_close(np.mean(dx == 0), rate, bound=fraction_tail(dx.size), what=what)


@spec("dropout.linearity", after="dropout.same_mask")
def test_linearity(impl, networks):
    """The backward pass is linear in dout, and the adjoint of the forward pass: dx . x = dout . out."""
    rule, x = layer(impl, networks), entries((8, 8))
    out, cache = forward(impl, x, HALF)
    for scale in (2.0**-20, 1.0, 2.0**20, 0.0):
        dout = scale * entries((8, 8), seed=1)
        dx = impl.dropout_backward(dout, cache).astype(np.float64)
        terms = np.abs(rule.scale * x * dout).sum()
        bound = (2 * rule.error + gamma(2 * x.size, UNIT_ROUNDOFF["float64"])) * terms
        what = f"the sum of dx x, where dout has entries of about {scale:g},"
        assert_close((dx * x).sum(), (dout * out).sum(), bound=bound, what=what)
        assert_masked(dx, dout, out != 0, rule.at(HALF), what=f"dx of dout of about {scale:g},")


@spec("dropout.caches", after="dropout.same_mask")
def test_caches(impl, networks):
    """Each forward pass has its own cache, which serves any number of backward passes."""
    rule = layer(impl, networks).at(HALF)
    x, dout = entries((16, 16)), entries((16, 16), seed=1)
    out, cache = forward(impl, x, HALF)
    forward(impl, dout, HALF, seed=1)
    _, later = forward(impl, entries((3, 4)), RATES[0], seed=2)
    impl.dropout_backward(entries((3, 4), seed=1), later)
    for _ in range(TIMES):
        what = "dx from a cache made before another forward pass"
        assert_masked(impl.dropout_backward(dout, cache), dout, out != 0, rule, what=what)


@spec("dropout.evaluation", after="dropout.entries")
def test_evaluation(impl, networks):
    """Outside of training nothing is dropped, and the output is x."""
    rule = layer(impl, networks)
    for rate in RATES:
        for shape in shapes(impl, networks):
            x = entries(shape)
            try:
                out = impl.dropout_evaluate(x, rate)
            except Absent:
                raise NotApplicable("the code shows no mode for evaluation: it is then dropout of rate 0") from None
            value, error = rule.at(rate).evaluated(x)
            assert_close(out, value, bound=error, what=f"the output outside of training at rate {rate:g}")


@spec("dropout.single_precision", after="dropout.same_mask")
def test_single_precision(impl, networks):
    """Inputs and gradients of float32 are computed with to float32's rounding."""
    rule = replace(layer(impl, networks), u=UNIT_ROUNDOFF["float32"])
    for rate in (*RATES, 0.2):
        x, dout = (entries((8, 8), seed).astype(np.float32) for seed in (0, 1))
        out, cache = forward(impl, x, rate)
        assert_entries(out, x, rule.at(rate), what="out of float32")
        assert_masked(impl.dropout_backward(dout, cache), dout, out != 0, rule.at(rate), what="dx of float32")


@spec("dropout.golden", after="dropout.same_mask")
def test_golden(impl, networks):
    """What is kept, and its gradient, agree with golden values computed to 50 digits."""
    rule = layer(impl, networks)
    for known in golden.values("dropout")["kept"]:
        for seed in range(4):
            x, dout = known.x[None], known.dout[None]
            out, cache = forward(impl, x, known.rate, seed)
            at = rule.at(known.rate)
            kept, right = out != 0, (known.out, known.dx) if rule.form == "inverted" else (known.x, known.dout)
            error = at.error * np.abs(right)
            what = f"at rate {known.rate:g}"
            assert_close(out, np.where(kept, right[0], 0.0), bound=error[0], what=f"out {what}")
            dx = impl.dropout_backward(dout, cache)
            assert_close(dx, np.where(kept, right[1], 0.0), bound=error[1], what=f"dx {what}")


ONES = np.ones((8, 8))
TRIALS = {  # {operation: two results that differ if the operation uses its arguments}
    "dropout_forward": lambda impl: [forward(impl, x, HALF)[0] for x in (ONES, 2 * ONES)],
    "dropout_backward": lambda impl: [
        impl.dropout_backward(dout, forward(impl, ONES, HALF)[1]) for dout in (ONES, 2 * ONES)
    ],
    "dropout_evaluate": lambda impl: [impl.dropout_evaluate(x, HALF) for x in (ONES, 2 * ONES)],
}
