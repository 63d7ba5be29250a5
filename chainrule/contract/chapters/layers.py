"""The operations of the layers chapter: forward passes that keep a cache, and the backward passes that use it."""

import numpy as np

from chainrule.contract.operation import (
    ARRAY,
    BIAS,
    CACHE,
    LABELS,
    NUMBER,
    Argument,
    Operation,
    ResultPart,
    Stage,
    arrays,
    parts,
)

GRADIENT = (Argument("dout", ARRAY), Argument("cache", CACHE))

OPERATIONS = (
    Operation(
        "affine_forward",
        arrays("x", "w", "b"),
        parts("out", "cache"),
        "x (N, d[1], ..., d[k]), w (D, M) with D = d[1] ... d[k], b (M,) -> (out (N, M), cache)",
        "layers",
    ),
    Operation(
        "affine_backward",
        GRADIENT,
        (*parts("dx", "dw"), ResultPart("db", BIAS)),
        "dout (N, M), the gradient with respect to out, and the cache -> (dx, dw, db), shaped like x, w and b",
        "layers",
        undoes="affine_forward",
    ),
    Operation("relu_forward", arrays("x"), parts("out", "cache"), "x, of any shape -> (max(x, 0), cache)", "layers"),
    Operation(
        "relu_backward",
        GRADIENT,
        parts("dx"),
        "dout, the gradient with respect to out, and the cache -> dx, shaped like x",
        "layers",
        undoes="relu_forward",
    ),
    Operation(
        "softmax_loss",
        (*arrays("x"), Argument("y", LABELS)),
        (ResultPart("loss", NUMBER), *parts("dx")),
        "(N, K) logits and (N,) labels -> (the mean cross-entropy of their softmax, its gradient with respect to x)",
        "layers",
    ),
)

Z = np.random.default_rng(20).normal(size=(5, 3))
PRECISION = (
    Stage("affine_forward", (np.abs(Z) + 0.5, Z[:3] + 2.0, Z[3]), 0, "multiplied"),
    Stage("softmax_loss", (Z, np.arange(len(Z)) % 3), 1, "shifted"),
)
LOSS_AT_ZERO = (Stage("softmax_loss", (np.array([[1000.0, -1000.0]]), np.array([1])), 0),)  # the true label's p is 0
