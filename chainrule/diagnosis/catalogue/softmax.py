"""Mistakes in softmax."""

from functools import partial

import numpy as np

from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.model import NORMALIZING, SOFTMAX
from chainrule.diagnosis.questions import of_function
from chainrule.reference import log_sum_exp

MEND_SHIFT = "e = np.exp(z - z.max(axis=1, keepdims=True)); return e / e.sum(axis=1, keepdims=True)"
mistake = partial(add, mend=MEND_SHIFT)


def questions(_setting):
    rng = np.random.default_rng(3)
    inputs = (
        ("one sample", [[1.0, 2.0, 0.0]]),
        ("two classes", [[1.0, 2.5], [0.0, 4.0]]),
        ("whole numbers", [[2.0, -1.0, 0.0], [1.0, 1.0, 3.0]]),
        ("five samples, three classes", rng.normal(size=(5, 3)) * 2),
        ("samples far apart", [[1000.0, 1001.0, 1002.0], [-1000.0, -1001.0, -999.0]]),
        ("logits about -1000", [[-1000.0, -1001.0, -999.0]]),
        ("logits of 1000", [[1000.0, 0.0, 999.0]]),
        ("logits 4000 apart", [[4000.0, 0.0, -4000.0]]),
        ("probabilities of 1e-22", [[0.0, -50.0, -20.0], [-30.0, 3.0, 1.0]]),
        ("unlikely classes of two", [[0.0, -45.0], [-45.0, 0.0]]),
    )
    yield from of_function("softmax", inputs, "softmax(z)")


concern("softmax", SOFTMAX, questions, stages=[NORMALIZING])
about("softmax golden.softmax", "softmax")


def ratio(numerator, denominator):
    """Quotients as NumPy gives them, infinite and undefined ones too."""
    with np.errstate(all="ignore"):
        return numerator / denominator


def share(e):
    return ratio(e, e.sum(axis=1, keepdims=True))


def shifted(z):
    return z - z.max(axis=1, keepdims=True)


def exponential(z):
    with np.errstate(all="ignore"):
        return np.exp(z)


def plain_log_sum_exp(z, y):
    """The loss of logits whose exponentials are taken as they are."""
    with np.errstate(all="ignore"):
        return float((np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]).mean())


def with_one_hot(z, y):
    """The same from one_hot * (z - log-sum-exp), where 0 meets infinity."""
    with np.errstate(all="ignore"):
        return float(-(np.eye(z.shape[1])[y] * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))).sum() / len(z))


def without_log(z, y):
    """sum exp(z) - z[y], the logarithm left out."""
    return float((exponential(z).sum(axis=1) - z[np.arange(len(y)), y]).mean())


mistake(
    "softmax-no-shift",
    "the row maximum is not subtracted before exp",
    "exp(710) is already infinite in float64, and inf / inf is nan. softmax does not change when a constant is "
    "subtracted from a row, and with the maximum subtracted no exponential exceeds 1.",
    clause="softmax.overflow",
    fingerprint="exp(z) / sum exp(z)",
    variants={
        "": {"shift": lambda right, z: z},
        "in a log-sum-exp": {"loss_of_logits": lambda right, z, y: plain_log_sum_exp(z, y)},
        "in a log-sum-exp, beside one-hot labels": {"loss_of_logits": lambda right, z, y: with_one_hot(z, y)},
    },
)
mistake(
    "loss-log-missing",
    "the logarithm of the sum of the exponentials is missing",
    "log softmax(z) = z - log sum exp(z). Without the logarithm the loss of a sure and right prediction is 1, not 0: "
    "and its gradient is not p - y.",
    clause="network.loss",
    mend="z - np.log(np.exp(z).sum(axis=1, keepdims=True))",
    fingerprint="sum exp(z) - z[y]",
    loss_of_logits={
        "of shifted logits": lambda right, z, y: without_log(z - z.max(axis=1, keepdims=True), y),
        "of the logits": lambda right, z, y: without_log(z, y),
    },
)
mistake(
    "softmax-other-shift",
    "something else than the row maximum is subtracted before exp",
    "Only the maximum makes every exponent at most 0. With the mean, the minimum, or a maximum of absolute "
    "values the largest logit may still overflow, or all of them underflow.",
    clause="softmax.overflow",
    fingerprint="exp(z - c) / sum exp(z - c) with another c",
    shift={
        name: lambda right, z, c=c: z - c(z)
        for name, c in {
            "the mean": lambda z: z.mean(axis=1, keepdims=True),
            "the minimum": lambda z: z.min(axis=1, keepdims=True),
            "the sum": lambda z: z.sum(axis=1, keepdims=True),
            "minus the maximum": lambda z: -z.max(axis=1, keepdims=True),
            "the largest absolute value": lambda z: np.abs(z).max(axis=1, keepdims=True),
        }.items()
    },
)
mistake(
    "softmax-global-maximum",
    "the maximum of the whole batch is subtracted, not that of each row",
    "z.max() without an axis. A row whose logits lie far below the batch's largest underflows to 0 / 0: what one "
    "sample gets then depends on the others.",
    clause="softmax.rows_independent",
    mend="z.max(axis=1, keepdims=True)",
    fingerprint="exp(z - max over the batch), divided by its row sum",
    shift=lambda right, z: z - z.max(),
)
mistake(
    "softmax-column-maximum",
    "the maximum is taken over the batch, not over the classes",
    "z.max(axis=0) subtracts something else from every class, and that changes the probabilities.",
    clause="softmax.overflow",
    mend="z.max(axis=1, keepdims=True)",
    fingerprint="exp(z - max over the samples), divided by its row sum",
    shift=lambda right, z: z - z.max(axis=0),
)
mistake(
    "softmax-over-batch",
    "the sum runs over the samples, not over the classes",
    "The axis is the other one. Each class's column sums to 1, and a sample's row does not.",
    clause="softmax.normalized",
    mend="sum over the classes: e.sum(axis=1, keepdims=True) where samples are rows",
    fingerprint="exp(z) / sum over n of exp(z)",
    variants={
        "": {"total": lambda right, e: e.sum(axis=0)},
        "the maximum too": {"softmax": lambda right, z: right(z.T).T},
    },
)
mistake(
    "softmax-over-everything",
    "the sum runs over the whole batch",
    "exp(z).sum() without an axis: all probabilities of the batch together sum to 1, where every row should. A "
    "single sample alone comes out right, which hides it.",
    clause="softmax.normalized",
    mend="e.sum(axis=1, keepdims=True)",
    fingerprint="exp(z) / sum over n and k of exp(z)",
    variants={
        "": {"total": lambda right, e: e.sum()},
        "the maximum too": {"softmax": lambda right, z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()},
    },
)
mistake(
    "softmax-unnormalized",
    "the exponentials are not divided by their sum",
    "exp(z) are odds, not probabilities: they need not sum to 1.",
    clause="softmax.range",
    mend="divide by e.sum(axis=1, keepdims=True)",
    fingerprint="exp(z - max z)",
    variants={
        "": {"total": lambda right, e: 1.0},
        "not shifted either": {"softmax": lambda right, z: exponential(z)},
    },
)
mistake(
    "softmax-divided-by-maximum",
    "divided by the largest exponential, not by their sum",
    "The likeliest class gets 1 and the row sums to more than that.",
    clause="softmax.normalized",
    mend="divide by e.sum(axis=1, keepdims=True)",
    fingerprint="exp(z) / max exp(z)",
    total=lambda right, e: e.max(axis=1, keepdims=True),
)
mistake(
    "softmax-averaged",
    "divided by the mean of the exponentials, not by their sum",
    "e.mean for e.sum: every row sums to K, the number of classes.",
    clause="softmax.range",
    mend="e.sum(axis=1, keepdims=True)",
    fingerprint="K softmax(z)",
    total=lambda right, e: e.mean(axis=1, keepdims=True),
)
mistake(
    "softmax-odds",
    "each class is divided by the sum of the others",
    "p / (1 - p) are odds.",
    clause="softmax.range",
    mend="divide by the sum over all classes, the own one included",
    fingerprint="p / (1 - p)",
    total=lambda right, e: right(e) - e,
)
mistake(
    "softmax-sigmoid",
    "each logit goes through the logistic sigmoid",
    "Sigmoids treat the classes as independent questions; their sum is not 1. softmax makes them compete.",
    clause="softmax.normalized",
    fingerprint="1 / (1 + exp(-z))",
    softmax=lambda right, z: np.exp(-np.logaddexp(0.0, -z)),
)
mistake(
    "softmax-logarithm",
    "log-probabilities are returned",
    "log softmax(z) is what the loss needs, and not what softmax is: probabilities lie between 0 and 1.",
    clause="softmax.range",
    mend="np.exp of it; or keep a log_softmax under a name of its own",
    fingerprint="z - log sum exp(z)",
    softmax=lambda right, z: z - log_sum_exp(z)[:, None],
)
mistake(
    "softmax-negated",
    "exp(-z): the sign is wrong",
    "The largest logit gets the smallest probability.",
    clause="softmax.monotonicity",
    mend="np.exp(z - z.max(axis=1, keepdims=True))",
    fingerprint="exp(-z) / sum exp(-z)",
    softmax=lambda right, z: right(-z),
)
mistake(
    "softmax-twice",
    "softmax is applied twice",
    "The probabilities are taken for logits: the result is nearly uniform, and no class can be sure.",
    clause="softmax.values",
    mend="apply it once",
    fingerprint="softmax(softmax(z))",
    softmax=lambda right, z: right(right(z)),
)
mistake(
    "softmax-temperature",
    "the logits are scaled before softmax",
    "A temperature makes the distribution flatter or sharper; softmax has none.",
    clause="softmax.jacobian",
    mend="no division of z",
    fingerprint="softmax(z / T)",
    softmax={
        name: lambda right, z, t=t: right(z / t(z))
        for name, t in {
            "T = sqrt K": lambda z: np.sqrt(z.shape[1]),
            "T = K": lambda z: z.shape[1],
            "T = N": lambda z: len(z),
            "T = 2": lambda z: 2.0,
            "T = 10": lambda z: 10.0,
            "T = 0.5": lambda z: 0.5,
            "T = 0.1": lambda z: 0.1,
            "T = max |z|": lambda z: np.maximum(np.abs(z).max(axis=1, keepdims=True), 1e-300),
        }.items()
    },
)
mistake(
    "softmax-base-two",
    "powers of two in place of exp",
    "2^z for e^z is a softmax of z log 2.",
    clause="softmax.jacobian",
    mend="np.exp",
    fingerprint="2^z / sum 2^z",
    softmax={
        "": lambda right, z: right(z * np.log(2)),
        "ten": lambda right, z: right(z * np.log(10)),
    },
)
mistake(
    "softmax-exponent-divided",
    "the logits are divided by their sum before exp, not the exponentials after it",
    "exp(z / sum z) is positive, and no row of it sums to 1: the sum is that of the exponentials.",
    clause="softmax.normalized",
    fingerprint="exp(z / sum z)",
    softmax={
        "": lambda right, z: np.exp(ratio(z, z.sum(axis=1, keepdims=True))),
        "less the maximum": lambda right, z: np.exp(ratio(shifted(z), shifted(z).sum(axis=1, keepdims=True))),
    },
)
mistake(
    "softmax-shift-after-exp",
    "the maximum is subtracted after exp, not before",
    "exp(z) - max z may be negative, and exp(z) has overflowed by then: exp(z - max z) is what cannot.",
    clause="softmax.range",
    fingerprint="(exp(z) - max z) / sum (exp(z) - max z), or with max exp(z)",
    softmax={
        "max z": lambda right, z: share(exponential(z) - z.max(axis=1, keepdims=True)),
        "max exp(z)": lambda right, z: share(shifted(exponential(z))),
        "max z, from the numerator": lambda right, z: ratio(
            exponential(z) - z.max(axis=1, keepdims=True), exponential(z).sum(axis=1, keepdims=True)
        ),
    },
)
mistake(
    "softmax-linear",
    "the logits are divided by their sum, without exp",
    "z / sum z may be negative, and divides by zero where the logits cancel.",
    clause="softmax.range",
    fingerprint="z / sum z",
    softmax={
        "": lambda right, z: ratio(z, z.sum(axis=1, keepdims=True)),
        "of |z|": lambda right, z: ratio(np.abs(z), np.abs(z).sum(axis=1, keepdims=True)),
    },
)
mistake(
    "softmax-epsilon",
    "an epsilon is added to the denominator",
    "With the maximum subtracted the sum is at least 1, and never zero: the epsilon protects from nothing, and "
    "the rows no longer sum to 1.",
    clause="softmax.normalized",
    mend="no epsilon: e / e.sum(axis=1, keepdims=True)",
    fingerprint="exp(z - max z) / (sum exp(z - max z) + eps)",
    total={
        f"eps = {eps:g}": lambda right, e, eps=eps: right(e) + eps
        for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
    },
)
mistake(
    "softmax-clipped",
    "probabilities are clipped",
    "A floor under the probabilities makes what should be 1e-22 a thousand million times likelier; the gradient "
    "is then no longer p - y.",
    clause="softmax.underflow",
    mend="clip nothing here; a loss that takes logarithms of logits needs no floor",
    fingerprint="max(p, c) or min(max(p, c), 1 - c)",
    softmax={
        f"{name} {c:g}": lambda right, z, c=c, high=high: np.clip(right(z), c, 1 - c if high else 1)
        for c in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)
        for name, high in (("at", False), ("on both sides at", True))
    },
)
mistake(
    "softmax-logits-clipped",
    "the logits are clipped before exp",
    "Beyond the clip all logits are the same: softmax does not change when a constant is subtracted from a row, and "
    "with the maximum subtracted there is nothing to clip.",
    clause="softmax.overflow",
    fingerprint="exp(clip(z, -c, c)), divided by its sum",
    shift={
        f"{where} {c:g}": lambda right, z, c=c, of=of: of(right, z, c)
        for c in (5.0, 10.0, 20.0, 30.0, 50.0, 100.0, 200.0, 300.0, 500.0, 700.0, 709.0)
        for where, of in (
            ("at", lambda right, z, c: np.clip(z, -c, c)),
            ("above at", lambda right, z, c: np.minimum(z, c)),
            ("less the maximum, at", lambda right, z, c: np.maximum(right(z), -c)),
        )
    },
)
mistake(
    "softmax-flushed",
    "small probabilities are set to zero",
    "A probability of 1e-22 is a number like any other, and its logarithm matters to the loss.",
    clause="softmax.underflow",
    mend="return the quotient as it is",
    fingerprint="p where p >= c, else 0",
    softmax={
        f"c = {c:g}": lambda right, z, c=c: np.where(right(z) < c, 0.0, right(z))
        for c in (1e-3, 1e-6, 1e-8, 1e-10, 1e-12, 1e-15, 1e-16, 1e-18, 1e-20)
    },
)
mistake(
    "softmax-rounded",
    "the logits are rounded, or put into an integer array",
    "np.array(z, dtype=int), np.round, or zeros of the dtype of an integer array drop what is after the point.",
    clause="softmax.shift_invariance",
    mend="compute in floating point",
    fingerprint="softmax(trunc z)",
    softmax={
        "cut": lambda right, z: right(np.trunc(z)),
        "to integers": lambda right, z: right(np.round(z)),
        "to a tenth": lambda right, z: right(np.round(z, 1)),
    },
)
mistake(
    "softmax-narrowed",
    "the probabilities are rounded to fewer digits",
    "A result stored in float32 or float16 in the midst of float64 arithmetic has lost half of its digits.",
    clause="softmax.normalized",
    mend="keep one precision throughout",
    fingerprint="softmax(z) rounded",
    softmax={
        "float32": lambda right, z: right(z).astype(np.float32).astype(np.float64),
        "float16": lambda right, z: right(z).astype(np.float16).astype(np.float64),
        "decimals": lambda right, z: np.round(right(z), 4),
    },
)
mistake(
    "softmax-sorted",
    "the classes are sorted by size",
    "Probabilities must stand in the place of their logits.",
    clause="softmax.permutation",
    mend="do not sort",
    fingerprint="softmax(sort z)",
    softmax={
        "upwards": lambda right, z: right(np.sort(z, axis=1)),
        "downwards": lambda right, z: right(-np.sort(-z, axis=1)),
        "reversed": lambda right, z: right(z[:, ::-1]),
    },
)
mistake(
    "softmax-hard",
    "the likeliest class gets everything",
    "argmax is not softmax: it has no gradient.",
    clause="softmax.values",
    fingerprint="one-hot of argmax z",
    softmax=lambda right, z: np.eye(z.shape[1])[z.argmax(axis=1)],
)
mistake(
    "softmax-remainder",
    "one class is computed as what the others leave of 1",
    "1 - p cancels: where the class is unlikely, all of its digits are those of the rounding.",
    clause="softmax.log_softmax",
    mend="compute every class as exp(z - max z) / sum",
    fingerprint="1 - sum of the other probabilities",
    softmax={
        name: lambda right, z, k=k, only=only: remainder(right(z), k, only)
        for name, k, only in (
            ("the last", -1, 0),
            ("the first", 0, 0),
            ("of two, the first", 0, 2),
            ("of two, the last", -1, 2),
        )
    },
)
mistake(
    "softmax-in-place",
    "softmax writes into its argument",
    "z -= z.max(...) changes the caller's array: the logits are gone that something else may need.",
    clause="softmax.input_kept",
    mend="z = z - z.max(axis=1, keepdims=True), which makes a new array",
    lines=("z -= z.max(axis=1, keepdims=True)", "z = z - z.max(axis=1, keepdims=True)"),
    fingerprint="after softmax(z), z is z - max z",
    broken="softmax.input_kept",
)
mistake(
    "softmax-shape",
    "the result has another shape than the logits",
    "squeeze(), a missing keepdims or a flattened row: (N, K) logits must give (N, K) probabilities, for N = 1 too.",
    clause="softmax.shape",
    mend="keep both axes: axis=1, keepdims=True, and no squeeze",
    lines=("return (e / e.sum(axis=1, keepdims=True)).squeeze()", "return e / e.sum(axis=1, keepdims=True)"),
    fingerprint="softmax(z).shape != z.shape",
    broken="softmax.shape",
)


def remainder(p, k, only):
    """Probabilities of which class k is what the others leave of one; `only`: where there are that many classes."""
    if only in (0, p.shape[1]):
        p = p.copy()
        p[:, k] = 1 - np.delete(p, k % p.shape[1], axis=1).sum(axis=1)
    return p
