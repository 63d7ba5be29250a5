"""Mistakes in layers by themselves: `affine_forward`, `affine_backward`, `relu_backward`, `softmax_loss`.

ReLU's, softmax's and the loss's own mistakes are those of the core chapters.
"""

from functools import partial

import numpy as np

from chainrule.diagnosis.actors import Question
from chainrule.diagnosis.concerns import about, concern
from chainrule.diagnosis.mistake import add, also
from chainrule.diagnosis.model import SOFTMAX, Model, Pass, part
from chainrule.diagnosis.questions import asking
from chainrule.mathematics.layers import layer_case

mistake = partial(add, chapter="layers")


@part
def affine_forward(parts, x, w, b):
    return x.reshape(len(x), -1) @ w + b


@part
def affine_backward(parts, dout, x, w, _b):
    return parts.affine_dx(dout, x, w), parts.affine_dw(dout, x, w), parts.affine_db(dout)


@part
def affine_dx(parts, dout, x, w):
    return (dout @ w.T).reshape(x.shape)


@part
def affine_dw(parts, dout, x, w):
    return x.reshape(len(x), -1).T @ dout


@part
def affine_db(parts, dout):
    return dout.sum(axis=0)


@part
def relu_forward(parts, x):
    return parts.relu(x)


@part
def relu_backward(parts, dout, x):
    return parts.relu_dx(dout, x)


@part
def relu_dx(parts, dout, x):
    return dout * (x > 0)


@part
def softmax_loss(parts, z, y):
    batch = Pass(Model([np.eye(z.shape[1])], [np.zeros(z.shape[1])]), z, y, [z], [z], parts.softmax(z))
    error = parts.error(batch.p, parts.one_hot(y, z.shape[1]), batch)
    return parts.loss_of_logits(z, y), parts.average(error, batch)


def asked(name, *labels):
    """Questions about one function."""

    def questions(setting):
        for shape, outputs in (((5, 4), 3), ((3, 2, 4), 5), ((1, 3), 2), ((4, 4), 4), ((6, 5), 2)):
            case = layer_case(shape, outputs, seed=7)
            slack = 0.0
            if name == "softmax_loss":
                z, y = 2 * case.dout, (outputs - 1 - np.arange(shape[0])) % outputs
                if shape == (4, 4):
                    if setting.epsilon:
                        continue
                    z = np.diag([1000.0, -1000.0, 4000.0, 0.0])  # what overflows, or underflows, without a shift
                    y = z.argmax(axis=1)
                given, slack = (z, y), 1e4 * setting.epsilon
            else:
                given = {
                    "affine_forward": (case.x, case.w, case.b),
                    "affine_backward": (case.dout, case.x, case.w, case.b),
                    "relu_forward": (case.x,),
                    "relu_backward": (np.resize(case.dout, case.x.shape), case.x),
                }[name]
            yield Question(f"{name}, {case}", asking(name, *given), labels, slack=slack)

    return questions


concern("affine_forward", {"affine_forward"}, asked("affine_forward", "out"))
concern(
    "affine_backward",
    {"affine_dx", "affine_dw", "affine_db"},
    asked("affine_backward", "dx", "dw", "db"),
    runs=["affine_forward"],
)
concern("relu_forward", {"relu"}, asked("relu_forward", "out"))
concern("relu_backward", {"relu_dx"}, asked("relu_backward", "dx"), runs=["relu_forward"])
concern(
    "softmax_loss",
    {*SOFTMAX, "cross_entropy", "surprising", "loss_of_logits", "error", "average", "one_hot"},
    asked("softmax_loss", "loss", "dx"),
)
about("affine", "affine_forward", "affine_backward")
about("relu_layer", "relu_forward", "relu_backward")
about("softmax_loss", "softmax_loss")
about("layers", "affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss")

# What may stand before a layer's gradient by mistake, of x (N, ...) and w (D, M).
FACTORS = {
    "1/N": lambda x, w: 1 / len(x),
    "N": lambda x, w: len(x),
    "-1": lambda x, w: -1.0,
    "2": lambda x, w: 2.0,
    "1/M": lambda x, w: 1 / w.shape[1],
    "1/D": lambda x, w: 1 / w.shape[0],
    "0": lambda x, w: 0.0,
}

mistake(
    "layer-bias-missing",
    "the affine layer does not add its bias",
    "out = x w + b.",
    clause="affine.values",
    mend="x.reshape(len(x), -1) @ w + b",
    fingerprint="x w",
    affine_forward=lambda right, x, w, b: right(x, w, 0 * b),
)
mistake(
    "layer-bias-subtracted",
    "the affine layer subtracts its bias",
    "out = x w + b, and db is the sum of dout: with -b it would be its negative.",
    clause="affine.values",
    mend="x.reshape(len(x), -1) @ w + b",
    fingerprint="x w - b",
    affine_forward=lambda right, x, w, b: right(x, w, -b),
)
mistake(
    "layer-bias-of-one-unit",
    "the affine layer adds one bias to all units",
    "b has an entry for every unit.",
    clause="affine.values",
    mend="x.reshape(len(x), -1) @ w + b",
    fingerprint="x w + b[0], or + sum b",
    affine_forward={
        "b[0]": lambda right, x, w, b: right(x, w, 0 * b + b[0]),
        "sum b": lambda right, x, w, b: right(x, w, 0 * b + b.sum()),
        "mean b": lambda right, x, w, b: right(x, w, 0 * b + b.mean()),
    },
)
mistake(
    "layer-flattening-order",
    "the inputs are flattened in another order",
    "x.reshape(N, -1) puts the last axis innermost. Transposing first, or order='F', permutes the inputs against w.",
    clause="affine.flattening",
    mend="x.reshape(x.shape[0], -1)",
    fingerprint="x flattened in Fortran's order",
    affine_forward={
        "first axis innermost": lambda right, x, w, b: right(x.reshape(len(x), -1, order="F"), w, b),
        "axes turned": lambda right, x, w, b: right(np.moveaxis(x, 0, -1).T.reshape(len(x), -1), w, b),
    },
)
mistake(
    "layer-input-gradient-shape",
    "dx is not brought back to the shape of x",
    "dout @ w.T is (N, D); x may have been an image. dx must have the shape of x.",
    clause="affine.gradient_shapes",
    mend="(dout @ w.T).reshape(x.shape)",
    fingerprint="dx of shape (N, D)",
    affine_dx=lambda right, dout, x, w: dout @ w.T,
)
mistake(
    "layer-input-gradient-not-transposed",
    "dx goes through w, not through w transposed",
    "With a square w the shapes still fit.",
    clause="affine.input_gradient",
    mend="dout @ w.T",
    fingerprint="dout w",
    affine_dx=lambda right, dout, x, w: (dout @ w).reshape(x.shape),
)
mistake(
    "layer-input-gradient-scaled",
    "dx has a factor that does not belong to it",
    "The layer passes on what it is given: averages belong to the loss.",
    clause="affine.input_gradient",
    mend="(dout @ w.T).reshape(x.shape)",
    fingerprint="dx / N, N dx, -dx, 2 dx",
    affine_dx={name: lambda right, dout, x, w, f=f: right(dout, x, w) * f(x, w) for name, f in FACTORS.items()},
)
mistake(
    "layer-input-gradient-absolute",
    "a sign of w is lost in dx",
    "|w| in place of w.",
    clause="affine.input_gradient",
    mend="(dout @ w.T).reshape(x.shape)",
    fingerprint="dout |w|^T",
    affine_dx=lambda right, dout, x, w: right(dout, x, np.abs(w)),
)
mistake(
    "layer-weight-gradient-averaged",
    "dw is a mean over the batch, or has another factor",
    "The 1/N is in dout already, from the loss; a layer sums.",
    clause="affine.weight_gradient",
    mend="x.reshape(N, -1).T @ dout",
    fingerprint="dw / N, -dw, 2 dw",
    affine_dw={name: lambda right, dout, x, w, f=f: right(dout, x, w) * f(x, w) for name, f in FACTORS.items()},
)
mistake(
    "layer-weight-gradient-transposed",
    "dw is transposed",
    "dout^T x in place of x^T dout. With a square w the shapes still fit.",
    clause="affine.weight_gradient",
    mend="x.reshape(N, -1).T @ dout",
    fingerprint="dout^T x",
    affine_dw=lambda right, dout, x, w: right(dout, x, w).T,
)
mistake(
    "layer-weight-decay",
    "dw has a penalty's derivative in it",
    "lam w belongs to a penalty, which is not a part of the layer.",
    clause="affine.weight_gradient",
    mend="x.reshape(N, -1).T @ dout",
    fingerprint="dw + c w",
    affine_dw={
        f"c = {c:g}": lambda right, dout, x, w, c=c: right(dout, x, w) + c * w
        for c in (1.0, 0.5, 0.1, 0.05, 0.01, 1e-3, 5e-4, 1e-4, 1e-5)
    },
)
mistake(
    "layer-bias-gradient-averaged",
    "db is a mean over the batch, or has another factor",
    "np.mean for np.sum: the 1/N is in dout already.",
    clause="affine.bias_gradient",
    mend="dout.sum(axis=0)",
    fingerprint="db / N, -db, 2 db",
    affine_db={
        name: lambda right, dout, f=f: right(dout) * f(dout)
        for name, f in {
            "1/N": lambda dout: 1 / len(dout),
            "N": lambda dout: len(dout),
            "-1": lambda dout: -1.0,
            "2": lambda dout: 2.0,
            "0": lambda dout: 0.0,
        }.items()
    },
)
mistake(
    "layer-bias-gradient-axis",
    "db is summed over the wrong axis, or over both",
    "Each unit's bias is added to every sample: db[j] is the sum of dout[n, j] over n.",
    clause="affine.bias_gradient",
    mend="dout.sum(axis=0)",
    fingerprint="sum over j of dout[n, j]",
    affine_db={
        "axis 1": lambda right, dout: dout.sum(axis=1),
        "both": lambda right, dout: np.full(dout.shape[1], dout.sum()),
        "both, one number": lambda right, dout: np.array(dout.sum()),
        "none": lambda right, dout: dout,
        "the first sample": lambda right, dout: dout[0],
        "the last sample": lambda right, dout: dout[-1],
    },
)
mistake(
    "layer-mask-missing",
    "relu_backward lets everything through",
    "dx = dout where x > 0, and 0 elsewhere. (out >= 0) is always true.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="dout",
    relu_dx=lambda right, dout, x: dout * 1.0,
)
mistake(
    "layer-mask-inverted",
    "relu_backward's mask is the wrong way round",
    "The gradient goes through where the unit is off.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="dout (x < 0)",
    relu_dx=lambda right, dout, x: dout * (x <= 0),
)
mistake(
    "layer-mask-of-gradient",
    "relu_backward masks by the gradient's own sign",
    "relu(dout): the mask must come from x, of the forward pass.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="max(dout, 0)",
    relu_dx={
        "": lambda right, dout, x: np.maximum(dout, 0.0),
        "besides the right one": lambda right, dout, x: np.maximum(right(dout, x), 0.0),
    },
)
mistake(
    "layer-mask-is-activation",
    "relu_backward multiplies by x, or returns ReLU's derivative alone",
    "The derivative is 1 where x > 0, and multiplies dout.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="dout max(x, 0), or (x > 0)",
    relu_dx={
        "dout max(x, 0)": lambda right, dout, x: dout * np.maximum(x, 0.0),
        "dout x": lambda right, dout, x: dout * x,
        "(x > 0)": lambda right, dout, x: (x > 0) * 1.0,
        "max(x, 0)": lambda right, dout, x: np.maximum(x, 0.0),
    },
)
mistake(
    "layer-mask-leaky",
    "relu_backward lets a part through where the unit is off",
    "That is a leaky ReLU's derivative.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="dout where x > 0, else c dout",
    relu_dx={
        f"c = {c:g}": lambda right, dout, x, c=c: np.where(x > 0, dout, c * dout)
        for c in (0.01, 0.001, 0.05, 0.1, 0.2, 0.3, 0.5, -1.0)
    },
)
mistake(
    "layer-mask-by-unit",
    "relu_backward's mask is taken over an axis",
    "A mask for each entry is needed, not one for each unit, sample or batch.",
    clause="relu_layer.gradient",
    mend="dout * (x > 0)",
    fingerprint="dout (any x of the unit > 0)",
    relu_dx={
        "any sample": lambda right, dout, x: dout * (x > 0).any(axis=0),
        "all samples": lambda right, dout, x: dout * (x > 0).all(axis=0),
        "the first sample": lambda right, dout, x: dout * (x[:1] > 0),
    },
)
mistake(
    "layer-arguments-changed",
    "a layer writes into its arguments or its cache",
    "dout[x <= 0] = 0, x -= x.max(...), or probs[np.arange(N), y] -= 1 on something that somebody else still holds.",
    clause="relu_layer.arguments_kept",
    mend="work on a copy: dx = dout * (x > 0); dx = p.copy()",
    lines=("dout[x <= 0] = 0; return dout", "return dout * (x > 0)"),
    fingerprint="after the call an argument, or an array in the cache, has changed",
    broken=("affine.arguments_kept", "relu_layer.arguments_kept", "softmax_loss.arguments_kept"),
)
mistake(
    "layer-shape",
    "a layer's result has another shape than it should",
    "out of an affine layer is (N, M), of a ReLU that of x; softmax_loss gives one number and a gradient of the "
    "shape of x.",
    clause="affine.shape",
    mend="keep the axis of the samples first, and no squeeze",
    lines=("return out.squeeze(), cache", "return out, cache"),
    fingerprint="out.shape, or dx.shape",
    broken=("affine.shape", "relu_layer.shape", "softmax_loss.shape"),
)
mistake(
    "layer-gradients-accumulate",
    "a layer's gradients add up from call to call",
    "A second backward pass through the same cache returns more than the first.",
    clause="affine.repeatable",
    mend="make new arrays in every call",
    lines=("self.dw += x.T @ dout", "dw = x.T @ dout"),
    fingerprint="the second call returns g + g",
    broken=("affine.repeatable", "relu_layer.repeatable"),
)

also("cache-stale", broken=["relu_layer.caches", "affine.caches"])
also("gradient-buffers-reused", broken=["affine.results_kept", "relu_layer.results_kept", "softmax_loss.results_kept"])
also("gradient-shapes", broken=["affine.gradient_shapes"])
also("gradient-nan-when-saturated", suspected=["softmax_loss.saturated"])
also("loss-label-types", suspected=["softmax_loss.label_types"])
also("loss-one-hot-classes", suspected=["softmax_loss.missing_class"])
