"""Mistakes in ReLU, and other activations in its place."""

from functools import partial

import numpy as np

from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add
from chainrule.diagnosis.questions import of_function

MEND_RELU = "return np.maximum(z, 0)"
mistake = partial(add, mend=MEND_RELU)


def questions(setting):
    rng = np.random.default_rng(2)
    moderate, small = rng.normal(size=(4, 3)) * 2, rng.normal(size=(2, 5)) * 1e-3
    inputs = (
        ("round numbers", [[-2.0, 0.5], [3.0, -0.25]]),
        ("entries about 1", moderate),
        ("entries about 0.001", small),
        ("large entries", [[300.0, -300.0, 7.5], [-7.5, 0.75, 19.0]]),
        ("tiny entries", [[1e-5, -1e-5, 3e-9], [1e-13, 2.0, -0.3]]),
        ("positive entries", np.abs(moderate[:2])),
        ("an entry whose square overflows", [[setting.largest / 4]]),
    )
    yield from of_function("relu", inputs, "relu(z)")


concern("relu", {"relu"}, questions)
about("relu", "relu")

mistake(
    "relu-leaky",
    "a leaky ReLU: negative values are scaled down, not cut off",
    "max(z, 0) is zero for negative z. Here a small multiple of z comes through, as in Leaky ReLU or PReLU. It "
    "trains about as well, but it is another function, and its derivative is another too.",
    clause="relu.idempotence",
    fingerprint="z where z > 0, else c z",
    relu={
        f"c = {c}": lambda right, z, c=c: np.where(z > 0, z, c * z)
        for c in (0.01, 0.001, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5)
    },
)
mistake(
    "relu-missing",
    "no activation: the value goes through as it is",
    "Without something that is not affine between them, two layers are one: (xV + c)W + b = x(VW) + (cW + b). "
    "The network can then learn no more than a linear classifier.",
    clause="relu.absolute_value",
    mend="np.maximum(z, 0); in a network after every layer but the last",
    fingerprint="z",
    relu=lambda right, z: z * 1.0,
)
mistake(
    "relu-absolute",
    "the sign is dropped: |z| in place of max(z, 0)",
    "|z| keeps the size of negative values, where ReLU replaces them by zero.",
    clause="relu.values",
    fingerprint="|z|",
    relu=lambda right, z: np.abs(z) * 1.0,
)
mistake(
    "relu-other-side",
    "the comparison is the wrong way round: min(z, 0)",
    "What should be kept is cut off, and what should be cut off is kept.",
    clause="relu.extreme",
    mend="np.maximum in place of np.minimum, or z > 0 in place of z < 0",
    fingerprint="min(z, 0)",
    relu={
        "": lambda right, z: np.minimum(z, 0.0),
        "and the sign": lambda right, z: np.maximum(-z, 0.0),
    },
)
mistake(
    "relu-capped",
    "the activation is cut off above",
    "ReLU grows without bound, max(z, 0). A cap (ReLU6, a clip to [0, 1]) also kills the gradient above it.",
    clause="relu.homogeneity",
    fingerprint="min(max(z, 0), c)",
    relu={
        f"c = {c:g}": lambda right, z, c=c: np.clip(z, 0.0, c)
        for c in (1.0, 6.0, 10.0, 20.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e8, 1e9)
    },
)
mistake(
    "relu-indicator",
    "0 and 1 in place of z: the derivative of ReLU, not ReLU",
    "(z > 0) tells where ReLU lets through; the value that it lets through is z itself.",
    clause="relu.extreme",
    mend="return z * (z > 0), or np.maximum(z, 0)",
    fingerprint="1 where z > 0, else 0",
    relu=lambda right, z: (z > 0) * 1.0,
)
mistake(
    "relu-squared",
    "the square of ReLU",
    "max(z, 0) is multiplied by itself or by z once more.",
    clause="relu.homogeneity",
    fingerprint="max(z, 0)^2",
    relu=lambda right, z: np.maximum(z, 0.0) ** 2,
)
mistake(
    "activation-sigmoid",
    "the logistic sigmoid in place of ReLU",
    "1 / (1 + exp(-z)) was the usual activation before ReLU. The derivation here is for ReLU: the values differ, "
    "and the derivative is s (1 - s), not a mask.",
    clause="relu.extreme",
    fingerprint="1 / (1 + exp(-z))",
    relu=lambda right, z: np.exp(-np.logaddexp(0.0, -z)),
)
mistake(
    "activation-tanh",
    "tanh in place of ReLU",
    "The hyperbolic tangent is bounded by 1 and lets negative values through.",
    clause="relu.extreme",
    fingerprint="tanh(z)",
    relu=lambda right, z: np.tanh(z),
)
mistake(
    "activation-softplus",
    "softplus, log(1 + exp(z)), in place of ReLU",
    "Softplus is a smooth version of ReLU, but nowhere zero: its value at 0 is log 2.",
    clause="relu.homogeneity",
    fingerprint="log(1 + exp(z))",
    relu=lambda right, z: np.logaddexp(z, 0.0),
)
mistake(
    "activation-elu",
    "ELU in place of ReLU: exp(z) - 1 for negative values",
    "ELU and its scaled form SELU let negative values through, bent towards -1; ReLU makes them zero.",
    clause="relu.idempotence",
    fingerprint="z where z > 0, else c (exp(z) - 1)",
    relu={
        "": lambda right, z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
        "SELU": lambda right, z: (
            1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0.0)))
        ),
    },
)
mistake(
    "activation-swish",
    "SiLU (swish), z sigmoid(z), in place of ReLU",
    "z sigmoid(z) comes near ReLU for large |z|, and is negative in between.",
    clause="relu.homogeneity",
    fingerprint="z / (1 + exp(-z))",
    relu=lambda right, z: z * np.exp(-np.logaddexp(0.0, -z)),
)
mistake(
    "relu-threshold",
    "a threshold other than zero",
    "What is a little above zero must come through as well: max(z, 0) has its kink at 0 exactly.",
    clause="relu.extreme",
    mend="compare with 0",
    fingerprint="z where z > c, else 0",
    relu={
        f"c = {c:g}": lambda right, z, c=c: np.where(z > c, z, 0.0)
        for c in (1.0, 0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
    },
)
mistake(
    "relu-floor",
    "the floor is not zero",
    "np.maximum(z, c) with a c other than 0 shifts what a unit that is off gives on.",
    clause="relu.homogeneity",
    fingerprint="max(z, c)",
    relu={f"c = {c:g}": lambda right, z, c=c: np.maximum(z, c) for c in (1.0, 0.5, 0.1, 0.01, 1e-8, -1.0)},
)
mistake(
    "relu-by-column",
    "a unit is switched off for the whole batch if one sample's value is negative",
    "The mask is taken over an axis. ReLU looks at every entry by itself.",
    clause="relu.absolute_value",
    mend="compare entry by entry: z * (z > 0)",
    fingerprint="z where all of its column is > 0, else 0",
    relu=lambda right, z: z * (z > 0).all(axis=0) if np.ndim(z) == 2 else right(z),
)
mistake(
    "relu-overflow",
    "the square in (z + sqrt(z^2)) / 2 overflows",
    "The square of a large number is infinite, and that of a small one zero, before the root is taken; max(z, 0) only "
    "selects.",
    clause="relu.extreme",
    fingerprint="(z + sqrt(z^2)) / 2",
    relu=lambda right, z: (z + np.sqrt(z**2)) / 2,
)
mistake(
    "relu-narrowed",
    "the result is stored in a narrower type than the argument",
    "Nothing is to be rounded in max(z, 0). An array made with dtype=np.float32 or int, or filled entry by "
    "entry, loses digits, and a difference quotient of the loss loses them all.",
    clause="relu.dtype",
    mend="return np.maximum(z, 0), or np.zeros_like(z) for the result of a float array",
    fingerprint="z > 0 rounded to fewer digits",
    relu={
        "float32": lambda right, z: right(z).astype(np.float32).astype(np.float64),
        "float16": lambda right, z: right(z).astype(np.float16).astype(np.float64),
        "integers": lambda right, z: np.trunc(right(z)),
    },
)
mistake(
    "relu-in-place",
    "relu writes into its argument",
    "z[z < 0] = 0, or np.maximum(z, 0, out=z), changes the caller's array: the pre-activations that the backward "
    "pass needs are gone.",
    clause="relu.input_kept",
    mend="return np.maximum(z, 0), which makes a new array; or z = z.copy() first",
    lines=("z[z < 0] = 0; return z", "return np.maximum(z, 0)"),
    fingerprint="after relu(z), z is max(z, 0)",
    broken="relu.input_kept",
)
mistake(
    "relu-shape",
    "the result has another shape than the argument",
    "ReLU acts entry by entry. squeeze(), a reshape, or a maximum over an axis (z.max(0) for np.maximum(z, 0)) "
    "loses the arrangement.",
    clause="relu.shape",
    lines=("return z.max(0)", "return np.maximum(z, 0)"),
    fingerprint="relu(z).shape != z.shape",
    broken="relu.shape",
)
mistake(
    "relu-empty",
    "an empty array raises or changes its shape",
    "A batch may be empty; z.min() or z.max() of nothing has no value.",
    clause="relu.empty",
    lines=("if z.min() >= 0: return z", "return np.maximum(z, 0)"),
    fingerprint="relu(zeros((0, m))) is no (0, m)",
    broken="relu.empty",
)
