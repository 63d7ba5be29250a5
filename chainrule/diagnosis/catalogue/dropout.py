"""Mistakes in dropout.

What is random is compared by what does not depend on the draws: which factors occur, which entries agree, and how many
are dropped in all of several passes.
"""

from functools import partial
from unittest import SkipTest

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add, also
from chainrule.diagnosis.model import part

MASKED = "mask = (rng.random(x.shape) >= rate) / (1 - rate); out = x * mask"
BACK = "dx = dout * mask, with the mask of the forward pass"
of_masks = partial(add, chapter="dropout", mend=MASKED)
of_gradients = partial(add, chapter="dropout", mend=BACK)
of_evaluation = partial(add, chapter="dropout", mend='if mode == "test": out = x')

RATES = (0.4, 0.75)  # at which keeping and dropping differ, and normal numbers from uniform ones
PASSES = 24  # in which a mask of one number is neither always kept nor always dropped
PART = 0.03  # how far the parts of all entries may differ by chance: nine standard deviations
ROUNDED = 1e-6  # factors of a mask in float32
NEARLY_ALL = 0.95
SQUARE = (32, 32)
DRAWN_ONCE = 12  # the seed of who draws one mask for all
OTHERS = np.random.default_rng(13)  # of who does not look at the generator


@part
def dropout_forward(parts, x, rate, rng):
    kept = parts.dropout_mask(x, rate, rng)
    return parts.dropout_output(x, kept, parts.dropout_factor(rate))


@part
def dropout_mask(parts, x, rate, rng):
    """1 for what is kept, 0 for what is dropped."""
    return (rng.random(np.shape(x)) >= rate) * 1.0


@part
def dropout_factor(parts, rate):
    """What a kept entry is multiplied by."""
    return 1 / (1 - rate)


@part
def dropout_output(parts, x, kept, factor):
    return x * kept * factor


@part
def dropout_backward_pass(parts, dout, x, rate, rng):
    kept = parts.dropout_mask(x, rate, rng)
    out = parts.dropout_output(x, kept, parts.dropout_factor(rate))
    return out, parts.dropout_gradient(dout, kept, x, out, rate, rng)


@part
def dropout_gradient(parts, dout, kept, x, out, rate, rng):
    return dout * kept / (1 - rate)


@part
def dropout_evaluate(parts, x, rate):
    return x * 1.0


def generator(seed=1):
    return np.random.default_rng(seed)


def extremes(values):
    """The smallest and the largest of some values, nan without any."""
    values = np.asarray(values, np.float64)
    return np.array([values.min(), values.max()] if values.size else [np.nan, np.nan])


def evaluated(actor, x, rate):
    """What is made of x outside of training; None if the code shows no mode."""
    try:
        return np.asarray(actor.function("dropout_evaluate", x, rate)[0], np.float64)
    except SkipTest:
        return None


def elsewhere(actor, rate):
    """The factor that an actor's evaluation has in place of its training: 1 - rate in the classic form, else 1."""
    x = np.ones(SQUARE)
    out, outside = np.asarray(actor.function("dropout_forward", x, rate, generator())[0]), evaluated(actor, x, rate)
    kept = out[out != 0]
    classic = outside is not None and kept.size and np.allclose(kept, 1) and np.allclose(outside, 1 - rate)
    return 1 - rate if classic else 1.0


def passes(actor, x, rate):
    """The outputs of several passes, drawn from one generator."""
    rng = generator()
    return np.array([np.asarray(actor.function("dropout_forward", x, rate, rng)[0]) for _ in range(PASSES)])


def of_forward(_setting):
    """Questions about what is kept, by which factor, and how the draws hang together."""
    for rate in RATES:

        def factors(actor, rate=rate):
            found = []
            for size in (2.0, -3.0):
                out = passes(actor, np.full(SQUARE, size), rate)
                found.append(extremes(out[out != 0] / size / elsewhere(actor, rate)))
            return found

        labels = ["the least and the largest factor of x > 0", "the least and the largest factor of x < 0"]
        yield Question(f"what is kept at rate {rate}", factors, labels, slack=ROUNDED)

        def drawn(actor, rate=rate):
            kept = passes(actor, np.ones(SQUARE), rate) != 0
            pairs = (kept[:, 1:], kept[:, :-1]), (kept[..., 1:], kept[..., :-1]), (kept[1:], kept[:-1])
            same = [(a == b).mean() > NEARLY_ALL for a, b in pairs]
            part = np.nan if any(same) and not kept.all() and kept.any() else 1 - kept.mean()
            return [np.array([part, *same], np.float64)]

        labels = ["the part that is dropped; whether rows, columns, passes agree"]
        yield Question(f"several passes at rate {rate}", drawn, labels, slack=PART)

    def seeded(actor):
        masks = [actor.function("dropout_forward", np.ones(SQUARE), 0.5, generator(seed))[0] for seed in (1, 1, 2)]
        one, again, other = (np.asarray(mask) != 0 for mask in masks)
        return [np.array([np.array_equal(one, again), np.array_equal(one, other)], np.float64)]

    yield Question("seeds", seeded, ["whether one seed gives the same mask, and another one does"])


def of_backward(_setting):
    """Questions about the gradient of what is kept, and of what is dropped, for x of each sign and zero."""
    for rate in RATES:
        for size in (2.0, -2.0, 0.0):
            for slope in (3.0, -5.0):

                def factors(actor, rate=rate, size=size, slope=slope):
                    x, dout = np.full(SQUARE, size), np.full(SQUARE, slope)
                    (out,), (dx,) = actor.there_and_back("dropout_backward", dout, x, rate, generator())
                    out, dx = np.asarray(out), np.asarray(dx, np.float64) / slope / elsewhere(actor, rate)
                    return [extremes(dx[out != 0]), extremes(dx[out == 0])]

                labels = ["the least and the largest factor of what is kept", "of what is dropped"]
                what = f"the gradient {slope:g} of x = {size:g} at rate {rate}"
                yield Question(what, factors, labels, slack=ROUNDED)


def of_evaluating(_setting):
    """Questions about the output outside of training."""
    for rate in RATES:

        def factors(actor, rate=rate):
            out = np.asarray(actor.function("dropout_evaluate", np.full(SQUARE, 2.0), rate)[0], np.float64)
            zeros = (out == 0).mean()
            there = float(zeros == 1) if zeros in (0, 1) else 0.5
            return [extremes(out[out != 0] / 2 / elsewhere(actor, rate)), np.array(there)]

        labels = ["the least and the largest factor", "whether none, some or all of it is zero"]
        yield Question(f"evaluation at rate {rate}", factors, labels, slack=ROUNDED)


MASK = frozenset({"dropout_mask"})
OUTPUT = frozenset({"dropout_factor", "dropout_output"})
concern("dropout_forward", {*MASK, *OUTPUT}, of_forward, own=[MASK, OUTPUT], stages=[(MASK, OUTPUT)])
concern("dropout_backward", {"dropout_gradient"}, of_backward, runs=["dropout_forward"])
concern("dropout_evaluate", {"dropout_evaluate"}, of_evaluating)
about("dropout", "dropout_forward", "dropout_backward", "dropout_evaluate")
about("dropout.same_mask dropout.zero_inputs dropout.linearity dropout.caches", "dropout_backward")
about("dropout.evaluation", "dropout_evaluate")


def once(parts_of_shape):
    """A mask that has fewer draws than entries, and is broadcast."""

    def mask(right, x, rate, rng):
        return right(np.ones(parts_of_shape(np.shape(x))), rate, rng) * np.ones(np.shape(x))

    return mask


def normal(right, x, rate, rng, kept):
    """Normal numbers in place of uniform ones.  kept: of the numbers, which are kept."""
    return kept(rng.standard_normal(np.shape(x)), rate) * 1.0


# The mask

of_masks(
    "dropout-keeps-the-rate",
    "keep and drop are exchanged: an entry is kept with probability `rate`",
    "`rng.random() < rate` is true with probability rate. What it selects is dropped, or the probability is "
    "that of keeping, 1 - rate.",
    clause="dropout.rate",
    fingerprint="P(out = 0) = 1 - rate",
    variants={
        "with 1 / (1 - rate)": {"dropout_mask": lambda right, x, rate, rng: right(x, 1 - rate, rng)},
        "with 1 / rate": {
            "dropout_mask": lambda right, x, rate, rng: right(x, 1 - rate, rng),
            "dropout_factor": lambda right, rate: 1 / rate,
        },
        "without a factor": {
            "dropout_mask": lambda right, x, rate, rng: right(x, 1 - rate, rng),
            "dropout_factor": lambda right, rate: 1.0,
        },
    },
)
of_masks(
    "dropout-normal-mask",
    "the mask is drawn from a normal distribution",
    "`randn` gives normal numbers, half of them negative: below 0.5 there are 69 % of them. The probability of a "
    "uniform number below q is q: `rand`, or `rng.random`.",
    clause="dropout.rate",
    fingerprint="P(out = 0) = P(normal < rate)",
    dropout_mask={
        "normal < 1 - rate": partial(normal, kept=lambda n, rate: n < 1 - rate),
        "normal >= rate": partial(normal, kept=lambda n, rate: n >= rate),
        "normal < rate": partial(normal, kept=lambda n, rate: n < rate),
        "normal >= 1 - rate": partial(normal, kept=lambda n, rate: n >= 1 - rate),
        "|normal| < 1 - rate": partial(normal, kept=lambda n, rate: np.abs(n) < 1 - rate),
        "|normal| >= rate": partial(normal, kept=lambda n, rate: np.abs(n) >= rate),
    },
)
of_masks(
    "dropout-rate-fixed",
    "the mask has a rate of its own",
    "The probability is a number in the code, or a default, and not the rate that was asked for.",
    clause="dropout.rate",
    fingerprint="P(out = 0) = 1/2 whatever the rate",
    variants={
        f"{fixed:g}{detail}": {"dropout_mask": lambda right, x, rate, rng, fixed=fixed: right(x, fixed, rng)}
        | ({"dropout_factor": lambda right, rate, fixed=fixed: 1 / (1 - fixed)} if detail else {})
        for fixed in (0.5, 0.2, 0.8, 0.1, 0.3)
        for detail in ("", ", with its factor")
    },
)
of_masks(
    "dropout-drops-nothing",
    "nothing is dropped",
    "The mask is all ones, or is not multiplied in.",
    clause="dropout.rate",
    fingerprint="P(out = 0) = 0",
    variants={
        "": {"dropout_mask": lambda right, x, rate, rng: np.ones(np.shape(x))},
        "x itself": {
            "dropout_mask": lambda right, x, rate, rng: np.ones(np.shape(x)),
            "dropout_factor": lambda right, rate: 1.0,
        },
    },
)
of_masks(
    "dropout-mask-of-units",
    "all samples have the same mask: it has one draw for each unit",
    "A mask of the shape of a row broadcasts over the batch. Every entry needs a draw of its own.",
    clause="dropout.independent_entries",
    fingerprint="rng.random(x.shape[1])",
    dropout_mask=once(lambda shape: (1, *shape[1:])),
)
of_masks(
    "dropout-mask-of-samples",
    "whole samples are dropped: the mask has one draw for each of them",
    "A mask of shape (N, 1) broadcasts over the units. Every entry needs a draw of its own.",
    clause="dropout.independent_entries",
    fingerprint="rng.random((len(x), 1))",
    dropout_mask=once(lambda shape: (shape[0], *[1] * (len(shape) - 1))),
)
of_masks(
    "dropout-mask-of-the-batch",
    "the whole batch is kept or dropped: the mask is one number",
    "`rng.random()` without a shape is one number. Every entry needs a draw of its own.",
    clause="dropout.independent_entries",
    fingerprint="rng.random()",
    dropout_mask=once(lambda shape: [1] * len(shape)),
)
of_masks(
    "dropout-mask-of-input",
    "the mask is taken from the input",
    "x > 0 is a ReLU's mask. Dropout's is drawn, whatever the input is.",
    clause="dropout.independent_of_input",
    fingerprint="x > 0",
    dropout_mask={
        "x > 0": lambda right, x, rate, rng: (x > 0) * 1.0,
        "x > 0 besides": lambda right, x, rate, rng: right(x, rate, rng) * (x > 0),
        "x > rate": lambda right, x, rate, rng: (x > rate) * 1.0,
    },
)
of_masks(
    "dropout-mask-repeats",
    "every forward pass has the same mask",
    "The mask is drawn once, in a constructor or where none is kept yet, or a seed is set in every call. Each pass "
    "draws its own, from a generator that goes on.",
    clause="dropout.fresh",
    mend="draw in forward, from a generator that was made or seeded outside of it",
    fingerprint="m[1] = m[2]",
    variants={
        f"{detail}": {
            "dropout_mask": lambda right, x, rate, rng: right(x, rate, generator(DRAWN_ONCE)),
            **({"dropout_factor": lambda right, rate, factor=factor: factor(rate)} if factor else {}),
        }
        for detail, factor in {"": None, "without 1 / (1 - rate)": lambda rate: 1.0}.items()
    },
)
of_masks(
    "dropout-generator-ignored",
    "the mask does not come from the generator",
    "np.random, or a generator that the function makes itself, knows nothing of the caller's seed: no run can be "
    "repeated.",
    clause="dropout.generator",
    mend="rng.random(x.shape)",
    fingerprint="one seed gives two masks",
    dropout_mask=lambda right, x, rate, rng: right(x, rate, OTHERS),
)

# The factor

of_masks(
    "dropout-unscaled",
    "what is kept is not divided by 1 - rate",
    "Without the factor the output's mean is (1 - rate) x. Divide in training, or multiply by 1 - rate in evaluation: "
    "one of the two.",
    clause="dropout.mean",
    fingerprint="x where kept",
    dropout_factor=lambda right, rate: 1.0,
)
of_masks(
    "dropout-divided-by-rate",
    "what is kept is divided by the rate",
    "The part that is kept is 1 - rate: that is what the mean has to be brought back from.",
    clause="dropout.mean",
    fingerprint="x / rate where kept",
    dropout_factor=lambda right, rate: 1 / rate,
)
of_masks(
    "dropout-multiplied",
    "what is kept is multiplied by a probability",
    "Multiplied by 1 - rate the mean shrinks once more; it has to grow. In training one divides.",
    clause="dropout.mean",
    fingerprint="(1 - rate) x where kept",
    dropout_factor={
        "1 - rate": lambda right, rate: 1 - rate,
        "rate": lambda right, rate: rate,
        "1 + rate": lambda right, rate: 1 + rate,
    },
)
of_masks(
    "dropout-applied-twice",
    "the mask, or its factor, is multiplied in twice",
    "A mask that has 1 / (1 - rate) in it is all that is needed: x * mask.",
    clause="dropout.mean",
    fingerprint="x / (1 - rate)^2 where kept",
    dropout_factor=lambda right, rate: 1 / (1 - rate) ** 2,
)
of_masks(
    "dropout-mask-added",
    "the mask is added, not multiplied in",
    "x + mask drops nothing. out = x * mask.",
    clause="dropout.entries",
    fingerprint="x + m",
    dropout_output={
        "m": lambda right, x, kept, factor: x + kept * factor,
        "0 or 1": lambda right, x, kept, factor: x + kept,
    },
)
of_masks(
    "dropout-returns-mask",
    "the output is the mask",
    "out = x * mask, and the mask goes into the cache.",
    clause="dropout.entries",
    fingerprint="m",
    dropout_output={
        "m": lambda right, x, kept, factor: kept * factor,
        "0 or 1": lambda right, x, kept, factor: kept,
    },
)
of_masks(
    "dropout-leaves-dropped",
    "what is dropped is negated, or kept as it is, and not set to zero",
    "The mask is 0 where an entry is dropped.",
    clause="dropout.entries",
    fingerprint="-x, or x, where dropped",
    dropout_output={
        "-x": lambda right, x, kept, factor: right(x, kept, factor) - x * (1 - kept),
        "x": lambda right, x, kept, factor: right(x, kept, factor) + x * (1 - kept),
    },
)

# The backward pass

of_gradients(
    "dropout-backward-unmasked",
    "the backward pass lets everything through",
    "Where the forward pass dropped an entry, the output does not depend on it, and its gradient is zero.",
    clause="dropout.same_mask",
    fingerprint="dout, or dout / (1 - rate)",
    dropout_gradient={
        "dout": lambda right, dout, kept, x, out, rate, rng: dout,
        "dout / (1 - rate)": lambda right, dout, kept, x, out, rate, rng: dout / (1 - rate),
        "(1 - rate) dout": lambda right, dout, kept, x, out, rate, rng: dout * (1 - rate),
    },
)
of_gradients(
    "dropout-backward-unscaled",
    "the gradient is not divided by 1 - rate",
    "out = x / (1 - rate) where kept, and so dx = dout / (1 - rate) there.",
    clause="dropout.same_mask",
    fingerprint="dout where kept",
    dropout_gradient=lambda right, dout, kept, x, out, rate, rng: dout * kept,
)
of_gradients(
    "dropout-backward-scaled-twice",
    "the gradient is divided by 1 - rate twice, or multiplied by it",
    "The factor is in the mask already, or it is not: once in all, as in the forward pass.",
    clause="dropout.same_mask",
    fingerprint="dout / (1 - rate)^2 where kept",
    dropout_gradient={
        "1 / (1 - rate)^2": lambda right, dout, kept, x, out, rate, rng: (
            right(dout, kept, x, out, rate, rng) / (1 - rate)
        ),
        "1 - rate": lambda right, dout, kept, x, out, rate, rng: dout * kept * (1 - rate),
        "1 / rate": lambda right, dout, kept, x, out, rate, rng: dout * kept / rate,
    },
)
of_gradients(
    "dropout-backward-draws-anew",
    "the backward pass draws a mask of its own",
    "The entries that it lets through are others than those that were kept. The forward pass keeps its mask for it.",
    clause="dropout.same_mask",
    fingerprint="dout m', m' drawn again",
    dropout_gradient={
        "": lambda right, dout, kept, x, out, rate, rng: right(
            dout, (rng.random(np.shape(x)) >= rate) * 1.0, x, out, rate, rng
        ),
        "without 1 / (1 - rate)": lambda right, dout, kept, x, out, rate, rng: dout * (rng.random(np.shape(x)) >= rate),
    },
)
of_gradients(
    "dropout-backward-inverted",
    "the backward pass lets through what was dropped",
    "The mask is the wrong way round in one of the two passes.",
    clause="dropout.same_mask",
    fingerprint="dout where dropped",
    dropout_gradient={
        "": lambda right, dout, kept, x, out, rate, rng: right(dout, 1 - kept, x, out, rate, rng),
        "without 1 / (1 - rate)": lambda right, dout, kept, x, out, rate, rng: dout * (1 - kept),
        "the rest of 1": lambda right, dout, kept, x, out, rate, rng: dout * (1 - kept / (1 - rate)),
    },
)
of_gradients(
    "dropout-backward-of-values",
    "the gradient is multiplied by x, or by the output",
    "The derivative of x m by x is m alone.",
    clause="dropout.same_mask",
    fingerprint="dout x m, or m without dout",
    dropout_gradient={
        "dout out": lambda right, dout, kept, x, out, rate, rng: dout * out,
        "dout x": lambda right, dout, kept, x, out, rate, rng: dout * x,
        "m": lambda right, dout, kept, x, out, rate, rng: kept / (1 - rate),
        "m, 0 or 1": lambda right, dout, kept, x, out, rate, rng: kept,
        "out": lambda right, dout, kept, x, out, rate, rng: out,
    },
)
of_gradients(
    "dropout-backward-masks-by-values",
    "the backward pass takes its mask from x, or from the output",
    "out != 0 is the mask only where x is not zero, and after a ReLU many are; x > 0 is the ReLU's own. The mask "
    "belongs into the cache.",
    clause="dropout.zero_inputs",
    fingerprint="dout (out != 0) / (1 - rate)",
    dropout_gradient={
        f"{detail}{scale}": lambda right, dout, kept, x, out, rate, rng, mask=mask, scale=scale: (
            dout * mask(x, out) / (1.0 if scale else 1 - rate)
        )
        for detail, mask in {
            "out != 0": lambda x, out: out != 0,
            "out > 0": lambda x, out: out > 0,
            "x > 0": lambda x, out: x > 0,
            "x != 0": lambda x, out: x != 0,
        }.items()
        for scale in ("", ", without 1 / (1 - rate)")
    },
)

# Evaluation, and what shows in no numbers

of_evaluation(
    "dropout-drops-in-evaluation",
    "evaluation drops entries as training does",
    "Outside of training all units work together: the mode is not looked at, or compared with another word.",
    clause="dropout.evaluation",
    fingerprint="zeros in the output of evaluation",
    dropout_evaluate={
        "": lambda right, x, rate: x * (generator().random(np.shape(x)) >= rate) / (1 - rate),
        "without 1 / (1 - rate)": lambda right, x, rate: x * (generator().random(np.shape(x)) >= rate),
    },
)
of_evaluation(
    "dropout-scales-in-evaluation",
    "evaluation multiplies by a factor, although training does already",
    "Training divides by 1 - rate so that nothing is left to do. A second factor makes the mean another one.",
    clause="dropout.evaluation",
    fingerprint="(1 - rate) x, or x / (1 - rate)",
    dropout_evaluate={
        "1 - rate": lambda right, x, rate: x * (1 - rate),
        "1 / (1 - rate)": lambda right, x, rate: x / (1 - rate),
        "rate": lambda right, x, rate: x * rate,
        "1 / rate": lambda right, x, rate: x / rate,
    },
)
of_evaluation(
    "dropout-nothing-in-evaluation",
    "evaluation gives zeros",
    "The output of evaluation is x; it is returned before it is set, or all of it is dropped.",
    clause="dropout.evaluation",
    fingerprint="0",
    dropout_evaluate=lambda right, x, rate: x * 0.0,
)
of_masks(
    "dropout-in-place",
    "dropout writes into its arguments or its cache",
    "`x *= mask` and `dout *= mask` change arrays that somebody else still holds: the layer below needs x for its own "
    "gradient.",
    clause="dropout.arguments_kept",
    mend="out = x * mask",
    lines=("x *= mask; return x, mask", "return x * mask, mask"),
    fingerprint="after the call an argument, or an array in the cache, has changed",
    broken="dropout.arguments_kept",
)
also("cache-stale", broken=["dropout.caches"])
also("gradient-buffers-reused", broken=["dropout.results_kept"])
