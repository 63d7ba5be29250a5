"""Mistakes on the way of the gradient down through the network."""

import numpy as np

from chainrule.diagnosis.mistake import mistake

MEND_MASK = "delta = (delta @ W.T) * (z > 0), with the z of the layer that delta comes to"
MEND_ERROR = "delta = (p - one_hot(y)) / N"


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
    variants={
        "": {"average": lambda right, error, batch: error / batch.classes},
        "besides N": {"average": lambda right, error, batch: right(error, batch) / batch.classes},
    },
)
mistake(
    "gradient-divided-by-inputs",
    "divided by the number of inputs, not of samples",
    "x.shape[1] counts the inputs of one sample, x.shape[0] the samples. (In column convention it is the other "
    "way round.)",
    clause="gradients.additivity",
    mend="divide by the number of samples",
    fingerprint="N g / D",
    variants={
        "": {"average": lambda right, error, batch: error / batch.x.shape[1]},
        "besides N": {"average": lambda right, error, batch: right(error, batch) / batch.x.shape[1]},
        "of all entries": {"average": lambda right, error, batch: error / batch.x.size},
    },
)
mistake(
    "gradient-negated",
    "the gradient has the wrong sign: y - p in place of p - y",
    "The loss grows along it. With a minus in the update that climbs; with a plus there, two signs cancel, and "
    "nothing else fits.",
    clause="gradients.weights",
    mend=MEND_ERROR,
    fingerprint="-g",
    error=lambda right, p, target, batch: -right(p, target, batch),
)
mistake(
    "gradient-doubled",
    "the gradient has a factor of 2, or of one half",
    "The 2 is the derivative of a square. The cross-entropy has none: dloss/dz is p - y as it stands.",
    clause="gradients.weights",
    mend=MEND_ERROR,
    fingerprint="2 g, or g / 2",
    variants={
        "2": {"error": lambda right, p, target, batch: 2 * right(p, target, batch)},
        "1/2": {"error": lambda right, p, target, batch: right(p, target, batch) / 2},
    },
)
mistake(
    "gradient-softmax-derivative-twice",
    "p - y is multiplied by p (1 - p)",
    "p - y is the derivative through softmax and cross-entropy together. The factor p (1 - p), the derivative of "
    "a sigmoid, belongs to the squared error; here it counts the output twice and makes sure mistakes learn "
    "nothing.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="(p - y) p (1 - p) / N",
    variants={
        "": {"error": lambda right, p, target, batch: right(p, target, batch) * p * (1 - p)},
        "twice the error": {"error": lambda right, p, target, batch: 2 * right(p, target, batch) * p * (1 - p)},
        "p alone": {"error": lambda right, p, target, batch: right(p, target, batch) * p},
        "of softmax's full Jacobian": {"error": lambda right, p, target, batch: jacobian(p, right(p, target, batch))},
        "2, and the full Jacobian": {"error": lambda right, p, target, batch: jacobian(p, 2 * right(p, target, batch))},
    },
)
mistake(
    "gradient-softmax-diagonal",
    "only the diagonal of softmax's derivative: p (1 - p) in place of p - y",
    "dp[i]/dz[k] = p[i] ((i == k) - p[k]) has entries beside the diagonal: raising one logit lowers all the "
    "other probabilities.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="p (1 - p) / N",
    error=lambda right, p, target, batch: p * (1 - p),
)
mistake(
    "gradient-softmax-ignored",
    "the derivative stops at the probabilities: -y / p, without softmax",
    "-1/p is dloss/dp. To get to the logits it must go through softmax's Jacobian, and what comes out is p - y.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="-(y / p) / N",
    variants={
        "": {"error": lambda right, p, target, batch: -target / p},
        "of the binary loss": {"error": lambda right, p, target, batch: (p - target) / (p * (1 - p))},
        "p / y": {"error": lambda right, p, target, batch: target / p},
    },
)
mistake(
    "gradient-without-labels",
    "the labels are not subtracted: p in place of p - y",
    "The gradient says to lower every class; the true one must be raised.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="p / N",
    error=lambda right, p, target, batch: p,
)
mistake(
    "gradient-true-class-only",
    "only the true class has a gradient",
    "The other classes must be pushed down by p, or nothing holds them. This is also what comes of -1/p times p "
    "(1 - p): the diagonal of softmax's derivative alone.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="y (p - 1) / N",
    variants={
        "p - 1": {"error": lambda right, p, target, batch: right(p, target, batch) * target},
        "-1": {"error": lambda right, p, target, batch: -target},
    },
)
mistake(
    "gradient-other-classes-only",
    "the true class has no gradient",
    "y * 0, or a mask the wrong way round: the true class's p - 1 is what raises it.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="(1 - y) p / N",
    error=lambda right, p, target, batch: p * (1 - target),
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
    variants={
        "y - 1": {"one_hot": lambda right, y, classes: right((y - 1) % classes, classes)},
        "y + 1": {"one_hot": lambda right, y, classes: right((y + 1) % classes, classes)},
        "counted from the end": {"one_hot": lambda right, y, classes: right(classes - 1 - y, classes)},
    },
)
mistake(
    "gradient-labels-not-aligned",
    "the labels of other samples are used",
    "Sorted, reversed or rolled labels no longer belong to their rows.",
    clause="gradients.weights",
    mend="keep x and y in one order",
    fingerprint="p - one_hot(y in another order)",
    variants={
        "sorted": {"one_hot": lambda right, y, classes: right(np.sort(y), classes)},
        "reversed": {"one_hot": lambda right, y, classes: right(y[::-1], classes)},
        "all those of the first": {"one_hot": lambda right, y, classes: right(np.full_like(y, y[0]), classes)},
        "all those of the last": {"one_hot": lambda right, y, classes: right(np.full_like(y, y[-1]), classes)},
    },
)
mistake(
    "gradient-of-decision",
    "argmax in place of the probabilities",
    "p is rounded to 0 and 1 before y is subtracted: that is the perceptron's rule, and no gradient of a "
    "cross-entropy.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="(one_hot(argmax p) - y) / N",
    error=lambda right, p, target, batch: np.eye(p.shape[1])[p.argmax(axis=1)] - target,
)
mistake(
    "gradient-of-logits",
    "the logits are used where the probabilities belong",
    "z - y in place of p - y: softmax is missing in the backward pass.",
    clause="gradients.class_sum",
    mend=MEND_ERROR,
    fingerprint="(z - y) / N",
    error=lambda right, p, target, batch: batch.z[-1] - target,
)
mistake(
    "gradient-epsilon",
    "an epsilon in the gradient that the loss does not have",
    "-y / (p + eps) through softmax's derivative, or a floor under p, moves every entry a little.",
    clause="gradients.values",
    mend=MEND_ERROR,
    fingerprint="p (y / (p + eps) - sum y / (p + eps) p)",
    variants={
        f"eps = {eps:g}": {"error": lambda right, p, target, batch, eps=eps: jacobian(p, -target / (p + eps))}
        for eps in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
    },
)
mistake(
    "mask-missing",
    "ReLU's derivative is missing in the backward pass",
    "Where z <= 0 ReLU lets nothing through, forward or backward: delta must be multiplied by (z > 0). Note that "
    "(a >= 0) is always true, because an activation is never negative.",
    clause="gradients.dead_units",
    mend=MEND_MASK,
    fingerprint="delta[l] = delta[l+1] W^T",
    slope=lambda right, batch, l, carried: 1.0,
)
mistake(
    "mask-missing-in-one-layer",
    "ReLU's derivative is missing in some of the layers",
    "Code that was written out for a certain number of layers, or a loop that begins or ends one off.",
    clause="gradients.dead_units",
    mend=MEND_MASK,
    special="mask-missing",
    fingerprint="delta[l] = delta[l+1] W^T for one l",
    variants={
        "the first hidden layer": {"slope": lambda right, batch, l, carried: right(batch, l, carried) if l else 1.0},
        "the last hidden layer": {
            "slope": lambda right, batch, l, carried: 1.0 if l == len(batch.z) - 2 else right(batch, l, carried)
        },
        "the second hidden layer": {
            "slope": lambda right, batch, l, carried: 1.0 if l == 1 else right(batch, l, carried)
        },
        "below the last two hidden layers": {
            "slope": lambda right, batch, l, carried: 1.0 if l < len(batch.z) - 3 else right(batch, l, carried)
        },
        "below the last hidden layer": {
            "slope": lambda right, batch, l, carried: 1.0 if l < len(batch.z) - 2 else right(batch, l, carried)
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
mistake(
    "mask-of-another-layer",
    "the mask is that of another layer",
    "Every layer has its own z. An index that is one off takes the one above or below it; with layers of one "
    "size nothing complains.",
    clause="gradients.dead_units",
    mend=MEND_MASK,
    fingerprint="delta (z of another layer > 0)",
    variants={
        "above": {"slope": lambda right, batch, l, carried: fitted(batch.z[l + 1] > 0, carried)},
        "below": {
            "slope": lambda right, batch, l, carried: fitted((batch.z[l - 1] if l else batch.inputs[0]) > 0, carried)
        },
        "the last": {"slope": lambda right, batch, l, carried: fitted(batch.z[-1] > 0, carried)},
        "the first": {"slope": lambda right, batch, l, carried: fitted(batch.z[0] > 0, carried)},
        "the inputs": {"slope": lambda right, batch, l, carried: fitted(batch.inputs[0] > 0, carried)},
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
mistake(
    "mask-is-activation",
    "delta is multiplied by the activation, not by ReLU's derivative",
    "relu(z) is z where it is on; its derivative there is 1.",
    clause="gradients.weights",
    mend=MEND_MASK,
    fingerprint="delta relu(z)",
    variants=in_some(
        relu_of_z=lambda right, batch, l, carried: np.maximum(batch.z[l], 0.0),
        z=lambda right, batch, l, carried: batch.z[l],
    ),
)
mistake(
    "mask-of-sigmoid",
    "another activation's derivative in place of ReLU's",
    "a (1 - a) belongs to the logistic sigmoid, 1 - a^2 to tanh. ReLU's derivative is 1 where z > 0, and else 0.",
    clause="gradients.weights",
    mend=MEND_MASK,
    fingerprint="delta a (1 - a), or delta (1 - a^2)",
    variants={
        "a (1 - a)": {"slope": lambda right, batch, l, carried: batch.inputs[l + 1] * (1 - batch.inputs[l + 1])},
        "s(z) (1 - s(z))": {"slope": lambda right, batch, l, carried: sigmoid(batch.z[l]) * (1 - sigmoid(batch.z[l]))},
        "s(a) (1 - s(a))": {
            "slope": lambda right, batch, l, carried: sigmoid(batch.inputs[l + 1]) * (1 - sigmoid(batch.inputs[l + 1]))
        },
        "z (1 - z)": {"slope": lambda right, batch, l, carried: batch.z[l] * (1 - batch.z[l])},
        "1 - a^2": {"slope": lambda right, batch, l, carried: 1 - batch.inputs[l + 1] ** 2},
        "1 - tanh(z)^2": {"slope": lambda right, batch, l, carried: 1 - np.tanh(batch.z[l]) ** 2},
    },
)
mistake(
    "mask-leaky",
    "where a unit is off a little gradient comes through",
    "The derivative is a leaky ReLU's, the forward pass a ReLU's: the two must belong to one function.",
    clause="gradients.dead_units",
    mend=MEND_MASK,
    fingerprint="delta where z > 0, else c delta",
    variants={
        f"c = {c:g}": {"slope": lambda right, batch, l, carried, c=c: np.where(batch.z[l] > 0, 1.0, c)}
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
    variants={
        f"c = {c:g}": {"slope": lambda right, batch, l, carried, c=c: batch.z[l] > c}
        for c in (1.0, 0.5, 0.1, 0.2, -0.5, -1.0)
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
    variants={
        "any sample": {"slope": lambda right, batch, l, carried: (batch.z[l] > 0).any(axis=0)},
        "all samples": {"slope": lambda right, batch, l, carried: (batch.z[l] > 0).all(axis=0)},
        "the first sample": {"slope": lambda right, batch, l, carried: batch.z[l][:1] > 0},
        "the last sample": {"slope": lambda right, batch, l, carried: batch.z[l][-1:] > 0},
        "the mean": {"slope": lambda right, batch, l, carried: batch.z[l].mean(axis=0) > 0},
    },
)
mistake(
    "mask-quotient",
    "ReLU's derivative as a quotient a / (a + eps)",
    "It is a little less than 1 where the unit is on: the digits beyond eps are wrong.",
    clause="gradients.euler",
    mend=MEND_MASK,
    fingerprint="delta a / (a + eps)",
    variants={
        f"eps = {eps:g}": {
            "slope": lambda right, batch, l, carried, eps=eps: batch.inputs[l + 1] / (batch.inputs[l + 1] + eps)
        }
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
    carried=lambda right, delta, batch, l: delta @ batch.model.weights[l],
)
mistake(
    "carry-wrong-layer",
    "delta is sent down through another layer's weights",
    "Going down from layer l+1 takes W[l+1], the weights between the two. An index that is one off takes another's.",
    clause="gradients.weights",
    mend="delta @ W[l+1].T",
    fingerprint="delta W[l]^T",
    variants={
        "below": {"carried": lambda right, delta, batch, l: delta @ fitting(batch.model.weights[l - 1], batch, l).T},
        "above": {
            "carried": lambda right, delta, batch, l: (
                delta @ fitting(batch.model.weights[min(l + 1, len(batch.z) - 1)], batch, l).T
            )
        },
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
    variants={
        "the sum": {"carried": lambda right, delta, batch, l: spread(delta.sum(axis=1, keepdims=True), batch, l)},
        "the mean": {"carried": lambda right, delta, batch, l: spread(delta.mean(axis=1, keepdims=True), batch, l)},
    },
)
mistake(
    "carry-absolute",
    "a sign of the weights is lost on the way down",
    "|W| or W^2 in place of W.",
    clause="gradients.weights",
    mend="delta @ W.T",
    fingerprint="delta |W|^T",
    variants={
        "|W|": {"carried": lambda right, delta, batch, l: delta @ np.abs(batch.model.weights[l]).T},
        "-W": {"carried": lambda right, delta, batch, l: -right(delta, batch, l)},
        "W^2": {"carried": lambda right, delta, batch, l: delta @ (batch.model.weights[l] ** 2).T},
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
    variants={
        f"lr = {lr:g}": {
            "carried": lambda right, delta, batch, l, lr=lr: (
                delta @ (batch.model.weights[l] - lr * batch.inputs[l].T @ delta).T
            )
        }
        for lr in (1024.0, 0.125, 1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.01, 0.001)
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
    variants={
        "above": {
            "weight_gradient": lambda right, batch, l, delta: (
                fitted(batch.inputs[min(l + 1, len(batch.inputs) - 1)], batch.inputs[l]).T @ delta
            )
        },
        "below": {
            "weight_gradient": lambda right, batch, l, delta: (
                fitted(batch.inputs[max(l - 1, 0)], batch.inputs[l]).T @ delta
            )
        },
        "the inputs": {
            "weight_gradient": lambda right, batch, l, delta: fitted(batch.inputs[0], batch.inputs[l]).T @ delta
        },
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
    "Clipping is a device against exploding gradients, not part of the gradient.",
    clause="gradients.additivity",
    mend="return the gradients as they are; clip in training, if at all",
    fingerprint="clip(g, -c, c), or g scaled to a norm of c",
    variants={
        **{
            f"to {c:g}": {
                "gradients": lambda right, grads, batch, c=c: each(right(grads, batch), lambda g: np.clip(g, -c, c))
            }
            for c in (5.0, 1.0, 0.5, 0.1, 0.01)
        },
        "to norm 1 each": {"gradients": lambda right, grads, batch: each(right(grads, batch), unit)},
        "to norm at most 1 each": {"gradients": lambda right, grads, batch: each(right(grads, batch), within_unit)},
        "the sign": {"gradients": lambda right, grads, batch: each(right(grads, batch), np.sign)},
    },
)
mistake(
    "gradient-weight-decay",
    "a penalty's derivative is added that the loss does not have",
    "lam W belongs to the gradient of (lam/2) sum W^2. The core's loss is the cross-entropy alone.",
    clause="gradients.class_sum",
    mend="add no lam W, or switch it off by default",
    fingerprint="g + c W",
    variants={
        f"c = {c:g}": {
            "weight_gradient": lambda right, batch, l, delta, c=c: right(batch, l, delta) + c * batch.model.weights[l]
        }
        for c in (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 1e-5)
    }
    | {
        f"c = {c:g} / N": {
            "weight_gradient": lambda right, batch, l, delta, c=c: (
                right(batch, l, delta) + c / batch.n * batch.model.weights[l]
            )
        }
        for c in (1.0, 0.1, 0.01, 1e-3, 1e-4)
    },
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


def jacobian(p, g):
    """g through softmax: p (g - sum over k of g p)."""
    return p * (g - (g * p).sum(axis=1, keepdims=True))


def fitting(w, batch, l):
    """Another layer's weights where they fit.  Raises ValueError, as the product would, where they do not."""
    if w.shape != batch.model.weights[l].shape:
        raise ValueError("shapes do not fit")
    return w


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


def within_unit(g):
    return g / max(np.linalg.norm(g), 1.0)
