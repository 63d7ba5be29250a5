"""Mistakes in the cross-entropy."""

from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.questions import asking

MEND = "return -np.log(p[np.arange(len(y)), y]).mean()"
mistake = partial(add, mend=MEND)


def questions(setting):
    rng = np.random.default_rng(4)
    inputs = (
        ("one sample", [[0.2, 0.7, 0.1]], [1]),
        ("uniform probabilities", np.full((2, 5), 0.2), [4, 0]),
        ("two samples", [[0.2, 0.7, 0.1], [0.6, 0.1, 0.3]], [1, 0]),
        ("five samples, four classes", rng.dirichlet(np.ones(4), size=5), [0, 3, 1, 1, 2]),
        ("seven samples, three classes", rng.dirichlet(np.ones(3), size=7), [0, 1, 1, 1, 2, 0, 2]),
        ("small probabilities", [[1e-4, 1 - 1e-4], [0.25, 0.75]], [0, 1]),
        ("certain ones", [[1.0, 0.0], [0.0, 1.0]], [0, 1]),
        ("nearly certain ones", [[1 - 2.0**-27, 2.0**-27]], [0]),
        ("a true class of probability 0", [[0.0, 1.0], [0.5, 0.5]], [0, 1]),
    )
    for words, p, y in inputs:
        p, y = np.array(p), np.array(y)
        smallest = true(p, y).min()
        if not smallest and (setting.epsilon or setting.through):
            continue  # what an accepted epsilon makes of log 0 is nobody's mistake, and no network has such a logit
        slack = 4 * setting.epsilon / smallest + setting.probability_error(p) if smallest else 0.0
        yield Question(words, asking("cross_entropy", p, y), ["loss"], slack=slack, given=(p, y))


def true(p, y):
    """The probability of each sample's own class, (N,)."""
    return p[np.arange(len(y)), y]


def weighed(p, y):
    """-one_hot * log(p), as NumPy gives it: nan where p is 0."""
    with np.errstate(all="ignore"):
        return one_hot(p, y) * -np.log(p)


def surprise(p):
    with np.errstate(all="ignore"):
        return -np.log(p)


def one_hot(p, y):
    return np.eye(p.shape[1])[y]


concern("cross_entropy", {"cross_entropy"}, questions)
about("cross_entropy golden.cross_entropy", "cross_entropy")

mistake(
    "loss-summed",
    "the losses of the batch are added up, not averaged",
    "The sum grows with the batch: N times the mean. Learning rates then mean something else for every batch "
    "size. (A sum throughout, in loss and gradients alike, is a convention and is read as one.)",
    clause="cross_entropy.uniform",
    mend=MEND + "; or declare --convention reduction=sum, and sum the gradients as well",
    fingerprint="N loss",
    cross_entropy={
        "": lambda right, p, y: right(p, y) * len(y),
        "with one-hot labels, nan where p is 0": lambda right, p, y: float(weighed(p, y).sum()),
    },
)
mistake(
    "loss-averaged-twice",
    "the mean is divided by N once more",
    "np.mean has divided by the number of samples already.",
    clause="cross_entropy.uniform",
    fingerprint="loss / N",
    cross_entropy=lambda right, p, y: right(p, y) / len(y),
)
mistake(
    "loss-averaged-over-classes",
    "the mean runs over the classes too",
    "np.mean of one_hot * log(p) divides by N K, all entries; only N of them count.",
    clause="cross_entropy.uniform",
    mend="np.sum(...) / N in place of np.mean(...)",
    fingerprint="loss / K",
    cross_entropy={
        "": lambda right, p, y: right(p, y) / p.shape[1],
        "with one-hot labels, nan where p is 0": lambda right, p, y: float(weighed(p, y).mean()),
    },
)
mistake(
    "loss-divided-by-classes",
    "divided by the number of classes, not of samples",
    "shape[1] for shape[0], or the wrong one of N and K.",
    clause="cross_entropy.uniform",
    mend="divide by the number of samples",
    fingerprint="N loss / K",
    cross_entropy=lambda right, p, y: right(p, y) * len(y) / p.shape[1],
)
mistake(
    "loss-negated",
    "the minus sign is missing",
    "log p is negative for every p below 1. The loss must fall as p grows.",
    clause="cross_entropy.nonnegative",
    fingerprint="-loss",
    cross_entropy={
        "": lambda right, p, y: -right(p, y),
        "with one-hot labels, nan where p is 0": lambda right, p, y: -float(weighed(p, y).sum() / len(p)),
    },
)
mistake(
    "loss-log-base",
    "the logarithm has another base",
    "np.log2 counts bits and np.log10 decimal digits. The derivative of the natural logarithm is 1/p, and that "
    "is what makes the gradient p - y.",
    clause="cross_entropy.uniform",
    mend="np.log",
    fingerprint="loss / log b",
    cross_entropy={
        "b = 2": lambda right, p, y: right(p, y) / np.log(2),
        "b = 10": lambda right, p, y: right(p, y) / np.log(10),
        "b = K": lambda right, p, y: right(p, y) / np.log(p.shape[1]),
    },
)
mistake(
    "loss-one-plus",
    "log(1 + p) in place of log(p)",
    "np.log1p(p) is log(1 + p).",
    clause="cross_entropy.certainty",
    mend="np.log",
    fingerprint="mean of -log(1 + p)",
    cross_entropy={
        "": lambda right, p, y: -np.log1p(true(p, y)).mean(),
        "the sign too": lambda right, p, y: np.log1p(true(p, y)).mean(),
    },
)
mistake(
    "loss-halved",
    "a factor one half that does not belong here",
    "The 1/2 of the squared error cancels the 2 of its derivative; the cross-entropy has neither.",
    clause="cross_entropy.uniform",
    fingerprint="loss / 2, or 2 loss",
    cross_entropy={
        "1/2": lambda right, p, y: right(p, y) / 2,
        "2": lambda right, p, y: right(p, y) * 2,
    },
)
mistake(
    "loss-squared-error",
    "the squared error in place of the cross-entropy",
    "For probabilities the squared distance from the one-hot labels stays below 2 however wrong they are, and "
    "its gradient vanishes where the network is surely wrong.",
    clause="cross_entropy.zero_probability",
    fingerprint="mean of (p - y)^2",
    cross_entropy={
        name: lambda right, p, y, c=c: float(((p - one_hot(p, y)) ** 2).sum() * c(p))
        for name, c in {
            "": lambda p: 1 / len(p),
            "half": lambda p: 0.5 / len(p),
            "over all entries": lambda p: 1 / p.size,
            "summed": lambda p: 1.0,
            "half of the sum": lambda p: 0.5,
        }.items()
    },
)
mistake(
    "loss-binary",
    "the binary cross-entropy, summed over the classes",
    "-log(1 - p) of the other classes is added. That is the loss of K independent sigmoids; with softmax the "
    "true class's probability says all.",
    clause="cross_entropy.uniform",
    fingerprint="-sum over k of y log p + (1 - y) log(1 - p)",
    cross_entropy={
        name: lambda right, p, y, c=c: float(binary(p, y) * c(p))
        for name, c in {
            "": lambda p: 1 / len(p),
            "over all entries": lambda p: 1 / p.size,
            "summed": lambda p: 1.0,
        }.items()
    }
    | {
        f"{name}, nan where p is 0 or 1": lambda right, p, y, c=c: float(plain_binary(p, y) * c(p))
        for name, c in {"over N": lambda p: 1 / len(p), "over all entries": lambda p: 1 / p.size}.items()
    },
)
mistake(
    "loss-of-wrong-class",
    "the labels are off by one",
    "Labels run from 0 to K - 1. y - 1 takes the class before (and for class 0 the last one), y + 1 the one after.",
    clause="cross_entropy.certainty",
    mend="p[np.arange(len(y)), y]",
    fingerprint="-log p[n, y[n] - 1]",
    cross_entropy={
        "y - 1": lambda right, p, y: right(p, (y - 1) % p.shape[1]),
        "y + 1": lambda right, p, y: right(p, (y + 1) % p.shape[1]),
        "counted from the end": lambda right, p, y: right(p, p.shape[1] - 1 - y),
    },
)
mistake(
    "loss-of-prediction",
    "the loss of the likeliest class, whatever the label",
    "The label must pick the probability, not the network.",
    clause="cross_entropy.likelier_label",
    fingerprint="-log max_k p[n, k]",
    cross_entropy=lambda right, p, y: right(p, p.argmax(axis=1)),
)
mistake(
    "loss-of-all-classes",
    "whole columns of p are taken, not each sample's own entry",
    "p[:, y] picks whole columns, for every sample those of all labels; p[np.arange(N), y] picks one entry for "
    "each sample.",
    clause="cross_entropy.certainty",
    mend="p[np.arange(len(y)), y]",
    fingerprint="mean of -log p[m, y[n]] over all m and n",
    cross_entropy={
        "p[:, y], averaged": lambda right, p, y: float(surprise(p[:, y]).mean()),
        "p[:, y], summed over N": lambda right, p, y: float(surprise(p[:, y]).sum() / len(p)),
        "all classes, averaged": lambda right, p, y: float(surprise(p).mean()),
        "all classes, over N": lambda right, p, y: float(surprise(p).sum() / len(p)),
    },
)
mistake(
    "loss-of-one-class",
    "the loss of one class, the same for every sample, whatever the label",
    "An index is a number where the label should stand: the label says which probability counts.",
    clause="cross_entropy.certainty",
    mend="p[np.arange(len(y)), y], or p[n][y[n]] in a loop",
    fingerprint="mean of -log p[n, c], with one c",
    cross_entropy={
        name: lambda right, p, y, c=c: float(surprise(p[:, c]).mean())
        for name, c in (("the first", 0), ("the second", 1), ("the last", -1))
    },
)
mistake(
    "loss-linear",
    "the probability itself, without a logarithm",
    "1 - p and -p fall as p grows, but only the logarithm makes the gradient p - y.",
    clause="cross_entropy.zero_probability",
    fingerprint="mean of 1 - p, or of -p",
    cross_entropy={
        "1 - p": lambda right, p, y: float((1 - true(p, y)).mean()),
        "-p": lambda right, p, y: float(-true(p, y).mean()),
    },
)
mistake(
    "loss-log-of-mean",
    "the logarithm of the mean, not the mean of the logarithms",
    "The mean was taken first. log is concave, so the result is too small.",
    clause="cross_entropy.additivity",
    fingerprint="-log mean p",
    cross_entropy=lambda right, p, y: float(surprise(true(p, y).mean())),
)
mistake(
    "loss-median",
    "the median or another statistic in place of the mean",
    "The gradient is that of a mean: every sample counts alike.",
    clause="cross_entropy.additivity",
    fingerprint="median, largest or smallest of -log p",
    cross_entropy={
        "the median": lambda right, p, y: float(np.median(surprise(true(p, y)))),
        "the largest": lambda right, p, y: float(surprise(true(p, y)).max()),
        "the smallest": lambda right, p, y: float(surprise(true(p, y)).min()),
        "the last": lambda right, p, y: float(surprise(true(p, y))[-1]),
        "the first": lambda right, p, y: float(surprise(true(p, y))[0]),
    },
)
mistake(
    "loss-by-class",
    "the classes are averaged first, so that rare ones count more",
    "A mean over the classes of each class's mean weighs the samples differently.",
    clause="cross_entropy.kullback_leibler",
    fingerprint="mean over the classes of the mean over their samples",
    cross_entropy=lambda right, p, y: float(np.mean([right(p[y == k], y[y == k]) for k in np.unique(y)])),
)
mistake(
    "loss-label-smoothing",
    "the labels are smoothed",
    "A part of the labels' weight is spread over all classes. The loss of a perfect prediction is then not zero.",
    clause="cross_entropy.certainty",
    fingerprint="-sum over k of ((1 - a) y + a / K) log p",
    cross_entropy={
        f"a = {a}": lambda right, p, y, a=a: float(
            (1 - a) * right(p, y) + a * surprise(np.maximum(p, 1e-300)).mean(axis=1).mean()
        )
        for a in (0.05, 0.1, 0.2)
    },
)
mistake(
    "loss-focal",
    "a focal loss: sure samples count less",
    "(1 - p)^c before the logarithm is another loss, with another gradient.",
    clause="cross_entropy.values",
    fingerprint="mean of -(1 - p)^c log p",
    cross_entropy={
        f"c = {c}": lambda right, p, y, c=c: float(((1 - true(p, y)) ** c * surprise(true(p, y))).mean())
        for c in (1, 2, 5)
    },
)
mistake(
    "loss-epsilon",
    "the epsilon inside the logarithm is too large",
    "log(p + eps) is accepted up to eps = 1e-7, where it changes nothing that training would notice. A larger "
    "one bounds the loss of sure mistakes and bends its gradient.",
    clause="cross_entropy.epsilon",
    mend="an epsilon of 1e-12 or none; or take log-softmax of the logits",
    fingerprint="mean of -log(p + eps)",
    cross_entropy={
        f"eps = {eps:g}": lambda right, p, y, eps=eps: float(surprise(true(p, y) + eps).mean())
        for eps in (0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1.5e-7, 2e-7, 5e-7)
    },
)
mistake(
    "loss-clipped",
    "probabilities are clipped too early",
    "np.clip(p, c, 1) keeps the logarithm finite, but for a large c everything below it looks alike, and nothing "
    "is learned from it.",
    clause="cross_entropy.epsilon",
    mend="clip at 1e-12 or below, or not at all",
    fingerprint="mean of -log clip(p, c, 1 - c)",
    cross_entropy={
        f"{name} {c:g}": lambda right, p, y, c=c, high=high: right(np.clip(p, c, 1 - c if high else 1), y)
        for c in (0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 2e-7)
        for name, high in (("at", False), ("on both sides at", True))
    },
)
mistake(
    "loss-certainty-rounded",
    "the upper clip makes a sure prediction cost something, or nothing",
    "Near p = 1 the loss is 1 - p. A clip at 1 - c replaces it by c, and rounding p to 1 by 0.",
    clause="cross_entropy.near_one",
    mend="no upper bound on p",
    fingerprint="-log min(p, 1 - c), or 0 where p > 1 - c",
    cross_entropy={
        **{
            f"clipped at 1 - {c:g}": lambda right, p, y, c=c: right(np.minimum(p, 1 - c), y)
            for c in (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
        },
        **{
            f"one above 1 - {c:g}": lambda right, p, y, c=c: right(np.where(p > 1 - c, 1.0, p), y)
            for c in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
        },
    },
)
mistake(
    "loss-zero-times-infinity",
    "one_hot * log(p) is nan where p is 0",
    "0 times -inf is nan: the logarithm of a class that does not matter spoils the sum.",
    clause="cross_entropy.certainty",
    mend="pick the true class first: -np.log(p[np.arange(len(y)), y]).mean()",
    fingerprint="-sum of one_hot * log(p) / N",
    cross_entropy=lambda right, p, y: float(weighed(p, y).sum() / len(p)),
)
mistake(
    "loss-ignores-zeros",
    "samples with p = 0 are left out of the loss",
    "nan_to_num, or a sum over finite values only, makes the worst mistakes cost nothing.",
    clause="cross_entropy.zero_probability",
    mend="let it be inf, or use an epsilon of 1e-12",
    fingerprint="-log p where p > 0, else 0",
    cross_entropy=lambda right, p, y: float(
        np.where(true(p, y) > 0, surprise(np.where(true(p, y) > 0, true(p, y), 1.0)), 0.0).mean()
    ),
)
mistake(
    "loss-running-average",
    "a running average of the samples' losses",
    "loss = (loss + this one) / 2 weighs the last sample most.",
    clause="cross_entropy.additivity",
    mend="add up, and divide by N at the end",
    fingerprint="(loss + -log p) / 2, sample by sample",
    cross_entropy=lambda right, p, y: running_average(surprise(true(p, y))),
)
mistake(
    "loss-in-place",
    "the loss writes into its arguments",
    "p += 1e-12, np.clip(..., out=p), y -= 1 or a sort in place change the caller's arrays.",
    clause="cross_entropy.input_kept",
    mend="make a new array: p = p + 1e-12",
    lines=("p += 1e-12", "p = p + 1e-12"),
    fingerprint="after cross_entropy(p, y), p or y has changed",
    broken="cross_entropy.input_kept",
)
mistake(
    "loss-label-as-number",
    "the label is a factor, where it should say which class",
    "y log p is meant for a y of 0 and 1. A label of 2 counts twice as much as one of 1, and class 0 nothing.",
    clause="cross_entropy.uniform",
    fingerprint="-sum over n of y[n] log p[n]",
    cross_entropy={
        "every class, over N": lambda right, p, y: float((y[:, None] * surprise(p)).sum() / len(p)),
        "every class, averaged": lambda right, p, y: float((y[:, None] * surprise(p)).mean()),
        "every class, summed": lambda right, p, y: float((y[:, None] * surprise(p)).sum()),
        "the own class": lambda right, p, y: float((y * surprise(true(p, y))).mean()),
    },
)
mistake(
    "loss-label-types",
    "labels of a small integer type wrap around",
    "An unsigned byte holds 0 to 255: y - K, -y or y * 1000 leave that range. The labels of image data sets are "
    "such bytes.",
    clause="cross_entropy.label_types",
    mend="y = np.asarray(y, dtype=np.int64) first, or index with y as it is",
    lines=("p[np.arange(N), y - K]", "p[np.arange(N), y]"),
    fingerprint="loss(p, uint8 labels) != loss(p, int64 labels)",
    suspected="cross_entropy.label_types",
)


def binary(p, y):
    target = one_hot(p, y)
    with np.errstate(all="ignore"):
        return -(np.log(true(p, y)).sum() + np.where(target > 0, 0.0, np.log1p(-np.where(target > 0, 0.0, p))).sum())


def plain_binary(p, y):
    """The same as NumPy gives it."""
    target = one_hot(p, y)
    with np.errstate(all="ignore"):
        return -(target * np.log(p) + (1 - target) * np.log(1 - p)).sum()


def running_average(losses):
    found = losses[0]
    for loss in losses[1:]:
        found = (found + loss) / 2
    return float(found)
