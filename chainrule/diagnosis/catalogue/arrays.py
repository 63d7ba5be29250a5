"""Mistakes in single gradients, each by itself: what is computed from a delta that is right."""

import numpy as np

from chainrule.diagnosis.mistake import mistake

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
    array=lambda g, batch, l, kind: (batch.deltas[l], batch.deltas[l] * batch.n),
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
        scale * batch.deltas[l].sum(axis=1) for scale in (1.0, batch.n, 1 / batch.n, 1 / batch.deltas[l].shape[1])
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
    "The bias is added, not multiplied: its derivative is 1 times delta.",
    clause="gradients.biases",
    mend="delta.sum(axis=0)",
    fingerprint="b sum over n of delta",
    array=lambda g, batch, l, kind: (g * batch.model.biases[l], g + batch.model.biases[l]),
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
