"""Mistakes in batch normalization: its training pass, its gradients, its running statistics and its evaluation."""

from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add, also
from chainrule.diagnosis.model import part
from chainrule.diagnosis.questions import asking
from chainrule.mathematics.batchnorm import KEPT, LARGE, SMALL, drawn

OUT = "gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta"
DX = "gamma / np.sqrt(variance + eps) * (dout - dout.mean(axis=0) - h * (dout * h).mean(axis=0))"
AVERAGE = "running = momentum * running + (1 - momentum) * batch, for the mean and for the variance"
EVALUATED = "gamma * (x - running_mean) / np.sqrt(running_variance + eps) + beta"
forward = partial(add, chapter="batchnorm", mend=OUT)
backward = partial(add, chapter="batchnorm", mend=DX)
running = partial(add, chapter="batchnorm", mend=AVERAGE)
evaluation = partial(add, chapter="batchnorm", mend=EVALUATED)


@part
def batchnorm_forward(parts, x, gamma, beta, eps=1e-5):
    return parts.bn_scaled(parts.bn_normalized(x, eps), gamma, beta)


@part
def bn_normalized(parts, x, eps):
    """The normalized input of training."""
    return parts.bn_deviation(x) / parts.bn_root(parts.bn_variance(x), eps)


@part
def bn_deviation(parts, x):
    return x - x.mean(axis=0)


@part
def bn_variance(parts, x):
    return x.var(axis=0)


@part
def bn_root(parts, variance, eps):
    """What the deviation is divided by."""
    return np.sqrt(variance + eps)


@part
def bn_scaled(parts, h, gamma, beta):
    return gamma * h + beta


@part
def batchnorm_backward(parts, dout, x, gamma, beta, eps=1e-5):
    root = np.sqrt(x.var(axis=0) + eps)
    h = (x - x.mean(axis=0)) / root
    return parts.bn_gradients(
        parts.bn_dx(dout, h, gamma, root), parts.bn_dgamma(dout, h, gamma, x, root), parts.bn_dbeta(dout, gamma, h)
    )


@part
def batchnorm_backward_alt(parts, dout, x, gamma, beta, eps=1e-5):
    return parts.batchnorm_backward(dout, x, gamma, beta, eps)


@part
def bn_gradients(parts, dx, dgamma, dbeta):
    """What the backward pass returns of what it computed."""
    return dx, dgamma, dbeta


@part
def bn_dx(parts, dout, h, gamma, root):
    return terms(dout * gamma, h) / root


def terms(p, h, mean=1.0, along=1.0):
    """p - mean(p) - h mean(p h), the two means with factors."""
    return p - mean * p.mean(axis=0) - along * h * (p * h).mean(axis=0)


@part
def bn_dgamma(parts, dout, h, gamma, x, root):
    return (dout * h).sum(axis=0)


@part
def bn_dbeta(parts, dout, gamma, h):
    return dout.sum(axis=0)


@part
def batchnorm_running(parts, x, mean, variance, momentum=0.9):
    return parts.bn_averaged(mean, variance, x.mean(axis=0), parts.bn_kept_variance(x), parts.bn_momentum(momentum))


@part
def bn_momentum(parts, momentum):
    """What remains of the old statistics."""
    return momentum


@part
def bn_kept_variance(parts, x):
    """The variance of the batch that enters the running one."""
    return x.var(axis=0)


@part
def bn_averaged(parts, mean, variance, batch_mean, batch_variance, kept):
    return kept * mean + (1 - kept) * batch_mean, kept * variance + (1 - kept) * batch_variance


@part
def batchnorm_evaluate(parts, x, gamma, beta, mean, variance, eps=1e-5):
    return parts.bn_evaluated(x, gamma, beta, mean, variance, eps)


@part
def bn_evaluated(parts, x, gamma, beta, mean, variance, eps):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


UNCHOSEN = 1e-3  # how far results may differ by an eps of the code's own


def asked(name, *labels):
    """Questions about one function, with an eps or momentum and without."""

    def questions(_setting):
        for (samples, features), eps in (((5, 3), LARGE), ((4, 2), SMALL), ((2, 3), LARGE)):
            case = drawn(samples, features, eps, seed=7)
            size = np.arange(1.0, features + 1)
            given, setting = {
                "batchnorm_forward": (case.inputs, eps),
                "batchnorm_evaluate": ((*case.inputs, size / 4, 3 + size), eps),
                "batchnorm_running": ((case.x, size / 4, 3 + size), KEPT),
            }.get(name, ((case.dout, *case.inputs), eps))
            yield Question(f"{name}, {case}", asking(name, *given, setting), labels)
            slack = 0.0 if name == "batchnorm_running" else UNCHOSEN
            yield Question(f"{name} as the code sets it, {case}", asking(name, *given), labels, slack=slack)

    return questions


FORWARD = ("bn_normalized", "bn_deviation", "bn_variance", "bn_root", "bn_scaled", "batchnorm_forward")
BACKWARD = ("bn_dx", "bn_dgamma", "bn_dbeta", "bn_gradients")
GRADIENTS = ("dx", "dgamma", "dbeta")
UNBIASED = {"bn_kept_variance": lambda right, x: x.var(axis=0, ddof=1)}
OF_THE_BATCH = {"bn_momentum": lambda right, momentum: 1 - momentum}
concern(
    "batchnorm_forward",
    FORWARD,
    asked("batchnorm_forward", "out"),
    stages=[(frozenset({"bn_deviation", "bn_variance", "bn_root"}), frozenset({"bn_scaled"}))],
)
concern(
    "batchnorm_backward",
    BACKWARD,
    asked("batchnorm_backward", *GRADIENTS),
    runs=["batchnorm_forward"],
    stages=[(frozenset({"bn_dx"}), frozenset({"bn_dgamma", "bn_dbeta"}))],
)
concern("batchnorm_backward_alt", BACKWARD, asked("batchnorm_backward_alt", *GRADIENTS), runs=["batchnorm_forward"])
concern(
    "batchnorm_running",
    {"bn_averaged", "bn_kept_variance", "bn_momentum", "batchnorm_running"},
    asked("batchnorm_running", "mean", "variance"),
    readings=(UNBIASED, OF_THE_BATCH, UNBIASED | OF_THE_BATCH),
)
concern("batchnorm_evaluate", {"bn_evaluated"}, asked("batchnorm_evaluate", "out"))
about("batchnorm", "batchnorm_forward", "batchnorm_backward")
about("batchnorm.alternative", "batchnorm_backward_alt")
about("batchnorm.running batchnorm.running_limit", "batchnorm_running")
about("batchnorm.evaluation batchnorm.evaluation_by_samples batchnorm.evaluation_keeps", "batchnorm_evaluate")

# The training pass


def around(x, centre, eps):
    """x normalized by another centre than its mean, and the mean square about that."""
    return (x - centre) / np.sqrt(((x - centre) ** 2).mean(axis=0) + eps)


forward(
    "batchnorm-epsilon-outside",
    "eps is added to the deviation, outside the root",
    "sqrt(variance) + eps lets through deviations of 1e-5 as if they were signals, and its gradient has no root to go "
    "through at a constant feature. eps belongs to the variance.",
    clause="batchnorm.epsilon",
    fingerprint="(x - mean) / (sqrt(variance) + eps)",
    suspected="batchnorm.epsilon",
    bn_root=lambda right, variance, eps: np.sqrt(variance) + eps,
)
forward(
    "batchnorm-epsilon-missing",
    "eps is not used",
    "A feature that is constant in a batch has variance 0, and 0 / 0 is nan.",
    clause="batchnorm.epsilon",
    fingerprint="(x - mean) / sqrt(variance)",
    suspected="batchnorm.constant",
    bn_root=lambda right, variance, eps: np.sqrt(variance),
)
forward(
    "batchnorm-variance-unbiased",
    "the training pass divides by the variance over N - 1",
    "ddof=1 estimates the variance of the data. A batch is normalized by its own variance, over N; with one sample "
    "N - 1 is zero.",
    clause="batchnorm.variance",
    fingerprint="variance = sum (x - mean)^2 / (N - 1)",
    bn_variance=lambda right, x: x.var(axis=0, ddof=1),
)
forward(
    "batchnorm-root-missing",
    "the deviation is divided by the variance, not by its root",
    "x / variance has the unit 1 / x: larger inputs give smaller outputs.",
    clause="batchnorm.variance",
    fingerprint="(x - mean) / (variance + eps)",
    bn_root=lambda right, variance, eps: variance + eps,
)
forward(
    "batchnorm-deviation-for-variance",
    "the root is taken of the standard deviation",
    "np.std is the root of the variance already: sqrt(std + eps) is its fourth root.",
    clause="batchnorm.variance",
    fingerprint="(x - mean) / sqrt(std + eps)",
    bn_root=lambda right, variance, eps: np.sqrt(np.sqrt(variance) + eps),
)
forward(
    "batchnorm-axis",
    "each sample is normalized over its features",
    "Mean and variance are taken over axis 1. That is layer normalization; batch normalization takes them over the "
    "samples, axis 0, for each feature.",
    clause="batchnorm.mean",
    fingerprint="(x - x.mean(axis=1)) / sqrt(x.var(axis=1) + eps)",
    bn_normalized={
        "both": lambda right, x, eps: (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + eps),
        "the mean": lambda right, x, eps: (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=0) + eps),
        "the mean, with the variance about it": lambda right, x, eps: around(x, x.mean(axis=1, keepdims=True), eps),
        "the variance": lambda right, x, eps: (x - x.mean(axis=0)) / np.sqrt(x.var(axis=1, keepdims=True) + eps),
    },
)
forward(
    "batchnorm-over-everything",
    "one mean, or one variance, of all features is used",
    "Without axis=0 NumPy takes the mean of all numbers: features of another size stay larger.",
    clause="batchnorm.mean",
    fingerprint="(x - x.mean()) / sqrt(x.var() + eps)",
    bn_normalized={
        "both": lambda right, x, eps: (x - x.mean()) / np.sqrt(x.var() + eps),
        "the mean": lambda right, x, eps: (x - x.mean()) / np.sqrt(x.var(axis=0) + eps),
        "the mean, with the variance about it": lambda right, x, eps: around(x, x.mean(), eps),
        "the variance": lambda right, x, eps: (x - x.mean(axis=0)) / np.sqrt(x.var() + eps),
    },
)
forward(
    "batchnorm-not-centred",
    "the mean is not subtracted",
    "Scaling alone leaves every feature its mean, so the mean of the output is not beta.",
    clause="batchnorm.mean",
    fingerprint="x / sqrt(variance + eps)",
    bn_deviation=lambda right, x: x,
)
forward(
    "batchnorm-not-divided",
    "the deviation is not divided by anything",
    "Subtracting the mean leaves every feature its size.",
    clause="batchnorm.variance",
    fingerprint="gamma (x - mean) + beta",
    bn_root=lambda right, variance, eps: 1.0,
)
forward(
    "batchnorm-multiplied",
    "the deviation is multiplied by the root",
    "Normalizing divides by the size of the deviations.",
    clause="batchnorm.variance",
    fingerprint="(x - mean) sqrt(variance + eps)",
    bn_root=lambda right, variance, eps: 1 / right(variance, eps),
)
forward(
    "batchnorm-second-moment",
    "the mean of x^2 stands for the variance",
    "mean(x^2) - mean^2 is the variance: the second part is missing.",
    clause="batchnorm.variance",
    fingerprint="variance = mean(x^2)",
    bn_variance=lambda right, x: (x**2).mean(axis=0),
)
forward(
    "batchnorm-sum-of-squares",
    "the sum of the squared deviations stands for the variance",
    "Without the division by N the output shrinks with the size of the batch.",
    clause="batchnorm.variance",
    fingerprint="variance = sum (x - mean)^2",
    bn_variance=lambda right, x: len(x) * right(x),
)
forward(
    "batchnorm-gamma-beta-swapped",
    "gamma and beta are swapped",
    "gamma is the size of the output, beta its mean.",
    clause="batchnorm.mean",
    fingerprint="beta h + gamma",
    bn_scaled=lambda right, h, gamma, beta: right(h, beta, gamma),
)
forward(
    "batchnorm-gamma-missing",
    "the output is not multiplied by gamma",
    "Without gamma the layer cannot give a feature another size than 1.",
    clause="batchnorm.variance",
    fingerprint="h + beta",
    bn_scaled=lambda right, h, gamma, beta: h + beta,
)
forward(
    "batchnorm-beta-missing",
    "beta is not added",
    "The bias of the layer below has no effect, as its mean is subtracted: beta takes its place.",
    clause="batchnorm.mean",
    fingerprint="gamma h, h, or gamma h - beta",
    bn_scaled={
        "": lambda right, h, gamma, beta: gamma * h,
        "nor gamma": lambda right, h, gamma, beta: h,
        "subtracted": lambda right, h, gamma, beta: gamma * h - beta,
    },
)
forward(
    "batchnorm-gamma-times-beta",
    "beta is multiplied by gamma",
    "gamma scales the normalized input; beta is added after it.",
    clause="batchnorm.mean",
    fingerprint="gamma (h + beta)",
    bn_scaled=lambda right, h, gamma, beta: gamma * (h + beta),
)
forward(
    "batchnorm-running-in-training",
    "training normalizes by the running statistics",
    "They are for evaluation. In training each batch is normalized by its own mean and variance, and the gradient goes "
    "through both.",
    clause="batchnorm.mean",
    fingerprint="gamma (x - running_mean) / sqrt(running_variance + eps) + beta",
    bn_normalized={
        f"{kept:g} of the old kept": lambda right, x, eps, kept=kept: (
            (x - (1 - kept) * x.mean(axis=0)) / np.sqrt(kept + (1 - kept) * x.var(axis=0) + eps)
        )
        for kept in (1.0, 0.9, 0.99, 0.1)
    },
)
forward(
    "batchnorm-integers",
    "whole numbers are normalized to whole numbers",
    "An array made by np.zeros_like of integers holds integers: fractions are cut off.",
    clause="batchnorm.integers",
    fingerprint="out rounded towards zero for x of integers",
    broken="batchnorm.integers",
    lines=("out = np.zeros_like(x)", "out = np.zeros(x.shape)"),
)
forward(
    "batchnorm-remembers",
    "a training pass depends on the batches before it",
    "Statistics that are kept, or made only once, belong to evaluation: `if self.mean is None` computes them for the "
    "first batch alone.",
    clause="batchnorm.memoryless",
    fingerprint="the second pass with a batch gives another output than the first",
    broken="batchnorm.memoryless",
    lines=("if self.mean is None: self.mean = x.mean(axis=0)", "mean = x.mean(axis=0)"),
)
forward(
    "batchnorm-arguments-changed",
    "batch normalization writes into its arguments or its cache",
    "x -= mean, or dout *= gamma, on an array that the caller, or another layer, still holds.",
    clause="batchnorm.arguments_kept",
    fingerprint="after the call x, dout or an array in the cache has changed",
    broken="batchnorm.arguments_kept",
    lines=("x -= x.mean(axis=0)", "x = x - x.mean(axis=0)"),
)

# The gradients

TERMS = "dx = gamma / sqrt(v + eps) (dout - mean(dout) - h mean(dout h))"
backward(
    "batchnorm-mean-constant",
    "dx lacks the term of the mean",
    "The mean moves with every sample. Without its term the gradients of a feature do not sum to zero.",
    clause="batchnorm.sum_of_gradients",
    fingerprint="dx = gamma / sqrt(v + eps) (dout - h mean(dout h))",
    bn_dx=lambda right, dout, h, gamma, root: terms(dout * gamma, h, mean=0.0) / root,
)
backward(
    "batchnorm-variance-constant",
    "dx lacks the term of the variance",
    "The variance moves with every sample. Without its term the gradient has a part along the normalized input, which "
    "stretches it for nothing.",
    clause="batchnorm.orthogonal",
    fingerprint="dx = gamma / sqrt(v + eps) (dout - mean(dout))",
    bn_dx=lambda right, dout, h, gamma, root: terms(dout * gamma, h, along=0.0) / root,
)
backward(
    "batchnorm-statistics-constant",
    "dx takes mean and variance for constants",
    "Each sample acts on the output of all others through the mean and the variance: two terms are missing.",
    clause="batchnorm.sum_of_gradients",
    fingerprint="dx = gamma / sqrt(v + eps) dout",
    bn_dx=lambda right, dout, h, gamma, root: dout * gamma / root,
)
backward(
    "batchnorm-dx-without-gamma",
    "dx is not multiplied by gamma",
    "The normalized input reaches the output times gamma.",
    clause="batchnorm.input_gradient",
    fingerprint="dx = 1 / sqrt(v + eps) (dout - mean(dout) - h mean(dout h))",
    bn_dx=lambda right, dout, h, gamma, root: terms(dout, h) / root,
)
backward(
    "batchnorm-dx-gamma-in-part",
    "gamma is in some terms of dx and not in others",
    "Each term is that of dout times gamma.",
    clause="batchnorm.input_gradient",
    fingerprint="dout gamma - mean(dout) - h mean(dout h), or the like",
    bn_dx={
        "not in the means": lambda right, dout, h, gamma, root: (
            (dout * gamma - dout.mean(axis=0) - h * (dout * h).mean(axis=0)) / root
        ),
        "not in the last": lambda right, dout, h, gamma, root: (
            (gamma * (dout - dout.mean(axis=0)) - h * (dout * h).mean(axis=0)) / root
        ),
        "twice": lambda right, dout, h, gamma, root: right(dout, h, gamma, root) * gamma,
    },
)
backward(
    "batchnorm-dx-scaled",
    "dx has a factor that does not belong to it",
    "A factor N, 1/N, 2 or -1. In the form with sums, 1/N stands before all three terms, and N before dout.",
    clause="batchnorm.input_gradient",
    fingerprint="N dx, dx / N, -dx, 2 dx",
    bn_dx={
        name: lambda right, dout, h, gamma, root, f=f: right(dout, h, gamma, root) * f(len(dout))
        for name, f in {
            "N": lambda n: n,
            "1/N": lambda n: 1 / n,
            "-1": lambda n: -1.0,
            "2": lambda n: 2.0,
            "1/2": lambda n: 0.5,
            "0": lambda n: 0.0,
            "N/(N - 1)": lambda n: n / (n - 1),
        }.items()
    },
)
backward(
    "batchnorm-dx-sums",
    "the terms of dx are sums in place of means",
    "dout - sum(dout) - h sum(dout h) lacks the 1/N that the mean and the variance have.",
    clause="batchnorm.sum_of_gradients",
    fingerprint="dx = gamma / sqrt(v + eps) (dout - sum(dout) - h sum(dout h))",
    bn_dx={
        "both": lambda right, dout, h, gamma, root: terms(dout * gamma, h, len(dout), len(dout)) / root,
        "of the mean": lambda right, dout, h, gamma, root: terms(dout * gamma, h, len(dout)) / root,
        "of the variance": lambda right, dout, h, gamma, root: terms(dout * gamma, h, 1.0, len(dout)) / root,
        "dout without its N": lambda right, dout, h, gamma, root: (
            (dout * gamma / len(dout) - (dout * gamma).mean(axis=0) - h * (dout * gamma * h).mean(axis=0)) / root
        ),
    },
)
backward(
    "batchnorm-dx-sign",
    "a term of dx has the wrong sign",
    "Both the mean's and the variance's term are subtracted.",
    clause="batchnorm.input_gradient",
    fingerprint="dout + mean(dout) - h mean(dout h), or dout - mean(dout) + h mean(dout h)",
    bn_dx={
        "of the mean": lambda right, dout, h, gamma, root: terms(dout * gamma, h, mean=-1.0) / root,
        "of the variance": lambda right, dout, h, gamma, root: terms(dout * gamma, h, along=-1.0) / root,
        "of both": lambda right, dout, h, gamma, root: terms(dout * gamma, h, -1.0, -1.0) / root,
    },
)
backward(
    "batchnorm-dvariance-factor",
    "the gradient by the variance has a wrong factor",
    "d(1 / sqrt(v + eps)) / dv is -1/2 (v + eps)^(-3/2), and d v / d x is 2 (x - mean) / N: the 1/2 and the 2 cancel.",
    clause="batchnorm.orthogonal",
    fingerprint="the variance's term of dx, halved or doubled",
    bn_dx={
        name: lambda right, dout, h, gamma, root, f=f: terms(dout * gamma, h, along=f) / root
        for name, f in (("half of it", 0.5), ("twice it", 2.0))
    },
)
backward(
    "batchnorm-dvariance-power",
    "the gradient by the variance has a wrong power of variance + eps",
    "d(1 / sqrt(v + eps)) / dv is -1/2 (v + eps)^(-3/2). In the form with the normalized input h, x - mean in its "
    "place does the same.",
    clause="batchnorm.orthogonal",
    fingerprint="the variance's term of dx with (v + eps)^(-1), ^(-1/2) or ^(-2)",
    bn_dx={
        f"({power})": lambda right, dout, h, gamma, root, k=k: (
            (terms(dout * gamma, h, along=0.0) - h * (dout * gamma * h).mean(axis=0) * root**k) / root
        )
        for power, k in (("-1", 1), ("-1/2", 2), ("-2", -1), ("-5/2", -2))
    },
)
backward(
    "batchnorm-dx-root",
    "dx is divided by the variance, or by nothing",
    "The derivative of a quotient by its numerator is 1 over the denominator, sqrt(variance + eps).",
    clause="batchnorm.input_gradient",
    fingerprint="dx / sqrt(v + eps), dx sqrt(v + eps)",
    bn_dx={
        "the variance": lambda right, dout, h, gamma, root: right(dout, h, gamma, root) / root,
        "nothing": lambda right, dout, h, gamma, root: right(dout, h, gamma, root) * root,
        "multiplied by the root": lambda right, dout, h, gamma, root: right(dout, h, gamma, root) * root**2,
    },
)
backward(
    "batchnorm-dgamma-without-normalized",
    "dgamma lacks the normalized input",
    "gamma multiplies h: its gradient is the sum of dout h. The sum of dout is that of beta.",
    clause="batchnorm.scale_gradient",
    mend="(dout * h).sum(axis=0)",
    fingerprint="dgamma = sum dout",
    bn_dgamma=lambda right, dout, h, gamma, x, root: dout.sum(axis=0),
)
backward(
    "batchnorm-dgamma-of-another",
    "dgamma is taken with another array than the normalized input",
    "gamma multiplies the normalized input: neither x, nor x - mean, nor the output.",
    clause="batchnorm.scale_gradient",
    mend="(dout * h).sum(axis=0)",
    fingerprint="dgamma = sum dout x, or sum dout (x - mean)",
    bn_dgamma={
        "x": lambda right, dout, h, gamma, x, root: (dout * x).sum(axis=0),
        "x - mean": lambda right, dout, h, gamma, x, root: (dout * h).sum(axis=0) * root,
        "the normalized input divided again": lambda right, dout, h, gamma, x, root: (dout * h).sum(axis=0) / root,
        "gamma times the normalized input": lambda right, dout, h, gamma, x, root: (dout * h * gamma).sum(axis=0),
    },
)
backward(
    "batchnorm-dgamma-averaged",
    "dgamma is a mean over the batch, or has another factor",
    "np.mean for np.sum: the 1/N of a mean loss is in dout already.",
    clause="batchnorm.scale_gradient",
    mend="(dout * h).sum(axis=0)",
    fingerprint="dgamma / N, N dgamma, -dgamma",
    bn_dgamma={
        name: lambda right, dout, h, gamma, x, root, f=f: right(dout, h, gamma, x, root) * f(len(dout))
        for name, f in {
            "1/N": lambda n: 1 / n,
            "N": lambda n: n,
            "-1": lambda n: -1.0,
            "0": lambda n: 0.0,
        }.items()
    },
)
backward(
    "batchnorm-dbeta-averaged",
    "dbeta is a mean over the batch, or has another factor",
    "np.mean for np.sum: the 1/N of a mean loss is in dout already.",
    clause="batchnorm.shift_gradient",
    mend="dout.sum(axis=0)",
    fingerprint="dbeta / N, -dbeta",
    bn_dbeta={
        "1/N": lambda right, dout, gamma, h: dout.mean(axis=0),
        "-1": lambda right, dout, gamma, h: -dout.sum(axis=0),
        "0": lambda right, dout, gamma, h: 0 * dout.sum(axis=0),
        "times gamma": lambda right, dout, gamma, h: dout.sum(axis=0) * gamma,
        "times the normalized input": lambda right, dout, gamma, h: (dout * h).sum(axis=0),
    },
)
backward(
    "batchnorm-gradients-swapped",
    "dgamma and dbeta are swapped",
    "The order is dx, dgamma, dbeta.",
    clause="batchnorm.shift_gradient",
    mend="return dx, dgamma, dbeta",
    fingerprint="(dx, dbeta, dgamma)",
    bn_gradients=lambda right, dx, dgamma, dbeta: (dx, dbeta, dgamma),
)

# Running statistics

running(
    "batchnorm-running-never-updated",
    "the running statistics never change",
    "Evaluation would use the zeros and ones of the start. `running_mean = ...` without `self.` sets a local name; in "
    "a dictionary of settings the new arrays have to be put back.",
    clause="batchnorm.running",
    fingerprint="running_mean, or running_variance, is that of before",
    bn_averaged={
        "both": lambda right, mean, variance, m, v, kept: (mean, variance),
        "the mean": lambda right, mean, variance, m, v, kept: (mean, right(mean, variance, m, v, kept)[1]),
        "the variance": lambda right, mean, variance, m, v, kept: (right(mean, variance, m, v, kept)[0], variance),
    },
)
running(
    "batchnorm-running-replaced",
    "the running statistics are those of the last batch",
    "An average over many batches is wanted: the old ones count with the momentum.",
    clause="batchnorm.running",
    fingerprint="running_mean = mean of x",
    bn_averaged={
        "both": lambda right, mean, variance, m, v, kept: (m, v),
        "the variance": lambda right, mean, variance, m, v, kept: (right(mean, variance, m, v, kept)[0], v),
        "the mean": lambda right, mean, variance, m, v, kept: (m, right(mean, variance, m, v, kept)[1]),
    },
)
running(
    "batchnorm-running-mixed",
    "momentum keeps the old mean and takes the new variance, or the other way round",
    "momentum and 1 - momentum have changed places in one of the two averages.",
    clause="batchnorm.running",
    fingerprint="mean by momentum, variance by 1 - momentum",
    bn_averaged={
        "the variance": lambda right, mean, variance, m, v, kept: (
            right(mean, variance, m, v, kept)[0],
            right(mean, variance, m, v, 1 - kept)[1],
        ),
        "the mean": lambda right, mean, variance, m, v, kept: (
            right(mean, variance, m, v, 1 - kept)[0],
            right(mean, variance, m, v, kept)[1],
        ),
    },
)
running(
    "batchnorm-running-complement",
    "the old and the new statistics are weighted by numbers that do not add up to 1",
    "In an average the weights are momentum and 1 - momentum.",
    clause="batchnorm.running",
    fingerprint="momentum old + batch, old + (1 - momentum) batch, or momentum (old + batch)",
    bn_averaged={
        f"{weights}, {which}": lambda right, mean, variance, m, v, kept, of=of, which=which: (
            of(kept, mean, m) if which != "the variance" else right(mean, variance, m, v, kept)[0],
            of(kept, variance, v) if which != "the mean" else right(mean, variance, m, v, kept)[1],
        )
        for weights, of in {
            "momentum and 1": lambda kept, old, new: kept * old + new,
            "1 and 1 - momentum": lambda kept, old, new: old + (1 - kept) * new,
            "momentum and momentum": lambda kept, old, new: kept * (old + new),
        }.items()
        for which in ("both", "the mean", "the variance")
    },
)
running(
    "batchnorm-running-deviation",
    "the running variance averages standard deviations",
    "Evaluation takes the root of the running variance. An average of roots, with another root, is neither.",
    clause="batchnorm.running",
    fingerprint="running_variance = momentum running_variance + (1 - momentum) std",
    bn_kept_variance={
        "": lambda right, x: np.sqrt(right(x)),
        "with eps": lambda right, x: np.sqrt(right(x) + 1e-5),
        "squared deviations summed": lambda right, x: right(x) * len(x),
    },
)
running(
    "batchnorm-running-epsilon",
    "eps is in the running variance",
    "Evaluation adds eps to the running variance: it is there twice then. Average the variance of the batch alone.",
    clause="batchnorm.running",
    fingerprint="running_variance = momentum running_variance + (1 - momentum) (variance + eps)",
    bn_kept_variance={f"eps {eps:g}": lambda right, x, eps=eps: right(x) + eps for eps in 10.0 ** -np.arange(2, 11)},
)
running(
    "batchnorm-running-swapped",
    "the mean enters the running variance, or the variance the running mean",
    "The two averages have been mixed up.",
    clause="batchnorm.running",
    fingerprint="running_mean of the variances",
    bn_averaged={
        "both": lambda right, mean, variance, m, v, kept: right(mean, variance, v, m, kept),
        "the mean into the variance": lambda right, mean, variance, m, v, kept: right(mean, variance, m, m, kept),
        "the variance into the mean": lambda right, mean, variance, m, v, kept: right(mean, variance, v, v, kept),
    },
)

# Evaluation

evaluation(
    "batchnorm-evaluates-by-batch",
    "evaluation normalizes by the batch that it is given",
    "A prediction would depend on what else is predicted, and a single sample would give beta. Evaluation uses the "
    "running statistics.",
    clause="batchnorm.evaluation",
    fingerprint="gamma (x - mean of x) / sqrt(variance of x + eps) + beta",
    bn_evaluated={
        "both": lambda right, x, gamma, beta, mean, variance, eps: right(
            x, gamma, beta, x.mean(axis=0), x.var(axis=0), eps
        ),
        "the mean": lambda right, x, gamma, beta, mean, variance, eps: right(
            x, gamma, beta, x.mean(axis=0), variance, eps
        ),
        "the variance": lambda right, x, gamma, beta, mean, variance, eps: right(
            x, gamma, beta, mean, x.var(axis=0), eps
        ),
    },
)
evaluation(
    "batchnorm-evaluates-without-root",
    "evaluation divides by the running variance, not by its root",
    "Evaluation must do what training does: sqrt(running_variance + eps).",
    clause="batchnorm.evaluation",
    fingerprint="gamma (x - running_mean) / (running_variance + eps) + beta",
    bn_evaluated=lambda right, x, gamma, beta, mean, variance, eps: gamma * (x - mean) / (variance + eps) + beta,
)
evaluation(
    "batchnorm-evaluates-with-another-epsilon",
    "evaluation adds eps elsewhere than training, or not at all",
    "Evaluation must do what training does: sqrt(running_variance + eps).",
    clause="batchnorm.evaluation",
    fingerprint="sqrt(running_variance) + eps, or sqrt(running_variance)",
    bn_evaluated={
        "outside": lambda right, x, gamma, beta, mean, variance, eps: (
            gamma * (x - mean) / (np.sqrt(variance) + eps) + beta
        ),
        "missing": lambda right, x, gamma, beta, mean, variance, eps: gamma * (x - mean) / np.sqrt(variance) + beta,
    },
)
evaluation(
    "batchnorm-evaluates-without-scale",
    "evaluation leaves out gamma or beta",
    "The layers above have learnt from outputs of size gamma and mean beta.",
    clause="batchnorm.evaluation",
    fingerprint="(x - running_mean) / sqrt(running_variance + eps)",
    bn_evaluated={
        "both": lambda right, x, gamma, beta, mean, variance, eps: right(x, 1.0, 0.0, mean, variance, eps),
        "gamma": lambda right, x, gamma, beta, mean, variance, eps: right(x, 1.0, beta, mean, variance, eps),
        "beta": lambda right, x, gamma, beta, mean, variance, eps: right(x, gamma, 0.0, mean, variance, eps),
        "swapped": lambda right, x, gamma, beta, mean, variance, eps: right(x, beta, gamma, mean, variance, eps),
    },
)
evaluation(
    "batchnorm-evaluates-nothing",
    "evaluation returns its input, or does not center it",
    "The layers above expect the normalized features in evaluation too.",
    clause="batchnorm.evaluation",
    fingerprint="x, or gamma x / sqrt(running_variance + eps) + beta",
    bn_evaluated={
        "its input": lambda right, x, gamma, beta, mean, variance, eps: x * 1.0,
        "not centered": lambda right, x, gamma, beta, mean, variance, eps: right(x, gamma, beta, 0.0, variance, eps),
        "scaled alone": lambda right, x, gamma, beta, mean, variance, eps: gamma * x + beta,
    },
)
evaluation(
    "batchnorm-evaluation-learns",
    "evaluation changes the running statistics",
    "Test data enters the averages, and evaluating twice gives two results. Only training updates them.",
    clause="batchnorm.evaluation_keeps",
    fingerprint="after evaluation, running_mean or running_variance has changed",
    broken="batchnorm.evaluation_keeps",
    lines=("self.running_mean = ...  # in either mode", "if training: self.running_mean = ..."),
)

also("cache-stale", broken=["batchnorm.caches"])
also("gradient-buffers-reused", broken=["batchnorm.results_kept"])
also("gradient-shapes", broken=["batchnorm.gradient_shapes"])
also("layer-gradients-accumulate", broken=["batchnorm.repeatable"])
also("layer-shape", broken=["batchnorm.shape"])
