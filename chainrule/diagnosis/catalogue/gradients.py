"""Mistakes on the way of the gradient down through the network."""

from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.mistake import add as mistake
from chainrule.diagnosis.model import BACKWARD, BELOW, ERROR, FORWARD, Parts
from chainrule.diagnosis.questions import gradient_name, kinds_of
from chainrule.support.arrays import flat_bias

MEND_MASK = "delta = (delta @ W.T) * (z > 0), with the z of the layer that delta comes to"
mistake_of_mask = partial(add, mend=MEND_MASK)
# Sizes of batches, and of data, that people write into their code.
COUNTS = (
    *(3, 4, 6, 8, 10, 12, 16, 20, 24, 25, 30, 32, 40, 48, 50, 60, 64, 80, 96, 100, 120, 128, 150, 200, 250, 256),
    *(300, 400, 500, 512, 600, 784, 1000, 1024, 2000, 5000, 10000),
)
RATES = (1024.0, 0.125, 1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.01, 0.001)  # at which gradients are read off an update
MEND_ERROR = "delta = (p - one_hot(y)) / N"
BOUNDS = (10.0, 20.0, 50.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e8, 1e9, 1e10)  # to which large numbers are clipped
SMALL = tuple(10.0**-k for k in range(3, 13))  # thresholds that people take for nothing
mistake_at_output = partial(add, mend=MEND_ERROR)


def questions(setting):
    for case in setting.networks:
        yield of_gradients("the gradients", case, setting.gradient_error(case), False)
    for case in setting.networks[:2] if setting.again else ():
        yield of_gradients("the gradients of a second batch", case, setting.loss_error(case), True)


def of_gradients(words, case, slack, again):
    def ask(actor):
        model = actor.network(case.weights, case.biases)
        grads = actor.backward(model, case.x, case.y)
        if again:
            grads = actor.backward(model, case.x[::-1], case.y)
        return [*grads[0], *grads[1]]

    kinds = kinds_of(case.weights)
    return Question(f"{words}, {case}", ask, [gradient_name(*kind) for kind in kinds], kinds, slack)


concern(
    "backward",
    BACKWARD | FORWARD,
    questions,
    own=[BACKWARD],
    runs=["forward"],
    stages=[(ERROR, BELOW), (frozenset({"one_hot", "error"}), frozenset({"average"}))],
)
about("gradients golden.gradients", "backward")


def of_first(n, grads, batch):
    """The gradients of the first n samples alone, where there are more."""
    if batch.n <= n:
        return grads
    return Parts().backward(batch.model, batch.x[:n], batch.y[:n])


def hot(batch):
    """The one-hot labels of a batch."""
    return np.eye(batch.classes)[batch.y]


def through(p, target):
    """N dloss/dp, as NumPy gives it."""
    with np.errstate(all="ignore"):
        return -target / p


def summed_over(axis, p, target):
    """The sum of dloss/dp times p over an axis, or over all entries."""
    return (through(p, target) * p).sum(axis=axis, keepdims=True)


def fitted(mask, like):
    """A mask of another layer, cut to size as np.resize does, where it does not fit."""
    return mask if mask.shape == like.shape else np.resize(mask, like.shape)


def sigmoid(z):
    return np.exp(-np.logaddexp(0.0, -z))


def in_some(**slopes):
    """Variants of a wrong slope: in every hidden layer, and in the first or the last alone."""
    found = {}
    for name, slope in slopes.items():
        told = name.replace("_", " ").strip()
        found[told] = {"slope": slope}
        for where, chosen in (("the first", first_hidden), ("the last", last_hidden)):
            found[f"{told}{', ' if told else ''}{where} hidden layer alone"] = {"slope": only_in(chosen, slope)}
    return found


def only_in(chosen, slope):
    return lambda right, batch, l, carried: (slope if chosen(batch, l) else right)(
        *([right] if chosen(batch, l) else []), batch, l, carried
    )


def first_hidden(batch, l):
    return l == 0


def last_hidden(batch, l):
    return l == len(batch.z) - 2


mistake(
    "gradient-not-averaged",
    "the mean's 1/N is missing in the gradient",
    "The loss is a mean over the batch, so its gradient is a mean over the samples. Without 1/N it is exactly N "
    "times too large, and the right learning rate depends on the batch size.",
    clause="gradients.additivity",
    mend="divide by the number of samples, once: " + MEND_ERROR,
    fingerprint="N g",
    average=lambda right, error, batch: error,
)
mistake(
    "gradient-averaged-twice",
    "the gradient is divided by N twice",
    "1/N stands in delta and again in the products (or the mean is taken of what was divided already).",
    clause="gradients.additivity",
    mend="divide by the number of samples in one place",
    fingerprint="g / N",
    average=lambda right, error, batch: right(error, batch) / batch.n,
)
mistake(
    "gradient-divided-by-classes",
    "divided by the number of classes, not of samples",
    "shape[1] for shape[0], or the wrong one of N and K.",
    clause="gradients.additivity",
    mend="divide by the number of samples, len(x)",
    fingerprint="N g / K",
    average={
        "": lambda right, error, batch: error / batch.classes,
        "besides N": lambda right, error, batch: right(error, batch) / batch.classes,
    },
)
mistake(
    "gradient-divided-by-constant",
    "divided by a fixed number, not by that of the samples",
    "A batch size or a number of samples is written into the code: with batches of another size, such as the last one "
    "of an epoch, the mean is another.",
    clause="gradients.additivity",
    mend="divide by the number of samples, len(x)",
    fingerprint="N g / c",
    average={f"c = {c}": lambda right, error, batch, c=c: error / c for c in (*COUNTS, 41000, 42000, 50000, 60000)}
    | {f"besides N, c = {c}": lambda right, error, batch, c=c: right(error, batch) / c for c in COUNTS},
)
mistake(
    "gradient-divided-by-inputs",
    "divided by the number of inputs, not of samples",
    "x.shape[1] counts the inputs of one sample, x.shape[0] the samples. (In column convention it is the other "
    "way round.)",
    clause="gradients.additivity",
    mend="divide by the number of samples",
    fingerprint="N g / D",
    average={
        "": lambda right, error, batch: error / batch.x.shape[1],
        "besides N": lambda right, error, batch: right(error, batch) / batch.x.shape[1],
        "of all entries": lambda right, error, batch: error / batch.x.size,
    },
)
mistake(
    "gradient-divided-by-layers",
    "divided by the number of layers, not of samples",
    "len of the list of weights, or of the sizes, for len of the batch: the loss is a mean over the samples.",
    clause="gradients.additivity",
    mend="divide by the number of samples, len(x)",
    fingerprint="N g / L",
    average={
        name: lambda right, error, batch, more=more: error / (len(batch.z) + more)
        for name, more in (("L", 0), ("the number of sizes, L + 1", 1))
    },
)
mistake_at_output(
    "gradient-negated",
    "the gradient has the wrong sign: y - p in place of p - y",
    "The loss grows along it. With a minus in the update that climbs; with a plus there, two signs cancel, and "
    "nothing else fits.",
    clause="gradients.weights",
    fingerprint="-g",
    error=lambda right, p, target, batch: -right(p, target, batch),
)
mistake_at_output(
    "gradient-doubled",
    "the gradient has a factor of 2, or of one half",
    "The 2 is the derivative of a square. The cross-entropy has none: dloss/dz is p - y as it stands.",
    clause="gradients.weights",
    fingerprint="2 g, or g / 2",
    error={
        "2": lambda right, p, target, batch: 2 * right(p, target, batch),
        "1/2": lambda right, p, target, batch: right(p, target, batch) / 2,
    },
)
mistake_at_output(
    "gradient-softmax-derivative-twice",
    "p - y is multiplied by p (1 - p)",
    "p - y is the derivative through softmax and cross-entropy together. The factor p (1 - p), the derivative of "
    "a sigmoid, belongs to the squared error; here it counts the output twice and makes sure mistakes learn "
    "nothing.",
    clause="gradients.class_sum",
    fingerprint="(p - y) p (1 - p) / N",
    error={
        "": lambda right, p, target, batch: right(p, target, batch) * p * (1 - p),
        "twice the error": lambda right, p, target, batch: 2 * right(p, target, batch) * p * (1 - p),
        "p alone": lambda right, p, target, batch: right(p, target, batch) * p,
        "of softmax's full Jacobian": lambda right, p, target, batch: jacobian(p, right(p, target, batch)),
        "2, and the full Jacobian": lambda right, p, target, batch: jacobian(p, 2 * right(p, target, batch)),
    },
)
mistake_at_output(
    "gradient-softmax-over-batch",
    "softmax's derivative is summed over the samples, not over the classes",
    "dz[n, k] = p[n, k] (dp[n, k] - sum over j of dp[n, j] p[n, j]): each sample has a sum of its own.",
    clause="gradients.class_sum",
    fingerprint="p (dp - sum over n of dp p)",
    error={"": lambda right, p, target, batch: p * (through(p, target) - summed_over(0, p, target))},
)
mistake_at_output(
    "gradient-log-softmax-without-sum",
    "only the label's part of the gradient is averaged: p - onehot / N",
    "(p - onehot) / N divides both parts. Behind log-softmax the same comes of leaving out the sum of the incoming "
    "gradient g: dz[n, k] = g[n, k] - p[n, k] sum over j of g[n, j], where that sum is -1/N.",
    clause="gradients.class_sum",
    mend="(p - onehot) / N; behind log-softmax g - np.exp(log_p) * g.sum(axis=1, keepdims=True)",
    fingerprint="g - p, with g = -y / N",
    average={
        "g - p": lambda right, error, batch: -hot(batch) / batch.n - batch.p,
        "g + p": lambda right, error, batch: -hot(batch) / batch.n + batch.p,
    },
)
mistake_at_output(
    "gradient-softmax-diagonal",
    "only the diagonal of softmax's derivative: p (1 - p) in place of p - y",
    "dp[i]/dz[k] = p[i] ((i == k) - p[k]) has entries beside the diagonal: raising one logit lowers all the "
    "other probabilities.",
    clause="gradients.class_sum",
    fingerprint="p (1 - p) / N",
    error=lambda right, p, target, batch: p * (1 - p),
)
mistake_at_output(
    "gradient-softmax-ignored",
    "the derivative stops at the probabilities: -y / p, without softmax",
    "-1/p is dloss/dp. To get to the logits it must go through softmax's Jacobian, and what comes out is p - y.",
    clause="gradients.class_sum",
    fingerprint="-(y / p) / N",
    error={
        "": lambda right, p, target, batch: -target / p,
        "of the binary loss": lambda right, p, target, batch: (p - target) / (p * (1 - p)),
        "p / y": lambda right, p, target, batch: target / p,
    },
)
mistake_at_output(
    "gradient-without-labels",
    "the labels are not subtracted: p in place of p - y",
    "The gradient says to lower every class; the true one must be raised.",
    clause="gradients.class_sum",
    fingerprint="p / N",
    error=lambda right, p, target, batch: p,
)
mistake_at_output(
    "gradient-label-as-number",
    "the label is subtracted as a number, where it should say which class",
    "Class 2 is not twice as much as class 1: 1 is subtracted at each sample's own class, and nothing elsewhere.",
    clause="gradients.class_sum",
    fingerprint="p - y, with y a number in every class",
    error=lambda right, p, target, batch: p - batch.y[:, None],
)
mistake_at_output(
    "gradient-true-class-only",
    "only the true class has a gradient",
    "The other classes must be pushed down by p, or nothing holds them. This is also what comes of -1/p times p "
    "(1 - p): the diagonal of softmax's derivative alone.",
    clause="gradients.class_sum",
    fingerprint="y (p - 1) / N",
    error={
        "p - 1": lambda right, p, target, batch: right(p, target, batch) * target,
        "-1": lambda right, p, target, batch: -target,
    },
)
mistake_at_output(
    "gradient-other-classes-only",
    "the true class has no gradient",
    "y * 0, or a mask the wrong way round: the true class's p - 1 is what raises it.",
    clause="gradients.class_sum",
    fingerprint="(1 - y) p / N",
    error=lambda right, p, target, batch: p * (1 - target),
)
mistake(
    "gradient-of-part-of-batch",
    "of a large batch only the first samples count",
    "A limit on the number of samples, for memory or time: the gradient is that of another, smaller batch.",
    clause="gradients.values",
    mend="use all samples of the batch",
    lines=("x, y = x[:64], y[:64]", "x = np.asarray(x)"),
    fingerprint="backward(x[:n], y[:n]) for n < N",
    gradients={
        f"the first {n}": lambda right, grads, batch, n=n: of_first(n, right(grads, batch), batch)
        for n in (64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024)
    },
)
mistake(
    "gradient-columns-of-labels",
    "1 is subtracted in whole columns, not at each sample's own class",
    "p[:, y] -= 1 changes the column of every label that occurs, in all rows; p[np.arange(N), y] -= 1 one entry a row.",
    clause="gradients.class_sum",
    mend="p[np.arange(len(y)), y] -= 1",
    fingerprint="p - 1 in every column whose class occurs",
    error=lambda right, p, target, batch: p - (target.sum(axis=0) > 0),
)
mistake(
    "gradient-one-hot-shifted",
    "the one-hot labels are off by one",
    "Labels run from 0 to K - 1. y - 1 marks the class before (and for class 0 the last one), y + 1 the one after.",
    clause="gradients.weights",
    mend="one_hot[np.arange(N), y] = 1",
    fingerprint="p - one_hot(y - 1)",
    one_hot={
        "y - 1": lambda right, y, classes: right((y - 1) % classes, classes),
        "y + 1": lambda right, y, classes: right((y + 1) % classes, classes),
        "counted from the end": lambda right, y, classes: right(classes - 1 - y, classes),
    },
)
mistake(
    "gradient-labels-not-aligned",
    "the labels of other samples are used",
    "Sorted, reversed or rolled labels no longer belong to their rows.",
    clause="gradients.weights",
    mend="keep x and y in one order",
    fingerprint="p - one_hot(y in another order)",
    one_hot={
        "sorted": lambda right, y, classes: right(np.sort(y), classes),
        "reversed": lambda right, y, classes: right(y[::-1], classes),
        "all those of the first": lambda right, y, classes: right(np.full_like(y, y[0]), classes),
        "all those of the last": lambda right, y, classes: right(np.full_like(y, y[-1]), classes),
    },
)
mistake_at_output(
    "gradient-label-smoothing",
    "the labels are smoothed in the gradient",
    "A part of the labels' weight is spread over all classes. The loss of the core has whole labels, and so has its "
    "gradient.",
    clause="gradients.weights",
    fingerprint="p - ((1 - a) y + a / K)",
    one_hot={
        f"a = {a}, {words}": lambda right, y, classes, a=a, spread=spread: spread(right(y, classes), a, classes)
        for a in (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5)
        for words, spread in (
            ("over all classes", lambda hot, a, k: (1 - a) * hot + a / k),
            ("over the other classes", lambda hot, a, k: (1 - a) * hot + a * (1 - hot) / max(k - 1, 1)),
        )
    },
)
mistake_at_output(
    "gradient-of-decision",
    "argmax in place of the probabilities",
    "p is rounded to 0 and 1 before y is subtracted: that is the perceptron's rule, and no gradient of a "
    "cross-entropy.",
    clause="gradients.class_sum",
    fingerprint="(one_hot(argmax p) - y) / N",
    error=lambda right, p, target, batch: np.eye(p.shape[1])[p.argmax(axis=1)] - target,
)
mistake_at_output(
    "gradient-of-logits",
    "the logits are used where the probabilities belong",
    "z - y in place of p - y: softmax is missing in the backward pass.",
    clause="gradients.class_sum",
    fingerprint="(z - y) / N",
    error=lambda right, p, target, batch: batch.z[-1] - target,
)
mistake_at_output(
    "gradient-epsilon",
    "an epsilon in the gradient that the loss does not have",
    "-y / (p + eps) through softmax's derivative, or a floor under p, moves every entry a little.",
    clause="gradients.values",
    fingerprint="p (y / (p + eps) - sum y / (p + eps) p)",
    error={
        f"eps = {eps:g}": lambda right, p, target, batch, eps=eps: jacobian(p, -target / (p + eps))
        for eps in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
    },
)
mistake_of_mask(
    "mask-missing",
    "ReLU's derivative is missing in the backward pass",
    "Where z <= 0 ReLU lets nothing through, forward or backward: delta must be multiplied by (z > 0). Note that "
    "(a >= 0) is always true, because an activation is never negative.",
    clause="gradients.dead_units",
    fingerprint="delta[l] = delta[l+1] W^T",
    slope=lambda right, batch, l, carried: 1.0,
)
mistake_of_mask(
    "mask-missing-in-one-layer",
    "ReLU's derivative is missing in some of the layers",
    "Code that was written out for a certain number of layers, or a loop that begins or ends one off.",
    clause="gradients.dead_units",
    special="mask-missing",
    fingerprint="delta[l] = delta[l+1] W^T for one l",
    slope={
        "the first hidden layer": lambda right, batch, l, carried: right(batch, l, carried) if l else 1.0,
        "the last hidden layer": lambda right, batch, l, carried: (
            1.0 if l == len(batch.z) - 2 else right(batch, l, carried)
        ),
        "the second hidden layer": lambda right, batch, l, carried: 1.0 if l == 1 else right(batch, l, carried),
        "below the last two hidden layers": lambda right, batch, l, carried: (
            1.0 if l < len(batch.z) - 3 else right(batch, l, carried)
        ),
        "below the last hidden layer": lambda right, batch, l, carried: (
            1.0 if l < len(batch.z) - 2 else right(batch, l, carried)
        ),
        **{
            f"from the {name}": lambda right, batch, l, carried, k=k: 1.0 if l >= k else right(batch, l, carried)
            for k, name in enumerate(("third", "fourth", "fifth", "sixth", "seventh"), 2)
        },
    },
)
mistake(
    "mask-inverted",
    "ReLU's derivative is the wrong way round",
    "The gradient goes through where the unit is off, and stops where it is on.",
    clause="gradients.dead_units",
    mend="z > 0, not z < 0",
    fingerprint="delta (z < 0)",
    variants=in_some(_=lambda right, batch, l, carried: batch.z[l] <= 0),
)
mistake(
    "mask-of-delta",
    "the gradient's own sign is used as ReLU's mask",
    "relu(delta), or delta[delta <= 0] = 0: the mask must come from the forward pass, from z, not from what "
    "flows back.",
    clause="gradients.dead_units",
    mend="delta[z <= 0] = 0",
    fingerprint="max(delta W^T, 0)",
    variants=in_some(
        _=lambda right, batch, l, carried: carried > 0,
        besides_the_right_one=lambda right, batch, l, carried: (carried > 0) & (batch.z[l] > 0),
    ),
)
mistake_of_mask(
    "mask-of-another-layer",
    "the mask is that of another layer",
    "Every layer has its own z. An index that is one off takes the one above or below it; with layers of one "
    "size nothing complains.",
    clause="gradients.dead_units",
    fingerprint="delta (z of another layer > 0)",
    slope={
        "above": lambda right, batch, l, carried: fitted(batch.z[l + 1] > 0, carried),
        "above, where it is of the same size": lambda right, batch, l, carried: (
            batch.z[l + 1] > 0 if batch.z[l + 1].shape == carried.shape else right(batch, l, carried)
        ),
        "below, where it is of the same size": lambda right, batch, l, carried: (
            batch.inputs[l] > 0 if batch.inputs[l].shape == carried.shape else right(batch, l, carried)
        ),
        "below": lambda right, batch, l, carried: fitted((batch.z[l - 1] if l else batch.inputs[0]) > 0, carried),
        "the last": lambda right, batch, l, carried: fitted(batch.z[-1] > 0, carried),
        "the first": lambda right, batch, l, carried: fitted(batch.z[0] > 0, carried),
        "the inputs": lambda right, batch, l, carried: fitted(batch.inputs[0] > 0, carried),
    },
)
mistake(
    "mask-without-bias",
    "the mask is of a W without its bias",
    "ReLU was given a W + b; the mask must be of the same numbers.",
    clause="gradients.weights",
    mend="keep z from the forward pass and use it",
    fingerprint="delta (a W > 0)",
    variants=in_some(_=lambda right, batch, l, carried: batch.inputs[l] @ batch.model.weights[l] > 0),
)
mistake_of_mask(
    "mask-is-activation",
    "delta is multiplied by the activation, not by ReLU's derivative",
    "relu(z) is z where it is on; its derivative there is 1.",
    clause="gradients.weights",
    fingerprint="delta relu(z)",
    variants=in_some(
        relu_of_z=lambda right, batch, l, carried: np.maximum(batch.z[l], 0.0),
        z=lambda right, batch, l, carried: batch.z[l],
    ),
)
mistake_of_mask(
    "mask-of-sigmoid",
    "another activation's derivative in place of ReLU's",
    "a (1 - a) belongs to the logistic sigmoid, 1 - a^2 to tanh. ReLU's derivative is 1 where z > 0, and else 0.",
    clause="gradients.weights",
    fingerprint="delta a (1 - a), or delta (1 - a^2)",
    slope={
        "a (1 - a)": lambda right, batch, l, carried: batch.inputs[l + 1] * (1 - batch.inputs[l + 1]),
        "s(z) (1 - s(z))": lambda right, batch, l, carried: sigmoid(batch.z[l]) * (1 - sigmoid(batch.z[l])),
        "s(a) (1 - s(a))": lambda right, batch, l, carried: (
            sigmoid(batch.inputs[l + 1]) * (1 - sigmoid(batch.inputs[l + 1]))
        ),
        "z (1 - z)": lambda right, batch, l, carried: batch.z[l] * (1 - batch.z[l]),
        "1 - a^2": lambda right, batch, l, carried: 1 - batch.inputs[l + 1] ** 2,
        "1 - tanh(z)^2": lambda right, batch, l, carried: 1 - np.tanh(batch.z[l]) ** 2,
    },
)
mistake_of_mask(
    "mask-leaky",
    "where a unit is off a little gradient comes through",
    "The derivative is a leaky ReLU's, the forward pass a ReLU's: the two must belong to one function.",
    clause="gradients.dead_units",
    fingerprint="delta where z > 0, else c delta",
    slope={
        f"c = {c:g}": lambda right, batch, l, carried, c=c: np.where(batch.z[l] > 0, 1.0, c)
        for c in (0.01, 0.001, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, -1.0)
    },
)
mistake(
    "mask-threshold",
    "the mask's threshold is not zero",
    "ReLU's kink is at z = 0: a unit with a small positive z is on.",
    clause="gradients.weights",
    mend="z > 0",
    fingerprint="delta (z > c)",
    slope={
        f"c = {c:g}": lambda right, batch, l, carried, c=c: batch.z[l] > c
        for c in (1.0, 0.5, 0.1, 0.2, -0.5, -1.0, 0.05, 0.01, *SMALL)
    },
)
mistake(
    "mask-by-unit",
    "the mask is taken for the whole batch at once",
    "A mask for every unit, or for every sample, in place of one for every entry: any() or all() over an axis, "
    "or the mask of one sample.",
    clause="gradients.weights",
    mend="z > 0, of shape (N, units)",
    fingerprint="delta (any z of the unit > 0)",
    slope={
        "any sample": lambda right, batch, l, carried: (batch.z[l] > 0).any(axis=0),
        "all samples": lambda right, batch, l, carried: (batch.z[l] > 0).all(axis=0),
        "the first sample": lambda right, batch, l, carried: batch.z[l][:1] > 0,
        "the last sample": lambda right, batch, l, carried: batch.z[l][-1:] > 0,
        "the mean": lambda right, batch, l, carried: batch.z[l].mean(axis=0) > 0,
    },
)
mistake_of_mask(
    "mask-overwrites-gradient",
    "ReLU's backward pass gives 0 and 1 and loses the gradient that comes in",
    "ReLU's derivative is a factor: what comes from above is multiplied by 1 where the unit is on, and by 0 where it "
    "is off. Here the factor is returned, or written over the gradient, and nothing of the layers above is left.",
    clause="gradients.additivity",
    fingerprint="delta[l] = (z > 0)",
    carried={
        "": lambda right, delta, batch, l: np.ones_like(right(delta, batch, l)),
        "by N": lambda right, delta, batch, l: np.ones_like(right(delta, batch, l)) / batch.n,
    },
)
mistake_of_mask(
    "mask-added",
    "ReLU's derivative is added, where it should be a factor",
    "The chain rule multiplies: what comes from above, times the derivative of the layer. A unit that is off must let "
    "nothing through.",
    clause="gradients.dead_units",
    fingerprint="delta W^T + (z > 0)",
    masked={
        "": lambda right, carried, slope, batch: carried + slope,
        "sample by sample": lambda right, carried, slope, batch: carried + slope / batch.n,
        "subtracted": lambda right, carried, slope, batch: carried - slope,
    },
)
mistake_of_mask(
    "mask-quotient",
    "ReLU's derivative as a quotient a / (a + eps)",
    "It is a little less than 1 where the unit is on: the digits beyond eps are wrong.",
    clause="gradients.euler",
    fingerprint="delta a / (a + eps)",
    slope={
        f"eps = {eps:g}": lambda right, batch, l, carried, eps=eps: batch.inputs[l + 1] / (batch.inputs[l + 1] + eps)
        for eps in (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)
    },
)
mistake(
    "mask-applied-to-output",
    "a ReLU mask on the gradient of the logits",
    "No ReLU stands after the last layer, so its delta is p - y, unmasked.",
    clause="gradients.class_sum",
    mend="begin masking one layer below the output",
    fingerprint="(p - y) (z[L] > 0) / N",
    error=lambda right, p, target, batch: right(p, target, batch) * (batch.z[-1] > 0),
)
mistake(
    "carry-not-transposed",
    "delta is sent down through W, not through W transposed",
    "Forward, unit j gets sum over i of a[i] W[i, j]; backward, unit i gets sum over j of delta[j] W[i, j]. With "
    "layers of different sizes the shapes do not fit; with equal sizes nobody complains.",
    clause="gradients.weights",
    mend="delta @ W.T",
    fingerprint="delta W",
    carried={
        "": lambda right, delta, batch, l: delta @ batch.model.weights[l],
        "between layers of one size": lambda right, delta, batch, l: (
            delta @ batch.model.weights[l] if np.ptp(batch.model.weights[l].shape) == 0 else right(delta, batch, l)
        ),
    },
)
mistake(
    "carry-wrong-layer",
    "delta is sent down through another layer's weights",
    "Going down from layer l+1 takes W[l+1], the weights between the two. An index that is one off takes another's.",
    clause="gradients.weights",
    mend="delta @ W[l+1].T",
    fingerprint="delta W[l]^T",
    carried={
        "below": lambda right, delta, batch, l: delta @ fitting(batch.model.weights[l - 1], batch, l).T,
        "above": lambda right, delta, batch, l: (
            delta @ fitting(batch.model.weights[min(l + 1, len(batch.z) - 1)], batch, l).T
        ),
    },
)
mistake(
    "carry-missing",
    "the weights are left out on the way down",
    "delta of a hidden layer is that of the layer above times its weights. Summed, averaged or copied over the "
    "units it is another.",
    clause="gradients.weights",
    mend="delta @ W.T",
    fingerprint="sum over k of delta[k]",
    carried={
        "the sum": lambda right, delta, batch, l: spread(delta.sum(axis=1, keepdims=True), batch, l),
        "the mean": lambda right, delta, batch, l: spread(delta.mean(axis=1, keepdims=True), batch, l),
    },
)
mistake(
    "carry-absolute",
    "a sign of the weights is lost on the way down",
    "|W| or W^2 in place of W.",
    clause="gradients.weights",
    mend="delta @ W.T",
    fingerprint="delta |W|^T",
    carried={
        "|W|": lambda right, delta, batch, l: delta @ np.abs(batch.model.weights[l]).T,
        "-W": lambda right, delta, batch, l: -right(delta, batch, l),
        "W^2": lambda right, delta, batch, l: delta @ (batch.model.weights[l] ** 2).T,
    },
)
mistake(
    "carry-with-bias",
    "the bias takes part on the way down",
    "b is added in the forward pass; a constant has no part in the derivative by a.",
    clause="gradients.weights",
    mend="delta @ W.T",
    fingerprint="delta W^T + b",
    carried=lambda right, delta, batch, l: right(delta, batch, l) + batch.model.biases[l - 1],
)
mistake(
    "carry-updated-weights",
    "the weights are updated before the gradient goes down through them",
    "delta of the layer below needs the weights of the forward pass. Here they have been moved by the update already.",
    clause="gradients.weights",
    mend="compute all gradients first, then update; or compute delta of the layer below before W changes",
    fingerprint="delta (W - lr dW)^T",
    carried={
        f"lr = {lr:g}": lambda right, delta, batch, l, lr=lr: (
            delta @ (batch.model.weights[l] - lr * batch.inputs[l].T @ delta).T
        )
        for lr in RATES
    }
    | {
        f"lr = {lr:g}, sample by sample": lambda right, delta, batch, l, lr=lr: (
            right(delta, batch, l) - lr * batch.n * (delta**2).sum(axis=1, keepdims=True) * batch.inputs[l]
        )
        for lr in RATES
    },
)
mistake(
    "weight-gradient-of-preactivation",
    "the weights' gradient is taken with z, not with the activation",
    "W was multiplied by a = relu(z), so its gradient is a^T delta.",
    clause="gradients.weights",
    mend="a[l-1].T @ delta[l]",
    fingerprint="z[l-1]^T delta",
    weight_gradient=lambda right, batch, l, delta: (batch.z[l - 1] if l else batch.inputs[0]).T @ delta,
)
mistake(
    "weight-gradient-of-another-layer",
    "the weights' gradient is taken with another layer's activation",
    "dloss/dW[l] = a[l-1]^T delta[l]: what went into the layer, and the delta that comes out of it.",
    clause="gradients.weights",
    mend="a[l-1].T @ delta[l]",
    fingerprint="a[l]^T delta[l]",
    weight_gradient={
        "above": lambda right, batch, l, delta: (
            fitted(batch.inputs[min(l + 1, len(batch.inputs) - 1)], batch.inputs[l]).T @ delta
        ),
        "below": lambda right, batch, l, delta: fitted(batch.inputs[max(l - 1, 0)], batch.inputs[l]).T @ delta,
        "the inputs": lambda right, batch, l, delta: fitted(batch.inputs[0], batch.inputs[l]).T @ delta,
        "its own, the probabilities at the end": lambda right, batch, l, delta: own_output(batch, l, batch.p).T @ delta,
        "its own, the logits at the end": lambda right, batch, l, delta: own_output(batch, l, batch.z[-1]).T @ delta,
    },
)
mistake(
    "gradient-input-after-relu",
    "the first layer's gradient is taken with relu(x)",
    "The inputs went into the first layer as they are.",
    clause="gradients.weights",
    mend="x.T @ delta[1]",
    fingerprint="relu(x)^T delta[1]",
    weight_gradient=lambda right, batch, l, delta: np.maximum(batch.inputs[l], 0.0).T @ delta,
)
mistake(
    "bias-gradient-unmasked",
    "the bias's gradient is taken from the delta before ReLU's mask",
    "dloss/db is dloss/dz summed over the batch, and dloss/dz has ReLU's derivative in it.",
    clause="gradients.dead_units",
    mend="mask first, then sum: delta.sum(axis=0)",
    fingerprint="sum over n of delta[l+1] W^T",
    bias_gradient=lambda right, batch, l, delta: before_mask(batch, l, delta).sum(axis=0),
)
mistake(
    "weight-gradient-unmasked",
    "the weights' gradient is taken from the delta before ReLU's mask",
    "dloss/dW = a^T dloss/dz, and dloss/dz has ReLU's derivative in it.",
    clause="gradients.dead_units",
    mend="mask first, then multiply: a.T @ delta",
    fingerprint="a^T (delta[l+1] W^T)",
    weight_gradient=lambda right, batch, l, delta: batch.inputs[l].T @ before_mask(batch, l, delta),
)
mistake(
    "gradients-clipped",
    "the gradients are clipped",
    "Clipping is a device against exploding gradients, not part of the gradient; neither is setting small entries to "
    "zero.",
    clause="gradients.additivity",
    mend="return the gradients as they are; clip in training, if at all",
    fingerprint="clip(g, -c, c), or g scaled to a norm of c",
    gradients={
        **{
            f"to {c:g}": lambda right, grads, batch, c=c: each(right(grads, batch), lambda g: np.clip(g, -c, c))
            for c in (5.0, 1.0, 0.5, 0.1, 0.01, *BOUNDS)
        },
        **{
            f"to norm at most {c:g} each": lambda right, grads, batch, c=c: each(
                right(grads, batch), lambda g: g * min(1.0, c / max(np.linalg.norm(g), 1e-300))
            )
            for c in (2.0, 5.0, *BOUNDS)
        },
        **{
            f"small ones, below {c:g}, to zero": lambda right, grads, batch, c=c: each(
                right(grads, batch), lambda g: np.where(np.abs(g) < c, 0.0, g)
            )
            for c in SMALL
        },
        **{
            f"to norm at most {c:g} together": lambda right, grads, batch, c=c: together(right(grads, batch), c)
            for c in (1.0, 5.0, *BOUNDS)
        },
        "to norm 1 each": lambda right, grads, batch: each(right(grads, batch), unit),
        "to norm at most 1 each": lambda right, grads, batch: each(right(grads, batch), within_unit),
        "the sign": lambda right, grads, batch: each(right(grads, batch), np.sign),
    },
)
mistake(
    "gradient-weight-decay",
    "a penalty's derivative is added that the loss does not have",
    "lam W belongs to the gradient of (lam/2) sum W^2. The core's loss is the cross-entropy alone.",
    clause="gradients.class_sum",
    mend="add no lam W, or switch it off by default",
    fingerprint="g + c W",
    weight_gradient={
        f"c = {c:g}": lambda right, batch, l, delta, c=c: right(batch, l, delta) + c * batch.model.weights[l]
        for c in (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 1e-5)
    }
    | {
        f"c = {c:g} / N": lambda right, batch, l, delta, c=c: (
            right(batch, l, delta) + c / batch.n * batch.model.weights[l]
        )
        for c in (1.0, 0.1, 0.01, 1e-3, 1e-4)
    },
)
mistake(
    "gradients-reversed",
    "the gradients come in the order in which they are computed, last layer first",
    "The backward pass goes down: appended one after the other, its gradients begin with those of the last layer. The "
    "update takes the first gradient for the first layer.",
    clause="gradients.shapes",
    mend="insert at the front, grads.insert(0, g), or reverse the list at the end",
    fingerprint="dloss/dW[L], ..., dloss/dW[1]",
    gradients={
        "": lambda right, grads, batch: tuple(group[::-1] for group in right(grads, batch)),
        "of the weights": lambda right, grads, batch: (right(grads, batch)[0][::-1], right(grads, batch)[1]),
        "of the biases": lambda right, grads, batch: (right(grads, batch)[0], right(grads, batch)[1][::-1]),
    },
)
mistake(
    "gradients-exchanged",
    "the biases' gradients come first, where those of the weights should",
    "backward returns (weight_grads, bias_grads), in this order. The update takes the first list for the weights.",
    clause="gradients.shapes",
    mend="return weight_grads, bias_grads",
    fingerprint="(dloss/db, dloss/dW)",
    gradients=lambda right, grads, batch: (right(grads, batch)[1], [flat_bias(g) for g in right(grads, batch)[0]]),
)
mistake(
    "gradient-one-path-for-single-samples",
    "a batch of one sample takes another path",
    "A branch for N = 1, or a squeeze that only bites there, does something else.",
    clause="gradients.additivity",
    mend="treat one sample as a batch of one: x of shape (1, D)",
    fingerprint="right for N > 1, wrong for N = 1",
    slope=lambda right, batch, l, carried: 1.0 if batch.n == 1 else right(batch, l, carried),
)

# In single arrays, of a delta that is right

mistake(
    "array-reshaped",
    "the transposed product is brought into shape by reshape",
    "delta.T @ a has the entries of the gradient in another order: reshape reads them row by row, and leaves them in "
    "that order. The transposition is what exchanges rows and columns.",
    clause="gradients.class_sum",
    mend="a.T @ delta",
    fingerprint="(delta^T a) reshaped as dloss/dW[l]",
    array=lambda g, batch, l, kind: g.T.reshape(g.shape),
    of=("weights",),
)
mistake(
    "array-not-averaged",
    "the mean's 1/N is missing in some of the gradients",
    "The loss is a mean over the batch. These gradients are sums over it, N times too large, while the others "
    "are means: the layers learn at different rates.",
    clause="gradients.additivity",
    mend="divide delta by the number of samples once, at the top, and nothing below",
    special="gradient-not-averaged",
    fingerprint="N dloss/dW[l], or N dloss/db[l]",
    array=lambda g, batch, l, kind: g * batch.n,
)
mistake(
    "array-averaged-twice",
    "some of the gradients are divided by N twice",
    "delta has the 1/N already; delta.mean(axis=0) for the sum, or a second division, puts in another.",
    clause="gradients.additivity",
    mend="sum over the batch: delta.sum(axis=0), a.T @ delta",
    special="gradient-averaged-twice",
    fingerprint="dloss/dW[l] / N, or dloss/db[l] / N",
    array=lambda g, batch, l, kind: g / batch.n,
)
mistake(
    "array-divided-by-units",
    "some of the gradients are divided by the number of units",
    "A mean over the wrong axis, or shape[1] for shape[0], divides by a layer's size.",
    clause="gradients.additivity",
    mend="divide by the number of samples, once",
    fingerprint="dloss/dW[l] / s[l+1]",
    array=lambda g, batch, l, kind: g / batch.model.weights[l].shape[1],
)
mistake(
    "array-divided-by-fan-in",
    "some of the gradients are divided by the number of the layer's inputs",
    "a.shape[1], the inputs, in place of a.shape[0], the samples.",
    clause="gradients.additivity",
    mend="divide by the number of samples, once",
    fingerprint="dloss/dW[l] / s[l]",
    array=lambda g, batch, l, kind: g / batch.model.weights[l].shape[0],
)
mistake(
    "array-averaged-over-units",
    "divided by the number of units where it should be by that of samples",
    "shape[1] for shape[0] in the mean's denominator.",
    clause="gradients.additivity",
    mend="divide by the number of samples",
    fingerprint="N dloss/dW[l] / s[l+1]",
    array=lambda g, batch, l, kind: g * batch.n / batch.model.weights[l].shape[1],
)
mistake(
    "array-averaged-over-inputs",
    "divided by the number of inputs where it should be by that of samples",
    "shape[1] for shape[0] in the mean's denominator.",
    clause="gradients.additivity",
    mend="divide by the number of samples",
    fingerprint="N dloss/dW[l] / s[l]",
    array=lambda g, batch, l, kind: g * batch.n / batch.model.weights[l].shape[0],
)
mistake(
    "array-negated",
    "some of the gradients have the wrong sign",
    "These parameters climb while the others descend.",
    clause="gradients.weights",
    mend="the same sign everywhere: theta - lr g",
    special="gradient-negated",
    fingerprint="-dloss/dW[l], or -dloss/db[l]",
    array=lambda g, batch, l, kind: -g,
)
mistake(
    "array-doubled",
    "some of the gradients have a factor of 2, or of one half",
    "A product counted twice, or the 1/2 of a square.",
    clause="gradients.weights",
    mend="a.T @ delta, and delta.sum(axis=0), as they stand",
    special="gradient-doubled",
    fingerprint="2 dloss/dW[l], or half of it",
    array=lambda g, batch, l, kind: (g * 2, g / 2),
)
mistake(
    "weight-gradient-transposed",
    "a weight gradient is transposed",
    "delta^T a in place of a^T delta. With a square layer the shapes still fit.",
    clause="gradients.weights",
    mend="a.T @ delta, of the shape of W",
    fingerprint="(dloss/dW[l])^T",
    array=lambda g, batch, l, kind: g.T,
    of=("weights",),
)
mistake(
    "weight-gradient-of-one-sample",
    "a weight gradient counts one sample only",
    "The first or the last sample's outer product, where the sum over the batch belongs (an assignment in a loop "
    "in place of +=).",
    clause="gradients.additivity",
    mend="a.T @ delta, or dW += np.outer(a[n], delta[n]) for every n",
    fingerprint="outer(a[n], delta[n]) of one n",
    array=lambda g, batch, l, kind: tuple(
        scale * np.outer(batch.inputs[l][n], batch.deltas[l][n]) for n in (0, -1) for scale in (1, batch.n)
    ),
    of=("weights",),
)
mistake(
    "weight-gradient-summed-rows",
    "a weight gradient is summed over an axis and spread again",
    "Its rows, or its columns, are all alike: an axis was summed over that should have stayed.",
    clause="gradients.weights",
    mend="a.T @ delta",
    fingerprint="sum over i of dloss/dW[i, j], for every i",
    array=lambda g, batch, l, kind: tuple(
        np.broadcast_to(value, g.shape)
        for value in (
            g.sum(axis=0),
            g.sum(axis=1, keepdims=True),
            g.mean(axis=0),
            g.mean(axis=1, keepdims=True),
            g.sum(),
        )
    ),
    of=("weights",),
)
mistake(
    "bias-gradient-over-all-entries",
    "the bias's gradient is summed over the units too",
    "delta.sum() without an axis is one number, added to every unit's bias alike. A bias has an entry, and a "
    "gradient, for every unit.",
    clause="gradients.biases",
    mend="delta.sum(axis=0) where samples are rows",
    fingerprint="sum over n and j of delta[n, j]",
    array=lambda g, batch, l, kind: tuple(
        np.broadcast_to(scale * g.sum(), shape)
        for scale in (1, 1 / g.size, 1 / batch.n, batch.n, batch.n / g.size)
        for shape in (g.shape, (), (1,))
    ),
    of=("biases",),
)
mistake(
    "bias-gradient-of-one-sample",
    "the bias's gradient counts one sample only",
    "delta[0], or the last one of a loop that assigns in place of adding up.",
    clause="gradients.additivity",
    mend="delta.sum(axis=0)",
    fingerprint="delta[n] of one n",
    array=lambda g, batch, l, kind: tuple(scale * batch.deltas[l][n] for n in (0, -1) for scale in (1, batch.n)),
    of=("biases",),
)
mistake(
    "bias-gradient-not-summed",
    "the bias's gradient is not summed over the batch",
    "delta has a row for each sample; the bias is added to all of them, so its gradient is their sum.",
    clause="gradients.shapes",
    mend="delta.sum(axis=0)",
    fingerprint="delta, of shape (N, units)",
    array=lambda g, batch, l, kind: (flat_bias(batch.deltas[l]), flat_bias(batch.deltas[l] * batch.n)),
    of=("biases",),
)
mistake(
    "bias-gradient-over-units",
    "the bias's gradient is summed over the units, not over the samples",
    "The axis is the other one: one number for each sample, where one for each unit belongs.",
    clause="gradients.biases",
    mend="delta.sum(axis=0) where samples are rows, axis=1 where they are columns",
    fingerprint="sum over j of delta[n, j]",
    array=lambda g, batch, l, kind: tuple(
        shaped
        for scale in (1.0, batch.n, 1 / batch.n, 1 / batch.deltas[l].shape[1])
        for shaped in over_units(scale * batch.deltas[l])
    ),
    of=("biases",),
)
mistake(
    "bias-gradient-of-another-layer",
    "the bias's gradient is that of another layer",
    "An index that is one off; with layers of one size nothing complains.",
    clause="gradients.biases",
    mend="delta[l].sum(axis=0) for b[l]",
    fingerprint="sum over n of delta[l+1]",
    array=lambda g, batch, l, kind: tuple(
        batch.deltas[m].sum(axis=0) for m in (l - 1, l + 1) if 0 <= m < len(batch.deltas)
    ),
    of=("biases",),
)
mistake(
    "bias-gradient-weighted",
    "the bias's gradient is multiplied by the activations or the bias",
    "The bias is added, not multiplied: its derivative is 1 times delta. The sum of the weights' gradient is another.",
    clause="gradients.biases",
    mend="delta.sum(axis=0)",
    fingerprint="b sum over n of delta, or sum over i of dloss/dW[i]",
    array=lambda g, batch, l, kind: (
        g * batch.model.biases[l],
        g + batch.model.biases[l],
        (batch.inputs[l].T @ batch.deltas[l]).sum(axis=0),
        (batch.inputs[l].T @ batch.deltas[l]).mean(axis=0),
    ),
    of=("biases",),
)
mistake(
    "bias-gradient-largest",
    "the bias's gradient is the largest entry, or the sum of sizes",
    "max for sum, or absolute values.",
    clause="gradients.biases",
    mend="delta.sum(axis=0)",
    fingerprint="max over n of delta[n]",
    array=lambda g, batch, l, kind: (
        batch.deltas[l].max(axis=0),
        np.abs(batch.deltas[l]).sum(axis=0),
        np.abs(g),
    ),
    of=("biases",),
)
mistake(
    "gradient-rounded",
    "a gradient is rounded to fewer digits",
    "It is stored in float32 or float16, or rounded, while the rest is float64.",
    clause="gradients.values",
    mend="keep one dtype throughout",
    fingerprint="dloss/dW[l] rounded",
    array=lambda g, batch, l, kind: (
        g.astype(np.float32).astype(np.float64),
        g.astype(np.float16).astype(np.float64),
        np.round(g, 4),
        np.round(g, 3),
    ),
)
mistake(
    "array-zero",
    "some of the gradients are zero",
    "They are never computed, overwritten by zeros, or never subtracted: these parameters do not learn.",
    clause="gradients.weights",
    mend="compute a.T @ delta and delta.sum(axis=0) for every layer, and return them all",
    fingerprint="0 in place of dloss/dW[l]",
    array=lambda g, batch, l, kind: np.zeros_like(g),
)

# In memory, shapes and extremes

mistake(
    "gradients-accumulate",
    "gradients add up from call to call",
    "backward adds to arrays that nothing sets to zero, as a framework does whose zero_grad is forgotten.",
    clause="gradients.repeatable",
    mend="make new arrays in every call, or zero the old ones first",
    fingerprint="the second call returns g + g",
    gradients={
        "": lambda right, grads, batch: accumulated(right(grads, batch), batch.model),
        "of the biases": lambda right, grads, batch: (grads[0], accumulated(right(grads, batch), batch.model)[1]),
        "of the weights": lambda right, grads, batch: (accumulated(right(grads, batch), batch.model)[0], grads[1]),
    },
)
mistake(
    "gradients-averaged-over-calls",
    "gradients are mixed with those of the call before",
    "A running average inside backward: the result depends on what was asked before.",
    clause="gradients.memoryless",
    mend="return this batch's gradients alone",
    fingerprint="(g + the g before) / 2",
    gradients=lambda right, grads, batch: mixed(right(grads, batch), batch.model),
)
mistake(
    "cache-stale",
    "backward uses what another batch left behind",
    "The activations, masks or logits that forward kept are those of the last batch that went through, or of the "
    "first for ever. backward(x, y) must run the forward pass of its own x, or be sure that it was.",
    clause="gradients.memoryless",
    mend="call forward(x) at the top of backward(x, y), and use what it just kept, in lists that began empty",
    lines=(
        "def backward(self, x, y):\n    a = self.cache",
        "def backward(self, x, y):\n    self.forward(x)\n    a = self.cache",
    ),
    fingerprint="backward(x, y) after forward(other) differs",
    broken="gradients.memoryless",
)
mistake(
    "gradient-buffers-reused",
    "gradients that were returned change when backward is called again",
    "The same arrays are written into and handed out every time.",
    clause="gradients.survive",
    mend="return new arrays, or copies",
    lines=("self.dW[l][...] = a.T @ delta; return self.dW", "dW.insert(0, a.T @ delta); return dW"),
    fingerprint="g of an earlier call, after a later one, is the later g",
    broken="gradients.survive",
)
mistake(
    "gradient-shapes",
    "a gradient has another shape than its parameter",
    "dloss/dW has an entry for every entry of W, and dloss/db for every entry of b: what is subtracted from them "
    "must fit.",
    clause="gradients.shapes",
    mend="a.T @ delta for W, delta.sum(axis=0) for b",
    lines=("db = delta", "db = delta.sum(axis=0)"),
    fingerprint="g.shape != theta.shape",
    broken="gradients.shapes",
)
mistake(
    "gradient-nan-when-saturated",
    "the gradient is nan where a probability is 0",
    "-1/p goes through softmax's derivative: 0 times infinity. p - y needs no division.",
    clause="gradients.saturated",
    mend="delta = (p - one_hot(y)) / N",
    lines=("g = -one_hot / p; delta = p * (g - (g * p).sum(axis=1, keepdims=True))", "delta = (p - one_hot) / N"),
    fingerprint="(1 - y) / (1 - p) - y / p, times p (1 - p), or -y / p through softmax: nan where p is 0 or 1",
    error={
        "the quotient of the binary loss": lambda right, p, target, batch: quotient(p, target),
        "-y / p through softmax": lambda right, p, target, batch: jacobian(p, quotient_of(-target, p)),
    },
    suspected="gradients.saturated",
)


def over_units(delta):
    """Each sample's sum over the units: alone, as a column, and spread over the bias by an update."""
    total = delta.sum(axis=1, keepdims=True)
    spread = np.broadcast_to(total, delta.shape)
    return total[:, 0], total, spread[0] if len(delta) == 1 else spread


def quotient_of(a, b):
    with np.errstate(all="ignore"):
        return a / b


def quotient(p, target):
    """The derivative of the binary loss times that of a sigmoid, as NumPy gives it."""
    with np.errstate(all="ignore"):
        return -(target / p - (1 - target) / (1 - p)) * p * (1 - p)


def jacobian(p, g):
    """g through softmax: p (g - sum over k of g p)."""
    with np.errstate(all="ignore"):
        return p * (g - (g * p).sum(axis=1, keepdims=True))


def fitting(w, batch, l):
    """Another layer's weights where they fit.  Raises ValueError, as the product would, where they do not."""
    if w.shape != batch.model.weights[l].shape:
        raise ValueError("shapes do not fit")
    return w


def own_output(batch, l, last):
    """What layer l gives, `last` where it is the last one."""
    return batch.inputs[l + 1] if l + 1 < len(batch.inputs) else last


def spread(delta, batch, l):
    """One number a sample, for every unit of the layer below."""
    return np.repeat(delta, batch.model.weights[l].shape[0], axis=1)


def before_mask(batch, l, delta):
    """The delta of layer l before ReLU's mask; that of the last layer has none."""
    if l == len(batch.z) - 1:
        return delta
    return batch.deltas[l + 1] @ batch.model.weights[l + 1].T


def each(grads, change):
    return tuple([change(g) for g in group] for group in grads)


def unit(g):
    return g / max(np.linalg.norm(g), 1e-300)


def together(grads, c):
    norm = np.sqrt(sum((g**2).sum() for group in grads for g in group))
    return each(grads, lambda g: g * min(1.0, c / max(norm, 1e-300)))


def within_unit(g):
    return g / max(np.linalg.norm(g), 1.0)


def accumulated(grads, model):
    before = model.memory.get("accumulated")
    total = grads if before is None else both(before, grads, lambda a, b: a + b)
    model.memory["accumulated"] = total
    return total


def mixed(grads, model):
    before, model.memory["before"] = model.memory.get("before", grads), grads
    return both(before, grads, lambda a, b: (a + b) / 2)


def both(first, second, change):
    return tuple([change(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(first, second, strict=True))
